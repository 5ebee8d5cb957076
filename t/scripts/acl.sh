# The users of docs/redis.md for Redis before 7: nothing in them that Redis 6.0
# does not know, and enough for every command and for the workers.  The Redis
# that is installed is a newer one, told to give channels as the older ones do.
source ./lib.bash
source ./servers.bash

awk '$0 == "<!-- file: users-6.acl -->" { found = 1; next }
    found && /^```/ { if (inside) exit; inside = 1; next }
    inside' ../../docs/redis.md >"$DIR/users.acl"
ok 'the documented users' grep -q '^user operator on >' "$DIR/users.acl"
is 'no rights on channels, no selectors, no kinds of access' \
    "$(grep -cE ' [&%(]|channels' "$DIR/users.acl")" 0
start older --port 0 --acl-pubsub-default allchannels \
    --aclfile "$DIR/users.acl"
like 'nobody without a password' \
    "$(redis-cli -s "$DIR/older.socket" GET a 2>&1)" NOAUTH

password=$(sed -n 's/^user operator on >\([^ ]*\) .*/\1/p' "$DIR/users.acl")
operate() {
    REDISCLI_AUTH=$password at -s "$DIR/older.socket" --user operator "$@"
    is "$*" "$status [$err]" '0 []'
}
operate create --quiet dns:read
text=$out id=${out:3:12}
operate grant "$id" dns:write --quiet
operate ungrant "$id" dns:write --quiet
operate disable "$id" --quiet
operate enable "$id" --quiet
operate expire "$id" 90d --quiet
operate rotate "$id" --quiet
operate list --quiet
operate show "$id" --quiet
operate unused --days 1 --quiet
operate export
cp "$DIR/out" "$DIR/exported"
operate delete "$id" --quiet
operate import "$DIR/exported" --quiet
REDISCLI_AUTH=$password redis-cli -s "$DIR/older.socket" --user operator \
    FLUSHALL >"$DIR/out" 2>&1
like 'an operator may not FLUSHALL' "$(<"$DIR/out")" NOPERM

password=$(sed -n 's/^user nginx on >\([^ ]*\) .*/\1/p' "$DIR/users.acl")
worker() {
    REDISCLI_AUTH=$password redis-cli -s "$DIR/older.socket" --user nginx "$@" 2>&1
}
unlike 'a lookup' "$(printf '%s\n' MULTI "HGETALL scoped_key:{$id}" \
    "SMEMBERS scoped_key:{$id}:scopes" EXEC | worker)" 'NOPERM|ERR'
unlike 'a last use' "$(worker ZADD scoped_key:last_used GT 1 "$id")" 'NOPERM|ERR'
unlike 'its number' "$(worker CLIENT ID)" 'NOPERM|ERR'
unlike 'tracking' "$(worker CLIENT TRACKING ON BCAST PREFIX 'scoped_key:{')" \
    NOPERM
unlike 'its channel' "$(timeout 2 redis-cli -s "$DIR/older.socket" --user nginx \
    --pass "$password" --no-auth-warning SUBSCRIBE scoped_key:invalidate 2>&1)" NOPERM
for command in "HSET scoped_key:{$id} enabled 1" "DEL scoped_key:{$id}" \
    'PUBLISH scoped_key:invalidate x' 'CONFIG GET *' 'ZADD other 1 x'; do
    # shellcheck disable=SC2086
    like "a worker may not $command" "$(worker $command)" NOPERM
done
