-- SPDX-License-Identifier: MIT
-- Fault injection that injects nothing fails, and so does one whose time ran out.
local helper = require "spec.support.helper"
local tally = require "spec.fault.tally"

local ROWS = { { name = "one" }, { name = "two" }, { name = "three" } }

-- A tally of all rows, of which each ends with this count; whether it is content, and what it printed.
local function run(count, seconds, chosen)
  local lines = {}
  local t = tally.new({ ROWS }, chosen or {}, seconds or 1000, function(line)
    lines[#lines + 1] = line
  end)
  for row in t:each() do
    t:ended(row, count)
  end
  return t:summary(), table.concat(lines, "\n")
end

describe("a tally of faults", function()
  it("is content when all was tried and felt", function()
    local ok, text = run { at = "calls", points = 10, hits = 9, felt = 3 }
    assert.is_true(ok)
    assert.match("^0 findings, 3 of 3 workflows, 27 of 30 faults hit", text)
    ok, text = run({ at = "calls", points = 10, hits = 10, felt = 3 }, nil, { "two" })
    assert.is_true(ok)
    assert.match("^0 findings, 1 of 1 workflows", text)
  end)

  it("finds an injector that sees no points, does not hit them, or hits and changes nothing", function()
    for said, count in pairs {
      ["one: the injector sees no calls: nothing was tried"] = { points = 0, hits = 0, felt = 0 },
      ["one: the injector hit 4 of 10 calls"] = { points = 10, hits = 4, felt = 4 },
      ["one: 10 faults, and nothing ever failed: the injector does nothing"] = { points = 10, hits = 10, felt = 0 },
    } do
      count.at = "calls"
      local ok, text = run(count)
      assert.is_false(ok)
      assert.match("FOUND " .. said, text, 1, true)
      assert.match("\n3 findings, ", text)
    end
  end)

  it("names what was not reached, or not to its end", function()
    local ok, text = run({ at = "calls", points = 10, hits = 10, felt = 10 }, -1)
    assert.is_false(ok)
    assert.match("^NOT REACHED: one, two, three\n0 findings, 0 of 3 workflows", text)
    local t = tally.new({ ROWS }, {}, 1000)
    t:each()()
    t.seconds = -1
    t:ended(ROWS[1], { at = "calls", points = 10, hits = 10, felt = 10 })
    assert.same({ "one" }, t.cut)
  end)

  it("knows no workflow of another name", function()
    assert.error_matches(function()
      tally.new({ ROWS }, { "four" }, 1)
    end, "there is no workflow 'four'", 1, true)
  end)
end)

describe("make fault", function()
  helper.insulate()

  local it = helper.it_where(helper.user_namespaces(), "no user namespaces here to make a sandbox of")
  local inject
  after_each(function()
    os.remove(inject or "")
  end)

  local function fault(environment, program, ...)
    return helper.sh(("%s spec/fault/sandbox spec/fault/%s.lua %s 2>&1"):format(environment, program,
      table.concat({ ... }, " ")))
  end

  it("fails with an injector that only runs its command", function()
    inject = os.tmpname()
    local file <close> = assert(io.open(inject, "w"))
    file:write '#!/bin/sh\n: >"$1"\nshift 2\nexec "$@"\n'
    file:close()
    assert(helper.sh("chmod +x " .. inject))
    local ok, output = fault("INJECT=" .. inject, "calls", 1000, "list_all_links")
    assert.is_false(ok)
    assert.match("FOUND list_all_links: the injector sees no system calls to fail: nothing was tried", output, 1, true)
    assert.match("\n2 findings, 1 of 1 workflows, 0 of 0 faults hit", output)
  end)

  local it_begins = helper.it_where(not os.getenv "ASAN_OPTIONS", "the sanitizer's interpreter knows no LUA_INIT")
  it_begins("fails where the kernel refuses nothing", function()
    local idle = "fault = { refuse = function() end, off = function() return 0, false end, aside = pcall }"
    local ok, output = fault("LUA_INIT=" .. helper.quote(idle), "refusals", 1000, "list_all_links")
    assert.is_false(ok)
    assert.match("FOUND list_all_links: the injector sees no requests: nothing was tried", output, 1, true)
  end)

  it("fails when its time is over", function()
    local ok, output = fault("", "calls", -1, "bridge", "detach")
    assert.is_false(ok)
    assert.match("NOT REACHED: bridge, detach\n0 findings, 0 of 2 workflows", output)
  end)
end)
