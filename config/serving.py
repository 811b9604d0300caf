"""One running Izba: the port, the web server, the parts beside it, and a stop that loses nothing."""

import asyncio
import errno
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI

from config.connections import BoundedConnection
from config.settings import Settings
from registry.core.errors import Unavailable

log = logging.getLogger(__name__)
GRACE_SECONDS = 2


def claim_port(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Unavailable: port.taken, port.forbidden, host.not_here; each names what to set."""
    claimed = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        claimed.bind((host, port))
    except OSError as fault:
        claimed.close()
        raise _unclaimed(host, port, fault) from fault
    claimed.listen(2048)
    return claimed


def _unclaimed(host: str, port: int, fault: OSError) -> Unavailable:
    if isinstance(fault, socket.gaierror) or fault.errno == errno.EADDRNOTAVAIL:
        return Unavailable("host.not_here", host=host, setting="IZBA_HOST")
    code = "port.forbidden" if fault.errno == errno.EACCES else "port.taken"
    return Unavailable(code, port=port, host=host, setting="IZBA_PORT")


class _Server(uvicorn.Server):
    """Leaves the signals to us: uvicorn would raise them again and end the process before our own parts stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def until_told(stopping: asyncio.Event) -> AsyncIterator[None]:
    """SIGTERM and SIGINT set the event."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def serve(app: FastAPI, claimed: socket.socket, settings: Settings, ready: Callable[[], None]) -> None:
    """Serve until a signal comes; open streams get two seconds to end."""
    stopping = asyncio.Event()
    app.state.stopping = stopping
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
            server_header=False,
            http=BoundedConnection,
        )
    )
    async with until_told(stopping):
        serving = asyncio.create_task(server.serve(sockets=[claimed]))
        waiting = asyncio.create_task(stopping.wait())
        try:
            while not server.started and not serving.done():  # noqa: ASYNC110  # the library has no event
                await asyncio.sleep(0.01)
            if server.started:
                ready()
                _settle_memory()
            await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            waiting.cancel()
            await serving


def _settle_memory() -> None:
    """Take what stands after the start out of the collector's rounds: one over all of it stops every answer for a
    twelfth of a second and finds nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()
