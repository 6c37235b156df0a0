-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local monitor = require "zlnet.monitor"

local function listen(...)
  return assert(monitor.monitor(...))
end

-- All events until the kernel has been silent for a while.
local function drain(m, seconds)
  local list = {}
  while true do
    local event, err = m:next(seconds or 0.1)
    assert(not err, err)
    if not event then
      return list
    end
    list[#list + 1] = event
  end
end

-- The kernel announces no new alias of a link that is down.
setup(function()
  helper.ip("link", "set", "lo", "up")
end)

-- The first event that has all of these fields.
local function find(list, fields)
  for _, event in ipairs(list) do
    local same = true
    for key, value in pairs(fields) do
      same = same and event[key] == value
    end
    if same then
      return event
    end
  end
end

local function expect(list, fields)
  local names = {}
  for i, event in ipairs(list) do
    names[i] = event.event
  end
  return assert(find(list, fields), "no such event among: " .. table.concat(names, " "))
end

local function count(list, key, value)
  local n = 0
  for _, event in ipairs(list) do
    n = n + (event[key] == value and 1 or 0)
  end
  return n
end

local function batch(lines, force)
  local pipe = assert(io.popen(("ip %s -batch - 2>&1"):format(force and "-force" or ""), "w"))
  pipe:write(table.concat(lines, "\n"), "\n")
  assert(pipe:close() or force)
end

-- All links but lo, with one wait of the kernel's.
local function clear()
  local lines = {}
  for _, link in ipairs(helper.ip_json("link", "show")) do
    if link.ifname ~= "lo" then
      lines[#lines + 1] = ("link set dev %s group 77"):format(link.ifname)
    end
  end
  if #lines > 0 then
    batch(lines, true) -- those of a container that ended go by themselves meanwhile
    helper.sh "ip link del group 77"
  end
end

describe("zlnet.monitor", function()
  helper.insulate()

  after_each(clear)

  it("tells of links as they come, change and go", function()
    local m <close> = listen(nil, "link")
    helper.ip("link", "add", "a0", "type", "veth", "peer", "name", "a1")
    local made = expect(drain(m), { event = "newlink", ifname = "a0" })
    local seen = helper.ip_json("link", "show", "dev", "a0")[1]
    assert.same({ seen.ifindex, seen.address, seen.mtu, "veth" },
      { made.index, made.address, made.mtu, made.linkinfo.kind })
    helper.ip("link", "set", "a0", "mtu", "1400", "alias", "hello", "up")
    local changed = drain(m)
    expect(changed, { event = "newlink", ifname = "a0", mtu = 1400, ifalias = "hello", index = made.index })
    helper.ip("link", "set", "a1", "name", "b1")
    expect(drain(m), { event = "newlink", ifname = "b1" })
    helper.ip("link", "del", "a0")
    local gone = drain(m, 0.3)
    expect(gone, { event = "dellink", ifname = "a0", index = made.index })
    expect(gone, { event = "dellink", ifname = "b1" })
    assert.is_nil(find(gone, { event = "overrun" }))
  end)

  it("tells of addresses, routes, neighbours and rules of both families", function()
    helper.ip("link", "add", "a0", "up", "type", "veth", "peer", "name", "a1")
    helper.ip("link", "set", "a1", "up")
    local m <close> = listen(nil, { "addr", "route", "neigh", "rule" })
    local index = helper.ip_json("link", "show", "dev", "a0")[1].ifindex
    batch {
      "addr add 10.1.0.1/24 dev a0", "addr add fd01::1/64 dev a0 nodad",
      "route add 10.2.0.0/16 via 10.1.0.2", "route add fd02::/64 via fd01::2",
      "neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev a0", "neigh add fd01::9 lladdr 02:00:00:00:00:09 dev a0",
      "rule add from 10.3.0.0/16 table 77",
    }
    helper.ip("-6", "rule", "add", "from", "fd03::/64", "table", "77")
    local list = drain(m)
    expect(list, { event = "newaddr", family = "inet", ["local"] = "10.1.0.1", prefixlen = 24, index = index })
    expect(list, { event = "newaddr", family = "inet6", address = "fd01::1", prefixlen = 64 })
    expect(list, { event = "newroute", dst = "10.2.0.0", dst_len = 16, gateway = "10.1.0.2", oif = index })
    expect(list, { event = "newroute", family = "inet6", dst = "fd02::", dst_len = 64, gateway = "fd01::2" })
    expect(list, { event = "newneigh", dst = "10.1.0.9", lladdr = "02:00:00:00:00:09", ifindex = index })
    expect(list, { event = "newneigh", dst = "fd01::9" })
    expect(list, { event = "newrule", family = "inet", src = "10.3.0.0", src_len = 16, table = 77 })
    expect(list, { event = "newrule", family = "inet6", src = "fd03::", src_len = 64, table = 77 })
    batch {
      "rule del from 10.3.0.0/16 table 77",
      "neigh del 10.1.0.9 dev a0", "neigh del fd01::9 dev a0",
      "route del 10.2.0.0/16", "route del fd02::/64",
      "addr del 10.1.0.1/24 dev a0", "addr del fd01::1/64 dev a0",
    }
    helper.ip("-6", "rule", "del", "from", "fd03::/64", "table", "77")
    list = drain(m)
    expect(list, { event = "delrule", family = "inet", src = "10.3.0.0", src_len = 16 })
    expect(list, { event = "delrule", family = "inet6", src = "fd03::", src_len = 64 })
    expect(list, { event = "delneigh", dst = "10.1.0.9" })
    expect(list, { event = "delneigh", dst = "fd01::9" })
    expect(list, { event = "delroute", dst = "10.2.0.0", dst_len = 16, gateway = "10.1.0.2" })
    expect(list, { event = "delroute", dst = "fd02::", dst_len = 64 })
    expect(list, { event = "deladdr", ["local"] = "10.1.0.1" })
    expect(list, { event = "deladdr", address = "fd01::1" })
    assert.equal(0, count(list, "event", "newlink"))
  end)

  it("tells of ports and forwarding entries, apart from links and neighbours", function()
    batch { "link add br0 up type bridge", "link add a0 up type veth peer name a1" }
    local links <close> = listen(nil, { "link", "neigh" })
    local ports <close> = listen(nil, { "bridge", "fdb" })
    local bridge = helper.ip_json("link", "show", "dev", "br0")[1].ifindex
    helper.ip("link", "set", "a0", "master", "br0")
    assert(helper.sh "bridge fdb add 02:00:00:00:00:77 dev a0 master static")
    local list = drain(ports)
    expect(list, { event = "newlink", family = "bridge", ifname = "a0", master = bridge })
    expect(list, { event = "newneigh", family = "bridge", lladdr = "02:00:00:00:00:77" })
    assert.equal(#list, count(list, "family", "bridge"))
    helper.ip("link", "set", "a0", "nomaster")
    list = drain(ports)
    expect(list, { event = "dellink", family = "bridge", ifname = "a0" })
    expect(list, { event = "delneigh", family = "bridge", lladdr = "02:00:00:00:00:77" })
    list = drain(links)
    expect(list, { event = "newlink", ifname = "a0", master = bridge })
    assert.equal(0, count(list, "family", "bridge"))
    assert.equal(0, count(list, "event", "dellink")) -- it left the bridge, no more
  end)

  it("tells of the numbers given to namespaces", function()
    local m <close> = listen(nil, "nsid")
    local c = helper.container()
    helper.ip("link", "add", "a0", "type", "veth", "peer", "name", "a1", "netns", tostring(c.pid))
    local nsid = expect(drain(m), { event = "newnsid" }).nsid
    assert.equal(nsid, helper.ip_json("link", "show", "dev", "a0")[1].link_netnsid)
    c:kill()
    local event -- some time after the namespace
    repeat
      event = assert(m:next(helper.PATIENCE))
    until event.event == "delnsid"
    assert.equal(nsid, event.nsid)
    helper.eventually(function() -- the pair goes after the number
      return #helper.ip_json("link", "show", "type", "veth") == 0
    end)
  end)

  it("listens in the namespace of its target, after its process too", function()
    local c = helper.container()
    local m <close> = listen(c.pid, "link")
    helper.ip("link", "add", "a0", "type", "veth", "peer", "name", "a1")
    c:ip("link", "add", "c0", "type", "veth", "peer", "name", "c1")
    local list = drain(m)
    expect(list, { event = "newlink", ifname = "c0" })
    assert.is_nil(find(list, { ifname = "a0" }))
    local ns <close> = assert(core.netns.open(c.pid))
    c:kill()
    local h <close> = assert(core.open(ns))
    assert(h:dellink { ifname = "c0" })
    expect(drain(m), { event = "dellink", ifname = "c0" })
  end)

  it("gives only the keys that are wanted", function()
    local m <close> = listen(nil, { "link", "addr" }, { keys = { link = { "ifname", "index" } } })
    batch { "link add a0 up type veth peer name a1", "addr add 10.1.0.1/24 dev a0" }
    local list = drain(m)
    for _, event in ipairs(list) do
      if event.event == "newlink" then
        assert.same({ event = "newlink", ifname = event.ifname, index = event.index }, event)
      end
    end
    assert(expect(list, { event = "newlink", ifname = "a0" }).index)
    assert.equal("10.1.0.1", expect(list, { event = "newaddr" }).address)
  end)

  it("says why the kernel announced a link under cause", function()
    local m <close> = listen(nil, "link")
    helper.ip("link", "add", "br0", "type", "bridge")
    helper.ip("link", "add", "a0", "type", "veth", "peer", "name", "a1")
    helper.ip("link", "set", "a0", "master", "br0")
    expect(drain(m), { event = "newlink", ifname = "br0", cause = "features" })
  end)

  it("waits as long as it is told, and wakes at once", function()
    local m <close> = listen(nil, "link")
    local began = helper.clock()
    assert.is_nil((m:next(0.05)))
    local took = helper.clock() - began
    assert.is_true(took >= 0.05)
    assert.is_nil((m:next(0)))
    assert.is_nil((m:next(-1)))
    os.execute "(sleep 0.05; ip link set lo alias woken) &"
    assert.equal("woken", m:next().ifalias)
    helper.ip("link", "set", "lo", "alias", "")
  end)

  it("is a pollable by its descriptor", function()
    local m <close> = listen(nil, "link")
    assert.same({ "r", nil }, { m:events(), m:timeout() })
    assert.equal(m:pollfd(), m:fd())
    assert.equal(m:pollfd(), m:getfd())
    assert.same({}, core.poll({ { fd = m:pollfd(), events = "r" } }, 0))
    helper.ip("link", "set", "lo", "alias", "x")
    assert.same({ 1 }, core.poll({ { fd = m:pollfd(), events = "r" } }, helper.PATIENCE))
    expect(drain(m), { ifname = "lo", ifalias = "x" })
    helper.ip("link", "set", "lo", "alias", "")
  end)

  it("raises for wrong use before anything is opened", function()
    local before = helper.snapshot()
    for _, args in ipairs {
      { nil, {} }, { nil, 5 }, { nil, { "links" } }, { nil, { "link", 5 } }, { nil }, { nil, "link", { rcvbuf = "1" } },
      { nil, "link", { rcvbuf = 0 } }, { nil, "link", { rcvbuf = 1 << 31 } }, { nil, "link", { size = 1 } },
      { nil, "link", { keys = { links = { "mtu" } } } }, { nil, "link", { keys = { link = { "no" } } } },
      { nil, "link", { keys = 5 } }, { nil, "link", 5 }, { 0, "link" }, { "", "link" }, { {}, "link" },
    } do
      assert.is_false(pcall(monitor.monitor, args[1], args[2], args[3]))
    end
    assert.same({}, helper.leaks(before, 0))
    local m <close> = listen(nil, "link")
    assert.error_matches(function()
      m:next "1"
    end, "bad argument #1 to 'next' (seconds: a number expected)", 1, true)
  end)

  it("says what cannot be opened", function()
    local m, err = monitor.monitor("nobody", "link")
    assert.is_nil(m)
    assert.same({ "io", "ENOENT" }, { err.kind, err.code })
    local c = helper.container()
    c:kill()
    m, err = monitor.monitor(c.pid, "link")
    assert.is_nil(m)
    assert.equal("ESRCH", err.code)
  end)

  it("leaves no descriptor where there are not enough of them", function()
    local own = select(2, helper.sh "echo $PPID"):match "%d+"
    local function limit(n)
      assert(helper.sh(("prlimit --pid %s --nofile=%s:"):format(own, n)))
    end
    local before, files = helper.snapshot(), {}
    local old = assert(io.open "/proc/self/limits"):read "a":match "open files%s+(%d+)"
    limit(64)
    repeat
      files[#files + 1] = io.open "/dev/null"
      local full = io.open "/dev/null"
      files[#files + 1] = full
    until not full
    local codes = {}
    for i = 1, 2 do -- with none, and with room for the first of its sockets alone
      local m, err = monitor.monitor(nil, "link")
      codes[i] = m == nil and err.code
      table.remove(files):close()
    end
    for _, file in ipairs(files) do
      file:close()
    end
    limit(old)
    assert.same({ "EMFILE", "EMFILE" }, codes)
    assert.same({}, helper.leaks(before, 0))
  end)

  it("closes once and for all, by itself too", function()
    local m = listen(nil, "link")
    m:close()
    m:close()
    for _, name in ipairs { "next", "pollfd", "fd", "getfd", "events", "timeout" } do
      assert.error_matches(function()
        m[name](m, 0)
      end, "closed monitor", 1, true)
    end
    listen(nil, "link") -- collected: insulate looks
  end)
end)

-- What a consumer makes of events and nothing else.
local KEYS = {
  link = function(o)
    return o.index
  end,
  addr = function(o)
    return ("%d %s/%d"):format(o.index, o["local"] or o.address, o.prefixlen)
  end,
  route = function(o)
    return ("%s %s %s %s"):format(o.family, o.table, o.dst, o.priority or 0)
  end,
}

local function consume(picture, event)
  local kind = event.event:sub(4)
  local key = KEYS[kind] and KEYS[kind](event)
  if key then
    picture[kind][key] = event.event:sub(1, 3) == "new" and event or nil
  end
end

local function names(picture)
  local list = {}
  for _, link in pairs(picture.link) do
    list[link.ifname] = { link.mtu, link.ifalias or "", link.address }
  end
  return list
end

-- The kernel's, by ip; less lo, which was there before and did not change.
local function kernel_names()
  local list = {}
  for _, link in ipairs(helper.ip_json("link", "show", "type", "veth")) do
    list[link.ifname] = { link.mtu, link.ifalias or "", link.address }
  end
  return list
end

local function kernel_addresses()
  local list = {}
  for _, link in ipairs(helper.ip_json("addr", "show", "type", "veth")) do
    for _, a in ipairs(link.addr_info) do
      list[("%d %s/%d"):format(link.ifindex, a["local"], a.prefixlen)] = true
    end
  end
  return list
end

describe("an overrun of zlnet.monitor", function()
  helper.insulate()

  after_each(clear)

  it("is told, and the picture made of events is right again after 10,000 of them", function()
    local picture = { link = {}, addr = {}, route = {} }
    local m <close> = listen(nil, { "link", "addr" }, { rcvbuf = 4096 })
    local lines = {}
    for i = 0, 49 do
      lines[#lines + 1] = ("link add old%d up type veth peer name new%d"):format(i, i)
      lines[#lines + 1] = ("link set new%d up"):format(i)
    end
    batch(lines)
    for _, event in ipairs(drain(m, 0.2)) do
      consume(picture, event)
    end
    lines = {}
    for i = 1, 10000 do
      local n = i % 50
      lines[i] = i % 200 == 0 and ("addr add 10.%d.%d.1/24 dev old%d"):format(i // 250, i % 250, n)
        or i % 500 == 1 and ("link add s%d up type veth peer name t%d"):format(i, i)
        or ("link set %s%d mtu %d alias x%d"):format(i % 2 == 0 and "old" or "new", n, 1000 + i % 400, i)
    end
    for i = 0, 9 do
      lines[#lines + 1] = ("link del old%d"):format(i)
    end
    local pipe <close> = assert(io.popen("ip -batch - 2>&1", "w")) -- while we listen, too slowly
    local overruns, resyncs = 0, 0
    local function take(seconds)
      for _, event in ipairs(drain(m, seconds)) do
        overruns = overruns + (event.event == "overrun" and 1 or 0)
        resyncs = resyncs + (event.resync and 1 or 0)
        consume(picture, event)
      end
    end
    for i = 1, #lines do
      pipe:write(lines[i], "\n")
      if i % 1000 == 0 then
        pipe:flush()
        take(0.01)
      end
    end
    assert(pipe:close())
    take(0.3)
    assert.is_true(overruns >= 2 and resyncs > 0)
    assert.same(kernel_names(), names(picture))
    local addresses = {}
    for key in pairs(picture.addr) do
      addresses[key] = true
    end
    assert.same(kernel_addresses(), addresses)
  end)

  it("names what vanished meanwhile, before what is new, and nothing else", function()
    batch {
      "link add a0 up type veth peer name a1",
      "link add b0 type veth peer name b1",
      "link add c0 type veth peer name c1",
      "addr add 10.9.0.1/24 dev c0", "link set c0 mtu 1400",
    }
    helper.eventually(function() -- the link watch would add to the storm
      return helper.ip_json("link", "show", "dev", "a0")[1].operstate == "LOWERLAYERDOWN"
    end)
    local gone = helper.ip_json("link", "show", "dev", "b0")[1]
    local m <close> = listen(nil, { "link", "addr" }, { rcvbuf = 1024 })
    local lines = {}
    for i = 1, 300 do
      lines[i] = ("link set a0 alias x%d"):format(i)
    end
    lines[#lines + 1] = "link del b0"
    lines[#lines + 1] = "addr del 10.9.0.1/24 dev c0"
    lines[#lines + 1] = "link add d0 type veth peer name d1"
    batch(lines)
    local list = drain(m)
    assert.equal(1, count(list, "event", "overrun"))
    local at = 1
    while list[at].event ~= "overrun" do
      at = at + 1
    end
    local told, order = {}, {}
    for i = at + 1, #list do
      assert.is_true(list[i].resync)
      local what = list[i].event .. " " .. (list[i].ifname or list[i]["local"])
      told[what], order[#order + 1] = list[i], what
    end
    assert.same({ b0 = true, b1 = true, d0 = true, d1 = true, a0 = true, ["10.9.0.1"] = true }, (function()
      local set = {}
      for what in pairs(told) do
        set[what:match "^%l+ (.*)"] = true
      end
      return set
    end)())
    assert.same({ gone.ifindex, gone.address }, { told["dellink b0"].index, told["dellink b0"].address })
    assert.equal(24, told["deladdr 10.9.0.1"].prefixlen)
    assert.equal("x300", told["newlink a0"].ifalias)
    local seen_new = false
    for _, what in ipairs(order) do
      if what:find "^newlink" then
        seen_new = true
      else
        assert.is_false(seen_new and what:find "^dellink" ~= nil)
      end
    end
  end)

  it("leaves the monitor as good as new", function()
    local m <close> = listen(nil, "link", { rcvbuf = 1024 })
    for round = 1, 5 do
      local lines = {}
      for i = 1, 200 do
        lines[i] = ("link set lo alias %d-%d"):format(round, i)
      end
      batch(lines)
      local list = drain(m)
      expect(list, { event = "overrun" })
      expect(list, { ifname = "lo", ifalias = round .. "-200" })
      assert.is_nil(m:timeout())
      helper.ip("link", "set", "lo", "mtu", tostring(60000 + round))
      assert.equal(60000 + round, assert(m:next(helper.PATIENCE)).mtu)
    end
    helper.ip("link", "set", "lo", "alias", "", "mtu", "65536")
  end)

  it("is told when what is out of date can be discarded, not before", function()
    local m <close> = listen(nil, "link", { rcvbuf = 1024 })
    local lines = {}
    for i = 1, 200 do
      lines[i] = "link set lo mtu " .. 60000 + i
    end
    batch(lines)
    -- the monitor's own source, but it has no memory to discard at first
    local real, refusals = m.source, 2
    m.source = setmetatable({ discard = function()
      refusals = refusals - 1
      if refusals >= 0 then
        return nil, core.error { kind = "io", code = "ENOMEM", message = "out of memory" }
      end
      return real:discard()
    end }, { __index = function(_, name)
      return function(_, ...)
        return real[name](real, ...)
      end
    end })
    local codes, last = {}, nil
    for _ = 1, 400 do
      local event, err = m:next(0)
      if err then
        codes[#codes + 1] = err.code
        assert.is_true(m:timeout() > 0)
      elseif event and event.mtu then
        last = event.mtu
      end
    end
    assert.same({ "ENOMEM", "ENOMEM" }, codes)
    assert.equal(60200, last)
    m.source = real
    helper.ip("link", "set", "lo", "mtu", "65536")
  end)

  it("is followed by differences at once in a loop: the timeout is 0 while some wait", function()
    local m <close> = listen(nil, "link", { rcvbuf = 1024 })
    local lines = {}
    for i = 1, 20 do
      lines[i] = ("link add a%d type veth peer name b%d"):format(i, i)
    end
    batch(lines)
    local event
    repeat
      event = assert(m:next(0))
    until event.event == "overrun"
    assert.is_true(m:timeout() <= 0.05)
    assert(m:next(0))
    assert.equal(0, m:timeout())
    assert.is_true(#drain(m, 0) > 30)
    assert.is_nil(m:timeout())
  end)
end)

-- What a comparison with the kernel tells, which follows a loss, of destinations or addresses that match: the kernel's
-- own IPv6 comes and goes.
local function differences(m, group, ours)
  drain(m)
  m.behind[group] = true
  local list = {}
  for _, event in ipairs(drain(m, 0)) do
    list[#list + 1] = (not ours or (event.dst or event.lladdr or ""):find(ours)) and event or nil
  end
  return list
end

describe("what tells objects apart for zlnet.monitor", function()
  helper.insulate()

  before_each(function()
    for _, name in ipairs { "p0", "p1" } do
      helper.ip("link", "add", name, "type", "bridge")
      helper.ip("link", "set", name, "up", "addrgenmode", "none") -- the kernel's own would come any moment, with routes
    end
    helper.ip("addr", "add", "10.0.0.1/16", "dev", "p0")
    helper.ip("addr", "add", "10.1.0.1/16", "dev", "p1")
    helper.ip("addr", "add", "fd00::1/64", "dev", "p0", "nodad")
    helper.ip("addr", "add", "fd01::1/64", "dev", "p1", "nodad")
    helper.eventually(function() -- the local routes of IPv6 addresses come later
      local text = helper.ip("-6", "route", "show", "table", "local")
      return text:find "fd00::1 " and text:find "fd01::1 "
    end)
  end)
  after_each(clear)

  it("are a route's next hops: one of several to a destination that is lost is told", function()
    helper.ip("addr", "add", "10.8.0.1/24", "dev", "p0")
    helper.ip("addr", "add", "10.8.0.2/24", "dev", "p1")
    local m <close> = listen(nil, "route", { rcvbuf = 1024 })
    local lines = {}
    for i = 1, 250 do
      lines[i] = ("route add 10.99.0.%d dev p1"):format(i)
      lines[251 + i] = ("route del 10.99.0.%d dev p1"):format(i)
    end
    lines[251] = "addr del 10.8.0.1/24 dev p0"
    batch(lines)
    local list = drain(m)
    expect(list, { event = "overrun" })
    local p0 = helper.ip_json("link", "show", "dev", "p0")[1].ifindex
    expect(list, { event = "delroute", dst = "10.8.0.0", dst_len = 24, oif = p0 })
  end)

  it("tell an IPv4 route that is replaced: by one event, and no more after a loss", function()
    local m <close> = listen(nil, "route")
    helper.ip("route", "add", "10.9.0.0/16", "via", "10.0.0.2")
    assert.is_nil(expect(drain(m), { event = "newroute", dst = "10.9.0.0" }).replace)
    helper.ip("route", "replace", "10.9.0.0/16", "via", "10.1.0.2")
    local list = drain(m)
    assert.is_true(expect(list, { event = "newroute", dst = "10.9.0.0", gateway = "10.1.0.2" }).replace)
    assert.equal(1, count(list, "dst", "10.9.0.0"))
    assert.same({}, differences(m, "route", "^10%.9%."))
    helper.ip("route", "append", "10.9.0.0/16", "via", "10.0.0.3")
    helper.ip("route", "append", "10.9.0.0/16", "via", "10.0.0.4")
    assert.equal(2, count(drain(m), "dst", "10.9.0.0"))
    helper.ip("route", "replace", "10.9.0.0/16", "via", "10.0.0.5") -- one of three, which the kernel does not name
    list = drain(m)
    assert.is_true(expect(list, { gateway = "10.0.0.5" }).replace)
    expect(list, { event = "delroute", resync = true, gateway = "10.1.0.2" })
    assert.equal(2, count(list, "dst", "10.9.0.0"))
    helper.ip("route", "del", "10.9.0.0/16", "via", "10.0.0.4")
    expect(drain(m), { event = "delroute", gateway = "10.0.0.4" })
    assert.same({}, differences(m, "route", "^10%.9%."))
  end)

  it("tell an IPv6 route that is replaced, and next hops that come and go", function()
    local m <close> = listen(nil, "route")
    helper.ip("route", "add", "fd09::/64", "via", "fd00::2")
    assert.is_nil(expect(drain(m), { event = "newroute", dst = "fd09::" }).replace)
    helper.ip("route", "replace", "fd09::/64", "via", "fd01::2")
    local list = drain(m)
    assert.is_true(expect(list, { event = "newroute", dst = "fd09::" }).replace)
    assert.equal(1, count(list, "dst", "fd09::"))
    assert.same({}, differences(m, "route", "^fd0[9a]:"))
    helper.ip("route", "append", "fd09::/64", "via", "fd00::3")
    assert.equal(2, #expect(drain(m), { event = "newroute", dst = "fd09::" }).multipath)
    assert.same({}, differences(m, "route", "^fd0[9a]:"))
    helper.ip("route", "del", "fd09::/64", "via", "fd01::2")
    list = drain(m)
    expect(list, { event = "delroute", dst = "fd09::", gateway = "fd01::2" })
    expect(list, { event = "newroute", resync = true, dst = "fd09::", gateway = "fd00::3" }) -- it stays
    assert.same({}, differences(m, "route", "^fd0[9a]:"))
    helper.ip("route", "del", "fd09::/64")
    expect(drain(m), { event = "delroute", dst = "fd09::", gateway = "fd00::3" })
    helper.ip("route", "add", "fd0a::/64", "dev", "p0")
    helper.ip("route", "replace", "fd0a::/64", "dev", "p1")
    assert.is_true(expect(drain(m), { event = "newroute", dst = "fd0a::", replace = true }).replace)
    assert.same({}, differences(m, "route", "^fd0[9a]:"))
  end)

  it("are the numbers of next hops, which are told when they are replaced, and lost ones are made up for", function()
    local m <close> = listen(nil, "nexthop")
    helper.ip("nexthop", "add", "id", "1", "via", "10.0.0.2", "dev", "p0")
    helper.ip("nexthop", "add", "id", "2", "via", "10.1.0.2", "dev", "p1")
    helper.ip("nexthop", "add", "id", "3", "group", "1/2")
    local list = drain(m)
    assert.equal("10.0.0.2", expect(list, { event = "newnexthop", id = 1 }).gateway)
    assert.equal(2, expect(list, { event = "newnexthop", id = 3 }).group[2].id)
    helper.ip("nexthop", "replace", "id", "1", "via", "10.0.0.3", "dev", "p0")
    assert.same({ true, "10.0.0.3" }, (function(event)
      return { event.replace, event.gateway }
    end)(expect(drain(m), { event = "newnexthop", id = 1 })))
    assert.same({}, differences(m, "nexthop"))
    helper.ip("nexthop", "del", "id", "2")
    m.source:discard()
    m.behind = { nexthop = true }
    list = drain(m, 0)
    expect(list, { event = "delnexthop", resync = true, id = 2, gateway = "10.1.0.2" })
    assert.equal(1, #expect(list, { event = "newnexthop", resync = true, id = 3 }).group)
  end)

  it("are family and link of settings, which are made up for after a loss", function()
    local m <close> = listen(nil, "netconf")
    local index = helper.ip_json("link", "show", "dev", "p0")[1].ifindex
    helper.sh "echo 2 > /proc/sys/net/ipv4/conf/p0/rp_filter"
    assert.equal(2, expect(drain(m), { event = "newnetconf", family = "inet", ifindex = index }).rp_filter)
    -- the kernel told that setting alone, so the whole is told again
    assert.equal(0, expect(differences(m, "netconf"), { resync = true, family = "inet", ifindex = index }).forwarding)
    assert.same({}, differences(m, "netconf"))
    helper.sh "echo 1 > /proc/sys/net/ipv6/conf/p0/forwarding"
    m.source:discard()
    m.behind = { netconf = true }
    local list = drain(m, 0)
    assert.equal(1, expect(list, { event = "newnetconf", resync = true, family = "inet6", ifindex = index }).forwarding)
    assert.equal(1, #list)
  end)

  it("are not the timers of bridges and ports", function()
    helper.ip("link", "add", "v0", "up", "master", "p0", "type", "veth", "peer", "name", "v1")
    helper.ip("link", "set", "v1", "up")
    local h <close> = assert(core.open())
    helper.eventually(function() -- the kernel's watch of carriers is done, and the port forwards
      return h:getlink { ifname = "p0" }.operstate == "up"
    end)
    local m <close> = listen(nil, { "link", "bridge" })
    local function timer()
      return h:getlink { ifname = "p0" }.linkinfo.data.gc_timer
    end
    drain(m)
    m.behind = { link = true, bridge = true }
    drain(m)
    local first = timer()
    helper.eventually(function()
      return timer() ~= first
    end)
    m.behind = { link = true, bridge = true }
    assert.same({}, drain(m, 0))
    helper.ip("link", "set", "p0", "type", "bridge", "forward_delay", "700")
    m.source:discard()
    m.behind = { link = true }
    local told = expect(drain(m, 0), { event = "newlink", ifname = "p0", resync = true })
    assert.equal(700, told.linkinfo.data.forward_delay)
  end)

  it("are not the port of a bridge's entry, nor where a vxlan's leads", function()
    helper.ip("link", "add", "v0", "up", "master", "p0", "type", "veth", "peer", "name", "v1")
    helper.ip("link", "add", "v2", "up", "master", "p0", "type", "veth", "peer", "name", "v3")
    helper.ip("link", "add", "x0", "up", "type", "vxlan", "id", "5", "dstport", "4789", "nolearning")
    local function bridge(words)
      local ok, output = helper.sh("bridge " .. words)
      assert(ok, output)
    end
    local m <close> = listen(nil, "fdb")
    bridge "fdb add 02:00:00:00:00:77 dev v0 master static"
    bridge "fdb replace 02:00:00:00:00:77 dev v2 master static"
    bridge "fdb add 02:00:00:00:00:78 dev x0 dst 10.0.0.9"
    bridge "fdb replace 02:00:00:00:00:78 dev x0 dst 10.0.0.10"
    bridge "fdb append 00:00:00:00:00:00 dev x0 dst 10.0.0.11"
    bridge "fdb append 00:00:00:00:00:00 dev x0 dst 10.0.0.12"
    expect(drain(m), { event = "newneigh", lladdr = "02:00:00:00:00:78", dst = "10.0.0.10" })
    assert.same({}, differences(m, "fdb", "^0[02]:00"))
    bridge "fdb del 00:00:00:00:00:00 dev x0 dst 10.0.0.11"
    bridge "fdb del 02:00:00:00:00:78 dev x0"
    m.source:discard()
    m.behind = { fdb = true }
    local list = drain(m, 0)
    expect(list, { event = "delneigh", lladdr = "00:00:00:00:00:00", dst = "10.0.0.11" })
    expect(list, { event = "delneigh", lladdr = "02:00:00:00:00:78", dst = "10.0.0.10" })
  end)
end)

describe("zlnet.monitor hears", function()
  helper.insulate()

  after_each(clear)

  it("which forwarding entries and neighbours a vxlan link lacks", function()
    helper.ip("link", "add", "x0", "type", "vxlan", "id", "5", "dstport", "4789", "nolearning", "proxy", "l2miss",
      "l3miss")
    local link = helper.ip_json("link", "show", "dev", "x0")[1]
    local index = link.ifindex
    local m <close> = listen(nil, "miss", { keys = { miss = { "ifindex", "lladdr", "dst" } } })
    helper.ip("link", "set", "x0", "up") -- looks whether its own address is another's
    local event
    repeat
      event = assert(m:next(5))
    until event.dst
    local own = helper.ip_json("addr", "show", "dev", "x0")[1].addr_info[1]["local"]
    assert.same({ event = "getneigh", ifindex = index, dst = own }, event)
    helper.ip("addr", "add", "10.5.0.1/24", "dev", "x0")
    helper.ip("neigh", "add", "10.5.0.3", "lladdr", "02:00:00:00:00:03", "dev", "x0")
    helper.ping(nil, "10.5.0.3", { timeout = 1 })
    repeat
      event = assert(m:next(5))
    until event.lladdr == "02:00:00:00:00:03"
    assert.same({ event = "getneigh", ifindex = index, lladdr = "02:00:00:00:00:03" }, event)
  end)

  it("all namespaces that have a number here, with that", function()
    local ns <close> = assert(core.netns.new())
    local there <close> = assert(core.open(ns))
    local here <close> = assert(core.open())
    assert(here:newnsid { fd = ns:fd(), nsid = 7 })
    local m <close> = listen(nil, "link", { all_nsid = true })
    local own <close> = listen(nil, "link")
    assert(there:newlink { ifname = "far", linkinfo = { kind = "bridge" } })
    assert(here:newlink { ifname = "near", linkinfo = { kind = "bridge" } })
    local list = drain(m)
    assert.equal(7, expect(list, { event = "newlink", ifname = "far" }).nsid)
    assert.is_nil(expect(list, { event = "newlink", ifname = "near" }).nsid)
    list = drain(own)
    assert.is_nil(find(list, { ifname = "far" }))
    expect(list, { ifname = "near" })
    assert.same({}, differences(m, "link")) -- of here, which is what the picture is of
    assert.error_matches(function()
      monitor.monitor(nil, "link", { all_nsid = 1 })
    end, "boolean expected")
  end)
end)

describe("the picture of zlnet.monitor", function()
  helper.insulate()

  after_each(clear)

  it("does not grow for ever with routes that vanish unannounced, and tells of those", function()
    local m <close> = listen(nil, "route", { rcvbuf = 1 << 23 })
    helper.ip("link", "add", "a0", "up", "type", "veth", "peer", "name", "a1")
    helper.ip("link", "set", "a1", "up")
    helper.ip("addr", "add", "10.0.0.1/8", "dev", "a0")
    local told = 0
    local function hear(seconds)
      local list = drain(m, seconds)
      assert.equal(0, count(list, "event", "overrun"))
      for _, event in ipairs(list) do
        told = told + (event.event == "delroute" and event.resync and 1 or 0)
      end
    end
    for round = 1, 10 do
      for part = 0, 4 do -- few enough for the buffer that anybody may have
        local lines = {}
        for i = 1, 100 do
          lines[i] = ("route add 10.%d.%d.%d/32 dev a0"):format(round, part, i)
        end
        batch(lines)
        hear(0)
      end
      helper.ip("link", "set", "a0", "down") -- all of them are gone, and the kernel says nothing
      helper.ip("link", "set", "a0", "up")
      hear(0.05)
      assert.is_true(m.count.route < 2100)
    end
    assert.is_true(told > 2000)
  end)

  it("takes some hundred bytes an object", function()
    local lines = {}
    for i = 1, 200 do
      lines[i] = ("link add a%d type veth peer name b%d"):format(i, i)
    end
    batch(lines)
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    local m <close> = listen(nil, "link")
    collectgarbage()
    collectgarbage()
    local bytes = (collectgarbage "count" - before) * 1024 / 401
    assert.is_true(bytes < 300, bytes)
    assert.equal(401, m.count.link)
  end)
end)
