"""A list of assets: its rows read, judged and written. A piece that its purchase brought is numbered, not doubled."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta
from tortoise.expressions import Q

from registry.assets import tags
from registry.assets.intake import NewPiece, keep_former, put_on, register_many
from registry.assets.models import Asset, FormerNumber, Lifecycle, Tag
from registry.assets.rules import (
    ACCOUNTS,
    GROSZ,
    account,
    fold,
    line_shares,
    number_columns,
    number_key,
    search_text,
    unit_prices,
)
from registry.core import history
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.transaction import Change
from registry.importing import cells as cell_values
from registry.importing.batches import WritingProgress
from registry.importing.cells import SEVERAL, Cell, several, whole
from registry.importing.columns import Header, is_note_title, title_words
from registry.importing.coming_numbers import numbers_of
from registry.importing.own_columns import read_own_values
from registry.importing.reader import BOUGHT, DATES, ColumnFacts, RowReader
from registry.importing.references import people_of, rooms_of
from registry.importing.rows import ImportProblem, ListRow, RowFate
from registry.importing.snapshot import RegisterSnapshot, twin_key
from registry.importing.state_words import CONDITIONS, LIFECYCLES
from registry.importing.updates import write_updates
from registry.rooms.lock import changing

_WITHOUT_NUMBER = frozenset({"bez numeru", "brak numeru", "brak nr", "bez nr", "b/n", "b.n.", "bez cisla", "ohne"})
_OWN_FUNDS = ("srodki wlasne", "wlasne", "budzet", "own funds")
# of a row that registers a piece; a piece that is there has a name, a date and a price already
_FAULTS_OF_NEW = frozenset({
    "NO_NAME", "NO_DATE", "NO_VALUE", "NO_INVENTORY_NO", "QTY_GT_1", "SPLIT_INTO_PIECES", "UNKNOWN_STATUS",
    "NAME_FROM_OTHER_COLUMN", "FIELD_NEEDED",
})  # fmt: skip


class AssetReader(RowReader):
    """Rows of a list of assets."""

    limits: Mapping[str, int] = {
        "inventory_no": 60, "name": 300, "serial_no": 80, "category": 80, "purchase": 40, "name_en": 300,
        "supplier": 200, "contract": 100, "invoice_no": 100,
    }  # fmt: skip

    def __init__(self, header: Header, snapshot: RegisterSnapshot, facts: ColumnFacts) -> None:
        super().__init__(header, snapshot, facts)
        self._number_lines: dict[str, int | str] = {}
        self._serial_lines: dict[str, int | str] = {}
        self._tag_lines: dict[str, int | str] = {}
        self._price_each = title_words(header.titles.get("value", "")).startswith("cena")

    def fill(self, row: ListRow, cells: Sequence[Cell]) -> None:
        self._identity(row, cells)
        self._tags(row, cells)
        self._classification(row, cells)
        self._dates(row, cells)
        self._money(row, cells)
        self._place(row, cells)
        self._funding(row, cells)
        self._rest(row, cells)
        read_own_values(self, row, cells)
        if row.refs.get("asset_id") or row.refs.get("purchase_id"):
            row.own_cells = frozenset(column for column in self.header.columns if whole(self.cell(cells, column)))
        self._against_register(row)

    def look_ahead(self, cells: Sequence[Cell]) -> None:
        """A piece that a row names is no twin of one without a number, in whichever line that stands."""
        number = whole(self.cell(cells, "inventory_no"))
        if number and fold(number) not in _WITHOUT_NUMBER:
            named = self.snapshot.numbered.get(number_key(number))
        else:
            codes = map(tags.normalised, several(self.cell(cells, "tag")))
            named = next(filter(None, map(self.snapshot.labels.get, codes)), None)
        twin = self.snapshot.twin_keys.pop(named, None) if named else None
        self.snapshot.twins.subtract([] if twin is None else [twin])

    def _against_register(self, row: ListRow) -> None:
        """What is missing in a row about a known piece is no fault of it; one that says nothing new is not doubled."""
        if "asset_id" in row.refs:
            faults = _FAULTS_OF_NEW if "quantity" in row.own_cells else _FAULTS_OF_NEW | {"VALUE_MISMATCH"}
            row.problems = [one for one in row.problems if one.code not in faults]
            return
        values, pieces = row.values, row.values["quantity"]
        if values["inventory_no"] or values.get("numbers") or row.refs.get("purchase_id") or row.left_out:
            return
        prices = Counter(unit_prices(values["value"] or Decimal(0), pieces))
        words = (values["serial_no"] or "", row.refs.get("room_id"), values["acquired_on"])
        keys = Counter({
            twin_key(values["name"] or "", values["kst"] or "", price, *words): many for price, many in prices.items()
        })  # fmt: skip
        if row.status != "error" and all(self.snapshot.twins[key] >= many for key, many in keys.items()):
            self.snapshot.twins.subtract(keys)
            row.fate = RowFate.SAME
            row.problems = [one for one in row.problems if one.code not in _FAULTS_OF_NEW]
            self.problem(row, "ALREADY_THERE", "name", values["name"])

    def _identity(self, row: ListRow, cells: Sequence[Cell]) -> None:
        number = self.text(row, cells, "inventory_no")
        if fold(number) in _WITHOUT_NUMBER:
            number = ""
        row.values["inventory_no"] = number or None
        row.values["name"] = self.text(row, cells, "name") or self._other_name(row, cells)
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

    def _other_name(self, row: ListRow, cells: Sequence[Cell]) -> str | None:
        """What a thing is called by another column: its description, its type or its model."""
        for place in self.header.names:
            if place < len(cells) and (text := whole(cells[place])):
                title = self.header.all_titles[place]
                self.problem(row, "NAME_FROM_OTHER_COLUMN", "name", text[:200], title=title)
                return text[: self.limits["name"]]
        return None

    def _number(self, row: ListRow, number: str, *, is_of_range: bool = False) -> None:
        """A number of the row: the piece that has it is the one that the row is about. One of a range is free, or
        taken: a row of several pieces is about none that is there.
        """
        key = number_key(number)
        if key in self._number_lines:
            self.problem(row, "DUPLICATE_INVENTORY_NO", "inventory_no", number, line=self._number_lines[key])
        elif key in self.snapshot.numbered and not is_of_range:
            row.refs["asset_id"] = self.snapshot.numbered[key]
            row.refs["may_correct_money"] = self.snapshot.may_correct_money
        elif key in self.snapshot.inventory_keys:
            self.problem(row, "INVENTORY_NO_TAKEN", "inventory_no", number)
        self._number_lines.setdefault(key, row.place)
        if number.isdigit() and len(number) < self.facts.zero_width:
            self.problem(row, "LEADING_ZEROES_MAYBE_LOST", "inventory_no", number)

    def _serial(self, row: ListRow, serial: str, cell: Cell) -> None:
        if re.fullmatch(r"\d([.,]\d+)?[eE]\+\d+", serial) or isinstance(cell, float) and abs(cell) >= 1e15:
            self.problem(row, "SCIENTIFIC_NOTATION", "serial_no", serial)
        elif serial.casefold() in self._serial_lines:
            self.problem(row, "DUPLICATE_SERIAL_NO", "serial_no", serial, line=self._serial_lines[serial.casefold()])
        self._serial_lines.setdefault(serial.casefold(), row.place)

    def _classification(self, row: ListRow, cells: Sequence[Cell]) -> None:
        row.values["kst"] = None
        kst = self.parsed(row, cells, "kst", cell_values.kst, "INVALID_KST")
        if kst:
            row.values["kst"] = kst.symbol
            if kst.original:
                row.values["kst_original"] = kst.original
                self.problem(row, "KST_491_MAPPED_TO_487", "kst", self.cell(cells, "kst"))
        if self.has("category"):
            row.values["category"] = self.snapshot.categories.canonical(self.text(row, cells, "category"))

    def _dates(self, row: ListRow, cells: Sequence[Cell]) -> None:
        row.values["acquired_on"] = None
        for column in DATES:
            if self.has(column):
                before = len(row.problems)
                latest = self.snapshot.today if column in BOUGHT else None
                row.values[column] = value = self.parsed(row, cells, column, self._day(latest), "INVALID_DATE")
                if column == "acquired_on" and value is None and len(row.problems) == before:
                    self.problem(row, "NO_DATE", column, "")
                if latest and value and value > latest:
                    self.problem(row, "DATE_IN_FUTURE", column, self.cell(cells, column))
        months = self.parsed(row, cells, "warranty_months", _months, "INVALID_NUMBER")
        if months and row.values["acquired_on"] and not row.values.get("warranty_until"):
            row.values["warranty_until"] = row.values["acquired_on"] + relativedelta(months=months)
        elif months and not row.values.get("warranty_until"):
            self.keep_in_note(row, "warranty_months", whole(self.cell(cells, "warranty_months")))

    def _day(self, latest: date | None) -> Callable[[Cell], date]:
        return lambda cell: cell_values.day(cell, self.facts.month_first, latest)

    def _amount(self, cell: Cell) -> Decimal:
        return cell_values.amount(cell, self.facts.comma_groups)

    def _money(self, row: ListRow, cells: Sequence[Cell]) -> None:
        before = len(row.problems)
        quantity = self.parsed(row, cells, "quantity", cell_values.count, "INVALID_QUANTITY") or 1
        value = self.parsed(row, cells, "value", self._amount, "INVALID_VALUE")
        each = self.parsed(row, cells, "unit_price", self._amount, "INVALID_VALUE")
        if value is not None and each is None and self._price_each:
            value, each = None, value
        if each is not None:
            computed = each * quantity
            if value is not None and value != computed:
                self.problem(row, "VALUE_MISMATCH", "value", str(value), computed=str(computed))
            row.values["unit_price"] = each
            row.refs["is_by_unit_price"] = value is None
            value = computed if value is None else value
        if value is not None and value < 0:
            self.problem(row, "NEGATIVE_VALUE", "value" if self.has("value") else "unit_price", str(value))
        if not self.has("value") and not self.has("unit_price"):
            self.notice("NO_VALUE")
        elif value is None and len(row.problems) == before:
            self.problem(row, "NO_VALUE", "value" if self.has("value") else "unit_price", "")
        row.values["value"], row.values["quantity"] = value, quantity
        self._quantity(row, quantity)

    def _quantity(self, row: ListRow, quantity: int) -> None:
        numbers = cell_values.numbers_between(row.values["inventory_no"] or "", quantity)
        if numbers and row.split:
            row.values["numbers"] = numbers
            if row.refs.pop("asset_id", None):  # one record has the whole range, and a list splits none
                self.problem(row, "INVENTORY_NO_TAKEN", "inventory_no", row.values["inventory_no"])
            for number in numbers:
                self._number(row, number, is_of_range=True)
            self.problem(row, "SPLIT_INTO_PIECES", "quantity", quantity, quantity=quantity)
        elif numbers and "asset_id" not in row.refs:
            facts = {"first": numbers[0], "last": numbers[-1], "quantity": quantity}
            self.problem(row, "NUMBER_RANGE", "inventory_no", row.values["inventory_no"], **facts)
        elif quantity > 1 and not row.refs.get("tags"):  # one label is on one record, however many pieces it is
            code = "QTY_GT_1" if row.values["inventory_no"] else "SPLIT_INTO_PIECES"
            self.problem(row, code, "quantity", quantity, quantity=quantity)

    def _place(self, row: ListRow, cells: Sequence[Cell]) -> None:
        cell = self.cell(cells, "room")
        row.values["room"] = whole(cell) or None
        if row.values["room"]:
            row.refs["room_id"] = self.room(row, "room", cell)
            if row.refs["room_id"]:
                row.values["room_code"] = self.snapshot.room_codes[row.refs["room_id"]]
            else:
                self.keep_in_note(row, "room", row.values["room"])

    def room(self, row: ListRow, column: str, cell: Cell) -> int | None:
        """A room by its code, else by its number or its name, which must be the only one."""
        if not self.snapshot.rooms:
            self.notice("NO_ROOMS")
            return None
        ids = rooms_of(self.snapshot, cell)
        if len(ids) == 1:
            return ids[0]
        if ids:
            rooms = ", ".join(sorted(self.snapshot.room_codes[pk] for pk in ids))
            self.problem(row, "AMBIGUOUS_ROOM", column, cell, rooms=rooms)
        else:
            self.problem(row, "UNKNOWN_ROOM", column, cell)
        return None

    def _funding(self, row: ListRow, cells: Sequence[Cell]) -> None:
        if self.has("eu"):
            row.values["eu"] = self.parsed(row, cells, "eu", cell_values.yes, "INVALID_YES_NO")
        percent = self._percent(row, cells)
        column = "grant" if whole(self.cell(cells, "grant")) else "funding"
        source = whole(self.cell(cells, column))
        if self.has("funding") or self.has("grant"):
            row.values["funding"] = source or None
        parts = self.parsed(row, cells, column, cell_values.grant_shares, "INVALID_SHARE") if "%" in source else None
        if parts:
            self._several_grants(row, column, source, parts, percent)
            return
        eu, is_own = row.values.get("eu"), fold(source).startswith(_OWN_FUNDS)
        if percent is not None and (eu is not None and eu != (percent > 0) or is_own and percent > 0):
            self.problem(row, "FUNDING_CONTRADICTS", "eu_share", self.cell(cells, "eu_share"), percent=_plain(percent))
        own = is_own or not eu and not percent and (eu is False or percent is not None)
        row.refs["is_own_funds"] = own
        if not own and (source or percent is not None or eu):
            self._grant(row, source, percent)

    def _percent(self, row: ListRow, cells: Sequence[Cell]) -> Decimal | None:
        share = self.parsed(row, cells, "eu_share", cell_values.percent, "INVALID_SHARE")
        if share is None:
            return None
        percent: Decimal = share[0]
        row.values["eu_share"] = (percent / 100).normalize() + Decimal(0)
        if share[1]:
            cell = self.cell(cells, "eu_share")
            self.problem(row, "SHARE_AS_FRACTION", "eu_share", cell, percent=_plain(percent))
        return percent

    def _grant(self, row: ListRow, source: str, percent: Decimal | None) -> None:
        grants = self.snapshot.grants
        grant = self.snapshot.grant(source) if source else grants[0] if len(grants) == 1 else None
        if grant:
            row.refs["percents"] = {grant.id: grant.percent if percent is None else percent}
            return
        words = source or ("TAK" if percent is None else f"{_plain(percent)} %")
        column = next(name for name in ("grant", "funding", "eu", "eu_share") if self.has(name))
        self._no_such_grant(row, column, words)
        self.keep_in_note(row, column, words if percent is None or not source else f"{source} {_plain(percent)} %")

    def _several_grants(
        self, row: ListRow, column: str, source: str, parts: Sequence[tuple[str, Decimal]], percent: Decimal | None
    ) -> None:
        """Each grant by its name with its percent: ``G/1: 50 % | G/2: 30 %``."""
        computed = sum(share for _, share in parts)
        grants = [(self.snapshot.grant(name), name, share) for name, share in parts]
        percents = {grant.id: share for grant, _, share in grants if grant}
        strangers = [name for grant, name, _ in grants if grant is None]
        if computed > 100 or len(percents) + len(strangers) < len(parts):
            self.problem(row, "INVALID_SHARES", column, source)
            return
        if percent is not None and abs(computed - percent) > GROSZ:
            self.problem(row, "SHARES_MISMATCH", column, source, computed=_plain(computed), percent=_plain(percent))
        row.refs["percents"] = percents
        for name in strangers:
            self._no_such_grant(row, column, name)
        if strangers:
            self.keep_in_note(row, column, source)

    def _no_such_grant(self, row: ListRow, column: str, name: str) -> None:
        if self.snapshot.grants:
            self.problem(row, "UNKNOWN_GRANT", column, name)
        else:
            self.notice("NO_GRANTS")

    def _rest(self, row: ListRow, cells: Sequence[Cell]) -> None:
        self.note(row, cells)
        self._former_numbers(row, cells)
        self._custodian(row, cells)
        self._reference(row, cells, "purchase", self.snapshot.purchases, "UNKNOWN_PURCHASE")
        for column, words in (("lifecycle", LIFECYCLES), ("condition", CONDITIONS)):
            text = whole(self.cell(cells, column))
            if text:
                row.values[column] = words.get(fold(text))
                if row.values[column] is None:
                    self.problem(row, "UNKNOWN_STATUS", column, text)
                    self.keep_in_note(row, column, text)
        if "asset_id" in row.refs:
            row.values["account"] = whole(self.cell(cells, "account")) or None
        elif row.values["value"] is not None:
            self.derive_account(row, cells)

    def note(self, row: ListRow, cells: Sequence[Cell]) -> None:
        """The notes, and behind them what stands in columns that have no other place, each with its title."""
        header = self.header
        if not self.has("note") and not header.extra:
            return
        row.refs["note"] = self.text(row, cells, "note")
        others = row.refs.pop("note_lines", [])
        row.refs["note_lines"] = lines = []
        for place in header.extra:
            if place < len(cells) and (text := whole(cells[place])):
                title = header.all_titles[place]
                lines.append(("" if is_note_title(title) else title, text))
        row.values["note"] = row.note() or None
        lines.extend(others)

    def derive_account(self, row: ListRow, cells: Sequence[Cell]) -> None:
        """The account that the list names, else the one that the office's policy gives."""
        each = (row.values["value"] / row.values["quantity"]).quantize(GROSZ)
        text = whole(self.cell(cells, "account"))
        kst, category = row.values["kst"] or "", row.values.get("category") or ""
        derived = account(each, kst, category, row.values["acquired_on"], self.snapshot.policy)
        row.values["account"] = text if text in ACCOUNTS else derived

    def _tags(self, row: ListRow, cells: Sequence[Cell]) -> None:
        """The codes of the labels that are on the thing."""
        codes = []
        for text in several(self.cell(cells, "tag")):
            code = tags.normalised(text)
            if not tags.check(code):
                self.problem(row, "INVALID_TAG", "tag", text)
                self.keep_in_note(row, "tag", text)
                continue
            if code in self._tag_lines:
                self.problem(row, "DUPLICATE_TAG", "tag", text, line=self._tag_lines[code])
            elif code in self.snapshot.labels:
                self._known_label(row, code)
            elif "asset_id" in row.refs:
                self.problem(row, "CHANGED_BY_ANOTHER_ACT", "tag", text)
            self._tag_lines.setdefault(code, row.place)
            codes.append(code)
        if codes:
            row.values["tag"], row.refs["tags"] = SEVERAL.join(codes), codes

    def _known_label(self, row: ListRow, code: str) -> None:
        """The piece that a label is on is the one that the row is about, unless a number says otherwise."""
        owner = self.snapshot.labels[code]
        if owner and not row.values["inventory_no"]:
            row.refs.setdefault("asset_id", owner)
            row.refs["may_correct_money"] = self.snapshot.may_correct_money
        if owner is None or row.refs.get("asset_id") != owner:
            self.problem(row, "TAG_TAKEN", "tag", code)

    def _former_numbers(self, row: ListRow, cells: Sequence[Cell]) -> None:
        """The numbers that the thing had before: it is found by them, and nothing else has them."""
        numbers = []
        for text in several(self.cell(cells, "former_numbers")):
            key = number_key(text)
            if "asset_id" in row.refs and self.snapshot.numbered.get(key) == row.refs["asset_id"]:
                continue
            is_taken = key in self._number_lines or key in self.snapshot.inventory_keys
            if is_taken or len(text) > self.limits["inventory_no"]:
                self.problem(row, "FORMER_NUMBER_TAKEN", "former_numbers", text)
                self.keep_in_note(row, "former_numbers", text)
            elif "asset_id" in row.refs:
                self.problem(row, "CHANGED_BY_ANOTHER_ACT", "former_numbers", text)
            else:
                self._number_lines[key] = row.place
                numbers.append(text)
        if numbers:
            row.values["former_numbers"], row.refs["former_numbers"] = SEVERAL.join(numbers), numbers

    def _custodian(self, row: ListRow, cells: Sequence[Cell]) -> None:
        text = whole(self.cell(cells, "custodian"))
        if not text:
            return
        row.values["custodian"] = text
        ids = people_of(self.snapshot, text)
        row.refs["custodian_id"] = ids[0] if len(ids) == 1 else None
        if len(ids) != 1:
            self.problem(row, "AMBIGUOUS_CUSTODIAN" if ids else "UNKNOWN_CUSTODIAN", "custodian", text)
            self.keep_in_note(row, "custodian", text)

    def _reference(self, row: ListRow, cells: Sequence[Cell], column: str, ids: Mapping[str, int], code: str) -> None:
        text = whole(self.cell(cells, column))
        if not text:
            return
        row.values[column] = text
        row.refs[f"{column}_id"] = ids.get(fold(text))
        if row.refs[f"{column}_id"] is None:
            self.problem(row, code, column, text)
            self.keep_in_note(row, column, text)

    def keep_in_note(self, row: ListRow, column: str, text: str) -> None:
        """Remember what the register has no place for yet: it goes into the notes, so that nothing is lost."""
        row.refs.setdefault("note_lines", []).append((self.header.titles.get(column, column), text))


def _months(cell: Cell) -> int:
    text = fold(whole(cell))
    return 0 if text == "0" else cell_values.count(re.sub(r" *(months?|mies\w*|m-cy|m)\.?$", "", text))


def _plain(percent: Decimal | int) -> str:
    return f"{Decimal(percent).normalize():f}"


async def write_assets(batch: list[ListRow], actor: Actor, now: datetime, progress: WritingProgress) -> None:
    updates = [row for row in batch if "asset_id" in row.refs]
    count = await write_updates(updates, actor, now, progress) if updates else 0
    new = [row for row in batch if "asset_id" not in row.refs and row.fate is RowFate.NEW]
    rooms = {row.refs["room_id"] for row in new if row.refs.get("room_id")}
    async with changing(*rooms) as change:
        rows = await _with_free_tags(await _with_free_numbers(new, progress), progress)
        rest = await _number_pieces(rows, actor, now, change, progress)
        lots = [(row, list(_pieces(row))) for row in rest]
        pieces = [piece for _, lot in lots for piece in lot]
        await register_many(pieces, actor, now, "imported", progress.number_keys)
        for row, lot in lots:
            for piece in lot:
                progress.remember("asset", piece.asset.id, row.line)
        await progress.add(batch, count + len(pieces) + len(rows) - len(rest))


async def _with_free_numbers(batch: list[ListRow], progress: WritingProgress) -> list[ListRow]:
    """Refuse the numbers that somebody else took since the check."""
    numbers = [number for row in batch for number in numbers_of(row)]
    keys = [number_key(number) for number in numbers]
    # beside the keys: a number that was there in two ways has one of them only
    is_rival = Q(number_key__in=keys) | Q(inventory_no__in=numbers)
    rivals = await Asset.filter(is_rival).values_list("inventory_no", flat=True) if keys else ()
    occupied = {number_key(str(number)) for number in rivals}
    former = FormerNumber.filter(number_key__in=keys)
    occupied |= {str(key) for key in await former.values_list("number_key", flat=True)}
    free = []
    for row in batch:
        number = next((number for number in numbers_of(row) if number_key(number) in occupied), None)
        if number is None:
            free.append(row)
        else:
            progress.refuse(row, ImportProblem("INVENTORY_NO_TAKEN", "inventory_no", number))
    return free


async def _with_free_tags(batch: list[ListRow], progress: WritingProgress) -> list[ListRow]:
    """Refuse the labels that somebody put on another thing since the check."""
    codes = [code for row in batch for code in row.refs.get("tags", ())]
    tag_rows = Tag.filter(Q(asset_id__not_isnull=True) | Q(room_id__not_isnull=True), code__in=codes)
    occupied = set(await tag_rows.values_list("code", flat=True)) if codes else set()
    free = []
    for row in batch:
        if code := next((code for code in row.refs.get("tags", ()) if code in occupied), None):
            progress.refuse(row, ImportProblem("TAG_TAKEN", "tag", code))
        else:
            free.append(row)
    return free


async def _number_pieces(
    rows: list[ListRow], actor: Actor, now: datetime, change: Change, progress: WritingProgress
) -> list[ListRow]:
    """Give numbers to pieces that their purchase brought, instead of registering them twice. Returns the other rows."""
    purchases = {row.refs["purchase_id"] for row in rows if row.refs.get("purchase_id")}
    unnumbered: dict[tuple[int | None, int | None], list[Asset]] = {}
    if purchases:
        bought = Asset.filter(purchase_id__in=purchases, inventory_no=None, quantity=1)
        pieces = bought.exclude(lifecycle=Lifecycle.WITHDRAWN).order_by("-id")
        for asset in await pieces.select_for_update():
            unnumbered.setdefault((asset.purchase_id, asset.room_id), []).append(asset)
    rest = []
    for row in rows:
        twins = unnumbered.get((row.refs.get("purchase_id"), row.refs.get("room_id")))
        if twins and row.values["inventory_no"] and row.values["quantity"] == 1:
            asset = twins.pop()
            await _number(asset, row, actor, now, progress)
            change.happened(AssetChanged(asset.id))
        else:
            rest.append(row)
    return rest


async def _number(asset: Asset, row: ListRow, actor: Actor, now: datetime, progress: WritingProgress) -> None:
    """Write what a row says into a piece that is there; its price stays what the purchase says, and its name and notes
    where the row has none of its own.
    """
    left = {"price", "search_text"} | ({"name"} - row.own_cells)
    columns = asset_columns(row) | {"note": row.note(asset.note)}
    columns = {name: value for name, value in columns.items() if value not in (None, "") and name not in left}
    changes = {name: value for name, value in columns.items() if getattr(asset, name) != value}
    after = {name: value for name, value in changes.items() if name != "number_key"}
    before = {name: getattr(asset, name) for name in after}
    former = {name: getattr(asset, name) for name in (*changes, "search_text")}
    asset.update_from_dict(changes)
    parts = (asset.name, asset.inventory_no, asset.serial_no, asset.kst, asset.category)
    former_numbers = row.refs.get("former_numbers", ())
    asset.search_text = search_text(*parts, row.values.get("purchase"), asset.note, *former_numbers)
    asset.revision += 1
    await asset.save(update_fields=[*changes, "search_text", "revision"])
    await put_on(dict.fromkeys(row.refs.get("tags", ()), asset.id), actor, now)
    await keep_former(dict.fromkeys(former_numbers, asset.id), now)
    entry = await history.write(f"asset:{asset.id}", "numbered", actor, now, before=before, after=after)
    additions = {"labels": list(row.refs.get("tags", ())), "former_numbers": list(former_numbers)}
    progress.remember("asset", asset.id, row.line, entry.seq, history.plain(former | additions))


def _pieces(row: ListRow) -> Iterator[NewPiece]:
    percents, quantity = row.refs.get("percents", {}), row.values["quantity"]
    own = row.refs.get("own_values", ())
    numbers = row.values.get("numbers")
    labels, former = row.refs.get("tags", ()), row.refs.get("former_numbers", ())
    if not numbers and (quantity == 1 or row.values["inventory_no"] or labels):
        asset = Asset(**asset_columns(row), quantity=quantity, was_unnumbered=bool(row.number_unit))
        yield NewPiece(asset, percents, tags=labels, former_numbers=former, own_values=own, unit=row.number_unit)
        return
    prices = unit_prices(row.values["value"] or Decimal("0.00"), quantity)
    parts = line_shares(prices, percents)
    for place, (price, split) in enumerate(zip(prices, parts, strict=True)):
        columns = asset_columns(row, numbers[place] if numbers else None) | {"price": price}
        asset = Asset(**columns, was_unnumbered=bool(row.number_unit))
        former_of_piece = () if place else former
        yield NewPiece(asset, percents, split, () if place else labels, former_of_piece, own, row.number_unit)


def asset_columns(row: ListRow, number: str | None = None) -> dict[str, Any]:
    """The columns of a piece that a row says, in the register's terms; of one of its numbers, where it has several."""
    values, refs = row.values, row.refs
    number = number or values["inventory_no"]
    note = row.note()
    columns = {
        **number_columns(number),
        "name": values["name"],
        "category": values.get("category") or "",
        "kst": values["kst"] or "",
        "account": values.get("account") or "",
        "price": values["value"] or Decimal("0.00"),
        "serial_no": values["serial_no"] or "",
        "room_id": refs.get("room_id"),
        "custodian_id": refs.get("custodian_id"),
        "purchase_id": refs.get("purchase_id"),
        "accepted_on": values["acquired_on"],
        "warranty_until": values.get("warranty_until"),
        "durable_until": values.get("durable_until"),
        "note": note,
        "search_text": search_text(
            values["name"], number, values["serial_no"], values["kst"], values.get("category"),
            values.get("purchase"), note, *refs.get("former_numbers", ()),
            *(value.text for value in refs.get("own_values", ())),
        ),
    }  # fmt: skip
    for state in ("lifecycle", "condition"):
        if values.get(state):
            columns[state] = values[state]
    return columns
