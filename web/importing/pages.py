"""Lists brought by people: sent and checked, looked at, corrected row by row, then written."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Invalid, NotFound, Reason, Refusal
from registry.importing import sessions as pending
from registry.importing.cells import whole
from registry.importing.columns import FAMILIES
from registry.importing.files import LARGEST_FILE
from registry.importing.models import ImportState, PendingImport
from registry.importing.rows import in_words, row_in_words
from registry.people.models import Person
from web.auth.access import actor_of, page_with
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.render import render
from web.kit.words import N_

router = APIRouter(prefix="/assets/import")
May = Annotated[Person, Depends(page_with("imports.run"))]
PAGE = 25
CELL = "cell:"  # before the names of columns in a form
FAMILY_WORDS = {
    "assets": N_("equipment or purchases"),
    "rooms": N_("rooms or buildings"),
    "people": N_("people or institutions"),
}
SHOWN = {"error": N_("Refused"), "warning": N_("To look at"), "": N_("All rows")}


@dataclass(frozen=True, slots=True)
class Part:
    """The rows that one page of a report shows."""

    rows: list[dict[str, Any]]
    first: int
    total: int

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


@router.get("")
async def start(request: Request, person: May) -> Response:
    """Choose a file; below it the lists that wait."""
    return await _start(request, person)


async def _start(request: Request, person: Person, status: int = 200, **given: Any) -> Response:
    reader = page_context(request, person, datetime.now(UTC))
    return render(
        request,
        "imports/start.html",
        person=person,
        status=status,
        reader=reader,
        families=[(name, reader.say(FAMILY_WORDS[name])) for name in FAMILIES],
        waiting=await pending.waiting(person.id, reader.now),
        **({"kind": "", "fault": ""} | given),
    )


@router.post("")
async def send(request: Request, person: May) -> Response:
    """Read and check a file. Nothing is written yet."""
    reader = page_context(request, person, datetime.now(UTC))
    async with request.form() as form:
        kind = str(form.get("kind") or "")
        try:
            content, name = await _file(form.get("file"))
            sent = await pending.send(content, name, kind or None, person.id, reader.now)
        except Refusal as refusal:
            said = reader.words.refusal(refusal)
            return await _start(request, person, status_of(refusal), kind=kind, fault=said)
    return RedirectResponse(f"/assets/import/{sent.id}", 303)


async def _file(given: UploadFile | str | None) -> tuple[bytes, str]:
    """A file and its name. Raises Invalid("request.missing_field", "request.too_large")."""
    if not isinstance(given, UploadFile) or not given.filename:
        raise Invalid("request.missing_field", field=Reason(N_("File")))
    if given.size is not None and given.size > LARGEST_FILE:
        raise Invalid("request.too_large", limit=LARGEST_FILE)
    return await given.read(), whole(given.filename.replace("\\", "/").rsplit("/", 1)[-1])[:200]


@router.get("/{number}")
async def one(
    request: Request,
    person: May,
    number: str,
    show: str | None = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """What was read of a list and what is wrong with it."""
    found = await pending.find(number, person.id, datetime.now(UTC))
    return await _report(request, person, found, show=show, offset=offset)


async def _report(
    request: Request,
    person: Person,
    found: PendingImport,
    status: int = 200,
    show: str | None = None,
    offset: int = 0,
    fault: str = "",
    typed: dict[str, str] | None = None,
    line: int = 0,
) -> Response:
    reader = page_context(request, person, datetime.now(UTC))
    told = await asyncio.to_thread(pending.record, found)
    counts = {kind: sum(row["status"] == kind or not kind for row in told["rows"]) for kind in SHOWN}
    shown = show if show in SHOWN else next((kind for kind in SHOWN if counts[kind]), "")
    return render(
        request,
        "imports/report.html",
        person=person,
        status=status,
        reader=reader,
        found=found,
        kept=pending.LIFETIME,
        state=ImportState,
        told=told,
        counts=counts,
        shown=shown,
        part=_part(told["rows"], shown, offset, reader),
        notices=[in_words(notice, reader.say)["hint"] for notice in told["notices"]],
        offset=offset,
        size=PAGE,
        words=SHOWN,
        cell=CELL,
        columns_of=lambda row: _columns_of(row, told["columns"]),
        value_of=lambda row, column: _value_of(row, column, told["columns"], found),
        fault=fault,
        typed=typed or {},
        line=line,
    )


def _part(rows: list[dict[str, Any]], shown: str, offset: int, reader: PageContext) -> Part:
    kept = [row for row in rows if row["status"] == shown or not shown]
    return Part([row_in_words(row, reader.say) for row in kept[offset : offset + PAGE]], offset + 1, len(kept))


def _columns_of(row: dict[str, Any], columns: dict[str, str]) -> list[tuple[str, str]]:
    """The columns that a row's form offers: those with a problem, or all when the row itself could not be read."""
    wrong = {problem["column"] for problem in row["problems"]}
    return [(name, title) for name, title in columns.items() if "" in wrong or title in wrong]


def _value_of(row: dict[str, Any], column: str, columns: dict[str, str], found: PendingImport) -> str:
    """What stands in a cell as it was typed, or else as it was read."""
    typed = found.corrections.get(str(row["line"]), {})
    if column in typed:
        return str(typed[column] or "")
    given = next((problem["given"] for problem in row["problems"] if problem["column"] == columns[column]), None)
    return str(row["values"].get(column) or "") if given is None else given


@router.post("/{number}/rows/{line}")
async def correct(request: Request, person: May, number: str, line: int) -> Response:
    """Put what was typed into a row and check the list again."""
    form = await request.form()
    typed = {name.removeprefix(CELL): str(value) for name, value in form.items() if name.startswith(CELL)}
    now = datetime.now(UTC)
    show, offset = _shown(str(form.get("show") or "")), _offset(str(form.get("offset") or ""))
    found = await pending.find(number, person.id, now)
    try:
        fresh = await pending.correct(number, person.id, line, typed, now)
    except NotFound:
        raise
    except Refusal as refusal:
        said = page_context(request, person, now).words.refusal(refusal)
        status = status_of(refusal)
        return await _report(request, person, found, status, show, offset, fault=said, typed=typed, line=line)
    where = await asyncio.to_thread(_where_next, fresh, line, show, offset)
    return RedirectResponse(f"/assets/import/{number}?{where}", 303)


def _where_next(fresh: PendingImport, line: int, show: str, offset: int) -> str:
    """Back to the row while it is refused, else to the rows beside it, if there are any like them."""
    status = {row["line"]: row["status"] for row in pending.record(fresh)["rows"]}
    if status[line] == "error":
        return f"show={show}&offset={offset}#line-{line}"
    rest = f"show={show}&offset={offset}&" if not show or show in status.values() else ""
    return f"{rest}done=corrected#rows"


def _shown(told: str) -> str:
    return told if told in SHOWN else ""


def _offset(told: str) -> int:
    return int(told) if told.isdecimal() and len(told) < 7 else 0


@router.post("/{number}/commit")
async def commit(request: Request, person: May, number: str) -> Response:
    """Write what is accepted. What is refused stays out and is told."""
    now = datetime.now(UTC)
    found = await pending.find(number, person.id, now)
    try:
        await pending.commit(number, person.id, actor_of(request, person), now)
    except Refusal as refusal:
        said = page_context(request, person, now).words.refusal(refusal)
        return await _report(request, person, found, status_of(refusal), fault=said)
    return RedirectResponse(f"/assets/import/{number}?done=written", 303)
