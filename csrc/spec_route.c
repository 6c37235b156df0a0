/* SPDX-License-Identifier: MIT */
/* RTM_*ROUTE, struct rtmsg. */
#include "spec.h"

#include <linux/icmpv6.h>
#include <linux/rtnetlink.h>

#include "uapi_compat.h"

/* The low bits are those of a next hop, RTNH_F_*. */
SPEC_NAMES(route_flags, true,
           {
		   {RTNH_F_DEAD, "dead"},
		   {RTNH_F_PERVASIVE, "pervasive"},
		   {RTNH_F_ONLINK, "onlink"},
		   {RTNH_F_OFFLOAD, "rtnh_offload"},
		   {RTNH_F_LINKDOWN, "linkdown"},
		   {RTNH_F_UNRESOLVED, "unresolved"},
		   {RTNH_F_TRAP, "rtnh_trap"},
		   {RTM_F_NOTIFY, "notify"},
		   {RTM_F_CLONED, "cloned"},
		   {RTM_F_EQUALIZE, "equalize"},
		   {RTM_F_PREFIX, "prefix"},
		   {RTM_F_LOOKUP_TABLE, "lookup_table"},
		   {RTM_F_FIB_MATCH, "fib_match"},
		   {RTM_F_OFFLOAD, "offload"},
		   {RTM_F_TRAP, "trap"},
		   {RTM_F_OFFLOAD_FAILED, "offload_failed"},
	   });

SPEC_NAMES(hop_flags, true,
           {
		   {RTNH_F_DEAD, "dead"},
		   {RTNH_F_PERVASIVE, "pervasive"},
		   {RTNH_F_ONLINK, "onlink"},
		   {RTNH_F_OFFLOAD, "offload"},
		   {RTNH_F_LINKDOWN, "linkdown"},
		   {RTNH_F_UNRESOLVED, "unresolved"},
		   {RTNH_F_TRAP, "trap"},
	   });

SPEC_NAMES(route_prefs, false,
           {{ICMPV6_ROUTER_PREF_LOW, "low"}, {ICMPV6_ROUTER_PREF_MEDIUM, "medium"}, {ICMPV6_ROUTER_PREF_HIGH, "high"}});

SPEC_NAMES(metric_features, true,
           {
		   {RTAX_FEATURE_ECN, "ecn"},
		   {RTAX_FEATURE_SACK, "sack"},
		   {RTAX_FEATURE_TIMESTAMP, "timestamp"},
		   {RTAX_FEATURE_ALLFRAG, "allfrag"},
	   });

#define LOCK(name) 1U << RTAX_##name
SPEC_NAMES(metric_locks, true,
           {
		   {LOCK(MTU), "mtu"},
		   {LOCK(WINDOW), "window"},
		   {LOCK(RTT), "rtt"},
		   {LOCK(RTTVAR), "rttvar"},
		   {LOCK(SSTHRESH), "ssthresh"},
		   {LOCK(CWND), "cwnd"},
		   {LOCK(ADVMSS), "advmss"},
		   {LOCK(REORDERING), "reordering"},
		   {LOCK(HOPLIMIT), "hoplimit"},
		   {LOCK(INITCWND), "initcwnd"},
		   {LOCK(FEATURES), "features"},
		   {LOCK(RTO_MIN), "rto_min"},
		   {LOCK(INITRWND), "initrwnd"},
		   {LOCK(QUICKACK), "quickack"},
		   {LOCK(CC_ALGO), "cc_algo"},
	   });

static const struct spec_row metric_attrs[] = {
	SPEC_ATTR(RTAX_LOCK, "lock", SPEC_U32, .names = &metric_locks),
	SPEC_ATTR(RTAX_MTU, "mtu", SPEC_U32),
	SPEC_ATTR(RTAX_WINDOW, "window", SPEC_U32),
	SPEC_ATTR(RTAX_RTT, "rtt", SPEC_U32),
	SPEC_ATTR(RTAX_RTTVAR, "rttvar", SPEC_U32),
	SPEC_ATTR(RTAX_SSTHRESH, "ssthresh", SPEC_U32),
	SPEC_ATTR(RTAX_CWND, "cwnd", SPEC_U32),
	SPEC_ATTR(RTAX_ADVMSS, "advmss", SPEC_U32),
	SPEC_ATTR(RTAX_REORDERING, "reordering", SPEC_U32),
	SPEC_ATTR(RTAX_HOPLIMIT, "hoplimit", SPEC_U32),
	SPEC_ATTR(RTAX_INITCWND, "initcwnd", SPEC_U32),
	SPEC_ATTR(RTAX_FEATURES, "features", SPEC_U32, .names = &metric_features),
	SPEC_ATTR(RTAX_RTO_MIN, "rto_min", SPEC_U32), /* counts only when locked, too */
	SPEC_ATTR(RTAX_INITRWND, "initrwnd", SPEC_U32),
	SPEC_ATTR(RTAX_QUICKACK, "quickack", SPEC_U32),
	SPEC_ATTR(RTAX_CC_ALGO, "cc_algo", SPEC_STRING, .max = 15),
	SPEC_ATTR(RTAX_FASTOPEN_NO_COOKIE, "fastopen_no_cookie", SPEC_U32),
};
static const struct spec_set set_metrics = {.attr = metric_attrs, .nattr = SPEC_COUNT(metric_attrs)};

static const struct spec_row cache_fields[] = {
	SPEC_FIELD(struct rta_cacheinfo, rta_clntref, "clntref", SPEC_U32),
	SPEC_FIELD(struct rta_cacheinfo, rta_lastuse, "lastuse", SPEC_U32),
	SPEC_FIELD(struct rta_cacheinfo, rta_expires, "expires", SPEC_S32), /* in clock ticks */
	SPEC_FIELD(struct rta_cacheinfo, rta_error, "error", SPEC_S32),
	SPEC_FIELD(struct rta_cacheinfo, rta_used, "used", SPEC_U32),
};
static const struct spec_set set_cache = {
	.field = cache_fields, .nfield = SPEC_COUNT(cache_fields), .hdrlen = sizeof(struct rta_cacheinfo)};

static const struct spec_row hop_fields[] = {
	SPEC_FIELD(struct rtnexthop, rtnh_flags, "flags", SPEC_U8, .names = &hop_flags),
	SPEC_FIELD(struct rtnexthop, rtnh_hops, "hops", SPEC_U8), /* the weight less one */
	SPEC_FIELD(struct rtnexthop, rtnh_ifindex, "ifindex", SPEC_LINK),
};
static const struct spec_row hop_attrs[] = {
	SPEC_ATTR(RTA_GATEWAY, "gateway", SPEC_IP),
	SPEC_ATTR(RTA_FLOW, "flow", SPEC_U32),
	SPEC_ATTR(RTA_VIA, "via", SPEC_VIA),
	SPEC_ATTR(RTA_ENCAP_TYPE, "encap_type", SPEC_U16, .names = &spec_encap_types),
	SPEC_ATTR(RTA_ENCAP, "encap", SPEC_BYKIND, .kinds = &spec_encaps),
};
static const struct spec_set set_hop = {.field = hop_fields,
                                        .nfield = SPEC_COUNT(hop_fields),
                                        .attr = hop_attrs,
                                        .nattr = SPEC_COUNT(hop_attrs),
                                        .hdrlen = sizeof(struct rtnexthop)};

static const struct spec_row route_fields[] = {
	SPEC_FIELD(struct rtmsg, rtm_family, "family", SPEC_U8, .names = &spec_families),
	SPEC_FIELD(struct rtmsg, rtm_dst_len, "dst_len", SPEC_U8),
	SPEC_FIELD(struct rtmsg, rtm_src_len, "src_len", SPEC_U8),
	SPEC_FIELD(struct rtmsg, rtm_tos, "tos", SPEC_U8),
	SPEC_FIELD(struct rtmsg, rtm_table, "table", SPEC_U8, .names = &spec_tables, .twin = RTA_TABLE),
	SPEC_FIELD(struct rtmsg, rtm_protocol, "protocol", SPEC_U8, .names = &spec_protocols),
	SPEC_FIELD(struct rtmsg, rtm_scope, "scope", SPEC_U8, .names = &spec_scopes),
	SPEC_FIELD(struct rtmsg, rtm_type, "type", SPEC_U8, .names = &spec_route_types),
	SPEC_FIELD(struct rtmsg, rtm_flags, "flags", SPEC_U32, .names = &route_flags),
};

static const struct spec_row route_attrs[] = {
	SPEC_ATTR(RTA_DST, "dst", SPEC_PREFIX, .off = offsetof(struct rtmsg, rtm_dst_len)),
	SPEC_ATTR(RTA_SRC, "src", SPEC_PREFIX, .off = offsetof(struct rtmsg, rtm_src_len)),
	SPEC_ATTR(RTA_IIF, "iif", SPEC_LINK),
	SPEC_ATTR(RTA_OIF, "oif", SPEC_LINK),
	SPEC_ATTR(RTA_GATEWAY, "gateway", SPEC_IP),
	SPEC_ATTR(RTA_PRIORITY, "priority", SPEC_U32),
	SPEC_ATTR(RTA_PREFSRC, "prefsrc", SPEC_IP),
	SPEC_ATTR(RTA_METRICS, "metrics", SPEC_NEST, .set = &set_metrics),
	SPEC_ATTR(RTA_MULTIPATH, "multipath", SPEC_NEXTHOPS, .set = &set_hop),
	SPEC_ATTR(RTA_FLOW, "flow", SPEC_U32),
	SPEC_ATTR(RTA_CACHEINFO, "cacheinfo", SPEC_STRUCT, .set = &set_cache),
	SPEC_ATTR(RTA_TABLE, "table", SPEC_U32, .names = &spec_tables),
	SPEC_ATTR(RTA_MARK, "mark", SPEC_U32),
	SPEC_ATTR(RTA_VIA, "via", SPEC_VIA),
	SPEC_ATTR(RTA_NEWDST, "newdst", SPEC_IP),
	SPEC_ATTR(RTA_PREF, "pref", SPEC_U8, .names = &route_prefs),
	SPEC_ATTR(RTA_ENCAP_TYPE, "encap_type", SPEC_U16, .names = &spec_encap_types),
	SPEC_ATTR(RTA_ENCAP, "encap", SPEC_BYKIND, .kinds = &spec_encaps),
	SPEC_ATTR(RTA_EXPIRES, "expires", SPEC_U32), /* in seconds */
	SPEC_ATTR(RTA_UID, "uid", SPEC_U32),
	SPEC_ATTR(RTA_TTL_PROPAGATE, "ttl_propagate", SPEC_BOOL),
	SPEC_ATTR(RTA_IP_PROTO, "ip_proto", SPEC_U8),
	SPEC_ATTR(RTA_SPORT, "sport", SPEC_BE16),
	SPEC_ATTR(RTA_DPORT, "dport", SPEC_BE16),
	SPEC_ATTR(RTA_NH_ID, "nh_id", SPEC_U32),
	SPEC_ATTR(COMPAT_RTA_FLOWLABEL, "flowlabel", SPEC_BE32),
};
static const struct spec_set set_route = {.field = route_fields,
                                          .nfield = SPEC_COUNT(route_fields),
                                          .attr = route_attrs,
                                          .nattr = SPEC_COUNT(route_attrs),
                                          .hdrlen = sizeof(struct rtmsg)};

const struct spec_msg spec_route = {.name = "route",
                                    .new_type = RTM_NEWROUTE,
                                    .del_type = RTM_DELROUTE,
                                    .get_type = RTM_GETROUTE,
                                    .hdrlen = sizeof(struct rtmsg),
                                    .set = &set_route};
