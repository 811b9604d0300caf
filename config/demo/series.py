"""The demo's series: the Team plans its week each Thursday morning in the conference room, three dates at a time:
whoever tries the demo finds its rooms free a month ahead.
"""

from datetime import date, datetime, time, timedelta

from registry.bookings.models import OnTaken
from registry.bookings.series_actions import book_series
from registry.bookings.series_queries import my_series
from registry.bookings.series_rules import SeriesRequest
from registry.core.errors import Refusal
from registry.core.history import Actor
from registry.people.queries import people_of

ROOM, ORGANIZER, TITLE = "ZW-01", "koordynator", "Plan tygodnia Zespołu"
BEGINS, MINUTES, DATES = time(8, 0), 60, 3
THURSDAY = 3


async def book_the_weekly_meeting(today: date, actor: Actor, now: datetime) -> None:
    """See that the series has dates to come, booked as people book it, by all the rules."""
    people = await people_of([ORGANIZER])
    if not people or (await my_series(people[0], now, 1))[1]:
        return
    day = today + timedelta(days=(THURSDAY - today.weekday() - 1) % 7 + 1)
    start = datetime.combine(day, BEGINS)
    rule = f"FREQ=WEEKLY;BYDAY=TH;COUNT={DATES}"
    request = SeriesRequest(
        ROOM, start, MINUTES, rule, title=TITLE, attendees=9, on_conflict=OnTaken.SKIP, skips_holidays=True,
        source="demo",
    )  # fmt: skip
    try:
        await book_series(request, people[0], actor, now)
    except Refusal:  # whoever uses this demo rules otherwise
        return
