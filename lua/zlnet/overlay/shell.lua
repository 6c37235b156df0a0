-- SPDX-License-Identifier: MIT
-- The operations of an overlay as commands of ip(8), bridge(8) and wg(8): each operation's equal, and all of them as
-- one script.

local differences = require "zlnet.overlay.differences"

local shell = {}

local function quote(word)
  word = tostring(word)
  return word:find "^[%w@%%_+=:,./-]+$" and word or "'" .. word:gsub("'", "'\\''") .. "'"
end

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

local writers = {}

function writers.newlink(args)
  local data = args.linkinfo.data or {}
  return join("ip link add name", quote(args.ifname), option("mtu", args.mtu), option("address", args.address), "type",
    args.linkinfo.kind, option("id", data.id), option("local", data["local"] or data.local6), option("dev", data.link),
    option("dstport", data.port), data.learning == false and "nolearning", data.udp_zero_csum6_rx and "udp6zerocsumrx")
end

function writers.dellink(_, dev)
  return "ip link delete dev " .. dev
end

function writers.setlink(args, dev)
  if args.linkinfo then
    return join("ip link set dev", dev, "type", args.linkinfo.kind, "nolearning")
  end
  return join("ip link set dev", dev, option("alias", args.ifalias), option("address", args.address),
    option("mtu", args.mtu), args.af_spec and "addrgenmode " .. args.af_spec.inet6.addr_gen_mode,
    args.flags and (args.flags.up and "up" or "down"))
end

-- Without our protocol number, for which most versions of ip(8) have no word.
function writers.newaddr(args, dev)
  return join("ip addr replace", args["local"] .. "/" .. args.prefixlen, "dev", dev,
    args.flags and args.flags.nodad and "nodad")
end

function writers.deladdr(args, dev)
  return join("ip addr del", args["local"] .. "/" .. args.prefixlen, "dev", dev)
end

function writers.newneigh(args, dev)
  if args.family == "bridge" then
    return join("bridge fdb replace", args.lladdr, "dev", dev, option("dst", args.dst), "self", args.state)
  end
  return join("ip neigh replace", args.dst, option("lladdr", args.lladdr), "dev", dev, "nud", args.state)
end

function writers.delneigh(args, dev)
  if args.family == "bridge" then
    return join("bridge fdb del", args.lladdr, "dev", dev, option("dst", args.dst), option("port", args.port),
      option("vni", args.vni), "self")
  end
  return join("ip neigh del", args.dst, "dev", dev)
end

local VERB = { create = "add", replace = "replace" }

local function route(verb, args, dev)
  return join(args.family == "inet6" and "ip -6 route" or "ip route", verb, args.dst,
    args.via and "via inet6 " .. args.via, option("via", args.gateway), "dev", dev, option("proto", args.protocol),
    option("metric", args.priority), args.flags and args.flags.onlink and "onlink")
end

function writers.newroute(args, dev, mode)
  return route(VERB[mode], args, dev)
end

function writers.delroute(args, dev)
  return route("del", args, dev)
end

-- The operations of a tunnel, without its keys: a private key is in the file $PRIVATE_KEY, a preshared one in
-- $PRESHARED_KEY.
local function tunnel(todo, o)
  local ops, dev, c = {}, quote(o.name), todo.config
  if c then
    ops[1] = { call = "setdevice", what = "link", how = "changed", command = join("wg set", dev,
      c.private_key and 'private-key "$PRIVATE_KEY"', option("listen-port", c.listen_port),
      option("fwmark", c.fwmark)) }
  end
  for _, op in ipairs(todo.ops) do
    local entry, wanted = op.entry, op.wanted
    local words = entry.flags.remove_me and "remove"
    local ips = wanted and {}
    for i, s in ipairs(wanted or {}) do
      ips[i] = s.text
    end
    ops[#ops + 1] = { call = op.call, what = op.what, how = op.how, key = op.key, peer = op.peer, command = join(
      "wg set", dev, "peer", op.key, words, entry.preshared_key and 'preshared-key "$PRESHARED_KEY"',
      option("endpoint", entry.endpoint), option("persistent-keepalive", entry.persistent_keepalive_interval),
      ips and "allowed-ips " .. quote(table.concat(ips, ","))) }
  end
  return ops
end

---The operations of a sync, each with the command that equals it.
---@param todo table of sync.decide
---@param o table checked options
---@return table[] ops `call`, `what`, `how`, `key`, `peer`, `expected`, `found`, `command`
function shell.ops(todo, o)
  local ops, dev = {}, quote(o.name)
  local function add(list)
    for _, op in ipairs(list) do
      local told = differences.told(op)
      local call, args, mode = differences.request(op)
      told.call, told.command = call, writers[call](args, dev, mode)
      ops[#ops + 1] = told
    end
  end
  add(todo.ops)
  if todo.tunnel then
    local list = tunnel(todo.tunnel, o)
    table.move(list, 1, #list, #ops + 1, ops)
  end
  add(todo.entries)
  return ops
end

---All of a plan as a script that stops at the first failure.
---@param plan { ops: zlnet.overlay.op[] } with their commands
---@return string script for sh(1)
function shell.script(plan)
  local lines = { "#!/bin/sh", "set -e" }
  for _, op in ipairs(plan.ops) do
    lines[#lines + 1] = op.command
  end
  return table.concat(lines, "\n") .. "\n"
end

return shell
