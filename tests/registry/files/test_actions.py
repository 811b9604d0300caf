"""Files on assets: stored once, taken off and put back, and swept away when nothing has them."""

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from registry.assets import attachments
from registry.core.errors import Conflict, Invalid, NotFound, Unavailable
from registry.core.history import SYSTEM, HistoryEntry
from registry.files import actions, contents, queries
from registry.files.actions import FileWords, NewAttachment, StoredContent, store
from registry.files.contents import DirectoryContents
from registry.files.models import Attachment, AttachmentKind, StoredFile
from registry.files.rules import content_key, keys_of
from tests.conftest import Database
from tests.make import NOW, drawing, make_asset, refused

pytestmark = pytest.mark.anyio
LARGEST = 1_000_000
ALL = frozenset(AttachmentKind)
PDF = b"%PDF-1.7 faktura"
LONG_AGO = NOW - timedelta(days=9999)


async def stored(content: bytes = PDF, name: str = "FV.pdf") -> StoredContent:
    return await store(content, name, LARGEST)


async def attached(asset_id: int, content: bytes = PDF, kind: str = "", name: str = "FV.pdf") -> Attachment:
    new = NewAttachment(await stored(content, name), kind)
    return (await attachments.attach([asset_id], new, SYSTEM, NOW))[0]


def files_in(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}


def home() -> Path:
    store_in_use = contents.in_use()
    assert isinstance(store_in_use, DirectoryContents)
    return store_in_use.home


def age_contents() -> None:
    """As if all that lies there had been stored in 1970."""
    for path in home().rglob("*"):
        os.utime(path, (0, 0))


async def test_one_content_is_stored_once_for_many_pieces(database: Database) -> None:
    first, second = await make_asset(), await make_asset()
    one = await attached(first.id, kind="invoice")
    (other,) = await attachments.attach_again(one.id, [second.id], SYSTEM, NOW)
    again = await attached(second.id, kind="invoice", name="inna nazwa.pdf")
    assert (again.id, other.kind) == (other.id, "invoice"), "what a piece has it has once"
    assert await StoredFile.all().count() == 1
    assert files_in(home()) == {content_key(one.file.digest)}
    assert await queries.sharing([one.file_id]) == {one.file_id: 2}
    pieces = await queries.content_of(one.file)
    assert await contents.whole(pieces) == PDF


async def test_a_photo_has_its_small_ones_and_stands_for_its_piece(database: Database) -> None:
    asset = await make_asset()
    await attached(asset.id, drawing(), name="a.png")
    newest = await attached(asset.id, drawing(50), name="b.png")
    assert files_in(home()) >= set(keys_of(newest.file.digest, "image/png"))
    assert await queries.photos_of([f"asset:{asset.id}", "asset:999"]) == {f"asset:{asset.id}": newest.id}
    assert await queries.photos_of([]) == {}
    small = await contents.whole(await queries.thumbnail_of(newest.file, 480))
    with Image.open(io.BytesIO(small)) as image:
        assert image.format == "JPEG"
    paper = await attached(asset.id)
    assert (await refused(queries.thumbnail_of(paper.file, 480))).code == "file.no_thumbnail"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"<svg/>", "file.bad_type"),
        (b"<html>", "file.bad_type"),
        (b"\0\0\0\x18ftypheic", "file.heic"),
        (b"%PDF-" + bytes(LARGEST), "file.too_large"),
        (drawing()[:60], "file.broken"),
    ],
)
async def test_what_is_no_picture_and_no_pdf_is_refused(database: Database, content: bytes, code: str) -> None:
    refusal = await refused(store(content, "zdjęcie.png", LARGEST))
    assert isinstance(refusal, Invalid)
    assert (refusal.code, refusal.params["name"]) == (code, "zdjęcie.png")
    assert files_in(home()) == set()


async def test_what_is_taken_off_can_be_put_back_and_the_history_tells(database: Database) -> None:
    asset, other = await make_asset(), await make_asset()
    file = await attached(asset.id, kind="manual")
    thing, entry = f"asset:{asset.id}", {"file": "FV.pdf", "kind": "manual", "attachment": file.id}
    assert (await refused(attachments.detach(other.id, file.id, SYSTEM, NOW))).code == "file.unknown"
    for _ in range(2):
        await attachments.detach(asset.id, file.id, SYSTEM, NOW)
    assert await queries.attachments_of(thing, ALL) == []
    assert (await refused(queries.attachment_of(file.id, ALL))).code == "file.unknown"
    assert (await refused(attachments.attach_again(file.id, [other.id], SYSTEM, NOW))).code == "file.unknown"
    assert (await queries.removed_of(file.id, thing, ALL)).id == file.id
    for _ in range(2):
        await attachments.put_back(asset.id, file.id, SYSTEM, NOW)
    assert [one.id for one in await queries.attachments_of(thing, ALL)] == [file.id]
    assert (await refused(queries.removed_of(file.id, thing, ALL))).code == "file.unknown"
    entries = await HistoryEntry.filter(object=thing).order_by("seq")
    assert [one.action for one in entries] == ["file_added", "file_removed", "file_put_back"]
    assert entry.items() <= entries[0].after.items()
    assert entry.items() <= entries[1].before.items()


async def test_a_file_needs_a_piece(database: Database) -> None:
    refusal = await refused(attached(999))
    assert isinstance(refusal, NotFound)
    assert refusal.code == "asset.unknown"


async def test_a_piece_has_so_many_files_and_no_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "AT_MOST", 1)
    asset = await make_asset()
    await attached(asset.id)
    refusal = await refused(attached(asset.id, b"%PDF-1.7 2"))
    assert isinstance(refusal, Conflict)
    assert refusal.code == "file.too_many"


async def test_what_is_put_back_is_had_once_within_the_limit_and_the_week(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = await make_asset()
    thing, file = f"asset:{asset.id}", await attached(asset.id)
    await attachments.detach(asset.id, file.id, SYSTEM, NOW)
    again = await attached(asset.id)
    assert (await attachments.put_back(asset.id, file.id, SYSTEM, NOW)).id == again.id
    assert [one.id for one in await queries.attachments_of(thing, ALL)] == [again.id]
    await attachments.detach(asset.id, again.id, SYSTEM, NOW)
    other = await attached(asset.id, b"%PDF-1.7 2")
    monkeypatch.setattr(actions, "AT_MOST", 1)
    assert (await refused(attachments.put_back(asset.id, file.id, SYSTEM, NOW))).code == "file.too_many"
    await attachments.detach(asset.id, other.id, SYSTEM, NOW)
    late = NOW + actions.UNDO + timedelta(seconds=1)
    assert (await refused(attachments.put_back(asset.id, file.id, SYSTEM, late))).code == "file.unknown"
    assert (await attachments.put_back(asset.id, file.id, SYSTEM, NOW + actions.UNDO)).removed_at is None


async def test_what_was_removed_is_forgotten_after_a_week_with_its_content(database: Database) -> None:
    asset, other = await make_asset(), await make_asset()
    photo, shared = await attached(asset.id, drawing(), name="a.png"), await attached(asset.id)
    await attachments.attach_again(shared.id, [other.id], SYSTEM, NOW)
    for file in (photo, shared):
        await attachments.detach(asset.id, file.id, SYSTEM, NOW)
    await actions.forget_removed(NOW + actions.UNDO)
    assert await Attachment.all().count() == 3, "a week is not over"
    await actions.forget_removed(NOW + actions.UNDO + timedelta(seconds=1))
    assert await Attachment.all().count() == 1
    assert await StoredFile.all().values_list("digest", flat=True) == [shared.file.digest]
    age_contents()
    await actions.sweep_contents(LONG_AGO)
    assert files_in(home()) == {content_key(shared.file.digest)}
    await actions.forget_removed(NOW + actions.UNDO + timedelta(seconds=1))


async def test_what_is_put_on_again_while_it_is_forgotten_keeps_its_content(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody sends the photo again at the very moment at which its content is about to go."""
    asset, discard = await make_asset(), DirectoryContents.discard
    photo = await attached(asset.id, drawing(), name="a.png")
    await attachments.detach(asset.id, photo.id, SYSTEM, NOW)
    age_contents()

    async def discard_late(store_in_use: DirectoryContents, *arguments: Any) -> bool:
        await attached(asset.id, drawing(), name="a.png")
        return await discard(store_in_use, *arguments)

    monkeypatch.setattr(DirectoryContents, "discard", discard_late)
    await actions.forget_removed(NOW + actions.UNDO + timedelta(seconds=1))
    assert await actions.sweep_contents(LONG_AGO) == 0
    assert files_in(home()) == set(keys_of(photo.file.digest, "image/png"))
    (row,) = await queries.attachments_of(f"asset:{asset.id}", ALL)
    assert await contents.whole(await queries.content_of(row.file))


async def test_a_content_that_no_row_names_is_swept_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = await make_asset()
    file = await attached(asset.id, drawing(), name="a.png")
    await stored(b"%PDF-1.7 nobody's")
    (home() / "ab").mkdir(exist_ok=True)
    (home() / "ab" / ".half").write_bytes(b"half")
    monkeypatch.setattr(actions, "BATCH", 2)
    assert await actions.sweep_contents(LONG_AGO) == 0, "what is fresh is left alone"
    age_contents()
    assert await actions.sweep_contents(NOW) == 2
    assert files_in(home()) == set(keys_of(file.file.digest, "image/png"))


async def test_a_crash_leaves_no_half_content(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, fail)
            refusal = await refused(stored())
        assert isinstance(refusal, Unavailable)
        assert refusal.code == "file.not_stored"
        assert files_in(home()) == set()


async def test_a_lost_content_is_told(database: Database) -> None:
    asset = await make_asset()
    file = await attached(asset.id)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert [await contents.in_use().discard(content_key(file.file.digest), later) for _ in range(2)] == [True, False]
    assert (await refused(queries.content_of(file.file))).code == "file.gone"
    (home() / content_key(file.file.digest)).mkdir()
    assert (await refused(queries.content_of(file.file))).code == "file.not_stored"


async def test_a_file_is_called_otherwise_on_all_pieces_that_have_it_as_the_same(database: Database) -> None:
    first, second, third = await make_asset(), await make_asset(), await make_asset()
    one = await attached(first.id, kind="other")
    await attachments.attach_again(one.id, [second.id, third.id], SYSTEM, NOW)
    await attached(third.id, kind="invoice")
    words = FileWords(AttachmentKind.INVOICE, "FV 1")
    await attachments.rename(first.id, one.id, words, SYSTEM, NOW, if_revision=1, is_for_all=True)
    rows = await Attachment.filter(removed_at=None).order_by("object").values_list("object", "kind", "title")
    assert rows == [
        (f"asset:{first.id}", "invoice", "FV 1"),
        (f"asset:{second.id}", "invoice", "FV 1"),
        (f"asset:{third.id}", "invoice", ""),
    ], "what a piece has as this already it has once"
    actions_of_third = (
        await HistoryEntry.filter(object=f"asset:{third.id}").order_by("seq").values_list("action", flat=True)
    )
    assert actions_of_third[-1] == "file_removed"
    await attachments.rename(first.id, one.id, FileWords(AttachmentKind.MANUAL), SYSTEM, NOW)
    kinds = await Attachment.filter(removed_at=None).order_by("object").values_list("kind", flat=True)
    assert kinds == ["manual", "invoice", "invoice"], "without asking for all, here alone"


async def test_a_file_is_called_otherwise_only_as_it_can_be(database: Database) -> None:
    asset = await make_asset()
    one, other = await attached(asset.id, kind="manual"), await attached(asset.id, kind="invoice")

    async def code(words: FileWords, revision: int | None = None, **more: bool) -> str:
        rename = attachments.rename(asset.id, one.id, words, SYSTEM, NOW, revision, **more)
        return (await refused(rename)).code

    assert await code(FileWords(AttachmentKind.PHOTO)) == "file.no_photo"
    assert await code(FileWords(AttachmentKind.INVOICE)) == "file.kind_taken"
    assert await code(FileWords(title="x"), 2) == "request.stale"
    await attachments.detach(asset.id, one.id, SYSTEM, NOW)
    assert await code(FileWords(title="x")) == "file.unknown"
    assert await code(FileWords(title="x"), is_for_all=True) == "file.unknown"
    assert (await Attachment.get(id=other.id)).revision == 1
