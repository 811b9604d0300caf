"""What building works and their states are called."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from registry.core.history import HistoryEntry
from registry.works.rules import WorksState
from web.blocks.words import BlockWords
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext
from web.kit.words import N_

LOOKS = {
    WorksState.PLANNED: (N_("still to come"), "", "calendar"),
    WorksState.RUNNING: (N_("under way"), "warn", "tool"),
    WorksState.LATE: (N_("past their last day"), "bad", "alert-triangle"),
    WorksState.FINISHED: (N_("finished"), "good", "check"),
    WorksState.CANCELLED: (N_("called off"), "plain", "ban"),
}
ACTS = {
    "planned": N_("Planned"),
    "changed": N_("Changed"),
    "blocked": N_("Rooms blocked"),
    "assets_put": N_("Pieces written down"),
    "finished": N_("Finished"),
    "cancelled": N_("Called off"),
}
TOASTS = {
    "made": N_("The works are planned. Block their rooms next."),
    "changed": N_("The works are changed."),
    "assets": N_("The pieces are written down."),
    "finished": N_("The works are finished."),
    "cancelled": N_("The works are called off."),
}


class WorksWords(BlockWords):
    """The words of the pages about building works."""

    def works_state(self, state: WorksState) -> tuple[str, str, str]:
        """A badge: word, tone, symbol."""
        word, tone, symbol = LOOKS[state]
        return self.say(word), tone, symbol

    def dates(self, first: date, last: date) -> str:
        """„7.12.2026–18.12.2026”."""
        return self.fmt.date(first) if first == last else f"{self.fmt.date(first)}–{self.fmt.date(last)}"

    def works_toast(self, name: str) -> str:
        return self.say(TOASTS.get(name, ""))


def works_history(entries: Sequence[HistoryEntry], words: WorksWords, context: PageContext) -> list[dict[str, str]]:
    """What happened to works, the newest first, in words."""
    return history_rows(entries, context, ACTS, lambda entry: _difference(entry, words))


def _difference(entry: HistoryEntry, words: WorksWords) -> str:
    before, after = entry.before or {}, entry.after or {}
    if entry.action == "blocked":
        return words.room_list(after.get("rooms", []))
    if entry.action == "assets_put":
        return f"{len(before.get('assets', []))} → {len(after.get('assets', []))}"
    if entry.action != "changed":
        return ""
    parts = []
    if _dates(before, words) != _dates(after, words):
        parts.append(f"{_dates(before, words)} → {_dates(after, words)}")
    if before.get("rooms") != after.get("rooms"):
        parts.append(f"{words.room_list(before.get('rooms', []))} → {words.room_list(after.get('rooms', []))}")
    for name in ("name", "grant"):
        if before.get(name) != after.get(name):
            parts.append(f"{before.get(name) or '–'} → {after.get(name) or '–'}")
    return ", ".join(parts)


def _dates(values: dict[str, Any], words: WorksWords) -> str:
    return words.dates(*(date.fromisoformat(values[name]) for name in ("starts_on", "ends_on")))
