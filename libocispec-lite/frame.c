/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/frame.h"

#include <string.h>

enum { FIRST_ROOM = 4 };

static const char *const kind_words[] = {
	[OCI_KIND_BOOL] = "true or false",
	[OCI_KIND_I32] = "a 32-bit integer",
	[OCI_KIND_I64] = "a 64-bit integer",
	[OCI_KIND_U16] = "an unsigned 16-bit integer",
	[OCI_KIND_U32] = "an unsigned 32-bit integer",
	[OCI_KIND_U64] = "an unsigned 64-bit integer",
	[OCI_KIND_DECIMAL] = "a decimal number",
	[OCI_KIND_STRING] = "a string",
	[OCI_KIND_OBJECT] = "an object",
	[OCI_KIND_MAP] = "an object",
};

struct want frames_want(struct frames *fs, const struct oci_type *root)
{
	struct frame *f = frames_top(fs);

	if (!f)
		return (struct want){.kind = OCI_KIND_OBJECT, .type = root};
	if (f->mode == FRAME_MAP)
		return (struct want){.kind = OCI_KIND_STRING};
	return (struct want){
		.kind = f->field->kind,
		.shape = f->mode == FRAME_OBJECT ? f->field->shape : OCI_SHAPE_ONE,
		.type = f->field->type,
	};
}

const char *want_words(const struct want *w)
{
	if (w->shape == OCI_SHAPE_ARRAY)
		return "an array";
	return kind_words[w->kind];
}

/* Makes room for one more value of `size` bytes in *base, which holds len of them. */
static bool make_room(struct frame *f, void **base, size_t len, size_t size, struct arena *a)
{
	size_t room = f->room ? f->room * 2 : FIRST_ROOM;
	void *new;

	if (len < f->room)
		return true;
	new = arena_array(a, room, size);
	if (!new)
		return false;
	if (len)
		memcpy(new, *base, len * size);
	*base = new;
	f->room = room;
	return true;
}

static void *place_element(struct frame *f, struct arena *a)
{
	const struct oci_field *field = f->field;
	void **base = (void **)(f->obj + field->offset);
	size_t *len = (size_t *)(f->obj + field->aux);
	size_t size = oci_element_size(field);
	char *element;

	if (!make_room(f, base, *len, size, a))
		return NULL;
	element = (char *)*base + size * (*len)++;
	if (f->mode == FRAME_KEYED)
		*(char **)element = f->key;
	return element;
}

static void *place_in_map(struct frame *f, struct arena *a)
{
	struct oci_map *m = (struct oci_map *)f->obj;
	size_t room = f->room;

	if (!make_room(f, (void **)&m->keys, m->len, sizeof(char *), a))
		return NULL;
	f->room = room; /* the values have as much as the keys had */
	if (!make_room(f, (void **)&m->values, m->len, sizeof(char *), a))
		return NULL;
	m->keys[m->len] = f->key;
	return &m->values[m->len++];
}

static void note_given(struct frame *f)
{
	f->given |= UINT64_C(1) << (f->field - f->type->fields);
}

void *frame_place(struct frame *f, struct arena *a)
{
	if (f->mode == FRAME_MAP)
		return place_in_map(f, a);
	if (f->mode != FRAME_OBJECT)
		return place_element(f, a);
	note_given(f);
	if (f->field->aux != OCI_NO_FLAG)
		*(bool *)(f->obj + f->field->aux) = true;
	return f->obj + f->field->offset;
}

void *frame_place_object(struct frame *f, size_t size, struct arena *a)
{
	void **slot, *obj;

	if (f->mode != FRAME_OBJECT)
		return place_element(f, a);
	slot = frame_place(f, a);
	obj = f->field->kind == OCI_KIND_OBJECT && *slot ? *slot : arena_alloc(a, size);
	if (obj)
		*slot = obj;
	return obj;
}

bool frame_enter_list(struct frames *fs, struct frame *f, size_t start, struct arena *a)
{
	void **base = (void **)(f->obj + f->field->offset);

	note_given(f);
	*(size_t *)(f->obj + f->field->aux) = 0;
	*base = arena_alloc(a, 0); /* of no length, yet present */
	if (!*base)
		return false;
	fs->at[fs->len++] = (struct frame){
		.mode = f->field->shape == OCI_SHAPE_KEYED ? FRAME_KEYED : FRAME_ARRAY,
		.obj = f->obj,
		.field = f->field,
		.start = start,
	};
	return true;
}

void frame_value_done(struct frame *f)
{
	if (f->mode == FRAME_OBJECT)
		f->field = NULL;
	else
		f->index++;
	f->unknown = false;
	f->key = NULL;
}

bool type_fill(const struct oci_type *t, void *obj, struct arena *a)
{
	for (size_t i = 0; i < t->fields_len; i++) {
		const struct oci_field *f = &t->fields[i];
		void **to = (void **)((char *)obj + f->offset);
		bool object = f->kind == OCI_KIND_OBJECT && f->shape == OCI_SHAPE_ONE;

		if (!f->required || (f->shape == OCI_SHAPE_ONE && f->kind < OCI_KIND_STRING) || *to)
			continue;
		*to = arena_alloc(a, object ? f->type->size : 1);
		if (!*to || (object && !type_fill(f->type, *to, a)))
			return false;
	}
	return true;
}

void frames_path(const struct frames *fs, struct path *p)
{
	for (size_t i = 0; i < fs->len; i++) {
		const struct frame *f = &fs->at[i];

		if (f->mode == FRAME_ARRAY)
			path_index(p, f->index);
		else if (f->mode != FRAME_OBJECT && f->key)
			path_key(p, f->key);
		else if (f->unknown)
			path_member(p, f->key);
		else if (f->mode == FRAME_OBJECT && f->field)
			path_member(p, f->field->name);
	}
}
