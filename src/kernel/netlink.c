/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/netlink.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/str.h"
#include "kernel/sys.h"

enum { ANSWER_MAX = 32768 };
#define ATTR_HEAD sizeof(struct nlattr) /* 4: NLA_HDRLEN is an int */

int nl_open(void)
{
	return (int)sys_call3(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

static struct nlmsghdr *header(struct nl_request *q)
{
	return (struct nlmsghdr *)(void *)q->data;
}

/* Room for n bytes at the end, padded. */
static void *extend(struct nl_request *q, size_t n)
{
	uint32_t at = q->len;

	if (n > sizeof(q->data) - at || NLMSG_ALIGN(n) > sizeof(q->data) - at) {
		q->too_long = true;
		return NULL;
	}
	q->len += (uint32_t)NLMSG_ALIGN(n);
	return __builtin_memset(q->data + at, 0, NLMSG_ALIGN(n));
}

void nl_begin(struct nl_request *q, uint16_t type, uint16_t flags, const void *fixed, size_t n)
{
	struct nlmsghdr *h;
	void *p;

	q->len = 0;
	q->too_long = false;
	h = extend(q, NLMSG_HDRLEN);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | NLM_F_ACK);
	p = extend(q, n);
	if (p)
		__builtin_memcpy(p, fixed, n);
}

void nl_put(struct nl_request *q, uint16_t attr, const void *value, size_t n)
{
	struct nlattr *a = extend(q, ATTR_HEAD + n);

	if (!a)
		return;
	a->nla_type = attr;
	a->nla_len = (uint16_t)(ATTR_HEAD + n);
	__builtin_memcpy((char *)a + ATTR_HEAD, value, n);
}

void nl_put_str(struct nl_request *q, uint16_t attr, const char *s)
{
	nl_put(q, attr, s, str_len(s) + 1);
}

/* One datagram's messages. 1: the last word was there (*result), 0: more is to come. */
static int take(const char *buf, long len, nl_each *each, void *arg, int *result)
{
	while (len >= (long)NLMSG_HDRLEN) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buf;
		long step = (long)NLMSG_ALIGN(h->nlmsg_len);
		int r = 0;

		if (h->nlmsg_len < NLMSG_HDRLEN || (long)h->nlmsg_len > len)
			return -EBADMSG;
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			*result = -EAGAIN;
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR) { /* 0: the acknowledgement */
			if (len < (long)(NLMSG_HDRLEN + sizeof(int)))
				return -EBADMSG;
			r = *(const int *)(const void *)(buf + NLMSG_HDRLEN);
			if (r < 0)
				*result = r;
			return 1;
		}
		if (each)
			r = each(h, arg);
		if (r < 0)
			return r;
		buf += step;
		len -= step;
	}
	return 0;
}

int nl_ask(int fd, struct nl_request *q, nl_each *each, void *arg)
{
	static _Alignas(NLMSG_ALIGNTO) char answer[ANSWER_MAX];
	int result = 0, done = 0;
	long r;

	if (q->too_long)
		return -EMSGSIZE;
	header(q)->nlmsg_len = q->len;
	r = sys_call6(SYS_sendto, fd, (long)q->data, (long)q->len, 0, 0, 0);
	if (r < 0)
		return (int)r;
	while (!done) {
		do
			r = sys_call6(SYS_recvfrom, fd, (long)answer, sizeof(answer), MSG_TRUNC, 0, 0);
		while (r == -EINTR);
		if (r < 0)
			return (int)r;
		if (r > (long)sizeof(answer))
			return -EMSGSIZE;
		done = take(answer, r, each, arg, &result);
		if (done < 0)
			return done;
	}
	return result;
}

const void *nl_attr(const struct nlmsghdr *h, size_t fixed, uint16_t attr, size_t *n)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);

	while (at + ATTR_HEAD <= h->nlmsg_len) {
		const struct nlattr *a = (const struct nlattr *)(const void *)((const char *)h + at);

		if (a->nla_len < ATTR_HEAD || a->nla_len > h->nlmsg_len - at)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == attr) {
			*n = a->nla_len - ATTR_HEAD;
			return (const char *)a + ATTR_HEAD;
		}
		at += NLMSG_ALIGN((size_t)a->nla_len);
	}
	return NULL;
}
