-- SPDX-License-Identifier: MIT
-- sandbox: root
-- The ways to install, each into a system of its own, and what is installed used from there.
local helper = require "spec.helper"
local lfs = require "lfs"
local sandbox = require "spec.e2e.sandbox"

local why = sandbox.missing()

-- What a user does in a system: without this checkout's paths, from elsewhere.
local function user(command)
  local clean = "env -u LUA_PATH -u LUA_CPATH -u BUILD -u LUA PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin"
  return helper.sh(("cd / && %s sh -ec %s"):format(clean, helper.quote(command)))
end

local USE = [[
lua5.4 -e 'print(require("zlnet")._VERSION)'
zlnet --help >/dev/null
echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION zlnet-cni | grep -q supportedVersions
ip link set lo up
unshare --net sleep 1000 >/dev/null 2>&1 </dev/null &
pid=$!
trap 'kill $pid' EXIT
while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
zlnet attach --pid $pid --ip 10.200.0.5
ping -c 1 -W 2 10.200.0.5 >/dev/null
zlnet detach --pid $pid
]]

describe("installing", function()
  helper.insulate()

  local made

  setup(function()
    if not why then
      sandbox.run "mount --make-rprivate / && mkdir -p /run/z && mount -t tmpfs none /run/z"
      made = "/run/z/build"
      -- a copy: what is built here is built from nothing
      sandbox.run "mkdir /run/z/source && cp -r csrc lua rockspec spec Makefile LICENSE .ci /run/z/source/"
    end
  end)

  local function skip(...)
    local reason = why or sandbox.missing(...)
    if reason then
      pending(reason)
    end
    return reason
  end

  -- make in the copy; what spec/run says about a build is about another one
  local function make(words)
    return helper.sh("env -u BUILD -u LUA make -s -C /run/z/source " .. words)
  end

  -- The machine's file system, in which everything that is written vanishes with the example.
  local function throwaway(command)
    return ([[mkdir -p /run/z/o && mount -t tmpfs none /run/z/o && mkdir /run/z/o/up /run/z/o/work /run/z/o/root
      mount -t overlay -o lowerdir=/,upperdir=/run/z/o/up,workdir=/run/z/o/work none /run/z/o/root
      for d in proc sys dev run; do mount --rbind /$d /run/z/o/root/$d; done
      %s; status=$?; umount -R -l /run/z/o/root; umount -l /run/z/o; exit $status]]):format(command)
  end

  local function overlays()
    return (helper.sh [[mkdir -p /run/z/t && mount -t tmpfs none /run/z/t && cd /run/z/t && mkdir a b c d &&
      mount -t overlay -o lowerdir=a,upperdir=b,workdir=c none d]])
  end

  it("make deb: a package that dpkg installs, uses and removes", function()
    if skip("dpkg-deb", "dpkg-shlibdeps", "make", "gcc") then
      return
    end
    local ok, out = make "deb"
    assert.is_true(ok, out)
    local package = out:match "build/(zlnet_%S+%.deb)"
    assert.is_truthy(package, out)
    local _, control = helper.sh("dpkg-deb -I /run/z/source/build/" .. package)
    for _, needed in ipairs { "lua5.4", "lua%-argparse", "lua%-dkjson", "libmnl0", "libc6" } do
      assert.is_truthy(control:match("Depends:[^\n]*" .. needed), control)
    end
    if not overlays() then
      pending "no overlay file system here"
      return
    end
    local script = sandbox.write("/run/z/use", [[set -e
      dpkg -i /run/z/source/build/]] .. package .. [[ >/dev/null
      test -x /usr/lib/cni/zlnet-cni
      ]] .. USE .. [[
      dpkg -V zlnet
      dpkg -r zlnet >/dev/null
      ! ls -d /usr/bin/zlnet* /usr/share/lua/5.4/zlnet /usr/lib/cni/zlnet-cni 2>/dev/null]])
    ok, out = user(throwaway("chroot /run/z/o/root sh " .. script))
    assert.is_true(ok, out)
  end)

  it("make install and make uninstall, below a prefix", function()
    if skip("make", "gcc") then
      return
    end
    if not overlays() then
      pending "no overlay file system here"
      return
    end
    local script = sandbox.write("/run/z/use", [[set -e
      make -s -C /run/z/source install >/dev/null
      ]] .. USE .. [[
      make -s -C /run/z/source uninstall
      ! find /usr/local -name '*zlnet*' | grep .]])
    local ok, out = user(throwaway("chroot /run/z/o/root sh " .. script))
    assert.is_true(ok, out)
  end)

  it("make musl: nothing the core needs is missing there", function()
    if skip("musl-gcc", "make") then
      return
    end
    local ok, out = make "musl"
    assert.is_true(ok, out)
    assert.is_truthy(out:find "built with musl")
  end)

  it("OpenWrt's Makefile asks for what our Makefile has", function()
    if skip("make", "gcc") then
      return
    end
    local text = sandbox.read "spec/install/openwrt/Makefile"
    local flags = text:match "MAKE_FLAGS %+= \\\n(.-)\n\n":gsub("\\\n", " ")
    local include = sandbox.run("pkg-config --variable=includedir libmnl"):match "%S+"
    local values = { ["%$%(STAGING_DIR%)/usr/include/lua5.4"] = "/usr/include/lua5.4",
      ["%$%(STAGING_DIR%)/usr/include"] = include, ["%$%(STAGING_DIR%)/usr/lib"] = "/usr/lib",
      ["%$%(TARGET_CFLAGS%)"] = "-Os", ["%$%(TARGET_LDFLAGS%)"] = "" }
    for _, key in ipairs { "%$%(STAGING_DIR%)/usr/include/lua5.4", "%$%(STAGING_DIR%)/usr/include",
      "%$%(STAGING_DIR%)/usr/lib", "%$%(TARGET_CFLAGS%)", "%$%(TARGET_LDFLAGS%)" } do
      flags = flags:gsub(key, values[key])
    end
    local ok, out = make(("BUILD=%s DESTDIR=%s/root %s all install"):format(made, made, flags))
    assert.is_true(ok, out)
    -- as Package/zlnet/install takes them
    for _, file in ipairs { "bin/zlnet", "bin/zlnet-cni", "lib/lua/5.4/zlnet/core.so",
      "share/lua/5.4/zlnet/cni/add.lua" } do
      assert.are.equal("file", lfs.attributes(made .. "/root/usr/" .. file, "mode"), file)
    end
    assert.is_truthy(sandbox.read(made .. "/root/usr/bin/zlnet-cni"):find "^#!/usr/bin/env lua5.4\n")
  end)
end)
