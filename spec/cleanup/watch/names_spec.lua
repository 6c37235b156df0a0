-- SPDX-License-Identifier: MIT
-- sandbox: no-pid
-- What a watcher does about links without a record: only in the machine's first pid namespace a pid in a name is known
-- to be ours.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local watch = require "zlnet.cleanup.watch"

describe("zlnet.watch, of links without a record,", function()
  helper.insulate()

  local it = helper.it_where(helper.first_pidns(), "needs root, and the machine's first pid namespace")

  local function named(c)
    local name = ("veth-%d-s"):format(c.pid)
    helper.ip("link", "add", name, "up", "type", "veth", "peer", "name", "left")
    return name
  end

  local function events(w, n)
    local list = {}
    for i = 1, n do
      local event = assert(w:next(helper.PATIENCE))
      list[i] = event.event .. " " .. event.ifname
    end
    return list
  end

  it("deletes one whose owner has ended, and one whose owner ends, where a name is enough", function()
    local w <close> = assert(watch.watch { by_name = true })
    local c, d = helper.container(), helper.container()
    c:kill()
    local name = named(c)
    assert.same({ "attached " .. name, "deleted " .. name }, events(w, 2))
    name = named(d)
    assert.same({ "attached " .. name }, events(w, 1))
    d:kill()
    assert.same({ "deleted " .. name }, events(w, 1))
    assert.same({}, helper.ip_json("link", "show", "type", "veth"))
  end)

  it("leaves one for which only its name speaks", function()
    local w <close> = assert(watch.watch())
    local c = helper.container()
    c:kill()
    local name = named(c)
    assert.same({ "attached " .. name, "kept " .. name }, events(w, 2))
    assert.is_nil((w:next(0)))
    assert.equal(2, #helper.ip_json("link", "show", "type", "veth"))
    helper.ip("link", "del", name)
  end)

  it("leaves it while an attach is under way", function()
    local w <close> = assert(watch.watch { by_name = true })
    local c = helper.container()
    c:kill()
    local here = assert(core.netns.open(nil))
    assert(here:lock "shared")
    local name = named(c)
    assert.same({ "attached " .. name, "kept " .. name }, events(w, 2))
    assert.is_nil((w:next(0.3)))
    here:close()
    assert.same({ "deleted " .. name }, events(w, 1))
  end)
end)
