"""What happened, for those who must look again. An event only wakes; what is true is always derived anew.

Delivered after the commit. A lost, doubled or late event therefore cannot show a lie.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from registry.core.context import PerRegister

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """Something that can be seen of a room's state, its bookings or its pieces differs. Not ``is_near``: nothing that
    shows at its door today.
    """

    room_id: int
    revision: int
    is_near: bool = True


@dataclass(frozen=True, slots=True)
class AssetChanged:
    """An asset was registered, moved or changed its state."""

    asset_id: int


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device was added, bound, paired or changed its health."""

    device_id: int


@dataclass(frozen=True, slots=True)
class OfficeChanged:
    """What the office sets from its pages differs: its name, its language, its zone, how it is run."""


@dataclass(frozen=True, slots=True)
class NoticesChanged:
    """Somebody was told something, or has read what they were told."""

    person_id: int


@dataclass(frozen=True, slots=True)
class StocktakeChanged:
    """Something was seen in a stocktake, or it went on."""

    stocktake_id: int


@dataclass(frozen=True, slots=True)
class PlacesChanged:
    """A site, a building or a room was made, closed or set otherwise: what is kept of how places are set is out of
    date. Of what is to be seen of a room :class:`RoomChanged` tells besides.
    """


Event = RoomChanged | AssetChanged | DeviceChanged | OfficeChanged | NoticesChanged | PlacesChanged | StocktakeChanged
Handler = Callable[[Event], Awaitable[None] | None]

_handlers: PerRegister[list[Handler]] = PerRegister(list)


def on(handler: Handler) -> Callable[[], None]:
    """Call ``handler`` with every event of the open register from now on. Returns what ends it."""
    handlers = _handlers.value
    handlers.append(handler)
    return lambda: handlers.remove(handler)


async def dispatch(events: Iterable[Event]) -> None:
    """Hand the events to every handler. A handler that fails is logged and hurts nobody else."""
    for event in events:
        for handler in tuple(_handlers.value):
            try:
                answer = handler(event)
                if inspect.isawaitable(answer):
                    await answer
            except Exception:
                log.exception("event handler failed", extra={"event_name": type(event).__name__})
