"""The Help Point's own lists, brought in by the importer that users have, and the rules of its rooms."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from config.demo.approvals import name_approvers
from config.demo.categories import lay_categories
from config.demo.faults import lay_faults
from config.demo.numbers import number_pieces
from config.demo.papers import lay_papers
from config.demo.plans import lay_plan
from config.demo.sets import lay_sets
from config.demo.stocktakes import lay_stocktakes
from config.demo.views import save_views
from config.demo.works import lay_works
from registry.assets.queries import standing_pieces
from registry.assets.rules import feature_of, fold
from registry.assets.transitions import Answers
from registry.core.history import Actor
from registry.devices.intake import NewDevice, register_devices
from registry.devices.models import DeviceKind, Sensing
from registry.faults.asset_transitions import perform
from registry.grants.actions import NewGrant, add_grant
from registry.importing import cells
from registry.importing.cells import whole
from registry.importing.files import read
from registry.importing.lists import check_list, write_list
from registry.opening.actions import make_profile
from registry.opening.rules import NewProfile
from registry.people.queries import institutions_of
from registry.places.actions import RoomChanges, change_rooms
from registry.places.settings import RoomSettings
from registry.rooms.actions import set_standard
from registry.rooms.hours import Span
from registry.rooms.models import HELP_POINT, HoursPolicy, Room, RoomKind
from registry.rooms.queries import all_rooms
from registry.rooms.standards import StandardLine

DATA = Path(__file__).parent / "data" / "help-point"
LISTS = ("organizations.csv", "role_accounts.csv", "buildings.csv", "rooms.csv")
IN_REPAIR = "Projektor laserowy 5000 lm"

_WEEKDAYS = {"pn": 0, "wt": 1, "śr": 2, "czw": 3, "pt": 4, "sb": 5, "nd": 6}
_TEAM = "zespol"
_CLIENTS = "obsluga_klienta"
_TEAM_ROOMS = frozenset({"ZW-01", "ZW-02", "ZW-03", "JA-120"})
# the Team on call works here at any hour
ALWAYS_OPEN = frozenset({"ZW-02", "ZW-03"})
_PROFILES = {
    "obsluga_klienta": "Obsługa klientów", "urzad_praca": "Praca urzędu", "infolinia": "Infolinia", "zespol": "Zespół",
}  # fmt: skip
_HELP_POINT_INSTITUTIONS = ("KPUW-WSOC", "ORA", "OIRP", "SG", "KWP")
_TEAM_RULES: RoomSettings = {
    "hours_policy": HoursPolicy.ADVISORY, "check_in": True, "no_show_minutes": 10, "vacant_minutes": 15,
    "panel_books": True,
}  # fmt: skip
# what is furniture of the room rather than of a person's desk
_SEATS_AND_TABLES = ("krzeslo", "fotel", "stol", "sofa", "lawka", "mownica")
# suffix of a device's code, its kind, and how its name begins
_DEVICES = (
    ("occ", DeviceKind.PRESENCE, "czujnik obecnosci"),
    ("air", DeviceKind.AIR, "czujnik co2"),
    ("door", DeviceKind.DOOR_PANEL, "panel drzwiowy"),
)
_SENSING = (("mmwave", Sensing.MMWAVE), ("pir", Sensing.PIR), ("licznik", Sensing.COUNTER), ("co2", Sensing.CO2))


async def load_help_point(now: datetime, actor: Actor) -> None:
    """Fill an empty register: institutions, 43 role accounts without passwords, 21 rooms, a grant, 595 pieces.

    Raises RuntimeError if one of our own lists is refused in part.
    """
    for name in LISTS:
        await bring_in(name, actor, now)
    await _add_grant(actor, now)
    await bring_in("purchases.csv", actor, now, pieces=False)
    await bring_in("assets.csv", actor, now)
    await _room_rules(await _opening_profiles(actor, now), actor, now)
    pieces = await standing_pieces()
    await _standards(pieces, actor, now)
    await register_devices(list(_devices(pieces)), actor, now)
    for piece in pieces:
        if (piece["name"], piece["room"]) == (IN_REPAIR, "ZW-01"):
            await perform("send_to_repair", piece["id"], Answers(reason="serwis gwarancyjny"), actor, now)
    await lay_categories(pieces, actor, now)
    await lay_sets(pieces, actor, now)
    await lay_works(pieces, actor, now)
    await name_approvers(actor, now)
    await lay_plan(actor, now)
    await number_pieces(actor, now)
    await lay_papers(pieces, actor, now)
    await save_views(actor, now)
    await lay_stocktakes(pieces, actor, now)
    await lay_faults(now)


async def bring_in(name: str, actor: Actor, now: datetime, *, pieces: bool = True) -> None:
    """Import one of the lists, all of it."""
    report = await check_list(DATA / name)
    progress = await write_list(report, actor, now, pieces=pieces)
    if progress.refused_rows or not progress.records:
        faults = [problem.code for row in progress.refused_rows for problem in row.problems]
        raise RuntimeError(f"{name}: {len(progress.refused_rows)} rows refused: {sorted(set(faults))}")


def _table(name: str) -> Iterator[dict[str, str]]:
    rows = read(DATA / name)[0].rows()
    titles = [whole(cell) for cell in next(rows)[1]]
    for _, row in rows:
        yield dict(zip(titles, (whole(cell) for cell in row), strict=True))


async def _add_grant(actor: Actor, now: datetime) -> None:
    terms = {row["klucz"]: row["wartosc"] for row in _table("funding.csv")}
    grant = NewGrant(
        code=terms["numer_projektu"],
        name=terms["nazwa"],
        beneficiary=terms["beneficjent"],
        fund=terms["fundusz"],
        fund_en=terms["fundusz_en"],
        total=cells.amount(terms["wartosc_PLN"]),
        granted=cells.amount(terms["dofinansowanie_PLN"]),
        percent=cells.percent(terms["udzial_proc"])[0],
        started_on=cells.day(terms["start"]),
    )
    await add_grant(grant, actor, now)


async def _opening_profiles(actor: Actor, now: datetime) -> dict[str, int]:
    """The ids of the profiles by their codes."""
    weeks: dict[str, list[Span]] = {}
    for row in _table("working_hours.csv"):
        hours = Span(_WEEKDAYS[row["dzien"]], _minute(row["od"]), _minute(row["do"]))
        weeks.setdefault(row["profil"], []).append(hours)
    weeks[_TEAM] = [Span(weekday, 7 * 60, 20 * 60) for weekday in range(5)]
    return {
        code: (await make_profile(NewProfile(code, tuple(week), _PROFILES[code], code != _TEAM), actor, now)).id
        for code, week in weeks.items()
    }


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


async def _room_rules(profiles: dict[str, int], actor: Actor, now: datetime) -> None:
    partners = await institutions_of(_HELP_POINT_INSTITUTIONS)
    for room in await all_rooms():
        institutions = partners if room.bookable and room.code not in _TEAM_ROOMS else None
        await change_rooms([room.id], RoomChanges(room_rules(room, profiles), institutions), actor, now)


def room_rules(room: Room, profiles: dict[str, int]) -> RoomSettings:
    """How a room of the Help Point is booked: freely in the Team's rooms, strictly where clients are received."""
    rules: RoomSettings = {"max_days_ahead": 400, "opening_id": profiles["urzad_praca"]}
    if room.code in _TEAM_ROOMS:
        return {**rules, **_TEAM_RULES, "opening_id": None if room.code in ALWAYS_OPEN else profiles[_TEAM]}
    if room.bookable or room.kind in (RoomKind.RECEPTION, RoomKind.WC):
        rules = {**rules, "opening_id": profiles[_CLIENTS], "hours_policy": HoursPolicy.STRICT}
    if room.visibility in HELP_POINT and room.bookable:
        # those who come after one another do not meet
        rules["cleanup_minutes"] = 10
    return rules


async def _standards(pieces: Sequence[dict[str, Any]], actor: Actor, now: datetime) -> None:
    """What stands in a room now, of what a booking may need or people sit at, is what it should hold."""
    for room in await all_rooms():
        names = Counter(piece["name"] for piece in pieces if piece["room_id"] == room.id and piece["kst"] != "WNIP")
        lines = [
            StandardLine(name, quantity, feature_of(name))
            for name, quantity in names.items()
            if feature_of(name) or fold(name).startswith(_SEATS_AND_TABLES)
        ]
        if room.bookable and lines:
            await set_standard(room.id, lines, actor, now)


def _devices(pieces: Sequence[dict[str, Any]]) -> Iterator[NewDevice]:
    """The sensors and panels among the pieces, each called by its room: ZW-01-occ, ZW-01-occ-2."""
    counts: Counter[str] = Counter()
    for piece in pieces:
        words = fold(piece["name"])
        for suffix, kind, start in _DEVICES:
            if words.startswith(start):
                code = f"{piece['room']}-{suffix}"
                counts[code] += 1
                sensing = next((sensing for word, sensing in _SENSING if word in words), Sensing.NONE)
                number = f"-{counts[code]}" if counts[code] > 1 else ""
                yield NewDevice(f"{code}{number}", kind, sensing, piece["id"], piece["room_id"])
