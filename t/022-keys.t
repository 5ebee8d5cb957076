# A key: its form, its checksum, its digest with and without a
# pepper.  The digests that are written out here come from another
# implementation of BLAKE2b, the checksums from another one of CRC-32.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

# a record by hand: nothing of ScopedKey.pm's digests
sub put_record {
    my ($id, $digest) = @_;

    redis('DEL', "scoped_key:{$id}", "scoped_key:{$id}:scopes");
    redis('HSET', "scoped_key:{$id}", digest => $digest, enabled => 1);
    redis('SADD', "scoped_key:{$id}:scopes", 'dns:read');
}

our $zeros = 'sk_000000000000_000000000000000000000000000000003C7fTL';
our $rpa = 'rpa_4mQ2xV9tKc1Z_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0CQsh2';

run_tests();

__DATA__

=== TEST 1: known keys and their digests
--- guard
scoped_key_require dns:read;
--- story
our ($zeros, $rpa);
put_record('000000000000',
    '326c6c0cf07022e398618ef20b01f7208f2b9ead22fe928c22cb6dec4ee3a242');
put_record('4mQ2xV9tKc1Z',
    '6a42c13ebd396913f23a720f6db9cf24d9437cabbd872303780452d309727041');
verdict_is(get('/', 'X-API-Key' => $zeros), 200, 'zeros');
verdict_is(get('/', 'X-API-Key' => $rpa), 200, 'rpa');
is(digest($zeros),
   '326c6c0cf07022e398618ef20b01f7208f2b9ead22fe928c22cb6dec4ee3a242', 'b2sum');



=== TEST 2: a checksum is padded with zeros
--- guard
scoped_key_require dns:read;
--- story
my $text = 'sk_000000000380_0000000000000000000000000000000000yKRY';
put_record('000000000380', digest($text));
verdict_is(get('/', 'X-API-Key' => $text), 200, 'padded');
verdict_is(get('/', 'X-API-Key' => $text =~ s/00yKRY\z/yKRY/r),
           '403 malformed_key', 'not padded');
verdict_is(get('/', 'X-API-Key' => $text =~ s/yKRY\z/0yKRY/r),
           '403 malformed_key', 'padded more');



=== TEST 3: every change of one character is seen
--- guard
scoped_key_require dns:read;
--- story
our $zeros;
put_record('000000000000', digest($zeros));
for my $at (0 .. length($zeros) - 1) {
    my $text = $zeros;
    my $other = substr($text, $at, 1) eq '1' ? '2' : '1';
    substr $text, $at, 1, $other;
    verdict_is(get('/', 'X-API-Key' => $text), '403 malformed_key', "at $at");
}
verdict_is(get('/', 'X-API-Key' => $zeros), 200, 'unchanged');



=== TEST 4: swapped, missing and added characters
--- guard
scoped_key_require dns:read;
--- story
our $rpa;
put_record('4mQ2xV9tKc1Z', digest($rpa));
my $malformed = '403 malformed_key';
cases('/',
    'swapped'       => [$malformed, 'X-API-Key' => $rpa =~ s/AB/BA/r],
    'one less'      => [$malformed, 'X-API-Key' => $rpa =~ s/A//r],
    'one more'      => [$malformed, 'X-API-Key' => $rpa =~ s/A/AA/r],
    'other case'    => [$malformed, 'X-API-Key' => $rpa =~ s/Za/zA/r],
    'without last'  => [$malformed, 'X-API-Key' => substr($rpa, 0, -1)],
    'with a tail'   => [$malformed, 'X-API-Key' => "${rpa}0"],
    'with a dot'    => [$malformed, 'X-API-Key' => "$rpa."],
    'no secret'     => [$malformed, 'X-API-Key' => 'rpa_4mQ2xV9tKc1Z_'],
    'only id'       => [$malformed, 'X-API-Key' => '4mQ2xV9tKc1Z'],
    'no prefix'     => [$malformed, 'X-API-Key' => $rpa =~ s/\Arpa_//r],
    'empty prefix'  => [$malformed, 'X-API-Key' => $rpa =~ s/\Arpa//r],
    'other joints'  => [$malformed, 'X-API-Key' => $rpa =~ s/_/-/gr],
    'three joints'  => [$malformed, 'X-API-Key' => $rpa =~ s/_/__/r],
    'quoted'        => [$malformed, 'X-API-Key' => "\"$rpa\""],
    'twice'         => [$malformed, 'X-API-Key' => $rpa x 2],
    'comma'         => [$malformed, 'X-API-Key' => "$rpa,$rpa"],
    'the key'       => [200, 'X-API-Key' => $rpa]);



=== TEST 5: the checksum by nature is no proof
--- guard
scoped_key_require dns:read;
--- story
our $rpa;
put_record('4mQ2xV9tKc1Z', digest($rpa));
my $guess = key_text('rpa', '4mQ2xV9tKc1Z', 'guess' . '0' x 27);
verdict_is(get('/', 'X-API-Key' => $guess), '403 unknown_key', 'a guess');
verdict_is(get('/', 'X-API-Key' => key_text('rpa', 'Z' x 12, '0' x 32)),
           '403 unknown_key', 'no such id');



=== TEST 6: prefixes
--- guard
scoped_key_require dns:read;
--- story
for my $prefix ('sk', 'ab', 'a1', 'rpa', 'k9x', 'x' x 16, 'a000000000000000') {
    my $text = key_text($prefix, 'Prefix000000', '0' x 32);
    put_record('Prefix000000', digest($text));
    verdict_is(get('/', 'X-API-Key' => $text), 200, $prefix);
}
for my $prefix ('s', '1k', 'Sk', 'sK', 'x' x 17, '', 's-k', 's.k', '9', "s\xe4") {
    my $text = key_text($prefix, 'Prefix000000', '0' x 32);
    put_record('Prefix000000', digest($text));
    verdict_is(get('/', 'X-API-Key' => $text), '403 malformed_key',
               'not ' . ($prefix =~ s/[^ -~]/?/r));
}



=== TEST 7: characters that are not base62, with the right checksum
--- guard
scoped_key_require dns:read;
--- story
for my $bad ('-', '.', '/', '+', '=', '%', '{', '}', '*', ':', "\xe4") {
    my $name = $bad =~ s/[^ -~]/?/r;
    verdict_is(get('/', 'X-API-Key' => key_text('sk', "${bad}00000000000", '0' x 32)),
               '403 malformed_key', "$name in the id");
    verdict_is(get('/', 'X-API-Key' => key_text('sk', '0' x 12, $bad . '0' x 31)),
               '403 malformed_key', "$name in the secret");
}



=== TEST 8: a pepper
--- post_setup_server_root
write_private('pepper', '0123456789abcdef')
--- http_config
scoped_key_pepper_file pepper;
--- guard
scoped_key_require dns:read;
--- story
our ($zeros, $rpa);
put_record('000000000000',
    'b3035801fbd5b31a17b22738463e597d6f5f82039a4407cf953adef6c23c25de');
put_record('4mQ2xV9tKc1Z', digest($rpa));
verdict_is(get('/', 'X-API-Key' => $zeros), 200, 'the digest with the pepper');
verdict_is(get('/', 'X-API-Key' => $rpa), '403 unknown_key',
           'the digest without it');
is(digest($zeros, '0123456789abcdef'),
   'b3035801fbd5b31a17b22738463e597d6f5f82039a4407cf953adef6c23c25de', 'openssl');



=== TEST 9: one newline at the end of the file does not belong to it
--- post_setup_server_root
write_private('pepper', "0123456789abcdef\n")
--- http_config
scoped_key_pepper_file pepper;
--- guard
scoped_key_require dns:read;
--- story
our $zeros;
put_record('000000000000', digest($zeros, '0123456789abcdef'));
verdict_is(get('/', 'X-API-Key' => $zeros), 200, 'without it');



=== TEST 10: two newlines: one of them does
--- post_setup_server_root
write_private('pepper', "0123456789abcdef\n\n")
--- http_config
scoped_key_pepper_file pepper;
--- guard
scoped_key_require dns:read;
--- story
our $zeros;
put_record('000000000000', digest($zeros, "0123456789abcdef\n"));
verdict_is(get('/', 'X-API-Key' => $zeros), 200, 'with one');



=== TEST 11: 64 bytes of any value
--- post_setup_server_root
write_private('pepper', join '', map { chr } 192 .. 255)
--- http_config
scoped_key_pepper_file pepper;
--- guard
scoped_key_require dns:read;
--- story
our $zeros;
my $pepper = join '', map { chr } 192 .. 255;
put_record('000000000000', digest($zeros, $pepper));
verdict_is(get('/', 'X-API-Key' => $zeros), 200, 'with all of them');



=== TEST 12: a zero byte, a carriage return and spaces are parts of a pepper
--- post_setup_server_root
write_private('pepper', " \0 0123456789abc \r\n")
--- http_config
scoped_key_pepper_file pepper;
--- guard
scoped_key_require dns:read;
--- story
our $zeros;
put_record('000000000000', digest($zeros, " \0 0123456789abc \r"));
verdict_is(get('/', 'X-API-Key' => $zeros), 200, 'with them');



=== TEST 13: a pepper of 15 bytes is too short
--- post_setup_server_root
write_private('pepper', "0123456789abcde\n")
--- http_config
scoped_key_pepper_file pepper;
--- guard
scoped_key_require dns:read;
--- must_die
--- error_log
[emerg]
scoped_key_pepper_file
pepper
--- no_error_log
0123456789abcde



=== TEST 14: a pepper of 65 bytes is too long
--- post_setup_server_root
write_private('pepper', 'x' x 65)
--- http_config
scoped_key_pepper_file pepper;
--- guard
scoped_key_require dns:read;
--- must_die
--- error_log
[emerg]
scoped_key_pepper_file



=== TEST 15: a pepper file that is not there
--- http_config
scoped_key_pepper_file no-such-file;
--- guard
scoped_key_require dns:read;
--- must_die
--- error_log
[emerg]
no-such-file



=== TEST 16: legacy ids
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
--- story
my $text = 'old-System-Key/0001';
put_record('x0a70267154463372fd4792a5', digest($text));
verdict_is(get('/', 'X-API-Key' => $text), 200, 'by 24 hex digits');
is(legacy_id($text), 'x0a70267154463372fd4792a5', 'the same here');

redis('HSET', 'scoped_key:{x0a70267154463372fd4792a5}', digest => digest('other'));
ok(eventually(5, sub { get('/', 'X-API-Key' => $text)->{status} == 403 }),
   'the whole digest counts');



=== TEST 17: legacy ids with a pepper
--- post_setup_server_root
write_private('pepper', '0123456789abcdef')
--- http_config
scoped_key_pepper_file pepper;
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
--- story
my $text = 'old-System-Key/0002';
my $id = 'x' . substr digest($text, '0123456789abcdef'), 0, 24;
put_record($id, digest($text, '0123456789abcdef'));
verdict_is(get('/', 'X-API-Key' => $text), 200, 'of the peppered digest');



=== TEST 18: a legacy id is no key
--- guard
scoped_key_require dns:read;
scoped_key_legacy on;
--- story
my $text = 'old-System-Key/0003';
my $id = legacy_id($text);
put_record($id, digest($text));
verdict_is(get('/', 'X-API-Key' => $id), '403 unknown_key', 'the id');
verdict_is(get('/', 'X-API-Key' => digest($text)), '403 unknown_key',
           'the digest');



=== TEST 19: the digest that Redis holds is no key
--- guard
scoped_key_require dns:read;
--- story
our $zeros;
put_record('000000000000', digest($zeros));
verdict_is(get('/', 'X-API-Key' => digest($zeros)), '403 malformed_key', 'digest');
