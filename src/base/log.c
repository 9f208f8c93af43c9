/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/wait.h"

enum { ID_MAX = 256 }; /* bytes of a service's identifier that are used */
enum target { TARGET_FILE, TARGET_JOURNALD, TARGET_SYSLOG };

static struct {
	int fd;
	enum target target;
	const char *id; /* of the services */
	enum log_format format;
	enum log_level level;
} sink = {.fd = STDERR_FILENO, .level = LOG_LEVEL_WARN};

static const struct {
	const char *name;
	int priority;
} levels[] = {{"error", LOG_ERR}, {"warning", LOG_WARNING}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}};

static const struct {
	const char *prefix, *path;
} services[] = {
	[TARGET_JOURNALD] = {"journald:", "/run/systemd/journal/socket"},
	[TARGET_SYSLOG] = {"syslog:", "/dev/log"},
};

static int connect_service(enum target target, const char *id, struct error *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	if (!*id)
		return error_set(err, EINVAL, "open log: %s: an identifier is missing", services[target].prefix);
	str_copy(sa.sun_path, sizeof(sa.sun_path), services[target].path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return error_errno(
			err, errno, "open log: %s%s: connect to %s", services[target].prefix, id, sa.sun_path);
	return TAKE_FD(fd);
}

int log_open(const char *name, enum log_format format, enum log_level level, struct error *err)
{
	enum target target = TARGET_FILE;
	const char *id = NULL;
	int fd = STDERR_FILENO;

	for (int i = TARGET_JOURNALD; name && i <= TARGET_SYSLOG; i++) {
		if (str_starts(name, services[i].prefix)) {
			target = (enum target)i;
			id = name + str_len(services[i].prefix);
		}
	}
	if (id) {
		fd = connect_service(target, id, err);
		if (fd < 0)
			return fd;
	} else if (name) {
		/* a fifo that nobody reads must not hold us, neither here nor when it is full */
		fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
		if (fd < 0)
			return error_errno(err, errno, "open log: %s", name);
	}
	sink.fd = fd;
	sink.target = target;
	sink.id = id;
	sink.format = format;
	sink.level = level;
	return 0;
}

/* The length of the UTF-8 character at s, 0 when it is none. */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = 0;

	if (s[0] < 0x80)
		n = 1;
	else if (s[0] >= 0xc2 && s[0] < 0xf5)
		n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* overlong, surrogates, above U+10FFFF */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* One character of a JSON string's inside (or logfmt's, which has the same rules); returns how much of s it was. */
static size_t escape_one(char *out, size_t n, const unsigned char *s)
{
	size_t len = utf8_len(s);

	if (s[0] == '"' || s[0] == '\\')
		fmt(out, n, "\\%c", s[0]);
	else if (s[0] == '\n' || s[0] == '\t')
		fmt(out, n, "\\%c", s[0] == '\n' ? 'n' : 't');
	else if (s[0] < 0x20 || s[0] == 0x7f)
		fmt(out, n, "\\u%04x", (unsigned)s[0]);
	else
		fmt(out, n, "%.*s", len ? (int)len : 3, len ? (const char *)s : "\xef\xbf\xbd");
	return len ? len : 1;
}

/* Cuts between characters when there is no more room. */
static void escape(char *out, size_t n, const char *s)
{
	char one[8];
	size_t at = 0;

	while (*s) {
		s += escape_one(one, sizeof(one), (const unsigned char *)s);
		if (at + str_len(one) >= n)
			break;
		at += str_copy(out + at, n - at, one);
	}
	out[at] = '\0';
}

/* Who reads a fifo or a service's socket is waited for, but only once in vain. There is nowhere to report a log that cannot
 * be written: its lines are lost. */
static void put(const char *p, size_t n)
{
	static int patience_ms = 1000;
	void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* of a reader that has gone */

	while (n) {
		ssize_t r = sink.target == TARGET_FILE ? write(sink.fd, p, n)
						       : send(sink.fd, p, n, MSG_DONTWAIT);

		if (r >= 0) {
			p += r;
			n -= (size_t)r;
		} else if (errno == EAGAIN && wait_fd(sink.fd, POLLOUT, patience_ms) < 0) {
			patience_ms = 0;
			break;
		} else if (errno != EINTR && errno != EAGAIN) {
			break;
		}
	}
	signal(SIGPIPE, before);
}

static void write_line(enum log_level level, const char *msg)
{
	static char safe[4096], line[4400]; /* stacks may be small */
	char when[DATE_MAX];
	struct timespec now;
	size_t n;

	escape(safe, sizeof(safe), msg);
	clock_gettime(CLOCK_REALTIME, &now);
	date_text(when, &now, true);
	if (sink.format == LOG_FORMAT_JSON)
		n = fmt(line, sizeof(line), "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}\n", levels[level].name,
			safe, when);
	else
		n = fmt(line, sizeof(line), "time=\"%s\" level=%s msg=\"%s\"\n", when, levels[level].name, safe);
	put(line, n);
}

static void send_message(enum log_level level, char *msg)
{
	static char message[2400];
	size_t n;

	for (char *s = msg; *s; s++) /* a newline ends the field */
		if (*s == '\n')
			*s = ' ';
	if (sink.target == TARGET_JOURNALD)
		n = fmt(message, sizeof(message), "PRIORITY=%d\nSYSLOG_IDENTIFIER=%.*s\nMESSAGE=%s\n",
			levels[level].priority, ID_MAX, sink.id, msg);
	else
		n = fmt(message, sizeof(message), "<%d>%.*s[%d]: %s", LOG_USER | levels[level].priority, ID_MAX,
			sink.id, getpid(), msg);
	put(message, n);
}

static unsigned complaints;

unsigned log_complaints(void)
{
	return complaints;
}

static struct {
	void (*take)(void *ctx, enum log_level level, const char *msg);
	void *ctx;
} diverted;

void log_divert(void (*take)(void *ctx, enum log_level level, const char *msg), void *ctx)
{
	diverted.take = take;
	diverted.ctx = ctx;
}

void log_at(enum log_level level, const char *f, ...)
{
	static char msg[2048];
	va_list ap;

	complaints += level <= LOG_LEVEL_WARN;
	if (level > sink.level && !diverted.take)
		return;
	va_start(ap, f);
	fmt_v(msg, sizeof(msg), f, ap);
	va_end(ap);
	if (diverted.take)
		diverted.take(diverted.ctx, level, msg);
	else if (sink.target == TARGET_FILE)
		write_line(level, msg);
	else
		send_message(level, msg);
}
