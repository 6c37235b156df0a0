-- SPDX-License-Identifier: MIT
local addr = require "zlnet.addr"

local function parsed(text)
  local ip = assert(addr.parse(text))
  return ip.family, ip.address, ip.prefix
end

describe("addr.parse", function()
  it("reads IPv4 with and without a prefix length", function()
    assert.same({ "inet", "10.0.0.5", 24 }, { parsed "10.0.0.5/24" })
    assert.same({ "inet", "10.0.0.5" }, { parsed "10.0.0.5" })
    assert.same({ "inet", "0.0.0.0", 0 }, { parsed "0.0.0.0/0" })
    assert.same({ "inet", "255.255.255.255", 32 }, { parsed "255.255.255.255/32" })
  end)

  it("gives IPv6 its canonical text", function()
    for text, canonical in pairs {
      ["::"] = "::",
      ["::1"] = "::1",
      ["1::"] = "1::",
      ["FD00::5"] = "fd00::5",
      ["fd00:0:0:0:0:0:0:5"] = "fd00::5",
      ["fd00:0000:0000:0000:0000:0000:0000:0005"] = "fd00::5",
      ["2001:db8:0:1:1:1:1:1"] = "2001:db8:0:1:1:1:1:1",
      ["2001:db8::1:1:1:1:1"] = "2001:db8:0:1:1:1:1:1",
      ["2001:0:0:1:0:0:0:1"] = "2001:0:0:1::1",
      ["2001:db8:0:0:1:0:0:1"] = "2001:db8::1:0:0:1",
      ["1:2:3:4:5:6:7::"] = "1:2:3:4:5:6:7:0",
      ["::2:3:4:5:6:7:8"] = "0:2:3:4:5:6:7:8",
      ["1:0:0:4:5:6:0:0"] = "1::4:5:6:0:0",
      ["::ffff:10.0.0.1"] = "::ffff:10.0.0.1",
      ["::ffff:a00:1"] = "::ffff:10.0.0.1",
      ["64:ff9b::192.0.2.33"] = "64:ff9b::c000:221",
      ["1:2:3:4:5:6:1.2.3.4"] = "1:2:3:4:5:6:102:304",
    } do
      assert.same({ "inet6", canonical }, { parsed(text) })
      assert.same({ "inet6", canonical, 128 }, { parsed(text .. "/128") })
      assert.equal(canonical, (select(2, parsed(canonical))))
    end
  end)

  it("refuses what is not exactly an address, saying why", function()
    for _, text in ipairs {
      "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.04", "0x1.2.3.4",
      " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1.2.3.4\0", "1.2.3.-4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1",
      "1.2.3.4/024",
      "1.2.3.4/24/24", "1.2.3.4/2 4", "1.2.3.4/1e1", "/24", "localhost", "1,2,3,4", "1.2.3.4:80",
      ":", ":::", "1:", ":1", "1:::2", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
      "::1:2:3:4:5:6:7:8", "12345::", "g::", "fe80::1%eth0", "fe80::1%25", "[::1]", "::1/129", "::1/",
      "::1.2.3", "::1.2.3.4.5",
      "::1.2.3.04", "::256.1.1.1", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "::\0", "1::\n", ("1:"):rep(1000),
    } do
      local ip, why = addr.parse(text)
      assert.is_nil(ip, text)
      assert.is_string(why)
    end
  end)

  it("refuses values that are no strings", function()
    for _, value in ipairs { 1, 1.5, true, {}, print } do
      assert.same({ nil, "an IP address expected, got " .. type(value) }, { addr.parse(value) })
    end
    assert.is_nil(addr.parse(nil))
  end)

  it("reads back what it formats, for random addresses", function()
    math.randomseed(7)
    for _ = 1, 2000 do
      local word = {}
      for i = 1, 8 do
        word[i] = math.random(3) > 1 and 0 or math.random(0, 0xffff)
      end
      local bytes = string.pack(">I2I2I2I2I2I2I2I2", table.unpack(word))
      local text = addr.format(bytes)
      assert.equal(bytes, (addr.bytes(text)))
      assert.equal(text, addr.parse(text).address)
    end
  end)

  it("never raises on random text", function()
    local alphabet = "0123456789abcdefABCDEF:.:./%gx \0"
    for _ = 1, 20000 do
      local t = {}
      for i = 1, math.random(0, 24) do
        local k = math.random(#alphabet)
        t[i] = alphabet:sub(k, k)
      end
      local text = table.concat(t)
      local ip = addr.parse(text)
      if ip then
        assert.equal(ip.address, addr.parse(ip.address).address, text)
      end
    end
  end)
end)

describe("addr.bytes and addr.format", function()
  it("are each other's inverse", function()
    assert.same({ "\10\0\0\5", "inet" }, { addr.bytes "10.0.0.5" })
    assert.same({ "\xfd" .. ("\0"):rep(14) .. "\5", "inet6" }, { addr.bytes "fd00::5" })
    assert.equal("10.0.0.5", addr.format "\10\0\0\5")
    assert.equal("fd00::5", addr.format("\xfd" .. ("\0"):rep(14) .. "\5"))
  end)

  it("give nil and a reason for anything else", function()
    assert.is_nil(addr.bytes "10.0.0.5/24")
    assert.is_nil(addr.bytes "fd00::5/64")
    assert.is_nil(addr.format "12345")
    assert.is_nil(addr.format "")
  end)
end)

describe("addr.broadcast", function()
  it("sets the host bits", function()
    assert.equal("10.200.0.255", addr.broadcast("10.200.0.5", 24))
    assert.equal("255.255.255.255", addr.broadcast("10.200.0.5", 0))
    assert.equal("10.200.0.5", addr.broadcast("10.200.0.5", 32))
  end)
end)

describe("addr.network and addr.contains", function()
  it("clear the host bits", function()
    assert.equal("10.200.0.0", addr.network("10.200.0.5", 24))
    assert.equal("10.200.0.4", addr.network("10.200.0.5", 30))
    assert.equal("0.0.0.0", addr.network("10.200.0.5", 0))
    assert.equal("10.200.0.5", addr.network("10.200.0.5", 32))
    assert.equal("fd00:1:2:3::", addr.network("fd00:1:2:3:4:5:6:7", 64))
    assert.equal("fd00:1:2:3:4::", addr.network("fd00:1:2:3:4:5:6:7", 80))
    assert.equal("fd00::", addr.network("fd00:1:2:3:4:5:6:7", 16))
    assert.equal("::", addr.network("fd00::7", 0))
    assert.equal("fd00::7", addr.network("fd00::7", 128))
    assert.equal("fd00::6", addr.network("fd00::7", 127))
    assert.is_nil(addr.network("10.0.0.1", 33))
    assert.is_nil(addr.network("10.0.0.1", -1))
    assert.is_nil(addr.network("nonsense", 8))
  end)

  it("tell members from strangers", function()
    assert.is_true(addr.contains("10.200.0.5", 24, "10.200.0.1"))
    assert.is_false(addr.contains("10.200.0.5", 24, "10.200.1.1"))
    assert.is_true(addr.contains("fd00::5", 64, "fd00::ffff"))
    assert.is_false(addr.contains("fd00::5", 64, "fd00:0:0:1::5"))
    assert.is_false(addr.contains("0.0.0.0", 0, "::"))
    assert.is_true(addr.contains("1.2.3.4", 0, "9.9.9.9"))
  end)
end)

describe("addr.is_unicast", function()
  it("accepts what one host can own and nothing else", function()
    for _, text in ipairs {
      "10.0.0.1", "169.254.1.1", "223.255.255.254", "240.0.0.1", "fe80::1", "fd00::", "2001:db8::1",
    } do
      assert.is_true(addr.is_unicast(text), text)
    end
    for _, text in ipairs {
      "0.0.0.0", "127.0.0.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "::", "::1", "ff02::1", "x",
    } do
      assert.is_false(addr.is_unicast(text), text)
    end
  end)
end)

describe("addr.mac", function()
  it("accepts unicast addresses and lowers their case", function()
    assert.equal("02:00:5e:10:00:01", addr.mac "02:00:5E:10:00:01")
  end)

  it("refuses the rest, saying why", function()
    for _, text in ipairs {
      "", "02:00:5e:10:00", "02:00:5e:10:00:01:02", "2:0:5e:10:0:1", "02-00-5e-10-00-01", "02005e100001",
      "0g:00:00:00:00:01",
      "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "02:00:5e:10:00:01\0", " 02:00:5e:10:00:01",
    } do
      local mac, why = addr.mac(text)
      assert.is_nil(mac, text)
      assert.is_string(why)
    end
    assert.same({ nil, "a MAC address expected, got number" }, { addr.mac(5) })
  end)
end)
