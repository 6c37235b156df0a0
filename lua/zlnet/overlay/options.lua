-- SPDX-License-Identifier: MIT
-- What an overlay and its peers may be: pure checks, nothing is asked of the kernel.

local addr = require "zlnet.addr"
local argument = require "zlnet.argument"
local core = require "zlnet.core"
local options = require "zlnet.options"
local owner = require "zlnet.record.names"

local fmt, type = string.format, type

local overlay_options = {}

---Below this the kernel takes IPv6 from a link, and with it the next hops of both families.
overlay_options.LEAST_MTU = 1280

-- An address as text, without a length. What is surely one host's needs no second look.
local function address(value)
  if type(value) == "string" and value:find "^[1-9]%d?%." and core.network(value) == value .. "/32" then
    return value
  end
  local ip, why = argument.address(value)
  if ip and not addr.is_unicast(ip.address) then
    return nil, fmt("'%s' is not the address of one host", ip.address)
  end
  return ip and ip.address, why
end

-- Addresses, or none.
local function ips(value)
  if type(value) == "table" and next(value) == nil then
    return {}
  end
  return argument.ips(value)
end

---A WireGuard key: 32 bytes in base64. The reason never shows the text.
---@return string? key, string? reason
local function key(value)
  if type(value) ~= "string" or #value ~= 44 or not value:find "^[A-Za-z0-9+/]+[AEIMQUYcgkosw048]=$" then
    return nil, "32 bytes in base64 expected"
  end
  return value
end

---The family of an address in its canonical text.
---@param text string
---@return "inet"|"inet6"
function overlay_options.family(text)
  return text:find(":", 1, true) and "inet6" or "inet"
end

---@class zlnet.overlay.options
---@field name string the device's name, 1–15 bytes
---@field kind ("vxlan"|"wireguard")? "vxlan"
---@field ip (string|string[])? this node's own addresses in the overlay; a length is ignored, each stands alone
---@field mtu integer? of the device, bytes, 1280–65535; what the underlay leaves
---@field link string? the underlay's device, where the MTU is to come from another than the route to the first peer
---@field local string? vxlan, required: this node's address in the underlay
---@field id integer? vxlan: the network's id, 1–16777215; 1
---@field port integer? vxlan: UDP, 1–65535; 4789
---@field mac string? vxlan: unicast; derived from `local`, as the peers derive it
---@field private_key string? wireguard, required: base64
---@field listen_port integer? wireguard: UDP, 0–65535; the kernel's choice
---@field fwmark integer? wireguard: of what leaves, 0–4294967295; 0

local VXLAN = { "local", "id", "port", "mac" }
local WIREGUARD = { "private_key", "listen_port", "fwmark" }

local function only(o, names)
  for _, name in ipairs(names) do
    if o[name] ~= nil then
      return name, fmt("has no use with kind '%s'", o.kind)
    end
  end
end

local function relate(o)
  local wrong, why
  if o.kind == "vxlan" then
    wrong, why = only(o, WIREGUARD)
    if not wrong and not o["local"] then
      return "local", "required with kind 'vxlan'"
    elseif not wrong then
      o.id, o.port = o.id or 1, o.port or 4789
      o.mac = o.mac or overlay_options.mac(o["local"])
    end
  else
    wrong, why = only(o, VXLAN)
    if not wrong and not o.private_key then
      return "private_key", "required with kind 'wireguard'"
    end
  end
  if o.mtu and o.mtu < overlay_options.LEAST_MTU then
    return "mtu", fmt("IPv6 needs at least 1280, got %d", o.mtu)
  end
  for _, ip in ipairs(o.ip or {}) do
    ip.prefix = addr.host_prefix[ip.family]
  end
  return wrong, why
end

---The options of zlnet.overlay.
---@type zlnet.options.spec
overlay_options.overlay = options.spec({
  { "name", argument.ifname, required = true },
  { "kind", argument.one_of("vxlan", "wireguard"), "vxlan" },
  { "ip", ips },
  { "mtu", argument.integer(1, 65535) },
  { "link", argument.ifname },
  { "local", address },
  { "id", argument.integer(1, 16777215) },
  { "port", argument.integer(1, 65535) },
  { "mac", argument.mac },
  { "private_key", key },
  { "listen_port", argument.integer(0, 65535) },
  { "fwmark", argument.integer(0, 4294967295) },
}, relate)

---The MAC of a node's end: made of its underlay address, so every node knows it without asking.
---@param text string an address in its canonical text
---@return string mac locally administered, unicast; of IPv6 addresses 40 bits of a hash
function overlay_options.mac(text)
  local bytes, family = addr.bytes(text)
  if family == "inet" then
    return fmt("0a:58:%02x:%02x:%02x:%02x", bytes:byte(1, 4))
  end
  local h = owner.hash(bytes)
  return fmt("0e:%02x:%02x:%02x:%02x:%02x", h >> 32 & 255, h >> 24 & 255, h >> 16 & 255, h >> 8 & 255, h & 255)
end

---The next hop behind which a MAC is: the link-local address made of it (RFC 4291, EUI-64).
---@param mac string
---@return string vtep canonical text
function overlay_options.vtep(mac)
  local a, b, c, d, e, f = mac:match "(%x+):(%x+):(%x+):(%x+):(%x+):(%x+)"
  return core.address(string.pack(">I2I6BBBBBBBB", 0xfe80, 0, tonumber(a, 16) ~ 2, tonumber(b, 16), tonumber(c, 16),
    0xff, 0xfe, tonumber(d, 16), tonumber(e, 16), tonumber(f, 16)))
end

-- "192.0.2.7:51820" or "[2001:db8::7]:51820"
local function endpoint(value)
  local host, port = nil, nil
  if type(value) == "string" then
    host, port = value:match "^%[(.+)%]:(%d+)$"
    if not host then
      host, port = value:match "^([%d.]+):(%d+)$"
    end
  end
  local canonical = host and address(host)
  port = tonumber(port)
  if not canonical or port < 1 or port > 65535 then
    return nil, "ADDRESS:PORT or [ADDRESS]:PORT expected"
  end
  return { address = canonical, port = math.tointeger(port),
    text = fmt(canonical:find(":", 1, true) and "[%s]:%d" or "%s:%d", canonical, port) }
end

-- A list of networks; their host bits are cleared.
local function subnets(value)
  if type(value) == "string" then
    value = { value }
  elseif type(value) ~= "table" then
    return nil, "a list of networks expected"
  end
  local list, seen = {}, {}
  for i = 1, #value do
    local text, family
    if type(value[i]) == "string" then
      text, family = core.network(value[i])
    end
    if not text then
      local _, why = addr.parse(value[i])
      return nil, fmt("[%d]: %s", i, why or "not a network")
    end
    if seen[text] then
      return nil, fmt("'%s' is there twice", text)
    end
    seen[text], list[i] = true, { text = text, family = family }
  end
  return list
end

---@class zlnet.overlay.peer
---@field node string? its address in the underlay; required with kind vxlan
---@field subnets (string|string[])? networks behind it, `"10.201.2.0/24"`, `"fd00:201:2::/64"`
---@field mac string? vxlan: unicast; derived from `node`
---@field public_key string? wireguard, required: base64; it is what tells the peer from others
---@field endpoint string? wireguard: `"192.0.2.2:51820"`, `"[2001:db8::2]:51820"`; `node`'s port 51820 without it
---@field persistent_keepalive integer? wireguard: seconds, 0–65535; 0 is off
---@field preshared_key string? wireguard: base64

-- Each field's rule, by kind; all values of a peer are strings, numbers or lists of strings.
local FIELDS = {
  vxlan = { node = address, subnets = subnets, mac = argument.mac },
  wireguard = {
    node = address, subnets = subnets, public_key = key, endpoint = endpoint, preshared_key = key,
    persistent_keepalive = argument.integer(0, 65535),
  },
}
local REQUIRED = { vxlan = "node", wireguard = "public_key" }

-- Whether a peer is given in the same words as the one that was checked: then it needs no second look.
local function is_known(p, given)
  local before, n = p.given, 0
  for name, value in next, given do
    local old = before[name]
    if value ~= old then
      if name ~= "subnets" or type(value) ~= "table" or type(old) ~= "table" or #value ~= #old then
        return false
      end
      for i = 1, #old do
        if value[i] ~= old[i] then
          return false
        end
      end
    end
    n = n + 1
  end
  return n == before.fields
end

-- The words in which it was given, and how many fields they are.
local function words_of(given)
  local words, n = {}, 0
  for name, value in next, given do
    words[name] = name == "subnets" and type(value) == "table" and table.move(value, 1, #value, 1, {}) or value
    n = n + 1
  end
  words.fields = n
  return words
end

-- MAC and next hop of a node, as mac and vtep make them; of IPv4, which lists of thousands are of, at once.
local function derived(node)
  local a, b, c, d = node:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$"
  if not a then
    return overlay_options.mac(node)
  end
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  return fmt("0a:58:%02x:%02x:%02x:%02x", a, b, c, d), fmt("fe80::858:%x:%x:%x", a << 8 | 0xff, 0xfe00 | b, c << 8 | d)
end

local function check_peer(kind, given)
  local rules, p = FIELDS[kind], { subnets = {} }
  for name, value in next, given do
    if not rules[name] then
      return nil, fmt("%s: unknown", tostring(name))
    end
    local why
    p[name], why = rules[name](value)
    if p[name] == nil then
      return nil, fmt("%s: %s", name, why)
    end
  end
  if not p[REQUIRED[kind]] then
    return nil, REQUIRED[kind] .. ": required"
  end
  p.key = p[REQUIRED[kind]]
  if kind == "vxlan" then
    if not p.mac then
      p.mac, p.vtep = derived(p.node)
    end
    p.vtep = p.vtep or overlay_options.vtep(p.mac)
  elseif p.node and not p.endpoint then
    p.endpoint = endpoint(fmt(p.node:find(":", 1, true) and "[%s]:51820" or "%s:51820", p.node))
  end
  return p
end

---Checks a list of peers. Raises naming the peer and its field; nothing is asked of the kernel.
---@param fname string the public function
---@param kind "vxlan"|"wireguard"
---@param list any what the caller gave
---@param known table<string, table> checked peers of an earlier list, by what tells them apart as it was given
---@return table[] peers checked
---@return table<string, table> known those of this list
function overlay_options.peers(fname, kind, list, known)
  local function wrong(why)
    error(fmt("bad argument #1 to '%s' (%s)", fname, why), 4)
  end
  if type(list) ~= "table" then
    wrong("a list of peers expected, got " .. type(list))
  end
  local peers, kept, n, required = {}, {}, #list, REQUIRED[kind]
  for name in next, list do
    if math.type(name) ~= "integer" or name < 1 or name > n then
      wrong(fmt("a list of peers expected, got a table with '%s'", tostring(name)))
    end
  end
  for i = 1, n do
    local given = list[i]
    if type(given) ~= "table" then
      wrong(fmt("peers[%d]: a table expected, got %s", i, type(given)))
    end
    local name = given[required]
    local p, why = name ~= nil and known[name] or nil
    if not p or not is_known(p, given) then
      p, why = check_peer(kind, given)
      if not p then
        wrong(fmt("peers[%d].%s", i, why))
      end
      p.given = words_of(given)
    end
    peers[i], kept[name] = p, p
  end
  return peers, kept
end

return overlay_options
