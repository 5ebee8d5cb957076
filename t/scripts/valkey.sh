# Where there is no redis-cli, valkey-cli will do.
source ./lib.bash

mkdir "$DIR/path"
for program in bash env find dirname flock mkdir sha1sum timeout jq b2sum od \
    openssl date cat head tr cut sort sleep rm mktemp; do
    ln -s "$(command -v "$program")" "$DIR/path/$program"
done

# alone ARGUMENT...: the command with nothing but these programs
alone() {
    PATH=$DIR/path run "$@"
}

for command in list 'create dns:read' 'doctor'; do
    # shellcheck disable=SC2086  # several words
    alone $command
    ok "neither: $command: status" test "$status" != 0
    like "neither: $command: why" "$err" \
        'neither redis-cli nor valkey-cli is installed'
done

ln -s "$(command -v valkey-cli || command -v redis-cli)" "$DIR/path/valkey-cli"
alone create --quiet --name one dns:read
is 'valkey-cli: create' "$status [$err]" '0 []'
id=${out#*_} id=${id%%_*}
alone grant "$id" dns:write
is 'valkey-cli: grant' "$status [$err]" '0 []'
is 'valkey-cli: it is there' "$(members)" $'dns:read\ndns:write'
alone disable "$id"
is 'valkey-cli: disable' "$status $(field enabled)" '0 0'
alone list
like 'valkey-cli: list' "$out" "$id"
alone export
is 'valkey-cli: export' "$(jq -r .name <<<"$out")" one
printf '%s\n' "$out" >"$DIR/exported"
alone delete "$id" </dev/null
is 'valkey-cli: delete' "$status $(redis EXISTS "scoped_key:{$id}")" '0 0'
alone import "$DIR/exported"
is 'valkey-cli: import' "$status $(field name)" '0 one'

# a server that is not there, and one that wants a password
SOCKET=$DIR/nowhere alone list
ok 'valkey-cli: nobody there: status' test "$status" != 0
like 'valkey-cli: nobody there: why' "$err" 'Could not connect'
redis CONFIG SET requirepass secret >/dev/null
alone list
ok 'valkey-cli: a password: status' test "$status" != 0
REDISCLI_AUTH=secret alone list
like 'valkey-cli: with it' "$status $out" "^0 .*$id"
REDISCLI_AUTH=wrong alone list
ok 'valkey-cli: a wrong one' test "$status" != 0
REDISCLI_AUTH=secret redis CONFIG SET requirepass '' >/dev/null
