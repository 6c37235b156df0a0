-- SPDX-License-Identifier: MIT
-- What ADD makes: the pair, an address from the IPAM plugin, the attachment, its further routes.
-- The IPAM plugin takes longest. An early one works while the pair is made; all others find the pair there.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local lease = require "zlnet.cni.lease"
local network = require "zlnet.cni.network"
local request = require "zlnet.cni.request"

local attachment = {}

---What an ADD works with.
---@class zlnet.cni.attachment.context
---@field r zlnet.cni.request
---@field n zlnet.cni.network
---@field ns zlnet.netns the container's
---@field container table handle of it
---@field stack zlnet.undo takes everything back
---@field call zlnet.cni.ipam.call|false
---@field log fun(text: string)
---@field told boolean whether the IPAM plugin was told what to do
---@field a zlnet.attachment? once it is whole

-- What takes the pair back, with all that it has become.
local function take_back(c, begun)
  if c.a then
    return require("zlnet.cleanup.detach").detach(c.a)
  end
  local met = {}
  begun:abandon(met)
  return not met.rollback or nil, met.rollback and met.rollback[1]
end

local function begin(c)
  local opts = network.pair_options(c.n)
  opts.netns, opts.ifname = c.ns, c.r.ifname
  opts.id, opts.tag = require("zlnet.cni.identity").of(c.r.config.name, c.r.container, c.r.ifname)
  local begun, failed = failure.call(require("zlnet.attach").begin, opts, c.container)
  if begun then
    c.stack:push("detach", take_back, c, begun)
  end
  return begun, failed
end

-- Makes the attachment of the pair. Returns the gateways that routes without one of their own go through. choice: ip or
-- pool, in place of the result's addresses.
local function finish(c, begun, own, choice)
  table.move(c.n.routes, 1, #c.n.routes, #own.routes + 1, own.routes)
  local opts, gateways = network.address_options(c.n, own)
  local ok, failed = true, nil
  if c.n.is_gateway and c.n.mode == "bridge" then
    ok, failed = require("zlnet.cni.gateway").prepare(c.n, own)
  end
  if choice then
    opts.ip, opts.pool = choice.ip, choice.pool
  end
  if ok then
    c.a, failed = failure.call(begun.finish, begun, opts)
  end
  return c.a and gateways, failed
end

-- As the reference plugins: what takes the link down for a moment loses no address.
local function keep_addresses(c, own)
  for _, entry in ipairs(own.ips) do
    if entry.ip.family == "inet6" then
      core.sysctl_write(("net/ipv6/conf/%s/keep_addr_on_down"):format(c.r.ifname), "1", c.ns)
      return
    end
  end
end

local DAD_SECONDS = 10

-- Waits for what the kernel finds out about IPv6 addresses that others may have.
local function await_dad(c)
  local deadline, index = core.clock() + DAD_SECONDS, c.a.index
  repeat
    local rows, err = c.container:getaddrs { index = index, family = "inet6" }
    if not rows then
      return nil, failure.from(err)
    end
    local tentative = false
    for _, row in ipairs(rows) do
      local flags = row.index == index and row.flags or {}
      if flags.dadfailed then
        return nil, failure.new("other", ("address %s is in use by another"):format(row.address))
      end
      tentative = tentative or flags.tentative
    end
    if not tentative then
      return true
    end
    core.poll({}, 0.01)
  until core.clock() > deadline
  return nil, failure.new("again", "the kernel is still looking for others with the container's IPv6 addresses")
end

-- What an attachment does not make by itself.
local function complete(c, own, gateways)
  keep_addresses(c, own)
  local ok, failed = true, nil
  if c.n.dad then
    ok, failed = await_dad(c)
  end
  if ok then
    ok, failed = require("zlnet.cni.routes").add(c.container, c.a, own, gateways)
  end
  return ok, failed
end

-- Layer 3 with the addresses of a result.
local function address(c, begun, own)
  local gateways, failed = finish(c, begun, own)
  if not gateways then
    return nil, failed
  end
  return complete(c, own, gateways)
end

-- Layer 3 with an address of a pool. Which one is known when the attachment is made.
local function address_from_pool(c, begun)
  local pool = require "zlnet.cni.pool"
  local p, own = c.n.pool, { interfaces = {}, ips = {}, routes = {}, dns = {} }
  own.ips = p.stand_in
  local gateways, failed = finish(c, begun, own, { ip = p.ip or nil, pool = not p.ip and p.given or nil })
  if not gateways then
    return nil, failed
  end
  local ok
  own.ips = pool.ips(p, c.a.ip, own.routes)
  ok, failed = complete(c, own, gateways)
  return ok and own, failed
end

local function describe(c, own)
  local a, mtu = c.a, c.n.mtu
  if not mtu and request.at_least(c.r.version, "1.1.0") then
    local host <close> = core.open(nil)
    local link = host and host:getlink { index = a.host_index }
    mtu = link and link.mtu
  end
  own.interfaces = {
    { name = a.host_ifname, mac = a.host_mac, mtu = mtu },
    { name = a.ifname, mac = a.mac, mtu = mtu, sandbox = c.r.netns },
  }
  for _, entry in ipairs(own.ips) do
    entry.interface = 1
  end
  if next(c.n.dns) ~= nil then
    own.dns = c.n.dns
  end
end

-- The pair and what belongs to it. What is pushed first is taken back last: a bound IPAM plugin releases its address
-- through the pair, all others when it is gone.
local function run(c)
  local call, ok, failed = c.call, true, nil
  if c.n.mode == "bridge" then
    ok, failed = require("zlnet.cni.gateway").prepare(c.n)
  end
  if ok and call and not call.bound then
    c.stack:push("release the address", lease.release, c)
  end
  if ok and call and call.early then
    ok, failed = lease.ask(c)
  end
  local begun, own
  if ok then
    begun, failed = begin(c)
  end
  if begun and call and call.bound then
    c.stack:push("release the address", lease.release, c)
  end
  if begun and not c.n.pool then
    own, failed = lease.addresses(c)
  elseif begun then
    own, failed = address_from_pool(c, begun)
  end
  if not own then
    return nil, failed
  elseif c.a then
    ok = true
  elseif own.ips[1] then
    ok, failed = address(c, begun, own)
  else -- layer 2 alone
    c.a, failed = failure.call(begun.keep, begun)
    ok = c.a
  end
  if not ok then
    return nil, failed
  end
  describe(c, own)
  return own
end

---Makes an attachment with all that belongs to it. What is made is on the stack, also after a failure.
---@param c zlnet.cni.attachment.context
---@return zlnet.cni.result? own
---@return zlnet.cni.failure? failure
function attachment.make(c)
  local own, failed = run(c)
  if own and c.call then
    local content, why = c.call:finish(c.log)
    return content and own, why
  end
  return own, failed
end

return attachment
