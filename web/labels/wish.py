"""What a query says of labels: pieces, a room, tags or rooms, in which format, and from which spot on."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request

from registry.core.errors import Invalid
from registry.labels.faces import LabelFace
from registry.labels.formats import PARTS, LabelFormat, format_named, parts_in
from registry.labels.queries import LabelOffice, LabelWish, faces_of, parts_of, tag_codes, usual_format
from web.auth.session import options_of
from web.kit.body import LINE

Word = Annotated[str, Query(max_length=64), LINE]
Words = Annotated[str, Query(max_length=10_000), LINE]


# where neither an order nor a category says: of one piece, of several
SINGLE, SHEET = "50x30", "a4-24"


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """A wish as it was typed."""

    wish: LabelWish
    form: LabelFormat
    start: int = 1
    parts: tuple[str, ...] = ()


async def label_order(
    ids: Annotated[Words, Query(description="ids of pieces, parted by commas")] = "",
    room: Annotated[Word, Query(description="the code of a room: what stands in it")] = "",
    tags: Annotated[Words, Query(description="codes of labels, parted by commas")] = "",
    rooms: Annotated[Words, Query(description="codes of rooms, parted by commas: their own labels")] = "",
    form: Annotated[
        str, Query(alias="format", max_length=64, description="without it the one that the category gives"), LINE
    ] = "",
    start: Annotated[int, Query(ge=1, le=1000, description="the first spot of the first sheet")] = 1,
    parts: Annotated[
        list[Word] | None, Query(description=f"what stands on it: {', '.join(PARTS)}; without it as it was last")
    ] = None,
) -> LabelOrder:
    """Raises Invalid: label.no_format, label.no_part, request.bad_field."""
    numbers = _parts(ids)
    for number in numbers:
        if not number.isdecimal() or len(number) > 9:
            raise Invalid("request.bad_field", field="ids", reason=number[:40])
    wish = LabelWish(tuple(int(number) for number in numbers), room, tuple(_parts(tags)), tuple(_parts(rooms)))
    code = form or await usual_format(wish) or (SINGLE if len(wish.asset_ids) == 1 else SHEET)
    label_format = format_named(code)
    return LabelOrder(wish, label_format, start, parts_in(",".join(parts or ())) or await parts_of(code))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def office_of(request: Request) -> LabelOffice:
    """What every label of this site says."""
    options = options_of(request)
    base_url, declaration = options.base_url or str(request.base_url), options.declaration
    return LabelOffice(base_url, declaration.entity, options.union_words, address=declaration.address)


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
    return codes, await faces_of(codes, office_of(request), order.parts)
