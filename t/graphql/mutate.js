/*
 * Documents made of others at random, from a seed: tokens left out, doubled,
 * exchanged, taken from another document or from a list of hard ones.
 */

'use strict';

const HARD = [
    '"', '""', '"""', '\\"""', '\\', '\\"', '#', '\n', '\r', '\r\n', '\t',
    ',', '\u2028', '\ufeff', '\u0085', '\u00a0', '\0', '\x0b', '\x7f', '😀',
    '{', '}', '(', ')', '[', ']', '...', '..', '.', ':', '!', '$', '=', '@',
    '&', '|', '{ a }', '{ ...f }', '... on Q {', '... {', 'on', 'query',
    'mutation', 'subscription', 'fragment', 'fragment f on Q { z }',
    '} mutation { evil }', 'true', 'null', '0', '-', '1.5', '1e5', '1e', '0x1',
    '"\\u00e9"', '"\\uD83D"', '"\\u{41}"', '"""\n"""', '@d', '(a: 1)', '($a)',
    ': Int', '= 1', 'x: y', 'extend', 'type T { a }', '["a" "b"]', '{k: 1}',
];

/* what may stand in a selection set, mostly */
const SELECTIONS = [
    ' a ', ' x: y ', ' a { b } ', ' ...f ', ' ... on Q { a ...g } ',
    ' ... { x: evil } ', ' ... @d { a } ', ' a(s: "} evil {") ',
    ' a(s: """} " \\""" evil {\n""") ', ' a(s: """x""" t: "\\\\") ',
    ' # } evil {\n ', ' a @d(x: [1 -0.5e3 $v {k: RED}]) { b } ', ' on ',
    ' fragment ', ' query: mutation ', ' ...on ', ' ...query ', ',\r\n,',
];

const DEFINITIONS = [
    ' fragment f on Q { z } ', ' fragment g on Q { w ...f } ', ' { a } ',
    ' mutation { a ...f } ', ' query Q($v: [T!]! = [{k: 1}] @d) @d { a } ',
    ' subscription S { ...g } ', ' fragment query on on { on } ',
];

/* rough: only there so that most cuts fall between tokens */
const TOKENS =
    /"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*|\w+|\.\.\.|\s+|[^]/gu;


/* mulberry32: numbers from 0 up to, and without, 1 */
function generator(seed) {
    let state = seed >>> 0;

    return () => {
        state = (state + 0x6d2b79f5) >>> 0;

        let t = Math.imul(state ^ (state >>> 15), state | 1);

        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}


function kindOf(token) {
    const start = token[0] || '';

    return /\w/.test(start) ? 'w' : /\s|#|,/.test(start) ? ' ' : start;
}


function mutations(random, pool) {
    const below = n => Math.floor(random() * n);
    const pick = list => list[below(list.length)];
    const place = tokens => below(tokens.length + 1);

    const behindBrace = tokens => {
        const at = place(tokens);
        const brace = tokens.indexOf('{', at);

        return brace === -1 ? at : brace + 1;
    };

    const alike = tokens => {
        const at = below(tokens.length);
        const found = pick(pool).filter(
            token => kindOf(token) === kindOf(tokens[at] || ''));

        tokens.splice(at, 1, pick(found) || '');
    };

    return [
        alike, alike, alike, alike,
        ...Array(6).fill(
            tokens => tokens.splice(behindBrace(tokens), 0,
                pick(SELECTIONS))),
        ...Array(3).fill(tokens => tokens.push(pick(DEFINITIONS))),
        tokens => tokens.unshift(pick(DEFINITIONS)),
        tokens => tokens.splice(place(tokens), 1),
        tokens => tokens.splice(place(tokens), 1 + below(4)),
        tokens => tokens.splice(place(tokens), 0, pick(HARD)),
        tokens => tokens.splice(place(tokens), 1, pick(HARD)),
        tokens => tokens.splice(place(tokens), 0, pick(pick(pool)) || ''),
        tokens => tokens.splice(place(tokens), 1, pick(pick(pool)) || ''),
        tokens => tokens.splice(place(tokens), 0, pick(tokens) || ''),
        tokens => tokens.push('\n', ...pick(pool)),
        tokens => {
            const other = pick(pool);
            const from = below(other.length);

            tokens.splice(place(tokens), 0,
                ...other.slice(from, from + 1 + below(12)));
        },
        tokens => {
            const other = pick(pool);

            tokens.splice(place(tokens), tokens.length,
                ...other.slice(place(other)));
        },
    ];
}


/* bases: what is changed; others: what else may be taken from */
function documents(bases, others, count, seed) {
    const random = generator(seed);
    const cut = text => text.toString().match(TOKENS) || [''];
    const first = bases.map(cut);
    const pool = [...first, ...others.map(cut)];
    const kinds = mutations(random, pool);
    const made = [];

    while (made.length < count) {
        const tokens = [...first[Math.floor(random() * first.length)]];

        for (let n = 1 + Math.floor(random() * random() * 6); n > 0; n--) {
            kinds[Math.floor(random() * kinds.length)](tokens);
        }

        const bytes = Buffer.from(tokens.join(''));

        if (bytes.length > 0 && random() < 0.05) {
            bytes[Math.floor(random() * bytes.length)] =
                Math.floor(random() * 256);
        }

        made.push(bytes);
    }

    return made;
}


module.exports = { documents };
