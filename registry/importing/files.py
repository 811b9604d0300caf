"""A file's bytes as tables of cells. What could harm is read by a process of its own, within bounds, and can be ended.

A text of some pages harms nobody and is read in place; its cost is bounded by its length.
"""

import mmap
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from registry.core.apart import answer_of
from registry.core.aside import go_on
from registry.core.errors import N_, NotFound, Unavailable
from registry.core.system_reasons import system_reason
from registry.importing.bounds import LARGEST_FILE, PATIENCE_SECONDS, too_much, unreadable
from registry.importing.cells import Cell
from registry.importing.hypertext import is_hypertext
from registry.importing.spreadsheets import is_spreadsheet
from registry.importing.texts import ListText

IN_PLACE = 256 * 1024
# more would take the memory of as many
_AT_ONCE = threading.BoundedSemaphore(2)
_LOOK_EVERY = 500
# how often who waits for the others looks up
TURNS = 100


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's rows, read as they are asked for, each with its line (its row in a spreadsheet), from 1.

    ``page`` and ``hidden`` are of a spreadsheet's page; ``height`` is its last row; ``lines`` hold something.
    ``foreign_lines`` hold letters of another encoding; ``joined_lines`` say of a line up to which one a cell of it
    goes, once the rows were read.
    """

    name: str
    format: str
    rows: Callable[[], Iterator[tuple[int, list[Cell]]]]
    encoding: str | None = None
    delimiter: str | None = None
    page: str = ""
    hidden: bool = False
    height: int = 0
    lines: int = 0
    foreign_lines: frozenset[int] = frozenset()
    joined_lines: Mapping[int, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the page is called; a text has one, called as its file."""
        return self.page or self.name


def read(source: str | Path | bytes, filename: str = "", encoding: str | None = None) -> list[Sheet]:
    """The ways a file may be read, most likely first: one per delimiter or spreadsheet page.

    Raises NotFound("import.no_file"), Invalid("import.unreadable"), Unavailable("internal.busy").
    """
    content, name = (source, Path(filename).name) if isinstance(source, bytes) else _content(Path(source), filename)
    if len(content) > LARGEST_FILE:
        raise unreadable(name, N_("it is larger than 50 MB"))
    if not content.strip():
        raise unreadable(name, N_("it is empty"))
    if is_spreadsheet(content, name) or is_hypertext(content) or len(content) > IN_PLACE:
        return _apart(content, name, encoding)
    text = ListText(content, name, encoding)
    return [
        Sheet(
            name=name,
            format=format_of(name),
            rows=_wanted_rows(text, delimiter),
            encoding=text.encoding,
            delimiter=delimiter,
            foreign_lines=text.foreign_lines,
            joined_lines=text.joined_lines,
        )
        for delimiter in text.delimiters
    ]


def format_of(name: str) -> str:
    """The suffix of a file's name."""
    return Path(name).suffix.lower().lstrip(".") or "csv"


def _content(path: Path, filename: str) -> tuple[bytes, str]:
    name = filename or path.name
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST_FILE + 1), name
    except FileNotFoundError:
        raise NotFound("import.no_file", file=str(path)) from None
    except OSError as fault:
        raise unreadable(name, system_reason(fault)) from None


def _wanted_rows(text: ListText, delimiter: str) -> Callable[[], Iterator[tuple[int, list[Cell]]]]:
    def rows() -> Iterator[tuple[int, list[Cell]]]:
        for line, cells in text.rows(delimiter):
            if not line % _LOOK_EVERY:
                go_on()
            yield line, cells

    return rows


def _apart(content: bytes, name: str, encoding: str | None) -> list[Sheet]:
    """What the process of ``reading_process`` makes of a file."""
    for _ in range(TURNS):
        go_on()
        if _AT_ONCE.acquire(timeout=PATIENCE_SECONDS / TURNS):
            break
    else:
        raise Unavailable("internal.busy")
    try:
        with TemporaryFile() as table:
            pages = _pages_of(content, name, encoding, table)
            size = os.fstat(table.fileno()).st_size
            rows = mmap.mmap(table.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    finally:
        _AT_ONCE.release()
    return [_sheet(name, rows, page) for page in pages]


def _pages_of(content: bytes, name: str, encoding: str | None, table: IO[bytes]) -> list[dict[str, Any]]:
    command = ["registry.importing.reading_process", name, encoding or "", str(table.fileno())]
    status, answer = answer_of(command, content, PATIENCE_SECONDS, pass_fds=(table.fileno(),))
    if status:
        raise too_much(name)
    facts = orjson.loads(answer)
    if "reason" in facts:
        raise unreadable(name, facts["reason"], **facts["params"])
    pages: list[dict[str, Any]] = facts["pages"]
    return pages


def _sheet(name: str, rows: mmap.mmap | bytes, page: dict[str, Any]) -> Sheet:
    return Sheet(
        name=name,
        format=format_of(name),
        rows=_rows_between(rows, page["start"], page["end"]),
        encoding=page["encoding"],
        delimiter=page["delimiter"],
        page=page["title"],
        hidden=page["hidden"],
        height=page["height"],
        lines=page["lines"],
        foreign_lines=frozenset(page["foreign_lines"]),
        joined_lines=dict(page["joined_lines"]),
    )


def _rows_between(table: mmap.mmap | bytes, start: int, end: int) -> Callable[[], Iterator[tuple[int, list[Cell]]]]:
    def rows() -> Iterator[tuple[int, list[Cell]]]:
        at = start
        while at < end:
            behind = table.find(b"\n", at)
            line, cells = orjson.loads(table[at:behind])
            if not line % _LOOK_EVERY:
                go_on()
            yield line, [_cell(cell) if isinstance(cell, dict) else cell for cell in cells]
            at = behind + 1

    return rows


def _cell(cell: dict[str, str]) -> Cell:
    return datetime.fromisoformat(cell["at"]) if "at" in cell else date.fromisoformat(cell["on"])
