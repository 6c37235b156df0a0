-- SPDX-License-Identifier: MIT
-- Jobs, monitors and watchers in event loops that know nothing of zlnet, each with its real library; and all of them in
-- with_netns_async's.
local helper = require "spec.support.helper"
local loops = require "spec.support.loops"
local node = require "spec.support.node"
local zlnet = require "zlnet"

local function make_bridges(h, n)
  local batch = h:batch()
  for i = 1, n do
    batch:newlink { ifname = "br" .. i, linkinfo = { kind = "bridge" } }
  end
  assert(select(2, assert(batch:send())) == nil)
end

-- The kernel takes milliseconds for each.
local function delete_bridges(h, n)
  local batch = h:batch()
  for i = 1, n do
    assert(batch:dellink { ifname = "br" .. i })
  end
  return batch
end

-- What a source has to tell, until it is silent.
local function each(source)
  return function()
    local event, err = source:next(0)
    assert(not err, err)
    return event
  end
end

-- A container with an attachment, whose namespace outlives it: only a watcher takes the pair away.
local function attached()
  local c = helper.container()
  local a = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
  return c, a.host_ifname, assert(zlnet.netns.open(c.pid))
end

-- Bridges that are left, with one wait of the kernel's.
local function clear()
  local list = node.links()
  for i, name in ipairs(list) do
    list[i] = "ip link set " .. name .. " group 77"
  end
  list[#list + 1] = "ip link del group 77"
  helper.sh(table.concat(list, "; "))
end

local function kill(c)
  os.execute("kill -9 " .. c.pid)
end

for _, library in ipairs { "cqueues", "luv", "copas", "socket" } do
  describe("in " .. (library == "socket" and "luasocket's select" or library), function()
    local missing = loops.missing(library)
    if missing then
      it("jobs, monitors and watchers work", function()
        pending(missing)
      end)
      return
    end

    local loop

    setup(function() -- what a library keeps for good, it has from here on
      local first = loops[library]()
      first.every(0.001, first.stop)
      first.run()
      first.close()
    end)

    helper.insulate()

    before_each(function()
      loop = loops[library]()
      loop.every(helper.PATIENCE, function()
        error "it was not done in time"
      end)
    end)

    after_each(function()
      loop.close()
      clear()
    end)

    it("a monitor's events arrive as things happen", function()
      local h <close> = assert(zlnet.open())
      local m <close> = assert(zlnet.monitor(nil, { "link", "addr" }))
      local steps = {
        function()
          make_bridges(h, 1)
        end,
        function()
          assert(h:newaddr { index = "br1", ["local"] = "10.0.0.5", prefixlen = 24 })
        end,
        function()
          helper.ip("link", "del", "br1")
        end,
      }
      local heard, done = {}, 0
      loop.on(m, function()
        for event in each(m) do
          local what = event.event .. " " .. (event.ifname or event["local"] or "")
          heard[#heard + 1] = heard[#heard] ~= what and what or nil
        end
      end)
      loop.every(0.02, function()
        if done < #steps then
          done = done + 1
          steps[done]()
        elseif heard[#heard] == "dellink br1" then
          loop.off(m)
          loop.stop()
        end
      end)
      loop.run()
      assert.same({ "newlink br1", "newaddr 10.0.0.5", "deladdr 10.0.0.5", "dellink br1" }, heard)
    end)

    it("time goes on while a job deletes links, and a monitor hears of each", function()
      local h <close> = assert(zlnet.open())
      local m <close> = assert(zlnet.monitor(nil, "link"))
      make_bridges(h, 10)
      for _ in each(m) do end -- luacheck: ignore 542
      local gone, at_once, ticks, ticks_then, results, failed = 0, nil, 0, nil, nil, nil
      local job <close> = assert(h:submit(delete_bridges(h, 10)))
      loop.on(job, function()
        results, failed = job:result(0)
        ticks_then = ticks
        loop.off(job)
      end)
      loop.on(m, function()
        for event in each(m) do
          gone = gone + (event.event == "dellink" and 1 or 0)
        end
        at_once = at_once or results == nil and gone > 0 and gone < 10
      end)
      loop.every(0.002, function()
        ticks = ticks + 1
        if results and gone == 10 then
          loop.off(m)
          loop.stop()
        end
      end)
      loop.run()
      assert.same({ 10, nil }, { #results, failed })
      assert.same({ true, true }, { results[1], results[10] })
      assert.is_true(ticks_then >= 10, ticks_then)
      assert.is_true(at_once) -- while it was being done
      assert.same({}, node.links())
    end)

    it("jobs are done side by side, and one that is closed is not done to its end", function()
      local h <close> = assert(zlnet.open())
      make_bridges(h, 40)
      local list, left = {}, 3
      for i = 1, 3 do
        local batch = h:batch()
        batch:getlink { ifname = "br" .. 37 + i } -- the last to go
        local job = assert(h:submit(batch))
        loop.on(job, function()
          list[i] = job:result(0)[1].ifname
          loop.off(job)
          job:close()
          left = left - 1
        end)
      end
      local long <close> = assert(h:submit(delete_bridges(h, 40)))
      loop.on(long, function()
        error "it is ready too early"
      end)
      loop.every(0.01, function()
        if left == 0 and #assert(h:getlinks()) < 38 then -- ip(8) does not ask again when its dump is interrupted
          loop.off(long)
          long:close()
          loop.stop()
        end
      end)
      loop.run()
      assert.same({ "br38", "br39", "br40" }, list)
      local names = node.links()
      assert.is_true(#names > 0 and #names < 38, #names)
    end)

    it("a watcher takes an orphan away", function()
      local c, name, _ <close> = attached()
      local w <close> = assert(zlnet.watch())
      local heard = {}
      loop.on(w, function()
        for event in each(w) do
          heard[#heard + 1] = event.event .. " " .. event.ifname
          if event.event == "attached" then
            kill(c)
          else
            loop.off(w)
            loop.stop()
          end
        end
      end)
      loop.run()
      assert.same({ "attached " .. name, "deleted " .. name }, heard)
      assert.same({}, node.links())
    end)

    it("is free of a watcher and a monitor that were closed, and goes on", function()
      local c, name, _ <close> = attached()
      local w, m = assert(zlnet.watch()), assert(zlnet.monitor(nil, "link"))
      local again <close> = assert(zlnet.monitor(nil, "link"))
      local closed, late, ticks, heard = false, 0, 0, false
      for _, source in ipairs { w, m } do
        loop.on(source, function()
          late = late + (closed and 1 or 0)
          for _ in each(source) do end -- luacheck: ignore 542
        end)
      end
      loop.on(again, function()
        for event in each(again) do
          heard = heard or event.event == "dellink"
        end
      end)
      loop.every(0.01, function()
        ticks = ticks + 1
        if ticks == 5 then
          for _, source in ipairs { w, m } do
            loop.off(source)
            source:close()
          end
          closed = true
        elseif ticks == 6 then
          kill(c)
        elseif ticks == 20 then
          assert.same({ name }, node.links()) -- nobody watches any more
          helper.ip("link", "del", name)
        elseif heard then
          loop.off(again)
          loop.stop()
        end
      end)
      loop.run()
      assert.equal(0, late)
      assert.is_true(ticks > 20)
    end)
  end)
end

describe("with_netns_async", function()
  helper.insulate()

  it("drives a monitor, a job and a watcher of the container's namespace, all at once", function()
    local outer = helper.container()
    local c = helper.container()
    local _ <close> = assert(zlnet.netns.open(c.pid))
    local got = zlnet.with_netns_async(outer.pid, function()
      local h <close> = assert(zlnet.open())
      make_bridges(h, 10)
      local m <close> = assert(zlnet.monitor(nil, "link"))
      local w <close> = assert(zlnet.watch())
      local job <close> = assert(h:submit(delete_bridges(h, 10)))
      local name = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" }).host_ifname
      local list, ticks, gone, results, ended = {}, 0, 0, nil, false
      local deadline = helper.clock() + helper.PATIENCE
      while not (results and gone >= 11 and ended) do
        assert(helper.clock() < deadline, "it was not done in time")
        -- a job that is done stays ready: it is waited for once
        for _, ready in ipairs { coroutine.yield(m, w, not results and job or nil, 0.002) } do
          if ready == job then
            results = job:result(0)
          elseif ready == m then
            for event in each(m) do
              gone = gone + (event.event == "dellink" and 1 or 0)
            end
          else
            for event in each(w) do
              list[#list + 1] = event.event .. " " .. (event.ifname == name and "it" or event.ifname)
              ended = event.event == "deleted"
              if event.event == "attached" then
                kill(c)
              end
            end
          end
        end
        ticks = ticks + 1
      end
      return { list = list, ticks = ticks, results = #results, links = #zlnet.list_all_links() }
    end)
    assert.same({ "attached it", "deleted it" }, got.list)
    assert.same({ 10, 1 }, { got.results, got.links })
    assert.is_true(got.ticks > 1, got.ticks) -- the job was not waited for in one go
    assert.equal(1, #outer:ip_json "link")
    assert.same({}, node.links())
  end)

  it("drives those that were made outside, of another namespace", function()
    local c = helper.container()
    local h <close> = assert(zlnet.open())
    local m <close> = assert(zlnet.monitor(nil, "link"))
    local batch = h:batch()
    batch:newlink { ifname = "br1", linkinfo = { kind = "bridge" } }
    local results, heard = zlnet.with_netns_async(c.pid, function()
      local job <close> = assert(h:submit(batch))
      local results
      repeat
        results = coroutine.yield(job) == job and job:result(0)
      until results
      assert(coroutine.yield(m, helper.PATIENCE) == m)
      return results, m:next(0)
    end)
    assert.equal("br1", results[1].ifname)
    assert.same({ "newlink", "br1" }, { heard.event, heard.ifname })
    assert.same({ "br1" }, node.links())
    assert.equal(1, #c:ip_json "link")
    helper.ip("link", "del", "br1")
  end)
end)
