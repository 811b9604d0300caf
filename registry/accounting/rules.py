"""What the register says of depreciation: how a piece is written off, and the tables of a span of months. Pure.

The register is an operational book: it posts nothing. Amounts are whole grosze, months are counted from the year 0.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from math import ceil
from typing import NamedTuple

from registry.assets.models import Lifecycle
from registry.assets.rules import AccountPolicy, Dated, account, dated

YEAR = 12
FIRST_YEAR, LAST_YEAR = 1990, 2100
LONGEST_SPAN = 50 * YEAR
OFF_BALANCE, INTANGIBLE, FIXED = "poz", "020", "011"
GROUP_LENGTH = 1  # of a KŚT symbol
_GONE = (Lifecycle.HANDED_OVER, Lifecycle.RETIRED, Lifecycle.DISPOSED)
# of what is bought: the office's own money among the grants
OWN_FUNDS = 0


class WriteOff(StrEnum):
    """How a piece is written off."""

    AT_ONCE = "at_once"
    LINEAR = "linear"
    NONE = "none"


class Remark(StrEnum):
    """Why nothing is written off, or what the accountant should look at. Nothing is guessed in their place."""

    NOT_ACCEPTED = "not_accepted"  # ordered: there is no acceptance yet
    NO_DAY = "no_day"
    NO_ACCOUNT = "no_account"
    NO_RATE = "no_rate"
    NO_LEAVING_DAY = "no_leaving_day"
    OFF_BALANCE = "off_balance"
    NEVER = "never"  # land
    WITHDRAWN = "withdrawn"  # entered by mistake
    OTHER_ACCOUNT = "other_account"  # written off by the account that it has, and the policy says another


@dataclass(frozen=True, slots=True)
class Rates:
    """Percent a year by the beginning of a KŚT symbol, each with the day it holds from: the longest beginning wins."""

    parts: tuple[tuple[str, Dated], ...]

    def on(self, kst: str, day: date) -> Decimal | None:
        """The rate of a symbol for what was accepted on a day; None where nothing says one."""
        fits = [(len(start), percents) for start, percents in self.parts if kst.upper().startswith(start)]
        return max(fits, key=lambda one: one[0])[1].on(day) if fits else None

    def __str__(self) -> str:
        return "; ".join(f"{start}: {percents}" for start, percents in self.parts)


def rates_in(text: str) -> Rates:
    """``487: 30; 653: 10, 2028-01-01=14`` as rates. Raises ValueError."""
    parts: dict[str, Dated] = {}
    for part in text.split(";"):
        start, mark, percents = part.partition(":")
        start = start.strip().upper()
        if not mark or not start.isalnum() or start in parts:
            raise ValueError(f"{part} is not the rate of a symbol")
        parts[start] = dated(percents)
        if any(percent > 100 for _, percent in parts[start].parts):
            raise ValueError(f"{part} is more than all")
    return Rates(tuple(sorted(parts.items())))


class LedgerPiece(NamedTuple):
    """A piece as the books see it. ``price`` is of all its ``quantity``; ``sources`` are grants by id with their part
    of it, ``OWN_FUNDS`` for none; ``left_on`` is the day of the paper by which it left, if there is one.
    """

    id: int
    kst: str
    account: str
    category: str
    price: int
    quantity: int
    accepted_on: date | None
    lifecycle: str
    left_on: date | None
    sources: tuple[tuple[int, int], ...]
    number: str = ""
    name: str = ""


class Plan(NamedTuple):
    """How a piece is written off: ``monthly`` in each of so many ``months`` from ``first`` on, the rest in the last of
    them; nothing after ``last``, the month in which it left.
    """

    way: WriteOff
    initial: int
    first: int = 0
    months: int = 0
    monthly: int = 0
    last: int | None = None
    rate: Decimal | None = None
    remark: Remark | None = None

    def written(self, month: int) -> int:
        """How much is written off by the end of a month."""
        if self.way is WriteOff.NONE:
            return 0
        count = (month if self.last is None else min(month, self.last)) - self.first + 1
        if count <= 0:
            return 0
        return self.initial if count >= self.months else self.monthly * count

    @property
    def is_told(self) -> bool:
        """Whether it stands in the tables."""
        return self.way is not WriteOff.NONE


def month_of(day: date) -> int:
    """The number of a day's month."""
    return day.year * YEAR + day.month - 1


def first_of(month: int) -> date:
    """The first day of a month by its number."""
    return date(month // YEAR, month % YEAR + 1, 1)


@dataclass(slots=True)
class Bookkeeper:
    """Plans by a policy and rates. What many pieces share is reckoned once."""

    policy: AccountPolicy
    rates: Rates
    _policy_accounts: dict[tuple[int, int, str, str, date], str] = field(default_factory=dict)
    _months: dict[tuple[int, Decimal], tuple[int, int]] = field(default_factory=dict)
    _rates: dict[tuple[str, date], Decimal | None] = field(default_factory=dict)

    def plan(self, piece: LedgerPiece) -> Plan:
        """How this piece is written off. The account that it has decides, since the accountant gave it."""
        day, obstacle = piece.accepted_on, _obstacle(piece)
        if obstacle or day is None:
            return _nothing(piece, obstacle or Remark.NO_DAY)
        last = month_of(piece.left_on) if piece.lifecycle in _GONE and piece.left_on else None
        remark = None if self._policy_account(piece, day) == piece.account else Remark.OTHER_ACCOUNT
        if not self._is_linear(piece, day):
            return Plan(WriteOff.AT_ONCE, piece.price, month_of(day), 1, piece.price, last, None, remark)
        return self._linear(piece, day, last, remark)

    def _linear(self, piece: LedgerPiece, day: date, last: int | None, remark: Remark | None) -> Plan:
        rate = self._rate(piece, day)
        if not rate:
            return _nothing(piece, Remark.NO_RATE if rate is None else Remark.NEVER)
        months, monthly = self._split(piece.price, rate)
        return Plan(WriteOff.LINEAR, piece.price, month_of(day) + 1, months, monthly, last, rate, remark)

    def _is_linear(self, piece: LedgerPiece, day: date) -> bool:
        """A fixed asset always; of the intangible ones those above the limit."""
        if piece.account != INTANGIBLE:
            return piece.account == FIXED
        return piece.price > self.policy.fixed_above.on(day) * 100 * piece.quantity

    def _rate(self, piece: LedgerPiece, day: date) -> Decimal | None:
        kst = piece.kst or (self.policy.intangible if piece.account == INTANGIBLE else "")
        key = kst, day
        if key not in self._rates:
            self._rates[key] = self.rates.on(kst, day)
        return self._rates[key]

    def _split(self, price: int, rate: Decimal) -> tuple[int, int]:
        """In how many months, and how much in each but the last, to the grosz."""
        key = price, rate
        if key not in self._months:
            monthly = int((price * rate / 1200).quantize(Decimal(1), ROUND_HALF_UP))
            months = ceil(1200 / rate)
            if monthly:  # one that was rounded up is through earlier
                months = min(months, -(-price // monthly))
            self._months[key] = months, monthly
        return self._months[key]

    def _policy_account(self, piece: LedgerPiece, day: date) -> str:
        key = piece.price, piece.quantity, piece.kst, piece.category, day
        if key not in self._policy_accounts:
            each = Decimal(piece.price) / 100 / piece.quantity
            self._policy_accounts[key] = account(each, piece.kst, piece.category, day, self.policy)
        return self._policy_accounts[key]


def _obstacle(piece: LedgerPiece) -> Remark | None:
    """Why there is no plan for a piece that was accepted."""
    if piece.lifecycle == Lifecycle.WITHDRAWN:
        return Remark.WITHDRAWN
    if piece.lifecycle == Lifecycle.ORDERED:
        return Remark.NOT_ACCEPTED
    if piece.account == OFF_BALANCE:
        return Remark.OFF_BALANCE
    if not piece.account:
        return Remark.NO_ACCOUNT
    return Remark.NO_LEAVING_DAY if piece.lifecycle in _GONE and piece.left_on is None else None


def _nothing(piece: LedgerPiece, remark: Remark) -> Plan:
    return Plan(WriteOff.NONE, piece.price, remark=remark)


class RowKey(NamedTuple):
    """What a row of a table sums: an account, a KŚT group ("" where a piece has no symbol), a grant by its id."""

    account: str
    group: str
    source: int


@dataclass(slots=True)
class DepreciationRow:
    """Sums of one key in grosze: what is written off in each month of the span, and before it."""

    by_month: list[int]
    pieces: int = 0
    initial: int = 0
    before: int = 0

    @property
    def in_span(self) -> int:
        return sum(self.by_month)

    @property
    def rest(self) -> int:
        """What is not written off at the end."""
        return self.initial - self.before - self.in_span


@dataclass(slots=True)
class RemarkSum:
    """How many pieces a remark is about, and what they cost."""

    pieces: int = 0
    price: int = 0


class DepreciationTable:
    """The sums of a span of months, filled piece by piece.

    A piece is in it if it was accepted by the end of the span and did not leave before. The part of each source is its
    own: the same part of each month, so that sources sum to the piece and their months to their part of the price.
    """

    def __init__(self, first: int, months: int) -> None:
        self.first, self.months, self.pieces = first, months, 0
        self.rows: dict[RowKey, DepreciationRow] = {}
        self.remarks: dict[Remark, RemarkSum] = {}
        self._steps: dict[RowKey, list[int]] = {}

    def add(self, piece: LedgerPiece, plan: Plan) -> None:
        """Take a piece into the sums."""
        if plan.remark:
            total = self.remarks.setdefault(plan.remark, RemarkSum())
            total.pieces += piece.quantity
            total.price += piece.price
        if not is_in(piece, plan, self.first, self.months):
            return
        group = group_of(piece.kst, piece.account)
        parts = shares_of(piece.sources, plan)
        self.pieces += piece.quantity
        for source, initial, monthly in parts:
            key = RowKey(piece.account, group, source)
            row = self.rows.get(key)
            if row is None:
                row = self.rows[key] = DepreciationRow([])
                self._steps[key] = [0] * (self.months + 1)
            row.pieces += piece.quantity
            row.initial += initial
            row.before += self._step(self._steps[key], plan, initial, monthly)

    def _step(self, steps: list[int], plan: Plan, initial: int, monthly: int) -> int:
        """Where a part's months begin and end, as steps up and down. Returns what came before the span."""
        start, stop = plan.first - self.first, plan.first + plan.months - 1 - self.first  # stop: the month of the rest
        end = self.months if plan.last is None else min(self.months, plan.last + 1 - self.first)
        low, high = max(start, 0), min(stop, end)
        if low < high:
            steps[low] += monthly
            steps[high] -= monthly
        rest = initial - monthly * (plan.months - 1)
        if 0 <= stop < end:
            steps[stop] += rest
            steps[stop + 1] -= rest
        return initial if stop < 0 else monthly * max(-start, 0)  # one that left earlier is not in the span

    def close(self) -> "DepreciationTable":
        """Make months of the steps: once, when all pieces are in."""
        for key, steps in self._steps.items():
            amount, by_month = 0, []
            for step in steps[: self.months]:
                amount += step
                by_month.append(amount)
            self.rows[key].by_month = by_month
        return self

    def totals(self) -> DepreciationRow:
        """The sum of all rows; a piece of several sources is counted once."""
        total = DepreciationRow([0] * self.months, self.pieces)
        for row in self.rows.values():
            total.initial += row.initial
            total.before += row.before
            total.by_month = [one + two for one, two in zip(total.by_month, row.by_month, strict=True)]
        return total


def is_in(piece: LedgerPiece, plan: Plan, first: int, months: int) -> bool:
    """Whether a piece stands in the table of a span: accepted by its end, and not gone before."""
    if not plan.is_told or piece.accepted_on is None:
        return False
    return month_of(piece.accepted_on) < first + months and (plan.last is None or plan.last >= first)


def group_of(kst: str, kept_on: str) -> str:
    """The KŚT group of a symbol: its first digit; intangible assets have none."""
    return "WNiP" if kept_on == INTANGIBLE else kst[:GROUP_LENGTH]


def shares_of(sources: tuple[tuple[int, int], ...], plan: Plan) -> list[tuple[int, int, int]]:
    """The source, its part of the price and its part of each month, the largest part first, which takes what rounding
    leaves. What no source paid for is the office's own.
    """
    parts: dict[int, int] = {}
    for source, amount in sources:
        parts[source] = parts.get(source, 0) + amount
    unnamed = plan.initial - sum(parts.values())
    if unnamed:
        parts[OWN_FUNDS] = parts.get(OWN_FUNDS, 0) + unnamed
    if len(parts) <= 1:
        return [(next(iter(parts), OWN_FUNDS), plan.initial, plan.monthly)]
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    rest = [
        (source, amount, plan.monthly * amount // plan.initial if plan.initial else 0) for source, amount in ordered[1:]
    ]
    main, amount = ordered[0]
    return [(main, amount, plan.monthly - sum(monthly for _, _, monthly in rest)), *rest]


def years_of(plan: Plan) -> list[tuple[int, int, int]]:
    """A plan by year: the year, what is written off in it, and what is left after it."""
    if not plan.is_told:
        return []
    end = plan.first + plan.months - 1 if plan.last is None else min(plan.first + plan.months - 1, plan.last)
    lines = []
    for year in range(plan.first // YEAR, end // YEAR + 1):
        before, after = plan.written(year * YEAR - 1), plan.written(year * YEAR + YEAR - 1)
        lines.append((year, after - before, plan.initial - after))
    return lines


def months_of(plan: Plan, year: int) -> list[int]:
    """What is written off in each month of a year."""
    return [plan.written(month) - plan.written(month - 1) for month in range(year * YEAR, year * YEAR + YEAR)]


# the linear rates of the law by KŚT symbol, and 24 months for licences; land is not written off
DEFAULT_RATES = rates_in(
    "0: 0; 10: 2.5; 12: 2.5; 487: 30; 488: 14; 491: 30; 62: 10; 629: 20; 63: 10; 65: 10; 662: 20; 74: 20; 80: 20; "
    "803: 14; 806: 10; WNIP: 50"
)
