/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "container/events.h"

/* ---- network ---- */

/* Two lines of heads, then "  eth0: BYTES PACKETS ERRORS DROPPED FIFO FRAME COMPRESSED MULTICAST" and as many of what
 * was sent. A name has no blank and no slash, but may have a colon. */
static bool read_interface(char *line, struct net_interface *ret)
{
	uint64_t *const columns[] = {&ret->rx_bytes, &ret->rx_packets, &ret->rx_errors, &ret->rx_dropped, NULL, NULL,
		NULL, NULL, &ret->tx_bytes, &ret->tx_packets, &ret->tx_errors, &ret->tx_dropped};
	char *colon = strrchr(line, ':'), *save = NULL;

	if (!colon)
		return false;
	*colon = '\0';
	*ret = (struct net_interface){.name = line + strspn(line, " ")};
	line = colon + 1;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		const char *word = strtok_r(line, " ", &save);

		line = NULL;
		if (!word)
			return false;
		if (columns[i])
			(void)str_to_u64(word, columns[i]);
	}
	return strcmp(ret->name, "lo") != 0;
}

int net_interfaces(char *text, struct arena *a, struct net_interface **ret, size_t *n)
{
	size_t lines = 1, found = 0;
	struct net_interface *all;
	char *save = NULL;

	for (const char *s = text; *s; s++)
		lines += *s == '\n';
	all = arena_array(a, lines, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		found += read_interface(line, &all[found]);
	*ret = all;
	*n = found;
	return 0;
}

/* ---- intelRdt ---- */

enum { TEXT_MAX = 65536, MAX_DOMAINS = 256 };

struct rdt_reader {
	int root, group;
	struct arena *a;
	struct intel_rdt_stats *s;
	struct error *err;
};

static int open_dir(const char *path, struct error *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? error_errno(err, errno, "linux.intelRdt: %s", path) : fd;
}

static uint64_t number(int dir, const char *file)
{
	char text[64];
	uint64_t v = 0;

	if (file_read_small(dir, file, text, sizeof(text)) > 0)
		(void)str_to_u64(text, &v);
	return v;
}

static bool is_there(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, 0) == 0;
}

/* The last line of the schemata in which the word stands, without blanks around it. */
static const char *line_with(struct rdt_reader *r, const char *text, const char *word)
{
	const char *found = NULL, *at;
	size_t len = 0, n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		at = strstr(text, word);
		if (!at || at >= text + n)
			continue;
		found = text + strspn(text, " \t");
		len = (size_t)(text + n - found);
	}
	return found ? arena_strndup(r->a, found, len) : NULL;
}

static int read_schemata(struct rdt_reader *r)
{
	struct intel_rdt_stats *s = r->s;
	char *in_root, *own, *save = NULL;
	size_t lines = 1;
	int e = file_read_at(r->a, r->root, "schemata", TEXT_MAX, &in_root, NULL, r->err);

	if (e >= 0)
		e = file_read_at(r->a, r->group, "schemata", TEXT_MAX, &own, NULL, r->err);
	if (e < 0)
		return error_prefix(r->err, "linux.intelRdt");
	if (is_there(r->root, "info/L3")) {
		s->l3_schema_root = line_with(r, in_root, "L3");
		s->l3_schema = line_with(r, own, "L3");
	}
	if (is_there(r->root, "info/MB")) {
		s->mb_schema_root = line_with(r, in_root, "MB");
		s->mb_schema = line_with(r, own, "MB");
	}
	for (const char *c = own; *c; c++)
		lines += *c == '\n';
	s->schemata = arena_array(r->a, lines, sizeof(*s->schemata));
	if (!s->schemata)
		return error_errno(r->err, ENOMEM, "linux.intelRdt");
	for (char *line = strtok_r(own, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		s->schemata[s->schemata_n++] = line;
	return 0;
}

static void read_info(struct rdt_reader *r)
{
	struct intel_rdt_stats *s = r->s;
	char mask[64];

	if (file_read_small(r->root, "info/L3/cbm_mask", mask, sizeof(mask)) > 0) {
		s->l3_cbm_mask = arena_strdup(r->a, mask);
		s->l3_min_cbm_bits = number(r->root, "info/L3/min_cbm_bits");
		s->l3_num_closids = number(r->root, "info/L3/num_closids");
	}
	s->has_mb = is_there(r->root, "info/MB");
	if (s->has_mb) {
		s->mb_gran = number(r->root, "info/MB/bandwidth_gran");
		s->mb_delay_linear = number(r->root, "info/MB/delay_linear");
		s->mb_min = number(r->root, "info/MB/min_bandwidth");
		s->mb_num_closids = number(r->root, "info/MB/num_closids");
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the directories of a directory, sorted; fd is closed. */
static int directories(int fd, struct arena *a, char **names, size_t max, size_t *n)
{
	DIR *dir = fdopendir(fd);

	*n = 0;
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	for (const struct dirent *e; *n < max && (e = readdir(dir));)
		if (e->d_name[0] != '.' && e->d_type == DT_DIR && (names[*n] = arena_strdup(a, e->d_name)))
			++*n;
	closedir(dir);
	qsort(names, *n, sizeof(*names), by_name);
	return 0;
}

/* One directory a cache domain: mon_L3_00, mon_L3_01, … */
static int read_domains(struct rdt_reader *r, int group)
{
	struct intel_rdt_stats *s = r->s;
	char *names[MAX_DOMAINS], path[300];
	int fd = openat(group, "mon_data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n;

	if (fd < 0)
		return error_errno(r->err, errno, "linux.intelRdt: mon_data");
	s->domains = arena_array(r->a, MAX_DOMAINS, sizeof(*s->domains));
	if (directories(fd, r->a, names, MAX_DOMAINS, &n) < 0 || !s->domains)
		return error_errno(r->err, ENOMEM, "linux.intelRdt: mon_data");
	for (size_t i = 0; i < n; i++) {
		struct intel_rdt_domain *d = &s->domains[s->domains_n++];

		fmt(path, sizeof(path), "mon_data/%s/mbm_total_bytes", names[i]);
		d->mbm_total_bytes = number(group, path);
		fmt(path, sizeof(path), "mon_data/%s/mbm_local_bytes", names[i]);
		d->mbm_local_bytes = number(group, path);
		fmt(path, sizeof(path), "mon_data/%s/llc_occupancy", names[i]);
		d->llc_occupancy = number(group, path);
	}
	return 0;
}

static int read_monitoring(struct rdt_reader *r, const char *monitor)
{
	char features[256];
	_cleanup_close_ int own = -1;

	if (file_read_small(r->root, "info/L3_MON/mon_features", features, sizeof(features)) <= 0)
		return 0;
	r->s->has_mbm = strstr(features, "mbm_") != NULL;
	r->s->has_cmt = strstr(features, "llc_occupancy") != NULL;
	if (monitor) {
		own = open_dir(monitor, r->err);
		if (own < 0)
			return own;
	}
	return read_domains(r, own >= 0 ? own : r->group);
}

int intel_rdt_stats(const char *root, const char *group, const char *monitor, struct arena *a,
	struct intel_rdt_stats **ret, struct error *err)
{
	_cleanup_close_ int root_fd = -1, group_fd = -1;
	struct rdt_reader r = {.a = a, .s = arena_new(a, struct intel_rdt_stats), .err = err};
	int e;

	if (!r.s || !root)
		return error_errno(err, root ? ENOMEM : ENOENT, "linux.intelRdt: resctrl");
	r.root = root_fd = open_dir(root, err);
	r.group = group_fd = root_fd < 0 ? root_fd : open_dir(group, err);
	if (group_fd < 0)
		return group_fd;
	read_info(&r);
	e = read_schemata(&r);
	if (e == 0)
		e = read_monitoring(&r, monitor);
	*ret = r.s;
	return e;
}
