# What the module decides on the requests of t/readings, against what libraries
# find in them: t/readings/run asks those, and leaves their answers in the
# directory READINGS.  A request that is allowed is one in which none of them
# finds another value than the one that was judged.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;
use Bodies;

use JSON::PP ();

our %allowed;

sub decide {
    my ($ask) = @_;
    my $key = limited(type => ['TXT']);

    open my $lines, '-|', 't/readings/questions' or die;
    while (my $line = <$lines>) {
        my $request = JSON::PP->new->decode($line);
        my ($type, $query, $body) = map { my $t = $_; utf8::downgrade($t); $t } @$request{qw(type query body)};
        ($request->{method} eq 'GET') == ($ask eq 'GET') or next;
        my $answer = $ask eq 'GET' ? get("/?$query", 'X-API-Key' => $key) : post('/', $key, $type, $body);
        like($answer->{status}, qr/\A(?:200|40[03])\z/, "$request->{id}: an answer");
        $allowed{$request->{id}} = $answer->{status} == 200;
    }

    open my $out, '>', "$ENV{READINGS}/$ask.allowed" or die;
    print {$out} "$_\n" for sort grep { $allowed{$_} } keys %allowed;
    close $out or die;
}

sub compare {
    my ($name) = @_;
    my $n = 0;

    for my $file (glob "$ENV{READINGS}/*.found") {
        open my $lines, '<', $file or die;
        while (my $line = <$lines>) {
            my $found = JSON::PP->new->decode($line);
            exists $allowed{$found->{id}} or next;
            $n++;
            my @others = grep { $_ ne 'TXT' } @{$found->{values}};
            next if !@others || !$allowed{$found->{id}};
            fail("$found->{library} finds " . join(' ', map { s/[^ -~]/?/gr } @others) . " in $found->{id}");
        }
    }
    cmp_ok($n, '>', 500, "$name: readings of libraries");
}

run_tests();

__DATA__

=== TEST 1: query strings
--- guard
scoped_key_require dns:write;
scoped_key_param type arg:type;
--- story
our %allowed;
decide('GET');
ok($allowed{'query type=TXT'} && !$allowed{'query type=TXT&type=B'}, 'it decides');
compare('query');



=== TEST 2: bodies
--- guard
scoped_key_require dns:write;
scoped_key_param type form:type json:/type;
--- story
our %allowed;
decide('POST');
ok($allowed{'json {"type":"TXT"}'} && !$allowed{'json {"type":"B"}'}, 'it decides');
ok($allowed{'form type=TXT'} && !$allowed{'form type=B'}, 'of forms, too');
compare('bodies');
