# The cache and its promise: a record is used again, and no longer than Redis
# and the clock allow.  All changes are made as an operator makes them by hand,
# without a word on the invalidate channel, unless a block says so.

use lib 't/lib';
use Blocks;
use Time::HiRes qw(sleep);
use ScopedKey;
use Visit;

# far below the bound of 5 s, far above the milliseconds that it takes
our $AT_ONCE = 2;

our $guard = 'scoped_key_require dns:read;'
    . ' add_header X-Cache $scoped_key_cache always;';

sub came_from { return field($_[0], 'X-Cache') }

# becomes(KEY, VERDICT, NAME): at once
sub becomes {
    my ($key, $expected, $name) = @_;
    my $got;

    eventually($main::AT_ONCE, sub {
        $got = verdict(get('/', 'X-API-Key' => $key));
        return $got eq $expected;
    });
    is($got, $expected, $name);
}

# an allowed and cached key
sub cached {
    my ($name, %with) = @_;
    my $key = put_key($name, scopes => ['dns:read'], %with);

    linked();
    becomes($key, 200, "$name is allowed");
    ok(eventually(5, sub { came_from(get('/', 'X-API-Key' => $key)) eq 'hit' }),
       "$name is cached");

    return $key;
}

# a user of Redis that may not ask for tracking; before nginx starts
sub limited_user {
    redis('ACL', 'SETUSER', 'limited', 'reset', 'on', '>pass', '~*', '&*', '+@all',
          '-client|tracking');
    write_private('password', "pass\n");
}

run_tests();

__DATA__

=== TEST 1: miss, then hit
--- guard eval
$main::guard
--- story
linked();
my $key = put_key('reader', scopes => ['dns:read']);
is(came_from(get('/', 'X-API-Key' => $key)), 'miss', 'first');
is(came_from(get('/', 'X-API-Key' => $key)), 'hit', 'then') for 1 .. 3;
is(came_from(get('/', 'Authorization' => "Bearer $key")), 'hit', 'as bearer');



=== TEST 2: what is refused is cached, too
--- guard eval
$main::guard
--- story
linked();
my %of = (
    disabled => {fields => {enabled => 0}}, scopeless => {},
    expired => {fields => {expires_at => 1}}, invalid => {fields => {mode => 'x'}},
);
for my $name (sort keys %of) {
    my $key = put_key($name, %{$of{$name}});
    is(came_from(get('/', 'X-API-Key' => $key)), 'miss', "$name: first");
    is(came_from(get('/', 'X-API-Key' => $key)), 'hit', "$name: then");
}



=== TEST 3: an unknown key
--- guard eval
$main::guard
--- story
linked();
drop_key('unknown');
my $key = key('unknown');
is(came_from(get('/', 'X-API-Key' => $key)), 'miss', 'first');
for my $round (1 .. 3) {
    my $answer = get('/', 'X-API-Key' => $key);
    is(verdict($answer), '403 unknown_key', 'refused');
    is(came_from($answer), 'negative', 'from the cache');
}



=== TEST 4: where no key was looked up, it is empty
--- guard eval
$main::guard
--- story
is(came_from(get('/')) // '', '', 'missing');
is(came_from(get('/', 'X-API-Key' => 'junk')) // '', '', 'malformed');



=== TEST 5: the wrong secret of a cached key
--- guard eval
$main::guard
--- story
my $key = cached('guessed');
my $wrong = key_text('sk', key_id('guessed'), 'W' x 32);
for my $round (1 .. 3) {
    is(verdict(get('/', 'X-API-Key' => $wrong)), '403 unknown_key', 'refused');
    my $answer = get('/', 'X-API-Key' => $key);
    is($answer->{status}, 200, 'the right one');
    is(came_from($answer), 'hit', 'is still cached');
}



=== TEST 6: many wrong secrets do not push the key out
--- guard eval
$main::guard
--- story
my $key = cached('flooded');
for my $i (1 .. 200) {
    my $wrong = key_text('sk', key_id('flooded'), sprintf '%032d', $i);
    get('/', 'X-API-Key' => $wrong);
}
is(came_from(get('/', 'X-API-Key' => $key)), 'hit', 'still cached');



=== TEST 7: many unknown ids do not push the key out
--- http_config
scoped_key_cache 1m;
--- guard eval
$main::guard
--- story
my $key = cached('flooded too');
exchange(join '', map {
    my $unknown = key_text('sk', sprintf('%012d', $_), '0' x 32);
    "HEAD / HTTP/1.1\r\nHost: x\r\nX-API-Key: $unknown\r\n"
        . ($_ % 500 ? '' : "Connection: close\r\n") . "\r\n";
} 500 * $_ + 1 .. 500 * $_ + 500) for 0 .. 5;
is(came_from(get('/', 'X-API-Key' => $key)), 'hit', 'still cached');



=== TEST 8: a key created after a miss works at once
--- guard eval
$main::guard
--- story
for my $round (1 .. 5) {
    drop_key("newborn $round");
    becomes(key("newborn $round"), '403 unknown_key', 'not yet');
    is(verdict(get('/', 'X-API-Key' => key("newborn $round"))), '403 unknown_key',
       'not yet, cached');
    put_key("newborn $round", scopes => ['dns:read']);
    becomes(key("newborn $round"), 200, 'created');
}



=== TEST 9: disabled by hand, and enabled again
--- guard eval
$main::guard
--- story
my $key = cached('toggled');
my $name = redis_key(key_id('toggled'));
for my $round (1 .. 5) {
    redis('HSET', $name, 'enabled', 0);
    becomes($key, '403 key_disabled', 'disabled');
    redis('HSET', $name, 'enabled', 1);
    becomes($key, 200, 'enabled');
}



=== TEST 10: grants by hand
--- guard eval
$main::guard
--- story
my $key = cached('narrowed');
my $name = redis_key(key_id('narrowed')) . ':scopes';
redis('SREM', $name, 'dns:read');
becomes($key, '403 insufficient_scope', 'SREM');
redis('SADD', $name, 'dns:*');
becomes($key, 200, 'SADD');
redis('SADD', $name, '!dns:read');
becomes($key, '403 insufficient_scope', 'a refusal');
redis('SREM', $name, '!dns:read');
becomes($key, 200, 'without it');
redis('DEL', $name);
becomes($key, '403 insufficient_scope', 'DEL of the list');



=== TEST 11: all other ways to change a record
--- guard eval
$main::guard
--- story
my $text = key('changed');
my $id = key_id('changed');
my $name = redis_key($id);
my %by = (
    'DEL'             => [['DEL', $name], '403 unknown_key'],
    'UNLINK'          => [['UNLINK', $name], '403 unknown_key'],
    'HDEL digest'     => [['HDEL', $name, 'digest'], '403 record_invalid'],
    'HDEL enabled'    => [['HDEL', $name, 'enabled'], '403 record_invalid'],
    'HSET digest'     => [['HSET', $name, 'digest', '0' x 64], '403 unknown_key'],
    'HSET mode'       => [['HSET', $name, 'mode', 'x'], '403 record_invalid'],
    'HSET expires_at' => [['HSET', $name, 'expires_at', time - 5], '403 key_expired'],
    'HSET ips'        => [['HSET', $name, 'ips', '10.0.0.1'], '403 ip_refused'],
    'PEXPIRE'         => [['PEXPIRE', $name, 50], '403 unknown_key'],
    'RENAME'          => [['RENAME', $name, 'elsewhere'], '403 unknown_key'],
    'SET'             => [['SET', $name, 'x'], '403 record_invalid'],
    'FLUSHDB'         => [['FLUSHDB'], '403 unknown_key'],
    'FLUSHALL'        => [['FLUSHALL'], '403 unknown_key'],
    'FLUSHALL ASYNC'  => [['FLUSHALL', 'ASYNC'], '403 unknown_key'],
);
for my $how (sort keys %by) {
    my ($command, $expected) = @{$by{$how}};
    redis('DEL', $name);
    cached('changed');
    redis(@$command);
    becomes($text, $expected, $how);
}



=== TEST 12: other keys stay cached when one changes
--- guard eval
$main::guard
--- story
my $key = cached('quiet');
my $other = cached('noisy');
for my $i (1 .. 20) {
    redis('HSET', redis_key(key_id('noisy')), 'name', "n$i");
    get('/', 'X-API-Key' => $other);
}
is(came_from(get('/', 'X-API-Key' => $key)), 'hit', 'the other one');
redis('SET', 'something:else', 'x');
redis('SADD', 'scoped_key:ids2', 'x');
is(came_from(get('/', 'X-API-Key' => $key)), 'hit', 'foreign keys');



=== TEST 13: expiry, to the second, while cached
--- guard eval
$main::guard
--- story
my $end = time + 3;
my $key = put_key('mortal', scopes => ['dns:read'], fields => {expires_at => $end});
my ($early, $late) = (0, 0);
while (Time::HiRes::time() < $end + 0.5) {
    my $before = Time::HiRes::time();
    my $answer = get('/', 'X-API-Key' => $key);
    my $after = Time::HiRes::time();

    $early++ if $after < $end - 0.01 && $answer->{status} != 200;
    $late++ if $before >= $end + 0.01 && verdict($answer) ne '403 key_expired';
    sleep 0.02;
}
is($early, 0, 'never refused before');
is($late, 0, 'never allowed after');



=== TEST 14: not_before and previous_until, while cached
--- guard eval
$main::guard
--- story
my $at = time + 2;
my $old = key_text('sk', key_id('two secrets'), 'Old' . '0' x 29);
my $young = put_key('young', scopes => ['dns:read'], fields => {not_before => $at});
put_key('two secrets', scopes => ['dns:read'],
        fields => {previous_digest => digest($old), previous_until => $at});

is(verdict(get('/', 'X-API-Key' => $young)), '403 key_not_yet_valid', 'young');
is(verdict(get('/', 'X-API-Key' => $old)), 200, 'old secret');
sleep 0.01 while Time::HiRes::time() < $at + 0.01;
is(verdict(get('/', 'X-API-Key' => $young)), 200, 'of age');
is(verdict(get('/', 'X-API-Key' => $old)), '403 unknown_key', 'old secret, over');
is(verdict(get('/', 'X-API-Key' => key('two secrets'))), 200, 'new secret');



=== TEST 15: one record for all locations
--- config
location /write {
    scoped_key on; scoped_key_require dns:write;
    add_header X-Cache $scoped_key_cache always;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- guard eval
$main::guard
--- story
my $key = cached('shared');
for my $round (1 .. 2) {
    my $answer = get('/write', 'X-API-Key' => $key);
    is(verdict($answer), '403 insufficient_scope', 'elsewhere');
    is(came_from($answer), 'hit', 'from the cache');
    is(verdict(get('/', 'X-API-Key' => $key)), 200, 'here');
}
redis('SADD', redis_key(key_id('shared')) . ':scopes', 'dns:write');
ok(eventually(2, sub { get('/write', 'X-API-Key' => $key)->{status} == 200 }),
   'granted there');



=== TEST 16: request facts are looked at again each time
--- http_config
set_real_ip_from 127.0.0.1;
real_ip_header X-Real-IP;
--- guard eval
$main::guard
--- story
my $key = put_key('bound', scopes => ['dns:read'],
    fields => {ips => '192.0.2.1', hosts => 'a.example', methods => 'GET'});
my @right = ('X-API-Key' => $key, 'X-Real-IP' => '192.0.2.1', 'Host' => 'a.example');
for my $round (1 .. 3) {
    is(verdict(get('/', @right)), 200, 'all right');
    is(verdict(get('/', 'X-API-Key' => $key, 'X-Real-IP' => '192.0.2.2',
                   'Host' => 'a.example')), '403 ip_refused', 'address');
    is(verdict(get('/', 'X-API-Key' => $key, 'X-Real-IP' => '192.0.2.1',
                   'Host' => 'b.example')), '403 host_refused', 'host');
    is(verdict(ask('POST', '/', @right)), '403 method_refused', 'method');
}



=== TEST 17: templates are filled in again each time
--- guard
scoped_key_require endpoint/$arg_id:read;
--- story
my $key = put_key('endpoints', scopes => ['endpoint/a:read']);
for my $round (1 .. 3) {
    is(verdict(get('/?id=a', 'X-API-Key' => $key)), 200, 'a');
    is(verdict(get('/?id=b', 'X-API-Key' => $key)), '403 insufficient_scope', 'b');
    is(verdict(get('/', 'X-API-Key' => $key)), '403 insufficient_scope', 'none');
}



=== TEST 18: ttl
--- http_config
scoped_key_cache 1m ttl=1s;
--- guard eval
$main::guard
--- story
my $key = cached('short-lived');
ok(eventually(5, sub { came_from(get('/', 'X-API-Key' => $key)) eq 'miss' }),
   'read again');
is(came_from(get('/', 'X-API-Key' => $key)), 'hit', 'and cached again');



=== TEST 19: negative
--- http_config
scoped_key_cache 1m negative=1s;
--- guard eval
$main::guard
--- story
linked();
my $key = key('never there');
is(came_from(get('/', 'X-API-Key' => $key)), 'miss', 'first');
is(came_from(get('/', 'X-API-Key' => $key)), 'negative', 'then');
ok(eventually(5, sub { came_from(get('/', 'X-API-Key' => $key)) eq 'miss' }),
   'asked again');



=== TEST 20: the link that reports changes is cut: nothing is missed
--- guard eval
$main::guard
--- story
my $key = cached('cut off');
for my $round (1 .. 3) {
    redis('CLIENT', 'KILL', 'TYPE', 'pubsub');
    redis('HSET', redis_key(key_id('cut off')), 'enabled', 0);
    ok(eventually(6, sub { get('/', 'X-API-Key' => $key)->{status} == 403 }),
       'refused within the bound');
    redis('HSET', redis_key(key_id('cut off')), 'enabled', 1);
    ok(eventually(6, sub { get('/', 'X-API-Key' => $key)->{status} == 200 }),
       'allowed again');
}



=== TEST 21: the connection that looks keys up is cut
--- guard eval
$main::guard
--- story
for my $round (1 .. 3) {
    my $key = put_key("after a cut $round", scopes => ['dns:read']);
    redis_all(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
    ok(eventually(5, sub { get('/', 'X-API-Key' => $key)->{status} == 200 }),
       'connected again');
}



=== TEST 22: a server that refuses tracking: the channel tells
--- post_setup_server_root
main::limited_user()
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK user=limited password_file=password timeout=5s connect_timeout=10s;
scoped_key_cache 1m bound=30s;
--- guard eval
$main::guard
--- story
my $key = cached('published');
redis_all(['HSET', redis_key(key_id('published')), 'enabled', 0],
          ['PUBLISH', 'scoped_key:invalidate', key_id('published')]);
becomes($key, '403 key_disabled', 'at once');



=== TEST 23: a server that refuses tracking: the bound holds without a word
--- post_setup_server_root
main::limited_user()
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK user=limited password_file=password timeout=1s connect_timeout=10s;
scoped_key_cache 1m bound=1s ttl=10m;
--- guard eval
$main::guard
--- story
my $key = cached('bound only');
redis('HSET', redis_key(key_id('bound only')), 'enabled', 0);
becomes($key, '403 key_disabled', 'within the bound');



=== TEST 24: an update in the middle of a lookup: never an older answer afterwards
--- guard eval
$main::guard
--- story
my $name = redis_key(key_id('raced'));
my $key = put_key('raced', scopes => ['dns:read']);
my $wrong = 0;
for my $round (1 .. 100) {
    redis('HSET', $name, 'enabled', $round % 2);
    my $expected = $round % 2 ? '200' : '403 key_disabled';
    my $got;
    eventually(2, sub {
        return ($got = verdict(get('/', 'X-API-Key' => $key))) eq $expected });
    $wrong++ if $got ne $expected;
    $wrong++ if verdict(get('/', 'X-API-Key' => $key)) ne $expected;
}
is($wrong, 0, 'a hundred changes');



=== TEST 25: as many requests at once as one lookup serves
--- guard eval
$main::guard
--- story
linked();
my $key = put_key('crowd', scopes => ['dns:read']);
get('/');
my ($before) = redis('INFO', 'commandstats') =~ /cmdstat_exec:calls=(\d+)/;
redis('CLIENT', 'PAUSE', 300, 'ALL');
my @sockets = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => server_port()) } 1 .. 50;
for my $socket (@sockets) {
    print {$socket} "GET / HTTP/1.0\r\nX-API-Key: $key\r\n\r\n";
    $socket->flush;
}
my $good = grep { (readline($_) // '') =~ / 200 / } @sockets;
is($good, 50, 'all are allowed');
my ($after) = redis('INFO', 'commandstats') =~ /cmdstat_exec:calls=(\d+)/;
cmp_ok($after - $before, '<=', 2, 'by one lookup');



=== TEST 26: a small cache and more keys than fit
--- http_config
scoped_key_cache 64k;
--- guard eval
$main::guard
--- story
linked();
my @keys = map { put_key("fills $_", scopes => ['dns:read'],
                         fields => {name => 'x' x 2000}) } 1 .. 100;
for my $round (1, 2) {
    is(scalar(grep { get('/', 'X-API-Key' => $_)->{status} == 200 } @keys), 100,
       'all are allowed');
}
is(came_from(get('/', 'X-API-Key' => $keys[0])), 'miss', 'the first was pushed out');
