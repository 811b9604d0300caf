"""What documents there are, how they are numbered, what stands on one, and who signs it. Pure.

The symbols and their fields are those of Polish offices: OT (acceptance into use), MT (change of the place of use), PT
(hand-over between units), LT (retirement), PW (hand-over to a person). OT-K takes an OT back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.core.errors import N_, Conflict, Reason, Refusal, Term
from registry.people.models import Role
from registry.people.rules import may

PLACE_DIGITS = 5
ACCEPTANCE, CORRECTION = "OT", "OT-K"
# what a PW is called that is of a loan
LOAN_TITLE, RETURN_TITLE = "Protokół wypożyczenia", "Protokół zwrotu"


class Side(StrEnum):
    """Whose signature a paper wants."""

    GIVER = "giver"
    TAKER = "taker"
    APPROVER = "approver"
    COMMITTEE = "committee"
    ACCOUNTANT = "accountant"


SIDE_WORDS = {
    Side.GIVER: N_("who hands over"),
    Side.TAKER: N_("who takes over"),
    Side.APPROVER: N_("who approves"),
    Side.COMMITTEE: N_("the committee of acceptance"),
    Side.ACCOUNTANT: N_("the accountant"),
}


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of paper: its symbol, its title as it is printed, what people call it, and who signs."""

    symbol: str
    title: str
    word: str
    sides: tuple[Side, ...]


_THREE = (Side.GIVER, Side.TAKER, Side.APPROVER)
SYMBOLS: Mapping[str, DocumentKind] = {
    kind.symbol: kind
    for kind in (
        DocumentKind(
            ACCEPTANCE,
            "Przyjęcie środka trwałego do używania",
            N_("acceptance into use"),
            (Side.COMMITTEE, Side.TAKER, Side.ACCOUNTANT, Side.APPROVER),
        ),
        DocumentKind(
            CORRECTION,
            "Korekta przyjęcia środka trwałego",
            N_("acceptance taken back"),
            (Side.COMMITTEE, Side.ACCOUNTANT, Side.APPROVER),
        ),
        DocumentKind("MT", "Zmiana miejsca użytkowania", N_("change of place"), (Side.GIVER, Side.TAKER)),
        DocumentKind("PW", "Protokół przekazania pracownikowi", N_("hand-over to a person"), (Side.GIVER, Side.TAKER)),
        DocumentKind("PT", "Protokół zdawczo-odbiorczy", N_("hand-over to another unit"), _THREE),
        DocumentKind("LT", "Likwidacja środka trwałego", N_("retirement"), (Side.GIVER, Side.APPROVER)),
    )
}


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A piece as its paper names it. ``value`` is its initial value in PLN, as text with two places; ``description``
    what it is like, ``acquired_on`` the day on which it was accepted, ``corrects`` the paper that is taken back.
    """

    inventory_no: str
    name: str
    serial_no: str
    kst: str
    quantity: int
    value: str
    acquired_on: str = ""
    came_from: str = ""
    was_with: str = ""
    goes_to: str = ""
    is_with: str = ""
    description: str = ""
    account: str = ""
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class PaperSource:
    """What proves how pieces came: an invoice with its supplier. ``places`` are the lines that it is about, such as
    1–12; days are ISO.
    """

    supplier: str
    contract: str
    invoice_no: str
    invoiced_on: str
    places: str


@dataclass(frozen=True, slots=True)
class PaperFunding:
    """What paid for the pieces of a paper: a fund with its grant's code, own funds where that is empty. ``amount`` in
    PLN, as text with two places.
    """

    fund: str
    grant: str
    amount: str


@dataclass(frozen=True, slots=True)
class PaperContents:
    """What stands on a paper: the pieces, from where and whom, to where and whom. ``grants`` paid for some of them;
    ``durable_until`` is the last day on which the grant binds one of them. ``parties`` are the ids of the people who
    had or have them: they may read the paper. ``accepted_on`` and ``corrects`` are what all lines share;
    ``title`` is printed instead of the one of its symbol, ``due_on`` is when a loan ends.
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
    sources: tuple[PaperSource, ...] = ()
    funding: tuple[PaperFunding, ...] = ()
    accepted_on: str = ""
    corrects: str = ""
    title: str = ""
    due_on: str = ""

    @property
    def due_day(self) -> date | None:
        """``due_on`` as a day."""
        return date.fromisoformat(self.due_on) if self.due_on else None

    @property
    def durable_day(self) -> date | None:
        """``durable_until`` as a day."""
        return date.fromisoformat(self.durable_until) if self.durable_until else None

    @property
    def accepted_day(self) -> date | None:
        """``accepted_on`` as a day."""
        return date.fromisoformat(self.accepted_on) if self.accepted_on else None

    @property
    def total(self) -> Decimal:
        """The sum of the lines in PLN."""
        return sum((Decimal(line.value) for line in self.lines), Decimal(0))


def plain(contents: PaperContents) -> dict[str, Any]:
    """As it is stored."""
    return asdict(contents)


def contents_of(stored: Mapping[str, Any]) -> PaperContents:
    """As it was stored."""
    rest: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    for name, shape in (("lines", PaperLine), ("sources", PaperSource), ("funding", PaperFunding)):
        rest[name] = tuple(shape(**row) for row in stored.get(name, ()))
    return PaperContents(**rest)


def number_of(symbol: str, unit: str, year: int, place: int) -> str:
    """MT/00012/2026, and MT/WSOC/00012/2026 of a unit that numbers its own."""
    return "/".join(part for part in (symbol, unit, f"{place:0{PLACE_DIGITS}}", str(year)) if part)


def places_of(numbers: Sequence[int]) -> str:
    """Lines by their numbers, in ascending order: 1–3, 7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def acceptance_among(papers: Iterable[tuple[str, str, bool]]) -> str:
    """The number of the OT that holds among papers of a piece, the oldest first, each with its symbol, its number and
    whether it is cancelled. What was taken back stays taken back, whatever becomes of the paper that says so.
    """
    holding = ""
    for symbol, number, is_cancelled in papers:
        if symbol == CORRECTION:
            holding = ""
        elif symbol == ACCEPTANCE and not is_cancelled:
            holding = number
    return holding


@dataclass(frozen=True, slots=True)
class PieceToAccept:
    """What an acceptance asks of a piece. ``is_placed``: it has a room, or is nothing that stands anywhere;
    ``has_source``: an invoice with its supplier, or a reason that says where it is from.
    """

    number: str
    kst: str
    price: Decimal
    is_placed: bool
    has_custodian: bool
    has_source: bool


def acceptance_faults(piece: PieceToAccept, accepted_by: str) -> list[Refusal]:
    """Every reason why a piece cannot be accepted; ``accepted_by`` is the number of the OT that it has already."""
    if accepted_by:
        return [Conflict("asset.accepted", number=accepted_by)]
    present = {
        Term("inventory_no", N_("an inventory number")): piece.number,
        Term("kst", N_("a KŚT symbol")): piece.kst,
        Term("price", N_("a price")): piece.price > 0,
        Term("room", N_("a room")): piece.is_placed,
        Term("custodian", N_("a custodian")): piece.has_custodian,
        Term("source", N_("an invoice with its supplier, or a reason that says where it is from")): piece.has_source,
    }
    lacks = {f"lack{place}": term for place, term in enumerate(term for term, there in present.items() if not there)}
    if not lacks:
        return []
    return [Conflict("asset.not_acceptable", lacks=Reason(", ".join(f"{{{name}}}" for name in lacks), **lacks))]


def correction_faults(accepted_by: str) -> list[Refusal]:
    """Why there is no acceptance to take back."""
    return [] if accepted_by else [Conflict("asset.not_accepted")]


def shared(values: Sequence[str]) -> str:
    """What all of these are, nothing where they differ: then each line says it."""
    return values[0] if values and len(set(values)) == 1 else ""


def may_sign_as(side: Side, role: Role) -> bool:
    """Whether this role signs as this side: for the accounts signs who keeps them."""
    return side is not Side.ACCOUNTANT or may(role, "documents.sign_accounts")


def signature_faults(
    kind: DocumentKind, side: Side, is_cancelled: bool, sides_there: Mapping[Side, int], person: int, role: Role
) -> list[Refusal]:
    """Every reason why this person cannot sign as this side. ``sides_there`` are the signatures with their people. Who
    hands over cannot take over as well.
    """
    faults: list[Refusal] = []
    if side in kind.sides and not may_sign_as(side, role):
        faults.append(Conflict("document.not_the_accountant"))
    if is_cancelled:
        faults.append(Conflict("document.cancelled"))
    if side not in kind.sides:
        faults.append(Conflict("document.no_side", sides=", ".join(kind.sides)))
    if side in sides_there and sides_there[side] != person:
        faults.append(Conflict("document.signed_by_another"))
    if any(other is not side and one == person for other, one in sides_there.items()):
        faults.append(Conflict("document.both_sides"))
    return faults
