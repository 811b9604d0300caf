"""Folding, numbers, accounts, funding shares and readiness, in tables."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.assets import rules
from registry.assets.policy import DEFAULT
from registry.assets.rules import (
    Piece,
    Standard,
    StandingPiece,
    account,
    dated,
    feature_of,
    fold,
    line_shares,
    number_columns,
    readiness,
    resplit,
    search_text,
    shares,
    touched_rooms,
    unit_prices,
)

money = st.decimals("0", "9999999", places=2)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Łódź ŻÓŁTA", "lodz zolta"), ("  Straße\t1 ", "strasse 1"), ("ĄĆĘŁŃÓŚŹŻ", "acelnoszz"), ("", "")],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(st.characters(max_codepoint=127)))
def test_a_text_without_marks_is_folded_as_it_is_among_others(text: str) -> None:
    assert fold(f"{text} ł") == f"{fold(text)} l".strip()


def test_search_text_leaves_out_what_is_missing_and_stays_indexable() -> None:
    assert search_text("Krzesło", None, "", "A/1") == "krzeslo a/1"
    assert len(search_text("ż" * 5000)) == 600


@pytest.mark.parametrize(
    ("price", "kst", "category", "accepted_on", "expected"),
    [
        ("9999.99", "487", "ICT", date(2022, 3, 1), "013"),
        ("10000.00", "487", "ICT", date(2022, 3, 1), "013"),
        ("10000.01", "487", "ICT", date(2022, 3, 1), "011"),
        ("10000.01", "487", "ICT", None, "011"),
        ("5000.00", "487", "ICT", date(2017, 12, 31), "011"),
        ("3500.00", "487", "ICT", date(2017, 12, 31), "013"),
        ("5000.00", "487", "ICT", date(2018, 1, 1), "013"),
        ("5000.00", "487", "ICT", None, "013"),
        ("499.99", "808", "meble", date(2022, 3, 1), "poz"),
        ("500.00", "808", "meble", date(2022, 3, 1), "013"),
        ("11800.00", "808", "meble", date(2022, 3, 1), "011"),
        ("50.00", "WNIP", "WNiP", date(2022, 3, 1), "020"),
    ],
)
def test_account(price: str, kst: str, category: str, accepted_on: date | None, expected: str) -> None:
    assert account(Decimal(price), kst, category, accepted_on, DEFAULT) == expected


def test_an_office_may_write_furniture_off_at_once() -> None:
    policy = replace(DEFAULT, furniture_at_once=True)
    assert account(Decimal("11800.00"), "808", "Meble", None, policy) == "013"
    assert account(Decimal("11800.00"), "487", "ICT", None, policy) == "011"


def test_an_amount_that_changes_is_that_of_the_day() -> None:
    amount = dated(" 2027-01-01=15 000.00, 3500 ,2018-01-01 = 10000")
    assert str(amount) == "3500.00, 2018-01-01=10000.00, 2027-01-01=15000.00"
    days = (date(2000, 1, 1), date(2017, 12, 31), date(2018, 1, 1), date(2026, 12, 31), date(2027, 1, 1), None)
    assert [int(amount.on(day)) for day in days] == [3500, 3500, 10000, 10000, 15000, 15000]
    assert dated("2018-01-01=10000").on(date(2000, 1, 1)) == Decimal(10000), "before the first day the first"


@pytest.mark.parametrize(
    "text", ["", "x", "10000,00", "1.234", "-5", "NaN", "1,", "=5", "2018-13-01=2", "5, 6", "Infinity", "1e400"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        dated(text)


def test_shares_split_to_the_grosz() -> None:
    assert shares(Decimal("0.03"), {1: Decimal(75)}) == {1: Decimal("0.02"), None: Decimal("0.01")}
    assert shares(Decimal("100.00"), {}) == {None: Decimal("100.00")}
    assert shares(Decimal("100.00"), {1: Decimal(100)}) == {1: Decimal("100.00")}
    assert shares(Decimal("0.00"), {1: Decimal(75)}) == {1: Decimal("0.00")}


@pytest.mark.parametrize("percents", [{1: Decimal(-1)}, {1: Decimal(60), 2: Decimal(41)}])
def test_impossible_shares_are_refused(percents: dict[int, Decimal]) -> None:
    with pytest.raises(ValueError, match="100 at most"):
        shares(Decimal(1), percents)


@given(money, st.lists(st.decimals("0", "33", places=3), max_size=3))
def test_shares_always_sum_to_the_price(price: Decimal, percents: list[Decimal]) -> None:
    split = shares(price, dict(enumerate(percents, 1)))
    assert sum(split.values()) == price
    assert all(part >= 0 and part == round(part, 2) for part in split.values())


def test_a_line_of_pieces_claims_its_share_of_the_whole_line() -> None:
    splits = line_shares(unit_prices(Decimal("3335.00"), 100), {1: Decimal(75)})
    assert sum(split[1] for split in splits) == Decimal("2501.25")
    assert sum(split[None] for split in splits) == Decimal("833.75")
    assert line_shares([Decimal("0.00")] * 2, {1: Decimal(75)}) == [{1: Decimal("0.00")}] * 2
    assert line_shares([Decimal(5)], {}) == [{None: Decimal(5)}]


@given(money, st.lists(st.decimals("0", "33.3", places=1) | st.just(Decimal(25)), max_size=4), st.integers(1, 60))
def test_the_shares_of_a_line_are_kept_by_its_pieces(total: Decimal, percents: list[Decimal], pieces: int) -> None:
    grants = dict(enumerate(percents, 1))
    if sum(percents) > 100:
        grants = {}
    prices = unit_prices(total, pieces)
    splits = line_shares(prices, grants)
    assert [sum(split.values()) for split in splits] == prices
    assert all(part >= 0 for split in splits for part in split.values())
    for grant, share in shares(total, grants).items():
        assert sum(split.get(grant, Decimal(0)) for split in splits) == share


@given(money, st.integers(1, 500))
def test_pieces_always_sum_to_the_line(total: Decimal, pieces: int) -> None:
    prices = unit_prices(total, pieces)
    assert len(prices) == pieces
    assert sum(prices) == total
    assert max(prices) - min(prices) <= Decimal("0.01")


@pytest.mark.parametrize(
    ("name", "feature"),
    [
        ("Projektor laserowy 5000 lm", "projector"),
        ("Ekran projekcyjny elektryczny", "screen"),
        ("Ekran akustyczny wolnostojący", ""),
        ("Pętla indukcyjna stała", "hearing_loop"),
        ("Odbiornik systemu tłumaczeń symultanicznych", "interpretation"),
        ("Biurko", ""),
    ],
)
def test_feature_of(name: str, feature: str) -> None:
    assert feature_of(name) == feature


def test_readiness_counts_what_works_and_says_what_does_not() -> None:
    standard = [Standard("Projektor", "projector", 1), Standard("Krzesło", "", 3)]
    pieces = [Piece(1, "PROJEKTOR", "in_repair", 1, "A/1"), Piece(2, "krzesło", "ok", 2)]
    projector, chairs = readiness(standard, pieces)
    assert (projector.ready, projector.working) == (False, 0)
    assert projector.problems == ({"problem": "in_repair", "asset": 1, "inventory_no": "A/1"},)
    assert (chairs.ready, chairs.wanted, chairs.working) == (False, 3, 2)
    assert chairs.problems == ({"problem": "missing", "count": 1},)
    assert readiness([Standard("Krzesło", "", 2)], pieces)[0].ready


# what a room shows of its pieces

HERE = {1: {"projektor"}, 2: set()}
WORKING, BROKEN, CHAIR = (
    StandingPiece(1, "projektor", "ok", 1),
    StandingPiece(1, "projektor", "faulty", 1),
    StandingPiece(1, "krzeslo", "ok", 1),
)


@pytest.mark.parametrize(
    ("before", "after", "rooms"),
    [
        (None, WORKING, {1}),
        (WORKING, WORKING, set()),
        (WORKING, BROKEN, {1}),
        (WORKING, WORKING._replace(quantity=2), {1}),
        (WORKING, WORKING._replace(room_id=2), {1}),
        (BROKEN, BROKEN._replace(room_id=2), {1, 2}),
        (WORKING, CHAIR, {1}),
        (None, CHAIR, set()),
        (CHAIR, None, set()),
        (CHAIR, CHAIR._replace(condition="in_repair"), {1}),
    ],
)
def test_which_rooms_show_a_change(before: StandingPiece | None, after: StandingPiece | None, rooms: set[int]) -> None:
    assert touched_rooms([(before, after)], HERE) == rooms


@pytest.mark.parametrize(
    ("number", "text", "key"),
    [(" INW/ 1 ", "INW/ 1", "inw/1"), ("Łąka\t2", "Łąka\t2", "łąka2"), ("Straße", "Straße", "strasse"),
     ("  ", None, None), ("", None, None), (None, None, None)],
)  # fmt: skip
def test_a_number_is_kept_as_written_and_compared_by_its_key(
    number: str | None, text: str | None, key: str | None
) -> None:
    assert number_columns(number) == {"inventory_no": text, "number_key": key}


@given(
    st.decimals("0", "100000", places=2),
    st.dictionaries(st.sampled_from([None, 1, 2, 3]), st.decimals("0", "1000", places=2), min_size=1),
)
def test_a_price_split_anew_sums_to_itself_and_names_no_new_source(
    price: Decimal, parts: dict[int | None, Decimal]
) -> None:
    split = resplit(parts, price)
    if split is None:
        assert price
        assert not any(parts.values())
        return
    assert sum(split.values()) == price
    assert split.keys() == parts.keys() or not sum(parts.values())


def test_what_rounding_leaves_goes_to_the_last_grant_where_there_were_no_own_funds() -> None:
    thirds = {1: Decimal("1.00"), 2: Decimal("1.00"), 3: Decimal("1.00")}
    assert resplit(thirds, Decimal("100.00")) == {1: Decimal("33.33"), 2: Decimal("33.33"), 3: Decimal("33.34")}
    assert resplit({}, Decimal("5.00")) == {None: Decimal("5.00")}


def test_every_split_of_a_line_sums_to_its_price_and_each_grant_s_parts_to_its_share() -> None:
    cases = ((1, 1, 50, 50), (5, 3, 40, 35), (7, 4, 60, 30), (3, 5, 50, 50), (101, 7, 33, 33))
    for cents, pieces, first, second in cases:
        even = rules.unit_prices(Decimal(cents) / 100, pieces)
        for prices in (even, even[::-1]):
            percents = {1: Decimal(first), 2: Decimal(second)}
            splits = rules.line_shares(prices, percents)
            assert [sum(split.values()) for split in splits] == prices
            whole = rules.shares(sum(prices, Decimal(0)), percents)
            for grant in percents:
                assert sum(split.get(grant, Decimal(0)) for split in splits) == whole.get(grant, Decimal(0))


def test_what_does_not_fit_into_a_small_piece_is_taken_by_a_large_one() -> None:
    for prices in ([Decimal("1.00"), Decimal("0.01")], [Decimal("0.60"), Decimal("0.60"), Decimal("0.01")]):
        for percents in ({1: Decimal(50), 2: Decimal(50)}, {1: Decimal(40), 2: Decimal(30)}):
            splits = rules.line_shares(prices, percents)
            assert [sum(split.values()) for split in splits] == prices
