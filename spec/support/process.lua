-- SPDX-License-Identifier: MIT
-- Runs a Lua script in a process of its own, in which `process` is the module of spec/support/process.c.
local helper = require "spec.support.helper"

---Whether it ended well, and what it wrote. within: the command that starts it.
return function(script, within)
  local cc = os.getenv "CC" or "cc"
  local dir = os.tmpname()
  os.remove(dir)
  assert(helper.sh("mkdir " .. dir))
  local flags = "-D_GNU_SOURCE -shared -fPIC $(pkg-config --cflags lua5.4 || pkg-config --cflags lua)"
  assert(helper.sh(("%s %s -o %s/process.so spec/support/process.c"):format(cc, flags, dir)))
  local head = ([[package.cpath = "%s/?.so;" .. package.cpath
    local process = require "process"
  ]]):format(dir)
  -- a child made by fork ends without closing its Lua state
  local command = ("ASAN_OPTIONS=detect_leaks=0 %s %s -e "):format(within or "", helper.lua)
  local ok, output = helper.sh(command .. helper.quote(head .. script))
  helper.sh("rm -r " .. dir)
  return ok, output
end
