/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_COLOR_H
#define ENVIRO_CLI_COLOR_H

/* Colour, on a terminal only, and not where NO_COLOR is set and not empty (no-color.org) or TERM is "dumb". */

#include <stdbool.h>

enum color { COLOR_RED, COLOR_GREEN, COLOR_YELLOW };

bool color_wanted(int fd);
/* What switches it on and off; "" where there is none. */
const char *color_on(int fd, enum color c);
const char *color_off(int fd);

#endif
