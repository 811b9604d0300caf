"""Spreadsheets: what may be opened at all, then the pages and rows of it. Run by ``reading``, in a process of its own.

The library makes a dense table of every page: one blank cell in the last corner of a page would ask for 549 GB. So the
archive and its references are looked at first.
"""

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date

import python_calamine

from registry.core.errors import N_
from registry.importing.bounds import (
    HIGHEST_RATIO,
    LARGEST_UNPACKED,
    MOST_COLUMNS,
    MOST_PAGES,
    MOST_PARTS,
    MOST_ROWS,
    RATIO_FROM,
    too_long,
    too_wide,
    unreadable,
)
from registry.importing.cells import Cell

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_ARCHIVE, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_ENTRY = b"PK\x01\x02"
_CHUNK = 1024 * 1024
_LOOKED_AT = 64 * 1024
_DATA = (".xml", ".rels", ".bin")
# where a cell is, of those that may be behind the bounds
_FAR = re.compile(rb"""r\s?=\s?["']([A-Z]{3}\d{1,7}|[A-Z]{1,3}\d{6,7})["']""")
_LONGEST_REFERENCE = 16


def is_spreadsheet(content: bytes, name: str) -> bool:
    """Whether these bytes are one, or are called one and are no text."""
    if content.startswith((_ARCHIVE, _COMPOUND)):
        return True
    return name.lower().endswith(SUFFIXES) and not _is_text(content)


def _is_text(content: bytes) -> bool:
    """Whether these bytes may be a text: programs save HTML and CSV under the name of a spreadsheet."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    start = content[:_LOOKED_AT]
    return not any(byte < 9 or 13 < byte < 32 for byte in start)


def pages(content: bytes, name: str) -> Iterator[tuple[str, bool, Iterator[tuple[int, list[Cell]]]]]:
    """The pages of a spreadsheet: the title, whether it is hidden, and the rows. Only one is held in memory.

    Raises Invalid("import.unreadable").
    """
    try:
        if content.startswith(_ARCHIVE):
            check_archive(content, name)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        if len(book.sheet_names) > MOST_PAGES:
            raise unreadable(name, N_("it has more than {most} sheets: delete the empty ones"), most=MOST_PAGES)
        rows, visible = 0, python_calamine.SheetVisibleEnum.Visible
        hidden = {page.name for page in book.sheets_metadata if page.visible != visible}
        for title in book.sheet_names:
            page = book.get_sheet_by_name(title)
            rows += page.total_height
            if rows > MOST_ROWS:
                raise too_long(name)
            if page.total_width > MOST_COLUMNS:
                raise too_wide(name)
            yield title, title in hidden, _rows(page)
    except python_calamine.PasswordError:
        raise unreadable(name, N_("a password protects it: remove it and save it anew")) from None
    except (python_calamine.CalamineError, ValueError, OSError):
        raise unreadable(name, N_("it is no spreadsheet, or damaged: open it and save it anew")) from None


def _rows(page: python_calamine.CalamineSheet) -> Iterator[tuple[int, list[Cell]]]:
    for line, cells in enumerate(page.iter_rows(), 1):
        # times of day and durations are read as their text
        yield line, [cell if isinstance(cell, str | int | float | bool | date) else str(cell) for cell in cells]


def check_archive(content: bytes, name: str) -> None:
    """Refuse an archive that unpacks to too much, or whose cells reach too far. What it says of itself is tried.

    Raises Invalid("import.unreadable"), ValueError for one that is damaged.
    """
    if content.count(_ENTRY) > MOST_PARTS:
        raise _bomb(name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise _bomb(name)
            for part in parts:
                if part.file_size > max(RATIO_FROM, part.compress_size * HIGHEST_RATIO):
                    raise _bomb(name)
            left = LARGEST_UNPACKED
            for part in parts:
                if part.filename.lower().endswith(_DATA):
                    left -= _look_through(content, part, left, name)
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, RuntimeError) as fault:
        raise ValueError(str(fault)) from fault


def _look_through(content: bytes, part: zipfile.ZipInfo, left: int, name: str) -> int:
    """How much a part unpacks to, by unpacking it: its directory may say less."""
    size, tail, is_page = 0, b"", "worksheets/" in part.filename.lower()
    for chunk in _unpacked(content, part):
        size += len(chunk)
        if size > min(part.file_size, left):
            raise _bomb(name)
        if is_page and (far := _too_far(tail + chunk)):
            reason = N_("a sheet of it reaches to {cell}: delete the empty rows and columns behind its data")
            raise unreadable(name, reason, cell=far)
        tail = chunk[-_LONGEST_REFERENCE:]
    return size


def _unpacked(content: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part, a piece at a time, however many it says it has."""
    head = part.header_offset
    start = head + 30 + int.from_bytes(content[head + 26 : head + 28], "little")
    start += int.from_bytes(content[head + 28 : head + 30], "little")
    packed = memoryview(content)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        for at in range(0, len(packed), _CHUNK):
            yield bytes(packed[at : at + _CHUNK])
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise ValueError("packed in a way that no spreadsheet is")
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(0, len(packed), _CHUNK):
        piece: bytes | memoryview = packed[at : at + _CHUNK]
        while len(piece) and not unpacking.eof:
            yield unpacking.decompress(piece, _CHUNK)
            piece = unpacking.unconsumed_tail


def _too_far(xml: bytes) -> str:
    """The first cell behind the bounds, empty when none is."""
    for match in _FAR.finditer(xml):
        cell = match[1].decode()
        letters = cell.rstrip("0123456789")
        if len(letters) > 2 or int(cell[len(letters) :]) > MOST_ROWS:
            return cell
    return ""


def _bomb(name: str) -> Exception:
    reason = N_(
        "it unpacks to more than a list may hold: delete pictures and empty cells, and save the list alone as CSV"
    )
    return unreadable(name, reason)
