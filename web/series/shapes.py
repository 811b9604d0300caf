"""Series of bookings as programs send and read them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field

from registry.bookings.models import Booking, Kind, OnTaken, Series
from registry.bookings.recurrence import LONGEST_RULE, MOST_DATES
from registry.bookings.series_dates import SeriesPreview
from registry.bookings.series_plans import SeriesPlan
from registry.bookings.series_rules import DateState, SeriesChanges, SeriesRequest
from registry.core.errors import N_, Invalid, Reason
from web.bookings.shapes import Needs, NewBookingBody, People, other_kind
from web.kit.answers import Instant, InstantText, ListAnswer
from web.kit.body import LINE, Changes, Moment, RoomCode, left_out


def _on_conflict(word: Any) -> Any:
    if word == "wait":
        raise Invalid("series.no_wait")
    return word


OnConflict = Annotated[
    OnTaken,
    BeforeValidator(_on_conflict),
    Field(description="what becomes of dates that cannot be had: refuse books nothing, skip books the others"),
]
RuleText = Annotated[
    str,
    Field(
        max_length=LONGEST_RULE, description="RRULE of RFC 5545 with COUNT or UNTIL; none for a list of dates",
        examples=["FREQ=WEEKLY;BYDAY=TU;COUNT=10"],
    ),
    LINE,
]  # fmt: skip
DateText = Annotated[str, Field(max_length=20, examples=["2027-01-18", "2027-01-18T09:00"]), LINE]
Dates = Annotated[list[DateText], Field(max_length=MOST_DATES)]


def wall_in(moment: datetime, zone: ZoneInfo, field: str) -> datetime:
    """What the clock on the wall shows then. Raises Invalid("request.bad_field") between two minutes."""
    if moment.second or moment.microsecond:
        reason = Reason(N_("a series begins and ends on a full minute"))
        raise Invalid("request.bad_field", field=field, reason=reason)
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def minutes_between(start: datetime, end: datetime) -> int:
    """On the clock of the wall."""
    return int((end - start).total_seconds() // 60)


class NewSeriesBody(NewBookingBody):
    """``starts_at`` and ``ends_at`` are of the first date; each date has the same times on the clock of the wall."""

    rrule: RuleText = ""
    rdates: Annotated[Dates, Field(description="dates beside the rule, at its time or at their own")] = []
    exdates: Annotated[Dates, Field(description="dates that are left out")] = []
    on_conflict: OnConflict = OnTaken.REFUSE
    skip_holidays: bool = Field(False, description="days off are left out too")

    def series(self, zone: ZoneInfo) -> SeriesRequest:
        """What is asked of the register, on the clock of the room's site."""
        start, end = wall_in(self.starts_at, zone, "starts_at"), wall_in(self.ends_at, zone, "ends_at")
        return SeriesRequest(
            room=self.room,
            start=start,
            minutes=minutes_between(start, end),
            rule=self.rrule,
            rdates=tuple(self.rdates),
            exdates=tuple(self.exdates),
            title=self.title,
            kind=self.kind,
            attendees=self.attendees,
            needs=tuple(self.needs),
            organizer=self.organizer or None,
            on_conflict=self.on_conflict,
            skips_holidays=self.skip_holidays,
        )


class SeriesChangesBody(Changes):
    """What is left out stays as it is. ``starts_at`` and ``ends_at`` are of the first date that changes: all others
    move alike. A move of the day within a month or year wants its rule anew.
    """

    room: RoomCode = left_out()
    starts_at: Moment = left_out()
    ends_at: Moment = left_out()
    rrule: RuleText = left_out()
    rdates: Dates = left_out()
    exdates: Dates = left_out()
    title: str = left_out()
    kind: Annotated[Kind | None, BeforeValidator(other_kind)] = left_out()
    attendees: People | None = left_out()
    needs: Needs = left_out()
    on_conflict: OnConflict = left_out()
    skip_holidays: bool = left_out()

    def series(self, zone: ZoneInfo, began: datetime) -> SeriesChanges:
        """What is asked of the register; ``began`` is the wall time of the first date that changes."""
        changes = self.changes()
        start = wall_in(self.starts_at, zone, "starts_at") if "starts_at" in changes else None
        minutes = None
        if "ends_at" in changes:
            minutes = minutes_between(start or began, wall_in(self.ends_at, zone, "ends_at"))
        plain = {name: changes[name] for name in ("room", "title", "kind", "on_conflict") if name in changes}
        lists: dict[str, Any] = {
            name: tuple(changes[name]) for name in ("rdates", "exdates", "needs") if name in changes
        }
        return SeriesChanges(
            start=start,
            minutes=minutes,
            rule=changes.get("rrule"),
            words={"attendees": changes["attendees"]} if "attendees" in changes else {},
            skips_holidays=changes.get("skip_holidays"),
            **plain,
            **lists,
        )


class DateOfferAnswer(BaseModel):
    """Another room at this time, or another time of this day in the same room."""

    room: str
    name: str
    starts_at: InstantText
    ends_at: InstantText
    reason: str = Field(description="other_room, other_time")


class SeriesDateAnswer(BaseModel):
    occurrence: str = Field(description="the date of the series on the clock of the wall: 2027-01-18T09:00")
    starts_at: InstantText
    ends_at: InstantText
    state: DateState
    code: str | None = Field(description="why it cannot be had, as the code of a refusal")
    is_twice: bool = Field(description="this hour happens twice on that day, and the first is meant")
    is_day_off: bool
    conflicts: list[dict[str, Any]] = Field(description="what is in its way, as far as the caller may see it")
    alternatives: list[DateOfferAnswer]


class SeriesPreviewAnswer(BaseModel):
    room: str
    free: int
    in_the_way: int = Field(description="dates for which a series that wants all of them is refused")
    needs_approval: bool
    dates: list[SeriesDateAnswer]


class ChangeAct(StrEnum):
    """What a change does to one date."""

    STAYS = "stays"
    CHANGES = "changes"
    NEW = "new"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class DateChangeAnswer(BaseModel):
    """One date before and after; ``before`` is none of a new one, ``after`` of one that is cancelled."""

    act: ChangeAct
    before: str | None = Field(description="on the clock of the wall")
    after: str | None
    booking: UUID | None
    state: DateState
    code: str | None


class ChangePreviewAnswer(SeriesPreviewAnswer):
    splits: bool = Field(description="what changes becomes a series of its own")
    changes: list[DateChangeAnswer]


class SeriesBookingAnswer(BaseModel):
    """One date that was booked."""

    id: UUID
    occurrence: str
    room: str
    starts_at: Instant
    ends_at: Instant
    status: str


class SkippedDateAnswer(BaseModel):
    occurrence: str
    code: str


class SeriesAnswer(BaseModel):
    id: UUID
    room: str
    title: str
    kind: str
    attendees: int | None
    needs: list[str]
    organizer: str | None
    institution: str | None
    start: str = Field(description="of the first date, on the clock of the wall")
    minutes: int
    zone: str
    rrule: str
    rdates: list[str]
    exdates: list[str]
    on_conflict: OnTaken
    skip_holidays: bool
    bookings: list[SeriesBookingAnswer] = Field(description="every date that was booked, the past ones too")
    skipped: list[SkippedDateAnswer] = Field(description="dates that could not be had")
    former: UUID | None = Field(description="the series that this one goes on for")
    created_at: Instant
    cancelled_at: Instant | None
    revision: int


SeriesListAnswer = ListAnswer[SeriesAnswer]


def series_answer(series: Series, bookings: Sequence[Booking], zone: ZoneInfo) -> SeriesAnswer:
    """A series with its bookings; its room, organizer and institution are fetched, and the room of each booking."""
    return SeriesAnswer(
        id=series.id,
        room=series.room.code,
        title=series.title,
        kind=series.kind,
        attendees=series.attendees,
        needs=series.needs,
        organizer=series.organizer.login if series.organizer else None,
        institution=series.institution.code if series.institution else None,
        start=series.start,
        minutes=series.minutes,
        zone=series.zone,
        rrule=series.rule,
        rdates=series.rdates,
        exdates=series.exdates,
        on_conflict=series.on_conflict,
        skip_holidays=series.skips_holidays,
        bookings=[
            SeriesBookingAnswer(
                id=one.id,
                occurrence=one.occurrence,
                room=one.room.code,
                starts_at=one.starts_at.astimezone(zone),
                ends_at=one.ends_at.astimezone(zone),
                status=one.status,
            )
            for one in bookings
        ],
        skipped=[SkippedDateAnswer(occurrence=wall, code=code) for wall, code in sorted(series.skipped.items())],
        former=series.former_id,
        created_at=series.created_at.astimezone(zone),
        cancelled_at=series.cancelled_at and series.cancelled_at.astimezone(zone),
        revision=series.revision,
    )


def preview_fields(preview: SeriesPreview) -> dict[str, Any]:
    """What a preview says of a series."""
    return {
        "room": preview.room.code,
        "free": len(preview.free),
        "in_the_way": len(preview.in_the_way),
        "needs_approval": preview.is_asked,
        "dates": preview.as_json(),
    }


def change_answer(plan: SeriesPlan) -> ChangePreviewAnswer:
    """A plan, every date before and after."""
    changes = [
        DateChangeAnswer(
            act=ChangeAct(act), before=before, after=after, booking=booking and booking.id,
            state=line.state if line else DateState.FREE, code=line.refusal.code if line and line.refusal else None,
        )
        for act, before, after, booking, line in plan.steps()
    ]  # fmt: skip
    return ChangePreviewAnswer(splits=plan.is_split, changes=changes, **preview_fields(plan.preview))
