# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Completion for bash: source it, or put it into /usr/share/bash-completion/completions as "enviro-oci". Verbs and
# options come from the program's own help, ids from its list.

# __enviro_oci_options ARG...: the options that a help text names.
__enviro_oci_options() {
	"$1" "${@:2}" --help 2>/dev/null | grep -oE '^   --[a-z-]+|, -[a-z]( |$)' | tr -d ' ,'
}

__enviro_oci_verbs() {
	"$1" --help 2>/dev/null | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\).*/\1/p'
}

# Whether option $2 of the verb "${@:3}" (none: of the program) is followed by a value.
__enviro_oci_takes_value() {
	[[ $2 == -* && $2 != *=* ]] &&
		"$1" "${@:3}" --help 2>/dev/null | grep -qE -- "(^   -|, )-?${2##*-} value|^   $2 value"
}

_enviro_oci() {
	local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb="" ids=0 i root=() words=""

	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == --root ]] && ((i + 1 < COMP_CWORD)); then
			root=(--root "${COMP_WORDS[i + 1]}")
		fi
		if __enviro_oci_takes_value "$program" "${COMP_WORDS[i]}" ${verb:+"$verb"}; then
			((i++))
		elif [[ ${COMP_WORDS[i]} != -* && -z $verb ]]; then
			verb=${COMP_WORDS[i]}
		elif [[ ${COMP_WORDS[i]} != -* ]]; then
			((++ids))
		fi
	done

	COMPREPLY=()
	if __enviro_oci_takes_value "$program" "$prev" ${verb:+"$verb"}; then
		case $prev in
		--format | -f) words="table json" ;;
		--log-format) words="text json" ;;
		--log-level) words="error warning info debug" ;;
		--cgroup-manager) words="cgroupfs systemd disabled" ;;
		--namespaces) words="net ipc uts" ;;
		--rootless) words="true false auto" ;;
		*) compopt -o default && return ;;
		esac
	elif [[ $word == -* ]]; then
		words=$(__enviro_oci_options "$program" ${verb:+"$verb"})
	elif [[ -z $verb || $verb == help || $verb == h ]]; then
		words=$(__enviro_oci_verbs "$program")
	elif ((!ids)) && [[ $verb == cache ]]; then
		words="list stats clear"
	elif [[ $verb == mounts && $ids == 0 ]]; then
		words="add remove"
	elif [[ $verb == mounts && $ids == 1 || $ids == 0 && $verb != @(create|run|list|spec|features|config|prewarm|trace) ]]; then
		words=$("$program" "${root[@]}" list --quiet 2>/dev/null)
	else
		compopt -o default && return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _enviro_oci enviro-oci
