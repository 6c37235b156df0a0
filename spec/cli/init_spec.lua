-- SPDX-License-Identifier: MIT
local cli = require "zlnet.cli"
local core = require "zlnet.core"
local helper = require "spec.support.helper"
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
      ["zlnet detach: --pid: required (or --id, --batch)"] = { "detach", "--tag", "s" },
      ["zlnet sweep: --timeout: a positive number of seconds expected, got 'soon'"] = { "sweep", "--timeout", "soon" },
    } do
      local status, stdout, stderr = zlnet(table.unpack(words))
      assert.are.equal(2, status, stderr)
      assert.are.equal("", stdout)
      assert.are.equal(text, stderr:sub(1, #text))
    end
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
