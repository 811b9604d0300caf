"""A list of purchases: lines of invoices, each with many pieces spread over rooms; read, judged and written."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial

from registry.assets.intake import NewPiece, register_many
from registry.assets.models import Asset, Purchase
from registry.assets.rules import fold, line_shares, unit_prices
from registry.core import history
from registry.core.history import Actor
from registry.core.statements import reserve_ids
from registry.importing.assets import AssetReader, asset_columns
from registry.importing.batches import BATCH, WritingProgress, free_rows
from registry.importing.cells import Cell, whole
from registry.importing.rows import ListRow
from registry.rooms.lock import changing


class PurchaseReader(AssetReader):
    """Rows of a list of purchases."""

    def _identity(self, row: ListRow, cells: Sequence[Cell]) -> None:
        row.values["inventory_no"] = row.values["serial_no"] = None
        row.values["name"] = self.text(row, cells, "name") or None
        if not row.values["name"]:
            self.problem(row, "NO_NAME", "name", "")
        code = self.text(row, cells, "purchase")
        row.values["purchase"] = code or None
        key = fold(code)
        if not code:
            self.problem(row, "NO_CODE", "purchase", "")
        elif key in self._number_lines:
            self.problem(row, "DUPLICATE_CODE", "purchase", code, line=self._number_lines[key])
        elif key in self.snapshot.purchases:
            self.problem(row, "CODE_TAKEN", "purchase", code)
        self._number_lines.setdefault(key, row.place)
        for column in ("name_en", "supplier", "contract", "invoice_no"):
            row.values[column] = self.text(row, cells, column)

    def _against_register(self, row: ListRow) -> None:
        """A line of an invoice is known by its code alone: the same thing bought again is bought again."""

    def _quantity(self, row: ListRow, quantity: int) -> None:
        """Many pieces are what a line of an invoice is for."""

    def _place(self, row: ListRow, cells: Sequence[Cell]) -> None:
        text = whole(self.cell(cells, "spread"))
        if not text:
            super()._place(row, cells)
            return
        row.values["room"] = text
        spread: list[tuple[int | None, int]] = []
        for part in text.split("|"):
            room, _, pieces = part.rpartition(":")
            if not room.strip() or not pieces.strip().isdigit():
                self.problem(row, "INVALID_SPREAD", "spread", text)
                return
            spread.append((self.room(row, "spread", room.strip()), int(pieces)))
        total = sum(pieces for _, pieces in spread)
        if total != row.values["quantity"]:
            self.problem(row, "SPREAD_MISMATCH", "spread", text, spread=total, quantity=row.values["quantity"])
        row.refs["spread"] = spread
        if not self.snapshot.rooms:
            self.keep_in_note(row, "spread", text)

    def _rest(self, row: ListRow, cells: Sequence[Cell]) -> None:
        self.note(row, cells)
        if row.values["value"] is not None:
            self.derive_account(row, cells)
            if fold(whole(self.cell(cells, "on_ledger"))) == "ilosciowa":
                row.values["account"] = "poz"


async def write_purchases(
    batch: list[ListRow], actor: Actor, now: datetime, progress: WritingProgress, *, with_pieces: bool = True
) -> None:
    """Lines of invoices and the pieces that they stand for."""
    rooms = {room for row in batch for room, _ in row.refs.get("spread", ()) if room} if with_pieces else set()
    async with changing(*rooms):
        rows = await free_rows(batch, Purchase, "code", progress, "purchase")
        ids = await reserve_ids("purchase", len(rows))
        lines = [_line(row, pk) for row, pk in zip(rows, ids, strict=True)]
        await Purchase.bulk_create(lines, batch_size=BATCH)
        entries = [(f"purchase:{line.id}", {"code": line.code, "quantity": line.quantity}) for line in lines]
        await history.write_new(entries, "imported", actor, now)
        for row, pk in zip(rows, ids, strict=True):
            progress.remember("purchase", pk, row.line)
        lots = [(row, list(_pieces(row, pk))) for row, pk in zip(rows, ids, strict=True)] if with_pieces else []
        pieces = [piece for _, lot in lots for piece in lot]
        await register_many(pieces, actor, now, "imported", progress.number_keys)
        for row, lot in lots:
            for piece in lot:
                progress.remember("asset", piece.asset.id, row.line)
        await progress.add(batch, len(pieces) if with_pieces else len(lines))


write_lines_alone = partial(write_purchases, with_pieces=False)


def _line(row: ListRow, pk: int) -> Purchase:
    values = row.values
    return Purchase(
        id=pk,
        code=values["purchase"],
        name=values["name"],
        name_en=values["name_en"],
        supplier=values["supplier"],
        contract=values["contract"],
        invoice_no=values["invoice_no"],
        invoiced_on=values.get("invoiced_on"),
        accepted_on=values["acquired_on"],
        quantity=values["quantity"],
        unit_price=values.get("unit_price") or unit_prices(values["value"] or Decimal(0), values["quantity"])[0],
    )


def _pieces(row: ListRow, purchase_id: int) -> Iterator[NewPiece]:
    columns = asset_columns(row) | {"purchase_id": purchase_id}
    prices = unit_prices(columns.pop("price"), row.values["quantity"])
    spread = row.refs.get("spread") or [(columns["room_id"], row.values["quantity"])]
    rooms = [room for room, pieces in spread for _ in range(pieces)]
    percents = row.refs.get("percents", {})
    for room, price, split in zip(rooms, prices, line_shares(prices, percents), strict=True):
        asset = Asset(**columns | {"room_id": room, "price": price}, was_unnumbered=bool(row.number_unit))
        yield NewPiece(asset, percents, split, unit=row.number_unit)
