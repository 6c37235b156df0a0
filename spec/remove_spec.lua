-- SPDX-License-Identifier: MIT
local helper = require "spec.helper"
local remove = require "zlnet.remove"
local zlnet = require "zlnet"

describe("remove", function()
  helper.insulate()
  local host

  before_each(function()
    host = assert(zlnet.open())
  end)

  after_each(function()
    host:close()
  end)

  local function make(n)
    for i = 1, n do
      helper.ip("link", "add", "rm" .. i, "type", "veth", "peer", "name", "rmp" .. i)
    end
  end

  local function chosen(all, pattern)
    local list = {}
    for _, link in ipairs(all) do
      list[#list + 1] = link.ifname:find(pattern) and link or nil
    end
    return list
  end

  local function names(links)
    local list = {}
    for i, link in ipairs(links) do
      list[i] = link.ifname
    end
    table.sort(list)
    return list
  end

  local function left()
    local list = {}
    for _, link in ipairs(helper.ip_json "link") do
      list[#list + 1] = link.ifname
    end
    table.sort(list)
    return list
  end

  it("deletes one link by its index", function()
    make(2)
    local all = host:getlinks()
    local report = assert(remove.links(host, chosen(all, "^rm1$"), all))
    assert.same({ "rm1" }, names(report.deleted))
    assert.same({ "lo", "rm2", "rmp2" }, left())
    helper.ip("link", "del", "rm2")
  end)

  it("deletes several at once, and no other link", function()
    make(5)
    local all = host:getlinks()
    local report = assert(remove.links(host, chosen(all, "^rm[1-4]$"), all))
    assert.same({ "rm1", "rm2", "rm3", "rm4" }, names(report.deleted))
    assert.same({}, report.failed)
    assert.same({ "lo", "rm5", "rmp5" }, left())
    helper.ip("link", "del", "rm5")
  end)

  it("takes both ends of a pair, and links that are gone meanwhile, for deleted", function()
    make(3)
    local all = host:getlinks()
    local links = chosen(all, "^rm")
    helper.ip("link", "del", "rm2")
    local report = assert(remove.links(host, links, all))
    assert.equal(6, #report.deleted)
    assert.same({}, report.failed)
    assert.same({ "lo" }, left())
  end)

  it("has nothing to do without links", function()
    assert.same({ deleted = {}, failed = {} }, remove.links(host, {}, {}))
  end)

  it("leaves everything, and every group, as it was where the kernel forbids it", function()
    make(2)
    helper.ip("link", "set", "rm1", "group", "7")
    local all = host:getlinks()
    local links = chosen(all, "^rm%d$")
    -- a socket keeps the capabilities of who opened it, so the one without them is opened by somebody else
    local ok, output = helper.sh(([[setpriv --bounding-set=-net_admin --inh-caps=-net_admin %s -e '
      local zlnet, remove = require "zlnet", require "zlnet.remove"
      local host = zlnet.open()
      local all, links = host:getlinks(), {}
      for _, link in ipairs(all) do links[#links + 1] = link.ifname:find "^rm%%d$" and link or nil end
      local report = remove.links(host, links, all)
      for _, err in ipairs(report.failed) do print(err.link, err.code, err.step) end
      print(#report.deleted)']]):format(helper.lua))
    assert.is_true(ok, output)
    assert.equal(2, #links)
    assert.equal("rm1\tEPERM\tmark the link for deletion\nrm2\tEPERM\tmark the link for deletion\n0\n", output)
    local groups = {}
    for _, link in ipairs(helper.ip_json "link") do
      groups[link.ifname] = link.group
    end
    assert.equal("7", groups.rm1)
    assert.equal("default", groups.rm2)
    helper.ip("link", "del", "rm1")
    helper.ip("link", "del", "rm2")
  end)
end)
