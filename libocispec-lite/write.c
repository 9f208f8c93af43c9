/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/table.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "libocispec-lite/path.h"
#include "libocispec-lite/scan.h"

enum { FIRST_ROOM = 2048 };

/* Where the writer stands, a chain up through its callers, for messages. */
struct place {
	const struct place *up;
	const char *name; /* of a member, or the key of a map; NULL: an element */
	bool is_key;
	size_t index;
};

struct writer {
	struct arena *arena;
	const char *indent;
	unsigned level;
	char *buf;
	size_t len, room;
	struct error *err;
};

static int write_object(struct writer *w, const struct oci_type *t, const char *obj, const struct place *at);

/* ---- text ---- */

static int put(struct writer *w, const char *s, size_t n)
{
	if (w->room - w->len <= n) { /* one is left for the NUL */
		size_t room = w->room ? w->room * 2 : FIRST_ROOM;
		char *buf;

		while (room - w->len <= n)
			room *= 2;
		buf = arena_alloc(w->arena, room);
		if (!buf)
			return error_errno(w->err, ENOMEM, "write JSON");
		if (w->len)
			memcpy(buf, w->buf, w->len);
		w->buf = buf;
		w->room = room;
	}
	memcpy(w->buf + w->len, s, n);
	w->len += n;
	return 0;
}

static int put_text(struct writer *w, const char *s)
{
	return put(w, s, strlen(s));
}

static int put_newline(struct writer *w)
{
	int r = w->indent ? put(w, "\n", 1) : 0;

	for (unsigned i = 0; w->indent && i < w->level && !r; i++)
		r = put_text(w, w->indent);
	return r;
}

static void add_place(struct path *p, const struct place *at)
{
	if (!at)
		return;
	add_place(p, at->up);
	if (!at->name)
		path_index(p, at->index);
	else if (at->is_key)
		path_key(p, at->name);
	else
		path_member(p, at->name);
}

static int refuse(struct writer *w, const struct place *at, const char *reason)
{
	struct path p = {0};

	add_place(&p, at);
	return error_set(w->err, EINVAL, "%s%s%s", p.text, path_colon(&p), reason);
}

/* ---- scalars ---- */

static int put_escape(struct writer *w, unsigned char c)
{
	static const char letters[] = {
		['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	char text[8];

	if (c < sizeof(letters) && letters[c])
		return put(w, (char[]){'\\', letters[c]}, 2);
	fmt(text, sizeof(text), "\\u%04x", c);
	return put_text(w, text);
}

static int write_string(struct writer *w, const char *s, const struct place *at)
{
	int r;

	if (!s)
		return refuse(w, at, "no string");
	if (!scan_utf8(s))
		return refuse(w, at, "not UTF-8");
	r = put(w, "\"", 1);
	while (*s && !r) {
		size_t n = 0;

		while ((unsigned char)s[n] >= 0x20 && s[n] != '"' && s[n] != '\\' && s[n] != 0x7f)
			n++;
		r = put(w, s, n);
		s += n;
		if (*s && !r)
			r = put_escape(w, (unsigned char)*s++);
	}
	return r ? r : put(w, "\"", 1);
}

static void decimal_text(char *buf, size_t n, const struct oci_decimal *v)
{
	uint64_t m = v->thousandths < 0 ? 0 - (uint64_t)v->thousandths : (uint64_t)v->thousandths;

	fmt(buf, n, "%s%lu.%03u", v->thousandths < 0 ? "-" : "", (unsigned long)(m / 1000), (unsigned)(m % 1000));
}

static int write_number(struct writer *w, enum oci_kind kind, const void *v)
{
	char text[24];

	switch (kind) {
	case OCI_KIND_DECIMAL:
		decimal_text(text, sizeof(text), v);
		break;
	case OCI_KIND_I32:
		fmt(text, sizeof(text), "%d", *(const int32_t *)v);
		break;
	case OCI_KIND_I64:
		fmt(text, sizeof(text), "%ld", (long)*(const int64_t *)v);
		break;
	case OCI_KIND_U16:
		fmt(text, sizeof(text), "%u", *(const uint16_t *)v);
		break;
	case OCI_KIND_U32:
		fmt(text, sizeof(text), "%u", *(const uint32_t *)v);
		break;
	default:
		fmt(text, sizeof(text), "%lu", (unsigned long)*(const uint64_t *)v);
		break;
	}
	return put_text(w, text);
}

/* ---- objects, arrays, maps ---- */

static int open_list(struct writer *w, const char *bracket)
{
	w->level++;
	return put_text(w, bracket);
}

/* Before each element or member. */
static int next_in_list(struct writer *w, bool first)
{
	int r = first ? 0 : put(w, ",", 1);

	return r ? r : put_newline(w);
}

static int close_list(struct writer *w, const char *bracket, bool empty)
{
	int r;

	w->level--;
	r = empty ? 0 : put_newline(w);
	return r ? r : put_text(w, bracket);
}

static int write_name(struct writer *w, const char *name, const struct place *at)
{
	int r = write_string(w, name, at);

	return r ? r : put_text(w, w->indent ? ": " : ":");
}

static int write_map(struct writer *w, const struct oci_map *m, const struct place *at)
{
	int r = open_list(w, "{");

	for (size_t i = 0; i < m->len && !r; i++) {
		struct place here = {.up = at, .name = m->keys[i], .is_key = true};

		r = next_in_list(w, i == 0);
		if (!r)
			r = write_name(w, m->keys[i], at);
		if (!r)
			r = write_string(w, m->values[i], &here);
	}
	return r ? r : close_list(w, "}", m->len == 0);
}

/* One value at v: of the field itself, or an element of its array. */
static int write_value(struct writer *w, const struct oci_field *f, const char *v, const struct place *at)
{
	switch (f->kind) {
	case OCI_KIND_BOOL:
		return put_text(w, *(const bool *)v ? "true" : "false");
	case OCI_KIND_STRING:
		return write_string(w, *(const char *const *)v, at);
	case OCI_KIND_OBJECT:
		return write_object(w, f->type, f->shape == OCI_SHAPE_ONE ? *(const void *const *)v : v, at);
	case OCI_KIND_MAP:
		return write_map(w, *(const struct oci_map *const *)v, at);
	default:
		return write_number(w, f->kind, v);
	}
}

static int write_list(struct writer *w, const struct oci_field *f, const char *obj, const struct place *at)
{
	const char *v = *(const void *const *)(obj + f->offset);
	size_t count = *(const size_t *)(obj + f->aux), size = oci_element_size(f);
	bool keyed = f->shape == OCI_SHAPE_KEYED;
	int r = open_list(w, keyed ? "{" : "[");

	for (size_t i = 0; i < count && !r; i++, v += size) {
		const char *key = keyed ? *(const char *const *)v : NULL;
		struct place here = {.up = at, .name = key, .is_key = keyed, .index = i};

		r = next_in_list(w, i == 0);
		if (!r && keyed)
			r = write_name(w, key, at);
		if (!r)
			r = write_value(w, f, v, &here);
	}
	return r ? r : close_list(w, keyed ? "}" : "]", count == 0);
}

static bool is_present(const struct oci_field *f, const char *obj)
{
	if (f->shape != OCI_SHAPE_ONE || f->kind >= OCI_KIND_STRING)
		return *(const void *const *)(obj + f->offset) != NULL;
	return f->aux == OCI_NO_FLAG || *(const bool *)(obj + f->aux);
}

static int write_object(struct writer *w, const struct oci_type *t, const char *obj, const struct place *at)
{
	bool empty = true;
	int r = open_list(w, "{");

	for (size_t i = 0; i < t->fields_len && !r; i++) {
		const struct oci_field *f = &t->fields[i];
		struct place here = {.up = at, .name = f->name};

		if (!is_present(f, obj)) {
			if (f->required)
				return refuse(w, &here, "required member is missing");
			continue;
		}
		r = next_in_list(w, empty);
		empty = false;
		if (!r)
			r = write_name(w, f->name, &here);
		if (!r && f->shape == OCI_SHAPE_ONE)
			r = write_value(w, f, obj + f->offset, &here);
		else if (!r)
			r = write_list(w, f, obj, &here);
	}
	return r ? r : close_list(w, "}", empty);
}

int oci_table_write(const struct oci_type *t, const void *obj, const char *indent, struct arena *a, char **ret_json,
	size_t *ret_len, struct error *err)
{
	struct writer w = {.arena = a, .indent = indent, .err = err};
	int r = write_object(&w, t, obj, NULL);

	if (r)
		return r;
	w.buf[w.len] = '\0';
	*ret_json = w.buf;
	if (ret_len)
		*ret_len = w.len;
	return 0;
}
