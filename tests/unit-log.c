/* SPDX-License-Identifier: Apache-2.0 */

/* The lines of the log: levels, both formats, and what must be escaped. */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "tap.h"

static int file;
static char path[64], line[8192];
static struct error err;

static void reopen(enum log_format format, enum log_level level)
{
	tap_is_int(log_open(path, format, level, &err), 0, "the log opens");
}

/* What was written since the last call, without the time. */
static const char *written(void)
{
	ssize_t n = pread(file, line, sizeof(line) - 1, 0);
	char *time, *end;

	line[n < 0 ? 0 : n] = '\0';
	(void)!ftruncate(file, 0);
	time = strstr(line, "20");
	end = time ? strchr(time, 'Z') : NULL;
	if (end)
		memmove(time, end, strlen(end) + 1);
	return line;
}

static void test_text(void)
{
	reopen(LOG_FORMAT_TEXT, LOG_LEVEL_WARN);
	log_error("a %s", "b");
	tap_is_str(written(), "time=\"Z\" level=error msg=\"a b\"\n", "a line of text");
	log_warn("x");
	tap_is_str(written(), "time=\"Z\" level=warning msg=\"x\"\n", "warnings are called so");
	log_info("x");
	log_debug("x");
	tap_is_str(written(), "", "what is below the level is left out");
	reopen(LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	log_debug("x");
	tap_is_str(written(), "time=\"Z\" level=debug msg=\"x\"\n", "the level can be lowered");
	log_error("\"q\" \\ \n");
	tap_is_str(written(), "time=\"Z\" level=error msg=\"\\\"q\\\" \\\\ \\n\"\n", "text is escaped");
}

static void test_json(void)
{
	static const struct {
		const char *msg, *want;
	} cases[] = {
		{"plain", "plain"},
		{"\"q\" \\", "\\\"q\\\" \\\\"},
		{"a\nb\tc\rd\x01", "a\\nb\\tc\\u000dd\\u0001"},
		{"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"a\xff"
		 "b",
			"a\xef\xbf\xbd"
			"b"},
		{"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};
	char want[256];

	reopen(LOG_FORMAT_JSON, LOG_LEVEL_ERROR);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log_error("%s", cases[i].msg);
		fmt(want, sizeof(want), "{\"level\":\"error\",\"msg\":\"%s\",\"time\":\"Z\"}\n", cases[i].want);
		tap_is_str(written(), want, "JSON, case %zu", i);
	}
}

static void test_long(void)
{
	char msg[4000];

	memset(msg, '"', sizeof(msg) - 1);
	msg[sizeof(msg) - 1] = '\0';
	reopen(LOG_FORMAT_JSON, LOG_LEVEL_ERROR);
	log_error("%s", msg);
	written();
	tap_ok(str_ends(line, "\",\"time\":\"Z\"}\n"), "a message that is too long is cut, the line is whole");
	tap_ok(strlen(line) > 2000 && strchr(line, '\n')[1] == '\0', "and one");
}

static void test_refused(void)
{
	tap_is_int(log_open("/nonexistent/log", LOG_FORMAT_TEXT, LOG_LEVEL_WARN, &err), -ENOENT, "no such directory");
	tap_is_str(err.msg, "open log: /nonexistent/log: no such file or directory", "the words for it");
	tap_is_int(log_open("journald:", LOG_FORMAT_TEXT, LOG_LEVEL_WARN, &err), -EINVAL,
		"journald: without an identifier");
	tap_is_int(
		log_open("syslog:", LOG_FORMAT_TEXT, LOG_LEVEL_WARN, &err), -EINVAL, "syslog: without an identifier");
}

/* What there are no words for keeps its number. */
static void test_unknown(void)
{
	error_errno(&err, -EUCLEAN, "read: %s", "f");
	tap_is_str(err.msg, "read: f: unknown error 117", "an error without words");
}

int main(void)
{
	file = memfd_create("log", MFD_CLOEXEC);
	fmt(path, sizeof(path), "/proc/self/fd/%d", file);
	test_text();
	test_json();
	test_long();
	test_refused();
	test_unknown();
	close(file);
	return tap_done();
}
