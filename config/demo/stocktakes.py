"""The demo's stocktakes: a room whose count is closed, with one of each difference, and one that is being counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from registry.assets.queries import assets_by_id
from registry.core.history import Actor
from registry.people.models import Person
from registry.people.queries import people_of
from registry.stocktakes.actions import NewArea, StocktakeOrder, close, order
from registry.stocktakes.counting import NewSighting, sight
from registry.stocktakes.models import Stocktake
from registry.stocktakes.rules import AreaKind, SeenCondition

CHAIR, SECOND, THIRD = "kominw1", "kominw2", "konsultant1"  # the last has a password in the demo
CLERK, CHAIR_NAME = "ewidencja1", "Krzesło konferencyjne z pulpitem"
CLOSED_ROOM, OPEN_ROOM, FLIPCHART = "ZW-03", "ZW-04", "Flipchart mobilny"
MISSING, BROKEN = 3, 8  # which of the chairs of the closed room
COUNTED = 8  # things of the other room so far


async def lay_stocktakes(pieces: Sequence[dict[str, Any]], actor: Actor, now: datetime) -> None:
    """Count the demo's rooms, with pieces as ``standing_pieces`` gives them."""
    people = {person.login: person for person in await people_of([CHAIR, SECOND, THIRD, CLERK])}
    then = now - timedelta(days=3)
    stocktake = await _ordered(CLOSED_ROOM, people[CLERK], actor, then)
    await _count_closed(stocktake, pieces, people, then)
    await close(stocktake.id, people[CHAIR], _acting(people[CHAIR]), then + timedelta(minutes=37))
    now -= timedelta(minutes=20)
    stocktake = await _ordered(OPEN_ROOM, people[CLERK], actor, now)
    for number, code in enumerate((await _codes(pieces, OPEN_ROOM))[:COUNTED]):
        person = people[(SECOND, THIRD)[number % 2]]
        await sight(stocktake.id, NewSighting(OPEN_ROOM, code), person, now + timedelta(minutes=number))


async def _ordered(room: str, person: Person, actor: Actor, now: datetime) -> Stocktake:
    wish = StocktakeOrder(
        (NewArea(AreaKind.ROOM, room),), (CHAIR, SECOND, THIRD), CHAIR, now.date(),
        basis="zarządzenie o inwentaryzacji", opens=True,
    )  # fmt: skip
    return await order(wish, person, actor, now)


async def _count_closed(
    stocktake: Stocktake, pieces: Sequence[dict[str, Any]], people: dict[str, Person], now: datetime
) -> None:
    """All but one chair; one that is broken, one without a label, and a flipchart of another room."""
    chairs = [piece["id"] for piece in pieces if (piece["room"], piece["name"]) == (CLOSED_ROOM, CHAIR_NAME)]
    here = [piece["id"] for piece in pieces if piece["room"] == CLOSED_ROOM and piece["id"] != chairs[MISSING]]
    away = next(piece["id"] for piece in pieces if piece["name"] == FLIPCHART and piece["room"] != CLOSED_ROOM)
    rows = {row["id"]: row["inventory_no"] or "" for row in await assets_by_id([*here, away])}
    wishes = [
        NewSighting(
            CLOSED_ROOM, code, condition=SeenCondition.DAMAGED if asset_id == chairs[BROKEN] else SeenCondition.OK,
            note="pęknięte oparcie" if asset_id == chairs[BROKEN] else "",
        )
        for asset_id, code in rows.items()
    ]  # fmt: skip
    wishes.append(NewSighting(CLOSED_ROOM, name="Krzesło z pulpitem, szare", note="bez etykiety"))
    for number, wish in enumerate(wishes):
        person = people[(SECOND, THIRD)[number % 2]]
        await sight(stocktake.id, wish, person, now + timedelta(minutes=number))


async def _codes(pieces: Sequence[dict[str, Any]], room: str) -> list[str]:
    ids = [piece["id"] for piece in pieces if piece["room"] == room]
    return [row["inventory_no"] for row in await assets_by_id(ids) if row["inventory_no"]]


def _acting(person: Person) -> Actor:
    return Actor(person.name, "web", person.id)
