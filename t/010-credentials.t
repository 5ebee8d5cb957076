# Where a key may be presented, and what counts as one.  Exactly one key must be
# there: no source and no line goes before another.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);
our $writer = put_key('writer', scopes => ['dns:write']);

run_tests();

__DATA__

=== TEST 1: the default sources are X-API-Key and a bearer token
--- guard
scoped_key_require dns:read;
--- story
our $reader;
cases('/',
    'header'              => [200, 'X-API-Key' => $reader],
    'header, other case'  => [200, 'x-api-KEY' => $reader],
    'bearer'              => [200, 'Authorization' => "Bearer $reader"],
    'nothing'             => ['403 missing_key'],
    'query'               => ['403 missing_key', 'X-Query' => $reader],
    'cookie'              => ['403 missing_key', 'Cookie' => "key=$reader"],
    'another header'      => ['403 missing_key', 'X-Auth-Token' => $reader],
    'proxy credentials'   => ['403 missing_key',
                              'Proxy-Authorization' => "Bearer $reader"],
    'longer header name'  => ['403 missing_key', 'X-API-Key2' => $reader],
    'shorter header name' => ['403 missing_key', 'X-API-Ke' => $reader]);



=== TEST 2: a key is refused whose scopes do not cover the location
--- guard
scoped_key_require dns:read;
--- story
our $writer;
cases('/',
    'header' => ['403 insufficient_scope', 'X-API-Key' => $writer],
    'bearer' => ['403 insufficient_scope', 'Authorization' => "Bearer $writer"]);



=== TEST 3: two credentials are none, not even equal ones
--- guard
scoped_key_require dns:read;
--- story
our ($reader, $writer);
my @good = ('X-API-Key' => $reader);
my @bad = ('X-API-Key' => $writer);
my @junk = ('X-API-Key' => 'junk');
my @good_bearer = ('Authorization' => "Bearer $reader");
my @bad_bearer = ('Authorization' => "Bearer $writer");
my $refused = '403 ambiguous_key';

cases('/',
    'equal lines'           => [$refused, @good, @good],
    'the first is good'     => [$refused, @good, @bad],
    'the last is good'      => [$refused, @bad, @good],
    'good in the middle'    => [$refused, @bad, @good, @bad],
    'good and junk'         => [$refused, @good, @junk],
    'junk and good'         => [$refused, @junk, @good],
    'far apart'             => [$refused, @good, map({ ("X-$_" => 'x') } 1 .. 40),
                                @good],
    'header and bearer'     => [$refused, @good, @good_bearer],
    'bearer and header'     => [$refused, @good_bearer, @good],
    'bad header and bearer' => [$refused, @bad, @good_bearer],
    'header and bad bearer' => [$refused, @good, @bad_bearer],
    'other spelling'        => [$refused, @good, 'x-api-key' => $reader]);



=== TEST 4: two Authorization lines
nginx itself may refuse them, and then logs the second line at the level info.
--- guard
scoped_key_require dns:read;
--- log_may_say
\[info\].*duplicate header line
--- story
our ($reader, $writer);
for my $pair ([$reader, $reader], [$reader, $writer], [$writer, $reader]) {
    my $answer = get('/', map { ('Authorization' => "Bearer $_") } @$pair);
    like(verdict($answer), qr/^(?:400|403 ambiguous_key)$/, 'refused');
}



=== TEST 5: an empty credential is a missing one
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer cookie:k;
--- story
our $reader;
my @key = ('X-API-Key' => $reader);

cases('/',
    'empty header'             => ['403 missing_key', 'X-API-Key' => ''],
    'header of spaces'         => ['403 missing_key', 'X-API-Key' => '   '],
    'two empty headers'        => ['403 missing_key', 'X-API-Key' => '',
                                   'X-API-Key' => ''],
    'bearer without key'       => ['403 missing_key',
                                   'Authorization' => 'Bearer'],
    'bearer and spaces'        => ['403 missing_key',
                                   'Authorization' => 'Bearer   '],
    'empty cookie'             => ['403 missing_key', 'Cookie' => 'k='],
    'cookie without value'     => ['403 missing_key', 'Cookie' => 'k'],
    'key after an empty one'   => [200, 'X-API-Key' => '', @key],
    'key before an empty one'  => [200, @key, 'X-API-Key' => ''],
    'key and empty bearer'     => [200, @key, 'Authorization' => 'Bearer'],
    'key and empty cookie'     => [200, @key, 'Cookie' => 'k='],
    'bearer and empty header'  => [200, 'X-API-Key' => '',
                                   'Authorization' => "Bearer $reader"]);



=== TEST 6: an empty query argument is a missing one
--- guard
scoped_key_require dns:read;
scoped_key_from query:k;
--- key_in_request_line
--- story
our $reader;
verdict_is(get('/?k='), '403 missing_key', 'empty');
verdict_is(get('/?k'), '403 missing_key', 'no value');
verdict_is(get('/?'), '403 missing_key', 'no argument');
verdict_is(get('/?k&k=&k='), '403 missing_key', 'many empty ones');
verdict_is(get("/?k=&k=$reader"), 200, 'after an empty one');
verdict_is(get("/?k=$reader&k"), 200, 'before an empty one');



=== TEST 7: the scheme of an Authorization header
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $missing = '403 missing_key';
my $authorization = sub {
    my ($expected, $value) = @_;
    verdict_is(get('/', 'Authorization' => $value), $expected,
               $value =~ s/\Q$reader\E/KEY/r);
};

$authorization->(200, "Bearer $reader");
$authorization->(200, "bearer $reader");
$authorization->(200, "BEARER $reader");
$authorization->(200, "bEaReR $reader");
$authorization->(200, "Bearer  $reader");
$authorization->(200, "Bearer       $reader");
$authorization->(200, "Bearer $reader   ");
$authorization->($missing, "Basic $reader");
$authorization->($missing, "Bearers $reader");
$authorization->($missing, "Beare $reader");
$authorization->($missing, "XBearer $reader");
$authorization->($missing, "Bearer$reader");
$authorization->($missing, "$reader");
$authorization->($missing, "Digest username=\"Bearer $reader\"");
$authorization->('403 malformed_key', "Bearer Bearer $reader");
$authorization->('403 malformed_key', "Bearer $reader $reader");
$authorization->('403 malformed_key', "Bearer $reader,");
$authorization->('403 malformed_key', "Bearer $reader, Bearer $reader");
$authorization->('403 malformed_key', "Bearer \"$reader\"");



=== TEST 8: a tab does not separate scheme and key
--- guard
scoped_key_require dns:read;
--- story
our $reader;
for my $value ("Bearer\t$reader", "Bearer \t$reader", "Bearer\t $reader") {
    my $answer = get('/', 'Authorization' => $value);
    like(verdict($answer), qr/^403 (?:missing|malformed)_key$/, 'refused');
}



=== TEST 9: an Authorization of another scheme does not count beside a key
--- guard
scoped_key_require dns:read;
--- story
our $reader;
cases('/',
    'Basic and header' => [200, 'Authorization' => 'Basic dXNlcjpwYXNz',
                           'X-API-Key' => $reader],
    'no scheme and header' => [200, 'Authorization' => 'nonsense',
                               'X-API-Key' => $reader]);



=== TEST 10: a header of one's own name, and no other
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-Auth-Token;
--- story
our $reader;
cases('/',
    'own name'       => [200, 'X-Auth-Token' => $reader],
    'lower case'     => [200, 'x-auth-token' => $reader],
    'default header' => ['403 missing_key', 'X-API-Key' => $reader],
    'bearer'         => ['403 missing_key', 'Authorization' => "Bearer $reader"],
    'not asked for'  => [200, 'X-Auth-Token' => $reader,
                         'X-API-Key' => 'whatever',
                         'Authorization' => 'Bearer whatever']);



=== TEST 11: the name is written in any case in the configuration
--- guard
scoped_key_require dns:read;
scoped_key_from header:x-AUTH-token authorization:aPiKeY;
--- story
our $reader;
cases('/',
    'header' => [200, 'X-Auth-Token' => $reader],
    'scheme' => [200, 'Authorization' => "ApiKey $reader"]);



=== TEST 12: a scheme of one's own
--- guard
scoped_key_require dns:read;
scoped_key_from authorization:Token;
--- story
our $reader;
cases('/',
    'own scheme'   => [200, 'Authorization' => "Token $reader"],
    'other case'   => [200, 'Authorization' => "tOKEN   $reader"],
    'bearer'       => ['403 missing_key', 'Authorization' => "Bearer $reader"],
    'parameters'   => ['403 malformed_key', 'Authorization' => "Token k=$reader"],
    'header'       => ['403 missing_key', 'X-API-Key' => $reader]);



=== TEST 13: authorization:Bearer and bearer are the same
--- guard
scoped_key_require dns:read;
scoped_key_from authorization:Bearer;
--- story
our $reader;
cases('/', 'bearer' => [200, 'Authorization' => "Bearer $reader"]);



=== TEST 14: a header that nginx itself knows can be a source
--- guard
scoped_key_require dns:read;
scoped_key_from header:Referer header:User-Agent;
--- key_in_request_line
--- story
our $reader;
cases('/',
    'Referer'    => [200, 'Referer' => $reader],
    'User-Agent' => [200, 'User-Agent' => $reader],
    'both'       => ['403 ambiguous_key', 'User-Agent' => $reader,
                     'Referer' => $reader],
    'a browser'  => ['403 malformed_key', 'User-Agent' => 'Mozilla/5.0 (X)']);



=== TEST 15: a query argument
--- guard
scoped_key_require dns:read;
scoped_key_from query:api_key;
--- key_in_request_line
--- story
our ($reader, $writer);
my $query = sub {
    my ($expected, $args) = @_;
    verdict_is(get("/?$args"), $expected, $args =~ s/sk[_%]\w+/KEY/gr);
};
my $ambiguous = '403 ambiguous_key';
my $missing = '403 missing_key';
my $malformed = '403 malformed_key';
(my $encoded = $reader) =~ s/_/%5F/g;
(my $twice = $reader) =~ s/_/%255F/g;

$query->(200, "api_key=$reader");
$query->(200, "a=1&api_key=$reader");
$query->(200, "api_key=$reader&a=1");
$query->(200, "&&api_key=$reader&&");
$query->(200, "%61pi_key=$reader");
$query->(200, "api%5fkey=$reader");
$query->(200, "api_key=$encoded");
$query->($ambiguous, "api_key=$reader&api_key=$reader");
$query->($ambiguous, "api_key=$reader&api_key=$writer");
$query->($ambiguous, "api_key=$writer&a=1&api_key=$reader");
$query->($ambiguous, "api_key=$reader&%61pi_key=$reader");
$query->($ambiguous, "%61pi_key=$writer&api_key=$reader");
$query->($ambiguous, "api_key=$reader&api_key=junk");
$query->($missing, "xapi_key=$reader");
$query->($missing, "api_key2=$reader");
$query->($missing, "a=api_key=$reader");
$query->($missing, "$reader");
$query->($malformed, "api_key=$twice");
$query->($malformed, "api_key=$reader%20");
$query->($malformed, "api_key=+$reader");
$query->($malformed, "api_key=$reader%00");
$query->($malformed, "api_key=$reader%");
$query->($malformed, "api_key=$reader%4");
$query->($malformed, "api_key=$reader;b=1");
$query->($malformed, "api_key==$reader");



=== TEST 16: the query of an absolute URI, and a fragment
--- guard
scoped_key_require dns:read;
scoped_key_from query:api_key;
--- key_in_request_line
--- story
our $reader;
verdict_is(get("http://localhost/?api_key=$reader"), 200, 'absolute URI');
verdict_is(get("http://localhost/"), '403 missing_key', 'absolute, without');
verdict_is(get("/#?api_key=$reader"), '403 missing_key', 'in the fragment');



=== TEST 17: a cookie
--- guard
scoped_key_require dns:read;
scoped_key_from cookie:api_key;
--- story
our ($reader, $writer);
my $ambiguous = '403 ambiguous_key';
my $missing = '403 missing_key';
my $key = "api_key=$reader";

cases('/',
    'only'             => [200, 'Cookie' => $key],
    'first'            => [200, 'Cookie' => "$key; a=1"],
    'last'             => [200, 'Cookie' => "a=1; $key"],
    'middle'           => [200, 'Cookie' => "a=1; $key; b=2"],
    'without space'    => [200, 'Cookie' => "a=1;$key;b=2"],
    'second line'      => [200, 'Cookie' => 'a=1', 'Cookie' => $key],
    'header, any case' => [200, 'cOOKIE' => $key],
    'twice'            => [$ambiguous, 'Cookie' => "$key; $key"],
    'two values'       => [$ambiguous, 'Cookie' => "api_key=$writer; $key"],
    'two lines'        => [$ambiguous, 'Cookie' => $key, 'Cookie' => $key],
    'good and bad'     => [$ambiguous, 'Cookie' => $key,
                           'Cookie' => "api_key=$writer"],
    'bad and good'     => [$ambiguous, 'Cookie' => "api_key=$writer",
                           'Cookie' => $key],
    'other case'       => [$missing, 'Cookie' => "API_KEY=$reader"],
    'longer name'      => [$missing, 'Cookie' => "xapi_key=$reader"],
    'in a value'       => [$missing, 'Cookie' => "a=api_key=$reader"],
    'quoted'           => ['403 malformed_key',
                           'Cookie' => "api_key=\"$reader\""],
    'inside of quotes' => ['403 malformed_key',
                           'Cookie' => "a=\"; api_key=$reader\""]);



=== TEST 18: all kinds of sources together, each with each
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k authorization:Token;
--- key_in_request_line
--- log_may_say
\[info\].*duplicate header line
--- story
our $reader;
my %at = (
    header => ['/', 'X-API-Key' => $reader],
    bearer => ['/', 'Authorization' => "Bearer $reader"],
    token  => ['/', 'Authorization' => "Token $reader"],
    query  => ["/?k=$reader"],
    cookie => ['/', 'Cookie' => "k=$reader"],
);
my @sources = sort keys %at;

for my $first (@sources) {
    verdict_is(get(@{$at{$first}}), 200, "$first alone");

    for my $second (grep { $_ lt $first } @sources) {
        my ($target, @lines) = @{$at{$first}};
        my ($other, @others) = @{$at{$second}};
        my $both = length $target > length $other ? $target : $other;
        like(verdict(get($both, @lines, @others)),
             qr/^(?:400|403 ambiguous_key)$/, "$first and $second");
    }
}



=== TEST 19: X_API_Key is another header, which nginx drops
--- guard
scoped_key_require dns:read;
--- log_may_say
\[info\].*client sent invalid header line
--- story
our $reader;
cases('/',
    'alone'  => ['403 missing_key', 'X_API_Key' => $reader],
    'beside' => [200, 'X_API_Key' => 'whatever', 'X-API-Key' => $reader]);



=== TEST 20: X_API_Key is another header, with underscores_in_headers on, too
--- config
underscores_in_headers on;
--- guard
scoped_key_require dns:read;
--- story
our $reader;
cases('/',
    'alone'  => ['403 missing_key', 'X_API_Key' => $reader],
    'mixed'  => ['403 missing_key', 'X-API_Key' => $reader]);



=== TEST 21: control bytes and what is not ASCII
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
--- log_may_say
\[info\].*client sent invalid header line
--- story
our $reader;
for my $byte (0x01, 0x09, 0x0b, 0x1b, 0x1f, 0x20, 0x7f, 0x80, 0xa0, 0xff) {
    my $name = sprintf '%02x', $byte;
    my ($head, $tail) = (substr($reader, 0, 20), substr($reader, 20));

    verdict_is(get('/', 'X-API-Key' => $head . chr($byte) . $tail),
               '403 malformed_key', "$name inside");
    verdict_is(get('/', 'Authorization' => "Bearer legacy" . chr($byte) . 'key'),
               '403 malformed_key', "$name in a bearer token");
}
like(verdict(get('/', 'X-API-Key' => "$reader\0")), qr/^(?:400|403 malformed_key)$/,
     'a zero byte');



=== TEST 22: overlong keys
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
--- story
our $reader;
for my $bytes (2049, 4096, 7900) {
    verdict_is(get('/', 'X-API-Key' => 'k' x $bytes), '403 malformed_key',
               "$bytes bytes");
}
verdict_is(get('/', 'X-API-Key' => $reader . 'k' x 7800), '403 malformed_key',
           'a key and a long tail');
verdict_is(get('/', 'X-API-Key' => 'k' x 40000), 400, 'too long for nginx');



=== TEST 23: HTTP/1.0, with and without Host
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $old = {version => '1.0'};
verdict_is(ask('GET', '/', $old, 'X-API-Key' => $reader), 200, 'key');
verdict_is(ask('GET', '/', $old), '403 missing_key', 'no key');

my ($answer) = exchange("GET / HTTP/1.0\r\nX-API-Key: $reader\r\n\r\n");
is($answer->{status}, 200, 'no Host');



=== TEST 24: HTTP/0.9 has no header, and so no key
--- guard
scoped_key_require dns:read;
--- story
my $before = Upstream::requests();
exchange("GET /\r\n");
is(Upstream::requests() - $before, 0, 'the upstream is not asked');



=== TEST 25: an absolute URI
--- guard
scoped_key_require dns:read;
--- story
our $reader;
verdict_is(get('http://localhost/', 'X-API-Key' => $reader), 200, 'key');
verdict_is(get('http://localhost/'), '403 missing_key', 'no key');
verdict_is(get('http://x:y@localhost/', 'X-API-Key' => ''), '403 missing_key',
           'user information is no key')
    if verdict(get('http://x:y@localhost/')) ne '400';



=== TEST 26: a malformed text is no legacy key, and a legacy key is malformed
--- config
location /strict {
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
--- story
our $reader;
my %text = (
    'a word'           => 'correct-horse-battery',
    'the least'        => '12345678',
    'the most'         => 'k' x 2048,
    'all printables'   => join('', map { chr } 0x21 .. 0x7e),
    'a short prefix'   => key_text('s', '0' x 12, '0' x 32),
    'a long prefix'    => key_text('s' x 17, '0' x 12, '0' x 32),
    'a capital prefix' => key_text('SK', '0' x 12, '0' x 32),
    'a short id'       => key_text('sk', '0' x 11, '0' x 32),
    'a long secret'    => key_text('sk', '0' x 12, '0' x 33),
);

for my $name (sort keys %text) {
    my @key = ('X-API-Key' => $text{$name});
    verdict_is(get('/', @key), '403 unknown_key', "$name, legacy on");
    verdict_is(get('/strict', @key), '403 malformed_key', "$name, legacy off");
}

my %malformed = (
    'too short'      => '1234567',
    'too long'       => 'k' x 2049,
    'a space'        => 'correct horse',
    'wrong checksum' => substr($reader, 0, -1) . (substr($reader, -1) ^ "\1"),
    'changed secret' => $reader =~ s/_.{12}_.\K./substr($reader, 17, 1) eq 'a' ? 'b' : 'a'/er,
);

for my $name (sort keys %malformed) {
    my @key = ('X-API-Key' => $malformed{$name});
    verdict_is(get('/', @key), '403 malformed_key', "$name, legacy on");
    verdict_is(get('/strict', @key), '403 malformed_key', "$name, legacy off");
}



=== TEST 27: a legacy key opens what it may, and only where it is a key
--- config
location /strict {
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
--- story
my $text = 'old-System-Key/0001+x==';
put_key('legacy', text => $text, id => legacy_id($text), scopes => ['dns:read']);

for my $round (1, 2) {
    verdict_is(get('/', 'X-API-Key' => $text), 200, 'legacy on');
    verdict_is(get('/strict', 'X-API-Key' => $text), '403 malformed_key',
               'legacy off, though it is cached');
    verdict_is(get('/', 'Authorization' => "Bearer $text"), 200, 'as bearer');
}



=== TEST 28: a key that was refused where legacy is off works where it is on
--- config
location /strict {
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
--- story
my $text = 'old-System-Key/0002+x==';
put_key('legacy', text => $text, id => legacy_id($text), scopes => ['dns:read']);

verdict_is(get('/strict', 'X-API-Key' => $text), '403 malformed_key', 'off');
verdict_is(get('/', 'X-API-Key' => $text), 200, 'on');
verdict_is(get('/strict', 'X-API-Key' => $text), '403 malformed_key', 'off');



=== TEST 29: the sources of an inner block replace the outer ones
--- config
scoped_key_from header:X-Outer;
location /inner {
    scoped_key on;
    scoped_key_from header:X-Inner;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
scoped_key_require dns:read;
--- story
our $reader;
cases('/inner',
    'inner' => [200, 'X-Inner' => $reader],
    'outer' => ['403 missing_key', 'X-Outer' => $reader],
    'both'  => [200, 'X-Inner' => $reader, 'X-Outer' => 'whatever']);
cases('/',
    'inherited' => [200, 'X-Outer' => $reader],
    'inner'     => ['403 missing_key', 'X-Inner' => $reader],
    'default'   => ['403 missing_key', 'X-API-Key' => $reader]);



=== TEST 30: junk is refused without a question to Redis
--- guard
scoped_key_require dns:read;
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=100ms connect_timeout=100ms;
--- story
our $reader;
my $typo = $reader =~ s/.\z/substr($reader, -1) eq 'a' ? 'b' : 'a'/er;
cases('/',
    'a typo'      => ['403 malformed_key', 'X-API-Key' => $typo],
    'truncated'   => ['403 malformed_key', 'X-API-Key' => substr($reader, 0, -1)],
    'no key'      => ['403 missing_key'],
    'two keys'    => ['403 ambiguous_key', 'X-API-Key' => $reader,
                      'X-API-Key' => $reader],
    'a good key'  => ['503 store_unavailable', 'X-API-Key' => $reader]);



=== TEST 31: a folded header field brings no key
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $before = Upstream::requests();
my ($answer) = exchange("GET / HTTP/1.1\r\nHost: localhost\r\n"
                        . "Connection: close\r\nX-API-Key:\r\n $reader\r\n\r\n");
like($answer->{status}, qr/^40[03]$/, 'refused');
is(Upstream::requests() - $before, 0, 'not proxied');



=== TEST 32: spaces and tabs around a key are not part of it
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my @head = ('GET / HTTP/1.1', 'Host: localhost', 'Connection: close');
for my $line ("X-API-Key:$reader", "X-API-Key:    $reader",
              "X-API-Key: $reader    ", "X-API-Key:\t$reader",
              "X-API-Key: $reader\t", "X-API-Key: \t $reader \t \t",
              "Authorization: \tBearer  $reader\t") {
    my ($answer) = exchange(join "\r\n", @head, $line, '', '');
    is($answer->{status}, 200, 'allowed through');
}

my $before = Upstream::requests();
my ($answer) = exchange(join "\r\n", @head, "X-API-Key : $reader", '', '');
like($answer->{status}, qr/^40[03]$/, 'a space before the colon');
is(Upstream::requests() - $before, 0, 'not proxied');
