"""A Redis that fails in the middle of a command.

proxy.py PORT SOCKET MODE WORD: passes what comes to PORT on to the unix socket
SOCKET, and back, until a client sends WORD
as an argument of a command.  From then on

  swallow  what was sent is passed on; of this connection nothing comes back
  hold     what was sent is kept, and so is all that this connection sends
  half     half of what comes back is passed on, once, and then nothing
  deaf     as swallow, and so are all connections from then on
  dead     as hold, and so are all connections from then on
  error    -ERR MODE comes back in place of the answer; it is not passed on
  drip     what comes back is passed on, a byte a second

WORD `-`: from the beginning.
"""

import asyncio
import sys

port, path, mode, word = int(sys.argv[1]), *sys.argv[2:5]
word = b'' if word == '-' else f'${len(word)}\r\n{word}\r\n'.encode()
failing = False


class Connection:
    def __init__(self):
        self.sent = b''
        self.failing = failing
        self.halved = False

    async def to_server(self, client, server):
        global failing

        while data := await client[0].read(65536):
            self.sent += data
            if not self.failing and word in self.sent:
                self.failing = True
                failing = mode in ('deaf', 'dead')
                if mode == 'error':
                    self.failing, self.sent = False, b''
                    client[1].write(b'-ERR the server lies\r\n')
                    continue
            if not (self.failing and mode in ('hold', 'dead')):
                server[1].write(data)
                await server[1].drain()
        server[1].close()

    async def to_client(self, server, client):
        while data := await server[0].read(65536):
            if self.failing and mode == 'half' and not self.halved:
                self.halved = True
                data = data[:max(1, len(data) // 2)]
            elif self.failing and mode == 'drip':
                for n in range(len(data)):
                    client[1].write(data[n:n + 1])
                    await asyncio.sleep(1)
                continue
            elif self.failing:
                continue
            client[1].write(data)
            await client[1].drain()
        client[1].close()


async def serve(*client):
    server = await asyncio.open_unix_connection(path)
    connection = Connection()
    connection.failing = connection.failing or (failing and mode in ('deaf', 'dead'))
    await asyncio.gather(connection.to_server(client, server),
                         connection.to_client(server, client),
                         return_exceptions=True)


async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', port)
    async with server:
        await server.serve_forever()

asyncio.run(main())
