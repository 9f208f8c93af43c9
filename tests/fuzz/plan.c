/* SPDX-License-Identifier: Apache-2.0 */

/* A stored plan: one that plan_check lets pass is read as start, exec, delete and mounts read it. */

#include "base/log.h"
#include "container/exec_process.h"
#include "plan/compile.h"
#include "tests/fuzz/fuzz.h"

static size_t use(const char *s)
{
	return s ? strlen(s) : 0;
}

static size_t use_list(const struct plan *p, struct plan_list l)
{
	size_t n = 0;

	for (uint32_t i = 0; i < l.n; i++)
		n += use(plan_list_str(p, l, i));
	return n;
}

static size_t hooks(const struct plan *p)
{
	size_t n = 0;

	for (const struct plan_step *s = plan_first(p); !plan_at_end(p, s); s = plan_next(s)) {
		const struct plan_hook *h = (const struct plan_hook *)s;

		if (s->op == PLAN_OP_HOOK)
			n += use(plan_str(p, h->path)) + use_list(p, h->args) + use_list(p, h->env) +
			     use(plan_str(p, h->out)) + use(plan_str(p, h->err)) + strlen(plan_hook_name(h->kind));
	}
	return n;
}

static void exec(const struct plan *own, struct arena *a)
{
	char *const args[] = {(char *)(uintptr_t) "sh", NULL};
	const struct exec_options o = {.args = args, .args_len = 1};
	struct plan_input in = {.container = own, .id = "c1", .bundle = "/nowhere"};
	struct oci_linux_seccomp seccomp;
	struct error err = {0};
	struct oci_process *p;
	struct plan *plan;
	int r = exec_process(own, &o, a, &p, &err);

	if (r == 0)
		r = plan_compile_exec(&in, p, 0, a, &plan, &err);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	(void)exec_seccomp(own, &seccomp, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct fuzz_input in = {data, size};
	size_t n;
	void *p = fuzz_rest(&in, &n);

	(void)log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, NULL);
	if (plan_check(p, n) == 0) {
		(void)hooks(p);
		exec(p, &a);
	}
	free(p);
	return 0;
}
