"""What assets' states, accounts, transitions and changes are called, and an asset's history in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.assets.models import Condition, Lifecycle
from registry.assets.transitions import CONDITION_WORDS, LIFECYCLE_WORDS
from registry.faults.rules import reads_reason
from registry.files.models import AttachmentKind
from web.files.words import DONE_WORDS as FILE_TOASTS
from web.files.words import KIND_WORDS
from web.history.words import HistoryChange, HistoryNames, changes_of
from web.kit.page_context import PageContext
from web.kit.words import N_, NN_

LIFECYCLE_SIGNS = {
    Lifecycle.ORDERED: "clock",
    Lifecycle.IN_USE: "circle-check",
    Lifecycle.IN_STORE: "package",
    Lifecycle.HANDED_OVER: "signature",
    Lifecycle.RETIRED: "ban",
    Lifecycle.DISPOSED: "trash",
    Lifecycle.WITHDRAWN: "x",
}
CONDITION_LOOKS = {
    Condition.OK: ("plain", "check"),
    Condition.FAULTY: ("warn", "alert-triangle"),
    Condition.IN_REPAIR: ("bad", "tool"),
}
ACCOUNT_WORDS = {
    "011": N_("fixed asset, account 011"),
    "013": N_("other fixed asset, account 013"),
    "020": N_("intangible asset, account 020"),
    "poz": N_("quantity record"),
}
ACTION_WORDS = {
    "registered": N_("Put into the register"),
    "imported": N_("Put into the register"),
    "import_undone": N_("Import undone"),
    "import_changed": N_("Changed by a list"),
    "numbered": N_("Got an inventory number"),
    "changed": N_("Changed"),
    "moved": N_("Moved"),
    "transferred": N_("Handed over to another unit"),
    "donated": N_("Given away"),
    "sold": N_("Sold"),
    "liquidated": N_("Liquidated"),
    "override_asked": N_("Permission to leave before the grant's day asked for"),
    "override_withdrawn": N_("Permission to leave before the grant's day taken back"),
    "override_confirmed": N_("Permission to leave before the grant's day confirmed"),
    "assigned": N_("Entrusted"),
    "lent": N_("Lent"),
    "prolonged": N_("Loan prolonged"),
    "returned": N_("Came back"),
    "accepted": N_("Accepted into use"),
    "acceptance_taken_back": N_("Acceptance taken back"),
    "corrected": N_("Description corrected"),
    "fault_reported": N_("Fault reported"),
    "sent_to_repair": N_("Sent to repair"),
    "mended": N_("Works again"),
    "withdrawn": N_("Withdrawn: entered by mistake"),
    "restored": N_("Back in the register"),
    "linked": N_("Tag linked"),
    "number_added": N_("Is found by another code too"),
    "split": N_("Some pieces split off"),
    "split_off": N_("Split off a line"),
    "joined_with": N_("Joined with others"),
    "joined": N_("Became a part of another line"),
    "joined_set": N_("Put into a set"),
    "left_set": N_("Taken out of a set"),
    "file_added": N_("File attached"),
    "file_removed": N_("File removed"),
    "file_put_back": N_("File put back"),
    "file_changed": N_("File called otherwise"),
}
FILE_ACTIONS = frozenset({"file_added", "file_removed", "file_put_back", "file_changed"})
WHAT_IT_IS, TITLE = N_("What it is"), N_("Title of the file")
SOURCE_WORDS = {
    "import": N_("by import"),
    "api": N_("by another program"),
    "panel": N_("at the door panel"),
    "system": N_("by itself"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionWords:
    """What a transition is called: ``act`` opens its form, ``send`` does it, ``of_many`` stands under a list, ``title``
    heads the page of chosen assets, ``reason`` is what its reason tells, ``toast`` is said afterwards, ``about`` stands
    under ``act`` where it is one of several.
    """

    act: str
    symbol: str
    send: str
    of_many: str
    title: tuple[str, str]
    toast: str
    reason: str = N_("Why")
    help: str = ""
    about: str = ""


TRANSITION_WORDS = {
    "accept": TransitionWords(
        act=N_("Accept into use"),
        symbol="circle-check",
        send=N_("Accept, with an OT"),
        of_many=N_("Accept into use"),
        title=NN_("Accept %(num)s asset into use", "Accept %(num)s assets into use"),
        toast=N_("It is accepted. The OT is issued."),
        about=N_("with an OT that names its invoice, its place and who answers for it"),
        reason=N_("Remarks; without an invoice: where it is from"),
    ),
    "take_back_acceptance": TransitionWords(
        act=N_("Take the acceptance back"),
        symbol="arrow-back-up",
        send=N_("Take the acceptance back"),
        of_many=N_("Take the acceptance back"),
        title=NN_("Take the acceptance of %(num)s asset back", "Take the acceptance of %(num)s assets back"),
        toast=N_("The acceptance is taken back, with a document that says so."),
        about=N_("it is what it was before its OT, with a document that corrects it"),
        reason=N_("What was wrong with it"),
    ),
    "lend": TransitionWords(
        act=N_("Lend"),
        symbol="transfer",
        send=N_("Lend, with a protocol"),
        of_many=N_("Lend"),
        title=NN_("Lend %(num)s asset", "Lend %(num)s assets"),
        toast=N_("It is lent. The protocol is issued."),
        about=N_("to somebody, until a day"),
        reason=N_("What for"),
    ),
    "prolong": TransitionWords(
        act=N_("Prolong the loan"),
        symbol="clock",
        send=N_("Prolong the loan"),
        of_many=N_("Prolong the loan"),
        title=NN_("Prolong the loan of %(num)s asset", "Prolong the loan of %(num)s assets"),
        toast=N_("The loan is prolonged."),
    ),
    "return": TransitionWords(
        act=N_("It came back"),
        symbol="arrow-back-up",
        send=N_("It came back"),
        of_many=N_("Came back"),
        title=NN_("%(num)s asset came back", "%(num)s assets came back"),
        toast=N_("It is back. The protocol is issued."),
        reason=N_("In what condition"),
    ),
    "mend": TransitionWords(
        act=N_("Works again"),
        symbol="check",
        send=N_("It works again"),
        of_many=N_("Works again"),
        title=NN_("%(num)s asset works again", "%(num)s assets work again"),
        toast=N_("It works again."),
        reason=N_("What was done"),
    ),
    "report_fault": TransitionWords(
        act=N_("Report a fault"),
        symbol="alert-triangle",
        send=N_("Send the report"),
        of_many=N_("Faulty"),
        title=NN_("%(num)s asset is faulty", "%(num)s assets are faulty"),
        toast=N_("The fault is reported. The facilities staff see it now."),
        reason=N_("What is wrong"),
        help=N_("For example: overheats and switches off after 20 minutes."),
    ),
    "send_to_repair": TransitionWords(
        act=N_("To repair"),
        symbol="tool",
        send=N_("Send to repair"),
        of_many=N_("To repair"),
        title=NN_("Send %(num)s asset to repair", "Send %(num)s assets to repair"),
        toast=N_("It is marked as in repair."),
        reason=N_("Why, where to, until when"),
    ),
    "move": TransitionWords(
        act=N_("Move"),
        symbol="transfer",
        send=N_("Move"),
        of_many=N_("Move"),
        title=NN_("Move %(num)s asset", "Move %(num)s assets"),
        toast=N_("It was moved."),
    ),
    "assign": TransitionWords(
        act=N_("Entrust"),
        symbol="signature",
        send=N_("Entrust"),
        of_many=N_("Entrust"),
        title=NN_("Entrust %(num)s asset", "Entrust %(num)s assets"),
        toast=N_("It was entrusted."),
    ),
    "unassign": TransitionWords(
        act=N_("Take from its custodian"),
        symbol="signature",
        send=N_("Take from its custodian"),
        of_many=N_("Take from the custodian"),
        title=NN_("Take %(num)s asset from its custodian", "Take %(num)s assets from their custodians"),
        toast=N_("It has no custodian now."),
    ),
    "transfer": TransitionWords(
        act=N_("Hand over to another unit"),
        symbol="transfer",
        send=N_("Hand over"),
        of_many=N_("Hand over to another unit"),
        title=NN_("Hand %(num)s asset over to another unit", "Hand %(num)s assets over to another unit"),
        toast=N_("It is handed over. The document is issued."),
        about=N_("it leaves the office for another one, with a document"),
        reason=N_("To whom, and on what basis"),
    ),
    "donate": TransitionWords(
        act=N_("Give away"),
        symbol="transfer",
        send=N_("Give away"),
        of_many=N_("Give away"),
        title=NN_("Give %(num)s asset away", "Give %(num)s assets away"),
        toast=N_("It is given away. The document is issued."),
        about=N_("it leaves the office free of charge, with a document"),
        reason=N_("To whom, and on what basis"),
    ),
    "sell": TransitionWords(
        act=N_("Sell"),
        symbol="transfer",
        send=N_("Sell"),
        of_many=N_("Sell"),
        title=NN_("Sell %(num)s asset", "Sell %(num)s assets"),
        toast=N_("It is sold. The document is issued."),
        about=N_("it leaves the office for money, with a document"),
        reason=N_("To whom, for how much, and on what basis"),
    ),
    "liquidate": TransitionWords(
        act=N_("Liquidate"),
        symbol="trash",
        send=N_("Liquidate"),
        of_many=N_("Liquidate"),
        title=NN_("Liquidate %(num)s asset", "Liquidate %(num)s assets"),
        toast=N_("It is liquidated. The document is issued."),
        about=N_("it is scrapped, with a document"),
        reason=N_("Cause, the committee's decision, way of disposal"),
    ),
    "withdraw": TransitionWords(
        act=N_("Entered by mistake"),
        symbol="trash",
        send=N_("Withdraw the entry"),
        of_many=N_("Withdraw the entry"),
        title=NN_("Withdraw %(num)s asset entered by mistake", "Withdraw %(num)s assets entered by mistake"),
        toast=N_("It is withdrawn: in no list and no count. Its number finds it, and is given to no other."),
        help=N_("Why it was never to be in the register. What really was there is retired instead."),
        about=N_("it is in no list any more; its number is given to no other"),
    ),
    "restore": TransitionWords(
        act=N_("Take back into the register"),
        symbol="history",
        send=N_("Take back into the register"),
        of_many=N_("Take back into the register"),
        title=NN_("Take %(num)s asset back into the register", "Take %(num)s assets back into the register"),
        toast=N_("It is in the register again."),
    ),
}
# nobody, chosen in the form of the one, is the other
CHOSEN_AS_NOBODY = {"assign": "unassign"}
# what is decided about the record, not with the thing in the hand
OF_A_DESK = frozenset({"accept", "take_back_acceptance", "withdraw", "transfer", "donate", "sell", "liquidate"})
# what is withdrawn is taken back from its own page
_OF_ONE = {*CHOSEN_AS_NOBODY.values(), "restore"}
OFFERED_TO_MANY = {name: words for name, words in TRANSITION_WORDS.items() if name not in _OF_ONE}
TOASTS = {
    "tag": N_("The tag is linked."),
    "registered": N_("It is in the register."),
    "corrected": N_("The correction is saved."),
    "split": N_("It is a piece of its own now."),
    "number": N_("It has a number now."),
    "join": N_("It is one line now."),
}


def toast_of(act: str, context: PageContext) -> str:
    """What the page says after an act; nothing for a name that is none."""
    if act in TOASTS:
        return context.say(TOASTS[act])
    if act in FILE_TOASTS:
        return context.say(FILE_TOASTS[act])
    return context.say(TRANSITION_WORDS[act].toast) if act in TRANSITION_WORDS else ""


def condition_word(condition: str, context: PageContext) -> str:
    """Working, faulty, in repair."""
    return context.say(CONDITION_WORDS[Condition(condition)])


def lifecycle_word(lifecycle: str, context: PageContext) -> str:
    """In use, in store, retired, …"""
    return context.say(LIFECYCLE_WORDS[Lifecycle(lifecycle)])


@dataclass(frozen=True, slots=True)
class AssetHistoryLine:
    """One entry of a history in words; ``file`` is the name of one that it is about."""

    at: datetime
    when: str
    day: str
    hour: str
    iso: str
    title: str
    text: str
    changes: tuple[HistoryChange, ...]
    file: str
    file_url: str


def history_lines(
    entries: Sequence[Mapping[str, Any]], names: HistoryNames, context: PageContext
) -> list[AssetHistoryLine]:
    """An asset's history in words, the newest first: what, before and after, by whom, why. Rooms and people by name."""
    is_there, lines = dict[int, bool](), []
    for entry in entries:
        file = (entry["after"] or entry["before"] or {}) if entry["action"] in FILE_ACTIONS else {}
        number = file.get("attachment", 0)
        is_there.setdefault(number, bool(number) and entry["action"] != "file_removed")
        url = f"/files/{number}" if is_there[number] else ""
        lines.append(_line(entry, context, names, str(file.get("file", "")), url))
    return lines


def _line(
    entry: Mapping[str, Any], context: PageContext, names: HistoryNames, file: str, file_url: str
) -> AssetHistoryLine:
    reason = entry["reason"] if reads_reason(context.person.role, entry["action"]) else ""
    parts = [entry["actor"], reason, _source(entry, context)]
    return AssetHistoryLine(
        at=entry["at"],
        when=context.fmt.when(entry["at"], context.now),
        day=context.fmt.date(entry["at"]),
        hour=context.fmt.time(entry["at"]),
        iso=context.fmt.iso(entry["at"]),
        title=context.say(ACTION_WORDS.get(entry["action"], ACTION_WORDS["changed"])),
        text=" · ".join(part for part in parts if part),
        changes=_file_changes(entry, context) if file else changes_of(entry, names, context),
        file=file,
        file_url=file_url,
    )


def _file_changes(entry: Mapping[str, Any], context: PageContext) -> tuple[HistoryChange, ...]:
    """What a file was called, and is."""
    if entry["action"] != "file_changed":
        return ()
    before, after = entry["before"], entry["after"]
    sides = [
        ("kind", WHAT_IT_IS, *(context.say(KIND_WORDS[AttachmentKind(side["kind"])]) for side in (before, after))),
        ("title", TITLE, *(side["title"] or side["file"] for side in (before, after))),
    ]
    return tuple(
        HistoryChange(context.say(term), former, new)
        for name, term, former, new in sides
        if before[name] != after[name]
    )


def _source(entry: Mapping[str, Any], context: PageContext) -> str:
    return context.say(SOURCE_WORDS.get(entry["source"], ""))
