/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/compile.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>

#include "base/str.h"
#include "plan/process.h"
#include "plan/sync.h"

static bool empty(const char *s)
{
	return !s || !*s;
}

static int check_config(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_config *c = in->config;
	int r = plan_pass(b, plan_check_version(c->oci_version, err), err);

	if (r < 0)
		return r;
	if (!c->process)
		return error_set(err, EINVAL, "process: missing");
	if (!c->linux)
		return error_set(err, EINVAL, "linux: missing");
	if (!c->root || empty(c->root->path))
		return error_set(err, EINVAL, "root.path: missing");
	if (oci_map_get(c->annotations, ""))
		return error_set(err, EINVAL, "annotations: a key is empty");
	r = plan_check_namespaces(b, c, err);
	return r < 0 ? r : plan_check_process(b, c->process, err);
}

static void add_string(struct plan_builder *b, enum plan_op op, const char *value)
{
	if (!empty(value))
		plan_add(b, op, struct plan_string)->value = plan_put_str(b, value);
}

/* One slot for each v1 directory, and one for the v2 directory where clone3 cannot put init into it. */
static void add_cgroup_join(struct plan_builder *b)
{
	uint32_t slots[CGROUP_MAX_HIERARCHIES + 1];
	struct plan_slots *p;

	for (size_t i = 0; i < CGROUP_MAX_HIERARCHIES + 1; i++)
		slots[i] = plan_new_slot(b);
	p = plan_add(b, PLAN_OP_CGROUP_JOIN, struct plan_slots);
	p->slots = plan_put_u32s(b, slots, CGROUP_MAX_HIERARCHIES + 1);
}

/* What init has the kernel allocate while it sets the container up is a multiple of what a small process needs, so the
 * memory controller of v1 is joined last: unless a hook may look for init there before, a cgroup namespace is made, whose
 * root is where init is then, or files of the image are copied into memory. */
static bool joins_memory_late(const struct oci_config *c)
{
	const struct oci_hooks *h = c->hooks;

	if ((h && (h->prestart_len || h->create_runtime_len || h->create_container_len)) ||
		(plan_all_namespaces(c) & CLONE_NEWCGROUP))
		return false;
	for (size_t i = 0; i < c->mounts_len; i++)
		for (size_t j = 0; j < c->mounts[i].options_len; j++)
			if (str_eq(c->mounts[i].options[j], "tmpcopyup"))
				return false;
	return true;
}

static void add_memory_join(struct plan_builder *b)
{
	uint32_t slot = plan_new_slot(b);
	struct plan_slots *p = plan_add(b, PLAN_OP_CGROUP_JOIN, struct plan_slots);

	p->slots = plan_put_u32s(b, &slot, 1);
}

static void add_host_steps(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p)
{
	const struct plan_oom_score *own = (const struct plan_oom_score *)process_own_step(in, PLAN_OP_OOM_SCORE, NULL);

	if (p->has_oom_score_adj || own)
		plan_add(b, PLAN_OP_OOM_SCORE, struct plan_oom_score)->value =
			p->has_oom_score_adj ? p->oom_score_adj : own->value;
}

static const struct propagation {
	const char *name;
	uint32_t flags;
} propagations[] = {
	{"shared", MS_SHARED},
	{"rshared", MS_SHARED | MS_REC},
	{"slave", MS_SLAVE},
	{"rslave", MS_SLAVE | MS_REC},
	{"private", MS_PRIVATE},
	{"rprivate", MS_PRIVATE | MS_REC},
	{"unbindable", MS_UNBINDABLE},
	{"runbindable", MS_UNBINDABLE | MS_REC},
};

static int root_propagation(const struct oci_linux *l, uint32_t *ret, struct error *err)
{
	*ret = 0;
	if (empty(l->rootfs_propagation))
		return 0;
	for (size_t i = 0; i < sizeof(propagations) / sizeof(propagations[0]); i++)
		if (strcmp(propagations[i].name, l->rootfs_propagation) == 0) {
			*ret = propagations[i].flags;
			return 0;
		}
	return error_set(err, EINVAL, "linux.rootfsPropagation: unknown value \"%s\"", l->rootfs_propagation);
}

static void add_hooks_at(struct plan_builder *b, enum plan_op op, enum plan_hook_kind kind, uint32_t slot, size_t n)
{
	if (n) {
		struct plan_hooks_at *p = plan_add(b, op, struct plan_hooks_at);

		p->kind = kind;
		p->slot = slot;
	}
}

static const char *absolute(const struct plan_input *in, struct arena *a, const char *path)
{
	return *path == '/' ? path : arena_fmt(a, "%s/%s", in->bundle, path);
}

enum { RUNBINDABLE = MS_UNBINDABLE | MS_REC };

static int add_file_system(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_config *c = in->config;
	uint32_t all = plan_all_namespaces(c), propagation;
	struct plan_rootfs *root;
	struct plan_pivot *pivot;
	int r = plan_pass(b, root_propagation(c->linux, &propagation, err), err);

	if (r < 0)
		return r;
	root = plan_add(b, PLAN_OP_ROOTFS, struct plan_rootfs);
	root->path = plan_put_str(b, absolute(in, b->arena, c->root->path));
	root->slot = plan_new_slot(b);
	root->source_slot = plan_host_opens(in) ? plan_new_slot(b) : PLAN_NO_SLOT;
	root->propagation = propagation ? propagation : (uint32_t)(MS_SLAVE | MS_REC);
	root->new_mount_ns = (plan_new_namespaces(c) & CLONE_NEWNS) != 0;
	r = plan_pass(b, plan_add_mounts(b, in, err), err);
	if (r == 0)
		r = plan_pass(b, plan_add_devices(b, in, err), err);
	if (r < 0)
		return r;
	add_hooks_at(b, PLAN_OP_CONTAINER_HOOKS, PLAN_HOOK_CREATE_CONTAINER, SLOT_STATE_CREATING,
		c->hooks ? c->hooks->create_container_len : 0);
	pivot = plan_add(b, PLAN_OP_PIVOT, struct plan_pivot);
	pivot->mode = !(all & CLONE_NEWNS) ? PLAN_PIVOT_CHROOT : in->no_pivot ? PLAN_PIVOT_MOVE : PLAN_PIVOT_ROOT;
	pivot->propagation = propagation == RUNBINDABLE ? 0 : propagation;
	plan_add_cwd_dir(b, c->process);
	return 0;
}

static void add_root_unbindable(struct plan_builder *b, const struct oci_config *c)
{
	const char *p = c->linux->rootfs_propagation;

	if (p && strcmp(p, "runbindable") == 0 && plan_all_namespaces(c) & CLONE_NEWNS)
		plan_add(b, PLAN_OP_ROOT_UNBINDABLE, struct plan_step);
}

static void add_console(struct plan_builder *b, const struct oci_process *p, bool bind)
{
	struct plan_console *c;

	if (!p->terminal)
		return;
	b->flags |= PLAN_TERMINAL;
	c = plan_add(b, PLAN_OP_CONSOLE, struct plan_console);
	c->bind = bind;
	c->uid = p->user ? p->user->uid : 0;
	c->gid = UINT32_MAX;
	if (p->console_size) {
		c->rows = p->console_size->height > UINT16_MAX ? UINT16_MAX : (uint16_t)p->console_size->height;
		c->cols = p->console_size->width > UINT16_MAX ? UINT16_MAX : (uint16_t)p->console_size->width;
	}
}

static void add_session(struct plan_builder *b, const struct oci_process *p)
{
	plan_add(b, PLAN_OP_SESSION, struct plan_session)->terminal = p->has_terminal && p->terminal;
}

static void add_keyring(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, bool join_only)
{
	struct plan_keyring *k;

	if (in->no_new_keyring)
		return;
	k = plan_add(b, PLAN_OP_KEYRING, struct plan_keyring);
	k->name = plan_put_str(b, arena_fmt(b->arena, "_ses.%s", in->id));
	k->label = empty(p->selinux_label) ? 0 : plan_put_str(b, p->selinux_label);
	k->join_only = join_only;
}

/* From the process's own settings to exec. A filter with a listener is loaded before READY, for `create` must not
 * return before the listener was handed over; any other one as late as can be: startContainer hooks are under it, as
 * with runc. */
static int add_last_part(struct plan_builder *b, const struct plan_input *in, const struct oci_process *p, bool hooks,
	struct error *err)
{
	bool notify = in->seccomp && in->seccomp->notify;
	int r;

	add_session(b, p);
	r = plan_add_process(b, in, p, err);
	if (r == 0 && notify) {
		b->flags |= PLAN_NOTIFY;
		r = plan_pass(b, plan_add_seccomp(b, in, err), err);
	}
	if (hooks && joins_memory_late(in->config))
		add_memory_join(b);
	plan_add(b, PLAN_OP_READY, struct plan_step);
	if (r == 0 && in->seccomp && !notify)
		r = plan_pass(b, plan_add_seccomp(b, in, err), err);
	if (hooks)
		add_hooks_at(b, PLAN_OP_START_HOOKS, PLAN_HOOK_START_CONTAINER, SLOT_STATE_CREATED,
			in->config->hooks ? in->config->hooks->start_container_len : 0);
	return r < 0 ? r : plan_pass(b, plan_add_exec(b, in, p, err), err);
}

int plan_compile(const struct plan_input *in, struct arena *a, struct plan **ret, struct error *err)
{
	const struct oci_config *c = in->config;
	_cleanup_plan_builder_ struct plan_builder b = {0};
	int r;

	plan_begin(&b, a);
	b.refusals = in->refusals;
	r = check_config(&b, in, err);
	if (r < 0)
		return r;
	plan_add_id_maps(&b, in);
	r = plan_add_hooks(&b, in, err);
	if (r == 0)
		r = plan_pass(&b, plan_add_net_devices(&b, in, err), err);
	if (r == 0)
		r = plan_pass(&b, plan_add_intel_rdt(&b, in, err), err);
	if (r < 0)
		return r;
	plan_add_for_exec(&b, c);
	add_host_steps(&b, in, c->process);
	add_cgroup_join(&b);
	plan_add_hard_limits(&b, in, c->process);
	r = plan_pass(&b, plan_add_namespaces(&b, in, err), err);
	if (r < 0)
		return r;
	plan_add(&b, PLAN_OP_SYNC, struct plan_step);
	add_keyring(&b, in, c->process, false);
	if (plan_new_namespaces(c) & CLONE_NEWNET)
		plan_add(&b, PLAN_OP_LOOPBACK, struct plan_step);
	add_string(&b, PLAN_OP_HOSTNAME, c->hostname);
	add_string(&b, PLAN_OP_DOMAINNAME, c->domainname);
	r = add_file_system(&b, in, err);
	if (r < 0)
		return r;
	add_console(&b, c->process, true);
	if (!b.refused)
		r = plan_add_readonly_mounts(&b, in, err);
	if (r == 0)
		r = plan_add_sysctls(&b, in, err);
	if (r < 0)
		return r;
	if (c->root->readonly)
		plan_add(&b, PLAN_OP_ROOT_READONLY, struct plan_step);
	r = plan_pass(&b, plan_add_paths(&b, in, err), err);
	if (r < 0)
		return r;
	add_root_unbindable(&b, c);
	r = add_last_part(&b, in, c->process, true, err);
	return r < 0 ? r : plan_finish(&b, ret, err);
}

void plan_add_join(struct plan_builder *b, uint32_t slot, uint32_t flags)
{
	struct plan_join *j;

	if (!flags)
		return;
	j = plan_add(b, PLAN_OP_JOIN, struct plan_join);
	j->slot = slot;
	j->flags = flags;
	if (flags & CLONE_NEWPID)
		plan_add(b, PLAN_OP_FORK, struct plan_step);
}

int plan_compile_exec(const struct plan_input *input, const struct oci_process *p, uint32_t join, struct arena *a,
	struct plan **ret, struct error *err)
{
	struct plan_input own = *input, *in = &own;
	_cleanup_plan_builder_ struct plan_builder b = {0};
	uint32_t pidfd, root;
	int r;

	own.join = join;
	plan_begin(&b, a);
	b.flags = PLAN_EXEC;
	r = plan_check_process(&b, p, err);
	if (r < 0)
		return r;
	pidfd = plan_new_slot(&b); /* SLOT_FIRST_FREE, and the next one: the host side relies on it */
	root = plan_new_slot(&b);
	add_host_steps(&b, in, p);
	plan_add_initial_affinity(&b, p);
	add_cgroup_join(&b);
	plan_add_hard_limits(&b, in, p);
	plan_add_join(&b, pidfd, join);
	if (!(join & CLONE_NEWNS))
		plan_add(&b, PLAN_OP_CHROOT, struct plan_number)->value = root;
	add_keyring(&b, in, p, true);
	add_console(&b, p, false);
	r = add_last_part(&b, in, p, false, err);
	return r < 0 ? r : plan_finish(&b, ret, err);
}
