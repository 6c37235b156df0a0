-- SPDX-License-Identifier: MIT
local helper = require "spec.support.helper"
local hint = require "zlnet.cli.hint"

-- What `hint.of` says to a process without these capabilities.
local function hint_without(capabilities, err)
  local code = ("print(require('zlnet.cli.hint').of(%s))"):format(err)
  local ok, text = helper.sh(("setpriv --bounding-set=%s --inh-caps=-all -- %s -e %s"):format(capabilities, helper.lua,
    helper.quote(code)))
  assert(ok, text)
  return text
end

describe("zlnet.cli.hint", function()
  helper.insulate()


  it("names the capability which is missing", function()
    assert.is_truthy(hint_without("-net_admin", "{ code = 'EPERM', kind = 'netlink' }"):find "lacks CAP_NET_ADMIN:")
    assert.is_truthy(hint_without("-sys_admin,-sys_ptrace", "{ code = 'EACCES', kind = 'io' }")
      :find "lacks CAP_SYS_ADMIN and CAP_SYS_PTRACE:")
    assert.is_truthy(hint_without("-sys_admin", "{ code = 'EPERM', kind = 'netlink', op = 'unshare' }")
      :find "lacks CAP_SYS_ADMIN:")
  end)

  it("does not blame capabilities which are there", function()
    local text = hint.of { code = "EPERM", kind = "netlink" }
    assert.is_truthy(text:find "belongs to a user namespace")
  end)

  it("says that IPv6 is switched off where the kernel takes no IPv6 address, and blames nobody else", function()
    local c = helper.container()
    assert(c:exec "sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
    local h <close> = assert(require("zlnet.core").open(c.pid))
    local ok, err = h:newaddr { index = "lo", ["local"] = "fd00::1", prefixlen = 128 }
    assert.are.same({ nil, "netlink", "EACCES" }, { ok, err.kind, err.code })
    assert.is_truthy(hint.of(err):find "^IPv6 is switched off there")
    assert.is_nil(hint.of { code = "EACCES", kind = "netlink", op = "newroute" })
  end)

  it("suspects the kernel where it does not know the kind of link", function()
    assert.is_truthy(hint.of { code = "EOPNOTSUPP", op = "newlink" }:find "modprobe veth")
    assert.is_nil(hint.of { code = "EOPNOTSUPP", op = "newroute" })
  end)

  it("is silent where it knows nothing", function()
    assert.is_nil(hint.of { code = "EEXIST" })
    assert.is_nil(hint.of {})
  end)
end)
