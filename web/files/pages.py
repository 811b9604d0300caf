"""What an asset's page does with its photos and papers, and the address at which a file opens."""

from typing import Annotated

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets import attachments
from registry.assets.queries import ids_of_numbers, must_exist, of_purchase_of
from registry.core.errors import NotFound, Refusal
from registry.core.history import Actor
from registry.files.actions import FileWords, NewAttachment, store
from registry.files.models import AttachmentKind
from registry.people.models import Person
from web.auth.access import PageCaller, actor_of, page_with
from web.files.access import visible_attachment
from web.files.serving import file_response
from web.files.upload import SentFiles, largest_of, read_file, sent_files
from web.kit.clock import Now
from web.kit.drafts import back_to
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id
from web.kit.words import N_

router = pages()
Clerk = Annotated[Person, Depends(page_with("files.change"))]
Numbers = Annotated[str, Form(max_length=8000)]
AT_ONCE = 200
TOO_MANY = N_("These are %(lines)s lines; at most %(limit)s are taken at once. Put the file on the rest afterwards.")
NO_OTHER = N_("Write the number of another piece, or tick the pieces of the same purchase.")
NO_OTHER_OF_PURCHASE = N_("No other piece came with the same purchase. Write the numbers of the pieces.")


@router.get("/files/{file_id}")
async def content(request: Request, person: PageCaller, file_id: int) -> Response:
    """A file, for who may see what it is on."""
    return await file_response(request, await visible_attachment(possible_id(file_id, "file.unknown"), person))


@router.post("/assets/{asset_id}/files")
async def send(request: Request, person: Clerk, asset_id: int, now: Now) -> Response:
    """Put files on an asset: each that can be is, each that cannot is named with its reason."""
    number = possible_id(asset_id, "asset.unknown")
    await must_exist(number)
    context, actor = page_context(request, person, now), actor_of(request, person)
    refusals: list[Refusal] = []
    try:
        async with sent_files(request) as files:
            refusals = await _put_on(request, number, files, actor, now)
    except Refusal as refusal:
        refusals = [refusal]
    if refusals:
        sentences = [context.words.refusal(refusal) for refusal in refusals]
        return await back_to(f"/assets/{number}#files", request, now, status_of(refusals[0]), file_faults=sentences)
    return RedirectResponse(f"/assets/{number}?done=files#files", 303)


async def _put_on(request: Request, asset_id: int, files: SentFiles, actor: Actor, now: Now) -> list[Refusal]:
    refusals: list[Refusal] = []
    for upload in files.uploads:
        try:
            file = await read_file(upload, largest_of(request))
            content = await store(file.content, file.name, largest_of(request))
            new = NewAttachment(content, files.form.kind, files.form.title)
            await attachments.attach([asset_id], new, actor, now)
        except Refusal as refusal:
            refusals.append(refusal)
    return refusals


@router.post("/assets/{asset_id}/files/{file_id}/rename")
async def rename(
    request: Request,
    person: Clerk,
    asset_id: int,
    file_id: int,
    now: Now,
    kind: Annotated[AttachmentKind | None, Form()] = None,
    title: Annotated[str, Form(max_length=200)] = "",
    revision: Annotated[int | None, Form()] = None,
    on_all: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Say otherwise what a file is, or its title: here, or on all pieces that have it as the same."""
    number, file = possible_id(asset_id, "asset.unknown"), possible_id(file_id, "file.unknown")
    await visible_attachment(file, person)
    words, actor = FileWords(kind, " ".join(title.split())), actor_of(request, person)
    try:
        await attachments.rename(number, file, words, actor, now, revision, bool(on_all))
    except NotFound:
        raise
    except Refusal as refusal:
        sentence = page_context(request, person, now).words.refusal(refusal)
        typed = {"file_kind": kind, "file_title": title, "file_on_all": on_all, "file_open": file}
        page = f"/assets/{number}#file-{file}"
        return await back_to(page, request, now, status_of(refusal), file_rename_faults=[sentence], **typed)
    return RedirectResponse(f"/assets/{number}?done=files-renamed#files", 303)


@router.post("/assets/{asset_id}/files/{file_id}/remove")
async def remove(request: Request, person: Clerk, asset_id: int, file_id: int, now: Now) -> Response:
    """Take a file off an asset. The page that follows offers to put it back."""
    number, file = possible_id(asset_id, "asset.unknown"), possible_id(file_id, "file.unknown")
    await visible_attachment(file, person)
    await attachments.detach(number, file, actor_of(request, person), now)
    return RedirectResponse(f"/assets/{number}?removed={file}#files", 303)


@router.post("/assets/{asset_id}/files/{file_id}/put-back")
async def put_back(request: Request, person: Clerk, asset_id: int, file_id: int, now: Now) -> Response:
    """Undo a removal."""
    number, file = possible_id(asset_id, "asset.unknown"), possible_id(file_id, "file.unknown")
    await attachments.put_back(number, file, actor_of(request, person), now)
    return RedirectResponse(f"/assets/{number}?done=files-back#files", 303)


@router.post("/assets/{asset_id}/files/{file_id}/attach")
async def attach(
    request: Request,
    person: Clerk,
    asset_id: int,
    file_id: int,
    now: Now,
    numbers: Numbers = "",
    purchase: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Put a file on other pieces too: on those of the same purchase, or on those whose numbers were typed."""
    number, file = possible_id(asset_id, "asset.unknown"), possible_id(file_id, "file.unknown")
    await visible_attachment(file, person)
    context = page_context(request, person, now)
    typed = {"file_numbers": numbers, "file_purchase": purchase, "file_open": file}
    lines = [line.strip() for line in numbers.replace(";", "\n").splitlines() if line.strip()]
    sentence, status = "", 422
    try:
        if len(lines) > AT_ONCE:
            sentence = context.say(TOO_MANY) % {"lines": len(lines), "limit": AT_ONCE}
        elif ids := {*await ids_of_numbers(lines), *(await of_purchase_of(number) if purchase else [])} - {number}:
            await attachments.attach_again(file, sorted(ids), actor_of(request, person), now)
        else:
            sentence = context.say(NO_OTHER_OF_PURCHASE if purchase else NO_OTHER)
    except Refusal as refusal:
        sentence, status = context.words.refusal(refusal), status_of(refusal)
    if sentence:
        return await back_to(f"/assets/{number}#files", request, now, status, file_faults=[sentence], **typed)
    return RedirectResponse(f"/assets/{number}?done=files-spread#files", 303)
