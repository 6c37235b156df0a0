-- SPDX-License-Identifier: MIT
-- Rules for single values, and the raising of wrong arguments. A rule is a function of the value: it returns the
-- value (of any type) in its normal form, or nil and what was expected. Rules neither raise nor ask the system.

local addr = require "zlnet.addr"
local printable = require("zlnet.text").printable

local find, fmt = string.find, string.format
local tointeger, type = math.tointeger, type

local argument = {}

-- A value for a message: short and printable.
local function shown(value)
  if type(value) == "string" then
    return "'" .. (#value > 40 and printable(value:sub(1, 40)) .. "…" or printable(value)) .. "'"
  elseif type(value) == "number" or type(value) == "boolean" then
    return tostring(value)
  end
  return type(value)
end

local function refused(expected, value)
  return nil, expected .. " expected, got " .. shown(value)
end

-- What addr.lua answered; its reasons do not show the text.
local function with_text(value, checked, why)
  if checked == nil and type(value) == "string" then
    why = why .. ": " .. shown(value)
  end
  return checked, why
end

---Checks one argument of a public function.
---@generic T
---@param fname string the public function
---@param position integer 1 for the first argument
---@param name string the argument's name
---@param rule fun(value: any): T?, string?
---@param value any
---@param level integer? whose line the error names: 2 (default) is the caller of the function that calls this one
---@return T value in its normal form
function argument.check(fname, position, name, rule, value, level)
  local checked, why = rule(value)
  if checked == nil then
    error(fmt("bad argument #%d to '%s' (%s: %s)", position, fname, name, why), (level or 2) + 1)
  end
  return checked
end

---Makes a rule: an integer in a range. Strings are no integers here; a float without a fraction is one.
---@param min integer
---@param max integer
---@return fun(value: any): integer?, string?
function argument.integer(min, max)
  return function(value)
    local n = type(value) == "number" and tointeger(value)
    if not n or n < min or n > max then
      return refused(fmt("an integer from %d to %d", min, max), value)
    end
    return n
  end
end

---Makes a rule: one of some strings.
---@param ... string
---@return fun(value: any): string?, string?
function argument.one_of(...)
  local allowed = {}
  for _, name in ipairs { ... } do
    allowed[name] = true
  end
  local expected = "one of '" .. table.concat({ ... }, "', '") .. "'"
  return function(value)
    if not allowed[value] then
      return refused(expected, value)
    end
    return value
  end
end

---Makes a rule: one word, or what another rule takes.
---@param word string
---@param rule fun(value: any): any, string?
---@return fun(value: any): any, string?
function argument.either(word, rule)
  return function(value)
    if value == word then
      return value
    end
    local checked, why = rule(value)
    if checked == nil then
      return nil, fmt("'%s' or %s", word, why)
    end
    return checked
  end
end

---A process id: 1–4194304 (the largest `kernel.pid_max`).
argument.pid = argument.integer(1, 4194304)

---A link's name as the kernel takes it: 1–15 bytes without '/', ':' and white space, not ".", "..", "all" or "default".
---'%' is refused too: the kernel would take such a name for a pattern and choose another. csrc/codec/text.c has the
---same rule for names in messages.
---@return string? name, string? reason
function argument.ifname(value)
  if type(value) ~= "string" then
    return refused("a link name", value)
  elseif value == "" or #value > 15 then
    return nil, fmt("a link name has 1 to 15 bytes, got %d", #value)
  elseif value == "." or value == ".." or find(value, "[\0/:%%%s\xa0]") then
    -- 0xa0 is white space to the kernel, also as a part of a character such as 'à'
    return nil, "a link name has no '/', ':', '%', NUL or white space and is not '.' or '..', got " .. shown(value)
  elseif value == "all" or value == "default" then -- below /proc/sys/net these are no links
    return nil, "no link can be named 'all' or 'default'"
  end
  return value
end

---@return boolean? value, string? reason
function argument.boolean(value)
  if type(value) ~= "boolean" then
    return refused("a boolean", value)
  end
  return value
end

---A text that is not empty and has no NUL.
---@return string? value, string? reason
function argument.text(value)
  if type(value) ~= "string" or value == "" or find(value, "\0") then
    return refused("a string without NUL that is not empty", value)
  end
  return value
end

---A network namespace that is not told by a pid: a path, a name under /run/netns, a namespace handle, an open file or
---`{ fd = n }`.
---@param value any
---@return any? value, string? reason
function argument.netns(value)
  if type(value) == "string" then
    local name = value ~= "" and not find(value, "/", 1, true)
    if find(value, "\0") or value == "" or name and (#value > 255 or value == "." or value == "..") then
      return refused("a path, or a name of 1 to 255 bytes that is not '.' or '..'", value)
    end
    return value
  elseif type(value) == "userdata" or type(value) == "table" and math.type(value.fd) == "integer" and value.fd >= 0 then
    return value
  end
  return refused("a path, a name, a namespace handle, a file or {fd = n}", value)
end

---A tag: 1 or 2 characters of `[A-Za-z0-9]`.
---@return string? tag, string? reason
function argument.tag(value)
  if type(value) ~= "string" or not find(value, "^[A-Za-z0-9][A-Za-z0-9]?$") then
    return refused("1 or 2 characters of [A-Za-z0-9]", value)
  end
  return value
end

---A unicast MAC address; its normal form is in lower case.
---@return string? mac, string? reason
function argument.mac(value)
  return with_text(value, addr.mac(value))
end

---A time span in seconds: positive and finite.
---@return number? seconds, string? reason
function argument.seconds(value)
  if type(value) ~= "number" or not (value > 0 and value < math.huge) then
    return refused("a positive number of seconds", value)
  end
  return value
end

---A function.
---@return function? value, string? reason
function argument.fn(value)
  if type(value) ~= "function" then
    return refused("a function", value)
  end
  return value
end

---A sysctl key, dotted or slashed. As in sysctl(8) the first separator is the one that separates; in a dotted key a
---'/' stands for a '.' inside a part: `net.ipv4.conf.eth0/100.rp_filter`.
---@return string? path below /proc/sys, slashed, at most 255 bytes, string? reason
function argument.sysctl_key(value)
  if type(value) ~= "string" or value == "" or #value > 255 or find(value, "\0") then
    return refused("a sysctl key of 1 to 255 bytes without NUL", value)
  end
  local path = find(value, "^[^/]*%.") and value:gsub("[./]", { ["."] = "/", ["/"] = "." }) or value
  for part in (path .. "/"):gmatch "([^/]*)/" do
    if part == "" or part == "." or part == ".." then
      return nil, "a sysctl key has no empty parts, and none that is '.' or '..': " .. shown(value)
    end
  end
  return path
end

-- An IP address with or without a prefix length.
local function prefixed_address(value)
  return with_text(value, addr.parse(value))
end

---An IP address without a prefix length.
---@return zlnet.addr.ip? ip, string? reason
function argument.address(value)
  local ip, why = prefixed_address(value)
  if ip and ip.prefix then
    return nil, "no prefix length expected: " .. shown(value)
  end
  return ip, why
end

-- Reads one address or a list of them.
local function address_list(value, read)
  if type(value) ~= "table" then
    value = { value }
  end
  local list, seen, n = {}, {}, #value
  local is_list = n > 0
  for key in next, value do
    is_list = is_list and math.type(key) == "integer" and key >= 1 and key <= n
  end
  if not is_list then
    return nil, "an address or a list of addresses expected"
  end
  for i = 1, n do
    local ip, why = read(value[i])
    if not ip then
      return nil, why
    elseif not addr.is_unicast(ip.address) then
      return nil, fmt("'%s' is not the address of one host", ip.address)
    elseif seen[ip.address] then
      return nil, fmt("'%s' is there twice", ip.address)
    end
    seen[ip.address], list[i] = true, ip
  end
  return list
end

---A rule: `"10.200.0.5"`, `"fd00::5/64"`, or a list of such; its normal form is a list of `zlnet.addr.ip`.
---@return zlnet.addr.ip[]? ips, string? reason
function argument.ips(value)
  return address_list(value, prefixed_address)
end

---A rule: an address, or a list with at most one of each family; its normal form is a table by family.
---@return table<"inet"|"inet6", string>? addresses, string? reason
function argument.by_family(value)
  local list, why = address_list(value, argument.address)
  if not list then
    return nil, why
  end
  local t = {}
  for i = 1, #list do
    local ip = list[i]
    if t[ip.family] then
      return nil, "at most one address of each family expected"
    end
    t[ip.family] = ip.address
  end
  return t
end

return argument
