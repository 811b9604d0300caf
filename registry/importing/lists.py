"""One importer for everybody: the page, the API, the command line and the demo.

A file is read, its rows are judged against the register, and what was accepted is written in transactions of some 500
rows. A row that cannot be taken is refused with its line, its column, what was given and what to do; the rest is
imported.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from registry.assets.next_numbers import check_unit
from registry.core.aside import aside
from registry.core.errors import N_
from registry.core.history import Actor
from registry.importing import batches
from registry.importing.batches import Milestone, RowWriter, WritingProgress
from registry.importing.change_names import change_names
from registry.importing.choices import NO_CHOICES, ListChoices
from registry.importing.coming_numbers import look_at_numbers, number_keys
from registry.importing.files import read
from registry.importing.judging import judge, judge_rows
from registry.importing.kinds import LIST_KINDS
from registry.importing.layout import ListLayout, find_list
from registry.importing.own_columns import with_own_columns
from registry.importing.purchases import write_lines_alone
from registry.importing.report import ImportReport
from registry.importing.rows import ListRow, Translate
from registry.importing.snapshot import RegisterSnapshot, load_snapshot
from registry.importing.updates import compare
from registry.rooms.queries import office_day


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of a file. ``records`` is None after a mere look."""

    report: ImportReport
    records: int | None

    @property
    def rows(self) -> int:
        """How many rows of data the file has."""
        return len(self.report.rows) + self.report.clean_rows

    @property
    def exit_code(self) -> int:
        """0 all written, 1 some rows refused, 2 nothing could be read."""
        if not self.rows:
            return 2
        return 1 if self.report.refused_rows else 0

    def as_json(self, translate: Translate = lambda text: text) -> dict[str, Any]:
        return self.report.as_json(translate) | {"written": self.records}

    def lines(self, translate: Translate = lambda text: text) -> Iterator[str]:
        """The report in lines of text: every problem, then the sums."""
        report = self.report
        for row in report.rows:
            for problem in row.problems:
                text = N_("Line {line}, {column}: {given}") if problem.column else N_("Line {line}: {given}")
                place = translate(text).format(line=row.place or row.line, column=problem.column, given=problem.text)
                yield f"{place} – {problem.hint(translate)}"
        for notice in report.notices:
            yield notice.hint(translate)
        if report.unnumbered:
            text = N_("Pieces without a number: {count}. The next ones of {unit} get: {numbered}, from {first} on.")
            facts = report.unnumbered.as_record()
            yield translate(text).format_map(facts | {"first": facts["first"] or "–"})
        refused = len(report.refused_rows)
        sums = {"rows": self.rows, "taken": self.rows - refused, "refused": refused}
        yield translate(N_("{rows} rows read: {taken} accepted, {refused} refused.")).format_map(sums)
        if self.records is not None:
            yield translate(N_("{records} records written.")).format(records=self.records)


async def import_list(
    source: str | Path | bytes,
    kind: str | None,
    *,
    dry_run: bool,
    actor: Actor,
    now: datetime,
    filename: str = "",
    problems_only: bool = False,
    number_unit: str = "",
    keep: Collection[str] = (),
) -> ImportOutcome:
    """Check a file against the register and write what is accepted, unless it is a dry run.

    ``kind``: assets, rooms, people, or None for what the file looks like. With ``problems_only`` the report holds no
    row that is simply written, and each is written as soon as some hundred are read, unless new pieces without a number
    get the next ones of ``number_unit``: those pass by the numbers of the whole list. What the columns of ``keep`` say
    of a piece that is there stays as the register has it: see :func:`registry.importing.change_names.change_names`.

    Raises NotFound("import.no_file"), Invalid("import.unreadable", "import.no_header", "import.unknown_kind",
    "import.other_kind", "import.changes_nothing"), Conflict("numbering.no_scheme").
    """
    if problems_only and not dry_run and not number_unit:
        report, progress = await _check_and_write(source, filename, kind, keep, actor, now)
        return ImportOutcome(report, progress.records)
    if number_unit:
        await check_unit(number_unit, await office_day(now))
    report = await check_list(source, filename, kind, today=await office_day(now), keep=keep)
    if number_unit:
        await look_at_numbers(report, number_unit, now)
    if dry_run:
        return ImportOutcome(report, None)
    return ImportOutcome(report, (await write_list(report, actor, now)).records)


async def check_list(
    source: str | Path | bytes,
    filename: str = "",
    family: str | None = None,
    choices: ListChoices = NO_CHOICES,
    today: date | None = None,
    keep: Collection[str] = (),
) -> ImportReport:
    """A file read and judged against the register. ``family``: assets, rooms, people or None for what it looks like;
    ``keep`` as in :func:`import_list`.

    Raises NotFound("import.no_file"), Invalid("import.unreadable", "import.no_header", "import.unknown_kind",
    "import.other_kind", "import.no_sheet", "import.no_field", "import.changes_nothing").
    """
    layout = find_list(read(source, filename, choices.encoding), family, choices)
    snapshot = await load_snapshot(today=today)
    report = judge(_keeping(layout, snapshot, keep), snapshot)
    await compare(report.rows, report.header.titles)
    return report


def _keeping(layout: ListLayout, snapshot: RegisterSnapshot, keep: Collection[str]) -> ListLayout:
    """The list with its columns for fields of categories, of which these columns change nothing."""
    layout = with_own_columns(layout, snapshot)
    titles = [pair for part in layout.parts if layout.kind == "assets" for pair in part.header.titles.items()]
    names = layout.choices.keep.union(change_names(keep, titles).values())
    return replace(layout, choices=replace(layout.choices, keep=names))


async def _check_and_write(
    source: str | Path | bytes, filename: str, family: str | None, keep: Collection[str], actor: Actor, now: datetime
) -> tuple[ImportReport, WritingProgress]:
    """As ``check_list`` and ``write_list``, lot after lot: a long list takes no more memory than a short one. The
    report holds only the rows that have a problem.
    """
    layout = find_list(read(source, filename), family)
    snapshot = await load_snapshot(today=await office_day(now))
    report, progress = ImportReport(_keeping(layout, snapshot, keep)), WritingProgress()
    rows = judge_rows(report, snapshot)
    while lot := list(islice(rows, batches.BATCH)):
        await compare(lot, report.header.titles)
        accepted = (row for row in lot if row.status != "error")
        await _write(LIST_KINDS[report.kind].writer, accepted, actor, now, progress)
        problems = [row for row in lot if row.problems]  # those that the writing added too
        report.rows.extend(problems)
        report.clean_rows += len(lot) - len(problems)
    return report, progress


async def write_list(
    report: ImportReport,
    actor: Actor,
    now: datetime,
    *,
    pieces: bool = True,
    beyond: int = 0,
    milestone: Milestone | None = None,
    number: str = "",
) -> WritingProgress:
    """Write what was accepted. Refused rows stay out; the rest is written whatever happens to them.

    ``pieces=False`` takes the lines of a purchase list without the pieces they stand for, when a list with one row a
    piece follows. Only lines ``beyond`` one are written; ``milestone`` is awaited at the end of each transaction.
    What is written is remembered under the ``number`` of a sent list.
    """
    progress = WritingProgress(refused_rows=list(report.refused_rows), milestone=milestone, number=number)
    progress.file = report.sheet.name
    if report.unnumbered and report.unnumbered.numbered:
        progress.number_keys = await aside(number_keys, report)
    rows = (row for row in report.accepted_rows if row.line > beyond)
    writer = LIST_KINDS[report.kind].writer if pieces or report.kind != "purchases" else write_lines_alone
    await _write(writer, rows, actor, now, progress)
    return progress


async def _write(
    writer: RowWriter, rows: Iterator[ListRow], actor: Actor, now: datetime, progress: WritingProgress
) -> None:
    while batch := list(islice(rows, batches.BATCH)):
        progress.first_line = batch[0].line
        await writer(batch, actor, now, progress)
