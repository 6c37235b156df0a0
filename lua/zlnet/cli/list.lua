-- SPDX-License-Identifier: MIT
-- zlnet list: what is attached to this node, read from the kernel: a tree for people.

local attach = require "zlnet.cli.attach"
local core = require "zlnet.core"
local output = require "zlnet.cli.output"
local sweep = require "zlnet.cli.sweep"
local zlnet = require "zlnet"

local list = { name = "list", summary = "show what is attached to this node, and whether its owners live" }

list.description = [[
The verdicts are those of sweep. What has the name of an attachment but no record of ours is shown too.]]

list.examples = {
  { "zlnet list", "a tree: node, bridges, host ends, container ends" },
  { "zlnet list --json", "everything that is known" },
}

function list.define() end

-- Every candidate of sweep's, with what its record says.
local function read()
  local report, err = zlnet.sweep { dry_run = true }
  if not report then
    return nil, err
  end
  local all
  all, err = zlnet.attachments()
  if not all then
    return nil, err
  end
  local by_index, rows = {}, {}
  for _, a in ipairs(all) do
    by_index[a.host_index] = a
  end
  for _, v in ipairs(report.verdicts) do
    local a = by_index[v.index] or { host_ifname = v.ifname, host_index = v.index, pid = v.pid, id = v.id, tag = v.tag }
    a.verdict, a.reason = v.verdict, v.reason
    rows[#rows + 1] = a
  end
  table.sort(rows, function(a, b) -- by pid, then those without
    local first, second = a.pid or math.maxinteger, b.pid or math.maxinteger
    return first < second or first == second and a.host_ifname < b.host_ifname
  end)
  return rows
end

-- A link's addresses, but those which every link has of its own.
local function addresses_of(node, name)
  local ips = {}
  for _, row in ipairs(node:getaddrs { index = name } or {}) do
    if row.scope ~= "link" then
      ips[#ips + 1] = { family = row.family, address = row["local"] or row.address, prefix = row.prefixlen }
    end
  end
  return ips
end

-- The bridges that attachments are on, by name, with their addresses.
local function bridges_of(rows)
  local node <close>, err = zlnet.open(nil)
  if not node then
    return nil, err
  end
  local names, bridges = {}, {}
  for _, a in ipairs(rows) do
    if a.bridge and not names[a.bridge] then
      names[a.bridge] = true
      bridges[#bridges + 1] = { name = a.bridge, ip = addresses_of(node, a.bridge) }
    end
  end
  table.sort(bridges, function(a, b)
    return a.name < b.name
  end)
  return bridges
end

-- The owner for people: a living process has a name.
local function owner_of(a)
  local comm = a.verdict == "alive" and a.pid and io.open(("/proc/%d/comm"):format(a.pid))
  local name = comm and comm:read "l"
  if comm then
    comm:close()
  end
  return (a.id or a.pid and "pid " .. a.pid or "?") .. (name and (" (%s)"):format(name) or "")
end

local function row_of(a, branch)
  return {
    branch .. a.host_ifname, a.ifname or "?", a.ip and attach.addresses(a.ip) or "no record", owner_of(a),
    { a.verdict, sweep.STYLES[a.verdict] or "yellow" },
  }
end

-- Rows of a tree: what is on a bridge stands below it.
local function tree(rows, bridges, out)
  local marks = out.utf8 and { "├─ ", "└─ ", "│  " } or { "|- ", "`- ", "|  " }
  local entries, lines = {}, {}
  for _, a in ipairs(rows) do
    entries[#entries + 1] = not a.bridge and { attachment = a } or nil
  end
  for _, bridge in ipairs(bridges) do
    entries[#entries + 1] = { bridge = bridge }
  end
  for i, entry in ipairs(entries) do
    local branch, below = marks[1], marks[3]
    if i == #entries then
      branch, below = marks[2], "   "
    end
    if entry.attachment then
      lines[#lines + 1] = row_of(entry.attachment, branch)
    else
      lines[#lines + 1] = { branch .. entry.bridge.name, "", attach.addresses(entry.bridge.ip), "bridge", "" }
      local ports = {}
      for _, a in ipairs(rows) do
        ports[#ports + 1] = a.bridge == entry.bridge.name and a or nil
      end
      for k, a in ipairs(ports) do
        lines[#lines + 1] = row_of(a, below .. (k == #ports and marks[2] or marks[1]))
      end
    end
  end
  return lines
end

function list.run(_, out)
  local rows, bridges, err
  rows, err = read()
  if rows then
    bridges, err = bridges_of(rows)
  end
  if not bridges then
    return out:fail(err)
  end
  local node = core.sysctl_read "kernel/hostname" or "this node"
  if out.json then
    for _, a in ipairs(rows) do
      output.attachment(a)
    end
    out:document { node = node, bridges = bridges, attachments = rows }
  elseif #rows == 0 then
    out:print(output.NOTHING)
  else
    out:print { node, "bold" }
    out:rows(tree(rows, bridges, out))
  end
  return 0
end

return list
