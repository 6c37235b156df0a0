-- SPDX-License-Identifier: MIT
-- Sweeps without a pause until its standard input ends. Of each link that was deleted the owner has to be dead; prints
-- a line for each that is not, for each error, and at the end how much it did.
local core = require "zlnet.core"
local zlnet = require "zlnet"

local sweeps, deleted = 0, 0
repeat
  local report, err = zlnet.sweep { timeout = 0.5 }
  sweeps = sweeps + 1
  if not report then
    print("WRONG sweep: " .. err)
  else
    deleted = deleted + #report.deleted
    for _, failed in ipairs(report.failed) do
      print("WRONG " .. failed)
    end
    for _, v in ipairs(report.verdicts) do
      local owner <close> = v.verdict == "orphan" and core.process(v.pid)
      if owner and owner:alive() then
        print(("WRONG %s was deleted (%s), its owner lives"):format(v.ifname, v.reason))
      elseif v.verdict == "foreign" or v.verdict == "unknown" and not v.reason:find "without a record" then
        print(("WRONG %s is %s: %s"):format(v.ifname, v.verdict, v.reason))
      end
    end
  end
until #core.poll({ { fd = 0, events = "r" } }, 0) > 0
print(("DONE %d sweeps, %d deleted"):format(sweeps, deleted))
