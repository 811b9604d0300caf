"""Lists brought by people: sent and checked, looked at, corrected row by row, then written."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from registry.assets.next_numbers import numbering_units
from registry.core.aside import aside
from registry.core.errors import Invalid, NotFound, Reason, Refusal
from registry.importing import sessions, undo, writing
from registry.importing.blank_lists import BLANK_LISTS, blank_list
from registry.importing.bounds import LARGEST_FILE
from registry.importing.cells import whole
from registry.importing.claims import AT_WORK
from registry.importing.columns import FAMILIES
from registry.importing.models import ImportState, PendingImport
from registry.importing.refused import refused_rows
from registry.importing.rows import in_words, row_in_words
from registry.people.models import Person
from registry.rooms.queries import rooms_by_code
from web.assets.words import ACTION_WORDS
from web.auth.access import actor_of, page_with
from web.importing.row_forms import (
    CELL,
    FORMER,
    RowCell,
    cells_of,
    changes_of,
    offers_of,
    place_of,
    still_wrong,
    texts_in,
)
from web.importing.words import CHANGE_WORDS, FIELD_WORDS
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import offset_in
from web.kit.render import render
from web.kit.words import N_

router = pages("/assets/import")
May = Annotated[Person, Depends(page_with("imports.run"))]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TO_CORRECT = N_("What to correct")
BLANK_WORDS = {"assets": N_("assets"), "rooms": N_("rooms"), "people": N_("people")}
PAGE = 25
WORDS_AT_MOST = 12
# problems of what a cell names, which are the same in every row that names it
WORD_PROBLEMS = frozenset(
    {
        "UNKNOWN_ROOM",
        "AMBIGUOUS_ROOM",
        "UNKNOWN_BUILDING",
        "UNKNOWN_INSTITUTION",
        "UNKNOWN_CUSTODIAN",
        "UNKNOWN_PURCHASE",
        "UNKNOWN_GRANT",
        "UNKNOWN_STATUS",
        "INVALID_CHOICE",
        "INVALID_KST",
        "INVALID_YES_NO",
        "ROLE_NOT_YOURS",
    }
)
PATIENCE = 1.0  # seconds: what takes longer is watched on the page
FAMILY_WORDS = {
    "assets": N_("equipment or purchases"),
    "rooms": N_("rooms or buildings"),
    "people": N_("people or institutions"),
}
STATE_WORDS = {
    ImportState.CHECKED: N_("not written yet"),
    ImportState.WRITING: N_("being written"),
    ImportState.WRITTEN: N_("in the register"),
    ImportState.UNDOING: N_("being undone"),
    ImportState.UNDONE: N_("undone"),
}
# by the status of rows, in the order of which is looked at first
STATUS_WORDS = {
    "error": N_("Refused"),
    "warning": N_("To look at"),
    "changed": N_("Changes"),
    "same": N_("As they are"),
    "": N_("All rows"),
}
FATES = frozenset({"changed", "same"})


@dataclass(frozen=True, slots=True)
class RowPage:
    """The rows that one page of a report shows."""

    rows: list[dict[str, Any]]
    first: int
    total: int

    @property
    def last(self) -> int:
        return min(self.first + PAGE - 1, self.total)


@dataclass(frozen=True, slots=True)
class RowForm:
    """What was typed into the form of a line, or of a word of several (``same_word``: column, word, value), or ticked
    of the changes of a line or of all (``ticks``: line, take), and why it was refused; without any of them it is the
    list as a whole. ``cell_faults`` are of the cells of an open line, ``offers`` the corrections that other rows with
    the same word can have too.
    """

    fault: str = ""
    cells: dict[str, str] | None = None
    line: str = ""
    same_word: dict[str, str] | None = None
    ticks: dict[str, Any] | None = None
    cell_faults: dict[str, str] | None = None
    offers: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class SameWord:
    """A word that several rows have a problem with: one answer does for all of them."""

    column: str
    word: str
    rows: int
    hint: str
    field: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """What the page shows of a report. ``titles`` are those of its columns by field, ``counts`` its rows by status,
    ``changed_columns`` how many rows say a field of a piece otherwise.
    """

    report: dict[str, Any]
    titles: dict[str, str]
    counts: dict[str, int]
    accepted: int
    row_status: str
    page: RowPage
    notices: list[str]
    words: list[SameWord]
    changed_columns: dict[str, int]
    open_line: str
    open_cells: list[RowCell]


@router.get("")
async def start(request: Request, person: May, now: Now, typed: TypedWords) -> Response:
    """Choose a file; below it the lists that wait."""
    return await _start(request, page_context(request, person, now), typed.status, **typed.words)


async def _start(
    request: Request, context: PageContext, status: int = 200, kind: str = "", fault: str = ""
) -> Response:
    return render(
        request,
        "imports/start.html",
        state_words=STATE_WORDS,
        person=context.person,
        status=status,
        context=context,
        blanks=[(name, context.say(BLANK_WORDS[name])) for name in BLANK_LISTS],
        families=[(name, context.say(FAMILY_WORDS[name])) for name in FAMILIES],
        waiting=await sessions.latest(context.person.id, context.now),
        kind=kind,
        fault=fault,
    )


@router.post("")
async def send(request: Request, person: May, now: Now) -> Response:
    """Read and check a file. Nothing is written yet."""
    async with request.form() as form:
        kind = str(form.get("kind") or "")
        try:
            content, name = await _file(form.get("file"))
            pending = await sessions.send(content, name, kind or None, person.id, now)
        except Refusal as refusal:
            context = page_context(request, person, now)
            words = {"kind": kind, "fault": context.words.refusal(refusal)}
            return await back_to("/assets/import", request, now, status_of(refusal), **words)
    return RedirectResponse(f"/assets/import/{pending.id}/columns", 303)


async def _file(upload: UploadFile | str | None) -> tuple[bytes, str]:
    """A file and its name. Raises Invalid("request.missing_field", "request.too_large")."""
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise Invalid("request.missing_field", field=Reason(N_("File")))
    if upload.size is not None and upload.size > LARGEST_FILE:
        raise Invalid("request.too_large", limit=LARGEST_FILE)
    return await upload.read(), whole(upload.filename.replace("\\", "/").rsplit("/", 1)[-1])[:200]


@router.get("/blank/{kind}.xlsx")
async def blank(person: May, kind: str) -> Response:
    """A list to fill in."""
    headers = {"content-disposition": f'attachment; filename="izba-{kind}.xlsx"'}
    return Response(await blank_list(kind), media_type=XLSX, headers=headers)


@router.get("/{number}/refused.xlsx")
async def refused(request: Request, person: May, now: Now, number: str) -> Response:
    """The rows that stayed out, to correct and send back."""
    pending, context = await sessions.find(number, person.id, now), page_context(request, person, now)
    if not pending.content:
        raise NotFound("import.unknown")
    content = await aside(refused_rows, pending, context.say(TO_CORRECT), context.say)
    headers = {"content-disposition": f'attachment; filename="refused-{number}.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


@router.get("/{number}")
async def one(
    request: Request,
    person: May,
    now: Now,
    number: str,
    typed: TypedWords,
    show: str | None = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    open_line: Annotated[str, Query(alias="open", max_length=200)] = "",
) -> Response:
    """What was read of a list and what is wrong with it; of the ``open`` line all cells as fields."""
    pending = await sessions.find(number, person.id, now)
    context, form = page_context(request, person, now), RowForm(**typed.words)
    return await _report(request, context, pending, typed.status, show, offset, form, open_line)


async def _report(
    request: Request,
    context: PageContext,
    pending: PendingImport,
    status: int = 200,
    show: str | None = None,
    offset: int = 0,
    form: RowForm = RowForm(),
    open_line: str = "",
) -> Response:
    is_open = pending.state is ImportState.CHECKED
    return render(
        request,
        "imports/report.html",
        person=context.person,
        status=status,
        context=context,
        pending=pending,
        lifetime=sessions.LIFETIME,
        state=ImportState,
        view=await aside(_view_of, pending, context, show, offset, form, open_line),
        offset=offset,
        size=PAGE,
        status_words=STATUS_WORDS,
        cell=CELL,
        former=FORMER,
        place_of=place_of,
        columns_of=_columns_of,
        value_of=_value_of,
        form=form,
        typed=form.cells or {},
        change_words=FIELD_WORDS | CHANGE_WORDS,
        keep=frozenset((pending.choices or {}).get("keep") or ()),
        units=await numbering_units(context.today) if is_open else [],
        rooms=await rooms_by_code() if is_open else [],
        can_undo=pending.state not in AT_WORK and bool(pending.written_line) and await undo.is_possible(pending),
    )


def _view_of(
    pending: PendingImport, context: PageContext, show: str | None, offset: int, form: RowForm, open_line: str
) -> ReportView:
    """Reads the whole report, which may have thousands of rows: not for the event loop."""
    report = sessions.record(pending)
    counts = {kind: sum(_is_shown(row, kind) for row in report["rows"]) for kind in STATUS_WORDS}
    status = show if show in STATUS_WORDS else next((kind for kind in STATUS_WORDS if counts[kind]), "")
    can_correct = pending.state is ImportState.CHECKED and not pending.written_line
    row = next((row for row in report["rows"] if str(row["line"]) == open_line), None) if can_correct else None
    page = _page(report["rows"], status, offset, context)
    open_row, titles = row_in_words(row, context.say) if row else None, sessions.titles_of(report)
    if open_row and open_row not in page.rows:
        page.rows.insert(0, open_row)
    typed = form.cells if form.line == open_line and form.cells else {}
    return ReportView(
        report=report,
        titles=titles,
        counts=counts,
        accepted=sum(row["status"] != "error" and not row.get("left_out") for row in report["rows"]),
        row_status=status,
        page=page,
        notices=[in_words(problem, context.say)["hint"] for problem in report["problems"]],
        words=_words(report, context) if pending.state is ImportState.CHECKED else [],
        changed_columns=dict(Counter(name for row in report["rows"] for name in row.get("changes", ()))),
        open_line=open_line if open_row else "",
        open_cells=cells_of(pending, titles, open_row, typed, form.cell_faults or {}) if open_row else [],
    )


@router.get("/{number}/undo")
async def undo_form(request: Request, person: May, now: Now, number: str, typed: TypedWords) -> Response:
    """What an undo would take back, and what was touched since. With nothing to undo it is the list itself."""
    pending, context = await sessions.find(number, person.id, now), page_context(request, person, now)
    prospect = None
    if pending.state not in AT_WORK and pending.written_line:
        prospect = await undo.outlook(pending)
    if prospect is None or not (prospect.made or prospect.changed):
        return RedirectResponse(f"/assets/import/{number}", 303)
    return render(
        request,
        "imports/undo.html",
        person=person,
        status=typed.status,
        context=context,
        pending=pending,
        prospect=prospect,
        action_of=lambda action: context.say(ACTION_WORDS.get(action) or str(action)),
        **({"fault": "", "reason": ""} | typed.words),
    )


def _words(report: dict[str, Any], context: PageContext) -> list[SameWord]:
    """The words that several rows have a problem with in one column, those of the most rows first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    hints: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in report["rows"]:
        for problem in row["problems"] if not row.get("left_out") else ():
            if problem["column"] and problem["given"] and problem["code"] in WORD_PROBLEMS:
                key = (problem["column"], problem["given"], problem["code"])
                counts[key] += 1
                hints[key] = problem
    fields = {title: name for name, title in sessions.titles_of(report).items()}
    return [
        SameWord(column, word, count, in_words(hints[column, word, code], context.say)["hint"], fields.get(column, ""))
        for (column, word, code), count in counts.most_common(WORDS_AT_MOST)
        if count > 1
    ]


def _is_shown(row: dict[str, Any], kind: str) -> bool:
    """Whether a row is among those of a status or a fate; all are without one."""
    is_of_fate = kind in FATES and row.get("fate") == kind
    return not kind or row["status"] == kind or is_of_fate or kind == "changed" and bool(row.get("kept"))


def _page(rows: list[dict[str, Any]], status: str, offset: int, context: PageContext) -> RowPage:
    matches = [row for row in rows if _is_shown(row, status)]
    part = [row_in_words(row, context.say) for row in matches[offset : offset + PAGE]]
    return RowPage(part, offset + 1, len(matches))


def _columns_of(row: dict[str, Any], columns: dict[str, str]) -> list[tuple[str, str]]:
    """The columns that a row's form offers: those with a problem, or all when the row itself could not be read."""
    wrong = {problem["column"] for problem in row["problems"]}
    return [(name, title) for name, title in columns.items() if "" in wrong or title in wrong]


def _value_of(row: dict[str, Any], column: str, columns: dict[str, str], pending: PendingImport) -> str:
    """What stands in a cell as it was typed, or else as it was read."""
    corrections = pending.corrections.get(str(row["line"]), {})
    if column in corrections:
        return str(corrections[column] or "")
    cell = next((problem["given"] for problem in row["problems"] if problem["column"] == columns[column]), None)
    return str(row["values"].get(column) or "") if cell is None else cell


@router.get("/{number}/progress")
async def progress(request: Request, person: May, now: Now, number: str) -> Response:
    """How far the writing or the undo came; at its end the whole page anew."""
    pending, context = await sessions.find(number, person.id, now), page_context(request, person, now)
    home = f"/assets/import/{number}"
    if pending.state not in AT_WORK:
        return Response(status_code=200, headers={"HX-Redirect": home})
    return render(
        request,
        "imports/_progress.html",
        person=person,
        context=context,
        pending=pending,
        state=ImportState,
        home=home,
        is_at_work=True,
    )


@router.post("/{number}/rows/{line}/cells")
async def correct_cells(request: Request, person: May, now: Now, number: str, line: str) -> Response:
    """Put what was typed over into the cells of a row. What stood in them on the page comes along: a cell that was
    changed meanwhile is shown with both, and nothing is written.
    """
    form = texts_in(await request.form())
    show, offset = _status_of(form.get("show", "")), offset_in(form.get("offset", ""))
    pending, context = await sessions.find(number, person.id, now), page_context(request, person, now)
    changes = await aside(changes_of, pending, line, form, context)
    home = f"/assets/import/{number}"
    here = f"{home}?{place_of(show, offset, line)}#line-{quote(line)}"
    typed: dict[str, Any] = {"cells": changes.cells, "line": line}
    if changes.faults:
        return await back_to(here, request, now, 409, cell_faults=changes.faults, **typed)
    if not changes.cells:
        return RedirectResponse(f"{home}?{place_of(show, offset)}#line-{quote(line)}", 303)
    try:
        pending = await sessions.correct(number, person.id, _line_of(line), changes.cells, now, pending.revision)
    except NotFound:
        raise
    except Refusal as refusal:
        return await back_to(here, request, now, status_of(refusal), fault=context.words.refusal(refusal), **typed)
    report = await aside(sessions.record, pending)
    is_wrong = await aside(still_wrong, report, line, changes)
    where = here if is_wrong else f"{home}?{await aside(_where_next, report, line, show, offset)}"
    if offers := await aside(offers_of, pending, sessions.titles_of(report), changes):
        return await back_to(where, request, now, 200, offers=offers)
    return RedirectResponse(where, 303)


@router.post("/{number}/same")
async def correct_same(request: Request, person: May, now: Now, number: str) -> Response:
    """The same correction for all rows in whose cell the same word stands."""
    form = texts_in(await request.form())
    column, word, value = (form.get(name, "") for name in ("column", "word", "value"))
    show, offset = _status_of(form.get("show", "")), offset_in(form.get("offset", ""))
    await sessions.find(number, person.id, now)
    where = f"/assets/import/{number}?{place_of(show, offset)}"
    try:
        await sessions.correct_same(number, person.id, column, word, value, now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(f"{where}#rows", request, now, status_of(refusal), fault=fault)
    return RedirectResponse(f"{where}&done=all-corrected#rows", 303)


@router.post("/{number}/rows/{line}")
async def correct(request: Request, person: May, now: Now, number: str, line: str) -> Response:
    """Put what was typed into a row and check the list again."""
    form = await request.form()
    cells = {name.removeprefix(CELL): str(value) for name, value in form.items() if name.startswith(CELL)}
    show, offset = _status_of(str(form.get("show") or "")), offset_in(str(form.get("offset") or ""))
    await sessions.find(number, person.id, now)
    try:
        pending = await sessions.correct(number, person.id, _line_of(line), cells, now)
    except NotFound:
        raise
    except Refusal as refusal:
        context = page_context(request, person, now)
        words = {"fault": context.words.refusal(refusal), "cells": cells, "line": line}
        page = f"/assets/import/{number}?show={show}&offset={offset}#line-{quote(line)}"
        return await back_to(page, request, now, status_of(refusal), **words)
    where = await aside(_where_next, await aside(sessions.record, pending), line, show, offset)
    return RedirectResponse(f"/assets/import/{number}?{where}", 303)


def _line_of(text: str) -> int | str:
    """A line as the report has it: a number, of one of several sheets the sheet too."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 and text[0] != "0" else text


def _where_next(report: dict[str, Any], line: str, show: str, offset: int) -> str:
    """Back to the row while it is refused, else to the rows beside it, if there are any like them. Looks at all rows:
    not for the event loop.
    """
    status = {str(row["line"]): row["status"] for row in report["rows"]}
    if status[line] == "error":
        return f"show={show}&offset={offset}#line-{quote(line)}"
    rest = f"show={show}&offset={offset}&" if not show or show in status.values() else ""
    return f"{rest}done=corrected#rows"


def _status_of(text: str) -> str:
    return text if text in STATUS_WORDS else ""


@router.post("/{number}/words")
async def correct_word(request: Request, person: May, now: Now, number: str) -> Response:
    """One answer for all rows with the same word in a column."""
    form = await request.form()
    column, word, value = (str(form.get(name) or "") for name in ("column", "word", "value"))
    await sessions.find(number, person.id, now)
    try:
        await sessions.correct_word(number, person.id, column, word, value, now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        typed = {"column": column, "word": word, "value": value}
        page = f"/assets/import/{number}#words"
        return await back_to(page, request, now, status_of(refusal), fault=fault, same_word=typed)
    return RedirectResponse(f"/assets/import/{number}?done=corrected#words", 303)


@router.post("/{number}/rows/{line}/stay-out")
async def leave_out(request: Request, person: May, now: Now, number: str, line: str) -> Response:
    """Leave a row out, or take it in again."""
    form = await request.form()
    pending = await sessions.find(number, person.id, now)
    lines = set((pending.choices or {}).get("leave_out") or ())
    lines = lines - {line} if form.get("take") == "yes" else lines | {line}
    show, offset = _status_of(str(form.get("show") or "")), offset_in(str(form.get("offset") or ""))
    try:
        await sessions.choose(number, person.id, {"leave_out": sorted(lines)}, now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(f"/assets/import/{number}", request, now, status_of(refusal), fault=fault)
    return RedirectResponse(f"/assets/import/{number}?show={show}&offset={offset}#rows", 303)


@router.post("/{number}/keep")
async def keep(request: Request, person: May, now: Now, number: str) -> Response:
    """Choose which of the changed fields are taken over, for all rows or for one line."""
    form = await request.form()
    await sessions.find(number, person.id, now)
    line = str(form.get("line") or "")[:200]
    offered, ticks = ([str(name)[:200] for name in form.getlist(field)] for field in ("change", "take"))
    show, offset = _status_of(str(form.get("show") or "")), offset_in(str(form.get("offset") or ""))
    page = f"/assets/import/{number}?show={show}&offset={offset}#{f'line-{quote(line)}' if line else 'changes'}"
    try:
        await sessions.choose_changes(number, person.id, offered, ticks, line, now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        form_again = {"line": line, "take": ticks}
        return await back_to(page, request, now, status_of(refusal), fault=fault, ticks=form_again)
    return RedirectResponse(page, 303)


@router.post("/{number}/numbering")
async def choose_numbering(request: Request, person: May, now: Now, number: str) -> Response:
    """Give new pieces without a number the next one of a unit, or none."""
    unit = str((await request.form()).get("unit") or "")
    await sessions.find(number, person.id, now)
    try:
        await sessions.choose(number, person.id, {"number_unit": unit or None}, now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(f"/assets/import/{number}", request, now, status_of(refusal), fault=fault)
    return RedirectResponse(f"/assets/import/{number}#numbering", 303)


@router.post("/{number}/commit")
async def commit(request: Request, person: May, now: Now, number: str) -> Response:
    """Write what is accepted. What is refused stays out, and the report says why."""
    await sessions.find(number, person.id, now)
    try:
        await writing.commit(number, person.id, actor_of(request, person), now, patience=PATIENCE)
    except Refusal as refusal:
        context = page_context(request, person, now)
        fault = context.words.refusal(refusal)
        return await back_to(f"/assets/import/{number}", request, now, status_of(refusal), fault=fault)
    return RedirectResponse(f"/assets/import/{number}?done=written", 303)


@router.post("/{number}/undo")
async def undo_list(request: Request, person: May, now: Now, number: str) -> Response:
    """Take back what the list wrote, or with ``rest`` what nobody touched since."""
    form = await request.form()
    reason, rest = whole(str(form.get("reason") or ""))[:300], form.get("rest") == "yes"
    await sessions.find(number, person.id, now)
    try:
        await undo.undo(number, person.id, actor_of(request, person), now, reason, rest, patience=PATIENCE)
    except Refusal as refusal:
        context = page_context(request, person, now)
        words = {"fault": context.words.refusal(refusal)}
        page = f"/assets/import/{number}"
        if refusal.code == "import.touched":
            page, words = f"{page}/undo", words | {"reason": reason}
        return await back_to(page, request, now, status_of(refusal), **words)
    return RedirectResponse(f"/assets/import/{number}?done=undone", 303)
