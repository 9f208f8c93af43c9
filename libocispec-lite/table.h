/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_OCISPEC_TABLE_H
#define ENVIRO_OCISPEC_TABLE_H

/* JSON objects as C structs, described by constant tables: one reader and one writer for all of them.
 *
 *	struct thing {
 *		char *name;
 *		bool has_size;
 *		uint64_t size;
 *		char **tags;
 *		size_t tags_len;
 *	};
 *	static const struct oci_field thing_fields[] = {
 *		OCI_STRING(struct thing, "name", name, OCI_REQUIRED),
 *		OCI_OPTIONAL(struct thing, "size", size),
 *		OCI_STRINGS(struct thing, "tags", tags, 0),
 *	};
 *	const struct oci_type thing_type = OCI_TYPE(struct thing, thing_fields);
 *
 * The macros take the kind of a member from its C type; one that does not fit does not compile. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum {
	OCI_MAX_BYTES = 16 * 1024 * 1024, /* of text */
	OCI_MAX_DEPTH = 64,               /* of objects and arrays in each other */
	OCI_MAX_FIELDS = 64,              /* of one type */
};

/* A map from strings to strings, in the order of the file. */
struct oci_map {
	char **keys, **values;
	size_t len;
};

/* The paths ("process.foo", "mounts[2].bar") of members that no table has. Zeroed before the first use; further reads
 * add to it. Its memory is the arena's of the read. */
struct oci_unknown {
	char **paths;
	size_t len, room;
};

/* A number that may have a fraction, in thousandths; digits behind these are cut off. */
struct oci_decimal {
	int64_t thousandths;
};

/* The value of `key`, or NULL; m may be NULL. */
const char *oci_map_get(const struct oci_map *m, const char *key);

enum oci_kind {
	OCI_KIND_BOOL,
	OCI_KIND_I32,
	OCI_KIND_I64,
	OCI_KIND_U16,
	OCI_KIND_U32,
	OCI_KIND_U64,
	OCI_KIND_DECIMAL,
	OCI_KIND_STRING, /* char * */
	OCI_KIND_OBJECT, /* a struct, pointed to */
	OCI_KIND_MAP,    /* struct oci_map, pointed to */
};

enum oci_shape {
	OCI_SHAPE_ONE,
	OCI_SHAPE_ARRAY, /* T *x; size_t x_len */
	OCI_SHAPE_KEYED, /* an object of objects: the same as an array, and each struct begins with `char *key` */
};

enum {
	OCI_REQUIRED = 1, /* reading and writing refuse its absence */
	OCI_NO_FLAG = UINT16_MAX,
};

struct oci_type;

struct oci_field {
	const char *name;
	const struct oci_type *type; /* of objects */
	uint16_t offset;
	uint16_t aux; /* offset of has_x, or of x_len for arrays; OCI_NO_FLAG when there is neither */
	uint8_t name_len, kind, shape, required;
};

struct oci_type {
	const struct oci_field *fields;
	size_t fields_len; /* at most OCI_MAX_FIELDS */
	size_t size;
	bool closed; /* reading refuses a member that is not in the table */
};

/* It cannot lay out initialisers in macros: */
/* clang-format off */
#define OCI_TYPE(T, f) {.fields = (f), .fields_len = sizeof(f) / sizeof((f)[0]), .size = sizeof(T)}
#define OCI_TYPE_CLOSED(T, f)                                                                                          \
	{.fields = (f), .fields_len = sizeof(f) / sizeof((f)[0]), .size = sizeof(T), .closed = true}

/* Bytes of one element of an array field. */
size_t oci_element_size(const struct oci_field *f);

/* Zero, and a compile error when cond is false. */
#define OCI_ASSERT_ZERO(cond) (0 * sizeof(struct { _Static_assert(cond, #cond); int unused; }))
#define OCI_MEMBER(T, m) (((T *)0)->m)
#define OCI_IS(T, m, type) __builtin_types_compatible_p(__typeof__(OCI_MEMBER(T, m)), type)
#define OCI_SCALAR_KIND(e)                                                                                             \
	_Generic((e),                                                                                                  \
		bool: OCI_KIND_BOOL,                                                                                   \
		int32_t: OCI_KIND_I32,                                                                                 \
		int64_t: OCI_KIND_I64,                                                                                 \
		uint16_t: OCI_KIND_U16,                                                                                \
		uint32_t: OCI_KIND_U32,                                                                                \
		uint64_t: OCI_KIND_U64,                                                                                \
		struct oci_decimal: OCI_KIND_DECIMAL)
/* NOLINTBEGIN(bugprone-macro-parentheses): what follows are initializers and types */
#define OCI_FIELD_NAMED(T, json, m) .name = (json), .name_len = sizeof(json) - 1, .offset = offsetof(T, m)
#define OCI_LEN_OF(T, m) .aux = offsetof(T, m##_len) + OCI_ASSERT_ZERO(OCI_IS(T, m##_len, size_t))

/* A number or bool with `bool has_x` beside it. */
#define OCI_OPTIONAL(T, json, m)                                                                                       \
	{OCI_FIELD_NAMED(T, json, m), .kind = OCI_SCALAR_KIND(OCI_MEMBER(T, m)),                                       \
		.aux = offsetof(T, has_##m) + OCI_ASSERT_ZERO(OCI_IS(T, has_##m, bool))}
/* A number or bool without one: OCI_REQUIRED, or 0 for one that is 0 when absent. */
#define OCI_VALUE(T, json, m, req)                                                                                     \
	{OCI_FIELD_NAMED(T, json, m), .kind = OCI_SCALAR_KIND(OCI_MEMBER(T, m)), .aux = OCI_NO_FLAG, .required = (req)}
/* char *x */
#define OCI_STRING(T, json, m, req)                                                                                    \
	{OCI_FIELD_NAMED(T, json, m), .kind = OCI_KIND_STRING + OCI_ASSERT_ZERO(OCI_IS(T, m, char *)),                 \
		.aux = OCI_NO_FLAG, .required = (req)}
/* struct S *x, with S's table */
#define OCI_OBJECT(T, json, m, S, table, req)                                                                          \
	{OCI_FIELD_NAMED(T, json, m), .kind = OCI_KIND_OBJECT + OCI_ASSERT_ZERO(OCI_IS(T, m, S *)), .type = &(table),  \
		.aux = OCI_NO_FLAG, .required = (req)}
/* struct oci_map *x */
#define OCI_MAP(T, json, m, req)                                                                                       \
	{OCI_FIELD_NAMED(T, json, m), .kind = OCI_KIND_MAP + OCI_ASSERT_ZERO(OCI_IS(T, m, struct oci_map *)),          \
		.aux = OCI_NO_FLAG, .required = (req)}
/* Arrays, with size_t x_len: of numbers or bools, of strings, of structs; and structs that begin with `char *key`. */
#define OCI_VALUES(T, json, m, req)                                                                                    \
	{OCI_FIELD_NAMED(T, json, m), .kind = OCI_SCALAR_KIND(*OCI_MEMBER(T, m)), .shape = OCI_SHAPE_ARRAY,            \
		OCI_LEN_OF(T, m), .required = (req)}
#define OCI_STRINGS(T, json, m, req)                                                                                   \
	{OCI_FIELD_NAMED(T, json, m), .kind = OCI_KIND_STRING + OCI_ASSERT_ZERO(OCI_IS(T, m, char **)),                \
		.shape = OCI_SHAPE_ARRAY, OCI_LEN_OF(T, m), .required = (req)}
#define OCI_OBJECTS(T, json, m, S, table, req)                                                                         \
	{OCI_FIELD_NAMED(T, json, m), .kind = OCI_KIND_OBJECT + OCI_ASSERT_ZERO(OCI_IS(T, m, S *)), .type = &(table),  \
		.shape = OCI_SHAPE_ARRAY, OCI_LEN_OF(T, m), .required = (req)}
#define OCI_KEYED(T, json, m, S, table, req)                                                                           \
	{OCI_FIELD_NAMED(T, json, m),                                                                                  \
		.kind = OCI_KIND_OBJECT + OCI_ASSERT_ZERO(OCI_IS(T, m, S *) && offsetof(S, key) == 0),                 \
		.type = &(table), .shape = OCI_SHAPE_KEYED, OCI_LEN_OF(T, m), .required = (req)}
/* NOLINTEND(bugprone-macro-parentheses) */

/* clang-format on */

/* Reads one JSON object into a new struct of type `t`. text: len bytes of UTF-8. unknown: may be NULL.
 * -EINVAL: err holds "PATH: line L, column C: reason"; columns count bytes from 1. Refused are wrong types, numbers
 * that do not fit their C type, duplicate keys of known objects and maps, NUL in a string, text that is not UTF-8 or
 * has half a surrogate pair, nesting beyond OCI_MAX_DEPTH, missing required members, members that a closed type does not
 * have, null within arrays and maps, and anything behind the object. -EFBIG above OCI_MAX_BYTES. -ENOMEM. */
int oci_table_read(const struct oci_type *t, const char *text, size_t len, struct arena *a, void **ret,
	struct oci_unknown *unknown, struct error *err);

/* Writes obj as JSON into the arena, NUL-terminated, no newline at its end; ret_len may be NULL. indent NULL: one line,
 * no blanks; else what one level is indented by ("\t"). Absent members are left out. -EINVAL: err holds "PATH: reason"
 * (not UTF-8, required member missing). -ENOMEM. */
int oci_table_write(const struct oci_type *t, const void *obj, const char *indent, struct arena *a, char **ret_json,
	size_t *ret_len, struct error *err);

/* obj and all it leads to as one block of bytes in the arena, the same for equal structs whose padding is zero, as it is
 * in those that were read. Good for the same build only. -ENOMEM. */
int oci_table_pack(const struct oci_type *t, const void *obj, struct arena *a, void **ret, size_t *ret_len);

/* Makes a struct of such a block again, in place: *ret lies in it and lives as long. block: aligned to 8, writable. Only
 * once for one copy of a block. -EBADMSG: a pointer that leads out of it; other damage is the caller's to find. */
int oci_table_unpack(const struct oci_type *t, void *block, size_t len, void **ret);

#endif
