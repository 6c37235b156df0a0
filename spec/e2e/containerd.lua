-- SPDX-License-Identifier: MIT
-- A containerd in the sandbox, with a network of zlnet-cni.
local helper = require "spec.support.helper"
local sandbox = require "spec.e2e.sandbox"

local containerd = {}

local SETTINGS = [[
version = 2
root = "%s/containerd"
state = "/run/containerd"
disabled_plugins = [%s "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
%s]]
local NO_CRI = [["io.containerd.grpc.v1.cri",]]

---Where it listens.
containerd.socket = "/run/containerd/containerd.sock"

-- The network of all its containers: 10.83.0.0/16 and fd00:83::/64.
local function configure(cri)
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
  return sandbox.write(sandbox.directory .. "/containerd.toml",
    SETTINGS:format(sandbox.directory, cri and "" or NO_CRI, cri or ""))
end

---Starts it, with sandbox.image() imported.
---@param namespace string of the image
---@param cri string? settings of the CRI plugin; without them it is switched off
---@return fun()? stop
---@return string? why it cannot be had here
function containerd.start(namespace, cri)
  local cni = require "spec.support.cni"
  local why = sandbox.missing("containerd", "ctr", "containerd-shim-runc-v2", "runc")
    or not sandbox.busybox and "busybox-static is not installed" or not cni.plugins and cni.missing
  if why then
    return nil, why
  end
  local stop = sandbox.daemon("containerd --config " .. configure(cri))
  local answers = pcall(helper.eventually, function()
    return (helper.sh "ctr version")
  end, 30)
  if not answers then
    stop()
    return nil, "containerd does not start here: " .. (sandbox.read(sandbox.directory .. "/daemon.log") or ""):sub(-300)
  end
  local ok, out = helper.sh(("ctr -n %s image import --snapshotter native %s"):format(namespace, sandbox.image()))
  if not ok then
    stop()
    return nil, "containerd takes no image here: " .. out
  end
  return stop
end

---What a spec does after each example: waits until nothing but lo is left.
function containerd.settle()
  helper.eventually(function()
    return #helper.ip_json "link" == 1 -- the kernel takes its time with a namespace that dies
  end)
  helper.sh "rm -rf /run/netns"
end

return containerd
