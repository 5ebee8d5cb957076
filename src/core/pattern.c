/*
 * `*` and `**` over hosts and params.  Knows neither hosts' nor params' rules
 * but the syntax of their patterns.  No recursion and no heap.
 * A compiled pattern is literal bytes, in which one SCOPED_KEY_PATTERN_RUN is
 * `*` and two are `**`: literal bytes, then a middle that begins and ends with
 * a run, then literal bytes.  The ends are compared; a middle with a literal is
 * run as an automaton of one bit a state, all states at once, so that no choice
 * is ever taken back.
 * Invariant: what a comparison may cost is subtracted before it begins.
 */

#include "pattern.h"

#include <string.h>


/* neither is a byte of UTF-8, so that none stands in a pattern as written */
#define SCOPED_KEY_PATTERN_RUN      0xff
#define SCOPED_KEY_PATTERN_EXCLUDE  0xfe

#define SCOPED_KEY_PATTERN_WORD     64
/* literal bytes and one: a middle has two asterisks at least, so they fit */
#define SCOPED_KEY_PATTERN_WORDS                                              \
    (SCOPED_KEY_PATTERN_MAX_BYTES / SCOPED_KEY_PATTERN_WORD)

/* as measured: see pattern.h; the second for each word of an automaton */
#define SCOPED_KEY_STEPS_TO_COMPARE  10
#define SCOPED_KEY_STEPS_TO_BUILD    32

_Static_assert(SCOPED_KEY_PATTERN_MAX_BYTES % SCOPED_KEY_PATTERN_WORD == 0,
               "whole words");


/*
 * State n: the first n literal bytes of the middle have been read, and so has
 * a part, perhaps empty, of the run that follows them.  Only the first
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


/* whether there is no run of three asterisks */
static bool
scoped_key_runs_valid(const unsigned char *compiled, size_t len)
{
    size_t  i, asterisks;

    asterisks = 0;

    for (i = 0; i < len; i++) {
        asterisks = compiled[i] == SCOPED_KEY_PATTERN_RUN ? asterisks + 1 : 0;

        if (asterisks == 3) {
            return false;
        }
    }

    return true;
}


/* c: what follows a backslash */
static bool
scoped_key_is_escaped(unsigned char c)
{
    return c == '*' || c == '\\' || c == '!';
}


/* everything but the `!` of an exclusion; 0: an error */
static size_t
scoped_key_pattern_body(scoped_key_str_t source, unsigned char *out)
{
    size_t         i, len;
    unsigned char  c;

    len = 0;

    for (i = 0; i < source.len; i++) {
        c = source.data[i];

        if (c >= SCOPED_KEY_PATTERN_EXCLUDE) {
            return 0;
        }

        if (c == '\\') {
            if (++i == source.len || !scoped_key_is_escaped(source.data[i])) {
                return 0;
            }

            c = source.data[i];

        } else if (c == '*') {
            c = SCOPED_KEY_PATTERN_RUN;
        }

        out[len++] = c;
    }

    return scoped_key_runs_valid(out, len) ? len : 0;
}


bool
scoped_key_pattern_is_exclusion(scoped_key_str_t source)
{
    return source.len != 0 && source.data[0] == '!';
}


size_t
scoped_key_pattern_compile(scoped_key_str_t source, unsigned char *out)
{
    size_t  len;

    if (source.len > SCOPED_KEY_PATTERN_MAX_BYTES) {
        return 0;
    }

    if (!scoped_key_pattern_is_exclusion(source)) {
        return scoped_key_pattern_body(source, out);
    }

    source.data++;
    source.len--;

    len = scoped_key_pattern_body(source, out + 1);
    out[0] = SCOPED_KEY_PATTERN_EXCLUDE;

    return len != 0 ? len + 1 : 0;
}


bool
scoped_key_pattern_exclusion_next(scoped_key_str_t *compiled)
{
    if (compiled->len == 0
        || compiled->data[0] != SCOPED_KEY_PATTERN_EXCLUDE)
    {
        return false;
    }

    compiled->data++;
    compiled->len--;

    return true;
}


static bool
scoped_key_is_separator(unsigned char c)
{
    return c == '.' || c == '/';
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
        n += middle.data[i] != SCOPED_KEY_PATTERN_RUN;
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


static bool
scoped_key_automaton_build(scoped_key_automaton_t *automaton,
    scoped_key_str_t middle)
{
    size_t         i, size, state;
    unsigned char  c;

    automaton->last = scoped_key_literals(middle);
    automaton->words = automaton->last / SCOPED_KEY_PATTERN_WORD + 1;

    size = automaton->words * sizeof(uint64_t);
    memset(automaton->run, 0, size);
    memset(automaton->run_any, 0, size);
    memset(automaton->next, 0, 256 * size);

    state = 0;

    for (i = 0; i < middle.len; i++) {
        c = middle.data[i];

        if (c != SCOPED_KEY_PATTERN_RUN) {
            scoped_key_bit_set(&automaton->next[c * automaton->words], state);
            state++;
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


/* of one word: what nearly all are, at half the price */
static bool
scoped_key_automaton_run_word(const scoped_key_automaton_t *automaton,
    scoped_key_str_t text)
{
    size_t         i;
    uint64_t       state, left, run, run_any;
    unsigned char  c;

    state = 1;
    run = automaton->run[0];
    run_any = automaton->run_any[0];

    for (i = 0; i < text.len && state != 0; i++) {
        c = text.data[i];
        left = state & automaton->next[c];
        state = (state & (scoped_key_is_separator(c) ? run_any : run))
                | left << 1;
    }

    return state >> automaton->last & 1;
}


static bool
scoped_key_automaton_run(const scoped_key_automaton_t *automaton,
    scoped_key_str_t text)
{
    size_t    i;
    uint64_t  states[SCOPED_KEY_PATTERN_WORDS] = { 1 };

    for (i = 0; i < text.len; i++) {

        if (!scoped_key_automaton_step(automaton, states, text.data[i])) {
            return false;
        }
    }

    return scoped_key_bit_is_set(states, automaton->last);
}


static bool
scoped_key_automaton_match(scoped_key_str_t middle, scoped_key_str_t text)
{
    scoped_key_automaton_t  automaton;

    if (!scoped_key_automaton_build(&automaton, middle)) {
        return false;
    }

    return automaton.words == 1
           ? scoped_key_automaton_run_word(&automaton, text)
           : scoped_key_automaton_run(&automaton, text);
}


static bool
scoped_key_has_separator(scoped_key_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {

        if (scoped_key_is_separator(text.data[i])) {
            return true;
        }
    }

    return false;
}


/* middle: begins and ends with a run, maybe the same one */
static bool
scoped_key_middle_match(scoped_key_str_t middle, scoped_key_str_t text,
    size_t *left)
{
    size_t  literals, words, steps;

    if (middle.len == 2) {
        return true;
    }

    if (middle.len == 1) {
        return scoped_key_steps_spend(left, text.len)
               && !scoped_key_has_separator(text);
    }

    literals = scoped_key_literals(middle);
    words = literals / SCOPED_KEY_PATTERN_WORD + 1;

    /* more than one are run in a loop of their own */

    steps = middle.len + (words == 1 ? 1 : words + 1)
                         * (SCOPED_KEY_STEPS_TO_BUILD + text.len);

    return text.len >= literals
           && scoped_key_steps_spend(left, steps)
           && scoped_key_automaton_match(middle, text);
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


/* how many bytes follow the last run; there must be one */
static size_t
scoped_key_tail_len(scoped_key_str_t pattern)
{
    size_t  i;

    for (i = pattern.len; pattern.data[i - 1] != SCOPED_KEY_PATTERN_RUN; i--) {
        /* void */
    }

    return pattern.len - i;
}


bool
scoped_key_pattern_match(scoped_key_str_t compiled, scoped_key_str_t text,
    size_t *left)
{
    size_t                head, tail, ends;
    const unsigned char  *first;

    /* what is not compiled matches nothing, and might not fit the automaton */

    if (compiled.len == 0 || compiled.len > SCOPED_KEY_PATTERN_MAX_BYTES
        || !scoped_key_steps_spend(left, SCOPED_KEY_STEPS_TO_COMPARE
                                        + compiled.len / 8))
    {
        return false;
    }

    first = memchr(compiled.data, SCOPED_KEY_PATTERN_RUN, compiled.len);

    if (first == NULL) {
        return scoped_key_str_equal(compiled, text);
    }

    head = (size_t) (first - compiled.data);
    tail = scoped_key_tail_len(compiled);
    ends = head + tail;

    if (text.len < ends
        || !scoped_key_str_equal(scoped_key_slice(compiled, 0, head),
                                 scoped_key_slice(text, 0, head))
        || !scoped_key_str_equal(scoped_key_slice(compiled,
                                                  compiled.len - tail, tail),
                                 scoped_key_slice(text, text.len - tail,
                                                  tail)))
    {
        return false;
    }

    return scoped_key_middle_match(
               scoped_key_slice(compiled, head, compiled.len - ends),
               scoped_key_slice(text, head, text.len - ends), left);
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
scoped_key_is_host_char(unsigned char c)
{
    return scoped_key_is_alnum(c) || c == '-' || c == '_' || c == '.'
           || c == '*';
}


/* a colon is part of an IPv6 address in brackets, or it begins a port */
static bool
scoped_key_is_bracketed(scoped_key_str_t pattern)
{
    return pattern.len > 2 && pattern.data[0] == '['
           && pattern.data[pattern.len - 1] == ']';
}


size_t
scoped_key_host_pattern_compile(scoped_key_str_t source, unsigned char *out)
{
    size_t            i;
    bool              bracketed;
    unsigned char     c;

    source = scoped_key_host_bare(source);

    if (source.len > SCOPED_KEY_HOST_PATTERN_MAX_BYTES) {
        return 0;
    }

    bracketed = scoped_key_is_bracketed(source);

    for (i = 0; i < source.len; i++) {
        c = source.data[i];

        if (!scoped_key_is_host_char(c) && !(bracketed && c == ':')
            && !(bracketed && (i == 0 || i == source.len - 1)))
        {
            return 0;
        }

        out[i] = c == '*' ? SCOPED_KEY_PATTERN_RUN : scoped_key_lower(c);
    }

    return scoped_key_runs_valid(out, source.len) ? source.len : 0;
}


bool
scoped_key_host_read(scoped_key_str_t host, unsigned char *out,
    scoped_key_str_t *bare)
{
    size_t  i;

    host = scoped_key_host_bare(host);

    if (host.len == 0 || host.len > SCOPED_KEY_HOST_MAX_BYTES) {
        return false;
    }

    for (i = 0; i < host.len; i++) {
        out[i] = scoped_key_lower(host.data[i]);
    }

    bare->len = host.len;
    bare->data = out;

    return true;
}
