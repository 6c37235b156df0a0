-- SPDX-License-Identifier: MIT
-- Who reaches whom, by names, in every mode and across them.
local attach = require("zlnet.attach").attach
local helper = require "spec.support.helper"
local isolate = require "zlnet.firewall.isolate"
local node = require "spec.support.node"

-- Whether an answer comes to all of a container's addresses; each is asked until it does.
local function reaches(from, container)
  for _, address in ipairs(container.addresses) do
    if not helper.ping(from, address) then
      return false
    end
  end
  return true
end

-- Whether none comes: for the ways that are open, a second is much.
local function is_cut_off(from, container)
  for _, address in ipairs(container.addresses) do
    local command = "ping -n -c 1 -W 1 " .. address
    if from and from:exec(command) or not from and helper.sh(command) then
      return false
    end
  end
  return true
end

describe("isolate", function()
  helper.insulate()

  local remote

  before_each(function()
    remote = node.remote()
    helper.ip("link", "add", "br0", "up", "type", "bridge")
    helper.ip("addr", "add", "10.200.9.1/24", "dev", "br0")
    helper.ip("addr", "add", "fd00:200:0:0:9::1/80", "dev", "br0", "nodad")
    helper.sh "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
  end)

  after_each(function()
    helper.sh "ip link del wan; ip link del br0; nft flush ruleset"
  end)

  local n = 4

  local function make(mode, name)
    local c = helper.container()
    n = n + 1
    local o = { pid = c.pid, mode = mode, isolate = name,
      ip = { "10.200.0." .. n, "fd00:200::" .. n } }
    if mode == "bridge" then
      o.bridge, o.gateway = "br0", { "10.200.9.1", "fd00:200:0:0:9::1" }
      o.ip = { "10.200.9." .. n .. "/24", "fd00:200:0:0:9::" .. n .. "/80" }
    end
    local a = assert(attach(o))
    c.addresses = { a.ip[1].address, a.ip[2].address }
    return c
  end

  for _, modes in ipairs {
    { "routed", "routed" }, { "bridge", "bridge" }, { "routed", "bridge" }, { "bridge", "routed" },
  } do
    it(("separates names from each other and from none: %s and %s"):format(modes[1], modes[2]), function()
      local blue, also = make(modes[1], "blue"), make(modes[2], "blue")
      local green, none = make(modes[2], "green"), make(modes[2])
      assert.is_true(reaches(blue, also), "blue to blue")
      assert.is_true(reaches(also, blue), "and back")
      for what, other in pairs { green = green, none = none } do
        assert.is_true(is_cut_off(blue, other), "blue to " .. what)
        assert.is_true(is_cut_off(other, blue), what .. " to blue")
      end
      for _, c in ipairs { blue, green, none } do
        assert.is_true(reaches(nil, c), "node to container")
        assert.is_true(reaches(remote, c), "outside to container")
        assert.is_true(reaches(c, { addresses = { "192.0.2.2", "2001:db8::2" } }), "container to outside")
        assert.is_true(reaches(c, { addresses = { "192.0.2.1", "2001:db8::1" } }), "container to node")
      end
    end)
  end

  it("gives the links of a name one group, and of others others", function()
    make("routed", "blue")
    make("routed", "blue")
    make("routed", "green")
    local groups = {}
    for _, link in ipairs(helper.ip_json("link", "show", "type", "veth")) do
      if link.ifname:find "^veth" then
        groups[link.group] = (groups[link.group] or 0) + 1
      end
    end
    assert.same({ [tostring(isolate.group "blue")] = 2, [tostring(isolate.group "green")] = 1 }, groups)
  end)
end)
