-- SPDX-License-Identifier: MIT
-- Mode bridge: the bridge, and what makes the node the gateway of the containers on it (isGateway).

local addr = require "zlnet.addr"
local bridge = require "zlnet.bridge"
local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"

local gateway = {}

local ATTEMPTS = 5

local FORWARDING = { inet = "net/ipv4/ip_forward", inet6 = "net/ipv6/conf/all/forwarding" }

local function forward(families)
  for family in pairs(families) do
    local value, err = core.sysctl_read(FORWARDING[family])
    if value == "0" then
      value, err = core.sysctl_write(FORWARDING[family], "1")
    end
    if not value then
      err.step = "switch forwarding on"
      return nil, failure.from(err)
    end
  end
  return true
end

local function text_of(row)
  return ("%s/%d"):format(row["local"] or row.address, row.prefixlen)
end

-- Whether an address of the bridge is left from another configuration: another one of IPv4, and of IPv6 one whose
-- subnet overlaps. That of another range of the same configuration is not.
local function is_stale(row, wanted, subnets)
  local address = row["local"] or row.address
  for _, subnet in ipairs(subnets) do
    if addr.contains(subnet.address, subnet.prefix, address) then
      return false
    end
  end
  return row.family == "inet" or addr.contains(wanted.address, wanted.prefix, address)
    or addr.contains(address, row.prefixlen, wanted.address)
end

-- Makes room for an address as the bridge plugin does: what contradicts it is an error, or goes with forceAddress.
local function make_room(n, host, rows, index, wanted)
  local text = wanted.address .. "/" .. wanted.prefix
  for _, row in ipairs(rows) do
    local there = text_of(row)
    if row.index == index and row.family == wanted.family and there ~= text and is_stale(row, wanted, n.subnets) then
      if not n.force_address then
        return nil, failure.new("config", ("bridge '%s' has the address %s, not %s"):format(n.bridge, there, text),
          "with forceAddress it would be replaced")
      end
      local ok, err = host:deladdr { index = index, ["local"] = row["local"] or row.address, prefixlen = row.prefixlen }
      if not ok and err.code ~= "EADDRNOTAVAIL" then
        err.step = "replace the bridge's address"
        return nil, failure.from(err)
      end
    end
  end
  return true
end

-- Before the bridge gets addresses. A bridge that is not there has none.
local function make_all_room(n, wanted)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, failure.from(err)
  end
  local link, missing = host:getlink { ifname = n.bridge }
  if not link then
    return missing.kind == "not_found" or nil, failure.from(missing)
  end
  local rows, unread = host:getaddrs { index = link.index }
  if not rows then
    return nil, failure.from(unread)
  end
  for _, ip in ipairs(wanted) do
    local ok, failed = make_room(n, host, rows, link.index, ip)
    if not ok then
      return nil, failed
    end
  end
  return true
end

-- What the configuration asks of the bridge besides. As the bridge plugin: filtering is switched on for a new one only.
local function set_up(n, made)
  local args = { index = made.index, flags = n.promisc and { promisc = true } or nil,
    linkinfo = n.vlan and made.created and { kind = "bridge", data = { vlan_filtering = 1 } } or nil }
  if not args.flags and not args.linkinfo then
    return true
  end
  local host <close>, err = core.open(nil)
  local ok = host
  if host then
    ok, err = host:setlink(args)
  end
  if not ok then
    err.step = args.linkinfo and "let the bridge filter by VLAN" or "make the bridge promiscuous"
    return nil, failure.from(err)
  end
  return true
end

-- Where another ADD at the same time is quicker with the bridge, or with its address, it is there then.
local function make(opts)
  local made, err
  for _ = 1, ATTEMPTS do
    local ran
    ran, made, err = pcall(bridge.bridge, opts)
    if not ran then
      return nil, failure.new("config", tostring(made):match "bad option.*" or tostring(made))
    elseif made or err.code ~= "EEXIST" then
      break
    end
  end
  return made, err and failure.from(err)
end

---Makes or confirms the bridge. A bridge is shared: it stays when a container goes, and when attaching one fails.
---@param n zlnet.cni.network
---@param own zlnet.cni.result? its addresses' gateways become the bridge's, where the node is to be the gateway
---@return true? ok
---@return zlnet.cni.failure? failure
function gateway.prepare(n, own)
  local wanted, ips, seen, families = {}, {}, {}, {}
  for _, entry in ipairs(n.is_gateway and own and own.ips or {}) do
    local text = entry.gateway .. "/" .. entry.ip.prefix
    if not seen[text] then
      seen[text], families[entry.ip.family], ips[#ips + 1] = true, true, text
      wanted[#ips] = addr.parse(text)
    end
  end
  local ok, failed = true, nil
  if ips[1] then
    ok, failed = make_all_room(n, wanted)
  end
  local made
  if ok then
    made, failed = make { name = n.bridge, ip = ips[1] and ips }
  end
  if made then
    ok, failed = set_up(n, made)
  end
  if not ok or not made then
    return nil, failed
  end
  return forward(families)
end

return gateway
