# SPDX-License-Identifier: Apache-2.0
# One part of bench/table; in: all results; $part: its name; $targets[0]: bench/targets.json.

def short: if . == null then "" elif . < 10 then . * 100 | round / 100 elif . < 1000 then . * 10 | round / 10
	else round end | tostring;
def distinct: reduce .[] as $p ([]; if index($p) then . else . + [$p] end);
def number: if . == null then null else (.median_ms // .all_ms // .kib // .bytes // .ns) end;

(map(select(.name == "machine")) | last) as $machine
| def title: . as $n | ($machine.versions[$n] // "") as $v
	| if $n == "crun-new" then "crun \($v)" elif $v != "" and $n != "enviro-oci" then "\($n) \($v)" else $n end;
def find($name; $measure; $program): map(select(.name == $name and .measure == $measure and .program == $program));
# The median of all that were taken, of a field or of the time
def value($field): map(if $field then .[$field] else number end) | map(select(. != null)) | sort
	| if length == 0 then null else .[(length - 1) / 2 | floor] end;
def best($field): map(if $field then .[$field] else (.best_ms // number) end) | map(select(. != null)) | min;

. as $all
| def judged($t):
	($t.of // "enviro-oci") as $of
	| ($all | find($t.name; $t.measure; $of)) as $own
	| ($own | value($t.field)) as $a
	| (if $t.to then ($all | find($t.name; $t.to; $of)) elif $t.to_field then $own
		elif $t.against then ($all | find($t.name; $t.measure; $t.against)) else [] end) as $other
	| ($other | value($t.to_field // $t.field)) as $b
	| if $a == null or ($t.value_at_most == null and $b == null) then {text: "not measured", best: ""}
	  elif $t.value_at_most then
		{text: ($a | short), best: "", ok: ($a <= $t.value_at_most), by: ($a / $t.value_at_most)}
	  elif $t.at_most then
		{text: "\($a / $b | short) ×", ok: ($a / $b <= $t.at_most), by: ($a / $b / $t.at_most),
		 best: "\(($own | best($t.field)) / ($other | best($t.to_field // $t.field)) | short) ×"}
	  else
		{text: "\($b / $a | short) × faster", ok: ($b / $a >= $t.faster), by: ($t.faster / ($b / $a)),
		 best: "\(($other | best($t.to_field // $t.field)) / ($own | best($t.field)) | short) ×"}
	  end;

def wanted: if .value_at_most then "at most \(.value_at_most)"
	elif .at_most then "at most \(.at_most) ×\(if .to or .to_field then "" else " \(.against | title)" end)"
	elif .faster == 1 then "faster than \(.against | title)"
	else "\(.faster) × faster than \(.against | title)" end;

def targets_table:
	"| what | to reach | reached | best of all rounds | |\n|---|---|---:|---:|---|",
	($targets[0][] | judged(.) as $j | "| \(.row) | \(wanted) | \($j.text) | \($j.best) | \(
		if $j.ok == null then "" elif $j.ok then "met" else "missed by \($j.by * 100 - 100 | short) %" end) |");

def machine_table: $machine | "\(.cpus) CPUs (\(.model), \(.arch)), Linux \(.kernel); \(
	[.versions | to_entries[] | "\(.key | title | if . == "enviro-oci" then "enviro-oci \($machine.versions["enviro-oci"])" else . end)"]
	| join(", ")). Load when it began: \(.load). \(.date).";

def column($program): map(select(.program == $program)) | last;
def cell: if . == null then "" elif .median_ms then "\(.median_ms | short) (\(.best_ms | short))" else (number | short) end;

def times($rows):
	($rows | map(.program) | distinct) as $programs
	| ($rows | map(.measure) | distinct) as $measures
	| "| ms | \($programs | map(title) | join(" | ")) |", "|---|\($programs | map("---:|") | join(""))",
	  ($measures[] as $m | ($rows | map(select(.measure == $m))) as $r
		| "| \($m) | \([$programs[] as $p | $r | column($p) | cell] | join(" | ")) |",
		  (if ($measures | length) <= 3 then
			"| \($m), p99 | \([$programs[] as $p | $r | column($p) | .p99_ms // null | short] | join(" | ")) |",
			"| \($m), CPU time | \([$programs[] as $p | $r | column($p) | .cpu_ms // null | short] | join(" | ")) |",
			"| \($m), peak memory, KiB | \([$programs[] as $p | $r | column($p) | .max_rss_kb // null
				| if . == 0 then null else . end | short] | join(" | ")) |"
		   else empty end));

def crowds($rows):
	"| | containers a second | create and start, first tenth, ms | last tenth, ms |\n|---|---:|---:|---:|",
	($rows | map(.program) | distinct)[] as $p
		| ($rows | map(select(.program == $p))) as $r
		| "| \($p | title) | \($r | value("lives_per_s") | short) | \($r | value("first_ms") | short) | \(
			$r | value("last_ms") | short) |";

def values($rows; $field; $unit):
	"| | \($unit) |\n|---|---:|", ($rows[] | "| \(.program | title) | \(.[$field]) |");

def pools($rows):
	($rows | map(.program) | distinct) as $programs
	| ($rows | map(.measure) | distinct) as $measures
	| "| ns | \($programs | join(" | ")) |", "|---|\($programs | map("---:|") | join(""))",
	  ($measures[] as $m | "| \($m) | \([$programs[] as $p
		| $rows | map(select(.measure == $m and .program == $p)) | last | .ns? // null | short] | join(" | ")) |");

if $part == "machine" then machine_table
elif $part == "targets" then targets_table
else map(select(.name == $part)) as $rows
	| if ($rows | length) == 0 then "Not measured."
	  elif $rows[0].containers then crowds($rows)
	  elif $rows[0].kib then values($rows; "kib"; "KiB")
	  elif $rows[0].bytes then values($rows; "bytes"; "bytes")
	  elif $rows[0].ns then pools($rows)
	  else times($rows) end
end
