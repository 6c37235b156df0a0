-- SPDX-License-Identifier: MIT
-- Tables of options: what a function accepts is a list of rows, and one function checks any table against any list.

local addr = require "zlnet.addr"
local argument = require "zlnet.argument"
local fields = require "zlnet.record.fields"
local line = require "zlnet.record.line"

local fmt, type = string.format, type

local options = {}

---@class zlnet.options.row
---@field [1] string the option's name
---@field [2] fun(value: any): any, string? its rule, see argument.lua
---@field [3] any its default
---@field required boolean?

---@class zlnet.options.spec: zlnet.options.row[]
---@field known table<string, integer> of each option's row
---@field required integer[] numbers of the rows that are
---@field blank fun(): table the defaults, with room for every option: a table that grows costs more than all the rules
---@field relate fun(o: table): string?, string? what must hold between options: nil, or the name of a wrong one and why

---Makes a list of rows ready for check.
---@param rows zlnet.options.row[]
---@param relate nil|fun(o: table): string?, string? may also complete the table
---@return zlnet.options.spec
function options.spec(rows, relate)
  local known, required, defaults = {}, {}, {}
  for i, row in ipairs(rows) do
    known[row[1]], defaults[i] = i, fmt("[%q] = %q", row[1], row[3])
    required[#required + 1] = row.required and i or nil
  end
  rows.known, rows.required, rows.relate = known, required, relate
  rows.blank = load("return { " .. table.concat(defaults, ", ") .. " }")
  return rows
end

-- The number of single-character edits between two words.
local function distance(a, b)
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + same)
    end
  end
  return row[#b]
end

---The name that a mistyped one may be meant to be.
---@param given any
---@param rows table[] each with its name first
---@return string? name nil where none is near
---@return integer distance how many letters differ, 0 to 2
function options.nearest(given, rows)
  local best, best_distance = nil, 3
  if type(given) == "string" and #given <= 40 then
    for _, row in ipairs(rows) do
      local d = distance(given:lower(), row[1]:lower())
      if d < best_distance and d < #row[1] then
        best, best_distance = row[1], d
      end
    end
  end
  return best, best_distance
end

local function unknown(fname, spec, given)
  local best = options.nearest(given, spec)
  local hint = best and fmt(" (did you mean '%s'?)", best) or ""
  return fmt("bad option '%s' to '%s': unknown%s", tostring(given), fname, hint)
end

-- The options that are the table's own, and those which its metatable gives.
local function with_inherited(spec, given)
  local all = {}
  for name, value in next, given do
    all[name] = value
  end
  for i = 1, #spec do
    local name = spec[i][1]
    all[name] = given[name]
  end
  return all
end

---Checks a table of options. Raises naming the option and the function: `bad option 'mtu' to 'attach': …`.
---@param fname string the public function
---@param spec zlnet.options.spec
---@param given any what the caller gave
---@param level integer? whose line the error names: 2 (default) is the caller of the function that calls this one
---@return table options a new table: values in their normal form, defaults filled in
function options.check(fname, spec, given, level)
  level = (level or 2) + 1
  if type(given) ~= "table" then
    error(fmt("bad argument #1 to '%s' (a table of options expected, got %s)", fname, type(given)), level)
  end
  if getmetatable(given) ~= nil then
    given = with_inherited(spec, given)
  end
  local known, out, first, why = spec.known, spec.blank(), nil, nil
  for name, value in next, given do
    local i = known[name]
    if not i then
      error(unknown(fname, spec, name), level)
    end
    local checked, reason = spec[i][2](value)
    if checked ~= nil then
      out[name] = checked
    elseif not first or i < first then
      first, why = i, reason
    end
  end
  for _, i in ipairs(spec.required) do
    if given[spec[i][1]] == nil and (not first or i < first) then
      first, why = i, "required"
    end
  end
  local wrong = first and spec[first][1]
  if not wrong and spec.relate then
    wrong, why = spec.relate(out)
  end
  if wrong then
    error(fmt("bad option '%s' to '%s': %s", wrong, fname, why), level)
  end
  return out
end

-- An object of zlnet.overlay that has been synced.
local function overlay(value)
  if type(value) ~= "table" or type(value.src) ~= "table" then
    return nil, "an overlay expected, got " .. type(value)
  elseif not value.mtu then
    return nil, "it has no MTU before its first sync"
  end
  return value
end

-- What an attachment has of its overlay, where the caller says nothing else.
local function complete_from_overlay(o)
  o.mtu = o.mtu or o.overlay.mtu
  if o.src or o.mode == "bridge" then
    return
  end
  for _, ip in ipairs(o.ip) do
    local address = o.overlay.src[ip.family]
    if address then
      o.src = o.src or {}
      o.src[ip.family] = address
    end
  end
end

-- attach ------------------------------------------------------------------------------------------------------------

---The on-link gateways of mode `routed`, where the caller names none.
options.routed_gateway = { inet = "169.254.1.1", inet6 = "fe80::1" }

local DEFAULT_PREFIX = {
  routed = addr.host_prefix,
  direct = { inet = 24, inet6 = 64 },
  bridge = { inet = 24, inet6 = 64 },
}

-- An address by family must go with an address of the container, and differ from it.
local function relate_to_ips(o, name, families)
  local given = o[name]
  for family, address in next, given or {} do
    if not families[family] then
      return name, fmt("'%s' has another family than every ip", address)
    end
    for _, ip in ipairs(o.ip) do
      if ip.address == address then
        return name, fmt("'%s' is the container's own address", address)
      end
    end
  end
end

local function relate_gateway(o, families)
  if o.mode == "routed" then
    return
  elseif o.mode == "direct" then
    return o.gateway and "gateway", "has no use in mode 'direct'"
  elseif not o.default_route then
    return o.gateway and "gateway", "has no use with default_route = false"
  end
  for family in next, families do
    local gateway = o.gateway and o.gateway[family]
    if not gateway then
      return "gateway", fmt("an %s address is required in mode 'bridge' (or default_route = false)", family)
    end
    local reached = addr.contains("fe80::", 10, gateway)
    for _, ip in ipairs(o.ip) do
      reached = reached or addr.contains(ip.address, ip.prefix, gateway)
    end
    if not reached then
      return "gateway", fmt("'%s' is not in the subnet of an ip", gateway)
    end
  end
end

-- What is about the pair and whose it is, and not about addresses.
local function relate_pair(o)
  if not o.pid and o.netns == nil then
    return "pid", "required (or netns)"
  elseif o.pid and o.netns ~= nil then
    return "netns", "not together with pid"
  elseif o.netns ~= nil and not o.id then
    return "id", "required with netns"
  elseif o.mode == "bridge" and not o.bridge then
    return "bridge", "required in mode 'bridge'"
  elseif o.mode ~= "bridge" and o.bridge then
    return "bridge", fmt("has no use in mode '%s'", o.mode)
  elseif o.mac and o.mac == o.host_mac then
    return "host_mac", "must differ from mac"
  end
end

-- No host has the first or the last address of a subnet of IPv4, but in the smallest ones.
local function subnet_end(ip)
  if ip.family ~= "inet" or ip.prefix >= 31 then
    return nil
  end
  local network, last = addr.network(ip.address, ip.prefix), addr.broadcast(ip.address, ip.prefix)
  local what = ip.address == network and "network" or ip.address == last and "broadcast"
  return what and fmt("'%s' is the %s address of %s/%d", ip.address, what, network, ip.prefix)
end

local function relate_attach(o)
  if o.overlay then
    complete_from_overlay(o)
  end
  local wrong, why = relate_pair(o)
  if wrong then
    return wrong, why
  elseif o.mode ~= "direct" and o.proxy_arp then
    return "proxy_arp", fmt("has no use in mode '%s'", o.mode)
  elseif o.mode == "bridge" and o.src then
    return "src", "has no use in mode 'bridge': there is no host route"
  end
  local families = {}
  for _, ip in ipairs(o.ip) do
    ip.prefix = ip.prefix or DEFAULT_PREFIX[o.mode][ip.family]
    families[ip.family] = true
    local useless = subnet_end(ip)
    if useless then
      return "ip", useless
    end
    local gateway = not (o.gateway and o.gateway[ip.family]) and options.routed_gateway[ip.family]
    if o.mode == "routed" and ip.address == gateway then
      return "ip", fmt("'%s' is the gateway's address", ip.address)
    end
  end
  if families.inet6 and math.type(o.mtu) == "integer" and o.mtu < 1280 then
    return "mtu", fmt("IPv6 needs at least 1280, got %d", o.mtu)
  end
  wrong, why = relate_to_ips(o, "src", families)
  if not wrong then
    wrong, why = relate_to_ips(o, "gateway", families)
  end
  if not wrong then
    wrong, why = relate_gateway(o, families)
  end
  if not wrong then
    local text, long = line.format(fields.longest(o))
    wrong, why = not text and (o.id and "id" or "ip"), long
  end
  return wrong, why
end

---@class zlnet.attach.options
---@field pid integer? the container's process, 1–4194304; or netns
---@field netns string|table|file*|zlnet.netns? path, name under /run/netns, `{fd = n}`, open file or handle; needs id
---@field id string? the owner's id, without NUL
---@field ip string|string[] with or without a length: else /32 and /128 in `routed`, /24 and /64 in the other modes
---@field tag string? 1 or 2 characters of `[A-Za-z0-9]`; "s"
---@field ifname string? of the container end, 1–15 bytes; "eth0"
---@field mode ("routed"|"direct"|"bridge")? "routed"
---@field default_route boolean? true
---@field gateway (string|string[])? one of each family; in `routed` 169.254.1.1 and fe80::1; required in `bridge`
---@field src (string|string[])? preferred source of the host's routes, one of each family
---@field mtu (integer|"inherit")? of both ends, bytes, 68–65535, with IPv6 from 1280; the kernel's default
---@field mac string? of the container end, unicast; derived from the owner
---@field host_mac string? of the host end, unicast; derived from the owner
---@field queues (integer|"kernel")? of each end, 1–4096; 1
---@field forwarding boolean? switch forwarding on where it is off; true
---@field on_exists ("replace"|"keep"|"error")? what to do with our own link of that name; "replace"
---@field nodad boolean? IPv6 addresses are usable at once; true
---@field timeout number? seconds, positive
---@field bridge string? in mode `bridge`: its name
---@field proxy_arp boolean? in mode `direct`: the host end answers ARP for others; false
---@field overlay zlnet.overlay.object? where `mtu` and `src` come from when they are not given

---The options of `zlnet.attach` and `zlnet.plan`. Checked, `ip` is a list of `zlnet.addr.ip` with prefix lengths by
---mode, `gateway` and `src` are tables by family which hold just what was given.
---@type zlnet.options.spec
options.attach = options.spec({
  { "pid", argument.pid },
  { "netns", argument.netns },
  { "id", argument.text },
  { "ip", argument.ips, required = true },
  { "tag", argument.tag, "s" },
  { "ifname", argument.ifname, "eth0" },
  { "mode", argument.one_of("routed", "direct", "bridge"), "routed" },
  { "default_route", argument.boolean, true },
  { "gateway", argument.by_family },
  { "src", argument.by_family },
  { "mtu", argument.either("inherit", argument.integer(68, 65535)) },
  { "mac", argument.mac },
  { "host_mac", argument.mac },
  { "queues", argument.either("kernel", argument.integer(1, 4096)), 1 },
  { "forwarding", argument.boolean, true },
  { "on_exists", argument.one_of("replace", "keep", "error"), "replace" },
  { "nodad", argument.boolean, true },
  { "timeout", argument.seconds },
  { "bridge", argument.ifname },
  { "proxy_arp", argument.boolean, false },
  { "overlay", overlay },
}, relate_attach)

local OF_PAIR = {
  pid = true, netns = true, id = true, tag = true, ifname = true, mode = true, mtu = true, mac = true,
  host_mac = true, queues = true, timeout = true, bridge = true,
}

-- The rows of these options.
local function only(spec, names)
  local rows = {}
  for _, row in ipairs(spec) do
    rows[#rows + 1] = names[row[1]] and row or nil
  end
  return rows
end

---Those of them which attach.begin takes before the addresses are known.
---@type zlnet.options.spec
options.pair = options.spec(only(options.attach, OF_PAIR), function(o)
  local wrong, why = relate_pair(o)
  if not wrong and o.id then
    local text, long = line.format(fields.longest(o))
    wrong, why = not text and "id", long
  end
  return wrong, why
end)

return options
