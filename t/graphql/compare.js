/*
 * The other half of t/graphql/compare: what the reference implementation
 * makes of a document, as a line in the form of scan.c, and where that may not
 * differ from ours.
 */

'use strict';

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const { parse } = require('graphql');
const { documents } = require('./mutate.js');

const DATA = 't/data/graphql';
const CORPUS = 't/fuzz/corpus/graphql';


/* root fields in document order, a fragment once in a document */
function rootFields(set, fragments, seen, fields) {
    for (const selection of set.selections) {
        if (selection.kind === 'Field') {
            fields.push(selection.name.value);

        } else if (selection.kind === 'InlineFragment') {
            rootFields(selection.selectionSet, fragments, seen, fields);

        } else if (!seen.has(selection.name.value)) {
            const fragment = fragments.get(selection.name.value);

            if (fragment === undefined) {
                fields.push(`...${selection.name.value}`);
                continue;
            }

            seen.add(selection.name.value);
            rootFields(fragment.selectionSet, fragments, seen, fields);
        }
    }

    return fields;
}


function listing(document) {
    const of = kind => document.definitions.filter(d => d.kind === kind);
    const fragments = new Map(of('FragmentDefinition').map(
        definition => [definition.name.value, definition]));

    const seen = new Set();

    return of('OperationDefinition').map(definition => [
        definition.operation,
        ...rootFields(definition.selectionSet, fragments, seen, []),
    ].join(' ')).join(' ; ');
}


function reference(bytes) {
    let text;

    try {
        text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
            .decode(bytes);

        return listing(parse(text, { noLocation: true }));

    } catch (error) {
        if (error instanceof RangeError) {
            /* the reference has no limit of depth but its stack */
            return 'refused';
        }

        if (error.name !== 'GraphQLError' && error.name !== 'TypeError') {
            throw error;
        }

        return 'refused';
    }
}


/* one line for each document */
function ours(program, texts) {
    const input = Buffer.concat(texts.flatMap(text => {
        const head = Buffer.alloc(4);

        head.writeUInt32BE(text.length);
        return [head, text];
    }));
    const result = spawnSync(program, { input, maxBuffer: 1 << 30 });

    if (result.status !== 0) {
        throw new Error(`${program}: ${result.signal || result.stderr}`);
    }

    return result.stdout.toString().split('\n').slice(0, texts.length);
}


function files(directory) {
    return fs.readdirSync(directory).sort().map(name => ({
        name: path.join(directory, name),
        text: fs.readFileSync(path.join(directory, name)),
    }));
}


/* what a document of each origin must be, besides not accepted wrongly */
const RULES = {
    accepted: (us, them) => us !== 'refused' && us === them,
    refused: (us, them) => us === 'refused' && them === 'refused',
    stricter: (us, them) => us === 'refused' && them !== 'refused',
    any: (us, them) => us === 'refused' || us === them,
};


function judge(cases, program, counts) {
    const lines = ours(program, cases.map(entry => entry.text));

    cases.forEach((entry, i) => {
        const them = reference(entry.text);
        const holds = RULES[entry.rule](lines[i], them);

        counts[holds ? 'passed' : 'failed']++;
        counts.accepted += lines[i] !== 'refused';
        counts.stricter += lines[i] === 'refused' && them !== 'refused';

        if (!holds) {
            console.error(`${entry.name} (${entry.rule})\n  ours:      `
                + `${lines[i]}\n  reference: ${them}\n  `
                + JSON.stringify(entry.text.toString()));
        }
    });
}


function main(program, count, seed) {
    const cases = ['accepted', 'refused', 'stricter'].flatMap(rule =>
        files(path.join(DATA, rule)).map(entry => ({ ...entry, rule })));
    const corpus = files(CORPUS).map(entry => ({ ...entry, rule: 'any' }));
    const texts = accepted => [...cases, ...corpus].filter(
        entry => (entry.rule === 'accepted') === accepted).map(
        entry => entry.text);
    const random = documents(texts(true), texts(false), count, seed).map(
        (text, i) => ({ name: `random document ${i}`, text, rule: 'any' }));
    const counts = { passed: 0, failed: 0, accepted: 0, stricter: 0 };

    judge([...cases, ...corpus, ...random], program, counts);

    console.log(`accepted by both: ${counts.accepted}; accepted by the `
        + `reference alone: ${counts.stricter}`);

    if (counts.accepted < cases.length / 4) {
        counts.failed++;
        console.error('too few documents were accepted to compare anything');
    }

    console.log(`graphql compare: ${counts.passed} passed, `
        + `${counts.failed} failed`);

    return counts.failed === 0 ? 0 : 1;
}


process.exitCode = main(process.argv[2], Number(process.argv[3]),
    Number(process.argv[4]));
