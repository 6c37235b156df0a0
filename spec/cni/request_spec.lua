-- SPDX-License-Identifier: MIT
local request = require "zlnet.cni.request"

local function environment(t)
  return request.environment(function(name)
    return t[name]
  end)
end

describe("zlnet.cni.request", function()
  it("reads the environment; what is empty is not there", function()
    local r = environment {
      CNI_COMMAND = "DEL", CNI_CONTAINERID = "a_b.c-D9", CNI_NETNS = "", CNI_IFNAME = "eth0.100", CNI_PATH = "/a:/b",
    }
    assert.are.same({ command = "DEL", container = "a_b.c-D9", ifname = "eth0.100", path = "/a:/b" }, r)
  end)

  it("does not look at names that a command does not use", function()
    local r = assert(environment { CNI_COMMAND = "STATUS", CNI_PATH = "/a", CNI_IFNAME = "a/b", CNI_CONTAINERID = "/" })
    assert.are.equal("STATUS", r.command)
  end)

  it("compares versions", function()
    assert.is_true(request.at_least("0.4.0", "0.4.0"))
    assert.is_true(request.at_least("1.1.0", "0.3.1"))
    assert.is_false(request.at_least("0.3.1", "0.4.0"))
  end)

  it("finds a key whatever its case, the exact one first", function()
    assert.are.equal(1, request.field({ ips = 1, IPs = 2 }, "ips"))
    assert.are.equal(2, request.field({ IPs = 2 }, "ips"))
    assert.is_nil(request.field({ mac = 1 }, "ips"))
    assert.is_nil(request.field(nil, "ips"))
    assert.is_nil(request.field({ "a" }, "ips"))
  end)

  it("reads CNI_ARGS", function()
    assert.are.same({}, request.arguments(nil))
    assert.are.same({}, request.arguments "")
    assert.are.same({ IP = "10.0.0.1/24", MAC = "02:00:00:00:00:01" },
      request.arguments "IP=10.0.0.1/24;MAC=02:00:00:00:00:01")
  end)

  it("wants IgnoreUnknown for keys of others", function()
    local args, failed = request.arguments "K8S_POD_NAME=x;IP=10.0.0.1"
    assert.is_nil(args)
    assert.are.equal(4, failed.code)
    assert.is_truthy(failed.details:find "K8S_POD_NAME=x")
    for _, yes in ipairs { "1", "true", "True" } do
      args = request.arguments("IgnoreUnknown=" .. yes .. ";K8S_POD_NAME=x;IP=10.0.0.1")
      assert.are.equal("10.0.0.1", args.IP)
    end
    assert.is_nil(request.arguments "IgnoreUnknown=0;A=b")
    assert.is_nil(request.arguments "some")
  end)
end)
