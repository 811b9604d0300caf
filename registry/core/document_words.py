"""What a refusal about documents, acceptances and loans says: a part of ``WORDS`` in registry/core/errors.py."""

from registry.core.marks import N_

DOCUMENT_WORDS: dict[str, str] = {
    "asset.lent": N_("It is lent out until {until}. Take it back first: its page says who has it."),
    "asset.not_lent": N_("Nobody has borrowed it. Look at its page."),
    "asset.accepted": N_("It was accepted by {number} already. Take that acceptance back first, or leave it out."),
    "asset.not_acceptable": N_("It cannot be accepted yet. What its paper must name is missing: {lacks}."),
    "asset.not_accepted": N_("No acceptance of it holds. There is nothing to take back."),
    "document.unknown": N_("There is no such document."),
    "document.cancelled": N_("The document is cancelled. It keeps its number and cannot be changed."),
    "document.no_side": N_("Nobody signs such a document as that. Sign as one of {sides}."),
    "document.not_the_accountant": N_("For the accounts signs the accountant. Sign as another side, or ask them."),
    "document.signed_by_another": N_("Somebody else signed there already."),
    "document.both_sides": N_("Who hands over cannot take over too. Another person signs the second side."),
}
