# explain: the verdict of the module's own code, which grant decides, and why
source ./lib.bash

PROGRAM=$PWD/../../build/scoped-key-core
URL=https://api.a.b/topics

# explain of $id, as JSON through a jq filter: $status, $got
explain() {
    local filter=$1

    shift
    run explain "$id" --json "$@"
    got=$(jq -c "$filter" "$DIR/out" 2>&1)
}

new_key dns:write 'zone/*:read' '!zone/secret:read'
sk grant "$id" topics:read topic_id=1,2 embed= --host '*.a.b' \
    --ip '10.0.0.0/8,!10.6.6.6' --method GET,VERSION_CONTROL --quiet

explain . GET / --require valid_key
is 'explain: one line of JSON' "$status $(wc -l <"$DIR/out")" '0 1'

# what decides
explain '[.verdict,.reason,.grant]' GET "$URL" --require dns:write
is 'a plain grant' "$status $got" '0 ["allowed",null,"dns:write"]'
explain '[.verdict,.reason,.grant,.missing]' GET "$URL" --require 'a:b c:d'
is 'no grant' "$status $got" \
    '1 ["refused","insufficient_scope",null,["a:b","c:d"]]'
explain '.grant' GET "$URL" --require 'a:b dns:write'
is 'an alternative' "$status $got" '0 "dns:write"'
explain '[.missing,.clauses[].verdict]' GET "$URL" --require dns:write \
    --require zone/x:write --require zone/x:read
is 'clauses' "$status $got" '1 [["zone/x:write"],"allowed","refused","allowed"]'
explain '[.grant,(.members[]|[.member,.refused_by])]' GET "$URL" \
    --require zone/secret:read
is 'a refusal beats a grant that holds' "$status $got" '1 ["!zone/secret:read",["!zone/secret:read",null],["zone/*:read","!zone/secret:read"]]'
explain '.verdict' GET "$URL" --require valid_key
is 'valid_key' "$status $got" '0 "allowed"'

# conditions of a grant: each by itself, all together
require=(--require topics:read --param embed= --param topic_id=1)
explain '.grant|fromjson|.scope' GET "$URL" --ip 10.1.1.1 "${require[@]}"
is 'all conditions hold' "$status $got" '0 "topics:read"'
explain '.members[0].reason' GET "$URL" "${require[@]}"
is 'no address' "$status $got" '1 "ip_refused"'
explain '.members[0].reason' GET "$URL" --ip 10.6.6.6 "${require[@]}"
is 'an excluded address' "$status $got" '1 "ip_refused"'
explain '.members[0].reason' GET "$URL" --ip ::ffff:10.1.1.1 "${require[@]}"
is 'a mapped address' "$status $got" '0 null'
explain '.members[0].reason' GET https://a.b/ --ip 10.1.1.1 "${require[@]}"
is 'another host' "$status $got" '1 "host_refused"'
explain '.members[0].reason' GET /topics --ip 10.1.1.1 "${require[@]}"
is 'no host' "$status $got" '1 "host_refused"'
explain '.members[0].reason' GET https://API.A.B.:8443 --ip 10.1.1.1 \
    "${require[@]}"
is 'a host in capitals, with a dot and a port' "$status $got" '0 null'
explain '.members[0].reason' POST "$URL" --ip 10.1.1.1 "${require[@]}"
is 'another method' "$status $got" '1 "method_refused"'
explain '.members[0].reason' HEAD "$URL" --ip 10.1.1.1 "${require[@]}"
is 'GET includes HEAD' "$status $got" '0 null'
explain '.members[0].reason' VERSION_CONTROL "$URL" --ip 10.1.1.1 "${require[@]}"
is 'a method with _' "$status $got" '0 null'
for times in not_before:4102444800:key_not_yet_valid expires_at:5:key_expired; do
    IFS=: read -r name time reason <<<"$times"
    redis SADD "scoped_key:{$id}:scopes" \
        "{\"scope\":\"t:t\",\"$name\":$time}" >/dev/null
    explain '.members[0].reason' GET "$URL" --require t:t
    is "$name of a grant" "$status $got" "1 \"$reason\""
    redis SREM "scoped_key:{$id}:scopes" \
        "{\"scope\":\"t:t\",\"$name\":$time}" >/dev/null
done

# params
params() {
    explain '[.reason,.members[0].reason]' GET "$1" --ip 10.1.1.1 \
        --require topics:read "${@:2}"
}
no='1 ["param_refused","param_refused"]' yes='0 [null,null]'
params "$URL?topic_id=1"
is 'params: not declared' "$status $got" "$no"
params "$URL?topic_id=1" --param topic_id=arg:topic_id
is 'params: one of two declared' "$status $got" "$no"
arg=(--param topic_id=arg:topic_id --param embed=arg:embed)
params "$URL?topic_id=1&topic_id=2" "${arg[@]}"
is 'params: every argument' "$status $got" "$yes"
params "$URL?topic_id=1&topic_id=3" "${arg[@]}"
is 'params: one argument too many' "$status $got" "$no"
params "$URL?topic_id=%31" "${arg[@]}"
is 'params: decoded' "$status $got" "$yes"
params "$URL?topic_id=1&Topic_Id=3" "${arg[@]}"
is 'params: a name that some upstream takes for it' "$status $got" "$no"
params "$URL?topic_id=1&embed=x" "${arg[@]}"
is 'params: what must not occur' "$status $got" "$no"
params "$URL?id=1" "${arg[@]}"
is 'params: no value' "$status $got" "$no"
params "$URL" --param topic_id=1 --param topic_id=2 --param embed=
is 'params: texts' "$status $got" "$yes"
params "$URL" --param topic_id=1 --param topic_id=9 --param embed=
is 'params: one text too many' "$status $got" "$no"
params "$URL?id=9" --param topic_id=1 --param topic_id=arg:id --param embed=
is 'params: aliases' "$status $got" "$no"

sk grant "$id" utf:t name='ä"\\ %' --quiet
explain .verdict GET "$URL" --require utf:t --param name='ä"\ %'
is 'params: whatever bytes' "$status $got" '0 "allowed"'
explain .verdict GET "$URL?n=%C3%A4%22%5C+%25" --require utf:t \
    --param name=arg:n
is 'params: whatever bytes, encoded' "$status $got" '0 "allowed"'
sk ungrant "$id" utf:t name='ä"\\ %' --quiet

# exclusions and escapes, by the module's own word
sk grant "$id" not:t category='!5,**' domain='\*.example.com' --quiet
for asked in '4 *.example.com 0 "allowed"' '5 *.example.com 1 "refused"' \
    '4 www.example.com 1 "refused"'; do
    read -r category domain wanted <<<"$asked"
    explain .verdict GET "$URL" --require not:t --param category="$category" \
        --param domain="$domain"
    is "params: $category and $domain" "$status $got" "$wanted"
done
sk ungrant "$id" not:t category='!5,**' domain='\*.example.com' --quiet
redis SADD "scoped_key:{$id}:scopes" \
    '{"scope":"not:t","params":{"category":["!5"]}}' \
    '{"scope":"not:t","expires_at":1798761600000}' >/dev/null
explain '[.members[]|select(.kind == "unreadable")]|length' GET "$URL"
is 'exclusions alone, and milliseconds, are unreadable' "$got" 2
redis SREM "scoped_key:{$id}:scopes" \
    '{"scope":"not:t","params":{"category":["!5"]}}' \
    '{"scope":"not:t","expires_at":1798761600000}' >/dev/null

# which param, of what kind the values were, and which
explain '[.param,.cause,.values]' GET "$URL?topic_id=1&topic_id=3" --ip 10.1.1.1 \
    --require topics:read --param embed= --param topic_id=arg:topic_id
is 'the param' "$got" '["topic_id","several values",["1","3"]]'
explain '[.param,.cause,.values]' GET "$URL" --ip 10.1.1.1 --require topics:read \
    --param embed= --param topic_id=
is 'the param: no value' "$got" '["topic_id","no value",[]]'
explain '[.param,.cause]' GET "$URL" --ip 10.1.1.1 --require topics:read \
    --param topic_id=1
is 'the param: not given' "$got" '["embed","no value of it was given"]'
explain 'has("param")' GET "$URL" --require a:b
is 'no param' "$got" false
run explain "$id" GET "$URL?topic_id=9" --ip 10.1.1.1 --require topics:read \
    --param embed= --param topic_id=arg:topic_id
like 'the param, for people' "$out" 'param: +topic_id: a value \(9\)'

# without a requirement
explain '[.verdict,.valid_key,.clauses,(.members|length)]' GET "$URL"
is 'no requirement: every member, no verdict' "$status $got" '1 ["undecided",false,[],4]'
redis SADD "scoped_key:{$id}:scopes" junk >/dev/null
explain '[.members[]|select(.kind == "unreadable")|.member]' GET "$URL"
is 'an unreadable member' "$status $got" '1 ["junk"]'

# for people
run explain "$id" POST "$URL?x=1" --ip 10.1.1.1
is 'people: done' "$status [$err]" '1 []'
for line in "key: +$id, scoped" 'request: +POST on api.a.b from 10.1.1.1' \
    'verdict: +undecided' 'what the location requires is not known' ' dns:write: holds' \
    ' junk: cannot be read' '!zone/secret:read: denies it' \
    'topics:read .*: does not hold: not for this method'; do
    like "people: $line" "$out" "$line"
done
run explain "${id:0:6}" GET "$URL" --require zone/secret:read
is 'people: refused' "$status" 1
for line in 'verdict: +refused, insufficient_scope' \
    'required: +zone/secret:read: refused, .* by !zone/secret:read' \
    'zone/\*:read: holds, but !zone/secret:read denies it'; do
    like "people: $line" "$out" "$line"
done
run explain "$id" GET / --require no:no --quiet
is '--quiet' "$status [$out$err]" '1 []'
redis SADD "scoped_key:{$id}:scopes" $'\e[31m\xff\n' >/dev/null
run explain "$id" GET /
unlike 'people: no control bytes' "$out" $'[\e\xff]'
explain '.members|length' GET /
is 'JSON, whatever bytes' "$status $got" '1 6'

# the key itself
for change in 'enabled 0 key_disabled' 'enabled x record_invalid' \
    'expires_at 5 key_expired' 'not_before 4102444800 key_not_yet_valid' \
    'ips 192.0.2.1 ip_refused' 'hosts x.y host_refused' \
    'methods POST method_refused' 'digest x record_invalid'; do
    read -r name value reason <<<"$change"
    new_key a:b
    redis HSET "scoped_key:{$id}" "$name" "$value" >/dev/null
    explain '[.verdict,.reason]' GET "$URL" --ip 10.1.1.1 --require a:b
    is "the key: $name $value" "$status $got" "1 [\"refused\",\"$reason\"]"
done
new_key '!**:*'
redis SADD "scoped_key:{$id}:scopes" '!bad' >/dev/null
explain .reason GET /
is 'a refusal that is none' "$status $got" '1 "record_invalid"'
new_key --global '!dns:write'
explain '[.mode,.verdict,.grant]' GET / --require dns:read
is 'global' "$status $got" '0 ["global","allowed",null]'
explain '.grant' GET / --require dns:write
is 'global: a refusal' "$status $got" '1 "!dns:write"'
redis SET 'scoped_key:{wrongtypekey}' x >/dev/null
id=wrongtypekey
explain .reason GET /
is 'wrong type' "$status $got" '1 "record_invalid"'
new_key
for ((i = 0; i < 1200; i++)); do
    echo "SADD scoped_key:{$id}:scopes s:a$i"
done | redis >/dev/null
explain .reason GET / --require s:a1
is 'too many members' "$status $got" '1 "record_invalid"'
new_key a:b
for ((i = 0; i < 1030; i++)); do
    echo "HSET scoped_key:{$id} f$i x"
done | redis >/dev/null
explain .reason GET / --require a:b
is 'too many fields' "$status $got" '1 "record_invalid"'
like 'too many fields: show says so too' "$(sk show "$id")" 'over 1,024 fields'
id=000000000000
explain . GET /
refused 'no such key' 'no key'

# use
new_key a:b
while IFS='|' read -r words why; do
    readarray -t -d ' ' list < <(printf %s "$words")
    run explain "$id" "${list[@]}"
    is "wrong use: $words" "$status [$out]" '2 []'
    like "wrong use: $words: why" "$err" "$why"
done <<'END'
GET|needs
GET / x|takes an id, a method and a URL
get /|method
GET ftp://x/|URL
GET /a#b|URL
GET https://u@h/|URL
GET https://[::1/|host
GET / --ip 10.0.0.0/8|address
GET / --ip !10.0.0.1|address
GET / --ip x|address
GET / --param x|NAME=VALUE
GET / --param =x|NAME=VALUE
GET / --param x=json:/a|value itself
GET / --require a|no scope
GET / --require a:*|no wildcards
GET / --require a:b --require valid_key|stands alone
END
run explain "$id" GET / --require ''
is 'wrong use: an empty requirement' "$status" 2

# the program is asked by nobody else, but believes nothing
record='"record":{"id":"a","fields":[],"members":[]}'
while IFS='|' read -r input why; do
    got=$(printf '%s\n' "{$input" | "$PROGRAM" explain 2>&1)
    is "program: {$input" "$? $got" "0 {\"refused\":\"$why\"}"
done <<END
|is no JSON
}|there is no record
"record":[]}|there is no record
"record":{"fields":["a"],"members":[]}}|there is no record
"record":{"fields":[1,2],"members":[]}}|there is no record
"record":{"fields":[],"members":{}}}|there is no record
$record,"request":{"ip":"x"}}|the ip is no address
$record,"request":{"ip":7}}|the ip is no address
$record,"request":{"params":[{"value":"x"}]}}|a param without a name
$record,"request":{"params":["x"]}}|a param without a name
$record,"request":{"require":["a:b"]}}|a requirement without a scope
$record,"request":{"require":[[]]}}|a requirement without a scope
$record,"request":{"require":[["a:b",1]]}}|a requirement without a scope
$record,"request":{"require":[["ab"]]}}|a required scope is no scope: resource:action, no wildcards
END
scopes=$(printf ',"a:%s"' {1..300})
clauses=$(printf ',["a:%s"]' {1..300})
params=$(printf ',{"name":"p%s","value":"x"}' {1..300})
is 'program: as many scopes, requirements and params as are asked' "$(printf \
    '{%s,"request":{"require":[[%s]%s],"params":[%s]}}\n' "$record" "${scopes:1}" \
    "$clauses" "${params:1}" | "$PROGRAM" explain |
    jq -r '[.clauses | length, (.[0].required | length)] | join(" ")')" '301 300'
is 'program: lines that are no objects go on' \
    "$(printf 'Error: x\n\n[1]\n' | "$PROGRAM" view)" $'Error: x\n\n[1]'
got=$(printf '{%s}\n{%s}' "$record" "$record" | "$PROGRAM" explain | jq -r .reason)
is 'program: nothing at all is refused' "$got" $'record_invalid\nrecord_invalid'
for words in '' nonsense 'view {' 'view {} {}'; do
    # shellcheck disable=SC2086
    is "program: wrong use: $words" "$("$PROGRAM" $words </dev/null 2>/dev/null
        echo $?)" 2
done
head -c 70000000 /dev/zero | "$PROGRAM" view >/dev/null 2>"$DIR/err"
is 'program: a line that is too long' "$? $(<"$DIR/err")" \
    '2 scoped-key-core: a line is too long'
ok 'program: no room for an answer' test "$(printf '{%s}\n' "$record" |
    "$PROGRAM" explain 2>&1 >/dev/full)" = 'scoped-key-core: cannot write'

# what JSON cannot say comes through: bytes that are no UTF-8, NUL, and the
# characters that stand for them
new_key
redis SADD "scoped_key:{$id}:scopes" $'\xff\xfe"\\' 'u0000ff' '\u0000ff' >/dev/null
redis EVAL 'redis.call("SADD", KEYS[1], "a" .. string.char(0) .. "41")' 1 \
    "scoped_key:{$id}:scopes" >/dev/null
is 'any bytes: all are shown' "$(sk show "$id" --json | jq -c .scopes)" \
    '["\\u0000ff","a\u000041","u0000ff","��\"\\"]'
for member in $'\xff\xfe"\\' 'u0000ff' '\u0000ff'; do
    run ungrant "$id" -- "$member"
    is "any bytes: ungrant $member" "$status [$err]" '0 []'
done
is 'any bytes: the other stays' "$(redis --no-raw SMEMBERS "scoped_key:{$id}:scopes")" \
    '1) "a\x0041"'

# without a compiler, and with the program beside the command
cp -r ../../scripts "$DIR/scripts"
mkdir "$DIR/path"
for program in bash env find dirname flock mkdir sha1sum timeout redis-cli jq \
    b2sum; do
    ln -s "$(command -v "$program")" "$DIR/path/$program"
done
PATH=$DIR/path "$DIR/scripts/scoped-key" -s "$SOCKET" explain "$id" GET / \
    >"$DIR/out" 2>"$DIR/err"
is 'no compiler: status' "$? $(<"$DIR/out")" '1 '
like 'no compiler: why' "$(<"$DIR/err")" 'no C compiler.*scripts/setup build'
cp "$PROGRAM" "$DIR/scripts/"
PATH=$DIR/path "$DIR/scripts/scoped-key" -s "$SOCKET" explain "$id" GET / -q \
    --require valid_key
is 'the program beside the command' "$?" 0

# reports: a line of the error log, the body of a refusal, a command of curl
redis FLUSHALL >/dev/null
new_key dns:write 'topics:read' topic_id=1 --ip 10.0.0.0/8
head='2026/11/26 23:00:00 [warn] 12#12: *3 '
tail=', client: 10.1.2.3, server: _, request: "GET /t?topic_id=5 HTTP/1.1", host: "api.a.b"'
line() {
    run explain "${head}scoped key refused: $1$tail"
}
line "reason=param_refused id=$id required=\"topics:read\" param=\"topic_id\" cause=\"a value\" request_id=0123abcd"
is 'a line of the log: status' "$status [$err]" '1 []'
for text in 'reported: +refused, param_refused, param topic_id' 'cause: +a value' \
    'request_id: 0123abcd' 'request: +GET on api.a.b from 10.1.2.3' \
    'required: +topics:read: refused, param_refused'; do
    like "a line of the log: $text" "$out" "$text"
done
line "reason=insufficient_scope id=$id required=\"dns:write\" request_id=0123abcd"
sk ungrant "$id" dns:write topic_id=1 --quiet
sk grant "$id" dns:write --quiet
line "reason=insufficient_scope id=$id required=\"dns:write\" request_id=0123abcd"
like 'what is granted now was refused all the same' "$out" 'verdict: +undecided'
is 'what is granted now: status' "$status" 1
for requirement in '' 'required="dns:write" '; do
    line "reason=body_unreadable id=$id ${requirement}cause=\"JSON that is cut off\" byte=5 request_id=01"
    unlike "never allowed: $requirement" "$out" 'verdict: +allowed'
    is "never allowed: $requirement: status" "$status" 1
done
line 'reason=malformed_key request_id=0123abcd'
is 'a line without a key: status' "$status" 1
like 'a line without a key' "$err" 'does not say which key'
run explain "${head}open() failed$tail"
is 'a line of something else' "$status [$out]" '2 []'
run explain '{"reason":"param_refused","param":"a\u001b[1mb","cause":"no value","request_id":"0123"}'
is 'a body: status' "$status" 1
like 'a body' "$out" 'reported: +refused, param_refused, param a\?\[1mb'
like 'a body: what is missing' "$err" "error log with request_id=0123"
run explain - --json <<<'{"reason":"ip_refused"}'
is 'a body, JSON' "$status $out" '1 {"verdict":"undecided","reason":"ip_refused"}'
for text in nonsense '{}' '{"reason":' '[]' "${head}scoped key undecided"; do
    run explain "$text"
    is "no report: $text" "$status [$out]" '2 []'
done
run explain "$id" --require dns:write --json --ip 10.1.1.1 -- curl -s -X PUT -H 'Host: api.a.b' \
    -H 'X-API-Key: whatever' -d x=1 'https://127.0.0.1/zones?x=1'
is 'curl' "$(jq -c '[.request.method,.request.host,.verdict]' "$DIR/out") $status" \
    '["PUT","api.a.b","allowed"] 0'
run explain "$id" --require dns:write --json -- curl https://a.b/ --data-raw x
is 'curl: a body makes a POST' "$(jq -r .request.method "$DIR/out")" POST
run explain "$id" --require topics:read --param topic_id=arg:topic_id --ip 10.1.1.1 --json \
    -- curl -G -d topic_id=1 a.b/t
is 'curl -G' "$(jq -c '[.request.method,.verdict]' "$DIR/out")" '["GET","allowed"]'
run explain "$id" -- curl -s
is 'curl: no URL' "$status [$out]" '2 []'

# a global key needs no grant: what is required is no matter, but for deny rules
new_key --global
run explain "$id" GET /
is 'a global key: allowed' "$status" 0
sk grant "$id" '!dns:write' --quiet
run explain "$id" GET /
is 'a global key with a deny rule: undecided' "$status" 1
like 'a global key with a deny rule' "$out" 'verdict: +undecided'

# the configuration: which location it is, and what that requires
cat >"$DIR/nginx.conf" <<'CONF'
# configuration file /etc/nginx/nginx.conf:
events { worker_connections 64; }
http {
    scoped_key_redis 127.0.0.1:6379;
    log_format x '{"a":"$scoped_key_id"} # no comment';
    include conf.d/*.conf;
}

# configuration file /etc/nginx/conf.d/api.conf:
server { listen 80 default_server; location / { proxy_pass http://b; } }
server { listen 80; server_name *.y; location / { return 404; } }
server {
    listen 80;
    server_name api.a.b "*.x.y";
    scoped_key on;
    # location /dns { scoped_key off; }
    location /dns {
        scoped_key_require dns:$scoped_key_access;
        scoped_key_param type arg:type arg:t;
        proxy_pass http://b;
    }
    location /dns/deep { scoped_key_require dns:deep; }
    location ^~ /dns/deep/fixed { scoped_key_require dns:fixed; }
    location ~ "^/endpoint/(?<endpoint_id>[^/]{1,9})$" {
        scoped_key_require endpoint/$endpoint_id:${scoped_key_access};
        scoped_key_require valid:x valid:y;
    }
    location ~* ^/dns/deep/ { scoped_key_require dns:regex; }
    location = /open { scoped_key off; }
    location /any { scoped_key_require valid_key; }
    location /global { proxy_pass http://b; }
    location /body { scoped_key_require dns:write; scoped_key_param type json:/type form:type; }
    location /both { scoped_key_require dns:write; scoped_key_param type arg:type json:/type; }
    location /split { scoped_key_require dns:write; scoped_key_param type arg:type split=,; }
    location /header { scoped_key_require dns:$http_x_what; }
    location /dry { scoped_key_require dns:write; scoped_key_dry_run on; }
    location /if { scoped_key_require dns:write; if ($arg_x) { return 404; } }
    location /outer { scoped_key_require dns:outer; location /outer/inner { proxy_pass http://b; } }
}
CONF
new_key 'dns:*' 'endpoint/*:read' 'valid:y'
new_key_id=$id
sk grant "$id" 'body:*' --quiet
place() {
    run explain "$new_key_id" "$1" "$2" --nginx "$DIR/nginx.conf" --json "${@:3}"
    got=$(jq -c '[.verdict,([.clauses[].required[]]|join(" "))]' "$DIR/out" 2>&1)
}
while read -r method url wanted; do
    place "$method" "$url"
    is "--nginx: $method $url" "$got" "$wanted"
done <<'CASES'
GET http://api.a.b/dns ["allowed","dns:read"]
POST http://API.a.b:8080/dns?type=A ["allowed","dns:write"]
GET http://q.x.y/dns/z ["allowed","dns:read"]
GET http://api.a.b/dns/deep ["allowed","dns:deep"]
GET http://api.a.b/dns/deep/ ["allowed","dns:regex"]
GET http://api.a.b/DNS/deep/ ["allowed","dns:regex"]
GET http://api.a.b/dns/deep/fixed/z ["allowed","dns:fixed"]
GET http://api.a.b/endpoint/ab ["allowed","endpoint/ab:read valid:x valid:y"]
PUT http://api.a.b/endpoint/ab ["refused","endpoint/ab:write valid:x valid:y"]
GET http://api.a.b/endpoint/abcdefghij ["refused",""]
GET http://api.a.b/any ["allowed",""]
GET http://api.a.b/open ["undecided",""]
GET http://api.a.b/global ["refused",""]
GET http://api.a.b/ ["refused",""]
GET http://other/dns ["undecided",""]
GET http://api.a.b/body ["allowed","dns:write"]
GET http://api.a.b/dry ["allowed","dns:write"]
GET http://api.a.b/outer/inner ["allowed","dns:outer"]
GET http://api.a.b/if ["undecided","dns:write"]
GET http://api.a.b/dns/%64eep ["undecided","dns:read"]
GET http://api.a.b/dns/../open ["undecided","dns:read"]
CASES
place GET http://api.a.b/header
like '--nginx: a variable that is not known' "$(jq -c '[.verdict,.detail]' "$DIR/out")" \
    'undecided.*It is not known .*http_x_what'
is '--nginx: never allowed: status' "$status" 1
sk ungrant "$new_key_id" 'dns:*' --quiet
sk grant "$new_key_id" dns:write type=A --quiet
place POST 'http://api.a.b/dns?type=A&t=A'
is '--nginx: its params' "$status $got" '0 ["allowed","dns:write"]'
place POST 'http://api.a.b/dns?type=A&t=B'
is '--nginx: each source' "$status $got" '1 ["refused","dns:write"]'
place POST http://api.a.b/body
is '--nginx: a param of the body' "$status $got" '1 ["undecided","dns:write"]'
place POST http://api.a.b/body --param type=A
is '--nginx: given' "$status $got" '0 ["allowed","dns:write"]'
place POST 'http://api.a.b/both?type=A'
is '--nginx: the body may have another one' "$status $got" '1 ["undecided","dns:write"]'
place POST 'http://api.a.b/split?type=A,B'
is '--nginx: cut into pieces' "$status $got" '1 ["undecided","dns:write"]'
place POST 'http://api.a.b/split?type=A,B' --param type=A --param type=B
is '--nginx: the pieces, given' "$status $got" '1 ["refused","dns:write"]'
place POST http://api.a.b/body --param type=B
is '--nginx: given, and not granted' "$status $got" '1 ["refused","dns:write"]'
run explain "$new_key_id" POST http://api.a.b/dns --nginx "$DIR/nginx.conf"
like '--nginx: for people' "$out" 'location: +/dns of server api.a.b \*.x.y'
is '--nginx, standard input' "$(sk explain "$new_key_id" POST http://api.a.b/dns?t=A \
    --nginx - --json <"$DIR/nginx.conf" | jq -r .verdict)" allowed
run explain "$new_key_id" GET / --nginx "$DIR/nowhere"
is '--nginx: no such file' "$status [$out]" '1 []'
run explain "$new_key_id" GET / --nginx - <<<'events {}'
is '--nginx: no configuration' "$status [$out]" '2 []'
