/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/caps.h"

#include <errno.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/capability.h>

#include "base/log.h"
#include "base/str.h"
#include "kernel/sys.h"

/* What is left out, for one warning. */
struct skipped {
	char text[768];
	size_t len;
};

static void skip(struct skipped *k, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = k->text; n && (at = strstr(at, name)); at += n)
		if ((at == k->text || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
			return;
	k->len += fmt(k->text + k->len, sizeof(k->text) - k->len, k->len ? " %s" : "%s", name);
}

/* "CAP_CHOWN" for 0; false when libcap has no name for it. */
static bool upper_name(int n, char *buf, size_t size)
{
	char *name = cap_to_name((cap_value_t)n);
	bool known = name && str_starts(name, "cap_");
	size_t i = 0;

	for (; known && name[i] && i < size - 1; i++)
		buf[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - ('a' - 'A') : name[i]);
	buf[i] = '\0';
	cap_free(name);
	return known;
}

static void skip_mask(struct skipped *k, uint64_t mask)
{
	char name[64];

	for (int n = 0; n < 64; n++)
		if ((mask >> n & 1) && upper_name(n, name, sizeof(name)))
			skip(k, name);
}

/* libcap takes any case, and numbers; the specification's names are capitals. */
static bool number_of(const char *name, unsigned *ret)
{
	cap_value_t n;

	if (!str_starts(name, "CAP_"))
		return false;
	for (const char *c = name; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			return false;
	if (cap_from_name(name, &n) < 0 || n < 0 || n > 63)
		return false;
	*ret = (unsigned)n;
	return true;
}

static uint64_t mask_of(char *const *names, size_t len, struct skipped *k)
{
	uint64_t mask = 0;
	unsigned n;

	for (size_t i = 0; i < len; i++) {
		if (number_of(names[i], &n))
			mask |= (uint64_t)1 << n;
		else
			skip(k, names[i]);
	}
	return mask;
}

uint64_t caps_of_kernel(bool all)
{
	static uint64_t has, bounding; /* neither changes while the program runs */
	bool known = has != 0;

	for (unsigned n = 0; n < 64 && !known; n++) {
		int r = sys_prctl(PR_CAPBSET_READ, n, 0, 0, 0);

		if (r < 0)
			break;
		has |= (uint64_t)1 << n;
		bounding |= (uint64_t)(r != 0) << n;
	}
	return all ? has : bounding;
}

/* Cuts *set down to `limit`; what goes is warned of with `why`. */
static void limit_set(uint64_t *set, uint64_t limit, const char *which, const char *why)
{
	struct skipped k = {.len = 0};

	skip_mask(&k, *set & ~limit);
	if (k.len)
		log_warn("process.capabilities.%s: ignored, %s: %s", which, why, k.text);
	*set &= limit;
}

/* One line each, in runc's words: its test-suite looks for them. */
static void limit_ambient(uint64_t *set, uint64_t limit)
{
	char name[64];

	for (int n = 0; n < 64; n++)
		if ((*set & ~limit) >> n & 1 && upper_name(n, name, sizeof(name)))
			log_warn("process.capabilities.ambient: can't raise ambient capability %s: not both permitted "
				 "and inheritable",
				name);
	*set &= limit;
}

void caps_fill(struct plan_credentials *p, const struct oci_capabilities *caps, bool new_userns)
{
	struct skipped k = {.len = 0};
	uint64_t grantable;

	p->has_caps = caps != NULL;
	if (!caps)
		return;
	p->bounding = mask_of(caps->bounding, caps->bounding_len, &k);
	p->effective = mask_of(caps->effective, caps->effective_len, &k);
	p->permitted = mask_of(caps->permitted, caps->permitted_len, &k);
	p->inheritable = mask_of(caps->inheritable, caps->inheritable_len, &k);
	p->ambient = mask_of(caps->ambient, caps->ambient_len, &k);

	grantable = caps_of_kernel(new_userns);
	skip_mask(&k, (p->bounding | p->effective | p->permitted | p->inheritable | p->ambient) & ~grantable);
	if (k.len)
		log_warn("process.capabilities: ignored, unknown or not available: %s", k.text);
	p->bounding &= grantable;
	p->effective &= grantable;
	p->permitted &= grantable;
	p->inheritable &= grantable;
	p->ambient &= grantable;
	/* what capset(2) and PR_CAP_AMBIENT_RAISE would answer EPERM to */
	limit_set(&p->effective, p->permitted, "effective", "not permitted");
	limit_set(&p->inheritable, p->bounding, "inheritable", "not in the bounding set");
	limit_ambient(&p->ambient, p->permitted & p->inheritable);
}

int caps_to_names(uint64_t mask, struct arena *a, char ***ret, size_t *ret_n)
{
	char **names = arena_array(a, 65, sizeof(*names)), name[64];
	size_t at = 0;

	for (int n = 0; names && n < 64; n++)
		if ((mask >> n & 1) && upper_name(n, name, sizeof(name))) {
			names[at] = arena_strdup(a, name);
			if (!names[at++])
				return -ENOMEM;
		}
	*ret = names;
	*ret_n = at;
	return names ? 0 : -ENOMEM;
}

const char *const *caps_names(struct arena *a)
{
	size_t n;
	char **names;

	return caps_to_names(caps_of_kernel(true), a, &names, &n) < 0 ? NULL : (const char *const *)names;
}
