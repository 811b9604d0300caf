"""What holds for assets: search folding, accounts, funding shares, readiness, and how a device is. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple, get_args

from registry.core.errors import Invalid, Refusal
from registry.core.folding import fold as fold  # what compares pieces is asked for here

# of the books: fixed asset, other fixed asset, intangible asset; and the quantity record beside them
Account = Literal["011", "013", "020", "poz"]
ACCOUNTS: tuple[Account, ...] = get_args(Account)
GROSZ = Decimal("0.01")
SEARCHED = 600
NUMBER_KEY_LENGTH = 180  # of the column; three letters may stand for one
_FEATURES = (
    ("projector", ("projektor",)),
    ("screen", ("ekran projekcyjny", "monitor interaktywny", "monitor informacyjny")),
    ("video", ("terminal wideokonferencyjny", "kamera konferencyjna")),
    ("hearing_loop", ("petla indukcyjna",)),
    ("interpretation", ("odbiornik systemu tlumaczen", "pulpit tlumacza", "kabina tlumacza")),
    ("microphones", ("mikrofon", "pulpit dyskusyjny z mikrofonem")),
    ("flipchart", ("flipchart",)),
)


def search_text(*parts: str | None) -> str:
    """What the search of assets looks into, the name first: lists are sorted by it too.

    Cut where a B-tree of PostgreSQL would refuse it (2 704 bytes).
    """
    return fold(" ".join(part for part in parts if part))[:SEARCHED]


def number_key(number: str) -> str:
    """An inventory number as numbers are compared: without spaces, in any case."""
    return "".join(number.split()).casefold()


def number_columns(number: str | None) -> dict[str, str | None]:
    """What is stored of an inventory number: as it was written, and as it is compared."""
    number = (number or "").strip()
    return {"inventory_no": number or None, "number_key": number_key(number) or None}


def feature_of(name: str) -> str:
    """What a thing of this name gives a room that a booking may need, or an empty string."""
    folded = fold(name)
    return next((feature for feature, starts in _FEATURES if folded.startswith(starts)), "")


@dataclass(frozen=True, slots=True)
class Dated:
    """An amount in PLN that the law changes: each with the first day it holds, oldest first."""

    parts: tuple[tuple[date, Decimal], ...]

    def on(self, day: date | None) -> Decimal:
        """The amount of a day; of none the newest, before the first day the first."""
        amounts = [amount for since, amount in self.parts if day is None or since <= day]
        return amounts[-1] if amounts else self.parts[0][1]

    def __str__(self) -> str:
        return ", ".join(f"{amount}" if since == date.min else f"{since}={amount}" for since, amount in self.parts)


def dated(text: str) -> Dated:
    """``3500, 2018-01-01=10000`` as an amount that changed. Raises ValueError."""
    parts = dict(_dated_part(part) for part in text.split(","))
    if len(parts) < text.count(",") + 1:
        raise ValueError("two amounts begin on one day")
    return Dated(tuple(sorted(parts.items())))


def _dated_part(text: str) -> tuple[date, Decimal]:
    since, mark, amount = text.rpartition("=")
    try:
        value = Decimal("".join(amount.split()))
        whole = value.quantize(GROSZ)  # refused of one with more digits than a number has
    except InvalidOperation as fault:
        raise ValueError(f"{amount} is not an amount") from fault
    if not value.is_finite() or value < 0 or value != whole:
        raise ValueError(f"{amount} is not an amount")
    return date.fromisoformat(since.strip()) if mark else date.min, whole


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """The office's accounting policy, amounts in PLN gross of one piece. The chief accountant decides, not the code."""

    fixed_above: Dated
    quantity_only_below: Dated
    furniture_at_once: bool = False
    furniture_kst: str = "808"
    furniture_categories: frozenset[str] = frozenset({"meble", "dywany"})
    intangible: str = "WNIP"
    accountant_alone: bool = False  # corrects prices, days of acceptance, KŚT, quantities and funding


def account(unit_price: Decimal, kst: str, category: str, accepted_on: date | None, policy: AccountPolicy) -> Account:
    """The account of a piece: 020 intangible, 011 fixed asset, 013 other fixed asset, ``poz`` off balance.

    The amounts are those of the day it was accepted on. A price equal to the threshold stays below it. Quantity-only
    things are labelled and counted all the same.
    """
    if kst == policy.intangible:
        return "020"
    at_once = policy.furniture_at_once and kst == policy.furniture_kst and fold(category) in policy.furniture_categories
    if unit_price > policy.fixed_above.on(accepted_on) and not at_once:
        return "011"
    return "poz" if unit_price < policy.quantity_only_below.on(accepted_on) else "013"


def shares(price: Decimal, percents: Mapping[int, Decimal]) -> dict[int | None, Decimal]:
    """A price split by percent of each grant (by id); the rest is own funds (None). Sums to the price, to the grosz.

    A grant of which nothing is left stays, with 0,00: it still says that the piece is the grant's.

    Raises ValueError when the percents are negative or pass 100.
    """
    if any(percent < 0 for percent in percents.values()) or sum(percents.values()) > 100:
        raise ValueError("funding shares are percents that sum to 100 at most")
    split: dict[int | None, Decimal] = {}
    rest = price
    for grant, percent in percents.items():
        part = min((price * percent / 100).quantize(GROSZ, ROUND_HALF_UP), rest)
        split[grant] = part
        rest -= part
    if rest or not split:
        split[None] = rest
    return split


def resplit(parts: Mapping[int | None, Decimal], price: Decimal) -> dict[int | None, Decimal] | None:
    """Another price split as ``parts`` (of each grant by id, None for own funds) split the one before. What rounding
    leaves goes to own funds, where there were none to the last grant. None where the former parts do not tell the
    percents: all of them are 0, and a grant is among them.
    """
    grants = [grant for grant in parts if grant is not None]
    former = sum(parts.values(), Decimal(0))
    if not grants:
        return {None: price}
    if not former:
        return None if price else dict(parts)
    split: dict[int | None, Decimal] = {}
    rest = price
    for grant in grants:
        split[grant] = min((price * parts[grant] / former).quantize(GROSZ, ROUND_HALF_UP), rest)
        rest -= split[grant]
    if None in parts:
        split[None] = rest
    else:
        split[grants[-1]] += rest
    return split


def share_faults(parts: Sequence[tuple[int | None, Decimal]], price: Decimal) -> list[Refusal]:
    """Every reason why a price cannot be funded so: grants by id, None for own funds, each once."""
    total = sum((amount for _, amount in parts), Decimal(0))
    faults: list[Refusal] = []
    if any(amount < 0 for _, amount in parts):
        faults.append(Invalid("grant.share_negative"))
    if len({grant for grant, _ in parts}) < len(parts):
        faults.append(Invalid("grant.share_twice"))
    if total != price:
        faults.append(Invalid("grant.shares", total=f"{total:.2f}", price=f"{price:.2f}"))
    return faults


def unit_prices(total: Decimal, pieces: int) -> list[Decimal]:
    """A line's total as the prices of its pieces; the first ones take the odd grosz."""
    each = (total / pieces).quantize(GROSZ, ROUND_DOWN)
    odd = int((total - each * pieces) / GROSZ)
    return [each + GROSZ if place < odd else each for place in range(pieces)]


def line_shares(prices: Sequence[Decimal], percents: Mapping[int, Decimal]) -> list[dict[int | None, Decimal]]:
    """The prices of a line's pieces, split so that each grant's parts sum to its share of the whole line.

    A settlement claims the line of an invoice, not its pieces. Each split sums to its price, as ``shares`` says.
    """
    total = sum(prices, Decimal(0))
    if not percents or not total:
        return [shares(price, percents) for price in prices]
    whole = shares(total, percents)
    due = {grant: unit_prices(whole[grant], len(prices)) for grant in percents}
    late = dict.fromkeys(percents, Decimal(0))
    splits: list[dict[int | None, Decimal]] = []
    for place, price in enumerate(prices):
        split: dict[int | None, Decimal] = {}
        rest = price
        for grant in percents:
            late[grant] += due[grant][place]
            split[grant] = min(late[grant], rest)
            late[grant] -= split[grant]
            rest -= split[grant]
        splits.append(split | {None: rest} if rest else split)
    for grant, amount in late.items():  # what did not fit behind the other grants takes the place of own funds
        for split in splits:
            part = min(amount, split.get(None, Decimal(0)))
            if part:
                split[grant] += part
                split[None] -= part
                amount -= part
                if not split[None]:
                    del split[None]
    return splits


def part_of_line(
    price: Decimal, quantity: int, parts: Mapping[int | None, Decimal], many: int
) -> tuple[Decimal, dict[int | None, Decimal]]:
    """The price of the last ``many`` of a line's pieces, and what each source of the line pays of it: by its share, to
    the grosz, never more than it pays of the line. What is left of the line sums to the rest.
    """
    part = sum(unit_prices(price, quantity)[-many:], Decimal(0))
    if not price:
        return part, dict.fromkeys(parts, Decimal("0.00"))
    exact = {source: amount * part / price for source, amount in parts.items()}
    split = {source: amount.quantize(GROSZ, ROUND_DOWN) for source, amount in exact.items()}
    odd = int((part - sum(split.values(), Decimal(0))) / GROSZ) if split else 0
    for source in sorted(exact, key=lambda source: split[source] - exact[source])[:odd]:  # what lost most gets it
        split[source] += GROSZ
    return part, split


def unlike(line: Mapping[str, object], other: Mapping[str, object]) -> str:
    """The first fact in which two pieces differ that should become one line, or an empty string. Pieces with serial
    numbers are told apart by them, and what does not work is mended first.
    """
    if line["serial_no"] or other["serial_no"]:
        return "serial_no"
    if line["condition"] != "ok":
        return "condition"
    return next((name for name, value in line.items() if other[name] != value), "")


@dataclass(frozen=True, slots=True)
class Standard:
    """What a room should hold."""

    name: str
    feature: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One record of what stands in the room, or those of one name that work together, which have no ``asset_id``."""

    asset_id: int | None
    name: str
    condition: str
    quantity: int = 1
    inventory_no: str | None = None


@dataclass(frozen=True, slots=True)
class ReadinessItem:
    """One line of a room's standard and what is wrong with it."""

    name: str
    feature: str
    wanted: int
    working: int
    problems: tuple[dict[str, Any], ...] = field(default=())

    @property
    def ready(self) -> bool:
        return self.working >= self.wanted


def readiness(standard: Iterable[Standard], pieces: Sequence[Piece]) -> list[ReadinessItem]:
    """A room's standard less what is faulty, in repair or missing. Names are compared folded."""
    by_name: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_name.setdefault(fold(piece.name), []).append(piece)
    return [_readiness(item, by_name.get(fold(item.name), [])) for item in standard]


def _readiness(standard: Standard, there: list[Piece]) -> ReadinessItem:
    problems = [
        {"problem": piece.condition, "asset": piece.asset_id, "inventory_no": piece.inventory_no}
        for piece in there
        if piece.condition != "ok"
    ]
    lacking = standard.quantity - sum(piece.quantity for piece in there)
    if lacking > 0:
        problems.append({"problem": "missing", "count": lacking})
    working = sum(piece.quantity for piece in there if piece.condition == "ok")
    return ReadinessItem(standard.name, standard.feature, standard.quantity, working, tuple(problems))


class StandingPiece(NamedTuple):
    """A piece as it stands in a room, by what the room's readiness looks at. The name is folded."""

    room_id: int
    name: str
    condition: str
    quantity: int


def touched_rooms(
    changes: Iterable[tuple[StandingPiece | None, StandingPiece | None]], standards: Mapping[int, Collection[str]]
) -> set[int]:
    """The rooms whose readiness can be seen to differ, from pieces before and after a change; None stands nowhere.

    ``standards`` are the folded names of each room's standard. A piece counts that is in it, or that does not work.
    """
    return {
        piece.room_id
        for before, after in changes
        if before != after
        for piece in (before, after)
        if piece and (piece.condition != "ok" or piece.name in standards.get(piece.room_id, ()))
    }
