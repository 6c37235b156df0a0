-- SPDX-License-Identifier: MIT
-- ADD as runtimes call it, with the upstream IPAM plugins and with some of our own that misbehave.
local cni = require "spec.support.cni"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"
local lfs = require "lfs"

local VERSIONS = { "0.3.0", "0.3.1", "0.4.0", "1.0.0" }

-- Which leases host-local has given of a network.
local function leases(directory, name)
  local list = {}
  local path = directory .. "/leases/" .. (name or "net")
  if lfs.attributes(path, "mode") == "directory" then
    for entry in lfs.dir(path) do
      if entry:find "^%x[%x:.]*[.:]%x+$" then
        list[#list + 1] = entry
      end
    end
  end
  table.sort(list)
  return list
end

local function addresses(rows)
  local list = {}
  for _, row in ipairs(rows) do
    for _, a in ipairs(row.addr_info) do
      if a.scope ~= "link" and row.ifname ~= "lo" then
        list[#list + 1] = a["local"] .. "/" .. a.prefixlen
      end
    end
  end
  table.sort(list)
  return list
end

local function find(rows, key, value)
  for _, row in ipairs(rows) do
    if row[key] == value then
      return row
    end
  end
end

describe("ADD", function()
  helper.insulate()

  local directory, containers

  before_each(function()
    directory, containers = cni.directory(), {}
    helper.sh "ip link set lo up"
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  local function container()
    containers[#containers + 1] = helper.container()
    return containers[#containers]
  end

  -- A network with host-local: ranges is a list of subnets.
  local function network(c, subnets, more, defaults)
    local ranges = {}
    for i, subnet in ipairs(subnets) do
      ranges[i] = { { subnet = subnet } }
    end
    local conf = { cniVersion = "1.0.0", name = "net", type = "zlnet-cni",
      ipam = { type = "host-local", dataDir = directory .. "/leases", ranges = ranges } }
    for key, value in pairs(more or {}) do
      conf[key] = value
    end
    conf.ipam.routes, conf.ipam_routes = conf.ipam_routes, nil
    local r = { container = "c1", netns = cni.netns(c), ifname = "eth0", path = cni.plugins or "/nowhere" }
    for key, value in pairs(defaults or {}) do
      r[key] = value
    end
    return cni.network(conf, r)
  end

  local function upstream()
    if not cni.plugins then
      pending(cni.missing)
    end
    return cni.plugins ~= nil
  end

  -- An IPAM plugin of ours in the example's directory: it logs its commands, and does as `body` says.
  local function fake(body)
    cni.script(directory, "fake", ('echo "$CNI_COMMAND" >>%s/log\n%s'):format(directory, body))
    return directory
  end

  for _, version in ipairs(VERSIONS) do
    it("attaches, answers in " .. version .. ", pings the gateway, and DEL leaves nothing", function()
      if not upstream() then
        return
      end
      local c = container()
      local call = network(c, { "10.1.2.0/24" }, { cniVersion = version, mtu = 5000,
        dns = { nameservers = { "10.1.2.123" }, domain = "some.test", search = { "s" }, options = { "o" } } })
      local status, result, out = call "ADD"
      assert.are.equal(0, status, out)
      assert.are.equal(version, result.cniVersion)
      local host, inside = result.interfaces[1], result.interfaces[2]
      local link = c:ip_json("link", "show", "dev", "eth0")[1]
      assert.are.same({ name = "eth0", mac = link.address, sandbox = cni.netns(c) }, inside)
      local row = helper.ip_json("link", "show", "dev", host.name)[1]
      assert.are.same({ name = row.ifname, mac = row.address }, host)
      assert.is_truthy(host.name:find "^veth")
      assert.are.equal(5000, link.mtu)
      assert.are.equal(5000, row.mtu)
      assert.are.same({ { version = version < "1" and "4" or nil, address = "10.1.2.2/24", gateway = "10.1.2.1",
        interface = 1 } }, result.ips)
      assert.are.same({ nameservers = { "10.1.2.123" }, domain = "some.test", search = { "s" }, options = { "o" } },
        result.dns)
      assert.is_true((helper.ping(c, "10.1.2.1")))
      assert.is_true((helper.ping(nil, "10.1.2.2")))
      assert.are.same({ "10.1.2.2" }, leases(directory))
      assert.are.equal(0, (call "DEL"))
      assert.are.same({}, leases(directory))
      assert.are.same({}, c:ip_json("addr", "show", "scope", "global"))
    end)
  end

  it("has the MTU of both ends in 1.1.0, whether it was asked for or not", function()
    local c = container()
    fake [[echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.2/24","gateway":"10.1.2.1"}]}']]
    for mtu, expected in pairs { [0] = 1500, [1300] = 1300 } do
      local call = cni.network({ cniVersion = "1.1.0", name = "net", mtu = mtu, ipam = { type = "fake" } },
        { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
      local status, result, out = call "ADD"
      assert.are.equal(0, status, out)
      assert.are.equal(expected, result.interfaces[1].mtu)
      assert.are.equal(expected, result.interfaces[2].mtu)
      assert.are.equal(expected, c:ip_json("link", "show", "dev", "eth0")[1].mtu)
      assert.are.equal(0, (call "DEL"))
    end
  end)

  it("attaches with IPv4 and IPv6, every address with its gateway, and the routes that were asked for", function()
    if not upstream() then
      return
    end
    local c = container()
    local call = network(c, { "10.1.2.0/24", "fd00:1:2::/64", "10.9.0.0/16" }, {
      ipam_routes = { { dst = "0.0.0.0/0" }, { dst = "::/0" }, { dst = "192.168.0.0/16", gw = "10.1.2.9" } },
      routes = { { dst = "172.16.0.0/12" } },
    })
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    assert.are.same({ "10.1.2.2/24", "10.9.0.2/16", "fd00:1:2::2/64" }, addresses(c:ip_json "addr"))
    for i, gateway in ipairs { "10.1.2.1", "fd00:1:2::1", "10.9.0.1" } do
      assert.are.equal(gateway, result.ips[i].gateway)
      assert.is_true((helper.ping(c, gateway)))
    end
    local routes = c:ip_json("route", "show")
    assert.are.equal("10.1.2.1", find(routes, "dst", "default").gateway)
    assert.are.equal("10.1.2.9", find(routes, "dst", "192.168.0.0/16").gateway)
    assert.are.equal("10.1.2.1", find(routes, "dst", "172.16.0.0/12").gateway)
    assert.are.equal("fd00:1:2::1", find(c:ip_json("-6", "route", "show"), "dst", "default").gateway)
    assert.are.equal(4, #result.routes)
    call "DEL"
  end)

  it("sets a route's metric, MSS, MTU and table", function()
    local c = container()
    fake [[echo '{"ips":[{"address":"10.1.2.2/24","gateway":"10.1.2.1"}],
      "routes":[{"dst":"10.7.0.0/16","mtu":1300,"advmss":1200,"priority":77},
                {"dst":"10.8.0.0/16","table":100},{"dst":"10.6.0.0/16","scope":253}]}']]
    local call = cni.network({ cniVersion = "1.1.0", name = "net", ipam = { type = "fake" } },
      { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    local route = c:ip_json("route", "show", "10.7.0.0/16")[1]
    assert.are.equal(77, route.metric)
    assert.are.equal(1300, route.metrics[1].mtu)
    assert.are.equal(1200, route.metrics[1].advmss)
    assert.are.equal("10.1.2.1", c:ip_json("route", "show", "table", "100")[1].gateway)
    assert.are.equal("link", c:ip_json("route", "show", "10.6.0.0/16")[1].scope)
    assert.are.same({ dst = "10.7.0.0/16", mtu = 1300, advmss = 1200, priority = 77 }, result.routes[1])
    call "DEL"
  end)

  it("reaches one container from another", function()
    if not upstream() then
      return
    end
    local a, b = container(), container()
    local routes = { ipam_routes = { { dst = "0.0.0.0/0" }, { dst = "::/0" } } }
    local one = network(a, { "10.1.2.0/24", "fd00:1:2::/64" }, routes, { container = "c1" })
    local two = network(b, { "10.1.2.0/24", "fd00:1:2::/64" }, routes, { container = "c2" })
    assert.are.equal(0, (one "ADD"))
    assert.are.equal(0, (two "ADD"))
    assert.is_true((helper.ping(a, "10.1.2.3")))
    assert.is_true((helper.ping(b, "fd00:1:2::2")))
    one "DEL"
    two "DEL"
  end)

  it("has a route to each gateway, so that what comes later can name it", function()
    local c = container()
    fake [[echo '{"ips":[{"address":"10.1.2.2/24","gateway":"10.1.2.1"},
      {"address":"fd00:1::2/64","gateway":"fd00:1::1"},{"address":"10.9.0.2/16","gateway":"10.9.0.1"}]}']]
    local call = cni.network({ cniVersion = "1.0.0", name = "net", ipam = { type = "fake" } },
      { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    assert.are.same({}, result.routes)
    c:ip("route", "add", "10.7.0.0/16", "via", "10.1.2.1")
    c:ip("route", "add", "10.8.0.0/16", "via", "10.9.0.1")
    c:ip("-6", "route", "add", "fd00:7::/32", "via", "fd00:1::1")
    assert.is_true((helper.ping(c, "10.9.0.1")))
    call "DEL"
  end)

  it("has both next hops of routes to the same place", function()
    local c = container()
    fake [[echo '{"ips":[{"address":"10.1.2.2/24","gateway":"10.1.2.1"}],
      "routes":[{"dst":"10.7.0.0/16","gw":"10.1.2.1"},{"dst":"10.7.0.0/16","gw":"10.1.2.9"}]}']]
    local call = cni.network({ cniVersion = "1.0.0", name = "net", ipam = { type = "fake" } },
      { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
    assert.are.equal(0, (call "ADD"))
    local rows = c:ip_json("route", "show", "10.7.0.0/16")
    assert.are.same({ "10.1.2.1", "10.1.2.9" }, { rows[1].gateway, rows[2].gateway })
    call "DEL"
  end)

  it("keeps its IPv6 addresses where somebody takes the link down for a moment", function()
    local c = container()
    fake [[echo '{"ips":[{"address":"fd00:1::2/64"}]}']]
    local call = cni.network({ cniVersion = "1.0.0", name = "net", ipam = { type = "fake" } },
      { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
    assert.are.equal(0, (call "ADD"))
    c:ip("link", "set", "eth0", "down")
    c:ip("link", "set", "eth0", "up")
    assert.are.same({ "fd00:1::2/64" }, addresses(c:ip_json "addr"))
    call "DEL"
  end)

  it("answers with its own DNS settings, or the IPAM plugin's where it has none, be they but an empty list", function()
    local c = container()
    fake [[echo '{"ips":[{"address":"10.1.2.2/24"}],"dns":{"nameservers":["1.2.3.4"],"domain":"d"}}']]
    for text, expected in pairs {
      ["null"] = { nameservers = { "1.2.3.4" }, domain = "d" },
      ["{}"] = { nameservers = { "1.2.3.4" }, domain = "d" },
      ['{"search":["s"]}'] = { search = { "s" } },
      ['{"nameservers":[]}'] = false,
    } do
      local call = cni.network(([[{"cniVersion":"1.0.0","name":"net","ipam":{"type":"fake"},"dns":%s}]]):format(text),
        { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
      local status, result, out = call "ADD"
      assert.are.equal(0, status, out)
      assert.are.same(expected or nil, result.dns, text)
      call "DEL"
    end
  end)

  it("joins a container to several networks, and takes each away alone", function()
    if not upstream() then
      return
    end
    local c = container()
    local one = network(c, { "10.1.2.0/24" }, { ipam_routes = { { dst = "0.0.0.0/0" } } })
    local two = network(c, { "10.3.0.0/16" }, { name = "two" }, { ifname = "eth1" })
    local three = network(c, { "10.1.2.0/24" }, {}, { ifname = "eth2" })
    for _, call in ipairs { one, two, three } do
      local status, _, out = call "ADD"
      assert.are.equal(0, status, out)
    end
    assert.are.same({ "10.1.2.2/24", "10.1.2.3/24", "10.3.0.2/16" }, addresses(c:ip_json "addr"))
    assert.are.equal(0, (two "DEL"))
    assert.are.same({ "10.1.2.2/24", "10.1.2.3/24" }, addresses(c:ip_json "addr"))
    assert.are.equal(0, (one "DEL"))
    assert.are.same({ "10.1.2.3/24" }, addresses(c:ip_json "addr"))
    assert.are.same({ "10.1.2.3" }, leases(directory))
    assert.are.equal(0, (three "DEL"))
    assert.are.same({}, leases(directory))
  end)

  it("fails where the interface exists, and leaves it and its address alone", function()
    if not upstream() then
      return
    end
    local c = container()
    local call = network(c, { "10.1.2.0/24" })
    assert.are.equal(0, (call "ADD"))
    local function state()
      local rows = c:ip_json "addr"
      for _, row in ipairs(rows) do
        row.operstate = nil -- the kernel puts it right when it has time
      end
      return rows
    end
    local before = state()
    local status, answer = call "ADD"
    assert.are.equal(1, status)
    assert.is_truthy(answer.msg:find "'eth0' exists")
    assert.are.same(before, state())
    assert.are.same({ "10.1.2.2" }, leases(directory))
    -- also where it is not ours, and for another network and container
    c:ip("link", "add", "br9", "type", "bridge")
    status, answer = network(c, { "10.4.0.0/16" }, { name = "other" }, { container = "c2", ifname = "br9" }) "ADD"
    assert.are.equal(1, status)
    assert.is_truthy(answer.msg:find "'br9' exists")
    assert.are.same({}, leases(directory, "other"))
    call "DEL"
  end)

  it("has the MAC that the runtime asks for", function()
    if not upstream() then
      return
    end
    local c = container()
    for _, way in ipairs {
      { { runtimeConfig = { mac = "02:00:00:00:00:0A" }, capabilities = { mac = true } }, nil },
      { {}, "IgnoreUnknown=1;K8S_POD_NAME=x;MAC=02:00:00:00:00:0a" },
    } do
      local call = network(c, { "10.1.2.0/24" }, way[1], { args = way[2] })
      local status, result, out = call "ADD"
      assert.are.equal(0, status, out)
      assert.are.equal("02:00:00:00:00:0a", result.interfaces[2].mac)
      assert.are.equal("02:00:00:00:00:0a", c:ip_json("link", "show", "dev", "eth0")[1].address)
      call "DEL"
    end
  end)

  it("has the address that the runtime asks for, through the IPAM plugin", function()
    if not upstream() then
      return
    end
    local c = container()
    for _, way in ipairs {
      { { runtimeConfig = { ips = { "10.1.2.77" } }, capabilities = { ips = true } }, nil },
      { { runtimeConfig = { IPs = { "10.1.2.77" } } }, nil },
      { {}, "IP=10.1.2.77" },
    } do
      local call = network(c, { "10.1.2.0/24" }, way[1], { args = way[2] })
      local status, result, out = call "ADD"
      assert.are.equal(0, status, out)
      assert.are.equal("10.1.2.77/24", result.ips[1].address)
      assert.are.equal(0, (call "DEL"))
    end
  end)

  it("works with the static plugin, and without any", function()
    if not upstream() then
      return
    end
    local c = container()
    local addresses_given = { { address = "10.5.0.9/16", gateway = "10.5.0.1" } }
    local call = network(c, {}, { ipam = { type = "static", addresses = addresses_given },
      ipam_routes = { { dst = "0.0.0.0/0" } } })
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    assert.are.equal("10.5.0.9/16", result.ips[1].address)
    assert.is_true((helper.ping(c, "10.5.0.1")))
    assert.are.equal(0, (call "DEL"))
    call = network(c, {}, { ipam = {}, routes = { { dst = "0.0.0.0/0" } },
      runtimeConfig = { ips = { "10.6.0.9/16" } } })
    status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    assert.are.same({ { address = "10.6.0.9/16", gateway = "169.254.1.1", interface = 1 } }, result.ips)
    assert.is_true((helper.ping(c, "169.254.1.1")))
    assert.are.equal(0, (call "DEL"))
  end)

  it("goes behind what a plugin before it in the chain answered", function()
    if not upstream() then
      return
    end
    local c = container()
    local before = { cniVersion = "1.0.0", interfaces = { { name = "other0", sandbox = cni.netns(c) } },
      ips = { { address = "10.200.0.5/24", interface = 0 } }, dns = { nameservers = { "9.9.9.9" } } }
    local call = network(c, { "10.1.2.0/24" }, { prevResult = before })
    local status, result, out = call "ADD"
    assert.are.equal(0, status, out)
    assert.are.equal("other0", result.interfaces[1].name)
    assert.are.equal("eth0", result.interfaces[3].name)
    assert.are.equal("10.200.0.5/24", result.ips[1].address)
    assert.are.equal(0, result.ips[1].interface)
    assert.are.equal(2, result.ips[2].interface)
    assert.are.same({ "9.9.9.9" }, result.dns.nameservers)
    call "DEL"
  end)

  it("switches IPv6 on for the new interface alone where a runtime has switched it off", function()
    if not upstream() then
      return
    end
    local c = container()
    assert(c:exec "sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
    c:ip("link", "add", "br9", "type", "bridge")
    local call = network(c, { "fd00:1:2::/64" }, { ipam_routes = { { dst = "::/0" } } })
    local status, _, out = call "ADD"
    assert.are.equal(0, status, out)
    assert.is_true((helper.ping(c, "fd00:1:2::1")))
    local _, off = c:exec "cat /proc/sys/net/ipv6/conf/default/disable_ipv6 /proc/sys/net/ipv6/conf/br9/disable_ipv6"
    assert.are.equal("1\n1\n", off)
    call "DEL"
  end)

  it("gives its address back on any failure", function()
    if not upstream() then
      return
    end
    local c = container()
    for what, more in pairs {
      ["a bridge that is none"] = { mode = "bridge", bridge = "lo" },
      ["a route the kernel refuses"] = { routes = { { dst = "10.1.0.0/16", gw = "127.0.0.1" } } },
      ["a wrong option"] = { mtu = 40 },
      ["a wrong configuration"] = { mode = "wrong" },
      ["wrong arguments"] = {},
    } do
      local call = network(c, { "10.1.2.0/24" }, more, { args = what == "wrong arguments" and "a=b" or "" })
      local status, answer, out = call "ADD"
      assert.are.equal(1, status, what)
      assert.is_truthy(answer.code, out)
      assert.are.same({}, leases(directory), what)
      assert.are.equal(1, #c:ip_json "link", what)
      assert.are.equal(1, #helper.ip_json "link", what)
    end
  end)

  it("asks a failing IPAM plugin to DEL, and says when that fails too", function()
    local c = container()
    fake [[echo '{"code":11,"msg":"no '$CNI_COMMAND'"}'; exit 1]]
    local status, answer = cni.call { command = "ADD", container = "c1", netns = cni.netns(c), ifname = "eth0",
      path = directory, conf = { cniVersion = "1.1.0", name = "net", ipam = { type = "fake" } } }
    assert.are.equal(1, status)
    assert.are.equal(11, answer.code)
    assert.are.equal("no ADD", answer.msg)
    assert.are.equal(1, #c:ip_json "link")
    assert.is_truthy(answer.details:find "no DEL")
    assert.are.equal("ADD\nDEL\n", cni.read(directory .. "/log"))
  end)

  it("takes no answer of an IPAM plugin for an address that is none", function()
    local c = container()
    for _, text in ipairs { "", "x", "[]", '{"ips":[]}', '{"ips":[{"address":"10.0.0.1"}]}' } do
      fake("cat <<'E'\n" .. text .. "\nE")
      local status, answer = cni.call { command = "ADD", container = "c1", netns = cni.netns(c), ifname = "eth0",
        path = directory, conf = { cniVersion = "1.0.0", name = "net", ipam = { type = "fake" } } }
      assert.are.equal(1, status)
      assert.is_truthy(answer.msg:find "'fake'")
    end
    assert.are.equal(("ADD\nDEL\n"):rep(5), cni.read(directory .. "/log"))
  end)

  it("asks for no address where the interface exists or the configuration is wrong", function()
    local c = container()
    fake(('cat >>%s/log; sleep 0.2; echo "{}"'):format(directory))
    for what, more in pairs {
      ["an interface that exists"] = { ifname = "lo" },
      ["a wrong configuration"] = { conf = { mode = "wrong" } },
      ["a wrong previous result"] = { conf = { prevResult = { ips = 5 } } },
      ["wrong arguments"] = { args = "a=b" },
    } do
      local conf = { cniVersion = "1.0.0", name = "net", ipam = { type = "fake" } }
      for key, value in pairs(more.conf or {}) do
        conf[key] = value
      end
      local status = cni.call { command = "ADD", container = "c1", netns = cni.netns(c), args = more.args,
        ifname = more.ifname or "eth0", path = directory, conf = conf }
      assert.are.equal(1, status, what)
      -- started it was, perhaps, but it has neither heard anything nor been asked to release what it did not lease
      local log = cni.read(directory .. "/log") or ""
      assert.is_nil(log:find "DEL", what)
      assert.is_nil(log:find "name", what)
    end
  end)

  it("undoes everything when the IPAM plugin fails after its answer", function()
    local c = container()
    fake [[cat >/dev/null; echo '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}'
      [ "$CNI_COMMAND" = DEL ] || { sleep 0.3; echo late >&2; exit 7; }]]
    local status, answer, _, said = cni.call { command = "ADD", container = "c1", netns = cni.netns(c), ifname = "eth0",
      path = directory, conf = { cniVersion = "1.0.0", name = "net", ipam = { type = "fake" } } }
    assert.are.equal(1, status)
    assert.is_truthy(answer.msg:find "'fake' failed with status 7")
    assert.is_truthy(said:find "late")
    assert.are.equal("ADD\nDEL\n", cni.read(directory .. "/log"))
    assert.are.equal(1, #c:ip_json "link")
    assert.are.equal(1, #helper.ip_json "link")
  end)

  it("lets the IPAM plugin end before it is asked to release the address", function()
    local c = container()
    fake(([[cat >/dev/null; echo '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}'
      [ "$CNI_COMMAND" = DEL ] || { sleep 0.3; echo "ADD ends" >>%s/log; }]]):format(directory))
    local status = cni.call { command = "ADD", container = "c1", netns = cni.netns(c), ifname = "eth0",
      path = directory, conf = { cniVersion = "1.0.0", name = "net", ipam = { type = "fake" },
        routes = { { dst = "10.9.0.0/16", gw = "127.0.0.1" } } } }
    assert.are.equal(1, status)
    assert.are.equal("ADD\nADD ends\nDEL\n", cni.read(directory .. "/log"))
  end)

  it("asks for no address where the pair cannot be made", function()
    local c = container()
    fake "cat >/dev/null"
    assert.are.equal(1, (cni.call { command = "ADD", container = "c1", netns = cni.netns(c), ifname = "eth0",
      path = directory, conf = { cniVersion = "1.0.0", name = "net", mtu = 40, ipam = { type = "fake" } } }))
    assert.is_nil(cni.read(directory .. "/log"))
  end)

  it("finds the namespace by any path: symbolic links, relative ones, a file of the working directory", function()
    local c = container()
    fake [[cat >/dev/null; [ $CNI_COMMAND != ADD ] || echo '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}']]
    local top = select(2, helper.sh "pwd"):match "[^\n]+"
    local link = top .. "/build/netns-link"
    helper.sh(("mkdir -p build; ln -sf %s %s; ln -sf build/netns-link netns-link"):format(cni.netns(c), link))
    local above = "../" .. top:match "[^/]*$" .. "/build/netns-link"
    for _, path in ipairs { link, "build/netns-link", "./build/netns-link", above, "netns-link" } do
      local request = { command = "ADD", container = "c1", netns = path, ifname = "eth0", path = directory,
        conf = { cniVersion = "1.0.0", name = "net", ipam = { type = "fake" } } }
      local status, result, out = cni.call(request)
      assert.are.equal(0, status, out)
      assert.are.equal(path, result.interfaces[2].sandbox)
      assert.are.equal(2, #c:ip_json "link")
      request.command, request.conf.prevResult = "CHECK", json.decode(out)
      assert.are.equal(0, (cni.call(request)))
      request.command = "DEL"
      assert.are.equal(0, (cni.call(request)))
    end
    helper.sh("rm -f netns-link " .. link)
  end)

  it("asks for no address where the namespace is wrong", function()
    fake(('cat >>%s/log'):format(directory))
    local netns = cni.netns(container())
    containers[1]:kill()
    for _, path in ipairs { netns, "/nowhere", "/etc/passwd", "/proc/self/ns/pid", "/proc/self/ns/net",
      "/dev/null", "/etc", ("x"):rep(300), "nowhere", "." } do
      local status, answer = cni.call { command = "ADD", container = "c1", netns = path, ifname = "eth0",
        path = directory, conf = { cniVersion = "1.0.0", name = "net", ipam = { type = "fake" } } }
      assert.are.equal(1, status)
      assert.are.equal(4, answer.code)
      assert.is_truthy(answer.msg:find "CNI_NETNS")
    end
    local log = cni.read(directory .. "/log") or "" -- as above
    assert.is_nil(log:find "DEL")
    assert.is_nil(log:find "name")
  end)

  it("is safe to be called for many containers at once", function()
    if not upstream() then
      return
    end
    local calls, running = {}, {}
    local plugin = { "/usr/bin/env", helper.lua, "lua/bin/zlnet-cni" }
    local conf = json.encode { cniVersion = "1.0.0", name = "net", ipMasq = false, ipam = { type = "host-local",
      dataDir = directory .. "/leases", subnet = "10.1.2.0/24", routes = { { dst = "0.0.0.0/0" } } } }
    local function run(command)
      for i, c in ipairs(containers) do
        running[i] = assert(core.spawn { plugin[1], plugin[2], plugin[3], stdin = conf, env = { CNI_COMMAND = command,
          CNI_CONTAINERID = "c" .. i, CNI_NETNS = cni.netns(c), CNI_IFNAME = "eth0", CNI_PATH = cni.plugins } })
      end
      for i, child in ipairs(running) do
        local r = assert(child:wait(10 * helper.PATIENCE))
        assert.are.equal(0, r.status, r.stdout)
        calls[i] = json.decode(r.stdout)
        child:close()
      end
    end
    for _ = 1, 32 do
      container()
    end
    run "ADD"
    local seen = {}
    for i, c in ipairs(containers) do
      local address = calls[i].ips[1].address
      assert.is_nil(seen[address])
      seen[address] = true
      assert.is_true((helper.ping(c, "10.1.2.1")))
    end
    run "DEL"
    assert.are.same({}, leases(directory))
    assert.are.equal(1, #helper.ip_json "link")
  end)
end)
