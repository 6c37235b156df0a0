-- SPDX-License-Identifier: MIT
-- zlnet.nft held against nft(8), which reads back what we made, and makes what we read.
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"

-- What nft lists of the ruleset, without its own description.
local function ruleset()
  local ok, text = helper.sh "nft -j list ruleset"
  assert(ok, text)
  local list = json.decode(text).nftables
  table.remove(list, 1)
  return list
end

local function nft(script)
  local ok, text = helper.sh("nft -f - <<'END'\n" .. script .. "\nEND")
  assert(ok, text)
end

-- The one object of a kind in nft's list.
local function listed(kind, name)
  local ok, text = helper.sh "nft -j list ruleset"
  assert(ok, text)
  for _, entry in ipairs(json.decode(text).nftables) do
    if entry[kind] and (entry[kind].name == name or name == nil) then
      return entry[kind]
    end
  end
end

local T = { family = "inet", table = "t" }

local function of(t)
  for key, value in pairs(T) do
    t[key] = t[key] or value
  end
  return t
end

local DROP = { name = "immediate", data = { dreg = "reg_verdict", data = { verdict = { code = "drop" } } } }

describe("zlnet.nft", function()
  helper.insulate()

  local h

  before_each(function()
    h = assert(core.nft(nil))
  end)

  after_each(function()
    h:close()
    helper.sh "nft flush ruleset"
  end)

  -- A table with a chain that filters what comes in.
  local function base(batch)
    return batch:newtable { family = "inet", name = "t" }
      :newchain(of { name = "c", type = "filter", hook = { num = 1, priority = -5 }, policy = "accept" })
  end

  it("makes a table, a base chain and a rule as nft has them", function()
    assert(base(h:batch()):newrule(of { chain = "c", expressions = {
      { name = "meta", data = { key = "nfproto", dreg = "reg_1" } },
      { name = "cmp", data = { sreg = "reg_1", op = "eq", data = { value = "02" } } },
      { name = "payload", data = { dreg = "reg_1", base = "network_header", offset = 12, len = 4 } },
      { name = "cmp", data = { sreg = "reg_1", op = "eq", data = { value = "10.0.0.1" } } },
      { name = "counter", data = {} },
      DROP,
    } }):send())
    local made = ruleset()
    helper.sh "nft flush ruleset"
    nft [[
      add table inet t
      add chain inet t c { type filter hook input priority -5; policy accept; }
      add rule inet t c ip saddr 10.0.0.1 counter drop
    ]]
    local expected = ruleset()
    for _, list in ipairs { made, expected } do
      for _, entry in ipairs(list) do
        for _, object in pairs(entry) do
          object.handle = nil
        end
      end
    end
    assert.same(expected, made)
  end)

  it("makes sets and maps with elements: concatenated, in intervals, with a timeout, a comment, a verdict", function()
    assert(base(h:batch()):newchain(of { name = "c2" })
      :newset(of { name = "one", key_type = "ipv4_addr", key_len = 4, flags = { timeout = true }, id = 1 })
      :newset(of { name = "two", key_type = 7 << 6 | 13, key_len = 8, id = 2,
        flags = { interval = true, concat = true }, desc = { concat = { { len = 4 }, { len = 2 } } } })
      :newset(of { name = "three", key_type = "inet_service", key_len = 2, id = 3,
        flags = { map = true }, data_type = "verdict", data_len = 16 })
      :newsetelem(of { set = "one", elements = { { key = { value = "10.0.0.1" }, timeout = 3600000,
        userdata = "\0\6hello\0" } } })
      :newsetelem(of { set = "two", elements = { { key = { value = { "10.1.0.0", "0050" } },
        key_end = { value = { "10.1.255.255", "0051" } } } } })
      :newsetelem(of { set = "three", elements = { { key = { value = "0016" }, data = { verdict = { code = "jump",
        chain = "c2" } } } } }):send())
    local one = listed("set", "one").elem[1].elem
    assert.same({ "10.0.0.1", 3600, "hello" }, { one.val, one.timeout, one.comment })
    assert.same({ { concat = { { prefix = { addr = "10.1.0.0", len = 16 } }, { range = { 80, 81 } } } } },
      listed("set", "two").elem)
    assert.same({ { 22, { jump = { target = "c2" } } } }, listed("map", "three").elem)
  end)

  it("reads what nft made", function()
    nft [[
      table ip6 u {
        map m { type ipv6_addr : inet_service; elements = { fd00::1 : 80 } }
        chain c {
          type nat hook prerouting priority dstnat
          dnat to fd00::5 comment "to five"
          ip6 daddr fd00::/64 redirect
        }
      }
    ]]
    assert.same({ "u" }, { h:gettables({ family = "ip6" }, { "name" })[1].name })
    local chain = assert(h:getchain { family = "ip6", table = "u", name = "c" })
    assert.same({ "nat", { num = 0, priority = -100 }, "accept", 2 },
      { chain.type, chain.hook, chain.policy, chain.use })
    local set = assert(h:getsets { family = "ip6", table = "u" })[1]
    assert.same({ "m", "ipv6_addr", 16, "inet_service", 2, { map = true } },
      { set.name, set.key_type, set.key_len, set.data_type, set.data_len, set.flags })
    assert.same({ { key = { value = "fd00" .. ("0"):rep(27) .. "1" }, data = { value = "0050" } } },
      h:getsetelems { family = "ip6", table = "u", set = "m" })
    local rules = assert(h:getrules { family = "ip6", table = "u", chain = "c" })
    assert.same({ { name = "immediate", data = { dreg = "reg_1", data = { value = "fd00" .. ("0"):rep(27) .. "5" } } },
      { name = "nat", data = { type = "dnat", family = "ip6", reg_addr_min = "reg_1", reg_addr_max = "reg_1",
        flags = { map_ips = true } } } }, { rules[1].expressions[1], rules[1].expressions[2] })
    assert.equal("\0\8to five\0", rules[1].userdata)
    assert.equal("redir", rules[2].expressions[#rules[2].expressions].name)
  end)

  it("makes again what it has read of nft's rules: also expressions that there is no table for", function()
    nft [[
      table inet t {
        set s { type ipv4_addr . inet_service; }
        counter n { }
        chain c {
          type filter hook forward priority 0
          ip saddr . tcp dport @s counter accept
          ip saddr != 10.0.0.0/8 ct state established,related accept
          meta mark set ct mark
          tcp dport 1000-2000 limit rate 5/second log prefix "x" group 2 reject with tcp reset
          fib saddr . iif oif missing drop
          ct mark set meta mark and 0xff
          counter name "n" notrack
          ip ttl > 5 return
          iifname "veth*" @th,32,16 5 drop
          tcp option maxseg size > 1000 drop
        }
        chain d {
          type nat hook prerouting priority -100
          tcp dport 80 redirect to :8080
          udp dport { 53, 54 } dnat ip to 10.0.0.5:53
        }
        chain e {
          type nat hook postrouting priority 100
          oifname "eth0" tcp dport 80 masquerade to :1024-2048
          snat ip to 10.0.0.1
        }
      }
    ]]
    local batch, unknown, n = h:batch(), {}, 0
    for _, chain in ipairs { "c", "d", "e" } do
      batch:newchain(of { name = "again-" .. chain })
      for _, rule in ipairs(assert(h:getrules(of { chain = chain }))) do
        local again = { family = "inet", table = "t", chain = "again-" .. chain, expressions = rule.expressions }
        for _, e in ipairs(rule.expressions) do
          local data = e.data or e.name == "notrack" and {}
          unknown[#unknown + 1] = data.unknown and e.name
          again = not (data.set or ""):find "^__" and again or nil -- a set without a name is its rule's
        end
        if again then
          batch:newrule(again)
          n = n + 1
        end
      end
    end
    assert.same({ "exthdr" }, unknown)
    assert.equal(13, n)
    assert(batch:send())
    local rules = { c = {}, d = {}, e = {} }
    for _, entry in ipairs(ruleset()) do
      local name = entry.rule and entry.rule.chain
      local text = entry.rule and json.encode(entry.rule.expr)
      if name and not text:find '"set":%[' then
        local list = rules[name:match "[^-]*$"]
        list[name] = list[name] or {}
        table.insert(list[name], text)
      end
    end
    assert.equal(10, #rules.c.c)
    for name, list in pairs(rules) do
      assert.same(list[name], list["again-" .. name])
    end
  end)

  it("does all of a transaction or nothing, and says of each message what was wrong with it", function()
    local before = ruleset()
    local ok, err = base(h:batch())
      :newrule(of { chain = "c", expressions = { DROP, { name = "lookup", data = { set = "no", sreg = "reg_1" } } } })
      :newset(of { name = "s", key_type = "ipv4_addr", key_len = 4, id = 1 })
      :delset(of { name = "no" }):send()
    assert.is_nil(ok)
    assert.same({ "netlink", "ENOENT", "newrule", 3, "expressions[2]" },
      { err.kind, err.code, err.op, err.item, err.attr })
    assert.same({ { "delset", 5, "ENOENT" } }, { { err.others[1].op, err.others[1].item, err.others[1].code } })
    assert.same(before, ruleset())
  end)

  it("refuses what is there already, unless it is told to add", function()
    assert(base(h:batch()):send())
    local ok, err = h:batch():newtable({ family = "inet", name = "t" }, "create"):send()
    assert.same({ nil, "EEXIST", "newtable" }, { ok, err.code, err.op })
    assert(h:batch():newtable({ family = "inet", name = "t" }, "add"):send())
  end)

  it("puts rules at the end, at the beginning, or in place of another", function()
    local function rule(address)
      return of { chain = "c", expressions = {
        { name = "payload", data = { dreg = "reg_1", base = "network_header", offset = 12, len = 4 } },
        { name = "cmp", data = { sreg = "reg_1", op = "eq", data = { value = address } } } } }
    end
    local results = assert(base(h:batch()):newrule(rule "10.0.0.2"):newrule(rule "10.0.0.3")
      :newrule(rule "10.0.0.1", "insert"):send { objects = true })
    local replacing = rule "10.0.0.4"
    replacing.handle = results[3].handle
    assert(h:batch():newrule(replacing, "replace"):send())
    local order = {}
    for i, r in ipairs(assert(h:getrules(of { chain = "c" }))) do
      order[i] = r.expressions[2].data.data.value
    end
    assert.same({ "0a000001", "0a000004", "0a000003" }, order)
  end)

  it("gives back what was made, when asked to", function()
    local results = assert(base(h:batch()):send { objects = true })
    assert.same({ "t", "c", "filter" }, { results[1].name, results[2].name, results[2].type })
    assert.same({ true, true, true }, base(h:batch():deltable { family = "inet", name = "t" }):send())
  end)

  it("is refused when another transaction came since the generation that it is for", function()
    local generation = assert(h:getgen()).id
    nft "add table inet other"
    local ok, err = base(h:batch()):send { generation = generation }
    assert.same({ nil, "ERESTART" }, { ok, err.code })
    assert.is_nil(listed("table", "t"))
    assert(base(h:batch()):send { generation = assert(h:getgen()).id })
  end)

  it("adds thousands of elements in one transaction, and reads them all", function()
    local batch = base(h:batch()):newset(of { name = "s", key_type = "ipv4_addr", key_len = 4, id = 1 })
    for i = 0, 99 do
      local elements = {}
      for j = 0, 99 do
        elements[#elements + 1] = { key = { value = ("10.0.%d.%d"):format(i, j) } }
      end
      batch:newsetelem(of { set = "s", elements = elements })
    end
    assert(batch:send())
    -- the kernel gives a set that grew a larger table by and by, and a list that is read meanwhile is not whole
    helper.eventually(function()
      local seen, n = {}, 0
      for _, e in ipairs(assert(h:getsetelems(of { set = "s" }))) do
        n = n + (seen[e.key.value] and 0 or 1)
        seen[e.key.value] = true
      end
      return n == 10000
    end)
  end)

  it("finds one element by its key", function()
    assert(base(h:batch()):newset(of { name = "s", key_type = "ipv4_addr", key_len = 4, id = 1 })
      :newsetelem(of { set = "s", elements = { { key = { value = "10.0.0.1" }, userdata = "\0\2x\0" } } }):send())
    assert.same({ { key = { value = "0a000001" }, userdata = "\0\2x\0" } },
      h:getsetelem(of { set = "s", elements = { { key = { value = "10.0.0.1" } } } }))
    local none, err = h:getsetelem(of { set = "s", elements = { { key = { value = "10.0.0.2" } } } })
    assert.same({ nil, "ENOENT", "elements[1]" }, { none, err.code, err.attr })
  end)

  it("lists and deletes tracked connections", function()
    nft [[
      add table inet t
      add chain inet t c { type filter hook output priority 0; }
      add rule inet t c ct state new accept
    ]]
    helper.ip("link", "set", "lo", "up")
    assert(helper.ping(nil, "127.0.0.1"))
    local found
    for _, c in ipairs(assert(h:getconntracks { family = "inet" })) do
      found = c.tuple_orig.tuple_ip.v4_dst == "127.0.0.1" and c or found
    end
    assert.truthy(found)
    assert(h:delconntrack { family = "inet", tuple_orig = found.tuple_orig, id = found.id })
    assert.same({}, h:getconntracks { family = "inet" })
    helper.ip("link", "set", "lo", "down")
  end)

  it("works in the namespace that it was opened in", function()
    local ns <close> = assert(core.netns.new())
    local there <close> = assert(core.nft(ns))
    assert(base(there:batch()):send())
    assert.same({}, ruleset())
    assert.equal(1, #assert(there:gettables()))
  end)

  it("refuses what is no such message, before anything is sent", function()
    local batch = h:batch()
    for _, case in ipairs {
      { "name: string expected, got number", { name = 1 } },
      { "nam: unknown key", { nam = "x" } },
      { "family: unknown name 'ipv4'", { family = "ipv4", name = "x" } },
    } do
      local ok, err = pcall(batch.newtable, batch, case[2])
      assert.same({ false, case[1] }, { ok, err:match "%((.*)%)$" })
    end
    for _, case in ipairs {
      { "elements[1].key.value: an address, hexadecimal bytes or a name in double quotes expected, got '10.0.0'",
        { { key = { value = "10.0.0" } } } },
      { "elements[2].key.value: at most 64 bytes", { { key = { value = "00" } },
        { key = { value = { ("00"):rep(60), "fd00::1" } } } } },
      { "elements[1].data.verdict.code: unknown name 'reject'", { { data = { verdict = { code = "reject" } } } } },
    } do
      local ok, err = pcall(batch.newsetelem, batch, of { set = "s", elements = case[2] })
      assert.same({ false, case[1] }, { ok, err:match "%((.*)%)$" })
    end
    assert.equal(0, #batch)
    assert.has_error(function()
      batch:newtable({ name = "t" }, "change")
    end)
  end)

  it("is left without waiting for what was deleted, by a thread or a child", function()
    for _, child in ipairs { false, true } do
      assert(base(h:batch()):newset(of { name = "s", key_type = "ipv4_addr", key_len = 4, id = 1 })
        :newsetelem(of { set = "s", elements = { { key = { value = "10.0.0.1" } } } }):send())
      assert(h:batch():delsetelem(of { set = "s", elements = { { key = { value = "10.0.0.1" } } } }):send())
      h:leave(child)
      h:leave(child)
      assert.equal("nftables handle (closed)", tostring(h))
      h = assert(core.nft(nil))
      assert.same({}, h:getsetelems(of { set = "s" }))
      helper.sh "nft flush ruleset"
    end
  end)

  it("says so when it is closed, and closing it twice is no error", function()
    local batch = h:batch()
    h:close()
    h:close()
    assert.has_error(function()
      h:gettables()
    end)
    assert.has_error(function()
      batch:send()
    end)
    assert.equal("nftables handle (closed)", tostring(h))
  end)
end)
