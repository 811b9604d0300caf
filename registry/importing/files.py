"""A file's bytes as tables of cells: its encoding, its delimiter, its spreadsheet pages."""

import codecs
import csv
import io
import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer
import python_calamine

from registry.core.errors import N_, Invalid, NotFound, Reason, system_reason
from registry.importing.cells import Cell

LARGEST_FILE = 50 * 1024 * 1024
DELIMITERS = (";", "\t", "|", ",")
SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
# how an export keeps a spreadsheet from running a cell as a formula
_GUARDED = re.compile(r"''*[=+\-@\t\r]")
_LOOK_AT = 200_000
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_TYPOGRAPHY = frozenset("„”“‚’–—…§°©®\u00a0€«»·±²³ ½")
# Mazovia stands on CP437 with the Polish letters at its own places
_MAZOVIA = dict(
    zip(b"\x86\x8d\x91\x92\xa4\xa2\x9e\xa6\xa7\x8f\x95\x90\x9c\xa5\xa3\x98\xa0\xa1", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", strict=True)
)
_MAZOVIA_TABLE = "".join(_MAZOVIA.get(byte, bytes([byte]).decode("cp437")) for byte in range(256))
# the names that people meet in dialogs, with Python's
_CANDIDATES = (
    ("windows-1250", "cp1250"),
    ("iso-8859-2", "iso8859_2"),
    ("cp852", "cp852"),
    ("mazovia", "mazovia"),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's rows, read as they are asked for, each with its line (its row in a spreadsheet), from 1."""

    name: str
    format: str
    rows: Callable[[], Iterator[tuple[int, list[Cell]]]]
    encoding: str | None = None
    delimiter: str | None = None
    page: str = ""


def read(source: str | Path | bytes, filename: str = "", encoding: str | None = None) -> list[Sheet]:
    """The ways a file may be read, most likely first: one per delimiter or spreadsheet page.

    Raises NotFound("import.no_file"), Invalid("import.unreadable").
    """
    if isinstance(source, bytes):
        content, name = source, Path(filename).name
    else:
        name = filename or Path(source).name
        try:
            content = Path(source).read_bytes()
        except FileNotFoundError:
            raise NotFound("import.no_file", file=str(source)) from None
        except OSError as fault:
            raise Invalid("import.unreadable", file=name, reason=system_reason(fault)) from None
    if not content.strip():
        raise Invalid("import.unreadable", file=name, reason=Reason(N_("it is empty")))
    if len(content) > LARGEST_FILE:
        raise Invalid("import.unreadable", file=name, reason=Reason(N_("it is larger than 50 MB")))
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or name.lower().endswith(SPREADSHEETS):
        return _spreadsheet(content, name)
    return _text(content, name, encoding)


def _spreadsheet(content: bytes, name: str) -> list[Sheet]:
    suffix = Path(name).suffix.lower().lstrip(".") or "xlsx"
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        pages = [(page, book.get_sheet_by_name(page)) for page in book.sheet_names]
    except python_calamine.PasswordError:
        raise Invalid("import.unreadable", file=name, reason=Reason(N_("a password protects it"))) from None
    except (python_calamine.CalamineError, ValueError, OSError):
        raise Invalid("import.unreadable", file=name, reason=Reason(N_("it is no spreadsheet, or damaged"))) from None
    return [Sheet(name=name, format=suffix, rows=_page_rows(page), page=title) for title, page in pages]


def _page_rows(page: python_calamine.CalamineSheet) -> Callable[[], Iterator[tuple[int, list[Cell]]]]:
    def rows() -> Iterator[tuple[int, list[Cell]]]:
        for line, cells in enumerate(page.iter_rows(), 1):
            yield line, list(cells)  # type: ignore[arg-type]  # times of day and durations are read as their text

    return rows


def _text(content: bytes, name: str, forced: str | None) -> list[Sheet]:
    encoding = forced or encoding_of(content)
    try:
        text = decoded(content, encoding)
    except (UnicodeDecodeError, LookupError):
        raise Invalid(
            "import.unreadable", file=name, reason=Reason(N_("it is not text in {encoding}"), encoding=encoding)
        ) from None
    if text.count("\x00") > len(text) // 100:
        raise Invalid("import.unreadable", file=name, reason=Reason(N_("it is no text file")))
    text = text.replace("\x00", "")
    suffix = Path(name).suffix.lower().lstrip(".") or "csv"
    return [
        Sheet(name=name, format=suffix, rows=_text_rows(text, delimiter), encoding=encoding, delimiter=delimiter)
        for delimiter in DELIMITERS
        if delimiter in text
    ] or [Sheet(name=name, format=suffix, rows=_text_rows(text, ";"), encoding=encoding, delimiter=";")]


def _text_rows(text: str, delimiter: str) -> Callable[[], Iterator[tuple[int, list[Cell]]]]:
    def rows() -> Iterator[tuple[int, list[Cell]]]:
        # where its lines begin: a list of them would be the file once more
        starts, start = array("Q", (line.start() for line in _LINE.finditer(text))), 0
        while start < len(starts):
            lines = (line[0] for line in _LINE.finditer(text, starts[start]))
            reader, first = csv.reader(lines, delimiter=delimiter), start
            while start < len(starts):
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    cells = ["\ufffd"]
                line, start = start + 1, first + reader.line_num
                if start >= len(starts) and _is_unclosed(text[starts[line - 1] :], delimiter):
                    # a quotation mark that is never closed swallowed the rest: its line cannot be read, the next may
                    cells, start = ["\ufffd"], line
                yield line, [cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell for cell in cells]
                if start < first + reader.line_num:
                    break

    return rows


def _is_unclosed(record: str, delimiter: str) -> bool:
    try:
        list(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as fault:
        return str(fault) == "unexpected end of data"
    return False


def decoded(content: bytes, encoding: str) -> str:
    """Bytes as text. Raises UnicodeDecodeError, LookupError."""
    if encoding == "mazovia":
        return codecs.charmap_decode(content, "strict", _MAZOVIA_TABLE)[0]
    return content.decode(encoding)


def encoding_of(content: bytes) -> str:
    """The encoding of a text file, as people name it: utf-8-sig, utf-8, windows-1250, iso-8859-2, cp852, …

    UTF-8 first, strictly. Then what reads as Polish: each candidate is scored by the letters it makes of the bytes
    above 127, so that ą (B9 in one, B1, A5 in the others) decides.
    """
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _eight_bit(content)
    return "utf-8"


def _eight_bit(content: bytes) -> str:
    sample = b" ".join(re.findall(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*", content)[:_LOOK_AT])
    best, score = "windows-1250", 0.0
    for name, codec in _CANDIDATES:
        try:
            text = decoded(sample, codec)
        except UnicodeDecodeError:
            continue
        points = _polish(text)
        if points > score:
            best, score = name, points
    if score > 0:
        return best
    guess = charset_normalizer.from_bytes(content[:_LOOK_AT]).best()
    return guess.encoding if guess else best


def _polish(text: str) -> float:
    points = 0.0
    for word in text.split(" "):
        for at, letter in enumerate(word):
            if letter.isascii() or letter in _TYPOGRAPHY:
                continue
            if letter not in _POLISH:
                points -= 2 if letter.isprintable() else 4
            elif letter.isupper() and at and word[at - 1].islower():
                # a capital after a small letter is a small letter of another code page
                points -= 1
            else:
                points += 1
    return points
