"""The pieces of a live page, see docs/decisions/0017-live-pages.md.

The page's script asks the page's own address again, as a fragment, for what changed: ``piece=CODE`` for each room,
``asset=ID`` for each thing, and ``shape=`` with the order of the rows that the page has. The answer is a list of
elements; htmx puts each in place of the one with the same id.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from markupsafe import Markup

from registry.assets.queries import room_codes_of
from web.kit.record_ids import id_in

# what an element of the answer carries; on the page itself it carries nothing
IN_PLACE = Markup(' hx-swap-oob="outerMorph"')


@dataclass(frozen=True, slots=True)
class PieceRequest:
    """The rooms that changed, by code, and the shape of the page that asks."""

    rooms: frozenset[str]
    shape: str


async def piece_request(request: Request) -> PieceRequest:
    """What a page's script asks for; a thing that changed stands for the room that it is in."""
    query = request.query_params
    numbers = {number for text in query.getlist("asset") if (number := id_in(text))}
    return PieceRequest(frozenset(query.getlist("piece")) | await room_codes_of(numbers), query.get("shape", ""))


def shape_of(*parts: object) -> str:
    """A short text that is another one when a page has other rows, another order or other hours."""
    return f"{zlib.crc32(repr(parts).encode()):08x}"


def next_look(now: datetime, instants: Iterable[datetime | None]) -> datetime | None:
    """The first of the instants after ``now``: when time alone changes what a piece shows."""
    return min((at for at in instants if at is not None and at > now), default=None)
