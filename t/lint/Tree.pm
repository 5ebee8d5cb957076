# The tree that is judged, and the count of what was found.  All names of files
# are relative to its root.

package Tree;

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(dirname);
use File::Glob qw(bsd_glob);

use Source;

our @EXPORT = qw(tree_open tree_counts judge missing here slurp source layer);


my ($root, $partial);
my ($passed, $failed) = (0, 0);


sub tree_open {
    ($root, $partial) = @_;
}


# how many checks held, and how many violations there were
sub tree_counts {
    return ($passed, $failed);
}


# violations: [file, line, text]; none: the check held
sub judge {
    my ($law, @violations) = @_;

    $passed++ unless @violations;
    $failed += @violations;

    printf "%s:%d: %s: %s\n", $_->[0], $_->[1], $law, $_->[2] for @violations;
}


sub missing {
    my ($law, $file, $text) = @_;

    return judge($law, [ $file, 0, $text ]) unless $partial;

    print "skipped: $law: $file: $text\n";
}


# names of files, in order, that fit the patterns
sub here {
    my (@patterns) = @_;

    my @found = sort map { substr $_, length("$root/") } grep { -f }
                map { bsd_glob(quotemeta($root) . "/$_") } @patterns;

    return @found;
}


sub slurp {
    my ($name) = @_;

    open my $file, '<:encoding(UTF-8)', "$root/$name" or die "$name: $!\n";
    local $/;

    return <$file> // '';
}


sub source {
    my ($name) = @_;

    return Source->new($root, $name);
}


# the directory that decides what a file may know
sub layer {
    my ($name) = @_;

    return $name =~ m{^(src/\w+)/} ? $1 : dirname($name);
}

1;
