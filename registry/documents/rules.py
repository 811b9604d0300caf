"""What documents there are, how they are numbered, what stands on one, and who signs it. Pure.

The symbols and their fields are those of Polish offices: MT (change of the place of use), PT (hand-over between units),
LT (retirement), PW (hand-over to a person).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.core.errors import N_, Conflict, Refusal

PLACE_DIGITS = 5


class Side(StrEnum):
    """Whose signature a paper wants."""

    GIVER = "giver"
    TAKER = "taker"
    APPROVER = "approver"


SIDE_WORDS = {Side.GIVER: N_("who hands over"), Side.TAKER: N_("who takes over"), Side.APPROVER: N_("who approves")}


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of paper: its symbol, its title as it is printed, what people call it, and who signs."""

    symbol: str
    title: str
    word: str
    sides: tuple[Side, ...]


SYMBOLS: Mapping[str, DocumentKind] = {
    kind.symbol: kind
    for kind in (
        DocumentKind("MT", "Zmiana miejsca użytkowania", N_("change of place"), (Side.GIVER, Side.TAKER)),
        DocumentKind("PW", "Protokół przekazania pracownikowi", N_("hand-over to a person"), (Side.GIVER, Side.TAKER)),
        DocumentKind("PT", "Protokół zdawczo-odbiorczy", N_("hand-over to another unit"), tuple(Side)),
        DocumentKind("LT", "Likwidacja środka trwałego", N_("retirement"), (Side.GIVER, Side.APPROVER)),
    )
}


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A piece as its paper names it. ``value`` is its initial value in PLN, as text with two places."""

    inventory_no: str
    name: str
    serial_no: str
    kst: str
    quantity: int
    value: str
    acquired_on: str = ""
    came_from: str = ""
    was_with: str = ""


@dataclass(frozen=True, slots=True)
class PaperContents:
    """What stands on a paper: the pieces, from where and whom, to where and whom. ``grants`` paid for some of them;
    ``durable_until`` is the last day on which the grant binds one of them. ``parties`` are the ids of the people who
    had or have them: they may read the paper.
    """

    lines: tuple[PaperLine, ...]
    came_from: str = ""
    was_with: str = ""
    goes_to: str = ""
    is_with: str = ""
    grants: tuple[str, ...] = ()
    durable_until: str = ""
    notes: tuple[str, ...] = ()
    parties: tuple[int, ...] = ()

    @property
    def durable_day(self) -> date | None:
        """``durable_until`` as a day."""
        return date.fromisoformat(self.durable_until) if self.durable_until else None

    @property
    def total(self) -> Decimal:
        """The sum of the lines in PLN."""
        return sum((Decimal(line.value) for line in self.lines), Decimal(0))


def plain(contents: PaperContents) -> dict[str, Any]:
    """As it is stored."""
    return asdict(contents)


def contents_of(stored: Mapping[str, Any]) -> PaperContents:
    """As it was stored."""
    lines = tuple(PaperLine(**line) for line in stored["lines"])
    rest: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return PaperContents(**{**rest, "lines": lines})


def number_of(symbol: str, unit: str, year: int, place: int) -> str:
    """MT/00012/2026, and MT/WSOC/00012/2026 of a unit that numbers its own."""
    return "/".join(part for part in (symbol, unit, f"{place:0{PLACE_DIGITS}}", str(year)) if part)


def shared(values: Sequence[str]) -> str:
    """What all of these are, nothing where they differ: then each line says it."""
    return values[0] if values and len(set(values)) == 1 else ""


def signature_faults(
    kind: DocumentKind, side: Side, is_cancelled: bool, sides_there: Mapping[Side, int], person: int
) -> list[Refusal]:
    """Every reason why this person cannot sign as this side. ``sides_there`` are the signatures with their people. Who
    hands over cannot take over as well.
    """
    faults: list[Refusal] = []
    if is_cancelled:
        faults.append(Conflict("document.cancelled"))
    if side not in kind.sides:
        faults.append(Conflict("document.no_side", sides=", ".join(kind.sides)))
    if side in sides_there and sides_there[side] != person:
        faults.append(Conflict("document.signed_by_another"))
    if any(other is not side and one == person for other, one in sides_there.items()):
        faults.append(Conflict("document.both_sides"))
    return faults
