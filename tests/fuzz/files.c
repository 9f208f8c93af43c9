/* SPDX-License-Identifier: Apache-2.0 */

/* In place of base/file.c's reading functions: the files are what the input says. */

#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "base/file.h"

static struct fuzz_input *input;

int __wrap_file_read_small(int dirfd, const char *path, char *buf, size_t n);
int __wrap_file_read_at(
	struct arena *a, int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err);
int __wrap_file_load_at(
	int dirfd, const char *path, size_t max, struct buffer *ret, size_t *ret_len, struct error *err);

void fuzz_files(struct fuzz_input *in)
{
	input = in;
}

static char *next_file(void)
{
	char *s = fuzz_string(input);

	if (*s != 1)
		return s;
	free(s);
	return NULL;
}

int __wrap_file_read_small(int dirfd, const char *path, char *buf, size_t n)
{
	char *s = next_file();
	size_t len;

	(void)dirfd;
	(void)path;
	if (!s)
		return -ENOENT;
	len = strnlen(s, n - 1);
	memcpy(buf, s, len);
	while (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	free(s);
	return (int)len;
}

int __wrap_file_read_at(
	struct arena *a, int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err)
{
	char *s = next_file();
	size_t len = s ? strlen(s) : 0;

	(void)dirfd;
	if (!s || len > max)
		return free(s), error_errno(err, s ? EFBIG : ENOENT, "open: %s", path);
	*ret = arena_strndup(a, s, len);
	if (ret_len)
		*ret_len = len;
	free(s);
	return *ret ? 0 : error_errno(err, ENOMEM, "open: %s", path);
}

int __wrap_file_load_at(int dirfd, const char *path, size_t max, struct buffer *ret, size_t *ret_len, struct error *err)
{
	size_t len = input->n;

	(void)dirfd;
	if (len > max || pool_get(len + 1, ret) < 0)
		return error_errno(err, EFBIG, "open: %s", path);
	if (len)
		memcpy(ret->data, input->p, len);
	ret->data[len] = '\0';
	*ret_len = len;
	*input = (struct fuzz_input){0};
	return 0;
}
