/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/mount_options.h"

#include <errno.h>
#include <libmount/libmount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "kernel/sys.h"
#include "plan/compile.h"
#include "plan/plan.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

/* Names that libmount lacks, as some of its versions do, or has no flag for. */
static const struct flag_option {
	const char *name;
	unsigned long ms;
	bool off;
} more_flags[] = {
	{"defaults", 0, false},
	{"nosymfollow", MS_NOSYMFOLLOW, false},
	{"symfollow", MS_NOSYMFOLLOW, true},
};

static const struct rec_option {
	const char *name;
	uint32_t attr;
	bool off;
} rec_options[] = {
	{"rro", SYS_MOUNT_ATTR_RDONLY, false},
	{"rrw", SYS_MOUNT_ATTR_RDONLY, true},
	{"rnosuid", SYS_MOUNT_ATTR_NOSUID, false},
	{"rsuid", SYS_MOUNT_ATTR_NOSUID, true},
	{"rnodev", SYS_MOUNT_ATTR_NODEV, false},
	{"rdev", SYS_MOUNT_ATTR_NODEV, true},
	{"rnoexec", SYS_MOUNT_ATTR_NOEXEC, false},
	{"rexec", SYS_MOUNT_ATTR_NOEXEC, true},
	{"rnodiratime", SYS_MOUNT_ATTR_NODIRATIME, false},
	{"rdiratime", SYS_MOUNT_ATTR_NODIRATIME, true},
	{"rrelatime", SYS_MOUNT_ATTR_RELATIME, false},
	{"rnorelatime", SYS_MOUNT_ATTR_RELATIME, true},
	{"rnoatime", SYS_MOUNT_ATTR_NOATIME, false},
	{"ratime", SYS_MOUNT_ATTR_NOATIME, true},
	{"rstrictatime", SYS_MOUNT_ATTR_STRICTATIME, false},
	{"rnostrictatime", SYS_MOUNT_ATTR_STRICTATIME, true},
	{"rnosymfollow", SYS_MOUNT_ATTR_NOSYMFOLLOW, false},
	{"rsymfollow", SYS_MOUNT_ATTR_NOSYMFOLLOW, true},
};

static const struct plan_option {
	const char *name;
	uint32_t flags;
} plan_options[] = {
	{"tmpcopyup", PLAN_MOUNT_COPY_UP},
	{"idmap", PLAN_MOUNT_IDMAP},
	{"ridmap", PLAN_MOUNT_IDMAP | PLAN_MOUNT_IDMAP_REC},
	{"copy-symlink", PLAN_MOUNT_COPY_SYMLINK},
	{"src-nofollow", PLAN_MOUNT_SRC_NOFOLLOW},
	{"dest-nofollow", PLAN_MOUNT_DEST_NOFOLLOW},
};

#define PROPAGATION (MS_SHARED | MS_SLAVE | MS_PRIVATE | MS_UNBINDABLE)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool find_flag(const char *name, unsigned long *ms, bool *off)
{
	for (const struct libmnt_optmap *o = mnt_get_builtin_optmap(MNT_LINUX_MAP); o->name; o++)
		if (strcmp(o->name, name) == 0) {
			*ms = (unsigned long)(unsigned)o->id;
			*off = o->mask & MNT_INVERT;
			return true;
		}
	for (size_t i = 0; i < COUNT(more_flags); i++)
		if (strcmp(more_flags[i].name, name) == 0) {
			*ms = more_flags[i].ms;
			*off = more_flags[i].off;
			return true;
		}
	return false;
}

static int apply_flag(struct mount_options *o, unsigned long ms, bool off, struct error *err)
{
	if (ms & PROPAGATION) {
		if (o->propagation_n == MOUNT_OPTIONS_PROPAGATIONS)
			return error_set(err, E2BIG, "options: more than %d for propagation", MOUNT_OPTIONS_PROPAGATIONS);
		o->propagation[o->propagation_n++] = (uint32_t)ms;
	} else if (off) {
		o->ms &= ~ms;
		o->ms_off |= ms;
	} else {
		o->ms |= ms;
		o->ms_off &= ~ms;
	}
	return 0;
}

/* mount_setattr(2): an access time setting is a value, not a bit; who changes it clears all of it. */
static void apply_rec(struct mount_options *o, const struct rec_option *r)
{
	bool atime = r->attr == SYS_MOUNT_ATTR_RELATIME || r->attr & SYS_MOUNT_ATTR__ATIME;

	if (atime) {
		o->rec_clr |= SYS_MOUNT_ATTR__ATIME;
		if (r->off)
			o->rec_set &= ~(uint64_t)r->attr;
		else
			o->rec_set = (o->rec_set & ~(uint64_t)SYS_MOUNT_ATTR__ATIME) | r->attr;
	} else if (r->off) {
		o->rec_clr |= r->attr;
		o->rec_set &= ~(uint64_t)r->attr;
	} else {
		o->rec_set |= r->attr;
		o->rec_clr &= ~(uint64_t)r->attr;
	}
}

static bool read_own(struct mount_options *o, const char *name)
{
	for (size_t i = 0; i < COUNT(rec_options); i++)
		if (strcmp(rec_options[i].name, name) == 0) {
			apply_rec(o, &rec_options[i]);
			return true;
		}
	for (size_t i = 0; i < COUNT(plan_options); i++)
		if (strcmp(plan_options[i].name, name) == 0) {
			o->flags |= plan_options[i].flags;
			return true;
		}
	return false;
}

int mount_options_read(const struct oci_mount *m, struct arena *a, struct mount_options *ret, struct error *err)
{
	char *data, *end;
	size_t len = 1;

	*ret = (struct mount_options){0};
	for (size_t i = 0; i < m->options_len; i++)
		len += strlen(m->options[i]) + 1;
	data = end = arena_alloc(a, len);
	if (!data)
		return error_errno(err, ENOMEM, "options");
	for (size_t i = 0; i < m->options_len; i++) {
		const char *name = m->options[i];
		unsigned long ms;
		bool off;
		int r = 0;

		if (find_flag(name, &ms, &off))
			r = apply_flag(ret, ms, off, err);
		else if (*name && !read_own(ret, name))
			end = stpcpy(end > data ? stpcpy(end, ",") : end, name);
		if (r < 0)
			return r;
	}
	ret->data = end > data ? data : NULL;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(const char **names, size_t max, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(names[i], name) == 0)
			return;
	if (*n + 1 < max)
		names[(*n)++] = name;
}

const char *const *plan_mount_option_names(void)
{
	static const char *names[128];
	size_t n = 0;

	if (names[0])
		return names;
	for (const struct libmnt_optmap *o = mnt_get_builtin_optmap(MNT_LINUX_MAP); o->name; o++)
		add_name(names, COUNT(names), &n, o->name);
	for (size_t i = 0; i < COUNT(more_flags); i++)
		add_name(names, COUNT(names), &n, more_flags[i].name);
	for (size_t i = 0; i < COUNT(rec_options); i++)
		add_name(names, COUNT(names), &n, rec_options[i].name);
	for (size_t i = 0; i < COUNT(plan_options); i++)
		add_name(names, COUNT(names), &n, plan_options[i].name);
	qsort(names, n, sizeof(names[0]), by_name);
	return names;
}
