"""Photos of what is broken: brought with a report or added to it, by page and by program."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Forbidden, NotFound, Refusal
from registry.core.history import Actor
from registry.faults import rules
from registry.faults.photos import attach_photo, photos_of_fault
from registry.faults.queries import VisibleFault, visible_fault
from registry.files.actions import store
from registry.files.models import Attachment
from registry.people.models import Person
from web.auth.access import Caller, PageCaller, actor_of
from web.files.shapes import FORM, FileAnswer, FilesAnswer, file_answer, files_answer
from web.files.upload import SentFile, largest_of, read_file, sent_files
from web.kit import routing
from web.kit.clock import Now
from web.kit.drafts import back_to
from web.kit.errors import status_of
from web.kit.idempotency import OnceOnly
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id, unless_unknown
from web.kit.routing import CallerActor, faults

router = pages()
api_router = routing.router("faults")
FaultId = Annotated[int, unless_unknown("fault.unknown")]
MOST = 10  # of one form


def may_add(fault: VisibleFault, person: Person) -> bool:
    """Whether somebody adds photos: who reported it, and who sees to faults."""
    return rules.may_manage(person.role) or fault.is_own


async def _addable(fault_id: int, person: Person) -> VisibleFault:
    """Raises NotFound("fault.unknown"), Forbidden("auth.role")."""
    fault = await visible_fault(fault_id, person)
    if not may_add(fault, person):
        raise Forbidden("auth.role")
    return fault


async def put_photos(
    request: Request, fault_id: int, uploads: Sequence[UploadFile], actor: Actor, now: datetime
) -> list[Refusal]:
    """Put each picture on a fault that can be; returns why the others cannot."""
    refusals: list[Refusal] = []
    for upload in uploads:
        try:
            file = await read_file(upload, largest_of(request))
            await attach_photo(fault_id, await store(file.content, file.name, largest_of(request)), actor, now)
        except Refusal as refusal:
            refusals.append(refusal)
    return refusals


@router.post("/faults/{fault_id}/files")
async def add(request: Request, person: PageCaller, fault_id: int, now: Now) -> Response:
    """Add photos to a fault."""
    number = possible_id(fault_id, "fault.unknown")
    try:
        async with sent_files(request, MOST) as sent_form:
            await _addable(number, person)
            refusals = await put_photos(request, number, sent_form.uploads, actor_of(request, person), now)
    except (Forbidden, NotFound):
        raise
    except Refusal as refusal:
        await _addable(number, person)
        refusals = [refusal]
    if refusals:
        return await back_with(request, person, number, refusals, now)
    return RedirectResponse(f"/faults/{number}?done=photo#photos", 303)


async def back_with(
    request: Request, person: Person, fault_id: int, refusals: Sequence[Refusal], now: datetime
) -> Response:
    """To the fault, with why photos were not taken."""
    words = page_context(request, person, now).words
    sentences = [words.refusal(refusal) for refusal in refusals]
    status = status_of(refusals[0])
    return await back_to(f"/faults/{fault_id}#photos", request, now, status, photo_faults=sentences)


async def _one_file(request: Request, person: Caller) -> SentFile:
    """Read once it is known who sends it."""
    async with sent_files(request, at_most=1) as sent_form:
        return await read_file(sent_form.uploads[0], largest_of(request))


@api_router.get("/faults/{fault_id}/files", responses=faults(404), summary="The photos of a fault")
async def listing(fault_id: FaultId, person: Caller) -> FilesAnswer:
    """For who may read all that was said of it, or is its only reporter."""
    return files_answer(await photos_of_fault(await visible_fault(fault_id, person), person))


@api_router.post(
    "/faults/{fault_id}/files",
    status_code=201,
    responses=faults(404, 409, 413),
    openapi_extra=FORM,
    summary="Put a photo on a fault",
)
async def send(
    request: Request, fault_id: FaultId, file: Annotated[SentFile, Depends(_one_file)], person: Caller,
    actor: CallerActor, now: Now, once: OnceOnly,
) -> FileAnswer:  # fmt: skip
    """For who reported it and who sees to faults. Where and when it was taken is removed from it."""
    fault = await _addable(fault_id, person)
    content = await store(file.content, file.name, largest_of(request))

    async def answering(photo: Attachment) -> FileAnswer:
        return file_answer(photo)

    return await once(
        lambda key: attach_photo(fault.id, content, actor, now, key), answering, about=(file.name, content.digest)
    )
