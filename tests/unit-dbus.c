/* SPDX-License-Identifier: Apache-2.0 */

/* D-Bus: bytes of values and messages, values from text, and a connection to one who answers as it is told. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "dbus/dbus.h"
#include "tests/tap.h"

static struct arena arena;
static struct error err;

/* Bytes as text: printable ones themselves, others as \xx. */
static const char *show(const void *p, size_t n)
{
	const uint8_t *b = p;
	char *out = arena_alloc(&arena, n * 3 + 1), *at = out;

	for (size_t i = 0; i < n; i++)
		at += b[i] > ' ' && b[i] < 127 ? sprintf(at, "%c", b[i]) : sprintf(at, "\\%02x", b[i]);
	return out;
}

static void test_marshal(void)
{
	struct dbus_buf b = DBUS_BUF(&arena), inner = DBUS_BUF(&arena);
	struct dbus_array at;

	dbus_byte(&b, 1);
	dbus_u16(&b, 2);
	dbus_u32(&b, 3);
	dbus_byte(&b, 4);
	dbus_u64(&b, 5);
	tap_is_str(show(b.p, b.n),
		"\\01\\00\\02\\00\\03\\00\\00\\00\\04\\00\\00\\00\\00\\00\\00\\00\\05\\00\\00\\00\\00\\00\\00\\00",
		"numbers lie at multiples of their size");
	b.n = 0;
	dbus_byte(&b, 9);
	dbus_string(&b, "ab");
	dbus_signature(&b, "a(sv)");
	tap_is_str(show(b.p, b.n), "\\09\\00\\00\\00\\02\\00\\00\\00ab\\00\\05a(sv)\\00", "strings and signatures");
	b.n = 0;
	at = dbus_array_begin(&b, 8);
	dbus_array_end(&b, at);
	tap_is_str(show(b.p, b.n), "\\00\\00\\00\\00\\00\\00\\00\\00", "an empty array of structs has its padding");
	b.n = 0;
	at = dbus_array_begin(&b, 8);
	dbus_u64(&b, 1);
	dbus_array_end(&b, at);
	tap_is_str(show(b.p, b.n), "\\08\\00\\00\\00\\00\\00\\00\\00\\01\\00\\00\\00\\00\\00\\00\\00",
		"padding does not count as length");
	b.n = 0;
	dbus_u32(&inner, 7);
	dbus_byte(&b, 1);
	dbus_append(&b, &inner);
	tap_is_str(show(b.p, b.n), "\\01\\00\\00\\00\\00\\00\\00\\00\\07\\00\\00\\00", "what is appended begins at 8");
}

static void test_read(void)
{
	struct dbus_reader r = {.p = (const uint8_t *)"\1\0\0\0\2\0\0\0ab\0\1u\0", .n = 14};

	tap_is_int(dbus_read_byte(&r), 1, "a byte");
	tap_is_str(dbus_read_string(&r), "ab", "a string");
	tap_is_str(dbus_read_signature(&r), "u", "a signature");
	tap_ok(!r.failed && r.at == r.n, "all of it");
	(void)dbus_read_u32(&r);
	tap_ok(r.failed, "nothing behind the end");
	r = (struct dbus_reader){.p = (const uint8_t *)"\377\377\377\377ab", .n = 6};
	tap_is_str(dbus_read_string(&r), "", "a length that is a lie");
	tap_ok(r.failed, "is seen");
	r = (struct dbus_reader){.p = (const uint8_t *)"\2\0\0\0abc", .n = 7};
	(void)dbus_read_string(&r);
	tap_ok(r.failed, "a string that does not end where it says");
	r = (struct dbus_reader){.p = (const uint8_t *)"\2\0\0\0a\0\0", .n = 7};
	(void)dbus_read_string(&r);
	tap_ok(r.failed, "a string with a NUL in it");
}

static const char *from_text(const char *text)
{
	struct dbus_buf b = DBUS_BUF(&arena);
	char type[DBUS_SIGNATURE_MAX];

	if (dbus_value_from_text(&b, text, type, &err) < 0)
		return err.msg;
	return show(b.p, b.n);
}

static void test_text(void)
{
	static const struct {
		const char *text, *bytes;
	} good[] = {
		{"true", "\\01b\\00\\00\\01\\00\\00\\00"},
		{" false ", "\\01b\\00\\00\\00\\00\\00\\00"},
		{"boolean true", "\\01b\\00\\00\\01\\00\\00\\00"},
		{"5", "\\01i\\00\\00\\05\\00\\00\\00"},
		{"-1", "\\01i\\00\\00\\ff\\ff\\ff\\ff"},
		{"0x1F", "\\01i\\00\\00\\1f\\00\\00\\00"},
		{"byte 255", "\\01y\\00\\ff"},
		{"int16 -2", "\\01n\\00\\00\\fe\\ff"},
		{"uint16 2", "\\01q\\00\\00\\02\\00"},
		{"uint32 4294967295", "\\01u\\00\\00\\ff\\ff\\ff\\ff"},
		{"uint64 1", "\\01t\\00\\00\\00\\00\\00\\00\\01\\00\\00\\00\\00\\00\\00\\00"},
		{"@t 1", "\\01t\\00\\00\\00\\00\\00\\00\\01\\00\\00\\00\\00\\00\\00\\00"},
		{"int64 -1", "\\01x\\00\\00\\00\\00\\00\\00\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff"},
		{"1.0", "\\01d\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\f0?"},
		{"double 1", "\\01d\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\f0?"},
		{"'a'", "\\01s\\00\\00\\01\\00\\00\\00a\\00"},
		{"\"a'b\\\"\"", "\\01s\\00\\00\\04\\00\\00\\00a'b\"\\00"},
		{"'\\n\\\\'", "\\01s\\00\\00\\02\\00\\00\\00\\0a\\\\00"},
		{"objectpath '/a'", "\\01o\\00\\00\\02\\00\\00\\00/a\\00"},
		{"['a', 'b']", "\\02as\\00\\0e\\00\\00\\00\\01\\00\\00\\00a\\00\\00\\00\\01\\00\\00\\00b\\00"},
		{"@as []", "\\02as\\00\\00\\00\\00\\00"},
		{"[uint32 1, 2]", "\\02au\\00\\08\\00\\00\\00\\01\\00\\00\\00\\02\\00\\00\\00"},
		{"[('a', true)]",
			"\\05a(sb)"
			"\\00\\00\\0c\\00\\00\\00\\00\\00\\00\\00\\01\\00\\00\\00a\\00\\00\\00\\01\\00\\00\\00"},
		{"@a(ss) [('a', 'b')]",
			"\\05a(ss)"
			"\\00\\00\\0e\\00\\00\\00\\00\\00\\00\\00\\01\\00\\00\\00a\\00\\00\\00\\01\\00\\00\\00b\\00"},
		{"(byte 1, 2)", "\\04(yi)\\00\\00\\00\\01\\00\\00\\00\\02\\00\\00\\00"},
		{"('a',)", "\\03(s)\\00\\00\\00\\00\\01\\00\\00\\00a\\00"},
		{"<5>", "\\01v\\00\\01i\\00\\00\\00\\05\\00\\00\\00"},
		{"[<true>]", "\\02av\\00\\08\\00\\00\\00\\01b\\00\\00\\01\\00\\00\\00"},
	};
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"", "value missing at offset 0"},
		{"  ", "value missing at offset 2"},
		{"maybe", "unknown word at offset 0"},
		{"trueish", "unknown word at offset 0"},
		{"5 6", "more than one value at offset 2"},
		{"2147483648", "number out of range at offset 0"},
		{"uint64 -1", "number out of range at offset 7"},
		{"uint64 18446744073709551616", "number out of range at offset 7"},
		{"byte 256", "number out of range at offset 5"},
		{"5x", "not a number at offset 0"},
		{"1.2.3", "not a number at offset 0"},
		{"uint32 'a'", "value of another type at offset 10"},
		{"'a", "string without an end at offset 2"},
		{"'\\q'", "escape not supported at offset 2"},
		{"objectpath 'a'", "value of another type at offset 14"},
		{"[]", "empty array without a type at offset 2"},
		{"['a' 'b']", "comma expected at offset 5"},
		{"['a', 5]", "value of another type at offset 6"},
		{"['a', ]", "not supported at offset 6"},
		{"['a'", "comma expected at offset 4"},
		{"{'a': 5}", "not supported at offset 0"},
		{"@a{sv} {}", "type not supported at offset 0"},
		{"@ 5", "type not supported at offset 0"},
		{"@ss 5", "type not supported at offset 0"},
		{"@(ss) ('a',)", "value of another type at offset 12"},
		{"@(s) ('a','b')", "more values than the type has at offset 10"},
		{"()", "empty tuple at offset 2"},
		{"<5", "'>' expected at offset 2"},
		{"nothing", "unknown word at offset 0"},
		{"b'bytes'", "unknown word at offset 0"},
		{"[[[[[[[[[[1]]]]]]]]]]", "nested too deep at offset 8"},
		{"<<<<<<<<<<1>>>>>>>>>>", "nested too deep at offset 8"},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		tap_is_str(from_text(good[i].text), good[i].bytes, "%s", good[i].text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_is_str(from_text(bad[i].text), bad[i].message, "refused: %s", bad[i].text);
}

/* ---- a connection ---- */

/* The other side: sends `answers`, each when at least one byte of the request for it has come and `pause` later; *seen
 * gets what was asked. In a child, `piece` bytes at a time. */
struct peer {
	pid_t pid;
	int seen;
};

static void say(int fd, const char *p, size_t n, size_t piece)
{
	while (n) {
		size_t m = piece && piece < n ? piece : n;

		if (write(fd, p, m) < 0)
			_exit(1);
		p += m;
		n -= m;
	}
}

struct answer {
	const char *p;
	size_t n;
};

static struct peer peer(const struct answer *answers, size_t n, size_t piece, int *ours)
{
	int pair[2], seen[2];
	struct peer p;
	char buf[4096];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || pipe(seen) < 0 || (p.pid = fork()) < 0)
		abort();
	if (p.pid == 0) {
		close(pair[0]);
		for (size_t i = 0; i < n; i++) {
			ssize_t got = read(pair[1], buf, sizeof(buf));

			if (got <= 0)
				_exit(1);
			say(seen[1], buf, (size_t)got, 0);
			say(pair[1], answers[i].p, answers[i].n, piece);
		}
		if (!n || answers[n - 1].n) /* the last answer is silence: stay */
			_exit(0);
		(void)!read(pair[1], buf, sizeof(buf));
		_exit(0);
	}
	close(pair[1]);
	close(seen[1]);
	*ours = pair[0];
	p.seen = seen[0];
	return p;
}

static const char *finish(struct peer p)
{
	static char buf[8192];
	size_t n = 0;
	ssize_t r;

	while ((r = read(p.seen, buf + n, sizeof(buf) - n)) > 0)
		n += (size_t)r;
	close(p.seen);
	waitpid(p.pid, NULL, 0);
	return show(buf, n);
}

#define OK_LINE "OK 0123456789abcdef0123456789abcdef\r\n"
/* return to serial 1, body: the string "yes" */
#define RETURN "l\2\1\1\10\0\0\0\1\0\0\0\17\0\0\0\5\1u\0\1\0\0\0\10\1g\0\1s\0\0\3\0\0\0yes\0"
/* error for serial 1, without a text */
#define ERROR "l\3\1\1\0\0\0\0\1\0\0\0\24\0\0\0\5\1u\0\1\0\0\0\4\1s\0\3\0\0\0a.b\0\0\0\0\0"
/* a signal: path, interface, member, no body */
#define SIGNAL                                                                                                         \
	"l\4\1\1\0\0\0\0\2\0\0\0\52\0\0\0\1\1o\0\2\0\0\0/p\0\0\0\0\0\0\2\1s\0\3\0\0\0i.f\0\0\0\0\0\3\1s\0\1\0\0\0M"    \
	"\0\0\0\0\0\0\0"

static int call(int fd, struct dbus *c, struct dbus_message *m, int64_t ms)
{
	const struct dbus_call what = {"d.e", "/p", "i.f", "Do", "", NULL};
	int r = dbus_open_fd(c, fd, dbus_now_ms() + ms, &err);

	return r < 0 ? r : dbus_call(c, &what, m, &err);
}

static void test_call(size_t piece)
{
	const struct answer a[] = {{OK_LINE, strlen(OK_LINE)}, {RETURN, sizeof(RETURN) - 1}};
	struct dbus c = DBUS_INIT;
	struct dbus_message m = {0};
	int fd;
	struct peer p = peer(a, 2, piece, &fd);
	const char *seen, *end;

	tap_is_int(call(fd, &c, &m, 5000), 0, "a call: %s", err.msg);
	tap_is_int(m.type, DBUS_RETURN, "is answered");
	tap_is_str(m.signature, "s", "with a string");
	tap_is_str(dbus_read_string(&m.body), "yes", "which says yes");
	tap_ok(!m.body.failed && m.body.at == m.body.n, "and nothing else");
	dbus_close(&c);
	seen = finish(p);
	end = strstr(seen, "BEGIN\\0d\\0a");
	tap_ok(str_starts(seen, "\\00AUTH\\20EXTERNAL") && end, "authentication: %s", seen);
	tap_is_str(end ? end + 11 : "",
		"l\\01\\00\\01\\00\\00\\00\\00\\01\\00\\00\\00<\\00\\00\\00\\01\\01o\\00\\02\\00\\00\\00/"
		"p\\00\\00\\00\\00\\00\\00"
		"\\02\\01s\\00\\03\\00\\00\\00i."
		"f\\00\\00\\00\\00\\00\\03\\01s\\00\\02\\00\\00\\00Do\\00\\00\\00\\00\\00\\00"
		"\\06\\01s\\00\\03\\00\\00\\00d.e\\00\\00\\00\\00\\00",
		"the message");
}

static void expect(const char *what, const struct answer *a, size_t n, int64_t ms, int code, const char *message)
{
	struct dbus c = DBUS_INIT;
	struct dbus_message m;
	int fd;
	struct peer p = peer(a, n, 0, &fd);

	tap_is_int(call(fd, &c, &m, ms), code, "%s", what);
	tap_ok(strstr(err.msg, message), "%s: %s", what, err.msg);
	dbus_close(&c);
	(void)finish(p);
}

static void test_failures(void)
{
	static const char silence[] = "";
	static char noise[200];
	struct answer a[2] = {{OK_LINE, strlen(OK_LINE)}, {ERROR, sizeof(ERROR) - 1}};

	expect("an error as answer", a, 2, 5000, -EREMOTEIO, "Do: a.b");
	a[1] = (struct answer){"l\2\1\1\377\377\377\177\1\0\0\0\0\0\0\0", 16};
	expect("a body without measure", a, 2, 5000, -EPROTO, "D-Bus: waiting for an answer");
	a[1] = (struct answer){"B\2\1\1\0\0\0\0\0\0\0\1\0\0\0\0", 16};
	expect("the other byte order", a, 2, 5000, -EPROTO, "D-Bus");
	a[1] = (struct answer){"l\2\1\1\0\0\0\0\1\0\0\0\10\0\0\0\5\1x\0\1\0\0\0", 24};
	expect("a header field of an unknown type", a, 2, 5000, -EPROTO, "D-Bus");
	a[1] = (struct answer){"l\2\1\1\0\0\0\0\1\0\0\0\10\0\0\0\4\1s\0\377\0\0\0", 24};
	expect("a header field beyond the header", a, 2, 5000, -EPROTO, "D-Bus");
	a[1] = (struct answer){RETURN, 20};
	expect("half of an answer", a, 2, 5000, -ECONNRESET, "connection reset");
	a[1] = (struct answer){silence, 0};
	expect("no answer", a, 2, 200, -ETIMEDOUT, "timed out");
	a[0] = (struct answer){"REJECTED EXTERNAL\r\n", 19};
	expect("a rejection", a, 1, 5000, -EACCES, "D-Bus: authentication: permission denied");
	memset(noise, '.', sizeof(noise));
	a[0] = (struct answer){noise, sizeof(noise)};
	expect("no D-Bus at all", a, 1, 5000, -EPROTO, "D-Bus: authentication");
	expect("nobody", a, 0, 5000, -ECONNRESET, "D-Bus: authentication");
}

static void test_signals(void)
{
	const struct answer a[] = {
		{OK_LINE, strlen(OK_LINE)}, {SIGNAL RETURN SIGNAL, sizeof(SIGNAL RETURN SIGNAL) - 1}};
	struct dbus c = DBUS_INIT;
	struct dbus_message m;
	int fd;
	struct peer p = peer(a, 2, 0, &fd);

	tap_is_int(call(fd, &c, &m, 5000), 0, "signals before the answer are passed over: %s", err.msg);
	tap_is_int(dbus_next(&c, &m, &err), 0, "the one behind it is next: %s", err.msg);
	tap_is_int(m.type, DBUS_SIGNAL, "a signal");
	tap_is_str(m.path, "/p", "its path");
	tap_is_str(m.interface, "i.f", "its interface");
	tap_is_str(m.member, "M", "its name");
	tap_is_int(dbus_next(&c, &m, &err), -ECONNRESET, "then the end");
	dbus_close(&c);
	(void)finish(p);
}

static void test_addresses(void)
{
	struct dbus c;

	tap_is_int(dbus_open_bus(&c, "tcp:host=a", dbus_now_ms() + 1000, &err), -EINVAL, "no unix socket");
	tap_is_int(
		dbus_open_bus(&c, "unix:path=/not%2fthere;unix:guid=1,abstract=ebt-nobody", dbus_now_ms() + 1000, &err),
		-ECONNREFUSED, "the last address");
	tap_ok(strstr(err.msg, "@ebt-nobody"), "is the one that is named: %s", err.msg);
	tap_is_int(dbus_open_bus(&c, "unix:path=/not%2fthere", dbus_now_ms() + 1000, &err), -ENOENT, "escapes");
	tap_ok(strstr(err.msg, "/not/there"), "are taken out: %s", err.msg);
	tap_is_int(dbus_open(&c, "", dbus_now_ms() + 1000, &err), -EINVAL, "an empty path");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_marshal();
	test_read();
	test_text();
	test_call(0);
	test_call(1);
	test_signals();
	test_failures();
	test_addresses();
	arena_done(&arena);
	return tap_done();
}
