# SPDX-License-Identifier: MIT
# Flags live here and nowhere else. CC, CFLAGS, CPPFLAGS, LDFLAGS and every name with ?= below may be overridden:
#   make CC=clang CFLAGS='-O0 -g' WERROR=1
#   make CC=musl-gcc LUA_INCDIR=… LIBMNL_INCDIR=… LIBMNL_LIBDIR=…
# Where packages may still be missing, nothing about them is asked before `deps` has run: hence the = and no :=.

.DEFAULT_GOAL := all

BUILD    ?= build
PLATFORM ?= $(shell uname -s)
V        ?=
Q         = $(if $(V),,@)

# --- what is around: Lua, its headers, libmnl ---

PKG_CONFIG  ?= pkg-config
LUA         ?= $(or $(shell for l in lua5.4 lua54 lua-5.4 lua; do command -v $$l && break; done),lua5.4)
LUA_VERSION ?= $(or $(shell $(LUA) -e 'print((_VERSION:gsub("Lua ", "")))' 2>/dev/null),5.4)
LUA_PC       = $(shell for p in lua5.4 lua-5.4 lua54 lua; do $(PKG_CONFIG) --exists "$$p >= 5.4" && echo $$p && break; done)
LUA_CFLAGS   = $(if $(LUA_INCDIR),-I$(LUA_INCDIR),$(shell $(PKG_CONFIG) --cflags $(LUA_PC)))
MNL_CFLAGS   = $(if $(LIBMNL_INCDIR),-I$(LIBMNL_INCDIR),$(shell $(PKG_CONFIG) --cflags libmnl))
MNL_LIBS     = $(if $(LIBMNL_LIBDIR),-L$(LIBMNL_LIBDIR) -lmnl,$(or $(shell $(PKG_CONFIG) --libs libmnl),-lmnl))

# --- how it is compiled ---

CFLAGS  ?= -O2
WARNINGS = -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes $(if $(WERROR),-Werror)
LIBFLAG ?= $(if $(filter Darwin,$(PLATFORM)),-bundle -undefined dynamic_lookup,-shared)

ifeq ($(PLATFORM),Linux)
SOURCES  := $(filter-out csrc/stub.c csrc/plugin/%.c,$(wildcard csrc/*.c csrc/*/*.c))
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread $(WARNINGS) -Icsrc $(LUA_CFLAGS) $(MNL_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LIBS   = $(MNL_LIBS)
else
SOURCES  := csrc/stub.c csrc/bind/hash.c
ALL_CFLAGS = -std=gnu11 -fPIC -fvisibility=hidden $(WARNINGS) -Icsrc $(LUA_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LIBS   =
endif
# A thread may still be in the core when its last user closes it: it stays loaded.
STAY     = $(if $(filter Linux,$(PLATFORM)),-Wl$(comma)-z$(comma)nodelete)
comma   := ,
OBJECTS := $(SOURCES:csrc/%.c=$(BUILD)/obj/%.o)
CORE     = $(BUILD)/zlnet/core.so

all: $(CORE) ## build the C core for this platform
	@:

stub: ## build the core that other platforms get, beside the real one
	@$(MAKE) --no-print-directory PLATFORM=other BUILD=$(BUILD)/stub all

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LIBFLAG) -pthread $(STAY) $(LDFLAGS) -o $@ $(OBJECTS) $(ALL_LIBS)

$(BUILD)/obj/%.o: csrc/%.c Makefile
	@mkdir -p $(@D)
	@echo "  CC  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

deps: ## install what building, testing and the demo need; silent when all is here
	@LUA='$(LUA)' CC='$(CC)' .ci/deps

# --- use it from the checkout ---

LUA_ENV = LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;'"$${LUA_PATH:-;}" LUA_CPATH='$(CURDIR)/$(BUILD)/?.so;'"$${LUA_CPATH:-;}"

demo: deps ## attach two containers in a throw-away sandbox, ping, kill, sweep (installs what is missing)
	@$(MAKE) --no-print-directory all
	@$(LUA_ENV) $(LUA) lua/bin/zlnet demo

SPECS ?=
test: ## run every spec, each in a sandbox of its own; SPECS='spec/x_spec.lua' runs some (installs what is missing)
	@LUA='$(LUA)' CC='$(CC)' .ci/deps test
	@$(MAKE) --no-print-directory all stub $(BUILD)/zlnet-cni
	@LUA='$(LUA)' BUILD='$(BUILD)' spec/tools/run $(SPECS)

e2e: ## run the specs with real container runtimes, as root (installs what is missing: 50 MB)
	@LUA='$(LUA)' CC='$(CC)' .ci/deps test e2e || echo 'what needs them is skipped'
	@$(MAKE) --no-print-directory all
	@LUA='$(LUA)' BUILD='$(BUILD)' JOBS=1 SPEC_TIMEOUT=300 spec/tools/run spec/e2e/*_spec.lua

KERNELS ?= 6.1 6.12
kernels: deps ## run every spec under other packaged kernels too (qemu, minutes); KERNELS='6.1' CPUS=2 SPECS='…'
	@$(MAKE) --no-print-directory all stub
	@SPECS='$(SPECS)' spec/kernels/run $(KERNELS)

bench: ## beside bare C, ip, Go, Rust, pyroute2, the CNI plugins: 5 minutes, build/bench/bench.svg; BENCH='--quick'
	@spec/bench/run $(BENCH)

parity: deps ## compare with iproute2 key by key and print the counts, by object and kind
	@$(MAKE) --no-print-directory all
	@LUA='$(LUA)' BUILD='$(BUILD)' spec/parity/report

# --- checks ---

SANITIZE = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

asan: ## the same specs under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
	@LUA='$(LUA)' CC='$(CC)' .ci/deps asan
	@$(MAKE) --no-print-directory BUILD=build/asan CFLAGS='$(SANITIZE)' LDFLAGS=-Wl,-z,nodelete all stub build/asan/bin/lua5.4
	@ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1 \
		LUA='$(CURDIR)/build/asan/bin/lua5.4' BUILD=build/asan spec/tools/run $(SPECS)

# The sanitizers' runtime has to be there before the core is loaded. An interpreter linked with it does without
# LD_PRELOAD, which would put every sh, ip and ping that a spec starts under the sanitizers too.
$(BUILD)/bin/lua5.4: spec/support/host.c Makefile
	@mkdir -p $(@D)
	@echo "  LD  $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,-E -o $@ $< $(or $(LUA_LIBS),$(shell $(PKG_CONFIG) --libs $(LUA_PC))) -lm -ldl

lint: ## luacheck, clang-format, clang-tidy, cppcheck, gcc and clang with -Werror, the house rules
	@LUA='$(LUA)' MAKE='$(MAKE)' C_FLAGS='$(ALL_CFLAGS)' spec/tools/lint

format: ## lay the C sources out as `make lint` wants them
	clang-format -i $(sort $(shell find csrc spec -name '*.[ch]'))

lint-deps: ## install the tools of `make lint`
	@LUA='$(LUA)' CC='$(CC)' .ci/deps lint

include spec/reliability.mk
include spec/cluster/cluster.mk

# --- install ---

PREFIX      ?= /usr/local
DESTDIR     ?=
INST_LIBDIR ?= $(PREFIX)/lib/lua/$(LUA_VERSION)
INST_LUADIR ?= $(PREFIX)/share/lua/$(LUA_VERSION)
INST_BINDIR ?= $(PREFIX)/bin
INST_DATADIR ?= $(PREFIX)/share
# Where container runtimes look for plugins: the distribution's directory where its own plugins are, else the one that
# all look into. Below any other prefix than the system's nothing outside of it is written.
CNI_BINDIR  ?= $(if $(filter /usr /usr/local,$(PREFIX)),$(patsubst %/host-local,%,$(firstword \
  $(wildcard $(patsubst %,%/host-local,/opt/cni/bin /usr/libexec/cni /usr/lib/cni)) /opt/cni/bin)),$(PREFIX)/lib/cni)
MODULES     := $(patsubst lua/%,%,$(sort $(shell find lua/zlnet -name '*.lua')))
BUNDLED     ?= zlnet-cni
# A unit for `zlnet watch`, not enabled; without systemd: make install UNITDIR=
UNITDIR     ?= $(if $(PAGES),$(PREFIX)/lib/systemd/system)

# The library of the Lua whose headers we have: the static one where it is, which is ready sooner.
PLUGIN_PC    = $(if $(LUA_INCDIR),$(if $(filter -I$(LUA_INCDIR),$(shell $(PKG_CONFIG) --cflags $(LUA_PC) --silence-errors)),$(LUA_PC)),$(LUA_PC))
PLUGIN_LUA   = $(or $(LUA_LIBS),$(if $(PLUGIN_PC),$(or $(filter /%,$(shell $(CC) -print-file-name=lib$(PLUGIN_PC).a)),$(shell $(PKG_CONFIG) --libs $(PLUGIN_PC)))))

# A plugin is started anew for each container: it is installed as a program of its own, with Lua and all modules in it;
# as a script where there is no library of Lua to link with, or for another machine than this one (make install BUNDLED=).
$(BUILD)/obj/%.bundle.c: lua/bundle.lua lua/bin/% $(MODULES:%=lua/%)
	@mkdir -p $(@D)
	@echo "  LUA $@"
	$(Q)$(LUA) lua/bundle.lua lua/bin/$* >$@.new && mv $@.new $@

# A static program is ready sooner by a quarter of a millisecond: it is made where all libraries have archives. libmnl,
# which mostly has none, is a few functions; they are in plugin_mnl.c. With shared libraries: make PLUGIN_STATIC=
PLUGIN_STATIC ?= -static-pie
PLUGIN_MNL    = $(or $(filter /%,$(shell $(CC) -print-file-name=libmnl.a)),csrc/plugin/mnl.c)

# That it answers is seen before it is taken: bytecode, headers and library may be of three Luas, and not every C library
# has all that a static program needs.
$(BUILD)/zlnet-cni: csrc/plugin/plugin.c csrc/plugin/ipam.c csrc/plugin/plugin.h csrc/plugin/mnl.c $(BUILD)/obj/zlnet-cni.bundle.c lua/bin/zlnet-cni $(OBJECTS)
	@echo "  LD  $@"
	$(Q)$(if $(PLUGIN_LUA),$(PLUGIN_TRY)$(call PLUGIN_LINK,,$(ALL_LIBS)) && $(PLUGIN_ASK),$(call script,zlnet-cni) >$@.new)
	$(Q)chmod 755 $@.new && mv $@.new $@

PLUGIN_TRY   = $(if $(PLUGIN_STATIC),{ $(call PLUGIN_LINK,$(PLUGIN_STATIC),$(PLUGIN_MNL)) && $(PLUGIN_ASK); } 2>/dev/null ||)
PLUGIN_LINK  = $(CC) $(ALL_CFLAGS) $(LDFLAGS) $1 -o $@.new $(filter-out csrc/plugin/mnl.c,$(filter %.c %.o,$^)) $2 $(PLUGIN_LUA) -lm -ldl
PLUGIN_ASK   = echo '{}' | CNI_COMMAND=VERSION $(abspath $@.new) >/dev/null
script       = sed '1s|lua5\.4|$(notdir $(LUA))|' lua/bin/$1

# The manual page and the shells' completions, written by the script itself; for another machine: make install PAGES=
PAGES       ?= $(if $(INST_DATADIR),manual bash zsh fish)
UNIT         = spec/install/zlnet-watch.service
PAGE_manual  = man/man8/zlnet.8
PAGE_bash    = bash-completion/completions/zlnet
PAGE_zsh     = zsh/site-functions/_zlnet
PAGE_fish    = fish/vendor_completions.d/zlnet.fish

$(BUILD)/page/%: $(CORE) lua/bin/zlnet $(MODULES:%=lua/%)
	@mkdir -p $(@D)
	@echo "  LUA $@"
	$(Q)$(LUA_ENV) $(LUA) lua/bin/zlnet $(subst completion manual,manual,completion $*) >$@.new && mv $@.new $@

man: $(BUILD)/page/manual ## make the manual page of what --help says: man -l build/page/manual
	@:

install: all $(BUNDLED:%=$(BUILD)/%) $(PAGES:%=$(BUILD)/page/%) ## install under PREFIX (and DESTDIR before it)
	install -d $(addprefix $(DESTDIR),$(sort $(INST_LIBDIR)/zlnet $(dir $(MODULES:%=$(INST_LUADIR)/%)) $(INST_BINDIR) $(CNI_BINDIR)))
	install -m 755 $(CORE) $(DESTDIR)$(INST_LIBDIR)/zlnet/core.so
	$(foreach m,$(MODULES),install -m 644 lua/$m $(DESTDIR)$(INST_LUADIR)/$m &&) :
	$(call script,zlnet) >$(DESTDIR)$(INST_BINDIR)/zlnet && chmod 755 $(DESTDIR)$(INST_BINDIR)/zlnet
	$(if $(BUNDLED),cat $(BUILD)/zlnet-cni,$(call script,zlnet-cni)) >$(DESTDIR)$(CNI_BINDIR)/.zlnet-cni.new
	chmod 755 $(DESTDIR)$(CNI_BINDIR)/.zlnet-cni.new && mv $(DESTDIR)$(CNI_BINDIR)/.zlnet-cni.new $(DESTDIR)$(CNI_BINDIR)/zlnet-cni
	$(foreach p,$(PAGES),install -D -m 644 $(BUILD)/page/$p $(DESTDIR)$(INST_DATADIR)/$(PAGE_$p) &&) :
	$(if $(UNITDIR),install -d $(DESTDIR)$(UNITDIR) && sed 's|/usr/bin/|$(INST_BINDIR)/|' $(UNIT) >$(DESTDIR)$(UNITDIR)/$(notdir $(UNIT)))

uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(INST_LIBDIR)/zlnet $(DESTDIR)$(INST_LUADIR)/zlnet
	rm -f $(DESTDIR)$(INST_BINDIR)/zlnet $(DESTDIR)$(CNI_BINDIR)/zlnet-cni
	rm -f $(foreach p,$(PAGES),$(DESTDIR)$(INST_DATADIR)/$(PAGE_$p)) $(if $(UNITDIR),$(DESTDIR)$(UNITDIR)/$(notdir $(UNIT)))

deb: ## build a Debian package, build/zlnet_VERSION_ARCH.deb, for this machine's lua5.4 (installs what is missing)
	@LUA='$(LUA)' CC='$(CC)' .ci/deps deb
	@MAKE='$(MAKE)' spec/install/deb $(BUILD)

musl: ## build the core against musl (musl-tools), see that it lacks nothing there, run the specs with it; SPECS='…'
	@MAKE='$(MAKE)' spec/install/musl $(BUILD) $(SPECS)

ROCK = $(CURDIR)/build/rock
doc: all ## write the HTML reference to build/doc/reference.html
	@mkdir -p $(BUILD)/doc
	@$(LUA_ENV) $(LUA) spec/doc/html >$(BUILD)/doc/reference.html
	@echo "$(BUILD)/doc/reference.html"

meta: all ## write the keys of netlink tables for language servers: add build/meta and lua to your workspace
	@mkdir -p $(BUILD)/meta
	@$(LUA_ENV) $(LUA) spec/doc/meta >$(BUILD)/meta/zlnet_keys.lua
	@echo "$(BUILD)/meta/zlnet_keys.lua"

api: all ## add what is new of the public interface to spec/support/api.txt, whose lines may not disappear
	@API_UPDATE=1 LUA='$(LUA)' BUILD='$(BUILD)' spec/tools/run spec/api_spec.lua

VERSION = $(shell sed -n 's/.*ZLNET_VERSION "\(.*\)".*/\1/p' csrc/version.h)
ROCKS   = luarocks --lua-version $(LUA_VERSION)
rock: dist ## build the rock, from here and from the release's archive, and require it from outside the checkout
	@rm -rf $(ROCK) build/luarocks
	$(ROCKS) --tree $(ROCK) make --deps-mode none rockspec/zlnet-scm-1.rockspec
	@spec/tools/rock $(LUA) $(LUA_VERSION) $(ROCK)
	@rm -rf $(ROCK)
	$(ROCKS) --tree $(ROCK) install --deps-mode none build/dist/zlnet-$(VERSION)-1.src.rock
	@spec/tools/rock $(LUA) $(LUA_VERSION) $(ROCK)

dist: ## make the archive of this commit, its rockspec and its source rock, in build/dist
	@LUA='$(LUA)' CC='$(CC)' .ci/deps rock
	@rm -rf build/dist && mkdir -p build/dist
	git archive --prefix=zlnet-$(VERSION)/ HEAD | gzip -n >build/dist/zlnet-$(VERSION).tar.gz
	@sed 's|file://|&$(CURDIR)/build/dist/|' rockspec/zlnet-$(VERSION)-1.rockspec >build/dist/zlnet-$(VERSION)-1.rockspec
	cd build/dist && $(ROCKS) pack zlnet-$(VERSION)-1.rockspec
	@cp rockspec/zlnet-$(VERSION)-1.rockspec build/dist/

clean: ## remove all that was built
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: all api meta stub deps demo test bench e2e kernels asan lint format lint-deps man install uninstall deb musl rock dist clean help
