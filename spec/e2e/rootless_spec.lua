-- SPDX-License-Identifier: MIT
-- A container of crun inside a user namespace: nothing here is the machine's root.
local helper = require "spec.support.helper"
local json = require "dkjson"
local sandbox = require "spec.e2e.sandbox"
local zlnet = require "zlnet"

local function reason()
  if not helper.sh "command -v crun" then
    return "crun is not installed"
  elseif not sandbox.busybox then
    return "busybox-static is not installed"
  elseif not sandbox.missing() then
    return "no user namespaces here"
  end
end

describe("crun without root", function()
  local why = reason()
  if why then
    it("attaches a container", function()
      pending(why)
    end)
    return
  end

  helper.insulate()

  it("attaches a container", function()
    sandbox.run "mount --make-rprivate / && mount -t tmpfs none /var/lib && mkdir -p /var/lib/zlnet-e2e"
    sandbox.run "mount -t tmpfs none /sys/fs/cgroup" -- crun takes no mixture of both kinds, not even for nothing
    sandbox.run "ip link set lo up"
    local path = sandbox.directory .. "/one"
    sandbox.run(("mkdir -p %s && cd %s && crun spec"):format(path, path))
    local config = json.decode(sandbox.read(path .. "/config.json"))
    config.root = { path = sandbox.rootfs() }
    config.process.terminal = false
    config.process.args = { "/bin/sleep", "1000" }
    config.linux.resources = nil
    for i = #config.mounts, 1, -1 do
      if config.mounts[i].type ~= "proc" then -- the others want groups and devices that are not mapped here
        table.remove(config.mounts, i)
      end
    end
    sandbox.write(path .. "/config.json", config)
    local crun = "crun --root /run/crun --cgroup-manager=disabled "
    local ok = helper.sh(("%s run -d --pid-file %s/pid -b %s one >%s/out 2>&1"):format(crun, path, path, path))
    assert.is_true(ok, sandbox.read(path .. "/out"))
    local pid = math.tointeger(tonumber(sandbox.read(path .. "/pid")))
    assert(zlnet.attach { pid = pid, ip = { "10.200.0.5", "fd00:200::5" } })
    assert.is_true((helper.ping(nil, "10.200.0.5")))
    assert.is_true((helper.ping(nil, "fd00:200::5")))
    sandbox.run(crun .. "delete -f one")
    helper.eventually(function()
      return #helper.ip_json "link" == 1
    end)
    sandbox.run "rm -rf /run/crun"
  end)
end)
