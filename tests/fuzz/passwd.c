/* SPDX-License-Identifier: Apache-2.0 */

/* What init reads of the container's /etc/passwd: its own code, built with a libc. */

#include "init/exec.c"

#include <unistd.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lines l;
	char *line;
	int fd = memfd_create("passwd", MFD_CLOEXEC);

	FUZZ_MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	l = (struct lines){.fd = fd, .left = PASSWD_MAX};
	while ((line = next_line(&l))) {
		const char *h = home_in(line, 0);

		FUZZ_MUST(!h || (*h && strlen(h) < sizeof(l.buf)));
	}
	close(fd);
	return 0;
}
