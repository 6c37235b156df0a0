-- SPDX-License-Identifier: MIT
-- Every netlink request of every workflow is refused by the kernel, in turn, with errors it can give: undone completely
-- (or, where one request is one deed, not done). Then the request and all that follow are refused, so undoing fails,
-- too: what could not be taken back has to be in the error's `rollback`.
-- usage: BUILD/fault/host spec/fault/refusals.lua [SECONDS [WORKFLOW…]], in spec/fault/sandbox with that as LUA
-- luacheck: globals fault
local helper = require "spec.support.helper"
local stage = require "spec.fault.stage"
local tally = require "spec.fault.tally"
local workflows = require "spec.fault.workflows"

local everything = tally.new({ workflows }, table.move(arg, 2, #arg, 1, {}), tonumber(arg[1]) or 300)

local ERRORS = {
  EPERM = 1, ENOMEM = 12, EBUSY = 16, EEXIST = 17, EINVAL = 22, ENOSPC = 28, EOPNOTSUPP = 95, ENOBUFS = 105,
}
local NAMES = { "EPERM", "ENOMEM", "EBUSY", "EEXIST", "EINVAL", "ENOSPC", "ENOBUFS", "EOPNOTSUPP" }

local function found(row, n, code, what)
  everything:found("%s, request %d refused with %s: %s", row.name, n, code, what)
end

local function is_ok(ran, value)
  return ran and value ~= nil and value ~= false
end

-- Whether what came back is the refusal, told well.
local function judge_error(row, code, ran, value, err)
  if not ran then
    return "it raised: " .. tostring(value)
  elseif type(err) ~= "table" or not err.code then
    return "no clear error: " .. tostring(err)
  elseif err.code ~= code and err.step ~= "judge" then -- else the refusal is behind a verdict
    return "another error came back: " .. tostring(err)
  elseif row.whole and not err.step then
    return "no step: " .. tostring(err)
  elseif err.rollback then
    return "undoing met an error: " .. tostring(err.rollback[1])
  end
end

local function one(s, n, code)
  local hit, ran, value, err = s:run(function()
    fault.refuse(n, ERRORS[code])
  end)
  local wrong
  if is_ok(ran, value) then
    wrong = s:finished()
  elseif hit then
    wrong = judge_error(s.row, code, ran, value, err) or s:left(true)
  else
    wrong = "it failed without a refusal: " .. tostring(err)
  end
  return hit, wrong, not is_ok(ran, value)
end

-- All from the n-th on. What is left without being reported is a finding.
local function all(s, n, code)
  local _, ran, value, err = s:run(function()
    fault.refuse(n, ERRORS[code], true)
  end)
  if not ran then
    return "it raised: " .. tostring(value)
  elseif not is_ok(ran, value) and s.row.whole and s:left(true) and not err.rollback then
    return "something is left, and `rollback` says nothing"
  end
end

local function every(row)
  local s = stage.new(row)
  local count = { requests = 0, refusals = 0, survived = 0, rollbacks = 0, reported = 0, felt = 0 }
  local snapshot = helper.snapshot()
  snapshot.link = nil
  local function check(n, code, key, ok_key, wrong)
    local leaks = helper.leaks(snapshot, 1)
    if #leaks > 0 then
      wrong = (wrong and wrong .. "; " or "") .. "leaks: " .. table.concat(leaks, "; ")
    end
    count[key] = count[key] + 1
    if wrong then
      found(row, n, code, wrong)
    else
      count[ok_key] = count[ok_key] + 1
    end
    if wrong or s:spent() or key == "rollbacks" then
      s:restore()
      snapshot = helper.snapshot()
      snapshot.link = nil
    end
  end
  local n, hit = 0, true
  while hit and not everything:over() do
    n = n + 1
    for _, code in ipairs(NAMES) do
      local wrong, felt
      hit, wrong, felt = one(s, n, code)
      count.felt = count.felt + (hit and felt and 1 or 0)
      if not hit then
        if wrong then
          found(row, n, code, wrong)
        end
        break
      end
      check(n, code, "refusals", "survived", wrong)
    end
    if hit then
      count.requests = n
      check(n, "ENOBUFS", "rollbacks", "reported", all(s, n, "ENOBUFS"))
    end
  end
  s:close()
  return count
end

local COLUMNS = { "requests", "refusals", "survived", "rollbacks", "reported" }
print(("%-36s %9s %9s %9s %9s %9s"):format("workflow", table.unpack(COLUMNS)))
local sum = { 0, 0, 0, 0, 0 }
for row in everything:each() do
  local count, values = every(row), {}
  for i, column in ipairs(COLUMNS) do
    values[i] = count[column]
    sum[i] = sum[i] + values[i]
  end
  print(("%-36s %9d %9d %9d %9d %9d"):format(row.name, table.unpack(values)))
  io.stdout:flush()
  if not row.asks_nothing then
    everything:ended(row, {
      at = "requests", points = #NAMES * count.requests, hits = count.refusals, felt = count.felt,
    })
  end
end
print(("%-36s %9d %9d %9d %9d %9d"):format("all", table.unpack(sum)))
if not everything:summary() then
  error("not clean", 0)
end
