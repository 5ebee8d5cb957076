package Blocks;

# A test file is Perl that runs once, and blocks behind __DATA__, each of which
# gets an nginx of its own, a fresh one:
#
#     use lib 't/lib';
#     use Blocks;
#     use ScopedKey;
#     use Visit;
#
#     run_tests();
#
#     __DATA__
#
#     === TEST 1: what is shown
#     --- config
#     location / { return 200 "open\n"; }
#     --- story
#     is(get('/')->{body}, "open\n", 'it is open');
#
# Between the title and the first section there may be words.  A section is
# `--- NAME: VALUE`, or `--- NAME` and lines, or `--- NAME eval` and Perl whose
# value it is.  Those of this file:
#
#     --- config        inside of the server block of nginx.conf
#     --- http_config   before it, inside of http
#     --- main_config   at the top
#     --- user_files    `>>> NAME` and lines, for each file in the root
#     --- log_level     of the error log; debug by default
#     --- post_setup_server_root
#                       Perl that runs before nginx starts
#     --- init          Perl that runs when it has started
#     --- must_die      nginx refuses the configuration; nothing else runs
#     --- error_log     lines that the log holds in the end (of what must die:
#                       what it says)
#     --- no_error_log  lines that it does not hold
#
# ScopedKey.pm and Visit.pm have more.  $TEST_NGINX_SERVER_PORT and whatever
# begins with $TEST_NGINX_ in the environment may stand in configurations and
# files.  All Perl runs in package main.
#
# Blocks run in any order; TEST_SEED repeats one, and TEST_ONLY="3 7" runs these
# alone.  A block that checks nothing, a section that nobody knows or that
# stands twice, an nginx that does not end as it should or leaves a process are
# failures.

use strict;
use warnings;

use File::Path ();
use List::Util qw(shuffle);
use Test::More ();
use Time::HiRes ();

use Nginx;

my $TIMEOUT = $ENV{TEST_TIMEOUT} || 10;

# section => 'text', 'any' for one that may be empty, or 'flag' for one that is
my %form = (map({ ($_ => 'text') } qw(config http_config main_config user_files
    log_level post_setup_server_root init error_log no_error_log)),
    must_die => 'flag');

# section => the code that runs a block which has it
my %run_by;
my @preparations;


# sections(NAME => 'text', 'any' or 'flag'...): that a block may have, too
sub sections {
    my %more = @_;

    @form{keys %more} = values %more;
}


# run_by(SECTION, CODE): a block with it is run by the code, which gets the block
sub run_by {
    my ($section, $code) = @_;

    $form{$section} = 'text';
    $run_by{$section} = $code;
}


# prepare(CODE): gets each block before nginx is started, and may change it
sub prepare {
    push @preparations, @_;
}


sub import {
    my $caller = caller;

    strict->import;
    warnings->import;
    Test::More->export_to_level(1, $caller);
    Nginx->import;
    no strict 'refs';
    *{"${caller}::run_tests"} = \&run_tests;
}


# ---- reading

sub mistake {
    my ($line, $what) = @_;

    die "$0, line $line of the blocks: $what\n";
}


# the blocks as hashes: number, name, and section => {text, is_code}
sub parse {
    my ($text) = @_;
    my ($n, @blocks, $section) = (0);

    for my $line (split /^/, $text) {
        $n++;
        if ($line =~ /^===/) {
            push @blocks, read_title($n, $line);
            undef $section;

        } elsif ($line =~ /^---/) {
            mistake($n, 'a section of no block') if !@blocks;
            $section = read_section($n, $line, $blocks[-1]);

        } elsif ($section) {
            mistake($n, "a second line of a value: $line")
                if $section->{is_inline} && $line =~ /\S/;
            $section->{text} .= $line;

        } elsif (!@blocks && $line =~ /\S/) {
            mistake($n, "a line of no block: $line");
        }
    }

    return @blocks;
}


sub read_title {
    my ($n, $line) = @_;

    my ($number, $name) = $line =~ /^=== TEST (\d+): (\S.*)$/
        or mistake($n, "no title: $line");

    return {number => $number, name => "TEST $number: $name", sections => {}};
}


sub read_section {
    my ($n, $line, $block) = @_;

    my ($name, $eval, $value) = $line =~ /^--- (\w+)( eval)?(?:: *(.*\S))?\s*$/
        or mistake($n, "no section: $line");

    mistake($n, "there is no section \"$name\"") if !$form{$name};
    mistake($n, "\"$name\" stands here twice") if $block->{sections}{$name};

    return $block->{sections}{$name} = {
        text => $value // '', is_inline => defined $value, is_code => $eval,
        line => $n,
    };
}


# the text of a section, without the empty lines around it; of a value in one
# line the end of the line is no part
sub text_of {
    my ($section) = @_;
    my $text = $section->{text};

    $text =~ s/\A(?:[ \t]*\n)+//;
    $text =~ s/\n\s*\z/\n/;
    chomp $text if $section->{is_inline};

    return $text;
}


# a block as it is run: section => value
sub evaluated {
    my ($block) = @_;
    my %value = (number => $block->{number}, name => $block->{name});

    for my $name (sort keys %{$block->{sections}}) {
        my $section = $block->{sections}{$name};
        my $text = text_of($section);

        mistake($section->{line}, "\"$name\" is empty")
            if $form{$name} eq 'text' && $text eq '';
        mistake($section->{line}, "\"$name\" takes no value")
            if $form{$name} eq 'flag' && $text ne '';
        $value{$name} = $section->{is_code} ? run_code($block, $name, $text)
                                            : $text;
    }

    return \%value;
}


sub run_code {
    my ($block, $name, $code) = @_;

    my $value = eval "package main; use strict; no warnings;\n"
        . "#line 1 \"$block->{name}, $name\"\n$code";
    die "$name: $@" if $@;

    return $value;
}


# ---- running

sub run_tests {
    local $/;
    my @blocks = parse(<main::DATA>);
    my %only = map { $_ => 1 } split ' ', $ENV{TEST_ONLY} // '';
    my $seed = $ENV{TEST_SEED} // int rand 1e6;

    @blocks = grep { $only{$_->{number}} } @blocks if %only;
    Test::More::note("TEST_SEED=$seed");
    srand $seed;
    $/ = "\n";
    run_block($_) for shuffle @blocks;
    Test::More::done_testing();
}


sub failures {
    return scalar grep { !$_ } Test::More->builder->summary;
}


sub run_block {
    my ($block) = @_;
    my $builder = Test::More->builder;
    my ($before, $failures) = ($builder->current_test, failures());
    my $start = Time::HiRes::time();

    eval { try_block(evaluated($block)); 1 } or Test::More::fail("it dies: $@");
    Test::More::fail($_) for Nginx::stop();
    Test::More::fail('nothing was checked')
        if $builder->current_test == $before;

    Test::More::diag("in $block->{name}") if failures() > $failures;
    Test::More::note(sprintf '%s: %.1f s', $block->{name},
                     Time::HiRes::time() - $start);
}


sub try_block {
    my ($block) = @_;
    my @ways = grep { defined $block->{$_} } sort keys %run_by;

    @ways == (defined $block->{must_die} ? 0 : 1)
        or die 'it has to have one of these: must_die, '
            . join(', ', sort keys %run_by) . "\n";

    Nginx::prepare();
    $_->($block) for @preparations;
    write_user_files($block->{user_files}) if defined $block->{user_files};
    run_code($block, 'post_setup_server_root', $block->{post_setup_server_root})
        if defined $block->{post_setup_server_root};

    return must_die($block) if defined $block->{must_die};

    my $refusal = start($block);
    return Test::More::fail("nginx does not start: $refusal")
        if defined $refusal;

    run_code($block, 'init', $block->{init}) if defined $block->{init};
    $run_by{$ways[0]}->($block);
    check_log($block, \&Nginx::error_log);
}


sub start {
    my ($block) = @_;

    return Nginx::start({
        log => $block->{log} // 'all',
        level => $block->{log_level} // 'debug',
        main => expanded($block->{main_config}),
        http => expanded($block->{http_config}),
        server => expanded($block->{config}),
    });
}


# an nginx that refuses its configuration frees nothing: no leak
sub must_die {
    my ($block) = @_;
    local $ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} // '') . ':detect_leaks=0';

    my $refusal = start($block);
    Test::More::ok(defined $refusal, "$block->{name}: nginx does not start");
    check_log($block, sub { $refusal // '' });
}


# a line of the log may be late
sub check_log {
    my ($block, $log) = @_;

    for my $line (split /\n/, $block->{error_log} // '') {
        Test::More::ok(eventually(
            $TIMEOUT, sub { index($log->(), $line) >= 0 }), "logged: $line");
    }
    for my $line (split /\n/, $block->{no_error_log} // '') {
        Test::More::is(index($log->(), $line), -1, "not logged: $line");
    }
}


sub write_user_files {
    my (undef, @files) = split /^>>> (\S+)\n/m, $_[0];

    while (my ($name, $text) = splice @files, 0, 2) {
        my $path = Nginx::dir('html') . "/$name";

        File::Path::make_path($path =~ s{/[^/]*\z}{}r);
        Nginx::write_file($path, expanded($text));
    }
}


sub expanded {
    my ($text) = @_;

    return '' if !defined $text;
    local $ENV{TEST_NGINX_SERVER_PORT} = Nginx::server_port();
    $text =~ s/\$(TEST_NGINX_\w+)/$ENV{$1} \/\/ die "there is no \$$1\n"/ge;

    return $text;
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

1;
