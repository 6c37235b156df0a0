/* SPDX-License-Identifier: MIT */
/* The few functions of libmnl that the core calls, for where the library is no use: a static program (it is packaged
 * without an archive), and the fuzzers (compiled with the sanitizers, which do not see it read past a buffer's end). */
#include <libmnl/libmnl.h>
#include <string.h>

bool mnl_nlmsg_ok(const struct nlmsghdr *h, int len)
{
	return len >= (int)sizeof *h && h->nlmsg_len >= sizeof *h && (int)h->nlmsg_len <= len;
}

struct nlmsghdr *mnl_nlmsg_next(const struct nlmsghdr *h, int *len)
{
	*len -= (int)MNL_ALIGN(h->nlmsg_len);
	return (struct nlmsghdr *)((char *)h + MNL_ALIGN(h->nlmsg_len));
}

void *mnl_nlmsg_get_payload(const struct nlmsghdr *h)
{
	return (char *)h + MNL_NLMSG_HDRLEN;
}

size_t mnl_nlmsg_get_payload_len(const struct nlmsghdr *h)
{
	return h->nlmsg_len - MNL_NLMSG_HDRLEN;
}

void *mnl_nlmsg_get_payload_offset(const struct nlmsghdr *h, size_t offset)
{
	return (char *)h + MNL_NLMSG_HDRLEN + MNL_ALIGN(offset);
}

void *mnl_nlmsg_get_payload_tail(const struct nlmsghdr *h)
{
	return (char *)h + MNL_ALIGN(h->nlmsg_len);
}

struct nlmsghdr *mnl_nlmsg_put_header(void *buf)
{
	memset(buf, 0, MNL_NLMSG_HDRLEN);
	((struct nlmsghdr *)buf)->nlmsg_len = MNL_NLMSG_HDRLEN;
	return buf;
}

uint16_t mnl_attr_get_type(const struct nlattr *a)
{
	return a->nla_type & NLA_TYPE_MASK;
}

uint16_t mnl_attr_get_len(const struct nlattr *a)
{
	return a->nla_len;
}

uint16_t mnl_attr_get_payload_len(const struct nlattr *a)
{
	return (uint16_t)(a->nla_len - MNL_ATTR_HDRLEN);
}

void *mnl_attr_get_payload(const struct nlattr *a)
{
	return (char *)a + MNL_ATTR_HDRLEN;
}

bool mnl_attr_ok(const struct nlattr *a, int len)
{
	return len >= (int)sizeof *a && a->nla_len >= sizeof *a && (int)a->nla_len <= len;
}

struct nlattr *mnl_attr_next(const struct nlattr *a)
{
	return (struct nlattr *)((char *)a + MNL_ALIGN(a->nla_len));
}

uint8_t mnl_attr_get_u8(const struct nlattr *a)
{
	return *(const uint8_t *)mnl_attr_get_payload(a);
}

uint16_t mnl_attr_get_u16(const struct nlattr *a)
{
	uint16_t v;

	memcpy(&v, mnl_attr_get_payload(a), sizeof v);
	return v;
}

uint32_t mnl_attr_get_u32(const struct nlattr *a)
{
	uint32_t v;

	memcpy(&v, mnl_attr_get_payload(a), sizeof v);
	return v;
}

void mnl_attr_nest_end(struct nlmsghdr *h, struct nlattr *start)
{
	start->nla_len = (uint16_t)((char *)mnl_nlmsg_get_payload_tail(h) - (char *)start);
}

const char *mnl_attr_get_str(const struct nlattr *attr)
{
	return mnl_attr_get_payload(attr);
}

void *mnl_nlmsg_put_extra_header(struct nlmsghdr *h, size_t size)
{
	char *header = (char *)h + h->nlmsg_len;

	h->nlmsg_len += (uint32_t)MNL_ALIGN(size);
	return memset(header, 0, MNL_ALIGN(size));
}

static bool put(struct nlmsghdr *h, size_t capacity, uint16_t type, size_t len, const void *data)
{
	struct nlattr *attr = mnl_nlmsg_get_payload_tail(h);

	if (h->nlmsg_len + MNL_ATTR_HDRLEN + MNL_ALIGN(len) > capacity)
		return false;
	attr->nla_type = type;
	attr->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + len);
	memset((char *)attr + MNL_ATTR_HDRLEN, 0, MNL_ALIGN(len));
	memcpy((char *)attr + MNL_ATTR_HDRLEN, data, len);
	h->nlmsg_len += (uint32_t)(MNL_ATTR_HDRLEN + MNL_ALIGN(len));
	return true;
}

bool mnl_attr_put_u32_check(struct nlmsghdr *nlh, size_t buflen, uint16_t type, uint32_t data)
{
	return put(nlh, buflen, type, sizeof data, &data);
}

bool mnl_attr_put_strz_check(struct nlmsghdr *nlh, size_t buflen, uint16_t type, const char *data)
{
	return put(nlh, buflen, type, strlen(data) + 1, data);
}
