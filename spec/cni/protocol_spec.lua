-- SPDX-License-Identifier: MIT
-- The protocol as a runtime plays it that knows nothing of the plugin: the same cases for zlnet-cni and, as a check of
-- the cases themselves, for the reference plugin ptp in those versions which it speaks.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local lfs = require "lfs"

local PTP = cni.plugins and cni.plugins .. "/ptp"
local IDS = { 4, 6 }

-- What a plugin says that it speaks.
local function speaks(plugin)
  local set = {}
  for _, version in ipairs(select(2, cni.call { command = "VERSION", plugin = plugin }).supportedVersions) do
    set[version] = true
  end
  return set
end

local function conf(version, more)
  local t = { cniVersion = version, name = "net", type = "any" }
  for key, value in pairs(more or {}) do
    t[key] = value
  end
  return t
end

local function refused(what, status, answer, out)
  assert.are.equal(1, status, what .. ": " .. out)
  assert.are.equal("integer", math.type(answer and answer.code), what .. ": " .. out)
  assert.is_true(#answer.msg > 0, what)
  return answer
end

local function done(what, status, _, out)
  assert.are.equal(0, status, what .. ": " .. out)
  assert.are.equal("", out, what)
end

for _, name in ipairs { "zlnet-cni", "ptp" } do
  local plugin = name == "ptp" and PTP or nil

  describe(name .. ", asked as any plugin is,", function()
    local it = helper.it_where(cni.plugins ~= nil, cni.missing)

    helper.insulate()

    local directory

    before_each(function()
      directory = cni.directory()
      helper.sh "ip link set lo up"
    end)

    after_each(function()
      helper.sh("rm -r " .. directory)
    end)

    -- A network with an address of each family.
    local function config(version, more)
      local t = conf(version, { ipam = {
        type = "host-local", dataDir = directory .. "/leases", routes = { { dst = "0.0.0.0/0" }, { dst = "::/0" } },
        ranges = { { { subnet = "10.1.2.0/24" } }, { { subnet = "fd00:1:2::/64" } } },
      } })
      for key, value in pairs(more or {}) do
        t[key] = value
      end
      return t
    end

    local function network(c, version)
      local path = cni.plugins
      if not speaks(path .. "/host-local")[version] then -- it is older than we are: told what it understands
        cni.script(directory, "host-local", ("sed s/%s/1.0.0/g | %s/host-local"):format(version, path))
        path = directory .. ":" .. path
      end
      return cni.network(config(version), { plugin = plugin, container = "c1", netns = cni.netns(c), ifname = "eth0",
        path = path })
    end

    local function leases()
      local n = 0
      for entry in lfs.dir(directory .. "/leases/net") do
        n = n + (entry:find "%d[.:]" and 1 or 0)
      end
      return n
    end

    for _, version in ipairs { "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0" } do
      it("goes from DEL over ADD and CHECK to DEL and DEL in " .. version, function()
        if not speaks(plugin)[version] then
          pending(name .. " does not speak " .. version)
          return
        end
        local c = helper.container()
        local call = network(c, version)
        done("DEL of nothing", call "DEL")
        local status, result, out = call "ADD"
        assert.are.equal(0, status, out)
        assert.are.equal(version, result.cniVersion)
        for i, family in ipairs(IDS) do
          local ip = result.ips[i]
          assert.are.equal(version < "1" and tostring(family) or nil, ip.version)
          assert.are.equal("eth0", result.interfaces[ip.interface + 1].name)
          local rows = c:ip_json("-" .. family, "addr", "show", "dev", "eth0", "scope", "global")
          assert.are.equal(ip.address, rows[1].addr_info[1]["local"] .. "/" .. rows[1].addr_info[1].prefixlen)
          if not plugin then -- ptp is done before its addresses are
            assert.is_true((helper.ping(c, ip.gateway)))
            assert.is_true((helper.ping(nil, (ip.address:gsub("/.*", "")))))
          end
        end
        local with_result = config(version, { prevResult = result })
        if version < "0.4.0" then
          refused("CHECK", call("CHECK", { conf = with_result }))
        else
          done("CHECK", call("CHECK", { conf = with_result }))
          refused("CHECK without a previous result", call "CHECK")
          c:ip("addr", "flush", "dev", "eth0", "scope", "global")
          refused("CHECK of what was changed", call("CHECK", { conf = with_result }))
        end
        assert.are.equal(2, leases())
        done("DEL", call("DEL", { conf = with_result }))
        assert.are.equal(0, leases())
        assert.are.equal(1, #c:ip_json "link")
        assert.are.equal(1, #helper.ip_json "link")
        done("DEL once more", call("DEL", { conf = with_result }))
        done("DEL once more, without a namespace", call("DEL", { netns = "" }))
      end)
    end

    it("deletes what was in a namespace that is gone", function()
      local c = helper.container()
      local call = network(c, "1.0.0")
      assert.are.equal(0, (call "ADD"))
      c:kill()
      helper.eventually(function()
        return #helper.ip_json "link" == 1
      end)
      assert.are.equal(2, leases())
      done("DEL", call("DEL", { netns = "/run/netns/gone" }))
      assert.are.equal(0, leases())
      done("DEL", call "DEL")
    end)

    it("says of each variable that it is missing, of each command that cannot do without", function()
      local all = { "container", "netns", "ifname", "path" }
      local names = { container = "CNI_CONTAINERID", netns = "CNI_NETNS", ifname = "CNI_IFNAME", path = "CNI_PATH" }
      for command, wants in pairs {
        ADD = all, CHECK = all, DEL = { "container", "ifname", "path" }, GC = { "path" }, STATUS = { "path" },
      } do
        for _, variable in ipairs((command == "GC" or command == "STATUS") and plugin and {} or wants) do
          local r = { command = command, container = "c1", netns = "/nowhere", ifname = "eth0", path = "/nowhere",
            conf = conf "1.0.0", plugin = plugin, [variable] = "" }
          local answer = refused(command, cni.call(r))
          assert.are.equal(4, answer.code)
          assert.is_truthy(answer.msg:find("[" .. names[variable] .. "]", 1, true), answer.msg)
        end
      end
    end)

    it("refuses names that lead elsewhere, in each command that takes them", function()
      local good = { container = "c1", netns = "/nowhere", ifname = "eth0", path = "/nowhere", plugin = plugin }
      for _, command in ipairs { "ADD", "CHECK", "DEL" } do
        for variable, values in pairs {
          container = { "../c1", "c 1", "-c1", "c1/", "c;1" },
          ifname = { "..", ".", "../e", "e:0", "e 0", ("e"):rep(16) },
        } do
          for _, value in ipairs(values) do
            local r = { command = command, conf = conf "1.0.0" }
            for key, default in pairs(good) do
              r[key] = key == variable and value or default
            end
            refused(command .. " " .. value, cni.call(r))
          end
        end
        for _, value in ipairs { "", "../net", "n t", "-net" } do
          local r = { command = command, conf = conf("1.0.0", { name = value }) }
          for key, default in pairs(good) do
            r[key] = default
          end
          assert.are.equal(7, refused(command .. " " .. value, cni.call(r)).code)
        end
      end
    end)

    it("tells a broken standard input from a broken text", function()
      local words = plugin or helper.lua .. " lua/bin/zlnet-cni"
      local env = "CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/nowhere CNI_IFNAME=eth0 CNI_PATH=/nowhere "
      for input, code in pairs {
        ["</etc"] = 5, ["<&-"] = 5, ["</dev/null"] = 6, ["<<'E'\n{\"cniVersion\": \"1.0.0\", \"name\"\nE"] = 6,
        ["<<'E'\n\"net\"\nE"] = 6,
      } do
        local ok, text = helper.sh(("sh -c %s"):format(helper.quote(env .. words .. " " .. input)))
        assert.is_false(ok, input)
        assert.are.equal(code, require("dkjson").decode(text).code, input .. ": " .. text)
      end
    end)

    it("takes a configuration longer than a pipe holds", function()
      local call = network(helper.container(), "1.0.0")
      done("DEL", call("DEL", { conf = config("1.0.0", { note = ("x"):rep(200000) }) }))
    end)

    it("answers VERSION when it can read nothing", function()
      for _, input in ipairs { "</etc", "<&-", "</dev/null" } do
        local words = plugin or helper.lua .. " lua/bin/zlnet-cni"
        local ok, text = helper.sh(("CNI_COMMAND=VERSION %s %s"):format(words, input))
        assert.is_true(ok, text)
        assert.is_truthy(text:find '"0.4.0"')
      end
    end)
  end)
end

describe("a chain of plugins", function()
  local it = helper.it_where(cni.plugins ~= nil, cni.missing)

  helper.insulate()

  local directory

  before_each(function()
    directory = cni.directory()
    helper.sh "ip link set lo up"
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  -- Plays the runtime for a list of configurations, as libcni does: each gets the result of the one before.
  local function chain(c, plugins)
    local function call(command, i, result)
      local t = conf("1.0.0", { prevResult = result })
      for key, value in pairs(plugins[i]) do
        t[key] = value
      end
      return cni.call { command = command, container = "c1", netns = cni.netns(c), ifname = "eth0", path = cni.plugins,
        conf = t, plugin = t.type ~= "zlnet-cni" and cni.plugins .. "/" .. t.type or nil }
    end
    return function(command, result)
      local reverse = command == "DEL"
      for i = reverse and #plugins or 1, reverse and 1 or #plugins, reverse and -1 or 1 do
        local status, answer, out = call(command, i, result)
        assert.are.equal(0, status, command .. " of " .. plugins[i].type .. ": " .. out)
        result = command == "ADD" and answer or result
      end
      return result
    end
  end

  local function ipam()
    return { type = "host-local", dataDir = directory .. "/leases",
      routes = { { dst = "0.0.0.0/0" }, { dst = "::/0" } },
      ranges = { { { subnet = "10.1.2.0/24" } }, { { subnet = "fd00:1:2::/64" } } } }
  end

  it("publishes a port by portmap, also on 127.0.0.1 of a node with no other address", function()
    if not (helper.sh "command -v iptables" or helper.sh "command -v nft") or not helper.sh "command -v busybox" then
      pending "portmap needs iptables or nft, the example busybox"
      return
    end
    local c = helper.container()
    local run = chain(c, { { type = "zlnet-cni", ipam = ipam() }, { type = "portmap", snat = true,
      capabilities = { portMappings = true },
      runtimeConfig = { portMappings = { { hostPort = 8080, containerPort = 80, protocol = "tcp" } } } } })
    local result = run "ADD"
    c:exec "busybox nc -l -p 80 -e /bin/echo hello >/dev/null 2>&1 &"
    helper.eventually(function()
      return c:exec "cat /proc/net/tcp /proc/net/tcp6 | grep -q ':0050 .* 0A '"
    end)
    local _, out = helper.sh "busybox timeout 20 busybox nc 127.0.0.1 8080 </dev/null"
    run("DEL", result)
    assert.are.equal("hello\n", out)
  end)

  it("goes on where tuning gives the link another MAC and MTU", function()
    local c = helper.container()
    local tuning = { type = "tuning", mac = "02:00:00:00:00:77", mtu = 1400 }
    local run = chain(c, { { type = "zlnet-cni", ipam = ipam() }, tuning })
    local result = run "ADD"
    assert.are.equal("02:00:00:00:00:77", c:ip_json("link", "show", "dev", "eth0")[1].address)
    assert.are.equal("02:00:00:00:00:77", result.interfaces[2].mac)
    assert.are.equal(1400, c:ip_json("link", "show", "dev", "eth0")[1].mtu)
    run("CHECK", result)
    run("DEL", result)
    assert.are.equal(1, #helper.ip_json "link")
  end)

  it("goes on where sbr moves the routes to a table of their own", function()
    local c = helper.container()
    local run = chain(c, { { type = "zlnet-cni", ipam = ipam() }, { type = "sbr" } })
    local result = run "ADD"
    assert.are.equal("10.1.2.1", c:ip_json("route", "show", "table", "100", "default")[1].gateway)
    assert.is_true((helper.ping(nil, "10.1.2.2")))
    run("CHECK", result)
    run("DEL", result)
    assert.are.equal(1, #helper.ip_json "link")
  end)
end)
