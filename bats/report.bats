#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

# bench/report: a page that has what was measured, and nothing else.

load helpers

setup() {
	[ "$RUNTIME_NAME" = enviro-oci ] || skip "not about $RUNTIME_NAME"
	common_setup
	cat >"$BATS_TEST_TMPDIR/results" <<-'JSON'
		{"name":"machine","kernel":"6.99-x","arch":"riscv64","cpus":3,"model":"A <CPU>","load":0.25,"date":"2031-02-03","versions":{"enviro-oci":"9.8","ping":"1.2.3"},"absent":{"pong":"pong is not installed"}}
		{"name":"run-legacy","view":"legacy","measure":"run","program":"floor","rounds":3,"best_ms":1,"median_ms":1.5,"samples_ms":[1,1.5,2]}
		{"name":"run-legacy","view":"legacy","measure":"run","program":"enviro-oci","rounds":3,"best_ms":2,"median_ms":2.5,"samples_ms":[2,2.5,3]}
		{"name":"run-legacy","view":"legacy","measure":"run","program":"ping","rounds":3,"best_ms":5,"median_ms":11.25,"samples_ms":[5,11.25,40]}
		{"name":"left out","of":"run-legacy","program":"pang","reason":"<it> fell"}
		{"name":"left out","of":"docker","program":"docker","reason":"it is not installed"}
		{"name":"mounts","view":"legacy","measure":"run,10","program":"ping","rounds":3,"median_ms":4}
		{"name":"mounts","view":"legacy","measure":"run,1000","program":"ping","rounds":3,"median_ms":40}
		{"name":"size","measure":"size","program":"ping","bytes":123456}
		{"name":"trace","view":"legacy","runs":9,"svg":"<svg xmlns=\"http://www.w3.org/2000/svg\"><desc>the trace</desc></svg>"}
	JSON
	P="$BATS_TEST_TMPDIR/page.html"
}

@test "report: everything that was measured, from the results alone" {
	"$TOP/bench/report" "$BATS_TEST_TMPDIR/results" "$P"
	page=$(cat "$P")
	for part in "6.99-x" "A &lt;CPU&gt;" "2031-02-03" "enviro-oci 9.8" "ping 1.2.3" "pong: not measured, pong is not installed" \
		"pang is left out: &lt;it&gt; fell" "docker is left out: it is not installed" "11.2 (4.50 ×)" "1,000" "123,456" \
		"<desc>the trace</desc>"; do
		has "$page" "$part"
	done
	for name in crun runc pang\ 1; do
		has_not "$page" "$name"
	done
}

@test "report: a page that loads nothing, and is well-formed where it draws" {
	"$TOP/bench/report" "$BATS_TEST_TMPDIR/results" "$P"
	! grep -Eo '(src|href)=|@import|url\(|<script|<link|<iframe' "$P"
	"$PYTHON" - "$P" <<-'PYTHON'
		import re, sys, html.parser, xml.etree.ElementTree as x
		page = open(sys.argv[1], encoding="utf-8").read()
		drawn = [x.fromstring(s) for s in re.findall(r"<svg.*?</svg>", page, re.S)]
		assert len(drawn) == 4, len(drawn)
		circles = [c for d in drawn for c in d.iter("{http://www.w3.org/2000/svg}circle")]
		assert len(circles) == 3, "the best of each of the three programs that were timed"
		class Balanced(html.parser.HTMLParser):
		    open = []
		    def handle_starttag(self, tag, attrs):
		        if tag not in ("meta", "path", "rect", "circle", "polyline"):
		            self.open.append(tag)
		    def handle_endtag(self, tag):
		        if tag not in ("path", "rect", "circle", "polyline"):
		            assert self.open.pop() == tag, tag
		b = Balanced()
		b.feed(page)
		assert not b.open, b.open
	PYTHON
}
