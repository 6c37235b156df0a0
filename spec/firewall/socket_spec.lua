-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local socket = require "zlnet.firewall.socket"
local zlnet = require "zlnet"

describe("the firewall's socket", function()
  helper.insulate()

  it("is the same from one time to the next, and not after it was left", function()
    local nft = assert(socket.open())
    assert.equal(nft, socket.open())
    assert(nft:gettables())
    socket.leave()
    assert.equal("nftables handle (closed)", tostring(nft))
    assert(socket.open():gettables())
    socket.leave()
  end)

  it("is of the namespace that the caller is in", function()
    local ns <close> = assert(core.netns.new())
    local nft = assert(socket.open())
    assert(nft:batch():newtable({ family = "inet", name = "here" }):send())
    assert.same({}, zlnet.with_netns_fd(ns:fd(), function()
      return assert(socket.open():gettables())
    end))
    assert.equal(1, #assert(socket.open():gettables()))
    helper.sh "nft flush ruleset"
  end)

  it("goes with the garbage", function()
    local nft = setmetatable({ socket.open() }, { __mode = "v" })
    collectgarbage()
    collectgarbage()
    assert.is_nil(nft[1])
  end)
end)
