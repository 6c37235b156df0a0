-- SPDX-License-Identifier: MIT
-- The works, one function each. Each adds to `results[item][contestant key][round]`, in µs per unit.
-- The contestants take turns within a round, from another one on each round, so a slow spell of the machine hits all.
local commands = require "commands"
local contestants = require "contestants"
local node = require "node"
local sh = require "sh"
local stat = require "stat"
local verify = require "verify"

local items = {}

local function note(results, item, key, round, value)
  results[item] = results[item] or {}
  results[item][key] = results[item][key] or {}
  results[item][key][round] = value
end

local function in_turn(list, round)
  local turned = {}
  for i = 1, #list do
    turned[i] = list[(i + round - 2) % #list + 1]
  end
  return turned
end

local function can(list, work)
  local able = {}
  for _, c in ipairs(list) do
    able[#able + 1] = c[work] and c or nil
  end
  return able
end

--- A contestant that fails is out, with the reason; the others go on.
local function guarded(run, item, c, f)
  local what = item .. ": " .. c.name
  if run.out[what] then
    return
  end
  local ok, err = pcall(f)
  if not ok then
    run.out[what] = tostring(err):match("[^\n]*")
    run.say(("out of %s: %s"):format(what, run.out[what]))
  end
end

--- The attachments that others find: zlnet's, so that its sweep knows them; where it can't make them, the floor's.
local function attach_untimed(run, jobs)
  local zlnet = run.taking_part.zlnet
  local ok, err = pcall((zlnet or contestants.floor).attach, jobs)
  if not ok and zlnet then
    run.say("zlnet did not attach what others are to find: " .. tostring(err):match "[^\n]*")
    node.fleet(jobs)
    contestants.floor.attach(jobs)
  end
end

-- ---- attach, detach one, detach a fleet
local SINGLES = 5 -- one delete costs 20 ms: five a round are enough

local function delete(run, c, round, jobs)
  if c.all_one then
    note(run.results, "detach one", c.key, round, stat.median(c.one(jobs)))
    return
  end
  local singles = c.one and math.min(SINGLES, #jobs // 2) or 0
  if singles > 0 then
    local us = stat.median(c.one(node.copies(jobs, 1, singles)))
    note(run.results, "detach one", c.key, round, us)
    if c.key == "floor" then
      note(run.results, "detach fleet", "bare C, one by one", round, us)
    end
  end
  local rest = node.copies(jobs, singles + 1, #jobs)
  if c.fleet then
    note(run.results, "detach fleet", c.key, round, c.fleet(rest) / #rest)
  else
    node.fleet(rest)
  end
  verify.left(1, c.name)
end

local function attach_round(run, c, round, jobs)
  local us = c.attach(jobs)
  assert(#us == #jobs, "one time per container is expected")
  verify.attached(jobs, c.state, c.name)
  note(run.results, "attach", c.key, round, stat.median(us))
  delete(run, c, round, jobs)
end

function items.attach(run)
  local n = run.options.n
  local held = node.containers(n)
  for round = 1, run.options.rounds do
    run.say(("attach, round %d of %d"):format(round, run.options.rounds))
    for _, c in ipairs(in_turn(can(run.contestants, "attach"), round)) do
      local jobs = node.copies(held.jobs, 1, math.max(3, math.floor(n * c.share)))
      guarded(run, "attach", c, function()
        attach_round(run, c, round, jobs)
      end)
      node.clear(jobs)
    end
  end
  held.stop()
end

-- ---- attached and detached again, the same container each time
local function cycle_round(run, c, round, jobs)
  local us = c.cycle and c.cycle(jobs) or c.attach(jobs)
  assert(#us == #jobs, "one time per container is expected")
  if c.cycle then
    verify.left(1, c.name)
  else
    verify.attached(jobs, c.state, c.name)
  end
  note(run.results, "cycle", c.key, round, stat.median(us))
end

--- What takes a link away waits for nothing: attach and detach in turn, beside the attaches alone of bare C.
function items.cycle(run)
  local held = node.containers(run.options.n)
  for round = 1, run.options.rounds do
    run.say(("cycle, round %d of %d"):format(round, run.options.rounds))
    for _, key in ipairs(in_turn({ "floor", "zlnet" }, round)) do
      local c = run.taking_part[key]
      if c then
        guarded(run, "cycle", c, function()
          cycle_round(run, c, round, held.jobs)
        end)
        node.clear(held.jobs)
      end
    end
  end
  held.stop()
end

-- ---- taken from a pool of namespaces, beside attaches of bare C
local function percentile(values, part)
  local sorted = stat.sorted(values)
  return sorted[math.max(1, math.ceil(#sorted * part))]
end

function items.pool(run)
  local held = node.containers(run.options.n)
  for round = 1, run.options.rounds do
    run.say(("pool, round %d of %d"):format(round, run.options.rounds))
    for _, key in ipairs(in_turn({ "floor", "zlnet" }, round)) do
      local c = run.taking_part[key]
      if c then
        guarded(run, "pool", c, function()
          local us = key == "zlnet" and c.pool(run.options.big, 1000, 2) or c.attach(held.jobs)
          note(run.results, "pool", c.key, round, stat.median(us))
          note(run.results, "pool p99", c.key, round, key == "zlnet" and percentile(us, 0.99) or stat.median(us))
        end)
        node.clear(held.jobs)
      end
    end
  end
  held.stop()
end

-- ---- many processes delete at once, each its own containers
local PROCESSES, EACH = 16, 20

local function crowd_round(run, c, round, jobs)
  c.attach(jobs)
  local parts = {}
  for i = 1, PROCESSES do
    parts[i] = node.copies(jobs, (i - 1) * EACH + 1, i * EACH)
  end
  note(run.results, "detach crowd", c.key, round, stat.median(sh.at_once(c.one_command, parts, c.one_line)))
  verify.left(1, c.name)
end

function items.crowd(run)
  local held = node.containers(PROCESSES * EACH)
  for round = 1, run.options.rounds do
    run.say(("detach from %d processes, round %d of %d"):format(PROCESSES, round, run.options.rounds))
    for _, key in ipairs(in_turn({ "floor", "zlnet" }, round)) do
      local c = run.taking_part[key]
      if c then
        guarded(run, "detach crowd", c, function()
          crowd_round(run, c, round, held.jobs)
        end)
        node.clear(held.jobs)
      end
    end
  end
  held.stop()
end

-- ---- sweep
--- N attachments whose processes are dead while something still holds their namespaces: only a sweep removes them.
local function make_orphans(run, n)
  local held = node.containers(n, 210)
  attach_untimed(run, held.jobs)
  held.die()
  return held
end

local function sweep_round(run, c, round, item, n)
  local before = verify.links()
  local held = make_orphans(run, n)
  guarded(run, item, c, function()
    local us = c.sweep()
    verify.left(before, c.name)
    note(run.results, item, c.key, round, us)
  end)
  node.fleet(held.jobs)
  held.stop()
  node.settle(n)
end

--- Those that delete one by one need 20 ms a pair, 4 s for 200: they get one round.
local function slow(c)
  return not c.fleet
end

function items.sweep(run)
  for round = 1, run.options.rounds do
    run.say(("sweep of 200 orphans, round %d of %d"):format(round, run.options.rounds))
    for _, c in ipairs(in_turn(can(run.contestants, "sweep"), round)) do
      if round == 1 or not slow(c) then
        sweep_round(run, c, round, "sweep 200", 200)
      end
    end
  end
end

-- ---- growth, then the work among 1,000 live containers
local function growth_round(run, c, round, jobs)
  local rss = sh.tmp() .. "/rss"
  os.remove(rss)
  local us = c.attach(jobs)
  verify.attached(jobs, c.state, c.name)
  local w = math.max(1, math.min(20, #jobs // 4))
  local first = stat.median(table.move(us, 1, w, 1, {}))
  local last = stat.median(table.move(us, #us - w + 1, #us, 1, {}))
  note(run.results, "growth", c.key, round, last / first)
  run.results.curves[c.key] = run.results.curves[c.key] or {}
  run.results.curves[c.key][round] = stat.curve(us, math.max(1, #us // 20))
  local f = io.open(rss)
  if f then
    local before, after = f:read("n", "n")
    f:close()
    run.results.rss = { before = before, after = after, containers = #jobs }
  end
end

local function grow(run, jobs)
  for round = 1, run.options.big_rounds do
    for _, key in ipairs({ "floor", "go", "zlnet" }) do
      local c = run.taking_part[key]
      if c then
        run.say(("growth to %d containers, round %d: %s"):format(#jobs, round, c.name))
        guarded(run, "growth", c, function()
          growth_round(run, c, round, jobs)
        end)
        node.clear(jobs)
      end
    end
  end
end

local function list_links(run)
  sh.numbers("build/bench/floor orphans " .. (2001 - verify.links()) // 2)
  run.results.links_listed = verify.links()
  for round = 1, run.options.rounds do
    run.say(("list %d links, round %d of %d"):format(run.results.links_listed, round, run.options.rounds))
    for _, c in ipairs(in_turn(can(run.contestants, "list"), round)) do
      guarded(run, "list", c, function()
        note(run.results, "list", c.key, round, stat.median(c.list(c.key == "pyroute2" and 1 or 5)))
      end)
    end
  end
  sh.numbers("build/bench/floor sweep")
end

local function sweep_among_live(run, live)
  for round = 1, run.options.big_rounds do
    for _, key in ipairs({ "floor", "zlnet", "origin" }) do
      local c = run.taking_part[key]
      if c and (round == 1 or not slow(c)) then
        run.say(("sweep of %d among %d, round %d: %s"):format(live, live, round, c.name))
        sweep_round(run, c, round, "sweep among live", live)
      end
    end
  end
end

function items.big(run)
  local held = node.containers(run.options.big)
  if run.wants.growth then
    grow(run, held.jobs)
  end
  attach_untimed(run, held.jobs)
  if run.wants.list then
    list_links(run)
  end
  if run.wants["sweep-live"] then
    sweep_among_live(run, #held.jobs)
  end
  node.fleet(held.jobs)
  held.stop()
end

-- ---- whole processes
local function times(n, command)
  local list = {}
  for i = 1, n do
    list[i] = { command }
  end
  return list
end

local function start_commands(jobs)
  local ptp = commands.cni_config("ptp", "10.201.0.0/16")
  local list = {
    { "bare lua", times(#jobs, { "lua5.4", "-e", "do end" }) },
    { "require", times(#jobs, { "lua5.4", "-e", 'require "zlnet"' }) },
  }
  if sh.exists("/usr/lib/cni/ptp") then
    list[#list + 1] = {
      "CNI ptp ADD",
      commands.cni_items("/usr/lib/cni/ptp", "ADD", jobs, ptp),
      commands.cni_items("/usr/lib/cni/ptp", "DEL", jobs, ptp),
    }
  end
  if sh.exists("build/zlnet-cni") then
    local own = commands.cni_config("zlnet-cni", "10.203.0.0/16")
    list[#list + 1] = {
      "zlnet-cni ADD",
      commands.cni_items("build/zlnet-cni", "ADD", jobs, own),
      commands.cni_items("build/zlnet-cni", "DEL", jobs, own),
    }
  end
  if sh.exists("lua/bin/zlnet") then
    local attach, detach = {}, {}
    for i, job in ipairs(jobs) do
      attach[i] = { { "lua5.4", "lua/bin/zlnet", "attach", "--pid", tostring(job.pid), "--ip", job.ip } }
      detach[i] = { { "lua5.4", "lua/bin/zlnet", "detach", "--pid", tostring(job.pid) } }
    end
    list[#list + 1] = { "zlnet attach (CLI)", attach, detach }
  end
  return list
end

--- CNI and CLI are timed from process start to process end, and what undoes them, too.
function items.start(run)
  local held = node.containers(10)
  local list = start_commands(held.jobs)
  run.results.start = {}
  for round = 1, run.options.rounds * 2 do
    for _, command in ipairs(in_turn(list, round)) do
      local name, work, undo = command[1], command[2], command[3]
      guarded(run, "start", { key = name, name = name }, function()
        local us = stat.median(commands.stopwatch(work))
        if undo then
          commands.learn_ips(held.jobs)
          verify.attached(held.jobs, "any", name)
          note(run.results, "end", (name:gsub("ADD", "DEL")), round, stat.median(commands.stopwatch(undo)))
          verify.left(1, name)
        end
        note(run.results, "start", name, round, us)
      end)
      if undo then
        node.clear(held.jobs)
      end
    end
  end
  held.stop()
end

return items
