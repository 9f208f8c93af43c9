/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>

#include "plan/compile.h"
#include "plan/path.h"

static const struct {
	const char *path;
	uint32_t major, minor;
} defaults[] = {
	{"/dev/null", 1, 3},
	{"/dev/random", 1, 8},
	{"/dev/full", 1, 7},
	{"/dev/tty", 5, 0},
	{"/dev/zero", 1, 5},
	{"/dev/urandom", 1, 9},
};

/* A /dev that comes from the host is left as it is. */
static bool dev_is_bound(const struct plan_input *in, struct arena *a, struct error *err, int *failed)
{
	for (size_t i = 0; i < in->config->mounts_len; i++) {
		const struct oci_mount *m = &in->config->mounts[i];
		const char *dest = path_clean(a, "", m->destination ? m->destination : "");
		bool bind = m->type && strcmp(m->type, "bind") == 0;

		if (!dest) {
			*failed = error_errno(err, ENOMEM, "mounts");
			return true;
		}
		for (size_t j = 0; j < m->options_len && !bind; j++)
			bind = strcmp(m->options[j], "bind") == 0 || strcmp(m->options[j], "rbind") == 0;
		if (bind && strcmp(dest, "/dev") == 0)
			return true;
	}
	return false;
}

static bool is_configured(const struct oci_linux *l, const char *path)
{
	for (size_t i = 0; i < l->devices_len; i++)
		if (l->devices[i].path && strcmp(l->devices[i].path, path) == 0)
			return true;
	return false;
}

/* A user namespace may not make device nodes: the host's are bound. */
static bool must_bind(const struct plan_input *in)
{
	return in->rootless || plan_all_namespaces(in->config) & CLONE_NEWUSER;
}

static void add_defaults(struct plan_builder *b, const struct plan_input *in)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		struct plan_device *p;

		if (is_configured(in->config->linux, defaults[i].path))
			continue;
		p = plan_add(b, PLAN_OP_DEVICE, struct plan_device);
		p->path = plan_put_str(b, defaults[i].path);
		p->type = S_IFCHR;
		p->major = defaults[i].major;
		p->minor = defaults[i].minor;
		p->mode = 0666;
		p->is_default = 1;
		p->bind = must_bind(in);
	}
}

static int device_type(const struct oci_linux_device *d, uint32_t *ret, struct error *err)
{
	const char *t = d->type ? d->type : "";

	if (strcmp(t, "c") == 0 || strcmp(t, "u") == 0)
		*ret = S_IFCHR;
	else if (strcmp(t, "b") == 0)
		*ret = S_IFBLK;
	else if (strcmp(t, "p") == 0)
		*ret = S_IFIFO;
	else
		return error_set(err, EINVAL, "type: \"%s\" is none of c, b, u, p", t);
	if (*ret == S_IFIFO)
		return 0;
	if (!d->has_major || d->major < 0 || d->major > 0xfff)
		return error_set(err, EINVAL, "major: %s", d->has_major ? "no device number" : "missing");
	if (!d->has_minor || d->minor < 0 || d->minor > 0xfffff)
		return error_set(err, EINVAL, "minor: %s", d->has_minor ? "no device number" : "missing");
	return 0;
}

static int add_device(
	struct plan_builder *b, const struct plan_input *in, uint32_t index, bool host_dev, struct error *err)
{
	const struct oci_linux_device *d = &in->config->linux->devices[index];
	const char *path = d->path && *d->path ? path_clean(b->arena, "", d->path) : NULL;
	struct plan_device *p;
	uint32_t type = 0;
	int r = device_type(d, &type, err);

	if (r < 0)
		return r;
	if (!path || *d->path != '/' || strcmp(path, "/") == 0)
		return error_set(
			err, EINVAL, "path: \"%s\" is not the absolute path of a device", d->path ? d->path : "");
	if (d->has_file_mode && d->file_mode > 0177777)
		return error_set(err, EINVAL, "fileMode: %u is no mode", d->file_mode);
	if (strcmp(path, "/dev/ptmx") == 0) /* the container's own, made with the links */
		return 0;
	p = plan_add_at(b, PLAN_OP_DEVICE, struct plan_device, index);
	p->path = plan_put_str(b, path);
	p->type = type;
	p->major = type == S_IFIFO ? 0 : (uint32_t)d->major;
	p->minor = type == S_IFIFO ? 0 : (uint32_t)d->minor;
	p->mode = d->has_file_mode ? d->file_mode & 07777 : 0666;
	p->uid = d->has_uid ? d->uid : 0;
	p->gid = d->has_gid ? d->gid : 0;
	p->bind = type != S_IFIFO && must_bind(in);
	p->must_exist = host_dev && path_is_below(path, "/dev");
	return 0;
}

/* err's message begins with the member of linux.devices[i] that it is about. */
static int name_member(struct error *err, uint32_t i)
{
	char msg[sizeof(err->msg)];

	memcpy(msg, err->msg, sizeof(msg));
	return error_set(err, err->code, "linux.devices[%u].%s", i, msg);
}

int plan_add_devices(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	int r = 0;
	bool host_dev = dev_is_bound(in, b->arena, err, &r);

	if (r < 0)
		return r;
	if (!host_dev)
		add_defaults(b, in);
	for (uint32_t i = 0; i < in->config->linux->devices_len; i++) {
		r = add_device(b, in, i, host_dev, err);
		if (r < 0)
			r = plan_pass(b, name_member(err, i), err);
		if (r < 0)
			return r;
	}
	if (!host_dev)
		plan_add(b, PLAN_OP_DEV_LINKS, struct plan_step);
	return 0;
}
