/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_PTY_H
#define ENVIRO_KERNEL_PTY_H

/* Pseudo terminals without a libc. All take or return fds; 0, an fd or a negative errno. */

#include <stdint.h>

/* The slave of a master, whatever is mounted where: unlocked, and opened by the kernel (TIOCGPTPEER) without becoming
 * a controlling terminal. */
int pty_open_slave(int master);
/* The output is handed on as it is: no "\r" before "\n". */
int pty_clear_onlcr(int tty);
int pty_set_size(int tty, uint16_t rows, uint16_t cols);
/* The terminal becomes that of our session, which must have none. */
int pty_set_controlling(int tty);

#endif
