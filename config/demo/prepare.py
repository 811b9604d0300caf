"""``izba demo``: the Help Point with a day laid around now, accounts to sign in with, sensors that live."""

import csv
import os
import random
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from config.demo.approvals import ask_for_the_boardroom
from config.demo.life import ACTOR, liven
from config.demo.lists import ALWAYS_OPEN, load_help_point
from config.demo.series import book_the_weekly_meeting
from config.settings import Settings
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.records import is_recorded, record
from registry.core.errors import Conflict
from registry.devices import presence_log
from registry.devices.models import Trace
from registry.devices.pairing import renew_keys
from registry.devices.queries import presence_sensors
from registry.duties.actions import lay
from registry.duties.rules import DutyRule
from registry.people.actions import issue_token, share_password
from registry.people.models import Person
from registry.people.queries import has_people, people_of, person_of_token
from registry.rooms.models import HELP_POINT, Room
from registry.rooms.queries import all_rooms

ZONE = ZoneInfo("Europe/Warsaw")
# one account of each role; the last of a role is the one that programs take
ACCOUNTS = (
    "konsultant1", "recepcja1", "koordynator", "ewidencja1", "ksiegowa", "iod", "admin", "adwokat1", "informatyk1",
    "ewidencja1", "czlonek1",
)  # fmt: skip
DATA = files("config.demo") / "data" / "help-point"


async def prepare(settings: Settings, now: datetime, is_lively: bool = False) -> dict[str, Any]:
    """Fill an empty register with the Help Point, lay the days around ``now``, and return what demo.json says. With
    ``is_lively`` somebody meets at any hour.

    Raises Conflict("demo.other_register") when the register is somebody's own.
    """
    if not await all_rooms():
        if not await has_people():  # what somebody began is not begun anew
            unfinished(settings).touch()
        await load_help_point(now, ACTOR)
        unfinished(settings).unlink(missing_ok=True)
    elif len(await people_of(ACCOUNTS)) < len(set(ACCOUNTS)):
        raise Conflict("demo.other_register", path=str(settings.data_dir))
    today = now.astimezone(ZONE).date()
    await _lay_duties(today, now)
    await _lay_bookings(today, now, is_lively)
    await ask_for_the_boardroom(today, ZONE, ACTOR, now)
    await book_the_weekly_meeting(today, ACTOR, now)
    if is_lively:
        await liven(now)
    path = settings.data_dir / "demo.json"
    access = _read(path)
    if access and any([await person_of_token(user["token"], now) for user in access["users"]]):
        access |= _addresses(settings)
        access["panels"] = [{**panel, "url": _moved(panel["url"], settings)} for panel in access["panels"]]
    else:
        access = {**_addresses(settings), "users": await _open_accounts(now), "panels": await _open_panels(settings)}
    _write(path, access)
    return access


def unfinished(settings: Settings) -> Path:
    """It is there while the register is filled, and after a start that was ended in the middle of it."""
    return settings.data_dir / "demo.unfinished"


def _addresses(settings: Settings) -> dict[str, str]:
    return {"base_url": settings.base_url, "mqtt_url": settings.broker_url}


def _moved(url: str, settings: Settings) -> str:
    return f"{settings.base_url}/panel/open/{url.rsplit('/', 1)[1]}"


def _read(path: Path) -> dict[str, Any] | None:
    """The access that an earlier start wrote, None if there is none to go on with."""
    try:
        access: dict[str, Any] = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return access if access.get("users") and access.get("panels") else None


def _write(path: Path, access: dict[str, Any]) -> None:
    """Whole or not at all, and for its owner alone."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as out:
        out.write(orjson.dumps(access, option=orjson.OPT_INDENT_2))
    fresh.replace(path)


async def _open_accounts(now: datetime) -> list[dict[str, str]]:
    """One password and a token each for the demo's accounts, new at each fresh start. The password is one because a
    hash that is slow to guess is slow to make: ten took most of the start.
    """
    password = secrets.token_urlsafe(9)
    await share_password(ACCOUNTS, password, ACTOR, now)
    return [
        {
            "login": person.login,
            "password": password,
            "role": str(person.role),
            "token": await issue_token(person.login, "demo", ACTOR, now),
        }
        for person in await people_of(ACCOUNTS)
    ]


async def _open_panels(settings: Settings) -> list[dict[str, str]]:
    """Give every door panel a key, so that its page can be opened at once."""
    keys = await renew_keys()
    return [{"room": room, "url": f"{settings.base_url}/panel/open/{key}"} for room, key in sorted(keys.items())]


def duty_rules() -> list[DutyRule]:
    """The roster of the Help Point, from duty_roster_rules.csv."""
    text = (DATA / "duty_roster_rules.csv").read_text(encoding="utf-8-sig")
    return [
        DutyRule(
            code=row["id"],
            name=row["dyzur"],
            room=row["pomieszczenie"],
            rrule=row["rrule"],
            starts=time.fromisoformat(row["od"]),
            ends=time.fromisoformat(row["do"]),
            people=_people(row["obsada"]),
            languages=row["jezyki"],
            skips_days_off=row["pomijaj_dni_wolne"] == "tak",
        )
        for row in csv.DictReader(text.splitlines(), delimiter=";")
    ]


def _people(cast: str) -> tuple[str, ...]:
    """``adwokat1-4 (rotacja tyg.)`` is four people, ``konsultant1, konsultant2`` two; a pool is nobody named."""
    listed: list[str] = []
    for part in cast.split("(")[0].split(","):
        name, dash, last = part.strip().partition("-")
        if dash and last.strip().isdigit():
            stem = name.rstrip("0123456789")
            listed += [f"{stem}{number}" for number in range(int(name[len(stem) :]), int(last) + 1)]
        elif name and name[-1].isdigit():
            listed.append(name)
    return tuple(listed)


async def _lay_duties(today: date, now: datetime) -> None:
    monday = today - timedelta(days=today.weekday())
    await lay(duty_rules(), monday - timedelta(days=7), monday + timedelta(days=20), ACTOR, now)


# room, weekdays, from, until, organizer, title or kind, people
DAYS: tuple[tuple[str, str, str, str, str, str, int], ...] = (
    ("ZW-01", "01234", "10:00", "12:00", "koordynator", "Narada Zespołu", 9),
    ("ZW-01", "13", "13:00", "14:30", "policjant1", "Ustalenia z partnerami", 8),
    ("ZW-01", "024", "13:30", "15:00", "czlonek1", "Zespół ds. prewencji", 12),
    ("ZW-02", "01234", "08:00", "09:30", "czlonek1", "Praca Zespołu", 4),
    ("ZW-02", "03", "13:30", "15:00", "czlonek4", "Przygotowanie szkolenia", 3),
    ("ZW-03", "01234", "08:30", "09:30", "czlonek2", "Odprawa", 5),
    ("ZW-03", "01234", "11:00", "12:30", "czlonek1", "Spotkanie zespołu", 8),
    ("ZW-03", "134", "13:00", "14:30", "konsultant1", "Superwizja konsultantów", 6),
    ("JA-120", "0123", "09:00", "10:15", "dyrektor", "Spotkanie kierownictwa", 14),
    ("JA-120", "34", "13:00", "15:00", "koordynator", "Szkolenie: współpraca z tłumaczem", 30),
    ("PP-03", "01234", "09:00", "10:00", "recepcja1", "consultation", 2),
    ("PP-03", "0124", "10:30", "11:30", "recepcja1", "consultation", 2),
    ("PP-04", "134", "11:00", "12:00", "recepcja2", "consultation", 2),
    ("PP-04", "34", "13:00", "14:00", "recepcja2", "consultation", 2),
    ("PP-05", "13", "10:30", "11:30", "funkcjonariusz1", "interview", 2),
    ("PP-06", "024", "09:00", "10:30", "koordynator", "interview", 3),
    ("PP-06", "13", "12:00", "13:00", "recepcja1", "interview", 2),
    ("PP-07", "0134", "08:00", "09:00", "koordynator", "family", 3),
    ("PP-07", "24", "13:00", "14:00", "recepcja1", "family", 4),
)


async def _lay_bookings(today: date, now: datetime, is_sensed: bool) -> None:
    """Last week and this one as an office would have booked them; what is past is over, one nobody came to. What runs
    is checked in only where simulated sensors stand for those who came.
    """
    monday = today - timedelta(days=today.weekday())
    people = {person.login: person for person in await people_of({line[4] for line in DAYS})}
    rooms = {room.code: room for room in await all_rooms()}
    plan: list[Booking] = []
    for offset in range(-7, 7):
        day = monday + timedelta(days=offset)
        since = datetime.combine(day, time.min, ZONE)
        if not await is_recorded("demo", since, since + timedelta(days=1)):
            plan += [_booking(line, day, rooms, people, now, is_sensed) for line in _lines(day, today)]
    bookings = await record(plan, list(rooms.values()), ACTOR, now)
    await _lay_traces(bookings, {room.id for room in rooms.values() if room.visibility not in HELP_POINT}, now)


def _lines(day: date, today: date) -> list[tuple[str, str, str, str, str, str, int]]:
    """What is planned on a day. At a weekend only the Team meets, where it is open at any hour, and only today, so that
    there is something to see.
    """
    if day.weekday() < 5:
        return [line for line in DAYS if str(day.weekday()) in line[1]]
    return [line for line in DAYS if line[0] in ALWAYS_OPEN and "3" in line[1]] if day == today else []


async def _lay_traces(bookings: Sequence[Booking], room_ids: Iterable[int], now: datetime) -> None:
    """What the sensors saw of the meetings that were held: people come and go a few minutes around the hours."""
    sensors = await presence_sensors(room_ids)
    traces = []
    for booking in (one for one in bookings if one.checked_in_at and one.checked_in_at <= now):
        chance = random.Random(str(booking.starts_at))  # noqa: S311  # a demo, not a secret
        for device in sensors.get(booking.room_id, []):
            since = booking.starts_at + timedelta(minutes=chance.uniform(-6, 4))
            until = min(booking.ends_at + timedelta(minutes=chance.uniform(-8, 2)), now)
            if since < until:
                traces.append(Trace(device_id=device.id, room_id=booking.room_id, since=since, until=until))
    await presence_log.record(traces)


def _booking(
    line: tuple[str, str, str, str, str, str, int],
    day: date,
    rooms: dict[str, Room],
    people: dict[str, Person],
    now: datetime,
    is_sensed: bool,
) -> Booking:
    code, _, begins, ends, login, what, attendees = line
    room, organizer = rooms[code], people[login]
    starts_at = datetime.combine(day, time.fromisoformat(begins), ZONE).astimezone(UTC)
    ends_at = datetime.combine(day, time.fromisoformat(ends), ZONE).astimezone(UTC)
    shy = room.visibility in HELP_POINT
    booking = Booking(
        room_id=room.id,
        organizer_id=organizer.id,
        institution_id=organizer.institution_id,
        title="" if shy else what,
        kind=Kind(what) if shy else Kind.TRAINING if what.startswith("Szkolenie") else Kind.MEETING,
        attendees=attendees,
        needs=["projector"] if code == "ZW-01" else [],
        source="demo",
        starts_at=starts_at,
        ends_at=ends_at,
        blocked_from=starts_at,
        blocked_to=ends_at + timedelta(minutes=room.cleanup_minutes),
        planned_ends_at=ends_at,
        created_at=now - timedelta(days=3),
    )
    if ends_at <= now:
        _live_through(booking, random.Random(f"{code}{starts_at.isoformat()}"))  # noqa: S311  # a demo, not a secret
    elif starts_at <= now and is_sensed:
        booking.status, booking.checked_in_at, booking.checked_in_by = Status.CHECKED_IN, starts_at, "sensor"
    return booking


def _live_through(booking: Booking, chance: random.Random) -> None:
    """What became of a booking that is over: most were held, some ended early, a few nobody came to."""
    booking.status, booking.checked_in_at, booking.checked_in_by = Status.ENDED, booking.starts_at, "sensor"
    if chance.random() < 0.12 and booking.kind is not Kind.CONSULTATION:
        booking.status, booking.checked_in_at, booking.checked_in_by = Status.RELEASED, None, ""
        booking.ends_at = booking.blocked_to = booking.starts_at + timedelta(minutes=10)
        booking.released_at, booking.release_reason = booking.ends_at, "no_show"
        booking.evidence = {"vacant_since": (booking.starts_at - timedelta(minutes=25)).isoformat(), "sensors": []}
