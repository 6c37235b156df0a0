-- SPDX-License-Identifier: MIT
-- ADD: an address from the IPAM plugin, an attachment, its further routes, masquerading; or nothing of all that.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local identity = require "zlnet.cni.identity"
local ipam = require "zlnet.cni.ipam"
local owner = require "zlnet.owner"
local request = require "zlnet.cni.request"
local undo = require "zlnet.undo"

local add = {}

local HOST_PREFIX = { inet = 32, inet6 = 128 }

local function release(r, log)
  local ok, failed = ipam.call(r, log, "DEL")
  return ok, failed and { message = failed.msg .. (failed.details and ": " .. failed.details or "") }
end

-- What the IPAM plugin is still working at.
local function start_lease(r, stack, log)
  local name, wrong = ipam.type(r.config)
  if not name then
    return name, wrong
  end
  local child, missing = ipam.start(r, name)
  if child then
    stack:push("release the address", release, r, log) -- also when it fails: so the specification
  end
  return child, missing, name
end

local function finish_lease(child, name, log)
  local answer, failed = ipam.finish(child, name, log)
  if not answer then
    return nil, failed
  end
  local what = ("IPAM plugin '%s'"):format(name)
  local leased, unread = require("zlnet.cni.result").read(require("dkjson").decode(answer), what)
  if leased and not leased.ips[1] then
    return nil, failure.new("other", what .. " answered without an address")
  end
  return leased, unread
end

-- What is to be attached: the network, the result so far, the previous plugin's. The IPAM plugin takes longest, so it
-- is started first, and works while the rest is loaded and checked.
local function decide(r, stack, log)
  local child <close>, failed, name = start_lease(r, stack, log)
  if child == nil then
    return nil, failed
  end
  require "zlnet.attach"
  local network, result = require "zlnet.cni.network", require "zlnet.cni.result"
  local args, bad = request.arguments(r.args)
  if not args then
    return nil, bad
  end
  local n, broken = network.read(r.config, args)
  if not n then
    return nil, broken
  end
  local previous = nil
  if r.config.prevResult then
    previous, bad = result.read(r.config.prevResult, "prevResult")
    if not previous then
      return nil, bad
    end
  end
  local own, refused
  if child then
    own, refused = finish_lease(child, name, log)
  else
    own, refused = network.without_ipam(n)
  end
  return own and n, refused, own, previous
end

local DEFAULT_IPV6 = "net/ipv6/conf/default/disable_ipv6"

-- Runtimes switch IPv6 off in containers (docker does); an interface that gets an IPv6 address has to have it. What a
-- new interface starts with is changed for the moment in which it is made, and nothing else.
local function attach_with_ipv6(ns, opts)
  local off = ns:run(core.sysctl_read, DEFAULT_IPV6) == "1"
  if off then
    local ok, err = ns:run(core.sysctl_write, DEFAULT_IPV6, "0")
    if not ok then
      err.step = "switch IPv6 on in the container"
      return nil, failure.from(err)
    end
  end
  local attachment, failed = failure.call(require("zlnet.attach").attach, opts)
  if off then
    ns:run(core.sysctl_write, DEFAULT_IPV6, "1")
  end
  return attachment, failed
end

local function attach(ns, opts, r)
  opts.netns, opts.ifname, opts.on_exists = ns, r.ifname, "error"
  opts.id, opts.tag = identity.of(r.config.name, r.container, r.ifname)
  for _, ip in ipairs(opts.ip) do
    if ip:find(":", 1, true) then
      return attach_with_ipv6(ns, opts)
    end
  end
  return failure.call(require("zlnet.attach").attach, opts)
end

-- A route's operation. Without a next hop of its own it goes through its family's gateway, or straight to the link.
local function route_args(route, a, mode)
  local family, link = route.dst.family, route.scope ~= nil and route.scope ~= 0
  local gateway = route.gw or not link and a.gateway[family] or nil
  return {
    family = family,
    dst = route.dst.prefix > 0 and route.dst.address .. "/" .. route.dst.prefix or nil,
    gateway = gateway,
    oif = a.index,
    scope = route.scope or not gateway and family == "inet" and "link" or nil,
    table = route.table,
    priority = route.priority,
    metrics = (route.mtu or route.advmss) and { mtu = route.mtu, advmss = route.advmss } or nil,
    flags = gateway and mode == "routed" and { onlink = true } or nil,
  }
end

local function send(target, step, operations)
  if not operations[1] then
    return true
  end
  local handle <close>, err = core.open(target)
  if not handle then
    return nil, failure.from(err)
  end
  local batch = handle:batch()
  for _, operation in ipairs(operations) do
    batch[operation.op](batch, operation.args, "replace")
  end
  local results, failed = batch:send()
  if results and not failed then
    return true
  end
  err = results and results[failed] or failed
  err.step = step
  return nil, failure.from(err)
end

-- What attach does not do: routes of the IPAM plugin's, and the gateways of further addresses.
local function complete(ns, a, rest, own)
  local routes, gateways = {}, {}
  for i, route in ipairs(rest) do
    routes[i] = { op = "newroute", args = route_args(route, a, a.mode) }
  end
  for _, entry in ipairs(a.mode == "routed" and own.ips or {}) do
    local family = entry.ip.family
    if entry.gateway ~= a.gateway[family] then
      gateways[#gateways + 1] = { op = "newaddr", args = {
        index = a.host_index, ["local"] = entry.gateway, prefixlen = HOST_PREFIX[family],
        scope = family == "inet" and "link" or nil, flags = family == "inet6" and { nodad = true } or nil,
      } }
    end
  end
  local ok, failed = send(nil, "add the gateway's address to the host end", gateways)
  if ok then
    ok, failed = send(ns, "add the container's routes", routes)
  end
  return ok, failed
end

local function describe(r, n, a, own)
  local mtu = n.mtu
  if not mtu and request.at_least(r.version, "1.1.0") then
    local host <close> = core.open(nil)
    local link = host and host:getlink { index = a.host_index }
    mtu = link and link.mtu
  end
  own.interfaces = {
    { name = a.host_ifname, mac = a.host_mac, mtu = mtu },
    { name = a.ifname, mac = a.mac, mtu = mtu, sandbox = r.netns },
  }
  for _, entry in ipairs(own.ips) do
    entry.interface = 1
  end
  if next(n.dns) ~= nil then
    own.dns = n.dns
  end
end

-- An interface that is there already is an error before anything is asked for: taking the answer back would give its
-- address to somebody else.
local function check_free(ns, r)
  local own <close> = core.netns.open(nil)
  if own == ns then
    return nil, failure.new("environment", "CNI_NETNS is the node's own namespace", r.netns)
  end
  local id, tag = identity.of(r.config.name, r.container, r.ifname)
  local places = { { ns, r.ifname, "in the container" }, { nil, owner.host_name({ id = id }, tag), "on the node" } }
  for i = 1, 2 do
    local target, ifname, where = places[i][1], places[i][2], places[i][3]
    local handle <close>, err = core.open(target)
    if not handle then
      return nil, failure.from(err)
    end
    local link, gone = handle:getlink { ifname = ifname }
    if link then
      return nil, failure.new("other", ("interface '%s' exists already %s"):format(ifname, where))
    elseif gone.kind ~= "not_found" then
      return nil, failure.from(gone)
    end
  end
  return true
end

-- Everything between the namespace that is open and the result that is whole.
local function run(r, ns, stack, log)
  local free, taken = check_free(ns, r)
  if not free then
    return nil, taken
  end
  local n, failed, own, previous = decide(r, stack, log)
  if not n then
    return nil, failed
  end
  local network = require "zlnet.cni.network"
  table.move(n.routes, 1, #n.routes, #own.routes + 1, own.routes)
  local opts, rest = network.attach_options(n, own)
  local a
  a, failed = attach(ns, opts, r)
  if not a then
    return nil, failed
  end
  stack:push("detach", function()
    return require("zlnet.detach").detach(a)
  end)
  local ok
  ok, failed = complete(ns, a, rest, own)
  if ok and n.masquerade then
    ok, failed = require("zlnet.cni.masquerade").add(opts.id, own.ips)
  end
  if not ok then
    return nil, failed
  end
  describe(r, n, a, own)
  return require("zlnet.cni.result").append(previous, own)
end

-- What could not be taken back belongs to the answer.
local function with_rollback(failed)
  local details = { failed.details }
  for _, err in ipairs(failed.rollback or {}) do
    details[#details + 1] = ("could not %s: %s"):format(err.step, err.message or tostring(err))
  end
  return { code = failed.code, msg = failed.msg, details = details[1] and table.concat(details, "; ") }
end

---Attaches a container as a request says.
---@param r zlnet.cni.request
---@param log fun(text: string) for what delegated plugins write to standard error
---@return string? text the result as JSON
---@return zlnet.cni.failure? failure nothing is left then
function add.run(r, log)
  local ns <close>, err = core.netns.open(r.netns)
  if not ns then
    return nil, failure.new("environment", "CNI_NETNS: " .. err, r.netns)
  end
  local stack <close> = undo.new()
  local done, failed = run(r, ns, stack, log)
  if not done then
    stack:fail(failed)
    return nil, with_rollback(failed)
  end
  stack:commit()
  return require("zlnet.cni.result").format(done, r.version)
end

return add
