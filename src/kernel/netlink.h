/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_NETLINK_H
#define ENVIRO_KERNEL_NETLINK_H

/* rtnetlink without a libc: requests built in a fixed buffer, answers one message at a time. All return 0 (or an fd) or
 * a negative errno. */

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NL_REQUEST_MAX = 1024 };

struct nl_request {
	_Alignas(NLMSG_ALIGNTO) char data[NL_REQUEST_MAX];
	uint32_t len;
	bool too_long;
};

/* A socket of the network namespace that we are in now; it stays with it. */
int nl_open(void);
/* Starts a request: its type (RTM_*), NLM_F_* besides REQUEST and ACK, and the fixed part behind the header. */
void nl_begin(struct nl_request *q, uint16_t type, uint16_t flags, const void *fixed, size_t n);
void nl_put(struct nl_request *q, uint16_t attr, const void *value, size_t n);
void nl_put_str(struct nl_request *q, uint16_t attr, const char *s); /* with its NUL */

/* Sends it and reads until the kernel's last word. `each` (may be NULL) gets every message of the answer; when it
 * returns a negative errno, that is the result. -EAGAIN: a dump was disturbed; ask again. */
typedef int nl_each(const struct nlmsghdr *h, void *arg);
int nl_ask(int fd, struct nl_request *q, nl_each *each, void *arg);

/* The attribute of an answer whose fixed part has `fixed` bytes: its value and *n its size, or NULL. */
const void *nl_attr(const struct nlmsghdr *h, size_t fixed, uint16_t attr, size_t *n);

#endif
