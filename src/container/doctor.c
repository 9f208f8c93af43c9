/* SPDX-License-Identifier: Apache-2.0 */
#include "container/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "fast/cache.h"
#include "fast/config.h"
#include "fast/nspool.h"
#include "fast/template.h"

enum { MAX_FILE = 1 << 20 };

void doctor_add(struct doctor_report *d, enum doctor_level level, const char *part, const char *advice, const char *f, ...)
{
	char found[1024];
	va_list ap;

	if (d->len == d->room) {
		size_t room = d->room ? d->room * 2 : 32;
		struct doctor_row *rows = arena_array(d->a, room, sizeof(*rows));

		if (!rows) {
			d->failed = true;
			return;
		}
		if (d->len)
			memcpy(rows, d->rows, d->len * sizeof(*rows));
		d->rows = rows;
		d->room = room;
	}
	va_start(ap, f);
	fmt_v(found, sizeof(found), f, ap);
	va_end(ap);
	d->rows[d->len] = (struct doctor_row){level, part, arena_strdup(d->a, found), advice};
	d->failed |= !d->rows[d->len++].found;
}

const char *doctor_read(struct doctor_report *d, const char *path)
{
	char *text;

	return file_read_at(d->a, -1, path, MAX_FILE, &text, NULL, NULL) < 0 ? NULL : text;
}

const char *doctor_program(struct doctor_report *d, const char *name)
{
	static const char usual[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const char *path = getenv("PATH"), *end;

	for (const char *s = arena_fmt(d->a, "%s:%s", path ? path : "", usual); s && *s; s = *end ? end + 1 : end) {
		const char *candidate;

		end = strchr(s, ':');
		if (!end)
			end = s + strlen(s);
		candidate = arena_fmt(d->a, "%.*s/%s", (int)(end - s), s, name);
		if (candidate && *s == '/' && access(candidate, X_OK) == 0)
			return candidate;
	}
	return NULL;
}

/* root: an fd of it, or what opening it answered. */
static void state_root(struct doctor_report *d, int root)
{
	struct statfs fs;

	if (root == -ENOENT)
		doctor_add(d, DOCTOR_OK, "state root", "", "%s: made at the first use", d->x->root);
	else if (root < 0)
		doctor_add(d, DOCTOR_PROBLEM, "state root", "name another directory with --root, or mend its rights",
			"%s: %s", d->x->root, errno_text(root));
	else if (fstatfs(root, &fs) == 0 && fs.f_blocks && fs.f_bavail * 100 / fs.f_blocks < 5)
		doctor_add(d, DOCTOR_WARNING, "state root", "make room: without it no container can be made",
			"%s: less than 5 %% free", d->x->root);
	else
		doctor_add(d, DOCTOR_OK, "state root", "", "%s", d->x->root);
}

static void cache(struct doctor_report *d, int root)
{
	struct error err = {0};
	struct cache_entry *v;
	size_t n = 0;

	if (!config_get()->cache->enabled)
		doctor_add(d, DOCTOR_WARNING, "cache", "every start compiles anew; see \"config\"", "switched off");
	else if (root < 0)
		doctor_add(d, DOCTOR_OK, "cache", "", "empty");
	else if (cache_list(root, d->a, &v, &n, &err) < 0)
		doctor_add(d, DOCTOR_PROBLEM, "cache", "remove the directory @cache in the state root", "%s", err.msg);
	else
		doctor_add(d, DOCTOR_OK, "cache", "", "%zu entries", n);
}

static void pool(struct doctor_report *d, int root)
{
	struct nspool_counts n = {0};
	struct error err = {0};
	uint32_t waiting = 0, unseen = 0;

	if (root >= 0 && nspool_count(root, &n, &err) < 0) {
		doctor_add(d, DOCTOR_WARNING, "pool", "\"prewarm --clear\" begins it anew", "%s", err.msg);
		return;
	}
	for (size_t i = 0; i < NSPOOL_KINDS; i++) {
		waiting += n.waiting[i];
		unseen += n.unseen[i];
	}
	if (unseen)
		doctor_add(d, DOCTOR_WARNING, "pool", "call prewarm in the mount namespace that containers are started in",
			"%u namespaces wait, %u more in another mount namespace", waiting, unseen);
	else
		doctor_add(d, DOCTOR_OK, "pool", "", "%u namespaces wait", waiting);
}

static void templates(struct doctor_report *d)
{
	if (d->x->rootless)
		doctor_add(d, DOCTOR_OK, "templates", "", "not for rootless containers");
	else if (access(TEMPLATE_DIR, F_OK) == 0)
		doctor_add(d, DOCTOR_OK, "templates", "", "%s", TEMPLATE_DIR);
	else
		doctor_add(d, DOCTOR_OK, "templates", "", "made at the first start");
}

static void criu(struct doctor_report *d)
{
	const char *path = doctor_program(d, "criu");

	if (path)
		doctor_add(d, DOCTOR_OK, "criu", "", "%s; \"criu check\" tells whether it fits this kernel", path);
	else
		doctor_add(d, DOCTOR_WARNING, "criu", "install criu where checkpoint and restore are wanted", "not found");
}

int doctor_examine(struct doctor_report *d, struct error *err)
{
	_cleanup_close_ int root = open(d->x->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int opened = root < 0 ? -errno : root;
	struct error config = {0};

	doctor_host(d);
	state_root(d, opened);
	if (config_load(&config) < 0)
		doctor_add(d, DOCTOR_PROBLEM, "configuration", "mend the file: every start refuses it", "%s", config.msg);
	cache(d, root);
	templates(d);
	pool(d, root);
	criu(d);
	doctor_engines(d);
	return d->failed ? error_errno(err, ENOMEM, "doctor") : 0;
}
