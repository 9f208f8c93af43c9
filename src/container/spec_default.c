/* SPDX-License-Identifier: Apache-2.0 */
#include "container/spec_default.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/cgroup.h"
#include "container/spec_ids.h"

/* What capabilities and namespaces leave open to any process, and ordinary programs do not need. What a capability
 * guards and `spec` does not give (mount, setns, reboot ...) is not named: who adds the capability by hand wants the call.
 * By group:
 * - keys: a user's keyrings are one for all containers without a user namespace;
 * - bpf, io_uring, perf, userfaultfd: large parts of the kernel, closed or open to users as the host's sysctls say;
 * - modules, kexec, open_by_handle_at: no container is to have them, whatever capabilities it is given;
 * - modify_ldt: for 16-bit programs; syslog: the host's messages, where dmesg_restrict is off;
 * - CLONE_NEWUSER: a user namespace gives every capability over what is made in it. A filter cannot see the flags of
 *   clone3: ENOSYS, and libraries take clone;
 * - TIOCSTI, TIOCLINUX: input for whoever holds the other end of a terminal that is not the container's own;
 * - address families above AF_PACKET: rare protocols whose modules the kernel loads at a user's word, and AF_ALG and
 *   AF_VSOCK, which no network namespace holds. What comes before is not there outside the first network namespace.
 * Other ABIs (x32, 32-bit) are killed: the filter has a section for the machine's own alone. */
#define REFUSE "\"action\":\"SCMP_ACT_ERRNO\""
#define NUMBER_(n) #n
#define NUMBER(n) NUMBER_(n)
#define MASKED(index, mask, value)                                                                                     \
	"\"args\":[{\"index\":" #index ",\"value\":" #mask ",\"valueTwo\":" #value ",\"op\":\"SCMP_CMP_MASKED_EQ\"}]"
#define PROFILE                                                                                                        \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["                                                           \
	"{\"names\":[\"add_key\",\"keyctl\",\"request_key\",\"bpf\",\"io_uring_enter\",\"io_uring_register\","             \
	"\"io_uring_setup\",\"perf_event_open\",\"userfaultfd\",\"init_module\",\"finit_module\",\"delete_module\","         \
	"\"kexec_load\",\"kexec_file_load\",\"open_by_handle_at\",\"modify_ldt\",\"syslog\"]," REFUSE "},"                 \
	"{\"names\":[\"clone3\"]," REFUSE ",\"errnoRet\":" NUMBER(ENOSYS) "},"                                             \
	"{\"names\":[\"clone\",\"unshare\"]," REFUSE "," MASKED(0, 268435456, 268435456) "},"                              \
	"{\"names\":[\"ioctl\"]," REFUSE "," MASKED(1, 4294967295, 21522) "},"                                             \
	"{\"names\":[\"ioctl\"]," REFUSE "," MASKED(1, 4294967295, 21532) "},"                                             \
	"{\"names\":[\"socket\",\"socketpair\"]," REFUSE ",\"errnoRet\":" NUMBER(EAFNOSUPPORT)                             \
	",\"args\":[{\"index\":0,\"value\":17,\"op\":\"SCMP_CMP_GT\"}]}]}"

/* Everything; what is not wanted is taken out. Of maskedPaths the last two are not runc's. */
enum { OWN_MASKED_PATHS = 2 };
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
	"{\"type\":\"mount\"},{\"type\":\"cgroup\"},{\"type\":\"user\"}],"
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
	"\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\","
	"\"/proc/interrupts\",\"/sys/devices/virtual/powercap\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"],"
	"\"seccomp\":" PROFILE "}}";

static void drop_namespace(struct oci_linux *l, const char *type)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->namespaces_len; i++)
		if (!str_eq(l->namespaces[i].type, type))
			l->namespaces[kept++] = l->namespaces[i];
	l->namespaces_len = kept;
}

static int map_root_to(struct arena *a, struct oci_linux *l, uint32_t uid, uint32_t gid, const struct spec_ids *ids)
{
	l->uid_mappings = arena_new(a, struct oci_id_mapping);
	l->gid_mappings = arena_new(a, struct oci_id_mapping);
	if (!l->uid_mappings || !l->gid_mappings)
		return -ENOMEM;
	*l->uid_mappings = (struct oci_id_mapping){.container_id = 0, .host_id = uid, .size = ids->uids};
	*l->gid_mappings = (struct oci_id_mapping){.container_id = 0, .host_id = gid, .size = ids->gids};
	l->uid_mappings_len = l->gid_mappings_len = 1;
	return 0;
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
	drop_namespace(c->linux, "network");
	c->linux->resources = NULL;
	for (size_t i = 0; i < c->mounts_len; i++)
		if (fix_mount(a, &c->mounts[i]) < 0)
			return -ENOMEM;
	return map_root_to(a, c->linux, geteuid(), getegid(), &(struct spec_ids){1, 1});
}

/* Root's user namespace: only where the rootfs is made for it, else all its files would be nobody's. */
static int make_for_root(struct arena *a, const struct spec_wish *w, struct oci_config *c)
{
	const char *rootfs = arena_fmt(a, "%s/rootfs", w->bundle);
	struct spec_ids ids;
	struct stat st;

	if (!rootfs)
		return -ENOMEM;
	if (!w->runc && stat(rootfs, &st) == 0 && spec_ids_of_root(a, st.st_uid, st.st_gid, &ids))
		return map_root_to(a, c->linux, st.st_uid, st.st_gid, &ids);
	drop_namespace(c->linux, "user");
	return 0;
}

int spec_default(struct arena *a, const struct spec_wish *w, struct oci_config **ret, struct error *err)
{
	struct cgroup_host host;
	struct oci_config *c;
	int r;

	r = oci_config_read(text, sizeof(text) - 1, a, &c, NULL, err);
	if (r >= 0)
		r = cgroup_host_detect(&host, a, err);
	if (r < 0)
		return r;
	if (host.mode != CGROUP_MODE_V2)
		drop_namespace(c->linux, "cgroup");
	if (w->rootless)
		r = make_rootless(a, c);
	else
		r = make_for_root(a, w, c);
	if (w->runc) {
		c->linux->seccomp = NULL;
		c->linux->masked_paths_len -= OWN_MASKED_PATHS;
		c->hostname = arena_strdup(a, "runc");
	}
	if (r < 0 || !c->hostname)
		return error_errno(err, ENOMEM, "spec");
	*ret = c;
	return 0;
}
