/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_BPF_H
#define ENVIRO_KERNEL_BPF_H

/* bpf(2), as far as the device programs of cgroup v2 need it (Linux 4.15; replacing since 5.6). The structures are the
 * kernel's (linux/bpf.h), given here because not every libc comes with kernel headers. Functions return 0 or an fd
 * (close-on-exec), or a negative errno; nothing is said. */

#include <stddef.h>
#include <stdint.h>

struct bpf_op {
	uint8_t code;
	uint8_t regs; /* destination in the low half, source in the high one (little endian; see BPF_REGS) */
	int16_t off;
	int32_t imm;
};
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BPF_REGS(dst, src) ((uint8_t)((dst) | (src) << 4))
#else
#define BPF_REGS(dst, src) ((uint8_t)((dst) << 4 | (src)))
#endif

/* The instructions that a device program uses. Jumps go `off` instructions beyond the next one. */
#define BPF_LOAD32(dst, src, offset) ((struct bpf_op){0x61, BPF_REGS(dst, src), (offset), 0})
#define BPF_MOV_IMM(dst, value) ((struct bpf_op){0xb7, BPF_REGS(dst, 0), 0, (value)})
#define BPF_MOV(dst, src) ((struct bpf_op){0xbf, BPF_REGS(dst, src), 0, 0})
#define BPF_AND32(dst, value) ((struct bpf_op){0x54, BPF_REGS(dst, 0), 0, (value)})
#define BPF_OR32(dst, src) ((struct bpf_op){0x4c, BPF_REGS(dst, src), 0, 0})
#define BPF_LSH32(dst, value) ((struct bpf_op){0x64, BPF_REGS(dst, 0), 0, (value)})
#define BPF_RSH32(dst, value) ((struct bpf_op){0x74, BPF_REGS(dst, 0), 0, (value)})
#define BPF_JEQ32(dst, value, jump) ((struct bpf_op){0x16, BPF_REGS(dst, 0), (jump), (value)})
#define BPF_JNE32(dst, value, jump) ((struct bpf_op){0x56, BPF_REGS(dst, 0), (jump), (value)})
#define BPF_JSET32(dst, value, jump) ((struct bpf_op){0x46, BPF_REGS(dst, 0), (jump), (value)})
#define BPF_JA(jump) ((struct bpf_op){0x05, 0, (jump), 0})
#define BPF_EXIT ((struct bpf_op){0x95, 0, 0, 0})

/* A program of type BPF_PROG_TYPE_CGROUP_DEVICE: an fd. */
int bpf_load_device_program(const struct bpf_op *insns, size_t n);
/* The ids of the device programs attached to the cgroup itself; *n is the room in ids and then their number. -ENOSPC:
 * there are more. */
int bpf_query_device_programs(int cgroup_fd, uint32_t *ids, uint32_t *n);
/* An fd of a loaded program. */
int bpf_program_by_id(uint32_t id);
/* Attaches beside other programs (BPF_F_ALLOW_MULTI), in the place of replace_fd if that is not -1. */
int bpf_attach_device_program(int cgroup_fd, int prog_fd, int replace_fd);
int bpf_detach_device_program(int cgroup_fd, int prog_fd);

#endif
