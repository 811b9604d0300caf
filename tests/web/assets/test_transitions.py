"""The table of transitions as programs and pages see it: one table, many assets in one act."""

import re
from pathlib import Path
from typing import Any

import pytest

from registry.assets.actions import WEIGHTY
from registry.assets.models import Asset, Condition, Lifecycle
from registry.assets.transitions import TRANSITIONS
from registry.documents.models import Document
from tests.conftest import Database
from tests.make import make_asset
from tests.web.conftest import Office
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.assets.correction_pages import FIELDS
from web.assets.words import ACTION_WORDS, CHOSEN_AS_NOBODY, OFFERED_TO_MANY, TRANSITION_WORDS
from web.kit.i18n import translate

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
LEAVING = {"accept", "withdraw", "transfer", "donate", "sell", "liquidate"}


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def test_every_transition_has_its_words() -> None:
    assert TRANSITION_WORDS.keys() == TRANSITIONS.keys()
    assert {transition.entry for transition in TRANSITIONS.values()} <= ACTION_WORDS.keys()
    assert OFFERED_TO_MANY.keys() == TRANSITIONS.keys() - {*CHOSEN_AS_NOBODY.values(), "restore"}
    say = translate("pl")
    for words in TRANSITION_WORDS.values():
        for text in (words.act, words.send, words.of_many, words.toast, words.reason):
            assert say(text) != text


# programs


async def test_the_table_is_told(office: Office) -> None:
    table = (await office.get("/transitions", "duty")).json()
    rows = {row["name"]: row for row in table["items"]}
    assert list(rows) == list(TRANSITIONS)
    assert (table["total"], table["next"]) == (len(TRANSITIONS), None)
    assert rows["mend"] == {
        "name": "mend",
        "from": {
            "lifecycle": ["disposed", "handed_over", "in_store", "in_use", "ordered", "retired"],
            "condition": ["faulty", "in_repair"],
        },
        "to": {"lifecycle": None, "condition": "ok"},
        "may": ["admin", "facilities"],
        "asks": [{"field": "reason", "required": False}],
        "document": None,
        "ends_possession": False,
        "room": "readiness",
    }
    assert "auditor" not in rows["report_fault"]["may"]
    assert rows["assign"]["asks"][0] == {"field": "custodian", "required": True}
    assert (await office.get("/transitions", None)).status_code == 401


async def test_many_are_moved_in_one_act(office: Office) -> None:
    ids = [(await make_asset(room=office.rooms["M-1"])).id for _ in range(3)]
    answer = await office.post("/transitions/move", {"ids": ids, "room": "M-2", "reason": "training"}, "facilities")
    assert answer.json() == {"document": (await Document.get()).number, "done": ids, "refused": []}
    assert await Asset.filter(room_id=office.rooms["M-2"].id).count() == 3


async def test_one_that_is_refused_refuses_all(office: Office) -> None:
    asset = await make_asset(room=office.rooms["M-1"])
    body = {"ids": [asset.id, 999_999], "room": "M-2"}
    answer = await office.post("/transitions/move", body, "facilities")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "asset.refused")
    assert problem["refused"] == [{"id": 999_999, "code": "asset.unknown", "detail": "There is no such asset."}]
    polish = await office.post("/transitions/move", body, "facilities", headers={"accept-language": "pl"})
    assert polish.json()["refused"][0]["detail"] == translate("pl")("There is no such asset.")
    assert (await Asset.get(id=asset.id)).room_id == office.rooms["M-1"].id


@pytest.mark.parametrize(
    ("name", "body", "who", "status"),
    [
        ("move", {"ids": [], "room": "M-2"}, "facilities", 422),
        ("move", {"room": "M-2"}, "facilities", 422),
        ("move", {"ids": [0], "room": "M-2"}, "facilities", 422),
        ("move", {"ids": list(range(1, 1002)), "room": "M-2"}, "facilities", 422),
        ("move", {"ids": [1], "room": "NO"}, "facilities", 404),
        ("move", {"ids": [1], "room": "M-2", "reason": "a\x00"}, "facilities", 422),
        ("move", {"ids": [1], "room": "M-2", "colour": "red"}, "facilities", 422),
        ("assign", {"ids": [1]}, "facilities", 422),
        ("assign", {"ids": [1], "custodian": "nobody"}, "facilities", 404),
        ("fly", {"ids": [1]}, "facilities", 404),
        ("move", {"ids": [1], "room": "M-2"}, "alice", 403),
        ("report_fault", {"ids": [1]}, "auditor", 403),
    ],
)
async def test_what_many_cannot_be_asked(office: Office, name: str, body: Any, who: str, status: int) -> None:
    answer = await office.post(f"/transitions/{name}", body, who)
    assert answer.status_code == status, answer.text
    assert "code" in answer.json()


# pages


async def test_many_are_entrusted_to_whom_was_chosen(desk: Desk) -> None:
    bob = desk.people["bob"]
    one, two = await make_asset(custodian=bob), await make_asset(custodian=bob, name="Stół")
    ids = [str(one.id), str(two.id)]
    page = await desk.get(f"/assets/chosen?act=assign&id={one.id}&id={two.id}", "facilities")
    assert "Entrust 2 assets" in page.text
    assert '<select id="f-custodian" name="custodian" required' in page.text
    empty = await desk.post("/assets/chosen", "facilities", act="assign", custodian="", reason="new", id=ids)
    assert empty.status_code == 409
    assert "new</textarea>" in empty.text
    assert await Asset.filter(custodian_id=bob.id).count() == 2
    answer = await desk.post("/assets/chosen", "facilities", act="assign", custodian="alice", id=ids)
    assert answer.headers["location"] == f"/assets?done=2&paper={(await Document.get()).id}"
    assert await Asset.filter(custodian_id=desk.people["alice"].id).count() == 2


async def test_a_thing_that_somebody_changed_meanwhile_stops_all_and_is_named(desk: Desk) -> None:
    one, two = await make_asset(), await make_asset(name="Stół")
    await Asset.filter(id=two.id).update(revision=2)
    answer = await desk.post(
        "/assets/chosen", "facilities", act="send_to_repair", id=[str(one.id), str(two.id)], revision=["1", "1"]
    )
    assert answer.status_code == 409
    assert f"{two.inventory_no}: Somebody changed this meanwhile." in answer.text
    assert f"{one.inventory_no}:" not in answer.text
    assert await Asset.filter(condition=Condition.OK).count() == 2


async def test_a_page_offers_what_the_state_and_the_role_allow(desk: Desk) -> None:
    asset = await make_asset(condition=Condition.IN_REPAIR, custodian=desk.people["bob"])
    acts = {"accept", "mend", "move", "assign", "tag", "withdraw", "transfer", "donate", "sell", "liquidate"}
    page = (await desk.get(f"/assets/{asset.id}", "facilities")).text
    assert {act for act in [*TRANSITIONS, "tag"] if f'action="/assets/{asset.id}/{act}"' in page} == acts
    assert f'action="/assets/{asset.id}/' not in (await desk.get(f"/assets/{asset.id}", "member")).text
    await Asset.filter(id=asset.id).update(condition=Condition.OK)
    member = (await desk.get(f"/assets/{asset.id}", "member")).text
    assert member.count(f'action="/assets/{asset.id}/') == 1
    assert '<details name="act" class="main">' in member
    assert "act-list" not in member
    nobody = await desk.post(f"/assets/{asset.id}/assign", "facilities", custodian="")
    assert nobody.status_code == 303
    assert (await Asset.get(id=asset.id)).custodian_id is None


async def test_a_piece_entered_by_mistake_is_withdrawn_with_a_reason_and_taken_back(desk: Desk) -> None:
    asset = await make_asset(inventory_no="A/1", name="Lampa")
    page = f"/assets/{asset.id}"
    refusal = await desk.post(f"{page}/withdraw", "facilities", reason="")
    assert refusal.status_code == 422
    assert (await desk.post(f"{page}/withdraw", "member", reason="dubel")).status_code == 403
    answer = await desk.post(f"{page}/withdraw", "facilities", reason="dubel")
    assert answer.headers["location"] == f"{page}?done=withdraw"
    text = (await desk.get(page, "facilities")).text
    assert "Withdrawn: entered by mistake" in text
    assert "dubel" in text
    assert re.findall(rf'action="{page}/(\w+)"', text) == ["restore", "files", "files"]
    assert f"{page}/edit" not in text
    assert "Lampa" not in (await desk.get("/assets", "facilities")).text
    assert "withdrawn" in (await desk.get("/assets?q=A/1", "facilities")).text
    assert "A/1 · withdrawn" in (await desk.get("/api/v1/search?q=A/1", "facilities")).text
    await desk.post(f"{page}/restore", "facilities", reason="jednak jest")
    assert (await Asset.get(id=asset.id)).lifecycle is Lifecycle.IN_USE


async def test_the_likeliest_act_stands_first_and_the_rest_behind_one_word(desk: Desk) -> None:
    order = {
        Condition.OK: (["move", "report_fault"], {"lend", "send_to_repair", "assign", "tag", *LEAVING}),
        Condition.FAULTY: (["send_to_repair", "mend", "move"], {"assign", "tag", *LEAVING}),
        Condition.IN_REPAIR: (["mend", "move"], {"assign", "tag", *LEAVING}),
    }
    asset = await make_asset()
    for condition, (near, rest) in order.items():
        await Asset.filter(id=asset.id).update(condition=condition)
        row, _, further = (await desk.get(f"/assets/{asset.id}", "facilities")).text.partition('class="act-list"')
        assert re.findall(rf'action="/assets/{asset.id}/(\w+)"', row) == near
        assert set(re.findall(rf'action="/assets/{asset.id}/(\w+)"', further)) - {"files"} == rest
        assert row.count('class="main"') == 1
    pencils = re.findall(r"edit\?field=(\w+)", (await desk.get(f"/assets/{asset.id}", "facilities")).text)
    assert sorted(pencils) == sorted(set(FIELDS))
    accountant = re.findall(r"edit\?field=(\w+)", (await desk.get(f"/assets/{asset.id}", "accountant")).text)
    assert set(accountant) == set(WEIGHTY)
