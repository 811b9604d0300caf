"""Faults are records: reported, joined, taken on, mended, opened again, with their things, on both databases."""

import asyncio

import pytest

from registry.assets.models import Asset, Condition
from registry.assets.transitions import Answers
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.history import SYSTEM, Actor, HistoryEntry
from registry.doors.actions import PanelCommand, panel_command
from registry.faults import asset_transitions
from registry.faults.actions import NewReport, act_on, report
from registry.faults.models import Fault, FaultAct, FaultEntry, FaultState
from registry.people.models import Person
from tests.conftest import Database
from tests.make import NOW, make_asset, make_panel, make_person, make_room

pytestmark = pytest.mark.anyio
DOOR = Actor("R-door", "panel")


def actor(person: Person) -> Actor:
    return Actor(person.name, "web", person.id)


async def test_what_somebody_reports_of_a_room_is_a_record(database: Database) -> None:
    room, person = await make_room(), await make_person()
    filed = await report(NewReport(room.id, text="Cieknie kaloryfer"), actor(person), NOW)
    fault = await Fault.get()
    assert (fault.id, filed.is_joined) == (filed.fault.id, False)
    assert (fault.state, fault.room_id, fault.asset_id, fault.text, fault.reports) == (
        FaultState.OPEN, room.id, None, "Cieknie kaloryfer", 1,
    )  # fmt: skip
    entry = await HistoryEntry.get(object=f"fault:{fault.id}")
    assert (entry.action, entry.reason, entry.person_id) == ("fault_reported", "Cieknie kaloryfer", person.id)
    of_room = await HistoryEntry.get(object=f"room:{room.id}")
    assert (of_room.action, of_room.reason) == ("fault_reported", "Cieknie kaloryfer")


async def test_a_second_report_of_the_same_joins_it(database: Database) -> None:
    room = await make_room()
    people = [await make_person() for _ in range(2)]
    lamps = [await report(NewReport(room.id, kind="light", text=text), actor(people[0]), NOW) for text in ("miga", "")]
    assert [(filed.is_joined, filed.fault.reports) for filed in lamps] == [(False, 1), (True, 2)]
    leaks = [await report(NewReport(room.id, text=text), actor(people[1]), NOW) for text in ("Cieknie", " cieknie ")]
    assert [(filed.is_joined, filed.fault.reports) for filed in leaks] == [(False, 1), (True, 2)]
    other = await report(NewReport(room.id, text="Iskrzy gniazdko"), actor(people[1]), NOW)
    assert not other.is_joined, "nobody says that it is the leak"
    elsewhere = await report(NewReport((await make_room()).id, kind="light"), DOOR, NOW)
    assert not elsewhere.is_joined
    assert await FaultEntry.filter(fault_id=lamps[0].fault.id).order_by("id").values_list("text", flat=True) == [
        "miga", "",
    ]  # fmt: skip


async def test_who_knows_which_fault_it_is_adds_to_it(database: Database) -> None:
    room, asset = await make_room(), await make_asset()
    for first, again in (
        (NewReport(room.id, text="Cieknie"), "kapie z sufitu"), (NewReport(asset_id=asset.id, text="dymi"), ""),
    ):  # fmt: skip
        fault = (await report(first, DOOR, NOW)).fault
        filed = await report(NewReport(text=again, fault_id=fault.id), DOOR, NOW)
        assert (filed.fault.id, filed.is_joined, filed.fault.reports) == (fault.id, True, 2)
        await act_on(FaultAct.RESOLVE, fault.id, "", SYSTEM, NOW)
        with pytest.raises(Conflict, match="is mended by now"):
            await report(NewReport(text=again, fault_id=fault.id), DOOR, NOW)
    with pytest.raises(NotFound):
        await report(NewReport(text="x", fault_id=999), DOOR, NOW)


async def test_two_at_once_report_one_fault(database: Database) -> None:
    room, asset = await make_room(), await make_asset()
    for new in (NewReport(room.id, kind="light"), NewReport(asset_id=asset.id, text="dymi")):
        filed = await asyncio.gather(*(report(new, DOOR, NOW) for _ in range(4)))
        assert len({one.fault.id for one in filed}) == 1
        assert (await Fault.get(id=filed[0].fault.id)).reports == 4
        assert sorted(one.is_joined for one in filed) == [False, True, True, True]


async def test_every_report_of_a_thing_stands_and_none_ends_its_repair(database: Database) -> None:
    asset, first, second = await make_asset(), await make_person(), await make_person()
    for person, text in ((first, "nie włącza się"), (second, "pęknięta szyba, iskrzy")):
        await asset_transitions.perform("report_fault", asset.id, Answers(reason=text), actor(person), NOW)
    await asset_transitions.perform("send_to_repair", asset.id, Answers(), actor(second), NOW)
    filed = await report(NewReport(asset_id=asset.id, text="nie ma go"), actor(first), NOW)
    assert (await Asset.get(id=asset.id)).condition == Condition.IN_REPAIR
    assert (filed.is_joined, filed.fault.reports, filed.fault.state) == (True, 3, FaultState.TAKEN)
    reasons = HistoryEntry.filter(object=f"asset:{asset.id}", action="fault_reported").order_by("seq")
    assert await reasons.values_list("reason", flat=True) == ["nie włącza się", "pęknięta szyba, iskrzy", "nie ma go"]
    assert await FaultEntry.filter(act=FaultAct.REPORT).order_by("id").values_list("person_id", flat=True) == [
        first.id, second.id, first.id,
    ]  # fmt: skip


async def test_a_fault_and_its_thing_go_together(database: Database) -> None:
    asset, clerk = await make_asset(room=await make_room()), await make_person(role="facilities")
    filed = await report(NewReport(asset_id=asset.id, text="dymi"), DOOR, NOW)
    by_clerk = await act_on(FaultAct.TAKE, filed.fault.id, "", actor(clerk), NOW)
    assert (by_clerk.state, by_clerk.owner_id) == (FaultState.TAKEN, clerk.id)
    mended = await act_on(FaultAct.RESOLVE, filed.fault.id, "wymieniony", actor(clerk), NOW)
    assert (mended.state, mended.resolved_at) == (FaultState.RESOLVED, NOW)
    assert (await Asset.get(id=asset.id)).condition == Condition.OK
    again = await act_on(FaultAct.REOPEN, filed.fault.id, "dymi dalej", actor(clerk), NOW)
    assert (again.state, again.owner_id, again.resolved_at) == (FaultState.OPEN, None, None)
    assert (await Asset.get(id=asset.id)).condition == Condition.FAULTY
    await asset_transitions.perform("mend", asset.id, Answers(reason="naprawiony"), actor(clerk), NOW)
    assert (await Fault.get()).state is FaultState.RESOLVED
    assert await HistoryEntry.filter(object=f"fault:{again.id}").order_by("seq").values_list("action", "reason") == [
        ("fault_reported", "dymi"), ("fault_taken", ""), ("fault_resolved", "wymieniony"),
        ("fault_reopened", "dymi dalej"), ("fault_resolved", "naprawiony"),
    ]  # fmt: skip


async def test_what_is_reported_after_the_repair_is_another_fault(database: Database) -> None:
    asset, clerk = await make_asset(), await make_person(role="facilities")
    first = await report(NewReport(asset_id=asset.id), DOOR, NOW)
    await act_on(FaultAct.RESOLVE, first.fault.id, "", actor(clerk), NOW)
    second = await report(NewReport(asset_id=asset.id), DOOR, NOW)
    assert second.fault.id != first.fault.id
    with pytest.raises(Conflict, match=r"see U/0000"):
        await act_on(FaultAct.REOPEN, first.fault.id, "", actor(clerk), NOW)


async def test_an_act_that_was_done_is_not_done_again(database: Database) -> None:
    room, clerk, colleague = await make_room(), await make_person(), await make_person()
    fault = (await report(NewReport(room.id, kind="light"), DOOR, NOW)).fault
    for _ in range(2):
        await act_on(FaultAct.TAKE, fault.id, "", actor(clerk), NOW)
    with pytest.raises(Conflict) as refused:
        await act_on(FaultAct.TAKE, fault.id, "", actor(colleague), NOW)
    assert (refused.value.code, refused.value.params["state"]) == ("fault.state", "taken")
    with pytest.raises(Conflict, match="meanwhile") as stale:
        await act_on(FaultAct.RESOLVE, fault.id, "", actor(colleague), NOW, if_revision=1)
    assert stale.value.code == "request.stale"
    for _ in range(2):
        await act_on(FaultAct.RESOLVE, fault.id, "", actor(colleague), NOW)
    assert (await Fault.get()).owner_id == clerk.id
    assert await FaultEntry.all().count() == 3
    with pytest.raises(NotFound):
        await act_on(FaultAct.TAKE, 999, "", actor(clerk), NOW)


async def test_a_fault_told_at_the_door_finds_the_one_thing_it_means(database: Database) -> None:
    room = await make_room()
    projector = await make_asset(name="Projektor laserowy", room=room)
    filed = [await report(NewReport(room.id, kind="screen"), DOOR, NOW) for _ in range(2)]
    assert [one.fault.asset_id for one in filed] == [projector.id] * 2
    assert [one.is_joined for one in filed] == [False, True]
    assert (await Asset.get(id=projector.id)).condition == Condition.FAULTY
    await make_asset(name="Projektor", room=room)
    await act_on(FaultAct.RESOLVE, filed[0].fault.id, "", SYSTEM, NOW)
    nobody_knows = await report(NewReport(room.id, kind="screen"), DOOR, NOW)
    assert nobody_knows.fault.asset_id is None, "there are two that work"
    with pytest.raises(NotFound):
        await report(NewReport(999, kind="light"), DOOR, NOW)


@pytest.mark.parametrize("visibility", ["internal", "hidden"])
async def test_a_tap_at_a_door_is_a_fault_once_and_nobodys(database: Database, visibility: str) -> None:
    room = await make_room(visibility=visibility)
    panel = await make_panel(room=room)
    for tap in ("tap-1", "tap-1", "tap-2"):
        assert await panel_command(panel, PanelCommand(tap, "report_fault", kind="light"), NOW) is None
    fault = await Fault.get()
    assert (fault.room_id, fault.kind, fault.state, fault.reports) == (room.id, "light", FaultState.OPEN, 2)
    entries = await FaultEntry.all().values_list("person_id", "source", "actor")
    assert set(entries) == {(None, "panel", panel.code)}


async def test_a_report_that_says_nothing_is_refused(database: Database) -> None:
    room = await make_room()
    with pytest.raises(Invalid, match="Say what is wrong"):
        await report(NewReport(room.id, text="  "), DOOR, NOW)
    with pytest.raises(Invalid, match="no kind of fault"):
        await report(NewReport(room.id, kind="weather"), DOOR, NOW)
    assert await Fault.all().count() == 0
