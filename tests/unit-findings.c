/* SPDX-License-Identifier: Apache-2.0 */

/* Reading that goes on behind what it refuses, and the places of findings. */

#include "libocispec-lite/findings.h"

#include "base/str.h"
#include "libocispec-lite/ocispec.h"
#include "tests/tap.h"

static struct oci_config *check(const char *text, struct arena *a, struct oci_findings *fs)
{
	struct oci_config *c = NULL;
	struct error err = {0};

	*fs = (struct oci_findings){.arena = a};
	if (oci_table_check(&oci_config_type, text, str_len(text), a, (void **)&c, fs, &err) < 0)
		return NULL;
	oci_findings_sort(fs);
	return c;
}

static void is_finding(const struct oci_findings *fs, size_t i, size_t line, size_t column, const char *path,
	const char *reason, const char *hint)
{
	const struct oci_finding *f = &fs->v[i];

	tap_ok(i < fs->len, "finding %zu is there: %s", i, path);
	if (i >= fs->len)
		return;
	tap_ok(f->line == line && f->column == column, "%s: line %zu, column %zu (%zu, %zu)", path, line, column, f->line,
		f->column);
	tap_ok(str_eq(f->path, path), "%s: its path (%s)", path, f->path);
	tap_ok(str_eq(f->reason, reason), "%s: %s (%s)", path, reason, f->reason);
	tap_ok(str_eq(f->hint, hint), "%s: the hint (%s)", path, f->hint ? f->hint : "none");
}

static void all_of_them(void)
{
	static const char text[] = "{\n"
				   " \"hostnam\": {\"a\": [1]},\n"
				   " \"process\": {\"cwd\": 5, \"args\": [\"a\", 1, {\"x\": []}, \"b\"],\n"
				   "  \"user\": {\"uid\": -1, \"gid\": 1, \"gid\": 2}},\n"
				   " \"mounts\": [5, {\"destination\": \"/a\"}, {}, {\"destination\": \"/b\", \"optoins\": []}],\n"
				   " \"annotations\": {\"a\": \"1\", \"a\": \"2\", \"b\": null}\n"
				   "}\n";
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_findings fs;
	struct oci_config *c = check(text, &a, &fs);

	tap_ok(c != NULL && fs.len == 12, "all findings (%zu)", fs.len);
	is_finding(&fs, 0, 1, 1, "ociVersion", "required member is missing", NULL);
	is_finding(&fs, 1, 2, 2, "hostnam", "unknown member", "hostname");
	is_finding(&fs, 2, 3, 21, "process.cwd", "expected a string, found 5", NULL);
	is_finding(&fs, 3, 3, 38, "process.args[1]", "expected a string, found 1", NULL);
	is_finding(&fs, 4, 3, 41, "process.args[2]", "expected a string, found an object", NULL);
	is_finding(&fs, 5, 4, 19, "process.user.uid", "expected an unsigned 32-bit integer, found -1", NULL);
	is_finding(&fs, 6, 4, 33, "process.user.gid", "duplicate key", NULL);
	is_finding(&fs, 7, 5, 13, "mounts[0]", "expected an object, found 5", NULL);
	is_finding(&fs, 8, 5, 39, "mounts[2].destination", "required member is missing", NULL);
	is_finding(&fs, 9, 5, 65, "mounts[3].optoins", "unknown member", "options");
	tap_ok(fs.v[1].severity == OCI_WARNING && fs.v[0].severity == OCI_ERROR, "what is not known is a warning");
	if (!c)
		return;
	tap_ok(c->process && c->process->args_len == 4 && str_eq(c->process->args[3], "b"), "elements keep their numbers");
	tap_ok(c->process && str_eq(c->process->args[2], "") && str_eq(c->process->cwd, ""), "something in their place");
	tap_ok(c->process && c->process->user && c->process->user->gid == 1, "the first of two counts");
	tap_ok(c->mounts_len == 4 && str_eq(c->mounts[3].destination, "/b") && str_eq(c->mounts[2].destination, ""),
		"objects keep their numbers");
	tap_ok(str_eq(oci_map_get(c->annotations, "a"), "1"), "the first of two in a map counts");
}

static void broken(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_findings fs;

	tap_ok(!check("{\"hostname\": 5, \"process\": }", &a, &fs) && fs.len == 2, "what is no JSON ends it");
	is_finding(&fs, 0, 1, 14, "hostname", "expected a string, found 5", NULL);
	tap_ok(!check("", &a, &fs) && fs.len == 1, "nothing at all");
	tap_ok(!check("[]", &a, &fs) && fs.len == 1, "no object");
}

static void places(void)
{
	static const char text[] = "{\"a\": {\"b\": [1, {\"c d\": \"}]\\\"\"},\n [true]]},\n \"x\": \"y\"}";
	static const struct {
		const char *path;
		size_t line, column;
	} cases[] = {
		{"", 1, 1},
		{"a.b[0]", 1, 14},
		{"a.b[1][\"c d\"]", 1, 25},
		{"a.b[2][0]", 2, 3},
		{"a.b[1].none", 1, 17},
		{"x", 3, 7},
		{"xy", 1, 1},
	};
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_findings fs = {.arena = &a};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		oci_findings_add(&fs, &(struct oci_finding){.path = cases[i].path, .reason = ""});
	oci_findings_locate(&fs, 0, text, str_len(text));
	for (size_t i = 0; i < fs.len; i++)
		tap_ok(fs.v[i].line == cases[i].line && fs.v[i].column == cases[i].column, "the place of %s (%zu, %zu)",
			cases[i].path, fs.v[i].line, fs.v[i].column);
}

static void concerned(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_findings fs = {.arena = &a};

	oci_findings_add(&fs, &(struct oci_finding){.severity = OCI_ERROR, .path = "mounts[1].type", .reason = ""});
	oci_findings_add(&fs, &(struct oci_finding){.severity = OCI_WARNING, .path = "root", .reason = ""});
	tap_ok(oci_findings_concern(&fs, fs.len, "mounts[1]"), "what holds it");
	tap_ok(oci_findings_concern(&fs, fs.len, "mounts[1].type.x"), "what is in it");
	tap_ok(!oci_findings_concern(&fs, fs.len, "mounts[10]") && !oci_findings_concern(&fs, fs.len, "mounts[1].types"),
		"not what begins alike");
	tap_ok(!oci_findings_concern(&fs, fs.len, "root"), "a warning does not count");
}

static void names(void)
{
	struct oci_nearest n = OCI_NEAREST("CAP_SYS_ADMN"), none = OCI_NEAREST("x"), far = OCI_NEAREST("ipc"),
			   swapped = OCI_NEAREST("cdw");

	oci_nearest_try(&n, "CAP_SYS_MODULE");
	oci_nearest_try(&n, "CAP_SYS_ADMIN");
	oci_nearest_try(&n, "CAP_CHOWN");
	tap_ok(str_eq(n.best, "CAP_SYS_ADMIN"), "the nearest name");
	oci_nearest_try(&swapped, "pid");
	oci_nearest_try(&swapped, "cwd");
	tap_ok(str_eq(swapped.best, "cwd") && swapped.distance == 1, "neighbours that have changed places");
	oci_nearest_try(&none, "y");
	oci_nearest_try(&far, "uts");
	tap_ok(!none.best && !far.best, "none where none is near");
}

int main(void)
{
	all_of_them();
	broken();
	places();
	concerned();
	names();
	return tap_done();
}
