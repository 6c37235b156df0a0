-- SPDX-License-Identifier: MIT
-- zlnet check: what attach made, held against what is there now.

local argument = require "zlnet.argument"
local output = require "zlnet.cli.output"
local usage = require "zlnet.cli.usage"
local zlnet = require "zlnet"

local check = { name = "check", summary = "say what differs from what attach made" }

check.description = [[
Looks at all attachments, or at those of one owner. Exit status 1 when there is a difference.]]

check.examples = {
  { "zlnet check", "all of this node's" },
  { "zlnet check --pid 4242 --tag s", "one" },
  { "zlnet check --id web-1 --netns /run/netns/web", "look for the container's end in this namespace" },
}

function check.define(command)
  command:option("--pid", "only this process's"):argname "PID":overwrite(false):convert(usage.number)
  command:option("--id", "only this owner's"):argname "ID":overwrite(false)
  command:option("--tag", "only those with this tag"):argname "TAG":overwrite(false)
  command:option("--netns", "where the container is, when it cannot be found: a path, or a name under /run/netns")
    :argname "NETNS":overwrite(false)
end

local function select(args, all)
  local chosen = {}
  for _, a in ipairs(all) do
    local other = args.pid and a.pid ~= args.pid or args.id and a.id ~= args.id or args.tag and a.tag ~= args.tag
    chosen[#chosen + 1] = not other and a or nil
  end
  return chosen
end

local function text_of(value)
  return value == nil and "gone" or tostring(value)
end

local function print_result(r, out)
  if r.error then
    out:print("%s  %s", r.host_ifname, { tostring(r.error), "red" })
  elseif #r.differences == 0 then
    out:print("%s  %s", r.host_ifname, { "as it was made", "green" })
  else
    local n = #r.differences
    out:print("%s  %s", r.host_ifname, { ("%d difference%s"):format(n, n == 1 and "" or "s"), "red" })
    local rows = {}
    for i, d in ipairs(r.differences) do
      rows[i] = { d.ns, d.key, ("%s, was %s"):format(text_of(d.found), text_of(d.expected)) }
    end
    out:rows(rows, 2)
  end
end

function check.run(args, out)
  if args.netns then
    local netns, why = argument.netns(args.netns)
    if not netns then
      usage.wrong("--netns: " .. why)
    end
  end
  local all, err = zlnet.attachments()
  if not all then
    return out:fail(err)
  end
  local chosen, results, status = select(args, all), {}, 0
  if #chosen == 0 and (args.pid or args.id or args.tag) then
    return out:fail(zlnet.error { kind = "io", code = "ENOENT", op = "check", message = "no such attachment" })
  end
  for i, a in ipairs(chosen) do
    local differences, failed = zlnet.check(a, args.netns)
    local r = { host_ifname = a.host_ifname, pid = a.pid, id = a.id, tag = a.tag }
    r.differences, r.error, results[i] = differences, failed, r
    if failed or #differences > 0 then
      status = 1
    end
    if not out.json then
      print_result(r, out)
    end
  end
  if out.json then
    out:document { checked = results }
  elseif #chosen == 0 then
    out:print(output.NOTHING)
  end
  return status
end

return check
