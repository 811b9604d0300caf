"""What works may be, and what they are on a day, as tables."""

from datetime import date
from typing import Any

import pytest

from registry.works import rules
from registry.works.rules import NewWorks, WorksState
from tests.make import NOW

FIRST, LAST = date(2026, 12, 7), date(2026, 12, 18)


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, []),
        ({"name": ""}, ["works.no_name"]),
        ({"name": "x" * 201}, ["request.bad_field"]),
        ({"description": "x" * 2001}, ["request.bad_field"]),
        ({"ends_on": date(2026, 12, 6)}, ["works.ends_before_start"]),
        ({"ends_on": FIRST}, []),
        ({"rooms": ()}, ["block.no_room"]),
        ({"rooms": tuple(map(str, range(201)))}, ["block.too_large"]),
    ],
)
def test_faults_of_works(fields: dict[str, Any], codes: list[str]) -> None:
    new = NewWorks(**{"name": "Remont", "starts_on": FIRST, "ends_on": LAST, "rooms": ("R",)} | fields)
    assert [fault.code for fault in rules.works_faults(new)] == codes


@pytest.mark.parametrize(
    ("today", "finished_on", "is_cancelled", "state"),
    [
        (date(2026, 12, 6), None, False, WorksState.PLANNED),
        (FIRST, None, False, WorksState.RUNNING),
        (LAST, None, False, WorksState.RUNNING),
        (date(2026, 12, 19), None, False, WorksState.LATE),
        (LAST, LAST, False, WorksState.FINISHED),
        (LAST, LAST, True, WorksState.CANCELLED),
    ],
)
def test_states(today: date, finished_on: date | None, is_cancelled: bool, state: WorksState) -> None:
    assert rules.state_on(FIRST, LAST, finished_on, NOW if is_cancelled else None, today) is state
    assert rules.is_open(state) is (finished_on is None)
