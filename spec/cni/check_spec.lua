-- SPDX-License-Identifier: MIT
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"

local CONF = { cniVersion = "1.1.0", name = "net", mtu = 1400, ipam = { type = "fake" } }

describe("CHECK", function()
  helper.insulate()

  local directory

  before_each(function()
    directory = cni.directory()
    cni.script(directory, "fake", ([[echo "$CNI_COMMAND" >>%s/log
      [ ! -e %s/fails ] || { echo '{"code":100,"msg":"no lease"}'; exit 1; }
      [ $CNI_COMMAND = ADD ] && echo '{"ips":[{"address":"10.1.2.2/24","gateway":"10.1.2.1"},
        {"address":"fd00:1::2/64"}],
        "routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0"},{"dst":"10.7.0.0/16","gw":"10.1.2.1"}]}'
      exit 0]]):format(directory, directory))
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  local function with(changes)
    local conf = {}
    for _, t in ipairs { CONF, changes } do
      for key, value in pairs(t) do
        conf[key] = value
      end
    end
    return conf
  end

  -- An attached container: its handle, CHECK, DEL, what the host end is called.
  local function attached(more)
    local c = helper.container()
    local call = cni.network(with(more or {}),
      { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    local function check(changes)
      local conf = with { prevResult = result }
      for _, t in ipairs { more or {}, changes or {} } do
        for key, value in pairs(t) do
          conf[key] = value
        end
      end
      return call("CHECK", { conf = conf })
    end
    return c, check, function()
      assert.are.equal(0, (call "DEL"))
    end, result.interfaces[1].name, result
  end

  it("finds nothing right after ADD, and asks the IPAM plugin", function()
    local _, check, delete = attached()
    local status, _, out = check()
    assert.are.equal(0, status, out)
    assert.are.equal("", out)
    assert.are.equal("ADD\nCHECK\n", cni.read(directory .. "/log"))
    delete()
  end)

  for _, version in ipairs { "0.4.0", "1.0.0" } do
    it("works with a result of " .. version, function()
      local _, check, delete = attached { cniVersion = version }
      local status, _, out = check()
      assert.are.equal(0, status, out)
      delete()
    end)
  end

  it("needs a previous result that can be read", function()
    local _, check, delete, _, result = attached()
    local status, answer = cni.call { command = "CHECK", conf = CONF, container = "c1", netns = "/x", ifname = "eth0",
      path = directory }
    assert.are.equal(1, status)
    assert.are.equal(7, answer.code)
    assert.are.equal(6, select(2, check { prevResult = { ips = 5 } }).code)
    result.interfaces[2].sandbox = "/elsewhere"
    assert.is_truthy(select(2, check()).msg:find "no interface 'eth0'")
    delete()
  end)

  it("passes on what the IPAM plugin finds", function()
    local _, check, delete = attached()
    assert(helper.sh("touch " .. directory .. "/fails"))
    local status, answer = check()
    assert.are.equal(1, status)
    assert.are.equal("no lease", answer.msg)
    assert(helper.sh("rm " .. directory .. "/fails"))
    delete()
  end)

  for what, row in pairs {
    ["an address that is gone"] = { "ip -n %s addr del 10.1.2.2/24 dev eth0", "10.1.2.2/24 is not on" },
    ["an IPv6 address that is gone"] = { "ip -n %s addr del fd00:1::2/64 dev eth0", "fd00:1::2/64 is not on" },
    ["an address with another length"] = {
      "ip -n %s addr del 10.1.2.2/24 dev eth0; ip -n %s addr add 10.1.2.2/32 dev eth0", "10.1.2.2/24 is not on" },
    ["a link that is down"] = { "ip -n %s link set eth0 down", "'eth0' is down" },
    ["another MAC"] = { "ip -n %s link set eth0 address 02:00:00:00:00:09", "MAC 02:00:00:00:00:09" },
    ["another MTU"] = { "ip -n %s link set eth0 mtu 1300", "MTU 1300" },
    ["a route that is gone"] = { "ip -n %s route del 10.7.0.0/16", "route to 10.7.0.0/16" },
    ["a default route that is gone"] = { "ip -n %s route del default", "route to 0.0.0.0/0" },
    ["an IPv6 default route that is gone"] = { "ip -n %s -6 route del default", "route to ::/0" },
    ["a route through somebody else"] = {
      "ip -n %s route replace 10.7.0.0/16 via 10.1.2.9 dev eth0 onlink", "route to 10.7.0.0/16 via 10.1.2.1" },
    ["another name"] = {
      "ip -n %s link set eth0 down; ip -n %s link set eth0 name eth7", "'eth0' is not in the container" },
    ["another kind of link"] = {
      "ip -n %s link del eth0; ip -n %s link add eth0 type bridge", "HOST' is not on the node" },
    ["a host end that is down"] = { "ip link set HOST down", "HOST' is down" },
    ["a host end with another name"] = { "ip link set HOST down; ip link set HOST name x", "HOST' is not on the node" },
    ["a node's route that is gone"] = { "ip route del 10.1.2.2", "no route to 10.1.2.2" },
    ["a node's IPv6 route that is gone"] = { "ip -6 route del fd00:1::2", "no route to fd00:1::2" },
  } do
    it("finds " .. what, function()
      local c, check, delete, host = attached()
      local command, pattern = row[1]:gsub("HOST", host), row[2]:gsub("HOST", host)
      -- ip -n takes a name
      command = command:gsub("ip %-n %%s", ("nsenter -t %d -n ip"):format(c.pid))
      local ok, out = helper.sh(command)
      assert.is_true(ok, out)
      local status, answer, text = check()
      assert.are.equal(1, status)
      assert.is_truthy((answer.msg .. "; " .. (answer.details or "")):find(pattern, 1, true), text)
      helper.sh("ip link set x name " .. host)
      delete()
    end)
  end

  it("does not mind what a later plugin of the chain has added", function()
    local c, check, delete = attached()
    c:ip("addr", "add", "10.99.0.1/24", "dev", "eth0")
    c:ip("route", "add", "10.98.0.0/16", "via", "10.99.0.2")
    c:ip("link", "add", "br9", "type", "bridge")
    assert.are.equal(0, (check()))
    delete()
  end)

  it("lists every difference", function()
    local c, check, delete, host = attached()
    c:ip("addr", "del", "10.1.2.2/24", "dev", "eth0")
    helper.ip("link", "set", host, "down")
    local _, answer = check()
    local text = answer.msg .. "; " .. answer.details
    assert.is_truthy(text:find "10.1.2.2/24 is not on")
    assert.is_truthy(text:find(host .. "' is down", 1, true))
    delete()
  end)
end)
