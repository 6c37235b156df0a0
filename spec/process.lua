-- SPDX-License-Identifier: MIT
-- Runs a Lua script in a process of its own, in which `process` is the module of spec/process.c.
local helper = require "spec.helper"

---Whether it ended well, and what it wrote.
return function(script)
  local cc = os.getenv "CC" or "cc"
  local dir = os.tmpname()
  os.remove(dir)
  assert(helper.sh("mkdir " .. dir))
  local flags = "-D_GNU_SOURCE -shared -fPIC $(pkg-config --cflags lua5.4 || pkg-config --cflags lua)"
  assert(helper.sh(("%s %s -o %s/process.so spec/process.c"):format(cc, flags, dir)))
  local head = ([[package.cpath = "%s/?.so;" .. package.cpath
    local process = require "process"
  ]]):format(dir)
  -- a child made by fork ends without closing its Lua state, and may have threads
  local allowed = "ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=die_after_fork=0 "
  local ok, output = helper.sh(allowed .. helper.lua .. " -e " .. helper.quote(head .. script))
  helper.sh("rm -r " .. dir)
  return ok, output
end
