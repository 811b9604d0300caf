"""What a room should hold: its lines as a table, out of what stands there now if one likes."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from registry.assets.queries import names_in_room, readiness
from registry.assets.rules import feature_of
from registry.bookings.rules import FEATURES
from registry.core.errors import Refusal
from registry.places.queries import standing_lines
from registry.places.rules import MOST_LINES, PIECES, standard_faults
from registry.rooms.actions import set_standard
from registry.rooms.queries import room_by_code
from registry.rooms.standards import StandardLine, lines_of, standard_mark
from web.auth.access import actor_of
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_
from web.places.pages import RunsRooms
from web.rooms.words import FEATURES as FEATURE_WORDS

router = pages()
Cells = Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=MOST_LINES + 20)]
BLANK_LINES = 3
NAME_LENGTH = 200
BY_NAME = "auto"
TOO_LONG = N_("This is longer than %(limit)s characters. Shorten it.")
UNREADABLE = N_("This holds characters that cannot be shown. Type it again without them.")


class StandardForm(BaseModel):
    """The cells of the table, column by column; a line without a name is not there."""

    name: Cells = []
    quantity: Cells = []
    feature: Cells = []
    mark: Annotated[str, Field(max_length=40)] = ""
    more: Annotated[str, Field(max_length=5)] = ""

    def rows(self) -> list[dict[str, str]]:
        """The lines that have a name, as they are typed."""
        cells = zip(
            self.name,
            [*self.quantity, *[""] * len(self.name)],
            [*self.feature, *[BY_NAME] * len(self.name)],
            strict=False,
        )
        return [
            {"name": " ".join(name.split()), "quantity": count.strip(), "feature": feature}
            for name, count, feature in cells
            if name.strip()
        ]


def _row(line: StandardLine) -> dict[str, str]:
    return {"name": line.name, "quantity": str(line.quantity), "feature": line.feature}


@router.get("/admin/places/rooms/{code}/standard")
async def standard_page(
    request: Request,
    person: RunsRooms,
    now: Now,
    code: str,
    typed: TypedWords,
    start: Annotated[str, Query(alias="from", max_length=10)] = "",
) -> Response:
    """The standard of a room; ``from=now`` proposes what stands there now, to be looked at and saved."""
    room, context = await room_by_code(code), page_context(request, person, now)
    lines = await lines_of(room.id)
    proposed = await standing_lines(room.id) if start == "now" else lines
    rows: list[dict[str, str]] = typed.words.get("rows") or [_row(line) for line in proposed[:MOST_LINES]]
    standing = await names_in_room(room.id)
    checked = {item.name: item for item in (await readiness(room.id)).items}
    return render(
        request,
        "places/standard.html",
        person=person,
        status=typed.status,
        context=context,
        room=room,
        rows=rows,
        blanks=min(BLANK_LINES, max(MOST_LINES - len(rows), 0)),
        faults=typed.words.get("faults", {}),
        is_stale=typed.words.get("is_stale", False),
        is_proposal=start == "now",
        standing=standing,
        checked=checked,
        features=[(feature, context.say(FEATURE_WORDS[feature])) for feature in FEATURES],
        mark=typed.words.get("mark") or standard_mark(lines),
    )


@router.post("/admin/places/rooms/{code}/standard")
async def save_standard(
    request: Request, person: RunsRooms, now: Now, code: str, form: Annotated[StandardForm, Form()]
) -> Response:
    """Set the standard; with ``more`` the page comes back with further blank lines."""
    room, context = await room_by_code(code), page_context(request, person, now)
    page, rows = f"/admin/places/rooms/{quote(room.code)}/standard", form.rows()
    typed: dict[str, Any] = {"rows": rows, "mark": form.mark}
    if form.more:
        return await back_to(f"{page}#more", request, now, 200, **typed)
    faults = {
        str(place): context.say(text) % {"limit": NAME_LENGTH}
        for place, row in enumerate(rows)
        if (text := TOO_LONG if len(row["name"]) > NAME_LENGTH else "" if row["name"].isprintable() else UNREADABLE)
    }
    lines = [StandardLine(row["name"], _count(row["quantity"]), _feature(row)) for row in rows]
    for place, refusal in standard_faults([(line.name, line.quantity, line.feature) for line in lines]).items():
        faults.setdefault(str(place), context.words.refusal(refusal))
    if faults:
        return await back_to(page, request, now, 422, **typed, faults=faults)
    try:
        await set_standard(room.id, lines, actor_of(request, person), now, form.mark)
    except Refusal as refusal:  # what is saved from the page that follows replaces what is there by now
        return await back_to(page, request, now, status_of(refusal), rows=rows, is_stale=True)
    return RedirectResponse(f"{page}?done=saved", 303)


def _count(text: str) -> int:
    """How many; 0, which is none, for what is no number. Empty is one."""
    if not text:
        return 1
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(PIECES.most)) else 0


def _feature(row: dict[str, str]) -> str:
    return feature_of(row["name"]) if row["feature"] == BY_NAME else row["feature"]
