# Bodies that two readers read as two things: a param with form and JSON sources
# is one that some upstream reads without a look at the Content-Type.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $refused = '403 param_refused';
our $unreadable = '403 body_unreadable';
our $form_type = 'application/x-www-form-urlencoded';

sub each_is {
    my ($expected, $how, $key, @bodies) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 2;

    for my $body (@bodies) {
        my $answer = $how->($key, $body);
        my $shown = substr($body =~ s/[^ -~]/?/gr, 0, 90);
        verdict_is($answer, $expected, ($how == \&json ? 'JSON ' : 'form ') . $shown);
        is(body_of($answer), $body, 'as it was sent') if $expected eq '200';
    }
}

sub refuses_form { each_is($main::refused, \&form, @_) }
sub refuses_json { each_is($main::refused, \&json, @_) }
sub allows_form { each_is(200, \&form, @_) }
sub allows_json { each_is(200, \&json, @_) }

run_tests();

__DATA__

=== TEST 1: what a Content-Type says must be all that it says
--- guard
scoped_key_require dns:write;
scoped_key_param _method form:_method json:/_method;
--- story
our ($unreadable, $form_type);
my $key = limited(_method => []);
my $attack = '{"a":"=","_method":"DELETE"}';
for my $type ("$form_type; x=+json", "$form_type+json", "$form_type; charset=utf-8; x=/json", 'application/x-www-form-urlencoded;json',
    "application/json; $form_type", "application/json, $form_type", "$form_type, application/json", 'multipart/form-data; boundary=json')
{
    verdict_is(post('/', $key, $type, $attack), $unreadable, $type);
    verdict_is(post('/', $key, $type, '_method=DELETE'), $unreadable, "$type, a form");
}



=== TEST 2: a form that is JSON to who does not look
--- guard
scoped_key_require dns:write;
scoped_key_param _method form:_method json:/_method;
--- story
my $none = limited(_method => []);
my $get = limited(_method => ['GET']);
my @attacks = ('{"a":"=","_method":"DELETE"}', '{"_method":"DELETE","a":"="}&x=1', '{"_method":"DELETE"}&x=1', '{"_method":"DELETE"}',
    ' {"_method":"DELETE"}&x=', "\xef\xbb\xbf{\"_method\":\"DELETE\"}&x=", '{"a":"=","_METHOD":"DELETE"}', '{"a":"=","_method ":"DELETE"}',
    '{"a":"=","\u005fmethod":"DELETE"}', '{"a":"=","_method":1}', '{"a":"=","_method":["DELETE"]}', '{"a":"=","_method[]":"DELETE"}',
    '{"a":"=","_method":{"x":"DELETE"}}', "{'a':'=','_method':'DELETE'}", '{a:"=",_method:"DELETE"}', '{a:"=",_method="DELETE"}',
    '{"a":"=",/**/"_method"/**/:"DELETE"}', '[{"a":"=","_method":"DELETE"}]', '{"a":"=","__proto__":{"_method":"DELETE"}}',
    'x={"_method":"DELETE"}', 'x={"y":[{"_method":"DELETE"}]}', '/**/{"a":"=","_method":"DELETE"}');
refuses_form($none, @attacks);
refuses_form($get, map { ("$_&_method=GET", "_method=GET&$_") } @attacks[0 .. 3]);
refuses_form($get, '_method=GET&x={"_method":"DELETE"}', '_method=GET&x={"_method":"GE\u0000T"}', '_method=GET&x={"_method":null}');
allows_form($get, '_method=GET', '_method=GET&x={"a":"DELETE"}', '_method=GET&x={"_method":"GET"}', '{"x":{"_method":"GET"},"a":"="}&_method=GET',
    '_method=GET&note="_method"', '{"a":1}&_method=GET', '_method=GET&x=a:_method:b', '&_method=GET', '_method=GET&x=%7B%22_method%22:1%7D');
allows_form($none, '{"a":1}', '{"a":"="}&x=1', 'x={"a":[1,2]}', '{"x[_method]":1}', '{"a":"_method"}', '[1]', 'x=1', '"x"', 'a={}');



=== TEST 3: JSON that is a form to who does not look
--- guard
scoped_key_require dns:write;
scoped_key_param _method form:_method json:/_method;
--- story
my $none = limited(_method => []);
my $get = limited(_method => ['GET']);
my @attacks = map { qq("a":"$_") } '&_method=DELETE&', 'x&_method=DELETE', '&_method=DELETE&_method=GET&', ';_method=DELETE;', '&_method[]=DELETE&',
    '&_METHOD=DELETE&', '& _method=DELETE&', '&%5fmethod=DELETE&', '&%255fmethod=DELETE&', '&.method=DELETE&', '&_method&', '&_method=',
    '&_method[x][y]=DELETE', '&_method[]', '&_method[0]', '&_method[_method]&', ';_method[]x;', '&_method[x]{&', '& _Method[a][b]&', '&[_method]=DELETE', '&_method%00=DELETE', 'x=1&_method%20=DELETE&', '&__proto__[_method]=DELETE&';
refuses_json($none, map { "{$_}" } @attacks);
refuses_json($get, map { ("{$_,\"_method\":\"GET\"}", "{\"_method\":\"GET\",$_}") } @attacks);
refuses_json($none, '{"&_method=DELETE&":1}', '["&_method=DELETE&"]', '"&_method=DELETE&"');
allows_json($get, map { "{\"_method\":\"GET\",\"a\":$_}" } '"a&b=c"', '"https://x/?a=1&b=2"', '"&method=DELETE&"', '"&x[_method]=DELETE&"',
    '"R & _method"', '"R & x[_method]"', '"a&method[0]"', '"a & _method of [0]"', '"&_method=GET&"', '"\u0026_method=DELETE"', '"a=_method&b"', '"_method=DELETE"', '"= & ; %"', '{"_method":"X"}',
    '"this & _method of that = x"', '"&amp;&lt;"', '"100%"', '"&_methods=DELETE&"', '"&%ff=&"');
allows_json($none, '{}', '{"a":"&b=c&"}', '{"a":{"_method":1}}');



=== TEST 4: pointers that go deeper, or have no name
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type json:/rrsets/*/type;
scoped_key_param ids form:ids json:/ids/*;
scoped_key_param root form:root json:;
scoped_key_param slash form:slash json:/a~1b;
--- story
my $type = limited(type => ['TXT']);
refuses_form($type, 'type=TXT&x={"rrsets":[{"type":"A"}]}', '{"rrsets":[{"type":"A"}]}&type=TXT', '{"rrsets":{"x":{"type":"A"}}}&type=TXT');
allows_form($type, 'type=TXT', '{"rrsets":[{"type":"TXT"}]}&type=TXT', '{"rrsets":[{"name":"A"}]}&type=TXT');
allows_json($type, '{"rrsets":[{"type":"TXT"}]}');
refuses_json($type, '{"rrsets":[{"type":"TXT","x":"&type=A&"}]}');
my $ids = limited(ids => ['1']);
refuses_form($ids, '{"ids":[2]}&ids=1', '{"ids":[1]}&ids=1');
allows_form($ids, 'ids=1', '{"id":[2]}&ids=1');
my $root = limited(root => ['1']);
refuses_form($root, '{}&root=1', '5&root=1', '"x"&root=1', ' [1]&root=1', 'true&root=1', 'null=&root=1');
allows_form($root, 'root=1', 'x=5&root=1', '&root=1');
my $slash = limited(slash => ['1']);
refuses_form($slash, '{"a/b":"2"}&slash=1', '{"a\/b":"2"}&slash=1');
allows_form($slash, 'slash=1', '{"a~1b":"2"}&slash=1', '{"b":"2"}&slash=1');



=== TEST 5: params of one kind have one reading
--- guard
scoped_key_require dns:write;
scoped_key_param form form:type;
scoped_key_param json json:/type;
scoped_key_param both form:type json:/type;
--- story
allows_form(limited(form => ['TXT']), 'type=TXT&x={"type":"A"}', '{"x":{"type":"A"}}&type=TXT');
allows_json(limited(json => ['TXT']), '{"type":"TXT","x":"&type=A&"}');
refuses_form(limited(both => ['TXT']), 'type=TXT&x={"type":"A"}');
refuses_json(limited(both => ['TXT']), '{"type":"TXT","x":"&type=A&"}');
refuses_form(limited(form => ['TXT'], both => ['TXT']), 'type=TXT&x={"type":"A"}');



=== TEST 6: many readings, and what the search for them may cost
--- config
client_body_buffer_size 1m;
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type json:/type;
scoped_key_param size form:size json:/size;
scoped_key_body_limit 1m;
--- story
our $refused;
my $key = limited(type => ['TXT']);
my $json = sub { qq({"type":"TXT","x":"$_[0]"}) };
verdict_is(json($key, $json->('&type=TXT' x 30 . '&')), 200, 'the same again');
verdict_is(json($key, $json->('&type=TXT' x 100 . '&')), $refused, 'too often');
verdict_is(json($key, $json->('&size=1' x 100 . '&')), $refused, 'too often, of another param');
quickly(sub { verdict_is(json($key, $json->('a &nbsp; &amp; b; ' x 20000)), 200, 'prose') }, 'entities');
quickly(sub { verdict_is(json($key, $json->("\xe4\xbd\xa0&" x 15000)), 200, 'beyond') }, 'not ASCII');
quickly(sub { verdict_is(json($key, $json->('&typ=1' x 100000)), 200, 'near') }, 'near misses');
quickly(sub { verdict_is(form($key, 'type=TXT&x=' . '"a":' x 100000), 200, 'quoted') }, 'names of others');
quickly(sub { verdict_is(form($key, 'type=TXT&x=' . '\\"' x 100000), 200, 'escaped') }, 'escapes');
