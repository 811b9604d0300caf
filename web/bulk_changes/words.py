"""What a bulk change is called, and what becomes of its pieces, in words."""

from registry.bulk_changes.models import BulkChange, PieceFate
from registry.bulk_changes.rules import CORRECT, NUMBER
from web.assets.correction_pages import FIELDS
from web.assets.words import TRANSITION_WORDS
from web.kit.page_context import PageContext
from web.kit.words import N_, NN_

FATE_WORDS = {
    PieceFate.WAITING: N_("To be changed"),
    PieceFate.CHANGED: N_("Changed"),
    PieceFate.REFUSED: N_("Refused"),
    PieceFate.SAME: N_("As they are"),
}
FATE_LOOKS = {
    PieceFate.WAITING: ("", "clock"),
    PieceFate.CHANGED: ("good", "circle-check"),
    PieceFate.REFUSED: ("bad", "circle-x"),
    PieceFate.SAME: ("plain", "check"),
}
CORRECTED_TITLE = NN_("Correct %(num)s asset", "Correct %(num)s assets")
NUMBERED_TITLE = NN_("Give %(num)s asset the next number", "Give %(num)s assets the next numbers")
OWN_TITLES = {CORRECT: CORRECTED_TITLE, NUMBER: NUMBERED_TITLE}
OWN_SYMBOLS = {CORRECT: "edit", NUMBER: "plus"}
FIELD_HELP = {
    "note": N_("It is added below the note that is there."),
    "price": N_("The funding is split as it was, and the account follows the office's policy."),
    "kst": N_("Three digits, like 487."),
    "accepted_on": N_("Like 15.03.2022."),
    "warranty_until": N_("Like 15.03.2022. Empty: they have none."),
    "category": N_("One of those in use, or a new one."),
}


def title_of(act: str) -> tuple[str, str]:
    """What heads the page, for one and for many pieces."""
    return OWN_TITLES.get(act) or TRANSITION_WORDS[act].title


def symbol_of(act: str) -> str:
    return OWN_SYMBOLS.get(act) or TRANSITION_WORDS[act].symbol


def subject_of(row: BulkChange, context: PageContext) -> str:
    """The field that is corrected, the unit that numbers; nothing of a transition."""
    if row.act == NUMBER:
        return str(row.answers["unit"])
    return context.say(FIELDS[row.answers["field"]].word) if row.act == CORRECT else ""
