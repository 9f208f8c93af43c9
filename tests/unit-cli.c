/* SPDX-License-Identifier: Apache-2.0 */

/* The option parser, signal names, and the text that verbs print. */

#include <errno.h>
#include <stdlib.h>

#include "cli/options.h"
#include "cli/signals.h"
#include "cli/text.h"
#include "tap.h"

struct things {
	bool on, other;
	const char *name, *root;
	uint32_t number;
	struct option_strings list;
	struct option_u32s numbers;
};

static const struct option options[] = {
	OPTION(struct things, on, "on", 'o', ""),
	OPTION(struct things, other, "other", 0, ""),
	OPTION(struct things, name, "name", 'n', ""),
	{OPTION_FIELDS(struct things, root, "root", 0, ""), .nonempty = true},
	OPTION(struct things, number, "number", 0, ""),
	OPTION(struct things, list, "list", 'l', ""),
	OPTION(struct things, numbers, "numbers", 'g', ""),
};
static const struct option_table table = OPTION_TABLE(options);

static struct arena arena;
static struct things things;
static struct option_words words;
static struct error err;

#define WORDS(...) ((const char *const[]){__VA_ARGS__})
#define PARSE(in_order, ...) parse(WORDS(__VA_ARGS__), sizeof(WORDS(__VA_ARGS__)) / sizeof(char *), in_order)

static int parse(const char *const *argv, size_t n, bool in_order)
{
	things = (struct things){0};
	err = (struct error){0};
	return options_parse(&table, (char *const *)argv, n, in_order, &things, &arena, &words, &err);
}

static void test_forms(void)
{
	static const char *const forms[][2] = {{"--name", "v"}, {"-name", "v"}, {"-n", "v"}, {"--n", "v"},
		{"--name=v", NULL}, {"-name=v", NULL}, {"-n=v", NULL}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *argv[] = {forms[i][0], forms[i][1] ? forms[i][1] : "rest", "rest"};

		tap_is_int(parse(argv, forms[i][1] ? 3 : 2, false), 0, "%s is taken", forms[i][0]);
		tap_is_str(things.name, "v", "%s gives the value", forms[i][0]);
		tap_ok(words.args_len == 1 && !strcmp(words.args[0], "rest"), "%s leaves the rest", forms[i][0]);
	}
	PARSE(false, "--name=a=b");
	tap_is_str(things.name, "a=b", "the value may hold an equals sign");
	PARSE(false, "--name", "--on");
	tap_ok(!strcmp(things.name, "--on") && !things.on, "a value may look like an option");
	PARSE(false, "--name", "a", "--name=b");
	tap_is_str(things.name, "b", "the last one counts");
	PARSE(false, "--name=");
	tap_ok(!things.name, "an empty value is none");
	tap_is_int(PARSE(false, "--root="), -EINVAL, "an option may refuse the empty value");
}

static void test_bools(void)
{
	static const struct {
		const char *word;
		int want;
	} cases[] = {{"--on", 1}, {"-o", 1}, {"--on=1", 1}, {"--on=t", 1}, {"--on=T", 1}, {"--on=TRUE", 1},
		{"--on=true", 1}, {"-on=True", 1}, {"--on=0", 0}, {"--on=f", 0}, {"--on=F", 0}, {"--on=FALSE", 0},
		{"--on=false", 0}, {"-o=False", 0}, {"--on=yes", -EINVAL}, {"--on=", -EINVAL}, {"--on=tRUE", -EINVAL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = PARSE(false, cases[i].word);

		tap_is_int(r < 0 ? r : things.on, cases[i].want, "%s", cases[i].word);
	}
	tap_is_str(err.msg, "invalid boolean value \"tRUE\" for -on: parse error", "the words for a bad boolean");
	PARSE(false, "--on", "false");
	tap_ok(things.on && words.args_len == 1, "a boolean takes no second word");
}

static void test_numbers(void)
{
	PARSE(false, "--number", "4294967295");
	tap_is_int(things.number, 4294967295, "the largest number");
	tap_is_int(PARSE(false, "--number=4294967296"), -EINVAL, "one more is refused");
	tap_is_str(err.msg, "invalid value \"4294967296\" for flag -number: value out of range", "the words for it");
	tap_is_int(PARSE(false, "--number", "-1"), -EINVAL, "negative numbers are refused");
	tap_is_int(PARSE(false, "--number=1x"), -EINVAL, "so is what follows a number");
	tap_is_int(PARSE(false, "--number="), -EINVAL, "and nothing at all");
	tap_is_int(PARSE(false, "-g", "1", "--numbers=2", "-g=3"), 0, "a list of numbers");
	tap_ok(things.numbers.len == 3 && things.numbers.v[0] == 1 && things.numbers.v[2] == 3, "has all of them");
	tap_is_int(PARSE(false, "-g", "1,2"), -EINVAL, "commas are no part of a number");
}

static void test_lists(void)
{
	PARSE(false, "-l", "a", "word", "--list=b,c", "--list", "");
	tap_is_int(things.list.len, 3, "each one counts");
	tap_is_str(things.list.v[1], "b,c", "commas stay");
	tap_is_str(things.list.v[2], "", "empty ones stay");
	tap_is_int(words.args_len, 1, "the word between is none of them");
}

static void test_order(void)
{
	PARSE(false, "id", "--on", "9");
	tap_ok(things.on && words.args_len == 2, "options may stand behind words");
	PARSE(true, "--other", "id", "--on", "--", "-x");
	tap_ok(things.other && !things.on && words.args_len == 4, "in order, the first word ends them");
	tap_is_str(words.args[2], "--", "in order, -- behind the first word is a word");
	tap_ok(!words.args[words.args_len], "the words end with NULL");
	PARSE(false, "id", "--", "--on", "--");
	tap_ok(!things.on && words.args_len == 3 && !strcmp(words.args[2], "--"), "-- ends them");
	PARSE(true, "--", "--on", "x");
	tap_ok(!things.on && words.args_len == 2, "-- ends them in order, too");
	PARSE(false, "-", "--on");
	tap_ok(things.on && words.args_len == 1, "a lone dash is a word");
	tap_is_int(options_parse(&table, NULL, 0, true, &things, &arena, &words, &err), 0, "nothing at all");
	tap_is_int(words.args_len, 0, "is no words");
}

static void test_errors(void)
{
	static const struct {
		const char *word;
		const char *text;
	} cases[] = {
		{"--bogus", "flag provided but not defined: -bogus"},
		{"-bogus=3", "flag provided but not defined: -bogus"},
		{"-9", "flag provided but not defined: -9"},
		{"-on1", "flag provided but not defined: -on1; did you mean -on?"},
		{"--o", NULL},
		{"--nam", "flag provided but not defined: -nam; did you mean -name?"},
		{"-ol", "flag provided but not defined: -ol; did you mean -on?"},
		{"--name", "flag needs an argument: -name"},
		{"-l", "flag needs an argument: -l"},
		{"---on", "bad flag syntax: ---on"},
		{"--=on", "bad flag syntax: --=on"},
		{"-=", "bad flag syntax: -="},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = PARSE(false, "id", cases[i].word);

		tap_is_int(r, cases[i].text ? -EINVAL : 0, "%s: result", cases[i].word);
		tap_is_str(err.msg, cases[i].text ? cases[i].text : "", "%s: words", cases[i].word);
	}
}

static void test_help(void)
{
	static const char *const forms[] = {"--help", "-help", "-h", "--h", "--help=true"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		tap_ok(PARSE(false, "id", forms[i]) == 0 && words.help, "%s asks for help", forms[i]);
	tap_ok(PARSE(false, "--help=false") == 0 && !words.help, "--help=false does not");
	tap_ok(PARSE(true, "id", "--help") == 0 && !words.help, "in order, --help of a command is the command's");
	tap_ok(PARSE(false, "id", "--trace", "f") == 0 && !strcmp(words.trace, "f"), "--trace is known everywhere, too");
	tap_ok(PARSE(false, "id") == 0 && !words.trace, "without it there is none");
	tap_ok(PARSE(true, "id", "--trace", "f") == 0 && !words.trace, "in order, --trace of a command is the command's");
	tap_is_int(PARSE(false, "--help", "--bogus"), -EINVAL, "errors come before help");
}

static void test_signals(void)
{
	static const struct {
		const char *word;
		int want;
	} cases[] = {{"15", 15}, {"0", 0}, {"64", 64}, {"65", -EINVAL}, {"99999999999", -EINVAL}, {"TERM", 15},
		{"SIGTERM", 15}, {"sigterm", 15}, {"SigKill", 9}, {"hup", 1}, {"CLD", 17}, {"IOT", 6}, {"POLL", 29},
		{"STKFLT", 16}, {"SYS", 31}, {"RTMIN", 34}, {"SIGRTMIN+1", 35}, {"rtmin+30", 64}, {"RTMIN+31", -EINVAL},
		{"RTMAX", 64}, {"RTMAX-30", 34}, {"RTMAX-31", -EINVAL}, {"RTMIN-1", -EINVAL}, {"RTMAX+1", -EINVAL},
		{"RTMIN+", -EINVAL}, {"RTMIN+ 1", -EINVAL}, {"RTMIN+4294967295", -EINVAL}, {"SIG", -EINVAL},
		{"", -EINVAL}, {"SIGSIGTERM", -EINVAL}, {"12x", -EINVAL}, {"-9", -EINVAL}, {"SIG9", -EINVAL},
		{"TERMX", -EINVAL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_is_int(signal_parse(cases[i].word, &err), cases[i].want, "signal \"%s\"", cases[i].word);
	tap_is_str(err.msg, "unknown signal \"TERMX\"", "the words for an unknown signal");
}

static void test_text(void)
{
	struct text t = TEXT_INIT(&arena);

	for (int i = 0; i < 1000; i++)
		text_fmt(&t, "%03d", i);
	text_blanks(&t, 3);
	text_add(&t, "");
	tap_is_int(t.len, 3003, "text grows");
	tap_ok(!memcmp(t.s, "000001", 6) && !memcmp(t.s + 2994, "998999   ", 9), "and keeps what it had");
	tap_is_int(text_columns("a\xc3\xa4\xe2\x82\xac"), 3, "columns are code points");
}

int main(void)
{
	test_forms();
	test_bools();
	test_numbers();
	test_lists();
	test_order();
	test_errors();
	test_help();
	test_signals();
	test_text();
	arena_done(&arena);
	return tap_done();
}
