# doctor: real servers, each ill in its own way, with every server program that
# is installed.  No fault: status 0; a finding: its line, its remedy, status 1.
source ./lib.bash
source ./servers.bash

programs=(redis-server)
! command -v valkey-server >/dev/null || programs+=(valkey-server)
major=$(redis-server --version | sed 's/.* v=\([0-9]*\).*/\1/')
channels='&*'
((major >= 7)) || channels=''
healthy=(--appendonly yes --appendfsync always)

# examine NAME ARGUMENT...: the server of that name
examine() {
    at -s "$DIR/$1.socket" "${@:2}" doctor </dev/null
}

# says RESULT CHECK REGEX: there is such a line
says() {
    like "$server: $2: $3" "$out" "(^|"$'\n'")$1 +$2 +[^"$'\n'"]*$3"
}

# found CHECK REGEX: a finding, with a remedy after a semicolon
found() {
    is "$server: $1: status" "$status" 1
    says finding "$1" "$2[^"$'\n'"]*; "
}

lone() {
    is "$server: nothing else" "$(grep -c ^finding "$DIR/out")" "$1"
}

admin() {
    redis-cli -s "$DIR/$1.socket" "${@:2}" >/dev/null
}

for server in "${programs[@]}"; do
    # shellcheck disable=SC2317  # servers.bash calls it
    redis-server() { exec "$server" "$@"; }
    name=well-$server
    start "$name" --port 0 "${healthy[@]}"
    examine "$name"
    is "$server: no findings: status" "$status" 0
    lone 0
    is "$server: nothing unknown" "$(grep -c ^unknown "$DIR/out")" 0
    says ok server "$name.socket, database 0, user default"
    says ok keys 'none yet'
    says ok persistence 'appendfsync always'
    says ok clock '[0-9]+ ms apart'
    like "$server: the sum" "$err" '^scoped-key: [0-9]+ checks, 0 findings$'
    is "$server: every line has a check" \
        "$(grep -vcE '^(ok|finding|unknown) +[a-z]+ +.' "$DIR/out")" 0
    examine "$name" --quiet
    is "$server: --quiet" "[$out] [$err] $status" '[] [] 0'
    examine "$name" --json
    is "$server: --json" "$(jq -r .result <"$DIR/out" | sort -u)" ok

    # keys elsewhere
    text=$(at -s "$DIR/$name.socket" --redis-prefix other: create -q a:b; echo "$out")
    examine "$name"
    found keys 'none with the prefix "scoped_key:", but some with "other:"'
    examine "$name" --redis-prefix other:
    is "$server: the right prefix" "$status" 0
    says ok keys '1 in the index other:ids'
    examine "$name" -n 2
    found keys 'none in database 2; there is data in: 0'
    admin "$name" SET strange:ids 1
    examine "$name" --redis-prefix strange:
    found keys 'no sorted set'

    # what would lose keys
    admin "$name" CONFIG SET appendfsync no
    examine "$name" --redis-prefix other:
    found persistence 'appendfsync no'
    admin "$name" CONFIG SET appendonly no
    examine "$name" --redis-prefix other:
    found persistence 'append-only file is off: a restart may lose every key'
    admin "$name" CONFIG SET save '900 1'
    examine "$name" --redis-prefix other:
    found persistence 'loses what came after the last snapshot'
    lone 1
    admin "$name" CONFIG SET appendonly yes
    for policy in allkeys-lru allkeys-lfu allkeys-random; do
        admin "$name" CONFIG SET maxmemory-policy "$policy"
        examine "$name" --redis-prefix other:
        found eviction "$policy drops"
    done
    admin "$name" CONFIG SET maxmemory-policy volatile-lru
    examine "$name" --redis-prefix other:
    is "$server: keys without a TTL stay" "$(grep -c ^finding "$DIR/out")" 1
    admin "$name" CONFIG SET appendfsync always
    admin "$name" CONFIG SET maxmemory 100
    examine "$name" --redis-prefix other:
    found memory '[0-9]+ % of maxmemory'
    admin "$name" CONFIG SET maxmemory 0
    admin "$name" CONFIG SET maxclients 2
    examine "$name" --redis-prefix other:
    is "$server: nearly no connections left" "$status" 0
    admin "$name" CONFIG SET maxclients 1
    examine "$name" --redis-prefix other:
    found clients 'connections are taken'
    admin "$name" CONFIG SET maxclients 1000

    # a replica, and its primary
    replica=replica-$server
    start "$replica" --port 0 "${healthy[@]}" --replicaof 127.0.0.1 1
    examine "$replica"
    found replicas 'is a replica of 127.0.0.1:1, and cut off'

    # rights: of this user, of the workers
    at -s "$DIR/$name.socket" doctor --worker-user nginx
    if ((major >= 7)); then
        found rights 'there is no user nginx'
    fi
    # shellcheck disable=SC2086 # no channels before 6.2
    admin "$name" ACL SETUSER poor on '>p' '~scoped_key:*' $channels -@all +ping \
        +echo +evalsha +eval +@read +acl
    REDISCLI_AUTH=p examine "$name" --user poor
    found rights 'poor may not use [^;]*\bhset\b[^;]*\bpublish\b'
    unlike "$server: it may read" "$out" '\bhgetall\b'
    says unknown server 'persistence, memory and replicas: poor may not ask'
    says unknown clock 'the time of'
    at -s "$DIR/$name.socket" doctor --worker-user poor
    found rights 'poor may not use [^;]*\bclient\|tracking\b'
    like "$server: the remedy" "$out" '; give [^;]*\+client\|tracking\b'
    # shellcheck disable=SC2086
    admin "$name" ACL SETUSER astray on '>p' '~elsewhere:*' $channels +@all
    REDISCLI_AUTH=p examine "$name" --user astray
    found rights 'astray may not use the keys of scoped_key:'
    if ((major >= 7)); then
        admin "$name" ACL SETUSER deaf on '>p' '~*' resetchannels +@all
        at -s "$DIR/$name.socket" doctor --worker-user deaf
        found rights 'deaf may not use the channels for SUBSCRIBE'
        REDISCLI_AUTH=p examine "$name" --user deaf
        found rights 'deaf may not use the channels for PUBLISH'
    fi
    # shellcheck disable=SC2086
    admin "$name" ACL SETUSER mute on '>p' '~*' $channels +@all -acl -info -time -client
    REDISCLI_AUTH=p examine "$name" --user mute --redis-prefix other:
    is "$server: who may ask nothing: status" "$status" 0
    says unknown rights 'the user mute may do'
    like "$server: who may ask nothing: the sum" "$err" '0 findings, [45] unknown$'

    # the user default without rights: in memory, and in a file alone
    # shellcheck disable=SC2086  # may be none
    admin "$name" ACL SETUSER boss on '>p' '~*' $channels +@all
    admin "$name" ACL SETUSER default reset
    REDISCLI_AUTH=p examine "$name" --user boss --redis-prefix other:
    found loading 'the user default has no rights'
    lone 1
    like "$server: the remedy" "$out" 'user default off ~\* (&\* )?\+@all'
    printf 'user default off\nuser boss on >p ~* %s +@all\n' "$channels" \
        >"$DIR/users-$server.acl"
    start "file-$server" --port 0 "${healthy[@]}" --aclfile "$DIR/users-$server.acl"
    REDISCLI_AUTH=p examine "file-$server" --user boss
    found loading 'the user default has no rights'
    # shellcheck disable=SC2086  # may be none
    REDISCLI_AUTH=p redis-cli -s "$DIR/file-$server.socket" --user boss \
        ACL SETUSER default "~*" $channels +@all >/dev/null
    REDISCLI_AUTH=p examine "file-$server" --user boss
    found loading "users-$server.acl leaves the user default without rights"
    printf 'user default off ~* %s +@all\nuser boss on >p ~* %s +@all\n' \
        "$channels" "$channels" >"$DIR/users-$server.acl"
    REDISCLI_AUTH=p examine "file-$server" --user boss
    is "$server: rights of default in the file: status" "$status" 0
    says ok loading 'has the rights'

    # a node of a cluster
    free_node_port
    start "node-$server" --port "$port" --bind 127.0.0.1 --cluster-enabled yes \
        "${healthy[@]}"
    examine "node-$server"
    found cluster 'is a node of a cluster'
    unset -f redis-server
done

# the digest of a key: pepper, prefix, database
server=redis-server
start keyed --port 0 "${healthy[@]}"
head -c 32 /dev/urandom | base64 -w 0 >"$DIR/pepper"
head -c 32 /dev/urandom | base64 -w 0 >"$DIR/other"
keyed=("$SCOPED_KEY" -s "$DIR/keyed.socket")
key=$("${keyed[@]}" --pepper-file "$DIR/pepper" create -q a:b)
check_key() {
    at -s "$DIR/keyed.socket" doctor --check-key "$@" <<<"$key"
}
chmod 600 "$DIR/pepper"
check_key --pepper-file "$DIR/pepper"
is 'the right pepper: status' "$status" 0
says ok key 'the digest fits'
says ok pepper "$DIR/pepper"
check_key
found key 'Redis has another digest'
check_key --pepper-file "$DIR/other"
found key 'Redis has another digest'
check_key --pepper-file "$DIR/pepper" -n 1
found key 'there is no key'
"${keyed[@]}" --pepper-file "$DIR/pepper" rotate "${key:3:12}" -q >/dev/null
check_key --pepper-file "$DIR/pepper"
found key 'another digest'
unlike 'no secret is shown' "$out$err" "${key: -20:10}"
key='sk x' check_key
is 'no key: status' "$status" 1
like 'no key: reason' "$err" 'is no key'
chmod 644 "$DIR/pepper"
at -s "$DIR/keyed.socket" doctor --pepper-file "$DIR/pepper"
found pepper 'everybody'
printf short >"$DIR/pepper"
at -s "$DIR/keyed.socket" doctor --pepper-file "$DIR/pepper"
found pepper '5 bytes'
at -s "$DIR/keyed.socket" doctor --pepper-file "$DIR/nothing"
found pepper 'cannot read'

# a clock that is an hour ahead
if command -v cc >/dev/null; then
    cc -shared -fPIC -o "$DIR/clock.so" ../faults/clock.c
    echo 3600 >"$DIR/offset"
    export LD_PRELOAD=$DIR/clock.so FAULTS_OFFSET=$DIR/offset
    start ahead --port 0 "${healthy[@]}"
    unset LD_PRELOAD FAULTS_OFFSET
    examine ahead
    found clock 'is 3600 s ahead'
fi

# workers: connections that track changes
start tracked --port 0 "${healthy[@]}"
examine tracked
says ok workers '\b0 connected'
coproc LINK { redis-cli -s "$DIR/tracked.socket"; }
echo 'CLIENT ID' >&"${LINK[1]}"
read -r number <&"${LINK[0]}"
printf '%s\n' "CLIENT TRACKING ON REDIRECT ${number##* } BCAST PREFIX scoped_key:{" \
    'SUBSCRIBE __redis__:invalidate scoped_key:invalidate' >&"${LINK[1]}"
for ((i = 0; i < 100; i++)); do
    [[ $(redis-cli -s "$DIR/tracked.socket" INFO clients) == *tracking_clients:1* ]] \
        && break
    sleep 0.05
done
sleep 0.1
examine tracked
says ok workers '1 connected'
says ok rights 'the workers need'
# shellcheck disable=SC2093,SC1083  # a descriptor
exec {LINK[1]}>&-
redis-cli -s "$DIR/tracked.socket" HSET scoped_key:workers a '{}' b '{}' >/dev/null
examine tracked
says ok workers '2 have reported'

# nobody answers, or not to us: no finding
at -s "$DIR/nobody" doctor
is 'no server: status' "$status [$out]" '3 []'
like 'no server: where' "$err" "$DIR/nobody"
start locked --port 0 --requirepass secret
at -s "$DIR/locked.socket" doctor
is 'no password: status' "$status [$out]" '3 []'
REDISCLI_AUTH=wrong at -s "$DIR/locked.socket" doctor
is 'a wrong password: status' "$status [$out]" '3 []'
at -s "$DIR/keyed.socket" doctor words
is 'words: status' "$status" 2

# The rights that doctor asks for are those that docs/redis.md gives
source ../../scripts/lib/rights.bash
documented=$(sed -n 's/^user operator on .* -@all \(.*\) ~.*/\1/p' ../../docs/redis.md \
    | head -n 1)
for right in "${OPERATOR_RIGHTS[@]}"; do
    word=${right#*: } word=${word%% *}
    like "documented: $word" " $documented " " \\+${word,,} "
done
documented=$(sed -n 's/^user nginx on .* -@all \([^%]*\) %.*/\1/p' ../../docs/redis.md \
    | head -n 1)
for right in "${WORKER_RIGHTS[@]}"; do
    read -r -a words <<<"${right#*: }"
    command_name "${words[@]}"
    like "documented: $result" " $documented " " \\+${result//|/[|]} "
done
