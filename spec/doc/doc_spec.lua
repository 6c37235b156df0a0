-- SPDX-License-Identifier: MIT
-- The annotations are the reference: nothing public without one, none without its thing.
package.path = "spec/doc/?.lua;" .. package.path
local helper = require "spec.support.helper"
local keys = require "keys"
local source = require "source"
local zlnet = require "zlnet"

local by_module, modules = source.all()

local function blocks_by_name()
  local found = {}
  for _, module in ipairs(modules) do
    for _, block in ipairs(by_module[module]) do
      if block.name then
        found[block.name] = block
      end
    end
  end
  return found
end

local function sorted_keys(t, wanted)
  local list = {}
  for key, value in pairs(t) do
    if wanted(key, value) then
      list[#list + 1] = key
    end
  end
  table.sort(list)
  return list
end

-- The methods that meta.lua describes for one class.
local function described(class)
  return sorted_keys(blocks_by_name(), function(name)
    return name:match "^(%w+):" == class
  end)
end

local function methods(object, class)
  local list = {}
  for _, name in ipairs(sorted_keys(getmetatable(object).__index, function() return true end)) do
    list[#list + 1] = class .. ":" .. name
  end
  return list
end

describe("the reference", function()
  helper.insulate()

  it("describes each function of zlnet where it is written", function()
    local found = {}
    for name, block in pairs(blocks_by_name()) do
      found[name:match "([%w_]+)$"] = block.name:match "^%w+%.%w" and block or found[name:match "([%w_]+)$"]
    end
    for name, value in pairs(zlnet) do
      if type(value) == "function" then
        assert.truthy(found[name], name)
      end
    end
  end)

  it("names every parameter, says what comes back, and has words", function()
    for name, block in pairs(blocks_by_name()) do
      local params = {}
      for _, tag in ipairs(block.tags) do
        if tag[1] == "param" then
          params[#params + 1] = tag[2]:match "^[^%s?]+"
        end
      end
      local module = block.module
      if module == "meta" or module == "netlink" or zlnet[name:match "([%w_]+)$"] then
        assert.equal(block.arguments, table.concat(params, ", "), name)
        assert.is_true(#block.text > 0, name)
      end
    end
  end)

  it("has each method of the core's objects, and no other", function()
    local handle <close> = assert(zlnet.open())
    local ns <close> = assert(zlnet.netns.new())
    assert.same(methods(handle, "handle"), described "handle")
    assert.same(methods(ns, "netns"), described "netns")
    local job <close> = assert(handle:submit(handle:batch()))
    assert.same(methods(job, "job"), described "job")
    local batch = {}
    for _, name in ipairs(methods(handle:batch(), "batch")) do
      local method = name:match ":(.*)"
      if not handle[method] then
        batch[#batch + 1] = name
      end
    end
    assert.same(batch, described "batch")
  end)

  it("has each method of what tells of events, and each function of zlnet.netns", function()
    local monitor <close> = assert(zlnet.monitor(nil, { "link" }))
    local watcher <close> = assert(zlnet.watch {})
    local overlay <close> = assert(zlnet.overlay { name = "ov", ["local"] = "192.0.2.1" })
    for class, object in pairs { Monitor = monitor, Watcher = watcher, Overlay = overlay } do
      local public = {}
      for _, name in ipairs(methods(object, class)) do
        local method = name:match ":(.*)"
        local again = method ~= "pollfd" and object[method] == object.pollfd -- as other loops call it
        public[#public + 1] = not method:find "^_" and not again and name or nil
      end
      assert.same(public, described(class))
    end
    local found = blocks_by_name()
    for name in pairs(zlnet.netns) do
      assert.truthy(found["zlnet.netns." .. name], name)
    end
    for name in pairs(found) do
      local netns = name:match "^zlnet%.netns%.(.*)"
      assert.is_true(not netns or zlnet.netns[netns] ~= nil, name)
    end
  end)

  it("has each key of each table that the core encodes and decodes, and no other", function()
    local section = keys.text()
    for class in section:gmatch "@class (%S+)" do
      local _, times = section:gsub("@class " .. class:gsub("%p", "%%%0") .. "\n", "")
      assert.equal(1, times, class)
    end
    -- not by the generator's own eyes
    for _, object in ipairs { "link", "addr", "route", "neigh", "rule", "nsid" } do
      local class = section:match("@class zlnet%." .. object .. "\n(.-)\n\n")
      local written, decoded = {}, {}
      for key in class:gmatch '@field %[?"?([%w_]+)' do
        written[key] = true
      end
      for _, row in ipairs(require("zlnet.core").codec.rows(object)) do
        decoded[row.key] = true
      end
      assert.same(decoded, written)
    end
  end)

  it("becomes a page that links to every one of them", function()
    local ok, page = helper.sh(helper.lua .. " spec/doc/html")
    assert.is_true(ok, page)
    for _, name in ipairs { "zlnet.attach", "zlnet.sweep", "zlnet.set_sysctl", "handle-newlink", "batch-send",
      "zlnet.link", "zlnet.link.linkinfo", "zlnet.nsid" } do
      assert.truthy(page:find('<section id="' .. name .. '">', 1, true), name)
    end
    assert.truthy(page:find('<a href="#zlnet.link.linkinfo">zlnet.link.linkinfo</a>', 1, true))
    for target in page:gmatch 'href="#([^"]+)"' do
      assert.truthy(page:find('<section id="' .. target .. '">', 1, true), target)
    end
  end)
end)
