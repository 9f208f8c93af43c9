/* SPDX-License-Identifier: Apache-2.0 */
#include "container/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "plan/annotations.h"

static int read_file(const char *path, struct arena *a, struct oci_process **ret, struct error *err)
{
	_cleanup_buffer_ struct buffer text = BUFFER_INIT;
	size_t len;
	int r = file_load_at(AT_FDCWD, path, OCI_MAX_BYTES, &text, &len, err);

	if (r == 0) {
		r = oci_process_read(text.data, len, a, ret, NULL, err);
		if (r < 0)
			error_prefix(err, "%s", path);
	}
	return r;
}

int exec_config(const struct container *c, struct arena *a, struct oci_config **ret, struct error *err)
{
	const char *path = arena_fmt(a, "%s/config.json", c->bundle);
	_cleanup_buffer_ struct buffer text = BUFFER_INIT;
	size_t len;
	int r = path ? file_load_at(AT_FDCWD, path, OCI_MAX_BYTES, &text, &len, err) : -ENOMEM;

	if (r == 0) {
		r = oci_config_read(text.data, len, a, ret, NULL, err);
		if (r < 0)
			error_prefix(err, "%s", path);
	}
	if (r == 0 && !(*ret)->process)
		r = error_set(err, EINVAL, "%s: process: missing", path);
	return r;
}

int exec_seccomp(const struct container *c, struct arena *a, struct oci_linux_seccomp **ret, struct error *err)
{
	struct plan_annotations annotations;
	struct oci_config *config;
	int r = exec_config(c, a, &config, err);

	if (r == 0)
		r = annotations_read(config, a, &annotations, err);
	if (r < 0)
		return r;
	if (!config->linux || !config->linux->seccomp || !config->linux->seccomp->listener_path)
		return error_set(err, EINVAL, "linux.seccomp.listenerPath: gone from the bundle's config.json");
	*ret = config->linux->seccomp;
	return 0;
}

/* list += more */
static int append(struct arena *a, char ***list, size_t *n, char *const *more, size_t more_n)
{
	char **all;

	if (!more_n)
		return 0;
	all = arena_array(a, *n + more_n, sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (*n)
		memcpy(all, *list, *n * sizeof(*all));
	memcpy(all + *n, more, more_n * sizeof(*all));
	*list = all;
	*n += more_n;
	return 0;
}

static int add_caps(struct oci_process *p, const struct exec_options *o, struct arena *a)
{
	struct oci_capabilities *c;
	int r;

	if (!o->caps_len)
		return 0;
	if (!p->capabilities)
		p->capabilities = arena_new(a, struct oci_capabilities);
	c = p->capabilities;
	if (!c)
		return -ENOMEM;
	r = append(a, &c->bounding, &c->bounding_len, o->caps, o->caps_len);
	if (r == 0)
		r = append(a, &c->effective, &c->effective_len, o->caps, o->caps_len);
	if (r == 0)
		r = append(a, &c->permitted, &c->permitted_len, o->caps, o->caps_len);
	/* an ambient capability must be inheritable: --cap does not make it so, only the spec can */
	if (r == 0 && c->inheritable_len)
		r = append(a, &c->ambient, &c->ambient_len, o->caps, o->caps_len);
	return r;
}

static int set_user(struct oci_process *p, const struct exec_options *o, struct arena *a, struct error *err)
{
	struct oci_user *u = arena_new(a, struct oci_user);
	char copy[64], *colon;

	if (!u)
		return error_errno(err, ENOMEM, "exec");
	if (p->user)
		*u = *p->user;
	p->user = u;
	if (o->user) {
		if (str_copy(copy, sizeof(copy), o->user) != strlen(o->user))
			return error_set(err, EINVAL, "--user: %s: not UID[:GID]", o->user);
		colon = strchr(copy, ':');
		if (colon)
			*colon++ = '\0';
		if (!str_to_u32(copy, &u->uid) || (colon && !str_to_u32(colon, &u->gid)))
			return error_set(err, EINVAL, "--user: %s: not UID[:GID]", o->user);
	}
	if (o->additional_gids_len) {
		uint32_t *all = arena_array(a, u->additional_gids_len + o->additional_gids_len, sizeof(*all));

		if (!all)
			return error_errno(err, ENOMEM, "exec");
		if (u->additional_gids_len)
			memcpy(all, u->additional_gids, u->additional_gids_len * sizeof(*all));
		memcpy(all + u->additional_gids_len, o->additional_gids, o->additional_gids_len * sizeof(*all));
		u->additional_gids = all;
		u->additional_gids_len += o->additional_gids_len;
	}
	return 0;
}

static int change(struct oci_process *p, const struct exec_options *o, struct arena *a, struct error *err)
{
	int r;

	p->args = (char **)o->args;
	p->args_len = o->args_len;
	p->has_terminal = true;
	p->terminal = o->tty;
	if (o->cwd)
		p->cwd = (char *)o->cwd;
	if (o->apparmor)
		p->apparmor_profile = (char *)o->apparmor;
	if (o->process_label)
		p->selinux_label = (char *)o->process_label;
	if (o->has_no_new_privs) {
		p->has_no_new_privileges = true;
		p->no_new_privileges = o->no_new_privs;
	}
	r = append(a, &p->env, &p->env_len, o->env, o->env_len);
	if (r == 0)
		r = add_caps(p, o, a);
	return r < 0 ? error_errno(err, r, "exec") : set_user(p, o, a, err);
}

int exec_process(const struct container *c, const struct exec_options *o, struct arena *a, struct oci_process **ret,
	struct error *err)
{
	struct oci_config *config;
	int r;

	if (o->process_file)
		return read_file(o->process_file, a, ret, err);
	r = exec_config(c, a, &config, err);
	if (r < 0)
		return r;
	*ret = config->process;
	return change(*ret, o, a, err);
}
