-- SPDX-License-Identifier: MIT
-- What attach makes of the kernel's refusals.

local conflict = require "zlnet.attach.conflict"
local operations = require "zlnet.attach.operations"

local refusal = {}

-- The plan once more where what was in the way is gone now.
local function replace(self, p, first)
  local what, answer = conflict.settle(p, self.o, self.handles, first)
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
local function with_ipv6(self, first)
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
  first.message = ("IPv6 is switched off for the link, and net.ipv6.conf.%s.disable_ipv6 cannot be set to 0 in the"
    .. " container: %s"):format(self.o.ifname, err.message or err.code)
  first.rollback = err.rollback
  return nil, first
end

-- Whether an address is taken already.
local function is_taken(a, err)
  return not a and err.code == "EEXIST" and (err.op == "newroute" or err.op == "newlinkprop")
end

local ORPHANS = 3 -- containers of one address that may have ended right before

-- The plan once more where an orphan's pair had the address.
local function take_over(self, p, err)
  local a
  for _ = 1, ORPHANS do
    if not conflict.clear(p, self.o, self.handles, err) then
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

---Does what may be done about the kernel's refusal: the former attachment of the same owner goes, IPv6 is switched on.
---What stays is explained.
---@param self zlnet.attach.session
---@param p zlnet.plan what could not be carried out
---@param err zlnet.error the refusal
---@return zlnet.attachment? attachment
---@return zlnet.error? err
function refusal.answer(self, p, err)
  local a
  if err.code == "EEXIST" and err.op == "newlink" then
    a, err = replace(self, p, err)
  end
  if not a and is_ipv6_off(err) then
    local replaced = err.replaced
    a, err = with_ipv6(self, err)
    if not a then
      err.replaced = replaced
    end
  end
  if is_taken(a, err) then
    a, err = take_over(self, p, err)
  end
  if is_taken(a, err) then
    conflict.explain(p, self.handles, err)
  end
  return a, err
end

return refusal
