-- SPDX-License-Identifier: MIT
-- ZLNET_DEBUG=netlink: what is sent and what comes back, on stderr.
local helper = require "spec.support.helper"

-- What a script writes to stderr, in a namespace of its own.
local function said(environment, script)
  local ok, text = helper.sh(("%s unshare --net %s -e %s 2>&1 >/dev/null"):format(environment, helper.lua,
    helper.quote("local h = require('zlnet.core').open(nil) " .. script)))
  assert.is_true(ok, text)
  return text
end

local MAKE = [[assert(h:newlink { ifname = "x\27", mtu = 1400, flags = { up = true }, address = "02:00:00:00:00:01",
  linkinfo = { kind = "bridge", data = { stp_state = 1 } } })]]

describe("ZLNET_DEBUG=netlink", function()
  helper.insulate()

  it("prints requests and answers with key paths", function()
    local text = said("ZLNET_DEBUG=netlink", MAKE)
    local request = text:match "(zlnet: > newlink seq 1 flags 0x60d\n.-)zlnet: <"
    assert.is_truthy(request, text)
    for _, line in ipairs { 'ifname = "x\\x1b"', "mtu = 1400", "address = 02:00:00:00:00:01",
      'linkinfo.kind = "bridge"',
      "linkinfo.data.stp_state = 1", "flags = up of up" } do
      assert.is_truthy(request:find("zlnet:     " .. line .. "\n", 1, true), line .. "\n" .. request)
    end
    assert.is_truthy(text:find("zlnet: < newlink seq 1 ", 1, true))
    assert.is_truthy(text:find("zlnet: < ack seq 1 ok\n", 1, true))
    assert.is_nil(text:find "[^\n\x20-\x7e]")
  end)

  it("prints refusals, dumps, hops, nests of a family, addresses", function()
    local text = said("ZLNET_DEBUG=x,netlink", MAKE .. [[
      assert(h:newaddr { index = "x\27", ["local"] = "192.0.2.1", prefixlen = 24 })
      assert(h:newroute { dst = "198.51.100.0/24", multipath = {
        { gateway = "192.0.2.2", hops = 1 }, { gateway = "192.0.2.3" } } })
      assert(not h:newroute { dst = "203.0.113.0/24", gateway = "203.0.113.1" })
      assert(h:getroutes { family = "inet" })]])
    for _, line in ipairs { "local = 192.0.2.1", "multipath[1].gateway = 192.0.2.2", "multipath[2].gateway = 192.0.2.3",
      "dst_len = 24", "dst = 198.51.100.0" } do
      assert.is_truthy(text:find("zlnet:     " .. line .. "\n", 1, true), line .. "\n" .. text)
    end
    assert.is_truthy(text:find "zlnet: < ack seq %d+ ENETUNREACH\n")
    assert.is_truthy(text:find "zlnet: > getroute seq %d+ flags 0x305\n")
    assert.is_truthy(text:find "zlnet: < newroute seq %d+ ")
    assert.is_truthy(text:find "zlnet: < done seq %d+ ok\n")
  end)

  it("prints nothing that was not asked for", function()
    assert.are.equal("", said("ZLNET_DEBUG=", MAKE))
    assert.are.equal("", said("ZLNET_DEBUG=netlinks,x", MAKE))
    assert.are.equal("", said("env -u ZLNET_DEBUG", MAKE))
  end)

  it("hides secret keys", function()
    local codec = require("zlnet.core").codec
    local key = ("A"):rep(43) .. "="
    local shown = codec.print("wireguard", codec.encode("wireguard", "setwireguard", {
      ifname = "wg0", private_key = key, listen_port = 51820, peers = {
        { public_key = key, preshared_key = key, allowedips = {
          { family = "inet", ipaddr = "10.1.0.0", cidr_mask = 16 } } },
      },
    }))
    assert.are.equal("(secret, 32 bytes)", shown.private_key)
    assert.are.equal("(secret, 32 bytes)", shown["peers[1].preshared_key"])
    assert.are.equal(("00"):rep(32), shown["peers[1].public_key"])
    assert.are.same({ "\"wg0\"", "51820", "10.1.0.0" },
      { shown.ifname, shown.listen_port, shown["peers[1].allowedips[1].ipaddr"] })
  end)
end)
