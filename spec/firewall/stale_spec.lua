-- SPDX-License-Identifier: MIT
-- What is left when nobody detaches.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local stale = require "zlnet.firewall.stale"
local zlnet = require "zlnet"

local function elements()
  return select(2, select(2, helper.sh "nft list ruleset"):gsub('comment "', ""))
end

describe("elements of the firewall", function()
  helper.insulate()

  local host

  before_each(function()
    host = assert(core.open(nil))
  end)

  after_each(function()
    host:close()
    helper.sh "nft flush ruleset"
  end)

  local function attach(c, n)
    return assert(zlnet.attach { pid = c.pid, ip = { "10.200.0." .. n, "fd00:200::" .. n }, masquerade = true,
      guard = true, isolate = "blue", publish = (8000 + n) .. ":80" })
  end

  local function kill(c)
    local n = #helper.ip_json "link"
    c:kill()
    helper.eventually(function()
      return #helper.ip_json "link" < n
    end)
  end

  it("are swept when their attachment is gone, and those of others stay", function()
    local dead, alive = helper.container(), helper.container()
    attach(dead, 5)
    local a = attach(alive, 6)
    local n = elements()
    assert.equal(0, stale.sweep(host))
    kill(dead)
    assert.equal(n // 2, stale.sweep(host, nil, true))
    assert.equal(n, elements())
    assert.equal(n // 2, assert(zlnet.sweep()).elements)
    assert.equal(n - n // 2, elements())
    assert.same({}, zlnet.check(a))
  end)

  it("go with the detach of an attachment that is gone already", function()
    local dead, alive = helper.container(), helper.container()
    attach(dead, 5)
    attach(alive, 6)
    local n = elements()
    kill(dead)
    assert(zlnet.detach { pid = dead.pid })
    assert.equal(n - n // 2, elements())
  end)

  it("of an attach that is under way are nobody's to sweep", function()
    local c = helper.container()
    local a = attach(c, 5)
    local n = elements()
    helper.ip("link", "set", "dev", a.host_ifname, "alias", "")
    assert.equal(0, stale.sweep(host))
    assert.equal(n, elements())
  end)

  it("of a link that was renamed are its own", function()
    local c = helper.container()
    local a = attach(c, 5)
    helper.ip("link", "set", "dev", a.host_ifname, "name", "renamed")
    assert.equal(0, stale.sweep(host))
    assert(zlnet.detach { pid = c.pid })
    assert.equal(0, elements())
  end)

  it("that bear no comment are not ours", function()
    attach(helper.container(), 5)
    helper.sh "nft add element inet zlnet masquerade4 '{ 10.9.9.9 }'"
    assert.equal(0, stale.sweep(host))
    assert.truthy(select(2, helper.sh "nft list set inet zlnet masquerade4"):find "10.9.9.9")
  end)

  it("take the tables with them, when a sweep finds nothing in these, and nothing of others", function()
    local c = helper.container()
    assert(zlnet.detach(attach(c, 5)))
    assert.equal(0, elements())
    assert.truthy(select(2, helper.sh "nft list ruleset"):find "table inet zlnet")
    helper.sh "nft add chain inet zlnet theirs"
    assert(zlnet.sweep())
    assert.truthy(select(2, helper.sh "nft list ruleset"):find "table inet zlnet")
    helper.sh "nft delete chain inet zlnet theirs"
    assert(zlnet.sweep())
    assert.equal("", select(2, helper.sh "nft list ruleset"))
    local a = attach(c, 5)
    assert(zlnet.sweep())
    assert.same({}, zlnet.check(a))
  end)

  it("are not asked for where there is no table of ours", function()
    assert.equal(0, stale.sweep(host))
    assert.equal("", select(2, helper.sh "nft list ruleset"))
  end)
end)
