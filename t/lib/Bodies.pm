package Bodies;

# Keys with constrained grants, and requests with bodies that arrive in every
# way a client can think of.  For stories (Visit.pm).

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Test::More ();
use Time::HiRes ();

use Nginx ();
use ScopedKey;
use Upstream;
use Visit;

my @SHARED = qw(granted constrained limited post form json chunked client say_to
    answer_of hangs_up body_of quickly);

my $TIMEOUT = $ENV{TEST_TIMEOUT} || 10;
my $encoder = JSON::PP->new->utf8->canonical;
my $count = 0;


# the key of a record that was given these members
sub granted {
    my @scopes = @_;
    my %fields = $scopes[0] && $scopes[0] eq 'global'
        ? (mode => shift @scopes) : ();

    return ScopedKey::put_key("bodies $$ " . $count++, fields => \%fields,
                   scopes => \@scopes);
}


# constrained(scope => ..., ...): the member as text
sub constrained {
    return $encoder->encode({@_});
}


# limited(PARAM => [PATTERN...]...): a key that may dns:write with these alone
sub limited {
    return granted(constrained(scope => 'dns:write', params => {@_}));
}


# post(TARGET, KEY, TYPE, BODY, NAME => VALUE...); TYPE undef: says none
sub post {
    my ($target, $key, $type, $body, @lines) = @_;

    return Visit::ask('POST', $target, {body => $body}, 'X-API-Key' => $key,
               defined $type ? ('Content-Type' => $type) : (), @lines);
}


sub form {
    my ($key, $body, @lines) = @_;

    return post('/', $key, 'application/x-www-form-urlencoded', $body, @lines);
}


sub json {
    my ($key, $body, @lines) = @_;

    return post('/', $key, 'application/json', $body, @lines);
}


# chunked(BODY, SIZE): in chunks of that many bytes, with the last one
sub chunked {
    my ($body, $size) = @_;
    my $out = '';

    while (length $body) {
        my $chunk = substr $body, 0, $size // length $body, '';
        $out .= sprintf("%x\r\n", length $chunk) . "$chunk\r\n";
    }

    return $out . "0\r\n\r\n";
}


# client(BYTES): a connection on which these were sent
sub client {
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => Nginx::server_port())
        or die "cannot connect to nginx: $!\n";

    binmode $socket;
    say_to($socket, @_);

    return $socket;
}


# say_to(SOCKET, PIECE...): each in a packet of its own
sub say_to {
    my ($socket, @pieces) = @_;

    local $SIG{PIPE} = 'IGNORE';
    for my $i (0 .. $#pieces) {
        Time::HiRes::sleep(0.02) if $i;
        syswrite $socket, $pieces[$i];
    }

    return $socket;
}


# the next answer on the connection, which stays open; status 0: none came
sub answer_of {
    my ($socket, $method) = @_;
    my $ready = IO::Select->new($socket);
    my $input = '';
    my $answer;

    until ($answer = Visit::whole_answer($input, $method // 'POST')) {
        $ready->can_read($TIMEOUT)
            && sysread($socket, $input, 65536, length $input)
            or return {status => 0, head => $input, body => '', seen => 0};
    }

    return {%$answer, seen => 0};
}


# whether the other side ends the connection
sub hangs_up {
    my ($socket) = @_;
    my $ready = IO::Select->new($socket);
    my $input;

    while ($ready->can_read($TIMEOUT)) {
        sysread($socket, $input, 65536) or return 1;
    }

    return 0;
}


# the body of the request that the upstream got
sub body_of {
    my ($answer) = @_;
    my $request = $answer->{body};
    my $at = index $request, "\r\n\r\n";

    return $at < 0 ? undef : substr $request, $at + 4;
}


# quickly(CODE): what it returns, and that it waited for nothing
sub quickly {
    my ($code, $name) = @_;
    my $start = Time::HiRes::time();
    my $result = $code->();

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::cmp_ok(Time::HiRes::time() - $start, '<', $TIMEOUT / 2,
                       "$name: at once");

    return $result;
}


{
    no strict 'refs';
    *{"main::$_"} = \&$_ for @SHARED;
}

1;
