-- SPDX-License-Identifier: MIT
-- The constant parts of our tables: whether they are there and whole, and what makes them so.

local ruleset = require "zlnet.firewall.ruleset"

local parts = {}

-- A chain, as far as it is of interest: how often it is used; false when it is not there.
local function uses(nft, part, chain)
  local t, err = nft:getchain({ family = part.family, table = ruleset.table, name = chain.name }, { "use" })
  if not t then
    if err.code == "ENOENT" then
      return false
    end
    return nil, err
  end
  return t.use
end

---Whether a part is whole. Seen without its rules: how many of them there are says so.
---@param nft table
---@param part table
---@return "whole"|"missing"|"damaged"|nil state damaged: rules of it are gone, or others were added
---@return zlnet.error? err
function parts.state(nft, part)
  local state = "whole"
  for i, chain in ipairs(part.chains) do
    local n, err = uses(nft, part, chain)
    if n == nil then
      return nil, err
    elseif not n and i == 1 then
      return "missing"
    elseif n ~= ruleset.uses(part, chain) then
      state = "damaged"
    end
  end
  return state
end

---Queues what makes a part. One that is missing must still be missing then; one that is damaged gets its rules anew.
---@param batch table
---@param part table
---@param state "missing"|"damaged"
---@param ids { n: integer } numbers for the sets of a transaction
function parts.queue(batch, part, state, ids)
  local family = part.family
  batch:newtable({ family = family, name = ruleset.table }, "add")
  for _, set in ipairs(part.sets) do
    ids.n = ids.n + 1
    batch:newset(ruleset.set_message(family, set, ids.n), "add")
  end
  for _, chain in ipairs(part.chains) do
    batch:newchain(ruleset.chain_message(family, chain), state == "missing" and "create" or "add")
    if state == "damaged" then
      batch:delrule { family = family, table = ruleset.table, chain = chain.name }
    end
  end
  for _, chain in ipairs(part.chains) do
    for _, terms in ipairs(chain.rules) do
      batch:newrule(ruleset.rule_message(family, chain, terms))
    end
  end
end

return parts
