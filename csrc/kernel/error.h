/* SPDX-License-Identifier: MIT */
/* What went wrong below Lua. Functions there return 0 (or a descriptor) or -errno and fill one of these. */
#ifndef ZLNET_KERNEL_ERROR_H
#define ZLNET_KERNEL_ERROR_H

struct error {
	int err;           /* positive errno */
	const char *kind;  /* "io", "netlink" or "not_found"; a literal */
	const char *op;    /* what was tried, the kernel's word: "newlink", "open"; a literal */
	char message[256]; /* the kernel's own text where there is one, else strerror */
	char attr[128];    /* key path the kernel objected to, or "" */
	char link[64];     /* the link it was about, or "" */
};

/* Fill e and return -err. fmt may be NULL: then the message is strerror(err) alone, else "fmt: strerror". */
int error_io(struct error *e, int err, const char *op, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The same for a refusal of the kernel over netlink; text may be NULL or "": then strerror. */
int error_netlink(struct error *e, int err, const char *op, const char *text);

/* "EEXIST" for EEXIST; NULL for a number without a name here. */
const char *error_code(int err);

/* EEXIST for "EEXIST"; 0 for an unknown name. */
int error_number(const char *code);

#endif
