-- SPDX-License-Identifier: MIT
-- GC: whatever of a network belongs to none of the attachments that the runtime calls valid.

local attachments = require "zlnet.record.attachments"
local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local identity = require "zlnet.cni.identity"
local ipam = require "zlnet.cni.ipam"

local collect = {}

-- libcni sends both keys: until it was corrected the specification called the list as the second does, and there are
-- runtimes that keep to that.
local KEYS = { "cni.dev/valid-attachments", "cni.dev/attachments" }

-- Adds the ids of a list's attachments to a set. With an entry that cannot be read, nothing is known to be stale.
local function read(list, key, network, valid)
  if type(list) ~= "table" or #list == 0 and next(list) ~= nil then
    return nil, failure.new("config", key .. " is no list")
  end
  for i, entry in ipairs(list) do
    if type(entry) ~= "table" or type(entry.containerID) ~= "string" or type(entry.ifname) ~= "string" then
      return nil, failure.new("config", ("%s[%d] has no containerID and ifname"):format(key, i - 1))
    end
    valid[identity.of(network, entry.containerID, entry.ifname)] = true
  end
  return true
end

-- The ids of all valid attachments. A list that is missing is an empty one: libcni leaves it out.
local function valid_ids(r)
  local valid = {}
  for _, key in ipairs(KEYS) do
    local list = r.config[key]
    if list ~= nil then
      local ok, unread = read(list, key, r.config.name, valid)
      if not ok then
        return nil, unread
      end
    end
  end
  return valid
end

-- Detach what is stale, all at once.
local function detach(is_stale)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, failure.from(err)
  end
  local all, lost = host:getlinks()
  if not all then
    return nil, failure.from(lost)
  end
  local stale = {}
  for _, candidate in ipairs(attachments.among(all)) do
    local id = candidate.record and candidate.record.id
    if id and is_stale(id) then
      stale[#stale + 1] = { id = id }
    end
  end
  local ok, left = require("zlnet.cleanup.detach").detach(stale)
  if not ok then
    return nil, failure.from(left)
  end
  return true
end

-- What attachments that are gone left in the firewall's sets, whatever the configuration says now. Returns the failure.
local function sweep_firewall()
  local host <close>, err = core.open(nil)
  local n = host
  if host then
    n, err = require("zlnet.firewall.stale").sweep(host)
  end
  return not n and failure.from(err) or nil
end

---Takes away what is stale of a network: attachments, masquerading, addresses. Goes on after a failure.
---@param r zlnet.cni.request
---@param log fun(text: string)
---@return string? text empty: GC has no result
---@return zlnet.cni.failure? failure the first, with all others in its details
function collect.run(r, log)
  local valid, unread = valid_ids(r)
  if not valid then
    return nil, unread
  end
  local prefix = identity.prefix(r.config.name)
  local function is_stale(id)
    return id:sub(1, #prefix) == prefix and not valid[id]
  end
  local failures = {}
  local _, left = detach(is_stale)
  failures[1] = left
  failures[#failures + 1] = sweep_firewall()
  local _, rules = require("zlnet.cni.old_rules").remove(is_stale)
  failures[#failures + 1] = rules
  local _, kept = ipam.call(r, log)
  failures[#failures + 1] = kept
  local failed = failure.join(failures)
  return not failed and "" or nil, failed
end

return collect
