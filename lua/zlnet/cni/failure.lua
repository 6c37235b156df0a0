-- SPDX-License-Identifier: MIT
-- What a CNI plugin answers when it cannot do what it was asked to: a table with one of the specification's codes.

local failure = {}

---@class zlnet.cni.failure
---@field code integer one of failure.codes, or what a delegated plugin answered
---@field msg string
---@field details string?

---The specification's error codes, by what they are for here. 100 and above are free for plugins.
failure.codes = {
  version = 1,
  unsupported = 2, -- a key of the configuration
  environment = 4,
  io = 5,
  decode = 6,
  config = 7,
  again = 11,
  unavailable = 50,
  other = 999,
}

---@param what "version"|"unsupported"|"environment"|"io"|"decode"|"config"|"again"|"unavailable"|"other"
---@param msg string
---@param details string?
---@return zlnet.cni.failure
function failure.new(what, msg, details)
  return { code = failure.codes[what], msg = msg, details = details }
end

-- What may be different in a moment: the node's lock was held, or the kernel was short of something.
local PASSING = { EAGAIN = true, EBUSY = true, EINTR = true, ENOBUFS = true, ETIMEDOUT = true, ETXTBSY = true }

---An error of the library's, or anything else, as a failure.
---@param err any
---@return zlnet.cni.failure
function failure.from(err)
  if type(err) == "table" and type(err.msg) == "string" then
    return err
  end
  return failure.new(type(err) == "table" and PASSING[err.code] and "again" or "other", tostring(err))
end

---Calls a function of the library with options made from the configuration: what it raises names the wrong one.
---@return any? result
---@return zlnet.cni.failure? failure
function failure.call(f, opts, ...)
  local ran, result, err = pcall(f, opts, ...)
  if not ran then
    local option = tostring(result):match "bad option.*"
    return nil, option and failure.new("config", option) or failure.from(result)
  elseif result == nil then
    return nil, failure.from(err)
  end
  return result
end

---Several failures as one: the first, with the others in its details.
---@param list zlnet.cni.failure[]
---@return zlnet.cni.failure? failure nil for none
function failure.join(list)
  local first = list[1]
  if not first then
    return nil
  end
  local details = { first.details }
  for i = 2, #list do
    details[#details + 1] = list[i].msg .. (list[i].details and ": " .. list[i].details or "")
  end
  return { code = first.code, msg = first.msg, details = details[1] and table.concat(details, "; ") }
end

return failure
