-- SPDX-License-Identifier: MIT
-- zlnet sweep: deletes orphans, and says of every candidate what it is.

local output = require "zlnet.cli.output"
local usage = require "zlnet.cli.usage"
local zlnet = require "zlnet"

local sweep = { name = "sweep", summary = "delete the pairs that will not be used again" }

sweep.description = [[
Looks at veth links which bear our mark or a name as we give it, and at nothing else. Each gets a verdict; only an
orphan is deleted.]]

sweep.examples = {
  { "zlnet sweep --dry-run", "say what would be deleted, and why" },
  { "zlnet sweep --valid web-1 --valid db-1", "what has an id is an orphan, but for these two" },
  { "zlnet sweep --json", "one JSON document: verdicts, deleted, failed" },
}

function sweep.define(command)
  command:flag("--dry-run", "delete nothing")
  command:option("--valid", "the id of an owner that is alive; once for each"):argname "ID":count "*"
  command:option("--owner", "leave attachments whose id does not begin so"):argname "PREFIX":overwrite(false)
  command:option("--grace", "leave attachments which are younger (0)"):argname "SECONDS":overwrite(false)
    :convert(usage.number)
  command:flag("--by-name", "also judge what only bears a name like ours: it may be another program's")
  command:flag("--keep-held", "leave attachments whose namespace has a name, or another process has open")
  command:option("--timeout", "for attaches under way to finish (10)"):argname "SECONDS":overwrite(false)
    :convert(usage.number)
end

---How a verdict looks; all others are yellow.
sweep.STYLES = { alive = "green", in_use = "green", orphan = "red" }

---A row for each verdict.
---@param report table of zlnet.sweep
---@return table[] rows for out:rows
function sweep.rows(report)
  local deleted = {}
  for _, name in ipairs(report.deleted) do
    deleted[name] = true
  end
  local rows = {}
  for i, v in ipairs(report.verdicts) do
    local what = deleted[v.ifname] and { "deleted", "bold" } or ""
    rows[i] = { v.ifname, { v.verdict, sweep.STYLES[v.verdict] or "yellow" }, v.reason, what }
  end
  return rows
end

function sweep.run(args, out)
  local report, err = zlnet.sweep {
    dry_run = args.dry_run, valid = #args.valid > 0 and args.valid or nil, owner = args.owner, grace = args.grace,
    keep_held = args.keep_held, by_name = args.by_name, timeout = args.timeout,
  }
  if not report then
    return out:fail(err)
  elseif out.json then
    out:document(report)
  else
    out:rows(sweep.rows(report))
    if #report.verdicts == 0 then
      out:print(output.NOTHING)
    end
    for _, failed in ipairs(report.failed) do
      out:fail(failed)
    end
  end
  return #report.failed == 0 and 0 or 1
end

return sweep
