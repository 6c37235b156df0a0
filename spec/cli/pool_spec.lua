-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "spec.support.cli"

describe("zlnet pool", function()
  helper.insulate()

  it("lists what attach --pool gave, and to whom", function()
    local spaces = {}
    for i = 1, 3 do
      local name = "n" .. i
      spaces[i] = assert(core.netns.create(name))
      local status, _, stderr = zlnet("attach", "--netns", name, "--id", "web-" .. i, "--pool", "10.205.0.0/29")
      assert.equal(0, status, stderr)
    end
    local status, stdout = zlnet("pool", "10.205.0.0/29", "--json")
    assert.equal(0, status)
    local document, ids, last = json.decode(stdout), {}, nil
    assert.same({ "10.205.0.0/29", 6, 3 }, { document.pool, document.size, #document.taken })
    for _, row in ipairs(document.taken) do
      ids[row.id] = true
      assert.equal(row.host_ifname, helper.ip_json("route", "show", row.address)[1].dev)
      assert.is_true(not last or last < row.address)
      last = row.address
    end
    assert.same({ ["web-1"] = true, ["web-2"] = true, ["web-3"] = true }, ids)
    status, stdout = zlnet("pool", "10.205.0.0/29")
    assert.equal(0, status)
    assert.truthy(stdout:find("web-2", 1, true))
    assert.truthy(stdout:find("3 of 6 addresses are taken", 1, true))
    for i = 1, 3 do
      assert.equal(0, (zlnet("detach", "--id", "web-" .. i)))
      spaces[i]:close()
      assert(core.netns.delete("n" .. i))
    end
    helper.sh "umount /run/netns; rmdir /run/netns"
  end)

  it("takes no pool that is none", function()
    local status, _, stderr = zlnet("pool", "10.205.0.0")
    assert.equal(2, status)
    assert.truthy(stderr:find("a prefix length expected", 1, true))
  end)
end)
