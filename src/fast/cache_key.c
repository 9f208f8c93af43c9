/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/str.h"
#include "fast/cache_internal.h"

static const char *const kinds[CACHE_KINDS] = {[CACHE_SECCOMP] = "seccomp", [CACHE_PLAN] = "plan"};

const char *cache_kind_name(unsigned kind)
{
	return kind < CACHE_KINDS ? kinds[kind] : "unknown";
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

uint64_t cache_hash(uint64_t h, const void *data, size_t len)
{
	const char *p = data;
	uint64_t word;

	h = mix(h, len + 1);
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word)); /* of a constant size: one instruction */
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, p, len);
	return len ? mix(h, word) : h;
}

struct ids {
	char buf[1024];
	size_t len;
	bool incomplete;
};

static bool add(struct ids *ids, const void *p, size_t n)
{
	if (n > sizeof(ids->buf) - ids->len)
		return false;
	memcpy(ids->buf + ids->len, p, n);
	ids->len += n;
	return true;
}

/* The build id among the notes of a loaded object; false when it has none. */
static bool add_notes(struct ids *ids, const char *p, size_t len)
{
	while (len >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *h = (const void *)p;
		size_t name = (h->n_namesz + 3u) & ~(size_t)3, desc = (h->n_descsz + 3u) & ~(size_t)3;

		if (name > len || desc > len || sizeof(*h) + name + desc > len)
			return false;
		if (h->n_type == NT_GNU_BUILD_ID && h->n_namesz == 4 && memcmp(p + sizeof(*h), "GNU", 4) == 0)
			return add(ids, p + sizeof(*h) + name, h->n_descsz);
		p += sizeof(*h) + name + desc;
		len -= sizeof(*h) + name + desc;
	}
	return false;
}

static int add_object(struct dl_phdr_info *o, size_t size, void *data)
{
	struct ids *ids = data;

	(void)size;
	for (unsigned i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &o->dlpi_phdr[i];

		if (ph->p_type == PT_NOTE && add_notes(ids, (const char *)(o->dlpi_addr + ph->p_vaddr), ph->p_memsz))
			return 0;
	}
	ids->incomplete = true;
	return 1;
}

const struct cache_part *cache_maker(void)
{
	static struct ids ids;
	static struct cache_part part;
	struct utsname u;

	if (part.len)
		return &part;
	memset(&u, 0, sizeof(u)); /* behind the strings too, for all of it is compared */
	dl_iterate_phdr(add_object, &ids);
	if (ids.incomplete || uname(&u) < 0 || !add(&ids, u.release, sizeof(u.release)) ||
		!add(&ids, u.version, sizeof(u.version)) || !add(&ids, u.machine, sizeof(u.machine)))
		return NULL;
	part = (struct cache_part){ids.buf, ids.len};
	return &part;
}

void cache_key(struct cache_key *ret, enum cache_kind kind, const struct cache_part *parts, size_t n)
{
	const struct cache_part *maker = cache_maker();

	*ret = (struct cache_key){.kind = kind, .parts = parts, .n = n, .hash = kind};
	if (maker)
		ret->hash = cache_hash(ret->hash, maker->data, maker->len);
	for (size_t i = 0; i < n; i++)
		ret->hash = cache_hash(ret->hash, parts[i].data, parts[i].len);
}

void cache_name(const struct cache_key *k, char *buf, size_t n)
{
	fmt(buf, n, "%s-%016llx", cache_kind_name(k->kind), (unsigned long long)k->hash);
}

unsigned cache_kind_of(const char *name)
{
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++) {
		size_t n = str_len(kinds[kind]);

		if (str_starts(name, kinds[kind]) && name[n] == '-' && str_len(name + n + 1) == 16)
			return kind;
	}
	return CACHE_KINDS;
}
