-- SPDX-License-Identifier: MIT
-- zlnet pool: which addresses of a pool are taken, and by whom. The kernel is asked: there is no list of leases.

local pool = require "zlnet.addresses.pool"
local usage = require "zlnet.cli.usage"
local zlnet = require "zlnet"

local command = { name = "pool", summary = "list the addresses of a pool that are taken, and by whom" }

command.examples = {
  { "zlnet pool 10.200.1.0/24", "what `zlnet attach --pool 10.200.1.0/24` has given" },
  { "zlnet pool 10.200.1.0/24 --json", "the same for programs" },
}

function command.define(parser)
  parser:argument("pool", "a subnet"):argname "SUBNET"
end

-- The attachments that have an address of the set, in the order of addresses.
local function taken(attachments, set)
  local list = {}
  for _, a in ipairs(attachments) do
    for _, ip in ipairs(a.ip) do
      if pool.range_of(set, ip.address) then
        list[#list + 1] = {
          address = ip.address, pid = a.pid, id = a.id, tag = a.tag, host_ifname = a.host_ifname, ifname = a.ifname,
        }
      end
    end
  end
  table.sort(list, function(x, y)
    return pool.position(set, x.address) < pool.position(set, y.address)
  end)
  return list
end

function command.run(args, out)
  local sets, why = pool.rule(args.pool)
  if not sets then
    usage.wrong("pool: " .. why)
  end
  local attachments, err = zlnet.attachments()
  if not attachments then
    return out:fail(err)
  end
  local list = taken(attachments, sets[1])
  if out.json then
    out:document { pool = sets[1].name, size = sets[1].size, taken = list }
    return 0
  end
  local rows = {}
  for i, row in ipairs(list) do
    rows[i] = { row.address, row.host_ifname, row.pid and "pid " .. row.pid or "", row.id or "" }
  end
  out:rows(rows)
  out:print("%d of %d addresses are taken", #list, sets[1].size)
  return 0
end

return command
