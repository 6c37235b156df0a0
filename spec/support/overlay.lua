-- SPDX-License-Identifier: MIT
-- What the specs of overlays share: an underlay, and the kernel's tables of a device as ip(8) and bridge(8) tell them.
local helper = require "spec.support.helper"
local json = require "dkjson"
local overlay_options = require "zlnet.overlay.options"

local overlay = {}

---The node's underlay: the link `wan` with 192.0.2.1 and 2001:db8::1, its other end in a container, which is returned,
---with 192.0.2.2 and 2001:db8::2.
function overlay.underlay()
  local other = helper.container()
  helper.ip("link", "set", "lo", "up")
  helper.ip("link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", other.pid)
  helper.ip("addr", "add", "192.0.2.1/24", "dev", "wan")
  helper.ip("addr", "add", "2001:db8::1/64", "dev", "wan", "nodad")
  helper.ip("link", "set", "wan", "up")
  other:ip("addr", "add", "192.0.2.2/24", "dev", "wan")
  other:ip("addr", "add", "2001:db8::2/64", "dev", "wan", "nodad")
  other:ip("link", "set", "wan", "up")
  other:ip("link", "set", "lo", "up")
  return other
end

---A peer: node 192.0.2.N with 10.201.N.0/24 and fd00:201:N::/64.
function overlay.peer(n)
  return { node = "192.0.2." .. n, subnets = { ("10.201.%d.0/24"):format(n), ("fd00:201:%x::/64"):format(n) } }
end

local function lines(command, run)
  local ok, text = (run or helper.sh)(command)
  assert(ok, text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    list[#list + 1] = line:gsub("%s+$", "")
  end
  table.sort(list)
  return list
end

---All that is on a device, sorted lines by table; run is helper.sh or one that runs in a container.
function overlay.tables(name, run)
  return {
    fdb = lines("bridge fdb show dev " .. name, run),
    neigh = lines(("ip neigh show dev %s nud permanent; ip neigh show dev %s nud stale"):format(name, name), run),
    route = lines(("ip route show dev %s; ip -6 route show dev %s"):format(name, name), run),
    addr = lines(("ip -o addr show dev %s | cut -d' ' -f 2-"):format(name), run),
  }
end

---What a list of peers is to be on a device, as `bridge fdb`, `ip neigh` and `ip route show proto 122` print it: sorted
---lines. Peers as data, each with its node and networks in their canonical form.
function overlay.expected(peers, name)
  local rows = {}
  for _, p in ipairs(peers) do
    local mac = p.mac or overlay_options.mac(p.node)
    local vtep = overlay_options.vtep(mac)
    rows[#rows + 1] = ("%s dst %s self permanent"):format(mac, p.node)
    rows[#rows + 1] = ("%s lladdr %s PERMANENT"):format(vtep, mac)
    for _, network in ipairs(p.subnets) do
      local form = network:find ":" and "%s via %s dev %s metric 1024 onlink pref medium"
        or "%s via inet6 %s dev %s onlink"
      rows[#rows + 1] = form:format(network:gsub("/32$", ""), vtep, name)
    end
  end
  table.sort(rows)
  return rows
end

---The same of what the kernel has, through a socket of ours: to be asked often while time runs.
function overlay.glance(handle, name)
  local rows = {}
  local function add(form, ...)
    rows[#rows + 1] = form:format(...)
  end
  local link = handle:getlink({ ifname = name }, { "index" })
  if not link then
    return rows
  end
  for _, row in ipairs(assert(handle:getneighs { family = "bridge", ifindex = link.index })) do
    add("%s dst %s self %s", row.lladdr, row.dst or "?", row.state)
  end
  for _, row in ipairs(assert(handle:getneighs { ifindex = link.index })) do
    if row.state == "permanent" then
      add("%s lladdr %s PERMANENT", row.dst, row.lladdr)
    end
  end
  for _, row in ipairs(assert(handle:getroutes { oif = link.index })) do
    if row.protocol == 122 then
      local network = (row.dst .. "/" .. row.dst_len):gsub("/32$", "")
      local form = row.family == "inet6" and "%s via %s dev %s metric 1024 onlink pref medium"
        or "%s via inet6 %s dev %s onlink"
      add(form, network, row.gateway or row.via or "?", name)
    end
  end
  table.sort(rows)
  return rows
end

---The same by ip(8) and bridge(8); run is helper.sh or one that runs in a container.
function overlay.look(name, run)
  return lines(("bridge fdb show dev %s; ip neigh show dev %s nud permanent; ip route show proto 122; " ..
    "ip -6 route show proto 122"):format(name, name), run)
end

---The device as `ip -j -d link` has it, nil when there is none.
function overlay.link(name)
  local ok, text = helper.sh("ip -j -d link show dev " .. name)
  return ok and json.decode(text)[1] or nil
end

---Deletes links, whatever is left of them.
function overlay.clean(...)
  for _, name in ipairs { ... } do
    helper.sh("ip link delete dev " .. name)
  end
end

return overlay
