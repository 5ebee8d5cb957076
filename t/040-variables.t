# $scoped_key_*: what they hold, where they can be used, and that a client cannot
# set them.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $proxied = 'proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;';
our @names = map { "scoped_key_$_" }
    qw(id name owner mode verdict reason grant cache age access meta_team meta_none);

# a line of all variables, for add_header and the like
our $all = join '|', map { "\$$_" } @names;

our $named = put_key('named', scopes => ['dns:read', 'x:*'], fields => {
    name => 'My key', owner => 'Jane Doe <jane@example.com>',
    'meta.team' => 'infra'});
our $global = put_key('global', fields => {mode => 'global', name => 'all'});
our $disabled = put_key('disabled', fields => {enabled => 0, name => 'old'},
                        scopes => ['dns:read']);
our $unknown = key('unknown');
our %id = map { ($_ => key_id($_)) } qw(named global disabled unknown);

# variables(ANSWER): the line that the location has put into X-All
sub variables {
    my ($answer) = @_;
    my @values = split /\|/, field($answer, 'X-All') // '', -1;

    return {map { (s/^scoped_key_//r => shift @values) } @main::names};
}

# has(ANSWER, NAME, VARIABLE => VALUE...)
sub has {
    my ($answer, $name, %expected) = @_;
    my $got = variables($answer);

    is($got->{$_}, $expected{$_}, "$name: $_") for sort keys %expected;
}

run_tests();

__DATA__

=== TEST 1: an allowed key
--- guard eval
"scoped_key_require dns:read; add_header X-All \"$main::all\" always;"
--- story
linked();
our ($named, %id);
my %same = (id => $id{named}, name => 'My key', mode => 'scoped',
    owner => 'Jane Doe <jane@example.com>', verdict => 'allowed', reason => '',
    grant => 'dns:read', age => '0', access => 'read', meta_team => 'infra',
    meta_none => '');
has(get('/', 'X-API-Key' => $named), 'first', %same, cache => 'miss');
has(get('/', 'X-API-Key' => $named), 'second', %same, cache => 'hit');
has(get('/', 'X-API-Key' => $named), 'third', %same, cache => 'hit');



=== TEST 2: a global key
--- guard eval
"scoped_key_require dns:read; add_header X-All \"$main::all\" always;"
--- story
our ($global, %id);
has(get('/', 'X-API-Key' => $global), $_, id => $id{global}, name => 'all',
    owner => '', mode => 'global', verdict => 'allowed', reason => '',
    meta_team => '') for 'first', 'second';



=== TEST 3: a refused key whose secret was shown
--- guard eval
"scoped_key_require dns:write; add_header X-All \"$main::all\" always;"
--- story
our ($named, $disabled, %id);
has(get('/', 'X-API-Key' => $named), 'insufficient', id => $id{named},
    name => 'My key', verdict => 'refused', reason => 'insufficient_scope',
    grant => '', mode => 'scoped');
has(get('/', 'X-API-Key' => $disabled), 'disabled', id => $id{disabled},
    name => 'old', verdict => 'refused', reason => 'key_disabled', grant => '');



=== TEST 4: without the secret, nothing of the record
--- config eval
"location /legacy { scoped_key on; scoped_key_legacy on; scoped_key_require dns:read; $main::proxied
                    add_header X-All \"$main::all\" always; }"
--- guard eval
"scoped_key_require dns:read; add_header X-All \"$main::all\" always;"
--- story
our ($named, $unknown, %id);
my $wrong = key_text('sk', $id{named}, 'W' x 32);
my %nothing = (name => '', owner => '', mode => '', grant => '', meta_team => '');
my %fields = (name => 'My key', owner => 'Jane', mode => 'global', 'meta.team' => 'infra');

my $old = key_text('sk', key_id('rotated'), 'Old' . '0' x 29);
put_key('rotated', scopes => ['dns:read'], fields => {%fields,
    previous_digest => digest($old), previous_until => time - 1});
put_key('legacy', text => 'legacy-text', id => legacy_id('legacy-text'), scopes => ['dns:read'], fields => {%fields});
for my $round ('first', 'again') {
    has(get('/', 'X-API-Key' => $old), "the text from before a rotation, $round",
        %nothing, id => '', age => '', verdict => 'refused', reason => 'unknown_key');
    has(get('/legacy', 'X-API-Key' => 'legacy-text'), "a legacy key, $round",
        name => 'My key', mode => 'global', verdict => 'allowed');
    has(get('/', 'X-API-Key' => 'legacy-text'), "where it is none, $round",
        %nothing, id => '', age => '', verdict => 'refused', reason => 'malformed_key');
}

get('/', 'X-API-Key' => $named);
has(get('/', 'X-API-Key' => $wrong), 'wrong secret', %nothing,
    verdict => 'refused', reason => 'unknown_key');
has(get('/', 'X-API-Key' => $unknown), 'unknown', %nothing,
    verdict => 'refused', reason => 'unknown_key');
has(get('/', 'X-API-Key' => 'junk'), 'malformed', %nothing, id => '', cache => '',
    verdict => 'refused', reason => 'malformed_key', age => '');
has(get('/'), 'missing', %nothing, id => '', cache => '',
    verdict => 'refused', reason => 'missing_key', age => '');
has(get('/', 'X-API-Key' => $named, 'X-API-Key' => $named), 'two', %nothing,
    id => '', cache => '', verdict => 'refused', reason => 'ambiguous_key');



=== TEST 5: the grant that decided, and the refusal that did
--- guard eval
"scoped_key_require x:y z:y; add_header X-All \"$main::all\" always;"
--- story
my $grant = sub {
    my ($expected, @scopes) = @_;
    my $key = put_key("grants @scopes", scopes => \@scopes);
    for my $round ('first', 'second', 'third') {
        has(get('/', 'X-API-Key' => $key), "@scopes, $round", grant => $expected);
    }
};
$grant->('x:y', 'x:y');
$grant->('x:*', 'x:*', 'a:b');
$grant->('z:y', 'z:y', 'a:b');
$grant->('**:y', '**:y');



=== TEST 6: where no location has decided, all are empty but access
--- config eval
"location /off { scoped_key off; add_header X-All \"$main::all\" always;
                 return 200 x; }"
--- guard
scoped_key_require dns:read;
--- story
our $named;
has(get('/off', 'X-API-Key' => $named), 'off', map({ ($_ => '') }
    qw(id name owner mode verdict reason grant cache age meta_team)),
    access => 'read');



=== TEST 7: anonymous, dry run, preflight
--- config eval
my $end = "add_header X-All \"$main::all\" always; $main::proxied }";
"location /optional { scoped_key optional; scoped_key_require dns:read; $end
 location /dry-run { scoped_key on; scoped_key_dry_run on;
                     scoped_key_require dns:write; $end
 location /preflight { scoped_key on; scoped_key_preflight on;
                       scoped_key_require dns:read; $end"
--- story
our ($named, %id);
has(get('/optional'), 'optional, none', verdict => 'anonymous', reason => '',
    id => '', grant => '');
has(get('/optional', 'X-API-Key' => $named), 'optional, key',
    verdict => 'allowed', id => $id{named});
has(get('/optional', 'X-API-Key' => 'junk'), 'optional, junk',
    verdict => 'refused', reason => 'malformed_key');
has(get('/dry-run', 'X-API-Key' => $named), 'dry run, insufficient',
    verdict => 'dry_run', reason => 'insufficient_scope', id => $id{named});
has(get('/dry-run'), 'dry run, none', verdict => 'dry_run',
    reason => 'missing_key');
has(ask('OPTIONS', '/preflight', 'Origin' => 'http://a.example',
        'Access-Control-Request-Method' => 'PUT'), 'preflight',
    verdict => 'anonymous', reason => '');



=== TEST 8: $scoped_key_access
--- guard
scoped_key_require valid_key;
proxy_set_header X-Access $scoped_key_access;
--- story
our $named;
my %access = (GET => 'read', OPTIONS => 'read', POST => 'write', PUT => 'write',
    PATCH => 'write', DELETE => 'write', PROPFIND => 'write', PURGE => 'write',
    get => 'write');
for my $method (grep { $_ ne 'get' } sort keys %access) {
    my $answer = ask($method, '/', 'X-API-Key' => $named);
    is_deeply([upstream_lines($answer, 'X-Access')],
              ["X-Access: $access{$method}"], $method);
}



=== TEST 9: for the upstream; what a client sends under these names is not used
--- guard
scoped_key_require dns:read;
proxy_set_header X-Key-Id $scoped_key_id;
proxy_set_header X-Key-Owner $scoped_key_owner;
proxy_set_header X-Key-Team $scoped_key_meta_team;
proxy_set_header X-Key-Verdict $scoped_key_verdict;
--- story
our ($named, $global, %id);
my @forged = map { ("X-Key-$_" => 'forged', "scoped_key_\L$_" => 'forged',
    "Scoped-Key-$_" => 'forged') } qw(Id Owner Team Verdict);
my $answer = get('/?scoped_key_id=forged', 'X-API-Key' => $named, @forged,
                 'Cookie' => 'scoped_key_id=forged');
is_deeply([map { upstream_lines($answer, "X-Key-$_") } qw(Id Owner Team Verdict)],
    ["X-Key-Id: $id{named}", 'X-Key-Owner: Jane Doe <jane@example.com>',
     'X-Key-Team: infra', 'X-Key-Verdict: allowed'], 'one line each, ours');

$answer = get('/', 'X-API-Key' => $global, @forged);
is_deeply([upstream_lines($answer, 'X-Key-Team')], [], 'empty: no line at all');



=== TEST 10: in a map, and in what an operator builds with it
--- http_config
map $scoped_key_mode:$scoped_key_meta_team $tier {
    default      basic;
    scoped:infra gold;
    ~^global     platinum;
}
--- guard
scoped_key_require dns:read;
proxy_set_header X-Tier $tier;
--- story
our ($named, $global);
my $plain = put_key('plain', scopes => ['dns:read']);
my $tier = sub { (upstream_lines(get('/', 'X-API-Key' => $_[0]), 'X-Tier'))[0] };
is($tier->($named), 'X-Tier: gold', 'named');
is($tier->($global), 'X-Tier: platinum', 'global');
is($tier->($plain), 'X-Tier: basic', 'plain');



=== TEST 11: in the access log, after an error page and other redirects
--- http_config
log_format keys '$request_uri $status [$scoped_key_id|$scoped_key_verdict|$scoped_key_reason]';
access_log logs/keys.log keys;
--- user_files
>>> page.html
page
--- config
location = /page.html { root html; }
location /refused {
    scoped_key on; scoped_key_require dns:write;
    error_page 403 /page.html;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /named {
    scoped_key on; scoped_key_require dns:write;
    error_page 403 @page;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location @page { return 403 "x"; }
location /try {
    scoped_key on; scoped_key_require dns:read;
    root html; try_files /none @open;
}
location @open { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /accel {
    scoped_key on; scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /second {
    internal;
    scoped_key on; scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($named, %id);
my @key = ('X-API-Key' => $named);
my $refused = "403 [$id{named}|refused|insufficient_scope]";
my @expected = (
    ['/refused', $refused], ['/named', $refused],
    ['/try', "200 [$id{named}|allowed|]"], ['/accel', "200 [$id{named}|allowed|]"],
);
get($_->[0], @key) for @expected;
get('/accel', @key, 'X-Answer-Line' => 'X-Accel-Redirect /second');
push @expected, ['/accel', $refused];
get('/nothing', @key);
push @expected, ['/nothing', '404 [||]'];

my $file = dir('logs') . '/keys.log';
ok(eventually(5, sub { open my $in, '<', $file or return; @{[<$in>]} == 6 }), 'all');
open my $in, '<', $file;
chomp(my @lines = <$in>);
is_deeply([map { s/\|\|/||/r } @lines], [map { "@$_" } @expected], 'lines');



=== TEST 12: asked for before there is a decision, and then after it
--- http_config
map $scoped_key_id $mapped { volatile; default "[$scoped_key_id]"; }
--- guard
set $early "$scoped_key_id";
scoped_key_require dns:read;
proxy_set_header X-Early "[$early]";
proxy_set_header X-Late "[$scoped_key_id]";
proxy_set_header X-Verdict $scoped_key_verdict;
if ($scoped_key_verdict) { return 500; }
--- story
our ($named, %id);
my $answer = get('/', 'X-API-Key' => $named);
is_deeply([map { upstream_lines($answer, $_) } qw(X-Early X-Late X-Verdict)],
    ['X-Early: []', "X-Late: [$id{named}]", 'X-Verdict: allowed'], 'values');



=== TEST 13: in a subrequest, the parent's
--- user_files
>>> page.shtml
<!--#include virtual="/part" -->
--- config
location = /page.shtml {
    scoped_key on; scoped_key_require dns:read;
    root html; ssi on; ssi_types text/plain;
}
location /part {
    proxy_set_header X-Id $scoped_key_id;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our ($named, %id);
like(get('/page.shtml', 'X-API-Key' => $named)->{body}, qr/^X-Id: $id{named}\r$/m,
     'the part knows the key');



=== TEST 14: what others wrote into a record cannot split a header
A record with control bytes may be refused, or its bytes replaced.
--- guard
scoped_key_require dns:read;
proxy_set_header X-Name $scoped_key_name;
proxy_set_header X-Owner $scoped_key_owner;
proxy_set_header X-Team $scoped_key_meta_team;
add_header X-Name $scoped_key_name always;
--- story
for my $field (qw(name owner meta.team)) {
    for my $bytes ("a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\0b\nX-Evil: 1",
                   "a\x7f\x1b[31m\nX-Evil: 1")
    {
        my $key = put_key("control $field", scopes => ['dns:read'],
                          fields => {$field => $bytes});
        my $answer = get('/', 'X-API-Key' => $key);

        like(verdict($answer), qr/^(?:200|403 record_invalid)$/, "$field: status");
        unlike($answer->{head}, qr/^X-Evil/mi, "$field: the answer");
        unlike($answer->{body}, qr/[\r\n]X-Evil/i, "$field: the upstream");
    }
}



=== TEST 15: bytes that are not ASCII stay as they are
--- guard
scoped_key_require dns:read;
proxy_set_header X-Name $scoped_key_name;
--- story
my $name = "Z\xc3\xbcrich \"quoted\" \\ 'it' ; , %20";
my $key = put_key('utf-8', scopes => ['dns:read'], fields => {name => $name});
my $answer = get('/', 'X-API-Key' => $key);
is((upstream_lines($answer, 'X-Name'))[0], "X-Name: $name", 'name');



=== TEST 16: meta names as nginx writes variables: letters, digits, underscores
--- guard
scoped_key_require dns:read;
proxy_set_header X-A "[$scoped_key_meta_a_1]";
proxy_set_header X-B "[$scoped_key_meta_team]";
proxy_set_header X-C "[$scoped_key_meta_digest]";
--- story
my $key = put_key('meta', scopes => ['dns:read'], fields => {
    'meta.a_1' => 'one', 'meta.Team' => 'two', 'meta.team.x' => 'three',
    'team' => 'four', 'meta' => 'five'});
my $answer = get('/', 'X-API-Key' => $key);
is((upstream_lines($answer, 'X-A'))[0], 'X-A: [one]', 'a_1');
is((upstream_lines($answer, 'X-C'))[0], 'X-C: []', 'never the digest');



=== TEST 17: $scoped_key_age counts seconds
--- guard eval
"scoped_key_require dns:read; add_header X-All \"$main::all\" always;"
--- story
linked();
our $named;
get('/', 'X-API-Key' => $named);
ok(eventually(10, sub {
    variables(get('/', 'X-API-Key' => $named))->{age} eq '2' }), 'two');
is(variables(get('/', 'X-API-Key' => $named))->{cache}, 'hit', 'still cached');



=== TEST 18: they cannot be set
--- config
location / {
    set $scoped_key_id forged;
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- must_die
--- error_log
[emerg]
scoped_key_id



=== TEST 19: not in a map, either
--- http_config
map $http_x_id $scoped_key_owner { default $http_x_id; }
--- guard
scoped_key_require dns:read;
--- must_die
--- error_log
[emerg]
scoped_key_owner



=== TEST 20: nor by a named capture
--- config
location ~ ^/(?<scoped_key_id>.*)$ {
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- must_die
--- error_log
[emerg]
scoped_key_id
