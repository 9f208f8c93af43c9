/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/color.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

bool color_wanted(int fd)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && !str_eq(getenv("TERM"), "dumb") && isatty(fd);
}

const char *color_on(int fd, enum color c)
{
	static const char *const codes[] = {
		[COLOR_RED] = "\033[31m", [COLOR_GREEN] = "\033[32m", [COLOR_YELLOW] = "\033[33m"};

	return color_wanted(fd) ? codes[c] : "";
}

const char *color_off(int fd)
{
	return color_wanted(fd) ? "\033[0m" : "";
}
