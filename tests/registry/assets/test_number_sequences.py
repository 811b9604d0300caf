"""Numbers given in the transaction of the act: no gap, none twice, whoever asks at once and whatever is rolled back."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from registry.assets import next_numbers as next_numbers_module
from registry.assets.actions import NewAsset, correct, register, register_together
from registry.assets.corrections import give_next_number, number_together
from registry.assets.models import Asset, FormerNumber, Lifecycle, NumberSequence, NumberTemplate
from registry.assets.next_numbers import LOOK_AHEAD, ComingNumbers, next_numbers, number_schemes, numbering_units
from registry.assets.number_sequences import NewScheme, add_scheme, remove_scheme, take_numbers_back
from registry.assets.numbering import NumberFacts
from registry.assets.rules import number_columns
from registry.core.errors import Conflict
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.statements import column
from registry.core.transaction import transaction
from tests.make import make_asset, make_room, refused

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("database")
USUAL = NewScheme("KPUW", "{unit}/{account}/{kst}/{seq:5}/{yy}", date(2022, 1, 1))
LAMP = NewAsset(name="Lampa", price=Decimal(600), kst="808", unit="KPUW")


async def rule(**changes: Any) -> NumberTemplate:
    return await add_scheme(replace(USUAL, **changes), SYSTEM, NOW)


async def numbers() -> list[str]:
    return await column(Asset.filter(number_key__not_isnull=True).order_by("id"), "inventory_no")


async def test_pieces_get_the_next_numbers_in_their_order_and_say_so_in_their_history() -> None:
    await rule(starts_on=date(2026, 1, 1), first=596)
    facts = NumberFacts("KPUW", "013", "808", NOW.date())
    coming = await next_numbers(facts, 2)
    assets = await register_together([LAMP, LAMP], SYSTEM, NOW)
    assert [asset.inventory_no for asset in assets] == coming == ["KPUW/013/808/00596/26", "KPUW/013/808/00597/26"]
    entry = await HistoryEntry.get(object=f"asset:{assets[0].id}")
    assert (entry.after or {})["inventory_no"] == "KPUW/013/808/00596/26"
    assert assets[1].search_text == "lampa kpuw/013/808/00597/26 808"
    assert await next_numbers(facts, 1) == ["KPUW/013/808/00598/26"]
    assert await numbering_units(NOW.date()) == ["KPUW"]
    assert await numbering_units(date(2021, 1, 1)) == []


async def test_the_year_of_a_number_is_the_office_s() -> None:
    await rule()
    (asset,) = await register_together([LAMP], SYSTEM, datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert asset.inventory_no == "KPUW/013/808/00001/27"


async def test_a_unit_that_no_column_holds_has_no_rule() -> None:
    await rule()
    assert [len(await number_schemes(unit)) for unit in ("", "KPUW", "\x00", "x" * 300)] == [1, 1, 0, 0]


async def test_one_sequence_runs_through_the_accounts_of_its_rule_and_begins_anew_each_year() -> None:
    await rule(first=5)
    await rule(accounts=("011",))
    dear = replace(LAMP, price=Decimal(20_000))
    wishes = [LAMP, replace(LAMP, price=Decimal(10)), dear, replace(LAMP, accepted_on=date(2025, 12, 31)),
              replace(LAMP, kst="487"), replace(LAMP, accepted_on=date(2022, 1, 1))]  # fmt: skip
    assets = await register_together(wishes, SYSTEM, NOW)
    assert [asset.inventory_no for asset in assets] == [
        "KPUW/013/808/00001/26", "KPUW/poz/808/00002/26", "KPUW/011/808/00001/26", "KPUW/013/808/00001/25",
        "KPUW/013/487/00003/26", "KPUW/013/808/00005/22",
    ]  # fmt: skip


async def test_a_typed_number_stays_and_one_that_a_piece_has_or_had_is_passed_by() -> None:
    await rule(template="{seq}")
    asset = await make_asset(inventory_no="1", number_key="1")
    await correct(asset.id, {"inventory_no": "2"}, SYSTEM, NOW)
    assert await column(FormerNumber.filter(), "number") == ["1"]
    typed = replace(LAMP, inventory_no="3")
    assets = await register_together([LAMP, typed, LAMP], SYSTEM, NOW)
    assert [one.inventory_no for one in assets] == ["4", "3", "5"]


async def test_numbers_far_behind_those_that_were_typed_are_found_in_few_looks() -> None:
    await rule(template="{seq}")
    rows = [
        Asset(name="X", price=Decimal(0), inventory_no=str(number), number_key=str(number))
        for number in range(1, 2 * LOOK_AHEAD + 4)
    ]
    await Asset.bulk_create(rows)
    assert (await register(LAMP, SYSTEM, NOW)).inventory_no == str(2 * LOOK_AHEAD + 4)


async def test_sixteen_at_once_leave_no_gap_and_no_double() -> None:
    await rule()
    rooms = [(await make_room()).id for _ in range(4)]

    async def one(number: int) -> None:
        serial = replace(LAMP, room_id=rooms[number % 4], inventory_no="TAKEN" if number % 4 == 3 else None)
        with suppress(Conflict):
            await register_together([serial, LAMP], SYSTEM, NOW)

    await asyncio.gather(*(one(number) for number in range(16)))
    places = sorted(int(number.split("/")[3]) for number in await numbers() if number != "TAKEN")
    assert places == list(range(1, len(places) + 1))
    assert len(places) == 25  # of the four that typed the same number, one is there


async def test_an_act_that_fails_behind_it_gives_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    await rule()

    async def fail(*_: object) -> None:
        raise Conflict("request.stale")

    with monkeypatch.context() as patch:
        patch.setattr("registry.assets.intake.put_on", fail)
        assert (await refused(register(LAMP, SYSTEM, NOW))).code == "request.stale"
    assert (await register(LAMP, SYSTEM, NOW)).inventory_no == "KPUW/013/808/00001/26"


async def test_what_cannot_be_numbered_is_refused_and_nothing_is_registered() -> None:
    assert (await refused(register(LAMP, SYSTEM, NOW))).code == "numbering.no_scheme"
    await rule()
    refusal = await refused(register(replace(LAMP, kst=""), SYSTEM, NOW))
    assert (refusal.code, refusal.params["field"]) == ("numbering.no_kst", "kst")
    await rule(template="{seq}", starts_on=date(2026, 1, 1), first=10**9 - 1)
    assert (await register(LAMP, SYSTEM, NOW)).inventory_no == "999999999"
    assert (await refused(register(LAMP, SYSTEM, NOW))).code == "numbering.bad_first"
    assert await Asset.filter().count() == 1


async def test_a_rule_is_removed_only_before_it_gave_a_number() -> None:
    row, other = await rule(), await rule(starts_on=date(2030, 1, 1))
    for clash in ({}, {"template": "{seq}"}):
        assert (await refused(rule(**clash))).code == "numbering.taken"
    await rule(accounts=("011", "013"))
    assert (await refused(rule(accounts=("013",)))).code == "numbering.taken"
    assert (await refused(rule(template="{x}"))).code == "numbering.unknown_part"
    await register(replace(LAMP, price=Decimal(1)), SYSTEM, NOW)
    assert (await refused(remove_scheme(row.id, SYSTEM, NOW))).code == "numbering.in_use"
    await remove_scheme(other.id, SYSTEM, NOW)
    assert (await refused(remove_scheme(other.id, SYSTEM, NOW))).code == "numbering.unknown"
    assert [scheme.accounts for scheme in await number_schemes("KPUW")] == [(), ("011", "013")]
    entries = HistoryEntry.filter(object="numbering:KPUW").order_by("seq")
    assert await column(entries, "action") == ["scheme_added"] * 3 + ["scheme_removed"]


async def test_a_rule_that_gave_no_number_is_not_in_use_when_a_typed_one_goes() -> None:
    row = await rule(template="{unit}/{seq}")
    lamp = await make_asset(**number_columns("KPUW/7"))
    async with transaction():
        await take_numbers_back([(lamp, date(2026, 11, 24))])
    await remove_scheme(row.id, SYSTEM, NOW)


async def test_a_piece_without_a_number_gets_the_next_one_and_keeps_it() -> None:
    await rule(template="{unit}/{seq}")
    lamp, chair = await make_asset(name="Lampa", inventory_no=None), await make_asset(inventory_no="X/1")
    assert (await give_next_number(lamp.id, "KPUW", SYSTEM, NOW)).inventory_no == "KPUW/1"
    assert (await give_next_number(lamp.id, "KPUW", SYSTEM, NOW)).revision == 2, "it has one"
    assert (await give_next_number(chair.id, "KPUW", SYSTEM, NOW)).inventory_no == "X/1"
    entry = await HistoryEntry.get(object=f"asset:{lamp.id}", action="numbered")
    assert (entry.before, entry.after) == ({"inventory_no": None}, {"inventory_no": "KPUW/1"})
    assert (await Asset.get(id=lamp.id)).search_text.startswith("lampa kpuw/1")


@pytest.mark.parametrize(("columns", "unit", "code"), [
    ({}, "XX", "numbering.no_scheme"), ({}, "", "numbering.no_scheme"), ({"kst": ""}, "KPUW", "numbering.no_kst"),
    ({"lifecycle": Lifecycle.WITHDRAWN}, "KPUW", "asset.withdrawn"),
])  # fmt: skip
async def test_what_cannot_be_numbered_says_why(columns: dict[str, Any], unit: str, code: str) -> None:
    await rule()
    lamp = await make_asset(**{"inventory_no": None} | columns)
    assert (await refused(give_next_number(lamp.id, unit, SYSTEM, NOW))).code == code
    assert await numbers() == []


async def test_a_number_that_somebody_typed_at_the_same_moment_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await rule(template="{unit}/{seq}")
    await make_asset(**number_columns("KPUW/1"))
    lamp = await make_asset(inventory_no=None)

    async def none_taken(*_: Any) -> set[str]:
        return set()

    monkeypatch.setattr(next_numbers_module, "_taken", none_taken)
    assert (await refused(give_next_number(lamp.id, "KPUW", SYSTEM, NOW))).code == "internal.busy"
    assert await NumberSequence.all().count() == 0


async def test_numbers_of_several_sequences_are_foreseen_as_they_are_given() -> None:
    await rule(template="{unit}/{seq}")
    await rule(template="{unit}/{seq}", accounts=("poz",))
    await rule(template="{unit}/{seq}/{yy}", accounts=("011",))
    pieces = [NumberFacts("KPUW", account, "808", NOW.date()) for account in ("poz", "013", "011", "poz", "013")]
    coming = ComingNumbers(await number_schemes("KPUW"))
    foreseen = await coming.of(pieces[:2]) + await coming.of(pieces[2:])
    assert len(set(foreseen)) == 5
    assert await NumberSequence.all().count() == 0
    ids = [(await make_asset(inventory_no=None, account=one.account, accepted_on=one.day)).id for one in pieces]
    for lot in (ids[:2], ids[2:]):
        await number_together(dict.fromkeys(lot), "KPUW", SYSTEM, NOW)
    assert await numbers() == foreseen
