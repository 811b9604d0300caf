"""What assets' states, accounts and changes are called, and an asset's history in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.assets.models import Condition, Lifecycle
from registry.people.models import Person
from registry.rooms.models import Room
from web.kit.page_context import PageContext
from web.kit.words import N_

LIFECYCLE_WORDS = {
    Lifecycle.ORDERED: N_("ordered"),
    Lifecycle.IN_USE: N_("in use"),
    Lifecycle.IN_STORE: N_("in store"),
    Lifecycle.HANDED_OVER: N_("handed over"),
    Lifecycle.RETIRED: N_("retired"),
    Lifecycle.DISPOSED: N_("disposed of"),
}
LIFECYCLE_SIGNS = {
    Lifecycle.ORDERED: "clock",
    Lifecycle.IN_USE: "circle-check",
    Lifecycle.IN_STORE: "package",
    Lifecycle.HANDED_OVER: "signature",
    Lifecycle.RETIRED: "ban",
    Lifecycle.DISPOSED: "trash",
}
CONDITION_WORDS = {
    Condition.OK: N_("working"),
    Condition.FAULTY: N_("faulty"),
    Condition.IN_REPAIR: N_("in repair"),
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
    "numbered": N_("Got an inventory number"),
    "changed": N_("Changed"),
    "moved": N_("Moved"),
    "assigned": N_("Entrusted"),
    "corrected": N_("Description corrected"),
    "fault_reported": N_("Fault reported"),
    "sent_to_repair": N_("Sent to repair"),
    "mended": N_("Works again"),
    "linked": N_("Tag linked"),
}
ACTION_DETAILS = {
    "moved": N_("from %(before)s to %(after)s"),
    "assigned": N_("from %(before)s to %(after)s"),
}
SOURCE_WORDS = {
    "import": N_("by import"),
    "api": N_("by another program"),
    "panel": N_("at the door panel"),
    "system": N_("by itself"),
}
NOWHERE = N_("nowhere")
NOBODY = N_("nobody")


def condition_word(condition: str, reader: PageContext) -> str:
    """Working, faulty, in repair."""
    return reader.say(CONDITION_WORDS[Condition(condition)])


def lifecycle_word(lifecycle: str, reader: PageContext) -> str:
    """In use, in store, retired, …"""
    return reader.say(LIFECYCLE_WORDS[Lifecycle(lifecycle)])


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a history in words."""

    at: datetime
    when: str
    iso: str
    title: str
    text: str


async def told(entries: Iterable[Mapping[str, Any]], reader: PageContext) -> list[Told]:
    """An asset's history, newest first: what, by whom, from where, why. Rooms and people by name."""
    entries = list(entries)
    rooms = await _named(entries, "room_id", Room, "code")
    people = await _named(entries, "custodian_id", Person, "name")
    return [_entry(entry, reader, {"room_id": (rooms, NOWHERE), "custodian_id": (people, NOBODY)}) for entry in entries]


async def _named(entries: list[Mapping[str, Any]], column: str, model: type[Any], name: str) -> dict[int, str]:
    ids = {side[column] for entry in entries for side in (entry["before"], entry["after"]) if side and side.get(column)}
    return dict(await model.filter(id__in=list(ids)).values_list("id", name)) if ids else {}


def _entry(entry: Mapping[str, Any], reader: PageContext, names: dict[str, tuple[dict[int, str], str]]) -> Told:
    parts = [entry["actor"], _from_to(entry, reader, names), entry["reason"], _source(entry, reader)]
    return Told(
        at=entry["at"],
        when=reader.fmt.date(entry["at"]),
        iso=reader.fmt.iso(entry["at"]),
        title=reader.say(ACTION_WORDS.get(entry["action"], ACTION_WORDS["changed"])),
        text=" · ".join(part for part in parts if part),
    )


def _source(entry: Mapping[str, Any], reader: PageContext) -> str:
    return reader.say(SOURCE_WORDS.get(entry["source"], ""))


def _from_to(entry: Mapping[str, Any], reader: PageContext, names: dict[str, tuple[dict[int, str], str]]) -> str:
    sentence = ACTION_DETAILS.get(entry["action"])
    if sentence is None:
        return ""
    before, after = entry["before"] or {}, entry["after"] or {}
    for column, (known, none) in names.items():
        if column in after or column in before:
            here = {side: known.get(values.get(column) or 0, reader.say(none)) for side, values in
                    (("before", before), ("after", after))}  # fmt: skip
            return reader.say(sentence) % here
    return ""
