"""Who may see which files: who may see the thing that they are on; what tells of money, who counts it."""

from registry.core.errors import NotFound
from registry.files.models import Attachment, AttachmentKind
from registry.files.queries import attachment_of
from registry.files.rules import visible_kinds
from registry.people import rules
from registry.people.models import Person

# who may see the things that files are on
SEEN_WITH = {"asset": "assets.see", "room": "rooms.see"}


def kinds_for(person: Person) -> frozenset[AttachmentKind]:
    """The kinds of files that this person sees."""
    return visible_kinds(rules.may(person.role, "assets.see_money"))


async def visible_attachment(attachment_id: int, person: Person) -> Attachment:
    """One attachment, with its file. Raises NotFound("file.unknown") for one that the person may not know of."""
    attachment = await attachment_of(attachment_id, kinds_for(person))
    thing, _, _ = attachment.object.partition(":")
    if thing not in SEEN_WITH or not rules.may(person.role, SEEN_WITH[thing]):
        raise NotFound("file.unknown")
    return attachment
