-- SPDX-License-Identifier: MIT
-- sandbox: root
-- containerd, whose `ctr run --cni` calls zlnet-cni.
local helper = require "spec.helper"
local sandbox = require "spec.e2e.sandbox"

local SOCKET = "/run/containerd/containerd.sock"
local CONFIG = [[
version = 2
root = "%s/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
]]

local stop

local function reason()
  local cni = require "spec.cni"
  local why = sandbox.missing("containerd", "ctr", "containerd-shim-runc-v2", "runc")
    or not sandbox.busybox and "busybox-static is not installed" or not cni.plugins and cni.missing
  if why then
    return why
  end
  sandbox.prepare()
  sandbox.run "mkdir -p /etc/cni/net.d /opt/cni"
  sandbox.run(("ln -s %s /opt/cni/bin"):format(sandbox.plugins()))
  sandbox.write("/etc/cni/net.d/10-zlnet.conflist", {
    cniVersion = "1.0.0", name = "node",
    plugins = { {
      type = "zlnet-cni",
      ipam = {
        type = "host-local", dataDir = "/run/leases", routes = { { dst = "0.0.0.0/0" }, { dst = "::/0" } },
        ranges = { { { subnet = "10.83.0.0/16" } }, { { subnet = "fd00:83::/64" } } },
      },
    } },
  })
  local config = sandbox.write(sandbox.directory .. "/containerd.toml", CONFIG:format(sandbox.directory))
  stop = sandbox.daemon("containerd --config " .. config)
  local answers = pcall(helper.eventually, function()
    return (helper.sh("ctr version"))
  end, 30)
  if not answers then
    return "containerd does not start here: " .. (sandbox.read(sandbox.directory .. "/daemon.log") or ""):sub(-300)
  end
  local ok, out = helper.sh("ctr image import --snapshotter native " .. sandbox.image())
  return not ok and "containerd takes no image here: " .. out or nil
end

describe("containerd", function()
  local why = reason()

  teardown(function()
    if stop then
      stop()
    end
  end)

  if why then
    it("attaches containers", function()
      pending(why)
    end)
    return
  end

  helper.insulate()

  local function ctr(...)
    return helper.sh(("ctr --address %s %s"):format(SOCKET, string.format(...)))
  end

  after_each(function()
    local _, names = ctr "task ls -q"
    for name in names:gmatch "%S+" do
      ctr("task kill -s KILL %s", name)
      helper.eventually(function()
        return (ctr("task delete %s", name))
      end, 10)
    end
    _, names = ctr "container ls -q"
    for name in names:gmatch "%S+" do
      ctr("container delete %s", name)
    end
    helper.eventually(function()
      return #helper.ip_json "link" == 1
    end, 10)
    helper.sh "rm -rf /run/netns"
  end)

  it("runs a container with --cni, and DEL comes without a namespace", function()
    sandbox.calls()
    local ok, out = ctr "run --rm --cni --snapshotter native localhost/busybox:latest one ip addr"
    assert.is_true(ok, out)
    assert.is_truthy(out:find "inet 10.83.0.2/16")
    assert.is_truthy(out:find "inet6 fd00:83::2/64")
    local calls = sandbox.calls()
    assert.is_truthy(calls:find "ADD id=default%-one netns=/%S+ if=eth0")
    assert.is_truthy(calls:find "DEL id=default%-one netns= if=eth0")
    assert.are.equal("", sandbox.run "find /run/leases -name '10.83.*'")
  end)

  it("runs containers that reach each other and the node", function()
    for _, name in ipairs { "one", "two" } do
      local ok, out = ctr("run -d --cni --snapshotter native localhost/busybox:latest %s sleep 1000", name)
      assert.is_true(ok, out)
    end
    local addresses = {}
    for i, name in ipairs { "one", "two" } do
      local _, out = ctr("task exec --exec-id a%d %s ip addr", i, name)
      addresses[i] = out:match "inet (10.83.%d+.%d+)"
      assert.is_true((helper.ping(nil, addresses[i])))
    end
    local ok, out = ctr("task exec --exec-id p one ping -c 1 -W 2 %s", addresses[2])
    assert.is_true(ok, out)
  end)
end)
