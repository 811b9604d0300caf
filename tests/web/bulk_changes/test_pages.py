"""Changing many pieces on pages: all of a filter or those that are ticked, each shown before and after."""

import asyncio
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from registry.assets.models import Asset
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.bulk_changes import actions as bulk_actions
from registry.bulk_changes.models import BulkChange, BulkState
from registry.core import claims
from registry.core.history import SYSTEM
from registry.grants.models import Grant
from tests import make
from tests.statements import Statements
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def chairs(many: int, **columns: Any) -> list[Asset]:
    return [
        await make.make_asset(name=f"Krzesło {n:02}", search_text=f"krzeslo {n:02}", **columns) for n in range(many)
    ]


async def look(desk: Desk, who: str = "facilities", /, **fields: Any) -> str:
    """Send the form. Returns the address of the preview."""
    answer = await desk.post("/assets/changes", who, **fields)
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.headers["location"])


async def carry_out(desk: Desk, where: str, who: str = "facilities") -> None:
    """Change them, however long that takes."""
    await desk.post(f"{where}/commit", who)
    await asyncio.gather(*claims._tasks.value)


async def test_all_of_a_filter_are_changed_not_only_those_of_the_page(desk: Desk) -> None:
    await chairs(60, category="biuro")
    await make.make_asset(name="Lampa")
    page = (await desk.get("/assets?category=biuro", "facilities")).text
    assert "all 60 of this filter" in page
    assert 'value="correct"' in page
    back = "/assets?category=biuro&sort=-number"
    chosen = f"/assets/chosen?act=correct&whole=1&back={back.replace('?', '%3F').replace('&', '%26')}"
    answer = await desk.get(chosen, "facilities")
    where = answer.headers["location"]
    assert where == "/assets/changes/new?act=correct&whole=1&category=biuro&sort=-number"
    assert "Which field is to be corrected" in await desk.read(where, "facilities")
    page = (await desk.get(f"{where}&column=category", "facilities")).text
    form = re.search(r'name="list" value="([^"]+)"', page)
    assert form
    where = await look(desk, act="correct", column="category", list=form[1].replace("&amp;", "&"), value="meble")
    text = await desk.read(where, "facilities")
    assert "Change 60 pieces" in text
    assert "biuro → meble" in text
    assert await Asset.filter(category="meble").count() == 0
    await carry_out(desk, where, "facilities")
    text = await desk.read(where, "facilities")
    assert "60 pieces were changed." in text
    assert await Asset.filter(category="meble").count() == 60
    assert f'href="{back.replace("&sort=-number", "")}"' in (await desk.get(where, "facilities")).text
    assert f'href="/assets?bulk={where.rsplit("/", 1)[-1]}"' in (await desk.get(where, "facilities")).text
    assert "60 assets" in await desk.read(f"/assets?bulk={where.rsplit('/', 1)[-1]}", "facilities")


async def test_ticked_pieces_that_a_colleague_changed_are_left_alone(desk: Desk) -> None:
    one, two = await chairs(2)
    ids = f"id={one.id}&id={two.id}"
    answer = await desk.get(f"/assets/chosen?act=correct&{ids}", "facilities")
    assert answer.headers["location"] == f"/assets/changes/new?act=correct&{ids}"
    page = (await desk.get(f"/assets/changes/new?act=correct&column=category&{ids}", "facilities")).text
    looks = {name: re.findall(rf'name="{name}" value="(\d+)"', page) for name in ("id", "revision")}
    await desk.post(f"/assets/{two.id}/edit", "admin", field="category", value="inne", revision="1")
    where = await look(desk, act="correct", column="category", value="meble", **looks)
    text = await desk.read(f"{where}?show=refused", "facilities")
    assert "Refused 1" in text
    assert "Somebody changed this meanwhile" in text
    await carry_out(desk, where, "facilities")
    assert [one.category for one in await Asset.all().order_by("id")] == ["meble", "inne"]


async def test_a_whole_filter_is_moved_with_a_look_at_each(desk: Desk) -> None:
    await make.make_room(code="ZW-01")
    await chairs(2)
    where = "/assets/changes/new?act=move&whole=1&q=krzeslo"
    assert "Move 2 assets" in await desk.read(where, "facilities")
    answer = await desk.post("/assets/changes", "facilities", act="move", list="q=krzeslo", reason="remont")
    assert answer.status_code == 422
    assert "Choose a room." in answer.text
    assert "remont</textarea>" in answer.text
    preview = await look(desk, act="move", list="q=krzeslo", room="ZW-01", reason="remont")
    text = await desk.read(preview, "facilities")
    assert "nowhere → ZW-01" in text
    assert "Why: remont" in text
    answer = await desk.post(f"{preview}/discard", "facilities")
    assert answer.headers["location"] == "/assets?q=krzeslo"
    assert (await desk.get(preview, "facilities")).status_code == 404
    assert await Asset.filter(room_id__isnull=False).count() == 0


async def test_money_is_corrected_by_who_may_with_a_reason(desk: Desk) -> None:
    await Grant.create(code="G/1", name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)
    (chair,) = await chairs(1)
    page = await desk.read(f"/assets/changes/new?act=correct&id={chair.id}", "accountant")
    assert "Funding" in page
    assert "Category" not in page
    wish = {"act": "correct", "column": "shares", "list": "q=krzeslo", "grant": "G/1", "percent": "75"}
    answer = await desk.post("/assets/changes", "accountant", **wish)
    assert answer.status_code == 422
    assert "Say why" in answer.text
    where = await look(desk, "accountant", **wish, reason="umowa")
    assert "G/1 337.50" in await desk.read(where, "accountant")
    await carry_out(desk, where, "accountant")
    assert "1 piece was changed." in await desk.read(where, "accountant")
    answer = await desk.post("/assets/changes", "accountant", **wish | {"percent": "0", "reason": "x"})
    assert "Choose what pays" in answer.text
    where = await look(desk, "accountant", **wish | {"grant": "", "reason": "bez grantu"})
    assert "own funds 450.00" in (await desk.read(where, "accountant")).replace(" zł", "").replace("zł", "")
    answer = await desk.post(
        "/assets/changes", "facilities", act="correct", column="price", list="q=krzeslo", value="x"
    )
    assert answer.status_code == 422


async def test_those_of_a_filter_get_the_next_numbers(desk: Desk) -> None:
    one, _ = await chairs(2, inventory_no=None)
    await chairs(1, inventory_no="X/1")
    assert 'name="act" value="number"' in (await desk.get("/assets", "facilities")).text
    assert 'name="act" value="number"' not in (await desk.get("/assets", "accountant")).text
    answer = await desk.get(f"/assets/chosen?act=number&id={one.id}", "facilities")
    assert answer.headers["location"] == f"/assets/changes/new?act=number&id={one.id}"
    where = "/assets/changes/new?act=number&whole=1&q=krzeslo"
    assert 'href="/assets/numbering"' in (await desk.get(where, "facilities")).text, "first there must be a rule"
    for unit in ("KPUW", "ZAM"):
        await add_scheme(NewScheme(unit, "{unit}/{seq}", date(2022, 1, 1)), SYSTEM, make.NOW)
    page = await desk.read(where, "facilities")
    assert "Give 3 assets the next numbers" in page
    assert "the next of ZAM" in page
    answer = await desk.post("/assets/changes", "facilities", act="number", list="q=krzeslo")
    assert answer.status_code == 422
    assert "Choose whose next numbers they get." in answer.text
    answer = await desk.post("/assets/changes", "facilities", act="number", list="q=krzeslo", unit="XX")
    assert answer.status_code == 409
    assert "XX has no rule for numbers" in answer.text
    where = await look(desk, act="number", list="q=krzeslo&sort=-name", unit="ZAM")
    text = await desk.read(where, "facilities")
    assert "Give 3 assets the next numbers: ZAM" in text
    assert "The first number is ZAM/1, if nobody is quicker." in text
    assert "Change 2 pieces" in text
    assert "they have a number" in text
    assert "nothing → ZAM/1" in text
    await carry_out(desk, where)
    text = await desk.read(where, "facilities")
    assert "2 pieces were changed. The first number is ZAM/1." in text
    assert [piece.inventory_no for piece in await Asset.all().order_by("id")] == ["ZAM/2", "ZAM/1", "X/1"]


async def test_a_filter_that_finds_nothing_leads_back_to_the_list(desk: Desk) -> None:
    answer = await desk.get("/assets/changes/new?act=move&whole=1&q=nic", "facilities")
    assert answer.headers["location"] == "/assets?q=nic"


async def test_who_may_not_cannot(desk: Desk) -> None:
    (chair,) = await chairs(1)
    for who, query, status in (
        ("member", "act=move", 403), ("member", "act=correct", 403), ("accountant", "act=number", 403),
        ("accountant", "act=correct&column=category", 403),
        ("auditor", "act=correct", 403), ("facilities", "act=fly", 404),
        ("facilities", "act=correct&column=serial_no", 404),
    ):  # fmt: skip
        assert (await desk.get(f"/assets/changes/new?{query}&id={chair.id}", who)).status_code == status, (who, query)
    answer = await desk.post("/assets/changes", "member", act="move", list="", id=str(chair.id), room="X")
    assert answer.status_code == 403
    bare = await desk.post("/assets/changes", "facilities", act="correct", list="", id=str(chair.id))
    assert bare.status_code == 404
    where = await look(desk, act="correct", column="category", list="q=krzeslo", value="meble")
    for who in ("admin", "member"):
        assert (await desk.get(where, who)).status_code == 404
        assert (await desk.post(f"{where}/commit", who)).status_code == 404
    assert "pickable" not in (await desk.get("/assets", "auditor")).text
    assert 'value="move"' not in (await desk.get("/assets", "accountant")).text
    assert 'value="correct"' in (await desk.get("/assets", "accountant")).text


async def test_the_same_form_sent_twice_looks_once_and_a_faulty_one_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chairs(2)
    wish = {"act": "correct", "column": "note", "list": "q=krzeslo", "value": "sprawdzone", "key": "a"}
    assert await look(desk, **wish) == await look(desk, **wish)
    assert await BulkChange.all().count() == 1
    monkeypatch.setattr(bulk_actions, "MOST", 1)
    answer = await desk.post("/assets/changes", "facilities", **wish | {"key": "b"})
    assert answer.status_code == 422
    assert "Narrow the filter" in answer.text
    assert "sprawdzone</textarea>" in answer.text


async def test_what_is_being_carried_out_tells_how_far_it_came(desk: Desk) -> None:
    await chairs(2)
    where = await look(desk, act="correct", column="category", list="q=krzeslo", value="meble")
    number = where.rsplit("/", 1)[-1]
    await BulkChange.filter(id=number).update(
        state=BulkState.WRITING, finished=1, claimed_at=make.NOW.replace(year=2099)
    )
    assert "1 of 2" in text_of((await desk.get(where, "facilities")).text)
    assert "1 of 2" in (await desk.get(f"{where}/progress", "facilities")).text
    refused = await desk.post(f"{where}/commit", "facilities")
    assert refused.status_code == 409
    assert "carried out already" in refused.text
    await BulkChange.filter(id=number).update(state=BulkState.WRITTEN)
    assert (await desk.get(f"{where}/progress", "facilities")).headers["hx-redirect"] == where


async def test_labels_of_all_of_a_filter(desk: Desk) -> None:
    one, two = await chairs(2)
    answer = await desk.get("/assets/chosen?act=label&whole=1&back=/assets?q=krzeslo", "facilities")
    assert answer.headers["location"] == f"/labels?ids={one.id}%2C{two.id}"


async def test_a_preview_asks_as_often_for_thirty_pieces_as_for_three(desk: Desk, statements: Statements) -> None:
    await make.make_room(code="ZW-01")
    for many in (3, 27):
        await chairs(many)
        where = await look(desk, act="move", list="q=krzeslo", room="ZW-01")
        await desk.get(where, "facilities")
        with statements.at_most(8):
            await desk.get(where, "facilities")


async def test_prices_are_not_told_to_who_does_not_count_money(desk: Desk) -> None:
    await chairs(1, price=Decimal("77.77"))
    page = await desk.read("/assets/changes/new?act=correct&whole=1&q=krzeslo", "accountant")
    assert "77.77" in page
