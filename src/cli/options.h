/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_OPTIONS_H
#define ENVIRO_CLI_OPTIONS_H

/* Options of the command line, in the way of Go's flag package, which engines expect: one dash or two mean the same,
 * `--name value` and `--name=value`, booleans as `--name` or `--name=true|false`, "--" ends them. A table says which
 * options there are and which member of a struct each fills. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* Options that may be given more than once. */
struct option_strings {
	char **v;
	size_t len;
};
struct option_u32s {
	uint32_t *v;
	size_t len;
};

enum option_kind { OPTION_KIND_BOOL, OPTION_KIND_STRING, OPTION_KIND_U32, OPTION_KIND_STRINGS, OPTION_KIND_U32S };

struct option {
	const char *name; /* without dashes */
	char alias;	  /* a second name of one letter; 0: none */
	uint8_t kind;
	bool nonempty;	  /* refuse "" (which otherwise means: not given) */
	uint16_t offset;  /* of the member in the struct that options_parse fills */
	uint16_t given;	  /* of a bool that tells whether a boolean was given at all; 0: none */
	const char *help; /* one line */
};

#define OPTION_MEMBER(T, m) (((T *)0)->m)
#define OPTION_KIND(e)                                                                                                 \
	_Generic((e),                                                                                                  \
		bool: OPTION_KIND_BOOL,                                                                                \
		const char *: OPTION_KIND_STRING,                                                                      \
		uint32_t: OPTION_KIND_U32,                                                                             \
		struct option_strings: OPTION_KIND_STRINGS,                                                            \
		struct option_u32s: OPTION_KIND_U32S)
/* The fields of an option that fills member m of T; the kind comes from the member's type. */
#define OPTION_FIELDS(T, m, long_name, letter, text)                                                                   \
	.name = (long_name), .alias = (letter), .kind = OPTION_KIND(OPTION_MEMBER(T, m)), .offset = offsetof(T, m),    \
	.help = (text)
#define OPTION(T, m, long_name, letter, text) {OPTION_FIELDS(T, m, long_name, letter, text)}

struct option_table {
	const struct option *o;
	size_t n;
};
#define OPTION_TABLE(array) {.o = (array), .n = sizeof(array) / sizeof((array)[0])}

struct option_words {
	char **args; /* what is no option, in order; in the arena, NULL-terminated */
	size_t args_len;
	bool help;	   /* --help or -h was given */
	const char *trace; /* --trace; NULL: was not */
};

/* What may be given before a verb and behind every verb. */
extern const struct option_table options_everywhere;

/* Reads argv[0..argc) into `values`, the struct of the table, which the caller has zeroed or given defaults. With
 * in_order the first word that is no option ends the options; else they may stand behind it. Strings are argv's own.
 * Those of options_everywhere are known without being in the table. -EINVAL, in the words of Go's flag package: "flag provided but
 * not defined: -x", "flag needs an argument: -x", "invalid value "v" for flag -x: reason". -ENOMEM. */
int options_parse(const struct option_table *t, char *const *argv, size_t argc, bool in_order, void *values,
	struct arena *a, struct option_words *ret, struct error *err);

#endif
