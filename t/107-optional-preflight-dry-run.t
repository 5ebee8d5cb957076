# Locations that let through more than keys: optional, preflight, dry_run, and the
# catalog beside constrained grants.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $form = 'application/x-www-form-urlencoded';

# the verdict and reason that the upstream was told
sub told {
    my ($answer) = @_;

    return join ' ', map { s/^[^:]*: ?//r } upstream_lines($answer, 'X-Verdict'), upstream_lines($answer, 'X-Reason');
}

run_tests();

__DATA__

=== TEST 1: optional: no key is allowed through, a key is held to its word
--- config
location / {
    scoped_key optional;
    scoped_key_require dns:write;
    scoped_key_param type form:type arg:type;
    proxy_set_header X-Verdict $scoped_key_verdict;
    proxy_set_header X-Id $scoped_key_id;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $form;
my $key = limited(type => ['TXT']);
my $answer = get('/?type=B', 'X-Verdict' => 'allowed');
is($answer->{status}, 200, 'no key');
is(told($answer), 'anonymous', 'and the upstream knows');
is((upstream_lines($answer, 'X-Id'))[0], undef, 'of no id');
is(told(get('/?type=TXT', 'X-API-Key' => $key)), 'allowed', 'a key');
verdict_is(get('/?type=B', 'X-API-Key' => $key), '403 param_refused', 'a key, refused');
verdict_is(get('/', 'X-API-Key' => key('nobody')), '403 unknown_key', 'an unknown key');
verdict_is(get('/', 'X-API-Key' => 'sk_x'), '403 malformed_key', 'a malformed key');
verdict_is(get('/', 'X-API-Key' => $key, 'Authorization' => "Bearer $key"), '403 ambiguous_key', 'two keys');
verdict_is(get('/', 'X-API-Key' => granted('dns:read')), '403 insufficient_scope', 'another scope');
verdict_is(get('/', 'X-API-Key' => put_key('off', fields => {enabled => 0})), '403 key_disabled', 'disabled');
verdict_is(post('/', $key, $form, 'type=B'), '403 param_refused', 'by its body');
is(body_of(ask('POST', '/', {body => 'type=B'}, 'Content-Type' => $form)), 'type=B', 'no key, with a body');
is(told(get('/', 'X-API-Key' => '')), 'anonymous', 'an empty key is none');



=== TEST 2: optional and satisfy any: anonymous is no grant
--- config
location / {
    satisfy any;
    deny all;
    scoped_key optional;
    scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
is(get('/')->{status}, 403, 'no key');
is(get('/', 'X-API-Key' => granted('dns:write'))->{status}, 200, 'a key');
is(get('/', 'X-API-Key' => granted('dns:read'))->{status}, 403, 'another key');
is(get('/', 'X-API-Key' => key('nobody'))->{status}, 403, 'an unknown key');



=== TEST 3: optional does not open a location that reads GraphQL to what it cannot read, with a key
--- config
location / {
    scoped_key optional;
    scoped_key_graphql on;
    scoped_key_require api:$scoped_key_access;
    proxy_set_header X-Verdict $scoped_key_verdict;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
is(told(ask('POST', '/', {body => 'x'})), 'anonymous', 'no key');
verdict_is(json(granted('**:*'), 'x'), '403 body_unreadable', 'a key');



=== TEST 4: preflight: real ones pass without a key, all others do not
--- config
location / {
    scoped_key on;
    scoped_key_preflight on;
    scoped_key_require dns:write;
    scoped_key_param type arg:type;
    proxy_set_header X-Verdict $scoped_key_verdict;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /off {
    scoped_key on;
    scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my @preflight = (Origin => 'https://app.example', 'Access-Control-Request-Method' => 'PUT');
my $missing = '403 missing_key';
my $answer = ask('OPTIONS', '/', @preflight);
verdict_is($answer, 200, 'a preflight');
is(told($answer), 'anonymous', 'and the upstream knows');
verdict_is(ask('OPTIONS', '/?type=B', @preflight, 'Access-Control-Request-Headers' => 'x-api-key'), 200, 'with headers');
verdict_is(ask('OPTIONS', '/', 'X-API-Key' => granted('dns:read'), @preflight), 200, 'with a key that may not');
verdict_is(ask('OPTIONS', '/', 'origin' => 'null', 'access-control-request-method' => 'GET'), 200, 'in lower case');
verdict_is(ask('OPTIONS', '/'), $missing, 'OPTIONS alone');
verdict_is(ask('OPTIONS', '/', Origin => 'https://app.example'), $missing, 'no method');
verdict_is(ask('OPTIONS', '/', @preflight[2, 3]), $missing, 'no origin');
verdict_is(ask($_, '/', @preflight), $missing, $_) for qw(GET POST PUT DELETE PATCH PROPFIND);
is(ask('HEAD', '/', @preflight)->{status}, 403, 'HEAD');
is(ask('options', '/', @preflight)->{seen}, 0, 'in lower case');
verdict_is(ask('OPTIONS', '/off', @preflight), $missing, 'where it is off');
verdict_is(ask('OPTIONS', '/', 'X-HTTP-Method-Override' => 'DELETE'), $missing, 'an override');



=== TEST 5: preflight and satisfy any: it is no grant
--- config
location / {
    satisfy any;
    deny all;
    scoped_key on;
    scoped_key_preflight on;
    scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
is(ask('OPTIONS', '/', Origin => 'https://a.example', 'Access-Control-Request-Method' => 'PUT')->{status}, 403, 'refused');



=== TEST 6: dry run: every refusal is allowed through, and logged
--- guard
scoped_key_dry_run on;
scoped_key_require dns:write;
scoped_key_param type form:type json:/type;
scoped_key_body_limit 100;
proxy_set_header X-Verdict $scoped_key_verdict;
proxy_set_header X-Reason $scoped_key_reason;
--- story
our $form;
my $key = limited(type => ['TXT']);
my $long = 'type=TXT&x=' . 'y' x 200;
my %refused = (
    missing_key => get('/'), unknown_key => get('/', 'X-API-Key' => key('nobody')), malformed_key => get('/', 'X-API-Key' => 'sk_x'),
    insufficient_scope => get('/', 'X-API-Key' => granted('dns:read')), param_refused => post('/', $key, $form, 'type=B'),
    body_unreadable => post('/', $key, 'text/plain', 'type=TXT'), body_too_large => post('/', $key, $form, $long),
    key_disabled => get('/', 'X-API-Key' => put_key('off', fields => {enabled => 0})),
);
for my $reason (sort keys %refused) {
    is($refused{$reason}{status}, 200, "$reason is allowed through");
    is(told($refused{$reason}), "dry_run $reason", 'and the upstream knows');
    ok(scalar(error_log_has(qr/\[warn\].*refused: reason=$reason\b.*dry run/)), 'and so does the log');
}
is(body_of($refused{param_refused}), 'type=B', 'with its body');
is(body_of($refused{body_unreadable}), 'type=TXT', 'with what cannot be read');
is(body_of($refused{body_too_large}), $long, 'with what is too large');
is(body_of(ask('POST', '/', {body => chunked($long, 20)}, 'X-API-Key' => $key, 'Content-Type' => $form, 'Transfer-Encoding' => 'chunked')), $long,
   'in chunks');
is(told(post('/', $key, $form, 'type=TXT')), 'allowed', 'what is allowed is so');



=== TEST 7: dry run and satisfy any: it is no grant
--- config
location / {
    satisfy any;
    deny all;
    scoped_key on;
    scoped_key_dry_run on;
    scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
is(get('/')->{status}, 403, 'no key');
is(get('/', 'X-API-Key' => granted('dns:write'))->{status}, 200, 'a key');



=== TEST 8: dry run: GraphQL
--- guard
scoped_key_dry_run on;
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
proxy_set_header X-Verdict $scoped_key_verdict;
proxy_set_header X-Reason $scoped_key_reason;
--- story
my $reader = granted('api:read');
is(told(json($reader, '{"query":"{ a }"}')), 'allowed', 'a query');
is(told(json($reader, '{"query":"mutation { a }"}')), 'dry_run insufficient_scope', 'a mutation');
is(told(json($reader, '{"id":"abc"}')), 'dry_run body_unreadable', 'a hash');
is(told(get('/?query=mutation{a}', 'X-API-Key' => $reader)), 'dry_run body_unreadable', 'by GET');



=== TEST 9: a catalog does not decide what a key may be granted
--- http_config
scoped_key_scope dns:read "read";
scoped_key_scope dns:write "write";
scoped_key_scope zone/*:edit "edit a zone";
--- config
location /dns {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type arg:type;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location ~ ^/zone/(?<zone>.*)\z {
    scoped_key on;
    scoped_key_require zone/$zone:edit;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my $key = granted('other:scope', constrained(scope => 'dns:*', params => {type => ['TXT']}), constrained(scope => 'zone/example.com:*'));
verdict_is(get('/dns?type=TXT', 'X-API-Key' => $key), 200, 'dns');
verdict_is(get('/dns?type=A', 'X-API-Key' => $key), '403 param_refused', 'another type');
verdict_is(get('/zone/example.com', 'X-API-Key' => $key), 200, 'the zone');
verdict_is(get('/zone/example.org', 'X-API-Key' => $key), '403 insufficient_scope', 'another zone');
verdict_is(get('/zone/example.com/x', 'X-API-Key' => $key), '403 insufficient_scope', 'a slash stays in its segment');
