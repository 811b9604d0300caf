"""New pieces of a list that have no number: how many they are, and which get the next one of a unit's numbering."""

from collections.abc import Sequence
from datetime import date, datetime

from registry.assets.next_numbers import ComingNumbers, number_schemes
from registry.assets.numbering import NumberFacts, NumberScheme, rule_for
from registry.assets.rules import number_key
from registry.core.aside import aside
from registry.core.errors import Invalid, Refusal
from registry.importing.report import ImportReport, UnnumberedPieces
from registry.importing.rows import ImportProblem, ListRow, RowFate
from registry.rooms.queries import office_day


async def look_at_numbers(report: ImportReport, unit: str | None, now: datetime) -> None:
    """Put into each accepted row whether its pieces get the next numbers of this unit, and why they do not; and into
    the report how many they are. Without a unit they are counted.
    """
    if report.kind not in ("assets", "purchases"):
        return
    schemes = await number_schemes(unit) if unit else []
    first = await aside(_look_at_rows, report, unit or "", schemes, await office_day(now))
    if first is not None and report.unnumbered is not None:
        coming = ComingNumbers(schemes, await aside(number_keys, report))
        count, numbered = report.unnumbered.count, report.unnumbered.numbered
        report.unnumbered = UnnumberedPieces(count, unit, numbered, (await coming.of([first]))[0])


def _look_at_rows(report: ImportReport, unit: str, schemes: Sequence[NumberScheme], today: date) -> NumberFacts | None:
    """The facts of the first piece that gets a number."""
    first, count, numbered = None, 0, 0
    for row in report.accepted_rows:
        pieces = unnumbered_pieces(row, report.kind)
        count += pieces
        if pieces and unit:
            facts = NumberFacts(unit, row.values.get("account") or "", row.values["kst"] or "", _day_of(row, today))
            if _is_numbered(row, facts, schemes, report):
                numbered, first = numbered + pieces, first or facts
    report.unnumbered = UnnumberedPieces(count, unit or None, numbered)
    return first


def unnumbered_pieces(row: ListRow, kind: str) -> int:
    """How many new records without a number a row stands for."""
    if kind == "purchases":
        return int(row.values["quantity"])
    is_new = row.fate is RowFate.NEW and "asset_id" not in row.refs
    if not is_new or row.values["inventory_no"] or row.values.get("numbers"):
        return 0
    return 1 if row.refs.get("tags") else int(row.values["quantity"])


def _day_of(row: ListRow, today: date) -> date:
    day: date = row.values["acquired_on"] or today
    return day


def _is_numbered(row: ListRow, facts: NumberFacts, schemes: Sequence[NumberScheme], report: ImportReport) -> bool:
    """Whether a rule numbers the pieces of a row; where none does the row says why."""
    titles = report.header.titles
    try:
        rule_for(schemes, facts)
    except Invalid:
        row.problems.append(ImportProblem("NO_KST_FOR_NUMBER", titles.get("kst", ""), "", {"unit": facts.unit}))
        return False
    except Refusal:
        day = row.values["acquired_on"]
        column = titles.get("acquired_on", "")
        row.problems.append(ImportProblem("NOTHING_NUMBERS_IT", column, str(day or ""), {"unit": facts.unit}))
        return False
    row.number_unit = facts.unit
    row.problems = [one for one in row.problems if one.code != "NO_INVENTORY_NO"]
    return True


def number_keys(report: ImportReport) -> set[str]:
    """The numbers that stand in a list, as they are compared: none of them is given to another of its pieces."""
    rows = [row for row in report.rows if not row.left_out]
    numbers = [number for row in rows for number in numbers_of(row)]
    return {number_key(number) for number in numbers}


def numbers_of(row: ListRow) -> list[str]:
    """The inventory numbers that a row gives, the former ones too."""
    numbers: list[str] = row.values.get("numbers") or [row.values.get("inventory_no") or ""]
    return [number for number in (*numbers, *row.refs.get("former_numbers", ())) if number]
