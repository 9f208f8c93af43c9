/* SPDX-License-Identifier: Apache-2.0 */
#include "container/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/relay_child.h"


const char *notify_host(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path ? path : NULL;
}

static int add_mount(struct oci_config *c, const char *source, struct arena *a)
{
	static const char *const options[] = {"bind", "nosuid", "noexec", "nodev", "ro"};
	struct oci_mount *all = arena_array(a, c->mounts_len + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	if (c->mounts_len)
		memcpy(all, c->mounts, c->mounts_len * sizeof(*all));
	all[c->mounts_len] = (struct oci_mount){
		.destination = (char *)NOTIFY_INSIDE,
		.type = (char *)"bind",
		.source = (char *)source,
		.options = (char **)options,
		.options_len = sizeof(options) / sizeof(options[0]),
	};
	c->mounts = all;
	c->mounts_len++;
	return 0;
}

int notify_add_to_config(struct oci_config *c, const char *source, struct arena *a, struct error *err)
{
	struct oci_process *p = c->process;
	char **env = p ? arena_array(a, p->env_len + 1, sizeof(*env)) : NULL;

	if (!p)
		return 0;
	if (!env || add_mount(c, source, a) < 0)
		return error_errno(err, ENOMEM, "notify socket");
	if (p->env_len)
		memcpy(env, p->env, p->env_len * sizeof(*env));
	env[p->env_len++] = (char *)NOTIFY_VARIABLE;
	p->env = env;
	return 0;
}

int notify_make_dir(int dir, struct error *err)
{
	/* the container's user, whoever that is, must get through to the socket; ROOT/ID itself stays 0700 */
	if (mkdirat(dir, "notify", 0755) < 0 && errno != EEXIST)
		return error_errno(err, errno, "state directory: notify");
	return 0;
}

int notify_bind(int dir, struct error *err)
{
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	fmt(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/notify/notify.sock", dir);
	(void)unlinkat(dir, "notify/notify.sock", 0);
	if (sock < 0 || bind(sock, (struct sockaddr *)&a, sizeof(a)) < 0 || chmod(a.sun_path, 0777) < 0)
		return error_errno(err, errno, "state directory: notify/notify.sock");
	return TAKE_FD(sock);
}

/* '@' begins an abstract address. */
static void pass_on(const char *text, size_t len)
{
	const char *path = notify_host();
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;

	if (sock < 0 || !n || n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, n);
	if (a.sun_path[0] == '@')
		a.sun_path[0] = '\0';
	(void)sendto(sock, text, len, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

static bool says_ready(const char *text)
{
	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, "READY=1", 7) == 0 && (!text[7] || text[7] == '\n'))
			return true;
	}
	return false;
}

bool notify_take(int sock)
{
	char text[4096];
	ssize_t n = recv(sock, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return says_ready(text);
}

void notify_ready(int main_pid)
{
	char text[64];

	pass_on(text, fmt(text, sizeof(text), "MAINPID=%d\nREADY=1", main_pid));
}

int notify_wait_ready(int sock, int pidfd, int main_pid, struct error *err)
{
	_cleanup_relay_child_ struct relay_child relay = RELAY_CHILD_INIT;
	int r = relay_child_begin(&relay, -1, sock, err);

	while (r == 0 && relay.sock >= 0) {
		struct pollfd p[] = {{.fd = relay.sock, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return error_errno(err, errno, "waiting for READY=1");
		if (p[0].revents && relay_child_ready(&relay)) {
			notify_ready(main_pid);
			return 0;
		}
		if (p[1].revents)
			return 0; /* it has ended without being ready; its exit is for others to judge */
	}
	return r < 0 ? r : error_set(err, ECHILD, "waiting for READY=1: the relay has ended");
}
