-- SPDX-License-Identifier: MIT
local json = require "dkjson"
local keys = require "zlnet.cni.keys"

local function check(text)
  return keys.check((assert(json.decode(text))))
end

local function refused(code, text, pattern)
  local unknown, failed = check(text)
  assert.is_nil(unknown, text)
  assert.are.equal(code, failed.code, text)
  assert.is_truthy((failed.msg .. " " .. (failed.details or "")):find(pattern), failed.msg)
end

describe("zlnet.cni.keys", function()
  it("takes what the specification, runtimes and the bridge plugin have, where it is done or means nothing", function()
    for _, text in ipairs {
      "{}",
      [[{"cniVersion":"1.0.0","cniVersions":[],"name":"n","type":"zlnet-cni","capabilities":{"ips":true},"dns":{},
        "args":{},"runtimeConfig":{},"prevResult":{},"ipam":{},"disableCheck":true,"disableGC":true}]],
      [[{"mode":"bridge","bridge":"br0","isGateway":true,"isDefaultGateway":true,"forceAddress":true,"promiscMode":true,
        "hairpinMode":false,"portIsolation":false,"vlan":0,"vlanTrunk":[],"preserveDefaultVlan":true,
        "macspoofchk":false,"enabledad":true,"disableContainerInterface":false,"ipMasqBackend":"nftables"}]],
      [[{"mode":"bridge","hairpinMode":true,"portIsolation":true,"vlan":100}]],
      [[{"macspoofchk":true,"guard":true,"isolate":"blue","runtimeConfig":{"portMappings":[{"hostPort":80}]}}]],
      [[{"isGateway":true,"hairpinMode":true,"forceAddress":true,"mtu":1400,"ipMasq":true,"ipMasqBackend":""}]],
      [[{"cni.dev/valid-attachments":[],"io.kubernetes.cri.x":1,"a/b":2}]],
    } do
      assert.are.same({}, (check(text)), text)
    end
  end)

  it("refuses what it does not do and would isolate or publish, by the specification's code for that", function()
    for _, text in ipairs {
      '{"vlanTrunk":[{"id":2}]}', '{"vlanTrunk":[{"id":1}]}', '{"disableContainerInterface":true}', '{"vlan":100}',
      '{"portIsolation":true}', '{"bridge":"br0"}', '{"promiscMode":true}', '{"ipMasqBackend":"iptables"}',
      '{"mode":"bridge","disableContainerInterface":true}', '{"mode":"bridge","vlan":5,"isGateway":true}',
      '{"mode":"bridge","preserveDefaultVlan":true,"vlan":5}', '{"mode":"bridge","vlanTrunk":[{"minID":1,"maxID":9}]}',
      '{"runtimeConfig":{"bandwidth":{"ingressRate":1}}}',
    } do
      refused(2, text, text:gsub('"mode":"bridge",', ""):match '^{"(%a+)"')
    end
    refused(7, '{"mode":"bridge","hairpinMode":true,"promiscMode":true}', "exclude each other")
  end)

  it("refuses a key that is nearly one that it knows", function()
    for key, meant in pairs {
      ipmasq = "ipMasq", mtuu = "mtu", IPAM = "ipam", macSpoofChk = "macspoofchk", isgateway = "isGateway",
      isGatewy = "isGateway", portIsolations = "portIsolation", vlans = "vlan", rutes = "routes", modes = "mode",
    } do
      refused(7, ('{"%s":true}'):format(key), "'" .. key .. "' %(did you mean '" .. meant .. "'%?%)")
    end
  end)

  it("hands out the keys that mean nothing here", function()
    assert.are.same({ "keepAltName", "note", "uplink" }, (check '{"note":"x","uplink":1,"keepAltName":true}'))
  end)

  for what, text in pairs {
    ["a text for a switch"] = '{"hairpinMode":"true"}',
    ["a number for a switch"] = '{"mode":"bridge","portIsolation":1}',
    ["a VLAN out of range"] = '{"mode":"bridge","vlan":4095}',
    ["a VLAN that is a text"] = '{"mode":"bridge","vlan":"100"}',
    ["a number for ipam"] = '{"ipam":5}',
    ["a text for routes"] = '{"routes":"0.0.0.0/0"}',
  } do
    it("refuses " .. what, function()
      refused(7, text, "expected")
    end)
  end
end)
