-- SPDX-License-Identifier: MIT
-- Does one workflow between the marks which spec/fault/inject.c looks for, and reports what came of it as JSON.
-- usage: act.lua WORKFLOW CONTAINER_PID RESULT_FILE [again]
local helper = require "spec.support.helper"
local json = require "dkjson"
local workflows = require "spec.fault.workflows"

local name, pid, result_file = arg[1], math.tointeger(tonumber(arg[2])), arg[3]
local file <close> = assert(io.open(("/proc/%d/ns/net"):format(pid)))
local scene = {
  pid = pid,
  fd = function()
    return file
  end,
  aside = function(f) -- no call of f's fails
    io.open "/zlnet-mark/end"
    f()
    io.open "/zlnet-mark/begin"
  end,
}
local row
for _, other in ipairs(workflows) do
  row = other.name == name and other or row
end
workflows.load()

local before = helper.snapshot()
before.link = nil
io.open "/zlnet-mark/begin"
local ran, value, err = pcall(arg[4] == "again" and row.again or row.act, scene)
io.open "/zlnet-mark/end"

local function code_of(e)
  return e.code or e.kind
end

local rollback = {}
for i, e in ipairs(type(err) == "table" and err.rollback or {}) do
  rollback[i] = tostring(e)
end
local leaks = helper.leaks(before, 1)
local out = assert(io.open(result_file, "w"))
out:write(json.encode {
  ran = ran,
  ok = ran and value ~= nil and value ~= false,
  raised = not ran and tostring(value) or nil,
  text = err and tostring(err) or nil,
  code = type(err) == "table" and code_of(err) or nil,
  step = type(err) == "table" and err.step or nil,
  rollback = rollback,
  leaks = leaks,
})
out:close()
