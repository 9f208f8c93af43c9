/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/entry.h"
#include "cli/text.h"

struct list_options {
	const char *format;
	bool quiet, clean;
};

static const struct option options[] = {
	OPTION(struct list_options, format, "format", 'f', "table or json (default: \"table\")"),
	OPTION(struct list_options, clean, "clean", 0, "first remove what killed runtimes have left below the state root"),
	OPTION(struct list_options, quiet, "quiet", 'q', "only the ids, one a line"),
};

enum { COLUMNS = 6, COLUMN_MIN = 12, COLUMN_GAP = 3 };
typedef const char *row_cells[COLUMNS];

static void fill_row(struct arena *a, const struct container *c, row_cells ret)
{
	char pid[16];

	fmt(pid, sizeof(pid), "%d", c->pid);
	ret[0] = c->id;
	ret[1] = arena_strdup(a, pid);
	ret[2] = status_name(c->status);
	ret[3] = c->bundle;
	ret[4] = c->created;
	ret[5] = c->owner;
}

static void add_row(struct text *t, const row_cells row, const size_t *widths)
{
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		text_left(t, row[i], widths[i]);
	text_add(t, row[COLUMNS - 1]);
	text_add(t, "\n");
}

static int add_table(struct text *t, struct arena *a, const struct container *list, size_t n, struct error *err)
{
	static const row_cells head = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};
	row_cells *rows = arena_array(a, n, sizeof(*rows));
	size_t widths[COLUMNS];

	if (!rows)
		return error_errno(err, ENOMEM, "list");
	for (size_t i = 0; i < COLUMNS; i++)
		widths[i] = COLUMN_MIN;
	for (size_t k = 0; k < n; k++) {
		fill_row(a, &list[k], rows[k]);
		for (size_t i = 0; i < COLUMNS; i++) {
			size_t w = rows[k][i] ? text_columns(rows[k][i]) + COLUMN_GAP : 0;

			if (!rows[k][i])
				return error_errno(err, ENOMEM, "list");
			widths[i] = w > widths[i] ? w : widths[i];
		}
	}
	add_row(t, head, widths);
	for (size_t k = 0; k < n; k++)
		add_row(t, rows[k], widths);
	return 0;
}

static int add_json(struct text *t, struct arena *a, struct container *list, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		char *json;
		size_t len;
		int r = entry_json(&list[i], list[i].owner, NULL, a, &json, &len, err);

		if (r < 0)
			return r;
		text_add(t, i ? "," : "[");
		text_add_n(t, json, len);
	}
	/* what Go writes for a list that is not there */
	text_add(t, n ? "]\n" : "null\n");
	return 0;
}

static void add_id(struct text *t, const char *id)
{
	text_add(t, id);
	text_add(t, "\n");
}

static int run(struct cli *c, struct error *err)
{
	const struct list_options *o = c->options;
	bool json = str_eq(o->format, "json");
	struct text t = TEXT_INIT(c->arena);
	struct container *list;
	size_t n = 0;
	int r;

	if (o->format && !json && !str_eq(o->format, "table"))
		return error_set(err, EINVAL, "invalid format option: %s (table or json)", o->format);
	/* a state root that was asked for by name, and is not there: as runc has it */
	if (c->globals.root && access(c->context.root, F_OK) < 0)
		return error_errno(err, errno, "list: %s", c->context.root);
	r = o->clean ? container_clean(&c->context, err) : 0;
	if (r >= 0)
		r = container_list(&c->context, c->arena, &list, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		container_close(&list[i]);
		if (o->quiet)
			add_id(&t, list[i].id);
	}
	if (!o->quiet)
		r = json ? add_json(&t, c->arena, list, n, err) : add_table(&t, c->arena, list, n, err);
	return r < 0 ? r : text_print(&t, err);
}

const struct verb verb_list = {
	.name = "list",
	.summary = "list the containers below the state root",
	.usage = "",
	.examples = "%s list\n"
		    "%s list --quiet",
	.options = OPTION_TABLE(options),
	.options_size = sizeof(struct list_options),
	.run = run,
};
