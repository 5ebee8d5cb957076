# The same over HTTP/2, where header names are lower case, cookies come in
# crumbs and the host is :authority.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

our $reader = put_key('reader', scopes => ['dns:read']);
our $writer = put_key('writer', scopes => ['dns:write']);

# verdicts(VERDICT => [options of curl...]...)
sub verdicts {
    while (my ($name, $case) = splice @_, 0, 2) {
        my ($expected, @options) = @$case;
        my $target = ref $options[-1] ? ${pop @options} : '/';
        verdict_is(http2(@options, $target), $expected, $name);
    }
}

run_tests();

__DATA__

=== TEST 1: the sources
--- by_http2
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k;
--- key_in_request_line
--- story
our ($reader, $writer);
verdicts(
    'header'       => [200, '-H', "X-API-Key: $reader"],
    'bearer'       => [200, '-H', "Authorization: Bearer $reader"],
    'query'        => [200, \"/?k=$reader"],
    'cookie'       => [200, '-H', "Cookie: k=$reader"],
    'cookie among' => [200, '-H', "Cookie: a=1; k=$reader; b=2"],
    'none'         => ['403 missing_key'],
    'insufficient' => ['403 insufficient_scope', '-H', "X-API-Key: $writer"],
    'junk'         => ['403 malformed_key', '-H', 'X-API-Key: junk'],
    'unknown'      => ['403 unknown_key', '-H', 'X-API-Key: ' . key('unknown')],
    'empty'        => ['403 missing_key', '-H', 'X-API-Key;']);



=== TEST 2: two credentials
--- by_http2
--- guard
scoped_key_require dns:read;
scoped_key_from header:X-API-Key bearer query:k cookie:k;
--- key_in_request_line
--- story
our ($reader, $writer);
my $ambiguous = '403 ambiguous_key';
my @header = ('-H', "X-API-Key: $reader");
verdicts(
    'equal lines'       => [$ambiguous, @header, @header],
    'first good'        => [$ambiguous, @header, '-H', "X-API-Key: $writer"],
    'last good'         => [$ambiguous, '-H', "X-API-Key: $writer", @header],
    'header and bearer' => [$ambiguous, @header, '-H', "Authorization: Bearer $reader"],
    'header and query'  => [$ambiguous, @header, \"/?k=$reader"],
    'header and cookie' => [$ambiguous, @header, '-H', "Cookie: k=$reader"],
    'two cookies'       => [$ambiguous, '-H', "Cookie: k=$reader; k=$reader"],
    'two cookie lines'  => [$ambiguous, '-H', "Cookie: k=$reader",
                            '-H', "Cookie: k=$writer"]);



=== TEST 3: a refused body
--- by_http2
--- guard
scoped_key_require dns:read;
--- story
our ($reader, $writer);
my @body = ('--data-binary', 'x' x 1000);
my @big = ('--data-binary', 'x' x 100000);
verdicts('refused' => ['403 insufficient_scope', '-H', "X-API-Key: $writer", @body],
         'no key'  => ['403 missing_key', @body]);
my $answer = http2('-H', "X-API-Key: $reader", @big, '/');
is($answer->{status}, 200, 'allowed');
is((split /\r\n\r\n/, $answer->{body}, 2)[1] eq 'x' x 100000, 1, 'with the body');



=== TEST 4: the answer
--- by_http2
--- guard
scoped_key_require dns:read;
scoped_key_unauthorized_status 401;
--- story
our $writer;
my $answer = http2('/');
is(verdict($answer), '401 missing_key', 'verdict');
is(field($answer, 'content-length'), length $answer->{body}, 'length');
like(field($answer, 'www-authenticate'), qr/^Bearer realm="/, 'challenge');

$answer = http2('-I', '-H', "X-API-Key: $writer", '/');
is($answer->{status}, 403, 'HEAD');
is($answer->{body}, '', 'without a body');
like(field($answer, 'www-authenticate'), qr/insufficient_scope/, 'HEAD: challenge');



=== TEST 5: the host is :authority
--- by_http2
--- guard
scoped_key_require dns:read;
--- story
my $key = put_key('hosts', scopes => ['dns:read'], fields => {hosts => 'good.example'});
my @key = ('-H', "X-API-Key: $key");
verdicts('good' => [200, @key, '-H', 'Host: good.example'],
         'port' => [200, @key, '-H', 'Host: good.example:8443'],
         'case' => [200, @key, '-H', 'Host: GOOD.example'],
         'evil' => ['403 host_refused', @key, '-H', 'Host: evil.example'],
         'none' => ['403 host_refused', @key]);



=== TEST 6: verdicts in turn
--- by_http2
--- guard
scoped_key_require endpoint/$arg_id:read;
--- story
my $key = put_key('endpoints', scopes => ['endpoint/a:read']);
for my $id (qw(a b a b b a)) {
    verdicts($id => [$id eq 'a' ? 200 : '403 insufficient_scope',
                     '-H', "X-API-Key: $key", \"/?id=$id"]);
}
