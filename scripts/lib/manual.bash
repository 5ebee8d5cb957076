# The manual page and the completion, made from the same help texts that --help
# prints and that the command line is read by.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

roff_escape() {
    local text=$1

    text=${text//\\/\\e}
    text=${text//-/\\-}
    [[ $text != [.\']* ]] || text="\\&$text"
    printf '%s\n' "$text"
}

# one help text as roff; its lines know by their indent what they are
roff_text() {
    local line state=text

    read_help "$1"
    while IFS= read -r line; do
        case $line in
            'Usage: '*) roff_usage "${line#Usage: }" ;;
            '') [[ $state == code ]] && echo .fi; echo .PP; state=text ;;
            '  scoped-key '*) [[ $state == code ]] || echo '.PP
.nf'
                roff_escape "$line"; state=code ;;
            '   '*) roff_escape "${line#"${line%%[! ]*}"}" ;;
            '  '*) roff_item "$line" ;;
            *:) [[ $1 == global ]] && echo ".SS ${line%:}" || echo ".B ${line%:}"
                state=list ;;
            *) roff_escape "$line" ;;
        esac
    done <<<"${result%$'\n'}"
    [[ $state != code ]] || echo .fi
}

roff_usage() {
    echo .PP
    echo .nf
    printf '\\fB%s\\fR\n' "$(roff_escape "$1")"
    echo .fi
}

# "  --name TEXT  what it is for": what is before the two spaces is the item
roff_item() {
    local line=${1#  } rest

    rest=${line#*  }
    echo .TP
    printf '\\fB%s\\fR\n' "$(roff_escape "${line%%  *}")"
    [[ $rest == "$line" ]] || roff_escape "${rest#"${rest%%[! ]*}"}"
}

command_man() {
    local command

    need_arguments 0 0 'no arguments'
    find_version
    printf '.TH SCOPED\\-KEY 1 "" "scoped\\-key %s"\n' "$VERSION"
    echo '.SH NAME'
    echo 'scoped\-key \- manages the keys of the scoped\-key module in Redis'
    echo '.SH SYNOPSIS'
    echo '.B scoped\-key'
    echo '[OPTIONS] COMMAND [WORDS]'
    echo '.SH DESCRIPTION'
    roff_text global
    echo '.SH COMMANDS'
    for command in "${COMMANDS[@]}"; do
        echo ".SS $command"
        roff_text "$command"
    done
}

# the options of one help text, as words
option_words() {
    local name
    local -A TAKES=() SHORT=()

    learn_options "$1"
    words=''
    for name in "${!TAKES[@]}"; do
        ((${#name} == 1)) && words+=" -$name" || words+=" --$name"
    done
    # shellcheck disable=SC2086 # they are words
    words=$(printf '%s\n' $words | sort | tr '\n' ' ')
}

command_completion() {
    local command words cases='' global

    need_arguments 0 0 'no arguments'
    option_words global
    global=$words
    for command in "${COMMANDS[@]}"; do
        option_words "$command"
        cases+="        $command) options='$words' ;;"$'\n'
    done
    read_help ../lib/completion
    result=${result//@COMMANDS@/"${COMMANDS[*]}"}
    result=${result//@GLOBAL@/"$global"}
    result=${result//'@CASES@'$'\n'/"$cases"}
    printf %s "$result"
}

command_help() {
    need_arguments 0 1 'one command, or nothing'
    [[ -z ${ARGUMENTS[0]:-} ]] || is_command "${ARGUMENTS[0]}" \
        || usage_error "unknown command \"${ARGUMENTS[0]}\""
    print_help "${ARGUMENTS[0]:-}"
}
