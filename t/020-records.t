# What the fields of a record mean: enabled, mode, times, the previous digest,
# addresses, hosts, methods; and that a record which cannot be read opens
# nothing, whoever asks.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $count = 0;

# the key of a record with these fields, besides digest, enabled and created_at
sub key_with {
    my (%fields) = @_;

    return put_key('record ' . $count++, fields => \%fields,
                   scopes => ['dns:read']);
}

# fields_say(VERDICT, FIELD => VALUE...): of a record with the one field, each
sub fields_say {
    my ($expected, @fields) = @_;

    while (my ($field, $value) = splice @fields, 0, 2) {
        my $shown = defined $value ? length $value > 60
                        ? length($value) . ' bytes'
                        : '"' . ($value =~ s/[^ -~]/?/gr) . '"' : 'missing';
        verdict_is(get('/', 'X-API-Key' => key_with($field => $value)),
                   $expected, "$field $shown: $expected");
    }
}

# another text with the same id, and the right form
sub wrong_secret {
    my ($key) = @_;

    return key_text((split /_/, $key)[0, 1], 'W' x 32);
}

run_tests();

__DATA__

=== TEST 1: enabled is 1 or 0
--- guard
scoped_key_require dns:read;
--- story
fields_say(200, enabled => '1');
fields_say('403 key_disabled', enabled => '0');
fields_say('403 record_invalid', map { (enabled => $_) }
    undef, '', ' ', 'true', 'false', 'yes', 'on', '01', '00', '10', '1 ', ' 1', '2',
    '-1', '+1', "1\n", "1\0", '1.0');



=== TEST 2: mode is scoped or global
--- guard
scoped_key_require dns:read;
--- story
fields_say(200, mode => undef, mode => '', mode => 'scoped', mode => 'global');
fields_say('403 record_invalid', map { (mode => $_) }
    'Global', 'GLOBAL', 'Scoped', ' global', 'global ', 'globals', 'all', '*', '1',
    'scoped,global', "global\n");



=== TEST 3: global is never inferred from an empty scope list
--- guard
scoped_key_require dns:read;
--- story
cases('/',
    'no scopes'         => ['403 insufficient_scope',
                            'X-API-Key' => put_key('no scopes')],
    'scoped, no scopes' => ['403 insufficient_scope', 'X-API-Key' =>
                            put_key('scoped', fields => {mode => 'scoped'})],
    'global'            => [200, 'X-API-Key' =>
                            put_key('global', fields => {mode => 'global'})]);



=== TEST 4: times
--- guard
scoped_key_require dns:read;
--- story
my $now = time;
my $century = 36_525 * 86_400;
fields_say(200,
    not_before => $now - 10, not_before => 0, not_before => '', not_before => undef,
    expires_at => $now + 100, expires_at => '', expires_at => undef,
    expires_at => $now + $century - 60, created_at => '', created_at => undef,
    created_at => $now + 100, created_at => '0', not_before => '0000000001');
fields_say('403 key_not_yet_valid',
    not_before => $now + 100, not_before => $now + $century - 60);
fields_say('403 key_expired',
    expires_at => $now - 1, expires_at => $now, expires_at => '0', expires_at => 1);



=== TEST 5: times that cannot be read
--- guard
scoped_key_require dns:read;
--- story
for my $field (qw(created_at not_before expires_at previous_until)) {
    fields_say('403 record_invalid', map { ($field => $_) }
        'never', '-1', '+1', ' 1', '1 ', '1.5', '1e9', '0x10', '2030-01-01', "1\n",
        '99999999999999999999', '9' x 100, '1,000',
        int(time) + 36_525 * 86_400 + 60, time . '000', '9999999999');
}



=== TEST 6: several things wrong at once
--- guard
scoped_key_require dns:read;
--- story
my $now = time;
my $says = sub {
    my ($expected, %fields) = @_;
    verdict_is(get('/', 'X-API-Key' => key_with(%fields)), $expected,
               join(', ', sort keys %fields) . ": $expected");
};

$says->('403 key_disabled', enabled => 0, expires_at => $now - 5);
$says->('403 key_disabled', enabled => 0, not_before => $now + 50);
$says->('403 key_disabled', enabled => 0, ips => '10.0.0.1');
$says->('403 record_invalid', enabled => 0, mode => 'x');
$says->('403 record_invalid', expires_at => $now - 5, mode => 'x');
$says->('403 key_expired', expires_at => $now - 5, ips => '10.0.0.1');
$says->('403 key_not_yet_valid', not_before => $now + 50, methods => 'POST');



=== TEST 7: only the holder of the secret learns more than unknown_key
--- guard
scoped_key_require dns:read;
--- story
my $now = time;
my %of = (
    disabled        => [{enabled => 0}, '403 key_disabled'],
    expired         => [{expires_at => $now - 5}, '403 key_expired'],
    'not yet valid' => [{not_before => $now + 50}, '403 key_not_yet_valid'],
    invalid         => [{mode => 'x'}, '403 record_invalid'],
    'without enabled' => [{enabled => undef}, '403 record_invalid'],
    'other address' => [{ips => '10.0.0.1'}, '403 ip_refused'],
    'other host'    => [{hosts => 'a.example'}, '403 host_refused'],
    'other method'  => [{methods => 'POST'}, '403 method_refused'],
    good            => [{}, '200'],
);

for my $name (sort keys %of) {
    my ($fields, $expected) = @{$of{$name}};
    my $key = key_with(%$fields);

    verdict_is(get('/', 'X-API-Key' => wrong_secret($key)), '403 unknown_key',
               "$name, wrong secret first");
    verdict_is(get('/', 'X-API-Key' => $key), $expected, "$name, the holder");
    verdict_is(get('/', 'X-API-Key' => wrong_secret($key)), '403 unknown_key',
               "$name, wrong secret again");
    verdict_is(get('/', 'X-API-Key' => $key), $expected, "$name, the holder again");
}



=== TEST 8: another prefix is another text
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with();
my ($prefix, $id, $rest) = split /_/, $key;
my $other = key_text('other', $id, substr($rest, 0, 32));
verdict_is(get('/', 'X-API-Key' => $key), 200, 'the key');
verdict_is(get('/', 'X-API-Key' => $other), '403 unknown_key', 'other prefix');



=== TEST 9: the digest
--- guard
scoped_key_require dns:read;
--- story
my $text = key('digest test');
my $good = digest($text);
my $is = sub {
    my ($expected, $digest, $name) = @_;
    put_key('digest test', fields => {digest => $digest}, scopes => ['dns:read']);
    verdict_is(get('/', 'X-API-Key' => $text), $expected, $name);
};

$is->(200, $good, 'right');
$is->('403 unknown_key', 'f' x 64, 'wrong');
$is->('403 unknown_key', '0' x 64, 'zeros');
$is->('403 unknown_key', substr($good, 0, 63) . ($good =~ /0\z/ ? '1' : '0'),
      'wrong at the end');
$is->('403 record_invalid', undef, 'missing');
$is->('403 record_invalid', '', 'empty');

for my $bad (uc $good, substr($good, 0, 63), $good . '0', "$good\n", 'x' x 64,
             $text, '*')
{
    put_key('digest test', fields => {digest => $bad}, scopes => ['dns:read']);
    my $answer = get('/', 'X-API-Key' => $text);
    next if $bad eq uc $good && $answer->{status} == 200 && $bad eq $good;
    like(verdict($answer), qr/^403 (?:record_invalid|unknown_key)$/,
         'unreadable: ' . length $bad);
}



=== TEST 10: a record without a digest is invalid for anyone
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with(digest => undef);
verdict_is(get('/', 'X-API-Key' => $key), '403 record_invalid', 'the holder');
verdict_is(get('/', 'X-API-Key' => wrong_secret($key)), '403 record_invalid',
           'others');



=== TEST 11: the text before the last rotation
--- guard
scoped_key_require dns:read;
--- story
my $now = time;
my $old = key_text('sk', key_id('rotated'), 'Old' . '0' x 29);
my $new = key('rotated');
my $says = sub {
    my ($expected, $name, %fields) = @_;
    put_key('rotated', scopes => ['dns:read'],
            fields => {previous_digest => digest($old), %fields});
    verdict_is(get('/', 'X-API-Key' => $old), $expected, "$name, the old secret");
    return $name;
};
my $good = sub {
    verdict_is(get('/', 'X-API-Key' => $new), 200, "$_[0], the new secret");
};

$good->($says->(200, 'in time', previous_until => $now + 100));
$good->($says->('403 unknown_key', 'over', previous_until => $now - 1));
$good->($says->('403 unknown_key', 'over now', previous_until => $now));
$good->($says->('403 unknown_key', 'no time'));
$good->($says->('403 unknown_key', 'empty time', previous_until => ''));
$good->($says->('403 unknown_key', 'an empty previous digest',
                previous_digest => '', previous_until => $now + 100));
$says->('403 key_disabled', 'disabled', previous_until => $now + 100, enabled => 0);
$says->('403 unknown_key', 'disabled and over', previous_until => $now - 1,
        enabled => 0);



=== TEST 12: an unreadable previous digest
--- guard
scoped_key_require dns:read;
--- story
fields_say('403 record_invalid', map { (previous_digest => $_) }
    'x', '0' x 63, '0' x 65, 'G' x 64, ' ' . '0' x 63);



=== TEST 13: unknown fields are ignored
--- guard
scoped_key_require dns:read;
--- story
fields_say(200, note => 'x', Enabled => 0, EXPIRES_AT => 1, ' ips' => '10.0.0.1',
    'meta.' => 'x', 'meta.a.b' => 'x', scopes => '*:*', '' => 'x', "a\0b" => "\0",
    name => "\xff\xc3\xa4\t", owner => 'x' x 1000, 'meta.x' => '"\\');



=== TEST 14: an invalid record says in the log what is wrong, once per fetch
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with(not_before => 'soon');
my $id = (split /_/, $key)[1];
linked();
verdict_is(get('/', 'X-API-Key' => $key), '403 record_invalid', 'first')
    for 1 .. 3;
my @lines = grep { /not_before/ } error_log_has(qr/\Q$id\E/);
is(scalar @lines, 1, 'one line');
like($lines[0] // '', qr/\[(?:warn|error)\]/, 'of a level that is seen');



=== TEST 15: and not to whoever knows the id, which is public
--- guard
scoped_key_require dns:read;
--- story
my $key = put_key('known by its id', fields => {not_before => 'soon'},
                  scopes => ['dns:re*d', map { "!dns:$_" } 1 .. 20]);
my $id = (split /_/, $key)[1];
linked();
verdict_is(get('/', 'X-API-Key' => key_text('sk', $id, $_ x 32)),
           '403 unknown_key', "a stranger, $_") for 'A' .. 'C';
is(scalar(grep { /unreadable/ } error_log_has(qr/\Q$id\E/)), 0, 'not a line');
verdict_is(get('/', 'X-API-Key' => $key), '403 record_invalid', 'the holder');
is(scalar(grep { /unreadable/ } error_log_has(qr/\Q$id\E/)), 2, 'two lines');



=== TEST 16: addresses
--- guard
scoped_key_require dns:read;
--- story
fields_say(200, map { (ips => $_) }
    '127.0.0.1', '127.0.0.0/8', '0.0.0.0/0', '10.0.0.1,127.0.0.1',
    '127.0.0.1,10.0.0.1', '127.0.0.1/32', '', '!10.0.0.1', '!10.0.0.0/8,!::1',
    '!10.0.0.1,127.0.0.1', '::ffff:127.0.0.1', '127.0.0.1, 10.0.0.1');
fields_say('403 ip_refused', map { (ips => $_) }
    '10.0.0.1', '127.0.0.2', '127.0.0.2/31', '!127.0.0.1', '!127.0.0.0/8',
    '!0.0.0.0/0', '127.0.0.1,!127.0.0.1', '!127.0.0.1,127.0.0.1',
    '127.0.0.0/8,!127.0.0.1', '!10.0.0.1,10.0.0.0/8', '::1', '::/0', '2001:db8::/32');
fields_say('403 record_invalid', map { (ips => $_) }
    'localhost', '127.0.0.1/33', '127.0.0.1/', '/8', '127.0.0', '127.0.0.1.1',
    '256.0.0.1', '*', 'any', '127.0.0.*', '!!10.0.0.1', '!', ',', '127.0.0.1,,10.0.0.1',
    '127.0.0.1;10.0.0.1', '127.0.0.1/-1', '::1/129', ':::1', '127.0.0.1:80',
    '0177.0.0.1', '0x7f.0.0.1', '127.1', '127.0.0.1/255.0.0.0', '127.0.0.1 10.0.0.1');



=== TEST 17: addresses that realip believes, IPv4 and IPv6
--- http_config
set_real_ip_from 127.0.0.1;
real_ip_header X-Forwarded-For;
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with(ips => '192.0.2.0/24,!192.0.2.7,2001:db8::/32,!2001:db8:bad::/48');
my %from = (
    '192.0.2.1'          => 200,
    '192.0.2.255'        => 200,
    '192.0.2.7'          => '403 ip_refused',
    '192.0.3.1'          => '403 ip_refused',
    '2001:db8::1'        => 200,
    '2001:db8:bad::1'    => '403 ip_refused',
    '2001:db9::1'        => '403 ip_refused',
    '::ffff:192.0.2.1'   => 200,
    '::ffff:192.0.2.7'   => '403 ip_refused',
    '::ffff:10.0.0.1'    => '403 ip_refused',
    '::1'                => '403 ip_refused',
    'not an address'     => '403 ip_refused',
    '192.0.2.1, 10.0.0.1' => '403 ip_refused',
    '10.0.0.1, 192.0.2.1' => 200,
);
for my $address (sort keys %from) {
    verdict_is(get('/', 'X-API-Key' => $key, 'X-Forwarded-For' => $address),
               $from{$address}, $address);
}



=== TEST 18: X-Forwarded-For without realip is just text
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with(ips => '192.0.2.1');
cases('/',
    'X-Forwarded-For' => ['403 ip_refused', 'X-API-Key' => $key,
                          'X-Forwarded-For' => '192.0.2.1'],
    'X-Real-IP'       => ['403 ip_refused', 'X-API-Key' => $key,
                          'X-Real-IP' => '192.0.2.1'],
    'Forwarded'       => ['403 ip_refused', 'X-API-Key' => $key,
                          'Forwarded' => 'for=192.0.2.1']);



=== TEST 19: the address of the connection
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with(ips => '127.0.0.2/31,!127.0.0.3');
for my $case (['127.0.0.2', 200], ['127.0.0.3', '403 ip_refused'],
              ['127.0.0.1', '403 ip_refused'], ['127.0.0.4', '403 ip_refused'])
{
    my ($from, $expected) = @$case;
    verdict_is(ask('GET', '/', {from => $from}, 'X-API-Key' => $key), $expected,
               $from);
}



=== TEST 20: hosts
--- guard
scoped_key_require dns:read;
--- story
my %match = (
    'api.example.com'             => ['api.example.com'],
    'API.Example.COM'             => ['api.example.com'],
    'api.example.com:8080'        => ['api.example.com'],
    'api.example.com.'            => ['api.example.com'],
    'api.example.com.:80'         => ['api.example.com'],
    'a.example.com'               => ['*.example.com', '**.example.com',
                                      'b.example.com,a.example.com',
                                      'a.example.com, b.example.com',
                                      'A.EXAMPLE.com', 'a.example.com.', '**', 'a.*.com',
                                      'a.**', '*.*.*'],
    'a.b.example.com'             => ['**.example.com', '*.*.example.com',
                                      'a.**.com'],
    'localhost'                   => ['localhost', '*', ''],
);
my %differ = (
    'api.example.com'             => ['example.com', 'api.example.co', 'xapi.example.com',
                                      'api.example.com.evil.test', 'api-example.com',
                                      'apixexample.com'],
    'a.b.example.com'             => ['*.example.com', 'a.*.com', '*', 'b.example.com'],
    'example.com'                 => ['*.example.com', '**.example.com'],
    'evil-example.com'            => ['*.example.com', '**.example.com', 'example.com'],
    'api.example.com.evil.test'   => ['api.example.com', 'api.example.com*',
                                      '*.example.com'],
    'localhost'                   => ['.*', 'l.*'],
);
my $try = sub {
    my ($expected, $host, $pattern) = @_;
    verdict_is(get('/', 'Host' => $host,
                   'X-API-Key' => key_with(hosts => $pattern)),
               $expected, "$host by $pattern: $expected");
};

for my $host (sort keys %match) {
    $try->(200, $host, $_) for @{$match{$host}};
}
for my $host (sort keys %differ) {
    $try->('403 host_refused', $host, $_) for @{$differ{$host}};
}
for my $regex ('[a-z]+', '^localhost$', 'local(host)', 'localhost|x') {
    like(verdict(get('/', 'X-API-Key' => key_with(hosts => $regex))),
         qr/^403 (?:host_refused|record_invalid)$/, "$regex is no regex");
}



=== TEST 21: hosts that cannot be read
--- guard
scoped_key_require dns:read;
--- story
fields_say('403 record_invalid', map { (hosts => $_) }
    ',', 'a.example,,b.example', 'a.example,', ',a.example', 'a b', "a\tb", "a\0b");



=== TEST 22: a request that speaks of two hosts is of neither
--- guard
scoped_key_require dns:read;
proxy_set_header Host $http_host;
--- story
my $key = key_with(hosts => 'good.example');
my $raw = sub {
    my ($target, @hosts) = @_;
    my ($answer) = exchange(join "\r\n", "GET $target HTTP/1.1",
        (map { "Host: $_" } @hosts), "X-API-Key: $key", 'Connection: close', '', '');
    return $answer->{status};
};

is($raw->('/', 'good.example'), 200, 'good');
is($raw->('http://good.example/', 'good.example'), 200, 'good in both');
is($raw->('http://GOOD.example:80/', 'good.example'), 200, 'good in both, spelled');
is($raw->('http://good.example/', 'evil.example'), 403, 'good, Host evil');
is($raw->('http://evil.example/', 'good.example'), 403, 'evil, Host good');
is($raw->('http://good.example/', $_), 403, "good, Host $_")
    for 'good.example.evil.example', 'good.exampleevil', 'good.example.:80.evil', 'evilgood.example',
        'good.example:80@evil.example', 'good.example:@evil.example';
is($raw->('/', $_), 403, "Host $_") for 'good.example:80.evil', 'good.example.:x', 'good.example:80@evil.example', 'good.example:@evil.example';
is($raw->('/', $_), 200, "Host $_") for 'good.example:80', 'good.example.', 'good.example.:8080', 'GOOD.EXAMPLE:1', 'good.example:';
is($raw->('http://good.example/', $_), 200, "good, Host $_")
    for 'good.example.', 'good.example:8080', 'good.example.:80', 'GOOD.example';
is($raw->('/', 'evil.example'), 403, 'evil');
is($raw->('/', 'good.example', 'evil.example'), 400, 'two lines');
is($raw->('/', 'evil.example', 'good.example'), 400, 'two lines, good last');
is($raw->('/', 'good.example', 'good.example'), 400, 'two equal lines');
like($raw->('/', 'good.example@evil.example'), qr/^40[03]$/, 'user information');
like($raw->('/', 'evil.example/good.example'), qr/^40[03]$/, 'a slash');
like($raw->('/', 'good.example,evil.example'), qr/^40[03]$/, 'a comma');
like($raw->('/', "evil.example\tgood.example"), qr/^40[03]$/, 'a tab');
like($raw->('/', ''), qr/^40[03]$/, 'empty');
like($raw->('/', 'good.example..'), qr/^40[03]$/, 'two dots');
like($raw->('/', '*'), qr/^40[03]$/, 'an asterisk');
like($raw->('/', 'good.example:evil'), qr/^(?:200|40[03])$/, 'a port of letters');



=== TEST 23: HTTP/1.0 without a host matches no pattern
--- guard
scoped_key_require dns:read;
--- story
for my $hosts ('localhost', 'good.example', '*.example') {
    my $key = key_with(hosts => $hosts);
    my ($answer) = exchange("GET / HTTP/1.0\r\nX-API-Key: $key\r\n\r\n");
    is($answer->{status}, 403, $hosts);
}



=== TEST 24: X-Forwarded-Host is just text
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with(hosts => 'good.example');
cases('/', 'X-Forwarded-Host' => ['403 host_refused', 'X-API-Key' => $key,
                                  'X-Forwarded-Host' => 'good.example']);



=== TEST 25: methods
--- guard
scoped_key_require dns:read;
--- story
my $try = sub {
    my ($expected, $method, $methods) = @_;
    my $answer = ask($method, '/', 'X-API-Key' => key_with(methods => $methods));
    my $got = $method eq 'HEAD' ? $answer->{status} : verdict($answer);
    is($got, $expected, "$method by $methods: $expected");
};
my $refused = '403 method_refused';

$try->(200, 'GET', 'GET');
$try->(200, 'HEAD', 'GET');
$try->(200, 'HEAD', 'HEAD');
$try->($refused, 'GET', 'HEAD');
$try->(200, 'GET', '');
$try->(200, 'DELETE', '');
$try->(200, 'POST', 'GET,POST');
$try->(200, 'POST', 'GET, POST');
$try->(200, 'HEAD', 'POST,GET');
$try->(403, 'HEAD', 'POST');
$try->($refused, 'POST', 'GET');
$try->($refused, 'PUT', 'GET,POST');
$try->($refused, 'DELETE', 'GET,POST,PUT,PATCH');
$try->($refused, 'OPTIONS', 'GET');
$try->(200, 'OPTIONS', 'OPTIONS');
$try->(200, 'PROPFIND', 'PROPFIND');
$try->(200, 'PURGE', 'PURGE');
$try->($refused, 'PURGE', 'GET');
$try->($refused, 'GETX', 'GET');
$try->($refused, 'GE', 'GET');



=== TEST 26: methods that cannot be read
--- guard
scoped_key_require dns:read;
--- story
fields_say('403 record_invalid', map { (methods => $_) }
    'get', 'Get', 'GET,post', '*', 'GET;POST', 'GET POST', ',', 'GET,', ',GET',
    'GET,,POST', '!GET', 'GET/1', "GET\n");



=== TEST 27: X-HTTP-Method-Override is just text
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with(methods => 'GET');
my $answer = ask('POST', '/', 'X-API-Key' => $key,
                 'X-HTTP-Method-Override' => 'GET');
verdict_is($answer, '403 method_refused', 'override');



=== TEST 28: constraints bind global keys, too
--- guard
scoped_key_require dns:read;
--- story
my %of = (ips => '10.0.0.1', hosts => 'a.example', methods => 'POST');
my %reason = (ips => 'ip', hosts => 'host', methods => 'method');
for my $field (sort keys %of) {
    my $key = key_with(mode => 'global', $field => $of{$field});
    verdict_is(get('/', 'X-API-Key' => $key), "403 $reason{$field}_refused",
               $field);
}



=== TEST 29: the record of another Redis type
--- guard
scoped_key_require dns:read;
--- story
my %make = (
    string => ['SET', 'x'], list => ['RPUSH', 'digest'], set => ['SADD', 'digest'],
    zset => ['ZADD', 1, 'digest'], stream => ['XADD', '*', 'digest', 'x'],
);
for my $type (sort keys %make) {
    my ($command, @rest) = @{$make{$type}};
    my $key = key_with();
    my $name = redis_key((split /_/, $key)[1]);

    redis('DEL', $name);
    redis($command, $name, @rest);
    for my $round (1, 2) {
        verdict_is(get('/', 'X-API-Key' => $key), '403 record_invalid',
                   "a $type, round $round");
    }
}



=== TEST 30: the scope list of another Redis type
--- guard
scoped_key_require dns:read;
--- story
my %make = (
    string => ['SET', 'dns:read'], list => ['RPUSH', 'dns:read'],
    hash => ['HSET', 'dns:read', '1'], zset => ['ZADD', 1, 'dns:read'],
);
for my $mode ('scoped', 'global') {
    for my $type (sort keys %make) {
        my ($command, @rest) = @{$make{$type}};
        my $key = key_with(mode => $mode);
        my $name = redis_key((split /_/, $key)[1]) . ':scopes';

        redis('DEL', $name);
        redis($command, $name, @rest);
        verdict_is(get('/', 'X-API-Key' => $key), '403 record_invalid',
                   "a $type, $mode");
    }
}



=== TEST 31: a scope list without a record is no key
--- guard
scoped_key_require dns:read;
--- story
my $key = key_with();
redis('DEL', redis_key((split /_/, $key)[1]));
verdict_is(get('/', 'X-API-Key' => $key), '403 unknown_key', 'the record is gone');



=== TEST 32: a record of one wrong type beside another key is another's trouble
--- guard
scoped_key_require dns:read;
--- story
my ($bad, $good) = (key_with(), key_with());
my $name = redis_key((split /_/, $bad)[1]);
redis('DEL', $name);
redis('SET', $name, 'x');
for my $round (1, 2) {
    verdict_is(get('/', 'X-API-Key' => $bad), '403 record_invalid', 'bad');
    verdict_is(get('/', 'X-API-Key' => $good), 200, 'good');
}



=== TEST 33: at most 1,024 members
--- guard
scoped_key_require dns:read;
--- story
my $with = sub {
    my ($expected, $members, $mode) = @_;
    my $key = put_key("members $members $mode", fields => {mode => $mode},
        scopes => ['dns:read', map { "a$_:b" } 2 .. $members]);
    verdict_is(get('/', 'X-API-Key' => $key), $expected,
               "$mode, $members members");
};

$with->(200, 1024, 'scoped');
$with->('403 record_invalid', 1025, 'scoped');
$with->('403 record_invalid', 5000, 'scoped');
$with->(200, 1024, 'global');
$with->('403 record_invalid', 1025, 'global');



=== TEST 34: at most 64 KiB of names, values and members
--- guard
scoped_key_require dns:read;
--- story
my $filled = sub {
    my ($expected, $name, $field, $bytes) = @_;
    my $key = key_with($field => 'x' x $bytes);
    verdict_is(get('/', 'X-API-Key' => $key), $expected, "$name: $bytes");
};

$filled->(200, 'a long name', 'name', 60000);
$filled->('403 record_invalid', 'a long name', 'name', 65536);
$filled->('403 record_invalid', 'an unknown field', 'note', 65536);
$filled->('403 record_invalid', 'an unknown field', 'note', 200000);
$filled->('403 record_invalid', 'meta', 'meta.x', 70000);

my $key = put_key('big members', scopes => ['dns:read',
                  map { "a$_/" . 'x' x 230 . ':b' } 1 .. 300]);
verdict_is(get('/', 'X-API-Key' => $key), '403 record_invalid', 'members');

$key = put_key('many fields', scopes => ['dns:read'],
               fields => {map { ("f$_" => 'x' x 50) } 1 .. 2000});
verdict_is(get('/', 'X-API-Key' => $key), '403 record_invalid', 'fields');



=== TEST 35: exactly 64 KiB
created_at has ten digits; digest has 6 + 64 bytes, enabled 7 + 1.
--- guard
scoped_key_require dns:read;
--- story
my $others = 6 + 64 + 7 + 1 + 10 + 10 + 8 + 4;
for my $case ([65536, 200], [65537, '403 record_invalid']) {
    my ($bytes, $expected) = @$case;
    my $key = key_with(created_at => 1000000000, name => 'x' x ($bytes - $others));
    verdict_is(get('/', 'X-API-Key' => $key), $expected, "$bytes bytes");
}



=== TEST 36: a prefix of the data of one's own
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK prefix=other:;
--- guard
scoped_key_require dns:read;
--- story
my $key = key('elsewhere');
redis('DEL', redis_key(key_id('elsewhere')));
redis('HSET', 'other:{' . key_id('elsewhere') . '}', digest => digest($key),
      enabled => 1);
redis('SADD', 'other:{' . key_id('elsewhere') . '}:scopes', 'dns:read');
verdict_is(get('/', 'X-API-Key' => $key), 200, 'with the other prefix');
verdict_is(get('/', 'X-API-Key' => key_with()), '403 unknown_key', 'the default');



=== TEST 37: another database
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK db=3;
--- guard
scoped_key_require dns:read;
--- story
my $key = key('in db 3');
my $name = redis_key(key_id('in db 3'));
redis_all(['SELECT', 3], ['HSET', $name, digest => digest($key), enabled => 1],
          ['SADD', "$name:scopes", 'dns:read']);
verdict_is(get('/', 'X-API-Key' => $key), 200, 'there');
verdict_is(get('/', 'X-API-Key' => key_with()), '403 unknown_key', 'not there');



=== TEST 38: HOST:PORT instead of a socket
--- http_config
scoped_key_redis 127.0.0.1:$TEST_NGINX_REDIS_PORT timeout=5s connect_timeout=10s;
--- guard
scoped_key_require dns:read;
--- story
verdict_is(get('/', 'X-API-Key' => key_with()), 200, 'found');



=== TEST 38: a record too large to be read at all is no other key's trouble
--- guard
scoped_key_require dns:read;
--- log_may_say
redis connection to .* lost: reply too large
--- story
my $large = sub {
    my ($what) = @_;
    my $key = put_key($what, scopes => ['dns:read']);
    redis('HSET', redis_key(key_id($what)), "more $_", 'x' x 60000)
        for 1 .. 20;
    return $key;
};

for my $round (1 .. 8) {
    verdict_is(get('/', 'X-API-Key' => $large->("large $round")),
               '403 record_invalid', "too large, $round");
    verdict_is(get('/', 'X-API-Key' => put_key("good $round",
                                               scopes => ['dns:read'])),
               200, "the next key, $round");
}
