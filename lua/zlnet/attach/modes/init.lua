-- SPDX-License-Identifier: MIT
-- The modes of an attachment, each a file: its defaults, how its options relate, what it has to know of the node, its
-- operations. check expects what the operations made. Nothing elsewhere asks for a mode by its name. A new one is its
-- file and its line here.

---@class zlnet.mode
---@field prefix table<"inet"|"inet6", integer> the length of an address that is given without one
---@field takes table<string, true> the options that have a use in this mode and not in every one
---@field is_subnet_on_link boolean whether the subnet of an address is reached without the gateway
---@field speaks_ipv6 boolean whether the host end may carry IPv6
---@field forwards boolean? whether the host end forwards
---@field relate fun(o: table, families: table): string?, string? what must hold between its options: nil, or the name
---of a wrong one and why
---@field gateways fun(o: table): table<"inet"|"inet6", string> those that the container's default route goes through
---@field claim nil|fun(o: table, address: string): string the alternative name of a host end that has an address,
---where the node has no route to just that address
---@field needs string? the option that is required
---@field look nil|fun(o: table, host: table, seen: table): true?, zlnet.error|string? what it has to know of the node,
---into seen; nil and the kernel's error, or why the node will not do
---@field look_step string? what look does, for errors
---@field create nil|fun(o: table, args: table) what the request that creates the pair says besides
---@field before nil|fun(o: table, p: zlnet.plan, add: fun(op: zlnet.plan.op), node: table?) what the host end needs
---before it has a carrier
---@field host fun(o: table, p: zlnet.plan, add: fun(op: zlnet.plan.op)) the host end's operations, after its record
---@field routes fun(o: table, p: zlnet.plan, add: fun(op: zlnet.plan.op)) the container's routes
---@field awaited nil|fun(p: zlnet.plan): string[] the IPv6 addresses of the host end that are waited for
---@field finish nil|fun(o: table, p: zlnet.plan, add: fun(op: zlnet.plan.op)) what is done when both ends are usable
---@field node nil|fun(o: table, node: table, add: fun(op: zlnet.plan.op)) what the node needs besides; it stays

---@type table<string, zlnet.mode>
local modes = {
  routed = require "zlnet.attach.modes.routed",
  direct = require "zlnet.attach.modes.direct",
  bridge = require "zlnet.attach.modes.bridge",
}

return modes
