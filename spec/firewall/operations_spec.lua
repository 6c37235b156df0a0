-- SPDX-License-Identifier: MIT
local operations = require "zlnet.firewall.operations"
local options = require "zlnet.firewall.options"

local function attachment(ports, changes)
  local a = { ip = { { family = "inet", address = "10.0.0.5" }, { family = "inet6", address = "fd00::5" } },
    publish = ports and options.publish(ports), host_ifname = "veth-5-s", mode = "routed" }
  for key, value in pairs(changes or {}) do
    a[key] = value
  end
  return a
end

describe("the firewall's place in a plan", function()
  it("is one operation", function()
    local list = {}
    local function add(op)
      list[#list + 1] = op
    end
    local p = { record = { ip = {}, guard = true }, host_ifname = "veth-5-s", mac = "02:00:00:00:00:05" }
    operations.add(p, add)
    assert.same({ "host", "firewall", "02:00:00:00:00:05" }, { list[1].ns, list[1].op, list[1].args.mac })
    assert.equal(1, #list)
  end)

  it("opens the loopback addresses of the families that are published there", function()
    for ports, expected in pairs {
      ["80:80"] = { true, true }, ["127.0.0.1:80:80"] = { true, false }, ["[::1]:80:80"] = { false, true },
      ["192.0.2.1:80:80"] = { false, false }, ["0.0.0.0:80:80"] = { true, false }, ["[::]:80:80"] = { false, true },
    } do
      local sysctl, route = operations.loopback(attachment(ports))
      assert.same(expected, { sysctl ~= nil, route ~= nil }, ports)
    end
    local sysctl, route = operations.loopback(attachment("80:80", { bridge = "br0" }))
    assert.same({ "net/ipv4/conf/br0/route_localnet", "br0" }, { sysctl, route.oif })
  end)

  it("takes an attachment from its record, whatever its link is called by now", function()
    local a = operations.of({ pid = 5, tag = "s", mode = "bridge", bridge = "br0", guard = true,
      mac = "02:00:00:00:00:05" }, { ifname = "renamed", index = 7, master = 3 })
    assert.same({ "veth-5-s", 7, 3, "02:00:00:00:00:05" }, { a.host_ifname, a.host_index, a.bridge_index, a.mac })
    assert.same({}, a.ip)
  end)
end)
