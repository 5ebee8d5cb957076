# connections: URIs, passwords, users, TLS, databases, what does not answer
source ./lib.bash
source ./servers.bash

free_port
start locked --port "$port" --bind 127.0.0.1 --requirepass 's e:c@r/e%t'
locked=$DIR/locked.socket
at -s "$locked" list
is 'no password: status' "$status" 3
like 'no password: reason' "$err" NOAUTH
REDISCLI_AUTH='s e:c@r/e%t' at -s "$locked" create --quiet
is 'REDISCLI_AUTH' "$status" 0
REDISCLI_AUTH=wrong at -s "$locked" create --quiet
is 'a wrong password: no text' "$status [$out]" '3 []'
at -u "redis://:s%20e%3Ac%40r%2Fe%25t@127.0.0.1:$port/0" list --quiet
is '-u with a password' "$status $(wc -w <<<"$out")" '0 1'
SCOPED_KEY_URI="redis://:s%20e%3Ac%40r%2Fe%25t@127.0.0.1:$port" at list --quiet
is 'SCOPED_KEY_URI' "$status $(wc -w <<<"$out")" '0 1'
REDISCLI_AUTH='s e:c@r/e%t' redis-cli -s "$locked" \
    ACL SETUSER ops on '>p%w' '~scoped_key:*' '&scoped_key:*' +@all >/dev/null
at -u "redis://ops:p%25w@127.0.0.1:$port" create --quiet
is '-u with a user' "$status" 0
REDISCLI_AUTH=p%w at -h 127.0.0.1 -p "$port" --user ops list --quiet
is '--user' "$status $(wc -w <<<"$out")" '0 2'
REDISCLI_AUTH=p%w at -h 127.0.0.1 -p "$port" --user ops --redis-prefix other: \
    create --quiet
is 'what the user may not' "$status [$out]" '3 []'
like 'what the user may not: reason' "$err" 'NOPERM|permission|ACL'

# Who cannot log in is told so: redis-cli would go on as the user default, and
# before Redis 7.0 it says so in other words.
mkdir "$DIR/older"
printf '#!/bin/sh\nexec "%s" "$@" 2>&1 | sed -u "s/^AUTH failed:.*/%s/"\n' \
    "$(command -v redis-cli)" 'Warning: AUTH failed' >"$DIR/older/redis-cli"
# one that says nothing, and goes on
mkdir "$DIR/silent"
printf '#!/bin/sh\nexec "%s" "$@" 2>/dev/null\n' \
    "$(command -v redis-cli)" >"$DIR/silent/redis-cli"
chmod +x "$DIR"/*/redis-cli
redis ACL SETUSER ops on '>p%w' '~scoped_key:*' '&scoped_key:*' +@all >/dev/null
free_port
start open --port "$port" --bind 127.0.0.1
redis-cli -p "$port" ACL SETUSER ops on '>p%w' '~*' '&*' +@all >/dev/null
redis-cli -p "$port" ACL SETUSER mute on '>p%w' '~*' '&*' +@all -acl >/dev/null
for path in "" "$DIR/older:" "$DIR/silent:"; do
    for user in ops nobody; do
        PATH=$path$PATH at -u "redis://$user:wrong@127.0.0.1:$port" create -q
        is "$path a wrong password of $user" "$status [$out]" '3 []'
        like "$path a wrong password of $user: said" "$err" 'nothing was done'
        PATH=$path$PATH REDISCLI_AUTH=wrong at -h 127.0.0.1 -p "$port" \
            --user "$user" import <<<'{}'
        is "$path import, a wrong password of $user" "$status [$out]" '3 []'
    done
    for user in ops mute; do
        PATH=$path$PATH at -u "redis://$user:p%25w@127.0.0.1:$port" create -q
        is "$path the right password of $user" "$status [$err]" '0 []'
    done
done
is 'nobody has written as default' "$(redis-cli -p "$port" ZCARD \
    scoped_key:ids)" 6
at -u "redis://ops:@127.0.0.1:$port" create --quiet
is 'a user without a password' "$status [$out]" '2 []'
at -p "$port" --user ops create --quiet
is '--user without a password' "$status [$out]" '2 []'
like '--user without a password: why' "$err" REDISCLI_AUTH

# what redis-cli would take for 0, or for another server
for words in '-n prod' '-n -1' '-n 1x' '-n 70000' '-n 010' '-p abc' '-p 0' \
    '-p 65536' '-p 6379x' '-h 127.0.0.1:6379' '-h redis:6379' '-h a/b' \
    '-u redis://localhost:abc' '-u redis://localhost:' '-u redis://a:b:6379' \
    '-u redis://localhost:6379/prod' '-u redis://localhost:6379/0/1' \
    '-u redis://localhost:0' '-u redis://localhost:65536' \
    '-u redis://localhost:6379?db=1' '-u redis://[::1' '-u redis://::1:6379'; do
    # shellcheck disable=SC2086
    at $words list
    is "$words" "$status [$out]" '2 []'
done
at -u "redis://127.0.0.1:$port/" list --quiet
is '-u with a slash and no database' "$status" 0

# the password that was in the URI is in no command line of redis-cli's
mkdir "$DIR/bin"
printf '#!/bin/sh\ntr "\\0" " " </proc/$$/cmdline >>"%s"\nexec "%s" "$@"\n' \
    "$DIR/seen" "$(command -v redis-cli)" >"$DIR/bin/redis-cli"
chmod +x "$DIR/bin/redis-cli"
PATH=$DIR/bin:$PATH at -u "redis://ops:p%25w@127.0.0.1:$port" list
ok 'the stand-in saw a command line' grep -q "127.0.0.1:$port" "$DIR/seen"
is 'no password in it' "$(grep -c 'p%' "$DIR/seen")" 0

at -u ftp://localhost list
is 'no Redis URI' "$status" 2
at -u s3cret@localhost list
is 'no Redis URI: it may hold a secret' "$status $(grep -c s3cret "$DIR/err")" '2 0'
at -u 'redis://:a%2@localhost' list
is 'a bad percent sign' "$status" 2
for command in create list 'list --json' export check unused\ --days\ 1 'show abcd' \
    'list --scope a:b'; do
    # shellcheck disable=SC2086
    at -s "$DIR/none.socket" $command
    is "$command: nobody there" "$status [$out]" '3 []'
    like "$command: nobody there, said once" "$err" \
        '^scoped-key: Redis: Could not connect to (Redis|Valkey) at [^'$'\n'']*$'
    unlike "$command: nothing was sent" "$err" 'not known'
    # shellcheck disable=SC2086
    at -s "$locked" $command
    is "$command: no password" "$status [$out] $(wc -l <"$DIR/err")" '3 [] 1'
done
at -s "$DIR/none.socket" export
is 'export: nobody there' "$status" 3
echo '{}' | "$SCOPED_KEY" -s "$DIR/none.socket" import >/dev/null 2>&1
is 'import: nobody there' "$?" 3
run -n 5 create --quiet
is '-n: another database' "$(redis -n 5 ZCARD scoped_key:ids)$(redis ZCARD \
    scoped_key:ids)" 10
redis -n 5 FLUSHDB >/dev/null
run --redis-prefix 'other "p" ' create --quiet
id=${out:3:12}
is '--redis-prefix' "$(redis HGET "other \"p\" {$id}" enabled)" 1
is '--redis-prefix: list' "$(sk --redis-prefix 'other "p" ' list --quiet)" "$id"
run --redis-prefix '{x}' list
is '--redis-prefix with braces' "$status" 2
redis SCRIPT FLUSH >/dev/null
run create --quiet
is 'scripts were flushed' "$status" 0
redis SET scoped_key:ids x >/dev/null
run list
is 'the index is of another type' "$status" 3
like 'the index is of another type: said' "$err" 'Redis refused: WRONGTYPE.*--redis-prefix'
run create
is 'create: the index is of another type' "$status [$out]" '3 []'
redis DEL scoped_key:ids >/dev/null

# replicas: none, and one
run create --durable --quiet
is '--durable without a replica: done, said, 1' "$status ${#out}" '1 54'
like '--durable without a replica: said' "$err" 'no.*replica|0 of 1'
free_port
primary=$port
start primary --port "$primary" --bind 127.0.0.1
free_port
start replica --port "$port" --bind 127.0.0.1 --replicaof "127.0.0.1 $primary"
for ((i = 0; i < 100; i++)); do
    redis-cli -p "$primary" INFO replication | grep -q state=online && break
    sleep 0.1
done
at -p "$primary" create --durable --quiet
is '--durable with a replica' "$status [$err]" '0 []'
id=${out:3:12}
is '--durable: it is there' "$(redis-cli -p "$port" HGET "scoped_key:{$id}" \
    enabled)" 1
at -p "$primary" disable "$id" --durable
is 'disable --durable' "$status $out" "0 disabled $id"
at -p "$primary" enable "$id" --replicas 2
is '--replicas 2 with one' "$status" 1
like '--replicas 2 with one: said' "$err" '1 of 2'
printf '{"digest":"%064d"}\n' 1 >"$DIR/lines"
at -p "$primary" import --durable "$DIR/lines"
is 'import --durable' "$status" 0
at -p "$primary" import --replicas 2 "$DIR/lines"
is 'import --replicas 2 with one' "$status" 1
at -p "$port" create --quiet
is 'a replica takes no keys' "$status [$out]" '3 []'
at -p "$port" show "$id" --quiet
is 'a replica shows keys' "$status" 0

# TLS
if redis-cli --help 2>&1 | grep -q -- --tls; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$DIR/tls.key" -days 2 \
        -out "$DIR/tls.crt" -subj /CN=localhost -addext \
        'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>/dev/null
    free_port
    start tls --port 0 --tls-port "$port" --bind 127.0.0.1 --tls-auth-clients \
        no --tls-cert-file "$DIR/tls.crt" --tls-key-file "$DIR/tls.key" \
        --tls-ca-cert-file "$DIR/tls.crt"
    at -h 127.0.0.1 -p "$port" --tls --cacert "$DIR/tls.crt" create --quiet
    is '--tls' "$status [$err]" '0 []'
    at -u "rediss://127.0.0.1:$port" --cacert "$DIR/tls.crt" list --quiet
    is 'rediss://' "$status $(wc -w <<<"$out")" '0 1'
    at -h 127.0.0.1 -p "$port" --tls list
    is 'TLS that nobody vouches for' "$status" 3
fi

# a user who may not publish changes nothing
redis ACL SETUSER mute on nopass '~*' resetchannels +@all >/dev/null
new_key a:b
before=$(redis HGETALL "scoped_key:{$id}")
for command in "disable $id" "rotate $id" "expire $id 1d" "delete $id" \
    "grant $id c:d" "ungrant $id a:b" create; do
    # shellcheck disable=SC2086
    REDISCLI_AUTH=x run --user mute $command
    is "may not publish: $command" "$status [$out]" '3 []'
    like "may not publish: $command: said" "$err" \
        'Redis refused: .*(docs/redis.md|doctor).*nothing was changed'
done
is 'may not publish: nothing has changed' "$(redis HGETALL "scoped_key:{$id}")$(
    members)$(redis ZCARD scoped_key:ids)" "${before}a:b2"
redis ACL DELUSER mute >/dev/null
