/* SPDX-License-Identifier: Apache-2.0 */
#include "container/mounts_change.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/create.h"
#include "container/launch.h"
#include "container/life.h"
#include "libocispec-lite/ocispec.h"
#include "plan/compile.h"
#include "plan/mount_options.h"

/* What the file is read as. */
struct document {
	struct oci_mount *mounts;
	size_t mounts_len;
};
static const struct oci_field document_fields[] = {
	OCI_OBJECTS(struct document, "mounts", mounts, struct oci_mount, oci_mount_type, OCI_REQUIRED),
};
static const struct oci_type document_type = OCI_TYPE(struct document, document_fields);

struct change {
	const struct context *x;
	struct arena arena;
	struct container c;
	struct oci_config config; /* the mounts that are given, in the container as it is recorded */
	struct oci_root root;
	struct oci_linux linux_of;
	uint32_t join, propagation;
	struct plan *plan;
	struct launch launch;
};

static void done(struct change *ch)
{
	launch_done(&ch->launch);
	container_close(&ch->c);
	arena_done(&ch->arena);
}

/* The reader takes objects only; what it says of lines and columns stays right behind the first line. */
static int read_mounts(const char *file, struct arena *a, struct document **ret, struct error *err)
{
	static const char head[] = "{\"mounts\":", tail[] = "}";
	struct oci_unknown unknown = {0};
	size_t len;
	char *text, *all;
	int r = file_read_at(a, AT_FDCWD, file, OCI_MAX_BYTES / 2, &text, &len, err);

	if (r < 0)
		return r;
	if (text[strspn(text, " \t\r\n")] != '[')
		return error_set(err, EINVAL, "%s: not a JSON array of mounts", file);
	all = arena_alloc(a, len + sizeof(head) + sizeof(tail));
	if (!all)
		return error_errno(err, ENOMEM, "%s", file);
	memcpy(all, head, sizeof(head) - 1);
	memcpy(all + sizeof(head) - 1, text, len);
	memcpy(all + sizeof(head) - 1 + len, tail, sizeof(tail));
	r = oci_table_read(&document_type, all, sizeof(head) - 1 + len + 1, a, (void **)ret, &unknown, err);
	if (r < 0)
		return error_prefix(err, "%s", file);
	for (size_t i = 0; i < unknown.len; i++)
		log_warn("%s: %s: not known, left out", file, unknown.paths[i]);
	return 0;
}

static const struct {
	uint32_t flag;
	const char *type;
} namespaces[] = {
	{CLONE_NEWNS, "mount"},
	{CLONE_NEWPID, "pid"},
	{CLONE_NEWNET, "network"},
	{CLONE_NEWIPC, "ipc"},
	{CLONE_NEWUTS, "uts"},
	{CLONE_NEWUSER, "user"},
	{CLONE_NEWCGROUP, "cgroup"},
};
enum { N_NAMESPACES = sizeof(namespaces) / sizeof(namespaces[0]) };

/* The container's user namespace, for ids that are relative to it. */
static void add_mapping(struct oci_linux *l, const struct plan_idmap *m)
{
	const struct oci_id_mapping one = {.container_id = m->container, .host_id = m->host, .size = m->count};

	if (m->gid)
		l->gid_mappings[l->gid_mappings_len++] = one;
	else
		l->uid_mappings[l->uid_mappings_len++] = one;
}

/* What mounts depend on, as the container was made. */
static int fill_linux(struct change *ch, const struct plan *p, struct error *err)
{
	struct oci_linux *l = &ch->linux_of;

	l->namespaces = arena_array(&ch->arena, N_NAMESPACES, sizeof(*l->namespaces));
	l->uid_mappings = arena_array(&ch->arena, p->n_steps, sizeof(*l->uid_mappings));
	l->gid_mappings = arena_array(&ch->arena, p->n_steps, sizeof(*l->gid_mappings));
	if (!l->namespaces || !l->uid_mappings || !l->gid_mappings)
		return error_errno(err, ENOMEM, "mounts");
	for (size_t i = 0; i < N_NAMESPACES; i++)
		if (ch->join & namespaces[i].flag)
			l->namespaces[l->namespaces_len++].type = (char *)namespaces[i].type;
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const char *label =
			s->op == PLAN_OP_FOR_EXEC ? plan_str(p, ((const struct plan_for_exec *)s)->mount_label) : NULL;

		if (s->op == PLAN_OP_ROOTFS)
			ch->propagation = ((const struct plan_rootfs *)s)->propagation;
		else if (s->op == PLAN_OP_IDMAP)
			add_mapping(l, (const struct plan_idmap *)s);
		else if (label && !(l->mount_label = arena_strdup(&ch->arena, label)))
			return error_errno(err, ENOMEM, "mounts");
	}
	return 0;
}

static int read_plan(struct change *ch, struct error *err)
{
	const struct plan *p;
	size_t size;
	int r = life_plan(&ch->c, &p, &size, err);

	if (r < 0)
		return r == -ENOENT ? error_set(err, ENOENT, "state directory: plan: missing") : r;
	r = fill_linux(ch, p, err);
	munmap((void *)p, size);
	return r;
}

static int prepare(struct change *ch, const char *id, const char *file, struct error *err)
{
	struct document *given;
	int r = read_mounts(file, &ch->arena, &given, err);

	if (r == 0)
		r = container_load_locked(ch->x, id, &ch->arena, &ch->c, err);
	if (r < 0)
		return r;
	if (ch->c.status != STATUS_CREATED && ch->c.status != STATUS_RUNNING && ch->c.status != STATUS_PAUSED)
		return error_set(err, ESRCH, "container not running");
	ch->join = life_namespaces(&ch->c);
	if (!(ch->join & CLONE_NEWNS))
		return error_set(err, EINVAL, "mounts: the container has no mount namespace of its own");
	r = read_plan(ch, err);
	if (r < 0)
		return r;
	ch->root.path = (char *)ch->c.rootfs;
	ch->config = (struct oci_config){
		.root = &ch->root, .linux = &ch->linux_of, .mounts = given->mounts, .mounts_len = given->mounts_len};
	return mount_idmaps_read(&ch->config, &ch->arena, err);
}

static int put_trees(struct change *ch, struct error *err)
{
	const struct mount_trees_how how = {
		.propagation = ch->propagation,
		.locked = ch->join & CLONE_NEWUSER,
		.rootless = ch->x->rootless && geteuid() != 0,
	};
	int *trees = arena_array(&ch->arena, ch->plan->n_steps, sizeof(*trees)), r;
	uint32_t i = 0;

	if (!trees)
		return error_errno(err, ENOMEM, "mounts");
	r = mount_trees_open(ch->plan, &how, trees, err);
	if (r < 0)
		return r;
	for (const struct plan_step *s = plan_first(ch->plan); !plan_at_end(ch->plan, s); s = plan_next(s), i++)
		if (trees[i] >= 0) {
			int put =
				launch_put(&ch->launch.with_plan, ((const struct plan_mount *)s)->slot, trees[i], err);

			r = r < 0 ? r : put;
		}
	return r;
}

static int on_tree(struct launch *l, uint32_t step, struct launch_slots *more, struct error *err)
{
	const struct change *ch = l->data;

	return setup_tree_again(l->plan, step, ch->propagation, more, err);
}

static int on_idmap(struct launch *l, uint32_t step, int tree, bool recursive, struct error *err)
{
	const struct change *ch = l->data;

	return setup_idmap(&ch->config, ch->plan, step, ch->c.pid, tree, recursive, err);
}

/* Leads an init through the plan. With READY all has been done, and it has nothing to wait for. */
static int carry_out(struct change *ch, bool remove, struct error *err)
{
	const struct plan_input in = {.config = &ch->config,
		.id = ch->c.id,
		.bundle = ch->c.bundle,
		.rootless = ch->x->rootless,
		.running = true};
	struct launch *l = &ch->launch;
	int r = plan_compile_mounts(&in, ch->join, remove, &ch->arena, &ch->plan, err);

	if (r < 0)
		return r;
	launch_done(l);
	*l = LAUNCH_INIT;
	l->plan = ch->plan;
	l->dir = ch->c.dir;
	l->on_idmap = on_idmap;
	l->on_tree = on_tree;
	l->data = ch;
	r = l->plan_fd = setup_memfd("plan", ch->plan, ch->plan->size, err);
	if (r >= 0)
		r = life_pidfd(&ch->c, err);
	if (r >= 0)
		r = launch_put(&l->with_plan, SLOT_FIRST_FREE, r, err);
	if (r == 0)
		r = put_trees(ch, err);
	if (r == 0)
		r = launch_spawn(l, err);
	if (r >= 0)
		r = launch_lead(l, err);
	launch_kill(l);
	return r;
}

/* Those that stand before the step that failed. */
static void take_back(struct change *ch)
{
	struct oci_mount *made = arena_array(&ch->arena, ch->plan->n_steps, sizeof(*made));
	uint32_t left = ch->launch.failed_step;
	struct error e;
	size_t n = 0;

	for (const struct plan_step *s = plan_first(ch->plan); made && left && !plan_at_end(ch->plan, s);
		s = plan_next(s), left--)
		if (s->op == PLAN_OP_MOUNT && ((const struct plan_mount *)s)->kind != PLAN_MOUNT_REMOUNT)
			made[n++].destination = ch->config.mounts[s->index].destination;
	ch->config.mounts = made;
	ch->config.mounts_len = n;
	if (n && carry_out(ch, true, &e) < 0)
		log_warn("mounts: what was added before it is still there: %s", e.msg);
}

int container_change_mounts(const struct context *x, const char *id, const char *file, bool remove, struct error *err)
{
	__attribute__((cleanup(done))) struct change ch = {.x = x, .c = {.dir = -1}, .launch = LAUNCH_INIT};
	int r = prepare(&ch, id, file, err);

	if (r < 0)
		return r;
	r = carry_out(&ch, remove, err);
	if (r < 0 && !remove && ch.launch.failed_step)
		take_back(&ch);
	return r;
}
