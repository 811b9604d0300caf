"""``from`` and ``to`` of a query: times, or dates that mean local midnight."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Query

from registry.core.errors import N_, Invalid, Reason
from registry.rooms.hours import local_instant
from web.kit.body import DayOrMoment

LONGEST = timedelta(days=92)
_CLOCKS_GO = timedelta(hours=2)  # more than by which a span of days may be longer than its days


@dataclass(frozen=True, slots=True)
class SpanOfQuery:
    """What was asked for, before the zone of its dates is known."""

    since: date | datetime | None
    until: date | datetime | None

    def between(self, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
        """The span; where an end is left out, a day from the other one, and today without both.

        Raises Invalid: booking.ends_before_start; request.bad_field when it is longer than 92 days.
        """
        since, until = _instant(self.since, zone), _instant(self.until, zone)
        if since is None:
            today = local_instant(now.astimezone(zone).date(), 0, zone)
            since = until - timedelta(days=1) if until else today
        if until is None:
            until = since + timedelta(days=1)
        if until <= since:
            raise Invalid("booking.ends_before_start")
        if until - since > LONGEST + _CLOCKS_GO:
            reason = Reason(N_("it is more than {days} days after from"), days=LONGEST.days)
            raise Invalid("request.bad_field", field="to", reason=reason)
        return since, until


def _instant(end: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    return end if end is None or isinstance(end, datetime) else local_instant(end, 0, zone)


async def _of_query(
    since: Annotated[
        DayOrMoment | None,
        Query(alias="from", description="RFC 3339 with offset, or a date; today without it."),
    ] = None,
    until: Annotated[DayOrMoment | None, Query(alias="to", description="RFC 3339 with offset, or a date.")] = None,
) -> SpanOfQuery:
    return SpanOfQuery(since, until)


FromTo = Annotated[SpanOfQuery, Depends(_of_query)]
