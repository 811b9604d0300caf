"""What is read out of a band."""

from datetime import UTC, datetime
from typing import Any

import pytest

from registry.bookings.projections import BusySpan
from web.bookings.words import BookingWords
from web.calendar.room_rows import band_line
from web.kit.i18n import Formats
from web.kit.timeline import Band

WORDS = BookingWords("en", Formats("en", "UTC"))
NINE, TEN = (datetime(2026, 11, 26, hour, tzinfo=UTC) for hour in (9, 10))
TAKEN = BusySpan(room="R", starts_at=NINE, ends_at=TEN)
DUTY = {"name": "adwokat", "languages": "pl, en"}


@pytest.mark.parametrize(
    ("kind", "more", "line"),
    [
        ("shut", {}, ""),
        ("buffer", {}, ""),
        ("duty", {"duty": DUTY}, "09:00–10:00 duty: adwokat · pl, en"),
        ("confidential", {"booking": TAKEN}, "09:00–10:00 Taken"),
        ("tentative", {"booking": TAKEN}, f"09:00–10:00 Taken – {WORDS.slot('tentative')}"),
        ("released", {"booking": TAKEN}, f"09:00–10:00 Taken – {WORDS.slot('released')}"),
        ("block", {}, f"09:00–10:00 {WORDS.slot('block')}"),
    ],
)
def test_a_band_says_its_hours_and_what_it_is(kind: str, more: dict[str, Any], line: str) -> None:
    assert band_line(Band(kind, 540, 600, NINE, TEN, **more), WORDS) == line
