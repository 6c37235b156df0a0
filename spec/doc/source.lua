-- SPDX-License-Identifier: MIT
-- Reads the LuaLS annotations of the Lua sources: blocks of `---` lines with the function or class that they describe.
local keys = require "keys"

local source = {}

---@class doc.block
---@field module string
---@field name string? of a function, as the source writes it: "attach.attach", "handle:newlink"
---@field arguments string? "opts", as between its brackets
---@field class string? of a class or alias
---@field text string[] lines of prose
---@field tags { [1]: string, [2]: string }[] tag without '@', and the rest of its line

local function new_block(module)
  return { module = module, text = {}, tags = {} }
end

local function add_line(block, line)
  local tag, rest = line:match "^@(%S+)%s*(.*)$"
  if tag then
    block.tags[#block.tags + 1] = { tag, rest }
    if tag == "class" or tag == "alias" then
      block.class = rest:match "^[%w_.]+"
    end
  elseif #block.tags > 0 and line ~= "" then
    local last = block.tags[#block.tags]
    last[2] = last[2] .. " " .. line
  else
    block.text[#block.text + 1] = line
  end
end

-- The class that stands in the block of the function which takes it.
local function split_off_class(block)
  local class = { module = block.module, class = block.class, tags = {}, text = { "Of `" .. block.name .. "`." } }
  local own = {}
  for _, tag in ipairs(block.tags) do
    local list = (tag[1] == "class" or tag[1] == "field") and class.tags or own
    list[#list + 1] = tag
  end
  block.class, block.tags = nil, own
  return class
end

---The blocks of a text that describe a function, a class or an alias.
---@param text string
---@param module string
---@return doc.block[]
function source.blocks(text, module)
  local list, block = {}, nil
  for line in text:gmatch "([^\n]*)\n" do
    local comment = line:match "^%-%-%-%s?(.*)$"
    if comment then
      block = block or new_block(module)
      add_line(block, comment)
    elseif block then
      block.name, block.arguments = line:match "^function ([%w_.:]+)%((.-)%)"
      if block.name and block.class then
        list[#list + 1] = split_off_class(block)
      end
      if block.name or block.class then
        list[#list + 1] = block
      end
      block = nil
    end
  end
  if block and block.class then
    list[#list + 1] = block
  end
  return list
end

---The blocks of all modules: name of the file under lua/zlnet → its blocks, and the names in order. The keys of netlink
---tables, which no file has, are the module "keys".
---@return table<string, doc.block[]> by_module
---@return string[] modules
function source.all()
  local by_module, modules = {}, {}
  local files <close> = assert(io.popen "find lua/zlnet -name '*.lua' ! -path '*/cli/*' ! -path '*/cni/*' | sort")
  for path in files:lines() do
    local module = path:match "^lua/zlnet/(.*)%.lua$":gsub("/init$", ""):gsub("/", ".")
    local file <close> = assert(io.open(path))
    by_module[module] = source.blocks(file:read "a" .. "\n", module)
    modules[#modules + 1] = module
  end
  by_module.keys = source.blocks(keys.text(), "keys")
  modules[#modules + 1] = "keys"
  return by_module, modules
end

return source
