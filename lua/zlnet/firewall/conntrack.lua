-- SPDX-License-Identifier: MIT
-- Tracked connections that outlive what they were translated for: an address or a port of another container would get
-- their packets, of UDP as long as they keep coming.

local publish = require "zlnet.firewall.publish"

local conntrack = {}

local PROTOCOLS = { tcp = 6, udp = 17, sctp = 132 }
local KEYS = { "family", "tuple_orig", "tuple_reply", "id" }
local ADDRESS = { inet = "v4_src", inet6 = "v6_src" }
local TUPLES = { orig = "tuple_orig", reply = "tuple_reply" }

-- Deletes one connection at a time, of those in a list of all.
local function delete_each(nft, family, matches)
  local list, err = nft:getconntracks({ family = family }, KEYS)
  if not list then
    return nil, err
  end
  for _, c in ipairs(list) do
    if matches(c) then
      local ok, refused = nft:delconntrack { family = family, tuple_orig = c.tuple_orig, id = c.id }
      if not ok and refused.code ~= "ENOENT" then
        return nil, refused
      end
    end
  end
  return true
end

-- Kernels without connection tracking have nothing to forget.
local NONE = { EOPNOTSUPP = true, ENOENT = true, EPROTONOSUPPORT = true }

local function each(nft, family, matches)
  local ok, err = delete_each(nft, family, matches)
  return ok or NONE[err.code] or err.code == "EINVAL" or nil, err
end

-- By a filter of the kernel's; before 6.9 it has none for deleting.
local function delete(nft, filter, matches)
  local ok, err = nft:delconntrack(filter)
  if ok or NONE[err.code] then
    return true
  elseif err.code ~= "EINVAL" then
    return nil, err
  end
  return each(nft, filter.family, matches)
end

-- A filter of IPv6 addresses means all but those (Linux 6.18 and before: the comparison is the wrong way round).
local function of_address(nft, family, address, direction)
  local key, tuple = ADDRESS[family], TUPLES[direction]
  local function matches(c)
    return c[tuple] and c[tuple].tuple_ip[key] == address
  end
  if family == "inet6" then
    return each(nft, family, matches)
  end
  return delete(nft, {
    family = family, [tuple] = { tuple_ip = { [key] = address } },
    filter = { [direction .. "_flags"] = { ip_src = true } },
  }, matches)
end

---Forgets every connection from or to some addresses.
---@param nft table
---@param ips zlnet.addr.ip[]
---@return true? ok
---@return zlnet.error? err
function conntrack.forget(nft, ips)
  for _, ip in ipairs(ips) do
    for direction in pairs(TUPLES) do
      local ok, err = of_address(nft, ip.family, ip.address, direction)
      if not ok then
        return nil, err
      end
    end
  end
  return true
end

local function of_ports(nft, family, p)
  local number = PROTOCOLS[p.protocol]
  local last = p.host_port + p.count - 1
  local function matches(c)
    local proto = c.tuple_orig and c.tuple_orig.tuple_proto
    local port = proto and proto.num == number and proto.dst_port
    return port and port >= p.host_port and port <= last
  end
  if p.count > 1 then
    return each(nft, family, matches)
  end
  return delete(nft, {
    family = family, tuple_orig = { tuple_proto = { num = number, dst_port = p.host_port } },
    filter = { orig_flags = { proto_num = true, proto_dst_port = true } },
  }, matches)
end

---Forgets what has gone to the published UDP ports of an attachment so far: a sender that goes on would not reach it.
---@param nft table
---@param a table attachment: ip, publish
---@return true? ok
---@return zlnet.error? err
function conntrack.forget_ports(nft, a)
  for _, p in ipairs(a.publish) do
    for _, family in ipairs(p.protocol == "udp" and { "inet", "inet6" } or {}) do
      if (not p.family or p.family == family) and publish.target(a, family) then
        local ok, err = of_ports(nft, family, p)
        if not ok then
          return nil, err
        end
      end
    end
  end
  return true
end

return conntrack
