-- SPDX-License-Identifier: MIT
-- What each operation needs: with exactly these capabilities it works, without each of them it says which error met it,
-- and nothing is left. A container of a foreign user namespace is refused; every descriptor is close-on-exec.
-- usage: spec/fault/sandbox spec/fault/privilege.lua
local helper = require "spec.helper"

-- In the process whose capabilities are what is tested.
if arg[1] == "act" then
  local zlnet = require "zlnet"
  local pid = math.tointeger(tonumber(arg[3]))
  local OPERATIONS = {
    attach = function()
      return zlnet.attach { pid = pid, ip = "10.9.0.2" }
    end,
    ["attach netns"] = function()
      return zlnet.attach { netns = "box", id = "box", ip = "10.9.0.2" }
    end,
    detach = function()
      return zlnet.detach { pid = pid }
    end,
    sweep = function()
      return zlnet.sweep()
    end,
    ["list_all_links"] = function()
      return zlnet.list_all_links()
    end,
    with_netns = function()
      return zlnet.with_netns(pid, function()
        return true
      end)
    end,
  }
  local ok, err = OPERATIONS[arg[2]]()
  print(ok and "ok" or ("%s: %s"):format(err.code, err))
  os.exit(true)
end

local findings = 0
local function check(what, ok, detail)
  findings = findings + (ok and 0 or 1)
  print(("%-5s %-64s %s"):format(ok and "ok" or "FOUND", what, detail or ""))
end

-- A container as runtimes make them: without any capability.
local _, pid = helper.sh [[
  unshare --net setpriv --bounding-set -all --inh-caps -all sleep 1000 >/dev/null 2>&1 &
  echo $!]]
pid = math.tointeger(tonumber(pid))
helper.sleep(0.5)
helper.sh "ip netns add box"

local function act(operation, caps, before)
  local set = "-all"
  for cap in caps:gmatch "%S+" do
    set = set .. ",+" .. cap
  end
  local setpriv = ("%s setpriv --bounding-set=%s --inh-caps=-all"):format(before or "", set)
  local _, output = helper.sh(("%s %s spec/fault/privilege.lua act %s %d"):format(setpriv, helper.lua,
    helper.quote(operation), pid))
  return (output:gsub("%s+$", ""))
end

local function links()
  local n = 0
  for line in io.lines "/proc/thread-self/net/dev" do
    n = n + (line:find ":" and 1 or 0)
  end
  return n
end

local function clear()
  helper.sh "for l in $(ls /proc/sys/net/ipv4/conf | grep ^veth); do ip link del $l; done"
end

-- operation, what it needs
local NEEDS = {
  { "attach", "net_admin sys_admin" },
  { "attach netns", "net_admin sys_admin" },
  { "detach", "net_admin" },
  { "with_netns", "sys_admin" },
  { "list_all_links", "" },
}
for _, row in ipairs(NEEDS) do
  local operation, caps = row[1], row[2]
  clear()
  if operation == "detach" then
    act("attach", "net_admin sys_admin")
  end
  local said = act(operation, caps)
  check(("%s with exactly {%s}"):format(operation, caps), said == "ok", said)
  for cap in caps:gmatch "%S+" do
    clear()
    if operation == "detach" then
      act("attach", "net_admin sys_admin")
    end
    local before = links()
    local less = caps:gsub(cap, "")
    said = act(operation, less)
    check(("%s without %s is refused clearly, nothing is left"):format(operation, cap),
      (said:find "^EPERM: " or said:find "^EACCES: ") and links() == before, said)
  end
end
clear()
local said = act("attach", "net_admin sys_admin", "unshare --user --map-root-user --net")
check("attach of a container of a foreign user namespace is refused", said:find "^E%u+: " ~= nil, said)
check("nothing is left", links() == 1)

local core = require "zlnet.core"
local inherited = helper.snapshot().descriptor
local held = { core.open(nil), core.netns.open(nil), core.netns.new(), core.process(pid), core.open(pid) }
local open = {}
for fd in require("lfs").dir "/proc/self/fd" do
  local file = tonumber(fd) and not inherited[fd] and io.open("/proc/self/fdinfo/" .. fd)
  if file then
    local flags = file:read("a"):match "flags:%s*(%d+)"
    file:close()
    if tonumber(flags, 8) & tonumber("2000000", 8) == 0 then
      open[#open + 1] = fd
    end
  end
end
check(("all descriptors of %d handles are close-on-exec"):format(#held), #open == 0, table.concat(open, " "))
helper.sh(("kill %d; ip netns del box"):format(pid))
print(("%d findings"):format(findings))
os.exit(findings == 0, true)
