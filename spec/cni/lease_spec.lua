-- SPDX-License-Identifier: MIT
-- When the IPAM plugin is asked: what it finds of the container's interface at that moment.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local json = require "dkjson"

describe("the IPAM plugin", function()
  helper.insulate()

  local directory

  before_each(function()
    directory = cni.directory()
    helper.sh "ip link set lo up"
  end)

  after_each(function()
    helper.sh("ip link del br0; rm -r " .. directory)
  end)

  -- Writes down what it sees of the interface before it reads anything, and after it was told.
  local function look(name, more)
    cni.script(directory, name, ([[
      see() { nsenter --net="$CNI_NETNS" ip -o link show "$CNI_IFNAME" >/dev/null 2>&1 && echo there || echo none; }
      first=$(see); cat >/dev/null; %s
      echo "$CNI_COMMAND $first $(see)" >>%s/log
      [ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}']]):format(more or "",
      directory))
  end

  local function network(c, name, more)
    local conf = { cniVersion = "1.0.0", name = "net", type = "zlnet-cni", ipam = { type = name } }
    for key, value in pairs(more or {}) do
      conf[key] = value
    end
    return cni.network(conf, { container = "c1", netns = cni.netns(c), ifname = "eth0", path = directory })
  end

  local function logged()
    return cni.read(directory .. "/log")
  end

  it("finds the interface when it is asked, and it is gone when it gives the address back", function()
    look "other"
    local call = network(helper.container(), "other")
    assert.are.equal(0, (call "ADD"))
    assert.are.equal(0, (call "DEL"))
    assert.are.equal("ADD there there\nDEL none none\n", logged())
  end)

  it("releases through the interface where it is one that needs to", function()
    look "dhcp"
    local c = helper.container()
    local call = network(c, "dhcp")
    assert.are.equal(0, (call "ADD"))
    assert.are.equal(0, (call "DEL"))
    assert.are.equal("ADD there there\nDEL there there\n", logged())
    assert.are.equal(1, #c:ip_json "link")
    -- also when it is undone
    os.remove(directory .. "/log")
    assert.are.equal(1, (network(c, "dhcp", { routes = { { dst = "10.9.0.0/16", gw = "127.0.0.1" } } }) "ADD"))
    assert.are.equal("ADD there there\nDEL there there\n", logged())
    assert.are.equal(1, #c:ip_json "link")
  end)

  it("works while the pair is made where it is known to look at no interface", function()
    look("static", [[if [ "$CNI_COMMAND" = ADD ]; then
      for i in $(seq 6000); do [ "$(see)" = none ] || break; sleep 0.01; done; fi]])
    local call = network(helper.container(), "static")
    assert.are.equal(0, (call "ADD"))
    assert.is_true((helper.ping(nil, "10.1.2.3")))
    assert.are.equal(0, (call "DEL"))
    assert.is_truthy(logged():find "^ADD %l+ there\nDEL %l+ none\n$", logged())
  end)

  it("that answers garbage is quoted", function()
    local call = network(helper.container(), "other")
    for answer, expected in pairs { ["<html>no</html>"] = "<html>no</html>", ["[1]"] = "[1]", ["false"] = "false" } do
      cni.script(directory, "other", ("cat >/dev/null; echo '%s'"):format(answer))
      local status, failed, out = call "ADD"
      assert.are.equal(1, status)
      assert.are.equal(6, failed.code, out)
      assert.is_truthy(failed.msg:find("'other'", 1, true), out)
      assert.are.equal(expected, failed.details)
    end
  end)

  it("that ends when zlnet-cni is killed leases nothing after DEL", function()
    cni.script(directory, "other", ([[cat >/dev/null; cd %s
      case $CNI_COMMAND in
      ADD) echo $PPID $$ >pid.new; mv pid.new pid; until [ -e go ]; do sleep 0.01; done; touch lease;;
      DEL) rm -f lease;;
      esac]]):format(directory))
    local c = helper.container()
    local conf = '{"cniVersion":"1.0.0","name":"net","type":"zlnet-cni","ipam":{"type":"other"}}'
    helper.sh(("CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=%s CNI_IFNAME=eth0 CNI_PATH=%s %s lua/bin/zlnet-cni %s")
      :format(cni.netns(c), directory, helper.lua, "<<'E' >/dev/null 2>&1 &\n" .. conf .. "\nE"))
    local pid, plugin = helper.eventually(function()
      return cni.read(directory .. "/pid")
    end):match "(%d+) (%d+)"
    assert(helper.sh("kill -9 " .. pid))
    assert.are.equal(0, (network(c, "other") "DEL"))
    helper.sh("touch " .. directory .. "/go")
    helper.eventually(function()
      local stat = cni.read("/proc/" .. plugin .. "/stat")
      return not stat or stat:find "%) [ZX]"
    end)
    assert.is_nil(cni.read(directory .. "/lease"))
    assert.are.equal(1, #c:ip_json "link")
  end)

  describe("dhcp", function()
    local server, daemon

    local CONFIG = [[
start 10.5.0.20
end 10.5.0.21
interface br0
lease_file %s/leases
pidfile %s/udhcpd.pid
option subnet 255.255.255.0
option router 10.5.0.1
]]

    local function start(command)
      return select(2, helper.sh(("%s >>%s/daemons.log 2>&1 & echo $!"):format(command, directory))):match "%d+"
    end

    -- Why it cannot be tried here.
    local function missing()
      if not cni.plugins or not helper.sh("test -x " .. cni.plugins .. "/dhcp") then
        return cni.missing
      elseif not helper.sh "busybox udhcpd --help 2>&1 | grep -q Usage" then
        return "busybox has no udhcpd"
      end
    end

    -- A bridge with a server, and the plugin's daemon.
    local function prepare()
      helper.ip("link", "add", "br0", "type", "bridge")
      helper.ip("addr", "add", "10.5.0.1/24", "dev", "br0")
      helper.ip("link", "set", "br0", "up")
      local file = assert(io.open(directory .. "/conf", "w"))
      file:write((CONFIG:gsub("%%s", directory)))
      file:close()
      helper.sh("touch " .. directory .. "/leases")
      server = start(("exec busybox udhcpd -f %s/conf"):format(directory))
      daemon = start(("exec %s/dhcp daemon -socketpath %s/socket"):format(cni.plugins, directory))
      helper.eventually(function()
        return helper.sh(("test -S %s/socket && test -s %s/udhcpd.pid"):format(directory, directory))
      end)
    end

    -- The server's leases that have not ended.
    local function leases()
      helper.sh(("rm -f %s/leases; kill -USR1 %s"):format(directory, server))
      return helper.eventually(function()
        local dump = ("test -s %s/leases && busybox dumpleases -f %s/leases"):format(directory, directory)
        local ok, text = helper.sh(dump)
        return ok and select(2, text:gsub("%d%d:%d%d:%d%d%s*\n", ""))
      end)
    end

    after_each(function()
      helper.sh(("kill %s %s"):format(server or "", daemon or ""))
      server, daemon = nil, nil
    end)

    it("leases an address of a real server and gives it back, when all goes well and when not", function()
      local why = missing()
      if why then
        pending(why)
        return
      end
      prepare()
      local c = helper.container()
      local conf = { cniVersion = "1.0.0", name = "net", type = "zlnet-cni", mode = "bridge", bridge = "br0",
        ipam = { type = "dhcp", daemonSocketPath = directory .. "/socket" } }
      local call = cni.network(conf, { container = "c1", netns = cni.netns(c), ifname = "eth0", path = cni.plugins })
      local status, result, out = call "ADD"
      assert.are.equal(0, status, out .. (cni.read(directory .. "/daemons.log") or ""))
      assert.are.equal("10.5.0.1", result.ips[1].gateway)
      assert.is_truthy(result.ips[1].address:find "^10%.5%.0%.2[01]/24$", out)
      assert.are.equal("10.5.0.1", c:ip_json("route", "show", "default")[1].gateway)
      assert.is_true((helper.ping(c, "10.5.0.1")))
      assert.are.equal(1, leases())
      conf.prevResult = json.decode(out)
      assert.are.equal(0, (call "CHECK"))
      assert.are.equal(0, (call "DEL"))
      assert.are.equal(0, leases())
      assert.are.equal(1, #c:ip_json "link")
      conf.prevResult, conf.routes = nil, { { dst = "10.9.0.0/16", gw = "127.0.0.1" } }
      assert.are.equal(1, (call "ADD"))
      assert.are.equal(0, leases())
      assert.are.equal(1, #c:ip_json "link")
      assert.are.equal(0, (call "DEL"))
    end)
  end)
end)
