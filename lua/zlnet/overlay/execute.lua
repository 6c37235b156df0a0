-- SPDX-License-Identifier: MIT
-- Carries operations out as one batch, and takes back what was done where something was refused.

local differences = require "zlnet.overlay.differences"

local execute = {}

local function step(err, text)
  err.step = err.step or text
  return nil, err
end

-- What no longer is there is deleted well enough.
local GONE = { ENOENT = true, ESRCH = true, ENODEV = true, EADDRNOTAVAIL = true }

-- Sends operations as one batch; the errors by number.
local function send(host, ops)
  local batch = host:batch()
  for i = 1, #ops do
    local call, args, mode = differences.request(ops[i])
    batch[call](batch, args, mode)
  end
  local results, err = batch:send { objects = false }
  if not results then
    return nil, err
  end
  local refused = {}
  for i = err or #ops + 1, #ops do -- from the first that failed on
    local result = results[i]
    if result ~= true and not (GONE[result.code] and differences.request(ops[i]):sub(1, 3) == "del") then
      refused[i] = result
    end
  end
  return refused
end

-- Takes back those operations that were done, the last one first. Returns the errors.
local function take_back(host, ops)
  local back = {}
  for i = #ops, 1, -1 do
    local call, args, mode = differences.back(ops[i])
    back[#back + 1] = call and { call = call, args = args, mode = mode } or nil
  end
  if #back == 0 then
    return nil
  end
  local refused, err = send(host, back)
  if not refused then
    return { err }
  end
  local list = {}
  for i = 1, #back do
    list[#list + 1] = refused[i]
  end
  return list[1] and list or nil
end

local function explain(err, op)
  local what = op.table.name
  err.step = ("%s the %s entry %s"):format(op.how == "added" and "delete" or "put", what, op.key)
  err.peer = op.peer
  if err.code == "EEXIST" and what == "route" then
    err.message = ("'%s' is routed already, and not by us"):format(op.key)
  end
  return err
end

---Carries out the operations of the device: all or nothing.
---@param self zlnet.overlay.object
---@param ops zlnet.overlay.op[]
---@return boolean? ok
---@return zlnet.error? err
function execute.device(self, ops)
  if #ops == 0 then
    return true
  end
  local refused, err = send(self.host, ops)
  local first = refused and next(refused)
  if refused and not first then
    return true
  elseif first then
    local done = {}
    for i, op in ipairs(ops) do
      first = refused[i] and math.min(first, i) or first
      done[#done + 1] = not refused[i] and op or nil
    end
    err = refused[first]
    err.rollback = take_back(self.host, done)
  end
  return step(err, "make the overlay's device")
end

---Carries out operations of the tables: all or nothing for each peer.
---@param self zlnet.overlay.object
---@param ops zlnet.overlay.op[]
---@return table<string, zlnet.error>? failed by peer's key; "" stands for what is no peer's
---@return zlnet.error? err nothing is known of what was done
function execute.rows(self, ops)
  if #ops == 0 then
    return {}
  end
  local refused, err = send(self.host, ops)
  if not refused then
    err.rollback = take_back(self.host, ops)
    return step(err, "send the difference")
  end
  local failed = {}
  for i, result in next, refused do
    local key = ops[i].peer or ""
    if not failed[key] or failed[key].number > i then
      failed[key] = { number = i, error = explain(result, ops[i]) }
    end
  end
  if next(failed) then
    local done = {}
    for i, op in ipairs(ops) do
      done[#done + 1] = failed[op.peer or ""] and not refused[i] and op or nil
    end
    local rollback = take_back(self.host, done)
    for key, f in next, failed do
      f.error.rollback = rollback
      failed[key] = f.error
    end
  end
  return failed
end

return execute
