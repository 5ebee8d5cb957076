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
    # a location without a requirement is for global keys alone
    [[ -n $list || (-n $place && ${#MANY_require[@]} == 0) ]] \
        || request+=',"valid_key":true'
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

# What is to be explained, from a line of nginx's error log or the body of a
# refusal, to `told_ID`, `told_reason` and so on; false when it is neither.
read_report() {
    local text=$1

    told=() told_require=''
    if [[ $text == '{'* ]]; then
        read_problem "$text"
    elif [[ $text =~ scoped\ key\ (refused|undecided):\ reason=([a-z_]+) ]]; then
        told[reason]=${BASH_REMATCH[2]}
        read_log_line "$text"
    else
        return 1
    fi
}

# RFC 9457: without the key, the method and the address, which the client knows
read_problem() {
    local name

    for name in reason param cause request_id required; do
        told[$name]=$(jq -r --arg name "$name" '.[$name] // ""' <<<"$1" 2>/dev/null) \
            || usage_error 'explain: that is no JSON'
    done
    [[ -n ${told[reason]} ]] || usage_error 'explain: the JSON has no "reason"'
    told_require=${told[required]}
}

read_log_line() {
    local text=$1 pattern

    [[ ! $text =~ \ id=([0-9A-Za-z]+) ]] || told[id]=${BASH_REMATCH[1]}
    [[ ! $text =~ \ required=\"([^\"]*)\" ]] || told_require=${BASH_REMATCH[1]}
    [[ ! $text =~ \ param=\"([^\"]*)\" ]] || told[param]=${BASH_REMATCH[1]}
    [[ ! $text =~ \ cause=\"([^\"]*)\" ]] || told[cause]=${BASH_REMATCH[1]}
    [[ ! $text =~ \ request_id=([0-9a-f]+) ]] || told[request_id]=${BASH_REMATCH[1]}
    [[ ! $text =~ \ client:\ ([0-9A-Fa-f.:]+) ]] || told[ip]=${BASH_REMATCH[1]}
    [[ ! $text =~ \ host:\ \"([^\"]*)\" ]] || told[host]=${BASH_REMATCH[1]}
    pattern=' request: "([A-Z_-]+) ([^" ]*) HTTP/'
    if [[ $text =~ $pattern ]]; then
        told[method]=${BASH_REMATCH[1]} told[target]=${BASH_REMATCH[2]}
    fi
}

# A command line of curl: what it would ask for, to ARGUMENTS; its credentials
# are not looked at.
read_curl() {
    local method='' url='' host='' data='' get='' word header

    shift # curl
    while (($# > 0)); do
        word=$1
        shift
        case $word in
            -X | --request) method=${1:-}; shift ;;
            -X?*) method=${word#-X} ;;
            -I | --head) method=${method:-HEAD} ;;
            -G | --get) get=1 ;;
            -H | --header)
                header=${1:-}
                shift
                [[ ! ${header,,} =~ ^host:\ *([^\ ]+) ]] || host=${BASH_REMATCH[1]} ;;
            -d | --data | --data-* | --json | -F | --form | -T | --upload-file)
                data+=${data:+&}${1:-}
                [[ $word != -T && $word != --upload-file ]] || method=${method:-PUT}
                shift ;;
            --url) url=${1:-}; shift ;;
            -u | --user | -A | --user-agent | -b | --cookie | -o | --output | -e \
                | --referer | -m | --max-time | --resolve | --connect-to | -x \
                | --proxy | --cacert | --cert | --key | -w | --write-out)
                shift ;;
            -*) ;;
            *) url=$word ;;
        esac
    done
    [[ -n $url ]] || usage_error 'explain: the curl command has no URL'
    [[ $url == *://* || $url == /* ]] || url=http://$url
    if [[ -n $get && -n $data ]]; then
        [[ $url == *'?'* ]] && url+="&$data" || url+="?$data"
    elif [[ -n $data ]]; then
        method=${method:-POST}
    fi
    [[ -z $host ]] || url=http://$host/$(sed -E 's#^[a-z]+://[^/?]*/?##; s#^/##' <<<"$url")
    CURL_REQUEST=("${method:-GET}" "${url%%#*}")
}

# What the location of a configuration requires, as options: see nginx.jq.  Sets
# `place`, which is what it says.
read_nginx() {
    local file=${OPTION[nginx]:-} path line given
    local url=${ARGUMENTS[2]} host

    [[ -n $file ]] || return 0
    [[ $file == - || (-r $file && ! -d $file) ]] || fail "cannot read $file"
    [[ $file != - ]] || file=/dev/stdin
    host=${url#*://}
    [[ $url == *://* ]] && host=${host%%[/?]*} || host=''
    host=${host%:*} host=${host,,}
    path=${url#*://}
    [[ $url == *://* ]] && path=/${path#*/}
    [[ ${url#*://} == */* ]] || path=/
    path=${path%%\?*}
    given=$(jq -n -c '$ARGS.positional' --args -- "${MANY_param[@]%%=*}") || fail 'jq failed'
    place=$(jq -R -s -c -f "$LIB/nginx.jq" --argjson given "$given" \
        --arg host "${host%.}" --arg path "$path" \
        --arg method "${ARGUMENTS[1]}" "$file") \
        || fail "--nginx: $file cannot be read as the output of nginx -T"
    line=$(jq -r '.error // ""' <<<"$place")
    [[ -z $line ]] || usage_error "--nginx: $line"
    readarray -t MANY_require < <(jq -r '.require[] | join(" ")' <<<"$place")
    if jq -e .valid_key <<<"$place" >/dev/null; then
        MANY_require=(valid_key)
    fi
    while IFS= read -r line; do
        MANY_param+=("$line")
    done < <(jq -r '.params[]' <<<"$place")
}

# what keeps the verdict of a location from being one, to `unsure`
judge_place() {
    unsure=$(jq -r --argjson answer "$answer" '
        # params of the grants that decide; of several clauses, of all that may
        def constrained: $answer
            | [.grant, if (.clauses | length) > 1
                       then .members[] | select(.refused_by == null) | .member
                       else empty end]
            | [.[] | strings | fromjson? | objects | .params // {} | keys[]] | unique;
        if .enable == "off" then
            "This location does not ask for a key (scoped_key is off)."
        elif .unknown != [] then
            "It is not known from the configuration: \(.unknown | join(", "))."
        elif $answer.reason == "param_refused" and .unread != []
            or $answer.verdict == "allowed" and (.unread - (.unread - constrained)) != [] then
            "Values of these params come from elsewhere, give them with --param: "
            + (.unread | join(", ")) + "."
        else "" end' <<<"$place") || fail 'jq failed'
}

show_place() {
    local line

    [[ -n $place && -z ${OPTION[json]:-}${OPTION[quiet]:-} ]] || return 0
    line=$(jq -r '"\(.location // "none") of server \(.server | if . == "" then "without a name" else . end)"
        + if .dry_run == "on" then "; a dry run: refused requests go on" else "" end
        + if .enable == "optional" then "; a key is optional" else "" end' <<<"$place")
    clean_text "$line"
    printf '%-12s%s\n' location: "$cleaned"
}

# Whether all that decides was known: not the verdict of a guess.
answer_undecided() {
    answer=$(jq -c --arg detail "$1" '.verdict = "undecided" | .valid_key = false
        | .reason = null | .detail = $detail' <<<"$answer") || fail 'jq failed'
}

# allowed, but by no more than what was said
check_enough() {
    local unsure=''

    if [[ -n $place ]]; then
        judge_place
        [[ -z $unsure ]] || { answer_undecided "$unsure"; return; }
        [[ -n ${told[reason]:-} ]] || return 0
    fi
    [[ $answer == *'},"verdict":"allowed",'* ]] || return 0
    if [[ -n ${told[reason]:-} ]]; then
        answer_undecided "It was refused (${told[reason]}), and would not be now by \
what that says of the request: the key was changed since, or its body, a param or \
another requirement of the location decided."
    elif ((${#MANY_require[@]} == 0)) \
        && ! jq -e '.mode == "global" and all(.members[]; .kind != "refusal")' \
            <<<"$answer" >/dev/null
    then
        answer_undecided "The key is good for this request, but what the location \
requires is not known: give --require."
    fi
}

# what the report says, before what is found now
show_report() {
    local name cleaned

    [[ -n ${told[reason]:-} && -z ${OPTION[json]:-}${OPTION[quiet]:-} ]] || return 0
    clean_text "refused, ${told[reason]}${told[param]:+, param ${told[param]}}"
    printf '%-12s%s\n' reported: "$cleaned"
    for name in cause request_id; do
        [[ -n ${told[$name]:-} ]] || continue
        clean_text "${told[$name]}"
        printf '%-12s%s\n' "$name:" "$cleaned"
    done
}

# a report without a key or a request: what its reason means, and no more
explain_reason_alone() {
    show_report
    if [[ -n ${OPTION[json]:-} ]]; then
        json_string "${told[reason]}"
        printf '{"verdict":"undecided","reason":%s}\n' "$result"
    else
        warn "that does not say which key or request it was: give them, as in" \
            "explain ID METHOD URL, or the line of nginx's error log" \
            "${told[request_id]:+with request_id=${told[request_id]}}"
    fi
    exit 1
}

# one argument: a report; from standard input if it is -
arguments_of_report() {
    local text=${ARGUMENTS[0]}

    if [[ $text == - ]]; then
        IFS= read -r text || [[ -n $text ]] || fail 'nothing on standard input'
    fi
    read_report "$text" || usage_error 'explain needs an id, a method and a URL,' \
        "or a line of nginx's error log, or the body of a refusal"
    [[ -n ${told[id]:-} && -n ${told[method]:-} && -n ${told[target]:-} ]] \
        || explain_reason_alone
    ARGUMENTS=("${told[id]}" "${told[method]}"
        "${told[host]:+http://${told[host]}}${told[target]}")
    [[ -n ${OPTION[ip]+set} || -z ${told[ip]:-} ]] || OPTION[ip]=${told[ip]}
    [[ -z $told_require || ${#MANY_require[@]} -gt 0 ]] \
        || MANY_require=("$told_require")
}

command_explain() {
    local id request='' answer refusal told_require='' place='' cleaned
    local -A told=()
    local -a CURL_REQUEST

    if ((${#ARGUMENTS[@]} == 1)); then
        arguments_of_report
    elif [[ ${ARGUMENTS[1]:-} == curl ]]; then
        read_curl "${ARGUMENTS[@]:1}"
        ARGUMENTS=("${ARGUMENTS[0]}" "${CURL_REQUEST[@]}")
    fi
    need_arguments 3 3 'an id, a method and a URL'
    read_nginx
    ask_request "${ARGUMENTS[@]:1}"
    redis_open
    resolve_id "${ARGUMENTS[0]}" || return
    fetch_raw || return
    core_call explain "{\"record\":$reply,\"request\":{${request:1}}}" \
        || usage_error "explain: $refusal"
    check_enough
    show_report
    show_place
    if [[ -n ${OPTION[json]:-} ]]; then
        jq -c . <<<"$answer"
    elif [[ -z ${OPTION[quiet]:-} ]]; then
        jq_view explain <<<"$answer"
    fi || fail 'jq failed'
    [[ $answer == *'},"verdict":"allowed",'* ]] || exit 1
}
