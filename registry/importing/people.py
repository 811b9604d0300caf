"""Writing imported rooms, buildings, people and institutions."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from registry.assets.rules import fold
from registry.core import history
from registry.core.history import Actor
from registry.importing.rows import Row
from registry.people.models import Institution, Person
from registry.rooms.lock import changing
from registry.rooms.models import Building, Room, Site

Added = Callable[[list[Row], int], Awaitable[None]]  # awaited at the end of the transaction that wrote these rows
Writer = Callable[[list[Row], Actor, datetime, Added], Awaitable[None]]


async def write_institutions(batch: list[Row], actor: Actor, now: datetime, added: Added) -> None:
    async with changing():
        await Institution.bulk_create([Institution(**_filled(row)) for row in batch])
        await _tell("institution", batch, "code", actor, now)
        await added(batch, len(batch))


async def write_people(batch: list[Row], actor: Actor, now: datetime, added: Added) -> None:
    """Accounts without a password: nobody can sign in to them until one is set."""
    async with changing():
        people = []
        for row in batch:
            values = _filled(row, without="institution")
            people.append(Person(**values, institution_id=row.refs.get("institution_id"), created_at=now))
        await Person.bulk_create(people)
        await _tell("person", batch, "login", actor, now)
        await added(batch, len(batch))


async def write_buildings(batch: list[Row], actor: Actor, now: datetime, added: Added) -> None:
    """Buildings of a new town make a site for it."""
    async with changing():
        sites = {site.name: site.id for site in await Site.all()}
        for row in batch:
            town = row.values.get("town") or row.values["address"].split(",")[0]
            if town not in sites:
                sites[town] = (await Site.create(code=fold(town).replace(" ", "-"), name=town)).id
            await Building.create(**_filled(row, without="town"), site_id=sites[town])
        await _tell("building", batch, "code", actor, now)
        await added(batch, len(batch))


async def write_rooms(batch: list[Row], actor: Actor, now: datetime, added: Added) -> None:
    async with changing():
        rooms = [Room(**_filled(row, without="building"), building_id=row.refs["building_id"]) for row in batch]
        for room in rooms:
            room.number = room.number or room.code
        await Room.bulk_create(rooms)
        await _tell("room", batch, "code", actor, now)
        await added(batch, len(batch))


def _filled(row: Row, without: str = "") -> dict[str, Any]:
    return {key: value for key, value in row.values.items() if key != without and value not in (None, "")}


async def _tell(noun: str, batch: list[Row], key: str, actor: Actor, now: datetime) -> None:
    model = {"institution": Institution, "person": Person, "building": Building, "room": Room}[noun]
    keys = [row.values[key] for row in batch]
    ids = dict(await model.filter(**{f"{key}__in": keys}).values_list(key, "id"))
    told = [(f"{noun}:{ids[row.values[key]]}", row.as_record()["values"]) for row in batch]
    await history.write_new(told, "imported", actor, now)


WRITERS: dict[str, Writer] = {
    "institutions": write_institutions,
    "people": write_people,
    "buildings": write_buildings,
    "rooms": write_rooms,
}
