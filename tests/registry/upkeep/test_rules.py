"""What is due, cut into stretches of time."""

from datetime import date

import pytest

from registry.upkeep.rules import DueItem, DueKind, end_of_next_week, months_from, stretches

TODAY = date(2026, 11, 26)  # a Thursday


@pytest.mark.parametrize(
    ("today", "last"),
    [(TODAY, date(2026, 12, 6)), (date(2026, 11, 23), date(2026, 12, 6)), (date(2026, 11, 29), date(2026, 12, 6))],
)
def test_next_week_ends_on_its_sunday(today: date, last: date) -> None:
    assert end_of_next_week(today) == last


def test_a_list_is_cut_into_what_is_near_and_months() -> None:
    days = [date(2026, 11, 30), date(2026, 12, 6), date(2026, 12, 7), date(2026, 12, 31), date(2027, 2, 1)]
    items = [DueItem(DueKind.WARRANTY, day, "x", 1, 1) for day in days]
    cut = [(first, [item.day for item in part]) for first, part in stretches(items, TODAY)]
    assert cut == [(None, days[:2]), (date(2026, 12, 1), days[2:4]), (date(2027, 2, 1), days[4:])]


def test_a_year_goes_on_in_the_next_one() -> None:
    months = months_from(TODAY, 3)
    assert months == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]
    assert len(months_from(TODAY)) == 12
