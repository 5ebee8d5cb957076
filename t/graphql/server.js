/*
 * A GraphQL server of the reference implementation, on a unix socket, without
 * a store of documents: the upstream of t/graphql/apollo.  Every body and query
 * string that reaches it goes to a file, a line each.
 * Usage: node server.js SOCKET FILE
 */

'use strict';

const fs = require('fs');
const http = require('http');

const { buildSchema, graphql } = require('graphql');
const { useServer } = require('graphql-ws/lib/use/ws');
const { WebSocketServer } = require('ws');

const schema = buildSchema(`
    type Query { name: String, echo(text: String): String }
    type Mutation { setName(name: String): String }
    type Subscription { count(to: Int): Int }
`);

const root = {
    name: () => 'the name',
    echo: ({ text }) => text,
    setName: ({ name }) => `set to ${name}`,
    count: async function* count({ to }) {
        for (let i = 1; i <= to; i++) {
            yield { count: i };
        }
    },
};


async function execute({ query, variables, operationName }) {
    return graphql({
        schema, rootValue: root, source: query, variableValues: variables,
        operationName,
    });
}


async function answer(request, text) {
    if (request.method !== 'GET') {
        const body = JSON.parse(text);

        return Array.isArray(body) ? Promise.all(body.map(execute))
            : execute(body);
    }

    const args = new URL(request.url, 'http://x').searchParams;

    return execute({
        query: args.get('query'), operationName: args.get('operationName'),
        variables: JSON.parse(args.get('variables') || '{}'),
    });
}


function main(socket, file) {
    const server = http.createServer((request, response) => {
        let text = '';

        request.on('data', piece => { text += piece; });
        request.on('end', async () => {
            fs.appendFileSync(file, `${request.method} ${request.url} ${text}\n`);

            try {
                const result = await answer(request, text);

                response.setHeader('Content-Type', 'application/json');
                response.end(JSON.stringify(result));

            } catch (error) {
                response.statusCode = 500;
                response.end(String(error));
            }
        });
    });
    const sockets = new WebSocketServer({ server, path: '/graphql' });

    useServer({ schema, roots: { query: root, mutation: root,
        subscription: root } }, sockets);
    server.listen(socket, () => fs.chmodSync(socket, 0o777));
}


main(process.argv[2], process.argv[3]);
