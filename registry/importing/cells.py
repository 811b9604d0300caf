"""What people write into lists: amounts, dates, KŚT symbols, yes and no. Pure.

Each reader takes what a cell holds and gives a value, or raises :class:`Unreadable` with what to do.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from registry.assets.rules import GROSZ, fold
from registry.core.errors import N_

Cell = str | int | float | bool | date | datetime | None

_SPACES = re.compile(r"[\s\u00a0\u2000-\u200b\u202f\u205f\u3000']+")
_CURRENCY = re.compile(r"(zl|pln|zlotych|brutto|netto)\.?$")
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+")
_LONE_COMMA = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_EXCEL_EPOCH = date(1899, 12, 30)
# how the names of months begin, in Polish, English, German and Czech, the short ones of spreadsheets among them
_MONTHS = (
    "sty|jan|led", "lut|feb|uno", "mar|mrz|bre", "kwi|apr|dub", "maj|may|mai|kve", "cze|jun|cvn|cervna",
    "lip|jul|cvc|cervence",    "sie|aug|srp", "wrz|sep|zar", "paz|oct|okt|rij", "lis|nov", "gru|dec|dez|pro",
)  # fmt: skip
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
# without a day to compare with, a year of two digits is one before 2070
_CENTURY_ENDS = 2070
_YES = frozenset({"tak", "t", "yes", "y", "true", "prawda", "1", "x", "+", "✓", "✔", "v"})
_NO = frozenset({"nie", "n", "no", "false", "falsz", "0", "-", "–", "brak"})
# between the labels of one thing, and between its former numbers
SEVERAL = " | "
# a row gives to pieces
MOST_NUMBERS = 500
LARGEST = Decimal("9999999999.99")


class Unreadable(ValueError):  # noqa: N818  # an answer about a cell, not a fault of ours
    """A cell that holds something else than its column should. The text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Kst:
    """A KŚT 2016 symbol; ``original`` is what was written when that was another one."""

    symbol: str
    original: str = ""


def amount(cell: Cell, comma_groups: bool = False) -> Decimal:
    """An amount in PLN, rounded to the grosz: ``1 290,00 zł``, ``240,-``, ``1850.00-``, ``1.290,00``, ``1,290.00``.

    The last of two kinds of separator is the decimal one. A lone dot before exactly three digits separates thousands,
    as Polish lists write it. A lone comma before exactly three digits does so where the column shows it
    (``comma_groups``), and else is not guessed: 1,200 is no złoty and twenty groszy.
    """
    if isinstance(cell, bool | date):
        raise Unreadable(N_("Write an amount like 1290,00."))
    if isinstance(cell, int | float):
        return _money(repr(cell))
    text = _SPACES.sub("", fold(str(cell or "")))
    text = _CURRENCY.sub("", text)
    text = re.sub(r"[.,]?[-–—]+$", "", text) if re.match(r"\d", text) else text
    if _LONE_COMMA.fullmatch(text):
        if not comma_groups:
            raise Unreadable(N_("A comma before three digits may mean thousands. Write 1200,00 or 1,20."))
        return _money(text.replace(",", ""))
    return _money(_decimal_point(text))


def _decimal_point(text: str) -> str:
    comma, dot = text.rfind(","), text.rfind(".")
    if comma >= 0 and dot >= 0:
        last, other = (",", ".") if comma > dot else (".", ",")
        if text.count(last) > 1:
            raise Unreadable(N_("Write an amount like 1290,00."))
        return text.replace(other, "").replace(last, ".")
    if text.count(",") > 1 or dot >= 0 and _GROUPED.fullmatch(text):
        if not _GROUPED.fullmatch(text):
            raise Unreadable(N_("Write an amount like 1290,00."))
        return text.replace(",", "").replace(".", "")
    return text.replace(",", ".")


def _money(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Unreadable(N_("Write an amount like 1290,00.")) from None
    if not value.is_finite() or abs(value) > LARGEST:
        raise Unreadable(N_("Write an amount below 10 000 000 000,00."))
    return value.quantize(GROSZ)


def day(cell: Cell, month_first: bool = False, latest: date | None = None) -> date:
    """A date: ``1.4.2022``, ``05.04.2022 r.``, ``5/4/22``, ``2022-04-05``, ``5 kwietnia 2022``, ``5 IV 2022``,
    ``5-kwi-22``, Excel's day number.

    ``month_first`` reads ``04/05/2022`` the American way; a column shows which it is. A year of two digits gives a day
    that is not after ``latest``.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, bool) or cell is None:
        raise Unreadable(N_("Write a date like 15.03.2022."))
    text = _SPACES.sub(" ", fold(str(cell))).strip()
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return _sane(_EXCEL_EPOCH + timedelta(days=int(float(text))))
    text = re.sub(r"\s*r(oku|\.)?$", "", text)
    text = re.sub(r"(\d)[t ]\d{1,2}:\d{2}.*$", r"\1", text)
    return _sane(_calendar_day(text, month_first, latest))


def _calendar_day(text: str, month_first: bool, latest: date | None) -> date:
    if match := re.fullmatch(r"(\d{4})[-./ ]?(\d{1,2})[-./ ]?(\d{1,2})", text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{1,2})\s*[-./ ]\s*(\d{1,2})\s*[-./ ]\s*(\d{4}|\d{2})", text):
        first, second = int(match[1]), int(match[2])
        month, number = (first, second) if month_first and "/" in text else (second, first)
        return _with_year(match[3], month, number, latest)
    if match := re.fullmatch(r"(\d{1,2})[-./ ]+([a-z]+)[-./, ]+(\d{4}|\d{2})", text):
        return _with_year(match[3], _month(match[2]), int(match[1]), latest)
    if match := re.fullmatch(r"(?:[a-z]{3,9},? )?([a-z]+)\.? (\d{1,2}),? (\d{4})", text):
        return _with_year(match[3], _month(match[1]), int(match[2]), latest)
    raise Unreadable(N_("Write a date like 15.03.2022."))


def _month(word: str) -> int:
    if word in _ROMAN:
        return _ROMAN.index(word) + 1
    for number, starts in enumerate(_MONTHS, 1):
        if word.startswith(tuple(starts.split("|"))):
            return number
    raise Unreadable(N_("Write a date like 15.03.2022."))


def _with_year(year: str, month: int, number: int, latest: date | None) -> date:
    if len(year) == 4:
        return _date(int(year), month, number)
    value = _date(2000 + int(year), month, number)
    is_ahead = value > latest if latest else value.year >= _CENTURY_ENDS
    return _date(1900 + int(year), month, number) if is_ahead else value


def _date(year: int, month: int, number: int) -> date:
    try:
        return date(year, month, number)
    except ValueError:
        raise Unreadable(N_("This day is not in the calendar. Correct the date.")) from None


def _sane(value: date) -> date:
    if not 1900 <= value.year <= 2199:
        raise Unreadable(N_("The year is out of range. Correct the date."))
    return value


def kst(cell: Cell) -> Kst:
    """A KŚT symbol of three digits: ``808-0``, ``4.48.487``, ``KŚT 808``, and ``WNiP`` for intangibles.

    491 (computer sets of KŚT 2010) became 487 in KŚT 2016; see docs/reference/import.md.
    """
    text = fold(whole(cell)).removeprefix("kst").strip(" .:")
    if text in ("wnip", "wn", "020"):
        return Kst("WNIP")
    if match := re.fullmatch(r"(\d)\.(\d{2})\.(\d{3})([-.]\d+)?", text):
        text = match[3]
    plain = re.fullmatch(r"(\d{3})(?:[-./ ]\d{1,2})?", text)
    if not plain:
        raise Unreadable(N_("Write a KŚT symbol of three digits, like 487."))
    symbol = plain[1]
    return Kst("487", symbol) if symbol == "491" else Kst(symbol)


def yes(cell: Cell) -> bool | None:
    """TAK or NIE in the ways people write it; None for an empty cell."""
    if cell is None or cell == "":
        return None
    text = fold(whole(cell))
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise Unreadable(N_("Write TAK or NIE."))


def percent(cell: Cell) -> tuple[Decimal, bool]:
    """A share in percent, and whether it was written as a fraction: 75, ``75 %``, ``0,75``."""
    text = _SPACES.sub("", whole(cell)).replace(",", ".")
    try:
        value = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        raise Unreadable(N_("Write a share in percent, like 75.")) from None
    if not value.is_finite():
        raise Unreadable(N_("Write a share in percent, like 75."))
    as_fraction = 0 < value <= 1 and not text.endswith("%")
    value = value * 100 if as_fraction else value
    if not 0 <= value <= 100:
        raise Unreadable(N_("Write a share from 0 to 100 percent."))
    return value, as_fraction


_GRANT_SHARE = re.compile(r"\s*(\S.*?)\s*:\s*(\d+(?:[.,]\d+)?)\s*%\s*(?:\||$)")
_LONGEST_SHARES = 2000


def grant_shares(cell: Cell) -> list[tuple[str, Decimal]]:
    """The grants of a price, each with its percent: ``G/1: 50 % | G/2: 30 %``. Empty when a text is no such list."""
    text, place, parts = whole(cell), 0, []
    while place < len(text) <= _LONGEST_SHARES:
        match = _GRANT_SHARE.match(text, place)
        if match is None:
            return []
        parts.append((match[1], percent(f"{match[2]}%")[0]))
        place = match.end()
    return parts


def count(cell: Cell) -> int:
    """A number of pieces, 1 to 10 000: ``26``, ``26 szt.``, ``1,00``."""
    text = re.sub(r"[a-z.]+$", "", _SPACES.sub("", fold(whole(cell)))).replace(",", ".")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Unreadable(N_("Write a whole number, like 26.")) from None
    if not value.is_finite() or value != value.to_integral_value() or not 1 <= value <= 10_000:
        raise Unreadable(N_("Write a whole number from 1 to 10 000."))
    return int(value)


def whole(cell: Cell) -> str:
    """A cell as text: a spreadsheet's 46.0 is 46, control characters are gone, line ends are ``\\n``."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TAK" if cell else "NIE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    text = str(cell)
    if text.isprintable():
        return text.strip()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c == "\n" or c == "\t" or ord(c) >= 32 and c != "\x7f").strip()


_RANGE = re.compile(r"(.*?)(\d+) *[-–—] *\1?(\d+)(\D.*)?")


def numbers_between(text: str, quantity: int) -> list[str]:
    """The numbers of so many pieces, where a text tells the first and the last one: ``1021-1024``, ``A/7-10/22``.

    Empty when it does not, or for another quantity.
    """
    match = _RANGE.fullmatch(text) if 1 < quantity <= MOST_NUMBERS else None
    if match is None:
        return []
    start, first, last, end = match[1], match[2], match[3], match[4] or ""
    last = first[: max(0, len(first) - len(last))] + last
    if len(first) > 18 or len(last) != len(first) or int(last) - int(first) + 1 != quantity:
        return []
    return [f"{start}{number:0{len(first)}}{end}" for number in range(int(first), int(last) + 1)]


def several(cell: Cell) -> list[str]:
    """What stands in a cell that holds several things: ``ABC2345 | DEF2346``."""
    return [text for part in whole(cell).split("|") if (text := part.strip())]
