/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "cgroup/stats_read.h"

/* ---- v1 ---- */

struct source {
	const char *file;
	enum cgroup_io_kind kind;
};
#define ALL_OF(prefix)                                                                                                 \
	{                                                                                                              \
		{prefix "sectors_recursive", CGROUP_IO_SECTORS},                                                       \
			{prefix "io_service_time_recursive", CGROUP_IO_SERVICE_TIME},                                  \
			{prefix "io_wait_time_recursive", CGROUP_IO_WAIT_TIME},                                        \
			{prefix "io_merged_recursive", CGROUP_IO_MERGED},                                              \
			{prefix "io_queued_recursive", CGROUP_IO_QUEUED}, {prefix "time_recursive", CGROUP_IO_TIME},   \
			{prefix "io_serviced_recursive", CGROUP_IO_SERVICED},                                          \
			{prefix "io_service_bytes_recursive", CGROUP_IO_SERVICE_BYTES},                                \
	}
#define BASE_OF(serviced, service_bytes)                                                                               \
	{                                                                                                              \
		{serviced, CGROUP_IO_SERVICED}, {service_bytes, CGROUP_IO_SERVICE_BYTES},                              \
	}

enum { MAX_SOURCES = 8 };

/* Each scheduler counts in files of its own, the throttling layer in others: the first set whose first file tells of
 * anything is taken. */
static const struct source sets[][MAX_SOURCES] = {
	ALL_OF("blkio.bfq."),
	BASE_OF("blkio.bfq.io_serviced_recursive", "blkio.bfq.io_service_bytes_recursive"),
	ALL_OF("blkio."),
	BASE_OF("blkio.throttle.io_serviced_recursive", "blkio.throttle.io_service_bytes_recursive"),
	BASE_OF("blkio.throttle.io_serviced", "blkio.throttle.io_service_bytes"),
};

/* "8:0", which it cuts in two. */
static bool read_device(char *s, struct cgroup_io_entry *ret)
{
	char *colon = s ? str_chr(s, ':') : NULL;

	if (!colon)
		return false;
	*colon = '\0';
	return str_to_u64(s, &ret->major) && str_to_u64(colon + 1, &ret->minor);
}

/* "8:0 Read 4096", "8:0 4096"; a line "Total 4096" is none. */
static bool read_line(char *line, struct cgroup_io_entry *ret)
{
	char *device = stats_word(&line), *op = device ? stats_word(&line) : NULL,
	     *value = op ? stats_word(&line) : NULL;

	if (!op || !read_device(device, ret))
		return false;
	ret->op = value ? op : "";
	return str_to_u64(value ? value : op, &ret->value);
}

static bool read_file(struct stats_reader *r, int dir, const char *file, struct cgroup_io_list *ret)
{
	char *text = stats_text(r, dir, file);

	if (text)
		ret->e = stats_array(r, stats_count(text, '\n') + 1, sizeof(*ret->e));
	for (char *line; ret->e && (line = stats_line(&text));)
		ret->n += read_line(line, &ret->e[ret->n]);
	return ret->n != 0;
}

static void read_v1(struct stats_reader *r, int dir, struct cgroup_io_stats *ret)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		const struct source *s = sets[i];

		if (!read_file(r, dir, s[0].file, &ret->list[s[0].kind]))
			continue;
		for (size_t k = 1; k < MAX_SOURCES && s[k].file; k++)
			(void)read_file(r, dir, s[k].file, &ret->list[s[k].kind]);
		return;
	}
}

/* ---- v2 ---- */

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6": as v1 has it. */
static void read_stat_line(char *line, struct cgroup_io_stats *ret)
{
	static const struct {
		const char *key, *op;
		enum cgroup_io_kind kind;
	} keys[] = {
		{"rbytes=", "Read", CGROUP_IO_SERVICE_BYTES},
		{"wbytes=", "Write", CGROUP_IO_SERVICE_BYTES},
		{"rios=", "Read", CGROUP_IO_SERVICED},
		{"wios=", "Write", CGROUP_IO_SERVICED},
	};
	struct cgroup_io_entry e;

	if (!read_device(stats_word(&line), &e))
		return;
	for (const char *word; (word = stats_word(&line));)
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			struct cgroup_io_list *l = &ret->list[keys[i].kind];

			if (!str_starts(word, keys[i].key) || !str_to_u64(word + strlen(keys[i].key), &e.value))
				continue;
			e.op = keys[i].op;
			l->e[l->n++] = e;
		}
}

static void read_v2(struct stats_reader *r, int dir, struct cgroup_io_stats *ret)
{
	char *text = stats_text(r, dir, "io.stat");
	/* a line should have two of a kind, but nothing holds it to that */
	size_t entries = text ? stats_count(text, '=') : 0;
	struct cgroup_io_list *bytes = &ret->list[CGROUP_IO_SERVICE_BYTES], *ios = &ret->list[CGROUP_IO_SERVICED];

	bytes->e = stats_array(r, entries, sizeof(*bytes->e));
	ios->e = stats_array(r, entries, sizeof(*ios->e));
	for (char *line; bytes->e && ios->e && (line = stats_line(&text));)
		read_stat_line(line, ret);
}

void stats_io(struct stats_reader *r, struct cgroup_io_stats *ret)
{
	bool v2 = false;
	int dir = stats_dir(r, "blkio", &v2);

	if (v2)
		read_v2(r, dir, ret);
	else
		read_v1(r, dir, ret);
}
