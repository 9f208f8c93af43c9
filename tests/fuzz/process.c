/* SPDX-License-Identifier: Apache-2.0 */

/* The process of exec: the file of --process, compiled for a container whose plan comes from the input, too. Up to the
 * first NUL: the process; behind it the config of the container, or nothing: a plain one. */

#include "base/log.h"
#include "plan/compile.h"
#include "tests/fuzz/fuzz.h"

static const char plain[] = "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/"
			    "\",\"args\":[\"sh\"],\"env\":[\"A=b\"],"
			    "\"user\":{\"uid\":1,\"gid\":2,\"additionalGids\":[3]},\"rlimits\":[{\"type\":\"RLIMIT_"
			    "CORE\",\"soft\":1,\"hard\":2}]},"
			    "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"user\"}],"
			    "\"uidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":9}],"
			    "\"gidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":9}],"
			    "\"personality\":{\"domain\":\"LINUX32\"}}}";

static struct plan *container(const char *text, struct arena *a)
{
	struct plan_input in = {.id = "c1", .bundle = "/nowhere"};
	struct oci_config *c;
	struct error err;
	struct plan *p;

	if (oci_config_read(text, strlen(text), a, &c, NULL, NULL) < 0)
		return NULL;
	in.config = c;
	return plan_compile(&in, a, &p, &err) < 0 ? NULL : p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT;
	struct plan_input input = {.id = "c1", .bundle = "/nowhere"};
	struct fuzz_input in = {data, size};
	struct error err = {0};
	struct oci_process *p;
	struct plan *plan;
	char *text, *config;
	int r;

	(void)log_open(NULL, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, &err);
	text = fuzz_string(&in);
	config = fuzz_string(&in);
	input.container = container(*config ? config : plain, &a);
	r = oci_process_read(text, strlen(text), &a, &p, NULL, &err);
	if (r == 0 && input.container)
		r = plan_compile_exec(&input, p, 0, &a, &plan, &err);
	FUZZ_MUST(r == 0 || (r < 0 && err.code == -r && err.msg[0]));
	if (r == 0 && input.container)
		FUZZ_MUST(plan_check(plan, plan->size) == 0);
	free(text);
	free(config);
	return 0;
}
