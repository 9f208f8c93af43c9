/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_WAIT_H
#define ENVIRO_BASE_WAIT_H

/* Waiting with a limit. */

#include <stdint.h>

/* Of CLOCK_MONOTONIC. */
int64_t wait_now_ms(void);

/* Until one of `events` (poll(2)) or the end of the other side is there: 0, -ETIMEDOUT, or another -errno. A signal does
 * not end it. timeout_ms < 0: no limit. */
int wait_fd(int fd, short events, int timeout_ms);

#endif
