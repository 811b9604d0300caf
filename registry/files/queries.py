"""What is asked about files: those of one thing, one of them with its content, the photo that stands for a thing."""

from collections.abc import AsyncIterator, Collection, Sequence

from tortoise.functions import Count

from registry.core.errors import NotFound
from registry.files import contents
from registry.files.models import Attachment, AttachmentKind, StoredFile
from registry.files.rules import PICTURES, content_key, keys_of, thumbnail_key, thumbnail_size


async def attachments_of(thing: str, kinds: Collection[AttachmentKind]) -> list[Attachment]:
    """What is attached to a thing like ``asset:12``, of these kinds, with their files: the oldest first."""
    rows = Attachment.filter(object=thing, removed_at=None, kind__in=list(kinds))
    return await rows.select_related("file").order_by("id")


async def attachment_of(attachment_id: int, kinds: Collection[AttachmentKind]) -> Attachment:
    """One attachment with its file. Raises NotFound("file.unknown") for one that is removed or of another kind."""
    attachment = await Attachment.get_or_none(id=attachment_id, removed_at=None).select_related("file")
    if attachment is None or attachment.kind not in kinds:
        raise NotFound("file.unknown")
    return attachment


async def sharing(file_ids: Sequence[int]) -> dict[int, int]:
    """On how many things each of these files is, those left out that are on one alone."""
    rows = Attachment.filter(file_id__in=list(file_ids), removed_at=None).annotate(many=Count("id")).group_by("file_id")
    counts = await rows.values_list("file_id", "many")
    return {int(file_id): int(many) for file_id, many in counts if int(many) > 1}


async def photos_of(things: Sequence[str]) -> dict[str, int]:
    """The attachment whose picture stands for each of these things: its newest photo."""
    rows = Attachment.filter(object__in=list(things), removed_at=None, kind=AttachmentKind.PHOTO).order_by("id")
    return {str(thing): int(pk) for pk, thing in await rows.values_list("id", "object")} if things else {}


async def content_of(file: StoredFile) -> AsyncIterator[bytes]:
    """The bytes of a file in pieces. Raises NotFound("file.gone")."""
    return await contents.in_use().open(content_key(file.digest))


async def thumbnail_of(file: StoredFile, size: int) -> AsyncIterator[bytes]:
    """The small one of a picture, JPEG, with the first kept size that is at least this. Raises NotFound:
    file.no_thumbnail, file.gone.
    """
    if file.media_type not in PICTURES:
        raise NotFound("file.no_thumbnail")
    return await contents.in_use().open(thumbnail_key(file.digest, thumbnail_size(size)))


async def removed_of(attachment_id: int, thing: str, kinds: Collection[AttachmentKind]) -> Attachment:
    """What was taken off a thing and can be put back. Raises NotFound("file.unknown")."""
    rows = Attachment.filter(id=attachment_id, object=thing, removed_at__not_isnull=True, kind__in=list(kinds))
    attachment = await rows.select_related("file").first()
    if attachment is None:
        raise NotFound("file.unknown")
    return attachment


async def keys_in_use() -> list[str]:
    """The keys of all that is stored for the files of the register: what a backup takes."""
    rows = await StoredFile.all().order_by("id").values_list("digest", "media_type")
    return [key for digest, media in rows for key in keys_of(str(digest), str(media))]
