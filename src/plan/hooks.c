/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/compile.h"

#include <errno.h>

/* For a hook that says nothing of it: a verb that it holds must come to an end. */
enum { DEFAULT_TIMEOUT_S = 300 };

struct output {
	plan_ref out, err;
};

static int check(const struct oci_hook *h, const char *name, size_t i, struct error *err)
{
	if (!h->path || *h->path != '/')
		return error_set(err, EINVAL, "hooks.%s[%zu].path: must be an absolute path: \"%s\"", name, i,
			h->path ? h->path : "");
	if (h->has_timeout && (h->timeout <= 0 || h->timeout > UINT32_MAX))
		return error_set(err, EINVAL, "hooks.%s[%zu].timeout: %ld seconds: must be greater than zero", name, i,
			(long)h->timeout);
	return 0;
}

static int add_kind(struct plan_builder *b, struct output o, uint32_t kind, const struct oci_hook *hooks, size_t n,
	struct error *err)
{
	const char *name = plan_hook_name(kind);

	for (size_t i = 0; i < n; i++) {
		const struct oci_hook *h = &hooks[i];
		struct plan_hook *p;
		int r = plan_pass(b, check(h, name, i, err), err);

		if (r < 0)
			return r;
		p = plan_add_at(b, PLAN_OP_HOOK, struct plan_hook, (uint32_t)i);
		p->kind = kind;
		p->path = plan_put_str(b, h->path);
		p->args = plan_put_strs(
			b, h->args_len ? h->args : (char *const *)&h->path, h->args_len ? h->args_len : 1);
		p->env = plan_put_strs(b, h->env, h->env_len);
		p->out = o.out;
		p->err = o.err;
		/* no word of the specification's, but runc's way, and its users' */
		p->inherit = kind == PLAN_HOOK_START_CONTAINER && !h->env;
		p->timeout = h->has_timeout ? (uint32_t)h->timeout : DEFAULT_TIMEOUT_S;
	}
	return 0;
}

int plan_add_hooks(struct plan_builder *b, const struct plan_input *in, struct error *err)
{
	const struct oci_hooks *h = in->config->hooks;
	struct output o = {0, 0};
	int r;

	if (!h)
		return 0;
	if (in->annotations)
		o = (struct output){plan_put_str(b, in->annotations->hooks_out), plan_put_str(b, in->annotations->hooks_err)};
	r = add_kind(b, o, PLAN_HOOK_PRESTART, h->prestart, h->prestart_len, err);
	if (r == 0)
		r = add_kind(b, o, PLAN_HOOK_CREATE_RUNTIME, h->create_runtime, h->create_runtime_len, err);
	if (r == 0)
		r = add_kind(b, o, PLAN_HOOK_CREATE_CONTAINER, h->create_container, h->create_container_len, err);
	if (r == 0)
		r = add_kind(b, o, PLAN_HOOK_START_CONTAINER, h->start_container, h->start_container_len, err);
	if (r == 0)
		r = add_kind(b, o, PLAN_HOOK_POSTSTART, h->poststart, h->poststart_len, err);
	if (r == 0)
		r = add_kind(b, o, PLAN_HOOK_POSTSTOP, h->poststop, h->poststop_len, err);
	return r;
}
