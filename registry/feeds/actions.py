"""What changes feeds: making one, withdrawing it, and noting that it is read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from registry.bookings.projections import sees_times, viewer_of
from registry.core import history
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import transaction
from registry.feeds.models import CalendarFeed, FeedScope
from registry.feeds.rules import AT_MOST, digest_of, secret_of
from registry.people.models import Institution, Person
from registry.people.queries import institution_by_code
from registry.people.rules import may
from registry.rooms.models import Room, Visibility
from registry.rooms.queries import room_by_code


@dataclass(frozen=True, slots=True)
class FeedWish:
    """A feed of a room or an institution by its code, or of oneself."""

    scope: FeedScope
    code: str = ""


async def make_feed(
    wish: FeedWish, person: Person, server_key: str, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> CalendarFeed:
    """A feed of this person; the one that they have of the same already, if its address can still be told.

    Raises NotFound: room.unknown, institution.unknown; Forbidden: feed.hidden_room, auth.role;
    Invalid("request.unknown_field"); Conflict("feed.too_many").
    """
    room, institution = await _subject(wish, person)
    async with transaction():
        await Person.select_for_update(no_key=True).get(id=person.id)  # two at once make one
        own = CalendarFeed.filter(person_id=person.id, withdrawn_at=None)
        same = await own.filter(
            scope=wish.scope,
            room_id=room.id if room else None,
            institution_id=institution.id if institution else None,
        ).order_by("-created_at")
        feed = next((one for one in same if digest_of(secret_of(server_key, one.id)) == one.digest), None)
        if feed is None:
            if await own.count() >= AT_MOST:
                raise Conflict("feed.too_many", limit=AT_MOST)
            feed_id = uuid4()
            feed = await CalendarFeed.create(
                id=feed_id,
                person_id=person.id,
                scope=wish.scope,
                room=room,
                institution=institution,
                digest=digest_of(secret_of(server_key, feed_id)),
                created_at=now,
            )
            after = {"scope": str(wish.scope), "of": wish.code}
            await history.write(f"person:{person.id}", "feed made", actor, now, after=after)
        await record(request_key, feed)
    return feed


async def _subject(wish: FeedWish, person: Person) -> tuple[Room | None, Institution | None]:
    if wish.scope is FeedScope.ROOM:
        room = await room_by_code(wish.code)
        if room.visibility is Visibility.HIDDEN or not sees_times(room.visibility, viewer_of(person)):
            raise Forbidden("feed.hidden_room", room=room.code)
        return room, None
    if wish.scope is FeedScope.INSTITUTION:
        institution = await institution_by_code(wish.code)
        if institution.id != person.institution_id and not may(person.role, "bookings.manage"):
            raise Forbidden("auth.role")
        return None, institution
    if wish.code:
        raise Invalid("request.unknown_field", field="code")
    return None, None


async def withdraw_feed(feed_id: UUID, person: Person, actor: Actor, now: datetime) -> None:
    """Whoever reads by its address gets nothing more. Raises NotFound("feed.unknown"), also for somebody else's."""
    async with transaction():
        feed = await CalendarFeed.select_for_update().get_or_none(id=feed_id, person_id=person.id, withdrawn_at=None)
        if feed is None:
            raise NotFound("feed.unknown")
        await CalendarFeed.filter(id=feed_id).update(withdrawn_at=now)
        before = {"scope": str(feed.scope)}
        await history.write(f"person:{person.id}", "feed withdrawn", actor, now, before=before)


async def note_reading(feed: CalendarFeed, now: datetime) -> None:
    """Once a day: a feed that nobody reads any more can be withdrawn."""
    if feed.read_on != now.date():
        async with transaction():
            await CalendarFeed.filter(id=feed.id).update(read_on=now.date())
