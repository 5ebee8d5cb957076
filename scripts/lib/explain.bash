# `explain`: a record and a request to the core.  Judges nothing but what the
# operator wrote.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

# a member of the request
ask() {
    json_string "$2"
    request+=",\"$1\":$result"
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
    local name=${1%%=*} value=${1#*=} kind=value

    [[ $1 == ?*=* ]] || usage_error "--param: give NAME=VALUE, not \"$1\""
    [[ $value != *[[:cntrl:]]* ]] \
        || usage_error "--param: $name holds a control byte"
    case $value in
        arg:?*) kind=arg value=${value#arg:} ;;
        arg: | form:* | json:* | graphql:*)
            usage_error "--param: $name: give the value itself, or arg:NAME" ;;
    esac
    json_string "$name"
    params+=",{\"name\":$result"
    json_string "$value"
    params+=",\"$kind\":$result}"
}

ask_scopes() {
    local clause list=''
    local -a scopes

    for clause in "${MANY_require[@]}"; do
        IFS=$' \t\n' read -r -d '' -a scopes <<<"$clause" || true
        ((${#scopes[@]} > 0)) || usage_error '--require: give a scope'
        if [[ " ${scopes[*]} " == *' valid_key '* ]]; then
            ((${#scopes[@]} == 1 && ${#MANY_require[@]} == 1)) \
                || usage_error '--require: valid_key stands alone'
            list=''
            break
        fi
        json_array "${scopes[@]}"
        list+=",$result"
    done
    request+=",\"require\":[${list:1}]"
    [[ -n $list ]] || request+=',"valid_key":true'
}

ask_request() {
    local method=$1 url=$2 param params=''

    [[ $method =~ ^[A-Z_-]+$ ]] \
        || usage_error "\"$method\" is no method in upper case"
    ask method "$method"
    ask_url "$url"
    [[ -z ${OPTION[ip]+set} ]] || ask ip "${OPTION[ip]}"
    for param in "${MANY_param[@]}"; do
        ask_param "$param"
    done
    request+=",\"params\":[${params:1}]"
    ask_scopes
}

command_explain() {
    local id request='' answer refusal

    need_arguments 3 3 'an id, a method and a URL'
    ask_request "${ARGUMENTS[@]:1}"
    redis_open
    resolve_id "${ARGUMENTS[0]}" || return
    fetch_raw || return
    core_call explain "{\"record\":$reply,\"request\":{${request:1}}}" \
        || usage_error "explain: $refusal"
    if [[ -n ${OPTION[json]:-} ]]; then
        jq -c . <<<"$answer"
    elif [[ -z ${OPTION[quiet]:-} ]]; then
        jq_view explain <<<"$answer"
    fi || fail 'jq failed'
    [[ $answer == *'},"verdict":"allowed",'* ]] || exit 1
}
