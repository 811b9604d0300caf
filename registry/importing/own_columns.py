"""Columns for the fields that categories ask of their pieces: a title that is a field's name. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.categories.models import FieldKind
from registry.categories.rules import OwnField, TypedValue, read_value
from registry.core.errors import N_, Invalid
from registry.core.folding import fold
from registry.importing.cells import Cell, Unreadable, day, whole
from registry.importing.columns import DETAIL, Header
from registry.importing.layout import ListLayout
from registry.importing.reader import RowReader
from registry.importing.rows import ListRow
from registry.importing.snapshot import RegisterSnapshot

PREFIX = "own:"  # before the code of a field
NO_DAY = N_("Write a day between 1990 and 2199, like 31.12.2027.")
NO_NUMBER = N_("Write digits, with a comma before the decimals.")


def with_own_columns(layout: ListLayout, snapshot: RegisterSnapshot) -> ListLayout:
    """A list of assets with the columns whose titles are names of fields; what somebody chose of a column stands."""
    own_fields = snapshot.categories.fields_of_all()
    if layout.kind != "assets" or not own_fields:
        return layout
    by_title = {fold(own.title): own for own in own_fields} | {fold(own.name): own for own in own_fields}
    answers = {fold(title) for title in layout.choices.columns}
    parts = [replace(part, header=_with(part.header, by_title, answers)) for part in layout.parts]
    return replace(layout, parts=parts)


def _with(header: Header, by_title: Mapping[str, OwnField], answers: Collection[str]) -> Header:
    columns, titles, names = dict(header.columns), dict(header.titles), list(header.fields)
    for place, (title, name) in enumerate(zip(header.all_titles, header.fields, strict=True)):
        own = by_title.get(fold(title))
        if own is None or name not in (None, DETAIL) or fold(title) in answers or f"{PREFIX}{own.code}" in columns:
            continue
        names[place] = f"{PREFIX}{own.code}"
        columns[f"{PREFIX}{own.code}"], titles[f"{PREFIX}{own.code}"] = place, title
    extra = tuple(place for place in header.extra if not (names[place] or "").startswith(PREFIX))
    return replace(header, columns=columns, titles=titles, fields=tuple(names), extra=extra)


def read_own_values(reader: RowReader, row: ListRow, cells: Sequence[Cell]) -> None:
    """What stands in a row's columns of fields, and the problems of their cells."""
    by_column = {f"{PREFIX}{own.code}": own for own in reader.snapshot.categories.fields_of_all()}
    for column in reader.header.columns.keys() & by_column.keys():
        own, cell = by_column[column], reader.cell(cells, column)
        try:
            value = own_value(own, cell, reader.facts.month_first)
        except (Invalid, Unreadable) as fault:
            code, params = problem_of(own, fault)
            reader.problem(row, code, column, cell, **params)
            continue
        row.values[column] = value.text if value else None
        if value:
            row.refs.setdefault("own_values", []).append(value)
    _say_what_is_lacking(reader, row)


def _say_what_is_lacking(reader: RowReader, row: ListRow) -> None:
    """Which fields that every new piece of its category must have are empty in a row. One that cannot be read is named
    already.
    """
    present = {value.field.code for value in row.refs.get("own_values", ())}
    titles = {problem.column for problem in row.problems}
    for own in reader.snapshot.categories.fields_of(row.values.get("category") or ""):
        column = f"{PREFIX}{own.code}"
        if own.is_required and own.code not in present and reader.header.titles.get(column) not in titles:
            reader.problem(row, "FIELD_NEEDED", column if reader.has(column) else own.name, "", title=own.name)


def own_value(own: OwnField, cell: Cell, month_first: bool) -> TypedValue | None:
    """What a cell says of a field; None for nothing. Raises Unreadable, and Invalid for a word that is no choice."""
    if own.kind is FieldKind.DAY and whole(cell):
        return read_value(own, day(cell, month_first).isoformat())
    try:
        return read_value(own, whole(cell))
    except Invalid as fault:
        if own.kind is FieldKind.NUMBER:
            raise Unreadable(NO_NUMBER) from fault
        raise


def problem_of(own: OwnField, fault: Invalid | Unreadable) -> tuple[str, dict[str, Any]]:
    """The code of the problem of a cell, and what fills its words."""
    if isinstance(fault, Unreadable):
        return ("INVALID_DATE" if own.kind is FieldKind.DAY else "INVALID_NUMBER"), {"reason": str(fault)}
    if fault.code == "field.bad_choice":
        return "INVALID_CHOICE", {"choices": ", ".join(own.choices)}
    if fault.code == "field.too_long":
        return "TOO_LONG", {"limit": fault.params["limit"]}
    return "INVALID_DATE", {"reason": NO_DAY}
