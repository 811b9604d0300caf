"""What a door of each class may show: a table over classes and states, no database."""

import csv
import dataclasses
import itertools
import json
import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.models import Kind, Status
from registry.bookings.state import RoomState, Slot, StateKind
from registry.doors import phrases
from registry.doors.queries import DoorRoom, door_view
from registry.doors.view import (
    Act,
    DoorState,
    DoorView,
    Elsewhere,
    OpenDoor,
    TimedDoor,
    TitledDoor,
    acts,
    guides,
    minutes_left,
    payload,
    texts,
)
from registry.rooms.hours import Hours, Span
from registry.rooms.models import Occupancy, Visibility

ZONE = ZoneInfo("Europe/Warsaw")
NOW = datetime(2026, 11, 24, 9, 42, 17, tzinfo=UTC)  # a Tuesday, 10:42 in Warsaw
MINUTE = timedelta(minutes=1)
ALWAYS = Hours(ZONE)
WEEK = Hours(ZONE, tuple(Span(weekday, 8 * 60, 15 * 60) for weekday in range(5)))
CANARY = "KANAREK-7f3a"
CLASSES = list(Visibility)
_numbers = itertools.count(1)
TELLING = ("confidential", "hidden", "internal", "public", "poufn", "class", "visibility")


def room(visibility: Visibility = Visibility.INTERNAL, **values: object) -> DoorRoom:
    is_neutral = visibility in (Visibility.CONFIDENTIAL, Visibility.HIDDEN)
    default: dict[str, object] = {
        "number": "1.01",
        "places": {language: f"Sala {language}" for language in phrases.LANGUAGES},
        "visibility": visibility,
        "is_neutral": is_neutral,
        "reception": "0.01" if is_neutral else "",
        "is_bookable": True,
        "panel_books": not is_neutral,
        "check_in": True,
        "setup": timedelta(0),
        "cleanup": timedelta(0),
        "shortest": 5 * MINUTE,
        "is_strict": False,
    }
    return DoorRoom(**default | values)  # type: ignore[arg-type]  # a test's defaults


def state(kind: StateKind, until: datetime | None = None, **values: object) -> RoomState:
    default: dict[str, object] = {
        "room": "ZW-01", "kind": kind, "occupancy": Occupancy.VACANT, "until": until, "next_starts_at": None,
        "check_in_until": None, "release_at": None, "booking_id": None, "ready": True, "revision": 7, "as_of": NOW,
    }  # fmt: skip
    return RoomState(**default | values)  # type: ignore[arg-type]  # a test's defaults


def slot(starts: int, ends: int, **values: object) -> Slot:
    """A booking by minutes from the begun minute of NOW."""
    base = NOW.replace(second=0)
    start, end = base + starts * MINUTE, base + ends * MINUTE
    default: dict[str, object] = {
        "id": UUID(int=next(_numbers)), "starts_at": start, "ends_at": end, "blocked_from": start, "blocked_to": end,
        "planned_ends_at": end, "status": Status.CONFIRMED, "kind": Kind.MEETING, "released_at": None,
        "release_reason": "", "title": CANARY,
    }  # fmt: skip
    return Slot(**default | values)  # type: ignore[arg-type]  # a test's defaults


RUNNING = slot(-27, 78, status=Status.CHECKED_IN)
LATER = slot(138, 228)
UNTIL = RUNNING.ends_at
EVERY_STATE = {
    StateKind.FREE: state(StateKind.FREE, LATER.starts_at),
    StateKind.SOON: state(StateKind.SOON, NOW + 8 * MINUTE),
    StateKind.AWAITING_CHECK_IN: state(StateKind.AWAITING_CHECK_IN, UNTIL, check_in_until=NOW + 8 * MINUTE),
    StateKind.IN_USE: state(StateKind.IN_USE, UNTIL),
    StateKind.IN_USE_UNBOOKED: state(StateKind.IN_USE_UNBOOKED, LATER.starts_at),
    StateKind.CLOSED: state(StateKind.CLOSED, NOW + 22 * 60 * MINUTE),
    StateKind.UNKNOWN: state(StateKind.UNKNOWN, LATER.starts_at),
}


def the_door(visibility: Visibility, kind: StateKind = StateKind.IN_USE) -> DoorView:
    bookings = [RUNNING, LATER] if kind in (StateKind.IN_USE, StateKind.AWAITING_CHECK_IN) else [LATER]
    return door_view(room(visibility), EVERY_STATE[kind], bookings, WEEK)


def fields(view: DoorView) -> set[str]:
    return {field.name for field in dataclasses.fields(view)}


@pytest.mark.parametrize(
    ("visibility", "kind", "has", "has_not"),
    [
        (Visibility.HIDDEN, DoorView, set(), {"until", "week", "day", "acts", "next_span", "title", "elsewhere"}),
        (Visibility.CONFIDENTIAL, TimedDoor, {"until", "week"}, {"day", "acts", "next_span", "title", "elsewhere"}),
        (Visibility.INTERNAL, OpenDoor, {"until", "day", "acts", "next_span"}, {"title"}),
        (Visibility.PUBLIC, TitledDoor, {"until", "day", "acts", "title"}, set()),
    ],
)
def test_each_class_has_its_own_type(visibility: Visibility, kind: type, has: set[str], has_not: set[str]) -> None:
    view = the_door(visibility)
    assert type(view) is kind
    assert fields(view) >= has
    assert not fields(view) & (has_not | {"organizer", "institution", "kind", "purpose", "attendees", "visibility"})


@pytest.mark.parametrize("kind", list(StateKind))
@pytest.mark.parametrize("visibility", CLASSES)
def test_nothing_of_a_meeting_leaves_but_a_public_title(visibility: Visibility, kind: StateKind) -> None:
    message = json.dumps(payload(the_door(visibility, kind), phrases.LANGUAGES), ensure_ascii=False)
    shows_title = visibility is Visibility.PUBLIC and kind in (StateKind.IN_USE, StateKind.AWAITING_CHECK_IN)
    assert (CANARY in message) is shows_title
    assert not any(word in message.lower() for word in (*TELLING, "consultation", "meeting_", "organizer"))


@pytest.mark.parametrize("kind", list(StateKind))
def test_a_hidden_door_has_no_times(kind: StateKind) -> None:
    view = the_door(Visibility.HIDDEN, kind)
    message = payload(view, phrases.LANGUAGES)
    assert message.pop("as_of")
    assert message["until"] is None
    assert message["day"] == []
    assert not re.search(r"\d\d:\d\d", json.dumps(message["texts"]).replace("{time}", ""))


@pytest.mark.parametrize("visibility", CLASSES)
def test_a_door_that_has_just_begun_to_listen_calls_no_sensor_silent(visibility: Visibility) -> None:
    unknown = state(StateKind.UNKNOWN, LATER.starts_at, occupancy_since=NOW - MINUTE, is_silent=True)
    silent, settling = (
        texts(door_view(room(visibility), one, [LATER], WEEK), "en")
        for one in (unknown, dataclasses.replace(unknown, is_settling=True, is_silent=False))
    )
    assert silent["until"].startswith("Sensor silent")
    assert settling["until"].startswith("Checking whether anybody is in")
    assert (visibility is Visibility.HIDDEN) == ("free by plan until" not in settling["until"])
    assert "No reading since" not in str(settling)
    assert (visibility is Visibility.HIDDEN) == ("No reading since" not in str(silent))
    assert settling["word"] == silent["word"] == "Please knock"


@pytest.mark.parametrize(("hour", "first", "last"), [(2, 3, 17), (9, 7, 17), (22, 7, 24)])
def test_now_is_on_the_band_of_the_day(hour: int, first: int, last: int) -> None:
    at = NOW.replace(hour=hour)  # an hour later in Warsaw
    view = door_view(room(), state(StateKind.FREE, as_of=at), [], ALWAYS)
    assert isinstance(view, OpenDoor)
    assert (view.day.first_hour, view.day.last_hour) == (first, last)


@pytest.mark.parametrize("visibility", CLASSES)
def test_a_help_point_door_does_not_count_what_it_does_not_show(visibility: Visibility) -> None:
    is_open = visibility in (Visibility.INTERNAL, Visibility.PUBLIC)
    assert payload(the_door(visibility), ("pl",))["revision"] == (7 if is_open else None)
    neutral = door_view(room(is_neutral=True, panel_books=False), state(StateKind.FREE), [], ALWAYS)
    assert payload(neutral, ("pl",))["revision"] is None, "or its number would tell it from its neighbours"


@pytest.mark.parametrize("kind", list(StateKind))
def test_a_confidential_door_says_until_and_no_more(kind: StateKind) -> None:
    view = the_door(Visibility.CONFIDENTIAL, kind)
    assert acts(view) == ()
    message = payload(view, ("pl",))
    assert message["day"] == []
    assert {action["command"] for action in message["actions"]} == {"report_fault"}
    # neither that somebody is expected nor that nobody booked can be told from the door
    assert view.state in (DoorState.FREE, DoorState.BUSY, DoorState.UNKNOWN, DoorState.CLOSED)


@pytest.mark.parametrize("kind", list(StateKind))
@pytest.mark.parametrize("visibility", CLASSES)
def test_every_language_fills_the_same_places(visibility: Visibility, kind: StateKind) -> None:
    view = the_door(visibility, kind)
    words_by_language = {language: texts(view, language) for language in phrases.LANGUAGES}
    assert len({frozenset(words) for words in words_by_language.values()}) == 1
    assert all(
        "{" not in text
        for words in words_by_language.values()
        for key, text in words.items()
        if not key.endswith("_at")
    )


def test_words_of_an_internal_door() -> None:
    lines = texts(the_door(Visibility.INTERNAL), "pl")
    assert (
        lines.items()
        >= {
            "word": "Zajęte",
            "until": "do 12:00",
            "more": "Spotkanie",
            "act": "Proszę nie przeszkadzać",
            "a1": "Przedłuż o 15 min",
            "a2": "Zakończ teraz",
            "date": "wtorek, 24 listopada",
            "day": "Dziś zajęte: 10:15–12:00, 13:00–14:30.",
        }.items()
    )


def test_a_free_room_offers_what_fits() -> None:
    free = state(StateKind.FREE, NOW + 40 * MINUTE)
    view = door_view(room(), free, [slot(40, 90)], ALWAYS)
    assert acts(view) == (Act("book", 15), Act("book", 30))
    with_cleanup = door_view(room(cleanup=15 * MINUTE), free, [slot(40, 90)], ALWAYS)
    assert acts(with_cleanup) == (Act("book", 15),)
    assert acts(door_view(room(panel_books=False), free, [], ALWAYS)) == ()
    assert acts(door_view(room(is_bookable=False), free, [], ALWAYS)) == ()
    assert acts(door_view(room(), free, [], ALWAYS, can_act=False)) == ()


def test_strict_hours_end_what_is_offered() -> None:
    evening = datetime(2026, 11, 24, 13, 20, tzinfo=UTC)  # 14:20, forty minutes before closing
    view = door_view(room(is_strict=True), state(StateKind.FREE, as_of=evening), [], WEEK)
    assert acts(view) == (Act("book", 15), Act("book", 30))


def test_extending_stops_where_somebody_follows() -> None:
    near = slot(82, 120)
    view = door_view(room(), state(StateKind.IN_USE, UNTIL), [RUNNING, near], ALWAYS)
    assert acts(view) == (Act("end"),)
    later = slot(83, 120)
    view = door_view(room(), state(StateKind.IN_USE, UNTIL), [RUNNING, later], ALWAYS)
    assert acts(view) == (Act("extend", 5), Act("end")), "as much as can be had"


@pytest.mark.parametrize("kind", [StateKind.IN_USE, StateKind.AWAITING_CHECK_IN, StateKind.CLOSED])
@pytest.mark.parametrize("visibility", CLASSES)
def test_a_door_that_goes_by_its_plan_says_since_when_nothing_is_seen(visibility: Visibility, kind: StateKind) -> None:
    """But not where clients are received: there it is by its plan, whatever the sensors say."""
    silent = dataclasses.replace(EVERY_STATE[kind], occupancy_since=NOW - 12 * MINUTE, is_silent=True)
    words_by_language = texts(door_view(room(visibility), silent, [RUNNING, LATER], WEEK), "en")
    is_open = visibility in (Visibility.PUBLIC, Visibility.INTERNAL)
    assert words_by_language.get("since") == ("No reading since 10:30" if is_open else None)
    speaking = dataclasses.replace(silent, is_silent=False)
    assert "since" not in texts(door_view(room(visibility), speaking, [RUNNING, LATER], WEEK), "en")


def test_who_comes_late_may_still_check_in() -> None:
    """A booking that was not given up, because nothing proved the room empty, is held for its people."""
    booking = slot(-25, 80, status=Status.CONFIRMED)
    view = door_view(room(), state(StateKind.IN_USE, UNTIL), [booking], ALWAYS)
    assert acts(view) == (Act("check_in"), Act("extend", 15), Act("end"))
    assert Act("check_in") not in acts(
        door_view(room(check_in=False), state(StateKind.IN_USE, UNTIL), [booking], ALWAYS)
    )


def test_waiting_offers_one_thing() -> None:
    view = the_door(Visibility.INTERNAL, StateKind.AWAITING_CHECK_IN)
    assert acts(view) == (Act("check_in"),)
    lines = texts(view, "pl")
    assert (lines["word"], lines["until"]) == ("Czekamy", "jeszcze 8 min")
    assert lines["more"] == "Bez potwierdzenia pokój zwolni się o 10:50"


def test_a_release_can_be_taken_back_at_the_door() -> None:
    gone = slot(-12, -2, status=Status.RELEASED, released_at=NOW - 2 * MINUTE, release_reason="no_show",
                 planned_ends_at=NOW + 60 * MINUTE)  # fmt: skip
    view = door_view(room(), state(StateKind.FREE), [gone], ALWAYS)
    assert acts(view)[0] == Act("check_in")
    assert texts(view, "en")["more"] == "Booking released – no check-in"
    after = door_view(room(), state(StateKind.FREE), [gone, slot(20, 50)], ALWAYS)
    assert Act("check_in") not in acts(after)


def test_guidance_never_invites() -> None:
    free = guides(the_door(Visibility.HIDDEN, StateKind.FREE))
    assert [guide.phrase for guide in free] == ["please_knock", "go_to_reception"]
    assert free[1].to == "0.01"
    own = door_view(room(Visibility.CONFIDENTIAL, number="0.01"), EVERY_STATE[StateKind.IN_USE], [], ALWAYS)
    assert [guide.phrase for guide in guides(own)] == ["please_wait"]


def test_help_point_doors_look_alike() -> None:
    assert not room(Visibility.INTERNAL, is_neutral=True, panel_books=False).is_open
    assert room(Visibility.INTERNAL, is_neutral=True, panel_books=True).is_open
    assert room(Visibility.INTERNAL).is_open


def test_an_unbooked_visit_has_no_end() -> None:
    for visibility in (Visibility.CONFIDENTIAL, Visibility.INTERNAL):
        view = the_door(visibility, StateKind.IN_USE_UNBOOKED)
        assert isinstance(view, TimedDoor)
        assert view.until is None
    assert texts(the_door(Visibility.INTERNAL, StateKind.IN_USE_UNBOOKED), "pl")["until"] == "bez rezerwacji"


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (datetime(2026, 11, 24, 17, 0, tzinfo=UTC), "do 18:00"),
        (datetime(2026, 11, 25, 9, 0, tzinfo=UTC), "do jutra, 10:00"),
        (datetime(2026, 11, 30, 9, 0, tzinfo=UTC), "do 10:00, pn 30.11"),
    ],
)
def test_until_on_other_days(until: datetime, words: str) -> None:
    view = door_view(room(), state(StateKind.CLOSED, until), [], WEEK)
    assert texts(view, "pl")["until"] == words


def test_a_room_that_is_free_overnight_is_free_until_tomorrow() -> None:
    tomorrow = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    view = door_view(room(), state(StateKind.FREE, tomorrow), [], ALWAYS)
    assert texts(view, "pl")["until"] == "do jutra"


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (NOW + 60 * MINUTE, "Wolne obok: 2.02, do 11:42"),
        (datetime(2026, 11, 26, 9, 0, tzinfo=UTC), "Wolne obok: 2.02"),
        (None, "Wolne obok: 2.02"),
    ],
)
def test_a_door_that_is_soon_taken_names_another_room(until: datetime | None, words: str) -> None:
    soon = EVERY_STATE[StateKind.SOON]
    view = door_view(room(), soon, [LATER], ALWAYS, elsewhere=Elsewhere("2.02", until))
    assert texts(view, "pl")["act"] == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (StateKind.SOON, "Booked from 13:00, awaits approval"),
        (StateKind.FREE, "Next booking: 13:00–14:30, awaits approval"),
    ],
)
def test_what_awaits_approval_is_said_and_lets_nobody_in(kind: StateKind, words: str) -> None:
    request = dataclasses.replace(LATER, status=Status.TENTATIVE)
    starts_soon = state(kind, request.starts_at, as_of=request.starts_at - 5 * MINUTE)
    view = door_view(room(Visibility.PUBLIC), starts_soon, [request], ALWAYS)
    assert texts(view, "en")["more"] == words
    assert "check_in" not in {act.command for act in acts(view)}
    assert CANARY not in json.dumps(payload(view, ("pl",)))
    shy = door_view(room(Visibility.CONFIDENTIAL), starts_soon, [request], ALWAYS)
    assert "approval" not in json.dumps(payload(shy, ("en",)))


def test_where_bookings_are_approved_nobody_books_at_the_door() -> None:
    assert "book" in {act.command for act in acts(door_view(room(), state(StateKind.FREE), [], ALWAYS))}
    view = door_view(room(is_asked=True), state(StateKind.FREE), [], ALWAYS)
    assert "book" not in {act.command for act in acts(view)}


def test_the_week_of_the_next_opening() -> None:
    friday_evening = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    monday = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
    holiday = dataclasses.replace(WEEK, closed_on=frozenset({date(2026, 12, 2)}))
    view = door_view(room(), state(StateKind.CLOSED, monday, as_of=friday_evening), [], holiday)
    assert isinstance(view, TimedDoor)
    assert [(day.weekday, day.is_next) for day in view.week] == [(1, True), (2, False), (4, False), (5, False)]
    assert view.week[0].spans == ((480, 900),)


def test_a_block_closes_the_door_and_says_so() -> None:
    block = slot(-10, 50, kind=Kind.BLOCK, title=CANARY)
    view = door_view(room(Visibility.PUBLIC), state(StateKind.CLOSED, block.ends_at), [block], ALWAYS)
    assert texts(view, "en")["more"] == "Room out of service"
    assert CANARY not in json.dumps(payload(view, ("pl",)))


def test_touching_meetings_are_one_bar() -> None:
    view = door_view(room(), state(StateKind.FREE), [slot(60, 90), slot(90, 120), slot(180, 200)], ALWAYS)
    assert isinstance(view, OpenDoor)
    assert len(view.day.busy) == 2


def test_a_begun_minute_counts() -> None:
    assert minutes_left(NOW + timedelta(seconds=61), NOW) == 2
    assert minutes_left(NOW - MINUTE, NOW) == 0


def test_every_phrase_in_every_language_with_the_same_places() -> None:
    with phrases.FILE.open(encoding="utf-8", newline="") as file:
        rows = {row.pop("key"): row for row in csv.DictReader(file, delimiter=";")}
    assert len(rows) > 80
    for key, row in rows.items():
        assert set(row) == set(phrases.LANGUAGES), key
        assert all(text and text == text.strip() for text in row.values()), key
        assert len({frozenset(re.findall(r"{(\w+)}", text)) for text in row.values()}) == 1, key
    assert set(phrases.REFUSED.values()) <= set(rows)
    assert all(phrases.phrases(language) == {key: row[language] for key, row in rows.items()} for language in row)


def test_languages_of_a_panel() -> None:
    assert phrases.panel_languages("uk, pl,xx,uk") == ("uk", "pl")
    assert phrases.panel_languages("xx") == phrases.LANGUAGES
