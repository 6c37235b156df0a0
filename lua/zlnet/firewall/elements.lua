-- SPDX-License-Identifier: MIT
-- Elements of our sets: found, and deleted where they are their owner's. What is decided by what was seen is sent with
-- the generation of the ruleset, so that it is refused when another transaction came between.

local ruleset = require "zlnet.firewall.ruleset"

local elements = {}

local TRIES = 100 -- each after another program's transaction came between what was seen and what was sent
local TOGETHER = 50 -- elements in one message

---Puts elements into messages: those of a set that follow each other together, as many as a message takes.
---@param list table[] elements, see ruleset.elements_of
---@param call fun(message: table, of: table[])
function elements.each_message(list, call)
  local i = 1
  while list[i] do
    local first, some = list[i], {}
    repeat
      some[#some + 1] = list[i]
      i = i + 1
    until not list[i] or list[i].set ~= first.set or list[i].family ~= first.family or #some == TOGETHER
    local messages = {}
    for k, e in ipairs(some) do
      messages[k] = ruleset.element_message(e)
    end
    call({ family = first.family, table = ruleset.table, set = first.set, elements = messages }, some)
  end
end

---An element as the kernel has it, by its key.
---@param nft table
---@param e table
---@return table|false|nil found false when it is not there
---@return zlnet.error? err
function elements.find(nft, e)
  local message = ruleset.element_message(e)
  local list, err = nft:getsetelem { family = e.family, table = ruleset.table, set = e.set,
    elements = { { key = message.key } } }
  if not list then
    if err.code == "ENOENT" then
      return false
    end
    return nil, err
  end
  return list[1] or false
end

---Whose an element is that was found.
---@param found table
---@return string comment the name of a host end
function elements.owner(found)
  return ruleset.comment(found.userdata) or "another program"
end

---Those of some elements that are there and bear their owner's comment.
---@param nft table
---@param wanted table[]
---@return table[]? own
---@return zlnet.error? err
function elements.own(nft, wanted)
  local list = {}
  for _, e in ipairs(wanted) do
    local found, err = elements.find(nft, e)
    if found == nil then
      return nil, err
    elseif found and elements.owner(found) == e.comment then
      list[#list + 1] = e
    end
  end
  return list
end

---Deletes elements, if nothing has changed since they were seen.
---@param nft table
---@param list table[] nothing to delete is done
---@param generation integer
---@return true? ok
---@return zlnet.error? err
function elements.delete(nft, list, generation)
  if not list[1] then
    return true
  end
  local batch = nft:batch()
  elements.each_message(list, function(message)
    for _, e in ipairs(message.elements) do
      e.data, e.userdata = nil, nil
    end
    batch:delsetelem(message)
  end)
  local ok, err = batch:send { generation = generation }
  return ok and true, err
end

---Tries again as long as other transactions come between.
---@param nft table
---@param f fun(generation: integer): any, zlnet.error?
---@return any answer
---@return zlnet.error? err
function elements.undisturbed(nft, f)
  local answer, err
  for _ = 1, TRIES do
    local generation, unknown = nft:getgen(nil, { "id" })
    if not generation then
      return nil, unknown
    end
    answer, err = f(generation.id)
    if answer or not err or err.code ~= "ERESTART" then
      return answer, err
    end
  end
  return nil, err
end

return elements
