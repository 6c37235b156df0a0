/* SPDX-License-Identifier: MIT */
/* What queueing disciplines and their classes take: tbf, htb, fq_codel, fq. Times are in microseconds, but buffers in
 * the kernel's ticks of 64 ns. */
#include "tables/tc.h"

#include <linux/pkt_sched.h>

TABLE_NAMES(linklayers, false,
            {{TC_LINKLAYER_UNAWARE, "unaware"}, {TC_LINKLAYER_ETHERNET, "ethernet"}, {TC_LINKLAYER_ATM, "atm"}});

/* A rate, in bytes a second, and what belongs to it. */
#define RATE(structure, member, name) \
	TABLE_FIELD(structure, member.rate, name, TABLE_U32), \
		TABLE_FIELD(structure, member.cell_log, name "_cell_log", TABLE_U8), \
		TABLE_FIELD(structure, member.linklayer, name "_linklayer", TABLE_U8, .names = &linklayers), \
		TABLE_FIELD(structure, member.overhead, name "_overhead", TABLE_U16), \
		TABLE_FIELD(structure, member.cell_align, name "_cell_align", TABLE_U16), \
		TABLE_FIELD(structure, member.mpu, name "_mpu", TABLE_U16)

static const struct table_row tbf_fields[] = {
	RATE(struct tc_tbf_qopt, rate, "rate"),
	RATE(struct tc_tbf_qopt, peakrate, "peakrate"),
	TABLE_FIELD(struct tc_tbf_qopt, limit, "limit", TABLE_U32),
	TABLE_FIELD(struct tc_tbf_qopt, buffer, "buffer", TABLE_U32),
	TABLE_FIELD(struct tc_tbf_qopt, mtu, "mtu", TABLE_U32),
};
static const struct table_set set_tbf_parms = {
	.field = tbf_fields, .nfield = TABLE_FIELDS(tbf_fields), .hdrlen = TABLE_HEADER(sizeof(struct tc_tbf_qopt))};
static const struct table_row tbf_attrs[] = {
	TABLE_ATTR(TCA_TBF_PARMS, "parms", TABLE_STRUCT, .set = &set_tbf_parms),
	TABLE_ATTR(TCA_TBF_RATE64, "rate64", TABLE_U64),
	TABLE_ATTR(TCA_TBF_PRATE64, "prate64", TABLE_U64),
	TABLE_ATTR(TCA_TBF_BURST, "burst", TABLE_U32), /* bytes, in place of the buffer */
	TABLE_ATTR(TCA_TBF_PBURST, "pburst", TABLE_U32),
};
static const struct table_set set_tbf = {.attr = tbf_attrs, .nattr = TABLE_ATTRS(tbf_attrs)};

static const struct table_row htb_class_fields[] = {
	RATE(struct tc_htb_opt, rate, "rate"),
	RATE(struct tc_htb_opt, ceil, "ceil"),
	TABLE_FIELD(struct tc_htb_opt, buffer, "buffer", TABLE_U32),
	TABLE_FIELD(struct tc_htb_opt, cbuffer, "cbuffer", TABLE_U32),
	TABLE_FIELD(struct tc_htb_opt, quantum, "quantum", TABLE_U32),
	TABLE_FIELD(struct tc_htb_opt, level, "level", TABLE_U32),
	TABLE_FIELD(struct tc_htb_opt, prio, "prio", TABLE_U32),
};
static const struct table_set set_htb_class = {.field = htb_class_fields,
                                               .nfield = TABLE_FIELDS(htb_class_fields),
                                               .hdrlen = TABLE_HEADER(sizeof(struct tc_htb_opt))};
static const struct table_row htb_fields[] = {
	TABLE_FIELD(struct tc_htb_glob, version, "version", TABLE_U32), /* 3, which need not be said */
	TABLE_FIELD(struct tc_htb_glob, rate2quantum, "rate2quantum", TABLE_U32),
	TABLE_FIELD(struct tc_htb_glob, defcls, "defcls", TABLE_U32),
	TABLE_FIELD(struct tc_htb_glob, debug, "debug", TABLE_U32),
	TABLE_FIELD(struct tc_htb_glob, direct_pkts, "direct_pkts", TABLE_U32),
};
static const struct table_set set_htb_glob = {
	.field = htb_fields, .nfield = TABLE_FIELDS(htb_fields), .hdrlen = TABLE_HEADER(sizeof(struct tc_htb_glob))};
static const struct table_row htb_attrs[] = {
	TABLE_ATTR(TCA_HTB_PARMS, "parms", TABLE_STRUCT, .set = &set_htb_class), /* of a class */
	TABLE_ATTR(TCA_HTB_INIT, "init", TABLE_STRUCT, .set = &set_htb_glob),    /* of the discipline */
	TABLE_ATTR(TCA_HTB_DIRECT_QLEN, "direct_qlen", TABLE_U32),
	TABLE_ATTR(TCA_HTB_RATE64, "rate64", TABLE_U64),
	TABLE_ATTR(TCA_HTB_CEIL64, "ceil64", TABLE_U64),
	TABLE_ATTR(TCA_HTB_OFFLOAD, "offload", TABLE_FLAG),
};
static const struct table_set set_htb = {.attr = htb_attrs, .nattr = TABLE_ATTRS(htb_attrs)};

static const struct table_row fq_codel_attrs[] = {
	TABLE_ATTR(TCA_FQ_CODEL_TARGET, "target", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_LIMIT, "limit", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_INTERVAL, "interval", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_ECN, "ecn", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_FLOWS, "flows", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_QUANTUM, "quantum", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_CE_THRESHOLD, "ce_threshold", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_DROP_BATCH_SIZE, "drop_batch_size", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_MEMORY_LIMIT, "memory_limit", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR, "ce_threshold_selector", TABLE_U8),
	TABLE_ATTR(TCA_FQ_CODEL_CE_THRESHOLD_MASK, "ce_threshold_mask", TABLE_U8),
};
static const struct table_set set_fq_codel = {.attr = fq_codel_attrs, .nattr = TABLE_ATTRS(fq_codel_attrs)};

static const struct table_row fq_attrs[] = {
	TABLE_ATTR(TCA_FQ_PLIMIT, "plimit", TABLE_U32),
	TABLE_ATTR(TCA_FQ_FLOW_PLIMIT, "flow_plimit", TABLE_U32),
	TABLE_ATTR(TCA_FQ_QUANTUM, "quantum", TABLE_U32),
	TABLE_ATTR(TCA_FQ_INITIAL_QUANTUM, "initial_quantum", TABLE_U32),
	TABLE_ATTR(TCA_FQ_RATE_ENABLE, "rate_enable", TABLE_U32),
	TABLE_ATTR(TCA_FQ_FLOW_DEFAULT_RATE, "flow_default_rate", TABLE_U32),
	TABLE_ATTR(TCA_FQ_FLOW_MAX_RATE, "flow_max_rate", TABLE_U32),
	TABLE_ATTR(TCA_FQ_BUCKETS_LOG, "buckets_log", TABLE_U32),
	TABLE_ATTR(TCA_FQ_FLOW_REFILL_DELAY, "flow_refill_delay", TABLE_U32),
	TABLE_ATTR(TCA_FQ_ORPHAN_MASK, "orphan_mask", TABLE_U32),
	TABLE_ATTR(TCA_FQ_LOW_RATE_THRESHOLD, "low_rate_threshold", TABLE_U32),
	TABLE_ATTR(TCA_FQ_CE_THRESHOLD, "ce_threshold", TABLE_U32),
	TABLE_ATTR(TCA_FQ_TIMER_SLACK, "timer_slack", TABLE_U32),
	TABLE_ATTR(TCA_FQ_HORIZON, "horizon", TABLE_U32),
	TABLE_ATTR(TCA_FQ_HORIZON_DROP, "horizon_drop", TABLE_U8),
};
static const struct table_set set_fq = {.attr = fq_attrs, .nattr = TABLE_ATTRS(fq_attrs)};

static const struct table_kind qdisc_kinds[] = {
	{"tbf", 0, &set_tbf}, {"htb", 0, &set_htb}, {"fq_codel", 0, &set_fq_codel}, {"fq", 0, &set_fq}};
const struct table_kinds table_qdisc_kinds = {qdisc_kinds, TABLE_COUNT(qdisc_kinds)};

static const struct table_kind tclass_kinds[] = {{"htb", 0, &set_htb}};
const struct table_kinds table_tclass_kinds = {tclass_kinds, TABLE_COUNT(tclass_kinds)};
