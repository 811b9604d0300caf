"""What stands in rooms, as a paper for beside their doors: in the office's language, whoever prints it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from starlette.responses import Response

from registry.core.aside import aside
from registry.labels.equipment import room_equipment
from registry.labels.pdf import equipment_pdf
from registry.labels.queries import MOST_ROOMS, standing_in
from registry.people.models import Person
from web.auth.access import page_with
from web.auth.session import options_of
from web.kit.clock import Now
from web.kit.query_names import pages
from web.kit.render import pages_of
from web.kit.words import N_

PDF = "application/pdf"
WORDS = {
    "title": N_("What stands in this room"),
    "as_of": N_("as of"),
    "custodian": N_("Custodian"),
    "nobody": N_("nobody is named"),
    "place": N_("No."),
    "number": N_("Inventory number"),
    "name": N_("Name"),
    "quantity": N_("Quantity"),
    "no_number": N_("without a number"),
    "answers": N_("answered for by"),
    "total": N_("Together:"),
    "empty": N_("Nothing stands here according to the register."),
    "rule": N_("Nothing leaves this room without the custodian. Whoever finds it otherwise tells them."),
    "signed_custodian": N_("date and signature of the custodian"),
    "signed_maker": N_("drawn up by: date and signature"),
    "page": N_("page"),
}


router = pages()
Reader = Annotated[Person, Depends(page_with("assets.see"))]
Rooms = Annotated[list[str] | None, Query(max_length=MOST_ROOMS)]


@router.get("/rooms/{code}/equipment.pdf")
async def of_room(request: Request, person: Reader, code: str, now: Now) -> Response:
    """What stands in one room."""
    return await equipment_response(request, [code], now)


@router.get("/labels/equipment.pdf")
async def of_rooms(request: Request, person: Reader, now: Now, rooms: Rooms = None) -> Response:
    """What stands in several rooms, a page or more for each."""
    return await equipment_response(request, codes_of(rooms or []), now)


def codes_of(texts: Sequence[str]) -> list[str]:
    """Codes of rooms, each by itself or parted by commas."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


async def equipment_response(request: Request, codes: Sequence[str], now: datetime) -> Response:
    """The PDF. Raises NotFound("room.unknown"), Invalid: label.none, label.too_many_rooms."""
    options = options_of(request)
    words = pages_of(request).words(options.language)
    rooms = []
    for room, pieces in await standing_in(codes):
        place = f"{room.building.address}, {words.floor(room.floor)}"
        rooms.append(room_equipment(room.code, words.room(room), place, pieces))
    texts = {name: words.say(text) for name, text in WORDS.items()}
    day = words.fmt.date(now.astimezone(ZoneInfo(options.timezone)).date())
    content = await aside(
        equipment_pdf, rooms, options.declaration.entity, texts, options.language, day, now
    )  # fmt: skip
    name = f"{rooms[0].code if len(rooms) == 1 else 'izba'}-{now:%Y-%m-%d}.pdf"
    headers = {"content-disposition": f'inline; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type=PDF, headers=headers)
