"""What was changed about a room, in words: who, when, each setting before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.history import HistoryEntry
from registry.rooms.models import HoursPolicy
from web.kit.page_context import PageContext
from web.kit.words import N_
from web.places.words import PROOF_WORDS, PlaceWords

SETTING_WORDS = {
    "number": N_("number on the door"),
    "floor": N_("floor"),
    "name": N_("name in Polish"),
    "name_en": N_("name in English"),
    "name_uk": N_("name in Ukrainian"),
    "name_ru": N_("name in Russian"),
    "kind": N_("what it is for"),
    "capacity": N_("seats"),
    "area_m2": N_("area, m²"),
    "note": N_("note"),
    "step_free": N_("step-free access"),
    "hearing_loop": N_("hearing loop"),
    "screen": N_("screen"),
    "visibility": N_("class of visibility"),
    "bookable": N_("bookable"),
    "opening": N_("opening hours"),
    "hours_policy": N_("outside opening hours"),
    "setup_minutes": N_("minutes of set-up"),
    "cleanup_minutes": N_("minutes of clean-up"),
    "min_minutes": N_("shortest, minutes"),
    "max_hours": N_("longest, hours"),
    "max_days_ahead": N_("days ahead"),
    "check_in": N_("check-in"),
    "no_show_minutes": N_("free again after the start, minutes"),
    "vacant_minutes": N_("free again when empty, minutes"),
    "panel_books": N_("booking at the door"),
    "door_proofs": N_("proof to end at the door"),
    "has_pin": N_("PIN of the door"),
    "institutions": N_("institutions that may book"),
    "approvers": N_("approvers"),
    "standard": N_("standard"),
    "address": N_("address"),
}
ACTION_WORDS = {
    "changed": N_("Set otherwise"),
    "rules_set": N_("Set otherwise"),
    "door_policy_set": N_("Set otherwise"),
    "standard_set": N_("Standard set"),
    "imported": N_("Came with a list"),
    "added": N_("Added"),
    "closed": N_("Closed"),
    "reopened": N_("Opened again"),
    "file_added": N_("Photo added"),
    "file_removed": N_("Photo removed"),
}
POLICY_WORDS = {HoursPolicy.STRICT: N_("nobody books"), HoursPolicy.ADVISORY: N_("a warning")}
YES, NO, NOTHING, NEVER, ALL, ALWAYS = N_("yes"), N_("no"), N_("nothing"), N_("never"), N_("all"), N_("always")
NOBODY = N_("nobody")
EMPTY_WORDS = {
    "no_show_minutes": NEVER,
    "vacant_minutes": NEVER,
    "institutions": ALL,
    "opening": ALWAYS,
    "approvers": NOBODY,
}


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One setting of an entry."""

    term: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RoomHistoryLine:
    """One entry of a room's history."""

    iso: str
    when: str
    what: str
    who: str
    reason: str
    changes: Sequence[SettingChange]


def history_lines(entries: Sequence[HistoryEntry], context: PageContext) -> list[RoomHistoryLine]:
    """The entries of a room in words, the newest first. What has no word here is left out."""
    return [
        RoomHistoryLine(
            iso=context.fmt.iso(entry.at),
            when=context.fmt.datetime(entry.at),
            what=context.say(ACTION_WORDS[entry.action]),
            who=entry.actor,
            reason=entry.reason,
            changes=_changes(entry, context),
        )
        for entry in entries
        if entry.action in ACTION_WORDS
    ]


def _changes(entry: HistoryEntry, context: PageContext) -> list[SettingChange]:
    before, after = entry.before or {}, entry.after or {}
    if not before:  # all that a new room is stands above
        return []
    return [
        SettingChange(
            context.say(word),
            setting_words(name, before.get(name), context),
            setting_words(name, after.get(name), context),
        )
        for name, word in SETTING_WORDS.items()
        if name in after
    ]


def setting_words(name: str, value: Any, context: PageContext) -> str:
    """A setting as people read it."""
    looks, say = PlaceWords.of(context.words), context.say
    if value in (None, "", []):
        return say(EMPTY_WORDS.get(name, NOTHING))
    if isinstance(value, bool):
        return say(YES if value else NO)
    if name == "visibility":
        return looks.visibility(value)
    if name == "kind":
        return looks.kind(value)
    if name == "hours_policy":
        return say(POLICY_WORDS[HoursPolicy(value)])
    if name == "door_proofs":
        return ", ".join(say(PROOF_WORDS[proof][0]) for proof in str(value).split(",") if proof in PROOF_WORDS)
    if name == "standard":
        return ", ".join(f"{line['quantity']} × {line['name']}" for line in value)
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
