-- SPDX-License-Identifier: MIT
-- attach: validate, pin the target, look at the node, decide (plan.lua), carry out (execute.lua), undo on any failure.

local begin = require "zlnet.attach.begin"
local core = require "zlnet.core"
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local session = require "zlnet.attach.session"

local attach = { begin = begin.begin }

local function run(o, host)
  local self <close>, err = session.open(o, nil, host)
  if not self then
    return nil, err
  end
  local a
  a, err = self:attach()
  return a, err
end

local function check_all(list)
  local all = {}
  for i = 1, #list do
    local fine, o = pcall(options.check, "attach", rows.attach, list[i])
    if not fine then
      error(("number %d: %s"):format(i, tostring(o):gsub("^[^'(]-:%d+: ", "")), 3)
    end
    all[i] = o
  end
  return all
end

local function run_all(all, each)
  local host <close>, err = core.open(nil)
  if not host then
    err.step = "open a netlink socket"
    return nil, err
  end
  local results, failed = {}, nil
  for i = 1, #all do
    local a, refused = run(all[i], host)
    results[i] = a or refused
    failed = failed or not a and i or nil
    if each then
      each(i, a, refused)
    end
  end
  return results, failed
end

---Attaches a container to the node: one veth pair, its addresses, routes and owner's record. All or nothing. Where the
---owner has an attachment of that tag already, `on_exists` says what becomes of it. For 20 ms afterwards the process
---has one thread more, which waits for the next attach (zlnet.open says what follows from that).
---
---Equal to what `print(zlnet.plan(opts))` shows; in mode `routed`: `ip link add veth-PID-s up type veth peer name eth0
---netns PID`, without IPv6 `sysctl -w net/ipv6/conf/veth-PID-s/disable_ipv6=1` and the same for the container's eth0,
---`ip link set veth-PID-s alias …`, `ip addr add 169.254.1.1/32 dev veth-PID-s scope link`, `ip route add IP/32 dev
---veth-PID-s`, and in the container `ip addr add IP/32 dev eth0`, `ip link set eth0 up`, `ip route add default via
---169.254.1.1 dev eth0 onlink`, `ip link set lo up`. Source: rtnetlink(7), ip-link(8).
---
---Of a list each is attached, one after the other, and what fails does not keep the others from being attached. Wrong
---use of any raises before the first is.
---@param opts zlnet.attach.options|zlnet.attach.options[]
---@param each (fun(i: integer, attachment: zlnet.attachment?, err: zlnet.error?))? of a list: called after each one
---@return zlnet.attachment|(zlnet.attachment|zlnet.error)[]|nil attachment of a list one result each: the attachment,
---or the error
---@return zlnet.error|integer|nil err with the step that failed, `rollback` when undoing met errors, and `replaced` (a
---name) when the former attachment is gone and the new one could not be made; of a list the number of the first that
---failed
function attach.attach(opts, each)
  if type(opts) == "table" and #opts > 0 then
    return run_all(check_all(opts), each)
  end
  return run(options.check("attach", rows.attach, opts))
end

local Plan = {}

function Plan:__tostring()
  return require("zlnet.shell").script(self)
end

---What attach would do now, as data. Changes nothing.
---@param opts zlnet.attach.options those of attach
---@return zlnet.plan? plan its operations bear the equal `ip` or `sysctl` command; tostring makes a script of them, in
---which `$NETNS` is the path of the container's namespace where the target is a handle, a file or a descriptor
---@return zlnet.error? err as attach's, when the target or the node is not as it must be
function attach.plan(opts)
  local o = options.check("plan", rows.attach, opts)
  local self <close>, err = session.open(o)
  if not self then
    return nil, err
  end
  local ok, p
  ok, err = self:choose()
  if ok then
    p, err = self:decide()
  end
  if not p then
    return nil, err
  end
  local name = o.pid or o.netns
  name = type(name) ~= "userdata" and type(name) ~= "table" and tostring(name) or nil
  for _, op in ipairs(p.ops) do
    op.command = require("zlnet.shell").command(op, p, name)
  end
  return setmetatable(p, Plan)
end

return attach
