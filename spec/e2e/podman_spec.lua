-- SPDX-License-Identifier: MIT
-- sandbox: root
-- podman with its CNI backend, and zlnet-cni as its networks.
local helper = require "spec.support.helper"
local sandbox = require "spec.e2e.sandbox"
local zlnet = require "zlnet"

local CONTAINERS = [[
[containers]
log_driver = "k8s-file"
[network]
network_backend = "cni"
cni_plugin_dirs = ["%s"]
network_config_dir = "%s"
default_network = "one"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "%s"
]]
local STORAGE = [[
[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "%s/storage"
]]

local function reason()
  local cni = require "spec.support.cni"
  local why = sandbox.missing("podman", "conmon") or not sandbox.busybox and "busybox-static is not installed"
    or not cni.plugins and cni.missing
  if why then
    return why
  end
  local runtime = helper.sh "command -v crun" and "crun" or "runc"
  sandbox.prepare()
  local networks = sandbox.directory .. "/networks"
  sandbox.run("mkdir -p /etc/containers " .. networks)
  sandbox.write("/etc/containers/containers.conf", CONTAINERS:format(sandbox.plugins(), networks, runtime))
  sandbox.write("/etc/containers/storage.conf", STORAGE:format(sandbox.directory))
  sandbox.write("/etc/containers/policy.json", { default = { { type = "insecureAcceptAnything" } } })
  for i, name in ipairs { "one", "two" } do
    sandbox.write(("%s/%s.conflist"):format(networks, name), {
      cniVersion = i == 1 and "1.0.0" or "0.4.0", name = name,
      plugins = { {
        type = "zlnet-cni", capabilities = { ips = true, mac = true },
        ipam = {
          type = "host-local", dataDir = "/run/leases", routes = { { dst = "0.0.0.0/0" } },
          ranges = { { { subnet = ("10.8%d.0.0/16"):format(i) } } },
        },
      } },
    })
  end
  sandbox.write(networks .. "/10-zlnet.conflist", sandbox.conflist())
  local ok, out = helper.sh(("tar -C %s -c . | podman import - localhost/busybox"):format(sandbox.rootfs()))
  if not ok then
    return "podman does not work here: " .. out
  end
  local _, backend = helper.sh "podman info --format '{{.Host.NetworkBackend}}'"
  if not backend:find "cni" then
    return "this podman has no CNI backend"
  end
end

describe("podman", function()
  local why = reason()
  if why then
    it("attaches containers", function()
      pending(why)
    end)
    return
  end

  helper.insulate()

  after_each(function()
    helper.sh "podman rm -f -t 0 -a"
    helper.eventually(function()
      return #helper.ip_json "link" == 1
    end)
    helper.sh "rm -rf /run/netns" -- podman makes the directory, and leaves it
  end)

  local function podman(...)
    local ok, out = helper.sh("podman " .. string.format(...))
    assert.is_true(ok, out)
    return out
  end

  local function start(name, more)
    -- podman's monitor keeps what it is started with
    local run = "run -d --name %s --cap-add net_raw %s localhost/busybox sleep 1000"
    podman(run .. " >/run/out 2>&1 || { cat /run/out; false; }", name, more)
  end

  local function inet(name)
    local list = {}
    for address in podman("exec %s ip addr", name):gmatch "inet (%S+) scope global" do
      list[#list + 1] = address
    end
    table.sort(list) -- podman takes a container's networks in any order
    return list
  end

  it("runs a container in a namespace of a pool", function()
    local pool <close> = assert(zlnet.pool { size = 1 })
    assert(pool:refill())
    local a = assert(pool:take { id = "pooled", ip = "10.200.0.9" })
    a.netns_handle:close()
    start("pooled", "--network ns:" .. a.netns_path)
    assert.same({ "10.200.0.9/32" }, inet "pooled")
    podman "exec pooled ping -c 1 -W 2 169.254.1.1"
    assert.is_true((helper.ping(nil, "10.200.0.9")))
    podman "rm -f -t 0 pooled"
    assert.is_true(zlnet.detach { id = "pooled" })
    assert.same({}, assert(zlnet.netns.list()))
    helper.sh "umount /run/netns"
  end)

  it("runs a container on one network, which reaches the node, and leaves nothing", function()
    start("a", "--network one")
    assert.are.same({ "10.81.0.2/16" }, inet "a")
    podman "exec a ping -c 1 -W 2 10.81.0.1"
    assert.is_true((helper.ping(nil, "10.81.0.2")))
    assert.is_truthy(podman("inspect a"):find '"IPAddress": "10.81.0.2"')
    assert.is_truthy(podman("inspect a"):find '"Gateway": "10.81.0.1"')
  end)

  it("runs a container with what README prints, which reaches hosts beyond the node", function()
    local stop_outside = sandbox.outside()
    start("a", "--network zlnet")
    podman "exec a ping -c 1 -W 5 192.0.2.2"
    podman "rm -f -t 0 a"
    stop_outside()
    assert.is_nil(sandbox.run("nft list ruleset"):find "elements")
  end)

  it("runs containers on two networks, which reach each other", function()
    start("a", "--network one,two")
    start("b", "--network two")
    assert.are.same({ "10.81.0.3/16", "10.82.0.2/16" }, inet "a")
    podman "exec b ping -c 1 -W 2 10.82.0.2"
    podman "exec b ping -c 1 -W 2 10.81.0.3"
    podman "exec a ping -c 1 -W 2 10.82.0.3"
  end)

  it("connects and disconnects a container that runs", function()
    start("a", "--network one")
    podman "network connect two a"
    assert.are.equal(2, #inet "a")
    podman "exec a ping -c 1 -W 2 10.82.0.1"
    podman "network disconnect two a"
    assert.are.equal(1, #inet "a")
    podman "network disconnect one a"
    assert.are.equal(0, #inet "a")
    assert.are.equal(1, #helper.ip_json "link")
    podman "network connect one a"
    podman "exec a ping -c 1 -W 2 10.81.0.1"
  end)

  it("restarts a container", function()
    start("a", "--network one,two")
    podman "restart -t 0 a"
    assert.are.equal(2, #inet "a")
    podman "exec a ping -c 1 -W 2 10.81.0.1"
    podman "stop -t 0 a"
    helper.eventually(function()
      return #helper.ip_json "link" == 1
    end)
    podman "start a"
    podman "exec a ping -c 1 -W 2 10.82.0.1"
  end)

  it("gives a container the address and the MAC that its user asks for", function()
    start("a", "--network one --ip 10.81.77.7 --mac-address 02:00:00:00:00:77")
    assert.are.same({ "10.81.77.7/16" }, inet "a")
    assert.is_truthy(podman("exec a ip link show eth0"):find "02:00:00:00:00:77")
  end)

  it("asks as it is known to ask", function()
    sandbox.calls()
    start("a", "--network one")
    podman "rm -f -t 0 a"
    local calls = sandbox.calls()
    assert.is_truthy(calls:find "VERSION id= netns=dummy if=dummy")
    local add = calls:match "ADD id=%x+ netns=/run/netns/%S+ if=eth0 args=[^\n]*"
    assert.is_truthy(add:find "IgnoreUnknown=1")
    assert.is_truthy(add:find '"capabilities"')
    assert.is_truthy(calls:find "DEL id=%x+ netns=/run/netns/%S+ if=eth0")
  end)
end)
