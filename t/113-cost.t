# What a request may cost: whatever could be compared with hundreds of things is
# counted in steps, and a decision that would need more of them than there are
# refuses.  How long that takes is measured by scripts/bench; here is that it is
# counted, from every source.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $refused = '403 param_refused';

# 512 names: one, and others of which each begins as all others do
sub alike {
    return 'other', map { my $i = $_; join '', map { 'a' . ($i >> $_ & 1 ? '_' : '') } 0 .. 9 } 1 .. 511;
}

# 64 params, with 8 sources each: of each name what the code makes of it
sub params {
    my ($source, @names) = @_;

    return join '', map { my $n = $_; "scoped_key_param p$n "
        . join(' ', map { $source->($_) } @names[8 * $n .. 8 * $n + 7]) . ";\n" } 0 .. 63;
}

# as often as it fits
sub fill {
    my ($size, $head, $part, $tail) = @_;
    $tail //= '';

    return $head . $part x int(($size - length $head . $tail) / length $part) . $tail;
}

# refused, and the log says that there was too much
sub too_much {
    my ($answer, $expected, $key, $name) = @_;
    my ($id) = $key =~ /_(\w{12})_/;
    my ($reason) = $expected =~ /(\w+)$/;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    verdict_is($answer, $expected, $name);
    ok(scalar(error_log_has(qr/refused: reason=$reason id=$id .*cause="too much to match"/)),
       "$name: the log says why");
}

run_tests();

__DATA__

=== TEST 1: names of a query string that could be any of 512
--- guard eval
"scoped_key_require dns:write;\n" . params(sub { "arg:$_[0]" }, alike())
--- story
our $refused;
my $key = limited(p0 => ['7']);
my $global = granted('global');
verdict_is(get('/?other=7&x=1', 'X-API-Key' => $key), 200, 'one of them');
verdict_is(get('/?' . fill(8000, 'other=7', '&b=1'), 'X-API-Key' => $key), 200, 'and a thousand others');
for my $part (qw(&aaaaaaaaaax &aaaaaaaaaa/=1 &%61aaaaaaaaax=1 &%2561aaaaaaaaax=1), '&aaaaaaaaaa%c3%a9/',
              '&x=;aaaaaaaaaax', '&x=%3baaaaaaaaaax%3daaaaaaaaaax') {
    my $query = fill(8000, '/?other=7', $part);
    my $fresh = limited(p0 => ['7']);
    too_much(get($query, 'X-API-Key' => $fresh), $refused, $fresh, $part);
    verdict_is(get($query, 'X-API-Key' => $global), 200, "$part, of a key that may do all");
}



=== TEST 2: names of a form
--- guard eval
"scoped_key_require dns:write;\n" . params(sub { "form:$_[0]" }, alike())
--- story
our $refused;
my $key = limited(p0 => ['7']);
verdict_is(form($key, 'other=7'), 200, 'one of them');
verdict_is(form($key, fill(65536, 'other=7', '&b=1')), 200, 'and thousands of others');
for my $part (qw(&aaaaaaaaaax &aaaaaaaaaa/=1 &aaaaaaaaaax;b &x=;aaaaaaaaaax &x=%3baaaaaaaaaax&)) {
    my $fresh = limited(p0 => ['7']);
    too_much(form($fresh, fill(65536, 'other=7', $part)), $refused, $fresh, $part);
}



=== TEST 3: names of members
--- guard eval
"scoped_key_require dns:write;\n" . params(sub { "json:/$_[0]" }, alike())
--- story
our $refused;
my $key = limited(p0 => ['7']);
my $n = 0;
my $members = sub { join ',', map { $n++; qq("$_[0]$n":1) } 1 .. $_[1] };
verdict_is(json($key, '{"other":7}'), 200, 'one of them');
verdict_is(json($key, '{"other":7,' . $members->('b', 4000) . '}'), 200, 'and thousands of others');
for my $name ('aaaaaaaaaax', 'aaaaaaaaaa/', 'a-a-a-a-a-a-a-a-a-ax', "aaaaaaaaaa\xc3\xa9/") {
    my $fresh = limited(p0 => ['7']);
    too_much(json($fresh, '{"other":7,' . $members->($name, 2000) . '}'), $refused, $fresh, $name);
}



=== TEST 4: pointers that lead everywhere
--- guard eval
"scoped_key_require dns:write;\n" . params(sub { "json:$_[0]" },
    map { my $i = $_; join '', map { $i >> $_ & 1 ? '/a' : '/*' } 0 .. 8 } 0 .. 511)
--- story
our $refused;
my $key = limited(p0 => ['7']);
my $tree = sub { my $text = 7; $text = join ',', map { qq("$_":$text) } @{$_} and $text = "{$text}" for @_; $text };
verdict_is(json($key, $tree->((['a']) x 9)), 200, 'a small tree');
too_much(json($key, $tree->((['a', 'b', 'c']) x 8, ['a'])), $refused, $key, 'a large one');



=== TEST 5: what another reader would find
--- guard eval
my @names = alike();
"scoped_key_require dns:write;\n" . join '', map { my $n = $_; "scoped_key_param p$n "
    . join(' ', map { "form:$_ json:/$_" } @names[4 * $n .. 4 * $n + 3]) . ";\n" } 0 .. 63
--- story
our $refused;
my $key = limited(p0 => ['7']);
verdict_is(form($key, 'other=7&x=' . '"b":' x 1000), 200, 'a form, and other members');
verdict_is(json($key, '{"other":7,"x":"' . '&b=1' x 1000 . '"}'), 200, 'JSON, and other pairs');
too_much(form($key, fill(65536, 'other=7&x=', '"aaaaaaaaaax":')), $refused, $key, 'a form');
$key = limited(p0 => ['7']);
too_much(json($key, fill(65536, '{"other":7,"x":"', '&aaaaaaaaaax=', '"}')), $refused, $key, 'JSON');



=== TEST 6: the same value, split in 64 ways
--- guard eval
"scoped_key_require dns:write;\n" . join '', map { "scoped_key_param p$_ form:type 'split=,;:|';\n" } 0 .. 63
--- story
our $refused;
my $key = limited(map { ("p$_" => ['**']) } 0 .. 9);
verdict_is(form($key, 'type=' . 'b' x 65000), 200, 'by ten');
verdict_is(form($key, 'type=' . ',' x 4000), 200, 'in many pieces');
verdict_is(form($key, 'type=' . ',' x 4096), $refused, 'in more than there may be');
$key = limited(map { ("p$_" => ['**']) } 0 .. 63);
verdict_is(form($key, 'type=' . 'b' x 10000), 200, 'a short one, by all');
too_much(form($key, 'type=' . 'b' x 65000), $refused, $key, 'a long one');
$key = limited(map { ("p$_" => ['**']) } 0 .. 63);
too_much(form($key, 'type=' . ',' x 4000), $refused, $key, 'in many pieces');



=== TEST 7: variables that a client may send twice, in many scopes
--- guard eval
join '', map { "scoped_key_require " . join(' ', map { 'dns/$arg_a' . ":w$_" } 0 .. 31) . ";\n" } 0 .. 15
--- story
my $no = '403 insufficient_scope';
my $key = granted('dns/5:*');
my $global = granted('global', '!dns/6:*');
my $long = fill(8000, '', '&b=1');
verdict_is(get('/?a=5', 'X-API-Key' => $key), 200, 'a short query string');
verdict_is(get('/?a=5', 'X-API-Key' => $global), 200, 'a key that may do nearly all');
verdict_is(get('/?a=6', 'X-API-Key' => $global), $no, 'but not this');
too_much(get("/?a=5$long", 'X-API-Key' => $key), $no, $key, 'a long one');
too_much(get("/?a=6$long", 'X-API-Key' => $global), $no, $global, 'a long one does not hide what is refused');



=== TEST 8: variables in texts
--- guard eval
"scoped_key_require dns:write;\n" . join '', map { "scoped_key_param p$_ 'x\$arg_a$_';\n" } 0 .. 63
--- story
our $refused;
my $key = limited(map { ("p$_" => ['x']) } 0 .. 63);
verdict_is(get('/?b=5', 'X-API-Key' => $key), 200, 'a short query string');
too_much(get('/?' . fill(8000, '', '&b=1'), 'X-API-Key' => $key), $refused, $key, 'a long one');



=== TEST 9: cookies in texts
--- guard eval
"scoped_key_require dns:write;\n" . join '', map { "scoped_key_param p$_ 'x\$cookie_a$_';\n" } 0 .. 63
--- story
our $refused;
my $key = limited(map { ("p$_" => ['x']) } 0 .. 63);
verdict_is(get('/', 'X-API-Key' => $key, Cookie => 'b=5'), 200, 'a short cookie');
too_much(get('/', 'X-API-Key' => $key, Cookie => fill(8000, '', 'b=1; ')), $refused, $key, 'a long one');



=== TEST 10: a request counts as a whole, before its body is read and after
--- guard
scoped_key_require dns:write;
scoped_key_param name arg:name;
scoped_key_param type form:type;
--- story
our $refused;
my $key = granted(constrained(scope => 'dns:write',
    params => {name => [map({ "a$_" } 0 .. 399), 'b'], type => ['TXT']}));
my $names = sub { '/?' . join '&', ('name=b') x $_[0] };
verdict_is(post($names->(200), $key, 'application/x-www-form-urlencoded', 'type=TXT'), 200, 'twice 800,000 steps');
too_much(post($names->(300), $key, 'application/x-www-form-urlencoded', 'type=TXT'), $refused, $key, 'twice 1,200,000');



=== TEST 11: a larger body has more steps
--- guard
scoped_key_require dns:write;
scoped_key_param id json:/*/id;
scoped_key_param name json:/*/name;
scoped_key_body_limit 2m;
--- story
our $refused;
my $key = limited(id => ['*']);
my $list = sub { my $note = 'x' x $_[1]; '[' . join(',', map { qq({"id":$_,"name":"n$_","note":"$note"}) } 1 .. $_[0]) . ']' };
verdict_is(json($key, $list->(4096, 1)), 200, 'as many values as there may be');
verdict_is(json($key, $list->(4096, 200)), 200, 'a megabyte');
verdict_is(json($key, $list->(4097, 1)), $refused, 'more values');
