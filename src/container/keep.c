/* SPDX-License-Identifier: Apache-2.0 */
#include "container/keep.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/store.h"
#include "fast/config.h"

/* Numbers of the key. */
struct keep_facts {
	struct plan_host host;
	uint32_t preserve_fds, listen_fds;
	uint32_t no_pivot, no_new_keyring, rootless;
	uint32_t parallel_namespaces, use_namespace_cache, prewarm;
};

/* An entry's data: this, and then the parts, each padded to 16 bytes: the plan, the config as a block, the cgroup that the
 * plan was made for, the system calls that its filter leaves out. */
enum part { PLAN, CONFIG, CGROUP, UNKNOWN, PARTS };
struct keep_data {
	uint64_t len[PARTS];
};

static size_t padded(uint64_t n)
{
	return (n + 15) & ~(size_t)15;
}

static char *part_of(struct keep_data *d, enum part part)
{
	char *p = (char *)d + padded(sizeof(*d));

	for (unsigned i = 0; i < part; i++)
		p += padded(d->len[i]);
	return p;
}

static bool is_whole(struct keep_data *d, size_t len)
{
	if (len < padded(sizeof(*d)))
		return false;
	for (unsigned i = 0; i < PARTS; i++)
		if (d->len[i] > INT32_MAX)
			return false;
	return part_of(d, PARTS) == (char *)d + len;
}

/* ---- looking up ---- */

static void open_cache(struct keep *k, const struct context *x, bool make)
{
	_cleanup_close_ int root = store_open_root(x, false, NULL);

	if (root >= 0)
		cache_open(&k->cache, root, make);
}

static struct keep_facts *read_facts(const struct keep_input *in, struct arena *a)
{
	struct keep_facts *f = arena_new(a, struct keep_facts);
	const struct config *c = config_get();

	if (!f)
		return NULL;
	plan_host_read(&f->host);
	f->preserve_fds = in->o->preserve_fds;
	f->listen_fds = in->listen_fds;
	f->no_pivot = in->o->no_pivot;
	f->no_new_keyring = in->o->no_new_keyring;
	f->rootless = in->rootless;
	f->parallel_namespaces = c->parallel_namespaces;
	f->use_namespace_cache = c->use_namespace_cache;
	f->prewarm = c->prewarm;
	return f;
}

static struct cache_part string(const char *s)
{
	return (struct cache_part){s ? s : "", s ? str_len(s) + 1 : 0};
}

static struct oci_config *take_config(struct keep *k)
{
	struct keep_data *d = k->blob.data;
	void *config;

	if (!is_whole(d, k->blob.len) || plan_check(part_of(d, PLAN), d->len[PLAN]) < 0 ||
		oci_table_unpack(&oci_config_type, part_of(d, CONFIG), d->len[CONFIG], &config) < 0)
		return NULL;
	k->hit = d;
	return config;
}

int keep_find(struct keep *k, const struct context *x, const struct keep_input *in, struct arena *a,
	struct oci_config **ret, struct error *err)
{
	*ret = NULL;
	if (!config_get()->cache->enabled)
		return 0;
	open_cache(k, x, false);
	k->facts = read_facts(in, a);
	if (!k->facts)
		return error_errno(err, ENOMEM, "cache");
	k->parts[0] = (struct cache_part){in->text, in->len};
	k->parts[1] = string(in->bundle);
	k->parts[2] = string(in->id);
	k->parts[3] = string(in->notify_dir);
	k->parts[4] = (struct cache_part){k->facts, sizeof(*k->facts)};
	cache_key(&k->key, CACHE_PLAN, k->parts, 5);
	if (cache_get(&k->cache, &k->key, &k->blob))
		*ret = take_config(k);
	return 0;
}

/* What a plan has of the cgroup; NULL: the container has none of its own, and it is where the runtime is. */
static const char *cgroup_text(const struct cgroup *cg, struct arena *a)
{
	char **text, *all = arena_fmt(a, "%d", (int)cg->mode);
	size_t n;

	if (!cg->n || cgroup_to_text(cg, a, &text, &n, NULL) < 0)
		return NULL;
	for (size_t i = 0; all && i < n; i++)
		all = arena_fmt(a, "%s\n%s", all, text[i]);
	return all;
}

static void describe_filter(const struct plan *p, struct keep_data *d, struct seccomp_filter *ret)
{
	*ret = (struct seccomp_filter){0};
	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_seccomp *f = (const struct plan_seccomp *)s;

		if (s->op == PLAN_OP_SECCOMP)
			*ret = (struct seccomp_filter){
				.bpf = plan_str(p, f->bpf),
				.n = f->n,
				.flags = f->flags,
				.notify = f->notify,
				.unknown = d->len[UNKNOWN] ? part_of(d, UNKNOWN) : NULL,
			};
	}
}

struct plan *keep_plan(struct keep *k, const struct cgroup *cg, const char *notify_dir, struct arena *a,
	struct seccomp_filter *filter)
{
	struct keep_data *d = k->hit;
	const char *text = k->key.n ? cgroup_text(cg, a) : NULL;
	struct plan *p;

	k->cgroup = text;
	if (!d || !text || str_len(text) + 1 != d->len[CGROUP] || memcmp(text, part_of(d, CGROUP), d->len[CGROUP]) != 0)
		return NULL;
	p = (struct plan *)(void *)part_of(d, PLAN);
	if (!plan_sources_exist(p, notify_dir))
		return NULL;
	describe_filter(p, d, filter);
	k->used = true;
	return p;
}

/* ---- keeping ---- */

void keep_nothing(struct keep *k)
{
	k->key.n = 0;
	k->seccomp = NULL;
	cache_close(&k->cache);
}

static void store(struct keep *k, const struct cache_part *parts, struct arena *a)
{
	struct keep_data *d, head;

	for (unsigned i = 0; i < PARTS; i++)
		head.len[i] = parts[i].len;
	d = arena_alloc(a, (size_t)(part_of(&head, PARTS) - (char *)&head));
	if (!d)
		return;
	*d = head;
	for (unsigned i = 0; i < PARTS; i++)
		if (parts[i].len)
			memcpy(part_of(d, (enum part)i), parts[i].data, parts[i].len);
	cache_put(&k->cache, &k->key, d, (size_t)(part_of(d, PARTS) - (char *)d));
}

void keep_store(struct keep *k, const struct context *x, const struct keep_output *out, struct arena *a)
{
	const struct cache_part *text = &k->parts[0];
	struct oci_config *config;
	size_t len;
	void *block;

	if (!k->key.n || k->used)
		return;
	open_cache(k, x, true);
	seccomp_keep(&k->cache, k->seccomp);
	if (!k->cgroup || k->hit || plan_is_of_the_moment(out->plan))
		cache_not_kept(CACHE_PLAN, CACHE_HOST_STATE);
	else if (out->warned)
		cache_not_kept(CACHE_PLAN, CACHE_WARNED);
	else if (cache_wants(&k->cache, &k->key) && /* the caller has added to its own */
		 oci_config_read(text->data, text->len, a, &config, NULL, NULL) == 0 &&
		 oci_table_pack(&oci_config_type, config, a, &block, &len) == 0)
		store(k, (struct cache_part[PARTS]){
			[PLAN] = {out->plan, out->plan->size},
			[CONFIG] = {block, len},
			[CGROUP] = string(k->cgroup),
			[UNKNOWN] = string(out->filter->unknown),
		}, a);
}

void keep_done(struct keep *k)
{
	cache_release(&k->blob);
	cache_close(&k->cache);
}
