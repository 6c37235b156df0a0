-- SPDX-License-Identifier: MIT
-- ADD: an address from the IPAM plugin, an attachment, its further routes, masquerading; or nothing of all that.
-- The IPAM plugin takes longest, so it is started first. While it works modules are loaded and the pair is made.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local ipam = require "zlnet.cni.ipam"
local request = require "zlnet.cni.request"

local add = {}

-- The address that the IPAM plugin leased. The answer is used as soon as it is whole; the plugin's end is waited for
-- only where it can't be used, because it tells why.
local function leased(call, log)
  local answer, failed = call:answer()
  if answer == nil then
    return nil, failed
  end
  local what, own, unread = ("IPAM plugin '%s'"):format(call.name), nil, nil
  if answer then
    own, unread = require("zlnet.cni.result").read(answer, what)
  end
  if own and own.ips[1] then
    return own
  end
  local ok, ended = call:finish(log)
  if not ok then
    return nil, ended
  elseif not answer then
    return nil, failure.new("decode", what .. " answered with no JSON object", call:words())
  end
  return nil, unread or failure.new("other", what .. " answered without an address", call:words())
end

-- What is to be attached: the network, and the previous plugin's result if there is one.
local function read(r, log)
  local args, bad = request.arguments(r.args)
  if not args then
    return nil, bad
  end
  local n, broken = require("zlnet.cni.network").read(r.config, args)
  if not n then
    return nil, broken
  elseif n.unknown[1] then
    log(("zlnet-cni: unknown keys of the network configuration: %s\n"):format(table.concat(n.unknown, ", ")))
  end
  local previous
  if r.config.prevResult then
    previous, bad = require("zlnet.cni.result").read(r.config.prevResult, "prevResult")
    if not previous then
      return nil, bad
    end
  end
  return n, nil, previous
end

-- As the reference plugins: what takes the link down for a moment loses no address.
local function keep_addresses(ns, ifname)
  ns:run(core.sysctl_write, ("net/ipv6/conf/%s/keep_addr_on_down"):format(ifname), "1")
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
local function check_free(container, r)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, failure.from(err)
  end
  local id, tag = require("zlnet.cni.identity").of(r.config.name, r.container, r.ifname)
  for _, place in ipairs { { container, r.ifname, "in the container" },
    { host, require("zlnet.record.names").host_name({ id = id }, tag), "on the node" } } do
    local link, gone = place[1]:getlink { ifname = place[2] }
    if link then
      return nil, failure.new("other", ("interface '%s' exists already %s"):format(place[2], place[3]))
    elseif gone.kind ~= "not_found" then
      return nil, failure.from(gone)
    end
  end
  return true
end

-- The addresses, from the plugin or from the request.
local function addresses(n, call, log)
  if not call then
    return require("zlnet.cni.network").without_ipam(n)
  end
  require "zlnet.cni.routes" -- while there is time
  return leased(call, log)
end

-- What attach has to know of the addresses, when it asks; what they need beside it is made.
local function learn(n, own)
  table.move(n.routes, 1, #n.routes, #own.routes + 1, own.routes)
  local opts, gateways = require("zlnet.cni.network").address_options(n, own)
  local ok, failed = true, nil
  if n.is_gateway and n.mode == "bridge" then
    ok, failed = require("zlnet.cni.gateway").prepare(n, own)
  end
  return ok and opts, failed or gateways
end

local function has_ipv6(own)
  for _, entry in ipairs(own.ips) do
    if entry.ip.family == "inet6" then
      return true
    end
  end
  return false
end

local DAD_SECONDS = 10

-- Waits for what the kernel finds out about IPv6 addresses that others may have.
local function await_dad(container, a)
  local deadline = core.clock() + DAD_SECONDS
  repeat
    local rows, err = container:getaddrs { index = a.index, family = "inet6" }
    if not rows then
      return nil, failure.from(err)
    end
    local tentative
    for _, row in ipairs(rows) do
      if row.index == a.index and row.flags.dadfailed then
        return nil, failure.new("other", ("address %s is in use by another"):format(row.address))
      end
      tentative = tentative or row.index == a.index and row.flags.tentative and row.address
    end
    if not tentative then
      return true
    end
    core.poll({}, 0.01)
  until core.clock() > deadline
  return nil, failure.new("again", "the kernel is still looking for others with the container's IPv6 addresses")
end

-- The pair, made while the IPAM plugin works, and the addresses that it gets.
local function attach(r, ns, container, n, call, log)
  local opts = require("zlnet.cni.network").pair_options(n)
  opts.netns, opts.ifname = ns, r.ifname
  opts.id, opts.tag = require("zlnet.cni.identity").of(r.config.name, r.container, r.ifname)
  local begun <close>, failed = failure.call(require("zlnet.attach").begin, opts, container)
  if not begun then
    return nil, failed
  end
  local own, more, gateways, a
  own, failed = addresses(n, call, log)
  if own then
    more, gateways = learn(n, own)
    failed = gateways
  end
  if not more then
    begun:abandon(failed)
    return nil, failed
  end
  a, failed = failure.call(begun.finish, begun, more)
  if a and has_ipv6(own) then
    keep_addresses(ns, r.ifname)
  end
  return a, failed, own, gateways
end

-- The attachment with all that belongs to it, as a result.
local function make(r, ns, container, stack, n, call, log)
  local ok, failed = true, nil
  if n.mode == "bridge" then
    ok, failed = require("zlnet.cni.gateway").prepare(n)
  end
  if not ok then
    return nil, failed
  end
  local a, broken, own, gateways = attach(r, ns, container, n, call, log)
  if not a then
    return nil, broken
  end
  stack:push("detach", function()
    return require("zlnet.cleanup.detach").detach(a)
  end)
  if n.dad then
    ok, failed = await_dad(container, a)
  end
  if ok then
    ok, failed = require("zlnet.cni.routes").add(container, a, own, gateways)
  end
  if ok and n.masquerade then
    stack:push("take masquerading away", function()
      return require("zlnet.cni.masquerade").remove(function(id)
        return id == a.id
      end)
    end)
    ok, failed = require("zlnet.cni.masquerade").add(a.id, own.ips)
  end
  if not ok then
    return nil, failed
  end
  describe(r, n, a, own)
  return own
end

-- The same with an IPAM plugin that runs, or with none.
local function lease(r, ns, container, stack, n, call, log)
  if not call then
    return make(r, ns, container, stack, n, nil, log)
  end
  stack:push("release the address", ipam.call, r, log, "DEL") -- also when it fails: so the specification
  local told, unwritten = call:tell(r.text)
  if not told then
    return nil, unwritten
  end
  local own, failed = make(r, ns, container, stack, n, call, log)
  -- also where that failed: the plugin must be through before it is asked to release the address
  local content, why = call:finish(log)
  return content and own, failed or why
end

-- Everything between the namespace that is open and the result that is whole. The IPAM plugin hears what it is to do
-- when nothing is in the way any more; until then it is busy with its own start.
local function run(r, ns, stack, call, log)
  local container <close>, no_socket = core.open(ns)
  if not container then
    return nil, failure.from(no_socket)
  end
  local free, taken = check_free(container, r)
  if not free then
    return nil, taken
  end
  local n, wrong, previous = read(r, log)
  if not n then
    return nil, wrong
  end
  local own, failed = lease(r, ns, container, stack, n, call, log)
  if not own then
    return nil, failed
  end
  return require("zlnet.cni.result").append(previous, own)
end

-- What could not be taken back belongs to the answer.
local function with_rollback(failed)
  local details = { failed.details }
  for _, err in ipairs(failed.rollback or {}) do
    details[#details + 1] = ("could not %s: %s"):format(err.step, err.message or err.msg or tostring(err))
  end
  return { code = failed.code, msg = failed.msg, details = details[1] and table.concat(details, "; ") }
end

---Attaches a container as a request says.
---@param r zlnet.cni.request
---@param log fun(text: string) for what delegated plugins write to standard error
---@return string? text nothing more to say: the result is written before it stands
---@return zlnet.cni.failure? failure nothing is left then
function add.run(r, log)
  local call <close>, none = ipam.begin(r)
  if call == nil then
    return nil, none
  end
  local ns <close>, err = core.netns.open(r.netns)
  if not ns then
    return nil, failure.new("environment", "CNI_NETNS: " .. err, r.netns)
  end
  local here <close> = core.netns.open(nil)
  if here == ns then
    return nil, failure.new("environment", "CNI_NETNS is the node's own namespace", r.netns)
  end
  local stack <close> = require("zlnet.undo").new()
  local done, failed = run(r, ns, stack, call, log)
  if not done then
    stack:fail(failed)
    return nil, with_rollback(failed)
  end
  local told, unwritten = r.deliver(require("zlnet.cni.result").format(done, r.version))
  if not told then -- a runtime that knows of no attachment would not have it deleted
    stack:fail(unwritten)
    return nil, with_rollback(unwritten)
  end
  stack:commit()
  return ""
end

return add
