"""Rows of an asset list and of a purchase list, read and judged. No database: what it needs is in ``Known``."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

from registry.assets.models import Condition, Lifecycle
from registry.assets.rules import GROSZ, account, fold, number_key
from registry.importing import cells as cell_values
from registry.importing.cells import Cell, Unreadable, whole
from registry.importing.columns import Header, title_words
from registry.importing.rows import Known, KnownGrant, Problem, Row

DATES = ("acquired_on", "invoiced_on", "warranty_until", "durable_until")
LIMITS = {"inventory_no": 60, "name": 300, "serial_no": 80, "category": 80, "purchase": 40, "name_en": 300,
          "supplier": 200, "contract": 100, "invoice_no": 100}  # fmt: skip
ACCOUNTS = frozenset({"011", "013", "020", "poz"})
_OWN_FUNDS = ("srodki wlasne", "wlasne", "budzet", "own funds")
_LIFECYCLES = {
    "w uzyciu": "in_use", "uzytkowany": "in_use", "w uzytkowaniu": "in_use", "magazyn": "in_store",
    "w magazynie": "in_store", "zamowiony": "ordered", "przekazany": "handed_over", "wycofany": "retired",
    "zlikwidowany": "disposed", **{fold(state): state for state in Lifecycle},
}  # fmt: skip
_CONDITIONS = {
    "sprawny": "ok", "dobry": "ok", "bardzo dobry": "ok", "niesprawny": "faulty", "uszkodzony": "faulty",
    "w naprawie": "in_repair", "naprawa": "in_repair", **{fold(state): state for state in Condition},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What only a whole column shows."""

    zero_width: int = 0
    month_first: bool = False


def reader(header: Header, known: Known, facts: Facts) -> "AssetReader":
    return PurchaseReader(header, known, facts) if header.kind == "purchases" else AssetReader(header, known, facts)


class AssetReader:
    """One list's rows, in order: a number that comes twice is the fault of the second."""

    def __init__(self, header: Header, known: Known, facts: Facts) -> None:
        self.header, self.known, self.facts = header, known, facts
        self.notices: list[Problem] = []
        self._seen_numbers: dict[str, int] = {}
        self._seen_serials: dict[str, int] = {}
        self._price_each = title_words(header.titles.get("value", "")).startswith("cena")

    def row(self, line: int, cells: Sequence[Cell]) -> Row:
        """Read one line. Every problem of it is told, not the first alone."""
        row = Row(line)
        if list(cells) == ["\ufffd"]:
            row.problems.append(Problem("UNREADABLE_ROW", "", ""))
            return row
        self._identity(row, cells)
        self._classification(row, cells)
        self._dates(row, cells)
        self._money(row, cells)
        self._place(row, cells)
        self._funding(row, cells)
        self._rest(row, cells)
        return row

    def cell(self, cells: Sequence[Cell], column: str) -> Cell:
        place = self.header.columns.get(column)
        return cells[place] if place is not None and place < len(cells) else None

    def text(self, row: Row, cells: Sequence[Cell], column: str) -> str:
        text = whole(self.cell(cells, column))
        if len(text) > LIMITS.get(column, 2000):
            self.problem(row, "TOO_LONG", column, text, limit=LIMITS.get(column, 2000))
        return text

    def problem(self, row: Row, code: str, column: str, given: Cell, **params: Any) -> None:
        title = self.header.titles.get(column, column)
        row.problems.append(Problem(code, title, whole(given)[:200], params))

    def parsed(self, row: Row, cells: Sequence[Cell], column: str, read: Callable[[Cell], Any], code: str) -> Any:
        """What a cell holds, None if it is empty or unreadable (then the row has the problem ``code``)."""
        cell = self.cell(cells, column)
        if cell is None or cell == "" or isinstance(cell, str) and not cell.strip():
            return None
        try:
            return read(cell)
        except Unreadable as fault:
            self.problem(row, code, column, cell, reason=str(fault))
            return None

    def has(self, column: str) -> bool:
        return column in self.header.columns

    def notice(self, code: str) -> None:
        if not any(notice.code == code for notice in self.notices):
            self.notices.append(Problem(code, "", ""))

    def _identity(self, row: Row, cells: Sequence[Cell]) -> None:
        number = self.text(row, cells, "inventory_no")
        row.values["inventory_no"] = number or None
        row.values["name"] = self.text(row, cells, "name") or None
        if not row.values["name"]:
            self.problem(row, "NO_NAME", "name", "")
        if number:
            self._number(row, number)
        elif self.has("inventory_no"):
            self.problem(row, "NO_INVENTORY_NO", "inventory_no", "")
        serial = self.text(row, cells, "serial_no")
        row.values["serial_no"] = serial or None
        if serial:
            self._serial(row, serial, self.cell(cells, "serial_no"))

    def _number(self, row: Row, number: str) -> None:
        key = number_key(number)
        if key in self._seen_numbers:
            self.problem(row, "DUPLICATE_INVENTORY_NO", "inventory_no", number, line=self._seen_numbers[key])
        elif key in self.known.inventory_nos:
            self.problem(row, "INVENTORY_NO_TAKEN", "inventory_no", number)
        self._seen_numbers.setdefault(key, row.line)
        if number.isdigit() and len(number) < self.facts.zero_width:
            self.problem(row, "LEADING_ZEROES_MAYBE_LOST", "inventory_no", number)

    def _serial(self, row: Row, serial: str, cell: Cell) -> None:
        if re.fullmatch(r"\d([.,]\d+)?[eE]\+\d+", serial) or isinstance(cell, float) and abs(cell) >= 1e15:
            self.problem(row, "SCIENTIFIC_NOTATION", "serial_no", serial)
        elif serial.casefold() in self._seen_serials:
            self.problem(row, "DUPLICATE_SERIAL_NO", "serial_no", serial, line=self._seen_serials[serial.casefold()])
        self._seen_serials.setdefault(serial.casefold(), row.line)

    def _classification(self, row: Row, cells: Sequence[Cell]) -> None:
        row.values["kst"] = None
        found = self.parsed(row, cells, "kst", cell_values.kst, "INVALID_KST")
        if found:
            row.values["kst"] = found.symbol
            if found.original:
                row.values["kst_original"] = found.original
                self.problem(row, "KST_491_MAPPED_TO_487", "kst", self.cell(cells, "kst"))
        if self.has("category"):
            row.values["category"] = self.text(row, cells, "category")

    def _dates(self, row: Row, cells: Sequence[Cell]) -> None:
        row.values["acquired_on"] = None
        for column in DATES:
            if self.has(column):
                before = len(row.problems)
                row.values[column] = self.parsed(row, cells, column, self._day, "INVALID_DATE")
                if column == "acquired_on" and row.values[column] is None and len(row.problems) == before:
                    self.problem(row, "NO_DATE", column, "")

    def _day(self, cell: Cell) -> Any:
        return cell_values.day(cell, self.facts.month_first)

    def _money(self, row: Row, cells: Sequence[Cell]) -> None:
        before = len(row.problems)
        quantity = self.parsed(row, cells, "quantity", cell_values.count, "INVALID_QUANTITY") or 1
        value = self.parsed(row, cells, "value", cell_values.amount, "INVALID_VALUE")
        each = self.parsed(row, cells, "unit_price", cell_values.amount, "INVALID_VALUE")
        if value is not None and each is None and self._price_each:
            value, each = None, value
        if each is not None:
            computed = each * quantity
            if value is not None and value != computed:
                self.problem(row, "VALUE_MISMATCH", "value", str(value), computed=str(computed))
            row.values["unit_price"] = each
            value = computed if value is None else value
        if value is not None and value < 0:
            self.problem(row, "NEGATIVE_VALUE", "value" if self.has("value") else "unit_price", str(value))
        if value is None and len(row.problems) == before and (self.has("value") or self.has("unit_price")):
            self.problem(row, "NO_VALUE", "value" if self.has("value") else "unit_price", "")
        row.values["value"], row.values["quantity"] = value, quantity
        self._quantity(row, quantity)

    def _quantity(self, row: Row, quantity: int) -> None:
        if quantity > 1:
            code = "QTY_GT_1" if row.values["inventory_no"] else "SPLIT_INTO_PIECES"
            self.problem(row, code, "quantity", quantity, quantity=quantity)

    def _place(self, row: Row, cells: Sequence[Cell]) -> None:
        given = self.cell(cells, "room")
        row.values["room"] = whole(given) or None
        if row.values["room"]:
            row.refs["room_id"] = self.room(row, "room", given)
            if row.refs["room_id"]:
                row.values["room_code"] = self.known.room_codes[row.refs["room_id"]]
            else:
                self.keep(row, "room", row.values["room"])

    def room(self, row: Row, column: str, given: Cell) -> int | None:
        """A room by its code, else by its number, which must be the only one."""
        if not self.known.rooms:
            self.notice("NO_ROOMS")
            return None
        text = re.sub(r"^(pokoj|pok|sala|p)\b\.? *(nr)?\.? *", "", fold(whole(given))) or fold(whole(given))
        if text in self.known.rooms:
            return self.known.rooms[text]
        found = self.known.room_numbers.get(text, [])
        if not found and isinstance(given, float):
            # a spreadsheet made 0.1 out of 0.10
            found = [
                one for number, ids in self.known.room_numbers.items() if _as_float(number) == given for one in ids
            ]
        if len(found) == 1:
            return found[0]
        if found:
            rooms = ", ".join(sorted(self.known.room_codes[one] for one in found))
            self.problem(row, "AMBIGUOUS_ROOM", column, given, rooms=rooms)
        else:
            self.problem(row, "UNKNOWN_ROOM", column, given)
        return None

    def _funding(self, row: Row, cells: Sequence[Cell]) -> None:
        if self.has("eu"):
            row.values["eu"] = self.parsed(row, cells, "eu", cell_values.yes, "INVALID_YES_NO")
        share = self.parsed(row, cells, "eu_share", cell_values.percent, "INVALID_SHARE")
        percent: Decimal | None = None
        if share:
            percent = share[0]
            row.values["eu_share"] = (percent / 100).normalize() + Decimal(0)
            if share[1]:
                told = f"{percent.normalize():f}"
                self.problem(row, "SHARE_AS_FRACTION", "eu_share", self.cell(cells, "eu_share"), percent=told)
        source = whole(self.cell(cells, "grant")) or whole(self.cell(cells, "funding"))
        if self.has("funding") or self.has("grant"):
            row.values["funding"] = source or None
        own = fold(source).startswith(_OWN_FUNDS) or row.values.get("eu") is False or percent == 0
        if not own and (source or percent is not None or row.values.get("eu")):
            self._grant(row, source, percent)

    def _grant(self, row: Row, source: str, percent: Decimal | None) -> None:
        grant = self._which_grant(source)
        if grant:
            row.refs["percents"] = {grant.id: grant.percent if percent is None else percent}
            return
        told = source or ("TAK" if percent is None else f"{percent.normalize():f} %")
        column = next(one for one in ("grant", "funding", "eu", "eu_share") if self.has(one))
        if self.known.grants:
            self.problem(row, "UNKNOWN_GRANT", column, told)
        else:
            self.notice("NO_GRANTS")
        self.keep(row, column, told if percent is None or not source else f"{source} {percent.normalize():f} %")

    def _which_grant(self, source: str) -> KnownGrant | None:
        if not source:
            return self.known.grants[0] if len(self.known.grants) == 1 else None
        found = [grant for grant in self.known.grants if grant.answers_to(source)]
        return found[0] if len(found) == 1 else None

    def _rest(self, row: Row, cells: Sequence[Cell]) -> None:
        if self.has("note"):
            row.values["note"] = self.text(row, cells, "note") or None
        self._reference(row, cells, "custodian", self.known.people, "UNKNOWN_CUSTODIAN")
        self._reference(row, cells, "purchase", self.known.purchases, "UNKNOWN_PURCHASE")
        for column, words in (("lifecycle", _LIFECYCLES), ("condition", _CONDITIONS)):
            given = whole(self.cell(cells, column))
            if given:
                row.values[column] = words.get(fold(given))
                if row.values[column] is None:
                    self.problem(row, "UNKNOWN_STATUS", column, given)
                    self.keep(row, column, given)
        if row.values["value"] is not None:
            self._account(row, cells)

    def _account(self, row: Row, cells: Sequence[Cell]) -> None:
        each = (row.values["value"] / row.values["quantity"]).quantize(GROSZ)
        given = whole(self.cell(cells, "account"))
        kst, category = row.values["kst"] or "", row.values.get("category") or ""
        derived = account(each, kst, category, row.values["acquired_on"], self.known.policy)
        row.values["account"] = given if given in ACCOUNTS else derived

    def _reference(self, row: Row, cells: Sequence[Cell], column: str, known: dict[str, int], code: str) -> None:
        given = whole(self.cell(cells, column))
        if not given:
            return
        row.values[column] = given
        row.refs[f"{column}_id"] = known.get(fold(given))
        if row.refs[f"{column}_id"] is None:
            self.problem(row, code, column, given)
            self.keep(row, column, given)

    def keep(self, row: Row, column: str, given: str) -> None:
        """Remember what the register has no place for yet: it goes into the notes, so that nothing is lost."""
        row.refs.setdefault("kept", []).append(f"{self.header.titles.get(column, column)}: {given}")


class PurchaseReader(AssetReader):
    """A line of an invoice: many pieces, spread over rooms."""

    def _identity(self, row: Row, cells: Sequence[Cell]) -> None:
        row.values["inventory_no"] = row.values["serial_no"] = None
        row.values["name"] = self.text(row, cells, "name") or None
        if not row.values["name"]:
            self.problem(row, "NO_NAME", "name", "")
        code = self.text(row, cells, "purchase")
        row.values["purchase"] = code or None
        key = fold(code)
        if not code:
            self.problem(row, "NO_CODE", "purchase", "")
        elif key in self._seen_numbers:
            self.problem(row, "DUPLICATE_CODE", "purchase", code, line=self._seen_numbers[key])
        elif key in self.known.purchases:
            self.problem(row, "CODE_TAKEN", "purchase", code)
        self._seen_numbers.setdefault(key, row.line)
        for column in ("name_en", "supplier", "contract", "invoice_no"):
            row.values[column] = self.text(row, cells, column)

    def _quantity(self, row: Row, quantity: int) -> None:
        """Many pieces are what a line of an invoice is for."""

    def _place(self, row: Row, cells: Sequence[Cell]) -> None:
        given = whole(self.cell(cells, "spread"))
        if not given:
            super()._place(row, cells)
            return
        row.values["room"] = given
        spread: list[tuple[int | None, int]] = []
        for part in given.split("|"):
            room, _, pieces = part.rpartition(":")
            if not room.strip() or not pieces.strip().isdigit():
                self.problem(row, "INVALID_SPREAD", "spread", given)
                return
            spread.append((self.room(row, "spread", room.strip()), int(pieces)))
        total = sum(pieces for _, pieces in spread)
        if total != row.values["quantity"]:
            self.problem(row, "SPREAD_MISMATCH", "spread", given, spread=total, quantity=row.values["quantity"])
        row.refs["spread"] = spread
        if not self.known.rooms:
            self.keep(row, "spread", given)

    def _rest(self, row: Row, cells: Sequence[Cell]) -> None:
        if self.has("note"):
            row.values["note"] = self.text(row, cells, "note") or None
        months = self.parsed(row, cells, "warranty_months", _months, "INVALID_NUMBER")
        if months and row.values.get("acquired_on"):
            row.values["warranty_until"] = row.values["acquired_on"] + relativedelta(months=months)
        if row.values["value"] is not None:
            self._account(row, cells)
            if fold(whole(self.cell(cells, "on_ledger"))) == "ilosciowa":
                row.values["account"] = "poz"


def _months(cell: Cell) -> int:
    return 0 if whole(cell) == "0" else cell_values.count(cell)


def _as_float(number: str) -> float | None:
    try:
        return float(number)
    except ValueError:
        return None
