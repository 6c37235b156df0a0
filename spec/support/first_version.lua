-- SPDX-License-Identifier: MIT
-- The Lua modules of zlnet's first version, without their comments, for specs of both versions on one node: required
-- before zlnet, it is what `require "zlnet"` gives. Only what the core calls otherwise by now is translated.
local core = require "zlnet.core"

package.loaded["zlnet.core"] = setmetatable({
  occupants = function(host)
    local users, err = core.occupants(host)
    if not users then
      return nil, err
    end
    return users.lives, users.unseen
  end,
}, { __index = core })

package.preload["zlnet.addr"] = function(...)
local find, match, sub, byte = string.find, string.match, string.sub, string.byte
local fmt, pack, unpack = string.format, string.pack, string.unpack
local unpack_list, tonumber, type = table.unpack, tonumber, type
local addr = {}
local host_prefix = { inet = 32, inet6 = 128 }
addr.host_prefix = host_prefix
local HEX = { [0] = "", "%x" }
for i = 2, 8 do
  HEX[i] = HEX[i - 1] .. ":%x"
end
local DOT, COLON = byte ".", byte ":"
local function octets(text)
  local a, b, c, d = match(text, "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  if not a then
    return nil, "not an IPv4 address"
  end
  if find(text, "^0%d") or find(text, "%.0%d") then
    return nil, "an octet with a leading zero is ambiguous"
  end
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  if a > 255 or b > 255 or c > 255 or d > 255 then
    return nil, "an octet is at most 255"
  end
  return a, b, c, d
end
local function words(text)
  if find(text, "%", 1, true) then
    return nil, "zone ids are not accepted"
  end
  local w, n, gap, pos, len = {}, 0, nil, 1, #text
  if sub(text, 1, 2) == "::" then
    gap, pos = 0, 3
  end
  while pos <= len do
    local _, last, hex = find(text, "^(%x+)", pos)
    if not last or n == 8 or #hex > 4 then
      return nil, "not an IPv6 address"
    end
    local after = byte(text, last + 1)
    if after == DOT then
      local a, b, c, d = octets(sub(text, pos))
      if not a then
        return nil, b
      end
      w[n + 1], w[n + 2] = a << 8 | b, c << 8 | d
      n = n + 2
      break
    end
    n = n + 1
    w[n] = tonumber(hex, 16)
    if not after then
      break
    end
    pos = last + 2
    if after ~= COLON or pos > len then
      return nil, "not an IPv6 address"
    end
    if byte(text, pos) == COLON then
      if gap then
        return nil, "'::' may stand only once"
      end
      gap, pos = n, pos + 1
    end
  end
  if gap and n < 8 then
    table.move(w, gap + 1, n, gap + 9 - n)
    for i = gap + 1, gap + 8 - n do
      w[i] = 0
    end
  elseif gap or n ~= 8 then
    return nil, "not an IPv6 address"
  end
  return w
end
local function text6(w)
  if w[6] == 0xffff and w[1] | w[2] | w[3] | w[4] | w[5] == 0 then
    return fmt("::ffff:%d.%d.%d.%d", w[7] >> 8, w[7] & 255, w[8] >> 8, w[8] & 255)
  end
  local best, best_len, run = 0, 1, 0
  for i = 1, 8 do
    run = w[i] == 0 and run + 1 or 0
    if run > best_len then
      best, best_len = i - run + 1, run
    end
  end
  if best == 0 then
    return fmt(HEX[8], unpack_list(w, 1, 8))
  end
  local after = best + best_len
  return fmt(HEX[best - 1], unpack_list(w, 1, best - 1)) .. "::" .. fmt(HEX[9 - after], unpack_list(w, after, 8))
end
function addr.parse(text)
  if type(text) ~= "string" then
    return nil, "an IP address expected, got " .. type(text)
  end
  local slash, prefix = find(text, "/", 1, true), nil
  local address = slash and sub(text, 1, slash - 1) or text
  local family, canonical
  if find(address, ":", 1, true) then
    local w, why = words(address)
    if not w then
      return nil, why
    end
    family, canonical = "inet6", text6(w)
  else
    local a, why = octets(address)
    if not a then
      return nil, find(address, ".", 1, true) and why or "not an IP address"
    end
    family, canonical = "inet", address -- strictly read IPv4 text has only one form
  end
  if slash then
    local digits = match(text, "^(%d%d?%d?)$", slash + 1)
    prefix = digits and tonumber(digits)
    if not prefix or digits ~= fmt("%d", prefix) then
      return nil, "not a prefix length"
    end
    if prefix > host_prefix[family] then
      return nil, fmt("a prefix length is at most %d", host_prefix[family])
    end
  end
  return { family = family, address = canonical, prefix = prefix }
end
function addr.bytes(text)
  if find(text, ":", 1, true) then
    local w, why = words(text)
    if not w then
      return nil, why
    end
    return pack(">I2I2I2I2I2I2I2I2", unpack_list(w, 1, 8)), "inet6"
  end
  local a, b, c, d = octets(text)
  if not a then
    return nil, b
  end
  return pack("BBBB", a, b, c, d), "inet"
end
function addr.format(bytes)
  if #bytes == 4 then
    return fmt("%d.%d.%d.%d", byte(bytes, 1, 4))
  elseif #bytes == 16 then
    return text6 { unpack(">I2I2I2I2I2I2I2I2", bytes) }
  end
end
function addr.network(text, prefix)
  local bytes, family = addr.bytes(text)
  if not bytes then
    return nil, family
  end
  if prefix < 0 or prefix > host_prefix[family] then
    return nil, fmt("a prefix length is at most %d", host_prefix[family])
  end
  if family == "inet" then
    return addr.format(pack(">I4", unpack(">I4", bytes) & ~(0xffffffff >> prefix)))
  end
  local high, low = unpack(">i8i8", bytes)
  high = prefix < 64 and high & ~(-1 >> prefix) or high
  low = prefix > 64 and low & ~(-1 >> prefix - 64) or 0
  return addr.format(pack(">i8i8", high, low))
end
function addr.contains(network, prefix, text)
  local cleared = addr.network(network, prefix)
  return cleared ~= nil and cleared == addr.network(text, prefix)
end
function addr.is_unicast(text)
  if not find(text, ":", 1, true) then
    local a, b, c, d = octets(text)
    return a ~= nil and a ~= 0 and a ~= 127 and (a < 224 or a > 239) and a & b & c & d ~= 255
  end
  local bytes = addr.bytes(text)
  return bytes ~= nil and byte(bytes) ~= 0xff and sub(bytes, 1, 15) ~= ("\0"):rep(15)
end
function addr.mac(text)
  if type(text) ~= "string" then
    return nil, "a MAC address expected, got " .. type(text)
  end
  local first = match(text, "^(%x%x):%x%x:%x%x:%x%x:%x%x:%x%x$")
  if not first then
    return nil, "not a MAC address"
  end
  if tonumber(first, 16) & 1 == 1 or not find(text, "[^0:]") then
    return nil, "not a unicast MAC address"
  end
  return text:lower()
end
return addr
end

package.preload["zlnet.alias"] = function(...)
local addr = require "zlnet.addr"
local byte, char, find, fmt, gsub, sub = string.byte, string.char, string.find, string.format, string.gsub, string.sub
local concat, tointeger, type = table.concat, math.tointeger, type
local alias = {}
local MAX = 255 -- the kernel's IFALIASZ without the terminating zero
local START = "zlnet/1"
local MODES = { direct = true, bridge = true }
local function escape_byte(c)
  return fmt("%%%02X", byte(c))
end
local function write_text(text)
  return (gsub(text, "[^A-Za-z0-9._:@/+~-]", escape_byte))
end
local function unescape_byte(hex)
  return char(tonumber(hex, 16))
end
local function read_text(text)
  return (gsub(text, "%%(%x%x)", unescape_byte))
end
local function read_integer(text)
  local n = tointeger(tonumber(text))
  return n and n >= 0 and n or nil
end
local function read_pid(text)
  local pid = read_integer(text)
  return pid and pid >= 1 and pid <= 4194304 and pid or nil
end
local function read_boot(text)
  return #text == 16 and not find(text, "[^0-9a-f]") and text or nil
end
local function read_tag(text)
  return find(text, "^[A-Za-z0-9][A-Za-z0-9]?$") and text or nil
end
local function write_ips(ips)
  local t = {}
  for i = 1, #ips do
    local ip = ips[i]
    t[i] = ip.prefix == addr.host_prefix[ip.family] and ip.address or ip.address .. "/" .. ip.prefix
  end
  return t[1] and concat(t, ",")
end
local function read_ips(text)
  local ips, from = {}, 1
  repeat
    local comma = find(text, ",", from, true)
    local ip = addr.parse(sub(text, from, comma and comma - 1))
    if not ip then
      return nil
    end
    ip.prefix = ip.prefix or addr.host_prefix[ip.family]
    ips[#ips + 1] = ip
    from = comma and comma + 1
  until not from
  return ips
end
local function write_by_family(t)
  return t.inet and t.inet6 and t.inet .. "," .. t.inet6 or t.inet or t.inet6
end
local function read_by_family(text)
  local ips, t = read_ips(text), {}
  for i = 1, ips and #ips or 0 do
    t[ips[i].family] = ips[i].address
  end
  return ips and t
end
local function write_ifname(name)
  return name ~= "eth0" and write_text(name) or nil
end
local function write_mode(mode)
  return MODES[mode] and mode or nil
end
local function read_mode(text)
  return MODES[text] and text or nil
end
local function write_true(value)
  return value and "1" or nil
end
local function read_true(text)
  return text == "1" or nil
end
local function write_false(value)
  return value == false and "0" or nil
end
local function read_false(text)
  if text == "0" then
    return false
  end
end
local rows = {
  { "pid", "pid", false, read_pid },
  { "start", "start", false, read_integer },
  { "boot", "boot", false, read_boot },
  { "pidns", "pidns", false, read_integer },
  { "netns", "netns", false, read_integer },
  { "tag", "tag", false, read_tag },
  { "time", "time", false, read_integer },
  { "if", "ifname", write_ifname, read_text },
  { "ip", "ip", write_ips, read_ips },
  { "mode", "mode", write_mode, read_mode },
  { "default", "default_route", write_false, read_false },
  { "gw", "gateway", write_by_family, read_by_family },
  { "src", "src", write_by_family, read_by_family },
  { "mtu", "mtu", false, read_integer },
  { "bridge", "bridge", write_text, read_text },
  { "proxy", "proxy_arp", write_true, read_true },
  { "id", "id", write_text, read_text },
}
local by_key = {}
for i = 1, #rows do
  by_key[rows[i][1]] = rows[i]
  rows[i].label = " " .. rows[i][1] .. "="
end
local function line_of(fields)
  local t, n = { START, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }, 1
  for i = 1, #rows do
    local row = rows[i]
    local value, write = fields[row[2]], row[3]
    if value ~= nil and write then
      value = write(value)
    end
    if value ~= nil then
      t[n + 1], t[n + 2] = row.label, value
      n = n + 2
    end
  end
  return concat(t, "", 1, n)
end
function alias.format(fields)
  local line = line_of(fields)
  if #line > MAX then
    local why = "the owner's record would have %d bytes of at most %d: use a shorter id or fewer addresses"
    return nil, fmt(why, #line, MAX)
  end
  return line
end
function alias.parse(line)
  if type(line) ~= "string" or sub(line, 1, 8) ~= "zlnet/1 " or #line > MAX then
    return nil
  end
  local fields, pos = {}, 8
  while pos <= #line do
    local _, last, key, text = find(line, "^ (%l+)=([^ ]+)", pos)
    local row = by_key[key]
    local value = nil
    if row then
      value = row[4](text)
    end
    if value == nil then
      return nil
    end
    fields[row[2]] = value
    pos = last + 1
  end
  if not fields.tag or not (fields.pid or fields.id) or line_of(fields) ~= line then
    return nil
  end
  fields.ifname, fields.ip = fields.ifname or "eth0", fields.ip or {}
  fields.mode = fields.mode or "routed"
  fields.default_route = fields.default_route == nil
  fields.proxy_arp = fields.proxy_arp or false
  return fields
end
return alias
end

package.preload["zlnet.apply"] = function(...)
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local apply = {}
local NEEDED = { "index", "link" }
local WITH_OBJECTS, WITHOUT_OBJECTS = { objects = true }, { objects = false }
local function complete(op, index)
  if op.link then
    op.args[op.ref] = index[op.link]
  end
  return op.args
end
local function delete_pair(host, index)
  local _, err = host:dellink { index = index }
  if err and err.code ~= "ENODEV" then
    return nil, err
  end
  return true
end
local function delete_unanswered(host, p)
  local link, err = host:getlink { ifname = p.host_ifname }
  if not link then
    return err.kind == "not_found" or nil, err
  end
  if link.address ~= p.host_mac or link.ifalias then
    return true
  end
  return delete_pair(host, link.index)
end
local function take_back_pair(host, p, made)
  if made.refused then
    return true
  elseif made.index then
    return delete_pair(host, made.index)
  end
  return delete_unanswered(host, p)
end
local function create(args, p, handles, undo)
  local host, made = handles.host, { refused = false, index = nil }
  args.linkinfo.data.peer.net_ns_fd = handles.ns:fd()
  undo:push("delete the veth pair", take_back_pair, host, p, made)
  local link, err = host:newlink(args, nil, NEEDED)
  made.refused = not link and err.kind ~= "io"
  if link == true then -- not echoed, and could not be asked for
    link, err = host:getlink({ ifname = p.host_ifname }, NEEDED)
  end
  if not link then
    return nil, err
  end
  made.index = link.index
  return { host = link.index, container = link.link }, link
end
local function have_company(p, handles)
  if not handles.here:lock("exclusive", 0) then
    return true
  end
  local links, err = handles.host:getlinks(nil, attachments.keys)
  if not links then
    return nil, err
  end
  for _, c in ipairs(attachments.among(links)) do
    if c.link.ifname ~= p.host_ifname then
      return true
    end
  end
  return false
end
local function restore_sysctl(args, made, p, handles)
  if not made.written then
    return true
  end
  local company, err = have_company(p, handles)
  if company == nil then
    return nil, err
  end
  return company or core.sysctl_write(args.key, args.old)
end
local DISPENSABLE = { ENOENT = true, EROFS = true, EACCES = true, EPERM = true }
local function write_sysctl(op, p, handles, undo)
  local args, made = op.args, { written = false }
  if args.old then
    undo:push("restore " .. args.key, restore_sysctl, args, made, p, handles)
  end
  local ok, err
  if op.ns == "container" then
    ok, err = handles.ns:run(core.sysctl_write, args.key, args.value)
  else
    ok, err = core.sysctl_write(args.key, args.value)
  end
  made.written = ok
  if not ok and op.optional and DISPENSABLE[err.code] then
    return true
  end
  return ok, err
end
local function too_late(op)
  return core.error { kind = "io", code = "ETIMEDOUT", op = op.op, message = "the time for the whole attach is over" }
end
local function is_met(op, answer)
  local key, value = next(op.await)
  return type(answer) == "table" and answer[key] == value
end
local function await(handle, op, index, deadline)
  local keys = { (next(op.await)) }
  while true do
    local answer, err = handle[op.op](handle, complete(op, index), keys)
    if is_met(op, answer) then
      return true
    elseif not answer and (err.kind == "io" or err.code == "ENODEV") then
      return nil, err
    elseif core.clock() > deadline then
      return nil, too_late(op)
    end
    core.poll({}, 0.001)
  end
end
local function send(handle, ops, i, j, index, deadline)
  if i == j then
    local op = ops[i]
    local args = complete(op, index)
    local ok, err = handle[op.op](handle, args, op.mode)
    if not ok and op.again and err.kind == "io" then
      ok, err = handle[op.op](handle, args)
    end
    return ok, err, op
  end
  local batch, waits = handle:batch(), ops[j].await
  for k = i, j do
    local op = ops[k]
    local ok, err = batch[op.op](batch, complete(op, index), op.await and { (next(op.await)) } or op.mode)
    if not ok then
      return nil, err, op
    end
  end
  local results, failed = batch:send(waits and WITH_OBJECTS or WITHOUT_OBJECTS)
  if not results then
    return nil, failed, ops[i]
  elseif failed and not (waits and failed == j - i + 1) then
    return nil, results[failed], ops[i + failed - 1]
  elseif waits and not is_met(ops[j], results[j - i + 1]) then
    local ok, err = await(handle, ops[j], index, deadline)
    return ok, err, ops[j]
  end
  return true
end
local function last_of(ops, i)
  local j = i
  while ops[j + 1] and ops[j + 1].ns == ops[i].ns and ops[j + 1].op ~= "sysctl" and not ops[j].await do
    j = j + 1
  end
  return j
end
local UNDO_SECONDS = 10
local function fail(err, op, handles)
  err.step = op.step
  handles.host:settimeout(UNDO_SECONDS)
  return nil, err
end
function apply.run(p, handles, deadline, undo, pair)
  local ops, i = p.ops, pair and 2 or 1
  local index = pair or {}
  while ops[i] do
    local op, j = ops[i], i
    local handle, left = handles[op.ns], deadline - core.clock()
    if left <= 0 then
      return fail(too_late(op), op, handles)
    end
    handle:settimeout(left)
    local ok, err, failed
    if op.op == "newlink" then
      index, err = create(op.args, p, handles, undo)
      ok, failed = index, op
    elseif op.op == "sysctl" then
      ok, err = write_sysctl(op, p, handles, undo)
      failed = op
    elseif op.await then
      ok, err = await(handle, op, index, deadline)
      failed = op
    else
      j = last_of(ops, i)
      ok, err, failed = send(handle, ops, i, j, index, deadline)
    end
    if not ok then
      return fail(err, failed, handles)
    end
    i = j + 1
  end
  return index
end
return apply
end

package.preload["zlnet.argument"] = function(...)
local addr = require "zlnet.addr"
local find, fmt = string.find, string.format
local tointeger, type = math.tointeger, type
local argument = {}
local function shown(value)
  if type(value) == "string" then
    local text = #value > 40 and value:sub(1, 40) .. "…" or value
    return "'" .. text:gsub("%c", function(c)
      return fmt("\\x%02x", c:byte())
    end) .. "'"
  elseif type(value) == "number" or type(value) == "boolean" then
    return tostring(value)
  end
  return type(value)
end
local function refused(expected, value)
  return nil, expected .. " expected, got " .. shown(value)
end
local function with_text(value, checked, why)
  if checked == nil and type(value) == "string" then
    why = why .. ": " .. shown(value)
  end
  return checked, why
end
function argument.check(fname, position, name, rule, value, level)
  local checked, why = rule(value)
  if checked == nil then
    error(fmt("bad argument #%d to '%s' (%s: %s)", position, fname, name, why), (level or 2) + 1)
  end
  return checked
end
function argument.integer(min, max)
  return function(value)
    local n = type(value) == "number" and tointeger(value)
    if not n or n < min or n > max then
      return refused(fmt("an integer from %d to %d", min, max), value)
    end
    return n
  end
end
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
argument.pid = argument.integer(1, 4194304)
function argument.ifname(value)
  if type(value) ~= "string" then
    return refused("a link name", value)
  elseif value == "" or #value > 15 then
    return nil, fmt("a link name has 1 to 15 bytes, got %d", #value)
  elseif value == "." or value == ".." or find(value, "[\0/:%%%s\xa0]") then
    return nil, "a link name has no '/', ':', '%', NUL or white space and is not '.' or '..', got " .. shown(value)
  end
  return value
end
function argument.boolean(value)
  if type(value) ~= "boolean" then
    return refused("a boolean", value)
  end
  return value
end
function argument.text(value)
  if type(value) ~= "string" or value == "" or find(value, "\0") then
    return refused("a string without NUL that is not empty", value)
  end
  return value
end
function argument.tag(value)
  if type(value) ~= "string" or not find(value, "^[A-Za-z0-9][A-Za-z0-9]?$") then
    return refused("1 or 2 characters of [A-Za-z0-9]", value)
  end
  return value
end
function argument.mac(value)
  return with_text(value, addr.mac(value))
end
function argument.seconds(value)
  if type(value) ~= "number" or not (value > 0 and value < math.huge) then
    return refused("a positive number of seconds", value)
  end
  return value
end
function argument.fn(value)
  if type(value) ~= "function" then
    return refused("a function", value)
  end
  return value
end
function argument.sysctl_key(value)
  if type(value) ~= "string" or value == "" or #value > 255 or find(value, "\0") then
    return refused("a sysctl key of 1 to 255 bytes without NUL", value)
  end
  local path = find(value, "^[^/]*%.") and value:gsub("[./]", { ["."] = "/", ["/"] = "." }) or value
  for part in (path .. "/"):gmatch "([^/]*)/" do
    if not find(part, "[^.]") then
      return nil, "a sysctl key has no empty parts and none of dots alone: " .. shown(value)
    end
  end
  return path
end
local function prefixed_address(value)
  return with_text(value, addr.parse(value))
end
function argument.address(value)
  local ip, why = prefixed_address(value)
  if ip and ip.prefix then
    return nil, "no prefix length expected: " .. shown(value)
  end
  return ip, why
end
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
function argument.ips(value)
  return address_list(value, prefixed_address)
end
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
end

package.preload["zlnet.attach"] = function(...)
local apply = require "zlnet.apply"
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local plan = require "zlnet.plan"
local survey = require "zlnet.survey"
local target = require "zlnet.target"
local undo = require "zlnet.undo"
local attach = {}
local SECONDS = 30 -- as long as a single request may take
local function step(err, text)
  err.step = text
  return nil, err
end
local function decide(o, t, host)
  local seen, err = survey.of(o, host)
  if not seen then
    return nil, err
  end
  o.mtu = seen.mtu
  local p, reason = plan.build(o, t.who, seen)
  if not p then -- options.attach saw to it that the record fits
    return nil, core.error { kind = "io", code = "E2BIG", op = "attach", message = reason }
  end
  return p
end
local function attachment_of(p)
  local link = { ifname = p.host_ifname, index = false, address = p.host_mac, link = false }
  local a = attachments.describe(p.record, link)
  a.mac, a.changed = p.mac, {}
  for i = 1, #p.ops do
    local args = p.ops[i].args
    if args.old then
      a.changed[#a.changed + 1] = { key = args.key, old = args.old, new = args.value }
    end
  end
  return a
end
local function carry_out(p, handles, deadline, stack, pair)
  local made = attachment_of(p) -- now, because from the last operation on nothing may run out of memory any more
  local index, failed = apply.run(p, handles, deadline, stack, pair)
  if not index then
    return stack:fail(failed)
  end
  made.index, made.host_index = index.container, index.host
  stack:commit()
  return made
end
local function attach_again(o, p, handles, deadline, stack, refusal)
  local what, answer = require("zlnet.existing").settle(p, o, handles, refusal)
  if what == "kept" then
    return answer
  elseif not what then
    return nil, answer
  end
  local a, err = carry_out(p, handles, deadline, stack)
  if not a then
    err.replaced = p.host_ifname
    err.step = (err.step or "attach") .. ", after the former attachment was deleted"
  end
  return a, err
end
local function run(o)
  local seconds = o.timeout or SECONDS
  local deadline = core.clock() + seconds
  local host <close>, no_host = core.open(nil)
  if not host then
    return step(no_host, "open a netlink socket")
  end
  local t <close>, err = target.pin(o, seconds, host)
  if not t then
    return nil, err
  end
  local container <close>, no_container = core.open(t.ns, t.here)
  if not container then
    return step(no_container, "open a netlink socket in the target")
  end
  local p
  p, err = decide(o, t, host)
  if not p then
    return nil, err
  end
  local handles = { host = host, container = container, ns = t.ns, here = t.here }
  local stack <close> = undo.new()
  local a
  a, err = carry_out(p, handles, deadline, stack)
  if a or err.code ~= "EEXIST" then
    return a, err
  elseif err.op == "newlink" then
    a, err = attach_again(o, p, handles, deadline, stack, err)
  elseif err.op == "newroute" then
    require("zlnet.existing").explain_route(p, handles, err)
  end
  return a, err
end
function attach.attach(opts)
  return run(options.check("attach", options.attach, opts))
end
local function make_pair(o, t, handles, deadline, stack)
  local p = plan.pair(o, t.who)
  local pair, err = apply.run(p, handles, deadline, stack)
  if pair then
    return pair
  end
  stack:fail(err)
  if err.code == "EEXIST" and err.op == "newlink" then
    return require("zlnet.existing").settle(p, { on_exists = "error" }, handles, err)
  end
  return nil, err
end
local function merged(opts, more)
  local all = {}
  for _, t in ipairs { opts, more } do
    for name, value in pairs(t) do
      all[name] = value
    end
  end
  return all
end
function attach.ahead(opts, container, learn)
  local o = options.check("attach", options.pair, opts)
  local seconds = o.timeout or SECONDS
  local host <close>, no_host = core.open(nil)
  if not host then
    return step(no_host, "open a netlink socket")
  end
  local t <close>, err = target.pin(o, seconds, host)
  if not t then
    return nil, err
  end
  local handles = { host = host, container = container, ns = t.ns, here = t.here }
  local stack <close> = undo.new()
  local pair, more, ok, p
  pair, err = make_pair(o, t, handles, core.clock() + seconds, stack)
  if not pair then
    return nil, err
  end
  t.here:unlock()
  more, err = learn()
  if not more then
    return stack:fail(err)
  end
  o = options.check("attach", options.attach, merged(opts, more))
  ok, err = t.here:lock("shared", seconds)
  if not ok then
    err.step = "wait for the node's lock"
    return stack:fail(err)
  end
  p, err = decide(o, t, host)
  if not p then
    return stack:fail(err)
  end
  local a
  a, err = carry_out(p, handles, core.clock() + seconds, stack, pair)
  if not a and err.code == "EEXIST" and err.op == "newroute" then
    require("zlnet.existing").explain_route(p, handles, err)
  end
  return a, err
end
local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local t = {}
  for key, inner in pairs(value) do
    t[key] = copy(inner)
  end
  return t
end
local Plan = {}
function Plan:__tostring()
  return require("zlnet.shell").script(self)
end
function attach.plan(opts)
  local o = options.check("plan", options.attach, opts)
  local host <close>, no_host = core.open(nil)
  if not host then
    return step(no_host, "open a netlink socket")
  end
  local t <close>, err = target.pin(o, o.timeout or SECONDS, host)
  if not t then
    return nil, err
  end
  local p
  p, err = decide(o, t, host)
  if not p then
    return nil, err
  end
  p = copy(p)
  local name = o.pid or o.netns
  name = type(name) ~= "userdata" and type(name) ~= "table" and tostring(name) or nil
  for _, op in ipairs(p.ops) do
    if op.ref then
      op.args[op.ref] = nil -- of the attachment that the shared operation was last used for
    end
    op.command = require("zlnet.shell").command(op, p, name)
  end
  return setmetatable(p, Plan)
end
return attach
end

package.preload["zlnet.attachments"] = function(...)
local alias = require "zlnet.alias"
local core = require "zlnet.core"
local owner = require "zlnet.owner"
local plan = require "zlnet.plan"
local attachments = {}
attachments.keys = { "index", "ifname", "ifalias", "address", "group", "link", "link_netnsid", "linkinfo" }
function attachments.identify(link)
  if not link.linkinfo or link.linkinfo.kind ~= "veth" then
    return nil
  end
  local record = alias.parse(link.ifalias)
  if record then
    return { link = link, record = record }
  end
  local name = owner.parse_name(link.ifname)
  if not name then
    return nil
  elseif link.ifalias then
    return { link = link, name = name, foreign = true }
  elseif name.pid or owner.is_our_mac(link.address) then
    return { link = link, name = name }
  end
end
function attachments.among(links)
  local list = {}
  for i = 1, #links do
    list[#list + 1] = attachments.identify(links[i])
  end
  return list
end
function attachments.describe(record, link)
  return { -- in one go: a table that grows costs several times as much
    host_ifname = link.ifname, host_index = link.index, host_mac = link.address, index = link.link,
    ifname = record.ifname, tag = record.tag, pid = record.pid, start = record.start, boot = record.boot,
    pidns = record.pidns, id = record.id, netns = record.netns, time = record.time, mode = record.mode, ip = record.ip,
    default_route = record.default_route, gateway = plan.gateways(record), src = record.src, mtu = record.mtu,
    bridge = record.bridge, proxy_arp = record.proxy_arp, mac = nil, changed = nil,
  }
end
function attachments.attachments()
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local all
  all, err = host:getlinks(nil, attachments.keys)
  if not all then
    return nil, err
  end
  local list = {}
  for _, c in ipairs(attachments.among(all)) do
    if c.record then
      list[#list + 1] = attachments.describe(c.record, c.link)
    end
  end
  table.sort(list, function(a, b)
    return a.host_ifname < b.host_ifname
  end)
  return list
end
return attachments
end

package.preload["zlnet.check"] = function(...)
local alias = require "zlnet.alias"
local argument = require "zlnet.argument"
local core = require "zlnet.core"
local findings = require "zlnet.findings"
local locate = require "zlnet.locate"
local plan = require "zlnet.plan"
local check = {}
local DEFAULT_MTU = 1500 -- the kernel's, of a veth
local function check_link(f, ns, a, link, ifname, mac)
  f:compare(ns, "ifname", ifname, link.ifname)
  f:compare(ns, "up", true, link.flags.up or false)
  f:compare(ns, "mtu", a.mtu or DEFAULT_MTU, link.mtu)
  if mac then
    f:compare(ns, "mac", mac, link.address)
  end
end
local function check_record(f, a, link)
  local record = alias.parse(link.ifalias) or {}
  for _, key in ipairs { "pid", "start", "id", "tag", "netns", "time", "ifname", "mode", "bridge" } do
    if record[key] ~= a[key] then
      f:compare("host", "record", key .. "=" .. tostring(a[key]), key .. "=" .. tostring(record[key]))
      return
    end
  end
end
local function check_host(f, a, host, link, p, mac)
  check_link(f, "host", a, link, a.host_ifname, a.host_mac)
  check_record(f, a, link)
  local master = link.master and f:see(host:getlink({ index = link.master }, { "ifname", "index" }))
  f:compare("host", "master", a.bridge, master and master.ifname or nil)
  if a.proxy_arp then
    f:compare("host", "proxy_arp", "1", f:sysctl("net/ipv4/conf/" .. link.ifname .. "/proxy_arp"))
  end
  for _, change in ipairs(a.changed or {}) do
    local value = f:sysctl(change.key)
    f:compare("host", "sysctl", change.key .. "=" .. change.new, value and change.key .. "=" .. value)
  end
  for i = 1, mac and #a.ip or 0 do
    f:neighbour("host", host, master and master.index or link.index, a.ip[i].address, mac)
  end
  f:addresses("host", host, p, link)
  f:routes("host", host, p, link)
end
local function check_container(f, a, container, link, p, host_mac)
  check_link(f, "container", a, link, a.ifname, a.mac)
  local lo = f:see(container:getlink({ index = 1 }, { "flags" }))
  f:compare("container", "loopback", true, lo and lo.flags.up or false)
  for _, family in ipairs(a.mode == "routed" and p.families or {}) do
    f:neighbour("container", container, link.index, p.gateways[family], host_mac)
  end
  f:addresses("container", container, p, link)
  f:routes("container", container, p, link)
end
local function plan_of(a, mac)
  return plan.build({
    ip = a.ip, mode = a.mode, tag = a.tag, ifname = a.ifname, default_route = a.default_route, gateway = a.gateway,
    src = a.src, mtu = a.mtu, bridge = a.bridge, proxy_arp = a.proxy_arp, mac = mac, host_mac = a.host_mac,
    nodad = true, queues = "kernel",
  }, a)
end
local function open_other_end(host, link, ns)
  if not ns then
    return nil
  end
  local is, err = locate.is_other_end(host, link, ns)
  if is then
    return core.open(ns)
  end
  return nil, err
end
local function compare(f, a, host, ns)
  local link = f:see(host:getlink { index = a.host_index })
  f:compare("host", "link", a.host_ifname, link and a.host_ifname)
  if not link then
    return
  end
  local container <close> = f:see(open_other_end(host, link, ns))
  local inside = container and f:see(container:getlink { index = link.link })
  f:compare("container", "netns", a.netns, inside and a.netns or nil)
  local p = plan_of(a, inside and inside.address or a.mac)
  check_host(f, a, host, link, p, inside and inside.address)
  if inside then
    check_container(f, a, container, inside, p, link.address)
  end
end
function check.differences(a, host, ns)
  local f = findings.new()
  compare(f, a, host, ns)
  if f.err then
    return nil, f.err
  end
  return f.list
end
local function is_attachment(a)
  if type(a) ~= "table" or math.type(a.host_index) ~= "integer" or not argument.ifname(a.host_ifname)
    or not argument.ifname(a.ifname) or not argument.tag(a.tag) or not (a.pid or a.id) or type(a.ip) ~= "table" then
    return nil, "an attachment expected"
  end
  return a
end
function check.check(attachment, target)
  argument.check("check", 1, "attachment", is_attachment, attachment)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  local ns <close>, unseen = locate.container(attachment, host, target)
  if not ns and unseen then
    return nil, unseen
  end
  local differences
  differences, err = check.differences(attachment, host, ns)
  return differences, err
end
return check
end

package.preload["zlnet.detach"] = function(...)
local argument = require "zlnet.argument"
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local owner = require "zlnet.owner"
local remove = require "zlnet.remove"
local target = require "zlnet.target"
local detach = {}
local selection = options.spec({
  { "pid", argument.pid },
  { "id", argument.text },
  { "tag", argument.tag },
}, function(o)
  if not o.pid and not o.id then
    return "pid", "required (or id)"
  end
end)
local function selection_of(what, level)
  local index
  if type(what) == "table" and what.host_ifname ~= nil then
    index = what.host_index
    what = { pid = what.pid, id = what.id, tag = what.tag }
  end
  local s = options.check("detach", selection, what, level + 1)
  s.index = index
  return s
end
local function selections(what, level)
  if type(what) ~= "table" or next(what) ~= nil and #what == 0 then
    return { selection_of(what, level + 1) }
  end
  local list = {}
  for i = 1, #what do
    list[i] = selection_of(what[i], level + 1)
  end
  return list
end
local function means_remnant(s, c, here)
  if s.pid then
    return s.pid == c.name.pid and (here.pidns == target.initial_pidns or owner.is_our_mac(c.link.address))
  end
  return c.link.ifname == owner.host_name(s, c.name.tag)
    and c.link.address == owner.mac(owner.key(s), c.name.tag, "host")
end
local function means(s, c, here)
  local record = c.record
  if c.foreign or s.tag and s.tag ~= (record or c.name).tag or s.index and s.index ~= c.link.index then
    return false
  elseif not record then
    return means_remnant(s, c, here)
  elseif s.id and s.id ~= record.id then
    return false
  end
  return not s.pid or s.pid == record.pid and record.pidns == here.pidns and record.boot == here.boot
end
local function by_owner(list)
  local by = { pid = {}, id = {} }
  for i = 1, #list do
    local s = list[i]
    local key = s.pid and "pid" or "id"
    local same = by[key][s[key]] or {}
    by[key][s[key]], same[#same + 1] = same, s
  end
  return by
end
local function any_means(list, c, here)
  for i = 1, #list do
    if means(list[i], c, here) then
      return true
    end
  end
  return false
end
local NONE = {}
local function select(list, candidates, here)
  local by, chosen = by_owner(list), {}
  for i = 1, #candidates do
    local c = candidates[i]
    local whose = c.record or c.name
    if any_means(by.pid[whose.pid] or NONE, c, here)
      or any_means(not c.record and c.name.hash and list or by.id[whose.id] or NONE, c, here) then
      chosen[#chosen + 1] = c.link
    end
  end
  return chosen
end
local function combine(failed)
  if #failed == 0 then
    return true
  end
  local err = failed[1]
  if #failed > 1 then
    err.others = table.move(failed, 2, #failed, 1, {})
  end
  return nil, err
end
local function lone(list, host, here)
  local s = list[1]
  if #list > 1 or not s.index and not (s.pid and s.tag) then
    return nil
  end
  local link = host:getlink(s.index and { index = s.index } or { ifname = owner.host_name(s, s.tag) }, attachments.keys)
  local c = link and attachments.identify(link)
  return c and means(s, c, here) and link or nil
end
local function run(list, host)
  local boot, err = target.boot()
  if not boot then
    return nil, err
  end
  local pidns, unknown = core.pidns()
  if not pidns then
    return nil, unknown
  end
  local here = { pidns = pidns, boot = boot }
  local link = lone(list, host, here)
  local chosen, all = { link }, { link }
  if not link then -- it may bear another name by now, or be one of several
    all, err = host:getlinks(nil, attachments.keys)
    if not all then
      return nil, err
    end
    chosen = select(list, attachments.among(all), here)
  end
  local report, lost = remove.links(host, chosen, all)
  if not report then
    return nil, lost
  end
  return combine(report.failed)
end
function detach.detach(what)
  local list = selections(what, 2)
  if #list == 0 then
    return true
  end
  local host <close>, err = core.open(nil)
  if not host then
    return nil, err
  end
  return run(list, host)
end
return detach
end

package.preload["zlnet.ends"] = function(...)
local addr = require "zlnet.addr"
local options = require "zlnet.options"
local ends = {}
local UP, NODAD, ONLINK = { up = true }, { nodad = true }, { onlink = true }
local function is_link_local(family, text)
  return family == "inet6" and addr.contains("fe80::", 10, text)
end
local function link_local_of(mac)
  local a, b, c, d, e, f = mac:match "^(%x%x):(%x%x):(%x%x):(%x%x):(%x%x):(%x%x)$"
  local text = ("fe80::%02x%s:%sff:fe%s:%s%s"):format(tonumber(a, 16) ~ 2, b, c, d, e, f)
  return addr.parse(text).address
end
function ends.create(o, p)
  local queues = o.queues ~= "kernel" and o.queues or nil
  return {
    ns = "host",
    op = "newlink",
    step = "create the veth pair",
    args = {
      ifname = p.host_ifname,
      flags = UP,
      mtu = o.mtu,
      address = p.host_mac,
      num_tx_queues = queues,
      num_rx_queues = queues,
      master = o.bridge,
      linkinfo = {
        kind = "veth",
        data = {
          peer = {
            net_ns_fd = nil,
            ifname = p.ifname,
            mtu = o.mtu,
            address = p.mac,
            num_tx_queues = queues,
            num_rx_queues = queues,
          },
        },
      },
    },
  }
end
local function gateway_address(family, gateway)
  local v6 = family == "inet6"
  return {
    ns = "host", op = "newaddr", step = "add the gateway's address to the host end", link = "host", ref = "index",
    args = {
      index = nil,
      ["local"] = gateway,
      prefixlen = is_link_local(family, gateway) and 64 or addr.host_prefix[family],
      scope = not v6 and "link" or nil, -- never a source address towards elsewhere
      flags = v6 and NODAD or nil,
    },
  }
end
local USUAL_GATEWAY = {
  inet = gateway_address("inet", options.routed_gateway.inet),
  inet6 = gateway_address("inet6", options.routed_gateway.inet6),
}
local LINK_LOCAL = {
  ns = "host", op = "newaddr", step = "add a link-local address to the host end", link = "host", ref = "index",
  args = { index = nil, ["local"] = options.routed_gateway.inet6, prefixlen = 64, flags = NODAD },
}
local function gateway_addresses(p, add)
  for i = 1, #p.families do
    local family = p.families[i]
    local gateway = p.gateways[family]
    add(gateway == options.routed_gateway[family] and USUAL_GATEWAY[family] or gateway_address(family, gateway))
    if family == "inet6" and not is_link_local(family, gateway) then
      add(LINK_LOCAL) -- the kernel's own is tentative for a second or two; until then it would forward nothing
    end
  end
end
function ends.record(p, add)
  add {
    ns = "host", op = "setlink", step = "write the owner's record", link = "host", ref = "index",
    args = { index = nil, ifalias = p.alias },
  }
end
local ANSWER_ARP = {
  ns = "host", op = "setlink", step = "switch proxy ARP on", link = "host", ref = "index",
  args = { index = nil, af_spec = { inet = { conf = { proxy_arp = 1 } } } },
}
function ends.host(o, p, add)
  ends.record(p, add)
  if o.mode == "bridge" then
    return
  end
  if o.proxy_arp then
    add(ANSWER_ARP)
    add {
      ns = "host", op = "sysctl", step = "answer ARP at once",
      args = { key = "net/ipv4/neigh/" .. p.host_ifname .. "/proxy_delay", value = "0" },
    }
  end
  if o.mode == "routed" then
    gateway_addresses(p, add)
  end
  for i = 1, #o.ip do
    local ip = o.ip[i]
    add {
      ns = "host", op = "newroute", step = "add the host's route to the container", link = "host", ref = "oif",
      args = {
        oif = nil,
        dst = ip.address .. "/" .. addr.host_prefix[ip.family],
        scope = ip.family == "inet" and "link" or nil,
        prefsrc = o.src and o.src[ip.family],
      },
    }
  end
end
function ends.mute(o, p, add)
  if p.families.inet6 and o.mode ~= "bridge" then -- of a bridge's port only the bridge is spoken to
    return
  end
  add {
    ns = "host", op = "sysctl", step = "leave IPv6 off on the host end", optional = true,
    args = { key = "net/ipv6/conf/" .. p.host_ifname .. "/disable_ipv6", value = "1" },
  }
end
local NO_LINK_LOCAL = {
  ns = "container", op = "setlink", step = "leave the link-local address to us", link = "container", ref = "index",
  args = { index = nil, af_spec = { inet6 = { addr_gen_mode = "none" } } },
}
local BRING_UP = {
  ns = "container", op = "setlink", step = "bring the container end up", link = "container", ref = "index",
  args = { index = nil, flags = UP },
}
local SETTLE = {
  ns = "container", op = "getlink", step = "let the container end's carrier settle", link = "container", ref = "index",
  args = { index = nil },
}
function ends.up(o, p, add)
  if o.nodad and p.families.inet6 then
    add(NO_LINK_LOCAL) -- the kernel's own fe80 address would be tentative for a second or two
  end
  add(BRING_UP)
  if p.families.inet6 then -- IPv4 transmits from a carrier that has not settled
    add(SETTLE) -- see ends.await
  end
end
local function container_address(step, address, prefix, flags)
  return {
    ns = "container", op = "newaddr", step = step, link = "container", ref = "index",
    args = { index = nil, ["local"] = address, prefixlen = prefix, flags = flags },
  }
end
function ends.addresses(o, p, add)
  for i = 1, #o.ip do
    local ip = o.ip[i]
    local flags = ip.family == "inet6" and o.nodad and NODAD or nil
    if o.mode == "routed" and ip.prefix < addr.host_prefix[ip.family] then
      flags = { noprefixroute = true, nodad = flags and true }
    end
    add(container_address("add the container's address", ip.address, ip.prefix, flags))
  end
  if o.nodad and p.families.inet6 then
    add(container_address("add the container's link-local address", link_local_of(p.mac), 64, NODAD))
  end
end
local function subnet_routes(o, p, add)
  local reached = {}
  for i = 1, #o.ip do
    local ip = o.ip[i]
    local subnet = addr.network(ip.address, ip.prefix) .. "/" .. ip.prefix
    if ip.prefix < addr.host_prefix[ip.family] and not reached[subnet] then
      reached[subnet] = true
      add {
        ns = "container", op = "newroute", mode = "append", step = "add the container's route to its subnet",
        link = "container", ref = "oif",
        args = { oif = nil, dst = subnet, gateway = p.gateways[ip.family], flags = ONLINK },
      }
    end
  end
end
local function default_route(family, gateway, flags)
  return {
    ns = "container", op = "newroute", step = "add the container's default route", link = "container", ref = "oif",
    args = {
      oif = nil,
      family = family,
      gateway = gateway,
      scope = not gateway and family == "inet" and "link" or nil,
      flags = flags,
    },
  }
end
local USUAL_ROUTE = {
  inet = default_route("inet", options.routed_gateway.inet, ONLINK),
  inet6 = default_route("inet6", options.routed_gateway.inet6, ONLINK),
}
function ends.routes(o, p, add)
  local routed = o.mode == "routed"
  if not o.default_route then
    if routed then
      subnet_routes(o, p, add)
    end
    return
  end
  for i = 1, #p.families do
    local family = p.families[i]
    local gateway = p.gateways[family]
    local usual = routed and gateway == options.routed_gateway[family]
    add(usual and USUAL_ROUTE[family] or default_route(family, gateway, routed and ONLINK or nil))
  end
end
local TRANSMITS = {
  ns = "host", op = "getlink", step = "wait until the host end transmits", link = "host", ref = "index",
  args = { index = nil }, await = { operstate = "up" },
}
local LOCAL = { type = "local" }
function ends.await(o, p, add)
  local function await(ns, address)
    add {
      ns = ns, op = "getroute", step = "wait until IPv6 addresses are usable", link = ns, ref = "oif",
      args = { oif = nil, dst = address .. "/128" }, await = LOCAL,
    }
  end
  add(TRANSMITS)
  if not (o.nodad and p.families.inet6) then
    return
  end
  for i = 1, #o.ip do
    if o.ip[i].family == "inet6" then
      await("container", o.ip[i].address)
    end
  end
  await("container", link_local_of(p.mac))
  if o.mode == "routed" then
    await("host", p.gateways.inet6)
    if not is_link_local("inet6", p.gateways.inet6) then
      await("host", options.routed_gateway.inet6)
    end
  end
end
local ANNOUNCE = {
  ns = "container", op = "setlink", step = "announce IPv4 addresses", link = "container", ref = "index",
  args = { index = nil, af_spec = { inet = { conf = { arp_notify = 1 } } } },
}
function ends.announce(_, p, add)
  add(ANNOUNCE)
  if p.families.inet6 then
    add {
      ns = "container", op = "sysctl", step = "announce IPv6 addresses",
      args = { key = "net/ipv6/conf/" .. p.ifname .. "/ndisc_notify", value = "1" },
    }
  end
  add {
    ns = "container", op = "setlink", step = "announce the addresses", link = "container", ref = "index",
    args = { index = nil, address = p.mac },
  }
end
local LOOPBACK = {
  ns = "container", op = "setlink", step = "bring the loopback up", again = true, args = { index = 1, flags = UP },
}
function ends.loopback(add)
  add(LOOPBACK)
end
return ends
end

package.preload["zlnet.existing"] = function(...)
local alias = require "zlnet.alias"
local attachments = require "zlnet.attachments"
local check = require "zlnet.check"
local owner = require "zlnet.owner"
local sweep = require "zlnet.sweep"
local world = require "zlnet.world"
local existing = {}
local function refuse(err, message)
  err.message = message
  return nil, err
end
local function find(handle, ifname)
  local link, err = handle:getlink { ifname = ifname }
  if link then
    return link
  elseif err.kind == "not_found" then
    return false
  end
  return nil, err
end
local function is_same_owner(c, p)
  local record, who = c.record, p.record
  if c.foreign then
    return false
  elseif not record then
    return c.link.address == p.host_mac or c.link.address == owner.mac(owner.key(who), who.tag, "host")
  elseif who.pid then
    return record.pid == who.pid and owner.is_same_start(record.start, who.start) and record.boot == who.boot
      and record.pidns == who.pidns
  end
  return record.id == who.id and not record.pid
end
local function is_orphan(c, host)
  local w, err = world.new(host)
  if not w then
    return nil, err
  end
  w.settled, w.grace = false, 0
  return sweep.judge(c, w) == "orphan"
end
local function lives_elsewhere(c, p, host)
  if not c.record or c.record.pid or c.record.netns == p.record.netns then
    return false
  end
  local w, err = world.new(host)
  if not w then
    return nil, err
  end
  return w:in_use(c.link) ~= "no"
end
local function identical(c, p, o, handles)
  local now = alias.parse(p.alias)
  now.time = c.record and c.record.time
  if not c.record or alias.format(now) ~= c.link.ifalias then
    return false
  end
  local queues = math.type(o.queues) == "integer" and o.queues
  if queues and (c.link.num_tx_queues ~= queues or c.link.num_rx_queues ~= queues) then
    return false
  end
  local a = attachments.describe(c.record, c.link)
  a.mac, a.host_mac = p.mac, p.host_mac
  local differences, err = check.differences(a, handles.host, handles.ns)
  if not differences then
    return nil, err
  end
  return #differences == 0 and a
end
local function keep(c, p, o, handles, err)
  local a, unseen = identical(c, p, o, handles)
  if a == nil then
    return nil, unseen
  elseif not a then
    return refuse(err, ("'%s' exists already, and is not the same"):format(p.host_ifname))
  end
  a.changed = {}
  return "kept", a
end
local function explain_name(p, handles, err)
  local link, unseen = find(handles.container, p.ifname)
  if link == nil then
    return nil, unseen
  elseif link then
    err.link = p.ifname
    return refuse(err, ("'%s' exists already in the container"):format(p.ifname))
  end
  return nil, err -- gone meanwhile
end
function existing.settle(p, o, handles, err)
  local link, unseen = find(handles.host, p.host_ifname)
  if link == nil then
    return nil, unseen
  elseif not link then
    return explain_name(p, handles, err)
  end
  err.link = p.host_ifname
  local c = attachments.identify(link)
  local same = c and is_same_owner(c, p)
  if not same then
    local orphan = c and is_orphan(c, handles.host)
    if not orphan or o.on_exists ~= "replace" then
      return refuse(err, ("'%s' exists already, and is %s"):format(p.host_ifname,
        c and "another owner's" or "no link of ours"))
    end
  elseif o.on_exists == "error" then
    return refuse(err, ("'%s' exists already"):format(p.host_ifname))
  elseif o.on_exists == "keep" then
    return keep(c, p, o, handles, err)
  end
  local lives, unknown = false, nil
  if same then
    lives, unknown = lives_elsewhere(c, p, handles.host)
  end
  if lives == nil then
    return nil, unknown
  elseif lives then
    return refuse(err, ("'%s' exists already, and another container of that id may be using it"):format(p.host_ifname))
  end
  local ok, failed = handles.host:dellink { index = link.index }
  if not ok and failed.code ~= "ENODEV" then
    failed.step, failed.link = "delete the attachment that is there", p.host_ifname
    return nil, failed
  end
  return "replaced"
end
local function taken_by(handle, args)
  local family = args.family or (args.dst:find(":", 1, true) and "inet6" or "inet")
  for _, row in ipairs(handle:getroutes { family = family } or {}) do
    local dst = row.dst and row.dst .. "/" .. row.dst_len
    if dst == args.dst and row.table == "main" and row.oif then
      return handle:getlink({ index = row.oif }, { "ifname" })
    end
  end
end
function existing.explain_route(p, handles, err)
  for _, op in ipairs(p.ops) do
    if op.op == "newroute" and op.step == err.step then
      local link = taken_by(handles[op.ns], op.args)
      if link then
        err.link = link.ifname
        err.message = ("there is a route to %s already, through '%s'"):format(op.args.dst or "default", link.ifname)
        return
      end
    end
  end
end
return existing
end

package.preload["zlnet.findings"] = function(...)
local core = require "zlnet.core"
local findings = {}
local Findings = {}
Findings.__index = Findings
function findings.new()
  return setmetatable({ list = {} }, Findings)
end
function Findings:compare(ns, key, expected, found)
  if expected ~= found then
    self.list[#self.list + 1] = { key = key, ns = ns, expected = expected, found = found }
  end
end
function Findings:see(answer, err)
  if not answer and err and err.code ~= "ENODEV" and err.code ~= "ENOENT" then
    self.err = self.err or err
  end
  return answer or nil
end
function Findings:sysctl(key)
  return self:see(core.sysctl_read(key))
end
local function hop_text(hop, names)
  local index = hop.oif or hop.ifindex
  return (hop.gateway and "via " .. hop.gateway .. " " or "") .. "dev " .. (names[index] or tostring(index))
end
local function prefix_of(route)
  return route.dst and route.dst .. "/" .. route.dst_len or "default"
end
local function find_route(rows, family, to, expected, names, with_source)
  local best, found
  for _, row in ipairs(rows) do
    if row.family == family and row.table == "main" and prefix_of(row) == to then
      local priority = row.priority or 0
      if not best or priority < best then
        best, found = priority, nil
      end
      for _, hop in ipairs(priority == best and (row.multipath or { row }) or {}) do
        local text = hop_text(hop, names) .. (with_source and row.prefsrc and " src " .. row.prefsrc or "")
        found = text == expected and text or found or text
      end
    end
  end
  return found
end
function Findings:routes(ns, handle, p, link)
  local rows = self:see(handle:getroutes()) or {}
  local names = { [link.index] = link.ifname }
  for _, op in ipairs(p.ops) do
    if op.ns == ns and op.op == "newroute" then
      local args, to = op.args, op.args.dst or "default"
      local family = args.family or (to:find(":", 1, true) and "inet6" or "inet")
      local expected = hop_text({ gateway = args.gateway, oif = link.index }, names)
        .. (args.prefsrc and " src " .. args.prefsrc or "")
      local found = find_route(rows, family, to, expected, names, args.prefsrc)
      self:compare(ns, "route", to .. " " .. expected, found and to .. " " .. found)
    end
  end
end
function Findings:addresses(ns, handle, p, link)
  local there = {}
  for _, row in ipairs(self:see(handle:getaddrs { index = link.index }) or {}) do
    if row.index == link.index then
      there[("%s/%d"):format(row["local"] or row.address, row.prefixlen)] = true
    end
  end
  for _, op in ipairs(p.ops) do
    if op.ns == ns and op.op == "newaddr" then
      local text = ("%s/%d"):format(op.args["local"], op.args.prefixlen)
      self:compare(ns, ns == "host" and "gateway" or "address", text, there[text] and text or nil)
    end
  end
end
function Findings:neighbour(ns, handle, index, address, mac)
  local entry = self:see(handle:getneigh { ifindex = index, dst = address })
  if entry and entry.lladdr and entry.state ~= "failed" then
    self:compare(ns, "neighbour", address .. " " .. mac, address .. " " .. entry.lladdr)
  end
end
return findings
end

package.preload["zlnet"] = function(...)
local core = require "zlnet.core"
local zlnet = { _VERSION = core.version, open = core.open, netns = core.netns, error = core.error }
local LAZY = {
  attach = "zlnet.attach",
  attachments = "zlnet.attachments",
  bridge = "zlnet.bridge",
  check = "zlnet.check",
  detach = "zlnet.detach",
  make_interface_name = "zlnet.owner",
  monitor = "zlnet.monitor",
  plan = "zlnet.attach",
  probe = "zlnet.probe",
  sweep = "zlnet.sweep",
  watch = "zlnet.watch",
}
for name in ([[add_address_to_link_by_name add_default_route_via_dev create_veth_pair delete_link_by_name
  list_all_links move_link_into_netns_and_rename move_link_into_netns_fd_and_rename replace_route_via_dev
  set_link_up_by_name set_sysctl with_netns with_netns_async with_netns_fd with_netns_fd_async]]):gmatch "%S+" do
  LAZY[name] = "zlnet.netlink"
end
local EVERYWHERE = { ["zlnet.owner"] = true, ["zlnet.netlink"] = true }
local function unsupported(name)
  return function()
    return nil, core.error { kind = "netlink", op = name, message = name .. " is only supported on Linux" }
  end
end
return setmetatable(zlnet, {
  __index = function(_, name)
    local module = LAZY[name]
    if module then
      local here = core.supported or EVERYWHERE[module]
      local f = here and require(module)[name] or unsupported(name)
      zlnet[name] = f
      return f
    end
  end,
})
end

package.preload["zlnet.locate"] = function(...)
local core = require "zlnet.core"
local owner = require "zlnet.owner"
local locate = {}
local function checked(ns, ino)
  local id = ns and ns:id()
  if id and id.ino == ino then
    return ns
  elseif ns then
    ns:close()
  end
end
local function by_owner(a)
  local process <close> = a.pid and a.pidns == core.pidns() and core.process(a.pid) or nil
  if process and owner.is_same_start(process:starttime(), a.start) then
    return checked(process:netns(), a.netns)
  end
end
local function by_name(a)
  for _, name in ipairs(core.netns.list() or {}) do
    local ns = checked(core.netns.open(name), a.netns)
    if ns then
      return ns
    end
  end
end
local function by_process(a, host)
  local link = host:getlink({ index = a.host_index }, { "link_netnsid" })
  local pids = link and link.link_netnsid and core.occupants(host)
  local pid = pids and pids[link.link_netnsid]
  return pid and checked(core.netns.open(pid), a.netns)
end
function locate.container(a, host, target)
  if target ~= nil then
    return core.netns.open(target)
  end
  return by_owner(a) or by_name(a) or by_process(a, host)
end
function locate.is_other_end(host, link, ns)
  local answer, err = host:getnsid { fd = ns:fd() }
  if not answer then
    return nil, err
  end
  return link.link_netnsid ~= nil and answer.nsid == link.link_netnsid
end
return locate
end

package.preload["zlnet.loop"] = function(...)
local core = require "zlnet.core"
local pack, unpack, type = table.pack, table.unpack, type
local loop = {}
local Guard = {
  __close = function(guard)
    coroutine.close(guard.co)
  end,
}
local function ask(object, name)
  local answer = object[name]
  if type(answer) == "function" then
    answer = answer(object)
  end
  return answer
end
local function check_seconds(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds then
    error("cannot wait: a timeout is a number of seconds, got " .. tostring(seconds), 0)
  end
  return seconds > 0 and seconds or 0
end
local function row_of(object)
  if type(object) ~= "table" and type(object) ~= "userdata" then
    error("cannot wait for a " .. type(object) .. ": a pollable or a number of seconds expected", 0)
  end
  local fd, events, seconds = ask(object, "pollfd"), ask(object, "events"), ask(object, "timeout")
  if fd ~= nil and math.type(fd) ~= "integer" or events ~= nil and type(events) ~= "string" then
    error("cannot wait: pollfd is a descriptor and events a string of 'r', 'w', 'p'", 0)
  end
  local row = fd and fd >= 0 and events and events ~= "" and { fd = fd, events = events } or nil
  return row, seconds and check_seconds(seconds)
end
local function wait(y)
  local rows, objects, own, least = {}, {}, {}, nil
  for i = 2, y.n do
    local value, seconds = y[i], nil
    if type(value) == "number" then
      seconds = check_seconds(value)
    elseif value ~= nil then
      local row
      row, seconds = row_of(value)
      if row then
        rows[#rows + 1], objects[#objects + 1] = row, value
      end
      own[#own + 1], own[value] = value, seconds
    end
    least = seconds and (not least or seconds < least) and seconds or least
  end
  if #rows == 0 and not least then
    if own[1] ~= nil then
      error("cannot wait: a pollable with neither a descriptor nor a timeout would never be ready", 0)
    end
    return pack() -- nothing was yielded: go on at once
  end
  local ready, err = core.poll(rows, least)
  if not ready then
    return nil, err
  end
  for i = 1, #ready do
    ready[i] = objects[ready[i]]
  end
  if #ready == 0 then
    for _, object in ipairs(own) do
      if own[object] and own[object] <= least then
        ready[#ready + 1] = object
      end
    end
  end
  ready.n = #ready
  return ready
end
function loop.run(f, ...)
  local co = coroutine.create(f)
  local _ <close> = setmetatable({ co = co }, Guard)
  local y = pack(coroutine.resume(co, ...))
  while coroutine.status(co) ~= "dead" do
    local ready, err = wait(y)
    if not ready then
      return nil, err
    end
    y = pack(coroutine.resume(co, unpack(ready, 1, ready.n)))
  end
  if not y[1] then
    error(y[2], 0)
  end
  return unpack(y, 2, y.n)
end
return loop
end

package.preload["zlnet.monitor"] = function(...)
local core = require "zlnet.core"
local monitor = {}
local RETRY_SECONDS = 0.05
local GROWTH = 1024 -- objects by which a picture may at least grow before it is compared
local Monitor = {}
Monitor.__index = Monitor
local function check_open(self, name)
  if not self.source then
    error(("bad argument #1 to '%s' (closed monitor)"):format(name), 3)
  end
  return self.source
end
local function remember(self, group, event, key, value)
  local picture = self.pictures[group]
  if not key then
    return
  elseif event.event:sub(1, 3) == "new" then
    if not picture[key] then
      self.count[group] = self.count[group] + 1
      if self.count[group] > self.limit[group] then
        self.behind[group] = true
      end
    end
    picture[key] = value
  elseif picture[key] then
    picture[key] = nil
    self.count[group] = self.count[group] - 1
  end
end
local function compare(self, group)
  local messages, picture = self.source:compare(group, self.pictures[group])
  if not messages then
    picture.step = ("dump the group '%s'"):format(group)
    return nil, picture
  end
  local n = 0
  for _ in pairs(picture) do
    n = n + 1
  end
  self.pictures[group], self.count[group], self.limit[group] = picture, n, 2 * n + GROWTH
  self.behind[group] = nil
  for i = 1, #messages do
    self.queue[#self.queue + 1] = { group, messages[i] }
  end
  return #messages
end
local function catch_up(self)
  local differences = 0
  for group in pairs(self.behind) do
    local n, err = compare(self, group)
    if not n then
      return nil, err
    end
    differences = differences + n
  end
  return differences
end
local function lost(self)
  local ok, err = self.source:discard()
  if not ok then
    err.step = "discard what is out of date"
    return nil, err
  end
  self.lossy = false
  for group in pairs(self.pictures) do
    self.behind[group] = true
  end
  return { event = "overrun" }
end
local function queued(self)
  local i = self.first
  local item = self.queue[i]
  if not item then
    return nil
  end
  self.queue[i], self.first = false, i + 1
  if self.first > #self.queue then
    self.queue, self.first = {}, 1
  end
  local event = self.source:decode(item[1], item[2])
  event.resync = true
  return event
end
local function take(self)
  if self.lossy then
    return lost(self)
  end
  local event = queued(self)
  if not event and next(self.behind) then
    local ok, err = catch_up(self)
    if not ok then
      return nil, err
    end
    event = queued(self)
  end
  if event then
    return event
  end
  local group, key, value
  event, group, key, value = self.source:receive()
  if event then
    remember(self, group, event, key, value)
    return event
  elseif group and group.code == "ENOBUFS" then
    self.lossy = true
    return lost(self)
  end
  return nil, group
end
function Monitor:next(seconds)
  local source = check_open(self, "next")
  if seconds ~= nil and (type(seconds) ~= "number" or seconds ~= seconds) then
    error("bad argument #1 to 'next' (seconds: a number expected)", 2)
  end
  local deadline = seconds and core.clock() + seconds
  while true do
    local event, err = take(self)
    if event or err then
      return event, err
    end
    local left = deadline and deadline - core.clock()
    if left and left <= 0 then
      return nil
    end
    local ok
    ok, err = core.poll({ { fd = source:pollfd(), events = "r" } }, left)
    if not ok then
      return nil, err
    end
  end
end
function Monitor:pollfd()
  return check_open(self, "pollfd"):pollfd()
end
Monitor.fd, Monitor.getfd = Monitor.pollfd, Monitor.pollfd
function Monitor:events()
  check_open(self, "events")
  return "r"
end
function Monitor:timeout()
  check_open(self, "timeout")
  return self.queue[self.first] and 0 or (self.lossy or next(self.behind)) and RETRY_SECONDS or nil
end
function Monitor:close()
  if self.source then
    self.source:close()
    self.source, self.pictures, self.queue = nil, nil, nil
  end
end
Monitor.__close = Monitor.close
function monitor.monitor(target, groups, options)
  if type(groups) == "string" then
    groups = { groups }
  end
  local source, err = core.monitor(target, groups, options)
  if not source then
    return nil, err
  end
  local self = setmetatable({ source = source, pictures = {}, count = {}, limit = {}, lossy = false,
    behind = {}, queue = {}, first = 1 }, Monitor)
  for _, group in ipairs(groups) do
    self.pictures[group] = {}
    local ok
    ok, err = compare(self, group)
    if not ok then
      self:close()
      return nil, err
    end
  end
  self.queue = {} -- what was there before is no event
  return self
end
return monitor
end

package.preload["zlnet.netlink"] = function(...)
local argument = require "zlnet.argument"
local core = require "zlnet.core"
local check, fmt, type = argument.check, string.format, type
local netlink = {}
local descriptor = argument.integer(0, 0x7fffffff)
local prefix_len_of = { inet = argument.integer(0, 32), inet6 = argument.integer(0, 128) }
local function sysctl_value(value)
  if type(value) ~= "string" and math.type(value) ~= "integer" then
    return nil, "a string or an integer expected, got " .. type(value)
  end
  return tostring(value)
end
local function explain(err, link, step)
  err.link, err.step = link, step
  return nil, err
end
local function talk(method, args, more)
  local h <close>, err = core.open(nil)
  if not h then
    return nil, err
  end
  local answer
  answer, err = h[method](h, args, more)
  return answer, err
end
local function open_descriptor(fname, position, ns_fd)
  local target = ns_fd
  if type(ns_fd) ~= "userdata" then
    target = { fd = check(fname, position, "ns_fd", descriptor, ns_fd, 3) }
  end
  local fine, ns, err = pcall(core.netns.open, target)
  if not fine then -- a closed one, or a userdata of another kind
    error(fmt("bad argument #%d to '%s' (ns_fd: %s)", position, fname, ns:match "%((.*)%)$" or ns), 3)
  end
  return ns, err
end
local function bring_back(link, ns, err)
  local _, missing = talk("getlink", { ifname = link })
  if not missing or missing.kind ~= "not_found" then
    return
  end
  local here <close>, no_here = core.netns.open(nil)
  local there <close>, no_there = core.open(ns)
  local ok, failed = nil, no_here or no_there
  if here and there then
    ok, failed = there:setlink { index = link, net_ns_fd = here:fd() }
  end
  err.rollback = not ok and { failed } or nil
end
local function move(link, ns, new_name)
  local ok, err = talk("setlink", { index = link, net_ns_fd = ns:fd(), ifname = new_name })
  if ok then
    return true
  elseif err.kind ~= "not_found" then
    bring_back(link, ns, err)
  end
  return explain(err, link, fmt("move '%s' into another namespace as '%s'", link, new_name))
end
function netlink.move_link_into_netns_fd_and_rename(link, ns_fd, new_name)
  local fname = "move_link_into_netns_fd_and_rename"
  check(fname, 1, "link", argument.ifname, link)
  check(fname, 3, "new_name", argument.ifname, new_name)
  local ns <close>, err = open_descriptor(fname, 2, ns_fd)
  if not ns then
    return nil, err
  end
  return move(link, ns, new_name)
end
function netlink.move_link_into_netns_and_rename(link, pid, new_name)
  local fname = "move_link_into_netns_and_rename"
  check(fname, 1, "link", argument.ifname, link)
  check(fname, 2, "pid", argument.pid, pid)
  check(fname, 3, "new_name", argument.ifname, new_name)
  local ns <close>, err = core.netns.open(pid)
  if not ns then
    return nil, err
  end
  return move(link, ns, new_name)
end
function netlink.create_veth_pair(host_name, peer_name)
  check("create_veth_pair", 1, "host_name", argument.ifname, host_name)
  check("create_veth_pair", 2, "peer_name", argument.ifname, peer_name)
  local linkinfo = { kind = "veth", data = { peer = { ifname = peer_name } } }
  local link, err = talk("newlink", { ifname = host_name, linkinfo = linkinfo })
  if link then
    return true
  end
  local what = err.code == "EEXIST" and "veth pair already exists" or "veth create failed"
  err.message = fmt("%s: host=%s peer=%s: %s", what, host_name, peer_name, err.message)
  return explain(err, host_name)
end
function netlink.delete_link_by_name(name)
  check("delete_link_by_name", 1, "name", argument.ifname, name)
  local ok, err = talk("dellink", { ifname = name })
  if ok or err.kind == "not_found" then
    return true
  end
  return explain(err, name, fmt("delete '%s'", name))
end
function netlink.list_all_links()
  local links, err = talk("getlinks", nil, { "index", "ifname" })
  if not links then
    return nil, err
  end
  for i = 1, #links do
    links[i] = { index = links[i].index, name = links[i].ifname }
  end
  return links
end
function netlink.set_link_up_by_name(name)
  check("set_link_up_by_name", 1, "name", argument.ifname, name)
  local ok, err = talk("setlink", { ifname = name, flags = { up = true } })
  if not ok then
    return explain(err, name, fmt("bring '%s' up", name))
  end
  return true
end
function netlink.add_address_to_link_by_name(name, addr, prefix_len)
  local fname = "add_address_to_link_by_name"
  check(fname, 1, "name", argument.ifname, name)
  local ip = check(fname, 2, "addr", argument.address, addr)
  prefix_len = check(fname, 3, "prefix_len", prefix_len_of[ip.family], prefix_len)
  local args = { index = name, family = ip.family, ["local"] = ip.address, prefixlen = prefix_len }
  local ok, err = talk("newaddr", args)
  if not ok then
    return explain(err, name, fmt("add %s/%d to '%s'", ip.address, prefix_len, name))
  end
  return true
end
function netlink.add_default_route_via_dev(dev, is_v6)
  check("add_default_route_via_dev", 1, "dev", argument.ifname, dev)
  check("add_default_route_via_dev", 2, "is_v6", argument.boolean, is_v6)
  local ok, err = talk("newroute", { family = is_v6 and "inet6" or "inet", oif = dev })
  if not ok then
    return explain(err, dev, fmt("add the IPv%d default route by '%s'", is_v6 and 6 or 4, dev))
  end
  return true
end
function netlink.replace_route_via_dev(dest, prefix_len, dev, src)
  local fname = "replace_route_via_dev"
  local ip = check(fname, 1, "dest", argument.address, dest)
  prefix_len = check(fname, 2, "prefix_len", prefix_len_of[ip.family], prefix_len)
  check(fname, 3, "dev", argument.ifname, dev)
  local source = src ~= nil and check(fname, 4, "src", argument.address, src) or nil
  local step = fmt("replace the route to %s/%d by '%s'", ip.address, prefix_len, dev)
  if source and source.family ~= ip.family then
    local err = core.error { kind = "netlink", code = "EAFNOSUPPORT", op = "newroute" }
    err.message = fmt("address family mismatch: dest=%s src=%s", ip.address, source.address)
    return explain(err, dev, step)
  end
  local route = { family = ip.family, dst = ip.address .. "/" .. prefix_len, oif = dev, scope = "link" }
  route.prefsrc = source and source.address
  local ok, err = talk("newroute", route, "replace")
  if not ok then
    return explain(err, dev, step)
  end
  return true
end
function netlink.set_sysctl(key, value)
  local path = check("set_sysctl", 1, "key", argument.sysctl_key, key)
  value = check("set_sysctl", 2, "value", sysctl_value, value)
  local ok, err = core.sysctl_write(path, value)
  return ok, err
end
function netlink.with_netns_fd(ns_fd, f, ...)
  check("with_netns_fd", 2, "f", argument.fn, f)
  local ns <close>, err = open_descriptor("with_netns_fd", 1, ns_fd)
  if not ns then
    return nil, err
  end
  return ns:run(f, ...)
end
function netlink.with_netns(pid, f, ...)
  check("with_netns", 1, "pid", argument.pid, pid)
  check("with_netns", 2, "f", argument.fn, f)
  local ns <close>, err = core.netns.open(pid)
  if not ns then
    return nil, err
  end
  return ns:run(f, ...)
end
function netlink.with_netns_fd_async(ns_fd, f, ...)
  check("with_netns_fd_async", 2, "f", argument.fn, f)
  local ns <close>, err = open_descriptor("with_netns_fd_async", 1, ns_fd)
  if not ns then
    return nil, err
  end
  return ns:run(require("zlnet.loop").run, f, ...)
end
function netlink.with_netns_async(pid, f, ...)
  check("with_netns_async", 1, "pid", argument.pid, pid)
  check("with_netns_async", 2, "f", argument.fn, f)
  local ns <close>, err = core.netns.open(pid)
  if not ns then
    return nil, err
  end
  return ns:run(require("zlnet.loop").run, f, ...)
end
if not core.supported then
  for name in pairs(netlink) do
    netlink[name] = function()
      return nil, core.error { kind = "netlink", op = name, message = name .. " is only supported on Linux" }
    end
  end
end
return netlink
end

package.preload["zlnet.options"] = function(...)
local addr = require "zlnet.addr"
local alias = require "zlnet.alias"
local argument = require "zlnet.argument"
local fmt, type = string.format, type
local options = {}
function options.spec(rows, relate)
  local known, required, fields = {}, {}, {}
  for i, row in ipairs(rows) do
    known[row[1]], fields[i] = i, fmt("%s = %q", row[1], row[3])
    required[#required + 1] = row.required and i or nil
  end
  rows.known, rows.required, rows.relate = known, required, relate
  rows.blank = load("return { " .. table.concat(fields, ", ") .. " }")
  return rows
end
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
local function unknown(fname, spec, given)
  local best, best_distance = nil, 3
  if type(given) == "string" and #given <= 40 then
    for _, row in ipairs(spec) do
      local d = distance(given:lower(), row[1])
      if d < best_distance and d < #row[1] then
        best, best_distance = row[1], d
      end
    end
  end
  local hint = best and fmt(" (did you mean '%s'?)", best) or ""
  return fmt("bad option '%s' to '%s': unknown%s", tostring(given), fname, hint)
end
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
local function netns(value)
  if type(value) == "string" then
    return argument.text(value)
  elseif type(value) == "userdata" or type(value) == "table" and math.type(value.fd) == "integer" and value.fd >= 0 then
    return value
  end
  return nil, "a path, a name, a namespace handle, a file or {fd = n} expected, got " .. type(value)
end
options.routed_gateway = { inet = "169.254.1.1", inet6 = "fe80::1" }
local DEFAULT_PREFIX = {
  routed = addr.host_prefix,
  direct = { inet = 24, inet6 = 64 },
  bridge = { inet = 24, inet6 = 64 },
}
local function longest_record(o)
  return {
    pid = o.pid, start = o.pid and 99999999999, boot = ("f"):rep(16), pidns = o.pid and 4294967295, netns = 4294967295,
    tag = o.tag, time = 9999999999, ifname = o.ifname, ip = o.ip, mode = o.mode, default_route = o.default_route,
    gateway = o.gateway, src = o.src, mtu = o.mtu and 65535, bridge = o.bridge, proxy_arp = o.proxy_arp, id = o.id,
  }
end
local function fits_surely(o)
  local length = #o.ip * 4
  for i = 1, #o.ip do
    length = length + #o.ip[i].address
  end
  return not (o.id or o.gateway or o.src or o.bridge) and length <= 46
end
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
local function relate_attach(o)
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
  if not wrong and not fits_surely(o) then
    local line, long = alias.format(longest_record(o))
    wrong, why = not line and (o.id and "id" or "ip"), long
  end
  return wrong, why
end
options.attach = options.spec({
  { "pid", argument.pid },
  { "netns", netns },
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
}, relate_attach)
local OF_PAIR = {
  pid = true, netns = true, id = true, tag = true, ifname = true, mode = true, mtu = true, mac = true,
  host_mac = true, queues = true, timeout = true, bridge = true,
}
local function only(spec, names)
  local rows = {}
  for _, row in ipairs(spec) do
    rows[#rows + 1] = names[row[1]] and row or nil
  end
  return rows
end
options.pair = options.spec(only(options.attach, OF_PAIR), function(o)
  local wrong, why = relate_pair(o)
  if not wrong and o.id then
    local line, long = alias.format(longest_record(o))
    wrong, why = not line and "id", long
  end
  return wrong, why
end)
return options
end

package.preload["zlnet.owner"] = function(...)
local core = require "zlnet.core"
local char, find, fmt, match, sub = string.char, string.find, string.format, string.match, string.sub
local concat, tointeger, type = table.concat, math.tointeger, type
local owner = {}
local PID_MAX = 4194304 -- PID_MAX_LIMIT of 64-bit Linux
local MARK = "7a:6c:" -- "zl"; bit 0 clear: unicast, bit 1 set: locally administered
owner.hash = core.hash
local hash = owner.hash
function owner.host_name(o, tag)
  if o.pid then
    return fmt("veth-%d-%s", o.pid, tag)
  end
  return fmt("veth%08x-%s", hash(o.id) >> 32, tag)
end
function owner.parse_name(name)
  local kind, digits, rest = match(name, "^(%l+)%-([1-9]%d*)(.*)$")
  if kind == "veth" or kind == "vc" then
    local pid = #digits <= 7 and tointeger(tonumber(digits))
    local tag = match(rest, "^%-([A-Za-z0-9][A-Za-z0-9]?)$")
    if not pid or pid > PID_MAX or rest ~= "" and not tag then
      return nil
    end
    return { kind = kind, pid = pid, tag = tag }
  end
  local hex, tag = match(name, "^veth([0-9a-f]+)%-([A-Za-z0-9][A-Za-z0-9]?)$")
  if hex and #hex == 8 then
    return { kind = "veth", hash = hex, tag = tag }
  end
end
function owner.make_interface_name(parts, suffix)
  suffix = suffix or ""
  if type(parts) ~= "table" or #parts == 0 then
    error("bad argument #1 to 'make_interface_name' (a list of strings expected)", 2)
  end
  local t = {}
  for i = 1, #parts do
    if type(parts[i]) ~= "string" then
      error(fmt("bad argument #1 to 'make_interface_name' (part %d: string expected, got %s)", i, type(parts[i])), 2)
    end
    t[i] = #parts[i] .. ":" .. parts[i]
  end
  if type(suffix) ~= "string" or #suffix > 4 or find(suffix, "[^A-Za-z0-9]") then
    error("bad argument #2 to 'make_interface_name' (at most 4 characters of [A-Za-z0-9] expected)", 2)
  end
  local tail = suffix == "" and "" or "-" .. suffix
  local h = hash(concat(t))
  for i = 1, 12 - #tail do
    local digit = h & 31
    t[i] = char(digit < 10 and digit + 48 or digit + 87)
    h = h >> 5
  end
  return "zl-" .. concat(t, "", 1, 12 - #tail) .. tail
end
function owner.key(o)
  if o.pid then
    return fmt("pid=%d start=%d boot=%s", o.pid, o.start or 0, o.boot or "")
  end
  return "id=" .. o.id
end
function owner.is_same_start(a, b)
  return a ~= nil and b ~= nil and a - b <= 1 and b - a <= 1
end
function owner.mac(key, tag, side)
  local text = #key .. ":" .. key .. #tag .. ":" .. tag
  local h = side == "host" and hash(text) or hash(text) >> 32
  return fmt(MARK .. "%02x:%02x:%02x:%02x", h & 255, h >> 8 & 255, h >> 16 & 255, h >> 24 & 255)
end
function owner.is_our_mac(mac)
  return mac ~= nil and #mac == 17 and sub(mac, 1, 6) == MARK
end
function owner.boot(text)
  return match(text:gsub("%-", ""):lower(), "^(%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x)")
end
return owner
end

package.preload["zlnet.plan"] = function(...)
local alias = require "zlnet.alias"
local ends = require "zlnet.ends"
local options = require "zlnet.options"
local owner = require "zlnet.owner"
local plan = {}
local INET, INET6 = { "inet", inet = true }, { "inet6", inet6 = true }
local BOTH = { "inet", "inet6", inet = true, inet6 = true }
local function families_of(ips)
  local inet, inet6
  for i = 1, #ips do
    inet, inet6 = inet or ips[i].family == "inet", inet6 or ips[i].family == "inet6"
  end
  return inet and (inet6 and BOTH or INET) or INET6
end
function plan.gateways(o)
  local gateways, otherwise = {}, o.mode == "routed" and options.routed_gateway
  if o.mode ~= "direct" then
    for i = 1, #o.ip do
      local family = o.ip[i].family
      gateways[family] = o.gateway and o.gateway[family] or otherwise and otherwise[family] or nil
    end
  end
  return gateways
end
plan.forwarding = { inet = "net/ipv4/ip_forward", inet6 = "net/ipv6/conf/all/forwarding" }
local function node_ops(p, node, add)
  for _, link in ipairs(node.accept_ra or {}) do
    add {
      ns = "host", op = "sysctl", step = "keep the default route that a router announced",
      args = { key = "net/ipv6/conf/" .. link .. "/accept_ra", value = "2", old = "1" },
    }
  end
  for i = 1, #p.families do
    local family = p.families[i]
    local value = node.forwarding and node.forwarding[family]
    if value == "0" then
      add {
        ns = "host", op = "sysctl", step = "switch forwarding on",
        args = { key = plan.forwarding[family], value = "1", old = value },
      }
    end
  end
end
local function record_of(o, who)
  return {
    pid = who.pid, start = who.start, boot = who.boot, pidns = who.pidns, netns = who.netns, id = who.id,
    time = who.time, tag = o.tag, ifname = o.ifname, ip = o.ip, mode = o.mode, default_route = o.default_route,
    gateway = o.gateway, src = o.src, mtu = o.mtu, bridge = o.bridge, proxy_arp = o.proxy_arp,
  }
end
local function begin(o, who)
  local key = owner.key(who)
  return {
    host_ifname = owner.host_name(who, o.tag),
    ifname = o.ifname,
    host_mac = o.host_mac or owner.mac(key, o.tag, "host"),
    mac = o.mac or owner.mac(key, o.tag, "container"),
    record = record_of(o, who),
    gateways = nil, families = nil, alias = nil,
    ops = { nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }, -- room for the usual ones
  }
end
local function appender(ops)
  local n = 0
  return function(op)
    n = n + 1
    ops[n] = op
  end
end
function plan.pair(o, who)
  local p = begin(o, who)
  p.alias = alias.format(p.record) -- always fits: options.pair saw to it
  local add = appender(p.ops)
  add(ends.create(o, p))
  ends.record(p, add)
  return p
end
function plan.build(o, who, node)
  local p = begin(o, who)
  p.gateways, p.families = plan.gateways(o), families_of(o.ip)
  local record, reason = alias.format(p.record)
  if not record then
    return nil, reason
  end
  p.alias = record
  local add = appender(p.ops)
  add(ends.create(o, p))
  ends.mute(o, p, add)
  ends.up(o, p, add)
  ends.addresses(o, p, add)
  ends.routes(o, p, add)
  ends.host(o, p, add)
  ends.await(o, p, add)
  if o.mode == "bridge" then
    ends.announce(o, p, add)
  end
  node_ops(p, node or {}, add)
  ends.loopback(add)
  return p
end
return plan
end

package.preload["zlnet.remove"] = function(...)
local core = require "zlnet.core"
local remove = {}
local function free_group(all)
  local used = {}
  for i = 1, #all do
    used[all[i].group or 0] = true
  end
  local group
  repeat
    group = core.random() & 0x7fffffff | 0x40000000
  until not used[group]
  return group
end
local function is_gone(err)
  return err.code == "ENODEV"
end
local function delete_one(host, link, report)
  local ok, err = host:dellink { index = link.index }
  if ok or is_gone(err) then
    report.deleted[#report.deleted + 1] = link
  else
    err.step, err.link = "delete the link", link.ifname
    report.failed[#report.failed + 1] = err
  end
end
local function mark(host, links, group, report)
  local batch, marked = host:batch(), {}
  for i = 1, #links do
    batch:setlink { index = links[i].index, group = group }
  end
  local results, lost = batch:send()
  if not results then
    return nil, lost
  end
  for i = 1, #links do
    local link, err = links[i], results[i]
    if err == true then
      marked[#marked + 1] = link
    elseif is_gone(err) then -- with its namespace, or its other end
      report.deleted[#report.deleted + 1] = link
    else
      err.step, err.link = "mark the link for deletion", link.ifname
      report.failed[#report.failed + 1] = err
    end
  end
  return marked
end
local function unmark(host, links)
  local batch = host:batch()
  for i = 1, #links do
    batch:setlink { index = links[i].index, group = links[i].group or 0 }
  end
  batch:send()
end
local TAKEN_SECONDS = 2 -- a delete of a thousand takes another one's kernel less than that
local function is_taken_away(host, link, deadline)
  local there, err
  repeat
    there, err = host:getlink({ index = link.index }, { "group" })
    if there then
      core.poll({}, 0.005)
    end
  until not there or core.clock() > deadline
  return not there and is_gone(err)
end
local function failed(link, code, message)
  return core.error {
    kind = "netlink", op = "dellink", step = "delete the links", link = link.ifname, code = code, message = message,
  }
end
local function confirm(host, marked, group, err, report)
  local batch, stay, deadline = host:batch(), {}, core.clock() + TAKEN_SECONDS
  for i = 1, #marked do
    batch:getlink({ index = marked[i].index }, { "group" })
  end
  local answers, lost = batch:send()
  if not answers then
    return nil, lost
  end
  for i = 1, #marked do
    local link, answer = marked[i], answers[i]
    if answer.code and not is_gone(answer) then
      return nil, answer
    elseif answer.group == group then
      stay[#stay + 1] = link
      report.failed[#report.failed + 1] =
        failed(link, err and err.code or "EBUSY", err and err.message or "the link is still there")
    elseif answer.code or is_taken_away(host, link, deadline) then
      report.deleted[#report.deleted + 1] = link
    else
      report.failed[#report.failed + 1] = failed(link, "EBUSY", "another has put the link into a group of his own")
    end
  end
  if #stay > 0 then
    unmark(host, stay)
  end
  return true
end
local function delete_group(host, links, group)
  local report = { deleted = {}, failed = {} }
  local marked, lost = mark(host, links, group, report)
  if not marked then
    return nil, lost
  end
  local _, err = host:dellink { group = group }
  local ok
  ok, lost = confirm(host, marked, group, err, report)
  return ok and report, lost
end
function remove.links(host, links, all)
  if #links <= 1 then
    local report = { deleted = {}, failed = {} }
    if links[1] then
      delete_one(host, links[1], report)
    end
    return report
  end
  local ran, report, err = pcall(delete_group, host, links, free_group(all))
  if not (ran and report) then
    unmark(host, links)
  end
  if not ran then
    error(report, 0)
  end
  return report or nil, err
end
return remove
end

package.preload["zlnet.shell"] = function(...)
local shell = {}
local VARIABLE = '"$NETNS"'
local function quote(word)
  word = tostring(word)
  if word:find "^[%w@%%_+=:,./-]+$" then
    return word
  end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end
local function join(...)
  local words, given = {}, table.pack(...)
  for i = 1, given.n do
    words[#words + 1] = given[i] or nil
  end
  return table.concat(words, " ")
end
local function option(name, value)
  return value ~= nil and name .. " " .. quote(value)
end
local function queues_of(t)
  return option("numtxqueues", t.num_tx_queues), option("numrxqueues", t.num_rx_queues)
end
local writers = {}
function writers.newlink(args, c)
  local peer = args.linkinfo.data.peer
  local tx, rx = queues_of(args)
  local peer_tx, peer_rx = queues_of(peer)
  return join("ip link add name", quote(args.ifname), option("mtu", args.mtu), option("address", args.address), tx, rx,
    option("master", args.master), "up type veth peer name", quote(peer.ifname), option("mtu", peer.mtu),
    option("address", peer.address), peer_tx, peer_rx, "netns", c.netns)
end
function writers.setlink(args, c)
  local spec = args.af_spec
  if spec and spec.inet then
    local key, value = next(spec.inet.conf)
    return join("sysctl -qw", quote(("net/ipv4/conf/%s/%s=%s"):format(c.dev, key, value)))
  end
  return join("ip link set dev", quote(c.dev), spec and "addrgenmode " .. spec.inet6.addr_gen_mode,
    option("alias", args.ifalias), option("address", args.address), args.flags and "up")
end
local function wait(question, answer)
  return ("until %s 2>/dev/null | grep -q '%s'; do sleep 0.01; done"):format(question, answer)
end
function writers.getlink(_, c)
  local ask = join("ip link show dev", quote(c.dev))
  return c.await and wait(c.inside .. ask, " state " .. c.await.operstate:upper() .. " ") or ask .. " >/dev/null"
end
function writers.newaddr(args, c)
  local flags = args.flags or {}
  return join("ip addr add", args["local"] .. "/" .. args.prefixlen, "dev", quote(c.dev), option("scope", args.scope),
    flags.nodad and "nodad", flags.noprefixroute and "noprefixroute")
end
function writers.newroute(args, c)
  local v6 = args.family == "inet6" or args.dst and args.dst:find(":", 1, true)
  return join(v6 and "ip -6 route" or "ip route", c.mode or "add", args.dst or "default", option("via", args.gateway),
    "dev", quote(c.dev), option("scope", args.scope), option("src", args.prefsrc),
    args.flags and args.flags.onlink and "onlink")
end
function writers.getroute(args, c)
  local ask = join("ip -6 route get", args.dst:match "^[^/]+", "oif", quote(c.dev))
  return wait(c.inside .. ask, "^" .. c.await.type .. " ")
end
function writers.sysctl(args, c)
  return join("sysctl -qw", quote(args.key .. "=" .. args.value), c.optional and "2>/dev/null || true")
end
function shell.command(op, p, target)
  local path = not target and VARIABLE
    or quote(target:find "^%d+$" and "/proc/" .. target .. "/ns/net"
      or target:find("/", 1, true) and target or "/run/netns/" .. target)
  local inside = op.ns == "container" and "nsenter --net=" .. path .. " " or ""
  local dev = op.link == "host" and p.host_ifname or op.link and p.ifname or "lo"
  local text = writers[op.op](op.args, {
    dev = dev, netns = target and quote(target) or VARIABLE, inside = inside, mode = op.mode, await = op.await,
    optional = op.optional,
  })
  return op.await and text or inside .. text
end
function shell.script(p)
  local lines, step = { "#!/bin/sh", "set -e" }, nil
  for _, op in ipairs(p.ops) do
    if op.step ~= step then
      step = op.step
      lines[#lines + 1] = "# " .. step
    end
    lines[#lines + 1] = op.command
  end
  return table.concat(lines, "\n") .. "\n"
end
return shell
end

package.preload["zlnet.survey"] = function(...)
local core = require "zlnet.core"
local plan = require "zlnet.plan"
local survey = {}
local function step(err, text)
  err.step = err.step or text
  return nil, err
end
local function is_default(route)
  return route.dst == nil and route.table == "main" and route.type == "unicast"
end
local function uplink(host)
  for _, family in ipairs { "inet", "inet6" } do
    local routes, err = host:getroutes { family = family }
    if not routes then
      return nil, err
    end
    local best
    for _, route in ipairs(routes) do
      if is_default(route) and (not best or (route.priority or 0) < (best.priority or 0)) then
        best = route
      end
    end
    local index = best and (best.oif or best.multipath and best.multipath[1].ifindex)
    if index then
      return host:getlink { index = index }
    end
  end
  return nil, core.error { kind = "netlink", code = "ENETUNREACH", op = "getroutes",
    message = "no default route leads to a link that the MTU could be inherited from" }
end
local function bridge_of(host, name)
  local link, err = host:getlink { ifname = name }
  if not link then
    return nil, err
  elseif not link.linkinfo or link.linkinfo.kind ~= "bridge" then
    err = core.error { kind = "netlink", code = "EINVAL", op = "getlink",
      message = ("'%s' is %s, no bridge"):format(name, link.linkinfo and link.linkinfo.kind or "a device") }
    err.link = name
    return nil, err
  end
  return link
end
local function look_at_links(o, host, seen)
  local bridge, err
  if o.bridge then
    bridge, err = bridge_of(host, o.bridge)
    if not bridge then
      return step(err, "look at the bridge")
    end
  end
  seen.mtu = o.mtu
  if o.mtu == "inherit" then
    local from = bridge
    if not from then
      from, err = uplink(host)
    end
    if not from then
      return step(err, "find the MTU to inherit")
    end
    seen.mtu = from.mtu
  end
  return true
end
local function find_accept_ra(host, list)
  local routes, err = host:getroutes { family = "inet6" }
  if not routes then
    return nil, err
  end
  local done = {}
  for _, route in ipairs(routes) do
    if is_default(route) and route.protocol == "ra" then
      for _, hop in ipairs(route.multipath or { { ifindex = route.oif } }) do
        local link = hop.ifindex and not done[hop.ifindex] and host:getlink({ index = hop.ifindex }, { "ifname" })
        done[hop.ifindex or 0] = true
        if link and core.sysctl_read("net/ipv6/conf/" .. link.ifname .. "/accept_ra") == "1" then
          list[#list + 1] = link.ifname
        end
      end
    end
  end
  return true
end
local function look_at_forwarding(o, host, seen)
  for i = 1, o.forwarding and #o.ip or 0 do
    local family = o.ip[i].family
    if not seen.forwarding[family] then
      local value, err = core.sysctl_read(plan.forwarding[family])
      if not value then
        return step(err, "read whether forwarding is on")
      end
      seen.forwarding[family] = value
    end
  end
  if seen.forwarding.inet6 == "0" then
    local ok, err = find_accept_ra(host, seen.accept_ra)
    if not ok then
      return step(err, "find the default routes that routers announced")
    end
  end
  return true
end
function survey.of(o, host)
  local seen = { forwarding = {}, accept_ra = {} }
  local ok, err = look_at_links(o, host, seen)
  if ok then
    ok, err = look_at_forwarding(o, host, seen)
  end
  if not ok then
    return nil, err
  end
  return seen
end
return survey
end

package.preload["zlnet.sweep"] = function(...)
local argument = require "zlnet.argument"
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local options = require "zlnet.options"
local remove = require "zlnet.remove"
local world = require "zlnet.world"
local sweep = {}
local function grace(value)
  if value == 0 then
    return value
  end
  return argument.seconds(value)
end
local function ids(value)
  if type(value) ~= "table" then
    return nil, "a list of ids expected, got " .. type(value)
  end
  local set, n = {}, 0
  for key, id in next, value do
    local checked, why = argument.text(id)
    if math.type(key) ~= "integer" or not checked then
      return nil, why or "a list of ids expected"
    end
    set[id], n = true, n + 1
  end
  if n ~= #value then
    return nil, "a list of ids expected"
  end
  return set
end
sweep.options = options.spec {
  { "dry_run", argument.boolean, false },
  { "valid", ids },
  { "owner", argument.text },
  { "grace", grace, 0 },
  { "timeout", argument.seconds, 10 },
}
local function judge_owner(c, w)
  local record, name = c.record, c.name
  if c.foreign then
    return "foreign", "it bears another owner's alias"
  elseif not record then
    if w.owner then
      return "unknown", "a crash left it without a record of its owner"
    elseif name.pid and not w.initial then
      return "unknown", "a pid without a record may be another pid namespace's"
    end
  elseif record.boot ~= w.boot then
    return "foreign", "made in another boot"
  elseif w.owner and (record.id or ""):sub(1, #w.owner) ~= w.owner then
    return "foreign", "another owner's"
  elseif record.id and w.valid and w.valid[record.id] then
    return "alive", "its id is in the list"
  elseif record.pid and record.pidns ~= w.pidns then
    return "foreign", "made under another pid namespace"
  elseif not record.pid and not w.valid then
    return "unknown", "only its owner knows whether " .. record.id .. " is alive"
  end
end
local function judge_age(c, w)
  if not c.record then
    return not w.settled and "an attach of it may be under way"
  end
  local age = w.grace > 0 and w.now - c.record.time
  return age and age < w.grace and ("made %d s ago"):format(age)
end
function sweep.judge(c, w)
  local verdict, reason = judge_owner(c, w)
  if verdict then
    return verdict, reason
  end
  local pid = (c.record or c.name).pid
  local gone = c.record and "its id is not in the list" or "a crash left it without a record"
  if pid then
    local state
    state, gone = w:liveness(pid, c.record and c.record.start)
    if state ~= "dead" then
      return state, gone
    end
  end
  local early = judge_age(c, w)
  if early then
    return "young", early
  end
  local used, why = w:in_use(c.link)
  if used == "yes" then
    return "in_use", why
  elseif used == "unknown" then
    return "unknown", why
  end
  return "orphan", gone
end
local function judge_all(all, w)
  local judged = { verdicts = {}, orphans = {}, unsettled = false }
  for _, c in ipairs(attachments.among(all)) do
    local verdict, reason = sweep.judge(c, w)
    local whose = c.record or c.name
    judged.verdicts[#judged.verdicts + 1] = {
      ifname = c.link.ifname, index = c.link.index, verdict = verdict, reason = reason,
      pid = whose.pid, id = whose.id, tag = whose.tag,
    }
    if verdict == "orphan" then
      judged.orphans[#judged.orphans + 1] = c.link
    elseif verdict == "young" and not c.record then
      judged.unsettled = true
    end
  end
  return judged
end
local function names(links)
  local list = {}
  for i = 1, #links do
    list[i] = links[i].ifname
  end
  return list
end
local function look(host, w)
  local all, err = host:getlinks(nil, attachments.keys)
  if not all then
    err.step = "list the links"
    return nil, err
  end
  return all, judge_all(all, w)
end
local function settle(here, host, w, seconds)
  local all, judged = look(host, w)
  if not all or not judged.unsettled then
    return all, judged
  end
  local ok, err = here:lock("exclusive", seconds)
  if not ok and err.code ~= "EAGAIN" then
    err.step = "wait for attaches under way"
    return nil, err
  end
  w.settled = ok or false
  return look(host, w)
end
local function run(o, here, host)
  local w, err = world.new(host)
  if not w then
    return nil, err
  end
  w.now, w.grace, w.valid, w.owner, w.settled = os.time(), o.grace, o.valid, o.owner, false
  local all, judged = settle(here, host, w, o.timeout)
  if not all then
    return nil, judged
  end
  local report = { dry_run = o.dry_run, verdicts = judged.verdicts, deleted = {}, failed = {} }
  if not o.dry_run then
    local removed
    removed, err = remove.links(host, judged.orphans, all)
    if not removed then
      err.step = err.step or "delete the orphans"
      return nil, err
    end
    report.deleted, report.failed = names(removed.deleted), removed.failed
  end
  return report
end
function sweep.sweep(opts)
  local o = options.check("sweep", sweep.options, opts or {})
  local here <close>, err = core.netns.open(nil)
  if not here then
    return nil, err
  end
  local host <close>, no_socket = core.open(nil)
  if not host then
    return nil, no_socket
  end
  local report
  report, err = run(o, here, host)
  return report, err
end
return sweep
end

package.preload["zlnet.target"] = function(...)
local core = require "zlnet.core"
local owner = require "zlnet.owner"
local target = {}
local Target = {}
Target.__index = Target
local PARTS = { "ns", "here", "process" }
function Target:close()
  for i = 1, #PARTS do
    local name = PARTS[i]
    if self[name] then
      self[name]:close()
      self[name] = nil
    end
  end
end
Target.__close = Target.close
target.initial_pidns = 0xEFFFFFFC
local boot_id
function target.boot()
  if not boot_id then
    local text, err = core.sysctl_read "kernel/random/boot_id"
    if not text then
      return nil, err
    end
    boot_id = owner.boot(text)
  end
  return boot_id
end
local function step(err, text)
  err.step = text
  return nil, err
end
local view
local function check_proc()
  view = view or core.proc_view()
  if view == "foreign" then
    return nil, core.error { kind = "io", code = "ESRCH", op = "open",
      message = "/proc is not that of our pid namespace, so no pid can be looked up in it" }
  end
  return true
end
local function open(self, o)
  local ok, err
  if not o.pid then
    self.ns, err = core.netns.open(o.netns)
    return self.ns, err
  end
  ok, err = check_proc()
  if not ok then
    return nil, err
  end
  self.process, err = core.process(o.pid)
  if not self.process then
    return nil, err
  end
  self.ns, err = self.process:netns()
  if not self.ns then
    return nil, err
  end
  self.who.start, err = self.process:starttime()
  return self.who.start, err
end
local function identify(self, o)
  local who = self.who
  local ours, err = self.here:id()
  if not ours then
    return nil, err
  end
  local theirs, unseen = self.ns:id()
  if not theirs then
    return nil, unseen
  elseif ours.ino == theirs.ino and ours.dev == theirs.dev then
    return nil, core.error { kind = "io", code = "EINVAL", op = "attach",
      message = "the target is the caller's own network namespace" }
  end
  who.boot, err = target.boot()
  if not who.boot then
    return nil, err
  end
  if o.pid then
    who.pidns, err = core.pidns()
    if not who.pidns then
      return nil, err
    end
  end
  who.netns, who.time = theirs.ino, os.time()
  return true
end
local function fill(self, o, seconds, host)
  local ok, err = open(self, o)
  if not ok then
    return step(err, "open the target's network namespace")
  end
  self.here = host:netns() -- quicker than by its path, which takes no privilege
  if not self.here then
    self.here, err = core.netns.open(nil)
  end
  if not self.here then
    return step(err, "open our own network namespace")
  end
  ok, err = identify(self, o)
  if not ok then
    return step(err, "check the target")
  end
  ok, err = self.here:lock("shared", seconds)
  if not ok then
    return step(err, "wait for the node's lock")
  end
  return true
end
function target.pin(o, seconds, host)
  local self = setmetatable({
    ns = nil, here = nil, process = nil, -- room for them: a table that grows costs several times as much
    who = { pid = o.pid, id = o.id, start = nil, boot = nil, pidns = nil, netns = nil, time = nil },
  }, Target)
  local ok, err = fill(self, o, seconds, host)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end
return target
end

package.preload["zlnet.undo"] = function(...)
local undo = {}
local Undo = {}
Undo.__index = Undo
function undo.new()
  return setmetatable({ n = 0 }, Undo)
end
function Undo:push(step, f, ...)
  local n = self.n + 1
  self[n] = { step = step, f = f, begun = false, args = table.pack(...) }
  self.n = n
end
function Undo:commit()
  for i = self.n, 1, -1 do
    self[i] = nil
  end
  self.n = 0
end
local function as_error(e, step, like)
  if type(e) ~= "table" then
    e = setmetatable({ kind = "netlink", op = "undo", message = tostring(e) }, like)
  end
  e.step = e.step or step
  return e
end
local function take_back(entry, ...)
  entry.begun = true
  return entry.f(...)
end
local function run(self, like)
  local errors
  while self.n > 0 do
    local entry = self[self.n]
    if not entry.begun then
      local ran, result, err = pcall(take_back, entry, table.unpack(entry.args, 1, entry.args.n))
      if not ran then
        err = result
      end
      if not ran or not result and err ~= nil then
        errors = errors or {}
        errors[#errors + 1] = as_error(err, entry.step, like)
      end
    end
    if self[self.n] == entry then -- a step may itself have called fail
      self[self.n] = nil
      self.n = self.n - 1
    end
  end
  return errors
end
local function note(err, errors)
  if errors and err.rollback then
    table.move(errors, 1, #errors, #err.rollback + 1, err.rollback)
  else
    err.rollback = errors or err.rollback
  end
end
function Undo:fail(err)
  note(err, run(self, getmetatable(err)))
  return nil, err
end
function Undo:__close(raised)
  if type(raised) == "table" then
    note(raised, run(self, getmetatable(raised)))
  else
    run(self)
  end
end
return undo
end

package.preload["zlnet.watch"] = function(...)
local argument = require "zlnet.argument"
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local judge = require "zlnet.watch.judge"
local monitor = require "zlnet.monitor"
local options = require "zlnet.options"
local tracks = require "zlnet.watch.tracks"
local world = require "zlnet.world"
local watch = {}
local BUFFER = 1 << 21 -- bytes of announcements that may wait, as far as the system allows it
local AT_ONCE = 1000 -- announcements taken in one step, so that the caller's loop is not held up
watch.options = options.spec {
  { "dry_run", argument.boolean, false },
  { "grace", function(value)
    return value == 0 and value or argument.seconds(value)
  end, 0 },
}
local Watcher = {}
Watcher.__index = Watcher
local function emit(self, event)
  self.queue[#self.queue + 1] = event
end
local JUDGED = { deleted = true, orphan = true, kept = true }
local function tell(self, name, t)
  local whose, judged = t.c.record or t.c.name, JUDGED[name]
  emit(self, {
    event = name, ifname = t.ifname, index = t.index, pid = whose.pid, id = whose.id, tag = whose.tag,
    verdict = judged and t.verdict or nil, reason = judged and t.reason or nil,
  })
end
local function fail(self, err, t)
  emit(self, { event = "failed", error = err, ifname = t and t.ifname, index = t and t.index })
end
local function hear(self)
  for _ = 1, AT_ONCE do
    local event, err = self.monitor:next(0)
    if err then
      self.fail(err)
    end
    if not event then
      return
    elseif event.event == "newlink" then
      self.tracks:see(event)
    elseif event.event == "dellink" then
      self.tracks:unsee(event.index)
    else
      emit(self, event) -- an overrun; what was lost comes next
    end
  end
end
local function judge_due(self, due)
  local ok, raised = pcall(judge.judge, self, due)
  if ok then
    return
  end
  for _, t in ipairs(due) do
    if self.tracks:of(t.index) == t then
      self.tracks:look_again(t)
    end
  end
  error(raised, 0)
end
local function step(self, seconds)
  local ready, err = self.set:wait(seconds)
  if not ready then
    return nil, err
  end
  for i = 1, #ready do
    self.tracks:ended(ready[i])
  end
  hear(self)
  self.tracks:ripen()
  local due = self.tracks:take_due()
  if #due > 0 then
    judge_due(self, due)
  end
  local least, waits = self.tracks:ripen(), self.monitor:timeout()
  self.set:alarm(waits and math.min(waits, least or waits) or least)
  return true
end
local function check_open(self, name)
  if not self.here then
    error(("bad argument #1 to '%s' (closed watcher)"):format(name), 3)
  end
end
function Watcher:next(seconds)
  check_open(self, "next")
  if seconds ~= nil and (type(seconds) ~= "number" or seconds ~= seconds) then
    error("bad argument #1 to 'next' (seconds: a number expected)", 2)
  end
  local deadline, left = seconds and core.clock() + seconds, 0
  while true do
    local event = self.queue[self.first]
    if event then
      self.first = self.first + 1
      return event
    elseif left and left < 0 then
      return nil
    end
    self.queue, self.first = {}, 1
    local ok, err = step(self, left)
    if not ok then
      return nil, err
    end
    left = deadline and deadline - core.clock()
  end
end
function Watcher:run(f)
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
function Watcher:pollfd()
  check_open(self, "pollfd")
  return self.set:pollfd()
end
Watcher.fd, Watcher.getfd = Watcher.pollfd, Watcher.pollfd
function Watcher:events()
  check_open(self, "events")
  return "r"
end
function Watcher:timeout()
  check_open(self, "timeout")
  return self.queue[self.first] and 0 or nil
end
function Watcher:close()
  for _, name in ipairs { "tracks", "monitor", "set", "host", "here" } do
    if self[name] then
      self[name]:close()
      self[name] = nil
    end
  end
end
Watcher.__close = Watcher.close
local function start(self)
  local err, w, links, ok
  self.here, err = core.netns.open(nil)
  if self.here then
    self.host, err = core.open(nil)
  end
  if self.host then
    self.set, err = core.pollset()
  end
  if self.set then
    self.monitor, err = monitor.monitor(nil, "link", { rcvbuf = BUFFER, keys = { link = attachments.keys } })
  end
  if self.monitor then
    ok, err = self.set:add(self.monitor:pollfd())
  end
  if ok then
    w, err = world.new(self.host)
  end
  if w then
    links, err = self.host:getlinks(nil, attachments.keys)
  end
  if not links then
    return nil, err
  end
  self.tracks = tracks.new(self.set, w, self.tell, self.fail)
  for i = 1, #links do
    self.tracks:see(links[i])
  end
  self.set:alarm(0)
  return true
end
function watch.watch(opts)
  local o = options.check("watch", watch.options, opts or {})
  local self = setmetatable({ o = o, queue = {}, first = 1 }, Watcher)
  function self.tell(...)
    tell(self, ...)
  end
  function self.fail(...)
    fail(self, ...)
  end
  local ok, err = start(self)
  if not ok then
    self:close()
    return nil, err
  end
  return self
end
return watch
end

package.preload["zlnet.world"] = function(...)
local core = require "zlnet.core"
local owner = require "zlnet.owner"
local target = require "zlnet.target"
local world = {}
local World = {}
World.__index = World
local ENOENT = 2
function world.new(host)
  local boot, err = target.boot()
  if not boot then
    return nil, err
  end
  local pidns, unknown = core.pidns()
  if not pidns then
    return nil, unknown
  end
  return setmetatable({
    boot = boot, pidns = pidns, initial = pidns == target.initial_pidns, view = core.proc_view(), host = host,
  }, World)
end
local function is_thread(pid)
  local file <close>, _, errno = io.open(("/proc/%d/stat"):format(pid))
  return file ~= nil or errno ~= ENOENT
end
function World:liveness(pid, start)
  local process <close>, err = core.process(pid)
  if not process then
    if err.code ~= "ESRCH" then
      return "unknown", tostring(err)
    elseif not start and (self.view ~= "all" or is_thread(pid)) then
      return "unknown", "a thread may have its number"
    end
    return "dead", "no process has its pid"
  elseif not process:alive() then
    return "dead", "the process has ended"
  elseif not start then
    return "alive", "a process has its pid"
  elseif self.view == "foreign" then
    return "unknown", "/proc shows another pid namespace"
  end
  local now, why = process:starttime()
  if not now then
    if why.code == "ESRCH" and not process:alive() then
      return "dead", "the process has ended"
    end
    return "unknown", tostring(why)
  elseif not owner.is_same_start(now, start) then
    return "dead", "its pid belongs to a later process"
  end
  return "alive", "the process is there"
end
function World:matters(pid)
  return not (self.initial and pid == 1)
end
function World:look()
  local occupied, unseen = core.occupants(self.host)
  self.occupied, self.blind = occupied or {}, not occupied or self.view ~= "all"
  for _, pid in ipairs(occupied and unseen or {}) do
    self.blind = self.blind or self:matters(pid)
  end
end
function World:in_use(link)
  local nsid = link.link_netnsid
  if not nsid then
    return "no", "both ends are here"
  elseif nsid < 0 then -- the kernel could not give it a number
    return "unknown", "the kernel does not say which namespace the container end is in"
  end
  if not self.occupied then
    self:look()
  end
  local pid = self.occupied[nsid]
  if pid then
    return "yes", ("process %d lives in the container end's namespace"):format(pid)
  elseif self.blind then
    return "unknown", "not every process can be seen"
  end
  return "no", "no process lives in the container end's namespace"
end
return world
end

package.preload["zlnet.watch.judge"] = function(...)
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local remove = require "zlnet.remove"
local sweep = require "zlnet.sweep"
local world = require "zlnet.world"
local judge = {}
local SOON = 0.05 -- seconds until something is looked at again that changes at any moment
local function read(self, due)
  local links, err
  if #due > 1 then
    links, err = self.host:getlinks(nil, attachments.keys)
  else
    local link
    link, err = self.host:getlink({ index = due[1].index }, attachments.keys)
    links = (link or err.code == "ENODEV") and { link }
  end
  if not links then
    return nil, err
  end
  local there, list = {}, {}
  for i = 1, #links do
    there[links[i].index] = links[i]
  end
  for _, t in ipairs(due) do
    local link = there[t.index]
    if not link then
      self.tracks:lose(t, "detached")
    else
      self.tracks:see(link)
      if self.tracks:of(t.index) == t then
        t.c.link = link
        list[#list + 1] = t
      end
    end
  end
  return list, links
end
local function keep(self, t, w, verdict, reason)
  local known, list = t.verdict == verdict, self.tracks
  t.verdict, t.reason = verdict, reason
  if verdict == "alive" then
    list:follow(t)
  elseif verdict == "in_use" then
    if list:wait_for(t, w.occupied[t.c.link.link_netnsid]) then
      list:look_again(t) -- it, or the one thread of it that is there, may leave without ending
    else
      list:look_in(t, SOON)
    end
  elseif verdict == "young" then
    list:look_in(t, math.max(SOON, t.c.record and t.c.record.time + w.grace - w.now or 0))
  elseif verdict == "unknown" and list:is_ours(t) then
    list:look_again(t)
  end
  if not known and verdict ~= "alive" then
    self.tell("kept", t)
  end
end
local function delete(self, orphans, all)
  local links = {}
  for i, t in ipairs(orphans) do
    links[i] = t.c.link
    if self.o.dry_run then
      self.tell("orphan", t)
    end
  end
  if self.o.dry_run then
    return
  end
  local report, err = remove.links(self.host, links, all)
  for _, link in ipairs(report and report.deleted or {}) do
    self.tracks:lose(self.tracks:of(link.index), "deleted")
  end
  for _, failed in ipairs(report and report.failed or { err }) do
    self.fail(failed)
  end
  for _, t in ipairs(orphans) do
    if self.tracks:of(t.index) == t then
      self.tracks:look_again(t)
    end
  end
end
local function look(self, here, due)
  local w, err = world.new(self.host)
  if not w then
    return nil, err
  end
  w.now, w.grace, w.settled = os.time(), self.o.grace, false
  for _, t in ipairs(due) do
    if not t.c.record then
      w.settled = here:lock("exclusive", 0) or false
      break
    end
  end
  return w
end
local function check_place(self, here)
  local ours, err = self.here:id()
  local now, unseen = here:id()
  if not ours or not now then
    return nil, err or unseen
  elseif now.ino ~= ours.ino or now.dev ~= ours.dev then
    error("a watcher has to be used in the network namespace that it was made in", 0)
  end
  return true
end
function judge.judge(self, due)
  local here <close>, err = core.netns.open(nil) -- holds the lock until what is to be deleted is
  local ok, w, list, all
  if here then
    ok, err = check_place(self, here)
  end
  if ok then
    w, err = look(self, here, due)
  end
  if w then
    list, all = read(self, due)
    err = all
  end
  if not list then
    self.fail(err)
    for _, t in ipairs(due) do
      self.tracks:look_again(t)
    end
    return
  end
  local orphans = {}
  for _, t in ipairs(list) do
    local verdict, reason = sweep.judge(t.c, w)
    if verdict == "orphan" then
      t.verdict, t.reason = verdict, reason
      orphans[#orphans + 1] = t
    else
      keep(self, t, w, verdict, reason)
    end
  end
  if #orphans > 0 then
    delete(self, orphans, all)
  end
end
return judge
end

package.preload["zlnet.watch.tracks"] = function(...)
local attachments = require "zlnet.attachments"
local core = require "zlnet.core"
local owner = require "zlnet.owner"
local tracks = {}
local LATER, LATEST = 1, 60 -- seconds until something is looked at again; the longest
local Tracks = {}
Tracks.__index = Tracks
function tracks.new(set, w, tell, fail)
  return setmetatable({
    set = set, w = w, tell = tell, fail = fail, due = {}, later = {}, by_index = {}, by_fd = {}, gone = {},
  }, Tracks)
end
function Tracks:of(index)
  return self.by_index[index]
end
function Tracks:look_in(t, seconds)
  self.later[t] = core.clock() + seconds
end
function Tracks:look_again(t)
  t.pause = math.min(2 * (t.pause or LATER / 2), LATEST)
  self:look_in(t, t.pause)
end
function Tracks:ripen()
  local now, least = core.clock(), next(self.due) and 0 or nil
  for t, at in pairs(self.later) do
    if at <= now then
      self.later[t], self.due[t], least = nil, true, 0
    else
      least = math.min(least or math.huge, at - now)
    end
  end
  return least
end
function Tracks:take_due()
  local list = {}
  for t in pairs(self.due) do
    list[#list + 1] = t
  end
  self.due = {}
  return list
end
local function stop_waiting(self, t)
  self.due[t], self.later[t] = nil, nil
  if t.process then
    local fd = t.process:pollfd()
    self.set:remove(fd) -- before it is closed
    self.by_fd[fd] = nil
    t.process:close()
    t.process = nil
  end
end
function Tracks:wait_for(t, pid, start)
  stop_waiting(self, t)
  local process, err = core.process(pid)
  if not process then
    return nil, err
  end
  local now = start and process:starttime()
  local ok = not now or owner.is_same_start(now, start)
  if ok then
    ok, err = self.set:add(process:pollfd())
  end
  if not ok then
    process:close()
    return nil, err or core.error { kind = "io", code = "ESRCH", op = "watch", message = "the process has ended" }
  end
  t.process, self.by_fd[process:pollfd()] = process, t
  return true
end
function Tracks:ended(fd)
  local t = self.by_fd[fd]
  if t then
    stop_waiting(self, t)
    self.due[t] = true
  end
end
function Tracks:is_ours(t)
  local record = t.c.record
  if record then
    return record.pid ~= nil and record.pidns == self.w.pidns and record.boot == self.w.boot
  end
  return t.c.name.pid ~= nil and self.w.initial and not t.c.foreign
end
function Tracks:follow(t)
  local record, name = t.c.record, t.c.name
  if self:is_ours(t) then
    local ok, err = self:wait_for(t, (record or name).pid, record and record.start)
    if not ok and err.code == "ESRCH" then
      self.due[t] = true
    elseif not ok then
      self.fail(err, t)
      self:look_again(t)
    end
  elseif record and not record.pid then
    t.verdict = "unknown" -- only its owner knows when it ends
  elseif not record and not t.c.foreign and owner.is_our_mac(t.address) then
    self:look_in(t, LATER) -- its record is on its way, or a crash left it without
  else
    self.due[t] = true
  end
end
function Tracks:forget(t)
  stop_waiting(self, t)
  self.by_index[t.index] = nil
end
function Tracks:see(link)
  local t = self.by_index[link.index]
  if self.gone[link.index] -- an announcement from before
    or t and t.ifname == link.ifname and t.ifalias == link.ifalias and t.address == link.address then
    return
  end
  local told = t and t.told
  if t then
    self:forget(t)
  end
  local c = attachments.identify(link)
  if not c then
    return
  end
  t = { c = c, index = link.index, ifname = link.ifname, ifalias = link.ifalias, address = link.address, told = told }
  self.by_index[t.index] = t
  self:follow(t)
  if not told and (c.record or not owner.is_our_mac(t.address)) then -- else the record says whose it is
    t.told = true
    self.tell("attached", t)
  end
end
function Tracks:unsee(index)
  local t = self.by_index[index]
  if self.gone[index] then
    self.gone[index] = nil
  elseif t then
    self:forget(t)
    self.tell("detached", t)
  end
end
function Tracks:lose(t, event)
  self.gone[t.index] = true
  self:forget(t)
  self.tell(event, t)
end
function Tracks:close()
  for _, t in pairs(self.by_index) do
    if t.process then
      t.process:close()
    end
  end
end
return tracks
end
