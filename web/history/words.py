"""What the columns of a history are called, and their values: words for people, never keys."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from registry.assets.models import Condition, Lifecycle
from registry.assets.transitions import CONDITION_WORDS, LIFECYCLE_WORDS
from registry.people.queries import names_of_people
from registry.rooms.queries import codes_of_rooms
from web.kit.page_context import PageContext
from web.kit.words import N_

COLUMN_WORDS = {
    "inventory_no": N_("inventory number"),
    "name": N_("name"),
    "room_id": N_("room"),
    "custodian_id": N_("custodian"),
    "borrower_id": N_("lent to"),
    "due_on": N_("due back"),
    "lifecycle": N_("life cycle"),
    "condition": N_("condition"),
    "price": N_("price"),
    "shares": N_("funding"),
    "quantity": N_("quantity"),
    "category": N_("category"),
    "kst": N_("KŚT"),
    "account": N_("account"),
    "serial_no": N_("serial number"),
    "accepted_on": N_("accepted"),
    "warranty_until": N_("warranty until"),
    "durable_until": N_("durability until"),
    "note": N_("note"),
    "split_off": N_("split off it"),
    "split_from": N_("split off from"),
    "joined": N_("joined with it"),
    "joined_into": N_("now a part of"),
}
# what was done, as an entry names it
ACTION_WORDS = {
    "added": N_("added"), "registered": N_("registered"), "imported": N_("imported"), "changed": N_("changed"),
    "corrected": N_("corrected"), "import_undone": N_("import undone"), "booked": N_("booked"),
    "checked_in": N_("checked in"), "extended": N_("extended"), "ended": N_("ended"), "cancelled": N_("cancelled"),
    "cancel_undone": N_("cancellation taken back"), "settled": N_("settled"),
    "closed": N_("taken out of use"), "reopened": N_("taken back into use"),
    "settings changed": N_("settings changed"), "step put off": N_("step put off"),
    "step taken up": N_("step taken up"), "rooms_placed": N_("rooms placed on a plan"),
    "wall_opened": N_("plan opened to walls"), "wall_closed": N_("plan closed to walls"),
    "rules_set": N_("rules set"), "standard_set": N_("standard set"),
    "door_policy_set": N_("door set"), "placed": N_("hung elsewhere"),
    "renamed": N_("renamed"),
    "panel set": N_("panel set"),
    "retired": N_("taken out of use"),
    "taken back": N_("taken back into use"),
    "bound": N_("bound"), "paired": N_("paired"), "unpaired": N_("unpaired"),
    "linked": N_("label linked"), "printed": N_("printed"), "lost": N_("label lost"),
    "file_added": N_("file added"), "file_removed": N_("file removed"), "file_put_back": N_("file put back"),
    "file_changed": N_("file called otherwise"),
    "joined_set": N_("joined a set"), "left_set": N_("left a set"), "dissolved": N_("dissolved"),
    "lent": N_("lent"), "prolonged": N_("loan prolonged"), "returned": N_("came back"),
    "accepted": N_("accepted into use"), "acceptance_taken_back": N_("acceptance taken back"),
    "withdrawn": N_("withdrawn"), "restored": N_("taken back"), "split": N_("split"), "split_off": N_("split off"),
    "joined_with": N_("joined"), "joined": N_("became a part"), "scheme_added": N_("rule for numbers made"),
    "scheme_removed": N_("rule for numbers removed"),
    "made": N_("made"), "laid": N_("laid"), "handed_over": N_("handed over to somebody else"),
    "fault_reported": N_("fault reported"), "fault_taken": N_("fault taken on"), "fault_resolved": N_("fault mended"),
    "fault_reopened": N_("fault opened again"), "fault_handed_over": N_("fault handed over to somebody else"),
    "day_set": N_("a day of its own set"), "day_cleared": N_("a day as usual again"), "written": N_("list read in"),
    "undone": N_("import undone"), "sent_again": N_("sent again"), "dropped": N_("given up, not sent"),
    "saved": N_("view saved"), "deleted": N_("view deleted"),
}  # fmt: skip
DAYS = frozenset({"due_on", "accepted_on", "warranty_until", "durable_until"})
# of a new piece what it is is told by its number; all else stands on its page
OF_NEW = ("inventory_no", "room_id", "split_from")
# what holds the id of a room, and of a person
ROOMS = frozenset({"room_id", "room"})
PEOPLE = frozenset({"custodian_id", "borrower_id", "owner_id", "person_id", "organizer_id"})
NOWHERE, NOBODY, NOTHING, OWN_FUNDS = N_("nowhere"), N_("nobody"), N_("nothing"), N_("own funds")
LONGEST = 120
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class HistoryChange:
    """One value of an entry, before and after; ``before`` is empty of what is new."""

    term: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class HistoryNames:
    """The rooms and people that entries name, by id."""

    rooms: Mapping[int, str]
    people: Mapping[int, str]


async def names_in(sides: Sequence[Mapping[str, Any] | None], rooms: Collection[int] = ()) -> HistoryNames:
    """The rooms and people that the sides of entries name, beside these rooms: two statements for any number."""
    ids = {kind: {side[name] for side in sides if side for name in kind if type(side.get(name)) is int}
           for kind in (ROOMS, PEOPLE)}  # fmt: skip
    return HistoryNames(await codes_of_rooms(ids[ROOMS] | set(rooms)), await names_of_people(ids[PEOPLE]))


def changes_of(entry: Mapping[str, Any], names: HistoryNames, context: PageContext) -> tuple[HistoryChange, ...]:
    """What an entry changed, in the order of the words above. What has no word here is left out."""
    before, after = entry["before"] or {}, entry["after"] or {}
    is_new = not before
    columns = [name for name in COLUMN_WORDS if name in after or name in before]
    if is_new:
        columns = [name for name in OF_NEW if after.get(name)]
    return (*_of_own_values(before, after, context), *(
        HistoryChange(
            term=context.say(COLUMN_WORDS[name]),
            before="" if is_new else value_words(name, before.get(name), names, context),
            after=value_words(name, after.get(name), names, context),
        )
        for name in columns
    ))  # fmt: skip


def _of_own_values(
    before: Mapping[str, Any], after: Mapping[str, Any], context: PageContext
) -> Iterator[HistoryChange]:
    """What the fields of a category hold, by their names; of a new piece it stands on its page."""
    old, new = before.get("own_values"), after.get("own_values")
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return
    nothing = context.say(NOTHING)
    for name in new:
        yield HistoryChange(
            name, _value_text(old.get(name), context) or nothing, _value_text(new[name], context) or nothing
        )


def _value_text(value: Any, context: PageContext) -> str:
    """A stored value of a field as people read it."""
    try:
        return context.fmt.date(date.fromisoformat(value)) if _ISO_DAY.fullmatch(value or "") else value or ""
    except ValueError:
        return str(value)


def value_words(column: str, value: Any, names: HistoryNames, context: PageContext) -> str:
    """A value as people read it."""
    if column == "room_id":
        return names.rooms.get(value, "") or context.say(NOWHERE)
    if column in ("custodian_id", "borrower_id"):
        return names.people.get(value, "") or context.say(NOBODY)
    if value in (None, ""):
        return context.say(NOTHING)
    if column == "shares" and isinstance(value, list):
        return ", ".join(_share_words(share, context) for share in value)
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if column == "lifecycle" and text in set(Lifecycle):
        return context.say(LIFECYCLE_WORDS[Lifecycle(text)])
    if column == "condition" and text in set(Condition):
        return context.say(CONDITION_WORDS[Condition(text)])
    try:
        if column == "price":
            return context.fmt.money(Decimal(text))
        if column in DAYS:
            return context.fmt.date(date.fromisoformat(text))
    except (ValueError, InvalidOperation):
        return text
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _share_words(share: Mapping[str, Any], context: PageContext) -> str:
    """What one source pays."""
    return f"{share['grant'] or context.say(OWN_FUNDS)} {context.fmt.money(Decimal(share['amount']))}"
