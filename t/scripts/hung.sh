# Redis that does not answer, or not to the end: no command waits longer than
# --timeout, each says where, and what became of the change
source ./lib.bash
source ./servers.bash

# proxy MODE WORD: another Redis at $port, which fails from WORD on
proxy() {
    ((${#servers[@]} == 0)) || { kill "${servers[@]}"; wait "${servers[@]}"; } 2>/dev/null
    free_port
    python3 ./proxy.py "$port" "$SOCKET" "$1" "$2" 2>>"$DIR/proxy.log" &
    servers=($!)
    for ((i = 0; i < 200; i++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.05
    done
    failed "the proxy does not answer: $1 $2"
}

# the command by way of the proxy; its time to $took, in milliseconds
by() {
    took=${EPOCHREALTIME/./}
    "$SCOPED_KEY" -p "$port" --timeout 2 "$@" >"$DIR/out" 2>"$DIR/err" </dev/null
    status=$?
    took=$(((${EPOCHREALTIME/./} - took) / 1000))
    out=$(<"$DIR/out") err=$(<"$DIR/err")
}

# in_time WHAT: status 3 within the time and what a loaded machine adds
in_time() {
    is "$1: status" "$status" 3
    ok "$1: in time, not $took ms" test "$took" -lt 4500
    like "$1: where" "$err" "127.0.0.1:$port"
}

new_key a:b
printf '{"digest":"%064d"}\n' 1 >"$DIR/lines"
commands=('list' 'list --json' "show $id" 'unused --days 1' 'export' 'check'
    "explain $id GET /" 'create' "rotate $id" "set $id name=n" "grant $id c:d"
    "ungrant $id a:b" "enable $id" "disable $id" "expire $id 1d" "delete $id"
    "import $DIR/lines" 'disable --owner o --all')

# who accepts connections and never answers
proxy dead -
before=$(redis HGETALL "scoped_key:{$id}")
for command in "${commands[@]}"; do
    # shellcheck disable=SC2086
    by $command
    in_time "no answer: $command"
    is "no answer: $command: no output" "$out" ''
    case $command in
        list* | show* | unused* | export | check | explain*) ;;
        import*) ;;
        *) like "no answer: $command: said" "$err" 'nothing was changed' ;;
    esac
done
is 'no answer: nothing was changed' "$(redis HGETALL "scoped_key:{$id}")$(
    redis ZCARD scoped_key:ids)" "${before}1"
took=${EPOCHREALTIME/./}
"$SCOPED_KEY" -p "$port" list 2>"$DIR/err"
is 'no answer: the default: status' "$?" 3
took=$(((${EPOCHREALTIME/./} - took) / 1000))
ok 'no answer: the default is 5 s' test "$took" -gt 3500 -a "$took" -lt 7500
is 'no answer: no process is left' "$(pgrep -f "redis-cli.* $port( |\$)")" ''

# in the middle: of what reads
for word in page browse view; do
    proxy half "$word"
    for command in list "show $id" export; do
        # shellcheck disable=SC2086
        by $command
        [[ $status == 0 ]] || in_time "half an answer to $word: $command"
    done
done
proxy drip browse
by list
in_time 'a byte a second'

# in the middle of a change: done, but nobody says so; not done; not known
change() {
    local mode=$1 outcome=$2 wanted=$3

    new_key a:b
    redis HSET "scoped_key:{$id}" enabled 1 >/dev/null
    proxy "$mode" apply
    by disable "$id"
    in_time "disable, $mode"
    like "disable, $mode: said" "$err" "$outcome"
    is "disable, $mode: it is so" "$(field enabled)" "$wanted"
}
change swallow 'the change was made$' 0
change half 'the change was made$' 0
change hold 'nothing was changed$' 1
change deaf 'whether the change was made is not known$' 0
change dead 'whether the change was made is not known$' 1

new_key a:b; a=$id
new_key a:b; b=$id
proxy swallow apply
by disable "$a" "$b" 000000000000
in_time 'disable of several'
like 'disable of several: which' "$err" 'of 3 keys'
# redis-cli waits for the first: the second was never sent
is 'disable of several: they are as it says' "$(redis HGET "scoped_key:{$a}" enabled)$(
    redis HGET "scoped_key:{$b}" enabled)" 01
like 'disable of several: counted' "$err" 'were changed'

new_key a:b; a=$id
new_key a:b; b=$id
proxy swallow delete
by delete "$a" "$b" --yes
in_time 'delete of several'
like 'delete of several: counted' "$err" 'of 2 keys 1 were changed; 1 were not'
like 'delete of several: what is gone' "$out$err" "deleted $a"
is 'delete of several: it is so' "$(redis EXISTS "scoped_key:{$a}")$(
    redis EXISTS "scoped_key:{$b}")" 01

for mode in swallow hold deaf dead; do
    redis FLUSHALL >/dev/null
    proxy "$mode" put
    by create a:b
    in_time "create, $mode"
    case $mode in
        swallow) id=${out:3:12}
            is 'create, swallow: the key is shown' "${#out} $(field digest)" \
                "54 $(printf %s "$out" | b2sum -l 256 | cut -d' ' -f1)" ;;
        hold) is 'create, hold: no key' "[$out] $(redis DBSIZE)" '[] 0'
            like 'create, hold: said' "$err" 'nothing was changed' ;;
        *) is "create, $mode: no key is shown" "$out" ''
            like "create, $mode: said" "$err" 'is not known: delete [0-9A-Za-z]{12} if' ;;
    esac
done

redis FLUSHALL >/dev/null
new_key a:b
for mode in swallow hold deaf dead; do
    before=$(field digest)
    proxy "$mode" rotate
    by rotate "$id" --grace 1h
    in_time "rotate, $mode"
    case $mode in
        swallow)
            is 'rotate, swallow: the key is shown' "$(field digest)" \
                "$(printf %s "$out" | b2sum -l 256 | cut -d' ' -f1)"
            is 'rotate, swallow: the old one goes on' "$(field previous_digest)" "$before" ;;
        hold) is 'rotate, hold: as before' "[$out] $(field digest)" "[] $before"
            like 'rotate, hold: said' "$err" 'nothing was changed' ;;
        *) is "rotate, $mode: no key is shown" "$out" ''
            like "rotate, $mode: said" "$err" 'is not known: rotate it again' ;;
    esac
done
for mode in swallow hold deaf dead; do
    new_key a:b
    proxy "$mode" delete
    by delete "$id"
    in_time "delete, $mode"
    case $mode in
        swallow) like 'delete, swallow' "$err" 'the change was made' ;;
        hold) like 'delete, hold' "$err" 'nothing was changed' ;;
        *) like "delete, $mode" "$err" 'not known' ;;
    esac
    if [[ $mode == swallow || $mode == deaf ]]; then wanted=0; else wanted=1; fi
    is "delete, $mode: it is so" "$(redis EXISTS "scoped_key:{$id}")" "$wanted"
done

# an error in place of the answer
new_key a:b
proxy error apply
by disable "$id"
is 'an error: status' "$status" 3
like 'an error: what Redis said, and what became of it' "$err" \
    'Redis refused: ERR the server lies.*docs/redis.md.*nothing was changed'
is 'an error: it is so' "$(field enabled)" 1

# a server that was stopped and one that was killed
free_port
start stopped --port "$port" --bind 127.0.0.1
by create a:b
id=${out:3:12}
kill -STOP "${servers[-1]}"
by disable "$id"
in_time 'a stopped server'
by list
in_time 'a stopped server: list'
kill -CONT "${servers[-1]}"
kill -KILL "${servers[-1]}"
wait "${servers[-1]}" 2>/dev/null
by disable "$id"
in_time 'nobody there'
like 'nobody there: said' "$err" 'Could not connect.*nothing was changed'

for timeout in 0 abc -1 0.05 3601 1.2345; do
    run --timeout "$timeout" list
    is "--timeout $timeout" "$status [$out]" '2 []'
done
run --timeout 0.5 list
is '--timeout 0.5' "$status" 0
