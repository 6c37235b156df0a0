-- SPDX-License-Identifier: MIT
-- Mode bridge, as runtimes ask for it.
local cni = require "spec.support.cni"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"

describe("mode bridge", function()
  helper.insulate()

  local directory

  before_each(function()
    directory = cni.directory()
    helper.sh "ip link set lo up"
    for _, key in ipairs { "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding" } do
      helper.sh("sysctl -qw " .. key .. "=0")
    end
    -- answers addresses by the container's number
    cni.script(directory, "fake", [[n=${CNI_CONTAINERID#c}; [ $CNI_COMMAND != ADD ] ||
      echo '{"ips":[{"address":"10.1.2.'$n'/24"},{"address":"fd00:1::'$n'/64"}]}']])
  end)

  after_each(function()
    helper.sh("ip link del br0; rm -r " .. directory)
  end)

  local function network(c, n, more)
    local conf = { cniVersion = "1.0.0", name = "net", mode = "bridge", bridge = "br0", ipam = { type = "fake" } }
    for key, value in pairs(more or {}) do
      conf[key] = value
    end
    return cni.network(conf, { container = "c" .. n, netns = cni.netns(c), ifname = "eth0", path = directory })
  end

  local function add(call)
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    return result
  end

  it("makes the bridge, its addresses and the routes through it; it stays with DEL", function()
    local a, b = helper.container(), helper.container()
    local one, two = network(a, 5, { isDefaultGateway = true }), network(b, 6, { isDefaultGateway = true })
    local result = add(one)
    add(two)
    assert.are.equal(2, #result.interfaces)
    assert.are.same({ "10.1.2.1", "fd00:1::1" }, { result.ips[1].gateway, result.ips[2].gateway })
    assert.are.same({ { dst = "0.0.0.0/0", gw = "10.1.2.1" }, { dst = "::/0", gw = "fd00:1::1" } }, result.routes)
    local row = helper.ip_json("link", "show", "dev", result.interfaces[1].name)[1]
    assert.are.equal("br0", row.master)
    for _, address in ipairs { "10.1.2.1", "fd00:1::1", "10.1.2.6", "fd00:1::6" } do
      assert.is_true((helper.ping(a, address)), address)
    end
    assert.is_true((helper.ping(nil, "10.1.2.5")))
    assert.are.equal("10.1.2.1", a:ip_json("route", "show", "default")[1].gateway)
    assert.are.equal("1", (core.sysctl_read "net/ipv4/ip_forward"))
    assert.are.equal("1", (core.sysctl_read "net/ipv6/conf/all/forwarding"))
    local conf = json.decode(json.encode { cniVersion = "1.0.0", name = "net", mode = "bridge", bridge = "br0",
      ipam = { type = "fake" }, prevResult = result })
    local status, _, out = one("CHECK", { conf = conf })
    assert.are.equal(0, status, out)
    helper.ip("link", "set", result.interfaces[1].name, "nomaster")
    assert.is_truthy(select(2, one("CHECK", { conf = conf })).msg:find "bridge")
    assert.are.equal(0, (one "DEL"))
    assert.are.equal(0, (two "DEL"))
    assert.are.equal(1, #helper.ip_json("link", "show", "dev", "br0"))
    assert.are.equal(2, #helper.ip_json "link")
  end)

  it("joins a bridge to the containers alone where the node is no gateway", function()
    local a, b = helper.container(), helper.container()
    local one, two = network(a, 5), network(b, 6)
    local result = add(one)
    add(two)
    assert.is_nil(result.ips[1].gateway)
    assert.is_true((helper.ping(a, "10.1.2.6")))
    assert.are.same({}, a:ip_json("route", "show", "default"))
    assert.are.equal("0", (core.sysctl_read "net/ipv4/ip_forward"))
    for _, entry in ipairs(helper.ip_json("addr", "show", "dev", "br0")[1].addr_info) do
      assert.are.equal("link", entry.scope)
    end
    one "DEL"
    two "DEL"
  end)

  it("uses a bridge that is there, and refuses what is none", function()
    helper.ip("link", "add", "br0", "type", "bridge")
    helper.ip("addr", "add", "10.1.2.1/24", "dev", "br0")
    local c = helper.container()
    local call = network(c, 5, { isGateway = true })
    add(call)
    assert.is_true((helper.ping(c, "10.1.2.1")))
    call "DEL"
    helper.ip("link", "del", "br0")
    helper.ip("link", "add", "br0", "type", "veth", "peer", "name", "x0")
    local status, answer = call "ADD"
    assert.are.equal(1, status)
    assert.is_truthy(answer.msg:find "'br0' exists already, and kind is veth")
    assert.are.equal(1, #c:ip_json "link")
  end)

  local function addresses()
    local list = {}
    for _, entry in ipairs(helper.ip_json("addr", "show", "dev", "br0", "scope", "global")[1].addr_info) do
      list[#list + 1] = entry["local"] and entry["local"] .. "/" .. entry.prefixlen
    end
    table.sort(list)
    return list
  end

  it("refuses a bridge with the gateway of another subnet, and replaces that where it is told to", function()
    local c = helper.container()
    helper.ip("link", "add", "br0", "type", "bridge")
    helper.ip("addr", "add", "10.1.0.1/16", "dev", "br0")
    helper.ip("addr", "add", "fd00:1::1/48", "dev", "br0")
    helper.ip("addr", "add", "fd00:2::1/64", "dev", "br0") -- overlaps with nothing
    local status, answer, out = network(c, 5, { isGateway = true }) "ADD"
    assert.are.equal(1, status)
    assert.are.equal(7, answer.code)
    assert.is_truthy(answer.msg:find("'br0' has the address 10.1.0.1/16, not 10.1.2.1/24", 1, true), out)
    assert.are.equal(1, #c:ip_json "link")
    assert.are.same({ "10.1.0.1/16", "fd00:1::1/48", "fd00:2::1/64" }, addresses())
    local call = network(c, 5, { isGateway = true, forceAddress = true })
    add(call)
    assert.are.same({ "10.1.2.1/24", "fd00:1::1/64", "fd00:2::1/64" }, addresses())
    assert.is_true((helper.ping(c, "10.1.2.1")))
    call "DEL"
  end)

  it("keeps the gateway of another range of the same network", function()
    local c = helper.container()
    helper.ip("link", "add", "br0", "type", "bridge")
    helper.ip("addr", "add", "10.7.0.1/24", "dev", "br0")
    local call = network(c, 5, { isGateway = true, ipam = { type = "fake",
      ranges = { { { subnet = "10.1.2.0/24" }, { subnet = "10.7.0.0/24" } } } } })
    add(call)
    assert.are.same({ "10.1.2.1/24", "10.7.0.1/24", "fd00:1::1/64" }, addresses())
    call "DEL"
  end)

  it("makes the bridge promiscuous", function()
    local call = network(helper.container(), 5, { promiscMode = true })
    add(call)
    assert.is_true(helper.ip_json("link", "show", "dev", "br0")[1].promiscuity > 0)
    local flags = table.concat(helper.ip_json("link", "show", "dev", "br0")[1].flags, " ")
    assert.is_truthy(flags:find "PROMISC", flags)
    call "DEL"
  end)

  it("sets the port's options, with addresses and without", function()
    for _, ipam in ipairs { { type = "fake" }, {} } do
      local a, b = helper.container(), helper.container()
      local more = { hairpinMode = true, portIsolation = true, ipam = ipam }
      local one, two = network(a, 5, more), network(b, 6, more)
      local port = add(one).interfaces[1].name
      add(two)
      local data = helper.ip_json("link", "show", "dev", port)[1].linkinfo.info_slave_data
      assert.is_true(data.hairpin)
      assert.is_true(data.isolated)
      if ipam.type then
        assert.is_false((helper.ping(a, "10.1.2.6", { timeout = 1 })))
      end
      one "DEL"
      two "DEL"
    end
  end)

  it("puts the port into a VLAN of its own on a bridge that filters, or says that this kernel cannot", function()
    local a, b, other = helper.container(), helper.container(), helper.container()
    local one = network(a, 5, { vlan = 100 })
    local status, result, out = one "ADD"
    if status ~= 0 then
      assert.is_truthy(out:find "let the bridge filter by VLAN", out)
      assert.are.equal(1, #a:ip_json "link")
      pending("this kernel's bridges do not filter by VLAN")
      return
    end
    add(network(b, 6, { vlan = 100 }))
    add(network(other, 7, { vlan = 200 }))
    assert.is_true((helper.ping(a, "10.1.2.6")))
    assert.is_false((helper.ping(a, "10.1.2.7", { timeout = 1 })))
    local _, vlans = helper.sh("bridge -j vlan show dev " .. result.interfaces[1].name)
    local list = json.decode(vlans)[1].vlans
    assert.are.equal(1, #list)
    assert.are.equal(100, list[1].vlan)
    for i, c in ipairs { a, b, other } do
      network(c, i + 4) "DEL"
    end
  end)

  it("looks for others with the IPv6 address, where it is told to, before it is done", function()
    local a, b = helper.container(), helper.container()
    local one = network(a, 5, { enabledad = true })
    add(one)
    for _, entry in ipairs(a:ip_json("addr", "show", "dev", "eth0")[1].addr_info) do
      assert.is_nil(entry.tentative)
    end
    b:ip("link", "set", "lo", "up")
    local status, answer, out = network(b, 5, { name = "other", enabledad = true }) "ADD"
    assert.are.equal(1, status, out)
    assert.is_truthy(out:find "fd00:1::5" or answer.msg:find "10.1.2.5", out)
    assert.are.equal(1, #b:ip_json "link")
    one "DEL"
  end)

  it("is made once by many that come at the same time", function()
    local children, calls = {}, {}
    for i = 1, 6 do
      local c = helper.container()
      calls[i] = network(c, i + 10, { isGateway = true })
      local conf = json.encode { cniVersion = "1.0.0", name = "net", mode = "bridge", bridge = "br0", isGateway = true,
        ipam = { type = "fake" } }
      children[i] = assert(core.spawn { "/usr/bin/env", helper.lua, "lua/bin/zlnet-cni", stdin = conf, env = {
        CNI_COMMAND = "ADD", CNI_CONTAINERID = "c" .. i + 10, CNI_NETNS = cni.netns(c), CNI_IFNAME = "eth0",
        CNI_PATH = directory } })
    end
    for i, child in ipairs(children) do
      local r = assert(child:wait(10 * helper.PATIENCE))
      assert.are.equal(0, r.status, r.stdout)
      child:close()
      assert.is_true((helper.ping(nil, "10.1.2." .. i + 10)))
    end
    for _, call in ipairs(calls) do
      call "DEL"
    end
  end)
end)
