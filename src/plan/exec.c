/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/compile.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

int plan_add_seccomp(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct seccomp_filter *f = in->seccomp;
	struct plan_seccomp *p;

	if (!f || !f->bpf)
		return 0;
	if (!f->n || f->n > 4096)
		return error_set(err, EINVAL, "linux.seccomp: a filter of %u instructions cannot be loaded", f->n);
	p = plan_add(b, PLAN_OP_SECCOMP, struct plan_seccomp);
	p->bpf = plan_put_bytes(b, f->bpf, (size_t)f->n * 8);
	p->n = f->n;
	p->flags = f->flags;
	p->notify = f->notify;
	if (f->notify)
		b->flags |= PLAN_NOTIFY;
	return 0;
}

void plan_add_for_exec(struct plan_builder *b, const struct oci_config *c)
{
	const struct oci_exec_cpu_affinity *a = c->process->exec_cpu_affinity;
	const struct oci_linux_seccomp *s = c->linux->seccomp;
	struct plan_for_exec *p;

	if (!a && !(s && s->listener_path) && !c->linux->mount_label)
		return;
	p = plan_add(b, PLAN_OP_FOR_EXEC, struct plan_for_exec);
	p->mount_label = plan_put_str(b, c->linux->mount_label);
	if (a) {
		p->initial_cpus = plan_put_str(b, a->initial);
		p->final_cpus = plan_put_str(b, a->final);
	}
	if (s) {
		p->listener_path = plan_put_str(b, s->listener_path);
		p->listener_metadata = plan_put_str(b, s->listener_metadata);
	}
}

static uint32_t hash(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 16777619u;
	return h;
}

/* The last of several settings of one name counts, at the place of the last: walks from the end and keeps what is new.
 * Returns how many are left at the end of out, which has room for n. */
static size_t last_of_each(char *const *env, size_t n, char **out, size_t *table, size_t slots)
{
	size_t left = n;

	for (size_t i = n; i-- > 0;) {
		size_t len = (size_t)(strchr(env[i], '=') - env[i]) + 1, at = hash(env[i], len) % slots;

		while (table[at] && strncmp(env[table[at] - 1], env[i], len) != 0)
			at = (at + 1) % slots;
		if (table[at])
			continue;
		table[at] = i + 1;
		out[--left] = env[i];
	}
	return n - left;
}

static int check_env(const struct oci_process *p, struct error *err)
{
	for (size_t i = 0; i < p->env_len; i++) {
		const char *eq = strchr(p->env[i], '=');

		if (!eq)
			return error_set(err, EINVAL,
				"process.env[%zu]: invalid environment variable: missing '=' in \"%s\"", i, p->env[i]);
		if (eq == p->env[i])
			return error_set(err, EINVAL,
				"process.env[%zu]: invalid environment variable: no name in \"%s\"", i, p->env[i]);
	}
	return 0;
}

/* Those that init sets itself go; whether HOME is left to it is returned in *find_home. */
static size_t drop_own(char **env, size_t n, bool listen, bool *find_home)
{
	size_t left = 0;

	*find_home = true;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(env[i], "HOME=") == 0)
			continue;
		if (listen && (str_starts(env[i], "LISTEN_FDS=") || str_starts(env[i], "LISTEN_PID=")))
			continue;
		if (str_starts(env[i], "HOME="))
			*find_home = false;
		env[left++] = env[i];
	}
	return left;
}

int plan_add_exec(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, struct error *err)
{
	size_t slots = p->env_len * 2 + 1, n;
	char **env = arena_array(b->arena, p->env_len + 1, sizeof(*env));
	size_t *table = arena_array(b->arena, slots, sizeof(*table));
	bool find_home;
	struct plan_exec *x;
	int r = check_env(p, err);

	if (r < 0)
		return r;
	if (!env || !table)
		return error_errno(err, ENOMEM, "process.env");
	n = last_of_each(p->env, p->env_len, env, table, slots);
	memmove(env, env + (p->env_len - n), n * sizeof(*env));
	n = drop_own(env, n, in->listen_fds != 0, &find_home);

	x = plan_add(b, PLAN_OP_EXEC, struct plan_exec);
	x->args = plan_put_strs(b, p->args, p->args_len);
	x->env = plan_put_strs(b, env, n);
	x->preserve_fds = in->preserve_fds + in->listen_fds;
	x->listen_fds = in->listen_fds;
	x->find_home = find_home;
	return 0;
}
