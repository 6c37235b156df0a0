-- SPDX-License-Identifier: MIT
-- Links that are gone when the call returns (csrc/kernel/deletion.c), while the kernel may still have their memory.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local lfs = require "lfs"

local function entries(directory)
  local n = 0
  for _ in lfs.dir(directory) do
    n = n + 1
  end
  return n
end

describe("batch:send { wait = 'gone' }", function()
  helper.insulate()

  local host

  before_each(function()
    host = assert(core.open(nil))
  end)

  after_each(function()
    host:close()
  end)

  local function pair(name, more)
    local link = { ifname = name, linkinfo = { kind = "veth", data = { peer = { ifname = name .. "p" } } } }
    for key, value in pairs(more or {}) do
      link[key] = value
    end
    return assert(host:newlink(link)).index
  end

  local function delete(index, options)
    local batch = host:batch()
    batch:dellink { index = index }
    options = options or {}
    options.wait = "gone"
    return batch:send(options)
  end

  local function names()
    local set = {}
    for _, link in ipairs(helper.ip_json("link", "show")) do
      set[link.ifname] = true
    end
    return set
  end

  it("has taken both ends away, and the name can be used at once, 300 times in a row", function()
    for _ = 1, 300 do
      local index = pair "a"
      local results, failed = delete(index)
      assert.is_nil(failed)
      assert.same({ true }, results)
      local _, err = host:getlink { index = index }
      assert.equal("ENODEV", err.code)
    end
    pair "a"
    delete(assert(host:getlink { ifname = "a" }).index)
    assert.same({ lo = true }, names())
  end)

  it("takes the other end out of its namespace, with its addresses and routes", function()
    local c = helper.container()
    local link = assert(host:newlink {
      ifname = "a", flags = { up = true },
      linkinfo = { kind = "veth", data = { peer = { ifname = "eth0", net_ns_pid = c.pid } } },
    })
    c:ip("addr", "add", "10.1.0.2/24", "dev", "eth0")
    c:ip("link", "set", "eth0", "up")
    helper.ip("route", "add", "10.1.0.2/32", "dev", "a")
    assert.same({ true }, delete(link.index))
    assert.same({}, helper.ip_json("route", "show"))
    assert.equal(1, #c:ip_json("link", "show"))
  end)

  it("works in the handle's namespace, not the caller's", function()
    local c = helper.container()
    local inside <close> = assert(core.open(c.pid))
    local index = assert(inside:newlink { ifname = "b", linkinfo = { kind = "bridge" } }).index
    local batch = inside:batch()
    batch:dellink { index = index }
    assert.same({ true }, batch:send { wait = "gone" })
    assert.equal(1, #c:ip_json("link", "show"))
  end)

  it("waits for a bridge's port itself: that it left the bridge is announced before", function()
    local bridge = assert(host:newlink { ifname = "br", linkinfo = { kind = "bridge" } }).index
    for _ = 1, 20 do
      assert.same({ true }, delete(pair("a", { master = bridge })))
      assert.is_nil((host:getlink { ifname = "a" }))
    end
    assert.same({ true }, delete(bridge))
  end)

  it("waits for all of a group", function()
    local links = {}
    for i = 1, 150 do
      links[i] = pair("a" .. i, { group = 77 })
    end
    local other = pair "other"
    local batch = host:batch()
    batch:dellink { group = 77 }
    assert.same({ true }, batch:send { wait = "gone", links = links })
    assert.same({ lo = true, other = true, otherp = true }, names())
    delete(other)
  end)

  it("waits for the answer where an announcement never comes", function()
    local there, elsewhere = pair("a", { group = 77 }), pair "b"
    local batch = host:batch()
    batch:dellink { group = 77 }
    assert.same({ true }, batch:send { wait = "gone", links = { there, elsewhere } })
    assert.same({ lo = true, b = true, bp = true }, names())
    delete(elsewhere)
  end)

  it("says what the kernel says where it refuses", function()
    local results, failed = delete(9999)
    assert.equal(1, failed)
    assert.same({ "not_found", "ENODEV", "dellink" }, { results[1].kind, results[1].code, results[1].op })
    results, failed = delete(1)
    assert.equal(1, failed)
    assert.same({ "netlink", "EOPNOTSUPP" }, { results[1].kind, results[1].code })
  end)

  it("says so where the kernel does not answer in time, and the link goes all the same", function()
    local index = pair "a"
    host:settimeout(0)
    local results, err = delete(index)
    host:settimeout(30)
    assert.is_true(results ~= nil or err.code == "ETIMEDOUT")
    helper.eventually(function()
      return not host:getlink { index = index }
    end)
  end)

  it("leaves no descriptor, and no thread when the kernel is done", function()
    local files, threads = entries "/proc/self/fd", entries "/proc/self/task"
    for i = 1, 100 do
      delete(pair("a" .. i))
    end
    assert.equal(files, entries "/proc/self/fd")
    helper.eventually(function()
      return entries "/proc/self/task" == threads
    end)
  end)

  it("is safe where the handle, the state or the process ends meanwhile", function()
    local script = [[
      local core = require "zlnet.core"
      local host = assert(core.open(nil))
      for i = 1, 20 do
        local link = { ifname = "x" .. i, linkinfo = { kind = "veth", data = { peer = { ifname = "y" .. i } } } }
        local batch = host:batch()
        batch:dellink { index = assert(host:newlink(link)).index }
        assert(batch:send { wait = "gone"%s })
      end
      host:close()
      host = nil
      collectgarbage()]]
    for _, option in ipairs { "", ", child = true" } do
      local ok, output = helper.sh(("%s -e %s"):format(helper.lua, helper.quote(script:format(option))))
      assert.is_true(ok, output)
    end
    assert.same({ lo = true }, names())
  end)

  it("raises for what cannot wait like that", function()
    local batch = host:batch()
    batch:setlink { index = 1, flags = { up = true } }
    assert.has_error(function() batch:send { wait = "gone" } end,
      "bad argument #1 to 'send' (wait: only a batch of dellink can wait until links are gone)")
    batch = host:batch()
    batch:dellink { group = 77 }
    assert.has_error(function() batch:send { wait = "gone" } end,
      "bad argument #1 to 'send' (wait: a link is deleted by its index, or is one of links)")
    assert.has_error(function() batch:send { wait = "never" } end)
    assert.has_error(function() batch:send { wait = "gone", links = { "lo" } } end)
  end)
end)
