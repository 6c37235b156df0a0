-- SPDX-License-Identifier: MIT
-- What `make parity` prints: how many keys were compared with iproute2 and how many differ, by object and kind. Runs in
-- the sandbox of spec/parity/report.
local engine = require "spec.parity.engine"
local objects = require "spec.parity.objects"

local faults = 0
for _, entry in ipairs(objects.scenarios()) do
  local scenario = entry.scenario
  local name = ("%s %s, %s"):format(entry.object.name, scenario.kind, scenario.what)
  local ran, differences, why = pcall(engine.run, scenario, entry.object)
  if not ran then
    differences = { tostring(differences) }
  end
  if not differences then
    print(("pending: %s: %s"):format(name, why))
  end
  for _, difference in ipairs(differences or {}) do
    faults = faults + 1
    print(("differs: %s: %s"):format(name, difference))
  end
end
print(engine.report())
os.exit(faults == 0)
