# Sources beyond one's own header: Authorization without a scheme, Basic
# credentials, variables; bearer tokens that are the upstream's own; and whose
# keys are let in at all.

use lib 't/lib';
use Blocks;
use MIME::Base64 ();
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);
our $writer = put_key('writer', scopes => ['dns:write']);
our $secret = substr $reader, 16;

# a token as an identity provider issues it, of 700 bytes and more
our $jwt = join '.', map { MIME::Base64::encode_base64url($_) }
    '{"alg":"RS256","typ":"JWT"}', '{"sub":"1","scope":"' . 'a' x 400 . '"}',
    'x' x 256;

sub basic {
    return 'Basic ' . MIME::Base64::encode_base64($_[0], '');
}

# the upstream was asked, and saw nothing of the secret
sub nothing_seen {
    my ($answer, $name) = @_;

    is($answer->{status}, 200, "$name: allowed through");
    is(index(upstream_saw($answer), $main::secret), -1,
       "$name: the upstream sees no key");
    cmp_ok($answer->{seen}, '>', 0, "$name: the upstream was asked");
}

run_tests();

__DATA__

=== TEST 1: Basic: the password, or the user name where there is no password
--- guard
scoped_key_require dns:read;
scoped_key_from basic;
--- story
our ($reader, $writer);
cases('/',
    'the password'       => [200, 'Authorization' => basic("any:$reader")],
    'no user name'       => [200, 'Authorization' => basic(":$reader")],
    'the user name'      => [200, 'Authorization' => basic("$reader:")],
    'scheme, other case' => [200, 'Authorization' => 'bAsIc ' . substr basic("$reader:"), 6],
    'several spaces'     => [200, 'Authorization' => 'Basic    ' . substr basic("$reader:"), 6],
    'a tab after it'     => [200, 'Authorization' => basic("$reader:") . "\t"],
    'password first'     => ['403 insufficient_scope', 'Authorization' => basic("$reader:$writer")],
    'user not looked at' => ['403 malformed_key', 'Authorization' => basic("$reader:x")],
    'a colon too many'   => ['403 malformed_key', 'Authorization' => basic("u:$reader:")],
    'space in front'     => ['403 malformed_key', 'Authorization' => basic("u: $reader")],
    'a line end'         => ['403 malformed_key', 'Authorization' => basic("u:$reader\n")],
    'a NUL'              => ['403 malformed_key', 'Authorization' => basic("u:$reader\0")],
    'nothing in it'      => ['403 missing_key', 'Authorization' => basic(':')],
    'no credentials'     => ['403 missing_key', 'Authorization' => 'Basic'],
    'nothing at all'     => ['403 missing_key'],
    'bearer'             => ['403 missing_key', 'Authorization' => "Bearer $reader"],
    'a tab, no space'    => ['403 missing_key', 'Authorization' => "Basic\t" . substr basic("$reader:"), 6],
    'another header'     => ['403 missing_key', 'Proxy-Authorization' => basic("$reader:")],
    'another header yet' => ['403 missing_key', 'X-API-Key' => $reader]);



=== TEST 2: Basic: what cannot be decoded is no key, least of all a legacy one
The text as it was sent is one, which would open what its holder never had.
--- guard
scoped_key_require dns:read;
scoped_key_from basic query:k;
scoped_key_legacy on;
--- init
put_key('sent', text => 'a2V5OnNlY3JldA', id => legacy_id('a2V5OnNlY3JldA'), scopes => ['dns:read']);
put_key('undecoded', text => '%zzlegacykey', id => legacy_id('%zzlegacykey'), scopes => ['dns:read']);
--- key_in_request_line
--- story
our $reader;
my $good = substr basic("any:$reader"), 6;
my %bad = (
    'no padding'          => 'a2V5OnNlY3JldA',
    'padding in the middle' => "$good=" . $good,
    'a character too many' => $good . 'A',
    'url alphabet'        => substr(basic('u:' . "\xff\xfe\xff\xfe"), 6) =~ tr{+/}{-_}r,
    'bits that are left'  => 'dTpsZWdhY3ktdGV4dB==' =~ s/==/x=/r,
    'no colon'            => substr(basic($reader), 6),
    'percent signs'       => 'a2V5%3D%3D',
);
for my $name (sort keys %bad) {
    verdict_is(get('/', 'Authorization' => "Basic $bad{$name}"), '403 malformed_key', $name);
}
verdict_is(get('/', 'Authorization' => 'Basic a b'), '403 malformed_key', 'a space');
verdict_is(get('/?k=%zzlegacykey'), '403 malformed_key', 'a query argument, too');
verdict_is(get('/?k=%25zzlegacykey'), 200, 'its text was the key');



=== TEST 3: Basic: nothing of it reaches the upstream
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key basic;
proxy_set_header X-One "[$http_authorization]";
proxy_set_header X-Two "[$remote_user]";
--- story
our $reader;
nothing_seen(get('/', 'Authorization' => basic("any:$reader")), 'password');
nothing_seen(get('/', 'Authorization' => basic("$reader:")), 'user name');

my $answer = get('/', 'Authorization' => basic("$reader:"), 'A' => '1');
is_deeply([map { upstream_lines($answer, $_) } qw(Authorization X-One X-Two A)],
          ['X-One: []', 'X-Two: []', 'A: 1'], 'no such line');

$answer = get('/', 'Authorization' => basic(':'), 'X-API-Key' => $reader);
is($answer->{status}, 200, 'empty ones are none');
is_deeply([upstream_lines($answer, 'Authorization')], [], 'and go, too');

$answer = get('/', 'Authorization' => "Bearer x", 'X-API-Key' => $reader);
is_deeply([upstream_lines($answer, 'Authorization')], ['Authorization: Bearer x'],
          'another scheme stays');



=== TEST 4: $remote_user, asked for before the key was hidden, keeps none
--- config
location /early {
    set $user "";
    if ($remote_user = "x") { set $user x; }
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from basic;
    proxy_set_header X-One "[$remote_user]";
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
--- story
our $reader;
nothing_seen(get('/early', 'Authorization' => basic("$reader:")), 'user name');



=== TEST 5: a user's password beside a key of its own
--- user_files
>>> passwords
user:{PLAIN}pass
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key basic;
satisfy any;
auth_basic "x";
auth_basic_user_file ../html/passwords;
--- story
our $reader;
verdict_is(get('/', 'Authorization' => basic("any:$reader")), 200, 'a key');
verdict_is(get('/', 'Authorization' => basic('user:pass')), 401, 'a password is malformed, and gone');
verdict_is(get('/', 'Authorization' => basic('user:pass'), 'X-API-Key' => $reader), 401, 'two');



=== TEST 6: authorization: the whole value, without a scheme
--- guard
scoped_key_require dns:read;
scoped_key_from authorization;
--- story
our ($reader, $writer);
cases('/',
    'the key'            => [200, 'Authorization' => $reader],
    'blanks around it'   => [200, 'Authorization' => "\t $reader \t"],
    'another header'     => ['403 missing_key', 'X-API-Key' => $reader],
    'a scheme'           => ['403 missing_key', 'Authorization' => "Bearer $reader"],
    'a scheme, a tab'    => ['403 malformed_key', 'Authorization' => "Bearer\t$reader"],
    'a scheme alone'     => ['403 malformed_key', 'Authorization' => 'Bearer'],
    'empty'              => ['403 missing_key', 'Authorization' => ''],
    'a comma'            => ['403 malformed_key', 'Authorization' => "$reader,$writer"],
    'another key'        => ['403 insufficient_scope', 'Authorization' => $writer]);
my $answer = get('/', 'Authorization' => $reader);
nothing_seen($answer, 'whole');
is_deeply([upstream_lines($answer, 'Authorization')], [], 'no such line');



=== TEST 7: a line of a scheme that is a source is the scheme's
In whatever order they are written.
--- config
location /after {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from authorization authorization:Token basic;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
scoped_key_require dns:read;
scoped_key_from basic authorization:Token authorization;
--- story
our $reader;
for my $target ('/', '/after') {
    cases($target,
        'whole'          => [200, 'Authorization' => $reader],
        'Token'          => [200, 'Authorization' => "Token $reader"],
        'Basic'          => [200, 'Authorization' => basic("$reader:")],
        'Token alone'    => ['403 missing_key', 'Authorization' => 'Token'],
        'Basic alone'    => ['403 missing_key', 'Authorization' => 'Basic'],
        'Tokens'         => ['403 malformed_key', 'Authorization' => 'Tokens'],
        'another scheme' => ['403 missing_key', 'Authorization' => "Bearer $reader"]);
    is_deeply([upstream_lines(get($target, 'Authorization' => "Token $reader"), 'Authorization')],
              [], 'no such line');
}



=== TEST 8: a variable
--- http_config
map $http_x_token $token { ~^t-(?<rest>.*)$ $rest; default ""; }
--- config
location ~ ^/path/(?<first>[^/]+)/ {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from variable:$first;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location ~ ^/captured/(.+)$ {
    scoped_key on;
    scoped_key_require dns:$1;
    scoped_key_from variable:$token;
    proxy_set_header X-One "[$1]";
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key variable:$token;
--- key_in_request_line
--- story
our ($reader, $writer);
cases('/',
    'mapped'       => [200, 'X-Token' => "t-$reader"],
    'blanks'       => [200, 'X-Token' => "t-\t$reader"],
    'not mapped'   => ['403 missing_key', 'X-Token' => "s-$reader"],
    'nothing'      => ['403 missing_key'],
    'mapped junk'  => ['403 malformed_key', 'X-Token' => 't-junk'],
    'another one'  => [200, 'X-API-Key' => $reader],
    'both'         => ['403 ambiguous_key', 'X-Token' => "t-$reader", 'X-API-Key' => $reader],
    'both, one not a key' => ['403 ambiguous_key', 'X-Token' => 't-junk', 'X-API-Key' => $reader]);
my $answer = get('/', 'X-Token' => "t-$reader");
is_deeply([upstream_lines($answer, 'X-Token')], ["X-Token: t-$reader"], 'it is not hidden');

verdict_is(get("/path/$reader/"), 200, 'a capture of the path');
verdict_is(get('/path/x/'), '403 malformed_key', 'another path');

$answer = get('/captured/read', 'X-Token' => "t-$reader");
is($answer->{status}, 200, 'the map leaves the captures of the location');
is_deeply([upstream_lines($answer, 'X-One')], ['X-One: [read]'], 'to the upstream, too');
verdict_is(get('/captured/write', 'X-Token' => "t-$reader"), '403 insufficient_scope', 'no other capture');



=== TEST 9: a variable that stands for what was sent twice is two keys
--- config
location /arg {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from variable:$arg_k;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
scoped_key_require dns:read;
scoped_key_from variable:$http_x_token;
--- key_in_request_line
--- story
our ($reader, $writer);
cases('/',
    'one'   => [200, 'X-Token' => $reader],
    'two'   => ['403 ambiguous_key', 'X-Token' => $reader, 'X-Token' => $writer],
    'equal' => ['403 ambiguous_key', 'X-Token' => $reader, 'X-Token' => $reader]);
verdict_is(get("/arg?k=$reader"), 200, 'one argument');
verdict_is(get("/arg?k=$reader&k=x"), '403 ambiguous_key', 'two arguments');
verdict_is(get("/arg?k=$reader&K=x"), '403 ambiguous_key', 'in another case');



=== TEST 10: a bearer token that is not of our form is the upstream's own
Beside a key in another source, whatever the verdict.
--- config
location /off {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_legacy on;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /dry {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_dry_run on;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /optional {
    scoped_key optional;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /token {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from header:X-API-Key authorization:Token;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard
scoped_key_require dns:read;
--- story
our ($reader, $writer, $jwt);
my @jwt = ('Authorization' => "Bearer $jwt");
my $wrong = substr($reader, 0, -1) . (substr($reader, -1) eq 'a' ? 'b' : 'a');
cases('/',
    'beside a key'          => [200, 'X-API-Key' => $reader, @jwt],
    'in front of it'        => [200, @jwt, 'X-API-Key' => $reader],
    'beside another key'    => ['403 insufficient_scope', 'X-API-Key' => $writer, @jwt],
    'beside junk'           => ['403 malformed_key', 'X-API-Key' => 'junk', @jwt],
    'beside an empty one'   => ['403 malformed_key', 'X-API-Key' => '', @jwt],
    'alone'                 => ['403 malformed_key', @jwt],
    'empty beside a key'    => [200, 'X-API-Key' => $reader, 'Authorization' => 'Bearer'],
    'one of our form'       => ['403 ambiguous_key', 'X-API-Key' => $reader, 'Authorization' => "Bearer $writer"],
    'the same'              => ['403 ambiguous_key', 'X-API-Key' => $reader, 'Authorization' => "Bearer $reader"],
    'mistyped, of our form' => ['403 ambiguous_key', 'X-API-Key' => $reader, 'Authorization' => "Bearer $wrong"],
    'two keys and it'       => ['403 ambiguous_key', 'X-API-Key' => $reader, 'X-API-Key' => $reader, @jwt]);

for my $target ('/', '/dry', '/optional') {
    my $answer = get($target, 'X-API-Key' => $reader, @jwt);
    nothing_seen($answer, $target);
    is_deeply([upstream_lines($answer, 'Authorization')], ["Authorization: Bearer $jwt"],
              "$target: it stays");
}

my $answer = get('/dry', 'X-API-Key' => 'junk', @jwt);
is_deeply([upstream_lines($answer, 'Authorization')], ["Authorization: Bearer $jwt"],
          'dry run, refused: it stays');
is_deeply([upstream_lines($answer, 'X-API-Key')], [], 'the key goes');

$answer = get('/dry', @jwt);
is_deeply([upstream_lines($answer, 'Authorization')], [], 'dry run, alone: it is what was presented');

verdict_is(get('/optional', @jwt), '403 malformed_key', 'optional, alone: a bad key');
verdict_is(get('/off', 'X-API-Key' => $reader, @jwt), '403 ambiguous_key', 'where legacy keys are on');
verdict_is(get('/token', 'X-API-Key' => $reader, 'Authorization' => "Token $jwt"),
           '403 ambiguous_key', 'another scheme');



=== TEST 11: a bearer token of the upstream's, in other ways through nginx
--- config
location /any {
    scoped_key on;
    scoped_key_require dns:read;
    satisfy any;
    allow all;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /redirect {
    scoped_key on;
    scoped_key_require dns:read;
    proxy_set_header X-Answer-Line "X-Accel-Redirect /again/x";
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /again {
    internal;
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /mirror {
    internal;
    scoped_key on;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/mirrored;
}
location /mirrors {
    scoped_key on;
    scoped_key_require dns:read;
    mirror /mirror;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /unguarded {
    mirror /mirror;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $jwt, $secret);
my @lines = ('Authorization' => "Bearer $jwt", 'X-API-Key' => $reader);

for my $target ('/any', '/redirect') {
    my $answer = get($target, @lines);
    nothing_seen($answer, $target);
    is_deeply([upstream_lines($answer, 'Authorization')], ["Authorization: Bearer $jwt"],
              "$target: it stays");
}

for my $target ('/mirrors', '/unguarded') {
    my $before = Upstream::requests();
    get($target, @lines);
    ok(eventually(10, sub { Upstream::requests() >= $before + 2 }), "$target: mirrored");
    my ($mirrored) = grep { m{GET /mirrored} } (Upstream::requests())[$before .. $before + 1];
    like($mirrored, qr/Bearer \Q$jwt\E/, "$target: it stays");
    is(index($mirrored, $secret), -1, "$target: the key goes");
}



=== TEST 12: a legacy key of two thousand bytes
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
scoped_key_from header:X-API-Key bearer basic;
--- init
put_key('long', text => $main::jwt, id => legacy_id($main::jwt), scopes => ['dns:read']);
put_key('longest', text => 'k' x 2048, id => legacy_id('k' x 2048), scopes => ['dns:read']);
--- story
our $jwt;
cmp_ok(length $jwt, '>', 700, 'a long one');
cases('/',
    'bearer' => [200, 'Authorization' => "Bearer $jwt"],
    'cached' => [200, 'Authorization' => "Bearer $jwt"],
    'header' => [200, 'X-API-Key' => $jwt],
    'Basic'  => [200, 'Authorization' => basic("$jwt:")],
    'most'   => [200, 'X-API-Key' => 'k' x 2048],
    'over'   => ['403 malformed_key', 'X-API-Key' => 'k' x 2049],
    'under'  => ['403 unknown_key', 'X-API-Key' => 'k' x 2047]);



=== TEST 13: whose keys they are: other prefixes are malformed
--- config
location /any {
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /legacy {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_legacy on;
    scoped_key_prefix live;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;

    location /legacy/none {
        scoped_key_prefix none;
        proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    }
}
--- guard
scoped_key_require dns:read;
scoped_key_prefix live rpa2;
--- init
for my $prefix (qw(live rpa2 test li live2 liv)) {
    my $text = key_text($prefix, key_id($prefix), 'S' x 32);
    put_key($prefix, text => $text, scopes => ['dns:read']);
}
put_key('old', text => 'an-old-key', id => legacy_id('an-old-key'), scopes => ['dns:read']);
--- story
sub with { return ('X-API-Key' => key_text($_[0], key_id($_[0]), 'S' x 32)) }
cases('/any', map { ($_ => [200, with($_)]) } qw(live rpa2 test li live2 liv));
cases('/', map { ($_ => [200, with($_)]) } qw(live rpa2));
cases('/', map { ($_ => ['403 malformed_key', with($_)]) } qw(test li live2 liv));
cases('/legacy', 'live' => [200, with('live')], 'rpa2' => ['403 malformed_key', with('rpa2')],
      'no prefix' => [200, 'X-API-Key' => 'an-old-key']);
cases('/legacy/none', 'live' => ['403 malformed_key', with('live')],
      'no prefix' => [200, 'X-API-Key' => 'an-old-key']);



=== TEST 14: keys with another prefix cost no lookup
--- guard
scoped_key_require dns:read;
scoped_key_prefix live;
--- story
linked();
my $calls = sub {
    my ($n) = redis('INFO', 'commandstats') =~ /cmdstat_hgetall:calls=(\d+)/;
    return $n // 0;
};
my $before = $calls->();
for my $n (1 .. 5) {
    my $key = key_text('test', sprintf('%012d', $n), 'S' x 32);
    verdict_is(get('/', 'X-API-Key' => $key), '403 malformed_key', "number $n");
}
is($calls->(), $before, 'nothing was asked');
verdict_is(get('/', 'X-API-Key' => key_text('live', '0' x 12, 'S' x 32)), '403 unknown_key', 'another');
is($calls->(), $before + 1, 'but for that one');



=== TEST 15: HTTP/2: all sources, and blanks that it lets through
--- by_http2
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key basic authorization;
--- story
our $reader;
nothing_seen(http2('-H', 'Authorization: ' . basic("any:$reader"), '/'), 'Basic');
nothing_seen(http2('-H', "Authorization: $reader", '/'), 'whole');
nothing_seen(http2('-H', "X-API-Key: \t$reader\t ", '/'), 'blanks');
