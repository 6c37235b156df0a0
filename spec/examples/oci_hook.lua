#!/usr/bin/env lua5.4
-- SPDX-License-Identifier: MIT
-- A hook of OCI runtimes (runc, crun, …): config.json names it twice,
--   "hooks": { "createRuntime": [{ "path": "/usr/lib/zlnet/oci_hook.lua" }],
--              "poststop":      [{ "path": "/usr/lib/zlnet/oci_hook.lua" }] },
--   "annotations": { "zlnet.ip": "10.200.0.5,fd00:200::5" }
-- and the container gets its eth0 before its program starts. A hook that fails keeps the container from starting.
local json = require "dkjson"
local zlnet = require "zlnet"

local state = assert(json.decode(io.read "a")) -- what the runtime says of the container
if state.status == "stopped" then
  assert(zlnet.detach { id = state.id })
else
  local ips = {}
  for ip in state.annotations["zlnet.ip"]:gmatch "[^,]+" do
    ips[#ips + 1] = ip
  end
  assert(zlnet.attach { netns = "/proc/" .. math.tointeger(state.pid) .. "/ns/net", id = state.id, ip = ips })
end
