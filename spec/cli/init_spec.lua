-- SPDX-License-Identifier: MIT
local cli = require "zlnet.cli"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
local json = require "dkjson"
local zlnet = require "spec.support.cli"

describe("the zlnet command", function()
  helper.insulate()

  it("prints the version", function()
    local status, stdout = zlnet "--version"
    assert.are.equal(0, status)
    assert.are.equal("zlnet " .. core.version .. "\n", stdout)
  end)

  it("lists every subcommand in its help", function()
    local status, stdout = zlnet "--help"
    assert.are.equal(0, status)
    for _, name in ipairs(cli.commands) do
      assert.is_truthy(stdout:find("\n   " .. name .. " ", 1, true), name)
    end
  end)

  it("has help with examples, lines of at most 80 columns, for every subcommand", function()
    for _, name in ipairs(cli.commands) do
      local status, stdout, stderr = zlnet(name, "--help")
      assert.are.equal(0, status)
      assert.are.equal("", stderr)
      assert.is_truthy(stdout:find("Examples:\n   zlnet " .. name, 1, true), name)
      assert.is_truthy(stdout:find("Exit status: 0", 1, true), name)
      for line in stdout:gmatch "[^\n]+" do
        assert.is_true(utf8.len(line) <= 80, line)
      end
    end
  end)

  it("ends with status 2 and one clear line for wrong use, and prints nothing else", function()
    for text, words in pairs {
      ["zlnet: a command is required"] = {},
      ["zlnet: unknown command 'detahc'. Did you mean 'detach'?"] = { "detahc" },
      ["zlnet: unknown option '--jsn'"] = { "--jsn" },
      ["zlnet attach: unknown option '--pdi'. Did you mean '--pid'?"] = { "attach", "--pdi", "1" },
      ["zlnet attach: option '--pid' requires an argument"] = { "attach", "--pid" },
      ["zlnet attach: too many arguments"] = { "attach", "4242" },
      ["zlnet attach: option '--pid' must be used at most 1 time"] = { "attach", "--pid", "1", "--pid", "2" },
    } do
      local status, stdout, stderr = zlnet(table.unpack(words))
      assert.are.equal(2, status)
      assert.are.equal("", stdout)
      assert.are.equal(text, stderr:match "^[^\n]*")
      assert.is_truthy(stderr:find "^[^\n]*\nTry 'zlnet[ a-z]* %-%-help'%.\n$", stderr)
    end
  end)

  it("ends with status 2 for what the library finds wrong, named as on the command line", function()
    for text, words in pairs {
      ["zlnet attach: --pid: required (or netns)"] = { "attach", "--ip", "10.0.0.5" },
      ["zlnet attach: --host-mac: "] = { "attach", "--pid", "1", "--ip", "10.0.0.5", "--host-mac", "x" },
      ["zlnet detach: --pid: required (or --id, --name, --batch)"] = { "detach", "--tag", "s" },
      ["zlnet sweep: --timeout: a positive number of seconds expected, got 'soon'"] = { "sweep", "--timeout", "soon" },
    } do
      local status, stdout, stderr = zlnet(table.unpack(words))
      assert.are.equal(2, status, stderr)
      assert.are.equal("", stdout)
      assert.are.equal(text, stderr:sub(1, #text))
    end
  end)

  it("prints one JSON document for wrong use, too", function()
    for text, words in pairs {
      ["--ip: required"] = { "attach", "--json", "--pid", "1" },
      ["unknown option '--pdi'. Did you mean '--pid'?"] = { "attach", "--pdi", "1", "--json" },
      ["option '--pid' requires an argument"] = { "detach", "--json", "--pid" },
      ["--timeout: a positive number of seconds expected, got 'soon'"] = { "sweep", "--json", "--timeout", "soon" },
      ["--batch: stdin, line 1: a JSON object expected"] = { "attach", "--json", "--batch", "-" },
      ["unknown option '--json'"] = { "--json" },
      ["unknown option '--\\xff'"] = { "list", "--json", "--\xff" },
    } do
      local quoted = {}
      for i, word in ipairs(words) do
        quoted[i] = helper.quote(word)
      end
      local ok, stdout, status = helper.sh(("echo nonsense | %s lua/bin/zlnet %s"):format(helper.lua,
        table.concat(quoted, " ")))
      assert.is_false(ok)
      assert.are.equal(2, status)
      local document, rest = json.decode(stdout)
      assert.is_nil(stdout:find("%S", rest))
      assert.are.equal("usage", document.error.kind)
      assert.are.equal(text, document.error.message:sub(1, #text))
    end
  end)

  it("escapes what it was given wrong", function()
    local _, _, stderr = zlnet("attach", "--\27[2J")
    assert.are.equal("zlnet attach: unknown option '--\\x1b[2J'", stderr:match "^[^\n]*")
    _, _, stderr = zlnet("attach", "--pid", 1, "--ip", "\27[2J")
    assert.is_nil(stderr:find "\27", stderr)
  end)

  it("refuses a namespace that has no name, before anything is done", function()
    for _, name in ipairs { ".", "..", ("x"):rep(256), "" } do
      for _, words in ipairs { { "attach", "--id", "web-1", "--ip", "10.0.0.5" },
        { "plan", "--id", "web-1", "--ip", "10.0.0.5" }, { "check" } } do
        words[#words + 1], words[#words + 2] = "--netns", name
        local status, stdout, stderr = zlnet(table.unpack(words))
        assert.are.same({ 2, "" }, { status, stdout })
        assert.is_truthy(stderr:find("zlnet " .. words[1] .. ": --netns: ", 1, true), stderr)
      end
    end
  end)

  -- The status, and what stderr got, of words whose stdout goes there.
  local function redirected(words, where)
    local _, stderr, status = helper.sh(("{ %s lua/bin/zlnet %s 2>&1 >&3; } 3%s"):format(helper.lua, words, where))
    return status, stderr
  end

  it("fails when its answer cannot be written", function()
    for _, words in ipairs { "probe", "list --json", "--version", "--help", "sweep --help", "manual", "completion bash",
      "check", "attach --json" } do
      local status = redirected(words, ">/dev/full")
      assert.are.equal(words == "attach --json" and 2 or 1, status, words)
    end
    local status, stderr = redirected("list", ">/dev/full")
    assert.are.same({ 1, "zlnet list: io error: stdout: No space left on device [ENOSPC]\n" }, { status, stderr })
    local _, text
    _, text, status = helper.sh(helper.lua .. " lua/bin/zlnet list >&-")
    assert.are.same({ 1, "zlnet: stdout is closed\n" }, { status, text })
  end)

  it("takes an attachment back of which it cannot tell", function()
    local c = helper.container()
    for _, words in ipairs { "", "--json" } do
      local status, stderr = redirected(("attach --pid %d --ip 10.200.0.5 %s"):format(c.pid, words), ">/dev/full")
      assert.are.equal(1, status)
      assert.is_truthy(stderr:find("[ENOSPC], step: say what was attached: it is detached again", 1, true), stderr)
      assert.are.same({}, helper.ip_json("link", "show", "type", "veth"))
    end
    assert.are.equal(0, (zlnet("attach", "--pid", c.pid, "--ip", "10.200.0.5")))
    local status = redirected(("attach --on-exists keep --pid %d --ip 10.200.0.5"):format(c.pid), ">/dev/full")
    assert.are.equal(1, status)
    assert.are.equal(1, #helper.ip_json("link", "show", "type", "veth"))
  end)

  it("never takes a standard descriptor that was closed for its sockets", function()
    local _, text, status = helper.sh(helper.lua .. " lua/bin/zlnet attach --pid 4194304 --ip 10.0.0.5 0<&- 2>&-")
    assert.are.same({ 1, "" }, { status, text })
  end)

  it("does not pass a fault of its own off as wrong use", function()
    local sweep = require "zlnet.cli.sweep"
    local run, stderr = sweep.run, io.stderr
    local written = {}
    sweep.run = function()
      error "a fault"
    end
    io.stderr = { write = function(_, ...) -- luacheck: ignore
      written[#written + 1] = table.concat { ... }
    end }
    local status = cli.main { "sweep" }
    sweep.run, io.stderr = run, stderr -- luacheck: ignore
    assert.are.equal(1, status)
    assert.is_truthy(table.concat(written):find "a fault\nstack traceback:")
  end)
end)
