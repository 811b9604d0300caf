"""Who may count, what was seen, what differs and what follows, as tables without a database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from registry.people.models import Role
from registry.stocktakes import rules
from registry.stocktakes.rules import (
    AreaBounds,
    AreaKind,
    CommitteeCandidate,
    DifferenceKind,
    Expectation,
    SeenCondition,
    SeenThing,
    SettlementAct,
    SheetSide,
    SightingKind,
    StocktakeState,
    Valuation,
)
from tests.make import MINUTE, NOW

TODAY = date(2026, 11, 30)
MEMBERS = [CommitteeCandidate(1, "A", Role.FACILITIES, True), CommitteeCandidate(2, "B", Role.MEMBER, True)]


def expectation(asset_id: int = 1, **fields: Any) -> Expectation:
    default = {"inventory_no": f"I/{asset_id}", "name": "Krzesło", "serial_no": "", "quantity": 1, "room_id": 1}
    return Expectation(asset_id, 1, **default | {"price": Decimal("500.00"), "room": "Z-1"} | fields)


def sight(number: int = 1, asset_id: int | None = 1, minutes: int = 0, **fields: Any) -> SeenThing:
    default = {"name": "Krzesło", "room_id": 1, "room": "Z-1"}
    return SeenThing(number, 1, NOW + minutes * MINUTE, asset_id=asset_id, **default | fields)


@pytest.mark.parametrize(
    ("members", "chair", "codes"),
    [
        (MEMBERS, 1, []),
        (MEMBERS[:1], 1, ["stocktake.few_members"]),
        (MEMBERS, None, ["stocktake.no_chair"]),
        (MEMBERS, 3, ["stocktake.no_chair"]),
        ([*MEMBERS, CommitteeCandidate(3, "C", Role.MEMBER, True, 4)], 1, ["stocktake.answers_for_things"]),
        ([*MEMBERS, CommitteeCandidate(3, "C", Role.MEMBER, False)], 1, ["stocktake.may_not_count"]),
        ([*MEMBERS, CommitteeCandidate(3, "C", Role.AUDITOR, True)], 1, ["stocktake.may_not_count"]),
        ([*MEMBERS, CommitteeCandidate(3, "C", Role.ACCOUNTANT, True)], 1, ["stocktake.may_not_count"]),
        ([CommitteeCandidate(pk, "X", Role.MEMBER, True) for pk in range(21)], 1, ["stocktake.many_members"]),
    ],
)
def test_who_may_be_of_a_committee(members: list[CommitteeCandidate], chair: int | None, codes: list[str]) -> None:
    assert [fault.code for fault in rules.committee_faults(members, chair)] == codes


@pytest.mark.parametrize(
    ("areas", "day", "text", "codes"),
    [
        (1, TODAY, "", []),
        (200, TODAY + timedelta(days=366), "x" * 200, []),
        (0, TODAY, "", ["stocktake.no_area"]),
        (201, TODAY, "", ["stocktake.many_areas"]),
        (1, TODAY + timedelta(days=367), "", ["stocktake.far_day"]),
        (1, TODAY - timedelta(days=367), "", ["stocktake.far_day"]),
        (1, TODAY, "x" * 201, ["request.bad_field"]),
    ],
)
def test_what_may_be_ordered(areas: int, day: date, text: str, codes: list[str]) -> None:
    assert [fault.code for fault in rules.order_faults(areas, day, TODAY, {"basis": text})] == codes


@pytest.mark.parametrize(
    ("state", "is_member", "is_area_closed", "codes"),
    [
        (StocktakeState.COUNTING, True, False, []),
        (StocktakeState.COUNTING, False, False, ["stocktake.not_member"]),
        (StocktakeState.COUNTING, True, True, ["stocktake.area_closed"]),
        (StocktakeState.ORDERED, True, False, ["stocktake.not_open"]),
        (StocktakeState.CLOSED, True, True, ["stocktake.over"]),
        (StocktakeState.SETTLED, True, False, ["stocktake.over"]),
    ],
)
def test_who_may_count_when(state: StocktakeState, is_member: bool, is_area_closed: bool, codes: list[str]) -> None:
    assert [fault.code for fault in rules.counting_faults(state, is_member, is_area_closed)] == codes


def test_what_is_typed_of_a_sighting_has_bounds() -> None:
    def codes(*typed: Any) -> list[str]:
        return [fault.code for fault in rules.sighting_faults(*typed)]

    assert codes(1, "", "") == codes(100_000, "x" * 300, "x" * 200) == []
    assert codes(0, "", "") == codes(100_001, "", "") == ["stocktake.bad_quantity"]
    assert codes(1, "x" * 301, "x" * 201) == ["request.bad_field"] * 2


@pytest.mark.parametrize("state", StocktakeState)
def test_a_blind_count_tells_nothing_of_the_books_until_it_is_closed(state: StocktakeState) -> None:
    assert rules.shows_books(False, state)
    assert rules.shows_books(True, state) == (state not in (StocktakeState.ORDERED, StocktakeState.COUNTING))


ROOMS = [AreaBounds(1, AreaKind.ROOM, 10), AreaBounds(2, AreaKind.ROOM, 20)]
PERSON, CATEGORY = AreaBounds(3, AreaKind.PERSON), AreaBounds(4, AreaKind.CATEGORY)


@pytest.mark.parametrize(
    ("areas", "room_id", "expected_in", "area"),
    [
        (ROOMS, 20, None, 2),
        (ROOMS, 20, 1, 2),  # seen elsewhere: on the sheet of the room where it was seen
        (ROOMS, 30, 1, None),
        ([*ROOMS, PERSON], 30, 3, 3),
        ([PERSON, CATEGORY], 30, 4, 4),
        ([PERSON, CATEGORY], 30, None, 3),
        ([replace(PERSON, is_closed=True), CATEGORY], 30, None, 4),
        ([replace(PERSON, is_closed=True)], 30, None, 3),
        ([], 30, None, None),
    ],
)
def test_the_area_of_a_sighting(
    areas: list[AreaBounds], room_id: int, expected_in: int | None, area: int | None
) -> None:
    assert rules.area_of(areas, room_id, expected_in) == area


@pytest.mark.parametrize(
    ("is_blind", "state", "kinds", "are"),
    [
        (True, StocktakeState.COUNTING, (AreaKind.PERSON, AreaKind.CATEGORY), True),
        (True, StocktakeState.COUNTING, (AreaKind.ROOM, AreaKind.CATEGORY), False),
        (True, StocktakeState.CLOSED, (AreaKind.PERSON, AreaKind.CATEGORY), False),
        (False, StocktakeState.COUNTING, (AreaKind.PERSON, AreaKind.CATEGORY), False),
    ],
)
def test_areas_that_are_no_rooms_are_counted_together_while_it_is_blind(
    is_blind: bool, state: StocktakeState, kinds: tuple[AreaKind, ...], are: bool
) -> None:
    assert rules.are_pooled(is_blind, state, kinds) is are


def test_what_comes_late_is_of_the_lap_in_which_it_was_seen() -> None:
    laps = [NOW + timedelta(minutes=10), NOW]
    moments = (-1, 0, 9, 10)
    assert [rules.lap_at(laps, NOW + timedelta(minutes=one)) for one in moments] == [1, 2, 2, 3]


@pytest.mark.parametrize(
    ("seen_thing", "books", "kind"),
    [
        (sight(), expectation(), SightingKind.HERE),
        (sight(room_id=2), expectation(), SightingKind.ELSEWHERE),
        (sight(), expectation(room_id=None), SightingKind.ELSEWHERE),
        (sight(), None, SightingKind.FOREIGN),
        (sight(asset_id=None, code="X7"), None, SightingKind.UNKNOWN),
        (sight(asset_id=None, mark="N-1"), None, SightingKind.UNLABELLED),
    ],
)
def test_what_a_sighting_is(seen_thing: SeenThing, books: Expectation | None, kind: SightingKind) -> None:
    assert rules.kind_of(seen_thing, books) is kind


def test_the_last_sighting_decides_in_whatever_order_the_phones_sent_them() -> None:
    sights = [sight(1, minutes=0), sight(2, minutes=5, quantity=3), sight(3, None, 1, mark="N-1"), sight(4, 2, 2)]
    for order in permutations(sights):
        assert [one.id for one in rules.deciding(order).values()] == [3, 4, 2]
    assert len(rules.deciding([sight(1, None, code="ab 1"), sight(2, None, code="AB 1")])) == 1


@pytest.mark.parametrize(
    ("books", "seen_thing", "kinds", "difference"),
    [
        (expectation(), sight(), (), 0),
        (expectation(), None, (DifferenceKind.SHORTAGE,), -1),
        (expectation(quantity=12), sight(quantity=10), (DifferenceKind.SHORTAGE,), -2),
        (expectation(), sight(quantity=2), (DifferenceKind.SURPLUS,), 1),
        (expectation(), sight(room_id=2), (DifferenceKind.ELSEWHERE,), 0),
        (expectation(), sight(condition=SeenCondition.DAMAGED), (DifferenceKind.DAMAGED,), 0),
        (None, sight(), (DifferenceKind.FOREIGN,), 1),
        (None, sight(asset_id=None, mark="N-1"), (DifferenceKind.SURPLUS,), 1),
        (None, sight(asset_id=None, code="X"), (DifferenceKind.SURPLUS,), 1),
        (None, sight(asset_id=None, mark="N-1", condition=SeenCondition.NOT_OURS), (DifferenceKind.NOT_OURS,), 1),
    ],
)
def test_what_differs(
    books: Expectation | None, seen_thing: SeenThing | None, kinds: tuple[DifferenceKind, ...], difference: int
) -> None:
    sights = {seen_thing.thing: seen_thing} if seen_thing else {}
    (line,) = rules.compare([books] if books else [], sights)
    assert (line.kinds, line.difference) == (kinds, difference)


def test_a_line_that_was_put_right_counts_as_it_was_put_right() -> None:
    sights = {one.thing: one for one in (sight(), sight(2, None, mark="N-1"))}
    lines = rules.compare([expectation()], sights, {"asset:1": 0, "mark:N-1": 0})
    assert [(line.thing, line.counted, line.kinds) for line in lines] == [("asset:1", 0, (DifferenceKind.SHORTAGE,))]


def test_the_amounts_of_a_line() -> None:
    (line,) = rules.compare([expectation(quantity=12, price=Decimal("100.00"))], {"asset:1": sight(quantity=10)})
    assert (line.unit_price, line.value) == (Decimal("8.33"), Decimal("83.30"))
    (missing,) = rules.differences([line])
    assert (missing.key, missing.quantity, missing.value) == ("shortage:asset:1", 2, Decimal("16.70"))
    (strange,) = rules.compare([], {"code:x": sight(asset_id=None, code="X", name="")})
    assert (strange.name, strange.unit_price, strange.value) == ("X", None, None)
    (surplus,) = rules.differences([strange])
    assert surplus.value == 0
    (more,) = rules.differences(rules.compare([expectation()], {"asset:1": sight(quantity=3)}))
    assert (more.kind, more.quantity, more.value) == (rules.DifferenceKind.SURPLUS, 2, Decimal("1000.00"))
    (moved,) = rules.differences(rules.compare([expectation()], {"asset:1": sight(room_id=2)}))
    assert (moved.quantity, moved.value) == (1, 0)
    (empty,) = rules.compare([expectation(quantity=0)], {})
    assert (empty.unit_price, empty.kinds) == (None, ())


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ("Krzesło konferencyjne z pulpitem", "krzesło z pulpitem, szare", True),
        ("Krzesło", "Stół", False),
        ("", "Stół", False),
        ("Stół", " ", False),
    ],
)
def test_like_things(one: str, other: str, is_alike: bool) -> None:
    assert rules.are_alike(one, other) == is_alike


SHORTAGE, SURPLUS, TABLE = "shortage:asset:1", "surplus:mark:N-1", "surplus:mark:N-2"
DIFFERENCES = rules.differences(
    rules.compare(
        [expectation(), expectation(2)],
        {
            one.thing: one
            for one in (
                sight(1, None, mark="N-1", name="krzesło szare"),
                sight(2, None, mark="N-2", name="Stół"),
            )
        },
    )
)
FIVE = Decimal("5.00")


def valued(**changes: Any) -> list[Valuation]:
    """Every difference with its value; ``changes`` of the first."""
    first, *others = [Valuation(one.key, FIVE, "bo tak") for one in DIFFERENCES]
    fields = {"key": first.key, "value": first.value, "explanation": first.explanation}
    return [Valuation(**fields | changes), *others]


@pytest.mark.parametrize(
    ("valuations", "codes"),
    [
        (valued(), []),
        (valued(netted_with=SURPLUS), []),
        (valued(netted_with=TABLE), ["stocktake.not_alike"]),
        (valued(netted_with="surplus:mark:N-9"), ["stocktake.not_alike"]),
        (valued(netted_with="shortage:asset:2"), ["stocktake.not_alike"]),
        (valued(value=Decimal(-1)), ["stocktake.bad_value"]),
        (valued(value=Decimal("0.001")), ["stocktake.bad_value"]),
        (valued(value=Decimal(10) ** 10), ["stocktake.bad_value"]),
        (valued(explanation=""), ["stocktake.no_explanation"]),
        (valued(explanation="x" * 301), ["stocktake.no_explanation"]),
        (valued()[1:], ["stocktake.not_all_valued"]),
        (valued(key="shortage:asset:9"), ["stocktake.no_difference", "stocktake.not_all_valued"]),
        (valued(key="x", netted_with=SURPLUS), ["stocktake.no_difference", "stocktake.not_all_valued"]),
        ([*valued(), valued()[0]], ["stocktake.no_difference"]),
    ],
)
def test_what_a_valuation_must_be(valuations: list[Valuation], codes: list[str]) -> None:
    assert [fault.code for fault in rules.valuation_faults(DIFFERENCES, valuations)] == codes


@pytest.mark.parametrize(
    ("counted", "value", "shortage"), [(3, "100.00", None), (2, "66.66", "33.34"), (0, "0.00", "100.00")]
)
def test_what_is_there_and_what_is_missing_come_to_what_the_books_say(
    counted: int, value: str, shortage: str | None
) -> None:
    books = [expectation(quantity=3, price=Decimal("100.00"))]
    sights = {"asset:1": sight(quantity=counted)} if counted else {}
    (line,) = rules.compare(books, sights)
    assert line.value == Decimal(value)
    assert [str(one.value) for one in rules.differences([line])] == ([shortage] if shortage else [])


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-0.01", "1E+40", "1E+10", "0.001"])
def test_what_is_no_amount_is_no_value(amount: str) -> None:
    values = [Valuation(one.key, Decimal(amount), "bo tak") for one in DIFFERENCES]
    assert {fault.code for fault in rules.valuation_faults(DIFFERENCES, values)} == {"stocktake.bad_value"}


def test_a_part_of_the_differences_may_be_valued_before_the_others() -> None:
    assert not [*rules.valuation_faults(DIFFERENCES, valued()[1:], is_part=True)]
    wrong = [fault.code for fault in rules.valuation_faults(DIFFERENCES, valued(explanation="")[:1], is_part=True)]
    assert wrong == ["stocktake.no_explanation"]


@pytest.mark.parametrize(
    ("shortage", "pairs", "surpluses"),
    [
        ({}, {}, [SURPLUS]),
        ({}, {SURPLUS: "shortage:asset:1"}, [SURPLUS]),
        ({}, {SURPLUS: "shortage:asset:2"}, []),
        ({"quantity": 2}, {}, []),
        ({"name": "Szafa"}, {}, []),
        ({"name": " "}, {}, None),
    ],
)
def test_what_may_make_up_for_a_shortage(
    shortage: dict[str, Any], pairs: dict[str, str], surpluses: list[str] | None
) -> None:
    missing = rules.differences(rules.compare([expectation(**shortage)], {}))
    nameless = rules.differences(rules.compare([], {"mark:N-9": sight(9, None, mark="N-9", name=" ")}))
    likes = rules.like_surpluses([*DIFFERENCES, *nameless], [*missing, *DIFFERENCES[2:]], pairs)
    assert {key: [one.key for one in ones] for key, ones in likes.items()} == (
        {} if surpluses is None else {SHORTAGE: surpluses}
    )


@pytest.mark.parametrize(
    ("quantity", "counted", "price", "money"),
    [
        (3, 3, "100.00", ("33.33", "100.00")),
        (2, 2, "100.00", ("33.33", "66.66")),
        (1, 3, "100.00", ("33.33", "33.33")),  # the rest of it is on another sheet
        (1, 1, None, None),
    ],
)
def test_what_a_row_of_a_sheet_is_worth(
    quantity: int, counted: int, price: str | None, money: tuple[str, str] | None
) -> None:
    books = [expectation(quantity=3, price=Decimal(price))] if price else []
    (line,) = rules.compare(books, {"asset:1": sight(quantity=counted)})
    worth = rules.money_of_row(line, quantity)
    assert (worth and (str(worth.price), str(worth.value))) == money


@pytest.mark.parametrize(
    ("act", "asset_id", "expected", "counted", "transition"),
    [
        (SettlementAct.RETIRE, 1, 5, 0, "liquidate"),
        (SettlementAct.RETIRE, 1, 5, 3, None),
        (SettlementAct.MOVE, 1, 5, 5, "move"),
        (SettlementAct.MOVE, 1, 5, 3, None),
        (SettlementAct.ACCEPT, None, 0, 1, None),
        (SettlementAct.ASSESS, 1, 1, 1, None),
    ],
)
def test_which_drafts_a_transition_carries_out(
    act: SettlementAct, asset_id: int | None, expected: int, counted: int, transition: str | None
) -> None:
    assert rules.transition_of(act, asset_id, expected, counted) == transition


def test_a_surplus_makes_up_for_one_shortage_alone() -> None:
    twice = [
        Valuation(one.key, FIVE, "bo tak", SURPLUS if one.kind is DifferenceKind.SHORTAGE else "")
        for one in DIFFERENCES
    ]
    assert [fault.code for fault in rules.valuation_faults(DIFFERENCES, twice)] == ["stocktake.not_alike"] * 2
    assert not rules.are_alike(DIFFERENCES[0].line.name, "Stół")


@pytest.mark.parametrize(
    ("kind", "is_netted", "act"),
    [
        (DifferenceKind.SHORTAGE, False, SettlementAct.RETIRE),
        (DifferenceKind.SHORTAGE, True, SettlementAct.LABEL),
        (DifferenceKind.SURPLUS, False, SettlementAct.ACCEPT),
        (DifferenceKind.SURPLUS, True, None),
        (DifferenceKind.DAMAGED, False, SettlementAct.ASSESS),
        (DifferenceKind.NOT_OURS, False, SettlementAct.NOTIFY),
        (DifferenceKind.FOREIGN, False, SettlementAct.MOVE),
        (DifferenceKind.ELSEWHERE, False, SettlementAct.MOVE),
    ],
)
def test_what_a_difference_leads_to(kind: DifferenceKind, is_netted: bool, act: SettlementAct | None) -> None:
    assert rules.act_of(kind, is_netted) is act


def test_the_lines_of_a_sheet_hold_what_was_counted_and_nothing_of_the_books() -> None:
    sights = [
        sight(1, 1, 0, inventory_no="I/1"),
        sight(2, None, 1, code="X7", name=""),
        sight(3, None, 2, mark="N-1", condition=SeenCondition.DAMAGED, note="pęknięte"),
        sight(4, 1, 3, inventory_no="I/1", quantity=2),
    ]
    rows = rules.sheet_rows(sights)
    assert [(row.number, row.name, row.quantity, row.mark, row.condition) for row in rows] == [
        (1, "X7", 1, "X7", "ok"), (2, "Krzesło", 1, "N-1", "damaged"), (3, "Krzesło", 2, "", "ok"),
    ]  # fmt: skip
    assert rules.mark_of("3f9a71c2b0d4e08b") == "3F9A-71C2-B0D4"


@pytest.mark.parametrize(
    ("rights", "sides"),
    [
        ((False, False, False), ()),
        ((True, False, False), (SheetSide.TEAM,)),
        ((False, True, False), (SheetSide.CUSTODIAN,)),
        ((True, False, True), (SheetSide.TEAM, SheetSide.CHECKER)),
    ],
)
def test_as_whom_somebody_may_sign_a_sheet(rights: tuple[bool, bool, bool], sides: tuple[SheetSide, ...]) -> None:
    assert rules.sides_of(*rights) == sides
