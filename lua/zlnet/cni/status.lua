-- SPDX-License-Identifier: MIT
-- STATUS: whether an ADD could be served now, as far as that can be known without one.

local failure = require "zlnet.cni.failure"
local ipam = require "zlnet.cni.ipam"

local status = {}

local LIMITED = 51 -- not even the containers that are there have full connectivity

---Says whether containers can be attached.
---@param r zlnet.cni.request
---@param log fun(text: string)
---@return string? text empty: STATUS has no result
---@return zlnet.cni.failure? failure with code 50 or 51
function status.run(r, log)
  local n, failed = require("zlnet.cni.network").read(r.config, {})
  local ok = n
  if ok then
    ok, failed = ipam.call(r, log)
  end
  if ok then
    ok, failed = require("zlnet.cni.firewall").available(n.firewall)
  end
  if not ok then
    return nil, { code = failed.code == LIMITED and LIMITED or failure.codes.unavailable, msg = failed.msg,
      details = failed.details }
  end
  return ""
end

return status
