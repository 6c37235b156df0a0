-- SPDX-License-Identifier: MIT
-- zlnet watch: deletes orphans the moment they become such, and tells of everything that happens to attachments.

local usage = require "zlnet.cli.usage"
local zlnet = require "zlnet"

local watch = { name = "watch", summary = "delete orphans as soon as their owners end, until interrupted" }

watch.description = [[
Prints an event a line: text on a terminal, elsewhere JSON. Waits without polling.]]

watch.examples = {
  { "zlnet watch", "see what happens to attachments" },
  { "zlnet watch --grace 5 >>/var/log/zlnet.json", "as a service; leaves what is younger than five seconds" },
}

function watch.define(command)
  command:flag("--dry-run", "tell what is an orphan, delete nothing")
  command:option("--grace", "leave attachments which are younger (0)"):argname "SECONDS":overwrite(false)
    :convert(usage.number)
  command:flag("--by-name", "also judge what only bears a name like ours: it may be another program's")
  command:flag("--keep-held", "leave attachments whose namespace has a name, or another process has open")
end

local STYLES = { attached = "green", deleted = "bold", orphan = "yellow", failed = "red", overrun = "yellow" }

local function print_event(event, out)
  local owner = event.pid and "pid " .. event.pid or event.id or ""
  local why = event.error and tostring(event.error) or event.reason or ""
  out:print("%s  %s  %-15s  %s", os.date "%H:%M:%S", { ("%-8s"):format(event.event), STYLES[event.event] },
    event.ifname or "", owner .. (why ~= "" and ": " .. why or ""))
end

function watch.run(args, out)
  local watcher <close>, err = zlnet.watch { dry_run = args.dry_run, grace = args.grace, keep_held = args.keep_held,
    by_name = args.by_name }
  if not watcher then
    return out:fail(err)
  end
  io.stdout:setvbuf "line"
  local as_text = out.columns and not out.json
  local _, failed = watcher:run(function(event)
    if as_text then
      print_event(event, out)
    else
      out:document(event)
    end
  end)
  return out:fail(failed)
end

return watch
