-- SPDX-License-Identifier: MIT
-- For faults that a process makes in itself (spec/fault/host.c): a container, a workflow's state before and when done,
-- and the judgement on what a faulted run left.
-- luacheck: globals fault
local helper = require "spec.support.helper"
local state = require "spec.fault.state"

local stage = {}

---@class stage
---@field row table of spec/fault/workflows.lua
---@field scene table
---@field before string
---@field done string
local Stage = {}
Stage.__index = Stage

---Sets a workflow up, and runs it once without any fault.
function stage.new(row)
  local container = helper.container()
  local self = setmetatable({ row = row, container = container }, Stage)
  self.file = assert(io.open(("/proc/%d/ns/net"):format(container.pid)))
  self.scene = {
    pid = container.pid,
    fd = function()
      return self.file
    end,
    aside = fault.aside,
  }
  self:prepare()
  helper.sleep(0.3)
  self.before = state.read(container.pid)
  local ok, err = row.act(self.scene)
  assert(ok ~= nil and ok ~= false, ("%s fails without any fault: %s"):format(row.name, err))
  helper.sleep(0.3)
  self.done = state.read(container.pid)
  self:prepare()
  return self
end

function Stage:prepare()
  state.reset(self.container.pid)
  if self.row.before then
    self.row.before(self.scene)
  end
  self.quick = self:look()
end

function Stage:close()
  state.reset(self.container.pid)
  self.file:close()
  self.container:kill()
end

-- The node's links and forwarding, which are quick to read. A pair that is gone takes with it all that was on it.
function Stage:look() -- luacheck: ignore self
  local words = {}
  for line in io.lines "/proc/thread-self/net/dev" do
    words[#words + 1] = line:match "^%s*(%S+):"
  end
  table.sort(words)
  for line in io.lines "/proc/sys/net/ipv4/ip_forward" do
    words[#words + 1] = line
  end
  return table.concat(words, " ")
end

-- What a faulted run left behind: nil, or what is wrong. full: read everything with ip(8).
function Stage:left(full)
  if not full and self:look() == self.quick then
    return nil
  end
  local which, now = state.await(self.container.pid, self.row.whole and 2 or 1, self.before, self.done)
  if which == 1 or which == 2 and not self.row.whole then
    return nil
  elseif self.row.resume then
    local ok, err = self.row.act(self.scene)
    if ok and state.await(self.container.pid, 2, self.done) then
      return nil
    end
    return ("doing it again (%s) does not finish it: %s"):format(err or "done",
      state.difference(self.done, state.read(self.container.pid)))
  end
  return "not undone: " .. state.difference(self.before, now)
end

---Whether a run has used up what it needs, so that it has to be prepared anew.
---@return boolean
function Stage:spent()
  return self:look() ~= self.quick or self.row.spent ~= nil and self.row.spent(self.scene)
end

---Runs the workflow under a fault which arm() switches on.
---@return boolean hit, boolean ran, any value, any err, integer count of what could have failed
function Stage:run(arm)
  arm()
  local ran, value, err = pcall(self.row.act, self.scene)
  local count, hit = fault.off()
  return hit, ran, value, err, count
end

---After a success: nil, or what is not done.
function Stage:finished()
  local which, now = state.await(self.container.pid, 2, self.done)
  return not which and "success, but not done: " .. state.difference(self.done, now) or nil
end

---Back to the state before.
function Stage:restore()
  self:prepare()
  if not state.await(self.container.pid, 1, self.before) then
    self.container:kill()
    self.file:close()
    local fresh = stage.new(self.row)
    for key, value in pairs(fresh) do
      self[key] = value
    end
  end
end

return stage
