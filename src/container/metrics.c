/* SPDX-License-Identifier: Apache-2.0 */
#include "perf/metrics.h"

#include "base/fd.h"
#include "container/container.h"
#include "container/store.h"
#include "fast/config.h"

void context_save_metrics(const struct context *x, int code, bool last)
{
	/* most verbs have not asked for it so far; one that cannot read it says nothing about it */
	if (config_load(NULL) < 0 || !config_get()->metrics)
		return;
	struct span span = span_begin(SPAN_ID_METRICS);
	_cleanup_close_ int root = store_open_root(x, false, NULL);
	if (root >= 0)
		metrics_save(root, code, last);
	(void)span_end(&span, 0);
}
