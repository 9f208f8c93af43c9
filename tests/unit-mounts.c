/* SPDX-License-Identifier: Apache-2.0 */

/* mounts, devices and paths: what the spec becomes in the plan, and paths below a rootfs that leads astray. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "init/inroot.h"
#include "kernel/mountapi.h"
#include "kernel/sys.h"
#include "plan/compile.h"
#include "plan/path.h"
#include "tap.h"

#define OPTIONS(...) ((const char *[]){__VA_ARGS__, NULL})

static struct arena arena;
static struct error err;
static struct oci_namespace namespaces[] = {{.type = (char *)"mount"}, {.type = (char *)"cgroup"}};
static struct oci_linux linux_part = {.namespaces = namespaces, .namespaces_len = 1};
static struct oci_root root = {.path = (char *)"rootfs"};
static struct oci_config config = {.root = &root, .linux = &linux_part};
static const struct plan_input input = {.config = &config, .id = "c", .bundle = "/bundle"};

static struct oci_mount mount_of(const char *dest, const char *type, const char *source, const char **options)
{
	struct oci_mount m = {.destination = (char *)dest,
		.type = (char *)type,
		.source = (char *)source,
		.options = (char **)options};

	while (options && options[m.options_len])
		m.options_len++;
	return m;
}

/* The plan of one function, or NULL with err filled. */
static const struct plan *plan_of(int (*add)(struct plan_builder *, const struct plan_input *, struct error *))
{
	struct plan_builder b;
	struct plan *p;

	err = (struct error){0};
	plan_begin(&b, &arena);
	return add(&b, &input, &err) < 0 || plan_finish(&b, &p, &err) < 0 ? NULL : p;
}

static const struct plan *with_mount(struct oci_mount *m)
{
	config.mounts = m;
	config.mounts_len = 1;
	return plan_of(plan_add_mounts);
}

static const struct plan_mount *first_mount(const struct plan *p)
{
	static const struct plan_mount none;

	return p ? (const struct plan_mount *)plan_first(p) : &none;
}

static void refused(struct oci_mount m, const char *words)
{
	tap_ok(!with_mount(&m), "refused: %s", words);
	tap_is_str(err.msg, words, "it says why");
}

static void test_option_names(void)
{
	/* config.md, Linux mount options */
	static const char *const spec[] = {"async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec",
		"iversion", "lazytime", "loud", "mand", "noatime", "nodev", "nodiratime", "noexec", "noiversion",
		"nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid", "nosymfollow", "private", "ratime",
		"rbind", "rdev", "rdiratime", "relatime", "remount", "rexec", "rnoatime", "rnodiratime", "rnoexec",
		"rnorelatime", "rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw",
		"rshared", "rslave", "rstrictatime", "rsuid", "rsymfollow", "runbindable", "rw", "shared", "silent",
		"slave", "strictatime", "suid", "symfollow", "sync", "tmpcopyup", "unbindable", "idmap", "ridmap"};
	const char *const *names = plan_mount_option_names();
	size_t missing = 0, disorder = 0;

	for (size_t i = 0; i < sizeof(spec) / sizeof(spec[0]); i++) {
		struct oci_mount m = mount_of("/a", "tmpfs", "tmpfs", OPTIONS(spec[i]));
		const struct plan *p;
		bool known = false;

		for (size_t j = 0; names[j]; j++)
			known |= strcmp(names[j], spec[i]) == 0;
		p = with_mount(&m);
		known &= !p || !first_mount(p)->data;
		missing += !known;
		if (!known)
			printf("# %s\n", spec[i]);
	}
	for (size_t j = 1; names[0] && names[j]; j++)
		disorder += strcmp(names[j - 1], names[j]) >= 0;
	tap_is_int(missing, 0, "every option of the specification is understood, and none goes to the file system");
	tap_is_int(disorder, 0, "the names are sorted, each once");
}

static void test_file_systems(void)
{
	struct oci_mount m = mount_of("/dev/../dev//shm/.", "tmpfs", "shm",
		OPTIONS("nosuid", "noexec", "exec", "nodev", "mode=1777", "size=65536k", "sync", "rprivate"));
	const struct plan *p = with_mount(&m);
	const struct plan_mount *r = first_mount(p);

	tap_ok(p, "a tmpfs");
	if (!p)
		return;
	tap_is_str(plan_str(p, r->dest), "/dev/shm", "the destination is clean");
	tap_is_str(plan_str(p, r->data), "mode=1777,size=65536k", "the rest is the file system's");
	tap_is_int(r->attr_set, SYS_MOUNT_ATTR_NOSUID | SYS_MOUNT_ATTR_NODEV, "the last of two opposites counts");
	tap_is_int(r->sb_flags, MS_SYNCHRONOUS, "flags of the superblock");
	tap_is_int(r->propagation.n, 1, "propagation");
	tap_is_int(plan_list_u32(p, r->propagation, 0), MS_PRIVATE | MS_REC, "rprivate");

	m = mount_of("rel/path", "tmpfs", "tmpfs", OPTIONS("ro", "noatime", "strictatime"));
	p = with_mount(&m);
	r = first_mount(p);
	tap_is_str(p ? plan_str(p, r->dest) : NULL, "/rel/path", "a relative destination is below /");
	tap_is_int(r->attr_set, SYS_MOUNT_ATTR_STRICTATIME,
		"strictatime wins over noatime, as in mount(2); ro comes later");
	p = plan_of(plan_add_readonly_mounts);
	r = first_mount(p);
	tap_is_int(r->kind, PLAN_MOUNT_REMOUNT, "ro of a tmpfs: a remount behind the devices");
	tap_is_int(r->attr_set, SYS_MOUNT_ATTR_RDONLY, "which sets nothing else");

	linux_part.mount_label = (char *)"system_u:object_r:t:s0:c1,c2";
	m = mount_of("/a", "tmpfs", "tmpfs", OPTIONS("size=1m"));
	p = with_mount(&m);
	if (plan_selinux_enabled())
		tap_is_str(p ? plan_str(p, first_mount(p)->data) : NULL,
			"size=1m,context=\"system_u:object_r:t:s0:c1,c2\"", "mountLabel");
	else
		tap_ok(!p && strncmp(err.msg, "linux.mountLabel: ", 18) == 0, "mountLabel without SELinux is refused");
	linux_part.mount_label = NULL;
}

static void test_binds(void)
{
	struct oci_mount m = mount_of("/bundle/rootfs/data", "none", "/", OPTIONS("rbind"));
	const struct plan *p = with_mount(&m);
	const struct plan_mount *r = first_mount(p);

	tap_ok(p && r->kind == PLAN_MOUNT_BIND && r->flags & PLAN_MOUNT_RECURSIVE,
		"rbind makes it a bind, whatever the type");
	tap_is_str(p ? plan_str(p, r->dest) : NULL, "/data", "a destination that names the rootfs is below it");
	tap_ok(!r->attr_set && !r->attr_clr, "without options the source's flags stay");

	m.options = (char **)OPTIONS("bind", "ro", "exec");
	m.options_len = 3;
	p = with_mount(&m);
	r = first_mount(p);
	tap_is_int(r->attr_set, SYS_MOUNT_ATTR_RDONLY, "ro");
	tap_is_int(r->attr_clr, MOUNT_ATTRS_PLAIN, "with options the others are cleared, but those of access times");
	tap_is_int(r->attr_off, SYS_MOUNT_ATTR_NOEXEC, "what was named to be cleared must not stay");

	m.options = (char **)OPTIONS("bind", "nodiratime");
	m.options_len = 2;
	r = first_mount(with_mount(&m));
	tap_is_int(r->attr_clr, MOUNT_ATTRS_PLAIN | MOUNT_ATTRS_ATIME, "an option of access times replaces them");

	m.options = (char **)OPTIONS("rbind", "rro", "ratime", "rnoatime");
	m.options_len = 4;
	r = first_mount(with_mount(&m));
	tap_is_int(r->rec_set, SYS_MOUNT_ATTR_RDONLY | SYS_MOUNT_ATTR_NOATIME, "recursive: set");
	tap_is_int(r->rec_clr, SYS_MOUNT_ATTR__ATIME, "recursive: access times are cleared to be set");

	m = mount_of("/a", "bind", "rootfs/not/there", NULL);
	p = with_mount(&m);
	tap_is_str(p ? plan_str(p, first_mount(p)->source) : NULL, "/bundle/rootfs/not/there",
		"a relative source is the bundle's; one in the rootfs may come into being");
	tap_is_int(first_mount(p)->slot, PLAN_NO_SLOT, "and is opened by init");
}

static void test_idmap(void)
{
	struct oci_id_mapping map = {0, 1000, 1};
	struct oci_mount m = mount_of("/a", "none", "/", OPTIONS("bind", "idmap"));

	refused(m, "mounts[0].options: \"idmap\" needs uidMappings and gidMappings, or a user namespace");
	m.uid_mappings = &map;
	m.uid_mappings_len = 1;
	refused(m, "mounts[0].uidMappings and gidMappings: one needs the other");
	m.gid_mappings = &map;
	m.gid_mappings_len = 1;
	m.options_len = 1;
	tap_is_int(first_mount(with_mount(&m))->flags & PLAN_MOUNT_IDMAP, PLAN_MOUNT_IDMAP,
		"mappings alone ask for it, too");
}

static void test_refusals(void)
{
	refused(mount_of("/a", "none", "/nowhere/at/all", OPTIONS("bind")),
		"mounts[0].source: /nowhere/at/all: no such file or directory");
	refused(mount_of("/a", "none", "/", OPTIONS("bind", "size=1")),
		"mounts[0].options: \"size=1\" is not known, and a bind mount has no file system to take it");
	refused(mount_of("/a", NULL, "tmpfs", NULL), "mounts[0].type: missing");
	refused(mount_of("", "tmpfs", "tmpfs", NULL), "mounts[0].destination: missing");
	refused(mount_of("/a", "proc", "proc", OPTIONS("tmpcopyup")),
		"mounts[0].options: \"tmpcopyup\" is for a tmpfs only");
	refused(mount_of("/proc/self", "tmpfs", "tmpfs", NULL),
		"mounts[0].destination: \"/proc/self\" cannot be mounted because it is inside /proc");
	refused(mount_of("/x/../proc", "tmpfs", "tmpfs", NULL),
		"mounts[0].destination: \"/proc\" cannot be mounted because it is not of type proc");

	struct oci_mount m = mount_of("/proc/uptime", "none", "/etc/passwd", OPTIONS("bind"));

	tap_ok(with_mount(&m), "lxcfs may cover /proc/uptime");
}

static void test_devices(void)
{
	struct oci_linux_device d[] = {
		{.path = (char *)"/dev/null",
			.type = (char *)"c",
			.has_major = true,
			.major = 1,
			.has_minor = true,
			.minor = 3,
			.has_file_mode = true,
			.file_mode = 0100600,
			.has_uid = true,
			.uid = 7},
		{.path = (char *)"/dev/ptmx",
			.type = (char *)"c",
			.has_major = true,
			.major = 5,
			.has_minor = true,
			.minor = 2},
	};
	struct oci_mount m = mount_of("/dev/", "none", "/dev", OPTIONS("rbind"));
	const struct plan *p;
	size_t n = 0, nulls = 0, own = 0, links = 0;

	config.mounts_len = 0;
	linux_part.devices = d;
	linux_part.devices_len = 2;
	p = plan_of(plan_add_devices);
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_device *v = (const struct plan_device *)s;

		links += s->op == PLAN_OP_DEV_LINKS;
		if (s->op != PLAN_OP_DEVICE)
			continue;
		n++;
		nulls += strcmp(plan_str(p, v->path), "/dev/null") == 0;
		own += v->mode == 0600 && v->uid == 7 && s->index == 0;
	}
	tap_is_int(n, 6, "six devices: ptmx is made as a link");
	tap_ok(nulls == 1 && own == 1 && links == 1, "the spec's own /dev/null replaces the default one");
	d[0].type = (char *)"x";
	tap_ok(!plan_of(plan_add_devices), "a type that is none");
	tap_is_str(err.msg, "linux.devices[0].type: \"x\" is none of c, b, u, p", "it says which");
	config.mounts = &m;
	config.mounts_len = 1;
	linux_part.devices_len = 0;
	p = plan_of(plan_add_devices);
	tap_ok(p && p->n_steps == 0, "a /dev from the host is left alone");
	d[0].type = (char *)"c";
	linux_part.devices_len = 1;
	p = plan_of(plan_add_devices);
	tap_ok(p && p->n_steps == 1 && ((const struct plan_device *)plan_first(p))->must_exist,
		"what is asked for there must be there already");
	linux_part.devices_len = 0;
}

static void test_paths(void)
{
	char *masked[] = {(char *)"/proc/kcore", (char *)"/proc//kcore/", (char *)"/a/../b"};
	const struct plan_strings *s;
	const struct plan *p;

	linux_part.masked_paths = masked;
	linux_part.masked_paths_len = 3;
	p = plan_of(plan_add_paths);
	s = (const struct plan_strings *)plan_first(p);
	tap_ok(p && p->n_steps == 1 && s->values.n == 2, "each path once");
	tap_is_str(plan_list_str(p, s->values, 1), "/b", "and clean");
	masked[0] = (char *)"proc/kcore";
	tap_ok(!plan_of(plan_add_paths), "a relative path is refused");
	linux_part.masked_paths_len = 0;

	tap_is_str(path_clean(&arena, "", "//a/./b/../../.."), "/", "path_clean");
	tap_is_str(path_clean(&arena, "/x/y", "../z/"), "/x/z", "path_clean below a directory");
	tap_ok(path_is_below("/a/b", "/a") && !path_is_below("/ab", "/a") && !path_is_below("/a", "/a") &&
			path_is_below("/a", "/"),
		"path_is_below");
}

static void test_attributes(void)
{
	const unsigned long ms = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME;
	char names[96];

	tap_is_int(mount_attr_to_ms(mount_attr_from_ms(ms | MS_NOATIME)), ms | MS_NOATIME,
		"mount(2) flags there and back");
	tap_is_int(mount_attr_to_ms(0), MS_RELATIME, "no attribute at all means relatime");
	tap_is_str(mount_attr_names(mount_attr_from_ms(MS_NOSUID | MS_RDONLY | MS_NOATIME), names, sizeof(names)),
		"ro,nosuid,noatime", "attributes by name");
}

/* ---- paths below a root that somebody else has filled ---- */

static bool is_in(int fd, const char *want)
{
	struct stat a, b;

	return fd >= 0 && fstat(fd, &a) == 0 && lstat(want, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static void expect(int fd, const char *want, const char *name)
{
	tap_ok(is_in(fd, want), "%s", name);
	if (fd >= 0)
		close(fd);
}

static void test_inroot(void)
{
	char dir[] = "/tmp/unit-mounts.XXXXXX";
	const char *last;

	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("root", 0755) < 0 || mkdir("root/etc", 0755) < 0) {
		tap_ok(false, "a directory to work in");
		return;
	}
	_cleanup_close_ int fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	tap_ok(symlink("/", "root/abs") == 0 && symlink("../../../../..", "root/up") == 0 &&
			symlink("/new/dir", "root/dangling") == 0 && symlink("../f2", "root/etc/f") == 0 &&
			symlink("loop", "root/loop") == 0 && symlink("gone/../../../out", "root/sly") == 0,
		"links that lead astray");
	expect(inroot_mkdir_p(fd, "/abs/etc", 0755), "root/etc", "inroot: an absolute link stays in the root");
	expect(inroot_mkdir_p(fd, "/up/up/etc", 0755), "root/etc", "inroot: a link upwards stays in the root");
	expect(inroot_mkdir_p(fd, "/dangling/a/b", 0755), "root/new/dir/a/b", "inroot: what a dangling link means is made");
	expect(inroot_file(fd, "/etc/f", 0644), "root/f2", "inroot: a dangling link at the end: its target is made");
	expect(inroot_file(fd, "/etc/f", 0644), "root/f2", "inroot: and found the second time");
	tap_is_int(inroot_mkdir_p(fd, "/loop/x", 0755), -ELOOP, "inroot: a loop ends");
	tap_is_int(inroot_mkdir_p(fd, "/sly/x", 0755), -ENOENT,
		"inroot: nothing is made for \"..\" of a directory that is not there");
	tap_is_int(inroot_mkdir_p(fd, "/f2/x", 0755), -ENOTDIR, "inroot: a file is no directory");
	tap_is_int(inroot_file(fd, "/etc", 0644), -EISDIR, "inroot: a directory is no file");
	tap_is_int(inroot_open(fd, "/proc/self/root", O_PATH), -ENOENT, "inroot: nothing but the root is looked at");
	tap_is_int(inroot_open_plain(fd, "/abs/etc", O_PATH), -ELOOP, "inroot: no link at all where none is wanted");
	expect(inroot_parent(fd, "/n1/n2/name", true, &last), "root/n1/n2", "inroot: the parent is made");
	tap_is_str(last, "name", "inroot: and the last part given");
	tap_is_int(inroot_parent(fd, "/n1/..", true, &last), -EINVAL, "inroot: which is never \"..\"");
	tap_ok(access("out", F_OK) < 0 && access("new", F_OK) < 0 && access("f2", F_OK) < 0,
		"inroot: nothing was made outside");
	if (chdir("/") == 0 && fork() == 0)
		execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
	(void)wait(NULL);
}

int main(void)
{
	test_option_names();
	test_file_systems();
	test_binds();
	test_idmap();
	test_refusals();
	test_devices();
	test_paths();
	test_attributes();
	test_inroot();
	arena_done(&arena);
	return tap_done();
}
