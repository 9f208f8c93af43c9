/* SPDX-License-Identifier: Apache-2.0 */

/* Reads a config.json, says what it is about, and writes it again with another hostname:
 *
 *	cc $(pkg-config --cflags libocispec-lite) example.c $(pkg-config --libs libocispec-lite) -o example
 *	./example config.json elsewhere */

#include <stdio.h>
#include <stdlib.h>

#include "libocispec-lite/findings.h"
#include "libocispec-lite/ocispec.h"

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = malloc(OCI_MAX_BYTES);

	*len = f && text ? fread(text, 1, OCI_MAX_BYTES, f) : 0;
	if (f)
		fclose(f);
	return text;
}

/* All that is wrong with it, with its place. */
static void show_findings(const char *path, const char *text, size_t len)
{
	struct arena arena = ARENA_INIT;
	struct oci_findings findings = {.arena = &arena};
	struct error err = {0};
	void *config;

	oci_table_check(&oci_config_type, text, len, &arena, &config, &findings, &err);
	oci_findings_sort(&findings);
	for (size_t i = 0; i < findings.len; i++)
		fprintf(stderr, "%s:%zu:%zu: %s: %s\n", path, findings.v[i].line, findings.v[i].column, findings.v[i].path,
			findings.v[i].reason);
	arena_done(&arena);
}

int main(int argc, char **argv)
{
	struct arena arena = ARENA_INIT;
	struct error err = {0};
	struct oci_config *config;
	char *text, *json;
	size_t len;

	if (argc < 2) {
		fprintf(stderr, "usage: %s config.json [hostname]\n", argv[0]);
		return 2;
	}
	text = read_file(argv[1], &len);
	if (oci_config_read(text, len, &arena, &config, NULL, &err) < 0) {
		show_findings(argv[1], text, len);
		free(text);
		return 1;
	}
	fprintf(stderr, "version %s, root %s, %zu mounts\n", config->oci_version, config->root ? config->root->path : "none",
		config->mounts_len);
	if (argc > 2)
		config->hostname = argv[2];
	if (oci_config_write_indented(config, "\t", &arena, &json, NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		arena_done(&arena);
		free(text);
		return 1;
	}
	puts(json);
	arena_done(&arena); /* the config, and all it leads to */
	free(text);
	return 0;
}
