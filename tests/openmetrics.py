#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""openmetrics.py FILE: whether the file is OpenMetrics 1.0 and the text format 0.0.4 of Prometheus at the same time, as far
as the two have rules for what is used here: families one after another, each with its metadata in front, series once,
histograms that are cumulative and whole, the end marked. Prints what is wrong and exits with 1."""

import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(r"^(%s)(\{(.*)\})? (\S+)$" % NAME)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "gauge": ("",), None: ("",)}


def labels_of(text):
    found, at = {}, 0
    while at < len(text):
        m = LABEL.match(text, at)
        if not m or m[1] in found:
            raise ValueError("labels: " + text)
        found[m[1]] = m[2]
        at = m.end()
    return found


class Family:
    def __init__(self, name):
        self.name, self.type, self.help, self.unit, self.series = name, None, None, None, []

    def suffix(self, sample):
        for s in SUFFIXES[self.type]:
            if sample == self.name + s:
                return s
        return None


def read(lines):
    families, seen = [], set()
    if not lines or lines[-1] != "# EOF":
        raise ValueError("the last line is not # EOF")
    for line in lines[:-1]:
        meta = re.match(r"^# (HELP|TYPE|UNIT) (%s) (.*)$" % NAME, line)
        sample = SAMPLE.match(line)
        if meta:
            if not families or families[-1].name != meta[2]:
                if meta[2] in (f.name for f in families):
                    raise ValueError("a family in two places: " + meta[2])
                families.append(Family(meta[2]))
            f, what = families[-1], meta[1].lower()
            if getattr(f, what) is not None or f.series:
                raise ValueError("metadata twice, or behind its samples: " + line)
            if what == "type" and meta[3] not in ("histogram", "gauge"):
                raise ValueError("a type that the formats do not share: " + line)
            setattr(f, what, meta[3])
        elif sample:
            if not families or families[-1].suffix(sample[1]) is None:
                raise ValueError("a sample outside of its family: " + line)
            key = (sample[1], sample[2])
            if key in seen:
                raise ValueError("a series twice: " + line)
            seen.add(key)
            families[-1].series.append((sample[1], labels_of(sample[3] or ""), float(sample[4])))
        else:
            raise ValueError("no metadata and no sample: " + line)
    return families


def check_histogram(f):
    groups = {}
    for name, labels, value in f.series:
        own = {k: v for k, v in labels.items() if k != "le"}
        g = groups.setdefault(tuple(sorted(own.items())), {"buckets": []})
        if name.endswith("_bucket"):
            g["buckets"].append((float(labels["le"]), value))
        else:
            g[f.suffix(name)] = value
    for own, g in groups.items():
        bounds, counts = [b[0] for b in g["buckets"]], [b[1] for b in g["buckets"]]
        if not bounds or bounds[-1] != float("inf") or bounds != sorted(set(bounds)):
            raise ValueError("%s%s: bounds" % (f.name, own))
        if counts != sorted(counts) or counts[-1] != g["_count"] or g["_sum"] < 0:
            raise ValueError("%s%s: not cumulative, or not what count says" % (f.name, own))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    try:
        if not text.endswith("\n"):
            raise ValueError("no newline at the end")
        families = read(text[:-1].split("\n"))
        for f in families:
            if not f.help:
                raise ValueError("no help: " + f.name)
            if f.unit and not f.name.endswith("_" + f.unit):
                raise ValueError("a unit that is not the end of the name: " + f.name)
            if f.type is None and not f.name.endswith("_total"):
                raise ValueError("a counter without _total: " + f.name)
            if f.type == "histogram":
                check_histogram(f)
    except (ValueError, KeyError) as wrong:
        print(wrong)
        return 1
    return 0


sys.exit(main())
