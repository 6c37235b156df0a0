-- SPDX-License-Identifier: MIT
-- What may help a person after an error: which capability is missing, which kernel feature is not there.

local hint = {}

-- Bits of capabilities(7).
local CAPABILITIES = { CAP_NET_ADMIN = 12, CAP_NET_RAW = 13, CAP_SYS_PTRACE = 19, CAP_SYS_ADMIN = 21 }

---The effective capabilities of this process among those that zlnet can need.
---@return table<string, boolean>? has nil where /proc does not tell
function hint.capabilities()
  local file = io.open "/proc/self/status"
  local text = file and file:read "a"
  if file then
    file:close()
  end
  local effective = text and text:match "CapEff:%s*(%x+)"
  if not effective then
    return nil
  end
  local bits, has = math.tointeger(tonumber(effective, 16)), {}
  for name, bit in pairs(CAPABILITIES) do
    has[name] = bits & 1 << bit ~= 0
  end
  return has
end

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
  local has = hint.capabilities() or {}
  local missing
  if err.kind == "io" or err.op == "setns" then -- looking at a process, entering a namespace, writing a sysctl
    missing = lacks(has, "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE")
  else
    missing = lacks(has, "CAP_NET_ADMIN")
  end
  if missing then
    return ("this process lacks %s: run it as root, or in a namespace of its own (unshare -Urn)"):format(missing)
  end
  return "this process has the capabilities, but the namespace belongs to a user namespace in which they do not count"
end

local BY_CODE = {
  EPERM = not_permitted,
  EACCES = not_permitted,
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
