/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVIRO_CLI_EVENTS_JSON_H
#define ENVIRO_CLI_EVENTS_JSON_H

#include "cli/text.h"
#include "container/events.h"

/* Appends an event as one line of JSON, with runc's names: {"type":"oom","id":ID}, {"type":"stats","id":ID,"data":{…}}.
 */
void event_json(struct text *t, const struct event *e);

#endif
