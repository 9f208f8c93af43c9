/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static struct {
	int fd;
	enum log_format format;
	enum log_level level;
} sink = {STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_WARN};

static const char *const level_names[] = {"error", "warning", "info", "debug"};

int log_open(const char *path, enum log_format format, enum log_level level, struct error *err)
{
	int fd = STDERR_FILENO;

	if (path) {
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
		if (fd < 0)
			return error_errno(err, errno, "open log: %s", path);
	}
	sink.fd = fd;
	sink.format = format;
	sink.level = level;
	return 0;
}

static void timestamp(char *buf, size_t n)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	fmt(buf, n, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		tm.tm_min, tm.tm_sec, now.tv_nsec);
}

/* A JSON string's inside (or logfmt's, which has the same rules); what is not ASCII goes through as it is. */
static size_t escape(char *out, size_t n, const char *s)
{
	size_t at = 0;

	for (; *s && at + 7 < n; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			out[at++] = '\\';
			out[at++] = (char)c;
		} else if (c < 0x20) {
			at += fmt(out + at, n - at, "\\u%04x", c);
		} else {
			out[at++] = (char)c;
		}
	}
	out[at] = '\0';
	return at;
}

void log_at(enum log_level level, const char *f, ...)
{
	char msg[2048], safe[4096], when[40], line[4400];
	va_list ap;
	size_t n;

	if (level > sink.level)
		return;
	va_start(ap, f);
	fmt_v(msg, sizeof(msg), f, ap);
	va_end(ap);
	escape(safe, sizeof(safe), msg);
	timestamp(when, sizeof(when));
	if (sink.format == LOG_FORMAT_JSON)
		n = fmt(line, sizeof(line), "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}\n", level_names[level], safe,
			when);
	else
		n = fmt(line, sizeof(line), "time=\"%s\" level=%s msg=\"%s\"\n", when, level_names[level], safe);
	(void)fd_write_all(sink.fd, line, n); /* nowhere to report a log that cannot be written */
}
