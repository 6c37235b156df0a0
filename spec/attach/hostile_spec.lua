-- SPDX-License-Identifier: MIT
-- What a container does against its own attach is its own loss: the node and the others do not notice.
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

local DELETE = [[
while :; do
  ip link set dev eth0 down; ip addr flush dev eth0; ip -6 route flush table all; ip route flush table all
  ip link del dev eth0
done]]

local RENAME = [[
while :; do
  ip link set dev eth0 down; ip link set dev eth0 name eth7; ip link set dev eth7 address 02:00:00:00:00:07
  ip link del dev eth7
done]]

-- Sends to every netlink socket of its namespace what no kernel sends.
local SPAM = [[
import socket
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
while True:
    for line in open("/proc/thread-self/net/netlink").read().splitlines()[1:]:
        port = int(line.split()[2])
        if 0 < port != s.getsockname()[0]:
            try:
                s.sendto(b"\x28\x23\0\0" + b"\0" * 9000, socket.MSG_DONTWAIT, (port, 0))
            except OSError:
                pass]]

-- Is in another network namespace all the time.
local WANDER = [[
import ctypes
libc = ctypes.CDLL(None)
while True:
    libc.unshare(0x40000000)]]

describe("zlnet.attach", function()
  helper.insulate(60)

  local hostile

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    hostile = helper.container()
  end)

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end)

  -- Runs a command for ever in a container's namespace. Returns how to end it.
  local function run(command)
    local _, started = helper.sh(("nsenter -t %d -n %s >/dev/null 2>&1 </dev/null & echo $!"):format(hostile.pid,
      command))
    local pid = math.tointeger(tonumber(started))
    return function()
      helper.sh(("kill -9 %d"):format(pid))
    end, pid
  end

  -- Attaches others beside the hostile one: they work, and of an attach that failed nothing is left.
  local function others_work(target)
    helper.sh "echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding"
    local first, second = helper.container(), helper.container()
    assert(zlnet.attach { pid = first.pid, ip = { "10.200.0.6", "fd00:200::6" } })
    for i = 1, 15 do
      local a = zlnet.attach { pid = target, ip = { "10.200.0.5", "fd00:200::5" }, timeout = 5 }
      local b = assert(zlnet.attach { pid = second.pid, ip = { "10.200.0.7", "fd00:200::7" } })
      if i == 15 then
        for _, to in ipairs { "10.200.0.7", "fd00:200::7" } do
          assert.is_true((helper.ping(first, to)))
        end
      end
      assert(zlnet.detach(b))
      if a then
        assert(zlnet.detach { pid = target })
      end
    end
    assert.same({ ("veth-%d-s"):format(first.pid) }, node.links())
  end

  for what, script in pairs { ["deletes"] = DELETE, ["renames"] = RENAME } do
    it("fails no other where a container " .. what .. " what it gets", function()
      local stop <close> = setmetatable({}, { __close = run("sh -c " .. helper.quote(script)) })
      assert.is_table(stop)
      others_work(hostile.pid)
    end)
  end

  local python = helper.sh "command -v python3"

  local function it_python(name, f)
    it(name, python and f or function()
      pending "no python3 to be hostile with"
    end)
  end

  it_python("fails no other, nor itself, where a container sends datagrams to every socket", function()
    local stop <close> = setmetatable({}, { __close = run("python3 -c " .. helper.quote(SPAM)) })
    assert.is_table(stop)
    others_work(hostile.pid)
    assert(zlnet.attach { pid = hostile.pid, ip = "10.200.0.5" })
  end)

  it_python("fails no other where the target is in another namespace at every step", function()
    local ended, pid = run("python3 -c " .. helper.quote(WANDER))
    local stop <close> = setmetatable({}, { __close = ended })
    assert.is_table(stop)
    others_work(pid)
  end)
end)
