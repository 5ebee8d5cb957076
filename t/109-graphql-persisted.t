# GraphQL: the hash of a persisted query without its document is answered as
# servers without a store of documents do, and never reaches the upstream; and
# the log says why a request is unreadable.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $unreadable = '403 body_unreadable';
our $not_supported = '{"errors":[{"message":"PersistedQueryNotSupported","extensions":{"code":"PERSISTED_QUERY_NOT_SUPPORTED"}}]}';
our $hash = 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38';
our $extensions = qq({"persistedQuery":{"version":1,"sha256Hash":"$hash"}});
our $alone = qq({"operationName":"A","variables":{},"extensions":$extensions});

sub escaped { $_[0] =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger }

sub by_get { get('/?extensions=' . escaped($_[1] // $main::extensions) . ($_[2] // ''), 'X-API-Key' => $_[0]) }

sub is_not_supported {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($answer->{status}, 200, "$name: status");
    is($answer->{body}, $main::not_supported, "$name: body");
    is(join('|', fields($answer, 'Content-Type')), 'application/json', "$name: type");
    is(join('|', fields($answer, 'Cache-Control')), 'no-store', "$name: cache");
    is($answer->{seen}, 0, "$name: not proxied");
    is(field($answer, 'WWW-Authenticate'), undef, "$name: no challenge");
}

# (BODY, CAUSE)...: by POST, with a key that may all
sub causes {
    my $all = granted('**:*');
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    while (my ($body, $cause) = splice @_, 0, 2) {
        my $had = () = error_log_has(qr/cause="\Q$cause\E"/);
        verdict_is(json($all, $body), $main::unreadable, $cause);
        my $has = () = error_log_has(qr/scoped key refused: reason=body_unreadable id=\w+ cause="\Q$cause\E"/);
        is($has - $had, 1, "$cause: in the log");
    }
}

# the recipe of docs/recipes.md, as it is there: what is in http, and the
# locations
sub recipe {
    open my $in, '<', 'docs/recipes.md' or die "docs/recipes.md: $!\n";
    local $/;
    my ($map, $locations) = <$in> =~ /^# in: http\n(map \$http_upgrade .*?^\}\n.*?)^server \{\n    listen 8080;\n(.*?)^\}\n/ms
        or die "no recipe in docs/recipes.md\n";

    return "${map}upstream backend { server unix:\$TEST_NGINX_UPSTREAM; }\n", $locations;
}

sub upgrade {
    my ($target, $key, @lines) = @_;
    my %lines = (Upgrade => 'websocket', Connection => 'Upgrade', 'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version' => 13, @lines);

    return get($target, $key ? ('X-API-Key' => $key) : (), map { $_ => $lines{$_} } sort keys %lines);
}

run_tests();

__DATA__

=== TEST 1: a hash alone
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($alone, $extensions, $unreadable);
my $reader = granted('api:read');
is_not_supported(json($reader, $alone), 'POST');
is_not_supported(json($reader, qq({"extensions":$extensions})), 'nothing else');
is_not_supported(json(granted('**:*'), $alone), 'a key that may all');
is_not_supported(by_get($reader), 'GET');
is_not_supported(by_get($reader, undef, '&operationName=A&variables={}'), 'GET with variables');
my $head = ask('HEAD', '/?extensions=' . escaped($extensions), 'X-API-Key' => $reader);
is("$head->{status} $head->{body}", '200 ', 'HEAD');
is_not_supported(json($reader, $alone, @$_), "$_->[0]: no copy of anything")
    for ['If-None-Match' => '*'], ['If-Match' => '"a"'], ['If-Unmodified-Since' => 'Thu, 01 Jan 1970 00:00:00 GMT'];
verdict_is(json($reader, '{"query":"{ a }"}'), 200, 'the document then');
verdict_is(json($reader, qq({"query":"{ a }","extensions":$extensions})), 200, 'with its hash');
for my $key (granted('api:write'), granted('other:read'), granted(), granted('api:*', '!api:read')) {
    verdict_is(json($key, $alone), $unreadable, 'may not read');
    verdict_is(by_get($key), $unreadable, 'may not read: GET');
}
verdict_is(json(key('nobody'), $alone), '403 unknown_key', 'an unknown key');
verdict_is(json('', $alone), '403 missing_key', 'no key');
my @lines = error_log_has(qr/refused: reason=body_unreadable id=\w+ cause="hash of a persisted query without a document"/);
is(scalar @lines, 17, 'logged');



=== TEST 2: what is not plainly such a hash refuses as before
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($alone, $extensions, $hash, $unreadable);
my $all = granted('**:*');
verdict_is(json($all, $_), $unreadable, $_) for "[$alone]", "[$alone,$alone]", qq([{"query":"{ a }"},$alone]), '{}', '[]', '{"extensions":null}', '{"extensions":{}}',
    '{"extensions":{"persistedQuery":null}}', '{"extensions":{"persistedQuery":{}}}', '{"extensions":{"persistedQuery":{"version":1}}}',
    '{"extensions":{"persistedQuery":{"sha256Hash":null}}}', '{"extensions":{"persistedQuery":{"sha256Hash":""}}}', '{"extensions":{"persistedQuery":{"sha256Hash":{}}}}',
    qq({"Extensions":$extensions}), qq({"extensions":{"PersistedQuery":{"sha256Hash":"$hash"}}}), qq({"extensions":{"persistedQuery":{"SHA256hash":"$hash"}}}),
    qq({"extensions":$extensions,"Query":"{ a }"}), qq({"extensions":$extensions,"query":""}), qq({"extensions":$extensions,"query":null}),
    qq({"extensions":$extensions,"id":"1"}), qq({"extensions":{"sha256Hash":"$hash","persistedQuery":{"sha256Hash":"$hash"}}}),
    qq({"extensions":$extensions,"operationname":"A"}), qq({"extensions":$extensions,"query":"mutation { a"}),
    qq({"extensions":{"persistedQuery":{"sha256Hash":"$hash"},"persisted_query":{"sha256Hash":"x"}}});
verdict_is(by_get($all, @$_), $unreadable, "GET: @$_") for [''], ['{}'], ['x'], ['[]'], [$extensions, "&extensions=$hash"], [$extensions, '&Query={a}'], [$extensions, '&id=1'],
    [$extensions, '&extensions=' . escaped($extensions)], [$extensions, '#'], ["[$extensions]"];
verdict_is(ask($_, '/?extensions=' . escaped($extensions), 'X-API-Key' => $all), $unreadable, $_) for qw(POST PUT DELETE OPTIONS);
verdict_is(post("/?extensions=" . escaped($extensions), $all, 'application/json', '{}'), $unreadable, 'in the query string of a POST');
verdict_is(post('/?query={a}', $all, 'application/json', $alone), $unreadable, 'with ?query=');
verdict_is(post('/', $all, 'text/plain', $alone), $unreadable, 'another type');
verdict_is(json($all, $alone, Upgrade => 'websocket'), $unreadable, 'an upgrade');



=== TEST 3: without scoped_key_graphql it is refused
--- guard
scoped_key_require api:go;
scoped_key_param field graphql:field;
--- story
our ($alone, $unreadable);
verdict_is(json(granted(constrained(scope => 'api:go', params => {field => ['**']})), $alone), $unreadable, 'a param alone');
verdict_is(json(granted('api:go'), $alone), 200, 'a key that may go whatever the document is');



=== TEST 4: other scopes and params must hold, too
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
scoped_key_require tenant/$arg_t:use;
scoped_key_param field graphql:field;
scoped_key_param name json:/variables/name;
--- story
our ($extensions, $unreadable);
my $body = qq({"variables":{"name":"a"},"extensions":$extensions});
my $try = sub { my $key = granted(@_); post('/?t=1', $key, 'application/json', $body) };
is_not_supported($try->('api:read', 'tenant/1:use'), 'both');
verdict_is($try->('api:read'), $unreadable, 'one');
verdict_is($try->('api:read', 'tenant/2:use'), $unreadable, 'another');
is_not_supported($try->(constrained(scope => 'api:read', params => {name => ['a']}), 'tenant/1:use'), 'a param beside the hash');
verdict_is($try->(constrained(scope => 'api:read', params => {name => ['b']}), 'tenant/1:use'), $unreadable, 'another value');
verdict_is($try->(constrained(scope => 'api:read', params => {field => ['**']}), 'tenant/1:use'), $unreadable, 'nobody knows the fields');
is_not_supported($try->(constrained(scope => 'api:read', params => {field => ['a']}), 'api:read', 'tenant/1:use'), 'another grant');
verdict_is($try->('global'), 200, 'a global key: its request is not read');
is_not_supported($try->('global', '!api:write'), 'a global key with a refusal');
verdict_is($try->('global', '!api:read'), $unreadable, 'a global key that may not read');



=== TEST 5: no page of errors, whatever the bodies of refusals are
--- config
error_page 403 /sorry;
location /sorry { return 200 sorry; }
location / {
    scoped_key on;
    scoped_key_graphql on;
    scoped_key_error_body off;
    scoped_key_unauthorized_status 401;
    scoped_key_require api:$scoped_key_access;
    add_header X-Status $status;
    add_header X-Verdict "$scoped_key_verdict $scoped_key_reason";
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($alone, $not_supported);
my $answer = json(granted('api:read'), $alone);
is_not_supported($answer, 'a hash');
is(field($answer, 'X-Status'), '200', '$status');
is(field($answer, 'X-Verdict'), 'refused body_unreadable', 'verdict and reason');
is(json(granted('api:write'), $alone)->{body}, 'sorry', 'a refusal has the page');
my @two = exchange(join '', map { "POST / HTTP/1.1\r\nHost: x\r\nX-API-Key: " . granted('api:read') . "\r\nContent-Type: application/json\r\n$_"
    . 'Content-Length: ' . length($alone) . "\r\n\r\n$alone" } '', "Connection: close\r\n");
is(join(' ', map { "$_->{status} " . length $_->{body} } @two), '200 ' . length($not_supported) . ' 200 ' . length($not_supported), 'two on one connection');



=== TEST 6: satisfy any: who else may let it in decides first
--- config
location / {
    satisfy any;
    scoped_key on;
    scoped_key_graphql on;
    scoped_key_require api:$scoped_key_access;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    deny all;
    location /let { satisfy any; allow all; scoped_key_require api:$scoped_key_access; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; error_page 404 /x; }
}
--- story
our $alone;
my $reader = granted('api:read');
is_not_supported(json($reader, $alone), 'nobody else');
my $answer = post('/let', $reader, 'application/json', $alone);
verdict_is($answer, 200, 'let in');
is(body_of($answer), $alone, 'by the upstream');



=== TEST 7: dry run: it goes on
--- guard
scoped_key_graphql on;
scoped_key_dry_run on;
scoped_key_require api:$scoped_key_access;
--- story
our $alone;
my $answer = json(granted('api:read'), $alone);
verdict_is($answer, 200, 'goes on');
is(body_of($answer), $alone, 'to the upstream');



=== TEST 8: by HTTP/2, in pieces, and slowly
--- by_http2
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($alone, $not_supported);
my $reader = granted('api:read');
is_not_supported(http2('-H', "X-API-Key: $reader", '-H', 'Content-Type: application/json', '-d', $alone, '/'), 'HTTP/2');
my $head = join "\r\n", 'POST / HTTP/1.1', 'Host: x', "X-API-Key: $reader", 'Content-Type: application/json', 'Transfer-Encoding: chunked', '', '';
my $answer = answer_of(client($head, split //, chunked($alone, 5)));
is("$answer->{status} $answer->{body}", "200 $not_supported", 'in pieces');



=== TEST 9: the log says why a request is unreadable
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our $unreadable;
my $q = sub { JSON::PP->new->canonical->encode({query => @_}) };
causes(
    $q->('{ a') => 'document 1: syntax error at byte 3',
    $q->('{ a } type T { a: Int }') => 'document 1: syntax error at byte 6',
    $q->('') => 'document 1: no operation at byte 0',
    $q->('{ ' . 'a ' x 16383 . '}') => 'document 1: too many tokens at byte 32768',
    $q->('{ ' . 'a { ' x 64 . 'b' . ' }' x 64 . ' }') => 'document 1: too deep at byte 256',
    $q->('{ a }' . join '', map { "fragment f$_ on Q{a}" } 1 .. 257) => 'document 1: too many fragments at byte 5294',
    $q->('{ a }' . 'fragment f on Q{a}' x 2) => 'document 1: two fragments of one name at byte 41',
    $q->('{ ...f }') => 'document 1: unknown fragment at byte 7',
    $q->('{ ...f } fragment f on Q { ...f }') => 'document 1: fragment within itself at byte 32',
    '[' . join(',', $q->('{ a }'), $q->('{ a !')) . ']' => 'document 2: syntax error at byte 4',
    '[' . join(',', $q->('{ a }'), '{}') . ']' => 'document 2: none',
    '[' . join(',', ($q->('{ a }')) x 65) . ']' => 'too many documents',
    $q->('{ ' . 'a ' x 4097 . '}') => 'too many root fields',
    '{}' => 'no document', '[]' => 'no document', '1' => 'no document', '"x"' => 'no document',
    '{' => 'no valid JSON', '{"query":"{ a }","query":"{ b }"}' => 'no valid JSON',
    '{"query":1}' => 'query is no string', '{"query":null}' => 'query is no string',
    '{"Query":"{ a }"}' => 'another spelling of query', '{"query":"{ a }","VARIABLES":{}}' => 'another spelling of variables',
    '{"query":"{ a }","doc-id":"1"}' => 'id of a stored document, docId', '{"query":"{ a }","extensions":{"hash":"1"}}' => 'id of a stored document, hash');
my $all = granted('**:*');
my $why = sub {
    my ($answer, $cause) = @_;
    verdict_is($answer, $unreadable, $cause);
    ok(scalar error_log_has(qr/reason=body_unreadable id=\w+ cause="\Q$cause\E"/), "$cause: in the log");
};
$why->(post('/?query={a}', $all, 'application/json', '{"query":"{ a }"}'), '?query= without GET');
$why->(get('/?query=mutation{a}', 'X-API-Key' => $all), 'mutation by GET');
$why->(get('/?Query={a}', 'X-API-Key' => $all), 'another spelling of ?query=');
$why->(get('/?query={a}&documentId=1', 'X-API-Key' => $all), 'id of a stored document in the query string');
$why->(get('/?query={a', 'X-API-Key' => $all), 'document 1: syntax error at byte 2');
$why->(get('/?query={a}#', 'X-API-Key' => $all), '# in the request line');
$why->(ask('GET', '/?query={a}', {body => '{}'}, 'X-API-Key' => $all, 'Content-Type' => 'application/json'), 'GET with a body');
$why->(post('/', $all, 'text/plain', '{ a }'), 'Content-Type or Content-Encoding');
$why->(json($all, '{"query":"{ a }"}', Upgrade => 'websocket'), 'request to upgrade');
is(scalar error_log_has(qr/\{ a/), 0, 'no word of the client in it');



=== TEST 10: the recipe for WebSockets at the same path
--- http_config eval
(main::recipe())[0]
--- config eval
(main::recipe())[1]
--- story
our ($alone, $unreadable);
my $scope = '403 insufficient_scope';
my $all = granted('graphql:read', 'graphql:write', 'graphql:socket');
for my $case (['all three', 200, $all], ['a pattern', 200, granted('graphql:*')], ['a global key', 200, granted('global')],
    ['no socket', $scope, granted('graphql:read', 'graphql:write')], ['no write', $scope, granted('graphql:read', 'graphql:socket')],
    ['no read', $scope, granted('graphql:write', 'graphql:socket')], ['the socket alone', $scope, granted('graphql:socket')],
    ['no write, by a refusal', $scope, granted('graphql:*', '!graphql:write')], ['a global key with a refusal', $scope, granted('global', '!graphql:write')],
    ['constrained', '403 param_refused', granted(constrained(scope => 'graphql:*', params => {field => ['a']}))], ['no key', '403 missing_key', undef])
{
    my ($name, $expected, $key) = @$case;
    for my $word ('websocket', 'WebSocket') {
        my $answer = upgrade('/graphql?x=1', $key, Upgrade => $word);
        verdict_is($answer, $expected, "$name: $word");
        next if $answer->{status} != 200;
        like($answer->{body}, qr{\AGET /graphql\?x=1 HTTP/1\.1\r\n}, "$name: the same path");
        is(join('|', upstream_lines($answer, 'Upgrade'), upstream_lines($answer, 'Connection')), 'Upgrade: websocket|Connection: upgrade', "$name: upgraded");
        is(join('|', upstream_lines($answer, 'X-API-Key')), '', "$name: no key");
    }
}
my $reader = granted('graphql:read');
verdict_is(post('/graphql', $reader, 'application/json', '{"query":"{ a }"}'), 200, 'a query');
verdict_is(post('/graphql', $reader, 'application/json', '{"query":"mutation { a }"}'), $scope, 'a mutation');
is_not_supported(post('/graphql', $reader, 'application/json', $alone), 'a hash');
for my $word ('websocket, h2c', 'h2c, websocket', 'websockets', 'TLS/1.0', 'x websocket') {
    my $answer = upgrade('/graphql?query={a}', $reader, Upgrade => $word);
    is(join('|', upstream_lines($answer, 'Upgrade')), '', "$word: not passed on") if $answer->{status} == 200;
    isnt(upgrade('/graphql', $reader, Upgrade => $word)->{status}, 200, "$word: no socket for a reader");
}
is(upgrade('/graphql-socket', $all)->{status}, 404, 'not by its own name');
verdict_is(ask('POST', '/graphql', {body => '{"query":"mutation { a }"}'}, 'X-API-Key' => $reader, 'Content-Type' => 'application/json', Upgrade => 'websocket'), $scope, 'a POST that asks for an upgrade');
