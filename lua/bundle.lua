-- SPDX-License-Identifier: MIT
-- Makes one compiled file of a script and all modules of ours that it may require. A plugin is started anew for each
-- container, and reading its sources would take longer than all it does.
--
-- usage: lua lua/bundle.lua SCRIPT INTERPRETER >FILE     from the checkout's top; C modules are looked up as ever

local script, interpreter = arg[1], arg[2]

local function read(path)
  local file = io.open(path)
  local text = file and file:read "a"
  if file then
    file:close()
  end
  return text
end

local function source_of(name)
  local path = "lua/" .. name:gsub("%.", "/")
  for _, candidate in ipairs { path .. ".lua", path .. "/init.lua" } do
    local text = read(candidate)
    if text then
      return text, candidate
    end
  end
end

local chunks = {}

-- Every name in a source that is a module's, whether it is required at once or later.
local function add(text)
  for name in text:gmatch '"(zlnet[%w_.]*)"' do
    local source, path = source_of(name)
    if source and not chunks[name] then
      assert(load(source, "@" .. path)) -- its own line numbers, should it have a mistake
      chunks[name] = ("package.preload[%q] = function(...)\n%s\nend\n"):format(name, source)
      add(source)
    end
  end
end

local main = assert(read(script), script):gsub("^#![^\n]*", "")
add(main)
local list = {}
for _, chunk in pairs(chunks) do
  list[#list + 1] = chunk
end
table.sort(list) -- the same bytes each time
list[#list + 1] = main
local compiled = assert(load(table.concat(list), "=" .. script:match "[^/]*$"))
io.write("#!", interpreter, "\n", string.dump(compiled, true))
