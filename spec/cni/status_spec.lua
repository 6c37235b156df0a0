-- SPDX-License-Identifier: MIT
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"

describe("STATUS", function()
  helper.insulate()

  local directory

  before_each(function()
    directory = cni.directory()
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  local function status(body, more)
    cni.script(directory, "fake", body)
    local conf = { cniVersion = "1.1.0", name = "net", ipam = { type = "fake" } }
    for key, value in pairs(more or {}) do
      conf[key] = value
    end
    return cni.call { command = "STATUS", path = directory, conf = conf }
  end

  it("is good where the IPAM plugin's is", function()
    local code, _, out = status "[ $CNI_COMMAND = STATUS ]"
    assert.are.equal(0, code)
    assert.are.equal("", out)
  end)

  it("passes 50 and 51 on, and makes 50 of all else", function()
    for given, expected in pairs { [50] = 50, [51] = 51, [1] = 50, [999] = 50 } do
      local code, answer = status(([[echo '{"code":%d,"msg":"m","details":"d"}'; exit 1]]):format(given))
      assert.are.equal(1, code)
      assert.are.same({ cniVersion = "1.1.0", code = expected, msg = "m", details = "d" }, answer)
    end
    local _, answer = status("", { ipam = { type = "missing" } })
    assert.are.equal(50, answer.code)
  end)

  it("is bad where ipMasq is asked for and nft is missing", function()
    local path = helper.sh "command -v nft" and 0 or 1
    assert.are.equal(path, (status("", { ipMasq = true })))
  end)
end)
