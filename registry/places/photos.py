"""The photo of a room: one at a time, kept as files are."""

from datetime import datetime

from registry.core.errors import Invalid
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.files import actions as files
from registry.files.actions import NewAttachment, StoredContent
from registry.files.models import Attachment, AttachmentKind
from registry.files.queries import attachments_of
from registry.files.rules import PICTURES
from registry.rooms.lock import changing

KINDS = (AttachmentKind.PHOTO,)


def thing_of(room_id: int) -> str:
    """What an attachment and the history call a room."""
    return f"room:{room_id}"


async def photo_of(room_id: int) -> Attachment | None:
    """The photo of a room with its file; None without one."""
    photos = await attachments_of(thing_of(room_id), KINDS)
    return photos[-1] if photos else None


async def set_photo(
    room_id: int, content: StoredContent, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Attachment:
    """Give a room a photo, in the place of the one before. Raises NotFound("room.unknown"), Invalid("room.no_photo")
    for what is no picture.
    """
    if content.media_type not in PICTURES:
        raise Invalid("room.no_photo", name=content.name)
    async with changing(room_id):
        former = await attachments_of(thing_of(room_id), KINDS)
        (photo,) = await files.attach([thing_of(room_id)], NewAttachment(content, AttachmentKind.PHOTO), actor, now)
        for one in former:
            if one.id != photo.id:
                await files.detach(one, actor, now)
        await record(request_key, photo)
    return photo


async def remove_photo(room_id: int, actor: Actor, now: datetime) -> None:
    """Take the photo off a room that has one. Raises NotFound("room.unknown")."""
    async with changing(room_id) as change:
        photos = await attachments_of(thing_of(room_id), KINDS)
        for photo in photos:
            await files.detach(photo, actor, now)
        if not photos:
            change.keep_quiet(change.room)
