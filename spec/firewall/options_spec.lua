-- SPDX-License-Identifier: MIT
local options = require "zlnet.firewall.options"

describe("what publish takes", function()
  it("is read and written down again, in few bytes", function()
    for given, written in pairs {
      ["8080:80"] = "8080>80", ["8080:8080/tcp"] = "8080", ["127.0.0.1:53:53/udp"] = "127.0.0.1:53u",
      ["[::1]:443:443"] = "[::1]:443", ["8000-8010:9000-9010/sctp"] = "8000-8010>9000s",
      ["0.0.0.0:80:80"] = "0.0.0.0:80", ["[::]:80:80"] = "[::]:80", ["[fd00:0::1]:1:65535"] = "[fd00::1]:1>65535",
    } do
      local list = assert(options.publish(given))
      assert.equal(written, options.write(list))
      assert.same(list, options.read(written))
      assert.same(list, options.publish(options.write_port(list[1])))
    end
    assert.equal("1>2,3>4u", options.write(options.publish { "1:2", "3:4/udp" }))
  end)

  it("is every address of a family where that is said", function()
    assert.same({ host_port = 80, port = 80, count = 1, protocol = "tcp", family = "inet" },
      options.publish("0.0.0.0:80:80")[1])
    assert.same({ host_port = 80, port = 80, count = 1, protocol = "tcp" }, options.publish("80:80")[1])
  end)

  it("is refused where it is no port, or one twice", function()
    for given, why in pairs {
      ["80"] = "is not like", ["80:80/icmp"] = "is not like", ["0:80"] = "from 1 to 65535",
      ["80:65536"] = "from 1 to 65535",
      ["80-82:80-81"] = "equally long", ["82-80:82-80"] = "from 1 to 65535", ["::1:80:80"] = "no address",
      ["[10.0.0.1]:80:80"] = "no address", ["10.0.0.1/8:80:80"] = "no address", ["x:80:80"] = "no address",
      ["80-:80-"] = "from 1 to 65535", [""] = "is not like",
    } do
      local list, reason = options.publish(given)
      assert.is_nil(list, given)
      assert.truthy(reason:find(why, 1, true), given .. ": " .. reason)
    end
    for _, twice in ipairs { { "80:1", "80:2" }, { "80:1", "127.0.0.1:80:2" }, { "70-90:170-190", "80:1" } } do
      assert.truthy(select(2, options.publish(twice)):find("are of one port", 1, true))
    end
    assert(options.publish { "80:1", "80:1/udp", "127.0.0.1:81:1", "127.0.0.2:81:1" })
    for _, wrong in ipairs { 80, true, {}, { 80 }, { a = "80:80" } } do
      assert.is_nil(options.publish(wrong))
    end
  end)

  it("has to be of a family that the container has", function()
    local o = { ip = { { family = "inet6" } }, publish = options.publish "127.0.0.1:80:80" }
    assert.same({ "publish", "'127.0.0.1:80:80' has another family than every ip" }, { options.relate(o) })
    o.publish = options.publish "80:80"
    assert.is_nil(options.relate(o))
  end)

  it("never raises, whatever line a record has", function()
    for _, text in ipairs { "", ",", "x", "80:80,x", "80:80;" } do
      assert.is_true((pcall(options.read, text)))
    end
    assert.is_nil(options.read "80:80,x")
  end)
end)

describe("what masquerade takes", function()
  it("is yes, no, or networks", function()
    assert.is_true(options.masquerade(true))
    assert.is_false(options.masquerade(false))
    local list = options.masquerade { "10.88.3.4/16", "fd00::/64" }
    assert.equal("10.88.0.0/16,fd00::/64", options.write_masquerade(list))
    assert.same(list, options.read_masquerade "10.88.0.0/16,fd00::/64")
    assert.equal("1", options.write_masquerade(true))
    assert.is_true(options.read_masquerade "1")
    for _, wrong in ipairs { "10.0.0.1", "x", 5, {}, { "10.0.0.0/33" } } do
      assert.is_nil(options.masquerade(wrong))
    end
    for _, wrong in ipairs { "", "0", "10.0.0.1/8", "10.0.0.0/8,", "10.0.0.0/8,x" } do
      assert.is_nil(options.read_masquerade(wrong), wrong)
    end
  end)

  it("has the networks of the pool", function()
    local o = { ip = {}, masquerade = true, pool = { { ranges = { { family = "inet", subnet = "10.1.0.0", prefix = 16 },
      { family = "inet", subnet = "10.1.0.0", prefix = 16 } } } } }
    options.relate(o)
    assert.equal("10.1.0.0/16", options.write_masquerade(o.masquerade))
  end)
end)

describe("what isolate takes", function()
  it("is a name", function()
    assert.equal("blue", options.isolate "blue")
    assert.is_nil(options.isolate "")
    assert.is_nil(options.isolate(5))
    assert.truthy(select(2, options.isolate(("x"):rep(65))):find "at most 64 bytes")
  end)
end)
