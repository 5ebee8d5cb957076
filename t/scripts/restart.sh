# Redis is killed and started again with exactly the configuration of
# docs/redis.md: every change of every command is still there.
source ./lib.bash
source ./servers.bash

# documented NAME: the block of docs/redis.md behind `<!-- file: NAME -->`
documented() {
    awk -v mark="<!-- file: $1 -->" '
        $0 == mark { found = 1; next }
        found && /^```/ { if (inside) exit; inside = 1; next }
        inside' ../../docs/redis.md
}

# Redis before 7 has users of its own; Valkey 7.2, the first, has Redis 7's
users=users.acl
[[ ! $(redis-server --version) =~ ^Redis\ server\ v=6 ]] || users=users-6.acl
conf=$DIR/redis.conf
documented "$users" >"$DIR/users.acl"
documented redis.conf | sed "s|/etc/redis/users.acl|$DIR/users.acl|" >"$conf"
ok 'the documented users' grep -q '^user operator on >' "$DIR/users.acl"
ok 'the documented configuration' grep -qx "aclfile $DIR/users.acl" "$conf"
password=$(sed -n 's/^user operator on >\([^ ]*\) .*/\1/p' "$DIR/users.acl")
admin=(redis-cli -s "$DIR/socket")
operator=("${admin[@]}" --no-auth-warning --user operator --pass "$password")

answers() {
    [[ $("$@" PING 2>/dev/null) == PONG ]]
}

# start_server CLIENT...: with $conf, until it answers the client
start_server() {
    local i

    redis-server "$conf" --port 0 --unixsocket "$DIR/socket" --dir "$DIR" \
        >>"$DIR/log" 2>&1 &
    servers+=($!)
    for ((i = 0; i < 200; i++)); do
        answers "$@" && return
        sleep 0.05
    done
    failed 'Redis starts' "$(tail -n 5 "$DIR/log")"
}

kill_server() {
    local pid=${servers[-1]}

    kill -9 "$pid"
    wait "$pid" 2>/dev/null
    unset 'servers[-1]'
    rm -f "$DIR/socket"
}

sk() {
    REDISCLI_AUTH=$password "$SCOPED_KEY" -s "$DIR/socket" --user operator "$@"
}

# all that there is, in one order
everything() {
    local id

    "${operator[@]}" ZRANGE scoped_key:ids 0 -1 WITHSCORES
    for id in $("${operator[@]}" ZRANGE scoped_key:ids 0 -1); do
        "${operator[@]}" HGETALL "scoped_key:{$id}" | paste - - | sort
        "${operator[@]}" SMEMBERS "scoped_key:{$id}:scopes" | sort
    done
}

# survives WHAT ARGUMENT...: the change is made, and there after kill -9
survives() {
    local what=$1 before after

    before=$(everything)
    sk "${@:2}" >"$DIR/out" 2>"$DIR/err" </dev/null
    is "$what" "$?" 0
    after=$(everything)
    ok "$what: a change" test "$before" != "$after"
    kill_server
    start_server "${operator[@]}"
    is "$what: after a restart" "$(everything)" "$after"
}

start_server "${operator[@]}"
like 'nobody without a password' "$("${admin[@]}" GET a 2>&1)" NOAUTH
survives create create --quiet --name first dns:read
text=$(<"$DIR/out") id=${text#*_} id=${id%%_*}
survives grant grant "$id" dns:write '!dns/secret:read'
survives ungrant ungrant "$id" dns:write
survives disable disable "$id"
survives enable enable "$id"
survives expire expire "$id" 90d
survives rotate rotate "$id" --quiet --grace 1h
sk export >"$DIR/exported"
survives delete delete "$id"
survives import import "$DIR/exported"

# What was in the base of the append-only file: a delete is not undone
kill_server
sed -i '/^aclfile/d' "$conf"
start_server "${admin[@]}"
"${admin[@]}" BGREWRITEAOF >/dev/null
for ((i = 0; i < 200; i++)); do
    [[ $("${admin[@]}" INFO persistence) \
        == *aof_rewrite_in_progress:0*aof_rewrite_scheduled:0* ]] && break
    sleep 0.05
done
kill_server
printf 'aclfile %s\n' "$DIR/users.acl" >>"$conf"
start_server "${operator[@]}"
survives 'rotate, in the base' rotate "$id" --quiet
survives 'disable, in the base' disable "$id"
survives 'delete, in the base' delete "$id"
is 'nothing is left' "$(everything)" ''
