# interruption: whatever is killed, whenever: no half key, no key without a text
source ./lib.bash

# every record is whole, in the index, and what it is in the index for
consistent() {
    redis EVAL '
        local wrong = {}
        for _, key in ipairs(redis.call("KEYS", "scoped_key:{*}*")) do
            local id, rest = key:match("^scoped_key:{(%w+)}(.*)$")
            local record = "scoped_key:{" .. id .. "}"
            if rest == "" and redis.call("ZSCORE", "scoped_key:ids", id)
                ~= redis.call("HGET", key, "created_at")
            then
                wrong[#wrong + 1] = id .. " is not in the index"
            elseif rest == "" and redis.call("SCARD", key .. ":scopes") ~= 2
            then
                wrong[#wrong + 1] = id .. " lacks grants"
            elseif rest ~= "" and redis.call("EXISTS", record) == 0 then
                wrong[#wrong + 1] = key .. " has no record"
            end
        end
        return wrong' 0
    sk list --json | jq -r 'select(.state == "invalid" or .name != "whole"
        or .owner != "o") | .id + ": half"'
}

# kills a command and all that it started after some milliseconds
kill_after() {
    local ms=$1 signal=$2 pid

    shift 2
    setsid env --default-signal=INT "$SCOPED_KEY" -s "$SOCKET" "$@" >"$DIR/text" 2>"$DIR/err" \
        </dev/null &
    pid=$!
    sleep "0.$(printf %03d "$ms")"
    kill "-$signal" -- "-$pid"
    wait "$pid"
} 2>/dev/null


for ((i = 0; i < 40; i++)); do
    kill_after $((RANDOM % 80)) KILL create --quiet --name whole --owner o a:b c:d
    [[ ! -s $DIR/text ]] || shown[i]=$(<"$DIR/text")
done
is 'create, killed: nothing half' "$(consistent)" ''
missing=0
for text in "${shown[@]}"; do
    id=${text#*_}
    id=${id%%_*}
    [[ $(field digest) == "$(printf %s "$text" | b2sum -l 256 |
        cut -d' ' -f1)" ]] || missing=1
done
is 'create, killed: every text that was shown is a key' "$missing" 0

redis FLUSHALL >/dev/null
for signal in INT TERM; do
    for ((i = 0; i < 20; i++)); do
        kill_after $((RANDOM % 80)) "$signal" create --quiet --name whole \
            --owner o a:b c:d
        [[ ! -s $DIR/text ]] || echo x
    done >>"$DIR/count"
    is "create, $signal: as many keys as texts" "$(sk list --quiet | wc -l)" \
        "$(wc -l <"$DIR/count")"
    is "create, $signal: nothing half" "$(consistent)" ''
done

redis FLUSHALL >/dev/null
new_key --name whole --owner o a:b c:d
last=$text
lost=0
for ((i = 0; i < 30; i++)); do
    before=$(field digest)
    kill_after $((RANDOM % 80)) KILL rotate "$id" --quiet --grace 1h
    if [[ $(field digest) != "$before" ]]; then
        [[ $(field previous_digest) == "$before" ]] || lost=1
    fi
    if [[ -s $DIR/text ]]; then
        [[ $(field digest) == "$(printf %s "$(<"$DIR/text")" | b2sum -l 256 |
            cut -d' ' -f1)" ]] || lost=1
    fi
done
is 'rotate, killed: one text or the other, whole' "$lost" 0
is 'rotate, killed: nothing half' "$(consistent)" ''

redis FLUSHALL >/dev/null
for n in {1..6000}; do
    printf '{"digest":"%024x%040d","name":"whole","owner":"o","scopes":["a:b","c:d"]}\n' \
        "$n" 0
done >"$DIR/lines"
for ms in 30 60 90 120 150 200 250; do
    kill_after "$ms" KILL import "$DIR/lines"
done
some=$(redis ZCARD scoped_key:ids)
is 'import, killed: nothing half' "$(consistent)" ''
run import "$DIR/lines"
is 'import: goes on where it was' "$status $(redis ZCARD scoped_key:ids)" \
    '0 6000'
is 'import: what was there is passed over' "$out" \
    "$((6000 - some)) added, $some there already, 0 replaced, 0 refused"

# delete in two steps, as in a cluster: what an interruption leaves
new_key
redis DEL "scoped_key:{$id}" "scoped_key:{$id}:scopes" >/dev/null
is 'an id without a record is not shown' "$(sk list --quiet | grep -c "$id")" 0
