-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local json = require "dkjson"
local output = require "zlnet.cli.output"

-- What f, which gets an output, writes when stdout is a pipe; `columns` pretends a terminal.
local function written(f)
  local name = os.tmpname()
  local file = assert(io.open(name, "w+"))
  local before = io.stdout
  io.stdout = file -- luacheck: ignore
  local ok, err = pcall(f, output.new("attach"))
  io.stdout = before -- luacheck: ignore
  file:seek "set"
  local text = file:read "a"
  file:close()
  os.remove(name)
  assert(ok, err)
  return text
end

-- The same, in a process of its own whose stdout is a terminal.
local function on_a_terminal(code, environment)
  local script = "local out = require('zlnet.cli.output').new('attach') " .. code
  local command = ("%s %s -e %s"):format(environment or "TERM=xterm NO_COLOR=", helper.lua, helper.quote(script))
  local _, text = helper.sh(("script -qec %s /dev/null"):format(helper.quote(command)))
  return (text:gsub("\r", ""))
end

describe("zlnet.cli.output", function()
  helper.insulate()

  it("has no colours in a pipe", function()
    assert.are.equal("plain\n", written(function(out)
      out:print { "plain", "red" }
    end))
  end)

  it("has colours on a terminal", function()
    assert.are.equal("\27[31mred\27[0m\n", on_a_terminal "out:print{ 'red', 'red' }")
  end)

  it("has none on a terminal under NO_COLOR, and on a dumb one", function()
    local code = "out:print{ 'red', 'red' }"
    assert.are.equal("red\n", on_a_terminal(code, "TERM=xterm NO_COLOR=1"))
    assert.are.equal("red\n", on_a_terminal(code, "TERM=dumb NO_COLOR="))
  end)

  it("lays rows out in columns by characters, not by bytes or escape sequences", function()
    local code = "out:rows({ { 'ä', { 'bold', 'bold' }, 'x' }, { 'long', 'b', '' } }, 1)"
    assert.are.equal(" ä     \27[1mbold\27[0m  x\n long  b\n", on_a_terminal(code))
    assert.are.equal(" ä     bold  x\n long  b\n", written(function(out)
      out:rows({ { "ä", { "bold", "bold" }, "x" }, { "long", "b", "" } }, 1)
    end))
  end)

  it("escapes whatever it prints, but not its own colours", function()
    local code = "out:print('%s is %5.1f', { '\\27[2Ja', 'red' }, 1.5) out:print '\\27[2Jb' " ..
      "out:rows { { '\\n\\255', 'x' }, { 'longer', 'y' } } out:script 'a\\27[2J\\nb\\n'"
    assert.are.equal("\27[31m\\x1b[2Ja\27[0m is   1.5\n\\x1b[2Jb\n\\x0a\\xff  x\nlonger    y\na\\x1b[2J\nb\n",
      on_a_terminal(code))
    assert.are.equal("a\27\n", written(function(out)
      out:script "a\27\n" -- a program reads it
    end))
  end)

  it("escapes errors, with all that is behind them", function()
    local code = [[out:fail(setmetatable({ others = { "o\27" }, rollback = { "r\n" } }, { __tostring = function()
      return "e\255\27[2J" end }))]]
    assert.are.equal("zlnet attach: \27[31me\\xff\\x1b[2J\27[0m\n  also: o\\x1b\n  not undone: r\\x0a\n",
      on_a_terminal(code))
  end)

  it("makes JSON which is UTF-8 of any bytes", function()
    local text = written(function(out)
      out:document { ["k\xff"] = { "a\xfe\x80z", "\27[2J", "ü", n = {} } }
    end)
    assert.is_truthy(utf8.len(text))
    local value = json.decode(text)
    assert.are.equal("a\\xfe\\x80z", value["k\\xff"]["1"])
    assert.is_nil(text:find "[\0-\x09\x0b-\x1f]")
  end)

  it("takes a percent sign for a percent sign", function()
    assert.are.equal("100%\n", written(function(out)
      out:print "100%"
    end))
  end)

  it("prints documents as one line of JSON, keys in one order, empty tables as what they are", function()
    local text = written(function(out)
      out:document { b = { 1, 2 }, a = { z = true, y = "\n" }, list = {}, map = output.object {} }
    end)
    assert.are.equal('{"a":{"y":"\\n","z":true},"b":[1,2],"list":[],"map":{}}\n', text)
  end)

  it("says spans of time so that people can compare them", function()
    assert.are.same({ "0.1 ms", "12.3 ms", "99.4 ms", "100 ms", "999 ms", "1.0 s", "61.5 s" }, {
      output.duration(0.0001), output.duration(0.01234), output.duration(0.0994), output.duration(0.09951),
      output.duration(0.9994), output.duration(0.9996), output.duration(61.5),
    })
  end)

  it("prints an error as JSON with all its fields", function()
    local err = require("zlnet.core").error {
      kind = "netlink", code = "EEXIST", op = "newlink", message = "File exists", step = "create the veth pair",
    }
    local text = written(function(out)
      out.json = true
      assert.are.equal(1, out:fail(err))
    end)
    assert.are.same({
      error = {
        kind = "netlink", code = "EEXIST", errno = 17, op = "newlink", message = "File exists",
        step = "create the veth pair",
      },
    }, (json.decode(text)))
  end)
end)
