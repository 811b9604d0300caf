"""Many pieces are looked at, then changed: each one wholly or not at all, and never over what a colleague did since."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from registry.assets import corrections
from registry.assets.actions import NewAsset, correct, register
from registry.assets.categories import NewCategory, add_category
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, DurabilityOverride, FundingShare
from registry.assets.transitions import Answers
from registry.bulk_changes import actions, writing
from registry.bulk_changes.actions import NewBulkChange, prepare
from registry.bulk_changes.claims import BULK_CHANGES
from registry.bulk_changes.models import BulkChange, BulkPiece, BulkState, PieceFate
from registry.bulk_changes.queries import bulk_change, pieces_of, wish_of
from registry.bulk_changes.writing import carry_out, take_up
from registry.core import claims, outages
from registry.core.errors import Conflict, Refusal, Unavailable
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.transaction import transaction
from registry.faults.asset_transitions import perform
from registry.faults.models import Fault
from registry.grants.models import Grant
from registry.people.models import Person
from registry.rooms.models import Room
from tests.make import NOW, make_person, make_room, refused
from tests.registry.bulk_changes.conftest import CLERK, broken_off, fates
from tests.registry.core.test_transaction import begun_beside
from tests.statements import Statements

pytestmark = pytest.mark.usefixtures("database")
TO_MEBLE = NewBulkChange("correct", column="category", value="meble", wish=AssetFilter(q="krzeslo"))


@pytest.fixture
async def owner() -> Person:
    return await make_person("ewidencja")


async def chairs(many: int, **columns: Any) -> list[Asset]:
    return [await register(NewAsset(f"Krzesło {n:02}", Decimal(100), **columns), SYSTEM, NOW) for n in range(many)]


async def test_a_process_gives_signs_of_life_also_after_a_fault_of_the_database(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chairs(1)
    row = await prepare(TO_MEBLE, owner.id, NOW)
    revision = await BULK_CHANGES.claim(row, BulkState.WRITING, CLERK, NOW)
    update, beats = claims.Claims.update, asyncio.Queue[None]()
    faults: list[Exception] = [OperationalError(sqlite3.OperationalError("disk I/O error"))]

    async def failing(self: Any, number: str, revision: int, /, **columns: Any) -> None:
        if faults:
            raise faults.pop()
        await update(self, number, revision, **columns)
        beats.put_nowait(None)

    monkeypatch.setattr(outages, "_outage", outages._Outage())
    monkeypatch.setattr(claims, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(claims.Claims, "update", failing)
    async with BULK_CHANGES.held(row.id, revision, BulkState.CHECKED, NOW):
        for _ in range(2):
            await asyncio.wait_for(beats.get(), 5)
    assert (await BulkChange.get(id=row.id)).claimed_at > NOW


async def test_all_of_a_filter_are_corrected_and_say_so_in_their_history(owner: Person) -> None:
    await chairs(3)
    await register(NewAsset("Lampa", Decimal(1)), SYSTEM, NOW)
    row = await prepare(TO_MEBLE, owner.id, NOW)
    assert (row.accepted, await fates(row)) == (3, {"waiting": 3})
    assert await Asset.filter(category="meble").count() == 0, "nothing is changed yet"
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert (row.state, row.finished, await fates(row)) == (BulkState.WRITTEN, 3, {"changed": 3})
    assert await Asset.filter(category="meble").count() == 3
    entries = await HistoryEntry.filter(action="corrected").order_by("id")
    assert [(entry.actor, entry.before, entry.after) for entry in entries] == [
        ("ewidencja", {"category": ""}, {"category": "meble"})
    ] * 3
    assert (await carry_out(row.id, owner.id, CLERK, NOW)).finished == 3, "a repeat changes nothing"
    assert await HistoryEntry.filter(action="corrected").count() == 3


async def test_what_a_colleague_changed_since_stays_and_says_so(owner: Person) -> None:
    _, two, _ = await chairs(3)
    row = await prepare(TO_MEBLE, owner.id, NOW)
    await correct(two.id, {"category": "biurowe"}, SYSTEM, NOW)
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert await fates(row) == {"changed": 2, "refused": 1}
    (outcome,) = await pieces_of(row.id, PieceFate.REFUSED, 0, 10)
    assert (outcome.piece.asset_id, outcome.piece.refusal["code"]) == (two.id, "request.stale")
    assert (await Asset.get(id=two.id)).category == "biurowe"
    assert row.finished == row.accepted == 3


async def test_ticked_pieces_are_looked_at_as_the_page_showed_them(owner: Person) -> None:
    one, two = await chairs(2)
    await correct(one.id, {"note": "x"}, SYSTEM, NOW)
    new = replace(TO_MEBLE, wish=None, revisions={one.id: 1, two.id: 1, 4711: None})
    row = await prepare(new, owner.id, NOW)
    pieces = await pieces_of(row.id, None, 0, 10)
    assert [(p.piece.fate, (p.piece.refusal or {}).get("code")) for p in pieces] == [
        ("refused", "request.stale"), ("waiting", None), ("refused", "asset.unknown"),
    ]  # fmt: skip
    assert pieces[2].asset is None
    assert wish_of(row) == AssetFilter()


async def test_a_transition_of_all_of_a_filter(owner: Person) -> None:
    store, hall = await make_room(code="M-1"), await make_room(code="M-2")
    pieces = await chairs(3, room_id=store.id)
    await perform("move", pieces[0].id, Answers(room_id=hall.id), SYSTEM, NOW)
    new = NewBulkChange("move", "remont", Answers(room_id=hall.id), wish=AssetFilter(q="krzeslo"))
    row = await prepare(new, owner.id, NOW)
    assert await fates(row) == {"waiting": 2, "same": 1}
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert await Asset.filter(room_id=hall.id).count() == 3
    entry = await HistoryEntry.filter(object=f"asset:{pieces[2].id}").order_by("-seq").first()
    assert entry
    assert (entry.action, entry.reason) == ("moved", "remont")


async def test_reported_faults_of_many_are_faults(owner: Person) -> None:
    await chairs(2)
    row = await prepare(NewBulkChange("report_fault", "zalane", wish=AssetFilter(q="krzeslo")), owner.id, NOW)
    await carry_out(row.id, owner.id, CLERK, NOW)
    assert await Fault.all().count() == 2


async def test_money_takes_a_reason_and_splits_each_price(owner: Person) -> None:
    fund = await Grant.create(code="G/1", name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)
    (asset,) = await chairs(1)
    new = NewBulkChange("correct", "umowa", column="shares", value={fund.id: Decimal(75)}, wish=AssetFilter())
    assert (await refused(prepare(replace(new, reason=" "), owner.id, NOW))).code == "asset.reason_needed"
    row = await prepare(new, owner.id, NOW)
    await carry_out(row.id, owner.id, CLERK, NOW)
    shares = await FundingShare.filter(asset_id=asset.id).order_by("id").values_list("grant_id", "amount")
    assert list(shares) == [(fund.id, Decimal("75.00")), (None, Decimal("25.00"))]
    row = await prepare(replace(new, column="price", value=Decimal("200.00")), owner.id, NOW)
    await carry_out(row.id, owner.id, CLERK, NOW)
    assert (await Asset.get(id=asset.id)).price == Decimal("200.00")
    row = await prepare(replace(new, column="warranty_until", value=date(2027, 5, 1)), owner.id, NOW)
    await carry_out(row.id, owner.id, CLERK, NOW)
    assert (await Asset.get(id=asset.id)).warranty_until == date(2027, 5, 1)


async def test_what_cannot_be_asked_for_is_refused(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await chairs(2)
    cases = {
        "asset.no_transition": replace(TO_MEBLE, act="fly"),
        "request.missing_field": replace(TO_MEBLE, act="assign", answers=Answers()),
        "request.bad_field": replace(TO_MEBLE, column="serial_no"),
        "bulk.empty": replace(TO_MEBLE, wish=AssetFilter(q="nic takiego")),
    }
    for code, new in cases.items():
        assert (await refused(prepare(new, owner.id, NOW))).code == code
    monkeypatch.setattr(actions, "MOST", 1)
    assert (await refused(prepare(TO_MEBLE, owner.id, NOW))).code == "bulk.too_many"


async def test_it_is_its_owners_and_waits_a_day(owner: Person) -> None:
    await chairs(1)
    other = await make_person("inny")
    row = await prepare(TO_MEBLE, owner.id, NOW)
    for number, person, when in (
        (row.id, other, NOW), ("../etc", owner, NOW), (row.id, owner, NOW + timedelta(days=1)),
    ):  # fmt: skip
        assert (await refused(bulk_change(number, person.id, when))).code == "bulk.unknown"
    assert (await refused(carry_out(row.id, owner.id, CLERK, NOW, if_revision=9))).code == "request.stale"
    await actions.forget_old(NOW + timedelta(days=1))
    assert (await BulkChange.all().count(), await BulkPiece.all().count()) == (0, 0)


async def test_one_that_was_not_carried_out_can_be_let_go(owner: Person) -> None:
    await chairs(1)
    row = await prepare(TO_MEBLE, owner.id, NOW)
    await actions.discard(row.id, owner.id)
    assert await BulkPiece.all().count() == 0
    assert (await refused(actions.discard(row.id, owner.id))).code == "bulk.unknown"
    row = await prepare(TO_MEBLE, owner.id, NOW)
    await carry_out(row.id, owner.id, CLERK, NOW)
    assert (await refused(actions.discard(row.id, owner.id))).code == "bulk.being_written"
    await actions.forget_old(NOW + timedelta(days=399))
    assert await BulkChange.all().count() == 1
    await actions.forget_old(NOW + timedelta(days=401))
    assert await BulkChange.all().count() == 0


@pytest.mark.usefixtures("lots_of_two")
async def test_it_goes_on_by_itself_in_lots_and_after_a_crash_with_what_still_waits(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chairs(5)
    row = await broken_off(await prepare(TO_MEBLE, owner.id, NOW), "correct_together", monkeypatch)
    assert (row.state, row.finished, await fates(row)) == (BulkState.CHECKED, 2, {"changed": 2, "waiting": 3})
    await BULK_CHANGES.claim(row, BulkState.WRITING, CLERK, NOW)
    assert await take_up(NOW) == 0, "it may be alive"
    assert await take_up(NOW + claims.CLAIM) == 1
    await asyncio.gather(*claims._tasks.value)
    row = await bulk_change(row.id, owner.id, NOW)
    assert (row.state, row.finished, await fates(row)) == (BulkState.WRITTEN, 5, {"changed": 5})
    assert {entry.actor for entry in await HistoryEntry.filter(action="corrected")} == {"ewidencja"}


async def test_what_is_away_for_a_moment_refuses_no_piece(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await chairs(2)
    row = await prepare(TO_MEBLE, owner.id, NOW)

    async def away(*_: Any) -> Sequence[Asset]:
        raise Unavailable("internal.busy")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "correct_together", away)
        assert (await refused(carry_out(row.id, owner.id, CLERK, NOW))).code == "internal.busy"
    row = await bulk_change(row.id, owner.id, NOW)
    assert (row.state, row.finished, await fates(row)) == (BulkState.CHECKED, 0, {"waiting": 2})
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert (row.finished, await fates(row)) == (2, {"changed": 2})


async def test_what_was_counted_and_undone_is_counted_once(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await chairs(2)
    row = await prepare(TO_MEBLE, owner.id, NOW)
    together = corrections.correct_together

    async def late(*arguments: Any) -> Sequence[Asset]:
        async def also(assets: Sequence[Asset]) -> None:
            await arguments[-1](assets)
            raise Conflict("request.stale")

        return await together(*arguments[:-1], also)

    monkeypatch.setattr(writing, "correct_together", late)
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert (row.finished, await fates(row)) == (2, {"refused": 2})


async def test_the_preview_knows_what_a_grant_keeps_here(owner: Person) -> None:
    bound, allowed, _ = await chairs(3)
    day = NOW.date() + timedelta(days=30)
    await Asset.filter(id__in=[bound.id, allowed.id]).update(durable_until=day)
    await DurabilityOverride.create(
        asset_id=allowed.id, reason="zalane", durable_until=day, due_back=1, asked_by=owner, asked_as="facilities",
        asked_at=NOW, confirmed_by=await make_person(), confirmed_as="coordinator", confirmed_at=NOW,
    )  # fmt: skip
    new = NewBulkChange("sell", "przetarg", Answers(reason="przetarg"), wish=AssetFilter(q="krzeslo"))
    row = await prepare(new, owner.id, NOW)
    assert await fates(row) == {"waiting": 2, "refused": 1}
    (outcome,) = await pieces_of(row.id, PieceFate.REFUSED, 0, 10)
    assert (outcome.piece.asset_id, outcome.piece.refusal["code"]) == (bound.id, "asset.durable")
    assert await fates(await prepare(replace(new, act="report_fault"), owner.id, NOW)) == {"waiting": 3}


async def test_a_category_is_written_as_the_tree_writes_it(owner: Person) -> None:
    await chairs(2)
    await add_category(NewCategory("Meble"), SYSTEM, NOW)
    row = await prepare(TO_MEBLE, owner.id, NOW)
    await carry_out(row.id, owner.id, CLERK, NOW)
    assert await Asset.filter(category="Meble").count() == 2
    assert await fates(await prepare(TO_MEBLE, owner.id, NOW)) == {"same": 2}


async def test_one_that_is_begun_meanwhile_is_not_let_go(owner: Person) -> None:
    await chairs(1)
    row = await prepare(TO_MEBLE, owner.id, NOW)
    outside = copy_context()  # a task begun inside the transaction would be part of it
    async with transaction():
        await BulkChange.filter(id=row.id).update(state=BulkState.WRITING)
        late = await begun_beside(actions.discard(row.id, owner.id), outside)
    assert (await refused(late)).code == "bulk.being_written"
    assert await BulkPiece.filter(bulk_change_id=row.id).count() == 1


async def test_two_at_once_do_it_once(owner: Person) -> None:
    await chairs(2)
    row = await prepare(TO_MEBLE, owner.id, NOW)
    answers = await asyncio.gather(*(carry_out(row.id, owner.id, CLERK, NOW) for _ in range(2)), return_exceptions=True)
    assert {one.code for one in answers if isinstance(one, Refusal)} <= {"bulk.being_written"}
    assert await HistoryEntry.filter(action="corrected").count() == 2


async def test_a_room_that_is_gone_by_now_refuses_each(owner: Person) -> None:
    hall = await make_room(code="M-2")
    await chairs(2)
    new = NewBulkChange("move", "", Answers(room_id=hall.id), wish=AssetFilter(q="krzeslo"))
    row = await prepare(new, owner.id, NOW)
    await Room.filter(id=hall.id).delete()
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert (row.state, await fates(row)) == (BulkState.WRITTEN, {"refused": 2})
    (outcome, _) = await pieces_of(row.id, PieceFate.REFUSED, 0, 10)
    assert outcome.piece.refusal["code"] == "room.unknown"


async def test_a_refusal_that_shows_as_it_is_written_leaves_out_that_piece_alone(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = await chairs(2)
    await FundingShare.filter(asset_id=one.id).delete()
    fund = await Grant.create(code="G/1", name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)
    row = await prepare(
        NewBulkChange("correct", "x", column="price", value=Decimal(7), wish=AssetFilter()), owner.id, NOW
    )
    await FundingShare.create(asset_id=one.id, grant_id=fund.id, amount=Decimal(0))
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert await fates(row) == {"changed": 1, "refused": 1}
    assert (await Asset.get(id=one.id)).price == Decimal(100)


async def test_a_lot_asks_as_often_for_thirty_pieces_as_for_three(owner: Person, statements: Statements) -> None:
    await chairs(3)
    with statements.at_most(12):
        await prepare(TO_MEBLE, owner.id, NOW)
    await chairs(27)
    with statements.at_most(12):
        await prepare(TO_MEBLE, owner.id, NOW)
