-- SPDX-License-Identifier: MIT
-- An attach under way: what it holds, and the steps from a look at the node to what is carried out, or taken back.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local execute = require "zlnet.attach.execute"
local modes = require "zlnet.attach.modes"
local names = require "zlnet.record.names"
local node = require "zlnet.attach.node"
local plan = require "zlnet.attach.plan"
local target = require "zlnet.attach.pin"
local undo = require "zlnet.undo"

local session = {}

local SECONDS = 30 -- as long as a single request may take

local function step(err, text)
  err.step = text
  return nil, err
end

---@class zlnet.attach.session
---@field o table validated options
---@field deadline number by core.clock
---@field target zlnet.target
---@field handles { host: table, container: table, ns: table, here: table } as execute.run takes them
---@field stack zlnet.undo what to take back
---@field private borrowed boolean? the container's handle is the caller's
---@field private shared boolean? the host's handle is the caller's
local Session = {}
Session.__index = Session

---Takes back what was done and not committed, and closes all.
---@param err table? the error for which; gets `rollback` when undoing met errors
function Session:close(err)
  if not self.stack then
    return
  end
  local stack, handles = self.stack, self.handles
  self.stack = nil
  stack:fail(err or {})
  if self.target then
    self.target:close()
  end
  if handles.container and not self.borrowed then
    handles.container:close()
  end
  if handles.host and not self.shared then
    handles.host:close()
  end
end

function Session:__close(raised)
  self:close(type(raised) == "table" and raised or nil)
end

local function fill(self, container)
  local handles, o = self.handles, self.o
  local err
  if not handles.host then
    handles.host, err = core.open(nil)
  end
  if not handles.host then
    return step(err, "open a netlink socket")
  end
  self.target, err = target.pin(o, o.timeout or SECONDS, handles.host)
  if not self.target then
    return nil, err
  end
  handles.ns, handles.here = self.target.ns, self.target.here
  handles.container = container
  if not container then
    handles.container, err = core.open(handles.ns, handles.here)
  end
  if not handles.container then
    return step(err, "open a netlink socket in the target")
  end
  return self
end

---Pins the target, with the node's lock, and opens a socket on either side.
---@param o table validated options
---@param container table? handle of the target's namespace; stays open
---@param host table? handle of the node's namespace; stays open
---@return zlnet.attach.session? session to be closed
---@return zlnet.error? err
function session.open(o, container, host)
  local self = setmetatable({
    o = o, deadline = nil, target = nil, stack = undo.new(), handles = { host = host },
    borrowed = container ~= nil, shared = host ~= nil,
  }, Session)
  self:restart()
  local ok, err = fill(self, container)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

---Gives it its whole time again.
function Session:restart()
  self.deadline = core.clock() + (self.o.timeout or SECONDS)
end

---The node's lock is shared with other attaches, and keeps sweeps away while a pair has no record yet.
function Session:lock()
  local ok, err = self.handles.here:lock("shared", math.max(self.deadline - core.clock(), 0))
  if not ok then
    return step(err, "wait for the node's lock")
  end
  return true
end

-- The index of the link that the new pair would replace.
function Session:former()
  local link = self.handles.host:getlink({ ifname = names.host_name(self.target.who, self.o.tag) }, { "index" })
  return link and link.index
end

---Chooses addresses, where a pool is given.
function Session:choose()
  local o, mode = self.o, modes[self.o.mode]
  if not o.pool then
    return true
  end
  local former
  local ips, err = require("zlnet.addresses.claim").choose(o.pool, self.target.who, o.tag, self.handles.host, {
    subnet = mode.is_subnet_on_link,
    name = mode.claim and function(address)
      return mode.claim(o, address)
    end,
    mine = o.on_exists ~= "error" and function()
      former = former or self:former() or 0
      return former
    end or nil,
  })
  if not ips then
    return nil, err
  end
  o.ip = ips
  return true
end

---Whether another took an address of the pool's between our look and our claim: then others are chosen by now.
function Session:lost_claim(err)
  local was, claimed = self.o.ip, err.op == "newroute" or err.op == "newlinkprop"
    or err.op == "newsetelem"
  if not (self.o.pool and claimed and err.code == "EEXIST") then
    return false
  end
  local ok, none = self:choose()
  if not ok then
    none.rollback = err.rollback
    return false, none
  end
  for i = 1, #was do
    if was[i].address ~= self.o.ip[i].address then
      return self:lock() ~= nil
    end
  end
  return false
end

---The plan, by what the node is like now.
function Session:decide(ipv6_off)
  local o = self.o
  local seen, err = node.look(o, self.handles.host)
  if not seen then
    return nil, err
  end
  seen.ipv6_off = ipv6_off
  o.mtu = seen.mtu
  local p, reason = plan.build(o, self.target.who, seen)
  if not p then -- options.attach saw to it that the record fits
    return nil, core.error { kind = "io", code = "E2BIG", op = "attach", message = reason }
  end
  return p
end

-- What the caller gets. Both indexes are not known yet.
local function attachment_of(p)
  local link = { ifname = p.host_ifname, index = false, address = p.host_mac, link = false }
  local a = attachments.describe(p.record, link)
  a.mac, a.changed = p.mac, {}
  for i = 1, #p.ops do
    local args = p.ops[i].args
    if args.old then
      a.changed[#a.changed + 1] = { key = args.key, old = args.old, new = args.value }
    end
  end
  return a
end

---One try: all of the plan, or nothing. A pair that is there already is taken back with the rest.
function Session:carry_out(p, pair)
  local made = attachment_of(p) -- now, because from the last operation on nothing may run out of memory any more
  local index, failed = execute.run(p, self.handles, self.deadline, self.stack, pair)
  if not index then
    return self.stack:fail(failed)
  end
  local ok, gone = self.target:check()
  if not ok then
    return self.stack:fail(gone)
  end
  made.index, made.host_index = index.container, index.host
  self.stack:commit()
  return made
end

---Decides and carries out, with other addresses of the pool as long as others are quicker. A pair that is there already
---is used for the first try.
function Session:try(pair)
  local p, a, err
  repeat
    p, err = self:decide()
    if not p then
      return nil, err
    end
    a, err = self:carry_out(p, pair)
    pair = nil
    local again, none
    if not a then
      again, none = self:lost_claim(err)
    end
    err = none or err
  until not again
  return a, err, p
end

---All of it. A pair that is there already is used, or taken back.
---@param pair { host: integer, container: integer }?
---@return zlnet.attachment? attachment
---@return zlnet.error? err
function Session:attach(pair)
  local ok, a, err, p
  ok, err = self:choose()
  if ok then
    a, err, p = self:try(pair)
  end
  if a or not p then
    return a, err
  end
  return require("zlnet.attach.refusal").answer(self, p, err)
end

return session
