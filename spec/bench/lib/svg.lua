-- SPDX-License-Identifier: MIT
-- The chart: bars of ratios to bare C on a logarithmic axis, and the curves of growth. No package, only text.
local report = require "report"
local stat = require "stat"

local svg = {}

local WIDTH, LEFT, RIGHT, ROW = 860, 210, 110, 20
local INK, FAINT, OTHER, OWN, FLOOR = "#24292f", "#d0d7de", "#8c959f", "#0969da", "#1a7f37"

local function escape(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

local function text(x, y, content, more)
  return ('<text x="%.1f" y="%.1f" %s>%s</text>'):format(x, y, more or "", escape(content))
end

local function line(x1, y1, x2, y2, colour)
  return ('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>'):format(x1, y1, x2, y2, colour)
end

local function rect(x, y, w, h, colour)
  return ('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>'):format(x, y, w, h, colour)
end

local function colour_of(key)
  return key:find("^zlnet") and OWN or key:find("^floor") and FLOOR or OTHER
end

local function ratio_label(r)
  return (r < 10 and "%.2f ×" or "%.0f ×"):format(r)
end

--- One panel of bars; returns its lines and the y below it.
local function bars(y, title, rows)
  local out = { text(10, y + 14, title, 'font-weight="bold"') }
  local least, most = 1, 1
  for _, row in ipairs(rows) do
    least, most = math.min(least, row.ratio.least), math.max(most, row.ratio.most)
  end
  local low, high = math.log(least, 10) - 0.05, math.max(math.log(most, 10), 0.3)
  local function x_of(ratio)
    return LEFT + (math.log(ratio, 10) - low) / (high - low) * (WIDTH - LEFT - RIGHT)
  end
  local top, bottom = y + 24, y + 24 + #rows * ROW
  for power = math.ceil(low), math.floor(high) do
    for _, step in ipairs({ 1, 2, 5 }) do
      local tick = step * 10.0 ^ power
      if math.log(tick, 10) <= high and math.log(tick, 10) >= low then
        out[#out + 1] = line(x_of(tick), top, x_of(tick), bottom, tick == 1 and OTHER or FAINT)
        local style = ('text-anchor="middle" fill="%s"'):format(OTHER)
        out[#out + 1] = text(x_of(tick), bottom + 12, ("%g"):format(tick), style)
      end
    end
  end
  for i, row in ipairs(rows) do
    local at, r = top + (i - 1) * ROW, row.ratio
    local from, to = x_of(math.min(1, r.median)), x_of(math.max(1, r.median))
    out[#out + 1] = text(LEFT - 8, at + 14, row.name, 'text-anchor="end"')
    out[#out + 1] = rect(from, at + 4, math.max(to - from, 2), ROW - 8, colour_of(row.key))
    out[#out + 1] = line(x_of(r.least), at + ROW / 2, x_of(r.most), at + ROW / 2, INK)
    out[#out + 1] = text(x_of(math.max(r.most, 1)) + 6, at + 14, ratio_label(r.median))
  end
  return out, bottom + 34
end

--- The median curve of the rounds of one contestant.
local function middle(rounds)
  local points = {}
  local any = stat.values(rounds)
  for i, point in ipairs(any[1]) do
    local values = {}
    for _, curve in ipairs(any) do
      values[#values + 1] = curve[i][2]
    end
    points[i] = { point[1], stat.median(values) }
  end
  return points
end

local function growth(y, curves, contestants)
  local out = { text(10, y + 14, "µs per attach, as the number of containers grows", 'font-weight="bold"') }
  local top, bottom, left, right = y + 30, y + 210, 60, WIDTH - 160
  local lines, most, last = {}, 0, 0
  for key, rounds in pairs(curves) do
    local points = middle(rounds)
    lines[#lines + 1] = { key = key, points = points }
    for _, p in ipairs(points) do
      most, last = math.max(most, p[2]), math.max(last, p[1])
    end
  end
  table.sort(lines, function(a, b)
    return a.points[#a.points][2] > b.points[#b.points][2]
  end)
  local function x_of(n)
    return left + n / last * (right - left)
  end
  local function y_of(us)
    return bottom - us / most * (bottom - top)
  end
  local step = 10.0 ^ math.floor(math.log(most, 10))
  step = most / step < 2 and step / 4 or most / step < 5 and step / 2 or step
  for tick = 0, most, step do
    out[#out + 1] = line(left, y_of(tick), right, y_of(tick), FAINT)
    out[#out + 1] = text(left - 6, y_of(tick) + 4, ("%.0f"):format(tick), 'text-anchor="end"')
  end
  local label_y = top
  for _, l in ipairs(lines) do
    local path = {}
    for i, p in ipairs(l.points) do
      path[i] = ("%.1f,%.1f"):format(x_of(p[1]), y_of(p[2]))
    end
    local points = table.concat(path, " ")
    local curve = '<polyline points="%s" fill="none" stroke-width="2" stroke="%s"/>'
    out[#out + 1] = curve:format(points, colour_of(l.key))
    label_y = math.max(label_y + 14, y_of(l.points[#l.points][2]) + 4)
    out[#out + 1] = text(right + 8, label_y, contestants[l.key].name, ('fill="%s"'):format(colour_of(l.key)))
  end
  out[#out + 1] = text(right, bottom + 14, ("container %d"):format(last), 'text-anchor="end"')
  return out, bottom + 34
end

local titles = {
  attach = "attach one container: time as a multiple of bare C",
  ["detach one"] = "detach one container",
  ["detach fleet"] = "detach a fleet, per container",
  ["sweep 200"] = "sweep 200 orphans",
  ["sweep among live"] = "sweep orphans among as many live containers",
  list = "list 2,000 links",
}

--- The whole picture as text. `caption` says when and where it was measured.
function svg.chart(results, contestants, caption)
  local out, y = {}, 10
  local function append(lines, below)
    table.move(lines, 1, #lines, #out + 1, out)
    y = below
  end
  for _, item in ipairs(report.items) do
    local rows = {}
    for _, row in ipairs(titles[item[1]] and report.rows(results, item[1], item[3], contestants) or {}) do
      rows[#rows + 1] = row.ratio and row or nil
    end
    if #rows > 1 then
      append(bars(y, titles[item[1]], rows))
    end
  end
  if next(results.curves) then
    append(growth(y, results.curves, contestants))
  end
  out[#out + 1] = text(10, y + 4, caption, ('fill="%s"'):format(OTHER))
  local head = "<!-- SPDX-License-Identifier: MIT -->\n"
    .. '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" %s fill="%s">'
  head = head:format(WIDTH, y + 16, 'font-family="sans-serif" font-size="12"', INK)
  return head .. "\n" .. rect(0, 0, WIDTH, y + 16, "#ffffff") .. "\n" .. table.concat(out, "\n") .. "\n</svg>\n"
end

return svg
