"""What a door shows, and nothing else: one type per class of room, each with only the fields that its class may show.

A hidden room's door is a DoorView: whether one may come in, and what to do. A confidential one is a TimedDoor: also
until when. An internal one is an OpenDoor: also the next booking, the day and what can be done. A public one, a
TitledDoor, also names the meeting. What a type has no field for cannot reach a panel, MQTT or a page's source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from registry.doors.phrases import raw, say

MINUTES_TO_BOOK = (15, 30, 60)
MINUTES_TO_EXTEND = 15
FAULTS = ("screen", "light", "temperature", "cleaning", "furniture", "network")


class DoorState(StrEnum):
    FREE = "free"
    SOON = "soon"
    CHECK_IN = "checkin"
    BUSY = "busy"
    OCCUPIED = "occupied"
    UNKNOWN = "unknown"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that the door offers: book, check_in, extend or end. ``minutes`` where it takes some."""

    command: str
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Guide:
    """What to do, as a phrase with a picture; ``to`` is the number of the room to go to."""

    phrase: str
    icon: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A weekday (1 = Monday) and its hours in minutes of the local day."""

    weekday: int
    spans: tuple[tuple[int, int], ...]
    is_next: bool


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another room that is free now."""

    number: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class DayStrip:
    """The day as a band: from the first hour to the last, and when it is taken."""

    first_hour: int
    last_hour: int
    starts_at: datetime
    taken: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView:
    """A door that says whether one may come in. No times, nobody, no purpose. ``is_settling``: the sensors speak, and
    Izba has not listened for long enough to say that nobody is there.
    """

    number: str
    places: Mapping[str, str] = field(hash=False)
    state: DoorState
    is_settling: bool = False
    reception: str = ""
    zone: ZoneInfo
    revision: int
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedDoor(DoorView):
    """A door that also says until when, and its week when it is closed."""

    until: datetime | None
    week: tuple[Opening, ...] = ()
    unknown_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor(TimedDoor):
    """A door that also shows its day and what can be done. Still nobody and no purpose."""

    day: DayStrip
    acts: tuple[Act, ...] = ()
    next_span: tuple[datetime, datetime] | None = None
    check_in_until: datetime | None = None
    elsewhere: Elsewhere | None = None
    released: str = ""
    is_out_of_service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TitledDoor(OpenDoor):
    """A door that also says what is on."""

    title: str = ""


WORDS = {
    DoorState.FREE: "free",
    DoorState.SOON: "free",
    DoorState.CHECK_IN: "waiting",
    DoorState.BUSY: "busy",
    DoorState.OCCUPIED: "busy",
    DoorState.UNKNOWN: "please_knock",
    DoorState.CLOSED: "closed",
}


def acts(view: DoorView) -> tuple[Act, ...]:
    """What this door lets anybody do."""
    return view.acts if isinstance(view, OpenDoor) else ()


def guides(view: DoorView) -> tuple[Guide, ...]:
    """What a visitor of a Help Point door should do. "Please come in" is an officer's to say, never derived."""
    if isinstance(view, OpenDoor) or view.state is DoorState.CLOSED:
        return ()
    first = {
        DoorState.FREE: Guide("please_knock", "knock"),
        DoorState.BUSY: Guide("please_wait", "wait"),
    }.get(view.state)
    return tuple(guide for guide in (first, to_reception(view)) if guide)


def to_reception(view: DoorView) -> Guide | None:
    """Where to ask, None where there is no reception or this is its own door."""
    has_another = view.reception and view.reception != view.number
    return Guide("go_to_reception", "bell", view.reception) if has_another else None


def texts(view: DoorView, language: str) -> dict[str, str]:
    """Every word of a door in one language, by the place where it stands; what a door does not show has no key."""
    word = say(WORDS[view.state], language)
    told = {
        **common(view, language),
        "word": word,
        "short": word,
        "until": _until(view, language),
        "title": view.title if isinstance(view, TitledDoor) else "",
        "more": _more(view, language),
        "since": _since(view, language),
        "act": _act(view, language),
        "day": _day(view, language) if isinstance(view, OpenDoor) else "",
        "link": say("offline_since", language, time=clock(view.as_of, view.zone)),
    }
    told.update((f"a{n}", act_word(act, language)) for n, act in enumerate(acts(view), 1))
    told.update((f"guide{n}", say(guide.phrase, language)) for n, guide in enumerate(guides(view), 1))
    if isinstance(view, TimedDoor):
        told.update((f"wd{n}", say(f"weekday_{day.weekday}", language)) for n, day in enumerate(view.week, 1))
    return {key: text for key, text in told.items() if text}


def common(view: DoorView, language: str) -> dict[str, str]:
    """What stands on every view of a door."""
    return {
        "place": view.places.get(language, ""),
        "date": long_date(view.as_of.astimezone(view.zone), language),
        "fault": say("fault", language),
        "choose": say("choose_language", language),
        "dontknow": say("dont_know", language),
        "link_at": raw("offline_since", language),
        "plan_at": raw("plan_since", language),
        **{f"f{n}": say(f"fault_{kind}", language) for n, kind in enumerate(FAULTS, 1)},
    }


def long_date(local: datetime, language: str) -> str:
    """wtorek, 24 listopada"""
    return _long_date(local.date(), language)


@lru_cache(64)
def _long_date(day: date, language: str) -> str:
    comma = "" if language == "en" else ","
    return str(format_date(day, f"EEEE{comma} d MMMM", locale="en_GB" if language == "en" else language))


def clock(at: datetime, zone: ZoneInfo) -> str:
    """08:05"""
    return at.astimezone(zone).strftime("%H:%M")


def act_word(act: Act, language: str) -> str:
    if act.command == "book":
        return say("minutes", language, n=act.minutes)
    if act.command == "extend":
        return say("extend_by", language, n=act.minutes)
    return say({"check_in": "check_in", "end": "end_now"}[act.command], language)


def minutes_left(until: datetime, now: datetime) -> int:
    """Whole minutes, the begun one counted."""
    return max(0, -int((now - until).total_seconds() // 60))


def _until(view: DoorView, language: str) -> str:
    until = view.until if isinstance(view, TimedDoor) else None
    if view.state is DoorState.UNKNOWN:
        phrase = "sensor_settling" if view.is_settling else "sensor_silent"
        if until and _same_day(until, view):
            return say(f"{phrase}_until", language, time=clock(until, view.zone))
        return say(phrase, language)
    if view.state is DoorState.OCCUPIED:
        return say("unbooked", language)
    if isinstance(view, OpenDoor) and view.check_in_until:
        return say("check_in_left", language, n=minutes_left(view.check_in_until, view.as_of))
    if until is None:
        return ""
    if view.state is DoorState.SOON:
        return say("minutes_left", language, n=minutes_left(until, view.as_of))
    return until_words(until, view, language)


def until_words(until: datetime, view: DoorView, language: str) -> str:
    """do 12:00 · do jutra, 10:00 · do 10:00, pn 30.11; a free room is simply free until tomorrow."""
    local, today = until.astimezone(view.zone), view.as_of.astimezone(view.zone).date()
    time = local.strftime("%H:%M")
    if local.date() == today:
        return say("until", language, time=time)
    if view.state is DoorState.FREE:
        return say("until_tomorrow", language)
    if local.date() == today + timedelta(days=1):
        return say("until_tomorrow_at", language, time=time)
    weekday = say(f"weekday_{local.isoweekday()}", language)
    return say("until_day", language, time=time, weekday=weekday, date=f"{local.day}.{local.month:02}")


def _same_day(at: datetime, view: DoorView) -> bool:
    return at.astimezone(view.zone).date() == view.as_of.astimezone(view.zone).date()


def _more(view: DoorView, language: str) -> str:
    if view.state is DoorState.CLOSED:
        is_out = isinstance(view, OpenDoor) and view.is_out_of_service
        return say("out_of_service" if is_out else "emergency_112", language)
    if view.state is DoorState.UNKNOWN:
        return _no_reading(view, language)
    if not isinstance(view, OpenDoor):
        return ""
    match view.state:
        case DoorState.FREE:
            return say(view.released, language) if view.released else _next(view, language)
        case DoorState.SOON:
            return say("booked_from", language, time=clock(view.until, view.zone)) if view.until else ""
        case DoorState.CHECK_IN if view.check_in_until:
            return say("released_at", language, time=clock(view.check_in_until, view.zone))
        case DoorState.BUSY | DoorState.CHECK_IN:
            named = isinstance(view, TitledDoor) and view.title
            return "" if named else say("meeting_generic", language)
    return _next(view, language)  # occupied, and nobody knows until when


def _since(view: DoorView, language: str) -> str:
    """Since when it is not known whether anybody is in, where the plan says what the door is all the same."""
    return "" if view.state is DoorState.UNKNOWN else _no_reading(view, language)


def _no_reading(view: DoorView, language: str) -> str:
    since = view.unknown_since if isinstance(view, TimedDoor) else None
    if since is None or not _same_day(since, view):
        return ""
    return say("no_reading_since", language, time=clock(since, view.zone))


def _next(view: OpenDoor, language: str) -> str:
    if view.next_span is None or not _same_day(view.next_span[0], view):
        return say("no_more_today", language)
    return say("next_at", language, time=span_words(view.next_span, view.zone))


def span_words(span: tuple[datetime, datetime], zone: ZoneInfo) -> str:
    """12:00–13:30"""
    return f"{clock(span[0], zone)}–{clock(span[1], zone)}"


def _act(view: DoorView, language: str) -> str:
    if not isinstance(view, OpenDoor):
        return ""
    if view.state is DoorState.BUSY:
        return say("do_not_disturb", language)
    if view.elsewhere:
        other = view.elsewhere
        if other.until and _same_day(other.until, view):
            time = clock(other.until, view.zone)
            return say("free_elsewhere_until", language, room=other.number, time=time)
        return say("free_elsewhere", language, room=other.number)
    books_only = view.acts and all(act.command == "book" for act in view.acts)
    return say("book_now", language) if books_only else ""


def _day(view: OpenDoor, language: str) -> str:
    if not view.day.taken:
        return say("day_free", language)
    return say("day_taken", language, spans=", ".join(span_words(span, view.zone) for span in view.day.taken))


def payload(view: DoorView, languages: Sequence[str]) -> dict[str, Any]:
    """The door as JSON, for ``izba/panels/<panel>/state``: every key always present, times as RFC 3339 in the site's
    offset. ``as_of`` and, while minutes are counted, ``texts`` differ with every minute; all else only with the room.
    ``revision`` is None for whoever sends it to fill in, where the room's own would count what the door does not show.
    """
    until = view.until if isinstance(view, TimedDoor) else None
    taken = view.day.taken if isinstance(view, OpenDoor) else ()
    return {
        "number": view.number,
        "state": view.state.value,
        "until": _iso(until, view.zone) if until else None,
        "texts": {language: _for_panels(texts(view, language)) for language in languages},
        "actions": [
            *({"command": act.command, "minutes": act.minutes} for act in acts(view)),
            *({"command": "report_fault", "kind": kind} for kind in FAULTS),
        ],
        "day": [{"from": _iso(start, view.zone), "to": _iso(end, view.zone)} for start, end in taken],
        "revision": view.revision if isinstance(view, OpenDoor) else None,
        "as_of": _iso(view.as_of, view.zone),
    }


def _for_panels(told: dict[str, str]) -> dict[str, str]:
    """Without what holds the moment: a retained state should change only when the door does."""
    return {key: text for key, text in told.items() if key not in ("link", "date")}


def _iso(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat()
