/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/compile.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/sched.h>
#include <string.h>

/* As the kernel's dev_valid_name; a percent sign only as one "%d". */
static bool is_name(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	const char *percent = n ? strchr(s, '%') : NULL;

	if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
		return false;

	return n && n < IFNAMSIZ && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 && strcspn(s, "/: \t\n\v\f\r") == n;
}

int plan_add_net_devices(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_linux *l = in->config->linux;

	if (!l->net_devices_len)
		return 0;
	if (!(plan_all_namespaces(in->config) & CLONE_NEWNET))
		return error_set(
			err, EINVAL, "linux.netDevices: unable to move network devices without a network namespace");
	if (in->rootless)
		return error_set(err, EINVAL, "linux.netDevices: not supported for rootless containers");
	for (size_t i = 0; i < l->net_devices_len; i++) {
		const struct oci_linux_net_device *d = &l->net_devices[i];
		struct plan_net_device *p;

		if (!is_name(d->key))
			return error_set(err, EINVAL, "linux.netDevices: invalid network device name \"%s\"", d->key);
		if (d->name && *d->name && !is_name(d->name))
			return error_set(err, EINVAL, "linux.netDevices.%s.name: invalid network device name \"%s\"",
				d->key, d->name);
		p = plan_add_at(b, PLAN_OP_NET_DEVICE, struct plan_net_device, (uint32_t)i);
		p->name = plan_put_str(b, d->key);
		p->new_name = d->name && *d->name ? plan_put_str(b, d->name) : 0;
	}
	return 0;
}
