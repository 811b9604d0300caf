"""A piece by hand: from a blank form, from a copy of another, or from a line of an invoice; several at once."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.actions import NewAsset, register_together
from registry.assets.models import Asset
from registry.assets.next_numbers import numbering_units
from registry.assets.numbering import UNIT_LENGTH
from registry.assets.queries import categories, detail, purchase_line, taken_serials
from registry.categories.queries import category_tree
from registry.core.errors import NotFound, Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.grants.queries import all_grants
from registry.people.models import Person
from registry.people.queries import active_people, person_by_login
from registry.rooms.queries import open_room_by_code
from web.assets.coming_numbers import FAULT_FIELDS, coming_numbers
from web.assets.table import room_options
from web.assets.typed_fields import LENGTHS, MOST_PIECES, TypedFields
from web.assets.typing_checks import CHECKED, words_of
from web.auth.access import actor_of, page_with
from web.categories.piece_pages import for_new
from web.categories.values import OwnTexts, form_names, read_typed, typed_pattern
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import id_in
from web.kit.render import render
from web.kit.words import N_

router = pages()
Registrar = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=20_000)]
COPIED = ("name", "category", "kst", "room", "custodian")
BLANK = dict.fromkeys(
    ("name", "category", "kst", "pieces", "numbers", "unit", "serials", "room", "custodian", "accepted_on",
     "warranty_until", "price", "grant", "percent", "note", "purchase", "sure", "invoice"), "",
)  # fmt: skip
TOO_MANY_LINES = N_("There are more lines (%(lines)s) than pieces (%(pieces)s). Remove lines, or register more pieces.")
TWICE = N_("%(text)s stands here twice. Correct one of the two.")
SERIAL_TAKEN = N_("%(text)s is the serial number of another piece. Look at it first, or save again to take it anyway.")
NO_PURCHASE = N_("There is no purchase %(code)s in the register. Save again to register without it.")


@router.get("/assets/new")
async def new(
    request: Request, person: Registrar, now: Now, typed: TypedWords, copy: str = "", purchase: str = "",
    category: str = "",
) -> Response:  # fmt: skip
    """The form. ``copy`` is the id of a piece to begin with, ``purchase`` the code of an invoice's line, ``category``
    the name of one.
    """
    context = page_context(request, person, now)
    bought = await purchase_line(purchase[:40]) if purchase else None
    pattern = await detail(number) if (number := id_in(copy)) else None
    tree, units = await category_tree(), await numbering_units(context.today)
    beginning = {"unit": next(iter(units), "")} | _beginning(pattern, bought, context) | typed_pattern(tree, pattern)
    form = BLANK | (typed.words.get("form") or beginning)
    form["category"] = form["category"] or category[:80]
    return render(
        request,
        "assets/new.html",
        person=person,
        status=typed.status,
        context=context,
        form=form,
        faults=BLANK | typed.words.get("faults", {}),
        is_refused=bool(typed),
        key=typed.words.get("key") or uuid4().hex,
        pattern=pattern,
        bought=bought,
        units=units,
        coming=await coming_numbers(TypedFields(form, context)),
        checks=await words_of(form, context) if typed else {},
        slots=", ".join(f"#check-{name}" for name in CHECKED),
        rooms=await room_options(context),
        people=await active_people(),
        grants=[(grant["code"], f"{grant['code']} · {grant['fund']}") for grant in await all_grants()],
        categories=await categories(),
        most_pieces=MOST_PIECES,
        **for_new(tree, form["category"], context),
    )


def _beginning(pattern: dict[str, Any] | None, bought: dict[str, Any] | None, context: PageContext) -> dict[str, str]:
    """What stands in the form at first. A copy has no number, serial number, price, day or grant of its pattern."""
    form = {"pieces": "1", "accepted_on": f"{context.today:%d.%m.%Y}"}
    if pattern:
        form |= {name: pattern[name] or "" for name in COPIED}
    if bought:
        left = max(bought["quantity"] - bought["registered"], 1)
        form |= {"name": bought["name"], "purchase": bought["code"], "pieces": str(min(left, MOST_PIECES))}
        form |= {"price": f"{bought['unit_price']:.2f}".replace(".", ",")}
        if bought["accepted_on"]:
            form["accepted_on"] = f"{bought['accepted_on']:%d.%m.%Y}"
    return form


@router.post("/assets/new")
async def register(
    request: Request,
    person: Registrar,
    now: Now,
    texts: OwnTexts,
    name: Text = "",
    category: Text = "",
    kst: Text = "",
    pieces: Text = "1",
    numbers: Text = "",
    unit: Text = "",
    serials: Text = "",
    room: Text = "",
    custodian: Text = "",
    accepted_on: Text = "",
    warranty_until: Text = "",
    price: Text = "",
    grant: Text = "",
    percent: Text = "",
    note: Text = "",
    invoice: Text = "",
    purchase: Text = "",
    pattern: Text = "",
    sure: Text = "",
    key: Text = "",
) -> Response:
    """Register the pieces: all of them or none. The same form sent twice does it once."""
    context = page_context(request, person, now)
    form = {
        "name": name, "category": category, "kst": kst, "pieces": pieces, "numbers": numbers, "unit": unit,
        "serials": serials,
        "room": room, "custodian": custodian, "accepted_on": accepted_on, "warranty_until": warranty_until,
        "price": price, "grant": grant, "percent": percent, "note": note, "purchase": purchase,
        "invoice": invoice,
    } | form_names(texts)  # fmt: skip
    where = urlencode({name: text for name, text in (("copy", pattern), ("purchase", purchase)) if text})
    page = f"/assets/new?{where}" if where else "/assets/new"
    fields = TypedFields(form, context)
    try:
        new_pieces = await _pieces_of(fields, texts)
        is_question = not (sure and sure == serials) and await _asks_about(new_pieces, fields)
        if fields.faults:
            form |= ({"sure": serials} if is_question else {}) | dict.fromkeys(fields.faults.keys() & {"purchase"}, "")
            return await back_to(page, request, now, 422, form=form, faults=fields.faults, key=key)
        answer = await act_once(
            form_key(person, key, now, "register", form),
            lambda once: register_together(new_pieces, actor_of(request, person), now, once),
            _place_of,
        )
    except Refusal as refusal:
        field = FAULT_FIELDS.get(refusal.code, "name")
        return await back_to(
            page, request, now, status_of(refusal), form=form, faults={field: context.words.refusal(refusal)}, key=key
        )
    return RedirectResponse(answer.headers["location"], 303)


async def _place_of(assets: list[Asset]) -> RequestAnswer:
    """The page of the piece, or the list of them."""
    if len(assets) == 1:
        return RequestAnswer(303, "", {"location": f"/assets/{assets[0].id}?done=registered"})
    query = urlencode({"q": assets[0].name, "sort": "-id", "done": len(assets)})
    return RequestAnswer(303, "", {"location": f"/assets?{query}"})


async def _asks_about(pieces: Sequence[NewAsset], fields: TypedFields) -> bool:
    """Say of each serial number that another piece has it. True if nothing else is wrong: saved again it is meant."""
    is_right = not fields.faults
    others = await taken_serials([piece.serial_no for piece in pieces if piece.serial_no])
    for serial in others:
        fields.fault("serials", SERIAL_TAKEN, text=serial)
    return is_right and bool(others)


async def _pieces_of(fields: TypedFields, texts: Mapping[str, str]) -> list[NewAsset]:
    """The pieces that a form describes; what cannot stand is in ``fields.faults``. Raises NotFound."""
    many = fields.count("pieces", MOST_PIECES)
    numbers = _lines(fields, "numbers", LENGTHS["inventory_no"], many)
    serials = _lines(fields, "serials", LENGTHS["serial_no"], many)
    grants = {grant["code"]: grant for grant in await all_grants()}
    grant = grants.get(fields.raw("grant"))
    if fields.raw("grant") and not grant:
        raise NotFound("grant.unknown", grant=fields.raw("grant")[:60])
    percents: dict[int, Decimal] = {}
    if grant:
        percents = {grant["id"]: fields.percent("percent") if fields.raw("percent") else grant["percent"]}
    room, custodian = fields.raw("room"), fields.raw("custodian")
    bought = await purchase_line(fields.raw("purchase")[:40]) if fields.raw("purchase") else None
    if fields.raw("purchase") and not bought:
        fields.fault("purchase", NO_PURCHASE, code=fields.raw("purchase")[:40])
    same: dict[str, Any] = {
        "name": fields.text("name", is_needed=True),
        "price": fields.price("price"),
        "category": fields.text("category"),
        "kst": fields.kst("kst"),
        "room_id": (await open_room_by_code(room)).id if room else None,
        "custodian_id": (await person_by_login(custodian)).id if custodian else None,
        "purchase_id": bought["id"] if bought else None,
        "accepted_on": fields.day("accepted_on"),
        "warranty_until": fields.day("warranty_until"),
        "note": _note(fields) if bought is None else fields.text("note"),
        "percents": percents,
        "unit": fields.raw("unit")[:UNIT_LENGTH],
    }
    own_fields = (await category_tree()).fields_of(same["category"])
    same["own_values"] = read_typed(own_fields, texts, fields, is_new=True).values
    return [
        NewAsset(**same, inventory_no=number or None, serial_no=serial)
        for number, serial in zip(_filled(numbers, many), _filled(serials, many), strict=True)
    ]


def _note(fields: TypedFields) -> str:
    """The note, and in it the invoice of a purchase that the register does not have."""
    text, invoice = fields.text("note"), fields.raw("invoice")[:100]
    line = f"{fields.context.say(N_('Invoice'))}: {invoice}" if invoice else ""
    return "\n".join(part for part in (text, line) if part)[: LENGTHS["note"]]


def _lines(fields: TypedFields, name: str, length: int, many: int) -> list[str]:
    """One line for each piece, in their order; an empty one leaves its piece without."""
    lines = fields.lines(name)
    if len(lines) > many:
        fields.fault(name, TOO_MANY_LINES, lines=len(lines), pieces=many)
    keys: set[str] = set()
    for line in lines:
        key = "".join(line.split()).casefold()
        if key and key in keys:
            fields.fault(name, TWICE, text=line[:80])
        keys.add(key)
        if len(line) > length or not line.isprintable():
            fields.fault(name, N_("%(text)s… is too long or holds characters that cannot be shown."), text=line[:20])
    return lines


def _filled(lines: Sequence[str], many: int) -> list[str]:
    return [*lines, *[""] * many][:many]
