-- SPDX-License-Identifier: MIT
-- Makes the source of a program (with csrc/plugin/plugin.c) of a script and all Lua modules that it may require: ours,
-- and dkjson as installed here. They are compiled, and each stays as it is until it is required.
--
-- usage: lua lua/bundle.lua SCRIPT >FILE.c     from the checkout's top

local script = arg[1]

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

local rows = {}

local function write(name, code)
  local numbers = {}
  for position = 1, #code do
    numbers[position] = code:byte(position)
  end
  io.write(("static const unsigned char code_%d[] = {%s};\n"):format(#rows, table.concat(numbers, ",")))
  rows[#rows + 1] = ("\t{%s, code_%d, sizeof code_%d},\n"):format(name, #rows, #rows)
end

io.write('#include "plugin/plugin.h"\n')
for _, name in ipairs(names) do
  write('"' .. name .. '"', modules[name])
end
write("NULL", string.dump(assert(load(main, "=" .. script:match "[^/]*$")), true))
io.write("const struct plugin_chunk plugin_chunks[] = {\n", table.concat(rows), "};\n")
