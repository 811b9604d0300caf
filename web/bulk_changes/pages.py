"""Changing many pieces at once: what is asked, each piece as it is and would be, and each as it became."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.actions import WEIGHTY
from registry.assets.next_numbers import numbering_units
from registry.assets.numbering import UNIT_LENGTH
from registry.assets.queries import assets_by_id, categories, totals_of
from registry.assets.rules import ACCOUNTS
from registry.assets.transitions import TRANSITIONS, QuestionField
from registry.bulk_changes import queries
from registry.bulk_changes.actions import NewBulkChange, discard, prepare
from registry.bulk_changes.models import BulkChange, BulkState, PieceFate
from registry.bulk_changes.rules import CORRECT, NUMBER
from registry.bulk_changes.rules import FIELDS as SHARED_FIELDS
from registry.bulk_changes.writing import carry_out
from registry.core.errors import Conflict, Forbidden, NotFound, Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.grants.queries import all_grants, grant_ids
from registry.people.models import Person
from registry.people.queries import active_people
from registry.people.rules import may
from web.assets.answers import answers_of, lifecycle_options
from web.assets.api import check_corrections
from web.assets.correction_pages import FIELDS, shared_fields
from web.assets.table import ListAddress, address_of, room_options
from web.assets.typed_fields import TypedFields
from web.assets.words import ACCOUNT_WORDS, OFFERED_TO_MANY, TRANSITION_WORDS
from web.auth.access import PageCaller, actor_of
from web.bulk_changes import words
from web.bulk_changes.view import lines_of
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import id_in, revision_in
from web.kit.render import render
from web.kit.words import N_

router = pages("/assets/changes")
AT_ONCE = 200  # pieces that are named one by one
PAGE = 50
PATIENCE = 1.0  # seconds: what takes longer is watched on the page
ROOM_NEEDED = N_("Choose a room.")
PERSON_NEEDED = N_("Choose a person.")
DAY_NEEDED = N_("Choose a day.")
UNIT_NEEDED = N_("Choose whose next numbers they get.")
NO_PERCENT = N_("Choose what pays, and write a percent from 0 to 100.")
Ids = Annotated[list[int] | None, Query(alias="id", max_length=AT_ONCE)]
EMPTY = {
    "room": "", "custodian": "", "lifecycle": "", "accepted_on": "", "borrower": "", "due_on": "", "value": "",
    "grant": "", "percent": "100", "unit": "", "reason": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """The pieces that a page is about: those that fit a list, or some that were ticked. ``price`` is PLN gross."""

    address: ListAddress | None
    rows: list[dict[str, Any]]
    count: int
    price: Decimal

    @property
    def back(self) -> str:
        return self.address.place if self.address else "/assets"

    def query(self) -> list[tuple[str, str]]:
        """How an address names them."""
        if self.address:
            return [("whole", "1"), *parse_qsl(self.address.place.partition("?")[2])]
        return [("id", str(row["id"])) for row in self.rows]


async def selection_of(query: Mapping[str, str], ids: list[int], context: PageContext) -> Selection:
    """Those that an address names."""
    if query.get("whole"):
        address = address_of(query, context.may("assets.see_money"))
        totals = await totals_of(address.filter)
        return Selection(address, [], totals.many, totals.price)
    rows = await assets_by_id(ids[:AT_ONCE])
    return Selection(None, rows, len(rows), sum((row["price"] for row in rows), Decimal(0)))


def check_act(act: str, field: str, person: Person) -> None:
    """Raises NotFound("request.not_found") for an act that there is not, Forbidden for who may not do it."""
    if act == CORRECT:
        if field and (field not in SHARED_FIELDS or field not in FIELDS):
            raise NotFound("request.not_found")
        if field:
            check_corrections([field], person)
        elif not shared_fields(person):
            raise Forbidden("auth.role")
    elif act == NUMBER:
        if not may(person.role, "assets.change"):
            raise Forbidden("auth.role")
    elif act not in OFFERED_TO_MANY:
        raise NotFound("request.not_found")
    elif person.role not in TRANSITIONS[act].roles:
        raise Forbidden("auth.role")


@router.get("/new")
async def new(
    request: Request, person: PageCaller, now: Now, typed: TypedWords, act: str = CORRECT, column: str = "",
    ids: Ids = None,
) -> Response:  # fmt: skip
    """What is to become of them. Of a correction first: of which field."""
    check_act(act, column, person)
    field, context = column, page_context(request, person, now)
    selection = await selection_of(request.query_params, ids or [], context)
    if not selection.count:
        return RedirectResponse(selection.back, 303)
    asks = [str(question.field) for question in TRANSITIONS[act].asks] if act in TRANSITIONS else []
    return render(
        request,
        "bulk_changes/new.html",
        person=person,
        status=typed.status,
        context=context,
        act=act,
        field=field,
        title=words.title_of(act),
        symbol=words.symbol_of(act),
        word=FIELDS[field].word if field else "",
        help=words.FIELD_HELP.get(field, ""),
        fields=[] if act != CORRECT or field else shared_fields(person),
        query=urlencode(selection.query()),
        selection=selection,
        asks=asks,
        keeps=[str(question.field) for question in TRANSITIONS[act].asks if question.keeps] if asks else [],
        reason_word=TRANSITION_WORDS[act].reason if asks else "",
        lifecycles=lifecycle_options(context),
        is_weighty=field in WEIGHTY,
        rooms=await room_options(context) if QuestionField.ROOM in asks else [],
        people=await active_people() if {QuestionField.CUSTODIAN, QuestionField.BORROWER} & set(asks) else [],
        units=await numbering_units(context.today) if act == NUMBER else [],
        categories=await categories() if field == "category" else [],
        grants=[(grant["code"], f"{grant['code']} · {grant['fund']}") for grant in await all_grants()]
        if field == "shares"
        else [],
        accounts=[(one, context.say(ACCOUNT_WORDS[one])) for one in ACCOUNTS],
        form=EMPTY | typed.words.get("form", {}),
        faults=dict.fromkeys(EMPTY, "") | typed.words.get("faults", {}),
        fault=typed.words.get("fault", ""),
        key=typed.words.get("key") or uuid4().hex,
    )


@router.post("")
async def look(request: Request, person: PageCaller, now: Now) -> Response:
    """Look at every piece; nothing is changed. The same form sent twice looks once."""
    content = await request.form(max_fields=2 * AT_ONCE + 30)
    form = {name: str(content.get(name) or "") for name in (*EMPTY, "act", "column", "list", "key")}
    check_act(form["act"], form["column"], person)
    if form["act"] == CORRECT and not form["column"]:
        raise NotFound("request.not_found")
    context = page_context(request, person, now)
    ids = [one for text in content.getlist("id") if (one := id_in(str(text)))]
    query = dict(parse_qsl(form["list"][:4000]))
    selection = await selection_of(query | {"whole": "1"} if form["list"] else {}, ids, context)
    where = f"/assets/changes/new?{urlencode([('act', form['act']), ('column', form['column']), *selection.query()])}"
    typed = {"form": {name: form[name] for name in EMPTY}, "key": form["key"]}
    fields = TypedFields({form["column"]: form["value"], **form}, context)
    try:
        wish = await _wish(form, fields, context)
        if fields.faults:
            faults = {("value" if name == form["column"] else name): text for name, text in fields.faults.items()}
            return await back_to(where, request, now, 422, **typed, faults=faults)
        wish = _of(selection, dict(zip(ids, map(str, content.getlist("revision")), strict=False)), wish)
        answer = await act_once(
            form_key(person, form["key"], now, "bulk", sorted(form.items()), ids),
            lambda once: prepare(wish, person.id, now, once),
            _leads_to,
        )
    except Refusal as refusal:
        if refusal.code in ("auth.role", "asset.money_of_accountant"):
            raise
        return await back_to(where, request, now, status_of(refusal), **typed, fault=context.words.refusal(refusal))
    return RedirectResponse(answer.headers["location"], 303)


async def _leads_to(row: BulkChange) -> RequestAnswer:
    return RequestAnswer(303, "", {"location": f"/assets/changes/{row.id}"})


def _of(selection: Selection, revisions: Mapping[int, str], wish: NewBulkChange) -> NewBulkChange:
    """The wish with its pieces: those of a filter as they are now, ticked ones as the page showed them."""
    if selection.address:
        return replace(wish, wish=selection.address.filter, sort=selection.address.sort)
    looks = {row["id"]: revision_in(revisions.get(row["id"], "")) for row in selection.rows}
    return replace(wish, revisions=looks)


async def _wish(form: Mapping[str, str], fields: TypedFields, context: PageContext) -> NewBulkChange:
    """What is asked for, without the pieces. What cannot stand is in ``fields.faults``."""
    act, field = form["act"], form["column"]
    if act == NUMBER:
        if not fields.raw("unit"):
            fields.fault("unit", UNIT_NEEDED)
        return NewBulkChange(NUMBER, unit=fields.raw("unit")[:UNIT_LENGTH])
    if act != CORRECT:
        asks = {question.field for question in TRANSITIONS[act].asks if not question.keeps}
        if QuestionField.ROOM in asks and not fields.raw("room"):
            fields.fault("room", ROOM_NEEDED)
        if QuestionField.CUSTODIAN in asks and not fields.raw("custodian"):
            fields.fault("custodian", PERSON_NEEDED)
        reason = fields.text("reason")
        if QuestionField.BORROWER in asks and not fields.raw("borrower"):
            fields.fault("borrower", PERSON_NEEDED)
        if QuestionField.DUE_ON in asks and not fields.raw("due_on"):
            fields.fault("due_on", DAY_NEEDED)
        if fields.faults:
            return NewBulkChange(act, reason)
        return NewBulkChange(act, reason, await answers_of(act, form))
    read = FIELDS[field].read
    value = await _shares(fields) if read is None else read(fields)
    return NewBulkChange(CORRECT, fields.reason() if field in WEIGHTY else "", column=field, value=value)


async def _shares(fields: TypedFields) -> dict[int, Decimal]:
    """The percent that a grant pays of each price, by its id; nothing where own funds pay all."""
    code = fields.raw("grant")
    percent = fields.percent("percent")
    if not code:
        return {}
    if not percent:
        fields.fault("percent", NO_PERCENT)
    return {(await grant_ids([code]))[code]: percent}


@router.get("/{number}")
async def one(
    request: Request, person: PageCaller, now: Now, typed: TypedWords, number: str, show: str = "", page: str = ""
) -> Response:
    """Every piece as it is and would be; once carried out, as it became."""
    context = page_context(request, person, now)
    row = await queries.bulk_change(number, person.id, now)
    counts = await queries.counts_of(number)
    fate = PieceFate(show) if show in set(PieceFate) else next((one for one in words.FATE_WORDS if counts[one]), None)
    first = (int(page) - 1) * PAGE if page.isdecimal() and 0 < len(page) < 5 and int(page) else 0
    outcomes = await queries.pieces_of(number, fate, first, PAGE)
    return render(
        request,
        "bulk_changes/change.html",
        person=person,
        status=typed.status,
        context=context,
        row=row,
        state=BulkState,
        fates=PieceFate,
        counts=counts,
        total=sum(counts.values()),
        fate=fate,
        fate_words=words.FATE_WORDS,
        fate_looks=words.FATE_LOOKS,
        lines=await lines_of(outcomes, context),
        first=first,
        page_number=first // PAGE + 1,
        many_of_fate=counts[fate] if fate else 0,
        title=words.title_of(row.act),
        symbol=words.symbol_of(row.act),
        subject=words.subject_of(row, context),
        first_number=await queries.first_number(number) if row.act == NUMBER else None,
        back=ListAddress(queries.wish_of(row)).place,
        fault=typed.words.get("fault", ""),
    )


@router.get("/{number}/progress")
async def progress(request: Request, person: PageCaller, now: Now, number: str) -> Response:
    """How far it came; at its end the whole page anew."""
    row = await queries.bulk_change(number, person.id, now)
    if row.state is not BulkState.WRITING:
        return Response(status_code=200, headers={"HX-Redirect": f"/assets/changes/{number}"})
    context = page_context(request, person, now)
    return render(request, "bulk_changes/_progress.html", person=person, context=context, row=row, state=BulkState)


@router.post("/{number}/commit")
async def commit(request: Request, person: PageCaller, now: Now, number: str) -> Response:
    """Change every piece that waits."""
    row = await queries.bulk_change(number, person.id, now)
    check_act(row.act, row.answers.get("field", ""), person)
    try:
        await carry_out(number, person.id, actor_of(request, person), now, patience=PATIENCE)
    except Conflict as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(f"/assets/changes/{number}", request, now, status_of(refusal), fault=fault)
    return RedirectResponse(f"/assets/changes/{number}", 303)


@router.post("/{number}/discard")
async def leave(request: Request, person: PageCaller, now: Now, number: str) -> Response:
    """Back to the list, with nothing done."""
    row = await queries.bulk_change(number, person.id, now)
    await discard(number, person.id)
    return RedirectResponse(ListAddress(queries.wish_of(row)).place, 303)
