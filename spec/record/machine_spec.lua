-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local machine = require "zlnet.record.machine"
local names = require "zlnet.record.names"
local zlnet = require "zlnet"

describe("machine", function()
  helper.insulate()

  it("says which boot it is", function()
    local _, text = helper.sh "tr -d '-' </proc/sys/kernel/random/boot_id"
    assert.equal(text:sub(1, 16), machine.boot())
  end)

  -- What another process says which sees other files.
  local function node_where(prepare)
    local ok, text = helper.sh(("unshare --mount sh -c %s"):format(helper.quote(("%s exec %s -e %s"):format(prepare,
      helper.lua, helper.quote "print(require 'zlnet.record.machine'.node())"))))
    assert.is_true(ok, text)
    return assert(text:match "^(%x+)\n$", text)
  end

  it("says which node it is: always the same, another on another machine, and not the id itself", function()
    local function with_id(id)
      return node_where(("mount -t tmpfs tmpfs /run && echo %s >/run/id && touch /run/none &&"
        .. " if [ -e /etc/machine-id ]; then mount --bind /run/id /etc/machine-id; else"
        .. " mount -t overlay -o lowerdir=/etc,upperdir=/nowhere overlay /etc; fi;"):format(id))
    end
    if not helper.sh "test -e /etc/machine-id" then
      pending "no /etc/machine-id to mount another on"
    end
    local one, two = with_id "0123456789abcdef0123456789abcdef", with_id "fedcba9876543210fedcba9876543210"
    assert.match("^%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x$", one)
    assert.equal(one, with_id "0123456789abcdef0123456789abcdef")
    assert.not_equal(one, two)
    assert.is_nil(one:find("0123456789abcdef", 1, true))
    assert.not_equal(names.mac(names.key { id = "web-1", node = one }, "s", "container"),
      names.mac(names.key { id = "web-1", node = two }, "s", "container"))
  end)

  it("is part of what the MACs of an id derive from, so that two nodes of one layer 2 do not have the same", function()
    local c = helper.container()
    local a = assert(zlnet.attach { netns = ("/proc/%d/ns/net"):format(c.pid), id = "web-1", ip = "10.200.0.5" })
    local key = names.key { id = "web-1", node = machine.node() }
    assert.equal(names.mac(key, "s", "container"), c:ip_json("link", "show", "dev", "eth0")[1].address)
    assert.equal(names.mac(key, "s", "host"), helper.ip_json("link", "show", "dev", a.host_ifname)[1].address)
    assert.is_true(zlnet.detach(a))
  end)

  it("knows the machine's first pid namespace", function()
    assert.equal(helper.first_pidns(), core.pidns() == machine.initial_pidns and core.proc_view() == "all")
  end)
end)
