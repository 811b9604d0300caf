"""Which night a backup belongs to, and when one is missed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from registry.core.errors import Reason
from web.system.nights import NAME, LastNight, is_missed, last_night, night_of, note_night

WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize(
    ("midnight", "hours_of_the_night_before"),
    # in October the clocks show the hour from two to three twice, in March not at all
    [(datetime(2026, 10, 24, 22, tzinfo=UTC), 2), (datetime(2027, 3, 27, 23, tzinfo=UTC), 2)],
)
def test_a_night_is_one_whatever_the_clocks_do(midnight: datetime, hours_of_the_night_before: int) -> None:
    nights = [night_of((midnight + timedelta(hours=hour)).astimezone(WARSAW), 2) for hour in range(20)]
    day = midnight.astimezone(WARSAW).date()
    assert nights == [day - timedelta(days=1)] * hours_of_the_night_before + [day] * (20 - hours_of_the_night_before)


def test_a_night_is_missed_three_hours_after_its_hour() -> None:
    night = date(2026, 11, 30)

    def is_missed_at(hour: int, last: LastNight | None) -> bool:
        return is_missed(last, "/copies", datetime(2026, 11, 30, hour, tzinfo=WARSAW), 2)

    two = datetime(2026, 11, 30, 2, tzinfo=WARSAW)
    before = LastNight(night - timedelta(days=1), folder="/copies", made_at=two - timedelta(days=1))
    assert [is_missed_at(hour, before) for hour in (0, 2, 4, 5, 23)] == [False, False, False, True, True]
    assert not any(is_missed_at(hour, LastNight(night, folder="/copies", made_at=two)) for hour in (2, 5, 23))
    failed = LastNight(None, "file.not_written", folder="/copies", since=two)
    assert is_missed_at(2, failed), "the first one that was tried failed"
    assert not is_missed_at(23, replace(before, folder="/others")), "none was tried there yet"
    begun = LastNight(None, folder="/copies", since=two)
    assert not is_missed_at(23, begun), "the first one is at work"
    assert is_missed_at(5, replace(begun, since=two - timedelta(days=1)))
    assert not is_missed_at(23, None), "none was tried yet"


def test_what_is_told_of_a_night_comes_back_and_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert last_night(tmp_path) is None
    at = datetime(2026, 11, 30, 1, tzinfo=UTC)
    reason = Reason("It was ended by {signal}.", signal=Reason("{many}", many=9))
    for last in (LastNight(None, "backup.night_failed", at, {"reason": reason}),
                 LastNight(date(2026, 11, 30), folder="/copies", made_at=at, since=at)):  # fmt: skip
        note_night(tmp_path, last)
        assert last_night(tmp_path) == last
    note_night(tmp_path, LastNight(None, "backup.night_failed", at, {"reason": reason}))
    again = last_night(tmp_path)
    assert again
    assert again.params["reason"].params["signal"].params == {"many": 9}
    for text in ("{", "[]", '{"night": 3, "fault": "", "fault_at": null, "params": {}}',
                 '{"night": null, "fault": "no.such", "fault_at": null, "params": {}}'):  # fmt: skip
        (tmp_path / NAME).write_text(text)
        assert last_night(tmp_path) is None
