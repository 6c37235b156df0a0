-- SPDX-License-Identifier: MIT
-- Chooses addresses that are free. The kernel is the database: an address of a pool is taken when the node has a route
-- to just this address, which every attachment in mode routed and direct has, or when a port of the bridge bears it as
-- a name. Route and name are what claims it: the kernel takes only one of each, so of two who choose the same address
-- one is refused, and chooses again.

local addr = require "zlnet.addr"
local core = require "zlnet.core"
local names = require "zlnet.record.names"
local pool = require "zlnet.addresses.pool"

local claim = {}

local AT_ONCE = 32    -- addresses asked about with one datagram
local ASKED_MAX = 512 -- from then on a dump of all routes costs less

local KEYS, NAMED = { "type", "dst", "dst_len", "oif" }, { "index" }

-- The link to which the node's route to just this address leads; true for a route of another kind that forbids the
-- address: the node's own, a broadcast address, one that nothing may be sent to.
local function taken_by_route(family, address, route)
  if route.code then
    return nil -- there is no route to it
  elseif route.type ~= "unicast" then
    return true
  end
  return route.dst == address and route.dst_len == addr.host_prefix[family] and (route.oif or true) or nil
end

-- Asks about addresses with one datagram. Returns the first that is free, or nil; or nil and an error.
local function first_free(host, family, candidates, where)
  local batch, each = host:batch(), where.name and 2 or 1
  for i = 1, #candidates do
    local address = candidates[i].address
    batch:getroute({ dst = address .. "/" .. addr.host_prefix[family], flags = { fib_match = true } }, KEYS)
    if where.name then
      batch:getlink({ alt_ifname = where.name(address) }, NAMED)
    end
  end
  local answers, err = batch:send()
  if not answers then
    return nil, err
  end
  for i = 1, #candidates do
    local by = taken_by_route(family, candidates[i].address, answers[(i - 1) * each + 1])
    by = by or where.name and answers[i * each].index
    if not by or where.mine and by == where.mine() then
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

-- The first free address of a set.
local function choose(host, set, key, where)
  local next_address, n, asked, taken = pool.sequence(set, key), 1, 0, nil
  while true do
    local candidates = take(next_address, n, taken)
    if #candidates == 0 then
      return full(set)
    end
    local found, err = first_free(host, set.family, candidates, where)
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

---Chooses one free address of each set.
---@param sets zlnet.pool.set[]
---@param who { pid: integer?, id: string? } the owner: an equal one tries equal addresses first
---@param tag string
---@param host table handle of the node's namespace
---@param where { mine: (fun(): integer?)?, name: (fun(address: string): string)?, subnet: boolean? } mine: the link
---whose address may be chosen again; name: the alternative name of a link that has an address, on a bridge; subnet:
---with the prefix lengths of their subnets
---@return zlnet.addr.ip[]? ips
---@return zlnet.error? err `not_found` ENOSPC: a pool is full
function claim.choose(sets, who, tag, host, where)
  local ips, key = {}, names.key(who) .. " " .. tag
  for i = 1, #sets do
    local set = sets[i]
    local found, err = choose(host, set, key, where)
    if not found then
      return nil, err
    end
    ips[i] = pool.ip(set, found.address, found.range, where.subnet)
  end
  return ips
end

return claim
