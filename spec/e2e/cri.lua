-- SPDX-License-Identifier: MIT
-- Speaks to a container runtime as a kubelet does: gRPC, which is a protocol buffer behind five bytes in an HTTP/2
-- POST, and that curl(1) sends over a Unix socket. Of protocol buffers no more is here than CRI's messages need.
local helper = require "spec.support.helper"
local sandbox = require "spec.e2e.sandbox"

local cri = {}

local function varint(n)
  local bytes = {}
  while n > 127 do
    bytes[#bytes + 1] = string.char(n & 127 | 128)
    n = n >> 7
  end
  return table.concat(bytes) .. string.char(n)
end

---A message: its fields by number, each a text, a number, or a message in turn.
---@param fields table<integer, string|integer|table>
---@return string bytes
function cri.encode(fields)
  local parts = {}
  for number, value in pairs(fields) do
    if math.type(value) == "integer" then
      parts[#parts + 1] = varint(number << 3) .. varint(value)
    else
      local bytes = type(value) == "table" and cri.encode(value) or value
      parts[#parts + 1] = varint(number << 3 | 2) .. varint(#bytes) .. bytes
    end
  end
  return table.concat(parts)
end

local function take_varint(bytes, at)
  local n, shift = 0, 0
  while true do
    local byte = bytes:byte(at)
    n, shift, at = n | (byte & 127) << shift, shift + 7, at + 1
    if byte < 128 then
      return n, at
    end
  end
end

---The fields of a message by number, each a list: numbers, or bytes which may be a message in turn.
---@param bytes string
---@return table<integer, (string|integer)[]> fields
function cri.decode(bytes)
  local fields, at = {}, 1
  while at <= #bytes do
    local key, value
    key, at = take_varint(bytes, at)
    value, at = take_varint(bytes, at)
    if key & 7 == 2 then
      at, value = at + value, bytes:sub(at, at + value - 1)
    else
      assert(key & 7 == 0, "CRI's messages have integers and texts only")
    end
    fields[key >> 3] = fields[key >> 3] or {}
    table.insert(fields[key >> 3], value)
  end
  return fields
end

---Calls one of RuntimeService's methods.
---@param socket string
---@param method string e.g. "RunPodSandbox"
---@param request table as for cri.encode
---@return table? fields of the response, as of cri.decode
---@return string? err what the runtime said
function cri.call(socket, method, request)
  local files = sandbox.directory .. "/cri."
  local bytes = cri.encode(request)
  sandbox.write(files .. "request", string.pack(">BI4", 0, #bytes) .. bytes)
  sandbox.run(("curl -sS --max-time 60 --http2-prior-knowledge --unix-socket %s -H 'content-type: application/grpc' " ..
    "-H 'te: trailers' --data-binary @%srequest -D %sheaders -o %sresponse http://cri/runtime.v1.RuntimeService/%s")
    :format(socket, files, files, files, method))
  local headers = sandbox.read(files .. "headers")
  if headers:match "grpc%-status: (%d+)" ~= "0" then
    return nil, headers:match "grpc%-message: ([^\r\n]*)" or headers
  end
  return cri.decode(sandbox.read(files .. "response"):sub(6))
end

---Whether curl can do this.
---@return string? missing
function cri.missing()
  if not helper.sh "curl --version | grep -q HTTP2" then
    return "curl with HTTP/2 is not installed"
  end
end

return cri
