"""What pieces hold in the fields of their categories, and what a category gives a new piece."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from registry.assets.models import FieldValue
from registry.categories.rules import CategoryTree, ReadValues, TypedValue, end_after

BATCH = 500


class _NewPiece(Protocol):
    """What is said of a piece that is to be registered."""

    @property
    def category(self) -> str: ...
    @property
    def kst(self) -> str: ...
    @property
    def accepted_on(self) -> date | None: ...
    @property
    def warranty_until(self) -> date | None: ...
    @property
    def durable_until(self) -> date | None: ...
    @property
    def percents(self) -> Mapping[int, Any]: ...


def defaults_of(new: _NewPiece, tree: CategoryTree) -> dict[str, Any]:
    """The columns that a new piece has from its category where nobody said them. The grant's durability is of what a
    grant pays for alone.
    """
    defaults = tree.defaults_of(new.category)
    durable = end_after(new.accepted_on, defaults.durable_months) if new.percents else None
    return {
        "category": tree.canonical(new.category),
        "kst": new.kst or defaults.kst,
        "warranty_until": new.warranty_until or end_after(new.accepted_on, defaults.warranty_months),
        "durable_until": new.durable_until or durable,
    }


async def put_first_values(values: Mapping[int, Sequence[TypedValue]]) -> None:
    """Write what new pieces hold, by their ids, inside the caller's transaction."""
    rows = [_row(pk, value) for pk, of_piece in values.items() for value in of_piece]
    if rows:
        await FieldValue.bulk_create(rows, batch_size=BATCH)


async def replace_values(
    asset_id: int, wish: ReadValues | None, entry: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Mapping[str, Any]]:
    """Write what a piece holds in some of its fields from now on, inside the caller's transaction. Returns the entry of
    the history with it, by the names of the fields; as it was where nothing differs.
    """
    if wish is None:
        return entry
    former = {row.field_id: row for row in await FieldValue.filter(asset_id=asset_id).order_by("id")}
    before: dict[str, str | None] = {}
    after: dict[str, str | None] = {}
    for value in wish.values:
        row = former.get(value.field.id)
        if row is None or row.text != value.text:
            before[value.field.name], after[value.field.name] = row.text if row else None, value.text
            if row is not None:
                await row.delete()
            await _row(asset_id, value).save()
    for own in wish.empty:
        if (row := former.get(own.id)) is not None:
            before[own.name], after[own.name] = row.text, None
            await row.delete()
    if not after:
        return entry
    return {"before": {**entry["before"], "own_values": before}, "after": {**entry["after"], "own_values": after}}


def named(values: Sequence[TypedValue]) -> dict[str, Any]:
    """Values as the first entry of a history tells them."""
    return {"own_values": {value.field.name: value.text for value in values}} if values else {}


def _row(asset_id: int, value: TypedValue) -> FieldValue:
    return FieldValue(
        asset_id=asset_id, field_id=value.field.id, text=value.text, number=value.number, day=value.day
    )  # fmt: skip
