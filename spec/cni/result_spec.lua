-- SPDX-License-Identifier: MIT
local json = require "dkjson"
local result = require "zlnet.cni.result"

local function read(text)
  return result.read(json.decode(text), "the plugin")
end

local WHOLE = [[{
  "cniVersion": "1.1.0",
  "interfaces": [{"name": "h", "mac": "02:00:00:00:00:01", "mtu": 1400},
                 {"name": "eth0", "sandbox": "/n", "mtu": 1400, "socketPath": "/s", "pciID": "p"}],
  "ips": [{"address": "10.1.2.3/24", "gateway": "10.1.2.1", "interface": 1},
          {"address": "FD00::0005/64", "interface": 1}],
  "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16", "gw": "10.1.2.9", "mtu": 1300, "advmss": 1200,
              "priority": 7, "table": 100, "scope": 0}],
  "dns": {"nameservers": ["1.1.1.1"], "search": [], "domain": "d"}}]]

describe("zlnet.cni.result", function()
  it("writes the shape of 1.1.0 with all it was read with", function()
    local t = json.decode(result.format(read(WHOLE), "1.1.0"))
    local expected = json.decode(WHOLE)
    expected.ips[2].address = "fd00::5/64"
    expected.dns.search = nil
    assert.are.same(expected, t)
  end)

  it("leaves out of 1.0.0 what came with 1.1.0", function()
    local t = json.decode(result.format(read(WHOLE), "1.0.0"))
    assert.are.same({ name = "eth0", sandbox = "/n" }, t.interfaces[2])
    assert.are.same({ dst = "10.9.0.0/16", gw = "10.1.2.9" }, t.routes[2])
    assert.are.same({ address = "10.1.2.3/24", gateway = "10.1.2.1", interface = 1 }, t.ips[1])
  end)

  for _, version in ipairs { "0.3.0", "0.3.1", "0.4.0" } do
    it("says in " .. version .. " of which family an address is", function()
      local t = json.decode(result.format(read(WHOLE), version))
      assert.are.equal(version, t.cniVersion)
      assert.are.equal("4", t.ips[1].version)
      assert.are.equal("6", t.ips[2].version)
      assert.is_nil(t.interfaces[1].mtu)
    end)
  end

  it("turns each version's shape into each other's, and loses nothing that both have", function()
    local versions = { "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0" }
    local plain = json.decode(WHOLE) -- without what came with 1.1.0
    for _, entry in ipairs(plain.interfaces) do
      entry.mtu, entry.socketPath, entry.pciID = nil, nil, nil
    end
    plain.routes[2] = { dst = "10.9.0.0/16", gw = "10.1.2.9" }
    for _, from in ipairs(versions) do
      local text = result.format(read(json.encode(plain)), from)
      for _, to in ipairs(versions) do
        local straight = result.format(read(json.encode(plain)), to)
        assert.are.same(json.decode(straight), json.decode(result.format(read(text), to)))
      end
    end
  end)

  it("writes an empty list as a list", function()
    local text = result.format(read '{"ips": [{"address": "10.0.0.1/8"}], "dns": {"search": []}}', "1.0.0")
    assert.is_truthy(text:find '"routes":%[%]')
    assert.is_truthy(text:find '"interfaces":%[%]')
    assert.is_falsy(text:find "dns")
    assert.is_falsy(text:find "{}")
  end)

  it("takes what is missing or null for empty", function()
    local r = read '{"ips": null, "routes": null, "interfaces": null, "dns": null}'
    assert.are.same({ interfaces = {}, ips = {}, routes = {}, dns = {} }, r)
  end)

  for what, text in pairs {
    ["no object"] = "1",
    ["ips that are no list"] = '{"ips": {"a": 1}}',
    ["an address without a length"] = '{"ips": [{"address": "10.0.0.1"}]}',
    ["an address that is none"] = '{"ips": [{"address": "10.0.0/8"}]}',
    ["no address"] = '{"ips": [{}]}',
    ["a gateway that is no address"] = '{"ips": [{"address": "10.0.0.1/8", "gateway": "x"}]}',
    ["a gateway with a length"] = '{"ips": [{"address": "10.0.0.1/8", "gateway": "10.0.0.2/8"}]}',
    ["a gateway of another family"] = '{"ips": [{"address": "10.0.0.1/8", "gateway": "fd00::1"}]}',
    ["a next hop of another family"] = '{"routes": [{"dst": "0.0.0.0/0", "gw": "fd00::1"}]}',
    ["a route to nowhere"] = '{"routes": [{"gw": "10.0.0.1"}]}',
    ["a route with a wrong number"] = '{"routes": [{"dst": "0.0.0.0/0", "mtu": "1500"}]}',
    ["a route with a negative number"] = '{"routes": [{"dst": "0.0.0.0/0", "priority": -1}]}',
    ["an interface without a name"] = '{"interfaces": [{}]}',
    ["dns that is no object"] = '{"dns": "1.1.1.1"}',
  } do
    it("refuses " .. what, function()
      local r, failed = read(text)
      assert.is_nil(r)
      assert.are.equal(6, failed.code)
      assert.is_truthy(failed.msg:find "the plugin")
    end)
  end

  it("goes behind the result of the plugin before", function()
    local before = read [[{"interfaces": [{"name": "a"}], "ips": [{"address": "10.0.0.1/8", "interface": 0}],
      "dns": {"domain": "x"}}]]
    local own = read [[{"interfaces": [{"name": "h"}, {"name": "c"}],
      "ips": [{"address": "10.0.0.2/8", "interface": 1}]}]]
    local t = json.decode(result.format(result.append(before, own), "1.0.0"))
    assert.are.equal(3, #t.interfaces)
    assert.are.equal("c", t.interfaces[t.ips[2].interface + 1].name)
    assert.are.equal("a", t.interfaces[t.ips[1].interface + 1].name)
    assert.are.equal("x", t.dns.domain)
  end)
end)
