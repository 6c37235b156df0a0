-- SPDX-License-Identifier: MIT
-- Chooses addresses that are free. The kernel is the database: an address of a pool is taken when the node has a route
-- to just this address, which every attachment in mode routed and direct has. The route is what claims it: the kernel
-- takes only one (NLM_F_EXCL), so of two who choose the same address one is refused, and chooses again.

local addr = require "zlnet.addr"
local core = require "zlnet.core"
local pool = require "zlnet.addresses.pool"

local claim = {}

local AT_ONCE = 32    -- addresses asked about with one datagram
local ASKED_MAX = 512 -- from then on a dump of all routes costs less

local KEYS = { "type", "dst", "dst_len", "oif" }

local function request(family, address)
  return { dst = address .. "/" .. addr.host_prefix[family], flags = { fib_match = true } }
end

-- What the node's route to an address says. `mine` is the link of the attachment that is about to be replaced.
local function is_free(family, address, route, mine)
  if route.code then
    return route.kind ~= "io" -- there is no route to it
  elseif route.type ~= "unicast" then
    return false -- the node's own, a broadcast address, or one that nothing may be sent to
  end
  return not (route.dst == address and route.dst_len == addr.host_prefix[family]) or route.oif == mine
end

-- Asks about addresses with one datagram. Returns the first that is free, or nil; or nil and an error.
local function first_free(host, family, candidates, mine)
  local batch = host:batch()
  for i = 1, #candidates do
    batch:getroute(request(family, candidates[i].address), KEYS)
  end
  local answers, err = batch:send()
  if not answers then
    return nil, err
  end
  for i = 1, #candidates do
    local route = answers[i]
    if type(route) == "table" and route.kind == "io" then
      return nil, route
    elseif type(route) == "table" and is_free(family, candidates[i].address, route, mine) then
      return candidates[i]
    end
  end
end

-- The addresses to which the node has a route of their own.
local function taken_hosts(host, family)
  local routes, err = host:getroutes({ family = family }, { "dst", "dst_len" })
  if not routes then
    return nil, err
  end
  local taken = {}
  for i = 1, #routes do
    if routes[i].dst_len == addr.host_prefix[family] then
      taken[routes[i].dst] = true
    end
  end
  return taken
end

local function full(set)
  return nil, core.error {
    kind = "not_found", code = "ENOSPC", op = "attach", step = "choose an address",
    message = ("the pool %s is full"):format(set.name),
  }
end

-- Up to n further addresses of the sequence; those in `taken` are passed over.
local function take(next_address, n, taken)
  local list = {}
  while #list < n do
    local address, range = next_address()
    if not address then
      break
    elseif not (taken and taken[address]) then
      list[#list + 1] = { address = address, range = range }
    end
  end
  return list
end

-- The first free address of a set, as the node's routes say.
local function choose(host, set, key, mine)
  local next_address, n, asked, taken = pool.sequence(set, key), 1, 0, nil
  while true do
    local candidates = take(next_address, n, taken)
    if #candidates == 0 then
      return full(set)
    end
    local found, err = first_free(host, set.family, candidates, mine)
    if found or err then
      return found, err
    end
    asked, n = asked + #candidates, AT_ONCE
    if asked > ASKED_MAX and not taken then
      taken, err = taken_hosts(host, set.family)
      if not taken then
        return nil, err
      end
    end
  end
end

-- The first address of a set that is none of the taken ones.
local function choose_beside(set, key, taken)
  local found = take(pool.sequence(set, key), 1, taken)[1]
  if not found then
    return full(set)
  end
  return found
end

---Chooses one free address of each set.
---@param sets zlnet.pool.set[]
---@param key string of the owner: equal keys try equal addresses first
---@param host table handle of the node's namespace
---@param where { mine: integer?, taken: table<string, boolean>? } mine: index of a link whose address is to be chosen
---again; taken: where the node has no route to each address (on a bridge), all that are in use
---@return zlnet.addr.ip[]? ips with the prefix lengths of their subnets
---@return zlnet.error? err `not_found` ENOSPC: a pool is full
function claim.choose(sets, key, host, where)
  local ips = {}
  for i = 1, #sets do
    local set = sets[i]
    local found, err
    if where.taken then
      found, err = choose_beside(set, key, where.taken)
    else
      found, err = choose(host, set, key, where.mine)
    end
    if not found then
      return nil, err
    end
    ips[i] = { family = set.family, address = found.address, prefix = found.range.prefix }
  end
  return ips
end

return claim
