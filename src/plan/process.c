/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/process.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/personality.h>

#include "plan/caps.h"

enum { DEFAULT_UMASK = 0022 };

static bool has_user_namespace(const struct plan_input *in)
{
	return in->config && (plan_all_namespaces(in->config) & CLONE_NEWUSER);
}

static int add_personality(struct plan_builder *b, const struct oci_personality *o, struct error *err)
{
	uint64_t domain;

	if (o->domain && strcmp(o->domain, "LINUX") == 0)
		domain = PER_LINUX;
	else if (o->domain && strcmp(o->domain, "LINUX32") == 0)
		domain = PER_LINUX32;
	else
		return error_set(err, EINVAL, "linux.personality.domain: unknown domain \"%s\"", o->domain ? o->domain : "");
	if (o->flags_len) /* the specification has none */
		return error_set(err, EINVAL, "linux.personality.flags[0]: unknown flag \"%s\"", o->flags[0]);
	plan_add(b, PLAN_OP_PERSONALITY, struct plan_number)->value = domain;
	return 0;
}

static uint32_t umask_of(const struct oci_user *u, const struct oci_process *own)
{
	if (u && u->has_umask)
		return u->umask & 0777;
	if (own && own->user && own->user->has_umask)
		return own->user->umask & 0777;
	return DEFAULT_UMASK;
}

static void add_credentials(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p)
{
	const struct oci_process *own = in->config ? in->config->process : NULL;
	const struct oci_user *u = p->user;
	struct plan_credentials *c = plan_add(b, PLAN_OP_CREDENTIALS, struct plan_credentials);

	if (u) {
		c->uid = u->uid;
		c->gid = u->gid;
		c->groups = plan_put_u32s(b, u->additional_gids, u->additional_gids_len);
	}
	c->umask = umask_of(u, own);
	c->set_groups = !in->rootless;
	if (p->has_no_new_privileges)
		c->no_new_privs = p->no_new_privileges;
	else
		c->no_new_privs = own && own->no_new_privileges;
	caps_fill(c, p->capabilities ? p->capabilities : own ? own->capabilities : NULL, has_user_namespace(in));
	c->keep_for_seccomp = in->seccomp && in->seccomp->bpf && !c->no_new_privs;
}

static int check_cwd(const struct oci_process *p, struct error *err)
{
	if (!p->cwd || !*p->cwd)
		return error_set(err, EINVAL, "process.cwd: must not be empty");
	if (*p->cwd != '/')
		return error_set(err, EINVAL, "process.cwd: must be an absolute path: \"%s\"", p->cwd);
	return 0;
}

static void add_cwd(struct plan_builder *b, const struct oci_process *p, uint32_t when)
{
	struct plan_cwd *c = plan_add(b, PLAN_OP_CWD, struct plan_cwd);

	c->path = plan_put_str(b, p->cwd);
	c->when = when;
}

int plan_add_cwd_dir(struct plan_builder *b, const struct oci_process *p, struct error *err)
{
	int r = check_cwd(p, err);

	if (r == 0 && strcmp(p->cwd, "/") != 0)
		add_cwd(b, p, PLAN_CWD_MAKE);
	return r;
}

int plan_add_hard_limits(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p,
	struct error *err)
{
	return has_user_namespace(in) ? process_add_rlimits(b, in, p, true, err) : 0;
}

int plan_add_process(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, struct error *err)
{
	const struct oci_linux *l = in->config ? in->config->linux : NULL;
	int r = check_cwd(p, err);

	if (r == 0 && !p->args_len)
		r = error_set(err, EINVAL, "process.args: must not be empty");
	if (r == 0)
		r = process_add_rlimits(b, in, p, false, err);
	if (r == 0)
		r = process_add_scheduling(b, in, p, err);
	if (r == 0 && l && l->memory_policy)
		r = process_add_memory_policy(b, l->memory_policy, err);
	if (r == 0 && l && l->personality)
		r = add_personality(b, l->personality, err);
	if (r == 0)
		r = process_add_labels(b, in, p, err);
	if (r < 0)
		return r;
	add_cwd(b, p, PLAN_CWD_EARLY);
	add_credentials(b, in, p);
	add_cwd(b, p, PLAN_CWD_FINAL);
	plan_add(b, PLAN_OP_FIND_PROGRAM, struct plan_step);
	return 0;
}
