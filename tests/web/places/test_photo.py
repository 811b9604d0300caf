"""The photo of a room: one at a time, seen by who sees rooms, without where it was taken."""

from pathlib import Path

import pytest

from registry.core.history import HistoryEntry
from registry.files.models import Attachment
from tests.make import drawing, make_room
from tests.web.conftest import Office
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


async def test_a_room_has_one_photo_and_the_next_takes_its_place(office: Office) -> None:
    first = await office.post("/rooms/M-1/photo", who="coordinator", files={"file": ("a.png", drawing())})
    assert (first.status_code, first.json()["kind"]) == (201, "photo")
    second = await office.post("/rooms/M-1/photo", who="coordinator", files={"file": ("b.png", drawing(60, 20))})
    assert (await office.get(f"/files/{second.json()['id']}", "charlie")).status_code == 200
    assert (await office.get(f"/files/{first.json()['id']}", "charlie")).status_code == 404
    thing = f"room:{office.rooms['M-1'].id}"
    assert await HistoryEntry.filter(object=thing, action="file_added").count() == 2
    for _ in range(2):
        assert (await office.call("DELETE", "/rooms/M-1/photo", "coordinator")).status_code == 204
    assert await Attachment.filter(object=thing, removed_at=None).count() == 0


async def test_only_a_picture_of_who_runs_rooms_is_taken(office: Office) -> None:
    paper = await office.post("/rooms/M-1/photo", who="admin", files={"file": ("a.pdf", b"%PDF-1.7")})
    assert (paper.status_code, paper.json()["code"]) == (422, "room.no_photo")
    script = await office.post("/rooms/M-1/photo", who="admin", files={"file": ("a.png", b"<svg onload='x'/>")})
    assert script.json()["code"] == "file.bad_type"
    for who in ("alice", "facilities", "auditor"):
        answer = await office.post("/rooms/M-1/photo", who=who, files={"file": ("a.png", drawing())})
        assert answer.status_code == 403
        assert (await office.call("DELETE", "/rooms/M-1/photo", who)).status_code == 403
    assert await Attachment.all().count() == 0


async def test_a_photo_comes_and_goes_on_the_page(database: object, tmp_path: Path) -> None:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    await make_room(code="R-1")
    page = "/admin/places/rooms/R-1"
    for name, content, status in (("a.pdf", b"%PDF-1.7", 422), ("a.png", drawing(), 200)):
        answer = await desk.upload(f"{page}/photo/files", "coordinator", [("file", (name, content))])
        assert (answer.request.method, answer.status_code) == ("GET", status)
        assert ("is no picture" in answer.text) is (status == 422)
    photo = await Attachment.get(removed_at=None)
    for path in (page, "/rooms/R-1"):
        assert f"/api/v1/files/{photo.id}/thumbnail?size=480" in (await desk.get(path, "coordinator")).text
    assert (await desk.post(f"{page}/photo/remove", "coordinator")).status_code == 303
    assert "thumbnail" not in (await desk.get(page, "coordinator")).text
