-- SPDX-License-Identifier: MIT
-- What is put under faults, a row each:
--   name
--   before(scene)    prepares, without faults; what has to be there
--   act(scene)       the operation: what the public function returns
--   whole = true     after an error nothing of it may be left. Without, a request whose answer was lost may have been
--                    carried out, so the finished state is as good
--   resume = true    after an error a part may be done, provided that doing it once more finishes it
--   again(scene)     what to do after a crash, `act` without it; false: a crash cannot be taken up by doing it again
--   ours = true      its links are those that a sweep looks after
--   spent(scene)     whether a run has used up what `before` prepares, although no link tells
--   perish(scene)    what ends, after a crash, along with the container
--   sweep            options of the sweep after a crash
--   after(scene)     takes back what `before` did, and no reset of the links does
--   around           command that the run is put into
--   asks_nothing     = true: it makes no netlink request
--   path             what the caller named, to be opened just once
-- A scene is {pid = a container's, fd() = an open file of its namespace, aside(f) = calls f, in which nothing fails}.
local victim = require "spec.fault.victim"
local watchers = require "spec.fault.watchers"
local zlnet = require "zlnet"

local function sh(command)
  local ok, _, status = os.execute("{ " .. command .. "; } >/dev/null 2>&1")
  assert(ok, ("%s: %s"):format(command, status))
end

local function attach(opts)
  return function(scene)
    local o = {}
    for name, value in pairs(opts) do
      o[name] = value
    end
    o.pid = not o.netns and scene.pid or nil
    return zlnet.attach(o)
  end
end

-- While the thread of an attach before waits for this one.
local function attach_next(scene)
  scene.aside(function()
    local here <close> = assert(zlnet.netns.open(nil))
    assert(zlnet.open(scene.pid, here)):close()
  end)
  return attach { ip = "10.9.0.2" }(scene)
end

local function in_two_steps(scene)
  local container <close>, err = zlnet.open(scene.pid)
  if not container then
    err.step = "open a socket in the container"
    return nil, err
  end
  local begun <close>, refused = require("zlnet.attach").begin({ pid = scene.pid }, container)
  if not begun then
    return nil, refused
  end
  return begun:finish { ip = { "10.9.0.2", "fd00:9::2" } }
end

local function pair()
  sh "ip link add fa0 type veth peer name fa1"
end

-- Pairs with both ends here, of an owner that is long dead.
local function orphans(n)
  return function(scene)
    local alias = require "zlnet.record.line"
    local target, core = require "zlnet.attach.pin", require "zlnet.core"
    for i = 1, n do
      local tag = ("abcdefgh"):sub(i, i)
      sh(("ip link add veth-4194000-%s type veth peer name vc-4194000-%s"):format(tag, tag))
      sh(("ip link set veth-4194000-%s alias '%s'"):format(tag, assert(alias.format {
        pid = 4194000, start = 1, boot = target.boot(), pidns = core.pidns(), netns = 4026531840, tag = tag,
        time = 1700000000, ip = { { address = "10.9.0.9", prefix = 32, family = "inet" } },
      })))
    end
    return scene
  end
end

-- A sweep that could not see enough to judge says so in its report: for us that is a failure.
local function sweep()
  local report, err = zlnet.sweep()
  if not report then
    return nil, err
  end
  for _, verdict in ipairs(report.verdicts) do
    if verdict.verdict ~= "orphan" and not verdict.ifname:find "^vc%-" then -- those go with their other end
      return nil, zlnet.error { kind = "io", code = "EAGAIN", step = "judge", message = verdict.reason }
    end
  end
  return report.failed[1] == nil or nil, report.failed[1]
end

local function attached(tags)
  return function(scene)
    for i = 1, #tags do
      assert(zlnet.attach { pid = scene.pid, ip = "10.9.1." .. i, tag = tags:sub(i, i), ifname = "eth" .. i,
        default_route = i == 1 })
    end
  end
end

-- A sweep that may delete nothing: success is the one verdict that is true, any other one told an error.
local function sweep_that_says(...)
  local fine = {}
  for _, verdict in ipairs { ... } do
    fine[verdict] = true
  end
  return function()
    local report, err = zlnet.sweep()
    if not report then
      return nil, err
    end
    for _, v in ipairs(report.verdicts) do
      if v.verdict == "unknown" and not fine.unknown then
        return nil, zlnet.error { kind = "io", code = "EAGAIN", step = "judge", message = v.reason }
      elseif not fine[v.verdict] then
        error(("%s is %s: %s"):format(v.ifname, v.verdict, v.reason))
      end
    end
    return #report.verdicts > 0
  end
end

-- A router beyond fa0 says that it is the default one: the kernel drops that route when forwarding is switched on.
local ADVERTISEMENT = [[
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 9000, 0, 0), ("ff02::1", 0, 0, socket.if_nametoindex("fa1")))]]

local function advertise()
  for _ = 1, 500 do
    sh("python3 -c '" .. ADVERTISEMENT .. "'")
    if os.execute "ip -6 route show default proto ra dev fa0 | grep -q default" then
      return
    end
    require("zlnet.core").poll({}, 0.02)
  end
  error "the router's route does not come"
end

local function unplug()
  sh "ip link del fa0"
end

local function advertised()
  sh [[ip link add fa0 type veth peer name fa1
    ip link set fa0 addrgenmode none
    ip link set fa1 up addrgenmode none
    cd /proc/sys/net/ipv6/conf; echo 0 >fa1/accept_ra; echo 1 >fa0/accept_ra_from_local
    ip addr add fe80::1/64 dev fa1 nodad
    ip addr add fe80::2/64 dev fa0 nodad
    ip link set fa0 up]]
  advertise()
end

local function visit()
  local links, err = zlnet.list_all_links()
  return links and #links, err
end

local function visit_async()
  coroutine.yield(0.001)
  return visit()
end

-- An overlay of three peers; of one that is refused all is an error here.
local function overlay(...)
  local peers = {}
  for i, network in ipairs { ... } do
    peers[i] = { node = "192.0.2." .. i + 1, subnets = { network, ("fd00:9:%d::/64"):format(i + 1) } }
  end
  return function()
    local o <close>, err = zlnet.overlay { name = "fo0", ["local"] = "192.0.2.1", mtu = 1400,
      ip = { "10.9.8.1", "fd00:9:8::1" } }
    if not o then
      return nil, err
    end
    local done, refused = o:sync(peers)
    return done and done.failed[1] == nil or nil, refused or done and done.failed[1]
  end
end

local workflows = {
  { ours = true, name = "attach", act = attach { ip = "10.9.0.2" }, whole = true },
  { ours = true, name = "attach next", act = attach_next, whole = true },
  { ours = true, name = "attach dual stack", act = attach { ip = { "10.9.0.2", "fd00:9::2" } }, whole = true },
  { ours = true, name = "attach direct", whole = true,
    act = attach { ip = "10.9.0.2/24", mode = "direct", proxy_arp = true } },
  { ours = true, name = "attach bridge", whole = true, before = function()
    sh "ip link show br0 || ip link add br0 up type bridge"
  end, act = attach { ip = "10.9.0.2/24", mode = "bridge", bridge = "br0", gateway = "10.9.0.1" } },
  { ours = true, name = "attach beside a router", whole = true, before = advertised,
    act = attach { ip = "fd00:9::2" }, perish = unplug },
  { ours = true, name = "attach netns", whole = true, path = "/run/box", before = function(scene)
    sh(("umount /run/box; touch /run/box && mount --bind /proc/%d/ns/net /run/box"):format(scene.pid))
  end, act = attach { ip = "10.9.0.2", netns = "/run/box", id = "web-1" }, sweep = { valid = {} } },
  { ours = true, name = "attach in two steps", whole = true, act = in_two_steps,
    again = attach { ip = { "10.9.0.2", "fd00:9::2" } } },
  -- the old pair is gone before the new one is made: a failure in between leaves neither, and once more makes the new
  { ours = true, name = "attach again", resume = true, before = attached "s",
    act = attach { ip = "10.9.1.7", ifname = "eth1" } },
  { name = "check", before = attached "s", act = function(scene)
    local list, unlisted = zlnet.attachments()
    if not list then
      return nil, unlisted
    end
    local differences, err = zlnet.check(list[1], scene.pid)
    if differences and differences[1] then
      local d = differences[1]
      error(("a difference where there is none: %s"):format(require("dkjson").encode(d)))
    end
    return differences and true, err
  end },
  { name = "bridge", act = function()
    return zlnet.bridge { name = "br9", ip = "10.9.9.1/24" }
  end },
  { name = "overlay", act = overlay("10.9.20.0/24", "10.9.30.0/24", "10.9.40.0/24"), resume = true },
  -- a network moves, a peer goes
  { name = "overlay again", before = function()
    assert(overlay("10.9.20.0/24", "10.9.30.0/24", "10.9.40.0/24")())
  end, act = overlay("10.9.30.0/24", "10.9.20.0/24"), resume = true },
  { name = "overlay gone", before = function()
    assert(overlay("10.9.20.0/24", "10.9.30.0/24")())
  end, act = function()
    return zlnet.delete_overlay "fo0"
  end },
  { name = "detach", ours = true, before = attached "s", act = function(scene)
    return zlnet.detach { pid = scene.pid }
  end },
  { name = "detach 3", ours = true, before = attached "stu", resume = true, act = function(scene)
    local pid = scene.pid
    return zlnet.detach { { pid = pid, tag = "s" }, { pid = pid, tag = "t" }, { pid = pid, tag = "u" } }
  end },
  { name = "sweep 1", ours = true, before = orphans(1), resume = true, act = sweep },
  { name = "sweep 3", ours = true, before = orphans(3), resume = true, act = sweep },
  -- nothing that lives, or may live, is deleted
  { name = "sweep alive", ours = true, before = attached "s", act = sweep_that_says "alive" },
  { name = "sweep alive, time namespace", ours = true, before = attached "s", act = sweep_that_says "alive",
    around = "unshare --time --boottime 1000 --fork" },
  { name = "sweep in use", ours = true, before = victim.make("s", { inhabited = true, dead = true }),
    spent = victim.is_lost, perish = victim.leave, after = victim.clear, act = sweep_that_says "in_use" },
  { name = "sweep hidden", ours = true, before = victim.make("s", { dead = true, hidden = true }),
    again = false, perish = victim.show, after = victim.clear, act = sweep_that_says "unknown" },
  { name = "watch", ours = true, before = victim.make("s", { beside = attached "s" }), spent = victim.is_dead,
    perish = victim.kill, after = victim.clear, act = watchers.watch, again = watchers.again },
  { name = "watch 3", ours = true, before = victim.make("stu", { beside = attached "s" }), spent = victim.is_dead,
    perish = victim.kill, after = victim.clear, act = watchers.watch, again = watchers.again },
  { name = "watch in use", ours = true, before = victim.make("s", { inhabited = true }), spent = victim.is_dead,
    perish = victim.leave, after = victim.clear, act = watchers.in_use },
  { name = "monitor", act = watchers.listen },
  { name = "create_veth_pair", again = false, act = function()
    return zlnet.create_veth_pair("fa0", "fa1")
  end },
  { name = "delete_link_by_name", before = pair, act = function()
    return zlnet.delete_link_by_name "fa0"
  end },
  { name = "move_link_into_netns_and_rename", before = pair, again = false, act = function(scene)
    return zlnet.move_link_into_netns_and_rename("fa1", scene.pid, "eth9")
  end },
  { name = "move_link_into_netns_fd_and_rename", before = pair, again = false, act = function(scene)
    return zlnet.move_link_into_netns_fd_and_rename("fa1", scene.fd(), "eth9")
  end },
  { name = "list_all_links", act = function()
    return zlnet.list_all_links()
  end },
  { name = "set_link_up_by_name", before = pair, act = function()
    return zlnet.set_link_up_by_name "fa0"
  end },
  { name = "add_address_to_link_by_name", before = pair, again = false, act = function()
    return zlnet.add_address_to_link_by_name("fa0", "10.9.2.1", 24)
  end },
  { name = "add_default_route_via_dev", before = function()
    pair()
    sh "ip link set fa0 up"
  end, again = false, act = function()
    return zlnet.add_default_route_via_dev("fa0", false)
  end },
  { name = "replace_route_via_dev", before = function()
    pair()
    sh "ip link set fa0 up"
  end, act = function()
    return zlnet.replace_route_via_dev("10.9.3.0", 24, "fa0")
  end },
  { name = "set_sysctl", asks_nothing = true, act = function()
    return zlnet.set_sysctl("net.ipv4.ip_forward", "1")
  end },
  { name = "with_netns", act = function(scene)
    return zlnet.with_netns(scene.pid, visit)
  end },
  { name = "with_netns_fd", act = function(scene)
    return zlnet.with_netns_fd(scene.fd(), visit)
  end },
  { name = "with_netns_async", act = function(scene)
    return zlnet.with_netns_async(scene.pid, visit_async)
  end },
  { name = "with_netns_fd_async", act = function(scene)
    return zlnet.with_netns_fd_async(scene.fd(), visit_async)
  end },
}

---Loads every module that a workflow may need: Lua's own reading of files is not what is put under faults.
function workflows.load()
  for file in require("lfs").dir "lua/zlnet" do
    local name = file:match "^(.*)%.lua$"
    if name and name ~= "init" and name ~= "meta" and name ~= "cni" then
      require("zlnet." .. name)
    end
  end
  for _, f in ipairs { "attach", "detach", "sweep", "check", "bridge", "attachments", "watch", "monitor",
    "overlay" } do
    assert(zlnet[f])
  end
  assert(zlnet.with_netns)
end

return workflows
