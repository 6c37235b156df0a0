-- SPDX-License-Identifier: MIT
-- Many at once: files with one JSON object on each line.

local core = require "zlnet.core"
local usage = require "zlnet.cli.usage"

local batch = {}

---Ends the command with status 2, naming the file and the line.
---@param path string
---@param number integer
---@param why string
function batch.wrong(path, number, why)
  usage.wrong(("--batch: %s, line %d: %s"):format(path == "-" and "stdin" or path, number, why))
end

local function parse(file, path)
  local json = require "dkjson" -- only now: scripts are started often, and seldom with a batch
  local list, number = {}, 0
  for line in file:lines() do
    number = number + 1
    if line:find "%S" then
      local object, position, why = json.decode(line, 1, nil)
      if type(object) ~= "table" or #object > 0 or line:find("%S", position) then
        batch.wrong(path, number, "a JSON object expected" .. (why and ": " .. why or ""))
      end
      list[#list + 1] = { number = number, object = object }
    end
  end
  return list
end

---Reads a file of JSON objects, one a line; empty lines do not count. Raises wrong use.
---@param path string `-` is stdin
---@return { number: integer, object: table }[]? lines
---@return zlnet.error? err
function batch.read(path)
  if path == "-" then
    return parse(io.stdin, path)
  end
  local file <close>, why, errno = io.open(path)
  if not file then
    return nil, core.error { kind = "io", errno = errno, op = "open", message = why, step = "read the batch" }
  end
  return parse(file, path)
end

return batch
