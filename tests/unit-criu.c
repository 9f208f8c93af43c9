/* SPDX-License-Identifier: Apache-2.0 */

/* Messages of CRIU's RPC: what is written is what protocol buffers say, and what comes broken is refused. */

#include <errno.h>
#include <string.h>

#include "container/criu_message.h"
#include "tests/tap.h"

static void is_bytes(const struct criu_message *m, const char *want, size_t n, const char *what)
{
	tap_ok(criu_message_ok(m) && m->len == n && memcmp(m->data, want, n) == 0, "%s", what);
}

static void writing(void)
{
	struct criu_message m = CRIU_MESSAGE_INIT;

	criu_put_number(&m, 1, 150);
	is_bytes(&m, "\x08\x96\x01", 3, "a number of two bytes");
	criu_message_done(&m);
	criu_put_number(&m, 64, 1);
	is_bytes(&m, "\x80\x04\x01", 3, "a field above 15");
	criu_message_done(&m);
	criu_put_flag(&m, 3, false);
	criu_put_text(&m, 3, "");
	criu_put_text(&m, 3, NULL);
	tap_is_int((int64_t)m.len, 0, "what is the default is left out");
	criu_put_text(&m, 2, "testing");
	is_bytes(&m, "\x12\x07testing", 9, "a string");
	criu_message_done(&m);
	criu_put_pair(&m, 23, "/a", "/b");
	is_bytes(&m, "\xba\x01\x08\x0a\x02/a\x12\x02/b", 11, "a message of two strings");
	criu_message_done(&m);
}

static void reading(void)
{
	static const char good[] = "\x08\x96\x01\x12\x02hi\x1d\x01\x02\x03\x04";
	const char *p = good, *end = good + sizeof(good) - 1;
	struct criu_field f;

	tap_is_int(criu_next_field(&p, end, &f), 1, "a number is read");
	tap_ok(f.number == 1 && f.value == 150, "it is the one that was written");
	tap_is_int(criu_next_field(&p, end, &f), 1, "a string is read");
	tap_ok(f.number == 2 && f.len == 2 && memcmp(f.data, "hi", 2) == 0, "it is the one that was written");
	tap_is_int(criu_next_field(&p, end, &f), 1, "four bytes are passed over");
	tap_is_int(criu_next_field(&p, end, &f), 0, "the end is seen");
	for (size_t n = 1; n < sizeof(good) - 1; n++) {
		int r = 1;

		for (p = good; r > 0;)
			r = criu_next_field(&p, good + n, &f);
		tap_is_int(r, n == 3 || n == 7 ? 0 : -EBADMSG, "cut after %zu bytes", n);
	}
	p = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	tap_is_int(criu_next_field(&p, p + 11, &f), -EBADMSG, "a number without an end");
	p = "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x";
	tap_is_int(criu_next_field(&p, p + 12, &f), -EBADMSG, "a length beyond all");
}

static void large(void)
{
	struct criu_message m = CRIU_MESSAGE_INIT;
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		criu_put_text(&m, 1, text);
	tap_ok(criu_message_ok(&m) && m.len == 100 * (2999 + 3), "a message grows");
	criu_message_done(&m);
}

int main(void)
{
	writing();
	reading();
	large();
	return tap_done();
}
