/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/finding.h"

#include "cli/json.h"

static const char *severity(const struct oci_finding *f)
{
	return f->severity == OCI_ERROR ? "error" : "warning";
}

void finding_add_line(struct text *t, const char *file, const struct oci_finding *f)
{
	text_add(t, file);
	if (f->line)
		text_fmt(t, ":%zu:%zu", f->line, f->column);
	text_fmt(t, ": %s: %s%s", severity(f), f->path, *f->path ? ": " : "");
	text_add(t, f->reason);
	if (f->hint)
		text_fmt(t, "; did you mean \"%s\"?", f->hint);
	text_add(t, "\n");
}

void finding_add_json(struct text *t, const struct oci_finding *f)
{
	json_open(t, NULL, '{');
	json_string(t, "severity", severity(f));
	json_u64_nonzero(t, "line", f->line);
	json_u64_nonzero(t, "column", f->column);
	json_string(t, "path", f->path);
	json_string(t, "reason", f->reason);
	if (f->hint)
		json_string(t, "hint", f->hint);
	json_close(t, '}');
}
