/* SPDX-License-Identifier: Apache-2.0 */
#include "container/examine.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "container/features.h"
#include "fast/config.h"
#include "plan/compile.h"
#include "plan/mount_options.h"

struct examination {
	struct oci_findings *fs;
	size_t read; /* findings of the reader */
};

static const struct oci_field *field_named(const struct oci_type *t, const char *name, size_t n)
{
	for (size_t i = 0; i < t->fields_len; i++)
		if (t->fields[i].name_len == n && memcmp(t->fields[i].name, name, n) == 0)
			return &t->fields[i];
	return NULL;
}

/* Up to a blank, or ": ", outside of quotes. */
static size_t key_length(const char *s)
{
	size_t n = 0;

	for (bool quoted = false; s[n] && (quoted || (s[n] != ' ' && (s[n] != ':' || s[n + 1] != ' '))); n++)
		quoted ^= s[n] == '"';
	return n;
}

/* How much of "PATH: reason" is the path of something that may stand in a document of this type; 0: it begins with none. */
static size_t path_length(const struct oci_type *t, const char *msg)
{
	for (size_t n = 0;; n++) {
		size_t name = strcspn(msg + n, ".[: ");
		const struct oci_field *f = field_named(t, msg + n, name);

		if (!f)
			return 0;
		n += name;
		t = f->type;
		n += f->shape == OCI_SHAPE_KEYED || !t ? key_length(msg + n) : strcspn(msg + n, ".: ");
		if (!t || msg[n] != '.')
			return msg[n] == ':' && msg[n + 1] == ' ' ? n : 0;
	}
}

/* What the reader could not read looks wrong to the steps that it is for, too. */
static void add(struct examination *e, enum oci_severity severity, const char *msg)
{
	size_t n = path_length(&oci_config_type, msg);
	struct oci_finding f = {
		.severity = severity,
		.path = arena_strndup(e->fs->arena, msg, n),
		.reason = n ? msg + n + 2 : msg,
	};

	if (!f.path)
		e->fs->failed = true;
	else if (!n || !oci_findings_concern(e->fs, e->read, f.path))
		oci_findings_add(e->fs, &f);
}

/* A file that is not there may be on the host that the bundle is meant for. */
static void take_refusal(void *ctx, const struct error *err)
{
	add(ctx, err->code == ENOENT || err->code == ENOTDIR ? OCI_WARNING : OCI_ERROR, err->msg);
}

static void take_warning(void *ctx, enum log_level level, const char *msg)
{
	if (level <= LOG_LEVEL_WARN)
		add(ctx, OCI_WARNING, msg);
}

static int pass(struct examination *e, int r, struct error *err)
{
	if (r >= 0 || r == -ENOMEM)
		return r;
	take_refusal(e, err);
	*err = (struct error){0};
	return 0;
}

static int compile(struct examination *e, struct creation *c, struct error *err)
{
	struct plan_refusals refusals = {.take = take_refusal, .ctx = e};
	struct plan_input in;
	int r = pass(e, config_annotations(c->config->annotations, err), err);

	if (r == 0)
		r = pass(e, annotations_read(c->config, &c->arena, &c->annotations, err), err);
	if (r == 0)
		r = pass(e, mount_idmaps_read(c->config, &c->arena, err), err);
	if (r == 0)
		r = pass(e, creation_find_rootfs(c, err), err);
	if (r == 0)
		r = pass(e, creation_prepare_cgroup(c, err), err);
	if (r == 0)
		r = pass(e, creation_prepare_filter(c, err), err);
	if (r < 0)
		return r;
	in = creation_plan_input(c);
	in.seccomp = c->filter.bpf ? &c->filter : NULL;
	in.refusals = &refusals;
	r = plan_compile(&in, &c->arena, &c->plan, err);
	seccomp_report(&c->filter);
	return pass(e, r, err);
}

static void try_all(struct oci_nearest *n, char *const *names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		oci_nearest_try(n, names[i]);
}

/* The names that values of this member may have. */
static void try_names(struct oci_nearest *n, const char *path, const struct oci_features *f)
{
	const struct oci_features_linux *l = f->linux;

	if (str_starts(path, "mounts"))
		try_all(n, f->mount_options, f->mount_options_len);
	else if (str_starts(path, "linux.namespaces"))
		try_all(n, l->namespaces, l->namespaces_len);
	else if (str_starts(path, "process.capabilities"))
		try_all(n, l->capabilities, l->capabilities_len);
	for (size_t i = 0; str_starts(path, "process.rlimits") && plan_rlimit_name(i); i++)
		oci_nearest_try(n, plan_rlimit_name(i));
	if (!str_starts(path, "linux.seccomp"))
		return;
	try_all(n, l->seccomp->actions, l->seccomp->actions_len);
	try_all(n, l->seccomp->operators, l->seccomp->operators_len);
	try_all(n, l->seccomp->archs, l->seccomp->archs_len);
	try_all(n, l->seccomp->known_flags, l->seccomp->known_flags_len);
}

/* The name that the word in quotes, or else the last one, may have been meant to be. */
static const char *hint_for(const struct oci_finding *f, const struct oci_features *features, struct arena *a)
{
	const char *from = strchr(f->reason, '"'), *to = from ? strchr(from + 1, '"') : NULL;
	const char *last = strrchr(f->reason, ' ');
	struct oci_nearest n = OCI_NEAREST(to     ? arena_strndup(a, from + 1, (size_t)(to - from) - 1)
					   : last ? last + 1
						  : NULL);

	if (!n.word || !*n.word)
		return NULL;
	try_names(&n, f->path, features);
	return n.best && n.distance ? n.best : NULL;
}

static int add_hints(struct examination *e, struct error *err)
{
	struct oci_features features = {0};
	int r = features_fill(e->fs->arena, &features, err);

	for (size_t i = e->read; r == 0 && i < e->fs->len; i++)
		e->fs->v[i].hint = hint_for(&e->fs->v[i], &features, e->fs->arena);
	return r;
}

static bool has_errors(const struct oci_findings *fs)
{
	for (size_t i = 0; i < fs->len; i++)
		if (fs->v[i].severity == OCI_ERROR)
			return true;
	return false;
}

int creation_examine(struct creation *c, struct oci_findings *fs, struct error *err)
{
	struct examination e = {.fs = fs};
	char *text;
	size_t len;
	int r = creation_read_text(c, &text, &len, err);

	if (r == 0)
		r = oci_table_check(&oci_config_type, text, len, &c->arena, (void **)&c->config, fs, err);
	if (r < 0)
		return r;
	e.read = fs->len;
	if (c->config) {
		log_divert(take_warning, &e);
		r = compile(&e, c, err);
		log_divert(NULL, NULL);
	}
	if (r == 0 && fs->len > e.read)
		r = add_hints(&e, err);
	if (r < 0 || fs->failed)
		return r < 0 ? r : error_errno(err, ENOMEM, "examine the bundle");
	oci_findings_locate(fs, e.read, text, len);
	oci_findings_sort(fs);
	if (has_errors(fs))
		c->plan = NULL;
	return 0;
}
