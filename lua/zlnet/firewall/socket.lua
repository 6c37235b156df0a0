-- SPDX-License-Identifier: MIT
-- The socket of nf_tables, kept from one change to the next: closing it right after somebody deleted an element waits until
-- the kernel has freed that, some 10 ms. It goes with the garbage that nobody refers to.

local core = require "zlnet.core"

local socket = {}

local kept = setmetatable({}, { __mode = "v" })

---A handle in the calling thread's namespace, not to be closed.
---@return zlnet.nft? nft
---@return zlnet.error? err
function socket.open()
  local here, err = core.netns.open(nil)
  if not here then
    return nil, err
  end
  local pair = kept[1]
  if pair and pair.here == here then
    here:close()
    return pair.nft
  end
  local nft, refused = core.nft(nil)
  if not nft then
    here:close()
    return nil, refused
  end
  pair = { nft = nft, here = here }
  kept[1] = pair
  return nft
end

---Has a child close it when all is freed: for a program that is about to end, and would wait for that.
function socket.leave()
  if kept[1] then
    kept[1].nft:leave(true)
    kept[1] = nil
  end
end

return socket
