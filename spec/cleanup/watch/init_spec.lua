-- SPDX-License-Identifier: MIT
local attach = require "zlnet.attach"
local core = require "zlnet.core"
local detach = require "zlnet.cleanup.detach"
local helper = require "spec.support.helper"
local lfs = require "lfs"
local loop = require "zlnet.loop"
local watch = require "zlnet.cleanup.watch"

-- The next n events (0), however long they take, and what is told in a quiet moment after them.
local function drain(w, n, seconds)
  local list = {}
  for i = 1, n or 0 do
    list[i] = assert(w:next(helper.PATIENCE))
  end
  while true do
    local event, err = w:next(seconds or 0.1)
    assert(not err, err)
    if not event then
      return list
    end
    list[#list + 1] = event
  end
end

-- "deleted veth-5-s", sorted.
local function told(list)
  local texts = {}
  for i, e in ipairs(list) do
    texts[i] = e.event .. (e.ifname and " " .. e.ifname or "")
  end
  table.sort(texts)
  return texts
end

local function veths()
  local names = {}
  for i, link in ipairs(helper.ip_json("link", "show", "type", "veth")) do
    names[i] = link.ifname
  end
  table.sort(names)
  return names
end

local made = 0

local function attached(c, tag)
  made = made + 1
  local a = assert(attach.attach { pid = c.pid, ip = "10.200.0." .. made, tag = tag, ifname = "eth-" .. (tag or "s"),
    default_route = false })
  return a.host_ifname
end

-- Hold the container's namespace, so that the kernel does not take the pair away by itself.
local function pin(c)
  return assert(core.netns.open(c.pid))
end

local function kill(c)
  os.execute("kill -9 " .. c.pid)
end

describe("zlnet.watch", function()
  helper.insulate()

  it("deletes the pair of a container at its death, also when its namespace is held", function()
    local c = helper.container()
    local name = attached(c)
    local _ <close> = pin(c)
    local w <close> = assert(watch.watch())
    assert.same({ "attached " .. name }, told(drain(w, 1)))
    local index = helper.ip_json("link", "show", "dev", name)[1].ifindex
    kill(c)
    local event = assert(w:next(helper.PATIENCE))
    assert.is_string(event.reason) -- "the process has ended", or is not even there any more
    event.reason = nil
    assert.same({ event = "deleted", ifname = name, index = index, pid = c.pid, tag = "s", verdict = "orphan" }, event)
    assert.same({}, veths())
    assert.same({}, drain(w)) -- no more about it
  end)

  it("does so as soon as its descriptor is ready, without waiting for a time of its own", function()
    local w <close> = assert(watch.watch())
    local c = helper.container()
    attached(c)
    local _ <close> = pin(c)
    drain(w, 1)
    assert.is_nil(w:timeout())
    kill(c)
    assert.same({ 1 }, core.poll({ { fd = w:pollfd(), events = "r" } }, helper.PATIENCE))
    local event
    repeat -- others' announcements may be first; none of these calls waits
      event = w:next(0)
    until event or #core.poll({ { fd = w:pollfd(), events = "r" } }, helper.PATIENCE) == 0
    assert.equal("deleted", event and event.event)
    assert.same({}, veths())
  end)

  it("sees attachments which others make and take away while it watches", function()
    local w <close> = assert(watch.watch())
    local c, d = helper.container(), helper.container()
    local code = ("assert(require 'zlnet.attach'.attach { pid = %d, ip = '10.201.0.6' })"):format(c.pid)
    assert(helper.sh(helper.lua .. " -e " .. helper.quote(code)))
    local name, other = ("veth-%d-s"):format(c.pid), attached(d)
    assert.same({ "attached " .. name, "attached " .. other }, told(drain(w, 2)))
    assert(detach.detach { pid = c.pid })
    assert.same({ "detached " .. name }, told(drain(w, 1)))
    local _ <close> = pin(d)
    kill(d)
    assert.same({ "deleted " .. other }, told(drain(w, 1)))
  end)

  it("deletes at once what was an orphan before", function()
    local c, d = helper.container(), helper.container()
    local name, alive = attached(c), attached(d)
    local _ <close> = pin(c)
    c:kill()
    local w <close> = assert(watch.watch())
    assert.same({ "attached " .. name, "attached " .. alive, "deleted " .. name }, told(drain(w, 3)))
    assert.same({ alive }, veths())
    assert(detach.detach { pid = d.pid })
  end)

  it("deletes all the pairs of one container, and of many at once", function()
    local w <close> = assert(watch.watch())
    local list, pids, pins = {}, {}, {}
    for i = 1, 10 do
      list[i] = helper.container()
      attached(list[i])
      attached(list[i], "g")
      pids[i], pins[i] = list[i].pid, pin(list[i])
    end
    assert.equal(20, #drain(w, 20))
    os.execute("kill -9 " .. table.concat(pids, " "))
    local events = drain(w, 20)
    assert.equal(20, #events)
    for _, event in ipairs(events) do
      assert.equal("deleted", event.event)
    end
    assert.same({}, veths())
    for _, ns in ipairs(pins) do
      ns:close()
    end
  end)

  it("leaves the pair while another process lives in the container, and then deletes it", function()
    local w <close> = assert(watch.watch())
    local c = helper.container()
    local name = attached(c)
    local _ <close> = pin(c)
    local pipe = assert(io.popen(("nsenter -t %d -n sh -c 'echo $$; exec sleep 1000' 2>/dev/null"):format(c.pid)))
    local guest = assert(math.tointeger(tonumber(pipe:read())))
    drain(w, 1)
    kill(c)
    local event = assert(w:next(helper.PATIENCE))
    assert.same({ "kept", "in_use", name }, { event.event, event.verdict, event.ifname })
    assert.same({}, drain(w))
    assert.same({ name }, veths())
    os.execute("kill -9 " .. guest)
    assert.same({ "deleted " .. name }, told(drain(w, 1)))
    pipe:close()
  end)

  it("deletes the pair also when that process leaves the container without ending", function()
    if not helper.sh "command -v python3" then
      pending "no python3 to make a thread with"
    end
    local w <close> = assert(watch.watch())
    local c = helper.container()
    local name = attached(c)
    local _ <close> = pin(c)
    local leave = os.tmpname()
    os.remove(leave)
    local script = ([[
import ctypes, os, threading, time
def visit():
    with open("/proc/%d/ns/net") as ns:
        assert ctypes.CDLL(None).setns(ns.fileno(), 0x40000000) == 0
    print(os.getpid(), flush=True)
    while not os.path.exists("%s"): time.sleep(0.01)
threading.Thread(target=visit, daemon=True).start()
time.sleep(1000)]]):format(c.pid, leave)
    local pipe = assert(io.popen("exec python3 -c " .. helper.quote(script)))
    local guest = assert(math.tointeger(tonumber(pipe:read())))
    drain(w, 1)
    kill(c)
    assert.equal("in_use", assert(w:next(helper.PATIENCE)).verdict)
    assert(helper.sh("touch " .. leave))
    local event = w:next(helper.PATIENCE)
    helper.sh("kill -9 " .. guest)
    pipe:close()
    os.remove(leave)
    assert.same({ "deleted", name }, { event and event.event, event and event.ifname })
    assert.same({}, veths())
  end)

  it("is told when the kernel was faster", function()
    local w <close> = assert(watch.watch())
    local c = helper.container()
    local name = attached(c)
    drain(w, 1)
    helper.ip("link", "del", name)
    kill(c)
    assert.same({ "detached " .. name }, told(drain(w, 1)))
  end)

  it("never deletes what sweep would not: links of others, of no process, of another boot", function()
    local c = helper.container()
    local dead = helper.container()
    dead:kill()
    local function veth(name, alias, ...)
      helper.ip("link", "add", name, "type", "veth", "peer", "name", "peer" .. name:sub(-3), ...)
      helper.ip("link", "set", name, "up")
      if alias then
        helper.ip("link", "set", name, "alias", alias)
      end
    end
    local w <close> = assert(watch.watch())
    veth(("veth-%d"):format(dead.pid)) -- no record: the pid may be another namespace's
    veth(("veth-%d-x"):format(dead.pid), "somebody else's")
    local ns <close> = assert(core.netns.new())
    local id = assert(attach.attach { netns = ns, id = "web", ip = "10.201.0.9" })
    local record = helper.ip_json("link", "show", "dev", attached(c))[1].ifalias
    veth(("veth-%d-o"):format(dead.pid), (record:gsub("boot=%x+", "boot=0123456789abcdef")))
    veth("plain1")
    helper.ip("link", "add", ("veth-%d-b"):format(dead.pid), "type", "bridge")
    local before = veths()
    drain(w)
    kill(c)
    local mine = ("veth-%d-s"):format(c.pid)
    local event
    repeat
      event = assert(w:next(helper.PATIENCE))
      assert.is_true(event.event ~= "deleted" or event.ifname == mine)
    until event.ifname == mine and (event.event == "deleted" or event.event == "detached")
    for _, later in ipairs(drain(w, 0, 1.5)) do
      assert.not_equal("deleted", later.event)
    end
    local after, left = veths(), {}
    for _, name in ipairs(before) do
      left[#left + 1] = name ~= ("veth-%d-s"):format(c.pid) and name or nil
    end
    assert.same(left, after)
    assert(detach.detach(id))
    for _, name in ipairs { "", "-x", "-o", "-b" } do
      helper.ip("link", "del", ("veth-%d%s"):format(dead.pid, name))
    end
    helper.ip("link", "del", "plain1")
  end)

  it("deletes nothing with dry_run", function()
    local w <close> = assert(watch.watch { dry_run = true })
    local c = helper.container()
    local name = attached(c)
    local _ <close> = pin(c)
    kill(c)
    assert.same({ "attached " .. name, "orphan " .. name }, told(drain(w, 2)))
    assert.same({ name }, veths())
    helper.ip("link", "del", name)
    assert.same({ "detached " .. name }, told(drain(w, 1)))
  end)

  it("survives lost announcements", function()
    local w <close> = assert(watch.watch())
    helper.ip("link", "set", "lo", "up")
    local c, d = helper.container(), helper.container()
    local one = attached(c)
    local _ <close> = pin(d)
    drain(w, 1)
    helper.ip("link", "del", one)
    local pipe = assert(io.popen("ip -batch - 2>&1", "w"))
    for i = 1, 3000 do
      pipe:write("link set lo alias x", i, "\n")
    end
    assert(pipe:close())
    local two = attached(d)
    assert.same({ "attached " .. two, "detached " .. one, "overrun" }, told(drain(w, 3)))
    kill(d)
    assert.same({ "deleted " .. two }, told(drain(w, 1)))
    helper.ip("link", "set", "lo", "down", "alias", "")
  end)

  it("works in with_netns_async's loop, behind one descriptor", function()
    local w <close> = assert(watch.watch())
    local c = helper.container()
    local name = attached(c)
    local _ <close> = pin(c)
    os.execute(("(sleep 0.1; kill -9 %d) &"):format(c.pid))
    local list = loop.run(function()
      local list = {}
      while #list < 2 do
        coroutine.yield(w)
        for _, event in ipairs(drain(w, 0, 0)) do
          list[#list + 1] = event
        end
      end
      return list
    end)
    assert.same({ "attached " .. name, "deleted " .. name }, told(list))
    assert.equal(w:pollfd(), w:fd())
    assert.equal(w:pollfd(), w:getfd())
    assert.same({ "r", nil }, { w:events(), w:timeout() })
    assert.same({}, core.poll({ { fd = w:pollfd(), events = "r" } }, 0.05))
  end)

  it("is a loop of its own", function()
    local w <close> = assert(watch.watch())
    local c = helper.container()
    attached(c)
    local list = {}
    assert.equal("end", w:run(function(event)
      list[#list + 1] = event.event
      if event.event == "attached" then
        os.execute(("kill -9 %d"):format(c.pid))
      end
      return (event.event == "deleted" or event.event == "detached") and "end"
    end))
    -- between its process's end and its own the pair may be looked at
    assert.same({ "attached", #list == 3 and "kept" or list[2], list[3] }, list)
    assert.is_true(list[#list] == "deleted" or list[#list] == "detached")
  end)

  it("refuses to judge from another namespace than its own", function()
    local c = helper.container()
    attached(c)
    local w <close> = assert(watch.watch())
    drain(w, 1)
    local ns <close> = pin(c)
    kill(c)
    local ok, message = pcall(ns.run, ns, w.next, w, helper.PATIENCE)
    assert.is_false(ok)
    assert.match("in the network namespace that it was made in", message)
    assert.equal(1, #veths())
    assert.same({ "deleted" }, { (w:next(helper.PATIENCE) or {}).event }) -- back in its own it does
    assert.same({}, veths())
  end)

  it("raises for wrong options, and after it was closed", function()
    for _, o in ipairs { { x = 1 }, { grace = -1 }, { dry_run = 1 }, "no" } do
      assert.is_false(pcall(watch.watch, o))
    end
    local w = assert(watch.watch())
    w:close()
    w:close()
    for _, name in ipairs { "next", "pollfd", "events", "timeout", "fd", "getfd" } do
      assert.error_matches(function()
        w[name](w)
      end, "closed watcher", 1, true)
    end
    assert(watch.watch()) -- collected: insulate looks
  end)

  it("watches hundreds of containers", function()
    local n = tonumber(os.getenv "WATCHED") or 150 -- 1000 in `make stress`
    local pipe = assert(io.popen(("for i in $(seq %d); do unshare --net sleep 600 >/dev/null 2>&1 & echo $!; done")
      :format(n)))
    local pids = {}
    for line in pipe:lines() do
      pids[#pids + 1] = math.tointeger(tonumber(line))
    end
    pipe:close()
    local own = lfs.symlinkattributes("/proc/self/ns/net", "target")
    for _, pid in ipairs(pids) do
      helper.eventually(function()
        return lfs.symlinkattributes(("/proc/%d/ns/net"):format(pid), "target") ~= own
      end)
    end
    local w <close> = assert(watch.watch())
    for i, pid in ipairs(pids) do
      assert(attach.attach { pid = pid, ip = ("10.202.%d.%d"):format(i // 250, i % 250 + 1) })
    end
    local count = { attached = 0, deleted = 0, detached = 0 }
    local function take(k)
      for _, event in ipairs(drain(w, k)) do
        count[event.event] = (count[event.event] or 0) + 1
      end
    end
    take(n)
    assert.equal(n, count.attached)
    os.execute("kill -9 " .. table.concat(pids, " ", 1, n // 2))
    take(n // 2)
    assert.equal(n // 2, count.deleted + count.detached)
    assert.equal(n - n // 2, #veths())
    os.execute("kill -9 " .. table.concat(pids, " ", n // 2 + 1))
    take(n - n // 2)
    assert.equal(n, count.deleted + count.detached)
    assert.is_nil(count.failed)
    assert.same({}, veths())
  end)
end)
