"""The page of depreciation and the plan of a piece, as their templates show them."""

from dataclasses import dataclass
from decimal import Decimal

from babel.dates import format_date

from registry.accounting.queries import YearTable
from registry.accounting.rules import OWN_FUNDS, YEAR, DepreciationRow, Plan, Remark, first_of, years_of
from web.accounting.words import REMARK_WORDS, TO_MEND, WAY_WORDS
from web.kit.page_context import PageContext
from web.kit.words import N_


@dataclass(frozen=True, slots=True)
class AmountLine:
    """A row of the table of sums."""

    account: str
    group: str
    source: str
    pieces: int
    initial: Decimal
    before: Decimal
    amount: Decimal
    rest: Decimal


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month of the year, with what is written off on each account."""

    name: str
    href: str
    amounts: list[Decimal]
    total: Decimal


@dataclass(frozen=True, slots=True)
class RemarkLine:
    word: str
    href: str
    pieces: int
    price: Decimal
    is_to_mend: bool


@dataclass(frozen=True, slots=True)
class DepreciationView:
    """``month`` is the word of the one that is sums_of_year alone, empty for the whole year."""

    year: int
    month: str
    lines: list[AmountLine]
    total: AmountLine
    accounts: list[str]
    months: list[MonthLine]
    remarks: list[RemarkLine]


@dataclass(frozen=True, slots=True)
class PlanYearLine:
    year: int
    amount: Decimal
    rest: Decimal
    is_now: bool


@dataclass(frozen=True, slots=True)
class PlanView:
    """A piece's plan: ``written`` and ``rest`` are as of the last month that is over, or is today's."""

    way: str
    remark: str
    rate: Decimal | None
    first_month: str
    months: int
    monthly: Decimal
    written: Decimal
    rest: Decimal
    years: list[PlanYearLine]


def depreciation_view(sums_of_year: YearTable, year: int, month: int | None, context: PageContext) -> DepreciationView:
    """A year with its months, or one month of it."""
    rows = sums_of_year.in_order()
    own = context.say(N_("Own funds"))
    lines = [
        _line(key.account, key.group, own if key.source == OWN_FUNDS else sums_of_year.grants.get(key.source, ""), row)
        for key, row in rows
    ]
    accounts = list(dict.fromkeys(key.account for key, _ in rows))
    sums = {kept_on: [row.by_month for key, row in rows if key.account == kept_on] for kept_on in accounts}
    months = [] if month else [_month(year, place, sums, context) for place in range(YEAR)]
    return DepreciationView(
        year=year,
        month=month_word(year * YEAR + month - 1, context) if month else "",
        lines=lines,
        total=_line("", "", "", sums_of_year.table.totals()),
        accounts=accounts,
        months=months,
        remarks=[
            RemarkLine(
                context.say(REMARK_WORDS[remark]),
                f"/reports/depreciation?year={year}&why={remark}",
                sums_of_year.table.remarks[remark].pieces,
                pln_of(sums_of_year.table.remarks[remark].price),
                remark in TO_MEND,
            )
            for remark in REMARK_WORDS
            if remark in sums_of_year.table.remarks
        ],
    )


def plan_view(plan: Plan, context: PageContext) -> PlanView:
    """How a piece is written off, as of today."""
    now = context.today.year * YEAR + context.today.month - 1
    so_far = plan.written(now)
    return PlanView(
        way=context.say(WAY_WORDS[plan.way]),
        remark=context.say(REMARK_WORDS[plan.remark]) if plan.remark else "",
        rate=plan.rate,
        first_month=month_word(plan.first, context) if plan.is_told else "",
        months=plan.months,
        monthly=pln_of(plan.monthly),
        written=pln_of(so_far),
        rest=pln_of(plan.initial - so_far),
        years=[
            PlanYearLine(year, pln_of(amount), pln_of(rest), year == context.today.year)
            for year, amount, rest in years_of(plan)
        ],
    )


def remark_of(text: str) -> Remark | None:
    """The remark that an address names; None for none."""
    return Remark(text) if text in set(Remark) else None


def month_word(month: int, context: PageContext) -> str:
    """A month by its number, as people write it alone."""
    return str(format_date(first_of(month), "LLLL y", context.fmt.locale))


def pln_of(grosze: int) -> Decimal:
    """An amount as pages show it."""
    return Decimal(grosze) / 100


def _line(kept_on: str, group: str, source: str, row: DepreciationRow) -> AmountLine:
    amounts = (row.initial, row.before, row.in_span, row.rest)
    return AmountLine(kept_on, group, source, row.pieces, *(pln_of(amount) for amount in amounts))


def _month(year: int, place: int, sums: dict[str, list[list[int]]], context: PageContext) -> MonthLine:
    amounts = [sum(by_month[place] for by_month in parts) for parts in sums.values()]
    name = str(format_date(first_of(year * YEAR + place), "LLLL", context.fmt.locale))
    href = f"/reports/depreciation?year={year}&month={place + 1}"
    return MonthLine(name, href, [pln_of(amount) for amount in amounts], pln_of(sum(amounts)))
