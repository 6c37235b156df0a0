-- SPDX-License-Identifier: MIT
-- DEL as runtimes call it: too often, too late, and knowing next to nothing.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"

describe("DEL", function()
  helper.insulate()

  local directory

  before_each(function()
    directory = cni.directory()
    cni.script(directory, "fake", ([[echo "$CNI_COMMAND $CNI_CONTAINERID" >>%s/log
      [ ! -e %s/fails ] || { echo '{"code":11,"msg":"later"}'; exit 1; }
      [ $CNI_COMMAND = DEL ] || echo '{"ips":[{"address":"10.1.2.2/24","gateway":"10.1.2.1"}]}'
    ]]):format(directory, directory))
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  local function network(container, changes)
    return cni.network({ cniVersion = "1.1.0", name = "net", ipam = { type = "fake" } }, {
      container = "c1", netns = container and cni.netns(container), ifname = "eth0", path = directory,
      table.unpack(changes or {}),
    })
  end

  local function links()
    return #helper.ip_json "link"
  end

  it("succeeds for what is not there, each time", function()
    local call = network(helper.container())
    for _ = 1, 2 do
      local status, _, out = call "DEL"
      assert.are.equal(0, status, out)
      assert.are.equal("", out)
    end
    assert.are.equal("DEL c1\nDEL c1\n", cni.read(directory .. "/log"))
  end)

  it("works without a namespace and without a previous result", function()
    local c = helper.container()
    local call = network(c)
    assert.are.equal(0, (call "ADD"))
    assert.are.equal(2, links())
    assert.are.equal(0, (call("DEL", { netns = "" })))
    assert.are.equal(1, links())
    assert.are.equal(1, #c:ip_json "link")
  end)

  it("works with the namespace gone", function()
    local c = helper.container()
    local call = network(c)
    assert.are.equal(0, (call "ADD"))
    c:kill()
    assert.are.equal(0, (call "DEL"))
    assert.are.equal(1, links())
    assert.are.equal(0, (call "DEL"))
  end)

  it("takes nothing that is another's", function()
    local c = helper.container()
    local call = network(c)
    assert.are.equal(0, (call "ADD"))
    assert.are.equal(0, (call("DEL", { ifname = "eth1" })))
    assert.are.equal(0, (call("DEL", { container = "c2" })))
    assert.are.equal(0, (call("DEL", { conf = { cniVersion = "1.1.0", name = "net2" } })))
    assert.are.equal(2, links())
    c:ip("link", "add", "br9", "type", "bridge")
    assert.are.equal(0, (call("DEL", { ifname = "br9" })))
    assert.are.equal(1, #c:ip_json("link", "show", "dev", "br9"))
    assert.are.equal(0, (call "DEL"))
  end)

  it("detaches also when the IPAM plugin fails, and says so", function()
    local call = network(helper.container())
    assert.are.equal(0, (call "ADD"))
    assert(helper.sh("touch " .. directory .. "/fails"))
    local status, answer = call "DEL"
    assert.are.equal(1, status)
    assert.are.same({ cniVersion = "1.1.0", code = 11, msg = "later" }, answer)
    assert.are.equal(1, links())
    assert(helper.sh("rm " .. directory .. "/fails"))
    assert.are.equal(0, (call "DEL"))
  end)

  it("does not mind arguments and keys that it does not need", function()
    local conf = { cniVersion = "0.4.0", name = "net", mode = "nonsense", mtu = "x", ipam = { type = "fake" },
      prevResult = { ips = 5 }, capabilities = { ips = true } }
    local status, _, out = network(nil)("DEL", { args = "a=b;c", conf = conf })
    assert.are.equal(0, status, out)
  end)

  it("takes away what an ADD that was killed has left", function()
    local c = helper.container()
    local id, tag = require("zlnet.cni.identity").of("net", "c1", "eth0")
    local owner = require "zlnet.record.names"
    -- as it stands before the owner's record is written
    helper.ip("link", "add", owner.host_name({ id = id }, tag), "address", owner.mac("id=" .. id, tag, "host"),
      "type", "veth", "peer", "name", "eth0", "netns", tostring(c.pid))
    assert.are.equal(0, (network(c) "DEL"))
    assert.are.equal(1, links())
  end)
end)
