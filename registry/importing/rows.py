"""A row of a list, its problems, and their words: what refuses it, what only warns, what is about the file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.core.errors import N_

Translate = Callable[[str], str]

# every problem that refuses its row, and what to do
ERRORS: dict[str, str] = {
    "NO_NAME": N_("Write what the thing is called."),
    "NO_CODE": N_("Write a code. It is what other lists refer to."),
    "INVALID_DATE": "{reason}",
    "INVALID_VALUE": "{reason}",
    "NEGATIVE_VALUE": N_("A price cannot be negative. Correct the amount."),
    "INVALID_QUANTITY": "{reason}",
    "INVALID_NUMBER": "{reason}",
    "INVALID_SHARE": "{reason}",
    "INVALID_SHARES": N_("Write each grant once, and 100 % at most, like G/1: 50 % | G/2: 30 %."),
    "SHARES_MISMATCH": N_("The grants sum to {computed} %, the line has {percent} %. Correct one of them."),
    "INVALID_CHOICE": N_("Choose one of: {choices}."),
    "INVALID_MAIL": N_("Write one mail address, such as name@office.example."),
    "INVALID_LOGIN": N_(
        "Write 2–64 letters without accents, digits, dots or hyphens, without spaces, but neither new nor slips."
    ),
    "INVALID_CODE": N_("Write letters, digits, dots or hyphens, but not new alone."),
    "ROLE_NOT_YOURS": N_("Only who manages accounts gives this role. Write {role}, or ask an administrator."),
    "TOO_LONG": N_("Shorten it to {limit} characters."),
    "DUPLICATE_INVENTORY_NO": N_("Line {line} has the same number. Give each piece its own."),
    "CHANGE_REFUSED": N_("It could not be changed ({reason}). Look at its page, and send the line again."),
    "INVENTORY_NO_TAKEN": N_("This number is already in the register. Correct it, or leave the line out."),
    "DUPLICATE_TAG": N_("Line {line} has the same label. Give each piece its own."),
    "TAG_TAKEN": N_("This label is on another thing. Correct the code, or leave it out."),
    "DUPLICATE_CODE": N_("Line {line} has the same code. Give each its own."),
    "CODE_TAKEN": N_("This code is already in the register. Correct it, or leave the line out."),
    "TOWN_SPELT_OTHERWISE": N_("Another line or the register spells this town {town}. Write it the same way."),
    "UNKNOWN_ROOM": N_("There is no such room. Use a code, a number or a name from the list of rooms."),
    "AMBIGUOUS_ROOM": N_("Several rooms fit. Use a code: {rooms}."),
    "UNKNOWN_BUILDING": N_("There is no such building. Import the buildings first."),
    "UNKNOWN_INSTITUTION": N_("There is no such institution. Import the institutions first."),
    "INVALID_SPREAD": N_("Write rooms and pieces like PP-02:4|PP-03:1."),
    "SPREAD_MISMATCH": N_("The rooms take {spread} pieces, the line has {quantity}. Correct one of them."),
    "UNREADABLE_ROW": N_("A quotation mark is not closed here. Close it or remove it."),
    "FOREIGN_LETTERS": N_("Letters of this line are in another encoding than the rest. Check and correct them."),
}
WARNINGS: dict[str, str] = {
    "NOTHING_NUMBERS_IT": N_("Nothing numbers pieces of {unit} on this day. It will be registered without a number."),
    "NO_KST_FOR_NUMBER": N_(
        "Numbers of {unit} name the KŚT symbol. Without one it will be registered without a number."
    ),
    "NO_INVENTORY_NO": N_("It will be registered without a number. Give it one later."),
    "NAME_FROM_OTHER_COLUMN": N_("There is no name. What stands in {title} was taken."),
    "NO_DATE": N_("It will be registered without a date."),
    "FIELD_NEEDED": N_(
        "A new piece of this category must have {title}. Add it to the list, or fill it in later on its page."
    ),
    "DATE_IN_FUTURE": N_("This day is still to come. Check the year."),
    "NO_VALUE": N_("Without a price it is registered with 0,00."),
    "QTY_GT_1": N_("One number for {quantity} pieces stays one record. Give each piece a number to split it."),
    "NUMBER_RANGE": N_("The numbers from {first} to {last} fit {quantity} pieces. Split the row to give each its own."),
    "FORMER_NUMBER_TAKEN": N_("Another thing has or had this number. It is kept in the notes."),
    "INVALID_TAG": N_("This is no code of a label. It is kept in the notes."),
    "SPLIT_INTO_PIECES": N_("It becomes {quantity} records, one for each piece."),
    "VALUE_MISMATCH": N_("Price times quantity is {computed}. The value of the line was taken."),
    "KST_491_MAPPED_TO_487": N_("491 is a symbol of the former KŚT. 487 was taken."),
    "INVALID_KST": "{reason}",
    "LEADING_ZEROES_MAYBE_LOST": N_("Other numbers here begin with zeros. Check whether this one lost them."),
    "SCIENTIFIC_NOTATION": N_("A spreadsheet may have turned this number into a rounded one. Check it."),
    "SHARE_AS_FRACTION": N_("A share of {percent} % was understood."),
    "INVALID_YES_NO": "{reason}",
    "DUPLICATE_SERIAL_NO": N_("Line {line} has the same serial number. Check both."),
    "UNKNOWN_CUSTODIAN": N_("There is no such login or name. It is kept in the notes; choose the custodian later."),
    "AMBIGUOUS_CUSTODIAN": N_("Several people are called so. It is kept in the notes; write a login."),
    "FUNDING_CONTRADICTS": N_("The share of {percent} % contradicts the rest of the row. Check both."),
    "UNKNOWN_PURCHASE": N_("There is no such purchase. It is kept in the notes."),
    "UNKNOWN_GRANT": N_("There is no such grant. It is kept in the notes; no share of it was written."),
    "LINES_IN_ONE_CELL": N_(
        "A cell goes from line {first} to line {last}. Check that no row of the list is lost in it."
    ),
    "MONEY_NOT_YOURS": N_("It stands otherwise in the register. Who corrects prices and dates may take it over."),
    "CHANGED_BY_ANOTHER_ACT": N_("It stands otherwise in the register, and no list changes it. Change it on its page."),
    "ALREADY_THERE": N_(
        "A piece like this is in the register, without a number or numbered since. It is not written again."
    ),
    "UNKNOWN_STATUS": N_("This status is not known. It is kept in the notes; „in use” was written."),
}
NOTICES: dict[str, str] = {
    "HEADER_UNKNOWN": N_("Line {line} may name the columns. Choose which holds the name of a thing or its number."),
    "CONTROL_TOTAL_DIFFERS": N_("The lines sum to {computed}. Check whether one is missing or misread."),
    "COLUMN_NOT_READ": N_("The column {title} is not read. Choose what it holds, or leave it out."),
    "SAME_FIELD_TWICE": N_("{winner} was read; {title} means the same and is kept in the notes."),
    "SHEET_NOT_READ": N_("The sheet {sheet} is not read. Choose it too, or import it by itself."),
    "HIDDEN_SHEET_NOT_READ": N_("The sheet {sheet} is hidden and is not read. Choose it if it belongs to the list."),
    "SHEET_IS_NO_LIST": N_("The sheet {sheet} names no columns and is not read."),
    "FOREIGN_HEADER": N_(
        "Letters of line {line} are in another encoding than the rest. Check the names of the columns."
    ),
    "NO_ROOMS": N_("The register has no rooms yet. Places are kept in the notes; import the rooms first."),
    "NO_GRANTS": N_("The register has no grants yet. Funding is kept in the notes as written."),
}
HINTS = {**ERRORS, **WARNINGS, **NOTICES}


def hint(code: str, params: dict[str, Any], translate: Translate) -> str:
    """What to do about a problem, in the reader's language."""
    words = dict(params)
    if "reason" in words:
        words["reason"] = translate(words["reason"])
    return translate(HINTS[code]).format_map(words)


def in_words(record: dict[str, Any], translate: Translate) -> dict[str, Any]:
    """A problem's record in the reader's language: what to do instead of the params."""
    plain = {name: record[name] for name in ("code", "column", "given")}
    return plain | {"hint": hint(record["code"], record["params"], translate)}


def row_in_words(record: dict[str, Any], translate: Translate) -> dict[str, Any]:
    """A row's record in the reader's language."""
    return record | {"problems": [in_words(problem, translate) for problem in record["problems"]]}


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """What is wrong with a cell: a stable code, the column's title, the text that stands there."""

    code: str
    column: str
    text: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def refuses(self) -> bool:
        return self.code in ERRORS

    def hint(self, translate: Translate) -> str:
        """What to do, in the reader's language."""
        return hint(self.code, self.params, translate)

    def as_record(self) -> dict[str, Any]:
        """Itself in JSON, in no language; ``in_words`` puts it into one."""
        return {"code": self.code, "column": self.column, "given": self.text, "params": self.params}


class RowFate(StrEnum):
    """What becomes of a row: a new record, one that it changes, or one that is there as it says."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(slots=True)
class ListRow:
    """A line of the file: what was read, what is wrong with it, and the records of the register it names.

    ``line`` orders the rows of all sheets; ``place`` is what people are told: the line, with its sheet where several
    are read. Who looks at a list may leave a row out, or ``split`` it into the pieces that its numbers are for. Its
    pieces get the next numbers of ``number_unit`` where that is set. Of a piece that is there the fields of ``keep``
    stay as they are, though ``changes`` names what the row says of them.
    ``own_cells``, of a row about a piece that is there, are the fields whose own cell holds something: the others are
    made of other cells, or of nothing.
    """

    line: int
    place: int | str = 0
    left_out: bool = False
    split: bool = False
    number_unit: str = ""
    keep: frozenset[str] = frozenset()
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[ImportProblem] = field(default_factory=list)
    refs: dict[str, Any] = field(default_factory=dict)
    own_cells: frozenset[str] = frozenset()
    fate: RowFate = RowFate.NEW
    changes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def status(self) -> str:
        if any(problem.refuses for problem in self.problems):
            return "error"
        return "warning" if self.problems else "ok"

    def note(self, former: str = "") -> str:
        """The notes of the piece that the row is about: what its own cell says, and behind it a line with its title
        for each cell that has no other place. With nothing in its own cell the ``former`` notes stay, and of their
        lines those give way whose title comes again.
        """
        own = self.refs.get("note") or ""
        text = own or former
        for title, words in self.refs.get("note_lines", ()):
            line = f"{title}: {words}" if title else words
            if f"\n{line}\n" not in f"\n{text}\n":
                text = _with_line(text, line, "" if own else title)
        return text

    def as_record(self) -> dict[str, Any]:
        """Itself in JSON, in no language; ``row_in_words`` puts it into one."""
        values = {key: plain(value) for key, value in self.values.items()}
        problems = [problem.as_record() for problem in self.problems]
        record: dict[str, Any] = {
            "line": self.place or self.line,
            "status": self.status,
            "values": values,
            "problems": problems,
        }
        if self.fate is not RowFate.NEW:
            record |= {"fate": str(self.fate), "changes": self.changes}
            if names := sorted(self.keep & self.changes.keys()):
                record |= {"kept": names}
        if self.number_unit:
            record["number_unit"] = self.number_unit
        return record | {"left_out": True} if self.left_out else record


def _with_line(text: str, line: str, title: str) -> str:
    """Notes with one line more, in place of the one with this title if there is one."""
    lines = text.splitlines()
    place = next((place for place, one in enumerate(lines) if title and one.startswith(f"{title}: ")), len(lines))
    lines[place : place + 1] = [line]
    return "\n".join(lines)


def plain(value: Any) -> Any:
    """What was read, as JSON holds it."""
    return str(value) if isinstance(value, Decimal | date) else value
