/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/compile.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

/* Parts of the ipc namespace; with fs.mqueue.* these are all. */
static const char *const ipc_names[] = {
	"kernel.auto_msgmni",
	"kernel.msg_next_id",
	"kernel.msgmax",
	"kernel.msgmnb",
	"kernel.msgmni",
	"kernel.sem",
	"kernel.sem_next_id",
	"kernel.shm_next_id",
	"kernel.shm_rmid_forced",
	"kernel.shmall",
	"kernel.shmmax",
	"kernel.shmmni",
};

/* Both notations of sysctl.d: when the first separator is a slash the name is a path ("net/ipv4/conf/eth0.1/x"), else
 * dots separate and a slash stands for a dot in a part. Returns the path in the arena. */
static char *to_path(struct arena *a, const char *name)
{
	size_t first = strcspn(name, "./");
	char *path = arena_strdup(a, name);

	for (char *c = path; c && name[first] == '.' && *c; c++) {
		if (*c == '.')
			*c = '/';
		else if (*c == '/')
			*c = '.';
	}
	return path;
}

/* No empty part, no "." and "..". */
static bool is_clean(const char *path)
{
	while (true) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && *path == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

static const struct oci_namespace *find_namespace(const struct oci_config *c, const char *type)
{
	for (size_t i = 0; c->linux && i < c->linux->namespaces_len; i++)
		if (c->linux->namespaces[i].type && strcmp(c->linux->namespaces[i].type, type) == 0)
			return &c->linux->namespaces[i];
	return NULL;
}

/* A joined network namespace may be the one that the runtime itself is in. */
static bool own_network(const struct oci_config *c)
{
	const struct oci_namespace *n = find_namespace(c, "network");
	struct stat theirs, ours;

	if (!n)
		return false;
	if (!n->path || !*n->path)
		return true;
	return stat(n->path, &theirs) < 0 || stat("/proc/self/ns/net", &ours) < 0 || theirs.st_ino != ours.st_ino ||
	       theirs.st_dev != ours.st_dev;
}

static bool is_ipc(const char *path)
{
	if (str_starts(path, "fs/mqueue/"))
		return true;
	for (size_t i = 0; i < sizeof(ipc_names) / sizeof(ipc_names[0]); i++)
		if (strlen(path) == strlen(ipc_names[i]) && str_starts(path, "kernel/") &&
			strcmp(path + 7, ipc_names[i] + 7) == 0)
			return true;
	return false;
}

static int check_namespace(const struct oci_config *c, const char *name, const char *path, struct error *err)
{
	if (is_ipc(path)) {
		if (find_namespace(c, "ipc"))
			return 0;
		return error_set(
			err, EINVAL, "linux.sysctl: sysctl \"%s\" is not allowed in the hosts ipc namespace", name);
	}
	if (str_starts(path, "net/")) {
		if (own_network(c))
			return 0;
		return error_set(
			err, EINVAL, "linux.sysctl: sysctl \"%s\" not allowed in host network namespace", name);
	}
	if (find_namespace(c, "uts")) {
		if (strcmp(path, "kernel/domainname") == 0)
			return 0;
		if (strcmp(path, "kernel/hostname") == 0)
			return error_set(err, EINVAL,
				"linux.sysctl: sysctl \"%s\" is not allowed as it conflicts with the OCI \"hostname\" "
				"field",
				name);
	}
	return error_set(err, EINVAL, "linux.sysctl: sysctl \"%s\" is not in a separate kernel namespace", name);
}

static int check(const struct oci_config *c, const char *name, const char *path, struct error *err)
{
	if (!is_clean(path))
		return error_set(err, EINVAL, "linux.sysctl: \"%s\" is not the name of a sysctl", name);
	return check_namespace(c, name, path, err);
}

int plan_add_sysctls(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_map *m = in->config->linux ? in->config->linux->sysctl : NULL;

	for (size_t i = 0; m && i < m->len; i++) {
		char *path = to_path(b->arena, m->keys[i]);
		struct plan_sysctl *p;
		int r;

		if (!path)
			return error_errno(err, ENOMEM, "linux.sysctl");
		r = plan_pass(b, check(in->config, m->keys[i], path, err), err);
		if (r < 0)
			return r;
		p = plan_add_at(b, PLAN_OP_SYSCTL, struct plan_sysctl, (uint32_t)i);
		p->path = plan_put_str(b, path);
		p->value = plan_put_str(b, m->values[i] ? m->values[i] : "");
	}
	return 0;
}
