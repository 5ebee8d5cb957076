# `explain`: a record and a request to the program that is made of the module's
# own code.  It reads both on its standard input, one text a line, in hex, since
# a text may hold any byte and a record is nothing for a command line.
# Judges nothing but what the operator wrote.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# the path of the program, built if need be, to `program`
find_explainer() {
    program=$HOME_DIR/scoped-key-explain
    [[ ! -x $program ]] || return 0
    [[ -x $HOME_DIR/build ]] || fail "explain needs the program $program"
    program=$HOME_DIR/../build/scoped-key-explain
    [[ -x $program ]] || say 'building the program that explains, once'
    # others of this machine may run it too
    (umask 022 && exec "$HOME_DIR/build" explain) >&2 || exit 1
}

# a line of the request: a word, and texts
ask() {
    local text i byte

    request+=$1
    for text in "${@:2}"; do
        request+=' '
        for ((i = 0; i < ${#text}; i++)); do
            printf -v byte %d "'${text:i:1}"
            printf -v byte %02x $((byte & 255))
            request+=$byte
        done
    done
    request+=$'\n'
}

# host and query string, as nginx would have them
ask_url() {
    local url=$1 host rest
    local pattern='^([Hh][Tt][Tt][Pp][Ss]?://([^/?@]+))?(/[^?]*)?(\?(.*))?$'

    [[ $url != *[[:cntrl:]\ \#]* && $url =~ $pattern ]] || usage_error \
        "\"$url\" is no URL: https://host/path?arguments, or /path?arguments"
    host=${BASH_REMATCH[2],,} rest=${BASH_REMATCH[5]:-}
    if [[ $host == '['* ]]; then
        [[ $host =~ ^(\[[0-9a-f:.]+\])(:[0-9]+)?$ ]] \
            || usage_error "\"$host\" is no host"
        host=${BASH_REMATCH[1]}
    else
        host=${host%%:*}
    fi
    ask host "${host%.}"
    ask query "$rest"
}

ask_param() {
    local name=${1%%=*} value=${1#*=}

    [[ $1 == ?*=* ]] || usage_error "--param: give NAME=VALUE, not \"$1\""
    [[ $value != *[[:cntrl:]]* ]] \
        || usage_error "--param: $name holds a control byte"
    case $value in
        arg:?*) ask arg "$name" "${value#arg:}" ;;
        arg: | form:* | json:* | graphql:*)
            usage_error "--param: $name: give the value itself, or arg:NAME" ;;
        *) ask text "$name" "$value" ;;
    esac
}

ask_scopes() {
    local clause scope
    local -a scopes

    for clause in "${MANY_require[@]}"; do
        IFS=$' \t\n' read -r -d '' -a scopes <<<"$clause" || true
        ((${#scopes[@]} > 0)) || usage_error '--require: give a scope'
        if [[ " ${scopes[*]} " == *' valid_key '* ]]; then
            ((${#scopes[@]} == 1 && ${#MANY_require[@]} == 1)) \
                || usage_error '--require: valid_key stands alone'
            ask valid_key
            return
        fi
        ask require
        for scope in "${scopes[@]}"; do
            ask scope "$scope"
        done
    done
    ((${#MANY_require[@]} > 0)) || ask valid_key
}

ask_request() {
    local method=$1 url=$2 param

    [[ $method =~ ^[A-Z_-]+$ ]] \
        || usage_error "\"$method\" is no method in upper case"
    ask now "$NOW"
    ask method "$method"
    ask_url "$url"
    [[ -z ${OPTION[ip]+set} ]] || ask ip "${OPTION[ip]}"
    for param in "${MANY_param[@]}"; do
        ask_param "$param"
    done
    ask_scopes
}

command_explain() {
    local id program request='' answer status

    need_arguments 3 3 'an id, a method and a URL'
    ask_request "${ARGUMENTS[@]:1}"
    find_explainer
    redis_open
    resolve_id "${ARGUMENTS[0]}" || return
    lua_call "$REDIS_PREFIX{$id}" source "$id"
    redis_expect '^(id [0-9a-f]+($|'$'\n'')|$)'
    [[ -n $reply ]] || fail "there is no key $id"
    answer=$(printf '%s\n%s' "$reply" "$request" | "$program" 2>&1)
    status=$?
    ((status != 2)) || usage_error "explain: ${answer##*$'\n'}"
    ((status < 2)) || fail "$program failed"
    if [[ -n ${OPTION[json]:-} ]]; then
        jq -c . <<<"$answer"
    elif [[ -z ${OPTION[quiet]:-} ]]; then
        jq_view explain <<<"$answer"
    fi || fail 'jq failed'
    ((status == 0)) || exit 1
}
