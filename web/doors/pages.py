"""The door panel: a tablet opens /panel, shows a code, and becomes the door of the room that staff choose.

Without JavaScript it is a page that reloads, with links and forms. With it the server sends what to show and the page
admits when it has heard nothing.
"""

import secrets
from datetime import datetime
from typing import Annotated, NamedTuple
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Form, Query, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from registry.bookings.projections import FullBooking, viewer_of
from registry.bookings.queries import visible_booking
from registry.core.errors import Forbidden, NotFound, Refusal
from registry.devices import pairing
from registry.devices.models import Device
from registry.devices.queries import panel_by_code
from registry.doors.actions import PanelCommand, panel_command
from registry.doors.phrases import LANGUAGES, panel_languages
from registry.doors.queries import booking_at_door, door
from registry.doors.view import Act, DoorView, OpenDoor, acts
from registry.people.models import Person
from registry.rooms.queries import room_by_code, room_lines
from web.auth.access import PageCaller, actor_of, address_of, page_with
from web.auth.session import A_YEAR, keep, options_of
from web.doors.hub import BEAT_SECONDS, DoorStream, hub_of, message, panel_time
from web.doors.view import (
    Screen,
    at_hour,
    book_screen,
    door_screen,
    end_screen,
    failed_screen,
    fault_screen,
    pairing_screen,
    refused_screen,
    stale_screen,
    thanks_screen,
)
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.i18n import refusal_words
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import language_of, pages_of, render

router = pages()
KEY = "izba_panel"
PART = "x-panel-part"
UNSTORED = {"cache-control": "no-store", "vary": PART}
STREAM = {"cache-control": "no-store", "x-accel-buffering": "no"}
Staff = Annotated[Person, Depends(page_with("panels.pair"))]
Text = Annotated[str, Form(max_length=300)]
TapId = Annotated[str, Form(alias="id", max_length=300)]


async def _carried(
    _command: Annotated[str, Query(alias="id")] = "", _booking: Annotated[str, Query(alias="booking")] = ""
) -> None:
    """What the door's form brings along without a script when a button asks first: it is made anew with the answer."""


Carried = Annotated[None, Depends(_carried)]


@router.get("/panel")
async def panel(
    request: Request, now: Now, _carried: Carried, view: str = "", book: str = "", lang: str = ""
) -> Response:
    """The door, or one of its questions; a tablet that has no room yet gets a code."""
    device = await _device(request)
    if device is None:
        return await _pairing(request, now, lang)
    door_now = await door(_room_of(device), now, device)
    return _show(request, door_now, device, _screen(request, door_now, device, view, book, lang))


@router.get("/panel/open/{key}")
async def open_panel(request: Request, key: str) -> Response:
    """Give this browser a panel's key. Raises NotFound("panel.unknown")."""
    if await pairing.panel_of(key) is None:
        raise NotFound("panel.unknown")
    response = RedirectResponse("/panel", 303)
    keep(response, options_of(request), KEY, key, A_YEAR)
    return response


@router.get("/panel/waiting")
async def waiting(request: Request, now: Now) -> Response:
    """What a tablet with a code asks: 204 while it waits, 205 when it should load the page again."""
    key = request.cookies.get(KEY, "")
    is_waiting = await pairing.waiting(key, address_of(request), now) is not None
    return Response(status_code=204 if is_waiting else 205, headers={"cache-control": "no-store"})


@router.get("/panel/events")
async def panel_events(request: Request) -> Response:
    """The door whenever it changes, a beat every ten seconds, ``again`` when the panel should load its page anew."""
    device = await _device(request)
    if device is None:
        return Response(message("again", ""), media_type="text/event-stream", headers=STREAM)
    return DoorStream(hub_of(request.app), device)


@router.post("/panel/command")
async def command(
    request: Request,
    now: Now,
    command: Text = "",
    minutes: Text = "",
    kind: Text = "",
    tap: TapId = "",
    booking: Text = "",
    revision: Text = "",
    proof: Text = "",
    lang: Text = "",
) -> Response:
    """A tap. Answers with what the panel should show next, or with the reason why not."""
    _same_origin(request)
    device = await _device(request)
    if device is None:
        raise NotFound("panel.unknown")
    pages, languages = pages_of(request), panel_languages(device.languages)
    panel_tap = PanelCommand(
        id=tap or secrets.token_urlsafe(12),
        command=command,
        minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 5 else None,
        kind=kind or None,
        booking=booking or None,
        revision=int(revision) if revision.isdecimal() and len(revision) < 19 else None,
        proof=proof or None,
    )
    try:
        await panel_command(device, panel_tap, now)
    except Refusal as refusal:
        door_now = await door(_room_of(device), now, device)
        screen = refused_screen(pages, door_now, refusal, languages, lang)
        return _show(request, door_now, device, screen, status_of(refusal))
    next_view = "thanks" if command == "report_fault" else "door"
    if not _is_part(request):
        return RedirectResponse(f"/panel?view={next_view}" + (f"&lang={lang}" if lang in languages else ""), 303)
    door_now = await door(_room_of(device), now, device)
    return _show(request, door_now, device, _screen(request, door_now, device, next_view, "", lang))


@router.get("/panel/end/{panel_code}/{name}")
async def organizers_phone(panel_code: str, name: str, person: PageCaller, now: Now) -> Response:
    """Where the picture on a door leads the organizer, who signs in and ends the booking on its own page. Raises
    NotFound("booking.unknown") for whoever does not see all of it.
    """
    device = await panel_by_code(panel_code)
    if device.room_id is None:
        raise NotFound("panel.unknown")
    booking_id = await booking_at_door(device.room_id, name, now)
    visible, _ = await visible_booking(booking_id, viewer_of(person))
    if not isinstance(visible, FullBooking):
        raise NotFound("booking.unknown")
    return RedirectResponse(f"/bookings/{booking_id}", 303)


@router.get("/panel/pair")
async def pair_page(
    request: Request, person: Staff, now: Now, typed: TypedWords, code: str = "", paired: str = "", room: str = ""
) -> Response:
    """Where the picture on a new tablet leads its staff: choose the room. Once it is paired, what it is called."""
    if paired:
        device, door_room = await panel_by_code(paired), await room_by_code(room)
        if device.room_id != door_room.id:
            raise NotFound("panel.unknown")
        return render(request, "panel/paired.html", room=door_room.code, device=device)
    words = {"code": pairing.plain_code(code), "room": "", "fault": ""} | typed.words
    return render(request, "panel/pair.html", status=typed.status, rooms=await _rooms(request, person, now), **words)


@router.post("/panel/pair")
async def pair(request: Request, person: Staff, now: Now, code: Text = "", room: Text = "") -> Response:
    """Make the tablet that shows the code the panel of the room."""
    try:
        device = await pairing.pair(code, room, actor_of(request, person), now)
    except Refusal as refusal:
        fault = refusal_words(refusal, language_of(request, person))
        return await back_to("/panel/pair", request, now, status_of(refusal), code=code, room=room, fault=fault)
    return RedirectResponse(f"/panel/pair?{urlencode({'paired': device.code, 'room': room})}", 303)


async def _rooms(request: Request, person: Person, now: datetime) -> list[tuple[str, str]]:
    words = page_context(request, person, now).words
    return [(room.code, f"{room.number} – {words.room(room)}") for room in await room_lines()]


async def _device(request: Request) -> Device | None:
    key = request.cookies.get(KEY)
    return await pairing.panel_of(key) if key else None


def _room_of(device: Device) -> int:
    assert device.room_id is not None  # panel_of gives none without a room
    return device.room_id


def _is_part(request: Request) -> bool:
    return PART in request.headers


def _same_origin(request: Request) -> None:
    """The key alone comes with every request to this site, also with one that another site causes. A browser says where
    a form comes from, and no page can change that. Raises Forbidden("request.csrf").
    """
    origin = request.headers.get("origin", "")
    ours = {request.headers.get("host", ""), urlsplit(options_of(request).base_url).netloc}
    if not origin or urlsplit(origin).netloc not in ours:
        raise Forbidden("request.csrf")


def _screen(request: Request, view: DoorView, device: Device, name: str, book: str, lang: str) -> Screen:
    """The view that was asked for, if this door offers it; else the door."""
    pages, languages = pages_of(request), panel_languages(device.languages)
    if name == "fault":
        return fault_screen(pages, view, languages, lang)
    if name == "thanks":
        return thanks_screen(pages, view, languages, lang)
    if isinstance(view, OpenDoor):
        if book.isdecimal() and Act("book", int(book[:4])) in acts(view):
            return book_screen(pages, view, int(book), languages, lang)
        if name == "end" and Act("end") in acts(view):
            address = f"{options_of(request).base_url}/panel/end/{device.code}/{view.booking}"
            return end_screen(pages, view, languages, lang, address)
    return door_screen(pages, view, languages, lang)


def _show(request: Request, view: DoorView, device: Device, screen: Screen, status: int = 200) -> Response:
    pages, languages = pages_of(request), panel_languages(device.languages)
    screen = at_hour(pages, screen, view, (device.dark_from, device.dark_to))
    headers = {"x-panel-time": panel_time(pages, view.as_of), "x-panel-version": pages.static_hash}
    if _is_part(request):
        return HTMLResponse(screen.markup, status, headers=headers | UNSTORED)
    spares = Spares(stale_screen(pages, view, languages).markup, failed_screen(pages, view, languages).markup)
    response = _page(request, screen, view.as_of, status, spares)
    keep(response, options_of(request), KEY, request.cookies[KEY], A_YEAR)
    return response


class Spares(NamedTuple):
    """What a panel shows by itself: that it has heard nothing, and that a tap was not answered."""

    stale: Markup
    failed: Markup


def _page(request: Request, screen: Screen, now: datetime, status: int = 200, spares: Spares | None = None) -> Response:
    pages = pages_of(request)
    page = pages.environment("pl").get_template("panel/page.html")
    body = page.render(
        s=screen.layout,
        w=screen.words[screen.layout.lang],
        door=screen.markup,
        spares=spares,
        beat=BEAT_SECONDS if spares else 0,
        time=panel_time(pages, now),
        version=pages.static_hash,
    )
    return HTMLResponse(body, status, headers=UNSTORED)


async def _pairing(request: Request, now: datetime, lang: str) -> Response:
    key = request.cookies.get(KEY, "")
    offer = await pairing.waiting(key, address_of(request), now) or pairing.offer(now, address_of(request))
    options = options_of(request)
    address = f"{options.base_url}/panel/pair?code={offer.code}"
    language = lang if lang in LANGUAGES else LANGUAGES[0]
    response = _page(request, pairing_screen(pages_of(request), offer, address, now, language), now)
    keep(response, options, KEY, offer.key, A_YEAR)
    return response
