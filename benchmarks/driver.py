"""A closed-loop HTTP driver on raw connections: cheap enough that the server is what is measured."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import uvloop


@dataclass
class Outcome:
    """What a run saw: seconds, each answer's milliseconds and status."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    body: bytes = b""

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds

    def percentile(self, percent: float) -> float:
        return statistics.quantiles(self.took, n=1000)[int(percent * 10) - 1]


class Connection:
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return int(head[9:12]), await self.reader.readexactly(length)

    def close(self) -> None:
        self.writer.close()


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: Bearer {token}\r\n"
    )
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def drive(port: int | Sequence[int], requests: Sequence[bytes], clients: int) -> Outcome:
    """Send the requests from so many clients, each waiting for its answer before it sends the next. Of several ports
    each client takes the next one.
    """
    ports = [port] if isinstance(port, int) else port
    outcome, waiting = Outcome(), iter(requests)

    async def client(connection: Connection) -> None:
        for one in waiting:
            start = time.perf_counter()
            code, outcome.body = await connection.ask(one)
            outcome.took.append((time.perf_counter() - start) * 1000)
            outcome.codes[code] += 1

    connections = [await Connection(ports[n % len(ports)]).open() for n in range(clients)]
    start = time.perf_counter()
    await asyncio.gather(*(client(connection) for connection in connections))
    outcome.seconds = time.perf_counter() - start
    for connection in connections:
        connection.close()
    return outcome


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def called() -> None:
        await work()

    uvloop.run(called())
