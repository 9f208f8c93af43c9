/* SPDX-License-Identifier: Apache-2.0 */
#include "base/date.h"

#include "base/str.h"

char *date_text(char buf[static DATE_MAX], const struct timespec *t, bool nanoseconds)
{
	char fraction[16] = "";
	struct tm tm;

	gmtime_r(&t->tv_sec, &tm);
	if (nanoseconds)
		fmt(fraction, sizeof(fraction), ".%09ld", t->tv_nsec);
	fmt(buf, DATE_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		tm.tm_min, tm.tm_sec, fraction);
	return buf;
}
