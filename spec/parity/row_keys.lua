-- SPDX-License-Identifier: MIT
-- Which of our values each key of `ip -j -d -s` is, for what is no link. Rules as engine.compare takes them.
local engine = require "spec.parity.engine"

local own, at = engine.own, engine.at
local row_keys = {}

-- --- shapes ---

local function dev(path)
  return function(ours, context)
    return context.names[at(ours, path)]
  end
end

local function hex(path, format)
  return function(ours)
    local value = at(ours, path)
    return value and (format or "0x%x"):format(value)
  end
end

local function flag(name)
  return function(ours)
    return ours.flags[name] or false
  end
end

-- Ticks of 1/100 s, of which ip prints the seconds.
local function ticks(path)
  return function(ours)
    return at(ours, path) // 100
  end
end

local function prefix(address, length, full)
  return function(ours)
    if not at(ours, address) then
      return "default"
    end
    local bits = at(ours, length)
    local host = ours.family == "inet6" and 128 or 32
    return at(ours, address) .. (full and bits ~= host and "/" .. bits or "")
  end
end

-- The names of flags that are set, as ip writes those it lists; which are others' affair.
local function list(known)
  return function(ours, _, value)
    local mine = {}
    for ours_name, theirs in pairs(known) do
      local extended = ours.flags_ext and ours.flags_ext[ours_name]
      if ours.flags[ours_name] or extended then
        mine[#mine + 1] = theirs
      end
    end
    table.sort(mine)
    local theirs = table.move(value, 1, #value, 1, {})
    table.sort(theirs)
    return engine.same(mine, theirs) and value or mine
  end
end

-- --- addresses ---

row_keys.addr = {
  family = "family",
  ifindex = "index",
  label = "label",
  prefixlen = "prefixlen",
  scope = "scope",
  broadcast = "broadcast",
  metric = "rt_priority",
  protocol = "proto",
  address = "address",
  ["local"] = function(ours)
    return ours["local"] or ours.address
  end,
  valid_life_time = "cacheinfo.valid",
  preferred_life_time = "cacheinfo.prefered",
  dynamic = function(ours)
    return not ours.flags.permanent
  end,
  secondary = flag "secondary",
  temporary = flag "secondary",
  tentative = flag "tentative",
  deprecated = flag "deprecated",
  home = flag "homeaddress",
  nodad = flag "nodad",
  optimistic = flag "optimistic",
  dadfailed = flag "dadfailed",
  mngtmpaddr = flag "managetempaddr",
  noprefixroute = flag "noprefixroute",
  autojoin = flag "mcautojoin",
  ["stable-privacy"] = flag "stable_privacy",
}

-- --- routes ---

local route_flags = {
  dead = "dead",
  onlink = "onlink",
  pervasive = "pervasive",
  linkdown = "linkdown",
  offload = "rt_offload",
  trap = "rt_trap",
  unresolved = "unresolved",
}

-- A route's wrapping stands beside the route's own keys, with a `dst` that hides the route's.
local function wrapped(key, otherwise)
  return function(ours, context, value)
    if ours.encap and ours.encap[key] ~= nil then
      return ours.encap[key]
    end
    return otherwise and otherwise(ours, context, value)
  end
end

local metric_names = { cc_algo = "congestion" }
local metric_units = { rtt = 8, rttvar = 4 } -- so many of the kernel's make one of ip's

local function metrics(ours)
  local mine = {}
  for name, value in pairs(ours.metrics) do
    if name == "features" then
      for feature in pairs(value) do
        mine[feature] = true
      end
    elseif name ~= "lock" then -- which ip leaves out of its JSON
      mine[metric_names[name] or name] = metric_units[name] and value // metric_units[name] or value
    end
  end
  return { mine }
end

local function nexthops(ours, context)
  local mine = {}
  for i, hop in ipairs(ours.multipath) do
    local flags = {}
    for name in pairs(hop.flags) do
      flags[#flags + 1] = name
    end
    table.sort(flags)
    mine[i] = {
      gateway = hop.gateway,
      dev = context.names[hop.ifindex],
      weight = hop.hops + 1,
      flags = flags,
    }
  end
  return mine
end

row_keys.route = {
  type = "type",
  scope = "scope",
  protocol = "protocol",
  table = function(ours)
    return type(ours.table) == "number" and tostring(ours.table) or ours.table
  end,
  gateway = "gateway",
  prefsrc = "prefsrc",
  metric = "priority",
  pref = "pref",
  metrics = metrics,
  nexthops = nexthops,
  flags = list(route_flags),
  dev = dev "oif",
  from = prefix("src", "src_len", true),
  dst = wrapped("dst", prefix("dst", "dst_len", true)),
  tos = wrapped("tos", hex("tos", "0x%02x")),
  encap = "encap_type",
  id = wrapped "id",
  src = wrapped "src",
  ttl = wrapped "ttl",
  key = "encap.flags.key",
  csum = "encap.flags.csum",
  seq = "encap.flags.seq",
  expires = ticks "cacheinfo.expires",
  error = function(ours)
    return ours.cacheinfo.error
  end,
  used = "cacheinfo.used",
  users = "cacheinfo.clntref",
  age = ticks "cacheinfo.lastuse",
  ["flow.to"] = function(ours)
    return tostring(ours.flow & 0xffff)
  end,
  ["flow.from"] = function(ours)
    return tostring(ours.flow >> 16)
  end,
  ["via.host"] = "via",
  ["via.family"] = function(ours)
    return ours.via:find ":" and "inet6" or "inet"
  end,
}

-- --- rules ---

local protocols = { [1] = "icmp", [6] = "tcp", [17] = "udp" }

row_keys.rule = {
  protocol = "protocol",
  priority = function(ours)
    return ours.priority or 0
  end,
  ["goto"] = "goto",
  iif = "iifname",
  oif = "oifname",
  fwmark = hex "fwmark",
  fwmask = hex "fwmask",
  tos = hex("tos", "0x%02x"),
  tun_id = "tun_id",
  dstlen = "dst_len",
  srclen = "src_len",
  dst = "dst",
  action = "action",
  uid_start = "uid_range.start",
  uid_end = "uid_range.end",
  sport = "sport_range.start",
  sport_start = "sport_range.start",
  sport_end = "sport_range.end",
  dport = "dport_range.start",
  dport_start = "dport_range.start",
  dport_end = "dport_range.end",
  suppress_prefixlen = "suppress_prefixlen",
  src = function(ours)
    return ours.src or "all"
  end,
  table = row_keys.route.table,
  ipproto = function(ours)
    return protocols[ours.ip_proto]
  end,
  suppress_ifgroup = function(ours)
    return tostring(ours.suppress_ifgroup)
  end,
  flow_to = row_keys.route["flow.to"],
  flow_from = row_keys.route["flow.from"],
}
row_keys.rule.l3mdev = "l3mdev"
row_keys.rule["not"] = flag "invert"

-- --- neighbours and forwarding entries ---

row_keys.nexthop = {
  id = wrapped("id", function(ours)
    return ours.id
  end),
  dst = wrapped "dst",
  src = wrapped("src", function(ours)
    return ours.encap and "0.0.0.0"
  end),
  tos = wrapped "tos",
  ttl = wrapped "ttl",
  gateway = "gateway",
  dev = dev "oif",
  scope = "scope",
  protocol = "protocol",
  flags = list(route_flags),
  blackhole = "blackhole",
  encap = "encap_type",
  fdb = "fdb",
  type = "group_type",
  group = function(ours)
    local members = {}
    for i, member in ipairs(ours.group) do
      members[i] = { id = member.id, weight = member.weight > 0 and member.weight + 1 or nil }
    end
    return members
  end,
  ["resilient_args.buckets"] = "res_group.buckets",
  ["resilient_args.idle_timer"] = function(ours)
    return ours.res_group.idle_timer // 100
  end,
  ["resilient_args.unbalanced_timer"] = function(ours)
    return ours.res_group.unbalanced_timer // 100
  end,
  ["resilient_args.unbalanced_time"] = function(ours)
    return ours.res_group.unbalanced_time // 100
  end,
}

row_keys.neigh = {
  dst = "dst",
  dev = dev "ifindex",
  lladdr = "lladdr",
  protocol = "protocol",
  refcnt = "cacheinfo.refcnt",
  probes = "probes",
  used = ticks "cacheinfo.used",
  confirmed = ticks "cacheinfo.confirmed",
  updated = ticks "cacheinfo.updated",
  state = function(ours)
    return { ours.state:upper() }
  end,
  router = flag "router",
  proxy = flag "proxy",
  extern_learn = flag "ext_learned",
  offload = flag "offloaded",
}
row_keys.proxy = row_keys.neigh

local fdb_states = { permanent = "permanent", noarp = "static", stale = "stale", reachable = "" }

row_keys.fdb = {
  mac = "lladdr",
  ifname = dev "ifindex",
  master = dev "master",
  via = dev "via_ifindex",
  viaIf = dev "via_ifindex",
  viaIfIndex = "via_ifindex",
  dst = "dst",
  port = "port",
  vlan = "vlan",
  vni = "vni",
  src_vni = "src_vni",
  nhid = "nh_id",
  linkNetNsId = "link_netnsid",
  used = ticks "cacheinfo.used",
  updated = ticks "cacheinfo.updated",
  refcnt = own, -- the kernel's constant 0 in forwarding entries
  state = function(ours)
    return fdb_states[ours.state]
  end,
  flags = list {
    self = "self",
    router = "router",
    ext_learned = "extern_learn",
    offloaded = "offload",
    sticky = "sticky",
    locked = "locked",
  },
}

---What the kernel makes by itself, and when it likes to, beside what was asked for.
function row_keys.by_itself(row)
  local address = row.lladdr or row.mac or ""
  return row.protocol == "kernel" or address:match "^33:33" or address:match "^01:00:5e" or false
end

---What may differ between two which were made in the same way: times.
function row_keys.moving(path)
  return path:match "life_time$" or path:match "^used$" or path:match "^updated$" or path:match "^confirmed$"
    or path:match "^expires$" or path:match "^refcnt$"
end

return row_keys
