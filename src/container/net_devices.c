/* SPDX-License-Identifier: Apache-2.0 */
#include "container/net_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "kernel/netlink.h"

enum { MAX_ADDRESSES = 64, MAX_TRIES = 8, MAX_NUMBER = 32768 };

struct address {
	struct ifaddrmsg head;
	unsigned char local[16], peer[16];
	size_t local_len, peer_len;
};

struct addresses {
	int index; /* of the device they are wanted of */
	size_t n;
	struct address a[MAX_ADDRESSES];
};

/* A netlink socket of another namespace. */
static int open_in(int netns, struct error *err)
{
	_cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	if (own < 0)
		return error_errno(err, errno, "network namespace of the runtime");
	if (setns(netns, CLONE_NEWNET) < 0)
		return error_errno(err, errno, "network namespace of the container");
	fd = nl_open();
	if (setns(own, CLONE_NEWNET) < 0) {
		int e = errno;

		if (fd >= 0)
			close(fd);
		return error_errno(err, e, "coming back to the runtime's network namespace");
	}
	return fd < 0 ? error_errno(err, fd, "netlink in the container's network namespace") : fd;
}

static int take_index(const struct nlmsghdr *h, void *arg)
{
	if (h->nlmsg_type == RTM_NEWLINK)
		*(int *)arg = ((const struct ifinfomsg *)NLMSG_DATA(h))->ifi_index;
	return 0;
}

static int find_index(int fd, const char *name)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
	struct nl_request q;
	int index = -ENODEV, r;

	nl_begin(&q, RTM_GETLINK, 0, &head, sizeof(head));
	nl_put_str(&q, IFLA_IFNAME, name);
	r = nl_ask(fd, &q, take_index, &index);
	return r < 0 ? r : index;
}

/* Dynamic addresses belong to the network that the device was in, and narrower scopes to the machine: both stay. */
static int take_address(const struct nlmsghdr *h, void *arg)
{
	struct addresses *all = arg;
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	const void *local, *peer;
	size_t local_len = 0, peer_len = 0;
	struct address *a = &all->a[all->n];

	if (h->nlmsg_type != RTM_NEWADDR || (int)m->ifa_index != all->index || m->ifa_scope != RT_SCOPE_UNIVERSE ||
		!(m->ifa_flags & IFA_F_PERMANENT))
		return 0;
	local = nl_attr(h, sizeof(*m), IFA_LOCAL, &local_len);
	peer = nl_attr(h, sizeof(*m), IFA_ADDRESS, &peer_len);
	if (local_len > sizeof(a->local) || peer_len > sizeof(a->peer))
		return -EBADMSG;
	if (all->n == MAX_ADDRESSES)
		return -E2BIG;
	all->n++;
	*a = (struct address){.head = *m, .local_len = local_len, .peer_len = peer_len};
	a->head.ifa_flags = 0;
	if (local)
		memcpy(a->local, local, local_len);
	if (peer)
		memcpy(a->peer, peer, peer_len);
	return 0;
}

static int get_addresses(int fd, int index, struct addresses *all)
{
	struct ifaddrmsg head = {.ifa_family = AF_UNSPEC};
	struct nl_request q;
	int r = -EAGAIN;

	for (int i = 0; i < MAX_TRIES && r == -EAGAIN; i++) {
		all->index = index;
		all->n = 0;
		nl_begin(&q, RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head));
		r = nl_ask(fd, &q, take_address, all);
	}
	return r;
}

/* Name and namespace in one request: it never has the new name here, nor has to keep the old one there. */
static int move(int fd, int index, const char *new_name, int netns)
{
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	uint32_t ns = (uint32_t)netns;
	struct nl_request q;

	nl_begin(&q, RTM_NEWLINK, 0, &head, sizeof(head));
	nl_put_str(&q, IFLA_IFNAME, new_name);
	nl_put(&q, IFLA_NET_NS_FD, &ns, sizeof(ns));
	return nl_ask(fd, &q, NULL, NULL);
}

static int add_address(int fd, int index, const struct address *a)
{
	struct ifaddrmsg head = a->head;
	struct nl_request q;

	head.ifa_index = (uint32_t)index;
	nl_begin(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	if (a->local_len)
		nl_put(&q, IFA_LOCAL, a->local, a->local_len);
	if (a->peer_len)
		nl_put(&q, IFA_ADDRESS, a->peer, a->peer_len);
	return nl_ask(fd, &q, NULL, NULL);
}

static int set_up(int fd, int index)
{
	struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct nl_request q;

	nl_begin(&q, RTM_NEWLINK, 0, &head, sizeof(head));
	return nl_ask(fd, &q, NULL, NULL);
}

struct sockets {
	int host, inside, netns;
};

/* config-linux.md: "%d" in the new name is a number that makes it unique. The kernel would choose the same, the first
 * free one, but not tell. */
static int fill_template(int inside, const char *template, char *name, size_t size, struct error *err)
{
	const char *at = strstr(template, "%d");

	if (!at) {
		str_copy(name, size, template);
		return 0;
	}
	for (unsigned n = 0; n < MAX_NUMBER; n++) {
		if (fmt(name, size, "%.*s%u%s", (int)(at - template), template, n, at + 2) >= IFNAMSIZ)
			break;
		if (find_index(inside, name) == -ENODEV)
			return 0;
	}
	return error_set(err, EEXIST, "linux.netDevices: no name is free for %s", template);
}

static int move_device(const struct sockets *s, const char *name, const char *template, struct error *err)
{
	char new_name[IFNAMSIZ * 2];
	struct addresses all;
	int index = find_index(s->host, name), r;

	if (index < 0)
		return error_errno(err, index, "linux.netDevices.%s", name);
	r = get_addresses(s->host, index, &all);
	if (r < 0)
		return error_errno(err, r, "linux.netDevices.%s: reading its addresses", name);
	r = fill_template(s->inside, template, new_name, sizeof(new_name), err);
	if (r < 0)
		return r;
	/* The kernel moves first and finds the name taken after that: a veth would go down with the namespace. */
	r = find_index(s->inside, new_name) >= 0 ? -EEXIST : move(s->host, index, new_name, s->netns);
	if (r < 0)
		return error_errno(err, r, "linux.netDevices.%s: moving it into the container as %s", name, new_name);
	index = find_index(s->inside, new_name);
	if (index < 0)
		return error_errno(err, index, "linux.netDevices.%s: %s in the container", name, new_name);
	for (size_t i = 0; i < all.n; i++) {
		r = add_address(s->inside, index, &all.a[i]);
		if (r < 0)
			return error_errno(err, r, "linux.netDevices.%s: giving its address back", name);
	}
	r = set_up(s->inside, index);
	return r < 0 ? error_errno(err, r, "linux.netDevices.%s: setting it up", name) : 0;
}

int net_devices_move(const struct plan *p, int netns, struct error *err)
{
	_cleanup_close_ int host = -1, inside = -1;
	int r = 0;

	for (const struct plan_step *s = plan_first(p); r == 0 && !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_net_device *d = (const struct plan_net_device *)s;

		if (s->op != PLAN_OP_NET_DEVICE)
			continue;
		if (host < 0) {
			host = nl_open();
			if (host < 0)
				return error_errno(err, host, "linux.netDevices: netlink");
			inside = open_in(netns, err);
			if (inside < 0)
				return error_prefix(err, "linux.netDevices");
		}
		r = move_device(&(struct sockets){host, inside, netns}, plan_str(p, d->name),
			plan_str(p, d->new_name ? d->new_name : d->name), err);
	}
	return r;
}
