-- SPDX-License-Identifier: MIT
local attach = require "zlnet.attach"
local bridge = require "zlnet.bridge"
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "spec.support.cli"

describe("zlnet list", function()
  helper.insulate()

  after_each(function()
    helper.sh "ip link delete br0; ip link delete veth-4000000-s"
  end)

  -- Two containers on a bridge, one routed, one which only has our name. Returns their pids.
  local function node()
    local a, b, c = helper.container(), helper.container(), helper.container()
    assert(bridge.bridge { name = "br0", ip = { "10.9.0.1/24", "fd00:9::1/64" } })
    local function on_bridge(pid, ip)
      assert(attach.attach { pid = pid, mode = "bridge", bridge = "br0", ip = ip, gateway = "10.9.0.1" })
    end
    on_bridge(a.pid, "10.9.0.2")
    on_bridge(b.pid, "10.9.0.3")
    assert(attach.attach { pid = c.pid, ip = { "10.200.0.5", "fd00:200::5" } })
    helper.ip("link", "add", "veth-4000000-s", "type", "veth", "peer", "name", "other")
    return a.pid, b.pid, c.pid
  end

  -- The lines without the spaces that align them, in no order.
  local function lines_of(text)
    local lines = {}
    for line in text:gmatch "[^\n]+" do
      lines[#lines + 1] = line:gsub("^[|` -]*", ""):gsub("  +", "  ")
    end
    table.sort(lines)
    return lines
  end

  it("shows a tree of the node, its bridges and both ends, with addresses, owners and verdicts", function()
    local a, b, c = node()
    local status, stdout = zlnet "list"
    assert.are.equal(0, status)
    local _, hostname = helper.sh "cat /proc/sys/kernel/hostname"
    local expected = {
      hostname:match "[^\n]+",
      ("veth-%d-s  eth0  10.200.0.5/32, fd00:200::5/128  pid %d (sleep)  alive"):format(c, c),
      "veth-4000000-s  ?  no record  pid 4000000  unknown",
      "br0  10.9.0.1/24, fd00:9::1/64  bridge",
      ("veth-%d-s  eth0  10.9.0.2/24  pid %d (sleep)  alive"):format(a, a),
      ("veth-%d-s  eth0  10.9.0.3/24  pid %d (sleep)  alive"):format(b, b),
    }
    table.sort(expected)
    assert.are.same(expected, lines_of(stdout))
    local ports = "\n`%%- br0 [^\n]*\n   |%%- veth%%-%d%%-s [^\n]*\n   `%%- veth%%-%d%%-s [^\n]*\n$"
    assert.is_truthy(stdout:find(ports:format(math.min(a, b), math.max(a, b))), stdout)
  end)

  it("draws the tree with lines where the locale can show them", function()
    node()
    local ok, text = helper.sh("LC_ALL=C.UTF-8 " .. helper.lua .. " lua/bin/zlnet list")
    assert.is_true(ok)
    assert.is_truthy(text:find("\n└─ br0 ", 1, true) and text:find("\n   ├─ veth-", 1, true), text)
  end)

  it("has all of it as JSON", function()
    local a, _, c = node()
    local status, stdout = zlnet("list", "--json")
    assert.are.equal(0, status)
    local found = json.decode(stdout)
    assert.are.same({
      { name = "br0", ip = {
        { family = "inet", address = "10.9.0.1", prefix = 24 },
        { family = "inet6", address = "fd00:9::1", prefix = 64 },
      } },
    }, found.bridges)
    local by_pid = {}
    for _, row in ipairs(found.attachments) do
      by_pid[row.pid] = row
    end
    assert.are.equal("br0", by_pid[a].bridge)
    local routed = by_pid[c]
    assert.are.same({ "alive", "eth0", "fd00:200::5" }, { routed.verdict, routed.ifname, routed.ip[2].address })
    assert.are.same({ "unknown", nil }, { by_pid[4000000].verdict, by_pid[4000000].ifname })
  end)

  it("escapes what a container calls itself and what an owner is called", function()
    local name = helper.quote "/run/\27[31mroot\xc3" -- a process is called as its program is
    local _, started = helper.sh(('ln -s "$(command -v sleep)" %s; unshare --net %s 1000 >/dev/null 2>&1 & echo $!')
      :format(name, name))
    local pid = assert(math.tointeger(tonumber(started)))
    helper.eventually(function()
      local comm = assert(io.open(("/proc/%d/comm"):format(pid)))
      local text = comm:read "a"
      comm:close()
      return text:find "root"
    end)
    finally(function()
      helper.sh(("kill -9 %d; rm %s"):format(pid, name))
    end)
    assert(attach.attach { pid = pid, id = "\27[2J\xff", ip = "10.200.0.5" })
    local _, stdout = zlnet "list"
    assert.is_nil(stdout:find "[\0-\x09\x0b-\x1f\x7f-\xff]", stdout)
    assert.is_truthy(stdout:find("\\x1b[2J\\xff (\\x1b[31mroot\\xc3)", 1, true), stdout)
    for _, command in ipairs { "list", "sweep", "check" } do
      local _, text, errors = zlnet(command, "--json")
      assert.is_truthy(utf8.len(text .. errors), command)
      assert.is_truthy(json.decode(text))
      _, text, errors = zlnet(command)
      assert.is_nil((text .. errors):find "[\0-\x09\x0b-\x1f\x7f-\xff]", command)
    end
  end)

  it("says so where there is nothing", function()
    assert.are.equal("nothing of ours is here\n", (select(2, zlnet "list")))
    local _, stdout = zlnet("list", "--json")
    assert.are.same({}, json.decode(stdout).attachments)
  end)
end)
