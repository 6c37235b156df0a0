-- SPDX-License-Identifier: MIT
local argument = require "zlnet.argument"
local helper = require "spec.support.helper"

local function accepts(rule, values)
  for _, value in ipairs(values) do
    local checked, why = rule(value)
    assert.is_nil(why)
    assert.same(value, checked)
  end
end

local function refuses(rule, values)
  for i = 1, values.n or #values do
    local checked, why = rule(values[i])
    assert.is_nil(checked, tostring(values[i]))
    assert.is_string(why)
    assert.is_nil(why:find "%c")
  end
end

describe("argument.check", function()
  local function public(...)
    local value = argument.check("public", 2, "name", argument.ifname, ...)
    return value
  end

  it("returns the value in its normal form", function()
    assert.equal("eth0", public "eth0")
    assert.equal(false, argument.check("f", 1, "x", argument.boolean, false))
    assert.equal("integer", math.type(argument.check("f", 1, "pid", argument.pid, 5.0)))
  end)

  it("raises at the line of whoever called the public function, naming all that is wrong", function()
    local ok, message = pcall(function()
      local name = public ""
      return name
    end)
    assert.is_false(ok)
    local expected = "bad argument #2 to 'public' (name: a link name has 1 to 15 bytes, got 0)"
    assert.equal(expected, message:match "^spec/argument_spec.lua:%d+: (.*)$")
  end)
end)

describe("argument.ifname", function()
  it("accepts what the kernel accepts", function()
    accepts(argument.ifname, { "a", "eth0", "veth-4194304-ss", "...", "-", "a.b", "ü", "a@b", "zl-a31m58scg3pm" })
  end)

  it("refuses what the kernel refuses or reads as a pattern", function()
    refuses(argument.ifname, {
      "", "veth-4194304-sss", ".", "..", "a/b", "/", "a:b", "a b", " ", "a\tb", "a\n", "a\0b", "\0", "a%d", "%",
      "a\xa0", "à", "all", "default",
      0, 1.5, true, {}, print, nil, n = 15,
    })
  end)
end)

describe("the rule for names of links", function()
  helper.insulate()

  it("is the same for options and for messages, and what it lets through the kernel takes", function()
    local core = require "zlnet.core"
    local ns <close> = assert(core.netns.new())
    local h <close> = assert(core.open(ns))
    local names = { "default", ".", "..", "..." }
    for byte = 0, 255 do
      names[#names + 1], names[#names + 2] = string.char(byte), "a" .. string.char(byte, byte)
    end
    for _, name in ipairs(names) do
      local ok, _, err = pcall(h.newlink, h, { ifname = name, linkinfo = { kind = "bridge" } })
      assert.equal(argument.ifname(name) ~= nil, ok, ("%q"):format(name))
      assert.is_nil(err, name)
    end
  end)
end)

describe("argument.netns", function()
  it("takes names, paths, handles, files; no name of dots, nothing that is too long for a name", function()
    accepts(argument.netns, { "blue", "./x", "/proc/1/ns/net", ("x"):rep(255), "...", { fd = 0 }, io.stdout })
    refuses(argument.netns, { "", ".", "..", ("x"):rep(256), "a\0b", "/a\0", 5, true, {}, { fd = -1 }, { fd = "1" } })
  end)
end)

describe("argument.pid", function()
  it("accepts integers from 1 to 4194304", function()
    accepts(argument.pid, { 1, 4242, 4194304 })
    refuses(argument.pid, { 0, -1, 4194305, 1.5, 1 / 0, 0 / 0, math.mininteger, "1", true, {} })
  end)
end)

describe("argument.tag, boolean, text, seconds, fn", function()
  it("accept just what they say", function()
    accepts(argument.tag, { "s", "g", "s1", "ZZ" })
    refuses(argument.tag, { "", "abc", "-", "a-", "é", "a\0", 1, false })
    accepts(argument.boolean, { true, false })
    refuses(argument.boolean, { 0, 1, "true", {} })
    accepts(argument.text, { "x", " ", "ü", ("x"):rep(1000) })
    refuses(argument.text, { "", "a\0b", 5, {} })
    accepts(argument.seconds, { 1, 0.001, 1e9 })
    refuses(argument.seconds, { 0, -1, 0 / 0, 1 / 0, -1 / 0, "1", true })
    accepts(argument.fn, { print, function() end })
    refuses(argument.fn, { {}, "print", 1, true })
  end)
end)

describe("argument.one_of and either", function()
  it("name what they accept", function()
    local rule = argument.one_of("routed", "direct")
    assert.equal("direct", rule "direct")
    assert.same({ nil, "one of 'routed', 'direct' expected, got 'x'" }, { rule "x" })
    refuses(rule, { "", 1, true, {} })
    local mtu = argument.either("inherit", argument.integer(68, 65535))
    accepts(mtu, { "inherit", 68, 65535 })
    assert.same({ nil, "'inherit' or an integer from 68 to 65535 expected, got 67" }, { mtu(67) })
    refuses(mtu, { "Inherit", 65536, "1500" })
  end)
end)

describe("argument.mac and address", function()
  it("give the normal form", function()
    assert.equal("02:00:00:00:00:0a", argument.mac "02:00:00:00:00:0A")
    assert.same({ family = "inet6", address = "fd00::5" }, argument.address "FD00:0::5")
    refuses(argument.mac, { "", "01:00:5e:00:00:01", 5, {} })
    refuses(argument.address, { "", "10.0.0.1/24", "10.0.0", "fe80::1%eth0", "a\nb", 5, {} })
  end)
end)

describe("argument.ips", function()
  it("accepts one address or a list", function()
    assert.same({ { family = "inet", address = "10.0.0.5" } }, argument.ips "10.0.0.5")
    assert.same(
      { { family = "inet", address = "10.0.0.5", prefix = 24 }, { family = "inet6", address = "fd00::5",
      prefix = 64 } },
      argument.ips { "10.0.0.5/24", "FD00::5/64" }
    )
  end)

  it("refuses the rest, and any address twice", function()
    refuses(argument.ips, {
      {}, { 5 }, { "10.0.0.5", "x" }, { "10.0.0.5", "10.0.0.5/24" }, { "fd00::5", "fd00:0::5" }, { ip = "10.0.0.5" },
      { "10.0.0.5", x = 1 }, { [2] = "10.0.0.5" }, { [1.5] = "10.0.0.5" }, "224.0.0.1", "0.0.0.0", "::1", "ff02::1",
      5, true,
    })
  end)
end)

describe("argument.by_family", function()
  it("accepts at most one address of each family", function()
    assert.same({ inet = "10.0.0.1" }, argument.by_family "10.0.0.1")
    assert.same({ inet = "10.0.0.1", inet6 = "fe80::1" }, argument.by_family { "fe80::1", "10.0.0.1" })
    refuses(argument.by_family, { { "10.0.0.1", "10.0.0.2" }, "10.0.0.1/24", {}, 5, { "fe80::1", "fd00::1" } })
  end)
end)

describe("argument.sysctl_key", function()
  helper.insulate()

  it("gives the path below /proc/sys; the first separator decides, as in sysctl(8)", function()
    for key, path in pairs {
      ["net.ipv4.ip_forward"] = "net/ipv4/ip_forward",
      ["net/ipv4/ip_forward"] = "net/ipv4/ip_forward",
      ["net.ipv4.conf.eth0/100.rp_filter"] = "net/ipv4/conf/eth0.100/rp_filter",
      ["net/ipv4/conf/eth0.100/rp_filter"] = "net/ipv4/conf/eth0.100/rp_filter",
      ["kernel"] = "kernel",
      ["net/ipv4/conf/.../forwarding"] = "net/ipv4/conf/.../forwarding", -- a link may be called so
    } do
      assert.equal(path, argument.sysctl_key(key))
    end
  end)

  it("refuses keys that climb, are absolute, have empty parts, a NUL, or are too long", function()
    refuses(argument.sysctl_key, {
      "", ".", "..", "/", "/net/ipv4", ".net.ipv4", "/proc/sys/net", "net..ipv4", "net//ipv4", "net.", "net/",
      "net/../kernel",
      "../etc/passwd", "net.//.kernel", "net/./ipv4", "net.ipv4\0.x", "\0", ("a."):rep(128) .. "b", ("a"):rep(256),
      5, true, {}, nil, n = 23,
    })
  end)

  it("is the one reader of keys: the core takes only what it returns", function()
    local core = require "zlnet.core"
    assert.equal(core.sysctl_read "net/ipv4/ip_forward", core.sysctl_read(argument.sysctl_key "net.ipv4.ip_forward"))
    for _, path in ipairs { "", "/", "/net", "net//ipv4", "net/", "..", "net/../kernel/hostname", "./net", "a\0b",
      ("a"):rep(256) } do
      assert.has_error(function()
        core.sysctl_read(path)
      end)
    end
    local h <close> = assert(core.open(nil))
    assert(h:newlink { ifname = "...", linkinfo = { kind = "bridge" } })
    assert.equal("0", (core.sysctl_read "net/ipv4/conf/.../proxy_arp"))
    assert(h:dellink { ifname = "..." })
  end)
end)
