/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_ARCH_X86_64_H
#define ENVIRO_KERNEL_ARCH_X86_64_H

static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

/* A counter that runs at a constant rate, on some machines not the same on all CPUs. */
static inline unsigned long sys_ticks(void)
{
	unsigned low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (unsigned long)high << 32 | low;
}

/* The entry of a program without a libc: calls start_c with the initial stack pointer. */
#define ARCH_ENTRY                                                                                                     \
	__asm__(".text\n.globl _start\n.type _start,@function\n_start:\n"                                              \
		"xor %ebp,%ebp\nmov %rsp,%rdi\nand $-16,%rsp\ncall start_c\nhlt\n")

#endif
