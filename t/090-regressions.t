# Ways around a decision, or around what hides a key, that were open once.  Each
# block is one of them, with a request beside it that has to go on working.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $reader = put_key('reader', scopes => ['dns:read'],
                      fields => {name => 'The reader'});
our $writer = put_key('writer', scopes => ['dns:write']);
our $mine = put_key('mine', scopes => ['m/x:write', 'e/mine:read']);
our $id = key_id('reader');

# right but for the secret: the record is found, and the key is refused
our $forged = key_text('sk', $id, ScopedKey::letters('not the secret', 32));

# the upstream was asked, and saw nothing of the secret
sub nothing_seen {
    my ($answer, $name) = @_;

    is($answer->{status}, 200, "$name: allowed through");
    is(index(upstream_saw($answer), substr($main::reader, 16)), -1,
       "$name: the upstream sees no key");
    is($answer->{seen}, 1, "$name: the upstream was asked");
}

# tells(ANSWER, NAME, ID, VERDICT): what the variables hold
sub tells {
    my ($answer, $name, $id, $verdict) = @_;

    is(field($answer, 'X-Id') // '', $id, "$name: scoped_key_id");
    is(field($answer, 'X-Verdict') // '', $verdict,
       "$name: scoped_key_verdict");
    is(field($answer, 'X-Name') // '', $id ? 'The reader' : '',
       "$name: scoped_key_name");
}

run_tests();

__DATA__

=== TEST 1: $request_uri was evaluated before the key was hidden
--- config
if ($request_uri ~ "^/forbidden") { return 404; }
location / {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from query:api_key;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_set_header X-Original-URI $request_uri;
}
--- key_in_request_line
--- story
our $reader;
my $answer = get("/path?a=%2F&api_key=$reader&b=2");
nothing_seen($answer, 'query');
is_deeply([upstream_lines($answer, 'X-Original-URI')],
          ['X-Original-URI: /path?a=%2F&b=2'], 'the rest of it stays');
is(get("/forbidden?api_key=$reader")->{status}, 404, 'and was evaluated');



=== TEST 2: header fields and cookies were evaluated before that
--- config
set $before "$http_authorization$http_x_api_key$cookie_key$http_cookie";
location / {
    scoped_key on;
    scoped_key_require dns:read;
    scoped_key_from header:X-API-Key bearer cookie:key;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_set_header Authorization $http_authorization;
    proxy_set_header X-API-Key $http_x_api_key;
    proxy_set_header X-From-Cookie $cookie_key;
    proxy_set_header Cookie $http_cookie;
}
location = /evaluated {
    scoped_key off;
    return 200 $before;
}
--- story
our $reader;
my $cookie = "a=1; key=$reader; b=2";
is(get('/evaluated', 'X-API-Key' => $reader)->{body}, $reader,
   'it is evaluated before');

nothing_seen(get('/', 'Authorization' => "Bearer $reader"), 'bearer');
nothing_seen(get('/', 'X-API-Key' => $reader), 'header');
my $answer = get('/', 'Cookie' => $cookie);
nothing_seen($answer, 'cookie');
is_deeply([upstream_lines($answer, 'Cookie')], ['Cookie: a=1; b=2'],
          'the other cookies stay');
is_deeply([upstream_lines($answer, 'X-From-Cookie')], [], 'no such cookie');

my $basic = get('/', 'Authorization' => 'Basic dTpw', 'X-API-Key' => $reader);
nothing_seen($basic, 'Basic beside a key');
is_deeply([upstream_lines($basic, 'Authorization')],
          ['Authorization: Basic dTpw'], 'Basic stays');



=== TEST 3: numbered captures: a map of the client overwrites them
--- http_config
map $http_x_mode $mode { "~^(.+)$" x; default x; }
--- config
location ~ ^/e/(\w+)$ {
    scoped_key on;
    scoped_key_require m/$mode:write;
    scoped_key_require e/$1:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_set_header X-Capture $1;
}
location ~ ^/reversed/(\w+)$ {
    scoped_key on;
    scoped_key_require e/$1:read;
    scoped_key_require m/$mode:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_set_header X-Capture $1;
}
--- story
our $mine;
for my $path ('/e', '/reversed') {
    cases("$path/theirs",
        'no mode'     => ['403 insufficient_scope', 'X-API-Key' => $mine],
        'mode mine'   => ['403 insufficient_scope', 'X-API-Key' => $mine,
                          'X-Mode' => 'mine'],
        'mode theirs' => ['403 insufficient_scope', 'X-API-Key' => $mine,
                          'X-Mode' => 'theirs']);
    cases("$path/mine",
        'no mode'     => [200, 'X-API-Key' => $mine],
        'mode mine'   => [200, 'X-API-Key' => $mine, 'X-Mode' => 'mine'],
        'mode theirs' => [200, 'X-API-Key' => $mine, 'X-Mode' => 'theirs']);

    my $answer = get("$path/mine", 'X-API-Key' => $mine, 'X-Mode' => 'theirs');
    is_deeply([upstream_lines($answer, 'X-Capture')], ['X-Capture: mine'],
              "$path: what comes after sees the location's capture");
}



=== TEST 4: numbered captures of a location that has none are empty
--- http_config
map $http_x_mode $mode { "~^(.+)$" x; default x; }
--- config
location /prefix/ {
    scoped_key on;
    scoped_key_require m/$mode:write;
    scoped_key_require e/$1:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location ~ ^/groupless/\w+$ {
    scoped_key on;
    scoped_key_require m/$mode:write;
    scoped_key_require e/$1:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location ~ ^/optional(?:/(\w+))?$ {
    scoped_key on;
    scoped_key_require m/$mode:write;
    scoped_key_require e/$1:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $mine;
for my $path ('/prefix/theirs', '/groupless/theirs', '/optional') {
    is(get($path, 'X-API-Key' => $mine)->{status}, 403, "$path: no mode");
    is(get($path, 'X-API-Key' => $mine, 'X-Mode' => 'mine')->{status}, 403,
       "$path: a mode");
}
is(get('/optional/mine', 'X-API-Key' => $mine, 'X-Mode' => 'x')->{status}, 200,
   'with its capture');



=== TEST 5: numbered captures in params: a map of the client beside them
--- http_config
map $http_x_mode $mode { "~^(.+)$" x; default x; }
--- config
location ~ ^/p/(\w+)$ {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param mode $mode;
    scoped_key_param topic $1;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location ~ ^/reversed/(\w+)$ {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param topic $1;
    scoped_key_param mode $mode;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my $limited = limited(mode => ['x'], topic => ['mine']);
for my $path ('/p', '/reversed') {
    cases("$path/theirs",
        'no mode'   => ['403 param_refused', 'X-API-Key' => $limited],
        'mode mine' => ['403 param_refused', 'X-API-Key' => $limited,
                        'X-Mode' => 'mine']);
    cases("$path/mine",
        'no mode'     => [200, 'X-API-Key' => $limited],
        'mode theirs' => [200, 'X-API-Key' => $limited, 'X-Mode' => 'theirs']);
}



=== TEST 6: only what a browser would send is a preflight
--- guard
scoped_key_require dns:read;
scoped_key_preflight on;
--- story
our $reader;
my @method = ('Access-Control-Request-Method' => 'PUT');
my @origin = ('Origin' => 'http://a.example');
my %refused = (
    'no origin'     => [@method],
    'empty origin'  => ['Origin' => '', @method],
    'no method'     => [@origin],
    'empty method'  => [@origin, 'Access-Control-Request-Method' => ''],
    'both empty'    => ['Origin' => '', 'Access-Control-Request-Method' => ''],
    'a body'        => [{body => 'delete=all'}, @origin, @method],
    'chunks'        => [{body => "a\r\ndelete=all\r\n0\r\n\r\n"}, @origin,
                        @method, 'Transfer-Encoding' => 'chunked'],
    'an empty body in chunks' => [{body => "0\r\n\r\n"}, @origin, @method,
                                  'Transfer-Encoding' => 'chunked'],
);

for my $name (sort keys %refused) {
    my ($with, @lines) = ref $refused{$name}[0] ? @{$refused{$name}}
                                                : ({}, @{$refused{$name}});

    verdict_is(ask('OPTIONS', '/', $with, @lines), '403 missing_key', $name);
    is(ask('OPTIONS', '/', $with, @lines, 'X-API-Key' => $reader)->{status},
       200, "$name: with a key");
}

is(ask('OPTIONS', '/', @origin, @method)->{status}, 200, 'a preflight');
is(ask('OPTIONS', '/', @origin, @method, 'Content-Length' => 0)->{status}, 200,
   'one that says that it has no body');
verdict_is(ask('GET', '/', @origin, @method), '403 missing_key', 'GET');



=== TEST 7: what one location decided is not said of the next
--- config eval
my $config = <<'END';
scoped_key_require dns:read;
add_header X-Id $scoped_key_id always;
add_header X-Verdict $scoped_key_verdict always;
add_header X-Name $scoped_key_name always;
END
for my $hide ('on', 'off') {
    $config .= <<"END";
location /$hide {
    scoped_key on;
    scoped_key_hide $hide;
    proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:;
    error_page 403 =200 /any/$hide;
}
location /any/$hide {
    scoped_key on;
    scoped_key_hide $hide;
    satisfy any;
    allow all;
    proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:;
    proxy_ignore_headers X-Accel-Redirect;
}
END
}
$config;
--- story
our ($reader, $writer, $id);
for my $hide ('on', 'off') {
    tells(get("/$hide", 'X-API-Key' => $reader), "hide $hide, allowed", $id,
          'allowed');
    tells(get("/any/$hide", 'X-API-Key' => $reader), "hide $hide, directly",
          '', '');

    my $answer = get("/$hide", 'X-API-Key' => $reader,
                     'X-Answer-Line' => "X-Accel-Redirect /any/$hide");
    is($answer->{seen}, 2, "hide $hide, redirected: asked twice");
    tells($answer, "hide $hide, redirected", '', '');

    $answer = get("/$hide", 'X-API-Key' => $writer);
    is($answer->{seen}, 1, "hide $hide, error_page: asked once");
    tells($answer, "hide $hide, error_page", '', '');
}



=== TEST 8: a Cookie line is no header source with a name as long
--- guard
scoped_key_require dns:read;
scoped_key_from header:apikey;
--- story
our $reader;
my $forged = 'a' x 60;
for my $cookie ('a=1;b=2', 'a=1;  b=2 ;c', "apikey=$forged; a=1",
                "a=\"x y\";; =; ;", $forged, ';', 'a')
{
    my $answer = get('/', 'Cookie' => $cookie, 'apikey' => $reader);

    nothing_seen($answer, $cookie);
    is_deeply([upstream_lines($answer, 'Cookie')], ["Cookie: $cookie"],
              "byte for byte: $cookie");
    is_deeply([upstream_lines($answer, 'apikey')], [], 'the key goes');
}
my $two = get('/', 'Cookie' => 'a=1;', 'ApiKey' => $reader, 'Cookie' => ' b=2');
nothing_seen($two, 'two lines');
is_deeply([upstream_lines($two, 'Cookie')], ['Cookie: a=1;', 'Cookie: b=2'],
          'both stay');
verdict_is(get('/', 'Cookie' => $reader), '403 missing_key',
           'a cookie is no key');



=== TEST 9: who has not the secret does not learn how old the record is
--- guard
scoped_key_require dns:read;
add_header X-Age "<$scoped_key_age>" always;
add_header X-Name "<$scoped_key_name>" always;
add_header X-Cache $scoped_key_cache always;
--- story
our ($reader, $forged);
linked();
my $first = get('/', 'X-API-Key' => $forged);
verdict_is($first, '403 unknown_key', 'looked up');
is(field($first, 'X-Age'), '<>', 'looked up: no age');

like(field(get('/', 'X-API-Key' => $reader), 'X-Age'), qr/\A<\d+>\z/,
     'an age for who has it');
my $known = get('/', 'X-API-Key' => $reader);
is(field($known, 'X-Cache'), 'hit', 'the record is kept');
like(field($known, 'X-Age'), qr/\A<\d+>\z/, 'an age for who has it, kept');

for my $round (1 .. 3) {
    my $answer = get('/', 'X-API-Key' => $forged);

    verdict_is($answer, '403 unknown_key', "round $round");
    is(field($answer, 'X-Age'), '<>', "round $round: no age");
    is(field($answer, 'X-Name'), '<>', "round $round: no name");
}



=== TEST 10: variables of a configuration's own, with names like those of nginx
--- config
location / {
    set $http_x_made made-$request_method;
    set $cookie_made of;
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_set_header X-Seen $http_x_made-$cookie_made;
}
--- story
our $reader;
my $answer = get('/', 'X-API-Key' => $reader, 'X-Made' => 'forged', Cookie => 'made=forged');
is_deeply([upstream_lines($answer, 'X-Seen')], ['X-Seen: made-GET-of'], 'keep their values');
