# The command line.  Which options a command has is read from its help text:
# a line of two spaces, an option, perhaps the NAME of its value, perhaps "..."
# when it may be given again, then at least two spaces.
# Invariant: what the help does not name is refused.
#
# shellcheck shell=bash disable=SC2034,SC2154,SC1091

declare -A OPTION=() TAKES=() SHORT=()
ARGUMENTS=()
# options whose value is a field of free text, by the field's name
FREE_TEXT=(name owner)
# how many of them stand before a --
DASHES=100000
COMMAND=''
COLOUR=no
REDIS_OPTIONS=()
REDIS_USER=''
REDIS_PASSWORD=''
COMMANDS=(create list show set grant ungrant enable disable expire rotate delete
    unused explain id check doctor status export import completion man help)

# the text of one help file, to `result`
read_help() {
    result=''
    local part

    IFS= read -r -d '' result <"$HOME_DIR/help/$1.txt" || true
    [[ -n $result ]] || fail "cannot read $HOME_DIR/help/$1.txt"
    [[ $result == *'@changes@'* ]] || return 0
    IFS= read -r -d '' part <"$HOME_DIR/help/changes.txt" || true
    [[ -n $part ]] || fail "cannot read $HOME_DIR/help/changes.txt"
    result=${result/'@changes@'/"${part%$'\n'}"}
}

# TAKES: option to `no`, `one` or `many` values; many: MANY_<option>
learn_options() {
    local line pattern='^  (-([a-z])(, )?)?(--([a-z-]+))?( ([A-Z][A-Za-z=:]*))?( \.\.\.)?(  |$)'
    local name

    read_help "$1"
    while IFS= read -r line; do
        [[ $line == '  -'* && $line =~ $pattern ]] || continue
        name=${BASH_REMATCH[5]:-}
        [[ -n $name ]] || name=${BASH_REMATCH[2]}
        [[ -z ${BASH_REMATCH[2]} ]] || SHORT[${BASH_REMATCH[2]}]=$name
        TAKES[$name]=no
        [[ -z ${BASH_REMATCH[7]} ]] || TAKES[$name]=one
        if [[ -n ${BASH_REMATCH[8]} ]]; then
            TAKES[$name]=many
            declare -ga "MANY_${name//-/_}=()"
        fi
    done <<<"$result"
}

is_command() {
    local command

    for command in "${COMMANDS[@]}"; do
        [[ $1 == "$command" ]] && return 0
    done
    return 1
}

# the command that is meant, to COMMAND; also by the names that other tools give it
name_command() {
    local command

    case $1 in
        ls) COMMAND=list ;;
        rm) COMMAND=delete ;;
        get) COMMAND=show ;;
        version) COMMAND=help OPTION[version]=1 ;;
        *) COMMAND=$1 ;;
    esac
    is_command "$COMMAND" && return
    COMMAND=''
    for command in "${COMMANDS[@]}"; do
        ! is_nearly "$1" "$command" \
            || usage_error "unknown command \"$1\": did you mean \"$command\"?"
    done
    usage_error "unknown command \"$1\""
}

# whether two words differ in one letter, or in two that have changed places, or
# the second begins with the first
is_nearly() {
    local a=$1 b=$2 n=0

    ((${#a} >= 2)) || return 1
    [[ $b != "$a"* ]] || return 0
    while ((n < ${#a} && n < ${#b})) && [[ ${a:n:1} == "${b:n:1}" ]]; do
        ((n++, 1))
    done
    a=${a:n} b=${b:n}
    [[ ${a:1} == "${b:1}" || ${a:1} == "$b" || $a == "${b:1}" \
        || ${a:1:1}${a:0:1}${a:2} == "$b" ]]
}

# An empty value is most often a variable that is not set: a key must not go
# without its constraint, its pepper or its database for that.
refuse_empty() {
    [[ " ${FREE_TEXT[*]} " != *" $1 "* ]] || return 0
    case $1 in
        ?) usage_error "-$1: the value is empty" ;;
        *) usage_error "--$1: the value is empty" ;;
    esac
}

# one option and its value to OPTION or MANY_<option>
keep_option() {
    local name=$1 value=$2

    [[ -n $value ]] || refuse_empty "$name"
    if [[ ${TAKES[$name]} == many ]]; then
        local -n many=MANY_${name//-/_}
        many+=("$value")
        OPTION[$name]=1
    else
        [[ -z ${OPTION[$name]+set} || ${TAKES[$name]} == no ]] \
            || usage_error "$word is given twice"
        OPTION[$name]=$value
    fi
}

no_value() {
    case $1 in
        h) usage_error '-h needs a value, the host of Redis; for help: --help' ;;
        ?) usage_error "-$1 needs a value" ;;
        *) usage_error "--$1 needs a value" ;;
    esac
}

# The option at the front of what is left; `used`: how many words it took.
parse_option() {
    local word=$1 name value has_value=''

    used=1
    if [[ $word == --* ]]; then
        name=${word#--}
        if [[ $name == *=* ]]; then
            value=${name#*=} name=${name%%=*} has_value=1
        fi
        word=${word%%=*}
    else
        name=${SHORT[${word:1:1}]:-}
        [[ ${#word} == 2 ]] || { value=${word:2} has_value=1; }
        word=${word:0:2}
    fi
    [[ -n $name && -n ${TAKES[$name]:-} ]] \
        || usage_error "unknown option $word"
    if [[ ${TAKES[$name]} == no ]]; then
        [[ -z $has_value ]] || usage_error "--$name takes no value"
        value=1
    elif [[ -z $has_value ]]; then
        (($# > 1)) || no_value "$name"
        value=$2 used=2
    fi
    keep_option "$name" "$value"
}

read_command_line() {
    local used

    learn_options global
    while (($# > 0)); do
        if [[ $1 == -- ]]; then
            shift
            DASHES=${#ARGUMENTS[@]}
            ARGUMENTS+=("$@")
            break
        elif [[ $1 == -?* ]]; then
            parse_option "$@"
            shift "$used"
        elif [[ -z $COMMAND ]]; then
            name_command "$1"
            learn_options "$COMMAND"
            shift
        else
            ARGUMENTS+=("$1")
            shift
        fi
    done
    settle_options
}

settle_options() {
    if [[ -n ${OPTION[version]:-} ]]; then
        find_version
        echo "scoped-key $VERSION"
        exit 0
    fi
    if [[ -n ${OPTION[help]:-} ]]; then
        print_help "$COMMAND"
        exit 0
    fi
    [[ -n $COMMAND ]] || usage_error 'no command'
    [[ -n ${NO_COLOR:-} || ${TERM:-dumb} == dumb || ! -t 1 ]] || COLOUR=yes
    REDIS_PREFIX=${OPTION[redis-prefix]:-scoped_key:}
    [[ $REDIS_PREFIX != *['{}']* && $REDIS_PREFIX != *[[:cntrl:]]* ]] \
        || usage_error '--redis-prefix: braces and control bytes cannot be' \
            'part of it'
    PEPPER_FILE=${OPTION[pepper-file]:-${SCOPED_KEY_PEPPER_FILE:-}}
    if [[ -n ${OPTION[replicas]:-} ]]; then
        [[ ${OPTION[replicas]} =~ ^[1-9][0-9]{0,3}$ ]] \
            || usage_error '--replicas: give a number from 1'
        OPTION[durable]=1
    fi
    settle_timeout
    settle_connection
}

# seconds, to TIMEOUT_MS; and how long replicas are waited for, which is less
settle_timeout() {
    local timeout=${OPTION[timeout]:-5}

    [[ $timeout =~ ^(0|[1-9][0-9]{0,3})(\.([0-9]{1,3}))?$ ]] \
        || usage_error "--timeout: give seconds from 0.1 to 3600, not \"$timeout\""
    TIMEOUT_MS=${BASH_REMATCH[3]}000
    TIMEOUT_MS=$((BASH_REMATCH[1] * 1000 + 10#${TIMEOUT_MS:0:3}))
    ((TIMEOUT_MS >= 100 && TIMEOUT_MS <= 3600000)) \
        || usage_error "--timeout: give seconds from 0.1 to 3600, not \"$timeout\""
    WAIT_MS=$((TIMEOUT_MS < 5000 ? TIMEOUT_MS * 2 / 5 : 2000))
    set_patience 90
}

# need_number WHAT TEXT LEAST MOST: in plain decimal digits
need_number() {
    [[ $2 =~ ^(0|[1-9][0-9]{0,5})$ ]] || usage_error "$1: \"$2\" is no number"
    (($2 >= $3 && $2 <= $4)) \
        || usage_error "$1: give a number from $3 to $4, not \"$2\""
}

# what redis-cli would take for something else
check_connection() {
    [[ -z ${OPTION[n]+set} ]] || need_number -n "${OPTION[n]}" 0 65535
    [[ -z ${OPTION[p]+set} ]] || need_number -p "${OPTION[p]}" 1 65535
    [[ ! ${OPTION[h]:-} =~ ^[^:]*:[^:]*$ && ${OPTION[h]:-} != *[][/@]* ]] \
        || usage_error "-h: give a name or an address; the port goes to -p"
}

# Without a password redis-cli logs nobody in: it works as the user default.
check_user() {
    [[ -z $REDIS_USER || -n $REDIS_PASSWORD || -n ${REDISCLI_AUTH:-} ]] \
        || usage_error "the user \"$REDIS_USER\" needs a password:" \
            'REDISCLI_AUTH or --askpass'
    [[ -z $REDIS_USER ]] || REDIS_OPTIONS+=(--user "$REDIS_USER")
}

# global options that are redis-cli's own go to it as they are
settle_connection() {
    local name uri=${OPTION[uri]:-${SCOPED_KEY_URI:-}}

    unset SCOPED_KEY_URI
    check_connection
    [[ -z $uri ]] || parse_uri "$uri"
    REDIS_USER=${OPTION[user]:-$REDIS_USER}
    for name in h p s n; do
        [[ -z ${OPTION[$name]+set} ]] \
            || REDIS_OPTIONS+=("-$name" "${OPTION[$name]}")
    done
    for name in sni cacert cacertdir cert key tls-ciphers; do
        [[ -z ${OPTION[$name]+set} ]] \
            || REDIS_OPTIONS+=("--$name" "${OPTION[$name]}")
    done
    for name in tls insecure; do
        [[ -z ${OPTION[$name]+set} ]] || REDIS_OPTIONS+=("--$name")
    done
    CLUSTER=0
    if [[ -n ${OPTION[c]:-} ]]; then
        CLUSTER=1
        REDIS_OPTIONS+=(-c)
    fi
    if [[ -n ${OPTION[askpass]:-} ]]; then
        IFS= read -r -s -p 'Redis password: ' REDIS_PASSWORD </dev/tty \
            2>/dev/tty || fail 'no terminal to ask for the password'
        echo >/dev/tty
    fi
    check_user
    read_target
}

need_arguments() {
    local least=$1 most=$2 what=$3

    ((${#ARGUMENTS[@]} >= least)) || usage_error "$COMMAND needs $what"
    ((most < 0 || ${#ARGUMENTS[@]} <= most)) \
        || usage_error "$COMMAND takes $what"
}

print_help() {
    if [[ -n $1 ]]; then
        read_help "$1"
        printf %s "$result"
        echo
        echo 'Options of every command: scoped-key --help'
    else
        read_help global
        printf %s "$result"
    fi
}
