# Laws of how a file is written: its looks, its functions, what it may not call,
# and that nothing in it is left unfinished.

package Form;

use strict;
use warnings;

use Exporter qw(import);
use Tree;

our @EXPORT = qw(law_form law_functions law_calls law_secrets law_marks);


my $MAX_COLUMNS  = 80;
my $MAX_FUNCTION = 60;
my $MAX_NESTING  = 3;

# spelt so that it does not find itself
my $UNFINISHED = qr/\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/;


sub law_form {
    my ($source) = @_;
    my $name = $source->{name};
    my $n = 0;
    my @violations;

    for (@{ $source->{lines} }) {
        $n++;
        push @violations, [ $name, $n, "over $MAX_COLUMNS columns" ]
            if length > $MAX_COLUMNS && !m{^/\* links: };
        push @violations, [ $name, $n, 'a tab' ]            if /\t/;
        push @violations, [ $name, $n, 'a trailing space' ] if /[ \t\r]$/;
        push @violations, [ $name, $n, 'a `//` comment' ]
            if $source->{code}[$n - 1] =~ m{//};
    }

    push @violations, [ $name, $n, 'no line end at the end' ]
        if $source->{text} !~ /\n\z/;

    judge('form', @violations);
}


sub law_functions {
    my ($source) = @_;
    my $name = $source->{name};
    my @violations = map { [ $name, @$_ ] } $source->misshapen;

    for ($source->functions) {
        push @violations, [ $name, $_->{line}, "$_->{name}() has $_->{length} "
                            . "lines, more than $MAX_FUNCTION" ]
            if $_->{length} > $MAX_FUNCTION;
        push @violations, [ $name, $_->{deepest_line}, "$_->{name}() nests "
                            . "$_->{deepest} deep, more than $MAX_NESTING" ]
            if $_->{deepest} > $MAX_NESTING;
    }

    judge('functions', @violations);
}


sub law_calls {
    my ($source) = @_;
    my $n = 0;
    my @violations;

    for (@{ $source->{code} }) {
        $n++;
        push @violations, [ $source->{name}, $n, "$1() knows no bounds" ]
            if /\b(v?sprintf|strcpy|stpcpy|strcat|gets)\s*\(/;
        push @violations, [ $source->{name}, $n, "$1() takes a format" ]
            if /\b(redis(?!Free)\w*Command)\s*\(/;
    }

    judge('calls', @violations);
}


# How long a comparison of secrets takes may tell nothing of them: only digests
# are compared, in one place, by libsodium.  And no line of a log, at whatever
# level, is given one: a digest, a password, or the key that was presented.
sub law_secrets {
    my ($source) = @_;
    my $compares = qr/\b(?!sodium_)(\w*(?:memn?cmp|bcmp|str\w*cmp|str_equal))\s*\(/;
    my $secret = qr/digest|secret|pepper|password/;
    my $alone = $source->{name} eq 'src/core/digest.c';
    my ($n, @violations) = (0);

    for my $line (@{ $source->{code} }) {
        my $next = $source->{code}[++$n] // '';

        while ($line =~ /$compares([^;]*)/g) {
            my ($call, $rest) = ($1, $2);
            $rest .= $next if $rest !~ /\)[^)]*\z/ || $line !~ /;/;
            push @violations, [ $source->{name}, $n, "$call() of a secret" ]
                if $alone || (split /;/, $rest)[0] =~ $secret;
        }
    }

    push @violations, map { [ $source->{name}, $_, 'a secret is logged' ] }
                      logged_secrets($source);

    if ($alone && !grep { /\bsodium_memcmp\s*\(/ } @{ $source->{code} }) {
        push @violations, [ $source->{name}, 0, 'compares no digests' ];
    }

    judge('secrets', @violations);
}


# the lines where a call begins that logs one; how long it is may be said
sub logged_secrets {
    my ($source) = @_;
    my $text = join "\n", @{ $source->{code} };
    my $logs = qr/\bngx_(?:conf_)?log_(?:error|error_core|stderr|abort|debug\d)\s*\(/;
    my $secret = qr/\b\w*(?:digest|secret|pepper|password)\w*
                    |\b(?:ctx|found|hidden|pair)\s*(?:->|\.)\s*(?:key|value|foreign)
                    |->\s*(?:hello|output|command|digest|tag|proof)\b/x;
    my @found;

    while ($text =~ /$logs([^;]*)/g) {
        my ($call, $from) = ($1, $-[0]);

        # a length, a condition, and the name of a file of one
        $call =~ s/\b[\w>.-]*(?:\.|->)(?:len|last|sent)\b//g;
        $call =~ s/[\w>.-]+\s*(?:\?|==|!=)//g;
        push @found, 1 + (substr($text, 0, $from) =~ tr/\n//)
            if $call =~ $secret;
    }

    return @found;
}


sub law_marks {
    my ($name) = @_;
    my $n = 0;
    my @violations;

    for (split /\n/, slurp($name)) {
        $n++;
        push @violations, [ $name, $n, "unfinished: $1" ] if /$UNFINISHED/;
    }

    judge('marks', @violations);
}

1;
