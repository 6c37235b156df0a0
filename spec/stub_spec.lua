-- SPDX-License-Identifier: MIT
-- What other platforms get: the core of csrc/stub.c, run in an interpreter of its own.
local helper = require "spec.support.helper"

local function run(code)
  local ok, output = helper.sh(("LUA_CPATH=%s %s -e %s"):format(
    helper.quote(helper.build .. "/stub/?.so"), helper.lua, helper.quote(code)))
  assert.is_true(ok, output)
  return output
end

describe("on a platform that is not Linux", function()
  helper.insulate()

  it("every function of netlink.lua exists and says that it is supported on Linux only", function()
    local functions = {}
    for name in pairs(require "zlnet.netlink") do
      functions[#functions + 1] = name
    end
    assert.equal(14, #functions)
    table.sort(functions)
    local expected = {}
    for i, name in ipairs(functions) do
      local text = name .. " is only supported on Linux"
      expected[i] = ("%s nil netlink %s|netlink operation failed: %s\n"):format(name, text, text)
    end
    local code = [[
      local netlink = require "zlnet.netlink"
      local names = {}
      for name in pairs(netlink) do names[#names + 1] = name end
      table.sort(names)
      for _, name in ipairs(names) do
        local ok, err = netlink[name]("a", 0, nil)
        print(name .. " " .. tostring(ok) .. " " .. err.kind .. " " .. err.message .. "|" .. err)
      end]]
    assert.equal(table.concat(expected), run(code))
  end)

  it("zlnet loads, with its version, and what needs no kernel works", function()
    local code = [[
      local zlnet = require "zlnet"
      print(zlnet._VERSION, zlnet.open, zlnet.make_interface_name { "a", "bc" })
      print(select(2, zlnet.list_all_links()))
      print(pcall(error, zlnet.error { kind = "io", message = "x" }))
      print(zlnet.error { kind = "io", message = "x" } .. "!", "e: " .. zlnet.error {})
      print(select(2, zlnet.attach { pid = 1 }))]]
    local version = require("zlnet.core").version
    assert.equal(table.concat({
      version .. "\tnil\tzl-a31m58scg3pm",
      "netlink operation failed: list_all_links is only supported on Linux",
      "false\tio error: x",
      "io error: x!\te: netlink operation failed: unknown error",
      "netlink operation failed: attach is only supported on Linux",
      "",
    }, "\n"), run(code))
  end)

  it("the core is built without Linux or libmnl headers and exports one symbol", function()
    local standard = { ["lua.h"] = 1, ["lauxlib.h"] = 1, ["stdint.h"] = 1, ["string.h"] = 1 }
    for _, path in ipairs { "csrc/stub.c", "csrc/bind/hash.c" } do
      local file <close> = assert(io.open(path))
      for header in file:read("a"):gmatch "#include <([^>]+)" do
        assert.truthy(standard[header], header)
      end
    end
    local _, symbols = helper.sh("nm -D --defined-only " .. helper.quote(helper.build .. "/stub/zlnet/core.so"))
    symbols = symbols:gsub("%x+ T _%l+\n", "") -- a C library's own _init and _fini
    assert.match("^%x+ T luaopen_zlnet_core\n$", symbols)
    local _, needs = helper.sh("nm -D --undefined-only " .. helper.quote(helper.build .. "/stub/zlnet/core.so"))
    assert.is_nil(needs:find "mnl_")
  end)
end)
