# Params out of the query string, of path captures, headers and other texts: every
# value must match, and what some upstream could read in another way refuses.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

our $refused = '403 param_refused';

# QUERY... that a key refuses, or that it lets through
sub refuses {
    my ($key, @queries) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    verdict_is(get("/?$_", 'X-API-Key' => $key), $main::refused,
               '?' . s/[^ -~]/?/gr) for @queries;
}

sub allows {
    my ($key, @queries) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $query (@queries) {
        my $answer = get("/?$query", 'X-API-Key' => $key);
        verdict_is($answer, 200, '?' . $query =~ s/[^ -~]/?/gr);
        is(($answer->{body} =~ m{\AGET (\S+) HTTP})[0], "/?$query", 'as it was sent');
    }
}

run_tests();

__DATA__

=== TEST 1: every occurrence must match, and one there must be
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
my $key = limited(type => ['TXT', 'A*']);
allows($key, 'type=TXT', 'type=A', 'type=AAAA', 'type=TXT&type=A', 'x=1&type=TXT&y=2',
        'type=TXT&type=TXT', '&&type=TXT&', 'type=%54XT', '%74ype=TXT', 'typ=B&type=A',
        'types=B&type=A', 'x=type&type=A', 'type=TXT&x=type%3DB', 'type=A%2B', 'a=%26&type=A');
refuses($key, '', 'x=1', 'type', 'type=', '&', '=', '=TXT', 'type=B', 'type=txt', 'type=TXT+',
        'type=+TXT', 'type=TX', 'type=TXTX', 'type=BA', 'type=A.A', 'type=A/A', 'type=A%2FA',
        'type=TXT&type=B', 'type=B&type=TXT', 'type=TXT&type', 'type=TXT&type=', 'type&type=TXT',
        'type=TXT&x=1&type=B', 'type=TXT&%74ype=B', '%74%79%70%65=B&type=TXT', 'type==TXT',
        'type=TXT=B', 'type=TXT,B', 'type=B,TXT', 'type=%54%58%54%00');



=== TEST 2: without arguments at all
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
our $refused;
verdict_is(get('/', 'X-API-Key' => limited(type => ['**'])), $refused, '**');
verdict_is(get('/?type=', 'X-API-Key' => limited(type => ['**'])), 200, 'an empty value');
verdict_is(get('/?type', 'X-API-Key' => limited(type => ['**'])), 200, 'no value');
verdict_is(get('/?type=', 'X-API-Key' => limited(type => ['x**'])), $refused, 'not that');
verdict_is(get('/', 'X-API-Key' => limited(type => [])), 200, 'an empty list');



=== TEST 3: an empty list: it must not occur
--- guard
scoped_key_require dns:write;
scoped_key_param deletes arg:deletes;
--- story
my $key = limited(deletes => []);
allows($key, '', 'x=1', 'delete=1', 'deletesx=1', 'x=deletes', 'x=deletes%3D1', '&', '=');
refuses($key, 'deletes', 'deletes=', 'deletes=1', 'x=1&deletes', 'Deletes=1', 'DELETES',
        'deletes[]=1', 'deletes%5B%5D=1', 'deletes[0]', '%64eletes', '+deletes=1', 'deletes.x=1',
        'deletes.=1', 'x=1;deletes=1', 'x=1;deletes', 'x;deletes=1', '%2564eletes=1', 'x=1#deletes=1',
        'x=1%26deletes=1', 'deletes%00=1', '%00deletes=1', '%20deletes', '%0adeletes=1', 'de%zzletes=1');



=== TEST 4: names that could mean it to some upstream
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
my $key = limited(type => ['TXT']);
for my $name ('Type', 'TYPE', 'tYPE', '%54ype', 'type[]', 'type[0]', 'type[a][b]', 'type%5B%5D',
    'type%5b0%5d', 'type[', 'type]', 'type.', 'type.x', '.type', '+type', '%20type', '++type', 'type+',
    'type%20', '%09type', '%0atype', '%0Dtype', 'type%0a', '%00type', 'type%00', 'type%00x', 'ty%00pe',
    'type%01', 'type%7f', '%2574ype', '%252574ype', '%25%37%34ype', 'type%255B%255D', 'type%2500',
    'type;', ';type', 'x;type', 'type;x', 'x%3Btype', 'x%3btype', '%26type', 'x%26type',
    'type%', 'type%1', 'type%zz', '%type', '%', '%g0', 'x%', 'ty%pe', 'type%u0041', '%u0074ype',
    '%C1%B4ype', '%ef%bd%94ype', 'type%3D', 'type%3DTXT', '[type]', '{type}', '$type', 'type$',
    '[]type', '[][type]', '%5B%5Dtype', '__proto__[type]', 'type!', '!type', 'type:', 'type*', '(type)', '"type"', "type'")
{
    refuses($key, "type=TXT&$name=B", "$name=B&type=TXT", "$name=TXT", "type=TXT&$name");
}
for my $name ('filter[type]', 'filter%5Btype%5D', 'content.type', 'content%2Etype', 'a/type', 'a%2Ftype', 'a[b][type][]', 'x[type]', 'x.type') {
    allows($key, "type=TXT&$name=B", "$name=B&type=TXT");
    refuses($key, "$name=TXT", "$name=B");
}



=== TEST 5: values that could end or split for some upstream
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
my $key = limited(type => ['**']);
allows($key, 'type=anything+at%20all', 'type=%C3%A4', 'type=a%25b', 'type=a=b', 'type=%2B', 'type=?',
        'type=a?type=b', 'type=%ff', 'type=%23', 'type=a,b');
refuses($key, 'type=%00', 'type=a%00b', 'type=a%0ab', 'type=a%0D', 'type=%1f', 'type=%7F',
        'type=%', 'type=%4', 'type=%zz', 'type=a%', 'type=%u0041', 'type=%G1', 'type=%-1', 'type=%+1',
        'type=TXT;type=B', 'type=TXT;x=1', 'type=TXT;', 'type=;', 'type=TXT%26type=B',
        'type=TXT%3Btype=B', 'type=TXT%2526type%253DB', 'x=%26type=B&type=TXT', 'x=1;type=B&type=TXT',
        'x=1;%74ype=B&type=TXT', 'x=1;type&type=TXT', 'x=%26type[]=B&type=TXT', 'type=TXT#type=B',
        'type=TXT#', '#type=TXT');



=== TEST 6: decoded once, compared byte for byte
--- guard
scoped_key_require dns:write;
scoped_key_param name arg:name;
--- story
allows(limited(name => ['a b']), 'name=a+b', 'name=a%20b');
refuses(limited(name => ['a b']), 'name=a%2Bb', 'name=a%2520b', 'name=ab', 'name=a%09b');
allows(limited(name => ['a+b']), 'name=a%2Bb', 'name=a%2bb');
refuses(limited(name => ['a+b']), 'name=a+b', 'name=a%20b');
allows(limited(name => ['%61']), 'name=%2561');
refuses(limited(name => ['a']), 'name=%2561', 'name=A', 'name=%EF%BD%81', 'name=%C1%A1');
refuses(limited(name => ['%61']), 'name=a', 'name=%61');
allows(limited(name => ["\x{e4}"]), 'name=%c3%a4');
refuses(limited(name => ["\x{e4}"]), 'name=%e4', 'name=a%CC%88');
refuses(limited(name => ['a']), "name=a%0a", 'name=a%20', 'name=+a', 'name=a%00', 'name=a.', 'name=a/');



=== TEST 7: patterns
--- guard
scoped_key_require dns:write;
scoped_key_param name arg:name;
--- story
my $one = limited(name => ['_acme-challenge.*.example.com']);
allows($one, 'name=_acme-challenge.www.example.com', 'name=_acme-challenge..example.com');
refuses($one, 'name=_acme-challenge.a.b.example.com', 'name=_acme-challenge.a/b.example.com',
        'name=_acme-challenge.a%2Fb.example.com', 'name=_acme-challenge.example.com',
        'name=_acme-challengexwww.example.com', 'name=_acme-challenge.www.example.comx',
        'name=x_acme-challenge.www.example.com', 'name=_ACME-challenge.www.example.com',
        'name=_acme-challenge.www.example.com.', 'name=_acme-challenge.*.example.org');
allows(limited(name => ['a**z']), 'name=az', 'name=a.b/c.z', 'name=a**z', 'name=azz');
refuses(limited(name => ['a**z']), 'name=a', 'name=azb', 'name=baz');
allows(limited(name => ['[a-z]+']), 'name=[a-z]%2B');
refuses(limited(name => ['[a-z]+', '.*', '^a$', '?']), 'name=a', 'name=aa');
allows(limited(name => ['*']), 'name=', 'name=a', 'name=*');
refuses(limited(name => ['*']), 'name=a.b', 'name=a/b');



=== TEST 8: aliases: every value of every source
--- guard
scoped_key_require dns:write;
scoped_key_param name arg:name arg:n $http_x_name;
--- story
our $refused;
my $key = limited(name => ['a', 'b']);
allows($key, 'name=a', 'n=b', 'name=a&n=b', 'n=a&n=b&name=a');
refuses($key, '', 'name=a&n=c', 'name=c&n=a', 'n=c', 'name=a&N=b', 'name=a&n[]=b', 'n=a&name.x=b');
my $try = sub {
    my ($expected, $query, $header) = @_;
    verdict_is(get("/$query", 'X-API-Key' => $key, 'X-Name' => $header), $expected,
               "$query, $header");
};
$try->(200, '', 'a');
$try->(200, '?n=b', 'a');
$try->($refused, '?n=b', 'c');
$try->($refused, '?n=c', 'a');
$try->($refused, '', 'c');
$try->(200, '?n=b', '');
$try->($refused, '', '');
my $none = limited(name => []);
verdict_is(get('/?x=1', 'X-API-Key' => $none), 200, 'none of them');
verdict_is(get('/?n=1', 'X-API-Key' => $none), $refused, 'the second');
verdict_is(get('/', 'X-API-Key' => $none, 'X-Name' => 'x'), $refused, 'the header');



=== TEST 9: path captures, which nginx has decoded
--- config
location ~ ^/t/(?<topic>[^/]+)/?(?<rest>.*)\z {
    scoped_key on;
    scoped_key_require topics:read;
    scoped_key_param topic $topic arg:topic;
    scoped_key_param path $topic/$rest;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $refused;
my $key = granted(constrained(scope => 'topics:read', params => {topic => ['1', '2']}));
verdict_is(get($_, 'X-API-Key' => $key), 200, $_)
    for '/t/1', '/t/2', '/t/%31', '/t/1/x', '/t/x/../1', '/t//1', '/t/2?topic=1', '/t/1?topic=1&topic=2';
verdict_is(get($_, 'X-API-Key' => $key), $refused, $_ =~ s/[^ -~]/?/gr)
    for '/t/3', '/t/1;2', '/t/1%00' =~ s/%00/%01/r, '/t/1%0a', '/t/1%20', '/t/%201', '/t/%2531', '/t/1,2',
        '/t/1/../3', '/t/12', '/t/01', '/t/1?topic=3', '/t/3?topic=1', '/t/1?topic=1&topic=3',
        '/t/1?Topic=3', '/t/1%3Ftopic=2', '/t/1%7f';
my $path = granted(constrained(scope => 'topics:read', params => {path => ['1/*']}));
verdict_is(get('/t/1/a', 'X-API-Key' => $path), 200, 'a text of two');
verdict_is(get('/t/1', 'X-API-Key' => $path), 200, 'the second is empty');
verdict_is(get('/t/1/a/b', 'X-API-Key' => $path), $refused, 'deeper');
verdict_is(get('/t/2/a', 'X-API-Key' => $path), $refused, 'another');



=== TEST 10: a header that comes twice has two values
--- guard
scoped_key_require dns:write;
scoped_key_param type $http_x_type;
scoped_key_param upper ${HTTP_X_Upper}-$remote_addr;
scoped_key_param arg $arg_pageSize;
scoped_key_param cookie a$cookie_lang;
scoped_key_param bare $cookie_bare;
--- story
our $refused;
for my $case ([upper => ['TXT-127.0.0.1'], 'TXT', 'B'], [arg => ['1'], '1', '2'], [cookie => ['ade'], 'de', 'fr']) {
    my ($param, $patterns, $good, $bad) = @$case;
    my $key = limited($param => $patterns);
    my $send = sub {
        my @lines = $param eq 'upper' ? map({ ('X-Upper' => $_) } @_)
                  : $param eq 'cookie' ? map({ (Cookie => "x=1; lang=$_") } @_) : ();
        my $query = $param eq 'arg' ? '?' . join '&', map { "pageSize=$_" } @_ : '';
        return get("/$query", 'X-API-Key' => $key, @lines);
    };
    verdict_is($send->($good), 200, "$param once");
    verdict_is($send->($bad), $refused, "$param, another");
    verdict_is($send->(@$_), $refused, "$param: @$_") for [$good, $bad], [$bad, $good], [$good, $good];
}
verdict_is(get('/', 'X-API-Key' => limited(cookie => ['ade']), Cookie => 'lang=de; Lang=fr'), $refused, 'in one line');
verdict_is(get('/', 'X-API-Key' => limited(cookie => ['ade']), Cookie => $_), $refused, "behind a comma: $_")
    for 'x=1, lang=de; lang=fr', 'lang=fr; x=1,lang=de', 'x=1,   LANG  =de', 'x=1,2,lang=de', 'lang=fr, lang=de';
verdict_is(get('/', 'X-API-Key' => limited(cookie => ['ade']), Cookie => $_), 200, $_) for 'x=1,2; lang=de', 'lang=de; x=lang, language=de';
verdict_is(get('/', 'X-API-Key' => limited(bare => []), Cookie => $_), $refused, 'nothing may come: ' . s/\t/ TAB /r)
    for 'bare=1', "x=1;\tbare=1", "x=1; \t bare=1", 'x=1, bare=1', 'Bare=1', 'bare =1';
verdict_is(get('/', 'X-API-Key' => limited(bare => []), Cookie => "x=1;\ty=bare"), 200, 'and nothing comes');
verdict_is(get("/$_", 'X-API-Key' => limited(arg => ['1'])), $refused, $_)
    for '?pageSize=1&pagesize=2', '?pagesize=1', '?pageSize=1&pageSize[]=2', '?pageSize=1#&pageSize=2', '?pageSize=1;pageSize=2', '';
my $key = limited(type => ['TXT']);
verdict_is(get('/', 'X-API-Key' => $key, 'X-Type' => 'TXT'), 200, 'once');
verdict_is(get('/', 'X-API-Key' => $key), $refused, 'none');
verdict_is(get('/', 'X-API-Key' => $key, 'X-Type' => 'A'), $refused, 'another');
verdict_is(get('/', 'X-API-Key' => $key, 'X-Type' => 'TXT', 'X-Type' => 'A'), $refused, 'TXT, A');
verdict_is(get('/', 'X-API-Key' => $key, 'X-Type' => 'A', 'X-Type' => 'TXT'), $refused, 'A, TXT');
verdict_is(get('/', 'X-API-Key' => $key, 'X-Type' => 'TXT', 'x-type' => 'A'), $refused, 'in lower case');
verdict_is(get('/', 'X-API-Key' => $key, 'X-Type' => 'TXT, A'), $refused, 'joined');
verdict_is(get('/', 'X-API-Key' => limited(type => []), 'X-Type' => '', 'X-Type' => 'A'), $refused,
           'none, behind an empty one');
verdict_is(get("/$_", 'X-API-Key' => limited(arg => [])), $refused, "nothing may come: $_")
    for '?pageSize=1', '?page%53ize=1', '?%70ageSize', '?x=1&page%53ize=', '#?pageSize=1', '?#pageSize=1', '?#';
verdict_is(get('/', 'X-API-Key' => limited(arg => [])), 200, 'and nothing comes');
verdict_is(get("/?pageSize=$_", 'X-API-Key' => limited(arg => ['a.*'])), $refused, "decoded it is more: $_")
    for 'a.b%2Ec', 'a.b%2fc', 'a.b+c', 'a.%62';
verdict_is(get('/?pageSize=a.b', 'X-API-Key' => limited(arg => ['a.*'])), 200, 'as it is');



=== TEST 11: what nginx sets, and a map
--- http_config
map $request_method $kind { default other; GET reading; DELETE ""; }
--- guard
scoped_key_require dns:write;
scoped_key_param method $request_method;
scoped_key_param kind $kind;
scoped_key_param fixed a-$request_method-b;
--- story
our $refused;
verdict_is(get('/', 'X-API-Key' => limited(method => ['GET'])), 200, 'method');
verdict_is(ask('PUT', '/', 'X-API-Key' => limited(method => ['GET'])), $refused, 'not this');
verdict_is(get('/', 'X-API-Key' => limited(kind => ['reading'])), 200, 'map');
verdict_is(ask('DELETE', '/', 'X-API-Key' => limited(kind => ['**'])), $refused, 'an empty one');
verdict_is(ask('DELETE', '/', 'X-API-Key' => limited(kind => [])), 200, 'none, and it is empty');
verdict_is(get('/', 'X-API-Key' => limited(fixed => ['a-GET-b'])), 200, 'text around');



=== TEST 12: other names in the query do not matter, however odd their values
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
allows(limited(type => ['TXT']), 'type=TXT&x=%00', 'type=TXT&x=%', 'type=TXT&x=a;b', 'type=TXT&x[]=1&x[]=2',
        'X=1&type=TXT', 'type=TXT&note=the+type%3B+the+name', 'type=TXT&&&&', 'type=TXT&' . 'x=y&' x 500,
        'prototype=B&type=TXT', 'type_=B&type=TXT', 'mytype=B&type=TXT', 'type2=B&type=TXT');



=== TEST 13: as sent on HTTP/1.0, in an absolute URI, by HTTP/2
--- by_http2
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
our $refused;
my $key = limited(type => ['TXT']);
for my $case (['type=TXT', 200], ['type=TXT&type=B', $refused], ['type=TXT&Type=B', $refused], ['', $refused]) {
    my ($query, $expected) = @$case;
    verdict_is(ask('GET', "/?$query", {version => '1.0'}, 'X-API-Key' => $key), $expected, "1.0: $query");
    verdict_is(get("http://localhost/?$query", 'X-API-Key' => $key), $expected, "absolute: $query");
    verdict_is(http2('-H', "X-API-Key: $key", "/?$query"), $expected, "HTTP/2: $query");
}



=== TEST 14: what a rewrite made of the arguments counts, and they are what the upstream gets
--- config
location /old {
    rewrite ^ /new?type=TXT last;
}
location /new {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param type arg:type;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $refused;
my $key = limited(type => ['TXT']);
verdict_is(get('/old', 'X-API-Key' => $key), 200, 'by the rewrite alone');
my $answer = get('/old?x=1', 'X-API-Key' => $key);
like(upstream_saw($answer), qr{\AGET /new\?type=TXT&x=1 }, 'and what was sent');
verdict_is(get('/old?type=B', 'X-API-Key' => $key), $refused, 'both');
verdict_is(get('/new?type=TXT', 'X-API-Key' => $key), 200, 'the new one');



=== TEST 15: the key in the query is no param, and is hidden
--- key_in_request_line
--- guard
scoped_key_from query:key;
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
our $refused;
my $key = limited(type => ['TXT']);
my $answer = get("/?type=TXT&key=$key&x=1");
verdict_is($answer, 200, 'between');
like(upstream_saw($answer), qr{\AGET /\?type=TXT&x=1 HTTP}, 'hidden');
verdict_is(get("/?key=$key&type=TXT"), 200, 'before');
verdict_is(get("/?key=$key&type=A"), $refused, 'another type');
verdict_is(get("/?key=$key"), $refused, 'no type');



=== TEST 16: very long query strings
--- http_config
large_client_header_buffers 4 64k;
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
our $refused;
my $key = limited(type => ['TXT']);
verdict_is(get('/?' . 'x=1&' x 10000 . 'type=TXT', 'X-API-Key' => $key), 200, '40 KB');
verdict_is(get('/?' . 'type=TXT&' x 4095 . 'type=TXT', 'X-API-Key' => $key), 200, '4,096 values');
verdict_is(get('/?' . 'type=TXT&' x 4095 . 'type=B', 'X-API-Key' => $key), $refused, 'the last one');
verdict_is(get('/?' . 'type=TXT&' x 5000 . 'type=TXT', 'X-API-Key' => $key), $refused, '5,001 values');
quickly(sub { verdict_is(get('/?' . '%26%3B' x 8000, 'X-API-Key' => $key), $refused, 'separators') }, 'encoded');
quickly(sub { verdict_is(get('/?x=' . ';tyqe' x 9000, 'X-API-Key' => $key), $refused, 'near') }, 'near misses');


=== TEST 17: a value that is a list, cut with split=
--- guard
scoped_key_require dns:write;
scoped_key_param fields arg:fields form:fields json:/fields $http_x_fields split=,;
scoped_key_param two arg:two "split=;|";
scoped_key_param whole arg:fields;
scoped_key_body_limit 128k;
--- story
our $refused;
my $key = limited(fields => ['a', 'b*', '-1']);
allows($key, 'fields=a', 'fields=a,b', 'fields=a%2Cb1', 'fields=a,b&fields=b', 'fields=-1,a,a');
refuses($key, 'fields=a,c', 'fields=c,a', 'fields=a,', 'fields=,a', 'fields=a,,b', 'fields=,', 'fields=', 'fields=a%2Cc',
        'fields=a;b', 'fields=a%252Cb', 'fields=a&fields=b,c', 'fields=a,+b', 'fields');
allows(limited(fields => ['*']), 'fields=a,', 'fields=,', 'fields=', 'fields=a,,a', 'fields');
allows(limited(fields => []), '', 'x=1,2');
refuses(limited(fields => []), 'fields=', 'fields=,', 'x=1;__proto__[fields]=a', 'x=1;__proto__=a');
allows(limited(two => ['a', 'b']), 'two=a|b', 'two=a%3Bb|a', 'two=a');
refuses(limited(two => ['a', 'b']), 'two=a,b', 'two=a|c', 'two=a%3Bc', 'two=a;b');
allows(limited(whole => ['a,b']), 'fields=a,b');
refuses(limited(whole => ['a', 'b']), 'fields=a,b');
verdict_is(json($key, '{"fields":"a,b"}'), 200, 'a string of JSON');
verdict_is(json($key, '{"fields":["a,b","b2",-1]}'), 200, 'several of JSON');
verdict_is(json($key, '{"fields":["a,b","b2,c"]}'), $refused, 'one piece of one of them');
verdict_is(json(limited(fields => []), '{"fields":[]}'), 200, 'no value, no piece');
verdict_is(form($key, 'fields=a%2Cb&fields=b'), 200, 'a form');
verdict_is(form($key, 'fields=a%2Cc'), $refused, 'a piece of a form');
verdict_is(get('/', 'X-API-Key' => $key, 'X-Fields' => 'a,b'), 200, 'a text');
verdict_is(get('/', 'X-API-Key' => $key, 'X-Fields' => 'a,c'), $refused, 'a piece of a text');
verdict_is(get('/', 'X-API-Key' => $key, 'X-Fields' => ''), $refused, 'an empty text is no value');
verdict_is(get('/?fields=a', 'X-API-Key' => $key, 'X-Fields' => 'b,c'), $refused, 'all sources count');
verdict_is(form($key, 'fields=' . join ',', ('a') x 4096), 200, '4,096 pieces');
verdict_is(form($key, 'fields=' . join ',', ('a') x 4097), $refused, '4,097 pieces');
verdict_is(form($key, 'fields=' . ',' x 60000), $refused, 'many more');



=== TEST 18: a list in a path
--- config
location ~ ^/(?<index>[^/]+)/_search\z {
    scoped_key on;
    scoped_key_require dns:write;
    scoped_key_param index $index split=,;
    proxy_pass http://unix:$TEST_NGINX_UPSTREAM:;
}
--- story
our $refused;
my $key = limited(index => ['logs-*']);
verdict_is(get('/logs-1/_search', 'X-API-Key' => $key), 200, 'one');
verdict_is(get('/logs-1,logs-2/_search', 'X-API-Key' => $key), 200, 'two');
verdict_is(get('/logs-1%2Clogs-2/_search', 'X-API-Key' => $key), 200, 'encoded');
verdict_is(get('/logs-1,secret/_search', 'X-API-Key' => $key), $refused, 'one that is not granted');
verdict_is(get('/logs-1%2csecret/_search', 'X-API-Key' => $key), $refused, 'the same encoded');
verdict_is(get('/logs-1,/_search', 'X-API-Key' => $key), $refused, 'an empty one');
