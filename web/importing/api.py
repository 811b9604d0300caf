"""Imports: a file is sent and checked, looked at, corrected row by row, then written.

Between sending and writing a file waits in the database, for its sender alone: a day, eight files at most.
"""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from msgspec import Meta
from starlette.datastructures import UploadFile
from starlette.responses import Response

from registry.core.errors import Invalid
from registry.importing import sessions as pending
from registry.importing.columns import FAMILIES
from registry.importing.files import LARGEST_FILE
from registry.importing.models import ImportState, PendingImport
from registry.importing.sessions import LONGEST
from registry.people.models import Person
from web.auth.access import actor_of, caller_with
from web.auth.session import options_of
from web.kit import routing, shapes
from web.kit.answers import answer, wanted_revision
from web.kit.body import Body, body, plain, text
from web.kit.i18n import LANGUAGES, preferred, translate
from web.kit.routing import IF_MATCH, PREFIX, faults, taking

router = routing.router("imports")
May = Annotated[Person, Depends(caller_with("imports.run"))]
Value = str | int | float | bool | None
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "CSV, TXT, XLSX, XLS or ODS"},
                        "kind": {"type": "string", "enum": list(FAMILIES)},
                    },
                }
            }
        },
    }
}


class Correction(Body):
    """One row, with what its cells should hold instead."""

    line: Annotated[int, Meta(ge=1, le=2**31 - 1, description="of the file, as the report tells it")]
    values: Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=200)], Value],
        Meta(min_length=1, max_length=60, description="by column, as it is called in the report or in the file"),
    ]


@router.post(
    "/imports", status_code=201, response_model=shapes.Import, responses=faults(404, 413), openapi_extra=FORM,
    summary="Send a list and have it checked",
)  # fmt: skip
async def send(request: Request, person: May) -> Response:
    """Changes nothing. Each row says what is read and what is wrong with it. It waits a day to be written."""
    content, name, family = await _sent(request)
    sent = await pending.send(content, name, family, person.id, datetime.now(UTC))
    told = await _told(request, sent)
    return answer(told, 201, sent.revision, headers={"location": f"{PREFIX}/imports/{sent.id}"})


@router.get("/imports/{number}", response_model=shapes.Import, responses=faults(404), summary="What a sent list holds")
async def one(request: Request, number: str, person: May) -> Response:
    found = await pending.find(plain("number", number), person.id, datetime.now(UTC))
    return answer(await _told(request, found), revision=found.revision)


@router.patch(
    "/imports/{number}",
    response_model=shapes.ImportRow,
    responses=faults(404, 409, 412),
    openapi_extra={**taking(Correction), "parameters": [IF_MATCH]},
    summary="Correct a row before it is written",
)
async def correct(request: Request, number: str, person: May) -> Response:
    """The row is checked again, and with it the rows that it touches: a number that is no longer given twice."""
    asked = await body(request, Correction)
    for column, value in asked.values.items():
        text(column, value if isinstance(value, str) else "", LONGEST)
    found = await pending.correct(
        plain("number", number), person.id, asked.line, asked.values, datetime.now(UTC), wanted_revision(request)
    )
    told = await _told(request, found)
    row = next(row for row in told["rows"] if row["line"] == asked.line)
    return answer(row | {name: told[name] for name in ("accepted", "refused")}, revision=found.revision)


@router.post(
    "/imports/{number}/commit",
    response_model=shapes.Import,
    responses=faults(404, 409, 412),
    openapi_extra={"parameters": [IF_MATCH]},
    summary="Write the rows that were accepted",
)
async def commit(request: Request, number: str, person: May) -> Response:
    """The list is checked anew against the register as it is now. Refused rows stay out. A repeat writes nothing."""
    actor, now = actor_of(request, person), datetime.now(UTC)
    found = await pending.commit(plain("number", number), person.id, actor, now, wanted_revision(request))
    return answer(await _told(request, found), revision=found.revision)


async def _sent(request: Request) -> tuple[bytes, str, str | None]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid("request.missing_field", field="file")
    async with request.form(max_files=1, max_fields=4) as form:
        file, family = form.get("file"), form.get("kind")
        if not isinstance(file, UploadFile):
            raise Invalid("request.missing_field", field="file")
        if file.size is not None and file.size > LARGEST_FILE:
            raise Invalid("request.too_large", limit=LARGEST_FILE)
        name = plain("file", (file.filename or "list.csv").replace("\\", "/").rsplit("/", 1)[-1][:200])
        kind = plain("kind", family, 40) if isinstance(family, str) else ""
        return await file.read(), name, kind or None


async def _told(request: Request, found: PendingImport) -> dict[str, Any]:
    accepted = request.headers.get("accept-language", "")
    say = translate(preferred(accepted, tuple(LANGUAGES), options_of(request).language))
    told = await asyncio.to_thread(pending.in_words, found, say)
    refused = sum(row["status"] == "error" for row in told["rows"])
    return {
        "id": found.id,
        "status": str(found.state),
        "file": found.file,
        "accepted": len(told["rows"]) - refused,
        "refused": refused,
        "written": found.records if found.state is ImportState.WRITTEN else None,
        **told,
    }
