"""Notices under the bell and letters of the outbox, as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.outbox.models import Letter, LetterState, Notice
from registry.outbox.queries import LetterLine
from web.kit.page_context import PageContext
from web.kit.words import N_
from web.outbox.words import LetterNotice, NoticeWords, RoomName, Rooms
from web.rooms.room_cache import cached_rooms


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice in words; ``day`` heads those of one day."""

    id: int
    headline: str
    lines: list[str]
    symbol: str
    at: datetime
    day: str
    is_new: bool


async def rooms_by_code() -> dict[str, RoomName]:
    """The rooms of the house: their names and their classes now."""
    return {room.code: RoomName(room.name, room.name_en, str(room.visibility)) for room in await cached_rooms()}


def plain(notice: Notice) -> LetterNotice:
    """What a notice says; what opens an account stays out of sight."""
    return LetterNotice(notice.kind, notice.thing, notice.facts)


def letter_notice(notice: Notice) -> LetterNotice:
    """What a letter says of a notice to its person alone."""
    return LetterNotice(notice.kind, notice.thing, notice.facts, notice.secret)


def notice_rows(notices: Sequence[Notice], rooms: Rooms, context: PageContext) -> list[NoticeRow]:
    """Notices as rows, in their order."""
    words = NoticeWords.of(context.words)
    return [
        NoticeRow(
            id=notice.id,
            headline=words.headline(plain(notice)),
            lines=words.lines(plain(notice), rooms),
            symbol=words.symbol(plain(notice)),
            at=notice.at,
            day=_day(notice.at, context),
            is_new=notice.read_at is None,
        )
        for notice in notices
    ]


def _day(at: datetime, context: PageContext) -> str:
    days = (context.today - context.fmt.local(at).date()).days
    return context.say((N_("Today"), N_("Yesterday"))[days]) if days in (0, 1) else context.words.day(at)


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter in words: what it is about, whose, how it stands and what may be done."""

    letter: Letter
    subject: str
    login: str
    word: str
    tone: str
    when: datetime | None

    @property
    def may_leave_again(self) -> bool:
        return self.letter.state in (LetterState.DEAD, LetterState.DROPPED)

    @property
    def may_be_dropped(self) -> bool:
        return self.letter.state in (LetterState.DEAD, LetterState.WAITING)


def letter_row(line: LetterLine, context: PageContext) -> LetterRow:
    """A letter as a row."""
    words, letter = NoticeWords.of(context.words), line.letter
    word, tone = words.letter_state(letter.state)
    subject = words.subject([plain(notice) for notice in line.notices]) if line.notices else context.say("–")
    when = letter.next_try_at if letter.state is LetterState.WAITING else letter.sent_at or letter.tried_at
    return LetterRow(letter, subject, line.login, word, tone, when)
