-- SPDX-License-Identifier: MIT
-- Every public operation with the n-th allocation failing, n = 1, 2, … until it gets by without: first those of the Lua
-- state, then malloc. Each time: a clean "not enough memory" (or ENOMEM), all undone, nothing left, the calling thread
-- still in its namespace.
-- usage: BUILD/fault/host spec/fault/alloc.lua [SECONDS [WORKFLOW…]], in spec/fault/sandbox with that as LUA
-- luacheck: globals fault
local helper = require "spec.support.helper"
local stage = require "spec.fault.stage"
local tally = require "spec.fault.tally"
local workflows = require "spec.fault.workflows"
local zlnet = require "zlnet"
local core = require "zlnet.core"

local FULL_EVERY = 10 -- how many times the quick look at the state is trusted

workflows.load()

local function with_handle(f)
  return function(scene)
    local h <close>, err = core.open(scene.pid)
    if not h then
      return nil, err
    end
    return f(h)
  end
end

-- The layer below the workflows.
local layer = {
  { name = "open", act = with_handle(function(h)
    return h:fd()
  end) },
  { name = "getlinks", act = with_handle(function(h)
    return h:getlinks()
  end) },
  { name = "getaddrs", act = with_handle(function(h)
    return h:getaddrs()
  end) },
  { name = "getroutes", act = with_handle(function(h)
    return h:getroutes()
  end) },
  { name = "getrules", act = with_handle(function(h)
    return h:getrules()
  end) },
  { name = "refusal", act = with_handle(function(h)
    local _, err = h:newlink { ifname = "x0", linkinfo = { kind = "nonsense" } }
    return err and err.code == "EOPNOTSUPP" and tostring(err) or nil, err
  end) },
  { name = "batch", act = with_handle(function(h)
    local batch = h:batch()
    for _ = 1, 8 do
      batch:getlink { ifname = "lo" }
    end
    return batch:send()
  end) },
  { name = "netns new", act = function()
    local ns <close>, err = core.netns.new()
    return ns and ns:id(), err
  end },
  { name = "netns create, list, delete", act = function()
    local ns <close>, err = core.netns.create "faulty"
    local names, unlisted = core.netns.list()
    if not ns then
      return nil, err
    end
    local ok, kept = core.netns.delete "faulty"
    return ok and names, kept or unlisted
  end },
  { name = "occupants", act = with_handle(function(h)
    return core.occupants(h)
  end) },
  { name = "process", act = function(scene)
    local p, err = core.process(scene.pid)
    if not p then
      return nil, err
    end
    local ticks, unread = p:starttime()
    p:close()
    return ticks, unread
  end },
  { name = "poll", act = function()
    return core.poll({ { fd = 0, events = "r" }, { fd = 1, events = "w" } }, 0)
  end },
  { name = "wrong use", act = function(scene)
    local ran, message = pcall(zlnet.attach, { pid = scene.pid, ip = "10.9.0.2", colour = "red" })
    return not ran and message:find "bad option" and true or nil, message
  end },
}

local function is_clean(ran, err)
  if not ran then
    return tostring(err):find "not enough memory" ~= nil
      or tostring(err):find "stack overflow" ~= nil -- how Lua says that a stack cannot grow
  end
  return type(err) == "table" and (err.code == "ENOMEM" or err.code == "EAGAIN" or err.code == nil)
    or tostring(err):find "not enough memory" ~= nil
end

local everything = tally.new({ layer, workflows }, table.move(arg, 2, #arg, 1, {}), tonumber(arg[1]) or 600)

local function found(row, kind, n, what)
  everything:found("%s, %s %d: %s", row.name, kind, n, what)
end

-- One point. Returns whether the fault was met.
local function point(s, kind, n, snapshot)
  local hit, ran, value, err = s:run(function()
    fault[kind](n)
  end)
  local ok = ran and value ~= nil and value ~= false
  local wrong
  if ok then
    if n % FULL_EVERY == 0 or not hit then
      wrong = s:finished()
    end
    value = nil -- luacheck: ignore
  elseif not is_clean(ran, ran and err or value) then
    wrong = "no clean error: " .. tostring(ran and err or value)
  else
    wrong = s:left(n % FULL_EVERY == 0)
  end
  value, err = nil, nil -- luacheck: ignore
  os.execute "rm -f /run/netns/faulty 2>/dev/null || { umount -l /run/netns/faulty; rm -f /run/netns/faulty; }"
  local leaks = helper.leaks(snapshot, 1)
  if #leaks > 0 then
    wrong = (wrong and wrong .. "; " or "") .. "leaks: " .. table.concat(leaks, "; ")
  end
  if wrong then
    found(s.row, kind, n, wrong)
  end
  if wrong or s:spent() then
    s:restore()
  end
  return hit, not wrong, not ok
end

local function every(row, kind)
  local s = stage.new(row)
  local snapshot = helper.snapshot()
  snapshot.link, snapshot["named namespace"] = nil, nil
  local points, survived, felt, n = 0, 0, 0, 0
  repeat
    n = n + 1
    local hit, well, failed = point(s, kind, n, snapshot)
    points, survived = points + (hit and 1 or 0), survived + (hit and well and 1 or 0)
    felt = felt + (hit and failed and 1 or 0)
  until not hit or everything:over()
  s:close()
  return points, survived, felt
end

print(("%-36s %12s %9s %7s %9s"):format("operation", "Lua's allocs", "survived", "malloc", "survived"))
local sum = { 0, 0, 0, 0 }
for row in everything:each() do
  local a, b, felt = every(row, "allocation")
  local c, d = every(row, "malloc")
  print(("%-36s %12d %9d %7d %9d"):format(row.name, a, b, c, d))
  io.stdout:flush()
  for i, v in ipairs { a, b, c, d } do
    sum[i] = sum[i] + v
  end
  everything:ended(row, { at = "allocations", points = a, hits = a, felt = felt })
end
if sum[3] == 0 and not everything:over() then
  everything:found "no malloc was ever made to fail"
end
print(("%-36s %12d %9d %7d %9d"):format("all", table.unpack(sum)))
if not everything:summary() then
  error("not clean", 0)
end
