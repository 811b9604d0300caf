"""Writing a sent list: beside the requests, in transactions that each say how far it came.

After a crash it goes on behind the last line that is in the register.
"""

from bisect import bisect_right
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

from registry.core import history
from registry.core.claims import work
from registry.core.errors import Conflict
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.importing.claims import LISTS
from registry.importing.lists import write_list
from registry.importing.models import ImportState, PendingImport
from registry.importing.report import ImportReport
from registry.importing.sessions import find, judged, packed, record, refuse_stale
from registry.importing.undo import go_on_undoing


async def commit(
    number: str,
    owner_id: int,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    patience: float | None = None,
) -> PendingImport:
    """Check a list against the register as it is now and write what is accepted. A repeat writes nothing.

    It is waited for ``patience`` seconds at most, then it goes on by itself: the list says how far it came. Raises
    NotFound("import.unknown"), Conflict("import.being_written", "import.undone", "request.stale").
    """
    pending = await find(number, owner_id, now)
    if pending.state is ImportState.WRITTEN:
        return pending
    refuse_stale(pending, if_revision)
    if pending.state is ImportState.UNDONE:
        raise Conflict("import.undone")
    revision = await LISTS.claim(pending, ImportState.WRITING, actor, now)
    await work(f"import {number}", go_on_writing(pending, revision, actor, now), patience)
    return await find(number, owner_id, now)


async def go_on_writing(pending: PendingImport, revision: int, actor: Actor, now: datetime) -> None:
    """Write what is not in the register yet of a list that this process claimed under this revision."""
    async with LISTS.held(pending.id, revision, ImportState.CHECKED, now):
        report = await judged(pending, now)
        accepted = len(report.accepted_rows)
        columns = {"report": await packed(lambda: _with_former_rows(pending, report)), "accepted": accepted}
        async with transaction():
            await LISTS.update(pending.id, revision, **columns)
        await _write(pending, revision, report, actor, now)


async def _write(pending: PendingImport, revision: int, report: ImportReport, actor: Actor, now: datetime) -> None:
    refused = len(report.refused_rows)
    lines = [row.line for row in report.accepted_rows]

    async def mark(line: int, records: int) -> None:
        nonlocal refused
        columns: dict[str, Any] = {
            "written_line": line, "records": pending.records + records, "finished": bisect_right(lines, line),
        }  # fmt: skip
        if len(report.refused_rows) > refused:  # numbers that somebody took since the check
            refused = len(report.refused_rows)
            columns["report"] = await packed(lambda: _with_former_rows(pending, report))
        await LISTS.update(pending.id, revision, **columns)

    await write_list(report, actor, now, beyond=pending.written_line, milestone=mark, number=pending.id)
    async with transaction():
        columns: dict[str, Any] = {"state": ImportState.WRITTEN, "written_at": now, "claimed_at": None}
        if not report.refused_rows:
            columns["content"] = b""
        await LISTS.update(pending.id, revision, **columns, revision=revision + 1)
        latest = await PendingImport.get(id=pending.id)
        words = {"file": latest.file, "records": latest.records}
        await history.write(f"import:{pending.id}", "written", actor, now, after=words)


def _with_former_rows(pending: PendingImport, report: ImportReport) -> dict[str, Any]:
    """The report, with the rows that a former try wrote as they were then: by now they have taken their own numbers."""
    latest = report.as_record()
    if pending.written_line:
        places = {row.place for row in report.rows if row.line <= pending.written_line}
        former = {row["line"]: row for row in record(pending)["rows"] if row["line"] in places}
        latest["rows"] = [former.get(row["line"], row) for row in latest["rows"]]
    return latest


async def take_up(now: datetime, is_alone: bool = False) -> int:
    """Go on with what a process left that has gone. Returns how many lists that are. ``is_alone``: no other process
    works on this register, as on SQLite.
    """

    def steps(pending: PendingImport, revision: int, actor: Actor) -> Coroutine[Any, Any, None]:
        go_on = go_on_writing if pending.state is ImportState.WRITING else go_on_undoing
        return go_on(pending, revision, actor, now)

    return await LISTS.take_up(now, is_alone, steps)
