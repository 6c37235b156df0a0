-- SPDX-License-Identifier: MIT
-- The fourteen functions of the origin, the Rust module that zlnet replaces. They act in the network namespace of the
-- calling thread, so inside with_netns in that one. Wrong arguments raise before anything is done; what the system
-- refuses is nil and a zlnet.error.
-- The requests are those of rtnetlink(7); namespaces are entered by setns(2) on a thread of their own.

local argument = require "zlnet.argument"
local core = require "zlnet.core"

local check, fmt, type = argument.check, string.format, type

local netlink = {}

local descriptor = argument.integer(0, 0x7fffffff)
local prefix_len_of = { inet = argument.integer(0, 32), inet6 = argument.integer(0, 128) }

local function sysctl_value(value)
  if type(value) ~= "string" and math.type(value) ~= "integer" then
    return nil, "a string or an integer expected, got " .. type(value)
  end
  return tostring(value)
end

-- Say which link it was, and what was being done with it.
local function explain(err, link, step)
  err.link, err.step = link, step
  return nil, err
end

-- One request on a socket of its own.
local function talk(method, args, more)
  local h <close>, err = core.open(nil)
  if not h then
    return nil, err
  end
  local answer
  answer, err = h[method](h, args, more)
  return answer, err
end

-- A namespace handle for an integer descriptor, an open Lua file or a handle, which stays the caller's.
local function open_descriptor(fname, position, ns_fd)
  local target = ns_fd
  if type(ns_fd) ~= "userdata" then
    target = { fd = check(fname, position, "ns_fd", descriptor, ns_fd, 3) }
  end
  local fine, ns, err = pcall(core.netns.open, target)
  if not fine then -- a closed one, or a userdata of another kind
    error(fmt("bad argument #%d to '%s' (ns_fd: %s)", position, fname, ns:match "%((.*)%)$" or ns), 3)
  end
  return ns, err
end

-- The kernel moves first and renames then. When the new name is taken the link is already there, under its old name.
local function bring_back(link, ns, err)
  local _, missing = talk("getlink", { ifname = link })
  if not missing or missing.kind ~= "not_found" then
    return
  end
  local here <close>, no_here = core.netns.open(nil)
  local there <close>, no_there = core.open(ns)
  local ok, failed = nil, no_here or no_there
  if here and there then
    ok, failed = there:setlink { index = link, net_ns_fd = here:fd() }
  end
  err.rollback = not ok and { failed } or nil
end

local function move(link, ns, new_name)
  local ok, err = talk("setlink", { index = link, net_ns_fd = ns:fd(), ifname = new_name })
  if ok then
    return true
  elseif err.kind ~= "not_found" then
    bring_back(link, ns, err)
  end
  return explain(err, link, fmt("move '%s' into another namespace as '%s'", link, new_name))
end

---Moves a link into another network namespace under a new name, with one request: `ip link set LINK netns NS name NEW`.
---When the new name is taken there, the link is brought back (down, as every moved link is).
---@param link string name, 1–15 bytes
---@param ns_fd integer|file*|zlnet.netns descriptor of the namespace; stays open
---@param new_name string 1–15 bytes
---@return true? ok
---@return zlnet.error? err `not_found`: no such link; `io`: ns_fd is no network namespace; `netlink`: EEXIST, EPERM, …
function netlink.move_link_into_netns_fd_and_rename(link, ns_fd, new_name)
  local fname = "move_link_into_netns_fd_and_rename"
  check(fname, 1, "link", argument.ifname, link)
  check(fname, 3, "new_name", argument.ifname, new_name)
  local ns <close>, err = open_descriptor(fname, 2, ns_fd)
  if not ns then
    return nil, err
  end
  return move(link, ns, new_name)
end

---The same for the namespace of a process: `ip link set LINK netns PID name NEW`.
---@param link string name, 1–15 bytes
---@param pid integer 1–4194304
---@param new_name string 1–15 bytes
---@return true? ok
---@return zlnet.error? err `io`: the process or its namespace cannot be opened; else as above
function netlink.move_link_into_netns_and_rename(link, pid, new_name)
  local fname = "move_link_into_netns_and_rename"
  check(fname, 1, "link", argument.ifname, link)
  check(fname, 2, "pid", argument.pid, pid)
  check(fname, 3, "new_name", argument.ifname, new_name)
  local ns <close>, err = core.netns.open(pid)
  if not ns then
    return nil, err
  end
  return move(link, ns, new_name)
end

---Makes a veth pair, both ends down in the current namespace: `ip link add HOST type veth peer name PEER`.
---@param host_name string 1–15 bytes
---@param peer_name string 1–15 bytes
---@return true? ok
---@return zlnet.error? err `netlink`: EEXIST (either name is taken; the message has both), EPERM, …
function netlink.create_veth_pair(host_name, peer_name)
  check("create_veth_pair", 1, "host_name", argument.ifname, host_name)
  check("create_veth_pair", 2, "peer_name", argument.ifname, peer_name)
  local linkinfo = { kind = "veth", data = { peer = { ifname = peer_name } } }
  local link, err = talk("newlink", { ifname = host_name, linkinfo = linkinfo })
  if link then
    return true
  end
  local what = err.code == "EEXIST" and "veth pair already exists" or "veth create failed"
  err.message = fmt("%s: host=%s peer=%s: %s", what, host_name, peer_name, err.message)
  return explain(err, host_name)
end

---Deletes a link, and a veth's other end with it: `ip link delete NAME`. Idempotent: true too when there is no such
---link, or when it goes by itself meanwhile.
---@param name string 1–15 bytes
---@return true? ok
---@return zlnet.error? err `netlink`: EPERM, EOPNOTSUPP (a link that cannot be deleted, as lo), …
function netlink.delete_link_by_name(name)
  check("delete_link_by_name", 1, "name", argument.ifname, name)
  local ok, err = talk("dellink", { ifname = name })
  if ok or err.kind == "not_found" then
    return true
  end
  return explain(err, name, fmt("delete '%s'", name))
end

---Lists the links: `ip -br link`.
---@return { index: integer, name: string }[]? links in the kernel's order
---@return zlnet.error? err `netlink`: EINTR (changed while listed, again and again), …
function netlink.list_all_links()
  local links, err = talk("getlinks", nil, { "index", "ifname" })
  if not links then
    return nil, err
  end
  for i = 1, #links do
    links[i] = { index = links[i].index, name = links[i].ifname }
  end
  return links
end

---Brings a link up: `ip link set NAME up`.
---@param name string 1–15 bytes
---@return true? ok
---@return zlnet.error? err `not_found`: no such link; `netlink`: EPERM, …
function netlink.set_link_up_by_name(name)
  check("set_link_up_by_name", 1, "name", argument.ifname, name)
  local ok, err = talk("setlink", { ifname = name, flags = { up = true } })
  if not ok then
    return explain(err, name, fmt("bring '%s' up", name))
  end
  return true
end

---Adds an address: `ip addr add ADDR/PREFIX_LEN dev NAME`.
---@param name string 1–15 bytes
---@param addr string IPv4 or IPv6 address without a length
---@param prefix_len integer bits, 0–32 or 0–128
---@return true? ok
---@return zlnet.error? err `not_found`: no such link; `netlink`: EEXIST, EPERM, …
function netlink.add_address_to_link_by_name(name, addr, prefix_len)
  local fname = "add_address_to_link_by_name"
  check(fname, 1, "name", argument.ifname, name)
  local ip = check(fname, 2, "addr", argument.address, addr)
  prefix_len = check(fname, 3, "prefix_len", prefix_len_of[ip.family], prefix_len)
  local args = { index = name, family = ip.family, ["local"] = ip.address, prefixlen = prefix_len }
  local ok, err = talk("newaddr", args)
  if not ok then
    return explain(err, name, fmt("add %s/%d to '%s'", ip.address, prefix_len, name))
  end
  return true
end

---Adds a default route without a gateway, of link scope: `ip route add default dev DEV`, `ip -6 route …`.
---@param dev string name of a link that is up, 1–15 bytes
---@param is_v6 boolean
---@return true? ok
---@return zlnet.error? err `not_found`: no such link; `netlink`: EEXIST, ENETDOWN, EPERM, …
function netlink.add_default_route_via_dev(dev, is_v6)
  check("add_default_route_via_dev", 1, "dev", argument.ifname, dev)
  check("add_default_route_via_dev", 2, "is_v6", argument.boolean, is_v6)
  local ok, err = talk("newroute", { family = is_v6 and "inet6" or "inet", oif = dev })
  if not ok then
    return explain(err, dev, fmt("add the IPv%d default route by '%s'", is_v6 and 6 or 4, dev))
  end
  return true
end

---Adds a route without a gateway, of link scope, in place of one to the same destination:
---`ip route replace DEST/PREFIX_LEN dev DEV [src SRC]`.
---@param dest string IPv4 or IPv6 address without a length
---@param prefix_len integer bits, 0–32 or 0–128
---@param dev string name of a link that is up, 1–15 bytes
---@param src string? preferred source address, one of this namespace's, of dest's family
---@return true? ok
---@return zlnet.error? err `not_found`: no such link; `netlink`: EAFNOSUPPORT (families differ; the kernel is not
---asked), EINVAL (host bits in dest; src is not ours), ENETDOWN, EPERM, …
function netlink.replace_route_via_dev(dest, prefix_len, dev, src)
  local fname = "replace_route_via_dev"
  local ip = check(fname, 1, "dest", argument.address, dest)
  prefix_len = check(fname, 2, "prefix_len", prefix_len_of[ip.family], prefix_len)
  check(fname, 3, "dev", argument.ifname, dev)
  local source = src ~= nil and check(fname, 4, "src", argument.address, src) or nil
  local step = fmt("replace the route to %s/%d by '%s'", ip.address, prefix_len, dev)
  if source and source.family ~= ip.family then
    local err = core.error { kind = "netlink", code = "EAFNOSUPPORT", op = "newroute" }
    err.message = fmt("address family mismatch: dest=%s src=%s", ip.address, source.address)
    return explain(err, dev, step)
  end
  local route = { family = ip.family, dst = ip.address .. "/" .. prefix_len, oif = dev, scope = "link" }
  route.prefsrc = source and source.address
  local ok, err = talk("newroute", route, "replace")
  if not ok then
    return explain(err, dev, step)
  end
  return true
end

---Sets a sysctl: `sysctl -w KEY=VALUE`. Source: sysctl(8), sysctl.d(5).
---@param key string dotted or slashed, the first separator decides: `net.ipv4.conf.eth0/100.rp_filter`; 1–255 bytes
---@param value string|integer
---@return true? ok
---@return zlnet.error? err `io`: ENOENT (no such key), EACCES, EROFS, EINVAL (the value), …
function netlink.set_sysctl(key, value)
  local path = check("set_sysctl", 1, "key", argument.sysctl_key, key)
  value = check("set_sysctl", 2, "value", sysctl_value, value)
  local ok, err = core.sysctl_write(path, value)
  return ok, err
end

---Calls f in another network namespace, on a fresh thread that ends with it: `nsenter --net=NS …`. The calling thread
---never changes namespace. f may not yield (see with_netns_fd_async).
---@param ns_fd integer|file*|zlnet.netns descriptor of the namespace; stays open
---@param f function
---@param ... any its arguments
---@return any ... f's results, also `nil, err`; what f raises is raised again
---@return zlnet.error? err `io`: ns_fd is no network namespace, no thread; `netlink`: EPERM at setns
function netlink.with_netns_fd(ns_fd, f, ...)
  check("with_netns_fd", 2, "f", argument.fn, f)
  local ns <close>, err = open_descriptor("with_netns_fd", 1, ns_fd)
  if not ns then
    return nil, err
  end
  return ns:run(f, ...)
end

---The same for the namespace of a process: `nsenter -t PID -n …`.
---@param pid integer 1–4194304
---@param f function
---@param ... any its arguments
---@return any ... f's results
---@return zlnet.error? err `io`: the process or its namespace cannot be opened; else as above
function netlink.with_netns(pid, f, ...)
  check("with_netns", 1, "pid", argument.pid, pid)
  check("with_netns", 2, "f", argument.fn, f)
  local ns <close>, err = core.netns.open(pid)
  if not ns then
    return nil, err
  end
  return ns:run(f, ...)
end

---As with_netns_fd, but f runs as a coroutine on that thread, which may yield pollables, seconds or nothing to wait
---(zlnet.loop has the protocol).
---@param ns_fd integer|file*|zlnet.netns descriptor of the namespace; stays open
---@param f function
---@param ... any its arguments
---@return any ... f's results
---@return zlnet.error? err as with_netns_fd; `io` when waiting failed
function netlink.with_netns_fd_async(ns_fd, f, ...)
  check("with_netns_fd_async", 2, "f", argument.fn, f)
  local ns <close>, err = open_descriptor("with_netns_fd_async", 1, ns_fd)
  if not ns then
    return nil, err
  end
  return ns:run(require("zlnet.loop").run, f, ...)
end

---As with_netns, but f runs as a coroutine: see with_netns_fd_async.
---@param pid integer 1–4194304
---@param f function
---@param ... any its arguments
---@return any ... f's results
---@return zlnet.error? err
function netlink.with_netns_async(pid, f, ...)
  check("with_netns_async", 1, "pid", argument.pid, pid)
  check("with_netns_async", 2, "f", argument.fn, f)
  local ns <close>, err = core.netns.open(pid)
  if not ns then
    return nil, err
  end
  return ns:run(require("zlnet.loop").run, f, ...)
end

if not core.supported then
  for name in pairs(netlink) do
    netlink[name] = function()
      return nil, core.error { kind = "netlink", op = name, message = name .. " is only supported on Linux" }
    end
  end
end

return netlink
