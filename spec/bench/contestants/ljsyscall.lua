-- SPDX-License-Identifier: MIT
-- Contestant: ljsyscall under LuaJIT, the pair made in place. Its nl module opens a socket per request, so inside a
-- container the only thread stands in the container's namespace meanwhile (setns there and back).
-- ljsyscall.lua attach   stdin: "pid v4" a line      one   stdin: names      sweep      list N
local S = require "syscall"
local nl, t, util = S.nl, S.types.t, S.util

-- The packaged version closes a socket's number a second time when the closed socket is collected, by then often
-- somebody else's: so nothing is collected while this runs.
collectgarbage("stop")

local function now()
  local ts = S.clock_gettime("monotonic")
  return tonumber(ts.tv_sec) * 1e6 + tonumber(ts.tv_nsec) / 1e3
end

local function timed(f, ...)
  local start = now()
  f(...)
  print(("%.1f"):format(now() - start))
end

local function up(index)
  assert(nl.newlink(index, 0, "up", "up"))
end

local function create(name, ns)
  local peer = { t.ifinfomsg, {}, { "ifname", "eth0", "net_ns_fd", ns:getfd() } }
  local info = { "kind", "veth", "data", { "peer", peer } }
  assert(nl.newlink(0, "create, excl", "up", "up", "ifname", name, "linkinfo", info))
end

local function address(index, ip)
  assert(nl.newaddr(index, "inet", 32, 0, "local", ip))
end

local function route(index, flags, dst, len, via)
  local head = { family = "inet", dst_len = len, type = "unicast", protocol = "static", table = "main" }
  head.scope = via and "universe" or "link"
  if via then
    return assert(nl.newroute(flags, head, "gateway", via, "oif", index))
  end
  return assert(nl.newroute(flags, head, "dst", dst, "oif", index))
end

local function setup_container(ip)
  local eth0 = util.if_nametoindex("eth0")
  address(eth0, ip)
  up(1)
  up(eth0)
  route(eth0, "create", "169.254.1.1", 32)
  route(eth0, "create", nil, 0, "169.254.1.1")
end

local function attach(home, pid, ip)
  local name = "veth-" .. pid .. "-s"
  local ns = assert(S.open("/proc/" .. pid .. "/ns/net", "rdonly, cloexec"))
  create(name, ns)
  local index = util.if_nametoindex(name)
  assert(S.setns(ns, "newnet"))
  local ok, err = pcall(setup_container, ip)
  assert(S.setns(home, "newnet"))
  assert(ok, err)
  assert(nl.newlink(index, 0, 0, 0, "ifalias", "ljsyscall pid=" .. pid))
  address(index, "169.254.1.1")
  route(index, "create, replace", ip, 32)
  ns:close()
end

local function orphan(name)
  local pid = name:match("^veth%-(%d+)") or name:match("^vc%-(%d+)")
  if not pid then
    return false
  end
  local ok, err = S.kill(tonumber(pid), 0)
  return not ok and err.SRCH
end

local function sweep()
  local gone = {}
  for _, link in ipairs(assert(nl.getlink())) do
    if orphan(link.name) and not gone[link.index] then
      assert(nl.dellink(link.index))
      gone[link.link or 0] = true
    end
  end
end

local function list()
  local rows = {} -- luacheck: ignore (what a caller would get)
  for _, link in ipairs(assert(nl.getlink())) do
    rows[#rows + 1] = { index = link.index, name = link.name }
  end
end

local work = arg[1]
if work == "attach" then
  local home = assert(S.open("/proc/self/ns/net", "rdonly, cloexec"))
  for line in io.lines() do
    timed(attach, home, line:match("(%d+) (%S+)"))
  end
elseif work == "one" then
  for name in io.lines() do
    timed(function()
      assert(nl.dellink(util.if_nametoindex(name)))
    end)
  end
elseif work == "sweep" then
  timed(sweep)
else
  for _ = 1, tonumber(arg[2]) do
    timed(list)
  end
end
