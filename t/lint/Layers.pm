# Laws of who may know whom: what each layer of the tree may include, and that
# core has no state of its own.

package Layers;

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(dirname);

use Tree;

our @EXPORT = qw(law_includes law_globals law_layers law_circles law_cuts);


# all that core may know of the world: no clock, no files, no log
my %CORE_SYSTEM = map { $_ => 1 } qw(arpa/inet.h ctype.h inttypes.h limits.h
    stdarg.h stdbool.h stddef.h stdint.h stdlib.h string.h);

# one named library in one named file
my %ONLY = (
    'jansson.h' => 'src/core/json.c',
    'sodium.h'  => 'src/core/digest.c',
    'hiredis'   => 'src/redis/resp.c',
);

# what a layer may include of the tree
my %ROOM = (
    'src/core'  => [ 'src/core' ],
    'src/redis' => [ 'src/redis' ],
    'src/http'  => [ 'src/http', 'src/redis', 'src/core' ],
    'src/tools' => [ 'src/tools', 'src/core' ],
    '.'         => [ 'src/http' ],
);


# a unit of more lines has a job of its own, though one file alone asks for it
use constant UNIT_LINES => 250;


# the file of the tree that an include in quotes means; undef: none
sub resolve {
    my ($from, $name) = @_;

    for my $path (dirname($from) . "/$name", "src/$name", $name) {
        next unless here($path);

        1 while $path =~ s{(^|/)[^/.][^/]*/\.\./}{$1};
        $path =~ s{^\./}{};

        return $path;
    }

    return undef;
}


sub include_quoted {
    my ($from, $name) = @_;
    my $path = resolve($from, $name);
    my $layers = $ROOM{layer($from)};

    return "\"$name\" is no file of the tree" unless defined $path;
    return undef if grep { layer($path) eq $_ } @$layers;

    return layer($from) . " includes $path";
}


sub include_system {
    my ($from, $name) = @_;
    my $layer = layer($from);
    my ($library) = grep { $name eq $_ || $name =~ m{^\Q$_\E/} } keys %ONLY;

    if (defined $library) {
        return $from eq $ONLY{$library}
            ? undef : "<$name> belongs to $ONLY{$library} alone";
    }

    return "the module entry includes <$name>, not nginx's"
        if $layer eq '.' && $name !~ /^ngx_\w+\.h$/;
    return "core includes <$name>"
        if $layer eq 'src/core' && !$CORE_SYSTEM{$name};
    return "redis includes <$name>"
        if $layer eq 'src/redis' && $name =~ /^ngx_http/;

    return undef;
}


sub law_includes {
    my ($source) = @_;
    my @violations;

    for ($source->includes) {
        my ($line, $kind, $name) = @$_;
        my $text = $kind eq '"' ? include_quoted($source->{name}, $name)
                                : include_system($source->{name}, $name);

        push @violations, [ $source->{name}, $line, $text ] if defined $text;
    }

    judge('includes', @violations);
}


# a worker's state lies in structures that core is given
sub law_globals {
    my ($source) = @_;
    my $n = 0;
    my @violations;

    for (@{ $source->{code} }) {
        $n++;
        push @violations, [ $source->{name}, $n, 'core has a variable' ]
            if /^\s*(?:static|extern)\s[^(]*[;=]/ && !/\bconst\b/
            || /^\w[\w\s\*]*(?:\[[^\]]*\])*\s*[;=]/
               && !/\bconst\b|^typedef\b|^struct\s+\w+;/;
    }

    judge('globals', @violations);
}


# a unit is a .c and the .h of its name
sub unit {
    my ($name) = @_;

    return $name =~ s/\.[ch]$//r;
}


# unit => { unit of its layer that it includes => [file, line] }
sub units {
    my (@sources) = @_;
    my %units;

    for my $source (@sources) {
        my $from = unit($source->{name});

        for ($source->includes) {
            my ($line, $kind, $name) = @$_;
            my $path = $kind eq '"' ? resolve($source->{name}, $name) : undef;

            next if !defined $path || unit($path) eq $from
                    || layer($path) ne layer($from);
            $units{$from}{unit($path)} //= [ $source->{name}, $line ];
        }
    }

    return %units;
}


# the units that can be reached by includes, itself only through a circle
sub reached {
    my ($units, $from) = @_;
    my @next = $from;
    my %seen;

    while (defined(my $unit = shift @next)) {
        push @next, grep { !$seen{$_}++ } sort keys %{ $units->{$unit} // {} };
    }

    return %seen;
}


# No unit includes itself by way of others.  Between layers law_includes sees to
# it.
sub law_circles {
    my (@sources) = @_;
    my %units = units(@sources);
    my @violations;

    for my $from (sort keys %units) {
        for my $to (sort keys %{ $units{$from} }) {
            my %reached = reached(\%units, $to);

            push @violations, [ @{ $units{$from}{$to} },
                                "a circle: $to includes $from" ]
                if $reached{$from};
        }
    }

    judge('circles', @violations);
}


sub stands_alone {
    my ($header) = @_;
    my $body = unit($header) . '.c';

    return here($body) && @{ source($body)->{lines} } > UNIT_LINES;
}


# A header that one other file of its layer alone includes is one unit with it, cut
# in two, unless a test includes it as well, or what is behind it is too much to
# be read as a part of the other.
sub law_cuts {
    my ($headers, @sources) = @_;
    my %users;

    for my $source (@sources) {
        for ($source->includes) {
            my (undef, $kind, $name) = @$_;
            my $path = $kind eq '"' ? resolve($source->{name}, $name) : undef;

            next if !defined $path || unit($path) eq unit($source->{name});
            $users{$path}{$source->{name}} = 1;
        }
    }

    for my $header (grep { /^src\/.*\.h$/ } map { $_->{name} } @$headers) {
        my @users = sort keys %{ $users{$header} // {} };

        judge('cuts', @users > 1 || grep({ layer($_) ne layer($header) } @users)
                      || stands_alone($header)
              ? () : [ $header, 1, @users ? "is for $users[0] alone"
                                          : 'is for nobody' ]);
    }
}


sub law_layers {
    my (@sources) = @_;

    for my $layer (qw(. src/core src/http src/redis)) {
        missing('layers', $layer, 'nothing in it')
            unless grep { layer($_->{name}) eq $layer } @sources;
    }
}

1;
