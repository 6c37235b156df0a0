# SPDX-License-Identifier: MIT
# Builds the bench's programs into build/bench/; called by spec/bench/run from the top of the checkout.
# A contestant whose packages are missing is skipped with one line; the bench goes on without it.
OUT    := build/bench
SRC    := spec/bench
CFLAGS ?= -O2
FLAGS  := -std=gnu11 -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
CRATES := /usr/share/cargo/registry
GOCODE := /usr/share/gocode

all: $(addprefix $(OUT)/,floor hold curves threads traffic go-netlink origin)

$(OUT):
	mkdir -p $@

$(OUT)/floor: $(SRC)/floor.c $(SRC)/rtnl.c $(SRC)/visit.c $(SRC)/rtnl.h $(SRC)/visit.h $(SRC)/bench.h | $(OUT)
	$(CC) $(FLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) -lmnl -pthread

$(OUT)/curves: $(SRC)/curves.c $(SRC)/rtnl.c $(SRC)/visit.c $(SRC)/rtnl.h $(SRC)/visit.h $(SRC)/bench.h | $(OUT)
	$(CC) $(FLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) -lmnl -pthread

$(OUT)/hold: $(SRC)/hold.c $(SRC)/bench.h | $(OUT)
	$(CC) $(FLAGS) $(CFLAGS) -o $@ $<

$(OUT)/overlay: $(SRC)/overlay.c $(SRC)/bench.h | $(OUT)
	$(CC) $(FLAGS) $(CFLAGS) -o $@ $< -lmnl

$(OUT)/traffic: $(SRC)/traffic.c $(SRC)/bench.h | $(OUT)
	$(CC) $(FLAGS) $(CFLAGS) -o $@ $< -pthread

$(OUT)/threads: $(SRC)/threads.c $(SRC)/bench.h | $(OUT)
	$(CC) $(FLAGS) $(CFLAGS) -o $@ $< -pthread

$(OUT)/go-netlink: $(SRC)/contestants/go/main.go | $(OUT)
	@if ! command -v go >/dev/null || [ ! -d $(GOCODE)/src/github.com/vishvananda/netlink ]; then \
		echo "skipped: Go (golang-go, golang-github-vishvananda-netlink-dev)"; \
	else GO111MODULE=off GOFLAGS= GOPATH=$(GOCODE) GOCACHE=$(CURDIR)/$(OUT)/gocache go build -o $@ ./$(<D) \
		|| echo "skipped: Go (does not build)"; fi

$(OUT)/origin: $(SRC)/contestants/rust/src/main.rs $(SRC)/contestants/rust/Cargo.toml | $(OUT)
	@if ! command -v cargo >/dev/null || [ ! -d $(CRATES)/rtnetlink-0.10.1 ]; then \
		echo "skipped: Rust (cargo, librust-rtnetlink-dev, librust-tokio-dev)"; \
	else mkdir -p $(OUT)/rust/.cargo && cp -r $(SRC)/contestants/rust/. $(OUT)/rust/ && \
		printf '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "$(CRATES)"\n' \
			>$(OUT)/rust/.cargo/config.toml && \
		cd $(OUT)/rust && CARGO_HOME=$(CURDIR)/$(OUT)/cargo-home cargo build -q -j1 --release --offline && \
		cp target/release/origin ../origin || echo "skipped: Rust (does not build)"; fi

.PHONY: all
