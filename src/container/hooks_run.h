/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CONTAINER_HOOKS_RUN_H
#define ENVIRO_CONTAINER_HOOKS_RUN_H

#include <stddef.h>

#include "base/error.h"
#include "plan/plan.h"

/* Runs the plan's hooks of a kind as children of the runtime, one after the other: the state document on stdin, the
 * environment that the spec gives and nothing else, `cwd` (the bundle) as working directory. Stops at the first one
 * that fails or runs out of time: "error running createRuntime hook #0: exit status 1, stdout: , stderr: …". */
int hooks_run(const struct plan *p, enum plan_hook_kind kind, const char *state_json, size_t len, const char *cwd,
	struct error *err);

/* Opens a file that takes what hooks write, at its end; it is made where it is missing. *ret: -1 without a path. */
int hooks_open_output(const char *path, int *ret, struct error *err);

/* Runs them all, whatever fails, and logs each failure as a warning: what the spec asks for with poststop hooks. */
void hooks_run_all(const struct plan *p, enum plan_hook_kind kind, const char *state_json, size_t len, const char *cwd);

#endif
