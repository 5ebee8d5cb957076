# nginx has many ways from one location to another.  What is guarded is the
# location that answers; some ways skip the access phase, and these tests say
# which, as docs/security.md does.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);
our $writer = put_key('writer', scopes => ['dns:write']);
our $both = put_key('both', scopes => ['dns:read', 'dns:write']);

run_tests();

__DATA__

=== TEST 1: try_files to a guarded location
--- config
location /open { root html; try_files /none /guarded; }
location /named { root html; try_files /none @guarded; }
location /guarded {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location @guarded {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer);
for my $path ('/open', '/named') {
    cases($path,
        'reader' => [200, 'X-API-Key' => $reader],
        'writer' => ['403 insufficient_scope', 'X-API-Key' => $writer],
        'two'    => ['403 ambiguous_key', 'X-API-Key' => $reader,
                     'X-API-Key' => $reader],
        'none'   => ['403 missing_key']);
}



=== TEST 2: try_files from a guarded location to a guarded one: both must hold
--- config
location /first {
    scoped_key on; scoped_key_require dns:read;
    root html; try_files /none /second;
}
location /first-named {
    scoped_key on; scoped_key_require dns:read;
    root html; try_files /none @second;
}
location /second {
    scoped_key on; scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location @second {
    scoped_key on; scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer, $both);
for my $path ('/first', '/first-named') {
    cases($path,
        'both'   => [200, 'X-API-Key' => $both],
        'bearer' => [200, 'Authorization' => "Bearer $both"],
        'reader' => ['403 insufficient_scope', 'X-API-Key' => $reader],
        'writer' => ['403 insufficient_scope', 'X-API-Key' => $writer],
        'two'    => ['403 ambiguous_key', 'X-API-Key' => $both,
                     'Authorization' => "Bearer $both"],
        'none'   => ['403 missing_key']);
}



=== TEST 4: rewrite ... last and break
--- config
location /last { rewrite ^/last(.*)$ /guarded$1 last; }
location /break {
    scoped_key on; scoped_key_require dns:read;
    rewrite ^/break(.*)$ /elsewhere$1 break;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /guarded {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /guarded-away {
    scoped_key on; scoped_key_require dns:write;
    rewrite ^ /guarded last;
}
--- story
our ($reader, $writer);
for my $path ('/last/x', '/break/x', '/guarded-away') {
    cases($path,
        "$path, reader" => [200, 'X-API-Key' => $reader],
        "$path, writer" => ['403 insufficient_scope', 'X-API-Key' => $writer],
        "$path, none"   => ['403 missing_key']);
}
like(upstream_saw(get('/break/x', 'X-API-Key' => $reader)),
     qr{\AGET /elsewhere/x }, 'rewritten');



=== TEST 5: a rewrite of the server
--- config
rewrite ^/old/(.*)$ /new/$1 last;
location /old/ { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /new/ {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $reader;
verdict_is(get('/old/x', 'X-API-Key' => $reader), 200, 'reader');
verdict_is(get('/old/x'), '403 missing_key', 'none');



=== TEST 6: return answers before the access phase: it is not protected
--- config
location /return {
    scoped_key on; scoped_key_require dns:read;
    return 200 "open\n";
}
location /if {
    scoped_key on; scoped_key_require dns:read;
    if ($arg_open) { return 200 "open\n"; }
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $reader;
is(get('/return')->{body}, "open\n", 'return');
is(get('/if?open=1')->{body}, "open\n", 'return in an if');
verdict_is(get('/if'), '403 missing_key', 'without return');
verdict_is(get('/if', 'X-API-Key' => $reader), 200, 'with a key');



=== TEST 7: an if block inherits the guard
--- config
location /if {
    scoped_key on; scoped_key_require dns:read;
    if ($arg_x) {
        proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    }
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer);
for my $path ('/if', '/if?x=1') {
    cases($path,
        "$path, reader" => [200, 'X-API-Key' => $reader],
        "$path, writer" => ['403 insufficient_scope', 'X-API-Key' => $writer],
        "$path, none"   => ['403 missing_key']);
}



=== TEST 8: limit_except inherits the guard
--- config
location /limited {
    scoped_key on; scoped_key_require dns:read;
    limit_except GET { deny all; }
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /open-methods {
    scoped_key on; scoped_key_require dns:read;
    limit_except GET { allow all; }
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $reader;
verdict_is(get('/limited', 'X-API-Key' => $reader), 200, 'GET');
verdict_is(get('/limited'), '403 missing_key', 'GET without key');
is(ask('POST', '/limited', 'X-API-Key' => $reader)->{status}, 403, 'POST, denied');
is(ask('POST', '/limited')->{seen}, 0, 'POST without key');
verdict_is(ask('POST', '/open-methods', 'X-API-Key' => $reader), 200, 'POST');
verdict_is(ask('POST', '/open-methods'), '403 missing_key', 'POST without key');



=== TEST 9: nested locations inherit, and can be opened
--- config
location /api/ {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    location /api/deep/ { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
    location ~ \.json$ { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
    location = /api/health {
        scoped_key off;
        proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    }
}
--- story
our $reader;
for my $path ('/api/', '/api/deep/x', '/api/x.json', '/api/healthy') {
    verdict_is(get($path, 'X-API-Key' => $reader), 200, "$path, key");
    verdict_is(get($path), '403 missing_key', "$path, none");
}
verdict_is(get('/api/health'), 200, 'open');



=== TEST 10: on for the server: every location, and an internal redirect
--- config
scoped_key on;
scoped_key_require dns:read;
root html;
location / { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /dir/ { index page.txt; }
location = /dir/page.txt { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- user_files
>>> dir/page.txt
x
--- story
our $reader;
verdict_is(get('/x', 'X-API-Key' => $reader), 200, 'key');
verdict_is(get('/x'), '403 missing_key', 'none');
like(get('/dir/', 'X-API-Key' => $reader)->{body}, qr{\AGET /dir/page.txt },
     'the index finds the key again');
verdict_is(get('/dir/'), '403 missing_key', 'index, none');



=== TEST 11: internal locations
--- config
location /internal { internal; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /guarded-internal {
    internal;
    scoped_key on; scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_ignore_headers X-Accel-Redirect;
}
location /api {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $both);
is(get('/internal', 'X-API-Key' => $reader)->{status}, 404, 'from outside');
is(get('/guarded-internal', 'X-API-Key' => $reader)->{status}, 404,
   'from outside, guarded');
my @to_guarded = ('X-Answer-Line' => 'X-Accel-Redirect /guarded-internal');
is(get('/api', 'X-API-Key' => $both, @to_guarded)->{status}, 200,
   'X-Accel-Redirect, allowed by both');
my $answer = get('/api', 'X-API-Key' => $reader, @to_guarded);
is($answer->{status}, 403, 'X-Accel-Redirect, refused by the second');
is($answer->{seen}, 1, 'which was not proxied');



=== TEST 12: X-Accel-Redirect from an open location to a guarded one
--- config
location /open { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /guarded {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_ignore_headers X-Accel-Redirect;
}
--- story
our ($reader, $writer);
my @to = ('X-Answer-Line' => 'X-Accel-Redirect /guarded');
is(get('/open', @to, 'X-API-Key' => $reader)->{status}, 200, 'allowed');
is(get('/open', @to, 'X-API-Key' => $writer)->{status}, 403, 'refused');
my $answer = get('/open', @to);
is($answer->{status}, 403, 'no key');
is($answer->{seen}, 1, 'the guarded location did not proxy');



=== TEST 13: SSI subrequests skip the access phase: they are not protected
--- user_files
>>> page.shtml
[<!--#include virtual="/guarded" -->]
--- config
location = /page.shtml { root html; ssi on; ssi_types text/plain; }
location /guarded {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my $answer = get('/page.shtml');
is($answer->{status}, 200, 'the page');
like($answer->{body}, qr{\[GET /guarded HTTP}, 'includes the guarded part');
verdict_is(get('/guarded'), '403 missing_key', 'which is guarded by itself');



=== TEST 14: a guarded page with parts: the page's verdict is for all
--- user_files
>>> page.shtml
[<!--#include virtual="/part" -->]
--- config
location = /page.shtml {
    scoped_key on; scoped_key_require dns:read;
    root html; ssi on; ssi_types text/plain;
}
location /part { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our ($reader, $writer);
cases('/page.shtml',
    'reader' => [200, 'X-API-Key' => $reader],
    'writer' => ['403 insufficient_scope', 'X-API-Key' => $writer],
    'none'   => ['403 missing_key']);



=== TEST 15: a mirror gets what was allowed, and nothing else
--- config
location = /mirror {
    internal;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/mirrored;
}
location /api {
    scoped_key on; scoped_key_require dns:read;
    mirror /mirror;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer);
my $before = Upstream::requests();
is(ask('POST', '/api', {body => 'hello'}, 'X-API-Key' => $writer)->{status}, 403,
   'refused');
is(get('/api')->{status}, 403, 'no key');
select undef, undef, undef, 0.2;
is(Upstream::requests() - $before, 0, 'nothing mirrored');

is(ask('POST', '/api', {body => 'hello'}, 'X-API-Key' => $reader)->{status}, 200,
   'allowed');
ok(eventually(5, sub { Upstream::requests() - $before == 2 }), 'mirrored');
is(scalar(grep { /hello\z/ } Upstream::requests()), 2, 'with the body');



=== TEST 16: auth_request beside us: both must agree
--- config
location = /auth {
    internal;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/asked;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header X-Answer $http_x_auth;
    proxy_set_header X-Answer-Body none;
}
location /api {
    scoped_key on; scoped_key_require dns:read;
    auth_request /auth;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /any {
    satisfy any;
    scoped_key on; scoped_key_require dns:read;
    auth_request /auth;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer);
my $status = sub {
    my ($path, $auth, @key) = @_;
    return get($path, 'X-Auth' => $auth, map { ('X-API-Key' => $_) } @key)->{status};
};
is($status->('/api', 200, $reader), 200, 'both');
is($status->('/api', 403, $reader), 403, 'not auth_request');
is($status->('/api', 401, $reader), 401, 'not auth_request: 401');
is($status->('/api', 200, $writer), 403, 'not the key');
is($status->('/api', 200), 403, 'no key');
is($status->('/any', 403, $reader), 200, 'any: the key');
is($status->('/any', 200, $writer), 200, 'any: auth_request');
is($status->('/any', 403, $writer), 403, 'any: neither');
is($status->('/any', 401, $writer), 401, 'any: neither, 401');



=== TEST 17: auth_request to a guarded location is a subrequest: not protected
--- config
location = /auth {
    internal;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/asked;
}
location /api {
    auth_request /auth;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
is(get('/api')->{status}, 200, 'the guard of a subrequest does not count');



=== TEST 18: the location of an error page is guarded by itself
--- config
location /api {
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    proxy_intercept_errors on;
    error_page 404 /guarded;
}
location /guarded {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/page;
    proxy_set_header X-Answer "";
}
--- story
our $reader;
is(get('/api', 'X-Answer' => 404, 'X-API-Key' => $reader)->{status}, 404, 'key');
like(get('/api', 'X-Answer' => 404, 'X-API-Key' => $reader)->{body},
     qr{\AGET /page }, 'the page');
my $answer = get('/api', 'X-Answer' => 404);
unlike($answer->{body}, qr{GET /page }, 'no key, no page');
is($answer->{seen}, 1, 'not proxied');



=== TEST 19: static files, index and autoindex are guarded, too
--- user_files
>>> files/a.txt
secret
--- config
location /files/ {
    scoped_key on; scoped_key_require dns:read;
    root html; autoindex on;
}
--- story
our $reader;
is(get('/files/a.txt', 'X-API-Key' => $reader)->{body}, "secret\n", 'file');
verdict_is(get('/files/a.txt'), '403 missing_key', 'file, none');
like(get('/files/', 'X-API-Key' => $reader)->{body}, qr/a\.txt/, 'list');
verdict_is(get('/files/'), '403 missing_key', 'list, none');



=== TEST 20: other ways to an upstream, and none
--- config
location /empty { scoped_key on; scoped_key_require dns:read; empty_gif; }
location /status { scoped_key on; scoped_key_require dns:read; stub_status; }
location /fastcgi {
    scoped_key on; scoped_key_require dns:read;
    fastcgi_pass unix:$TEST_NGINX_UPSTREAM;
}
--- story
our $reader;
is(get('/empty', 'X-API-Key' => $reader)->{status}, 200, 'empty_gif');
verdict_is(get('/empty'), '403 missing_key', 'empty_gif, none');
is(get('/status', 'X-API-Key' => $reader)->{status}, 200, 'stub_status');
verdict_is(get('/status'), '403 missing_key', 'stub_status, none');
verdict_is(get('/fastcgi'), '403 missing_key', 'fastcgi, none');



=== TEST 21: two servers, one guarded: the host picks
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_SERVER_PORT;
    server_name guarded.example;
    scoped_key on;
    scoped_key_require dns:read;
    location / { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
}
--- config
location / { return 200 "open\n"; }
--- story
our $reader;
cases('/',
    'guarded' => ['403 missing_key', 'Host' => 'guarded.example'],
    'key'     => [200, 'Host' => 'guarded.example', 'X-API-Key' => $reader],
    'case'    => ['403 missing_key', 'Host' => 'GUARDED.example'],
    'port'    => ['403 missing_key', 'Host' => 'guarded.example:1'],
    'dot'     => ['403 missing_key', 'Host' => 'guarded.example.']);
verdict_is(get('http://guarded.example/', 'Host' => 'localhost'),
           '403 missing_key', 'absolute URI');
