"""What the day view keeps: bounded by the bookings in it, however many days are asked for."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from registry.bookings.projections import BookingRow, Viewer
from registry.bookings.readings import record_readings, watch_started
from registry.devices.occupancy import Reading
from registry.people.models import Role
from registry.rooms.models import Visibility
from registry.rooms.queries import HOURS_SECONDS
from tests.make import NOW, make_device
from tests.statements import Statements
from tests.web.conftest import Office
from web.calendar import api
from web.calendar.api import Days, KeptDays

DAY, BEAT = date(2026, 11, 26), timedelta(seconds=30)
ROW = BookingRow(
    "1", NOW, NOW, "meeting", "confirmed", "Narada", None, [], "alice", "Alice", "team", NOW, NOW, NOW, None, None, "",
    None, 1, 1, 1, 1,
)  # fmt: skip


def days(bookings: int) -> Days:
    room: Any = SimpleNamespace(code="R", visibility=Visibility.INTERNAL)
    return Days(room, 1, 0.0, b"{", b"[]", ((1, 1),), bookings)


def test_the_longest_unused_leave_when_there_are_too_many_bookings(monkeypatch: Any) -> None:
    monkeypatch.setattr(api, "AT_MOST", 100)
    kept = KeptDays()
    for number in range(50):
        kept.keep((number, DAY), days(9))
        kept.fresh((0, DAY), 0.0)
    assert len(kept) == 10
    assert (0, DAY) in kept
    assert kept.weight == 100


def test_the_same_days_again_count_once() -> None:
    kept = KeptDays()
    for _ in range(5):
        kept.keep((1, DAY), days(9))
    assert (len(kept), kept.weight) == (1, 10)


def test_one_that_is_too_large_is_not_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr(api, "AT_MOST", 100)
    kept = KeptDays()
    kept.keep((1, DAY), days(500))
    assert (len(kept), kept.weight) == (0, 0)


def test_each_way_to_see_the_same_days_is_kept_until_they_change() -> None:
    """What was written for one pair of eyes is never told to another."""
    kept, own, other = KeptDays(), Viewer(Role.MEMBER, 1, 1), Viewer(Role.MEMBER, 2, 2)
    for viewer in (own, other):
        seen = days(1)
        assert seen.told_to(viewer, True) is None
        seen.write([ROW], viewer, ZoneInfo("UTC"))
        kept.keep((1, DAY), seen)
    both = kept.fresh((1, DAY), 0.0)
    assert both
    assert b"Narada" in (both.told_to(own, True) or b"")
    assert b"Narada" not in (both.told_to(other, True) or b"Narada")
    changed = days(1)
    changed.revision = 2
    kept.keep((1, DAY), changed)
    assert changed.told_to(own, True) is None


def test_what_was_written_for_one_is_not_kept_longer_because_another_looked() -> None:
    """A person's name may change without the room's revision."""
    kept, own, other = KeptDays(), Viewer(Role.MEMBER, 1, 1), Viewer(Role.MEMBER, 2, 2)
    almost = HOURS_SECONDS - 1
    for viewer, name, read_at in ((own, "Alice", 0.0), (other, "Alicja", almost)):
        seen = days(1)
        seen.read_at = read_at
        seen.write([ROW._replace(organizer_name=name)], viewer, ZoneInfo("UTC"))
        kept.keep((1, DAY), seen)
    assert kept.fresh((1, DAY), almost)
    assert kept.fresh((1, DAY), almost + 1) is None
    later = days(1)
    later.read_at = almost + 1
    later.write([ROW._replace(organizer_name="Alicja")], other, ZoneInfo("UTC"))
    kept.keep((1, DAY), later)
    assert later.told_to(own, True) is None


async def test_a_day_is_served_from_what_is_kept_while_a_sensor_repeats_itself(
    office: Office, statements: Statements
) -> None:
    sensor = await make_device(room=office.rooms["M-1"], sensing="mmwave")
    now = datetime.now(UTC)
    await watch_started(now)
    await record_readings([Reading(sensor.id, now, occupied=True)], now)
    before = (await office.get("/availability?room=M-1")).json()
    await record_readings([Reading(sensor.id, now + BEAT, occupied=True)], now + BEAT)
    with statements.at_most(2):  # who asks, and the room's revision
        assert (await office.get("/availability?room=M-1")).json() == before
    assert not any("FROM booking" in statement.text for statement in statements[-2:])
    await record_readings([Reading(sensor.id, now + 2 * BEAT, distrust="tamper")], now + 2 * BEAT)
    after = (await office.get("/availability?room=M-1")).json()
    assert after["items"][0]["revision"] == before["items"][0]["revision"] + 1
