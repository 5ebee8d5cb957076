# One C file as the laws see it: its lines, the same without comments and the
# insides of strings, its includes and its functions.  Relies on nginx's style
# (a function's braces stand in column 0), and tells where it is not kept.
# Knows no law.

package Source;

use strict;
use warnings;


# root: of the tree; name: relative to it
sub new {
    my ($class, $root, $name) = @_;

    open my $file, '<:encoding(UTF-8)', "$root/$name"
        or die "$name: $!\n";
    local $/;
    my $text = <$file> // '';

    my $self = bless { name => $name, text => $text }, $class;

    $self->{lines} = [ split /\n/, $text, -1 ];
    pop @{ $self->{lines} } if $text =~ /\n\z/;
    $self->{bare} = [ split /\n/, uncommented($text), -1 ];
    $self->{code} = [ split /\n/, unquoted(uncommented($text)), -1 ];

    return $self;
}


# what is taken out leaves its line ends behind, so that lines keep their number
sub blank {
    my ($text) = @_;

    $text =~ s/[^\n]/ /g;

    return $text;
}


sub uncommented {
    my ($text) = @_;

    $text =~ s{ ( " (?: \\. | [^"\\\n] )* " | ' (?: \\. | [^'\\\n] )* ' )
              | ( /\* .*? (?: \*/ | \z ) ) }
              { defined $1 ? $1 : blank($2) }gsex;

    return $text;
}


sub unquoted {
    my ($text) = @_;

    $text =~ s{ (["']) ( (?: \\. | (?!\1) [^\\\n] )* ) \1 }
              { $1 . blank($2) . $1 }gsex;

    return $text;
}


# [line, '<' or '"', name]
sub includes {
    my ($self) = @_;
    my $n = 0;
    my @found;

    for (@{ $self->{bare} }) {
        $n++;
        push @found, [ $n, $1, $2 ] if /^\s*\#\s*include\s*([<"])([^>"]*)/;
    }

    return @found;
}


# { name, line, length, deepest, deepest_line }; length: lines within the braces
sub functions {
    my ($self) = @_;
    my $code = $self->{code};
    my ($start, @found);

    for my $i (0 .. $#$code) {
        $start = $i if $code->[$i] =~ /^\{/ && $code->[$i - 1] !~ /=\s*$/;

        next unless defined $start && $code->[$i] =~ /^\}\s*$/;

        push @found, $self->function($start, $i);
        undef $start;
    }

    return @found;
}


sub function {
    my ($self, $start, $end) = @_;
    my $code = $self->{code};
    my $head = $start;

    $head-- while $head > 0 && $code->[$head] !~ /^\w+\s*\(/;

    my ($name) = $code->[$head] =~ /^(\w+)/;
    my ($deepest, $line) = nesting($code, $start, $end);

    return {
        name         => $name // '?',
        line         => $head + 1,
        length       => $end - $start - 1,
        deepest      => $deepest,
        deepest_line => $line,
    };
}


# how many blocks lie within one another, and where; initializers are none
sub nesting {
    my ($code, $start, $end) = @_;
    my ($depth, $deepest, $line, $list) = (0, 0, $start + 1, 0);
    my @saved;

    for my $i ($start + 1 .. $end - 1) {
        my $text = $code->[$i];

        push @saved, $depth             if $text =~ /^\s*#\s*if/;
        $depth = $saved[-1] // $depth   if $text =~ /^\s*#\s*el/;
        pop @saved                      if $text =~ /^\s*#\s*endif/;

        while ($text =~ /(=?)\s*([{}])/g) {
            if ($2 eq '{' && ($1 || $list)) {
                $list++;
            } elsif ($2 eq '{') {
                $depth++;
            } elsif ($list) {
                $list--;
            } else {
                $depth--;
            }

            ($deepest, $line) = ($depth, $i + 1) if $depth > $deepest;
        }
    }

    return ($deepest, $line);
}


# [line, text] where nginx's form is left, and functions would go unseen
sub misshapen {
    my ($self) = @_;
    my $n = 0;
    my @found;

    for (@{ $self->{code} }) {
        $n++;
        push @found, [ $n, 'a function\'s brace is not in column 0' ]
            if /^\w[^=]*\)\s*\{/;
        push @found, [ $n, 'a function\'s name is not in column 0' ]
            if /^(?:static|inline|const|void|int|bool|unsigned|\w+_t)\s
                [\w\s\*]*\b\w+\s*\([^;=]*$/x
            && !$self->is_declaration($n - 1);
    }

    return @found;
}


# whether what begins at $i comes to a `;` or a `=` before any block
sub is_declaration {
    my ($self, $i) = @_;

    for (@{ $self->{code} }[ $i .. $#{ $self->{code} } ]) {
        return 1 if /[;=]\s*$/;
        return 0 if /^\{|\{\s*$/;
    }

    return 0;
}

1;
