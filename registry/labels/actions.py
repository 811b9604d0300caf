"""What labels change: a tag for a room or a piece that has none, and that labels were printed."""

from collections.abc import Sequence
from datetime import datetime

from registry.assets.intake import BATCH, fresh_codes
from registry.assets.labels import take_in
from registry.assets.models import Asset, Tag
from registry.core import history
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.labels.models import LabelLayout, LabelRun
from registry.labels.queries import LabelWish, parts_of, pieces_without_tag, rooms_named, rooms_without_tag
from registry.rooms.models import Room


async def label_rooms(codes: Sequence[str], actor: Actor, now: datetime) -> None:
    """A tag for each of these rooms that has none. Raises NotFound("room.unknown")."""
    async with transaction():
        rooms = await rooms_named(codes)
        await _lock(Room, [room.id for room in rooms])
        bare = await rooms_without_tag(rooms)
        fresh = await fresh_codes(len(bare))
        labels = [Tag(code=code, room_id=room.id, created_at=now) for code, room in zip(fresh, bare, strict=True)]
        await Tag.bulk_create(labels)
        entries = [(f"tag:{tag.code}", {"room_id": tag.room_id}) for tag in labels]
        await history.write_new(entries, "linked", actor, now)


async def label_pieces(wish: LabelWish, actor: Actor, now: datetime) -> None:
    """A tag for each piece of a wish that no label leads to any more. Raises NotFound("room.unknown")."""
    async with transaction() as change:
        present = await _lock(Asset, await pieces_without_tag(wish))
        bare = await pieces_without_tag(LabelWish(present))
        fresh = await fresh_codes(len(bare))
        labels = [Tag(code=code, asset_id=pk, created_at=now) for code, pk in zip(fresh, bare, strict=True)]
        await Tag.bulk_create(labels, batch_size=BATCH)
        entries = [(f"tag:{tag.code}", {"asset_id": tag.asset_id}) for tag in labels]
        await history.write_new(entries, "linked", actor, now)
        for pk in bare:
            change.happened(AssetChanged(pk))


async def _lock(model: type[Room] | type[Asset], ids: Sequence[int]) -> tuple[int, ...]:
    """Lock what is to have a tag, so that two at once make one for each. Returns those that are there."""
    rows = model.select_for_update().filter(id__in=list(ids)).order_by("id")
    return tuple(row.id for row in await rows.only("id"))


async def note_printed(
    codes: Sequence[str], form: str, actor: Actor, now: datetime, blank: Sequence[str] = (), parts: Sequence[str] = ()
) -> LabelRun:
    """Remember that the labels of these tags were printed; after they were made, or nothing was. ``blank`` are those
    among them whose codes are new, and on nothing yet; ``parts`` stand on the labels of this format from now on.
    """
    async with transaction():
        await take_in(blank, actor, now)
        run = await LabelRun.create(at=now, person_id=actor.person_id, actor=actor.name, format=form, count=len(codes))
        await Tag.filter(code__in=list(codes)).update(printed_at=now)
        if parts:
            await _put_layout(form, parts, actor, now)
        await history.write_new([(f"label_run:{run.id}", {"format": form, "count": len(codes)})], "printed", actor, now)
    return run


async def _put_layout(form: str, parts: Sequence[str], actor: Actor, now: datetime) -> None:
    """What stands on the office's labels of this format from now on; nothing where it is what stood there."""
    former, new = ",".join(await parts_of(form)), ",".join(parts)
    if former == new:
        return
    await LabelLayout.update_or_create({"parts": new}, format=form)
    before, after = {"parts": former}, {"parts": new}
    await history.write(f"label_layout:{form}", "changed", actor, now, before=before, after=after)
