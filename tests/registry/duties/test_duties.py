"""Rosters in the office's own time."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from registry.core.errors import NotFound
from registry.core.history import SYSTEM
from registry.duties.actions import lay
from registry.duties.models import Duty
from registry.duties.queries import duties_between, my_duties
from registry.duties.rules import DutyRule, occurrences
from registry.rooms.models import Room
from tests.make import NOW, make_person, make_room

WARSAW = ZoneInfo("Europe/Warsaw")


def rule(**columns):
    default = {
        "code": "DY",
        "name": "dyżur",
        "room": "R",
        "rrule": "FREQ=WEEKLY;BYDAY=MO",
        "starts": time(9),
        "ends": time(13),
    }
    return DutyRule(**default | columns)


def test_the_clock_of_the_office_stays_when_the_clocks_change():
    times = list(
        occurrences(rule(rrule="FREQ=WEEKLY;BYDAY=SU"), date(2026, 10, 18), date(2026, 10, 25), WARSAW, frozenset())
    )
    assert [t.starts_at.isoformat() for t in times] == ["2026-10-18T07:00:00+00:00", "2026-10-25T08:00:00+00:00"]


def test_days_off_are_skipped_and_people_take_turns():
    off = frozenset({date(2026, 11, 30)})
    times = list(occurrences(rule(people=("a1", "a2")), date(2026, 11, 23), date(2026, 12, 14), WARSAW, off))
    assert [(t.starts_at.day, t.login) for t in times] == [(23, "a2"), (7, "a2"), (14, "a1")]


def test_the_second_tuesday_of_a_month():
    times = list(
        occurrences(rule(rrule="FREQ=MONTHLY;BYDAY=2TU"), date(2026, 11, 1), date(2026, 12, 31), WARSAW, frozenset())
    )
    assert [t.starts_at.date() for t in times] == [date(2026, 11, 10), date(2026, 12, 8)]


@pytest.mark.anyio
@pytest.mark.usefixtures("database")
async def test_laying_twice_lays_once():
    await make_room(code="R")
    person = await make_person("a1")
    first, last = date(2026, 11, 23), date(2026, 12, 6)
    assert await lay([rule(people=("a1",))], first, last, SYSTEM, NOW) == 2
    assert await lay([rule(people=("a1",))], first, last + timedelta(days=7), SYSTEM, NOW) == 1
    with_the_last = await Room.get(code="R")
    assert await lay([rule(people=("a1",))], first, last, SYSTEM, NOW) == 0
    assert (await Room.get(code="R")).revision == with_the_last.revision, "nobody is told of nothing"
    (mine, *_) = await my_duties(person.id, NOW)
    assert mine.starts_at == datetime(2026, 11, 30, 9, tzinfo=WARSAW)
    room = await Duty.all().first().values_list("room_id", flat=True)
    assert len(await duties_between([room], NOW, NOW + timedelta(days=14))) == 2
    with pytest.raises(NotFound):
        await lay([rule(room="none")], first, last, SYSTEM, NOW)
