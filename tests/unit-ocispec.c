/* SPDX-License-Identifier: Apache-2.0 */

/* The specification as C: documents come back from the structs as they went in, and no field of the tables is left
 * out. What has to be refused is in unit-ocispec-refuse.c. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <yajl/yajl_tree.h>

#include "base/str.h"
#include "libocispec-lite/ocispec.h"
#include "tests/tap.h"

static const char *source_dir(void)
{
	const char *dir = getenv("srcdir");

	return dir ? dir : ".";
}

static char *load(struct arena *a, const char *name, size_t *ret_len)
{
	char *path = arena_fmt(a, "%s/tests/%s", source_dir(), name);
	FILE *f = fopen(path, "re");
	size_t room = 1 << 20;
	char *text = arena_alloc(a, room);

	if (!f || !text) {
		printf("Bail out! cannot read %s\n", path);
		exit(1);
	}
	*ret_len = fread(text, 1, room - 1, f);
	fclose(f);
	return text;
}

/* ---- equality of JSON: the order of members does not matter, that of maps is checked where it is promised ---- */

static yajl_val member(yajl_val object, const char *name)
{
	for (size_t i = 0; YAJL_IS_OBJECT(object) && i < YAJL_GET_OBJECT(object)->len; i++)
		if (!strcmp(YAJL_GET_OBJECT(object)->keys[i], name))
			return YAJL_GET_OBJECT(object)->values[i];
	return NULL;
}

static bool same(yajl_val a, yajl_val b)
{
	if (!a || !b || a->type != b->type)
		return false;
	if (YAJL_IS_STRING(a))
		return str_eq(YAJL_GET_STRING(a), YAJL_GET_STRING(b));
	if (YAJL_IS_NUMBER(a))
		return str_eq(YAJL_GET_NUMBER(a), YAJL_GET_NUMBER(b));
	if (YAJL_IS_ARRAY(a)) {
		bool good = YAJL_GET_ARRAY(a)->len == YAJL_GET_ARRAY(b)->len;

		for (size_t i = 0; good && i < YAJL_GET_ARRAY(a)->len; i++)
			good = same(YAJL_GET_ARRAY(a)->values[i], YAJL_GET_ARRAY(b)->values[i]);
		return good;
	}
	if (YAJL_IS_OBJECT(a)) {
		bool good = YAJL_GET_OBJECT(a)->len == YAJL_GET_OBJECT(b)->len;

		for (size_t i = 0; good && i < YAJL_GET_OBJECT(a)->len; i++)
			good = same(YAJL_GET_OBJECT(a)->values[i], member(b, YAJL_GET_OBJECT(a)->keys[i]));
		return good;
	}
	return true; /* true, false, null: the type says it all */
}

static bool same_text(const char *a, const char *b)
{
	char why[256] = "";
	yajl_val x = yajl_tree_parse(a, why, sizeof(why)), y = yajl_tree_parse(b, why, sizeof(why));
	bool good = same(x, y);

	if (*why)
		printf("# %s\n", why);
	yajl_tree_free(x);
	yajl_tree_free(y);
	return good;
}

/* ---- documents ---- */

static void comes_back(const char *name, const struct oci_type *t)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_unknown unknown = {0};
	struct error err = {0};
	size_t len, out_len = 0;
	char *text = load(&a, name, &len), *out = NULL, *again = NULL;
	void *doc = NULL;
	int r = oci_table_read(t, text, len, &a, &doc, &unknown, &err);

	if (!tap_ok(r == 0, "%s is read", name)) {
		printf("# %s\n", err.msg);
		return;
	}
	tap_is_int(unknown.len, 0, "%s has no unknown member", name);
	r = oci_table_write(t, doc, NULL, &a, &out, &out_len, &err);
	if (!tap_ok(r == 0, "%s is written", name))
		return;
	tap_ok(same_text(text, out), "%s comes back", name);
	tap_ok(strlen(out) == out_len && !strchr(out, '\n'), "%s is one line", name);
	r = oci_table_write(t, doc, "\t", &a, &again, NULL, &err);
	tap_ok(r == 0 && same_text(text, again), "%s comes back indented", name);
	r = oci_table_read(t, out, out_len, &a, &doc, NULL, &err);
	if (!r)
		r = oci_table_write(t, doc, NULL, &a, &again, NULL, &err);
	tap_ok(r == 0 && !strcmp(out, again), "%s is the same text the second time", name);
}

/* Packed, moved elsewhere and unpacked it is the same document; read twice it is the same block. */
static void packs(const char *name, const struct oci_type *t)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char *text, *out = NULL, *again = NULL, *moved;
	void *doc = NULL, *twin = NULL, *block = NULL, *other = NULL;
	size_t len, block_len = 0, other_len = 0;

	text = load(&a, name, &len);
	if (!tap_ok(oci_table_read(t, text, len, &a, &doc, NULL, NULL) == 0 &&
			    oci_table_read(t, text, len, &a, &twin, NULL, NULL) == 0 &&
			    oci_table_pack(t, doc, &a, &block, &block_len) == 0 &&
			    oci_table_pack(t, twin, &a, &other, &other_len) == 0,
		    "%s is packed", name))
		return;
	tap_ok(block_len == other_len && !memcmp(block, other, block_len), "%s: the same block each time", name);
	moved = arena_alloc(&a, block_len);
	memcpy(moved, block, block_len);
	memset(block, 0xee, block_len);
	tap_is_int(oci_table_unpack(t, moved, block_len, &doc), 0, "%s is unpacked", name);
	tap_ok((char *)doc > moved && (char *)doc < moved + block_len, "%s lies in the block", name);
	oci_table_write(t, twin, NULL, &a, &out, NULL, NULL);
	oci_table_write(t, doc, NULL, &a, &again, NULL, NULL);
	tap_ok(out && again && !strcmp(out, again), "%s is the same document", name);
}

static void bad_blocks(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	static const char text[] = "{\"ociVersion\":\"1.0.0\",\"hostname\":\"x\"}";
	const struct oci_type *t = &oci_config_type;
	struct oci_config *c;
	void *block, *doc;
	size_t len;
	uint64_t *words, *copy;

	oci_config_read(text, strlen(text), &a, &c, NULL, NULL);
	oci_table_pack(t, c, &a, &block, &len);
	words = arena_alloc(&a, len + 8);
	copy = arena_alloc(&a, len);
	tap_is_int(oci_table_unpack(t, block, len - 8, &doc), -EBADMSG, "a shorter block is refused");
	tap_is_int(oci_table_unpack(t, block, 8, &doc), -EBADMSG, "a block without a head is refused");
	for (size_t i = 0; i < len / 8; i++) { /* whatever is wrong: what it gives lies in the block */
		memcpy(words, block, len);
		words[i] = UINT64_C(0x7fffffffffff);
		memcpy(copy, words, len);
		if (oci_table_unpack(t, copy, len, &doc) == 0 &&
			((char *)doc < (char *)copy || (char *)doc + t->size > (char *)copy + len))
			tap_ok(false, "word %zu leads out of the block", i);
	}
	memcpy(words, block, len);
	memcpy((char *)words + offsetof(struct oci_config, oci_version) + 32, &(uint64_t){len + 1}, 8);
	tap_is_int(oci_table_unpack(t, words, len, &doc), -EBADMSG, "a pointer out of the block is refused");
}

static void all_configs_come_back(void)
{
	char path[512];
	struct dirent *d;
	DIR *dir;

	fmt(path, sizeof(path), "%s/tests/configs", source_dir());
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (!str_ends(d->d_name, ".json"))
			continue;
		fmt(path, sizeof(path), "configs/%s", d->d_name);
		comes_back(path, &oci_config_type);
		packs(path, &oci_config_type);
	}
	if (dir)
		closedir(dir);
}

/* ---- every field of the tables occurs in a document ---- */

static void collect(const struct oci_type *t, const yajl_val *values, size_t n, const char *path);

/* The objects that are values of field f in the given ones: its own, its array's or its map's. */
static size_t values_of(const struct oci_field *f, const yajl_val *from, size_t n, yajl_val *ret, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		yajl_val v = member(from[i], f->name);
		size_t len = !v                            ? 0
			     : f->shape == OCI_SHAPE_ARRAY ? v->u.array.len
			     : f->shape == OCI_SHAPE_KEYED ? v->u.object.len
							   : 1;

		for (size_t j = 0; j < len && count < room; j++)
			ret[count++] = f->shape == OCI_SHAPE_ARRAY   ? v->u.array.values[j]
				       : f->shape == OCI_SHAPE_KEYED ? v->u.object.values[j]
								     : v;
	}
	return count;
}

static void collect(const struct oci_type *t, const yajl_val *values, size_t n, const char *path)
{
	yajl_val inner[64];
	char name[256];

	tap_ok(t->fields_len <= OCI_MAX_FIELDS, "%s: fields fit a bit mask", path);
	for (size_t i = 0; i < t->fields_len; i++) {
		const struct oci_field *f = &t->fields[i];
		size_t found = 0;

		fmt(name, sizeof(name), "%s.%s", path, f->name);
		for (size_t j = 0; j < n; j++)
			found += member(values[j], f->name) != NULL;
		tap_ok(found > 0 && f->name_len == strlen(f->name), "%s occurs", name);
		if (f->kind == OCI_KIND_OBJECT)
			collect(f->type, inner, values_of(f, values, n, inner, 64), name);
	}
}

static void every_field_occurs(const char *name, const struct oci_type *t)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	size_t len;
	yajl_val tree = yajl_tree_parse(load(&a, name, &len), NULL, 0);

	if (tap_ok(tree != NULL, "%s is JSON", name))
		collect(t, &tree, 1, name);
	yajl_tree_free(tree);
}

/* Cut short anywhere it is refused, and nothing else happens. */
static void no_prefix_is_taken(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	size_t len, taken = 0;
	char *text = load(&a, "configs/all-fields.json", &len);

	while (len && text[len - 1] != '}')
		len--;
	for (size_t n = 0; n < len; n++) {
		_cleanup_arena_ struct arena b = ARENA_INIT;
		struct oci_config *c = NULL;
		char *copy = malloc(n ? n : 1); /* of that size, so that a tool sees a read beyond it */

		memcpy(copy, text, n);
		if (!oci_config_read(copy, n, &b, &c, NULL, NULL) || c)
			taken++;
		free(copy);
	}
	tap_is_int(taken, 0, "%zu prefixes of a document are refused", len);
}

/* ---- the structs ---- */

static void values_are_right(void)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	size_t len;
	char *text = load(&a, "configs/all-fields.json", &len);
	struct oci_config *c = NULL;
	struct oci_linux_resources *res;

	if (!tap_ok(!oci_config_read(text, len, &a, &c, NULL, NULL), "read"))
		return;
	res = c->linux->resources;
	tap_is_str(c->process->args[2], "printf '%s\\n' \"tab\tquote\\\"slash/\xc3\xa9\xf0\x9f\x98\x80\x7f\x01\"",
		"escapes in strings");
	tap_ok(c->process->has_terminal && c->process->terminal, "a bool");
	tap_ok(c->process->has_no_new_privileges && !c->process->no_new_privileges, "false is given");
	tap_ok(!c->process->capabilities->inheritable_len && c->process->capabilities->inheritable, "an empty array");
	tap_ok(!c->mounts[0].options && !c->mounts[0].options_len, "no array");
	tap_ok(c->process->rlimits[0].hard == UINT64_MAX && c->process->rlimits[1].soft == 1024, "64 bits");
	tap_ok(res->memory->kernel == INT64_MIN && res->memory->kernel_tcp == INT64_MAX, "64 bits with a sign");
	tap_ok(c->process->user->gid == UINT32_MAX && c->process->user->additional_gids[2] == UINT32_MAX, "32 bits");
	tap_ok(res->block_io->leaf_weight == UINT16_MAX && !res->block_io->weight_device[1].has_weight, "16 bits");
	tap_ok(c->linux->namespaces_len == 8 && !c->linux->namespaces[1].path, "an array of objects");
	tap_ok(c->annotations->len == 4 && str_eq(c->annotations->keys[2], "z") && str_eq(c->annotations->keys[3], "a"),
		"a map has the order of the file");
	tap_is_str(oci_map_get(c->annotations, ""), "of the empty key", "a map's value");
	tap_ok(!oci_map_get(c->annotations, "none") && !oci_map_get(NULL, "x"), "a map without the key");
	tap_ok(res->rdma_len == 3 && str_eq(res->rdma[1].key, "mlx4_0") && !res->rdma[1].has_hca_handles &&
			res->rdma[1].hca_objects == 1000,
		"a map to objects");
	tap_ok(c->linux->time_offsets_len == 2 && str_eq(c->linux->time_offsets[0].key, "monotonic") &&
			c->linux->time_offsets[0].secs == -172800,
		"time offsets");
}

static void nulls_are_absent(void)
{
	static const char text[] = "{\"ociVersion\": \"1.0\", \"hostname\": null, \"mounts\": null, \"linux\": null,"
				   "\"annotations\": null, \"process\": {\"cwd\": \"/\", \"terminal\": null,"
				   "\"user\": {\"umask\": null, \"uid\": null, \"additionalGids\": null}}}";
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_config *c = NULL;
	char *out = NULL;
	struct error err = {0};

	if (!tap_ok(!oci_config_read(text, strlen(text), &a, &c, NULL, &err), "nulls are read: %s", err.msg))
		return;
	tap_ok(!c->hostname && !c->mounts && !c->linux && !c->annotations, "null members are absent");
	tap_ok(!c->process->has_terminal && !c->process->user->has_umask && !c->process->user->uid, "null scalars too");
	tap_ok(!oci_config_write(c, &a, &out, NULL, &err), "written");
	tap_is_str(out, "{\"ociVersion\":\"1.0\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\"}}",
		"what is absent is left out");
}

static void unknown_members_are_listed(void)
{
	static const char text[] =
		"{\"ociVersion\":\"1\",\"windows\":{\"deep\":[{\"er\":[1,2.5e3,null,true,\"x\"]}],\"deep\":1},"
		"\"mounts\":[{\"destination\":\"/\"},{\"destination\":\"/\",\"sources\":\"/x\"}],\"ociVersions\":null,"
		"\"linux\":{\"rdma.x\":{},\"resources\":{\"rdma\":{\"a b\":{\"no\":[]}},\"unified\":{\"any\":\"1\"}}}}";
	static const char *const want[] = {
		"windows", "mounts[1].sources", "ociVersions", "linux[\"rdma.x\"]", "linux.resources.rdma[\"a b\"].no"};
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_unknown unknown = {0};
	struct oci_config *c = NULL;
	struct error err = {0};

	tap_ok(!oci_config_read(text, strlen(text), &a, &c, &unknown, &err), "unknown members are skipped: %s",
		err.msg);
	tap_is_int(unknown.len, sizeof(want) / sizeof(*want), "and counted");
	for (size_t i = 0; i < unknown.len && i < sizeof(want) / sizeof(*want); i++)
		tap_is_str(unknown.paths[i], want[i], "and named: %s", want[i]);
	tap_ok(c && !c->mounts[1].source && c->linux->resources->rdma_len == 1, "and what is known is read");
}

static void case_does_not_matter(void)
{
	static const char text[] = "{\"OCIVersion\":\"1\",\"root\":{\"Path\":\"r\",\"readOnly\":true},"
				   "\"annotations\":{\"a\":\"1\",\"A\":\"2\"}}";
	static const char both[] =
		"{\"ociVersion\":\"1\",\"ociversion\":\"2\",\"root\":{\"path\":\"a\"},\"Root\":{\"path\":\"b\",\"readonly\":true},"
		"\"linux\":{\"Namespaces\":[{\"type\":\"a\"},{\"type\":\"b\"}],\"namespaces\":[{\"type\":\"c\"}],\"resources\":{"
		"\"CPU\":{\"shares\":1,\"Cpus\":\"0\"},\"cpu\":{\"shares\":2}},\"sysctl\":{\"a\":\"1\"},\"Sysctl\":{\"b\":\"2\"}}}";
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct oci_unknown unknown = {0};
	struct oci_config *c = NULL;
	struct error err = {0};

	tap_ok(!oci_config_read(text, strlen(text), &a, &c, &unknown, &err), "members in another case: %s", err.msg);
	tap_is_int(unknown.len, 0, "none is unknown");
	tap_ok(c && c->root->readonly, "and they are read");
	tap_is_str(c ? c->oci_version : NULL, "1", "all of them");
	tap_is_int(c ? c->annotations->len : 0, 2, "the keys of maps are not names of members");
	tap_ok(!oci_config_read(both, strlen(both), &a, &c, NULL, &err), "in two cases: %s", err.msg);
	tap_is_str(c->oci_version, "2", "the later value wins");
	tap_ok(!strcmp(c->root->path, "b") && c->root->readonly, "in an object, too");
	tap_ok(c->linux->namespaces_len == 1 && !strcmp(c->linux->namespaces[0].type, "c"), "an array");
	tap_ok(c->linux->sysctl->len == 1 && !strcmp(c->linux->sysctl->keys[0], "b"), "a map");
	tap_ok(c->linux->resources->cpu->shares == 2 && c->linux->resources->cpu->cpus, "what it has not is kept");
}

static void indentation(void)
{
	static const char want[] =
		"{\n  \"ociVersionMin\": \"1.0.0\",\n  \"ociVersionMax\": \"1.3.0\",\n"
		"  \"hooks\": [\n    \"a\",\n    \"b\"\n  ],\n  \"mountOptions\": [],\n"
		"  \"linux\": {\n    \"apparmor\": {}\n  },\n  \"annotations\": {\n    \"k\": \"v\"\n  }\n}";
	char *hooks[] = {(char[]){"a"}, (char[]){"b"}}, *none[1] = {0};
	char *keys[] = {(char[]){"k"}}, *values[] = {(char[]){"v"}};
	struct oci_map map = {keys, values, 1};
	struct oci_features_enabled apparmor = {0};
	struct oci_features_linux linux_features = {.apparmor = &apparmor};
	struct oci_features features = {
		.oci_version_min = (char[]){"1.0.0"},
		.oci_version_max = (char[]){"1.3.0"},
		.hooks = hooks,
		.hooks_len = 2,
		.mount_options = none,
		.linux = &linux_features,
		.annotations = &map,
	};
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char *out = NULL;

	tap_ok(!oci_features_write_indented(&features, "  ", &a, &out, NULL, NULL), "written");
	tap_is_str(out, want, "indented as Go's encoder does");
}

/* A map of many keys, the way the arrays and the set of keys grow. */
static void many_keys(void)
{
	enum { COUNT = 5000 };
	_cleanup_arena_ struct arena a = ARENA_INIT;
	char *text = arena_alloc(&a, COUNT * 32);
	size_t n = fmt(text, COUNT * 32, "{\"ociVersion\":\"1\",\"annotations\":{"), wrong = 0;
	struct oci_config *c = NULL;
	struct error err = {0};

	for (unsigned i = 0; i < COUNT; i++)
		n += fmt(text + n, COUNT * 32 - n, "%s\"key%u\":\"%u\"", i ? "," : "", i, i);
	n += fmt(text + n, COUNT * 32 - n, "}}");
	tap_ok(!oci_config_read(text, n, &a, &c, NULL, &err), "a map of %d keys: %s", COUNT, err.msg);
	for (unsigned i = 0; c && i < COUNT; i++) {
		char key[16];

		fmt(key, sizeof(key), "key%u", i);
		wrong += !str_eq(c->annotations->keys[i], key) || !str_eq(c->annotations->values[i], key + 3);
	}
	tap_ok(c && c->annotations->len == COUNT && !wrong, "has them all");
}

int main(void)
{
	all_configs_come_back();
	comes_back("documents/features.json", &oci_features_type);
	comes_back("documents/agent-state.json", &oci_container_process_state_type);
	every_field_occurs("configs/all-fields.json", &oci_config_type);
	every_field_occurs("documents/features.json", &oci_features_type);
	every_field_occurs("documents/agent-state.json", &oci_container_process_state_type);
	values_are_right();
	nulls_are_absent();
	unknown_members_are_listed();
	case_does_not_matter();
	indentation();
	many_keys();
	no_prefix_is_taken();
	bad_blocks();
	return tap_done();
}
