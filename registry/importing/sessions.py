"""Lists that were sent and wait to be written: in the database, so that any process can go on with them.

A list is checked when it comes, again with every correction, and once more when it is written. How far the writing
came stands in the transaction of each batch: after a crash it goes on behind the last line that is in the register.
"""

import asyncio
import re
import secrets
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from registry.assets.rules import fold
from registry.core.errors import N_, Conflict, Invalid, NotFound, Reason, Unavailable
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.importing import report, writing
from registry.importing.cells import Cell, whole
from registry.importing.files import read
from registry.importing.models import ImportState, PendingImport
from registry.importing.report import Report
from registry.importing.rows import Known

KEPT = timedelta(days=1)
# a process that has not come to the end of its writing by then is taken to be gone
CLAIM = timedelta(minutes=10)
AT_ONCE = 8
TRIES = 3
LONGEST = 2000


async def send(content: bytes, file: str, family: str | None, owner_id: int, now: datetime) -> PendingImport:
    """Check a list and keep it for its sender; of more than eight the oldest go.

    Raises Invalid("import.unreadable", "import.no_header", "import.unknown_kind", "import.other_kind").
    """
    packed = await _packed((await _checked(content, file, family, {})).as_record)
    async with transaction():
        theirs = PendingImport.filter(owner_id=owner_id).order_by("-sent_at", "-id")
        late = await theirs.offset(AT_ONCE - 1).limit(100).values_list("id", flat=True)
        await PendingImport.filter(id__in=list(late)).exclude(state=ImportState.WRITING).delete()
        return await PendingImport.create(
            id=secrets.token_urlsafe(12), owner_id=owner_id, sent_at=now, file=file, family=family, content=content,
            report=packed,
        )  # fmt: skip


async def find(number: str, owner_id: int, now: datetime) -> PendingImport:
    """A list of this sender. Raises NotFound("import.unknown")."""
    found = None
    if re.fullmatch(r"[\w-]{16}", number, re.ASCII):
        found = await PendingImport.get_or_none(id=number, owner_id=owner_id, sent_at__gt=now - KEPT)
    if found is None:
        raise NotFound("import.unknown")
    return found


async def waiting(owner_id: int, now: datetime) -> list[PendingImport]:
    """What a sender sent within a day, newest first, without what is in it."""
    found = PendingImport.filter(owner_id=owner_id, sent_at__gt=now - KEPT).order_by("-sent_at", "-id")
    return await found.only("id", "file", "state", "sent_at")


async def correct(
    number: str, owner_id: int, line: int, given: Mapping[str, Cell], now: datetime, if_revision: int | None = None
) -> PendingImport:
    """Put other values into a row and check the list again. Columns are named as in the report, or as in the file.

    Raises NotFound: import.unknown, import.no_row; Invalid: import.no_column, request.bad_field; Conflict:
    import.written, import.being_written, request.stale.
    """
    for _ in range(TRIES):
        found = await find(number, owner_id, now)
        _refuse_stale(found, if_revision)
        _refuse_written(found)
        former = await asyncio.to_thread(record, found)
        if all(row["line"] != line for row in former["rows"]):
            raise NotFound("import.no_row", line=line, file=found.file)
        told = found.corrections
        corrections = told | {str(line): told.get(str(line), {}) | _named(former["columns"], given)}
        report = await _checked(bytes(found.content), found.file, found.family, corrections)
        if await _changed(found, corrections=corrections, report=await _packed(report.as_record)):
            return await find(number, owner_id, now)
    raise Unavailable("internal.busy")


async def commit(
    number: str, owner_id: int, actor: Actor, now: datetime, if_revision: int | None = None
) -> PendingImport:
    """Check a list against the register as it is now and write what is accepted. A repeat writes nothing.

    Raises NotFound("import.unknown"), Conflict("import.being_written", "request.stale").
    """
    found = await find(number, owner_id, now)
    if found.state is ImportState.WRITTEN:
        return found
    _refuse_stale(found, if_revision)
    report = await _checked(bytes(found.content), found.file, found.family, found.corrections)
    packed = await _packed(lambda: _behind(found, report))
    claimed = await _claimed(found, packed, now)
    try:
        await _write(found, claimed, report, actor, now)
    except BaseException:
        # what is in the register already is marked: the next try goes on behind it
        await asyncio.shield(_change(found.id, claimed, state=ImportState.CHECKED))
        raise
    return await find(number, owner_id, now)


async def _write(found: PendingImport, claimed: int, report: Report, actor: Actor, now: datetime) -> None:
    refused = len(report.refused)

    async def done(line: int, records: int) -> None:
        nonlocal refused
        columns: dict[str, Any] = {"written_line": line, "records": found.records + records}
        if len(report.refused) > refused:  # numbers that somebody took since the check
            refused = len(report.refused)
            columns["report"] = await _packed(lambda: _behind(found, report))
        if not await PendingImport.filter(id=found.id, revision=claimed).update(**columns):
            raise Conflict("import.being_written")  # by another process: it took us for gone

    await writing.write(report, actor, now, beyond=found.written_line, done=done)
    await _change(found.id, claimed, state=ImportState.WRITTEN, content=b"")


def _behind(found: PendingImport, report: Report) -> dict[str, Any]:
    """The report, with the rows that a former try wrote as they were then: by now they have taken their own numbers."""
    told = report.as_record()
    if found.written_line:
        former = {row["line"]: row for row in record(found)["rows"] if row["line"] <= found.written_line}
        told["rows"] = [former.get(row["line"], row) for row in told["rows"]]
    return told


async def forget_old(now: datetime) -> None:
    """Delete what was sent more than a day ago."""
    async with transaction():
        writing = PendingImport.filter(state=ImportState.WRITING, claimed_at__gt=now - CLAIM)
        busy = await writing.values_list("id", flat=True)
        await PendingImport.filter(sent_at__lte=now - KEPT).exclude(id__in=list(busy)).delete()


def record(found: PendingImport) -> dict[str, Any]:
    """What is known of a list, in no language."""
    told: dict[str, Any] = orjson.loads(zlib.decompress(found.report))
    return told


def in_words(found: PendingImport, translate: Callable[[str], str]) -> dict[str, Any]:
    """What is known of a list, in the reader's language."""
    return report.report_in_words(record(found), translate)


async def _checked(
    content: bytes, file: str, family: str | None, corrections: Mapping[str, Mapping[str, Cell]]
) -> Report:
    """Reading thousands of rows takes a while: others are answered meanwhile."""
    known = await writing.known()
    return await asyncio.to_thread(_judge, content, file, family, corrections, known)


def _judge(
    content: bytes, file: str, family: str | None, corrections: Mapping[str, Mapping[str, Cell]], known: Known
) -> Report:
    sheet, header = report.find(read(content, file), family)
    return report.check(sheet, header, known, {int(line): cells for line, cells in corrections.items()})


async def _packed(told: Callable[[], dict[str, Any]]) -> bytes:
    return await asyncio.to_thread(lambda: zlib.compress(orjson.dumps(told()), level=1))


def _named(columns: Mapping[str, str], given: Mapping[str, Cell]) -> dict[str, Cell]:
    titles = {fold(title): column for column, title in columns.items()}
    named: dict[str, Cell] = {}
    for name, cell in given.items():
        column = name if name in columns else titles.get(fold(name))
        if column is None:
            raise Invalid("import.no_column", column=name, columns=", ".join(columns))
        if column in named:
            raise Invalid("request.duplicate_key", field=name)
        named[column] = _cell(name, cell)
    return named


def _cell(name: str, cell: Cell) -> Cell:
    """What was typed, without what no cell can hold."""
    typed = whole(cell) if isinstance(cell, str) else cell
    if isinstance(typed, str) and len(typed) > LONGEST:
        reason = Reason(N_("it is longer than {limit} characters"), limit=LONGEST)
        raise Invalid("request.bad_field", field=name, reason=reason)
    return typed


def _refuse_stale(found: PendingImport, if_revision: int | None) -> None:
    if if_revision is not None and if_revision != found.revision:
        raise Conflict("request.stale")


def _refuse_written(found: PendingImport) -> None:
    if found.state is ImportState.WRITTEN:
        raise Conflict("import.written")
    if found.state is ImportState.WRITING or found.written_line:
        raise Conflict("import.being_written")


async def _changed(found: PendingImport, **columns: Any) -> bool:
    """Whether it was still as ``found`` says, and is changed now."""
    async with transaction():
        still = PendingImport.filter(id=found.id, revision=found.revision, state=ImportState.CHECKED)
        return bool(await still.update(**columns, revision=found.revision + 1))


async def _claimed(found: PendingImport, report: bytes, now: datetime) -> int:
    """The revision under which this process alone writes: nobody does, or who did has gone.

    Raises Conflict("import.being_written").
    """
    if found.state is ImportState.WRITING and found.claimed_at and found.claimed_at > now - CLAIM:
        raise Conflict("import.being_written")
    async with transaction():
        still = PendingImport.filter(id=found.id, revision=found.revision, state=found.state)
        columns = {"state": ImportState.WRITING, "claimed_at": now, "report": report}
        if not await still.update(**columns, revision=found.revision + 1):
            raise Conflict("import.being_written")
    return found.revision + 1


async def _change(number: str, revision: int, **columns: Any) -> None:
    async with transaction():
        await PendingImport.filter(id=number, revision=revision).update(**columns, revision=revision + 1)
