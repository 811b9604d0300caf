"""Photos and papers of assets: put on, taken off, and one file on many pieces."""

from collections.abc import Sequence
from datetime import datetime

from registry.assets.models import Asset
from registry.core.errors import NotFound
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import Change, transaction
from registry.files import actions as files
from registry.files.actions import FileWords, NewAttachment
from registry.files.models import Attachment

ASSET = "asset:"


def thing_of(asset_id: int) -> str:
    """What an attachment and the history call an asset."""
    return f"{ASSET}{asset_id}"


async def attach(
    asset_ids: Sequence[int], new: NewAttachment, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> list[Attachment]:
    """Put a stored content on one asset or on several. Raises NotFound("asset.unknown"), Conflict("file.too_many")."""
    async with transaction() as change:
        await _lock(asset_ids, change)
        attachments = await files.attach([thing_of(asset_id) for asset_id in asset_ids], new, actor, now)
        await record(request_key, attachments)
    return attachments


async def attach_again(
    attachment_id: int,
    asset_ids: Sequence[int],
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
) -> list[Attachment]:
    """Put a file of one asset on others too. Raises NotFound: file.unknown, asset.unknown."""
    async with transaction() as change:
        await _lock(asset_ids, change)
        source = await files.locked(attachment_id)
        if source.removed_at is not None:
            raise NotFound("file.unknown")
        attachments = await files.attach_again([thing_of(asset_id) for asset_id in asset_ids], source, actor, now)
        await record(request_key, attachments)
    return attachments


async def rename(
    asset_id: int,
    attachment_id: int,
    words: FileWords,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    is_for_all: bool = False,
) -> Attachment:
    """Say otherwise what a file of an asset is, or its title; ``is_for_all`` also on the other assets that have it as
    the same. The history of each tells it.

    Raises NotFound: asset.unknown, file.unknown; Invalid("file.no_photo"); Conflict: file.kind_taken, request.stale.
    """
    thing = thing_of(asset_id)
    async with transaction() as change:
        others = await _same_on_others(attachment_id, thing) if is_for_all else []
        await _lock([asset_id, *(_asset_of(one) for one in others)], change)
        attachment = await files.locked(attachment_id, thing)
        if attachment.removed_at is not None:
            raise NotFound("file.unknown")
        former = attachment.kind
        await files.rename(attachment, words, actor, now, if_revision)
        for one in others:
            other = await files.locked(one.id)
            if other.kind is former and other.removed_at is None:
                await files.rename_or_detach(other, words, actor, now)
    return attachment


async def _same_on_others(attachment_id: int, thing: str) -> list[Attachment]:
    attachment = await Attachment.get_or_none(id=attachment_id, object=thing, removed_at=None)
    return await files.same_elsewhere(attachment, ASSET) if attachment else []


def _asset_of(attachment: Attachment) -> int:
    return int(attachment.object.removeprefix(ASSET))


async def detach(asset_id: int, attachment_id: int, actor: Actor, now: datetime) -> Attachment:
    """Take a file off an asset; the history tells it. Raises NotFound: asset.unknown, file.unknown."""
    async with transaction() as change:
        await _lock([asset_id], change)
        attachment = await files.locked(attachment_id, thing_of(asset_id))
        await files.detach(attachment, actor, now)
    return attachment


async def put_back(
    asset_id: int, attachment_id: int, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Attachment:
    """Undo a removal, within a week. Raises NotFound: asset.unknown, file.unknown; Conflict("file.too_many")."""
    async with transaction() as change:
        await _lock([asset_id], change)
        removed = await files.locked(attachment_id, thing_of(asset_id))
        attachment = await files.put_back(removed, actor, now)
        await record(request_key, attachment)
    return attachment


async def _lock(asset_ids: Sequence[int], change: Change) -> None:
    """Lock pieces in the order of their ids. Raises NotFound("asset.unknown")."""
    ids = sorted(set(asset_ids))
    rows = await Asset.select_for_update().filter(id__in=ids).order_by("id").only("id")
    missing = set(ids) - {row.id for row in rows}
    if missing:
        raise NotFound("asset.unknown", asset=min(missing))
    for asset_id in ids:
        change.happened(AssetChanged(asset_id))
