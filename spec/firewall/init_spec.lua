-- SPDX-License-Identifier: MIT
-- What an attachment leaves in nf_tables, as nft(8) lists it: made, compared, mended, taken away.
local core = require "zlnet.core"
local firewall = require "zlnet.firewall"
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "zlnet"

local ALL = { masquerade = true, guard = true, isolate = "blue", publish = { "8080:80", "127.0.0.1:5353:53/udp" } }

-- The ruleset without what changes by itself, in an order of its own.
local function ruleset()
  local ok, text = helper.sh "nft -j list ruleset"
  assert(ok, text)
  local list = {}
  for i, entry in ipairs(json.decode(text).nftables) do
    if i > 1 then
      for _, object in pairs(entry) do
        object.handle = nil
        if object.elem then
          for k, e in ipairs(object.elem) do
            object.elem[k] = json.encode(e)
          end
          table.sort(object.elem)
        end
      end
      list[#list + 1] = entry
    end
  end
  return list
end

local function elements()
  return select(2, select(2, helper.sh "nft list ruleset"):gsub('comment "veth', ""))
end

describe("zlnet.firewall", function()
  helper.insulate()

  local c

  before_each(function()
    helper.ip("link", "set", "lo", "up")
    c = helper.container()
  end)

  after_each(function()
    helper.sh "ip link del br0; nft flush ruleset; ip link set lo down"
  end)

  local function options(changes)
    local o = { pid = c.pid, ip = { "10.200.0.5/24", "fd00:200::5/64" } }
    for _, t in ipairs { ALL, changes or {} } do
      for key, value in pairs(t) do
        o[key] = value
      end
    end
    return o
  end

  for _, mode in ipairs { "routed", "direct", "bridge" } do
    it("is made by a plan's commands just as by attach: " .. mode, function()
      local more = { mode = mode }
      if mode == "bridge" then
        helper.ip("link", "add", "br0", "up", "type", "bridge")
        more.bridge, more.default_route, more.publish = "br0", false, "8080:80"
      end
      local plan = assert(zlnet.plan(options(more)))
      local script = os.tmpname()
      local file = assert(io.open(script, "w"))
      file:write(tostring(plan))
      file:close()
      local a = assert(zlnet.attach(options(more)))
      local groups = {}
      local function look()
        groups[#groups + 1] = helper.ip_json("link", "show", "dev", a.host_ifname)[1].group
        return ruleset()
      end
      local attached = look()
      assert(zlnet.detach(a))
      assert.equal(0, elements())
      helper.sh "nft flush ruleset"
      local ok, text = helper.sh("sh " .. script)
      assert(ok, text)
      assert.same(attached, look())
      assert.equal(groups[1], groups[2])
      os.remove(script)
      assert(zlnet.detach { pid = c.pid })
    end)
  end

  it("leaves the tables of others as they are", function()
    helper.sh [[nft -f - <<'END'
      add table inet theirs
      add set inet theirs zlnet { type ipv4_addr; elements = { 10.200.0.5 }; }
      add chain inet theirs c { type nat hook postrouting priority 100; }
      add rule inet theirs c ip saddr @zlnet masquerade
      add table ip zlnet
      add chain ip zlnet c
      add table bridge theirs
END]]
    local before = ruleset()
    local a = assert(zlnet.attach(options()))
    assert.is_true(#ruleset() > #before)
    assert(zlnet.detach(a))
    assert(zlnet.sweep())
    for _, family in ipairs { "inet", "arp", "bridge" } do
      helper.sh("nft delete table " .. family .. " zlnet")
    end
    assert.same(before, ruleset())
  end)

  it("is checked and mended: rules and elements that are gone, and what else was put in their place", function()
    local a = assert(zlnet.attach(options()))
    assert.same({}, zlnet.check(a))
    for _, damage in ipairs {
      "flush table inet zlnet", "flush chain bridge zlnet isolate",
      "delete element inet zlnet masquerade4 { 10.200.0.5 }",
      "delete table arp zlnet", "delete element inet zlnet publish4_any { tcp . 8080 }",
      "insert rule inet zlnet guard accept", "flush ruleset",
      "delete element inet zlnet publish4_any { tcp . 8080 };"
        .. "add element inet zlnet publish4_any { tcp . 8080 comment \"" .. a.host_ifname .. "\" : 10.200.0.66 . 80 }",
    } do
      local ok, text = helper.sh("nft '" .. damage .. "'")
      assert(ok, text)
      local found = assert(zlnet.check(a))
      assert.is_true(#found > 0, damage)
      for _, d in ipairs(found) do
        assert.same({ "host", "firewall" }, { d.ns, d.key }, damage)
      end
      local report = assert(zlnet.mend(a))
      assert.same({}, report.left, damage)
      assert.same({}, zlnet.check(a), damage)
    end
    assert(zlnet.detach(a))
  end)

  it("is whole again for others, too, after an attach that finds it damaged", function()
    local first = assert(zlnet.attach(options()))
    helper.sh "nft flush table inet zlnet"
    local other = helper.container()
    local second = assert(zlnet.attach { pid = other.pid, ip = { "10.200.0.6", "fd00:200::6" }, masquerade = true,
      guard = true, isolate = "blue", publish = "8081:80" })
    assert.same({}, zlnet.check(first))
    assert.same({}, zlnet.check(second))
  end)

  it("is undone when the attach fails, and nothing is left", function()
    assert(zlnet.attach { pid = c.pid, ip = "10.200.1.1", ifname = "eth7", tag = "t", default_route = false })
    helper.ip("route", "add", "10.200.0.5/32", "dev", "lo")
    local a, err = zlnet.attach(options())
    assert.same({ nil, "newroute" }, { a, err.op })
    assert.is_nil(err.rollback)
    assert.equal(0, elements())
    helper.ip("route", "del", "10.200.0.5/32")
  end)

  it("follows an attachment that is replaced, and is the same where it is kept", function()
    local a = assert(zlnet.attach(options()))
    local n = elements()
    local b = assert(zlnet.attach(options { ip = { "10.200.0.7", "fd00:200::7" }, publish = "8082:80" }))
    assert.is_true(elements() < n)
    assert.same({}, zlnet.check(b))
    local same = options { ip = { "10.200.0.7", "fd00:200::7" }, publish = "8082:80", on_exists = "keep" }
    assert.equal(b.host_index, assert(zlnet.attach(same)).host_index)
    helper.sh "nft flush ruleset"
    assert.is_nil((zlnet.attach(same)))
    assert.is_true(a.host_index ~= b.host_index)
  end)

  it("keeps its hands off an element that has another owner by now", function()
    local a = assert(zlnet.attach(options()))
    helper.sh [[nft 'delete element inet zlnet masquerade4 { 10.200.0.5 };
      add element inet zlnet masquerade4 { 10.200.0.5 comment "theirs" }']]
    assert(zlnet.detach(a))
    assert.truthy(select(2, helper.sh "nft list ruleset"):find('10.200.0.5 comment "theirs"', 1, true))
    assert.equal(0, elements())
    local again, err = zlnet.attach(options())
    assert(again, err) -- nobody has the name "theirs"
  end)

  it("is set up by sixteen attaches at once", function()
    local pids, others = {}, {}
    for i = 1, 16 do
      others[i] = helper.container()
      pids[i] = others[i].pid
    end
    local script = [[
      local zlnet = require "zlnet"
      local i, pid = tonumber(arg[1]), tonumber(arg[2])
      local a, err = zlnet.attach { pid = pid, ip = { "10.200.1." .. i, "fd00:200:1::" .. i }, masquerade = true,
        guard = true, isolate = "blue", publish = (9000 + i) .. ":80" }
      print(a and "made" or err)]]
    local file = os.tmpname()
    local f = assert(io.open(file, "w"))
    f:write(script)
    f:close()
    local commands = {}
    for i, pid in ipairs(pids) do
      commands[i] = ("%s %s %d %d &"):format(helper.lua, file, i, pid)
    end
    local _, said = helper.sh(table.concat(commands, "\n") .. "\nwait")
    os.remove(file)
    assert.equal(16, select(2, said:gsub("made", "")), said)
    for _, a in ipairs(assert(zlnet.attachments())) do
      assert.same({}, zlnet.check(a))
    end
    for _, pid in ipairs(pids) do
      assert(zlnet.detach { pid = pid })
    end
    assert.equal(0, elements())
  end)

  it("says what is missing where the kernel has no nf_tables", function()
    local real = core.nft
    finally(function()
      core.nft = real
    end)
    require("zlnet.firewall.socket").leave()
    core.nft = function()
      return nil, core.error { kind = "io", code = "EPROTONOSUPPORT", op = "socket", message = "not supported" }
    end
    local ok, err = firewall.add({ ip = {}, masquerade = true, host_ifname = "veth-5-s" }, assert(core.open(nil)))
    assert.same({ nil, "EPROTONOSUPPORT", "set up the firewall" }, { ok, err.code, err.step })
  end)
end)
