"""What blocks, their states and what is in their way are called."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from registry.blocks.rules import BlockState, Span
from registry.core.history import HistoryEntry
from registry.rooms.models import Room
from web.bookings.words import BookingWords
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext
from web.kit.words import N_

STATE_LOOKS = {
    BlockState.PLANNED: (N_("planned"), "", "calendar"),
    BlockState.RUNNING: (N_("out of use now"), "warn", "state-closed"),
    BlockState.OVER: (N_("over"), "plain", "check"),
    BlockState.CANCELLED: (N_("given back"), "plain", "arrow-back-up"),
}
ACTS = {"blocked": N_("Blocked"), "changed": N_("Changed"), "cancelled": N_("Given back")}
TOASTS = {
    "made": N_("The rooms are blocked."),
    "changed": N_("The block is changed."),
    "cancelled": N_("The rooms are given back."),
}
LANGUAGE_WORDS = {"pl": N_("In Polish"), "en": N_("In English"), "uk": N_("In Ukrainian"), "ru": N_("In Russian")}
FIRST_ROOMS, FIRST_SPANS = 4, 2


class BlockWords(BookingWords):
    """The words of the pages about blocks."""

    def block_state(self, state: BlockState) -> tuple[str, str, str]:
        """A badge: word, tone, symbol."""
        word, tone, symbol = STATE_LOOKS[state]
        return self.say(word), tone, symbol

    def when_blocked(self, span: Span) -> str:
        """„7.12 8:00 – 9.12 16:00”, „poniedziałek, 7.12.2026, 8:00–16:00”."""
        since, until = span
        if self.fmt.local(since).date() == self.fmt.local(until - timedelta(microseconds=1)).date():
            return f"{self.fmt.weekday(since)} {self.fmt.date(since)}, {self.fmt.span(since, until)}"
        return f"{self._end(since)} – {self._end(until)}"

    def _end(self, at: datetime) -> str:
        return f"{self.fmt.weekday(at)} {self.fmt.date(at)} {self.fmt.time(at)}"

    def spans(self, spans: Sequence[Span]) -> str:
        """The first of them, and how many more."""
        lines = [self.when_blocked(span) for span in spans[:FIRST_SPANS]]
        return self._and_more(lines, len(spans) - FIRST_SPANS, "; ")

    def room_list(self, codes: Sequence[str]) -> str:
        """„ZW-01, ZW-02 i jeszcze 3”."""
        return self._and_more(list(codes[:FIRST_ROOMS]), len(codes) - FIRST_ROOMS, ", ")

    def _and_more(self, lines: list[str], more: int, mark: str) -> str:
        text = mark.join(lines)
        return self.say(N_("%(first)s and %(n)s more")) % {"first": text, "n": more} if more > 0 else text

    def toast(self, name: str) -> str:
        return self.say(TOASTS.get(name, ""))

    def spot(self, room: Room) -> str:
        """„Sala konferencyjna (ZW-03)”."""
        return f"{self.room(room)} ({room.code})"


def block_history(entries: Sequence[HistoryEntry], words: BlockWords, context: PageContext) -> list[dict[str, str]]:
    """What happened to a block, the newest first, in words."""
    return history_rows(entries, context, ACTS, lambda entry: _difference(entry, words))


def _difference(entry: HistoryEntry, words: BlockWords) -> str:
    before, after = entry.before or {}, entry.after or {}
    if entry.action != "changed":
        return ""
    parts = []
    if before.get("rooms") != after.get("rooms"):
        parts.append(f"{words.room_list(before.get('rooms', []))} → {words.room_list(after.get('rooms', []))}")
    if before.get("spans") != after.get("spans"):
        parts.append(f"{words.spans(_spans(before))} → {words.spans(_spans(after))}")
    if before.get("reason") != after.get("reason"):
        parts.append(f"„{before.get('reason')}” → „{after.get('reason')}”")
    if before.get("public_text") != after.get("public_text"):
        parts.append(words.say(N_("what strangers read")))
    return ", ".join(parts)


def _spans(values: dict[str, Any]) -> list[Span]:
    return [(datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in values.get("spans", [])]
