"""Bookings as the API takes and tells them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticKnownError

from registry.bookings.actions import BookingChanges
from registry.bookings.models import Kind
from registry.bookings.rules import BookingRequest
from registry.core.errors import Invalid
from web.kit.answers import InstantText, ListAnswer
from web.kit.body import LINE, Body, Changes, Moment, RoomCode, Whole, left_out


def _kind(word: Any) -> Any:
    """No kind is the one that the room is mostly for."""
    if word == "":
        return None
    if isinstance(word, str) and word not in list(Kind):
        raise Invalid("booking.bad_kind", kind=word[:40], kinds=", ".join(Kind))
    return word


def other_kind(word: Any) -> Any:
    """Of a change, where the kind may be left out, and not none."""
    if word is None:
        raise PydanticKnownError("string_type")
    return _kind(word)


KindWord = Annotated[Kind | None, BeforeValidator(_kind)]
# the register has the rule; this is what a number may be at all
People = Annotated[Whole, Field(ge=-1_000_000, le=1_000_000)]
Needs = Annotated[list[str], Field(max_length=20)]


class NewBookingBody(Body):
    room: RoomCode
    starts_at: Annotated[Moment, Field(examples=["2026-11-26T13:00:00+01:00"])]
    ends_at: Annotated[Moment, Field(examples=["2026-11-26T14:00:00+01:00"])]
    title: str = ""
    kind: KindWord = None
    attendees: People | None = None
    needs: Needs = []
    organizer: (
        Annotated[
            str, Field(max_length=64, description="a login: of a colleague, or for a coordinator anybody's"), LINE
        ]
        | None
    ) = None

    def request(self) -> BookingRequest:
        """What is asked of the register."""
        return BookingRequest(
            room=self.room,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            title=self.title,
            kind=self.kind,
            attendees=self.attendees,
            needs=tuple(self.needs),
            organizer=self.organizer or None,
        )


class BookingChangesBody(Changes):
    """What is left out stays as it is."""

    room: RoomCode = left_out()
    starts_at: Moment = left_out()
    ends_at: Moment = left_out()
    title: str = left_out()
    kind: Annotated[Kind | None, BeforeValidator(other_kind)] = left_out()
    attendees: People | None = left_out()
    needs: Needs = left_out()

    def wanted(self) -> BookingChanges:
        """What is asked of the register."""
        changes = self.changes()
        if "needs" in changes:
            changes["needs"] = tuple(self.needs)
        return BookingChanges(**changes)


class NothingBody(Body):
    """A command without details."""


class ExtensionBody(Body):
    """By so many minutes, or until a time."""

    minutes: Annotated[Whole, Field(ge=1, le=1440)] = 15
    until: Moment | None = None


class CancellationBody(Body):
    """Why; in a Help Point room one of a list, which the refusal of another names."""

    reason: Annotated[str, Field(max_length=300), LINE] = ""


class BusySpanAnswer(BaseModel):
    """A confidential room is taken. Nothing else is told."""

    room: str
    starts_at: InstantText
    ends_at: InstantText


class MeetingAnswer(BaseModel):
    """Somebody of another institution meets here."""

    room: str
    starts_at: InstantText
    ends_at: InstantText
    kind: str
    status: str
    institution: str | None
    public_text: dict[str, str] | None = Field(None, description="of a block, by language")


class BookingAnswer(BaseModel):
    """Everything, for the organizer, the institution, and who runs the rooms."""

    id: UUID
    room: str
    starts_at: InstantText
    ends_at: InstantText
    kind: str
    status: str
    title: str
    attendees: int | None
    needs: list[str]
    organizer: str | None
    organizer_name: str | None
    institution: str | None
    blocked_from: InstantText = Field(description="start less set-up")
    blocked_to: InstantText = Field(description="end plus clean-up")
    planned_ends_at: InstantText
    checked_in_at: InstantText | None
    released_at: InstantText | None
    release_reason: str
    warned_at: InstantText | None
    public_text: dict[str, str] | None = Field(description="of a block, by language")
    revision: int


# the first that fits: each has the fields of the next, and more
VisibleAnswer = Annotated[BookingAnswer | MeetingAnswer | BusySpanAnswer, Field(union_mode="left_to_right")]
BookingsAnswer = ListAnswer[VisibleAnswer]


class WarningAnswer(BaseModel):
    code: str
    detail: str
    params: dict[str, Any]


class BookedAnswer(BookingAnswer):
    warnings: list[WarningAnswer] = Field(description="booking.outside_hours, booking.not_ready")
