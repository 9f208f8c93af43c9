/* SPDX-License-Identifier: Apache-2.0 */

/* The file of metrics, as a runtime left it and with parts of it changed: what is read adds up, and a new one takes the
 * place of one that is of no use. Input: byte 0: the file's length in place of the right one; then changes: a place (three
 * bytes), and a number (eight). */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "perf/metrics.h"
#include "tests/fuzz/fuzz.h"

static char dir[] = "/tmp/enviro-fuzz-metrics.XXXXXX";
static int root = -1;

static void leave(void)
{
	(void)unlinkat(root, METRICS_FILE, 0);
	(void)rmdir(dir);
}

static void set_up(void)
{
	FUZZ_MUST(mkdtemp(dir));
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FUZZ_MUST(root >= 0);
	atexit(leave);
}

static void damage(struct fuzz_input *in)
{
	int fd = openat(root, METRICS_FILE, O_RDWR | O_CLOEXEC);
	unsigned length = fuzz_byte(in);

	FUZZ_MUST(fd >= 0);
	while (in->n) {
		size_t at = fuzz_byte(in);
		uint64_t v = 0;

		at = (at << 16 | (size_t)fuzz_byte(in) << 8 | fuzz_byte(in)) % (sizeof(struct metrics_file) - sizeof(v));
		for (unsigned i = 0; i < sizeof(v); i++)
			v = v << 8 | fuzz_byte(in);
		FUZZ_MUST(pwrite(fd, &v, sizeof(v), (off_t)at) == sizeof(v));
	}
	if (length)
		FUZZ_MUST(ftruncate(fd, (off_t)(sizeof(struct metrics_file) * length / 128)) == 0);
	close(fd);
}

static void look(void)
{
	static struct metrics m;
	struct error err = {0};
	int r = metrics_read(root, &m, &err);

	FUZZ_MUST(r == 0 || r == -ENOENT);
	for (unsigned i = 0; i < METRICS_HISTOGRAMS; i++)
		for (unsigned permille = 0; permille <= 1000; permille += 250)
			(void)histogram_quantile(&m.histograms[i], permille);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct metrics_file *f;

	if (root < 0)
		set_up();
	f = metrics_map(root);
	FUZZ_MUST(f && f->size == sizeof(*f));
	metrics_unmap(f);
	damage(&in);
	look();
	metrics_save(root, -EINVAL, false);
	f = metrics_map(root);
	FUZZ_MUST(f && f->size == sizeof(*f));
	metrics_unmap(f);
	return 0;
}
