/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_KERNEL_ARCH_AARCH64_H
#define ENVIRO_KERNEL_ARCH_AARCH64_H

static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
	return x0;
}

/* A counter that runs at a constant rate. */
static inline unsigned long sys_ticks(void)
{
	unsigned long r;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(r));
	return r;
}

/* The entry of a program without a libc: calls start_c with the initial stack pointer. */
#define ARCH_ENTRY                                                                                                     \
	__asm__(".text\n.globl _start\n.type _start,%function\n_start:\n"                                              \
		"mov x29,#0\nmov x30,#0\nmov x0,sp\nand sp,x0,#-16\nbl start_c\nbrk #1\n")

#endif
