#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- An agent: attaches containers, and takes away what they leave behind as soon as they end. Started again, it finds
-- what is there, and takes away what has ended meanwhile. usage: agent.lua PID=ADDRESS[,ADDRESS]…
local zlnet = require "zlnet"

io.stdout:setvbuf "line"
local watcher <close> = assert(zlnet.watch()) -- before anything is attached: nothing that ends is missed

for _, word in ipairs(arg) do
  local pid, addresses, ips = word:match "^(%d+)=(.+)$", word:match "=(.+)$", {}
  for ip in addresses:gmatch "[^,]+" do
    ips[#ips + 1] = ip
  end
  local attachment, err = zlnet.attach { pid = math.tointeger(pid), ip = ips, on_exists = "keep" }
  print(attachment and attachment.host_ifname or "agent: " .. err)
end

assert(watcher:run(function(event) -- for good
  print(event.event, event.ifname, event.reason or event.error or "")
end))
