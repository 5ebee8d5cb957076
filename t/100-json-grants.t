# Constrained grants: every condition by itself and all together, several as
# alternatives, what cannot be read, and what beats what.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $no = '403 insufficient_scope';

# GET or another method with a key that has these members
sub visit {
    my ($members, $method, $target, @more) = @_;

    return ask($method, $target, @more, 'X-API-Key' => granted(@$members));
}

run_tests();

__DATA__

=== TEST 1: the scope of a grant is a pattern
--- guard
scoped_key_require zone/example.com/dns:edit;
--- story
our $no;
verdict_is(visit([constrained(scope => $_)], 'GET', '/'), 200, $_)
    for 'zone/example.com/dns:edit', 'zone/*/dns:edit', 'zone/**:edit', '**:*',
        '*/*/*:*', 'zone/example.com/dns:*';
verdict_is(visit([constrained(scope => $_)], 'GET', '/'), $no, "\"$_\"")
    for 'zone/example.com/dns:read', 'zone/*:edit', 'ZONE/example.com/dns:edit',
        'zone/example.org/dns:edit', '*:*', 'zone/example.com:edit', '',
        '!zone/example.com/dns:edit', '!**:read', 'zone/**/dns:edit', '**',
        'zone/exa*/dns:edit', ' **:*', '**:* ', "**:*\0", '{"scope":"**:*"}';



=== TEST 2: hosts
--- guard
scoped_key_require dns:write;
--- story
our $no;
my $key = granted(constrained(scope => 'dns:write',
                              hosts => ['api.example.com', '*.dns.example.com']));
cases('/',
    'the host'          => [200, 'X-API-Key' => $key, Host => 'api.example.com'],
    'in capitals'       => [200, 'X-API-Key' => $key, Host => 'API.Example.COM'],
    'with a port'       => [200, 'X-API-Key' => $key, Host => 'api.example.com:81'],
    'with a dot'        => [200, 'X-API-Key' => $key, Host => 'api.example.com.'],
    'by the pattern'    => [200, 'X-API-Key' => $key, Host => 'a.dns.example.com'],
    'deeper'            => [$no, 'X-API-Key' => $key, Host => 'a.b.dns.example.com'],
    'the parent'        => [$no, 'X-API-Key' => $key, Host => 'dns.example.com'],
    'another'           => [$no, 'X-API-Key' => $key, Host => 'example.com'],
    'as a prefix'       => [$no, 'X-API-Key' => $key, Host => 'api.example.com.evil'],
    'as a suffix'       => [$no, 'X-API-Key' => $key, Host => 'xapi.example.com'],
    'no dot is any'     => [$no, 'X-API-Key' => $key, Host => 'apixexample.com']);
verdict_is((ask('GET', 'http://api.example.com/', 'X-API-Key' => $key,
                Host => 'other.example')), $no, 'two that disagree');
verdict_is((ask('GET', '/', 'X-API-Key' => $key, Host => 'other.example',
                'X-Forwarded-Host' => 'api.example.com')), $no, 'X-Forwarded-Host');



=== TEST 3: methods
--- guard
scoped_key_require dns:write;
--- story
our $no;
my $get = granted(constrained(scope => 'dns:write', methods => ['GET', 'POST']));
verdict_is(ask($_, '/', 'X-API-Key' => $get), 200, $_) for qw(GET HEAD POST);
verdict_is(ask($_, '/', 'X-API-Key' => $get), $no, $_)
    for qw(PUT DELETE PATCH OPTIONS PROPFIND);
verdict_is(ask('POST', '/', 'X-API-Key' => granted(
    constrained(scope => 'dns:write', methods => ['HEAD']))), $no, 'POST, HEAD');
is(ask('GET', '/', 'X-API-Key' => granted(
    constrained(scope => 'dns:write', methods => ['HEAD'])))->{status}, 403,
    'HEAD does not include GET');
verdict_is(ask('GET', '/', 'X-HTTP-Method-Override' => 'POST', 'X-API-Key' =>
    granted(constrained(scope => 'dns:write', methods => ['POST']))), $no,
    'an override is just text');



=== TEST 4: addresses
--- guard
scoped_key_require dns:write;
--- story
our $no;
my $try = sub {
    my ($expected, $from, @ips) = @_;
    verdict_is(ask('GET', '/', {from => $from}, 'X-API-Key' => granted(
        constrained(scope => 'dns:write', ips => \@ips))), $expected,
        "$from, @ips");
};
$try->(200, '127.0.0.1', '127.0.0.1');
$try->($no, '127.0.0.2', '127.0.0.1');
$try->(200, '127.0.0.2', '127.0.0.1', '127.0.0.2');
$try->(200, '127.0.5.5', '127.0.0.0/16');
$try->($no, '127.1.5.5', '127.0.0.0/16');
$try->($no, '127.0.0.7', '127.0.0.0/16', '!127.0.0.7');
$try->(200, '127.0.0.8', '127.0.0.0/16', '!127.0.0.7');
$try->(200, '127.0.0.8', '!127.0.0.7');
$try->($no, '127.0.0.7', '!127.0.0.7');
$try->($no, '127.0.0.1', '::1');
$try->($no, '127.0.0.1', '192.0.2.0/24');



=== TEST 5: times
--- guard
scoped_key_require dns:write;
--- story
our $no;
my $now = time;
my $try = sub {
    my ($expected, %times) = @_;
    verdict_is(get('/', 'X-API-Key' => granted(
        constrained(scope => 'dns:write', %times))), $expected,
        join ' ', map { "$_ " . ($times{$_} - $now) } sort keys %times);
};
$try->(200, not_before => $now - 5);
$try->($no, not_before => $now + 3600);
$try->(200, expires_at => $now + 3600);
$try->($no, expires_at => $now - 1);
$try->($no, expires_at => 0);
$try->(200, not_before => 0);
$try->(200, not_before => $now - 5, expires_at => $now + 3600);
$try->($no, not_before => $now + 5, expires_at => $now + 3600);
$try->($no, not_before => $now - 10, expires_at => $now - 5);
$try->(200, expires_at => $now + 36_525 * 86_400 - 60);
$try->($no, expires_at => $now + 36_525 * 86_400 + 60);
$try->($no, expires_at => $now * 1000);
$try->($no, not_before => 0, expires_at => 9223372036854775807);



=== TEST 6: a grant begins and ends by the clock, cached as it is
--- guard
scoped_key_require dns:write;
--- story
our $no;
my $until = int(time) + 2;
my $key = granted(constrained(scope => 'dns:write', expires_at => $until));
my $later = granted(constrained(scope => 'dns:write', not_before => $until));
my ($early, $first) = (get('/', 'X-API-Key' => $key), get('/', 'X-API-Key' => $later));
SKIP: {
    skip 'the machine was slow', 2 if time >= $until;
    verdict_is($early, 200, 'in time');
    verdict_is($first, $no, 'too early');
}
ok(eventually(20, sub { verdict(get('/', 'X-API-Key' => $key)) eq $no }), 'ends');
cmp_ok(Time::HiRes::time(), '>=', $until, 'not before its time');
ok(eventually(20, sub { verdict(get('/', 'X-API-Key' => $later)) eq '200' }), 'begins');



=== TEST 7: all conditions of one grant hold together
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
scoped_key_param name arg:name;
--- story
our $no;
my $now = time;
my $key = granted(constrained(scope => 'dns:write', hosts => ['a.example'],
    methods => ['GET'], ips => ['127.0.0.1'], not_before => $now - 100,
    expires_at => $now + 3600, params => {type => ['TXT'], name => ['_acme.*', 'x']}));
my $try = sub {
    my ($expected, $what, %but) = @_;
    verdict_is(ask($but{method} // 'GET', '/?' . ($but{args} // 'type=TXT&name=_acme.x'),
        {from => $but{from} // '127.0.0.1'}, 'X-API-Key' => $key,
        Host => $but{host} // 'a.example'), $expected, $what);
};
$try->(200, 'all of it');
$try->(200, 'the other name', args => 'name=x&type=TXT');
$try->($no, 'another method', method => 'DELETE');
$try->($no, 'another host', host => 'b.example');
$try->($no, 'another address', from => '127.0.0.2');
$try->('403 param_refused', 'another type', args => 'type=A&name=x');
$try->('403 param_refused', 'another name', args => 'type=TXT&name=y');
$try->('403 param_refused', 'no name', args => 'type=TXT');
$try->('403 param_refused', 'no type', args => 'name=x');
$try->('403 param_refused', 'neither', args => '');
$try->($no, 'host and param', host => 'b.example', args => '');



=== TEST 8: several grants are alternatives, and are not mixed
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
scoped_key_param name arg:name;
--- story
my $refused = '403 param_refused';
my $key = granted(
    constrained(scope => 'dns:write', params => {type => ['TXT'], name => ['a']}),
    constrained(scope => 'dns:write', params => {type => ['A'], name => ['b']}),
    constrained(scope => 'dns:*', methods => ['PUT']));
verdict_is(get("/?$_", 'X-API-Key' => $key), 200, $_)
    for 'type=TXT&name=a', 'type=A&name=b';
verdict_is(get("/?$_", 'X-API-Key' => $key), $refused, $_)
    for 'type=TXT&name=b', 'type=A&name=a', 'type=TXT', 'name=a',
        'type=TXT&type=A&name=a', 'type=TXT&type=A&name=a&name=b';
verdict_is(ask('PUT', '/', 'X-API-Key' => $key), 200, 'by the third');



=== TEST 9: a plain grant beside a constrained one is enough
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
my $text = constrained(scope => 'dns:write', params => {type => ['TXT']});
verdict_is(get('/?type=A', 'X-API-Key' => granted($text)), '403 param_refused', 'alone');
verdict_is(get('/?type=A', 'X-API-Key' => granted($text, 'dns:write')), 200, 'beside');
verdict_is(get('/?type=A', 'X-API-Key' => granted($text, 'dns:read')),
           '403 param_refused', 'beside another scope');



=== TEST 10: a refusal beats constrained grants
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
our $no;
my $text = constrained(scope => 'dns:write', params => {type => ['TXT']});
verdict_is(get('/?type=TXT', 'X-API-Key' => granted($text, $_)), $no, $_)
    for '!dns:write', '!dns:*', '!**:*', '!*:write';
verdict_is(get('/?type=TXT', 'X-API-Key' => granted($text, $_)), 200, $_)
    for '!dns:read', '!dns/x:write', '!*:read';



=== TEST 11: an object that cannot be read in full grants nothing, and says so
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- log_may_say
scoped key .*
--- story
our $no;
my $s = '"scope":"dns:write"';
my @void = (
    '{}', '{', "{$s", "{$s,}", "{$s}}", "{$s} ,", "{$s}\0", "{$s}{$s}", "{$s,$s}",
    "{$s,\"scop\\u0065\":\"dns:write\"}", '{"scope":"dns:read","scope":"dns:write"}',
    "{$s,\"x\":1}", "{$s,\"\":\"\"}", "{$s,\"Params\":{}}", "{$s,\"host\":[\"a\"]}",
    "{$s,\"ip\":[\"127.0.0.1\"]}", "{$s,\"comment\":\"mine\"}", "{$s,\"param\":{}}",
    "{$s,\"enabled\":1}", "{$s,\"mode\":\"global\"}", "{'scope':'dns:write'}",
    '{scope:"dns:write"}', "{$s/**/}", "{$s} // x", "\xef\xbb\xbf{$s}", "\xef\xbb\xbf{}",
    "{\"scope\":\"dns:write\\u0000\"}", "{\"scope\":\"dns:writ\xff\"}",
    '{"scope":["dns:write"]}', '{"scope":null}', '{"scope":1}', '{"scope":{}}',
    '{"scope":true}', '{"scope":""}', '{"scopes":["dns:write"]}', '{"Scope":"dns:write"}',
    map({ "{$s,$_}" }
        '"hosts":"localhost"', '"hosts":[]', '"hosts":null', '"hosts":{}', '"hosts":[1]',
        '"hosts":[null]', '"hosts":[""]', '"hosts":[["localhost"]]', '"hosts":["***"]',
        '"hosts":["localhost",""]', '"hosts":["localhost","a.example:80"]',
        '"hosts":["localhost","*:8080"]', '"hosts":["localhost","!a.example"]',
        '"hosts":["localhost","a\\\\*.example"]', '"hosts":["localhost","::1"]',
        '"hosts":["localhost"],"hosts":["localhost"]',
        '"methods":"GET"', '"methods":[]', '"methods":["get"]', '"methods":["*"]',
        '"methods":[""]', '"methods":["GET,POST"]', '"methods":["GET "]', '"methods":null',
        '"ips":"127.0.0.1"', '"ips":[]', '"ips":["localhost"]', '"ips":["127.0.0.1/33"]',
        '"ips":["127.0.0.1-9"]', '"ips":["127.1"]', '"ips":["*"]', '"ips":["127.0.0.1/8"," "]',
        '"ips":["127.0.0.1","x"]', '"ips":[2130706433]', '"ips":["!"]', '"ips":["!!127.0.0.1"]',
        '"not_before":"1"', '"not_before":-1', '"not_before":1.0', '"not_before":null',
        '"not_before":1e3', '"not_before":[]', '"not_before":true', '"not_before":-0.5',
        '"expires_at":"9999999999"', '"expires_at":9999999999.5', '"expires_at":null',
        '"expires_at":99999999999999999999999', '"expires_at":1e99', '"expires_at":false',
        '"params":[]', '"params":null', '"params":""', '"params":{"type":"TXT"}',
        '"params":{"type":null}', '"params":{"type":[1]}', '"params":{"type":[null]}',
        '"params":{"type":[["TXT"]]}', '"params":{"type":{"TXT":1}}', '"params":{"":["TXT"]}',
        '"params":{"type":["TXT"],"type":["**"]}', '"params":{"type":["***"]}',
        '"params":{"type":["**"],"name":"x"}', '"params":{"type":[true]}', '"params":{"type":[""]}',
        '"params":{"type":["**\u0000"]}', '"params":{"type":["!A"]}',
        '"params":{"type":["!A","!B"]}', '"params":{"type":["**","!"]}',
        '"params":{"type":["**","!***"]}', '"params":{"type":["**"],"name":["!x"]}',
        map({ "\"params\":{\"type\":[\"**\",\"$_\"]}" }
            'a\\\\', '\\\\a', '\\\\.', '!a\\\\b', '\\\\u002a', 'a\\\\\\\\\\\\', '\\\\n')));
for my $member (@void) {
    my $name = $member =~ s/[^ -~]/?/gr;
    my $key = granted($member);
    my ($id) = $key =~ /_(\w{12})_/;

    verdict_is(get('/?type=TXT', 'X-API-Key' => $key), $no, "$name alone");
    ok(scalar(error_log_has(qr/\[(?:warn|error)\].*\Q$id\E/)), "$name is logged");
    verdict_is(get('/?type=TXT', 'X-API-Key' => granted($member,
        constrained(scope => 'dns:write', params => {type => ['TXT']}))), 200,
        "$name beside a good one");
}



=== TEST 12: what is excluded, and characters that stand for themselves
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
my $refused = '403 param_refused';
my $try = sub {
    my ($patterns, %values) = @_;
    my $key = granted(constrained(scope => 'dns:write', params => {type => $patterns}));

    for my $value (sort keys %values) {
        my $args = join '&', map { 'type=' . s/([^A-Za-z0-9.])/sprintf '%%%02X', ord $1/ger }
            split /,/, $value, -1;
        verdict_is(get("/?$args", 'X-API-Key' => $key), $values{$value},
                   "@$patterns: $value");
    }
};
$try->(['!5', '**'], 5 => $refused, 4 => 200, 55 => 200, '4,5' => $refused,
    '5,4' => $refused, '4,6' => 200, '!5' => 200, '05' => 200);
$try->(['**', '!5'], 5 => $refused, 4 => 200);
$try->(['*.example.com', '!www.*.com', '!**y**'], 'a.example.com' => 200,
    'www.example.com' => $refused, 'y.example.com' => $refused);
$try->(['a', '!**'], a => $refused);
$try->(['\\*.example.com'], '*.example.com' => 200, 'www.example.com' => $refused,
    '\\*.example.com' => $refused, '.example.com' => $refused);
$try->(['rate(x[5m]) \\* 60'], 'rate(x[5m]) * 60' => 200,
    'rate(x[5m]) or secret + 60' => $refused, 'rate(x[5m])  60' => $refused);
$try->(['\\!5'], '!5' => 200, 5 => $refused, 4 => $refused);
$try->(['**', '!\\!5'], '!5' => $refused, 5 => 200);
$try->(['a\\\\*'], 'a\\b' => 200, 'a\\*' => 200, 'a*' => $refused);



=== TEST 13: more patterns than can be looked at
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
our $no;
my @many = map { "*$_*a*" } 1000 .. 1000 + 999;
my $key = granted(constrained(scope => 'dns:write',
    params => {type => ['**', map { "!$_" } @many]}));
my ($id) = $key =~ /_(\w{12})_/;
verdict_is(get('/?type=b', 'X-API-Key' => $key), 200, 'a short value');
verdict_is(get('/?type=' . 'b' x 5000, 'X-API-Key' => $key), '403 param_refused',
           'a long one, which an exclusion may be about');
ok(scalar(error_log_has(qr/refused: reason=param_refused id=$id .*cause="too much to match"/)),
   'and the log says so');

my $hosts = put_key('hosts', scopes => ['dns:write'],
    fields => {hosts => join ',', map { "*a$_*" } 1000 .. 5999});
verdict_is(get('/', 'X-API-Key' => $hosts, Host => 'a' x 250), '403 host_refused',
           '5,000 patterns, none of which matches');
verdict_is(get('/', 'X-API-Key' => $hosts, Host => 'a1234'), 200, 'one of them');
verdict_is(get('/', 'X-API-Key' => $hosts, Host => 'a1234' . 'b' x 251), '403 host_refused',
           'a host of 256 bytes has no name');
verdict_is(get('/', 'X-API-Key' => $hosts, Host => 'a' x 3000 . '1234'), '403 host_refused',
           'nor has a longer one');



=== TEST 14: what is void does not void a refusal beside it, and is no refusal itself
--- guard
scoped_key_require dns:write;
--- story
our $no;
verdict_is(visit(['{"scope":"!dns:write"}', 'dns:write'], 'GET', '/'), 200,
           'a refusal in an object');
verdict_is(visit(['{"x":1}', 'dns:write', '!dns:write'], 'GET', '/'), $no, 'beside');
verdict_is(visit(['!{"scope":"dns:write"}', 'dns:write'], 'GET', '/'),
           '403 record_invalid', '! before an object');



=== TEST 15: JSON as other programs write it
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
verdict_is(get('/?type=T%2FX', 'X-API-Key' => granted($_)), 200, $_ =~ s/\s/ /gr) for
    '{ "scope" : "dns:write" }', "{\n  \"scope\": \"dns:write\"\n}\n",
    '{"scope":"dns:write","params":{}}', "{\t\"scope\":\"\\u0064ns:write\"}",
    '{"params":{"type":["T\/X"]},"scope":"dns:write"}',
    '{"sc\u006fpe":"dns:write","params":{"\u0074ype":["\u0054\u002fX"]}}';



=== TEST 16: a param that the location does not declare refuses
--- config
location / {
    scoped_key on;
    scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    scoped_key_param type arg:type;

    location /inner { scoped_key_param name arg:name;
                      proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
    location /same  { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
}
--- story
my $type = limited(type => ['TXT']);
my $name = limited(name => ['x']);
my $none = limited(name => []);
my $case = limited(Type => ['TXT']);
my $refused = '403 param_refused';
verdict_is(get('/?type=TXT&name=x', 'X-API-Key' => $type), 200, 'declared');
verdict_is(get('/?type=TXT&name=x', 'X-API-Key' => $name), $refused, 'undeclared');
verdict_is(get('/?type=TXT', 'X-API-Key' => $none), $refused, 'undeclared, none');
verdict_is(get('/?Type=TXT', 'X-API-Key' => $case), $refused, 'in another case');
verdict_is(get('/same?type=TXT', 'X-API-Key' => $type), 200, 'inherited');
verdict_is(get('/inner?type=TXT', 'X-API-Key' => $type), $refused, 'replaced');
verdict_is(get('/inner?name=x', 'X-API-Key' => $name), 200, 'by the inner one');
verdict_is(get('/inner?x=y', 'X-API-Key' => $none), 200, 'none, and there is none');



=== TEST 17: the constrained grant that decided, as a variable
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
proxy_set_header X-Grant $scoped_key_grant;
--- story
my $one = constrained(scope => 'dns:write', params => {type => ['A']});
my $two = constrained(scope => 'dns:*', params => {type => ['TXT']});
my $key = granted($one, $two, 'dns:read');
my ($line) = upstream_lines(get('/?type=TXT', 'X-API-Key' => $key), 'X-Grant');
$line =~ s/^[^:]*: //;
like($line, qr/TXT/, 'the one');
unlike($line, qr/"A"|dns:read|[\r\n]/, 'not another');



=== TEST 18: a global key needs no param
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
verdict_is(visit(['global'], 'GET', '/?type=A&type=B'), 200, 'none');
verdict_is(visit(['global', constrained(scope => 'dns:write',
    params => {type => ['TXT']})], 'GET', '/?type=A'), 200, 'a grant does not bind it');



=== TEST 19: as many members as there may be
--- guard
scoped_key_require dns:write;
scoped_key_param n arg:n;
--- story
my @many = map { constrained(scope => 'd:w', params => {n => [$_]}) } 1 .. 1023;
verdict_is(visit([@many, constrained(scope => 'dns:write', params => {n => ['7']})],
                 'GET', '/?n=7'), 200, '1024');
my @patterns = map { "value-$_" } 1 .. 4000;
verdict_is(get('/?n=value-4000', 'X-API-Key' => limited(n => \@patterns)), 200, '4000');
verdict_is(get('/?n=value-0', 'X-API-Key' => limited(n => \@patterns)),
           '403 param_refused', 'none of 4000');
