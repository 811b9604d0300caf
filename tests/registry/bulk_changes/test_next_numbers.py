"""Many pieces without a number get the next ones: shown first, given without a gap, and never over a colleague's."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from registry.assets import next_numbers
from registry.assets.actions import correct
from registry.assets.corrections import give_next_number
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, Lifecycle, NumberSequence
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.bulk_changes.actions import NewBulkChange, prepare
from registry.bulk_changes.models import BulkChange, BulkState
from registry.bulk_changes.queries import first_number, pieces_of
from registry.bulk_changes.writing import carry_out
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.statements import column
from registry.people.models import Person
from registry.rooms.models import Room
from tests.make import NOW, make_asset, make_person, make_room, refused
from tests.registry.bulk_changes.conftest import CLERK, broken_off, fates
from tests.statements import Statements

pytestmark = pytest.mark.usefixtures("database")
RULE = NewScheme("KPUW", "{unit}/{seq}", date(2022, 1, 1))
NUMBERS = NewBulkChange("number", unit="KPUW", wish=AssetFilter(q="lampa"))


@pytest.fixture
async def owner() -> Person:
    await add_scheme(RULE, SYSTEM, NOW)
    return await make_person("ewidencja")


async def lamps(many: int, **columns: Any) -> list[Asset]:
    return [
        await make_asset(**{"name": f"Lampa {n}", "search_text": f"lampa {n}", "inventory_no": None} | columns)
        for n in range(1, many + 1)
    ]


async def outcome(row: BulkChange) -> list[tuple[str, str | None, str | None]]:
    """Of each piece what became of it, the number of it that the change tells, and why it is refused."""
    return [
        (str(one.piece.fate), (one.piece.after or {}).get("inventory_no"), (one.piece.refusal or {}).get("code"))
        for one in await pieces_of(row.id, None, 0, 50)
    ]


async def numbers() -> list[str]:
    return await column(Asset.filter(name__startswith="Lampa").order_by("name"), "inventory_no")


async def test_those_without_a_number_get_the_next_ones_as_they_were_shown(owner: Person) -> None:
    room: Room = await make_room()
    await lamps(3, room_id=room.id)
    await make_asset(name="Lampa 4", search_text="lampa 4", inventory_no="X/1")
    await make_asset(name="Lampa 5", search_text="lampa 5", inventory_no=None, lifecycle=Lifecycle.WITHDRAWN)
    row = await prepare(replace(NUMBERS, sort="-name"), owner.id, NOW)
    withdrawn = await Asset.get(name="Lampa 5")
    assert (row.accepted, await first_number(row.id)) == (3, "KPUW/1")
    assert await outcome(row) == [
        ("same", None, None), ("waiting", "KPUW/1", None), ("waiting", "KPUW/2", None), ("waiting", "KPUW/3", None),
    ]  # fmt: skip
    assert await NumberSequence.all().count() == 0, "a look gives none"
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert (row.state, row.finished, await first_number(row.id)) == (BulkState.WRITTEN, 3, "KPUW/1")
    assert await numbers() == ["KPUW/3", "KPUW/2", "KPUW/1", "X/1", None]
    entries = await HistoryEntry.filter(action="numbered").order_by("seq")
    assert [(entry.actor, entry.before, entry.after) for entry in entries] == [
        ("ewidencja", {"inventory_no": None}, {"inventory_no": f"KPUW/{n}"}) for n in (1, 2, 3)
    ]
    assert (await Asset.get(name="Lampa 1")).search_text.startswith("lampa 1 kpuw/3")
    assert (await Room.get(id=room.id)).revision == room.revision, "a room shows nothing of numbers"
    assert (await Asset.get(id=withdrawn.id)).revision == withdrawn.revision
    row = await prepare(replace(NUMBERS, wish=None, revisions={withdrawn.id: None}), owner.id, NOW)
    assert await outcome(row) == [("refused", None, "asset.withdrawn")]


async def test_what_cannot_be_numbered_says_why_and_leaves_no_gap(owner: Person) -> None:
    await add_scheme(replace(RULE, template="{unit}/{kst}/{seq}", accounts=("013",)), SYSTEM, NOW)
    await lamps(1, account="013", kst="808")
    bare, old, ticked = [
        (await lamps(1, **columns))[0].id
        for columns in ({"account": "013", "kst": ""}, {"accepted_on": date(1999, 1, 1)}, {})
    ]
    first = await Asset.get(kst="808")
    new = replace(NUMBERS, wish=None, revisions={first.id: 1, bare: 1, old: None, ticked: 7, 4711: None})
    row = await prepare(new, owner.id, NOW)
    expected = [
        ("KPUW/808/1", None), (None, "numbering.no_kst"), (None, "numbering.no_scheme"), (None, "request.stale"),
        (None, "asset.unknown"),
    ]  # fmt: skip
    assert [(number, code) for _, number, code in await outcome(row)] == expected
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert [(number, code) for _, number, code in await outcome(row)] == expected
    assert await column(NumberSequence.all(), "last_place") == [1]
    for unit, code in (("", "request.missing_field"), ("XX", "numbering.no_scheme")):
        assert (await refused(prepare(replace(NUMBERS, unit=unit), owner.id, NOW))).code == code


async def test_who_was_quicker_moves_the_numbers_and_each_piece_tells_its_own(owner: Person) -> None:
    _, two, _ = await lamps(3)
    other = await make_asset(name="Stół", inventory_no=None)
    row = await prepare(NUMBERS, owner.id, NOW)
    await give_next_number(other.id, "KPUW", SYSTEM, NOW)
    await correct(two.id, {"inventory_no": "A/7"}, SYSTEM, NOW)
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert await outcome(row) == [
        ("changed", "KPUW/2", None), ("refused", None, "request.stale"), ("changed", "KPUW/3", None),
    ]  # fmt: skip
    assert await numbers() == ["KPUW/2", "A/7", "KPUW/3"]


async def test_a_rule_that_came_since_is_asked_piece_by_piece(owner: Person) -> None:
    one, _ = await lamps(2)
    await Asset.filter(id=one.id).update(kst="808")
    row = await prepare(NUMBERS, owner.id, NOW)
    await add_scheme(replace(RULE, template="{kst}/{seq}", starts_on=date(2022, 2, 1)), SYSTEM, NOW)
    await carry_out(row.id, owner.id, CLERK, NOW)
    assert await outcome(row) == [("changed", "808/1", None), ("refused", None, "numbering.no_kst")]


@pytest.mark.usefixtures("lots_of_two")
async def test_after_a_crash_the_rest_gets_the_next_ones(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    await lamps(5)
    row = await broken_off(await prepare(NUMBERS, owner.id, NOW), "number_together", monkeypatch)
    assert (row.state, row.finished, await numbers()) == (BulkState.CHECKED, 2, ["KPUW/1", "KPUW/2", None, None, None])
    row = await carry_out(row.id, owner.id, CLERK, NOW)
    assert (row.state, row.finished, await fates(row)) == (BulkState.WRITTEN, 5, {"changed": 5})
    assert await numbers() == [f"KPUW/{n}" for n in range(1, 6)]


async def test_other_numbers_than_were_shown_are_stored_together(owner: Person, statements: Statements) -> None:
    await lamps(6)
    stock = await make_asset(name="Stół", inventory_no=None)
    row = await prepare(NUMBERS, owner.id, NOW)
    await give_next_number(stock.id, "KPUW", SYSTEM, NOW)
    with statements.at_most(40):
        await carry_out(row.id, owner.id, CLERK, NOW)
    assert [number for _, number, _ in await outcome(row)] == [f"KPUW/{n}" for n in range(2, 8)]


@pytest.mark.parametrize("times", [1, 99])
async def test_a_number_that_somebody_typed_at_the_same_moment_is_passed_by(
    owner: Person, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    await lamps(2)
    row = await prepare(NUMBERS, owner.id, NOW)
    await make_asset(name="Stół", inventory_no="KPUW/1")
    looks, look_up = iter(range(times)), next_numbers._taken

    async def late(*arguments: Any) -> set[str]:
        return set() if next(looks, None) is not None else await look_up(*arguments)

    monkeypatch.setattr(next_numbers, "_taken", late)
    if times > 1:
        assert (await refused(carry_out(row.id, owner.id, CLERK, NOW))).code == "internal.busy"
        assert await numbers() == [None, None]
    else:
        await carry_out(row.id, owner.id, CLERK, NOW)
        assert await numbers() == ["KPUW/2", "KPUW/3"]
        assert [number for _, number, _ in await outcome(row)] == ["KPUW/2", "KPUW/3"]
