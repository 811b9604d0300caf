"""Photos of what is broken: put on a fault, and who may look at them. A picture has lost its EXIF before it is here."""

from datetime import datetime

from registry.core.errors import Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_id
from registry.core.transaction import transaction
from registry.faults.models import Fault
from registry.faults.queries import VisibleFault, sees_fault
from registry.files import actions as files
from registry.files.actions import NewAttachment, StoredContent
from registry.files.models import Attachment, AttachmentKind
from registry.files.queries import attachments_of
from registry.files.rules import PICTURES
from registry.people.models import Person


def thing_of(fault_id: int) -> str:
    """What an attachment and the history call a fault."""
    return f"fault:{fault_id}"


async def attach_photo(
    fault_id: int, content: StoredContent, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Attachment:
    """Put a stored picture on a fault. Raises NotFound("fault.unknown"), Invalid("fault.no_picture"),
    Conflict("file.too_many").
    """
    if content.media_type not in PICTURES:
        raise Invalid("fault.no_picture", name=content.name)
    async with transaction():
        fault = await Fault.select_for_update().get_or_none(id=fault_id) if may_be_id(fault_id) else None
        if fault is None:
            raise NotFound("fault.unknown", fault=fault_id)
        (photo,) = await files.attach([thing_of(fault_id)], NewAttachment(content, AttachmentKind.PHOTO), actor, now)
        await record(request_key, photo)
    return photo


async def may_see_photos(fault: VisibleFault, reader: Person) -> bool:
    """Whether somebody sees a fault's photos: who may read all that was said of it; out of a room that tells nobody who
    was there also its only reporter.
    """
    return await sees_fault(fault.id, reader) or (fault.is_own and fault.reports == 1)


async def photos_of_fault(fault: VisibleFault, reader: Person) -> list[Attachment]:
    """The photos of a fault as somebody may see it, the oldest first."""
    if not await may_see_photos(fault, reader):
        return []
    return await attachments_of(thing_of(fault.id), {AttachmentKind.PHOTO})
