/* SPDX-License-Identifier: Apache-2.0 */
#include "container/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/process.h"
#include "kernel/fds.h"
#include "kernel/sys.h"
#include "perf/span.h"

enum { FIRST_ANSWER_MS = 10000, END_MS = 10000, SILENCE_S = 3600, ANSWER_MAX = 64 * 1024, OLDEST = 31700 };

/* Fields of a request and of an answer. */
enum { REQUEST_TYPE = 1, REQUEST_OPTIONS = 2, REQUEST_NOTIFIED = 3, REQUEST_KEEP_OPEN = 4 };
enum {
	ANSWER_TYPE = 1,
	ANSWER_SUCCESS = 2,
	ANSWER_RESTORE = 4,
	ANSWER_NOTIFY = 5,
	ANSWER_ERRNO = 7,
	ANSWER_ERROR = 9,
	ANSWER_VERSION = 10,
};

struct answer {
	uint64_t type, success, number;
	struct criu_field notify, version, restore;
	struct criu_field text; /* why it failed */
	int fd;
};

/* ---- the process ---- */

/* What the new process has to say: a descriptor, or why it cannot go on. */
static int say(int channel, int fd, const struct error *err)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} c = {0};
	struct iovec iov = {(void *)err, sizeof(*err)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		h.msg_control = &c;
		h.msg_controllen = sizeof(c);
		c.header.cmsg_len = (__typeof__(c.header.cmsg_len))CMSG_LEN(sizeof(int));
		c.header.cmsg_level = SOL_SOCKET;
		c.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&c.header), &fd, sizeof(int));
	}
	return sendmsg(channel, &h, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Descriptors in a request are those of who has made the socket: so it is made here, and they may be opened in a mount
 * namespace of its own. */
static int make_socket(int channel, int *ret, struct error *err)
{
	const struct error none = {0};
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(err, errno, "criu: socket");
	r = say(channel, ends[0], &none);
	*ret = ends[1];
	return r < 0 ? error_errno(err, r, "criu: socket") : 0;
}

static int keep_open(const struct criu *c, int sock, struct error *err)
{
	if (fds_mark(3) < 0 || fcntl(sock, F_SETFD, 0) < 0)
		return error_errno(err, errno, "criu: descriptors");
	for (size_t i = 0; i < c->n_keep; i++)
		if (fcntl(c->keep[i], F_SETFD, 0) < 0)
			return error_errno(err, errno, "criu: descriptor %d", c->keep[i]);
	return 0;
}

static _Noreturn void become_criu(struct criu *c, int channel)
{
	char number[16];
	char *const argv[] = {(char *)"criu", (char *)"swrk", number, NULL};
	struct error err = {0};
	int sock = -1, r = c->prepare ? c->prepare(c->data, &err) : 0;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (r == 0)
		r = make_socket(channel, &sock, &err);
	if (r == 0)
		r = keep_open(c, sock, &err);
	if (r == 0) {
		fmt(number, sizeof(number), "%d", sock);
		execvp(argv[0], argv);
		if (errno == ENOENT)
			error_set(&err, ENOENT, "criu: executable file not found in $PATH");
		else
			error_errno(&err, errno, "criu");
	}
	(void)say(channel, -1, &err);
	_exit(1);
}

static ssize_t receive(int sock, void *data, size_t size, int *fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} c = {0};
	struct iovec iov = {data, size};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && h.msg_controllen >= CMSG_LEN(sizeof(int)) && c.header.cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(&c.header), sizeof(int));
	return n;
}

/* It says nothing while it writes or reads a container's memory. */
static void limit_silence(int sock)
{
	const struct timeval t = {.tv_sec = SILENCE_S};

	(void)setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

/* The other end closes when criu is executed; before that come the socket, or why there is none. */
static int wait_executed(struct criu *c, int channel, struct error *err)
{
	struct error e;
	ssize_t n;
	int fd;

	while ((n = receive(channel, &e, sizeof(e), &fd)) == (ssize_t)sizeof(e)) {
		if (fd < 0) {
			e.msg[sizeof(e.msg) - 1] = '\0';
			return error_set(err, e.code, "%s", e.msg);
		}
		fd_close(&c->sock);
		c->sock = fd;
		limit_silence(fd);
	}
	return n == 0 && c->sock >= 0 ? 0 : error_set(err, EPROTO, "criu: it could not be started");
}

static int spawn(struct criu *c, struct error *err)
{
	_cleanup_close_ int channel = -1;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(err, errno, "criu: socket");
	channel = ends[0];
	c->pid = fork();
	if (c->pid == 0)
		become_criu(c, ends[1]);
	close(ends[1]);
	if (c->pid < 0) {
		c->pid = 0;
		return error_errno(err, errno, "criu: fork");
	}
	return wait_executed(c, channel, err);
}

int criu_keep(struct criu *c, int fd, struct error *err)
{
	if (fd < 0)
		return 0;
	if (c->n_keep == CRIU_MAX_FDS)
		return error_errno(err, EMFILE, "criu: descriptors");
	c->keep[c->n_keep++] = fd;
	return 0;
}

/* Its exit status, once our end of the socket is closed: it gives up by itself then, and leaves the container's processes
 * as they were. */
static int end(struct criu *c)
{
	_cleanup_close_ int pidfd = sys_pidfd_open(c->pid, 0);
	int r;

	fd_close(&c->sock);
	if (pidfd < 0 || process_wait_end(pidfd, END_MS) < 0)
		(void)kill(c->pid, SIGKILL);
	r = pidfd < 0 ? process_reap(c->pid) : process_reap_limited(c->pid, pidfd);
	c->pid = 0;
	return r;
}

void criu_end(struct criu *c)
{
	if (c->pid > 0)
		(void)end(c);
	fd_close(&c->sock);
}

/* ---- the socket ---- */

static int send_request(struct criu *c, const struct criu_message *m, struct error *err)
{
	ssize_t n;

	if (!criu_message_ok(m))
		return error_errno(err, ENOMEM, "criu: request");
	do
		n = send(c->sock, m->data, m->len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_errno(err, errno, "criu: request") : 0;
}

static int parse(const char *data, size_t len, struct answer *a)
{
	const char *p = data;
	struct criu_field f;
	int r;

	while ((r = criu_next_field(&p, data + len, &f)) > 0)
		switch (f.number) {
		case ANSWER_TYPE:
			a->type = f.value;
			break;
		case ANSWER_SUCCESS:
			a->success = f.value;
			break;
		case ANSWER_ERRNO:
			a->number = f.value;
			break;
		case ANSWER_RESTORE:
			a->restore = f;
			break;
		case ANSWER_NOTIFY:
			a->notify = f;
			break;
		case ANSWER_VERSION:
			a->version = f;
			break;
		case ANSWER_ERROR:
			a->text = f;
			break;
		}
	return r;
}

/* The next answer; it lies in `data`, which has ANSWER_MAX bytes. */
static int next_answer(struct criu *c, char *data, struct answer *a, struct error *err)
{
	ssize_t n;
	int fd, r;

	*a = (struct answer){.fd = -1};
	n = receive(c->sock, data, ANSWER_MAX, &fd);
	if (n < 0)
		return error_errno(err, errno == EAGAIN ? ETIMEDOUT : errno, "criu: answer");
	if (n == 0)
		return error_set(err, ECONNRESET, "criu: ended without an answer");
	r = parse(data, (size_t)n, a);
	a->fd = fd;
	if (r < 0) {
		fd_close(&a->fd);
		return error_errno(err, r, "criu: answer");
	}
	return 0;
}

/* The number field of a message in an answer; 0 without it. */
static uint64_t number_in(const struct criu_field *m, uint32_t field)
{
	const char *p = m->data;
	struct criu_field f;

	while (p && criu_next_field(&p, m->data + m->len, &f) > 0)
		if (f.number == field)
			return f.value;
	return 0;
}

static int check_version(struct criu *c, char *data, struct error *err)
{
	_cleanup_message_ struct criu_message m = CRIU_MESSAGE_INIT;
	struct pollfd p = {.fd = c->sock, .events = POLLIN};
	struct answer a;
	unsigned major, minor, sub;
	int r;

	criu_put_number(&m, REQUEST_TYPE, CRIU_VERSION);
	criu_put_flag(&m, REQUEST_KEEP_OPEN, true);
	r = send_request(c, &m, err);
	if (r >= 0 && poll(&p, 1, FIRST_ANSWER_MS) <= 0)
		r = error_set(err, ETIMEDOUT, "criu: no answer in %d s", FIRST_ANSWER_MS / 1000);
	if (r >= 0)
		r = next_answer(c, data, &a, err);
	if (r < 0)
		return r;
	fd_close(&a.fd);
	major = (unsigned)number_in(&a.version, 1);
	minor = (unsigned)number_in(&a.version, 2);
	sub = (unsigned)number_in(&a.version, 4);
	log_debug("criu: version %u.%u.%u", major, minor, sub);
	if (major * 10000 + minor * 100 + sub < OLDEST)
		return error_set(err, EOPNOTSUPP, "criu: version %u.%u: %d.%d or later is needed", major, minor,
			OLDEST / 10000, OLDEST / 100 % 100);
	return 0;
}

int criu_begin(struct criu *c, struct error *err)
{
	_cleanup_free_ char *data = NULL;
	int r = spawn(c, err);

	if (r < 0)
		return r;
	data = malloc(ANSWER_MAX);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the cleanup of `data` frees it */
	return data ? check_version(c, data, err) : error_errno(err, ENOMEM, "criu");
}

/* ---- a request ---- */

/* Text of an answer as one line. */
static void put_line(char *out, size_t n, const struct criu_field *f)
{
	size_t len = f->len < n ? f->len : n - 1;

	fmt(out, n, "%.*s", (int)len, f->data ? f->data : "");
	for (char *p = out; *p; p++)
		if (*p == '\n')
			*p = ' ';
	for (len = strlen(out); len && out[len - 1] == ' '; len--)
		out[len - 1] = '\0';
}

static int take_notification(struct criu *c, struct answer *a, struct error *err)
{
	_cleanup_message_ struct criu_message m = CRIU_MESSAGE_INIT;
	const char *p = a->notify.data;
	char what[64] = "";
	struct criu_field f;
	pid_t pid = 0;
	int r, sent;

	while (p && criu_next_field(&p, a->notify.data + a->notify.len, &f) > 0) {
		if (f.number == 1)
			put_line(what, sizeof(what), &f);
		else if (f.number == 2)
			pid = (pid_t)f.value;
	}
	log_debug("criu: %s", what);
	r = c->on_notify(c->data, what, pid, TAKE_FD(a->fd), err);
	criu_put_number(&m, REQUEST_TYPE, CRIU_NOTIFY);
	criu_put_number(&m, REQUEST_NOTIFIED, r == 0);
	sent = send_request(c, &m, r < 0 ? NULL : err);
	return r < 0 ? r : sent;
}

static const char *name_of(uint64_t type)
{
	return type == CRIU_DUMP       ? "DUMP"
	       : type == CRIU_PRE_DUMP ? "PRE_DUMP"
	       : type == CRIU_RESTORE  ? "RESTORE"
				       : "NOTIFY";
}

static int answer_to(struct criu *c, enum criu_request what, char *data, struct error *err)
{
	struct error first = {0};
	struct answer a;
	int r = 0;

	for (;;) {
		int e = next_answer(c, data, &a, r < 0 ? NULL : &first);

		if (e < 0 && r == 0)
			r = e;
		if (e < 0 || !(a.success && a.type == CRIU_NOTIFY))
			break;
		/* what we have failed at ourselves is the reason for all that follows */
		e = take_notification(c, &a, r < 0 ? NULL : &first);
		if (e < 0 && r == 0)
			r = e;
	}
	if (r < 0)
		return error_set(err, first.code, "%s", first.msg);
	fd_close(&a.fd);
	if (!a.success || a.type != what) {
		c->failed = true;
		put_line(c->reason, sizeof(c->reason), &a.text);
		return error_set(err, EIO, "criu failed: type %s errno %d", name_of(what), (int)a.number);
	}
	if (what == CRIU_RESTORE)
		c->restored = (pid_t)number_in(&a.restore, 1);
	return 0;
}

static int carry_out(struct criu *c, enum criu_request what, const struct criu_message *options, struct error *err)
{
	_cleanup_message_ struct criu_message m = CRIU_MESSAGE_INIT;
	_cleanup_free_ char *data = malloc(ANSWER_MAX);
	int r, status;

	if (!data)
		return error_errno(err, ENOMEM, "criu");
	criu_put_number(&m, REQUEST_TYPE, what);
	criu_put_message(&m, REQUEST_OPTIONS, options);
	r = send_request(c, &m, err);
	if (r == 0)
		r = answer_to(c, what, data, err);
	if (r < 0) /* NOLINT(clang-analyzer-unix.Malloc): the cleanup of `data` frees it */
		return r;
	status = end(c); /* a pre-dump would wait for the next request */
	if (status && what != CRIU_PRE_DUMP)
		return error_set(err, EIO, "criu failed: type %s exit status %d", name_of(what), status);
	return 0;
}

int criu_carry_out(struct criu *c, enum criu_request what, const struct criu_message *options, struct error *err)
{
	struct span span = span_begin(SPAN_ID_CRIU);

	return span_end(&span, carry_out(c, what, options, err));
}
