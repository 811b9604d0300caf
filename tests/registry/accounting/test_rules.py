"""Depreciation in tables: each row with the place of the law, and whether it was read there."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.accounting.rules import (
    DEFAULT_RATES,
    OWN_FUNDS,
    YEAR,
    Bookkeeper,
    DepreciationTable,
    LedgerPiece,
    Plan,
    Remark,
    RowKey,
    WriteOff,
    first_of,
    group_of,
    month_of,
    months_of,
    rates_in,
    shares_of,
    years_of,
)
from registry.assets.policy import DEFAULT
from registry.assets.rules import account

DAY = date(2024, 5, 17)
FURNITURE_AT_ONCE = replace(DEFAULT, furniture_at_once=True)
GRANT = 7


def piece_of(price: str, kst: str = "487", **more: object) -> LedgerPiece:
    """A piece of this price in PLN, on the account that the policy gives it."""
    given_account = account(Decimal(price), kst, str(more.get("category", "")), DAY, DEFAULT)
    columns = {
        "id": 1, "kst": kst, "account": given_account, "category": "", "price": int(Decimal(price) * 100),
        "quantity": 1, "accepted_on": DAY, "lifecycle": "in_use", "left_on": None, "sources": (),
    }  # fmt: skip
    return LedgerPiece(**columns | more)  # type: ignore[arg-type]  # each column has its own type


def plan_of(piece: LedgerPiece) -> Plan:
    return Bookkeeper(DEFAULT, DEFAULT_RATES).plan(piece)


CIT = "act on corporate income tax"
CHART = "regulation of the Minister of Development and Finance of 13.09.2017, chart of accounts (Dz.U. 2020 poz. 342)"
# price, KŚT, category, policy; account, way, first month, months, each month, the last; the law, whether it was read
EDGES = [
    ("9999.99", "487", "", DEFAULT, "013", WriteOff.AT_ONCE, "2024-05-01", 1, 999999, 999999,
     f"art. 16d ust. 1, art. 16f ust. 3 {CIT}; a unit's policy", "read"),
    ("10000.00", "487", "", DEFAULT, "013", WriteOff.AT_ONCE, "2024-05-01", 1, 1000000, 1000000,
     f"art. 16d ust. 1, art. 16f ust. 3 {CIT}: 'does not exceed'", "read"),
    ("10000.01", "487", "", DEFAULT, "011", WriteOff.LINEAR, "2024-06-01", 40, 25000, 25001,
     f"art. 16f ust. 1, art. 16h ust. 1 pkt 1, art. 16i {CIT}", "unverified"),
    # the reception counter: the office's own policy decides which
    ("11800.00", "808", "meble", DEFAULT, "011", WriteOff.LINEAR, "2024-06-01", 60, 19667, 19647,
     f"group 8, 20 %: annex 1 to the {CIT}", "read"),
    ("11800.00", "808", "meble", FURNITURE_AT_ONCE, "013", WriteOff.AT_ONCE, "2024-05-01", 1, 1180000, 1180000,
     f"§ 7 {CHART}", "unverified"),
    ("11800.00", "808", "lampy", FURNITURE_AT_ONCE, "011", WriteOff.LINEAR, "2024-06-01", 60, 19667, 19647,
     f"§ 7 {CHART}: furniture and carpets alone", "unverified"),
    ("10000.00", "WNIP", "", DEFAULT, "020", WriteOff.AT_ONCE, "2024-05-01", 1, 1000000, 1000000,
     f"art. 16f ust. 3 {CIT}, account 072", "read"),
    ("10000.01", "WNIP", "", DEFAULT, "020", WriteOff.LINEAR, "2024-06-01", 24, 41667, 41660,
     f"art. 16m ust. 1 pkt 1 {CIT}: licences, 24 months at the least", "unverified"),
    ("25000.00", "803", "", DEFAULT, "011", WriteOff.LINEAR, "2024-06-01", 86, 29167, 20805,
     f"14 %: annex 1 to the {CIT}", "unverified"),
    ("99999.99", "741", "", DEFAULT, "011", WriteOff.LINEAR, "2024-06-01", 60, 166667, 166646,
     f"20 %: annex 1 to the {CIT}", "unverified"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("price", "kst", "category", "policy", "kept_on", "way", "first", "months", "monthly", "last", "law", "mark"),
    EDGES, ids=[f"{row[0]} {row[1]} {row[2]} {row[11]}".replace("  ", " ") for row in EDGES],
)  # fmt: skip
def test_a_piece_is_written_off_as_the_law_says(
    price: str, kst: str, category: str, policy: object, kept_on: str, way: WriteOff, first: str, months: int,
    monthly: int, last: int, law: str, mark: str,
) -> None:  # fmt: skip
    assert law
    assert mark in ("read", "unverified")
    given_account = account(Decimal(price), kst, category, DAY, policy)  # type: ignore[arg-type]  # of the table
    assert given_account == kept_on
    piece = piece_of(price, kst, category=category, account=given_account)
    plan = Bookkeeper(policy, DEFAULT_RATES).plan(piece)  # type: ignore[arg-type]  # of the table
    assert (plan.way, plan.months, plan.remark) == (way, months, None)
    assert first_of(plan.first).isoformat() == first
    assert plan.written(plan.first - 1) == 0
    assert plan.written(plan.first) == monthly
    end = plan.first + months - 1
    assert plan.written(end) - plan.written(end - 1) == last
    assert plan.written(end) == piece.price == plan.written(end + 999)


def test_the_months_of_a_piece_accepted_in_the_year_begin_after_it() -> None:
    plan = plan_of(piece_of("12000.00"))  # 300 a month
    assert months_of(plan, 2024) == [0] * 5 + [30000] * 7
    assert years_of(plan) == [(2024, 210000, 990000), (2025, 360000, 630000), (2026, 360000, 270000),
                              (2027, 270000, 0)]  # fmt: skip
    december = plan_of(piece_of("12000.00", accepted_on=date(2024, 12, 31)))
    assert first_of(december.first) == date(2025, 1, 1)


@pytest.mark.parametrize(
    ("more", "remark"),
    [
        ({"accepted_on": None}, Remark.NO_DAY),
        ({"accepted_on": None, "lifecycle": "ordered"}, Remark.NOT_ACCEPTED),
        ({"lifecycle": "ordered"}, Remark.NOT_ACCEPTED),
        ({"lifecycle": "withdrawn"}, Remark.WITHDRAWN),
        ({"account": ""}, Remark.NO_ACCOUNT),
        ({"account": "poz"}, Remark.OFF_BALANCE),
        ({"kst": ""}, Remark.NO_RATE),
        ({"kst": "011"}, Remark.NEVER),  # land: art. 16c pkt 1 of the act on corporate income tax, unverified
        ({"lifecycle": "disposed"}, Remark.NO_LEAVING_DAY),
        ({"lifecycle": "retired"}, Remark.NO_LEAVING_DAY),
    ],
)
def test_what_the_data_do_not_say_is_named_and_not_guessed(more: dict[str, object], remark: Remark) -> None:
    piece = piece_of("20000.00", **more)
    plan = plan_of(piece)
    assert (plan.way, plan.remark, plan.written(99999), years_of(plan)) == (WriteOff.NONE, remark, 0, [])
    table = DepreciationTable(2024 * YEAR, YEAR)
    table.add(piece, plan)
    table.close()
    assert (table.rows, table.remarks[remark].pieces, table.remarks[remark].price) == ({}, 1, 2000000)


def test_an_account_that_differs_from_the_policy_is_followed_and_named() -> None:
    plan = plan_of(piece_of("9000.00", account="011"))
    assert (plan.way, plan.remark) == (WriteOff.LINEAR, Remark.OTHER_ACCOUNT)
    assert plan_of(piece_of("90000.00", account="013")).way is WriteOff.AT_ONCE
    licence = plan_of(piece_of("20000.00", "", account="020"))  # its account says that it is one
    assert licence.rate == 50


def test_the_limit_is_that_of_one_piece_of_a_line() -> None:
    assert plan_of(piece_of("20000.00", quantity=2, account="013")).remark is None
    assert plan_of(piece_of("20000.00", "WNIP", quantity=2)).way is WriteOff.AT_ONCE
    assert plan_of(piece_of("20000.02", "WNIP", quantity=2)).way is WriteOff.LINEAR


def test_nothing_is_written_off_after_the_month_in_which_a_piece_left() -> None:
    """Article 16h ust. 1 pkt 1 of the act on corporate income tax: unverified."""
    piece = piece_of("12000.00", lifecycle="disposed", left_on=date(2024, 8, 2))
    plan = plan_of(piece)
    assert months_of(plan, 2024) == [0] * 5 + [30000] * 3 + [0] * 4
    assert years_of(plan) == [(2024, 90000, 1110000)]
    for year, rows in ((2024, 1), (2025, 0)):
        table = DepreciationTable(year * YEAR, YEAR)
        table.add(piece, plan)
        assert len(table.close().rows) == rows
    at_once = plan_of(piece_of("100.00", account="013", lifecycle="disposed", left_on=DAY))
    assert at_once.written(month_of(DAY)) == 10000


def test_rates_are_dated_and_the_longest_beginning_wins() -> None:
    rates = rates_in("6: 10; 662: 20, 2030-01-01=25; wnip: 50")
    assert str(rates) == "6: 10.00; 662: 20.00, 2030-01-01=25.00; WNIP: 50.00"
    assert rates_in(str(rates)) == rates
    for kst, day, rate in (("622", DAY, 10), ("662", DAY, 20), ("662-5", date(2030, 1, 1), 25), ("Wnip", DAY, 50)):
        assert rates.on(kst, day) == rate
    assert rates.on("487", DAY) is None
    for wrong in ("", "487", "487: x", "487: 30; 487: 20", "4-8: 3", "487: 101", "487: -1"):
        with pytest.raises(ValueError, match=r"."):
            rates_in(wrong)


def test_the_table_sums_by_account_group_and_source() -> None:
    paid = ((GRANT, 900000), (OWN_FUNDS, 300000))
    book = Bookkeeper(DEFAULT, DEFAULT_RATES)
    table = DepreciationTable(2024 * YEAR, YEAR)
    for piece in (
        piece_of("12000.00", sources=paid), piece_of("12000.00", sources=paid, quantity=1),
        piece_of("600.00", "808", quantity=3, account="013"), piece_of("20000.00", "WNIP"),
        piece_of("12000.00", accepted_on=date(2023, 11, 2), lifecycle="in_store"),
        piece_of("1000.00", "803", accepted_on=date(2023, 11, 2), account="013"),
        piece_of("12000.00", accepted_on=date(2025, 1, 1)),
    ):  # fmt: skip
        table.add(piece, book.plan(piece))
    table.close()
    granted = table.rows[RowKey("011", "4", GRANT)]
    assert (granted.pieces, granted.initial, granted.before, granted.in_span) == (2, 1800000, 0, 2 * 7 * 22500)
    own = table.rows[RowKey("011", "4", OWN_FUNDS)]
    assert (own.pieces, own.initial, own.before) == (3, 1800000, 30000)
    assert own.by_month[:6] == [30000] * 5 + [45000]
    assert table.rows[RowKey("013", "8", OWN_FUNDS)].rest == 0
    assert table.rows[RowKey("013", "8", OWN_FUNDS)].before == 100000
    assert table.rows[RowKey("020", "WNiP", OWN_FUNDS)].in_span == 7 * 83333
    total = table.totals()
    assert total.pieces == 8
    assert total.initial == sum(row.initial for row in table.rows.values())
    assert group_of("", "011") == ""


@given(
    price=st.integers(1, 10**9),
    percent=st.integers(0, 100),
    rate=st.sampled_from(["2.5", "4.5", "10", "14", "18", "20", "25", "30", "33.33", "50", "100"]),
    day=st.dates(date(2019, 1, 1), date(2026, 12, 31)),
    left_on=st.none() | st.dates(date(2026, 12, 31), date(2030, 1, 1)),
)
def test_months_sum_to_the_price_and_sources_to_the_piece(
    price: int, percent: int, rate: str, day: date, left_on: date | None
) -> None:
    granted = price * percent // 100
    sources = ((GRANT, granted), (OWN_FUNDS, price - granted))
    piece = piece_of("20000.00", account="011", accepted_on=day, sources=sources)._replace(price=price)
    if left_on:
        piece = piece._replace(lifecycle="disposed", left_on=left_on)
    plan = Bookkeeper(DEFAULT, rates_in(f"4: {rate}")).plan(piece)
    first = 2018 * YEAR
    table = DepreciationTable(first, 60 * YEAR)
    table.add(piece, plan)
    total = table.close().totals()
    assert total.by_month == [plan.written(month) - plan.written(month - 1) for month in range(first, first + 720)]
    assert min(total.by_month) >= 0
    assert sum(amount for _, amount, _ in shares_of(sources, plan)) == price
    if left_on is None:
        assert (total.rest, [row.rest for row in table.rows.values()]) == (0, [0] * len(table.rows))
    later = DepreciationTable(first + 9 * YEAR, YEAR)
    later.add(piece, plan)
    assert later.close().totals().before == (plan.written(first + 9 * YEAR - 1) if later.rows else 0)
