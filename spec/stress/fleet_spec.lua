-- SPDX-License-Identifier: MIT
-- Agents that attach and detach many containers at once while others sweep without a pause: nothing that lives loses a
-- link, no orphan stays. A small fleet for a few seconds; `make stress` has 8 agents, 500 containers and 2 sweepers.
local helper = require "spec.support.helper"
local node = require "spec.support.node"

local STRESS = os.getenv "STRESS"
local AGENTS, CONTAINERS, SWEEPERS = 3, 24, 1
local SECONDS = 3
if STRESS then
  AGENTS, CONTAINERS, SWEEPERS, SECONDS = 8, 500, 2, tonumber(STRESS)
end

describe("a fleet", function()
  helper.insulate()

  -- A script of spec/stress with a pipe to its standard input; what it prints goes to a file.
  local function start(name, ...)
    local output = os.tmpname()
    local words = { helper.lua, "spec/stress/" .. name .. ".lua", ... }
    return { input = assert(io.popen(table.concat(words, " ") .. " >" .. output .. " 2>&1", "w")), output = output }
  end

  local function read(script)
    local file <close> = assert(io.open(script.output))
    return file:read "a"
  end

  local function finish(script)
    script.input:close()
    local text = read(script)
    os.remove(script.output)
    return text
  end

  it("loses no living link and keeps no orphan", function()
    helper.ip("link", "set", "lo", "up")
    local agents, sweepers, texts = {}, {}, {}
    for i = 1, SWEEPERS do
      sweepers[i] = start "sweeper"
    end
    for i = 1, AGENTS do
      agents[i] = start("agent", i, (CONTAINERS + AGENTS - 1) // AGENTS, SECONDS)
    end
    for _, agent in ipairs(agents) do
      helper.eventually(function()
        return read(agent):find "DEAD\n" or read(agent):find "lua5.4:"
      end, SECONDS + CONTAINERS / 4 + 5 * helper.PATIENCE)
    end
    -- the containers are dead, their namespaces held: the sweepers have the rest
    helper.eventually(function()
      return #node.links() == 0
    end)
    for _, script in ipairs(agents) do
      texts[#texts + 1] = finish(script)
    end
    for _, script in ipairs(sweepers) do
      texts[#texts + 1] = finish(script)
    end
    local text = table.concat(texts)
    node.figure(text)
    local wrong, n = text:gsub("DONE [^\n]*\n", ""):gsub("DEAD\n", "")
    assert.equal(AGENTS, n)
    assert.equal("", wrong)
    local attaches, deleted = 0, 0
    for count in text:gmatch "DONE (%d+) attaches" do
      attaches = attaches + tonumber(count)
    end
    for count in text:gmatch "sweeps, (%d+) deleted" do
      deleted = deleted + tonumber(count)
    end
    assert.is_true(attaches > 2 * AGENTS, attaches)
    assert.is_true(deleted > 0)
  end)
end)
