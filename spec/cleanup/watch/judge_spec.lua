-- SPDX-License-Identifier: MIT
-- What fails while a watcher judges; what it does when nothing fails is in watch_spec.lua.
local alias = require "zlnet.record.line"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local judge = require "zlnet.cleanup.watch.judge"
local tracks = require "zlnet.cleanup.watch.tracks"
local world = require "zlnet.record.liveness"

-- A watcher's inside with one orphan, on handles which a spec may replace by ones that fail.
local function new(time)
  local self = { here = assert(core.netns.open(nil)), host = assert(core.open(nil)), set = assert(core.pollset()),
    o = { dry_run = false, grace = 0 }, log = {} }
  function self.tell(name, t)
    self.log[#self.log + 1] = name .. " " .. t.ifname
  end
  function self.fail(err)
    self.log[#self.log + 1] = "failed " .. err.code
  end
  local w = assert(world.new(self.host))
  self.tracks = tracks.new(self.set, w, self.tell, self.fail)
  local c = helper.container()
  local record = { pid = c.pid, start = 1, boot = w.boot, pidns = w.pidns, netns = 1, tag = "s",
    time = time or 1700000000, ip = { { family = "inet", address = "10.0.0.5", prefix = 32 } } }
  c:kill()
  helper.ip("link", "add", "veth-9-s", "up", "type", "veth", "peer", "name", "peer")
  helper.ip("link", "set", "veth-9-s", "alias", (assert(alias.format(record))))
  self.tracks:see(assert(self.host:getlink { ifname = "veth-9-s" }))
  return setmetatable(self, { __close = function()
    self.tracks:close()
    self.set:close()
    self.here:close()
    self.host:close()
    helper.sh "ip link del veth-9-s"
  end })
end

local function refuse(code)
  return function()
    return nil, core.error { kind = "netlink", code = code, op = "x", message = "refused" }
  end
end

-- The host handle, less one operation, which batches refuse too.
local function without(host, name, code)
  return setmetatable({}, { __index = function(_, method)
    return method == name and refuse(code) or function(_, ...)
      if method == "batch" and name == "dellink" then
        return { dellink = refuse(code), send = refuse(code) }
      end
      return host[method](host, ...)
    end
  end })
end

describe("judging what a watcher watches", function()
  helper.insulate()

  it("deletes an orphan", function()
    local s <close> = new()
    judge.judge(s, s.tracks:take_due())
    assert.same({ "attached veth-9-s", "deleted veth-9-s" }, s.log)
    assert.same({}, helper.ip_json("link", "show", "type", "veth"))
  end)

  it("tries again later when the kernel refuses to delete, says so, and then does it", function()
    local s <close> = new()
    local host = s.host
    s.host = without(host, "dellink", "EPERM")
    judge.judge(s, s.tracks:take_due())
    assert.same({ "attached veth-9-s", "failed EPERM" }, s.log)
    assert.is_true(s.tracks:ripen() <= 1)
    s.host = host
    helper.eventually(function()
      return s.tracks:ripen() == 0
    end)
    judge.judge(s, s.tracks:take_due())
    assert.equal("deleted veth-9-s", s.log[3])
  end)

  it("tries again later when the kernel cannot be asked", function()
    local s <close> = new()
    local host = s.host
    s.host = without(host, "getlink", "ENOBUFS")
    judge.judge(s, s.tracks:take_due())
    assert.same({ "attached veth-9-s", "failed ENOBUFS" }, s.log)
    assert.is_number(s.tracks:ripen())
    s.host = host
  end)

  it("leaves what is younger than the grace period until it no longer is", function()
    local s <close> = new(os.time())
    s.o.grace = 1000
    judge.judge(s, s.tracks:take_due())
    assert.same({ "attached veth-9-s", "kept veth-9-s" }, s.log)
    local t = s.tracks:of(s.host:getlink({ ifname = "veth-9-s" }).index)
    assert.equal("young", t.verdict)
    assert.is_true(s.tracks:ripen() <= 1000)
    s.o.grace = 0
    s.tracks:look_in(t, 0)
    s.tracks:ripen()
    judge.judge(s, s.tracks:take_due())
    assert.equal("deleted veth-9-s", s.log[3])
  end)

  it("takes a link that is gone for detached", function()
    local s <close> = new()
    helper.ip("link", "del", "veth-9-s")
    judge.judge(s, s.tracks:take_due())
    assert.same({ "attached veth-9-s", "detached veth-9-s" }, s.log)
  end)

  it("leaves a link whose record has become another's meanwhile", function()
    local s <close> = new()
    helper.ip("link", "set", "veth-9-s", "alias", "mine now")
    judge.judge(s, s.tracks:take_due())
    assert.same({ "attached veth-9-s" }, s.log)
    assert.equal(2, #helper.ip_json("link", "show", "type", "veth"))
  end)
end)
