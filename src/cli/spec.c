/* SPDX-License-Identifier: Apache-2.0 */
#include "container/spec_default.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "cli/cli.h"

struct spec_options {
	const char *bundle, *file;
	bool rootless, runc;
};

static const struct option options[] = {
	OPTION(struct spec_options, bundle, "bundle", 'b', "directory to write it to (default: the current directory)"),
	OPTION(struct spec_options, file, "file", 'f', "name of the file (default: config.json)"),
	OPTION(struct spec_options, rootless, "rootless", 0, "a configuration for a user who is not root (default: for such a user)"),
	OPTION(struct spec_options, runc, "runc", 0, "what runc writes: no filter, a user namespace only with --rootless"),
};

static int write_new(const char *dir, const char *file, const char *json, size_t len, struct error *err)
{
	_cleanup_close_ int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	int r;

	if (dirfd < 0)
		return error_errno(err, errno, "spec: %s", dir);
	fd = openat(dirfd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return error_set(err, EEXIST, "File %s exists. Remove it first", file);
	if (fd < 0)
		return error_errno(err, errno, "spec: %s", file);
	r = fd_write_all(fd, json, len);
	return r < 0 ? error_errno(err, r, "spec: write %s", file) : 0;
}

static int run(struct cli *c, struct error *err)
{
	const struct spec_options *o = c->options;
	const struct spec_wish wish = {
		.bundle = o->bundle ? o->bundle : ".",
		.rootless = o->rootless || (geteuid() != 0 && !o->runc),
		.runc = o->runc,
	};
	struct oci_config *config;
	char *json;
	size_t len;
	int r = spec_default(c->arena, &wish, &config, err);

	if (r >= 0)
		r = oci_config_write_indented(config, "\t", c->arena, &json, &len, err);
	if (r < 0)
		return r;
	json[len++] = '\n'; /* in the place of the NUL */
	return write_new(wish.bundle, o->file ? o->file : "config.json", json, len, err);
}

const struct verb verb_spec = {
	.name = "spec",
	.summary = "create a new specification file",
	.usage = "",
	.description = "Writes a config.json that runs \"sh\" in the root file system \"rootfs\" beside\n"
		       "it. A file that exists is left as it is.\n"
		       "\n"
		       "It has a seccomp filter, and a user namespace: for a user who is not root, of\n"
		       "one id; for root, where \"rootfs\" belongs to the first of root's subordinate ids\n"
		       "(at least 65536, in /etc/subuid and /etc/subgid), of all of them.",
	.examples = "%s spec\n"
		    "%s spec --rootless --bundle /srv/web",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct spec_options),
	.stateless = true,
	.run = run,
};
