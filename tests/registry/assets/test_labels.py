"""Labels: printed first, linked later, and what a mistyped code is told."""

import pytest

from registry.assets import labels, queries, tags
from registry.assets.intake import put_on
from registry.assets.models import Tag
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.transaction import transaction
from tests.conftest import Database
from tests.make import NOW, make_asset, make_room


async def test_a_tag_is_printed_first_and_linked_later(database: Database) -> None:
    asset, other, room = await make_asset(), await make_asset(), await make_room()
    (code,) = await labels.print_tags(1, SYSTEM, NOW)
    tag = await labels.link_tag(code.lower(), SYSTEM, NOW, asset_id=asset.id)
    assert (await queries.by_tag(code)).asset_id == tag.asset_id == asset.id
    await labels.link_tag(code, SYSTEM, NOW, asset_id=asset.id)
    with pytest.raises(Conflict) as refusal:
        await labels.link_tag(code, SYSTEM, NOW, asset_id=other.id)
    assert refusal.value.code == "tag.taken"
    await labels.link_tag(code, SYSTEM, NOW, asset_id=other.id, again=True)
    await labels.link_tag(code, SYSTEM, NOW, room_id=room.id, again=True)
    assert (await queries.by_tag(code)).room_id == room.id
    entries = await HistoryEntry.filter(object=f"tag:{code}").order_by("seq").values_list("action", flat=True)
    assert entries == ["printed", "linked", "linked", "linked"]


async def test_a_mistyped_tag_is_told_from_an_unknown_one(database: Database) -> None:
    (code,) = await labels.print_tags(1, SYSTEM, NOW)
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    with pytest.raises(NotFound) as mistyped:
        await queries.by_tag(wrong)
    assert mistyped.value.code == "tag.bad_check"
    async with transaction():
        await Tag.filter().delete()
    with pytest.raises(NotFound) as unknown:
        await queries.by_tag(code)
    assert unknown.value.code == "tag.unknown"
    with pytest.raises(Invalid):
        await labels.link_tag(wrong, SYSTEM, NOW, asset_id=1)
    with pytest.raises(NotFound):
        await labels.link_tag(code, SYSTEM, NOW, asset_id=999)


async def test_a_lost_label_that_a_list_puts_on_a_piece_is_on_it_wholly(database: Database) -> None:
    asset, other = await make_asset(), await make_asset()
    lost, blank, new = *await labels.print_tags(2, SYSTEM, NOW), tags.new_code(b"12345678")
    await labels.lose_tag(lost, SYSTEM, NOW)
    async with transaction():
        await put_on({lost: asset.id, blank: other.id, new: other.id}, SYSTEM, NOW)
    assert await Tag.all().order_by("id").values_list("code", "asset_id", "lost_at") == [
        (lost, asset.id, None), (blank, other.id, None), (new, other.id, None)
    ]  # fmt: skip
    entries = await HistoryEntry.filter(object=f"tag:{lost}").order_by("seq")
    assert [entry.action for entry in entries] == ["printed", "lost", "linked"]
    assert entries[-1].after == {"asset_id": asset.id, "room_id": None}
    await Tag.filter(code=blank).update(asset_id=None)
    await HistoryEntry.filter(object=f"tag:{blank}").delete()
    async with transaction():
        await put_on({blank: asset.id}, SYSTEM, NOW)
    assert await HistoryEntry.filter(object=f"tag:{blank}").values_list("action", "seq") == [("linked", 1)]
