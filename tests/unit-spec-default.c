/* SPDX-License-Identifier: Apache-2.0 */
#include "container/spec_default.h"
#include "container/spec_ids.h"

#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/tap.h"

static bool has_namespace(const struct oci_config *c, const char *type)
{
	for (size_t i = 0; i < c->linux->namespaces_len; i++)
		if (str_eq(c->linux->namespaces[i].type, type))
			return true;
	return false;
}

static const struct oci_mount *mount_at(const struct oci_config *c, const char *destination)
{
	for (size_t i = 0; i < c->mounts_len; i++)
		if (str_eq(c->mounts[i].destination, destination))
			return &c->mounts[i];
	return NULL;
}

static bool has_option(const struct oci_mount *m, const char *option)
{
	for (size_t i = 0; m && i < m->options_len; i++)
		if (str_starts(m->options[i], option))
			return true;
	return false;
}

/* What is written can be read again, and says the same. */
static void written(struct arena *a, const struct oci_config *c, const char *name)
{
	struct oci_unknown unknown = {0};
	struct oci_config *again = NULL;
	struct error err = {0};
	char *json, *twice;
	size_t len;

	tap_is_int(oci_config_write_indented(c, "\t", a, &json, &len, &err), 0, "%s: written %s", name, err.msg);
	tap_is_int(oci_config_read(json, len, a, &again, &unknown, &err), 0, "%s: read again %s", name, err.msg);
	tap_is_int(unknown.len, 0, "%s: nothing that the specification does not have", name);
	tap_is_int(oci_config_write_indented(again, "\t", a, &twice, NULL, &err), 0, "%s: written twice", name);
	tap_is_str(twice, json, "%s: the same", name);
}

static void ids(uint32_t first, uint32_t wanted, const char *lines)
{
	char text[128];

	strcpy(text, lines);
	tap_is_int(spec_ids_find(text, first), wanted, "%zu bytes of lines, from id %u", strlen(lines), first);
}

static void subordinate_ids(void)
{
	ids(100000, 65536, "root:100000:65536");
	ids(100000, 70000, "\nuser:100000:65536\nroot:1:65536\n0:100000:70000\n");
	ids(100000, 0, "user:100000:65536\n");
	ids(100000, 0, "root:100000:65535\n");
	ids(100000, 0, "root:100001:65536\nroot:100000:x\nroot:100000\nroot\n:::\nroot:100000:65536:1\n");
	ids(0, 0, "root:0:65536\n");
	ids(4294901759, 65536, "root:4294901759:65536\n");
	ids(4294901760, 0, "root:4294901760:65536\n");
	ids(100000, 0, "");
}

int main(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_config *c = NULL;
	struct error err = {0};

	tap_is_int(spec_default(&a, &(struct spec_wish){.bundle = "/nowhere"}, &c, &err), 0, "default %s", err.msg);
	tap_is_str(c->oci_version, OCI_VERSION, "version");
	tap_ok(has_namespace(c, "network") && !has_namespace(c, "user"), "a network namespace, no user namespace");
	tap_ok(c->linux->resources && c->linux->resources->devices_len == 1, "devices are denied");
	tap_ok(has_option(mount_at(c, "/dev/pts"), "gid=5"), "/dev/pts belongs to the group tty");
	tap_ok(!c->process->capabilities->ambient, "no ambient capabilities");
	tap_ok(c->linux->seccomp && !c->linux->seccomp->architectures, "a filter, for whatever machine it is taken to");
	written(&a, c, "default");

	tap_is_int(spec_default(&a, &(struct spec_wish){.bundle = "/nowhere", .rootless = true}, &c, &err), 0, "rootless %s", err.msg);
	tap_ok(!has_namespace(c, "network") && has_namespace(c, "user"),
		"rootless: a user namespace, the host's network");
	tap_ok(!c->linux->resources, "rootless: no resources");
	tap_ok(c->linux->uid_mappings_len == 1 && c->linux->uid_mappings->host_id == geteuid() &&
			c->linux->uid_mappings->size == 1,
		"rootless: one uid");
	tap_ok(c->linux->gid_mappings_len == 1 && c->linux->gid_mappings->host_id == getegid(), "rootless: one gid");
	tap_ok(!has_option(mount_at(c, "/dev/pts"), "gid="), "rootless: no gid for /dev/pts");
	tap_ok(has_option(mount_at(c, "/sys"), "rbind"), "rootless: /sys is the host's");
	written(&a, c, "rootless");

	subordinate_ids();
	return tap_done();
}
