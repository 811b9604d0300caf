"""The Help Point's own lists, brought in by the importer that users have, and the rules of its rooms."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from registry.assets import actions
from registry.assets.models import Asset
from registry.assets.rules import feature_of, fold
from registry.assets.transitions import Answers
from registry.core import history
from registry.core.history import Actor
from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.occupancy import HOLD_SECONDS
from registry.grants.actions import NewGrant, add_grant
from registry.importing import cells
from registry.importing.cells import whole
from registry.importing.files import read
from registry.importing.lists import check_list, write_list
from registry.people.models import Institution
from registry.rooms.lock import changing
from registry.rooms.models import (
    HoursPolicy,
    OpeningProfile,
    OpeningSpan,
    Room,
    RoomKind,
    StandardItem,
    Visibility,
)  # fmt: skip

DATA = Path(__file__).parent / "data" / "help-point"
LISTS = ("organizations.csv", "role_accounts.csv", "buildings.csv", "rooms.csv")
IN_REPAIR = "Projektor laserowy 5000 lm"

_WEEKDAYS = {"pn": 0, "wt": 1, "śr": 2, "czw": 3, "pt": 4, "sb": 5, "nd": 6}
_TEAM = "zespol"
_CLIENTS = "obsluga_klienta"
_TEAM_ROOMS = frozenset({"ZW-01", "ZW-02", "ZW-03", "JA-120"})
# the Team on call works here at any hour
_ALWAYS_OPEN = frozenset({"ZW-02", "ZW-03"})
_HELP_POINT_INSTITUTIONS = ("KPUW-WSOC", "ORA", "OIRP", "SG", "KWP")
_TEAM_RULES: dict[str, Any] = {
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
    async with changing():
        profiles = await _opening_profiles()
        await _room_rules(profiles, actor, now)
        await _standards()
        await _devices(actor, now)
    for asset in await Asset.filter(name=IN_REPAIR, room__code="ZW-01"):
        await actions.perform("send_to_repair", asset.id, Answers(reason="serwis gwarancyjny"), actor, now)


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
    told = {row["klucz"]: row["wartosc"] for row in _table("funding.csv")}
    grant = NewGrant(
        code=told["numer_projektu"],
        name=told["nazwa"],
        beneficiary=told["beneficjent"],
        fund=told["fundusz"],
        fund_en=told["fundusz_en"],
        total=cells.amount(told["wartosc_PLN"]),
        granted=cells.amount(told["dofinansowanie_PLN"]),
        percent=cells.percent(told["udzial_proc"])[0],
        started_on=cells.day(told["start"]),
    )
    await add_grant(grant, actor, now)


async def _opening_profiles() -> dict[str, int]:
    spans = [(row["profil"], _WEEKDAYS[row["dzien"]], _minute(row["od"]), _minute(row["do"]))
             for row in _table("working_hours.csv")]  # fmt: skip
    spans += [(_TEAM, weekday, 7 * 60, 20 * 60) for weekday in range(5)]
    profiles: dict[str, int] = {}
    for code in dict.fromkeys(span[0] for span in spans):
        profiles[code] = (await OpeningProfile.create(code=code, closed_on_holidays=code != _TEAM)).id
    await OpeningSpan.bulk_create(
        [OpeningSpan(profile_id=profiles[code], weekday=day, opens=opens, closes=closes)
         for code, day, opens, closes in spans]
    )  # fmt: skip
    return profiles


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


async def _room_rules(profiles: dict[str, int], actor: Actor, now: datetime) -> None:
    allowed = await Institution.filter(code__in=_HELP_POINT_INSTITUTIONS)
    for room in await Room.all().order_by("id"):
        rules = room_rules(room, profiles)
        await Room.filter(id=room.id).update(**rules)
        if room.bookable and room.code not in _TEAM_ROOMS:
            await room.institutions.add(*allowed)
        told = {key: str(value) for key, value in rules.items()}
        await history.write(f"room:{room.id}", "rules_set", actor, now, after=told)


def room_rules(room: Room, profiles: dict[str, int]) -> dict[str, Any]:
    """How a room of the Help Point is booked: freely in the Team's rooms, strictly where clients are received."""
    rules: dict[str, Any] = {"max_days_ahead": 400, "opening_id": profiles["urzad_praca"]}
    if room.code in _TEAM_ROOMS:
        return rules | _TEAM_RULES | {"opening_id": None if room.code in _ALWAYS_OPEN else profiles[_TEAM]}
    if room.bookable or room.kind in (RoomKind.RECEPTION, RoomKind.WC):
        rules |= {"opening_id": profiles[_CLIENTS], "hours_policy": HoursPolicy.STRICT}
    if room.visibility in (Visibility.CONFIDENTIAL, Visibility.HIDDEN) and room.bookable:
        # those who come after one another do not meet
        rules["cleanup_minutes"] = 10
    return rules


async def _standards() -> None:
    found = Asset.filter(room__bookable=True).exclude(kst="WNIP").order_by("id")
    counted = Counter(await found.values_list("room_id", "name"))
    await StandardItem.bulk_create(
        [StandardItem(room_id=room, name=name, feature=feature_of(name), quantity=quantity)
         for (room, name), quantity in counted.items() if feature_of(name) or fold(name).startswith(_SEATS_AND_TABLES)]
    )  # fmt: skip


async def _devices(actor: Actor, now: datetime) -> None:
    standing: Counter[str] = Counter()
    devices = []
    for pk, name, room_id, room in await Asset.all().order_by("id").values_list("id", "name", "room_id", "room__code"):
        found = next((one for one in _DEVICES if fold(name).startswith(one[2])), None)
        if found and room:
            suffix, kind, _ = found
            code = f"{room}-{suffix}"
            standing[code] += 1
            code = code if standing[code] == 1 else f"{code}-{standing[code]}"
            devices.append(_device(code, kind, name, pk, room_id))
    await Device.bulk_create(devices)
    ids = dict(await Device.all().values_list("code", "id"))
    told = [(f"device:{ids[one.code]}", {"code": one.code, "asset_id": one.asset_id}) for one in devices]
    await history.write_new(told, "added", actor, now)


def _device(code: str, kind: DeviceKind, name: str, asset_id: int, room_id: int) -> Device:
    words = fold(name)
    sensing = next((sensing for word, sensing in _SENSING if word in words), Sensing.NONE)
    hold = HOLD_SECONDS.get(sensing, 300)
    return Device(code=code, kind=kind, sensing=sensing, asset_id=asset_id, room_id=room_id, hold_seconds=hold)
