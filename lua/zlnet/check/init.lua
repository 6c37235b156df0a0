-- SPDX-License-Identifier: MIT
-- check: what attach made, held against what is there now. What should be there is decided by the same plan that made
-- it.

local argument = require "zlnet.argument"
local container = require "zlnet.check.container"
local core = require "zlnet.core"
local differences = require "zlnet.check.differences"
local facts = require "zlnet.check.facts"
local modes = require "zlnet.attach.modes"
local plan = require "zlnet.attach.plan"

local check = {}

-- Where the kernel makes the container end's link-local address, which one it is is the kernel's business.
local function makes_no_link_local(link)
  local inet6 = link.af_spec and link.af_spec.inet6
  return inet6 and inet6.addr_gen_mode == "none" or false
end

---The gateways that were asked for: an attachment has those in use.
function check.asked_gateways(a)
  local usual, asked = plan.gateways { mode = a.mode, ip = a.ip }, {}
  for family, address in pairs(a.gateway or {}) do
    asked[family] = usual[family] ~= address and address or nil
  end
  return next(asked) and asked or nil
end

-- The plan that makes the attachment. The record has not the container end's MAC: then it is taken as it is.
local function plan_of(a, f)
  local inside, o = f.container and f.container.link, {}
  for key, value in pairs(a) do
    o[key] = value
  end
  o.gateway = check.asked_gateways(a)
  o.mac = a.mac or inside and inside.address
  o.nodad = not inside or makes_no_link_local(inside)
  return (a.ip[1] and plan.build or plan.port)(o, a)
end

---What of it differs, and what there is.
---@param a zlnet.attachment
---@param host table handle of the node's namespace
---@param ns table? handle of the container's namespace, nil when it cannot be found
---@param policy zlnet.differences.policy?
---@return zlnet.differences.list? list
---@return zlnet.facts|zlnet.error facts to be closed; the error, when something could not be looked at
function check.look(a, host, ns, policy)
  if not modes[a.mode] then
    return nil, core.error { kind = "io", code = "ENOTSUP", op = "check",
      message = ("mode '%s' is one of another version of zlnet"):format(a.mode) }
  end
  local f, err = facts.gather(a, host, ns)
  if not f then
    return nil, err
  end
  local p, reason = plan_of(a, f)
  if not p then
    f:close()
    return nil, core.error { kind = "io", code = "E2BIG", op = "check", message = reason }
  end
  local list = differences.of(a, f, p, policy)
  if f.err then
    f:close()
    return nil, f.err
  end
  return list, f
end

---Every difference of an attachment.
---@param a zlnet.attachment
---@param host table handle of the node's namespace
---@param ns table? handle of the container's namespace, nil when it cannot be found
---@return zlnet.difference[]? differences
---@return zlnet.error? err
function check.differences(a, host, ns)
  local list, f = check.look(a, host, ns)
  if not list then
    return nil, f
  end
  f:close()
  return table.move(list, 1, #list, 1, {})
end

---A rule: what attach or attachments returned, also when it was saved as text in between.
function check.attachment(a)
  if type(a) ~= "table" or math.type(a.host_index) ~= "integer" or not argument.ifname(a.host_ifname)
    or not argument.ifname(a.ifname) or not argument.tag(a.tag) or not (a.pid or a.id) or type(a.ip) ~= "table" then
    return nil, "an attachment expected"
  end
  return a
end

---Lists every difference between what attach made and what is there now; an empty list when there is none. A container
---whose process is gone is looked for by its namespace, among the named ones and those of all processes.
---
---Equal to reading `ip link`, `ip addr`, `ip route`, `ip neigh` on the node and in the container, and comparing.
---@param attachment zlnet.attachment of attach or attachments, also when it was saved as text in between
---@param target any? where the container's namespace is, as core.open takes it; nil: where the attachment says
---@return zlnet.difference[]? differences
---@return zlnet.error? err when something could not be looked at
function check.check(attachment, target)
  argument.check("check", 1, "attachment", check.attachment, attachment)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local ns <close>, unseen = container.container(attachment, host, target)
  if not ns and unseen then
    return nil, unseen
  end
  local list
  list, err = check.differences(attachment, host, ns)
  return list, err
end

return check
