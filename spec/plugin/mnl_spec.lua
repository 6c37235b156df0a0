-- SPDX-License-Identifier: MIT
-- The functions of libmnl that a static program brings along, compared with the library's.
local helper = require "spec.support.helper"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

describe("csrc/plugin/mnl.c", function()
  helper.insulate()

  local directory

  before_each(function()
    directory = os.tmpname()
    os.remove(directory)
    assert(helper.sh("mkdir " .. directory))
  end)

  after_each(function()
    helper.sh("rm -r " .. directory)
  end)

  it("does what the library does, on the same bytes", function()
    local ok, out = helper.sh(("%s -std=gnu11 -D_GNU_SOURCE -O1 $(pkg-config --cflags libmnl) -o %s/mnl "
      .. "spec/plugin/mnl.c csrc/plugin/mnl.c -ldl && %s/mnl"):format(os.getenv "CC" or "cc", directory, directory))
    assert.is_true(ok, out)
  end)

  it("has a comparison for each function that it has", function()
    local compared = read "spec/plugin/mnl.c"
    local n = 0
    for name in read "csrc/plugin/mnl.c":gmatch "\n[%w_ ]-%*?(mnl_[%w_]+)%(" do
      n = n + 1
      local both = compared:find("BOTH(" .. name .. ",", 1, true)
      assert.is_truthy(both or compared:find("THEIRS(" .. name .. ")", 1, true), name)
    end
    assert.is_true(n >= 20)
  end)
end)
