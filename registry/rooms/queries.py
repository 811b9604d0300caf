"""Rooms, their hours and their zone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import holidays
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from registry.core.cache import Cache
from registry.core.errors import Conflict, NotFound
from registry.core.events import PlacesChanged
from registry.core.ids import may_be_name
from registry.core.statements import first_value
from registry.rooms.hours import Hours, Span, spans_on
from registry.rooms.models import Building, CalendarDay, OpeningProfile, Room, RoomKind, Site, StandardItem, Visibility

HOURS_SECONDS = 30.0
CODE_LENGTH = 40
BUILT_IN = ("step_free", "hearing_loop", "screen")


class RoomLine(NamedTuple):
    """What a list of a large house is narrowed and parted by, and what a choice of rooms says: a tenth of what it takes
    to read the rooms.
    """

    id: int
    code: str
    number: str
    name: str
    name_en: str
    building_id: int
    floor: int
    kind: RoomKind
    visibility: Visibility
    capacity: int
    bookable: bool
    step_free: bool
    hearing_loop: bool
    screen: bool


def is_code(text: str) -> bool:
    """Whether a text could be the code of a room, a site or a week of opening hours."""
    return may_be_name(text, CODE_LENGTH)


async def room_by_code(code: str) -> Room:
    """Raises NotFound("room.unknown")."""
    room = await room_or_none(code)
    if room is None:
        raise NotFound("room.unknown", room=code[:CODE_LENGTH])
    return room


async def rooms_of_codes(codes: Collection[str]) -> list[Room]:
    """The rooms with these codes."""
    return await Room.filter(code__in=list(codes)) if codes else []


async def room_or_none(code: str) -> Room | None:
    """The room with this code, with its building and site; None if there is none."""
    return await Room.get_or_none(code=code).select_related("building__site") if is_code(code) else None


async def room_as_typed(code: str) -> Room | None:
    """The room with this code, spaces and case aside; the code as it is as_typed before any other way."""
    if not is_code(code):
        return None
    as_typed = Room.filter(code__in=list({code, code.upper()})).select_related("building__site")
    rooms = {room.code: room for room in await as_typed}
    if rooms:
        return rooms.get(code) or rooms[code.upper()]
    key = "".join(code.split()).casefold()
    codes = await Room.all().values_list("code", flat=True)
    matches = [str(one) for one in codes if "".join(str(one).split()).casefold() == key]
    return await room_or_none(matches[0]) if len(matches) == 1 else None


async def open_room_by_code(code: str) -> Room:
    """The same of a room that is in use: where something is to go. Raises also Conflict("room.closed")."""
    room = await room_by_code(code)
    if room.closed_at is not None:
        raise Conflict("room.closed", room=room.code)
    return room


async def rooms_by_code() -> list[RoomLine]:
    """A line of every room in use, in the order of the codes: what a form offers."""
    return await room_lines("code")


async def sites_in_order() -> list[Site]:
    """Every site, by its code."""
    return await Site.all().order_by("code")


async def site_by_code(code: str, *, is_locked: bool = False) -> Site:
    """A site, with ``is_locked`` locked inside the caller's transaction. Raises NotFound("site.unknown")."""
    sites = Site.select_for_update() if is_locked else Site.all()
    site = await sites.get_or_none(code=code) if is_code(code) else None
    if site is None:
        raise NotFound("site.unknown", site=code[:CODE_LENGTH])
    return site


async def opening_by_code(code: str) -> OpeningProfile:
    """A named week of opening hours. Raises NotFound("opening.unknown")."""
    profile = await OpeningProfile.get_or_none(code=code) if is_code(code) else None
    if profile is None:
        raise NotFound("opening.unknown", profile=code[:CODE_LENGTH])
    return profile


async def rooms_by_id(ids: Collection[int]) -> list[Room]:
    """The rooms with these ids."""
    return await Room.filter(id__in=list(ids)) if ids else []


async def office_zone() -> ZoneInfo:
    """The zone of the office: of its first site. Kept for half a minute."""
    return await _zone.load(0, _load_office_zone)


async def office_day(now: datetime) -> date:
    """The day that it is in the office."""
    return now.astimezone(await office_zone()).date()


async def _load_office_zone() -> ZoneInfo:
    name = await first_value(Site.all().order_by("id"), "timezone")
    return ZoneInfo(str(name) if name else "Europe/Warsaw")


async def codes_of_rooms(ids: Collection[int]) -> dict[int, str]:
    """The codes of rooms by id."""
    return dict(await Room.filter(id__in=list(ids)).values_list("id", "code")) if ids else {}


async def has_rooms() -> bool:
    """Whether there is any room: the least that a database with our tables can answer."""
    return await Room.exists()


HOUSE_ORDER = ("building_id", "-floor", "number", "code")


async def all_rooms(*, with_closed: bool = False, at_most: int | None = None) -> list[Room]:
    """Every room in use with its building and site, in the order of the house; with the closed ones where asked, and
    the first of them where no more is wanted.
    """
    rooms = Room.all() if with_closed else Room.filter(closed_at__isnull=True)
    rooms = rooms.order_by(*HOUSE_ORDER)
    return await with_houses(rooms if at_most is None else rooms.limit(at_most))


async def room_lines(*order: str) -> list[RoomLine]:
    """A line of every room in use, in the order of the house where no other is asked for."""
    rooms = Room.filter(closed_at__isnull=True).order_by(*order or HOUSE_ORDER)
    return [RoomLine(*row) for row in await rooms.values_list(*RoomLine._fields)]


async def rooms_of_house(ids: Collection[int]) -> list[Room]:
    """The rooms with these ids, with their buildings and sites, in the order of the house."""
    return await with_houses(Room.filter(id__in=list(ids)).order_by(*HOUSE_ORDER)) if ids else []


async def addresses_of(building_ids: Collection[int]) -> dict[int, str]:
    """The addresses of buildings by id."""
    buildings = Building.filter(id__in=list(building_ids))
    return dict(await buildings.values_list("id", "address")) if building_ids else {}


async def rooms_on(building_id: int, floor: int) -> list[Room]:
    """The rooms in use on a floor with their building and site, in the order of the house."""
    rooms = Room.filter(building_id=building_id, floor=floor, closed_at__isnull=True)
    return await with_houses(rooms.order_by("number", "code"))


async def with_houses(rooms: QuerySet[Room]) -> list[Room]:
    """Many rooms with their buildings and sites, which are kept for a while: rooms of one building share it. To join
    both to each room takes twice as long. Nobody changes what is shared.
    """
    rows, houses, epoch = await rooms, _houses.get(0, {}), _houses.epoch
    if not all(room.building_id in houses for room in rows):
        buildings = {building.id: building for building in await Building.all().select_related("site")}
        houses = _houses.put(0, buildings, epoch)
    for room in rows:
        room.building = houses[room.building_id]  # read after its rooms, and no building is ever deleted
    return rows


async def revisions_of(ids: Collection[int]) -> dict[int, int]:
    """The revisions of rooms by id; one that is gone is not among them."""
    return dict(await Room.filter(id__in=list(ids)).values_list("id", "revision")) if ids else {}


async def unpublished_rooms() -> list[int]:
    """The ids of the rooms of which a newer revision than the published one is stored."""
    return [room.id for room in await Room.filter(published__lt=F("revision")).only("id")]


async def features_of(rooms: Iterable[Room]) -> dict[int, list[str]]:
    """What a booking may ask of each room, by room id: what is built in, and what its standard names."""
    features = {room.id: {name for name in BUILT_IN if getattr(room, name)} for room in rooms}
    items = StandardItem.filter(room_id__in=list(features)).exclude(feature="")
    for room_id, feature in await items.values_list("room_id", "feature"):
        features[room_id].add(feature)
    return {room_id: sorted(names) for room_id, names in features.items()}


@cache
def public_holidays(first_year: int, last_year: int) -> frozenset[date]:
    """Poland's days off by law; 24 December since 2025."""
    return frozenset(holidays.country_holidays("PL", years=range(first_year, last_year + 1)))


_houses: Cache[int, dict[int, Building]] = Cache(HOURS_SECONDS, outdated_by=PlacesChanged)
_zone: Cache[int, ZoneInfo] = Cache(HOURS_SECONDS, outdated_by=PlacesChanged)
_hours: Cache[tuple[int, int | None], Hours] = Cache(HOURS_SECONDS, outdated_by=PlacesChanged)


class HouseRoom(Protocol):
    """What decides when a room is open: its building and its profile."""

    @property
    def id(self) -> int: ...
    @property
    def building_id(self) -> int: ...
    @property
    def opening_id(self) -> int | None: ...


async def hours_of(room: HouseRoom) -> Hours:
    """A room's opening hours with holidays and the site's own days resolved. Kept for half a minute."""
    key = (room.building_id, room.opening_id)
    return await _hours.load(key, lambda: _load_hours(room))


async def hours_of_rooms(rooms: Sequence[Room]) -> dict[int, Hours]:
    """The opening hours of many rooms by their id. Rooms that share a building and a profile share one object."""
    by_profile: dict[tuple[int, int | None], Hours] = {}
    for room in rooms:
        key = (room.building_id, room.opening_id)
        if key not in by_profile:
            by_profile[key] = await hours_of(room)
    return {room.id: by_profile[room.building_id, room.opening_id] for room in rooms}


async def _load_hours(room: HouseRoom) -> Hours:
    # not by the room's row: what is only proposed for it is judged by other hours
    site = (await Building.get(id=room.building_id).select_related("site")).site
    profile = await OpeningProfile.get_or_none(id=room.opening_id) if room.opening_id else None
    days = await CalendarDay.filter(site_id=site.id).values_list("day", "is_open")
    spans, keeps_holidays = await _spans(profile), bool(profile and profile.closed_on_holidays)
    return hours_from(ZoneInfo(site.timezone), spans, keeps_holidays, dict(days))


def hours_from(zone: ZoneInfo, spans: tuple[Span, ...], keeps_holidays: bool, days: Mapping[date, bool]) -> Hours:
    """A week with the holidays, if it keeps them, and a site's own days: whether each is open."""
    is_open = {day for day, is_open in days.items() if is_open}
    closed = days.keys() - is_open | (public_holidays(2020, 2040) if keeps_holidays else set())
    return Hours(zone=zone, spans=spans, closed_on=frozenset(closed - is_open), open_on=frozenset(is_open))


def days_off(hours: Hours) -> frozenset[date]:
    """The days on which an office does not work, also where its rooms are open then: holidays, and its own."""
    return hours.closed_on | (public_holidays(2020, 2040) - hours.open_on)


async def _spans(profile: OpeningProfile | None) -> tuple[Span, ...]:
    if profile is None:
        return ()
    rows = await profile.spans.all().values_list("weekday", "opens", "closes", "valid_from", "valid_to")
    return tuple(Span(*row) for row in rows)


async def zone_of(room: Room) -> ZoneInfo:
    """The zone of the room's site."""
    return (await hours_of(room)).zone


def week(hours: Hours, monday: date) -> Iterable[tuple[date, list[tuple[int, int]]]]:
    """A week's opening in minutes of the local day, for the list on a closed door."""
    for offset in range(7):
        day = monday + timedelta(days=offset)
        spans = [] if day in hours.closed_on else spans_on(hours.spans, day)
        yield day, [(span.opens, span.closes) for span in spans]
