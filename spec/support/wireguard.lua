-- SPDX-License-Identifier: MIT
-- What the specs of wireguard share: keys, and wg(8). Where this kernel has no wireguard they are pending.
local core = require "zlnet.core"
local helper = require "spec.support.helper"

local tunnel = {}

local family, err = core.genl(nil, "wireguard")
if family then
  family:close()
end
local tools = helper.sh "command -v wg"

---Whether this kernel has wireguard and this machine wg(8).
tunnel.there = family ~= nil and tools

---Why they are pending where it has not.
tunnel.missing = family and "wg(8) is not here (wireguard-tools)" or tostring(err)

---Pairs of keys made by `wg genkey` and `wg pubkey`.
tunnel.keys = {
  { private = "QMI9aZVnu8q/J+eLaGgJfJo+d093GUuZr8AyrtJKhX0=", public = "rfbMPpj6q4EbahVaH5ipEI9SaxkTqhvfydBJo1Z0ykM=" },
  { private = "MNLnmGnB5dg8f2c7RdX91HayXdm1Rhv8mLC3ClN8ils=", public = "2LmFfRBBO6XpB1Dg76Ps2Z2oVpPRK3K9TzRfJUaH4k4=" },
  { private = "2Gw1d+QX7aFutGgPkrlf7CqrACPw6tGkrIHISBAtnUw=", public = "qoUBr38RE3DtVgn7Pwz4VLLZUd4rm2auHRMsj28kR1A=" },
}

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

---A public key for each number.
function tunnel.key(n)
  local list = {}
  for i = 1, 43 do
    local value = i > 8 and i < 43 and (n * 7 + i) % 64 or i <= 8 and n >> 6 * (8 - i) & 63 or 0
    list[i] = DIGITS:sub(value + 1, value + 1)
  end
  return table.concat(list) .. "="
end

---`wg show NAME dump`: the device's row, then one of each peer; run is helper.sh or one that runs in a container.
function tunnel.dump(name, run)
  local ok, text = (run or helper.sh)(("wg show %s dump"):format(name))
  assert(ok, text)
  local rows = {}
  for line in text:gmatch "[^\n]+" do
    local row = {}
    for cell in line:gmatch "[^\t]+" do
      row[#row + 1] = cell
    end
    rows[#rows + 1] = row
  end
  return rows
end

return tunnel
