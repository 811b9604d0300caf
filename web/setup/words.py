"""What the set-up asks, in its order, and the words of what a room may be."""

from web.kit.words import N_

QUESTIONS = ("office", "administrator", "site", "building", "room")
ROOM_KIND_WORDS = {
    "meeting": N_("meeting room"),
    "conference": N_("conference room"),
    "office": N_("office room"),
    "reception": N_("reception"),
    "consultation": N_("consultations"),
    "duty": N_("duty room"),
    "interview": N_("interviews"),
    "family": N_("families and children"),
    "service": N_("service room"),
    "wc": N_("toilet"),
    "store": N_("store room"),
    "corridor": N_("corridor"),
    "technical": N_("technical room"),
}
# each with what follows from it
VISIBILITY_WORDS = {
    "internal": N_("internal: everybody here sees who booked it and why, the door shows no names"),
    "public": N_("public: the door also shows the title of the meeting"),
    "confidential": N_("confidential: others see only that it is taken; no title, no names anywhere"),
    "hidden": N_("hidden: nobody else sees even when it is taken"),
}
