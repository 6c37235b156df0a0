-- SPDX-License-Identifier: MIT
-- Where ADD's addresses come from: the IPAM plugin, told what to do at the right moment, or the runtime itself.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local ipam = require "zlnet.cni.ipam"
local network = require "zlnet.cni.network"

local lease = {}

---Gives back what the IPAM plugin may have leased, also when it failed: so the specification. It is through by then.
---@param c zlnet.cni.attachment.context
---@return true? ok
---@return zlnet.cni.failure? failure
function lease.release(c)
  if not c.told then
    return true
  end
  c.call:finish(c.log)
  c.call:close()
  return ipam.call(c.r, c.log, "DEL")
end

local CARRIER_SECONDS = 1

-- A bound plugin speaks through the interface at once: it is up, and the host end hears it. A plugin that finds it down
-- tries again after seconds. The host end is a port of a bridge, which speaks no IPv6 of its own.
local function bring_up(c)
  local id, tag = require("zlnet.cni.identity").of(c.r.config.name, c.r.container, c.r.ifname)
  local ifname = require("zlnet.record.names").host_name({ id = id }, tag)
  local host <close>, err = core.open(nil)
  local ok = host
  if host and c.n.mode == "bridge" then
    core.sysctl_write(("net/ipv6/conf/%s/disable_ipv6"):format(ifname), "1")
  end
  if host then
    ok, err = c.container:setlink { ifname = c.r.ifname, flags = { up = true } }
  end
  if not ok then
    return nil, failure.from(err)
  end
  local deadline = core.clock() + CARRIER_SECONDS
  repeat
    local link = host:getlink({ ifname = ifname }, { "operstate" })
    core.poll({}, 0.001)
  until not link or link.operstate == "up" or core.clock() > deadline
  return true
end

---Tells the IPAM plugin what to do.
---@param c zlnet.cni.attachment.context
---@return true? ok
---@return zlnet.cni.failure? failure
function lease.ask(c)
  local ok, failed = true, nil
  if c.call.bound then
    ok, failed = bring_up(c)
  end
  if not ok then
    return nil, failed
  end
  c.told = true
  return c.call:tell(c.r.text)
end

-- The address that the IPAM plugin leased. The answer is used as soon as it is whole; the plugin's end is waited for
-- only where it can't be used, because it tells why.
local function leased(c)
  local call = c.call
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
  local ok, ended = call:finish(c.log)
  if not ok then
    return nil, ended
  elseif not answer then
    return nil, failure.new("decode", what .. " answered with no JSON object", call:words())
  end
  return nil, unread or failure.new("other", what .. " answered without an address", call:words())
end

---The addresses, from the plugin or from the request. The plugin is asked now, unless it was before.
---@param c zlnet.cni.attachment.context
---@return zlnet.cni.result? own
---@return zlnet.cni.failure? failure
function lease.addresses(c)
  if not c.call then
    return network.without_ipam(c.n)
  end
  if not c.told then
    local told, unwritten = lease.ask(c)
    if not told then
      return nil, unwritten
    end
  end
  require "zlnet.cni.routes" -- while there is time
  return leased(c)
end

return lease
