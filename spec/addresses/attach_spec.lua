-- SPDX-License-Identifier: MIT
-- attach with addresses from a pool: who gets which, when it is free again, and that no two get the same.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local node = require "spec.support.node"
local zlnet = require "zlnet"

describe("zlnet.attach { pool = … }", function()
  helper.insulate()

  local made = {}

  local function attach(id, options)
    local ns = assert(core.netns.new())
    made[#made + 1] = ns
    options.netns, options.id = ns, id
    local a, err = zlnet.attach(options)
    return a, err or ns
  end

  after_each(function()
    for i, ns in ipairs(made) do
      ns:close()
      made[i] = nil
    end
    assert(zlnet.detach(assert(zlnet.attachments())))
    assert.same({}, node.links())
  end)

  it("gives an address of each family, which answers", function()
    local a, ns = attach("web", { pool = { "10.201.0.0/24", "fd00:201::/64" } })
    assert.same({ "inet", "inet6" }, { a.ip[1].family, a.ip[2].family })
    assert.same({ 32, 128 }, { a.ip[1].prefix, a.ip[2].prefix })
    assert.truthy(a.ip[1].address:find "^10%.201%.0%.")
    assert.is_true((helper.ping(nil, a.ip[1].address)))
    assert.is_true((helper.ping(nil, a.ip[2].address)))
    local rows = ns:run(function()
      return helper.ip_json("-4", "addr", "show", "dev", "eth0")
    end)
    assert.equal(a.ip[1].address, rows[1].addr_info[1]["local"])
  end)

  it("gives an owner who comes back the address it had, also in place of its former attachment", function()
    local first = assert(attach("web", { pool = "10.201.0.0/24" })).ip[1].address
    assert.equal(first, assert(attach("web", { pool = "10.201.0.0/24", ifname = "eth1" })).ip[1].address)
    assert(zlnet.detach { id = "web" })
    assert.equal(first, assert(attach("web", { pool = "10.201.0.0/24" })).ip[1].address)
  end)

  it("gives all that there are, each once, and says when the pool is full", function()
    local seen = {}
    for i = 1, 6 do
      local a = assert(attach("c" .. i, { pool = "10.201.0.0/29" }))
      assert.is_nil(seen[a.ip[1].address])
      seen[a.ip[1].address] = true
    end
    local before = node.state()
    local a, err = attach("c7", { pool = "10.201.0.0/29" })
    assert.is_nil(a)
    assert.same({ "not_found", "ENOSPC", "the pool 10.201.0.0/29 is full" }, { err.kind, err.code, err.message })
    assert.equal(before, node.state())
    assert(zlnet.detach { id = "c3" })
    assert(attach("c7", { pool = "10.201.0.0/29" }))
  end)

  it("takes no address where there is none of the other family", function()
    assert(attach("c1", { pool = "fd00:201::1/128" }))
    local before = node.state()
    local a, err = attach("c2", { pool = { "10.201.0.0/24", "fd00:201::1/128" } })
    assert.is_nil(a)
    assert.equal("the pool fd00:201::1/128 is full", err.message)
    assert.equal(before, node.state())
  end)

  it("is what other attaches are kept from, and keeps to what they have", function()
    local a = assert(attach("web", { pool = "10.201.0.4/31" }))
    local other = a.ip[1].address == "10.201.0.4" and "10.201.0.5" or "10.201.0.4"
    local _, err = attach("db", { ip = a.ip[1].address })
    assert.equal("EEXIST", err.code)
    assert(attach("db", { ip = other }))
    _, err = attach("third", { pool = "10.201.0.4/31" })
    assert.equal("ENOSPC", err.code)
  end)

  it("works on a bridge, with the pool's gateway, and in mode direct", function()
    assert(zlnet.bridge { name = "br0", ip = "10.202.0.1/29" })
    local seen = {}
    for i = 1, 5 do
      local a = assert(attach("b" .. i, { mode = "bridge", bridge = "br0",
        pool = { subnet = "10.202.0.0/29", gateway = "10.202.0.1" } }))
      assert.equal(29, a.ip[1].prefix)
      assert.equal("10.202.0.1", a.gateway.inet)
      assert.is_nil(seen[a.ip[1].address])
      seen[a.ip[1].address] = true
      assert.is_true((helper.ping(nil, a.ip[1].address)))
    end
    assert.is_nil(seen["10.202.0.1"])
    local _, err = attach("b6", { mode = "bridge", bridge = "br0", pool = { subnet = "10.202.0.0/29",
      gateway = "10.202.0.1" } })
    assert.equal("ENOSPC", err.code)
    local a = assert(attach("d", { mode = "direct", pool = "10.203.0.0/24" }))
    assert.equal(24, a.ip[1].prefix)
    assert(zlnet.detach(assert(zlnet.attachments())))
    helper.ip("link", "del", "br0")
  end)

  it("can be planned", function()
    local ns <close> = assert(core.netns.new())
    local plan = assert(zlnet.plan { netns = ns, id = "web", pool = "10.201.0.0/24" })
    assert.truthy(tostring(plan):find "10%.201%.0%.%d+/32")
    assert.equal(assert(attach("web", { pool = "10.201.0.0/24" })).ip[1].address, plan.record.ip[1].address)
  end)

  it("gives no address twice and loses none when 16 processes take from one pool at once", function()
    local script = [[
      local zlnet, core = require "zlnet", require "zlnet.core"
      local first = tonumber(arg[1])
      local spaces = {}
      for i = first, first + 14 do
        spaces[i] = assert(core.netns.create("n" .. i))
      end
      assert(io.open("/run/ready" .. first, "w")):close()
      repeat
        core.poll({}, 0.001)
      until io.open "/run/go"
      for i = first, first + 14 do
        local a, err = zlnet.attach { netns = spaces[i], id = "n" .. i, pool = "10.204.0.0/24" }
        print(a and a.ip[1].address or "failed: " .. tostring(err))
      end]]
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write(script)
    file:flush()
    local lines = {}
    for i = 0, 15 do
      lines[#lines + 1] = ("%s %s %d >/run/taken%d 2>&1 &"):format(helper.lua, path, i * 15 + 1, i)
    end
    lines[#lines + 1] = [[n=0
      while [ $(ls /run | grep -c ready) -lt 16 ] && [ $n -lt 600 ]; do sleep .05; n=$((n + 1)); done
      touch /run/go; wait; cat /run/taken*]]
    local _, output = helper.sh(table.concat(lines, "\n"))
    os.remove(path)
    local seen, n = {}, 0
    for address in output:gmatch "[^\n]+" do
      assert.truthy(address:find "^10%.204%.0%.%d+$", address)
      assert.is_nil(seen[address], address)
      seen[address], n = true, n + 1
    end
    assert.equal(240, n)
    local routes = 0
    for _, route in ipairs(helper.ip_json("route", "show")) do
      routes = routes + (seen[route.dst] and 1 or 0)
    end
    assert.equal(240, routes)
    assert(zlnet.detach(assert(zlnet.attachments())))
    for i = 1, 240 do
      assert(core.netns.delete("n" .. i))
    end
    helper.sh "rm -f /run/go /run/taken* /run/ready*; umount /run/netns; rmdir /run/netns"
  end)

  it("raises for a pool that is none, and together with ip", function()
    local ns <close> = assert(core.netns.new())
    local function wrong(options, message)
      options.netns, options.id = ns, "web"
      assert.has_error(function() zlnet.attach(options) end, message)
    end
    wrong({ pool = "10.0.0.0" }, "bad option 'pool' to 'attach': subnet: a prefix length expected: '10.0.0.0'")
    wrong({ pool = "10.0.0.0/24", ip = "10.0.0.5" }, "bad option 'pool' to 'attach': not together with ip")
    wrong({}, "bad option 'ip' to 'attach': required (or pool)")
    wrong({ pool = { subnet = "10.0.0.0/31", exclude = "10.0.0.0/24" } },
      "bad option 'pool' to 'attach': 10.0.0.0/31 has no address to give")
  end)
end)
