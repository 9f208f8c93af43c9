/* SPDX-License-Identifier: Apache-2.0 */

/* config.json all the way to a launch plan, as create does it, or validate, which goes on behind what is refused. Byte
 * 0: the kind of host and the options. */

#include "base/log.h"
#include "cgroup/cgroup.h"
#include "plan/annotations.h"
#include "plan/compile.h"
#include "plan/mount_options.h"
#include "plan/template.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/hosts.h"

enum { FLAG_NO_PIVOT = 4, FLAG_ROOTLESS = 8, FLAG_SYSTEMD = 16, FLAG_FILTER = 32, FLAG_VALIDATE = 64 };

/* All that init and the host side go through a plan for. */
static void walk(const struct plan *p)
{
	const struct plan_step *s;
	char why[256];

	FUZZ_MUST(plan_check(p, p->size) == 0);
	for (s = plan_first(p); !plan_at_end(p, s); s = plan_next(s))
		FUZZ_MUST(s->op > PLAN_OP_NONE && s->op < PLAN_OP_END);
	(void)plan_fits_template(p, why, sizeof(why));
	(void)plan_has_user_namespace(p);
	(void)plan_is_of_the_moment(p);
}

static void take(void *ctx, const struct error *err)
{
	FUZZ_MUST(err->code && err->msg[0]);
	++*(unsigned *)ctx;
}

static int prepare(struct oci_config *c, unsigned flags, struct arena *a, struct plan **ret, struct error *err)
{
	static const uint64_t allow_all = 0x7fff000000000006u;
	static const struct seccomp_filter filter = {.bpf = &allow_all, .n = 1};
	enum cgroup_manager m = flags & FLAG_SYSTEMD ? CGROUP_MANAGER_SYSTEMD : CGROUP_MANAGER_CGROUPFS;
	struct cgroup_host host = fuzz_hosts[flags % FUZZ_HOSTS];
	struct plan_annotations annotations;
	struct cgroup_settings settings = {0};
	struct cgroup cg = {0};
	unsigned refused = 0;
	const struct plan_refusals refusals = {take, &refused};
	struct plan_input in = {
		.config = c,
		.annotations = &annotations,
		.id = "c1",
		.bundle = "/nowhere",
		.cgroup = &cg,
		.settings = &settings,
		.seccomp = flags & FLAG_FILTER ? &filter : NULL,
		.refusals = flags & FLAG_VALIDATE ? &refusals : NULL,
		.no_pivot = flags & FLAG_NO_PIVOT,
		.rootless = flags & FLAG_ROOTLESS,
	};
	int r = annotations_read(c, a, &annotations, err);

	if (r == 0)
		r = mount_idmaps_read(c, a, err);
	if (r == 0)
		r = cgroup_locate(&host, m, c->linux ? c->linux->cgroups_path : NULL, "c1", a, &cg, err);
	if (r == 0)
		r = cgroup_compile(&cg, c->linux ? c->linux->resources : NULL, false, a, &settings, err);
	if (r == 0)
		r = cgroup_compile_unit(&cg, "c1", c->annotations, a, &settings, err);
	if (r == 0)
		r = plan_compile(&in, a, ret, err);
	FUZZ_MUST(r < 0 || !*ret == (refused != 0));
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	unsigned flags = fuzz_byte(&in);
	struct error err = {0};
	struct oci_config *c;
	struct plan *p = NULL;
	size_t n;
	char *text;
	int r;

	(void)log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, &err);
	text = fuzz_rest(&in, &n);
	r = oci_config_read(text, n, &a, &c, NULL, &err);
	free(text);
	if (r == 0)
		r = prepare(c, flags, &a, &p, &err);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	if (r == 0 && p)
		walk(p);
	return 0;
}
