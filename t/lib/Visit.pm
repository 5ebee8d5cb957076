package Visit;

# Requests to the nginx under test, byte for byte as they are written here, and
# what came of them.  A block tells a story that is run when nginx is up:
#
#     --- guard
#     scoped_key_require dns:read;
#     --- story
#     put_key('reader', scopes => ['dns:read']);
#     cases('/',
#         'with the key' => [200, 'X-API-Key' => key('reader')],
#         'without'      => ['403 missing_key']);
#
# Sections:
#
#     --- story    Perl, run in the test file's package
#     --- guard    the inside of a `location /` that has scoped_key on and
#                  proxies to Upstream.pm
#     --- by_http2 the server listens for HTTP/2, too
#     --- request  one in the place of a story: METHOD TARGET; its answer has
#     --- error_code     this status, and
#     --- response_body  this body
#
# A verdict is written as the status and the reason of the problem body:
# `403 unknown_key`; a 403 that is not ours is `403`, and one of the upstream's
# `403 upstream`.  That a refused request did not reach the upstream is checked
# with every verdict.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Test::More ();
use Time::HiRes ();

use Blocks ();
use Nginx ();
use Upstream;

my @SHARED = qw(get ask exchange http2 verdict verdict_is cases field fields
    problem upstream_saw upstream_lines error_log_has logged
    eventually linked);

my $TIMEOUT = $ENV{TEST_TIMEOUT} || 10;


# get(TARGET, NAME => VALUE...): the answer to a GET with these header fields
sub get {
    return ask('GET', @_);
}


# ask(METHOD, TARGET, {...}, NAME => VALUE...): the braces may be left out; in
# them version => '1.0', body => ..., from => an address of 127/8
sub ask {
    my ($method, $target, @lines) = @_;
    my %with = ref $lines[0] ? %{shift @lines} : ();
    my $request = "$method $target HTTP/" . ($with{version} // '1.1') . "\r\n";
    my %has;

    while (my ($name, $value) = splice @lines, 0, 2) {
        $request .= "$name: $value\r\n";
        $has{lc $name} = 1;
    }
    $request .= "Host: localhost\r\n" unless $has{host};
    $request .= "Connection: close\r\n" unless $has{connection};
    if (defined $with{body} && !$has{'transfer-encoding'}) {
        $request .= 'Content-Length: ' . length($with{body}) . "\r\n";
    }

    my $before = Upstream::requests();
    my ($answer) = grep { $_->{status} >= 200 }
        exchange($request . "\r\n" . ($with{body} // ''), $with{from});

    $answer //= {status => 0, head => '', body => ''};
    $answer->{seen} = Upstream::requests() - $before;

    return $answer;
}


# exchange(BYTES, FROM): sends them, reads until nginx hangs up, and returns all
# answers; to one request that does not ask for that, until its answer is whole
sub exchange {
    my ($bytes, $from) = @_;
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => Nginx::server_port(),
        $from ? (LocalAddr => $from) : ())
        or die "cannot connect to nginx: $!\n";
    my $ready = IO::Select->new($socket);
    my $input = '';

    local $SIG{PIPE} = 'IGNORE';
    binmode $socket;
    print {$socket} $bytes;
    $socket->flush;

    my @methods = $bytes =~ m{^([A-Z]+) \S+ HTTP/1\.[01]\r?$}mg;
    my $stays = @methods == 1 && $bytes !~ /^connection:[^\r\n]*close/mi;
    my @answers;

    while ($ready->can_read($TIMEOUT)) {
        sysread($socket, $input, 65536, length $input) or last;
        last if $stays
            && whole_answer($input =~ s/\A(?:HTTP\S+ 100 .*?\r\n\r\n)+//sr,
                            $methods[0]);
    }

    while (length $input) {
        my $answer = read_answer(\$input, $methods[@answers] // '');
        push @answers, $answer;
    }

    return @answers;
}


sub read_answer {
    my ($input, $method) = @_;

    if ($$input !~ s/\A(HTTP\S+ (\d+).*?\r\n\r\n)//s) {
        return {status => 0, head => '', body => delete_all($input)};
    }

    my ($head, $status) = ($1, $2);
    my $body;

    if ($method eq 'HEAD' || $status < 200 || $status == 204) {
        $body = '';

    } elsif ($head =~ /^transfer-encoding: *chunked/mi) {
        $body = '';
        while ($$input =~ s/\A([0-9a-fA-F]+)\r\n//) {
            if ($1 eq '0') {
                # trailers, and the end
                $$input =~ s/\A(?:[^\r\n]+\r\n)*\r\n//;
                last;
            }
            $body .= substr substr($$input, 0, hex($1) + 2, ''), 0, -2;
        }

    } elsif ($head =~ /^content-length: *(\d+)/mi) {
        $body = substr $$input, 0, $1, '';

    } else {
        $body = delete_all($input);
    }

    return {status => $status, head => $head, body => $body};
}


# the first answer, when all of it has come
sub whole_answer {
    my ($input, $method) = @_;
    my ($head, $body) = $input =~ /\A(HTTP.*?\r\n)\r\n(.*)\z/s or return;
    my ($bytes) = $head =~ /^content-length: *(\d+)/mi;

    my $is_whole = $head =~ /\AHTTP\S+ (?:1\d\d|204) / || $method eq 'HEAD'
        || ($head =~ /^transfer-encoding: *chunked/mi
            ? $body =~ /(?:\A|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n\z/
            : defined $bytes && length $body >= $bytes);

    return $is_whole ? read_answer(\$input, $method) : ();
}


sub delete_all {
    my ($input) = @_;

    return substr $$input, 0, length $$input, '';
}


# http2(OPTION of curl..., TARGET): the answer to a request by HTTP/2.  curl may
# give up when the answer comes before it has sent its body: it is asked again.
sub http2 {
    my $before = Upstream::requests();
    my $answer;

    eventually($TIMEOUT, sub {
        $answer = http2_once(@_);
        return $answer->{status};
    }, @_);
    $answer->{seen} = Upstream::requests() - $before;

    return $answer;
}


sub http2_once {
    my $target = pop;
    my $port = Nginx::server_port('http2');
    my @command = ('curl', '-s', '-i', '-m', $TIMEOUT,
                   '--http2-prior-knowledge', @_,
                   "http://127.0.0.1:$port$target");

    open my $out, '-|', @command or die "curl: $!\n";
    binmode $out;
    local $/;
    my $text = <$out> // '';
    close $out;

    my ($head, $status) = $text =~ /\A(HTTP\S+ (\d+).*?\r\n\r\n)/s;

    return {status => $status // 0, head => $head // '',
            body => substr($text, length($head // ''))};
}


# the first header field of that name; undef: there is none
sub field {
    return (fields(@_))[0];
}


sub fields {
    my ($answer, $name) = @_;

    my @values = $answer->{head} =~ /^\Q$name\E: *([^\r\n]*)/mgi;

    return @values;
}


# the problem body as a hash; empty when it is none
sub problem {
    my ($answer) = @_;
    my $type = field($answer, 'Content-Type') // '';

    return {} if $type ne 'application/problem+json';

    return eval { JSON::PP->new->utf8->decode($answer->{body}) }
        || {reason => 'no_json'};
}


sub verdict {
    my ($answer) = @_;
    my $reason = problem($answer)->{reason};
    my @words = ($answer->{status}, defined $reason ? $reason : ());

    if ($answer->{status} >= 400) {
        push @words, 'upstream' if defined field($answer, 'X-Upstream');
        push @words, 'but proxied'
            if $answer->{seen} && !defined field($answer, 'X-Upstream');
    }

    return "@words";
}


sub verdict_is {
    my ($answer, $expected, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return Test::More::is(verdict($answer), $expected, $name);
}


# cases(TARGET, NAME => [VERDICT, header fields...]...): a GET each
sub cases {
    my ($target, @cases) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    while (my ($name, $case) = splice @cases, 0, 2) {
        my ($expected, @lines) = @$case;
        verdict_is(get($target, @lines), $expected, "$name: $expected");
    }
}


# the request as the upstream got it, when the upstream answered with it
sub upstream_saw {
    my ($answer) = @_;

    return $answer->{body};
}


# its header fields of that name
sub upstream_lines {
    my ($answer, $name) = @_;

    my @lines = $answer->{body} =~ /^(\Q$name\E: *[^\r\n]*)/mgi;

    return @lines;
}


# the lines of this block's error log that match, without those of level debug
sub error_log_has {
    my ($regex) = @_;

    my @lines = grep { m{^\d{4}/} && /$regex/ && !/\[debug\]/ }
        split /\n/, Nginx::error_log();

    return @lines;
}


# logged(REGEX, N, NAME): so many lines match.  What is logged when Redis has
# answered may be later than what Redis shows.
sub logged {
    my ($regex, $n, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    eventually($TIMEOUT, sub { error_log_has($regex) >= $n });

    return Test::More::is(scalar(error_log_has($regex)), $n, $name);
}


# eventually(SECONDS, CODE, ARGUMENT...): until the code is true; false when it
# never is
sub eventually {
    return Blocks::eventually(@_);
}


# linked(): waits until Redis tells nginx of changes.  The cache is emptied when
# that begins, which a block that counts misses and hits has to await.
sub linked {
    my $is_subscribed = sub {
        return ScopedKey::redis('CLIENT', 'LIST', 'TYPE', 'PUBSUB') =~ /sub=[12]/;
    };

    Blocks::eventually($TIMEOUT, $is_subscribed)
        or return Test::More::fail('nginx does not listen to Redis');

    # When Redis has answered once more it has sent that reply, and when nginx
    # has answered after that it has read the reply.
    $is_subscribed->();
    exchange("NOBODY\r\n\r\n");

    return;
}


# ---- the sections

sub guard_location {
    return "location / {\nscoped_key on;\n$_[0]\n"
        . "proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:;\n}\n";
}


sub set_sections {
    my ($block) = @_;
    my $port = Nginx::server_port('http2');

    $block->{config} //= '';
    $block->{config} .= guard_location($block->{guard}) if defined $block->{guard};
    $block->{config} .= "listen 127.0.0.1:$port http2;\n"
        if defined $block->{by_http2};
}


sub run_story {
    my ($block) = @_;

    Blocks::run_code($block, 'story', $block->{story});
}


sub run_request {
    my ($block) = @_;

    my ($method, $target) = $block->{request} =~ /\A\s*([A-Z]+) (\S+)\s*\z/
        or die "what request is $block->{request}?\n";
    my $answer = ask($method, $target);

    Test::More::is($answer->{status}, $block->{error_code} // 200,
                   "$method $target: status");
    Test::More::is($answer->{body}, $block->{response_body},
                   "$method $target: body")
        if defined $block->{response_body};
}


{
    no strict 'refs';
    *{"main::$_"} = \&$_ for @SHARED;
}

Blocks::sections(guard => 'any', by_http2 => 'flag', error_code => 'text',
                 response_body => 'text');
Blocks::run_by(story => \&run_story);
Blocks::run_by(request => \&run_request);
Blocks::prepare(\&set_sections);

1;
