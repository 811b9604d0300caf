"""The table of transitions, and taking one or many assets through it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from registry.assets import actions
from registry.assets.models import Asset, Condition, Lifecycle
from registry.assets.transitions import (
    TRANSITIONS,
    Answers,
    Question,
    QuestionField,
    RoomEffect,
    Transition,
    state_faults,
    transition_named,
    unanswered,
)
from registry.core import events
from registry.core.errors import Conflict, Invalid, NotFound, Reason
from registry.core.history import SYSTEM, HistoryEntry
from registry.faults.actions import NewReport, report
from registry.faults.asset_transitions import perform, perform_on_many
from registry.people.rules import CAPABILITIES
from tests.conftest import Database
from tests.make import make_asset, make_document, make_person, make_room

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
IN_USE, OK, FAULTY, IN_REPAIR = Lifecycle.IN_USE, Condition.OK, Condition.FAULTY, Condition.IN_REPAIR
# as a later transition may be: it ends possession, in some states alone
HANDED_OVER = Transition(
    name="hand_over",
    may="assets.change",
    entry="handed_over",
    lifecycles=frozenset({IN_USE, Lifecycle.IN_STORE}),
    conditions=frozenset({OK}),
    to_lifecycle=Lifecycle.HANDED_OVER,
    clears=frozenset({"room_id"}),
    document="PT",
    room=RoomEffect.PLACE,
)


# the table


def test_every_row_says_who_may_and_what_it_changes() -> None:
    for name, transition in TRANSITIONS.items():
        assert transition.name == name
        assert transition.may in CAPABILITIES
        assert transition.roles
        changes_place = transition.leads_to(Answers()).keys() & {"room_id", "condition", "lifecycle", "borrower_id"}
        assert (transition.room is RoomEffect.NONE) is (not changes_place), name


@pytest.mark.parametrize(
    ("name", "lifecycle", "condition", "starts", "is_there"),
    [
        ("mend", IN_USE, OK, False, True),
        ("mend", IN_USE, IN_REPAIR, True, False),
        ("report_fault", IN_USE, OK, True, False),
        ("report_fault", IN_USE, IN_REPAIR, False, True),
        ("send_to_repair", IN_USE, IN_REPAIR, False, True),
        ("move", Lifecycle.RETIRED, FAULTY, True, False),
        ("assign", IN_USE, OK, True, False),
    ],
)
def test_where_a_transition_starts(
    name: str, lifecycle: Lifecycle, condition: Condition, starts: bool, is_there: bool
) -> None:
    transition = TRANSITIONS[name]
    assert transition.starts_from(lifecycle, condition) is starts
    assert transition.has_arrived(lifecycle, condition) is is_there
    assert state_faults(transition, lifecycle, condition) == []


@pytest.mark.parametrize("name", ["report_fault", "send_to_repair", "move", "assign"])
def test_what_left_the_office_is_neither_moved_nor_repaired(name: str) -> None:
    for lifecycle in (Lifecycle.HANDED_OVER, Lifecycle.DISPOSED, Lifecycle.WITHDRAWN):
        for condition in (OK, FAULTY):
            (fault,) = state_faults(TRANSITIONS[name], lifecycle, condition)
            assert fault.code == "asset.state"
    assert state_faults(TRANSITIONS["mend"], Lifecycle.DISPOSED, FAULTY) == []  # its fault ends all the same
    assert (name == "send_to_repair") is bool(state_faults(TRANSITIONS[name], Lifecycle.RETIRED, OK))


def test_a_state_that_it_does_not_start_from_is_refused_in_words() -> None:
    assert state_faults(HANDED_OVER, IN_USE, OK) == []
    assert state_faults(HANDED_OVER, Lifecycle.HANDED_OVER, FAULTY) == []
    (fault,) = state_faults(HANDED_OVER, IN_USE, IN_REPAIR)
    assert (fault.code, fault.params["condition"]) == ("asset.state", "in_repair")
    assert "in use and in repair" in str(fault)
    assert HANDED_OVER.leads_to(Answers(room_id=7)) == {"room_id": None, "lifecycle": Lifecycle.HANDED_OVER}


def test_a_question_that_must_be_answered() -> None:
    asks = (Question(QuestionField.ROOM, is_required=True), Question(QuestionField.REASON, is_required=True))
    lend = Transition(name="lend", may="assets.change", entry="lent", asks=asks)
    assert [fault.params["field"] for fault in unanswered(lend, Answers(custodian_id=1))] == ["room", "reason"]
    assert unanswered(lend, Answers(room_id=1, reason="training")) == []


def test_a_name_that_is_none() -> None:
    with pytest.raises(NotFound) as refusal:
        transition_named("fly" * 40)
    assert refusal.value.code == "asset.no_transition"
    assert "send_to_repair" in str(refusal.value)


# many


async def actions_of(asset: Asset) -> list[tuple[str, str]]:
    entries = HistoryEntry.filter(object=f"asset:{asset.id}").order_by("seq")
    return list(await entries.values_list("action", "reason"))


async def test_many_go_together(database: Database) -> None:
    here, there, target = await make_room(), await make_room(), await make_room()
    assets = [await make_asset(room=room, condition=FAULTY) for room in (here, there, here)]
    events_told: list[events.Event] = []
    off = events.on(events_told.append)
    revisions = dict.fromkeys(asset.id for asset in reversed(assets))
    outcome = await perform_on_many("move", revisions, Answers(room_id=target.id, reason="training"), SYSTEM, NOW)
    off()
    assert [asset.id for asset in outcome.assets] == list(revisions)
    assert {(asset.room_id, asset.revision) for asset in outcome.assets} == {(target.id, 2)}
    assert {event.asset_id for event in events_told if isinstance(event, events.AssetChanged)} == set(revisions)
    rooms = {event.room_id for event in events_told if isinstance(event, events.RoomChanged)}
    assert rooms == {here.id, there.id, target.id}
    assert [await actions_of(asset) for asset in assets] == [[("moved", "training")]] * 3


async def test_one_that_is_refused_stops_all_and_each_is_named(database: Database) -> None:
    room, target = await make_room(), await make_room()
    first, stale = await make_asset(room=room), await make_asset(room=room)
    await Asset.filter(id=stale.id).update(revision=5)
    looks = {first.id: 1, stale.id: 4, 999_999: None}
    with pytest.raises(Conflict) as refusal:
        await perform_on_many("move", looks, Answers(room_id=target.id), SYSTEM, NOW)
    assert refusal.value.code == "asset.refused"
    rows = refusal.value.params["refused"]
    assert [(row["id"], row["code"]) for row in rows] == [(stale.id, "request.stale"), (999_999, "asset.unknown")]
    assert all(isinstance(row["detail"], Reason) for row in rows)
    assert {asset.room_id for asset in await Asset.all()} == {room.id}
    assert await actions_of(first) == []


async def test_many_are_asked_what_one_is_asked(database: Database) -> None:
    asset = await make_asset(custodian=await make_person())
    with pytest.raises(Invalid) as refusal:
        await perform_on_many("assign", {asset.id: None}, Answers(), SYSTEM, NOW)
    assert refusal.value.params["field"] == "custodian"
    with pytest.raises(NotFound):
        await perform_on_many("move", {asset.id: None}, Answers(room_id=999), SYSTEM, NOW)
    with pytest.raises(NotFound):
        await perform_on_many("fly", {asset.id: None}, Answers(), SYSTEM, NOW)
    assert (await Asset.get(id=asset.id)).custodian_id == asset.custodian_id


async def test_what_has_arrived_stays_as_it_is(database: Database) -> None:
    first, second = await make_asset(condition=IN_REPAIR), await make_asset(condition=FAULTY)
    await perform_on_many("send_to_repair", {first.id: 1, second.id: 1}, Answers(), SYSTEM, NOW)
    assert [(asset.condition, asset.revision) for asset in await Asset.all().order_by("id")] == [
        (IN_REPAIR, 1),
        (IN_REPAIR, 2),
    ]
    assert await actions_of(first) == []


async def test_a_second_report_is_written_and_ends_no_repair(database: Database) -> None:
    asset = await make_asset()
    for reason in ("flickers", "smells of smoke"):
        await perform("report_fault", asset.id, Answers(reason=reason), SYSTEM, NOW)
    await perform("send_to_repair", asset.id, Answers(), SYSTEM, NOW)
    after = await perform("report_fault", asset.id, Answers(reason="is not here"), SYSTEM, NOW)
    assert (after.condition, after.revision) == (IN_REPAIR, 3)
    assert await actions_of(asset) == [
        ("fault_reported", "flickers"), ("fault_reported", "smells of smoke"), ("sent_to_repair", ""),
        ("fault_reported", "is not here"),
    ]  # fmt: skip


# the revision


async def _in_room(asset: Asset) -> Any:
    await report(NewReport(asset.room_id, kind="screen"), SYSTEM, NOW)


def _through(name: str, **answers: Any) -> Callable[[Asset], Awaitable[Any]]:
    async def go(asset: Asset) -> Any:
        custodian = await make_person() if name == "assign" else None
        room = await make_room() if name == "move" else None
        reason = "dubel" if TRANSITIONS[name].ends_possession or TRANSITIONS[name].is_paper else ""
        others = {"borrower_id": asset.custodian_id, "due_on": NOW.date()} if name in ("lend", "prolong") else {}
        if name == "take_back_acceptance":
            await make_document("OT", asset)
        answers = Answers(room.id if room else None, custodian.id if custodian else None, reason, **others)
        await perform(name, asset.id, answers, SYSTEM, NOW)

    return go


def _corrected(column: str, value: Any) -> Callable[[Asset], Awaitable[Any]]:
    return lambda asset: actions.correct(asset.id, {column: value}, SYSTEM, NOW)


CHANGES: dict[str, Callable[[Asset], Awaitable[Any]]] = {
    **{name: _through(name) for name in TRANSITIONS},
    **{
        f"correct {column}": _corrected(column, value)
        for column, value in {
            "name": "Ekran", "inventory_no": "N/9", "category": "ICT", "serial_no": "S", "note": "n",
            "warranty_until": NOW.date(),
        }.items()
    },
    "report at the door": _in_room,
}  # fmt: skip


def test_every_column_that_may_be_corrected_is_tried() -> None:
    assert {f"correct {column}" for column in actions.CORRECTED} <= CHANGES.keys()


@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_changes_an_asset_gives_it_the_next_revision(database: Database, change: str) -> None:
    """A form that was opened before is refused: otherwise it would write the old back."""
    condition = FAULTY if change == "mend" else OK
    asset = await make_asset(
        name="Projektor", room=await make_room(), custodian=await make_person(), condition=condition,
        price=Decimal(1), kst="808", lifecycle=Lifecycle.WITHDRAWN if change == "restore" else IN_USE,
    )  # fmt: skip
    if change in ("prolong", "return"):
        await Asset.filter(id=asset.id).update(borrower_id=asset.custodian_id, due_on=date(2026, 12, 1))
    await CHANGES[change](asset)
    after = await Asset.get(id=asset.id)
    assert after.revision == asset.revision + 1
    with pytest.raises(Conflict) as stale:
        await actions.correct(asset.id, {"name": "Stary"}, SYSTEM, NOW, if_revision=asset.revision)
    assert stale.value.code == "request.stale"
