# Which key is meant: an id, or the beginning of one.  A search walks the index
# in steps, so that it never holds Redis up.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

ID_MIN_PREFIX=4

key_exists() {
    record_call exists "$1"
    [[ $reply == '{"exists":true}' ]]
}

# ids of the index that begin with a text: into `found`, two at most
search_ids() {
    local start=$1 cursor=0 id
    local -a words

    found=()
    while :; do
        lua_call "${REDIS_PREFIX}ids" search "$cursor" "$start"
        redis_expect '^[0-9]+ '
        read -r -a words <<<"$reply"
        for id in "${words[@]:1}"; do
            [[ " ${found[*]} " == *" $id "* ]] || found+=("$id")
        done
        cursor=${words[0]}
        ((${#found[@]} < 2)) && [[ $cursor != 0 ]] || return 0
    done
}

# whether a word has the form of a whole id: no beginning is looked for
is_whole_id() {
    [[ $1 =~ ^([0-9A-Za-z]{12}|[xy][0-9a-f]{24})$ ]]
}

# The id that is meant to `id`; false, with the reason said, when there is
# none or when there are several.
resolve_id() {
    local text=$1
    local -a found

    if [[ $text == *_*_* ]]; then
        refuse 'that is a key, not an id: it should not be on a' \
            'command line, where others can read it; the id is its middle part'
        return 1
    fi
    if [[ ! $text =~ ^[0-9A-Za-z]{1,25}$ ]]; then
        refuse "\"$text\" is no id"
        return 1
    fi
    id=$text
    if ((${#text} == 12 || ${#text} == 25)) && key_exists "$text"; then
        return 0
    fi
    if ((${#text} < ID_MIN_PREFIX)); then
        refuse "\"$text\" is too short: give $ID_MIN_PREFIX characters of the id"
        return 1
    fi
    search_ids "$text"
    case ${#found[@]} in
        0) refuse "there is no key $text"; return 1 ;;
        1) id=${found[0]} ;;
        *) refuse "several keys begin with $text: ${found[*]} ..."; return 1 ;;
    esac
}
