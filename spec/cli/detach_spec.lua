-- SPDX-License-Identifier: MIT
local attach = require "zlnet.attach"
local helper = require "spec.support.helper"
local zlnet = require "spec.support.cli"

local function host_ends()
  local names = {}
  for i, link in ipairs(helper.ip_json("link", "show", "type", "veth")) do
    names[i] = link.ifname
  end
  table.sort(names)
  return names
end

describe("zlnet detach", function()
  helper.insulate()

  it("takes away the attachments of one container, with a tag only that one", function()
    local c = helper.container()
    assert(attach.attach { pid = c.pid, ip = "10.200.0.5" })
    assert(attach.attach { pid = c.pid, ip = "10.201.0.5", tag = "g", ifname = "eth1", default_route = false })
    assert.are.equal(0, (zlnet("detach", "--pid", c.pid, "--tag", "g")))
    assert.are.same({ "veth-" .. c.pid .. "-s" }, host_ends())
    local status, stdout, stderr = zlnet("detach", "--pid", c.pid)
    assert.are.same({ 0, "", "" }, { status, stdout, stderr })
    assert.are.same({}, host_ends())
  end)

  it("takes several owners, and finds nothing wrong with one that has nothing", function()
    local a, b, stays = helper.container(), helper.container(), helper.container()
    helper.ip("netns", "add", "blue")
    assert(attach.attach { pid = a.pid, ip = "10.200.0.1" })
    assert(attach.attach { pid = b.pid, ip = "10.200.0.2" })
    assert(attach.attach { pid = stays.pid, ip = "10.200.0.3" })
    assert(attach.attach { netns = "blue", id = "web-1", ip = "10.200.0.4" })
    local status, stdout = zlnet("detach", "--json", "--pid", a.pid, "--pid", b.pid, "--pid", 999999, "--id", "web-1")
    assert.are.equal(0, status)
    assert.are.equal('{"detached":true}\n', stdout)
    assert.are.same({ "veth-" .. stays.pid .. "-s" }, host_ends())
    helper.ip("netns", "del", "blue")
  end)

  it("names the file and the line of a batch that is not a selection, before anything is deleted", function()
    local c = helper.container()
    assert(attach.attach { pid = c.pid, ip = "10.200.0.5" })
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(('{"pid":%d}\n\n{"pid":%d,"ip":"10.200.0.5"}\n'):format(c.pid, c.pid)) -- line 3 is attach's
    file:close()
    local status, stdout, stderr = zlnet("detach", "--batch", path)
    os.remove(path)
    assert.are.same({ 2, "" }, { status, stdout })
    assert.is_truthy(stderr:find(("zlnet detach: --batch: %s, line 3: --ip: unknown"):format(path), 1, true), stderr)
    assert.are.same({ "veth-" .. c.pid .. "-s" }, host_ends())
  end)
end)
