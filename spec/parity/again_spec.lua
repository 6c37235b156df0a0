-- SPDX-License-Identifier: MIT
-- Nothing is lost: every object of the scenarios is read as ip made it, deleted, made again from what was read, and read
-- once more: the same.
local codec = require("zlnet.core").codec
local engine = require "spec.parity.engine"
local helper = require "spec.support.helper"
local objects = require "spec.parity.objects"

local noun = {
  link = "link", addr = "addr", route = "route", neigh = "neigh", proxy = "neigh", fdb = "neigh", rule = "rule",
  nexthop = "nexthop",
}

-- By set: the keys of which a request takes nothing.
local kernels = setmetatable({}, {
  __index = function(t, set)
    local keys, below = {}, {}
    for _, row in ipairs(set) do
      keys[row.key] = row.kernels
      below[row.key] = row.set or row.kinds
    end
    t[set] = { keys, below }
    return t[set]
  end,
})

-- The set of a nest, of those that there are for it: the one which knows all of its keys.
local function choose(sets, value)
  if not (sets[1] and sets[1].set) then
    return sets
  end
  for _, kind in ipairs(sets) do
    local known = {}
    for _, row in ipairs(kind.set) do
      known[row.key] = true
    end
    local all = true
    for key in pairs(value) do
      all = all and (known[key] or key == "unknown")
    end
    if all then
      return kind.set
    end
  end
end

-- Without what the kernel alone sets, at every level.
local function asked(value, set)
  if type(value) ~= "table" or not set then
    return value
  end
  local keys, below = table.unpack(kernels[set])
  local copy = {}
  for key, v in pairs(value) do
    if not keys[key] then
      local sets = below[key]
      copy[key] = asked(v, type(v) == "table" and sets and choose(sets, v) or nil)
    end
  end
  return copy
end

-- What a link comes to by itself, or by its other end.
local function settled(link, kind)
  link.operstate, link.carrier = nil, nil
  link.linkinfo = link.linkinfo or {}
  if link.linkinfo.slave_kind == "bridge" then
    link.linkinfo.slave_data.state = nil
  end
  for _, name in ipairs { "running", "lower_up" } do
    link.flags[name] = nil
  end
  if kind == "veth" then
    link.link, link.link_netnsid = nil, nil
  end
  return link
end

local function comparable(row, name)
  local t = asked(row, codec.rows(name))
  return name == "link" and settled(t, row.linkinfo and row.linkinfo.kind) or t
end

local function same_row(list, row, name)
  local wanted = comparable(row, name)
  for _, pair in ipairs(list) do
    if engine.same(comparable(pair.ours, name), wanted) then
      return pair
    end
  end
end

-- Reads, deletes, makes again, reads; returns what is not the same, or nil and why it cannot be tried.
local function again(scenario, object)
  local p <close> = engine.open_place(scenario, "by-ip")
  local ok, output = p:sh(scenario.before or "true")
  ok = ok and engine.by_ip(scenario, p)
  if not ok then
    return nil, output
  end
  local name = noun[object.name]
  scenario = setmetatable({ show = scenario.show and { scenario.show[1] } }, { __index = scenario })
  local before = object.read(p, scenario)
  for _, pair in ipairs(before) do
    if not pair.aside and pair.ours.type ~= "loopback" then
      assert(p.handle["del" .. name](p.handle, pair.ours))
      assert.is_nil(name ~= "link" and same_row(object.read(p, scenario), pair.ours, name) or nil, "it is still there")
      local made, err = p.handle["new" .. name](p.handle, pair.ours)
      if not made then
        return nil, tostring(err) .. (err.attr and " at " .. err.attr or "")
      end
      local after = object.read(p, scenario)
      if not same_row(after, pair.ours, name) then
        local found = {}
        for i, row in ipairs(after) do
          found[i] = comparable(row.ours, name)
        end
        assert.same({ comparable(pair.ours, name) }, found)
      end
    end
  end
  return true
end

describe("read, deleted, made again and read:", function()
  helper.insulate()

  for _, entry in ipairs(objects.scenarios()) do
    local scenario = entry.scenario
    it(("%s %s, %s"):format(entry.object.name, scenario.kind, scenario.what), function()
      local done, why = again(scenario, entry.object)
      if not done then
        pending(why)
      end
    end)
  end
end)
