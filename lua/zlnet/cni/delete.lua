-- SPDX-License-Identifier: MIT
-- DEL: everything that ADD made is taken away, as far as it is there; nothing is needed for it but the names.

local failure = require "zlnet.cni.failure"
local identity = require "zlnet.cni.identity"
local ipam = require "zlnet.cni.ipam"

local delete = {}

---Detaches a container's interface, and does not wait until the kernel has freed its memory. Goes on after a failure.
---The address is given back last, so that no other container gets it while something of ours still bears it; but an
---early IPAM plugin's own start takes place meanwhile. A bound one comes first, because it speaks through the
---interface.
---@param r zlnet.cni.request
---@param log fun(text: string)
---@return string? text empty: DEL has no result
---@return zlnet.cni.failure? failure the first, with all others in its details
function delete.run(r, log)
  local call <close>, none = ipam.begin(r)
  local failures = { none }
  local function attempt(ok, failed)
    failures[#failures + 1] = not ok and failed or nil
  end
  local id = identity.of(r.config.name, r.container, r.ifname)
  if call and call.bound then
    attempt(call:complete(r.text, log))
  end
  local ok, err = require("zlnet.cleanup.detach").detach { id = id, child = true }
  attempt(ok, err and failure.from(err))
  attempt(require("zlnet.cni.old_rules").remove(function(other)
    return other == id
  end))
  if call and not call.bound then
    attempt(call:complete(r.text, log))
  end
  local failed = failure.join(failures)
  return not failed and "" or nil, failed
end

return delete
