/* SPDX-License-Identifier: MIT */
#include "kernel/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Our own table, because musl has no strerrorname_np. */
static const struct {
	int err;
	const char *code;
} codes[] = {
#define E(x) \
	{ \
		x, #x \
	}
	E(EPERM),       E(ENOENT),       E(ESRCH),        E(EINTR),      E(EIO),           E(ENXIO),
	E(E2BIG),       E(EBADF),        E(ECHILD),       E(EAGAIN),     E(ENOMEM),        E(EACCES),
	E(EFAULT),      E(EBUSY),        E(EEXIST),       E(EXDEV),      E(ENODEV),        E(ENOTDIR),
	E(EISDIR),      E(EINVAL),       E(ENFILE),       E(EMFILE),     E(ENOTTY),        E(EFBIG),
	E(ENOSPC),      E(ESPIPE),       E(EROFS),        E(EMLINK),     E(EPIPE),         E(EDOM),
	E(ERANGE),      E(EDEADLK),      E(ENAMETOOLONG), E(ENOLCK),     E(ENOSYS),        E(ENOTEMPTY),
	E(ELOOP),       E(ENODATA),      E(ETIME),        E(EPROTO),     E(EBADMSG),       E(EOVERFLOW),
	E(EUSERS),      E(ENOTSOCK),     E(EMSGSIZE),     E(EPROTOTYPE), E(ENOPROTOOPT),   E(EPROTONOSUPPORT),
	E(EOPNOTSUPP),  E(EPFNOSUPPORT), E(EAFNOSUPPORT), E(EADDRINUSE), E(EADDRNOTAVAIL), E(ENETDOWN),
	E(ENETUNREACH), E(ENETRESET),    E(ECONNABORTED), E(ECONNRESET), E(ENOBUFS),       E(EISCONN),
	E(ENOTCONN),    E(ETIMEDOUT),    E(ECONNREFUSED), E(EHOSTDOWN),  E(EHOSTUNREACH),  E(EALREADY),
	E(EINPROGRESS), E(ESTALE),       E(EDQUOT),       E(ECANCELED),  E(ENOTUNIQ),      E(ERESTART),
#undef E
};

const char *error_code(int err)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].err == err)
			return codes[i].code;
	return NULL;
}

int error_number(const char *code)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (!strcmp(codes[i].code, code))
			return codes[i].err;
	return 0;
}

static void error_fill(struct error *e, int err, const char *kind, const char *op)
{
	e->err = err;
	e->kind = kind;
	e->op = op;
	e->message[0] = e->attr[0] = e->link[0] = 0;
}

int error_io(struct error *e, int err, const char *op, const char *fmt, ...)
{
	va_list ap;
	size_t n = 0;

	error_fill(e, err, "io", op);
	if (fmt) {
		va_start(ap, fmt);
		int w = vsnprintf(e->message, sizeof e->message, fmt, ap);
		va_end(ap);
		n = w < 0 ? 0 : (size_t)w;
	}
	if (n < sizeof e->message)
		snprintf(e->message + n, sizeof e->message - n, "%s%s", n ? ": " : "", strerror(err));
	return -err;
}

int error_netlink(struct error *e, int err, const char *op, const char *text)
{
	error_fill(e, err, "netlink", op);
	snprintf(e->message, sizeof e->message, "%s", text && *text ? text : strerror(err));
	return -err;
}
