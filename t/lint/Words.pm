# A law of words: names and phrases that only the authors understood are not
# to come back.  What logs and documented commands say is not looked for, since
# users rely on it.

package Words;

use strict;
use warnings;

use Exporter qw(import);
use Tree;

our @EXPORT = qw(law_words);


# each old word in brackets once, so that this file does not find itself
my $OLD = join '|', (
    '\bscoped_key_(?:caus[e]_|tria[l]_|proo[f]_|ta[g]_|cache_lan[e]|json_wa[y]|'
        . 'json_giv[e]|json_beneat[h]|record_(?:hol[d]|releas[e])|'
        . '(?:pack|steps|graphql|resp)_tak[e])\w*',
    '\bSCOPED_KEY_(?:PROO[F]_|GRANT_ELSEWHER[E]|CONDITIONS_(?:EARL[Y]|LAT[E]))\w*',
    '\bscoped_key_redis_(?:batc[h]_|doubte[r]|as[k]_|pus[h]_|link_(?:gree[t]|'
        . 'hurr[y]))\w*',
    '\bngx_http_scoped_key_(?:rar[e]\b|presen[t]|pass_b[y]|tak[e]\b|tak[e]_|'
        . 'printabl[e]|sen[t]_|use[s]_|mem[o]_|aske[r]|gather(?:e[d]|in[g])|'
        . 'mistak[e]|ctx_(?:hom[e]|loo[k])|filter_dres[s]|decide_(?:late[r]|'
        . 'remembe[r])|lookup_(?:furthe[r]|settl[e]|kee[p])|worker_recko[n]|'
        . 'waiter_(?:leav[e]|abando[n])|document_(?:id|hash)_spel[t])\w*',
    '\bNGX_HTTP_SCOPED_KEY_(?:NOT_DECIDE[D]|UNDECIDE[D]|SEN[T]_\w+|\w+_MEM[O]S?\b)',
    '->(?:mem[o]|proo[f]|reckone[d]|untol[d]|aske[r])\b',
    '\bpeople\.j[q]\b',
);

my $PHRASES = join '|', map { "\\b$_\\b" } (
    'hangs? o[n] (?:the|no|every|what|nothing)', 'i[s] let (?:pass|on)',
    'ar[e] let (?:pass|on)', 'let[s] on', 'oftene[r]', 'reckone[d](?: in)?',
    'ke[y] text', 'presente[d] text', '(?:the|an) aske[r]', 'make[s] out',
    'o[f] late', '(?:old|new|previous|present) text o[f] a key',
);


sub law_words {
    my ($name) = @_;
    my $n = 0;
    my @violations;

    for (split /\n/, slurp($name)) {
        $n++;
        push @violations, [ $name, $n, "an old name: $1" ]  if /($OLD)/;
        push @violations, [ $name, $n, "an odd phrase: $1" ] if /($PHRASES)/;
    }

    judge('words', @violations);
}

1;
