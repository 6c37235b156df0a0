-- SPDX-License-Identifier: MIT
local attach = require "zlnet.attach"
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "spec.support.cli"

describe("zlnet check", function()
  helper.insulate()

  it("says that all is as it was made", function()
    local a, b = helper.container(), helper.container()
    assert(attach.attach { pid = a.pid, ip = "10.200.0.5" })
    assert(attach.attach { pid = b.pid, ip = "10.200.0.6" })
    local status, stdout = zlnet "check"
    assert.are.equal(0, status)
    local expected = { ("veth-%d-s  as it was made"):format(a.pid), ("veth-%d-s  as it was made"):format(b.pid) }
    table.sort(expected)
    assert.are.equal(table.concat(expected, "\n") .. "\n", stdout)
  end)

  it("lists what differs and ends with status 1, but not for the attachments of others", function()
    local a, b = helper.container(), helper.container()
    assert(attach.attach { pid = a.pid, ip = "10.200.0.5" })
    assert(attach.attach { pid = b.pid, ip = "10.200.0.6" })
    helper.ip("link", "set", ("veth-%d-s"):format(a.pid), "mtu", 1400)
    a:ip("route", "delete", "default")
    local status, stdout = zlnet("check", "--pid", a.pid)
    assert.are.equal(1, status)
    assert.are.equal(([[
veth-%d-s  2 differences
  host       mtu    1400, was 1500
  container  route  gone, was default via 169.254.1.1 dev eth0
]]):format(a.pid), stdout)
    assert.are.equal(0, (zlnet("check", "--pid", b.pid)))
    status, stdout = zlnet("check", "--json")
    assert.are.equal(1, status)
    local differ = {}
    for _, r in ipairs(json.decode(stdout).checked) do
      differ[r.pid] = #r.differences
    end
    assert.are.same({ [a.pid] = 2, [b.pid] = 0 }, differ)
  end)

  it("looks where it is told to when the container cannot be found", function()
    local c = helper.container()
    assert(attach.attach { netns = ("/proc/%d/ns/net"):format(c.pid), id = "web-1", ip = "10.200.0.5" })
    local status, stdout = zlnet("check", "--id", "web-1", "--netns", ("/proc/%d/ns/net"):format(c.pid))
    assert.are.equal(0, status, stdout)
    status, stdout = zlnet("check", "--id", "web-1", "--netns", "/proc/self/ns/net")
    assert.are.equal(1, status, stdout)
  end)

  it("fails when there is no such attachment, and has nothing to say where there is none", function()
    local status, stdout, stderr = zlnet("check", "--id", "web-1")
    assert.are.same({ 1, "", "zlnet check: io error: no such attachment [ENOENT]\n" }, { status, stdout, stderr })
    status, stdout = zlnet "check"
    assert.are.same({ 0, "nothing of ours is here\n" }, { status, stdout })
  end)
end)
