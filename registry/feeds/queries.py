"""What is asked about feeds: a person's list of them, and what one of them holds now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from registry.bookings.models import VISITS, Booking, Status
from registry.bookings.projections import COLUMNS, BookingRow, Viewer, viewer_of
from registry.core.errors import NotFound
from registry.duties.models import Duty
from registry.feeds.models import CalendarFeed, FeedScope
from registry.feeds.rules import FeedDuty, FeedEvent, digest_of, etag_of, event_of, window
from registry.people.models import Person
from registry.people.rules import is_open
from registry.rooms.models import HELP_POINT, Visibility

SECRET_LENGTH = 200
SHY = [str(one) for one in HELP_POINT]
TOLD = [str(one) for one in (Status.TENTATIVE, Status.CONFIRMED, Status.CHECKED_IN, Status.ENDED)]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One feed of somebody's list. ``code`` is the room's or the institution's, ``name`` what people call it."""

    id: UUID
    scope: FeedScope
    code: str
    name: str
    digest: str
    created_at: datetime
    read_on: date | None


@dataclass(frozen=True, slots=True)
class FeedContents:
    """What a feed holds now. ``name`` is whose it is."""

    feed: CalendarFeed
    name: str
    events: Sequence[FeedEvent]
    duties: Sequence[FeedDuty]


async def feeds_of(person: Person) -> list[FeedRow]:
    """The feeds that somebody has, the newest first."""
    rows = CalendarFeed.filter(person_id=person.id, withdrawn_at=None).order_by("-created_at", "id")
    return [_row(feed) for feed in await rows.select_related("room", "institution")]


async def feed_row(feed_id: UUID) -> FeedRow:
    """One feed of a list."""
    return _row(await CalendarFeed.get(id=feed_id).select_related("room", "institution"))


def _row(feed: CalendarFeed) -> FeedRow:
    about = feed.room or feed.institution
    code, name = (about.code, about.name) if about else ("", "")
    return FeedRow(feed.id, feed.scope, code, name, feed.digest, feed.created_at, feed.read_on)


async def feed_by_secret(secret: str, now: datetime) -> CalendarFeed:
    """The feed with this secret, with its person, room and institution. Raises NotFound("feed.unknown"), also for one
    that was withdrawn, whose person is gone, or whose room keeps its times to itself by now.
    """
    feed = None
    if secret.isascii() and len(secret) <= SECRET_LENGTH:
        rows = CalendarFeed.filter(digest=digest_of(secret), withdrawn_at=None)
        feed = await rows.select_related("person__institution", "room", "institution").first()
    if feed is None or not is_open(feed.person.is_active, feed.person.active_until, now):
        raise NotFound("feed.unknown")
    if feed.room is not None and feed.room.visibility is Visibility.HIDDEN:
        raise NotFound("feed.unknown")
    return feed


async def etag_now(feed: CalendarFeed, now: datetime) -> str:
    """What changes when the feed does, without reading all of it. Of a Help Point room only what the feed shows counts:
    not even that something happened there leaves the house.
    """
    since, _ = window(now)
    about: list[object] = [feed.id, since, feed.person.role, feed.person.institution_id, feed.person.language]
    if feed.room is not None and feed.room.visibility not in HELP_POINT:
        return etag_of([*about, feed.room.revision, feed.room.name, feed.room.number])
    is_shy = Q(room__visibility__in=SHY) | Q(kind__in=list(VISITS))
    shy = _bookings(feed, now).filter(is_shy)
    about += await shy.order_by("id").values_list("id", "starts_at", "ends_at", "room__visibility")
    if feed.room is None:
        others = _bookings(feed, now).exclude(is_shy)
        about += await others.order_by("id").values_list("id", "revision", "room__number", "organizer__name")
    if feed.scope is FeedScope.ME:
        about += await _duties(feed, now).values_list(
            "id", "name", "starts_at", "ends_at", "room__number", "room__visibility"
        )
    return etag_of(about)


async def contents(feed: CalendarFeed, now: datetime) -> FeedContents:
    """What a feed of :func:`feed_by_secret` holds, in order of start."""
    viewer = viewer_of(feed.person)
    rows = _bookings(feed, now).order_by("starts_at", "id")
    columns = await rows.values_list(*COLUMNS, "created_at", "room__code", "room__number", "room__visibility")
    events = [_event(values, viewer, feed.digest) for values in columns]
    duties: list[FeedDuty] = []
    if feed.scope is FeedScope.ME:
        duties = [_duty(duty) for duty in await _duties(feed, now).select_related("room")]
    return FeedContents(feed, _name(feed), [event for event in events if event], duties)


def _name(feed: CalendarFeed) -> str:
    """Whose calendar it is. A room's name may tell what people come to it for, its code does not."""
    if feed.room is not None:
        return feed.room.code if feed.room.visibility in HELP_POINT else feed.room.name
    return (feed.institution or feed.person).name


def _event(values: tuple[Any, ...], viewer: Viewer, salt: str) -> FeedEvent | None:
    *columns, created_at, code, number, visibility = values
    return event_of(BookingRow(*columns), created_at, code, number, Visibility(visibility), viewer, salt)


def _duty(duty: Duty) -> FeedDuty:
    place = "" if duty.room.visibility in HELP_POINT else duty.room.number
    return FeedDuty(f"duty-{duty.id}", duty.name, place, duty.starts_at, duty.ends_at)


def _bookings(feed: CalendarFeed, now: datetime) -> QuerySet[Booking]:
    """By the index of the room, the organizer or the institution."""
    since, until = window(now)
    rows = Booking.filter(starts_at__gte=since, starts_at__lt=until, ends_at__gt=since, status__in=TOLD)
    if feed.scope is FeedScope.ROOM:
        return rows.filter(room_id=feed.room_id)
    if feed.scope is FeedScope.INSTITUTION:
        return rows.filter(institution_id=feed.institution_id)
    return rows.filter(organizer_id=feed.person_id)


def _duties(feed: CalendarFeed, now: datetime) -> QuerySet[Duty]:
    since, until = window(now)
    return Duty.filter(person_id=feed.person_id, ends_at__gt=since, starts_at__lt=until).order_by("starts_at", "id")
