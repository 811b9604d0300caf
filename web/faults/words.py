"""What faults, their kinds and what is done about them are called."""

from dataclasses import dataclass

from registry.faults.models import FaultAct, FaultState
from registry.faults.queries import VisibleFault
from registry.faults.rules import STATE_WORDS
from web.kit.page_context import PageContext
from web.kit.words import N_

KIND_WORDS = {
    "screen": N_("Screen, projector"),
    "light": N_("Lighting"),
    "temperature": N_("Too warm or too cold"),
    "cleaning": N_("Cleaning"),
    "furniture": N_("Furniture"),
    "network": N_("Network"),
    "found": N_("Found by a stranger"),
}
STATE_LOOKS = {
    FaultState.OPEN: ("warn", "alert-triangle"),
    FaultState.TAKEN: ("plain", "tool"),
    FaultState.RESOLVED: ("good", "check"),
}
LINE_WORDS = {
    FaultAct.REPORT: N_("Reported"),
    FaultAct.TAKE: N_("Taken on"),
    FaultAct.RESOLVE: N_("It was mended"),
    FaultAct.REOPEN: N_("Open again"),
}
SOURCE_WORDS = {"finder": N_("by who found it"), "panel": N_("at the door panel"), "api": N_("by another program")}
SOMEBODY = N_("somebody")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultActWords:
    """What an act is called: ``act`` opens its form, ``send`` does it, ``about`` is what its text tells, ``toast`` is
    said afterwards.
    """

    act: str
    symbol: str
    send: str
    about: str
    toast: str


ACT_WORDS = {
    FaultAct.TAKE: FaultActWords(
        act=N_("I will see to it"),
        symbol="tool",
        send=N_("Take it on"),
        about=N_("What you will do, until when"),
        toast=N_("You have taken it on."),
    ),
    FaultAct.RESOLVE: FaultActWords(
        act=N_("It is mended"),
        symbol="check",
        send=N_("It is mended"),
        about=N_("What was done"),
        toast=N_("It is mended. Whoever reported it is told."),
    ),
    FaultAct.REOPEN: FaultActWords(
        act=N_("Open it again"),
        symbol="history",
        send=N_("Open it again"),
        about=N_("What is still wrong, or why you give it back"),
        toast=N_("It is open again."),
    ),
}
REPORTED = N_("Your report is with the facilities staff. Thank you.")
JOINED = N_("Somebody reported this already; yours was added to it. Thank you.")


def kind_word(kind: str, context: PageContext) -> str:
    """Light, Network; nothing for a fault of no kind."""
    return context.say(KIND_WORDS.get(kind, ""))


def state_word(state: FaultState, context: PageContext) -> str:
    """Open, taken on, mended."""
    return context.say(STATE_WORDS[state])


def title_of(fault: VisibleFault, context: PageContext) -> str:
    """What is broken, in a few words: the thing, the kind, or how what was said begins."""
    words = fault.asset_name or kind_word(fault.kind, context) or " ".join((fault.text or "").split())
    if len(words) > 80:
        words = words[:80].rpartition(" ")[0].rstrip(" .,;:") + "…"
    return words or context.say(N_("Fault"))


def place_of(fault: VisibleFault, context: PageContext) -> str:
    """The room where it is, by code and name."""
    if not fault.room:
        return context.say(N_("in no room"))
    name = fault.room_name_en if context.language == "en" and fault.room_name_en else fault.room_name
    return f"{fault.room} {name}".strip()


PHOTO = N_("The photo is added.")


def toast_of(done: str, context: PageContext) -> str:
    """What the page says after an act; nothing for a name that is none."""
    sentences = {str(act): words.toast for act, words in ACT_WORDS.items()}
    return context.say((sentences | {"reported": REPORTED, "joined": JOINED, "photo": PHOTO}).get(done, ""))
