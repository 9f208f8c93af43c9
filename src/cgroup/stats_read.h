/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CGROUP_STATS_READ_H
#define ENVIRO_CGROUP_STATS_READ_H

/* What the files that read statistics share. */

#include "cgroup/stats.h"

struct stats_reader {
	const struct cgroup *cg;
	struct arena *a;
	struct error *err;
	int failed; /* negative errno of the first failure, which err tells of */
};

/* The open directory of a controller and whether it is a v2 one, or -1. */
int stats_dir(const struct stats_reader *r, const char *controller, bool *v2);
/* All of a file; NULL when it is not there or reading failed. */
char *stats_text(struct stats_reader *r, int dir, const char *file);
/* A file's one number: "max" is UINT64_MAX, what is below 0 is 0. False when it is not there. */
bool stats_number(struct stats_reader *r, int dir, const char *file, uint64_t *ret);
/* The next line of a text, which it cuts off; NULL at the end. */
char *stats_line(char **text);
/* The next word of a line, which it cuts off; NULL at the end. */
char *stats_word(char **line);
/* "key value": into *ret and the number; false for another line. */
bool stats_key_value(char *line, struct cgroup_stat_value *ret);
/* Room for n elements; NULL when memory is out (then the reader has failed) or n is 0. */
void *stats_array(struct stats_reader *r, size_t n, size_t size);
/* How often c is in s. */
size_t stats_count(const char *s, char c);

void stats_cpu(struct stats_reader *r, struct cgroup_cpu_stats *ret);
void stats_cpuset(struct stats_reader *r, struct cgroup_cpuset_stats *ret);
void stats_memory(struct stats_reader *r, struct cgroup_memory_stats *ret);
void stats_io(struct stats_reader *r, struct cgroup_io_stats *ret);

#endif
