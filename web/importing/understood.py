"""What was understood of a list: its sheets, its header, what each column holds. All of it can be said otherwise."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from registry.core.aside import aside
from registry.core.errors import Refusal
from registry.importing import sessions
from registry.importing.columns import COLUMNS, FAMILIES
from registry.importing.models import ImportState, PendingImport
from registry.importing.own_columns import PREFIX
from registry.importing.rows import in_words
from web.importing.pages import May
from web.importing.words import FIELD_WORDS
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_

router = pages("/assets/import")
COLUMN = "column:"  # before the titles of columns in a form
ANSWERS = ("header_row", "encoding")
ENCODINGS = ("utf-8", "windows-1250", "iso-8859-2", "cp852")
UNREAD, NOT_READ = "", N_("not read")


@router.get("/{number}/columns")
async def understood(request: Request, person: May, now: Now, number: str, typed: TypedWords) -> Response:
    """Sheets, sums, columns and the first lines, before any row."""
    pending = await sessions.find(number, person.id, now)
    context = page_context(request, person, now)
    report = await aside(sessions.record, pending)
    unread_columns = [column for column in report["columns"] if column["field"] is None and column["filled"]]
    return render(
        request,
        "imports/understood.html",
        person=person,
        status=typed.status,
        context=context,
        pending=pending,
        can_change=pending.state is ImportState.CHECKED and not pending.written_line,
        lifetime=sessions.LIFETIME,
        report=report,
        unread_columns=unread_columns,
        read=[column for column in report["columns"] if column["field"] is not None],
        sums={name: Decimal(report["sums"][name] or 0) for name in ("value", "control_total")},
        notices=[in_words(one, context.say)["hint"] for one in report["problems"] if one["code"] != "COLUMN_NOT_READ"],
        fields=fields_of(report["kind"], context) + own_names(report),
        encodings=ENCODINGS if report["delimiter"] else (),
        column=COLUMN,
        **({"fault": "", "answers": {}, "sheets": None} | typed.words),
    )


def fields_of(kind: str, context: PageContext) -> list[tuple[str, str]]:
    """What a column of such a list may hold, in words; the first is nothing. Of a kind's kin the fields too."""
    kin = next(kinds for kinds in FAMILIES.values() if kind in kinds) if kind in ("assets", "purchases") else (kind,)
    names = dict.fromkeys(name for one in (kind, *kin) for name in COLUMNS[one])
    words = [(name, context.say(FIELD_WORDS[name])) for name in names if name in FIELD_WORDS]
    return [(UNREAD, context.say(NOT_READ)), *words]


def own_names(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of categories that columns of a list hold, by the titles of these."""
    columns = [(column["field"], column["title"]) for column in report["columns"]]
    return [(field, title) for field, title in columns if field and field.startswith(PREFIX)]


@router.post("/{number}/columns")
async def choose(request: Request, person: May, now: Now, number: str) -> Response:
    """Read the list as it was said, then show its rows."""
    form = await request.form()
    pending = await sessions.find(number, person.id, now)
    try:
        wishes = await aside(_wishes, form, pending)
        if wishes:
            await sessions.choose(number, person.id, wishes, now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        page = f"/assets/import/{number}/columns"
        answers = {name: str(form[name]) for name in form if name.startswith(COLUMN) or name in ANSWERS}
        typed = {"answers": answers, "sheets": [str(name) for name in form.getlist("sheets")]}
        return await back_to(page, request, now, status_of(refusal), fault=fault, **typed)
    return RedirectResponse(f"/assets/import/{number}", 303)


def _wishes(form: FormData, pending: PendingImport) -> dict[str, Any]:
    """What the form says otherwise than the report."""
    report, wishes = sessions.record(pending), dict[str, Any]()
    columns = _columns(form, report)
    if columns:
        wishes["columns"] = columns
    names = [str(name) for name in form.getlist("sheets")]
    present = [sheet["name"] for sheet in report["sheets"] if sheet["chosen"]]
    if names and names != present:
        wishes["sheets"] = names
    line = str(form.get("header_row") or "")
    if line.isdecimal() and len(line) < 4 and int(line) != report["header_row"]:
        wishes["header_row"] = int(line)
    encoding = str(form.get("encoding") or "")
    if encoding in ENCODINGS and encoding != report["encoding"]:
        wishes["encoding"] = encoding
    return wishes


def _columns(form: FormData, report: Mapping[str, Any]) -> dict[str, str | None]:
    fields = {column["title"]: column["field"] for column in report["columns"]}
    answers = {name.removeprefix(COLUMN): str(value) for name, value in form.items() if name.startswith(COLUMN)}
    return {
        title: field or None
        for title, field in answers.items()
        if title in fields and field != (fields[title] or UNREAD)
    }
