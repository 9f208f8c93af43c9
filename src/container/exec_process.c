/* SPDX-License-Identifier: Apache-2.0 */
#include "container/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "container/notify.h"
#include "plan/caps.h"

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

static const struct plan_step *find(const struct plan *p, enum plan_op op)
{
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == op)
			return s;
	return NULL;
}

int exec_seccomp(const struct plan *own, struct oci_linux_seccomp *ret, struct error *err)
{
	const struct plan_for_exec *f = (const struct plan_for_exec *)find(own, PLAN_OP_FOR_EXEC);

	if (!f || !f->listener_path)
		return error_set(err, EINVAL, "state directory: plan: it has no linux.seccomp.listenerPath");
	*ret = (struct oci_linux_seccomp){
		.listener_path = (char *)plan_str(own, f->listener_path),
		.listener_metadata = (char *)plan_str(own, f->listener_metadata),
	};
	return 0;
}

/* Without the variable that belongs to the first process alone. */
static int own_env(const struct plan *own, struct arena *a, struct oci_process *p)
{
	const struct plan_exec *x = (const struct plan_exec *)find(own, PLAN_OP_EXEC);

	p->env = arena_array(a, x->env.n + 1, sizeof(*p->env));
	if (!p->env)
		return -ENOMEM;
	for (uint32_t i = 0; i < x->env.n; i++) {
		const char *s = plan_list_str(own, x->env, i);

		if (!str_eq(s, NOTIFY_VARIABLE))
			p->env[p->env_len++] = (char *)s;
	}
	return 0;
}

static int own_user(const struct plan *own, struct arena *a, struct oci_process *p)
{
	const struct plan_credentials *c = (const struct plan_credentials *)find(own, PLAN_OP_CREDENTIALS);
	struct oci_user *u = arena_new(a, struct oci_user);

	if (!u)
		return -ENOMEM;
	u->uid = c->uid;
	u->gid = c->gid;
	u->additional_gids_len = c->groups.n;
	u->additional_gids = arena_array(a, c->groups.n + 1, sizeof(*u->additional_gids));
	if (!u->additional_gids)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->groups.n; i++)
		u->additional_gids[i] = plan_list_u32(own, c->groups, i);
	p->user = u;
	return 0;
}

static int own_caps(const struct plan *own, struct arena *a, struct oci_process *p)
{
	const struct plan_credentials *c = (const struct plan_credentials *)find(own, PLAN_OP_CREDENTIALS);
	struct oci_capabilities *k = arena_new(a, struct oci_capabilities);
	int r = k ? caps_to_names(c->bounding, a, &k->bounding, &k->bounding_len) : -ENOMEM;

	if (r == 0)
		r = caps_to_names(c->effective, a, &k->effective, &k->effective_len);
	if (r == 0)
		r = caps_to_names(c->permitted, a, &k->permitted, &k->permitted_len);
	if (r == 0)
		r = caps_to_names(c->inheritable, a, &k->inheritable, &k->inheritable_len);
	if (r == 0)
		r = caps_to_names(c->ambient, a, &k->ambient, &k->ambient_len);
	p->capabilities = k;
	return r;
}

static int own_rest(const struct plan *own, struct arena *a, struct oci_process *p)
{
	const struct plan_for_exec *f = (const struct plan_for_exec *)find(own, PLAN_OP_FOR_EXEC);
	const struct plan_console *c = (const struct plan_console *)find(own, PLAN_OP_CONSOLE);

	p->cwd = (char *)plan_str(own, ((const struct plan_cwd *)find(own, PLAN_OP_CWD))->path);
	if (f && (f->initial_cpus || f->final_cpus)) {
		p->exec_cpu_affinity = arena_new(a, struct oci_exec_cpu_affinity);
		if (!p->exec_cpu_affinity)
			return -ENOMEM;
		p->exec_cpu_affinity->initial = (char *)plan_str(own, f->initial_cpus);
		p->exec_cpu_affinity->final = (char *)plan_str(own, f->final_cpus);
	}
	if (c && (c->rows || c->cols)) {
		p->console_size = arena_new(a, struct oci_box);
		if (!p->console_size)
			return -ENOMEM;
		*p->console_size = (struct oci_box){.height = c->rows, .width = c->cols};
	}
	return 0;
}

/* Capabilities only where some are added: else they are taken from the plan as they are. */
static int own_process(const struct plan *own, bool caps, struct arena *a, struct oci_process **ret, struct error *err)
{
	struct oci_process *p = arena_new(a, struct oci_process);
	int r = -ENOMEM;

	if (!find(own, PLAN_OP_EXEC) || !find(own, PLAN_OP_CREDENTIALS) || !find(own, PLAN_OP_CWD))
		return error_set(err, EBADMSG, "state directory: plan: it has no process");
	if (p)
		r = own_env(own, a, p);
	if (r == 0)
		r = own_user(own, a, p);
	if (r == 0 && caps)
		r = own_caps(own, a, p);
	if (r == 0)
		r = own_rest(own, a, p);
	*ret = p;
	return r < 0 ? error_errno(err, r, "exec") : 0;
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

int exec_process(const struct plan *own, const struct exec_options *o, struct arena *a, struct oci_process **ret,
	struct error *err)
{
	int r;

	if (o->process_file)
		return read_file(o->process_file, a, ret, err);
	r = own_process(own, o->caps_len > 0, a, ret, err);
	return r < 0 ? r : change(*ret, o, a, err);
}
