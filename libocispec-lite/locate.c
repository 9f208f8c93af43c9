/* SPDX-License-Identifier: Apache-2.0 */
#include "libocispec-lite/findings.h"

#include <string.h>

#include "libocispec-lite/path.h"

/* A walk over text that the parser has found to be JSON, from value to value. */
struct walk {
	const char *text;
	size_t len, at, depth;
	struct path path; /* of the value that comes */
	struct {
		bool array;
		size_t index;    /* arrays: of the value that comes */
		size_t path_len; /* of the array or object itself */
	} in[OCI_MAX_DEPTH];
};

static void skip_string(struct walk *w)
{
	for (w->at++; w->at < w->len && w->text[w->at] != '"'; w->at++)
		w->at += w->text[w->at] == '\\';
	w->at++;
}

static void cut_path(struct walk *w, size_t len)
{
	w->path.len = len;
	w->path.text[len] = '\0';
}

/* A key, and the colon behind it. */
static void take_key(struct walk *w)
{
	size_t from = w->at + 1, n;
	char key[128];

	skip_string(w);
	n = w->at - 1 - from < sizeof(key) - 1 ? w->at - 1 - from : sizeof(key) - 1;
	memcpy(key, w->text + from, n);
	key[n] = '\0';
	cut_path(w, w->in[w->depth - 1].path_len);
	path_member(&w->path, key);
	for (; w->at < w->len && w->text[w->at] != ':'; w->at++)
		;
	w->at++;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
}

static bool is_end(char c)
{
	return is_blank(c) || c == ']' || c == '}';
}

/* To the next value; false at the end. */
static bool next_value(struct walk *w)
{
	for (; w->at < w->len; w->at++) {
		char c = w->text[w->at];

		if (c == '}' || c == ']')
			w->depth -= w->depth > 0;
		else if (!is_blank(c))
			break;
	}
	if (w->at >= w->len)
		return false;
	if (!w->depth)
		return true;
	if (!w->in[w->depth - 1].array) {
		take_key(w);
		for (; w->at < w->len && is_blank(w->text[w->at]); w->at++)
			;
		return w->at < w->len;
	}
	cut_path(w, w->in[w->depth - 1].path_len);
	path_index(&w->path, w->in[w->depth - 1].index++);
	return true;
}

/* Into an array or an object, past anything else. False: deeper than what is read. */
static bool pass_value(struct walk *w)
{
	char c = w->text[w->at];

	if (c == '{' || c == '[') {
		if (w->depth == OCI_MAX_DEPTH)
			return false;
		w->in[w->depth].array = c == '[';
		w->in[w->depth].index = 0;
		w->in[w->depth++].path_len = w->path.len;
		w->at++;
	} else if (c == '"') {
		skip_string(w);
	} else {
		for (; w->at < w->len && !is_end(w->text[w->at]); w->at++)
			;
	}
	return true;
}

static bool is_around(const struct path *p, const char *path)
{
	return strncmp(p->text, path, p->len) == 0 && (!p->len || !path[p->len] || path[p->len] == '.' || path[p->len] == '[');
}

void oci_findings_locate(struct oci_findings *fs, size_t first, const char *text, size_t len)
{
	struct walk w = {.text = text, .len = len};
	size_t line = 1, column = 1, counted = 0;
	bool more = next_value(&w);

	for (; more; more = pass_value(&w) && next_value(&w)) {
		for (; counted < w.at; counted++) {
			column++;
			if (text[counted] == '\n') {
				line++;
				column = 1;
			}
		}
		for (size_t i = first; i < fs->len; i++) {
			if (!is_around(&w.path, fs->v[i].path))
				continue;
			fs->v[i].line = line;
			fs->v[i].column = column;
		}
	}
}
