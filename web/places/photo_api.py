"""The photo of a room, put on and taken off by programs and by the page of its settings."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Refusal
from registry.files.actions import store
from registry.files.models import Attachment
from registry.people.models import Person
from registry.places.photos import remove_photo, set_photo
from registry.rooms.queries import room_by_code
from web.auth.access import actor_of, caller_with
from web.files.shapes import FileAnswer, file_answer
from web.files.upload import SentFile, largest_of, read_file, sent_files
from web.kit import routing
from web.kit.body import file_form
from web.kit.clock import Now
from web.kit.drafts import back_to
from web.kit.errors import status_of
from web.kit.idempotency import OnceOnly
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.routing import CallerActor, faults
from web.places.pages import RunsRooms
from web.rooms.projection import RoomByCode

router, page_router = routing.router("rooms"), pages()
MayRunRooms = Annotated[Person, Depends(caller_with("rooms.manage"))]
FORM = file_form(file={"type": "string", "format": "binary", "description": "JPEG, PNG, WebP or GIF, by its content"})


async def _one_file(request: Request, person: MayRunRooms) -> SentFile:
    """Read once it is known who sends it."""
    async with sent_files(request, at_most=1) as files:
        return await read_file(files.uploads[0], largest_of(request))


@router.post(
    "/rooms/{code}/photo",
    status_code=201,
    responses=faults(404, 413),
    openapi_extra=FORM,
    summary="Give a room a photo",
)
async def put_on(
    request: Request, room: RoomByCode, file: Annotated[SentFile, Depends(_one_file)], person: MayRunRooms,
    actor: CallerActor, now: Now, once: OnceOnly,
) -> FileAnswer:  # fmt: skip
    """In the place of the one before. Its EXIF is gone."""
    content = await store(file.content, file.name, largest_of(request))

    async def answering(photo: Attachment) -> FileAnswer:
        return file_answer(photo)

    return await once(
        lambda key: set_photo(room.id, content, actor, now, key), answering, about=(file.name, content.digest)
    )


@router.delete("/rooms/{code}/photo", status_code=204, responses=faults(404), summary="Take the photo off a room")
async def take_off(room: RoomByCode, person: MayRunRooms, actor: CallerActor, now: Now) -> None:
    await remove_photo(room.id, actor, now)


@page_router.post("/admin/places/rooms/{code}/photo/files")
async def send(request: Request, person: RunsRooms, now: Now, code: str) -> Response:
    """A photo out of the form of the settings."""
    room = await room_by_code(code)
    page = f"/admin/places/rooms/{quote(room.code)}"
    try:
        async with sent_files(request, at_most=1) as files:
            file = await read_file(files.uploads[0], largest_of(request))
        content = await store(file.content, file.name, largest_of(request))
        await set_photo(room.id, content, actor_of(request, person), now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(f"{page}#photo", request, now, status_of(refusal), faults={"photo": fault})
    return RedirectResponse(f"{page}?done=photo#photo", 303)


@page_router.post("/admin/places/rooms/{code}/photo/remove")
async def remove(request: Request, person: RunsRooms, now: Now, code: str) -> Response:
    """Take it off."""
    room = await room_by_code(code)
    await remove_photo(room.id, actor_of(request, person), now)
    return RedirectResponse(f"/admin/places/rooms/{quote(room.code)}?done=photo#photo", 303)
