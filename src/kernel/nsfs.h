/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_NSFS_H
#define ENVIRO_KERNEL_NSFS_H

/* Files of namespaces (/proc/PID/ns/NAME, pins): how they are known and what they can be asked, ioctl_ns(2). For C libraries
 * and headers that have no <linux/nsfs.h>, or an old one. */

#include <sys/ioctl.h>

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif
#ifndef NS_GET_USERNS
#define NS_GET_USERNS _IO(0xb7, 0x1)
#endif
#ifndef NS_GET_PARENT
#define NS_GET_PARENT _IO(0xb7, 0x2)
#endif
#ifndef NS_GET_NSTYPE
#define NS_GET_NSTYPE _IO(0xb7, 0x3)
#endif

#endif
