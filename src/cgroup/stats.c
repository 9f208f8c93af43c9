/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/stats.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/stats_read.h"

#define HUGEPAGES "/sys/kernel/mm/hugepages"

enum { FILE_MAX = 1 << 20 };

/* ---- reading ---- */

int stats_dir(const struct stats_reader *r, const char *controller, bool *v2)
{
	int i = cgroup_find(r->cg, controller);

	if (i == CGROUP_NO_DIR)
		return -1;
	*v2 = r->cg->d[i].v2;
	return r->cg->d[i].fd;
}

/* A controller that is not enabled, accounting that was switched off, a cgroup that has gone. */
static bool is_missing(int code)
{
	return code == -ENOENT || code == -ENODEV || code == -EOPNOTSUPP;
}

char *stats_text(struct stats_reader *r, int dir, const char *file)
{
	char *text;
	int code = dir < 0 || r->failed ? -ENOENT : file_read_at(r->a, dir, file, FILE_MAX, &text, NULL, NULL);

	if (code == 0)
		return text;
	if (!is_missing(code))
		r->failed = error_errno(r->err, code, "cgroup: statistics: %s", file);
	return NULL;
}

bool stats_number(struct stats_reader *r, int dir, const char *file, uint64_t *ret)
{
	char *text = stats_text(r, dir, file);

	if (!text)
		return false;
	text[strcspn(text, "\n")] = '\0';
	*ret = str_eq(text, "max") ? UINT64_MAX : 0;
	(void)str_to_u64(text, ret);
	return true;
}

char *stats_line(char **text)
{
	char *line = *text;
	size_t n;

	if (!line || !*line)
		return NULL;
	n = strcspn(line, "\n");
	*text = line + n + (line[n] == '\n');
	line[n] = '\0';
	return line;
}

char *stats_word(char **line)
{
	char *word = *line + strspn(*line, " \t");
	size_t n = strcspn(word, " \t");

	if (!n)
		return NULL;
	*line = word + n + (word[n] != '\0');
	word[n] = '\0';
	return word;
}

bool stats_key_value(char *line, struct cgroup_stat_value *ret)
{
	const char *value;

	ret->name = stats_word(&line);
	value = ret->name ? stats_word(&line) : NULL;
	return value && str_to_u64(value, &ret->value);
}

void *stats_array(struct stats_reader *r, size_t n, size_t size)
{
	void *p = n ? arena_array(r->a, n, size) : NULL;

	if (n && !p && !r->failed)
		r->failed = error_errno(r->err, ENOMEM, "cgroup: statistics");
	return p;
}

size_t stats_count(const char *s, char c)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

/* ---- pressure ---- */

/* "0.25" as 25; the kernel prints two digits behind the point. */
static uint64_t hundredths(const char *s)
{
	uint64_t v = 0;

	for (; *s; s++)
		if (*s >= '0' && *s <= '9')
			v = v * 10 + (uint64_t)(*s - '0');
	return v;
}

/* "avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void read_pressure_line(char *line, struct cgroup_pressure_line *ret)
{
	for (char *word; (word = stats_word(&line));) {
		if (str_starts(word, "avg10="))
			ret->avg10 = hundredths(word + 6);
		else if (str_starts(word, "avg60="))
			ret->avg60 = hundredths(word + 6);
		else if (str_starts(word, "avg300="))
			ret->avg300 = hundredths(word + 7);
		else if (str_starts(word, "total="))
			(void)str_to_u64(word + 6, &ret->total);
	}
}

static void read_pressure(struct stats_reader *r, const char *file, struct cgroup_pressure *ret)
{
	int i = cgroup_find_v2(r->cg);
	char *text = i == CGROUP_NO_DIR ? NULL : stats_text(r, r->cg->d[i].fd, file);

	ret->there = text != NULL;
	for (char *line; (line = stats_line(&text));) {
		const char *kind = stats_word(&line);

		if (str_eq(kind, "some"))
			read_pressure_line(line, &ret->some);
		else if (str_eq(kind, "full"))
			read_pressure_line(line, &ret->full);
	}
}

/* ---- pids, hugetlb, rdma ---- */

static void read_pids(struct stats_reader *r, struct cgroup_stats *ret)
{
	struct pid_list l = {0};
	bool v2 = false;
	int dir = stats_dir(r, "pids", &v2);

	if (stats_number(r, dir, "pids.current", &ret->pids)) {
		(void)stats_number(r, dir, "pids.max", &ret->pids_limit);
		if (ret->pids_limit == UINT64_MAX)
			ret->pids_limit = 0;
	} else if (v2 && dir >= 0 && cgroup_dir_pids(dir, r->a, &l) == 0) {
		ret->pids = l.n;
	}
}

/* "hugepages-2048kB": "2MB", as the files of the controller have it. */
static const char *page_size(struct arena *a, const char *name)
{
	static const char *const units[] = {"KB", "MB", "GB"};
	uint64_t size = 0;
	size_t unit = 0;

	if (!str_starts(name, "hugepages-"))
		return NULL;
	for (name += 10; *name >= '0' && *name <= '9'; name++)
		size = size * 10 + (uint64_t)(*name - '0');
	if (!size || !str_eq(name, "kB"))
		return NULL;
	for (; size >= 1024 && unit < 2; unit++)
		size /= 1024;
	return arena_fmt(a, "%lu%s", (unsigned long)size, units[unit]);
}

/* With reservations counted where the kernel does. */
static bool read_pages(struct stats_reader *r, int dir, bool v2, const char *size, struct cgroup_hugetlb_stats *ret)
{
	static const char *const kinds[] = {".rsvd", ""};
	struct cgroup_stat_value v;
	char file[64], *text = NULL;

	*ret = (struct cgroup_hugetlb_stats){.page_size = size};
	for (size_t i = 0; i < 2; i++) {
		fmt(file, sizeof(file), "hugetlb.%s%s.%s", size, kinds[i], v2 ? "current" : "usage_in_bytes");
		if (!stats_number(r, dir, file, &ret->usage))
			continue;
		fmt(file, sizeof(file), "hugetlb.%s%s.max_usage_in_bytes", size, kinds[i]);
		(void)stats_number(r, dir, file, &ret->max);
		fmt(file, sizeof(file), "hugetlb.%s%s.failcnt", size, kinds[i]);
		(void)stats_number(r, dir, file, &ret->failcnt);
		fmt(file, sizeof(file), "hugetlb.%s.events", size);
		if (v2)
			text = stats_text(r, dir, file);
		for (char *line; (line = stats_line(&text));)
			if (stats_key_value(line, &v) && str_eq(v.name, "max"))
				ret->failcnt = v.value;
		return true;
	}
	return false;
}

static void read_hugetlb(struct stats_reader *r, struct cgroup_stats *ret)
{
	bool v2 = false;
	int dir = stats_dir(r, "hugetlb", &v2);
	DIR *sizes = dir < 0 ? NULL : opendir(HUGEPAGES);
	enum { SIZES = 16 };

	if (!sizes)
		return;
	ret->hugetlb = stats_array(r, SIZES, sizeof(*ret->hugetlb));
	for (const struct dirent *e; ret->hugetlb && ret->hugetlb_n < SIZES && (e = readdir(sizes));) {
		const char *size = page_size(r->a, e->d_name);

		if (size && read_pages(r, dir, v2, size, &ret->hugetlb[ret->hugetlb_n]))
			ret->hugetlb_n++;
	}
	closedir(sizes);
}

/* "mlx4_0 hca_handle=2 hca_object=max": no limit is the largest number that the kernel takes. */
static void read_rdma(struct stats_reader *r, const char *file, struct cgroup_rdma_list *ret)
{
	bool v2;
	char *text = stats_text(r, stats_dir(r, "rdma", &v2), file);

	if (text)
		ret->e = stats_array(r, stats_count(text, '\n') + 1, sizeof(*ret->e));
	for (char *line; ret->e && (line = stats_line(&text));) {
		struct cgroup_rdma_entry *e = &ret->e[ret->n];

		e->device = stats_word(&line);
		if (!e->device)
			continue;
		for (char *word; (word = stats_word(&line));) {
			char *value = str_chr(word, '=');
			uint64_t n = UINT32_MAX;

			if (!value)
				continue;
			*value++ = '\0';
			(void)str_to_u64(value, &n);
			if (str_eq(word, "hca_handle"))
				e->hca_handles = n;
			else if (str_eq(word, "hca_object"))
				e->hca_objects = n;
		}
		ret->n++;
	}
}

int cgroup_stats(const struct cgroup *cg, struct arena *a, struct cgroup_stats *ret, struct error *err)
{
	struct stats_reader r = {.cg = cg, .a = a, .err = err};

	*ret = (struct cgroup_stats){0};
	read_pids(&r, ret);
	stats_memory(&r, &ret->memory);
	stats_io(&r, &ret->io);
	stats_cpu(&r, &ret->cpu);
	stats_cpuset(&r, &ret->cpuset);
	read_pressure(&r, "cpu.pressure", &ret->cpu.pressure);
	read_pressure(&r, "memory.pressure", &ret->memory.pressure);
	read_pressure(&r, "io.pressure", &ret->io.pressure);
	read_hugetlb(&r, ret);
	read_rdma(&r, "rdma.max", &ret->rdma_limit);
	read_rdma(&r, "rdma.current", &ret->rdma_current);
	return r.failed;
}
