/* SPDX-License-Identifier: Apache-2.0 */
/* cover SOURCE TARGET: binds a tree over another and takes it off again as fast as it can, until it is killed. */
#include <stdio.h>
#include <sys/mount.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	while (mount(argv[1], argv[2], NULL, MS_BIND | MS_REC, NULL) == 0)
		(void)umount2(argv[2], MNT_DETACH);
	perror("cover");
	return 1;
}
