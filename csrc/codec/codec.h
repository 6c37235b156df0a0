/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_CODEC_CODEC_H
#define ZLNET_CODEC_CODEC_H

/* Lua tables to netlink messages and back, by the tables of table.h. The only place which knows both. */

#include "tables/table.h"

#include <lua.h>

#define CODEC_MAX 16384 /* capacity of one request, in bytes */

/* The index of the link called name. Returns 0 or -errno. Must not raise and must not touch the Lua state. */
typedef int (*codec_resolve)(void *ctx, const char *name, uint32_t *index);

/* Appends header and attributes of the table at idx to nlh, which has its nlmsghdr already (type and flags decide the
 * defaults; RTM_SETLINK with linkinfo becomes RTM_NEWLINK), cap bytes in all. Raises on wrong use, as luaL_argerror
 * with idx as the argument's position: the text names the key path, "linkinfo.data.peer.ifname: at most 15 bytes".
 * Allocates nothing outside Lua. Returns 0, or -errno with *failed_name set (borrowed from the table) when resolve
 * failed; resolve may be NULL, then a name raises. */
int codec_encode(lua_State *L, int idx, const struct table_msg *table, struct nlmsghdr *nlh, size_t cap,
                 codec_resolve resolve, void *ctx, const char **failed_name);

/* Pushes one table for the message. Raises for lack of memory only. What the tables do not know and what is malformed
 * stands under "unknown" of its level: by the attribute's type, its bytes in hexadecimal, as codec_encode takes them.
 */
void codec_decode(lua_State *L, const struct table_msg *table, const struct nlmsghdr *nlh);

/* Some of the keys of a set: a bit for each row. A link has 200 values, of which most callers want ten. */
struct codec_keys {
	uint64_t attr[TABLE_ATTRS_MAX / 64];
	uint64_t kept[TABLE_ATTRS_MAX / 64]; /* attr, and those which say of which kind another is: see codec_trim */
	uint32_t field;
	bool unknown; /* what the tables do not know, under "unknown" */
};
_Static_assert(TABLE_ATTRS_MAX % 64 == 0 && TABLE_FIELDS_MAX <= 32, "a bit for each row");

/* What a dump gives of a message when it was asked for nothing in particular: NULL, which is all, but of an ordinary
 * link not af_spec: its settings for IPv4 and IPv6 are most of a link's values, and hardly ever wanted. */
const struct codec_keys *codec_keys_dump(const struct table_msg *table, const struct nlmsghdr *nlh);

/* Adds the rows of a key, both when a field and an attribute share it; false when there is none. No Lua. */
bool codec_keys_add(struct codec_keys *keys, const struct table_set *set, const char *key, size_t len);
/* From a list of keys in Lua, in which "unknown" asks for what the tables do not know; raises as
 * luaL_argerror when there is no such key. */
void codec_keys(lua_State *L, int idx, const struct table_msg *table, struct codec_keys *out);

/* Writes to `to`, which is nlh or before it and may overlap it, the message without the attributes which
 * codec_decode_some would skip; returns its length. For a whole dump waits in memory, and most of it is not wanted. */
size_t codec_trim(void *to, const struct nlmsghdr *nlh, const struct table_msg *table, const struct codec_keys *only);

/* As codec_decode, but of the message itself only these keys (NULL: all). */
void codec_decode_some(lua_State *L, const struct table_msg *table, const struct nlmsghdr *nlh,
                       const struct codec_keys *only);

/* Pushes {encode, decode, trim, path, rows} for specs and fuzzing; they send nothing. */
int codec_lua_open(lua_State *L);

#endif
