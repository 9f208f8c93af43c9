/* SPDX-License-Identifier: Apache-2.0 */
#include "dbus/dbus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* A value is read twice: first for its type, which for an array or a tuple is only known at its end, then for its
 * bytes. */

enum { MAX_DEPTH = 8, MAX_STRING = 4096 };

struct parser {
	const char *text, *at;
	struct dbus_buf *b; /* NULL: only the type is wanted */
	unsigned depth;
	struct error *err;
};

static int value(struct parser *p, char *type);

static int refuse(const struct parser *p, const char *why)
{
	return error_set(p->err, EINVAL, "%s at offset %zu", why, (size_t)(p->at - p->text));
}

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t\n");
}

static bool skip(struct parser *p, char ch)
{
	skip_blanks(p);
	if (*p->at != ch)
		return false;
	p->at++;
	return true;
}

/* The length of the first complete type of a signature; 0 when there is none. */
static size_t type_length(const char *s)
{
	size_t n = 1, m;

	if (*s == 'a') {
		m = type_length(s + 1);
		return m ? m + 1 : 0;
	}
	if (*s != '(')
		return *s && strchr("ybnqiuxtdsogv", *s) ? 1 : 0;
	while (s[n] != ')') {
		m = type_length(s + n);
		if (!m)
			return 0;
		n += m;
	}
	return n > 1 ? n + 1 : 0;
}

static size_t alignment(char type)
{
	if (strchr("ygv", type))
		return 1;
	if (strchr("nq", type))
		return 2;
	return strchr("xtd(", type) ? 8 : 4;
}

/* Takes `found` for the type, or holds it against the one that is known. */
static int settle(const struct parser *p, char *type, const char *found)
{
	if (!*type)
		str_copy(type, DBUS_SIGNATURE_MAX, found);
	return str_eq(type, found) ? 0 : refuse(p, "value of another type");
}

/* "uint64 5", "@as []" */
static int typed(struct parser *p, char *type, const char *found, size_t skipped)
{
	int r = settle(p, type, found);

	p->at += skipped;
	return r < 0 ? r : value(p, type);
}

static int annotated(struct parser *p, char *type)
{
	size_t n = strcspn(p->at + 1, " \t\n");
	char found[DBUS_SIGNATURE_MAX];

	if (n >= sizeof(found))
		return refuse(p, "type too long");
	memcpy(found, p->at + 1, n);
	found[n] = '\0';
	if (!n || type_length(found) != n)
		return refuse(p, "type not supported");
	return typed(p, type, found, n + 1);
}

static int word(struct parser *p, char *type)
{
	static const struct {
		const char *word, *type;
	} words[] = {{"boolean", "b"}, {"byte", "y"}, {"int16", "n"}, {"uint16", "q"}, {"int32", "i"}, {"uint32", "u"},
		{"int64", "x"}, {"uint64", "t"}, {"double", "d"}, {"string", "s"}, {"objectpath", "o"},
		{"signature", "g"}};
	size_t n = strspn(p->at, "abcdefghijklmnopqrstuvwxyz0123456789");
	bool yes = n == 4 && strncmp(p->at, "true", 4) == 0;
	int r;

	if (yes || (n == 5 && strncmp(p->at, "false", 5) == 0)) {
		r = settle(p, type, "b");
		if (r == 0 && p->b)
			dbus_u32(p->b, yes);
		p->at += n;
		return r;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (n == strlen(words[i].word) && strncmp(p->at, words[i].word, n) == 0)
			return typed(p, type, words[i].type, n);
	return refuse(p, "unknown word");
}

static int put_signed(struct parser *p, char type, int64_t v)
{
	if ((type == 'n' && (int16_t)v != v) || (type == 'i' && (int32_t)v != v))
		return refuse(p, "number out of range");
	if (p->b && type == 'n')
		dbus_u16(p->b, (uint16_t)v);
	else if (p->b && type == 'i')
		dbus_u32(p->b, (uint32_t)v);
	else if (p->b)
		dbus_u64(p->b, (uint64_t)v);
	return 0;
}

static int put_unsigned(struct parser *p, char type, uint64_t v)
{
	if ((type == 'y' && (uint8_t)v != v) || (type == 'q' && (uint16_t)v != v) || (type == 'u' && (uint32_t)v != v))
		return refuse(p, "number out of range");
	if (p->b && type == 'y')
		dbus_byte(p->b, (uint8_t)v);
	else if (p->b && type == 'q')
		dbus_u16(p->b, (uint16_t)v);
	else if (p->b && type == 'u')
		dbus_u32(p->b, (uint32_t)v);
	else if (p->b)
		dbus_u64(p->b, v);
	return 0;
}

static int number(struct parser *p, char *type)
{
	size_t n = strspn(p->at, "+-.0123456789abcdefABCDEFxX");
	char copy[64], *end;
	int r = 0;

	if (n >= sizeof(copy))
		return refuse(p, "number too long");
	memcpy(copy, p->at, n);
	copy[n] = '\0';
	if (!*type)
		str_copy(type, DBUS_SIGNATURE_MAX, strchr(copy, '.') ? "d" : "i");
	if (type[1] || !strchr("ynqiuxtd", *type))
		return refuse(p, "value of another type");
	errno = 0;
	if (*type == 'd') {
		double v = strtod(copy, &end);
		uint64_t bits;

		memcpy(&bits, &v, sizeof(bits));
		if (p->b)
			dbus_u64(p->b, bits);
	} else if (strchr("nix", *type)) {
		r = put_signed(p, *type, strtoll(copy, &end, 0));
	} else {
		uint64_t v = strtoull(copy, &end, 0);

		if (*copy == '-')
			errno = ERANGE;
		r = put_unsigned(p, *type, v);
	}
	if (r < 0)
		return r;
	if (errno == ERANGE)
		return refuse(p, "number out of range");
	if (end == copy || *end)
		return refuse(p, "not a number");
	p->at += n;
	return 0;
}

static int text_value(struct parser *p, char *type)
{
	static const char escaped[] = "\\'\"ntr", meaning[] = "\\'\"\n\t\r";
	char s[MAX_STRING], quote = *p->at++;
	size_t n = 0;

	for (; *p->at && *p->at != quote; p->at++) {
		const char *e;

		if (n + 1 == sizeof(s))
			return refuse(p, "string too long");
		if (*p->at != '\\') {
			s[n++] = *p->at;
			continue;
		}
		p->at++;
		e = *p->at ? strchr(escaped, *p->at) : NULL;
		if (!e)
			return refuse(p, "escape not supported");
		s[n++] = meaning[e - escaped];
	}
	s[n] = '\0';
	if (!*p->at)
		return refuse(p, "string without an end");
	p->at++;
	if (!*type)
		str_copy(type, DBUS_SIGNATURE_MAX, "s");
	if (type[1] || !strchr("sog", *type) || (*type == 'o' && *s != '/') || (*type == 'g' && n > UINT8_MAX))
		return refuse(p, "value of another type");
	if (p->b && *type == 'g')
		dbus_signature(p->b, s);
	else if (p->b)
		dbus_string(p->b, s);
	return 0;
}

static int array(struct parser *p, char *type)
{
	char element[DBUS_SIGNATURE_MAX] = "";
	struct dbus_array at = {0};
	int r = 0;

	if (*type && *type != 'a')
		return refuse(p, "value of another type");
	if (*type)
		str_copy(element, sizeof(element), type + 1);
	p->at++;
	if (p->b)
		at = dbus_array_begin(p->b, alignment(*element));
	for (bool first = true; !skip(p, ']'); first = false) {
		if (!first && !skip(p, ','))
			return refuse(p, "comma expected");
		r = value(p, element);
		if (r < 0)
			return r;
	}
	if (p->b)
		dbus_array_end(p->b, at);
	if (!*element)
		return refuse(p, "empty array without a type");
	if (!*type && fmt(type, DBUS_SIGNATURE_MAX, "a%s", element) != strlen(element) + 1)
		return refuse(p, "type too long");
	return 0;
}

static int tuple(struct parser *p, char *type)
{
	bool known = *type;
	char found[DBUS_SIGNATURE_MAX] = "(", part[DBUS_SIGNATURE_MAX];
	const char *left = type + 1;
	size_t n = 1;
	int r;

	if (known && *type != '(')
		return refuse(p, "value of another type");
	p->at++;
	if (p->b)
		dbus_align(p->b, 8);
	while (!skip(p, ')')) {
		size_t m = known ? type_length(left) : 0;

		if (known && !m)
			return refuse(p, "more values than the type has");
		fmt(part, sizeof(part), "%.*s", (int)m, left);
		r = value(p, part);
		if (r < 0)
			return r;
		left += m;
		n += fmt(found + n, sizeof(found) - n, "%s", part);
		if (!skip(p, ',') && *p->at != ')')
			return refuse(p, "comma expected");
	}
	if (n == 1 || n + 2 > sizeof(found))
		return refuse(p, n == 1 ? "empty tuple" : "type too long");
	str_copy(found + n, sizeof(found) - n, ")");
	return settle(p, type, found);
}

static int variant(struct parser *p, char *type)
{
	char inner[DBUS_SIGNATURE_MAX] = "";
	struct parser ahead = *p;
	int r = settle(p, type, "v");

	p->at++;
	ahead.at++;
	ahead.b = NULL;
	if (r == 0)
		r = value(&ahead, inner);
	if (r == 0 && p->b)
		dbus_signature(p->b, inner);
	if (r == 0)
		r = value(p, inner);
	if (r == 0 && !skip(p, '>'))
		r = refuse(p, "'>' expected");
	return r;
}

/* type: the one it must have, or "", and then what it turns out to be. */
static int value(struct parser *p, char *type)
{
	int r;

	skip_blanks(p);
	if (++p->depth > MAX_DEPTH)
		return refuse(p, "nested too deep");
	if (*p->at == '@')
		r = annotated(p, type);
	else if (*p->at == '\'' || *p->at == '"')
		r = text_value(p, type);
	else if (*p->at == '[')
		r = array(p, type);
	else if (*p->at == '(')
		r = tuple(p, type);
	else if (*p->at == '<')
		r = variant(p, type);
	else if (*p->at >= 'a' && *p->at <= 'z')
		r = word(p, type);
	else if (*p->at && strchr("+-.0123456789", *p->at))
		r = number(p, type);
	else
		r = refuse(p, *p->at ? "not supported" : "value missing");
	p->depth--;
	return r;
}

int dbus_value_from_text(struct dbus_buf *b, const char *text, char ret_type[DBUS_SIGNATURE_MAX], struct error *err)
{
	struct parser p = {.text = text, .at = text, .err = err};
	int r;

	*ret_type = '\0';
	r = value(&p, ret_type);
	skip_blanks(&p);
	if (r == 0 && *p.at)
		r = refuse(&p, "more than one value");
	if (r < 0)
		return r;
	p.at = text;
	p.b = b;
	dbus_signature(b, ret_type);
	r = value(&p, ret_type);
	return r == 0 && b->failed ? error_errno(err, ENOMEM, "value") : r;
}
