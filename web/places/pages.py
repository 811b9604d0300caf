"""Places as who runs rooms sets them: the list of them, and one room's settings in one form that says what they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Refusal
from registry.core.history import entries_of
from registry.doors.actions import door_settings
from registry.doors.policy import PROOFS
from registry.people.models import Institution, Person
from registry.people.queries import active_people, all_institutions, people_of, person_by_login
from registry.people.rules import plain_login
from registry.places.actions import RoomChanges, change_rooms
from registry.places.photos import photo_of
from registry.places.queries import (
    RoomProposal,
    RoomSetup,
    buildings_in_order,
    closed_count,
    institutions_of_rooms,
    misfits_of,
    names_of_rooms,
    opening_profiles,
    proposed,
    room_counts,
    rooms_on_list,
    setup_of,
    ties_of,
)
from registry.places.settings import mark_of
from registry.rooms.models import OpeningProfile, Room
from registry.rooms.queries import room_by_code, sites_in_order
from web.auth.access import actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import Typed, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.places import words
from web.places.form import COPIED, RoomFormReader, RoomSettingsForm, form_of
from web.places.history import SETTING_WORDS, history_lines
from web.places.view import MisfitLine, effects_of, misfit_lines
from web.places.words import PlaceWords

router = pages()
RunsRooms = Annotated[Person, Depends(page_with("rooms.manage"))]
Ticked = Annotated[tuple[str, ...], Form(max_length=50)]
Login = Annotated[str, Form(max_length=64)]
HISTORY_SHOWN = 20
ON_A_PAGE = 50
# the field at which a refusal is said
FAULT_FIELDS = {
    "door.no_pin": "proofs", "door.bad_proof": "proofs", "room.class_in_use": "visibility",
    "opening.unknown": "opening", "room.lengths_crossed": "min_minutes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offers:
    """What a form of a room offers to choose from."""

    profiles: Sequence[OpeningProfile]
    institutions: Sequence[Institution]

    @property
    def profile_ids(self) -> dict[str, int]:
        return {profile.code: profile.id for profile in self.profiles}

    def institutions_of(self, codes: Sequence[str]) -> list[Institution]:
        return [institution for institution in self.institutions if institution.code in codes]


@dataclass(frozen=True, slots=True)
class ReadForm:
    """A form as it was read: the columns of a room, who alone may book it, and what cannot stand, by field."""

    settings: Mapping[str, Any]
    institutions: Sequence[Institution]
    faults: dict[str, str] = field(default_factory=dict)


async def _offers() -> Offers:
    return Offers(await opening_profiles(), await all_institutions())


async def _read(form: Mapping[str, Any], offers: Offers, context: PageContext) -> ReadForm:
    reader = RoomFormReader(form, context)
    settings = reader.settings(offers.profile_ids)
    settings |= await door_settings(reader.chosen("proofs", PROOFS), None)
    codes = reader.chosen("institutions", [institution.code for institution in offers.institutions])
    return ReadForm(settings, offers.institutions_of(codes), reader.faults)


@router.get("/admin/places")
async def places(
    request: Request,
    person: RunsRooms,
    now: Now,
    q: Annotated[str, Query(max_length=200)] = "",
    closed: Annotated[str, Query(max_length=5)] = "",
    start: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """The rooms by building and floor as they are set, a page at a time; with ``closed`` those that are closed too."""
    context, first = page_context(request, person, now), int(start) if start.isdecimal() else 0
    rooms, total = await rooms_on_list(q, bool(closed), first, ON_A_PAGE)
    counts = await room_counts()
    return render(
        request,
        "places/places.html",
        person=person,
        context=context,
        groups=_groups(rooms),
        first=first,
        last=first + len(rooms),
        total=total,
        in_use=sum(counts.values()),
        q=q,
        on_a_page=ON_A_PAGE,
        closed_count=await closed_count(),
        with_closed=bool(closed),
        sites=await sites_in_order(),
        empty_buildings=[house for house in await buildings_in_order() if house.id not in counts],
        profiles={profile.id: profile.name or profile.code for profile in await opening_profiles()},
        institutions=await institutions_of_rooms([room.id for room in rooms]),
        looks=PlaceWords.of(context.words),
    )


def _groups(rooms: Sequence[Room]) -> list[tuple[Room, list[Room]]]:
    """The rooms by building and floor, in the order they come; the first room of each names the group."""
    groups: list[tuple[Room, list[Room]]] = []
    for room in rooms:
        first = groups[-1][0] if groups else None
        if first is None or (first.building_id, first.floor) != (room.building_id, room.floor):
            groups.append((room, []))
        groups[-1][1].append(room)
    return groups


@router.get("/admin/places/rooms/{code}")
async def room_settings(
    request: Request,
    person: RunsRooms,
    now: Now,
    code: str,
    typed: TypedWords,
    like: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """One room's settings. ``like``: with the rules of another room, to be looked at and saved."""
    setup = await setup_of(await room_by_code(code))
    pattern = await setup_of(await room_by_code(like)) if like else None
    return await _page(request, person, now, setup, typed, pattern)


async def _page(
    request: Request, person: Person, now: datetime, setup: RoomSetup, typed: Typed, pattern: RoomSetup | None = None
) -> Response:
    room, context, offers = setup.room, page_context(request, person, now), await _offers()
    present = form_of(setup)
    form = (
        present | ({name: form_of(pattern)[name] for name in COPIED} if pattern else {}) | typed.words.get("form", {})
    )
    form_read, proposal = await _proposed(setup, form, offers, context)
    faults = form_read.faults | typed.words.get("faults", {})
    return render(
        request,
        "places/room.html",
        person=person,
        status=typed.status,
        context=context,
        room=room,
        present=present,
        form=form,
        faults=faults,
        is_refused=bool(typed.words.get("faults")),
        is_stale=typed.words.get("is_stale", False),
        pattern=pattern.room if pattern else None,
        others=[
            (code, f"{code} {name_en if context.language == 'en' and name_en else name}")
            for code, name, name_en in await names_of_rooms()
            if code != room.code
        ],
        effects=await effects_of(room, proposal, setup.institutions, form_read.institutions, setup.approvers, context),
        left_over=[MisfitLine(**line) for line in typed.words.get("misfits", [])],
        left_over_count=typed.words.get("misfit_count", 0),
        ties=await ties_of(room.id, now),
        photo=await photo_of(room.id),
        approvers=[(one.login, one.name) for one in setup.approvers],
        approver=typed.words.get("approver", ""),
        people=await active_people(),
        entries=history_lines(await entries_of(f"room:{room.id}", HISTORY_SHOWN), context),
        offers=offers,
        mark=typed.words.get("mark") or mark_of(room, [one.id for one in setup.institutions]),
        key=typed.words.get("key") or uuid4().hex,
        looks=PlaceWords.of(context.words),
        tables=words,
        settings_words=SETTING_WORDS,
    )


async def _proposed(
    setup: RoomSetup, form: Mapping[str, Any], offers: Offers, context: PageContext
) -> tuple[ReadForm, RoomProposal]:
    """What a form says, and what the room would be by it."""
    form_read = await _read(form, offers, context)
    ids = [institution.id for institution in form_read.institutions]
    proposal = await proposed(setup.room, form_read.settings, ids, context.now)
    reader = RoomFormReader(form, context)
    reader.refuse(proposal.faults)
    return ReadForm(form_read.settings, form_read.institutions, form_read.faults | reader.faults), proposal


@router.post("/admin/places/rooms/{code}/effects")
async def effects(
    request: Request, person: RunsRooms, now: Now, code: str, form: Annotated[RoomSettingsForm, Form()]
) -> Response:
    """What the form would do, as a part of its page, while it is typed. Nothing is changed."""
    setup = await setup_of(await room_by_code(code))
    context, offers = page_context(request, person, now), await _offers()
    form_read, proposal = await _proposed(setup, form.words(), offers, context)
    return render(
        request,
        "places/_effects.html",
        person=person,
        context=context,
        room=setup.room,
        faults=form_read.faults,
        effects=await effects_of(
            setup.room, proposal, setup.institutions, form_read.institutions, setup.approvers, context
        ),
        looks=PlaceWords.of(context.words),
        tables=words,
        settings_words=SETTING_WORDS,
    )


@router.post("/admin/places/rooms/{code}")
async def set_room(
    request: Request, person: RunsRooms, now: Now, code: str, form: Annotated[RoomSettingsForm, Form()]
) -> Response:
    """Set the room as the form says, or with ``look`` say what that would do."""
    setup = await setup_of(await room_by_code(code))
    context, offers = page_context(request, person, now), await _offers()
    page = f"/admin/places/rooms/{setup.room.code}"
    typed: dict[str, Any] = {"form": form.words(), "mark": form.mark, "key": form.key}
    form_read = await _read(form.words(), offers, context)
    if form_read.faults:
        return await back_to(page, request, now, 422, **typed, faults=form_read.faults)
    if form.look:
        return await back_to(f"{page}#effects", request, now, 200, **typed)
    changes = RoomChanges(form_read.settings, form_read.institutions)
    reason = " ".join(form.reason.split())[:300]
    try:
        (changed_room,) = await change_rooms(
            [setup.room.id], changes, actor_of(request, person), now, reason=reason, if_mark=form.mark
        )
    except Refusal as refusal:
        if refusal.code == "request.stale":  # what is saved from the page that follows replaces what is there by now
            return await back_to(page, request, now, status_of(refusal), form=typed["form"], is_stale=True)
        field_name = refusal.params.get("setting") or FAULT_FIELDS.get(refusal.code, "name")
        faults = {field_name: context.words.refusal(refusal)}
        return await back_to(page, request, now, status_of(refusal), **typed, faults=faults)
    room = await room_by_code(setup.room.code)
    misfits = await misfits_of(room, changed_room.former, now)
    if not misfits:
        return RedirectResponse(f"{page}?done=saved", 303)
    lines = [
        {"id": line.id, "title": line.title, "when": line.when, "why": line.why}
        for line in misfit_lines(misfits, context)
    ]
    return await back_to(f"{page}?done=saved", request, now, 200, misfits=lines, misfit_count=len(misfits))


@router.post("/admin/places/rooms/{code}/approvers")
async def set_approvers(
    request: Request, person: RunsRooms, now: Now, code: str, approvers: Ticked = (), login: Login = ""
) -> Response:
    """Say who approves what others book in the room: those who stay ticked, and somebody more."""
    room = await room_by_code(code)
    page, more = f"/admin/places/rooms/{room.code}", plain_login(login)
    try:
        people = await people_of(approvers)
        if more and more not in {one.login for one in people}:
            people.append(await person_by_login(more))
        await change_rooms([room.id], RoomChanges(approvers=people), actor_of(request, person), now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        typed = {"faults": {"approver": fault}, "approver": login}
        return await back_to(f"{page}#approvers", request, now, status_of(refusal), **typed)
    return RedirectResponse(f"{page}?done=approvers#approvers", 303)


@router.post("/admin/places/rooms/{code}/pin")
async def set_pin(
    request: Request,
    person: RunsRooms,
    now: Now,
    code: str,
    secret: Annotated[str, Form(max_length=40)] = "",
    remove: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Give the room's door a PIN, or take it away. It cannot be read again."""
    room = await room_by_code(code)
    page = f"/admin/places/rooms/{room.code}"
    try:
        settings = await door_settings(None, "" if remove else secret.strip() or "-")
        await change_rooms([room.id], RoomChanges(settings), actor_of(request, person), now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(f"{page}#door", request, now, status_of(refusal), faults={"secret": fault})
    return RedirectResponse(f"{page}?done=pin#door", 303)
