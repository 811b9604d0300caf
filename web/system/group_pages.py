"""Settings that belong together, changed in one form: all of them or none, each fault at its field."""

from typing import Any

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import NotFound
from registry.office.actions import change_settings
from web.auth.access import actor_of
from web.kit.clock import Now
from web.kit.drafts import FormFields, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.system.desk import desk_of
from web.system.settings_pages import (
    PAGE,
    Manager,
    SettingGroup,
    fault_words,
    faults_of,
    form_changes,
    former_values,
    marks_in,
    one_line,
    setting_groups,
    setting_row,
)

router = pages()
LONGEST = 2000


def _group(request: Request, name: str, context: PageContext) -> SettingGroup:
    rows = {line.name: setting_row(line, context) for line in desk_of(request).settings()}
    group = next((one for one in setting_groups(rows, context) if one.code == name), None)
    if group is None or group.href != f"{PAGE}/groups/{name}":
        raise NotFound("request.not_found")
    return group


def _typed(changes: dict[str, str | None]) -> dict[str, str]:
    return {field: text or "" for field, text in changes.items()}


@router.get("/admin/settings/groups/{name}")
async def group(request: Request, person: Manager, now: Now, typed: TypedWords, name: str) -> Response:
    """The settings of a group, and what they were."""
    context = page_context(request, person, now)
    group = _group(request, name, context)
    words: dict[str, Any] = {"values": {}, "faults": {}} | typed.words
    marks = {row.line.name: row.value for row in group.open_rows}
    return render(
        request,
        "system/group.html",
        status=typed.status,
        context=context,
        group=group,
        marks=marks,
        values=FormFields(marks | words["values"]),
        faults=FormFields(words["faults"]),
        changes=await former_values(group.open_rows, context),
    )


@router.post("/admin/settings/groups/{name}")
async def change_group(request: Request, person: Manager, now: Now, name: str) -> Response:
    """Change what was typed otherwise than it was shown; what is left empty goes back to what it is without the page.
    What another has changed meanwhile is not set back unseen.
    """
    context, form = page_context(request, person, now), await request.form()
    rows = [row for row in _group(request, name, context).open_rows if row.line.name in form]
    texts = {row.line.name: one_line(str(form[row.line.name])[:LONGEST]) for row in rows}
    marks = marks_in(form, {field: field for field in texts})
    outcome = form_changes(texts, marks, {row.line.name: one_line(row.value) for row in rows})
    changes = outcome.texts
    if faults := await faults_of(request, outcome):
        words = {field: fault_words(fault, context) for field, fault in faults.items()}
        status = status_of(next(iter(faults.values())))
        return await back_to(f"{PAGE}/groups/{name}", request, now, status, values=_typed(changes), faults=words)
    await change_settings(desk_of(request).stored(changes), actor_of(request, person), now)
    return RedirectResponse(f"{PAGE}?did={name}" if changes else PAGE, 303)
