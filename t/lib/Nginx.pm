package Nginx;

# The nginx under test: one at a time, started from a configuration, with a
# directory, ports and logs of its own, and ended without a trace.
#
#     dir('conf')    the directory of nginx.conf; there are also 'html', with
#                    an index.html, and 'logs'; all made again for each block
#     write_private  a file there that only its owner may read
#     server_port    of the server that the block configures; 'http2': of the
#                    same server's second port, which speaks HTTP/2
#     error_log      what nginx has logged since this block began
#     workers        the process ids of its workers
#
# All on 127.0.0.1.  t/behaviour says in the environment:
#
#     TEST_DIR       where everything goes
#     TEST_NGINX     the command: nginx, and what it runs under
#     TEST_MODULE    the module that it loads
#     TEST_TIMEOUT   seconds after which something is taken not to come

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use POSIX qw(:sys_wait_h);
use Socket qw(INADDR_LOOPBACK PF_INET SOCK_STREAM SOL_SOCKET SO_REUSEADDR
    pack_sockaddr_in unpack_sockaddr_in);
use Time::HiRes ();

my @SHARED = qw(dir write_private server_port error_log workers);

my $ROOT = $ENV{TEST_DIR} or die "this is run by t/behaviour\n";
my $TIMEOUT = $ENV{TEST_TIMEOUT} || 10;
my $PATIENCE = 3 * $TIMEOUT;

my (%ports, $pid, $log, $log_start);
my $parent = $$;


sub dir {
    return "$ROOT/servroot/$_[0]";
}


# write_private(NAME, BYTES): into the directory of nginx.conf
sub write_private {
    my ($name, $bytes) = @_;
    my $path = dir('conf') . "/$name";

    write_file($path, $bytes);
    chmod 0600, $path or die "$path: $!\n";
}


sub write_file {
    my ($path, $bytes) = @_;

    open my $out, '>', $path or die "$path: $!\n";
    binmode $out;
    print {$out} $bytes;
    close $out or die "$path: $!\n";
}


# A socket that is bound and does not listen keeps the port from others, but not
# from nginx, which binds with SO_REUSEADDR, too.
sub server_port {
    my ($name) = (@_, 'http');

    $ports{$name} //= bound_socket();

    return (unpack_sockaddr_in(getsockname $ports{$name}))[0];
}


sub bound_socket {
    my $socket;

    socket $socket, PF_INET, SOCK_STREAM, 0
        and setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1
        and bind $socket, pack_sockaddr_in(0, INADDR_LOOPBACK)
        or die "no port for nginx: $!\n";

    return $socket;
}


# a fresh directory for the next block
sub prepare {
    remove_tree("$ROOT/servroot");
    make_path(map { dir($_) } qw(conf html logs temp));
    write_file(dir('html') . '/index.html', "index\n");
}


# start({log =>, level =>, main =>, http =>, server =>}): with these pieces of a
# configuration.  Returns nothing when nginx is up, else what it said.
sub start {
    my ($conf) = @_;
    my $out = dir('logs') . '/output';

    $log = "$ROOT/$conf->{log}-error.log";
    $log_start = -s $log // 0;
    write_file(dir('conf') . '/nginx.conf', configuration($conf));

    $pid = fork // die "fork: $!\n";
    if (!$pid) {
        setpgrp 0, 0;
        delete @SIG{qw(INT TERM HUP)};
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $out;
        open STDERR, '>&', \*STDOUT;
        exec split(' ', $ENV{TEST_NGINX}), '-p', "$ROOT/servroot/",
            '-c', dir('conf') . '/nginx.conf'
            or POSIX::_exit(127);
    }

    # what it listens on is open when the file is written
    my $until = Time::HiRes::time() + $PATIENCE;
    until (-s dir('logs') . '/nginx.pid') {
        if (waitpid($pid, WNOHANG) == $pid) {
            undef $pid;
            return read_file($out) || "status $?";
        }
        return "not in $PATIENCE s" if Time::HiRes::time() > $until;
        Time::HiRes::sleep(0.005);
    }

    return;
}


sub configuration {
    my ($conf) = @_;
    my ($port, $root) = (server_port(), "$ROOT/servroot");
    my $user = $> == 0 ? 'user root;' : '';
    my $temp = join ' ', map { "${_}_temp_path $root/temp/$_;" }
        grep { $conf->{http} !~ /\b${_}_temp_path\b/ }
        qw(client_body proxy fastcgi uwsgi scgi);

    return <<"END";
load_module $ENV{TEST_MODULE};
daemon off;
master_process on;
worker_processes 1;
$user
pid $root/logs/nginx.pid;
error_log $log $conf->{level};
$conf->{main}

events {
    accept_mutex off;
    worker_connections 1024;
}

http {
    access_log $ROOT/$conf->{log}-access.log;
    $temp
    default_type text/plain;
$conf->{http}
    server {
        listen 127.0.0.1:$port;
        server_name localhost;
        client_max_body_size 30m;
$conf->{server}
    }
}
END
}


# ends it as an operator does; returns what was wrong with that
sub stop {
    my @wrong;

    return if !$pid || $$ != $parent;

    my $until = Time::HiRes::time() + $PATIENCE;
    my $ended;
    kill 'QUIT', $pid;
    until ($ended = waitpid($pid, WNOHANG)) {
        last if Time::HiRes::time() > $until;
        Time::HiRes::sleep(0.002);
    }

    if (!$ended) {
        push @wrong, "nginx did not end in $PATIENCE s, its workers are: "
            . join ' ', workers();
    } elsif ($?) {
        push @wrong, 'nginx ended with '
            . ($? & 127 ? 'signal ' . ($? & 127) : 'status ' . ($? >> 8));
    }
    push @wrong, 'nginx left processes behind' if $ended && kill 0, -$pid;

    kill 'KILL', -$pid;
    waitpid $pid, 0 if !$ended;
    undef $pid;

    return @wrong;
}


sub error_log {
    open my $in, '<', $log or return '';
    seek $in, $log_start, 0;
    local $/;

    return <$in> // '';
}


sub workers {
    my @workers;

    for my $file (glob '/proc/[0-9]*/stat') {
        my ($of, $parent_of) = read_file($file) =~ /^(\d+) \(.*\) \S (\d+)/s
            or next;
        push @workers, $of if $parent_of == $pid;
    }

    return @workers;
}


sub read_file {
    open my $in, '<', $_[0] or return '';
    local $/;

    return <$in> // '';
}


sub import {
    no strict 'refs';
    *{"main::$_"} = \&$_ for @SHARED;
}


# whatever ends the test file
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);

END {
    local $?;
    stop();
}

1;
