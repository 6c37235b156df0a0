-- SPDX-License-Identifier: MIT
-- A plan as commands of ip-link(8), ip-address(8), ip-route(8), bridge(8) and sysctl(8): each operation's equal, and
-- all of them as one script.

local shell = {}

-- How the script names a target that has neither pid nor path: its caller says where it is.
local VARIABLE = '"$NETNS"'

---A word for sh(1): quoted where it needs to be.
---@param word string|number
---@return string
function shell.quote(word)
  word = tostring(word)
  if word:find "^[%w@%%_+=:,./-]+$" then
    return word
  end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local quote = shell.quote

-- Words with a space between them; nil and false are left out.
local function join(...)
  local words, given = {}, table.pack(...)
  for i = 1, given.n do
    words[#words + 1] = given[i] or nil
  end
  return table.concat(words, " ")
end

local function option(name, value)
  return value ~= nil and name .. " " .. quote(value)
end

local function queues_of(t)
  return option("numtxqueues", t.num_tx_queues), option("numrxqueues", t.num_rx_queues)
end

local writers = {}

function writers.newlink(args, c)
  local peer = args.linkinfo.data.peer
  local tx, rx = queues_of(args)
  local peer_tx, peer_rx = queues_of(peer)
  return join("ip link add name", quote(args.ifname), option("mtu", args.mtu), option("address", args.address), tx, rx,
    option("master", args.master), "up type veth peer name", quote(peer.ifname), option("mtu", peer.mtu),
    option("address", peer.address), peer_tx, peer_rx, "netns", c.netns)
end

local function switch(name, value)
  return value and name .. " on"
end

local function vlan(what, args, c)
  local info = args.af_spec.vlan_info[1]
  local flags = info.flags or {}
  return join("bridge vlan", what, "dev", quote(c.dev), "vid", info.vid, flags.pvid and "pvid",
    flags.untagged and "untagged")
end

-- Of a bridge's VLAN: an end itself is never deleted.
function writers.dellink(args, c)
  return vlan("del", args, c)
end

function writers.setlink(args, c)
  local spec, port = args.af_spec, args.linkinfo and args.linkinfo.slave_data
  if port then
    return join("ip link set dev", quote(c.dev), "type bridge_slave", switch("hairpin", port.mode),
      switch("isolated", port.isolated))
  elseif args.family == "bridge" then
    return vlan("add", args, c)
  elseif spec and spec.inet then
    local key, value = next(spec.inet.conf)
    return join("sysctl -qw", quote(("net/ipv4/conf/%s/%s=%s"):format(c.dev, key, value)))
  end
  return join("ip link set dev", quote(c.dev), spec and "addrgenmode " .. spec.inet6.addr_gen_mode,
    option("alias", args.ifalias), option("address", args.address), args.flags and "up")
end

-- What is waited for is asked for until it is so.
local function wait(question, answer)
  return ("until %s 2>/dev/null | grep -q '%s'; do sleep 0.01; done"):format(question, answer)
end

function writers.getlink(_, c)
  local ask = join("ip link show dev", quote(c.dev))
  return c.await and wait(c.inside .. ask, " state " .. c.await.operstate:upper() .. " ") or ask .. " >/dev/null"
end

function writers.newlinkprop(args, c)
  local words = {}
  for i, name in ipairs(args.prop_list.alt_ifname) do
    words[i] = "altname " .. quote(name)
  end
  return join("ip link property add dev", quote(c.dev), table.concat(words, " "))
end

function writers.newaddr(args, c)
  local flags = args.flags or {}
  return join("ip addr add", args["local"] .. "/" .. args.prefixlen, "dev", quote(c.dev), option("scope", args.scope),
    flags.nodad and "nodad", flags.noprefixroute and "noprefixroute")
end

function writers.newroute(args, c)
  local v6 = args.family == "inet6" or args.dst and args.dst:find(":", 1, true)
  return join(v6 and "ip -6 route" or "ip route", c.mode or "add", args.dst or "default", option("via", args.gateway),
    "dev", quote(c.dev), option("scope", args.scope), option("src", args.prefsrc),
    args.flags and args.flags.onlink and "onlink")
end

function writers.getroute(args, c)
  local ask = join("ip -6 route get", args.dst:match "^[^/]+", "oif", quote(c.dev))
  return wait(c.inside .. ask, "^" .. c.await.type .. " ")
end

function writers.getroutes(args, c)
  local ask, waits = join("ip -6 route show table", args.table, "dev", quote(c.dev)), {}
  for i, address in ipairs(c.await.dst) do
    waits[i] = wait(c.inside .. ask, "^local " .. address .. " ")
  end
  return table.concat(waits, "; ")
end

function writers.sysctl(args, c)
  return join("sysctl -qw", quote(args.key .. "=" .. args.value), c.optional and "2>/dev/null || true")
end

function writers.firewall(args)
  return require("zlnet.firewall.operations").command(args)
end

---The command that equals one operation.
---@param op zlnet.plan.op
---@param p zlnet.plan
---@param target string? how the container's namespace is named: a pid's digits, a name or a path; nil: `"$NETNS"`
---@return string command for sh(1)
function shell.command(op, p, target)
  local path = not target and VARIABLE
    or quote(target:find "^%d+$" and "/proc/" .. target .. "/ns/net"
      or target:find("/", 1, true) and target or "/run/netns/" .. target)
  local inside = op.ns == "container" and "nsenter --net=" .. path .. " " or ""
  local dev = op.link == "host" and p.host_ifname or op.link and p.ifname or "lo"
  local text = writers[op.op](op.args, {
    dev = dev, netns = target and quote(target) or VARIABLE, inside = inside, mode = op.mode, await = op.await,
    optional = op.optional,
  })
  return op.await and text or inside .. text
end

---All of a plan as a script that stops at the first failure.
---@param p zlnet.plan its operations with their commands
---@return string script for sh(1), with the steps as comments
function shell.script(p)
  local lines, step = { "#!/bin/sh", "set -e" }, nil
  for _, op in ipairs(p.ops) do
    if op.step ~= step then
      step = op.step
      lines[#lines + 1] = "# " .. step
    end
    lines[#lines + 1] = op.command
  end
  return table.concat(lines, "\n") .. "\n"
end

return shell
