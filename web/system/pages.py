"""How Izba does, and what it is made of, for who runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from platform import python_version
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from registry.core.aside import aside
from registry.devices.queries import newest_refusals
from registry.importing.sessions import newest
from registry.people.models import Person
from web.auth.access import options_of, page_with
from web.kit.clock import Now
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.system.desk import Task, desk_of
from web.system.view import headline, health, job_rows, task_notices
from web.system.words import IMPORT_WORDS

router = pages()
Manager = Annotated[Person, Depends(page_with("office.manage"))]
SHOWN = 8


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
