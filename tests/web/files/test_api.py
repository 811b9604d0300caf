"""Photos and papers through the API, as far as each may see them."""

import pytest

from registry.files.models import AttachmentKind
from tests.make import drawing, make_asset
from tests.web.conftest import Office

pytestmark = pytest.mark.anyio
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


async def send(office: Office, content: bytes, name: str = "a.png", who: str = "facilities", **data: str) -> dict:
    answer = await office.post("/assets/1/files", who=who, files={"file": (name, content)}, data=data)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_photo_is_put_on_a_piece_listed_read_and_taken_off(office: Office) -> None:
    photo = await send(office, drawing(), title="Z przodu")
    assert (photo["kind"], photo["title"], photo["name"]) == ("photo", "Z przodu", "a.png")
    assert (photo["object"], photo["media_type"], photo["width"], photo["height"]) == ("asset:1", "image/png", 40, 30)
    assert (await office.get("/assets/1/files")).json()["items"] == [photo]
    path = f"/assets/1/files/{photo['id']}"
    assert (await office.get(path)).json() == photo
    assert (await office.get(f"/assets/2/files/{photo['id']}")).json()["code"] == "file.unknown"
    assert (await office.call("DELETE", path, "alice")).status_code == 403
    assert (await office.call("DELETE", path, "facilities")).status_code == 204
    assert (await office.get(path)).status_code == 404
    assert (await office.get(photo["url"])).status_code == 404
    back = await office.post(f"{path}/put-back", who="facilities")
    assert back.json() == photo
    history = (await office.get("/history?object=asset:1", "auditor")).json()["items"]
    assert [one["action"] for one in history] == ["file_put_back", "file_removed", "file_added"]


async def test_a_file_is_served_so_that_nothing_in_it_runs(office: Office) -> None:
    photo = await send(office, drawing(kind="JPEG"), "../zdjęcie 1.html")
    answer = await office.get(photo["url"])
    headers = answer.headers
    assert (answer.status_code, headers["content-type"], len(answer.content)) == (200, "image/jpeg", photo["size"])
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["content-disposition"].startswith(
        "inline; filename=\"zdj_cie 1.jpg\"; filename*=UTF-8''zdj%C4%99cie"
    )
    assert headers["cache-control"].startswith("private")
    same = await office.get(photo["url"], headers={"if-none-match": headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    small = await office.get(photo["thumbnail_url"], params={"size": 160})
    assert (small.status_code, small.headers["content-type"]) == (200, "image/jpeg")
    tag = {"if-none-match": f"W/{small.headers['etag']}"}
    assert (await office.get(photo["thumbnail_url"], params={"size": 160}, headers=tag)).status_code == 304
    assert (await office.get(photo["url"], None)).status_code == 401
    paper = await send(office, b"%PDF-1.7", "i.pdf", kind="manual")
    assert (await office.get(paper["url"])).headers["content-disposition"].startswith("attachment;")
    assert paper["thumbnail_url"] is None
    assert (await office.get(f"{paper['url']}/thumbnail")).json()["code"] == "file.no_thumbnail"


@pytest.mark.parametrize(
    ("content", "code"), [(SVG, "file.bad_type"), (b"<html>", "file.bad_type"), (b"", "file.empty")]
)
async def test_a_lying_picture_is_refused_with_words(office: Office, content: bytes, code: str) -> None:
    answer = await office.post("/assets/1/files", who="facilities", files={"file": ("a.png", content)})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert "a.png" in answer.json()["detail"]
    assert (await office.get("/assets/1/files")).json()["total"] == 0


async def test_a_form_says_what_it_lacks(office: Office) -> None:
    async def code(**content: object) -> str:
        answer = await office.post("/assets/1/files", who="facilities", **content)
        assert answer.status_code in (404, 422), answer.text
        return answer.json()["code"]

    photo = {"file": ("a.png", drawing())}
    assert await code(json={"file": "a.png"}) == "request.missing_field"
    assert await code(data={"kind": "photo"}, files={"x": ("a.png", drawing())}) == "request.missing_field"
    assert await code(files=photo, data={"kind": "selfie"}) == "request.bad_field"
    assert (await office.post("/assets/999/files", who="admin", files=photo)).json()["code"] == "asset.unknown"
    assert (await office.get("/assets/999/files")).json()["code"] == "asset.unknown"
    assert (await office.post("/assets/1/files", who="alice", files=photo)).status_code == 403


async def test_a_file_may_be_so_large_and_no_larger(office: Office) -> None:
    limit = office.app.state.options.max_file_bytes
    answer = await office.post("/assets/1/files", who="admin", files={"file": ("i.pdf", b"%PDF-" + bytes(limit))})
    assert (answer.status_code, answer.json()["code"]) == (422, "file.too_large")


async def test_one_invoice_is_put_on_many_pieces(office: Office) -> None:
    paper = await send(office, b"%PDF-1.7", "FV.pdf", kind="invoice")
    others = [(await make_asset()).id for _ in range(3)]
    for who, status in (("alice", 403), ("accountant", 200)):
        answer = await office.post(f"/files/{paper['id']}/attach", {"assets": others}, who)
        assert answer.status_code == status
    rows = answer.json()["items"]
    assert {(row["object"], row["sha256"], row["kind"]) for row in rows} == {
        (f"asset:{one}", paper["sha256"], "invoice") for one in others
    }
    assert (await office.get(f"/assets/{others[0]}/files", "accountant")).json()["total"] == 1
    assert (await office.get(f"/assets/{others[0]}/files", "alice")).json()["total"] == 0
    assert (await office.get(paper["url"], "alice")).json()["code"] == "file.unknown"
    assert set(AttachmentKind) >= {row["kind"] for row in rows}


async def test_what_a_file_is_can_be_said_otherwise_and_who_sees_it_follows(office: Office) -> None:
    paper = await send(office, b"%PDF-1.7", "FV.pdf", kind="manual")
    path, kinds = f"/assets/1/files/{paper['id']}", []
    assert (await office.get(path)).headers["etag"] == '"1"'
    assert (await office.call("PATCH", path, "alice", json={"kind": "invoice"})).status_code == 403
    for kind, status in (("invoice", 404), ("guarantee", 200), ("protocol", 404), ("manual", 200)):
        answer = await office.call("PATCH", path, "accountant", json={"kind": kind})
        assert (answer.status_code, answer.json()["kind"]) == (200, kind)
        kinds.append(kind)
        for address in (path, paper["url"]):
            assert (await office.get(address, "alice")).status_code == status
        assert len((await office.get("/assets/1/files", "alice")).json()["items"]) == (status == 200)
        assert (await office.get(paper["url"], "auditor")).status_code == 200
    assert answer.headers["etag"] == '"5"'
    history = (await office.get("/history?object=asset:1", "auditor")).json()["items"]
    sides = [(one["before"]["kind"], one["after"]["kind"]) for one in history if one["action"] == "file_changed"]
    assert sides[::-1] == list(zip(["manual", *kinds[:-1]], kinds, strict=True))


async def test_a_title_is_changed_alone_and_not_over_a_newer_one(office: Office) -> None:
    paper = await send(office, b"%PDF-1.7", "FV.pdf", kind="manual")
    path = f"/assets/1/files/{paper['id']}"
    old = {"if-match": '"1"'}
    answer = await office.call("PATCH", path, "facilities", json={"title": "Obsługa"}, headers=old)
    assert (answer.json()["title"], answer.json()["kind"], answer.json()["revision"]) == ("Obsługa", "manual", 2)
    stale = await office.call("PATCH", path, "facilities", json={"title": "Inny"}, headers=old)
    assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")
    same = await office.call("PATCH", path, "facilities", json={})
    assert same.json() == answer.json(), "nothing is changed by nothing"
    bad = await office.call("PATCH", path, "facilities", json={"kind": "photo"})
    assert (bad.status_code, bad.json()["code"]) == (422, "file.no_photo")
    assert (await office.call("PATCH", f"/assets/2/files/{paper['id']}", "admin", json={})).status_code == 404
