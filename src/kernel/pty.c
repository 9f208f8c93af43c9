/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/pty.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/fcntl.h>

#include "kernel/sys.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

static int io(int fd, unsigned long request, void *arg)
{
	return (int)sys_call3(SYS_ioctl, fd, request, arg);
}

int pty_open_slave(int master)
{
	int unlock = 0, r = io(master, TIOCSPTLCK, &unlock);

	return r < 0 ? r : (int)sys_call3(SYS_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int pty_clear_onlcr(int tty)
{
	struct termios t;
	int r = io(tty, TCGETS, &t);

	if (r < 0)
		return r;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	return io(tty, TCSETS, &t);
}

int pty_set_size(int tty, uint16_t rows, uint16_t cols)
{
	uint16_t size[4] = {rows, cols, 0, 0}; /* struct winsize */

	return io(tty, TIOCSWINSZ, size);
}

int pty_set_controlling(int tty)
{
	return io(tty, TIOCSCTTY, NULL);
}
