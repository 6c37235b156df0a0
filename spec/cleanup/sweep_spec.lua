-- SPDX-License-Identifier: MIT
local alias = require "zlnet.record.line"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local owner = require "zlnet.record.names"
local zlnet = require "zlnet"

describe("zlnet.sweep", function()
  helper.insulate()

  local made = {}

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
    for i = #made, 1, -1 do
      made[i]()
      made[i] = nil
    end
  end)

  local function finally(f)
    made[#made + 1] = f
  end

  local function attach(c, options)
    options = options or {}
    options.pid = not options.netns and c.pid or nil
    options.ip = options.ip or "10.200.0.5"
    return assert(zlnet.attach(options))
  end

  -- A container whose namespace outlives it.
  local function pinned()
    local c = helper.container()
    local unpin, path = node.pin(c)
    finally(unpin)
    return c, path
  end

  local function run(options)
    local report = assert(zlnet.sweep(options))
    local by = {}
    for _, v in ipairs(report.verdicts) do
      by[v.ifname] = v.verdict
    end
    assert.same({}, report.failed)
    return by, report
  end

  -- The verdict on this one link; what is not an orphan is still there afterwards, what is one is gone.
  local function verdict(name, options)
    local by, report = run(options)
    local dry = options and options.dry_run
    assert.equal(by[name] ~= "orphan" or dry == true, node.link(name) ~= nil, name)
    assert.same(by[name] == "orphan" and not dry and { name } or {}, report.deleted)
    return by[name]
  end

  local function rename_record(a, change, to)
    local line = node.link(a.host_ifname).ifalias
    local changed, n = line:gsub(change, to)
    assert.equal(1, n)
    assert.is_table(alias.parse(changed), changed)
    helper.ip("link", "set", a.host_ifname, "alias", changed)
  end

  it("leaves what is alive as it is", function()
    local c = helper.container()
    local a = attach(c, { ip = { "10.200.0.5", "fd00:200::5" } })
    local before = node.state()
    assert.equal("alive", verdict(a.host_ifname))
    assert.equal(before, node.state())
    assert.is_true((helper.ping(nil, "10.200.0.5")))
  end)

  it("deletes the orphan of a dead owner whose namespace stays", function()
    local c, path = pinned()
    local a, other = attach(c), helper.container()
    local live = attach(other, { ip = "10.200.0.6" })
    c:kill()
    assert.same({ [a.host_ifname] = "orphan", [live.host_ifname] = "alive" }, (run { dry_run = true }))
    local by, report = run()
    assert.same({ [a.host_ifname] = "orphan", [live.host_ifname] = "alive" }, by)
    assert.same({ a.host_ifname }, report.deleted)
    assert.same({ live.host_ifname }, node.links())
    assert.not_match("eth0", select(2, helper.sh("nsenter --net=" .. path .. " ip link")))
    assert.is_true((helper.ping(nil, "10.200.0.6")))
    assert.same({ [live.host_ifname] = "alive" }, (run()))
  end)

  it("says in_use while a process lives in the namespace, which then is an orphan's", function()
    local c, path = pinned()
    local a = attach(c)
    local leave = node.guest(path)
    c:kill()
    assert.equal("in_use", verdict(a.host_ifname))
    leave()
    assert.equal("orphan", verdict(a.host_ifname))
  end)

  for _, kind in ipairs { "fork", "thread" } do
    it(("never says orphan while a chain of tasks lives in the namespace (%s), each for a moment only"):format(kind),
      function()
        local c, path = pinned()
        local a = attach(c)
        local stop = node.chain(path, kind)
        c:kill()
        for i = 1, 200 do
          assert.not_equal("orphan", verdict(a.host_ifname, { dry_run = i % 2 == 0 }))
        end
        stop()
        helper.eventually(function()
          return verdict(a.host_ifname, { dry_run = true }) == "orphan"
        end)
      end)
  end

  it("takes a namespace that only a name holds for empty, or for one in use, as its caller likes", function()
    local c = pinned()
    local a = attach(c)
    c:kill()
    assert.equal("in_use", verdict(a.host_ifname, { keep_held = true }))
    assert.equal("orphan", verdict(a.host_ifname, { keep_held = false }))
  end)

  it("takes a namespace that only a descriptor holds for empty, or for one in use, as its caller likes", function()
    local c = helper.container()
    local unpin, path = node.pin(c)
    finally(unpin)
    local a = attach(c)
    local holder = assert(io.popen(("exec 9<%s; touch /run/held; read -r _"):format(path), "w"))
    finally(function()
      holder:close()
    end)
    helper.eventually(function()
      return helper.sh "rm /run/held"
    end)
    c:kill()
    unpin()
    assert.equal("in_use", verdict(a.host_ifname, { keep_held = true }))
    assert.equal("orphan", verdict(a.host_ifname))
  end)

  -- What f returns while this function of a module is another.
  local function with(module, name, other, f)
    local own = module[name]
    module[name] = other
    local ran, result = pcall(f)
    module[name] = own
    assert(ran, result)
    return result
  end

  it("judges once more right before it deletes: a process may have entered meanwhile", function()
    local c, path = pinned()
    local a = attach(c)
    c:kill()
    local leave
    local delete_links = require "zlnet.cleanup.delete_links"
    local own = delete_links.links
    local by = with(delete_links, "links", function(...)
      leave = leave or node.guest(path)
      return own(...)
    end, run)
    assert.same({ [a.host_ifname] = "in_use" }, by)
    assert.is_table(node.link(a.host_ifname))
    leave()
    assert.equal("orphan", verdict(a.host_ifname))
  end)

  it("says unknown where processes may have been missed", function()
    local c = pinned()
    local a = attach(c)
    c:kill()
    local core = require "zlnet.core"
    local own = core.occupants
    local by = with(core, "occupants", function(...)
      local users = assert(own(...))
      users.all = false
      return users
    end, run)
    assert.same({ [a.host_ifname] = "unknown" }, by)
    assert.equal("orphan", verdict(a.host_ifname))
  end)

  it("knows a recycled pid by its start time", function()
    local c = pinned()
    local a = attach(c)
    rename_record(a, "start=%d+", "start=1") -- as if the pid had been another process's, which is dead
    assert.equal("in_use", verdict(a.host_ifname)) -- the later process lives in the namespace
    local elsewhere = pinned()
    local b = attach(elsewhere, { ip = "10.200.0.6" })
    helper.sleep(0.05) -- start times are counted in hundredths of a second
    local d = helper.container()
    elsewhere:kill()
    rename_record(b, "pid=%d+", "pid=" .. d.pid) -- the number of a living process, but not the one that owned it
    assert.equal("orphan", verdict(b.host_ifname))
    assert.is_table(node.link(a.host_ifname))
  end)

  it("says foreign for another's alias, another boot and another pid namespace", function()
    local c = pinned()
    local a = attach(c)
    local name = a.host_ifname
    local line = node.link(name).ifalias
    c:kill()
    for _, change in ipairs { { "boot=%x+", "boot=0123456789abcdef" }, { "pidns=%d+", "pidns=4026530000" } } do
      rename_record(a, change[1], change[2])
      assert.equal("foreign", verdict(name))
      helper.ip("link", "set", name, "alias", line)
    end
    helper.ip("link", "set", name, "alias", "owned by another manager")
    assert.equal("foreign", verdict(name))
    helper.ip("link", "set", name, "alias", line)
    assert.equal("orphan", verdict(name))
  end)

  it("takes an owner with an id for alive when it is listed, else for an orphan, unknown without a list", function()
    local c, path = pinned()
    local a = attach(c, { netns = path, id = "web-1" })
    c:kill()
    assert.equal("unknown", verdict(a.host_ifname))
    assert.equal("alive", verdict(a.host_ifname, { valid = { "web-2", "web-1" } }))
    assert.equal("foreign", verdict(a.host_ifname, { valid = {}, owner = "db-" }))
    assert.equal("orphan", verdict(a.host_ifname, { valid = { "web-2" }, owner = "web-" }))
  end)

  it("leaves what is younger than the grace period", function()
    local c = pinned()
    local a = attach(c)
    c:kill()
    assert.equal("young", verdict(a.host_ifname, { grace = 60 }))
    rename_record(a, "time=%d+", "time=" .. os.time() - 60)
    assert.equal("orphan", verdict(a.host_ifname, { grace = 60 }))
  end)

  it("takes what has no record, but our MAC, for an orphan only while no attach is under way", function()
    local name = owner.host_name({ id = "web-1" }, "s")
    local c, path = pinned()
    helper.ip("link", "add", name, "address", owner.mac("id=web-1", "s", "host"), "type", "veth",
      "peer", "name", "eth0", "netns", c.pid)
    c:kill()
    do
      local here <close> = assert(zlnet.netns.open(nil))
      assert(here:lock "shared") -- what an attach holds
      local began = helper.clock()
      assert.equal("young", verdict(name, { timeout = 0.2 }))
      assert.is_true(helper.clock() - began >= 0.2)
    end
    local leave = node.guest(path)
    assert.equal("in_use", verdict(name))
    leave()
    assert.equal("orphan", verdict(name))
  end)

  it("does not make attaches wait, nor wait for them, where every link bears its record", function()
    local c = pinned()
    local a = attach(c)
    c:kill()
    local here <close> = assert(zlnet.netns.open(nil))
    assert(here:lock "shared")
    assert.equal("orphan", verdict(a.host_ifname, { timeout = 100000 })) -- else it would be still here
  end)

  it("judges no other kind, no other name, and no other end", function()
    local c = helper.container()
    local dead = c.pid
    c:kill()
    local live = helper.container()
    helper.ip("link", "add", ("veth-%d-s"):format(dead), "type", "bridge")
    helper.ip("link", "add", ("vc-%d"):format(dead), "type", "bridge")
    for i, name in ipairs { "veth0", "veth-0", "veth-x-s", ("veth-%d-abc"):format(dead), ("vetb-%d-s"):format(dead),
      "veth1234567-s", "veth12345678-s", ("veth-0%d"):format(dead) } do
      helper.ip("link", "add", name, "type", "veth", "peer", "name", "p" .. i, "netns", live.pid)
    end
    local before = node.state()
    assert.same({}, (run()))
    assert.equal(before, node.state())
  end)

  it("tells an index from the same index in another namespace", function()
    -- the container's eth0 has an index which on the node is another, living link's
    local c = pinned()
    local a = attach(c)
    local live = helper.container()
    helper.ip("link", "add", "index", a.index == a.host_index and a.index + 50 or a.index, "name", "same",
      "type", "veth", "peer", "name", "eth0", "netns", live.pid)
    c:kill()
    assert.equal("orphan", verdict(a.host_ifname))
    assert.is_table(node.link "same")
    -- netnsid: the orphan's other end is in a namespace which no process lives in, though one with its index does
    local d, e = pinned(), helper.container()
    local index = 77
    helper.ip("link", "add", "index", index, "name", ("veth-%d-s"):format(d.pid), "type", "veth",
      "peer", "name", "eth0", "netns", d.pid)
    e:ip("link", "add", "index", index, "name", "eth0", "type", "veth", "peer", "name", "eth1")
    local line = ("zlnet/1 pid=%d start=1 boot=%s pidns=%s netns=1 tag=s time=1"):format(d.pid,
      select(2, helper.sh "tr -d '-' </proc/sys/kernel/random/boot_id"):sub(1, 16),
      select(2, helper.sh "stat -Lc %i /proc/self/ns/pid"):match "%d+")
    helper.ip("link", "set", ("veth-%d-s"):format(d.pid), "alias", line)
    assert.equal("in_use", verdict(("veth-%d-s"):format(d.pid)))
    d:kill()
    assert.equal("orphan", verdict(("veth-%d-s"):format(d.pid)))
    assert.equal(index, e:ip_json("link", "show", "dev", "eth0")[1].ifindex)
  end)

  describe("refuses to judge", function()
    -- A sweep by a process that sees another /proc; what it says of the one candidate, an orphan to those who see.
    local function seen_through(mounting)
      local c = pinned()
      local a = attach(c)
      c:kill()
      local script = "local r, err = require 'zlnet'.sweep() print(r and r.verdicts[1].verdict or err.kind)"
      -- a sanitizer looks itself up in /proc too, and complains
      local _, output = helper.sh(("unshare --mount sh -c %s"):format(helper.quote(
        mounting .. " && exec " .. helper.lua .. " -e " .. helper.quote(script) .. " 2>/dev/null")))
      assert.is_table(node.link(a.host_ifname))
      return (output:gsub("\n$", ""))
    end

    local it_hidden = helper.it_where(helper.user_namespaces(), "nothing is hidden from real root")
    it_hidden("where /proc hides processes", function()
      assert.equal("unknown", seen_through "mount -t proc -o hidepid=2 proc /proc")
    end)

    it("where /proc is another pid namespace's", function()
      assert.equal("io", seen_through "unshare --pid --fork mount -t proc proc /proc")
    end)

    it("what it cannot be sure of by a name alone", function()
      local c = pinned()
      local name = ("veth-%d-s"):format(c.pid)
      helper.ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", c.pid)
      c:kill()
      assert.equal("unknown", verdict(name)) -- we are in a pid namespace which is not the machine's first
    end)
  end)

  it("takes the record of another pid namespace for foreign, seen from inside and from outside", function()
    local c = pinned()
    local a = attach(c)
    c:kill()
    local script = "local r = assert(require 'zlnet'.sweep()) print(r.verdicts[1].verdict)"
    local _, output = helper.sh(("unshare --mount --pid --fork --mount-proc %s -e %s"):format(helper.lua,
      helper.quote(script)))
    assert.equal("foreign\n", output)
    assert.is_table(node.link(a.host_ifname))
  end)

  it("deletes many orphans, leaves the living among them, and names each", function()
    local dead, path = pinned()
    local live = helper.container()
    local expected, gone = {}, {}
    for i = 1, 20 do
      local tag = ("%02d"):format(i)
      local a = attach(dead, { tag = tag, ifname = "e" .. i, ip = "10.200.1." .. i, default_route = false })
      local b = attach(live, { tag = tag, ifname = "e" .. i, ip = "10.200.2." .. i, default_route = false })
      expected[a.host_ifname], expected[b.host_ifname] = "orphan", "alive"
      gone[i] = a.host_ifname
    end
    dead:kill()
    local by, report = run()
    assert.same(expected, by)
    table.sort(report.deleted)
    table.sort(gone)
    assert.same(gone, report.deleted)
    assert.equal(20, #node.links())
    assert.equal("1\n", select(2, helper.sh("nsenter --net=" .. path .. " ip -o link | wc -l")))
    for _, link in ipairs(helper.ip_json "link") do
      assert.equal("default", link.group)
    end
  end)

  it("reports what it could not delete and leaves its group as it was", function()
    local c = pinned()
    local names = {}
    for i, tag in ipairs { "s", "g" } do
      names[i] = attach(c, { tag = tag, ifname = "e" .. i, ip = "10.200.0." .. i, default_route = false }).host_ifname
    end
    c:kill()
    local script = [[
      local r = assert(require "zlnet".sweep())
      for i, v in ipairs(r.verdicts) do print(v.verdict, r.failed[i].code, r.failed[i].link) end
      print(#r.deleted)]]
    local _, output = helper.sh(("setpriv --bounding-set -net_admin %s -e %s"):format(helper.lua, helper.quote(script)))
    table.sort(names)
    local seen = {}
    for name in output:gmatch "orphan\tEPERM\t(%S+)\n" do
      seen[#seen + 1] = name
    end
    table.sort(seen)
    assert.same(names, seen)
    assert.match("0\n$", output)
    assert.equal(2, #node.links())
  end)

  it("refuses bad options by name", function()
    for option, bad in pairs {
      dry_run = "yes", valid = "web", grace = -1, keep_held = 1, by_name = 1, owner = "", timeout = 0, dryrun = true,
    } do
      local ok, message = pcall(function()
        local result = zlnet.sweep { [option] = bad }
        return result
      end)
      assert.is_false(ok)
      assert.match(("^spec/cleanup/sweep_spec.lua:%%d+: bad option '%s' to 'sweep'"):format(option), message)
    end
    for _, bad in ipairs { { 5 }, { a = true }, { "a", nil, "b" }, { "" } } do
      assert.has_error(function()
        zlnet.sweep { valid = bad }
      end)
    end
  end)
end)
