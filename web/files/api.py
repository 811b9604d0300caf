"""Files: photos and papers of assets, put on, listed, taken off and read."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from registry.assets import attachments
from registry.assets.attachments import thing_of
from registry.assets.queries import must_exist
from registry.core.errors import NotFound
from registry.files.actions import FileWords, NewAttachment, store
from registry.files.models import Attachment
from registry.files.queries import attachments_of
from registry.files.rules import EXTENSIONS, THUMBNAILS
from registry.people.models import Person
from web.assets.api import AssetId
from web.auth.access import Caller, caller_with
from web.files.access import kinds_for, visible_attachment
from web.files.serving import file_response, thumbnail_response
from web.files.shapes import (
    FORM,
    AttachBody,
    FileAnswer,
    FileChangesBody,
    FileForm,
    FilesAnswer,
    file_answer,
    files_answer,
)
from web.files.upload import SentFile, largest_of, read_file, sent_files
from web.kit import routing
from web.kit.answers import etag
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults

router = routing.router("files")
FileId = Annotated[int, unless_unknown("file.unknown")]
MayChange = Annotated[Person, Depends(caller_with("files.change"))]
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in EXTENSIONS}},
    304: {"description": "The same as the ETag that was sent"},
}


async def _one_file(request: Request, person: MayChange) -> tuple[SentFile, FileForm]:
    """Read once it is known who sends it: FastAPI's own way would store a stranger's file first."""
    async with sent_files(request, at_most=1) as files:
        return await read_file(files.uploads[0], largest_of(request)), files.form


@router.get("/assets/{asset_id}/files", responses=faults(404), summary="The photos and papers of a piece")
async def listing(asset_id: AssetId, person: Caller) -> FilesAnswer:
    """Invoices and protocols for who counts money."""
    await must_exist(asset_id)
    return files_answer(await attachments_of(thing_of(asset_id), kinds_for(person)))


@router.post(
    "/assets/{asset_id}/files",
    status_code=201,
    responses=faults(404, 409, 413),
    openapi_extra=FORM,
    summary="Put a photo or a paper on a piece",
)
async def send(
    request: Request,
    asset_id: AssetId,
    upload: Annotated[tuple[SentFile, FileForm], Depends(_one_file)],
    person: MayChange,
    actor: CallerActor,
    now: Now,
    once: OnceOnly,
) -> FileAnswer:
    """What it is tells its content, never its name. A content that is there already is stored once."""
    await must_exist(asset_id)
    file, form = upload
    content = await store(file.content, file.name, largest_of(request))

    async def answering(rows: list[Attachment]) -> FileAnswer:
        return file_answer(rows[0])

    return await once(
        lambda key: attachments.attach(
            [asset_id], NewAttachment(content, form.kind, form.title), actor, now, key
        ),
        answering,
        about=(form.kind, form.title, file.name, content.digest),
    )  # fmt: skip


@router.get("/assets/{asset_id}/files/{file_id}", responses=faults(404), summary="One file of a piece")
async def one(asset_id: AssetId, file_id: FileId, person: Caller, response: Response) -> FileAnswer:
    return _with_tag(await _of_asset(asset_id, file_id, person), response)


@router.patch(
    "/assets/{asset_id}/files/{file_id}", responses=faults(404, 409, 412), summary="Say otherwise what a file is"
)
async def rename(
    asset_id: AssetId,
    file_id: FileId,
    body: FileChangesBody,
    person: MayChange,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    response: Response,
) -> FileAnswer:
    """Who sees it follows from what it is, at once."""
    await _of_asset(asset_id, file_id, person)
    changes = body.changes()
    words = FileWords(changes.get("kind"), changes.get("title"))
    is_for_all = changes.get("on_all", False)
    return _with_tag(await attachments.rename(asset_id, file_id, words, actor, now, revision, is_for_all), response)


@router.delete(
    "/assets/{asset_id}/files/{file_id}", status_code=204, responses=faults(404), summary="Take a file off a piece"
)
async def remove(asset_id: AssetId, file_id: FileId, person: MayChange, actor: CallerActor, now: Now) -> None:
    """The history tells it, and for a week it can be put back."""
    await _of_asset(asset_id, file_id, person)
    await attachments.detach(asset_id, file_id, actor, now)


@router.post("/assets/{asset_id}/files/{file_id}/put-back", responses=faults(404, 409), summary="Undo a removal")
async def put_back(
    asset_id: AssetId, file_id: FileId, person: MayChange, actor: CallerActor, now: Now, once: OnceOnly
) -> FileAnswer:
    """Within a week."""

    async def answering(attachment: Attachment) -> FileAnswer:
        return file_answer(attachment)

    return await once(lambda key: attachments.put_back(asset_id, file_id, actor, now, key), answering)


@router.post("/files/{file_id}/attach", responses=faults(404, 409), summary="Put a file on other pieces too")
async def attach(
    file_id: FileId, body: AttachBody, person: MayChange, actor: CallerActor, now: Now, once: OnceOnly
) -> FilesAnswer:
    """One invoice is stored once, whatever it is for."""
    await visible_attachment(file_id, person)

    async def answering(rows: list[Attachment]) -> FilesAnswer:
        return files_answer(rows)

    return await once(lambda key: attachments.attach_again(file_id, body.assets, actor, now, key), answering)


@router.get("/files/{file_id}", responses=faults(404) | BYTES, response_class=Response, summary="A file's content")
async def content(request: Request, file_id: FileId, person: Caller) -> Response:
    """To who may see the piece that it is on."""
    return await file_response(request, await visible_attachment(file_id, person))


@router.get(
    "/files/{file_id}/thumbnail",
    responses=faults(404) | {200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}}
    | {304: BYTES[304]},
    response_class=Response,
    summary="A picture made small",
)  # fmt: skip
async def thumbnail(
    request: Request,
    file_id: FileId,
    person: Caller,
    size: Annotated[int, Query(ge=1, le=THUMBNAILS[-1], description="its longer side at least, in pixels")] = 480,
) -> Response:
    """JPEG, of a picture alone."""
    return await thumbnail_response(request, await visible_attachment(file_id, person), size)


def _with_tag(attachment: Attachment, response: Response) -> FileAnswer:
    response.headers["etag"] = etag(attachment.revision)
    return file_answer(attachment)


async def _of_asset(asset_id: int, file_id: int, person: Person) -> Attachment:
    attachment = await visible_attachment(file_id, person)
    if attachment.object != thing_of(asset_id):
        raise NotFound("file.unknown")
    return attachment
