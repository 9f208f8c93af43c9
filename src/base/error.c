/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>

#include "base/str.h"

static int positive(int code)
{
	return code < 0 ? -code : code;
}

/* A failure has a number: a caller may only ask whether the answer is below 0. */
static int failure(int code)
{
	return code ? positive(code) : EINVAL;
}

static void one_line(char *s)
{
	for (; *s; s++)
		if (*s == '\n' || *s == '\r')
			*s = ' ';
}

static const char *const texts[] = {
	[EPERM] = "operation not permitted",
	[ENOENT] = "no such file or directory",
	[ESRCH] = "no such process",
	[EINTR] = "interrupted system call",
	[EIO] = "input/output error",
	[ENXIO] = "no such device or address",
	[E2BIG] = "argument list too long",
	[ENOEXEC] = "exec format error",
	[EBADF] = "bad file descriptor",
	[ECHILD] = "no child processes",
	[EAGAIN] = "resource temporarily unavailable",
	[ENOMEM] = "cannot allocate memory",
	[EACCES] = "permission denied",
	[EFAULT] = "bad address",
	[ENOTBLK] = "block device required",
	[EBUSY] = "device or resource busy",
	[EEXIST] = "file exists",
	[EXDEV] = "invalid cross-device link",
	[ENODEV] = "no such device",
	[ENOTDIR] = "not a directory",
	[EISDIR] = "is a directory",
	[EINVAL] = "invalid argument",
	[ENFILE] = "too many open files in system",
	[EMFILE] = "too many open files",
	[ENOTTY] = "inappropriate ioctl for device",
	[ETXTBSY] = "text file busy",
	[EFBIG] = "file too large",
	[ENOSPC] = "no space left on device",
	[ESPIPE] = "illegal seek",
	[EROFS] = "read-only file system",
	[EMLINK] = "too many links",
	[EPIPE] = "broken pipe",
	[EDOM] = "numerical argument out of domain",
	[ERANGE] = "numerical result out of range",
	[EDEADLK] = "resource deadlock avoided",
	[ENAMETOOLONG] = "file name too long",
	[ENOLCK] = "no locks available",
	[ENOSYS] = "function not implemented",
	[ENOTEMPTY] = "directory not empty",
	[ELOOP] = "too many levels of symbolic links",
	[ENODATA] = "no data available",
	[ETIME] = "timer expired",
	[EPROTO] = "protocol error",
	[EBADMSG] = "bad message",
	[EOVERFLOW] = "value too large for defined data type",
	[ENOTSOCK] = "socket operation on non-socket",
	[EMSGSIZE] = "message too long",
	[EOPNOTSUPP] = "operation not supported",
	[EADDRINUSE] = "address already in use",
	[ENETDOWN] = "network is down",
	[ECONNRESET] = "connection reset by peer",
	[ENOBUFS] = "no buffer space available",
	[ENOTCONN] = "transport endpoint is not connected",
	[ETIMEDOUT] = "connection timed out",
	[ECONNREFUSED] = "connection refused",
	[EHOSTDOWN] = "host is down",
	[EALREADY] = "operation already in progress",
	[EINPROGRESS] = "operation now in progress",
	[ESTALE] = "stale file handle",
	[EUSERS] = "too many users",
	[EDQUOT] = "disk quota exceeded",
	[ENOKEY] = "required key not available",
	[EKEYEXPIRED] = "key has expired",
	[EKEYREVOKED] = "key has been revoked",
};

/* NULL where there are no words for it. */
static const char *words(int code)
{
	return (size_t)code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : NULL;
}

const char *errno_text(int code)
{
	const char *text = words(positive(code));

	return text ? text : "unknown error";
}

int (error_set)(struct error *e, int code, const char *f, ...)
{
	va_list ap;

	code = failure(code);
	if (e) {
		e->code = code;
		e->bare = false;
		va_start(ap, f);
		fmt_v(e->msg, sizeof(e->msg), f, ap);
		va_end(ap);
		one_line(e->msg);
	}
	return -code;
}

int (error_errno)(struct error *e, int code, const char *f, ...)
{
	va_list ap;
	size_t n;

	code = failure(code);
	if (e) {
		e->code = code;
		e->bare = false;
		va_start(ap, f);
		n = fmt_v(e->msg, sizeof(e->msg), f, ap);
		va_end(ap);
		one_line(e->msg);
		if (n >= sizeof(e->msg) - 64) /* keep room for the reason: it matters most */
			n = sizeof(e->msg) - 64;
		n += fmt(e->msg + n, sizeof(e->msg) - n, ": %s", errno_text(code));
		if (!words(code))
			fmt(e->msg + n, sizeof(e->msg) - n, " %d", code);
	}
	return -code;
}

int (error_prefix)(struct error *e, const char *f, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;
	size_t n;

	if (!e)
		return -EINVAL;
	str_copy(old, sizeof(old), e->msg);
	va_start(ap, f);
	n = fmt_v(e->msg, sizeof(e->msg), f, ap);
	va_end(ap);
	if (n >= sizeof(e->msg))
		n = sizeof(e->msg) - 1;
	str_copy(e->msg + n, sizeof(e->msg) - n, ": ");
	n = str_len(e->msg);
	str_copy(e->msg + n, sizeof(e->msg) - n, old);
	one_line(e->msg);
	return e->code ? -e->code : -EINVAL;
}
