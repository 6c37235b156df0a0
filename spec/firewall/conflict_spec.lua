-- SPDX-License-Identifier: MIT
local conflict = require "zlnet.firewall.conflict"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

describe("an element that is in the way", function()
  helper.insulate()

  local host, nft

  before_each(function()
    host, nft = assert(core.open(nil)), assert(core.nft(nil))
  end)

  after_each(function()
    host:close()
    nft:close()
    helper.sh "nft flush ruleset"
  end)

  local function element(comment)
    return { family = "inet", set = "masquerade4", key = { "10.200.0.5" }, comment = comment }
  end

  it("is its owner's as long as there is such an attachment, renamed or not", function()
    local c = helper.container()
    local a = assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5", masquerade = true })
    for _, name in ipairs { a.host_ifname, "renamed" } do
      helper.sh(("ip link set dev %s name %s"):format(a.host_ifname, name))
      local ok, err = conflict.settle(nft, host, element "veth-6-s")
      assert.same({ nil, "EEXIST" }, { ok, err.code })
      assert.truthy(err.message:find("of pid " .. c.pid, 1, true), err.message)
    end
    assert.truthy(conflict.owners(host)[a.host_ifname])
  end)

  it("is nobody's when that is gone, and its own owner's when it is an earlier one", function()
    helper.sh [[nft 'add table inet zlnet; add set inet zlnet masquerade4 { type ipv4_addr; };
      add element inet zlnet masquerade4 { 10.200.0.5 comment "veth-77-s" }']]
    assert.is_true(conflict.settle(nft, host, element "veth-6-s"))
    assert.is_true(conflict.settle(nft, host, element "veth-6-s")) -- nor is it there any more
    helper.sh [[nft 'add element inet zlnet masquerade4 { 10.200.0.5 comment "veth-6-s" }']]
    assert.is_true(conflict.settle(nft, host, element "veth-6-s"))
    assert.is_nil(select(2, helper.sh "nft list ruleset"):find("10.200.0.5", 1, true))
  end)

  it("is another program's when it bears no name", function()
    helper.sh [[nft 'add table inet zlnet; add set inet zlnet masquerade4 { type ipv4_addr; };
      add element inet zlnet masquerade4 { 10.200.0.5 }']]
    local ok, err = conflict.settle(nft, host, element "veth-6-s")
    assert.same({ nil, "EEXIST" }, { ok, err.code })
    assert.truthy(err.message:find("another program", 1, true))
  end)

  it("may be a port in the other set: of every address, or of one", function()
    local c = helper.container()
    assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5", publish = { "8080:80", "127.0.0.1:8081:80" } })
    local field = require "zlnet.firewall.field"
    local function claim(set, ...)
      return { family = "inet", set = set, key = { ... }, data = { "10.0.0.1", field.port(1) }, comment = "veth-6-s" }
    end
    local tcp, udp = field.protocol "tcp", field.protocol "udp"
    assert.equal("EADDRINUSE", select(2, conflict.claims(nft, host,
      { claim("publish4_any", tcp, field.port(8081)) })).code)
    assert.equal("EADDRINUSE", select(2, conflict.claims(nft, host,
      { claim("publish4", "127.0.0.2", tcp, field.port(8080)) })).code)
    assert.is_true(conflict.claims(nft, host, { claim("publish4_any", udp, field.port(8081)),
      claim("publish4", "127.0.0.2", tcp, field.port(8081)), element "veth-6-s" }))
  end)
end)
