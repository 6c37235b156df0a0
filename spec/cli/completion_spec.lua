-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local zlnet = require "spec.support.cli"

-- What bash completes this line to, the last word being the one under way.
local function completed(...)
  local words = {}
  for i, word in ipairs { ... } do
    words[i] = helper.quote(word)
  end
  local script = ([[
    eval "$(%s lua/bin/zlnet completion bash)"
    COMP_WORDS=(%s) COMP_CWORD=%d
    _zlnet
    printf '%%s\n' "${COMPREPLY[@]}"]]):format(helper.lua, table.concat(words, " "), #words - 1)
  local ok, text = helper.sh("bash -c " .. helper.quote(script))
  assert(ok, text)
  return text
end

describe("zlnet completion", function()
  helper.insulate()

  it("completes subcommands, options and their values in bash", function()
    assert.are.equal("sweep\n", completed("zlnet", "sw"))
    assert.are.equal("--dry-run\n", completed("zlnet", "sweep", "--dr"))
    assert.are.equal("routed\n", completed("zlnet", "attach", "--mode", "r"))
  end)

  it("prints scripts for zsh and fish which know the options", function()
    for _, shell in ipairs { "zsh", "fish" } do
      local status, stdout = zlnet("completion", shell)
      assert.are.equal(0, status)
      assert.is_truthy(stdout:find("proxy-arp", 1, true), shell)
      if helper.sh("command -v " .. shell) then
        local ok, text = helper.sh(("%s lua/bin/zlnet completion %s | %s -n"):format(helper.lua, shell, shell))
        assert.is_true(ok, text)
      end
    end
  end)

  it("refuses other shells", function()
    assert.are.equal(2, (zlnet("completion", "tcsh")))
  end)
end)
