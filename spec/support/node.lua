-- SPDX-License-Identifier: MIT
-- What the specs of the workflows share: the node's surroundings, and its state as ip(8) and /proc tell it.
local helper = require "spec.support.helper"

local node = {}

-- A link that came up has become usable for IPv6 a second or two later, whatever is done meanwhile.
local function settled(text)
  return (text:gsub(" tentative", ""))
end

---The container as it was before anything was attached: its links, addresses and routes, less what time changes.
function node.state_of(container)
  local _, text = container:exec "ip -o link; ip -o addr; ip route; ip -6 route"
  return settled(text)
end

---The node's links, addresses, routes and forwarding, as one text. Carriers that came or went are settled before.
function node.state()
  for _, name in ipairs(node.links()) do
    helper.ip("link", "show", "dev", name)
  end
  local _, text = helper.sh [[
    ip -o link; ip -o addr; ip route; ip -6 route
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding]]
  return settled(text)
end

---Names of the node's links but lo, sorted.
function node.links()
  local names = {}
  for _, link in ipairs(helper.ip_json "link") do
    if link.ifname ~= "lo" then
      names[#names + 1] = link.ifname
    end
  end
  table.sort(names)
  return names
end

---The node's link of this name as ip(8) sees it, nil when there is none.
function node.link(name)
  for _, link in ipairs(helper.ip_json "link") do
    if link.ifname == name then
      return link
    end
  end
end

---A machine beyond the node, 192.0.2.2 and 2001:db8::2, reached through the link `wan`; the containers' addresses
---(10.200.0.0/16, fd00:200::/64) are routed to the node.
function node.remote()
  local remote = helper.container()
  helper.ip("link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", remote.pid)
  helper.ip("addr", "add", "192.0.2.1/24", "dev", "wan")
  helper.ip("addr", "add", "2001:db8::1/64", "dev", "wan", "nodad")
  helper.ip("link", "set", "wan", "up")
  remote:ip("addr", "add", "192.0.2.2/24", "dev", "wan")
  remote:ip("addr", "add", "2001:db8::2/64", "dev", "wan", "nodad")
  remote:ip("link", "set", "wan", "up")
  remote:ip("route", "add", "10.200.0.0/16", "via", "192.0.2.1")
  remote:ip("route", "add", "fd00:200::/64", "via", "2001:db8::1")
  for _, address in ipairs { "192.0.2.2", "2001:db8::2" } do
    helper.eventually(function()
      return (helper.ping(nil, address))
    end)
  end
  return remote
end

-- Neighbours are asked for once, and long waited for: who has no answer to its first question gets no packet through.
local ASK_ONCE = [[for d in /proc/sys/net/ipv[46]/neigh/*; do
  case $d in */default) ;; *) echo 1 >$d/mcast_solicit; echo 15000 >$d/retrans_time_ms ;; esac; done]]

---The first packet of each pair { from (a container, or false for the node), address } is answered, though none is sent
---again and no neighbour is asked for again: what a clock would tell otherwise.
function node.first_packets(list)
  helper.sh(ASK_ONCE)
  for _, way in ipairs(list) do
    if way[1] then
      way[1]:exec(ASK_ONCE)
    end
  end
  for _, way in ipairs(list) do
    local ok, said = helper.ping(way[1] or nil, way[2], { once = true })
    assert(ok, ("no answer to the first packet to %s: %s"):format(way[2], said))
  end
end

---Notes what was measured, for who asked for it (`make stress`).
function node.figure(text)
  local path = os.getenv "FIGURES"
  if path then
    local file <close> = assert(io.open(path, "a"))
    file:write(text, "\n")
  end
end

local pins = 0

---Pins the container's network namespace: it stays when its processes are gone. Returns a function that unpins it.
function node.pin(container)
  pins = pins + 1
  local path = ("/run/pinned%d"):format(pins)
  local ok, output = helper.sh(("touch %s && mount --bind /proc/%d/ns/net %s"):format(path, container.pid, path))
  assert(ok, output)
  return function()
    helper.sh(("umount -l %s && rm %s"):format(path, path))
  end, path
end

---A process that enters a network namespace (a path) and stays there. Returns a function that ends it.
function node.guest(path)
  local command = ("nsenter --net=%s sleep 1000 >/dev/null 2>&1 </dev/null & echo $!"):format(helper.quote(path))
  local _, started = helper.sh(command)
  local pid = assert(math.tointeger(tonumber(started)), started)
  local there = ("[ /proc/%d/ns/net -ef %s ]"):format(pid, helper.quote(path))
  helper.eventually(function()
    return (helper.sh(there))
  end)
  return function()
    helper.sh("kill -9 " .. pid)
    helper.eventually(function()
      return not io.open(("/proc/%d/ns/net"):format(pid))
    end)
  end
end

---A chain of tasks in a network namespace (a path), each of which lives for a moment only (chain.c). kind: "fork",
---"thread", "leaderless" or "mover". Returns a function that ends it, and its pid.
function node.chain(path, kind)
  local exe = os.tmpname()
  local cc = os.getenv "CC" or "cc"
  assert(helper.sh(("%s -D_GNU_SOURCE -O2 -pthread -o %s spec/support/chain.c"):format(cc, exe)))
  local ready = os.tmpname()
  local pidfile = os.tmpname()
  local pipe = assert(io.popen(("echo $$ >%s; exec %s %s %s >%s 2>&1"):format(pidfile, exe, helper.quote(path), kind,
    ready), "w"))
  helper.eventually(function()
    local file <close> = assert(io.open(ready))
    return file:read "l" == "there"
  end)
  local file <close> = assert(io.open(pidfile))
  local pid = file:read "n"
  for _, name in ipairs { exe, ready, pidfile } do
    os.remove(name)
  end
  return function()
    pipe:close()
  end, pid
end

return node
