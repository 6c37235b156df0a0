-- SPDX-License-Identifier: MIT
local core = require "zlnet.core"
local helper = require "spec.support.helper"

local function clear()
  local lines = {}
  for _, link in ipairs(helper.ip_json("link", "show")) do
    if link.ifname ~= "lo" then
      lines[#lines + 1] = ("link set dev %s group 77"):format(link.ifname)
    end
  end
  if #lines > 0 then
    local pipe = assert(io.popen("ip -batch - 2>&1", "w"))
    pipe:write(table.concat(lines, "\n"), "\n")
    assert(pipe:close())
    helper.ip("link", "del", "group", "77")
  end
end

local function veth(i)
  return { ifname = "a" .. i, linkinfo = { kind = "veth", data = { peer = { ifname = "b" .. i } } } }
end

local function names()
  local set = {}
  for _, link in ipairs(helper.ip_json("link", "show")) do
    set[link.ifname] = link
  end
  return set
end

describe("a batch", function()
  helper.insulate()

  local host

  before_each(function()
    host = assert(core.open(nil))
  end)

  after_each(function()
    host:close()
    clear()
  end)

  it("has one result for each operation, in their order: true, an object or the error", function()
    local batch = host:batch()
    assert.equal(1, batch:newlink(veth(1)))
    assert.equal(2, batch:dellink { index = 999 })
    assert.equal(3, batch:setlink { ifname = "lo", flags = { up = true } })
    assert.equal(4, batch:getlink { ifname = "lo" })
    assert.equal(5, batch:newaddr { index = 999, family = "inet", ["local"] = "10.0.0.1", prefixlen = 24 })
    assert.equal(5, #batch)
    local results, failed = batch:send()
    assert.equal(2, failed)
    assert.equal(5, #results)
    assert.equal("a1", results[1].ifname)
    assert.same({ "not_found", "ENODEV", "dellink" }, { results[2].kind, results[2].code, results[2].op })
    assert.is_true(results[3])
    assert.same({ "lo", true }, { results[4].ifname, results[4].flags.up })
    assert.same({ "ENODEV", "newaddr" }, { results[5].code, results[5].op })
    assert.truthy(names().a1)
    helper.ip("link", "set", "lo", "down")
  end)

  it("ends at the first failure with stop_on_error", function()
    local batch = host:batch()
    batch:newlink(veth(1))
    batch:newlink(veth(1))
    batch:newlink(veth(2))
    local results, failed = batch:send { stop_on_error = true }
    assert.same({ 2, 2 }, { failed, #results })
    assert.equal("EEXIST", results[2].code)
    assert.is_nil(names().a2)
  end)

  it("is empty after it was sent, and of use again", function()
    local batch = host:batch()
    assert.same({}, (batch:send()))
    batch:newlink(veth(1))
    batch:send()
    assert.equal(0, #batch)
    assert.same({}, (batch:send()))
    assert.equal(1, batch:dellink { ifname = "a1" })
    assert.same({ true }, (batch:send()))
  end)

  it("stays as it was when an operation is wrong, or names a link that is not there", function()
    local batch = host:batch()
    batch:setlink { ifname = "lo", flags = { up = false } }
    assert.is_false(pcall(batch.newlink, batch, { ifname = "much too long a name" }))
    assert.is_false(pcall(batch.newlink, batch, { ifnam = "x" }))
    local n, err = batch:newaddr { index = "nobody", ["local"] = "10.0.0.1" }
    assert.is_nil(n)
    assert.same({ "not_found", "nobody" }, { err.kind, err.link })
    assert.equal(1, #batch)
    assert.same({ true }, (batch:send()))
  end)

  it("gives of each object the keys that were asked for, as the handle does", function()
    local batch = host:batch()
    batch:newlink(veth(1), nil, { "index" })
    batch:getlink({ ifname = "lo" }, { "ifname", "mtu" })
    batch:getlink { ifname = "lo" }
    for _, name in ipairs { "getlink", "getroute" } do
      assert.error_matches(function()
        batch[name](batch, { ifname = "lo" }, { "mtuu" })
      end, "unknown key 'mtuu'", 1, true)
    end
    assert.equal(3, #batch)
    local made, some, all = table.unpack((batch:send()))
    assert.same({ index = helper.ip_json("link", "show", "dev", veth(1).ifname)[1].ifindex }, made)
    assert.same({ ifname = "lo", mtu = 65536 }, some)
    assert.equal("lo", all.ifname)
    assert.truthy(all.flags)
    local job <close> = assert(host:submit((function()
      batch:getlink({ ifname = "lo" }, { "mtu" })
      return batch
    end)()))
    assert.same({ { mtu = 65536 } }, (job:result()))
  end)

  it("tells true instead of objects that nobody wants", function()
    local batch = host:batch()
    batch:newlink(veth(1))
    assert.same({ true }, (batch:send { objects = false }))
  end)

  -- 10,000 of each; the kernel drops answers that the buffer has no room for, so one too many would be lost.
  for _, room in ipairs { false, 16384, 65536 } do
    describe(room and ("with a receive buffer of %d bytes"):format(room) or "with the usual receive buffer", function()
      before_each(function()
        if room then
          assert(host:setrcvbuf(room))
        end
      end)

      it("answers 10,000 operations", function()
        local batch = host:batch()
        assert(host:newlink(veth(1)))
        assert(host:setlink { ifname = "a1", flags = { up = true } })
        for i = 1, 10000 do
          batch:newneigh({ ifindex = "a1", family = "inet", dst = ("10.%d.%d.1"):format(i // 200, i % 200),
            lladdr = "02:00:00:00:00:01", state = "permanent" }, "replace")
        end
        local results, failed = batch:send()
        assert.is_nil(failed)
        assert.equal(10000, #results)
        for i = 1, 10000 do
          assert.is_true(results[i])
        end
        assert.equal(10000, #helper.ip_json("neigh", "show", "dev", "a1", "nud", "permanent"))
      end)

      it("answers 10,000 refusals, each with the kernel's text", function()
        local batch = host:batch()
        for _ = 1, 10000 do
          batch:newroute { family = "inet", dst = "10.0.0.0/8", gateway = "203.0.113.1" }
        end
        local results, failed = batch:send()
        assert.same({ 1, 10000 }, { failed, #results })
        for i = 1, 10000 do
          assert.equal("Nexthop has invalid gateway", results[i].message)
        end
      end)

      it("answers 10,000 questions with objects", function()
        local batch = host:batch()
        for _ = 1, 10000 do
          batch:getlink { ifname = "lo" }
        end
        local results, failed = batch:send()
        assert.same({ 10000 }, { #results, failed })
        for i = 1, 10000 do
          assert.equal("lo", results[i].ifname)
        end
      end)

      it("answers hundreds of new links with the links", function()
        local n = 300
        local batch = host:batch()
        for i = 1, n do
          batch:newlink(veth(i))
        end
        local results, failed = batch:send()
        assert.same({ n }, { #results, failed })
        local there = names()
        for i = 1, n do
          assert.same({ there["a" .. i].ifindex, there["a" .. i].address }, { results[i].index, results[i].address })
        end
      end)
    end)
  end

  it("says what was answered before the sending failed", function()
    local there, socket = pcall(require, "socket")
    if not there then
      pending "luasocket is not installed"
      return
    end
    local foreign = socket.tcp()
    foreign:setfd(host:fd())
    assert(foreign:setoption("recv-buffer-size", 1)) -- two messages do not fit any more
    foreign:setfd(-1)
    local batch = host:batch()
    batch:setlink { ifname = "lo", flags = { up = true } }
    batch:setlink { ifname = "lo", flags = { up = false } }
    batch:newlink(veth(1)) -- answered by the link and an acknowledgement
    batch:newlink(veth(2))
    local results, err = batch:send()
    if results then -- before Linux 6.16 the buffer could be overdrawn by one message
      assert.equal(4, #results)
    else
      assert.same({ "io", "ENOBUFS" }, { err.kind, err.code })
      assert.same({ true, true }, err.results)
      assert.equal(0, #batch)
    end
  end)

  it("raises when its handle is closed", function()
    local h = assert(core.open(nil))
    local batch = h:batch()
    batch:getlink { ifname = "lo" }
    h:close()
    for _, method in ipairs { "send", "getlink", "newlink" } do
      assert.error_matches(function()
        batch[method](batch, {})
      end, "batch of a closed handle", 1, true)
    end
  end)

  it("keeps its handle alive", function()
    local batch = assert(core.open(nil)):batch()
    collectgarbage()
    collectgarbage()
    batch:getlink { ifname = "lo" }
    assert.equal("lo", batch:send()[1].ifname)
  end)
end)
