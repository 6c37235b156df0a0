-- SPDX-License-Identifier: MIT
-- `require "zlnet"`: the public names. The origin's fourteen functions and the core are there at once; a workflow's
-- module is loaded when its name is first used, so that a script which needs one does not wait for all.

local core = require "zlnet.core"
local netlink = require "zlnet.netlink"

---@class zlnet: zlnet.netlink
---@field _VERSION string
local zlnet = { _VERSION = core.version, open = core.open, netns = core.netns, error = core.error }
for name, f in pairs(netlink) do
  zlnet[name] = f
end

-- public name -> the module that has a function of this name
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

-- What a workflow is on another platform; names need no kernel.
local function unsupported(name)
  return function()
    return nil, core.error { kind = "netlink", op = name, message = name .. " is only supported on Linux" }
  end
end

return setmetatable(zlnet, {
  __index = function(_, name)
    local module = LAZY[name]
    if module then
      local here = core.supported or module == "zlnet.owner"
      local f = here and require(module)[name] or unsupported(name)
      zlnet[name] = f
      return f
    end
  end,
})
