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

from registry.bookings.rules import EXTENSIONS
from registry.doors.phrases import Phrases, phrases

MINUTES_TO_BOOK = (15, 30, 60)
MINUTES_TO_EXTEND = EXTENSIONS
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
    """Something that the door offers: book, check_in, extend, end or undo. ``minutes`` where it takes some."""

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
    busy: tuple[tuple[datetime, datetime], ...]


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
    """A door that also says until when, its week when it is closed, and what whoever blocked it has for strangers, by
    language.
    """

    until: datetime | None
    week: tuple[Opening, ...] = ()
    public_text: Mapping[str, str] = field(default_factory=dict, hash=False)
    unknown_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor(TimedDoor):
    """A door that also shows its day and what can be done. Still nobody and no purpose. ``booking`` is what the acts
    are about, by a name that means nothing elsewhere; ``plan_revision`` counts the changes of the room's bookings;
    ``ways_to_end``: the proofs of which the end wants one.
    """

    day: DayStrip
    acts: tuple[Act, ...] = ()
    booking: str = ""
    plan_revision: int = 0
    ways_to_end: tuple[str, ...] = ()
    next_span: tuple[datetime, datetime] | None = None
    is_next_asked: bool = False  # it awaits approval
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
    words = phrases(language)
    word = words[WORDS[view.state]]
    lines = {
        **common(view, language),
        "word": word,
        "short": word,
        "until": _until(view, words),
        "title": _title(view, language),
        "more": _more(view, words),
        # since when it is not known whether anybody is in, where the plan says what the door is all the same
        "since": "" if view.state is DoorState.UNKNOWN else _no_reading(view, words),
        "act": _act(view, words) if isinstance(view, OpenDoor) else "",
        "day": _day(view, words) if isinstance(view, OpenDoor) else "",
        "link": words["offline_since"].format(time=f"{view.as_of.astimezone(view.zone):%H:%M}"),
    }
    lines.update((f"a{n}", act_word(act, words)) for n, act in enumerate(acts(view), 1))
    lines.update((f"guide{n}", words[guide.phrase]) for n, guide in enumerate(guides(view), 1))
    if isinstance(view, TimedDoor):
        lines.update((f"wd{n}", words[f"weekday_{day.weekday}"]) for n, day in enumerate(view.week, 1))
    return {key: text for key, text in lines.items() if text}


def common(view: DoorView, language: str) -> dict[str, str]:
    """What stands on every view of a door."""
    words = phrases(language)
    return {
        "place": view.places.get(language, ""),
        "date": _long_date(view.as_of.astimezone(view.zone).date(), language),
        "fault": words["fault"],
        "choose": words["choose_language"],
        "dontknow": words["dont_know"],
        # the page itself fills in the time
        "link_at": words["offline_since"],
        "plan_at": words["plan_since"],
        **{f"f{n}": words[f"fault_{kind}"] for n, kind in enumerate(FAULTS, 1)},
    }


def long_date(local: datetime, language: str) -> str:
    """wtorek, 24 listopada"""
    return _long_date(local.date(), language)


@lru_cache(64)
def _long_date(day: date, language: str) -> str:
    comma = "" if language == "en" else ","
    return str(format_date(day, f"EEEE{comma} d MMMM", locale="en_GB" if language == "en" else language))


def act_word(act: Act, words: Phrases) -> str:
    if act.command == "book":
        return words["minutes"].format(n=act.minutes)
    if act.command == "extend":
        return words["extend_by"].format(n=act.minutes)
    return words[{"check_in": "check_in", "end": "end_now", "undo": "undo"}[act.command]]


def minutes_left(until: datetime, now: datetime) -> int:
    """Whole minutes, the begun one counted."""
    return max(0, -int((now - until).total_seconds() // 60))


def _title(view: DoorView, language: str) -> str:
    """What is on, or why the door is closed: what was not written in this language is not told in another."""
    if isinstance(view, TitledDoor) and view.title:
        return view.title
    return view.public_text.get(language, "") if isinstance(view, TimedDoor) else ""


def _until(view: DoorView, words: Phrases) -> str:
    """do 12:00 · do jutra, 10:00 · do 10:00, pn 30.11; a free room is simply free until tomorrow."""
    today = view.as_of.astimezone(view.zone).date()
    until = view.until.astimezone(view.zone) if isinstance(view, TimedDoor) and view.until else None
    time = f"{until:%H:%M}" if until else ""
    if view.state is DoorState.UNKNOWN:
        phrase = "sensor_settling" if view.is_settling else "sensor_silent"
        return words[f"{phrase}_until"].format(time=time) if until and until.date() == today else words[phrase]
    if view.state is DoorState.OCCUPIED:
        return words["unbooked"]
    if isinstance(view, OpenDoor) and view.check_in_until:
        return words["check_in_left"].format(n=minutes_left(view.check_in_until, view.as_of))
    if until is None:
        return ""
    if view.state is DoorState.SOON:
        return words["minutes_left"].format(n=minutes_left(until, view.as_of))
    if until.date() == today:
        return words["until"].format(time=time)
    if view.state is DoorState.FREE:
        return words["until_tomorrow"]
    if until.date() == today + timedelta(days=1):
        return words["until_tomorrow_at"].format(time=time)
    weekday = words[f"weekday_{until.isoweekday()}"]
    return words["until_day"].format(time=time, weekday=weekday, date=f"{until.day}.{until.month:02}")


def _more(view: DoorView, words: Phrases) -> str:
    if view.state is DoorState.CLOSED:
        is_out = isinstance(view, OpenDoor) and view.is_out_of_service
        return words["out_of_service" if is_out else "emergency_112"]
    if view.state is DoorState.UNKNOWN:
        return _no_reading(view, words)
    if not isinstance(view, OpenDoor):
        return ""
    match view.state:
        case DoorState.FREE:
            return words[view.released] if view.released else _next(view, words)
        case DoorState.SOON:
            phrase = "asked_from" if view.is_next_asked else "booked_from"
            return words[phrase].format(time=f"{view.until.astimezone(view.zone):%H:%M}") if view.until else ""
        case DoorState.CHECK_IN if view.check_in_until:
            return words["released_at"].format(time=f"{view.check_in_until.astimezone(view.zone):%H:%M}")
        case DoorState.BUSY | DoorState.CHECK_IN:
            has_title = isinstance(view, TitledDoor) and view.title
            return "" if has_title else words["meeting_generic"]
    return _next(view, words)  # occupied, and nobody knows until when


def _no_reading(view: DoorView, words: Phrases) -> str:
    since = view.unknown_since.astimezone(view.zone) if isinstance(view, TimedDoor) and view.unknown_since else None
    if since is None or since.date() != view.as_of.astimezone(view.zone).date():
        return ""
    return words["no_reading_since"].format(time=f"{since:%H:%M}")


def _next(view: OpenDoor, words: Phrases) -> str:
    start, end = (at.astimezone(view.zone) for at in view.next_span or (view.as_of, view.as_of))
    if view.next_span is None or start.date() != view.as_of.astimezone(view.zone).date():
        return words["no_more_today"]
    return words["next_asked_at" if view.is_next_asked else "next_at"].format(time=f"{start:%H:%M}–{end:%H:%M}")


def span_words(span: tuple[datetime, datetime], zone: ZoneInfo) -> str:
    """12:00–13:30"""
    start, end = (at.astimezone(zone) for at in span)
    return f"{start:%H:%M}–{end:%H:%M}"


def _act(view: OpenDoor, words: Phrases) -> str:
    if view.state is DoorState.BUSY:
        return words["do_not_disturb"]
    if view.elsewhere:
        number, until = view.elsewhere.number, view.elsewhere.until
        until = until and until.astimezone(view.zone)
        if until and until.date() == view.as_of.astimezone(view.zone).date():
            return words["free_elsewhere_until"].format(room=number, time=f"{until:%H:%M}")
        return words["free_elsewhere"].format(room=number)
    books_only = view.acts and all(act.command == "book" for act in view.acts)
    return words["book_now"] if books_only else ""


def _day(view: OpenDoor, words: Phrases) -> str:
    spans = [(start.astimezone(view.zone), end.astimezone(view.zone)) for start, end in view.day.busy]
    if not spans:
        return words["day_free"]
    return words["day_taken"].format(spans=", ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in spans))


def payload(view: DoorView, languages: Sequence[str]) -> dict[str, Any]:
    """The door as JSON, for ``izba/panels/<panel>/state``: every key always present, times as RFC 3339 in the site's
    offset. ``as_of`` and, while minutes are counted, ``texts`` differ with every minute; all else only with the room.
    ``revision`` is None for whoever sends it to fill in, where the room's own would count what the door does not show.
    """
    until = view.until if isinstance(view, TimedDoor) else None
    open_view = view if isinstance(view, OpenDoor) else None
    busy_spans, booking = (open_view.day.busy, open_view.booking) if open_view else ((), "")
    ways = open_view.ways_to_end if open_view else ()
    return {
        "number": view.number,
        "state": view.state.value,
        "until": _iso(until, view.zone) if until else None,
        # without what holds the moment: a retained state should change only when the door does
        "texts": {
            language: {key: text for key, text in texts(view, language).items() if key not in ("link", "date")}
            for language in languages
        },
        "booking": booking or None,
        "actions": [
            *(
                {"command": act.command, "minutes": act.minutes}
                | ({"proof": list(ways)} if act.command == "end" and ways else {})
                for act in acts(view)
            ),
            *({"command": "report_fault", "kind": kind} for kind in FAULTS),
        ],
        "day": [{"from": _iso(start, view.zone), "to": _iso(end, view.zone)} for start, end in busy_spans],
        "revision": view.revision if isinstance(view, OpenDoor) else None,
        "as_of": _iso(view.as_of, view.zone),
    }


def _iso(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat()
