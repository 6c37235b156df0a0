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
HOST       = LUA='$(CURDIR)/$(RELIABILITY)/host' $(IN_SANDBOX)
ROWS      ?=

FAULT_SECONDS ?= 2400
fault: $(CORE) $(RELIABILITY)/inject $(RELIABILITY)/host ## every system call and every request of every workflow fails, in turn
	$(Q)$(HOST) spec/fault/refusals.lua $(FAULT_SECONDS) $(ROWS)
	$(Q)LUA='$(LUA)' $(IN_SANDBOX) spec/fault/calls.lua $(FAULT_SECONDS) $(ROWS)

ALLOC_SECONDS ?= 1200
alloc: $(CORE) $(RELIABILITY)/host ## every allocation of every operation fails, in turn
	$(Q)$(HOST) spec/fault/alloc.lua $(ALLOC_SECONDS) $(ROWS)

.PHONY: fault alloc
