"""A thing's history as the macro ``history`` draws it: when, what was done, who did it and what became different."""

from collections.abc import Callable, Mapping, Sequence

from registry.core.history import HistoryEntry
from web.kit.page_context import PageContext


def history_rows(
    entries: Sequence[HistoryEntry],
    context: PageContext,
    titles: Mapping[str, str],
    text_of: Callable[[HistoryEntry], str],
) -> list[dict[str, str]]:
    """What happened to a thing, in the order of the entries. ``titles`` name the acts; ``text_of`` says what became
    different, nothing where the act says it all. It stands between who did it and why.
    """
    return [
        {
            "when": context.fmt.when(entry.at, context.now),
            "iso": context.fmt.iso(entry.at),
            "title": context.say(titles.get(entry.action, entry.action)),
            "text": " · ".join(part for part in (entry.actor, text_of(entry), entry.reason) if part),
        }
        for entry in entries
    ]
