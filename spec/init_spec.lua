-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local zlnet = require "zlnet"

local FOURTEEN = {
  "move_link_into_netns_fd_and_rename", "move_link_into_netns_and_rename", "create_veth_pair", "delete_link_by_name",
  "list_all_links", "set_link_up_by_name", "add_address_to_link_by_name", "add_default_route_via_dev",
  "replace_route_via_dev", "set_sysctl", "with_netns_fd", "with_netns", "with_netns_fd_async", "with_netns_async",
}

describe("zlnet", function()
  helper.insulate()

  it("has the origin's fourteen functions", function()
    for _, name in ipairs(FOURTEEN) do
      assert.is_function(zlnet[name], name)
    end
    assert.equal("lo", zlnet.list_all_links()[1].name)
  end)

  it("has its version, handles, namespaces and errors", function()
    assert.match("^%d+%.%d+%.%d+$", zlnet._VERSION)
    local handle <close> = assert(zlnet.open())
    assert.equal("lo", handle:getlink({ ifname = "lo" }).ifname)
    local ns <close> = assert(zlnet.netns.new())
    assert.is_number(ns:id().ino)
    assert.are.equal("ENOENT", zlnet.error { kind = "io", errno = 2, message = "no" }.code)
    local err = zlnet.error { kind = "netlink", code = "EPERM", message = "no" }
    assert.equal("here: netlink operation failed: no [EPERM]", "here: " .. err)
    assert.equal(1, err.errno)
  end)

  it("says in words that an earlier Lua is too old", function()
    local env = { _VERSION = "Lua 5.3", tonumber = tonumber, error = error }
    local chunk = assert(loadfile("lua/zlnet/init.lua", "t", env))
    local _, raised = pcall(chunk)
    assert.equal("zlnet needs Lua 5.4 or later: this is Lua 5.3", raised)
    for _, lua in ipairs { "lua5.1", "lua5.2", "lua5.3", "luajit" } do
      if helper.sh("command -v " .. lua) then
        for _, words in ipairs { "-e 'require \"zlnet\"'", "lua/bin/zlnet probe" } do
          local ok, text = helper.sh(("LUA_PATH='lua/?.lua;lua/?/init.lua' %s %s"):format(lua, words))
          assert.is_false(ok)
          assert.match("^[^\n]*zlnet needs Lua 5%.4 or later: this is Lua", text)
        end
      end
    end
  end)

  it("loads a workflow when its name is first used, once", function()
    assert.is_nil(rawget(zlnet, "make_interface_name"))
    local make = zlnet.make_interface_name
    assert.equal("zl-a31m58scg3pm", make { "a", "bc" })
    assert.equal(make, rawget(zlnet, "make_interface_name"))
    for _, name in ipairs { "attach", "detach", "sweep" } do
      assert.is_function(zlnet[name], name)
    end
  end)

  it("has no name that it does not list", function()
    assert.is_nil(zlnet.no_such_name)
    assert.is_nil(zlnet[1])
  end)

  it("loads no workflow by itself", function()
    local script = "require 'zlnet' for k in pairs(package.loaded) do print(k) end"
    local _, loaded = helper.sh(helper.lua .. " -e " .. helper.quote(script))
    for module in loaded:gmatch "zlnet%.%S+" do
      assert.truthy(({ core = 1, netlink = 1, argument = 1, addr = 1 })[module:sub(7)], module)
    end
  end)
end)
