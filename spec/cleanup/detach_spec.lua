-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local owner = require "zlnet.record.names"
local zlnet = require "zlnet"

local function attach(options)
  return assert(zlnet.attach(options))
end

local function sorted(names)
  table.sort(names)
  return names
end

describe("zlnet.detach", function()
  helper.insulate()

  local made = {}

  after_each(function()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
    for i = #made, 1, -1 do
      made[i]()
      made[i] = nil
    end
  end)

  local function pin(c)
    local unpin, path = node.pin(c)
    made[#made + 1] = unpin
    return path
  end

  -- A container with the attachments s (eth0) and g (eth1).
  local function two_links(n)
    local c = helper.container()
    local s = attach { pid = c.pid, ip = "10.200.0." .. n }
    local g = attach { pid = c.pid, ip = "10.200.1." .. n, tag = "g", ifname = "eth1", default_route = false }
    return c, s, g
  end

  it("takes all of a pid's, or those with a tag, and no other owner's", function()
    local a, _, ag = two_links(5)
    local _, bs, bg = two_links(6)
    assert.is_true(zlnet.detach { pid = a.pid, tag = "s" })
    assert.same(sorted { ag.host_ifname, bg.host_ifname, bs.host_ifname }, node.links())
    assert.is_true(zlnet.detach { pid = a.pid })
    assert.same(sorted { bg.host_ifname, bs.host_ifname }, node.links())
    assert.same({ "lo" }, { a:ip_json("link")[1].ifname, a:ip_json("link")[2] })
    assert.is_true((helper.ping(nil, "10.200.0.6")))
  end)

  it("takes an attachment, also one that was saved as text, and a list", function()
    local json = require "dkjson"
    local _, s, g = two_links(5)
    local b, bs, bg = two_links(6)
    assert.is_true(zlnet.detach(json.decode(json.encode(s))))
    assert.same(sorted { g.host_ifname, bg.host_ifname, bs.host_ifname }, node.links())
    assert.is_true(zlnet.detach { g, { pid = b.pid, tag = "g" } })
    assert.same({ bs.host_ifname }, node.links())
    assert.is_true(zlnet.detach {})
    assert.same({ bs.host_ifname }, node.links())
  end)

  it("takes an id's, whatever its target was", function()
    local a, b = helper.container(), helper.container()
    attach { netns = pin(a), id = "web 1", ip = "10.200.0.5" }
    attach { pid = b.pid, id = "web 1", ip = "10.200.0.6" }
    local other = attach { pid = b.pid, id = "web 2", ip = "10.200.0.7", tag = "g", ifname = "eth1",
      default_route = false }
    assert.is_true(zlnet.detach { id = "web 1" })
    assert.same({ other.host_ifname }, node.links())
  end)

  it("takes an id's also where a process is the owner besides", function()
    local c, d = helper.container(), helper.container()
    assert(zlnet.attach { pid = c.pid, id = "web", ip = "10.200.0.5" })
    assert(zlnet.attach { netns = ("/proc/%d/ns/net"):format(d.pid), id = "web", ip = "10.200.0.6" })
    assert.equal(2, #node.links())
    assert.is_true(zlnet.detach { id = "web", tag = "s" })
    assert.same({}, node.links())
  end)

  it("is idempotent", function()
    local c, s = two_links(5)
    for _ = 1, 2 do
      assert.is_true(zlnet.detach { pid = c.pid })
      assert.is_true(zlnet.detach(s))
      assert.is_true(zlnet.detach { { pid = c.pid }, { id = "nobody" } })
    end
    assert.same({}, node.links())
  end)

  it("needs no lock: sixteen processes at once, while another has it", function()
    local c = helper.container()
    local commands = {}
    for i = 1, 16 do
      local tag = ("%02d"):format(i)
      assert(zlnet.attach { pid = c.pid, ip = "10.200.1." .. i, tag = tag, ifname = "e" .. i, default_route = false })
      local code = ("assert(require 'zlnet'.detach { pid = %d, tag = '%s' })"):format(c.pid, tag)
      commands[i] = ("%s -e %s || echo failed &"):format(helper.lua, helper.quote(code))
    end
    local here <close> = assert(zlnet.netns.open(nil))
    assert(here:lock("exclusive", 5))
    assert.equal("", select(2, helper.sh(table.concat(commands, "\n") .. "\nwait")))
    assert.same({}, node.links())
  end)

  it("leaves the later attachment alone when it is given an earlier one", function()
    local c, s = two_links(5)
    assert.is_true(zlnet.detach(s))
    local later = attach { pid = c.pid, ip = "10.200.0.5" }
    assert.equal(s.host_ifname, later.host_ifname)
    assert.is_true(zlnet.detach(s))
    assert.is_table(node.link(later.host_ifname))
  end)

  it("works from the host side when the container is gone", function()
    local c = two_links(5)
    pin(c)
    c:kill()
    assert.equal(2, #node.links())
    assert.is_true(zlnet.detach { pid = c.pid })
    assert.same({}, node.links())
    local d = two_links(6)
    d:kill() -- the kernel takes the links with the namespace, meanwhile or just before
    assert.is_true(zlnet.detach { pid = d.pid })
    assert.same({}, node.links())
  end)

  it("takes what a crash left before the record was written", function()
    local c = helper.container()
    local function remnant(name, mac)
      helper.ip("link", "add", name, "address", mac, "type", "veth", "peer", "name", "eth0", "netns", c.pid)
    end
    remnant(("veth-%d-s"):format(c.pid), "7a:6c:00:00:00:01")
    assert.is_true(zlnet.detach { pid = c.pid })
    assert.same({}, node.links())
    local another = ("veth-%d-s"):format(c.pid) -- of that pid in another pid namespace: we are not in the first
    remnant(another, "02:00:00:00:00:01")
    assert.is_true(zlnet.detach { pid = c.pid })
    assert.is_true(zlnet.detach { pid = c.pid, tag = "s" })
    assert.same({ another }, node.links())
    helper.ip("link", "del", another)

    local name = owner.host_name({ id = "web-1" }, "s")
    remnant(name, owner.mac(owner.key { id = "web-1" }, "s", "host"))
    assert.is_true(zlnet.detach { id = "web-2" })
    assert.same({ name }, node.links())
    assert.is_true(zlnet.detach { id = "web-1" })
    assert.same({}, node.links())
    remnant(name, "7a:6c:00:00:00:01") -- the name of this id, but another id's MAC
    assert.is_true(zlnet.detach { id = "web-1" })
    assert.same({ name }, node.links())
  end)

  it("never touches what is not ours", function()
    local c, s = two_links(5)
    local pid = c.pid
    assert.is_true(zlnet.detach { pid = pid })
    helper.ip("link", "add", ("veth-%d-s"):format(pid), "type", "bridge")
    helper.ip("link", "add", ("veth-%d-g"):format(pid), "type", "veth", "peer", "name", "theirs")
    helper.ip("link", "set", ("veth-%d-g"):format(pid), "alias", "owned by another manager")
    helper.ip("link", "add", ("veth-%d-x"):format(pid), "type", "veth", "peer", "name", "theirs2")
    for _, change in ipairs { { "boot=%x+", "boot=0123456789abcdef" }, { "pidns=%d+", "pidns=4026530000" } } do
      local line = ("zlnet/1 pid=%d start=1 boot=%s pidns=%s netns=1 tag=x time=1"):format(pid,
        select(2, helper.sh "tr -d '-' </proc/sys/kernel/random/boot_id"):sub(1, 16),
        select(2, helper.sh "stat -Lc %i /proc/self/ns/pid"):match "%d+")
      assert.is_table(require "zlnet.record.line".parse(line))
      helper.ip("link", "set", ("veth-%d-x"):format(pid), "alias", (line:gsub(change[1], change[2])))
      assert.is_true(zlnet.detach { pid = pid })
      assert.is_true(zlnet.detach(s))
      assert.equal(5, #node.links())
    end
  end)

  it("returns when they are gone, so that the same can be attached at once, or when their memory is free", function()
    local c = helper.container()
    for i = 1, 100 do
      local a = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5", on_exists = "error" })
      assert.is_true(zlnet.detach(i % 3 == 0 and { a, wait = i % 2 == 0 and "memory" or "gone" } or a))
      assert.same({}, node.links())
      assert.equal(1, #c:ip_json("link"))
    end
    assert.has_error(function() zlnet.detach { pid = 5, wait = "never" } end)
    assert.has_error(function() zlnet.detach { { pid = 5 }, wait = "never" } end)
  end)

  -- The kernel waits for its grace periods once for each request.
  it("deletes many with one request", function()
    local c = helper.container()
    local all = {}
    for i = 1, 24 do
      all[i] = attach { pid = c.pid, ip = "10.200.1." .. i, tag = ("%02d"):format(i), ifname = "e" .. i,
        default_route = false }
    end
    local host <close> = assert(zlnet.open())
    local methods = debug.getmetatable(host:batch()).__index
    local dellink, requests = methods.dellink, 0
    finally(function()
      methods.dellink = dellink
    end)
    methods.dellink = function(...)
      requests = requests + 1
      return dellink(...)
    end
    assert.is_true(zlnet.detach(all))
    assert.same({}, node.links())
    assert.equal(1, requests)
  end)

  it("returns all errors, the first with the others behind it", function()
    local c = two_links(5)
    local script = [[
      local ok, err = require "zlnet".detach { pid = %d }
      print(ok, err.code, err.step, err.link, #err.others, err.others[1].code, err.others[1].link)]]
    local _, output = helper.sh(("%s %s -e %s"):format(helper.unprivileged(), helper.lua,
      helper.quote(script:format(c.pid))))
    local links = node.links()
    assert.equal(2, #links)
    local fields = {}
    for field in output:gmatch "[^\t\n]+" do
      fields[#fields + 1] = field
    end
    local named = { fields[4], fields[7] }
    table.sort(named)
    assert.same(links, named)
    assert.same({ "nil", "EPERM", "mark the link for deletion", "1", "EPERM" },
      { fields[1], fields[2], fields[3], fields[5], fields[6] })
  end)

  it("refuses bad input by name before anything is done", function()
    local _, s = two_links(5)
    local before = node.links()
    local function raises(pattern, what)
      local ok, message = pcall(function()
        local result = zlnet.detach(what)
        return result
      end)
      assert.is_false(ok)
      assert.match("^spec/cleanup/detach_spec.lua:%d+: bad " .. pattern, message)
    end
    raises("argument #1 to 'detach'", nil)
    raises("argument #1 to 'detach'", 42)
    raises("argument #1 to 'detach'", { s, 42 })
    raises("option 'pid' to 'detach'", { pid = 0 })
    raises("option 'pid' to 'detach'", { tag = "s" })
    raises("option 'tag' to 'detach'", { { pid = s.pid }, { pid = s.pid, tag = "abc" } })
    raises("option 'id' to 'detach'", { id = "" })
    raises("option 'pids' to 'detach': unknown %(did you mean 'pid'%?%)", { pids = s.pid })
    assert.same(before, node.links())
  end)
end)
