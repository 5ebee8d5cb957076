# What the header fields say that a body is, and what they may not say.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $unreadable = '403 body_unreadable';
our @bodies = (json => '{"type":"TXT"}', form => 'type=TXT');

# What a refusal says in gRPC's own form, which has no problem body: the verdict
# that it stands for.
sub grpc_verdict {
    my ($answer) = @_;
    my ($status, $reason) = map { field($answer, $_) // '' } 'grpc-status', 'grpc-message';

    return 'no refusal' unless "$answer->{status} $answer->{body} $status $answer->{seen}" eq '200  7 0';
    return "403 $reason";
}

# TYPE => 'json', 'form' or '' for neither: tried with both kinds of body
sub reads_as {
    my ($kind, @types) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $key = limited(type => ['TXT']);
    my %body = @main::bodies;

    for my $type (@types) {
        my $name = defined $type ? "\"$type\"" =~ s/[^ -~]/?/gr : 'no type';

        for my $body (sort keys %body) {
            my $answer = post('/', $key, $type, $body{$body});
            $answer = ($type // '') =~ m{^application/grpc\+}i ? grpc_verdict($answer) : verdict($answer);
            if ($body eq $kind) {
                is($answer, 200, "$name: $body");
            } else {
                like($answer, qr/\A403 (?:body_unreadable|param_refused)\z/, "$name: no $body");
            }
            is($answer, $main::unreadable, "$name: nothing") if $kind eq '';
        }
    }
}

run_tests();

__DATA__

=== TEST 1: JSON
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type form:type;
--- story
reads_as('json', 'application/json', 'Application/JSON', 'application/json;charset=utf-8', 'application/json; charset=UTF-8',
    'application/json; charset="utf-8"', 'application/json;', 'application/json ; charset=utf-8', 'application/json; version=1',
    'application/vnd.api+json', 'application/problem+json; charset=utf-8', 'application/x+JSON', 'application/merge-patch+json',
    ' application/json ', 'text/json', 'Text/JSON; charset=utf-8', 'application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"',
    'application/ld+json; profile="http://www.w3.org/ns/json-ld#compacted"', 'application/json; odata.metadata=minimal',
    'application/vnd.elasticsearch+json;compatible-with=8', 'application/json; boundary=x', 'application/vnd.github.v3+json',
    'application/a+b+json', 'application/json+json', 'application/xhtml+json');



=== TEST 2: forms
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type form:type;
--- story
reads_as('form', 'application/x-www-form-urlencoded', 'application/X-WWW-Form-URLEncoded',
    'application/x-www-form-urlencoded;charset=UTF-8', 'application/x-www-form-urlencoded; charset=utf-8');



=== TEST 3: neither
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type form:type;
--- story
reads_as('', undef, '', 'text/plain', 'application/xml', 'application/jsonp', 'application/json5', 'json', '*/*',
    'application/*', 'application', 'application/', '/json', 'application/+json', 'text/x+json', 'application/json+xml',
    'application/x-json', 'application/json-seq', 'application/x-ndjson', 'multipart/form-data; boundary=x', 'multipart/form-data',
    'application/x-www-form-urlencodedx', 'x-www-form-urlencoded', 'application/octet-stream', 'application/graphql',
    'application/json, application/x-www-form-urlencoded', 'application/json,text/plain', 'application/json text/plain',
    'text/plain; application/json', 'text/plain;application/json', '"application/json"', "application/json\tx", 'application /json',
    ';application/json', ',application/json', 'application/jso', "application/json\xa0", "application/json\x0b", 'application\json',
    'text/x-json', 'application/vnd+jsonx', 'application/x y+json', 'application/x/y+json', 'application/(x)+json',
    'application/grpc+json', 'application/GRPC+json', 'application/grpc-web+json', 'application/grpc-web-text+json',
    'application/json;x', 'application/json;=1', 'application/json; x=', 'application/json; x = 1', 'application/json; x="',
    'application/json; x=""y"', 'application/json; x="a\\"b"', 'application/json; x="a,b"', 'application/json; x=a b',
    'application/json; x="a;b"', "application/json\t", "application/json;\tcharset=utf-8", "application/json; x=\xe9",
    'application/json, application/json', 'application/json,', ',', ';', 'application/json:', 'application/json x=1');



=== TEST 4: another charset
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type form:type;
--- story
for my $type ('application/json', 'application/vnd.x+json', 'application/x-www-form-urlencoded') {
    reads_as('', "$type; charset=utf-16", "$type; charset=utf-7", "$type; charset=iso-8859-1", "$type;charset=UTF-16LE",
        "$type; charset=ibm037", "$type; Charset=utf-16", "$type; charset=\"utf-16\"", "$type; charset=", "$type; charset",
        "$type; charset=utf-8; charset=utf-16", "$type; charset=utf-16; charset=utf-8", "$type; x=1; charset=cp1252",
        "$type; charset = utf-16", "$type; charset =utf-16", "$type; charset*=utf-16''x", "$type; charset=utf-8x",
        "$type; charset='utf-8'", "$type;charset=utf-8,utf-16", "$type; charset=\"utf-8", "$type; x=\"a;charset=utf-7\"");
}



=== TEST 5: twice
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type form:type;
--- story
our ($unreadable, @bodies);
my $key = limited(type => ['TXT']);
my ($json, $form) = ('application/json', 'application/x-www-form-urlencoded');
my %body = @bodies;
for my $types ([$json, $form], [$form, $json], [$json, $json], [$form, $form], [$json, 'text/plain'], ['', $json], [$json, '']) {
    for my $body (sort keys %body) {
        my $answer = ask('POST', '/', {body => $body{$body}}, 'X-API-Key' => $key, map { ('Content-Type' => $_) } @$types);
        like(verdict($answer), qr/\A(?:400|403 body_unreadable)\z/, "$body: @$types");
        is($answer->{seen}, 0, 'stays here');
    }
}



=== TEST 6: content-codings
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type form:type;
--- story
our ($unreadable, @bodies);
my $key = limited(type => ['TXT']);
for my $coding ('gzip', 'deflate', 'br', 'identity', 'GZIP', 'gzip, identity', 'x-gzip', 'zstd', 'compress', '') {
    verdict_is(json($key, $bodies[1], 'Content-Encoding' => $coding), $unreadable, "\"$coding\"");
    verdict_is(form($key, $bodies[3], 'content-encoding' => $coding), $unreadable, "\"$coding\", form");
}
my $gzip = pack 'H*', '1f8b0800000000000003ab562aa92c4855b2520a8908510200f9fd2ca40e000000';
verdict_is(json($key, $gzip, 'Content-Encoding' => 'gzip'), $unreadable, 'gzip');
verdict_is(json($key, $gzip), $unreadable, 'gzip, unsaid');
verdict_is(json($key, $bodies[1], 'X-Content-Encoding' => 'gzip'), 200, 'another line');



=== TEST 7: the source must fit the type
--- guard
scoped_key_require dns:write;
scoped_key_param json json:/type;
scoped_key_param form form:type;
scoped_key_param both form:type json:/type arg:type;
scoped_key_param arg arg:type;
--- story
our ($unreadable, @bodies);
my $refused = '403 param_refused';
my ($json, $form) = @bodies[1, 3];
verdict_is(json(limited(json => ['TXT']), $json), 200, 'JSON');
verdict_is(form(limited(json => ['TXT']), $form), $unreadable, 'a form where JSON is wanted');
verdict_is(form(limited(form => ['TXT']), $form), 200, 'a form');
verdict_is(json(limited(form => ['TXT']), $json), $unreadable, 'JSON where a form is wanted');
verdict_is(json(limited(both => ['TXT']), $json), 200, 'both, JSON');
verdict_is(form(limited(both => ['TXT']), $form), 200, 'both, a form');
verdict_is(json(limited(both => ['TXT']), '{"type":"B"}'), $refused, 'both, JSON of another type');
verdict_is(form(limited(both => ['TXT']), 'type=B'), $refused, 'both, a form of another type');
verdict_is(form(limited(both => ['TXT']), $json), $refused, 'JSON that calls itself a form');
verdict_is(json(limited(both => ['TXT']), $form), $unreadable, 'a form that calls itself JSON');
verdict_is(post('/?type=TXT', limited(both => ['TXT']), 'text/plain', $form), $unreadable, 'neither, beside the query');
verdict_is(post('/?type=TXT', limited(arg => ['TXT']), 'text/plain', $form), 200, 'the query alone');
verdict_is(post('/?type=TXT', limited(both => ['TXT']), 'text/plain', ''), 200, 'an empty body has no type');
verdict_is(post('/', limited(both => ['TXT']), 'application/json', ''), $refused, 'an empty body has no values');



=== TEST 8: the name of another kind, anywhere
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type form:type;
--- story
my ($json, $form) = ('application/json', 'application/x-www-form-urlencoded');
for my $word ('x-www-form-urlencoded', 'X-WWW-Form-URLEncoded', 'application/x-www-form-urlencoded', 'multipart/form-data',
    'MultiPart', 'xml', 'application/XML', 'multipart/form-data;boundary=x')
{
    for my $type ($json, 'text/json', 'application/vnd.api+json') {
        reads_as('', "$type; x=$word", "$type; x=\"$word\"", "$type; $word=1", "$type;$word", "$type $word", "$type; $word;x=1");
    }
    my ($name) = $word =~ /(x-www-form-urlencoded|multipart|xml)/i;
    reads_as('', "application/$name+json", "application/x.$name+json", "application/$word+json");
}
for my $word ('json', 'JSON', '+json', '/json', 'application/json', 'text/json', 'jsonp', 'multipart/form-data', 'xml', 'application/xml',
    'Multipart')
{
    reads_as('', "$form; x=$word", "$form; x=\"$word\"", "$form; $word=1", "$form;$word", "$form $word", "$form$word");
}
reads_as('', "$form+json", "$form; x=+json", "$form; x=+JSON", "$form;+json", "x/json+$form", "$form+xml", "${form}json");



=== TEST 9: what a CGI would take for it
--- config
underscores_in_headers on;
--- guard
scoped_key_require dns:write;
scoped_key_param type json:/type form:type;
--- story
our ($unreadable, @bodies);
my $key = limited(type => ['TXT']);
my ($json, $form) = ('application/json', 'application/x-www-form-urlencoded');
verdict_is(json($key, $bodies[1], 'Content_Type' => $form), $unreadable, 'Content_Type');
verdict_is(form($key, $bodies[3], 'CONTENT_TYPE' => $json), $unreadable, 'CONTENT_TYPE');
verdict_is(post('/', $key, undef, $bodies[1], 'Content_Type' => $json), $unreadable, 'and no other');
verdict_is(json($key, $bodies[1], 'Content_Encoding' => 'gzip'), $unreadable, 'Content_Encoding');
verdict_is(json($key, $bodies[1], 'Content.Type' => 'text/plain'), 200, 'none of them');
