/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_BASE_POISON_H
#define ENVIRO_BASE_POISON_H

/* The address sanitizer knows nothing of memory that we hand out ourselves, unless it is told: what is poisoned must not
 * be touched. Without the sanitizer nothing is done. */

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISON_IS_KNOWN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_IS_KNOWN 1
#endif
#endif

#ifdef POISON_IS_KNOWN
#include <sanitizer/asan_interface.h>
enum { POISON_ZONE = 16 }; /* so many bytes are put between two pieces of memory */
#else
enum { POISON_ZONE = 0 };
#endif

/* A function that calls one which does not return, where the sanitizer must not clear what it takes for the whole stack: on
 * a stack that it knows nothing of, or where the kernel may not be asked for the signals' stack. */
#define POISON_STAYS __attribute__((no_sanitize_address))

static inline void poison(const void *p, size_t n)
{
#ifdef POISON_IS_KNOWN
	__asan_poison_memory_region(p, n);
#else
	(void)p;
	(void)n;
#endif
}

static inline void poison_end(const void *p, size_t n)
{
#ifdef POISON_IS_KNOWN
	__asan_unpoison_memory_region(p, n);
#else
	(void)p;
	(void)n;
#endif
}

#endif
