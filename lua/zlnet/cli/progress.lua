-- SPDX-License-Identifier: MIT
-- A bar that shows how far something long is: on stderr, on a terminal only, and gone when it is done.

local core = require "zlnet.core"

local progress = {}

local INTERVAL = 0.05 -- seconds between two drawings, which are slower than what they are about
local WIDTH = 30

---@class zlnet.cli.progress
---@field private total integer
---@field private drawn number? when it was last drawn; nil where there is no terminal
local Progress = {}
Progress.__index = Progress

---@param what string what is being done, e.g. "attaching"
---@param total integer how many steps there are
---@return zlnet.cli.progress bar to be closed
function progress.new(what, total)
  local drawn = core.terminal(2) and total > 1 and core.clock() or nil
  return setmetatable({ what = what, total = total, drawn = drawn }, Progress)
end

---@param done integer how many steps are done
function Progress:step(done)
  local now = self.drawn and core.clock()
  if not now or now - self.drawn < INTERVAL then
    return
  end
  self.drawn = now
  local full = done * WIDTH // self.total
  local bar = ("#"):rep(full) .. ("."):rep(WIDTH - full)
  io.stderr:write(("\r%s %s %d of %d"):format(self.what, bar, done, self.total))
end

---Takes the bar away.
function Progress:close()
  if self.drawn then
    io.stderr:write "\r\27[K"
    self.drawn = nil
  end
end
Progress.__close = Progress.close

return progress
