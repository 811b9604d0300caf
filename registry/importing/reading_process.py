"""Reads one file in a process of its own: a file that takes too much ends this process and nothing else.

The bytes come by standard input. The rows go, a line of JSON each, to the file that the last argument is the number
of; what they are, or why they cannot be read, goes to standard output.
"""

import os
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, BinaryIO

import orjson

from registry.core.errors import Invalid, Reason
from registry.core.limits import bound_to
from registry.importing.bounds import CPU_SECONDS, LARGEST_TABLE, MEMORY
from registry.importing.cells import Cell
from registry.importing.columns import find_header
from registry.importing.hypertext import is_hypertext, tables
from registry.importing.spreadsheets import is_spreadsheet, pages
from registry.importing.texts import ListText


def main() -> None:
    """Read, within the limits. A limit that is reached ends the process at once."""
    bound_to(MEMORY, CPU_SECONDS, LARGEST_TABLE)
    name, encoding, table = sys.argv[1], sys.argv[2] or None, int(sys.argv[3])
    try:
        with os.fdopen(table, "wb", buffering=1 << 20) as file:
            answer: dict[str, Any] = {"pages": list(_pages(sys.stdin.buffer.read(), name, encoding, file))}
    except Invalid as refusal:
        reason = refusal.params["reason"]
        answer = {"reason": reason.text, "params": reason.params} if isinstance(reason, Reason) else {"reason": reason}
    except MemoryError:
        os._exit(1)
    sys.stdout.buffer.write(orjson.dumps(answer))


def _pages(content: bytes, name: str, encoding: str | None, table: BinaryIO) -> Iterator[dict[str, Any]]:
    facts: dict[str, Any] = {"encoding": None, "delimiter": None, "foreign_lines": [], "joined_lines": []}
    if is_spreadsheet(content, name):
        for title, hidden, rows in pages(content, name):
            yield facts | {"title": title, "hidden": hidden} | _written(rows, table)
        return
    if is_hypertext(content):
        for title, rows in tables(content, name):
            yield facts | {"title": title, "hidden": False} | _written(rows, table)
        return
    text = ListText(content, name, encoding)
    for delimiter in _likely(text):
        place = _written(text.rows(delimiter), table)
        foreign, joined = sorted(text.foreign_lines), list(text.joined_lines.items())
        yield {"title": "", "hidden": False, "encoding": text.encoding, "delimiter": delimiter,
               "foreign_lines": foreign, "joined_lines": joined} | place  # fmt: skip


def _likely(text: ListText) -> list[str]:
    """The delimiters with which a header is there; all when there is none with any."""
    with_header = [delimiter for delimiter in text.delimiters if find_header(text.rows(delimiter))]
    return with_header or text.delimiters


def _written(rows: Iterator[tuple[int, list[Cell]]], table: BinaryIO) -> dict[str, int]:
    start, height, lines = table.tell(), 0, 0
    for line, cells in rows:
        height = line
        lines += any(cell not in (None, "") for cell in cells)
        table.write(orjson.dumps([line, [_plain(cell) for cell in cells]], option=orjson.OPT_APPEND_NEWLINE))
    return {"start": start, "end": table.tell(), "height": height, "lines": lines}


def _plain(cell: Cell) -> Any:
    if isinstance(cell, datetime):
        return {"at": cell.isoformat()}
    return {"on": cell.isoformat()} if isinstance(cell, date) else cell


if __name__ == "__main__":
    main()
