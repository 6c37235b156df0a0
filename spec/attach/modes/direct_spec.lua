-- SPDX-License-Identifier: MIT
local ops = require("spec.support.plan").ops

local function default(opts)
  local list = ops("routes", opts)
  assert.equal(1, #list)
  return list[1].args
end

describe("mode direct", function()
  it("answers ARP for others without the kernel's delay where asked to", function()
    local list = ops("host", { ip = "10.0.0.5", mode = "direct", proxy_arp = true })
    assert.same({ inet = { conf = { forwarding = 1 } } }, list[1].args.af_spec)
    assert.same({ inet = { conf = { proxy_arp = 1 } } }, list[2].args.af_spec)
    assert.same({ key = "net/ipv4/neigh/veth-42-s/proxy_delay", value = "0" }, list[3].args)
    assert.is_true(list[3].optional)
  end)

  it("routes by device, and answers for no gateway", function()
    assert.same({ family = "inet", scope = "link" }, default { ip = "10.0.0.5", mode = "direct" })
    assert.same({ family = "inet6" }, default { ip = "fd00::5", mode = "direct" })
    for _, op in ipairs(ops("host", { ip = "10.0.0.5", mode = "direct" })) do
      assert.are_not.equal("newaddr", op.op)
    end
  end)
end)
