# Texts and times: JSON strings, redis-cli's quoting, timestamps and durations as
# operators write them.  Results go to the variable `result`, so that nothing
# here costs a process.  Knows nothing of Redis or of keys.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# redis-cli reads its commands from a pipe: one quoted argument
quote_argument() {
    local text=$1

    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\r'/\\r}
    result="\"$text\""
}

json_string() {
    local text=$1 c code

    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    if [[ $text == *[[:cntrl:]]* ]]; then
        for c in {1..31} 127; do
            printf -v code '\\x%02x' "$c"
            printf -v code '%b' "$code"
            [[ $text == *"$code"* ]] || continue
            printf -v c '\\u%04x' "$c"
            text=${text//"$code"/"$c"}
        done
    fi
    result="\"$text\""
}

# the arguments as a JSON array of strings
json_array() {
    local item list=''

    for item in "$@"; do
        json_string "$item"
        list+=",$result"
    done
    result="[${list:1}]"
}

# the comma-separated items of all arguments; into the array `items`
split_items() {
    local text part

    items=()
    for text in "$@"; do
        text+=,
        while [[ -n $text ]]; do
            part=${text%%,*} text=${text#*,}
            part=${part#"${part%%[! ]*}"}
            part=${part%"${part##*[! ]}"}
            items+=("$part")
        done
    done
}

# 90d, 24h, 30m, 15s, 2w, 1y (365 days) as seconds
parse_duration() {
    local -A unit=([s]=1 [m]=60 [h]=3600 [d]=86400 [w]=604800 [y]=31536000)

    [[ $1 =~ ^([0-9]{1,9})([smhdwy])$ ]] || return 1
    result=$((10#${BASH_REMATCH[1]} * ${unit[${BASH_REMATCH[2]}]}))
}

# a time as unix seconds: a duration from now, a date, a date and time, `now`,
# or unix seconds; `never` is empty.  Nothing else is guessed at.
parse_timestamp() {
    case $1 in
        never) result=''; return 0 ;;
        now) result=$NOW; return 0 ;;
    esac
    if parse_duration "$1"; then
        result=$((NOW + result))
    elif [[ $1 =~ ^[0-9]{9,18}$ ]]; then
        result=$((10#$1))
    elif [[ $1 =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}([T\ ][0-9:]+(Z|[+-][0-9]{2}:[0-9]{2})?)?$ ]]
    then
        result=$(date -u -d "$1" +%s 2>/dev/null) || return 1
        [[ $result != -* ]]
    else
        return 1
    fi
}

# unix seconds as RFC 3339
timestamp_text() {
    TZ=UTC printf -v result '%(%FT%TZ)T' "$1"
}

# whether a time that is to be written is too far ahead, as the module has it:
# a hundred years
is_too_far() {
    [[ -n $1 ]] && (($1 - NOW > 36525 * 86400))
}

# parse_timestamp, or a usage error that names the option
need_timestamp() {
    parse_timestamp "$2" || usage_error "$1: \"$2\" is no time: give 90d, 24h," \
        "2027-01-01, 2027-01-01T00:00:00Z, now, never or unix seconds"
    ! is_too_far "$result" || usage_error "$1: \"$2\" is over 100 years from" \
        'now: are these milliseconds? Give seconds, or never'
}
