"""What a stranger sees of a label, and what becomes of what they say."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from registry.assets import tags
from registry.assets.models import Asset, Condition, Tag
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.transaction import reading_from
from registry.faults import finds
from registry.faults.actions import NewReport, act_on, report
from registry.faults.models import Fault, FaultAct, FaultEntry, FaultState
from registry.scans.models import Scan
from registry.scans.phrases import LANGUAGES, finder_phrases
from tests.conftest import Database
from tests.make import make_asset, make_room
from tests.statements import Statements
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.kit.options import DataProtection, Declaration

pytestmark = pytest.mark.anyio
CODE, OTHER = (tags.new_code(number.to_bytes(tags.RANDOM_BYTES, "big")) for number in (51, 52))
WORDS = "na ławce przystanku, KANAREK"


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    declaration = Declaration(
        entity="Urząd", contact_phone="52 000 00 00", contact_email="a@urzad.example", address="ul. X"
    )
    options = SiteOptions("k" * 40, tmp_path, language="en", declaration=declaration, data_protection=DataProtection())
    return await Desk(create_site(options)).open()


def stranger(desk: Desk) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url="http://test", follow_redirects=True)


async def say(client: httpx.AsyncClient, words: str, code: str = CODE) -> httpx.Response:
    page = await client.get(f"/t/{code}")
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert token
    return await client.post(f"/t/{code}/found?lang=pl", data={"csrf": token[1], "words": words})


async def labelled(**columns: Any) -> Asset:
    room = await make_room(code="TAJNY-7", name="Sejf")
    asset: Asset = await make_asset(name="Laptop służbowy", inventory_no="INW-77", room=room, **columns)
    await Tag.create(code=CODE, asset=asset, created_at=datetime.now(UTC))
    return asset


def test_every_phrase_stands_in_every_language() -> None:
    for language in LANGUAGES:
        assert all(text.strip() for text in finder_phrases(language).values())
        assert "{days}" in finder_phrases(language)["help"]


async def test_a_stranger_sees_only_how_to_give_it_back(desk: Desk) -> None:
    await labelled()
    async with stranger(desk) as client:
        pages = {code: (await client.get(f"/t/{code}")).text.replace(code, "#") for code in (CODE, OTHER)}
        for secret in ("Laptop", "INW-77", "TAJNY-7", "Sejf"):
            assert secret not in pages[CODE]
        tokens = re.compile(r'(content|value)="[^"]{20,}"')
        assert tokens.sub("", pages[CODE]) == tokens.sub("", pages[OTHER]), "it does not tell what is in the register"
        assert "52 000 00 00" in pages[CODE]
        for language in LANGUAGES:
            assert finder_phrases(language)["title"] in (await client.get(f"/t/{CODE}?lang={language}")).text
        ukrainian = await client.get(f"/t/{CODE}", headers={"accept-language": "uk-UA,uk;q=0.9"})
        assert finder_phrases("uk")["title"] in ukrainian.text
        wrong = await client.get("/t/AAAAAAA")
        assert wrong.status_code == 404
        assert "textarea" not in wrong.text
    assert await Scan.all().count() == 0


async def test_what_a_stranger_says_is_a_fault_that_few_read_and_that_breaks_nothing(desk: Desk) -> None:
    asset = await labelled()
    async with stranger(desk) as client:
        assert finder_phrases("pl")["thanks"] in (await say(client, WORDS)).text
        assert finder_phrases("pl")["thanks"] in (await say(client, f"dalej {WORDS}")).text
        empty = await say(client, "  ")
        assert finder_phrases("pl")["empty"] in empty.text
        assert finder_phrases("pl")["thanks"] in (await say(client, WORDS, OTHER)).text
        assert (await client.post("/t/AAAAAAA/found", data={"words": "x"})).status_code == 403
        assert (await client.post(f"/t/{CODE}/found", data={"words": "x"})).status_code == 403
    fault, blank = await Fault.all().order_by("id")
    assert (fault.kind, fault.asset_id, fault.reports, blank.asset_id) == ("found", asset.id, 2, None)
    assert (await Asset.get(id=asset.id)).condition is Condition.OK
    assert not any("KANAREK" in entry.reason + str(entry.after) for entry in await HistoryEntry.all())
    for who, reads in (("member", False), ("facilities", True), ("accountant", False)):
        page = (await desk.get(f"/faults/{fault.id}", who)).text + (await desk.get("/faults", who)).text
        page += (await desk.get(f"/assets/{asset.id}", who)).text
        assert ("KANAREK" in page) is reads, who
        assert ("Found by a stranger" in page or "by who found it" in page) is reads, who
    await desk.get(f"/faults/{blank.id}", "facilities")


async def test_words_of_strangers_are_limited_and_forgotten(desk: Desk) -> None:
    asset = await labelled()
    now = datetime.now(UTC)
    async with stranger(desk) as client:
        for number in range(finds.OF_ONE):
            await say(client, f"{WORDS} {number}")
        assert finder_phrases("pl")["busy"] in (await say(client, "jeszcze raz")).text
        for number in range(60, 60 + finds.OF_ALL - finds.OF_ONE):
            code = tags.new_code(number.to_bytes(tags.RANDOM_BYTES, "big"))
            await finds.report_find(code, "x", now, asset_id=None, room_id=None)
        assert finder_phrases("pl")["busy"] in (await say(client, "x", OTHER)).text
    assert await finds.forget_finds(now - timedelta(days=1)) == 0
    assert await finds.forget_finds(now + timedelta(days=1)) == finds.OF_ALL
    assert not await FaultEntry.exclude(text="").exists()
    assert not await Fault.exclude(text="").exists()
    assert await Asset.filter(id=asset.id).exists()


async def test_a_find_and_a_fault_of_one_thing_stay_apart(desk: Desk) -> None:
    asset = await labelled()
    now = datetime.now(UTC)
    found_fault = await finds.report_find(CODE, "x", now, asset_id=asset.id, room_id=None)
    filed = await report(NewReport(asset_id=asset.id, text="nie działa"), SYSTEM, now)
    assert filed.fault.id != found_fault.id
    await act_on(FaultAct.RESOLVE, found_fault.id, "", SYSTEM, now)
    assert (await Asset.get(id=asset.id)).condition is Condition.FAULTY
    await act_on(FaultAct.REOPEN, found_fault.id, "", SYSTEM, now)
    await act_on(FaultAct.RESOLVE, filed.fault.id, "", SYSTEM, now)
    assert (await Asset.get(id=asset.id)).condition is Condition.OK
    assert (await Fault.get(id=found_fault.id)).state is FaultState.OPEN


async def test_whoever_may_change_it_has_the_likeliest_act_first(desk: Desk) -> None:
    asset = await labelled()
    here = await make_room(code="ZW-01")
    assert "Move it here" not in (await desk.get(f"/t/{CODE}", "facilities")).text
    await desk.get("/scan?code=ZW-01", "facilities")
    page = (await desk.get(f"/t/{CODE}", "facilities")).text
    assert "Move it here, to ZW-01" in page
    await desk.post(f"/assets/{asset.id}/move", "facilities", room="ZW-01", revision="1")
    assert (await Asset.get(id=asset.id)).room_id == here.id
    assert "Move it here" not in (await desk.get(f"/t/{CODE}", "facilities")).text
    assert (await desk.post(f"/t/{CODE}/lost", "member")).status_code == 403
    assert (await desk.post(f"/t/{CODE}/lost", "facilities")).headers["location"] == f"/t/{CODE}"
    assert "damaged or gone" in (await desk.get(f"/t/{CODE}", "facilities")).text


@pytest.mark.databases("sqlite")
async def test_what_strangers_said_is_found_by_indexes(database: Database, statements: Statements) -> None:
    """Neither a stranger's words nor the hour in which old ones go reads all faults that there ever were."""
    moment = datetime(2026, 11, 26, 9, tzinfo=UTC)
    await finds.report_find(CODE, "x", moment, asset_id=None, room_id=None)
    await finds.forget_finds(moment)
    texts = [one.text for one in statements if "fault" in one.text and "history_entry" not in one.text]
    connection = reading_from()
    for text in texts:
        if text.startswith(("SELECT", "UPDATE")):
            plan = await connection.execute_query_dict(f"EXPLAIN QUERY PLAN {text}", ["x"] * text.count("?"))
            assert all("SCAN fault" not in row["detail"] for row in plan), (text, plan)
