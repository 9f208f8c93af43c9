/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "perf/trace.h"
#include "perf/trace_format.h"

static int out = -1;
static int pids[SPAN_TRACKS];

/* How a track is shown: as a thread of ours, or as a process. */
static const struct {
	const char *process, *thread;
} tracks[SPAN_TRACKS] = {
	[TRACK_HOST] = {NULL, "main"},
	[TRACK_NETNS] = {NULL, "network namespace"},
	[TRACK_INIT] = {"init", "init"},
	[TRACK_HOOK] = {"hooks", "hooks"},
};

static const char *const categories[] = {
	[SPAN_VERB] = "verb", [SPAN_PHASE] = "phase", [SPAN_WAIT] = TRACE_WAIT, [SPAN_PLUGIN] = TRACE_PLUGIN};

int trace_open(const char *path, struct error *err)
{
	out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	return out < 0 ? error_errno(err, errno, "open trace: %s", path) : 0;
}

void trace_set_pid(enum span_track track, int pid)
{
	pids[track] = pid;
}

struct writing {
	struct arena arena;
	struct trace_event *events;
	size_t n;
	int64_t self;
};

static int64_t pid_of(const struct writing *w, unsigned track)
{
	return tracks[track].process && pids[track] ? pids[track] : w->self;
}

/* The threads that are none of ours, or have no number any more, are told apart by small steps from the process's. */
static struct trace_event *add(struct writing *w, unsigned track, const char *ph, const char *name)
{
	struct trace_event *e = &w->events[w->n++];

	e->ph = (char *)ph;
	e->name = (char *)name;
	e->has_pid = e->has_tid = true;
	e->pid = pid_of(w, track);
	e->tid = e->pid == w->self ? e->pid + track : e->pid;
	return e;
}

static bool add_span(struct writing *w, const struct span_record *s, const char *name, enum span_kind kind)
{
	struct trace_event *e = add(w, s->track, "X", name);

	e->cat = (char *)categories[kind];
	e->has_ts = e->has_dur = true;
	e->ts.thousandths = (int64_t)s->begin;
	e->dur.thousandths = (int64_t)(s->end - s->begin);
	if (!s->step)
		return true;
	e->args = arena_new(&w->arena, struct trace_args);
	if (e->args)
		*e->args = (struct trace_args){.has_step = true, .step = s->step};
	return e->args;
}

static bool add_name(struct writing *w, unsigned track, const char *what, const char *name)
{
	struct trace_event *e = add(w, track, "M", what);

	e->args = arena_new(&w->arena, struct trace_args);
	if (e->args)
		e->args->name = (char *)name;
	return e->args;
}

static bool add_names(struct writing *w, unsigned track)
{
	const char *process = tracks[track].process;

	if (track == TRACK_HOST || (process && pid_of(w, track) != w->self))
		if (!add_name(w, track, "process_name", process ? process : "enviro-oci"))
			return false;
	return add_name(w, track, "thread_name", tracks[track].thread);
}

/* Of what init says in one go, the last span ends when the host has heard of it. If init was on by then, it ends where the
 * next one begins: spans of a thread do not overlap. */
static struct span_record without_overlap(const struct span_record *s, const struct span_record *end)
{
	struct span_record cut = *s;

	for (const struct span_record *next = s + 1; s->track == TRACK_INIT && next < end; next++)
		if (next->track == TRACK_INIT && next->begin < cut.end && next->begin > s->begin && next->end > cut.end)
			cut.end = next->begin;
	return cut;
}

static bool collect(struct writing *w, const struct span_record *whole, const char *name)
{
	size_t n, lost;
	const struct span_record *r = span_records(&n, &lost);
	bool used[SPAN_TRACKS] = {[TRACK_HOST] = true}, good;

	w->events = arena_array(&w->arena, n + 1 + 2 * (size_t)SPAN_TRACKS, sizeof(*w->events));
	if (!w->events)
		return false;
	for (size_t i = 0; i < n; i++)
		used[r[i].track] = true;
	good = true;
	for (unsigned track = 0; good && track < SPAN_TRACKS; track++)
		good = !used[track] || add_names(w, track);
	good = good && add_span(w, whole, name, SPAN_VERB);
	for (size_t i = 0; good && i < n; i++) {
		const struct span_record s = without_overlap(&r[i], r + n);

		good = add_span(w, &s, span_names[s.id], span_kinds[s.id]);
	}
	return good;
}

/* What spans did not find room is said. */
static bool about(struct writing *w, struct trace_file *f)
{
	static char key[] = "lost_spans", *keys[] = {key}, *values[1];
	static struct oci_map map = {.keys = keys, .values = values, .len = 1};
	size_t n, lost;

	(void)span_records(&n, &lost);
	if (!lost)
		return true;
	values[0] = arena_fmt(&w->arena, "%zu", lost);
	f->other = &map;
	return values[0];
}

static int replace(const char *json, size_t len)
{
	struct stat st;
	int r = fstat(out, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(out, 0) < 0 ? -errno : 0;

	if (r == 0)
		r = fd_write_all(out, json, len);
	return r < 0 ? r : fd_write_all(out, "\n", 1);
}

static int write_all(struct writing *w, const struct span_record *whole, const char *name, struct error *err)
{
	struct trace_file f = {.unit = (char *)"ns"};
	char *json;
	size_t len;
	int r;

	if (!collect(w, whole, name) || !about(w, &f))
		return error_errno(err, ENOMEM, "write trace");
	f.events = w->events;
	f.events_len = w->n;
	r = oci_table_write(&trace_file_type, &f, NULL, &w->arena, &json, &len, err);
	if (r < 0)
		return error_prefix(err, "write trace");
	r = replace(json, len);
	return r < 0 ? error_errno(err, r, "write trace") : 0;
}

int trace_write(const char *whole, uint64_t begin, struct error *err)
{
	const struct span_record s = {.begin = begin, .end = span_now(), .track = TRACK_HOST};
	struct writing w = {.arena = ARENA_INIT, .self = getpid()};
	int r = out < 0 ? 0 : write_all(&w, &s, whole, err);

	arena_done(&w.arena);
	fd_close(&out);
	return r;
}
