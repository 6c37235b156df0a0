-- SPDX-License-Identifier: MIT
local field = require "zlnet.firewall.field"

describe("values in elements", function()
  it("are text for nft and bytes for the kernel", function()
    assert.same({ text = "tcp", value = "06" }, field.protocol "tcp")
    assert.same({ text = "8080", value = "1f90" }, field.port(8080))
    assert.same('"eth0"', field.text(field.link("eth0", 7)))
    assert.equal("0x" .. ("0"):rep(31) .. "1", field.number("::1").text)
    assert.equal("10.0.0.1", field.text "10.0.0.1")
    assert.equal("10.0.0.1", field.value "10.0.0.1")
  end)

  it("have the bytes that the kernel gives back", function()
    assert.equal("0a000001", field.bytes "10.0.0.1")
    assert.equal("020000000001", field.bytes "02:00:00:00:00:01")
    assert.equal(("0"):rep(31) .. "1", field.bytes "::1")
    assert.equal("0050", field.bytes(field.port(80)))
  end)

  it("are shown to people as they write them", function()
    assert.equal("8080/tcp", field.shown { field.protocol "tcp", field.port(8080) })
    assert.equal("127.0.0.1:53/udp", field.shown { "127.0.0.1", field.protocol "udp", field.port(53) })
    assert.equal("[::1]:443/tcp", field.shown { "::1", field.protocol "tcp", field.port(443) })
    assert.equal('"eth0" . 10.0.0.1', field.shown { field.link("eth0", 2), "10.0.0.1" })
  end)
end)
