/* SPDX-License-Identifier: MIT */
/* RTM_*NEIGH, struct ndmsg: neighbours, proxied addresses, and with the bridge's family forwarding entries. */
#include "spec.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

/* The state is a word, but of an entry one bit of it is set. The last two are what the bridge tool makes of forwarding entries, and what
 * vxlan gives back; the names are its bits' which matter. */
SPEC_NAMES(neigh_states, false,
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
		   {NUD_REACHABLE | NUD_NOARP, "noarp"},
	   });

SPEC_NAMES(neigh_flags, true,
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

SPEC_NAMES(neigh_flags_ext, true, {{1 << 0, "managed"}, {1 << 1, "locked"}, {1 << 2, "ext_validated"}});

static const struct spec_row cache_fields[] = {
	SPEC_FIELD(struct nda_cacheinfo, ndm_confirmed, "confirmed", SPEC_U32),
	SPEC_FIELD(struct nda_cacheinfo, ndm_used, "used", SPEC_U32),
	SPEC_FIELD(struct nda_cacheinfo, ndm_updated, "updated", SPEC_U32),
	SPEC_FIELD(struct nda_cacheinfo, ndm_refcnt, "refcnt", SPEC_U32),
};
static const struct spec_set set_cache = {
	.field = cache_fields, .nfield = SPEC_COUNT(cache_fields), .hdrlen = sizeof(struct nda_cacheinfo)};

SPEC_NAMES(fdb_notify, true, {{FDB_NOTIFY_BIT, "notify"}, {FDB_NOTIFY_INACTIVE_BIT, "inactive"}});

static const struct spec_row fdb_attrs[] = {
	SPEC_ATTR(NFEA_ACTIVITY_NOTIFY, "activity_notify", SPEC_U8, .names = &fdb_notify),
	SPEC_ATTR(NFEA_DONT_REFRESH, "dont_refresh", SPEC_FLAG),
};
static const struct spec_set set_fdb = {.attr = fdb_attrs, .nattr = SPEC_COUNT(fdb_attrs)};

static const struct spec_row neigh_fields[] = {
	SPEC_FIELD(struct ndmsg, ndm_family, "family", SPEC_U8, .names = &spec_families),
	SPEC_FIELD(struct ndmsg, ndm_ifindex, "ifindex", SPEC_LINK),
	SPEC_FIELD(struct ndmsg, ndm_state, "state", SPEC_U16, .names = &neigh_states),
	SPEC_FIELD(struct ndmsg, ndm_flags, "flags", SPEC_U8, .names = &neigh_flags),
	SPEC_FIELD(struct ndmsg, ndm_type, "type", SPEC_U8, .names = &spec_route_types),
};

static const struct spec_row neigh_attrs[] = {
	SPEC_ATTR(NDA_DST, "dst", SPEC_IP),
	SPEC_ATTR(NDA_LLADDR, "lladdr", SPEC_MAC),
	SPEC_ATTR(NDA_CACHEINFO, "cacheinfo", SPEC_STRUCT, .set = &set_cache),
	SPEC_ATTR(NDA_PROBES, "probes", SPEC_U32),
	SPEC_ATTR(NDA_VLAN, "vlan", SPEC_U16),
	SPEC_ATTR(NDA_PORT, "port", SPEC_BE16),
	SPEC_ATTR(NDA_VNI, "vni", SPEC_U32),
	SPEC_ATTR(NDA_IFINDEX, "via_ifindex", SPEC_LINK), /* "ifindex" is the header's */
	SPEC_ATTR(NDA_MASTER, "master", SPEC_LINK),
	SPEC_ATTR(NDA_LINK_NETNSID, "link_netnsid", SPEC_S32),
	SPEC_ATTR(NDA_SRC_VNI, "src_vni", SPEC_U32),
	SPEC_ATTR(NDA_PROTOCOL, "protocol", SPEC_U8, .names = &spec_protocols),
	SPEC_ATTR(NDA_NH_ID, "nh_id", SPEC_U32),
	SPEC_ATTR(NDA_FDB_EXT_ATTRS, "fdb_ext_attrs", SPEC_NEST, .set = &set_fdb),
	SPEC_ATTR(NDA_FLAGS_EXT, "flags_ext", SPEC_U32, .names = &neigh_flags_ext),
	SPEC_ATTR(NDA_NDM_STATE_MASK, "ndm_state_mask", SPEC_U16),
	SPEC_ATTR(NDA_NDM_FLAGS_MASK, "ndm_flags_mask", SPEC_U8, .names = &neigh_flags),
};
static const struct spec_set set_neigh = {.field = neigh_fields,
                                          .nfield = SPEC_COUNT(neigh_fields),
                                          .attr = neigh_attrs,
                                          .nattr = SPEC_COUNT(neigh_attrs),
                                          .hdrlen = sizeof(struct ndmsg)};

const struct spec_msg spec_neigh = {.name = "neigh",
                                    .new_type = RTM_NEWNEIGH,
                                    .del_type = RTM_DELNEIGH,
                                    .get_type = RTM_GETNEIGH,
                                    .hdrlen = sizeof(struct ndmsg),
                                    .set = &set_neigh};
