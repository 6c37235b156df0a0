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

FAULT_SECONDS ?= 2400
fault: $(CORE) $(RELIABILITY)/inject $(RELIABILITY)/host ## every system call and every request of every workflow fails, in turn
	$(Q)$(HOST) spec/fault/refusals.lua $(FAULT_SECONDS) $(ROWS)
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/fault/calls.lua $(FAULT_SECONDS) $(ROWS)

ALLOC_SECONDS ?= 1200
alloc: $(CORE) $(RELIABILITY)/host ## every allocation of every operation fails, in turn
	$(Q)$(HOST) spec/fault/alloc.lua $(ALLOC_SECONDS) $(ROWS)

.PHONY: fault alloc

FUZZ = BUILD='$(BUILD)' LUA_CFLAGS='$(LUA_CFLAGS)' LUA_LIBS='$(HOST_LIBS)' MNL_CFLAGS='$(MNL_CFLAGS)' spec/fuzz/run
FUZZ_SECONDS ?= 3600
fuzz: ## coverage-guided fuzzing of the engine, the tables and the codec: an hour
	$(Q)$(FUZZ) $(FUZZ_SECONDS)

fuzz-short: ## the same for a minute
	$(Q)$(FUZZ) 60

.PHONY: fuzz fuzz-short
