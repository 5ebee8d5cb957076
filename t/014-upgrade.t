# The offer to go on in HTTP/2 never reaches an upstream: an `Upgrade` that names
# h2c, and `HTTP2-Settings`.  An upstream that takes it up makes a tunnel of the
# connection, and what goes through it nobody decides about.  A request with the
# offer is decided as if it were not there: clients such as Java's send it
# unasked.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);

# how Java's client begins, and curl --http2
our @offer = ('Connection' => 'Upgrade, HTTP2-Settings', 'Upgrade' => 'h2c',
              'HTTP2-Settings' => 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA');

# passed on by hand, as for WebSockets
our $pass_on = <<'END';
keepalive_timeout 0;
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $http_connection;
proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
END

# the answer to these lines
sub offered {
    my ($target, @lines) = @_;

    return get($target, 'X-API-Key' => $main::reader, @lines);
}

sub no_offer {
    my ($answer, $name) = @_;
    my $saw = upstream_saw($answer);

    is($answer->{status}, 200, "$name: allowed through");
    cmp_ok($answer->{seen}, '>', 0, "$name: the upstream was asked");
    unlike($saw, qr/h2|http2-settings|AAEAAEAA/i, "$name: it sees no offer");
}

run_tests();

__DATA__

=== TEST 1: no offer reaches the upstream, however it is written
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; $main::pass_on }"
--- story
our @offer;
my @settings = ('HTTP2-Settings' => 'AAEAAEAA');
my %offers = (
    'as curl sends it'  => [@offer],
    'settings first'    => [@settings, @offer[0 .. 3]],
    'no settings'       => ['Connection' => 'Upgrade', 'Upgrade' => 'h2c'],
    'no connection'     => ['Upgrade' => 'h2c', @settings, 'Connection' => 'close'],
    'settings alone'    => [@settings, 'Connection' => 'close'],
    'settings, named'   => [@settings, 'Connection' => 'close, HTTP2-Settings'],
    'other cases'       => ['CONNECTION' => 'UPGRADE, http2-SETTINGS', 'UPGRADE' => 'H2C', 'http2-settings' => 'AAEAAEAA'],
    'a version'         => ['Connection' => 'Upgrade', 'Upgrade' => 'h2c/1'],
    'a draft'           => ['Connection' => 'Upgrade', 'Upgrade' => 'h2c-14', @settings],
    'in a list'         => ['Connection' => 'Upgrade', 'Upgrade' => 'foo, h2c', @settings],
    'first in a list'   => ['Connection' => 'Upgrade', 'Upgrade' => 'h2c,foo', @settings],
    'in quotes'         => ['Connection' => 'Upgrade', 'Upgrade' => '"h2c"', @settings],
    'blanks'            => ['Connection' => 'Upgrade', 'Upgrade' => "\th2c \t", @settings],
    'in a second line'  => ['Connection' => 'Upgrade', 'Upgrade' => 'foo', 'Upgrade' => 'h2c', @settings],
    'in a first line'   => ['Connection' => 'Upgrade', 'Upgrade' => 'h2c', 'Upgrade' => 'foo', @settings],
    'TLS name of it'    => ['Connection' => 'Upgrade', 'Upgrade' => 'h2', @settings],
    'the old name'      => ['Connection' => 'Upgrade', 'Upgrade' => 'HTTP/2.0', @settings],
    'settings twice'    => [@settings, @offer, @settings],
    'two connections'   => ['Connection' => 'Upgrade', 'Connection' => 'HTTP2-Settings', @offer[2 .. 5]],
);
for my $name (sort keys %offers) {
    my $answer = offered('/', 'A' => '1', @{$offers{$name}}, 'B' => '2');
    no_offer($answer, $name);
    unlike(upstream_saw($answer), qr/^Upgrade:/mi, "$name: no Upgrade");
    unlike(upstream_saw($answer), qr/^Connection:.*(?:upgrade|settings)/mi, "$name: nor is it named")
        if $name !~ /settings/;
    is_deeply([map { upstream_lines($answer, $_) } qw(A B X-API-Key)], ['A: 1', 'B: 2'],
              "$name: the others stay, but for the key");
}



=== TEST 2: other protocols are passed on as they came
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; $main::pass_on }"
--- story
for my $upgrade ('websocket', 'WebSocket', 'foo/1.1, bar', 'hc2') {
    my $answer = offered('/', 'Connection' => 'keep-alive, Upgrade, close', 'Upgrade' => $upgrade);
    is_deeply([map { upstream_lines($answer, $_) } qw(Connection Upgrade)],
              ['Connection: keep-alive, Upgrade, close', "Upgrade: $upgrade"], $upgrade);
}
my $answer = offered('/', 'Connection' => 'Upgrade, close', 'Upgrade' => 'foo', 'HTTP2-Settings' => 'AAEAAEAA');
no_offer($answer, 'settings beside another protocol');
is_deeply([map { upstream_lines($answer, $_) } qw(Connection Upgrade)],
          ['Connection: Upgrade, close', 'Upgrade: foo'], 'which stays');
$answer = offered('/', 'Sec-Fetch-Site' => 'none', 'Accept-Charset' => 'utf-8');
is_deeply([map { upstream_lines($answer, $_) } qw(Sec-Fetch-Site Accept-Charset X-API-Key)],
          ['Sec-Fetch-Site: none', 'Accept-Charset: utf-8'], 'names of the same length');



=== TEST 3: the request is decided as if there were no offer
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; $main::pass_on }
 location /upgrade { scoped_key on; scoped_key_require upgrade/\$http_upgrade:read; $main::pass_on }
 location /bearer { scoped_key on; scoped_key_from bearer query:k cookie:k; scoped_key_require dns:read; $main::pass_on }
 location /long { scoped_key on; scoped_key_from header:X-API-Long-Key; scoped_key_require dns:read; $main::pass_on }"
--- init
put_key('upgrader', scopes => ['upgrade/h2c:read', 'upgrade/foo:read']);
--- key_in_request_line
--- story
our ($reader, @offer);
cases('/',
    'no key'   => ['403 missing_key', @offer],
    'bad key'  => ['403 malformed_key', 'X-API-Key' => 'junk', @offer],
    'two keys' => ['403 ambiguous_key', 'X-API-Key' => $reader, 'X-API-Key' => $reader, @offer]);
my @key = ('X-API-Key' => key('upgrader'));
cases('/upgrade',
    'another' => [200, @key, 'Upgrade' => 'foo'],
    'h2c'     => ['403 insufficient_scope', @key, @offer]);
no_offer(get('/bearer', 'Authorization' => "Bearer $reader", @offer), 'bearer');
no_offer(get('/bearer', 'Cookie' => "k=$reader", @offer), 'cookie');
no_offer(get("/bearer?k=$reader", @offer), 'query');
no_offer(get('/long', 'X-API-Long-Key' => $reader, @offer), 'a name as long as HTTP2-Settings');
no_offer(get('/long', 'X-API-Long-Key' => $reader, 'Connection' => 'close', @offer[4, 5]), 'and settings alone');
my $answer = get('/long', 'X-API-Long-Key' => $reader, 'Sec-Fetch-Site' => 'none');
is($answer->{status}, 200, 'beside a name as long');
is_deeply([upstream_lines($answer, 'X-API-Long-Key')], [], 'hidden');



=== TEST 4: wherever the module is on, whoever let the request on
--- config eval
my $raw = $main::pass_on;
"location /hide-off { scoped_key on; scoped_key_hide off; scoped_key_require dns:read; $raw }
 location /optional { scoped_key optional; $raw }
 location /dry { scoped_key on; scoped_key_dry_run on; $raw }
 location /any { scoped_key on; satisfy any; allow all; $raw }
 location /any-hide-off { scoped_key on; scoped_key_hide off; satisfy any; allow all; $raw }
 location /preflight { scoped_key on; scoped_key_preflight on; $raw }
 location /redirect { scoped_key on; scoped_key_require dns:read; keepalive_timeout 0; proxy_set_header X-Answer-Line 'X-Accel-Redirect /again/x'; proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }
 location /again { internal; scoped_key on; scoped_key_require dns:read; $raw }
 location /error { scoped_key on; scoped_key_require dns:write; error_page 403 = \@refused; $raw }
 location \@refused { $raw }
 location = /mirror { internal; scoped_key on; $raw }
 location /mirrors { keepalive_timeout 0; mirror /mirror; proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }
 location /off { $raw }"
--- story
our ($reader, @offer);
no_offer(offered($_, @offer), $_) for qw(/hide-off /dry /any /any-hide-off /redirect /error);
no_offer(get('/optional', @offer), 'anonymous');
no_offer(get('/dry', @offer), 'dry run, no key');
no_offer(get('/any', @offer), 'satisfy any, no key');
no_offer(ask('OPTIONS', '/preflight', 'Origin' => 'http://a', 'Access-Control-Request-Method' => 'PUT', @offer), 'preflight');
is_deeply([upstream_lines(offered('/hide-off', @offer), 'X-API-Key')], ["X-API-Key: $reader"], 'hide off: the key stays');

my $before = Upstream::requests();
get('/mirrors', @offer);
ok(eventually(10, sub { Upstream::requests() >= $before + 2 }), 'mirrored');
my ($mirrored) = grep { m{GET /mirror } } (Upstream::requests())[$before .. $before + 1];
unlike($mirrored, qr/h2c|AAEAAEAA/i, 'subrequest: no offer');

like(upstream_saw(offered('/off', @offer)), qr/^Upgrade: h2c/m, 'off: the module does nothing');



=== TEST 5: what nginx has kept from before
--- http_config
map $http_upgrade $connection_upgrade { default upgrade; "" close; }
map $http_upgrade $websocket { "~*^[ \t]*websocket[ \t]*$" websocket; default ""; }
--- config
location /if {
    if ($http_upgrade = "x") { set $x 1; }
    if ($http_connection = "x") { set $x 1; }
    if ($http_http2_settings = "x") { set $x 1; }
    scoped_key on;
    scoped_key_require dns:read;
    keepalive_timeout 0;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_set_header X-Settings $http_http2_settings;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /map {
    if ($connection_upgrade = "x") { set $x 1; }
    scoped_key on;
    scoped_key_require dns:read;
    keepalive_timeout 0;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /recipe {
    scoped_key on;
    scoped_key_require dns:read;
    keepalive_timeout 0;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $websocket;
    proxy_set_header Connection $connection_upgrade;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our @offer;
no_offer(offered('/if', @offer), 'if');
no_offer(offered('/map', @offer), 'map');
no_offer(offered('/recipe', @offer), 'recipe');
is_deeply([map { upstream_lines(offered('/recipe', 'Connection' => 'Upgrade', 'Upgrade' => 'websocket'), $_) }
           qw(Connection Upgrade)], ['Connection: upgrade', 'Upgrade: websocket'], 'recipe: websocket');
is_deeply([map { upstream_lines(offered('/recipe', 'Connection' => 'Upgrade', 'Upgrade' => 'foo'), $_) }
           qw(Upgrade)], [], 'recipe: nothing else');



=== TEST 6: an upstream that switches all the same opens no tunnel
What a `set` has made of Upgrade before the key was looked for is out of the
module's sight, but nginx switches only where Upgrade is still there.
--- config
location / {
    set $copy $http_upgrade;
    scoped_key on;
    scoped_key_require dns:read;
    proxy_http_version 1.1;
    proxy_read_timeout 1s;
    proxy_set_header Upgrade $copy;
    proxy_set_header Connection "Upgrade";
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM.tunnel:;
}
--- story
our $reader;
my $path = "$ENV{TEST_NGINX_UPSTREAM}.tunnel";
my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 8) or die "$path: $!";
chmod 0777, $path or die "$path: $!";

# what the upstream reads after its 101, until nginx hangs up on it
my $through = sub {
    my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => server_port()) or die;
    $client->autoflush(1);
    print {$client} join "\r\n", 'GET / HTTP/1.1', 'Host: localhost', "X-API-Key: $reader", @_, '', '';

    my $upstream = $listener->accept;
    my $head = '';
    $head .= readline $upstream until $head =~ /\r\n\r\n\z/;
    $upstream->autoflush(1);
    print {$upstream} "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: any\r\n\r\n";

    my $answer = '';
    while ($answer !~ /\r\n\r\n/) {
        sysread($client, $answer, 65536, length $answer) or last;
    }
    print {$client} "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    my ($bytes, $ready) = ('', IO::Select->new($upstream));
    while ($ready->can_read(10)) {
        sysread($upstream, $bytes, 65536, length $bytes) or last;
        last if $bytes =~ /SM/;
    }

    return $bytes;
};
like($through->('Connection: Upgrade', 'Upgrade: websocket'), qr/SM/, 'websocket: a tunnel');
is($through->('Connection: Upgrade', 'Upgrade: h2c'), '', 'h2c: nothing goes through');
unlink $path;



=== TEST 7: HTTP/2 clients cannot say it either
--- by_http2
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; $main::pass_on }"
--- story
our $reader;
no_offer(http2('-H', "X-API-Key: $reader", '-H', 'Upgrade: h2c', '-H', 'HTTP2-Settings: AAEAAEAA', '/'), 'h2c');
