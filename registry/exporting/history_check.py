"""Whether the register is what its history says: each object beside the last that was written of it.

The chain of the history proves that its entries are whole. It does not see a row that was changed or removed behind
its back, nor entries that were cut off its end before the next seal.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tortoise.models import Model

from registry.assets.models import Asset
from registry.bookings.models import Booking
from registry.core.history import HistoryEntry
from registry.people.models import Person

LOT = 500


@dataclass(frozen=True, slots=True)
class Divergence:
    """An object that is otherwise than its history says; without a ``column`` one of the two is not there at all."""

    object: str
    column: str = ""


# what the history writes whenever it changes, by the name it has there: the column
_BOOKING = {"room": "room_id"} | {
    name: name for name in ("status", "kind", "title", "attendees", "starts_at", "ends_at")
}
_ASSET = {name: name for name in ("inventory_no", "name", "price", "room_id", "custodian_id", "lifecycle", "condition")}
_PERSON = {name: name for name in ("login", "role")}
CHECKED: tuple[tuple[str, type[Model], Mapping[str, str]], ...] = (
    ("booking", Booking, _BOOKING),
    ("asset", Asset, _ASSET),
    ("person", Person, _PERSON),
)


async def first_divergence() -> Divergence | None:
    """The first object that its history does not tell as it is, or that it tells and that is gone."""
    for kind, model, columns in CHECKED:
        async for rows in _lots(model):
            if divergence := await _of_rows(kind, rows, columns):
                return divergence
        if divergence := await _of_missing(kind, model):
            return divergence
    return None


async def _lots(model: type[Model]) -> AsyncIterator[Sequence[Model]]:
    rows = await model.all().order_by("id").limit(LOT)
    while rows:
        yield rows
        rows = await model.all().filter(id__gt=rows[-1].pk).order_by("id").limit(LOT)


async def _of_rows(kind: str, rows: Sequence[Model], columns: Mapping[str, str]) -> Divergence | None:
    names = [f"{kind}:{row.pk}" for row in rows]
    entries = await HistoryEntry.all().filter(object__in=names).order_by("object", "seq").only("id", "object", "after")
    latest: dict[str, dict[str, Any]] = {}
    for entry in entries:
        latest.setdefault(entry.object, {}).update(entry.after if isinstance(entry.after, dict) else {})
    for name, row in zip(names, rows, strict=True):
        if name not in latest:
            return Divergence(name)
        for key, column in columns.items():
            if key in latest[name] and not _is_same(latest[name][key], getattr(row, column)):
                return Divergence(name, column)
    return None


async def _of_missing(kind: str, model: type[Model]) -> Divergence | None:
    """An object whose history begins and which is not there: only with the list that made it does one ever go."""
    after = 0
    while True:
        firsts = HistoryEntry.all().filter(id__gt=after, seq=1, object__startswith=f"{kind}:").order_by("id").limit(LOT)
        entries = await firsts.only("id", "object")
        if not entries:
            return None
        keys = {entry.object.partition(":")[2]: entry.object for entry in entries}
        present = {str(row.pk) for row in await model.all().filter(id__in=list(keys)).only("id")}
        missing = {keys[key] for key in keys.keys() - present}
        if missing and (gone := missing - await _undone(missing)):
            return Divergence(min(gone))
        after = entries[-1].id


async def _undone(objects: Collection[str]) -> set[str]:
    """Those of these objects whose history ends with the undo of the list that made them."""
    entries = HistoryEntry.all().filter(object__in=list(objects)).order_by("object", "seq")
    latest = {entry.object: entry for entry in await entries.only("id", "object", "action", "after")}
    return {name for name, entry in latest.items() if entry.action == "import_undone" and entry.after is None}


def _is_same(word: Any, value: Any) -> bool:
    """Whether a value of the history is that of a column."""
    if word is None or value is None:
        return word is value
    if isinstance(value, datetime):
        return datetime.fromisoformat(str(word)) == value
    return Decimal(str(word)) == value if isinstance(value, Decimal) else str(word) == str(value)
