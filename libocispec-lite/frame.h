/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_OCISPEC_FRAME_H
#define ENVIRO_OCISPEC_FRAME_H

/* Where a reader stands: one frame for each object and array it is in. The parser's events go to read.c, which asks
 * here where the next value belongs and what it has to be. */

#include "libocispec-lite/keys.h"
#include "libocispec-lite/path.h"
#include "libocispec-lite/table.h"

enum frame_mode {
	FRAME_OBJECT, /* members of a struct */
	FRAME_ARRAY,
	FRAME_KEYED, /* a map to objects: filled as an array is */
	FRAME_MAP,
};

struct frame {
	enum frame_mode mode;
	bool unknown;                /* OBJECT: the next value belongs to a member that the table does not have */
	const struct oci_type *type; /* OBJECT */
	char *obj;                   /* OBJECT: the struct; ARRAY, KEYED: the struct that holds it; MAP: the oci_map */
	const struct oci_field *field; /* OBJECT: of the next value, NULL before a key; else: of this container */
	char *key;                     /* KEYED, MAP, and OBJECT with unknown: of the next value */
	uint64_t seen, given;          /* OBJECT: fields that had a key; that had a value other than null */
	size_t index;                  /* ARRAY, KEYED, MAP: complete values */
	size_t room;                   /* ARRAY, KEYED, MAP: values there is memory for */
	size_t start;                  /* offset in the text */
	struct key_set keys;           /* KEYED, MAP */
};

struct frames {
	size_t len;
	struct frame at[OCI_MAX_DEPTH];
};

/* What the next value has to be. */
struct want {
	enum oci_kind kind; /* of the value, or of an array's elements */
	enum oci_shape shape;
	const struct oci_type *type; /* of objects */
};

/* The innermost frame, or NULL at the root. */
static inline struct frame *frames_top(struct frames *f)
{
	return f->len ? &f->at[f->len - 1] : NULL;
}

/* `root` is the type of the whole text. */
struct want frames_want(struct frames *f, const struct oci_type *root);

/* The words for it: "an unsigned 32-bit integer". */
const char *want_words(const struct want *w);

/* Memory for the scalar, string or pointer that comes next in frame f (the member of its struct, the next element),
 * which thereby counts as given. NULL when memory is out. */
void *frame_place(struct frame *f, struct arena *a);

/* The same for an object of `size` bytes, which f's struct or array holds already: zeroed, or what a member in another case
 * has left. */
void *frame_place_object(struct frame *f, size_t size, struct arena *a);

/* A new frame for an array or a map to objects that is the value of f's current field. False when memory is out. */
bool frame_enter_list(struct frames *fs, struct frame *f, size_t start, struct arena *a);

/* The value that frame f waited for is complete. */
void frame_value_done(struct frame *f);

/* Gives required members that are missing something harmless: "", an array of length 0, an object that is treated the
 * same way. False when memory is out. */
bool type_fill(const struct oci_type *t, void *obj, struct arena *a);

/* The path of the value that is being read. */
void frames_path(const struct frames *f, struct path *p);

#endif
