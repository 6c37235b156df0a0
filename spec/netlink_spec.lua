-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local netlink = require "zlnet.netlink"

-- The link as ip(8) sees it, nil when there is none.
local function link(name, container)
  for _, row in ipairs(container and container:ip_json "link" or helper.ip_json "link") do
    if row.ifname == name then
      return row
    end
  end
end

local function names(container)
  local t = {}
  for _, row in ipairs(container and container:ip_json "link" or helper.ip_json "link") do
    t[#t + 1] = row.ifname
  end
  table.sort(t)
  return t
end

local function routes(family, ...)
  local t = {}
  for _, row in ipairs(helper.ip_json(family, "route", "show", ...)) do
    t[row.dst] = row
  end
  return t
end

local function is_up(name, container)
  return table.concat(link(name, container).flags, " "):find "UP" ~= nil
end

-- What a function returned is this error.
local function is_error(kind, code, ok, err)
  assert.is_nil(ok)
  assert.equal("zlnet.error", getmetatable(err).__name)
  assert.equal(kind, err.kind)
  assert.equal(code, err.code)
  assert.is_true(err.errno > 0)
  assert.is_string(err.message)
  local start = ({
    io = "^io error: ", netlink = "^netlink operation failed: ", not_found = "^link '[^']+' not found in current netns",
  })[kind]
  assert.match(start, tostring(err))
  return err
end

-- f raises at the line of its caller, and names the function and the argument.
local function raises(fname, position, name, ...)
  local args = table.pack(...)
  local ok, message = pcall(function()
    local result = netlink[fname](table.unpack(args, 1, args.n))
    return result
  end)
  assert.is_false(ok, ("%s(%s)"):format(fname, tostring(args[position])))
  local prefix = ("bad argument #%d to '%s' (%s: "):format(position, fname, name)
  assert.equal(prefix, assert(message:match "^spec/netlink_spec.lua:%d+: (.*)$", message):sub(1, #prefix))
end

-- Runs Lua code with no privilege at all: as root of nothing in a further user namespace. Prints what it returns.
local function unprivileged(code)
  local script = "local n = require 'zlnet.netlink' local ok, err = (function(...) " .. code
    .. " end)() print(ok, err and err.kind, err and err.code)"
  local _, output = helper.sh(helper.unprivileged() .. " " .. helper.lua .. " -e " .. helper.quote(script))
  return (output:gsub("%s+$", ""):gsub("\t", " "))
end

local BAD_NAMES = { "", "0123456789abcdef", "a/b", "a b", "a%d", "a\0b", ".", "..", "a:b", 5, true, {} }
local BAD_PIDS = { 0, -1, 4194305, 1.5, "1", true, {} }
local BAD_ADDRESSES = { "", "10.0.0", "10.0.0.1/24", "10.0.0.01", "fe80::1%lo", "x", 5, {} }

describe("netlink", function()
  helper.insulate()

  before_each(function()
    helper.ip("link", "set", "lo", "up")
  end)

  after_each(function()
    for _, row in ipairs(helper.ip_json "link") do
      if row.ifname ~= "lo" then
        netlink.delete_link_by_name(row.ifname)
      end
    end
  end)

  describe("create_veth_pair", function()
    it("makes both ends, down, in the current namespace", function()
      assert.is_true(netlink.create_veth_pair("a0", "b0"))
      assert.equal("veth", link("a0").linkinfo.info_kind)
      assert.equal("b0", link("a0").link)
      assert.equal("a0", link("b0").link)
      assert.is_false(is_up "a0")
      assert.is_false(is_up "b0")
    end)

    it("takes names of 1 and 15 bytes", function()
      assert.is_true(netlink.create_veth_pair("a", "0123456789abcde"))
      assert.same({ "0123456789abcde", "a", "lo" }, names())
    end)

    it("says EEXIST and names both ends when either name is taken", function()
      assert(netlink.create_veth_pair("a0", "b0"))
      for _, pair in ipairs { { "a0", "b1" }, { "a1", "b0" }, { "a0", "b0" }, { "same", "same" }, { "lo", "x" } } do
        local err = is_error("netlink", "EEXIST", netlink.create_veth_pair(pair[1], pair[2]))
        local text = ("veth pair already exists: host=%s peer=%s: "):format(pair[1], pair[2])
        assert.match(text, tostring(err), 1, true)
      end
      assert.same({ "a0", "b0", "lo" }, names())
    end)

    it("says EPERM without the privilege", function()
      assert.equal("nil netlink EPERM", unprivileged "return n.create_veth_pair('a0', 'b0')")
    end)

    it("raises for bad names", function()
      for _, name in ipairs(BAD_NAMES) do
        raises("create_veth_pair", 1, "host_name", name, "b0")
        raises("create_veth_pair", 2, "peer_name", "a0", name)
      end
      raises("create_veth_pair", 1, "host_name", nil, nil)
      assert.same({ "lo" }, names())
    end)
  end)

  describe("delete_link_by_name", function()
    it("deletes the link and the other end with it, and is idempotent", function()
      assert(netlink.create_veth_pair("a0", "b0"))
      assert.is_true(netlink.delete_link_by_name "a0")
      assert.same({ "lo" }, names())
      assert.is_true(netlink.delete_link_by_name "a0")
      assert.is_true(netlink.delete_link_by_name "never-was")
    end)

    it("says what the kernel refuses to delete", function()
      assert.equal("lo", is_error("netlink", "EOPNOTSUPP", netlink.delete_link_by_name "lo").link)
      assert(netlink.create_veth_pair("a0", "b0"))
      assert.equal("nil netlink EPERM", unprivileged "return n.delete_link_by_name('a0')")
    end)

    it("raises for bad names", function()
      for _, name in ipairs(BAD_NAMES) do
        raises("delete_link_by_name", 1, "name", name)
      end
    end)
  end)

  describe("list_all_links", function()
    it("lists index and name of every link", function()
      assert(netlink.create_veth_pair("a0", "b0"))
      local expected = {}
      for i, row in ipairs(helper.ip_json "link") do
        expected[i] = { index = row.ifindex, name = row.ifname }
      end
      assert.same(expected, netlink.list_all_links())
      assert.equal(3, #expected)
    end)

    it("lists hundreds", function()
      for i = 1, 150 do
        assert(netlink.create_veth_pair("a" .. i, "b" .. i))
      end
      assert.equal(301, #netlink.list_all_links())
    end)

    it("is not for the privileged only", function()
      assert.match("^table:", unprivileged "return n.list_all_links()")
    end)
  end)

  describe("set_link_up_by_name", function()
    it("brings the link up, once and again", function()
      assert(netlink.create_veth_pair("a0", "b0"))
      assert.is_true(netlink.set_link_up_by_name "a0")
      assert.is_true(netlink.set_link_up_by_name "a0")
      assert.is_true(is_up "a0")
      assert.is_false(is_up "b0")
    end)

    it("says what is missing", function()
      local err = is_error("not_found", "ENODEV", netlink.set_link_up_by_name "a0")
      assert.equal("link 'a0' not found in current netns", (tostring(err):match "^[^,]*"))
      assert.equal("a0", err.link)
      assert.equal("nil netlink EPERM", unprivileged "return n.set_link_up_by_name('lo')")
    end)

    it("raises for bad names", function()
      for _, name in ipairs(BAD_NAMES) do
        raises("set_link_up_by_name", 1, "name", name)
      end
    end)
  end)

  describe("add_address_to_link_by_name", function()
    local function addresses(name)
      local t = {}
      for _, info in ipairs(helper.ip_json("addr", "show", "dev", name)[1].addr_info) do
        if info.scope == "global" then
          t[info["local"]] = info
        end
      end
      return t
    end

    it("adds IPv4 and IPv6 addresses, as ip addr add does", function()
      assert(netlink.create_veth_pair("a0", "b0"))
      assert.is_true(netlink.add_address_to_link_by_name("a0", "10.0.0.5", 24))
      assert.is_true(netlink.add_address_to_link_by_name("a0", "10.9.0.1", 32))
      assert.is_true(netlink.add_address_to_link_by_name("a0", "FD00:0::5", 64))
      local got = addresses "a0"
      assert.equal(24, got["10.0.0.5"].prefixlen)
      assert.is_nil(got["10.0.0.5"].broadcast)
      assert.equal(32, got["10.9.0.1"].prefixlen)
      assert.equal(64, got["fd00::5"].prefixlen)
      helper.ip("addr", "add", "10.0.1.5/24", "dev", "b0")
      local by_ip, by_us = addresses("b0")["10.0.1.5"], got["10.0.0.5"]
      by_ip["local"], by_us["local"], by_ip.label, by_us.label = nil, nil, nil, nil
      assert.same(by_ip, by_us)
    end)

    it("says EEXIST for the same address again", function()
      assert(netlink.create_veth_pair("a0", "b0"))
      for _, address in ipairs { "10.0.0.5", "fd00::5" } do
        assert(netlink.add_address_to_link_by_name("a0", address, 24))
        local err = is_error("netlink", "EEXIST", netlink.add_address_to_link_by_name("a0", address, 24))
        assert.equal("a0", err.link)
        assert.match(address .. "/24", err.step, 1, true)
      end
    end)

    it("says what is missing", function()
      local err = is_error("not_found", "ENODEV", netlink.add_address_to_link_by_name("a0", "10.0.0.5", 24))
      assert.equal("a0", err.link)
      assert.equal("nil netlink EPERM", unprivileged "return n.add_address_to_link_by_name('lo', '10.0.0.1', 8)")
    end)

    it("raises for bad names, addresses and lengths", function()
      assert(netlink.create_veth_pair("a0", "b0"))
      local fname = "add_address_to_link_by_name"
      for _, name in ipairs(BAD_NAMES) do
        raises(fname, 1, "name", name, "10.0.0.5", 24)
      end
      for _, address in ipairs(BAD_ADDRESSES) do
        raises(fname, 2, "addr", "a0", address, 24)
      end
      for _, len in ipairs { -1, 33, 24.5, "24", true } do
        raises(fname, 3, "prefix_len", "a0", "10.0.0.5", len)
      end
      raises(fname, 3, "prefix_len", "a0", "fd00::5", 129)
      raises(fname, 3, "prefix_len", "a0", "fd00::5", nil)
      assert.same({}, addresses "a0")
    end)
  end)

  describe("add_default_route_via_dev", function()
    before_each(function()
      assert(netlink.create_veth_pair("a0", "b0"))
      assert(netlink.set_link_up_by_name "a0")
      assert(netlink.set_link_up_by_name "b0")
    end)

    it("adds a route of link scope without a gateway, as ip route add does", function()
      assert.is_true(netlink.add_default_route_via_dev("a0", false))
      local v4 = routes("-4").default
      assert.equal("a0", v4.dev)
      assert.equal("link", v4.scope)
      assert.is_nil(v4.gateway)
      helper.ip("route", "del", "default")
      helper.ip("route", "add", "default", "dev", "a0")
      assert.same(routes("-4").default, v4)

      assert.is_true(netlink.add_default_route_via_dev("a0", true))
      local v6 = routes("-6").default
      assert.equal("a0", v6.dev)
      assert.is_nil(v6.gateway)
      helper.ip("-6", "route", "del", "default")
      helper.ip("-6", "route", "add", "default", "dev", "a0")
      assert.same(routes("-6").default, v6)
    end)

    it("says EEXIST when there is one", function()
      for _, is_v6 in ipairs { false, true } do
        assert(netlink.add_default_route_via_dev("a0", is_v6))
        assert.equal("a0", is_error("netlink", "EEXIST", netlink.add_default_route_via_dev("a0", is_v6)).link)
      end
    end)

    it("says what is missing, and that the link is down", function()
      assert.equal("x0", is_error("not_found", "ENODEV", netlink.add_default_route_via_dev("x0", false)).link)
      assert.equal("x0", is_error("not_found", "ENODEV", netlink.add_default_route_via_dev("x0", true)).link)
      helper.ip("link", "set", "a0", "down")
      is_error("netlink", "ENETDOWN", netlink.add_default_route_via_dev("a0", false))
      assert.equal("nil netlink EPERM", unprivileged "return n.add_default_route_via_dev('lo', false)")
    end)

    it("raises for bad arguments", function()
      for _, name in ipairs(BAD_NAMES) do
        raises("add_default_route_via_dev", 1, "dev", name, false)
      end
      for _, value in ipairs { 0, "false", {} } do
        raises("add_default_route_via_dev", 2, "is_v6", "a0", value)
      end
      raises("add_default_route_via_dev", 2, "is_v6", "a0", nil)
    end)
  end)

  describe("replace_route_via_dev", function()
    before_each(function()
      assert(netlink.create_veth_pair("a0", "b0"))
      assert(netlink.set_link_up_by_name "a0")
      assert(netlink.set_link_up_by_name "b0")
      assert(netlink.add_address_to_link_by_name("b0", "10.0.0.1", 32))
      helper.ip("addr", "add", "fd00::1/128", "dev", "b0", "nodad")
    end)

    it("adds a route, then takes its place, with and without a source", function()
      assert.is_true(netlink.replace_route_via_dev("10.0.0.5", 32, "a0"))
      assert.equal("a0", routes("-4")["10.0.0.5"].dev)
      assert.equal("link", routes("-4")["10.0.0.5"].scope)
      assert.is_nil(routes("-4")["10.0.0.5"].prefsrc)
      assert.is_true(netlink.replace_route_via_dev("10.0.0.5", 32, "b0", "10.0.0.1"))
      assert.equal("b0", routes("-4")["10.0.0.5"].dev)
      assert.equal("10.0.0.1", routes("-4")["10.0.0.5"].prefsrc)
      assert.equal(1, #helper.ip_json("-4", "route", "show", "10.0.0.5"))

      assert.is_true(netlink.replace_route_via_dev("fd00:0::5", 128, "a0", nil))
      assert.equal("a0", routes("-6")["fd00::5"].dev)
      assert.is_true(netlink.replace_route_via_dev("fd00::5", 128, "b0", "fd00::1"))
      assert.equal("b0", routes("-6")["fd00::5"].dev)
      assert.equal("fd00::1", routes("-6")["fd00::5"].prefsrc)
      assert.equal(1, #helper.ip_json("-6", "route", "show", "fd00::5"))
    end)

    it("makes what ip route replace makes", function()
      assert(netlink.replace_route_via_dev("10.5.0.0", 16, "a0", "10.0.0.1"))
      local ours = routes("-4")["10.5.0.0/16"]
      helper.ip("route", "del", "10.5.0.0/16")
      helper.ip("route", "replace", "10.5.0.0/16", "dev", "a0", "src", "10.0.0.1")
      assert.same(routes("-4")["10.5.0.0/16"], ours)
    end)

    it("refuses addresses of different families before the kernel is asked", function()
      for _, case in ipairs { { "10.0.0.5", 32, "fd00::1" }, { "fd00::5", 128, "10.0.0.1" } } do
        local err = is_error("netlink", "EAFNOSUPPORT", netlink.replace_route_via_dev(case[1], case[2], "x0", case[3]))
        assert.equal(("address family mismatch: dest=%s src=%s"):format(case[1], case[3]), err.message)
      end
    end)

    it("says what is missing and what the kernel refuses", function()
      assert.equal("x0", is_error("not_found", "ENODEV", netlink.replace_route_via_dev("10.0.0.5", 32, "x0")).link)
      is_error("netlink", "EINVAL", netlink.replace_route_via_dev("10.0.0.5", 24, "a0"))
      is_error("netlink", "EINVAL", netlink.replace_route_via_dev("10.0.0.5", 32, "a0", "10.0.0.99"))
      assert.equal("nil netlink EPERM", unprivileged "return n.replace_route_via_dev('10.0.0.5', 32, 'lo')")
    end)

    it("raises for bad arguments", function()
      local fname = "replace_route_via_dev"
      for _, address in ipairs(BAD_ADDRESSES) do
        raises(fname, 1, "dest", address, 32, "a0")
        raises(fname, 4, "src", "10.0.0.5", 32, "a0", address)
      end
      for _, len in ipairs { -1, 33, 0.5, "32" } do
        raises(fname, 2, "prefix_len", "10.0.0.5", len, "a0")
      end
      raises(fname, 2, "prefix_len", "fd00::5", 129, "a0")
      for _, name in ipairs(BAD_NAMES) do
        raises(fname, 3, "dev", "10.0.0.5", 32, name)
      end
      raises(fname, 4, "src", "10.0.0.5", 32, "a0", false)
    end)
  end)

  describe("set_sysctl", function()
    local function read(path)
      local file <close> = assert(io.open("/proc/sys/" .. path))
      return file:read "l"
    end

    it("writes dotted and slashed keys, strings and integers", function()
      for i, case in ipairs {
        { "net.ipv4.ip_forward", "1", "1" }, { "net/ipv4/ip_forward", "0", "0" }, { "net.ipv4.ip_forward", 1, "1" },
        { "net/ipv4/ip_forward", 0, "0" },
      } do
        assert.is_true(netlink.set_sysctl(case[1], case[2]), i)
        assert.equal(case[3], read "net/ipv4/ip_forward")
      end
    end)

    it("reaches links with a dot in their names", function()
      assert(netlink.create_veth_pair("a0.100", "b0"))
      assert.is_true(netlink.set_sysctl("net.ipv4.conf.a0/100.rp_filter", "2"))
      assert.equal("2", read "net/ipv4/conf/a0.100/rp_filter")
      assert.is_true(netlink.set_sysctl("net/ipv4/conf/a0.100/rp_filter", 1))
      assert.equal("1", read "net/ipv4/conf/a0.100/rp_filter")
    end)

    it("says what the file system refuses", function()
      is_error("io", "ENOENT", netlink.set_sysctl("net.ipv4.no_such_thing", "1"))
      is_error("io", "EINVAL", netlink.set_sysctl("net.ipv4.ip_forward", "x"))
      local directory = is_error("io", "EISDIR", netlink.set_sysctl("net.ipv4", "1"))
      assert.match("/proc/sys/net/ipv4", tostring(directory), 1, true)
      -- EPERM or EACCES
      assert.match("^nil io E[AP]", unprivileged "return n.set_sysctl('net.ipv4.ip_forward', 1)")
    end)

    it("raises for keys that climb and other bad arguments", function()
      for _, key in ipairs {
        "", ".", "..", "/", "/proc/sys/net/ipv4/ip_forward", ".net", "net..ipv4", "net/../kernel/hostname",
        "../../etc/x",
        "net.//.x", "net.ipv4.", "net\0", ("a"):rep(256), 5, {},
      } do
        raises("set_sysctl", 1, "key", key, "1")
      end
      for _, value in ipairs { 1.5, true, {}, print } do
        raises("set_sysctl", 2, "value", "net.ipv4.ip_forward", value)
      end
      raises("set_sysctl", 2, "value", "net.ipv4.ip_forward", nil)
    end)
  end)

  describe("move_link_into_netns_and_rename", function()
    it("moves the link into the container under the new name", function()
      local c = helper.container()
      assert(netlink.create_veth_pair("a0", "b0"))
      assert.is_true(netlink.move_link_into_netns_and_rename("b0", c.pid, "eth0"))
      assert.same({ "a0", "lo" }, names())
      assert.same({ "eth0", "lo" }, names(c))
    end)

    it("takes a descriptor, a file or a namespace handle in the other form", function()
      local c = helper.container()
      local file <close> = assert(io.open(("/proc/%d/ns/net"):format(c.pid)))
      local ns <close> = assert(core.netns.open(c.pid))
      for i, target in ipairs { file, ns, ns:fd() } do
        assert(netlink.create_veth_pair("a" .. i, "b" .. i))
        assert.is_true(netlink.move_link_into_netns_fd_and_rename("b" .. i, target, "eth" .. i))
      end
      assert.same({ "eth1", "eth2", "eth3", "lo" }, names(c))
      assert.is_string(io.type(file))
      assert.is_number(ns:fd())
    end)

    it("brings the link back when the new name is taken there", function()
      local c = helper.container()
      assert(netlink.create_veth_pair("a0", "b0"))
      local err = is_error("netlink", "EEXIST", netlink.move_link_into_netns_and_rename("b0", c.pid, "lo"))
      assert.equal("b0", err.link)
      assert.is_nil(err.rollback)
      assert.same({ "a0", "b0", "lo" }, names())
      assert.same({ "lo" }, names(c))
    end)

    it("says what is missing", function()
      local c = helper.container()
      local err = is_error("not_found", "ENODEV", netlink.move_link_into_netns_and_rename("b0", c.pid, "eth0"))
      assert.equal("b0", err.link)
      assert.equal("link 'b0' not found in current netns", (tostring(err):match "^[^,]*"))
    end)

    it("says that the namespace cannot be opened", function()
      assert(netlink.create_veth_pair("a0", "b0"))
      local c = helper.container()
      c:kill()
      is_error("io", "ESRCH", netlink.move_link_into_netns_and_rename("b0", c.pid, "eth0"))
      local null <close> = assert(io.open "/dev/null")
      is_error("io", "EINVAL", netlink.move_link_into_netns_fd_and_rename("b0", null, "eth0"))
      local other <close> = assert(io.open "/proc/self/ns/pid")
      is_error("io", "EINVAL", netlink.move_link_into_netns_fd_and_rename("b0", other, "eth0"))
      is_error("io", "EBADF", netlink.move_link_into_netns_fd_and_rename("b0", 1000, "eth0"))
      assert.same({ "a0", "b0", "lo" }, names())
    end)

    it("says EPERM without the privilege", function()
      local code = "local f = io.open '/proc/self/ns/net' return n.move_link_into_netns_fd_and_rename('lo', f, 'x')"
      assert.equal("nil netlink EPERM", unprivileged(code))
    end)

    it("raises for bad arguments", function()
      local c = helper.container()
      assert(netlink.create_veth_pair("a0", "b0"))
      local by_pid, by_fd = "move_link_into_netns_and_rename", "move_link_into_netns_fd_and_rename"
      local ns = assert(core.netns.open(c.pid))
      for _, name in ipairs(BAD_NAMES) do
        raises(by_pid, 1, "link", name, c.pid, "eth0")
        raises(by_pid, 3, "new_name", "b0", c.pid, name)
        raises(by_fd, 1, "link", name, ns, "eth0")
        raises(by_fd, 3, "new_name", "b0", ns, name)
      end
      for _, pid in ipairs(BAD_PIDS) do
        raises(by_pid, 2, "pid", "b0", pid, "eth0")
      end
      ns:close()
      local file = assert(io.open "/dev/null")
      file:close()
      for _, fd in ipairs { -1, 1.5, "5", true, {}, ns, file, 1 << 31 } do
        raises(by_fd, 2, "ns_fd", "b0", fd, "eth0")
      end
      assert.same({ "a0", "b0", "lo" }, names())
    end)
  end)
end)
