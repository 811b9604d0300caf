"""Photos of what is broken: sent with a report or added to it, seen by who may read it."""

import io
from pathlib import Path

import httpx
import pytest
from PIL import Image

from registry.faults.models import Fault
from registry.files.models import Attachment
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def by_telephone() -> bytes:
    """A photo that says with what it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Telefon"
    return make.drawing(kind="JPEG", exif=exif)


async def send(desk: Desk, path: str, who: str, field: str, *files: bytes, **data: str) -> httpx.Response:
    """The page that a form with files leads to."""
    parts = [(field, (f"f{number}.jpg", content)) for number, content in enumerate(files)] or [("x", ("", b""))]
    return await desk.upload(path, who, parts, **data)


async def test_a_report_brings_its_photo(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    page = await send(desk, "/rooms/ZW-02/fault", "alice", "photo", by_telephone(), reason="Ekran pękł", key="k")
    photo = await Attachment.get().select_related("file")
    fault = await Fault.get()
    assert photo.object == f"fault:{fault.id}"
    assert f'href="/files/{photo.id}"' in page.text
    content = await desk.get(f"/files/{photo.id}", "alice")
    assert content.status_code == 200
    assert b"Telefon" not in content.content
    assert not Image.open(io.BytesIO(content.content)).getexif()
    for who in ("bob", "facilities"):
        assert (await desk.get(f"/files/{photo.id}", who)).status_code == 200, who
        assert (await desk.get(f"/api/v1/files/{photo.id}/thumbnail", who)).status_code == 200, who
    await send(desk, "/rooms/ZW-02/fault", "alice", "photo", by_telephone(), reason="Ekran pękł", key="k")
    assert (await Attachment.all().count(), (await Fault.get()).reports) == (1, 1)


async def test_a_photo_that_cannot_be_taken_leaves_the_report(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    for content, words in ((b"<svg/>", "neither a picture"), (b"%PDF-1.7", "is no picture")):
        page = await send(desk, "/rooms/ZW-02/fault", "alice", "photo", content, reason="Ekran pękł")
        assert words in page.text
    assert (await Fault.get()).reports == 2
    assert not await Attachment.all().count()
    without = await send(desk, "/rooms/ZW-02/fault", "alice", "photo", reason="Lampa")
    assert without.status_code == 200


async def test_photos_are_added_by_who_reported_it_and_who_sees_to_it(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    await desk.post("/rooms/ZW-02/fault", "alice", reason="Ekran pękł")
    fault = await Fault.get()
    path = f"/faults/{fault.id}/files"
    for who in ("alice", "facilities"):
        page = await send(desk, path, who, "file", make.drawing(), make.drawing(width=50))
        assert "The photo is added." in page.text, who
    assert await Attachment.all().count() == 2, "the same picture is there once"
    assert "Take a photo" not in (await desk.get(f"/faults/{fault.id}", "bob")).text
    assert (await send(desk, path, "bob", "file", make.drawing())).status_code == 403
    assert (await send(desk, "/faults/999/files", "facilities", "file", make.drawing())).status_code == 404
    assert "The field file is missing" in (await send(desk, path, "alice", "file")).text


async def test_out_of_a_shy_room_a_photo_is_seen_by_its_only_reporter_and_who_works_there(desk: Desk) -> None:
    await make.make_room(code="PP-03", visibility="confidential")
    await send(desk, "/rooms/PP-03/fault", "alice", "photo", make.drawing(), reason="Ekran", key="k")
    photo = await Attachment.get()
    for who, status in (("alice", 200), ("facilities", 200), ("duty", 200), ("bob", 404), ("accountant", 404)):
        assert (await desk.get(f"/files/{photo.id}", who)).status_code == status, who
    await send(desk, "/rooms/PP-03/fault", "bob", "photo", reason="Ekran")
    assert (await Fault.get()).reports == 2
    for who in ("alice", "bob"):
        assert (await desk.get(f"/files/{photo.id}", who)).status_code == 404, who


async def test_programs_send_and_read_photos(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    await desk.post("/rooms/ZW-02/fault", "alice", reason="Ekran pękł")
    path = f"/faults/{(await Fault.get()).id}/files"
    answer = await desk.api("POST", path, "alice", files={"file": ("a.png", make.drawing())})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["kind"], answer.json()["object"]) == ("photo", path[1:].replace("faults/", "fault:")[:-6])
    listing = (await desk.api("GET", path, "bob")).json()
    assert [item["id"] for item in listing["items"]] == [answer.json()["id"]]
    assert (await desk.api("POST", path, "bob", files={"file": ("a.png", make.drawing())})).status_code == 403
    paper = await desk.api("POST", path, "alice", files={"file": ("a.pdf", b"%PDF-1.7")})
    assert (paper.status_code, paper.json()["code"]) == (422, "fault.no_picture")
    assert (await desk.api("GET", "/faults/999/files", "alice")).status_code == 404
