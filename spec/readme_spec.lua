-- SPDX-License-Identifier: MIT
-- What README says is so. Each ```lua block runs as printed, as a script whose argument is a container's pid, which the
-- global `pid` is too; what follows `-->` is what print prints. Each ```sh block runs with $pid and `zlnet`.
local cni = require "spec.support.cni"
local helper = require "spec.support.helper"
local json = require "dkjson"
local lfs = require "lfs"
local netlink = require "zlnet.netlink"
local options = require "zlnet.attach.options"
local zlnet = require "zlnet"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

local readme = read "README.md"

-- The fenced blocks of a language: their text, and the line where they begin.
local function blocks(language)
  local list = {}
  for position, text in readme:gmatch("\n```" .. language .. "\n()(.-)\n```") do
    local _, line = readme:sub(1, position - 1):gsub("\n", "")
    list[#list + 1] = { text = text, line = line + 1 }
  end
  return list
end

-- The first cells of the table which follows a heading row that begins so.
local function column(heading, number)
  local from = assert(readme:find("\n| " .. heading, 1, true), heading)
  local cells = {}
  for row in readme:sub(from + 1, (readme:find("\n\n", from + 1, true))):gmatch "([^\n]+)\n" do
    local cell, i = nil, 0
    for text in row:gmatch "|([^|]*)" do
      i = i + 1
      cell = i == (number or 1) and text:match "^%s*(.-)%s*$" or cell
    end
    cells[#cells + 1] = cell
  end
  return table.move(cells, 3, #cells, 1, {})
end

describe("README", function()
  helper.insulate()

  -- what a block may leave for the next reader to see
  after_each(function()
    for _, link in ipairs(helper.ip_json("link", "show", "type", "veth")) do
      helper.sh("ip link delete " .. link.ifname)
    end
    helper.sh "ip link delete br0; ip link delete overlay"
    assert(netlink.set_sysctl("net.ipv4.ip_forward", 0))
    assert(netlink.set_sysctl("net.ipv6.conf.all.forwarding", 0))
  end)

  for _, block in ipairs(blocks "lua") do
    it(("runs as printed: the Lua of line %d"):format(block.line), function()
      local c = helper.container()
      local printed, expected = {}, {}
      for text in block.text:gmatch "%-%-> ([^\n]*)" do
        expected[#expected + 1] = text
      end
      local env = setmetatable({
        pid = c.pid,
        arg = { [0] = "script.lua", tostring(c.pid) },
        print = function(...)
          local words = table.pack(...)
          for i = 1, words.n do
            words[i] = tostring(words[i])
          end
          printed[#printed + 1] = table.concat(words, "\t")
        end,
      }, { __index = _G })
      assert(load(block.text, "=README", "t", env))()
      if #expected > 0 then
        assert.are.same(expected, printed)
      end
    end)
  end

  for _, block in ipairs(blocks "sh") do
    it(("runs as printed: the shell commands of line %d"):format(block.line), function()
      local c = helper.container()
      local script = ("set -eu; pid=%d; zlnet() { %s lua/bin/zlnet \"$@\"; }\n%s"):format(c.pid, helper.lua, block.text)
      local ok, text = helper.sh("sh -c " .. helper.quote(script))
      assert.is_true(ok, text)
    end)
  end

  for _, block in ipairs(blocks "json") do
    it(("attaches as printed: the CNI configuration of line %d"):format(block.line), function()
      local conflist = json.decode(block.text)
      local conf = conflist.plugins[1]
      if not cni.plugins then
        pending(cni.missing)
        return
      end
      assert.are.equal("zlnet-cni", conf.type)
      conf.cniVersion, conf.name, conf.ipam.dataDir = conflist.cniVersion, conflist.name, cni.directory()
      local c = helper.container()
      local call = {
        command = "ADD", container = "web-1", netns = ("/proc/%d/ns/net"):format(c.pid), ifname = "eth0",
        path = cni.plugins, conf = conf,
      }
      local status, result = cni.call(call)
      assert.are.equal(0, status, json.encode(result))
      assert.is_true((helper.ping(nil, (result.ips[1].address:gsub("/.*", "")))))
      assert.are.equal(1, #c:ip_json("route", "show", "default"))
      call.command = "DEL"
      assert.are.equal(0, (cni.call(call)))
      assert.are.same({}, helper.ip_json("link", "show", "type", "veth"))
      helper.sh("rm -r " .. conf.ipam.dataDir)
    end)
  end

  it("has every subcommand", function()
    local listed = {}
    for _, cell in ipairs(column "command |") do
      for name in cell:gmatch "`(%l+)`" do
        listed[name] = true
      end
    end
    for _, name in ipairs(require("zlnet.cli").commands) do
      assert.is_true(listed[name], name)
      listed[name] = nil
    end
    assert.are.same({}, listed)
  end)

  it("opens with a script of 15 lines that attaches a container, and has more to show", function()
    local first = blocks("lua")[1]
    local _, lines = first.text:gsub("\n", "")
    assert.is_true(lines + 1 <= 17, lines + 1 .. " lines")
    assert.is_truthy(first.text:find "zlnet.attach")
    assert.is_true(#blocks "lua" >= 5 and #blocks "sh" >= 1)
  end)

  it("has links that lead somewhere in a checkout, as its other pages have", function()
    local function anchors(text)
      local there = {}
      for heading in ("\n" .. text):gmatch "\n#+ ([^\n]+)" do
        there[heading:lower():gsub("[^%w%- ]", ""):gsub(" ", "-")] = true
      end
      return there
    end
    local pages = { ["README.md"] = readme, ["spec/doc/tutorial.md"] = read "spec/doc/tutorial.md",
      ["spec/bench/NOTES.md"] = read "spec/bench/NOTES.md", ["spec/fault/README.md"] = read "spec/fault/README.md" }
    for path, text in pairs(pages) do
      local directory = path:match "^(.*/)" or ""
      for link in text:gsub("\n```.-\n```", ""):gsub("`[^`\n]*`", ""):gmatch "%]%(([^)%s]+)%)" do
        local file, anchor = link:match "^([^#]*)#?(.*)$"
        if not file:find "^https?:" then
          local target = file == "" and text or read(directory .. file)
          assert.is_true(anchor == "" or anchors(target)[anchor] == true, path .. ": " .. link)
        end
      end
    end
  end)

  it("names files and rooms that are there, where it says how to change things", function()
    local n = 0
    for name in readme:match "\n## Layout\n(.-)\n## What is promised\n":gmatch "`([%w_.-]+/[%w_./-]+)`" do
      if not name:find "%u%u" and not name:find "^spec/a/" and not name:find "/a/" then -- OBJECT.c, a/b.lua
        assert.is_truthy(lfs.attributes(name, "mode"), name)
        n = n + 1
      end
    end
    assert.is_true(n > 25)
  end)

  it("names targets which the Makefile has", function()
    local makefile = read "Makefile" .. read "spec/reliability.mk" .. read "spec/cluster/cluster.mk"
    for target in readme:gsub("luarocks make", ""):gmatch "%f[%w]make ([a-z][a-z0-9-]*)%f[^a-z0-9-]" do
      assert.is_truthy(makefile:find("\n" .. target:gsub("%-", "%%-") .. ":"), target)
    end
  end)

  it("has every option of attach, with its default", function()
    local names, defaults = column "option | default", column("option | default", 2)
    local seen = {}
    for i, cell in ipairs(names) do
      for name in cell:gmatch "`([%w_]+)`" do
        seen[name] = defaults[i]
      end
    end
    for _, row in ipairs(options.attach) do
      local name, default = row[1], row[3]
      assert.is_not_nil(seen[name], name)
      if default ~= nil then
        local text = type(default) == "string" and ("`%q`"):format(default) or ("`%s`"):format(default)
        assert.are.equal(text, seen[name], name)
      end
      seen[name] = nil
    end
    assert.are.same({}, seen)
  end)

  it("has every verdict of sweep", function()
    local stated = {}
    for word in read("lua/zlnet/cleanup/verdict.lua"):match('"alive"|[^\n ]*'):gmatch '"([%a_]+)"' do
      stated["`" .. word .. "`"] = true
    end
    local listed = {}
    for _, cell in ipairs(column "verdict") do
      listed[cell] = true
    end
    assert.are.same(stated, listed)
  end)

  -- how to meet each error of the table; `attach` is attach to a container, with further options
  local errors = {
    ["`io` `ESRCH`"] = function(attach)
      return attach { pid = 4194304 }
    end,
    ["`io` `ENOENT`"] = function(attach)
      return attach { netns = "nowhere", id = "web-1" }
    end,
    ["`io` `EINVAL`"] = function(attach)
      local _, file = attach { netns = "/proc/version", id = "web-1" }
      assert.are.equal("EINVAL", file.code)
      return attach { netns = "/proc/self/ns/net", id = "web-1" }
    end,
    ["`netlink` `EEXIST`"] = function(attach)
      assert(attach {})
      return attach { tag = "g" }
    end,
    ["`netlink` `EADDRINUSE`"] = function(attach)
      helper.ip("addr", "add", "10.200.9.1/32", "dev", "lo")
      local a, err = attach { ip = "10.200.9.1" }
      helper.ip("addr", "del", "10.200.9.1/32", "dev", "lo")
      return a, err
    end,
    ["`netlink` `EACCES`"] = function(attach, c)
      c:exec "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
      assert(helper.sh "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
      local a, err = attach { ip = "fd00:200::5", forwarding = false }
      helper.sh "umount /proc/sys"
      return a, err
    end,
    ["`not_found` `ENODEV`"] = function(attach)
      return attach { mode = "bridge", bridge = "nowhere", gateway = "10.200.0.1" }
    end,
    ["`io` `EAGAIN`"] = function(attach)
      local here <close> = assert(zlnet.netns.open(nil))
      assert(here:lock("exclusive", 1))
      return attach { timeout = 0.05 }
    end,
  }

  -- the same, met by a process which lacks something
  local refusals = { ["`io` `EACCES`"] = "-sys_ptrace", ["`netlink` `EPERM`"] = "-net_admin" }

  local function without(capabilities, words)
    return helper.sh(("setpriv --bounding-set=%s --inh-caps=-all -- %s lua/bin/zlnet %s"):format(capabilities,
      helper.lua, words))
  end

  for _, cell in ipairs(column "`kind` `code`") do
    it("has the error " .. cell, function()
      local c = helper.container()
      local kind, code = cell:match "^`(.-)` `(.-)`$"
      local err
      if errors[cell] then
        local ok, e = errors[cell](function(opts)
          opts.pid, opts.ip = opts.pid or not opts.netns and c.pid or nil, opts.ip or "10.200.0.5"
          return zlnet.attach(opts)
        end, c)
        assert.is_nil(ok)
        err = e
      else
        local _, text = without(refusals[cell], ("attach --json --pid %d --ip 10.200.0.5"):format(c.pid))
        err = json.decode(text).error
      end
      assert.are.same({ kind, code }, { err.kind, err.code })
    end)
  end

  -- what each row of the privileges needs
  local privileges = {
    ["attach a process"] = function(try, c)
      try("-all,+net_admin,+sys_admin,+sys_ptrace", { "-net_admin", "-sys_admin", "-sys_ptrace" },
        ("attach --pid %d --ip 10.200.0.5"):format(c.pid))
    end,
    ["attach a named namespace or a path"] = function(try)
      helper.ip("netns", "add", "blue")
      local words = "attach --netns blue --id web-1 --ip 10.200.0.5"
      try("-all,+net_admin,+sys_admin", { "-net_admin", "-sys_admin" }, words)
      helper.ip("netns", "delete", "blue")
    end,
    ["detach"] = function(try, c)
      assert(zlnet.attach { pid = c.pid, ip = "10.200.0.5" })
      try("-all,+net_admin", { "-net_admin" }, "detach --pid " .. c.pid)
      assert.are.same({}, helper.ip_json("link", "show", "type", "veth"))
    end,
    ["sweep"] = function(try)
      local dead = helper.container()
      assert(zlnet.attach { pid = dead.pid, ip = "10.200.0.5" })
      local held = assert(zlnet.netns.open(dead.pid))
      dead:kill()
      local _, text = without("-all,+net_admin", "sweep --keep-held --json")
      assert.are.equal("unknown", json.decode(text).verdicts[1].verdict)
      try("-all,+net_admin", { "-net_admin" }, "sweep")
      held:close()
      assert.are.same({}, helper.ip_json("link", "show", "type", "veth"))
    end,
    ["all of it, as nobody"] = function()
      if not helper.user_namespaces() then
        pending "no user namespaces here"
        return
      end
      local sandbox = assert(readme:match "as nobody | [^`]*`(unshare [^`]*)`")
      local script = [[
        unshare --net sleep 1000 & pid=$!
        until [ "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
        $0 lua/bin/zlnet attach --pid $pid --ip 10.200.0.5 && ping -c 1 -W 20 10.200.0.5 &&
        $0 lua/bin/zlnet detach --pid $pid && $0 lua/bin/zlnet sweep]]
      local ok, text = helper.sh(("%s sh -c %s %s"):format(sandbox, helper.quote(script), helper.lua))
      assert.is_true(ok, text)
    end,
  }

  for _, cell in ipairs(column "to |") do
    it("has the privileges to " .. cell, function()
      local c = helper.container()
      privileges[cell](function(enough, missing, words)
        for _, set in ipairs(missing) do
          local ok, text = without(set, words)
          assert.is_false(ok, set)
          local name = set:match "%-(.*)":upper()
          assert.is_truthy(text:find("lacks CAP_" .. name, 1, true), text)
        end
        local ok, text = without(enough, words)
        assert.is_true(ok, text)
      end, c)
    end)
  end

  it("has all of the origin's functions", function()
    local section = readme:match "\n## Coming from elsewhere\n(.-)\n## "
    local n = 0
    for name in pairs(netlink) do
      n = n + 1
      assert.is_truthy(section:find("zlnet." .. name .. "(", 1, true), name)
    end
    assert.are.equal(14, n)
  end)
end)
