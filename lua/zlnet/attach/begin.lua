-- SPDX-License-Identifier: MIT
-- An attach in two steps: the pair first, the rest when the addresses are known.

local execute = require "zlnet.attach.execute"
local node = require "zlnet.attach.node"
local options = require "zlnet.options"
local plan = require "zlnet.attach.plan"
local rows = require "zlnet.attach.options"
local session = require "zlnet.attach.session"

local begin = {}

---@class zlnet.attach.begun
---@field private session zlnet.attach.session
---@field private opts table
---@field private pair { host: integer, container: integer }
local Begun = {}
Begun.__index = Begun

-- Both tables as one.
local function merged(opts, more)
  local all = {}
  for _, t in ipairs { opts, more } do
    for name, value in pairs(t) do
      all[name] = value
    end
  end
  return all
end

---Makes the rest, or takes the pair back. The object is of no use afterwards.
---@param opts table the other options of attach
---@return zlnet.attachment? attachment
---@return zlnet.error? err as attach's
function Begun:finish(opts)
  local s = self.session
  s.o = options.check("attach", rows.attach, merged(self.opts, opts))
  s:restart()
  local a
  local ok, err = s:lock()
  if ok then
    a, err = s:attach(self.pair)
  end
  s:close(err)
  return a, err
end

---Leaves the pair without addresses, up, or takes it back: a port of its bridge for what the container does itself. The
---object is of no use afterwards.
---@return zlnet.attachment? attachment its ip is empty
---@return zlnet.error? err as attach's
function Begun:keep()
  local s = self.session
  s:restart()
  local seen, a
  local ok, err = s:lock()
  if ok then
    s.o.ip = {}
    seen, err = node.look(s.o, s.handles.host)
  end
  if seen then
    a, err = s:carry_out(plan.port(s.o, s.target.who, seen), self.pair)
  end
  s:close(err)
  return a, err
end

---Takes the pair back. Does nothing after finish and keep.
---@param err table? the error for which; gets `rollback` when undoing met errors
function Begun:abandon(err)
  self.session:close(err)
end

Begun.__close = function(self)
  self.session:close()
end

---Begins an attach whose addresses are not known yet: the pair, which takes the kernel longest, is made meanwhile.
---Until it is finished others may attach and sweep; the record on the pair has no addresses. What is there already is
---in the way (on_exists = "error").
---@param opts table those of attach that are known already: all of options.pair which are given at all; mtu a number
---@param container table? handle of the target's namespace; stays open
---@return zlnet.attach.begun? begun to be finished or abandoned; a to-be-closed variable abandons it
---@return zlnet.error? err as attach's
function begin.begin(opts, container)
  local o = options.check("attach", rows.pair, opts)
  local self, err = session.open(o, container)
  if not self then
    return nil, err
  end
  local p = plan.pair(o, self.target.who)
  local pair
  pair, err = execute.run(p, self.handles, self.deadline, self.stack)
  if not pair then
    self.stack:fail(err)
    if err.code == "EEXIST" and err.op == "newlink" then
      local _, why = require("zlnet.attach.conflict").settle(p, { on_exists = "error" }, self.handles, err)
      err = why or err
    end
    self:close()
    return nil, err
  end
  self.handles.here:unlock()
  return setmetatable({ session = self, opts = opts, pair = pair }, Begun)
end

return begin
