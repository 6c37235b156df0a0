-- SPDX-License-Identifier: MIT
local options = require "zlnet.firewall.options"
local ruleset = require "zlnet.firewall.ruleset"

local function attachment(changes)
  local a = {
    ip = {
      { family = "inet", address = "10.0.0.5", prefix = 24 }, { family = "inet6", address = "fd00::5", prefix = 63 },
    },
    mode = "routed", mac = "02:00:00:00:00:05", host_ifname = "veth-5-s", host_index = 7,
  }
  for key, value in pairs(changes or {}) do
    a[key] = value
  end
  return a
end

local function names(parts)
  local list = {}
  for i, part in ipairs(parts) do
    list[i] = part.family .. " " .. part.name
  end
  return list
end

local function texts(a)
  local list = {}
  for line in ruleset.script(a):gmatch "add element ([^\n]*)" do
    list[#list + 1] = line
  end
  return list
end

describe("the ruleset", function()
  it("has the parts that an attachment asks for, and no others", function()
    assert.same({}, names(ruleset.parts_of(attachment())))
    assert.is_false(ruleset.is_wanted(attachment()))
    assert.same({ "inet masquerade" }, names(ruleset.parts_of(attachment { masquerade = true })))
    assert.same({ "inet isolate", "bridge isolate" }, names(ruleset.parts_of(attachment { isolate = "blue" })))
    assert.same({ "inet guard", "arp guard" }, names(ruleset.parts_of(attachment { guard = true })))
    assert.same({ "bridge guard" }, names(ruleset.parts_of(attachment { guard = true, mode = "bridge" })))
    local v6 = attachment { guard = true, ip = { { family = "inet6", address = "fd00::5", prefix = 128 } } }
    assert.same({ "inet guard" }, names(ruleset.parts_of(v6)))
  end)

  it("has an element for an address, and one for each network that is looked up of its network", function()
    assert.same({
      'inet zlnet masquerade4 { 10.0.0.5 comment "veth-5-s" }',
      'inet zlnet networks4_24 { 10.0.0.5 . 10.0.0.0 comment "veth-5-s" }',
      'inet zlnet masquerade6 { fd00::5 comment "veth-5-s" }',
      'inet zlnet networks6_64 { fd00::5 . fd00:: comment "veth-5-s" }',
      'inet zlnet networks6_64 { fd00::5 . fd00:0:0:1:: comment "veth-5-s" }',
    }, texts(attachment { masquerade = true }))
  end)

  it("has an element for each further network, once", function()
    local a = attachment { masquerade = options.masquerade { "10.0.0.0/16", "10.1.0.0/16", "10.0.0.0/24" } }
    a.ip[2] = nil
    assert.same({
      'inet zlnet masquerade4 { 10.0.0.5 comment "veth-5-s" }',
      'inet zlnet networks4_16 { 10.0.0.5 . 10.0.0.0 comment "veth-5-s" }',
      'inet zlnet networks4_16 { 10.0.0.5 . 10.1.0.0 comment "veth-5-s" }',
    }, texts(a))
  end)

  it("publishes every port of a range, for every family that the container has", function()
    local a = attachment { publish = options.publish { "80-81:8080-8081", "127.0.0.1:53:53/udp" } }
    local list = texts(a)
    assert.same({
      'inet zlnet published4 { 10.0.0.5 comment "veth-5-s" }',
      'inet zlnet hairpin4 { "veth-5-s" . 10.0.0.5 comment "veth-5-s" }',
      'inet zlnet self4 { 10.0.0.5 . 10.0.0.5 comment "veth-5-s" }',
      'inet zlnet publish4_any { tcp . 80 comment "veth-5-s" : 10.0.0.5 . 8080 }',
      'inet zlnet publish4_any { tcp . 81 comment "veth-5-s" : 10.0.0.5 . 8081 }',
    }, table.move(list, 1, 5, 1, {}))
    assert.equal('inet zlnet publish4 { 127.0.0.1 . udp . 53 comment "veth-5-s" : 10.0.0.5 . 53 }', list[#list])
    assert.equal(11, #list)
  end)

  it("writes an element as the kernel takes it", function()
    local e = ruleset.elements_of(attachment { guard = true })[2]
    local index = string.pack("=I4", 7):gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end)
    assert.same({ key = { value = { index, "02:00:00:00:00:05", "10.0.0.5" } }, userdata = "\0\9veth-5-s\0" },
      ruleset.element_message(e))
    assert.equal(index .. "0200000000050000" .. "0a000005", ruleset.padded(e.key))
  end)

  it("reads the comment that it wrote, and nothing else as one", function()
    local e = ruleset.elements_of(attachment { masquerade = true })[1]
    assert.equal("veth-5-s", ruleset.comment(ruleset.element_message(e).userdata))
    for _, other in ipairs { "", "x", "\1\2x\0", "\0\9x\0" } do
      assert.is_nil(ruleset.comment(other))
    end
    assert.is_nil(ruleset.comment(nil))
  end)

  it("counts how often a chain is used", function()
    local publish = ruleset.parts_of(attachment { publish = options.publish "80:80" })[1]
    assert.equal("publish", publish.chains[1].name)
    assert.equal(6, ruleset.uses(publish, publish.chains[1])) -- four rules, two jumps
    assert.equal(1, ruleset.uses(publish, publish.chains[2]))
  end)

  it("knows whose connections are translated", function()
    local a = attachment { masquerade = true, guard = true, publish = options.publish "80:80" }
    assert.same({ { family = "inet", address = "10.0.0.5" }, { family = "inet6", address = "fd00::5" } },
      ruleset.translated(ruleset.elements_of(a)))
    assert.same({}, ruleset.translated(ruleset.elements_of(attachment { guard = true })))
  end)
end)
