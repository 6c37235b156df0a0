-- SPDX-License-Identifier: MIT
-- Namespaces by themselves: handles and names. Their numbers are in nsid_spec.lua, what enters them (with_netns …) in
-- netlink_netns_spec.lua.
local helper = require "spec.support.helper"
local lfs = require "lfs"
local zlnet = require "zlnet"

local netns = zlnet.netns

local function output(command)
  local ok, text = helper.sh(command)
  assert.is_true(ok, text)
  return (text:gsub("\n$", ""))
end

-- Device and inode of a namespace's file, as stat(1) has them.
local function identity(path)
  local dev, ino = output("stat -Lc '%d %i' " .. helper.quote(path)):match "(%d+) (%d+)"
  return { dev = math.tointeger(tonumber(dev)), ino = math.tointeger(tonumber(ino)) }
end

local function sorted(list)
  table.sort(list)
  return list
end

-- The names that ip(8) knows.
local function named()
  local names = {}
  for i, row in ipairs(helper.ip_json("netns", "list")) do
    names[i] = row.name
  end
  return sorted(names)
end

local function is_error(kind, code, ok, err)
  assert.is_nil(ok)
  assert.same({ kind, code }, { err.kind, err.code })
end

describe("zlnet.netns", function()
  helper.insulate()

  after_each(function()
    for _, name in ipairs(assert(netns.list())) do
      netns.delete(name)
    end
  end)

  describe("new", function()
    it("makes one of its own without a name, with nothing in it", function()
      local ns <close> = assert(netns.new())
      local other <close> = assert(netns.new())
      assert.not_equal(ns, other)
      assert.not_same(identity "/proc/self/ns/net", ns:id())
      assert.same({ { index = 1, name = "lo" } }, ns:run(zlnet.list_all_links))
      assert.same({}, named())
    end)

    it("lasts as long as something holds it", function()
      local ns = assert(netns.new())
      local h = assert(zlnet.open(ns))
      local here <close> = assert(netns.open())
      assert(h:newlink { ifname = "a1", linkinfo = { kind = "veth", data = {
        peer = { ifname = "a0", net_ns_fd = here:fd() } } } })
      ns:close()
      assert.equal("a1", h:getlink({ ifname = "a1" }).ifname)
      assert.equal(1, #helper.ip_json("link", "show", "type", "veth"))
      h:close()
      helper.eventually(function() -- its end takes the pair along
        return #helper.ip_json("link", "show", "type", "veth") == 0
      end)
    end)
  end)

  describe("create, delete and list", function()
    it("make names which ip(8) has, of the very namespace", function()
      assert.same({}, netns.list())
      local ns <close> = assert(netns.create "blue")
      local other <close> = assert(netns.create "green")
      assert.same({ "blue", "green" }, named())
      assert.same(identity "/run/netns/blue", ns:id())
      assert.not_equal(ns, other)
      helper.ip("-n", "blue", "link", "add", "br0", "type", "bridge")
      assert.equal("br0", ns:run(zlnet.list_all_links)[2].name)
      assert(zlnet.open("blue")):newlink { ifname = "br1", linkinfo = { kind = "bridge" } }
      assert.equal("br1", helper.ip_json("-n", "blue", "link", "show", "dev", "br1")[1].ifname)
      helper.ip("netns", "delete", "blue")
      assert.same({ "green" }, netns.list())
      assert.is_true(netns.delete "green")
      assert.same({}, named())
    end)

    local it_is_limited = helper.it_where(helper.user_namespaces(), "the limit of namespaces would be the machine's")
    it_is_limited("leave no name where no namespace can be made", function()
      local script = [[
        local netns = require "zlnet.core".netns
        local ns, err = netns.create "blue"
        print(ns, err.code, #netns.list())]]
      local _, text = helper.sh(("unshare --user --map-root-user --mount sh -c %s"):format(helper.quote(
        ("echo 0 >/proc/sys/user/max_net_namespaces && exec %s -e %s"):format(helper.lua, helper.quote(script)))))
      assert.equal("nil\tENOSPC\t0\n", text)
    end)

    it("know those of ip(8), by name and by path", function()
      helper.ip("netns", "add", "theirs")
      helper.ip("-n", "theirs", "link", "set", "lo", "up")
      assert.same({ "theirs" }, netns.list())
      for _, target in ipairs { "theirs", "/run/netns/theirs" } do
        local ns <close> = assert(netns.open(target))
        assert.same(identity "/run/netns/theirs", ns:id())
        local h <close> = assert(zlnet.open(target))
        assert.is_true(h:getlink({ ifname = "lo" }).flags.up)
      end
      is_error("io", "EEXIST", netns.create "theirs")
      assert.same({ "theirs" }, named())
      assert.is_true(netns.delete "theirs")
      assert.same({}, named())
      assert.is_nil(lfs.attributes "/run/netns/theirs")
    end)

    local it_roots = helper.it_where(helper.user_namespaces(), "another mount namespace has another root: a chroot")
    it_roots("make a name that is seen in other mount namespaces, and goes there", function()
      netns.create("first"):close() -- from now on /run/netns is shared
      local pid = output "unshare -m --propagation slave sleep 1000 >/dev/null 2>&1 </dev/null & echo $!"
      local function mounts(of)
        return lfs.symlinkattributes(("/proc/%s/ns/mnt"):format(of), "target")
      end
      helper.eventually(function()
        return mounts(pid) ~= mounts "self"
      end)
      local there = ("nsenter -t %s -m stat -Lc %%i /run/netns/second"):format(pid)
      local ns <close> = assert(netns.create "second")
      assert.equal(tostring(ns:id().ino), output(there))
      assert(netns.delete "second")
      assert.is_false((helper.sh(there)))
      helper.sh("kill -9 " .. pid)
    end)

    it("take a name away, while the namespace lives on for who holds it", function()
      local ns = assert(netns.create "blue")
      helper.ip("link", "add", "a0", "type", "veth", "peer", "name", "a1", "netns", "blue")
      assert.is_true(netns.delete "blue")
      is_error("io", "ENOENT", netns.delete "blue")
      is_error("io", "ENOENT", netns.open "blue")
      assert.equal("a1", ns:run(zlnet.list_all_links)[2].name)
      assert.equal(1, #helper.ip_json("link", "show", "type", "veth"))
      ns:close()
      helper.eventually(function()
        return #helper.ip_json("link", "show", "type", "veth") == 0
      end)
    end)

    it("take away what a crash left: a name with no namespace behind it", function()
      netns.create("first"):close()
      io.open("/run/netns/empty", "w"):close()
      is_error("io", "EINVAL", netns.open "empty")
      is_error("io", "EEXIST", netns.create "empty")
      assert.is_true(netns.delete "empty")
      assert.same({ "first" }, netns.list())
    end)

    it("take names of up to 255 bytes, any but '/' and NUL", function()
      local names = { ("x"):rep(255), "with space", "-n", "ö", "..." }
      for _, name in ipairs(names) do
        local ns <close> = assert(netns.create(name))
        local again <close> = assert(netns.open(name))
        assert.equal(ns, again)
      end
      assert.same(sorted(names), sorted(netns.list()))
      assert.same(names, named())
    end)

    it("raise for what is no name, before anything is made", function()
      for _, name in ipairs { "", ".", "..", "a/b", "/run/netns/x", "a\0b", ("x"):rep(256), true, {} } do
        assert.error_matches(function()
          netns.create(name)
        end, "bad argument #1 to 'create'", 1, true)
        assert.error_matches(function()
          netns.delete(name)
        end, "bad argument #1 to 'delete'", 1, true)
      end
      assert.same({}, netns.list())
    end)

    it("say what privilege refuses, and leave no name", function()
      netns.create("first"):close()
      local code = "local n = require 'zlnet'.netns for _, f in ipairs { n.new, n.create, n.delete } do"
        .. " local ok, e = f 'first' print(ok, e.kind, e.code) end print(n.create 'other' and 1)"
      local text = output("setpriv --bounding-set -all --inh-caps -all " .. helper.lua .. " -e " .. helper.quote(code))
      assert.match("^nil\t%l+\tEPERM\nnil\tio\tEPERM\nnil\tio\tE%u+\nnil$", text)
      assert.same({ "first" }, named())
    end)
  end)

  describe("open", function()
    it("finds the one namespace however it is named, and == says so, in every process", function()
      local c, d = helper.container(), helper.container()
      local path = ("/proc/%d/ns/net"):format(c.pid)
      output(("ip netns attach named %d"):format(c.pid))
      local file <close> = assert(io.open(path))
      local ns <close> = assert(netns.open(c.pid))
      for _, target in ipairs { c.pid, path, "named", "/run/netns/named", ns, { fd = ns:fd() }, file } do
        local same <close> = assert(netns.open(target))
        assert.is_true(same == ns)
        assert.is_false(rawequal(same, ns))
        assert.same(identity(path), same:id())
        assert.equal(tostring(ns), tostring(same))
      end
      local other <close> = assert(netns.open(d.pid))
      assert.is_false(other == ns)
      local id = output(("%s -e 'print(require \"zlnet\".netns.open(%d):id().ino)'"):format(helper.lua, c.pid))
      assert.equal(tostring(ns:id().ino), id)
    end)

    it("without a target is the calling thread's", function()
      local c = helper.container()
      local there <close> = assert(netns.open(c.pid))
      local here <close> = assert(netns.open())
      assert.same(identity "/proc/self/ns/net", here:id())
      local found <close> = there:run(netns.open)
      assert.is_true(found == there)
    end)

    it("survives the death of the process it came from", function()
      local c = helper.container()
      c:ip("link", "add", "br0", "type", "bridge")
      local id = identity(("/proc/%d/ns/net"):format(c.pid))
      local ns <close> = assert(netns.open(c.pid))
      c:kill()
      is_error("io", "ESRCH", netns.open(c.pid))
      assert.same(id, ns:id())
      assert.equal("br0", ns:run(zlnet.list_all_links)[2].name)
      local h <close> = assert(zlnet.open(ns))
      assert(h:newlink { ifname = "br1", linkinfo = { kind = "bridge" } })
      local again <close> = assert(netns.open(ns))
      assert.equal(3, #again:run(zlnet.list_all_links))
    end)

    it("says what is not there, and what is no network namespace", function()
      is_error("io", "ENOENT", netns.open "nosuch")
      is_error("io", "ENOENT", netns.open "/run/netns/nosuch")
      for _, path in ipairs { "/proc/self/ns/pid", "/dev/null", "/run" } do
        is_error("io", "EINVAL", netns.open(path))
      end
      local file <close> = assert(io.open "/proc/self/ns/mnt")
      is_error("io", "EINVAL", netns.open(file))
      is_error("io", "EBADF", netns.open { fd = 1000 })
    end)

    it("does not open what is no network namespace: a writer goes on waiting for its fifo", function()
      helper.sh "mkfifo /run/fifo; mknod /run/device c 1 3; mkdir /run/directory; echo text >/run/file"
      helper.sh "sh -c 'echo word >/run/fifo' >/dev/null 2>&1 &"
      for _, name in ipairs { "fifo", "device", "directory", "file" } do
        local ns, err = netns.open("/run/" .. name)
        assert.is_nil(ns)
        assert.is_truthy(err.code == "EINVAL" or err.code == "ENOENT", name)
      end
      assert.equal("word\n", select(2, helper.sh "timeout 20 cat /run/fifo"))
      helper.sh "rm -r /run/fifo /run/device /run/directory /run/file"
    end)

    it("does not wait for who may come to write where the path is a fifo", function()
      local path = os.tmpname()
      assert(helper.sh(("rm %s && mkfifo %s"):format(path, path)))
      is_error("io", "EINVAL", netns.open(path))
      os.remove(path)
    end)

    it("is closed once and for all", function()
      local ns, other <close> = assert(netns.new()), assert(netns.new())
      ns:close()
      ns:close()
      assert.equal("netns (closed)", tostring(ns))
      assert.is_false(ns == other)
      for _, name in ipairs { "id", "fd", "run" } do
        assert.error_matches(function()
          ns[name](ns, print)
        end, "closed namespace handle", 1, true)
      end
      assert(netns.new()) -- collected: insulate looks
    end)
  end)

  describe("ns:run", function()
    it("passes arguments and results, and the caller stays", function()
      local ns <close> = assert(netns.new())
      local before = identity "/proc/thread-self/ns/net"
      local got = table.pack(ns:run(function(...)
        return lfs.symlinkattributes("/proc/thread-self/ns/net", "target"), ...
      end, nil, 2, nil))
      assert.same({ ("net:[%d]"):format(ns:id().ino), nil, 2, nil, n = 4 }, got)
      assert.same(before, identity "/proc/thread-self/ns/net")
      local thrown = {}
      local ok, caught = pcall(ns.run, ns, error, thrown)
      assert.is_false(ok)
      assert.equal(thrown, caught)
    end)
  end)
end)
