/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/match.h"

#include <errno.h>
#include <regex.h>

#include "base/log.h"

static int compile(regex_t *re, const char *regex, struct error *err)
{
	char reason[200];
	int r = regcomp(re, regex, REG_EXTENDED | REG_NOSUB);

	if (!r)
		return 0;
	regerror(r, re, reason, sizeof(reason));
	return error_set(err, EINVAL, "invalid regular expression \"%s\": %s", regex, reason);
}

/* Once one has failed, err is taken. */
static int one(const struct cli *c, const char *id, match_fn fn, const void *data, int so_far, struct error *err)
{
	struct error e = {0};
	int r = fn(&c->context, id, data, &e);

	if (r >= 0)
		return so_far;
	if (so_far < 0) {
		log_warn("%s: %s", id, e.msg);
		return so_far;
	}
	return error_set(err, e.code, "%s: %s", id, e.msg);
}

int match_each(const struct cli *c, const char *regex, match_fn fn, const void *data, struct error *err)
{
	struct container *list;
	size_t n;
	regex_t re;
	int r = compile(&re, regex, err);

	if (r < 0)
		return r;
	r = container_list(&c->context, c->arena, &list, &n, err);
	if (r >= 0) {
		r = 0;
		for (size_t i = 0; i < n; i++) {
			container_close(&list[i]);
			if (!regexec(&re, list[i].id, 0, NULL, 0))
				r = one(c, list[i].id, fn, data, r, err);
		}
	}
	regfree(&re);
	return r;
}
