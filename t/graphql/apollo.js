/*
 * What the clients of t/graphql/apollo get: see there.  Keys and the address
 * come in the environment.
 */

'use strict';

const crypto = require('crypto');
const fs = require('fs');

const { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } =
    require('@apollo/client/core');
const { BatchHttpLink } = require('@apollo/client/link/batch-http');
const { createPersistedQueryLink } =
    require('@apollo/client/link/persisted-queries');
const { createClient } = require('graphql-ws');
const WebSocket = require('ws');

const { url, all, reader, writer, requests } = process.env;
const counts = { passed: 0, failed: 0 };


function is(name, got, expected) {
    const same = JSON.stringify(got) === JSON.stringify(expected);

    counts[same ? 'passed' : 'failed']++;

    if (!same) {
        console.log(`not ok: ${name}: ${JSON.stringify(got)}, `
            + `not ${JSON.stringify(expected)}`);
    }
}


/* a client that notes how it asks: `GET hash`, `POST document`... */
function client(key, options = {}) {
    const asked = [];
    const fetching = async (target, init) => {
        const text = `${decodeURIComponent(target)} ${init.body || ''}`;
        const what = /[?"&](query"?[:=])/.test(text) ? 'document' : 'hash';
        const answer = await fetch(target, init);

        asked.push(`${init.method} ${what} ${answer.status}`);
        return answer;
    };
    const settings = {
        uri: url, fetch: fetching, headers: { 'X-API-Key': key },
        ...options.http,
    };
    const links = options.batch ? [new BatchHttpLink(settings)]
        : [new HttpLink(settings)];

    if (options.persisted) {
        links.unshift(createPersistedQueryLink({
            sha256: text => crypto.createHash('sha256').update(text)
                .digest('hex'),
            ...options.persisted,
        }));
    }

    return {
        asked,
        apollo: new ApolloClient({
            link: ApolloLink.from(links), cache: new InMemoryCache(),
            defaultOptions: { query: { fetchPolicy: 'no-cache' },
                mutate: { fetchPolicy: 'no-cache' } },
        }),
    };
}


/* the data, or the status that ended it */
async function result(promise) {
    try {
        return (await promise).data;

    } catch (error) {
        return error.networkError ? error.networkError.statusCode
            : String(error);
    }
}


const NAME = gql`query Name { name }`;
const ECHO = gql`query Echo($text: String) { echo(text: $text) }`;
const SET = gql`mutation Set { setName(name: "x") }`;


async function persisted() {
    const post = client(reader, { persisted: {} });

    is('falls back', await result(post.apollo.query({ query: NAME })),
        { name: 'the name' });
    is('a hash, then the document', post.asked,
        ['POST hash 200', 'POST document 200']);
    is('goes on', await result(post.apollo.query({ query: ECHO,
        variables: { text: 'a "b"' } })), { echo: 'a "b"' });
    is('without hashes', post.asked.slice(2), ['POST document 200']);

    const get = client(reader, { persisted: { useGETForHashedQueries: true } });

    is('GET: falls back', await result(get.apollo.query({ query: ECHO,
        variables: { text: 'c' } })), { echo: 'c' });
    is('GET: a hash, then the document', get.asked[0], 'GET hash 200');
    is('GET: twice', get.asked.length, 2);

    const gets = client(reader, { persisted: {},
        http: { useGETForQueries: true } });

    is('only GET', await result(gets.apollo.query({ query: NAME })),
        { name: 'the name' });
    is('only GET: as', gets.asked, ['GET hash 200', 'GET document 200']);
}


async function refused() {
    const reads = client(reader, { persisted: {} });

    is('a mutation of a reader', await result(reads.apollo.mutate({
        mutation: SET })), 403);
    is('by its document', reads.asked, ['POST hash 200', 'POST document 403']);

    const writes = client(writer, { persisted: {} });

    is('who may not read', await result(writes.apollo.query({ query: NAME })),
        403);
    is('at its hash', writes.asked, ['POST hash 403']);
    is('a mutation of who may write', await result(client(writer).apollo.mutate(
        { mutation: SET })), { setName: 'set to x' });
    is('of who may all', await result(client(all, { persisted: {} }).apollo
        .mutate({ mutation: SET })), { setName: 'set to x' });
}


async function batches() {
    const batch = client(reader, { batch: true, http: { batchMax: 64 } });
    const texts = Array.from({ length: 64 }, (_, i) => `t${i}`);
    const got = await Promise.all(texts.map(text => result(batch.apollo.query(
        { query: ECHO, variables: { text } }))));

    is('a batch of 64', got, texts.map(echo => ({ echo })));
    is('in one request', batch.asked, ['POST document 200']);
}


/* what a subscription brings, or the status that ended its handshake */
function subscribe(key, query) {
    return new Promise(resolve => {
        const values = [];
        let status;

        class Socket extends WebSocket {
            constructor(address, protocols) {
                super(address, protocols, { headers: { 'X-API-Key': key } });
                this.on('unexpected-response', (request, response) => {
                    status = response.statusCode;
                    response.resume();
                    request.destroy();
                    this.emit('close', 1006, Buffer.from(''));
                });
            }
        }

        const sockets = createClient({
            url: url.replace('http', 'ws'), webSocketImpl: Socket,
            retryAttempts: 0, lazy: true,
        });
        const end = value => { resolve(value); sockets.dispose(); };

        sockets.subscribe({ query }, {
            next: value => values.push(value.data),
            error: () => end(status),
            complete: () => end(values),
        });
    });
}


async function subscriptions() {
    is('a subscription', await subscribe(all, 'subscription { count(to: 3) }'),
        [{ count: 1 }, { count: 2 }, { count: 3 }]);
    is('a mutation by the socket', await subscribe(all,
        'mutation { setName(name: "y") }'), [{ setName: 'set to y' }]);
    is('no socket for a reader', await subscribe(reader, '{ name }'), 403);
    is('nor without a key', await subscribe('', '{ name }'), 403);
}


function upstream() {
    const lines = fs.readFileSync(requests, 'utf8').trim().split('\n');

    is('no hash reached the upstream', lines.filter(line =>
        !/"query":"|[?&]query=/.test(line)), []);
    is('but documents did', lines.length, 7);
}


async function main() {
    await persisted();
    await refused();
    await batches();
    await subscriptions();
    upstream();
    console.log(`graphql apollo: ${counts.passed} passed, `
        + `${counts.failed} failed`);
    process.exit(counts.failed === 0 ? 0 : 1);
}


main().catch(error => {
    console.log(error);
    console.log(`graphql apollo: ${counts.passed} passed, `
        + `${counts.failed + 1} failed`);
    process.exit(1);
});
