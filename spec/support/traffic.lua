-- SPDX-License-Identifier: MIT
-- Traffic of specs: servers that tell who asks them, clients, and frames as no honest container sends them.
local helper = require "spec.support.helper"

local traffic = {}

-- Answers on a port, over IPv4 and IPv6, with the address that it is asked from; and writes it down.
local SERVER = [[
local socket = require "socket"
local kind, port, log = arg[1], tonumber(arg[2]), assert(io.open(arg[3], "a"))
log:setvbuf "no"
local list = {}
for _, version in ipairs { "4", "6" } do
  local s = assert(socket[kind .. version]())
  s:setoption("reuseaddr", true)
  if version == "6" then
    s:setoption("ipv6-v6only", true)
  end
  assert((s.bind or s.setsockname)(s, version == "4" and "0.0.0.0" or "::", port))
  if s.listen then
    assert(s:listen(50))
  end
  list[#list + 1] = s
end
log:write "ready\n"
while true do
  for _, s in ipairs(socket.select(list)) do
    if kind == "udp" then
      local data, address, number = s:receivefrom()
      log:write(address, " ", data, "\n")
      s:sendto(address, address, number)
    else
      local c = s:accept()
      local address = c:getpeername()
      log:write(address, " \n")
      c:send(address)
      c:close()
    end
  end
end
]]

local CLIENT = [[
local socket = require "socket"
local kind, address, port, seconds, text, host, from = table.unpack(arg)
local version = address:find(":", 1, true) and "6" or "4"
local s = assert(socket[kind .. version]())
s:settimeout(tonumber(seconds))
if from then
  assert((s.bind or s.setsockname)(s, host, tonumber(from)))
end
assert((s.connect or s.setpeername)(s, address, tonumber(port)))
if kind == "udp" then
  assert(s:send(text))
end
io.write((assert(s:receive(kind == "udp" and 100 or "*a"))))
]]

local FRAME = [[
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for frame in sys.argv[2:]:
    s.send(bytes.fromhex(frame))
]]

local function run(where, command)
  if where then
    return where:exec(command)
  end
  return helper.sh(command)
end

local function line_of(interpreter, script, ...)
  local words = { interpreter }
  if interpreter == "python3" then
    words[2], words[3] = "-c", helper.quote(script)
  else
    local file = os.tmpname()
    local f <close> = assert(io.open(file, "w"))
    f:write("os.remove(arg[0])\n", script)
    words[2] = file
  end
  for _, word in ipairs { ... } do
    words[#words + 1] = helper.quote(word)
  end
  return table.concat(words, " ")
end

local running = {}

---Starts a server in a container, or on the node; it ends with traffic.stop.
---@return fun(): string[] heard what it has heard so far: "ADDRESS TEXT"
function traffic.serve(where, kind, port)
  local log = os.tmpname()
  local ok, pid = run(where, line_of(helper.lua, SERVER, kind, port, log) .. " >/dev/null 2>" .. log
    .. ".err </dev/null & echo $!")
  assert(ok, pid)
  running[#running + 1] = { pid = pid:match "%d+", log = log }
  local function lines()
    local list = {}
    for line in io.lines(log) do
      if line ~= "ready" then
        list[#list + 1] = line
      end
    end
    return list
  end
  helper.eventually(function()
    local file <close> = assert(io.open(log))
    return file:read "a" ~= ""
  end)
  return lines
end

---Ends all servers.
function traffic.stop()
  for _, server in ipairs(running) do
    helper.sh("kill -9 " .. server.pid)
    os.remove(server.log)
    os.remove(server.log .. ".err")
  end
  running = {}
end

---Asks a server. Returns the address that it saw, or nil and what was wrong. What has to come is allowed a long time.
---options: seconds, text, from = { address, port }
function traffic.ask(from, kind, address, port, options)
  options = options or {}
  local ok, said = run(from, line_of(helper.lua, CLIENT, kind, address, port, options.seconds or 20,
    options.text or "hello", table.unpack(options.from or {})))
  if ok then
    return said
  end
  return nil, said
end

---Whether nobody answers. A second has to be enough for that.
function traffic.is_refused(from, kind, address, port)
  return traffic.ask(from, kind, address, port, { seconds = 1 }) == nil
end

---Sends frames, each in hexadecimal, out of a link of a container.
function traffic.send(from, ifname, ...)
  local ok, said = run(from, line_of("python3", FRAME, ifname, ...))
  assert(ok, said)
end

local function hex(bytes)
  return (bytes:gsub(".", function(c)
    return ("%02x"):format(c:byte())
  end))
end

local function mac(text)
  return (text:gsub(":", ""))
end

local function sum(bytes)
  local n = 0
  for i = 1, #bytes, 2 do
    n = n + string.unpack(">I2", bytes .. "\0", i)
  end
  while n > 0xffff do
    n = (n & 0xffff) + (n >> 16)
  end
  return ~n & 0xffff
end

local function address(text)
  return assert(require("zlnet.addr").bytes(text))
end

---A UDP datagram as a frame.
---t: src, dst (MACs), from, to (addresses), port, text
function traffic.udp(t)
  local from, to = address(t.from), address(t.to)
  local length = 8 + #t.text
  local udp = string.pack(">I2I2I2I2", 4000, t.port, length, 0) .. t.text
  local pseudo = #from == 4 and from .. to .. string.pack(">I2I2", 17, length)
    or from .. to .. string.pack(">I4I4", length, 17)
  udp = udp:sub(1, 6) .. string.pack(">I2", sum(pseudo .. udp)) .. udp:sub(9)
  local header
  if #from == 4 then
    header = string.pack(">BBI2I2I2BBI2", 0x45, 0, 20 + length, 1, 0, 64, 17, 0) .. from .. to
    header = header:sub(1, 10) .. string.pack(">I2", sum(header)) .. header:sub(13)
  else
    header = string.pack(">I4I2BB", 6 << 28, length, 17, 64) .. from .. to
  end
  return mac(t.dst) .. mac(t.src) .. (#from == 4 and "0800" or "86dd") .. hex(header .. udp)
end

---An ARP message as a frame. t: src (MAC of the frame), sender (MAC), from, to (addresses), reply
function traffic.arp(t)
  return "ffffffffffff" .. mac(t.src) .. "0806" .. "00010800060400" .. (t.reply and "02" or "01")
    .. mac(t.sender or t.src) .. hex(address(t.from)) .. (t.reply and "ffffffffffff" or "000000000000")
    .. hex(address(t.to))
end

---A message of ICMPv6 as a frame. t: src (MAC), from, to (addresses), type, body (bytes behind the checksum)
function traffic.icmpv6(t)
  local from, to = address(t.from), address(t.to)
  local message = string.pack(">BBI2", t.type, 0, 0) .. t.body
  local pseudo = from .. to .. string.pack(">I4I4", #message, 58)
  message = message:sub(1, 2) .. string.pack(">I2", sum(pseudo .. message)) .. message:sub(5)
  local header = string.pack(">I4I2BB", 6 << 28, #message, 58, 255) .. from .. to
  return (t.dst and mac(t.dst) or "333300000001") .. mac(t.src) .. "86dd" .. hex(header .. message)
end

---An advertisement that an address is at a MAC. t: src, from, target, at (MAC)
function traffic.advertise(t)
  return traffic.icmpv6 { src = t.src, from = t.from, to = t.to or "ff02::1", dst = t.dst, type = 136,
    body = "\x20\0\0\0" .. address(t.target) .. "\2\1" .. mac(t.at or t.src):gsub("%x%x", function(h)
      return string.char(tonumber(h, 16))
    end) }
end

return traffic
