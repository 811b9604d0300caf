"""Notices and letters as programs read them."""

from typing import Annotated

from pydantic import BaseModel, Field

from registry.outbox.models import LetterState, Notice
from registry.outbox.queries import LetterLine
from registry.outbox.rules import DAY_MINUTES, Timing, Wishes
from web.kit.answers import Instant, ListAnswer
from web.kit.body import LINE, Body, Changes, RecordId, left_out
from web.outbox.words import Rooms, allowed_facts

Minute = Annotated[int, Field(ge=0, lt=DAY_MINUTES, description="minutes after local midnight")]


class NoticeAnswer(BaseModel):
    id: int
    kind: str
    thing: str = Field(description="booking:3f2…, fault:12: what it is about")
    facts: dict[str, object] = Field(description="as far as the class of the room allows")
    at: Instant
    read_at: Instant | None


class NoticesAnswer(ListAnswer[NoticeAnswer]):
    unread: int = Field(description="a hundred at most")


class ReadBody(Body):
    """Without ``ids`` all are read."""

    ids: Annotated[list[RecordId], Field(max_length=200)] | None = None


class ReadAnswer(BaseModel):
    read: int = Field(description="how many were new")
    unread: int


class WishesAnswer(BaseModel):
    timings: dict[str, Timing] = Field(description="by topic; what is not here leaves as it does for everybody")
    daily_minute: int
    quiet_from: int | None
    quiet_to: int | None
    channel: str
    channel_address: str
    revision: int


class WishesBody(Changes):
    timings: dict[str, Timing] = left_out()
    daily_minute: Minute = left_out()
    quiet_from: Minute | None = left_out()
    quiet_to: Minute | None = left_out()
    channel: Annotated[str, Field(max_length=40), LINE] = left_out()
    channel_address: Annotated[str, Field(max_length=120), LINE] = left_out()


class LetterAnswer(BaseModel):
    id: int
    person: str
    channel: str
    kinds: list[str] = Field(description="of the notices that it carries")
    state: LetterState
    tries: int
    answer: str = Field(description="what the server said last")
    created_at: Instant
    next_try_at: Instant
    tried_at: Instant | None
    sent_at: Instant | None


LettersAnswer = ListAnswer[LetterAnswer]


def notice_answer(notice: Notice, rooms: Rooms) -> NoticeAnswer:
    """A notice as its person reads it, by the classes that the rooms have now."""
    facts = allowed_facts(notice.facts, rooms)
    return NoticeAnswer(
        id=notice.id, kind=notice.kind, thing=notice.thing, facts=facts, at=notice.at, read_at=notice.read_at
    )


def wishes_answer(wishes: Wishes, revision: int) -> WishesAnswer:
    """What somebody chose."""
    return WishesAnswer(
        timings={code: Timing(timing) for code, timing in wishes.timings.items()},
        daily_minute=wishes.daily_minute,
        quiet_from=wishes.quiet_from,
        quiet_to=wishes.quiet_to,
        channel=wishes.channel,
        channel_address=wishes.channel_address,
        revision=revision,
    )


def letter_answer(line: LetterLine) -> LetterAnswer:
    """A letter of the outbox. What it says is not among it."""
    letter = line.letter
    return LetterAnswer(
        id=letter.id,
        person=line.login,
        channel=letter.channel,
        kinds=[notice.kind for notice in line.notices],
        state=letter.state,
        tries=letter.tries,
        answer=letter.answer,
        created_at=letter.created_at,
        next_try_at=letter.next_try_at,
        tried_at=letter.tried_at,
        sent_at=letter.sent_at,
    )
