"""Lists that were sent and wait to be written: in the database, so that any process can go on with them.

A list is checked when it comes, again with every correction, and once more when it is written. Once written it stays
known, so that it can be undone and its refused rows fetched.
"""

import hashlib
import re
import secrets
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from tortoise.expressions import Q

from registry.assets.next_numbers import check_unit
from registry.assets.rules import fold
from registry.core import idempotency
from registry.core.aside import aside
from registry.core.claims import CLAIM
from registry.core.errors import N_, Conflict, Invalid, NotFound, Reason, Unavailable
from registry.core.idempotency import RequestKey
from registry.core.transaction import transaction
from registry.importing.cells import Cell, whole
from registry.importing.change_names import change_names
from registry.importing.choices import ListChoices
from registry.importing.claims import AT_WORK
from registry.importing.columns import DETAIL
from registry.importing.coming_numbers import look_at_numbers
from registry.importing.files import read
from registry.importing.judging import judge
from registry.importing.layout import find_list
from registry.importing.models import ColumnLayout, ImportedRecord, ImportState, PendingImport
from registry.importing.report import ImportReport, report_in_words
from registry.importing.row_cells import lines_with
from registry.importing.rows import Translate
from registry.importing.snapshot import RegisterSnapshot, load_snapshot
from registry.importing.updates import compare
from registry.people.models import Person
from registry.people.rules import grantable_roles, may
from registry.rooms.queries import office_day

LIFETIME = timedelta(days=1)
# once it is written
KEPT = timedelta(days=400)
FORGOTTEN = timedelta(days=1100)  # the layout of a list that nobody sent for three years
WAITING_AT_MOST = 8
LATEST = 20
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
    report = await judged(pending, now)
    if columns := await _remembered(report, now):
        pending.choices = ListChoices(columns=columns).as_record()
        report = await judged(pending, now)
    pending.report = await packed(report.as_record)
    async with transaction():
        theirs = PendingImport.filter(owner_id=owner_id, state=ImportState.CHECKED, written_line=0)
        late = theirs.order_by("-sent_at", "-id").offset(WAITING_AT_MOST - 1).limit(100)
        await PendingImport.filter(id__in=list(await late.values_list("id", flat=True))).delete()
        await pending.save(force_create=True)
        await idempotency.record(request_key, pending)
    return pending


async def find(number: str, owner_id: int, now: datetime) -> PendingImport:
    """A list of this sender. Raises NotFound("import.unknown")."""
    pending = None
    if re.fullmatch(r"[\w-]{16}", number, re.ASCII):
        pending = await PendingImport.get_or_none(_is_known(now), id=number, owner_id=owner_id)
    if pending is None:
        raise NotFound("import.unknown")
    return pending


def _is_known(now: datetime) -> Q:
    """A list waits a day to be written; what was begun stays known."""
    waits = Q(state=ImportState.CHECKED, written_line=0)
    return Q(waits, sent_at__gt=now - LIFETIME) | Q(~waits, sent_at__gt=now - KEPT)


async def latest(owner_id: int, now: datetime) -> list[PendingImport]:
    """What a sender sent, newest first and twenty at most, without what is in it."""
    theirs = PendingImport.filter(_is_known(now), owner_id=owner_id).order_by("-sent_at", "-id").limit(LATEST)
    return await theirs.only("id", "file", "state", "sent_at", "records", "written_line", "accepted", "finished")


async def newest(limit: int) -> list[dict[str, Any]]:
    """The lists that were sent last, by anybody: id, file, state, sent_at, records, and whose."""
    rows = PendingImport.all().order_by("-sent_at").limit(limit)
    return await rows.values("id", "file", "state", "sent_at", "records", owner="owner__name")


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

    def edit(pending: PendingImport, report: dict[str, Any]) -> None:
        if all(row["line"] != line for row in report["rows"]):
            raise NotFound("import.no_row", line=line, file=pending.file)
        _correct(pending, [line], _by_column(titles_of(report), cells))

    return await _edit(number, owner_id, edit, now, if_revision)


async def correct_word(
    number: str, owner_id: int, column: str, word: str, cell: Cell, now: datetime, if_revision: int | None = None
) -> PendingImport:
    """Put another value into each row whose problem in a column names this word: one answer for all of them.

    Raises as ``correct``; NotFound("import.no_word").
    """

    def edit(pending: PendingImport, report: dict[str, Any]) -> None:
        by_column = _by_column(titles_of(report), {column: cell})
        title = titles_of(report)[next(iter(by_column))]
        lines = [
            row["line"]
            for row in report["rows"]
            if any(one["column"] == title and one["given"] == word for one in row["problems"])
        ]
        if not lines:
            raise NotFound("import.no_word", word=word, column=title)
        _correct(pending, lines, by_column)

    return await _edit(number, owner_id, edit, now, if_revision)


async def correct_same(
    number: str, owner_id: int, column: str, word: str, cell: Cell, now: datetime, if_revision: int | None = None
) -> PendingImport:
    """Put another value into each row in whose cell of a column this word stands, whatever was said of it.

    Raises as ``correct``; NotFound("import.no_word").
    """
    pending = await find(number, owner_id, now)
    titles = titles_of(await aside(record, pending))
    by_column = _by_column(titles, {column: cell})
    name = next(iter(by_column))
    lines = frozenset((await aside(lines_with, pending, {name: word}, titles))[name])

    def edit(pending: PendingImport, report: dict[str, Any]) -> None:
        rows = [row["line"] for row in report["rows"] if str(row["line"]) in lines]
        if not rows:
            raise NotFound("import.no_word", word=word, column=titles[name])
        _correct(pending, rows, by_column)

    # what was looked for stands in this revision
    return await _edit(number, owner_id, edit, now, pending.revision if if_revision is None else if_revision)


async def choose(
    number: str, owner_id: int, wishes: Mapping[str, Any], now: datetime, if_revision: int | None = None
) -> PendingImport:
    """Say what of the file is the list: ``wishes`` are some of the names of ListChoices, the others stay as they are.
    What the columns hold is remembered for the next list with these titles. What stays as it is goes by its column, or
    by the change: see :func:`registry.importing.change_names.change_names`.

    Raises as ``correct`` and what ``find_list`` does; Invalid("import.changes_nothing");
    Conflict("numbering.no_scheme") for a unit that numbers nothing.
    """
    if unit := wishes.get("number_unit"):
        await check_unit(unit, await office_day(now))

    def edit(pending: PendingImport, report: dict[str, Any]) -> None:
        former = pending.choices or {}
        columns = dict(former.get("columns") or {}) | dict(wishes.get("columns") or {})
        merged = former | dict(wishes) | _kept(report, wishes) | {"columns": columns}
        pending.choices = ListChoices.from_record(merged).as_record()

    pending = await _edit(number, owner_id, edit, now, if_revision)
    if wishes.get("columns"):
        await _remember(await aside(record, pending), pending, now)
    return pending


def _kept(report: Mapping[str, Any], wishes: Mapping[str, Any]) -> dict[str, Any]:
    """What these wishes leave as it is, in all rows and by line, as the changes of the rows are called."""
    for_all, by_line = wishes.get("keep") or (), wishes.get("keep_rows") or {}
    names = _change_names(report, {*for_all, *(column for columns in by_line.values() for column in columns)})
    rows = {line: [names[column] for column in columns] for line, columns in by_line.items()}
    lists: dict[str, Any] = {"keep": [names[column] for column in for_all], "keep_rows": rows}
    return {name: value for name, value in lists.items() if name in wishes}


def _change_names(report: Mapping[str, Any], columns: Collection[str]) -> dict[str, str]:
    titles = titles_of(report).items() if report["kind"] == "assets" else ()
    changes = {name for row in report["rows"] for name in row.get("changes", ())}
    return change_names(columns, titles, changes)


async def choose_changes(
    number: str, owner_id: int, offered: Collection[str], ticks: Collection[str], line: str, now: datetime
) -> PendingImport:
    """Of the changes that were ``offered`` those without one of the ``ticks`` are not made: in the row of a line,
    without one in all. What was not offered stays as it was chosen. Raises as ``choose``.
    """

    def edit(pending: PendingImport, report: dict[str, Any]) -> None:
        former = ListChoices.from_record(pending.choices or {})
        rest = _change_names(report, {*offered} - {*ticks}).values()
        names = {*(former.keep_rows.get(line, ()) if line else former.keep)} - {*offered} | {*rest}
        rows = {**former.keep_rows, line: sorted(names)} if line else former.keep_rows
        choices = replace(former, keep=former.keep if line else frozenset(names), keep_rows=rows)
        pending.choices = choices.as_record()

    return await _edit(number, owner_id, edit, now, None)


Edit = Callable[[PendingImport, dict[str, Any]], None]


async def _edit(number: str, owner_id: int, edit: Edit, now: datetime, if_revision: int | None) -> PendingImport:
    """Change a list that waits, given its report, and check it again."""
    for _ in range(ATTEMPTS):
        pending = await find(number, owner_id, now)
        refuse_stale(pending, if_revision)
        _refuse_written(pending)
        revision = pending.revision
        edit(pending, await aside(record, pending))
        report = await packed((await judged(pending, now)).as_record)
        columns = {"corrections": pending.corrections, "choices": pending.choices, "report": report}
        if await _store(pending.id, revision, **columns):
            return await find(number, owner_id, now)
    raise Unavailable("internal.busy")


def _correct(pending: PendingImport, lines: Sequence[int | str], cells: Mapping[str, Cell]) -> None:
    before = pending.corrections
    pending.corrections = before | {str(line): before.get(str(line), {}) | dict(cells) for line in lines}


async def _remembered(report: ImportReport, now: datetime) -> dict[str, str | None]:
    """What somebody said of the columns of a list with these titles before."""
    digest = _digest(report.kind, [column.title for column in report.tally.filled()])
    layout = await ColumnLayout.get_or_none(digest=digest)
    if layout is None:
        return {}
    await ColumnLayout.filter(digest=digest).update(used_at=now)
    return layout.columns


async def _remember(report: dict[str, Any], pending: PendingImport, now: datetime) -> None:
    digest = _digest(report["kind"], [column["title"] for column in report["columns"]])
    columns = pending.choices["columns"]
    async with transaction():
        if not await ColumnLayout.filter(digest=digest).update(columns=columns, used_at=now):
            await ColumnLayout.create(digest=digest, columns=columns, used_at=now)


def _digest(kind: str, titles: Sequence[str]) -> str:
    return hashlib.sha256(orjson.dumps([kind, *map(fold, titles)])).hexdigest()


async def forget_old(now: datetime) -> None:
    """Delete what waited for more than a day, and what was written more than a year ago."""
    async with transaction():
        busy = PendingImport.filter(state__in=AT_WORK, claimed_at__gt=now - CLAIM)
        old = PendingImport.filter(~_is_known(now)).exclude(id__in=list(await busy.values_list("id", flat=True)))
        numbers = list(await old.values_list("id", flat=True))
        await ImportedRecord.filter(import_number__in=numbers).delete()
        await PendingImport.filter(id__in=numbers).delete()
        await ColumnLayout.filter(used_at__lt=now - FORGOTTEN).delete()


def record(pending: PendingImport) -> dict[str, Any]:
    """The report of a list, in no language."""
    report: dict[str, Any] = orjson.loads(zlib.decompress(pending.report))
    return report


def in_words(pending: PendingImport, translate: Translate) -> dict[str, Any]:
    """The report of a list, in the reader's language."""
    return report_in_words(record(pending), translate)


async def judged(pending: PendingImport, now: datetime) -> ImportReport:
    """The list against the register as it is now. Reading thousands of rows takes a while: others are answered
    meanwhile.
    """
    sender = await Person.get(id=pending.owner_id)
    roles, may_money = grantable_roles(sender.role), may(sender.role, "assets.correct_money")
    snapshot = await load_snapshot(roles, await office_day(pending.sent_at), may_money)
    report = await aside(_judge, pending, snapshot)
    await compare(report.rows, report.header.titles)
    await look_at_numbers(report, (pending.choices or {}).get("number_unit"), now)
    return report


def _judge(pending: PendingImport, snapshot: RegisterSnapshot) -> ImportReport:
    choices = ListChoices.from_record(pending.choices or {})
    sheets = read(bytes(pending.content), pending.file, choices.encoding)
    return judge(find_list(sheets, pending.family, choices, guess=True), snapshot, pending.corrections)


def titles_of(report: Mapping[str, Any]) -> dict[str, str]:
    """The titles of a report's columns by the field that is read of them."""
    titles: dict[str, str] = {}
    for column in report["columns"]:
        if column["field"] not in (None, DETAIL):
            titles[column["field"]] = column["title"]
    return titles


async def packed(as_record: Callable[[], dict[str, Any]]) -> bytes:
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


def refuse_stale(pending: PendingImport, if_revision: int | None) -> None:
    if if_revision is not None and if_revision != pending.revision:
        raise Conflict("request.stale")


def _refuse_written(pending: PendingImport) -> None:
    if pending.state in (ImportState.WRITTEN, ImportState.UNDONE):
        raise Conflict("import.written")
    if pending.state in AT_WORK or pending.written_line:
        raise Conflict("import.being_written")


async def _store(number: str, revision: int, **columns: Any) -> bool:
    """Whether the list waited with this revision still, and is changed now."""
    async with transaction():
        same = PendingImport.filter(id=number, revision=revision, state=ImportState.CHECKED)
        return bool(await same.update(**columns, revision=revision + 1))
