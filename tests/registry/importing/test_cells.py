"""Amounts, dates, symbols, yes and no, as people write them."""

import contextlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.importing import cells
from registry.importing.cells import Kst, Unreadable


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1\u00a0290,00 zł", "1290.00"), ("12\u2009499,99 zł", "12499.99"), ("240,-", "240.00"),
        ("1850.00-", "1850.00"), ("1.290,00", "1290.00"), ("1,290.00", "1290.00"), ("1.290", "1290.00"),
        ("1290", "1290.00"), ("1 234 567,8", "1234567.80"), ("1.234.567", "1234567.00"), (640.0, "640.00"),
        (1690, "1690.00"), ("1690 PLN", "1690.00"), ("0,005", "0.00"), ("-5,00", "-5.00"), ("240,– zł", "240.00"),
    ],
)  # fmt: skip
def test_amount(cell: Any, expected: str) -> None:
    assert cells.amount(cell) == Decimal(expected)


@pytest.mark.parametrize(
    "cell", ["", None, "abc", "1,2,3", "1.2.3,4,5", "nan", "inf", "1e999999", "99999999999", True, date(2022, 1, 1)]
)
def test_no_amount(cell: Any) -> None:
    with pytest.raises(Unreadable):
        cells.amount(cell)


@given(st.decimals("0", "99999999", places=2))
def test_an_amount_survives_every_way_of_writing_it(value: Decimal) -> None:
    plain = f"{value:f}"
    polish = f"{value:,.2f}".replace(",", "\u00a0").replace(".", ",")
    for text in (plain, plain.replace(".", ","), f"{polish} zł", f"{value:,.2f}"):
        assert cells.amount(text) == value


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1.4.2022", "2022-04-01"), ("05.04.2022 r.", "2022-04-05"), ("15/03/22", "2022-03-15"),
        ("2022-04-05", "2022-04-05"), ("2022-04-05 00:00:00", "2022-04-05"), ("2022-04-05T10:00:00Z", "2022-04-05"),
        ("44652", "2022-04-01"), (44652.0, "2022-04-01"), (44652, "2022-04-01"), ("5 kwietnia 2022 r.", "2022-04-05"),
        ("3 maja 2022", "2022-05-03"), ("20220405", "2022-04-05"), (date(2022, 4, 5), "2022-04-05"),
        (datetime(2022, 4, 5, 12), "2022-04-05"), ("29.02.2024", "2024-02-29"),  # noqa: DTZ001  # spreadsheets know no zone
    ],
)  # fmt: skip
def test_day(cell: Any, expected: str) -> None:
    assert str(cells.day(cell)) == expected


@pytest.mark.parametrize(
    "cell", ["30.02.2022", "29.02.2023", "2022", "wczoraj", "", None, True, "1.1.1500", "5 foo 2022"]
)
def test_no_day(cell: Any) -> None:
    with pytest.raises(Unreadable):
        cells.day(cell)


def test_american_dates_only_when_the_column_shows_it() -> None:
    assert cells.day("04/05/2022") == date(2022, 5, 4)
    assert cells.day("04/05/2022", month_first=True) == date(2022, 4, 5)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("808-0", Kst("808")), ("4.48.487", Kst("487")), ("491", Kst("487", "491")), (487.0, Kst("487")),
        ("KŚT 808", Kst("808")), ("WNiP", Kst("WNIP")), ("4.48.487-0", Kst("487")),
    ],
)  # fmt: skip
def test_kst(cell: Any, expected: Kst) -> None:
    assert cells.kst(cell) == expected


@pytest.mark.parametrize("cell", ["8", "meble", "80808"])
def test_no_kst(cell: str) -> None:
    with pytest.raises(Unreadable):
        cells.kst(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("TAK", True), ("t", True), ("x", True), (1.0, True), (True, True), ("Nie", False), ("N", False), ("-", False),
     ("", None), (None, None)],
)  # fmt: skip
def test_yes(cell: Any, expected: bool | None) -> None:
    assert cells.yes(cell) is expected


@pytest.mark.parametrize(
    ("cell", "expected", "as_fraction"),
    [("75", "75", False), ("75 %", "75", False), (0.75, "75", True), ("0,75", "75", True), ("0", "0", False),
     ("0,5%", "0.5", False), ("100", "100", False)],
)  # fmt: skip
def test_percent(cell: Any, expected: str, as_fraction: bool) -> None:
    assert cells.percent(cell) == (Decimal(expected), as_fraction)


@pytest.mark.parametrize(("cell", "expected"), [("26", 26), (26.0, 26), ("26 szt.", 26), ("1,00", 1)])
def test_count(cell: Any, expected: int) -> None:
    assert cells.count(cell) == expected


@pytest.mark.parametrize(
    ("reader", "cell"),
    [(cells.count, "0"), (cells.count, "1,5"), (cells.count, "wiele"), (cells.count, "nan"),
     (cells.percent, "101"), (cells.percent, "-1"), (cells.percent, "dużo"), (cells.percent, "nan"),
     (cells.yes, "może")],
)  # fmt: skip
def test_unreadable(reader: Any, cell: str) -> None:
    with pytest.raises(Unreadable):
        reader(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(46.0, "46"), (1.02, "1.02"), ("a\r\nb", "a\nb"), ("a\x00b\x1f ", "ab"), (True, "TAK"), (None, ""), (5, "5")],
)
def test_whole(cell: Any, expected: str) -> None:
    assert cells.whole(cell) == expected


@given(st.one_of(st.text(max_size=40), st.floats(), st.integers(), st.booleans(), st.none()))
def test_no_cell_breaks_a_reader(cell: Any) -> None:
    for reader in (cells.amount, cells.day, cells.kst, cells.yes, cells.percent, cells.count, cells.grant_shares):
        with contextlib.suppress(Unreadable):
            reader(cell)
    assert "\x00" not in cells.whole(cell)
