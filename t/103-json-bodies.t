# Params out of JSON bodies: pointers, and every way to make two readers of one
# text see two things.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $refused = '403 param_refused';
our $unreadable = '403 body_unreadable';

sub shown {
    my $text = $_[0] =~ s/[^ -~]/?/gr;

    return length $text > 60 ? substr($text, 0, 60) . '...' : $text;
}

# each body, with a key
sub refuses {
    my ($key, @bodies) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    verdict_is(json($key, $_), $main::refused, shown($_)) for @bodies;
}

sub cannot_read {
    my ($key, @bodies) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    verdict_is(json($key, $_), $main::unreadable, shown($_)) for @bodies;
}

sub allows {
    my ($key, @bodies) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $body (@bodies) {
        my $answer = json($key, $body);
        verdict_is($answer, 200, shown($body));
        is(body_of($answer), $body, 'as it was sent');
    }
}

run_tests();

__DATA__

=== TEST 1: a member
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type;
--- story
my $key = limited(type => ['TXT', '7', '-7', 'true', '_*']);
allows($key, '{"type":"TXT"}', ' { "type" : "TXT" } ', "{\r\n\t\"type\":\"TXT\"}\n", '{"type":"\u0054XT"}',
        '{"\u0074ype":"TXT"}', '{"x":{"type":"B"},"type":"TXT"}', '{"x":[1,null,1.5,"\ud83d\ude00"],"type":"TXT"}',
        '{"type":7}', '{"type":-7}', '{"type":true}', '{"type":"true"}', '{"type":"7"}', '{"type":"_a"}',
        '{"type":["TXT"]}', '{"type":["TXT",7,true]}',
        '{"type":"TXT","types":"B"}', '{"type":"TXT","x":"\"type\":\"B\""}', '{"type":"TXT","":1}');
refuses($key, '{}', '{"type":"B"}', '{"type":"txt"}', '{"type":""}', '{"type":"TXT "}', '{"type":8}',
        '{"type":false}', '{"type":null}', '{"type":7.0}', '{"type":7e0}', '{"type":-7.0}', '{"type":["TXT","B"]}',
        '{"type":["TXT",null]}', '{"type":["TXT",["TXT"]]}', '{"type":["TXT",{}]}', '{"type":["TXT",[]]}',
        '{"type":{"type":"TXT"}}', '{"type":[]}', '{"type":{}}', '{"x":{"type":"TXT"}}', '{"types":"TXT"}',
        '[]', '[{"type":"TXT"}]', '["type","TXT"]', '{"type":"_a.b"}', '{"type":"TXT\n"}', '{"type":"T\u0000XT"}' =~
        s/\\u0000/\\u0001/r);



=== TEST 2: an empty list
--- guard
scoped_key_require dns:write;
scoped_key_param deletes json:/deletes/*/id json:/deletes;
--- story
my $key = limited(deletes => []);
allows($key, '{}', '{"posts":[{"id":1}]}', '{"x":{"deletes":1}}', '{"deletes":null}', '{"deletes":[]}');
verdict_is(json($key, ''), 200, 'an empty body');
verdict_is(get('/', 'X-API-Key' => $key), 200, 'no body');
refuses($key, '{"deletes":[{"id":1}]}', '{"deletes":[null]}', '{"deletes":["x"]}', '{"deletes":1}', '{"deletes":""}',
        '{"deletes":{}}', '{"Deletes":[{"id":1}]}', '{"deletes ":1}', '{"DELETES":1}', '{"deletes[]":1}', '[]', '[1]',
        '{"deletes":[{}]}', '{"deletes":[[{"id":1}]]}', '1', '"x"', 'null', 'true');



=== TEST 3: a * stands for every element and every member
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/rrsets/*/type;
scoped_key_param all json:/*;
scoped_key_param deep json:/a/*/b/*/c;
--- story
my $key = limited(type => ['TXT', 'A']);
allows($key, '{"rrsets":[{"type":"TXT"}]}', '{"rrsets":[{"type":"TXT"},{"type":"A","x":1}]}',
        '{"rrsets":{"one":{"type":"TXT"},"two":{"type":"A"}}}', '{"rrsets":[{"type":["TXT","A"]}]}');
refuses($key, '{"rrsets":[{"type":"TXT"},{"type":"B"}]}', '{"rrsets":[{"type":"TXT"},{}]}', '{"rrsets":[]}', '{}',
        '{"rrsets":[{"type":"TXT"},null]}', '{"rrsets":[{"type":"TXT"},[]]}', '{"rrsets":[{"type":"TXT"},"TXT"]}',
        '{"rrsets":[{"type":"TXT"},{"type":null}]}', '{"rrsets":[{"type":"TXT"},{"Type":"B"}]}', '{"rrsets":{}}',
        '{"rrsets":[{"type":"TXT"},{"type":"TXT","Type":"B"}]}', '{"rrsets":{"type":"TXT"}}', '{"rrsets":"TXT"}',
        '{"rrsets":[[{"type":"TXT"}]]}', '{"rrsets":null}', '[{"type":"TXT"}]', '{"rrsets":[{"type":["TXT","B"]}]}',
        '{"rrsets":[{"type":"TXT"}],"RRsets":[{"type":"B"}]}', '{"rrsets":[{"type":"TXT"}],"rrsets ":[]}');
my $all = limited(all => ['x']);
allows($all, '["x","x"]', '{"a":"x","b":"x"}', '["x",["x"]]');
refuses($all, '["x","y"]', '{"a":"x","b":"y"}', '[]', '{}', '["x",["y"]]', '["x",null]', '"x"', '["x",1.5]');
my $deep = limited(deep => ['1', '2']);
allows($deep, '{"a":[{"b":[{"c":1},{"c":2}]},{"b":{"k":{"c":"1"}}}]}');
refuses($deep, '{"a":[{"b":[{"c":1},{"c":3}]}]}', '{"a":[{"b":[]},{}]}', '{"a":[{"b":[{"c":1}]},{}]}',
        '{"a":[{"b":[{"c":1}]},{"b":[{"x":1}]}]}', '{"a":[{"b":[{"c":1}]},{"b":1}]}');



=== TEST 4: pointers of RFC 6901
--- guard
scoped_key_require dns:write;
scoped_key_param root json:;
scoped_key_param first json:/0/name;
scoped_key_param slash json:/a~1b;
scoped_key_param tilde json:/m~0n;
scoped_key_param empty json:/;
scoped_key_param percent json:/c%d;
scoped_key_param two json:/x/1;
--- story
allows(limited(root => ['x']), '"x"', '["x"]');
refuses(limited(root => ['x']), '"y"', '["y"]', '[]', '{"":"x"}', 'null');
allows(limited(first => ['x']), '[{"name":"x"},{"name":"y"}]', '{"0":{"name":"x"}}');
refuses(limited(first => ['x']), '[{"name":"y"},{"name":"x"}]', '[]', '{"00":{"name":"x"}}');
allows(limited(slash => ['x']), '{"a/b":"x"}', '{"a\/b":"x","a":{"b":"y"}}');
refuses(limited(slash => ['x']), '{"a":{"b":"x"}}', '{"a~1b":"x"}');
allows(limited(tilde => ['x']), '{"m~n":"x"}');
refuses(limited(tilde => ['x']), '{"m~0n":"x"}');
allows(limited(empty => ['x']), '{"":"x"}');
refuses(limited(empty => ['x']), '{"x":"x"}', '"x"');
allows(limited(percent => ['x']), '{"c%d":"x"}');
allows(limited(two => ['x']), '{"x":["y","x"]}', '{"x":{"1":"x"}}');
refuses(limited(two => ['x']), '{"x":["x"]}', '{"x":["x","y"]}', '{"x":"xx"}');



=== TEST 5: one member twice
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type;
--- story
my $key = limited(type => ['TXT']);
cannot_read($key, '{"type":"TXT","type":"B"}', '{"type":"B","type":"TXT"}', '{"type":"TXT","type":"TXT"}',
    '{"type":"TXT","\u0074ype":"B"}', '{"\u0074\u0079\u0070\u0065":"B","type":"TXT"}', '{"type":"TXT","t\u0079pe":"TXT"}',
    '{"type":"TXT","x":1,"x":2}', '{"type":"TXT","x":{"y":1,"y":2}}', '{"type":"TXT","x":[{"y":1,"\u0079":1}]}',
    '{"type":"TXT","":1,"":2}', '{"type":"TXT","\/":1,"/":2}', '{"type":"TXT","\ud83d\ude00":1,"' . "\xf0\x9f\x98\x80" . '":2}');



=== TEST 6: a member in another spelling
--- guard
scoped_key_require dns:write;
scoped_key_param user json:/user_id;
scoped_key_param type json:/type;
--- story
my $key = limited(type => ['TXT']);
refuses($key, '{"Type":"TXT"}', map { (qq({"type":"TXT","$_":"B"}), qq({"$_":"B","type":"TXT"})) }
    'Type', 'TYPE', 'typE', ' type', 'type ', '\ttype', 'type\n', '\u0001type', 'type\u007f', 'type[]', 'type.x', 'type[0]',
    '__proto__', '\u0054ype', 't_ype', 'ty-pe', '[type]', '[]type', '.type', 'ty\u200bpe', '\uff54ype');
allows($key, map { (qq({"type":"TXT","$_":"B"}), qq({"$_":"B","type":"TXT"})) } 'filter[type]', 'content.type', 'a/type', '@type',
        '$type', '_type', 'type/x', 'x;type', 'types');
refuses($key, '{"filter[type]":"TXT"}', '{"content.type":"TXT"}', '{"a/type":"TXT"}');
my $user = limited(user => ['1']);
allows($user, '{"user_id":1}', '{"user_id":1,"user":2}', '{"user_id":1,"id":2}');
refuses($user, map { qq({"user_id":1,"$_":2}) } 'userId', 'userid', 'UserID', 'user-id', 'USER_ID', 'u\u017Fer_id',
        'user_\u0130d', 'user_\u0131d');



=== TEST 7: what is not JSON
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type;
--- story
my $key = limited(type => ['TXT']);
my $good = '{"type":"TXT"}';
cannot_read($key, "\xef\xbb\xbf$good", "\xfe\xff$good", "\xff\xfe$good", "$good$good", "$good x", "$good,", "$good]", "$good\0",
    "\0$good", "$good//", "/**/$good", "$good\n{}", '{"type":"TXT"', '{"type":"TXT",}', '{"type":"TXT"]', "{'type':'TXT'}",
    '{type:"TXT"}', '{"type":TXT}', '{"type" "TXT"}', '{"type":"TXT" "x":1}', '{"type":"TXT","x":01}', '{"type":"TXT","x":+1}',
    '{"type":"TXT","x":.5}', '{"type":"TXT","x":1.}', '{"type":"TXT","x":0x1}', '{"type":"TXT","x":NaN}', '{"type":"TXT","x":-}',
    '{"type":"TXT","x":Infinity}', '{"type":"TXT","x":TRUE}', '{"type":"TXT","x":undefined}', '{"type":"T\x58T"}',
    "{\"type\":\"TXT\",\"x\":\"\n\"}", "{\"type\":\"TXT\",\"x\":\"\t\"}", "{\"type\":\"TXT\",\"x\":\"\x01\"}", ' ', "\n", '{', '[', '"',
    "\x0b$good", "\xc2\xa0$good", "$good\xe2\x80\xa8", 'type=TXT', '<type>TXT</type>', '{"type":"TXT"}}', '{"type":"\u12"}',
    "\x1e$good\n", '[1,]', '{,}', '{"a":1,,"b":2}');



=== TEST 8: NUL in every form
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type;
--- story
my $key = limited(type => ['TXT**']);
cannot_read($key, '{"type":"TXT\u0000B"}', '{"type":"TXT\u0000"}', '{"type\u0000":"B","type":"TXT"}', '{"\u0000":1,"type":"TXT"}',
    "{\"type\":\"TXT\0B\"}", "{\"type\":\"TXT\",\0\"x\":1}");
allows($key, '{"type":"TXT","x":"\u0000"}', '{"type":"TXT","x":["a\u0000b"]}');



=== TEST 9: invalid UTF-8 and lonely surrogates
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type;
--- story
my $key = limited(type => ['TXT**']);
cannot_read($key, (map { (qq({"type":"TXT$_"}), qq({"type":"TXT","x$_":1})) }
        "\xff", "\xc0\x80", "\xc1\xb4", "\xe4", "\xed\xa0\x80", "\xed\xb0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80",
        "\xe2\x82", "\xf0\x80\x80\x80", "\xe0\x80\x80"),
    '{"type":"TXT\ud800"}', '{"type":"TXT\udc00"}', '{"type":"TXT\ud800\u0041"}', '{"type":"TXT\udc00\ud800"}', '{"type":"TXT\ud800\ud800"}');
allows($key, "{\"type\":\"TXT\xc3\xa4\"}", '{"type":"TXT\u00e4"}', '{"type":"TXT\ud83d\ude00"}', "{\"type\":\"TXT\xf4\x8f\xbf\xbf\"}");



=== TEST 10: numbers
--- guard
scoped_key_require dns:write;
scoped_key_param n json:/n;
--- story
our ($refused, $unreadable);
my $key = limited(n => ['**']);
allows($key, map { "{\"n\":$_}" } 0, 1, -1, '9223372036854775807', '-9223372036854775808');
refuses($key, map { "{\"n\":$_}" } '1.0', '1e2', '1E+2', '-0.0', '1.5', '1e-7', '9007199254740993.0');
for my $n ('9223372036854775808', '-9223372036854775809', '9' x 400, '1e400', '-1e999', '1' . '0' x 5000, '0.' . '1' x 20000) {
    refuses($key, "{\"n\":$n}", "{\"n\":[1,$n]}");
    allows(limited(n => ['1']), "{\"n\":1,\"m\":$n}", "{\"m\":[$n,{\"x\":$n}],\"n\":1}");
}
refuses(limited(n => ['0', '-0']), '{"n":-0.0}');
allows(limited(n => ['100']), '{"n":100}');
refuses(limited(n => ['100']), '{"n":1e2}', '{"n":100.0}');



=== TEST 11: depth 32 and no more
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type;
--- story
my $key = limited(type => ['TXT']);
allows($key, '{"type":"TXT","x":' . '[' x 31 . ']' x 31 . '}', '{"type":"TXT","x":' . '{"x":' x 30 . '{}' . '}' x 30 . '}');
cannot_read($key, '{"type":"TXT","x":' . '[' x 32 . ']' x 32 . '}', '{"type":"TXT","x":' . '{"x":' x 31 . '{}' . '}' x 31 . '}');
quickly(sub { cannot_read($key, '[' x 60000, '{"x":' x 12000, '[' x 30000 . ']' x 30000) }, 'very deep');



=== TEST 12: many members, many elements
--- guard
scoped_key_require dns:write;
scoped_key_body_limit 2m;
client_body_buffer_size 2m;
scoped_key_param type json:/r/*/type;
--- story
our $refused;
my $key = limited(type => ['TXT']);
my $list = join ',', ('{"type":"TXT"}') x 50000;
my $some = join ',', ('{"type":"TXT"}') x 255;
quickly(sub { refuses($key, "{\"r\":[$list]}") }, '50,000 values');
quickly(sub { allows($key, "{\"r\":[$some],\"x\":[$list]}") }, '50,000 elsewhere');
quickly(sub { refuses($key, "{\"r\":[$some,{\"type\":\"B\"}],\"x\":[$list]}") }, 'the last');
my $members = join ',', map { "\"k$_\":$_" } 1 .. 50000;
quickly(sub { allows($key, "{\"r\":[{\"type\":\"TXT\"}],$members}") }, '50,000 members');
quickly(sub { cannot_read($key, "{\"r\":[{\"type\":\"TXT\"}],$members,\"k1\":1}") }, 'the last is the first');



=== TEST 13: several params of one body, and aliases
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type json:/rrtype;
scoped_key_param name json:/name;
--- story
my $key = limited(type => ['TXT'], name => ['a', 'b']);
allows($key, '{"type":"TXT","name":"a"}', '{"rrtype":"TXT","name":"b"}', '{"type":"TXT","rrtype":"TXT","name":"a"}');
refuses($key, '{"type":"TXT"}', '{"name":"a"}', '{"type":"TXT","rrtype":"B","name":"a"}', '{"type":"B","rrtype":"TXT","name":"a"}',
        '{"type":"TXT","name":"c"}', '{"type":"TXT","rrtype":null,"name":"a"}');
my $other = granted(constrained(scope => 'dns:write', params => {type => ['TXT'], name => ['a']}),
                    constrained(scope => 'dns:write', params => {type => ['A'], name => ['b']}));
allows($other, '{"type":"TXT","name":"a"}', '{"type":"A","name":"b"}');
refuses($other, '{"type":"TXT","name":"b"}', '{"type":"A","name":"a"}');



=== TEST 14: at most 4,096 values of one param
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/x/*/type arg:type form:type;
scoped_key_body_limit 128k;
--- story
our $refused;
my $key = limited(type => ['TXT', '*a*b*']);
my $json = sub { '{"x":[' . join(',', ('{"type":"TXT"}') x $_[0]) . ']}' };
verdict_is(json($key, $json->(4096)), 200, 'an array');
verdict_is(json($key, $json->(4097)), $refused, 'too many in an array');
verdict_is(post('/?type=TXT', $key, 'application/json', $json->(4095)), 200, 'from two sources');
verdict_is(post('/?type=TXT', $key, 'application/json', $json->(4096)), $refused, 'too many from two sources');
verdict_is(form($key, join '&', ('type=TXT') x 4096), 200, 'a form');
verdict_is(form($key, join '&', ('type=TXT') x 4097), $refused, 'too many in a form');
verdict_is(json(granted('dns:write'), $json->(5000)), 200, 'as many as you like without a constraint');



=== TEST 15: a single call, or a batch of them
--- guard
scoped_key_require dns:write;
scoped_key_param method json:/method json:/[]/method;
scoped_key_param each json:/[]/method;
scoped_key_param one json:/method;
scoped_key_param deep json:/a/b json:/a/[]/b json:/[]/a/b json:/[]/a/[]/b;
scoped_key_param half json:/a/b json:/a/[]/b json:/[]/a/b;
--- story
my $key = limited(method => ['eth_*', 'net_version']);
allows($key, '{"method":"eth_call"}', '[{"method":"eth_call"}]', '[{"method":"eth_call"},{"method":"net_version","id":2}]');
refuses($key, '{"method":"admin_x"}', '[{"method":"admin_x"}]', '[{"method":"eth_call"},{"method":"admin_x"}]',
        '[{"method":"eth_call"},{}]', '[{"method":"eth_call"},"x"]', '[{"method":"eth_call"},null]', '[]', '{}', 'null',
        '[[{"method":"eth_call"}]]', '[{"method":"eth_call"},[{"method":"eth_call"}]]', '"x"', '{"x":[{"method":"eth_call"}]}',
        '[{"method":"eth_call","Method":"admin_x"}]', '[{"method":"eth_call"},{"METHOD":"admin_x"}]', '[{"method":null}]',
        '{"0":{"method":"eth_call"}}', '{"[]":{"method":"eth_call"}}', '{"*":{"method":"eth_call"}}');
my $none = limited(method => []);
allows($none, '{}', '[]', '{"x":1}', '[{"method":null}]', '{"method":null}', '{"method":[]}');
refuses($none, '{"method":"x"}', '[{"method":"x"}]', '[{}]', '[[]]', '["x"]', '1');
allows(limited(each => ['x']), '[{"method":"x"},{"method":["x","x"]}]');
refuses(limited(each => ['x']), '{"method":"x"}', '[]', '[{"method":"y"}]');
allows(limited(each => []), '{"method":"x"}', '"x"', '[]', 'null');
allows(limited(one => ['x']), '{"method":"x"}');
refuses(limited(one => ['x']), '[{"method":"x"}]', '[]');
refuses(limited(one => []), '[]', '[{"method":"x"}]', '[{}]');
allows(limited(deep => ['x']), '{"a":{"b":"x"}}', '{"a":[{"b":"x"}]}', '[{"a":{"b":"x"}}]', '[{"a":[{"b":"x"}]}]');
refuses(limited(half => ['x']), '[{"a":[{"b":"x"}]}]', '[{"a":{"b":"x"}}]');
refuses(limited(deep => ['x']), '{"a":[[{"b":"x"}]]}', '{"a":[{"b":"x"},{"c":"x"}]}');



=== TEST 16: one value or a list of them, as home automation has it
--- guard
scoped_key_require dns:write;
scoped_key_param entity json:/entity_id json:/target/entity_id;
--- story
my $key = limited(entity => ['light.*']);
allows($key, '{"entity_id":"light.kitchen"}', '{"entity_id":["light.kitchen","light.hall"]}',
        '{"target":{"entity_id":["light.hall"]}}');
refuses($key, '{"entity_id":"lock.door"}', '{"entity_id":["light.kitchen","lock.door"]}', '{"entity_id":[]}',
        '{"entity_id":["light.hall"],"target":{"entity_id":"lock.door"}}', '{"entity_id":["light.hall",["lock.door"]]}',
        '{"entity_id":"light.hall","target":{"entity_id":[]}}', '{"entity_id":"light.hall","target":{"entity_id":null}}');



=== TEST 17: why a body cannot be read is in the log
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type;
--- story
our $unreadable;
my $key = limited(type => ['TXT']);
for (['{"type":"TXT","type":"B"}', 'JSON with a duplicate member'], ['{"type":"TXT"', 'JSON that is cut off'],
     ['{"type":"TXT"}x', 'JSON with text after it'], ["\xef\xbb\xbf{}", 'JSON with a byte order mark'],
     ['[' x 33 . ']' x 33, 'JSON with more than 32 levels'], ["{\"type\":\"\xff\"}", 'JSON with invalid UTF-8'],
     ['{"type\u0000":1}', 'JSON with \u0000 in a name'], ['{"type":"\u0000"}', 'JSON with \u0000 in a value'],
     ['{"type":TXT}', 'JSON with a syntax error'])
{
    my ($body, $cause) = @$_;
    cannot_read($key, $body);
    ok(error_log_has("cause=\"\Q$cause\E\""), $cause);
}
verdict_is(post('/', $key, 'text/plain', 'type=TXT'), $unreadable, 'another type');
ok(error_log_has('cause="Content-Type or Content-Encoding"'), 'it says so');
verdict_is(form($key, 'type=TXT'), $unreadable, 'no source for it');
ok(error_log_has('cause="a Content-Type that no source expects"'), 'it says so, too');
