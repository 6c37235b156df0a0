-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local node = require "spec.support.node"
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local plan = require "zlnet.attach.plan"
local zlnet = require "zlnet"

local WHO = {
  pid = 42, start = 1234, boot = "0f1e2d3c4b5a6978", pidns = 4026531836, netns = 4026532281, time = 1732300000,
}

-- What attach would plan for these options, without any kernel.
local function build(opts, seen)
  opts.pid = opts.pid or 42
  return assert(plan.build(options.check("attach", rows.attach, opts), WHO, seen))
end

local function count(p, op, ns)
  local n = 0
  for _, o in ipairs(p.ops) do
    n = n + ((o.op == op and (not ns or o.ns == ns)) and 1 or 0)
  end
  return n
end

-- The arguments of the first operation for this step.
local function args_of(p, step)
  for _, o in ipairs(p.ops) do
    if o.step == step then
      return o.args, o
    end
  end
end

describe("plan.build", function()
  it("makes the pair first, with everything but the record, and ends with the loopback", function()
    local p = build { ip = { "10.200.0.5", "fd00::5" }, mtu = 1400, mac = "02:00:00:00:00:01", queues = 2 }
    local first, last = p.ops[1], p.ops[#p.ops]
    assert.equal("newlink", first.op)
    assert.equal("veth-42-s", first.args.ifname)
    assert.same({ up = true }, first.args.flags)
    assert.equal(1400, first.args.mtu)
    assert.same({
      ifname = "eth0", mtu = 1400, address = "02:00:00:00:00:01", num_tx_queues = 2, num_rx_queues = 2,
    }, first.args.linkinfo.data.peer)
    assert.match("^7a:6c:", first.args.address)
    assert.is_nil(first.args.ifalias) -- the kernel ignores it there
    assert.same({ index = 1, flags = { up = true } }, last.args)
  end)

  it("is the same every time", function()
    local function text()
      return json.encode(build({ ip = { "fd00::5", "10.200.0.5" } }, { forwarding = { inet = "0", inet6 = "0" } }).ops)
    end
    for _ = 1, 20 do
      assert.equal(text(), text())
    end
  end)

  it("leaves IPv6 off on a host end that carries none, before that can have a carrier", function()
    local STEP = "leave IPv6 off on the host end"
    local gateways = { "10.0.0.1", "fd00::1" }
    for opts, expected in pairs {
      [{ ip = "10.200.0.5" }] = true, [{ ip = "10.200.0.5", mode = "direct" }] = true,
      [{ ip = "fd00::5" }] = false, [{ ip = { "10.200.0.5", "fd00::5" } }] = false,
      [{ ip = "fd00::5", mode = "direct" }] = false,
      [{ ip = { "10.0.0.5/24", "fd00::5/64" }, mode = "bridge", bridge = "br0", gateway = gateways }] = true,
    } do
      local p = build(opts)
      local args, op = args_of(p, STEP)
      assert.equal(expected, args ~= nil)
      if args then
        assert.same({ key = "net/ipv6/conf/veth-42-s/disable_ipv6", value = "1" }, args)
        assert.same({ "host", "sysctl", true }, { op.ns, op.op, op.optional })
        assert.equal(op, p.ops[2])
      end
    end
  end)

  it("gives each family its gateway", function()
    assert.same({ inet = "169.254.1.1" }, build({ ip = "10.200.0.5" }).gateways)
    assert.same({ inet = "169.254.1.1", inet6 = "fe80::1" }, build({ ip = { "10.200.0.5", "fd00::5" } }).gateways)
    assert.same({ inet = "169.254.9.9" }, build({ ip = "10.200.0.5", gateway = "169.254.9.9" }).gateways)
    assert.same({}, build({ ip = "10.200.0.5", mode = "direct" }).gateways)
    assert.same({ inet = "10.0.0.1" },
      build({ ip = "10.0.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.0.0.1" }).gateways)
  end)

  it("routes to the container and back in modes routed and direct, not in mode bridge", function()
    local routed = build { ip = { "10.200.0.5", "fd00::5" }, src = "10.0.0.9" }
    assert.equal(2, count(routed, "newroute", "host"))
    assert.equal(2, count(routed, "newroute", "container"))
    assert.same({ dst = "10.200.0.5/32", scope = "link", prefsrc = "10.0.0.9" },
      (args_of(routed, "add the host's route to the container")))
    local direct = build { ip = { "10.200.0.5", "fd00::5" }, mode = "direct" }
    assert.equal(2, count(direct, "newroute", "host"))
    assert.equal(0, count(direct, "newaddr", "host"))
    local bridged = build { ip = "10.0.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.0.0.1" }
    assert.equal(0, count(bridged, "newroute", "host"))
    assert.equal("br0", bridged.ops[1].args.master)
    assert.same({ family = "inet", gateway = "10.0.0.1" }, (args_of(bridged, "add the container's default route")))
  end)

  it("reaches the subnet once where there is no default route", function()
    local p = build { ip = { "10.200.0.5/24", "10.200.0.6/24", "10.201.0.5" }, default_route = false }
    assert.equal(1, count(p, "newroute", "container"))
    local args, op = args_of(p, "add the container's route to its subnet")
    assert.same({ dst = "10.200.0.0/24", gateway = "169.254.1.1", flags = { onlink = true } }, args)
    assert.equal("append", op.mode)
  end)

  it("waits for the host end, for every IPv6 address that is to be usable at once, and for no other", function()
    local function awaited(opts)
      local list = {}
      for _, op in ipairs(build(opts).ops) do
        if op.await then
          local what = type(op.await.dst) == "table" and table.concat(op.await.dst, " ")
          list[#list + 1] = op.ns:sub(1, 1) .. " " .. (what or op.args.dst or op.await.operstate)
        end
      end
      return list
    end
    local mac = "02:00:00:00:00:01"
    assert.same({ "h up" }, awaited { ip = "10.200.0.5" })
    assert.same({ "h up" }, awaited { ip = "fd00::5", nodad = false })
    assert.same({ "h up", "c fe80::ff:fe00:1 fd00::5 fd00::6", "h fe80::1/128" },
      awaited { ip = { "fd00::5", "fd00::6" }, mac = mac })
    assert.same({ "h up", "c fe80::ff:fe00:1 fd00::5", "h fd00::1/128", "h fe80::1/128" },
      awaited { ip = "fd00::5", gateway = "fd00::1", mac = mac })
    assert.same({ "h up", "c fe80::ff:fe00:1 fd00::5" },
      awaited { ip = "fd00::5", mode = "direct", mac = mac })
  end)

  it("switches on just the forwarding that is off, keeping what routers announced", function()
    local function sysctls(seen, ip)
      local list = {}
      for _, op in ipairs(build({ ip = ip or { "10.200.0.5", "fd00::5" } }, seen).ops) do
        if op.op == "sysctl" and op.args.old then
          list[#list + 1] = op.args.key .. " " .. op.args.old .. op.args.value
        end
      end
      return list
    end
    assert.same({}, sysctls { forwarding = { inet = "1", inet6 = "1" } })
    assert.same({}, sysctls(nil))
    assert.same({ "net/ipv4/ip_forward 01", "net/ipv6/conf/all/forwarding 01" },
      sysctls { forwarding = { inet = "0", inet6 = "0" } })
    assert.same({ "net/ipv6/conf/up.5/accept_ra 12", "net/ipv6/conf/all/forwarding 01" },
      sysctls { forwarding = { inet = "1", inet6 = "0" }, accept_ra = { "up.5" } })
  end)

  it("writes the record that alias reads", function()
    local p = build { ip = { "10.200.0.5/24", "fd00::5" }, tag = "g", ifname = "eth1", default_route = false }
    local record = require "zlnet.record.line".parse(p.alias)
    for key, value in pairs(WHO) do
      assert.equal(value, record[key])
    end
    assert.equal("g", record.tag)
    assert.is_false(record.default_route)
    assert.same(p.alias, (args_of(p, "write the owner's record")).ifalias)
  end)
end)

describe("zlnet.plan", function()
  helper.insulate()

  local made = {}

  before_each(function()
    helper.ip("link", "set", "lo", "up")
  end)

  after_each(function()
    for i = #made, 1, -1 do
      made[i]()
      made[i] = nil
    end
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  it("is the caller's own, and tells nothing of attachments that were made before", function()
    local c = helper.container()
    local opts = { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } }
    assert(zlnet.detach(assert(zlnet.attach(opts))))
    local before = assert(zlnet.plan(opts))
    for _, op in ipairs(before.ops) do
      if op.ref then
        assert.is_nil(op.args[op.ref])
      end
    end
    local text = tostring(before)
    local function spoil(t)
      for key, value in pairs(t) do
        if type(value) == "table" then
          spoil(value)
        else
          t[key] = "spoilt"
        end
      end
    end
    spoil(before)
    assert.equal(text, tostring(assert(zlnet.plan(opts))))
    assert(zlnet.detach(assert(zlnet.attach(opts))))
  end)

  -- Other each time, whoever made it.
  local VOLATILE = { ifindex = true, link_index = true, link_netnsid = true, address = true, tentative = true,
    master_index = true, valid_life_time = true, preferred_life_time = true }

  -- The names in a row and in the tables in it, sorted.
  local function keys_of(row)
    local keys = {}
    local function collect(t)
      for key, value in pairs(t) do
        keys[#keys + 1] = type(key) == "string" and key or nil
        if type(value) == "table" then
          collect(value)
        end
      end
    end
    collect(row)
    table.sort(keys)
    return keys
  end

  local function text_of(row)
    return json.encode(row, { keyorder = keys_of(row) })
  end

  -- Without what is other each time, lists sorted.
  local function clean(value)
    if type(value) ~= "table" then
      return type(value) == "string" and value:gsub(" time=%d+", "") or value
    end
    local t = {}
    for key, element in pairs(value) do
      if not VOLATILE[key] and not tostring(key):find "_timer$" then
        t[key] = clean(element)
      end
    end
    if type(t[1]) == "table" then
      table.sort(t, function(x, y)
        return text_of(x) < text_of(y)
      end)
    end
    return t
  end

  local here = {
    ip_json = function(_, ...)
      return helper.ip_json(...)
    end,
    exec = function(_, command)
      return helper.sh(command)
    end,
  }

  local SETTINGS = [[cd /proc/sys/net; grep -rs . ipv4/conf ipv6/conf ipv4/ip_forward ipv4/neigh/*/proxy_delay |
    grep -v -e stable_secret -e /mc_forwarding]]

  -- What ip(8) and /proc/sys say of both namespaces: a set of lines.
  local function state(c)
    helper.eventually(function() -- a carrier is acted upon when it is asked for, or a second later
      local settled = true
      for _, where in ipairs { here, c } do
        for _, link in ipairs(where:ip_json "link") do
          where:exec("ip link show dev " .. link.ifname)
          settled = settled and (link.ifname == "lo" or link.operstate == "UP")
        end
      end
      return settled
    end)
    helper.eventually(function()
      local addresses = select(2, helper.sh "ip addr") .. select(2, c:exec "ip addr")
      return not addresses:find "tentative" -- routes to it come then
    end)
    local lines = {}
    for name, where in pairs { node = here, container = c } do
      for _, words in ipairs { { "link" }, { "addr" }, { "route", "show", "table", "all" } } do
        for _, row in ipairs(where:ip_json(table.unpack(words))) do
          lines[("%s %s %s"):format(name, words[1], text_of(clean(row)))] = true
        end
      end
      for line in select(2, where:exec(SETTINGS)):gmatch "[^\n]+" do
        lines[name .. " " .. line] = true
      end
    end
    return lines
  end

  local function missing(from, other)
    local list = {}
    for line in pairs(other) do
      if not from[line] then
        list[#list + 1] = line
      end
    end
    table.sort(list)
    return list
  end

  -- Both are as new, and their links look for no duplicate addresses: that takes seconds.
  local function reset(c)
    local no_dad = "cd /proc/sys/net/ipv6/conf; echo 0 >all/accept_dad; echo 0 >default/accept_dad"
    helper.sh(no_dad)
    c:exec(no_dad)
    c:ip("link", "set", "lo", "down")
    for _, key in ipairs { "ipv4/ip_forward", "ipv6/conf/all/forwarding" } do
      helper.sh("echo 0 >/proc/sys/net/" .. key)
    end
  end

  local cases = {
    ["two families, MTU and source"] = { ip = { "10.200.0.5", "fd00:200::5" }, mtu = 1400, src = "10.0.0.9" },
    ["several addresses with subnets, no default route"] = {
      ip = { "10.200.0.5/24", "10.200.0.6/24", "fd00:200::5/64" }, default_route = false, tag = "g", ifname = "net1",
    },
    ["gateways of the caller's, MACs, duplicate address detection"] = {
      ip = { "10.200.0.5", "fd00:200::5" }, gateway = { "169.254.7.7", "fd00:200::1" }, nodad = false,
      mac = "02:00:00:00:00:05", host_mac = "02:00:00:00:00:06", queues = "kernel",
    },
    ["IPv4 alone"] = { ip = "10.200.0.5" },
    ["mode bridge, IPv4 alone"] = { ip = "10.7.0.5/24", mode = "bridge", bridge = "br0", gateway = "10.7.0.1" },
    ["mode direct with proxy_arp"] = { ip = "10.200.0.5", mode = "direct", proxy_arp = true },
    ["mode direct, IPv6"] = { ip = "fd00:200::5", mode = "direct", forwarding = false },
    ["mode bridge"] = {
      ip = { "10.7.0.5/24", "fd00:7::5/64" }, mode = "bridge", bridge = "br0", gateway = { "10.7.0.1", "fd00:7::1" },
      mtu = "inherit", hairpin = true, isolated = true,
    },
  }

  for name, case in pairs(cases) do
    it("is a script that does what attach does: " .. name, function()
      local c = helper.container()
      helper.ip("addr", "add", "10.0.0.9/32", "dev", "lo")
      made[#made + 1] = function()
        helper.ip("addr", "del", "10.0.0.9/32", "dev", "lo")
      end
      if case.bridge then
        assert(zlnet.bridge { name = "br0", ip = { "10.7.0.1/24", "fd00:7::1/64" }, mtu = 1450 })
      end
      case.pid = c.pid
      reset(c)
      local attachment = assert(zlnet.attach(case))
      local by_attach = state(c)
      assert(zlnet.detach(attachment))
      reset(c)
      if case.bridge then -- its carrier goes a second later
        helper.eventually(function()
          return node.link("br0").operstate == "DOWN"
        end)
      end
      local before = node.state()
      local script = tostring(assert(zlnet.plan(case)))
      assert.equal(before, node.state())
      local ok, output = helper.sh(script)
      assert.is_true(ok, output)
      local by_script = state(c)
      assert.same({ {}, {} }, { missing(by_script, by_attach), missing(by_attach, by_script) })
      assert.equal("alive", assert(zlnet.sweep()).verdicts[1].verdict)
    end)
  end

  it("takes every target, and names it in the commands", function()
    local c = helper.container()
    local unpin, path = node.pin(c)
    made[#made + 1] = unpin
    local ns <close> = assert(zlnet.netns.open(path))
    local function run(target, variable)
      local p = assert(zlnet.plan { netns = target, id = "web", ip = "10.200.0.5" })
      local ok, output = helper.sh((variable and "NETNS=" .. path .. "\n" or "") .. tostring(p))
      assert.is_true(ok, output)
      assert.is_true((helper.ping(nil, "10.200.0.5")))
      assert(zlnet.detach { id = "web" })
    end
    run(path)
    run(ns, true)
    run({ fd = ns:fd() }, true)
  end)

  it("gives each operation its namespace and its command", function()
    local c = helper.container()
    for _, op in ipairs(assert(zlnet.plan { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } }).ops) do
      assert.is_true(op.ns == "host" or op.ns == "container")
      assert.equal(op.ns == "container", op.command:find("nsenter --net=/proc/" .. c.pid .. "/ns/net ", 1, true) ~= nil)
      assert.is_true(op.command:find "ip " ~= nil or op.command:find("sysctl -qw ", 1, true) ~= nil, op.command)
    end
  end)

  it("refuses what attach refuses, naming itself", function()
    local ok, message = pcall(function()
      local result = zlnet.plan { pid = 1, ip = "nonsense" }
      return result
    end)
    assert.is_false(ok)
    assert.match("^spec/attach/plan_spec.lua:%d+: bad option 'ip' to 'plan'", message)
    local p, err = zlnet.plan { pid = 1, ip = "10.200.0.5" }
    assert.is_nil(p)
    assert.equal("EINVAL", err.code) -- it is our own namespace
    local c = helper.container()
    p, err = zlnet.plan { pid = c.pid, ip = "10.0.0.5/24", mode = "bridge", bridge = "nosuch", gateway = "10.0.0.1" }
    assert.is_nil(p)
    assert.equal("not_found", err.kind)
    assert.equal("look at the bridge", err.step)
  end)
end)
