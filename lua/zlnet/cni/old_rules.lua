-- SPDX-License-Identifier: MIT
-- Masquerading as earlier versions had it: a rule for each address in a chain `postrouting` of the table `inet zlnet`,
-- its comment the attachment's id. Made no more, taken away with the attachment.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local ruleset = require "zlnet.firewall.ruleset"

local old_rules = {}

local CHAIN = { family = "inet", table = "zlnet", chain = "postrouting" }
local TRIES = 100 -- as long as other transactions come between

-- Nothing is left of it where nf_tables is not, either.
local ABSENT = { ENOENT = true, EPROTONOSUPPORT = true, EOPNOTSUPP = true, EINVAL = true }

-- One try. Returns nil and an error that is a reason for another (ERESTART), or for none.
local function remove(nft, stale)
  local generation, err = nft:getgen(nil, { "id" })
  local rules
  if generation then
    rules, err = nft:getrules(CHAIN, { "handle", "userdata" })
  end
  if not rules then
    return ABSENT[err.code] or nil, err
  end
  local batch, kept = nft:batch(), false
  for _, rule in ipairs(rules) do
    local id = ruleset.comment(rule.userdata)
    if id and id:find "^cni/" and stale(id) then
      batch:delrule { family = CHAIN.family, table = CHAIN.table, chain = CHAIN.chain, handle = rule.handle }
    else
      kept = true
    end
  end
  if #batch == 0 then
    return true
  elseif not kept then
    batch:delchain { family = CHAIN.family, table = CHAIN.table, name = CHAIN.chain }
  end
  local ok
  ok, err = batch:send { generation = generation.id }
  return ok and true, err
end

---Takes rules away, and the chain with the last of them. What is not there is no error.
---@param stale fun(id: string): boolean which attachments' rules
---@return true? ok
---@return zlnet.cni.failure? failure
function old_rules.remove(stale)
  local nft <close>, err = core.nft(nil)
  if not nft then
    return ABSENT[err.code] or nil, failure.from(err)
  end
  local ok
  for _ = 1, TRIES do
    ok, err = remove(nft, stale)
    if ok or err.code ~= "ERESTART" then
      break
    end
  end
  if not ok then
    err.step = "take masquerading of an earlier version away"
    return nil, failure.from(err)
  end
  return true
end

return old_rules
