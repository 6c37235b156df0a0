-- SPDX-License-Identifier: MIT
-- zlnet detach: one or several owners' attachments.

local convert = require "zlnet.cli.convert"
local zlnet = require "zlnet"

local detach = { name = "detach", summary = "take attachments of containers away" }

detach.description = [[
Works from the node's side alone, also when the container is gone. What is not there is no error.]]

detach.examples = {
  { "zlnet detach --pid 4242", "all attachments of this container" },
  { "zlnet detach --pid 4242 --tag g", "the one with this tag" },
  { "zlnet detach --pid 4242 --pid 4243 --id web-1", "several containers with one wait of the kernel's" },
}

function detach.define(command)
  command:option("--pid", "the container's process; once more for others"):argname "PID":count "*"
    :convert(convert.number)
  command:option("--id", "the owner's id; once more for others"):argname "ID":count "*"
  command:option("--tag", "only the attachments with this tag"):argname "TAG":overwrite(false)
end

-- One selection for each owner named.
local function selections(args)
  local list = {}
  for _, name in ipairs { "pid", "id" } do
    for _, value in ipairs(args[name]) do
      list[#list + 1] = { [name] = value, tag = args.tag }
    end
  end
  if #list == 0 then -- to the library an empty list
    error "bad option 'pid' to 'detach': required (or id)"
  end
  return list
end

function detach.run(args, out)
  local ok, err = zlnet.detach(selections(args))
  if not ok then
    return out:fail(err)
  elseif out.json then
    out:document { detached = true }
  end
  return 0
end

return detach
