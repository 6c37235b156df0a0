-- SPDX-License-Identifier: MIT
rockspec_format = "3.0"
package = "zlnet"
version = "1.0.0-1"
source = {
  url = "file://zlnet-1.0.0.tar.gz", -- the archive that `make dist` makes, beside this file
}
description = {
  summary = "Attach containers to an overlay network over rtnetlink",
  detailed = [[
    Attaches containers to an overlay network on Linux and cleans up after them, talking to the kernel
    directly: a C core over libmnl (rtnetlink and network namespaces) and a Lua layer of workflows.]],
  license = "MIT",
  labels = { "linux", "netlink", "network", "containers", "cni" },
}
supported_platforms = { "linux" }
dependencies = {
  "lua >= 5.4, < 5.6",
  "argparse",
  "dkjson",
}
external_dependencies = {
  LIBMNL = { header = "libmnl/libmnl.h" },
}
build = {
  type = "make",
  variables = {
    BUILD = "build/luarocks",
    CFLAGS = "$(CFLAGS)",
    LIBFLAG = "$(LIBFLAG)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    LIBMNL_INCDIR = "$(LIBMNL_INCDIR)",
    LIBMNL_LIBDIR = "$(LIBMNL_LIBDIR)",
  },
  install_variables = {
    INST_LIBDIR = "$(LIBDIR)",
    INST_LUADIR = "$(LUADIR)",
    INST_BINDIR = "$(BINDIR)",
    CNI_BINDIR = "$(BINDIR)", -- a rock writes only below its tree; link it to where runtimes look
    PAGES = "", -- a rock has no place for them: `zlnet manual`, `zlnet completion`
  },
}
test = {
  type = "command",
  command = "make test",
}
