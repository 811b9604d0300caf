"""What a query says of labels: pieces, a room, tags or rooms, in which format, and from which spot on."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request

from registry.core.errors import Invalid
from registry.labels.faces import LabelFace
from registry.labels.formats import LabelFormat, format_named
from registry.labels.queries import LabelOffice, LabelWish, faces_of, tag_codes
from web.auth.session import options_of
from web.kit.body import LINE

Word = Annotated[str, Query(max_length=64), LINE]
Words = Annotated[str, Query(max_length=10_000), LINE]


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """A wish as it was typed."""

    wish: LabelWish
    form: LabelFormat
    start: int = 1


def label_order(
    ids: Annotated[Words, Query(description="ids of pieces, parted by commas")] = "",
    room: Annotated[Word, Query(description="the code of a room: what stands in it")] = "",
    tags: Annotated[Words, Query(description="codes of labels, parted by commas")] = "",
    rooms: Annotated[Words, Query(description="codes of rooms, parted by commas: their own labels")] = "",
    form: Annotated[str, Query(alias="format", max_length=64), LINE] = "a4-24",
    start: Annotated[int, Query(ge=1, le=1000, description="the first spot of the first sheet")] = 1,
) -> LabelOrder:
    """Raises Invalid: label.no_format, request.bad_field."""
    numbers = _parts(ids)
    for number in numbers:
        if not number.isdecimal() or len(number) > 9:
            raise Invalid("request.bad_field", field="ids", reason=number[:40])
    wish = LabelWish(tuple(int(number) for number in numbers), room, tuple(_parts(tags)), tuple(_parts(rooms)))
    return LabelOrder(wish, format_named(form), start)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def office_of(request: Request) -> LabelOffice:
    """What every label of this site says."""
    options = options_of(request)
    return LabelOffice(options.base_url or str(request.base_url), options.declaration.entity)


async def ordered_codes(order: LabelOrder) -> list[str]:
    """The tags of an order. Raises Invalid("label.none") and what :func:`tag_codes` does."""
    codes = await tag_codes(order.wish)
    if not codes:
        raise Invalid("label.none")
    return codes


async def ordered_faces(request: Request, order: LabelOrder) -> tuple[list[str], list[LabelFace]]:
    """The tags of an order and what stands on their labels.

    Raises Invalid: label.none, label.too_many; NotFound: room.unknown, tag.unknown, tag.bad_check;
    Conflict: label.piece_without_tag, label.room_without_tag.
    """
    codes = await ordered_codes(order)
    return codes, await faces_of(codes, office_of(request))
