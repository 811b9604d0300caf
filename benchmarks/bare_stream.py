"""The least that a server of event streams does, in a process of its own: the same bytes to everybody who came."""

import asyncio
import sys
from itertools import islice
from typing import cast

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 2000\n\n"


class Stream(asyncio.Protocol):
    """Whoever asks with GET stays; a number is the sign to write to so many of those who stay."""

    everybody: set[asyncio.Transport] = set()
    payload = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop has its own

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET"):
            self.transport.write(HEAD)
            self.everybody.add(self.transport)
            return
        for one in islice(self.everybody, int(data)):
            one.write(self.payload)

    def connection_lost(self, fault: Exception | None) -> None:
        self.everybody.discard(self.transport)


async def main() -> None:
    """``bare_stream.py PORT BYTES``"""
    Stream.payload = b"event: x\ndata: ".ljust(int(sys.argv[2]) - 2, b"x") + b"\n\n"
    server = await asyncio.get_running_loop().create_server(Stream, "127.0.0.1", int(sys.argv[1]), backlog=2048)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
