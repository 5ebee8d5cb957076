# What a location requires and what a key was granted: patterns, refusals,
# alternatives, several directives, and templates that a client would like to
# change the structure of.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $proxied = 'proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;';
our $count = 0;

# the key that was granted these
sub granted {
    my @scopes = @_;
    my %fields = $scopes[0] && $scopes[0] eq 'global'
        ? (mode => shift @scopes) : ();

    return put_key('scopes ' . $count++, fields => \%fields, scopes => \@scopes);
}

# required scope => what grants it, and what does not
our @matrix = (
    'dns:read' => [
        ['dns:read', '*:read', 'dns:*', '*:*', '**:read', '**:*'],
        ['dns:write', 'DNS:read', 'dns:READ', 'dns:rea', 'dns:reads', 'dn:read',
         'dnss:read', 'dns/x:read', 'dns/*:read', 'dns/**:read', '*/*:*',
         'x/dns:read', '*:write', 'read:dns']],
    'endpoint/abc:read' => [
        ['endpoint/abc:read', 'endpoint/*:read', '*/abc:read', '*/*:*',
         'endpoint/**:read', '**:read', '**:*', '*/**:*'],
        ['endpoint:read', 'endpoint/ab:read', 'endpoint/abcd:read', '*:read', '*:*',
         'endpoint/abc/x:read', 'endpoint/abc/**:read', 'endpoint/abc:write',
         'endpoint/*:write', '*/*/*:read', 'endpoint/ABC:read', 'abc:read']],
    'zone/example.com/dns:edit' => [
        ['zone/example.com/dns:edit', 'zone/*/dns:edit', 'zone/**:edit', '*/*/*:*',
         'zone/example.com/*:edit', 'zone/example.com/**:edit', '*/**:edit',
         'zone/*/**:edit'],
        ['zone/example.com:edit', 'zone/*:edit', 'zone/example.org/dns:edit',
         'zone/examplexcom/dns:edit', 'zone/example.com/dns/**:edit',
         'zone/*/*/*:edit', '*:*']],
    'a.b_c~d@e%2D-/X9:v.1' => [
        ['a.b_c~d@e%2D-/X9:v.1', '*/X9:*', '**:v.1'],
        ['a.b_c~d@e--/X9:v.1', 'a.b_c~d@e%2d-/X9:v.1', 'axb_c~d@e%2D-/X9:v.1']],
    join('/', 1 .. 16) . ':go' => [
        [join('/', 1 .. 16) . ':go', '1/**:go', join('/', ('*') x 16) . ':go',
         join('/', 1 .. 15) . '/**:*'],
        [join('/', 1 .. 15) . ':go', join('/', ('*') x 15) . ':go']],
);

sub matrix_config {
    my @required = map { $main::matrix[2 * $_] } 0 .. $#main::matrix / 2;

    return join '', map { "location = /$_ { scoped_key on; scoped_key_require "
                          . "$required[$_]; $main::proxied }\n" } 0 .. $#required;
}

run_tests();

__DATA__

=== TEST 1: which grant opens which scope
--- config eval
main::matrix_config()
--- story
our @matrix;
for my $i (0 .. $#matrix / 2) {
    my ($required, $grants) = @matrix[2 * $i, 2 * $i + 1];
    my ($good, $bad) = @$grants;

    verdict_is(get("/$i", 'X-API-Key' => granted($_)), 200, "$_ opens $required")
        for @$good;
    verdict_is(get("/$i", 'X-API-Key' => granted($_)), '403 insufficient_scope',
               "$_ does not open $required") for @$bad;
    verdict_is(get("/$i", 'X-API-Key' => granted(@$bad)),
               '403 insufficient_scope', "nor do all of them open $required");
}



=== TEST 2: a member that cannot be read grants nothing
--- guard
scoped_key_require dns:read;
--- story
for my $member ('', ' ', 'dns', 'dns:', ':read', ':', 'dns:read:x', 'dns//x:read',
    '/dns:read', 'dns/:read', 'd*:read', '*s:read', 'dns:re*', 'd**:read', 'dns:**',
    '**/dns:read', '**/**:read', '***:read', 'dns:***', ' dns:read', 'dns:read ',
    "dns:read\n", "dns:read\0", "dns:\tread", 'dns:read,dns:write', 'dns:read dns:write',
    'dns:read|x', '(dns):read', "dns:r\xc3\xa4d", '?:read', '[a-z]+:read', '^.*:read$',
    'dns:' . 'r' x 300, 'x/' x 16 . 'dns:read', '{', '{}', '[]', '"dns:read"',
    '["dns:read"]', '{"scope":"dns:read","scopes":"x"}', '{"scope":"dns:read"',
    '{"scope":["dns:read"]}', '{"scope":null}', '{"Scope":"dns:read"}', '*', '**',
    'valid_key', 'dns:read#', "\xff")
{
    my $name = length $member > 40 ? length($member) . ' bytes'
             : '"' . ($member =~ s/[^ -~]/?/gr) . '"';
    verdict_is(get('/', 'X-API-Key' => granted($member)),
               '403 insufficient_scope', "$name alone");
    verdict_is(get('/', 'X-API-Key' => granted($member, 'dns:read')), 200,
               "$name beside a grant");
}



=== TEST 3: such a member is logged with the id
--- guard
scoped_key_require dns:read;
--- story
my $key = granted('dns:re*d', 'dns:read');
my $id = (split /_/, $key)[1];
get('/', 'X-API-Key' => $key);
cmp_ok(scalar(error_log_has(qr/\[(?:warn|error)\].*\Q$id\E/)), '>=', 1, 'logged');



=== TEST 4: a refusal that cannot be read makes the record invalid
--- guard
scoped_key_require dns:read;
--- story
for my $refusal ('!', '!!dns:read', '! dns:read', '!dns', '!dns:', '!d*s:read',
    '!**/x:read', '!dns:**', '!{"scope":"dns:read"}', '!*', '!dns:read ')
{
    verdict_is(get('/', 'X-API-Key' => granted('dns:read', $refusal)),
               '403 record_invalid', "$refusal, scoped");
    verdict_is(get('/', 'X-API-Key' => granted('global', $refusal)),
               '403 record_invalid', "$refusal, global");
}



=== TEST 5: a refusal beats every grant of the same scope
--- guard
scoped_key_require dns:read;
--- story
my $try = sub {
    my ($expected, @grants) = @_;
    verdict_is(get('/', 'X-API-Key' => granted(@grants)), $expected, "@grants");
};
my $no = '403 insufficient_scope';

$try->($no, 'dns:read', '!dns:read');
$try->($no, 'dns:read', '!*:read');
$try->($no, 'dns:read', '!**:*');
$try->($no, 'dns:read', 'dns:*', '*:read', '!dns:*');
$try->(200, 'dns:read', '!dns:write');
$try->(200, 'dns:read', '!dns/x:read');
$try->(200, 'dns:read', '!dns/**:*');
$try->(200, 'dns:read', '!DNS:read');
$try->($no, '!dns:read');
$try->($no, '!dns:write');
$try->(200, 'global');
$try->($no, 'global', '!dns:read');
$try->($no, 'global', 'dns:read', '!**:read');
$try->(200, 'global', '!dns:write');
$try->(200, 'global', '!**:write', 'x:y');



=== TEST 6: alternatives, one is enough
--- guard
scoped_key_require dns:read dns:admin zone/x:read;
--- story
my $try = sub {
    my ($expected, @grants) = @_;
    verdict_is(get('/', 'X-API-Key' => granted(@grants)), $expected, "@grants");
};
my $no = '403 insufficient_scope';

$try->(200, 'dns:read');
$try->(200, 'dns:admin');
$try->(200, 'zone/x:read');
$try->(200, 'zone/*:*', 'a:b');
$try->($no, 'dns:write');
$try->($no, 'zone/y:read');
$try->(200, 'dns:*', '!dns:read');
$try->($no, 'dns:*', '!dns:read', '!dns:admin');
$try->(200, 'global', '!dns:*');
$try->($no, 'global', '!dns:*', '!zone/**:read');



=== TEST 7: several directives, all must hold
--- guard
scoped_key_require a:read a:admin;
scoped_key_require b:read b:admin;
--- story
my $try = sub {
    my ($expected, @grants) = @_;
    verdict_is(get('/', 'X-API-Key' => granted(@grants)), $expected, "@grants");
};
my $no = '403 insufficient_scope';

$try->(200, 'a:read', 'b:read');
$try->(200, 'a:admin', 'b:read');
$try->(200, '*:admin');
$try->(200, '**:*');
$try->($no, 'a:read', 'a:admin');
$try->($no, 'b:read', 'b:admin');
$try->($no, 'a:read', 'b:write');
$try->($no, '*:*', '!b:*');
$try->(200, '*:*', '!b:read');
$try->(200, 'global');
$try->($no, 'global', '!a:*');
$try->($no, 'global', '!b:*');
$try->(200, 'global', '!a:read', '!b:admin');



=== TEST 8: valid_key: any valid key
--- guard
scoped_key_require valid_key;
--- story
my $now = time;
cases('/',
    'no grants'    => [200, 'X-API-Key' => granted()],
    'other grants' => [200, 'X-API-Key' => granted('x:y')],
    'refusals'     => [200, 'X-API-Key' => granted('!**:*')],
    'global'       => [200, 'X-API-Key' => granted('global')],
    'disabled'     => ['403 key_disabled', 'X-API-Key' =>
                       put_key('disabled', fields => {enabled => 0})],
    'expired'      => ['403 key_expired', 'X-API-Key' =>
                       put_key('expired', fields => {expires_at => $now - 1})],
    'address'      => ['403 ip_refused', 'X-API-Key' =>
                       put_key('address', fields => {ips => '10.0.0.1'})],
    'unknown'      => ['403 unknown_key', 'X-API-Key' => key('unknown')],
    'none'         => ['403 missing_key']);



=== TEST 9: nothing required: only global keys
--- guard
--- story
cases('/',
    'no grants'  => ['403 insufficient_scope', 'X-API-Key' => granted()],
    'all grants' => ['403 insufficient_scope', 'X-API-Key' => granted('**:*')],
    'global'     => [200, 'X-API-Key' => granted('global')],
    'global, other refusal' => [200, 'X-API-Key' => granted('global', '!x:y')],
    'none'       => ['403 missing_key']);
is(problem(get('/', 'X-API-Key' => granted()))->{required}, undef,
   'no scope would help');



=== TEST 10: an inner block replaces what the outer one requires
--- config
scoped_key on;
scoped_key_require server:read;
scoped_key_require server:too;
location /inherits { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
location /own {
    scoped_key_require own:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    location /own/inherits { proxy_pass http://unix:$TEST_NGINX_UPSTREAM:; }
    location /own/inner {
        scoped_key_require inner:read;
        proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    }
    location /own/any {
        scoped_key_require valid_key;
        proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
    }
}
location /open {
    scoped_key off;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my %opens = (
    '/inherits'     => [['server:read', 'server:too'], ['server:read'],
                        ['server:too'], ['own:read']],
    '/own'          => [['own:read'], ['server:read', 'server:too'], ['inner:read']],
    '/own/inherits' => [['own:read'], ['server:read', 'server:too']],
    '/own/inner'    => [['inner:read'], ['own:read'],
                        ['server:read', 'server:too', 'own:read']],
);
for my $path (sort keys %opens) {
    my ($good, @bad) = @{$opens{$path}};
    verdict_is(get($path, 'X-API-Key' => granted(@$good)), 200, "$path: @$good");
    verdict_is(get($path, 'X-API-Key' => granted(@$_)), '403 insufficient_scope',
               "$path: @$_") for @bad;
}
verdict_is(get('/own/any', 'X-API-Key' => granted()), 200, 'valid_key inside');
verdict_is(get('/open'), 200, 'off inside');



=== TEST 11: a template of a capture, which nginx has decoded
--- config
location ~ (?s)^/endpoint/(.*)\z {
    scoped_key on;
    scoped_key_require endpoint/$1:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my $no = '403 insufficient_scope';
my $try = sub {
    my ($expected, $path, @grants) = @_;
    verdict_is(get("/endpoint/$path", 'X-API-Key' => granted(@grants)), $expected,
               "$path: @grants");
};

$try->(200, 'abc', 'endpoint/abc:read');
$try->(200, 'abc', 'endpoint/*:read');
$try->($no, 'abd', 'endpoint/abc:read');
$try->(200, '%61bc', 'endpoint/abc:read');
$try->($no, 'ABC', 'endpoint/abc:read');

$try->($no, 'abc/def', 'endpoint/abc/def:read');
$try->($no, 'abc%2Fdef', 'endpoint/abc/def:read');
$try->($no, 'abc/def', 'endpoint/abc:read');
$try->($no, 'abc/def', 'endpoint/*/*:read');
$try->(200, 'abc/def', 'endpoint/*:read');
$try->(200, 'abc/def', 'endpoint/abc%2Fdef:read');
$try->(200, 'abc%2Fdef', 'endpoint/abc%2Fdef:read');
$try->($no, 'abc%252Fdef', 'endpoint/abc%2Fdef:read');
$try->(200, 'abc%252Fdef', 'endpoint/abc%252Fdef:read');

$try->($no, 'abc:write', 'endpoint/abc:write');
$try->($no, 'abc:read', 'endpoint/abc:read');
$try->(200, 'abc:read', 'endpoint/abc%3Aread:read');
$try->($no, 'abc%3Aread', 'endpoint/abc:read');
$try->($no, '*', 'endpoint/abc:read');
$try->($no, '%2A', 'endpoint/abc:read');
$try->(200, '*', 'endpoint/*:read');
$try->(200, '*', 'endpoint/%2A:read');
$try->($no, '**', 'endpoint/abc:read');
$try->($no, 'abc%20', 'endpoint/abc:read');
$try->($no, '%20abc', 'endpoint/abc:read');
$try->($no, 'abc+', 'endpoint/abc:read');
$try->($no, 'abc,', 'endpoint/abc:read');
$try->($no, '!abc', 'endpoint/abc:read');
$try->($no, 'abc%09', 'endpoint/abc:read');
$try->($no, 'abc%0A', 'endpoint/abc:read');
$try->($no, 'a%0Abc', 'endpoint/abc:read');
$try->($no, 'abc;x', 'endpoint/abc:read');
$try->(200, '%C3%A4', 'endpoint/%C3%A4:read');
$try->(200, '...', 'endpoint/...:read');

$try->($no, '', '**:*');
$try->($no, '', 'endpoint/:read');
$try->(200, '', 'global');
$try->($no, '', 'endpoint:read');



=== TEST 12: a template of an argument, which is not decoded
--- guard
scoped_key_require endpoint/$arg_id:read;
--- story
my $no = '403 insufficient_scope';
my $try = sub {
    my ($expected, $id, @grants) = @_;
    verdict_is(get("/?id=$id", 'X-API-Key' => granted(@grants)), $expected,
               "$id: @grants");
};

$try->(200, 'abc', 'endpoint/abc:read');
$try->($no, 'a%62c', 'endpoint/abc:read');
$try->(200, 'a%62c', 'endpoint/a%2562c:read');
$try->($no, 'a%2Fb', 'endpoint/a/b:read');
$try->($no, 'a%2Fb', 'endpoint/a%2Fb:read');
$try->(200, 'a%2Fb', 'endpoint/a%252Fb:read');
$try->($no, 'a/b', 'endpoint/a/b:read');
$try->(200, 'a/b', 'endpoint/a%2Fb:read');
$try->($no, '*', 'endpoint/abc:read');
$try->($no, '..', 'endpoint/abc:read');
$try->(200, '..', 'endpoint/*:read');
$try->($no, '../abc', 'endpoint/abc:read');
$try->(200, '../abc', 'endpoint/..%2Fabc:read');
$try->($no, 'abc:read', 'endpoint/abc:read');
$try->($no, 'x/abc', 'endpoint/abc:read');
$try->($no, '', '**:*');
$try->(200, '', 'global');
verdict_is(get('/', 'X-API-Key' => granted('**:*')), $no, 'no argument at all');



=== TEST 13: a scope over 255 bytes is granted by nothing but global
--- guard
scoped_key_require endpoint/$arg_id:read;
--- story
my $no = '403 insufficient_scope';
for my $case (['a' x 241, 200], ['a' x 242, $no], ['a' x 3000, $no],
              ['!' x 80, 200], ['!' x 81, $no])
{
    my ($id, $expected) = @$case;
    my $name = length($id) . ' bytes of ' . substr($id, 0, 1);
    verdict_is(get("/?id=$id", 'X-API-Key' => granted('**:*')), $expected, $name);
    verdict_is(get("/?id=$id", 'X-API-Key' => granted('global')), 200,
               "$name, global");
}



=== TEST 14: a refusal holds for what a template brings
--- config
location ~ (?s)^/endpoint/(.*)\z {
    scoped_key on;
    scoped_key_require endpoint/$1:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my @grants = ('**:*', '!endpoint/secret:*');
my $key = granted(@grants);
my $global = granted('global', '!endpoint/secret:*');
my $no = '403 insufficient_scope';
for my $path ('secret', '%73ecret', 's%65cret', './secret', '//secret',
              'x/../secret', 'secret?x=1')
{
    verdict_is(get("/endpoint/$path", 'X-API-Key' => $key), $no, "$path, scoped");
    verdict_is(get("/endpoint/$path", 'X-API-Key' => $global), $no, "$path, global");
}
verdict_is(get('/endpoint/other', 'X-API-Key' => $key), 200, 'other');
verdict_is(get('/endpoint/secret/', 'X-API-Key' => $key), 200,
           'secret%2F is another one');



=== TEST 15: the forms of a template
--- config
location ~ ^/named/(?<zone>[^/]*)/(?<what>[^/]*)$ {
    scoped_key on;
    scoped_key_require zone/$zone/${what}:edit;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /inside {
    scoped_key on;
    scoped_key_require pre-${arg_a}.suf/x$arg_b:$arg_c;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /two {
    scoped_key on;
    scoped_key_require $arg_a$arg_b:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /fallback {
    scoped_key on;
    scoped_key_require endpoint/$arg_id:read admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my $no = '403 insufficient_scope';
my $try = sub {
    my ($expected, $target, @grants) = @_;
    verdict_is(get($target, 'X-API-Key' => granted(@grants)), $expected,
               "$target: @grants");
};

$try->(200, '/named/example.com/dns', 'zone/example.com/dns:edit');
$try->($no, '/named/example.com/dns', 'zone/example.org/dns:edit');
$try->($no, '/named/x/', '**:*');
$try->(200, '/inside?a=1&b=2&c=go', 'pre-1.suf/x2:go');
$try->(200, '/inside?a=&b=&c=go', 'pre-.suf/x:go');
$try->($no, '/inside?a=1&b=2', '**:*');
$try->($no, '/inside?a=1/x&b=2&c=go', 'pre-1/x.suf/x2:go');
$try->($no, '/inside?a=1&b=2&c=*', 'pre-1.suf/x2:go');
$try->($no, '/inside?a=1&b=2&c=go:x', 'pre-1.suf/x2:go');
$try->(200, '/two?a=x&b=y', 'xy:read');
$try->(200, '/two?a=x&b=', 'x:read');
$try->($no, '/two', '**:*');
$try->($no, '/two?a=*', 'x:read');
$try->($no, '/two?a=*&b=*', 'x:read');
$try->(200, '/fallback?id=', 'admin:read');
$try->(200, '/fallback?id=x', 'admin:read');
$try->(200, '/fallback?id=x', 'endpoint/x:read');
$try->($no, '/fallback?id=', 'endpoint/x:read', '*/**:*');



=== TEST 16: a variable that is missing, in a part that is not empty
--- guard
scoped_key_require pre-$arg_a:read;
--- story
verdict_is(get('/?a=x', 'X-API-Key' => granted('pre-x:read')), 200, 'there');
verdict_is(get('/', 'X-API-Key' => granted('pre-:read')), 200, 'missing');



=== TEST 17: $scoped_key_access in a scope
--- guard
scoped_key_require dns:$scoped_key_access;
--- story
my ($reader, $writer) = (granted('dns:read'), granted('dns:write'));
my $no = '403 insufficient_scope';
for my $method (qw(GET OPTIONS)) {
    verdict_is(ask($method, '/', 'X-API-Key' => $reader), 200, "$method, read");
    verdict_is(ask($method, '/', 'X-API-Key' => $writer), $no, "$method, write");
}
for my $method (qw(POST PUT PATCH DELETE PROPFIND PURGE MKCOL GETS)) {
    verdict_is(ask($method, '/', 'X-API-Key' => $reader), $no, "$method, read");
    verdict_is(ask($method, '/', 'X-API-Key' => $writer), 200, "$method, write");
}
is(ask('HEAD', '/', 'X-API-Key' => $reader)->{status}, 200, 'HEAD, read');
is(ask('HEAD', '/', 'X-API-Key' => $writer)->{status}, 403, 'HEAD, write');
verdict_is(ask('POST', '/', 'X-API-Key' => $reader,
               'X-HTTP-Method-Override' => 'GET'), $no, 'an override');



=== TEST 18: a variable of a map, and of one that is empty
--- http_config
map $http_x_plan $plan {
    default "";
    gold    "gold";
    odd     "a/b:c *";
}
--- guard
scoped_key_require plan/$plan:use;
--- story
my $try = sub {
    my ($expected, $plan, @grants) = @_;
    verdict_is(get('/', 'X-Plan' => $plan, 'X-API-Key' => granted(@grants)),
               $expected, "$plan: @grants");
};
$try->(200, 'gold', 'plan/gold:use');
$try->('403 insufficient_scope', 'none', '**:*');
$try->(200, 'odd', 'plan/a%2Fb%3Ac%20%2A:use');
$try->('403 insufficient_scope', 'odd', 'plan/a/b:c');



=== TEST 19: a location's answer is its own, whatever another said of the key
--- config
location /a {
    scoped_key on;
    scoped_key_require dns:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /b {
    scoped_key on;
    scoped_key_require dns:write;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /c {
    scoped_key on;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my $key = granted('dns:read');
for my $round (1 .. 3) {
    verdict_is(get('/a', 'X-API-Key' => $key), 200, 'granted');
    verdict_is(get('/b', 'X-API-Key' => $key), '403 insufficient_scope', 'not');
    verdict_is(get('/c', 'X-API-Key' => $key), '403 insufficient_scope', 'global');
}



=== TEST 20: what was sent more than once is granted by nothing
--- config
location /arg {
    scoped_key on;
    scoped_key_require zone/$arg_zone:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /line {
    scoped_key on;
    scoped_key_require zone/$http_x_zone:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /cookie {
    scoped_key on;
    scoped_key_require zone/$cookie_zone:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
location /fallback {
    scoped_key on;
    scoped_key_require zone/$arg_zone:read admin:read;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
my $no = '403 insufficient_scope';
my $all = granted('zone/*:read');
my $one = granted('zone/a:read');
my $global = put_key('global', fields => {mode => 'global'});
for my $args ('zone=a', 'x=1&zone=a&y=2', 'zone=a&zones=b', 'zone=a&azone=b', 'zone=a&x=%5Bzone%5D') {
    verdict_is(get("/arg?$args", 'X-API-Key' => $one), 200, "one: $args");
}
verdict_is(get('/arg?zone=a%2Fb', 'X-API-Key' => $all), 200, 'an encoded value, as it was sent');
for my $args ('zone=a&zone=b', 'zone=b&zone=a', 'zone=a&zone=a', 'zone=a&zone', 'zone=a&ZONE=b', 'ZONE=b&zone=a',
    'Zone=a', 'zone=a&zone[]=b', 'zone=a&zone%5B%5D=b', 'zone=a&z%6Fne=b', 'z%6Fne=b&zone=a', 'zone=a&zone.=b',
    'zone=a&+zone=b', 'zone=a&x;zone=b', 'zone=a&z%256Fne=b', 'zone=a&x=1;zone=b', 'x=1;zone=b&zone=a',
    'zone=a&x=1%26zone%3Db', 'x=1%3Bzone%3Db&zone=a')
{
    verdict_is(get("/arg?$args", 'X-API-Key' => $_), $no, "several: $args") for $one, $all;
}
verdict_is(get('/arg?zone=a&zone=b', 'X-API-Key' => $global), 200, 'a global key needs no grant');
my $barred = granted('global', '!zone/a:read');
for my $args ('zone=a', 'zone=a&zone=b', 'zone=b&zone=a', 'zone=', '', 'zone=' . 'a' x 300) {
    verdict_is(get("/arg?$args", 'X-API-Key' => $barred), $no, "a refusal of a global key: $args");
}
verdict_is(get('/arg?zone=b', 'X-API-Key' => $barred), 200, 'what is not refused');
verdict_is(get('/arg?zone=', 'X-API-Key' => $global), 200, 'nothing is required of a global key without refusals');
verdict_is(get('/fallback?zone=a&zone=b', 'X-API-Key' => granted('zone/a:read', 'admin:read')), 200, 'another alternative');

verdict_is(get('/line', 'X-API-Key' => $one, 'X-Zone' => 'a'), 200, 'one line');
verdict_is(get('/line', 'X-API-Key' => $all, 'X-Zone' => 'a', 'X-Zone' => 'b'), $no, 'two lines');
verdict_is(get('/line', 'X-API-Key' => $all, 'X-Zone' => 'a', 'x-zone' => 'a'), $no, 'two lines, in two cases');

verdict_is(get('/cookie', 'X-API-Key' => $one, 'Cookie' => 'x=1; zone=a'), 200, 'one cookie');
verdict_is(get('/cookie', 'X-API-Key' => $all, 'Cookie' => 'zone=a; zone=b'), $no, 'two cookies');
verdict_is(get('/cookie', 'X-API-Key' => $all, 'Cookie' => 'zone=a', 'Cookie' => 'zone=b'), $no, 'in two lines');
for my $cookies ("zone=a; zone\t=b", "zone\t=b; zone=a", "zone=a; \x0bzone=b", "zone=a; zone\x0b=b", "zone=a; x=1,zone\t=b",
    'zone[]=b; zone=a', 'zone=a; zone.x=b', 'zone=a; z%6Fne=b', 'zone=a; ZONE=b')
{
    verdict_is(get('/cookie', 'X-API-Key' => $all, 'Cookie' => $cookies), $no, "cookies: $cookies");
}
verdict_is(get('/cookie', 'X-API-Key' => $one, 'Cookie' => 'zones=b; zone=a; azone=b; a'), 200, 'other names');
verdict_is(get('/arg?zone=100%', 'X-API-Key' => granted('zone/100%25:read')), 200, 'a value may be anything');
verdict_is(get('/arg?zone=a;b', 'X-API-Key' => granted('zone/a%3Bb:read')), 200, 'a semicolon too');
