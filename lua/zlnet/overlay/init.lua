-- SPDX-License-Identifier: MIT
-- overlay: a device whose forwarding entries, neighbours, routes and allowed IPs are what a list of peers says. The
-- list is given as a whole; what differs in the kernel is put right, and nothing else is touched.

local argument = require "zlnet.argument"
local core = require "zlnet.core"
local device = require "zlnet.overlay.device"
local options = require "zlnet.options"
local overlay_options = require "zlnet.overlay.options"
local sync = require "zlnet.overlay.sync"

local overlay = {}

---@class zlnet.overlay.object
---@field name string the device's
---@field kind "vxlan"|"wireguard"
---@field mtu integer? of the device; nil before the first sync
---@field src table<"inet"|"inet6", string> this node's own addresses in the overlay, the first of each family
---@field package o table checked options
---@field package host table handle of the namespace that the overlay is in; nil when closed
---@field package ns table the namespace
---@field package genl zlnet.genl? of kind wireguard
---@field package index integer? the device's
---@field package underlay table? the underlay's device: `index`, `mtu`
---@field package checked table<string, table> checked peers of the latest list, by what they were given as
---@field package list table[]? the latest list, checked
---@field package peers table<string, table>? those of it that were made true, by key; nil before the first sync
---@field package wanted table? what that list takes, of differences.wanted
---@field package last table? of the latest list what differences.wanted found
---@field package good table? how the kernel's tables looked when all was as it should be
---@field package held table? rows that stay as they are
---@field package watcher table? see watch.lua
local Overlay = {}
Overlay.__index = Overlay

local function check_open(self, name)
  if not self.host then
    error(("bad argument #1 to '%s' (closed overlay)"):format(name), 3)
  end
end

---@class zlnet.overlay.synced
---@field added string[] peers (`node`, of wireguard `public_key`) of which nothing was there
---@field changed string[] peers of which something was there, or which gave a subnet to another
---@field removed string[] peers that are no longer in the list
---@field mended string[] peers, and the device's name, of which an outsider had changed something since the latest sync
---@field failed zlnet.error[] with `peer`: of these nothing was changed

---Makes the kernel's tables what the list says. What is missing is made, what differs is replaced, what is too many
---goes (of forwarding entries and neighbours all that are on the device; of routes and addresses those with our
---protocol number, 122); what is as it should be is not touched. All or nothing for each peer. A subnet that two peers
---want is the first one's; the other peer is refused, and what it has stays. The same list again changes nothing.
---
---Equal, for each peer of kind vxlan, to `bridge fdb replace MAC dev NAME dst NODE self permanent`, `ip neigh replace
---VTEP lladdr MAC dev NAME nud permanent`, `ip route add SUBNET via [inet6] VTEP dev NAME proto 122 onlink`. Source:
---bridge(8), Documentation/networking/vxlan.rst.
---@param peers zlnet.overlay.peer[] all of them, this node excepted
---@return zlnet.overlay.synced? result
---@return zlnet.error? err the device could not be made, or the kernel not be asked; then nothing was changed
function Overlay:sync(peers)
  check_open(self, "sync")
  local list, checked = overlay_options.peers("sync", self.kind, peers, self.checked)
  local todo, err = sync.run(self, list)
  if not todo then
    return nil, err
  end
  self.checked = checked
  if self.watcher then
    self.watcher:synced(todo)
  end
  return todo.result
end

local Plan = {}

function Plan:__tostring()
  return require("zlnet.overlay.shell").script(self)
end

---What sync would do now, as data. Changes nothing.
---@param peers zlnet.overlay.peer[]
---@return { ops: table[], failed: zlnet.error[] }? plan each of `ops` with `what`, `how`, `key`, `peer` and the equal
---`command`; tostring makes a script of them
---@return zlnet.error? err
function Overlay:plan(peers)
  check_open(self, "plan")
  local list = overlay_options.peers("plan", self.kind, peers, self.checked)
  local todo, err = sync.decide(self, list)
  if not todo then
    return nil, err
  end
  return setmetatable({ ops = require("zlnet.overlay.shell").ops(todo, self.o), failed = todo.failed }, Plan)
end

---What the kernel has, as data that sync takes.
---@return { name: string, kind: string, mtu: integer, ip: string[], peers: table[] }? shown nil without
---an error: there is no such device
---@return zlnet.error? err
function Overlay:show()
  check_open(self, "show")
  local link, err = device.find(self)
  if not link then
    return nil, err
  end
  return require("zlnet.overlay.show").of(self.host, self.ns, link)
end

---What went through the device, and of wireguard to and from each peer.
---@return table? stats `rx_bytes`, `tx_bytes`, `rx_packets`, `tx_packets`, `rx_dropped`, `tx_dropped`, `peers`: by key
---`endpoint`, `last_handshake`, `rx_bytes`, `tx_bytes`, as far as the kernel counts them
---@return zlnet.error? err also when there is no such device
function Overlay:stats()
  check_open(self, "stats")
  return require("zlnet.overlay.show").stats(self)
end

---Deletes the device and all that is on it. Nothing is left. The object may be used again.
---@return boolean? ok true also when there was none
---@return zlnet.error? err a device of that name is not ours, …
function Overlay:delete()
  check_open(self, "delete")
  local ok, err = device.delete(self)
  if not ok then
    return nil, err
  end
  for _, name in ipairs { "index", "peers", "list", "wanted", "held", "last", "good" } do
    self[name] = nil
  end
  return true
end

-- The pollable ------------------------------------------------------------------------------------------------------

-- Listening begins with the first question about it.
local function watcher_of(self, name)
  if not self.host then
    error(("bad argument #1 to '%s' (closed overlay)"):format(name), 3)
  end
  if not self.watcher then
    local w, err = require("zlnet.overlay.watch").new(self)
    if not w then
      return nil, err
    end
    self.watcher = w
  end
  return self.watcher
end

---The descriptor that becomes readable when there may be something to put right; also `fd` and `getfd`. Listening
---begins with the first call of this, `timeout` or `next`.
---@return integer? fd
---@return zlnet.error? err
function Overlay:pollfd()
  local w, err = watcher_of(self, "pollfd")
  if not w then
    return nil, err
  end
  return w:pollfd()
end
Overlay.fd, Overlay.getfd = Overlay.pollfd, Overlay.pollfd

---@return "r" events
function Overlay:events()
  check_open(self, "events")
  return "r"
end

---@return number? seconds after which next has something to do
function Overlay:timeout()
  local w = watcher_of(self, "timeout")
  return w and w:timeout()
end

---The next event, after putting right what differs from the latest list. A table with `event`:
---`mended` (an outsider's change was put right), `failed` (with `error`: it was not; it is tried again), `overrun`
---(announcements were lost; all is compared). The first has `what` (`"link"`, `"addr"`, `"fdb"`, `"neigh"`,
---`"route"`, `"peer"`, `"allowedips"`), `how` (`"added"`, `"changed"`, `"removed"`: what the outsider did), `key`,
---`peer`, `expected` and `found`.
---@param seconds number? how long to wait for one; 0: not at all; nil: for ever
---@return table? event nil when the time is over
---@return zlnet.error? err
function Overlay:next(seconds)
  if seconds ~= nil and (type(seconds) ~= "number" or seconds ~= seconds) then
    error("bad argument #1 to 'next' (seconds: a number expected)", 2)
  end
  local w, err = watcher_of(self, "next")
  if not w then
    return nil, err
  end
  return w:next(seconds)
end

---A loop of its own: calls f with every event, until it returns something true.
---@param f fun(event: table): any
---@return any ... what f returned; or nil and an error
function Overlay:run(f)
  while true do
    local event, err = self:next()
    if not event then
      return nil, err
    end
    local done = f(event)
    if done then
      return done
    end
  end
end

---Stops listening and closes the sockets; the device stays. Idempotent; also by `<close>` and the collector.
function Overlay:close()
  for _, name in ipairs { "watcher", "genl", "ns", "host" } do
    if self[name] then
      self[name]:close()
      self[name] = nil
    end
  end
end
Overlay.__close = Overlay.close

-- Making one --------------------------------------------------------------------------------------------------------

---An overlay of the calling thread's namespace. Nothing is made before the first sync.
---@param opts zlnet.overlay.options
---@return zlnet.overlay.object? overlay to be closed
---@return zlnet.error? err
function overlay.overlay(opts)
  local o = options.check("overlay", overlay_options.overlay, opts)
  local self = setmetatable({ name = o.name, kind = o.kind, mtu = o.mtu, src = {}, o = o, checked = {} }, Overlay)
  for _, ip in ipairs(o.ip or {}) do
    self.src[ip.family] = self.src[ip.family] or ip.address
  end
  local err
  self.host, err = core.open(nil)
  if self.host then
    self.ns, err = core.netns.open(nil)
  end
  if not self.ns then
    self:close()
    return nil, err
  end
  return self
end

---Deletes an overlay of the calling thread's namespace by its device's name, as `overlay:delete` does.
---@param name string
---@return boolean? ok true also when there was none
---@return zlnet.error? err a device of that name is not ours, …
function overlay.delete_overlay(name)
  argument.check("delete_overlay", 1, "name", argument.ifname, name)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  return device.delete { o = { name = name }, host = host }
end

---The overlays of the calling thread's namespace, as their devices' marks tell.
---@return table[]? list of what `show` gives
---@return zlnet.error? err
function overlay.overlays()
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local links
  links, err = host:getlinks(nil, { "index", "ifname", "ifalias", "mtu", "address", "linkinfo" })
  if not links then
    return nil, err
  end
  local list = {}
  for _, link in ipairs(links) do
    if device.overlay_of(link) == link.ifname then
      list[#list + 1], err = require("zlnet.overlay.show").of(host, nil, link)
      if err then
        return nil, err
      end
    end
  end
  return list
end

return overlay
