"""One importer for everybody: the page, the API, the command line and the demo.

``read`` a file, ``known`` from the register, ``check`` the rows, then ``write`` what was accepted. A row that cannot be
taken is refused with its line, its column, what was given and what to do; the rest is imported.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from registry.core.errors import N_
from registry.core.history import Actor
from registry.importing.files import read
from registry.importing.report import Report, check, find
from registry.importing.writing import checked, checked_and_written, known, write

__all__ = ["Imported", "Report", "check", "checked", "find", "import_list", "known", "read", "write"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file. ``records`` is None after a mere look."""

    report: Report
    records: int | None

    @property
    def rows(self) -> int:
        """How many rows of data the file has."""
        return len(self.report.rows) + self.report.passed

    @property
    def exit_code(self) -> int:
        """0 all taken, 1 some rows refused, 2 nothing could be read."""
        if not self.rows:
            return 2
        return 1 if self.report.refused else 0

    def as_json(self, translate: Callable[[str], str] = lambda text: text) -> dict[str, Any]:
        return self.report.as_json(translate) | {"written": self.records}

    def lines(self, translate: Callable[[str], str] = lambda text: text) -> Iterator[str]:
        """The report in lines of text: every problem, then the sums."""
        report = self.report
        for row in report.rows:
            for problem in row.problems:
                told = {"line": row.line, "column": problem.column, "given": problem.given}
                place = translate(N_("Line {line}, {column}: {given}")).format_map(told)
                yield f"{place} – {problem.hint(translate)}"
        for notice in report.notices:
            yield notice.hint(translate)
        refused = len(report.refused)
        told_sums = {"rows": self.rows, "taken": self.rows - refused, "refused": refused}
        yield translate(N_("{rows} rows read: {taken} accepted, {refused} refused.")).format_map(told_sums)
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
) -> Imported:
    """Check a file against the register and write what is accepted, unless it is a dry run.

    ``kind``: assets, rooms, people, or None for what the file looks like. With ``problems_only`` the report holds no
    row that is simply written, and each is written as soon as some hundred are read. Raises NotFound("import.no_file"),
    Invalid("import.unreadable", "import.no_header", "import.unknown_kind", "import.other_kind").
    """
    if problems_only and not dry_run:
        told, written = await checked_and_written(source, filename, kind, actor, now)
        return Imported(told, written.records)
    report = await checked(source, filename, kind)
    if dry_run:
        return Imported(report, None)
    return Imported(report, (await write(report, actor, now)).records)
