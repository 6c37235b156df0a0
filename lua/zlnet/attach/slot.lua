-- SPDX-License-Identifier: MIT
-- A slot of a pool: a namespace with a pair that is up, and all that is the same whatever the addresses will be. Names
-- and MACs derive from the slot's number; the record tells the keeper of the pool until the slot is taken.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local delete_links = require "zlnet.cleanup.delete_links"
local execute = require "zlnet.attach.execute"
local fields = require "zlnet.record.fields"
local line = require "zlnet.record.line"
local machine = require "zlnet.record.machine"
local names = require "zlnet.record.names"
local namespaces = require "zlnet.cleanup.namespaces"
local node = require "zlnet.attach.node"
local operations = require "zlnet.attach.operations"
local plan = require "zlnet.attach.plan"
local undo = require "zlnet.undo"

local fmt = string.format

local slot = {}

local SECONDS = 30

---@class zlnet.slot
---@field number string 16 hexadecimal digits
---@field ns table handle of its namespace
---@field container table? socket in it
---@field host table the pool's handle of the node
---@field here table the pool's handle of the node's namespace, with the lock
---@field index { host: integer, container: integer }? of both ends
---@field done table<string, true> the operations that were done, by their signatures
---@field mtu integer?
local Slot = {}
Slot.__index = Slot

-- Plans -------------------------------------------------------------------------------------------------------------

local function text_of(value)
  if type(value) ~= "table" then
    return tostring(value)
  end
  local keys, parts = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  for i, key in ipairs(keys) do
    parts[i] = tostring(key) .. "=" .. text_of(value[key])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- What tells an operation from others. The index of an end, which execute.lua puts into it, does not.
local function signature(op)
  local args = {}
  for key, value in pairs(op.args) do
    args[key] = not (op.link and (key == "index" or key == "oif")) and value or nil
  end
  return fmt("%s %s %s %s", op.ns, op.op, text_of(args), text_of(op.await))
end

-- A route whose gateway is not reached without an address has to wait for one, and so has what is done last.
local function may_be_early(op)
  return not op.late and not (op.ns == "container" and op.op == "newroute" and not (op.args.flags or {}).onlink)
end

local function owner_of(self, who)
  who.boot, who.netns, who.netns_id, who.time = self.boot, self.netns, self.netns_id, os.time()
  return who
end

-- A plan by the names and MACs that derive from the slot, with the record of its present owner.
local function plan_of(self, o, who, seen)
  o.mtu, o.pooled = self.mtu, self.number
  local p = plan.build(o, { id = "pool " .. self.number, node = machine.node() }, seen)
  p.record = fields.of(o, who)
  p.alias = line.format(p.record)
  if not p.alias then
    return nil, core.error { kind = "io", code = "E2BIG", op = "attach",
      message = "the owner's record is too long: use a shorter id or fewer addresses" }
  end
  for _, op in ipairs(p.ops) do
    if op.key == "record" then
      op.args.ifalias = p.alias
    end
  end
  return p
end

-- The operations of a plan that another plan has, too, whose addresses are others. The record tells no addresses yet.
local function early_plan(self, o, other, keeper)
  local seen, err = node.look(o, self.host)
  if not seen then
    return nil, err
  end
  self.mtu = seen.mtu
  local who, same, ops = owner_of(self, keeper), {}, {}
  local p
  p, err = plan_of(self, o, who, seen)
  if not p then
    return nil, err
  end
  for _, op in ipairs(plan_of(self, other, who, seen).ops) do
    same[signature(op)] = true
  end
  for _, op in ipairs(p.ops) do
    local text = signature(op)
    if op.key == "record" then
      o.ip = {}
      op.args.ifalias = line.format(fields.of(o, who))
      ops[#ops + 1] = op
    elseif same[text] and may_be_early(op) then
      -- the kernel takes no gateway before it has a table of local addresses, which lo brings
      table.insert(ops, op.key == "loopback" and 2 or #ops + 1, op)
      self.done[text] = true
    end
  end
  p.ops = ops
  return p
end

local NAMING = "name the host end"

-- What is left of an attach. The host end bears the name, too, that an attach of the owner would give it, so that two
-- of one id meet. The first operation makes the pair, which is there.
local function late_plan(self, o)
  local seen, err = node.look(o, self.host)
  if not seen then
    return nil, err
  end
  local p
  p, err = plan_of(self, o, owner_of(self, { id = o.id }), seen)
  if not p then
    return nil, err
  end
  local name = { alt_ifname = { names.host_name({ id = o.id }, o.tag) } }
  local ops = { p.ops[1], operations.on("host", "newlinkprop", NAMING, "link", { prop_list = name }) }
  for i = 2, #p.ops do
    if p.ops[i].key == "record" or not self.done[signature(p.ops[i])] then
      ops[#ops + 1] = p.ops[i]
    end
  end
  p.ops = ops
  return p
end

-- Making and using --------------------------------------------------------------------------------------------------

local function handles_of(self)
  return { host = self.host, container = self.container, ns = self.ns, here = self.here }
end

local function fill(self, o, other, keeper)
  local id, err = self.ns:id()
  if id then
    self.boot, err = machine.boot()
  end
  if self.boot then
    self.netns, self.netns_id = id.ino, self.ns:number()
    self.container, err = core.open(self.ns, self.here)
  end
  local p
  if self.container then
    p, err = early_plan(self, o, other, keeper)
  end
  if not p then
    return nil, err
  end
  local stack <close> = undo.new()
  local ok
  ok, err = self.here:lock("shared", SECONDS)
  if ok then
    self.index, err = execute.run(p, handles_of(self), core.clock() + SECONDS, stack)
    self.here:unlock()
  end
  if not self.index then
    return stack:fail(err)
  end
  stack:commit()
  self.host_ifname, self.host_mac, self.mac = p.host_ifname, p.host_mac, p.mac
  return self
end

---A number for a new slot.
---@return string
function slot.number()
  return fmt("%08x%08x", core.random(), core.random())
end

---Makes a namespace a slot, or takes it away again.
---@param place { host: table, here: table }
---@param number string
---@param ns table handle of the namespace, which has the slot's name; the slot's from now on
---@param o table validated options of attach with addresses that stand for those to come
---@param other table the same with other addresses
---@param keeper table who keeps the pool, as an owner
---@return zlnet.slot?
---@return zlnet.error? err
function slot.new(place, number, ns, o, other, keeper)
  local self = setmetatable({ number = number, ns = ns, host = place.host, here = place.here, done = {} }, Slot)
  local ran, made, err = pcall(fill, self, o, other, keeper)
  if ran and made then
    return self
  end
  self:drop()
  if not ran then
    error(made, 0)
  end
  return nil, err
end

---Deletes it, as far as it is there and still the slot's.
function Slot:drop()
  local link = self.index and self.host:getlink({ index = self.index.host }, { "address" })
  if link and link.address == self.host_mac then
    delete_links.one(self.host, self.index.host)
  end
  if self.container then
    self.container:close()
  end
  local id = self.ns:id()
  self.ns:close()
  if id then
    namespaces.remove(self.number, id.ino)
  end
end

local function take(self, o)
  local p, err = late_plan(self, o)
  if not p then
    return nil, err
  end
  local stack <close> = undo.new()
  local index
  index, err = execute.run(p, handles_of(self), core.clock() + (o.timeout or SECONDS), stack, self.index)
  if not index then
    return stack:fail(err)
  end
  stack:commit()
  local a = attachments.describe(p.record, {
    ifname = self.host_ifname, index = self.index.host, address = self.host_mac, link = self.index.container,
  })
  a.mac, a.changed = self.mac, {}
  a.netns_path, a.netns_handle = "/run/netns/" .. namespaces.name(self.number), self.ns
  return a
end

---Gives it to an owner, or deletes it.
---@param o table validated options of attach
---@return zlnet.attachment?
---@return zlnet.error? err
function Slot:take(o)
  local ran, a, err = pcall(take, self, o)
  if ran and a then
    self.container:close()
    return a
  end
  self:drop()
  if not ran then
    error(a, 0)
  end
  return nil, err
end

---Whether an address was refused that another has, and not the owner's name.
---@param err zlnet.error
---@return boolean
function slot.is_address_taken(err)
  return err.code == "EEXIST" and (err.op == "newroute" or err.op == "newlinkprop" and err.step ~= NAMING)
end

return slot
