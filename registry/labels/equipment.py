"""The notice of what stands in a room, as it hangs beside its door. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

FEWEST = 3  # pieces that are told as a run of numbers
_DIGITS = re.compile(r"(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class EquipmentRow:
    """A line: one piece, those of one name whose numbers follow each other up to ``last``, or have none."""

    number: str
    name: str
    quantity: int
    custodian: str
    last: str = ""


@dataclass(frozen=True, slots=True)
class RoomEquipment:
    """What stands in a room. ``custodian`` answers for most of it; a line names another one."""

    code: str
    name: str
    place: str
    rows: tuple[EquipmentRow, ...]
    custodian: str = ""

    @property
    def pieces(self) -> int:
        return sum(row.quantity for row in self.rows)


def room_equipment(code: str, name: str, place: str, pieces: Iterable[Mapping[str, Any]]) -> RoomEquipment:
    """``pieces`` as a list of assets has them, in the order in which they are to stand."""
    items = list(pieces)
    answering = Counter(item["custodian_name"] for item in items if item["custodian_name"])
    custodian = answering.most_common(1)[0][0] if answering else ""
    rows: dict[tuple[Any, ...], EquipmentRow] = {}
    for item in items:
        other = "" if item["custodian_name"] == custodian else item["custodian_name"] or ""
        number = item["inventory_no"] or ""
        key = (item["id"],) if number else (item["name"], other)
        quantity = item["quantity"] + (rows[key].quantity if key in rows else 0)
        rows[key] = EquipmentRow(number, item["name"], quantity, other)
    return RoomEquipment(code, name, place, tuple(_runs(rows.values())), custodian)


def _runs(rows: Iterable[EquipmentRow]) -> list[EquipmentRow]:
    """Pieces of one name with numbers that follow each other, three at least, as one line."""
    runs: list[list[EquipmentRow]] = []
    for row in rows:
        before = runs[-1][-1] if runs else None
        is_next = before is not None and (before.name, before.custodian) == (row.name, row.custodian)
        if is_next and before is not None and follows(before.number, row.number):
            runs[-1].append(row)
        else:
            runs.append([row])
    lines: list[EquipmentRow] = []
    for run in runs:
        if len(run) < FEWEST:
            lines += run
        else:
            quantity = sum(row.quantity for row in run)
            lines.append(replace(run[0], quantity=quantity, last=run[-1].number))
    return lines


def follows(number: str, other: str) -> bool:
    """Whether two numbers differ by one in one of their runs of digits alone: A/007/22 and A/008/22."""
    parts, others = _DIGITS.split(number), _DIGITS.split(other)
    differing = [(one, two) for one, two in zip(parts, others, strict=False) if one != two]
    if len(parts) != len(others) or len(differing) != 1:
        return False
    one, two = differing[0]
    return one.isdecimal() and two.isdecimal() and len(one) == len(two) and int(two) == int(one) + 1
