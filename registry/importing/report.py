"""What is in a list and what becomes of it, as the command line, the API and the page give it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from registry.importing.cells import Cell, whole
from registry.importing.columns import Header, letter_of
from registry.importing.files import Sheet
from registry.importing.layout import ListLayout, SheetPart
from registry.importing.rows import ImportProblem, ListRow, Translate, in_words, row_in_words

FIRST_ROWS = 8
_LONGEST_EXAMPLE = 80


@dataclass(slots=True)
class ListColumn:
    """A column of the list: its title, the first thing that stands in it, the field that is read of it.

    ``filled`` is the number of its cells that hold something.
    """

    title: str
    letter: str
    field: str | None
    example: str = ""
    filled: int = 0

    def as_record(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "example": self.example,
            "field": self.field,
            "letter": self.letter,
            "filled": self.filled,
        }


class ColumnTally:
    """The columns of a list by their titles, filled row after row. A cell behind the last title makes its own."""

    def __init__(self) -> None:
        self.columns: dict[str, ListColumn] = {}

    def columns_of(self, header: Header) -> list[ListColumn]:
        """The columns by the places of a sheet. They are there even if nothing stands in them."""
        pairs = zip(header.all_titles, header.fields, strict=True)
        return [self._column(title, place, name) for place, (title, name) in enumerate(pairs)]

    def _column(self, title: str, place: int, name: str | None) -> ListColumn:
        return self.columns.setdefault(title, ListColumn(title, letter_of(place), name))

    def look_at(self, columns: list[ListColumn], cells: list[Cell]) -> None:
        """Count what stands in a row."""
        for place in range(len(columns), len(cells)):
            columns.append(self._column(f"[{letter_of(place)}]", place, None))
        for column, cell in zip(columns, cells, strict=False):
            if cell is None or cell == "":
                continue
            column.filled += 1
            if not column.example:
                column.example = whole(cell)[:_LONGEST_EXAMPLE]

    def filled(self) -> list[ListColumn]:
        """The columns with a title or with something in them."""
        return [column for column in self.columns.values() if column.filled or not column.title.startswith("[")]


@dataclass(frozen=True, slots=True)
class UnnumberedPieces:
    """The new pieces of a list that have no number: how many, how many of them get the next one of a ``unit``, and
    which number would be the first.
    """

    count: int
    unit: str | None = None
    numbered: int = 0
    first: str | None = None

    def as_record(self) -> dict[str, Any]:
        return {"count": self.count, "unit": self.unit, "numbered": self.numbered, "first": self.first}


@dataclass(slots=True)
class ImportReport:
    """What is in a file and what becomes of it. ``rows`` are those of the data, the refused ones too, without the
    ``clean_rows`` that were counted alone: good ones of which nothing needs to be said.
    """

    layout: ListLayout
    rows: list[ListRow] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    control_total: Decimal | None = None
    computed_total: Decimal = Decimal("0.00")
    pieces: int = 0
    notices: list[ImportProblem] = field(default_factory=list)
    tally: ColumnTally = field(default_factory=ColumnTally)
    clean_rows: int = 0
    unnumbered: UnnumberedPieces | None = None

    @property
    def sheet(self) -> Sheet:
        return self.layout.sheet

    @property
    def header(self) -> Header:
        return self.layout.header

    @property
    def kind(self) -> str:
        return self.header.kind

    @property
    def accepted_rows(self) -> list[ListRow]:
        return [row for row in self.rows if row.status != "error" and not row.left_out]

    @property
    def refused_rows(self) -> list[ListRow]:
        return [row for row in self.rows if row.status == "error" and not row.left_out]

    def as_json(self, translate: Translate = lambda text: text) -> dict[str, Any]:
        """The report as the command line and the API give it; amounts and dates are strings."""
        return report_in_words(self.as_record(), translate)

    def as_record(self) -> dict[str, Any]:
        """As ``as_json``, in no language: what is stored of a report."""
        record: dict[str, Any] = {
            "kind": self.kind,
            "format": self.sheet.format,
            "sheets": [self._sheet(sheet) for sheet in self.layout.sheets],
            "encoding": self.sheet.encoding,
            "delimiter": self.sheet.delimiter,
            "header_row": self.header.line,
            "columns": [column.as_record() for column in self.tally.filled()],
            "first_rows": list(_first_rows(self.layout.parts[0])),
            "sums": self._sums(),
            "rows": [row.as_record() for row in self.rows],
            "skipped": self.skipped,
            "problems": [notice.as_record() for notice in self.notices],
        }
        if self.unnumbered is not None:
            record["unnumbered"] = self.unnumbered.as_record()
        if self.control_total is not None:
            record["control_total"] = {"given": str(self.control_total), "computed": str(self.computed_total)}
        return record

    def _sheet(self, sheet: Sheet) -> dict[str, Any]:
        is_chosen = self.layout.is_chosen(sheet)
        return {"name": sheet.title, "lines": sheet.lines, "hidden": sheet.hidden, "chosen": is_chosen}

    def _sums(self) -> dict[str, Any]:
        """Of the rows that were not left out: how many, their pieces, what they cost, and what the list says itself."""
        left_out = sum(row.left_out for row in self.rows)
        return {
            "count": len(self.rows) + self.clean_rows - left_out,
            "pieces": self.pieces,
            "value": str(self.computed_total),
            "control_total": None if self.control_total is None else str(self.control_total),
        }


def _first_rows(part: SheetPart) -> Iterator[dict[str, Any]]:
    """How the file begins: the last lines above the header, the header, what is behind it."""
    above = max(0, part.header.line - 5)
    for line, cells in islice(part.sheet.rows(), above, above + FIRST_ROWS + 5):
        yield {"line": line, "cells": [whole(cell)[:_LONGEST_EXAMPLE] for cell in cells]}


def report_in_words(record: dict[str, Any], translate: Translate) -> dict[str, Any]:
    """A stored report in the reader's language."""
    rows = [row_in_words(row, translate) for row in record["rows"]]
    return record | {"rows": rows, "problems": [in_words(problem, translate) for problem in record["problems"]]}
