-- SPDX-License-Identifier: MIT
-- DEL: everything that ADD made is taken away, as far as it is there; nothing is needed for it but the names.

local failure = require "zlnet.cni.failure"
local identity = require "zlnet.cni.identity"
local ipam = require "zlnet.cni.ipam"

local delete = {}

---Detaches a container's interface, and does not wait until the kernel has freed its memory. Goes on after a failure. The address is given back last, so that nobody else gets
---it while something of ours still bears it; but the IPAM plugin's own start takes place meanwhile.
---@param r zlnet.cni.request
---@param log fun(text: string)
---@return string? text empty: DEL has no result
---@return zlnet.cni.failure? failure the first, with all others in its details
function delete.run(r, log)
  local call <close>, none = ipam.begin(r)
  local failures = {}
  local id = identity.of(r.config.name, r.container, r.ifname)
  local _, err = require("zlnet.cleanup.detach").detach { id = id, child = true }
  failures[1] = err and failure.from(err)
  -- also without ipMasq: the configuration may have had it when the container was attached
  local _, left = require("zlnet.cni.masquerade").remove(function(other)
    return other == id
  end)
  failures[#failures + 1] = left
  if call then
    local _, kept = call:complete(r.text, log)
    failures[#failures + 1] = kept
  end
  failures[#failures + 1] = none
  local failed = failure.join(failures)
  return not failed and "" or nil, failed
end

return delete
