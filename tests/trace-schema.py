#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""trace-schema.py FILE...: whether each is a trace as the description of the trace-event format wants it, and whole: events
have the members of their kind, spans of a thread lie within or behind each other, and every process and thread is named.
Prints what is wrong, and ends with 1 then."""

import json
import sys

PHASES = set("BEXiIsnbefstfPNODMVvRcC()")
MEMBERS = {"name", "cat", "ph", "ts", "dur", "tts", "tdur", "pid", "tid", "args", "id", "bp", "s", "cname", "scope",
           "sf", "esf", "stack", "estack"}
TOP = {"traceEvents", "displayTimeUnit", "otherData", "systemTraceEvents", "powerTraceAsString", "stackFrames", "samples",
       "controllerTraceDataKey", "metadata"}
METADATA = {"process_name": "name", "process_labels": "labels", "process_sort_index": "sort_index", "thread_name": "name",
            "thread_sort_index": "sort_index"}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def wrong_in_event(e):
    if not isinstance(e, dict):
        return "no object"
    if e.get("ph") not in PHASES:
        return f"ph is {e.get('ph')!r}"
    if set(e) - MEMBERS:
        return f"unknown members {sorted(set(e) - MEMBERS)}"
    for key in ("name", "cat"):
        if key in e and not isinstance(e[key], str):
            return f"{key} is no string"
    for key in ("pid", "tid"):
        if not isinstance(e.get(key), int) or isinstance(e[key], bool) or e[key] < 0:
            return f"{key} is no whole number"
    if not isinstance(e.get("args", {}), dict):
        return "args is no object"
    if e["ph"] == "M":
        member = METADATA.get(e.get("name"))
        if not member or not isinstance(e.get("args", {}).get(member), str if member != "sort_index" else int):
            return "metadata that names nothing"
        return None
    if not e.get("name") or not e.get("cat"):
        return "no name or no category"
    if not is_number(e.get("ts")) or e["ts"] < 0:
        return "ts is no time"
    if e["ph"] == "X" and (not is_number(e.get("dur")) or e["dur"] < 0):
        return "dur is no length of time"
    return None


def ns(value):
    return round(value * 1000)


def wrong_nesting(events):
    threads, found = {}, []
    for e in events:
        if e["ph"] == "X":
            threads.setdefault((e["pid"], e["tid"]), []).append((ns(e["ts"]), ns(e["ts"]) + ns(e["dur"]), e["name"]))
    for spans in threads.values():
        open_spans = []
        for begin, end, name in sorted(spans, key=lambda s: (s[0], -s[1])):
            while open_spans and open_spans[-1][0] <= begin:
                open_spans.pop()
            if open_spans and open_spans[-1][0] < end:
                found.append(f"{name} begins within {open_spans[-1][1]}, and ends behind it")
            open_spans.append((end, name))
    return found


def wrong_names(events):
    named = {(e["name"], e["pid"], e["tid"] if e["name"] == "thread_name" else 0) for e in events if e["ph"] == "M"}
    found = set()
    for e in events:
        if e["ph"] == "M":
            continue
        if ("process_name", e["pid"], 0) not in named:
            found.add(f"process {e['pid']} has no name")
        if ("thread_name", e["pid"], e["tid"]) not in named:
            found.add(f"thread {e['tid']} has no name")
    return sorted(found)


def wrong_in(trace):
    if not isinstance(trace, dict) or not isinstance(trace.get("traceEvents"), list):
        return ["no object with an array traceEvents"]
    found = [f"unknown member {key}" for key in set(trace) - TOP]
    if trace.get("displayTimeUnit", "ms") not in ("ms", "ns"):
        found.append("displayTimeUnit is neither ms nor ns")
    events = trace["traceEvents"]
    found += [f"traceEvents[{i}]: {why}" for i, e in enumerate(events) if (why := wrong_in_event(e))]
    if found:
        return found
    if not any(e["ph"] != "M" for e in events):
        return ["nothing happens in it"]
    return wrong_nesting(events) + wrong_names(events)


def main():
    bad = False
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as f:
                found = wrong_in(json.load(f))
        except ValueError as e:
            found = [str(e)]
        for line in found:
            print(f"{path}: {line}")
        bad = bad or bool(found)
    sys.exit(1 if bad or len(sys.argv) < 2 else 0)


main()
