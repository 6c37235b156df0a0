-- SPDX-License-Identifier: MIT
local stat = {}

function stat.sorted(values)
  local copy = table.move(values, 1, #values, 1, {})
  table.sort(copy)
  return copy
end

function stat.median(values)
  local v = stat.sorted(values)
  local n = #v
  if n == 0 then
    return nil
  end
  return n % 2 == 1 and v[(n + 1) // 2] or (v[n // 2] + v[n // 2 + 1]) / 2
end

function stat.sum(values)
  local s = 0
  for _, v in ipairs(values) do
    s = s + v
  end
  return s
end

--- Medians of a window of w values, the curve of a long run.
function stat.curve(values, w)
  local points = {}
  for from = 1, #values - w + 1, w do
    points[#points + 1] = { from + w // 2, stat.median(table.move(values, from, from + w - 1, 1, {})) }
  end
  return points
end

--- Ratios round by round: {median, least, most} of a[i] / b[i], nil where there is nothing to compare.
-- A contestant that ran in fewer rounds is compared in the rounds in which it ran.
function stat.ratio(a, b)
  local ratios = {}
  for round, value in pairs(a) do
    if b[round] then
      ratios[#ratios + 1] = value / b[round]
    end
  end
  local v = stat.sorted(ratios)
  return #v > 0 and { median = stat.median(v), least = v[1], most = v[#v] } or nil
end

--- The values of a sparse array.
function stat.values(t)
  local v = {}
  for _, x in pairs(t) do
    v[#v + 1] = x
  end
  return v
end

return stat
