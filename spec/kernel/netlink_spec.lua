-- SPDX-License-Identifier: MIT
-- What the engine makes of the kernel's answers: how a dump ends, and when it is asked for again.
local core = require "zlnet.core"
local helper = require "spec.support.helper"

describe("a dump", function()
  helper.insulate()

  it("that ends with an error is that error, with the kernel's words", function()
    local h <close> = assert(core.open(nil))
    local routes, err = h:getroutes { family = "inet", table = 12345 }
    assert.is_nil(routes)
    assert.same({ "netlink", "ENOENT" }, { err.kind, err.code })
    assert.match("FIB table does not exist", err.message)
  end)

  -- The results of a dump of rules (there are three of IPv4) of which so many readings are marked as interrupted.
  local function interrupted(times)
    local library = os.tmpname()
    assert(helper.sh(("%s -D_GNU_SOURCE -shared -fPIC -o %s spec/support/interrupt.c"):format(os.getenv "CC" or "cc",
      library)))
    local script = [[
      local h = assert(require "zlnet.core".open(nil))
      local rules, err = h:getrules { family = "inet" }
      print(rules and #rules, err and err.code, err and err.message)]]
    local _, output = helper.sh(("INTERRUPTED=%d LD_PRELOAD=%s %s -e %s"):format(times, library, helper.lua,
      helper.quote(script)))
    os.remove(library)
    return output
  end

  local it = helper.it_where(not os.getenv "ASAN_OPTIONS", "the sanitizer has to be loaded first")

  it("that was interrupted is asked for again, and its rows are those of one reading", function()
    for _, times in ipairs { 0, 1, 7 } do
      assert.equal("3\tnil\tnil\n", interrupted(times))
    end
  end)

  it("that is interrupted every time is no answer", function()
    assert.equal("nil\tEINTR\tthe dump was interrupted by changes every time it was tried\n", interrupted(1000))
  end)
end)
