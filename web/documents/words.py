"""What documents, their sides and their history are called."""

from collections.abc import Sequence

from registry.core.history import HistoryEntry
from registry.documents.models import Document
from registry.documents.queries import DocumentState
from registry.documents.rules import SIDE_WORDS, SYMBOLS, Side
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext
from web.kit.words import N_

ACTS = {
    "issued": N_("Issued"),
    "signed": N_("Signed"),
    "cancelled": N_("Cancelled"),
    "file_added": N_("Printed for the first time"),
}
DONE = {
    "signed": N_("You signed the document."),
    "cancelled": N_("The document is cancelled. Its number stays taken."),
    "asked": N_("Permission is asked for. A second person of another role confirms it."),
    "withdrawn": N_("The permission is taken back. The piece stays."),
    "confirmed": N_("Confirmed. The piece may leave, once."),
}


def kind_word(symbol: str, context: PageContext) -> str:
    """Change of place, hand-over to a person, …"""
    return context.say(SYMBOLS[symbol].word) if symbol in SYMBOLS else symbol


def side_word(side: str, context: PageContext) -> str:
    """Who hands over, who takes over, who approves."""
    return context.say(SIDE_WORDS[Side(side)])


def state_of(document: Document, signatures: int) -> tuple[str, str, str]:
    """The word of a document's state, its tone and its symbol."""
    if document.cancelled_at is not None:
        return N_("paper cancelled"), "bad", "circle-x"
    sides = len(SYMBOLS[document.symbol].sides) if document.symbol in SYMBOLS else 0
    return (N_("signed"), "good", "check") if signatures >= sides else (N_("to be signed"), "warn", "signature")


def signatures_so_far(document: Document) -> int:
    """How many signed: each signature makes a revision of a document that is not cancelled."""
    return document.revision - 1


def document_history(entries: Sequence[HistoryEntry], context: PageContext) -> list[dict[str, str]]:
    """What happened to a document, the newest first, in words."""
    return history_rows(entries, context, ACTS, lambda entry: _signing_side(entry, context))


def _signing_side(entry: HistoryEntry, context: PageContext) -> str:
    side = (entry.after or {}).get("side", "")
    return side_word(side, context) if side else ""


def way_of(state: DocumentState) -> str:
    """From where to where, in a line."""
    contents = state.contents
    former, later = contents.came_from or contents.was_with, contents.goes_to or contents.is_with
    return " → ".join(filter(None, (former, later)))
