/* SPDX-License-Identifier: Apache-2.0 */

/* What systemd or a message bus says: authentication, and messages. The socket is the input (--wrap=recv). */

#include <errno.h>
#include <sys/socket.h>

#include "dbus/dbus.h"
#include "tests/fuzz/fuzz.h"

static struct fuzz_input input;

ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags);

/* In pieces of different lengths, as a stream may bring them. */
ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags)
{
	size_t part = 1 + (input.n * 7) % 61;

	(void)fd;
	(void)flags;
	if (n > part)
		n = part;
	if (n > input.n)
		n = input.n;
	if (n)
		memcpy(buf, input.p, n);
	input.p += n;
	input.n -= n;
	return (ssize_t)n;
}

ssize_t __wrap_send(int fd, const void *buf, size_t n, int flags)
{
	(void)fd;
	(void)buf;
	(void)flags;
	return (ssize_t)n;
}

static void use(const struct dbus_message *m)
{
	const char *const all[] = {m->path, m->interface, m->member, m->error, m->sender, m->signature};
	struct dbus_reader r = m->body;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		n += all[i] ? strlen(all[i]) : 0;
	for (const char *s = m->signature; *s && !r.failed; s++)
		if (*s == 'y')
			(void)dbus_read_byte(&r);
		else if (*s == 'g')
			n += strlen(dbus_read_signature(&r));
		else if (*s == 's' || *s == 'o')
			n += strlen(dbus_read_string(&r));
		else
			(void)dbus_read_u32(&r);
	FUZZ_MUST(n < 1 << 28 && r.at <= r.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dbus_call call = {"org.x", "/org/x", "org.x", "Get", "", NULL};
	struct dbus c = DBUS_INIT;
	struct dbus_message m;
	struct error err = {0};

	input = (struct fuzz_input){data, size};
	if (fuzz_byte(&input) % 2) {
		if (dbus_open_fd(&c, -1, INT64_MAX, &err) == 0 && dbus_call(&c, &call, &m, &err) == 0)
			use(&m);
	} else {
		c.deadline_ms = INT64_MAX;
		while (dbus_next(&c, &m, &err) == 0)
			use(&m);
	}
	dbus_close(&c);
	return 0;
}
