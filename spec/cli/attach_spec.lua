-- SPDX-License-Identifier: MIT
local attach = require "zlnet.cli.attach"
local cli = require "zlnet.cli"
local helper = require "spec.support.helper"
local json = require "dkjson"
local options = require "zlnet.attach.options"
local zlnet = require "spec.support.cli"

describe("zlnet attach", function()
  helper.insulate()

  it("attaches a process over IPv4 and IPv6 and says what was made", function()
    local c = helper.container()
    local status, stdout, stderr = zlnet("attach", "--pid", c.pid, "--ip", "10.200.0.5", "--ip", "fd00:200::5")
    assert.are.equal(0, status, stderr)
    assert.are.equal("", stderr)
    local host = helper.ip_json("link", "show", "dev", "veth-" .. c.pid .. "-s")[1]
    local inside = c:ip_json("addr", "show", "dev", "eth0")[1]
    local host_end = ("host end       %s  index %d  %s\n"):format(host.ifname, host.ifindex, host.address)
    local container_end = ("container end  eth0  index %d  %s\n"):format(inside.ifindex, inside.address)
    assert.is_truthy(stdout:find(host_end, 1, true), stdout)
    assert.is_truthy(stdout:find(container_end, 1, true), stdout)
    assert.is_truthy(stdout:find("addresses      10.200.0.5/32, fd00:200::5/128\n", 1, true))
    assert.is_truthy(stdout:find("changed        net.ipv4.ip_forward = 1 (was 0)\n", 1, true))
    assert.is_true((helper.ping(nil, "10.200.0.5")))
    assert.is_true((helper.ping(nil, "fd00:200::5")))
  end)

  it("prints the attachment as JSON", function()
    local c = helper.container()
    local status, stdout = zlnet("attach", "--json", "--pid", c.pid, "--ip", "10.200.0.5/24", "--mode", "direct",
      "--mtu", 1400, "--queues", "kernel", "--no-default-route", "--no-forwarding", "--tag", "g", "--ifname", "eth1")
    assert.are.equal(0, status, stdout)
    local a = json.decode(stdout)
    assert.are.equal("veth-" .. c.pid .. "-g", a.host_ifname)
    assert.are.same({ { family = "inet", address = "10.200.0.5", prefix = 24 } }, a.ip)
    assert.is_truthy(stdout:find('"gateway":{}', 1, true))
    local inside = c:ip_json("link", "show", "dev", "eth1")[1]
    assert.are.equal(a.mac, inside.address)
    assert.are.equal(1400, inside.mtu)
    assert.are.same({}, c:ip_json("route", "show", "default"))
  end)

  it("attaches a named namespace for an owner with an id", function()
    helper.ip("netns", "add", "blue")
    local status, _, stderr = zlnet("attach", "--netns", "blue", "--id", "web-1", "--ip", "10.200.0.6")
    assert.are.equal(0, status, stderr)
    assert.is_true((helper.ping(nil, "10.200.0.6")))
    helper.ip("netns", "del", "blue")
  end)

  it("fails with status 1, the step and a hint, and leaves nothing", function()
    local c = helper.container()
    c:ip("link", "add", "eth0", "type", "veth", "peer", "name", "other")
    local words = { "attach", "--pid", c.pid, "--ip", "10.200.0.5" }
    local status, stdout, stderr = zlnet(table.unpack(words))
    assert.are.equal(1, status)
    assert.are.equal("", stdout)
    assert.is_truthy(stderr:find "^zlnet attach: netlink operation failed: newlink: .*%[EEXIST%], step: create", stderr)
    words[#words + 1] = "--json"
    status, stdout, stderr = zlnet(table.unpack(words))
    assert.are.equal(1, status)
    assert.are.equal("", stderr)
    assert.are.equal("EEXIST", json.decode(stdout).error.code)
    assert.are.same({}, helper.ip_json("link", "show", "type", "veth"))
  end)

  it("has an option for every option of the library's attach, of the same name", function()
    local parser = cli.parser()
    local function parsed(...)
      return attach.options_of(parser:parse { "attach", ... })
    end
    local all = parsed("--pid", "7", "--netns", "n", "--id", "i", "--ip", "10.0.0.5", "--ip", "fd00::5", "--tag", "g",
      "--pool", "p",
      "--ifname", "e", "--mode", "bridge", "--gateway", "10.0.0.1", "--bridge", "b", "--src", "10.0.0.2",
      "--mtu", "inherit", "--mac", "m", "--host-mac", "h", "--queues", "2", "--on-exists", "keep", "--timeout", "1.5",
      "--vlan", "5", "--hairpin", "--isolated", "--proxy-arp", "--masquerade", "--publish", "80:80",
      "--isolate", "blue", "--guard", "--no-default-route", "--no-forwarding", "--dad")
    assert.are.same({
      pid = 7, netns = "n", id = "i", ip = { "10.0.0.5", "fd00::5" }, pool = { "p" }, tag = "g", ifname = "e",
      mode = "bridge",
      gateway = { "10.0.0.1" }, bridge = "b", src = { "10.0.0.2" }, mtu = "inherit", mac = "m", host_mac = "h",
      queues = 2, on_exists = "keep", timeout = 1.5, vlan = 5, hairpin = true, isolated = true,
      proxy_arp = true, masquerade = true, publish = { "80:80" }, isolate = "blue", guard = true,
      default_route = false, forwarding = false, nodad = false,
    }, all)
    for name in pairs(options.attach.known) do
      assert.is_true(all[name] ~= nil or name == "overlay", name) -- an object, which a word cannot be
    end
    assert.are.same({}, parsed(), "what is not given is the library's to choose")
  end)
end)
