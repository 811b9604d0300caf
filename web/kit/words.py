"""What the register's fixed values are called on pages. English here, the other languages in the catalogues."""

from web.kit.i18n import translate


def N_(text: str) -> str:  # noqa: N802 # the name that gettext gives it
    """Mark a text for the translators."""
    return text


STATE_WORDS = {
    "free": N_("Free"),
    "soon": N_("Busy soon"),
    "awaiting_check_in": N_("Waiting for check-in"),
    "in_use": N_("In use"),
    "in_use_unbooked": N_("In use, not booked"),
    "closed": N_("Closed"),
    "unknown": N_("Not known"),
}

OCCUPANCY_WORDS = {
    "occupied": N_("somebody is there"),
    "vacant": N_("empty"),
    "unknown": N_("not known"),
}

ROLE_WORDS = {
    "member": N_("Team member"),
    "duty": N_("duty officer"),
    "coordinator": N_("coordinator"),
    "facilities": N_("facilities"),
    "accountant": N_("accountant"),
    "auditor": N_("auditor"),
    "admin": N_("administrator"),
}

SLOT_WORDS = {
    "booking": N_("booking"),
    "confidential": N_("taken, no details"),
    "duty": N_("duty"),
    "tentative": N_("tentative booking"),
    "released": N_("released"),
    "block": N_("blocked"),
    "buffer": N_("set-up and clean-up"),
    "shut": N_("outside opening hours"),
    "presence": N_("presence detected"),
    "silent": N_("no readings"),
}


def state_word(kind: str, language: str) -> str:
    """What a room's state is called."""
    return translate(language)(STATE_WORDS[str(kind)])


def role_word(role: str, language: str) -> str:
    """What a role is called."""
    return translate(language)(ROLE_WORDS[str(role)])
