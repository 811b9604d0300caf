"""How a unit numbers its pieces: the rules, each from its day on, and a new one with its first numbers beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.next_numbers import number_schemes, places_given
from registry.assets.number_sequences import NewScheme, add_scheme, remove_scheme
from registry.assets.numbering import NumberFacts, NumberScheme, number_of, scheme_for, template_faults
from registry.assets.rules import ACCOUNTS
from registry.core.errors import Refusal
from registry.core.idempotency import act_once
from registry.people.models import Person
from web.assets import words
from web.assets.typed_fields import TypedFields
from web.auth.access import actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id
from web.kit.render import is_fragment, render
from web.kit.words import N_

router = pages()
Keeper = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=500)]
Texts = Annotated[list[str] | None, Form(max_length=10)]
LARGEST_FIRST = 999_999_999
USUAL = "{unit}/{account}/{kst}/{seq:5}/{yy}"
# what a preview says of a piece that is only thought of
SAMPLE_KST = "487"
PLACES_SHOWN = 3
PART_WORDS = {
    "{unit}": N_("short name of the unit"),
    "{account}": N_("account"),
    "{kst}": N_("KŚT symbol"),
    "{seq:5}": N_("running number of five digits"),
    "{yy}": N_("year of acceptance, two digits"),
    "{yyyy}": N_("year of acceptance, four digits"),
}


@dataclass(frozen=True, slots=True)
class SchemeLine:
    """A rule with the number that is next by it today; ``state`` is now, later or over."""

    scheme: NumberScheme
    example: str
    state: str
    is_used: bool


@dataclass(frozen=True, slots=True)
class NumberSample:
    """The first numbers of a rule for one account, and the first of the year after where it begins anew."""

    account: str
    numbers: tuple[str, ...]
    next_year: str


@router.get("/assets/numbering")
async def numbering(
    request: Request,
    person: Keeper,
    now: Now,
    typed: TypedWords,
    unit: str = "",
    template: str = "",
    starts_on: str = "",
    first: str = "",
    accounts: Annotated[list[str] | None, Query(max_length=10)] = None,
) -> Response:
    """The rules, and the form of a new one. While somebody types it asks for the sample alone."""
    context = page_context(request, person, now)
    query = {"unit": unit, "template": template, "starts_on": starts_on, "first": first, "accounts": accounts or []}
    schemes = await number_schemes()
    form = _beginning(schemes, context) | {name: value for name, value in query.items() if value}
    form |= typed.words.get("form", {})
    new, faults = _read(form, context)
    is_part = is_fragment(request)
    return render(
        request,
        "assets/_number_sample.html" if is_part else "assets/numbering.html",
        person=person,
        status=typed.status,
        context=context,
        lines=[] if is_part else await _lines(schemes, context.today),
        form=form,
        faults=dict.fromkeys(query, "") | typed.words.get("faults", {}),
        typing_faults=faults,
        samples=[] if faults else samples_of(new),
        key=typed.words.get("key") or uuid4().hex,
        accounts=[(account, words.ACCOUNT_WORDS[account]) for account in ACCOUNTS],
        parts=PART_WORDS,
        looks=words,
    )


@router.post("/assets/numbering")
async def add(
    request: Request,
    person: Keeper,
    now: Now,
    unit: Text = "",
    template: Text = "",
    starts_on: Text = "",
    first: Text = "1",
    accounts: Texts = None,
    key: Text = "",
) -> Response:
    """Number so from a day on. The same form sent twice does it once."""
    context = page_context(request, person, now)
    form = {"unit": unit, "template": template, "starts_on": starts_on, "first": first, "accounts": accounts or []}
    new, faults = _read(form, context)
    if faults:
        return await back_to("/assets/numbering", request, now, 422, form=form, faults=faults, key=key)
    try:
        await act_once(
            form_key(person, key, now, "numbering", form),
            lambda once: add_scheme(new, actor_of(request, person), now, once),
            nothing_more,
        )
    except Refusal as refusal:
        faults = {refusal.params.get("field", "template"): context.words.refusal(refusal)}
        return await back_to("/assets/numbering", request, now, status_of(refusal), form=form, faults=faults, key=key)
    return RedirectResponse("/assets/numbering?done=added", 303)


@router.post("/assets/numbering/{scheme_id}/remove")
async def remove(request: Request, person: Keeper, scheme_id: int, now: Now) -> Response:
    """Take back a rule by which nothing was numbered."""
    await remove_scheme(possible_id(scheme_id, "numbering.unknown"), actor_of(request, person), now)
    return RedirectResponse("/assets/numbering?done=removed", 303)


def _beginning(schemes: list[NumberScheme], context: PageContext) -> dict[str, Any]:
    """What stands in the form at first: the usual template, from today on, of the unit that is there already."""
    return {
        "unit": schemes[0].unit if schemes else "",
        "template": USUAL,
        "starts_on": f"{context.today:%d.%m.%Y}",
        "first": "1",
        "accounts": [],
    }


def _read(form: Mapping[str, Any], context: PageContext) -> tuple[NewScheme, dict[str, str]]:
    """The rule that a form describes, and what is wrong with it by its fields."""
    fields = TypedFields({name: text for name, text in form.items() if isinstance(text, str)}, context)
    starts_on = fields.needed_day("starts_on")
    new = NewScheme(
        fields.raw("unit"), fields.raw("template"), starts_on, tuple(form["accounts"]),
        fields.count("first", LARGEST_FIRST),
    )  # fmt: skip
    for refusal in template_faults(new.unit, new.accounts, new.template, new.first):
        fields.faults.setdefault(str(refusal.params["field"]), context.words.refusal(refusal))
    return new, fields.faults


def samples_of(new: NewScheme) -> list[NumberSample]:
    """The first numbers by a rule, for its accounts or for two that most offices have."""
    scheme = NumberScheme(0, new.unit, new.accounts, new.template, new.starts_on, new.first)
    accounts = new.accounts or (("013", "011") if "{account}" in new.template else ("013",))
    return [_sample(scheme, account) for account in accounts]


def _sample(scheme: NumberScheme, account: str) -> NumberSample:
    facts = NumberFacts(scheme.unit, account, SAMPLE_KST, scheme.starts_on)
    year = scheme.starts_on.year
    later = NumberFacts(scheme.unit, account, SAMPLE_KST, date(year + 1, 1, 1)) if year < date.max.year else facts
    return NumberSample(
        account,
        tuple(number_of(scheme.template, facts, scheme.first + step) for step in range(PLACES_SHOWN)),
        number_of(scheme.template, later, scheme.start_of(later.day.year)) if scheme.restarts else "",
    )


async def _lines(schemes: list[NumberScheme], today: date) -> list[SchemeLine]:
    places = await places_given()
    used = {scheme_id for scheme_id, _ in places}
    lines = []
    for scheme in schemes:
        day = max(today, scheme.starts_on)
        year = scheme.year_of(day)
        place = places.get((scheme.id, year), scheme.start_of(year) - 1) + 1
        facts = NumberFacts(scheme.unit, scheme.accounts[0] if scheme.accounts else "013", SAMPLE_KST, day)
        number = number_of(scheme.template, facts, place)
        lines.append(SchemeLine(scheme, number, _state(scheme, schemes, today), scheme.id in used))
    return lines


def _state(scheme: NumberScheme, schemes: list[NumberScheme], today: date) -> str:
    if scheme.starts_on > today:
        return "later"
    holds = (scheme_for(schemes, scheme.unit, account, today) for account in scheme.accounts or ACCOUNTS)
    return "now" if scheme in holds else "over"
