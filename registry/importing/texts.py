"""Lists in text: their encoding, their lines, and the records that their quotation marks make of them.

Every cost is bounded by the length of the text: a line alone, or the few lines that one cell may take.
"""

import codecs
import csv
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice

from registry.core.errors import N_
from registry.importing.bounds import LONGEST_LINE, MOST_COLUMNS, MOST_ROWS, too_long, too_wide, unreadable
from registry.importing.cells import Cell

DELIMITERS = (";", "\t", "|", ",")
# the cells of a line that cannot be read
UNREADABLE_CELLS = ["\ufffd"]
# how many lines one cell may go over
LINES_OF_A_CELL = 200
MOST_UNREADABLE = 1_000
# how an export keeps a spreadsheet from running a cell as a formula
_GUARDED = re.compile(r"''*[=+\-@\t\r]")
_LINES_LOOKED_AT, _LONGEST_LOOKED_AT = 300, 20_000
_WORDS_LOOKED_AT = 20_000
_LINE_END = re.compile(rb"\r\n?|\n")
_WORD = re.compile(rb"[A-Za-z]?[\x80-\xff][A-Za-z\x80-\xff]{0,100}")
_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_TYPOGRAPHY = frozenset("„”“‚’–—…§°©®\u00a0€«»·±²³ ½")
# Mazovia stands on CP437 with the Polish letters at its own places
_MAZOVIA = dict(
    zip(b"\x86\x8d\x91\x92\xa4\xa2\x9e\xa6\xa7\x8f\x95\x90\x9c\xa5\xa3\x98\xa0\xa1", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", strict=True)
)
_MAZOVIA_TABLE = "".join(_MAZOVIA.get(byte, bytes([byte]).decode("cp437")) for byte in range(256))
# the names that people meet in dialogs, with Python's
_CANDIDATES = (
    ("utf-8", "utf-8"),
    ("windows-1250", "cp1250"),
    ("iso-8859-2", "iso8859_2"),
    ("cp852", "cp852"),
    ("mazovia", "mazovia"),
)
_TEXT_CODECS = frozenset(
    codecs.lookup(name).name for name in ("ascii", "utf-8", "utf-8-sig", "cp1250", "iso8859_2", "cp852")
)
_FOREIGN = "izba.foreign"


def _foreign_letter(fault: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 as what it most often is: a letter that another program put in."""
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return fault.object[fault.start : fault.end].decode("cp1250", "replace"), fault.end


codecs.register_error(_FOREIGN, _foreign_letter)


class ListText:
    """A list in text, line by line. ``foreign_lines`` hold letters of another encoding than the rest."""

    def __init__(self, content: bytes, name: str, forced: str | None = None) -> None:
        """Raises Invalid("import.unreadable")."""
        self.name = name
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        if not is_wide and content.count(b"\0") > len(content) // 100:
            raise unreadable(name, N_("it is no text file"))
        # its lines first: they bound what all else takes
        self._content = _utf8_of(content, name) if is_wide else content.replace(b"\0", b"")
        self._starts = array("Q", self._line_starts())
        self.encoding = "utf-16" if is_wide else forced or encoding_of(self._content)
        self._codec = "utf-8" if is_wide else self.encoding
        if self._codec != "mazovia" and not _is_codec(self._codec):
            raise self._no_text()
        self.foreign_lines = frozenset(self._foreign_lines())
        self.joined_lines: dict[int, int] = {}
        self.delimiters = self._delimiters()
        self._wrapped = {delimiter: self._is_wrapped(delimiter) for delimiter in self.delimiters}
        self._widths = {delimiter: self._width(delimiter) for delimiter in self.delimiters}

    def _no_text(self) -> Exception:
        return unreadable(self.name, N_("it is not text in {encoding}"), encoding=self.encoding)

    def _line_starts(self) -> Iterator[int]:
        if self._content.count(b"\n") > MOST_ROWS or self._content.count(b"\r") > MOST_ROWS:
            raise too_long(self.name)
        start = 0
        ends = (match.end() for match in _LINE_END.finditer(self._content))
        for end in chain(ends, [len(self._content)]):
            if end - start > LONGEST_LINE:
                raise self._too_long_line(self._content[start:end])
            if end > start:
                yield start
            start = end

    def _too_long_line(self, line: bytes) -> Exception:
        if max(line.count(delimiter.encode()) for delimiter in DELIMITERS) >= MOST_COLUMNS:
            return too_wide(self.name)
        reason = N_("a line of it has more than {most} characters: it is no list, or its line ends are missing")
        return unreadable(self.name, reason, most=LONGEST_LINE)

    def _foreign_lines(self) -> Iterator[int]:
        """The lines that are not in the encoding of the text. Only UTF-8 shows them."""
        if self._codec == "utf-8" and is_utf8(self._content):
            return
        for line in range(1, len(self._starts) + 1):
            raw = self._raw(line)
            if raw.isascii():
                continue
            try:
                decoded(raw, self._codec)
            except UnicodeDecodeError:
                if self._codec not in ("utf-8", "utf-8-sig"):
                    raise self._no_text() from None
                yield line

    def _delimiters(self) -> list[str]:
        """What may separate the columns, most likely first."""
        used = [delimiter for delimiter in DELIMITERS if delimiter.encode() in self._content]
        first = [self._raw(line) for line in range(1, min(_LINES_LOOKED_AT, len(self._starts)) + 1)]
        narrow = [one for one in used if max(line.count(one.encode()) for line in first) < MOST_COLUMNS]
        if used and not narrow:
            raise too_wide(self.name)
        return narrow or [";"]

    def _raw(self, line: int) -> bytes:
        end = self._starts[line] if line < len(self._starts) else len(self._content)
        return self._content[self._starts[line - 1] : end]

    def _line(self, line: int) -> str:
        raw = self._raw(line)
        return raw.decode("utf-8", _FOREIGN) if line in self.foreign_lines else decoded(raw, self._codec)

    def _lines(self, first: int, most: int) -> Iterator[str]:
        return map(self._line, range(first, min(first + most, len(self._starts) + 1)))

    def rows(self, delimiter: str) -> Iterator[tuple[int, list[Cell]]]:
        """The records, each with its first line, from 1. Of a cell that swallowed lines ``joined_lines`` tells the
        last one. Raises Invalid("import.unreadable").
        """
        width, line, unreadable_rows = self._widths[delimiter], 1, 0
        while line <= len(self._starts):
            text = self._line(line)
            cells, last = self._record(text, line, delimiter, width) if '"' in text else (_split(text, delimiter), line)
            if self._wrapped[delimiter]:
                cells = _unwrapped(cells, delimiter) or cells
            if len(cells) > MOST_COLUMNS:
                raise too_wide(self.name)
            unreadable_rows += cells == UNREADABLE_CELLS
            if unreadable_rows > MOST_UNREADABLE:
                reason = N_("more than {most} of its lines have a quotation mark that is not closed: remove the marks")
                raise unreadable(self.name, reason, most=MOST_UNREADABLE)
            yield line, [cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell for cell in cells]
            line = last + 1

    def _is_wrapped(self, delimiter: str) -> bool:
        """Whether most lines are one cell that holds a whole line: a program of another country saved the list."""
        lines = [line for line in self._lines(1, _LINES_LOOKED_AT) if line.strip() and len(line) < _LONGEST_LOOKED_AT]
        wrapped = [line for line in lines if line.startswith('"') and _unwrapped(_alone(line, delimiter)[0], delimiter)]
        return 2 * len(wrapped) > len(lines)

    def _width(self, delimiter: str) -> int:
        """How many cells a line has most often, of those that end where their line ends."""
        if self._wrapped[delimiter]:
            return MOST_COLUMNS
        lines = (line for line in self._lines(1, _LINES_LOOKED_AT) if len(line) < _LONGEST_LOOKED_AT)
        counts = Counter(len(_alone(line, delimiter)[0]) for line in lines if line.count('"') % 2 == 0)
        counts.pop(0, None)
        counts.pop(1, None)
        return max(counts, key=lambda cells: (counts[cells], cells), default=2)

    def _record(self, text: str, first: int, delimiter: str, width: int) -> tuple[list[str], int]:
        """The cells that begin in a line, and the line they end in."""
        cells, is_open = _alone(text, delimiter)
        if not is_open:
            return cells, first
        reader = csv.reader(self._lines(first, LINES_OF_A_CELL), delimiter=delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            # never closed, or closed where no cell ends: its line cannot be read, the next ones may
            return UNREADABLE_CELLS, first
        last = first + reader.line_num - 1
        others = [len(_alone(line, delimiter)[0]) for line in self._lines(first + 1, last - first)]
        if others[-1] == width and 2 * others.count(width) >= len(others):
            return UNREADABLE_CELLS, first  # the lines behind it are rows of their own
        if any("\n" in cell and cell.count(delimiter) >= width for cell in cells):
            self.joined_lines[first] = last
        return cells, last


def _unwrapped(cells: list[str], delimiter: str) -> list[str]:
    """The cells of a line that is one cell; empty when it is none."""
    if len(cells) != 1 or delimiter not in cells[0] or "\n" in cells[0]:
        return []
    inner, _ = _alone(cells[0], delimiter)
    return inner if inner != UNREADABLE_CELLS else []


def _utf8_of(content: bytes, name: str) -> bytes:
    try:
        return content.decode("utf-16").encode()
    except UnicodeDecodeError:
        raise unreadable(name, N_("it is not text in {encoding}"), encoding="utf-16") from None


def _split(text: str, delimiter: str) -> list[str]:
    text = text.rstrip("\r\n")
    return text.split(delimiter) if text else []


def _alone(text: str, delimiter: str) -> tuple[list[str], bool]:
    """The cells of a line by itself, and whether its last one goes on behind its end."""
    reader = csv.reader(iter((text, "")), delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:  # a cell that is longer than any
        return UNREADABLE_CELLS, False
    return cells, reader.line_num > 1


def _is_codec(name: str) -> bool:
    try:
        return codecs.lookup(name).name in _TEXT_CODECS
    except LookupError:
        return False


def decoded(content: bytes, encoding: str) -> str:
    """Bytes as text. Raises UnicodeDecodeError, LookupError."""
    if encoding == "mazovia":
        return codecs.charmap_decode(content, "strict", _MAZOVIA_TABLE)[0]
    return content.decode(encoding)


def is_utf8(content: bytes) -> bool:
    """Whether all of it is, looked at a piece at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(content), 1 << 20):
            decoder.decode(content[at : at + (1 << 20)])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def encoding_of(content: bytes) -> str:
    """The encoding of a text file, as people name it: utf-8-sig, utf-8, windows-1250, iso-8859-2, cp852, mazovia.

    UTF-8 first, strictly. Then what reads as Polish: each candidate is scored by the letters it makes of the bytes
    above 127, so that ą (B9 in one, B1, A5 in the others) decides. UTF-8 is among them, with the few bytes that are
    none: a line was pasted in by another program. Nothing else is guessed.
    """
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if is_utf8(content):
        return "utf-8"
    sample = b" ".join(match[0] for match in islice(_WORD.finditer(content), _WORDS_LOOKED_AT))
    best, score = "windows-1250", 0.0
    for name, codec in _CANDIDATES:
        try:
            text = sample.decode("utf-8", "replace") if codec == "utf-8" else decoded(sample, codec)
        except UnicodeDecodeError:
            continue
        points = _polish(text)
        if points > score:
            best, score = name, points
    return best


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
