"""The photos and papers on an asset's page."""

import re
from pathlib import Path

import pytest

from registry.assets.models import Asset, Purchase
from registry.assets.queries import ids_of_numbers
from registry.files.models import Attachment
from tests import make
from tests.conftest import Database
from tests.statements import Statements
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


@pytest.fixture
async def asset(database: Database) -> Asset:
    return await make.make_asset(name="Projektor")


async def upload(desk: Desk, asset: Asset, *files: tuple[str, bytes], who: str = "facilities", **data: str) -> str:
    """The page that a form with files leads to."""
    parts = [("file", file) for file in files] or [("other", ("x", b"x"))]
    page = await desk.upload(f"/assets/{asset.id}/files", who, parts, **data)
    assert page.request.method == "GET", page.text[:500]
    return page.text


async def test_several_are_put_on_at_once_and_a_photo_stands_on_top(desk: Desk, asset: Asset) -> None:
    page = await upload(desk, asset, ("a.jpg", make.drawing(kind="JPEG")), ("i.pdf", b"%PDF-1.7"))
    photo, paper = await Attachment.all().order_by("id")
    assert 'class="passport with-photo"' in page
    assert f'src="/api/v1/files/{photo.id}/thumbnail?size=480"' in page
    text = text_of(page)
    assert "It is attached." in page
    assert "2 files" in text
    assert "i.pdf other file PDF · Facilities" in text
    assert f'href="/files/{paper.id}"' in page
    for one in (f"/files/{paper.id}", f"/api/v1/files/{photo.id}/thumbnail"):
        answer = await desk.get(one, "alice")
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")
    assert "Attach" not in await desk.read(f"/assets/{asset.id}", "alice")
    second = await make.make_asset()
    assert "There are none." in await desk.read(f"/assets/{second.id}", "alice")


async def test_what_cannot_be_taken_is_named_and_the_rest_is_there(desk: Desk, asset: Asset) -> None:
    text = text_of(await upload(desk, asset, ("b.png", b"<svg/>"), ("a.png", make.drawing())))
    assert "b.png is neither a picture (JPEG, PNG, WebP, GIF) nor a PDF" in text
    assert "a.png" in text
    assert "The field file is missing" in text_of(await upload(desk, asset))


async def test_one_that_is_too_large_keeps_no_other_away(database: Database, tmp_path: Path, asset: Asset) -> None:
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", max_file_bytes=1_000)
    desk = await Desk(create_site(options)).open()
    page = await upload(desk, asset, ("a.pdf", b"%PDF-1.7" + bytes(1_000)), ("b.pdf", b"%PDF-1.7"))
    assert "a.pdf is larger than" in text_of(page)
    assert await Attachment.all().values_list("name", flat=True) == ["b.pdf"]


async def test_what_is_removed_can_be_put_back(desk: Desk, asset: Asset) -> None:
    await upload(desk, asset, ("i.pdf", b"%PDF-1.7"), kind="manual")
    (file,) = await Attachment.all()
    here = f"/assets/{asset.id}/files/{file.id}"
    answer = await desk.send(f"{here}/remove", "facilities")
    assert "“i.pdf” is removed." in text_of(answer.text)
    assert f'action="{here}/put-back"' in answer.text
    assert "0 files" in text_of(answer.text)
    assert "is removed." not in await desk.read(f"/assets/{asset.id}?removed={file.id}", "alice")
    back = await desk.send(f"{here}/put-back", "facilities")
    assert "1 file" in text_of(back.text)
    for wrong in (file.id, 999, "x"):
        assert "is removed." not in await desk.read(f"/assets/{asset.id}?removed={wrong}", "facilities")
    assert (await desk.post(f"{here}/remove", "alice")).status_code == 403


async def test_an_invoice_is_put_on_the_other_pieces_of_its_purchase(desk: Desk) -> None:
    bought = await Purchase.create(code="Z1", name="Krzesła", quantity=3, unit_price=1)
    pieces = [await make.make_asset(purchase=bought) for _ in range(3)]
    stray, alone = await make.make_asset(), await make.make_asset()
    await upload(desk, pieces[0], ("FV.pdf", b"%PDF-1.7"), kind="invoice")
    (file,) = await Attachment.all()
    here = f"/assets/{pieces[0].id}/files/{file.id}/attach"
    answer = await desk.post(here, "facilities", numbers="INV/99999", purchase="1")
    assert "No asset has the number INV/99999." in text_of(answer.text)
    assert "INV/99999</textarea>" in answer.text, "what was typed is there"
    assert re.search(rf'id="purchase-{file.id}"[^>]* checked', answer.text)
    answer = await desk.post(here, "facilities", numbers=f"{pieces[0].inventory_no}\n")
    assert "Write the number of another piece" in text_of(answer.text)
    answer = await desk.post(here, "facilities", numbers="INV/99999\n" * 201)
    assert "These are 201 lines; at most 200 are taken at once." in text_of(answer.text)
    for _ in range(2):
        await desk.send(here, "facilities", numbers=f"{stray.inventory_no}\n", purchase="1")
    rows = await Attachment.all().values_list("object", flat=True)
    assert sorted(rows) == sorted(f"asset:{one.id}" for one in [*pieces, stray])
    assert "also on 3 other pieces" in await desk.read(f"/assets/{stray.id}", "facilities")
    assert "FV.pdf" not in await desk.read(f"/assets/{stray.id}", "alice")
    await make.make_asset(serial_no="S 1")
    await make.make_asset(serial_no="s1")
    answer = await desk.post(here, "facilities", numbers="S1")
    assert "Several assets fit S1" in text_of(answer.text)
    await upload(desk, alone, ("x.pdf", b"%PDF-1.7 x"))
    other = await Attachment.get(object=f"asset:{alone.id}")
    answer = await desk.send(f"/assets/{alone.id}/files/{other.id}/attach", "facilities", purchase="1")
    assert "No other piece came with the same purchase." in text_of(answer.text)
    assert await Attachment.filter(file_id=other.file_id).count() == 1


@pytest.mark.databases("sqlite", "postgres")
async def test_many_numbers_are_looked_for_at_once(database: Database, statements: Statements) -> None:
    pieces = [await make.make_asset() for _ in range(30)]
    with statements.at_most(1):
        ids = await ids_of_numbers([f" {one.inventory_no} " for one in pieces])
    assert ids == [one.id for one in pieces]


async def test_a_file_is_called_otherwise_on_its_page(desk: Desk, asset: Asset) -> None:
    other = await make.make_asset()
    await upload(desk, asset, ("FV.pdf", b"%PDF-1.7"), kind="manual")
    (file,) = await Attachment.all()
    here = f"/assets/{asset.id}/files/{file.id}"
    await desk.send(f"{here}/attach", "facilities", numbers=other.inventory_no)
    page = (await desk.get(f"/assets/{asset.id}", "facilities")).text
    assert f'action="{here}/rename"' in page
    assert f'action="{here}/rename"' not in (await desk.get(f"/assets/{asset.id}", "alice")).text
    assert '<option value="photo"' not in page.split(f'id="kind-{file.id}"')[1].split("</select>")[0]
    answer = await desk.send(
        f"{here}/rename", "facilities", kind="invoice", title=" Faktura  1 ", revision="1", on_all="1"
    )
    text = text_of(answer.text)
    assert "It is called so now." in answer.text
    assert "Faktura 1 invoice, also on 1 other piece" in text
    assert re.search("File called otherwise .*manual .*invoice .*FV.pdf .*Faktura 1", text)
    for one in (asset, other):
        assert "Faktura 1" not in await desk.read(f"/assets/{one.id}", "alice")
        assert "Faktura 1" in await desk.read(f"/assets/{one.id}", "accountant")
    stale = await desk.post(f"{here}/rename", "facilities", kind="guarantee", title="Karta", revision="1")
    assert "changed" in text_of(stale.text)
    assert 'value="Karta"' in stale.text, "what was typed is there"
    assert '<option value="guarantee" selected' in stale.text.split(f'id="kind-{file.id}"')[1]
    assert (await desk.post(f"{here}/rename", "alice", kind="manual")).status_code == 403
    assert (await desk.post(f"/assets/{asset.id}/files/999/rename", "facilities", kind="manual")).status_code == 404
    await desk.send(f"{here}/rename", "accountant", kind="guarantee", revision="2")
    assert "FV.pdf" in await desk.read(f"/assets/{asset.id}", "alice")
