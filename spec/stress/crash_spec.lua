-- SPDX-License-Identifier: MIT
-- sandbox: no-pid
-- attach killed with SIGKILL at random moments: attached again or swept, nothing is left and nothing alive is lost.
-- A few moments here, many in `make stress`.
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

local MOMENTS = os.getenv "STRESS" and 40 or 8 -- of each kind

describe("attach, killed at any moment,", function()
  helper.insulate()

  local seen = {} -- how the moments were hit

  local function cleanup()
    for _, name in ipairs(node.links()) do
      helper.sh("ip link del " .. name)
    end
  end

  local there = helper.first_pidns()
  local it = helper.it_where(there, "needs root, and the machine's first pid namespace")

  before_each(function()
    if not there then
      return
    end
    helper.ip("link", "set", "lo", "up")
  end)

  after_each(cleanup)

  -- Runs spec/stress/victim.lua and kills it; returns the tags that it had finished, and the one it was at.
  local function killed_after(seconds, ...)
    local command = table.concat({ helper.lua, "spec/stress/victim.lua", ... }, " ")
    local pipe = assert(io.popen("exec sh -c 'echo $$; exec " .. command .. "' 2>&1"))
    local pid = pipe:read "n"
    pipe:read "l"
    assert.equal("ready", pipe:read "l")
    helper.sleep(seconds)
    helper.sh("kill -9 " .. pid)
    local done, at = {}, nil
    for line in pipe:lines() do
      local what, tag = line:match "^(%a+) (%d%d)$"
      assert.is_truthy(what, line)
      at = what == "begin" and tag or nil
      done[#done + 1] = what == "end" and tag or nil
    end
    pipe:close()
    return done, at
  end

  local function note(at)
    local state = "between attaches"
    for _, link in ipairs(at and helper.ip_json "link" or {}) do
      if link.ifname:find("-" .. at, 1, true) then
        state = link.ifalias and "with a record" or "without a record"
      end
    end
    state = at and state == "between attaches" and "before the pair" or state
    seen[state] = (seen[state] or 0) + 1
  end

  local function attachments_by_tag()
    local by = {}
    for _, a in ipairs(assert(zlnet.attachments())) do
      by[a.tag] = a
    end
    return by
  end

  -- All that were finished are there, whole.
  local function all_whole(done)
    local by = attachments_by_tag()
    for _, tag in ipairs(done) do
      assert.same({}, assert(zlnet.check(by[tag])), tag)
    end
    return by
  end

  local function options_of(c, tag)
    local n = tonumber(tag)
    return {
      pid = c.pid, tag = tag, ifname = "e" .. tag, default_route = false,
      ip = { "10.77.0." .. n, "fd00:77::" .. n }, forwarding = false,
    }
  end

  local span -- as long as a dozen attaches take here, the first of them longest

  local function moment()
    if not span then
      local c = helper.container()
      local began = helper.clock()
      assert(zlnet.attach(options_of(c, "99")))
      span = math.max(0.02, 6 * (helper.clock() - began))
      c:kill()
      helper.eventually(function()
        return #node.links() == 0
      end)
    end
    return math.random() * span
  end

  -- Sweeps until all is judged, and returns how many links that deleted: the users of a namespace are unknown while
  -- processes of others end, and here all of the machine's are seen.
  local function sweep(options)
    local deleted = 0
    helper.eventually(function()
      local report, settled = assert(zlnet.sweep(options)), true
      for _, v in ipairs(report.verdicts) do
        settled = settled and v.verdict ~= "unknown"
      end
      deleted = deleted + #report.deleted
      return settled
    end)
    return deleted
  end

  it("can be done again: the rest of it is replaced, all else stays", function()
    for _ = 1, MOMENTS do
      local c = helper.container()
      local done, at = killed_after(moment(), c.pid)
      note(at)
      all_whole(done)
      for _, v in ipairs(assert(zlnet.sweep()).verdicts) do
        assert.equal("alive", v.verdict)
      end
      all_whole(done)
      if at then
        local again = assert(zlnet.attach(options_of(c, at)))
        assert.same({}, assert(zlnet.check(again)))
        done[#done + 1] = at
      end
      all_whole(done)
      assert.equal(#done, #node.links())
      assert.equal(#done + 1, #c:ip_json "link")
      assert(zlnet.detach { pid = c.pid })
      assert.same({}, node.links())
      assert.equal(1, #c:ip_json "link")
      c:kill()
    end
  end)

  it("can be swept when the container is gone", function()
    for _ = 1, MOMENTS do
      local c, other = helper.container(), helper.container()
      local unpin, path = node.pin(c)
      local bystander = assert(zlnet.attach { pid = other.pid, ip = "10.78.0.1" })
      local done, at = killed_after(moment(), c.pid)
      note(at)
      c:kill()
      local n = #node.links() - 1
      assert.equal(n, sweep())
      assert.is_true(n >= #done)
      assert.same({ bystander.host_ifname }, node.links())
      assert.same({}, assert(zlnet.check(bystander)))
      assert.equal("1\n", select(2, helper.sh("nsenter --net=" .. path .. " ip -o link | wc -l")))
      assert(zlnet.detach(bystander))
      unpin()
    end
  end)

  it("can be done again, detached or swept where the owner is an id", function()
    for i = 1, MOMENTS do
      local c = helper.container()
      local unpin, path = node.pin(c)
      c:kill()
      local done, at = killed_after(moment(), path, "web")
      note(at)
      local by, attached = attachments_by_tag(), 0
      for _, tag in ipairs(done) do
        assert.same({}, assert(zlnet.check(by[tag], path)), tag)
      end
      if at and i % 2 == 0 then
        local options = options_of({}, at)
        options.netns, options.id = path, "web"
        assert.same({}, assert(zlnet.check(assert(zlnet.attach(options)), path)))
        attached = 1
      end
      if i % 3 == 0 then
        assert(zlnet.detach { id = "web" })
      else
        assert.is_true(sweep { valid = { "other" } } >= #done + attached)
      end
      assert.same({}, node.links())
      assert.equal("1\n", select(2, helper.sh("nsenter --net=" .. path .. " ip -o link | wc -l")))
      unpin()
    end
  end)

  it("was hit in the midst of it", function()
    helper.eventually(function() -- on a busy machine all of those moments may have been others
      if seen["without a record"] or seen["with a record"] then
        return true
      end
      local c = helper.container()
      note(select(2, killed_after(moment(), c.pid)))
      assert(zlnet.detach { pid = c.pid })
      c:kill()
    end)
    local text = {}
    for state, n in pairs(seen) do
      text[#text + 1] = ("%d %s"):format(n, state)
    end
    node.figure("attach was killed: " .. table.concat(text, ", "))
  end)
end)
