/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/mountapi.h"
#include "kernel/sys.h"
#include "plan/compile.h"
#include "plan/mount_options.h"
#include "plan/path.h"
#include "plan/sync.h"

#define SUPERBLOCK (MS_RDONLY | MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME | MS_I_VERSION | MS_SILENT)
#define ATIME (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)

/* Slots are for what the host can open ahead, and one packet has to hold them; beyond this number init opens by path,
 * which needs none. */
enum { MOUNT_SLOTS_END = SYNC_MAX_FDS * 3 / 4 };

/* One entry of mounts[], on its way into the plan. */
struct entry {
	struct plan_builder *b;
	const struct plan_input *in;
	const struct oci_mount *m;
	struct mount_options o;
	const char *dest;   /* absolute, clean */
	const char *rootfs; /* absolute, clean */
	struct plan_mount *p;
};

static bool is_type(const struct entry *e, const char *type)
{
	return e->m->type && strcmp(e->m->type, type) == 0;
}

static bool is_bind(const struct entry *e)
{
	return e->o.ms & MS_BIND || is_type(e, "bind");
}

/* Engines put files into a read-only tmpfs before it becomes so, and devices are made in /dev. */
static bool is_readonly_late(const struct entry *e)
{
	return e->o.ms & MS_RDONLY && !is_bind(e) && !(e->o.ms & MS_REMOUNT) &&
	       (is_type(e, "tmpfs") || strcmp(e->dest, "/dev") == 0);
}

static bool is_inside_proc(const char *dest)
{
	static const char *const allowed[] = {"cpuinfo", "diskstats", "loadavg", "meminfo", "slabinfo", "stat", "swaps",
		"uptime", "sys/kernel/ns_last_pid", "sys/crypto/fips_enabled"}; /* what lxcfs emulates */

	if (strncmp(dest, "/proc/", 6) != 0)
		return false;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strcmp(dest + 6, allowed[i]) == 0)
			return false;
	return true;
}

static int check_proc(const struct entry *e, struct error *err)
{
	if (strcmp(e->dest, "/proc") == 0) /* the source of a bind is looked at when it is there */
		return is_type(e, "proc") || is_bind(e) || e->o.ms & MS_REMOUNT
			       ? 0
			       : error_set(err, EPERM,
					 "destination: \"/proc\" cannot be mounted because it is not of type proc");
	return is_inside_proc(e->dest)
		       ? error_set(err, EPERM, "destination: \"%s\" cannot be mounted because it is inside /proc", e->dest)
		       : 0;
}

/* What is settled when a container is made, or needs the host's paths at hand. */
static int check_running(const struct entry *e, struct error *err)
{
	if (strcmp(e->dest, "/") == 0)
		return error_set(err, EINVAL, "destination: \"/\" of a container that runs cannot change");
	if (is_type(e, "cgroup") && !is_bind(e))
		return error_set(err, EINVAL, "type: \"cgroup\" cannot be added to a container that runs");
	if (e->o.flags & PLAN_MOUNT_COPY_SYMLINK)
		return error_set(err, EINVAL, "options: \"copy-symlink\" is for a container that is made");
	return 0;
}

static int check_mappings(struct entry *e, struct error *err)
{
	const struct oci_mount *m = e->m;
	int r;

	if ((m->uid_mappings_len != 0) != (m->gid_mappings_len != 0))
		return error_set(err, EINVAL, "uidMappings and gidMappings: one needs the other");
	r = plan_check_id_maps(m->uid_mappings, m->uid_mappings_len, "uidMappings", err);
	if (r == 0)
		r = plan_check_id_maps(m->gid_mappings, m->gid_mappings_len, "gidMappings", err);
	if (r < 0)
		return r;
	if (m->uid_mappings_len)
		e->o.flags |= PLAN_MOUNT_IDMAP;
	else if (e->o.flags & PLAN_MOUNT_IDMAP && !(plan_all_namespaces(e->in->config) & CLONE_NEWUSER))
		return error_set(err, EINVAL, "options: \"%s\" needs uidMappings and gidMappings, or a user namespace",
			e->o.flags & PLAN_MOUNT_IDMAP_REC ? "ridmap" : "idmap");
	return 0;
}

static int check(struct entry *e, struct error *err)
{
	bool bind = is_bind(e), remount = e->o.ms & MS_REMOUNT;
	int r = e->in->running ? check_running(e, err) : 0;

	if (r < 0)
		return r;
	if (!bind && !remount && (!e->m->type || !*e->m->type))
		return error_set(err, EINVAL, "type: missing");
	if (bind && !remount && (!e->m->source || !*e->m->source))
		return error_set(err, EINVAL, "source: missing");
	if (e->o.flags & PLAN_MOUNT_COPY_UP && !is_type(e, "tmpfs"))
		return error_set(err, EINVAL, "options: \"tmpcopyup\" is for a tmpfs only");
	if (e->o.flags & (PLAN_MOUNT_COPY_SYMLINK | PLAN_MOUNT_SRC_NOFOLLOW) && !bind)
		return error_set(err, EINVAL, "options: \"%s\" is for a bind mount only",
			e->o.flags & PLAN_MOUNT_COPY_SYMLINK ? "copy-symlink" : "src-nofollow");
	if (bind && e->o.data)
		return error_set(err, EINVAL,
			"options: \"%s\" is not known, and a bind mount has no file system to take it", e->o.data);
	return check_mappings(e, err) < 0 ? -EINVAL : check_proc(e, err);
}

static const char *with_label(struct entry *e)
{
	const char *label = e->in->config->linux->mount_label;

	if (!label || !*label || is_type(e, "proc") || is_type(e, "sysfs") || is_type(e, "mqueue"))
		return e->o.data;
	return arena_fmt(e->b->arena, "%s%s%s=\"%s\"", e->o.data ? e->o.data : "", e->o.data ? "," : "",
		e->in->annotations ? e->in->annotations->mount_context : "context", label);
}

static void fill_fs(struct entry *e)
{
	struct plan_mount *p = e->p;
	const char *label = e->in->config->linux->mount_label;

	p->kind = PLAN_MOUNT_FS;
	p->source = plan_put_str(e->b, e->m->source);
	p->data = plan_put_str(e->b, with_label(e));
	if (is_readonly_late(e)) {
		e->o.ms &= ~(unsigned long)MS_RDONLY;
		p->flags |= PLAN_MOUNT_READONLY_LATE;
	}
	p->sb_flags = (uint32_t)(e->o.ms & SUPERBLOCK);
	p->attr_set = mount_attr_from_ms(e->o.ms);
	if (is_type(e, "mqueue") && label && *label)
		p->label = plan_put_str(e->b, label);
}

/* Options replace what the source's mount has, as far as locks allow; access times only where one sets them: as with
 * mount(2), none that clears (atime, norelatime) takes them from the source. */
static void fill_bind_attributes(struct plan_mount *p, const struct mount_options *o)
{
	const unsigned long ways = MS_BIND | MS_REC | MS_REMOUNT;
	uint64_t set = mount_attr_from_ms(o->ms);

	if (!(o->ms & ~ways) && !o->ms_off)
		return;
	p->attr_clr = MOUNT_ATTRS_PLAIN;
	p->attr_off = mount_attr_from_ms(o->ms_off) & MOUNT_ATTRS_PLAIN;
	if (o->ms & ATIME)
		p->attr_clr |= MOUNT_ATTRS_ATIME;
	else
		set &= ~(uint64_t)MOUNT_ATTRS_ATIME;
	p->attr_set = set;
}

/* The source may be made by hooks, or come into being as the destination of an earlier mount. */
static int check_source(const struct entry *e, const char *source, struct error *err)
{
	const struct oci_hooks *h = e->in->config->hooks;
	struct stat st;
	int r;

	if (path_is_below(source, e->rootfs) || (h && (h->prestart_len || h->create_runtime_len)))
		return 0;
	if (e->in->later_source && strcmp(source, e->in->later_source) == 0)
		return 0;
	r = e->o.flags & (PLAN_MOUNT_COPY_SYMLINK | PLAN_MOUNT_SRC_NOFOLLOW) ? lstat(source, &st) : stat(source, &st);
	return r < 0 && (errno == ENOENT || errno == ENOTDIR) ? error_errno(err, errno, "source: %s", source) : 0;
}

static int fill_bind(struct entry *e, struct error *err)
{
	struct plan_mount *p = e->p;
	const char *source =
		*e->m->source == '/' ? e->m->source : arena_fmt(e->b->arena, "%s/%s", e->in->bundle, e->m->source);
	int r = source ? check_source(e, source, err) : error_errno(err, ENOMEM, "source");

	if (r < 0)
		return r;
	p->kind = PLAN_MOUNT_BIND;
	p->source = plan_put_str(e->b, source);
	if (e->o.ms & MS_REC)
		p->flags |= PLAN_MOUNT_RECURSIVE;
	fill_bind_attributes(p, &e->o);
	if (e->in->running) {
		p->slot = plan_new_slot(e->b);
		return 0;
	}
	if (path_is_below(source, e->rootfs) || e->b->n_slots >= MOUNT_SLOTS_END)
		return 0;
	p->slot = plan_new_slot(e->b);
	if (plan_host_opens(e->in))
		p->flags |= PLAN_MOUNT_SOURCE_FD;
	return 0;
}

static void fill_remount(struct entry *e)
{
	struct plan_mount *p = e->p;

	p->kind = PLAN_MOUNT_REMOUNT;
	p->source = plan_put_str(e->b, e->m->source);
	p->data = plan_put_str(e->b, e->o.data);
	fill_bind_attributes(p, &e->o);
	if (!is_bind(e)) {
		p->flags |= PLAN_MOUNT_SUPERBLOCK;
		p->sb_flags = (uint32_t)(e->o.ms & SUPERBLOCK);
	}
}

static int fill(struct entry *e, struct error *err)
{
	if (e->o.ms & MS_REMOUNT) {
		fill_remount(e);
		return 0;
	}
	if (is_bind(e))
		return fill_bind(e, err);
	fill_fs(e);
	if (is_type(e, "cgroup") && plan_fill_cgroup_mount(e->b, e->in, e->p, err) < 0)
		return error_prefix(err, "type");
	return 0;
}

static int add_mount(struct entry *e, uint32_t index, struct error *err)
{
	int r = check(e, err);

	if (r < 0)
		return r;
	e->p = plan_add_at(e->b, PLAN_OP_MOUNT, struct plan_mount, index);
	e->p->dest = plan_put_str(e->b, e->dest);
	e->p->type = plan_put_str(e->b, is_bind(e) ? "bind" : e->m->type);
	e->p->slot = PLAN_NO_SLOT;
	r = fill(e, err);
	e->p->flags |= e->o.flags;
	e->p->rec_set = e->o.rec_set;
	e->p->rec_clr = e->o.rec_clr;
	e->p->propagation = plan_put_u32s(e->b, e->o.propagation, e->o.propagation_n);
	return r;
}

static int begin(struct entry *e, struct plan_builder *b, const struct plan_input *in, size_t i, struct error *err)
{
	struct arena *a = b->arena;
	const char *root = in->config->root->path, *dest;

	*e = (struct entry){.b = b, .in = in, .m = &in->config->mounts[i]};
	if (!e->m->destination || !*e->m->destination)
		return error_set(err, EINVAL, "destination: missing");
	e->rootfs = path_clean(a, *root == '/' ? "" : in->bundle, root);
	dest = path_clean(a, "", e->m->destination);
	if (!e->rootfs || !dest)
		return error_errno(err, ENOMEM, "destination");
	/* a destination that begins with the rootfs as the host names it means the same */
	e->dest = path_is_below(dest, e->rootfs) && strcmp(e->rootfs, "/") != 0 ? dest + strlen(e->rootfs) : dest;
	return mount_options_read(e->m, a, &e->o, err);
}

/* err's message begins with the member of mounts[i] that it is about. */
static int name_member(struct error *err, size_t i)
{
	char msg[sizeof(err->msg)];

	memcpy(msg, err->msg, sizeof(msg));
	return error_set(err, err->code, "mounts[%zu].%s", i, msg);
}

int plan_add_mounts(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const char *label = in->config->linux->mount_label;

	if (label && *label && !plan_selinux_enabled())
		return error_set(err, EINVAL,
			"linux.mountLabel: selinux label is specified in config, but selinux is disabled or not "
			"supported");
	for (size_t i = 0; i < in->config->mounts_len; i++) {
		struct entry e;
		int r = begin(&e, b, in, i, err);

		if (r == 0)
			r = add_mount(&e, (uint32_t)i, err);
		if (r < 0)
			r = plan_pass(b, name_member(err, i), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int plan_add_umounts(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	for (size_t i = in->config->mounts_len; i-- > 0;) {
		struct entry e;
		int r = begin(&e, b, in, i, err);

		if (r == 0 && (strcmp(e.dest, "/") == 0 || strcmp(e.dest, "/proc") == 0 || is_inside_proc(e.dest)))
			r = error_set(err, EPERM, "destination: \"%s\" cannot be taken from a container", e.dest);
		if (r < 0)
			return name_member(err, i);
		plan_add_at(b, PLAN_OP_UMOUNT, struct plan_string, (uint32_t)i)->value = plan_put_str(b, e.dest);
	}
	return 0;
}

int plan_add_readonly_mounts(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	for (size_t i = 0; i < in->config->mounts_len; i++) {
		struct entry e;
		int r = begin(&e, b, in, i, err);

		if (r < 0)
			return r;
		if (!is_readonly_late(&e))
			continue;
		e.p = plan_add_at(b, PLAN_OP_MOUNT, struct plan_mount, (uint32_t)i);
		e.p->kind = PLAN_MOUNT_REMOUNT;
		e.p->dest = plan_put_str(b, e.dest);
		e.p->type = plan_put_str(b, e.m->type);
		e.p->slot = PLAN_NO_SLOT;
		e.p->attr_set = mount_attr_from_ms(MS_RDONLY);
	}
	return 0;
}
