-- SPDX-License-Identifier: MIT
local differences = require "zlnet.overlay.differences"
local entries = require "zlnet.overlay.entries"
local overlay_options = require "zlnet.overlay.options"

local O = { kind = "vxlan", ["local"] = "192.0.2.1", mac = "0a:58:c0:00:02:01" }
local TABLES = { entries.addr, entries.fdb, entries.neigh, entries.route }
local INDEX = 7

local function checked(list)
  return (overlay_options.peers("sync", "vxlan", list, {}))
end

local function wanted(list, own)
  return differences.wanted(O, checked(list), function(p)
    return entries.of_vxlan(INDEX, p)
  end, own or {})
end

-- What the kernel would list when these peers had been made.
local function rows_of(list)
  local actual = { addr = {}, fdb = {}, neigh = {}, route = {} }
  for _, p in ipairs(checked(list)) do
    for _, w in ipairs(entries.of_vxlan(INDEX, p)) do
      local row = {}
      for key, value in pairs(w.args) do
        row[key] = value
      end
      if w.table == entries.route then
        local dst, length = row.dst:match "^(.-)/(%d+)$"
        row.dst, row.dst_len, row.tos, row.table, row.type = dst, math.tointeger(tonumber(length)), 0, "main", "unicast"
        row.priority = row.family == "inet6" and 1024 or nil
      end
      local t = actual[w.table.name]
      t[#t + 1] = row
    end
  end
  return actual
end

local function ops(list, actual)
  local w, held = wanted(list)
  local found, texts = differences.of(TABLES, w, held, actual), {}
  for i, op in ipairs(found) do
    local call, _, mode = differences.request(op)
    texts[i] = ("%s %s %s"):format(call, mode or "-", op.key)
  end
  return texts, found
end

local A, B = { node = "192.0.2.2", subnets = { "10.1.2.0/24" } }, { node = "192.0.2.3", subnets = { "10.1.3.0/24" } }

describe("the differences of an overlay", function()
  it("are none where all is as it should be", function()
    assert.same({}, (ops({ A, B }, rows_of { B, A })))
  end)

  it("make entries before the routes that lead to them, and delete routes first", function()
    assert.same({ "newneigh replace 0a:58:c0:00:02:02", "newneigh replace fe80::858:c0ff:fe00:202",
      "newroute create 10.1.2.0/24" }, (ops({ A }, rows_of {})))
    assert.same({ "delroute - 10.1.2.0/24", "delneigh - fe80::858:c0ff:fe00:202", "delneigh - 0a:58:c0:00:02:02" },
      (ops({}, rows_of { A })))
  end)

  it("move a subnet by one replacement", function()
    local moved = { node = "192.0.2.3", subnets = { "10.1.3.0/24", "10.1.2.0/24" } }
    local texts, found = ops({ { node = "192.0.2.2" }, moved }, rows_of { A, B })
    assert.same({ "newroute replace 10.1.2.0/24" }, texts)
    assert.equal("192.0.2.3", found[1].peer)
    local call, args, mode = differences.back(found[1])
    assert.same({ "newroute", "fe80::858:c0ff:fe00:202", "replace" }, { call, args.via, mode })
  end)

  it("say who has lost a subnet to another", function()
    local moved = { node = "192.0.2.3", subnets = { "10.1.3.0/24", "10.1.2.0/24" } }
    local w, held = wanted { { node = "192.0.2.2" }, moved }
    local _, present, lost = differences.of(TABLES, w, held, rows_of { A, B })
    assert.same({ ["192.0.2.2"] = true }, lost)
    assert.same({ ["192.0.2.2"] = true, ["192.0.2.3"] = true }, present)
  end)

  it("delete what was learned, flooded, or left, and leave the routes of others", function()
    local actual = rows_of { A }
    actual.fdb[2] = { lladdr = "0a:00:00:00:00:09", dst = "192.0.2.9", state = "reachable", ifindex = INDEX }
    actual.fdb[3] = { lladdr = "00:00:00:00:00:00", dst = "192.0.2.9", state = "permanent", ifindex = INDEX }
    actual.neigh[2] = { dst = "10.0.0.9", lladdr = "0a:00:00:00:00:09", state = "stale", ifindex = INDEX }
    actual.route[2] = { family = "inet", dst = "10.9.0.0", dst_len = 16, tos = 0, table = "main", protocol = "static",
      type = "unicast", flags = {} }
    local texts = ops({ A }, actual)
    table.sort(texts)
    assert.same({ "delneigh - 00:00:00:00:00:00 192.0.2.9", "delneigh - 0a:00:00:00:00:09", "delneigh - 10.0.0.9" },
      texts)
  end)

  it("replace a route of another protocol on the device itself, in the place of ours", function()
    local actual = rows_of { A }
    actual.route[1].protocol, actual.route[1].via = "boot", nil
    assert.same({ "newroute replace 10.1.2.0/24" }, (ops({ A }, actual)))
  end)

  it("of several routes in one place keep the one that is right", function()
    local actual = rows_of { A }
    local wrong = rows_of { A }.route[1]
    wrong.via = "fe80::9"
    table.insert(actual.route, 1, wrong)
    local texts, found = ops({ A }, actual)
    assert.same({ "delroute - 10.1.2.0/24" }, texts)
    assert.equal("fe80::9", select(2, differences.request(found[1])).via)
  end)

  it("delete a group of next hops before its forwarding entry is made", function()
    local actual = rows_of { A }
    actual.fdb[1].dst, actual.fdb[1].nh_id = nil, 5
    assert.same({ "delneigh - 0a:58:c0:00:02:02", "newneigh replace 0a:58:c0:00:02:02" }, (ops({ A }, actual)))
  end)

  it("refuse a peer that wants what another has, whole, and leave what it has", function()
    local greedy = { node = "192.0.2.3", subnets = { "10.1.3.0/24", "10.1.2.0/24" } }
    local _, _, failed = wanted { A, greedy }
    assert.equal(1, #failed)
    assert.equal("192.0.2.3", failed[1].peer)
    assert.equal("EEXIST", failed[1].code)
    assert.equal("'10.1.2.0/24' is 192.0.2.2's", failed[1].message)
    assert.same({}, (ops({ A, greedy }, rows_of { A, B })))
    assert.equal(3, #ops({ A, greedy }, rows_of { B }))
  end)

  it("refuse this node itself, another family, and the same peer twice", function()
    local _, _, failed = wanted { A, { node = "192.0.2.1" }, { node = "2001:db8::2" }, { node = "192.0.2.2" },
      { node = "192.0.2.7", mac = "0a:58:c0:00:02:02" } }
    local texts = {}
    for i, err in ipairs(failed) do
      texts[i] = err.code .. " " .. err.message
    end
    assert.same({
      "EINVAL '192.0.2.1' is this node's own address",
      "EAFNOSUPPORT '2001:db8::2' has another family than '192.0.2.1'",
      "EEXIST '192.0.2.2' is there twice",
      "EEXIST '0a:58:c0:00:02:02' is 192.0.2.2's",
    }, texts)
  end)

  it("refuse a peer that wants this node's own address", function()
    local own = { { table = entries.route, key = "10.1.2.0/24", args = {} } }
    local _, _, failed = wanted({ A }, own)
    assert.equal("'10.1.2.0/24' is this node's", failed[1].message)
  end)
end)
