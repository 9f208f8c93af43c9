/* SPDX-License-Identifier: Apache-2.0 */
#include "perf/trace_format.h"

static const struct oci_field args_fields[] = {
	OCI_STRING(struct trace_args, "name", name, 0),
	OCI_OPTIONAL(struct trace_args, "step", step),
};
static const struct oci_type args_type = OCI_TYPE(struct trace_args, args_fields);

static const struct oci_field event_fields[] = {
	OCI_STRING(struct trace_event, "name", name, 0),
	OCI_STRING(struct trace_event, "cat", cat, 0),
	OCI_STRING(struct trace_event, "ph", ph, OCI_REQUIRED),
	OCI_OPTIONAL(struct trace_event, "ts", ts),
	OCI_OPTIONAL(struct trace_event, "dur", dur),
	OCI_OPTIONAL(struct trace_event, "pid", pid),
	OCI_OPTIONAL(struct trace_event, "tid", tid),
	OCI_OBJECT(struct trace_event, "args", args, struct trace_args, args_type, 0),
};
static const struct oci_type event_type = OCI_TYPE(struct trace_event, event_fields);

static const struct oci_field file_fields[] = {
	OCI_OBJECTS(struct trace_file, "traceEvents", events, struct trace_event, event_type, OCI_REQUIRED),
	OCI_STRING(struct trace_file, "displayTimeUnit", unit, 0),
	OCI_MAP(struct trace_file, "otherData", other, 0),
};
const struct oci_type trace_file_type = OCI_TYPE(struct trace_file, file_fields);
