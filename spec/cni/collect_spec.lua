-- SPDX-License-Identifier: MIT
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"

describe("GC", function()
  helper.insulate()

  local directory, all

  before_each(function()
    directory, all = cni.directory(), {}
    cni.script(directory, "fake", ([[n=$(cat %s/n 2>/dev/null || echo 1)
      [ $CNI_COMMAND != ADD ] || echo $((n + 1)) >%s/n
      echo "$CNI_COMMAND" >>%s/log; cat >%s/stdin
      [ ! -e %s/fails ] || { echo '{"code":100,"msg":"no luck"}'; exit 1; }
      [ $CNI_COMMAND != ADD ] || echo '{"ips":[{"address":"10.1.2.'$((n + 1))'/24","gateway":"10.1.2.1"}]}'
    ]]):gsub("%%s", directory))
  end)

  after_each(function()
    for _, call in ipairs(all) do
      call "DEL"
    end
    helper.sh("rm -r " .. directory)
  end)

  local function conf(name, valid)
    return { cniVersion = "1.1.0", name = name, ipam = { type = "fake" }, ["cni.dev/valid-attachments"] = valid }
  end

  local function attach(name, container, ifname, target)
    local c = target or helper.container()
    local call = cni.network(conf(name),
      { container = container, netns = cni.netns(c), ifname = ifname, path = directory })
    local status, _, out = call "ADD"
    assert.are.equal(0, status, out)
    all[#all + 1] = call
    return c
  end

  local function collect(...)
    return cni.call { command = "GC", path = directory, conf = conf(...) }
  end

  local function has(c, ifname)
    return (c:exec("ip link show dev " .. ifname))
  end

  it("takes away what is not valid, of this network alone", function()
    local one, two = attach("net", "c1", "eth0"), attach("net", "c2", "eth0")
    attach("net", "c1", "eth1", one)
    local other = attach("net2", "c1", "eth0")
    local valid = { { containerID = "c1", ifname = "eth1" }, { containerID = "c9", ifname = "x" } }
    local status, _, out = collect("net", valid)
    assert.are.equal(0, status, out)
    assert.are.equal("", out)
    assert.is_false(has(one, "eth0"))
    assert.is_true(has(one, "eth1"))
    assert.is_false(has(two, "eth0"))
    assert.is_true(has(other, "eth0"))
  end)

  it("reads the list under either name that the specification gave it", function()
    local one, two, three = attach("net", "c1", "eth0"), attach("net", "c2", "eth0"), attach("net", "c3", "eth0")
    local c = conf("net", nil)
    c["cni.dev/attachments"] = { { containerID = "c1", ifname = "eth0" }, { containerID = "c2", ifname = "eth0" } }
    assert.are.equal(0, (cni.call { command = "GC", path = directory, conf = c }))
    assert.are.same({ true, true, false }, { has(one, "eth0"), has(two, "eth0"), has(three, "eth0") })
    c["cni.dev/attachments"], c["cni.dev/valid-attachments"] = "c1", { { containerID = "c1", ifname = "eth0" } }
    local status, answer = cni.call { command = "GC", path = directory, conf = c }
    assert.are.same({ 1, "cni.dev/attachments is no list" }, { status, answer.msg })
    assert.is_true(has(two, "eth0"))
  end)

  it("takes everything of the network where nothing is valid", function()
    local one, other = attach("net", "c1", "eth0"), attach("net2", "c1", "eth0")
    assert.are.equal(0, (collect("net", {})))
    assert.is_false(has(one, "eth0"))
    assert.are.equal(0, (collect("net2", nil)))
    assert.is_false(has(other, "eth0"))
  end)

  it("touches no link that is another's", function()
    local c = helper.container()
    helper.ip("link", "add", "veth12345678-aa", "type", "veth", "peer", "name", "eth0", "netns", tostring(c.pid))
    helper.ip("link", "add", "mine", "type", "veth", "peer", "name", "eth1", "netns", tostring(c.pid))
    assert.are.equal(0, (collect("net", {})))
    assert.is_true(has(c, "eth0"))
    assert.is_true(has(c, "eth1"))
    helper.ip("link", "del", "mine")
    helper.ip("link", "del", "veth12345678-aa")
  end)

  it("asks the IPAM plugin, with the list of what is valid", function()
    assert.are.equal(0, (collect("net", { { containerID = "c1", ifname = "eth1" } })))
    assert.are.equal("GC\n", cni.read(directory .. "/log"))
    assert.is_truthy(cni.read(directory .. "/stdin"):find('"containerID":"c1"', 1, true))
  end)

  it("goes on where the IPAM plugin fails, and says so", function()
    local one = attach("net", "c1", "eth0")
    assert(helper.sh("touch " .. directory .. "/fails"))
    local status, answer = collect("net", {})
    assert.are.equal(1, status)
    assert.are.equal("no luck", answer.msg)
    assert.is_false(has(one, "eth0"))
    assert(helper.sh("rm " .. directory .. "/fails"))
  end)

  it("takes nothing away when it cannot read the list", function()
    local one = attach("net", "c1", "eth0")
    local half, odd = { containerID = "c2" }, { containerID = "c2", ifname = 5 }
    for _, list in ipairs { "c1", { a = 1 }, { 5 }, { half }, { odd } } do
      local status, answer = collect("net", list)
      assert.are.equal(1, status)
      assert.are.equal(7, answer.code)
    end
    assert.is_true(has(one, "eth0"))
  end)
end)
