-- SPDX-License-Identifier: MIT
-- sandbox: root
-- containerd, whose `ctr run --cni` calls zlnet-cni.
local containerd = require "spec.e2e.containerd"
local helper = require "spec.support.helper"
local sandbox = require "spec.e2e.sandbox"

describe("containerd", function()
  local stop, why = containerd.start "default"

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
    return helper.sh("ctr " .. string.format(...))
  end

  after_each(function()
    local _, names = ctr "task ls -q"
    for name in names:gmatch "%S+" do
      ctr("task kill -s KILL %s", name)
      helper.eventually(function()
        return (ctr("task delete %s", name))
      end)
    end
    _, names = ctr "container ls -q"
    for name in names:gmatch "%S+" do
      ctr("container delete %s", name)
    end
    containerd.settle()
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

  it("runs a container with what README prints, which reaches hosts beyond the node", function()
    local path = "/etc/cni/net.d/10-zlnet.conflist"
    local before, stop_outside = sandbox.read(path), sandbox.outside()
    sandbox.write(path, sandbox.conflist())
    local ok, out = ctr "run --rm --cni --snapshotter native localhost/busybox:latest one ping -c 1 -W 5 192.0.2.2"
    sandbox.write(path, before)
    stop_outside()
    assert.is_true(ok, out)
    assert.is_nil(sandbox.run("nft list ruleset"):find "elements")
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
