# Several sources, grants, alternatives and directives at once: who decides, and
# whether the body is waited for.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $refused = '403 param_refused';
our $scope = '403 insufficient_scope';
our $form = 'application/x-www-form-urlencoded';

# a POST that announces a body and sends none
sub without_body {
    my ($target, $key, $line) = @_;
    my $before = Upstream::requests();

    my $answer = quickly(sub {
        return answer_of(client(join "\r\n", "POST $target HTTP/1.1", 'Host: localhost', "X-API-Key: $key", "Content-Type: $main::form",
                                $line, '', ''));
    }, "$target, $line");
    $answer->{seen} = Upstream::requests() - $before;

    return $answer;
}

# decided before the body, in both ways to announce one
sub at_once {
    my ($target, $key, $status, $reason, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $line ('Content-Length: 10', 'Transfer-Encoding: chunked') {
        my $answer = without_body($target, $key, $line);
        is($answer->{status}, $status, "$what: $line");
        is(problem($answer)->{reason}, $reason, "$what: reason") if $status == 403;
    }
}

# nothing comes before the body does
sub waits {
    my ($target, $key, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $socket = client(join "\r\n", "POST $target HTTP/1.1", 'Host: localhost', "X-API-Key: $key", "Content-Type: $main::form",
                        'Content-Length: 8', '', '');

    ok(!IO::Select->new($socket)->can_read(0.3), "$what: waits");
    is(answer_of(say_to($socket, 'type=TXT'))->{status}, $_[3] // 200, "$what: then");
}

run_tests();

__DATA__

=== TEST 1: the query against the body
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type form:type json:/type;
scoped_key_param query arg:type;
--- story
our ($refused, $form);
my $key = limited(type => ['TXT', 'A']);
my $try = sub {
    my ($expected, $query, $type, $body) = @_;
    verdict_is(post("/$query", $key, $type, $body), $expected, "$query, $body");
};
$try->(200, '?type=TXT', $form, '');
$try->(200, '', $form, 'type=TXT');
$try->(200, '?type=TXT', $form, 'type=A');
$try->(200, '?type=TXT', 'application/json', '{"type":"A"}');
$try->($refused, '?type=TXT', $form, 'type=B');
$try->($refused, '?type=B', $form, 'type=TXT');
$try->($refused, '?type=TXT', 'application/json', '{"type":"B"}');
$try->($refused, '?type=TXT', 'application/json', '{"type":null}');
$try->($refused, '?type=TXT', 'application/json', '{"Type":"B"}');
$try->($refused, '?Type=B', $form, 'type=TXT');
$try->($refused, '?type=TXT', $form, 'Type=B');
$try->($refused, '', $form, '');
$try->('403 body_unreadable', '?type=TXT', 'text/plain', 'type=B');
$try->('403 body_unreadable', '?type=TXT', 'application/json', 'type=B');
my $none = limited(type => []);
verdict_is(post('/', $none, $form, 'x=1'), 200, 'in neither');
verdict_is(post('/?type=1', $none, $form, 'x=1'), $refused, 'in the query');
verdict_is(post('/', $none, $form, 'type='), $refused, 'in the body');
verdict_is(post('/?type=TXT', limited(query => ['TXT']), $form, 'type=B'), 200, 'who declares the query alone gets no more');



=== TEST 2: what decides without a body does not wait for one
--- config
location / {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type form:type;
    scoped_key_param name arg:name;
    scoped_key_param path $uri;
    error_page 404 405 =200 @done;
    root html;
}
location @done { return 200 "done"; }
--- story
my %grant = (
    type => constrained(scope => 'dns:write', params => {type => ['TXT']}),
    name => constrained(scope => 'dns:write', params => {name => ['a']}),
    path => constrained(scope => 'dns:write', params => {path => ['/x']}),
    both => constrained(scope => 'dns:write', params => {type => ['TXT'], name => ['a']}),
    late => constrained(scope => 'dns:write', params => {type => ['TXT'], zzz => ['a']}),
    method => constrained(scope => 'dns:write', methods => ['PUT'], params => {type => ['TXT']}),
    ours => constrained(scope => 'dns:write', methods => ['POST']),
);
my ($type, $name) = @grant{'type', 'name'};
at_once('/', granted($type, 'dns:write'), 200, undef, 'a plain grant');
at_once('/', granted($type, 'dns:*'), 200, undef, 'a pattern');
at_once('/?name=a', granted($type, $name), 200, undef, 'an argument');
at_once('/x', granted($type, $grant{path}), 200, undef, 'the path');
at_once('/', granted($type, $grant{ours}), 200, undef, 'the method');
at_once('/', granted('global', $type), 200, undef, 'a global key');
at_once('/', granted($type, '!dns:write'), 403, 'insufficient_scope', 'a refusal');
at_once('/', granted($grant{method}), 403, 'insufficient_scope', 'a condition');
at_once('/?name=b', granted($grant{both}), 403, 'param_refused', 'an argument that does not match');
at_once('/?name=a&Name=a', granted($grant{both}), 403, 'param_refused', 'an argument in two ways');
at_once('/', granted($grant{late}), 403, 'param_refused', 'an undeclared param');
waits('/', granted($type), 'the body');
waits('/?name=a', granted($grant{both}), 'both');
waits('/?name=b', granted($type, $name), 'the other one');
waits('/?name=b', granted($name, $grant{both}, $type), 'one of three');



=== TEST 3: several directives: one that refuses needs no body of the others
--- config
location / {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_require zone:edit;
    scoped_key_param type form:type;
    scoped_key_param name arg:name;
    error_page 404 405 =200 @done;
    root html;
}
location @done { return 200 "done"; }
--- story
my $write = constrained(scope => 'dns:write', params => {type => ['TXT']});
my $edit = constrained(scope => 'zone:edit', params => {type => ['TXT']});
my $edit_name = constrained(scope => 'zone:edit', params => {name => ['a']});
at_once('/', granted($write), 403, 'insufficient_scope', 'the second is not granted');
at_once('/', granted($edit), 403, 'insufficient_scope', 'the first is not granted');
at_once('/', granted($write, $edit, '!zone:*'), 403, 'insufficient_scope', 'the second is refused');
at_once('/?name=b', granted($write, $edit_name), 403, 'param_refused', 'the argument of the second');
at_once('/', granted('dns:write', 'zone:edit', $write, $edit), 200, undef, 'both plain');
at_once('/?name=a', granted('dns:write', $write, $edit_name, $edit), 200, undef, 'plain, argument');
waits('/', granted($write, 'zone:edit'), 'the first');
waits('/', granted('dns:write', $edit), 'the second');
waits('/', granted($write, $edit), 'both');
waits('/?name=a', granted($write, $edit_name), 'one and the argument');
waits('/', granted($write, constrained(scope => 'zone:edit', params => {type => ['B']})), 'the second refuses by the body', 403);



=== TEST 4: alternatives of one directive
--- config
location / {
    scoped_key on;
    scoped_key_require dns:write dns:acme $arg_kind:go;
    scoped_key_param type form:type;
    scoped_key_param name arg:name;
    error_page 404 405 =200 @done;
    root html;
}
location @done { return 200 "done"; }
--- story
my $write = constrained(scope => 'dns:write', params => {type => ['TXT']});
my $acme = constrained(scope => 'dns:acme', params => {name => ['a']});
at_once('/?name=a', granted($write, $acme), 200, undef, 'the second needs none');
at_once('/', granted($write, 'dns:acme'), 200, undef, 'the second is plain');
at_once('/?kind=x', granted($write, 'x:go'), 200, undef, 'the third is a template');
at_once('/', granted($acme), 403, 'param_refused', 'none');
at_once('/', granted('!dns:write', $write, $acme), 403, 'param_refused', 'the first is refused');
at_once('/?name=a', granted('!dns:acme', $acme), 403, 'insufficient_scope', 'the second is refused');
waits('/?name=b', granted($write, $acme), 'the first');



=== TEST 5: several directives with params of one body
--- guard
scoped_key_require dns:write;
scoped_key_require zone:edit;
scoped_key_param type form:type;
scoped_key_param zone form:zone;
--- story
our ($refused, $form);
my $key = granted(constrained(scope => 'dns:write', params => {type => ['TXT']}),
                  constrained(scope => 'zone:edit', params => {zone => ['example.com']}));
verdict_is(form($key, 'type=TXT&zone=example.com'), 200, 'both');
verdict_is(form($key, 'type=TXT&zone=example.org'), $refused, 'another zone');
verdict_is(form($key, 'type=A&zone=example.com'), $refused, 'another type');
verdict_is(form($key, 'type=TXT'), $refused, 'no zone');
verdict_is(form(granted(constrained(scope => '**:*', params => {type => ['TXT']})), 'type=TXT'), 200, 'one grant for both');
my $answer = form($key, 'type=TXT&zone=example.org');
is(problem($answer)->{reason}, 'param_refused', 'reason');



=== TEST 6: GraphQL: a stranger's document is not waited for
--- guard
scoped_key_graphql on;
scoped_key_require api:$scoped_key_access;
--- story
at_once('/', key('nobody'), 403, 'unknown_key', 'an unknown key');
at_once('/', put_key('off', fields => {enabled => 0}, scopes => ['api:*']), 403, 'key_disabled', 'disabled');
at_once('/', put_key('get', fields => {methods => 'GET'}, scopes => ['api:*']), 403, 'method_refused', 'a method');



=== TEST 7: several requests on one connection, each with its own key and body
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
our $form;
my @keys = (limited(type => ['TXT']), limited(type => ['A']), granted('dns:write'));
my ($bytes, @expected) = ('');
for my $i (0 .. 29) {
    my $type = ('TXT', 'A', 'B')[$i / 3 % 3];
    my $allowed = $i % 3 == 2 || $type eq ('TXT', 'A')[$i % 3];

    $bytes .= join "\r\n", 'POST / HTTP/1.1', 'Host: localhost', "X-API-Key: $keys[$i % 3]", "Content-Type: $form",
        $i == 29 ? 'Connection: close' : (), $i % 2 ? ('Content-Length: ' . length "type=$type", '', "type=$type")
                                                     : ('Transfer-Encoding: chunked', '', chunked("type=$type", 3));
    push @expected, $allowed ? 200 : 403;
}
is(join(' ', map { $_->{status} } exchange($bytes)), "@expected", 'thirty');



=== TEST 8: a key that is narrowed while its body is in progress
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
our $form;
my $key = put_key('narrowed', scopes => [constrained(scope => 'dns:write', params => {type => ['TXT']})]);
my $socket = client(join "\r\n", 'POST / HTTP/1.1', 'Host: localhost', "X-API-Key: $key", "Content-Type: $form", 'Content-Length: 8', '', 'type');
put_key('narrowed', fields => {enabled => 0});
like(answer_of(say_to($socket, '=TXT'))->{status}, qr/\A(?:200|403)\z/, 'the one under way has an answer');
ok(eventually(10, sub { verdict(form($key, 'type=TXT')) eq '403 key_disabled' }), 'the next has this one');
