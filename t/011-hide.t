# What the upstream sees of a key: nothing, from whatever source, and whoever
# let the request on.  All else reaches it as the client sent it.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);
our $secret = substr $reader, 16;

# the upstream was asked, and saw nothing of the secret
sub nothing_seen {
    my ($answer, $name) = @_;

    is($answer->{status}, 200, "$name: allowed through");
    is(index(upstream_saw($answer), substr($main::reader, 16)), -1,
       "$name: the upstream sees no key");
    cmp_ok($answer->{seen}, '>', 0, "$name: the upstream was asked");
}

run_tests();

__DATA__

=== TEST 1: a header field goes, the others stay
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $answer = get('/', 'A' => '1', 'X-API-Key' => $reader, 'B' => '2',
                 'X-API-Key2' => 'stays');
nothing_seen($answer, 'header');
is_deeply([upstream_lines($answer, 'X-API-Key')], [], 'no such line');
is_deeply([map { upstream_lines($answer, $_) } qw(A B X-API-Key2)],
          ['A: 1', 'B: 2', 'X-API-Key2: stays'], 'the others');



=== TEST 2: a bearer token goes, other schemes stay
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $bearer = get('/', 'Authorization' => "Bearer $reader");
nothing_seen($bearer, 'bearer');
is_deeply([upstream_lines($bearer, 'Authorization')], [], 'no such line');

my $basic = get('/', 'Authorization' => 'Basic dTpw', 'X-API-Key' => $reader);
nothing_seen($basic, 'header');
is_deeply([upstream_lines($basic, 'Authorization')],
          ['Authorization: Basic dTpw'], 'Basic stays');



=== TEST 3: empty credentials go, too
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $answer = get('/', 'X-API-Key' => '', 'Authorization' => "Bearer $reader",
                 'X-API-Key' => '');
nothing_seen($answer, 'empty lines');
is_deeply([upstream_lines($answer, 'X-API-Key')], [], 'no such line');



=== TEST 4: a query argument, wherever it stands
The other arguments reach the upstream byte for byte.
--- guard
scoped_key_require dns:read;
scoped_key_from query:k;
--- key_in_request_line
--- story
our $reader;
my $key = "k=$reader";
my %sent = (
    "?$key"                      => '',
    "?$key&a=1"                  => '?a=1',
    "?a=1&$key"                  => '?a=1',
    "?a=1&$key&b=2"              => '?a=1&b=2',
    "?%6B=$reader&a=1"           => '?a=1',
    "?a=%2F&$key&b=%2f"          => '?a=%2F&b=%2f',
    "?a=b+c&$key&d=e%20f"        => '?a=b+c&d=e%20f',
    "?a&$key&b"                  => '?a&b',
    "?a=&$key&=b"                => '?a=&=b',
    "?a=1&a=2&$key&a=1"          => '?a=1&a=2&a=1',
    "?kk=1&$key&xk=2"            => '?kk=1&xk=2',
    "?a=?&$key&b=/../"           => '?a=?&b=/../',
    "?a=%&$key&b=%zz"            => '?a=%&b=%zz',
    "?a=%00&$key&b=%ff"          => '?a=%00&b=%ff',
    "?a[]=1&$key&a%5B%5D=2"      => '?a[]=1&a%5B%5D=2',
    "?K=1&$key"                  => '?K=1',
    "?a=1;b=2&$key&c=3;d=4"      => '?a=1;b=2&c=3;d=4',
    "?a=\$;&$key&b='\"<>"         => "?a=\$;&b='\"<>",
    "?k=&a=1&$key"               => '?a=1',
    "?k&a=1&$key"                => '?a=1',
);

for my $args (sort keys %sent) {
    my $answer = get("/path$args");
    my $name = $args =~ s/\Q$reader\E/KEY/gr;
    my ($line) = upstream_saw($answer) =~ m{\AGET /path(\S*) HTTP};

    nothing_seen($answer, $name);
    is($line, $sent{$args}, "$name: the rest stays");
}



=== TEST 5: empty arguments beside the key do not make up others
--- guard
scoped_key_require dns:read;
scoped_key_from query:k;
--- key_in_request_line
--- story
our $reader;
for my $args ("&&k=$reader&&a=1&&", "&k=$reader", "k=$reader&", "a=1&&k=$reader") {
    my $answer = get("/?$args");
    my ($rest) = upstream_saw($answer) =~ m{\AGET /(\S*) HTTP};

    nothing_seen($answer, $args =~ s/\Q$reader\E/KEY/r);
    is_deeply([grep { length } split /[?&]/, $rest],
              [$args =~ /a=1/ ? 'a=1' : ()], 'the arguments');
}



=== TEST 6: the path keeps its bytes when an argument goes
--- guard
scoped_key_require dns:read;
scoped_key_from query:k;
--- key_in_request_line
--- story
our $reader;
for my $path ('/a%2Fb', '/a%20b/c', '/a//b', '/%61', '/a;b', '/a%3Fb', '/%C3%A4') {
    my $answer = get("$path?x=1&k=$reader");
    my ($line) = upstream_saw($answer) =~ m{\AGET (\S*) HTTP};
    is($line, "$path?x=1", $path);
}



=== TEST 7: a cookie, wherever it stands
--- guard
scoped_key_require dns:read;
scoped_key_from cookie:k;
--- story
our $reader;
my $key = "k=$reader";
my %sent = (
    "$key"               => [],
    "$key; a=1"          => ['a=1'],
    "a=1; $key"          => ['a=1'],
    "a=1; $key; b=2"     => ['a=1; b=2'],
    "kk=1; $key; xk=2"   => ['kk=1; xk=2'],
    "K=1; $key"          => ['K=1'],
    "k=; $key; a=1"      => ['a=1'],
    "a=\"x y\"; $key"    => ['a="x y"'],
    "a=%2F; $key; b==;"  => ['a=%2F; b=='],
    "flag; $key"         => ['flag'],
);

for my $cookie (sort keys %sent) {
    my $answer = get('/', 'Cookie' => $cookie);
    my $name = $cookie =~ s/\Q$reader\E/KEY/r;
    my @lines = map { s/;? *\z//r } upstream_lines($answer, 'Cookie');

    nothing_seen($answer, $name);
    is_deeply(\@lines, [map { "Cookie: $_" } @{$sent{$cookie}}],
              "$name: the rest stays");
}



=== TEST 8: a cookie in one of several lines
--- guard
scoped_key_require dns:read;
scoped_key_from cookie:k;
--- story
our $reader;
for my $place (0 .. 2) {
    my @cookies = ('a=1', 'b=2', 'c=3');
    $cookies[$place] .= "; k=$reader";
    my $answer = get('/', map { ('Cookie' => $_) } @cookies);
    my $seen = join '; ', map { s/^Cookie: //ir } upstream_lines($answer, 'Cookie');

    nothing_seen($answer, "line $place");
    is($seen, 'a=1; b=2; c=3', 'the rest stays');
}



=== TEST 9: every configured source goes, not only that which had the key
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k;
scoped_key_dry_run on;
--- key_in_request_line
--- story
our $reader;
my $answer = get("/?k=$reader&a=1", 'X-API-Key' => $reader,
                 'Authorization' => "Bearer $reader", 'Cookie' => "k=$reader; b=2",
                 'X-API-Key' => $reader);
nothing_seen($answer, 'all at once');
like(upstream_saw($answer), qr{\AGET /\?a=1 HTTP}, 'the argument stays');
is_deeply([upstream_lines($answer, 'Cookie')], ['Cookie: b=2'],
          'the cookie stays');



=== TEST 10: scoped_key_hide off: all goes on as it came
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k;
scoped_key_hide off;
--- key_in_request_line
--- story
our $reader;
like(upstream_saw(get("/?a=1&k=$reader&b=2")),
     qr{\AGET /\?a=1&k=\Q$reader\E&b=2 HTTP}, 'query');
like(upstream_saw(get('/', 'X-API-Key' => $reader)),
     qr/^X-API-Key: \Q$reader\E\r$/m, 'header');
like(upstream_saw(get('/', 'Authorization' => "Bearer $reader")),
     qr/^Authorization: Bearer \Q$reader\E\r$/m, 'bearer');
like(upstream_saw(get('/', 'Cookie' => "a=1; k=$reader")),
     qr/^Cookie: a=1; k=\Q$reader\E\r$/m, 'cookie');



=== TEST 11: what is no source stays
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-Mine;
--- story
our $reader;
my $answer = get('/?X-Mine=1', 'X-Mine' => $reader, 'X-API-Key' => 'a',
                 'Authorization' => 'Bearer b', 'Cookie' => 'X-Mine=c');
nothing_seen($answer, 'own header');
is_deeply([map { upstream_lines($answer, $_) } qw(X-API-Key Authorization Cookie)],
          ['X-API-Key: a', 'Authorization: Bearer b', 'Cookie: X-Mine=c'], 'lines');
like(upstream_saw($answer), qr{\AGET /\?X-Mine=1 HTTP}, 'argument');



=== TEST 12: satisfy any, let through by the address
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k;
satisfy any;
allow all;
--- key_in_request_line
--- story
our $reader;
nothing_seen(get('/', 'X-API-Key' => $reader), 'header');
nothing_seen(get('/', 'Authorization' => "Bearer $reader"), 'bearer');
nothing_seen(get("/?k=$reader"), 'query');
nothing_seen(get('/', 'Cookie' => "k=$reader"), 'cookie');
nothing_seen(get("/?k=$reader", 'X-API-Key' => $reader), 'two');



=== TEST 13: satisfy any, let through by a password
--- user_files
>>> passwords
user:{PLAIN}pass
--- guard
scoped_key_require dns:read;
satisfy any;
auth_basic "x";
auth_basic_user_file ../html/passwords;
--- story
our $reader;
my $answer = get('/', 'Authorization' => 'Basic dXNlcjpwYXNz',
                 'X-API-Key' => $reader =~ s/.\z/-/r);
is($answer->{status}, 200, 'allowed through');
is_deeply([upstream_lines($answer, 'X-API-Key')], [], 'no such line');
is_deeply([upstream_lines($answer, 'Authorization')],
          ['Authorization: Basic dXNlcjpwYXNz'], 'Basic stays');



=== TEST 14: optional: an anonymous request with empty credentials
--- config
location /optional {
    scoped_key optional;
    scoped_key_require dns:read;
    scoped_key_from header:X-API-Key query:k cookie:k;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $reader;
my $answer = get('/optional?k=&a=1', 'X-API-Key' => '', 'Cookie' => 'k=; b=2');
is($answer->{status}, 200, 'allowed through');
like(upstream_saw($answer), qr{\AGET /optional\?a=1 HTTP}, 'query');
is_deeply([upstream_lines($answer, 'X-API-Key')], [], 'no header line');
is_deeply([upstream_lines($answer, 'Cookie')], ['Cookie: b=2'], 'cookie');
nothing_seen(get('/optional', 'X-API-Key' => $reader), 'with a key');



=== TEST 15: dry run: a refused key
--- guard
scoped_key_require dns:write;
scoped_key_dry_run on;
--- story
our $reader;
nothing_seen(get('/', 'X-API-Key' => $reader), 'insufficient');
nothing_seen(get('/', 'X-API-Key' => $reader, 'X-API-Key' => $reader), 'two');
nothing_seen(get('/', 'X-API-Key' => "$reader-"), 'malformed');
nothing_seen(get('/', 'Authorization' => "Bearer $reader"), 'bearer');



=== TEST 16: a preflight
--- guard
scoped_key_require dns:read;
scoped_key_preflight on;
--- story
our $reader;
nothing_seen(ask('OPTIONS', '/', 'Origin' => 'http://a.example',
                 'Access-Control-Request-Method' => 'GET',
                 'X-API-Key' => $reader), 'with a key');



=== TEST 17: error_page to a proxied location
--- config
location = /refused {
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location @refused {
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /page {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_from header:X-API-Key bearer query:k cookie:k;
    error_page 403 =200 /refused;
}
location /named {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_from header:X-API-Key bearer query:k cookie:k;
    error_page 403 =200 @refused;
}
--- key_in_request_line
--- story
our $reader;
for my $path ('/page', '/named') {
    nothing_seen(get($path, 'X-API-Key' => $reader), "$path, header");
    nothing_seen(get($path, 'X-API-Key' => $reader, 'X-API-Key' => $reader),
                 "$path, two header lines");
    nothing_seen(get($path, 'Authorization' => "Bearer $reader"),
                 "$path, bearer");
    nothing_seen(get("$path?a=1&k=$reader"), "$path, query");
    nothing_seen(get($path, 'Cookie' => "a=1; k=$reader"), "$path, cookie");
}



=== TEST 18: X-Accel-Redirect to a proxied location
--- config
location /elsewhere {
    internal;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_ignore_headers X-Accel-Redirect;
}
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $answer = get('/', 'X-API-Key' => $reader,
                 'X-Answer-Line' => 'X-Accel-Redirect /elsewhere');
nothing_seen($answer, 'redirected');
like(upstream_saw($answer), qr{\AGET /elsewhere}, 'by the other location');
is($answer->{seen}, 2, 'asked twice');



=== TEST 19: a mirror
--- config
location = /mirror {
    internal;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/mirrored;
}
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k;
mirror /mirror;
--- key_in_request_line
--- story
our ($reader, $secret);
my $before = Upstream::requests();
get('/', 'X-API-Key' => $reader);
get('/', 'Authorization' => "Bearer $reader");
get("/?k=$reader");
get('/', 'Cookie' => "k=$reader");
ok(eventually(5, sub { Upstream::requests() == $before + 8 }), 'all came');

my @requests = (Upstream::requests())[$before .. $before + 7];
is(scalar(grep { /mirrored/ } @requests), 4, 'four mirrored');
is(scalar(grep { index($_, $secret) >= 0 } @requests), 0, 'none with a key');



=== TEST 20: auth_request
The subrequest belongs to the guarded request: it sees no key either.
--- config
location = /auth {
    internal;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/asked;
}
--- guard
scoped_key_require dns:read;
auth_request /auth;
--- story
our ($reader, $secret);
my $before = Upstream::requests();
nothing_seen(get('/', 'X-API-Key' => $reader), 'the request');
my @requests = (Upstream::requests())[$before .. $before + 1];
is(scalar(grep { /asked/ } @requests), 1, 'auth_request was asked');
is(scalar(grep { index($_, $secret) >= 0 } @requests), 0, 'and saw no key');



=== TEST 21: SSI subrequests of a guarded page
--- user_files
>>> page.shtml
<!--#include virtual="/part?x=1" -->
--- config
location /part {
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /page.shtml {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from header:X-API-Key bearer cookie:k;
    root html;
    ssi on;
    ssi_types text/plain;
}
--- story
our $reader;
nothing_seen(get('/page.shtml', 'X-API-Key' => $reader), 'header');
nothing_seen(get('/page.shtml', 'Authorization' => "Bearer $reader"), 'bearer');
nothing_seen(get('/page.shtml', 'Cookie' => "k=$reader"), 'cookie');



=== TEST 22: SSI subrequests of an open page into a guarded location
Subrequests skip the access phase; the key is hidden all the same.
--- user_files
>>> page.shtml
<!--#include virtual="/guarded?k=1" -->
--- config
location /guarded {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from header:X-API-Key bearer query:k cookie:k;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /page.shtml {
    root html;
    ssi on;
    ssi_types text/plain;
}
--- story
our $reader;
nothing_seen(get('/page.shtml', 'X-API-Key' => $reader), 'header');
nothing_seen(get('/page.shtml', 'Authorization' => "Bearer $reader"), 'bearer');
nothing_seen(get('/page.shtml', 'Cookie' => "k=$reader"), 'cookie');
like(get('/page.shtml')->{body}, qr{^GET /guarded HTTP}m, 'the argument');



=== TEST 23: variables that an operator passes on
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k;
proxy_set_header X-One "[$http_x_api_key]";
proxy_set_header X-Two "[$http_cookie]";
proxy_set_header X-Three "[$args]";
proxy_set_header X-Four "[$http_authorization]";
proxy_set_header X-Five "[$cookie_k]";
proxy_set_header X-Six "[$arg_k]";
--- key_in_request_line
--- story
our $reader;
nothing_seen(get('/', 'X-API-Key' => $reader), 'header');
nothing_seen(get('/', 'Authorization' => "Bearer $reader"), 'bearer');
nothing_seen(get("/?k=$reader&a=1"), 'query');
nothing_seen(get('/', 'Cookie' => "a=1; k=$reader"), 'cookie');

my $answer = get("/?a=1&k=$reader", 'Cookie' => 'b=2; k=');
is_deeply([upstream_lines($answer, 'X-Two')], ['X-Two: [b=2]'], '$http_cookie');
is_deeply([upstream_lines($answer, 'X-Three')], ['X-Three: [a=1]'], '$args');



=== TEST 24: proxy_pass with a URI of its own
--- config
location /api/ {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from query:k;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/v1/;
}
location ~ ^/regex/(.*)$ {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from query:k;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/v2/$1$is_args$args;
}
--- key_in_request_line
--- story
our $reader;
my $answer = get("/api/x?a=%2F&k=$reader&b=+");
nothing_seen($answer, 'prefix');
like(upstream_saw($answer), qr{\AGET /v1/x\?a=%2F&b=\+ HTTP}, 'prefix: the URI');

$answer = get("/regex/x?k=$reader");
nothing_seen($answer, 'regex');
like(upstream_saw($answer), qr{\AGET /v2/x HTTP}, 'regex: the URI');

$answer = get("/regex/x?k=$reader&a=%2F");
like(upstream_saw($answer), qr{\AGET /v2/x\?a=%2F HTTP}, 'regex: arguments');



=== TEST 25: a body goes on unchanged, whatever was hidden
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $body = join '', map { chr } 0 .. 255;
for my $bytes ($body, $body x 300) {
    my $answer = ask('POST', '/', {body => $bytes}, 'X-API-Key' => $reader);
    nothing_seen($answer, length($bytes) . ' bytes');
    is((split /\r\n\r\n/, upstream_saw($answer), 2)[1] eq $bytes, 1, 'unchanged');
}



=== TEST 26: many header fields, more than one part of nginx's list
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key cookie:k;
--- story
our $reader;
for my $place (0, 19, 20, 21, 40, 59) {
    my @lines = map { ("X-$_" => $_) } 1 .. 60;
    splice @lines, 2 * $place, 0, 'X-API-Key' => $reader;
    my $answer = get('/', @lines);

    nothing_seen($answer, "as number $place");
    is(join(' ', map { upstream_lines($answer, "X-$_") } 1 .. 60),
       join(' ', map { "X-$_: $_" } 1 .. 60), 'all others, in order');
}



=== TEST 27: HTTP/2
--- by_http2
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k;
--- key_in_request_line
--- story
our $reader;
nothing_seen(http2('-H', "X-API-Key: $reader", '/'), 'header');
nothing_seen(http2('-H', "Authorization: Bearer $reader", '/'), 'bearer');
nothing_seen(http2("/?a=1&k=$reader"), 'query');

my $answer = http2('-H', "Cookie: a=1; k=$reader; b=2", '/');
nothing_seen($answer, 'cookie');
is_deeply([upstream_lines($answer, 'Cookie')], ['cookie: a=1; b=2'],
          'the rest of the cookies');



=== TEST 28: a redirect inside of nginx finds the key again
--- config
location /first {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from header:X-API-Key bearer query:k cookie:k;
    error_page 418 = /second;
    try_files /none /second$is_args$args;
}
location /second {
    internal;
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from header:X-API-Key bearer query:k cookie:k;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- key_in_request_line
--- story
our $reader;
nothing_seen(get('/first', 'X-API-Key' => $reader), 'header');
nothing_seen(get('/first', 'Authorization' => "Bearer $reader"), 'bearer');
nothing_seen(get('/first', 'Cookie' => "a=1; k=$reader"), 'cookie');
nothing_seen(get("/first?a=1&k=$reader"), 'query');
