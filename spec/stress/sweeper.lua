-- SPDX-License-Identifier: MIT
-- Sweeps without a pause until its standard input ends. Of each link that was deleted the owner has to be dead; prints
-- a line for each that is not, for each error, and at the end how much it did. A dump which changes interrupted as
-- often as it was tried is an error that a sweep may report: it has done nothing then, and the next one will.
local core = require "zlnet.core"
local zlnet = require "zlnet"

local sweeps, deleted, interrupted = 0, 0, 0
repeat
  local report, err = zlnet.sweep { timeout = 0.5 }
  sweeps = sweeps + 1
  if not report and err.code == "EINTR" then
    interrupted = interrupted + 1
  elseif not report then
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
print(("DONE %d sweeps, %d deleted, %d interrupted"):format(sweeps, deleted, interrupted))
