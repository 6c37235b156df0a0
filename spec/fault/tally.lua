-- SPDX-License-Identifier: MIT
-- What a run of fault injection found, and whether it bit at all: a workflow that was not reached, one without a point,
-- points that were not hit and faults that nobody felt are as bad as a finding, for then nothing was tried.
local helper = require "spec.support.helper"

---@class tally
---@field findings string[]
local Tally = {}
Tally.__index = Tally

local tally = {}

---@param lists table[][] rows, each with a name
---@param chosen string[] their names; all of them when it is empty
---@param seconds number the budget
---@param say fun(line: string)? prints
---@return tally
function tally.new(lists, chosen, seconds, say)
  local self = setmetatable({ say = say or print, began = helper.clock(), seconds = seconds, findings = {}, rows = {},
    reached = 0, points = 0, hits = 0, cut = {} }, Tally)
  local known = {}
  for _, list in ipairs(lists) do
    for _, row in ipairs(list) do
      known[row.name] = row
      self.rows[#self.rows + 1] = #chosen == 0 and row or nil
    end
  end
  for _, name in ipairs(chosen) do
    self.rows[#self.rows + 1] = known[name] or error(("there is no workflow '%s'"):format(name), 0)
  end
  return self
end

---Whether the time is over.
---@return boolean
function Tally:over()
  return helper.clock() - self.began > self.seconds
end

---The rows, while there is time.
function Tally:each()
  return function()
    if self.reached < #self.rows and not self:over() then
      self.reached = self.reached + 1
      return self.rows[self.reached]
    end
  end
end

function Tally:found(format, ...)
  local text = format:format(...)
  self.findings[#self.findings + 1] = text
  self.say("  FOUND " .. text)
end

local HIT_AT_LEAST = 0.5 -- threads in another order, and calls that a fault before made needless, are not hit

---Judges the injector on one workflow.
---@param row table
---@param count { points: integer, hits: integer, felt: integer, at: string } of what could fail, of what was made to
---fail, and of that what made a difference; at: what these are
function Tally:ended(row, count)
  self.points, self.hits = self.points + count.points, self.hits + count.hits
  if self:over() then
    self.cut[#self.cut + 1] = row.name
  elseif count.points == 0 then
    self:found("%s: the injector sees no %s: nothing was tried", row.name, count.at)
  elseif count.hits < HIT_AT_LEAST * count.points then
    self:found("%s: the injector hit %d of %d %s", row.name, count.hits, count.points, count.at)
  elseif count.felt == 0 then
    self:found("%s: %d faults, and nothing ever failed: the injector does nothing", row.name, count.hits)
  end
end

---Prints the sum. Whether all was tried, and nothing found.
---@return boolean
function Tally:summary()
  local missing = {}
  for i = self.reached + 1, #self.rows do
    missing[#missing + 1] = self.rows[i].name
  end
  if #missing > 0 then
    self.say("NOT REACHED: " .. table.concat(missing, ", "))
  end
  if #self.cut > 0 then
    self.say("NOT TO THE END: " .. table.concat(self.cut, ", "))
  end
  self.say(("%d findings, %d of %d workflows, %d of %d faults hit, %.0f s"):format(#self.findings,
    self.reached - #self.cut, #self.rows, self.hits, self.points, helper.clock() - self.began))
  return #self.findings == 0 and #missing == 0 and #self.cut == 0 and self.reached > 0
end

return tally
