/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "plan/compile.h"
#include "plan/mount_options.h"

/* "uids=0-1000-10#10-2000-5;gids=@0-0-1": ranges of the file system's first id, the first one that is shown, and how
 * many; behind an "@" the second one is an id of the container. */

struct idmap {
	const struct oci_id_mapping *container;
	size_t container_len;
	struct oci_id_mapping *m;
	size_t n;
};

static bool read_number(const char **at, char end, uint32_t *ret)
{
	char text[16];
	size_t n = strspn(*at, "0123456789");

	if (!n || n >= sizeof(text) || ((*at)[n] != end && (*at)[n]))
		return false;
	memcpy(text, *at, n);
	text[n] = '\0';
	*at += n + ((*at)[n] != '\0');
	return str_to_u32(text, ret);
}

/* An id of the container becomes the host's; the range has to lie in one of the mappings. */
static bool to_host(const struct idmap *i, struct oci_id_mapping *m)
{
	for (size_t k = 0; k < i->container_len; k++) {
		const struct oci_id_mapping *c = &i->container[k];

		if (m->host_id < c->container_id || m->host_id - c->container_id >= c->size)
			continue;
		if (m->size > c->size - (m->host_id - c->container_id))
			return false;
		m->host_id = c->host_id + (m->host_id - c->container_id);
		return true;
	}
	return false;
}

static int read_range(struct idmap *i, const char *text, struct error *err)
{
	struct oci_id_mapping m = {0};
	bool relative = *text == '@';
	const char *at = text + relative;

	if (!read_number(&at, '-', &m.container_id) || !read_number(&at, '-', &m.host_id) ||
		!read_number(&at, '\0', &m.size) || *at)
		return error_set(err, EINVAL, "not FIRST-SHOWN-COUNT: \"%s\"", text);
	if (relative && !to_host(i, &m))
		return error_set(err, EINVAL, "not in one range of the container's user namespace: \"%s\"", text);
	i->m[i->n++] = m;
	return 0;
}

static int read_ranges(struct idmap *i, char *text, struct arena *a, struct error *err)
{
	char *save = NULL;
	int r = 0;

	i->n = 0;
	i->m = arena_array(a, strlen(text) / 6 + 2, sizeof(*i->m)); /* the shortest one has six characters */
	if (!i->m)
		return error_errno(err, ENOMEM, "idmap");
	for (char *range = strtok_r(text, "#", &save); range && r == 0; range = strtok_r(NULL, "#", &save))
		r = read_range(i, range, err);
	return r;
}

static int read_list(struct oci_mount *m, const struct oci_linux *l, char *text, struct arena *a, struct error *err)
{
	bool uids = str_starts(text, "uids=");
	struct idmap i = {.container = uids ? l->uid_mappings : l->gid_mappings,
		.container_len = uids ? l->uid_mappings_len : l->gid_mappings_len};
	int r;

	if (!uids && !str_starts(text, "gids="))
		return error_set(err, EINVAL, "neither \"uids=\" nor \"gids=\": \"%s\"", text);
	if (uids ? m->uid_mappings_len : m->gid_mappings_len)
		return error_set(err, EINVAL, "the mount has %s already", uids ? "uidMappings" : "gidMappings");
	r = read_ranges(&i, text + 5, a, err);
	if (r < 0)
		return r;
	if (uids) {
		m->uid_mappings = i.m;
		m->uid_mappings_len = i.n;
	} else {
		m->gid_mappings = i.m;
		m->gid_mappings_len = i.n;
	}
	return 0;
}

static int read_option(
	struct oci_mount *m, const struct oci_linux *l, char **option, struct arena *a, struct error *err)
{
	char *value = strchr(*option, '=') + 1, *copy = arena_strdup(a, value), *save = NULL;
	int r = copy ? 0 : error_errno(err, ENOMEM, "idmap");

	*option = arena_strndup(a, *option, (size_t)(value - 1 - *option));
	if (r == 0 && !*option)
		r = error_errno(err, ENOMEM, "idmap");
	for (char *list = r ? NULL : strtok_r(copy, ";", &save); list && r == 0; list = strtok_r(NULL, ";", &save))
		r = read_list(m, l, list, a, err);
	return r;
}

int mount_idmaps_read(struct oci_config *c, struct arena *a, struct error *err)
{
	for (size_t i = 0; c->linux && i < c->mounts_len; i++) {
		struct oci_mount *m = &c->mounts[i];

		for (size_t k = 0; k < m->options_len; k++)
			if ((str_starts(m->options[k], "idmap=") || str_starts(m->options[k], "ridmap=")) &&
				read_option(m, c->linux, &m->options[k], a, err) < 0)
				return error_prefix(err, "mounts[%zu].options: idmap", i);
	}
	return 0;
}
