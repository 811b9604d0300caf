"""What documents, their sides and their history are called."""

from datetime import datetime
from typing import Any

from registry.documents.models import Document
from registry.documents.queries import DocumentState
from registry.documents.rules import SIDE_WORDS, SYMBOLS, Side
from web.kit.page_context import PageContext
from web.kit.words import N_

ACTS = {"issued": N_("Issued"), "signed": N_("Signed"), "cancelled": N_("Cancelled")}
DONE = {
    "signed": N_("You signed the document."),
    "cancelled": N_("The document is cancelled. Its number stays taken."),
    "asked": N_("Permission is asked for. A second person of another role confirms it."),
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


def history_rows(entries: list[dict[str, Any]], context: PageContext) -> list[dict[str, Any]]:
    """The history as the macro draws it."""
    return [_row(entry, context) for entry in entries]


def _row(entry: dict[str, Any], context: PageContext) -> dict[str, Any]:
    at: datetime = entry["at"]
    side = (entry["after"] or {}).get("side", "")
    text = " · ".join(filter(None, (entry["actor"], side_word(side, context) if side else "", entry["reason"])))
    title = context.say(ACTS.get(entry["action"], entry["action"]))
    return {"when": context.fmt.when(at, context.now), "iso": at.isoformat(), "title": title, "text": text}


def way_of(state: DocumentState) -> str:
    """From where to where, in a line."""
    contents = state.contents
    former, later = contents.came_from or contents.was_with, contents.goes_to or contents.is_with
    return " → ".join(filter(None, (former, later)))
