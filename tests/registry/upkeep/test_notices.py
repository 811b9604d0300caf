"""What ends within thirty days is told once: to who has it, or to who looks after the assets."""

from datetime import timedelta

from registry.outbox.models import Notice
from registry.upkeep.notices import tell_of_ends
from tests.conftest import Database
from tests.make import NOW, make_asset, make_person

TODAY = NOW.date()


async def test_what_ends_is_told_once_to_whoever_has_it(database: Database) -> None:
    alice, facilities = await make_person(), await make_person(role="facilities")
    await make_person(role="facilities", is_active=False)
    soon, later = TODAY + timedelta(days=20), TODAY + timedelta(days=40)
    for _ in range(2):
        await make_asset(name="Fotel", custodian=alice, warranty_until=soon)
    lamp = await make_asset(name="Lampa", durable_until=soon)
    await make_asset(name="Stół", custodian=alice, warranty_until=later)
    await make_asset(name="Szafa", custodian=alice, warranty_until=soon, lifecycle="disposed")
    assert await tell_of_ends(TODAY, NOW) == 2
    assert await tell_of_ends(TODAY, NOW) == 0
    chairs, lamps = await Notice.all().order_by("person_id")
    assert (chairs.kind, chairs.person_id, chairs.thing) == ("warranty.ending", alice.id, "due:")
    assert chairs.facts == {"name": "2 × Fotel", "day": soon.isoformat()}
    assert (lamps.kind, lamps.person_id) == ("durability.ending", facilities.id)
    assert (lamps.thing, lamps.facts["name"]) == (f"asset:{lamp.id}", "Lampa")


async def test_of_two_that_are_nearly_alike_each_is_told_of(database: Database) -> None:
    facilities, soon = await make_person(role="facilities"), TODAY + timedelta(days=20)
    await make_asset(name="Fotel", custodian=facilities, warranty_until=soon)
    await make_asset(name="Fotel", warranty_until=soon)
    for end in ("A", "B"):
        await make_asset(name="Fotel biurowy " + "obrotowy " * 8 + end, custodian=facilities, warranty_until=soon)
    await tell_of_ends(TODAY, NOW)
    assert await Notice.all().count() == 4
    assert await tell_of_ends(TODAY, NOW) == 0


async def test_nothing_ends(database: Database) -> None:
    assert await tell_of_ends(TODAY, NOW) == 0
