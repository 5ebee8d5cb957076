# Params out of form-encoded bodies.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $refused = '403 param_refused';
our $unreadable = '403 body_unreadable';

sub refuses {
    my ($key, @bodies) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    verdict_is(form($key, $_), $main::refused, '"' . s/[^ -~]/?/gr . '"') for @bodies;
}

sub allows {
    my ($key, @bodies) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $body (@bodies) {
        my $answer = form($key, $body);
        verdict_is($answer, 200, '"' . $body =~ s/[^ -~]/?/gr . '"');
        is(body_of($answer), $body, 'as it was sent');
    }
}

run_tests();

__DATA__

=== TEST 1: every occurrence must match, and one there must be
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
my $key = limited(type => ['TXT', 'A*']);
allows($key, 'type=TXT', 'type=A&type=TXT', 'x=1&type=AAAA&y=2', 'type=%54XT', '%74ype=TXT',
        'x=type&type=A', 'types=B&type=A', 'note=a+%26+b&type=A', 'type=A&bin=%ff%fe', '&type=A&');
refuses($key, '', 'x=1', 'type', 'type=', 'type=B', 'type=TXT&type=B', 'type=B&type=TXT', 'type=txt',
        'type=TXT&%74ype=B', 'type==TXT', 'type=TXT=', 'type=TXT%0D%0A', "type=TXT\r\n", "type=TXT\n",
        'type=TXT+', '+type=TXT', 'type=TXT,B', '{"type":"TXT"}', "\0", "type=TXT\0", "type\0=TXT",
        "type=TXT&type\0=B", "type=TXT&\ntype=B", "\xef\xbb\xbftype=TXT", "type=TXT&\xef\xbb\xbftype=B");



=== TEST 2: pollution in every form
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
my $key = limited(type => ['TXT']);
for my $name ('Type', 'TYPE', 'type[]', 'type[0]', 'type%5B%5D', 'type.', 'type.x', '+type', '%20type',
    'type+', 'type%00', '%00type', '%2574ype', 'x;type', ';type', 'x%26type', 'x%3Btype', 'type%', '%zz',
    '%', 'type%u0041', '%C1%B4ype', "\ttype", "type\t", "ty\0pe", '[type]', '[]type', '__proto__[type]')
{
    refuses($key, "type=TXT&$name=B", "$name=B&type=TXT", "type=TXT&$name");
}
allows($key, map { ("type=TXT&$_=B", "$_=B&type=TXT") } 'filter[type]', 'filter%5Btype%5D', 'content.type', 'a/type', 'a[b][type][]');
refuses($key, map { "$_=TXT" } 'filter[type]', 'content.type', 'a/type');
refuses($key, 'type=TXT;type=B', 'x=1;type=B&type=TXT', 'x=%26type=B&type=TXT', 'type=TXT%26type=B');



=== TEST 3: an empty list
--- guard
scoped_key_require dns:write;
scoped_key_param deletes form:deletes;
--- story
our $unreadable;
my $key = limited(deletes => []);
allows($key, 'x=1', 'delete=1', 'x=deletes');
verdict_is(form($key, ''), 200, 'an empty body');
verdict_is(get('/', 'X-API-Key' => $key), 200, 'no body');
verdict_is(post('/', $key, undef, ''), 200, 'no body, and no type');
refuses($key, 'deletes', 'deletes=', 'deletes[]=1', 'Deletes=1', 'x=1;deletes=1', 'x=1&deletes');
verdict_is(post('/', $key, undef, 'x=1'), $unreadable, 'a body of no type');
verdict_is(json($key, '{"deletes":1}'), $unreadable, 'a body of another type');
verdict_is(json($key, '{}'), $unreadable, 'of another type, and without it');



=== TEST 4: the query is no form, and a form is no query
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_param name arg:name;
--- story
our $refused;
my $type = 'application/x-www-form-urlencoded';
my $key = limited(type => ['TXT'], name => ['a']);
my $try = sub {
    my ($expected, $query, $body) = @_;
    my $answer = post("/?$query", $key, $type, $body);
    verdict_is($answer, $expected, "$query, $body");
};
$try->(200, 'name=a', 'type=TXT');
$try->(200, 'name=a&type=B', 'type=TXT&name=b');
$try->($refused, 'type=TXT', 'name=a');
$try->($refused, 'name=a&type=TXT', '');
$try->($refused, '', 'type=TXT&name=a');



=== TEST 5: methods other than POST have bodies, too
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
--- story
our $refused;
my $key = limited(type => ['TXT']);
for my $method (qw(GET PUT PATCH DELETE OPTIONS REPORT)) {
    for my $case (['type=TXT', 200], ['type=A', $refused]) {
        my ($body, $expected) = @$case;
        my $answer = ask($method, '/', {body => $body}, 'X-API-Key' => $key,
                         'Content-Type' => 'application/x-www-form-urlencoded');
        verdict_is($answer, $expected, "$method $body");
        is(body_of($answer), $body, 'unchanged') if $expected eq '200';
    }
}
is(ask('HEAD', '/', {body => 'type=TXT'}, 'X-API-Key' => $key,
       'Content-Type' => 'application/x-www-form-urlencoded')->{status}, 200, 'HEAD');
is(ask('HEAD', '/', {body => 'type=A'}, 'X-API-Key' => $key,
       'Content-Type' => 'application/x-www-form-urlencoded')->{status}, 403, 'HEAD, refused');



=== TEST 6: many pairs
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type;
scoped_key_body_limit 1m;
client_body_buffer_size 1m;
--- story
our $refused;
my $key = limited(type => ['TXT']);
quickly(sub { allows($key, 'type=TXT&' . 'x=y&' x 200000) }, '800 KB');
quickly(sub { refuses($key, 'type=TXT&' x 100000 . 'type=B') }, 'the last of 100,000');
quickly(sub { verdict_is(form($key, 'type=TXT&x=' . '%3Btyqe' x 100000), 200, 'near') }, 'near misses');
quickly(sub { verdict_is(form($key, 'type=TXT&x=' . '%25' x 300000), 200, 'percent') }, 'percent signs');
