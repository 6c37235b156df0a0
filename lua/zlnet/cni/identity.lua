-- SPDX-License-Identifier: MIT
-- How CNI's attachments (network, container id, interface name) are called in owner's records:
-- `cni/<network>/<container>/<16 hex digits>`, at most 54 bytes, so that the record has room for the addresses. The
-- digits are a hash of all three; what stands before them is for people, and for telling networks apart.

local owner = require "zlnet.record.names"

local fmt = string.format

local identity = {}

local SHOWN = 16

-- A name that is too long keeps its beginning. CNI's names have no '~', so a cut one equals no other.
local function segment(name)
  if #name <= SHOWN then
    return name
  end
  return fmt("%s~%08x", name:sub(1, SHOWN - 9), owner.hash(name) >> 32)
end

local function hash(network, container, ifname)
  return owner.hash(fmt("%d:%s%d:%s%d:%s", #network, network, #container, container, #ifname, ifname))
end

---What the ids of all attachments of a network begin with, and those of no other network.
---@param network string
---@return string prefix
function identity.prefix(network)
  return "cni/" .. segment(network) .. "/"
end

---@param network string the network's name
---@param container string CNI_CONTAINERID
---@param ifname string CNI_IFNAME
---@return string id the owner's id
---@return string tag two hexadecimal digits, which make equal names of two host ends less likely
function identity.of(network, container, ifname)
  local h = hash(network, container, ifname)
  return fmt("%s%s/%016x", identity.prefix(network), segment(container), h), fmt("%02x", h & 255)
end

return identity
