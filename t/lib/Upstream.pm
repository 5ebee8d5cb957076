package Upstream;

# The server behind nginx in the behaviour tests: it answers each request with
# the request itself, byte for byte, so that a test sees what an upstream sees.
# Loading it starts it, on the unix socket $TEST_NGINX_UPSTREAM; it goes when the
# test goes.  It serves one request a connection, one connection at a time.
#
# A request can ask for another answer:
#
#     X-Answer: 403                       the status
#     X-Answer-Line: X-Accel-Redirect /x  a header field, without its colon
#     X-Answer-Body: no                   the body

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::UNIX;
use POSIX ();

my $dir = tempdir(TMPDIR => 1, CLEANUP => 1);
my $parent = $$;
my $pid;

chmod 0755, $dir or die "$dir: $!\n";


# all requests so far, in the order in which they came
sub requests {
    open my $in, '<', "$dir/requests" or return ();
    binmode $in;
    local $/;
    my $all = <$in> // '';

    return split /\0\0\n/, $all;
}


sub start {
    my $path = "$dir/socket";
    my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 128)
        or die "cannot listen on $path: $!\n";

    chmod 0777, $path or die "$path: $!\n";
    $ENV{TEST_NGINX_UPSTREAM} = $path;

    $pid = fork;
    defined $pid or die "fork: $!\n";
    return if $pid;

    $SIG{$_} = 'DEFAULT' for qw(INT TERM);
    $SIG{PIPE} = 'IGNORE';
    eval { serve($listener) };
    print STDERR "upstream: $@" if $@;
    POSIX::_exit(0);
}


sub serve {
    my ($listener) = @_;
    my $ready = IO::Select->new($listener);

    open my $log, '>>', "$dir/requests" or die "$dir/requests: $!\n";
    binmode $log;

    while (getppid == $parent) {
        $ready->can_read(1) or next;
        my $client = $listener->accept or next;
        my $request = read_request($client);

        next if !length $request;
        syswrite $log, "$request\0\0\n";
        print {$client} answer($request);
        close $client;
    }
}


sub read_request {
    my ($client) = @_;
    my $request = '';

    binmode $client;
    while ($request !~ /\r\n\r\n/) {
        sysread($client, $request, 65536, length $request) or return $request;
    }

    my ($body_bytes) = $request =~ /^content-length: *(\d+)/mi;
    my $bytes = index($request, "\r\n\r\n") + 4 + ($body_bytes // 0);

    while (length $request < $bytes) {
        sysread($client, $request, 65536, length $request) or last;
    }

    return $request;
}


sub answer {
    my ($request) = @_;
    my ($status) = $request =~ /^x-answer: *(\d+)/mi;
    my @lines = $request =~ /^x-answer-line: *([^\r\n]+)/mig;
    my ($body) = $request =~ /^x-answer-body: *([^\r\n]*)/mi;

    $body = $request unless defined $body;
    $body = '' if $request =~ /^HEAD /;

    return join "\r\n", 'HTTP/1.0 ' . ($status // 200) . ' Answer',
        'Content-Type: text/plain', 'X-Upstream: yes',
        'Content-Length: ' . length $body,
        map({ s/ /: /r } @lines), '', $body;
}


END {
    if ($pid && $$ == $parent) {
        local $?;
        kill 'TERM', $pid;
        waitpid $pid, 0;
    }
}

start();

1;
