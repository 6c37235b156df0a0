-- SPDX-License-Identifier: MIT
-- `require "zlnet"`: the public names. The core is there at once; the module of any other function is loaded when its
-- name is first used, so that a script which needs one does not wait for all.

-- These lines can be read by an earlier Lua. It would end at a symbol of the core that it does not have.
if tonumber(_VERSION:match "%d+%.%d+") < 5.4 then
  error("zlnet needs Lua 5.4 or later: this is " .. _VERSION, 0)
end

local core = require "zlnet.core"

---@class zlnet: zlnet.netlink
---@field _VERSION string
local zlnet = { _VERSION = core.version, open = core.open, nft = core.nft, netns = core.netns, error = core.error }

-- public name -> the module that has a function of this name
local LAZY = {
  attach = "zlnet.attach",
  attachments = "zlnet.record.attachments",
  bridge = "zlnet.bridge",
  check = "zlnet.check",
  detach = "zlnet.cleanup.detach",
  genl = "zlnet.genl",
  make_interface_name = "zlnet.record.names",
  mend = "zlnet.check.mend",
  monitor = "zlnet.monitor",
  delete_overlay = "zlnet.overlay",
  overlay = "zlnet.overlay",
  overlays = "zlnet.overlay",
  plan = "zlnet.attach",
  pool = "zlnet.attach.pool",
  probe = "zlnet.probe",
  sweep = "zlnet.cleanup.sweep",
  watch = "zlnet.cleanup.watch",
}
for name in ([[add_address_to_link_by_name add_default_route_via_dev create_veth_pair delete_link_by_name
  list_all_links move_link_into_netns_and_rename move_link_into_netns_fd_and_rename replace_route_via_dev
  set_link_up_by_name set_sysctl with_netns with_netns_async with_netns_fd with_netns_fd_async]]):gmatch "%S+" do
  LAZY[name] = "zlnet.netlink"
end

-- What is there on any platform: names need no kernel, and the fourteen say themselves that it is not Linux.
local EVERYWHERE = { ["zlnet.record.names"] = true, ["zlnet.netlink"] = true }

-- What a workflow is on another platform.
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
