"""What sets and their troubles are called."""

from collections.abc import Sequence

from registry.core.history import HistoryEntry
from registry.sets.rules import Trouble
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext
from web.kit.words import N_

TROUBLE_LOOKS = {
    Trouble.GONE: ("bad", "ban"),
    Trouble.ELSEWHERE: ("warn", "map-pin"),
    Trouble.FAULTY: ("warn", "alert-triangle"),
    Trouble.IN_REPAIR: ("bad", "tool"),
}
TROUBLE_WORDS = {
    Trouble.GONE: N_("no longer ours to use"),
    Trouble.ELSEWHERE: N_("not with the others"),
    Trouble.FAULTY: N_("faulty"),
    Trouble.IN_REPAIR: N_("in repair"),
}
ACTION_WORDS = {
    "made": N_("Put together"),
    "changed": N_("Changed"),
    "dissolved": N_("Taken apart"),
}
TOASTS = {
    "made": N_("The set is made."),
    "changed": N_("The set is changed."),
    "dissolved": N_("The set is taken apart. Its pieces stay where they are."),
}


def toast_of(name: str, context: PageContext) -> str:
    """What the page says after an act; nothing for a name that is none."""
    return context.say(TOASTS.get(name, ""))


def set_history(entries: Sequence[HistoryEntry], context: PageContext) -> list[dict[str, str]]:
    """What happened to a set, the newest first, in words."""
    return history_rows(entries, context, ACTION_WORDS, _change)


def _change(entry: HistoryEntry) -> str:
    before, after = entry.before or {}, entry.after or {}
    if entry.action == "changed" and "name" in after:
        return f"{before['name']} → {after['name']}"
    return ", ".join(after.get("parts", ()))
