-- SPDX-License-Identifier: MIT
-- ADD: what is asked for and whether it can be, the attachment (attachment.lua), the answer; or nothing of all that.

local core = require "zlnet.core"
local failure = require "zlnet.cni.failure"
local ipam = require "zlnet.cni.ipam"
local request = require "zlnet.cni.request"

local add = {}

-- What is to be attached: the network, and the previous plugin's result if there is one.
local function read(r, log)
  local args, bad = request.arguments(r.args)
  if not args then
    return nil, bad
  end
  local n, broken = require("zlnet.cni.network").read(r.config, args)
  if not n then
    return nil, broken
  elseif n.unknown[1] then
    log(("zlnet-cni: unknown keys of the network configuration: %s\n"):format(table.concat(n.unknown, ", ")))
  end
  local previous
  if r.config.prevResult then
    previous, bad = require("zlnet.cni.result").read(r.config.prevResult, "prevResult")
    if not previous then
      return nil, bad
    end
  end
  return n, nil, previous
end

-- An interface that is there already is an error before anything is asked for: taking the answer back would give its
-- address to another.
local function check_free(container, r)
  local host <close>, err = core.open(nil)
  if not host then
    return nil, failure.from(err)
  end
  local id, tag = require("zlnet.cni.identity").of(r.config.name, r.container, r.ifname)
  for _, place in ipairs { { container, r.ifname, "in the container" },
    { host, require("zlnet.record.names").host_name({ id = id }, tag), "on the node" } } do
    local link, gone = place[1]:getlink { ifname = place[2] }
    if link then
      return nil, failure.new("other", ("interface '%s' exists already %s"):format(place[2], place[3]))
    elseif gone.kind ~= "not_found" then
      return nil, failure.from(gone)
    end
  end
  return true
end

-- Everything between the namespace that is open and the result that is whole.
local function run(r, ns, container, stack, call, log)
  local free, taken = check_free(container, r)
  if not free then
    return nil, taken
  end
  local n, wrong, previous = read(r, log)
  if not n then
    return nil, wrong
  end
  local own, failed = require("zlnet.cni.attachment").make {
    r = r, n = n, ns = ns, container = container, stack = stack, call = call, log = log, told = false, a = nil,
  }
  if not own then
    return nil, failed
  end
  return require("zlnet.cni.result").append(previous, own)
end

-- What could not be taken back belongs to the answer.
local function with_rollback(failed)
  local details = { failed.details }
  for _, err in ipairs(failed.rollback or {}) do
    details[#details + 1] = ("could not %s: %s"):format(err.step, err.message or err.msg or tostring(err))
  end
  return { code = failed.code, msg = failed.msg, details = details[1] and table.concat(details, "; ") }
end

---Attaches a container as a request says.
---@param r zlnet.cni.request
---@param log fun(text: string) for what delegated plugins write to standard error
---@return string? text nothing more to say: the result is written before it stands
---@return zlnet.cni.failure? failure nothing is left then
function add.run(r, log)
  local call <close>, none = ipam.begin(r)
  if call == nil then
    return nil, none
  end
  local ns <close>, err = core.netns.open(request.netns(r))
  if not ns then
    return nil, failure.new("environment", "CNI_NETNS: " .. err, r.netns)
  end
  local here <close> = core.netns.open(nil)
  if here == ns then
    return nil, failure.new("environment", "CNI_NETNS is the node's own namespace", r.netns)
  end
  local container <close>, no_socket = core.open(ns)
  if not container then
    return nil, failure.from(no_socket)
  end
  local stack <close> = require("zlnet.undo").new() -- closed first: what is taken back needs all the others
  local done, failed = run(r, ns, container, stack, call, log)
  if not done then
    stack:fail(failed)
    return nil, with_rollback(failed)
  end
  local told, unwritten = r.deliver(require("zlnet.cni.result").format(done, r.version))
  if not told then -- a runtime that knows of no attachment would not have it deleted
    stack:fail(unwritten)
    return nil, with_rollback(unwritten)
  end
  stack:commit()
  return ""
end

return add
