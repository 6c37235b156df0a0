-- SPDX-License-Identifier: MIT
-- probe: what this kernel and this user can do, found out by trying it, before anything fails. Links are only made in
-- a scratch namespace that ends with the probe.

local core = require "zlnet.core"

local probe = {}

---@class zlnet.probe.fact
---@field area "kernel"|"capability"|"namespace"|"link"|"sysctl"
---@field name string
---@field ok boolean? nil where it could not be tried
---@field needed boolean whether attach, detach and sweep need it
---@field what string what it is for
---@field detail string? what was met

-- bits and uses of capabilities(7)
local CAPABILITIES = {
  { "CAP_NET_ADMIN", 12, "make links, addresses and routes" },
  { "CAP_SYS_ADMIN", 21, "enter network namespaces" },
  { "CAP_SYS_PTRACE", 19, "open the namespaces of processes, see what they use" },
}

-- Only kinds that workflows use: asking for a kind makes the kernel load its module, and some modules make links.
local KINDS = {
  { kind = "veth", data = { peer = { ifname = "zl-probe1" } }, needed = true, what = "attach" },
  { kind = "bridge", what = "attach in mode bridge" },
  { kind = "vxlan", data = { id = 1 }, what = "join the networks of several nodes" },
}

local function read(path)
  local file = io.open(path)
  local text = file and file:read "a"
  if file then
    file:close()
  end
  return text
end

---The effective capabilities of this process, those that zlnet can need.
---@return table<string, boolean>? has nil where /proc does not tell
function probe.capabilities()
  local effective = (read "/proc/self/status" or ""):match "CapEff:%s*(%x+)"
  local bits = effective and math.tointeger(tonumber(effective, 16))
  if not bits then
    return nil
  end
  local has = {}
  for _, row in ipairs(CAPABILITIES) do
    has[row[1]] = bits & 1 << row[2] ~= 0
  end
  return has
end

local function probe_kernel(add)
  local pid = math.tointeger(tonumber((read "/proc/self/stat" or ""):match "^%d+"))
  local process <close>, err = core.process(pid or 1)
  add("kernel", "pidfd", process ~= nil, "know a process from a later one with its pid", true, err)
end

local function probe_capabilities(add)
  local has = probe.capabilities()
  for _, row in ipairs(CAPABILITIES) do
    add("capability", row[1], has ~= nil and has[row[1]], row[3], true, not has and "/proc does not tell" or nil)
  end
end

-- What keeps users without privileges from making user namespaces.
local function user_namespaces()
  for key, off in pairs {
    ["user/max_user_namespaces"] = "0",
    ["kernel/unprivileged_userns_clone"] = "0",
    ["kernel/apparmor_restrict_unprivileged_userns"] = "1",
  } do
    local value, err = core.sysctl_read(key)
    if value == off or not value and key == "user/max_user_namespaces" then
      return false, value and ("%s is %s"):format(key:gsub("/", "."), value) or tostring(err)
    end
  end
  return true
end

local VIEWS = {
  partial = "/proc hides processes of others (hidepid)",
  foreign = "/proc shows another pid namespace",
}

local function probe_namespaces(add, scratch, refused)
  add("namespace", "network", scratch ~= nil, "make namespaces", false, refused)
  local ok, why = user_namespaces()
  add("namespace", "user", ok, "do all of it without root, zlnet demo", false, why)
  local view = core.proc_view()
  add("namespace", "pid", view == "all", "sweep: see every process", false, VIEWS[view])
end

-- Strict checking shows in a dump for one link: without it the kernel ignores the filter. A new link that we do not
-- name is only known to us if the kernel echoes it.
local function probe_netlink(add, h)
  local echoed = h:newlink { linkinfo = { kind = "veth" } }
  add("kernel", "echo", type(echoed) == "table", "tell what was made in the answer", false)
  local all = h:getlinks() or {}
  for i, link in ipairs(all) do
    h:newaddr { index = link.index, ["local"] = "192.0.2." .. i, prefixlen = 32 }
  end
  local addresses = h:getaddrs { index = "lo", family = "inet" }
  local ok
  if #all > 1 and addresses then
    ok = #addresses == 1
  end
  add("kernel", "strict checking", ok, "list only what is asked for", false)
end

local function probe_links(add, h)
  for _, row in ipairs(KINDS) do
    local ok, err = nil, "no namespace to try it in"
    if h then
      local made
      made, err = h:newlink { ifname = "zl-probe0", linkinfo = { kind = row.kind, data = row.data } }
      ok = made ~= nil
      h:dellink { ifname = "zl-probe0" }
    end
    add("link", row.kind, ok, row.what, row.needed or false, err)
  end
end

-- Asking for the family makes the kernel load its module.
local function probe_families(add)
  local family, err = core.genl(nil, "wireguard")
  if family then
    family:close()
  end
  add("link", "wireguard", family ~= nil, "zlnet.overlay of kind wireguard", false, err)
end

-- Root may open the files without CAP_NET_ADMIN, but then not write them.
local function probe_sysctls(add)
  local has = probe.capabilities()
  for _, row in ipairs { { "net/ipv4/ip_forward", "IPv4" }, { "net/ipv6/conf/all/forwarding", "IPv6" } } do
    local file, why = io.open("/proc/sys/" .. row[1], "r+") -- opened, not written
    if file then
      file:close()
    end
    local ok = file ~= nil and has ~= nil and has.CAP_NET_ADMIN
    local name, what = row[1]:gsub("/", "."), ("switch %s forwarding on"):format(row[2])
    add("sysctl", name, ok, what, false, why or "CAP_NET_ADMIN is missing")
  end
end

---Finds out what this kernel and this user can do. Makes nothing but a scratch namespace, which ends with it; the
---kernel may load the modules of veth, bridge, vxlan and wireguard.
---
---Equal to `capsh --print`, `ip link add type KIND` for each and a look at /proc. Sources: capabilities(7),
---namespaces(7), proc(5).
---@return { kernel: string, version: string, ready: boolean, facts: zlnet.probe.fact[] } report `ready`: nothing that
---is needed is missing
function probe.probe()
  local facts, ready = {}, true
  local function add(area, name, ok, what, needed, detail)
    detail = not ok and detail and tostring(detail) or nil
    facts[#facts + 1] = { area = area, name = name, ok = ok, needed = needed, what = what, detail = detail }
    ready = ready and (ok ~= false or not needed)
  end
  local scratch <close>, refused = core.netns.new()
  local h <close> = scratch and core.open(scratch)
  probe_kernel(add)
  if h then
    probe_netlink(add, h)
  end
  probe_capabilities(add)
  probe_namespaces(add, scratch, refused)
  probe_links(add, h)
  probe_families(add)
  probe_sysctls(add)
  return { kernel = core.sysctl_read "kernel/osrelease" or "?", version = core.version, ready = ready, facts = facts }
end

return probe
