-- SPDX-License-Identifier: MIT
-- What records say of the machine: its boot, its first pid namespace, and which node it is.

local core = require "zlnet.core"
local names = require "zlnet.record.names"

local machine = {}

---The inode of the machine's first pid namespace, from which every process is seen (PROC_PID_INIT_INO).
machine.initial_pidns = 0xEFFFFFFC

local boot_id

---This boot, as records have it.
---@return string? boot
---@return zlnet.error? err
function machine.boot()
  if not boot_id then
    local text, err = core.sysctl_read "kernel/random/boot_id"
    if not text then
      return nil, err
    end
    boot_id = names.boot(text)
  end
  return boot_id
end

-- Where a machine says which one it is, the same after each boot. Copies of a machine may share the first, machines of
-- careless makers the second (which only root reads), so both are taken; the host's name where there is neither.
local SOURCES = { "/etc/machine-id", "/sys/class/dmi/id/product_uuid" }

local function line_of(path)
  local file <close> = io.open(path)
  local text = file and file:read "l"
  return text ~= "" and text ~= "uninitialized" and text or nil
end

local node

---What tells this node from others: 16 hexadecimal digits, the same after each boot. A hash, because machine-id(5) asks
---that the id itself be told to no one.
---@return string
function machine.node()
  if not node then
    local known = {}
    for i = 1, #SOURCES do
      known[#known + 1] = line_of(SOURCES[i])
    end
    known[1] = known[1] or line_of "/proc/sys/kernel/hostname"
    node = ("%016x"):format(names.hash("zlnet node " .. table.concat(known, " ")))
  end
  return node
end

return machine
