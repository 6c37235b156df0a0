-- SPDX-License-Identifier: MIT
-- What every workflow opens: only files of the kernel's and what its caller named, that just once; each descriptor is
-- close-on-exec from its first moment; no file is made and no program is started.
-- usage: spec/fault/sandbox spec/fault/opens.lua [WORKFLOW…]
local helper = require "spec.support.helper"
local state = require "spec.fault.state"
local workflows = require "spec.fault.workflows"

local LOG, RESULT = "/run/opens.log", "/run/result.json"
local chosen = {}
for _, name in ipairs(arg) do
  chosen[name] = true
end

-- Nobody but the kernel has a say in what these are. The C library reads how many processors there are.
local function is_kernels(path)
  return path == "/proc" or path:find "^/proc/self/" or path:find "^/proc/thread%-self/" or path:find "^/proc/sys/"
    or path:find "^/proc/%d+/" or path == "/sys/devices/system/cpu/online"
end

local function judge(row, container)
  local counts, wrong, named = { calls = 0, paths = 0 }, {}, 0
  for line in io.lines(LOG) do
    local call, how, path = line:match "^(%S+) (%S+) ?(.*)$"
    counts.calls, counts.paths = counts.calls + 1, counts.paths + (path ~= "" and 1 or 0)
    named = named + (path == row.path and 1 or 0)
    if how ~= "cloexec" or path ~= "" and not is_kernels(path) and path ~= row.path then
      wrong[#wrong + 1] = ("%s %s %s"):format(call, how, path)
    end
  end
  if row.path and named ~= 1 then
    wrong[#wrong + 1] = ("%s is opened %d times"):format(row.path, named)
  end
  local result = io.open(RESULT)
  local text = result and result:read "a" or ""
  if result then
    result:close()
  end
  if not text:find '"ok":true' then
    wrong[#wrong + 1] = ("it fails for container %d: %s"):format(container.pid, text)
  end
  return counts, wrong
end

local findings, sum = 0, { calls = 0, paths = 0 }
print(("%-36s %12s %6s"):format("workflow", "descriptors", "paths"))
for _, row in ipairs(workflows) do
  if not next(chosen) or chosen[row.name] then
    local container = helper.container()
    local scene <const> = {
      pid = container.pid,
      fd = function()
        return assert(io.open(("/proc/%d/ns/net"):format(container.pid)))
      end,
    }
    if row.before then
      row.before(scene)
    end
    os.remove(RESULT)
    helper.sh(("%s %s/fault/inject %s opens %s spec/fault/act.lua %s %d %s"):format(row.around or "", helper.build, LOG,
      helper.lua, helper.quote(row.name), container.pid, RESULT))
    local counts, wrong = judge(row, container)
    print(("%-36s %12d %6d"):format(row.name, counts.calls, counts.paths))
    for _, what in ipairs(wrong) do
      findings = findings + 1
      print("  FOUND " .. what)
    end
    sum.calls, sum.paths = sum.calls + counts.calls, sum.paths + counts.paths
    state.reset(container.pid)
    if row.after then
      row.after(scene)
    end
    container:kill()
    helper.sh "ip link del br0"
  end
end
print(("%-36s %12d %6d"):format("all", sum.calls, sum.paths))
print(("%d findings"):format(findings))
os.exit(findings == 0, true)
