"""What is due: kinds, how a list of it is cut into stretches of time, and whom it concerns. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

WEEK = timedelta(days=7)
LONGEST = timedelta(days=3 * 366)
OVERDUE = timedelta(days=5 * 366)  # so long a calibration that ran out, or what never came back, is still told of
USUAL = timedelta(days=92)


class DueKind(StrEnum):
    LOAN = "loan"
    BATTERY = "battery"
    CALIBRATION = "calibration"  # and whatever else ends on a day that a field of a category holds
    WARRANTY = "warranty"
    DURABILITY = "durability"


@dataclass(frozen=True, slots=True)
class DueItem:
    """What ends on a day, for pieces of one name: a warranty, a durability period, what a field of their category says;
    what is due back; or a battery that is low now. ``what`` is the name of that field.

    ``asset_id`` is the first of ``assets`` pieces, ``room`` and ``custodian`` those of the first where ``rooms`` and
    ``custodians`` tell that there are more; of a loan the custodian is who borrowed it.
    """

    kind: DueKind
    day: date
    name: str
    assets: int
    asset_id: int | None
    rooms: int = 0
    room: str = ""
    custodians: int = 0
    custodian: str = ""
    faulty: int = 0
    battery: int | None = None
    what: str = ""


def end_of_next_week(today: date) -> date:
    """The Sunday after this one."""
    return today - timedelta(days=today.weekday()) + 2 * WEEK - timedelta(days=1)


def stretches(items: Sequence[DueItem], today: date) -> list[tuple[date | None, list[DueItem]]]:
    """Items by stretch, in their order: None for all until the end of next week, then the first day of each month."""
    soon, parts = end_of_next_week(today), dict[date | None, list[DueItem]]()
    for item in items:
        parts.setdefault(None if item.day <= soon else item.day.replace(day=1), []).append(item)
    return list(parts.items())


def months_from(today: date, many: int = 12) -> list[date]:
    """The first days of this month and of those after it."""
    first = today.year * 12 + today.month - 1
    return [date((first + step) // 12, (first + step) % 12 + 1, 1) for step in range(many)]
