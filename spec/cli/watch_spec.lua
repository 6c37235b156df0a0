-- SPDX-License-Identifier: MIT
local attach = require "zlnet.attach"
local helper = require "spec.support.helper"
local json = require "dkjson"
local netns = require("zlnet.core").netns

describe("zlnet watch", function()
  helper.insulate()

  local path, pid
  before_each(function()
    path = os.tmpname()
  end)
  after_each(function()
    if pid then
      helper.sh("kill -9 " .. pid)
      helper.eventually(function()
        return not helper.sh("kill -0 " .. pid)
      end)
    end
    os.remove(path)
    pid = nil
  end)

  local function watch(words, before)
    local _, text = helper.sh(("%s %s lua/bin/zlnet watch %s >%s 2>&1 & echo $!"):format(before or "", helper.lua,
      words or "", path))
    pid = math.tointeger(tonumber(text))
  end

  local function read()
    local file = assert(io.open(path))
    local text = file:read "a"
    file:close()
    return text
  end

  -- The event of this name about a container, when it has been printed.
  local function event(name, c)
    for line in read():gmatch "([^\n]+)\n" do
      local found = json.decode(line)
      if found.event == name and found.pid == c.pid then
        return found
      end
    end
  end

  local function attached()
    local c = helper.container()
    assert(attach.attach { pid = c.pid, ip = "10.200.0." .. c.pid % 200 })
    return c, assert(netns.open(c.pid))
  end

  it("prints JSON, an event a line, and deletes an orphan when its owner ends", function()
    watch()
    local c, held = attached()
    helper.eventually(function()
      return event("attached", c)
    end)
    c:kill()
    local deleted = helper.eventually(function()
      return event("deleted", c)
    end)
    held:close()
    assert.are.same({ "orphan", ("veth-%d-s"):format(c.pid) }, { deleted.verdict, deleted.ifname })
    assert.are.same({}, helper.ip_json("link", "show", "type", "veth"))
  end)

  it("deletes nothing with --dry-run", function()
    local c, held = attached()
    c:kill()
    watch "--dry-run"
    helper.eventually(function()
      return event("orphan", c)
    end)
    assert.are.equal(1, #helper.ip_json("link", "show", "type", "veth"))
    held:close()
  end)

  it("ends quietly with status 130 when it is interrupted", function()
    local c, held = attached()
    -- a shell's background processes ignore SIGINT: this one is in the foreground of its own
    local script = ([[
      sh -c 'echo $$ >%s.pid; exec %s lua/bin/zlnet watch >%s 2>&1'
      echo "status $?" >>%s]]):format(path, helper.lua, path, path)
    assert.is_true((helper.sh(("setsid -f sh -c %s >/dev/null 2>&1"):format(helper.quote(script)))))
    helper.eventually(function()
      return event("attached", c)
    end)
    assert.is_true((helper.sh(("kill -INT $(cat %s.pid) && rm %s.pid"):format(path, path))))
    helper.eventually(function()
      return read():find "status"
    end)
    held:close()
    assert.is_truthy(read():find "}\nstatus 130\n$", read())
  end)
end)
