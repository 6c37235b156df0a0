# SPDX-License-Identifier: MIT
# What tries to break it: see spec/fault/README.md. Each target has a budget of time, in seconds, and ends with a report.

RELIABILITY = $(BUILD)/fault
HOST_CFLAGS = -std=gnu11 -D_GNU_SOURCE -pthread $(WARNINGS) $(LUA_CFLAGS) $(CPPFLAGS) $(CFLAGS)
HOST_LIBS   = $(or $(LUA_LIBS),$(shell $(PKG_CONFIG) --libs $(LUA_PC))) -lm -ldl

$(RELIABILITY)/inject: spec/fault/inject.c spec/reliability.mk
	@mkdir -p $(@D)
	@echo "  LD  $@"
	$(Q)$(CC) $(HOST_CFLAGS) -o $@ $<

$(RELIABILITY)/host: spec/fault/host.c spec/reliability.mk
	@mkdir -p $(@D)
	@echo "  LD  $@"
	$(Q)$(CC) $(HOST_CFLAGS) -Wl,-E -o $@ $< $(HOST_LIBS)

IN_SANDBOX = BUILD='$(BUILD)' spec/fault/sandbox
HOST       = LUA='$(abspath $(RELIABILITY)/host)' $(IN_SANDBOX)
ROWS      ?=

FAULT_SECONDS ?= 3600
fault: $(CORE) $(RELIABILITY)/inject $(RELIABILITY)/host ## every system call and every request of every workflow fails, in turn
	$(Q)$(HOST) spec/fault/refusals.lua $(FAULT_SECONDS) $(ROWS)
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/fault/calls.lua $(FAULT_SECONDS) $(ROWS)

# rows that are quick and have every kind of fault: whether the injectors still bite
fault-short: ## two workflows of `make fault`: do the injectors bite?
	@$(MAKE) --no-print-directory fault FAULT_SECONDS=600 ROWS='list_all_links bridge'

ALLOC_SECONDS ?= 1200
alloc: $(CORE) $(RELIABILITY)/host ## every allocation of every operation fails, in turn
	$(Q)$(HOST) spec/fault/alloc.lua $(ALLOC_SECONDS) $(ROWS)

.PHONY: fault fault-short alloc

FUZZ = BUILD='$(BUILD)' LUA_CFLAGS='$(LUA_CFLAGS)' LUA_LIBS='$(HOST_LIBS)' MNL_CFLAGS='$(MNL_CFLAGS)' spec/fuzz/run
FUZZ_SECONDS ?= 3600
FUZZ_CNI_SECONDS ?= $(shell expr $(FUZZ_SECONDS) / 5)
fuzz: $(CORE) $(BUILD)/zlnet-cni ## coverage-guided fuzzing of engine, tables, codec, and zlnet-cni asked for anything: an hour
	@LUA='$(LUA)' CC='$(CC)' .ci/deps fuzz
	$(Q)$(FUZZ) $$(( $(FUZZ_SECONDS) - $(FUZZ_CNI_SECONDS) ))
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/fuzz/cni.lua $(FUZZ_CNI_SECONDS) $(SEED)

fuzz-short: ## the same for a minute
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=60

.PHONY: fuzz fuzz-short

# --- sanitizers beside those of `make asan` ---

TSAN_SPECS ?= spec/kernel/visitor_spec.lua spec/kernel/deletion_spec.lua spec/netlink_netns_spec.lua spec/bind/handle_spec.lua spec/loop_spec.lua spec/attach/init_spec.lua
tsan: ## the specs that start threads, under ThreadSanitizer
	@$(MAKE) --no-print-directory BUILD=build/tsan CFLAGS='-O1 -g -fsanitize=thread' LDFLAGS=-Wl,-z,nodelete all stub \
		build/tsan/bin/lua5.4
	@TSAN_OPTIONS=exitcode=99:halt_on_error=1:suppressions=$(CURDIR)/spec/tools/tsan.supp SPEC_TIMEOUT=300 LUA='$(CURDIR)/build/tsan/bin/lua5.4' BUILD=build/tsan \
		setarch -R spec/tools/run $(or $(SPECS),$(TSAN_SPECS))

# not those which need pidfd_open: valgrind knows that call from 3.21 on
VALGRIND_SPECS ?= spec/codec/codec_spec.lua spec/undo_spec.lua spec/options_spec.lua spec/record/line_spec.lua
valgrind: $(CORE) stub ## some specs under valgrind's memcheck
	@LUA='$(LUA)' CC='$(CC)' .ci/deps valgrind
	@mkdir -p $(BUILD)/valgrind
	@printf '#!/bin/sh\nexec valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite %s "$$@"\n' \
		'$(LUA)' >$(BUILD)/valgrind/lua && chmod +x $(BUILD)/valgrind/lua
	@SPEC_TIMEOUT=600 LUA='$(abspath $(BUILD)/valgrind/lua)' BUILD='$(BUILD)' spec/tools/run $(or $(SPECS),$(VALGRIND_SPECS))

gcstress: $(CORE) stub ## the specs with a step of the collector at every allocation
	@LUA_INIT='collectgarbage("incremental", 0, 1000, 0)' SPEC_TIMEOUT=900 LUA='$(LUA)' BUILD='$(BUILD)' spec/tools/run $(SPECS)

.PHONY: tsan valgrind gcstress

# --- do the specs notice? ---

MUTANTS ?=
mutants: $(CORE) stub $(RELIABILITY)/inject ## plants some 90 faults, one after the other, and runs the suites named for each: none may survive
	@LUA='$(LUA)' BUILD='$(BUILD)' spec/mutants/run $(MUTANTS)

.PHONY: mutants

# --- for long ---

RUNS ?= 30
BUSY ?= 2
NICE ?= 0
repeat: $(CORE) stub $(BUILD)/zlnet-cni ## the specs RUNS times (30) beside BUSY busy loops (2): none may fail; NICE=19 JOBS=1 SPECS='…'
	@RUNS='$(RUNS)' BUSY='$(BUSY)' NICE='$(NICE)' LUA='$(LUA)' BUILD='$(BUILD)' spec/tools/repeat $(SPECS)

.PHONY: repeat

SOAK_SECONDS ?= 14400
soak: $(CORE) ## 100,000 attach/detach cycles and 10,000 sweeps in one process: nothing may grow
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/soak/soak.lua $(SOAK_SECONDS) 100000 10000

soak-short: $(CORE) ## the same for a minute
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/soak/soak.lua 60 100000 10000

.PHONY: soak soak-short

LOAD ?= 2000
load: $(CORE) ## LOAD containers (2000) on one node, 16 processes at once, storms of events, containers that die
	$(Q)ulimit -n 8192; LUA='$(LUA)' $(IN_SANDBOX) spec/fault/load.lua $(LOAD)

ARGUMENTS ?= 20000
arguments: $(CORE) ## ARGUMENTS calls (20000) with random values of all public functions
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/fault/arguments.lua $(ARGUMENTS) $(SEED)

privilege: $(CORE) $(RELIABILITY)/inject ## each operation with exactly the capabilities it needs, without each, and unprivileged; what is opened
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/fault/privilege.lua
	$(Q)[ "$$(id -u)" != 0 ] || SANDBOX_USER=' ' LUA='$(LUA)' $(IN_SANDBOX) spec/fault/privilege.lua
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/fault/opens.lua $(ROWS)

.PHONY: load arguments privilege

# --- many at once, and killed ---

STRESS_SECONDS ?= 60
stress: $(CORE) stub ## attach killed at 120 moments; 8 agents with 500 containers, 2 sweepers; a watch of 1,000: 4 minutes
	@rm -f $(BUILD)/stress.txt
	@FIGURES='$(abspath $(BUILD))/stress.txt' STRESS=$(STRESS_SECONDS) WATCHED=1000 \
		SPEC_TIMEOUT=$$((600 + 2 * $(STRESS_SECONDS))) JOBS=1 LUA='$(LUA)' BUILD='$(BUILD)' \
		spec/tools/run spec/stress/crash_spec.lua spec/stress/fleet_spec.lua spec/cleanup/watch/init_spec.lua; status=$$?; cat $(BUILD)/stress.txt; exit $$status

.PHONY: stress
