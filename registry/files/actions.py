"""What keeps files: a content is stored first and its row after, so that a crash leaves at most a content that nothing
refers to; a sweep takes that away.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core import history
from registry.core.aside import aside
from registry.core.context import PerRegister
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.history import Actor
from registry.core.statements import column
from registry.core.transaction import transaction
from registry.files import contents
from registry.files.models import Attachment, AttachmentKind, StoredFile
from registry.files.pictures import picture_of
from registry.files.rules import (
    AT_MOST,
    PICTURES,
    content_key,
    digest_of_key,
    is_heic,
    kind_fault,
    media_type,
    safe_name,
    shown_kind,
    thumbnail_key,
)

# how long what was removed can be put back, and how long a fresh content is left alone that no row names yet
UNDO, FRESH = timedelta(days=7), timedelta(days=1)
BATCH = 500
# a picture is opened one after the other: each may take a quarter of a gigabyte for a moment
_opening: PerRegister[asyncio.Lock] = PerRegister(asyncio.Lock)


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A content that lies where contents lie, and may become a row."""

    digest: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    name: str


async def store(content: bytes, name: str, largest: int) -> StoredContent:
    """Look at a content, and store what becomes of it. ``largest`` is in bytes.

    Raises Invalid: file.empty, file.too_large, file.heic, file.bad_type, file.broken, file.too_many_pixels;
    Unavailable("file.not_stored").
    """
    if not content:
        raise Invalid("file.empty", name=name)
    if len(content) > largest:
        raise Invalid("file.too_large", name=name, limit=largest // 1_000_000)
    if is_heic(content):
        raise Invalid("file.heic", name=name)
    media = media_type(content)
    if media is None:
        raise Invalid("file.bad_type", name=name)
    async with _opening.value:
        content_row, parts = await aside(_opened, content, media, name)
    for key, part in parts.items():
        await contents.in_use().put(key, part)
    return content_row


def _opened(content: bytes, media: str, name: str) -> tuple[StoredContent, Mapping[str, bytes]]:
    """What is stored of a content, and its bytes by key: the small ones first, the content itself last."""
    if media not in PICTURES:
        digest = hashlib.sha256(content).hexdigest()
        content_row = StoredContent(digest, media, len(content), None, None, safe_name(name, media))
        return content_row, {content_key(digest): content}
    try:
        picture = picture_of(content, media)
    except Invalid as refusal:
        raise Invalid(refusal.code, **refusal.params, name=name) from refusal
    digest = hashlib.sha256(picture.content).hexdigest()
    parts = {thumbnail_key(digest, size): small for size, small in picture.thumbnails.items()}
    content_row = StoredContent(
        digest=digest,
        media_type=picture.media_type,
        size=len(picture.content),
        width=picture.width,
        height=picture.height,
        name=safe_name(name, picture.media_type),
    )
    return content_row, {**parts, content_key(digest): picture.content}


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """What a content is for a thing; without a kind a picture is a photo."""

    content: StoredContent
    kind: AttachmentKind | str | None = None
    title: str = ""


async def attach(things: list[str], new: NewAttachment, actor: Actor, now: datetime) -> list[Attachment]:
    """Put a stored content on things that the caller has locked, inside the caller's transaction. What a thing has
    already, it has once.

    Raises Conflict("file.too_many").
    """
    columns = {name: getattr(new.content, name) for name in ("media_type", "size", "width", "height")}
    file, is_new = await StoredFile.get_or_create({**columns, "stored_at": now}, digest=new.content.digest)
    if not is_new:
        await StoredFile.filter(id=file.id).update(stored_at=now)
    return await _put_on(things, file, new.content.name, shown_kind(new.kind, file.media_type), new.title, actor, now)


async def attach_again(things: list[str], attachment: Attachment, actor: Actor, now: datetime) -> list[Attachment]:
    """Put what one thing has on others too, as :func:`attach`."""
    return await _put_on(
        things, attachment.file, attachment.name, attachment.kind, attachment.title, actor, now
    )  # fmt: skip


async def _put_on(
    things: list[str], file: StoredFile, name: str, kind: AttachmentKind, title: str, actor: Actor, now: datetime
) -> list[Attachment]:
    attachments = []
    for thing in things:
        same = await _same_on(thing, file, kind)
        if same is None:
            same = await Attachment.create(
                file=file, object=thing, kind=kind, title=title, name=name, added_by=actor.name, added_at=now
            )
            await _write(same, file.digest, "file_added", actor, now)
        same.file = file
        attachments.append(same)
    return attachments


@dataclass(frozen=True, slots=True)
class FileWords:
    """What a file on a thing is to be called; None stays as it is."""

    kind: AttachmentKind | None = None
    title: str | None = None


async def rename(
    attachment: Attachment, words: FileWords, actor: Actor, now: datetime, if_revision: int | None = None
) -> None:
    """Say otherwise what a file on a thing is, or what it is titled, inside the caller's transaction.

    Raises Invalid("file.no_photo"), Conflict: file.kind_taken, request.stale.
    """
    if if_revision not in (None, attachment.revision):
        raise Conflict("request.stale", revision=attachment.revision)
    kind = attachment.kind if words.kind is None else words.kind
    title = attachment.title if words.title is None else words.title
    if (kind, title) == (attachment.kind, attachment.title):
        return
    if fault := kind_fault(kind, attachment.file.media_type):
        raise Invalid(fault, name=attachment.name)
    others = Attachment.filter(object=attachment.object, file_id=attachment.file_id, kind=kind, removed_at=None)
    if kind is not attachment.kind and await others.exists():
        raise Conflict("file.kind_taken", name=attachment.name)
    before = _side(attachment)
    attachment.kind, attachment.title, attachment.revision = kind, title, attachment.revision + 1
    await attachment.save(update_fields=["kind", "title", "revision"])
    await history.write(attachment.object, "file_changed", actor, now, before=before, after=_side(attachment))


async def rename_or_detach(attachment: Attachment, words: FileWords, actor: Actor, now: datetime) -> None:
    """As :func:`rename`; where the thing has the file as this already it keeps that one alone."""
    try:
        await rename(attachment, words, actor, now)
    except Conflict:
        await detach(attachment, actor, now)


async def same_elsewhere(attachment: Attachment, prefix: str) -> list[Attachment]:
    """The same file as the same kind on other things whose names begin so, by their ids: for who locks them."""
    rows = Attachment.filter(file_id=attachment.file_id, kind=attachment.kind, removed_at=None)
    return await rows.filter(object__startswith=prefix).exclude(id=attachment.id).order_by("id")


async def detach(attachment: Attachment, actor: Actor, now: datetime) -> None:
    """Take an attachment off its thing, inside the caller's transaction. It can be put back for a week."""
    if attachment.removed_at is None:
        attachment.removed_at = now
        await attachment.save(update_fields=["removed_at"])
        await _write(attachment, attachment.file.digest, "file_removed", actor, now)


async def put_back(attachment: Attachment, actor: Actor, now: datetime) -> Attachment:
    """Undo a removal, inside the caller's transaction. What the thing has again already, it has once: that is returned.

    Raises NotFound("file.unknown") after a week, Conflict("file.too_many").
    """
    if attachment.removed_at is None:
        return attachment
    if attachment.removed_at < now - UNDO:
        raise NotFound("file.unknown")
    same = await _same_on(attachment.object, attachment.file, attachment.kind)
    if same is not None:
        return same
    attachment.removed_at = None
    await attachment.save(update_fields=["removed_at"])
    await _write(attachment, attachment.file.digest, "file_put_back", actor, now)
    return attachment


async def _same_on(thing: str, file: StoredFile, kind: AttachmentKind) -> Attachment | None:
    """What a thing has of this file and kind already. Raises Conflict("file.too_many") where nothing more fits."""
    rows = await Attachment.filter(object=thing, removed_at=None)
    same = next((row for row in rows if row.file_id == file.id and row.kind == kind), None)
    if same is not None:
        same.file = file
    elif len(rows) >= AT_MOST:
        raise Conflict("file.too_many", limit=AT_MOST)
    return same


async def _write(attachment: Attachment, digest: str, action: str, actor: Actor, now: datetime) -> None:
    side = {"file": attachment.name, "kind": attachment.kind.value, "attachment": attachment.id, "sha256": digest}
    before, after = (side, None) if action == "file_removed" else (None, side)
    await history.write(attachment.object, action, actor, now, before=before, after=after)


def _side(attachment: Attachment) -> dict[str, str | int]:
    return {
        "file": attachment.name,
        "kind": attachment.kind.value,
        "title": attachment.title,
        "attachment": attachment.id,
    }


async def locked(attachment_id: int, thing: str | None = None) -> Attachment:
    """An attachment with its file, locked; of this thing alone where one is named. Raises NotFound("file.unknown")."""
    rows = Attachment.select_for_update().filter(id=attachment_id)
    attachment = await rows.get_or_none()
    if attachment is None or thing not in (None, attachment.object):
        raise NotFound("file.unknown")
    attachment.file = await StoredFile.get(id=attachment.file_id)
    return attachment


async def forget_removed(now: datetime) -> None:
    """Forget what was removed a week ago, and the files that nothing has any more. Their contents are for
    :func:`sweep_contents`: the same content may be put on a thing again at this very moment.
    """
    rows = Attachment.filter(removed_at__lt=now - UNDO).order_by("removed_at").limit(BATCH)
    file_ids = dict(await rows.values_list("id", "file_id"))
    if not file_ids:
        return
    async with transaction():
        await Attachment.filter(id__in=list(file_ids), removed_at__lt=now - UNDO).delete()
        in_use = await column(Attachment.filter(file_id__in=list(set(file_ids.values()))), "file_id")
        idle = StoredFile.filter(id__in=list(set(file_ids.values()) - set(in_use)), stored_at__lt=now - FRESH)
        await idle.delete()


async def sweep_contents(now: datetime) -> int:
    """Remove contents that no row names: of an upload that was cut off or refused, of a file that is forgotten. Returns
    how many.
    """
    count, batch, moment = 0, list[str](), now - FRESH
    async for key in contents.in_use().keys_before(moment):
        batch.append(key)
        if len(batch) == BATCH:
            count, batch = count + await _remove_unnamed(batch, moment), []
    return count + await _remove_unnamed(batch, moment)


async def _remove_unnamed(keys: list[str], moment: datetime) -> int:
    """Those of these contents that lie there since before the moment; what was sent again meanwhile will have a row."""
    digests = {digest_of_key(key) for key in keys}
    named = set(await column(StoredFile.filter(digest__in=list(digests)), "digest")) if digests else set()
    idle = [key for key in keys if digest_of_key(key) not in named]
    return sum([await contents.in_use().discard(key, moment) for key in idle])
