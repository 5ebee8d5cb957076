# Laws of what belongs together: a built module and its symbols, a directive
# with its documentation and a test, a core file with its unit test and fuzzer.

package Whole;

use strict;
use warnings;

use Exporter qw(import);
use Tree;

our @EXPORT = qw(law_symbols law_directives law_tests law_corpus law_version
    law_built_version);


my $DIRECTIVES = 'docs/directives.md';

my $VERSION    = 'src/core/version.h';
my $CHANGES    = 'CHANGES';

my %LAWFUL_SYMBOL = map { $_ => 1 }
    qw(ngx_modules ngx_module_names ngx_module_order _init _fini);


# object: a module (NAME.so, what it exports) or an object file
sub law_symbols {
    my ($object) = @_;
    my $table = $object =~ /\.so(?:\.|$)/ ? '-D' : '-g';

    open my $nm, '-|', 'nm', $table, '--defined-only', '-P', $object
        or return judge('symbols', [ $object, 0, "cannot run nm: $!" ]);
    my @symbols = map { /^([^\s\@]+)/ } <$nm>;
    close $nm and @symbols
        or return judge('symbols', [ $object, 0, 'nm finds none' ]);

    judge('symbols', map { [ $object, 0, "$_ is exported" ] }
                     grep { !$LAWFUL_SYMBOL{$_}
                            && !/^(?:ngx_http_)?scoped_key_/ } @symbols);
    judge('symbols', map { [ $object, 0, "hiredis shows: $_" ] }
                     grep { /^_*(?:hi)?redis|^sds|^hi_/ } @symbols);
}


# name => line, of the ngx_command_t table
sub directives {
    my ($source) = @_;
    my ($n, $inside, %found) = (0, 0);

    for (@{ $source->{bare} }) {
        $n++;
        $inside = 1 if /^static ngx_command_t\s.*\{/;
        $inside = 0 if /^\};/;

        $found{$1} = $n if $inside && /^\s*\{\s*ngx_string\("(\w+)"\)/;
    }

    return %found;
}


# name => text, of headings that are a directive's name
sub sections {
    my ($text) = @_;
    my $name = '';
    my %found;

    for (split /\n/, $text) {
        $name = /^#+\s+`?(scoped_key\w*)`?\s*$/ ? $1 : '' if /^#/;
        $found{$name} .= "$_\n" if $name;
    }

    return %found;
}


sub law_documented {
    my ($file, %table) = @_;

    return missing('documented', $DIRECTIVES, 'no such file')
        unless here($DIRECTIVES);

    my %section = sections(slurp($DIRECTIVES));

    for my $name (sort keys %table) {
        my $text = $section{$name} // '';

        judge('documented',
              map { [ $file, $table{$name}, "$DIRECTIVES: $name has no $_" ] }
              grep { $text !~ /^[\s|*>-]*$_\b/m } qw(Syntax Default Context));
    }

    judge('documented', map { [ $DIRECTIVES, 0, "$_ is no directive" ] }
                        grep { !$table{$_} } sort keys %section);
}


sub law_used {
    my ($file, %table) = @_;
    my @tests = here('t/*.t', 't/*/*.t')
        or return missing('used', 't', 'no *.t');
    my $text = join "\n", map { slurp($_) } @tests;

    for my $name (sort keys %table) {
        judge('used', $text =~ /^\s*\Q$name\E(?=[\s;])/m
                      ? () : [ $file, $table{$name}, "no test uses $name" ]);
    }
}


sub law_directives {
    my ($source) = @_;
    my %table = directives($source);

    return missing('directives', $source->{name}, 'no directives')
        unless %table;

    law_documented($source->{name}, %table);
    law_used($source->{name}, %table);
}


# a part (graphql_lexer) may be tested with its whole (graphql)
sub tester {
    my ($directory, $name) = @_;

    do {
        return "t/$directory/$name.c" if here("t/$directory/$name.c");
    } while $name =~ s/_[a-z0-9]+$//;

    return undef;
}


sub law_tests {
    my ($file) = @_;
    my ($name) = $file =~ m{([^/]+)\.c$};

    for my $directory (qw(unit fuzz)) {
        my $test = tester($directory, $name);

        if (!defined $test) {
            judge('tests', [ $file, 0, "no t/$directory/$name.c" ]);
            next;
        }

        judge('tests', slurp($test) =~ m{\A/\* links:.* core/$name }
              ? () : [ $test, 1, "does not link core/$name" ]);
    }
}


sub law_corpus {
    my ($file) = @_;
    my ($name) = $file =~ m{([^/]+)\.c$};

    judge('corpus', here("t/fuzz/corpus/$name/*")
          ? () : [ $file, 0, "t/fuzz/corpus/$name is empty" ]);
}


# the macro of $VERSION; undef: there is none
sub version {
    return undef unless here($VERSION);

    my ($version) = slurp($VERSION)
        =~ /^#define SCOPED_KEY_VERSION  "(\d+\.\d+\.\d+)"$/m;

    return $version;
}


# what else begins with it, and who says it again
sub law_version {
    my (@files) = @_;
    my $version = version();

    return missing('version', $VERSION, 'no such file') unless here($VERSION);
    return judge('version', [ $VERSION, 0, 'no version of three numbers' ])
        unless defined $version;

    my ($newest) = here($CHANGES)
        ? slurp($CHANGES) =~ /^Changes with scoped-key (\S+)/m : ();

    judge('version', ($newest // '') eq $version
          ? () : [ $CHANGES, 1, "does not begin with $version" ]);

    for my $file (grep { $_ ne $VERSION } @files) {
        judge('version', slurp($file) =~ /(?<![\d.])\Q$version\E(?![\d.])/
              ? [ $file, 0, "says $version, too" ] : ());
    }
}


# the version can be read in a built module
sub law_built_version {
    my ($object) = @_;
    my $version = version() // return;

    open my $in, '<:raw', $object or return;
    local $/;
    my $bytes = <$in>;

    judge('version', $bytes =~ /scoped key: version \Q$version\E\0/
          ? () : [ $object, 0, "is not of version $version" ]);
}

1;
