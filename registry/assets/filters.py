"""What of the assets a list shows, and each condition in SQL written out for both databases."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from registry.assets import rules
from registry.assets.models import Condition, Lifecycle
from registry.assets.orders import Clause

# what may be lacking, and how that is told
LACKING = {
    "room": "asset.room_id IS NULL",
    "custodian": "asset.custodian_id IS NULL",
    "number": "asset.inventory_no IS NULL",
    "serial": "asset.serial_no = ''",
    "warranty": "asset.warranty_until IS NULL",
    "label": "NOT EXISTS (SELECT 1 FROM tag WHERE tag.asset_id = asset.id)",
}
# what other tables say of an asset: no part of it, so its revision says nothing of them
_PRINTED = "EXISTS (SELECT 1 FROM tag WHERE tag.asset_id = asset.id AND tag.printed_at IS NOT NULL)"
_OF_GRANT = "asset.id IN (SELECT asset_id FROM funding_share WHERE grant_id = ?)"
_OF_LIST = "asset.id IN (SELECT record_id FROM imported_record WHERE import_number = ? AND noun = 'asset')"
_OF_BULK = "asset.id IN (SELECT asset_id FROM bulk_piece WHERE bulk_change_id = ? AND fate = 'changed')"
_FAULTY = "asset.id IN (SELECT asset_id FROM fault WHERE state IN ('open', 'taken') AND asset_id IS NOT NULL)"
_BEFORE = {"sqlite": "asset.{column} < ?", "postgres": "asset.{column} < CAST(CAST(? AS TEXT) AS DATE)"}
_HOLDING = """asset.id IN (SELECT field_value.asset_id FROM field_value
    JOIN category_field ON category_field.id = field_value.field_id WHERE category_field.code = ? AND {holds})"""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)  # fromisoformat takes days of weeks too, a database does not
_NUMBER = re.compile(r"-?\d{1,12}([.,]\d{1,6})?")
# what is withdrawn is found by its whole number alone. It is little: an index gives it, and no other row is read for it
_IN_THE_BOOKS = Clause("asset.id NOT IN (SELECT id FROM asset WHERE lifecycle = 'withdrawn')")
_NAMED_OR_IN_THE_BOOKS = """asset.id NOT IN (SELECT id FROM asset WHERE lifecycle = 'withdrawn'
    AND coalesce(number_key, '') <> ? AND id NOT IN (SELECT asset_id FROM former_number WHERE number_key = ?))"""


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """What to look for; empty means any but what is withdrawn: that is found by its life cycle, its whole number or its
    label. ``q`` goes over everything: number, name, serial, room, custodian, tag. Days are written as 2027-02-28.
    """

    q: str = ""
    room: str = ""
    category: str = ""
    custodian: str = ""
    grant: str = ""
    lifecycle: str = ""
    condition: str = ""
    imported: str = ""  # the number of a sent list that made or changed them
    printed: str = ""  # yes or no: a label of it
    without: str = ""  # a name of LACKING
    fault: str = ""  # open: one that is not mended
    warranty_before: str = ""
    durable_before: str = ""
    bulk: str = ""  # the number of a bulk change that changed them
    field: str = ""  # a field of a category and what it holds, as in _of_field()

    def cannot_exist(self) -> bool:
        """Whether it holds what no record can; a database would raise on some of it."""
        return (
            max(len(self.category), len(self.field)) > 260
            or not all(name.isprintable() for name in self._names())
            or len(self.custodian) > 64
            or max(len(self.room), len(self.grant), len(self.imported), len(self.bulk)) > 40
            or self.lifecycle not in ("", *Lifecycle)
            or self.condition not in ("", *Condition)
            or self.printed not in ("", "yes", "no")
            or self.without not in ("", *LACKING)
            or self.fault not in ("", "open")
            or not all(_day_or_none(text) for text in (self.warranty_before, self.durable_before) if text)
        )

    def _names(self) -> tuple[str, ...]:
        """What is compared as it is; no column holds what cannot be printed, and PostgreSQL takes no zero in a text."""
        return (self.room, self.category, self.custodian, self.grant, self.imported, self.bulk, self.field)

    def words(self) -> list[str]:
        return rules.fold(self._printable).split()[:8]

    @property
    def _printable(self) -> str:
        return "".join(one for one in self.q[:200] if one.isprintable())

    @property
    def is_of_assets_alone(self) -> bool:
        """Whether the assets' own rows say what fits."""
        lacks_label = self.without == "label"
        return not (self.grant or self.imported or self.field or self.printed or self.fault or self.bulk or lacks_label)

    @property
    def is_of_states_alone(self) -> bool:
        """Whether nothing but an asset's states say that it fits."""
        return self == AssetFilter(lifecycle=self.lifecycle, condition=self.condition)

    def is_of(self, lifecycle: Lifecycle, condition: Condition) -> bool:
        """Whether an asset in these states fits, as far as they say."""
        is_in_the_books = lifecycle is not Lifecycle.WITHDRAWN
        fits_lifecycle = lifecycle == self.lifecycle if self.lifecycle else is_in_the_books
        return fits_lifecycle and self.condition in ("", condition)

    def clauses(self, names: Mapping[str, Any], dialect: str) -> list[Clause]:
        """The conditions but for the words. ``names`` are the ids that it names: room_id, custodian_id, grant_id,
        tagged_id.
        """
        equal = {
            "lifecycle": self.lifecycle, "condition": self.condition,
            "room_id": self.room and (names["room_id"] or -1),
            "custodian_id": self.custodian and (names["custodian_id"] or -1),
            "id": names["tagged_id"],
        }  # fmt: skip
        parts = [Clause(f"asset.{name} = ?", (value,)) for name, value in equal.items() if value]
        if self.category:
            below = orjson.loads(names["categories"] or "[]")
            parts.append(one_of("asset.category", sorted({self.category, *below})))
        if self.field:
            parts.append(_of_field(self.field, dialect))
        listed = {_OF_GRANT: self.grant and (names["grant_id"] or -1), _OF_LIST: self.imported, _OF_BULK: self.bulk}
        parts += [Clause(sql, (value,)) for sql, value in listed.items() if value]
        days = {"warranty_until": self.warranty_before, "durable_until": self.durable_before}
        parts += [Clause(_BEFORE[dialect].format(column=name), (day,)) for name, day in days.items() if day]
        if self.printed:
            parts.append(Clause(_PRINTED if self.printed == "yes" else f"NOT {_PRINTED}"))
        if self.without:
            parts.append(Clause(LACKING[self.without]))
        if self.fault:
            parts.append(Clause(_FAULTY))
        if not (self.lifecycle or names["tagged_id"]):
            # PostgreSQL takes no zero in a text
            key = rules.number_key(self._printable)[: rules.NUMBER_KEY_LENGTH]
            parts.append(Clause(_NAMED_OR_IN_THE_BOOKS, (key, key)) if key else _IN_THE_BOOKS)
        return parts


def _of_field(text: str, dialect: str) -> Clause:
    """``code:value``, or ``code:least..most`` of numbers or days, of which one side may be left out."""
    code, _, value = text.partition(":")
    holds = _bounds(*value.split("..", 1), dialect=dialect) if ".." in value else None
    holds = holds or Clause("field_value.text = ?", (value.strip(),))
    return Clause(_HOLDING.format(holds=holds.sql), (code.strip(), *holds.values))


def _bounds(least: str, most: str, *, dialect: str) -> Clause | None:
    sides = [(sign, bound.strip()) for sign, bound in ((">=", least), ("<=", most)) if bound.strip()]
    values: list[Any]
    days = [_day_or_none(bound) for _, bound in sides]
    if sides and None not in days:
        column, values = "day", days if dialect == "postgres" else [str(day) for day in days]
    elif sides and all(_NUMBER.fullmatch(bound) for _, bound in sides):
        column, values = "number", [float(bound.replace(",", ".")) for _, bound in sides]
    else:
        return None
    return Clause(" AND ".join(f"field_value.{column} {sign} ?" for sign, _ in sides), tuple(values))


def _day_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def one_of(name: str, ids: Sequence[int | str]) -> Clause:
    return Clause(f"{name} IN ({', '.join('?' * len(ids))})", tuple(ids))
