"""Who may see which files: who may see the thing that they are on; what tells of money, who counts it."""

from registry.core.errors import NotFound
from registry.faults.photos import may_see_photos
from registry.faults.queries import VisibleFault, visible_fault
from registry.files.models import Attachment, AttachmentKind
from registry.files.queries import attachment_of
from registry.files.rules import visible_kinds
from registry.people import rules
from registry.people.models import Person

# who may see the things that files are on
SEEN_WITH = {"asset": "assets.see", "room": "rooms.see", "plan": "rooms.see"}


def kinds_for(person: Person) -> frozenset[AttachmentKind]:
    """The kinds of files that this person sees."""
    return visible_kinds(rules.may(person.role, "assets.see_money"))


async def visible_attachment(attachment_id: int, person: Person) -> Attachment:
    """One attachment, with its file. Raises NotFound("file.unknown") for one that the person may not know of."""
    attachment = await attachment_of(attachment_id, kinds_for(person))
    thing, _, number = attachment.object.partition(":")
    if thing == "fault" and number.isdecimal():
        if not await may_see_photos(await _fault(int(number), person), person):
            raise NotFound("file.unknown")
    elif thing not in SEEN_WITH or not rules.may(person.role, SEEN_WITH[thing]):
        raise NotFound("file.unknown")
    return attachment


async def _fault(fault_id: int, person: Person) -> VisibleFault:
    """Raises NotFound("file.unknown") for a fault that the person may not know of."""
    try:
        return await visible_fault(fault_id, person)
    except NotFound as refusal:
        raise NotFound("file.unknown") from refusal
