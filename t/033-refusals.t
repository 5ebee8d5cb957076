# What a refusal says to the client beside its status: which param, that nobody
# may keep it, and to a gRPC client, in its own form.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);

# what may stand between a refusal and the client
our %filters = (
    'addition'   => 'addition_types *; add_before_body /more; add_after_body /more;',
    'charset'    => 'charset utf-8; charset_types *;',
    'chunked'    => 'chunked_transfer_encoding off;',
    'expires'    => 'expires 1h;',
    'gunzip'     => 'gunzip on;',
    'gzip'       => 'gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;',
    'keepalive'  => 'keepalive_timeout 0;',
    'ssi'        => 'ssi on; ssi_types *;',
    'sub_filter' => "sub_filter_types *; sub_filter_once off; sub_filter 'e' 'eee';",
    'trailer'    => 'add_trailer X-End yes always;',
    'all'        => "addition_types *; add_after_body /more; gzip on; gzip_types *; gzip_min_length 0; charset utf-8;
                     charset_types *; ssi on; ssi_types *; sub_filter_types *; sub_filter 'e' 'x'; add_trailer X-End yes always;",
);
our $filtered = join "\n", 'location = /more { return 200 "more"; }', map {
    "location /$_/ { $main::filters{$_} scoped_key on; scoped_key_graphql on; scoped_key_require dns:read;
                     proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }"
} sort keys %filters;

run_tests();

__DATA__

=== TEST 1: the param that was refused is named, and what it may be is not
--- init
put_key('narrow', scopes => ['{"scope": "dns:read", "params": {"type": ["TXT"], "zone": ["a"]}}']);
put_key('odd', scopes => ['{"scope": "dns:read", "params": {"a\"b\\\\c\u000a\u00fc": ["x"]}}']);
put_key('either', scopes => ['dns:write', '{"scope": "dns:read", "hosts": ["other"]}']);
--- http_config
log_format param 'param=$scoped_key_param reason=$scoped_key_reason';
--- config
access_log logs/param.log param;
--- guard
scoped_key_require dns:read;
scoped_key_param type arg:type;
scoped_key_param zone arg:zone;
--- story
my @key = ('X-API-Key' => key('narrow'));
my %param = (
    '/?type=TXT&zone=a'        => '',
    '/?type=NS&zone=a'         => 'type',
    '/?type=TXT&zone=b'        => 'zone',
    '/?type=TXT'               => 'zone',
    '/?type=TXT&zone=a&zone=b' => 'zone',
    '/?type=TXT&zone=a&TYPE=x' => 'type',
);
for my $target (sort keys %param) {
    my $answer = get($target, @key);
    my $body = problem($answer);

    verdict_is($answer, $param{$target} ? '403 param_refused' : 200, $target);
    is($body->{param} // '', $param{$target}, "$target: its name");
    ok(!exists $body->{required}, "$target: no scope is missing");
    unlike($answer->{body}, qr/TXT"/, "$target: not what it may be") if $param{$target};
}

my $odd = problem(get('/', 'X-API-Key' => key('odd')));
is($odd->{reason}, 'param_refused', 'a name that no location declares');
is($odd->{param}, "a\"b\\c\n\x{fc}", 'is escaped');

my $either = problem(get('/', 'X-API-Key' => key('either')));
is_deeply([@$either{qw(reason required param)}], ['insufficient_scope', 'dns:read', undef], 'a condition is no param');

ok(eventually(10, sub {
    open my $in, '<', dir('logs/param.log') or return 0;
    my $text = join '', <$in>;
    return $text =~ /^param= reason=$/m && $text =~ /^param=zone reason=param_refused$/m
        && $text =~ /^param=a(?:"|\\x22)b/m;
}), '$scoped_key_param');



=== TEST 2: nobody may keep a refusal
--- config
location /401 { scoped_key on; scoped_key_unauthorized_status 401; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /off { scoped_key on; scoped_key_error_body off; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /page { scoped_key on; error_page 403 /refused.txt; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /other { scoped_key on; error_page 403 =404 /refused.txt; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location = /refused.txt { internal; }
location /optional { scoped_key optional; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /dry { scoped_key on; scoped_key_dry_run on; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /denied { deny all; scoped_key on; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /body { scoped_key on; scoped_key_require dns:read; scoped_key_param t json:/t; scoped_key_body_limit 10; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- user_files
>>> refused.txt
sorry
--- init
put_key('body', scopes => ['{"scope": "dns:read", "params": {"t": ["x"]}}']);
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my @key = ('X-API-Key' => $reader);
for my $target (qw(/ /401 /off /page)) {
    my $answer = get($target);
    is_deeply([fields($answer, 'Cache-Control')], ['no-store'], "$target: once");
    cmp_ok($answer->{status}, '>=', 401, "$target: refused");
}
is(get('/page')->{body}, "sorry\n", 'an error_page');
is_deeply([fields(get($_), 'Cache-Control')], [], "$_: not ours") for qw(/other /optional /dry /denied);
is_deeply([fields(get('/', @key), 'Cache-Control')], [], 'allowed');
is_deeply([fields(get('/', @key, 'X-Answer' => 403), 'Cache-Control')], [], 'a refusal of the upstream');
my $large = ask('POST', '/body', {body => '{"t": "0123456789"}'},
                'X-API-Key' => key('body'), 'Content-Type' => 'application/json');
verdict_is($large, '413 body_too_large', 'a body that is too large');
is_deeply([fields($large, 'Cache-Control')], ['no-store'], 'that neither');

my $head = ask('HEAD', '/');
is_deeply([$head->{status}, $head->{body}, fields($head, 'Cache-Control')], [403, '', 'no-store'], 'HEAD has no body');



=== TEST 3: Redis does not answer
--- http_config
scoped_key_redis unix:/nonexistent/redis.sock;
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $answer = get('/', 'X-API-Key' => $reader);
verdict_is($answer, '503 store_unavailable', 'an outage');
is_deeply([map { fields($answer, $_) } qw(Cache-Control Retry-After)], ['no-store', 1], 'not for keeping');

$answer = get('/', 'X-API-Key' => $reader, 'Content-Type' => 'application/grpc');
is_deeply([$answer->{status}, $answer->{body}, map { fields($answer, $_) } qw(grpc-status grpc-message Cache-Control)],
          [200, '', 14, 'store_unavailable', 'no-store'], 'gRPC: unavailable');
--- log_may_say
nonexistent/redis.sock



=== TEST 4: gRPC: 200, and the status in the header
--- init
put_key('writer', scopes => ['dns:write']);
put_key('narrow', scopes => ['{"scope": "dns:read", "params": {"t": ["x"]}}']);
put_key('off', fields => {enabled => 0});
--- http_config
log_format grpc '$status $scoped_key_verdict $scoped_key_reason $sent_http_grpc_status';
--- config
access_log logs/grpc.log grpc;
location /401 { scoped_key on; scoped_key_unauthorized_status 401; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /off { scoped_key on; scoped_key_error_body off; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /page { scoped_key on; error_page 403 /refused.txt; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location = /refused.txt { internal; }
location /denied { deny all; scoped_key on; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /body { scoped_key on; scoped_key_require dns:read; scoped_key_param t json:/t; scoped_key_body_limit 10; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- user_files
>>> refused.txt
sorry
--- guard
scoped_key_require dns:read;
scoped_key_param t arg:t;
--- story
our $reader;
my $says = sub {
    my ($answer) = @_;
    return join ' ', $answer->{status}, $answer->{body} eq '' ? 'nothing' : 'a body',
        map({ field($answer, $_) // '-' } qw(Content-Type grpc-status grpc-message Cache-Control WWW-Authenticate));
};
my $like = sub { return "200 nothing application/grpc $_[0] no-store -" };
my @type = ('Content-Type' => 'application/grpc');

is($says->(get('/', @type)), $like->('16 missing_key'), 'no key');
is($says->(get('/', @type, 'X-API-Key' => 'junk')), $like->('16 malformed_key'), 'junk');
is($says->(get('/', @type, 'X-API-Key' => key('off'))), $like->('16 key_disabled'), 'disabled');
is($says->(get('/', @type, 'X-API-Key' => key('writer'))), $like->('7 insufficient_scope'), 'another scope');
is($says->(get('/?t=y', @type, 'X-API-Key' => key('narrow'))), $like->('7 param_refused'), 'a param');
is($says->(get('/401', @type)), $like->('16 missing_key'), '401 else');
is($says->(get('/off', @type)), $like->('16 missing_key'), 'no problem bodies here');
is($says->(ask('POST', '/body', {body => 'x' x 20}, @type, 'X-API-Key' => key('narrow'))),
   $like->('8 body_too_large'), 'too large');
is($says->(ask('HEAD', '/', @type)), $like->('16 missing_key'), 'HEAD');
for my $condition (['If-None-Match' => '*'], ['If-Match' => '"a"'], ['If-Unmodified-Since' => 'Thu, 01 Jan 1970 00:00:00 GMT']) {
    is($says->(get('/', @type, @$condition)), $like->('16 missing_key'), "$condition->[0]: no copy of anything");
}

for my $type ('application/grpc+proto', 'Application/GRPC', 'application/grpc; x=1', 'application/grpc+json') {
    is($says->(get('/', 'Content-Type' => $type)), $like->('16 missing_key'), $type);
}
for my $type ('application/grpc-web', 'application/grpcx', 'text/application/grpc', 'application/json', 'application/grp') {
    verdict_is(get('/', 'Content-Type' => $type), '403 missing_key', $type);
}
my $page = get('/page', @type);
is_deeply([$page->{status}, $page->{body}, scalar field($page, 'grpc-status')], [403, "sorry\n", undef], 'an error_page wins');
is_deeply([$_->{status}, scalar field($_, 'grpc-status')], [403, undef], 'a refusal of others') for get('/denied', @type);
is($_->{status}, 200, 'allowed'), is(field($_, 'grpc-status'), undef, 'and not touched')
    for get('/', @type, 'X-API-Key' => $reader);

# one connection, two requests: the end of the first is told
my @two = exchange(join "\r\n", (map { ("GET / HTTP/1.1", 'Host: localhost', @$_, '') }
    ['Content-Type: application/grpc'], ['Content-Type: application/grpc', 'Connection: close']), '');
is(scalar(@two), 2, 'both are answered');

ok(eventually(10, sub {
    open my $in, '<', dir('logs/grpc.log') or return 0;
    my $text = join '', <$in>;
    return $text =~ /^200 refused insufficient_scope 7$/m;
}), 'the access log has both');



=== TEST 5: gRPC by HTTP/2: one block of headers, which ends the stream
--- by_http2
--- guard
scoped_key_require dns:read;
--- story
my $frame = sub {
    my ($type, $flags, $stream, $data) = @_;
    return substr(pack('N', length $data), 1) . pack('CCN', $type, $flags, $stream) . $data;
};
my $field = sub { return "\0" . pack 'C/a C/a', @_ };
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => server_port('http2')) or die;
binmode $socket;
print {$socket} "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . $frame->(4, 0, 0, '')
    . $frame->(1, 4, 1, "\x83\x86" . $field->(':path', '/a.B/C') . $field->(':authority', 'localhost')
               . $field->('content-type', 'application/grpc') . $field->('te', 'trailers'))
    . $frame->(0, 1, 1, "\0\0\0\0\0");

my ($input, $ready, @frames) = ('', IO::Select->new($socket));
until (grep { $_->[0] == 1 } @frames) {
    $ready->can_read(10) or last;
    sysread($socket, $input, 65536, length $input) or last;
    while (length $input >= 9) {
        my $len = unpack 'N', "\0" . substr $input, 0, 3;
        last if length $input < 9 + $len;
        my ($type, $flags, $stream) = unpack 'x3 CCN', $input;
        push @frames, [$type, $flags, $stream, substr $input, 9, $len];
        substr $input, 0, 9 + $len, '';
    }
}
my ($headers) = grep { $_->[0] == 1 } @frames;
is($headers->[1] & 5, 5, 'END_HEADERS and END_STREAM');
is(ord $headers->[3], 0x88, ':status 200');
is(scalar(grep { $_->[0] == 0 && $_->[2] == 1 } @frames), 0, 'no DATA');

my $answer = http2('-X', 'POST', '-d', 'x', '-H', 'Content-Type: application/grpc', '/');
is_deeply([$answer->{status}, $answer->{body}, map { fields($answer, $_) } qw(content-type grpc-status grpc-message content-length)],
          [200, '', 'application/grpc', 16, 'missing_key'], 'as curl reads it');



=== TEST 6: which of a key's texts was presented
--- init
put_key('rotated', scopes => ['dns:read'], fields => {
    digest => digest('another'), previous_digest => digest(key('rotated')), previous_until => time + 600});
put_key('outdated', scopes => ['dns:read'], fields => {
    digest => digest('another'), previous_digest => digest(key('outdated')), previous_until => time - 1});
put_key('old', text => 'an-old-key', id => legacy_id('an-old-key'), scopes => ['dns:read']);
put_key('off', fields => {enabled => 0});
put_key('broken', fields => {enabled => 'maybe'});
put_key('nobody', fields => {digest => undef});
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
add_header X-Credential "[$scoped_key_credential]" always;
--- story
our $reader;
for my $case (['current', 200, $reader], ['previous', 200, key('rotated')], ['legacy', 200, 'an-old-key'],
              ['current', '403 key_disabled', key('off')], ['current', '403 record_invalid', key('broken')],
              ['', '403 record_invalid', key('nobody')], ['', '403 unknown_key', key('outdated')],
              ['', '403 unknown_key', key_text('sk', key_id('reader'), 'x' x 32)],
              ['', '403 unknown_key', 'another-old-key'], ['', '403 malformed_key', 'short'],
              ['', '403 missing_key', '']) {
    my ($credential, $verdict, $text) = @$case;
    for my $time ('first', 'cached') {
        my $answer = get('/', 'X-API-Key' => $text);
        verdict_is($answer, $verdict, "$credential $verdict, $time");
        is(field($answer, 'X-Credential'), "[$credential]", "$credential $verdict, $time: the variable");
    }
}



=== TEST 7: who needs to be asked for Basic credentials is asked
--- config
location /403 { scoped_key on; scoped_key_from basic; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /bearer { scoped_key on; scoped_key_unauthorized_status 401; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- guard
scoped_key_require dns:read;
scoped_key_from basic header:X-API-Key;
scoped_key_unauthorized_status 401;
--- story
is_deeply([fields(get('/'), 'WWW-Authenticate')], ['Bearer realm="api"', 'Basic realm="api"'], 'both');
is_deeply([fields(get('/403'), 'WWW-Authenticate')], [], 'no challenge');
is_deeply([fields(get('/bearer'), 'WWW-Authenticate')], ['Bearer realm="api"'], 'no such source');



=== TEST 8: gRPC: no filter makes a body of what has none
A client that is told of one that does not come waits for ever.
--- config eval
$main::filtered
--- story
our %filters;
for my $filter (sort keys %filters) {
    for my $method (qw(GET HEAD POST)) {
        for my $version ('1.0', '1.1') {
            for my $connection (qw(keep-alive close)) {
                my $name = "$filter: $method, HTTP/$version, $connection";
                my $answer = ask($method, "/$filter/", {version => $version, $method eq 'POST' ? (body => 'x') : ()},
                                 'Connection' => $connection, 'Content-Type' => 'application/grpc',
                                 'Accept-Encoding' => 'gzip', 'TE' => 'trailers');
                is_deeply([$answer->{status}, $answer->{body}, map { fields($answer, $_) } qw(grpc-status Content-Type)],
                          [200, '', 16, 'application/grpc'], $name);
                is_deeply([map { fields($answer, $_) } qw(Content-Length Transfer-Encoding Content-Encoding Trailer)],
                          [0], "$name: its length");
            }
        }
    }

    my @two = exchange(join "\r\n", (map { ("POST /$filter/ HTTP/1.1", 'Host: localhost', 'Content-Length: 3', @$_, '', 'abc') }
        ['Content-Type: application/grpc'], ['Content-Type: application/grpc', 'Connection: close']));
    is_deeply([map { "$_->{status}$_->{body}" } @two], $filter eq 'keepalive' ? [200] : [200, 200],
              "$filter: the next request is answered, too");
}



=== TEST 9: gRPC by HTTP/2: the same
--- by_http2
--- config eval
$main::filtered
--- story
our %filters;
for my $filter (sort keys %filters) {
    my $answer = http2('-X', 'POST', '-d', 'x', '-H', 'Content-Type: application/grpc', '-H', 'TE: trailers',
                       '-H', 'Accept-Encoding: gzip', "/$filter/");
    is_deeply([$answer->{status}, $answer->{body}, map { fields($answer, $_) } qw(grpc-status content-type content-length content-encoding x-end)],
              [200, '', 16, 'application/grpc'], $filter);
}



=== TEST 10: other refusals end where they say, whatever stands in between
--- config eval
$main::filtered
--- story
our (%filters, $reader);
for my $filter (sort keys %filters) {
    for my $case ([403, 'GET'], [200, 'POST', {body => '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"' . 'a' x 64 . '"}}}'},
                                 'X-API-Key' => $reader, 'Content-Type' => 'application/json']) {
        my ($status, $method, @rest) = @$case;
        for my $version ('1.0', '1.1') {
            my $with = ref $rest[0] ? shift @rest : {};
            my $start = Time::HiRes::time();
            my $answer = ask($method, "/$filter/", {%$with, version => $version}, @rest, 'Connection' => 'keep-alive', 'TE' => 'trailers');
            unshift @rest, $with;
            is($answer->{status}, $status, "$filter: $method, HTTP/$version");
            like($answer->{body}, $status == 403 ? qr/missing/ : qr/Supported/, "$filter: $method, HTTP/$version: its body")
                unless $filter =~ /sub_filter|all/;
            cmp_ok(Time::HiRes::time() - $start, '<', 8, "$filter: $method, HTTP/$version: ends");
        }
    }
}



=== TEST 11: what a refused param was found to be, and which request it was
--- config
location /other { scoped_key on; scoped_key_require dns:write; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /json { scoped_key on; scoped_key_require dns:write; scoped_key_param type json:/type; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
add_header X-Request-Id $request_id always;
--- story
my $key = put_key('kinds', scopes => ['{"scope":"dns:write","params":{"type":["TXT"]}}']);
my %json = ('Content-Type' => 'application/json', 'X-API-Key' => $key);
for my $case (['/', 'no value'], ['/?type=sEcReT', 'a value'], ['/?type=TXT&type=sEcReT', 'several values'],
              ['/other?type=TXT', 'not declared in this location'],
              ['/?Type=TXT', qr/two ways/]) {
    my ($target, $cause) = @$case;
    my $answer = get($target, 'X-API-Key' => $key);
    my $says = problem($answer);
    is("$says->{reason} $says->{param}", 'param_refused type', "$target: the param");
    like($says->{cause}, ref $cause ? $cause : qr/\A\Q$cause\E\z/, "$target: the cause");
    like($says->{request_id}, qr/\A[0-9a-f]{32}\z/, "$target: an id of the request");
    logged(qr/ param="type" cause="\Q$says->{cause}\E" request_id=$says->{request_id}/, 1, "$target: both in the log");
    unlike($answer->{body}, qr/TXT|sEcReT/, "$target: nothing that was sent or is allowed");
}
my $answer = get('/?type=x', 'X-API-Key' => $key);
is(problem($answer)->{request_id}, field($answer, 'X-Request-Id'), '$request_id is the same');
for my $case (['{"type":null}', 'param_refused', 'null or an empty array'],
              ['{"type":"TXT","type":"A"}', 'body_unreadable', 'JSON with a duplicate member'],
              ['{"type":"\u0000"}', 'body_unreadable', 'JSON with \u0000 in a value'],
              ['{"type":"TX', 'body_unreadable', 'JSON that is cut off']) {
    my ($body, $reason, $cause) = @$case;
    my $says = problem(ask('POST', '/json', {body => $body}, %json));
    is("$says->{reason}: $says->{cause}", "$reason: $cause", "$body: the cause");
}
logged(qr/ cause="JSON that is cut off" byte=11 request_id=/, 1, 'where it is cut off');
my $unknown = problem(get('/', 'X-API-Key' => key('nobody')));
is($unknown->{cause}, undef, 'a refusal for the key has no cause');
ok($unknown->{request_id}, 'but an id');
isnt($unknown->{request_id}, problem(get('/', 'X-API-Key' => key('nobody')))->{request_id}, 'and another one each time');
