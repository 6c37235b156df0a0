-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local library = require "zlnet"
local zlnet = require "spec.support.cli"

describe("zlnet metrics", function()
  helper.insulate()

  local function scrape()
    local status, stdout, stderr = zlnet "metrics"
    assert.equal(0, status, stderr)
    local values = {}
    for name, value in stdout:gmatch "\n([%w_]+{[^\n]*}) (%d+)" do
      assert.is_nil(values[name])
      values[name] = math.tointeger(tonumber(value))
    end
    return values, stdout
  end

  it("has what the kernel counts of each attachment, as the container sees it", function()
    local c = helper.container()
    local a = assert(library.attach { pid = c.pid, ip = "10.209.0.5" })
    assert.is_true((helper.ping(nil, "10.209.0.5")))
    local function name(what)
      return ('zlnet_%s_total{id="",pid="%d",tag="s",ifname="%s"}'):format(what, c.pid, a.host_ifname)
    end
    local before = helper.ip_json("-s", "link", "show", "dev", a.host_ifname)[1].stats64
    local values, text = scrape()
    local after = helper.ip_json("-s", "link", "show", "dev", a.host_ifname)[1].stats64
    local sent = values[name "transmit_bytes"]
    assert.is_true(before.rx.bytes <= sent and sent <= after.rx.bytes and sent > 0)
    local received = values[name "receive_packets"]
    assert.is_true(before.tx.packets <= received and received <= after.tx.packets and received > 0)
    assert.equal(1, values['zlnet_verdicts{verdict="alive"}'])
    assert.equal(0, values['zlnet_verdicts{verdict="orphan"}'])
    assert.truthy(text:find "# EOF\n$")
    local _, stdout = zlnet("metrics", "--json")
    local document = json.decode(stdout)
    assert.is_true(document.attachments[1].receive_packets >= received)
    assert.equal(1, document.verdicts.alive)
  end)

  it("lets no name of others out of its label", function()
    local ns <close> = assert(library.netns.new())
    assert(library.attach { netns = ns, id = 'a"b\\c\n\27[2J\xff', ip = "10.209.0.6" })
    local _, text = scrape()
    assert.truthy(text:find('id="a\\"b\\\\c\\\\x0a\\\\x1b[2J\\\\xff"', 1, true), text)
    assert(library.detach(assert(library.attachments())))
  end)
end)
