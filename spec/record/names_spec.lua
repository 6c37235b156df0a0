-- SPDX-License-Identifier: MIT
local owner = require "zlnet.record.names"

describe("owner.hash", function()
  it("never changes", function()
    assert.equal(0xefd01f60ba992926, owner.hash "")
    assert.equal(0x82a2a958a9bece5b, owner.hash "a")
    assert.equal(0x2c22194922d1672b, owner.hash "foobar")
    local all = {}
    for i = 0, 255 do
      all[#all + 1] = string.char(i)
    end
    assert.equal(0x2067db6dbd4efa06, owner.hash(table.concat(all)))
  end)

  it("changes about half of its bits with one bit of the text", function()
    local total = 0
    for i = 0, 999 do
      local x = owner.hash("container-" .. i) ~ owner.hash("container-" .. (i ~ 1))
      while x ~= 0 do
        x, total = x & x - 1, total + 1
      end
    end
    assert.is_true(total > 30 * 1000 and total < 34 * 1000)
  end)
end)

describe("owner.host_name", function()
  it("is at most 15 bytes and is read back", function()
    for _, pid in ipairs { 1, 9, 4242, 4194304 } do
      for _, tag in ipairs { "s", "g", "zZ", "09" } do
        local name = owner.host_name({ pid = pid, id = "ignored" }, tag)
        assert.is_true(#name <= 15)
        assert.same({ kind = "veth", pid = pid, tag = tag }, owner.parse_name(name))
      end
    end
    assert.equal("veth-4194304-ss", owner.host_name({ pid = 4194304 }, "ss"))
  end)

  it("is made from the id where there is no pid", function()
    assert.equal("vethc663f9d4-s", owner.host_name({ id = "web-1" }, "s"))
    assert.same({ kind = "veth", hash = "c663f9d4", tag = "s" }, owner.parse_name "vethc663f9d4-s")
    for i = 1, 500 do
      assert.equal(15, #owner.host_name({ id = ("x"):rep(i) }, "ss"))
    end
  end)
end)

describe("owner.parse_name", function()
  it("knows the origin's names", function()
    assert.same({ kind = "veth", pid = 17 }, owner.parse_name "veth-17")
    assert.same({ kind = "vc", pid = 17 }, owner.parse_name "vc-17")
    assert.same({ kind = "vc", pid = 17, tag = "g" }, owner.parse_name "vc-17-g")
  end)

  it("knows no other name", function()
    for _, name in ipairs {
      "", "lo", "eth0", "veth", "veth-", "veth-0", "veth-0-s", "veth-01", "veth-1-", "veth-1-sss", "veth-1-s-",
      "veth-1--",
      "veth-1_s", "veth-1-s ", "veth-4194305", "veth-9999999-s", "veth-99999999999999999999", "veth--1", "veth-+1",
      "veth-1.0",
      "veth-1e3", "veth-0x1", "veth1", "veth1234567", "veth1a2b3c4d", "vethC663F9D4-s", "vethc663f9d-s",
      "vethc663f9d41-s",
      "vethc663f9d4-", "vc-", "vc-0", "vcc663f9d4-s", "ve-1", "v-1", "vet-1", "vh-1-s", "xveth-1-s", "veth-1-s\0",
      "veth-1\n",
      "veth-1-é", "veth-١",
    } do
      assert.is_nil(owner.parse_name(name), name)
    end
  end)

  it("never raises on random bytes", function()
    for _ = 1, 20000 do
      local t = { math.random() > 0.5 and "veth-" or "" }
      for i = 2, math.random(1, 16) do
        t[i] = string.char(math.random() > 0.5 and math.random(45, 57) or math.random(0, 255))
      end
      local name = table.concat(t)
      local parsed = owner.parse_name(name)
      if parsed and parsed.tag and parsed.kind == "veth" and parsed.pid then
        assert.equal(name, owner.host_name(parsed, parsed.tag))
      end
    end
  end)
end)

describe("owner.mac", function()
  it("is locally administered, unicast, marked, and never changes", function()
    local key = owner.key { id = "web-1" }
    assert.equal("7a:6c:60:e4:cc:11", owner.mac(key, "s", "host"))
    assert.equal("7a:6c:fa:8d:01:43", owner.mac(key, "s", "container"))
    assert.equal(2, 0x7a & 3)
    assert.is_true(owner.is_our_mac(owner.mac(key, "s", "host")))
  end)

  it("differs by owner, tag and side", function()
    local seen = {}
    for pid = 1, 200 do
      for _, tag in ipairs { "s", "g" } do
        for _, side in ipairs { "host", "container" } do
          local mac = owner.mac(owner.key { pid = pid, start = 5, boot = "00" }, tag, side)
          assert.is_nil(seen[mac])
          seen[mac] = true
        end
      end
    end
  end)

  it("differs between two processes or two nodes with the same pid", function()
    local a = owner.mac(owner.key { pid = 7, start = 1, boot = "aa" }, "s", "container")
    assert.not_equal(a, owner.mac(owner.key { pid = 7, start = 2, boot = "aa" }, "s", "container"))
    assert.not_equal(a, owner.mac(owner.key { pid = 7, start = 1, boot = "bb" }, "s", "container"))
    assert.not_equal(a, owner.mac(owner.key { id = "pid=7 start=1 boot=aa" }, "s", "container"))
  end)

  it("is told from others", function()
    for _, mac in ipairs { "", "02:00:00:00:00:01", "7a:6d:00:00:00:00", "7a:6c:00", "7a:6c:00:00:00:00:00" } do
      assert.is_false(owner.is_our_mac(mac))
    end
    assert.is_false(owner.is_our_mac(nil))
  end)
end)

describe("owner.boot", function()
  it("keeps 16 digits of a boot id", function()
    assert.equal("0f1e2d3c4b5a6978", owner.boot "0F1E2D3C-4b5a-6978-8877-665544332211\n")
    assert.equal("0f1e2d3c4b5a6978", owner.boot "0f1e2d3c4b5a6978")
    assert.is_nil(owner.boot "")
    assert.is_nil(owner.boot "nonsense-nonsense")
  end)
end)

describe("owner.make_interface_name", function()
  local make = owner.make_interface_name

  it("never changes", function()
    assert.equal("zl-a31m58scg3pm", make { "a", "bc" })
    assert.equal("zl-vrk9qmebqc37", make { "ab", "c" })
    assert.equal("zl-kim65r8jn-br", make({ "node1", "overlay" }, "br"))
    assert.equal("zl-cjr0o26-vxln", make({ "node1" }, "vxln"))
  end)

  it("has 15 safe bytes whatever the parts are", function()
    for _, parts in ipairs { { "" }, { "\0\255/%d" }, { ("x"):rep(10000) }, { "a", "", "ü" }, { "." }, { ".." } } do
      for _, suffix in ipairs { "", "b", "br", "vx0", "vxln" } do
        local name = make(parts, suffix)
        assert.equal(15, #name)
        assert.is_nil(name:find "[^A-Za-z0-9-]")
        assert.equal(suffix, suffix == "" and "" or name:match "%-(%w+)$")
      end
    end
    assert.equal(make({ "a" }, ""), make { "a" })
  end)

  it("does not collide by the way the parts are joined", function()
    local seen = {}
    for _, parts in ipairs {
      { "a", "bc" }, { "ab", "c" }, { "abc" }, { "a", "b", "c" }, { "", "abc" }, { "abc", "" }, { "a-bc" }, { "a-b-c" },
      { "1:a2:bc" }, { "1:a", "bc" }, { "a", "bc", "" },
    } do
      local name = make(parts, "br")
      assert.is_nil(seen[name])
      seen[name] = true
    end
  end)

  it("does not collide for 20,000 names with the longest suffix", function()
    local seen = {}
    for i = 1, 20000 do
      local name = make({ "node", tostring(i) }, "abcd")
      assert.is_nil(seen[name])
      seen[name] = true
    end
  end)

  it("raises on wrong use, at the caller's line", function()
    for _, args in ipairs {
      { nil }, { "a" }, { {} }, { { 1 } }, { { "a", false } }, { { "a" }, "abcde" }, { { "a" }, "a-" }, { { "a" },
      "ä" },
      { { "a" }, 5 },
    } do
      local ok, message = pcall(function()
        return #make(args[1], args[2])
      end)
      assert.is_false(ok)
      assert.match("^spec/record/names_spec.lua:%d+: bad argument #[12] to 'make_interface_name' %(.+%)$", message)
    end
  end)
end)
