-- SPDX-License-Identifier: MIT
-- Makes one compiled file of a script and all Lua modules that it may require: ours, and dkjson as installed here.
-- A plugin is started anew for each container, and reading the sources would take longer than all it does.
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

local modules, names = {}, {}

local function keep(name, source, path)
  modules[name] = string.dump(assert(load(source, "@" .. path)), true)
  names[#names + 1] = name
end

-- Every name in a source that is a module's, whether it is required at once or later.
local function add(text)
  for name in text:gmatch '"(zlnet%.[%w_.]+)"' do
    local source, path = source_of(name)
    if source and not modules[name] then
      keep(name, source, path)
      add(source)
    end
  end
end

local main = assert(read(script), script):gsub("^#![^\n]*", "")
add(main)
local dkjson = assert(package.searchpath("dkjson", package.path))
keep("dkjson", assert(read(dkjson)), dkjson)
table.sort(names) -- the same bytes each time

-- A module stays a string until it is required: most of a plugin's commands need few of them.
local list = { "local function module(name, code)\n  package.preload[name] = function(...)\n"
  .. "    return load(code, name, 'b')(...)\n  end\nend\n" }
for _, name in ipairs(names) do
  list[#list + 1] = ("module(%q, %q)\n"):format(name, modules[name])
end
list[#list + 1] = main
local compiled = assert(load(table.concat(list), "=" .. script:match "[^/]*$"))
io.write("#!", interpreter, "\n", string.dump(compiled, true))
