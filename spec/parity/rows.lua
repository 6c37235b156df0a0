-- SPDX-License-Identifier: MIT
-- Addresses, routes, neighbours, forwarding entries and rules, as `ip` makes them and as zlnet makes them.
local before = "ip link set lo up; ip link add p0 address 02:00:00:00:00:0a type veth peer name p1 address 02:00:00:00:00:0b; "
  .. "for p in p0 p1; do ip link set $p addrgenmode none; ip link set $p up; done"
local net = before .. "; ip addr add 10.0.0.1/24 dev p0; ip addr add 2001:db8::1/64 dev p0 nodad"

local function case(object, kind, what, words, ...)
  return {
    object = object,
    kind = kind,
    what = what,
    before = object == "addr" and before or net,
    ip = { words },
    make = { ... },
  }
end

local function addr(what, words, t)
  t.index = "p0"
  return case("addr", t.address:find ":" and "inet6" or "inet", what, "addr add " .. words .. " dev p0", { "newaddr", t })
end

local function route(what, words, t)
  local family = (t.family == "inet6" or (t.dst or t.gateway or ""):find ":") and "inet6" or "inet"
  return case("route", family, what, "route add " .. words, { "newroute", t })
end

local function neigh(what, words, t)
  t.ifindex = "p0"
  return case("neigh", t.dst:find ":" and "inet6" or "inet", what, "neigh add " .. words .. " dev p0", { "newneigh", t })
end

local function rule(what, words, t)
  local six = t.family == "inet6"
  return case("rule", six and "inet6" or "inet", what, (six and "-6 " or "") .. "rule add " .. words, { "newrule", t })
end

local forever = 0xffffffff
local rows = {
  addr("plain", "10.1.0.1/24", { address = "10.1.0.1/24" }),
  addr("broadcast, label, scope, metric", "10.1.0.1/24 broadcast 10.1.0.255 label p0:one scope link metric 50", {
    address = "10.1.0.1/24",
    broadcast = "10.1.0.255",
    label = "p0:one",
    scope = "link",
    rt_priority = 50,
  }),
  addr("peer", "10.1.0.1 peer 10.1.0.2/32", { ["local"] = "10.1.0.1", address = "10.1.0.2/32" }),
  addr("lifetimes, no route", "10.1.0.1/24 valid_lft 1000 preferred_lft 500 noprefixroute", {
    address = "10.1.0.1/24",
    cacheinfo = { valid = 1000, prefered = 500 },
    flags = { noprefixroute = true },
  }),
  addr("plain", "2001:db8:1::1/64 nodad", { address = "2001:db8:1::1/64", flags = { nodad = true } }),
  addr("every flag", "2001:db8:1::1/64 nodad home mngtmpaddr noprefixroute", {
    address = "2001:db8:1::1/64",
    flags = { nodad = true, homeaddress = true, managetempaddr = true, noprefixroute = true },
  }),
  addr("deprecated", "2001:db8:1::1/64 nodad valid_lft forever preferred_lft 0", {
    address = "2001:db8:1::1/64",
    flags = { nodad = true },
    cacheinfo = { valid = forever, prefered = 0 },
  }),
  addr("peer, metric", "2001:db8:1::1 peer 2001:db8:1::2/128 nodad metric 77", {
    ["local"] = "2001:db8:1::1",
    address = "2001:db8:1::2/128",
    flags = { nodad = true },
    rt_priority = 77,
  }),

  route("by device", "10.2.0.0/16 dev p0", { dst = "10.2.0.0/16", oif = "p0" }),
  route("by gateway, everything", "10.2.0.0/16 via 10.0.0.2 dev p0 src 10.0.0.1 metric 5 proto bird table 100 realm 3 tos 8", {
    dst = "10.2.0.0/16",
    gateway = "10.0.0.2",
    oif = "p0",
    prefsrc = "10.0.0.1",
    priority = 5,
    protocol = "bird",
    table = 100,
    flow = 3,
    tos = 8,
  }),
  route("default, onlink", "default via 172.16.0.1 dev p0 onlink", {
    gateway = "172.16.0.1",
    oif = "p0",
    flags = { onlink = true },
  }),
  route("metrics", "10.2.0.0/16 via 10.0.0.2 mtu lock 1400 advmss 1300 window 10000 rtt 100 rttvar 50 reordering 4 hoplimit 9 "
    .. "initcwnd 11 initrwnd 12 quickack 1 rto_min 300 congctl cubic features ecn cwnd lock 20 ssthresh lock 30", {
    dst = "10.2.0.0/16",
    gateway = "10.0.0.2",
    metrics = {
      lock = { mtu = true, rto_min = true, cwnd = true, ssthresh = true },
      mtu = 1400,
      advmss = 1300,
      window = 10000,
      rtt = 100,
      rttvar = 50,
      reordering = 4,
      hoplimit = 9,
      initcwnd = 11,
      initrwnd = 12,
      quickack = 1,
      rto_min = 300,
      cc_algo = "cubic",
      features = { ecn = true },
      cwnd = 20,
      ssthresh = 30,
    },
  }),
  route("several hops", "10.2.0.0/16 nexthop via 10.0.0.2 dev p0 weight 2 nexthop via 10.0.0.3 dev p0 weight 5 onlink", {
    dst = "10.2.0.0/16",
    multipath = {
      { gateway = "10.0.0.2", ifindex = "p0", hops = 1 },
      { gateway = "10.0.0.3", ifindex = "p0", hops = 4, flags = { onlink = true } },
    },
  }),
  route("IPv4 over IPv6", "10.2.0.0/16 via inet6 2001:db8::2 dev p0", {
    dst = "10.2.0.0/16",
    via = "2001:db8::2",
    oif = "p0",
  }),
  route("of another device, scope host", "local 10.3.0.0/16 dev lo", { type = "local", dst = "10.3.0.0/16", oif = "lo" }),
  route("of a wrapped packet", "10.2.0.0/16 encap ip id 5 dst 10.0.0.9 src 10.0.0.1 ttl 3 tos 4 key csum dev p0", {
    dst = "10.2.0.0/16",
    oif = "p0",
    encap_type = "ip",
    encap = { id = 5, dst = "10.0.0.9", src = "10.0.0.1", ttl = 3, tos = 4, flags = { key = true, csum = true } },
  }),
  route("by device", "2001:db8:2::/48 dev p0", { dst = "2001:db8:2::/48", oif = "p0" }),
  route("everything", "2001:db8:2::/48 via 2001:db8::2 dev p0 src 2001:db8::1 metric 7 proto static pref high expires 600 "
    .. "mtu 1400 table 200", {
    dst = "2001:db8:2::/48",
    gateway = "2001:db8::2",
    oif = "p0",
    prefsrc = "2001:db8::1",
    priority = 7,
    protocol = "static",
    pref = "high",
    expires = 600,
    metrics = { mtu = 1400 },
    table = 200,
  }),
  route("several hops", "2001:db8:2::/48 nexthop via 2001:db8::2 dev p0 weight 3 nexthop via 2001:db8::3 dev p0", {
    dst = "2001:db8:2::/48",
    multipath = {
      { gateway = "2001:db8::2", ifindex = "p0", hops = 2 },
      { gateway = "2001:db8::3", ifindex = "p0" },
    },
  }),
  route("from a source", "2001:db8:2::/48 from 2001:db8:9::/48 dev p0", {
    dst = "2001:db8:2::/48",
    src = "2001:db8:9::/48",
    oif = "p0",
  }),

  neigh("permanent", "10.0.0.7 lladdr 02:00:00:00:00:77", { dst = "10.0.0.7", lladdr = "02:00:00:00:00:77" }),
  neigh("noarp, protocol", "10.0.0.7 lladdr 02:00:00:00:00:77 nud noarp protocol bird", {
    dst = "10.0.0.7",
    lladdr = "02:00:00:00:00:77",
    state = "noarp",
    protocol = "bird",
  }),
  neigh("learned outside", "10.0.0.7 lladdr 02:00:00:00:00:77 nud reachable extern_learn", {
    dst = "10.0.0.7",
    lladdr = "02:00:00:00:00:77",
    state = "reachable",
    flags = { ext_learned = true },
  }),
  neigh("router", "2001:db8::7 lladdr 02:00:00:00:00:77 router nud stale", {
    dst = "2001:db8::7",
    lladdr = "02:00:00:00:00:77",
    state = "stale",
    flags = { router = true },
  }),

  rule("plain", "from 10.0.0.0/8 table 100", { src = "10.0.0.0/8", table = 100 }),
  rule("every selector", "not from 10.0.0.0/8 to 10.9.0.0/16 iif p0 oif p1 fwmark 0x10/0xff tos 8 priority 77 "
    .. "ipproto tcp sport 100-200 dport 80 uidrange 0-0 protocol static realms 3 table 100000 suppress_prefixlength 8", {
    flags = { invert = true },
    src = "10.0.0.0/8",
    dst = "10.9.0.0/16",
    iifname = "p0",
    oifname = "p1",
    fwmark = 16,
    fwmask = 255,
    tos = 8,
    priority = 77,
    ip_proto = 6,
    sport_range = { start = 100, ["end"] = 200 },
    dport_range = { start = 80, ["end"] = 80 },
    uid_range = { start = 0, ["end"] = 0 },
    protocol = "static",
    flow = 3,
    table = 100000,
    suppress_prefixlen = 8,
  }),
  rule("suppressed by group, tunnel", "tun_id 9 suppress_ifgroup 5 table main priority 9", {
    tun_id = 9,
    suppress_ifgroup = 5,
    table = "main",
    priority = 9,
  }),
  rule("goto", "from 10.0.0.0/8 goto 32766 priority 5", { src = "10.0.0.0/8", ["goto"] = 32766, priority = 5 }),
  rule("by VRF", "l3mdev priority 1000", { l3mdev = true, priority = 1000 }),
  rule("plain", "from 2001:db8::/32 table 100", { family = "inet6", src = "2001:db8::/32", table = 100 }),
}

for _, type in ipairs { "blackhole", "unreachable", "prohibit", "throw" } do
  rows[#rows + 1] = route(type, type .. " 10.4.0.0/16", { type = type, dst = "10.4.0.0/16" })
  rows[#rows + 1] = route(type, type .. " 2001:db8:4::/48", { type = type, dst = "2001:db8:4::/48" })
  if type ~= "throw" then
    rows[#rows + 1] = rule(type, ("from 10.4.0.0/16 %s priority 8"):format(type), {
      src = "10.4.0.0/16",
      action = type,
      priority = 8,
    })
  end
end

local vxlan = net .. "; ip link add x0 address 02:00:00:00:00:01 type vxlan id 5 dstport 4789 local 10.0.0.1"
local bridge = net .. "; ip link add m0 type bridge; ip link set p0 master m0"
local function fdb(kind, what, on, words, t)
  t.family, t.lladdr = "bridge", "02:00:00:00:00:88"
  return {
    object = "fdb",
    kind = kind,
    what = what,
    before = on,
    ip = { "bridge fdb add 02:00:00:00:00:88 " .. words },
    make = { { "newneigh", t } },
  }
end
table.move({
  fdb("vxlan", "remote", vxlan, "dev x0 dst 10.0.0.2", { ifindex = "x0", dst = "10.0.0.2" }),
  fdb("vxlan", "remote with everything", vxlan, "dev x0 dst 10.0.0.2 port 99 vni 7 via p0 static", {
    ifindex = "x0",
    dst = "10.0.0.2",
    port = 99,
    vni = 7,
    via_ifindex = "p0",
    state = "noarp",
  }),
  fdb("bridge", "static", bridge, "dev p0 master static", { ifindex = "p0", flags = { master = true }, state = "noarp" }),
  fdb("bridge", "sticky, learned outside", bridge, "dev p0 master sticky extern_learn static", {
    ifindex = "p0",
    flags = { master = true, sticky = true, ext_learned = true },
    state = "noarp",
  }),
  fdb("device", "permanent", net, "dev p0 self permanent", { ifindex = "p0", flags = { self = true }, state = "permanent" }),
}, 1, 5, #rows + 1, rows)

local hops = net .. "; ip nexthop add id 1 via 10.0.0.2 dev p0; ip nexthop add id 2 via 10.0.0.3 dev p0"
local function nexthop(kind, what, words, t)
  return { object = "nexthop", kind = kind, what = what, before = hops, ip = { words }, make = { { "newnexthop", t } } }
end
table.move({
  nexthop("hop", "a gateway", "nexthop add id 5 via 10.0.0.9 dev p0 protocol static", {
    id = 5, gateway = "10.0.0.9", oif = "p0", protocol = "static",
  }),
  nexthop("hop", "IPv6, on the link", "nexthop add id 5 via 2001:db8:5::9 dev p0 onlink", {
    id = 5, gateway = "2001:db8:5::9", oif = "p0", flags = { onlink = true },
  }),
  nexthop("hop", "a link", "-6 nexthop add id 5 dev p0", { id = 5, oif = "p0", family = "inet6" }),
  nexthop("hop", "blackhole", "nexthop add id 5 blackhole", { id = 5, blackhole = true }),
  nexthop("hop", "of forwarding entries", "nexthop add id 5 via 10.0.0.9 fdb", { id = 5, gateway = "10.0.0.9", fdb = true }),
  nexthop("hop", "of a wrapped packet", "nexthop add id 5 encap ip id 7 dst 10.0.0.9 dev p0", {
    id = 5, oif = "p0", encap_type = "ip", encap = { id = 7, dst = "10.0.0.9" },
  }),
  nexthop("group", "weights", "nexthop add id 6 group 1,5/2", { id = 6, group = { { id = 1, weight = 4 }, { id = 2 } } }),
  nexthop("group", "resilient", "nexthop add id 6 group 1/2 type resilient buckets 32 idle_timer 5 unbalanced_timer 9", {
    id = 6, group = { { id = 1 }, { id = 2 } }, group_type = "resilient",
    res_group = { buckets = 32, idle_timer = 500, unbalanced_timer = 900 },
  }),
}, 1, 8, #rows + 1, rows)

rows[#rows + 1] = {
  object = "proxy",
  kind = "inet",
  what = "proxy entry",
  before = net,
  ip = { "neigh add proxy 10.0.0.99 dev p0" },
  make = { { "newneigh", { ifindex = "p0", dst = "10.0.0.99", flags = { proxy = true } } } },
}

return rows
