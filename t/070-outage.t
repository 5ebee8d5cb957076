# When Redis does not answer, nothing is decided: 503, and never a way in.  And
# the three ways in which a request goes on without an allowing verdict:
# optional, a preflight, a dry run.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);
our $writer = put_key('writer', scopes => ['dns:write']);
our $end = 'add_header X-Verdict "$scoped_key_verdict:$scoped_key_reason" always;'
    . ' proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }';

sub said { return field($_[0], 'X-Verdict') }

run_tests();

__DATA__

=== TEST 1: nobody listens
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=200ms connect_timeout=200ms;
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; $main::end
 location /global { scoped_key on; $main::end
 location /valid { scoped_key on; scoped_key_require valid_key; $main::end
 location /401 { scoped_key on; scoped_key_unauthorized_status 401; $main::end"
--- story
our $reader;
for my $path ('/', '/global', '/valid', '/401') {
    my $answer = get($path, 'X-API-Key' => $reader);
    is(verdict($answer), '503 store_unavailable', "$path: verdict");
    is(field($answer, 'Retry-After'), '1', "$path: Retry-After");
    is(field($answer, 'WWW-Authenticate'), undef, "$path: no challenge");
    is(said($answer), 'undecided:store_unavailable', "$path: variables");
    is(problem($answer)->{status}, 503, "$path: body");
}
is(scalar(fields(get('/', 'X-API-Key' => $reader), 'Retry-After')), 1, 'once');
logged(qr/links to redis/, 0, 'no link is up');



=== TEST 2: a socket that is not there
--- http_config
scoped_key_redis unix:/nonexistent/redis.sock timeout=200ms connect_timeout=200ms;
--- guard
scoped_key_require dns:read;
--- log_may_say
\[crit\].*connect\(\) to unix:/nonexistent/redis\.sock
--- story
our $reader;
verdict_is(get('/', 'X-API-Key' => $reader), '503 store_unavailable', 'key')
    for 1 .. 3;
verdict_is(get('/'), '403 missing_key', 'no key');



=== TEST 3: what needs no Redis is answered as ever
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=200ms connect_timeout=200ms;
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; $main::end
 location /optional { scoped_key optional; $main::end
 location /off { scoped_key off; $main::end
 location /preflight { scoped_key on; scoped_key_preflight on; $main::end"
--- story
our $reader;
my @preflight = ('Origin' => 'http://a.example',
                 'Access-Control-Request-Method' => 'PUT');
verdict_is(get('/'), '403 missing_key', 'missing');
verdict_is(get('/', 'X-API-Key' => 'junk'), '403 malformed_key', 'malformed');
verdict_is(get('/', 'X-API-Key' => $reader, 'X-API-Key' => $reader),
           '403 ambiguous_key', 'two');
verdict_is(get('/optional'), 200, 'anonymous');
verdict_is(get('/optional', 'X-API-Key' => $reader), '503 store_unavailable',
           'optional, with a key');
verdict_is(get('/off'), 200, 'off');
verdict_is(ask('OPTIONS', '/preflight', @preflight), 200, 'preflight');



=== TEST 4: a dry run goes on, undecided
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=200ms connect_timeout=200ms;
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; scoped_key_dry_run on;
              $main::end"
--- story
our $reader;
my $answer = get('/', 'X-API-Key' => $reader);
verdict_is($answer, 200, 'goes on');
like(said($answer), qr/^(?:undecided|dry_run):store_unavailable$/, 'and says so');
is(field($answer, 'Retry-After'), undef, 'without Retry-After');



=== TEST 5: satisfy any
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=200ms connect_timeout=200ms;
--- config eval
"location /allow { satisfy any; allow all; scoped_key on; $main::end
 location /deny { satisfy any; deny all; scoped_key on; $main::end"
--- story
our $reader;
is(get('/allow', 'X-API-Key' => $reader)->{status}, 200, 'allowed by address');
my $answer = get('/deny', 'X-API-Key' => $reader);
like($answer->{status}, qr/^(?:403|503)$/, 'denied by address');
is($answer->{seen}, 0, 'not proxied');



=== TEST 6: error_page and error_body off
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=200ms connect_timeout=200ms;
--- config eval
"location = /page { return 200 page; }
 location /off { scoped_key on; scoped_key_error_body off; $main::end
 location /error-page { scoped_key on; error_page 503 /page; $main::end"
--- story
our $reader;
my $answer = get('/off', 'X-API-Key' => $reader);
is($answer->{status}, 503, 'status');
is(field($answer, 'Content-Type'), 'text/html', "nginx's page");
is(field($answer, 'Retry-After'), '1', 'Retry-After');

$answer = get('/error-page', 'X-API-Key' => $reader);
is($answer->{status}, 503, 'error_page: status');
is($answer->{body}, 'page', 'error_page: body');
is(field($answer, 'Retry-After'), '1', 'error_page: Retry-After');



=== TEST 7: HEAD
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=200ms connect_timeout=200ms;
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $answer = ask('HEAD', '/', 'X-API-Key' => $reader);
is($answer->{status}, 503, 'status');
is(field($answer, 'Retry-After'), '1', 'Retry-After');



=== TEST 8: the outage is not one line a request
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=200ms connect_timeout=200ms;
--- guard
scoped_key_require dns:read;
--- story
our $reader;
get('/', 'X-API-Key' => $reader) for 1 .. 30;
my @lines = grep { /\[(?:warn|error)\]/ } error_log_has(qr/scoped.key|redis/i);
cmp_ok(scalar @lines, '>=', 1, 'it is logged');
cmp_ok(scalar @lines, '<', 15, 'less often than it is met');
is(scalar(grep { /\Q$reader\E/ } @lines), 0, 'without a key');



=== TEST 9: Redis is silent: the time-out ends the wait
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK timeout=200ms connect_timeout=5s;
--- guard
scoped_key_require dns:read;
--- story
my $key = put_key('silent', scopes => ['dns:read']);
my $cached = put_key('silent, cached', scopes => ['dns:read']);
linked();
ok(eventually(5, sub { get('/', 'X-API-Key' => $cached)->{status} == 200 }), 'cached');

redis('CLIENT', 'PAUSE', 3000, 'ALL');
my $from = Time::HiRes::time();
verdict_is(get('/', 'X-API-Key' => $key), '503 store_unavailable', 'silent');
cmp_ok(Time::HiRes::time() - $from, '<', 2.9, 'in time');
verdict_is(get('/', 'X-API-Key' => $cached), 200, 'a cached key goes on');
ok(eventually(10, sub { get('/', 'X-API-Key' => $key)->{status} == 200 }),
   'afterwards all is well, and nothing is remembered as unknown');



=== TEST 10: a failure is never an unknown key
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK timeout=200ms connect_timeout=5s;
scoped_key_cache 1m negative=60s;
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; $main::end"
--- story
my $key = put_key('unlucky', scopes => ['dns:read']);
redis('CLIENT', 'PAUSE', 800, 'ALL');
my %seen;
eventually(10, sub {
    my $answer = get('/', 'X-API-Key' => $key);
    $seen{verdict($answer)}++;
    return $answer->{status} == 200;
});
is_deeply([grep { !/^(?:200|503 store_unavailable)$/ } keys %seen], [],
          'nothing else was said');
is($seen{200}, 1, 'in the end it works');



=== TEST 11: a wrong password is an outage
--- post_setup_server_root
write_private('password', "wrong-password\n");
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK user=nobody password_file=password timeout=500ms;
--- guard
scoped_key_require dns:read;
--- story
our $reader;
verdict_is(get('/', 'X-API-Key' => $reader), '503 store_unavailable', 'refused');
is(scalar(error_log_has(qr/wrong-password/)), 0, 'the password is not logged');



=== TEST 12: a user of Redis that may not read the records is an outage
--- post_setup_server_root
main::redis('ACL', 'SETUSER', 'blind', 'reset', 'on', '>pass', '~other:*', '&*', '+@all');
write_private('password', "pass\n");
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK user=blind password_file=password timeout=2s;
--- guard
scoped_key_require dns:read;
--- story
our $reader;
verdict_is(get('/', 'X-API-Key' => $reader), '503 store_unavailable', "round $_")
    for 1, 2;



=== TEST 13: optional
--- config eval
"location / { scoped_key optional; scoped_key_require dns:read; $main::end"
--- story
our ($reader, $writer);
my $answer = get('/');
verdict_is($answer, 200, 'no key');
is(said($answer), 'anonymous:', 'is anonymous');
cases('/',
    'reader'    => [200, 'X-API-Key' => $reader],
    'writer'    => ['403 insufficient_scope', 'X-API-Key' => $writer],
    'junk'      => ['403 malformed_key', 'X-API-Key' => 'junk'],
    'unknown'   => ['403 unknown_key', 'X-API-Key' => key('unknown')],
    'two'       => ['403 ambiguous_key', 'X-API-Key' => $reader,
                    'X-API-Key' => $reader],
    'empty'     => [200, 'X-API-Key' => ''],
    'Basic'     => [200, 'Authorization' => 'Basic dTpw']);



=== TEST 14: optional never counts under satisfy any
--- user_files
>>> passwords
user:{PLAIN}pass
--- config eval
"location /deny { satisfy any; deny all; scoped_key optional;
                  scoped_key_require dns:read; $main::end
 location /allow { satisfy any; allow all; scoped_key optional; $main::end
 location /alone { satisfy any; scoped_key optional; $main::end
 location /basic { satisfy any; auth_basic x; auth_basic_user_file ../html/passwords;
                   scoped_key optional; scoped_key_require dns:read; $main::end"
--- story
our ($reader, $writer);
is(get('/deny')->{status}, 403, 'deny, no key');
is(get('/deny', 'X-API-Key' => $reader)->{status}, 200, 'deny, a key');
is(get('/deny', 'X-API-Key' => $writer)->{status}, 403, 'deny, another key');
is(get('/allow')->{status}, 200, 'allow, no key');
is(get('/alone')->{status}, 200, 'nothing beside it');
is(get('/basic')->{status}, 401, 'password, none');
is(get('/basic', 'Authorization' => 'Basic dXNlcjpwYXNz')->{status}, 200, 'password');
is(get('/basic', 'X-API-Key' => $reader)->{status}, 200, 'password, a key');
is(get('/basic', 'X-API-Key' => $writer)->{status}, 401, 'password, another key');



=== TEST 15: optional under satisfy all
--- config eval
"location /deny { deny all; scoped_key optional; $main::end"
--- story
our $reader;
is(get('/deny')->{status}, 403, 'no key');
is(get('/deny', 'X-API-Key' => $reader)->{status}, 403, 'a key');



=== TEST 16: a preflight, and what only looks like one
--- config eval
"location / { scoped_key on; scoped_key_preflight on; scoped_key_require dns:read;
              $main::end
 location /off { scoped_key on; scoped_key_require dns:read; $main::end"
--- story
our $writer;
my @origin = ('Origin' => 'http://a.example');
my @method = ('Access-Control-Request-Method' => 'PUT');
my $answer = ask('OPTIONS', '/', @origin, @method);
verdict_is($answer, 200, 'preflight');
is(said($answer), 'anonymous:', 'anonymous');

verdict_is(ask('OPTIONS', '/off', @origin, @method), '403 missing_key', 'off');
verdict_is(ask('OPTIONS', '/'), '403 missing_key', 'OPTIONS alone');
verdict_is(ask('OPTIONS', '/', @origin), '403 missing_key', 'no method asked');
verdict_is(ask('OPTIONS', '/', @method), '403 missing_key', 'no origin');
verdict_is(ask($_, '/', @origin, @method), '403 missing_key', "a $_")
    for qw(GET POST PUT DELETE);
is(ask('HEAD', '/', @origin, @method)->{status}, 403, 'a HEAD');
verdict_is(ask('OPTIONS', '/', 'X-Origin' => 'x', @method), '403 missing_key',
           'another header');



=== TEST 17: a dry run
--- config eval
"location / { scoped_key on; scoped_key_dry_run on; scoped_key_require dns:read;
              $main::end"
--- story
our ($reader, $writer);
my %sent = (
    'dry_run:missing_key'        => [],
    'dry_run:malformed_key'      => ['X-API-Key' => 'junk'],
    'dry_run:unknown_key'        => ['X-API-Key' => key('unknown')],
    'dry_run:insufficient_scope' => ['X-API-Key' => $writer],
    'dry_run:ambiguous_key'      => ['X-API-Key' => $reader, 'X-API-Key' => $reader],
    'allowed:'                   => ['X-API-Key' => $reader],
);
for my $expected (sort keys %sent) {
    my $answer = get('/', @{$sent{$expected}});
    verdict_is($answer, 200, "$expected goes on");
    is(said($answer), $expected, 'and says so');
    is(field($answer, 'WWW-Authenticate'), undef, 'without a challenge');
}
is(scalar(grep { /\[warn\]/ } error_log_has(qr/insufficient_scope/)), 1, 'logged');



=== TEST 18: a dry run never counts under satisfy any
--- config eval
"location / { satisfy any; deny all; scoped_key on; scoped_key_dry_run on;
              scoped_key_require dns:read; $main::end"
--- story
our ($reader, $writer);
is(get('/', 'X-API-Key' => $writer)->{status}, 403, 'refused by the address');
is(get('/')->{status}, 403, 'no key');
is(get('/', 'X-API-Key' => $reader)->{status}, 200, 'a good key');
