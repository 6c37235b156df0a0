-- SPDX-License-Identifier: MIT
local ports = require "zlnet.cni.ports"

describe("portMappings", function()
  it("are ports to be published", function()
    assert.same({
      { host_port = 8080, port = 80, count = 1, protocol = "tcp" },
      { host_port = 53, port = 53, count = 1, protocol = "udp", family = "inet", address = "127.0.0.1" },
      { host_port = 443, port = 443, count = 1, protocol = "sctp", family = "inet6", address = "fd00::1" },
      { host_port = 80, port = 80, count = 1, protocol = "tcp", family = "inet" },
    }, ports.read {
      { hostPort = 8080, containerPort = 80 },
      { hostPort = 53, containerPort = 53, protocol = "UDP", hostIP = "127.0.0.1" },
      { hostPort = 443, containerPort = 443, protocol = "sctp", hostIP = "fd00:0::1" },
      { hostPort = 80, containerPort = 80, protocol = "tcp", hostIP = "0.0.0.0" },
      { hostPort = 0, containerPort = 81 },
      { containerPort = 82 },
    })
  end)

  it("may be none", function()
    assert.is_false(ports.read(nil))
    assert.is_false(ports.read {})
    assert.is_false(ports.read { { containerPort = 80 } })
  end)

  it("are refused where they are nothing of the kind", function()
    for _, wrong in ipairs {
      "80", { a = 1 }, { 80 }, { { hostPort = 80 } }, { { hostPort = "80", containerPort = 80 } },
      { { hostPort = 70000, containerPort = 80 } }, { { hostPort = 80, containerPort = 80, protocol = "icmp" } },
      { { hostPort = 80, containerPort = 80, hostIP = "x" } },
    } do
      local list, failure = ports.read(wrong)
      assert.is_nil(list)
      assert.equal(7, failure.code)
    end
  end)
end)
