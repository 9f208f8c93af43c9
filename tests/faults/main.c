/* SPDX-License-Identifier: Apache-2.0 */
/* The harness of contrib/check-faults, which builds and calls it: faults, or with --races races, or with
 * --cuts power cuts. */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cuts.h"
#include "faults.h"
#include "ground.h"
#include "races.h"

static struct fault_options faults = {.of = 1, .times = 1};
static struct cut_options cuts = {.of = 1};
static struct race_options races = {.only = -1};

static unsigned number(const char *name, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || n > 100000000)
		errx(2, "--%s: \"%s\" is not a number", name, text);
	return (unsigned)n;
}

enum {
	RUNTIME,
	ROOT,
	BUNDLE,
	PARENT,
	COLD,
	SETUP,
	VERB,
	FAULT,
	LIST,
	VERBOSE,
	PART,
	OF,
	TIMES,
	TWICE,
	RACES,
	PAIR,
	STATE,
	CUTS
};

static const struct option all[] = {{"runtime", 1, NULL, RUNTIME}, {"root", 1, NULL, ROOT}, {"bundle", 1, NULL, BUNDLE},
	{"parent", 1, NULL, PARENT}, {"cold", 0, NULL, COLD}, {"setup", 1, NULL, SETUP}, {"verb", 1, NULL, VERB},
	{"fault", 1, NULL, FAULT}, {"list", 0, NULL, LIST}, {"verbose", 0, NULL, VERBOSE}, {"part", 1, NULL, PART},
	{"of", 1, NULL, OF}, {"times", 1, NULL, TIMES}, {"twice", 1, NULL, TWICE}, {"races", 1, NULL, RACES},
	{"pair", 1, NULL, PAIR}, {"state", 1, NULL, STATE}, {"cuts", 0, NULL, CUTS}, {0}};

static void of_faults(int c, unsigned n)
{
	if (c == VERB)
		faults.verb = optarg;
	else if (c == FAULT)
		faults.fault = optarg;
	else if (c == LIST)
		faults.list = true;
	else if (c == VERBOSE)
		faults.verbose = true;
	else if (c == PART)
		faults.part = n;
	else if (c == OF)
		faults.of = n;
	else if (c == TWICE)
		faults.twice = n;
	else if (c == TIMES)
		faults.times = n;
}

static void read_options(int argc, char **argv)
{
	const char *not_with_races = NULL, *not_with_cuts = NULL;
	int c, at;

	while ((c = getopt_long(argc, argv, "", all, &at)) != -1) {
		unsigned n = c >= PART && c <= STATE ? number(all[at].name, optarg) : 0;

		if (c == '?')
			exit(2);
		if (c == RUNTIME)
			ground.runtime = optarg;
		else if (c == ROOT)
			ground.root = optarg;
		else if (c == BUNDLE)
			ground.bundle = optarg;
		else if (c == PARENT)
			ground.parent = optarg;
		else if (c == COLD)
			ground.cold = true;
		else if (c == SETUP)
			ground.setup = optarg;
		else if (c == RACES)
			races.times = n;
		else if (c == PAIR)
			races.only = (int)n;
		else if (c == CUTS)
			cuts.on = true;
		else if (c == STATE)
			cuts.only = n;
		else {
			of_faults(c, n);
			not_with_races = all[at].name;
			if (c != PART && c != OF && c != VERBOSE)
				not_with_cuts = all[at].name;
		}
	}
	if (!ground.runtime || !ground.root || !ground.bundle || !ground.parent || !ground.setup || !faults.of)
		errx(2, "an option is missing");
	if (races.times && (not_with_races || cuts.on))
		errx(2, "--%s: not with --races", cuts.on ? "cuts" : not_with_races);
	if (cuts.on && not_with_cuts)
		errx(2, "--%s: not with --cuts", not_with_cuts);
	if (!races.times && races.only >= 0)
		errx(2, "--pair: only with --races");
	if (!cuts.on && cuts.only)
		errx(2, "--state: only with --cuts");
	cuts.part = faults.part;
	cuts.of = faults.of;
	cuts.verbose = faults.verbose;
}

int main(int argc, char **argv)
{
	bool held;

	read_options(argc, argv);
	ground_begin();
	atexit(ground_end);
	held = cuts.on ? try_cuts(&cuts) : races.times ? try_races(&races) : try_faults(&faults);
	return held ? 0 : 1;
}
