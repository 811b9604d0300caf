"""A site, its first building and a first room: what they must be like, and how they come in. The writing ones work
inside the caller's transaction.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TypeVar
from zoneinfo import available_timezones

from tortoise.exceptions import IntegrityError

from registry.core import history
from registry.core.errors import N_, Conflict, Invalid, Reason, Refusal
from registry.core.folding import latin_code
from registry.core.history import Actor
from registry.rooms.models import Building, Room, RoomKind, Site, Visibility
from registry.rooms.rules import FLOORS, SEATS

Place = TypeVar("Place", Site, Building)
# a room's code is a level of MQTT topics and of addresses
CODE = re.compile(r"[\w.-]{1,40}")


@dataclass(frozen=True, slots=True)
class NewSite:
    """Where buildings stand together, and by which clock."""

    code: str
    name: str
    timezone: str = "Europe/Warsaw"

    def faults(self) -> dict[str, Refusal]:
        """What is wrong, by field."""
        faults = _named(self.code, self.name, 120)
        if self.timezone not in zones():
            faults["timezone"] = Invalid("site.bad_timezone", given=self.timezone[:60])
        return faults


@dataclass(frozen=True, slots=True)
class NewBuilding:
    """A house at an address."""

    code: str
    address: str
    note: str = ""
    step_free: bool = False

    def faults(self) -> dict[str, Refusal]:
        """What is wrong, by field."""
        faults = _named(self.code, self.address, 200, "address")
        if len(self.note) > 200:
            faults["note"] = _too_long("note", 200)
        return faults


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A room as it is when it comes in; its rules of booking are set later."""

    code: str
    name: str
    number: str = ""
    floor: int = 0
    kind: str = RoomKind.MEETING.value
    capacity: int = 0
    visibility: str = Visibility.INTERNAL.value
    bookable: bool = True

    def faults(self) -> dict[str, Refusal]:
        """What is wrong, by field."""
        faults = _named(self.code, self.name, 120)
        if len(self.number) > 20:
            faults["number"] = _too_long("number", 20)
        for field, number, bounds in (("floor", self.floor, FLOORS), ("capacity", self.capacity, SEATS)):
            if not bounds.least <= number <= bounds.most:
                reason = Reason(N_("it is not between {least} and {most}"), least=bounds.least, most=bounds.most)
                faults[field] = _bad(field, reason)
        for field, value, words in (("kind", self.kind, RoomKind), ("visibility", self.visibility, Visibility)):
            if value not in set(words):
                faults[field] = _bad(field, Reason(N_("it is none of the known words")))
        return faults


def code_of(name: str) -> str:
    """A code for a place of this name: ``lodz-centrum`` for Łódź Centrum."""
    return latin_code(name, 40, ".")


@cache
def zones() -> frozenset[str]:
    """The time zones that this machine knows by a place, like Europe/Warsaw."""
    return frozenset(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/")))


def _named(code: str, name: str, longest: int, field: str = "name") -> dict[str, Refusal]:
    faults: dict[str, Refusal] = {}
    if not CODE.fullmatch(code):
        faults["code"] = Invalid("place.bad_code", code=code[:80])
    if not name.strip():
        faults[field] = Invalid("request.missing_field", field=field)
    elif len(name) > longest:
        faults[field] = _too_long(field, longest)
    return faults


def _too_long(field: str, limit: int) -> Refusal:
    return _bad(field, Reason(N_("it is longer than {limit} characters"), limit=limit))


def _bad(field: str, reason: Reason) -> Refusal:
    return Invalid("request.bad_field", field=field, reason=reason)


async def open_site(new: NewSite, actor: Actor, now: datetime) -> Site:
    """Add a site. Raises Invalid for what its ``faults`` tell, Conflict("place.code_taken")."""
    _check(new)
    site = await _created(Site(code=new.code, name=new.name.strip(), timezone=new.timezone), new.code)
    after = {"code": site.code, "name": site.name, "timezone": site.timezone}
    await history.write_new([(f"site:{site.id}", after)], "added", actor, now)
    return site


async def open_building(new: NewBuilding, site_id: int, actor: Actor, now: datetime) -> Building:
    """Add a building to a site. Raises as ``open_site``."""
    _check(new)
    row = Building(
        code=new.code, address=new.address.strip(), note=new.note.strip(), step_free=new.step_free, site_id=site_id
    )
    building = await _created(row, new.code)
    after = {"code": building.code, "address": building.address, "site_id": site_id}
    await history.write_new([(f"building:{building.id}", after)], "added", actor, now)
    return building


async def open_room(new: NewRoom, building_id: int, actor: Actor, now: datetime) -> Room:
    """Add a room to a building. Raises as ``open_site``, but Conflict("room.exists")."""
    _check(new)
    row = Room(
        code=new.code,
        name=new.name.strip(),
        number=new.number.strip() or new.code[:20],
        floor=new.floor,
        kind=RoomKind(new.kind),
        capacity=new.capacity,
        visibility=Visibility(new.visibility),
        bookable=new.bookable,
        building_id=building_id,
    )
    try:
        await row.save(force_create=True)
    except IntegrityError as fault:
        raise Conflict("room.exists", room=new.code) from fault
    after = {"code": row.code, "name": row.name, "number": row.number, "kind": row.kind, "visibility": row.visibility}
    await history.write_new([(f"room:{row.id}", after)], "added", actor, now)
    return row


def _check(new: NewSite | NewBuilding | NewRoom) -> None:
    for fault in new.faults().values():
        raise fault


async def _created(row: Place, code: str) -> Place:
    try:
        await row.save(force_create=True)
    except IntegrityError as fault:
        raise Conflict("place.code_taken", code=code) from fault
    return row
