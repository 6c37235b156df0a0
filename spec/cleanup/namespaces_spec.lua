-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local namespaces = require "zlnet.cleanup.namespaces"

local NUMBER = "0123456789abcdef"

describe("the namespace of a deleted slot", function()
  helper.insulate()

  local ns

  before_each(function()
    ns = assert(core.netns.create(namespaces.name(NUMBER)))
  end)

  after_each(function()
    ns:close()
    core.netns.delete(namespaces.name(NUMBER))
    helper.sh "umount /run/netns; rmdir /run/netns"
  end)

  local function link(netns, pool)
    return { ifalias = ("zlnet/1 boot=%s netns=%d tag=s time=1732300000%s id=web"):format(NUMBER, netns, pool) }
  end

  it("loses its name", function()
    namespaces.forget(link(ns:id().ino, " pool=" .. NUMBER))
    assert.same({}, assert(core.netns.list()))
  end)

  it("keeps it where the name leads elsewhere by now, and where the record is none of a pool's", function()
    namespaces.forget(link(ns:id().ino + 1, " pool=" .. NUMBER))
    namespaces.forget(link(ns:id().ino, ""))
    namespaces.forget(link(ns:id().ino, " pool=fedcba9876543210"))
    namespaces.forget { ifalias = "somebody's pool=" .. NUMBER }
    namespaces.forget {}
    assert.same({ namespaces.name(NUMBER) }, assert(core.netns.list()))
  end)
end)
