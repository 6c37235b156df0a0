-- SPDX-License-Identifier: MIT
-- attach: validate, pin the target, look at the node, decide (plan.lua), carry out (execute.lua), undo on any failure.

local execute = require "zlnet.attach.execute"
local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local modes = require "zlnet.attach.modes"
local names = require "zlnet.record.names"
local node = require "zlnet.attach.node"
local operations = require "zlnet.attach.operations"
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local plan = require "zlnet.attach.plan"
local target = require "zlnet.attach.pin"
local undo = require "zlnet.undo"

local attach = {}

local SECONDS = 30 -- as long as a single request may take

local function step(err, text)
  err.step = text
  return nil, err
end

-- An attach under way -----------------------------------------------------------------------------------------------

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

-- Pins the target, with the node's lock, and opens a socket on either side, save those which are the caller's.
local function open(o, container, host)
  local self = setmetatable({
    o = o, deadline = core.clock() + (o.timeout or SECONDS), target = nil, stack = undo.new(),
    handles = { host = host, container = nil, ns = nil, here = nil }, borrowed = container ~= nil, shared = host ~= nil,
  }, Session)
  local ok, err = fill(self, container)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end

-- The node's lock is shared with other attaches, and keeps sweeps away while a pair has no record yet.
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

-- Chooses addresses, where a pool is given.
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

-- Whether another took an address of the pool's between our look and our claim: then others are chosen by now.
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

-- The plan, by what the node is like now.
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

-- One try: all of the plan, or nothing. A pair that is there already is taken back with the rest.
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

-- Decides and carries out, with other addresses of the pool as long as others are quicker. A pair that is there already
-- is used for the first try.
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

-- The plan once more where what was in the way is gone now.
function Session:replace(p, refusal)
  local what, answer = require("zlnet.attach.conflict").settle(p, self.o, self.handles, refusal)
  if what == "kept" then
    return answer
  elseif not what then
    return nil, answer
  end
  local a, err = self:try()
  if not a then
    err.replaced = p.host_ifname
    err.step = (err.step or "attach") .. ", after the former attachment was deleted"
  end
  return a, err
end

-- The kernel refuses an address of a family that is switched off for the link.
local function is_ipv6_off(err)
  return err.code == "EACCES" and err.op == "newaddr"
end

-- The plan once more, with IPv6 switched on for the container end. Most containers have it on, so none is asked first.
function Session:with_ipv6(refusal)
  local ok, err = self:lock()
  local p, a
  if ok then
    p, err = self:decide(true)
  end
  if p then
    a, err = self:carry_out(p)
  end
  if a or err.step ~= operations.unmute_step and not is_ipv6_off(err) then
    return a, err
  end
  refusal.message = ("IPv6 is switched off for the link, and net.ipv6.conf.%s.disable_ipv6 cannot be set to 0 in the"
    .. " container: %s"):format(self.o.ifname, err.message or err.code)
  refusal.rollback = err.rollback
  return nil, refusal
end

-- Whether an address is somebody's already.
local function is_taken(a, err)
  return not a and err.code == "EEXIST" and (err.op == "newroute" or err.op == "newlinkprop")
end

local ORPHANS = 3 -- containers of one address that may have ended right before

-- The plan once more where an orphan's pair had the address.
function Session:take_over(p, err)
  local a
  for _ = 1, ORPHANS do
    if not require("zlnet.attach.conflict").clear(p, self.o, self.handles, err) then
      return a, err
    end
    local ok, busy = self:lock()
    if not ok then
      return nil, busy
    end
    a, err = self:carry_out(p)
    if not is_taken(a, err) then
      return a, err
    end
  end
  return a, err
end

-- What may be done about a refusal.
function Session:answer(p, a, err)
  if not a and err.code == "EEXIST" and err.op == "newlink" then
    a, err = self:replace(p, err)
  end
  if not a and is_ipv6_off(err) then
    local replaced = err.replaced
    a, err = self:with_ipv6(err)
    if not a then
      err.replaced = replaced
    end
  end
  if is_taken(a, err) then
    a, err = self:take_over(p, err)
  end
  if is_taken(a, err) then
    require("zlnet.attach.conflict").explain(p, self.handles, err)
  end
  return a, err
end

-- All of it. A pair that is there already is used, or taken back.
function Session:attach(pair)
  local ok, a, err, p
  ok, err = self:choose()
  if ok then
    a, err, p = self:try(pair)
  end
  if not p then
    return nil, err
  end
  return self:answer(p, a, err)
end

local function run(o, host)
  local session <close>, err = open(o, nil, host)
  if not session then
    return nil, err
  end
  local a
  a, err = session:attach()
  return a, err
end

local function check_all(list)
  local all = {}
  for i = 1, #list do
    local fine, o = pcall(options.check, "attach", rows.attach, list[i])
    if not fine then
      error(("number %d: %s"):format(i, tostring(o):gsub("^[^'(]-:%d+: ", "")), 3)
    end
    all[i] = o
  end
  return all
end

local function run_all(all, each)
  local host <close>, err = core.open(nil)
  if not host then
    return step(err, "open a netlink socket")
  end
  local results, failed = {}, nil
  for i = 1, #all do
    local a, refused = run(all[i], host)
    results[i] = a or refused
    failed = failed or not a and i or nil
    if each then
      each(i, a, refused)
    end
  end
  return results, failed
end

---Attaches a container to the node: one veth pair, its addresses, routes and owner's record. All or nothing. Where the
---owner has an attachment of that tag already, `on_exists` says what becomes of it. For 20 ms afterwards the process
---has one thread more, which waits for the next attach (zlnet.open says what follows from that).
---
---Equal to what `print(zlnet.plan(opts))` shows; in mode `routed`: `ip link add veth-PID-s up type veth peer name eth0
---netns PID`, without IPv6 `sysctl -w net/ipv6/conf/veth-PID-s/disable_ipv6=1` and the same for the container's eth0,
---`ip link set veth-PID-s alias …`, `ip addr add 169.254.1.1/32 dev veth-PID-s scope link`, `ip route add IP/32 dev
---veth-PID-s`, and in the container `ip addr add IP/32 dev eth0`, `ip link set eth0 up`, `ip route add default via
---169.254.1.1 dev eth0 onlink`, `ip link set lo up`. Source: rtnetlink(7), ip-link(8).
---
---Of a list each is attached, one after the other, and what fails does not keep the others from being attached. Wrong
---use of any raises before the first is.
---@param opts zlnet.attach.options|zlnet.attach.options[]
---@param each (fun(i: integer, attachment: zlnet.attachment?, err: zlnet.error?))? of a list: called after each one
---@return zlnet.attachment|(zlnet.attachment|zlnet.error)[]|nil attachment of a list one result each: the attachment,
---or the error
---@return zlnet.error|integer|nil err with the step that failed, `rollback` when undoing met errors, and `replaced` (a
---name) when the former attachment is gone and the new one could not be made; of a list the number of the first that
---failed
function attach.attach(opts, each)
  if type(opts) == "table" and #opts > 0 then
    return run_all(check_all(opts), each)
  end
  return run(options.check("attach", rows.attach, opts))
end

-- In two steps ------------------------------------------------------------------------------------------------------

---@class zlnet.attach.begun
---@field private session zlnet.attach.session
---@field private opts table
---@field private pair { host: integer, container: integer }
local Begun = {}
Begun.__index = Begun

-- Both tables as one.
local function merged(opts, more)
  local all = {}
  for _, t in ipairs { opts, more } do
    for name, value in pairs(t) do
      all[name] = value
    end
  end
  return all
end

---Makes the rest, or takes the pair back. The object is of no use afterwards.
---@param opts table the other options of attach
---@return zlnet.attachment? attachment
---@return zlnet.error? err as attach's
function Begun:finish(opts)
  local session = self.session
  session.o = options.check("attach", rows.attach, merged(self.opts, opts))
  session.deadline = core.clock() + (session.o.timeout or SECONDS)
  local a
  local ok, err = session:lock()
  if ok then
    a, err = session:attach(self.pair)
  end
  session:close(err)
  return a, err
end

---Leaves the pair without addresses, up, or takes it back: a port of its bridge for what the container does itself. The
---object is of no use afterwards.
---@return zlnet.attachment? attachment its ip is empty
---@return zlnet.error? err as attach's
function Begun:keep()
  local session = self.session
  session.deadline = core.clock() + (session.o.timeout or SECONDS)
  local seen, a
  local ok, err = session:lock()
  if ok then
    session.o.ip = {}
    seen, err = node.look(session.o, session.handles.host)
  end
  if seen then
    a, err = session:carry_out(plan.port(session.o, session.target.who, seen), self.pair)
  end
  session:close(err)
  return a, err
end

---Takes the pair back. Does nothing after finish and keep.
---@param err table? the error for which; gets `rollback` when undoing met errors
function Begun:abandon(err)
  self.session:close(err)
end

Begun.__close = function(self)
  self.session:close()
end

---Begins an attach whose addresses are not known yet: the pair, which takes the kernel longest, is made meanwhile.
---Until it is finished others may attach and sweep; the record on the pair has no addresses. What is there already is
---in the way (on_exists = "error").
---@param opts table those of attach that are known already: all of options.pair which are given at all; mtu a number
---@param container table? handle of the target's namespace; stays open
---@return zlnet.attach.begun? begun to be finished or abandoned; a to-be-closed variable abandons it
---@return zlnet.error? err as attach's
function attach.begin(opts, container)
  local o = options.check("attach", rows.pair, opts)
  local session, err = open(o, container)
  if not session then
    return nil, err
  end
  local p = plan.pair(o, session.target.who)
  local pair
  pair, err = execute.run(p, session.handles, session.deadline, session.stack)
  if not pair then
    session.stack:fail(err)
    if err.code == "EEXIST" and err.op == "newlink" then
      local _, why = require("zlnet.attach.conflict").settle(p, { on_exists = "error" }, session.handles, err)
      err = why or err
    end
    session:close()
    return nil, err
  end
  session.handles.here:unlock()
  return setmetatable({ session = session, opts = opts, pair = pair }, Begun)
end

-- As data -----------------------------------------------------------------------------------------------------------

local Plan = {}

function Plan:__tostring()
  return require("zlnet.shell").script(self)
end

---What attach would do now, as data. Changes nothing.
---@param opts zlnet.attach.options those of attach
---@return zlnet.plan? plan its operations bear the equal `ip` or `sysctl` command; tostring makes a script of them, in
---which `$NETNS` is the path of the container's namespace where the target is a handle, a file or a descriptor
---@return zlnet.error? err as attach's, when the target or the node is not as it must be
function attach.plan(opts)
  local o = options.check("plan", rows.attach, opts)
  local session <close>, err = open(o)
  if not session then
    return nil, err
  end
  local ok, p
  ok, err = session:choose()
  if ok then
    p, err = session:decide()
  end
  if not p then
    return nil, err
  end
  local name = o.pid or o.netns
  name = type(name) ~= "userdata" and type(name) ~= "table" and tostring(name) or nil
  for _, op in ipairs(p.ops) do
    op.command = require("zlnet.shell").command(op, p, name)
  end
  return setmetatable(p, Plan)
end

return attach
