/* SPDX-License-Identifier: MIT */
/* WG_CMD_*: a device, its peers, their allowed IPs. */
#include "tables/genl.h"

#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>

#include "tables/uapi_compat.h"

TABLE_NAMES(device_flags, true, {{WGDEVICE_F_REPLACE_PEERS, "replace_peers"}});
TABLE_NAMES(peer_flags, true,
            {
		    {WGPEER_F_REMOVE_ME, "remove_me"},
		    {WGPEER_F_REPLACE_ALLOWEDIPS, "replace_allowedips"},
		    {WGPEER_F_UPDATE_ONLY, "update_only"},
	    });
TABLE_NAMES(allowedip_flags, true, {{COMPAT_WGALLOWEDIP_F_REMOVE_ME, "remove_me"}});

static const struct table_row allowedip_attrs[] = {
	TABLE_ATTR(WGALLOWEDIP_A_FAMILY, "family", TABLE_U16, .names = &table_families),
	TABLE_ATTR(WGALLOWEDIP_A_IPADDR, "ipaddr", TABLE_ANYIP),
	TABLE_ATTR(WGALLOWEDIP_A_CIDR_MASK, "cidr_mask", TABLE_U8),
	TABLE_ATTR(COMPAT_WGALLOWEDIP_A_FLAGS, "flags", TABLE_U32, .names = &allowedip_flags),
};
static const struct table_set set_allowedip = {.attr = allowedip_attrs, .nattr = TABLE_ATTRS(allowedip_attrs)};

/* The kernel numbers elements 0 in its answers, and does not look at the number in requests. */
static const struct table_row allowedips_attrs[] = {
	TABLE_ATTR(0, "", TABLE_NEST, .set = &set_allowedip),
	TABLE_ATTR(TABLE_LIST_NUMBER, "", TABLE_NEST, .set = &set_allowedip),
};
static const struct table_set set_allowedips = {.attr = allowedips_attrs, .nattr = TABLE_ATTRS(allowedips_attrs)};

static const struct table_row time_fields[] = {
	TABLE_FIELD(struct __kernel_timespec, tv_sec, "sec", TABLE_U64),
	TABLE_FIELD(struct __kernel_timespec, tv_nsec, "nsec", TABLE_U64),
};
static const struct table_set set_time = {
	.field = time_fields, .nfield = TABLE_FIELDS(time_fields), .hdrlen = sizeof(struct __kernel_timespec)};

static const struct table_row peer_attrs[] = {
	TABLE_ATTR(WGPEER_A_PUBLIC_KEY, "public_key", TABLE_KEY),
	TABLE_ATTR(WGPEER_A_PRESHARED_KEY, "preshared_key", TABLE_KEY),
	TABLE_ATTR(WGPEER_A_FLAGS, "flags", TABLE_U32, .names = &peer_flags),
	TABLE_ATTR(WGPEER_A_ENDPOINT, "endpoint", TABLE_SOCKADDR),
	TABLE_ATTR(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, "persistent_keepalive_interval", TABLE_U16),
	TABLE_ATTR(WGPEER_A_LAST_HANDSHAKE_TIME, "last_handshake_time", TABLE_STRUCT, .set = &set_time),
	TABLE_ATTR(WGPEER_A_RX_BYTES, "rx_bytes", TABLE_U64),
	TABLE_ATTR(WGPEER_A_TX_BYTES, "tx_bytes", TABLE_U64),
	TABLE_ATTR(WGPEER_A_ALLOWEDIPS, "allowedips", TABLE_LIST, .set = &set_allowedips),
	TABLE_ATTR(WGPEER_A_PROTOCOL_VERSION, "protocol_version", TABLE_U32),
};
static const struct table_set set_peer = {.attr = peer_attrs, .nattr = TABLE_ATTRS(peer_attrs)};

static const struct table_row peers_attrs[] = {
	TABLE_ATTR(0, "", TABLE_NEST, .set = &set_peer),
	TABLE_ATTR(TABLE_LIST_NUMBER, "", TABLE_NEST, .set = &set_peer),
};
static const struct table_set set_peers = {.attr = peers_attrs, .nattr = TABLE_ATTRS(peers_attrs)};

static const struct table_row device_attrs[] = {
	TABLE_ATTR(WGDEVICE_A_IFINDEX, "ifindex", TABLE_U32),
	TABLE_ATTR(WGDEVICE_A_IFNAME, "ifname", TABLE_IFNAME),
	TABLE_ATTR(WGDEVICE_A_PRIVATE_KEY, "private_key", TABLE_KEY),
	TABLE_ATTR(WGDEVICE_A_PUBLIC_KEY, "public_key", TABLE_KEY),
	TABLE_ATTR(WGDEVICE_A_FLAGS, "flags", TABLE_U32, .names = &device_flags),
	TABLE_ATTR(WGDEVICE_A_LISTEN_PORT, "listen_port", TABLE_U16),
	TABLE_ATTR(WGDEVICE_A_FWMARK, "fwmark", TABLE_U32),
	TABLE_ATTR(WGDEVICE_A_PEERS, "peers", TABLE_LIST, .set = &set_peers),
};
static const struct table_set set_device = {.field = table_genl_fields,
                                            .nfield = GENL_FIELDS,
                                            .attr = device_attrs,
                                            .nattr = TABLE_ATTRS(device_attrs),
                                            .hdrlen = sizeof(struct genlmsghdr)};

const struct table_msg table_wireguard = {.name = "wireguard",
                                          .get_type = WG_CMD_GET_DEVICE,
                                          .set_type = WG_CMD_SET_DEVICE,
                                          .hdrlen = sizeof(struct genlmsghdr),
                                          .set = &set_device};
