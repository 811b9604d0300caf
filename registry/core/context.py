"""The open register: the database's context, with all that belongs to it. Two of one process share nothing.

What a module would keep in a variable of its own (handlers, a cache, the policy in force) is a ``PerRegister``::

    _handlers: PerRegister[list[Handler]] = PerRegister(list)
    _handlers.value.append(handler)
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from tortoise.context import TortoiseContext, get_current_context

T = TypeVar("T")


class OpenRegister(TortoiseContext):
    """A database and what this process keeps beside it, from its opening to its closing.

    The library finds it by the task, and where a task knows of none (one that a thread of MQTT started) by the
    process.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[object, Any] = {}


class PerRegister(Generic[T]):
    """One thing that every open register has for itself, made when it is first asked for."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make

    @property
    def value(self) -> T:
        """Of the register that this task works on. Raises RuntimeError where none is open."""
        parts = _parts()
        try:
            value: T = parts[self]
        except KeyError:
            value = parts[self] = self._make()
        return value

    @value.setter
    def value(self, value: T) -> None:
        _parts()[self] = value


def _parts() -> dict[object, Any]:
    register = get_current_context()
    if not isinstance(register, OpenRegister):
        raise RuntimeError("no register is open: config.database opens one")
    return register.parts
