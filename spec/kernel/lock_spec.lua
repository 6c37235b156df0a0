-- SPDX-License-Identifier: MIT
-- sandbox: root
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local netns = zlnet.netns

describe("the lock of a namespace", function()
  helper.insulate()

  -- An agent: a process that takes the lock, and keeps it until the function that is returned ends it: kills it, or
  -- lets it end. before: shell commands that run in a mount namespace of its own, before it takes the lock.
  local function agent(mode, before)
    local ready = os.tmpname()
    os.remove(ready)
    local script = ("local ns = assert(require 'zlnet'.netns.open(nil)) assert(ns:lock('%s', 5)) "):format(mode)
      .. ("local f = io.open('%s.new', 'w') f:write(io.open '/proc/self/stat':read 'n') f:close() "):format(ready)
      .. ("os.rename('%s.new', '%s') io.read 'l'"):format(ready, ready)
    local pipe = assert(io.popen(("exec unshare --mount sh -c %s"):format(helper.quote(
      ("%s exec %s -e %s"):format(before or "", helper.lua, helper.quote(script)))), "w"))
    local pid = helper.eventually(function()
      local file <close> = assert(io.open(ready))
      return file:read "n"
    end)
    os.remove(ready)
    return function(kill)
      if kill then
        helper.sh("kill -9 " .. pid)
      end
      pipe:close()
    end
  end

  local function is_free(mode)
    local here <close> = assert(netns.open(nil))
    local ok, err = here:lock(mode, 0)
    assert.equal(not ok and "EAGAIN" or nil, err and err.code)
    return ok == true
  end

  for _, before in ipairs { "", "mount -t proc proc /proc;", "mount -o bind,ro /proc/sys /proc/sys;" } do
    it("is shared by many or held by one, also with processes that did " .. (before ~= "" and before or "nothing"),
      function()
        local stop = agent("shared", before)
        assert.same({ true, false }, { is_free "shared", is_free "exclusive" })
        stop()
        assert.is_true(is_free "exclusive")
      end)
  end

  it("excludes those who share where one holds it alone", function()
    local stop = agent "exclusive"
    assert.same({ false, false }, { is_free "shared", is_free "exclusive" })
    stop()
    assert.is_true(is_free "shared")
  end)

  it("ends with the process that holds it, however that ends", function()
    local stop = agent "exclusive"
    stop(true)
    assert.is_true(is_free "exclusive")
  end)

  it("is that of the handle's namespace", function()
    local stop = agent "exclusive"
    local other <close> = assert(netns.new())
    assert.is_true(other:lock "exclusive")
    local again <close> = assert(netns.open { fd = other:fd() })
    assert.is_nil((again:lock "shared"))
    other:unlock()
    assert.is_true(again:lock "shared")
    stop()
  end)

  it("cannot be kept from those who may attach by a user who may not", function()
    if not helper.sh "setpriv --reuid=65534 --regid=65534 --clear-groups true" then
      pending "no other user to become"
    end
    local user = assert(io.popen("exec setpriv --reuid=65534 --regid=65534 --clear-groups flock /proc/self/ns/net "
      .. "sh -c 'echo held >&2; exec cat' 2>/run/user", "w"))
    helper.eventually(function()
      return helper.sh "grep -q held /run/user"
    end)
    assert.is_true(is_free "shared")
    local c = helper.container()
    assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
    assert(zlnet.detach { pid = c.pid })
    user:close()
    os.remove "/run/user"
    assert.is_true(is_free "exclusive")
  end)
end)
