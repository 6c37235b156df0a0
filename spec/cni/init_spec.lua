-- SPDX-License-Identifier: MIT
-- The protocol: what is asked for wrongly, and the answer to it. Nothing here gets as far as a link.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local json = require "dkjson"

local GOOD = {
  container = "c1", netns = "/proc/self/ns/net", ifname = "eth0", path = "/nowhere",
  conf = { cniVersion = "1.0.0", name = "net", type = "zlnet-cni" },
}

local function call(command, changes)
  local r = { command = command }
  for key, value in pairs(GOOD) do
    r[key] = value
  end
  for key, value in pairs(changes or {}) do
    r[key] = value or nil
  end
  return cni.call(r)
end

local function fails(code, pattern, ...)
  local status, answer, out = call(...)
  assert.are.equal(1, status, out)
  assert.are.equal(code, answer.code, out)
  assert.is_truthy((answer.msg .. " " .. (answer.details or "")):find(pattern), out)
  assert.are.equal("string", type(answer.cniVersion))
end

describe("zlnet-cni", function()
  helper.insulate()

  it("answers VERSION with what it speaks and what it was asked with, whatever else it is told", function()
    local status, answer = cni.call {
      command = "VERSION", netns = "dummy", ifname = "dummy", path = "dummy", conf = '{"cniVersion":"0.4.0"}',
    }
    assert.are.equal(0, status)
    assert.are.same({ "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0" }, answer.supportedVersions)
    assert.are.equal("0.4.0", answer.cniVersion)
  end)

  it("answers VERSION also without an input", function()
    local status, answer = cni.call { command = "VERSION" }
    assert.are.equal(0, status)
    assert.are.equal("1.1.0", answer.cniVersion)
  end)

  it("names the command that is missing, and says for people what it is", function()
    local status, answer, _, err = cni.call {}
    assert.are.equal(1, status)
    assert.are.equal(4, answer.code)
    assert.is_truthy(answer.msg:find "CNI_COMMAND")
    assert.is_truthy(err:find "zlnet%-cni %d")
  end)

  it("names every variable that is missing", function()
    fails(4, "%[CNI_NETNS,CNI_IFNAME,CNI_PATH%]", "ADD", { netns = false, ifname = false, path = false })
    fails(4, "%[CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH%]", "CHECK",
      { container = "", netns = "", ifname = "", path = "" })
    fails(4, "%[CNI_CONTAINERID,CNI_IFNAME,CNI_PATH%]", "DEL",
      { container = false, netns = false, ifname = false, path = false })
    fails(4, "%[CNI_PATH%]", "GC", { path = false })
    fails(4, "%[CNI_PATH%]", "STATUS", { path = false })
  end)

  it("knows no other command", function()
    fails(4, "FROBNICATE", "FROBNICATE")
  end)

  it("checks container ids as libcni does", function()
    for _, id in ipairs { "-a", "some-%%container", "a b", "a/b", "é", ".." } do
      fails(4, "CNI_CONTAINERID", "ADD", { container = id })
    end
  end)

  it("checks interface names as libcni and the kernel do", function()
    for _, name in ipairs { "1234567890123456", ".", "..", "a/b", "a:b", "a b", "a\tb", "a%d" } do
      fails(4, "CNI_IFNAME", "ADD", { ifname = name })
      fails(4, "CNI_IFNAME", "DEL", { ifname = name })
    end
  end)

  it("tells what cannot be decoded", function()
    for _, text in ipairs { "", "{", "[]", "1", "null", '{"name":"net"} x' } do
      fails(6, "configuration", "ADD", { conf = text })
    end
    fails(6, "cniVersion", "ADD", { conf = { name = "net", cniVersion = "adsf" } })
    fails(6, "cniVersion", "GC", { conf = { name = "net", cniVersion = "1.2.3.4" } })
  end)

  it("wants a network name, and takes only safe ones", function()
    fails(7, "name", "ADD", { conf = { cniVersion = "1.0.0" } })
    fails(7, "te%%%%st", "ADD", { conf = { cniVersion = "1.0.0", name = "te%%st" } })
    fails(7, "name", "DEL", { conf = { cniVersion = "1.0.0", name = "../x" } })
  end)

  it("refuses versions it does not speak, and commands a version does not have", function()
    fails(1, '"0.1.0"', "ADD", { conf = { name = "net" } })
    fails(1, '"0.2.0"', "ADD", { conf = { name = "net", cniVersion = "0.2.0" } })
    fails(1, '"1.2.0"', "ADD", { conf = { name = "net", cniVersion = "1.2.0" } })
    fails(1, "CHECK", "CHECK", { conf = { name = "net", cniVersion = "0.3.1" } })
    fails(1, "GC", "GC", { conf = { name = "net", cniVersion = "1.0.0" } })
    fails(1, "STATUS", "STATUS", { conf = { name = "net", cniVersion = "0.4.0" } })
  end)

  it("answers with the version it was asked in", function()
    local conf = { cniVersion = "0.4.0", name = "net", ipam = { type = "../x" } }
    local container = helper.container()
    local _, answer = call("ADD", { conf = conf, netns = cni.netns(container) })
    assert.are.equal("0.4.0", answer.cniVersion)
    assert.are.equal(7, answer.code)
  end)

  it("reports what it cannot read", function()
    -- a directory as standard input
    local _, text = helper.sh("CNI_COMMAND=ADD CNI_CONTAINERID=a CNI_NETNS=/x CNI_IFNAME=e CNI_PATH=/ " .. helper.lua ..
      " lua/bin/zlnet-cni </etc")
    assert.are.equal(5, json.decode(text).code)
  end)

  it("answers in JSON and in UTF-8, whatever came in", function()
    local deep = ("["):rep(100000) .. ("]"):rep(100000)
    local bad = "\255\192\128"
    for _, try in ipairs {
      { "VERSION", conf = '{"cniVersion":"' .. bad .. '"}' },
      { "VERSION", conf = '{"x":' .. deep .. "}", status = 0 },
      { "ADD", conf = '{"cniVersion":"1.0.0","name":"n","x":' .. deep .. "}" },
      { "ADD", conf = '{"cniVersion":"' .. bad .. '","name":"n"}' },
      { "ADD", conf = '{"cniVersion":"1.0.0","name":"' .. bad .. '"}' },
      { "ADD", conf = '{"cniVersion":"1.0.0","name":"\\ud800"}' },
      { "ADD", container = "c" .. bad }, { "ADD", ifname = bad }, { "ADD", netns = "/" .. bad }, { "ADD", args = bad },
      { bad },
    } do
      local command = table.remove(try, 1)
      local status, answer, out, err = call(command, try)
      assert.is_truthy(utf8.len(out), out)
      assert.are.equal("table", type(answer), out)
      assert.are.equal("", err)
      if command ~= "VERSION" then
        assert.are.equal(1, status)
        assert.are.equal("number", type(answer.code))
      end
    end
  end)

  it("is no IPAM plugin, under whatever name", function()
    local directory = cni.directory()
    local lua = select(2, helper.sh("command -v " .. helper.lua)):match "%S+"
    cni.script(directory, "again", ("exec %s lua/bin/zlnet-cni"):format(lua))
    fails(7, "no IPAM plugin", "ADD", { netns = cni.netns(helper.container()), path = directory,
      conf = { cniVersion = "1.0.0", name = "net", type = "zlnet-cni", ipam = { type = "again" } } })
    helper.sh("rm -r " .. directory)
  end)
end)
