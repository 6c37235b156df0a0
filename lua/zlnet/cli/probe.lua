-- SPDX-License-Identifier: MIT
-- zlnet probe: what this kernel and this user can do.

local zlnet = require "zlnet"

local probe = { name = "probe", summary = "say what this kernel and this user can do, and what is missing" }

probe.description = [[
Tries it in a namespace of its own. Exit status 1 when something is missing that attach, detach and sweep need.]]

probe.examples = { { "zlnet probe", "before anything fails" } }

function probe.define() end

-- Words in lines of at most 50 bytes where they allow it.
local function wrapped(text)
  local lines = {}
  for word in text:gmatch "%S+" do
    local last = lines[#lines]
    if last and #last + #word < 50 then
      lines[#lines] = last .. " " .. word
    else
      lines[#lines + 1] = word
    end
  end
  return lines
end

function probe.run(_, out)
  local report = zlnet.probe()
  if out.json then
    out:document(report)
    return report.ready and 0 or 1
  end
  out:print { ("zlnet %s on Linux %s"):format(report.version, report.kernel), "dim" }
  local rows, missing, area = {}, {}, nil
  for _, fact in ipairs(report.facts) do
    local state = fact.ok and { "yes", "green" } or fact.ok == nil and { "?", "yellow" }
      or fact.needed and { "missing", "red" } or { "no", "yellow" }
    rows[#rows + 1] = { { fact.area ~= area and fact.area or "", "bold" }, fact.name, state, fact.what }
    for _, line in ipairs(wrapped(fact.detail or "")) do
      rows[#rows + 1] = { "", "", "", { line, "dim" } }
    end
    missing[#missing + 1] = fact.ok == false and fact.needed and fact.name or nil
    area = fact.area
  end
  out:rows(rows)
  if report.ready then
    out:print { "attach, detach and sweep can work here", "green" }
  else
    out:print { "attach, detach or sweep will fail: no " .. table.concat(missing, ", "), "red" }
  end
  return report.ready and 0 or 1
end

return probe
