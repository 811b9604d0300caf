"""What a page says of a field of a piece while somebody types: what it is read as, what is wrong with it, and which
piece has that number already. Without a script the same is said when the form is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.policy import in_force
from registry.assets.queries import NamedPiece, holders_of_numbers, holders_of_serials, lines_of_invoice
from registry.assets.rules import account
from registry.people.models import Person
from web.assets import words
from web.assets.api import check_corrections
from web.assets.coming_numbers import coming_numbers
from web.assets.typed_fields import LENGTHS, MOST_PIECES, TypedFields
from web.auth.access import PageCaller, page_with
from web.kit.clock import Now
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id
from web.kit.render import is_fragment, render
from web.kit.words import N_

router = pages()
Registrar = Annotated[Person, Depends(page_with("assets.change"))]
# the fields that are looked at as they are typed
CHECKED = ("kst", "pieces", "numbers", "serials", "accepted_on", "warranty_until", "price", "percent", "invoice")
# the same of a piece that is corrected field by field
CORRECTED = {"inventory_no": "numbers", "serial_no": "serials"} | {
    name: name for name in ("kst", "accepted_on", "warranty_until", "price")
}
LINES_AT_MOST, OFFERED_AT_MOST = 200, 8


@dataclass(frozen=True, slots=True)
class FieldWord:
    """A sentence about a field: ``tone`` is good or warn; ``links`` are (address, word)."""

    tone: str
    text: str
    links: tuple[tuple[str, str], ...] = ()


@router.get("/assets/new/check")
async def check_new(request: Request, person: Registrar, now: Now) -> Response:
    """The sentences about the fields of the form, while it is filled in."""
    if not is_fragment(request):
        return RedirectResponse("/assets/new", 303)
    context = page_context(request, person, now)
    form = {name: request.query_params.get(name, "") for name in (*CHECKED, "category", "unit", "purchase")}
    return render(
        request,
        "assets/_checks.html",
        person=person,
        context=context,
        checks=await words_of(form, context),
        coming=await coming_numbers(TypedFields(form, context)),
    )


@router.get("/assets/{asset_id}/edit/check")
async def check_correction(request: Request, person: PageCaller, asset_id: int, now: Now) -> Response:
    """The sentence about the one field that is corrected, while it is typed."""
    number, field = possible_id(asset_id, "asset.unknown"), request.query_params.get("field", "")[:40]
    if not is_fragment(request):
        return RedirectResponse(f"/assets/{number}", 303)
    check_corrections([field], person)
    context, name = page_context(request, person, now), CORRECTED.get(field, "")
    form = {name: request.query_params.get("value", "")} if name else {}
    checks = await words_of(form, context, number)
    return render(request, "assets/_edit_check.html", person=person, context=context, word=checks.get(name))


async def words_of(form: dict[str, Any], context: PageContext, but_of: int = 0) -> dict[str, FieldWord]:
    """What is to be said of each field that holds something; of a piece that is there its own numbers are not taken."""
    fields = TypedFields(form, context)
    sentences = _readings(fields, context)
    for name, sentence in fields.faults.items():
        if fields.raw(name):
            sentences[name] = FieldWord("warn", sentence)
    sentences |= await _rivals(fields, context, but_of)
    if fields.raw("invoice") and not fields.raw("purchase"):
        sentences |= await _purchases(fields.raw("invoice"), context)
    return sentences


def _readings(fields: TypedFields, context: PageContext) -> dict[str, FieldWord]:
    """Money, days and symbols read back."""
    sentences: dict[str, FieldWord] = {}
    for name in ("accepted_on", "warranty_until"):
        if (day := fields.day(name)) is not None:
            sentences[name] = FieldWord("good", f"{context.fmt.day(day)} {day.year}")
    kst = fields.kst("kst")
    if kst:
        sentences["kst"] = FieldWord("good", context.say(N_("KŚT %(symbol)s")) % {"symbol": kst})
    if fields.raw("pieces"):
        fields.count("pieces", MOST_PIECES)
    if fields.raw("percent"):
        fields.percent("percent")
    if fields.raw("price"):
        price = fields.price("price")
        if "price" not in fields.faults:
            text = context.fmt.money(price)
            if "category" in fields.form:  # of a new piece all is there that the account follows from
                day = fields.day("accepted_on") or context.today
                booked_on = account(price, kst, fields.raw("category"), day, in_force())
                text = f"{text} · {context.say(words.ACCOUNT_WORDS[booked_on])}"
            sentences["price"] = FieldWord("good", text)
    return sentences


async def _rivals(fields: TypedFields, context: PageContext, but_of: int) -> dict[str, FieldWord]:
    """Numbers that a piece has or had, and serial numbers that one has."""
    sentences: dict[str, FieldWord] = {}
    for name, column, ask in (
        ("numbers", "inventory_no", holders_of_numbers), ("serials", "serial_no", holders_of_serials),
    ):  # fmt: skip
        lines = [line for line in fields.lines(name)[:LINES_AT_MOST] if line and len(line) <= LENGTHS[column]]
        pieces = await ask([line for line in lines if line.isprintable()]) if lines else []
        pieces = [piece for piece in pieces if piece.id != but_of]
        if pieces:
            sentences[name] = FieldWord("warn", context.say(N_("Taken already:")), _links(pieces))
    return sentences


def _links(pieces: Sequence[NamedPiece]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"/assets/{piece.id}", " · ".join(part for part in (piece.number, piece.name) if part))
        for piece in pieces[:OFFERED_AT_MOST]
    )


async def _purchases(invoice: str, context: PageContext) -> dict[str, FieldWord]:
    lines = await lines_of_invoice(invoice)
    if not lines:
        return {}
    links = tuple((f"/assets/new?{urlencode({'purchase': line.code})}", line.name) for line in lines[:OFFERED_AT_MOST])
    question = context.say(N_("This invoice is in the register. Is it the same purchase? Begin with its line:"))
    return {"invoice": FieldWord("warn", question, links)}
