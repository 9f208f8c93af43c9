/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/table.h"

#include <errno.h>
#include <setjmp.h>
#include <string.h>
#include <strings.h>
#include <yajl/yajl_parse.h>

#include "base/str.h"
#include "libocispec-lite/findings.h"
#include "libocispec-lite/frame.h"
#include "libocispec-lite/number.h"
#include "libocispec-lite/scan.h"

enum { GO_ON = 1, STOP = 0, MAX_SHOWN = 40 };

struct reader {
	const struct oci_type *root;
	const char *text;
	size_t len;
	struct arena *arena;
	struct oci_unknown *unknown;
	struct oci_findings *findings; /* NULL: the first refusal ends it */
	struct error *err;
	yajl_handle parser;
	jmp_buf no_memory;
	void *result;
	bool at_end;       /* all text is with the parser */
	int status;        /* what to return once an event has stopped the parser */
	size_t skip_depth; /* objects and arrays that are open within an unknown member */
	struct frames frames;
};

/* ---- saying where ---- */

static void find(struct reader *r, size_t at, struct oci_finding *f)
{
	struct path p = {0};

	f->line = f->column = 1;
	for (size_t i = 0; i < at && i < r->len; i++) {
		f->column++;
		if (r->text[i] == '\n') {
			f->line++;
			f->column = 1;
		}
	}
	frames_path(&r->frames, &p);
	f->path = p.text;
	if (r->findings)
		oci_findings_add(r->findings, f);
	else
		r->status = error_set(r->err, EINVAL, "%s%sline %zu, column %zu: %s", p.text, path_colon(&p), f->line,
			f->column, f->reason);
	f->path = NULL; /* it was ours */
}

/* Behind it nothing can be read. */
static int say(struct reader *r, size_t at, const char *reason)
{
	struct oci_finding f = {.severity = OCI_ERROR, .reason = reason};

	find(r, at, &f);
	if (r->findings)
		r->status = -EINVAL;
	return STOP;
}

static int out_of_memory(struct reader *r)
{
	r->status = error_errno(r->err, ENOMEM, "read JSON");
	return STOP;
}

/* The offset behind the token that the current event is about. */
static size_t token_end(const struct reader *r)
{
	return r->at_end ? r->len : yajl_get_bytes_consumed(r->parser);
}

/* The offset of the opening quote of the string whose token ends here. */
static size_t string_start(const struct reader *r)
{
	size_t i = token_end(r) - 1, slashes;

	while (i > 0) {
		if (r->text[--i] != '"')
			continue;
		for (slashes = 0; slashes < i && r->text[i - slashes - 1] == '\\'; slashes++)
			;
		if (slashes % 2 == 0)
			break;
	}
	return i;
}

/* ---- values ---- */

static int value_done(struct reader *r)
{
	struct frame *f = frames_top(&r->frames);

	if (f)
		frame_value_done(f);
	return GO_ON;
}

/* Whether the value that comes belongs to an unknown member, or is inside of one. */
static bool skipping(struct reader *r)
{
	struct frame *f = frames_top(&r->frames);

	return r->skip_depth || (f && f->unknown);
}

static int skipped(struct reader *r)
{
	return r->skip_depth ? GO_ON : value_done(r);
}

/* Puts something harmless in the place of the element that cannot be read, so that those behind keep their numbers; a
 * member counts as given. */
static bool fill_in(struct reader *r, const struct want *w)
{
	struct frame *f = frames_top(&r->frames);
	void *to;

	if (!f)
		return true;
	if (f->mode == FRAME_OBJECT) {
		f->given |= UINT64_C(1) << (f->field - f->type->fields);
		return true;
	}
	to = w->kind == OCI_KIND_OBJECT ? frame_place_object(f, w->type->size, r->arena) : frame_place(f, r->arena);
	if (to && w->kind == OCI_KIND_STRING)
		*(char **)to = arena_strdup(r->arena, "");
	return to && (w->kind != OCI_KIND_OBJECT || type_fill(w->type, to, r->arena));
}

/* opens: the value is an object or an array, whose end is to come. */
static int wrong_type(struct reader *r, size_t at, const char *found, bool opens)
{
	struct want w = frames_want(&r->frames, r->root);
	char reason[160];
	struct oci_finding f = {.severity = OCI_ERROR, .reason = reason};

	fmt(reason, sizeof(reason), "expected %s, found %s", want_words(&w), found);
	find(r, at, &f);
	if (!r->findings)
		return STOP;
	if (!fill_in(r, &w))
		return out_of_memory(r);
	r->skip_depth += opens;
	return skipped(r);
}

static bool wants_one(struct reader *r, enum oci_kind kind)
{
	struct want w = frames_want(&r->frames, r->root);

	return w.kind == kind && w.shape == OCI_SHAPE_ONE;
}

static int on_null(void *ctx)
{
	struct reader *r = ctx;
	struct frame *f = frames_top(&r->frames);

	if (skipping(r))
		return skipped(r);
	if (!f || f->mode != FRAME_OBJECT)
		return wrong_type(r, token_end(r) - 4, "null", false);
	return value_done(r);
}

static int on_boolean(void *ctx, int value)
{
	struct reader *r = ctx;
	bool *to;

	if (skipping(r))
		return skipped(r);
	if (!wants_one(r, OCI_KIND_BOOL))
		return wrong_type(r, token_end(r) - (value ? 4 : 5), value ? "true" : "false", false);
	to = frame_place(frames_top(&r->frames), r->arena);
	if (!to)
		return out_of_memory(r);
	*to = value;
	return value_done(r);
}

static int on_number(void *ctx, const char *s, size_t n)
{
	struct reader *r = ctx;
	struct want w;
	uint64_t value;
	char found[MAX_SHOWN + 1];
	void *to;

	if (skipping(r))
		return skipped(r);
	w = frames_want(&r->frames, r->root);
	if (w.shape != OCI_SHAPE_ONE || !number_store(s, n, w.kind, &value)) {
		size_t shown = n < MAX_SHOWN ? n : MAX_SHOWN;

		memcpy(found, s, shown);
		found[shown] = '\0';
		return wrong_type(r, token_end(r) - n, found, false);
	}
	to = frame_place(frames_top(&r->frames), r->arena);
	if (!to)
		return out_of_memory(r);
	number_store(s, n, w.kind, to);
	return value_done(r);
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
	struct reader *r = ctx;
	char **to;

	if (skipping(r))
		return skipped(r);
	if (!wants_one(r, OCI_KIND_STRING))
		return wrong_type(r, string_start(r), "a string", false);
	to = frame_place(frames_top(&r->frames), r->arena);
	if (!to)
		return out_of_memory(r);
	*to = arena_strndup(r->arena, (const char *)s, n);
	return *to ? value_done(r) : out_of_memory(r);
}

/* ---- objects and arrays ---- */

/* Whether one more object or array may be opened; it begins at the last byte that was read. */
static bool too_deep(struct reader *r)
{
	if (r->frames.len + r->skip_depth < OCI_MAX_DEPTH)
		return false;
	say(r, token_end(r) - 1, "more than 64 objects and arrays in each other");
	return true;
}

static int enter_object(struct reader *r, const struct want *w)
{
	struct frame *f = frames_top(&r->frames);
	bool is_map = w->kind == OCI_KIND_MAP;
	size_t size = is_map ? sizeof(struct oci_map) : w->type->size;
	void *obj = f ? frame_place_object(f, size, r->arena) : arena_alloc(r->arena, size);

	if (!obj)
		return out_of_memory(r);
	if (!f)
		r->result = obj;
	r->frames.at[r->frames.len++] = (struct frame){
		.mode = is_map ? FRAME_MAP : FRAME_OBJECT,
		.type = w->type,
		.obj = obj,
		.start = token_end(r) - 1,
	};
	return GO_ON;
}

static int enter_list(struct reader *r)
{
	struct frames *fs = &r->frames;

	return frame_enter_list(fs, frames_top(fs), token_end(r) - 1, r->arena) ? GO_ON : out_of_memory(r);
}

static int on_start_map(void *ctx)
{
	struct reader *r = ctx;
	struct want w;

	if (too_deep(r))
		return STOP;
	if (skipping(r)) {
		r->skip_depth++;
		return GO_ON;
	}
	w = frames_want(&r->frames, r->root);
	if (w.shape == OCI_SHAPE_KEYED)
		return enter_list(r);
	if (w.shape != OCI_SHAPE_ONE || (w.kind != OCI_KIND_OBJECT && w.kind != OCI_KIND_MAP))
		return wrong_type(r, token_end(r) - 1, "an object", true);
	return enter_object(r, &w);
}

static int on_start_array(void *ctx)
{
	struct reader *r = ctx;

	if (too_deep(r))
		return STOP;
	if (skipping(r)) {
		r->skip_depth++;
		return GO_ON;
	}
	if (frames_want(&r->frames, r->root).shape != OCI_SHAPE_ARRAY)
		return wrong_type(r, token_end(r) - 1, "an array", true);
	return enter_list(r);
}

static int leave(struct reader *r)
{
	if (r->skip_depth) {
		r->skip_depth--;
		return skipped(r);
	}
	r->frames.len--;
	return value_done(r);
}

static int on_end_array(void *ctx)
{
	return leave(ctx);
}

static int missing(struct reader *r, struct frame *f, const struct oci_field *field)
{
	struct oci_finding found = {.severity = OCI_ERROR, .reason = "required member is missing"};

	f->field = field;
	find(r, f->start, &found);
	return r->findings ? GO_ON : STOP;
}

static int on_end_map(void *ctx)
{
	struct reader *r = ctx;
	struct frame *f = frames_top(&r->frames);

	if (r->skip_depth || !f || f->mode != FRAME_OBJECT)
		return leave(r);
	for (size_t i = 0; i < f->type->fields_len; i++)
		if (f->type->fields[i].required && !(f->given & (UINT64_C(1) << i)) &&
			missing(r, f, &f->type->fields[i]) == STOP)
			return STOP;
	if (r->findings && !type_fill(f->type, f->obj, r->arena))
		return out_of_memory(r);
	return leave(r);
}

/* ---- keys ---- */

static int compare_exactly(const char *a, const char *b, size_t n)
{
	return memcmp(a, b, n);
}

/* Files mostly have the members in the table's order: the search goes round from behind the last that was found. */
static const struct oci_field *find_field(
	const struct frame *f, const char *name, size_t n, int (*compare)(const char *, const char *, size_t))
{
	size_t count = f->type->fields_len;
	size_t i = f->seen ? 64 - (size_t)__builtin_clzll(f->seen) : 0;

	for (size_t tries = 0; tries < count; tries++, i++) {
		const struct oci_field *field = &f->type->fields[i < count ? i : (i = 0)];

		if (field->name_len == n && !compare(field->name, name, n))
			return field;
	}
	return NULL;
}

static bool add_unknown(struct reader *r)
{
	struct oci_unknown *u = r->unknown;
	struct path p = {0};

	if (!u)
		return true;
	if (u->len == u->room) {
		size_t room = u->room ? u->room * 2 : 8;
		char **paths = arena_array(r->arena, room, sizeof(*paths));

		if (!paths)
			return false;
		if (u->len)
			memcpy(paths, u->paths, u->len * sizeof(*paths));
		u->paths = paths;
		u->room = room;
	}
	frames_path(&r->frames, &p);
	u->paths[u->len] = arena_strndup(r->arena, p.text, p.len);
	return u->paths[u->len++] != NULL;
}

static int unknown_member(struct reader *r, struct frame *f)
{
	struct oci_finding found = {.severity = f->type->closed ? OCI_ERROR : OCI_WARNING, .reason = "unknown member"};
	struct oci_nearest near = OCI_NEAREST(f->key);

	f->unknown = true;
	if (!r->findings && !f->type->closed)
		return add_unknown(r) ? GO_ON : out_of_memory(r);
	for (size_t i = 0; r->findings && i < f->type->fields_len; i++)
		oci_nearest_try(&near, f->type->fields[i].name);
	found.hint = near.best;
	find(r, string_start(r), &found);
	return r->findings ? GO_ON : STOP;
}

/* The first of them counts. */
static int duplicate(struct reader *r, struct frame *f)
{
	struct oci_finding found = {.severity = OCI_ERROR, .reason = "duplicate key"};

	find(r, string_start(r), &found);
	if (f->mode == FRAME_OBJECT)
		f->key = (char *)f->field->name;
	f->unknown = true;
	return r->findings ? GO_ON : STOP;
}

/* Configs that were written for runc may have members in another case: Go takes these for the ones that it knows. They
 * may stand beside those: the later value wins, and objects are filled by both. */
static bool is_in_other_case(struct reader *r, struct frame *f, const char *name, size_t n)
{
	struct oci_finding found = {.severity = OCI_WARNING, .reason = "not in the specification's case"};

	f->field = f->type->closed ? NULL : find_field(f, name, n, strncasecmp);
	if (f->field && r->findings)
		find(r, string_start(r), &found);
	return f->field;
}

static int object_key(struct reader *r, struct frame *f, const char *s, size_t n)
{
	uint64_t bit;

	f->field = find_field(f, s, n, compare_exactly);
	if (!f->field && is_in_other_case(r, f, s, n))
		return GO_ON;
	if (!f->field) {
		f->key = arena_strndup(r->arena, s, n);
		return f->key ? unknown_member(r, f) : out_of_memory(r);
	}
	bit = UINT64_C(1) << (f->field - f->type->fields);
	if (f->seen & bit)
		return duplicate(r, f);
	f->seen |= bit;
	return GO_ON;
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
	struct reader *r = ctx;
	struct frame *f = frames_top(&r->frames);
	int added;

	if (r->skip_depth || !f) /* there is a frame: the parser knows keys in objects only */
		return GO_ON;
	if (f->mode == FRAME_OBJECT)
		return object_key(r, f, (const char *)s, n);
	f->key = arena_strndup(r->arena, (const char *)s, n);
	added = f->key ? key_set_add(&f->keys, r->arena, f->key) : -ENOMEM;
	if (added < 0)
		return out_of_memory(r);
	return added ? GO_ON : duplicate(r, f);
}

/* ---- the whole text ---- */

static const yajl_callbacks events = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_map,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/* Says what the parser has found wrong. */
static int bad_json(struct reader *r)
{
	unsigned char *text = yajl_get_error(r->parser, 0, NULL, 0);
	size_t behind = token_end(r);
	char reason[200] = "not JSON";

	if (text) {
		size_t n = strcspn((const char *)text, "\n");

		if (n < sizeof(reason)) {
			memcpy(reason, text, n);
			reason[n] = '\0';
		}
		yajl_free_error(r->parser, text);
	}
	say(r, behind && !r->at_end ? behind - 1 : behind, reason);
	return r->status;
}

static int parse(struct reader *r)
{
	const char *reason = NULL;
	size_t good = scan_text(r->text, r->len, &reason);
	yajl_status s;

	yajl_config(r->parser, yajl_dont_validate_strings, 1); /* scan_text has done it, more strictly */
	s = yajl_parse(r->parser, (const unsigned char *)r->text, good);
	if (s == yajl_status_ok && good == r->len) {
		r->at_end = true;
		s = yajl_complete_parse(r->parser);
	}
	if (s == yajl_status_client_canceled)
		return r->status;
	if (s != yajl_status_ok)
		return bad_json(r);
	if (good < r->len) {
		say(r, good, reason);
		return r->status;
	}
	return 0;
}

/* ---- the parser's memory: it does not look whether it got any ---- */

struct piece {
	size_t size;
} __attribute__((aligned(16)));

static void *get_piece(void *reader, size_t n)
{
	struct reader *r = reader;
	struct piece *p = arena_alloc(r->arena, sizeof(*p) + n);

	if (!p)
		longjmp(r->no_memory, 1);
	p->size = n;
	return p + 1;
}

static void *get_larger_piece(void *reader, void *old, size_t n)
{
	const struct piece *p = old ? (const struct piece *)old - 1 : NULL;
	void *more = get_piece(reader, n);

	return p ? memcpy(more, old, p->size < n ? p->size : n) : more;
}

static void keep_piece(void *reader, void *piece)
{
	(void)reader;
	(void)piece;
}

static int read_all(struct reader *r)
{
	yajl_alloc_funcs memory = {get_piece, get_larger_piece, keep_piece, r};

	if (r->len > OCI_MAX_BYTES)
		return error_set(r->err, EFBIG, "%zu bytes of JSON: more than %d", r->len, OCI_MAX_BYTES);
	if (!r->len) {
		say(r, 0, "empty");
		return r->status;
	}
	if (setjmp(r->no_memory))
		return error_errno(r->err, ENOMEM, "read JSON");
	r->parser = yajl_alloc(&events, &memory, r);
	return parse(r);
}

/* The reader is in the arena: with its frames it is too large for a small stack. */
static int read_table(const struct oci_type *t, const char *text, size_t len, struct arena *a, void **ret,
	struct oci_unknown *unknown, struct oci_findings *fs, struct error *err)
{
	struct reader *r = arena_new(a, struct reader);
	int status;

	if (!r)
		return error_errno(err, ENOMEM, "read JSON");
	r->root = t;
	r->text = text;
	r->len = len;
	r->arena = a;
	r->unknown = unknown;
	r->findings = fs;
	r->err = err;
	status = read_all(r);
	if (!status)
		*ret = r->result;
	return status;
}

int oci_table_read(const struct oci_type *t, const char *text, size_t len, struct arena *a, void **ret,
	struct oci_unknown *unknown, struct error *err)
{
	return read_table(t, text, len, a, ret, unknown, NULL, err);
}

int oci_table_check(const struct oci_type *t, const char *text, size_t len, struct arena *a, void **ret,
	struct oci_findings *fs, struct error *err)
{
	int status;

	*ret = NULL;
	status = read_table(t, text, len, a, ret, NULL, fs, err);
	if (!status && fs->failed) {
		*ret = NULL;
		status = error_errno(err, ENOMEM, "read JSON");
	}
	return status == -EINVAL ? 0 : status;
}
