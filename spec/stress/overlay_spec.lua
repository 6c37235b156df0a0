-- SPDX-License-Identifier: MIT
-- An overlay whose list changes all the time, on a node where an outsider edits its tables all the time: in the end
-- they are what the list says, and the peer that nobody touched lost no packet. A small one for seconds; `make churn`
-- has a thousand peers for ten minutes, and says how long after the last edit they were equal.
local fixture = require "spec.support.overlay"
local helper = require "spec.support.helper"
local list_of = require "spec.stress.overlay_list"
local zlnet = require "zlnet"

local STRESS = os.getenv "STRESS"
local PEERS, SECONDS = STRESS and 1000 or 100, tonumber(STRESS or "3")

describe("an overlay that changes while an outsider edits it", function()
  helper.insulate()

  local agent, output, node, there
  before_each(function()
    output = os.tmpname()
    node = fixture.underlay()
    there = assert(zlnet.with_netns(node.pid, zlnet.overlay, { name = "ov", ["local"] = "192.0.2.2",
      ip = { "10.202.2.1", "fd00:202:2::1" } }))
    assert(there:sync { { node = "192.0.2.1", subnets = { "10.201.1.0/24", "fd00:201:1::/64" } } })
  end)
  after_each(function()
    if agent then
      helper.sh("kill -9 " .. agent)
      helper.eventually(function()
        return not helper.sh("kill -0 " .. agent)
      end)
      agent = nil
    end
    there:close()
    fixture.clean("ov", "wan")
    os.remove(output)
  end)

  local function said(word)
    local file <close> = assert(io.open(output))
    return file:read "a":find(word, 1, true)
  end

  -- Commands that edit a row of some peer.
  local EDITS = {
    function(mac)
      return ("bridge fdb del %s dev ov"):format(mac)
    end,
    function(mac)
      return ("bridge fdb replace %s dev ov dst 203.0.113.%d"):format(mac, math.random(250))
    end,
    function()
      return ("bridge fdb replace 0a:00:00:00:%02x:%02x dev ov dst 203.0.113.9 dynamic"):format(math.random(0, 255),
        math.random(0, 255))
    end,
    function(_, vtep)
      return ("ip neigh del %s dev ov"):format(vtep)
    end,
    function(_, vtep)
      return ("ip neigh replace %s lladdr 0a:00:00:00:00:99 dev ov nud permanent"):format(vtep)
    end,
    function(_, _, p)
      return ("ip route del %s dev ov"):format(p.subnets[math.random(2)])
    end,
    function(_, _, p)
      return ("ip route replace %s dev ov"):format(p.subnets[1])
    end,
    function()
      return ("ip route replace 10.99.%d.0/24 dev ov proto 122"):format(math.random(250))
    end,
  }

  it("is what its list says in the end, and loses no packet of a peer that nobody touched", function()
    local options = require "zlnet.overlay.options"
    local _, text = helper.sh(("%s spec/stress/overlay_agent.lua %s %d >%s 2>&1 & echo $!"):format(helper.lua, SECONDS,
      PEERS, output))
    agent = math.tointeger(tonumber(text))
    helper.eventually(function()
      return said "ready"
    end, 20)
    local ping = io.popen(("ping -n -q -i 0.01 -W 10 -w %d 10.202.2.1 2>&1"):format(math.ceil(SECONDS)))
    local whole, edits = list_of(PEERS), 0
    repeat -- the last edits come when the list no longer changes
      local settled = said "settled"
      local commands = {}
      for i = 1, 10 do
        local p = whole[math.random(2, PEERS)]
        local mac = options.mac(p.node)
        commands[i] = EDITS[math.random(#EDITS)](mac, options.vtep(mac), p)
      end
      helper.sh(table.concat(commands, "\n")) -- of what is gone already some fail
      edits = edits + #commands
    until settled
    local from = helper.clock()
    local handle <close> = assert(zlnet.open())
    local expected = fixture.expected(whole, "ov")
    local why
    local ok = pcall(helper.eventually, function()
      why = fixture.glance(handle, "ov")
      return table.concat(expected, "\n") == table.concat(why, "\n")
    end, 30)
    local seconds = helper.clock() - from
    assert.is_true(ok, table.concat(why, "\n", 1, math.min(#why, 20)))
    assert.same(expected, fixture.look "ov")
    local lost = ping:read "a"
    ping:close()
    local sent, received = lost:match "(%d+) packets transmitted, (%d+) received"
    assert.equal(sent, received, lost)
    local figures = os.getenv "FIGURES"
    if figures then
      local file <close> = assert(io.open(figures, "a"))
      file:write(("%d peers, %.0f s of changes, %d edits of an outsider: equal %.0f ms after the last, " ..
        "%s of %s packets of an untouched peer came back\n"):format(PEERS, SECONDS, edits, seconds * 1000, received,
        sent))
    end
  end)
end)
