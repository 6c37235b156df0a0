-- SPDX-License-Identifier: MIT
-- zlnet attach --batch: many containers, one after the other. What is wrong use is found before the first is attached;
-- what fails does not keep the others from being attached.

local batch = require "zlnet.cli.batch"
local core = require "zlnet.core"
local options = require "zlnet.options"
local rows = require "zlnet.attach.options"
local output = require "zlnet.cli.output"
local progress = require "zlnet.cli.progress"
local usage = require "zlnet.cli.usage"
local zlnet = require "zlnet"

local fleet = {}

-- The options of each line, those of the command line being the defaults.
local function complete(path, lines, defaults)
  for _, line in ipairs(lines) do
    for name, value in pairs(defaults) do
      if line.object[name] == nil then
        line.object[name] = value
      end
    end
    local ok, raised = pcall(options.check, "attach", rows.attach, line.object)
    if not ok then
      batch.wrong(path, line.number, usage.message(raised) or raised)
    end
  end
end

---@param path string of the batch
---@param defaults zlnet.attach.options
---@param out zlnet.cli.output
---@return integer status
function fleet.attach(path, defaults, out)
  local lines, err = batch.read(path)
  if not lines then
    return out:fail(err)
  end
  complete(path, lines, defaults)
  local began, failed = core.clock(), {}
  do
    local bar <close> = progress.new("attaching", #lines)
    local list = {}
    for i, line in ipairs(lines) do
      list[i] = line.object
    end
    local results, lost = zlnet.attach(list, function(i, a, refused)
      local number = lines[i].number
      if out.json then
        out:document(a and output.attachment(a) or { line = number, error = refused })
      end
      if not a then
        failed[#failed + 1] = { number = number, err = refused }
      end
      bar:step(i)
    end)
    if not results then
      return out:fail(lost)
    end
  end
  if not out.json then
    for _, f in ipairs(failed) do
      out:fail(f.err, ("line %d: "):format(f.number))
    end
    local took = output.duration(core.clock() - began)
    out:print("attached %d of %d in %s", #lines - #failed, #lines, took)
  end
  local ok, lost = out:flush()
  if not ok then
    return out:fail(lost, "what was attached stays: ")
  end
  return #failed == 0 and 0 or 1
end

return fleet
