# How a body gets to the decision and on to the upstream: in pieces, in memory, on
# disk, in chunks, by HTTP/2; and the bodies that nobody reads.

use lib 't/lib';
use Blocks;
use Time::HiRes ();
use ScopedKey;
use Visit;
use Bodies;

our $refused = '403 param_refused';
our $type = 'application/x-www-form-urlencoded';

# the head of a POST to /, without its last empty line
sub head {
    my ($key, @lines) = @_;

    return join "\r\n", 'POST / HTTP/1.1', 'Host: localhost', "X-API-Key: $key",
        "Content-Type: $main::type", @lines, '';
}

# a form of that many bytes, of any bytes
sub form_of {
    my ($size, $value) = @_;
    my $head = 'type=' . ($value // 'TXT') . '&x=';
    my $all = join '', map { $_ == 38 || $_ == 59 || $_ == 37 ? 'x' : chr } 0 .. 255;

    return substr $head . $all x ($size / 256 + 1), 0, $size;
}

# the same request in every way: FORM is allowed through, and comes out as it went in
sub goes_through {
    my ($key, $size) = @_;
    my $form = form_of($size);
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my %sent = (
        'with a length' => form($key, $form),
        '1.0' => ask('POST', '/', {body => $form, version => '1.0'}, 'X-API-Key' => $key, 'Content-Type' => $main::type),
        map({ my $chunk = $_; ("in chunks of $chunk" => ask('POST', '/', {body => chunked($form, $chunk)},
            'X-API-Key' => $key, 'Content-Type' => $main::type, 'Transfer-Encoding' => 'chunked')) }
            $size < 300 ? 1 : (), $size < 3000 ? 7 : (), 1000, $size));

    for my $how (sort keys %sent) {
        verdict_is($sent{$how}, 200, "$size bytes, $how");
        ok(body_of($sent{$how}) eq $form, "$size bytes, $how: unchanged");
    }
    verdict_is(form($key, form_of($size, 'B')), $main::refused, "$size bytes, refused");
    verdict_is(ask('POST', '/', {body => chunked(form_of($size, 'B'), 1000)}, 'X-API-Key' => $key, 'Content-Type' => $main::type,
                   'Transfer-Encoding' => 'chunked'), $main::refused, "$size bytes in chunks, refused");
}

# by HTTP/2, with a length and without one
sub goes_through_http2 {
    my ($key, $size) = @_;
    my $dir = $ENV{TMPDIR};
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $value ('TXT', 'B') {
        my $form = form_of($size, $value);
        my $file = "$dir/form-$$";
        open my $out, '>', $file or die "$file: $!\n";
        binmode $out;
        print {$out} $form;
        close $out;

        my @lines = ('-H', "X-API-Key: $key", '-H', "Content-Type: $main::type", '-H', 'Expect:');
        my %sent = ('with a length' => http2(@lines, '--data-binary', "\@$file", '/'),
                    'without one' => http2(@lines, '-X', 'POST', '-H', 'Content-Length:', '--data-binary', "\@$file", '/'),
                    'from a pipe' => http2_piped($file, @lines));
        for my $how (sort keys %sent) {
            verdict_is($sent{$how}, $value eq 'TXT' ? 200 : $main::refused, "HTTP/2, $size bytes $how: $value");
            ok(body_of($sent{$how}) eq $form, 'unchanged') if $value eq 'TXT';
        }
        unlink $file;
    }
}

# curl reads a pipe, and so does not know how much will come
sub http2_piped {
    my ($file, @options) = @_;

    open my $keep, '<&', \*STDIN or die "stdin: $!\n";
    open STDIN, '-|', 'cat', $file or die "cat: $!\n";
    my $answer = http2(@options, '-X', 'POST', '-T', '-', '/');
    open STDIN, '<&', $keep or die "stdin: $!\n";

    return $answer;
}

run_tests();

__DATA__

=== TEST 1: bodies of all sizes, in memory
--- by_http2
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 8m;
client_max_body_size 8m;
client_body_buffer_size 4m;
--- story
my $key = limited(type => ['TXT']);
goes_through($key, $_) for 200, 1000, 1400, 16384, 100000, 3000000;
goes_through_http2($key, $_) for 200, 16384, 100000, 1000000;



=== TEST 2: bodies that are spilled to disk
--- by_http2
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 8m;
client_max_body_size 8m;
client_body_buffer_size 1k;
--- log_may_say
a client request body is buffered to a temporary file
--- story
my $key = limited(type => ['TXT']);
goes_through($key, $_) for 200, 1023, 1024, 1025, 2000, 16384, 3000000;
goes_through_http2($key, $_) for 200, 3000, 100000, 1000000;



=== TEST 3: client_body_in_file_only
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 1m;
client_body_in_file_only clean;
--- story
my $key = limited(type => ['TXT']);
goes_through($key, $_) for 20, 1000, 40000;



=== TEST 4: client_body_in_single_buffer
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 1m;
client_body_in_single_buffer on;
--- story
my $key = limited(type => ['TXT']);
goes_through($key, $_) for 20, 1000, 40000;



=== TEST 5: proxy_request_buffering off
--- by_http2
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 1m;
client_body_buffer_size 8k;
proxy_request_buffering off;
proxy_http_version 1.1;
--- story
my $key = limited(type => ['TXT']);
goes_through($key, $_) for 20, 1000, 40000, 300000;
goes_through_http2($key, $_) for 20, 40000;



=== TEST 6: a body in pieces
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
our $refused;
my $key = limited(type => ['TXT']);
my $end = "Connection: close\r\n\r\n";
for my $case (['type=TXT&x=1', 200], ['type=TXT&type=B', $refused]) {
    my ($form, $expected) = @$case;
    my $length = 'Content-Length: ' . length $form;
    my %pieces = (
        'byte by byte' => [head($key, $length) . $end, split //, $form],
        'half and half' => [head($key, $length) . $end . substr($form, 0, 6), substr $form, 6],
        'the head in two' => [substr(head($key, $length), 0, 30), substr(head($key, $length), 30) . $end, $form],
        'the last byte late' => [head($key, $length) . $end . substr($form, 0, -1), substr $form, -1],
        'chunks, byte by byte' => [head($key, 'Transfer-Encoding: chunked') . $end, split //, chunked($form, 4)],
        'chunks, the end late' => [head($key, 'Transfer-Encoding: chunked') . $end . substr(chunked($form), 0, -5), "0\r\n\r\n"],
    );
    for my $how (sort keys %pieces) {
        my $before = Upstream::requests();
        my $answer = answer_of(client(@{$pieces{$how}}));
        $answer->{seen} = Upstream::requests() - $before;
        verdict_is($answer, $expected, "$how: $form");
        is(body_of($answer), $form, "$how: unchanged") if $expected eq '200';
    }
}



=== TEST 7: Expect: 100-continue
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
our $refused;
my $key = limited(type => ['TXT']);
for my $case (['type=TXT', 200], ['type=B', $refused]) {
    my ($form, $expected) = @$case;
    my $before = Upstream::requests();
    my $socket = client(head($key, 'Content-Length: ' . length $form, 'Expect: 100-continue') . "\r\n");
    is(answer_of($socket)->{status}, 100, "$form: go on");
    my $answer = answer_of(say_to($socket, $form));
    $answer->{seen} = Upstream::requests() - $before;
    verdict_is($answer, $expected, $form);
    is(body_of($answer), $form, 'unchanged') if $expected eq '200';
}



=== TEST 8: a stranger's body is not waited for
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
my $good = limited(type => ['TXT']);
my %strangers = (
    'no such key' => [key('nobody'), 'unknown_key'],
    'malformed' => ['sk_nonsense', 'malformed_key'],
    'another secret' => [key_text('sk', (split /_/, $good)[1], 'x' x 32), 'unknown_key'],
    'disabled' => [put_key('disabled', fields => {enabled => 0}, scopes => ['dns:write']), 'key_disabled'],
    'expired' => [put_key('expired', fields => {expires_at => 1}, scopes => ['dns:write']), 'key_expired'],
    'address' => [put_key('address', fields => {ips => '::1'}, scopes => ['dns:write']), 'ip_refused'],
    'method' => [put_key('method', fields => {methods => 'GET'}, scopes => ['dns:write']), 'method_refused'],
    'no grant' => [granted('dns:read'), 'insufficient_scope'],
    'another scope' => [granted(constrained(scope => 'dns:read', params => {type => ['TXT']})), 'insufficient_scope'],
    'a refusal' => [granted('!dns:write', constrained(scope => 'dns:write', params => {type => ['TXT']})), 'insufficient_scope'],
    'a condition fails' => [granted(constrained(scope => 'dns:write', methods => ['GET'], params => {type => ['TXT']})),
                            'insufficient_scope'],
    'another param is not declared' => [limited(type => ['TXT'], zzz => ['1']), 'param_refused'],
);
for my $who (sort keys %strangers) {
    my ($key, $reason) = @{$strangers{$who}};
    for my $line ('Content-Length: 8', 'Content-Length: 8000', "Content-Length: 8\r\nExpect: 100-continue", 'Transfer-Encoding: chunked') {
        my $before = Upstream::requests();
        my $answer = quickly(sub { answer_of(client(head($key, $line) . "\r\n")) }, "$who, $line" =~ s/\r\n/, /r);
        $answer->{seen} = Upstream::requests() - $before;
        verdict_is($answer, "403 $reason", $who);
    }
}



=== TEST 9: an upstream that answers before the body came, with keys that need no body
--- config
location /static {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type json:/type;
    scoped_key_param name arg:name;
    scoped_key_param kind graphql:field;
    error_page 404 405 =200 @done;
    root html;
}
location @done { return 200 "done"; }
--- story
my $plain = granted('dns:write', constrained(scope => 'dns:write', params => {type => ['TXT']}));
my $by_name = granted(constrained(scope => 'dns:write', params => {name => ['a']}),
                      constrained(scope => 'dns:write', params => {type => ['TXT']}),
                      constrained(scope => 'dns:*', params => {kind => ['x']}));
my $both = limited(name => ['a'], type => ['TXT']);
my $global = granted('global');
my $try = sub {
    my ($key, $target, $expected, $what) = @_;
    for my $line ('Content-Length: 8', 'Transfer-Encoding: chunked') {
        my $head = head($key, $line) =~ s{POST /}{POST $target}r;
        my $answer = quickly(sub { answer_of(client("$head\r\n")) }, "$what, $line");
        is($answer->{status}, $expected, "$what, $line");
    }
};
$try->($plain, '/static', 200, 'a plain grant');
$try->($by_name, '/static?name=a', 200, 'the argument decides');
$try->($global, '/static', 200, 'a global key');
$try->($both, '/static?name=b', 403, 'the argument refuses');
$try->($both, '/static', 403, 'no argument');



=== TEST 10: and one that needs it waits
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_param name arg:name;
client_body_timeout 300ms;
--- story
my $by_name = granted(constrained(scope => 'dns:write', params => {name => ['a']}),
                      constrained(scope => 'dns:write', params => {type => ['TXT']}));
my $before = Upstream::requests();
my $answer = answer_of(client(head($by_name, 'Content-Length: 8') . "\r\n"));
like($answer->{status}, qr/\A(?:0|408)\z/, 'it never came');
is(Upstream::requests() - $before, 0, 'the upstream knows nothing of it');



=== TEST 11: limits
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_param name arg:name;
scoped_key_body_limit 1000;
--- story
our ($type, $refused);
my $key = limited(type => ['TXT']);
my $large = '413 body_too_large';
my $in_chunks = sub {
    return ask('POST', '/', {body => chunked($_[0], 300)}, 'X-API-Key' => $key, 'Content-Type' => $type,
               'Transfer-Encoding' => 'chunked');
};
verdict_is(form($key, form_of(999)), 200, '999 bytes');
verdict_is(form($key, form_of(1000)), 200, '1000 bytes');
verdict_is(form($key, form_of(1001)), $large, '1001 bytes');
verdict_is(form($key, form_of(1001, 'B')), $large, '1001, and it would be refused');
verdict_is($in_chunks->(form_of(1000)), 200, '1000 in chunks');
verdict_is($in_chunks->(form_of(1001)), $large, '1001 in chunks');
verdict_is(form(granted('dns:write'), form_of(5000)), 200, 'no limit where the body is not read');
verdict_is(form(granted('dns:read'), form_of(5000)), '403 insufficient_scope', 'a stranger is told nothing of it');
verdict_is(post('/?name=a', granted(constrained(scope => 'dns:write', params => {type => ['TXT']}),
    constrained(scope => 'dns:write', params => {name => ['a']})), $type, form_of(5000)), 200, 'an alternative needs none');
my $answer = quickly(sub { answer_of(client(head($key, 'Content-Length: 1001') . "\r\n")) }, 'by its length');
is($answer->{status}, 413, 'by its length');
$answer = quickly(sub { answer_of(client(head($key, 'Content-Length: 1001', 'Expect: 100-continue') . "\r\n")) }, 'Expect');
is($answer->{status}, 413, 'and not asked for');
is(problem($answer)->{reason}, 'body_too_large', 'with its reason');
is(problem($answer)->{status}, 413, 'and its status');



=== TEST 12: the default is 64k
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
my $key = limited(type => ['TXT']);
verdict_is(form($key, form_of(65536)), 200, '65536 bytes');
verdict_is(form($key, form_of(65537)), '413 body_too_large', '65537 bytes');



=== TEST 13: client_max_body_size is nginx's own limit
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
client_max_body_size 500;
--- story
our $type;
my $key = limited(type => ['TXT']);
is(form($key, form_of(501))->{status}, 413, 'with a length');
my $answer = ask('POST', '/', {body => chunked(form_of(5000), 300)}, 'X-API-Key' => $key, 'Content-Type' => $type,
                 'Transfer-Encoding' => 'chunked');
is($answer->{status}, 413, 'in chunks');
is($answer->{seen}, 0, 'stays here');
verdict_is(form($key, form_of(500)), 200, 'within');



=== TEST 14: keep-alive goes on after bodies that were allowed through and refused
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 2000;
--- story
my $key = limited(type => ['TXT']);
my $none = granted('dns:read');
my $send = sub {
    my ($who, $form) = @_;
    return head($who, 'Content-Length: ' . length $form) . "\r\n$form";
};
my $socket = client();
my @story = ([$key, 'type=TXT', 200], [$key, 'type=B', 403], [$none, 'type=TXT', 403], [$key, form_of(1900), 200],
             [$key, form_of(1900, 'B'), 403], [$none, form_of(1900), 403], [$key, 'type=TXT', 200]);
for my $i (0 .. $#story) {
    my ($who, $form, $expected) = @{$story[$i]};
    my $answer = answer_of(say_to($socket, $send->($who, $form)));
    is($answer->{status}, $expected, "request $i");
    is(body_of($answer), $form, "request $i: unchanged") if $expected == 200;
}
close $socket;
my @answers = exchange(join '', map({ $send->(@$_[0, 1]) } @story), head($key, 'Content-Length: 8', 'Connection: close') . "\r\ntype=TXT");
is(join(' ', map { $_->{status} } @answers), join(' ', map({ $_->[2] } @story), 200), 'all in one go');



=== TEST 15: a body is not the next request
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
our $type;
my $key = limited(type => ['TXT']);
my $inner = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " . granted('dns:write') . "\r\n\r\n";
for my $who ($key, granted('dns:read'), key('nobody')) {
    my $before = () = grep { /smuggled HTTP/ && /\AGET/ } Upstream::requests();
    my @answers = exchange(head($who, 'Content-Length: ' . length $inner) . "\r\n$inner"
                           . head($who, 'Content-Length: 6', 'Connection: close') . "\r\ntype=B");
    is(join(' ', map { $_->{status} } @answers), '403 403', 'two answers');
    my $after = () = grep { /smuggled HTTP/ && /\AGET/ } Upstream::requests();
    is($after, $before, 'and no third request');
}
for my $lines (["Content-Length: 6", 'Transfer-Encoding: chunked'], ['Transfer-Encoding: chunked, chunked'], ['Content-Length: 6', 'Content-Length: 7'],
    ['Transfer-Encoding: identity'], ['Content-Length: -1'], ['Content-Length: 6, 6'], ['Transfer-Encoding: xchunked'])
{
    my $before = Upstream::requests();
    my ($answer) = exchange(head($key, @$lines, 'Connection: close') . "\r\n0\r\n\r\n$inner");
    cmp_ok($answer->{status}, '>=', 400, "@$lines");
    is(Upstream::requests() - $before, 0, 'stays here');
}



=== TEST 16: bodies that break off
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
our $type;
my $key = limited(type => ['TXT']);
my $before = Upstream::requests();
for my $bytes ('', 'type', 'type=TXT&x') {
    close client(head($key, 'Content-Length: 100') . "\r\n$bytes");
    close client(head($key, 'Content-Length: 100') . "\r\n", $bytes);
    close client(head($key, 'Transfer-Encoding: chunked') . "\r\n10\r\n$bytes");
}
for my $chunks ("zz\r\ntype=TXT\r\n0\r\n\r\n", "8\r\ntype=TXT0\r\n\r\n", "-8\r\ntype=TXT\r\n0\r\n\r\n", "fffffffffffffffff\r\ntype=TXT\r\n0\r\n\r\n") {
    my ($answer) = exchange(head($key, 'Transfer-Encoding: chunked', 'Connection: close') . "\r\n$chunks");
    is($answer->{status}, 400, 'chunks that are none');
}
for (1 .. 20) {
    my $socket = client(head($key, 'Content-Length: 100') . "\r\ntype=TXT");
    shutdown $socket, 1;
    close $socket;
}
verdict_is(form($key, 'type=TXT'), 200, 'and nginx goes on');
is(Upstream::requests() - $before, 1, 'the upstream saw the last one alone');



=== TEST 17: a client goes away while its key is looked up and its body is in progress
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
my $key = limited(type => ['TXT']);
my $before = Upstream::requests();
for my $i (1 .. 30) {
    redis('PUBLISH', 'scoped_key:invalidate', (split /_/, $key)[1]);
    close client(head($key, 'Content-Length: 10') . "\r\n" . substr('type=TXT&x=1', 0, $i % 10));
}
verdict_is(form($key, 'type=TXT'), 200, 'and nginx goes on');



=== TEST 18: a redirect inside of nginx decides again, with the body that was read
--- config
location = /accel {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /named {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    error_page 404 = @second;
    root html;
}
location = /unread {
    error_page 404 = @second;
    root html;
}
location @second {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param x form:x;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /refused {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    error_page 403 = /second;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /second {
    proxy_set_header X-Answer-Line "";
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param x form:x;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($type, $refused);
my $only = granted(constrained(scope => 'dns:write', params => {type => ['TXT']}),
                   constrained(scope => 'dns:write', params => {x => ['1']}));
for my $body ('type=TXT&x=1', 'type=TXT&x=2', 'type=TXT') {
    my $expected = $body =~ /x=1/ ? 200 : 403;
    my %with = (body => $body);
    my $answer = ask('POST', '/accel', \%with, 'X-API-Key' => $only, 'Content-Type' => $type, 'X-Answer-Line' => 'X-Accel-Redirect /second');
    is($answer->{status}, $expected, "X-Accel-Redirect: $body");
    $answer = ask('POST', '/named', \%with, 'X-API-Key' => $only, 'Content-Type' => $type);
    is($answer->{status}, $expected, "named: $body");
    is(body_of($answer), $body, 'unchanged') if $expected == 200;
    $answer = ask('POST', '/unread', \%with, 'X-API-Key' => $only, 'Content-Type' => $type);
    is($answer->{status}, $expected, "not read before: $body");
    is(body_of($answer), $body, 'unchanged') if $expected == 200;
}
for my $case (['type=B&x=1', 200], ['type=B&x=2', 403]) {
    my ($body, $expected) = @$case;
    my $answer = ask('POST', '/refused', {body => $body}, 'X-API-Key' => $only, 'Content-Type' => $type);
    is($answer->{status}, $expected, "after a refusal: $body");
    is(body_of($answer), $body, 'unchanged') if $expected == 200;
    is($answer->{seen}, $expected == 200 ? 1 : 0, 'once, or never');
}



=== TEST 19: a mirror gets the same bytes, and its own location is not asked again
--- config
location / {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    mirror /mirror;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /mirror {
    internal;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/mirrored;
}
--- story
our $refused;
my $key = limited(type => ['TXT']);
for my $size (100, 40000) {
    my $form = form_of($size);
    my $before = () = grep { m{\APOST /mirrored} } Upstream::requests();
    ok(body_of(form($key, $form)) eq $form, "$size bytes, unchanged");
    ok(eventually(10, sub { (() = grep { m{\APOST /mirrored} } Upstream::requests()) > $before }), 'mirrored');
    my ($mirrored) = reverse grep { m{\APOST /mirrored} } Upstream::requests();
    is(substr($mirrored, index($mirrored, "\r\n\r\n") + 4), $form, 'mirrored, unchanged');
}
verdict_is(form($key, 'type=B'), $refused, 'refused');



=== TEST 20: auth_request beside it
--- config
location / {
    auth_request /auth;
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /auth {
    internal;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:/auth;
}
--- story
my $key = limited(type => ['TXT']);
for my $size (100, 40000) {
    my $answer = form($key, form_of($size));
    is($answer->{status}, 200, "$size bytes");
    ok(body_of($answer) eq form_of($size), 'unchanged');
}
is(form($key, 'type=B')->{status}, 403, 'refused');



=== TEST 21: satisfy any, when the body decides
--- config
location / {
    satisfy any;
    deny all;
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /open {
    satisfy any;
    allow all;
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($type, $refused);
my $key = limited(type => ['TXT']);
verdict_is(form($key, form_of(30000)), 200, 'allowed through');
is(form($key, 'type=B')->{status}, 403, 'refused');
my $answer = post('/open', $key, $type, 'type=B');
is($answer->{status}, 200, 'by the address');
is(body_of($answer), 'type=B', 'unchanged');



=== TEST 22: many at once, each with its own
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
my $key = limited(type => ['TXT', 'A']);
my @clients;
for my $i (1 .. 20) {
    my $form = 'type=' . ($i % 3 ? 'TXT' : 'B') . "&n=$i";
    push @clients, [client(head($key, 'Content-Length: ' . length($form), 'Connection: close') . "\r\n" . substr $form, 0, 3), $form];
}
say_to($_->[0], substr $_->[1], 3) for reverse @clients;
for my $client (@clients) {
    my $answer = answer_of($client->[0]);
    is($answer->{status}, $client->[1] =~ /TXT/ ? 200 : 403, $client->[1]);
    is(body_of($answer), $client->[1], 'unchanged') if $answer->{status} == 200;
}



=== TEST 23: a body that does not say its length is not read beyond the limit
--- config
location / {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    scoped_key_body_limit 2000;
    client_max_body_size 0;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location = /page {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    scoped_key_body_limit 2000;
    client_max_body_size 0;
    client_body_buffer_size 512;
    error_page 413 = @page;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location @page { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location = /any {
    satisfy any;
    deny all;
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    scoped_key_body_limit 2000;
    client_max_body_size 0;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- log_may_say
a client request body is buffered to a temporary file
--- story
our $type;
my $key = limited(type => ['TXT']);
my $start = sub {
    my ($target, $piece) = @_;
    my $head = head($key, 'Transfer-Encoding: chunked') =~ s{/ HTTP}{$target HTTP}r;
    return client("$head\r\n" . sprintf("%x\r\n", 1 << 30) . $piece);
};
for my $target ('/', '/any') {
    for my $pieces ([form_of(3000)], [form_of(1500), 'x' x 501], ['type=TXT&x=', ('x' x 300) x 8]) {
        my ($first, @more) = @$pieces;
        my $before = Upstream::requests();
        my $socket = say_to($start->($target, $first), @more);
        my $answer = quickly(sub { answer_of($socket) }, "$target, " . @$pieces . ' pieces');
        is($answer->{status}, 413, "$target: though a gigabyte is to come");
        is(problem($answer)->{reason}, 'body_too_large', 'with its reason');
        like($answer->{head}, qr/^Connection: close\r$/m, 'and no more requests here');
        is(Upstream::requests(), $before, 'the upstream knows nothing of it');
        close $socket;
    }
}
like(error_log_has('scoped key refused: reason=body_too_large id=' . (split /_/, $key)[1]), qr/./, 'one log line');
my $flood = sub {
    my ($head) = @_;
    my $sent = 0;
    my $socket = client($head);
    local $SIG{PIPE} = 'IGNORE';
    $socket->blocking(0);
    my $until = Time::HiRes::time() + 1;
    while ($sent < 200_000_000 && Time::HiRes::time() < $until) {
        my $n = syswrite $socket, sprintf("%x\r\n", 65536) . 'x' x 65536 . "\r\n";
        defined $n or $!{EAGAIN} or last;
        $sent += $n // 0;
    }
    $socket->blocking(1);
    return answer_of($socket);
};
is($flood->(head($key, 'Transfer-Encoding: chunked') . "\r\n")->{status}, 413, 'a flood');
for my $bytes (2000, 2001) {
    my $answer = ask('POST', '/', {body => chunked(form_of($bytes), 700)}, 'X-API-Key' => $key, 'Content-Type' => $type, 'Transfer-Encoding' => 'chunked');
    verdict_is($answer, $bytes == 2000 ? 200 : '413 body_too_large', "$bytes bytes");
}
for my $pieces ([form_of(3000)], [form_of(1500), 'x' x 5000]) {
    my ($first, @more) = @$pieces;
    my $before = Upstream::requests();
    my $socket = say_to($start->('/page', $first), @more);
    my $answer = answer_of($socket);
    is($answer->{status}, 200, 'error_page passes it on');
    is(body_of($answer), '', 'but nothing of the body');
    like($answer->{body}, qr/^Content-Length: 0\r$/mi, 'and says so') if $answer->{body} =~ /^content-length/mi;
    is(Upstream::requests() - $before, 1, 'as one request');
    close $socket;
}
verdict_is(form($key, 'type=TXT'), 200, 'and nginx goes on');



=== TEST 24: by HTTP/2, too
--- by_http2
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 2000;
client_max_body_size 0;
client_body_buffer_size 512;
--- log_may_say
a client request body is buffered to a temporary file
--- story
our $type;
my $key = limited(type => ['TXT']);
my $dir = $ENV{TMPDIR};
for my $bytes (2000, 2001, 65000, 20_000_000) {
    my $file = "$dir/over-$$";
    open my $out, '>', $file or die "$file: $!\n";
    binmode $out;
    print {$out} form_of($bytes);
    close $out;
    my $expected = $bytes == 2000 ? 200 : '413 body_too_large';
    my @lines = ('-H', "X-API-Key: $key", '-H', "Content-Type: $type", '-H', 'Expect:');
    # a curl that is still sending may drop the answer's body, or all of it, and
    # asks again then
    is(http2(@lines, '-X', 'POST', '-H', 'Content-Length:', '--data-binary', "\@$file", '/')->{status}, substr($expected, 0, 3), "$bytes bytes of no length");
    verdict_is(http2(@lines, '--data-binary', "\@$file", '/'), $expected, "$bytes bytes");
    unlink $file;
}
verdict_is(form($key, 'type=TXT'), 200, 'and nginx goes on');



=== TEST 25: a dry run reads on, and lets through
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 2000;
scoped_key_dry_run on;
--- story
our $type;
my $key = limited(type => ['TXT']);
for my $form (form_of(5000), form_of(60000)) {
    my $answer = ask('POST', '/', {body => chunked($form, 700)}, 'X-API-Key' => $key, 'Content-Type' => $type, 'Transfer-Encoding' => 'chunked');
    is($answer->{status}, 200, length($form) . ' bytes');
    ok(body_of($answer) eq $form, 'unchanged');
}
like(error_log_has('reason=body_too_large'), qr/./, 'and says what it would have said');



=== TEST 26: PUT makes a file of the body that was judged
--- config
location /files/ {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    root html;
    dav_methods PUT;
    client_body_temp_path html/waiting;
}
--- init
my $dir = dir('html') . '/files';
mkdir $dir or die "$dir: $!\n";
chmod 0777, $dir;
--- story
our ($type, $refused);
my $key = limited(type => ['TXT']);
my $reader = granted('dns:write');
my $put = sub {
    my ($to, $form, @in_chunks) = @_;
    return ask('PUT', "/files/$to", {body => @in_chunks ? chunked($form, 700) : $form}, 'X-API-Key' => $key,
               'Content-Type' => $type, @in_chunks);
};
my $is_kept = sub {
    my ($name, $form, $what) = @_;
    ok(ask('GET', "/files/$name", 'X-API-Key' => $reader)->{body} eq $form, $what);
};
for my $size (20, 3000, 60000) {
    my $form = form_of($size);
    is($put->("length$size", $form)->{status}, 201, "$size bytes");
    $is_kept->("length$size", $form, "$size bytes: kept");
    is($put->("chunks$size", $form, 'Transfer-Encoding' => 'chunked')->{status}, 201, "$size bytes in chunks");
    $is_kept->("chunks$size", $form, "$size bytes in chunks: kept");
    verdict_is($put->("length$size", form_of($size, 'B')), $refused, "$size bytes, refused");
    $is_kept->("length$size", $form, "$size bytes, refused: still the old file");
}
is($put->('length20', 'type=TXT')->{status}, 204, 'in its place');
$is_kept->('length20', 'type=TXT', 'kept');
ok(eventually(10, sub { my @left = glob dir('html') . '/waiting/*'; return !@left }),
   'nothing is left behind');



=== TEST 27: a key is not good any longer because its body is slow
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
add_header X-Grant "$scoped_key_grant" always;
--- story
linked();
my $id_of = sub { (split /_/, $_[0])[1] };
my $limited = constrained(scope => 'dns:write', params => {type => ['TXT']});
my %changes = (
    'disabled' => ['403 key_disabled', sub { redis('HSET', redis_key($_[0]), 'enabled', 0) }],
    'deleted' => ['403 unknown_key', sub { redis('DEL', redis_key($_[0])) }],
    'narrowed' => ['403 insufficient_scope', sub { redis('DEL', redis_key($_[0]) . ':scopes') }],
    'narrowed to another value' => ['403 param_refused', sub {
        redis_all(['MULTI'], ['DEL', redis_key($_[0]) . ':scopes'],
                  ['SADD', redis_key($_[0]) . ':scopes', $limited =~ s/TXT/A/r], ['EXEC']) }],
    'broken' => ['403 record_invalid', sub { redis('HSET', redis_key($_[0]), 'ips', 'x') }],
    'renamed' => [200, sub { redis('HSET', redis_key($_[0]), 'name', 'x') }],
);
for my $change (sort keys %changes) {
    my ($expected, $make) = @{$changes{$change}};
    for my $line ('Content-Length: 8', 'Transfer-Encoding: chunked') {
        my $key = granted($limited);
        my $form = $line =~ /chunked/ ? chunked('type=TXT', 4) : 'type=TXT';
        my $first = substr $form, 0, 5;

        # its head has been read when it is told to go on
        my $socket = client(head($key, $line, 'Expect: 100-continue', 'Connection: close') . "\r\n");
        is(answer_of($socket)->{status}, 100, "$change, $line: go on");
        say_to($socket, $first);
        verdict_is(form($key, 'type=TXT'), 200, "$change, $line: good so far");

        $make->($id_of->($key));
        ok(eventually(5, sub { verdict(form($key, 'type=TXT')) eq $expected }), "$change, $line: known to be");

        my $before = Upstream::requests();
        my $answer = answer_of(say_to($socket, substr $form, length $first));
        $answer->{seen} = Upstream::requests() - $before;
        verdict_is($answer, $expected, "$change, $line: the slow one");
        my $grant = field($answer, 'X-Grant') // '';
        $expected eq '200' ? is($grant, $limited, 'the grant') : isnt($grant, $limited, 'not a grant of the older record');
        is(body_of($answer), 'type=TXT', 'unchanged') if $expected eq '200';
    }
}



=== TEST 28: nor when nobody can tell whether it still is
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- log_may_say
refuses lookups
--- story
linked();
my $key = limited(type => ['TXT']);
my $socket = client(head($key, 'Content-Length: 8', 'Expect: 100-continue', 'Connection: close') . "\r\n");
is(answer_of($socket)->{status}, 100, 'go on');
redis('ACL', 'SETUSER', 'default', '-hgetall');
redis('PUBLISH', 'scoped_key:invalidate', (split /_/, $key)[1]);
ok(eventually(5, sub { verdict(form($key, 'type=TXT')) eq '503 store_unavailable' }), 'nobody can tell');
my $before = Upstream::requests();
my $answer = answer_of(say_to($socket, 'type=TXT'));
$answer->{seen} = Upstream::requests() - $before;
verdict_is($answer, '503 store_unavailable', 'the slow one');
redis('ACL', 'SETUSER', 'default', '+hgetall');
verdict_is(form($key, 'type=TXT'), 200, 'and when it can be told');



=== TEST 29: a body that cannot be read is not asked for
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
my $key = limited(type => ['TXT']);
my %unfit = (
    'of another type' => ['Content-Type: text/plain'],
    'of no type' => [],
    'compressed' => ["Content-Type: $main::type", 'Content-Encoding: gzip'],
);
for my $what (sort keys %unfit) {
    for my $more ([], ['Expect: 100-continue']) {
        my $head = join "\r\n", 'POST / HTTP/1.1', 'Host: localhost', "X-API-Key: $key",
            'Connection: close', 'Content-Length: 8', @{$unfit{$what}}, @$more, '', '';
        my $before = Upstream::requests();
        my $answer = quickly(sub { answer_of(client($head)) }, "$what, @$more");
        $answer->{seen} = Upstream::requests() - $before;
        verdict_is($answer, '403 body_unreadable', "$what, @$more: before it comes");
    }
}

# one in chunks may be empty
my $chunks = join "\r\n", 'POST / HTTP/1.1', 'Host: localhost', "X-API-Key: $key",
    'Connection: close', 'Transfer-Encoding: chunked', 'Content-Type: text/plain', '', '';
verdict_is(answer_of(client($chunks . "0\r\n\r\n")), '403 param_refused', 'no chunks');



=== TEST 30: a request that waits for its body holds little, however many grants ask for it
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type json:/type;
scoped_key_param name arg:name json:/name;
--- story
my $key = granted(map { constrained(scope => 'dns:write', params => {type => ["t$_"], name => ["n$_"]}) } 1 .. 800);
my $query = join '&', map { "type=t800&name=n800&x$_=1" } 1 .. 300;
my $head = "POST /?$query HTTP/1.1\r\nHost: localhost\r\nX-API-Key: $key\r\nContent-Type: application/json\r\n"
    . "Content-Length: 29\r\n\r\n";
my ($worker) = workers();
my $held = sub {
    open my $status, '<', "/proc/$worker/status" or die "no worker: $!\n";
    return (map { /^VmData:\s+(\d+)/ ? $1 : () } <$status>)[0];
};
cmp_ok(length $head, '>', 7000, 'a long query string');
verdict_is(answer_of(client("$head" . '{"type":"t800","name":"n800"}')), 200, 'before');
my $before = $held->();
my @clients = map { client($head . '{') } 1 .. 40;
ok(eventually(10, sub { $held->() > $before }), 'they wait');
verdict_is(get('/?type=t1&name=n1', 'X-API-Key' => $key), 200, 'somebody else does not');
my $grown = $held->() - $before;
# the sanitizer keeps what was freed, and surrounds what was not
my $most = $ENV{TEST_NGINX} =~ /sanitizer/ ? 120 : 40;
cmp_ok($grown, '<', 40 * $most, "40 of them hold $grown KB");
say_to($_, '"type":"t800","name":"n800"}') for @clients;
verdict_is(answer_of($_), 200, 'then decided') for @clients;
