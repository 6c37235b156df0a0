-- SPDX-License-Identifier: MIT
-- How each object is read, by iproute2 and by zlnet, and which of their rows belong together: both come in the kernel's
-- order, so rows pair by their place.
local codec = require("zlnet.core").codec
local engine = require "spec.parity.engine"
local helper = require "spec.support.helper"
local json = require "dkjson"
local link_keys = require "spec.parity.link_keys"
local row_keys = require "spec.parity.row_keys"

local objects = {}

-- Every key, and the numbers of the attributes which have none.
local keys_of = setmetatable({}, {
  __index = function(t, object)
    local keys = { "unknown" }
    for _, row in ipairs(codec.rows(object)) do
      keys[#keys + 1] = row.key
    end
    t[object] = keys
    return keys
  end,
})

-- Two namespaces may list the same rows in another order, so they are sorted by what they say.
local function order(row)
  return json.encode({ row.dst or "", row.dev or "", row.table or "", row.type or "", row.mac or "", row.ifname or "",
    row["local"] or "", row.priority or 0, row.metric or 0, row.id or 0 })
end

local function without_times(list)
  local copies = {}
  for i, row in ipairs(list) do
    copies[i] = {}
    for key, value in pairs(row) do
      copies[i][key] = key ~= "cacheinfo" and value or nil
    end
  end
  return copies
end

local function rows(name, read)
  return {
    name = name,
    rules = function()
      return row_keys[name]
    end,
    moving = row_keys.moving,
    read = function(p)
      local names = p:names()
      local theirs, ours, before
      helper.eventually(function() -- ip's reading lies between two of ours which say the same
        before = ours
        theirs, ours = read(p, names)
        return before and engine.same(without_times(before), without_times(ours))
      end)
      local found = {}
      for i, row in ipairs(theirs) do
        found[i] = { name = name, ip = row, ours = ours[i], earlier = before[i], context = { names = names },
          aside = row_keys.by_itself(row) }
      end
      table.sort(found, function(a, b)
        return order(a.ip) < order(b.ip)
      end)
      if #theirs ~= #ours then
        error(("ip shows %d, zlnet %d"):format(#theirs, #ours), 0)
      end
      return found
    end,
  }
end

local function both(p, words, method, filter)
  local theirs, ours = {}, {}
  for _, family in ipairs { "inet", "inet6" } do
    local rows_of = p:json(("ip -j -d -s -f %s %s"):format(family, words))
    table.move(rows_of, 1, #rows_of, #theirs + 1, theirs)
    local t = { family = family }
    for key, value in pairs(filter or {}) do
      t[key] = value
    end
    local list = assert(p.handle[method](p.handle, t, keys_of[method:match "^get(.*)s$"]))
    table.move(list, 1, #list, #ours + 1, ours)
  end
  return theirs, ours
end

objects.link = {
  name = "link",
  rules = link_keys.rules,
  moving = link_keys.moving,
  read = function(p, scenario)
    local found = {}
    local names = p:names()
    for _, name in ipairs(scenario.show or { "x0" }) do
      local earlier = p.handle:getlink({ ifname = name }, keys_of.link)
      local ip = p:json("ip -j -d -s -s link show dev " .. name)[1]
      local ours = p.handle:getlink({ ifname = name }, keys_of.link)
      found[#found + 1] = { name = name, ip = ip, ours = ours, earlier = earlier, context = { names = names } }
    end
    return found
  end,
}

objects.addr = rows("addr", function(p)
  local theirs = {}
  for _, family in ipairs { "inet", "inet6" } do
    for _, row in ipairs(p:json(("ip -j -d -f %s addr show"):format(family))) do
      for _, info in ipairs(row.addr_info or {}) do
        info.ifindex = row.ifindex
        theirs[#theirs + 1] = info
      end
    end
  end
  local ours = {}
  for _, family in ipairs { "inet", "inet6" } do
    local list = assert(p.handle:getaddrs({ family = family }, keys_of.addr))
    table.sort(list, function(a, b)
      return a.index < b.index
    end)
    table.move(list, 1, #list, #ours + 1, ours)
  end
  return theirs, ours
end)

objects.route = rows("route", function(p)
  return both(p, "route show table all", "getroutes")
end)

objects.neigh = rows("neigh", function(p)
  return both(p, "neigh show nud all", "getneighs")
end)

objects.proxy = rows("proxy", function(p)
  return both(p, "neigh show proxy", "getneighs", { flags = { proxy = true } })
end)

objects.nexthop = rows("nexthop", function(p)
  return p:json "ip -j -d nexthop show", assert(p.handle:getnexthops(nil, keys_of.nexthop))
end)

objects.rule = rows("rule", function(p)
  return both(p, "rule show", "getrules")
end)

objects.fdb = rows("fdb", function(p)
  return p:json "bridge -j -d -s fdb show", assert(p.handle:getneighs({ family = "bridge" }, keys_of.neigh))
end)

---Every scenario with its object.
function objects.scenarios()
  local list = {}
  for _, scenario in ipairs(require "spec.parity.links") do
    list[#list + 1] = { scenario = scenario, object = objects.link }
  end
  for _, scenario in ipairs(require "spec.parity.rows") do
    list[#list + 1] = { scenario = scenario, object = objects[scenario.object] }
  end
  return list
end

return objects
