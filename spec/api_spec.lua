-- SPDX-License-Identifier: MIT
-- What scripts may rely on stays: no public function, method, option, key, command or field of a JSON document that is
-- listed in spec/support/api.txt disappears. `make api` adds what is new.
package.path = "spec/doc/?.lua;" .. package.path
local attach = require "zlnet.attach"
local cli = require "zlnet.cli"
local helper = require "spec.support.helper"
local json = require "dkjson"
local options = require "zlnet.attach.options"
local source = require "source"
local zlnet = require "spec.support.cli"

local SNAPSHOT = "spec/support/api.txt"

local PUBLIC = { Monitor = true, Watcher = true, Overlay = true, handle = true, batch = true, job = true, netns = true,
  nft = true }

-- Classes that callers meet; others describe what modules hand each other.
local CLASSES = { "attach%.options", "attachment", "batch%.options", "bridge%.options", "detach%.options", "difference",
  "error", "overlay%.options", "overlay%.peer", "overlay%.synced", "plan", "probe%.fact", "sweep%.options",
  "verdict" }

local function is_public(class, module)
  for _, name in ipairs(CLASSES) do
    if class:find("^zlnet%." .. name .. "$") then
      return true
    end
  end
  return module == "keys"
end

-- Functions, methods and fields of classes, from the annotations, which doc_spec holds against the code.
local function add_reference(add)
  local library = require "zlnet"
  local by_module = source.all()
  for _, blocks in pairs(by_module) do
    for _, block in ipairs(blocks) do
      local object, name = (block.name or ""):match "^([%w_.]+)[.:]([%w_]+)$"
      if name and block.name:find ":" and PUBLIC[object] then
        add("method %s:%s", object, name)
      elseif object == "zlnet.netns" or name and type(library[name]) == "function" then
        add("function %s.%s", object == "zlnet.netns" and object or "zlnet", name)
      end
      for _, tag in ipairs(block.class and is_public(block.class, block.module) and block.tags or {}) do
        local field = tag[1] == "field" and not tag[2]:find "^private" and tag[2]:match '^%[?"?([%w_-]+)'
        if field then
          add("field %s.%s", block.class, field)
        end
      end
    end
  end
  for name in pairs(options.attach.known) do
    add("option attach %s", name)
  end
end

local function add_commands(add)
  local parser = cli.parser()
  for _, command in ipairs(parser._commands) do
    add("command %s", command._name)
    for _, option in ipairs(command._options) do
      if not option._hidden then
        for _, alias in ipairs(option._aliases) do
          add("command %s %s", command._name, alias)
        end
      end
    end
  end
end

local function add_paths(add, command, value, path)
  if type(value) ~= "table" then
    return add("json %s %s", command, path)
  end
  for key, inner in pairs(value) do
    add_paths(add, command, inner, math.type(key) and path .. "[]" or path .. "." .. key)
  end
end

-- The documents that commands print, of an attachment on a bridge and of one with a difference.
local function add_documents(add)
  local c, d = helper.container(), helper.container()
  local function document(command, ...)
    local _, stdout = zlnet(command, "--json", ...)
    add_paths(add, command, assert(json.decode(stdout), stdout), "")
  end
  assert(require("zlnet.bridge").bridge { name = "br0", ip = "10.9.0.1/24" })
  document("attach", "--pid", c.pid, "--ip", "10.200.0.5", "--ip", "fd00::5")
  assert(attach.attach { pid = d.pid, mode = "bridge", bridge = "br0", ip = "10.9.0.5", gateway = "10.9.0.1" })
  document("list")
  document("sweep", "--dry-run")
  document("plan", "--pid", c.pid, "--ip", "10.200.0.5")
  helper.ip("link", "set", ("veth-%d-s"):format(c.pid), "mtu", 1400)
  document "check"
  document "probe"
  document("attach", "--pid", 4194304, "--ip", "10.200.0.6")
  document("attach", "--pid", 4194304)
  document("detach", "--pid", c.pid, "--pid", d.pid)
  helper.ip("link", "del", "br0")
end

describe("the public interface", function()
  helper.insulate()

  it("has all that it once had", function()
    local there, lines = {}, {}
    local function add(format, ...)
      local line = format:format(...)
      if not there[line] then
        there[line], lines[#lines + 1] = true, line
      end
    end
    add_reference(add)
    add_commands(add)
    add_documents(add)
    local gone = {}
    for line in io.lines(SNAPSHOT) do
      if line:find "^%l" and not there[line] then
        gone[#gone + 1] = line
      end
    end
    assert.are.same({}, gone)
    if os.getenv "API_UPDATE" then
      table.sort(lines)
      local file <close> = assert(io.open(SNAPSHOT, "w"))
      assert(file:write("# SPDX-License-Identifier: MIT\n", table.concat(lines, "\n"), "\n"))
    end
  end)
end)
