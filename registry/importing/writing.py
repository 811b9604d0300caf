"""Writing a checked import: in transactions of some 500 rows, each with its history, tags and funding shares."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from registry.assets.intake import NewPiece, register_many
from registry.assets.models import Asset, Purchase
from registry.assets.rules import fold, number_key, search_text, unit_prices
from registry.core import history
from registry.core.history import Actor
from registry.core.statements import reserve_ids
from registry.grants.models import Grant
from registry.importing.files import read
from registry.importing.people import WRITERS
from registry.importing.report import Report, check, find, judged
from registry.importing.rows import Known, KnownGrant, Problem, Row
from registry.people.models import Institution, Person
from registry.rooms.lock import changing
from registry.rooms.models import Building, Room

BATCH = 500


Done = Callable[[int, int], Awaitable[None]]


@dataclass(slots=True)
class Written:
    """How many records an import made, and the rows it refused."""

    records: int = 0
    refused: list[Row] = field(default_factory=list)
    done: Done | None = None

    async def add(self, batch: list[Row], records: int) -> None:
        """Count what a transaction wrote, at its end."""
        self.records += records
        if self.done:
            await self.done(batch[-1].line, self.records)


async def known() -> Known:
    """What the register holds that a list may refer to."""
    rooms = await Room.all().values_list("id", "code", "number")
    found = Known(
        rooms={fold(code): pk for pk, code, _ in rooms},
        room_codes={pk: code for pk, code, _ in rooms},
        people={fold(login): pk for pk, login in await Person.all().values_list("id", "login")},
        buildings={fold(code): pk for pk, code in await Building.all().values_list("id", "code")},
        institutions={fold(code): pk for pk, code in await Institution.all().values_list("id", "code")},
        purchases={fold(code): pk for pk, code in await Purchase.all().values_list("id", "code")},
    )
    for pk, _, number in rooms:
        found.room_numbers.setdefault(fold(number), []).append(pk)
    grants = await Grant.all().order_by("id").values_list("id", "code", "fund", "percent")
    found.grants = [KnownGrant(*grant) for grant in grants]
    numbers = await Asset.exclude(inventory_no=None).values_list("inventory_no", flat=True)
    found.inventory_nos = {number_key(str(number)) for number in numbers}
    return found


async def checked(
    source: str | Path | bytes, filename: str = "", family: str | None = None, encoding: str | None = None
) -> Report:
    """A file read and judged against the register. ``family``: assets, rooms, people or None for what it looks like.

    Raises NotFound("import.no_file"), Invalid("import.unreadable", "import.no_header", "import.unknown_kind",
    "import.other_kind").
    """
    sheet, header = find(read(source, filename, encoding), family)
    return check(sheet, header, await known())


async def checked_and_written(
    source: str | Path | bytes, filename: str, family: str | None, actor: Actor, now: datetime
) -> tuple[Report, Written]:
    """As ``checked`` and ``write``, row after row: a long list takes no more memory than a short one. The report holds
    only the rows that have a problem.
    """
    sheet, header = find(read(source, filename), family)
    report = Report(sheet=sheet, header=header, rows=[], skipped=[])
    written = await _write(report.kind, _passing(report, await known()), actor, now, Written(), pieces=True)
    told = {row.line for row in report.rows}
    late = [row for row in written.refused if row.line not in told]
    report.passed -= len(late)
    report.rows = sorted([*report.rows, *late], key=lambda row: row.line)
    return report, written


def _passing(report: Report, known: Known) -> Iterator[Row]:
    for row in judged(report, known):
        if row.problems:
            report.rows.append(row)
        else:
            report.passed += 1
        if row.status != "error":
            yield row


async def write(
    report: Report,
    actor: Actor,
    now: datetime,
    *,
    pieces: bool = True,
    beyond: int = 0,
    done: Done | None = None,
) -> Written:
    """Write what was accepted. Refused rows stay out; the rest is written whatever happens to them.

    ``pieces=False`` takes the lines of a purchase list without the pieces they stand for, when a list with one row a
    piece follows. Only lines ``beyond`` one are written; ``done`` is awaited at the end of each transaction with the
    last line that it wrote and the records so far.
    """
    written = Written(refused=list(report.refused), done=done)
    rows = (row for row in report.accepted if row.line > beyond)
    return await _write(report.kind, rows, actor, now, written, pieces)


async def _write(
    kind: str, rows: Iterator[Row], actor: Actor, now: datetime, written: Written, pieces: bool
) -> Written:
    while batch := list(islice(rows, BATCH)):
        if kind == "assets":
            await _write_assets(batch, actor, now, written)
        elif kind == "purchases":
            await _write_purchases(batch, actor, now, written, pieces)
        else:
            await WRITERS[kind](batch, actor, now, written.add)
    return written


async def _write_assets(batch: list[Row], actor: Actor, now: datetime, written: Written) -> None:
    rooms = {row.refs["room_id"] for row in batch if row.refs.get("room_id")}
    async with changing(*rooms):
        free = await _still_free(batch, written)
        rest, numbered = await _number_pieces(free, actor, now)
        fresh = [one for row in rest for one in _records(row)]
        await register_many(fresh, actor, now, "imported")
        await written.add(batch, len(fresh) + numbered)


async def _still_free(batch: list[Row], written: Written) -> list[Row]:
    """Refuse the numbers that somebody else took since the check."""
    numbers = [row.values["inventory_no"] for row in batch if row.values["inventory_no"]]
    taken = set(await Asset.filter(inventory_no__in=numbers).values_list("inventory_no", flat=True)) if numbers else ()
    free = [row for row in batch if row.values["inventory_no"] not in taken or not row.values["inventory_no"]]
    for row in batch:
        if row.values["inventory_no"] and row.values["inventory_no"] in taken:
            row.problems.append(Problem("INVENTORY_NO_TAKEN", "", row.values["inventory_no"]))
            written.refused.append(row)
    return free


async def _number_pieces(batch: list[Row], actor: Actor, now: datetime) -> tuple[list[Row], int]:
    """Give numbers to pieces that their purchase already brought, instead of registering them twice."""
    purchases = {row.refs["purchase_id"] for row in batch if row.refs.get("purchase_id")}
    waiting: dict[tuple[int, int | None], list[int]] = {}
    if purchases:
        found = Asset.filter(purchase_id__in=purchases, inventory_no=None, quantity=1).order_by("-id")
        for pk, purchase, room in await found.values_list("id", "purchase_id", "room_id"):
            waiting.setdefault((purchase, room), []).append(pk)
    rest, numbered = [], 0
    for row in batch:
        ready = waiting.get((row.refs.get("purchase_id", 0), row.refs.get("room_id")))
        if not (ready and row.values["inventory_no"] and row.values["quantity"] == 1):
            rest.append(row)
            continue
        await _number(ready.pop(), row, actor, now)
        numbered += 1
    return rest, numbered


async def _number(asset_id: int, row: Row, actor: Actor, now: datetime) -> None:
    told = {key: value for key, value in _columns(row).items() if value not in (None, "") and key != "purchase_id"}
    told.pop("price")
    await Asset.filter(id=asset_id).update(**told)
    after = {"inventory_no": told["inventory_no"], "serial_no": told.get("serial_no", "")}
    await history.write(f"asset:{asset_id}", "numbered", actor, now, after=after)


def _records(row: Row) -> Iterator[NewPiece]:
    columns = _columns(row)
    percents = row.refs.get("percents", {})
    quantity = row.values["quantity"]
    if quantity == 1 or row.values["inventory_no"]:
        yield NewPiece(Asset(**columns, quantity=quantity), percents)
        return
    for price in unit_prices(columns.pop("price"), quantity):
        yield NewPiece(Asset(**columns, price=price), percents)


def _columns(row: Row) -> dict[str, Any]:
    values, refs = row.values, row.refs
    note = "\n".join(part for part in (values.get("note") or "", *refs.get("kept", ())) if part)
    columns = {
        "inventory_no": values["inventory_no"],
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
        "search_text": _search_text(values, note),
    }
    for state in ("lifecycle", "condition"):
        if values.get(state):
            columns[state] = values[state]
    return columns


def _search_text(values: dict[str, Any], note: str) -> str:
    parts = (values["name"], values["inventory_no"], values["serial_no"], values["kst"], values.get("category"),
             values.get("purchase"), note)  # fmt: skip
    return search_text(*parts)


async def _write_purchases(batch: list[Row], actor: Actor, now: datetime, written: Written, pieces: bool) -> None:
    rooms = {room for row in batch for room, _ in row.refs.get("spread", ()) if room} if pieces else set()
    async with changing(*rooms):
        ids = await reserve_ids("purchase", len(batch))
        lines = [_purchase(row, pk) for row, pk in zip(batch, ids, strict=True)]
        await Purchase.bulk_create(lines, batch_size=BATCH)
        told = [(f"purchase:{line.id}", {"code": line.code, "quantity": line.quantity}) for line in lines]
        await history.write_new(told, "imported", actor, now)
        fresh = [one for row, pk in zip(batch, ids, strict=True) for one in _pieces(row, pk)] if pieces else []
        await register_many(fresh, actor, now, "imported")
        await written.add(batch, len(fresh) if pieces else len(lines))


def _purchase(row: Row, pk: int) -> Purchase:
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


def _pieces(row: Row, purchase_id: int) -> Iterator[NewPiece]:
    columns = _columns(row) | {"purchase_id": purchase_id}
    prices = unit_prices(columns.pop("price"), row.values["quantity"])
    spread = row.refs.get("spread") or [(columns["room_id"], row.values["quantity"])]
    rooms = [room for room, pieces in spread for _ in range(pieces)]
    for room, price in zip(rooms, prices, strict=True):
        yield NewPiece(Asset(**columns | {"room_id": room, "price": price}), row.refs.get("percents", {}))
