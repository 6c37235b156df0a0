-- SPDX-License-Identifier: MIT
local alias = require "zlnet.record.line"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local owner = require "zlnet.record.names"
local tracks = require "zlnet.cleanup.watch.tracks"

local BOOT = "0123456789abcdef"

-- Tracks behind a real pollset; `log` has what they told.
local function new(world)
  local self = { set = assert(core.pollset()), log = {}, failed = {} }
  self.tracks = tracks.new(self.set, world or { pidns = 7, boot = BOOT, initial = false }, function(name, t)
    self.log[#self.log + 1] = name .. " " .. t.ifname
  end, function(err)
    self.failed[#self.failed + 1] = err
  end)
  return setmetatable(self, { __close = function()
    self.tracks:close()
    self.set:close()
  end })
end

local function link(index, fields, mac)
  local l = { index = index, ifname = "veth-5-s", address = mac or "02:00:00:00:00:01", linkinfo = { kind = "veth" } }
  if fields then
    fields.tag, fields.time = "s", 1700000000
    fields.ip = { { family = "inet", address = "10.0.0.5", prefix = 32 } }
    l.ifalias = assert(alias.format(fields))
  end
  return l
end

local function of(c, start)
  local process <close> = assert(core.process(c.pid))
  return { pid = c.pid, start = start or process:starttime(), boot = BOOT, pidns = 7, netns = 1 }
end

describe("the tracks of a watcher", function()
  helper.insulate()

  it("wait for the end of an owner behind the one descriptor", function()
    local s <close> = new()
    local c = helper.container()
    s.tracks:see(link(9, of(c)))
    assert.same({ "attached veth-5-s" }, s.log)
    assert.same({}, s.set:wait(0))
    c:kill()
    local ready = s.set:wait(helper.PATIENCE)
    assert.equal(1, #ready)
    s.tracks:ended(ready[1])
    assert.equal(0, s.tracks:ripen())
    local due = s.tracks:take_due()
    assert.same({ 9, 1 }, { due[1].index, #due })
    assert.same({}, s.set:wait(0))
    assert.is_nil((s.tracks:ripen()))
  end)

  it("know an owner again whose start time is off by a tick, as from another time namespace", function()
    local s <close> = new()
    local c = helper.container()
    local fields = of(c)
    for off = -1, 1 do
      s.tracks:see(link(10 + off, of(c, fields.start + off)))
    end
    assert.same({}, s.tracks:take_due())
    s.tracks:see(link(12, of(c, fields.start + 2)))
    assert.equal(12, s.tracks:take_due()[1].index)
  end)

  it("take an owner for ended whose pid is a later process's, or nobody's", function()
    local s <close> = new()
    local c, d = helper.container(), helper.container()
    s.tracks:see(link(9, of(c, 5)))
    local fields = of(d)
    d:kill()
    s.tracks:see(link(10, fields))
    assert.equal(2, #s.tracks:take_due())
  end)

  it("wait for nobody where the pid means another namespace's or boot's, but have that judged", function()
    for _, change in ipairs { { pidns = 8 }, { boot = "fedcba9876543210" } } do
      local s <close> = new()
      local fields = of(helper.container())
      for key, value in pairs(change) do
        fields[key] = value
      end
      s.tracks:see(link(9, fields))
      local due = s.tracks:take_due()
      assert.is_false(s.tracks:is_ours(due[1]))
      assert.is_nil(due[1].process)
    end
  end)

  it("leave those to their owner which have an id", function()
    local s <close> = new()
    s.tracks:see(link(9, { id = "web", boot = BOOT, netns = 1 }))
    assert.same({ {}, nil }, { s.tracks:take_due(), s.tracks:ripen() })
    assert.equal("unknown", s.tracks:of(9).verdict)
  end)

  it("tell of a link once, when they know whose it is", function()
    local s <close> = new()
    local c = helper.container()
    local mac = owner.mac("key", "s", "host")
    s.tracks:see(link(9, nil, mac)) -- just created: its record comes next
    assert.same({}, s.log)
    assert.is_number(s.tracks:ripen())
    s.tracks:see(link(9, of(c), mac))
    s.tracks:see(link(9, of(c), mac))
    assert.same({ "attached veth-5-s" }, s.log)
    s.tracks:unsee(9)
    s.tracks:unsee(9)
    assert.same({ "attached veth-5-s", "detached veth-5-s" }, s.log)
    assert.is_nil(s.tracks:of(9))
  end)

  it("forget a link that becomes somebody else's, and see another owner", function()
    local s <close> = new()
    local c, d = helper.container(), helper.container()
    s.tracks:see(link(9, of(c)))
    s.tracks:see(link(9, of(d)))
    c:kill()
    assert.same({}, s.set:wait(0.05))
    local other = link(9)
    other.ifname = "eth7"
    s.tracks:see(other)
    assert.is_nil(s.tracks:of(9))
    d:kill()
    assert.same({}, s.set:wait(0.05))
  end)

  it("are not misled by announcements of a link that they know to be gone", function()
    local s <close> = new()
    local c = helper.container()
    s.tracks:see(link(9, of(c)))
    s.tracks:lose(s.tracks:of(9), "deleted")
    s.tracks:see(link(9, of(c))) -- announced before
    assert.is_nil(s.tracks:of(9))
    s.tracks:unsee(9)
    assert.same({ "attached veth-5-s", "deleted veth-5-s" }, s.log)
    s.tracks:see(link(9, of(c))) -- a new one
    assert.truthy(s.tracks:of(9))
  end)

  it("look again later, and later each time", function()
    local s <close> = new()
    s.tracks:see(link(9, of(helper.container())))
    local t = s.tracks:of(9)
    for _, seconds in ipairs { 1, 2, 4, 8, 16, 32, 60, 60 } do
      local before = core.clock()
      s.tracks:look_again(t)
      local left = s.tracks:ripen()
      assert.is_true(left <= seconds and left + (core.clock() - before) >= seconds, left)
    end
    s.tracks:look_in(t, 0)
    assert.equal(0, s.tracks:ripen())
    assert.same({ t }, s.tracks:take_due())
  end)

  it("say when no more processes can be waited for, and try again", function()
    local s <close> = new()
    local err = core.error { kind = "io", code = "ENOSPC", op = "epoll_ctl", message = "too many" }
    local real = s.tracks.set
    s.tracks.set = { add = function()
      return nil, err
    end }
    local fields = of(helper.container())
    s.tracks:see(link(9, fields))
    assert.same({ err }, s.failed)
    assert.is_nil(s.tracks:of(9).process)
    assert.is_number(s.tracks:ripen())
    s.tracks.set = real
    s.tracks:look_in(s.tracks:of(9), 0)
    s.tracks:ripen()
    s.tracks:follow(s.tracks:take_due()[1])
    assert.truthy(s.tracks:of(9).process)
  end)
end)
