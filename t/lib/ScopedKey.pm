package ScopedKey;

# What the behaviour tests share: keys, a small Redis client, and the lines
# that every block's configuration gets.  A test file says
#
#     use lib 't/lib';
#     use Blocks;
#     use ScopedKey;
#
#     our $reader = put_key('reader', scopes => ['dns:read']);
#
# All functions may be called in the Perl of a test file and in that of its
# blocks.  A key is made from its name and nothing else.
#
# Sections that this file adds to those of Blocks.pm:
#
#     --- key_in_request_line   nginx itself will log the key: do not take that
#                               for a leak
#     --- log_may_say           one regex a line: log lines of this test file
#                               that would fail it and are meant
#
# Needs TEST_REDIS_SOCK; t/behaviour sets it.

use strict;
use warnings;

use Digest::SHA qw(sha256);
use IO::Socket::UNIX;
use IPC::Open2 qw(open2);

use Blocks ();

my @SHARED = qw(key key_id key_text checksum digest put_key drop_key
    legacy_id redis redis_all redis_key);

my @BASE62 = ('0' .. '9', 'A' .. 'Z', 'a' .. 'z');
my $PREFIX = 'scoped_key:';


# the key with this name; its prefix is sk
sub key {
    my ($name) = @_;

    return key_text('sk', key_id($name), letters("secret of $name", 32));
}


sub key_id {
    return letters("id of $_[0]", 12);
}


# a key's text from its parts, with the right checksum
sub key_text {
    my ($prefix, $id, $secret) = @_;
    my $body = "${prefix}_${id}_${secret}";

    return $body . checksum($body);
}


sub checksum {
    my $n = crc32($_[0]);
    my $text = '';

    for (1 .. 6) {
        $text = $BASE62[$n % 62] . $text;
        $n = int($n / 62);
    }

    return $text;
}


# what Redis holds instead of the text
sub digest {
    my ($text, $pepper) = @_;

    return defined $pepper ? peppered($text, $pepper)
                           : filter('b2sum', '-l', '256', \$text);
}


sub legacy_id {
    return 'x' . substr(digest($_[0], $_[1]), 0, 24);
}


# put_key(NAME, scopes => [...], fields => {...}, text => ..., id => ...,
#     pepper => ...): writes a record and its scope list, in place of any
# older one, and returns the key's text.  A field that is undef is left out.
sub put_key {
    my ($name, %with) = @_;
    my $text = $with{text} // key($name);
    my $id = $with{id} // key_id($name);
    my %fields = (digest => digest($text, $with{pepper}), enabled => 1,
                  created_at => time, %{$with{fields} // {}});
    my @scopes = @{$with{scopes} // []};
    my ($score) = ($fields{created_at} // 0) =~ /\A(\d{1,15})\z/;

    delete @fields{grep { !defined $fields{$_} } keys %fields};
    remember_secret($text);

    redis_all(
        ['MULTI'],
        ['DEL', redis_key($id), redis_key($id) . ':scopes'],
        %fields ? ['HSET', redis_key($id), %fields] : (),
        @scopes ? ['SADD', redis_key($id) . ':scopes', @scopes] : (),
        ['ZADD', $PREFIX . 'ids', $score // 0, $id],
        ['EXEC']);

    return $text;
}


sub drop_key {
    my $id = key_id($_[0]);

    return redis_all(
        ['MULTI'],
        ['DEL', redis_key($id), redis_key($id) . ':scopes'],
        ['ZREM', $PREFIX . 'ids', $id],
        ['EXEC']);
}


sub redis_key {
    return $PREFIX . "{$_[0]}";
}


# one command, its reply: a string, a number, undef, or a reference to an array
# of those.  An error dies, within EXEC too.
sub redis {
    return (redis_all([@_]))[0];
}


# redis_all([...], [...]): several in one round trip
sub redis_all {
    my @commands = @_;
    my $path = $ENV{TEST_REDIS_SOCK} or die "no TEST_REDIS_SOCK\n";
    my $socket = IO::Socket::UNIX->new(Peer => $path)
        or die "cannot connect to $path: $!\n";
    my $request = '';

    for my $command (@commands) {
        $request .= '*' . @$command . "\r\n";
        for my $word (@$command) {
            my $bytes = $word;

            utf8::encode($bytes) if utf8::is_utf8($bytes);
            $request .= '$' . length($bytes) . "\r\n$bytes\r\n";
        }
    }

    binmode $socket;
    print {$socket} $request;
    $socket->flush;

    return map { read_reply($socket) } @commands;
}


sub read_reply {
    my ($socket) = @_;
    my $line = readline $socket;

    defined $line && $line =~ s/\r\n\z// or die "Redis hung up\n";
    my ($type, $rest) = (substr($line, 0, 1), substr($line, 1));

    return $rest if $type eq '+' || $type eq ':';
    die "Redis: $rest\n" if $type eq '-';
    return undef if $rest < 0;
    return [map { read_reply($socket) } 1 .. $rest] if $type eq '*';

    my $data;
    my $got = read $socket, $data, $rest + 2;

    defined $got && $got == $rest + 2 or die "Redis hung up\n";

    return substr $data, 0, $rest;
}


# letters(SEED, N): N base62 characters that follow from the seed
sub letters {
    my ($seed, $n) = @_;
    my $bytes = '';

    for (my $i = 0; length $bytes < $n; $i++) {
        $bytes .= sha256("$i $seed");
    }

    return join '', map { $BASE62[$_ % 62] } unpack "C$n", $bytes;
}


sub crc32 {
    my $crc = 0xffffffff;

    for my $byte (unpack 'C*', $_[0]) {
        $crc ^= $byte;
        $crc = $crc & 1 ? ($crc >> 1) ^ 0xedb88320 : $crc >> 1 for 1 .. 8;
    }

    return $crc ^ 0xffffffff;
}


sub peppered {
    my ($text, $pepper) = @_;
    my $hex = unpack 'H*', $pepper;

    return lc filter('openssl', 'mac', '-macopt', "hexkey:$hex",
                     '-macopt', 'size:32', 'BLAKE2BMAC', \$text);
}


# filter(COMMAND..., \INPUT): the first word that the command prints
sub filter {
    my @command = @_;
    my $input = ${pop @command};
    my $pid = open2(my $out, my $in, @command);

    print {$in} $input;
    close $in;
    my $word = (split ' ', readline $out)[0];
    waitpid $pid, 0;
    $? == 0 or die "$command[0] failed\n";

    return $word;
}


# ---- what every block gets

# append(FILE, LINE...): to a file that is looked at after the run
sub append {
    my ($file, @lines) = @_;

    open my $out, '>>', "$ENV{TEST_DIR}/$file" or die "$file: $!\n";
    print {$out} map { "$_\n" } @lines;
    close $out;
}


sub remember_secret {
    append('secrets', $_[0]);
}


sub set_defaults {
    my ($block) = @_;
    my $http = $block->{http_config} // '';

    $block->{log} = defined $block->{key_in_request_line} ? 'keys' : 'all';
    if ($http !~ /^\s*scoped_key_redis\s/m) {
        $http = "scoped_key_redis unix:$ENV{TEST_REDIS_SOCK}"
                . " connect_timeout=10s timeout=5s;\n$http";
    }
    $block->{http_config} = $http;

    append('may-say', split /\n/, $block->{log_may_say})
        if defined $block->{log_may_say};
}


{
    no strict 'refs';
    *{"main::$_"} = \&$_ for @SHARED;
}

$ENV{TEST_NGINX_REDIS_SOCK} = $ENV{TEST_REDIS_SOCK};
$ENV{TEST_NGINX_REDIS_PORT} = $ENV{TEST_REDIS_PORT};

Blocks::sections(key_in_request_line => 'flag', log_may_say => 'text');
Blocks::prepare(\&set_defaults);

1;
