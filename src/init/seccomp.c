/* SPDX-License-Identifier: Apache-2.0 */
#include "init/process.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "kernel/caps.h"

/* The filter may stop sendmsg(2) or hand it to the listener, so plain write(2) and read(2) carry
 * the number of the listener out and the answer in. */
static int hand_over(struct init *in, int listener, struct error *err)
{
	static struct sync_msg m;
	long r;

	m.type = SYNC_SECCOMP;
	m.value = listener;
	r = sys_write(in->sync, &m, sizeof(m));
	if (r > 0)
		r = sys_read(in->sync, &m, sizeof(m));
	if (r >= 0 && (r == 0 || m.type != SYNC_GO))
		r = -ECONNRESET;
	if (r < 0)
		return error_errno(err, (int)r, "handing over the listener");
	/* the container must not keep what answers it: exec closes it too, but start may be long to come */
	(void)sys_close(listener);
	return 0;
}

int step_seccomp(struct init *in, const struct plan_step *s, struct error *err)
{
	const struct plan_seccomp *p = (const struct plan_seccomp *)s;
	struct sock_fprog prog = {
		.len = (unsigned short)p->n,
		.filter = (struct sock_filter *)((const char *)in->plan + p->bpf),
	};
	uint64_t admin = (uint64_t)1 << CAP_SYS_ADMIN;
	int r;

	if (in->caps_pending) {
		struct caps c = {
			in->caps_final_effective | admin, in->caps_final_permitted | admin, in->caps_final_inheritable};

		r = caps_set(&c);
		if (r < 0)
			return error_errno(err, r, "raising CAP_SYS_ADMIN");
	}
	r = (int)sys_call3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, p->flags, &prog);
	if (r < 0)
		return error_errno(err, r, "loading a filter of %u instructions", p->n);
	/* CAP_SYS_ADMIN is not taken back by capset(2), which the filter may kill for, or ask a listener that nobody
	 * listens to yet: execve(2) takes it (a hook's too), for what it gives depends on the inheritable, ambient and
	 * bounding sets alone, never on the permitted one. */
	return p->notify ? hand_over(in, r, err) : 0;
}
