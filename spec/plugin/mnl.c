/* SPDX-License-Identifier: MIT */
/* csrc/plugin/mnl.c beside the library that it stands for: the same calls on the same bytes, the same results. Built
 * with mnl.c in it; the library is loaded. Ends with 1 at a difference, and says of which function. */
#include <dlfcn.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 20000
#define SIZE   256

static void *library;
static unsigned long long state = 88172645463325252ULL;

/* xorshift: the same numbers each time. */
static unsigned next(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % below;
}

static void *theirs(const char *name)
{
	void *f = dlsym(library, name);

	if (!f) {
		printf("libmnl has no %s\n", name);
		exit(1);
	}
	return f;
}

#define THEIRS(name) ((__typeof__(&name))theirs(#name))

static void same(const char *name, int equal)
{
	if (equal)
		return;
	printf("%s differs\n", name);
	exit(1);
}

#define SAME(name, ours, other) same(#name, (ours) == (other))

/* What reads: a buffer of anything, with lengths that are small as a rule. */
static void reading(void)
{
	_Alignas(8) unsigned char bytes[SIZE];
	struct nlmsghdr *h = (struct nlmsghdr *)bytes;
	struct nlattr *a = (struct nlattr *)(bytes + 64);

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)next(256);
	h->nlmsg_len = next(4) ? next(SIZE) : (unsigned)next(1U << 30) * 4;
	a->nla_len = (unsigned short)(next(4) ? next(96) : next(65536));
	int len = (int)next(SIZE + 64) - 64, ours = len, other = len;
	SAME(mnl_nlmsg_ok, mnl_nlmsg_ok(h, len), THEIRS(mnl_nlmsg_ok)(h, len));
	SAME(mnl_nlmsg_next, mnl_nlmsg_next(h, &ours), THEIRS(mnl_nlmsg_next)(h, &other));
	SAME(mnl_nlmsg_next, ours, other);
	SAME(mnl_nlmsg_get_payload, mnl_nlmsg_get_payload(h), THEIRS(mnl_nlmsg_get_payload)(h));
	SAME(mnl_nlmsg_get_payload_len, mnl_nlmsg_get_payload_len(h), THEIRS(mnl_nlmsg_get_payload_len)(h));
	size_t offset = next(40);
	SAME(mnl_nlmsg_get_payload_offset, mnl_nlmsg_get_payload_offset(h, offset),
	     THEIRS(mnl_nlmsg_get_payload_offset)(h, offset));
	SAME(mnl_nlmsg_get_payload_tail, mnl_nlmsg_get_payload_tail(h), THEIRS(mnl_nlmsg_get_payload_tail)(h));
	SAME(mnl_attr_get_type, mnl_attr_get_type(a), THEIRS(mnl_attr_get_type)(a));
	SAME(mnl_attr_get_len, mnl_attr_get_len(a), THEIRS(mnl_attr_get_len)(a));
	SAME(mnl_attr_get_payload_len, mnl_attr_get_payload_len(a), THEIRS(mnl_attr_get_payload_len)(a));
	SAME(mnl_attr_get_payload, mnl_attr_get_payload(a), THEIRS(mnl_attr_get_payload)(a));
	SAME(mnl_attr_get_str, mnl_attr_get_str(a), THEIRS(mnl_attr_get_str)(a));
	SAME(mnl_attr_ok, mnl_attr_ok(a, len), THEIRS(mnl_attr_ok)(a, len));
	SAME(mnl_attr_next, mnl_attr_next(a), THEIRS(mnl_attr_next)(a));
	SAME(mnl_attr_get_u8, mnl_attr_get_u8(a), THEIRS(mnl_attr_get_u8)(a));
	SAME(mnl_attr_get_u16, mnl_attr_get_u16(a), THEIRS(mnl_attr_get_u16)(a));
	SAME(mnl_attr_get_u32, mnl_attr_get_u32(a), THEIRS(mnl_attr_get_u32)(a));
}

/* What writes: the same message twice, in buffers that are full of the same dirt. */
struct message {
	_Alignas(8) unsigned char bytes[SIZE];
	struct nlmsghdr *h;
	struct nlattr *nest;
};

#define BOTH(name, ...) \
	do { \
		h = ours.h; \
		const int mine = (name(__VA_ARGS__)) != 0; \
		h = other.h; \
		const int library_s = (THEIRS(name)(__VA_ARGS__)) != 0; \
		same(#name, mine == library_s && !memcmp(ours.bytes, other.bytes, SIZE)); \
	} while (0)

static void writing(void)
{
	static const char text[] = "the quick brown fox jumps over the lazy dog";
	struct message ours, other;
	struct nlmsghdr *h;

	memset(ours.bytes, (int)next(256), SIZE);
	memcpy(other.bytes, ours.bytes, SIZE);
	ours.h = mnl_nlmsg_put_header(ours.bytes);
	other.h = THEIRS(mnl_nlmsg_put_header)(other.bytes);
	same("mnl_nlmsg_put_header", !memcmp(ours.bytes, other.bytes, SIZE));
	const size_t extra = next(40), room = 80 + next(SIZE - 79);
	BOTH(mnl_nlmsg_put_extra_header, h, extra);
	for (size_t i = ours.h->nlmsg_len; i < SIZE; i++) /* before 1.0.5 the library leaves padding as it is */
		ours.bytes[i] = other.bytes[i] = 0;
	struct nlattr *nest[2] = {mnl_nlmsg_get_payload_tail(ours.h), mnl_nlmsg_get_payload_tail(other.h)};
	const unsigned type = next(1U << 16);
	const int nested = mnl_attr_put_u32_check(ours.h, room, (uint16_t)type, type);
	same("mnl_attr_put_u32_check", nested == THEIRS(mnl_attr_put_u32_check)(other.h, room, (uint16_t)type, type));
	for (unsigned i = next(8); i > 0; i--) {
		const unsigned number = next(1U << 30);
		const char *end = text + next(sizeof text);
		BOTH(mnl_attr_put_u32_check, h, room, (uint16_t)number, number);
		BOTH(mnl_attr_put_strz_check, h, room, (uint16_t)number, end);
	}
	if (nested) {
		mnl_attr_nest_end(ours.h, nest[0]);
		THEIRS(mnl_attr_nest_end)(other.h, nest[1]);
	}
	same("mnl_attr_nest_end", !memcmp(ours.bytes, other.bytes, SIZE));
}

int main(int argc, char **argv)
{
	library = dlopen(argc > 1 ? argv[1] : "libmnl.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		puts(dlerror());
		return 2;
	}
	for (int i = 0; i < ROUNDS; i++) {
		reading();
		writing();
	}
	return 0;
}
