/*
 * `*` and `**` over hosts and params.  Knows neither hosts' nor params' rules
 * but the characters of a host pattern.  No recursion and no heap.
 * A pattern is literal text, then a middle that begins and ends with an
 * asterisk, then literal text.  The ends are compared; a middle of more than
 * one asterisk is run as an automaton of one bit a state, all states at once,
 * so that no choice is ever taken back: at most MAX_BYTES / 64 steps a byte.
 */

#include "pattern.h"

#include <string.h>


#define SCOPED_KEY_HOST_MAX_BYTES   253

#define SCOPED_KEY_PATTERN_WORD     64
/* literal bytes and one: a middle has two asterisks at least, so they fit */
#define SCOPED_KEY_PATTERN_WORDS                                              \
    (SCOPED_KEY_PATTERN_MAX_BYTES / SCOPED_KEY_PATTERN_WORD)

_Static_assert(SCOPED_KEY_PATTERN_MAX_BYTES % SCOPED_KEY_PATTERN_WORD == 0,
               "whole words");


/*
 * State n: the first n literal bytes of the middle have been read, and so has
 * a part, perhaps empty, of the run that stands behind them.  Only the first
 * `words` words of anything are set.
 */
typedef struct {
    size_t    words;
    size_t    last;                      /* the state that accepts */

    /* states that have a run; of these, the ones whose run takes `.`, `/` */
    uint64_t  run[SCOPED_KEY_PATTERN_WORDS];
    uint64_t  run_any[SCOPED_KEY_PATTERN_WORDS];

    /* by byte, in rows of `words`: states that it moves on to the next one */
    uint64_t  next[256 * SCOPED_KEY_PATTERN_WORDS];
} scoped_key_automaton_t;


bool
scoped_key_pattern_valid(scoped_key_str_t pattern)
{
    size_t  i, asterisks;

    if (pattern.len == 0 || pattern.len > SCOPED_KEY_PATTERN_MAX_BYTES) {
        return false;
    }

    asterisks = 0;

    for (i = 0; i < pattern.len; i++) {
        asterisks = pattern.data[i] == '*' ? asterisks + 1 : 0;

        if (asterisks == 3) {
            return false;
        }
    }

    return true;
}


static bool
scoped_key_is_separator(unsigned char c)
{
    return c == '.' || c == '/';
}


static bool
scoped_key_is_letter(unsigned char c)
{
    c = (unsigned char) (c | 0x20);

    return c >= 'a' && c <= 'z';
}


static void
scoped_key_bit_set(uint64_t *words, size_t bit)
{
    words[bit / SCOPED_KEY_PATTERN_WORD] |=
        (uint64_t) 1 << bit % SCOPED_KEY_PATTERN_WORD;
}


static bool
scoped_key_bit_is_set(const uint64_t *words, size_t bit)
{
    return words[bit / SCOPED_KEY_PATTERN_WORD]
           >> bit % SCOPED_KEY_PATTERN_WORD & 1;
}


static size_t
scoped_key_literals(scoped_key_str_t middle)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < middle.len; i++) {
        n += middle.data[i] != '*';
    }

    return n;
}


/* false: a third asterisk in a row, which no valid pattern has */
static bool
scoped_key_automaton_add_asterisk(scoped_key_automaton_t *automaton,
    size_t state)
{
    if (!scoped_key_bit_is_set(automaton->run, state)) {
        scoped_key_bit_set(automaton->run, state);
        return true;
    }

    if (!scoped_key_bit_is_set(automaton->run_any, state)) {
        scoped_key_bit_set(automaton->run_any, state);
        return true;
    }

    return false;
}


static void
scoped_key_automaton_add_literal(scoped_key_automaton_t *automaton,
    size_t state, unsigned char c, bool fold)
{
    scoped_key_bit_set(&automaton->next[c * automaton->words], state);

    if (fold && scoped_key_is_letter(c)) {
        c ^= 0x20;
        scoped_key_bit_set(&automaton->next[c * automaton->words], state);
    }
}


static bool
scoped_key_automaton_build(scoped_key_automaton_t *automaton,
    scoped_key_str_t middle, bool fold)
{
    size_t  i, size, state;

    automaton->last = scoped_key_literals(middle);
    automaton->words = automaton->last / SCOPED_KEY_PATTERN_WORD + 1;

    size = automaton->words * sizeof(uint64_t);
    memset(automaton->run, 0, size);
    memset(automaton->run_any, 0, size);
    memset(automaton->next, 0, 256 * size);

    state = 0;

    for (i = 0; i < middle.len; i++) {

        if (middle.data[i] != '*') {
            scoped_key_automaton_add_literal(automaton, state++,
                                             middle.data[i], fold);
            continue;
        }

        if (!scoped_key_automaton_add_asterisk(automaton, state)) {
            return false;
        }
    }

    return true;
}


/* false: no state is left */
static bool
scoped_key_automaton_step(const scoped_key_automaton_t *automaton,
    uint64_t *states, unsigned char c)
{
    size_t           i;
    uint64_t         carry, left, alive;
    const uint64_t  *run, *next;

    run = scoped_key_is_separator(c) ? automaton->run_any : automaton->run;
    next = &automaton->next[c * automaton->words];

    carry = 0;
    alive = 0;

    for (i = 0; i < automaton->words; i++) {
        left = states[i] & next[i];
        states[i] = (states[i] & run[i]) | left << 1 | carry;
        carry = left >> (SCOPED_KEY_PATTERN_WORD - 1);
        alive |= states[i];
    }

    return alive != 0;
}


static bool
scoped_key_automaton_match(scoped_key_str_t middle, scoped_key_str_t text,
    bool fold)
{
    size_t                  i;
    uint64_t                states[SCOPED_KEY_PATTERN_WORDS] = { 1 };
    scoped_key_automaton_t  automaton;

    if (!scoped_key_automaton_build(&automaton, middle, fold)) {
        return false;
    }

    for (i = 0; i < text.len; i++) {

        if (!scoped_key_automaton_step(&automaton, states, text.data[i])) {
            return false;
        }
    }

    return scoped_key_bit_is_set(states, automaton.last);
}


/* middle: begins and ends with an asterisk, maybe the same one */
static bool
scoped_key_middle_match(scoped_key_str_t middle, scoped_key_str_t text,
    bool fold)
{
    size_t  i;

    if (middle.len > 2) {
        return text.len >= scoped_key_literals(middle)
               && scoped_key_automaton_match(middle, text, fold);
    }

    if (middle.len == 2) {
        return true;
    }

    for (i = 0; i < text.len; i++) {

        if (scoped_key_is_separator(text.data[i])) {
            return false;
        }
    }

    return true;
}


static bool
scoped_key_equal(scoped_key_str_t a, scoped_key_str_t b, bool fold)
{
    return fold ? scoped_key_str_equal_fold(a, b) : scoped_key_str_equal(a, b);
}


/* a text of length 0 may have no data to count from */
static scoped_key_str_t
scoped_key_slice(scoped_key_str_t text, size_t from, size_t len)
{
    if (len != 0) {
        text.data += from;
    }

    text.len = len;

    return text;
}


/* how many bytes stand behind the last asterisk; there must be one */
static size_t
scoped_key_tail_len(scoped_key_str_t pattern)
{
    size_t  i;

    for (i = pattern.len; pattern.data[i - 1] != '*'; i--) {
        /* void */
    }

    return pattern.len - i;
}


static bool
scoped_key_fold_match(scoped_key_str_t pattern, scoped_key_str_t text,
    bool fold)
{
    size_t                head, tail, ends;
    const unsigned char  *first;

    /* what is not valid matches nothing, and might not fit the automaton */

    if (pattern.len == 0 || pattern.len > SCOPED_KEY_PATTERN_MAX_BYTES) {
        return false;
    }

    first = memchr(pattern.data, '*', pattern.len);

    if (first == NULL) {
        return scoped_key_equal(pattern, text, fold);
    }

    head = (size_t) (first - pattern.data);
    tail = scoped_key_tail_len(pattern);
    ends = head + tail;

    if (text.len < ends
        || !scoped_key_equal(scoped_key_slice(pattern, 0, head),
                             scoped_key_slice(text, 0, head), fold)
        || !scoped_key_equal(scoped_key_slice(pattern, pattern.len - tail,
                                              tail),
                             scoped_key_slice(text, text.len - tail, tail),
                             fold))
    {
        return false;
    }

    return scoped_key_middle_match(
               scoped_key_slice(pattern, head, pattern.len - ends),
               scoped_key_slice(text, head, text.len - ends), fold);
}


bool
scoped_key_pattern_match(scoped_key_str_t pattern, scoped_key_str_t text)
{
    return scoped_key_fold_match(pattern, text, false);
}


static scoped_key_str_t
scoped_key_host_bare(scoped_key_str_t host)
{
    if (host.len != 0 && host.data[host.len - 1] == '.') {
        host.len--;
    }

    return host;
}


static bool
scoped_key_is_host_pattern_char(unsigned char c)
{
    switch (c) {

    case '-':
    case '_':
    case '.':
    case '*':
    case ':':
    case '[':
    case ']':
        return true;
    }

    return scoped_key_is_letter(c) || (c >= '0' && c <= '9');
}


bool
scoped_key_host_pattern_valid(scoped_key_str_t pattern)
{
    size_t  i;

    pattern = scoped_key_host_bare(pattern);

    if (pattern.len > SCOPED_KEY_HOST_MAX_BYTES) {
        return false;
    }

    for (i = 0; i < pattern.len; i++) {

        if (!scoped_key_is_host_pattern_char(pattern.data[i])) {
            return false;
        }
    }

    return scoped_key_pattern_valid(pattern);
}


bool
scoped_key_host_pattern_match(scoped_key_str_t pattern, scoped_key_str_t host)
{
    host = scoped_key_host_bare(host);

    /* no host is no match, though `**` would stand for nothing too */

    return host.len != 0
           && scoped_key_fold_match(scoped_key_host_bare(pattern), host, true);
}
