-- SPDX-License-Identifier: MIT
-- What zlnet reads held against what `ip -j -d` reads, key by key, and what zlnet makes against what `ip` makes. Each
-- scenario runs twice, in two fresh namespaces: once made by ip, once by zlnet. Rules that say which of our values is
-- which of ip's are in *_keys.lua; a key of ip's without a rule is a difference.
local helper = require "spec.support.helper"
local json = require "dkjson"
local lfs = require "lfs"
local zlnet = require "zlnet"

local engine = {}

-- The namespace of one run.
local place = {}
place.__index = place
place.__close = function(self)
  self.handle:close()
  self.ns:close()
  if self.other then
    assert(zlnet.netns.delete(self.other))
  end
end

function engine.open_place(scenario, other)
  local ns = assert(zlnet.netns.new())
  other = scenario.elsewhere and other
  if other then
    assert(zlnet.netns.create(other)):close()
  end
  return setmetatable({ ns = ns, handle = assert(zlnet.open(ns)), other = other }, place)
end

---Shell commands in the namespace; true or false, what they wrote.
function place:sh(commands)
  local own = lfs.symlinkattributes("/proc/self", "target")
  return helper.sh(("nsenter --net=/proc/%s/fd/%d sh -ec %s"):format(own, self.ns:fd(), helper.quote(commands)))
end

function place:must(commands)
  local ok, output = self:sh(commands)
  if not ok then
    error(("%s: %s"):format(commands, output), 0)
  end
  return output
end

---What a command of iproute2 prints as JSON, without empty objects. Where it says null it means "yes".
function place:json(command)
  local rows = {}
  local text = self:must(command)
  for _, row in ipairs(text:find "%S" and assert(json.decode(text, 1, true)) or {}) do
    if next(row) then
      rows[#rows + 1] = row
    end
  end
  return rows
end

---Names by index.
function place:names()
  local names = {}
  for _, row in ipairs(self:json "ip -j link show") do
    names[row.ifindex] = row.ifname
  end
  return names
end

-- --- comparing ---

local function text(value)
  return type(value) == "table" and json.encode(value) or tostring(value)
end

local function is_object(value)
  return type(value) == "table" and next(value) ~= nil and #value == 0
end

-- Leaves of ip's objects by their path; a list is a leaf.
local function flatten(row, into, prefix)
  for key, value in pairs(row) do
    if is_object(value) then
      flatten(value, into, prefix .. key .. ".")
    else
      into[prefix .. key] = value
    end
  end
  return into
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end
engine.same = same

---The value at a path, "linkinfo.data.id".
function engine.at(t, path)
  for key in path:gmatch "[^.]+" do
    if type(t) ~= "table" then
      return nil
    end
    t = t[key]
  end
  return t
end

-- What a rule says that ip should show of our table.
local function expected_of(rule, ours, context, value)
  if type(rule) == "function" then
    return rule(ours, context, value)
  end
  return engine.at(ours, rule)
end

-- Whether a value lies between two that were read before and after it.
local function between(value, a, b)
  return math.type(value) ~= nil and math.type(a) ~= nil and math.type(b) ~= nil
    and math.min(a, b) <= value and value <= math.max(a, b)
end

---Holds one row of ip's against the table which zlnet decoded. `rules` maps ip's path to our path, or to a function of
---(our table, context, ip's value) which returns what ip should say, or to `engine.own` where the key says nothing of
---the kernel's. `earlier` is our table as it was before ip's row was read: a value that moves is one of both, or lies
---between them. Counts into `tally`, returns the differences, and whether a value moved in another way: then the rows
---have to be read again.
function engine.compare(row, ours, rules, context, tally, earlier)
  local differences, moved = {}, false
  for path, value in pairs(flatten(row, {}, "")) do
    local rule = rules[path]
    if rule == nil then
      differences[#differences + 1] = ("%s = %s has no rule"):format(path, text(value))
    elseif rule == engine.own then
      tally.own = tally.own + 1
    else
      tally.compared = tally.compared + 1
      local after = expected_of(rule, ours, context, value)
      local before = after
      if earlier then
        before = expected_of(rule, earlier, context, value)
      end
      if not (same(after, value) or same(before, value) or between(value, before, after)) then
        moved = moved or not same(before, after)
        differences[#differences + 1] = ("%s: ip %s, zlnet %s"):format(path, text(value), text(after))
      end
    end
  end
  tally.differing = tally.differing + #differences
  table.sort(differences)
  return differences, moved
end

---ip's own: its presentation, or no attribute of the kernel's message.
engine.own = setmetatable({}, { __name = "ip's own" })

-- Two readings by ip of what ip made and of what zlnet made.
local function compare_made(made_by_ip, made_by_us, ignored, tally)
  local a, b, differences = {}, {}, {}
  flatten(made_by_ip, a, "")
  flatten(made_by_us, b, "")
  for path, value in pairs(a) do
    tally.made = tally.made + 1
    if not ignored(path, value, b[path]) and not same(value, b[path]) then
      differences[#differences + 1] = ("%s: made by ip %s, by zlnet %s"):format(path, text(value), text(b[path]))
    end
  end
  for path, value in pairs(b) do
    if a[path] == nil and not ignored(path, nil, value) then
      differences[#differences + 1] = ("%s: made by ip without, by zlnet %s"):format(path, text(value))
    end
  end
  tally.made_differing = tally.made_differing + #differences
  table.sort(differences)
  return differences
end

-- --- running ---

-- Without what the kernel made by itself.
local function asked(pairs_of)
  local kept = {}
  for _, pair in ipairs(pairs_of) do
    if not pair.aside then
      kept[#kept + 1] = pair
    end
  end
  return kept
end

-- What differs between what ip made and what zlnet made, once both have settled: the link watch tells of a carrier up to a
-- second later.
local function settle(read, ignored)
  local found
  pcall(helper.eventually, function()
    local shown, mine = read()
    found = { made = 0, made_differing = 0, list = {} }
    if #mine ~= #shown then
      found.list[1] = ("ip makes %d, zlnet %d"):format(#shown, #mine)
    end
    for i, pair in ipairs(shown) do
      for _, difference in ipairs(compare_made(pair.ip, mine[i] and mine[i].ip or {}, ignored, found)) do
        found.list[#found.list + 1] = pair.name .. " " .. difference
      end
    end
    return #found.list == 0
  end, engine.patience)
  return found
end

---Seconds that two which were made in the same way have to look the same.
engine.patience = 20

local COUNTS = { "compared", "differing", "own" }

-- Reads the rows of ip and of zlnet, and compares them, until no value moves meanwhile. Returns them and the differences.
local function read_and_compare(object, where, scenario, tally)
  local count, shown, differences
  helper.eventually(function()
    count, differences, shown = { compared = 0, differing = 0, own = 0 }, {}, object.read(where, scenario)
    local moving = false
    for _, pair in ipairs(shown) do
      local list, moved = engine.compare(pair.ip, pair.ours or {}, object.rules(pair.ours or {}), pair.context, count,
        pair.earlier)
      for _, difference in ipairs(list) do
        differences[#differences + 1] = pair.name .. " " .. difference
      end
      moving = moving or moved
    end
    return not moving
  end)
  for _, key in ipairs(COUNTS) do
    tally[key] = tally[key] + count[key]
  end
  return shown, differences
end

---Counts by object and kind.
engine.tallies = {}

function engine.tally(object, kind)
  local key = object .. "\t" .. kind
  engine.tallies[key] = engine.tallies[key]
    or { compared = 0, differing = 0, own = 0, made = 0, made_differing = 0, scenarios = 0, pending = 0 }
  return engine.tallies[key]
end

---Attributes without a row: how often, by object, kind, path and number.
engine.unknown = {}

local function collect_unknown(t, where, path)
  for key, value in pairs(t) do
    if key == "unknown" and type(value) == "table" then
      for attribute in pairs(value) do
        local name = ("%s %s%d"):format(where, path, attribute)
        engine.unknown[name] = (engine.unknown[name] or 0) + 1
      end
    elseif type(value) == "table" then
      collect_unknown(value, where, path .. key .. ".")
    end
  end
end

-- The kernel's refusal in what iproute2 printed; nil when it was iproute2 itself which refused.
local function refusal(output)
  local said = output:match "RTNETLINK answers: ([^\n]+)" or output:match "Error: ([^\n]+)"
  return said and not said:match "^either " and not said:match "^argument " and said or nil
end

function engine.by_ip(scenario, p)
  local lines = {}
  for _, words in ipairs(scenario.ip or {}) do
    lines[#lines + 1] = (words:match "^bridge " and "" or "ip ") .. words:gsub("%$OTHER", p.other or "")
  end
  return p:sh(table.concat(lines, "\n"))
end

local function by_zlnet(scenario, p)
  local steps = {}
  if scenario.make and not scenario.make[1] then
    steps[1] = { "newlink", scenario.make }
  end
  for _, step in ipairs(scenario.make or {}) do
    steps[#steps + 1] = step
  end
  for _, t in ipairs(scenario.after or {}) do
    if t then
      steps[#steps + 1] = { "setlink", t }
    end
  end
  local other <close> = scenario.elsewhere and assert(zlnet.netns.open(p.other)) or nil
  if other then
    scenario.make.linkinfo.data.peer.net_ns_fd = other:fd()
  end
  for _, step in ipairs(steps) do
    local ok, err = p.handle[step[1]](p.handle, step[2], step[3])
    if not ok then
      return nil, err
    end
  end
  return true
end

---Runs a scenario of an object (objects.lua): returns the list of differences, or nil and why it cannot be run here.
function engine.run(scenario, object)
  local tally = engine.tally(object.name, scenario.kind)
  local differences = {}
  local function add(list, what)
    for _, difference in ipairs(list) do
      differences[#differences + 1] = what .. difference
    end
  end
  local function pending(why)
    tally.pending = tally.pending + 1
    return nil, why
  end

  local first <close> = engine.open_place(scenario, "by-ip")
  if scenario.before then
    local ok, output = first:sh(scenario.before)
    if not ok then
      return pending((refusal(output) or output:gsub("%s+$", "")) .. " (what it stands on)")
    end
  end
  local ok, output = engine.by_ip(scenario, first)
  local why = not ok and refusal(output) or nil
  if not ok and not why then
    return pending("this ip refuses: " .. output:gsub("%s+$", ""):sub(1, 100))
  end
  local shown
  if ok then
    local found
    shown, found = read_and_compare(object, first, scenario, tally)
    if #shown == 0 then
      differences[1] = "ip shows nothing"
    end
    add(found, "")
    for _, pair in ipairs(shown) do
      collect_unknown(pair.ours, object.name .. " " .. (engine.at(pair.ours, "linkinfo.kind") or ""), "")
    end
  end
  if not scenario.make and not scenario.after then
    tally.scenarios = tally.scenarios + (ok and 1 or 0)
    return differences
  end

  local second <close> = engine.open_place(scenario, "by-zlnet")
  if scenario.before then
    second:must(scenario.before)
  end
  local made, err = by_zlnet(scenario, second)
  if not ok then
    if made then
      return { "zlnet makes what ip cannot: " .. why }
    end
    return pending(("refused to ip (%s) and to zlnet (%s)"):format(why, err.message))
  elseif not made then
    return { ("ip makes what zlnet cannot: %s%s"):format(tostring(err), err.attr and " at " .. err.attr or "") }
  end
  local random = {}
  for _, key in ipairs(scenario.random or {}) do
    random[key] = true
  end
  local function ignored(path, a, b)
    return random[path] or object.moving(path, a, b)
  end
  local settled = settle(function()
    return asked(object.read(first, scenario)), asked(object.read(second, scenario))
  end, ignored)
  tally.made, tally.made_differing = tally.made + settled.made, tally.made_differing + settled.made_differing
  add(settled.list, "")
  tally.scenarios = tally.scenarios + 1
  return differences
end

---A line for every object and kind, then the sums and what was not decoded.
function engine.report()
  local names, lines, sums = {}, {}, {}
  for name in pairs(engine.tallies) do
    names[#names + 1] = name
  end
  table.sort(names)
  local columns = { "scenarios", "pending", "compared", "differing", "made", "made_differing", "own" }
  local layout = "%-26s %9s %8s %9s %10s %6s %15s %5s"
  lines[1] = layout:format("", table.unpack(columns))
  for _, name in ipairs(names) do
    local row = {}
    for i, column in ipairs(columns) do
      row[i] = engine.tallies[name][column]
      sums[i] = (sums[i] or 0) + row[i]
    end
    lines[#lines + 1] = layout:format(name:gsub("\t", " "), table.unpack(row))
  end
  lines[#lines + 1] = layout:format("all", table.unpack(sums))
  local unknown = {}
  for name, count in pairs(engine.unknown) do
    unknown[#unknown + 1] = ("not decoded: %s (%d times)"):format(name, count)
  end
  table.sort(unknown)
  table.move(unknown, 1, #unknown, #lines + 1, lines)
  return table.concat(lines, "\n")
end

return engine
