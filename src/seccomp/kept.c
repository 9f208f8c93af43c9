/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/str.h"
#include "fast/cache.h"
#include "libocispec-lite/ocispec.h"
#include "seccomp/names.h"
#include "seccomp/seccomp.h"

/* An entry's data: this, the instructions, the names that were left out with a NUL. */
struct kept {
	uint32_t n, flags, notify, unknown_len;
};

struct seccomp_keep {
	struct cache_key key;
	struct cache_part parts[2];
	uint32_t kernel_flags;
	const struct seccomp_filter *filter;
	struct arena *arena;
};

static uint32_t kernel_flags(void)
{
	uint32_t flags = 0;

	for (uint32_t flag = 1; flag <= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; flag <<= 1)
		if (seccomp_flag_in_kernel(flag))
			flags |= flag;
	return flags;
}

/* The profile as bytes, without what becomes no part of a filter: that there is an agent counts, not which. */
static int make_key(const struct oci_linux_seccomp *s, struct arena *a, struct seccomp_keep *k)
{
	struct oci_linux_seccomp own = *s;
	size_t len;
	void *bytes;
	int r;

	if (s->listener_path && *s->listener_path)
		own.listener_path = (char *)"/";
	if (s->listener_metadata)
		own.listener_metadata = (char *)"";
	r = oci_table_pack(&oci_linux_seccomp_type, &own, a, &bytes, &len);
	if (r < 0)
		return r;
	k->kernel_flags = kernel_flags();
	k->parts[0] = (struct cache_part){bytes, len};
	k->parts[1] = (struct cache_part){&k->kernel_flags, sizeof(k->kernel_flags)};
	cache_key(&k->key, CACHE_SECCOMP, k->parts, 2);
	return 0;
}

static bool take(const struct cache_blob *b, struct arena *a, struct seccomp_filter *ret)
{
	const struct kept *k = b->data;
	size_t bpf;
	char *copy;

	if (b->len < sizeof(*k) || k->n > BPF_MAXINSNS)
		return false;
	bpf = k->n * sizeof(struct sock_filter);
	if (b->len - sizeof(*k) != bpf + k->unknown_len)
		return false;
	copy = arena_alloc(a, bpf + k->unknown_len + 1);
	if (!copy)
		return false;
	memcpy(copy, k + 1, bpf + k->unknown_len);
	*ret = (struct seccomp_filter){
		.bpf = copy,
		.n = k->n,
		.flags = k->flags,
		.notify = k->notify,
		.unknown = k->unknown_len ? copy + bpf : NULL,
	};
	return true;
}

int seccomp_compile_kept(struct cache *c, const struct oci_linux_seccomp *s, struct arena *a,
	struct seccomp_filter *ret, struct seccomp_keep **keep, struct error *err)
{
	struct seccomp_keep *k = arena_new(a, struct seccomp_keep);
	struct cache_blob b;
	bool hit;

	*keep = NULL;
	if (!k || make_key(s, a, k) < 0)
		return error_errno(err, ENOMEM, "linux.seccomp");
	hit = cache_get(c, &k->key, &b) && take(&b, a, ret);
	cache_release(&b);
	if (hit)
		return 0;
	k->filter = ret;
	k->arena = a;
	*keep = k;
	return seccomp_compile(s, a, ret, err);
}

void seccomp_keep(struct cache *c, const struct seccomp_keep *keep)
{
	const struct seccomp_filter *f = keep ? keep->filter : NULL;
	struct kept *data;
	size_t bpf, unknown;

	if (!f || !f->bpf || !cache_wants(c, &keep->key))
		return;
	bpf = f->n * sizeof(struct sock_filter);
	unknown = f->unknown ? str_len(f->unknown) + 1 : 0;
	data = arena_alloc(keep->arena, sizeof(*data) + bpf + unknown);
	if (!data)
		return;
	*data = (struct kept){f->n, f->flags, f->notify, (uint32_t)unknown};
	memcpy(data + 1, f->bpf, bpf);
	if (unknown)
		memcpy((char *)(data + 1) + bpf, f->unknown, unknown);
	cache_put(c, &keep->key, data, sizeof(*data) + bpf + unknown);
}
