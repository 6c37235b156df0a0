/* SPDX-License-Identifier: MIT */
/* RTM_*NEIGH, struct ndmsg: neighbours, proxied addresses, and with the bridge's family forwarding entries. */
#include "tables/table.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

/* The state is a word, but of an entry one bit of it is set. The last two are what the bridge tool makes of forwarding
 * entries, and what vxlan gives back; the names are its bits' which matter. */
TABLE_NAMES(neigh_states, false,
            {
		    {NUD_NONE, "none"},
		    {NUD_INCOMPLETE, "incomplete"},
		    {NUD_REACHABLE, "reachable"},
		    {NUD_STALE, "stale"},
		    {NUD_DELAY, "delay"},
		    {NUD_PROBE, "probe"},
		    {NUD_FAILED, "failed"},
		    {NUD_NOARP, "noarp"},
		    {NUD_PERMANENT, "permanent"},
		    {NUD_PERMANENT | NUD_NOARP, "permanent"},
		    {NUD_PERMANENT | NUD_REACHABLE, "permanent"}, /* vxlan's default entry */
		    {NUD_REACHABLE | NUD_NOARP, "noarp"},
	    });

TABLE_NAMES(neigh_flags, true,
            {
		    {NTF_USE, "use"},
		    {NTF_SELF, "self"},
		    {NTF_MASTER, "master"},
		    {NTF_PROXY, "proxy"},
		    {NTF_EXT_LEARNED, "ext_learned"},
		    {NTF_OFFLOADED, "offloaded"},
		    {NTF_STICKY, "sticky"},
		    {NTF_ROUTER, "router"},
	    });

TABLE_NAMES(neigh_flags_ext, true, {{1 << 0, "managed"}, {1 << 1, "locked"}, {1 << 2, "ext_validated"}});

static const struct table_row cache_fields[] = {
	TABLE_FIELD(struct nda_cacheinfo, ndm_confirmed, "confirmed", TABLE_U32),
	TABLE_FIELD(struct nda_cacheinfo, ndm_used, "used", TABLE_U32),
	TABLE_FIELD(struct nda_cacheinfo, ndm_updated, "updated", TABLE_U32),
	TABLE_FIELD(struct nda_cacheinfo, ndm_refcnt, "refcnt", TABLE_U32),
};
static const struct table_set set_cache = {.field = cache_fields,
                                           .nfield = TABLE_FIELDS(cache_fields),
                                           .hdrlen = TABLE_HEADER(sizeof(struct nda_cacheinfo))};

TABLE_NAMES(fdb_notify, true, {{FDB_NOTIFY_BIT, "notify"}, {FDB_NOTIFY_INACTIVE_BIT, "inactive"}});

static const struct table_row fdb_attrs[] = {
	TABLE_ATTR(NFEA_ACTIVITY_NOTIFY, "activity_notify", TABLE_U8, .names = &fdb_notify),
	TABLE_ATTR(NFEA_DONT_REFRESH, "dont_refresh", TABLE_FLAG),
};
static const struct table_set set_fdb = {.attr = fdb_attrs, .nattr = TABLE_ATTRS(fdb_attrs)};

static const struct table_row neigh_fields[] = {
	TABLE_FIELD(struct ndmsg, ndm_family, "family", TABLE_U8, .names = &table_families),
	TABLE_FIELD(struct ndmsg, ndm_ifindex, "ifindex", TABLE_LINK),
	TABLE_FIELD(struct ndmsg, ndm_state, "state", TABLE_U16, .names = &neigh_states),
	TABLE_FIELD(struct ndmsg, ndm_flags, "flags", TABLE_U8, .names = &neigh_flags),
	TABLE_FIELD(struct ndmsg, ndm_type, "type", TABLE_U8, .names = &table_route_types),
};

static const struct table_row neigh_attrs[] = {
	TABLE_ATTR(NDA_DST, "dst", TABLE_IP),
	TABLE_ATTR(NDA_LLADDR, "lladdr", TABLE_MAC),
	TABLE_ATTR(NDA_CACHEINFO, "cacheinfo", TABLE_STRUCT, .set = &set_cache, .moves = true, .told = true),
	TABLE_ATTR(NDA_PROBES, "probes", TABLE_U32, .moves = true, .told = true),
	TABLE_ATTR(NDA_VLAN, "vlan", TABLE_U16),
	TABLE_ATTR(NDA_PORT, "port", TABLE_BE16),
	TABLE_ATTR(NDA_VNI, "vni", TABLE_U32),
	TABLE_ATTR(NDA_IFINDEX, "via_ifindex", TABLE_LINK), /* "ifindex" is the header's */
	TABLE_ATTR(NDA_MASTER, "master", TABLE_LINK),
	TABLE_ATTR(NDA_LINK_NETNSID, "link_netnsid", TABLE_S32, .told = true),
	TABLE_ATTR(NDA_SRC_VNI, "src_vni", TABLE_U32),
	TABLE_ATTR(NDA_PROTOCOL, "protocol", TABLE_U8, .names = &table_protocols),
	TABLE_ATTR(NDA_NH_ID, "nh_id", TABLE_U32),
	TABLE_ATTR(NDA_FDB_EXT_ATTRS, "fdb_ext_attrs", TABLE_NEST, .set = &set_fdb),
	TABLE_ATTR(NDA_FLAGS_EXT, "flags_ext", TABLE_U32, .names = &neigh_flags_ext),
	TABLE_ATTR(NDA_NDM_STATE_MASK, "ndm_state_mask", TABLE_U16),
	TABLE_ATTR(NDA_NDM_FLAGS_MASK, "ndm_flags_mask", TABLE_U8, .names = &neigh_flags),
};
static const struct table_set set_neigh = {.field = neigh_fields,
                                           .nfield = TABLE_FIELDS(neigh_fields),
                                           .attr = neigh_attrs,
                                           .nattr = TABLE_ATTRS(neigh_attrs),
                                           .hdrlen = TABLE_HEADER(sizeof(struct ndmsg))};

static const char *const names_one[] = {"dst", "lladdr", NULL};

const struct table_msg table_neigh = {.name = "neigh",
                                      .new_type = RTM_NEWNEIGH,
                                      .del_type = RTM_DELNEIGH,
                                      .get_type = RTM_GETNEIGH,
                                      .hdrlen = TABLE_HEADER(sizeof(struct ndmsg)),
                                      .set = &set_neigh,
                                      .names_one = names_one};
