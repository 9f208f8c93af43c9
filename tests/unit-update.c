/* SPDX-License-Identifier: Apache-2.0 */

/* What update reads from its command line, and the schemata of a resctrl group, of which a directory takes the part. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/size.h"
#include "container/intel_rdt.h"
#include "tests/tap.h"

static struct arena arena;
static struct error err;

static void is_size(const char *text, int64_t want)
{
	int64_t v = -2;

	tap_ok(size_parse(text, &v), "\"%s\" is a size", text);
	tap_is_int(v, want, "\"%s\"", text);
}

static void sizes(void)
{
	static const char *const none[] = {"", " ", "-", "-2", "--1", "x", "k", "1x", "1 x", "1  k", "1k ", "1kbb",
		"1ki b", "1ki", "1.", "1.k", ".5k", "1.2.3", "1e3", "0x10", "1bk", "1ib", "8589934592g",
		"9223372036854775808", "18446744073709551616", "99999999999999999999999"};
	int64_t v = 7;

	is_size("-1", -1);
	is_size("0", 0);
	is_size("4096", 4096);
	is_size("4096b", 4096);
	is_size("4096 B", 4096);
	is_size("1k", 1024);
	is_size("1K", 1024);
	is_size("1kb", 1024);
	is_size("1KiB", 1024);
	is_size("32 m", 33554432);
	is_size("32M", 33554432);
	is_size("3g", 3221225472);
	is_size("2t", 2199023255552);
	is_size("1p", 1125899906842624);
	is_size("1.5k", 1536);
	is_size("0.5", 0);
	is_size("0.048828125g", 52428800);
	is_size("1.0000000001g", 1073741824);
	is_size("9223372036854775807", INT64_MAX);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		tap_ok(!size_parse(none[i], &v), "\"%s\" is none", none[i]);
	tap_is_int(v, 7, "and leaves the value alone");
}

static void put(const char *dir, const char *name, const char *text)
{
	const char *path = arena_fmt(&arena, "%s/%s", dir, name);

	file_replace_at(AT_FDCWD, path, text, str_len(text), 0644, &err);
}

static const char *get(const char *dir)
{
	char *text;

	return file_read_at(&arena, AT_FDCWD, arena_fmt(&arena, "%s/schemata", dir), 4096, &text, NULL, &err) == 0
		       ? text
		       : "";
}

static void available(const char *root)
{
	static const char l3[] = "L3:0=f", mb[] = "MB:0=50";

	tap_is_int(intel_rdt_available(root, NULL, NULL, &err), 0, "nothing is asked for");
	tap_is_int(intel_rdt_available(root, l3, NULL, &err), -EOPNOTSUPP, "no cache");
	tap_is_str(err.msg, "Intel RDT/CAT: l3 cache schema is not enabled", "in runc's words");
	tap_is_int(intel_rdt_available(root, NULL, mb, &err), -EOPNOTSUPP, "no bandwidth");
	tap_is_str(err.msg, "Intel RDT/MBA: memory bandwidth schema is not enabled", "in runc's words");
	mkdir(arena_fmt(&arena, "%s/info", root), 0755);
	mkdir(arena_fmt(&arena, "%s/info/L3CODE", root), 0755);
	tap_is_int(intel_rdt_available(root, l3, NULL, &err), 0, "a cache");
	tap_is_int(intel_rdt_available(root, l3, mb, &err), -EOPNOTSUPP, "but still no bandwidth");
	mkdir(arena_fmt(&arena, "%s/info/MB", root), 0755);
	tap_is_int(intel_rdt_available(root, l3, mb, &err), 0, "both");
	tap_is_int(intel_rdt_available(root, NULL, "L3:0=f", &err), -EINVAL, "a line for something else");
}

static void schemata(const char *root)
{
	struct intel_rdt rdt = {.group = arena_fmt(&arena, "%s/group", root)};
	const char *before = NULL;

	tap_is_int(intel_rdt_update(&rdt, "L3:0=f", NULL, &arena, &before, &err), -ENOENT, "a group that has gone");
	mkdir(rdt.group, 0755);
	put(rdt.group, "schemata", "    L3:0=ff\n");
	tap_is_int(intel_rdt_update(&rdt, "MB:0=10\nL3:0=f\n\nL3CODE:1=3", "MB:0=50", &arena, &before, &err), 0,
		"written: %s", err.msg);
	tap_is_str(get(rdt.group), "L3:0=f\nL3CODE:1=3\nMB:0=50\n", "the cache's lines, and the one for the bandwidth");
	tap_is_str(before, "    L3:0=ff\n", "what was there is known");
	put(rdt.group, "schemata", "");
	intel_rdt_put_back(&rdt, before);
	tap_is_str(get(rdt.group), before, "and comes back");
	tap_is_int(intel_rdt_update(&rdt, "MB:0=10", NULL, &arena, &before, &err), -EINVAL, "no line for the cache");
	tap_is_str(get(rdt.group), "    L3:0=ff\n", "changes nothing");
}

int main(void)
{
	char root[] = "/tmp/unit-update-XXXXXX";

	sizes();
	if (!mkdtemp(root))
		return 1;
	available(root);
	schemata(root);
	for (const char *const *p =
			(const char *const[]){"group/schemata", "group", "info/MB", "info/L3CODE", "info", NULL};
		*p; p++)
		remove(arena_fmt(&arena, "%s/%s", root, *p));
	tap_is_int(rmdir(root), 0, "nothing is left");
	arena_done(&arena);
	return tap_done();
}
