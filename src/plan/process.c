/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/process.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/personality.h>

#include "base/str.h"
#include "plan/caps.h"

enum { DEFAULT_UMASK = 0022 };

const struct plan_step *process_own_step(const struct plan_input *in, enum plan_op op, const struct plan_step *s)
{
	const struct plan *p = in->container;

	if (!p)
		return NULL;
	for (s = s ? plan_next(s) : plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		if (s->op == op)
			return s;
	return NULL;
}

static bool has_user_namespace(const struct plan_input *in)
{
	return ((in->config ? plan_all_namespaces(in->config) : in->join) & CLONE_NEWUSER) != 0;
}

static int find_personality(const struct oci_personality *o, uint64_t *ret, struct error *err)
{
	if (o->domain && strcmp(o->domain, "LINUX") == 0)
		*ret = PER_LINUX;
	else if (o->domain && strcmp(o->domain, "LINUX32") == 0)
		*ret = PER_LINUX32;
	else
		return error_set(
			err, EINVAL, "linux.personality.domain: unknown domain \"%s\"", o->domain ? o->domain : "");
	if (o->flags_len) /* the specification has none */
		return error_set(err, EINVAL, "linux.personality.flags[0]: unknown flag \"%s\"", o->flags[0]);
	return 0;
}

static int add_personality(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_linux *l = in->config ? in->config->linux : NULL;
	const struct plan_step *own = process_own_step(in, PLAN_OP_PERSONALITY, NULL);
	uint64_t domain = 0;
	int r = 0;

	if (l && l->personality)
		r = find_personality(l->personality, &domain, err);
	else if (own)
		domain = ((const struct plan_number *)own)->value;
	else
		return 0;
	if (r == 0)
		plan_add(b, PLAN_OP_PERSONALITY, struct plan_number)->value = domain;
	return r;
}

static void add_caps(
	struct plan_credentials *c, const struct plan_credentials *own, const struct oci_process *p, bool new_userns)
{
	if (p->capabilities || !own) {
		caps_fill(c, p->capabilities, new_userns);
		return;
	}
	c->has_caps = own->has_caps;
	c->bounding = own->bounding;
	c->effective = own->effective;
	c->permitted = own->permitted;
	c->inheritable = own->inheritable;
	c->ambient = own->ambient;
}

/* To setresuid(2) and its kin -1 means "leave it": the process would stay root. */
static int check_user(const struct oci_user *u, struct error *err)
{
	if (u && u->uid == UINT32_MAX)
		return error_set(err, EINVAL, "process.user.uid: %u is not a user", u->uid);
	if (u && u->gid == UINT32_MAX)
		return error_set(err, EINVAL, "process.user.gid: %u is not a group", u->gid);
	if (u && u->has_umask && u->umask > 0777)
		return error_set(err, EINVAL, "process.user.umask: %u is above %d (octal 0777)", u->umask, 0777);
	for (size_t i = 0; u && i < u->additional_gids_len; i++)
		if (u->additional_gids[i] == UINT32_MAX)
			return error_set(err, EINVAL, "process.user.additionalGids[%zu]: %u is not a group", i,
				u->additional_gids[i]);
	return 0;
}

static void add_credentials(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p)
{
	const struct plan_credentials *own =
		(const struct plan_credentials *)process_own_step(in, PLAN_OP_CREDENTIALS, NULL);
	const struct oci_user *u = p->user;
	struct plan_credentials *c = plan_add(b, PLAN_OP_CREDENTIALS, struct plan_credentials);

	c->umask = own ? own->umask : DEFAULT_UMASK;
	if (u) {
		c->uid = u->uid;
		c->gid = u->gid;
		c->groups = plan_put_u32s(b, u->additional_gids, u->additional_gids_len);
		if (u->has_umask)
			c->umask = u->umask;
	}
	c->keep_groups = in->annotations ? in->annotations->keep_groups : own && own->keep_groups;
	c->set_groups = !in->rootless && !has_user_namespace(in);
	c->no_new_privs = p->has_no_new_privileges ? p->no_new_privileges : own && own->no_new_privs;
	add_caps(c, own, p, has_user_namespace(in));
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

void plan_add_cwd_dir(struct plan_builder *b, const struct oci_process *p)
{
	if (!str_eq(p->cwd, "/"))
		add_cwd(b, p, PLAN_CWD_MAKE);
}

void plan_add_hard_limits(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p)
{
	if (has_user_namespace(in))
		process_add_rlimits(b, in, p, true);
}

int plan_check_process(struct plan_builder *b, const struct oci_process *p, struct error *err)
{
	int r = plan_pass(b, check_cwd(p, err), err);

	if (r == 0)
		r = plan_pass(b, check_user(p->user, err), err);
	if (r == 0 && !p->args_len)
		r = plan_pass(b, error_set(err, EINVAL, "process.args: must not be empty"), err);
	if (r == 0)
		r = process_check_rlimits(b, p, err);
	return r < 0 ? r : plan_pass(b, process_check_affinity(p, err), err);
}

int plan_add_process(
	struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, struct error *err)
{
	int r;

	process_add_rlimits(b, in, p, false);
	r = plan_pass(b, process_add_scheduling(b, in, p, err), err);
	if (r == 0)
		r = plan_pass(b, process_add_memory_policy(b, in, err), err);
	if (r == 0)
		r = plan_pass(b, add_personality(b, in, err), err);
	if (r == 0)
		r = plan_pass(b, process_add_labels(b, in, p, err), err);
	if (r < 0)
		return r;
	add_cwd(b, p, PLAN_CWD_EARLY);
	add_credentials(b, in, p);
	add_cwd(b, p, PLAN_CWD_FINAL);
	plan_add(b, PLAN_OP_FIND_PROGRAM, struct plan_step);
	return 0;
}
