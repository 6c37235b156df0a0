-- SPDX-License-Identifier: MIT
-- What a workflow must take back if it does not reach its end:
--
--   local undo <close> = undo.new()
--   … undo:push("delete the veth pair", delete_pair, handle, index) …
--   if not ok then return undo:fail(err) end
--   undo:commit()
--
-- A raise, or a return without commit, takes everything back too, when the variable is closed.

local undo = {}

---@class zlnet.undo
---@field private n integer how many steps are pushed
---@field private [integer] table
local Undo = {}
Undo.__index = Undo

---An empty stack, for a to-be-closed variable.
---@return zlnet.undo
function undo.new()
  return setmetatable({ n = 0 }, Undo)
end

---Pushes how to take one step back. What can run out of memory here does so before anything is stored; where even
---that moment counts, push first and act then, with an f that does no harm when nothing was done.
---@param step string what f does, for the error if it fails
---@param f function fails by raising or by returning nil (or false) and an error
---@param ... any its arguments
function Undo:push(step, f, ...)
  local n = self.n + 1
  self[n] = { step = step, f = f, begun = false, args = table.pack(...) }
  self.n = n
end

---Disarms the stack: from now on nothing is taken back.
function Undo:commit()
  for i = self.n, 1, -1 do
    self[i] = nil
  end
  self.n = 0
end

-- An error of ours bears the step it happened in; anything else that was raised or returned becomes one.
local function as_error(e, step, like)
  if type(e) ~= "table" then
    e = setmetatable({ kind = "netlink", op = "undo", message = tostring(e) }, like)
  end
  e.step = e.step or step
  return e
end

local function take_back(entry, ...)
  entry.begun = true
  return entry.f(...)
end

-- Take everything back, the last step first, whatever fails. Returns the list of errors, nil when there are none.
-- Should memory run out in here, what is left stays on the stack for __close, and no step is taken back twice.
local function run(self, like)
  local errors
  while self.n > 0 do
    local entry = self[self.n]
    if not entry.begun then
      local ran, result, err = pcall(take_back, entry, table.unpack(entry.args, 1, entry.args.n))
      if not ran then
        err = result
      end
      if not ran or not result and err ~= nil then
        errors = errors or {}
        errors[#errors + 1] = as_error(err, entry.step, like)
      end
    end
    if self[self.n] == entry then -- a step may itself have called fail
      self[self.n] = nil
      self.n = self.n - 1
    end
  end
  return errors
end

-- What another stack met before is kept.
local function note(err, errors)
  if errors and err.rollback then
    table.move(errors, 1, #errors, #err.rollback + 1, err.rollback)
  else
    err.rollback = errors or err.rollback
  end
end

---Takes everything back, now.
---@param err table the error for which; gets `rollback`, the list of errors met meanwhile, if there were any
---@return nil
---@return table err
function Undo:fail(err)
  note(err, run(self, getmetatable(err)))
  return nil, err
end

---Takes back what was neither committed nor taken back. A table that was raised gets `rollback`, as with fail.
---@param raised any
function Undo:__close(raised)
  if type(raised) == "table" then
    note(raised, run(self, getmetatable(raised)))
  else
    run(self)
  end
end

return undo
