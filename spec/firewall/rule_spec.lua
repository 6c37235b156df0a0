-- SPDX-License-Identifier: MIT
local rule = require "zlnet.firewall.rule"

describe("rules of nf_tables", function()
  it("say the same to nft and to the kernel", function()
    local terms = { rule.is("ip saddr", { text = "10.0.0.1", value = "0a000001" }), rule.drop }
    assert.equal("ip saddr 10.0.0.1 drop", rule.text(terms))
    assert.same({
      { name = "meta", data = { key = "nfproto", dreg = "reg_1" } },
      { name = "cmp", data = { sreg = "reg_1", op = "eq", data = { value = "02" } } },
      { name = "payload", data = { base = "network_header", offset = 12, len = 4, dreg = "reg_1" } },
      { name = "cmp", data = { sreg = "reg_1", op = "eq", data = { value = "0a000001" } } },
      { name = "immediate", data = { dreg = "reg_verdict", data = { verdict = { code = "drop" } } } },
    }, rule.expressions("inet", terms))
  end)

  it("ask what a packet is once, and in the words of the table's family", function()
    local terms = { rule.in_set({ "iif", "ether saddr", "ip saddr" }, "guard4", true),
      rule.is("ip daddr", { text = "10.0.0.0/8", mask = "ff000000", value = "0a000000" }), rule.accept }
    assert.equal("iif . ether saddr . ip saddr != @guard4 ip daddr 10.0.0.0/8 accept", rule.text(terms))
    local function questions(family)
      local keys = {}
      for _, e in ipairs(rule.expressions(family, terms)) do
        if e.name == "meta" and e.data.key ~= "iif" then
          keys[#keys + 1] = e.data.key
        end
      end
      return keys
    end
    assert.same({ "iftype", "nfproto" }, questions "inet")
    assert.same({ "protocol" }, questions "bridge")
  end)

  it("lay fields one behind the other, each in registers of its own", function()
    local list = rule.expressions("arp", { rule.in_set({ "iif", "arp saddr ether", "arp saddr ip" }, "s") })
    local registers = {}
    for i = 1, 3 do
      registers[i] = list[i].data.dreg
    end
    assert.same({ "reg_1", "reg32_01", "reg32_03" }, registers)
    assert.same({ set = "s", sreg = "reg_1" }, list[4].data)
  end)
end)
