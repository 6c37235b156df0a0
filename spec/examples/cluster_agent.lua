#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- An agent of an overlay's node: claims this node's subnets in etcd, and keeps the overlay what all nodes have claimed.
-- usage: cluster_agent.lua NAME LOCAL OWN,OWN MEMBER,MEMBER,MEMBER
--   NAME    this node's; what it is to claim is at /overlay/want/NAME, a list of networks as JSON
--   LOCAL   its address in the underlay
--   OWN     its addresses in the overlay
--   MEMBER  the etcd members' ADDRESS:PORT: all of them, for any may go
-- A claim is a key, /overlay/subnet/NETWORK, with this node's address as its value. Who comes first has it; it ends
-- with the node's lease. The agent follows the store by revision; where it lost the thread it lists all of it again.
local http = require "socket.http"
local json = require "dkjson"
local ltn12 = require "ltn12"
local mime = require "mime"
local socket = require "socket"
local zlnet = require "zlnet"

local PREFIX, TTL, TOGETHER = "/overlay/", 3, 0.005
local WANT, SUBNET = PREFIX .. "want/", PREFIX .. "subnet/"
http.TIMEOUT = 1
io.stdout:setvbuf "line"

local function each(list)
  return list:gmatch "[^,]+"
end

local name, own_address, members, ip = arg[1], arg[2], {}, {}
for member in each(arg[4]) do
  members[#members + 1] = member
end
for address in each(arg[3]) do
  ip[#ip + 1] = address
end

local overlay <close> = assert(zlnet.overlay { name = "overlay", ["local"] = own_address, ip = ip })
assert(overlay:pollfd()) -- from now on nothing that outsiders do is missed

-- What is known of the store: values by key, and up to which revision. Which of it is ours, under which lease.
local store, revision, dirty = {}, nil, false
local lease, mine, renew_at = nil, {}, 0

-- Asking the store ----------------------------------------------------------------------------------------------------

-- One request to the first member that answers; the next one is asked first from then on.
local function ask(path, body)
  local text, why = json.encode(body), nil
  for _ = 1, #members do
    local parts = {}
    local ok, status = http.request { method = "POST", url = ("http://%s/v3/%s"):format(members[1], path),
      headers = { ["content-length"] = #text }, source = ltn12.source.string(text), sink = ltn12.sink.table(parts) }
    if ok and status == 200 then
      return json.decode(table.concat(parts))
    end
    why = ok and table.concat(parts) or status
    table.insert(members, table.remove(members, 1))
  end
  return nil, why
end

local function key_of(text)
  return (mime.b64(text))
end

local function take(kv)
  local key, value = mime.unb64(kv.key), kv.value and mime.unb64(kv.value)
  store[key], dirty = value, true
  if not value and mine[key] then
    mine[key] = nil -- somebody deleted it: it is claimed again where it is wanted
  end
end

local RANGE = { key = key_of(PREFIX), range_end = key_of(PREFIX:sub(1, -2) .. "0") }

local function list()
  local answer, why = ask("kv/range", RANGE)
  if not answer then
    return nil, why
  end
  store, revision = {}, math.tointeger(tonumber(answer.header.revision))
  for _, kv in ipairs(answer.kvs or {}) do
    take(kv)
  end
  dirty = true
  print("listed", #(answer.kvs or {}), "revision " .. revision)
  return true
end

-- Following it --------------------------------------------------------------------------------------------------------

local stream, raw, text, headers

local function unfollow()
  if stream then
    stream:close()
    stream = nil
  end
end

-- From the revision after the last one that was seen.
local function follow()
  unfollow()
  if not revision and not list() then
    return
  end
  local host, port = members[1]:match "^(.*):(%d+)$"
  local body = json.encode { create_request = { key = RANGE.key, range_end = RANGE.range_end,
    start_revision = revision + 1 } }
  local s = socket.tcp()
  s:settimeout(1)
  if s:connect(host, port) and s:send(("POST /v3/watch HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s"):format(
    members[1], #body, body)) then
    s:settimeout(0)
    stream, raw, text, headers = s, "", "", false
    print("following", members[1])
  else
    s:close()
    table.insert(members, table.remove(members, 1))
  end
end

local function heard(message)
  local result = message.result or {}
  if result.canceled then -- what we wanted to hear is compacted away
    print("compacted", result.compact_revision)
    revision = nil
    unfollow()
    return
  end
  for _, event in ipairs(result.events or {}) do
    take(event.kv)
  end
  revision = math.max(revision or 0, math.tointeger(tonumber(result.header and result.header.revision)) or 0)
end

-- What has come: headers, then chunks, in which there is a message a line.
local function hear()
  repeat
    local data, why, part = stream:receive(65536)
    raw = raw .. (data or part or "")
    if why == "closed" then
      unfollow()
    end
  until why
  if not headers and raw:find("\r\n\r\n", 1, true) then
    raw, headers = raw:match "\r\n\r\n(.*)", true
  end
  while headers do
    local size, at = raw:match "^(%x+)\r\n()"
    size = size and tonumber(size, 16)
    if not size or #raw < at + size + 1 then
      break
    end
    text, raw = text .. raw:sub(at, at + size - 1), raw:sub(at + size + 2)
  end
  for line in text:gmatch "([^\n]*)\n" do
    heard(json.decode(line) or {})
  end
  text = text:match "[^\n]*$"
end

-- Claims --------------------------------------------------------------------------------------------------------------

local function renew()
  local answer = lease and ask("lease/keepalive", { ID = lease })
  local left = answer and answer.result and tonumber(answer.result.TTL)
  if not left then -- there is none, or it ended, and all claims with it
    answer = ask("lease/grant", { TTL = TTL })
    lease, mine, dirty = answer and answer.ID, {}, true
  end
  renew_at = socket.gettime() + (answer and TTL / 3 or 0.2)
  return answer
end

-- Only where no other node has it. Ours of before a restart comes under the new lease.
local function claim(network)
  local key, put = key_of(SUBNET .. network), { key = key_of(SUBNET .. network), value = key_of(own_address),
    lease = lease }
  local free = store[SUBNET .. network] == nil
  local answer = ask("kv/txn", {
    compare = { free and { key = key, target = "CREATE", create_revision = "0" } or
      { key = key, target = "VALUE", value = key_of(own_address) } },
    success = { { request_put = put } },
  })
  mine[SUBNET .. network] = answer and answer.succeeded or nil
end

local function make_claims()
  local wanted = {}
  for _, network in ipairs(json.decode(store[WANT .. name] or "[]") or {}) do
    local key = SUBNET .. network
    wanted[key] = true
    if lease and not mine[key] and (store[key] or own_address) == own_address then
      claim(network)
    end
  end
  for key in pairs(mine) do
    if not wanted[key] and ask("kv/deleterange", { key = key_of(key) }) then
      mine[key] = nil
    end
  end
end

-- All that others have claimed is the list of peers.
local function make_true()
  local by_node, peers = {}, {}
  for key, node in pairs(store) do
    local network = key:sub(1, #SUBNET) == SUBNET and key:sub(#SUBNET + 1)
    if network and node ~= own_address then
      if not by_node[node] then
        by_node[node] = { node = node, subnets = {} }
        peers[#peers + 1] = by_node[node]
      end
      table.insert(by_node[node].subnets, network)
    end
  end
  local done = assert(overlay:sync(peers))
  print("synced", #peers, "+" .. #done.added, "~" .. #done.changed, "-" .. #done.removed, "!" .. #done.failed)
end

-- For good ------------------------------------------------------------------------------------------------------------

while true do
  if socket.gettime() >= renew_at and not renew() then
    unfollow() -- whom we hear may be as gone as whom we asked
  end
  if not stream then
    follow()
  end
  socket.select({ overlay, stream }, nil, stream and math.max(0, renew_at - socket.gettime()) or 0.1)
  if stream then
    hear()
  end
  if dirty and stream then -- what comes together is made true together
    socket.select({ stream }, nil, TOGETHER)
    hear()
  end
  if dirty and revision then
    dirty = false
    make_true()
    make_claims()
  end
  local event = overlay:next(0)
  while event do
    print(event.event, event.what, event.how, event.key, event.error or "")
    event = overlay:next(0)
  end
end
