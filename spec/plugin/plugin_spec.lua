-- SPDX-License-Identifier: MIT
-- zlnet-cni as it is installed: a program with Lua and all of our modules in it (csrc/plugin/plugin.c, lua/bundle.lua).
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local json = require "dkjson"

local PLUGIN = helper.build .. "/zlnet-cni"

describe("the compiled zlnet-cni", function()
  helper.insulate()

  local directory

  before_each(function()
    directory = cni.directory()
    helper.sh "ip link set lo up"
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  -- Nothing of what finds modules in the checkout is there: another directory, an empty environment.
  local function call(command, conf, c)
    local text = ("cd / && env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin CNI_COMMAND=%s CNI_CONTAINERID=c1 CNI_NETNS=%s "
      .. "CNI_IFNAME=eth0 CNI_PATH=%s %s <<'E'\n%s\nE"):format(command, c and cni.netns(c) or "/x", directory, PLUGIN,
      json.encode(conf))
    local ok, out = helper.sh(text)
    return ok, json.decode(out), out
  end

  local function missing()
    local head = cni.read(PLUGIN)
    if not head or head:sub(1, 4) ~= "\127ELF" then
      pending "it is not built, or there is no library of Lua to build it with"
      return true
    end
  end

  it("answers VERSION", function()
    if missing() then
      return
    end
    local ok, answer = call("VERSION", {})
    assert.is_true(ok)
    assert.are.equal("1.1.0", answer.supportedVersions[#answer.supportedVersions])
  end)

  it("has every module that a command needs", function()
    if missing() then
      return
    end
    local c = helper.container()
    cni.script(directory, "fake", [[cat >/dev/null; [ $CNI_COMMAND != ADD ] ||
      echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.3/24","gateway":"10.1.2.1"},{"address":"fd00::3/64"}]}']])
    for mode, more in pairs { routed = {}, bridge = { bridge = "br-cni", isGateway = true } } do
      local conf = { cniVersion = "1.1.0", name = "net", type = "zlnet-cni", mode = mode, ipam = { type = "fake" },
        ipMasq = helper.sh "command -v nft" and true or nil }
      for key, value in pairs(more) do
        conf[key] = value
      end
      assert.is_true(call("STATUS", conf))
      local ok, result, out = call("ADD", conf, c)
      assert.is_true(ok, out)
      assert.are.equal("eth0", c:ip_json("link")[2].ifname)
      assert.is_false((call("ADD", conf, c)))
      conf.prevResult = result
      ok, result, out = call("CHECK", conf, c)
      assert.is_true(ok, out)
      assert.is_nil(result)
      assert.is_true(call("DEL", conf, c))
      assert.are.equal(1, #c:ip_json "link")
      conf.prevResult, conf["cni.dev/valid-attachments"] = nil, json.decode "[]"
      ok, result, out = call("GC", conf, c)
      assert.is_true(ok, out)
      assert.is_nil(result)
    end
    helper.sh "ip link delete br-cni"
  end)

  it("undoes and reports what goes wrong", function()
    if missing() then
      return
    end
    local c = helper.container()
    cni.script(directory, "fake", [[cat >/dev/null; echo '{"ips":[{"address":"10.1.2.3/24"}]}']])
    local ok, answer = call("ADD", { cniVersion = "1.0.0", name = "net", ipam = { type = "fake" },
      routes = { { dst = "10.9.0.0/16", gw = "127.0.0.1" } } }, c)
    assert.is_false(ok)
    assert.are.equal(999, answer.code)
    assert.is_truthy(answer.msg)
    assert.are.equal(1, #c:ip_json "link")
  end)

  -- The plugin is guessed from the text before Lua reads it.
  local function add(text, c, path)
    return helper.sh(("env -i PATH=/bin CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=%s CNI_IFNAME=eth0 CNI_PATH=%s "
      .. "%s <<'E'\n%s\nE"):format(c and cni.netns(c) or "/x", path or directory, PLUGIN, text))
  end

  -- Each writes down that it was started, and what it was told.
  local function write_down(names)
    for _, name in ipairs(names) do
      cni.script(directory, name, ([[echo "$0 started" >>%s/log; text=$(cat); echo "$0 told ${#text}" >>%s/log
        [ $CNI_COMMAND != ADD ] || echo '{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}]}']]):format(directory,
        directory))
    end
  end

  local function logged()
    return ((cni.read(directory .. "/log") or ""):gsub(directory .. "/", ""))
  end

  it("starts the IPAM plugin once and tells it all, however it is written down", function()
    if missing() then
      return
    end
    local c = helper.container()
    write_down { "fake", "other" }
    local long = (" "):rep(70000)
    for _, conf in ipairs {
      [["ipam":{"type":"fake"}]],
      [["ipam" : { "x":{"type":"other"}, "y":["type","other"], "type"
        :"fake"}]],
      [["x":{"ipam":{"type":"other"}},"type":"other","y":["ipam",{"type":"other"}],"z":"\"ipam\":{",
        "ipam":{"type":"fake"}]],
      [["ipam":{"type":"f\u0061ke"}]],
      [["\u0069pam":{"type":"fake"}]],
      long .. [["ipam":{"type":"fake"}]],
      [["ipam":{"type":"fake"}]] .. long,
    } do
      local text = [[{"cniVersion":"1.0.0","name":"net",]] .. conf .. "}"
      os.remove(directory .. "/log")
      local ok, out = add(text, c)
      assert.is_true(ok, out)
      assert.are.equal(("fake started\nfake told %d\n"):format(#text), logged())
      assert.is_true(helper.sh("ip link delete dev " .. json.decode(out:match "{.*").interfaces[1].name))
    end
  end)

  it("tells nothing to one that was not meant, or where nothing is to be done", function()
    if missing() then
      return
    end
    local c = helper.container()
    write_down { "fake", "other" }
    local ok, out = add([[{"cniVersion":"1.0.0","name":"net","ipam":{"type":"other"},"ipam":{"type":"fake"}}]], c)
    assert.is_true(ok, out)
    assert.is_nil(logged():find "other told")
    assert.is_truthy(logged():find "fake told")
    os.remove(directory .. "/log")
    for _, text in ipairs {
      [[{"cniVersion":"9.9.9","name":"net","ipam":{"type":"fake"}}]],
      [[{"cniVersion":"1.0.0","name":"net","ipam":{"type":"fake"}]],
      [[{"cniVersion":"1.0.0","name":"net","ipam":{"type":"fake"},"mtu":-1}]],
      [[{"cniVersion":"1.0.0","name":"net","ipam":{"type":"..","type":"fake"}} x]],
    } do
      assert.is_false((add(text, c)))
    end
    local plain = [[{"cniVersion":"1.0.0","name":"net","ipam":{"type":"fake"}}]]
    assert.is_false((add(plain)))
    assert.is_false((add(plain, c, "/x:" .. directory .. "/log")))
    assert.is_nil(logged():find "told")
  end)
end)
