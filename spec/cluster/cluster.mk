# SPDX-License-Identifier: MIT
# An overlay's cluster, and its churn.

CLUSTER_NODES   ?= 100
CLUSTER_SECONDS ?= 1
cluster: $(CORE) ## an overlay of 4 nodes and a real etcd of 3 while they are killed, then CLUSTER_NODES (100) at once: minutes
	@LUA='$(LUA)' CC='$(CC)' .ci/deps test cluster
	@rm -f $(BUILD)/cluster.txt
	@FIGURES='$(abspath $(BUILD))/cluster.txt' CLUSTER_NODES=$(CLUSTER_NODES) CLUSTER_SECONDS=$(CLUSTER_SECONDS) \
		SPEC_TIMEOUT=1200 JOBS=1 LUA='$(LUA)' BUILD='$(BUILD)' spec/tools/run spec/cluster/cluster_spec.lua; \
		status=$$?; cat $(BUILD)/cluster.txt; exit $$status

CHURN_SECONDS ?= 600
churn: $(CORE) ## an overlay of 1,000 peers that change while an outsider edits its tables: CHURN_SECONDS (600)
	@rm -f $(BUILD)/churn.txt
	@FIGURES='$(abspath $(BUILD))/churn.txt' STRESS=$(CHURN_SECONDS) SPEC_TIMEOUT=$$((300 + $(CHURN_SECONDS))) JOBS=1 \
		LUA='$(LUA)' BUILD='$(BUILD)' spec/tools/run spec/stress/overlay_spec.lua; \
		status=$$?; cat $(BUILD)/churn.txt; exit $$status

overlay-bench: ## an overlay's sync beside bare C, ip and bridge, wg syncconf; BENCH='--rounds=9'
	@spec/bench/overlay $(BENCH)

.PHONY: cluster churn overlay-bench
