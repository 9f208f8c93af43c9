/* SPDX-License-Identifier: Apache-2.0 */
#include "container/update.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "container/intel_rdt.h"
#include "container/life.h"
#include "container/record.h"

static int read_resources(const char *file, struct arena *a, const struct oci_linux_resources **ret, struct error *err)
{
	struct oci_linux_resources *resources;
	_cleanup_buffer_ struct buffer text = BUFFER_INIT;
	struct oci_unknown unknown = {0};
	size_t len;
	int r;

	if (str_eq(file, "-"))
		r = file_load_fd(STDIN_FILENO, "stdin", OCI_MAX_BYTES, &text, &len, err);
	else
		r = file_load_at(AT_FDCWD, file, OCI_MAX_BYTES, &text, &len, err);
	if (r < 0)
		return r;
	r = oci_linux_resources_read(text.data, len, a, &resources, &unknown, err);
	if (r < 0)
		return error_prefix(err, "%s", str_eq(file, "-") ? "stdin" : file);
	for (size_t i = 0; i < unknown.len; i++)
		log_warn("update: %s: not known, left out", unknown.paths[i]);
	*ret = resources;
	return 0;
}

/* The specification's swap counts memory, too: a new limit for memory alone leaves the sum as it was asked for. */
static int64_t keep_swap(const struct container *c, struct oci_memory *m)
{
	if (m->has_swap || !m->has_limit || m->limit == 0)
		return m->has_swap ? m->swap : c->record->memory_swap;
	if (m->limit > 0)
		m->swap = c->record->memory_swap;
	return m->swap;
}

static int update_cgroup(
	struct container *c, const struct oci_linux_resources *given, struct arena *a, struct error *err)
{
	struct oci_memory memory = given->memory ? *given->memory : (struct oci_memory){0};
	struct oci_linux_resources resources = *given;
	int64_t swap = keep_swap(c, &memory);
	struct cgroup_settings settings;
	int r;

	resources.memory = &memory;
	r = cgroup_open(&c->cgroup, err);
	if (r == 0)
		r = cgroup_compile(&c->cgroup, &resources, true, a, &settings, err);
	if (r == 0)
		r = cgroup_update(&c->cgroup, &settings, err);
	if (r < 0 || swap == c->record->memory_swap)
		return r;
	c->record->memory_swap = swap;
	return record_write(c->dir, c->record, err);
}

static int update_all(struct container *c, const struct update_options *o, const struct intel_rdt *rdt, struct arena *a,
	struct error *err)
{
	const char *before = NULL;
	int r = 0;

	if (rdt)
		r = intel_rdt_update(rdt, o->l3_cache_schema, o->mem_bw_schema, a, &before, err);
	if (r < 0)
		return r;
	r = update_cgroup(c, o->values, a, err);
	if (r < 0 && before)
		intel_rdt_put_back(rdt, before);
	return r;
}

static int update_with_rdt(struct container *c, const struct update_options *o, struct arena *a, struct error *err)
{
	const struct plan *plan = NULL;
	struct intel_rdt rdt;
	size_t size = 0;
	int r = intel_rdt_available(NULL, o->l3_cache_schema, o->mem_bw_schema, err);

	if (r == 0)
		r = life_plan(c, &plan, &size, err);
	if (r == -ENOENT)
		return error_set(err, ENOENT, "state directory: plan: missing");
	if (r == 0)
		r = intel_rdt_locate(plan, NULL, c->id, a, &rdt, err);
	if (r == 0 && !rdt.step)
		r = error_set(err, EOPNOTSUPP, "updating a non-existent Intel RDT configuration is not supported");
	if (r == 0)
		r = update_all(c, o, &rdt, a, err);
	if (plan)
		munmap((void *)plan, size);
	return r;
}

int container_update(const struct context *x, const char *id, const struct update_options *o, struct error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	_cleanup_container_ struct container c = {.dir = -1};
	struct update_options all = *o;
	int r = 0;

	if (o->resources) /* first: stdin may take its time, and nobody is to wait for the lock meanwhile */
		r = read_resources(o->resources, &a, &all.values, err);
	if (r == 0)
		r = container_load_locked(x, id, &a, &c, err);
	if (r < 0)
		return r;
	if (c.status != STATUS_CREATED && c.status != STATUS_RUNNING && c.status != STATUS_PAUSED)
		return error_set(err, ESRCH, "container not running");
	if (o->l3_cache_schema || o->mem_bw_schema)
		return update_with_rdt(&c, &all, &a, err);
	return update_all(&c, &all, NULL, &a, err);
}
