-- SPDX-License-Identifier: MIT
-- A pool of namespaces that are ready to be taken. A slot is used once; one that is not used bears the record of the
-- process that keeps the pool, and a sweep deletes it when that is dead.

local addr = require "zlnet.addr"
local addresses = require "zlnet.addresses.pool"
local argument = require "zlnet.argument"
local claim = require "zlnet.addresses.claim"
local core = require "zlnet.core"
local machine = require "zlnet.record.machine"
local modes = require "zlnet.attach.modes"
local namespaces = require "zlnet.cleanup.namespaces"
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local slot = require "zlnet.attach.slot"

local fmt = string.format

local pool = {}

-- Options -----------------------------------------------------------------------------------------------------------

-- What take is told, and not the pool.
local OF_TAKE = { id = true, ip = true, pool = true, src = true, tag = true, timeout = true }
-- What neither is: whose namespace it is, what derives from a slot, what no new pair meets, what is found out later.
local OF_NEITHER = { pid = true, netns = true, mac = true, host_mac = true, on_exists = true, overlay = true }

local function families(value)
  local list, set = type(value) == "table" and value or { value }, {}
  for _, family in ipairs(list) do
    if family ~= "inet" and family ~= "inet6" then
      set = {}
      break
    end
    set[family] = true
  end
  return next(set) and set or nil, "'inet', 'inet6' or a list of both expected"
end

local function fixed()
  return nil, "is the pool's to say"
end

local of_pool, of_take = { { "size", argument.integer(1, 100000), 8 }, { "families", families } }, {}
for _, row in ipairs(rows.attach) do
  local name = row[1]
  if OF_TAKE[name] then
    of_take[#of_take + 1] = { name, row[2], required = name == "id" }
  else
    of_take[#of_take + 1] = { name, fixed }
    of_pool[#of_pool + 1] = not OF_NEITHER[name] and { name, row[2] } or nil
  end
end
of_pool, of_take = options.spec(of_pool), options.spec(of_take)

local function merged(...)
  local all = {}
  for _, t in ipairs { ... } do
    for name, value in pairs(t) do
      all[name] = value
    end
  end
  return all
end

-- Addresses that stand for those to come are of the gateway's subnet, where one is given.
local USUAL = { inet = "192.0.2.0/24", inet6 = "2001:db8::/64" }

local function stand_in(family, gateway, which)
  local prefix = family == "inet" and 24 or 64
  local usable = gateway and not addr.contains("fe80::", 10, gateway)
  local subnet = usable and addr.network(gateway, prefix) .. "/" .. prefix or USUAL[family]
  local next_address = addresses.sequence(assert(addresses.rule { subnet = subnet, exclude = gateway })[1], "stand-in")
  for _ = 2, which do
    next_address()
  end
  return (next_address())
end

-- The options of attach with the addresses number `which` that stand for those to come.
local function options_for(self, which)
  local ips = {}
  for _, family in ipairs { "inet", "inet6" } do
    local gateway = self.o.gateway and self.o.gateway[family]
    ips[#ips + 1] = self.o.families[family] and stand_in(family, gateway, which) or nil
  end
  return options.check("pool", rows.attach, merged(self.given, { netns = "slot", id = "slot", ip = ips }), 3)
end

-- The process that keeps the pool, as an owner.
local function keeper()
  local file <close>, why, errno = io.open "/proc/self/stat"
  if not file then
    return nil, core.error { kind = "io", errno = errno, op = "open", message = why }
  end
  local who = { pid = math.tointeger(file:read "n") }
  local process <close>, err = core.process(who.pid)
  if process then
    who.process = process:number()
    who.start, err = process:starttime()
  end
  if who.start then
    who.pidns, err = core.pidns()
  end
  return who.pidns and who or nil, err
end

-- The object --------------------------------------------------------------------------------------------------------

---@class zlnet.Pool
---@field private o table validated options
---@field private given table those of attach, as they were given
---@field private owner table the process that keeps it
---@field private host table
---@field private here table
---@field private free zlnet.slot[] the oldest first
---@field private maker table? a namespace under way
---@field private number string? of the slot that it is for
local Pool = {}
Pool.__index = Pool

local function check_open(self)
  if not self.host then
    error("a closed pool", 3)
  end
end

local function add(self, number, ns)
  local made, err = slot.new(self, number, ns, options_for(self, 1), options_for(self, 2), merged(self.owner))
  self.free[#self.free + 1] = made
  return made, err
end

---Makes slots that are missing, now.
---@param n integer? how many at most; all
---@return integer? made
---@return zlnet.error? err
function Pool:refill(n)
  check_open(self)
  local made = 0
  while #self.free < self.o.size and made < (n or self.o.size) do
    local number = slot.number()
    local ns, err = core.netns.create(namespaces.name(number))
    local ok = ns
    if ns then
      ok, err = add(self, number, ns)
    end
    if not ok then
      return nil, err
    end
    made = made + 1
  end
  return made
end

---The descriptor that is readable when `next` has something to do; nil when there is none to wait for.
---@return integer?
function Pool:pollfd()
  return self.maker and self.maker:pollfd()
end

---What of it is waited for.
---@return "r"
function Pool:events()
  return "r"
end

---Seconds until `next` has something to do: 0 while slots are missing and no namespace is under way; else nil.
---@return number?
function Pool:timeout()
  return not self.maker and #self.free < self.o.size and 0 or nil
end

---Goes on with refilling: one step, which does not wait until the kernel has made a namespace; a thread does.
---@return { event: "ready", free: integer }? event a slot is ready
---@return zlnet.error? err
function Pool:next()
  check_open(self)
  local ok, err
  if not self.maker then
    if #self.free < self.o.size then
      self.number = slot.number()
      self.maker, err = core.make_netns(namespaces.name(self.number))
    end
    return nil, err
  elseif not self.maker:done() then
    return nil
  end
  local maker <close> = self.maker
  self.maker = nil
  ok, err = maker:result()
  if ok then
    ok, err = add(self, self.number, ok)
  end
  if not ok then
    return nil, err
  end
  return { event = "ready", free = #self.free }
end

---How many slots are ready.
Pool.__len = function(self)
  return #self.free
end

-- Each family of the pool's has an address, and no other has.
local function check_families(self, o)
  local name, given = o.pool and "pool" or "ip", {}
  for _, ip in ipairs(o.ip) do
    given[ip.family] = true
    if not self.o.families[ip.family] then
      error(fmt("bad option '%s' to 'take': the pool's namespaces are not made for %s", name, ip.family), 3)
    end
  end
  for family in pairs(self.o.families) do
    if not given[family] then
      error(fmt("bad option '%s' to 'take': an %s address is required", name, family), 3)
    end
  end
end

local function choose(self, o)
  if not o.pool then
    return true
  end
  local mode = modes[o.mode]
  local ips, err = claim.choose(o.pool, { id = o.id, node = machine.node() }, o.tag, self.host, {
    subnet = mode.is_subnet_on_link,
    name = mode.claim and function(address)
      return mode.claim(o, address)
    end,
  })
  o.ip = ips
  return ips ~= nil, err
end

local function take(self, o)
  local ok, err = choose(self, o)
  if ok and #self.free == 0 then
    ok, err = self:refill(1)
  end
  if not ok then
    return nil, err
  end
  local a
  a, err = table.remove(self.free, 1):take(o)
  return a, err
end

---Takes a namespace out of the pool, for an owner: what is left of an attach is done. Where none is ready one is made.
---What fails takes the slot with it; others stay.
---
---Equal to zlnet.attach of a namespace made by `ip netns add`, with the same options.
---@param opts { id: string, ip: (string|string[])?, pool: any?, src: any?, tag: string?, timeout: number? } as
---attach's; the families of the addresses are the pool's
---@return zlnet.attachment? attachment with `netns_path`, for a runtime to join, and `netns_handle`, which is the
---caller's to close; the name of the namespace goes with detach and sweep
---@return zlnet.error? err as attach's
function Pool:take(opts)
  check_open(self)
  options.check("take", of_take, opts)
  local o = options.check("take", rows.attach, merged(self.given, opts, { netns = "slot" }))
  check_families(self, o)
  local a, err
  repeat
    a, err = take(self, o)
  until a or not (o.pool and slot.is_address_taken(err))
  return a, err
end

---Deletes what was not taken. Once more does no harm.
function Pool:close()
  if self.maker then
    self.maker:close()
    self.maker = nil
  end
  for i = #self.free, 1, -1 do
    self.free[i]:drop()
    self.free[i] = nil
  end
  if self.host then
    self.host:close()
    self.here:close()
    self.host, self.here = nil, nil
  end
end
Pool.__close = Pool.close

---Keeps namespaces ready to be taken: each with its pair, up, its MACs, lo and the way to the gateway. A take then
---costs a fraction of an attach. Nothing is made yet: `refill` does so at once, or the pool itself, a pollable, in an
---event loop.
---@param opts table `size` (1–100000, 8) and `families` (`"inet"`, `"inet6"` or a list of both; `"inet"`), and of
---attach's options all but those that say whose it is and which addresses it has
---@return zlnet.Pool? pool to be closed, which deletes the slots that are left
---@return zlnet.error? err
function pool.pool(opts)
  local o = options.check("pool", of_pool, opts)
  o.families = o.families or { inet = true }
  local given = merged(opts)
  given.size, given.families = nil, nil
  local self = setmetatable({ o = o, given = given, free = {} }, Pool)
  options_for(self, 1)
  local err
  self.owner, err = keeper()
  if not self.owner then
    return nil, err
  end
  self.here, err = core.netns.open(nil)
  if not self.here then
    return nil, err
  end
  self.host, err = core.open(nil)
  if not self.host then
    self.here:close()
    return nil, err
  end
  return self
end

return pool
