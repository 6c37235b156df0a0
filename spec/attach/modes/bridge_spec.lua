-- SPDX-License-Identifier: MIT
local json = require "dkjson"
local bridge = require "zlnet.attach.modes.bridge"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local ops = require("spec.support.plan").ops
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local zlnet = require "zlnet"

describe("mode bridge", function()
  it("sets a bridge's port before it can have a carrier, in its own VLAN alone", function()
    local function port(changes, seen)
      local opts = { pid = 42, ip = "10.0.0.5/24", mode = "bridge", bridge = "br0", default_route = false }
      for key, value in pairs(changes) do
        opts[key] = value
      end
      local list = {}
      bridge.before(options.check("attach", rows.attach, opts), nil, function(op)
        list[#list + 1] = op
      end, seen)
      return list
    end
    assert.same({}, port {})
    assert.same({ slave_kind = "bridge", slave_data = { mode = true, isolated = false } },
      port({ hairpin = true })[1].args.linkinfo)
    local list = port({ vlan = 5 }, { default_pvid = 1 })
    assert.same({ { vid = 5, flags = { pvid = true, untagged = true } } }, list[1].args.af_spec.vlan_info)
    assert.same({ "dellink", "bridge", 1 }, { list[2].op, list[2].args.family, list[2].args.af_spec.vlan_info[1].vid })
    assert.equal(1, #port({ vlan = 5 }, { default_pvid = 0 }))
    assert.equal(1, #port({ vlan = 1 }, { default_pvid = 1 }))
  end)

  it("announces on a bridge by setting the MAC again, when the kernel was told to announce", function()
    local function steps(ip)
      local list = {}
      local opts = { ip = ip, mode = "bridge", bridge = "br0", default_route = false, mac = "02:00:00:00:00:05" }
      for _, op in ipairs(ops("finish", opts)) do
        list[#list + 1] = op.op .. " " .. op.ns
      end
      return list
    end
    assert.same({ "setlink container", "setlink container" }, steps "10.0.0.5/24")
    assert.same({ "setlink container", "sysctl container", "setlink container" }, steps "fd00::5/64")
  end)

  it("routes by a gateway of its subnet, and has no address and no route on the host end", function()
    local opts = { ip = "10.0.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.0.0.1" }
    assert.same({ family = "inet", gateway = "10.0.0.1" }, ops("routes", opts)[1].args)
    local list = ops("host", opts)
    assert.equal(1, #list)
    assert.same({ alt_ifname = { "10.0.0.5@br0" } }, list[1].args.prop_list)
  end)
end)

describe("zlnet.attach in mode bridge", function()
  helper.insulate()

  local vlans = helper.sh "ip link add probe type bridge vlan_filtering 1 && ip link del probe"

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  local function on_bridge(last, more)
    local c = helper.container()
    local opts = { pid = c.pid, ip = { ("10.7.0.%d/24"):format(last), ("fd00:7::%d/64"):format(last) },
      mode = "bridge", bridge = "br0", gateway = { "10.7.0.1", "fd00:7::1" } }
    for key, value in pairs(more or {}) do
      opts[key] = value
    end
    local a, err = zlnet.attach(opts)
    return a, err, c
  end

  local function port(a)
    return node.link(a.host_ifname).linkinfo.info_slave_data
  end

  local function found(a)
    local list = {}
    for i, d in ipairs(assert(zlnet.check(a))) do
      list[i] = ("%s %s %s -> %s"):format(d.ns, d.key, d.expected, d.found)
    end
    return list
  end

  it("sets what was asked for alone, records it, and finds it changed", function()
    assert(zlnet.bridge { name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } })
    local plain = assert(on_bridge(4))
    assert.is_false(port(plain).hairpin or port(plain).isolated)
    local a = assert(on_bridge(5, { hairpin = true, isolated = true }))
    assert.is_true(port(a).hairpin and port(a).isolated)
    assert.same({}, found(a))
    for _, listed in ipairs(assert(zlnet.attachments())) do
      assert.equal(listed.host_ifname == a.host_ifname, listed.isolated and listed.hairpin)
      assert.same({}, found(listed))
    end
    assert(helper.sh(("bridge link set dev %s hairpin off isolated off"):format(a.host_ifname)))
    local list = found(a)
    table.sort(list)
    assert.same({ "host hairpin true -> false", "host isolated true -> false" }, list)
  end)

  it("keeps isolated ports from each other, not from the bridge and the others", function()
    assert(zlnet.bridge { name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" } })
    local _, _, c = on_bridge(5, { isolated = true })
    local _, _, d = on_bridge(6, { isolated = true })
    local _, _, e = on_bridge(7)
    assert.is_true((helper.ping(c, "10.7.0.1")))
    assert.is_true((helper.ping(c, "10.7.0.7")))
    assert.is_true((helper.ping(e, "fd00:7::6")))
    assert.is_false((helper.ping(c, "10.7.0.6")))
    assert.is_false((helper.ping(d, "fd00:7::5")))
  end)

  it("refuses a VLAN on a bridge that does not filter by VLAN", function()
    assert(zlnet.bridge { name = "br0", ip = "10.7.0.1/24" })
    local before = node.state()
    local a, err = on_bridge(5, { vlan = 5 })
    assert.is_nil(a)
    assert.same({ "EINVAL", "look at the bridge", "br0" }, { err.code, err.step, err.link })
    assert.equal("'br0' does not filter by VLAN (vlan_filtering 0)", err.message)
    assert.equal(before, node.state())
  end)

  local function it_vlan(name, f)
    it(name, vlans and f or function()
      pending "this kernel has no bridge that filters by VLAN"
    end)
  end

  -- The port's VLANs, as bridge(8) has them.
  local function vlans_of(a)
    local list = {}
    local _, output = helper.sh("bridge -j vlan show dev " .. a.host_ifname)
    for _, row in ipairs(json.decode(output)[1].vlans) do
      list[#list + 1] = row.vlan .. " " .. table.concat(row.flags or {}, " ")
    end
    return list
  end

  it_vlan("puts the port into its VLAN alone, and packets pass within it", function()
    assert(zlnet.bridge { name = "br0", vlan_filtering = true })
    local a, _, c = on_bridge(5, { vlan = 5 })
    local b, _, d = on_bridge(6, { vlan = 5 })
    local other, _, e = on_bridge(7, { vlan = 6 })
    on_bridge(6, { vlan = 6 }) -- the same address in another VLAN
    for _, attachment in ipairs { a, b } do
      assert.same({ "5 PVID Egress Untagged" }, vlans_of(attachment))
      assert.same({}, found(attachment))
    end
    assert.is_true((helper.ping(c, "10.7.0.6")))
    assert.is_true((helper.ping(d, "fd00:7::5")))
    assert.is_false((helper.ping(e, "10.7.0.5")))
    assert(zlnet.detach(a))
    local script = tostring(assert(zlnet.plan { pid = c.pid, ip = "10.7.0.5/24", mode = "bridge", bridge = "br0",
      default_route = false, vlan = 5 }))
    assert(helper.sh(script))
    assert.same({ "5 PVID Egress Untagged" }, vlans_of(a))
    for _, one in ipairs(assert(zlnet.attachments())) do
      a = one.pid == c.pid and one or a
    end
    assert(helper.sh(("bridge vlan del vid 5 dev %s"):format(a.host_ifname)))
    assert.same({ "host vlan 5 -> nil" }, found(a))
    assert.same({}, assert(zlnet.mend(a)).left)
    assert.same({ "5 PVID Egress Untagged" }, vlans_of(a))
    assert.same({}, found(other))
  end)

  it_vlan("refuses a bridge that gives its ports no VLAN, where none is asked for", function()
    assert(helper.sh "ip link add br0 up type bridge vlan_filtering 1 vlan_default_pvid 0")
    local a, err = on_bridge(5)
    assert.is_nil(a)
    assert.match("'br0' filters by VLAN and gives its ports none (vlan_default_pvid 0)", err.message, 1, true)
    assert.is_table((on_bridge(5, { vlan = 5 })))
    assert.is_table((on_bridge(6, { vlan = 5 })))
  end)
end)
