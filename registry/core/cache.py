"""What a process remembers of the open register for a while."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar, overload

import cachetools

from registry.core import events
from registry.core.context import PerRegister

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")
ROOM_FOR = 10_000


class Cache(Generic[K, V]):
    """Values, None among them, that are good for some seconds or until they are forgotten. With ``at_most`` of them
    there, the one that was not asked for the longest goes. Each open register has its own. An event of the kind
    ``outdated_by`` empties it.
    """

    def __init__(
        self, seconds: float | None = None, at_most: int = ROOM_FOR, outdated_by: type[events.Event] | None = None
    ) -> None:
        self._seconds, self._at_most, self._outdated_by = seconds, at_most, outdated_by
        self._values: PerRegister[cachetools.Cache[K, V]] = PerRegister(self._empty)
        self._forgotten: PerRegister[list[int]] = PerRegister(lambda: [0])

    def _empty(self) -> cachetools.Cache[K, V]:
        values: cachetools.Cache[K, V] = (
            cachetools.LRUCache(self._at_most)
            if self._seconds is None
            else cachetools.TTLCache(self._at_most, self._seconds)
        )
        if kind := self._outdated_by:
            events.on(lambda event: self.clear() if isinstance(event, kind) else None)
        return values

    @property
    def epoch(self) -> int:
        """How often something was forgotten. What is read of the database may be older than what was forgotten
        meanwhile: see :meth:`put`.
        """
        _ = self._values.value  # which hears of what outdates it from now on
        return self._forgotten.value[0]

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: D) -> V | D: ...
    def get(self, key: K, default: D | None = None) -> V | D | None:
        """What is known, else ``default``."""
        try:
            return self._values.value[key]
        except KeyError:
            return default

    def put(self, key: K, value: V, epoch: int | None = None) -> V:
        """Remember and return a value; only return it where something was forgotten since ``epoch``, the one at which
        its reading began.
        """
        if epoch is None or epoch == self.epoch:
            self._values.value[key] = value
        return value

    async def load(self, key: K, loader: Callable[[], Awaitable[V]]) -> V:
        """What is known, else what the loader returns, which is known from now on."""
        try:
            return self._values.value[key]
        except KeyError:
            epoch = self.epoch
            return self.put(key, await loader(), epoch)

    def discard(self, key: K) -> None:
        """Forget one value, if it is there."""
        self._forgotten.value[0] += 1
        self._values.value.pop(key, None)

    def discard_where(self, is_stale: Callable[[V], bool]) -> None:
        """Forget the values that are stale."""
        self._forgotten.value[0] += 1
        values = self._values.value
        for key in [key for key, value in values.items() if is_stale(value)]:
            values.pop(key, None)

    def clear(self) -> None:
        """Forget all of this register."""
        self._forgotten.value[0] += 1
        self._values.value.clear()
