"""Opening hours as programs send and read them."""

import datetime as dt
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from registry.bookings.projections import as_json
from registry.opening.queries import Profile, ShutOut
from registry.opening.rules import LONGEST_NAME, MOST_SPANS, DayKind, NewProfile, SiteDay
from registry.rooms.hours import Span
from registry.rooms.queries import zone_of
from web.bookings.shapes import VisibleAnswer
from web.kit.answers import ListAnswer
from web.kit.body import LINE, NAME, Body, Changes, Day, Whole, YesNo, left_out, unfit
from web.kit.time_of_day import clock
from web.kit.words import N_

CLOCK_PATTERN = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"


def _minute(text: str) -> str:
    hour, _, minute = text.partition(":")
    if not (len(text) == 5 and hour.isdecimal() and minute.isdecimal() and int(hour) * 60 + int(minute) <= 1440):
        raise unfit(N_("it is not a time of day like 08:00"))
    return text


Clock = Annotated[
    str, Field(max_length=5, json_schema_extra={"pattern": CLOCK_PATTERN}, examples=["08:00"]), AfterValidator(_minute)
]


class OpeningSpanBody(Body):
    """Open on a weekday (1 = Monday) from one time of day to another, within the dates where they are given. A period
    with dates goes before the week without.
    """

    weekday: Annotated[Whole, Field(ge=1, le=7)]
    opens: Clock
    closes: Clock
    valid_from: Day | None = None
    valid_to: Day | None = None

    def span(self) -> Span:
        """As the register knows it."""
        opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (self.opens, self.closes))
        return Span(self.weekday - 1, opens, closes, self.valid_from, self.valid_to)


OpeningSpans = Annotated[list[OpeningSpanBody], Field(max_length=MOST_SPANS, description="none: always open")]
ProfileName = Annotated[str, Field(max_length=LONGEST_NAME), LINE]


class NewProfileBody(Body):
    code: Annotated[str, Field(min_length=1, max_length=40), NAME]
    name: ProfileName = ""
    closed_on_holidays: YesNo = True
    spans: OpeningSpans

    def new(self) -> NewProfile:
        """What is asked of the register."""
        spans = tuple(span.span() for span in self.spans)
        return NewProfile(self.code, spans, self.name, self.closed_on_holidays)


class ProfileChangesBody(Changes):
    """What is left out stays as it is; ``spans`` are put in the place of all that were."""

    name: ProfileName = left_out()
    closed_on_holidays: YesNo = left_out()
    spans: OpeningSpans = left_out()


class SiteDayBody(Body):
    """Closed by order, or open like a Friday on a day that its week leaves out."""

    is_open: YesNo = False
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), NAME]


class OpeningSpanAnswer(BaseModel):
    weekday: int = Field(description="1 = Monday")
    opens: str
    closes: str
    valid_from: dt.date | None
    valid_to: dt.date | None


class ProfileAnswer(BaseModel):
    code: str
    name: str
    closed_on_holidays: bool
    spans: list[OpeningSpanAnswer]
    rooms: int = Field(description="how many rooms have these hours")
    revision: int


class ChangedProfileAnswer(ProfileAnswer):
    misfits: list[VisibleAnswer] = Field(description="bookings that the change shuts out, untouched; the first 200")
    misfit_count: int


class SiteDayAnswer(BaseModel):
    date: dt.date
    kind: DayKind
    name: str
    is_set: bool = Field(description="somebody said that it differs")


class ChangedDayAnswer(SiteDayAnswer):
    misfits: list[VisibleAnswer] = Field(description="bookings that the change shuts out, untouched; the first 200")
    misfit_count: int


ProfilesAnswer = ListAnswer[ProfileAnswer]
SiteDaysAnswer = ListAnswer[SiteDayAnswer]


def profile_answer(profile: Profile) -> ProfileAnswer:
    """A week with its spans."""
    spans = [
        OpeningSpanAnswer(
            weekday=span.weekday + 1, opens=clock(span.opens), closes=clock(span.closes), valid_from=span.valid_from,
            valid_to=span.valid_to,
        )
        for span in profile.spans
    ]  # fmt: skip
    return ProfileAnswer(
        code=profile.code, name=profile.name, closed_on_holidays=profile.closed_on_holidays, spans=spans,
        rooms=profile.rooms, revision=profile.revision,
    )  # fmt: skip


def day_answer(day: SiteDay) -> SiteDayAnswer:
    """One day of a site."""
    return SiteDayAnswer(date=day.day, kind=day.kind, name=day.name, is_set=day.is_set)


async def misfits_json(out: ShutOut) -> dict[str, Any]:
    """What a change shuts out, for an answer that tells of it."""
    lines = [as_json(booking, await zone_of(room)) for booking, room in out.bookings]
    return {"misfits": lines, "misfit_count": out.total}
