# GraphQL: what a document would run is what must be permitted.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $unreadable = '403 body_unreadable';
our $refused = '403 param_refused';
our $scope = '403 insufficient_scope';
our ($read, $write) = (['api:read'], ['api:write']);

sub body {
    my ($document, @more) = @_;

    return JSON::PP->new->utf8->canonical->encode({query => $document, @more});
}

# (members, JSON): by POST
sub send_json {
    my ($members, $body, @lines) = @_;

    return json(granted(@$members), $body, @lines);
}

sub escaped {
    my $text = $_[0];

    utf8::encode($text) if utf8::is_utf8($text);

    return $text =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger;
}

# DOCUMENT... that are read, or that write, in every way they can be sent
sub is_access {
    my ($access, @documents) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($reads, $writes) = (granted('api:read'), granted('api:write'));

    for my $document (@documents) {
        my $name = $document =~ s/[^ -~]+/ /gr;
        my ($good, $bad) = $access eq 'read' ? ($reads, $writes) : ($writes, $reads);

        verdict_is(json($good, body($document)), 200, "$name: $access");
        verdict_is(json($bad, body($document)), $main::scope, "$name: nothing else");
        verdict_is(post('/', $good, 'application/graphql', $document), 200, "$name: by itself");
        verdict_is(post('/', $bad, 'application/graphql', $document), $main::scope, "$name: by itself, nothing else");
        verdict_is(get('/?query=' . escaped($document), 'X-API-Key' => $good), $access eq 'read' ? 200 : $main::unreadable, "$name: GET");
        isnt(get('/?query=' . escaped($document), 'X-API-Key' => $bad)->{status}, 200, "$name: GET, nothing else");
    }
}

# nothing reads these, whatever the key may do
sub cannot_read {
    my @bodies = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $all = granted('**:*');

    verdict_is(json($all, $_), $main::unreadable, substr(s/[^ -~]/?/gr, 0, 80)) for @bodies;
}

# the fields that a document needs, all of them and no more
sub needs_fields {
    my ($document, @fields) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $key = sub { granted(constrained(scope => 'api:*', params => {field => [@_]})) };

    my $answer = json($key->(@fields), body($document));
    verdict_is($answer, 200, "$document: @fields");
    for my $i (0 .. $#fields) {
        my @others = (@fields[grep { $_ != $i } 0 .. $#fields], 'another');
        verdict_is(json($key->(@others), body($document)), $main::refused, "$document: not without $fields[$i]");
    }
}

run_tests();

__DATA__

=== TEST 1: read or write
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
is_access('read', '{ a }', 'query { a }', 'query Q { a }', 'query Q($x: Int = 1) { a(x: $x) }', '{ mutation }', 'query mutation { a }',
    '{ a(x: "mutation { b }") }', '{ a } # mutation { b }', "# mutation\n{ a }", '{ a(x: """ mutation """) }', 'subscription { a }',
    'query @d(x: 1) { a }', '{ a { mutation { b } } }', '{ mutation: a }', 'query Q { ...F } fragment F on Query { a }',
    ',,{ a },,', '{ a(x: "\\\\\"{") }', "{ a }\n\n", 'query A { a } query B { b }', 'fragment F on Q { mutation } query { ...F }');
is_access('write', 'mutation { a }', 'mutation M { a }', 'mutation M($x: Int) { a(x: $x) }', 'query A { a } mutation B { b }',
    'mutation B { b } query A { a }', "#x\nmutation{a}", 'mutation @d { a }', 'mutation query { a }', 'subscription S { s } mutation M { m }',
    '{ a(x: """ \""" """) } mutation { b }' =~ s/\A\{ a/query A { a/r =~ s/mutation/mutation B/r, "query A { a } # x\nmutation B { b }", 'mutation{...F} fragment F on M{a}', 'mutation { a(x: "query") }');



=== TEST 2: what no server should execute
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
cannot_read(map { body($_) } '', ' ', '#', 'query', '{', '}', '{ }', 'query { }', '{ a', '{ a } }', 'mutation', 'mutation { }', 'mutate { a }',
    'MUTATION { a }', 'Query { a }', 'fragment F on Q { a }', 'type T { a: Int }', 'schema { query: Q }', '{ a } type T { a: Int }',
    '{ ...F }', '{ ...F } fragment F on Q { ...F }', '{ ...F } fragment F on Q { ...G } fragment G on Q { ...F }', '{ a(x: "b) }', '{ a(x: """b) }',
    '{ a(x: ) }', '{ a(x 1) }', '{ a b: }', '{ :a }', '{ a: b: c }', 'query Q Q { a }', 'query ($x) { a }', '{ $a }', '{ ... }', '{ ...on }', '{ ...on Q }',
    "{ a \x00 }", "{ a \x07 }", "{ a(x: \"\x00\") }", '{ a } x', 'extend type Q { a: Int }', 'query Q { a } fragment F on Q { a } fragment F on Q { b }',
    '{ a(x: "\\q") }', '{ a(x: 01) }', '{ a(x: 1x) }', '{ 1 }', '[{ a }]', '{ a; b }',
    '{ ' . 'a { ' x 100 . 'b' . ' }' x 100 . ' }', '{ ' . 'a ' x 20000 . '}', '{ a(x: ' . '[' x 100 . ']' x 100 . ') }');
cannot_read(body("{ a\x{a0}}"), body("\x{feff}{ a }"), body("query A { a } # x\rmutation B { b }"), '{"query":"{ a \ud800 }"}');



=== TEST 3: JSON that holds no document, or more than one
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
cannot_read('{}', '[]', 'null', '"{ a }"', '[1]', '1.5', '{"query":null}', '{"query":1}', '{"query":true}', '{"query":["{ a }"]}', '{"query":{"a":1}}', '[[]]',
    '{"Query":"{ a }"}', '{"QUERY":"{ a }"}', '{"query":"{ a }","Query":"mutation { b }"}', '{"query":"{ a }","query ":"mutation { b }"}',
    '{"query":"{ a }","query":"mutation { b }"}', '{"query":"{ a }","qu\u0065ry":"mutation { b }"}', '{"query":"{ a }","\u0051uery":"{ b }"}',
    '{"id":"abc"}', '{"documentId":"abc"}', '{"doc_id":"1"}',
    '{"query":"","extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}', '{"mutation":"mutation { a }"}', '{"data":{"query":"{ a }"}}',
    '[{"query":"{ a }"},{}]', '[{"query":"{ a }"},null]', '[{"query":"{ a }"},[]]', '[{"query":"{ a }"},"{ b }"]', '[[{"query":"{ a }"}]]',
    '[{"query":"{ a }"},{"id":"abc"}]', '[{"query":"{ a }"},{"Query":"mutation { b }"}]', '[{"query":"{ a }"},{"query":"{ b }","Query":"mutation { c }"}]',
    '[{"query":"{ a }"},{"query":null}]', '[{"query":"{ a }"},{"query":["{ b }"]}]', '[{"query":"{ a }"},{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}]',
    '[{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}]',
    '[{"query":"{ a }"}', '{"query":"{ a }"} {"query":"{ b }"}', '{"0":{"query":"{ a }"}}', '{ a }', 'query=%7Ba%7D');



=== TEST 4: batches count as all their operations
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($read, $write, $scope);
for my $case (['[{"query":"{ a }"}]', 200, $scope], ['[{"query":"{ a }"},{"query":"{ b }"}]', 200, $scope],
    ['[{"query":"{ a }"},{"query":"mutation { b }"}]', $scope, 200], ['[{"query":"mutation { b }"},{"query":"{ a }"}]', $scope, 200])
{
    my ($body, $as_reader, $as_writer) = @$case;
    verdict_is(send_json($read, $body), $as_reader, "read: $body");
    verdict_is(send_json($write, $body), $as_writer, "write: $body");
    my $answer = send_json(['api:*'], $body);
    is(body_of($answer), $body, 'unchanged');
}
my $many = '[' . join(',', ('{"query":"{ a }"}') x 63, '{"query":"mutation { b }"}') . ']';
verdict_is(send_json($read, $many), $scope, 'the 64th');



=== TEST 5: operationName does not choose
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($read, $scope);
my $both = 'query A { a } mutation B { b }';
verdict_is(send_json($read, body($both, operationName => $_)), $scope, 'operationName ' . ($_ // 'null')) for 'A', 'B', undef, '';
verdict_is(send_json($read, body('{ a }', operationName => 'mutation', variables => {query => 'mutation { b }'})), 200, 'words');
verdict_is(send_json($read, body('{ a }', extensions => {x => 1}, variables => undef)), 200, 'other members');



=== TEST 6: GET
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our $unreadable;
my $all = granted('**:*');
my $try = sub { verdict_is(get("/$_[1]", 'X-API-Key' => $all), $_[0], $_[1]) };
$try->(200, '?query={a}');
$try->(200, '?query=%7Ba%7D&operationName=A&variables={}');
$try->(200, '?query=query+A+%7B+a+%7D');
$try->($unreadable, $_) for '', '?', '?query', '?query=', '?query=mutation{a}', '?query=mutation+M{a}', '?query={a}&query=mutation{b}', '?Query={a}', '?QUERY={a}',
    '?query={a}&Query=mutation{b}', '?query={a}&query[]=mutation{b}', '?query={a};query=mutation{b}', '?query={a}%26query=mutation{b}', '?query={a}&%71uery=mutation{b}',
    '?query={a}#&query=mutation{b}', '?query[]={a}', '?%2571uery={a}', '?query=%257Ba%257D', '?query={a}%00', '?query=%zz', '?id=abc', '?documentId=abc', '?queryId=x',
    '?query={a', '?mutation=mutation{a}', '?query=[{"query":"{a}"}]' =~ s/"/%22/gr;
verdict_is(ask('HEAD', '/?query={a}', 'X-API-Key' => $all), 200, 'HEAD');
is(ask('HEAD', '/?query=mutation{a}', 'X-API-Key' => $all)->{status}, 403, 'HEAD, mutation');
verdict_is(ask('GET', '/?query={a}', {body => body('mutation { b }')}, 'X-API-Key' => $all, 'Content-Type' => 'application/json'), $unreadable, 'GET with a body');
verdict_is(ask('GET', '/', {body => body('{ b }')}, 'X-API-Key' => $all, 'Content-Type' => 'application/json'), $unreadable, 'GET with a body alone');
verdict_is(ask('GET', '/?query={a}', {body => 'x'}, 'X-API-Key' => $all), $unreadable, 'GET with a body of no type');
verdict_is(ask('GET', '/?query={a}', {body => ''}, 'X-API-Key' => $all), 200, 'GET with an empty body');
verdict_is(ask($_, '/?query={a}', 'X-API-Key' => $all), $unreadable, $_) for qw(POST PUT DELETE OPTIONS PATCH);



=== TEST 7: POST that also has ?query=
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our $unreadable;
my $all = granted('**:*');
my $body = body('{ a }');
verdict_is(post("/$_", $all, 'application/json', $body), $unreadable, $_) for '?query={a}', '?query=mutation{b}', '?query=', '?query', '?Query={a}', '?query[]=x', '?x=1&%71uery={a}',
    '?x;query={a}', '?x=1%26query={a}', '?x#query={a}';
verdict_is(post("/$_", $all, 'application/json', $body), 200, $_) for '', '?x=1', '?operationName=a', '?queries=1';
verdict_is(post('/?query={a}', $all, 'application/graphql', '{ a }'), $unreadable, 'application/graphql');



=== TEST 8: other types of body
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our $unreadable;
my $all = granted('**:*');
my $body = body('{ a }');
verdict_is(post('/', $all, $_, $body), 200, $_) for 'application/json', 'application/json; charset=utf-8', 'application/graphql+json';
verdict_is(post('/', $all, $_, $body), $unreadable, $_ // 'none') for undef, '', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
    'application/json; charset=utf-16', 'application/graphql', 'application/xml';
verdict_is(post('/', $all, 'application/x-www-form-urlencoded', 'query=%7Ba%7D'), $unreadable, 'a form');
verdict_is(post('/', $all, 'application/json', '{ a }'), $unreadable, 'a document that calls itself JSON');
verdict_is(post('/', $all, 'application/graphql', '{ a }', 'Content-Encoding' => 'gzip'), $unreadable, 'gzip');
verdict_is(post('/', $all, 'application/graphql', "\xef\xbb\xbf{ a }"), $unreadable, 'a BOM');
verdict_is(post('/', $all, 'application/json', "\xef\xbb\xbf$body"), $unreadable, 'a BOM in JSON');
verdict_is(post('/', $all, 'application/graphql', ''), $unreadable, 'nothing');
verdict_is(post('/', $all, 'application/graphql', "{ a \xff }"), $unreadable, 'no UTF-8');



=== TEST 9: root fields
--- guard
scoped_key_require api:go;
scoped_key_param field graphql:field;
--- story
needs_fields('{ a }', 'a');
needs_fields('{ x: a }', 'a');
needs_fields('{ x: a y: a b }', 'a', 'b');
needs_fields('query Q { a { z } b(c: {d: 1}) { e } }', 'a', 'b');
needs_fields('mutation { a } query { b } subscription { c }' =~ s/query/query Q/r =~ s/mutation/mutation M/r =~ s/subscription/subscription S/r, 'a', 'b', 'c');
needs_fields('{ ...F b } fragment F on Query { a }', 'a', 'b');
needs_fields('{ ...F } fragment F on Query { ...G x: b } fragment G on Query { a }', 'a', 'b');
needs_fields('{ ... on Query { a } ... { b } ... @include(if: true) { c } }', 'a', 'b', 'c');
needs_fields('{ a @skip(if: true) b @include(if: false) }', 'a', 'b');
needs_fields('{ __schema { types { name } } __typename }', '__schema', '__typename');
needs_fields('{ a { ...F } } fragment F on T { z }', 'a');
needs_fields('query A { a } query B { b }', 'a', 'b');
needs_fields('{ on: a query: b fragment: c }', 'a', 'b', 'c');
needs_fields('{ on fragment query }', 'on', 'fragment', 'query');
needs_fields('{ a(x: "} b {") }', 'a');
needs_fields("{ a # b\n c }", 'a', 'c');
my $none = granted(constrained(scope => 'api:go', params => {field => ['a']}));
our ($refused, $unreadable);
verdict_is(json($none, body('{ A }')), $refused, 'another case');
verdict_is(json($none, body('{ a: b }')), $refused, 'an alias is no field');
verdict_is(json($none, body('{ a } fragment F on Query { b }' =~ s/\{ a \}/{ a }/r)), 200, 'a fragment that nobody spreads');
verdict_is(json($none, body('{ a a a a x: a }')), 200, 'many times');
verdict_is(json($none, '[' . body('{ a }') . ',' . body('{ b }') . ']'), $refused, 'in a batch');
verdict_is(get('/?query={b}', 'X-API-Key' => $none), $refused, 'by GET');
verdict_is(get('/?query={a}', 'X-API-Key' => $none), 200, 'by GET');
verdict_is(get('/', 'X-API-Key' => $none), $unreadable, 'no document');
verdict_is(get('/', 'X-API-Key' => granted(constrained(scope => 'api:go', params => {field => []}))), $unreadable, 'an empty list is no way around');



=== TEST 10: types of operations
--- guard
scoped_key_require api:go;
scoped_key_param operation graphql:operation;
--- story
our $refused;
my $key = sub { granted(constrained(scope => 'api:go', params => {operation => [@_]})) };
my ($query, $mutation, $both) = ($key->('query'), $key->('mutation'), $key->('query', 'mutation'));
for my $case (['{ a }', 200, $refused, 200], ['query { a }', 200, $refused, 200], ['mutation { a }', $refused, 200, 200], ['subscription { a }', ($refused) x 3],
    ['query A { a } mutation B { b }', $refused, $refused, 200], ['query A { a } subscription B { b }', ($refused) x 3])
{
    my ($document, @expected) = @$case;
    verdict_is(json($_, body($document)), shift @expected, $document) for $query, $mutation, $both;
}
verdict_is(json($key->('subscription'), body('subscription { a }')), 200, 'subscription');
verdict_is(json($query, '[' . body('{ a }') . ',' . body('mutation { b }') . ']'), $refused, 'in a batch');
verdict_is(json($key->('Query', 'QUERY'), body('{ a }')), $refused, 'in lower case');



=== TEST 11: access and params together
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
scoped_key_param field graphql:field;
scoped_key_param operation graphql:operation;
scoped_key_param name json:/variables/name;
--- story
our ($refused, $scope);
my $key = granted('api:read', constrained(scope => 'api:write', params => {field => ['setText'], operation => ['mutation'], name => ['_acme.*']}));
my $set = 'mutation M($name: String) { setText(name: $name) }';
verdict_is(json($key, body('{ anything }')), 200, 'reads all');
verdict_is(json($key, body($set, variables => {name => '_acme.x'})), 200, 'writes one');
verdict_is(json($key, body($set, variables => {name => 'www'})), $refused, 'another name');
verdict_is(json($key, body($set)), $refused, 'no name');
verdict_is(json($key, body('mutation { drop }', variables => {name => '_acme.x'})), $refused, 'another field');
verdict_is(json($key, body('mutation { setText } query { a }' =~ s/mutation/mutation M/r =~ s/query/query Q/r, variables => {name => '_acme.x'})), $refused, 'another operation');



=== TEST 12: limits
--- guard
scoped_key_graphql on;
scoped_key_body_limit 4k;
scoped_key_require api:$scoped_key_access;
--- story
our $unreadable;
my $all = granted('**:*');
verdict_is(json($all, body('{ ' . 'a ' x 1000 . '}')), 200, 'within');
verdict_is(json($all, body('{ ' . 'a ' x 3000 . '}')), '413 body_too_large', 'over');
verdict_is(post('/', $all, 'application/graphql', '{ a #' . 'x' x 4096), '413 body_too_large', 'over, by itself');
verdict_is(json(granted('global'), body('{ ' . 'a ' x 3000 . '}')), 200, 'global');



=== TEST 13: a large document costs no more than a small one does for each byte
--- http_config
large_client_header_buffers 4 64k;
--- guard
scoped_key_graphql on;
scoped_key_body_limit 1m;
client_body_buffer_size 1m;
scoped_key_require api:$scoped_key_access;
--- story
my $all = granted('**:*');
quickly(sub { json($all, body($_)) }, 'large') for '{ ' . '...F ' x 16000 . '} fragment F on Q { a }', '{ a(x: "' . '\u0041' x 100000 . '") }',
    '#' x 500000, '{ ' . 'a{' x 100000, join(' ', '{ ...F0 }', map { "fragment F$_ on Q { ...F" . ($_ + 1) . ' ...F' . ($_ + 1) . ' }' } 0 .. 200);
verdict_is(get('/?query={a(x:"' . 'a+' x 8000 . '")}', 'X-API-Key' => $all), 200, 'a long query string');



=== TEST 14: an inner location turns it off, and the method counts
--- config
location / {
    scoped_key on;
    scoped_key_graphql on;
    scoped_key_require api:$scoped_key_access;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    location /rest { scoped_key_graphql off; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
}
--- story
our ($scope, $unreadable);
my $reader = granted('api:read');
verdict_is(get('/rest', 'X-API-Key' => $reader), 200, 'GET');
verdict_is(post('/rest', $reader, 'application/json', body('{ a }')), $scope, 'POST');
verdict_is(post('/', $reader, 'application/json', body('{ a }')), 200, 'POST, GraphQL');
verdict_is(get('/', 'X-API-Key' => $reader), $unreadable, 'GET, GraphQL');



=== TEST 15: global keys are not concerned, but their refusals are
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($scope, $unreadable);
my $global = granted('global');
verdict_is(json($global, $_), 200, $_) for body('{ a }'), body('mutation { a }'), '{}', 'x';
verdict_is(get('/', 'X-API-Key' => $global), 200, 'GET');
my $reader = granted('global', '!api:write');
verdict_is(json($reader, body('{ a }')), 200, 'reads');
verdict_is(json($reader, body('mutation { a }')), $scope, 'does not write');
verdict_is(json($reader, '[' . body('{ a }') . ',' . body('mutation { a }') . ']'), $scope, 'nor in a batch');
isnt(get('/?query=mutation{a}', 'X-API-Key' => $reader)->{status}, 200, 'nor by GET');
isnt(json($reader, '{"id":"abc"}')->{status}, 200, 'nor by a hash');
my $writer = granted('global', '!api:read');
verdict_is(json($writer, body('{ a }')), $scope, 'does not read');
verdict_is(json($writer, body('mutation { a }')), 200, 'writes');



=== TEST 16: $scoped_key_access tells the upstream what the document is
--- guard
scoped_key_graphql on;
scoped_key_require api:read api:write;
proxy_set_header X-Access $scoped_key_access;
--- story
my $all = granted('**:*');
is((upstream_lines(json($all, body('{ a }')), 'X-Access'))[0], 'X-Access: read', 'query');
is((upstream_lines(json($all, body('mutation { a }')), 'X-Access'))[0], 'X-Access: write', 'mutation');
is((upstream_lines(get('/?query={a}', 'X-API-Key' => $all, 'X-Access' => 'write'), 'X-Access'))[0], 'X-Access: read', 'GET');



=== TEST 17: by HTTP/2 and in pieces
--- by_http2
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our $scope;
my $reader = granted('api:read');
my @lines = ('-H', "X-API-Key: $reader", '-H', 'Content-Type: application/json');
verdict_is(http2(@lines, '-d', body('{ a }'), '/'), 200, 'a query');
verdict_is(http2(@lines, '-d', body('mutation { a }'), '/'), $scope, 'a mutation');
for my $case (['{ a }', 200], ['mutation { a }', 403]) {
    my $body = body($case->[0]);
    my $head = join "\r\n", 'POST / HTTP/1.1', 'Host: x', "X-API-Key: $reader", 'Content-Type: application/json', 'Transfer-Encoding: chunked', '', '';
    my $answer = answer_of(client($head, split //, chunked($body, 5)));
    is($answer->{status}, $case->[1], "in pieces: $case->[0]");
}



=== TEST 18: at most 64 documents and 4096 root fields a request
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($read, $unreadable);
my $batch = sub { '[' . join(',', @_) . ']' };
verdict_is(send_json($read, $batch->((body('{ a }')) x 64)), 200, '64 documents');
verdict_is(send_json($read, $batch->((body('{ a }')) x 65)), $unreadable, '65 documents');
verdict_is(send_json($read, $batch->((body('{ a }')) x 2000)), $unreadable, '2000 documents');
verdict_is(send_json($read, body('{ ' . 'a ' x 4096 . '}')), 200, '4096 fields');
verdict_is(send_json($read, body('{ ' . 'a ' x 4097 . '}')), $unreadable, '4097 fields');
verdict_is(send_json($read, body('{ a { ' . 'a ' x 5000 . '} }')), 200, 'deeper down they do not count');
verdict_is(send_json($read, body('{ ...F } ' x 80 . 'fragment F on Q { ' . 'a ' x 128 . '}')), 200, 'a fragment of many operations counts once');
verdict_is(send_json($read, body('{ ...F a } ' x 8 . 'fragment F on Q { ' . 'a ' x 4088 . '}')), 200, '4096 by a fragment');
verdict_is(send_json($read, body('{ ...F a } ' x 8 . 'fragment F on Q { ' . 'a ' x 4089 . '}')), $unreadable, '4097 by a fragment');
verdict_is(send_json($read, $batch->((body('{ ' . 'a ' x 64 . '}')) x 64)), 200, '4096 in a batch');
verdict_is(send_json($read, $batch->((body('{ ' . 'a ' x 64 . '}')) x 63, body('{ ' . 'a ' x 65 . '}'))), $unreadable, '4097 in a batch');
verdict_is(get('/?query={' . 'a+' x 2000 . '}', 'X-API-Key' => granted('**:*')), 200, 'by GET');



=== TEST 19: a body costs memory by its size, not by what it unfolds to
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
scoped_key_param field graphql:field;
--- story
our $unreadable;
my $key = granted('api:read', constrained(scope => 'api:write', params => {field => ['a']}));
my $worker = sub {
    my %rss;
    for my $pid (workers()) {
        open my $in, '<', "/proc/$pid/status" or next;
        $rss{$pid} = $1 if join('', <$in>) =~ /^VmHWM:\s+(\d+)/m;
    }
    my ($most) = sort { $b <=> $a } values %rss;
    return $most;
};
my $document = 'fragment f on Q{' . 'a ' x 500 . '}' . '{...f}' x 200;
my $body = '[' . join(',', (body($document)) x 25) . ']';
verdict_is(json($key, body('{ a }')), 200, 'a small one');
my $before = $worker->();
quickly(sub { verdict_is(json($key, $body), $unreadable, length($body) . ' bytes') }, 'many operations');
SKIP: {
    skip 'its memory is not nginx\'s', 1 if $ENV{TEST_MODE} ne 'stock';
    cmp_ok($worker->() - $before, '<', 4096, 'KiB more');
}



=== TEST 20: what comes after an upgrade is not seen
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our $unreadable;
my $all = granted('**:*');
for my $protocol ('websocket', 'WebSocket', 'graphql-transport-ws', '') {
    my @lines = ('Connection' => 'Upgrade', 'Upgrade' => $protocol);
    verdict_is(get('/?query={a}', 'X-API-Key' => $all, @lines), $unreadable, "GET: $protocol");
    verdict_is(get('/', 'X-API-Key' => $all, @lines), $unreadable, "no document: $protocol");
    verdict_is(json($all, body('{ a }'), @lines), $unreadable, "POST: $protocol");
}
verdict_is(get('/?query={a}', 'X-API-Key' => $all, 'Sec-WebSocket-Protocol' => 'graphql-ws'), 200, 'only Upgrade upgrades');
verdict_is(json($all, body('{ a }'), 'Connection' => 'Upgrade', 'Upgrade' => 'h2c'), 200, 'h2c is never passed on');
verdict_is(json($all, body('{ a'), 'Connection' => 'Upgrade', 'Upgrade' => 'h2c'), $unreadable, 'h2c is never passed on, and the document read');
verdict_is(get('/?query={a}', 'X-API-Key' => granted('global'), 'Connection' => 'Upgrade', 'Upgrade' => 'websocket'), 200, 'global');



=== TEST 21: nor for a param, and where none asks it goes on
--- guard
scoped_key_require api:go;
scoped_key_param field graphql:field;
--- story
our $unreadable;
my @lines = ('Connection' => 'Upgrade', 'Upgrade' => 'websocket');
my $key = granted(constrained(scope => 'api:go', params => {field => ['**']}));
verdict_is(get('/?query={a}', 'X-API-Key' => $key), 200, 'without');
verdict_is(get('/?query={a}', 'X-API-Key' => $key, @lines), $unreadable, 'GET');
verdict_is(json($key, body('{ a }'), @lines), $unreadable, 'POST');
verdict_is(get('/?query={a}', 'X-API-Key' => granted('api:go'), @lines), 200, 'without a constraint');



=== TEST 22: the id of a document that the server keeps, beside another one
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($read, $unreadable);
my $all = granted('**:*');
for my $name ('id', 'documentId', 'document_id', 'docId', 'doc_id', 'queryId', 'query_id', 'queryHash', 'query_hash', 'hash', 'operationId', 'operation_id', 'sha256Hash',
    'Id', 'ID', 'DOCUMENTID', 'i\u0064', ' id')
{
    verdict_is(json($all, qq({"$name":"deadbeef","query":"{ a }"})), $unreadable, "$name before");
    verdict_is(json($all, qq({"query":"{ a }","$name":"deadbeef"})), $unreadable, "$name behind");
    verdict_is(json($all, qq([{"query":"{ a }"},{"query":"{ a }","$name":"deadbeef"}])), $unreadable, "$name in a batch");
    verdict_is(json($all, qq({"query":"{ a }","extensions":{"$name":"deadbeef"}})), $unreadable, "$name in extensions");
    verdict_is(json($all, qq([{"query":"{ a }","extensions":{"$name":"deadbeef"}}])), $unreadable, "$name in extensions in a batch");
    next if $name =~ /\\/;
    my $sent = $name =~ s/ /+/r;
    verdict_is(get("/?query={a}&$sent=deadbeef", 'X-API-Key' => $all), $unreadable, "$name by GET");
    verdict_is(get("/?$sent=deadbeef&query={a}", 'X-API-Key' => $all), $unreadable, "$name by GET, before");
    verdict_is(get('/?query={a}&extensions=' . escaped(qq({"$name":"x"})), 'X-API-Key' => $all), $unreadable, "$name in extensions by GET");
    verdict_is(post("/?$sent=deadbeef", $all, 'application/json', body('{ a }')), $unreadable, "$name in the query string of a POST");
    verdict_is(post("/?$sent=deadbeef", $all, 'application/graphql', '{ a }'), $unreadable, "$name, and the document by itself");
}
verdict_is(json($all, $_), $unreadable, $_) for '{"query":"{ a }","id":7}', '{"query":"{ a }","id":null}', '{"query":"{ a }","id":""}', '{"query":"{ a }","id":{}}',
    '{"query":"{ a }","Extensions":{"operationId":"x"}}';
verdict_is(get("/?query={a}&$_", 'X-API-Key' => $all), $unreadable, $_) for 'id', 'id=', 'id[]=x', '%69d=x', 'x;id=y', 'extensions={', 'extensions=x';
verdict_is(send_json($read, $_), 200, $_) for '{"query":"{ a }","variables":{"id":"x","hash":"y"}}', '{"query":"{ user(id: 1) { id hash } }"}', '{"query":"{ a }","ids":1,"operationName":"id"}';
verdict_is(get("/?query={a}&$_", 'X-API-Key' => $all), 200, $_) for 'operationName=id', 'variables=' . escaped('{"id":"x"}'), 'ids=1', 'key=1';



=== TEST 23: automatic persisted queries: the document is there, and servers compare the hash
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($read, $scope);
my $extensions = '{"persistedQuery":{"version":1,"sha256Hash":"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"}}';
verdict_is(send_json($read, qq({"query":"{ a }","extensions":$extensions})), 200, 'POST');
verdict_is(send_json($read, qq([{"query":"{ a }","extensions":$extensions}])), 200, 'in a batch');
verdict_is(send_json($read, qq({"query":"mutation { a }","extensions":$extensions})), $scope, 'a mutation');
verdict_is(get('/?query={a}&extensions=' . escaped($extensions), 'X-API-Key' => granted('api:read')), 200, 'GET');



=== TEST 24: member names in another spelling
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
our ($read, $unreadable);
my $all = granted('**:*');
for my $name ('Query', 'OperationName', 'operationname', 'OPERATIONNAME', ' operationName', 'operationName ', 'Variables', 'VARIABLES', 'variables[]',
    'Extensions', 'exten\u017fions', 'variable\u017f')
{
    verdict_is(json($all, qq({"query":"{ a }","$name":null})), $unreadable, $name);
    verdict_is(json($all, qq({"$name":null,"query":"{ a }"})), $unreadable, "$name before");
    verdict_is(json($all, qq([{"query":"{ a }"},{"query":"{ a }","$name":null}])), $unreadable, "$name in a batch");
}
verdict_is(send_json($read, $_), 200, $_) for '{"query":"{ a }","operationName":null,"variables":null,"extensions":null}',
    '{"query":"{ a }","variable":1,"extension":2,"operation":3}', '{"query":"{ a }","variables":{"Query":1,"Variables":2,"Extensions":3}}',
    '{"query":"{ a }","extensions":{"Query":1,"Variables":2}}', '{"query":"{ a }","operationN\u0061me":"x"}';



=== TEST 25: what one document allowed is not remembered for the next
--- guard
scoped_key_graphql on;
scoped_key_require api:go;
--- story
our $unreadable;
my $key = granted('api:go');
verdict_is(json($key, body('{ a }')), 200, $_) for 'first', 'second', 'third';
verdict_is(get('/?query={a}', 'X-API-Key' => $key), 200, "GET, $_") for 'first', 'second', 'third';
verdict_is(json($key, body('{ a')), $unreadable, 'no document');
verdict_is(get('/', 'X-API-Key' => $key), $unreadable, 'nothing');
verdict_is(get('/?query=mutation{a}', 'X-API-Key' => $key), $unreadable, 'a mutation by GET');
verdict_is(json($key, '{"id":"abc"}'), $unreadable, 'an id');
verdict_is(json($key, body('{ a }')), 200, 'and again');
