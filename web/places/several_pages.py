"""The same rules for several rooms at once: what is left as it is stays in each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Refusal
from registry.doors.actions import door_settings
from registry.doors.policy import PROOFS
from registry.people.models import Institution
from registry.people.queries import all_institutions
from registry.places.actions import RoomChanges, change_rooms
from registry.places.queries import misfits_of, opening_profiles, proposed, setup_of
from registry.places.rules import BOUNDS, MAY_BE_NEVER
from registry.rooms.models import HoursPolicy, Room, Visibility
from registry.rooms.queries import all_rooms, rooms_of_codes
from web.auth.access import actor_of
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_
from web.places import words
from web.places.form import Typed, TypedList
from web.places.pages import RunsRooms
from web.places.view import MisfitLine, misfit_lines
from web.places.words import PlaceWords

router = pages()
PAGE = "/admin/places/several"
AT_ONCE = 100
STAYS, YES, NO, ALWAYS, ALL, THESE = "", "yes", "no", "always", "all", "these"
SWITCHES = ("bookable", "check_in", "panel_books")
NUMBERS = tuple(name for name in BOUNDS if name not in ("floor", "capacity"))
NOT_WHOLE = N_("Write a whole number from %(least)s to %(most)s, or leave it empty: then it stays.")
OR_NEVER = N_("Write a whole number from %(least)s to %(most)s, 0 for never, or leave it empty: then it stays.")
NOTHING_SAID = N_("Nothing is said yet: choose or write what should be the same in these rooms.")
NOBODY_NAMED = N_("Tick the institutions that may book, or choose something else.")
Codes = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=AT_ONCE)]


class RulesForm(BaseModel):
    """What should be the same; empty stays as it is in each room."""

    room: Codes = []
    visibility: Typed = ""
    opening: Typed = ""
    hours_policy: Typed = ""
    setup_minutes: Typed = ""
    cleanup_minutes: Typed = ""
    bookable: Typed = ""
    min_minutes: Typed = ""
    max_hours: Typed = ""
    max_days_ahead: Typed = ""
    who: Typed = ""
    institutions: TypedList = []
    check_in: Typed = ""
    no_show_minutes: Typed = ""
    vacant_minutes: Typed = ""
    panel_books: Typed = ""
    ends: Typed = ""
    proofs: TypedList = []
    reason: Typed = ""
    look: Typed = ""

    def words(self) -> dict[str, Any]:
        """What is typed."""
        return self.model_dump(exclude={"room", "look"})


@dataclass(frozen=True, slots=True)
class RulesInRoom:
    """What the rules would do in one room: what stands against them there, and which bookings would no longer fit."""

    room: Room
    faults: Sequence[str]
    misfits: Sequence[MisfitLine]
    count: int


@dataclass(frozen=True, slots=True)
class ReadRules:
    """The rules as they were read: columns, who alone may book (None stays), and what cannot stand, by field."""

    settings: dict[str, Any]
    institutions: Sequence[Institution] | None
    faults: dict[str, str]

    @property
    def says_something(self) -> bool:
        return bool(self.settings) or self.institutions is not None


async def _read(form: Mapping[str, Any], context: PageContext) -> ReadRules:
    settings: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name in NUMBERS:
        _read_number(name, form.get(name, "").strip(), settings, faults, context)
    settings |= {name: form[name] == YES for name in SWITCHES if form.get(name) in (YES, NO)}
    if form.get("visibility") in set(Visibility):
        settings["visibility"] = Visibility(form["visibility"])
    if form.get("hours_policy") in set(HoursPolicy):
        settings["hours_policy"] = HoursPolicy(form["hours_policy"])
    profiles = {profile.code: profile.id for profile in await opening_profiles()}
    if form.get("opening") == ALWAYS:
        settings["opening_id"] = None
    elif form.get("opening", "").removeprefix("=") in profiles:
        settings["opening_id"] = profiles[form["opening"].removeprefix("=")]
    if form.get("ends") == THESE:
        settings |= await door_settings([proof for proof in PROOFS if proof in form.get("proofs", [])], None)
    institutions: Sequence[Institution] | None = [] if form.get("who") == ALL else None
    if form.get("who") == THESE:
        institutions = [one for one in await all_institutions() if one.code in form.get("institutions", [])]
        if not institutions:
            faults["who"] = context.say(NOBODY_NAMED)
    return ReadRules(settings, institutions, faults)


def _read_number(name: str, text: str, settings: dict[str, Any], faults: dict[str, str], context: PageContext) -> None:
    if not text:
        return
    bounds, may_be_never = BOUNDS[name], name in MAY_BE_NEVER
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else -1
    if may_be_never and number == 0:
        settings[name] = None
    elif bounds.least <= number <= bounds.most:
        settings[name] = number
    else:
        sentence = context.say(OR_NEVER if may_be_never else NOT_WHOLE)
        faults[name] = sentence % {"least": bounds.least, "most": bounds.most}


async def _rooms(codes: Sequence[str]) -> list[Room]:
    """The rooms in use with these codes, in the order of the house."""
    chosen = set(codes)
    return [room for room in await all_rooms() if room.code in chosen][:AT_ONCE]


@router.get(PAGE)
async def several(
    request: Request,
    person: RunsRooms,
    now: Now,
    typed: TypedWords,
    room: Annotated[list[str] | None, Query(max_length=AT_ONCE)] = None,
) -> Response:
    """The rooms that were chosen, the rules that they should share, and what these would do in each."""
    context, rooms = page_context(request, person, now), await _rooms(room or [])
    form = RulesForm().words() | typed.words.get("form", {})
    rules = await _read(form, context)
    return render(
        request,
        "places/several.html",
        person=person,
        status=typed.status,
        context=context,
        rooms=rooms,
        form=form,
        faults=rules.faults | typed.words.get("faults", {}),
        is_refused=bool(typed.words.get("faults")),
        effects=await _effects(rooms, rules, context) if rules.says_something else [],
        left_over=[MisfitLine(**line) for line in typed.words.get("misfits", [])],
        left_over_count=typed.words.get("misfit_count", 0),
        profiles=await opening_profiles(),
        institutions=await all_institutions(),
        looks=PlaceWords.of(context.words),
        tables=words,
    )


async def _effects(rooms: Sequence[Room], rules: ReadRules, context: PageContext) -> list[RulesInRoom]:
    effects = []
    for room in rooms:
        institutions = (await setup_of(room)).institutions if rules.institutions is None else rules.institutions
        ids = [institution.id for institution in institutions]
        proposal = await proposed(room, rules.settings, ids, context.now)
        sentences = [context.words.refusal(refusal) for refusal in proposal.faults.values()]
        lines = misfit_lines(proposal.misfits, context)
        effects.append(RulesInRoom(room, sentences, lines, len(proposal.misfits)))
    return effects


@router.post(PAGE)
async def set_several(request: Request, person: RunsRooms, now: Now, form: Annotated[RulesForm, Form()]) -> Response:
    """Set them all, or none of them; with ``look`` say what that would do."""
    context, rooms = page_context(request, person, now), await _rooms(form.room)
    page = f"{PAGE}?{urlencode([('room', room.code) for room in rooms])}"
    rules, typed = await _read(form.words(), context), {"form": form.words()}
    if not rules.says_something and not rules.faults:
        rules.faults["all"] = context.say(NOTHING_SAID)
    if rules.faults or not rooms:
        return await back_to(page, request, now, 422, **typed, faults=rules.faults)
    if form.look:
        return await back_to(f"{page}#effects", request, now, 200, **typed)
    changes = RoomChanges(rules.settings, rules.institutions)
    try:
        changed_rooms = await change_rooms(
            [room.id for room in rooms], changes, actor_of(request, person), now,
            reason=" ".join(form.reason.split())[:300],
        )  # fmt: skip
    except Refusal as refusal:
        field = str(refusal.params.get("setting") or "all")
        faults = {field: context.words.refusal(refusal)}
        return await back_to(page, request, now, status_of(refusal), **typed, faults=faults)
    return await _done(request, page, changed_rooms, context, now)


async def _done(
    request: Request, page: str, changed_rooms: Sequence[Any], context: PageContext, now: datetime
) -> Response:
    """To the list, or where bookings no longer fit, to their names."""
    fresh = {room.id: room for room in await rooms_of_codes([one.room.code for one in changed_rooms])}
    misfits = [one for each in changed_rooms for one in await misfits_of(fresh[each.room.id], each.former, now)]
    if not misfits:
        return RedirectResponse(f"/admin/places?done={len(changed_rooms)}", 303)
    lines = [asdict(line) for line in misfit_lines(misfits, context)]
    return await back_to(f"{page}&done=saved", request, now, 200, misfits=lines, misfit_count=len(misfits))
