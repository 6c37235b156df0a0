-- SPDX-License-Identifier: MIT
local claim = require "zlnet.addresses.claim"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local pool = require "zlnet.addresses.pool"

describe("choosing an address", function()
  helper.insulate()

  local host

  before_each(function()
    host = assert(core.open(nil))
    helper.ip("link", "add", "d0", "type", "bridge")
    helper.ip("link", "set", "d0", "up")
  end)

  after_each(function()
    helper.ip("link", "del", "d0")
    host:close()
  end)

  local function choose(value, key, where)
    local sets, who = assert(pool.rule(value)), { id = key or "web" }
    local ips, err = claim.choose(sets, who, "s", host, where or { subnet = true })
    if not ips then
      return nil, err
    end
    return ips[1].address, ips
  end

  it("gives the same owner the same address while it is free, and another one when it is taken", function()
    local first, ips = choose "10.7.0.0/24"
    assert.equal(24, ips[1].prefix)
    assert.equal(first, (choose "10.7.0.0/24"))
    helper.ip("route", "add", first .. "/32", "dev", "d0")
    local second = choose "10.7.0.0/24"
    assert.not_equal(first, second)
    helper.ip("route", "del", first .. "/32", "dev", "d0")
    assert.equal(first, (choose "10.7.0.0/24"))
  end)

  it("gives an attachment that is about to be replaced its own address again", function()
    local first = choose "10.7.0.0/24"
    helper.ip("route", "add", first .. "/32", "dev", "d0")
    local index = helper.ip_json("link", "show", "d0")[1].ifindex
    assert.equal(first, (choose("10.7.0.0/24", "web", { mine = function() return index end })))
  end)

  it("never gives the node's own or a broadcast address", function()
    helper.ip("addr", "add", "10.7.0.1/30", "dev", "d0")
    helper.ip("addr", "add", "fd07::1/126", "dev", "d0", "nodad")
    helper.eventually(function() -- a route to it comes a moment later
      return select(2, helper.sh "ip -6 route get fd07::1"):find "^local"
    end)
    for i = 1, 20 do
      assert.equal("10.7.0.2", (choose("10.7.0.0/30", "owner" .. i)))
      assert.not_equal("fd07::1", (choose("fd07::/126", "owner" .. i)))
    end
    helper.ip("addr", "del", "10.7.0.1/30", "dev", "d0")
    helper.ip("addr", "del", "fd07::1/126", "dev", "d0")
  end)

  it("finds the last free address among a thousand, and says when there is none", function()
    local lines = {}
    for i = 1, 1022 do
      lines[i] = ("route add 10.8.%d.%d/32 dev d0"):format(i >> 8, i & 255)
    end
    local pipe = assert(io.popen("ip -batch -", "w"))
    pipe:write(table.concat(lines, "\n"), "\n")
    assert(pipe:close())
    local address, err = choose "10.8.0.0/22"
    assert.is_nil(address)
    assert.same({ "not_found", "ENOSPC", "the pool 10.8.0.0/22 is full" }, { err.kind, err.code, err.message })
    helper.ip("route", "del", "10.8.2.77/32", "dev", "d0")
    assert.equal("10.8.2.77", (choose "10.8.0.0/22"))
  end)

  it("takes one of each set, of either family", function()
    local _, ips = choose { "10.7.0.0/24", "fd07::/64" }
    assert.same({ "inet", "inet6" }, { ips[1].family, ips[2].family })
  end)

  it("goes by the names of links where they have the addresses", function()
    local function name(address)
      return address .. "@br0"
    end
    helper.ip("link", "property", "add", "dev", "d0", "altname", "10.7.0.1@br0")
    assert.equal("10.7.0.2", (choose("10.7.0.0/30", "web", { name = name })))
    helper.ip("link", "property", "add", "dev", "d0", "altname", "10.7.0.2@br0")
    local _, err = choose("10.7.0.0/30", "web", { name = name })
    assert.equal("ENOSPC", err.code)
  end)
end)
