# SPDX-License-Identifier: Apache-2.0
#
# Completion for fish. Verbs and options come from the program's own help, ids from its list.

function __enviro_oci_verbs
    enviro-oci --help 2>/dev/null | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\)[ ,]*[a-z]\{0,1\}  *\(.*\)/\1\t\2/p'
end

# The verb on the command line so far, or nothing.
function __enviro_oci_verb
    set -l known (__enviro_oci_verbs | cut -f1)
    for word in (commandline -opc)[2..-1]
        if contains -- $word $known
            echo $word
            return 0
        end
    end
    return 1
end

# The options of the verb, or of the program where there is none yet.
function __enviro_oci_options
    enviro-oci (__enviro_oci_verb) --help 2>/dev/null | sed -n 's/^   \(--[a-z0-9-]*\)[^ ]*\( value\)\{0,1\}\(, -[a-z]\( value\)\{0,1\}\)\{0,1\}  *\(.*\)/\1\t\5/p'
end

function __enviro_oci_ids
    set -l root
    set -l words (commandline -opc)
    set -l at (contains -i -- --root $words); and set root --root $words[(math $at + 1)]
    enviro-oci $root list --quiet 2>/dev/null
end

function __enviro_oci_wants_id
    set -l verb (__enviro_oci_verb); or return 1
    contains -- $verb checkpoint delete events exec kill pause ps restore resume start state update
end

complete -c enviro-oci -n 'not __enviro_oci_verb' -f -a '(__enviro_oci_verbs)'
complete -c enviro-oci -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__enviro_oci_options)'
complete -c enviro-oci -n '__enviro_oci_wants_id' -f -a '(__enviro_oci_ids)'
