-- SPDX-License-Identifier: MIT
local ops = require("spec.support.plan").ops

local function default(opts)
  local list = ops("routes", opts)
  assert.equal(1, #list)
  return list[1].args
end

describe("mode routed", function()
  it("lets the host end answer for the gateways, a link-local one of IPv4 for the link alone", function()
    local function gateways(opts)
      local list = {}
      for _, op in ipairs(ops("host", opts)) do
        if op.op == "newaddr" then
          list[#list + 1] = ("%s/%d %s"):format(op.args["local"], op.args.prefixlen, op.args.scope or "")
        end
      end
      return list
    end
    assert.same({ "169.254.1.1/32 link", "fe80::1/64 " }, gateways { ip = { "10.0.0.5", "fd00::5" } })
    assert.same({ "fd00::1/128 ", "fe80::1/64 " }, gateways { ip = "fd00::5", gateway = "fd00::1" })
    assert.same({ "fe80::9/64 " }, gateways { ip = "fd00::5", gateway = "fe80::9" })
    assert.same({ "10.0.0.1/32 " }, gateways { ip = "10.0.0.5", gateway = "10.0.0.1" })
  end)

  it("routes by gateway, on the link", function()
    assert.same({ family = "inet", gateway = "169.254.1.1", flags = { onlink = true } }, default { ip = "10.0.0.5" })
    assert.same({}, ops("routes", { ip = "10.0.0.5", default_route = false }))
  end)
end)
