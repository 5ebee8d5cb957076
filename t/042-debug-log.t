# The debug log explains a decision step by step, and holds no secret: of a key
# not its secret nor a piece of it, no digest, no password, no pepper.  Lines of
# nginx itself show headers and request lines at this level; those are left out.

use lib 't/lib';
use Blocks;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use ScopedKey;
use Visit;

our $PASSWORD = 'correct-horse-battery';
our $PEPPER = 'grains-of-pepper!';
our $reader = put_key('reader', scopes => ['dns:read']);
our $writer = put_key('writer', scopes => ['dns:write', '!zone:*']);

# those of nginx's own at this level that show the header fields of a client
our $HEADERS = qr/\[debug\]\ \d+\#\d+:\ (?:\*\d+\ )?http
    (?:(?:2\ http|\ proxy|2)?\ header:|2\ table\ add:)/x;

sub debug_lines {
    return grep { /\[debug\]/ && s/^.*?\[debug\] \d+#\d+: (?:\*\d+ )?scoped key: // }
        split /\n/, Nginx::error_log();
}

# steps(CODE, NAME, REGEX...): the code causes lines that match, in this order,
# some others between them; the last one of them may come after its answer
sub steps {
    my ($code, $name, @steps) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $before = debug_lines();
    my @rest;

    $code->();
    my $found = eventually(10, sub {
        my @lines = debug_lines();
        @lines = @lines[$before .. $#lines];
        @rest = @steps;
        for my $line (@lines) {
            shift @rest if @rest && $line =~ $rest[0];
        }
        return !@rest;
    });

    ok($found, $name) or do {
        my @lines = debug_lines();
        diag("no line for $rest[0] in:");
        diag($_) for grep { !/tracking link/ } @lines[$before .. $#lines];
    };
}

# no_secret(NAME, [SECRET...]): no line has one of these, nor 8 bytes in a row of
# it.  With `in_line`, the key is in the request line, which nginx shows in many
# lines of its own: only ours are looked at.
sub no_secret {
    my ($name, $secrets, $in_line) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @lines = grep { !/$main::HEADERS/ } split /\n/, Nginx::error_log();
    my %piece;

    for my $secret (@$secrets) {
        $piece{substr $secret, $_, 8} = 1 for 0 .. length($secret) - 8;
    }
    if ($in_line) {
        @lines = grep { /\d+#\d+: (?:\*\d+ )?scoped key/ } @lines;
        # nginx ends lines that are no debug ones so
        s/, client: .*, request: ".*// for @lines;
    }
    my $any = join '|', map { quotemeta } sort keys %piece;
    my @found = grep { /$any/ } @lines;

    cmp_ok(scalar(grep { /scoped key: verdict=/ } @lines), '>', 0,
           "$name: there are lines of ours");
    is(scalar(@found), 0, "$name: no secret") or map { diag($_) } @found;
}

# told(ID, CODE): what the code changes of the key, nginx has heard
sub told {
    my ($id, $code) = @_;
    my $count = sub { scalar grep { $_ eq "\"$id\" has changed" } debug_lines() };
    my $before = $count->();

    $code->();
    ok(eventually(10, sub { $count->() > $before }), "$id: a change is told");
}

# the part of a key that nobody may know, its checksum included
sub secret_of { return (split /_/, $_[0])[2] }

# requests that are answered once Redis goes on
sub two_at_once {
    my ($key) = @_;
    my @sockets;

    redis('CLIENT', 'PAUSE', 500);
    for (1, 2) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => Nginx::server_port()) or die "cannot connect: $!\n";
        print {$socket} "GET / HTTP/1.1\r\nHost: a\r\nX-API-Key: $key\r\n"
            . "Connection: close\r\n\r\n";
        push @sockets, $socket;
    }
    for my $socket (@sockets) {
        local $/;
        like(readline $socket, qr/\AHTTP\S+ 200 /, 'one of two is allowed');
    }
}

run_tests();

__DATA__




=== TEST 1: missed, and then allowed
--- guard
scoped_key_require dns:read zone:read;
scoped_key_require dns:list dns:read;
--- story
our $reader;
my $id = key_id('reader');
my $read = sub { is(get('/', 'X-API-Key' => $reader)->{status}, 200, 'allowed') };
linked();
steps($read, 'a miss',
    qr/^credential in header:x-api-key, id=$id$/,
    qr/^hides header:x-api-key$/,
    qr/^cache miss, id=$id$/,
    qr/^redis connection takes a batch of 4 commands, \d+ bytes, 1 in flight$/,
    qr/^lookup sent, connection to unix:/,
    qr/^redis connection sends \d+ bytes$/,
    qr/^redis connection got \d+ bytes$/,
    qr/^redis connection: a batch is answered after \d+ ms, 0 in flight$/,
    qr/^reply to lookup of id=$id after \d+ ms: whole$/,
    qr/^read 3 fields, 1 members$/,
    qr/^lookup of id=$id ended after \d+ ms: record$/,
    qr/^kept in the cache as a record$/,
    qr/^resumed, read \d+ ms ago: record$/,
    qr/^record of id=$id: good for this request$/,
    qr/^required "dns:read zone:read": granted by dns:read$/,
    qr/^required "dns:list dns:read": granted by dns:read$/,
    qr/^decided: allowed$/,
    qr/^verdict=allowed$/,
    qr/^scoped_key:last_used of id=$id is to be written$/,
    qr/^writes scoped_key:last_used of 1 keys$/,
    qr/^wrote scoped_key:last_used of 1 keys, 0 are waiting$/);
steps($read, 'a hit, decided',
    qr/^cache hit, read \d+ ms ago$/, qr/^record of id=$id$/,
    qr/^required "dns:read zone:read": granted by dns:read$/,
    qr/^decided: allowed, kept with the cached record$/,
    qr/^verdict=allowed$/);
steps($read, 'a hit',
    qr/^credential in header:x-api-key, id=$id$/,
    qr/^hides header:x-api-key$/,
    qr/^cache hit, read \d+ ms ago$/, qr/^record of id=$id$/,
    qr/^tracking link confirmed \d+ ms ago$/,
    qr/^decided before, cached with the record$/,
    qr/^required "dns:read zone:read": granted by dns:read$/,
    qr/^required "dns:list dns:read": granted by dns:read$/,
    qr/^verdict=allowed$/);
no_secret('by header', [secret_of($reader), digest($reader)]);



=== TEST 2: two requests, one lookup
--- guard
scoped_key_require dns:read;
--- story
our $reader;
linked();
steps(sub { two_at_once($reader) }, 'joined',
    qr/^cache miss/, qr/^lookup sent/,
    qr/^cache miss/, qr/^joins a lookup, sent \d+ ms ago$/,
    qr/^reply to lookup/,
    qr/^resumed/, qr/^verdict=allowed$/,
    qr/^resumed/, qr/^verdict=allowed$/);



=== TEST 3: refused
--- config
location / { scoped_key on; scoped_key_require dns:read; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /zone { scoped_key on; scoped_key_require dns:write; scoped_key_require zone:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /global { scoped_key on; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /prefix { scoped_key on; scoped_key_prefix rpa;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our $writer;
my $id = key_id('writer');
my $to = sub { my ($target, @key) = @_; return sub { get($target, @key) } };
my @key = ('X-API-Key' => $writer);
linked();
steps($to->('/', @key), 'no grant',
    qr/^credential in header:x-api-key, id=$id$/,
    qr/^cache miss, id=$id$/,
    qr/^record of id=$id: good for this request$/,
    qr/^required "dns:read": not granted: insufficient_scope$/,
    qr/^decided: refused$/,
    qr/^verdict=refused reason=insufficient_scope status=403$/);
steps($to->('/zone', @key), 'a deny rule',
    qr/^cache hit/, qr/^record of id=$id$/,
    qr/^required "dns:write": granted by dns:write$/,
    qr/^required "zone:read": not granted: insufficient_scope by !zone:\*$/,
    qr/^verdict=refused reason=insufficient_scope status=403$/);
steps($to->('/global', @key), 'no requirement',
    qr/^required: a global key$/,
    qr/^verdict=refused reason=insufficient_scope status=403$/);
steps($to->('/prefix', @key), 'another prefix',
    qr/^its prefix is none of scoped_key_prefix$/,
    qr/^verdict=refused reason=malformed_key status=403$/);
steps($to->('/', 'X-API-Key' => key('stranger')), 'an unknown key',
    qr/^cache miss, id=@{[key_id('stranger')]}$/,
    qr/^reply to lookup .* whole$/,
    qr/^lookup of \S+ ended after \d+ ms: unknown_key$/,
    qr/^kept in the cache as unknown$/,
    qr/^resumed, read \d+ ms ago: unknown_key$/,
    qr/^verdict=refused reason=unknown_key status=403$/);
steps($to->('/', 'X-API-Key' => key('stranger')), 'an unknown key again',
    qr/^cache negative, read \d+ ms ago$/,
    qr/^verdict=refused reason=unknown_key status=403$/);
steps($to->('/'), 'no key',
    qr/^no credential was found$/,
    qr/^verdict=refused reason=missing_key status=403$/);
steps($to->('/', @key, @key), 'two keys',
    qr/^credential in header:x-api-key, id=$id$/,
    qr/^credential in header:x-api-key, id=$id$/,
    qr/^hides header:x-api-key$/,
    qr/^hides header:x-api-key$/,
    qr/^more than one credential was found$/,
    qr/^verdict=refused reason=ambiguous_key status=403$/);
steps(sub {
    told($id, sub { redis('HSET', redis_key($id), 'enabled', 'maybe') });
    get('/', @key);
}, 'an invalid record',
    qr/^"scoped_key:\{$id\}" has changed$/,
    qr/^"$id" has changed$/,
    qr/^lookup of id=$id ended after \d+ ms: record, invalid$/,
    qr/^record of id=$id: record_invalid$/,
    qr/^verdict=refused reason=record_invalid status=403$/);
redis('DEL', redis_key($id));
told($id, sub { redis('SET', redis_key($id), 'a string') });
steps(sub { get('/', @key) }, 'another type',
    qr/^read 0 fields, 0 members, wrong type$/,
    qr/^lookup of id=$id ended after \d+ ms: record, invalid$/,
    qr/^verdict=refused reason=record_invalid status=403$/);
redis('DEL', redis_key($id));
put_key('writer', scopes => ['dns:write', '!zone:*']);
no_secret('refused', [map { secret_of($_) } $writer, key('stranger')]);



=== TEST 4: undecided
--- http_config
scoped_key_redis 127.0.0.1:1 timeout=200ms connect_timeout=200ms;
--- guard
scoped_key_require dns:read;
--- story
our $reader;
my $id = key_id('reader');
ok(eventually(10, sub { grep { /^redis connection tries again in/ } debug_lines() }),
   'nobody is there');
steps(sub { get('/', 'X-API-Key' => $reader) }, 'undecided',
    qr/^credential in header:x-api-key, id=$id$/,
    qr/^cache miss, id=$id$/,
    qr/^redis connection takes no batch, 0 in flight$/,
    qr/^lookup cannot be sent, connection to \S+ is down or full$/,
    qr/^verdict=undecided reason=store_unavailable status=503$/);
no_secret('undecided', [secret_of($reader), digest($reader)]);



=== TEST 5: undecided: no reply in time
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK timeout=1s connect_timeout=10s;
--- guard
scoped_key_require dns:read;
--- story
our $reader;
linked();
redis('CLIENT', 'PAUSE', 1500);
steps(sub { get('/', 'X-API-Key' => $reader) }, 'undecided',
    qr/^lookup sent/,
    qr/^redis connection: a batch has timed out after \d+ ms$/,
    qr/^reply to lookup of \S+ after \d+ ms: none$/,
    qr/^lookup of \S+ ended after \d+ ms: store_unavailable$/,
    qr/^not kept in the cache$/,
    qr/^resumed, read \d+ ms ago: store_unavailable$/,
    qr/^verdict=undecided reason=store_unavailable status=503$/,
    qr/a batch is answered after \d+ ms, \d+ in flight, nobody waits for it$/);



=== TEST 6: params, a body, a document
--- config
location / { scoped_key on; scoped_key_require dns:edit;
    scoped_key_param type arg:type json:/type; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /graphql { scoped_key on; scoped_key_graphql on;
    scoped_key_require dns:$scoped_key_access; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
my $key = put_key('editor', scopes => ['dns:read',
    '{"scope":"dns:edit","params":{"type":["TXT-secret-of-a-client"]}}']);
my $id = key_id('editor');
my @key = ('X-API-Key' => $key);
my @json = (@key, 'Content-Type' => 'application/json');
linked();
steps(sub { get('/?type=another-secret-value', @key) }, 'refused by a param',
    qr/^method GET, host "localhost", address 127\.0\.0\.1$/,
    qr/^record of id=$id: good for this request$/,
    qr/^param "type": 1 values, read$/,
    qr/^required "dns:edit": not granted: param_refused by \{/,
    qr/^verdict=refused reason=param_refused status=403$/);
steps(sub { ask('POST', '/', {body => '{"type":"TXT-secret-of-a-client"}'}, @json) },
    'a body',
    qr/^param "type": 0 values, needs the body$/,
    qr/^required "dns:edit": needs the body by \{"scope":"dns:edit",/,
    qr/^decided: once the body is read$/,
    qr/^reads the body, at most 65536 bytes$/,
    qr/^body of 33 bytes, JSON$/,
    qr/^param "type": 1 values, read$/,
    qr/^required "dns:edit": granted by \{/,
    qr/^verdict=allowed$/);
steps(sub { ask('POST', '/graphql', {body => '{"query":"{ me }"}'}, @json) },
    'a document',
    qr/^body of 18 bytes, JSON$/,
    qr/^GraphQL: 1 types of operations, 1 root fields, reads $/,
    qr/^required "dns:read": granted by dns:read$/,
    qr/^verdict=allowed$/);
my @ours = debug_lines();
is(scalar(grep { /another-secret/ } @ours), 0, 'no value of a param');



=== TEST 7: keys in other places, with a pepper and a password
--- by_http2
--- post_setup_server_root
redis('ACL', 'SETUSER', 'debugged', 'reset', 'on', ">$main::PASSWORD", '~*', '&*',
      '+@all');
write_private('password', "$main::PASSWORD\n");
write_private('pepper', $main::PEPPER);
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK user=debugged password_file=password db=0 timeout=5s connect_timeout=10s;
scoped_key_pepper_file pepper;
--- config
scoped_key_require dns:read;
location /basic { scoped_key on; scoped_key_from basic; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /legacy { scoped_key on; scoped_key_legacy on; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location / { scoped_key on; scoped_key_from header:X-API-Key authorization:Token cookie:k; proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
--- story
our ($PASSWORD, $PEPPER);
my $key = put_key('peppered', scopes => ['dns:read'], pepper => $PEPPER);
my $legacy = 'legacy-secret-of-somebody-else';
put_key('legacy', text => $legacy, id => legacy_id($legacy, $PEPPER),
        scopes => ['dns:read'], pepper => $PEPPER);
my $malformed = substr($key, 0, -1) . '-';
my $basic = encode_base64(":$key", '');
my $id = key_id('peppered');
my @by_http2 = ('-H', "X-API-Key: $key");
linked();
my %from = (
    'header'     => ['/', 'X-API-Key' => $key],
    'scheme'     => ['/', 'Authorization' => "Token $key"],
    'cookie'     => ['/', 'Cookie' => "a=b; k=$key"],
    'basic'      => ['/basic', 'Authorization' => "Basic $basic"],
    'legacy'     => ['/legacy', 'X-API-Key' => $legacy],
    'malformed'  => ['/', 'X-API-Key' => $malformed],
    'two of one' => ['/', 'X-API-Key' => $key, 'Cookie' => "k=$key"]);
for my $name (sort keys %from) {
    steps(sub { get(@{$from{$name}}) }, $name, qr/^credential in /, qr/^hides /,
        qr/^verdict=/);
}
steps(sub { http2(@by_http2, '/') }, 'HTTP/2',
    qr/^credential in header:x-api-key, id=$id$/, qr/^verdict=allowed$/);
ok((grep { /^redis connection handshake: AUTH PING INFO$/ } debug_lines()),
   'the handshake is there');
no_secret('all of these', [secret_of($key), secret_of($malformed), $legacy, $basic,
    digest($key, $PEPPER), substr(digest($legacy, $PEPPER), 24), $PASSWORD, $PEPPER,
    unpack('H*', $PEPPER)]);



=== TEST 8: keys in the query
--- key_in_request_line
--- guard
scoped_key_require dns:read;
scoped_key_from query:k variable:$arg_v;
--- story
our $reader;
linked();
steps(sub { get("/?a=b&k=$reader") }, 'in the query',
    qr/^credential in query:k, id=/, qr/^hides query:k$/, qr/^verdict=allowed$/);
steps(sub { get("/?v=$reader") }, 'in a variable',
    qr/^credential in variable:\$arg_v, id=/, qr/^verdict=allowed$/);
steps(sub { get("/?k=$reader&v=$reader") }, 'in both',
    qr/^more than one credential was found$/);
steps(sub { get('/?k=' . ($reader =~ s/_/%5f/gr)) }, 'encoded',
    qr/^credential in query:k, id=/, qr/^verdict=allowed$/);
no_secret('in the request line', [secret_of($reader), digest($reader)], 1);



=== TEST 9: not debugged
--- log_level: info
--- guard
scoped_key_require dns:read;
--- story
our $reader;
is(get('/', 'X-API-Key' => $reader)->{status}, 200, 'allowed');
is(scalar(debug_lines()), 0, 'no line');
