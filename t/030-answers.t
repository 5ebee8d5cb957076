# What a client and an operator are told: status, problem body, headers, the
# log line; error_page; satisfy any with what stands beside us; and that a
# connection goes on as it should after a refusal.

use lib 't/lib';
use MIME::Base64 qw(encode_base64);
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);
our $writer = put_key('writer', scopes => ['dns:write']);
our $unknown = key('unknown');

sub password { return (Authorization => 'Basic ' . encode_base64("user:$_[0]", '')) }

run_tests();

__DATA__

=== TEST 1: the problem body
--- guard
scoped_key_require dns:read;
--- story
our ($reader, $writer, $unknown);
my $disabled = put_key('disabled', fields => {enabled => 0});
my %of = (
    missing_key        => [],
    ambiguous_key      => ['X-API-Key' => $reader, 'X-API-Key' => $reader],
    malformed_key      => ['X-API-Key' => 'junk'],
    unknown_key        => ['X-API-Key' => $unknown],
    key_disabled       => ['X-API-Key' => $disabled],
    insufficient_scope => ['X-API-Key' => $writer],
);
for my $reason (sort keys %of) {
    my $answer = get('/', @{$of{$reason}});
    my $problem = problem($answer);

    is($answer->{status}, 403, "$reason: the status");
    is($problem->{reason}, $reason, "$reason: the reason");
    is($problem->{status}, 403, "$reason: the status in the body");
    like($problem->{title} // '', qr/\w/, "$reason: a title");
    like($problem->{detail} // '', qr/\w/, "$reason: a detail");
    is(ref \$problem->{status}, 'SCALAR', "$reason: a number");
    like($answer->{body}, qr/"status": ?403\b/, "$reason: without quotes");
    is(field($answer, 'Content-Type'), 'application/problem+json', "$reason: type");
    is(field($answer, 'Content-Length'), length $answer->{body}, "$reason: length");
    is(scalar(fields($answer, 'Content-Type')), 1, "$reason: one type");
    is($problem->{required}, $reason eq 'insufficient_scope' ? 'dns:read' : undef,
       "$reason: what is required");
    is(index($answer->{head} . $answer->{body}, $_->[1] // 'no key'), -1,
       "$reason: says nothing of the key") for $of{$reason};
}



=== TEST 2: the challenge of insufficient_scope
--- guard
scoped_key_require dns:read dns:admin;
--- story
our ($writer, $unknown);
my $answer = get('/', 'X-API-Key' => $writer);
my ($challenge) = fields($answer, 'WWW-Authenticate');

is($answer->{status}, 403, 'status');
is(scalar(fields($answer, 'WWW-Authenticate')), 1, 'one challenge');
like($challenge, qr/^Bearer realm="[^"]*"/, 'scheme and realm');
like($challenge, qr/\berror="insufficient_scope"/, 'error');
like($challenge, qr/\bscope="dns:read dns:admin"/, 'scope');
is(problem($answer)->{required}, 'dns:read dns:admin', 'body');

is(scalar(fields(get('/', @$_), 'WWW-Authenticate')), 0, 'none on another 403')
    for [], ['X-API-Key' => $unknown], ['X-API-Key' => 'junk'];



=== TEST 3: with several directives, the one that does not hold is told
--- guard
scoped_key_require dns:read;
scoped_key_require zone:edit zone:admin;
--- story
our ($reader, $writer);
is(problem(get('/', 'X-API-Key' => $reader))->{required}, 'zone:edit zone:admin',
   'the second');
like(problem(get('/', 'X-API-Key' => $writer))->{required}, qr/^dns:read/,
     'the first');



=== TEST 4: what is required comes from a client: it cannot leave its quotes
--- guard
scoped_key_require endpoint/$arg_id:read;
--- story
our $reader;
for my $id ('"', '\\', '%22', '",error="x', "'", '<b>', '{', "\xff", '%0d%0aX:1') {
    my $answer = get("/?id=$id", 'X-API-Key' => $reader);
    my ($challenge) = fields($answer, 'WWW-Authenticate');
    my $required = problem($answer)->{required};

    is(verdict($answer), '403 insufficient_scope', 'refused');
    like($required, qr{^endpoint/[A-Za-z0-9._~\@%-]+:read$}, 'body');
    like($challenge, qr/^[^"]*"[^"]*"[^"]*"[^"]*"[^"]*"\Q$required\E"$/, 'challenge');
}



=== TEST 5: 401 for what is wrong with the key itself
--- guard
scoped_key_require dns:read;
scoped_key_unauthorized_status 401;
--- story
our ($reader, $writer, $unknown);
my $now = time;
my %fields = (
    key_disabled      => {enabled => 0},
    key_expired       => {expires_at => $now - 5},
    key_not_yet_valid => {not_before => $now + 50},
    record_invalid    => {mode => 'x'},
    ip_refused        => {ips => '10.0.0.1'},
    host_refused      => {hosts => 'a.example'},
    method_refused    => {methods => 'POST'},
);
my %of = (
    missing_key        => [],
    ambiguous_key      => ['X-API-Key' => $reader, 'X-API-Key' => $reader],
    malformed_key      => ['X-API-Key' => 'junk'],
    unknown_key        => ['X-API-Key' => $unknown],
    insufficient_scope => ['X-API-Key' => $writer],
    map { ($_ => ['X-API-Key' => put_key($_, fields => $fields{$_})]) } keys %fields,
);
for my $reason (sort keys %of) {
    my $answer = get('/', @{$of{$reason}});
    my $status = $reason =~ /_refused|scope/ ? 403 : 401;
    my $challenges = $status == 401 || $reason eq 'insufficient_scope' ? 1 : 0;

    is(verdict($answer), "$status $reason", $reason);
    is(problem($answer)->{status}, $status, "$reason: in the body");
    is(scalar(fields($answer, 'WWW-Authenticate')), $challenges,
       "$reason: challenges");
    like(field($answer, 'WWW-Authenticate'), qr/^Bearer realm="/, "$reason: bearer")
        if $challenges;
}



=== TEST 6: HEAD has the headers and no body
--- guard
scoped_key_require dns:read;
--- story
our $writer;
my $get = get('/', 'X-API-Key' => $writer);
my ($head) = exchange("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                      . "X-API-Key: $writer\r\n\r\n");
is($head->{status}, 403, 'status');
is(field($head, 'Content-Type'), 'application/problem+json', 'type');
is(field($head, 'WWW-Authenticate'), field($get, 'WWW-Authenticate'), 'challenge');

my @both = exchange("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n"
                    . "Connection: close\r\n\r\n");
is(scalar @both, 2, 'no body stands between two answers');
is($both[1]{status}, 403, 'the second');



=== TEST 7: scoped_key_error_body off: nginx's own page
--- guard
scoped_key_require dns:read;
scoped_key_error_body off;
--- story
our ($writer, $reader);
my $answer = get('/', 'X-API-Key' => $writer);
is($answer->{status}, 403, 'status');
is(field($answer, 'Content-Type'), 'text/html', 'type');
like($answer->{body}, qr/<title>403 Forbidden/, 'page');
like(field($answer, 'WWW-Authenticate'), qr/insufficient_scope/, 'challenge');
unlike($answer->{body}, qr/reason|scope/, 'nothing of ours');
verdict_is(get('/', 'X-API-Key' => $reader), 200, 'allowed');



=== TEST 8: error_page to a file
--- user_files
>>> refused.html
own page
--- config
location = /refused.html { root html; }
--- guard
scoped_key_require dns:read;
error_page 403 /refused.html;
--- story
our ($writer, $unknown);
for my $key ($writer, $unknown, 'junk') {
    my $answer = get('/', 'X-API-Key' => $key);
    is($answer->{status}, 403, 'status');
    is($answer->{body}, "own page\n", 'body');
    isnt(field($answer, 'Content-Type'), 'application/problem+json', 'type');
    is(field($answer, 'Content-Length'), length "own page\n", 'length');
}
like(field(get('/', 'X-API-Key' => $writer), 'WWW-Authenticate'),
     qr/insufficient_scope/, 'the challenge stays');



=== TEST 9: error_page to a named location, with another status, to a URL
--- config
location @refused { return 403 "named\n"; }
location /named {
    scoped_key on;
    scoped_key_require dns:read;
    error_page 403 @refused;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /ok { return 200 "fine\n"; }
location /other-status {
    scoped_key on;
    scoped_key_require dns:read;
    error_page 403 =200 /ok;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /not-found {
    scoped_key on;
    scoped_key_require dns:read;
    error_page 403 =404 /missing;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /missing { return 404 "gone\n"; }
location /url {
    scoped_key on;
    scoped_key_require dns:read;
    error_page 403 http://login.example/;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($writer, $reader);
my @key = ('X-API-Key' => $writer);
my $answer = get('/named', @key);
is($answer->{status}, 403, 'named: status');
is($answer->{body}, "named\n", 'named: body');

$answer = get('/other-status', @key);
is($answer->{status}, 200, 'other status');
is($answer->{body}, "fine\n", 'other status: body');
is(field($answer, 'WWW-Authenticate'), undef, 'other status: no challenge');

$answer = get('/not-found', @key);
is($answer->{status}, 404, 'not found');
is($answer->{body}, "gone\n", 'not found: body');

$answer = get('/url', @key);
is($answer->{status}, 302, 'url');
is(field($answer, 'Location'), 'http://login.example/', 'url: where');

verdict_is(get($_, 'X-API-Key' => $reader), 200, "$_ allowed")
    for qw(/named /other-status /not-found /url);



=== TEST 10: an error_page for another status does not win
--- config
location = /page { return 200 "page\n"; }
--- guard
scoped_key_require dns:read;
error_page 401 404 503 /page;
--- story
our $writer;
verdict_is(get('/', 'X-API-Key' => $writer), '403 insufficient_scope', 'ours');



=== TEST 11: error_page into a guarded location: it decides again
--- config
location = /second {
    scoped_key on;
    scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /first {
    scoped_key on;
    scoped_key_require dns:read;
    error_page 403 = /second;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer, $unknown);
like(get('/first', 'X-API-Key' => $reader)->{body}, qr{^GET /first}, 'the first');
like(get('/first', 'X-API-Key' => $writer)->{body}, qr{^GET /second}, 'the second');
is(get('/first', 'X-API-Key' => $unknown)->{status}, 403, 'neither');
is(get('/first', 'X-API-Key' => $unknown)->{seen}, 0, 'not proxied');
is(get('/first')->{status}, 403, 'no key');



=== TEST 12: the log line of a refusal
--- guard
scoped_key_require dns:read dns:admin;
--- story
our ($reader, $writer, $unknown);
my ($id) = (split /_/, $writer)[1];
get('/', 'X-API-Key' => $writer);
my @lines = error_log_has(qr/insufficient_scope/);
is(scalar @lines, 1, 'one line');
like($lines[0], qr/\[warn\]/, 'of level warn');
like($lines[0], qr/\b\Q$id\E\b/, 'with the id');
like($lines[0], qr/dns:read dns:admin/, 'with what is required');

get('/');
is(scalar(grep { /\[warn\]/ } error_log_has(qr/missing_key/)), 1, 'missing');
get('/', 'X-API-Key' => $unknown);
is(scalar(grep { /\[warn\]/ } error_log_has(qr/unknown_key/)), 1, 'unknown');
get('/', 'X-API-Key' => $reader);
is(scalar(error_log_has(qr/\[warn\]|\[error\]/)), 3, 'and nothing when allowed');
is(scalar(grep { /\[(?:info|notice|warn|error)\]/ } error_log_has(qr/\Q$_\E/)), 0,
   'no key in it') for $reader, $writer, $unknown;



=== TEST 13: scoped_key_log_level
--- config
location /info {
    scoped_key on;
    scoped_key_require a:b;
    scoped_key_log_level info;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /notice {
    scoped_key on; scoped_key_require a:b; scoped_key_log_level notice;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /warn {
    scoped_key on; scoped_key_require a:b; scoped_key_log_level warn;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /error {
    scoped_key on; scoped_key_require a:b; scoped_key_log_level error;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
for my $level (qw(info notice warn error)) {
    get("/$level");
    my @lines = error_log_has(qr/missing_key.*"GET \/$level /);
    is(scalar @lines, 1, "$level: one line");
    like($lines[0] // '', qr/\[$level\]/, "$level: of that level");
}



=== TEST 14: no log line when the level of the log is higher
--- log_level: error
--- guard
scoped_key_require dns:read;
--- story
our $writer;
verdict_is(get('/', 'X-API-Key' => $writer), '403 insufficient_scope', 'refused');
unlike(error_log(), qr/insufficient/, 'not logged');



=== TEST 15: satisfy any: our verdict beside allow and deny
--- config
location /deny {
    satisfy any; deny all;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /allow {
    satisfy any; allow all;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /all-deny {
    deny all;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /all-allow {
    allow all;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /silent {
    satisfy any;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer, $unknown);
my %keys = (good => [$reader], insufficient => [$writer], unknown => [$unknown],
            junk => ['junk'], none => [], two => [$reader, $reader]);
my %good_status = ('/deny' => [200, 403], '/allow' => [200, 200],
                   '/all-deny' => [403, 403], '/all-allow' => [200, 403],
                   '/silent' => [200, 403]);
for my $path (sort keys %good_status) {
    my ($good, $bad) = @{$good_status{$path}};
    for my $name (sort keys %keys) {
        my $answer = get($path, map { ('X-API-Key' => $_) } @{$keys{$name}});
        my $expected = $name eq 'good' ? $good : $bad;
        is($answer->{status}, $expected, "$path, $name");
        is($answer->{seen}, $expected == 200 ? 1 : 0, "$path, $name: proxied");
    }
}



=== TEST 16: satisfy any and all: our verdict beside a password
--- user_files
>>> passwords
user:{PLAIN}pass
--- config
auth_basic "own realm";
auth_basic_user_file ../html/passwords;
location /any {
    satisfy any;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /any-deny {
    satisfy any; deny all;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /all {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer);
my %keys = (good => [$reader], insufficient => [$writer], junk => ['junk'],
            none => []);
my %passwords = (right => [password('pass')], wrong => [password('word')],
                 none => []);
for my $path ('/any', '/any-deny', '/all') {
    for my $key (sort keys %keys) {
        for my $password (sort keys %passwords) {
            my $answer = get($path, @{$passwords{$password}},
                             map { ('X-API-Key' => $_) } @{$keys{$key}});
            my ($a, $b) = ($key eq 'good', $password eq 'right');
            my $let_on = $path eq '/all' ? $a && $b : $a || $b;
            my $name = "$path, key $key, password $password";

            if ($let_on) {
                is($answer->{status}, 200, $name);
                next;
            }
            is($answer->{seen}, 0, "$name: not proxied");
            if ($path eq '/all' && !$a && !$b) {
                like($answer->{status}, qr/^40[13]$/, $name);
            } else {
                is($answer->{status}, $path eq '/all' && $b ? 403 : 401, $name);
            }
            like(join("\n", fields($answer, 'WWW-Authenticate')),
                 qr/Basic realm="own realm"/, "$name: asks for the password")
                if $answer->{status} == 401;
        }
    }
}



=== TEST 17: satisfy any, 401 of ours beats 403 of the address
--- guard
satisfy any;
deny all;
scoped_key_require dns:read;
scoped_key_unauthorized_status 401;
--- story
our ($reader, $unknown);
my $answer = get('/', 'X-API-Key' => $unknown);
is($answer->{status}, 401, 'status');
like(field($answer, 'WWW-Authenticate'), qr/^Bearer /, 'challenge');
verdict_is(get('/', 'X-API-Key' => $reader), 200, 'the right key');



=== TEST 18: the upstream's own 403 is its own
--- config
location /key {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /address {
    satisfy any; allow all;
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /dry-run {
    scoped_key on; scoped_key_require dns:read; scoped_key_dry_run on;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /optional {
    scoped_key optional; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($reader, $writer);
my %sent = (
    '/key'      => [[$reader]],
    '/address'  => [[], [$writer], ['junk'], [$reader, $reader]],
    '/dry-run'  => [[], [$writer], ['junk'], [$reader]],
    '/optional' => [[], [$reader]],
);
for my $path (sort keys %sent) {
    for my $keys (@{$sent{$path}}) {
        for my $status (401, 403, 413, 503) {
            my $answer = get($path, 'X-Answer' => $status, 'X-Answer-Body' => 'mine',
                             map { ('X-API-Key' => $_) } @$keys);
            my $name = "$path, " . @$keys . " keys, $status";
            is($answer->{status}, $status, $name);
            is($answer->{body}, 'mine', "$name: body");
            is(field($answer, 'WWW-Authenticate'), undef, "$name: no challenge");
            is(field($answer, 'Retry-After'), undef, "$name: no Retry-After");
        }
    }
}



=== TEST 19: the upstream's own 403, let through by a password after a bad key
--- user_files
>>> passwords
user:{PLAIN}pass
--- http_config
scoped_key_unauthorized_status 403;
--- config
auth_basic "x";
auth_basic_user_file ../html/passwords;
satisfy any;
location /plain {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /try {
    scoped_key on; scoped_key_require dns:read;
    root html;
    try_files /none @proxied;
}
location /try-uri {
    scoped_key on; scoped_key_require dns:read;
    root html;
    try_files /none /proxied;
}
location /rewritten {
    scoped_key on; scoped_key_require dns:read;
    error_page 418 = @proxied;
    proxy_intercept_errors on;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location @proxied { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /proxied { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our $writer;
for my $path ('/plain', '/try', '/try-uri', '/rewritten') {
    for my $keys ([], [$writer], ['junk']) {
        my $answer = get($path, password('pass'), 'X-Answer' => 403,
                         'X-Answer-Body' => 'mine', map { ('X-API-Key' => $_) } @$keys);
        my $name = "$path, " . ($keys->[0] // 'none') =~ s/_.*//r;
        is($answer->{status}, 403, $name);
        is($answer->{body}, 'mine', "$name: body");
        is(field($answer, 'WWW-Authenticate'), undef, "$name: no challenge");
    }
}



=== TEST 20: a static file's 403 is nginx's own
--- config
location /dir/ {
    scoped_key on; scoped_key_require dns:read;
    root html;
}
--- user_files
>>> dir/file
x
--- story
our $reader;
my $answer = get('/dir/', 'X-API-Key' => $reader);
is($answer->{status}, 403, 'a directory');
is(field($answer, 'Content-Type'), 'text/html', "nginx's own page");
is(get('/dir/file', 'X-API-Key' => $reader)->{body}, "x\n", 'a file');



=== TEST 21: a body that was refused is not the next request
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\nX-API-Key: $reader\r\n\r\n";
my $next = "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
           . "X-API-Key: $reader\r\n\r\n";
my $post = "POST /refused HTTP/1.1\r\nHost: x\r\n";
my $length = length $smuggled;
my %bodies = (
    'Content-Length' => "Content-Length: $length\r\n\r\n$smuggled",
    'chunked'        => "Transfer-Encoding: chunked\r\n\r\n"
                        . sprintf("%x\r\n%s\r\n0\r\n\r\n", $length, $smuggled),
    'many chunks'    => "Transfer-Encoding: chunked\r\n\r\n"
                        . join('', map { "1\r\n$_\r\n" } split //, $smuggled)
                        . "0\r\n\r\n",
    'a big one'      => "Content-Length: 200000\r\n\r\n" . 'x' x 200000,
    'big chunks'     => "Transfer-Encoding: chunked\r\n\r\n"
                        . ("8000\r\n" . 'x' x 32768 . "\r\n") x 6 . "0\r\n\r\n",
    'empty'          => "Content-Length: 0\r\n\r\n",
    'none'           => "\r\n",
);
for my $name (sort keys %bodies) {
    my $before = Upstream::requests();
    my @answers = exchange($post . $bodies{$name} . $next);
    my @requests = (Upstream::requests())[$before .. Upstream::requests() - 1];

    is($answers[0]{status}, 403, "$name: refused");
    is($answers[1]{status}, 200, "$name: the next one");
    is(scalar @answers, 2, "$name: two answers");
    is(scalar @requests, 1, "$name: one was proxied");
    like($requests[0], qr{\AGET /next }, "$name: the right one");
}



=== TEST 22: keep-alive after a refusal, many in a row
--- guard
scoped_key_require dns:read;
--- story
our ($reader, $writer);
my $request = sub {
    my ($key, $connection) = @_;
    return "GET / HTTP/1.1\r\nHost: x\r\nX-API-Key: $key\r\n"
           . ($connection ? "Connection: $connection\r\n" : '') . "\r\n";
};
my @keys = ($reader, $writer, $reader, 'junk', $writer, $reader, 'junk', $reader);
my @answers = exchange(join('', map { $request->($_) } @keys)
                       . $request->($writer, 'close'));
is(join(' ', map { $_->{status} } @answers), '200 403 200 403 403 200 403 200 403',
   'each has its own answer');
is(join(' ', map { problem($_)->{reason} // '-' } @answers),
   '- insufficient_scope - malformed_key insufficient_scope - malformed_key - '
   . 'insufficient_scope', 'and reason');



=== TEST 23: Expect: 100-continue
--- guard
scoped_key_require dns:read;
--- story
our ($reader, $writer);
my $post = sub {
    my ($key, $body) = @_;
    return exchange("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    . "X-API-Key: $key\r\nExpect: 100-continue\r\n"
                    . "Content-Length: 5\r\n\r\n$body");
};
my @answers = grep { $_->{status} != 100 } $post->($writer, 'hello');
is($answers[0]{status}, 403, 'refused');
is(scalar @answers, 1, 'once');

@answers = grep { $_->{status} != 100 } $post->($reader, 'hello');
is($answers[0]{status}, 200, 'allowed');
like($answers[0]{body}, qr/\r\n\r\nhello\z/, 'with the body');



=== TEST 24: a client that waits for 100 gets the refusal without sending
--- guard
scoped_key_require dns:read;
--- story
our $writer;
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => server_port());
print {$socket} "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    . "X-API-Key: $writer\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
$socket->flush;
my $input = '';
while (IO::Select->new($socket)->can_read(10)) {
    sysread($socket, $input, 4096, length $input) or last;
    last if $input =~ /problem|<html/;
}
like($input, qr{HTTP/1.1 403 }, 'refused');



=== TEST 25: headers that the location adds
--- guard
scoped_key_require dns:read;
add_header X-Always yes always;
add_header X-Sometimes yes;
--- story
our ($reader, $writer);
my $answer = get('/', 'X-API-Key' => $writer);
is(field($answer, 'X-Always'), 'yes', 'always');
is(field($answer, 'X-Sometimes'), undef, 'not on a refusal');
is(field(get('/', 'X-API-Key' => $reader), 'X-Sometimes'), 'yes', 'allowed');



=== TEST 26: gzip, ranges and conditions do not spoil the body
--- guard
scoped_key_require dns:read;
gzip on;
gzip_min_length 1;
gzip_types application/problem+json text/html;
--- story
our $writer;
my @key = ('X-API-Key' => $writer);
verdict_is(get('/', @key, 'Range' => 'bytes=0-3'), '403 insufficient_scope',
           'range');
verdict_is(get('/', @key, 'If-None-Match' => '*'), '403 insufficient_scope',
           'If-None-Match');
verdict_is(get('/', @key, 'If-Match' => '"x"'), '403 insufficient_scope',
           'If-Match');
my $answer = get('/', @key, 'Accept-Encoding' => 'gzip');
is($answer->{status}, 403, 'gzip');
cmp_ok(length $answer->{body}, '>', 0, 'gzip: a body');
verdict_is(ask('GET', '/', {version => '1.0'}, @key), '403 insufficient_scope',
           'HTTP/1.0');



=== TEST 27: methods of all kinds
--- guard
scoped_key_require dns:read;
--- story
our $writer;
for my $method (qw(GET POST PUT DELETE PATCH OPTIONS PROPFIND LOCK MOVE PURGE)) {
    verdict_is(ask($method, '/', 'X-API-Key' => $writer), '403 insufficient_scope',
               $method);
}
is(ask('TRACE', '/', 'X-API-Key' => $writer)->{status}, 405, 'TRACE is refused');



=== TEST 28: an old browser's page is not added to ours
--- guard
scoped_key_require dns:read;
msie_padding on;
--- story
our $writer;
verdict_is(get('/', 'X-API-Key' => $writer, 'User-Agent' => 'Mozilla/4.0 (MSIE 6.0)'),
           '403 insufficient_scope', 'MSIE');
verdict_is(get('/', 'X-API-Key' => $writer, 'User-Agent' => 'Chrome/1.0 Mozilla'),
           '403 insufficient_scope', 'Chrome');



=== TEST 29: what is said where no scope would be enough
--- config
location /bare {
    scoped_key on;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /empty {
    scoped_key on;
    scoped_key_require dns:$arg_none;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /some {
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $writer;
my $only = 'Only global keys pass here.';
for my $case (['/bare', 1], ['/empty', 1], ['/some', 0]) {
    my ($target, $bare) = @$case;
    my $answer = get($target, 'X-API-Key' => $writer);
    verdict_is($answer, '403 insufficient_scope', $target);
    my $problem = problem($answer);
    is($problem->{detail} eq $only ? 1 : 0, $bare, "$target: detail");
    is(defined $problem->{required} ? 0 : 1, $bare, "$target: required");
}
verdict_is(get('/bare', 'X-API-Key' => put_key('all', fields => {mode => 'global'})), 200, 'and they do');
