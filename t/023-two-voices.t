# Variables that stand for what a client can say in two ways at once: nginx goes
# by one of them, an upstream may go by the other.  A required scope or a param
# with such a variable holds only where both say the same.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $tenant = put_key('tenant', scopes => ['tenant/a.example:read']);
our $global = put_key('global', fields => {mode => 'global'});

# ask_for(TARGET, HOST, LINE...): the verdict on a GET with this request line
sub ask_for {
    my ($target, $host, @lines) = @_;
    my $before = Upstream::requests();
    my ($answer) = exchange(join "\r\n", "GET $target HTTP/1.1",
        defined $host ? "Host: $host" : (), 'X-API-Key: ' . $main::tenant,
        'Connection: close', @lines, '', '');

    $answer->{seen} = Upstream::requests() - $before;

    return verdict($answer);
}

run_tests();

__DATA__

=== TEST 1: $host of a request whose line and Host field disagree
--- guard
scoped_key_require tenant/$host:read;
proxy_set_header Host $http_host;
--- story
my $refused = '403 insufficient_scope';
my @cases = (
    ['/', 'a.example', 200],
    ['/', 'b.example', $refused],
    ['/', 'A.Example', 200],
    ['/', 'a.example.', 200],
    ['/', 'a.example:8080', 200],
    ['/', 'a.example.:80', 200],
    ['http://a.example/', 'a.example', 200],
    ['http://A.EXAMPLE/', 'a.example', 200],
    ['http://a.example:80/', 'a.example', 200],
    ['http://a.example/', 'a.example:8080', 200],
    ['http://a.example./', 'a.example', 200],
    ['http://a.example/', 'A.example.:80', 200],
    ['http://a.example', 'a.example', 200],
    ['http://a.example/dr', 'b.example', $refused],
    ['http://b.example/dr', 'a.example', $refused],
    ['http://a.example/', '', $refused],
    ['http://a.example/', 'a.example.b', $refused],
    ['http://a.example/', 'a.example.b.example', $refused],
    ['http://a.example/', 'a.example..', $refused],
    ['http://a.example/', 'a.example:b.example', $refused],
    ['http://a.example/', 'a.example:80.b.example', $refused],
    ['http://a.example/', 'ba.example', $refused],
    ['http://a.example/', 'a.exampl', $refused],
    ['http://a.example/', '[::1]', $refused],
    ['HTTP://a.example/', 'b.example', $refused],
    ['https://a.example/', 'b.example', $refused],
);
for my $case (@cases) {
    my ($target, $host, $expected) = @$case;
    my $verdict = ask_for($target, $host);

    # nginx itself may have found the host invalid
    $verdict = $refused if $verdict eq '400' && $expected eq $refused;
    is($verdict, $expected, "$target, Host: $host");
}
is(ask_for('http://a.example/', undef), 400, 'no Host at all');



=== TEST 2: HTTP/1.0 with the host in the line alone
The upstream would be given no Host, and take its default.
--- guard
scoped_key_require tenant/$host:read;
proxy_set_header Host $http_host;
--- story
our $tenant;
my @lines = ("X-API-Key: $tenant", '', '');
my ($answer) = exchange(join "\r\n", 'GET http://a.example/ HTTP/1.0', @lines);
is(verdict($answer), '403 insufficient_scope', 'line alone');
($answer) = exchange(join "\r\n", 'GET http://a.example/ HTTP/1.0', 'Host: a.example', @lines);
is($answer->{status}, 200, 'both');



=== TEST 3: IPv6 literals
--- init
put_key('tenant', scopes => ['tenant/%5B%3A%3A1%5D:read']);
--- guard
scoped_key_require tenant/$host:read;
--- story
is(ask_for('/', '[::1]'), 200, 'literal');
is(ask_for('/', '[::1]:8080'), 200, 'with a port');
is(ask_for('http://[::1]/', '[::1]:80'), 200, 'in both');
is(ask_for('http://[::1]/', '[::2]'), '403 insufficient_scope', 'others');
put_key('tenant', scopes => ['tenant/a.example:read']);



=== TEST 4: $http_host, ${host}, $HOST: the same in other spellings
--- config
location /http { scoped_key on; scoped_key_require tenant/$http_host:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /braces { scoped_key on; scoped_key_require tenant/${host}:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /upper { scoped_key on; scoped_key_require tenant/$HOST:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /beside { scoped_key on; scoped_key_require tenant/$host:read tenant/other:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our $tenant;
for my $path (qw(/http /braces /upper /beside)) {
    is(ask_for("http://a.example$path", 'a.example'), 200, "$path, one voice");
    is(ask_for("http://a.example$path", 'b.example'), '403 insufficient_scope', "$path, a and b");
    is(ask_for("http://b.example$path", 'a.example'), '403 insufficient_scope', "$path, b and a");
}
put_key('tenant', scopes => ['tenant/other:read']);
is(ask_for('http://a.example/beside', 'b.example'), 200, 'another alternative is not concerned');
put_key('tenant', scopes => ['tenant/a.example:read']);



=== TEST 5: global keys need no grant and are not concerned
--- guard
scoped_key_require tenant/$host:read;
--- story
our $global;
my ($answer) = exchange(join "\r\n", 'GET http://a.example/ HTTP/1.1', 'Host: b.example',
    "X-API-Key: $global", 'Connection: close', '', '');
is($answer->{status}, 200, 'allowed through');



=== TEST 6: a param that is a text with $host
--- init
put_key('tenant', scopes => ['{"scope": "dns:read", "params": {"tenant": ["a.example"]}}']);
--- config
location /within { scoped_key on; scoped_key_require dns:read; scoped_key_param tenant "${host}"; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- guard
scoped_key_require dns:read;
scoped_key_param tenant $host;
proxy_set_header Host $http_host;
--- story
for my $path ('/', '/within') {
    is(ask_for($path, 'a.example'), 200, "$path: allowed");
    is(ask_for($path, 'b.example'), '403 param_refused', "$path: another");
    is(ask_for("http://a.example$path", 'a.example:80'), 200, "$path: one voice");
    is(ask_for("http://a.example$path", 'b.example'), '403 param_refused', "$path: two voices");
}
put_key('tenant', scopes => ['tenant/a.example:read']);



=== TEST 7: fields that nginx knows by other names
--- init
put_key('typed', scopes => ['type/text%2Fplain:read', 'user/u:read', 'query/a%3D1:read', 'one/a.example:read']);
--- config
location /type { scoped_key on; scoped_key_require type/$content_type:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /http-type { scoped_key on; scoped_key_require type/$http_content_type:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /user { scoped_key on; scoped_key_require user/$remote_user:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /args { scoped_key on; scoped_key_require query/$args:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /query { scoped_key on; scoped_key_require query/$query_string:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /forwarded { scoped_key on; scoped_key_require one/$http_x_forwarded_host:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
my @key = ('X-API-Key' => key('typed'));
my $refused = '403 insufficient_scope';
for my $path ('/type', '/http-type') {
    cases($path,
        'one type'    => [200, @key, 'Content-Type' => 'text/plain'],
        'two of them' => [$refused, @key, 'Content-Type' => 'text/plain', 'Content-Type' => 'x']);
}
cases('/user', 'one user' => [200, @key, 'Authorization' => 'Basic dTpw']);
cases('/forwarded',
    'one host'  => [200, @key, 'X-Forwarded-Host' => 'a.example'],
    'two hosts' => [$refused, @key, 'X-Forwarded-Host' => 'a.example', 'X-Forwarded-Host' => 'b.example']);
for my $path ('/args', '/query') {
    verdict_is(get("$path?a=1", @key), 200, "$path: the query");
    verdict_is(get("$path?a=1#&b=2", @key), $refused, "$path: cut off at a #");
}



=== TEST 8: HTTP/2: :authority and a host field
--- by_http2
--- guard
scoped_key_require tenant/$host:read;
proxy_set_header Host $http_host;
--- story
our $tenant;
my $port = server_port('http2');
my $frame = sub {
    my ($type, $flags, $stream, $data) = @_;
    return substr(pack('N', length $data), 1) . pack('CCN', $type, $flags, $stream) . $data;
};
my $literal = sub { return pack('C/a C/a', $_[0], $_[1]) };
my $status_of = sub {
    my (@fields) = @_;
    my $block = "\x82\x86\x84";     # GET, http, /
    while (my ($name, $value) = splice @fields, 0, 2) {
        $block .= "\0" . $literal->($name, $value);
    }
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die;
    binmode $socket;
    print {$socket} "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . $frame->(4, 0, 0, '')
        . $frame->(1, 5, 1, $block);
    my ($input, $ready) = ('', IO::Select->new($socket));
    while ($ready->can_read(10)) {
        sysread($socket, $input, 65536, length $input) or last;
        while (length $input >= 9) {
            my $len = unpack 'N', "\0" . substr $input, 0, 3;
            last if length $input < 9 + $len;
            my $type = ord substr $input, 3, 1;
            my $data = substr $input, 9, $len;
            substr $input, 0, 9 + $len, '';
            next if $type != 1;
            my $first = ord $data;
            return 200 if $first == 0x88;
            return 400 if $first == 0x8c;
            return ($data =~ /(\d{3})/)[0] || '403';
        }
    }
    return 'nothing';
};
my @key = ('x-api-key', $tenant);
is($status_of->(':authority', 'a.example', @key), 200, 'one voice');
isnt($status_of->(':authority', 'b.example', @key), 200, 'another host');
isnt($status_of->(':authority', 'a.example', 'host', 'b.example', @key), 200, 'a and b');
isnt($status_of->(':authority', 'b.example', 'host', 'a.example', @key), 200, 'b and a');
is(scalar(grep { /^GET.*^Host: b\.example/ms } Upstream::requests()), 0, 'b was not reached');
