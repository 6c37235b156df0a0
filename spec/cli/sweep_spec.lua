-- SPDX-License-Identifier: MIT
local attach = require "zlnet.attach"
local helper = require "spec.support.helper"
local json = require "dkjson"
local netns = require("zlnet.core").netns
local zlnet = require "spec.support.cli"

describe("zlnet sweep", function()
  helper.insulate()

  -- One container which lives, one which is dead while its namespace is held. Returns their host ends.
  local held
  local function living_and_dead()
    local living, dead = helper.container(), helper.container()
    local names = {}
    for i, c in ipairs { living, dead } do
      names[i] = assert(attach.attach { pid = c.pid, ip = "10.200.0." .. i }).host_ifname
    end
    held = assert(netns.open(dead.pid))
    dead:kill()
    return names[1], names[2]
  end

  after_each(function()
    if held then
      held:close()
      held = nil
    end
  end)

  it("says nothing of ours is here where nothing is", function()
    local status, stdout = zlnet "sweep"
    assert.are.equal(0, status)
    assert.are.equal("nothing of ours is here\n", stdout)
  end)

  it("shows the verdicts and deletes nothing with --dry-run", function()
    local living, dead = living_and_dead()
    local status, stdout = zlnet("sweep", "--dry-run")
    assert.are.equal(0, status)
    local verdicts = {}
    for name, verdict in stdout:gmatch "(%S+) +(%l+) +[^\n]+" do
      verdicts[name] = verdict
    end
    assert.are.same({ [living] = "alive", [dead] = "orphan" }, verdicts)
    assert.is_nil(stdout:find "deleted")
    assert.are.equal(2, #helper.ip_json("link", "show", "type", "veth"))
  end)

  it("deletes the orphan only", function()
    local living, dead = living_and_dead()
    local status, stdout = zlnet("sweep", "--json")
    assert.are.equal(0, status)
    local report = json.decode(stdout)
    assert.are.same({ dead }, report.deleted)
    assert.are.same({}, report.failed)
    local left = helper.ip_json("link", "show", "type", "veth")
    assert.are.equal(1, #left)
    assert.are.equal(living, left[1].ifname)
  end)

  it("takes ids for alive when they are named, and all others for dead", function()
    for i, id in ipairs { "web-1", "web-2", "db-1" } do
      helper.ip("netns", "add", id)
      assert(attach.attach { netns = id, id = id, ip = "10.200.0." .. i })
    end
    local function verdicts(...)
      local status, stdout = zlnet("sweep", "--dry-run", "--json", ...)
      assert.are.equal(0, status, stdout)
      local found = {}
      for _, v in ipairs(json.decode(stdout).verdicts) do
        found[v.id] = v.verdict
      end
      return found
    end
    assert.are.same({ ["web-1"] = "unknown", ["web-2"] = "unknown", ["db-1"] = "unknown" }, verdicts())
    assert.are.same({ ["web-1"] = "alive", ["web-2"] = "orphan", ["db-1"] = "alive" },
      verdicts("--valid", "web-1", "--valid", "db-1"))
    assert.are.same({ ["web-1"] = "alive", ["web-2"] = "orphan", ["db-1"] = "foreign" },
      verdicts("--valid", "web-1", "--owner", "web-"))
    assert.are.same({ ["web-1"] = "alive", ["web-2"] = "young", ["db-1"] = "young" },
      verdicts("--valid", "web-1", "--grace", "60"))
    for _, id in ipairs { "web-1", "web-2", "db-1" } do
      helper.ip("netns", "delete", id)
    end
  end)

  it("fails with status 1 and a hint where it may not delete", function()
    local _, dead = living_and_dead()
    local words = ("%s lua/bin/zlnet sweep --timeout 1"):format(helper.lua)
    local ok, text, status = helper.sh("setpriv --bounding-set=-net_admin --inh-caps=-all -- " .. words)
    assert.is_false(ok)
    assert.are.equal(1, status)
    assert.is_truthy(text:find("EPERM", 1, true), text)
    assert.is_truthy(text:find("hint: this process lacks CAP_NET_ADMIN", 1, true), text)
    assert.are.equal(1, #helper.ip_json("link", "show", "dev", dead))
  end)
end)
