# When keys were last used: who is noted, how often it is written, and that no
# request waits for it or fails with it.

use lib 't/lib';
use Blocks;
use Time::HiRes qw(sleep);
use ScopedKey;
use Visit;

# a first use shows within a second, on a machine that has nothing else to do
our $SOON = 10;

our $guard = 'scoped_key_require dns:read;'
    . ' add_header X-Cache $scoped_key_cache always;';

sub last_used { return redis('ZSCORE', 'scoped_key:last_used', key_id($_[0])) }

sub old_secret_used {
    return redis('ZSCORE', 'scoped_key:last_used_previous', key_id($_[0]));
}

# used(NAME, SINCE, TEST): its last use is of that second or later
sub used {
    my ($name, $since, $test) = @_;
    my $got;

    eventually($main::SOON, sub {
        $got = last_used($name);
        return defined $got && $got >= $since;
    });
    $got //= 0;
    ok($got >= $since && $got <= time, "$test: $got, since $since");
}

# a key that may read, and was never used
sub fresh {
    my ($name, %with) = @_;

    redis('ZREM', 'scoped_key:last_used', key_id($name));

    return put_key($name, scopes => ['dns:read'], %with);
}

# how often Redis was asked to write something that is sorted
sub writes {
    my ($n) = redis('INFO', 'commandstats') =~ /^cmdstat_zadd:calls=(\d+)/m;

    return $n // 0;
}

# a user of Redis with all rights but these; before nginx starts
sub limited_user {
    redis('ACL', 'SETUSER', 'limited', 'reset', 'on', '>pass', '~*', '&*', '+@all',
          @_);
    write_private('password', "pass\n");
}

# in the log of this block
our $said = qr/takes? last uses/;

run_tests();

__DATA__

=== TEST 1: a first use shows at once
--- guard eval
$main::guard
--- story
my $key = fresh('first');
my $now = time;
is(verdict(get('/', 'X-API-Key' => $key)), 200, 'allowed');
used('first', $now, 'miss');

logged($main::said, 0, 'and nothing is said of it');



=== TEST 2: with misses and hits of several keys
--- guard eval
$main::guard
--- story
linked();
my %keys = map { $_ => fresh($_) } 'a' .. 'f';
my $now = time;
for my $round (1 .. 3) {
    get('/', 'X-API-Key' => $_) for values %keys;
}
used($_, $now, "key $_") for sort keys %keys;

# nginx is stopped before this one is written
is(verdict(get('/', 'X-API-Key' => fresh('left behind'))), 200, 'and the last one');



=== TEST 3: not more often than the interval, however often it is used
--- http_config
scoped_key_last_used 3s;
--- guard eval
$main::guard
--- story
linked();
my $key = fresh('busy');
my $before = writes();
my $end = Time::HiRes::time() + 7;
my %scores;
while (Time::HiRes::time() < $end) {
    get('/', 'X-API-Key' => $key) for 1 .. 20;
    $scores{last_used('busy') // 0}++;
    sleep 0.05;
}
my $n = writes() - $before;
ok($n >= 2 && $n <= 3, "written $n times in 7 seconds");
my @scores = sort { $a <=> $b } grep { $_ } keys %scores;
cmp_ok(scalar @scores, '>=', 2, 'it moves on');
cmp_ok($scores[1] - $scores[0], '>=', 3, 'by the interval');



=== TEST 4: nor when its record is read again
--- guard eval
$main::guard
--- story
linked();
my $key = fresh('changed');
my $now = time;
get('/', 'X-API-Key' => $key);
used('changed', $now, 'the first');
my $before = writes();
my $misses = 0;
for my $round (1 .. 20) {
    redis('HSET', redis_key(key_id('changed')), 'name', "n$round");
    eventually(2, sub {
        return field(get('/', 'X-API-Key' => $key), 'X-Cache') eq 'miss' }) and $misses++;
    get('/', 'X-API-Key' => $key);
}
is($misses, 20, 'read again');
sleep 1.2;
is(writes() - $before, 0, 'not written');



=== TEST 5: a key with two texts, and the old one apart
--- http_config
scoped_key_last_used 1h;
--- guard eval
$main::guard
--- story
linked();
redis('DEL', 'scoped_key:last_used_previous');
my $old = key_text('sk', key_id('two secrets'), 'Old' . '0' x 29);
my $new = fresh('two secrets',
    fields => {previous_digest => digest($old), previous_until => time + 60});
my $before = writes();
my $now = time;
is(verdict(get('/', 'X-API-Key' => $new)), 200, 'allowed') for 1 .. 3;
used('two secrets', $now, 'the new secret');
is(old_secret_used('two secrets'), undef, 'not the old one');
my $first = last_used('two secrets');

# though the key itself was noted within the interval
is(verdict(get('/', 'X-API-Key' => $_)), 200, 'allowed') for ($old, $new) x 3;
eventually($main::SOON, sub { defined old_secret_used('two secrets') });
cmp_ok(old_secret_used('two secrets'), '>=', $now, 'the old secret');
sleep 1;
is(writes() - $before, 2, 'written once each');
is(last_used('two secrets'), $first, 'the key by its interval');

# rotated once more: what was the new secret is the old one now
redis('ZREM', 'scoped_key:last_used_previous', key_id('two secrets'));
put_key('two secrets', scopes => ['dns:read'],
    fields => {digest => digest('no text'), previous_digest => digest($new), previous_until => time + 60});
is(verdict(get('/', 'X-API-Key' => $old)), '403 unknown_key', 'the oldest text');
is(verdict(get('/', 'X-API-Key' => $new)), 200, 'the one before');
eventually($main::SOON, sub { defined old_secret_used('two secrets') });
cmp_ok(old_secret_used('two secrets') // 0, '>=', $now, 'is noted at once');



=== TEST 6: an old secret alone is a use of both kinds; a refused one of none
--- guard eval
$main::guard
--- story
linked();
redis('DEL', 'scoped_key:last_used_previous');
my %old = map { $_ => key_text('sk', key_id($_), 'Old' . '0' x 29) } qw(late over);
my $now = time;
fresh('late', fields => {previous_digest => digest($old{late}),
                         previous_until => time + 60});
fresh('over', fields => {previous_digest => digest($old{over}),
                         previous_until => time - 1});
is(verdict(get('/', 'X-API-Key' => $old{over})), '403 unknown_key', 'over');
is(verdict(get('/', 'X-API-Key' => $old{late})), 200, 'in time');
used('late', $now, 'the key');
eventually($main::SOON, sub { defined old_secret_used('late') });
cmp_ok(old_secret_used('late') // 0, '>=', $now, 'its old secret');
is(old_secret_used('over'), undef, 'no use');
logged($main::said, 0, 'without a word');



=== TEST 7: the first use of a new text is written at once
--- http_config
scoped_key_last_used 1h;
--- guard eval
$main::guard
--- story
linked();
redis('DEL', 'scoped_key:last_used_previous');
my $old = fresh('turned');
my $now = time;
is(verdict(get('/', 'X-API-Key' => $old)), 200, 'allowed');
used('turned', $now, 'before the rotation');

# what was written for the old text is put back, to tell the next one by
redis('ZADD', 'scoped_key:last_used', 5, key_id('turned'));
my $new = key_text('sk', key_id('turned'), 'New' . '0' x 29);
put_key('turned', text => $new, scopes => ['dns:read'],
    fields => {previous_digest => digest($old), previous_until => time + 60, rotated_at => time});
my $before = writes();
is(verdict(get('/', 'X-API-Key' => $new)), 200, 'the new text') for 1 .. 3;
used('turned', $now, 'the new text');
is(old_secret_used('turned'), undef, 'not the old one');

# read again, it is not written once more
put_key('turned', text => $new, scopes => ['dns:read', 'dns:write'],
    fields => {previous_digest => digest($old), previous_until => time + 60, rotated_at => time});
is(verdict(get('/', 'X-API-Key' => $new)), 200, 'read again');
is(verdict(get('/', 'X-API-Key' => $old)), 200, 'the old text');
eventually($main::SOON, sub { defined old_secret_used('turned') });
cmp_ok(old_secret_used('turned') // 0, '>=', $now, 'which is written by itself');
# the third is that of put_key, to the index
is(writes() - $before, 3, 'written once each');



=== TEST 8: who was refused has not used it
--- config eval
"location / { scoped_key on; scoped_key_require dns:read; $main::guard
              proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }
 location /dry { scoped_key on; scoped_key_require dns:write; scoped_key_dry_run on;
                 proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }
 location /off { scoped_key off; proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }"
--- story
my %of = (
    disabled => {fields => {enabled => 0}}, scopeless => {scopes => []},
    expired => {fields => {expires_at => 1}}, invalid => {fields => {mode => 'x'}},
    elsewhere => {fields => {ips => '192.0.2.1'}},
);
my %keys = map { $_ => fresh($_, %{$of{$_}}) } keys %of;
my $good = fresh('good');
redis('DEL', 'scoped_key:last_used');
for my $round (1 .. 2) {
    isnt(get('/', 'X-API-Key' => $keys{$_})->{status}, 200, $_) for sort keys %keys;
}
get('/', 'X-API-Key' => key_text('sk', key_id('good'), 'W' x 32));
get('/', 'X-API-Key' => key('never there'));
get('/', 'X-API-Key' => 'junk');
get('/');
get('/', 'X-API-Key' => $good, 'Authorization' => "Bearer $good");
is(get('/dry', 'X-API-Key' => $good)->{status}, 200, 'refused in a dry run');
is(get('/off', 'X-API-Key' => $good)->{status}, 200, 'where keys are off');
sleep 1.2;
is(redis('EXISTS', 'scoped_key:last_used'), 0, 'nothing is written');
my $now = time;
get('/', 'X-API-Key' => $good);
used('good', $now, 'but then');
is(redis('ZCARD', 'scoped_key:last_used'), 1, 'of this key alone');



=== TEST 9: allowed in a dry run, global, legacy, and by its body
--- config eval
"location /dry { scoped_key on; scoped_key_require dns:read; scoped_key_dry_run on;
                 proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }
 location /global { scoped_key on; proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }
 location /legacy { scoped_key on; scoped_key_legacy on; scoped_key_require dns:read;
                    proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }
 location /body { scoped_key on; scoped_key_require dns:write;
                  scoped_key_param type json:/type;
                  proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:; }"
--- story
my $text = 'legacy-key-of-another-system';
my $now = time;
fresh('legacy', text => $text, id => legacy_id($text));
my $by_body = fresh('by body',
    scopes => ['{"scope": "dns:write", "params": {"type": ["TXT"]}}']);
my @json = ('X-API-Key' => $by_body, 'Content-Type' => 'application/json');

is(verdict(get('/dry', 'X-API-Key' => fresh('dry'))), 200, 'dry run');
is(verdict(get('/global', 'X-API-Key' => fresh('global', fields => {mode => 'global'}))),
   200, 'global');
is(verdict(get('/legacy', 'X-API-Key' => $text)), 200, 'legacy');
is(verdict(ask('POST', '/body', {body => '{"type": "A"}'}, @json)),
   '403 param_refused', 'refused by its body');
sleep 1;
is(last_used('by body'), undef, 'is no use');
is(verdict(ask('POST', '/body', {body => '{"type": "TXT"}'}, @json)), 200,
   'allowed by its body');
used($_, $now, $_) for 'dry', 'global', 'by body';
ok(eventually($main::SOON, sub {
    return (redis('ZSCORE', 'scoped_key:last_used', legacy_id($text)) // 0) >= $now }),
   'legacy, by its id');



=== TEST 10: more keys at once than one command takes
--- guard eval
$main::guard
--- story
linked();
my @keys = map { fresh("many $_") } 1 .. 300;
my $before = writes();
my $now = time;
my @answers = exchange(join '', map {
    "HEAD / HTTP/1.1\r\nHost: x\r\nX-API-Key: $keys[$_]\r\n"
        . ($_ < $#keys ? '' : "Connection: close\r\n") . "\r\n";
} 0 .. $#keys);
is(scalar(grep { $_->{status} == 200 } @answers), 300, 'all are allowed');
my $known;
ok(eventually($main::SOON, sub {
    $known = grep { (last_used("many $_") // 0) >= $now } 1 .. 300;
    return $known == 300;
}), 'all are written') or diag("only $known");
cmp_ok(writes() - $before, '<=', 10, 'in few commands');



=== TEST 11: off
--- http_config
scoped_key_last_used off;
--- guard eval
$main::guard
--- story
my $key = fresh('unwatched');
my $before = writes();
is(verdict(get('/', 'X-API-Key' => $key)), 200, 'allowed') for 1 .. 3;
sleep 1.5;
is(writes() - $before, 0, 'nothing is written');
is(last_used('unwatched'), undef, 'nothing is there');



=== TEST 12: another prefix
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK prefix=other: timeout=5s connect_timeout=10s;
--- guard eval
$main::guard
--- story
my $key = fresh('prefixed');
my $name = key_id('prefixed');
redis('DEL', "other:{$name}", "other:{$name}:scopes");
redis('RENAME', redis_key($name) . $_, "other:{$name}$_") for '', ':scopes';
is(verdict(get('/', 'X-API-Key' => $key)), 200, 'allowed');
ok(eventually($main::SOON, sub {
    return defined redis('ZSCORE', 'other:last_used', $name) }), 'in its place');
is(last_used('prefixed'), undef, 'and not in another');



=== TEST 13: what another worker has written of later stays
--- guard eval
$main::guard
--- story
my $key = fresh('later');
my $later = time + 100;
redis('ZADD', 'scoped_key:last_used', $later, key_id('later'));
my $before = writes();
get('/', 'X-API-Key' => $key);
ok(eventually($main::SOON, sub { return writes() > $before }), 'written');
is(last_used('later'), $later, 'but not back in time');



=== TEST 14: Redis is silent: keys in the cache go on as ever
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK timeout=200ms connect_timeout=5s;
scoped_key_last_used 1s;
--- guard eval
$main::guard
--- story
linked();
my $key = fresh('patient');
my $now = time;
ok(eventually(5, sub { get('/', 'X-API-Key' => $key)->{status} == 200 }), 'cached');
used('patient', $now, 'used');

redis('CLIENT', 'PAUSE', 2500, 'ALL');
my ($slowest, $bad) = (0, 0);
my $end = Time::HiRes::time() + 2.3;
while ((my $from = Time::HiRes::time()) < $end) {
    $bad++ if get('/', 'X-API-Key' => $key)->{status} != 200;
    my $took = Time::HiRes::time() - $from;
    $slowest = $took if $took > $slowest;
    sleep 0.02;
}
is($bad, 0, 'all are allowed');
cmp_ok($slowest, '<', 0.5, 'none of them waits');
logged(qr/\[error\].*does not take last uses: "no answer"/, 1, 'it is said once');

ok(eventually(10, sub {
    get('/', 'X-API-Key' => $key);
    return (last_used('patient') // 0) >= $end;
}), 'and goes on');
logged(qr/takes last uses again, [1-9]\d* lost so far/, 1, 'what was lost is counted');



=== TEST 15: Redis refuses: one line, and requests go on
--- post_setup_server_root
main::limited_user('-zadd')
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK user=limited password_file=password timeout=5s connect_timeout=10s;
scoped_key_last_used 1s;
--- guard eval
$main::guard
--- story
linked();
my $key = fresh('unheard');
my $end = Time::HiRes::time() + 4;
my $bad = 0;
while (Time::HiRes::time() < $end) {
    $bad++ if get('/', 'X-API-Key' => $key)->{status} != 200;
    sleep 0.05;
}
is($bad, 0, 'all are allowed');
logged($main::said, 1, 'one line');
logged(qr/\[error\].*: "NOPERM /, 1, 'that says why');
logged(qr/connection.* lost/, 0, 'and no connection is lost');
my ($tries) = redis('INFO', 'commandstats') =~ /cmdstat_zadd:.*rejected_calls=(\d+)/;
cmp_ok($tries // 0, '<=', 5, 'nothing is tried again');

redis('ACL', 'SETUSER', 'limited', '+zadd');
ok(eventually(5, sub {
    get('/', 'X-API-Key' => $key);
    return defined last_used('unheard');
}), 'with the right it is written');
logged($main::said, 2, 'and another line says so');



=== TEST 16: what stands there is of another type
--- http_config
scoped_key_last_used 1s;
--- guard eval
$main::guard
--- story
linked();
my $key = fresh('misled');
redis('DEL', 'scoped_key:last_used');
redis('SET', 'scoped_key:last_used', 'x');
my $end = Time::HiRes::time() + 2.5;
my $bad = 0;
while (Time::HiRes::time() < $end) {
    $bad++ if get('/', 'X-API-Key' => $key)->{status} != 200;
    sleep 0.05;
}
is($bad, 0, 'all are allowed');
logged(qr/does not take last uses: "WRONGTYPE /, 1, 'it is said');
redis('DEL', 'scoped_key:last_used');
ok(eventually(5, sub {
    get('/', 'X-API-Key' => $key);
    return defined last_used('misled');
}), 'and then it is written');



=== TEST 17: scoped-key reads what nginx writes
--- guard eval
$main::guard
--- story
my $old = {fields => {created_at => time - 100 * 86400}};
my ($key, $idle) = (fresh('seen', %$old), fresh('idle', %$old));
my $now = time;
get('/', 'X-API-Key' => $key);
used('seen', $now, 'used');

my $uri = "redis://127.0.0.1:$ENV{TEST_REDIS_PORT}";
my $shown = qx(scripts/scoped-key -u $uri show @{[key_id('seen')]} 2>&1);
like($shown, qr/^last used: +(?:now|just now|\d+ seconds? ago|in)/m, 'show');
my %unused = map { $_ => 1 }
    split ' ', qx(scripts/scoped-key -u $uri unused --days 90 --quiet 2>&1);
ok(!$unused{key_id('seen')}, 'unused: not the one that was used');
ok($unused{key_id('idle')}, 'unused: the other one');



=== TEST 18: with the rights that docs/redis.md gives to workers
--- post_setup_server_root
open my $in, '<', 'docs/redis.md' or die "docs/redis.md: $!\n";
my ($rights) = grep { defined } map { /^user nginx on >\S+ (.+)/ } <$in>;
main::limited_user('-@all', 'resetkeys', 'resetchannels', split ' ', $rights);
--- http_config
scoped_key_redis unix:$TEST_NGINX_REDIS_SOCK user=limited password_file=password timeout=5s connect_timeout=10s;
--- guard eval
$main::guard
--- story
linked();
my $key = fresh('rightful');
my $now = time;
is(verdict(get('/', 'X-API-Key' => $key)), 200, 'allowed');
used('rightful', $now, 'used');
logged($main::said, 0, 'without a word');



=== TEST 19: nginx is stopped while uses are on their way
--- guard eval
$main::guard
--- story
my $key = fresh('parting');
is(verdict(get('/', 'X-API-Key' => $key)), 200, 'allowed');
redis('CLIENT', 'PAUSE', 1500, 'WRITE');
sleep 0.8;
is(verdict(get('/', 'X-API-Key' => $key)), 200, 'and again');
