/* SPDX-License-Identifier: Apache-2.0 */
#include "container/explain.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "kernel/mountapi.h"

/* A step on its way into words. */
struct telling {
	struct explanation *e;
	const struct creation *c;
	const struct plan *p;
};

static const char *str(const struct telling *t, plan_ref r)
{
	const char *s = plan_str(t->p, r);

	return s ? s : "";
}

static const char *list(const struct telling *t, struct plan_list l)
{
	const char *all = "";

	for (uint32_t i = 0; i < l.n; i++)
		all = explain_fmt(t->e, "%s%s%s", all, *all ? " " : "", plan_list_str(t->p, l, i));
	return all;
}

/* a, b: with a comma between where both are there. */
static const char *both(const struct telling *t, const char *a, const char *b)
{
	return explain_fmt(t->e, "%s%s%s", a, *a && *b ? ", " : "", b);
}

static const struct {
	const char *name;
	unsigned long ms;
} superblock_flags[] = {{"ro", MS_RDONLY}, {"sync", MS_SYNCHRONOUS}, {"dirsync", MS_DIRSYNC}, {"mand", MS_MANDLOCK},
	{"lazytime", MS_LAZYTIME}, {"iversion", MS_I_VERSION}, {"silent", MS_SILENT}};

static const char *propagation_name(uint32_t ms)
{
	switch (ms & ~(uint32_t)MS_REC) {
	case MS_SHARED:
		return ms & MS_REC ? "rshared" : "shared";
	case MS_SLAVE:
		return ms & MS_REC ? "rslave" : "slave";
	case MS_PRIVATE:
		return ms & MS_REC ? "rprivate" : "private";
	case MS_UNBINDABLE:
		return ms & MS_REC ? "runbindable" : "unbindable";
	}
	return "";
}

static const struct {
	const char *name;
	uint32_t flag;
} mount_flags[] = {
	{"copied up", PLAN_MOUNT_COPY_UP},
	{"symbolic links copied", PLAN_MOUNT_COPY_SYMLINK},
	{"source is no link", PLAN_MOUNT_SRC_NOFOLLOW},
	{"destination is no link", PLAN_MOUNT_DEST_NOFOLLOW},
	{"ids mapped", PLAN_MOUNT_IDMAP},
	{"read-only later", PLAN_MOUNT_READONLY_LATE},
};

static const char *attributes(const struct telling *t, const char *prefix, uint64_t attr)
{
	char names[160];

	return attr ? explain_fmt(t->e, "%s%s", prefix, mount_attr_names(attr, names, sizeof(names))) : "";
}

static const char *mount_words(const struct telling *t, const struct plan_mount *m)
{
	const char *words = "";

	for (size_t i = 0; i < sizeof(superblock_flags) / sizeof(superblock_flags[0]); i++)
		if (m->sb_flags & superblock_flags[i].ms && superblock_flags[i].ms != MS_RDONLY)
			words = both(t, words, superblock_flags[i].name);
	words = both(t, words, attributes(t, "", m->attr_set));
	words = both(t, words, attributes(t, "recursively ", m->rec_set));
	words = both(t, words, attributes(t, "recursively cleared ", m->rec_clr & ~m->rec_set & MOUNT_ATTRS_PLAIN));
	for (uint32_t i = 0; i < m->propagation.n; i++)
		words = both(t, words, propagation_name(plan_list_u32(t->p, m->propagation, i)));
	for (size_t i = 0; i < sizeof(mount_flags) / sizeof(mount_flags[0]); i++)
		if (m->flags & mount_flags[i].flag)
			words = both(t, words, mount_flags[i].name);
	return both(t, words, str(t, m->data));
}

/* What lies in the bundle is named from there, so that bundles can be compared. */
static const char *in_bundle(const struct telling *t, const char *path)
{
	size_t n = str_len(t->c->bundle);

	return str_starts(path, t->c->bundle) && path[n] == '/' ? path + n + 1 : path;
}

static const char *mount_source(const struct telling *t, const struct plan_mount *m)
{
	if (m->kind == PLAN_MOUNT_BIND)
		return explain_fmt(t->e, "%s of %s", m->flags & PLAN_MOUNT_RECURSIVE ? "rbind" : "bind",
			in_bundle(t, str(t, m->source)));
	if (m->kind == PLAN_MOUNT_REMOUNT)
		return "change";
	if (m->kind == PLAN_MOUNT_CGROUP)
		return explain_fmt(t->e, "cgroup: %s", m->flags & PLAN_MOUNT_CGROUP_NS ? "its own" : list(t, m->cgroup_paths));
	return str(t, m->type);
}

static void mount_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_mount *m = (const void *)s;

	explain_add(t->e, "file system", m->kind == PLAN_MOUNT_REMOUNT ? "remount" : "mount", str(t, m->dest),
		both(t, mount_source(t, m), mount_words(t, m)));
}

static void rootfs_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_rootfs *r = (const void *)s;

	explain_add(t->e, "file system", "root", in_bundle(t, str(t, r->path)), propagation_name(r->propagation));
}

static void device_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_device *d = (const void *)s;
	const char *kind = d->type == S_IFCHR ? "character" : d->type == S_IFBLK ? "block" : "fifo";

	if (d->bind)
		explain_add(t->e, "file system", "device", str(t, d->path), "bind of the host's");
	else
		explain_add(t->e, "file system", "device", str(t, d->path),
			explain_fmt(t->e, "%s %u:%u, mode %o, %u:%u", kind, d->major, d->minor, d->mode, d->uid, d->gid));
}

static void pivot_row(struct telling *t, const struct plan_step *s)
{
	static const char *const modes[] = {"pivot_root", "MS_MOVE and chroot", "chroot: the mount namespace is not new"};
	const struct plan_pivot *p = (const void *)s;

	explain_add(t->e, "file system", "enter", modes[p->mode], propagation_name(p->propagation));
}

static void sysctl_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_sysctl *y = (const void *)s;

	explain_add(t->e, "kernel", "sysctl", str(t, y->path), str(t, y->value));
}

static void paths_rows(struct telling *t, const struct plan_step *s)
{
	const struct plan_strings *l = (const void *)s;

	for (uint32_t i = 0; i < l->values.n; i++)
		explain_add(t->e, "file system", s->op == PLAN_OP_MASKED_PATHS ? "mask" : "read-only",
			plan_list_str(t->p, l->values, i), "");
}

static void idmap_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_idmap *m = (const void *)s;

	explain_add(t->e, "namespaces", m->gid ? "map gids" : "map uids",
		explain_fmt(t->e, "%u-%u", m->container, m->container + (m->count - 1)),
		explain_fmt(t->e, "to %u-%u of the host", m->host, m->host + (m->count - 1)));
}

static void hook_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_hook *h = (const void *)s;

	explain_add(t->e, "hooks", plan_hook_name(h->kind), str(t, h->path),
		both(t, explain_fmt(t->e, "args: %s", list(t, h->args)),
			h->timeout ? explain_fmt(t->e, "within %u s", h->timeout) : ""));
}

static void net_device_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_net_device *n = (const void *)s;

	explain_add(t->e, "kernel", "move network device", str(t, n->name),
		n->new_name ? explain_fmt(t->e, "as %s", str(t, n->new_name)) : "");
}

static void intel_rdt_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_intel_rdt *r = (const void *)s;

	explain_add(t->e, "kernel", "resctrl", str(t, r->clos_id), list(t, r->schemata));
}

static void time_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_time_offset *o = (const void *)s;

	explain_add(t->e, "namespaces", "set clock", o->clock == CLOCK_BOOTTIME ? "boottime" : "monotonic",
		explain_fmt(t->e, "%ld s, %u ns ahead", (long)o->secs, o->nsecs));
}

static void string_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_string *v = (const void *)s;

	explain_add(t->e, "kernel", s->op == PLAN_OP_HOSTNAME ? "hostname" : "domainname", str(t, v->value), "");
}

static void oom_row(struct telling *t, const struct plan_step *s)
{
	explain_add(t->e, "process", "oom score", explain_fmt(t->e, "%d", ((const struct plan_oom_score *)s)->value), "");
}

static void session_row(struct telling *t, const struct plan_step *s)
{
	explain_add(t->e, "process", "session", ((const struct plan_session *)s)->terminal ? "with a terminal" : "", "");
}

static void rlimit_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_rlimit *l = (const void *)s;
	const struct oci_process *p = t->c->config->process;

	if (!l->hard_only && s->index < p->rlimits_len)
		explain_add(t->e, "process", "limit", p->rlimits[s->index].type,
			explain_fmt(t->e, "%llu, at most %llu", (unsigned long long)l->soft, (unsigned long long)l->hard));
}

static void scheduler_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_scheduler *k = (const void *)s;

	explain_add(t->e, "process", "scheduler", t->c->config->process->scheduler->policy,
		explain_fmt(t->e, "nice %d, priority %u", k->nice, k->priority));
}

static void number_row(struct telling *t, const struct plan_step *s)
{
	const struct oci_config *c = t->c->config;

	if (s->op == PLAN_OP_IO_PRIORITY)
		explain_add(t->e, "process", "io priority", c->process->io_priority->class,
			explain_fmt(t->e, "%d", c->process->io_priority->priority));
	else if (s->op == PLAN_OP_MEMORY_POLICY)
		explain_add(t->e, "process", "memory policy", c->linux->memory_policy->mode, c->linux->memory_policy->nodes);
	else
		explain_add(t->e, "process", "personality", c->linux->personality->domain, "");
}

static void label_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_exec_label *l = (const void *)s;

	explain_add(t->e, "process", l->lsm == PLAN_LSM_SELINUX ? "SELinux label" : "AppArmor profile", str(t, l->label), "");
}

static void cwd_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_cwd *d = (const void *)s;

	if (d->when == PLAN_CWD_FINAL)
		explain_add(t->e, "process", "directory", str(t, d->path), "");
}

static void credentials_rows(struct telling *t, const struct plan_step *s)
{
	explain_credentials(t->e, t->p, (const void *)s);
}

static void seccomp_rows(struct telling *t, const struct plan_step *s)
{
	explain_seccomp(t->e, t->c, (const void *)s);
}

static void exec_row(struct telling *t, const struct plan_step *s)
{
	const struct plan_exec *x = (const void *)s;

	explain_add(t->e, "process", "execute", list(t, x->args),
		both(t, explain_fmt(t->e, "%u variables", x->env.n),
			x->preserve_fds ? explain_fmt(t->e, "%u descriptors more", x->preserve_fds) : ""));
}

static void bare_row(struct telling *t, const struct plan_step *s)
{
	static const struct {
		enum plan_op op;
		const char *part, *step, *object;
	} words[] = {
		{PLAN_OP_LOOPBACK, "kernel", "network", "loopback is brought up"},
		{PLAN_OP_KEYRING, "kernel", "keyring", "a session keyring of its own"},
		{PLAN_OP_DEV_LINKS, "file system", "links", "/dev/fd, /dev/stdin, /dev/stdout, /dev/stderr, /dev/ptmx"},
		{PLAN_OP_CONSOLE, "file system", "console", "/dev/console"},
		{PLAN_OP_ROOT_READONLY, "file system", "read-only", "/"},
		{PLAN_OP_ROOT_UNBINDABLE, "file system", "unbindable", "/"},
		{PLAN_OP_READY, "process", "wait", "for start"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].op == s->op)
			explain_add(t->e, words[i].part, words[i].step, words[i].object, "");
}

/* The steps that are not here only serve others: hand-overs between the two sides, and what the rows above say already. */
static void (*const tellers[PLAN_OP_END])(struct telling *t, const struct plan_step *s) = {
	[PLAN_OP_IDMAP] = idmap_row,
	[PLAN_OP_HOOK] = hook_row,
	[PLAN_OP_OOM_SCORE] = oom_row,
	[PLAN_OP_NET_DEVICE] = net_device_row,
	[PLAN_OP_INTEL_RDT] = intel_rdt_row,
	[PLAN_OP_TIME_OFFSETS] = time_row,
	[PLAN_OP_KEYRING] = bare_row,
	[PLAN_OP_LOOPBACK] = bare_row,
	[PLAN_OP_HOSTNAME] = string_row,
	[PLAN_OP_DOMAINNAME] = string_row,
	[PLAN_OP_ROOTFS] = rootfs_row,
	[PLAN_OP_MOUNT] = mount_row,
	[PLAN_OP_DEVICE] = device_row,
	[PLAN_OP_DEV_LINKS] = bare_row,
	[PLAN_OP_CONSOLE] = bare_row,
	[PLAN_OP_PIVOT] = pivot_row,
	[PLAN_OP_SYSCTL] = sysctl_row,
	[PLAN_OP_READONLY_PATHS] = paths_rows,
	[PLAN_OP_MASKED_PATHS] = paths_rows,
	[PLAN_OP_ROOT_READONLY] = bare_row,
	[PLAN_OP_ROOT_UNBINDABLE] = bare_row,
	[PLAN_OP_SESSION] = session_row,
	[PLAN_OP_RLIMIT] = rlimit_row,
	[PLAN_OP_SCHEDULER] = scheduler_row,
	[PLAN_OP_IO_PRIORITY] = number_row,
	[PLAN_OP_MEMORY_POLICY] = number_row,
	[PLAN_OP_PERSONALITY] = number_row,
	[PLAN_OP_EXEC_LABEL] = label_row,
	[PLAN_OP_CREDENTIALS] = credentials_rows,
	[PLAN_OP_CWD] = cwd_row,
	[PLAN_OP_SECCOMP] = seccomp_rows,
	[PLAN_OP_READY] = bare_row,
	[PLAN_OP_EXEC] = exec_row,
};

void explain_step(struct explanation *e, const struct creation *c, const struct plan_step *s)
{
	struct telling t = {.e = e, .c = c, .p = c->plan};

	if (s->op < PLAN_OP_END && tellers[s->op])
		tellers[s->op](&t, s);
}
