"""How Izba does, what it is made of, and the settings in force, for who runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from platform import python_version
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.core.aside import aside
from registry.core.errors import Invalid, NotFound, Reason, Refusal
from registry.core.history import HistoryEntry, entries_of
from registry.devices.queries import newest_refusals
from registry.importing.sessions import newest
from registry.office.actions import OFFICE, change_settings
from registry.people.models import Person
from web.auth.access import actor_of, options_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.i18n import refusal_words
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_
from web.system.desk import SettingLine, Task, desk_of
from web.system.view import headline, health, job_rows, task_notices
from web.system.words import GROUPS, IMPORT_WORDS, ORIGIN_WORDS, SETTING_WORDS

router = pages()
Manager = Annotated[Person, Depends(page_with("office.manage"))]
Text = Annotated[str, Form(max_length=2000)]
SHOWN, CHANGES = 8, 200


@router.get("/admin/system")
async def system(request: Request, person: Manager, now: Now) -> Response:
    """The state in words, the jobs, copies, lists, what was refused, and the version."""
    context, desk = page_context(request, person, now), desk_of(request)
    lines = await health(request, context, desk)
    devices = getattr(request.app.state, "devices", None)
    return render(
        request,
        "system/system.html",
        context=context,
        headline=headline(lines, context),
        lines=lines,
        jobs=job_rows(desk.jobs(), context),
        notices=task_notices(desk, context),
        is_working={task.value for task, state in desk.tasks().items() if state.ended_at is None},
        backups=desk.backups()[:SHOWN],
        plan=desk.night_plan,
        imports=await newest(SHOWN),
        import_words=IMPORT_WORDS,
        refusals=await newest_refusals(SHOWN),
        counters=_refused(devices.metrics() if devices else {}),
        python=python_version(),
        started_at=desk.started_at,
        version=options_of(request).version,
    )


def _refused(numbers: Mapping[str, float]) -> dict[str, int]:
    return {name: int(number) for name, number in numbers.items() if name.endswith("refused_total")}


@router.post("/admin/system/{task}")
async def begin(request: Request, person: Manager, now: Now, task: Task) -> Response:
    """Make a backup, or check the chain of the history, in the background."""
    desk_of(request).start(task, now)
    return RedirectResponse("/admin/system", 303)


@dataclass(frozen=True, slots=True)
class PartLicence:
    """A library that Izba is built on."""

    name: str
    version: str
    licence: str


@router.get("/admin/licences")
async def licences(request: Request, person: Manager) -> Response:
    """What Izba is built on, each part with its licence."""
    return render(request, "system/licences.html", parts=await aside(parts))


@cache
def parts() -> tuple[PartLicence, ...]:
    """The libraries of this installation by name: some hundred files are read once."""
    libraries: dict[str, PartLicence] = {}
    for one in distributions():
        words: Any = one.metadata
        licence = words.get("License-Expression") or _classified(words.get_all("Classifier") or [])
        licence = licence or (words.get("License") or "").strip().splitlines()[0:1]
        text = licence if isinstance(licence, str) else "".join(licence)[:80]
        libraries[words["Name"].lower()] = PartLicence(words["Name"], one.version, text)
    return tuple(libraries[name] for name in sorted(libraries))


def _classified(classifiers: list[str]) -> str:
    texts = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License ::")]
    return ", ".join(text for text in texts if text != "OSI Approved")


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting as the page shows it."""

    line: SettingLine
    title: str
    about: str
    origin: str
    value: str


def _row(line: SettingLine, context: PageContext) -> SettingRow:
    title = context.say(SETTING_WORDS[line.name]) if line.name in SETTING_WORDS else line.variable
    return SettingRow(line, title, context.say(line.about), context.say(ORIGIN_WORDS[line.origin]), line.value)


@router.get("/admin/settings")
async def settings(request: Request, person: Manager, now: Now, did: str = "") -> Response:
    """The settings in force with their origin; secrets never."""
    context = page_context(request, person, now)
    rows = {line.name: _row(line, context) for line in desk_of(request).settings()}
    groups = [(context.say(title), [rows[name] for name, _ in pairs if name in rows]) for title, pairs in GROUPS]
    return render(
        request,
        "system/settings.html",
        context=context,
        groups=[group for group in groups if group[1]],
        machine=[row for name, row in rows.items() if name not in SETTING_WORDS],
        changed=rows[did].title if did in rows else "",
    )


@dataclass(frozen=True, slots=True)
class FormerValue:
    """What a setting was and became, by whom and when."""

    when: str
    iso: str
    actor: str
    before: str
    after: str


@router.get("/admin/settings/{name}")
async def setting(request: Request, person: Manager, now: Now, typed: TypedWords, name: str) -> Response:
    """One setting of the office: what it means, its value, and what it was."""
    context, line = page_context(request, person, now), _of_office(request, name)
    entries = [entry for entry in await entries_of(OFFICE, CHANGES) if name in (entry.after or {})]
    words: dict[str, Any] = {"value": line.value, "fault": ""} | typed.words
    return render(
        request,
        "system/setting.html",
        status=typed.status,
        context=context,
        row=_row(line, context),
        changes=[_change(entry, name, context) for entry in entries],
        **words,
    )


def _change(entry: HistoryEntry, name: str, context: PageContext) -> FormerValue:
    before, after = (entry.before or {}).get(name), (entry.after or {}).get(name)
    return FormerValue(
        context.fmt.when(entry.at, context.now), context.fmt.iso(entry.at), entry.actor, before or "", after or ""
    )


@router.post("/admin/settings/{name}")
async def change(
    request: Request, person: Manager, now: Now, name: str, value: Text = "", reset: Text = ""
) -> Response:
    """Give a setting another value at once, or the one that it has without the page's."""
    _of_office(request, name)
    text = " ".join(value.split())
    try:
        if not text.isprintable():
            reason = Reason(N_("it holds characters that cannot be shown"))
            raise Invalid("request.bad_field", field="value", reason=reason)
        if text and not reset:
            desk_of(request).check(name, text)
    except Refusal as refusal:
        fault = refusal_words(refusal, page_context(request, person, now).language)
        return await back_to(f"/admin/settings/{name}", request, now, status_of(refusal), value=value, fault=fault)
    await change_settings({name: None if reset or not text else text}, actor_of(request, person), now)
    return RedirectResponse(f"/admin/settings?did={name}", 303)


def _of_office(request: Request, name: str) -> SettingLine:
    line = next((one for one in desk_of(request).settings() if one.name == name and one.is_of_office), None)
    if line is None:
        raise NotFound("request.not_found")
    return line
