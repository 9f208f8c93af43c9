/* SPDX-License-Identifier: Apache-2.0 */
#include "container/spec_default.h"

#include <errno.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/cgroup.h"

static const char text[] =
	"{\"ociVersion\":\"" OCI_VERSION "\","
	"\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"TERM=xterm\"],"
	"\"cwd\":\"/\",\"noNewPrivileges\":true,"
	"\"capabilities\":{"
	"\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
	"\"effective\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
	"\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}]},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
	"\"hostname\":\"enviro-oci\","
	"\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
	"\"linux\":{"
	"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
	"{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
	"\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";

static void drop_namespace(struct oci_linux *l, const char *type)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->namespaces_len; i++)
		if (!str_eq(l->namespaces[i].type, type))
			l->namespaces[kept++] = l->namespaces[i];
	l->namespaces_len = kept;
}

static struct oci_id_mapping *map_root_to(struct arena *a, uint32_t host_id)
{
	struct oci_id_mapping *m = arena_new(a, struct oci_id_mapping);

	if (m)
		*m = (struct oci_id_mapping){.container_id = 0, .host_id = host_id, .size = 1};
	return m;
}

/* A user without privileges can neither mount a sysfs of the host's network nor map the group tty. */
static int fix_mount(struct arena *a, struct oci_mount *m)
{
	static const char *const bind[] = {"rbind", "nosuid", "noexec", "nodev", "ro"};
	size_t kept = 0;

	if (str_eq(m->destination, "/sys")) {
		m->options_len = sizeof(bind) / sizeof(bind[0]);
		m->options = arena_array(a, m->options_len, sizeof(*m->options));
		m->type = arena_strdup(a, "none");
		m->source = arena_strdup(a, "/sys");
		for (size_t i = 0; m->options && i < m->options_len; i++)
			m->options[i] = arena_strdup(a, bind[i]);
		return m->options && m->type && m->source ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < m->options_len; i++)
		if (!str_starts(m->options[i], "gid=") && !str_starts(m->options[i], "uid="))
			m->options[kept++] = m->options[i];
	m->options_len = kept;
	return 0;
}

static int make_rootless(struct arena *a, struct oci_config *c)
{
	struct oci_linux *l = c->linux;

	drop_namespace(l, "network"); /* its place is free for the user namespace */
	l->namespaces[l->namespaces_len++] = (struct oci_namespace){.type = arena_strdup(a, "user")};
	l->uid_mappings = map_root_to(a, geteuid());
	l->gid_mappings = map_root_to(a, getegid());
	l->uid_mappings_len = l->gid_mappings_len = 1;
	l->resources = NULL;
	for (size_t i = 0; i < c->mounts_len; i++)
		if (fix_mount(a, &c->mounts[i]) < 0)
			return -ENOMEM;
	return l->uid_mappings && l->gid_mappings ? 0 : -ENOMEM;
}

int spec_default(struct arena *a, bool rootless, struct oci_config **ret, struct error *err)
{
	struct cgroup_host host;
	struct oci_config *c;
	int r;

	r = oci_config_read(text, sizeof(text) - 1, a, &c, NULL, err);
	if (r < 0)
		return r;
	r = cgroup_host_detect(&host, a, err);
	if (r < 0)
		return r;
	if (host.mode != CGROUP_MODE_V2)
		drop_namespace(c->linux, "cgroup");
	if (rootless && make_rootless(a, c) < 0)
		return error_errno(err, ENOMEM, "spec");
	*ret = c;
	return 0;
}
