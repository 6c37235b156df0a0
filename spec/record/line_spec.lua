-- SPDX-License-Identifier: MIT
local alias = require "zlnet.record.line"

local function ip(family, address, prefix)
  return { family = family, address = address, prefix = prefix }
end

-- What parse fills in when the line says nothing.
local function complete(fields)
  local t = { ifname = "eth0", mode = "routed", default_route = true, proxy_arp = false, ip = {}, hairpin = false,
    isolated = false, masquerade = false, guard = false, forwarding = true }
  for k, v in pairs(fields) do
    t[k] = v
  end
  return t
end

local minimal = { id = "web-1", tag = "s" }
local by_pid = {
  pid = 4242, start = 123456, boot = "0f1e2d3c4b5a6978", pidns = 4026531836, netns = 4026532281, tag = "s",
  time = 1732300000,
}
local full = complete {
  pid = 4194304, start = 9007199254740993, boot = "ffffffffffffffff", pidns = 1, netns = 4026532281, tag = "gg",
  time = 5, ifname = "net=1", ip = { ip("inet", "10.200.0.5", 24), ip("inet6", "fd00::5", 64) }, mode = "bridge",
  default_route = false, gateway = { inet6 = "fd00::1" }, src = { inet = "10.200.0.1" }, mtu = 1450,
  bridge = "br%é", proxy_arp = true, id = "b/a b=%",
}

local port = {
  id = "web-1", tag = "s", mode = "bridge", bridge = "br0", hairpin = true, isolated = true, vlan = 4094,
  forwarding = false,
}

describe("alias.format", function()
  it("writes one readable line", function()
    assert.equal("zlnet/1 tag=s id=web-1", alias.format(minimal))
    assert.equal("zlnet/1 tag=s id=web-1", alias.format { id = "web-1", tag = "s", ip = {} })
    assert.equal(
      "zlnet/1 pid=4242 start=123456 boot=0f1e2d3c4b5a6978 pidns=4026531836 netns=4026532281 tag=s time=1732300000",
      alias.format(by_pid)
    )
    assert.equal(
      "zlnet/1 pid=1 tag=s ip=10.200.0.5,fd00::5/64 mode=direct mtu=1500 proxy=1",
      alias.format {
        pid = 1, tag = "s", mode = "direct", mtu = 1500, proxy_arp = true, default_route = true, ifname = "eth0",
        gateway = {},
        ip = { ip("inet", "10.200.0.5", 32), ip("inet6", "fd00::5", 64) },
      }
    )
  end)

  it("holds a container of Kubernetes' size with two families, in each mode", function()
    local fields = {
      id = ("0123456789abcdef"):rep(4), boot = "ffffffffffffffff", netns = 4294967295, tag = "s", time = 1732300000,
      mtu = 1450,
      mode = "routed", ip = { ip("inet", "10.244.100.105", 32), ip("inet6", "fd00:10:244:100::1f05", 128) },
      src = { inet = "10.244.100.1", inet6 = "fd00:10:244:100::1" },
    }
    assert.is_string(alias.format(fields))
    fields.mode, fields.bridge, fields.src = "bridge", "cni0", nil
    fields.gateway = { inet = "10.244.100.1", inet6 = "fd00:10:244:100::1" }
    fields.ip = { ip("inet", "10.244.100.105", 24), ip("inet6", "fd00:10:244:100::1f05", 64) }
    assert.is_string(alias.format(fields))
  end)

  it("refuses a line that the kernel would not take", function()
    local room = 255 - #"zlnet/1 tag=s id="
    assert.equal(255, #alias.format { id = ("x"):rep(room), tag = "s" })
    local line, why = alias.format { id = ("x"):rep(room + 1), tag = "s" }
    assert.is_nil(line)
    assert.equal("the owner's record would have 256 bytes of at most 255: use a shorter id or fewer addresses", why)
    assert.is_nil(alias.format { id = (" "):rep(100), tag = "s" })
  end)
end)

describe("alias.parse", function()
  it("reads back what format wrote", function()
    for _, fields in ipairs { minimal, by_pid, full, port } do
      assert.same(complete(fields), alias.parse(alias.format(fields)))
    end
  end)

  it("reads back every byte of an id", function()
    for c = 0, 255 do
      local line = alias.format { id = "a" .. string.char(c) .. "b", tag = "s" }
      assert.is_nil(line:sub(9):find "[^ -~]")
      assert.equal("a" .. string.char(c) .. "b", alias.parse(line).id)
    end
  end)

  it("takes nothing that is not exactly ours", function()
    for _, line in ipairs {
      "", "zlnet", "zlnet/1", "zlnet/1 ", "zlnet/2 tag=s id=a", "zlnet/1 id=a", "zlnet/1 tag=s", " zlnet/1 tag=s id=a",
      "zlnet/1  tag=s id=a", "zlnet/1 tag=s id=a ", "zlnet/1 tag=s id=a\n", "zlnet/1 tag=s id=a\0",
      "zlnet/1 tag=s\tid=a",
      "zlnet/1 id=a tag=s", "zlnet/1 tag=s tag=s id=a", "zlnet/1 tag=s id=", "zlnet/1 tag=s id",
      "zlnet/1 tag=s id=a more=", "zlnet/1 tag=s id=a More=b", "zlnet/1 tag=s id=a more=ü",
      "zlnet/1 tag=s =a id=a", "zlnet/1 TAG=s id=a", "zlnet/1 tag=sss id=a", "zlnet/1 tag=- id=a",
      "zlnet/1 pid=0 tag=s",
      "zlnet/1 pid=-1 tag=s", "zlnet/1 pid=01 tag=s", "zlnet/1 pid=1.0 tag=s", "zlnet/1 pid=4194305 tag=s",
      "zlnet/1 pid=99999999999999999999 tag=s", "zlnet/1 pid=1 start=x tag=s", "zlnet/1 pid=1 start=0x1 tag=s",
      "zlnet/1 pid=1 boot=00 tag=s", "zlnet/1 pid=1 boot=0F1E2D3C4B5A6978 tag=s", "zlnet/1 pid=1 tag=s if=eth0",
      "zlnet/1 pid=1 tag=s if=a%2e", "zlnet/1 pid=1 tag=s if=%61", "zlnet/1 pid=1 tag=s if=a%",
      "zlnet/1 pid=1 tag=s if=a%2",
      "zlnet/1 pid=1 tag=s ip=", "zlnet/1 pid=1 tag=s ip=,", "zlnet/1 pid=1 tag=s ip=1.2.3.4,",
      "zlnet/1 pid=1 tag=s ip=1.2.3",
      "zlnet/1 pid=1 tag=s ip=1.2.3.4/32", "zlnet/1 pid=1 tag=s ip=FD00::5", "zlnet/1 pid=1 tag=s ip=fd00:0::5",
      "zlnet/1 pid=1 tag=s mode=routed", "zlnet/1 pid=1 tag=s mode=X", "zlnet/1 pid=1 tag=s default=1",
      "zlnet/1 pid=1 tag=s gw=fd00::1,10.0.0.1", "zlnet/1 pid=1 tag=s gw=10.0.0.1,10.0.0.2",
      "zlnet/1 pid=1 tag=s gw=10.0.0.1/24",
      "zlnet/1 pid=1 tag=s mtu=-5", "zlnet/1 pid=1 tag=s proxy=0", "zlnet/1 pid=1 tag=s id=é",
      "zlnet/1 pid=1 tag=s id=a=b",
      "zlnet/1 tag=s id=" .. ("x"):rep(300),
    } do
      assert.is_nil(alias.parse(line), line)
    end
    for _, value in ipairs { 1, true, {}, print } do
      assert.is_nil(alias.parse(value))
    end
    assert.is_nil(alias.parse(nil))
  end)

  it("survives random bytes and random damage", function()
    local line = alias.format(full)
    for _ = 1, 20000 do
      local at, kind = math.random(#line), math.random(4)
      local damaged = kind == 1 and line:sub(1, at)
        or kind == 2 and line:sub(1, at) .. line:sub(at + math.random(9))
        or kind == 3 and line:sub(1, at - 1) .. string.char(math.random(0, 255)) .. line:sub(at + 1)
        or line:sub(1, at) .. line:sub(math.random(#line)):sub(1, math.random(9)) .. line:sub(at + 1)
      local fields = alias.parse(damaged)
      if fields then -- written again it says the same, what is not known last
        local again = alias.format(fields)
        assert.equal(#damaged, #again)
        assert.same(fields, alias.parse(again))
      end
      local t = {}
      for i = 1, math.random(0, 60) do
        t[i] = string.char(math.random(0, 255))
      end
      assert.is_nil(alias.parse("zlnet/1 " .. table.concat(t)))
    end
  end)

  it("keeps what it does not know as it is, wherever it stands, and writes it last", function()
    local line = "zlnet/1 pid=5 colour=blue tag=s more_2=%C3%BC id=a"
    local fields = alias.parse(line)
    assert.same({ 5, "s", "a" }, { fields.pid, fields.tag, fields.id })
    assert.same({ "colour=blue", "more_2=%C3%BC" }, fields.unknown)
    local again = "zlnet/1 pid=5 tag=s id=a colour=blue more_2=%C3%BC"
    assert.equal(again, alias.format(fields))
    assert.same(fields, alias.parse(again))
    fields.tag = "g"
    assert.equal("zlnet/1 pid=5 tag=g id=a colour=blue more_2=%C3%BC", alias.format(fields))
  end)

  it("says why it cannot read one of ours, and nothing of what is not", function()
    local function reason(line)
      local fields, why = alias.parse(line)
      assert.is_nil(fields)
      return why
    end
    for _, line in ipairs { "zlnet/2 tag=s id=a", "zlnet/2 anything at all", "zlnet/10 x" } do
      assert.equal("made by a newer zlnet", reason(line))
    end
    for _, line in ipairs { "zlnet/1 pid=5 tag=s default=later", "zlnet/1 pid=05 tag=s", "zlnet/1 tag=s" } do
      assert.equal("its record cannot be read", reason(line))
    end
    for _, line in ipairs { "", "zlnet/", "zlnet/1", "zlnet/0 pid=5", "zlnet/02 x", "zlnet/1 hello", "zlnetx/2 a=b" } do
      assert.is_nil(reason(line))
    end
    assert.same({ pid = 7, id = "a b", boot = "0f1e2d3c4b5a6978" },
      alias.whose "zlnet/2 pid=7 id=a%20b boot=0f1e2d3c4b5a6978 tag=too-long")
  end)
end)
