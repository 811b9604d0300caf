"""The studio of labels: choose a format and where to start, look at the sheet, print it."""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.intake import fresh_codes
from registry.assets.tags import LENGTH
from registry.core.aside import aside
from registry.core.errors import Conflict, Invalid, Refusal
from registry.labels.actions import label_pieces, label_rooms, note_printed
from registry.labels.faces import address_of, check_code
from registry.labels.formats import FORMATS, PARTS, format_named, spots
from registry.labels.pdf import first_page_svg, labels_pdf
from registry.labels.queries import LabelWish, blank_faces, newest_runs, parts_of
from registry.labels.zpl import labels_zpl
from registry.people.models import Person
from web.assets.table import room_options
from web.auth.access import actor_of, page_with
from web.kit.clock import Now
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_
from web.labels.wish import LabelOrder, label_order, office_of, ordered_codes, ordered_faces

router = pages()
Printer = Annotated[Person, Depends(page_with("labels.print"))]
Order = Annotated[LabelOrder, Depends(label_order)]
# what is refused because it has no code, and where it gets one
_BARE = {"label.room_without_tag": "/labels/rooms", "label.piece_without_tag": "/labels/pieces"}
PART_WORDS = {
    "number": N_("Inventory number"),
    "name": N_("Name"),
    "serial": N_("Serial number"),
    "tag": N_("Code in letters"),
    "room": N_("Room"),
    "office": N_("Office"),
    "emblem": N_("Emblem of the Union"),
}
Text = Annotated[str, Form(max_length=10_000)]
FormatCode = Annotated[str, Form(alias="format", max_length=64)]


@router.get("/labels")
async def studio(request: Request, person: Printer, order: Order, now: Now, parts_for: str = "") -> Response:
    """What is about to be printed, as it will leave the printer. ``parts_for`` is the format for which the parts were
    chosen: of another one they are as they were last.
    """
    if parts_for not in ("", order.form.code):
        order = replace(order, parts=await parts_of(order.form.code))
    context = page_context(request, person, now)
    count, sentence, bare = 0, "", ""
    if order.wish != LabelWish():
        try:
            count = len(await ordered_codes(order))
        except Refusal as refusal:
            sentence, bare = context.words.refusal(refusal), _BARE.get(refusal.code, "")
    if count and order.start > order.form.per_page:
        sentence = context.words.refusal(Invalid("label.bad_start", start=order.start, spots=order.form.per_page))
    return render(
        request,
        "labels/studio.html",
        person=person,
        context=context,
        order=order,
        query=_query(order),
        preview=f"/labels/preview.svg?{urlencode(_query(order))}" if count and not sentence else "",
        count=count,
        sentence=sentence,
        bare=bare,
        parts=[(name, context.say(PART_WORDS[name]), name in order.parts) for name in PARTS],
        formats=[(form.code, form.title) for form in FORMATS.values()],
        rooms=await room_options(context),
        runs=await newest_runs(),
    )


def _query(order: LabelOrder) -> dict[str, Any]:
    wish = order.wish
    fields = {
        "ids": ",".join(str(pk) for pk in wish.asset_ids), "room": wish.room, "tags": ",".join(wish.tags),
        "rooms": ",".join(wish.rooms), "format": order.form.code, "start": order.start,
        "parts": ",".join(order.parts),
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value}


@router.get("/labels/preview.svg")
async def preview(request: Request, person: Printer, order: Order) -> Response:
    """The first sheet as a picture."""
    _, faces = await ordered_faces(request, order)
    picture = await aside(first_page_svg, faces, order.form, order.start)
    return Response(picture, media_type="image/svg+xml", headers={"cache-control": "no-store"})


@router.post("/labels/print")
async def print_them(
    request: Request, person: Printer, now: Now, ids: Text = "", room: Text = "", tags: Text = "", rooms: Text = "",
    form_code: FormatCode = "a4-24", start: Text = "1", blank: Text = "", kind: Text = "pdf", parts: Text = "",
) -> Response:  # fmt: skip
    """The file for the printer. Once it is made, that it was printed is remembered."""
    first = int(start) if start.isdecimal() and len(start) < 4 else 0
    new_codes: list[str] = []
    remembered: tuple[str, ...] = ()
    if blank.strip():
        many = int(blank) if blank.strip().isdecimal() and len(blank) < 5 else 0
        if not 1 <= many <= 1000:
            raise Invalid("label.none")
        form = format_named(form_code)
        spots(form, many, first)
        check_code(address_of(office_of(request).base_url, "0" * LENGTH), form)
        codes = new_codes = await fresh_codes(many)
        faces = blank_faces(codes, office_of(request))
    else:
        order = await label_order(ids, room, tags, rooms, form_code, first, [parts])
        remembered = order.parts if parts else ()
        form = order.form
        codes, faces = await ordered_faces(request, order)
    if kind == "zpl":
        content, media = (await aside(labels_zpl, faces, form)).encode(), "application/zpl"
    else:
        content, media = await aside(labels_pdf, faces, form, now, first), "application/pdf"
    await note_printed(codes, form.code, actor_of(request, person), now, new_codes, remembered)
    name = f"izba-{form.code}-{now:%Y%m%d-%H%M}.{'zpl' if kind == 'zpl' else 'pdf'}"
    return Response(content, media_type=media, headers={"content-disposition": f'attachment; filename="{name}"'})


@router.post("/labels/rooms")
async def give_codes(
    request: Request, person: Printer, now: Now, rooms: Text = "", form: FormatCode = "wall"
) -> Response:
    """A code for each of these rooms that has none, and back to the studio."""
    codes = [code.strip() for code in rooms.split(",") if code.strip()]
    if not codes:
        raise Conflict("label.room_without_tag", room="")
    await label_rooms(codes, actor_of(request, person), now)
    query = urlencode({"rooms": ",".join(codes), "format": format_named(form).code})
    return RedirectResponse(f"/labels?{query}", 303)


@router.post("/labels/pieces")
async def give_piece_codes(
    request: Request, person: Printer, now: Now, ids: Text = "", room: Text = "", tags: Text = "", rooms: Text = "",
    form: FormatCode = "a4-24", start: Text = "1", parts: Text = "",
) -> Response:  # fmt: skip
    """A code for each of these pieces that no label leads to, and back to the studio."""
    first = int(start) if start.isdecimal() and len(start) < 4 else 1
    order = await label_order(ids, room, tags, rooms, form, first, [parts])
    await label_pieces(order.wish, actor_of(request, person), now)
    return RedirectResponse(f"/labels?{urlencode(_query(order))}", 303)
