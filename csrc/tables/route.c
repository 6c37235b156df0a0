/* SPDX-License-Identifier: MIT */
/* RTM_*ROUTE, struct rtmsg. */
#include "tables/table.h"

#include <linux/icmpv6.h>
#include <linux/rtnetlink.h>

#include "tables/uapi_compat.h"

/* The low bits are those of a next hop, RTNH_F_*. */
TABLE_NAMES(route_flags, true,
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

TABLE_NAMES(hop_flags, true,
            {
		    {RTNH_F_DEAD, "dead"},
		    {RTNH_F_PERVASIVE, "pervasive"},
		    {RTNH_F_ONLINK, "onlink"},
		    {RTNH_F_OFFLOAD, "offload"},
		    {RTNH_F_LINKDOWN, "linkdown"},
		    {RTNH_F_UNRESOLVED, "unresolved"},
		    {RTNH_F_TRAP, "trap"},
	    });

TABLE_NAMES(route_prefs, false,
            {{ICMPV6_ROUTER_PREF_LOW, "low"},
             {ICMPV6_ROUTER_PREF_MEDIUM, "medium"},
             {ICMPV6_ROUTER_PREF_HIGH, "high"}});

TABLE_NAMES(metric_features, true,
            {
		    {RTAX_FEATURE_ECN, "ecn"},
		    {RTAX_FEATURE_SACK, "sack"},
		    {RTAX_FEATURE_TIMESTAMP, "timestamp"},
		    {RTAX_FEATURE_ALLFRAG, "allfrag"},
	    });

#define LOCK(name) 1U << RTAX_##name
TABLE_NAMES(metric_locks, true,
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

static const struct table_row metric_attrs[] = {
	TABLE_ATTR(RTAX_LOCK, "lock", TABLE_U32, .names = &metric_locks),
	TABLE_ATTR(RTAX_MTU, "mtu", TABLE_U32),
	TABLE_ATTR(RTAX_WINDOW, "window", TABLE_U32),
	TABLE_ATTR(RTAX_RTT, "rtt", TABLE_U32),
	TABLE_ATTR(RTAX_RTTVAR, "rttvar", TABLE_U32),
	TABLE_ATTR(RTAX_SSTHRESH, "ssthresh", TABLE_U32),
	TABLE_ATTR(RTAX_CWND, "cwnd", TABLE_U32),
	TABLE_ATTR(RTAX_ADVMSS, "advmss", TABLE_U32),
	TABLE_ATTR(RTAX_REORDERING, "reordering", TABLE_U32),
	TABLE_ATTR(RTAX_HOPLIMIT, "hoplimit", TABLE_U32),
	TABLE_ATTR(RTAX_INITCWND, "initcwnd", TABLE_U32),
	TABLE_ATTR(RTAX_FEATURES, "features", TABLE_U32, .names = &metric_features),
	TABLE_ATTR(RTAX_RTO_MIN, "rto_min", TABLE_U32), /* counts only when locked, too */
	TABLE_ATTR(RTAX_INITRWND, "initrwnd", TABLE_U32),
	TABLE_ATTR(RTAX_QUICKACK, "quickack", TABLE_U32),
	TABLE_ATTR(RTAX_CC_ALGO, "cc_algo", TABLE_STRING, .max = 15),
	TABLE_ATTR(RTAX_FASTOPEN_NO_COOKIE, "fastopen_no_cookie", TABLE_U32),
};
static const struct table_set set_metrics = {.attr = metric_attrs, .nattr = TABLE_ATTRS(metric_attrs)};

static const struct table_row cache_fields[] = {
	TABLE_FIELD(struct rta_cacheinfo, rta_clntref, "clntref", TABLE_U32),
	TABLE_FIELD(struct rta_cacheinfo, rta_lastuse, "lastuse", TABLE_U32),
	TABLE_FIELD(struct rta_cacheinfo, rta_expires, "expires", TABLE_S32), /* in clock ticks */
	TABLE_FIELD(struct rta_cacheinfo, rta_error, "error", TABLE_S32),
	TABLE_FIELD(struct rta_cacheinfo, rta_used, "used", TABLE_U32),
};
static const struct table_set set_cache = {.field = cache_fields,
                                           .nfield = TABLE_FIELDS(cache_fields),
                                           .hdrlen = TABLE_HEADER(sizeof(struct rta_cacheinfo))};

static const struct table_row hop_fields[] = {
	TABLE_FIELD(struct rtnexthop, rtnh_flags, "flags", TABLE_U8, .names = &hop_flags),
	TABLE_FIELD(struct rtnexthop, rtnh_hops, "hops", TABLE_U8), /* the weight less one */
	TABLE_FIELD(struct rtnexthop, rtnh_ifindex, "ifindex", TABLE_LINK),
};
static const struct table_row hop_attrs[] = {
	TABLE_ATTR(RTA_GATEWAY, "gateway", TABLE_IP),
	TABLE_ATTR(RTA_FLOW, "flow", TABLE_U32),
	TABLE_ATTR(RTA_VIA, "via", TABLE_VIA),
	TABLE_ATTR(RTA_ENCAP_TYPE, "encap_type", TABLE_U16, .names = &table_encap_types),
	TABLE_ATTR(RTA_ENCAP, "encap", TABLE_BYKIND, .kinds = &table_encaps),
};
static const struct table_set set_hop = {.field = hop_fields,
                                         .nfield = TABLE_FIELDS(hop_fields),
                                         .attr = hop_attrs,
                                         .nattr = TABLE_ATTRS(hop_attrs),
                                         .hdrlen = TABLE_HEADER(sizeof(struct rtnexthop))};

static const struct table_row route_fields[] = {
	TABLE_FIELD(struct rtmsg, rtm_family, "family", TABLE_U8, .names = &table_families),
	TABLE_FIELD(struct rtmsg, rtm_dst_len, "dst_len", TABLE_U8),
	TABLE_FIELD(struct rtmsg, rtm_src_len, "src_len", TABLE_U8),
	TABLE_FIELD(struct rtmsg, rtm_tos, "tos", TABLE_U8),
	TABLE_FIELD(struct rtmsg, rtm_table, "table", TABLE_U8, .names = &table_tables, .twin = RTA_TABLE),
	TABLE_FIELD(struct rtmsg, rtm_protocol, "protocol", TABLE_U8, .names = &table_protocols),
	TABLE_FIELD(struct rtmsg, rtm_scope, "scope", TABLE_U8, .names = &table_scopes),
	TABLE_FIELD(struct rtmsg, rtm_type, "type", TABLE_U8, .names = &table_route_types),
	TABLE_FIELD(struct rtmsg, rtm_flags, "flags", TABLE_U32, .names = &route_flags),
};

static const struct table_row route_attrs[] = {
	TABLE_ATTR(RTA_DST, "dst", TABLE_PREFIX, .off = offsetof(struct rtmsg, rtm_dst_len)),
	TABLE_ATTR(RTA_SRC, "src", TABLE_PREFIX, .off = offsetof(struct rtmsg, rtm_src_len)),
	TABLE_ATTR(RTA_IIF, "iif", TABLE_LINK),
	TABLE_ATTR(RTA_OIF, "oif", TABLE_LINK),
	TABLE_ATTR(RTA_GATEWAY, "gateway", TABLE_IP),
	TABLE_ATTR(RTA_PRIORITY, "priority", TABLE_U32),
	TABLE_ATTR(RTA_PREFSRC, "prefsrc", TABLE_IP),
	TABLE_ATTR(RTA_METRICS, "metrics", TABLE_NEST, .set = &set_metrics),
	TABLE_ATTR(RTA_MULTIPATH, "multipath", TABLE_NEXTHOPS, .set = &set_hop),
	TABLE_ATTR(RTA_FLOW, "flow", TABLE_U32),
	TABLE_ATTR(RTA_CACHEINFO, "cacheinfo", TABLE_STRUCT, .set = &set_cache, .moves = true, .told = true),
	TABLE_ATTR(RTA_TABLE, "table", TABLE_U32, .names = &table_tables),
	TABLE_ATTR(RTA_MARK, "mark", TABLE_U32),
	TABLE_ATTR(RTA_VIA, "via", TABLE_VIA),
	TABLE_ATTR(RTA_NEWDST, "newdst", TABLE_IP),
	TABLE_ATTR(RTA_PREF, "pref", TABLE_U8, .names = &route_prefs),
	TABLE_ATTR(RTA_ENCAP_TYPE, "encap_type", TABLE_U16, .names = &table_encap_types),
	TABLE_ATTR(RTA_ENCAP, "encap", TABLE_BYKIND, .kinds = &table_encaps),
	TABLE_ATTR(RTA_EXPIRES, "expires", TABLE_U32), /* in seconds */
	TABLE_ATTR(RTA_UID, "uid", TABLE_U32),
	TABLE_ATTR(RTA_TTL_PROPAGATE, "ttl_propagate", TABLE_BOOL),
	TABLE_ATTR(RTA_IP_PROTO, "ip_proto", TABLE_U8),
	TABLE_ATTR(RTA_SPORT, "sport", TABLE_BE16),
	TABLE_ATTR(RTA_DPORT, "dport", TABLE_BE16),
	TABLE_ATTR(RTA_NH_ID, "nh_id", TABLE_U32),
	TABLE_ATTR(COMPAT_RTA_FLOWLABEL, "flowlabel", TABLE_BE32),
};
static const struct table_set set_route = {.field = route_fields,
                                           .nfield = TABLE_FIELDS(route_fields),
                                           .attr = route_attrs,
                                           .nattr = TABLE_ATTRS(route_attrs),
                                           .hdrlen = TABLE_HEADER(sizeof(struct rtmsg))};

static const char *const names_one[] = {"dst", "dst_len", NULL};

const struct table_msg table_route = {.name = "route",
                                      .new_type = RTM_NEWROUTE,
                                      .del_type = RTM_DELROUTE,
                                      .get_type = RTM_GETROUTE,
                                      .hdrlen = TABLE_HEADER(sizeof(struct rtmsg)),
                                      .set = &set_route,
                                      .names_one = names_one};
