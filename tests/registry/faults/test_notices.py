"""Whoever reported a fault hears that it is mended, and whoever gets one that it is theirs."""

import pytest

from registry.assets.transitions import TRANSITIONS, Answers
from registry.core.history import Actor
from registry.departures.actions import deactivate
from registry.departures.rules import LoadKind
from registry.faults.actions import NewReport, act_on, report
from registry.faults.asset_transitions import perform
from registry.faults.models import Fault, FaultAct, FaultState
from registry.outbox.models import Notice
from registry.people.models import Person
from tests.conftest import Database
from tests.make import NOW, make_asset, make_people, make_person, make_room


def of(person: Person) -> Actor:
    return Actor(person.name, "web", person.id)


async def kinds() -> list[tuple[str, int]]:
    return [(notice.kind, notice.person_id) for notice in await Notice.all().order_by("id")]


async def test_all_who_reported_it_hear_that_it_is_mended_but_who_mended_it(database: Database) -> None:
    alice, bob, _ = await make_people()
    facilities = await make_person(role="facilities")
    room = await make_room(code="A")
    for person in (alice, bob, facilities):
        filed = await report(NewReport(room.id, kind="light"), of(person), NOW)
    await act_on(FaultAct.TAKE, filed.fault.id, "", of(facilities), NOW)
    assert await kinds() == []
    await act_on(FaultAct.RESOLVE, filed.fault.id, "", of(facilities), NOW)
    assert await kinds() == [("fault.mended", alice.id), ("fault.mended", bob.id)]
    facts = (await Notice.all())[0].facts
    assert (facts["room"], facts["fault_kind"], "name" in facts) == ("A", "light", False)


async def test_a_thing_that_is_mended_tells_by_its_name(database: Database) -> None:
    alice, _, _ = await make_people()
    asset = await make_asset(name="Projektor", room=await make_room(code="A"))
    filed = await report(NewReport(asset_id=asset.id, text="x"), of(alice), NOW)
    facilities = await make_person(role="facilities")
    await act_on(FaultAct.RESOLVE, filed.fault.id, "", of(facilities), NOW)
    assert (await Notice.get()).facts["name"] == "Projektor"


@pytest.mark.parametrize("visibility", ["confidential", "hidden"])
async def test_out_of_a_shy_room_a_fault_is_a_number(database: Database, visibility: str) -> None:
    alice, _, _ = await make_people()
    room = await make_room(visibility=visibility)
    filed = await report(NewReport(room.id, kind="light"), of(alice), NOW)
    await act_on(FaultAct.RESOLVE, filed.fault.id, "", of(await make_person(role="facilities")), NOW)
    assert set((await Notice.get()).facts) == {"number"}


@pytest.mark.parametrize("way", [name for name, one in TRANSITIONS.items() if one.ends_possession])
async def test_of_what_has_gone_nobody_hears_that_it_is_mended(database: Database, way: str) -> None:
    alice, _, _ = await make_people()
    asset = await make_asset(room=await make_room())
    filed = await report(NewReport(asset_id=asset.id, text="x"), of(alice), NOW)
    await perform(way, asset.id, Answers(reason="zalane"), of(await make_person(role="admin")), NOW)
    assert (await Fault.get(id=filed.fault.id)).state is FaultState.RESOLVED
    assert await kinds() == []


async def test_who_takes_over_what_somebody_leaves_hears_of_it(database: Database) -> None:
    leaver, heir = [await make_person(role="facilities") for _ in range(2)]
    admin = await make_person(role="admin")
    await Fault.create(room=await make_room(), owner=leaver, state="taken", opened_at=NOW, changed_at=NOW)
    await deactivate(leaver.login, {LoadKind.FAULTS: heir.login}, of(admin), NOW)
    assert await kinds() == [("fault.assigned", heir.id)]
