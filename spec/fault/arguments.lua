-- SPDX-License-Identifier: MIT
-- luacheck: ignore 631
-- Random values and tables of options to every public function: it raises an argument error before any side effect, or
-- does what was asked, or returns nil and an error. Never another error, never a crash.
-- usage: spec/fault/sandbox spec/fault/arguments.lua [CALLS [SEED]]
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local calls, seed = tonumber(arg[1]) or 20000, math.tointeger(tonumber(arg[2])) or os.time()
math.randomseed(seed)
print(("seed %d"):format(seed))

local container = helper.container()
helper.ip("link", "add", "fa0", "type", "veth", "peer", "name", "fa1")
local closed = assert(io.open "/dev/null")
closed:close()
local open = assert(io.open(("/proc/%d/ns/net"):format(container.pid)))
local handle, ns = assert(zlnet.open(nil)), assert(zlnet.netns.open(container.pid))

local function any(list)
  return list[math.random(#list)]
end

local INTEGERS = { 0, 1, -1, 2, 15, 16, 24, 32, 33, 64, 128, 129, 255, 256, 1500, 65535, 65536, 1 << 31, 1 << 32,
  1 << 62, math.mininteger, math.maxinteger, 4194304, 4194305, container.pid }
local TEXTS = { "", "lo", "fa0", "eth0", "eth%d", ".", "..", "a/b", "a b", "x\0y", ("x"):rep(15), ("x"):rep(16),
  ("y"):rep(5000), "10.9.0.2", "10.9.0.2/24", "10.9.0.2/33", "fd00::2", "fd00::2/129", "::", "0.0.0.0", "256.1.1.1", "fe80::1%lo",
  "routed", "direct", "bridge", "inherit", "kernel", "replace", "02:00:00:00:00:01", "01:00:00:00:00:01", "02:00", "s", "xyz",
  "/",  "/proc/self/ns/net", "/proc/self/ns/mnt", "/dev/null", "/nonexistent", "net.ipv4.ip_forward", "net/ipv4/ip_forward",
  "net..x", "/etc/passwd", "../../etc", "\xff\xfe", "é", "1", "0x10", "%s%n" }

local value

local function random_table(depth)
  local t = {}
  for _ = 1, math.random(0, 4) do
    local key = value(depth + 2)
    if key ~= nil and key == key then
      t[key] = value(depth + 1)
    end
  end
  if math.random(4) == 1 then
    t.fd = any { 0, 99, -1, "x", 1 << 40 }
  end
  if math.random(8) == 1 then
    t.self = t
  end
  if math.random(8) == 1 then
    setmetatable(t, { __index = function(_, k)
      return k
    end, __len = function()
      return 1 << 40
    end, __tostring = function()
      return "odd"
    end })
  end
  return t
end

local KINDS = {
  function() end,
  function()
    return math.random(2) == 1
  end,
  function()
    return any(INTEGERS)
  end,
  function()
    return math.random(0)
  end,
  function()
    return any { 0.5, -0.0, 1e308, math.huge, -math.huge, 0 / 0, 3.0 }
  end,
  function()
    return any(TEXTS)
  end,
  function()
    return any(TEXTS)
  end,
  function()
    local bytes = {}
    for i = 1, math.random(0, 24) do
      bytes[i] = string.char(math.random(0, 255))
    end
    return table.concat(bytes)
  end,
  function(depth)
    return depth < 4 and random_table(depth) or {}
  end,
  function()
    return any { type, function()
      return 1
    end, coroutine.create(print), open, closed, handle, ns, io.stdout }
  end,
}

function value(depth)
  return any(KINDS)(depth or 0)
end

local OPTIONS = { "pid", "netns", "id", "ip", "tag", "ifname", "mode", "default_route", "gateway", "src", "mtu", "mac",
  "host_mac", "queues", "forwarding", "on_exists", "nodad", "timeout", "bridge", "proxy_arp", "colour" }

-- Mostly right, so that more than the first check is reached.
local function attach_options()
  local o = { pid = container.pid, ip = "10.9.0.2" }
  for _ = 1, math.random(0, 3) do
    o[any(OPTIONS)] = value()
  end
  if math.random(20) == 1 then
    return value()
  end
  return o
end

local function some_options(names)
  return function()
    local o = {}
    for _ = 1, math.random(0, 3) do
      o[any(names)] = value()
    end
    return math.random(4) == 1 and value() or o
  end
end

local MAKE = {
  attach = attach_options,
  detach = some_options { "pid", "id", "tag", "colour" },
  sweep = some_options { "dry_run", "timeout", "colour" },
}
-- what would wait, rightly, for as long as it was told
local SKIP = { watch = true, monitor = true }

local functions = {}
for _, name in ipairs { "attach", "detach", "sweep", "make_interface_name", "plan", "check", "bridge", "attachments" } do
  functions[name] = zlnet[name]
end
for name, f in pairs(zlnet) do
  if type(f) == "function" and not SKIP[name] then
    functions[name] = f
  end
end
for _, name in ipairs { "open", "new", "create", "delete", "list" } do
  functions["netns." .. name] = zlnet.netns[name]
end
local OPERATIONS = { "newlink", "setlink", "dellink", "getlink", "getlinks", "newaddr", "newroute", "newneigh", "newrule" }
for _, op in ipairs(OPERATIONS) do
  functions["handle:" .. op] = function(...)
    return handle[op](handle, ...)
  end
end
local names = {}
for name in pairs(functions) do
  names[#names + 1] = name
end
table.sort(names)

local function look()
  local words = {}
  for line in io.lines "/proc/thread-self/net/dev" do
    words[#words + 1] = line:match "^%s*(%S+):"
  end
  for line in io.lines "/proc/sys/net/ipv4/ip_forward" do
    words[#words + 1] = line
  end
  return table.concat(words, " ")
end

local count, findings = { raised = 0, refused = 0, done = 0 }, 0
local function found(name, args, what)
  findings = findings + 1
  local words = {}
  for i = 1, args.n do
    local ok, text = pcall(string.format, type(args[i]) == "string" and "%q" or "%s", args[i])
    words[i] = ok and text or type(args[i])
  end
  print(("  FOUND %s(%s): %s"):format(name, table.concat(words, ", "):sub(1, 200), what))
end

local before = helper.snapshot()
for i = 1, calls do
  local name = names[i % #names + 1]
  local args
  if MAKE[name] and math.random(10) > 1 then
    args = table.pack(MAKE[name]())
  else
    args = { n = math.random(0, 5) }
    for k = 1, args.n do
      args[k] = value()
    end
  end
  local state = look()
  local result = table.pack(pcall(functions[name], table.unpack(args, 1, args.n)))
  local first, err = result[2], result[3]
  if not result[1] then
    count.raised = count.raised + 1
    local text = tostring(first)
    if not (text:find "bad argument" or text:find "bad option" or text:find "calling '%w+' on bad self") then
      found(name, args, "raised " .. text:sub(1, 200))
    elseif look() ~= state then
      found(name, args, "raised after a side effect: " .. text)
    end
  elseif first == nil and err ~= nil then
    count.refused = count.refused + 1
    if type(err) ~= "table" or not err.kind or not err.message and not err.link then
      found(name, args, "no clear error: " .. tostring(err))
    end
    if name == "attach" and look() ~= state then
      found(name, args, "not undone: " .. tostring(err))
    end
  else
    count.done = count.done + 1
    for k = 2, result.n do -- what it opened is ours to close
      local v = result[k]
      if type(v) == "userdata" and v ~= open and v ~= handle and v ~= ns and v ~= closed and v ~= io.stdout then
        pcall(function()
          v:close()
        end)
      end
    end
    if name == "attach" then
      local ok, why = zlnet.detach(first)
      if not ok then
        found(name, args, "cannot be detached: " .. tostring(why))
      end
    end
  end
end
before.link, before["named namespace"] = nil, nil
for _, text in ipairs(helper.leaks(before, 1)) do
  findings = findings + 1
  print("  FOUND " .. text)
end
print(("%d functions, %d calls: %d raised an argument error, %d were refused, %d were done; %d findings (seed %d)")
  :format(#names, calls, count.raised, count.refused, count.done, findings, seed))
container:kill()
os.exit(findings == 0, true)
