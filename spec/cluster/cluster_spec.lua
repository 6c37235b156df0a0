-- SPDX-License-Identifier: MIT
-- sandbox: root
-- An overlay of four nodes, kept by agents out of a real etcd of three, while its parts are killed. After each
-- disturbance every node's tables equal the store, and nothing is lost between those who have nothing to do with it.
-- CLUSTER_NODES (100): how many nodes join at once in the end. CLUSTER_SECONDS (1): the gate.
local cluster = require "spec.cluster.cluster"
local helper = require "spec.support.helper"

local MANY = math.tointeger(tonumber(os.getenv "CLUSTER_NODES" or "100"))
local GATE = tonumber(os.getenv "CLUSTER_SECONDS" or "1")

-- The table of times, for `make cluster` to print.
local function figures(rows)
  local path = os.getenv "FIGURES"
  if path then
    local file = assert(io.open(path, "w"))
    file:write("from the disturbance, or the store's change, until every node's tables equal the store\n\n",
      table.concat(rows, "\n"), "\n")
    file:close()
  end
end

describe("a cluster", function()
  it("is what its store says, whatever is killed", function()
    if not helper.sh "command -v etcd" then
      pending "etcd is not here (etcd-server)"
    end
    local c <const> = cluster.new()
    local done
    finally(function()
      if not done then
        c:stop()
      end
    end)
    local rows, lost, slow = {}, {}, {}
    local function row(what, seconds, pings)
      rows[#rows + 1] = ("%-62s %6.0f ms"):format(what, seconds * 1000)
      slow[#slow + 1] = seconds > GATE and what or nil
      lost[#lost + 1] = pings and pings > 0 and ("%s: %d lost"):format(what, pings) or nil
    end

    for i = 1, 4 do
      c:node(i)
    end
    for i = 1, 3 do
      c:start_member(i)
    end
    local n = c.nodes
    local own = {}
    for i = 1, 4 do
      local _, networks = cluster.own(i)
      own[i] = networks
      c:want(n[i], networks)
      c:start_agent(n[i])
    end
    for i = 1, 4 do
      c:until_claim(own[i][2], true)
    end
    row("four nodes join, dual stack", c:converged(helper.clock()))
    for i = 1, 4 do
      c:attach(n[i])
    end
    assert.equal(0, c:pinging(n[1], n[4])())

    local pings = c:pinging(n[2], n[3])
    c:kill_member(1)
    c:want(n[4], { own[4][1], own[4][2], "10.201.200.0/24" })
    row("an etcd member is killed; a network is added", c:converged(c:until_claim("10.201.200.0/24", true)), pings())
    c:start_member(1)

    pings = c:pinging(n[1], n[2])
    c:kill_agent(n[3])
    n[3].container:exec [[bridge fdb del 0a:58:c0:00:02:01 dev overlay; ip route del 10.201.2.0/24
      bridge fdb append 00:00:00:00:00:00 dev overlay dst 192.0.2.9]]
    c:want(n[4], own[4])
    c:until_claim("10.201.200.0/24", false)
    c:compact()
    local from = helper.clock()
    c:start_agent(n[3])
    row("an agent is killed, its node's tables are changed, it is back", c:converged(from), pings())

    pings = c:pinging(n[1], n[4])
    n[2].container:exec [[ip route flush proto 122; ip -6 route flush proto 122
      ip neigh flush dev overlay nud permanent; bridge fdb del 0a:58:c0:00:02:03 dev overlay]]
    row("an outsider flushes a node's routes and neighbours", c:converged(helper.clock()), pings())

    c:want(n[2], { own[2][1], own[2][2], "10.201.201.7/32" })
    row("an address is claimed", c:converged(c:until_claim("10.201.201.7/32", true)))
    pings = c:pinging(n[1], n[4])
    c:want(n[2], own[2])
    c:want(n[3], { own[3][1], own[3][2], "10.201.201.7/32" })
    helper.eventually(function()
      return (c:claims() or {})["10.201.201.7/32"] == n[3].address
    end, 30)
    row("it moves to another node", c:converged(helper.clock()), pings())

    pings = c:pinging(n[2], n[3])
    c:want(n[1], { own[1][1], own[1][2], "10.201.99.0/24" })
    c:want(n[4], { own[4][1], own[4][2], "10.201.99.0/24" })
    row("two nodes claim one network", c:converged(c:until_claim("10.201.99.0/24", true)), pings())
    local first = c:claims()["10.201.99.0/24"]
    c:want(first == n[1].address and n[1] or n[4], first == n[1].address and own[1] or own[4])
    helper.eventually(function()
      local holder = (c:claims() or {})["10.201.99.0/24"]
      return holder and holder ~= first
    end, 30)
    row("the first lets go, the other has it", c:converged(helper.clock()))

    pings = c:pinging(n[1], n[2])
    helper.ip("link", "set", "u4", "down")
    n[4].cut = true
    row("the underlay is cut: a node's lease ends", c:converged(c:until_claim(own[4][1], false)), pings())
    pings = c:pinging(n[1], n[3])
    n[1].container:exec "bridge fdb del 0a:58:c0:00:02:02 dev overlay" -- and its own tables differ when it is back
    n[4].container:exec "ip route flush proto 122"
    helper.ip("link", "set", "u4", "up")
    n[4].cut = nil
    row("the underlay is whole again", c:converged(c:until_claim(own[4][2], true)), pings())
    assert.equal(0, c:pinging(n[1], n[4])())

    pings = c:pinging(n[1], n[2])
    c:kill_node(n[4])
    row("a node dies: its lease ends", c:converged(c:until_claim(own[4][1], false)), pings())

    pings = c:pinging(n[1], n[2])
    for i = 11, 10 + MANY do
      c:node(i)
    end
    local last = {}
    for i = 11, 10 + MANY do
      local _, networks = cluster.own(i)
      c:want(n[i], networks)
      last[#last + 1] = networks[1]
      last[#last + 1] = networks[2]
    end
    for i = 11, 10 + MANY do
      c:start_agent(n[i], 10) -- all of them on this machine's few processors, where the store has to go on
    end
    for _, network in ipairs(last) do
      c:until_claim(network, true)
    end
    row(("%d nodes join at once"):format(MANY), c:converged(helper.clock()), pings())

    done = true
    assert.same({}, c:stop())
    figures(rows)
    assert.same({}, lost)
    assert.same({}, slow)
  end)
end)
