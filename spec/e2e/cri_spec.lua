-- SPDX-License-Identifier: MIT
-- sandbox: root
-- Pods of containerd's CRI plugin, which a kubelet would ask for: here a spec does.
local containerd = require "spec.e2e.containerd"
local cri = require "spec.e2e.cri"
local helper = require "spec.support.helper"
local sandbox = require "spec.e2e.sandbox"

local SETTINGS = [[
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/busybox:latest"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
]]

local stop

local function call(method, request)
  return cri.call(containerd.socket, method, request)
end

local function reason()
  local why = cri.missing()
  if not why then
    stop, why = containerd.start("k8s.io", SETTINGS)
  end
  return why
end

describe("containerd's CRI plugin", function()
  local why = reason()

  teardown(function()
    if stop then
      stop()
    end
  end)

  if why then
    it("attaches pods", function()
      pending(why)
    end)
    return
  end

  helper.insulate()

  local function run(name)
    local metadata = { name, "uid-" .. name, "default", 0 }
    local response, err = call("RunPodSandbox", { { metadata, name, sandbox.directory, [8] = {} } })
    assert.is_truthy(response, err)
    return response[1][1]
  end

  local function pods()
    local ids = {}
    for i, pod in ipairs(assert(call("ListPodSandbox", {}))[1] or {}) do
      ids[i] = cri.decode(pod)[1][1]
    end
    return ids
  end

  -- The addresses of which the runtime knows.
  local function addresses(id)
    local status = cri.decode(assert(call("PodSandboxStatus", { id }))[1][1])
    local network = cri.decode(status[5][1])
    local list = { network[1] and network[1][1] }
    for _, ip in ipairs(network[2] or {}) do
      list[#list + 1] = cri.decode(ip)[1][1]
    end
    return list
  end

  local function netns(calls)
    return calls:match "ADD id=%x+ netns=/%S+/(%S+) if=eth0"
  end

  after_each(function()
    for _, id in ipairs(pods()) do
      call("StopPodSandbox", { id })
      call("RemovePodSandbox", { id })
    end
    containerd.settle()
  end)

  it("finds its network ready", function()
    local conditions = {}
    helper.eventually(function()
      local status = cri.decode(assert(call("Status", {}))[1][1])
      for _, bytes in ipairs(status[1]) do
        local condition = cri.decode(bytes)
        conditions[condition[1][1]] = condition[2] and condition[2][1]
      end
      return conditions.NetworkReady == 1
    end)
    assert.are.same({ RuntimeReady = 1, NetworkReady = 1 }, conditions)
  end)

  it("runs a pod with eth0 and its addresses, stops it twice, removes it, and nothing is left", function()
    sandbox.calls()
    local id = run "one"
    assert.are.same({ "10.83.0.2", "fd00:83::2" }, addresses(id))
    local calls = sandbox.calls()
    assert.is_truthy(calls:find("ADD id=" .. id, 1, true))
    assert.is_truthy(calls:find "args=%S*K8S_POD_NAME=one")
    local ns = netns(calls)
    local inside = sandbox.run(("ip netns exec %s ip -o addr show eth0"):format(ns))
    assert.is_truthy(inside:find "inet 10.83.0.2/16" and inside:find "inet6 fd00:83::2/64", inside)
    assert.is_true((helper.ping(nil, "10.83.0.2")))
    assert.is_true((helper.ping(nil, "fd00:83::2")))
    for _ = 1, 2 do
      assert.is_truthy(call("StopPodSandbox", { id }))
    end
    -- asked for the second time, the runtime has no namespace to tell
    calls = sandbox.calls()
    assert.is_truthy(calls:find("DEL id=" .. id .. " netns=/", 1, true), calls)
    assert.is_truthy(calls:find("DEL id=" .. id .. " netns= if=eth0", 1, true), calls)
    assert.are.equal("", sandbox.run "find /run/leases -name '10.83.*'")
    assert.are.equal(1, #helper.ip_json "link")
    assert.is_truthy(call("RemovePodSandbox", { id }))
    assert.are.same({}, pods())
  end)

  it("runs pods that reach each other", function()
    sandbox.calls()
    run "one"
    local ns = netns(sandbox.calls())
    for _, address in ipairs(addresses(run "two")) do
      local ok, out = helper.sh(("ip netns exec %s ping -n -c 1 -W 2 %s"):format(ns, address))
      assert.is_true(ok, out)
    end
  end)

  it("keeps a pod from running when it cannot be attached, and leaves nothing", function()
    sandbox.run "mv /var/lib/zlnet-e2e/plugins/host-local /run/away"
    local response, err = call("RunPodSandbox", { { { "three", "uid-3", "default", 0 }, "three", [8] = {} } })
    sandbox.run "mv /run/away /var/lib/zlnet-e2e/plugins/host-local"
    assert.is_nil(response)
    assert.is_truthy(err:find "IPAM plugin 'host%-local' is not in CNI_PATH", err)
    containerd.settle()
  end)
end)
