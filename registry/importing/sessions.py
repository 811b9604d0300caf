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
from registry.core import idempotency
from registry.core.aside import aside
from registry.core.errors import N_, Conflict, Invalid, NotFound, Reason, Unavailable
from registry.core.history import Actor
from registry.core.idempotency import RequestKey
from registry.core.transaction import transaction
from registry.importing.cells import Cell, whole
from registry.importing.columns import DETAIL
from registry.importing.files import read
from registry.importing.judging import judge
from registry.importing.layout import find_list
from registry.importing.lists import write_list
from registry.importing.models import ImportState, PendingImport
from registry.importing.report import ImportReport, report_in_words
from registry.importing.rows import Translate
from registry.importing.snapshot import RegisterSnapshot, load_snapshot
from registry.people.models import Person
from registry.people.rules import grantable_roles

LIFETIME = timedelta(days=1)
# a process that has not come to the end of its writing by then is taken to be gone
CLAIM = timedelta(minutes=10)
WAITING_AT_MOST = 8
ATTEMPTS = 3
LONGEST = 2000  # characters of a correction


async def send(
    content: bytes,
    file: str,
    family: str | None,
    owner_id: int,
    now: datetime,
    request_key: RequestKey | None = None,
) -> PendingImport:
    """Check a list and store it for its sender; of more than eight the oldest go.

    Raises Invalid("import.unreadable", "import.no_header", "import.unknown_kind", "import.other_kind").
    """
    pending = PendingImport(
        id=secrets.token_urlsafe(12), owner_id=owner_id, sent_at=now, file=file, family=family, content=content
    )
    pending.report = await _packed((await _judged(pending)).as_record)
    async with transaction():
        theirs = PendingImport.filter(owner_id=owner_id).order_by("-sent_at", "-id")
        late = await theirs.offset(WAITING_AT_MOST - 1).limit(100).values_list("id", flat=True)
        await PendingImport.filter(id__in=list(late)).exclude(state=ImportState.WRITING).delete()
        await pending.save(force_create=True)
        await idempotency.record(request_key, pending)
    return pending


async def find(number: str, owner_id: int, now: datetime) -> PendingImport:
    """A list of this sender. Raises NotFound("import.unknown")."""
    pending = None
    if re.fullmatch(r"[\w-]{16}", number, re.ASCII):
        pending = await PendingImport.get_or_none(id=number, owner_id=owner_id, sent_at__gt=now - LIFETIME)
    if pending is None:
        raise NotFound("import.unknown")
    return pending


async def waiting(owner_id: int, now: datetime) -> list[PendingImport]:
    """What a sender sent within a day, newest first, without what is in it."""
    theirs = PendingImport.filter(owner_id=owner_id, sent_at__gt=now - LIFETIME).order_by("-sent_at", "-id")
    return await theirs.only("id", "file", "state", "sent_at")


async def correct(
    number: str,
    owner_id: int,
    line: int | str,
    cells: Mapping[str, Cell],
    now: datetime,
    if_revision: int | None = None,
) -> PendingImport:
    """Put other values into a row and check the list again. Columns are named as in the report, or as in the file.

    Raises NotFound: import.unknown, import.no_row; Invalid: import.no_column, request.bad_field; Conflict:
    import.written, import.being_written, request.stale.
    """
    for _ in range(ATTEMPTS):
        pending = await find(number, owner_id, now)
        _refuse_stale(pending, if_revision)
        _refuse_written(pending)
        former = await aside(record, pending)
        if all(row["line"] != line for row in former["rows"]):
            raise NotFound("import.no_row", line=line, file=pending.file)
        before, revision = pending.corrections, pending.revision
        pending.corrections = before | {str(line): before.get(str(line), {}) | _by_column(titles_of(former), cells)}
        packed = await _packed((await _judged(pending)).as_record)
        if await _store(pending.id, revision, corrections=pending.corrections, report=packed):
            return await find(number, owner_id, now)
    raise Unavailable("internal.busy")


async def commit(
    number: str,
    owner_id: int,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> PendingImport:
    """Check a list against the register as it is now and write what is accepted. A repeat writes nothing.

    Raises NotFound("import.unknown"), Conflict("import.being_written", "request.stale").
    """
    pending = await find(number, owner_id, now)
    if pending.state is ImportState.WRITTEN:
        return pending
    _refuse_stale(pending, if_revision)
    report = await _judged(pending)
    packed = await _packed(lambda: _with_former_rows(pending, report))
    claim = await _claim(pending, packed, now)
    try:
        return await _write(pending, claim, report, actor, now, request_key)
    except BaseException:
        # what is in the register already is marked: the next try goes on behind it
        await asyncio.shield(_change(pending.id, claim, state=ImportState.CHECKED))
        raise


async def _write(
    pending: PendingImport,
    claim: int,
    report: ImportReport,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None,
) -> PendingImport:
    refused = len(report.refused_rows)

    async def mark(line: int, records: int) -> None:
        nonlocal refused
        columns: dict[str, Any] = {"written_line": line, "records": pending.records + records}
        if len(report.refused_rows) > refused:  # numbers that somebody took since the check
            refused = len(report.refused_rows)
            columns["report"] = await _packed(lambda: _with_former_rows(pending, report))
        if not await PendingImport.filter(id=pending.id, revision=claim).update(**columns):
            raise Conflict("import.being_written")  # by another process: it took us for gone

    await write_list(report, actor, now, beyond=pending.written_line, milestone=mark)
    async with transaction():
        await _update(pending.id, claim, state=ImportState.WRITTEN, content=b"")
        finished = await PendingImport.get(id=pending.id)
        await idempotency.record(request_key, finished)
    return finished


def _with_former_rows(pending: PendingImport, report: ImportReport) -> dict[str, Any]:
    """The report, with the rows that a former try wrote as they were then: by now they have taken their own numbers."""
    latest = report.as_record()
    if pending.written_line:
        places = {row.place for row in report.rows if row.line <= pending.written_line}
        former = {row["line"]: row for row in record(pending)["rows"] if row["line"] in places}
        latest["rows"] = [former.get(row["line"], row) for row in latest["rows"]]
    return latest


async def forget_old(now: datetime) -> None:
    """Delete what was sent more than a day ago."""
    async with transaction():
        writing = PendingImport.filter(state=ImportState.WRITING, claimed_at__gt=now - CLAIM)
        busy = await writing.values_list("id", flat=True)
        await PendingImport.filter(sent_at__lte=now - LIFETIME).exclude(id__in=list(busy)).delete()


def record(pending: PendingImport) -> dict[str, Any]:
    """The report of a list, in no language."""
    report: dict[str, Any] = orjson.loads(zlib.decompress(pending.report))
    return report


def in_words(pending: PendingImport, translate: Translate) -> dict[str, Any]:
    """The report of a list, in the reader's language."""
    return report_in_words(record(pending), translate)


async def _judged(pending: PendingImport) -> ImportReport:
    """The list against the register as it is now. Reading thousands of rows takes a while: others are answered
    meanwhile.
    """
    sender = await Person.get(id=pending.owner_id)
    return await aside(_judge, pending, await load_snapshot(grantable_roles(sender.role)))


def _judge(pending: PendingImport, snapshot: RegisterSnapshot) -> ImportReport:
    return judge(find_list(read(bytes(pending.content), pending.file), pending.family), snapshot, pending.corrections)


def titles_of(report: Mapping[str, Any]) -> dict[str, str]:
    """The titles of a report's columns by the field that is read of them."""
    titles: dict[str, str] = {}
    for column in report["columns"]:
        if column["field"] not in (None, DETAIL):
            titles[column["field"]] = column["title"]
    return titles


async def _packed(as_record: Callable[[], dict[str, Any]]) -> bytes:
    return await aside(lambda: zlib.compress(orjson.dumps(as_record()), level=1))


def _by_column(columns: Mapping[str, str], cells: Mapping[str, Cell]) -> dict[str, Cell]:
    titles = {fold(title): column for column, title in columns.items()}
    by_column: dict[str, Cell] = {}
    for name, cell in cells.items():
        column = name if name in columns else titles.get(fold(name))
        if column is None:
            raise Invalid("import.no_column", column=name, columns=", ".join(columns))
        if column in by_column:
            raise Invalid("request.duplicate_key", field=name)
        by_column[column] = _cell(name, cell)
    return by_column


def _cell(name: str, cell: Cell) -> Cell:
    """What was typed, without what no cell can hold."""
    typed = whole(cell) if isinstance(cell, str) else cell
    if isinstance(typed, str) and len(typed) > LONGEST:
        reason = Reason(N_("it is longer than {limit} characters"), limit=LONGEST)
        raise Invalid("request.bad_field", field=name, reason=reason)
    return typed


def _refuse_stale(pending: PendingImport, if_revision: int | None) -> None:
    if if_revision is not None and if_revision != pending.revision:
        raise Conflict("request.stale")


def _refuse_written(pending: PendingImport) -> None:
    if pending.state is ImportState.WRITTEN:
        raise Conflict("import.written")
    if pending.state is ImportState.WRITING or pending.written_line:
        raise Conflict("import.being_written")


async def _store(number: str, revision: int, **columns: Any) -> bool:
    """Whether the list waited with this revision still, and is changed now."""
    async with transaction():
        same = PendingImport.filter(id=number, revision=revision, state=ImportState.CHECKED)
        return bool(await same.update(**columns, revision=revision + 1))


async def _claim(pending: PendingImport, report: bytes, now: datetime) -> int:
    """The revision under which this process alone writes: nobody does, or who did has gone.

    Raises Conflict("import.being_written").
    """
    if pending.state is ImportState.WRITING and pending.claimed_at and pending.claimed_at > now - CLAIM:
        raise Conflict("import.being_written")
    async with transaction():
        same = PendingImport.filter(id=pending.id, revision=pending.revision, state=pending.state)
        columns = {"state": ImportState.WRITING, "claimed_at": now, "report": report}
        if not await same.update(**columns, revision=pending.revision + 1):
            raise Conflict("import.being_written")
    return pending.revision + 1


async def _change(number: str, revision: int, **columns: Any) -> None:
    async with transaction():
        await _update(number, revision, **columns)


async def _update(number: str, revision: int, **columns: Any) -> None:
    await PendingImport.filter(id=number, revision=revision).update(**columns, revision=revision + 1)
