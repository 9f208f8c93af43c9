/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/table.h"

#include <errno.h>
#include <string.h>

/* A block: the head, structs, arrays and strings behind each other, the places of all pointers. In a block at rest a
 * pointer is an offset from the block's start. */
struct head {
	uint64_t size;
	uint64_t root;	 /* offset of the struct that was packed */
	uint64_t places; /* offset of an array of uint32_t: where the pointers are */
	uint64_t places_len;
};

enum { FIRST_ROOM = 16 * 1024, ALIGN = 8 };

struct packer {
	struct arena *arena;
	char *buf;
	size_t len, room;
	uint32_t *places;
	size_t places_len, places_room;
	bool failed; /* memory is out, or the block too large for the offsets in `places` */
};

static bool grow(struct packer *p, size_t need)
{
	size_t room = p->room;
	char *buf;

	if (need > INT32_MAX)
		p->failed = true;
	if (p->failed || need <= room)
		return !p->failed;
	while (room < need)
		room *= 2;
	buf = arena_alloc(p->arena, room);
	if (!buf) {
		p->failed = true;
		return false;
	}
	memcpy(buf, p->buf, p->len);
	p->buf = buf;
	p->room = room;
	return true;
}

/* Returns its offset; 0 after a failure. */
static size_t put(struct packer *p, const void *data, size_t n, size_t align)
{
	size_t at = (p->len + align - 1) & ~(align - 1);

	if (n > INT32_MAX || !grow(p, at + n))
		return 0;
	if (n)
		memcpy(p->buf + at, data, n);
	p->len = at + n;
	return at;
}

/* The pointer at offset `place` leads to offset `to`. */
static void point(struct packer *p, size_t place, size_t to)
{
	uintptr_t value = to;

	if (p->failed)
		return;
	if (p->places_len == p->places_room) {
		size_t room = p->places_room * 2;
		uint32_t *places = arena_array(p->arena, room, sizeof(*places));

		if (!places) {
			p->failed = true;
			return;
		}
		memcpy(places, p->places, p->places_len * sizeof(*places));
		p->places = places;
		p->places_room = room;
	}
	p->places[p->places_len++] = (uint32_t)place;
	memcpy(p->buf + place, &value, sizeof(value));
}

static void pack_string(struct packer *p, const char *s, size_t place)
{
	if (s)
		point(p, place, put(p, s, strlen(s) + 1, 1));
}

static void pack_strings(struct packer *p, char *const *v, size_t n, size_t place)
{
	size_t at = put(p, v, n * sizeof(*v), ALIGN);

	point(p, place, at);
	for (size_t i = 0; i < n && !p->failed; i++)
		pack_string(p, v[i], at + i * sizeof(*v));
}

static void pack_map(struct packer *p, const struct oci_map *m, size_t place)
{
	size_t at = put(p, m, sizeof(*m), ALIGN);

	point(p, place, at);
	if (m->keys)
		pack_strings(p, m->keys, m->len, at + offsetof(struct oci_map, keys));
	if (m->values)
		pack_strings(p, m->values, m->len, at + offsetof(struct oci_map, values));
}

static void pack_members(struct packer *p, const struct oci_type *t, const char *obj, size_t at);

static void pack_array(struct packer *p, const struct oci_field *f, const char *obj, const char *v, size_t place)
{
	size_t n, size = oci_element_size(f), at;

	memcpy(&n, obj + f->aux, sizeof(n));
	if (f->kind == OCI_KIND_STRING) {
		pack_strings(p, (char *const *)(const void *)v, n, place);
		return;
	}
	at = put(p, v, n * size, ALIGN);
	point(p, place, at);
	for (size_t i = 0; f->kind == OCI_KIND_OBJECT && i < n && !p->failed; i++) {
		if (f->shape == OCI_SHAPE_KEYED)
			pack_string(p, *(char *const *)(const void *)(v + i * size), at + i * size);
		pack_members(p, f->type, v + i * size, at + i * size);
	}
}

/* The struct itself lies at offset `at` already. */
static void pack_members(struct packer *p, const struct oci_type *t, const char *obj, size_t at)
{
	for (size_t i = 0; i < t->fields_len && !p->failed; i++) {
		const struct oci_field *f = &t->fields[i];
		bool scalar = f->kind != OCI_KIND_STRING && f->kind != OCI_KIND_OBJECT && f->kind != OCI_KIND_MAP;
		size_t place = at + f->offset, to;
		const char *v;

		if (scalar && f->shape == OCI_SHAPE_ONE)
			continue;
		memcpy(&v, obj + f->offset, sizeof(v));
		if (!v)
			continue;
		if (f->shape != OCI_SHAPE_ONE) {
			pack_array(p, f, obj, v, place);
		} else if (f->kind == OCI_KIND_STRING) {
			pack_string(p, v, place);
		} else if (f->kind == OCI_KIND_MAP) {
			pack_map(p, (const void *)v, place);
		} else {
			to = put(p, v, f->type->size, ALIGN);
			point(p, place, to);
			if (!p->failed)
				pack_members(p, f->type, v, to);
		}
	}
}

int oci_table_pack(const struct oci_type *t, const void *obj, struct arena *a, void **ret, size_t *ret_len)
{
	struct packer p = {.arena = a, .room = FIRST_ROOM, .places_room = FIRST_ROOM / sizeof(uint32_t)};
	struct head h = {0};
	size_t at;

	p.buf = arena_alloc(a, p.room);
	p.places = arena_array(a, p.places_room, sizeof(*p.places));
	if (!p.buf || !p.places)
		return -ENOMEM;
	put(&p, &h, sizeof(h), ALIGN);
	h.root = at = put(&p, obj, t->size, ALIGN);
	if (!p.failed)
		pack_members(&p, t, obj, at);
	h.places = put(&p, p.places, p.places_len * sizeof(*p.places), ALIGN);
	h.places_len = p.places_len;
	h.size = p.len;
	if (p.failed)
		return -ENOMEM;
	memcpy(p.buf, &h, sizeof(h));
	*ret = p.buf;
	*ret_len = p.len;
	return 0;
}

int oci_table_unpack(const struct oci_type *t, void *block, size_t len, void **ret)
{
	char *base = block;
	struct head h;
	const uint32_t *places;

	if (len < sizeof(h) || (uintptr_t)block % ALIGN)
		return -EBADMSG;
	memcpy(&h, block, sizeof(h));
	if (h.size != len || h.places > len || h.places % ALIGN || h.places_len > (len - h.places) / sizeof(*places) ||
		h.root > h.places || h.root % ALIGN || t->size > h.places - h.root)
		return -EBADMSG;
	places = (const uint32_t *)(const void *)(base + h.places);
	for (size_t i = 0; i < h.places_len; i++) {
		uintptr_t value;

		if (places[i] < sizeof(h) || places[i] + sizeof(value) > h.places)
			return -EBADMSG;
		memcpy(&value, base + places[i], sizeof(value));
		if (value > h.places)
			return -EBADMSG;
		value += (uintptr_t)base;
		memcpy(base + places[i], &value, sizeof(value));
	}
	*ret = base + h.root;
	return 0;
}
