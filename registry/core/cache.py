"""What a process remembers of the database for a while, and forgets when another database is opened."""

import time
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_all: list["Kept"] = []  # type: ignore[type-arg]  # of every kind


class Kept(Generic[K, V]):
    """Values that are good for some seconds, or until forgotten. With ``at_most`` of them, one more begins anew."""

    def __init__(self, seconds: float = float("inf"), at_most: float = float("inf")) -> None:
        self.seconds, self.at_most = seconds, at_most
        self._values: dict[K, tuple[float, V]] = {}
        _all.append(self)

    def get(self, key: K) -> V | None:
        found = self._values.get(key)
        if found is None or time.monotonic() - found[0] >= self.seconds:
            return None
        return found[1]

    def put(self, key: K, value: V) -> V:
        if len(self._values) >= self.at_most:
            self._values.clear()
        self._values[key] = (time.monotonic(), value)
        return value

    def forget(self) -> None:
        self._values.clear()


def forget_all() -> None:
    """Between two databases in one process, and after what is kept was changed."""
    for one in _all:
        one.forget()
