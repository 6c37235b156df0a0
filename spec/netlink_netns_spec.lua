-- SPDX-License-Identifier: MIT
-- with_netns and its three siblings (the rest of netlink.lua is in netlink_spec.lua).
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local lfs = require "lfs"
local netlink = require "zlnet.netlink"

local function net_of_this_thread()
  return lfs.symlinkattributes("/proc/thread-self/ns/net", "target")
end

local function net_of(pid)
  return lfs.symlinkattributes(("/proc/%d/ns/net"):format(pid), "target")
end

local function is_error(kind, code, ok, err)
  assert.is_nil(ok)
  assert.equal("zlnet.error", getmetatable(err).__name)
  assert.equal(kind, err.kind)
  assert.equal(code, err.code)
end

local function raises(message, f, ...)
  local args = table.pack(...)
  local ok, got = pcall(function()
    local result = f(table.unpack(args, 1, args.n))
    return result
  end)
  assert.is_false(ok)
  assert.equal(message, assert(tostring(got):match "^spec/netlink_netns_spec.lua:%d+: (.*)$", got):sub(1, #message))
end

-- Each of the four as (container, f, ...); the last two run f as a coroutine.
local FORMS = {
  with_netns = function(c, f, ...)
    return netlink.with_netns(c.pid, f, ...)
  end,
  with_netns_async = function(c, f, ...)
    return netlink.with_netns_async(c.pid, f, ...)
  end,
  with_netns_fd = function(c, f, ...)
    local file <close> = assert(io.open(("/proc/%d/ns/net"):format(c.pid)))
    return netlink.with_netns_fd(file, f, ...)
  end,
  with_netns_fd_async = function(c, f, ...)
    local ns <close> = assert(core.netns.open(c.pid))
    return netlink.with_netns_fd_async(ns:fd(), f, ...)
  end,
}

for name, with in pairs(FORMS) do
  describe("netlink." .. name, function()
    helper.insulate()

    it("runs f in the container's namespace, and the caller stays where it is", function()
      local c, before = helper.container(), net_of_this_thread()
      assert.equal(net_of(c.pid), with(c, net_of_this_thread))
      assert.equal(before, net_of_this_thread())
      assert.not_equal(before, net_of(c.pid))
    end)

    it("passes arguments and results, nil and last ones too", function()
      local c = helper.container()
      assert.same({ 4, 1, nil, "x", nil, n = 5 }, table.pack(with(c, function(...)
        return select("#", ...), ...
      end, 1, nil, "x", nil)))
      assert.equal(0, select("#", with(c, function() end)))
    end)

    it("lets the other functions act there", function()
      local c = helper.container()
      assert.is_true(with(c, function()
        assert(netlink.create_veth_pair("in0", "in1"))
        assert(netlink.add_address_to_link_by_name("in0", "10.0.0.5", 24))
        assert(netlink.set_link_up_by_name "in0")
        assert(netlink.set_link_up_by_name "lo")
        assert(netlink.add_default_route_via_dev("in0", false))
        assert(netlink.set_sysctl("net.ipv4.conf.in0.rp_filter", 2))
        return true
      end))
      assert.equal("10.0.0.5", c:ip_json("addr", "show", "dev", "in0")[1].addr_info[1]["local"])
      assert.equal("in0", c:ip_json("route", "show", "default")[1].dev)
      assert.equal(3, #with(c, netlink.list_all_links))
      assert.equal(1, #netlink.list_all_links())
    end)

    it("hands errors that f returns on as they are", function()
      local c = helper.container()
      is_error("not_found", "ENODEV", with(c, netlink.set_link_up_by_name, "x0"))
      local err = {}
      assert.same({ nil, err }, { with(c, function()
        return nil, err
      end) })
    end)

    it("raises errors that f raises again, unchanged", function()
      local c, before = helper.container(), net_of_this_thread()
      for _, value in ipairs { "text", 5, { "table" }, false } do
        local ok, got = pcall(with, c, function()
          error(value, 0)
        end)
        assert.is_false(ok)
        assert.equal(value, got)
      end
      assert.equal(before, net_of_this_thread())
    end)

    it("nests, and works from coroutines", function()
      local c, d = helper.container(), helper.container()
      local co = coroutine.wrap(function()
        local outer, inner, outer_again = with(c, function()
          local first = net_of_this_thread()
          return first, with(d, net_of_this_thread), net_of_this_thread()
        end)
        coroutine.yield()
        return { outer, inner, outer_again }
      end)
      co()
      assert.same({ net_of(c.pid), net_of(d.pid), net_of(c.pid) }, co())
    end)

    it("closes what f left to be closed, on that thread", function()
      local c, where = helper.container(), nil
      pcall(with, c, function()
        local _ <close> = setmetatable({}, { __close = function()
          where = net_of_this_thread()
        end })
        error "no"
      end)
      assert.equal(net_of(c.pid), where)
    end)

    it("raises when f is no function", function()
      local c = helper.container()
      for _, f in ipairs { {}, "f", 5, true, setmetatable({}, { __call = print }) } do
        assert.error_matches(function()
          with(c, f)
        end, ("bad argument #2 to '%s' (f: a function expected"):format(name), 1, true)
      end
      assert.error_matches(function()
        with(c)
      end, "a function expected, got nil", 1, true)
    end)
  end)
end

describe("netlink.with_netns and with_netns_async", function()
  helper.insulate()

  local forms = { with_netns = netlink.with_netns, with_netns_async = netlink.with_netns_async }

  it("say that the process is gone, or is a thread", function()
    local c = helper.container()
    local here <close> = assert(core.netns.open(nil))
    c:kill()
    for _, with in pairs(forms) do
      is_error("io", "ESRCH", with(c.pid, error))
      is_error("io", "ESRCH", here:run(function()
        local tid = math.tointeger(tonumber(lfs.symlinkattributes("/proc/thread-self", "target"):match "%d+$"))
        return with(tid, error)
      end))
    end
  end)

  it("raise for what is no pid", function()
    for name, with in pairs(forms) do
      for _, pid in ipairs { 0, -1, 4194305, 1.5, "1", true, {} } do
        raises(("bad argument #1 to '%s' (pid: an integer from 1 to 4194304 expected"):format(name), with, pid, print)
      end
    end
  end)

  it("say what privilege refuses", function()
    local c = helper.container()
    for name in pairs(forms) do
      local code = ("local ok, e = require 'zlnet.netlink'.%s(%d, print) print(ok, e.kind, e.code)"):format(name, c.pid)
      local _, output = helper.sh(helper.unprivileged() .. " " .. helper.lua .. " -e " .. helper.quote(code))
      assert.match("^nil\tio\tE[AP]", output) -- EACCES or EPERM
    end
  end)
end)

describe("netlink.with_netns_fd and with_netns_fd_async", function()
  helper.insulate()

  local forms = { with_netns_fd = netlink.with_netns_fd, with_netns_fd_async = netlink.with_netns_fd_async }

  it("survive the death of the process that the descriptor came from", function()
    local c = helper.container()
    local file <close> = assert(io.open(("/proc/%d/ns/net"):format(c.pid)))
    local net = net_of(c.pid)
    c:kill()
    for _, with in pairs(forms) do
      assert.equal(net, with(file, net_of_this_thread))
    end
  end)

  it("leave the descriptor open", function()
    local ns <close> = assert(core.netns.new())
    local fd = ns:fd()
    for _, with in pairs(forms) do
      assert.is_true(with(fd, rawequal, 1, 1))
      assert.is_true(with(ns, rawequal, 1, 1))
      assert.equal(fd, ns:fd())
    end
  end)

  it("work when f closes the handle", function()
    for _, with in pairs(forms) do
      local ns <close> = assert(core.netns.new())
      assert.equal("closed", with(ns, function()
        ns:close()
        return "closed"
      end))
    end
  end)

  it("say that the descriptor is no network namespace", function()
    local null <close> = assert(io.open "/dev/null")
    local other <close> = assert(io.open "/proc/self/ns/pid")
    for _, with in pairs(forms) do
      is_error("io", "EINVAL", with(null, error))
      is_error("io", "EINVAL", with(other, error))
      is_error("io", "EBADF", with(1000, error))
    end
  end)

  it("say EPERM when the namespace may not be entered", function()
    for name in pairs(forms) do
      local code = "local f = io.open '/proc/self/ns/net' local ok, e = require 'zlnet.netlink'." .. name
        .. "(f, print) print(ok, e.kind, e.code, e.op)"
      local _, output = helper.sh(helper.unprivileged() .. " " .. helper.lua .. " -e " .. helper.quote(code))
      assert.equal("nil\tnetlink\tEPERM\tsetns\n", output)
    end
  end)

  it("raise for closed descriptors and what is none", function()
    local file = assert(io.open "/dev/null")
    file:close()
    local ns = assert(core.netns.new())
    ns:close()
    for name, with in pairs(forms) do
      for _, fd in ipairs { -1, 1.5, "5", true, {}, { fd = 5 }, file, ns, 1 << 31 } do
        raises(("bad argument #1 to '%s' (ns_fd: "):format(name), with, fd, print)
      end
      raises(("bad argument #1 to '%s' (ns_fd: "):format(name), with, nil, print)
    end
  end)
end)

describe("the sync forms", function()
  helper.insulate()

  it("make a yield a clean error", function()
    local c, before = helper.container(), net_of_this_thread()
    local co = coroutine.create(function()
      return netlink.with_netns(c.pid, coroutine.yield, 5)
    end)
    local ok, message = coroutine.resume(co)
    assert.is_false(ok)
    assert.match("attempt to yield across a C%-call boundary", message)
    assert.equal(before, net_of_this_thread())
  end)
end)

describe("the async forms", function()
  helper.insulate()

  it("wait on that thread for seconds, nothing, and pollables", function()
    local c, d = helper.container(), helper.container()
    local process <close> = assert(core.process(d.pid))
    for _, with in pairs { FORMS.with_netns_async, FORMS.with_netns_fd_async } do
      local began = helper.clock()
      assert.same({ net_of(c.pid), "done" }, { with(c, function(x)
        coroutine.yield()
        coroutine.yield(0.02)
        assert.equal(0, select("#", coroutine.yield(process, 0.01)))
        return net_of_this_thread(), x
      end, "done") })
      assert.is_true(helper.clock() - began >= 0.03)
    end
    d:kill()
    netlink.with_netns_async(c.pid, function()
      assert.equal(process, (coroutine.yield(process)))
    end)
  end)

  it("raise for a yield of what cannot be waited for", function()
    local c = helper.container()
    assert.error_matches(function()
      netlink.with_netns_async(c.pid, coroutine.yield, "text")
    end, "cannot wait for a string: a pollable or a number of seconds expected", 1, true)
  end)
end)
