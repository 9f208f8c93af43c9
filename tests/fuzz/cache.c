/* SPDX-License-Identifier: Apache-2.0 */

/* An entry of the cache as it lies on disk, and the launch in one. Byte 0: the entry is what the input says, or a good
 * one with one byte changed, which must be refused. */

#include "fast/cache_internal.h"
#include "libocispec-lite/ocispec.h"
#include "plan/plan.h"
#include "tests/fuzz/fuzz.h"

enum { ALIGN = 16 };

static const struct cache_part parts[] = {{"what it was made from", 21}, {"", 0}, {"\0", 1}};

/* The file that cache_put writes, laid out again from its description: nothing of the program is asked for it. */
struct entry {
	uint64_t magic, kind, parts, data, data_len, checksum;
};

static char *put(char *p, const struct cache_part *part)
{
	uint64_t len = part->len;

	memcpy(p, &len, sizeof(len));
	if (len)
		memcpy(p + sizeof(len), part->data, len);
	return p + sizeof(len) + len;
}

static char *make(const struct cache_key *k, const void *data, size_t n, size_t *len, size_t *key_end)
{
	size_t key = sizeof(struct entry) + sizeof(uint64_t) + cache_maker()->len;
	struct entry e = {.magic = 0x0131656863616365u, .kind = k->kind, .parts = k->n + 1, .data_len = n};
	char *file, *p;

	for (size_t i = 0; i < k->n; i++)
		key += sizeof(uint64_t) + k->parts[i].len;
	e.data = (key + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	*key_end = key;
	*len = e.data + n;
	file = calloc(1, *len);
	FUZZ_MUST(file);
	p = put(file + sizeof(e), cache_maker());
	for (size_t i = 0; i < k->n; i++)
		p = put(p, &k->parts[i]);
	if (n)
		memcpy(file + e.data, data, n);
	e.checksum = cache_hash(e.kind ^ e.parts << 8 ^ e.data << 16, file + e.data, n);
	memcpy(file, &e, sizeof(e));
	return file;
}

/* Neither the padding between key and data nor what is changed into itself counts. */
static void damage(const struct cache_key *k, struct fuzz_input *in)
{
	size_t at = (size_t)fuzz_byte(in) << 8 | fuzz_byte(in), n, len, key_end;
	char by = (char)fuzz_byte(in);
	void *data = fuzz_rest(in, &n);
	char *file = make(k, data, n, &len, &key_end);

	FUZZ_MUST(cache_entry_is(file, len, k));
	at %= len;
	if (by && (at < key_end || at >= len - n)) {
		file[at] = (char)(file[at] ^ by);
		FUZZ_MUST(!cache_entry_is(file, len, k));
	}
	free(file);
	free(data);
}

/* What a launch that was found goes through before it is used. */
static void launch(const void *data, size_t n)
{
	char *block = aligned_alloc(ALIGN, (n + ALIGN) & ~(size_t)(ALIGN - 1));
	void *config;

	FUZZ_MUST(block);
	if (n)
		memcpy(block, data, n);
	(void)plan_check(block, n);
	(void)oci_table_unpack(&oci_config_type, block, n, &config);
	free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	unsigned what = fuzz_byte(&in);
	struct cache_key k;
	size_t n;
	void *p;

	cache_key(&k, what & 4 ? CACHE_PLAN : CACHE_SECCOMP, parts, sizeof(parts) / sizeof(parts[0]));
	if (what % 2) {
		damage(&k, &in);
		return 0;
	}
	p = fuzz_rest(&in, &n);
	(void)cache_entry_is(p, n, &k);
	launch(p, n);
	free(p);
	return 0;
}
