/* SPDX-License-Identifier: Apache-2.0 */
#include "dbus/dbus.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"

enum { HEADER = 16, MAX_MESSAGE = 1 << 27 /* the protocol's own limit */ };
enum {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR,
	FIELD_REPLY_TO,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE
};

int64_t dbus_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int wait_for(struct dbus *c, short events)
{
	for (;;) {
		struct pollfd p = {.fd = c->fd, .events = events};
		int64_t left = c->deadline_ms - dbus_now_ms();
		int r;

		if (left <= 0)
			return -ETIMEDOUT;
		r = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

static int send_all(struct dbus *c, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n) {
		ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r < 0 && errno == EAGAIN)
			r = wait_for(c, POLLOUT);
		else if (r < 0)
			r = errno == EINTR ? 0 : errno == EPIPE ? -ECONNRESET : -errno;
		if (r < 0)
			return (int)r;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* Receives until at least n bytes are there. */
static int receive(struct dbus *c, size_t n)
{
	if (n > c->in_cap) {
		size_t cap = n + 4096;
		uint8_t *p = realloc(c->in, cap);

		if (!p)
			return -ENOMEM;
		c->in = p;
		c->in_cap = cap;
	}
	while (c->in_len < n) {
		ssize_t r = recv(c->fd, c->in + c->in_len, c->in_cap - c->in_len, MSG_DONTWAIT);

		if (r == 0)
			return -ECONNRESET;
		if (r < 0 && errno == EAGAIN)
			r = wait_for(c, POLLIN);
		else if (r < 0)
			r = errno == EINTR ? 0 : -errno;
		if (r < 0)
			return (int)r;
		c->in_len += (size_t)r;
	}
	return 0;
}

static void consume(struct dbus *c, size_t n)
{
	if (!n)
		return;
	memmove(c->in, c->in + n, c->in_len - n);
	c->in_len -= n;
}

/* ---- authentication ---- */

/* A line without its CR LF, in buf. */
static int read_line(struct dbus *c, char *buf, size_t n)
{
	for (size_t at = 0;; at++) {
		int r = receive(c, at + 2);

		if (r < 0)
			return r;
		if (at + 1 > n)
			return -EPROTO;
		if (c->in[at] != '\r' || c->in[at + 1] != '\n')
			continue;
		memcpy(buf, c->in, at);
		buf[at] = '\0';
		consume(c, at + 2);
		return 0;
	}
}

/* Whether our uid is what the other side sees: not in a user namespace. */
static bool is_uid_known(void)
{
	uint64_t v[3] = {0};
	char map[128];
	size_t n = 0;

	if (file_read_small(-1, "/proc/self/uid_map", map, sizeof(map)) <= 0)
		return false;
	for (const char *p = map; *p && n < 3; n++) {
		p += strspn(p, " ");
		for (; *p >= '0' && *p <= '9'; p++)
			v[n] = v[n] * 10 + (uint64_t)(*p - '0');
	}
	return !v[0] && !v[1] && v[2] == UINT32_MAX;
}

/* All of it in one piece, as systemd forgets a message that comes together with BEGIN until another one comes. Without
 * a uid the socket's word has to do: that is asked for with "DATA", and answered with "DATA" or, by systemd before 249,
 * with one more "OK". */
static int authenticate(struct dbus *c)
{
	char line[128] = "", uid[16];
	bool known = is_uid_known();
	size_t n = 1; /* the protocol begins with a NUL, which once carried the credentials */
	int r;

	fmt(uid, sizeof(uid), "%u", (unsigned)geteuid());
	n += str_copy(line + n, sizeof(line) - n, "AUTH EXTERNAL");
	for (size_t i = 0; known && uid[i]; i++)
		n += fmt(line + n, sizeof(line) - n, "%s%02x", i ? "" : " ", (unsigned)uid[i]);
	n += str_copy(line + n, sizeof(line) - n, known ? "\r\nBEGIN\r\n" : "\r\nDATA\r\nBEGIN\r\n");
	r = send_all(c, line, n);
	if (r == 0 && !known)
		r = read_line(c, line, sizeof(line));
	if (r == 0)
		r = read_line(c, line, sizeof(line));
	if (r == 0 && !str_starts(line, "OK"))
		r = -EACCES; /* REJECTED, ERROR */
	return r;
}

/* ---- connecting ---- */

int dbus_open_fd(struct dbus *c, int fd, int64_t deadline_ms, struct error *err)
{
	int r;

	*c = (struct dbus){.fd = fd, .deadline_ms = deadline_ms};
	r = authenticate(c);
	if (r == 0)
		return 0;
	dbus_close(c);
	return error_errno(err, r, "D-Bus: authentication");
}

/* connect(2) waits while the listener has too many waiting; not beyond the deadline. */
static void limit_connect(int fd, int64_t deadline_ms)
{
	int64_t left = deadline_ms - dbus_now_ms();
	struct timeval t = {.tv_sec = left > 1000 ? left / 1000 : 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

int dbus_open(struct dbus *c, const char *path, int64_t deadline_ms, struct error *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	_cleanup_close_ int fd = -1;
	int r;

	*c = DBUS_INIT;
	if (!n || n >= sizeof(a.sun_path))
		return error_errno(err, n ? ENAMETOOLONG : EINVAL, "D-Bus: %s", path);
	memcpy(a.sun_path, path, n);
	if (*path == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, errno, "D-Bus: socket");
	limit_connect(fd, deadline_ms);
	do
		r = connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_errno(err, errno == EAGAIN ? ETIMEDOUT : errno, "D-Bus: connect to %s", path);
	r = dbus_open_fd(c, TAKE_FD(fd), deadline_ms, err);
	return r < 0 ? error_prefix(err, "%s", path) : 0;
}

static int hex(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch |= 0x20;
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* One address into a path for dbus_open; false when it is of another kind. */
static bool socket_of(const char *address, size_t n, char *path, size_t size)
{
	static const char *const keys[] = {"path=", "abstract="};
	size_t at = 0;

	if (!str_starts(address, "unix:"))
		return false;
	for (const char *p = address + 5, *end = address + n; p < end; p += strcspn(p, ",;"), p += p < end) {
		for (size_t i = 0; i < 2; i++) {
			const char *v = p + strlen(keys[i]);

			if (!str_starts(p, keys[i]))
				continue;
			if (i)
				path[at++] = '@';
			for (; v < end && *v != ',' && at + 1 < size; v++) {
				bool escaped = *v == '%' && v + 2 < end && hex(v[1]) >= 0 && hex(v[2]) >= 0;

				path[at++] = (char)(escaped ? hex(v[1]) * 16 + hex(v[2]) : *v);
				v += escaped ? 2 : 0;
			}
			path[at] = '\0';
			return true;
		}
	}
	return false;
}

static int hello(struct dbus *c, struct error *err)
{
	const struct dbus_call call = {
		"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "", NULL};
	struct dbus_message reply;
	int r = dbus_call(c, &call, &reply, err);

	if (r < 0)
		dbus_close(c);
	return r;
}

int dbus_open_bus(struct dbus *c, const char *addresses, int64_t deadline_ms, struct error *err)
{
	int r = error_set(err, EINVAL, "D-Bus: %s: no address of a unix socket", addresses);

	*c = DBUS_INIT;
	for (const char *p = addresses; *p;) {
		size_t n = strcspn(p, ";");
		char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

		if (socket_of(p, n, path, sizeof(path))) {
			r = dbus_open(c, path, deadline_ms, err);
			if (r == 0)
				return hello(c, err);
		}
		p += n + (p[n] == ';');
	}
	return r;
}

void dbus_close(struct dbus *c)
{
	fd_close(&c->fd);
	free(c->in);
	*c = DBUS_INIT;
}

/* ---- messages ---- */

static void put_field(struct dbus_buf *b, uint8_t field, const char *type, const char *value)
{
	dbus_align(b, 8);
	dbus_byte(b, field);
	dbus_signature(b, type);
	if (*type == 'g')
		dbus_signature(b, value);
	else
		dbus_string(b, value);
}

static int send_call(struct dbus *c, const struct dbus_call *call)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct dbus_buf b = DBUS_BUF(&a);
	struct dbus_array fields;

	dbus_bytes(&b, (const uint8_t[]){'l', DBUS_CALL, 0, 1}, 4); /* byte order, type, flags, version */
	dbus_u32(&b, call->body ? (uint32_t)call->body->n : 0);
	dbus_u32(&b, ++c->serial);
	fields = dbus_array_begin(&b, 8);
	put_field(&b, FIELD_PATH, "o", call->path);
	put_field(&b, FIELD_INTERFACE, "s", call->interface);
	put_field(&b, FIELD_MEMBER, "s", call->member);
	put_field(&b, FIELD_DESTINATION, "s", call->destination);
	if (*call->signature)
		put_field(&b, FIELD_SIGNATURE, "g", call->signature);
	dbus_array_end(&b, fields);
	dbus_align(&b, 8);
	if (call->body)
		dbus_append(&b, call->body);
	return b.failed ? -ENOMEM : send_all(c, b.p, b.n);
}

/* The value of a header field; all of them have one of these types. */
static void read_field(struct dbus_reader *r, struct dbus_message *m)
{
	uint8_t field = dbus_read_byte(r);
	const char *type = dbus_read_signature(r), *text = NULL;

	if (str_eq(type, "u")) {
		uint32_t v = dbus_read_u32(r);

		if (field == FIELD_REPLY_TO)
			m->reply_to = v;
		return;
	}
	if (str_eq(type, "g"))
		text = dbus_read_signature(r);
	else if (str_eq(type, "s") || str_eq(type, "o"))
		text = dbus_read_string(r);
	else
		r->failed = true;
	switch (field) {
	case FIELD_PATH:
		m->path = text;
		break;
	case FIELD_INTERFACE:
		m->interface = text;
		break;
	case FIELD_MEMBER:
		m->member = text;
		break;
	case FIELD_ERROR:
		m->error = text;
		break;
	case FIELD_SENDER:
		m->sender = text;
		break;
	case FIELD_SIGNATURE:
		m->signature = text;
		break;
	}
}

static int parse(const uint8_t *p, size_t head, size_t total, struct dbus_message *m)
{
	struct dbus_reader r = {.p = p, .n = head, .at = HEADER};

	*m = (struct dbus_message){.type = p[1], .signature = ""};
	while (r.at < head && !r.failed) {
		dbus_read_align(&r, 8);
		read_field(&r, m);
	}
	head = (head + 7) & ~(size_t)7;
	m->body = (struct dbus_reader){.p = p + head, .n = total - head};
	return r.failed || (m->type == DBUS_ERROR && !m->error) ? -EPROTO : 0;
}

static int next(struct dbus *c, struct dbus_message *ret)
{
	uint32_t body, fields;
	size_t head, total;
	int r;

	consume(c, c->in_used);
	c->in_used = 0;
	r = receive(c, HEADER);
	if (r < 0)
		return r;
	memcpy(&body, c->in + 4, sizeof(body));
	memcpy(&fields, c->in + 12, sizeof(fields));
	if (c->in[0] != 'l' || c->in[3] != 1 || body > MAX_MESSAGE || fields > MAX_MESSAGE)
		return -EPROTO;
	head = HEADER + (size_t)fields;
	total = ((head + 7) & ~(size_t)7) + body;
	r = receive(c, total);
	if (r < 0)
		return r;
	c->in_used = total;
	return parse(c->in, head, total, ret);
}

int dbus_next(struct dbus *c, struct dbus_message *ret, struct error *err)
{
	int r = next(c, ret);

	return r < 0 ? error_errno(err, r, "D-Bus: waiting for an answer") : 0;
}

int dbus_call(struct dbus *c, const struct dbus_call *call, struct dbus_message *reply, struct error *err)
{
	int r = send_call(c, call);
	uint32_t serial = c->serial;

	*reply = (struct dbus_message){.signature = ""};
	if (r < 0)
		return error_errno(err, r, "D-Bus: %s", call->member);
	do {
		r = dbus_next(c, reply, err);
		if (r < 0)
			return error_prefix(err, "%s", call->member);
	} while ((reply->type != DBUS_RETURN && reply->type != DBUS_ERROR) || reply->reply_to != serial);
	if (reply->type == DBUS_RETURN)
		return 0;
	if (reply->signature[0] == 's') {
		struct dbus_reader text = reply->body;

		return error_set(err, EREMOTEIO, "%s: %s: %s", call->member, reply->error, dbus_read_string(&text));
	}
	return error_set(err, EREMOTEIO, "%s: %s", call->member, reply->error);
}
