-- SPDX-License-Identifier: MIT
-- zlnet detach: one or several owners' attachments.

local batch = require "zlnet.cli.batch"
local library = require "zlnet.cleanup.detach"
local usage = require "zlnet.cli.usage"
local zlnet = require "zlnet"

local detach = { name = "detach", summary = "take attachments of containers away" }

detach.description = [[
Works from the node's side alone, also when the container is gone. What is not there is no error.]]

detach.examples = {
  { "zlnet detach --pid 4242", "all attachments of this container" },
  { "zlnet detach --pid 4242 --tag g", "the one with this tag" },
  { "zlnet attach --batch fleet.json --json >made; zlnet detach --batch made", "what was attached, and no more" },
  { "zlnet detach --pid 4242 --pid 4243 --id web-1", "several containers with one wait of the kernel's" },
}

function detach.define(command)
  command:option("--pid", "the container's process; once more for others"):argname "PID":count "*"
    :convert(usage.number)
  command:option("--id", "the owner's id; once more for others"):argname "ID":count "*"
  command:option("--name", "the host end's name; once more for others"):argname "IFNAME":count "*"
  command:flag("--by-name", "also what only bears such a name, without our record or MAC: it may be another program's")
  command:option("--batch", "a file (- is stdin) with a selection or an attachment on each line, as JSON")
    :argname "FILE":overwrite(false)
  command:option("--tag", "only the attachments with this tag"):argname "TAG":overwrite(false)
end

-- One selection for each owner named, and for each line of the batch. A process does not end before its threads, so
-- what waits for the kernel is a child.
local function selections(args)
  local list = { child = true }
  for option, key in pairs { pid = "pid", id = "id", name = "host_ifname" } do
    for _, value in ipairs(args[option]) do
      list[#list + 1] = { [key] = value, tag = args.tag, by_name = args.by_name }
    end
  end
  if args.batch then
    local lines, err = batch.read(args.batch)
    if not lines then
      return nil, err
    end
    for _, line in ipairs(lines) do
      if not line.object.error then -- else what attach --batch --json printed for a line that failed
        local ok, raised = pcall(library.selection, line.object)
        if not ok then
          batch.wrong(args.batch, line.number, usage.message(raised) or raised)
        end
        list[#list + 1] = line.object
      end
    end
  elseif #list == 0 then -- to the library an empty list
    usage.wrong "--pid: required (or --id, --name, --batch)"
  end
  return list
end

function detach.run(args, out)
  local list, ok, err
  list, err = selections(args)
  if list then
    ok, err = zlnet.detach(list)
  end
  if not ok then
    return out:fail(err)
  elseif out.json then
    out:document { detached = true }
  end
  return 0
end

return detach
