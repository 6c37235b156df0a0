-- SPDX-License-Identifier: MIT
-- The results as a table for people, as JSON for programs.
local stat = require "stat"

local report = {}

-- item, what is counted, whose value is 1
report.items = {
  { "attach", "µs a container", "floor" },
  { "detach one", "µs a container", "floor" },
  { "detach fleet", "µs a container", "floor" },
  { "cycle", "µs attached and detached", "floor" },
  { "pool", "µs taken from a pool", "floor" },
  { "pool p99", "µs, the slowest of a hundred", "floor" },
  { "detach crowd", "µs a container, 16 processes", "floor" },
  { "sweep 200", "µs in all", "floor" },
  { "sweep among live", "µs in all", "floor" },
  { "list", "µs a listing", "floor" },
  { "start", "µs a process", "bare lua" },
  { "end", "µs a process", "CNI ptp DEL" },
  { "growth", "last 20 : first 20", "floor" },
}

--- Rows of one item, quickest first: {key, name, state, rounds, median, ratio = {median, least, most}, zlnet = …}.
function report.rows(results, item, base, contestants)
  local rows = {}
  for key, rounds in pairs(results[item] or {}) do
    local c = contestants[key] or { name = key }
    local values = stat.values(rounds)
    rows[#rows + 1] = {
      key = key,
      name = c.name,
      state = c.state,
      rounds = #values,
      median = stat.median(values),
      ratio = stat.ratio(rounds, results[item][base] or {}),
      zlnet = stat.ratio(rounds, results[item].zlnet or {}),
    }
  end
  table.sort(rows, function(a, b)
    return (a.ratio and a.ratio.median or a.median) < (b.ratio and b.ratio.median or b.median)
  end)
  return rows
end

-- Names bear µ and other letters of more than one byte: pad by letters.
local function pad(text, width)
  return text .. (" "):rep(math.max(0, width - utf8.len(text)))
end

local function row_line(row, with_state)
  local r = row.ratio
  local ratio = r and ("%7.2f  [%.2f .. %.2f]"):format(r.median, r.least, r.most) or ""
  local zlnet = row.zlnet and ("%7.2f"):format(row.zlnet.median) or ""
  local number = row.median < 100 and ("%12.2f"):format(row.median) or ("%12.0f"):format(row.median)
  return ("  %s %s %s %3d  %s %s"):format(
    pad(row.name, 28),
    pad(with_state and row.state or "", 18),
    number,
    row.rounds,
    pad(ratio, 28),
    zlnet
  )
end

function report.table(results, contestants)
  local lines = {}
  for _, item in ipairs(report.items) do
    local name, unit, base = item[1], item[2], item[3]
    if results[name] then
      local title = ("%s, %s"):format(name, unit)
      local against = (contestants[base] or { name = base }).name
      local head = "\n%s    median  rounds  ratio to %s [least .. most]    : zlnet"
      lines[#lines + 1] = head:format(pad(title, 49), against)
      for _, row in ipairs(report.rows(results, name, base, contestants)) do
        lines[#lines + 1] = row_line(row, name == "attach")
      end
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function median_of(results, item, key)
  local rounds = results[item] and results[item][key]
  return rounds and stat.median(stat.values(rounds))
end

local function ratio_of(results, item, a, b)
  local t = results[item]
  local r = t and t[a] and t[b] and stat.ratio(t[a], t[b])
  return r and r.median
end

--- What is aimed at, and what this run saw: { what, limit, seen, ok }. Absent where nothing was measured.
function report.targets(results)
  local rows = {}
  local function most(what, seen, limit)
    rows[#rows + 1] = seen and { what = what, limit = "≤ " .. limit, seen = seen, ok = seen <= limit } or nil
  end
  local function least(what, seen, limit)
    rows[#rows + 1] = seen and { what = what, limit = "≥ " .. limit, seen = seen, ok = seen >= limit } or nil
  end
  most("attach : bare C, same queues", ratio_of(results, "attach", "zlnet", "floor"), 1.10)
  most("attach : bare C, kernel's queues", ratio_of(results, "attach", "zlnet", "floor-kernel"), 0.85)
  most("attach : Go in place", ratio_of(results, "attach", "zlnet", "go"), 1.0)
  least("the origin's design : attach", ratio_of(results, "attach", "origin", "zlnet"), 15)
  least("ip + nsenter : attach", ratio_of(results, "attach", "ip", "zlnet"), 40)
  most("growth to the last container : bare C's", ratio_of(results, "growth", "zlnet", "floor"), 1.3)
  most("sweep of 200 : bare C, grouped", ratio_of(results, "sweep 200", "zlnet", "floor"), 1.15)
  least("the origin's design : sweep of 200", ratio_of(results, "sweep 200", "origin", "zlnet"), 35)
  most("sweep among live : bare C, grouped", ratio_of(results, "sweep among live", "zlnet", "floor"), 1.3)
  least("the origin's design : sweep among live", ratio_of(results, "sweep among live", "origin", "zlnet"), 80)
  most("detach one : bare C, which waits", ratio_of(results, "detach one", "zlnet", "floor"), 0.10)
  most("detach from 16 processes : bare C", ratio_of(results, "detach crowd", "zlnet", "floor"), 0.10)
  most("taken from a pool : bare C's attach", ratio_of(results, "pool", "zlnet", "floor"), 0.35)
  most("the slowest of a hundred : bare C's attach", ratio_of(results, "pool p99", "zlnet", "floor"), 1.2)
  most("attach and detach : bare C's attach", ratio_of(results, "cycle", "zlnet", "floor"), 2.5)
  most("list : bare C receive", ratio_of(results, "list", "zlnet", "floor"), 1.5)
  most("list : ip -br link", ratio_of(results, "list", "zlnet", "ip"), 1.0)
  local lua, with = median_of(results, "start", "bare lua"), median_of(results, "start", "require")
  most("require, ms over bare Lua", lua and with and (with - lua) / 1000, 1.5)
  most("CNI ADD : ptp", ratio_of(results, "start", "zlnet-cni ADD", "CNI ptp ADD"), 0.6)
  most("CNI DEL : ptp", ratio_of(results, "end", "zlnet-cni DEL", "CNI ptp DEL"), 0.3)
  most("resident memory, MB", results.rss and results.rss.after / 1024, 5)
  return rows
end

function report.target_table(results)
  local lines = {}
  for _, t in ipairs(report.targets(results)) do
    local verdict = t.ok and "ok" or "MISSED"
    lines[#lines + 1] = ("  %s %s %8.2f  %s"):format(pad(t.what, 42), pad(t.limit, 8), t.seen, verdict)
  end
  return #lines > 0 and "\ntargets\n" .. table.concat(lines, "\n") .. "\n" or ""
end

-- ---- JSON
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do
    keys[#keys + 1] = k
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  return keys
end

--- Tables with a first element are arrays. Rounds may have gaps (a contestant may sit one out), so those are objects.
function report.json(value)
  if type(value) == "string" then
    return '"' .. value:gsub('["\\\n\t]', escapes) .. '"'
  elseif type(value) ~= "table" then
    return type(value) == "number" and ("%.10g"):format(value) or tostring(value)
  end
  local parts = {}
  local n = 0
  for _ in pairs(value) do
    n = n + 1
  end
  if n > 0 and n == #value then
    for i, v in ipairs(value) do
      parts[i] = report.json(v)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for i, k in ipairs(sorted_keys(value)) do
    parts[i] = report.json(tostring(k)) .. ":" .. report.json(value[k])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return report
