"""Lists that leave the register as files."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import xlsxwriter

from config.commands.lists import csv_lines
from registry.bookings.models import Booking
from registry.core.history import HistoryEntry
from registry.exporting.tables import export_assets, guarded
from registry.rooms.models import Visibility

BOOKINGS = ("id", "pomieszczenie", "od", "do", "rodzaj", "status", "liczba osób", "instytucja", "rezerwujący", "tytuł")
HISTORY = ("lp", "kiedy", "kto", "skąd", "czynność", "obiekt", "przed", "po", "powód", "skrót")
HELP_POINT = (Visibility.CONFIDENTIAL, Visibility.HIDDEN)


async def exported(what: str, format_: str) -> bytes:
    """The bytes of a list: assets, bookings or history, as csv (UTF-8 with BOM, semicolons) or xlsx."""
    if what == "assets":
        out = BytesIO()
        await export_assets(out, format_)
        return out.getvalue()
    head, rows = (BOOKINGS, _bookings()) if what == "bookings" else (HISTORY, _history())
    return await (_xlsx(head, rows) if format_ == "xlsx" else _csv(head, rows))


async def _bookings() -> AsyncIterator[tuple[Any, ...]]:
    """A Help Point room's bookings leave without anybody in them; a hidden room's do not leave."""
    found = Booking.exclude(room__visibility=Visibility.HIDDEN).order_by("starts_at")
    async for one in found.select_related("room__building__site", "organizer", "institution"):
        zone = ZoneInfo(one.room.building.site.timezone)
        times = (one.starts_at.astimezone(zone).isoformat(), one.ends_at.astimezone(zone).isoformat())
        if one.room.visibility in HELP_POINT:
            yield "", one.room.code, *times, "", "", "", "", "", ""
            continue
        institution = one.institution.code if one.institution else ""
        organizer = one.organizer.login if one.organizer else ""
        yield (
            str(one.id), one.room.code, *times, str(one.kind), str(one.status), one.attendees or "", institution,
            organizer, one.title,
        )  # fmt: skip


async def _history() -> AsyncIterator[tuple[Any, ...]]:
    async for one in HistoryEntry.all().order_by("id"):
        yield (
            one.id, one.at.isoformat(), one.actor, one.source, one.action, one.object, _text(one.before),
            _text(one.after), one.reason, one.hash,
        )  # fmt: skip


def _text(value: Any) -> str:
    return "" if value is None else orjson.dumps(value).decode()


async def _csv(head: tuple[str, ...], rows: AsyncIterator[tuple[Any, ...]]) -> bytes:
    parts = [csv_lines([head])]
    async for row in rows:
        parts.append(csv_lines([[guarded(str(cell)) for cell in row]]))
    return ("\ufeff" + "".join(parts)).encode()


async def _xlsx(head: tuple[str, ...], rows: AsyncIterator[tuple[Any, ...]]) -> bytes:
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Izba")
    sheet.write_row(0, 0, head)
    number = 0
    async for row in rows:
        number += 1
        sheet.write_row(number, 0, [str(cell) for cell in row])
    book.close()
    return out.getvalue()
