"""Long work beside the loop, in a thread that ends when nobody waits for it any more.

A thread cannot be ended from outside. What takes long asks now and then whether it goes on, and what it started
itself is ended with it; so a stop of the server waits for nothing.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Unwanted(Exception):  # noqa: N818  # no fault: whoever asked has gone
    """Nobody waits for this work any more."""


class _Errand:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._endings: list[Callable[[], object]] = []
        self.is_over = False

    def end(self) -> None:
        with self._lock:
            self.is_over = True
            endings = list(self._endings)
        for ending in endings:
            ending()

    def add(self, ending: Callable[[], object]) -> None:
        with self._lock:
            self._endings.append(ending)
        if self.is_over:
            ending()

    def remove(self, ending: Callable[[], object]) -> None:
        with self._lock:
            self._endings.remove(ending)


_current: ContextVar[_Errand | None] = ContextVar("errand", default=None)


async def aside(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """``asyncio.to_thread``, whose work ends soon after its task is cancelled."""
    errand = _Errand()
    former = _current.set(errand)
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    finally:
        errand.end()
        _current.reset(former)


def go_on() -> None:
    """Raise Unwanted if this is the work of a task that was cancelled."""
    errand = _current.get()
    if errand is not None and errand.is_over:
        raise Unwanted


@contextmanager
def ended_with(ending: Callable[[], object]) -> Iterator[None]:
    """What is started here ends, by this call, with the work it is part of."""
    errand = _current.get()
    if errand is None:
        yield
        return
    errand.add(ending)
    try:
        yield
    finally:
        errand.remove(ending)
