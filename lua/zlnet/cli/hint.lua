-- SPDX-License-Identifier: MIT
-- What may help a person after an error: which capability is missing, which kernel feature is not there.

local probe = require "zlnet.probe"

local hint = {}

local function lacks(has, ...)
  local list = {}
  for _, name in ipairs { ... } do
    if not has[name] then
      list[#list + 1] = name
    end
  end
  return #list > 0 and table.concat(list, " and ") or nil
end

local function not_permitted(err)
  local has = probe.capabilities() or {}
  local missing
  -- looking at a process, entering or making a namespace, writing a sysctl
  if err.kind == "io" or err.op == "setns" or err.op == "unshare" then
    missing = lacks(has, "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE")
  else
    missing = lacks(has, "CAP_NET_ADMIN")
  end
  if missing then
    return ("this process lacks %s: run it as root, or in a namespace of its own (unshare -Urn)"):format(missing)
  end
  return "this process has the capabilities, but the namespace belongs to a user namespace in which they do not count"
end

-- The kernel's netlink says EPERM for what is not permitted. EACCES of a new address has one reason.
local function no_access(err)
  if err.kind ~= "netlink" then
    return not_permitted(err)
  elseif err.op == "newaddr" then
    return "IPv6 is switched off there: net.ipv6.conf.all.disable_ipv6 or that of the link is 1"
  end
end

local BY_CODE = {
  EPERM = not_permitted,
  EACCES = no_access,
  EOPNOTSUPP = function(err)
    if err.op == "newlink" then
      return "this kernel may lack the kind of link: try `modprobe veth`, or CONFIG_VETH"
    end
  end,
  ESRCH = function()
    return "no such process in this pid namespace: it may have ended, or its pid may be another namespace's"
  end,
}

---@param err zlnet.error
---@return string? text nil when there is nothing to add
function hint.of(err)
  local f = BY_CODE[err.code]
  return f and f(err)
end

return hint
