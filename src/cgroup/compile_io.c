/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "cgroup/internal.h"

#define PATH "linux.resources.blockIO."

enum { MIN_WEIGHT = 10, MAX_WEIGHT = 1000 };

static int check_weight(struct cgroup_compiler *c, const char *what, uint16_t weight)
{
	if (weight && (weight < MIN_WEIGHT || weight > MAX_WEIGHT))
		return error_set(c->err, EINVAL, "%s: %u: not in the range of %d to %d", what, weight, (int)MIN_WEIGHT,
			(int)MAX_WEIGHT);
	return 0;
}

static int check_device(struct cgroup_compiler *c, const char *what, int64_t major, int64_t minor)
{
	if (major < 0 || major > UINT32_MAX || minor < 0 || minor > UINT32_MAX)
		return error_set(c->err, EINVAL, "%s: %ld:%ld: not a device number", what, (long)major, (long)minor);
	return 0;
}

/* The BFQ scheduler and the others keep the weight in different files, of which the kernel may have one or both. v1's
 * two are of one scale; on v2 only io.bfq.weight keeps v1's. `dev` is "" or "MAJOR:MINOR ". */
static int emit_weight(struct cgroup_compiler *c, uint32_t dir, const char *what, const char *dev, uint16_t weight)
{
	struct cgroup_write *w;

	if (cgroup_is_v2(c, dir)) {
		if (!cgroup_emit(c, dir, what, "io.bfq.weight", "%s%u", dev, weight))
			return -ENOMEM;
		w = cgroup_emit(c, dir, what, "io.weight", "%s%lu", dev, cgroup_io_weight_from_blkio(weight));
	} else {
		if (!cgroup_emit(c, dir, what, *dev ? "blkio.weight_device" : "blkio.weight", "%s%u", dev, weight))
			return -ENOMEM;
		w = cgroup_emit(
			c, dir, what, *dev ? "blkio.bfq.weight_device" : "blkio.bfq.weight", "%s%u", dev, weight);
	}
	if (!w)
		return -ENOMEM;
	w->alternative = true;
	return 0;
}

static int emit_leaf_weight(struct cgroup_compiler *c, uint32_t dir, const char *what, const char *dev, uint16_t weight)
{
	if (cgroup_is_v2(c, dir))
		return error_set(c->err, EOPNOTSUPP, "%s: cgroup v2 does not have this setting", what);
	return cgroup_emit(c, dir, what, *dev ? "blkio.leaf_weight_device" : "blkio.leaf_weight", "%s%u", dev, weight)
		       ? 0
		       : -ENOMEM;
}

static int weight_device(struct cgroup_compiler *c, uint32_t dir, const struct oci_weight_device *d, size_t i)
{
	char dev[48];
	const char *weight = arena_fmt(c->a, PATH "weightDevice[%zu].weight", i);
	const char *leaf = arena_fmt(c->a, PATH "weightDevice[%zu].leafWeight", i);
	int r = weight && leaf ? check_device(c, weight, d->major, d->minor) : -ENOMEM;

	if (r == 0 && !d->has_weight && !d->has_leaf_weight)
		r = error_set(c->err, EINVAL, PATH "weightDevice[%zu]: needs weight or leafWeight", i);
	if (r == 0)
		r = check_weight(c, weight, d->weight);
	if (r == 0)
		r = check_weight(c, leaf, d->leaf_weight);
	fmt(dev, sizeof(dev), "%ld:%ld ", (long)d->major, (long)d->minor);
	if (r == 0 && d->weight)
		r = emit_weight(c, dir, weight, dev, d->weight);
	if (r == 0 && d->leaf_weight)
		r = emit_leaf_weight(c, dir, leaf, dev, d->leaf_weight);
	return r;
}

static int weights(struct cgroup_compiler *c, uint32_t dir, const struct oci_block_io *b)
{
	int r = check_weight(c, PATH "weight", b->weight);

	if (r == 0)
		r = check_weight(c, PATH "leafWeight", b->leaf_weight);
	if (r == 0 && b->weight)
		r = emit_weight(c, dir, PATH "weight", "", b->weight);
	if (r == 0 && b->leaf_weight)
		r = emit_leaf_weight(c, dir, PATH "leafWeight", "", b->leaf_weight);
	for (size_t i = 0; i < b->weight_device_len && r == 0; i++)
		r = weight_device(c, dir, &b->weight_device[i], i);
	return r;
}

struct throttle {
	const char *name, *v1_file, *v2_key;
	const struct oci_throttle_device *d;
	size_t n;
};

/* A rate of 0 takes the limit away, as v1 understands it. */
static int throttle(struct cgroup_compiler *c, uint32_t dir, const struct throttle *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct oci_throttle_device *d = &t->d[i];
		const char *what = arena_fmt(c->a, PATH "%s[%zu]", t->name, i);
		const struct cgroup_write *w;
		int r = what ? check_device(c, what, d->major, d->minor) : -ENOMEM;

		if (r < 0)
			return r;
		if (!cgroup_is_v2(c, dir))
			w = cgroup_emit(
				c, dir, what, t->v1_file, "%ld:%ld %lu", (long)d->major, (long)d->minor, d->rate);
		else if (d->rate)
			w = cgroup_emit(c, dir, what, "io.max", "%ld:%ld %s=%lu", (long)d->major, (long)d->minor,
				t->v2_key, d->rate);
		else
			w = cgroup_emit(
				c, dir, what, "io.max", "%ld:%ld %s=max", (long)d->major, (long)d->minor, t->v2_key);
		if (!w)
			return -ENOMEM;
	}
	return 0;
}

int cgroup_compile_block_io(struct cgroup_compiler *c, const struct oci_block_io *b)
{
	const struct throttle t[] = {
		{"throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps", b->throttle_read_bps_device,
			b->throttle_read_bps_device_len},
		{"throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps", b->throttle_write_bps_device,
			b->throttle_write_bps_device_len},
		{"throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops", b->throttle_read_iops_device,
			b->throttle_read_iops_device_len},
		{"throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops", b->throttle_write_iops_device,
			b->throttle_write_iops_device_len},
	};
	const char *what = b->weight              ? PATH "weight"
			   : b->leaf_weight       ? PATH "leafWeight"
			   : b->weight_device_len ? PATH "weightDevice"
						  : NULL;
	uint32_t dir;
	int r;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]) && !what; i++)
		if (t[i].n && !(what = arena_fmt(c->a, PATH "%s", t[i].name)))
			return -ENOMEM;
	if (!what)
		return 0;
	r = cgroup_need(c, "blkio", what, &dir);
	if (r == 0)
		r = weights(c, dir, b);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]) && r == 0; i++)
		r = throttle(c, dir, &t[i]);
	return r;
}
