# Grants in words: SCOPE and PARAM=VALUE, as `create`, `grant` and `ungrant` take
# them, to members of a scope list; and the last two of these commands.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# The words PARAM=v1,v2 into the associative array `params`, as JSON items.  A
# location can declare no other names.
keep_param() {
    local name=${1%%=*} value=${1#*=} item
    local -a items=()

    [[ ${#name} -le 64 && $name =~ ^[A-Za-z0-9_.-]+$ ]] || usage_error \
        "\"$name\" is no name of a param: 1 to 64 letters, digits, _, - and ."
    params[$name]=${params[$name]:-}
    [[ -n $value ]] || return 0
    split_items "$value"
    for item in "${items[@]}"; do
        json_string "$item"
        params[$name]+=,$result
    done
}

# the params as a JSON member that follows the scope, to `constraints`
params_json() {
    local name list=''

    for name in "${!params[@]}"; do
        list+=",\"$name\":[${params[$name]:1}]"
    done
    constraints=${list:+,\"params\":{${list:1}\}}
}

# the same of the options
conditions_json() {
    local name validity

    bounds_json
    constraints+=$result
    for name in not-before expires; do
        [[ -z ${OPTION[$name]+set} || ${OPTION[$name]} != never ]] \
            || usage_error "--$name: a grant cannot have \"never\""
    done
    validity_json
    constraints+=$validity
}

# what words mean: scopes to `scopes`, whole members to `members`, the rest to
# `params`
sort_words() {
    local word

    for word in "$@"; do
        case $word in
            '{'*) members+=("$word") ;;
            *=*) keep_param "$word" ;;
            *) scopes+=("$word") ;;
        esac
    done
}

# the members that words mean, with constraints of the options if the name of
# what gives them is there: into `members`
read_grant_words() {
    local conditions=$1 word constraints
    local -A params=()
    local -a scopes=()

    shift
    members=()
    sort_words "$@"
    params_json
    [[ -z $conditions ]] || "$conditions"
    if [[ -n $constraints ]] && ((${#members[@]} > 0 || ${#scopes[@]} == 0))
    then
        usage_error 'constraints in words go with a scope in words'
    fi
    for word in "${scopes[@]}"; do
        if [[ -n $constraints ]]; then
            [[ $word != '!'* ]] \
                || usage_error "a deny rule cannot have constraints: $word"
            json_string "$word"
            word="{\"scope\":$result$constraints}"
        fi
        members+=("$word")
    done
}

# of `grant` and `ungrant`: ids to `ids`, the other words to `members`
open_grants() {
    split_words "${ARGUMENTS[@]}"
    need_some_ids 'ids and at least one scope'
    ((${#words[@]} > 0)) || usage_error "$COMMAND needs ids and at least one scope"
    read_grant_words conditions_json "${words[@]}"
}

# of the members that were given: where a `**` at the end may match more than is
# seen at first
warn_open_ended() {
    local names

    [[ $* == *'**"'* ]] || return 0
    names=$(jq -r -n '[$ARGS.positional[] | (try fromjson catch null) | objects
        | .params | objects | to_entries[] | .key as $name | .value | arrays[]
        | strings | select(startswith("!") | not) | gsub("\\\\."; "x")
        | select(test("[^*][*][*]$")) | $name] | unique | join(", ")' \
        --args "$@") || return 0
    [[ -z $names ]] || warn_unless_quiet "$names: a pattern that ends in ** matches lists" \
        'and further segments too where the param is a part of a path: logs-**' \
        'matches logs-1,secret and logs-1/x'
}

command_grant() {
    local -a members ids words

    open_grants
    json_array "${members[@]}"
    change_all ",\"grant\":$result"
    warn_open_ended "${members[@]}"
    [[ -z ${OPTION[expires]:-} ]] || warn_past --expires 'the grant'
}

# For each constrained grant that may have been meant, the command that takes it.
hint_constrained() {
    local id=$1 line

    while IFS= read -r line; do
        say "to take this one: scoped-key ungrant $id $line"
    done < <(TZ=UTC jq -L "$LIB" -r 'include "human";
        .members // [] | .[] | command_words' <<<"${2:-null}")
}

command_ungrant() {
    local -a members ids words

    open_grants
    json_array "${members[@]}"
    change_all ",\"ungrant\":$result"
}
