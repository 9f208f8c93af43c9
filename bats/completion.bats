#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Completion, asked of the shells themselves.

load helpers

setup() {
	common_setup
	mkdir bin
	ln -s "$RUNTIME" bin/enviro-oci
	PATH=$BUNDLE/bin:$PATH
	DIR=$TOP/contrib/completion
}

# of_bash WORD...: what bash offers for the last of them.
of_bash() {
	bash --norc -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _enviro_oci 2>/dev/null; printf "%s\n" "${COMPREPLY[@]}"' \
		"$DIR/enviro-oci" enviro-oci "$@"
}

of_fish() {
	fish --no-config -c "source $DIR/enviro-oci.fish; complete -C 'enviro-oci $*'" | cut -f1
}

# A terminal of zsh's own, in which the completion system runs; what it would insert is printed.
of_zsh() {
	zsh -f -c '
		fpath=("$1" $fpath); shift
		autoload -Uz compinit && compinit -u -D
		source "${fpath[1]}/_enviro-oci" 2>/dev/null
		compadd() { [[ $1 == -a ]] && print -l -- ${(P)2} || true }
		_describe() { print -l -- ${${(P)2}%%:*} }
		_files() { print files }
		words=("$@"); CURRENT=$#; words[1]=enviro-oci
		_enviro-oci
	' zsh "$DIR" enviro-oci "$@"
}

check_shell() {
	local of=$1

	is "$("$of" "" | grep -cxE 'create|validate|state')" 3
	"$of" create -- | grep -qx -- --pid-file
	! "$of" create -- | grep -qx -- --log-level
	"$of" -- | grep -qx -- --log-level
	set_args sleep 1000
	rt_ok create "$ID"
	is "$("$of" --root "$ROOT" state "" | grep -cx "$ID")" 1
}

@test "completion: bash" {
	check_shell of_bash
	is "$(of_bash validate --format "" | sort | xargs)" "json text"
	is "$(of_bash list --format "" | sort | xargs)" "json table"
	is "$(of_bash mounts "" | xargs)" "add remove"
}

@test "completion: fish" {
	command -v fish >/dev/null || skip "no fish"
	check_shell of_fish
}

@test "completion: zsh" {
	command -v zsh >/dev/null || skip "no zsh"
	check_shell of_zsh
}

@test "completion: bash knows every option of every verb" {
	for verb in $(of_bash "" | grep -vx -e help -e h); do
		rt_ok "$verb" --help
		for option in $(grep -oE '^   --[a-z0-9-]+' <<<"$out"); do
			of_bash "$verb" -- | grep -qx -- "$option" || show_call "$verb: $option"
		done
	done
}
