-- SPDX-License-Identifier: MIT
-- Traffic control: what zlnet makes is what tc shows, and what tc makes is read, deleted and made again as it was.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"
local lfs = require "lfs"

describe("traffic control", function()
  helper.insulate()

  local h, ns

  before_each(function()
    ns = assert(core.netns.new())
    h = assert(core.open(ns))
    assert(h:newlink { ifname = "b0", linkinfo = { kind = "bridge" } })
  end)
  after_each(function()
    h:close()
    ns:close()
  end)

  local function tc(words)
    local ok, output = helper.sh(("nsenter --net=/proc/%s/fd/%d tc %s"):format(
      lfs.symlinkattributes("/proc/self", "target"), ns:fd(), words))
    return ok and output or nil, output
  end

  local function shown(words)
    return (assert(json.decode((assert(tc("-j -d " .. words))))))
  end

  -- Without what moves: counters, references.
  local function still(row)
    row.stats2, row.xstats, row.info, row.hw_offload = nil, nil, nil, nil
    return row
  end

  it("is made as tc shows it: a rate by tbf", function()
    assert(h:newqdisc { ifindex = "b0", parent = "root", handle = 0x10000, kind = "tbf", options = {
      parms = { rate = 125000, rate_linklayer = "ethernet", limit = 20000 }, burst = 10240,
    } })
    local q = shown("qdisc show dev b0")[1]
    assert.same({ "tbf", "1:", true, 125000, "10Kb/1" }, { q.kind, q.handle, q.root, q.options.rate, q.options.burst })
    local mine = assert(h:getqdiscs { ifindex = "b0" })[1]
    assert.same({ "tbf", 0x10000, "root", 125000 },
      { mine.kind, mine.handle, mine.parent, mine.options.parms.rate })
    assert.is_number(mine.stats2.basic.bytes)
    assert(h:delqdisc { ifindex = "b0", parent = "root" })
    assert.same({}, shown("qdisc show dev b0"))
  end)

  it("that tc made is read, deleted and made again: disciplines, also those without a table", function()
    local n = 0
    for _, words in ipairs {
      "root handle 1: tbf rate 1mbit burst 10k latency 10ms", "root handle 1: htb default 5 r2q 20",
      "root handle 1: fq_codel limit 500 target 3ms", "root handle 1: fq limit 500", "clsact", "ingress",
      "root handle 1: pfifo limit 77", "root handle 1: prio bands 4", "root handle 1: sfq perturb 5",
      "root handle 1: netem delay 10ms",
    } do
      if tc("qdisc add dev b0 " .. words) then
        n = n + 1
        local before, by_tc = assert(h:getqdiscs { ifindex = "b0" }), shown "qdisc show dev b0"
        assert.equal(1, #before, words)
        assert(h:delqdisc(before[1]))
        assert.same({}, shown "qdisc show dev b0")
        local ok, err = h:newqdisc(before[1])
        assert(ok, ("%s: %s %s"):format(words, err, err and err.attr))
        local again = shown "qdisc show dev b0"
        again[1].refcnt, by_tc[1].refcnt = nil, nil
        assert.same(by_tc, again)
        assert.same(still(before[1]), still(h:getqdiscs({ ifindex = "b0" })[1]))
        assert(h:delqdisc(before[1]))
      end
    end
    assert.is_true(n > 0)
  end)

  it("has classes and filters, read, deleted and made again", function()
    if not tc "qdisc add dev b0 root handle 1: htb default 5" then
      pending "this kernel has no htb"
    end
    assert(h:newtclass { ifindex = "b0", parent = 0x10000, handle = 0x10005, kind = "htb", options = {
      parms = { rate = 625000, rate_linklayer = "ethernet", ceil = 1125000, ceil_linklayer = "ethernet", buffer = 40000,
        cbuffer = 40000 },
    } })
    local text = assert(tc "class show dev b0")
    assert.match("htb 1:5 root .*rate 5Mbit ceil 9Mbit", text)
    local before = assert(h:gettclasses { ifindex = "b0" })
    assert.equal(1, #before)
    assert(h:deltclass(before[1]))
    assert.same({}, h:gettclasses { ifindex = "b0" })
    assert(h:newtclass(before[1]))
    assert.equal(text, (tc "class show dev b0"))
    if not tc "filter add dev b0 parent 1: protocol ip prio 7 u32 match ip dst 10.0.0.1 classid 1:5" then
      pending "this kernel has no u32"
    end
    local filters, by_tc = {}, tc "filter show dev b0 parent 1:"
    for _, filter in ipairs(assert(h:gettfilters { ifindex = "b0", parent = 0x10000, prio = 7 })) do
      assert.same({ "u32", 7, 0x0800 }, { filter.kind, filter.prio, filter.protocol })
      filters[#filters + 1] = filter.options and filter.options.unknown and filter.options.unknown[5] and filter or nil
    end
    assert.equal(1, #filters) -- beside the table of hashes and the priority itself
    assert(h:deltfilter { ifindex = "b0", parent = 0x10000, prio = 7 })
    assert.equal("", (tc "filter show dev b0 parent 1:"))
    local raw = filters[1].options.unknown -- that hardware has none of it, and its table of hashes, are the kernel's
    raw[2], raw[11] = nil, nil
    assert(h:newtfilter(filters[1]))
    assert.equal(by_tc, (tc "filter show dev b0 parent 1:"))
  end)

  it("is filtered by link and kind, and refuses what names nothing", function()
    assert(h:newqdisc { ifindex = "b0", parent = "ingress", handle = 0xffff0000, kind = "ingress" })
    assert.same({ "ingress" }, { (h:getqdiscs { kind = "ingress" })[1].kind })
    assert.same({}, h:getqdiscs { kind = "no-such-kind" })
    assert.same({}, h:getqdiscs { ifindex = "lo", kind = "ingress" })
    for method, case in pairs { delqdisc = "is named", deltclass = "is named", deltfilter = "is named",
      gettclasses = "ifindex: a link expected", gettfilters = "ifindex: a link expected" } do
      assert.error_matches(function()
        h[method](h, {})
      end, case, 1, true)
    end
    assert.error_matches(function()
      h:deltfilter { ifindex = "b0", parent = "ingress" } -- the kernel would delete them all
    end, "no tfilter is named: 'prio' is missing", 1, true)
  end)
end)
