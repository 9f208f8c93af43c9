/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "plan/compile.h"

static const char digits[] = "0123456789";
static const char word[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";

/* A number without leading zeros; what stands behind it, NULL when there is none. */
static const char *skip_number(const char *s)
{
	size_t n = strspn(s, digits);

	return n == 0 || (n > 1 && *s == '0') ? NULL : s + n;
}

/* Words with dots between them. Those of a pre-release that are numbers have no leading zeros either. */
static const char *skip_words(const char *s, bool pre_release)
{
	for (;; s++) {
		size_t n = strspn(s, word), number = strspn(s, digits);

		if (n == 0 || (pre_release && number == n && n > 1 && *s == '0'))
			return NULL;
		s += n;
		if (*s != '.')
			return s;
	}
}

static bool is_semver(const char *s)
{
	for (int part = 0; part < 3; part++) {
		s = skip_number(s);
		if (!s || (part < 2 && *s++ != '.'))
			return false;
	}
	if (*s == '-') {
		s = skip_words(s + 1, true);
		if (!s)
			return false;
	}
	if (*s == '+') {
		s = skip_words(s + 1, false);
		if (!s)
			return false;
	}
	return !*s;
}

int plan_check_version(const char *version, struct error *err)
{
	if (!is_semver(version))
		return error_set(err, EINVAL, "ociVersion: not a version in SemVer format: \"%s\"", version);
	if (strncmp(version, OCI_VERSION, strcspn(OCI_VERSION, ".") + 1) != 0)
		return error_set(
			err, EINVAL, "ociVersion: %s: not supported, this runtime follows " OCI_VERSION, version);
	return 0;
}
