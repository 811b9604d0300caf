"""Feeds: the page where somebody makes them, and the calendar that a program reads by their address."""

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from registry.bookings.projections import sees_times, viewer_of
from registry.core.aside import aside
from registry.core.errors import Invalid, Refusal
from registry.feeds.actions import FeedWish, make_feed, note_reading, withdraw_feed
from registry.feeds.models import FeedScope
from registry.feeds.queries import contents, etag_now, feed_by_secret, feeds_of
from registry.people.queries import all_institutions
from registry.people.rules import may
from registry.rooms.models import Visibility
from registry.rooms.queries import room_lines
from web.auth.access import PageCaller, actor_of, options_of
from web.bookings.words import BookingWords
from web.feeds.ics import write
from web.feeds.shapes import url_of
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.i18n import refusal_words
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import language_of, pages_of, render

router = pages()
Text = Annotated[str, Form(max_length=100)]


@router.get("/feeds")
async def listing(
    request: Request, person: PageCaller, now: Now, typed: TypedWords, of: str = "", did: str = ""
) -> Response:
    """One's feeds with their addresses, and what one may have a feed of. ``of`` is the room that it begins with."""
    context, options = page_context(request, person, now), options_of(request)
    viewer = viewer_of(person)
    rooms = [
        room
        for room in await room_lines()
        if room.bookable and room.visibility is not Visibility.HIDDEN and sees_times(room.visibility, viewer)
    ]
    runs_rooms = may(person.role, "bookings.manage")
    institutions = await all_institutions() if runs_rooms else [person.institution] if person.institution else []
    return render(
        request,
        "feeds/feeds.html",
        status=typed.status,
        person=person,
        context=context,
        rows=[(row, url_of(row, options.secret_key, options.base_url)) for row in await feeds_of(person)],
        rooms=rooms,
        institutions=institutions,
        did=did,
        **({"of": f"room {of}" if of else "", "fault": ""} | typed.words),
    )


@router.post("/feeds")
async def make(request: Request, person: PageCaller, now: Now, of: Text = "") -> Response:
    """A feed; for what one has a feed of already, that one. ``of`` is ``me``, ``room CODE`` or ``institution CODE``."""
    scope, _, code = of.partition(" ")
    try:
        if scope not in list(FeedScope):
            raise Invalid("request.bad_field", field="of", reason=of[:40])
        await make_feed(
            FeedWish(FeedScope(scope), code), person, options_of(request).secret_key, actor_of(request, person), now
        )
    except Refusal as refusal:
        words = refusal_words(refusal, page_context(request, person, now).language)
        return await back_to("/feeds", request, now, status_of(refusal), of=of, fault=words)
    return RedirectResponse("/feeds?did=made", 303)


@router.post("/feeds/{feed_id}/withdraw")
async def withdraw(request: Request, person: PageCaller, now: Now, feed_id: UUID) -> Response:
    """Whoever reads by its address gets nothing more."""
    await withdraw_feed(feed_id, person, actor_of(request, person), now)
    return RedirectResponse("/feeds?did=withdrawn", 303)


@router.get("/feeds/{secret}/{name}.ics")
async def calendar(request: Request, secret: str, name: str, now: Now) -> Response:
    """The feed that this secret leads to, whatever its file is called. Nobody signs in to read it."""
    feed = await feed_by_secret(secret, now)
    await note_reading(feed, now)
    tag = f'"{await etag_now(feed, now)}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "x-robots-tag": "noindex"}
    if tag in (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    holds = await contents(feed, now)
    words = BookingWords.of(pages_of(request).words(language_of(request, feed.person)))
    text = await aside(write, holds, words, options_of(request).base_url.rstrip("/"))
    return Response(text, media_type="text/calendar", headers=headers)
