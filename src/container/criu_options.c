/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "container/checkpoint.h"
#include "container/criu.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

enum { LOG_LEVEL = 4, LOG_MAX = 64 << 20, ERRORS = 3 };

struct word {
	const char *text;
	uint64_t value;
};

static const struct word cgroup_modes[] = {{"ignore", 0}, {"soft", 3}, {"full", 4}, {"strict", 5}};
static const struct word network_locks[] = {{"iptables", 1}, {"nftables", 2}, {"skip", 3}};
enum { CGROUP_MODE_DEFAULT = 6 };

/* ---- directories ---- */

static int make_with_parents(const char *path, mode_t mode)
{
	char part[4096];
	size_t n = str_copy(part, sizeof(part), path);

	if (n != strlen(path))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= n; i++)
		if (path[i] == '/' || path[i] == '\0') {
			part[i] = '\0';
			if (mkdir(part, mode) < 0 && errno != EEXIST)
				return -errno;
			part[i] = path[i];
		}
	return 0;
}

static int open_dir(const char *option, const char *path, mode_t make, int *ret, struct error *err)
{
	int r = make ? make_with_parents(path, make) : 0;

	if (r == 0) {
		*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = *ret < 0 ? -errno : 0;
	}
	return r < 0 ? error_errno(err, r, "%s: %s", option, path) : 0;
}

int criu_dirs_open(const struct criu_settings *s, mode_t make, struct criu_dirs *ret, struct error *err)
{
	int r;

	*ret = CRIU_DIRS_INIT;
	ret->images_path = s->image_path && *s->image_path ? s->image_path : "checkpoint";
	ret->work_path = s->work_path && *s->work_path ? s->work_path : ret->images_path;
	r = open_dir("--image-path", ret->images_path, make, &ret->images, err);
	if (r == 0 && ret->work_path != ret->images_path)
		r = open_dir("--work-path", ret->work_path, 0700, &ret->work, err);
	return r;
}

int criu_dirs_keep(const struct criu_dirs *d, struct criu *criu, struct error *err)
{
	int r = criu_keep(criu, d->images, err);

	return r < 0 ? r : criu_keep(criu, d->work, err);
}

static int reopen(const char *path, int fd, struct error *err)
{
	_cleanup_close_ int again = -1;
	int r;

	if (fd < 0)
		return 0;
	r = open_dir("restore", path, 0, &again, err);
	return r < 0 ? r : dup3(again, fd, O_CLOEXEC) < 0 ? error_errno(err, errno, "restore: %s", path) : 0;
}

int criu_dirs_reopen(const struct criu_dirs *d, struct error *err)
{
	int r = reopen(d->images_path, d->images, err);

	return r < 0 ? r : reopen(d->work_path, d->work, err);
}

void criu_dirs_close(struct criu_dirs *d)
{
	fd_close(&d->images);
	fd_close(&d->work);
}

/* ---- options ---- */

static int find_word(const struct word *words, size_t n, const char *text, uint64_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(words[i].text, text)) {
			*ret = words[i].value;
			return 0;
		}
	return -EINVAL;
}

static int put_words(struct criu_message *m, const struct criu_settings *s, struct error *err)
{
	uint64_t mode = CGROUP_MODE_DEFAULT, lock = 0;

	if (s->manage_cgroups_mode && *s->manage_cgroups_mode &&
		find_word(cgroup_modes, 4, s->manage_cgroups_mode, &mode) < 0)
		return error_set(err, EINVAL, "invalid manage-cgroups-mode value: %s", s->manage_cgroups_mode);
	if (s->network_lock && *s->network_lock && find_word(network_locks, 3, s->network_lock, &lock) < 0)
		return error_set(
			err, EINVAL, "--network-lock: \"%s\": it is iptables, nftables or skip", s->network_lock);
	for (size_t i = 0; i < s->empty_ns_len; i++)
		if (!str_eq(s->empty_ns[i], "network"))
			return error_set(err, EINVAL, "--empty-ns: namespace \"%s\" is not supported", s->empty_ns[i]);
	criu_put_flag(m, CRIU_MANAGE_CGROUPS, true);
	criu_put_number(m, CRIU_MANAGE_CGROUPS_MODE, mode);
	if (lock)
		criu_put_number(m, CRIU_NETWORK_LOCK, lock);
	/* devices and addresses are for those who made them; so it is with or without --empty-ns network */
	criu_put_number(m, CRIU_EMPTY_NS, CLONE_NEWNET);
	return 0;
}

static void put_config_file(struct criu_message *m, const struct oci_map *annotations)
{
	for (size_t i = 0; annotations && i < annotations->len; i++)
		if (str_eq(annotations->keys[i], "org.criu.config")) {
			criu_put_text(m, CRIU_CONFIG_FILE, annotations->values[i]); /* "": none at all */
			return;
		}
	criu_put_text(m, CRIU_CONFIG_FILE, "/etc/criu/runc.conf");
}

int criu_put_settings(struct criu_message *m, const struct criu_settings *s, const struct criu_dirs *d, const char *log,
	const struct oci_map *annotations, struct error *err)
{
	criu_put_number(m, CRIU_IMAGES_DIR_FD, (uint64_t)d->images);
	if (d->work >= 0)
		criu_put_number(m, CRIU_WORK_DIR_FD, (uint64_t)d->work);
	criu_put_number(m, CRIU_LOG_LEVEL, LOG_LEVEL);
	criu_put_text(m, CRIU_LOG_FILE, log);
	criu_put_flag(m, CRIU_NOTIFY_SCRIPTS, true);
	criu_put_flag(m, CRIU_TCP_ESTABLISHED, s->tcp_established);
	criu_put_flag(m, CRIU_TCP_CLOSE, s->tcp_close);
	criu_put_flag(m, CRIU_EXT_UNIX_SK, s->ext_unix_sk);
	criu_put_flag(m, CRIU_SHELL_JOB, s->shell_job);
	criu_put_flag(m, CRIU_FILE_LOCKS, s->file_locks);
	criu_put_flag(m, CRIU_AUTO_DEDUP, s->auto_dedup);
	criu_put_flag(m, CRIU_LAZY_PAGES, s->lazy_pages);
	put_config_file(m, annotations);
	return put_words(m, s, err);
}

/* ---- the reason of a failure ---- */

/* A line is "(00.01) Error (criu/x.c:12): REASON"; the reason comes first, and then who could not go on because of it.
 */
static void last_errors(const char *text, char *ret, size_t size)
{
	const char *found[ERRORS] = {NULL}, *p = text;
	size_t n = 0, len = 0;

	while ((p = strstr(p, "Error ("))) {
		const char *start = strstr(p, "): "), *end = strchrnul(p, '\n');

		if (start && start < end && memmem(start, (size_t)(end - start), " FAILED.", 8) == NULL)
			found[n++ % ERRORS] = start + 3;
		p = end;
	}
	for (size_t i = n > ERRORS ? n - ERRORS : 0; i < n; i++) {
		p = found[i % ERRORS];
		len += fmt(ret + len, size - len, "%s%.*s", len ? "; " : "", (int)(strchrnul(p, '\n') - p), p);
	}
}

int criu_explain(const struct criu *c, const struct criu_dirs *d, const char *log, struct error *err)
{
	_cleanup_buffer_ struct buffer text = BUFFER_INIT;
	char found[600] = "";
	struct error before = *err;
	size_t len;

	if (!c->failed)
		return -before.code;
	if (file_load_at(d->work >= 0 ? d->work : d->images, log, LOG_MAX, &text, &len, NULL) == 0)
		last_errors(text.data, found, sizeof(found));
	if (found[0])
		return error_set(err, before.code, "%s: %s (log: %s/%s)", before.msg, found, d->work_path, log);
	return c->reason[0] ? error_set(err, before.code, "%s: %s", before.msg, c->reason) : -before.code;
}

/* ---- namespaces ---- */

const char *criu_external_key(uint32_t namespace)
{
	return namespace == CLONE_NEWNET ? "extRootNetNS" : namespace == CLONE_NEWPID ? "extRootPidNS" : NULL;
}

const char *criu_namespace_name(uint32_t namespace)
{
	switch (namespace) {
	case CLONE_NEWNET:
		return "net";
	case CLONE_NEWPID:
		return "pid";
	case CLONE_NEWIPC:
		return "ipc";
	case CLONE_NEWUTS:
		return "uts";
	case CLONE_NEWNS:
		return "mnt";
	case CLONE_NEWUSER:
		return "user";
	case CLONE_NEWTIME:
		return "time";
	default:
		return "cgroup";
	}
}
