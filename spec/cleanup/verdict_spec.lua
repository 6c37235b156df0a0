-- SPDX-License-Identifier: MIT
local verdict = require "zlnet.cleanup.verdict"

describe("verdict.on", function()
  local BOOT, PIDNS = "0f1e2d3c4b5a6978", 4026531836

  -- Facts: pid 10 lives, 20 is dead, 30 cannot be seen; netnsid 0 is empty, 1 occupied, 2 not to be seen.
  local function facts(initial)
    local w = { boot = BOOT, pidns = PIDNS, initial = initial }
    function w.liveness(_, pid)
      return ({ [10] = "alive", [20] = "dead", [30] = "unknown" })[pid], "liveness of " .. pid
    end
    function w.in_use(_, link)
      return ({ [0] = "no", [1] = "yes", [2] = "unknown" })[link.link_netnsid or 0], "use"
    end
    return w
  end

  local function policy(changes)
    local p = { settled = true, now = 1000, grace = 0 }
    for key, value in pairs(changes or {}) do
      p[key] = value
    end
    return p
  end

  local function candidate(record, nsid)
    record.boot, record.pidns = record.boot or BOOT, record.pidns or PIDNS
    record.time, record.tag = record.time or 900, "s"
    return { link = { ifname = "veth", index = 5, link_netnsid = nsid }, record = record, whose = record }
  end

  -- A link without a record, which bears our MAC or not.
  local function bare(name, marked, nsid)
    return { link = { ifname = "veth", index = 5, link_netnsid = nsid }, name = name, marked = marked, whose = name }
  end

  local cases = {
    -- what, expected, candidate, the caller's policy
    { "its owner lives", "alive", candidate { pid = 10 } },
    { "its owner lives, elsewhere", "alive", candidate({ pid = 10 }, 0) },
    { "its owner cannot be seen", "unknown", candidate { pid = 30 } },
    { "its owner is dead", "orphan", candidate { pid = 20 } },
    { "its owner is dead, its namespace empty", "orphan", candidate({ pid = 20 }, 0) },
    { "its owner is dead, its namespace occupied", "in_use", candidate({ pid = 20 }, 1) },
    { "its owner is dead, its namespace not to be seen", "unknown", candidate({ pid = 20 }, 2) },
    { "another boot", "foreign", candidate { pid = 20, boot = "0000000000000000" } },
    { "another pid namespace", "foreign", candidate { pid = 20, pidns = 1 } },
    { "an id and no list", "unknown", candidate { id = "web" } },
    { "an id that is in the list", "alive", candidate({ id = "web" }, 0), { valid = { web = true } } },
    { "an id that is not in the list", "orphan", candidate({ id = "web" }, 0), { valid = { db = true } } },
    { "an id that is not in the list, in use", "in_use", candidate({ id = "web" }, 1), { valid = {} } },
    { "a living pid whose id is not in the list", "alive", candidate { pid = 10, id = "web" }, { valid = {} } },
    { "a dead pid whose id is in the list", "alive", candidate { pid = 20, id = "web" }, { valid = { web = true } } },
    { "another's pid whose id is in the list", "alive", candidate { pid = 20, pidns = 1, id = "web" },
      { valid = { web = true } } },
    { "the owner that is asked for", "orphan", candidate { id = "cni/a" }, { valid = {}, owner = "cni/" } },
    { "another owner than is asked for", "foreign", candidate { id = "x/a" }, { valid = {}, owner = "cni/" } },
    { "no id where an owner is asked for", "foreign", candidate { pid = 20 }, { owner = "cni/" } },
    { "no record where an owner is asked for", "unknown", bare({ pid = 20 }, true), { owner = "cni/" } },
    { "younger than the grace period", "young", candidate { pid = 20, time = 995 }, { grace = 10 } },
    { "older than the grace period", "orphan", candidate { pid = 20, time = 990 }, { grace = 10 } },
    { "made in the future of a clock that was set", "young", candidate { pid = 20, time = 2000 }, { grace = 10 } },
    { "made in the future, without a grace period", "orphan", candidate { pid = 20, time = 2000 } },
    { "young, but its owner lives", "alive", candidate { pid = 10, time = 995 }, { grace = 10 } },
    { "a name whose pid lives", "alive", bare({ pid = 10 }, true) },
    { "a name whose pid is dead", "orphan", bare({ pid = 20 }, true) },
    { "a name whose pid is dead, in use", "in_use", bare({ pid = 20 }, true, 1) },
    { "a name whose pid is dead, with attaches under way", "young", bare({ pid = 20 }, true), { settled = false } },
    { "a name whose pid lives, while attaches are under way", "alive", bare({ pid = 10 }, true), { settled = false } },
    { "a name whose pid may be another namespace's", "unknown", bare({ pid = 20 }, true), { elsewhere = true } },
    { "a name alone, whose pid is dead", "unknown", bare({ pid = 20 }, false) },
    { "a name alone, whose pid lives", "unknown", bare({ pid = 10 }, false) },
    { "a name alone, its pid dead, where it is enough", "orphan", bare({ pid = 20 }, false), { by_name = true } },
    { "a name alone, whose pid lives, where it is enough", "alive", bare({ pid = 10 }, false), { by_name = true } },
    { "a name alone, in use, where that is enough", "in_use", bare({ pid = 20 }, false, 1), { by_name = true } },
    { "a record of a newer version", "unknown",
      { link = {}, name = { pid = 20 }, marked = true, unreadable = "made by a newer zlnet", whose = { pid = 20 } },
      { by_name = true, valid = {} } },
    { "a hash and our MAC", "orphan", bare({ hash = "01234567" }, true) },
    { "a hash and our MAC, while attaches are under way", "young", bare({ hash = "0a1b2c3d" }, true),
      { settled = false } },
    { "another's alias", "foreign", { link = {}, name = { pid = 20 }, foreign = true } },
    { "another's alias, where a name is enough", "foreign", { link = {}, name = { pid = 20 }, foreign = true },
      { by_name = true } },
  }
  for _, case in ipairs(cases) do
    it(("says %s: %s"):format(case[2], case[1]), function()
      local word, reason = verdict.on(case[3], facts(not (case[4] or {}).elsewhere), policy(case[4]))
      assert.equal(case[2], word)
      assert.is_string(reason)
    end)
  end
end)
