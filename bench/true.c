/* SPDX-License-Identifier: Apache-2.0 */

/* The smallest container process: built static against musl, it costs what exec and exit cost and nothing else. With an
 * argument it stays until a signal ends it. */

#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argv;
	return argc > 1 ? pause() : 0;
}
