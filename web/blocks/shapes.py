"""Blocks as programs send and read them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, model_validator

from registry.blocks.actions import BlockChanges
from registry.blocks.queries import spans_of
from registry.blocks.rules import (
    LONGEST_REASON,
    LONGEST_TEXT,
    MOST_ROOMS,
    MOST_SPANS,
    BlockState,
    Clearance,
    Decision,
    NewBlock,
    OnConflict,
    Way,
    state_at,
)
from registry.bookings.models import Block
from registry.core.errors import Invalid
from registry.core.errors import Reason as Because
from web.kit.answers import Instant, ListAnswer
from web.kit.body import LINE, NAME, Body, Changes, Moment, RoomCode, left_out
from web.kit.words import N_

Reason = Annotated[str, Field(max_length=LONGEST_REASON, description="for those who work here"), NAME]
Text = Annotated[str, Field(max_length=LONGEST_TEXT), LINE]
Rooms = Annotated[list[RoomCode], Field(max_length=MOST_ROOMS, description="room codes")]
MOST_DECISIONS = 500


class PublicTextBody(Body):
    """What strangers and doors read, by language."""

    pl: Text = ""
    en: Text = ""
    uk: Text = ""
    ru: Text = ""

    def by_language(self) -> dict[str, str]:
        """Without the languages in which nothing is said."""
        return {language: text for language, text in self.model_dump().items() if text}


class SpanBody(Body):
    starts_at: Moment
    ends_at: Moment


Spans = Annotated[list[SpanBody], Field(max_length=MOST_SPANS)]


class DecisionBody(Body):
    """What happens to one booking in the way; ``room`` where it moves to."""

    booking: UUID
    way: Way
    room: RoomCode = ""


class _Clearing(Body):
    on_conflict: OnConflict = Field(
        OnConflict.REFUSE,
        description="what happens to bookings in the way: keep blocks the time beside them, cancel cancels them",
    )
    decisions: Annotated[
        list[DecisionBody], Field(max_length=MOST_DECISIONS, description="what happens to single ones instead")
    ] = []

    def clearance(self) -> Clearance:
        """What is asked of the register."""
        decisions = {one.booking: Decision(one.way, one.room) for one in self.decisions}
        return Clearance(self.on_conflict, decisions)


class NewBlockBody(_Clearing):
    """Either ``starts_at`` and ``ends_at``, or several ``spans``."""

    rooms: Rooms
    starts_at: Annotated[Moment, Field(examples=["2026-12-07T07:00:00+01:00"])] | None = None
    ends_at: Annotated[Moment, Field(examples=["2026-12-07T19:00:00+01:00"])] | None = None
    spans: Spans = []
    reason: Reason
    public_text: PublicTextBody = PublicTextBody()

    @model_validator(mode="after")
    def _one_way(self) -> "NewBlockBody":
        for name, other in (("starts_at", "ends_at"), ("ends_at", "starts_at")):
            if getattr(self, name) is None and (not self.spans or getattr(self, other) is not None):
                raise Invalid("request.missing_field", field=name)
        return self

    def new(self) -> NewBlock:
        """What is asked of the register."""
        spans = [(span.starts_at, span.ends_at) for span in self.spans]
        if self.starts_at and self.ends_at:
            spans.append((self.starts_at, self.ends_at))
        return NewBlock(tuple(dict.fromkeys(self.rooms)), tuple(spans), self.reason, self.public_text.by_language())


class BlockChangesBody(Changes):
    """What is left out stays as it is. ``starts_at`` and ``ends_at`` are for a block of one span."""

    rooms: Rooms = left_out()
    starts_at: Moment = left_out()
    ends_at: Moment = left_out()
    spans: Spans = left_out()
    reason: Reason = left_out()
    public_text: PublicTextBody = left_out()
    on_conflict: OnConflict = left_out()
    decisions: Annotated[list[DecisionBody], Field(max_length=MOST_DECISIONS)] = left_out()

    def wanted(self, block: Block) -> BlockChanges:
        """What is asked of the register."""
        changes, spans = self.changes(), None
        if "spans" in changes:
            spans = tuple((span.starts_at, span.ends_at) for span in self.spans)
        elif ends := changes.keys() & {"starts_at", "ends_at"}:
            if len(block.spans) > 1:
                reason = Because(N_("it is for a block of one span: send all spans"))
                raise Invalid("request.bad_field", field=min(ends), reason=reason)
            spans = ((changes.get("starts_at") or block.starts_at, changes.get("ends_at") or block.ends_at),)
        return BlockChanges(
            rooms=tuple(dict.fromkeys(self.rooms)) if "rooms" in changes else None,
            spans=spans,
            reason=changes.get("reason"),
            public_text=self.public_text.by_language() if "public_text" in changes else None,
        )

    def clearance(self) -> Clearance:
        """What is asked of the register."""
        changes = self.changes()
        decisions = {one.booking: Decision(one.way, one.room) for one in changes.get("decisions", ())}
        return Clearance(changes.get("on_conflict", OnConflict.REFUSE), decisions)


class SpanAnswer(BaseModel):
    starts_at: Instant
    ends_at: Instant


class BlockAnswer(BaseModel):
    id: UUID
    rooms: list[str]
    starts_at: Instant = Field(description="of the first span")
    ends_at: Instant = Field(description="of the last span")
    spans: list[SpanAnswer] = Field(description="what was asked for; what of it each room has are bookings of its day")
    reason: str
    public_text: dict[str, str]
    state: BlockState
    created_at: Instant
    created_by: str | None = Field(description="a login")
    cancelled_at: Instant | None
    revision: int


BlocksAnswer = ListAnswer[BlockAnswer]


def block_answer(block: Block, zone: ZoneInfo, now: datetime) -> BlockAnswer:
    """A block with its times in a zone; who made it is fetched."""
    spans = spans_of(block)
    columns: dict[str, Any] = {
        name: getattr(block, name) for name in ("id", "rooms", "reason", "public_text", "revision")
    }
    return BlockAnswer(
        **columns,
        starts_at=block.starts_at.astimezone(zone),
        ends_at=block.ends_at.astimezone(zone),
        spans=[SpanAnswer(starts_at=since.astimezone(zone), ends_at=until.astimezone(zone)) for since, until in spans],
        state=state_at(spans, block.cancelled_at, now),
        created_at=block.created_at.astimezone(zone),
        created_by=block.created_by.login if block.created_by else None,
        cancelled_at=block.cancelled_at and block.cancelled_at.astimezone(zone),
    )
