# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts in contrib share. Sourced by bash; sets `top` to the top of the tree.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
me=${0##*/}
begin=${EPOCHREALTIME/[.,]/}

# Milliseconds since the script began.
elapsed_ms() { echo $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)); }

say() {
	local t
	t=$(elapsed_ms)
	printf '%s: [%3d.%d s] %s\n' "$me" $((t / 1000)) $((t % 1000 / 100)) "$*" >&2
}

die() {
	printf '%s: error: %s\n' "$me" "$*" >&2
	exit 1
}

# quietly LOG WHAT COMMAND...: runs COMMAND with all it says in LOG; shows the end of LOG when it fails.
quietly() {
	local log=$1 what=$2
	shift 2
	"$@" >>"$log" 2>&1 </dev/null && return 0
	tail -n 30 "$log" >&2
	die "$what failed; all of it is in $log"
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need PACKAGE...: installs the Debian packages that are missing.
need() {
	local p missing=()
	for p; do
		is_installed "$p" || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "needs ${missing[*]} (and can install them on Debian only)"
	[ "$(id -u)" = 0 ] || die "needs ${missing[*]}: run it as root, or: apt-get install ${missing[*]}"
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	if ! apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 </dev/null; then
		apt-get update -qq </dev/null >/dev/null || say "apt-get update had trouble"
		apt-get install -qq -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
			die "cannot install ${missing[*]}"
	fi
}

# The files a build needs, relative to the top, one a line.
source_files() {
	local d
	(
		cd "$top" || exit 1
		for d in src libocispec-lite tests bats bench contrib docs man; do
			[ ! -d "$d" ] || find "$d" -type f ! -name '*.o' ! -name '*.a' ! -name '*.log' ! -name '*.trs' \
				! -path '*/.deps/*' ! -name .dirstamp ! -name '.*.sw?'
		done
		for d in configure.ac autogen.sh Makefile.am LICENSE .clang-format .clang-tidy .gitignore ./*.md; do
			[ ! -f "$d" ] || echo "${d#./}"
		done
	)
}

# copy_tree DEST: makes DEST/tree a copy of the sources, so that builds beside it never meet what was configured in the
# tree itself. What has changed since the last copy gets the present time: a file that was edited while it was being
# compiled is compiled again. Makes DEST/tree/configure when it is older than its sources.
copy_tree() {
	local dest=$1
	mkdir -p "$dest/tree"
	touch "$dest/files"
	source_files | (cd "$top" && xargs -d '\n' stat -c '%n|%.9Y|%s|%a' --) | LC_ALL=C sort >"$dest/files.new"
	LC_ALL=C comm -23 <(cut -d'|' -f1 "$dest/files" | LC_ALL=C sort) <(cut -d'|' -f1 "$dest/files.new" | LC_ALL=C sort) |
		while read -r f; do rm -f "$dest/tree/$f"; done
	LC_ALL=C comm -13 "$dest/files" "$dest/files.new" | cut -d'|' -f1 >"$dest/changed"
	tar -C "$top" -cf - -T "$dest/changed" | tar -C "$dest/tree" -xmf - || die "cannot copy the sources"
	mv "$dest/files.new" "$dest/files"
	if [ ! "$dest/tree/configure" -nt "$dest/tree/configure.ac" ] ||
		[ ! "$dest/tree/Makefile.in" -nt "$dest/tree/Makefile.am" ]; then
		quietly "$dest/autogen.log" autogen.sh "$dest/tree/autogen.sh" --force
	fi
}

# configure_once DIR SOURCE ARG...: configures in DIR, made anew, unless that was done with the same words.
configure_once() {
	local dir=$1 source=$2 words
	shift 2
	words="$source $*"
	if [ -e "$dir/Makefile" ] && [ "$(cat "$dir/configured" 2>/dev/null)" = "$words" ]; then return 0; fi
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$dir" && quietly "$dir/build.log" "configure in $dir" "$source/configure" "$@") || exit 1
	printf '%s\n' "$words" >"$dir/configured"
}

cache_dir() {
	local d=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/enviro-oci
	mkdir -p "$d"
	(cd "$d" && pwd -P)
}

cpus() { nproc 2>/dev/null || echo 1; }

# The mirror this machine's own packages come from.
mirror() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v s="$(. /etc/os-release && echo "$VERSION_CODENAME")" '$2 == s { print $1; exit }'
}
