-- SPDX-License-Identifier: MIT
local cli = require "zlnet.cli"
local helper = require "spec.support.helper"
local zlnet = require "spec.support.cli"

-- The page as man(1) shows it, in lines that are long enough for any.
local function shown(page)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(page)
  file:close()
  local ok, text = helper.sh(("groff -man -Tutf8 -P-cbou -ww -rLL=300n %s"):format(name))
  os.remove(name)
  assert(ok, text)
  return (text:gsub("\u{2212}", "-"):gsub("\u{2010}", "-"))
end

describe("zlnet manual", function()
  helper.insulate()

  it("has every subcommand, every option and every example that --help has", function()
    if not helper.sh "command -v groff" then
      pending "no groff to show the page with"
      return
    end
    local status, page = zlnet "manual"
    assert.are.equal(0, status)
    local text = shown(page)
    assert.is_nil(text:find "warning", text:match "[^\n]*warning[^\n]*")
    for _, name in ipairs(cli.commands) do
      local section = (text .. "\n   z"):match("\n   zlnet " .. name .. "\n(.-)\n   %l")
      assert.is_not_nil(section, name)
      local _, help = zlnet(name, "--help")
      local options, examples = 0, 0
      for option in help:gmatch "\n   (%-%-[%a-]+)" do
        options = options + 1
        assert.is_truthy(section:find("\n       " .. option, 1, true), option)
      end
      for example in help:match("Examples:\n(.-)\n\n"):gmatch "   (zlnet [^\n]*)\n" do
        examples = examples + 1
        assert.is_truthy(section:find("\n       " .. example, 1, true), example .. "\n" .. section)
      end
      assert.is_true(examples > 0)
      assert.is_true(options > 0 or name == "completion" or name == "manual")
    end
  end)

  it("cannot be broken by what the texts contain", function()
    local manual = require "zlnet.cli.manual"
    local argparse = require "argparse"
    local parser = argparse("zlnet", ".dots\n'quotes \\fB`bold`")
    local page = manual.page(parser, {}, "1.2.3")
    assert.is_truthy(page:find("\n\\&.dots\n\\&'quotes \\efB\\fBbold\\fR\n", 1, true), page)
  end)
end)
