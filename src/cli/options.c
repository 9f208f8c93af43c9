/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <errno.h>

#include "base/str.h"
#include "libocispec-lite/findings.h"

static const struct option everywhere[] = {
	OPTION(struct option_words, trace, "trace", 0, "file to write a trace to: what took how long"),
	OPTION(struct option_words, help, "help", 'h', "show help"),
};
const struct option_table options_everywhere = OPTION_TABLE(everywhere);

struct parser {
	const struct option_table *t;
	char *const *argv;
	size_t argc, at;
	void *values;
	struct option_words *words;
	struct arena *a;
};

/* One option as it was written: its name without dashes, and what stood behind "=". */
struct word {
	const char *name;
	size_t name_len;
	char *value; /* NULL without "=" */
};

static bool is_option(const char *s)
{
	return s[0] == '-' && s[1];
}

static bool is_named(const struct option *o, const struct word *w)
{
	if (w->name_len == 1 && o->alias == w->name[0])
		return true;
	return str_len(o->name) == w->name_len && str_starts(w->name, o->name);
}

static const struct option *find(const struct option_table *t, const struct word *w)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_named(&t->o[i], w))
			return &t->o[i];
	return NULL;
}

static int unknown(struct parser *p, const struct word *w, struct error *err)
{
	const struct option_table *const tables[] = {p->t, &options_everywhere};
	struct oci_nearest near = OCI_NEAREST(arena_strndup(p->a, w->name, w->name_len));

	if (!near.word)
		return error_errno(err, ENOMEM, "read command line");
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < tables[k]->n; i++)
			oci_nearest_try(&near, tables[k]->o[i].name);
	return error_set(err, EINVAL, "flag provided but not defined: -%s%s%s%s", near.word, near.best ? "; did you mean -" : "",
		near.best ? near.best : "", near.best ? "?" : "");
}

static int split(char *arg, struct word *ret, struct error *err)
{
	char *name = arg + (arg[1] == '-' ? 2 : 1), *equals;

	if (name[0] == '-' || name[0] == '=')
		return error_set(err, EINVAL, "bad flag syntax: %s", arg);
	equals = str_chr(name, '=');
	ret->name = name;
	ret->name_len = equals ? (size_t)(equals - name) : str_len(name);
	ret->value = equals ? equals + 1 : NULL;
	return 0;
}

static int set_bool(bool *ret, const struct word *w, struct error *err)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

	if (!w->value) {
		*ret = true;
		return 0;
	}
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (str_eq(w->value, yes[i]) || str_eq(w->value, no[i])) {
			*ret = str_eq(w->value, yes[i]);
			return 0;
		}
	}
	return error_set(err, EINVAL, "invalid boolean value \"%s\" for -%.*s: parse error", w->value, (int)w->name_len,
		w->name);
}

static int set_u32(uint32_t *ret, const struct word *w, struct error *err)
{
	uint64_t v;

	if (!str_to_u64(w->value, &v))
		return error_set(err, EINVAL, "invalid value \"%s\" for flag -%.*s: not a whole number of 0 or more",
			w->value, (int)w->name_len, w->name);
	if (v > UINT32_MAX)
		return error_set(err, EINVAL, "invalid value \"%s\" for flag -%.*s: value out of range", w->value,
			(int)w->name_len, w->name);
	*ret = (uint32_t)v;
	return 0;
}

/* No option can be given more often than there are words left: the room is made once. */
static int add_string(struct parser *p, struct option_strings *l, char *value, struct error *err)
{
	if (!l->v)
		l->v = arena_array(p->a, p->argc, sizeof(*l->v));
	if (!l->v)
		return error_errno(err, ENOMEM, "read command line");
	l->v[l->len++] = value;
	return 0;
}

static int add_u32(struct parser *p, struct option_u32s *l, const struct word *w, struct error *err)
{
	if (!l->v)
		l->v = arena_array(p->a, p->argc, sizeof(*l->v));
	if (!l->v)
		return error_errno(err, ENOMEM, "read command line");
	return set_u32(&l->v[l->len++], w, err);
}

static int set(struct parser *p, const struct option *o, void *values, const struct word *w, struct error *err)
{
	void *member = (char *)values + o->offset;

	switch ((enum option_kind)o->kind) {
	case OPTION_KIND_BOOL:
		if (o->given)
			*(bool *)((char *)values + o->given) = true;
		return set_bool(member, w, err);
	case OPTION_KIND_STRING:
		if (o->nonempty && !w->value[0])
			return error_set(err, EINVAL, "invalid value \"\" for flag -%s: must not be empty", o->name);
		*(const char **)member = w->value[0] ? w->value : NULL;
		return 0;
	case OPTION_KIND_U32:
		return set_u32(member, w, err);
	case OPTION_KIND_STRINGS:
		return add_string(p, member, w->value, err);
	case OPTION_KIND_U32S:
		return add_u32(p, member, w, err);
	}
	return -EINVAL;
}

/* p->at is behind the option's own word and moves on past its value. */
static int read_option(struct parser *p, char *arg, struct error *err)
{
	const struct option *o;
	struct word w = {0};
	void *values = p->values;
	int r = split(arg, &w, err);

	if (r < 0)
		return r;
	o = find(p->t, &w);
	if (!o) {
		o = find(&options_everywhere, &w);
		values = p->words;
	}
	if (!o)
		return unknown(p, &w, err);
	if (!w.value && o->kind != OPTION_KIND_BOOL) {
		if (p->at == p->argc)
			return error_set(err, EINVAL, "flag needs an argument: -%.*s", (int)w.name_len, w.name);
		w.value = p->argv[p->at++];
	}
	return set(p, o, values, &w, err);
}

int options_parse(const struct option_table *t, char *const *argv, size_t argc, bool in_order, void *values,
	struct arena *a, struct option_words *ret, struct error *err)
{
	struct parser p = {.t = t, .argv = argv, .argc = argc, .values = values, .words = ret, .a = a};
	bool options = true;
	int r;

	*ret = (struct option_words){.args = arena_array(a, argc + 1, sizeof(*ret->args))};
	if (!ret->args)
		return error_errno(err, ENOMEM, "read command line");
	while (p.at < argc) {
		char *arg = argv[p.at++];

		if (options && str_eq(arg, "--")) {
			options = false;
		} else if (options && is_option(arg)) {
			r = read_option(&p, arg, err);
			if (r < 0)
				return r;
		} else {
			ret->args[ret->args_len++] = arg;
			options = options && !in_order;
		}
	}
	return 0;
}
