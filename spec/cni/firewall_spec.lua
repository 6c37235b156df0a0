-- SPDX-License-Identifier: MIT
-- ipMasq, portMappings, macspoofchk, isolate and guard of a configuration, seen by packets.
local cni = require "spec.support.cni"
local firewall = require "zlnet.cni.firewall"
local helper = require "spec.support.helper"
local json = require "dkjson"

describe("the firewall of a network", function()
  helper.insulate()

  local directory

  before_each(function()
    directory = cni.directory()
    helper.sh "nft flush ruleset; ip link set lo up"
    -- answers addresses by the container's number
    cni.script(directory, "fake", [[cat >/dev/null; n=${CNI_CONTAINERID#c}; [ $CNI_COMMAND != ADD ] ||
      echo '{"ips":[{"address":"10.1.2.'$n'/24","gateway":"10.1.2.1"},{"address":"fd00:1::'$n'/64"}],
        "routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0"}]}']])
  end)

  after_each(function()
    helper.sh("nft flush ruleset; ip link del up0; ip link del br0; rm -r " .. directory)
  end)

  -- Some kernels have no nftables, some machines no nft to look with.
  local function usable()
    local ok, why = helper.sh "nft add table inet zlnetprobe && nft delete table inet zlnetprobe"
    if not ok then
      pending("nftables cannot be used here: " .. why)
    end
    return ok
  end

  -- A host beyond the node, 192.0.2.2, which knows no way to the containers: an answer proves the node's address.
  local function outside()
    local host = helper.container()
    helper.ip("link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", tostring(host.pid))
    helper.ip("addr", "add", "192.0.2.1/24", "dev", "up0")
    helper.ip("link", "set", "up0", "up")
    host:ip("addr", "add", "192.0.2.2/24", "dev", "eth0")
    host:ip("link", "set", "eth0", "up")
    return host
  end

  local function network(c, n, more)
    local conf = { cniVersion = "1.1.0", name = "net", type = "zlnet-cni", ipam = { type = "fake" } }
    for key, value in pairs(more or {}) do
      conf[key] = value
    end
    return cni.network(conf, { container = "c" .. n, netns = cni.netns(c), ifname = "eth0", path = directory }), conf
  end

  local function add(call)
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    return result
  end

  -- What is there of attachments; the rules themselves are constant, and stay.
  local function elements()
    return select(2, select(2, helper.sh "nft list ruleset"):gsub("elements", ""))
  end

  for mode, more in pairs { routed = {}, bridge = { mode = "bridge", bridge = "br0", isGateway = true } } do
    it("hides a container in mode " .. mode .. " from who is beyond its subnet, until DEL", function()
      if not usable() then
        return
      end
      outside()
      local c = helper.container()
      more.ipMasq = true
      local call, conf = network(c, 5, more)
      assert.are.equal(0, (call "STATUS"))
      conf.prevResult = add(call)
      assert.is_true((helper.ping(c, "192.0.2.2")))
      assert.is_true(elements() > 0)
      assert.are.equal(0, (call "CHECK"))
      helper.sh "nft flush ruleset"
      local status, answer = call "CHECK"
      assert.are.equal(1, status)
      assert.is_truthy(answer.msg:find "firewall", answer.msg)
      conf.prevResult = nil
      assert.are.equal(0, (call "DEL"))
      add(call)
      assert.are.equal(0, (call "DEL"))
      assert.are.equal(0, elements())
    end)
  end

  it("goes with the attachment, whatever the configuration says by then and however the container ended", function()
    if not usable() then
      return
    end
    for _, command in ipairs { "DEL", "GC" } do
      for _, dies in ipairs { false, true } do
        local c = helper.container()
        add(network(c, 5, { ipMasq = true }))
        assert.is_true(elements() > 0)
        if dies then
          c:kill()
          helper.eventually(function()
            return #helper.ip_json "link" == 1
          end)
        end
        assert.are.equal(0, (network(c, 5) (command, dies and { netns = "" } or nil)))
        assert.are.equal(0, elements(), command .. (dies and " after its death" or ""))
      end
    end
  end)

  it("undoes all of it when something else fails", function()
    if not usable() then
      return
    end
    local c = helper.container()
    local call = network(c, 5, { ipMasq = true, guard = true, routes = { { dst = "10.9.0.0/16", gw = "127.0.0.1" } } })
    assert.are.equal(1, (call "ADD"))
    assert.are.equal(0, elements())
    assert.are.equal(1, #c:ip_json "link")
  end)

  it("publishes the ports that the runtime asks for", function()
    if not usable() then
      return
    elseif not helper.sh "command -v busybox" then
      pending "the example needs busybox"
      return
    end
    local c, far = helper.container(), outside()
    local call = network(c, 5, { ipMasq = true,
      runtimeConfig = { portMappings = { { hostPort = 8080, containerPort = 80, protocol = "TCP", hostIP = "" } } } })
    add(call)
    for _, from in ipairs { { nil, "127.0.0.1" }, { far, "192.0.2.1" } } do
      c:exec "busybox nc -l -p 80 -e /bin/echo hello >/dev/null 2>&1 &"
      helper.eventually(function()
        return c:exec "cat /proc/net/tcp /proc/net/tcp6 | grep -q ':0050 .* 0A '"
      end)
      local command = ("busybox timeout 20 busybox nc %s 8080 </dev/null"):format(from[2])
      local _, out
      if from[1] then
        _, out = from[1]:exec(command)
      else
        _, out = helper.sh(command)
      end
      assert.are.equal("hello\n", out, from[2])
    end
    -- a port that is taken names who has it
    local other = helper.container()
    local status, answer, out = network(other, 6, { runtimeConfig = { portMappings = { { hostPort = 8080,
      containerPort = 81 } } } }) "ADD"
    assert.are.equal(1, status, out)
    assert.is_truthy(answer.msg:find "8080", out)
    assert.are.equal(1, #other:ip_json "link")
    assert.are.equal(0, (call "DEL"))
    assert.are.equal(0, elements())
  end)

  it("keeps networks of different names apart", function()
    if not usable() then
      return
    end
    local c = {}
    for n, name in pairs { [5] = "blue", [6] = "blue", [7] = "red" } do
      c[n] = helper.container()
      add(network(c[n], n, { isolate = name }))
    end
    assert.is_true((helper.ping(c[5], "10.1.2.6")))
    assert.is_false((helper.ping(c[5], "10.1.2.7", { timeout = 1 })))
    assert.is_false((helper.ping(c[7], "10.1.2.5", { timeout = 1 })))
    assert.is_true((helper.ping(nil, "10.1.2.7")))
    for n in pairs(c) do
      assert.are.equal(0, (network(c[n], n) "DEL"))
    end
  end)

  for _, key in ipairs { "guard", "macspoofchk" } do
    it("lets no container speak under another's address: " .. key, function()
      if not usable() then
        return
      end
      local a, b = helper.container(), helper.container()
      local one = network(a, 5, { mode = "bridge", bridge = "br0", isGateway = true, [key] = true })
      local two = network(b, 6, { mode = "bridge", bridge = "br0", isGateway = true })
      add(one)
      add(two)
      assert.is_true((helper.ping(a, "10.1.2.6")))
      a:ip("link", "set", "eth0", "down")
      a:ip("link", "set", "eth0", "address", "02:00:00:00:00:66")
      a:ip("link", "set", "eth0", "up")
      assert.is_false((helper.ping(a, "10.1.2.6", { timeout = 1 })))
      one "DEL"
      two "DEL"
    end)
  end

  it("needs an address", function()
    local c = helper.container()
    for key, value in pairs { guard = true, macspoofchk = true, isolate = "blue" } do
      local status, answer = network(c, 5, { mode = "bridge", bridge = "br0", ipam = {}, [key] = value }) "ADD"
      assert.are.equal(1, status)
      assert.are.equal(2, answer.code)
    end
  end)
end)

describe("zlnet.cni.firewall", function()
  local function ports(list)
    return firewall.read { runtimeConfig = { portMappings = json.decode(list) } }
  end

  it("reads what a configuration asks for", function()
    assert.are.same({}, firewall.read {})
    assert.are.same({}, firewall.read { ipMasq = false, guard = false, macspoofchk = false, isolate = "",
      runtimeConfig = { portMappings = {} } })
    assert.are.same({ masquerade = true, guard = true, isolate = "blue" },
      firewall.read { ipMasq = true, macspoofchk = true, isolate = "blue" })
  end)

  it("reads the ports of the runtime", function()
    assert.are.same({ "8080:80/tcp", "127.0.0.1:53:53/udp", "[::1]:443:443/tcp" }, ports [=[[
      {"hostPort":8080,"containerPort":80},{"hostPort":53,"containerPort":53,"protocol":"UDP","hostIP":"127.0.0.1"},
      {"hostPort":443,"containerPort":443,"protocol":"tcp","hostIP":"::1"}]]=].publish)
  end)

  for what, list in pairs {
    ["no list"] = '{"a":1}', ["a text"] = '"80"', ["no port of the node"] = '[{"containerPort":80}]',
    ["a port that is none"] = '[{"hostPort":65536,"containerPort":80}]',
    ["a port of 0"] = '[{"hostPort":0,"containerPort":80}]',
    ["another protocol"] = '[{"hostPort":80,"containerPort":80,"protocol":"icmp"}]',
    ["an address that is none"] = '[{"hostPort":80,"containerPort":80,"hostIP":"x"}]',
    ["one port twice"] = '[{"hostPort":80,"containerPort":80},{"hostPort":80,"containerPort":81}]',
  } do
    it("refuses " .. what, function()
      local read, failed = ports(list)
      assert.is_nil(read)
      assert.are.equal(7, failed.code)
      assert.is_truthy(failed.msg:find "portMappings")
    end)
  end
end)
