-- SPDX-License-Identifier: MIT
-- sandbox: root
-- The ways to install, each into a system of its own, and what is installed used from there.
local helper = require "spec.support.helper"
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
echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION $plugin | grep -q supportedVersions
ip link set lo up
unshare --net sleep 1000 >/dev/null 2>&1 </dev/null &
pid=$!
trap 'kill $pid' EXIT
while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
zlnet attach --pid $pid --ip 10.200.0.5
ping -c 1 -W 2 10.200.0.5 >/dev/null
zlnet detach --pid $pid
]]

-- The manual page and the completions below a prefix are what the command prints, and bash completes with them.
local PAGES = [[
same() {
  zlnet $1 >/tmp/page
  zcat -f $prefix/share/$2 | cmp - /tmp/page
}
same manual "man/man8/zlnet.8*"
same "completion bash" bash-completion/completions/zlnet
same "completion zsh" zsh/site-functions/_zlnet
same "completion fish" fish/vendor_completions.d/zlnet.fish
bash -ec ". $prefix/share/bash-completion/completions/zlnet; complete -p zlnet; COMP_WORDS=(zlnet att); COMP_CWORD=1
  _zlnet; test \"\${COMPREPLY[*]}\" = attach"
]]

-- What OpenWrt's build system does with a package's Makefile, as far as ours asks for it.
local RULES = [[
INCLUDE_DIR := $(TOPDIR)/include
STAGING_DIR := $(TOPDIR)/staging
PKG_BUILD_DIR := $(TOPDIR)/source
PKG_INSTALL_DIR := $(TOPDIR)/ipkg-install
TARGET_CFLAGS := -Os -pipe
TARGET_LDFLAGS := -Wl,-z,now
INSTALL_DIR := install -d -m0755
INSTALL_BIN := install -m0755
CP := cp -fpR
]]
local PACKAGE = [[
MAKE_FLAGS = CC="gcc" CROSS=""
MAKE_INSTALL_FLAGS = $(MAKE_FLAGS) DESTDIR="$(PKG_INSTALL_DIR)"
define Build/Compile/Default
	+$(MAKE) -C $(PKG_BUILD_DIR) $(MAKE_FLAGS) $(1)
endef
define Build/Install/Default
	$(MAKE) -C $(PKG_BUILD_DIR) $(MAKE_INSTALL_FLAGS) $(or $(1),install)
endef
define BuildPackage
$(eval $(call Package/$(1)))
$(foreach name,SECTION CATEGORY TITLE DEPENDS,$(if $($(name)),,$(error Package/$(1) has no $(name))))
all:
	$(call Build/Compile)
	$(call Build/Install)
	$(call Package/$(1)/install,$(TOPDIR)/rootfs)
	echo '$(DEPENDS)' >$(TOPDIR)/depends
endef
]]

describe("installing", function()
  helper.insulate()

  setup(function()
    if not why then
      sandbox.run "mount --make-rprivate / && mkdir -p /run/z && mount -t tmpfs none /run/z"
      -- a copy: what is built here is built from nothing
      sandbox.run "mkdir /run/z/source && cp -r csrc lua rockspec spec Makefile README.md LICENSE .ci /run/z/source/"
    end
  end)

  local function skip(...)
    local reason = why or sandbox.missing(...)
    if reason then
      pending(reason)
    end
    return reason
  end

  -- make in the copy; what spec/tools/run says about a build is about another one
  local function make(words)
    return helper.sh("env -u BUILD -u LUA make -s -C /run/z/source " .. words)
  end

  -- The machine's file system, in which everything that is written vanishes with the example.
  local function throwaway(command)
    return ([[mkdir -p /run/z/o && mount -t tmpfs none /run/z/o && mkdir /run/z/o/up /run/z/o/work /run/z/o/merged
      mount -t overlay -o lowerdir=/,upperdir=/run/z/o/up,workdir=/run/z/o/work none /run/z/o/merged
      for d in proc sys dev run; do mount --rbind /$d /run/z/o/merged/$d; done
      %s; status=$?; umount -R -l /run/z/o/merged; umount -l /run/z/o; exit $status]]):format(command)
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
      plugin=/usr/lib/cni/zlnet-cni
      dpkg-deb -x /run/z/source/build/]] .. package .. [[ /tmp/unpacked # dpkg may be told to leave manuals out
      prefix=/tmp/unpacked/usr
      ]] .. USE .. PAGES .. [[
      dpkg -V zlnet
      dpkg -r zlnet >/dev/null
      ! ls -d /usr/bin/zlnet* /usr/share/lua/5.4/zlnet /usr/lib/cni/zlnet-cni 2>/dev/null]])
    ok, out = user(throwaway("chroot /run/z/o/merged sh " .. script))
    assert.is_true(ok, out)
  end)

  it("make deb: the same bytes elsewhere and in another time zone, and nothing for lintian to say", function()
    if skip("dpkg-deb", "dpkg-shlibdeps", "make", "gcc") then
      return
    end
    sandbox.run "mkdir -p /run/z/other && cp -r /run/z/source /run/z/other/ && rm -rf /run/z/other/source/build"
    local sums = {}
    for i, where in ipairs { "TZ=UTC make -s -C /run/z/source", "TZ=Asia/Tokyo make -s -C /run/z/other/source" } do
      local ok, out = helper.sh(("env -u BUILD -u LUA SOURCE_DATE_EPOCH=1700000000 %s deb"):format(where))
      assert.is_true(ok, out)
      local path = where:match "-C (%S+)" .. "/" .. out:match "build/%S+%.deb"
      sums[i] = sandbox.run("sha256sum <" .. path)
      if helper.sh "command -v lintian" then
        assert.are.equal("", (sandbox.run("lintian --allow-root " .. path .. " 2>/dev/null")))
      end
    end
    assert.are.equal(sums[1], sums[2])
  end)

  it("the unit for zlnet watch: what it may do is enough to see and delete an orphan", function()
    local reason = why or sandbox.missing "setpriv"
    if reason then
      pending(reason)
      return
    end
    local unit = sandbox.read "spec/install/zlnet-watch.service"
    local capabilities = unit:match "\nCapabilityBoundingSet=([^\n]*)":lower():gsub("cap_", ",+"):gsub(" ", "")
    assert.is_truthy(unit:find "\nNoNewPrivileges=yes\n")
    if helper.sh "command -v systemd-analyze" then
      local text = sandbox.run("systemd-analyze security --offline=yes spec/install/zlnet-watch.service")
      assert.is_true(tonumber(text:match "exposure level[^\n]-: ([%d.]+)") < 4, text)
    end
    local c = helper.container()
    assert(require("zlnet.attach").attach { pid = c.pid, ip = "10.200.0.5" })
    local ns = assert(require("zlnet.core").netns.open(c.pid))
    local log = os.tmpname()
    local command = unit:match "\nExecStart=/usr/bin/zlnet ([^\n]*)"
    local _, started = helper.sh(("setpriv --bounding-set=-all%s --inh-caps=-all --no-new-privs %s lua/bin/zlnet %s")
      :format(capabilities, helper.lua, command) .. (" >%s 2>&1 & echo $!"):format(log))
    local pid = started:match "%d+"
    c:kill()
    helper.eventually(function()
      return sandbox.read(log):find '"event":"deleted"'
    end)
    helper.sh("kill " .. pid)
    helper.eventually(function()
      return not helper.sh("kill -0 " .. pid)
    end)
    ns:close()
    os.remove(log)
    assert.are.same({}, helper.ip_json("link", "show", "type", "veth"))
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
      prefix=/usr/local
      for dir in /opt/cni/bin /usr/libexec/cni /usr/lib/cni; do # as podman does
        [ ! -x $dir/zlnet-cni ] || plugin=$dir/zlnet-cni
      done
      ]] .. USE .. PAGES .. [[
      make -s -C /run/z/source uninstall
      ! find /usr/local /opt /usr/lib/cni -name '*zlnet*' | grep .]])
    local ok, out = user(throwaway("chroot /run/z/o/merged sh " .. script))
    assert.is_true(ok, out)
  end)

  it("luarocks, offline, as README prints it; pack and test", function()
    if skip("luarocks", "make", "gcc", "git", "zip") then
      return
    end
    if not overlays() then
      pending "no overlay file system here"
      return
    end
    local command = assert(sandbox.read "README.md":match "%$ sudo (luarocks [^\n]*)")
    local script = sandbox.write("/run/z/use", [[set -e
      cd /run/z/source
      ]] .. command .. [[ >/dev/null
      cd /
      plugin=/usr/local/bin/zlnet-cni
      ]] .. USE .. [[
      cd /tmp && luarocks --lua-version 5.4 pack zlnet >/dev/null && ls zlnet-scm-1.*.rock
      luarocks --lua-version 5.4 remove zlnet >/dev/null
      luarocks --lua-version 5.4 install --deps-mode none zlnet-scm-1.*.rock >/dev/null
      lua5.4 -e 'print(require("zlnet")._VERSION)'
      cp -r /run/z/source /var/source && cd /var/source # spec/tools/run has a /run of its own
      luarocks --lua-version 5.4 test rockspec/zlnet-scm-1.rockspec -- SPECS=spec/addr_spec.lua]])
    local ok, out = user(throwaway("chroot /run/z/o/merged sh " .. script))
    assert.is_true(ok, out)
    assert.is_truthy(out:find "%d passed, 0 failed", out)
  end)

  it("make musl: the core lacks nothing there, and specs pass with it where a Lua can be had", function()
    if skip("musl-gcc", "make") then
      return
    end
    sandbox.run "mount -t tmpfs none /mnt && cp -r /run/z/source /mnt/" -- spec/tools/run has a /run of its own
    local ok, out = helper.sh [[env -u BUILD -u LUA make -s -C /mnt/source musl \
      SPECS='spec/netlink_spec.lua spec/attach/init_spec.lua']]
    sandbox.run "umount /mnt"
    assert.is_true(ok, out)
    assert.is_truthy(out:find "built with musl")
    assert.is_truthy(out:find "%d%d passed, 0 failed" or out:find "not run with musl: ", out)
  end)

  it("OpenWrt's Makefile builds a package of what a router needs", function()
    if skip("make", "gcc") then
      return
    end
    sandbox.run "mkdir -p /run/z/wrt/include /run/z/wrt/staging/usr && cp -r /run/z/source /run/z/wrt/"
    sandbox.run "cp -r spec/install/openwrt /run/z/wrt/package && rm -rf /run/z/wrt/source/build"
    local include = sandbox.run("pkg-config --variable=includedir libmnl"):match "%S+"
    sandbox.run(("cd /run/z/wrt/staging/usr && ln -s %s include && ln -s /usr/lib lib"):format(include))
    sandbox.write("/run/z/wrt/rules.mk", RULES)
    sandbox.write("/run/z/wrt/include/package.mk", PACKAGE)
    local command = "env -u BUILD -u LUA make --warn-undefined-variables TOPDIR=/run/z/wrt -C /run/z/wrt/package"
    local ok, out = helper.sh(command)
    assert.is_true(ok, out)
    assert.is_nil(out:match "[^\n]*Makefile:%d+: warning: undefined variable '[A-Z]+_[A-Z]*DIR'")
    for _, file in ipairs { "bin/zlnet", "lib/cni/zlnet-cni", "lib/lua/5.4/zlnet/core.so",
      "share/lua/5.4/zlnet/cni/add.lua" } do
      assert.are.equal("file", lfs.attributes("/run/z/wrt/rootfs/usr/" .. file, "mode"), file)
    end
    assert.is_truthy(sandbox.read "/run/z/wrt/rootfs/usr/lib/cni/zlnet-cni":find "^#!/usr/bin/env lua5.4\n")
    assert.are.equal("+lua5.4 +libmnl +kmod-veth\n", sandbox.read "/run/z/wrt/depends")
    assert.is_truthy(out:find "%-Os %-pipe" and out:find "%-z,now", out)
  end)
end)
