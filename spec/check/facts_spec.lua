-- SPDX-License-Identifier: MIT
-- What is gathered of an attachment, and what makes it void. The kernel's answers are init_spec's.
local facts = require "zlnet.check.facts"

local LINK = { index = 7, ifname = "veth", ifalias = "x" }

-- A node's socket that answers as it is told; what is not told is not there.
local function answering(answers)
  return setmetatable({}, {
    __index = function(_, method)
      return function()
        local answer = answers[method]
        if answer and answer.code then
          return nil, answer
        elseif answer then
          return answer
        end
        return nil, { code = "ENODEV" }
      end
    end,
  })
end

local function gather(answers)
  return facts.gather({ host_index = 7 }, answering(answers))
end

describe("facts", function()
  it("are those of the end's own index", function()
    local f = assert(gather { getlink = LINK, getroutes = {}, getaddrs = {
      { index = 7, ["local"] = "10.0.0.5", prefixlen = 24 }, { index = 7, address = "fe80::1", prefixlen = 64 },
      { index = 8, ["local"] = "10.0.0.6", prefixlen = 24 } } })
    assert.same({ ["10.0.0.5/24"] = true, ["fe80::1/64"] = true }, f.host.addresses)
    assert.is_nil(f.container)
  end)

  it("say that an end is gone", function()
    assert.is_nil(assert(gather {}).host.link)
  end)

  it("are void when something could not be looked at, for the first reason", function()
    local first = { code = "EPERM" }
    local f, err = gather { getlink = LINK, getaddrs = first, getroutes = { code = "EINTR" } }
    assert.is_nil(f)
    assert.equal(first, err)
  end)

  it("of neighbours are those with a MAC, not those unknown or failed", function()
    local function neighbour(entry)
      local f = assert(gather { getlink = LINK, getaddrs = {}, getroutes = {}, getneigh = entry })
      return f:neighbour("host", 7, "10.0.0.5")
    end
    assert.is_nil(neighbour { code = "ENOENT" })
    assert.is_nil(neighbour { state = "incomplete" })
    assert.is_nil(neighbour { lladdr = "02:00:00:00:00:02", state = "failed" })
    assert.equal("02:00:00:00:00:02", neighbour { lladdr = "02:00:00:00:00:02", state = "permanent" })
  end)
end)
