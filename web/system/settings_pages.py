"""The settings in force with their origin, and those that the office changes itself, one at a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Conflict, Invalid, NotFound, Reason, Refusal
from registry.core.history import HistoryEntry, entries_of
from registry.office.actions import OFFICE, change_settings
from registry.people.models import Person
from web.auth.access import actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_
from web.system.desk import SettingLine, desk_of
from web.system.words import GROUPS, MAIL_FORM, ORIGIN_WORDS, SECRET_WORDS, SETTING_WORDS

router = pages()
Manager = Annotated[Person, Depends(page_with("office.manage"))]
Text = Annotated[str, Form(max_length=2000)]
CHANGES = 200
PAGE = "/admin/settings"
MAIL_PAGE = f"{PAGE}/mail"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting as the page shows it; ``href`` is the form that changes it, ``in_form`` whether with others."""

    line: SettingLine
    title: str
    about: str
    origin: str
    value: str
    href: str
    in_form: bool


def setting_row(line: SettingLine, context: PageContext) -> SettingRow:
    """A setting in the reader's language."""
    title = context.say(SETTING_WORDS[line.name]) if line.name in SETTING_WORDS else line.variable
    in_form = line.name in MAIL_FORM
    href, origin = MAIL_PAGE if in_form else f"{PAGE}/{line.name}", context.say(ORIGIN_WORDS[line.origin])
    return SettingRow(line, title, context.say(line.about), origin, line.value, href, in_form)


@dataclass(frozen=True, slots=True)
class SettingGroup:
    """Settings that belong together. ``href`` is the form that changes several of them, empty where none does."""

    code: str
    title: str
    rows: Sequence[SettingRow]
    href: str

    @property
    def open_rows(self) -> list[SettingRow]:
        """Those that a form of the group shows: no secret, and nothing that the machine sets."""
        return open_rows(self.rows)


def open_rows(rows: Sequence[SettingRow]) -> list[SettingRow]:
    """Those of these settings that can be typed and are shown again."""
    return [row for row in rows if row.line.is_of_office and not row.line.is_secret]


def setting_groups(rows: Mapping[str, SettingRow], context: PageContext) -> list[SettingGroup]:
    """The groups of those settings that there are, by name."""
    groups = []
    for code, title, pairs in GROUPS:
        ours = [rows[name] for name, _ in pairs if name in rows]
        href = ""
        if ours and ours[0].in_form:
            href = MAIL_PAGE if ours[0].line.is_of_office else ""
        elif len(open_rows(ours)) > 1:
            href = f"{PAGE}/groups/{code}"
        if ours:
            groups.append(SettingGroup(code, context.say(title), ours, href))
    return groups


@router.get("/admin/settings")
async def settings(request: Request, person: Manager, now: Now, did: str = "") -> Response:
    """The settings in force with their origin; secrets never."""
    context = page_context(request, person, now)
    rows = {line.name: setting_row(line, context) for line in desk_of(request).settings()}
    groups = setting_groups(rows, context)
    return render(
        request,
        "system/settings.html",
        context=context,
        groups=groups,
        machine=[row for name, row in rows.items() if name not in SETTING_WORDS],
        changed=rows[did].title if did in rows else next((one.title for one in groups if one.code == did), ""),
    )


@dataclass(frozen=True, slots=True)
class FormerValue:
    """What a setting was and became, by whom and when."""

    title: str
    when: str
    iso: str
    actor: str
    before: str
    after: str


async def former_values(rows: Sequence[SettingRow], context: PageContext) -> list[FormerValue]:
    """What these settings were, the newest change first; of a secret only that it was changed."""
    by_name = {row.line.name: row for row in rows}
    return [
        _former(entry, by_name[name], context)
        for entry in await entries_of(OFFICE, CHANGES)
        for name in by_name
        if name in (entry.after or {})
    ]


def _former(entry: HistoryEntry, row: SettingRow, context: PageContext) -> FormerValue:
    sides = ((side or {}).get(row.line.name) or "" for side in (entry.before, entry.after))
    before, after = (context.say(SECRET_WORDS.get(side, side)) if row.line.is_secret else side for side in sides)
    when, iso = context.fmt.when(entry.at, context.now), context.fmt.iso(entry.at)
    return FormerValue(row.title, when, iso, entry.actor, before, after)


@router.get("/admin/settings/{name}")
async def setting(request: Request, person: Manager, now: Now, typed: TypedWords, name: str) -> Response:
    """One setting of the office: what it means, its value, and what it was."""
    context, line = page_context(request, person, now), _of_office(request, name)
    if name in MAIL_FORM:
        return RedirectResponse(MAIL_PAGE, 303)
    row = setting_row(line, context)
    words: dict[str, Any] = {"value": line.value, "fault": ""} | typed.words
    return render(
        request,
        "system/setting.html",
        status=typed.status,
        context=context,
        row=row,
        changes=await former_values([row], context),
        **words,
    )


@router.post("/admin/settings/{name}")
async def change(
    request: Request, person: Manager, now: Now, name: str, value: Text = "", secret: Text = "", reset: Text = ""
) -> Response:
    """Give a setting another value at once, or the one that it has without the page's."""
    line = _of_office(request, name)
    text = one_line(secret if line.is_secret else value)
    refusal = None if reset else await _refusal(request, line, text)
    if refusal is not None:
        fault = fault_words(refusal, page_context(request, person, now))
        return await back_to(f"{PAGE}/{name}", request, now, status_of(refusal), value=value, fault=fault)
    changes = {name: None if reset or not text else text}
    await change_settings(desk_of(request).stored(changes), actor_of(request, person), now)
    return RedirectResponse(f"{PAGE}?did={name}", 303)


async def _refusal(request: Request, line: SettingLine, text: str) -> Refusal | None:
    if not text:
        return Invalid("request.missing_field", field=line.variable) if line.is_secret else None
    return not_shown(line.name, text) or (await desk_of(request).faults({line.name: text})).get(line.name)


def one_line(text: str) -> str:
    """What somebody typed into a field or a larger one, in one line."""
    return " ".join(text.split())


WAS = "_was"  # the hidden field beside one, with what it was when the form was drawn


@dataclass(frozen=True, slots=True)
class FormChanges:
    """What somebody changed in a form of several settings: the new texts, None for what was left empty; and the
    settings that another has changed meanwhile, to yet another text.
    """

    texts: dict[str, str | None]
    stale: dict[str, Refusal]


def marks_in(form: FormData, fields: Mapping[str, str]) -> dict[str, str]:
    """What a form was drawn with, by setting; ``fields`` are what it calls them."""
    return {name: one_line(str(form[f"{field}{WAS}"])) for name, field in fields.items() if f"{field}{WAS}" in form}


def form_changes(
    typed: Mapping[str, str], marks: Mapping[str, str], in_force: Mapping[str, str], together: Collection[str] = ()
) -> FormChanges:
    """All are texts by setting; ``marks`` are what the form was drawn with, which older ones do not say. What is as it
    was drawn stays as it is in force; but what means something ``together`` is changed as it was seen, or not at all.
    """
    former = {name: marks.get(name, in_force[name]) for name in typed}
    texts = {name: text or None for name, text in typed.items() if text not in (former[name], in_force[name])}
    moved = [name for name in typed if in_force[name] not in (former[name], typed[name])]
    is_of_them = any(name in texts for name in together)
    stale = [name for name in moved if name in texts or is_of_them and name in together]
    return FormChanges(texts, {name: Conflict("request.stale") for name in stale})


def not_shown(field: str, text: str) -> Refusal | None:
    """What is wrong with a text that holds characters without a sign."""
    if text.isprintable():
        return None
    return Invalid("request.bad_field", field=field, reason=Reason(N_("it holds characters that cannot be shown")))


async def faults_of(request: Request, changes: FormChanges) -> dict[str, Refusal]:
    """What is wrong with the changes of a form, by setting."""
    faults = {name: fault for name, text in changes.texts.items() if text and (fault := not_shown(name, text))}
    return changes.stale | (faults or dict(await desk_of(request).faults(changes.texts)))


def fault_words(refusal: Refusal, context: PageContext) -> str:
    """What is said at a field: what to set. Which setting it is, and what it means, stands there already."""
    advice = refusal.params.get("advice")
    if refusal.code == "settings.bad" and isinstance(advice, Reason):
        return advice.words(context.say)
    return context.words.refusal(refusal)


def _of_office(request: Request, name: str) -> SettingLine:
    line = next((one for one in desk_of(request).settings() if one.name == name and one.is_of_office), None)
    if line is None:
        raise NotFound("request.not_found")
    return line
