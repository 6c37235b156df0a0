-- SPDX-License-Identifier: MIT
-- The list of planted faults, and planting one. A mutant is { name, file, find, replace, suites }: `find` stands in the
-- file exactly once; `and_too` lists more { find, replace } of the same file.
-- usage: apply.lua                lists the names
--        apply.lua NAME DIR       plants it in the tree at DIR, prints its suites, a line each
local AREAS = { "kernel", "codec", "attach", "cleanup" }

local mutants = {}
for _, area in ipairs(AREAS) do
  for _, mutant in ipairs(require("spec.mutants." .. area)) do
    mutants[#mutants + 1] = mutant
    assert(not mutants[mutant.name], mutant.name .. " is there twice")
    mutants[mutant.name] = mutant
  end
end

local function change(text, edit, file)
  local at, last = text:find(edit.find, 1, true)
  if not at then
    error(("%s: not found: %s"):format(file, edit.find), 0)
  elseif text:find(edit.find, last + 1, true) then
    error(("%s: found twice: %s"):format(file, edit.find), 0)
  end
  return text:sub(1, at - 1) .. edit.replace .. text:sub(last + 1)
end

local function plant(mutant, dir)
  local path = dir .. "/" .. mutant.file
  local file <close> = assert(io.open(path))
  local text = change(file:read "a", mutant, mutant.file)
  for _, edit in ipairs(mutant.and_too or {}) do
    text = change(text, edit, mutant.file)
  end
  local out <close> = assert(io.open(path, "w"))
  out:write(text)
end

if arg[1] then
  local mutant = mutants[arg[1]] or error("there is no mutant " .. arg[1], 0)
  plant(mutant, arg[2])
  print(table.concat(mutant.suites, "\n"))
else
  for _, mutant in ipairs(mutants) do
    print(mutant.name)
  end
end
