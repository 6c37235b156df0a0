-- SPDX-License-Identifier: MIT
-- What busted tells spec/tools/run about one file: a line "passed failed skipped", then each failure in full and each
-- skipped example with its reason, and each that took $SPEC_SLOW seconds or more. Written to $SPEC_REPORT in one go at
-- the end, so a crash leaves none.
local busted = require "busted"
local clock = require("system").monotime

local passed, failed, skipped = 0, 0, 0
local texts, reasons = {}, {}
local last, last_status -- the example which runs or ran last
local began, slow = 0, tonumber(os.getenv "SPEC_SLOW")

local function full_name(element)
  local words, at = {}, element
  while at and at.descriptor ~= "file" and at.descriptor ~= "suite" do
    table.insert(words, 1, at.name)
    at = busted.parent(at)
  end
  return table.concat(words, " ")
end

local function place(element, trace)
  local at = element.trace or trace
  return at and at.currentline and ("%s:%d"):format(at.short_src, at.currentline) or element.name or ""
end

local function indented(text)
  return "    " .. tostring(text):gsub("\n", "\n    ")
end

local function started(element)
  last, last_status, began = element, nil, clock()
  return nil, true
end

local function ended(element, _, status)
  last_status = status
  local took = clock() - began
  if slow and took >= slow then
    texts[#texts + 1] = ("slow %.1f s %s: %s"):format(took, place(element), full_name(element))
  end
  if status == "success" then
    passed = passed + 1
  elseif status == "pending" then
    skipped = skipped + 1
    local reason = reasons[element] or "no reason given"
    texts[#texts + 1] = ("skipped %s: %s: %s"):format(place(element), full_name(element), reason)
  else
    failed = failed + 1
  end
  return nil, true
end

local function pending(element, _, message)
  reasons[element] = tostring(message):gsub("^[^\n]-:%d+: ", "")
  return nil, true
end

-- Cleaning up after an example failed: so did the example, however it had ended.
local function spoil_last()
  if last_status == "success" then
    passed, failed = passed - 1, failed + 1
  elseif last_status == "pending" then
    skipped, failed = skipped - 1, failed + 1
  end
  last_status = "failure"
end

-- A failure in an example is counted when the example ends, one around it (describe, setup, before_each) by itself.
local function wrong(element, _, message, trace)
  local what, at = full_name(element), place(element, trace)
  if element.descriptor == "after_each" and last then
    what, at = full_name(last) .. " (after_each)", place(last)
    spoil_last()
  elseif element.descriptor ~= "it" then
    what = ("%s (%s)"):format(what == "" and element.name or what, element.descriptor)
    failed, last = failed + 1, nil
  end
  texts[#texts + 1] = ("FAILED %s: %s\n%s"):format(at, what, indented(message or "nil"))
  return nil, true
end

-- An error, unlike a failed assertion, happens anywhere: show the way to it where it is longer than one step.
local function broken(element, parent, message, trace)
  local way = trace and trace.traceback and trace.traceback:match "^%s*(.-)%s*$" or ""
  local _, steps = way:gsub("\n", "")
  return wrong(element, parent, steps > 1 and ("%s\n%s"):format(message, way) or message, trace)
end

local function write()
  local file = assert(io.open(assert(os.getenv "SPEC_REPORT"), "w"))
  file:write(("%d %d %d\n"):format(passed, failed, skipped))
  for _, text in ipairs(texts) do
    file:write(text, "\n")
  end
  assert(file:close())
  return nil, true
end

return function()
  return {
    subscribe = function()
      busted.subscribe({ "test", "start" }, started)
      busted.subscribe({ "test", "end" }, ended)
      busted.subscribe({ "pending" }, pending)
      busted.subscribe({ "failure" }, wrong)
      busted.subscribe({ "error" }, broken)
      busted.subscribe({ "suite", "end" }, write)
    end,
  }
end
