"""uvicorn's connection with what it lacks: a time in which a request's head must come, and a bound on all together.

A socket that says nothing costs a file descriptor. Without a bound some hundreds of them, opened by anybody, keep
everybody out.
"""

import asyncio
import resource
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
# descriptors for the database, the broker, files and what they start
RESERVE = 96
MOST_DESCRIPTORS = 65_536


def raise_descriptor_limit() -> None:
    """As many descriptors as the system lets this account have; what it begins with is often 1 024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class BoundedConnection(HttpToolsProtocol):
    """Ends where no head of a request comes in time. Where there are too many, the one goes that is silent longest."""

    silent: ClassVar[dict["BoundedConnection", asyncio.TimerHandle]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the library's own
        super().connection_made(transport)
        self._wait_for_head()
        if len(self.connections) > _most():
            next(iter(self.silent), self).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._wait_for_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_is_here()
        super().on_headers_complete()

    def _wait_for_head(self) -> None:
        if self not in self.silent:
            self.silent[self] = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _head_is_here(self) -> None:
        if timer := self.silent.pop(self, None):
            timer.cancel()


def _most() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else max(soft - RESERVE, 16)
