-- SPDX-License-Identifier: MIT
-- The overlay's device: found by its name and the mark on it, compared with what it is to be, made. The mark is its
-- alias, `zlnet/1 overlay=NAME`.

local core = require "zlnet.core"
local overlay_options = require "zlnet.overlay.options"

local fmt = string.format

local device = {}

local KEYS = { "index", "ifname", "ifalias", "flags", "mtu", "address", "linkinfo", "af_spec" }
local MARK = "zlnet/1 overlay="

---The line that marks a device as an overlay of ours.
---@param name string
---@return string ifalias
function device.mark(name)
  return MARK .. name
end

---The overlay whose mark a link bears.
---@param link table
---@return string? name
function device.overlay_of(link)
  local text = link.ifalias
  return text and text:sub(1, #MARK) == MARK and text:sub(#MARK + 1) or nil
end

-- What packets grow by: Ethernet 14, UDP 8, vxlan 8, and the outer IP header; wireguard: UDP 8, its own 32.
local OVERHEAD = { vxlan = { inet = 50, inet6 = 70 }, wireguard = { inet = 60, inet6 = 80 } }

local function step(err, text)
  err.step = err.step or text
  return nil, err
end

-- Where packets to the peers leave the node: the named link, that of the route to the first peer, that of our address.
local function underlay(self, peers)
  local o, host = self.o, self.host
  if o.link then
    return host:getlink({ ifname = o.link }, { "mtu", "index" })
  end
  local first = peers[1] and (peers[1].node or peers[1].endpoint and peers[1].endpoint.address)
  local index
  if first then
    local route = host:getroute({ dst = first }, { "oif", "type" })
    index = route and route.type == "unicast" and route.oif or nil
  end
  if not index and o["local"] then
    local rows, err = host:getaddrs({ family = o["local"]:find(":", 1, true) and "inet6" or "inet" },
      { "index", "local", "address" })
    if not rows then
      return nil, err
    end
    for _, row in ipairs(rows) do
      index = (row["local"] or row.address) == o["local"] and row.index ~= 1 and row.index or index
    end
  end
  if not index or index == self.index then
    return nil
  end
  return host:getlink({ index = index }, { "mtu", "index" })
end

-- The widest outer header among those that packets may get.
local function outer_family(o, peers)
  if o.kind == "vxlan" then
    return o["local"]:find(":", 1, true) and "inet6" or "inet"
  end
  for _, p in ipairs(peers) do
    if not p.endpoint or p.endpoint.address:find(":", 1, true) then
      return "inet6" -- also where the peer says only later where it is
    end
  end
  return peers[1] and "inet" or "inet6"
end

---The device's MTU: what was asked for, or what the underlay leaves; nil while no underlay is known.
---@param self zlnet.overlay.object
---@param peers table[] checked
---@return integer? mtu
---@return zlnet.error? err
function device.mtu(self, peers)
  if self.o.mtu then
    return self.o.mtu
  end
  local link, err = underlay(self, peers)
  if not link then
    return nil, err
  end
  self.underlay = link
  local mtu = link.mtu - OVERHEAD[self.o.kind][outer_family(self.o, peers)]
  if mtu < overlay_options.LEAST_MTU then
    return nil, core.error { kind = "netlink", code = "EMSGSIZE", op = "sync",
      message = fmt("the underlay leaves an MTU of %d, and IPv6 needs %d", mtu, overlay_options.LEAST_MTU) }
  end
  return mtu
end

---The device as the kernel has it.
---@param self zlnet.overlay.object
---@return table|false|nil link false: there is none of that name
---@return zlnet.error? err also when it is not ours
function device.find(self)
  local o = self.o
  local link, err = self.host:getlink({ ifname = o.name }, KEYS)
  if not link then
    if err.kind == "not_found" then
      return false
    end
    return step(err, "look for the overlay's device")
  end
  -- an outsider may have changed the alias of the device that we made
  if device.overlay_of(link) ~= o.name and link.index ~= self.index then
    err = core.error { kind = "netlink", code = "EEXIST", op = "newlink",
      message = fmt("'%s' exists already, and is not an overlay of ours", o.name) }
    err.link = o.name
    return step(err, "look for the overlay's device")
  end
  return link
end

local function data_of(o)
  if o.kind ~= "vxlan" then
    return nil
  end
  local v6 = o["local"]:find(":", 1, true)
  return { id = o.id, ["local"] = not v6 and o["local"] or nil, local6 = v6 and o["local"] or nil, port = o.port,
    learning = false, link = o.link, udp_zero_csum6_rx = v6 and true or nil }
end

-- What cannot be changed of a device that is there.
local function is_another(o, link)
  local info = link.linkinfo or {}
  local data, wanted = info.data or {}, data_of(o) or {}
  return info.kind ~= o.kind or data.id ~= wanted.id or data["local"] ~= wanted["local"] or
    data.local6 ~= wanted.local6 or data.port ~= wanted.port
end

-- An index of our choice: the request that marks the device cannot hit another of its name.
local function free_index()
  return 0x10000000 | core.random() & 0x0fffffff
end

local UP = { up = true }
local NO_LINK_LOCAL = { inet6 = { addr_gen_mode = "none" } }

local function op(call, args, undo_call, undo_args, how, expected, found)
  return { call = call, args = args, undo_call = undo_call, undo_args = undo_args, what = "link", how = how,
    expected = expected, found = found, device = true }
end

-- All in one datagram: a device without its mark is never seen.
local function make(self, mtu)
  local o, index = self.o, free_index()
  return {
    op("newlink", { index = index, ifname = o.name, address = o.mac, mtu = mtu,
      linkinfo = { kind = o.kind, data = data_of(o) } }, "dellink", { index = index }, "removed", o.name),
    op("setlink", { index = index, ifalias = device.mark(o.name), af_spec = NO_LINK_LOCAL }),
    op("setlink", { index = index, flags = UP }),
  }, index
end

---What is to be done to the device.
---@param self zlnet.overlay.object
---@param link table|false as device.find gave it
---@param mtu integer?
---@return table[] ops
---@return integer index the device's, afterwards
---@return boolean made whether it is made anew
function device.differences(self, link, mtu)
  local o = self.o
  local ops, index = {}, link and link.index
  if link and is_another(o, link) then
    ops[1] = op("dellink", { index = link.index }, nil, nil, "changed", o.kind, link.linkinfo and link.linkinfo.kind)
    link = false
  end
  if not link then
    local list
    list, index = make(self, mtu)
    return table.move(list, 1, #list, #ops + 1, ops), index, true
  end
  local function set(args, key, expected, found, undo)
    args.index = index
    ops[#ops + 1] = op("setlink", args, undo and "setlink", undo, "changed", key .. " " .. tostring(expected),
      key .. " " .. tostring(found))
  end
  if link.ifalias ~= device.mark(o.name) then
    set({ ifalias = device.mark(o.name) }, "alias", device.mark(o.name), link.ifalias)
  end
  if o.mac and link.address ~= o.mac then
    set({ address = o.mac }, "address", o.mac, link.address, { index = index, address = link.address })
  end
  if mtu and link.mtu ~= mtu then
    set({ mtu = mtu }, "mtu", mtu, link.mtu, { index = index, mtu = link.mtu })
  end
  local data = link.linkinfo.data or {}
  if data.learning then
    set({ linkinfo = { kind = o.kind, data = { learning = false } } }, "learning", false, true)
  end
  local inet6 = link.af_spec and link.af_spec.inet6 or {}
  if inet6.addr_gen_mode ~= "none" and inet6.addr_gen_mode ~= nil then
    set({ af_spec = NO_LINK_LOCAL }, "addrgenmode", "none", inet6.addr_gen_mode)
  end
  if not link.flags.up then
    set({ flags = UP }, "state", "up", "down", { index = index, flags = { up = false } })
  end
  return ops, index, false
end

local DISABLED = "net/ipv6/conf/%s/disable_ipv6"

---Sees to it that the device speaks IPv6, which next hops of both families are of.
---@param self zlnet.overlay.object
---@return boolean? ok
---@return zlnet.error? err
function device.speak_ipv6(self)
  local key = fmt(DISABLED, self.o.name)
  local value = self.ns:run(core.sysctl_read, key)
  if value ~= "1" then
    return true
  end
  local ok, err = self.ns:run(core.sysctl_write, key, "0")
  if not ok then
    return step(err, "switch IPv6 on for the overlay's device")
  end
  return true
end

---Deletes the device, and with it all that is on it.
---@param self { o: { name: string }, host: table, index: integer? }
---@return boolean? ok true also when it is not there
---@return zlnet.error? err also when it is not ours
function device.delete(self)
  local link, err = device.find(self)
  if not link then
    return link == false or nil, err
  end
  local ok
  ok, err = self.host:dellink { index = link.index }
  if not ok and err.code ~= "ENODEV" then
    return step(err, "delete the overlay's device")
  end
  return true
end

return device
