# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Counting of TAP results. Sourced after common.sh; $logs is the directory of the logs.

sum_passed=0
sum_failed=0
sum_skipped=0

tap_add() { # tap_add PASSED FAILED SKIPPED: to the sum
	sum_passed=$((sum_passed + $1))
	sum_failed=$((sum_failed + $2))
	sum_skipped=$((sum_skipped + $3))
}

# report NAME START TEXT: one line of the report, with the time since START (ms).
report() {
	local ms=$(($(elapsed_ms) - $2))
	printf '%-34s %s (%d.%d s)\n' "$1:" "$3" $((ms / 1000)) $((ms % 1000 / 100))
}

# tap_count FILE: sets passed, failed and skipped. Tests that were planned and did not report (their number: silent) have
# failed, and so has a file without a plan.
tap_count() {
	read -r passed failed skipped silent < <(awk '
		/^1\.\.[0-9]+/ { split($1, a, /\.\./); plan = a[2]; planned = 1; if (plan == 0) empty = 1 }
		/^ok/ { if (/# *[Ss][Kk][Ii][Pp]/) s++; else p++ }
		/^not ok/ { if (/# *[Tt][Oo][Dd][Oo]/) s++; else f++ }
		/^Bail out!/ { f++ }
		END {
			if (!planned) missing = 1
			else if (p + f + s < plan) missing = plan - p - f - s
			print p + 0, f + missing, s + 0, missing + 0
		}' "$1")
}

# tap_read NAME FILE: the same, and what was skipped goes to $logs/skipped.tests, with its reason.
tap_read() {
	tap_count "$2"
	grep -E '^ok.*# *[Ss][Kk][Ii][Pp]' "$2" | sed "s|^|$1: |" >>"$logs/skipped.tests"
}

# The reasons of all skips, how often each, and the sum. Ends the program.
summary() {
	local ms
	if [ -s "$logs/skipped.tests" ]; then
		echo "Skipped, by reason:"
		sed 's/.*# *[Ss][Kk][Ii][Pp][^ ]* *//' "$logs/skipped.tests" | sort | uniq -c | sort -rn | sed 's/^/  /'
	fi
	ms=$(elapsed_ms)
	printf 'Logs: %s. Took %d min %d s.\n' "$logs" $((ms / 60000)) $((ms % 60000 / 1000))
	echo "$sum_passed passed, $sum_failed failed, $sum_skipped skipped"
	[ "$sum_failed" = 0 ] || exit 1
	exit 0
}
