-- SPDX-License-Identifier: MIT
-- What each operation needs: with exactly these capabilities it works, without each of them it says what it could not
-- do and which capability is missing, and nothing is left. Nobody can do it all in a user namespace of his own. A
-- container of a foreign user namespace is refused. A path that is swapped meanwhile cannot lead an attach astray.
-- usage: spec/fault/sandbox spec/fault/privilege.lua
local helper = require "spec.support.helper"
local victim = require "spec.fault.victim"
local zlnet = require "zlnet"

local LINKS = "for l in $(ls /proc/sys/net/ipv4/conf); do case $l in veth*|pr*) ip link del $l;; esac; done; "

local findings = 0
local function check(what, ok, detail)
  findings = findings + (ok and 0 or 1)
  print(("%-5s %-68s %s"):format(ok and "ok" or "FOUND", what, detail or ""))
end

-- A container, as runtimes make them without any capability. Returns its pid, and how to end it.
local function container(before)
  local _, text = helper.sh((before or "") .. " unshare --net setpriv --bounding-set -all --inh-caps -all sleep 1000 "
    .. ">/dev/null 2>&1 & echo $!")
  local pid = math.tointeger(tonumber(text))
  helper.eventually(function()
    local file <close> = io.open(("/proc/%d/status"):format(pid))
    local status = file and file:read "a" or ""
    return status:find "^Name:%ssleep" and status:find "CapEff:%s0+\n"
  end)
  return pid, function()
    os.execute(("kill -9 %d"):format(pid))
  end
end

local function run(words, caps, before)
  local set = "-all"
  for cap in caps:gmatch "%S+" do
    set = set .. ",+" .. cap
  end
  local setpriv = ("%s setpriv --bounding-set=%s --inh-caps=-all"):format(before or "", set)
  local _, output = helper.sh(("%s %s spec/fault/operation.lua %s"):format(setpriv, helper.lua, words))
  return (output:gsub("%s+$", ""))
end

local pid, stop = container()

local function try(operation, caps, before, of)
  return run(("%s %d"):format(helper.quote(operation), of or pid), caps, before)
end

-- What there is, by the kernel's own list and as ip(8) tells it.
local function look()
  local _, text = helper.sh("ip -br link; ip -br addr; ip route show table all; nsenter -n -t " .. pid
    .. " ip -br addr")
  return text:gsub("@if%d+", ""):gsub("[^\n]*fe80[^\n]*", ""):gsub("[^\n]*multicast[^\n]*", "")
end

local ATTACHED, ORPHAN, PAIR = "attached", "orphan", "pair"

-- operation, what it needs, what has to be there
local NEEDS = {
  { "attach", "net_admin sys_admin" }, { "attach netns", "net_admin sys_admin" }, { "detach", "net_admin", ATTACHED },
  { "sweep", "net_admin sys_ptrace", ORPHAN }, { "watch", "net_admin sys_ptrace", ORPHAN },
  { "check", "sys_admin", ATTACHED },
  { "attachments", "", ATTACHED }, { "plan", "" }, { "bridge", "net_admin" }, { "monitor", "" },
  { "monitor of a container", "sys_admin" }, { "netns new", "sys_admin" }, { "list_all_links", "" },
  { "create_veth_pair", "net_admin" }, { "delete_link_by_name", "net_admin", PAIR },
  { "move_link_into_netns_and_rename", "net_admin", PAIR },
  { "move_link_into_netns_fd_and_rename", "net_admin", PAIR },
  { "set_link_up_by_name", "net_admin", PAIR }, { "add_address_to_link_by_name", "net_admin", PAIR },
  { "add_default_route_via_dev", "net_admin", PAIR }, { "replace_route_via_dev", "net_admin", PAIR },
  { "with_netns", "sys_admin" }, { "with_netns_fd", "sys_admin" }, { "with_netns_async", "sys_admin" },
  { "with_netns_fd_async", "sys_admin" },
}

local function prepare(what)
  helper.sh(LINKS .. ("nsenter -t %d -n ip link del pr3"):format(pid))
  victim.clear()
  if what == ATTACHED then
    assert(zlnet.attach { pid = pid, ip = "10.9.0.2" })
  elseif what == ORPHAN then
    victim.make("s", { dead = true })()
  elseif what == PAIR then
    helper.sh "ip link add pr0 type veth peer name pr1; ip link set pr1 up; ip link set pr0 up"
  end
end

helper.sh "ip netns add box"
for _, row in ipairs(NEEDS) do
  local operation, caps, what = row[1], row[2], row[3]
  prepare(what)
  local said = try(operation, caps)
  check(("%s with exactly {%s}"):format(operation, caps), said == "ok", said)
  for cap in caps:gmatch "%S+" do
    prepare(what)
    helper.sleep(0.05)
    local before = look()
    said = try(operation, (caps:gsub(cap, "")))
    check(("%s without %s says so, nothing is changed"):format(operation, cap),
      said:find "^E[PA][EC][RC][ME]S?S?: " and said:find("CAP_" .. cap:upper(), 1, true) and look() == before, said)
  end
end
prepare()

-- By pid, a process with capabilities that we lack can only be looked into with CAP_SYS_PTRACE.
local strong = helper.container()
local said = try("attach", "net_admin sys_admin", nil, strong.pid)
check("attach of a process that has more capabilities says which is missing",
  said:find "^EACCES: .*open the target's network namespace.*CAP_SYS_PTRACE" ~= nil, said)
said = try("attach", "net_admin sys_admin sys_ptrace", nil, strong.pid)
check("attach of it with CAP_SYS_PTRACE, too", said == "ok", said)
strong:kill()

-- User namespaces: one of nobody's own, one below ours, one beside ours.
local own = "unshare --user --map-root-user --net --mount --pid --fork --kill-child --mount-proc sh -c "
  .. helper.quote("mount -t tmpfs tmpfs /run; ip link set lo up; exec \"$@\"") .. " sh"
local _, ids = helper.sh "cat /proc/self/uid_map"
local nobody = ids:find "4294967295" -- else there is nobody but root, who may not map himself without CAP_SETFCAP
local as = nobody and "--reuid=65534 --regid=65534 --clear-groups --bounding-set=-all" or "--bounding-set=-all,+setfcap"
_, said = helper.sh(("setpriv %s --inh-caps=-all %s %s spec/fault/operation.lua all"):format(as, own, helper.lua))
check(("%s, in a user namespace of his own, attaches, checks, detaches and sweeps"):format(nobody and "nobody"
  or "root without capabilities"), said == "ok\n", said)
prepare()
local below, stop_below = container "unshare --user --map-root-user"
said = try("attach", "net_admin sys_admin", nil, below)
check("attach of a container of a user namespace below ours", said == "ok", said)
stop_below()
prepare()
local before = look()
_, said = helper.sh(("unshare --user --map-root-user --net %s spec/fault/operation.lua attach %d"):format(
  helper.lua, pid))
check("attach of a container of a foreign user namespace says so",
  said:find "^E[PA][EC][RC][ME]S?S?: .*user namespace" ~= nil, said)
check("nothing is changed", look() == before)

-- A path that somebody swaps all the time: the attach is one to what it opened, or is refused.
local function swapped()
  local other, stop_other = container()
  local inodes, targets = {}, { "/run/plain", "/proc/self/ns/mnt", "/run/fifo", "/run" }
  for _, p in ipairs { pid, other } do
    table.insert(targets, 1, ("/proc/%d/ns/net"):format(p))
    inodes[require("lfs").symlinkattributes(targets[1], "target"):match "%d+"] = p
  end
  helper.sh "touch /run/plain; mkfifo /run/fifo"
  local script = ([[
    local lfs, targets = require "lfs", { "%s" }
    for i = 0, math.huge do
      lfs.link(targets[i %% #targets + 1], "/run/next", true)
      os.rename("/run/next", "/run/swapped")
    end]]):format(table.concat(targets, '", "'))
  local _, swapper = helper.sh(("%s -e %s >/dev/null 2>&1 & echo $!"):format(helper.lua, helper.quote(script)))
  helper.eventually(function()
    return require("lfs").symlinkattributes "/run/swapped"
  end)
  local attached, refused, wrong = 0, 0, nil
  local deadline = helper.clock() + 30
  while (attached < 50 or refused < 50) and not wrong and helper.clock() < deadline do
    local a, err = zlnet.attach { netns = "/run/swapped", id = "swap", ip = "10.9.0.9" }
    if a then
      attached = attached + 1
      local host = helper.ip_json("link", "show", "dev", a.host_ifname)[1]
      local owner = inodes[(host.ifalias or ""):match "netns=(%d+)" or ""]
      local _, found = helper.sh(("nsenter -t %d -n ip -br link show dev eth0"):format(owner or pid))
      wrong = wrong or not (owner and found:find "^eth0@") and ("%s: %s"):format(host.ifalias, found) or nil
      assert(zlnet.detach(a))
    else
      refused = refused + 1
      wrong = wrong or err.code ~= "EINVAL" and err.code ~= "ENOENT" and tostring(err) or nil
    end
  end
  os.execute("kill -9 " .. swapper)
  stop_other()
  check(("a path that is swapped: %d attached where the record says, %d refused"):format(attached, refused),
    not wrong and attached >= 50 and refused >= 50, wrong)
end
swapped()

stop()
helper.sh "ip netns del box"
print(("%d findings"):format(findings))
os.exit(findings == 0, true)
