/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "container/create.h"
#include "container/engine.h"
#include "container/notify.h"
#include "fast/config.h"
#include "plan/compile.h"
#include "plan/mount_options.h"

static int resolve(struct arena *a, const char *path, const char **ret)
{
	_cleanup_free_ char *real = realpath(path, NULL);

	if (!real)
		return -errno;
	*ret = arena_strdup(a, real);
	return *ret ? 0 : -ENOMEM;
}

static const char *config_name(const struct creation *c)
{
	return c->o->config ? c->o->config : "config.json";
}

int creation_read_text(struct creation *c, char **text, size_t *len, struct error *err)
{
	const char *name = config_name(c);
	_cleanup_close_ int dir = -1;
	int r = resolve(&c->arena, c->o->bundle && *c->o->bundle ? c->o->bundle : ".", &c->bundle);

	if (r < 0)
		return error_errno(err, r, "bundle: %s", c->o->bundle ? c->o->bundle : ".");
	dir = open(c->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(err, errno, "bundle: %s", c->bundle);
	if (faccessat(dir, name, F_OK, 0) < 0 && errno == ENOENT)
		return error_set(err, ENOENT, "JSON specification file %s not found in %s", name, c->bundle);
	return file_read_at(&c->arena, dir, name, OCI_MAX_BYTES, text, len, err);
}

static int parse(struct creation *c, const char *text, size_t len, struct error *err)
{
	int r = oci_config_read(text, len, &c->arena, &c->config, NULL, err);

	return r < 0 ? error_prefix(err, "%s", config_name(c)) : 0;
}

static int find_config(struct creation *c, struct error *err)
{
	struct keep_input in = {.id = c->id, .o = c->o, .listen_fds = engine_listen_fds(), .rootless = c->x->rootless};
	bool enabled = config_get()->cache->enabled;
	struct oci_config *kept = NULL;
	char *text;
	int r = creation_read_text(c, &text, &in.len, err);

	if (r == 0 && notify_host()) {
		c->notify_dir = arena_fmt(&c->arena, "%s/%s/notify", c->x->root, c->id);
		r = c->notify_dir ? 0 : error_errno(err, ENOMEM, "notify socket");
	}
	if (r < 0)
		return r;
	in.text = text;
	in.bundle = c->bundle;
	in.notify_dir = c->notify_dir;
	r = keep_find(&c->keep, c->x, &in, &c->arena, &c->config, err);
	if (r == 0 && !c->config)
		r = parse(c, text, in.len, err);
	if (r == 0)
		r = config_annotations(c->config->annotations, err);
	if (r < 0)
		return r;
	if (!config_get()->cache->enabled)
		keep_nothing(&c->keep);
	else if (!enabled) /* the container asks for what the file denies to all */
		r = keep_find(&c->keep, c->x, &in, &c->arena, &kept, err);
	if (r == 0 && !enabled && c->keep.hit)
		c->config = kept;
	return r;
}

static int read_config(struct creation *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_READ_SPEC);

	return span_end(&span, find_config(c, err));
}

int creation_find_rootfs(struct creation *c, struct error *err)
{
	const char *path;
	struct stat st;
	int r;

	if (!c->config->root || !c->config->root->path || !*c->config->root->path)
		return error_set(err, EINVAL, "root.path: missing");
	path = c->config->root->path;
	if (*path != '/')
		path = arena_fmt(&c->arena, "%s/%s", c->bundle, path);
	r = path ? resolve(&c->arena, path, &c->rootfs) : -ENOMEM;
	if (r < 0)
		return error_errno(err, r, "root.path: rootfs (%s)", c->config->root->path);
	if (stat(c->rootfs, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_errno(err, ENOTDIR, "root.path: rootfs (%s)", c->rootfs);
	return 0;
}

/* Who gets the terminal must be known before anything is made. */
static int check_terminal(const struct creation *c, bool detached, struct error *err)
{
	bool terminal = c->config->process && c->config->process->terminal;

	if (terminal && detached && !c->o->console_socket)
		return error_set(err, EINVAL,
			"cannot allocate tty if enviro-oci will detach without setting console socket");
	if (c->o->console_socket && !(terminal && detached))
		return error_set(err, EINVAL,
			"cannot use console socket if enviro-oci will not detach or allocate tty");
	return 0;
}

static int prepare_notify(struct creation *c, struct error *err)
{
	return c->notify_dir ? notify_add_to_config(c->config, c->notify_dir, &c->arena, err) : 0;
}

int creation_prepare_cgroup(struct creation *c, struct error *err)
{
	const struct oci_linux *l = c->config->linux;
	int r = cgroup_host_detect(&c->host, &c->arena, err);

	c->host.rootless = c->x->rootless;
	if (r == 0)
		r = cgroup_locate(&c->host, c->x->manager, l ? l->cgroups_path : NULL, c->id, &c->arena, &c->cgroup, err);
	if (r == 0)
		r = cgroup_compile(&c->cgroup, l ? l->resources : NULL, false, &c->arena, &c->settings, err);
	if (r == 0)
		r = cgroup_compile_unit(&c->cgroup, c->id, c->config->annotations, &c->arena, &c->settings, err);
	return r;
}

static int find_filter(struct creation *c, struct error *err)
{
	const struct oci_linux_seccomp *s = c->config->linux ? c->config->linux->seccomp : NULL;
	const struct plan_annotations *n = &c->annotations;
	int r;

	if (n->bpf) {
		c->filter = (struct seccomp_filter){.bpf = n->bpf, .n = n->bpf_n};
		return 0;
	}
	if (s && c->keep.key.n)
		r = seccomp_compile_kept(&c->keep.cache, s, &c->arena, &c->filter, &c->keep.seccomp, err);
	else
		r = seccomp_compile(s, &c->arena, &c->filter, err);
	if (r == 0 && c->filter.unknown && n->refuse_unknown_syscalls)
		return error_set(err, EINVAL, 
			"linux.seccomp.syscalls: not known to libseccomp, and annotations.run.oci.seccomp_fail_unknown_syscall is set: %s",
			c->filter.unknown);
	return r;
}

int creation_prepare_filter(struct creation *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_SECCOMP_COMPILE);

	return span_end(&span, find_filter(c, err));
}

static int compile(struct creation *c, struct plan_input *in, struct error *err)
{
	unsigned complaints;
	int r = creation_prepare_filter(c, err);

	if (r < 0)
		return r;
	in->seccomp = c->filter.bpf ? &c->filter : NULL;
	complaints = log_complaints();
	r = plan_compile(in, &c->arena, &c->plan, err);
	c->plan_warned = log_complaints() != complaints;
	return r;
}

struct plan_input creation_plan_input(const struct creation *c)
{
	return (struct plan_input){
		.config = c->config,
		.annotations = &c->annotations,
		.id = c->id,
		.bundle = c->bundle,
		.cgroup = &c->cgroup,
		.settings = &c->settings,
		.later_source = c->notify_dir,
		.preserve_fds = c->o->preserve_fds,
		.listen_fds = engine_listen_fds(),
		.no_pivot = c->o->no_pivot,
		.no_new_keyring = c->o->no_new_keyring,
		.rootless = c->x->rootless,
	};
}

static int prepare_plan(struct creation *c, struct error *err)
{
	struct plan_input in = creation_plan_input(c);
	int r = engine_check_fds(in.preserve_fds + in.listen_fds, err);

	c->launch.preserve_fds = in.preserve_fds + in.listen_fds;
	if (r == 0)
		c->plan = keep_plan(&c->keep, &c->cgroup, c->notify_dir, &c->arena, &c->filter);
	if (r == 0 && !c->plan)
		r = compile(c, &in, err);
	if (r == 0)
		seccomp_report(&c->filter);
	return r;
}

void creation_keep(struct creation *c)
{
	const struct keep_output out = {
		.plan = c->plan,
		.filter = &c->filter,
		.warned = c->plan_warned,
	};

	struct span span = span_begin(SPAN_ID_KEEP);

	keep_store(&c->keep, c->x, &out, &c->arena);
	(void)span_end(&span, 0);
}

static char *now_text(struct arena *a)
{
	char text[DATE_MAX];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return arena_strdup(a, date_text(text, &now, true));
}

static int prepare_record(struct creation *c, struct error *err)
{
	struct container_record *rec = &c->record;
	const struct oci_linux *l = c->config->linux;
	int r;

	r = intel_rdt_locate(c->plan, NULL, c->id, &c->arena, &c->rdt, err);
	if (r < 0)
		return r;
	*rec = (struct container_record){
		.version = RECORD_VERSION,
		.id = (char *)c->id,
		.bundle = (char *)c->bundle,
		.rootfs = (char *)c->rootfs,
		.oci_version = c->config->oci_version,
		.created = now_text(&c->arena),
		.namespaces = plan_all_namespaces(c->config),
		.rootfs_mount = plan_all_namespaces(c->config) & CLONE_NEWNS ? 0 : setup_mount_id(c->rootfs),
		.cgroup_manager = (char *)manager_name(c->cgroup.manager),
		.intel_rdt = (char *)c->rdt.remove,
		.memory_swap = l && l->resources && l->resources->memory ? l->resources->memory->swap : 0,
		.annotations = c->config->annotations,
	};
	return cgroup_to_text(&c->cgroup, &c->arena, &rec->cgroup, &rec->cgroup_len, err);
}

/* All that is known before anything is made. */
static int prepare_all(struct creation *c, struct error *err)
{
	struct span span = span_begin(SPAN_ID_PLAN);
	int r = mount_idmaps_read(c->config, &c->arena, err);

	if (r == 0)
		r = creation_find_rootfs(c, err);
	if (r == 0)
		r = prepare_notify(c, err);
	if (r == 0)
		r = creation_prepare_cgroup(c, err);
	if (r == 0)
		r = prepare_plan(c, err);
	if (r == 0)
		r = check_terminal(c, c->start_wanted || c->o->detach, err);
	if (r == 0)
		r = setup_join_slots(c->plan, &c->launch.with_plan, err);
	if (r == 0)
		r = prepare_record(c, err);
	return span_end(&span, r);
}

int creation_prepare(struct creation *c, struct error *err)
{
	int r = container_check_id(c->id, err);

	if (r == 0)
		r = config_load(err);
	if (r == 0)
		r = read_config(c, err);
	if (r == 0)
		r = annotations_read(c->config, &c->arena, &c->annotations, err);
	if (r < 0)
		return r;
	creation_begin_namespaces(c);
	return prepare_all(c, err);
}
