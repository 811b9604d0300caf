"""A piece corrected on its own page, field by field. Two clerks on one piece: the second sees what the first did, and
what they typed is still there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets import actions
from registry.assets.queries import detail
from registry.assets.rules import ACCOUNTS
from registry.bulk_changes.rules import FIELDS as SHARED_FIELDS
from registry.core.errors import Forbidden, NotFound, Refusal
from registry.core.idempotency import act_once
from registry.grants.queries import all_grants
from registry.people.models import Person
from web.assets import words
from web.assets.api import check_corrections
from web.assets.typed_fields import TypedFields
from web.auth.access import PageCaller, actor_of
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id, revision_in
from web.kit.render import render
from web.kit.words import N_

router = pages()
Text = Annotated[str, Form(max_length=20_000)]
Texts = Annotated[list[str] | None, Form(max_length=50)]
NO_ACCOUNT = N_("Choose one of the accounts.")


@dataclass(frozen=True, slots=True)
class EditedField:
    """A field that is corrected by itself: what it is called, and how its text is read where it is one."""

    word: str
    read: Callable[[TypedFields], Any] | None = None


FIELDS = {
    "name": EditedField(N_("Name"), lambda fields: fields.text("name", is_needed=True)),
    "inventory_no": EditedField(N_("Inventory number"), lambda fields: fields.text("inventory_no") or None),
    "category": EditedField(N_("Category"), lambda fields: fields.text("category")),
    "serial_no": EditedField(N_("Serial number"), lambda fields: fields.text("serial_no")),
    "warranty_until": EditedField(N_("Warranty until"), lambda fields: fields.day("warranty_until")),
    "note": EditedField(N_("Note"), lambda fields: fields.text("note")),
    "price": EditedField(N_("Price, PLN"), lambda fields: fields.price("price")),
    "shares": EditedField(N_("Funding")),
    "accepted_on": EditedField(N_("Accepted"), lambda fields: fields.day("accepted_on")),
    "kst": EditedField(N_("KŚT"), lambda fields: fields.kst("kst")),
    "quantity": EditedField(N_("Quantity"), lambda fields: fields.count("quantity", 100_000)),
    "account": EditedField(N_("Account"), lambda fields: _account(fields)),
}


def _account(fields: TypedFields) -> str:
    if fields.raw("account") not in ACCOUNTS:
        fields.fault("account", NO_ACCOUNT)
    return fields.raw("account")


def editable(person: Person) -> frozenset[str]:
    """The fields that this person may correct."""
    return frozenset(name for name in FIELDS if may_edit(name, person))


def shared_fields(person: Person) -> list[tuple[str, str]]:
    """The fields that this person may correct in many pieces at once, with their words."""
    return [(name, FIELDS[name].word) for name in SHARED_FIELDS if name in FIELDS and may_edit(name, person)]


def may_edit(name: str, person: Person) -> bool:
    try:
        check_corrections([name], person)
    except Forbidden:
        return False
    return True


def text_of(asset: dict[str, Any], name: str) -> str:
    """What a field holds, as it is typed."""
    value = asset[name]
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", ",")
    return f"{value:%d.%m.%Y}" if hasattr(value, "strftime") else str(value)


@router.get("/assets/{asset_id}/edit")
async def edit(
    request: Request, person: PageCaller, asset_id: int, now: Now, typed: TypedWords, field: str = "name"
) -> Response:
    """One field of a piece, as it is now."""
    if field not in FIELDS:
        raise NotFound("request.not_found")
    check_corrections([field], person)
    asset = await detail(possible_id(asset_id, "asset.unknown"))
    context = page_context(request, person, now)
    form = {"reason": "", field: "" if field == "shares" else text_of(asset, field)} | typed.words.get("form", {})
    faults, is_weighty = typed.words.get("faults", {}), field in actions.WEIGHTY
    at_fields = {"reason"} if is_weighty else set()
    at_fields |= {field} if field != "shares" else set()
    asks_sources = field == "shares" or "shares" in faults or bool(form.get("source"))
    return render(
        request,
        "assets/edit.html",
        person=person,
        status=typed.status,
        context=context,
        asset=asset,
        field=field,
        word=FIELDS[field].word,
        form=form,
        present="" if field == "shares" else text_of(asset, field),
        is_stale=typed.words.get("is_stale", False),
        revision=typed.words.get("revision") or asset["revision"],
        faults={"reason": "", field: ""} | faults,
        faults_of_all=[sentence for name, sentence in faults.items() if name not in at_fields],
        key=typed.words.get("key") or uuid4().hex,
        is_weighty=is_weighty,
        sources=await _sources(asset, form, context) if asks_sources else [],
        accounts=ACCOUNTS,
        looks=words,
    )


async def _sources(asset: dict[str, Any], form: dict[str, Any], context: PageContext) -> list[tuple[str, str, str]]:
    """The grants and own funds: code, word, and the amount that is typed or stands."""
    amounts = {share["grant"] or "": f"{share['amount']:.2f}".replace(".", ",") for share in asset["shares"]}
    amounts |= dict(zip(form.get("source", []), form.get("amount", []), strict=False))
    names = [(grant["code"], f"{grant['code']} · {grant['fund']}") for grant in await all_grants()]
    return [(code, word, amounts.get(code, "")) for code, word in [*names, ("", context.say(N_("Own funds")))]]


@router.post("/assets/{asset_id}/edit")
async def correct(
    request: Request,
    person: PageCaller,
    asset_id: int,
    now: Now,
    field: Text = "",
    value: Text = "",
    source: Texts = None,
    amount: Texts = None,
    reason: Text = "",
    revision: Text = "",
    key: Text = "",
) -> Response:
    """Correct one field. The same form sent twice does it once."""
    if field not in FIELDS:
        raise NotFound("request.not_found")
    check_corrections([field], person)
    number, context = possible_id(asset_id, "asset.unknown"), page_context(request, person, now)
    fields = TypedFields({field: value, "reason": reason}, context)
    columns: dict[str, Any] = {field: read(fields)} if (read := FIELDS[field].read) else {}
    if field == "shares" or field == "price" and source:  # a price asks for them where it cost nothing until now
        columns["shares"] = await _shares_of(source or [], amount or [], fields)
    why = fields.reason() if field in actions.WEIGHTY else ""
    form = {field: value, "reason": reason, "source": source or [], "amount": amount or []}
    typed = {"form": form, "key": key, "revision": revision}
    page = f"/assets/{number}/edit?field={field}"
    if fields.faults:
        return await back_to(page, request, now, 422, **typed, faults=fields.faults)
    look = revision_in(revision)
    try:
        await act_once(
            form_key(person, key, now, "correct", number, form, revision),
            lambda once: actions.correct(number, columns, actor_of(request, person), now, look, why, once),
            nothing_more,
        )
    except Refusal as refusal:
        if refusal.code == "asset.unknown":
            raise
        if refusal.code == "request.stale":  # the page tells what is there now: what is saved from it replaces that
            return await back_to(page, request, now, status_of(refusal), **(typed | {"revision": "", "is_stale": True}))
        faults = {refusal.params.get("field", field): context.words.refusal(refusal)}
        return await back_to(page, request, now, status_of(refusal), **typed, faults=faults)
    return RedirectResponse(f"/assets/{number}?done=corrected", 303)


async def _shares_of(sources: list[str], amounts: list[str], fields: TypedFields) -> list[tuple[int | None, Decimal]]:
    """What each source pays; one with an empty amount pays nothing."""
    ids = {grant["code"]: grant["id"] for grant in await all_grants()}
    shares: list[tuple[int | None, Decimal]] = []
    for code, text in zip(sources, amounts, strict=False):
        if text.strip() and (not code or code in ids):
            part = TypedFields({"shares": text}, fields.context)
            shares.append((ids[code] if code else None, part.price("shares")))
            fields.faults |= part.faults
    if not shares:
        fields.price("shares")  # says that it is needed
    return shares
