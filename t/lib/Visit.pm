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
#     --- story    Perl, run in the test file's package; takes the place of
#                  --- request
#     --- guard    the inside of a `location /` that has scoped_key on and
#                  proxies to Upstream.pm
#     --- by_http2 the server listens for HTTP/2, too
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
use Test::Nginx::Socket ();
use Time::HiRes ();

use Upstream;

my @SHARED = qw(get ask exchange http2 verdict verdict_is cases field fields
    problem upstream_saw upstream_lines error_log_has eventually linked);

my $TIMEOUT = $ENV{TEST_NGINX_TIMEOUT} || 10;


# get(TARGET, NAME => VALUE...): the answer to a GET with these header lines
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
# answers
sub exchange {
    my ($bytes, $from) = @_;
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => server_port(),
        $from ? (LocalAddr => $from) : ())
        or die "cannot connect to nginx: $!\n";
    my $ready = IO::Select->new($socket);
    my $input = '';

    local $SIG{PIPE} = 'IGNORE';
    binmode $socket;
    print {$socket} $bytes;
    $socket->flush;

    while ($ready->can_read($TIMEOUT)) {
        sysread($socket, $input, 65536, length $input) or last;
    }

    my @methods = $bytes =~ m{^([A-Z]+) \S+ HTTP/1\.[01]\r?$}mg;
    my @answers;

    while (length $input) {
        my $answer = take_answer(\$input, $methods[@answers] // '');
        push @answers, $answer;
    }

    return @answers;
}


sub take_answer {
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
            my $chunk = substr $$input, 0, hex($1) + 2, '';
            last if $1 eq '0';
            $body .= substr $chunk, 0, -2;
        }

    } elsif ($head =~ /^content-length: *(\d+)/mi) {
        $body = substr $$input, 0, $1, '';

    } else {
        $body = delete_all($input);
    }

    return {status => $status, head => $head, body => $body};
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
    my $port = $Test::Nginx::Util::RandPorts->{TEST_NGINX_RAND_PORT_1};
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


sub server_port {
    return $Test::Nginx::Util::ServerPortForClient;
}


# the first header line of that name; undef: there is none
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


# cases(TARGET, NAME => [VERDICT, header lines...]...): a GET each
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


# its header lines of that name
sub upstream_lines {
    my ($answer, $name) = @_;

    my @lines = $answer->{body} =~ /^(\Q$name\E: *[^\r\n]*)/mgi;

    return @lines;
}


sub error_log {
    open my $in, '<', $Test::Nginx::Util::ErrLogFile or return '';
    local $/;

    return <$in> // '';
}


# the lines of this block's error log that match, without those of level debug
sub error_log_has {
    my ($regex) = @_;

    my @lines = grep { m{^\d{4}/} && /$regex/ && !/\[debug\]/ }
        split /\n/, error_log();

    return @lines;
}


# eventually(SECONDS, CODE, ARGUMENT...): until the code is true; false when it
# never is
sub eventually {
    my ($seconds, $code, @arguments) = @_;
    my $until = Time::HiRes::time() + $seconds;

    until ($code->(@arguments)) {
        return 0 if Time::HiRes::time() > $until;
        Time::HiRes::sleep(0.02);
    }

    return 1;
}


# linked(): waits until Redis tells nginx of changes.  The cache is emptied when
# that begins, which a block that counts misses and hits has to await.
sub linked {
    my $is_linked = eventually($TIMEOUT, sub {
        return ScopedKey::redis('CLIENT', 'LIST', 'TYPE', 'PUBSUB') =~ /sub=[12]/;
    });

    Time::HiRes::sleep(0.1);
    Test::More::fail('nginx does not listen to Redis') if !$is_linked;

    return;
}


# ---- the sections

sub guard_location {
    return "location / {\nscoped_key on;\n$_[0]\n"
        . "proxy_pass http://unix:\$TEST_NGINX_UPSTREAM:;\n}\n";
}


sub set_sections {
    my ($block) = @_;

    my $config = $block->config // '';

    $config .= guard_location($block->guard) if defined $block->guard;
    $config .= "listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1 http2;\n"
        if defined $block->by_http2;

    $block->set_value(config => $config) if length $config;
}


my $run_request = $Test::Nginx::Util::RunTestHelper;
my $check_error_log = $Test::Nginx::Util::CheckErrorLog;

sub run_story {
    my ($block, $dry_run, $index) = @_;

    return $run_request->(@_) if !defined $block->story;

    my $failures = failures();

    eval "package main; use strict; " . $block->story . ';1'
        or Test::More::fail("the story goes on: $@");
    $check_error_log->($block, undef, $dry_run, $index, 0);
    Test::More::diag('in ' . $block->name) if failures() > $failures;
}


sub failures {
    return scalar grep { !$_ } Test::More->builder->summary;
}


{
    no strict 'refs';
    no warnings 'once';
    *{"main::$_"} = \&$_ for @SHARED;
}

$Test::Nginx::Util::RunTestHelper = \&run_story;
Test::Nginx::Util::no_root_location();
Test::Nginx::Util::add_block_preprocessor(sub { set_sections($_[0]) });

1;
