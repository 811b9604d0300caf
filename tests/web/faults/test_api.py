"""Faults for programs: reporting, joining, the acts, the filters, and who may read what."""

from datetime import UTC, datetime

import pytest

from registry.assets.models import Asset, Tag
from registry.core.history import Actor
from registry.faults.actions import NewReport, act_on, report
from registry.faults.models import Fault, FaultAct
from registry.people.models import Role
from tests.make import NOW, make_asset
from tests.web.conftest import Office
from tests.web.test_postgres_pages import CODE

pytestmark = pytest.mark.anyio
WORKING = ["alice", *(str(role) for role in Role if role not in (Role.MEMBER, Role.AUDITOR))]
SEES_ALL = {"duty", "coordinator", "facilities", "auditor", "admin"}


async def test_a_report_is_a_fault_and_the_same_again_joins_it(office: Office) -> None:
    first = await office.post("/faults", {"room": "M-1", "kind": "light", "text": "miga"})
    assert first.status_code == 201, first.text
    fault = first.json()
    assert (fault["number"], fault["state"], fault["reports"]) == (f"U/{fault['id']:05}", "open", 1)
    assert (fault["room"], fault["asset"], fault["kind"], fault["text"]) == ("M-1", None, "light", "miga")
    second = await office.post("/faults", {"room": "M-1", "kind": "light", "text": "zgasło"}, "bob")
    assert (second.status_code, second.json()["id"], second.json()["reports"]) == (200, fault["id"], 2)
    assert [line["text"] for line in second.json()["lines"]] == ["miga", "zgasło"]
    (item,) = (await office.get("/faults?room=M-1")).json()["items"]
    assert (item["id"], item["reports"], item["is_own"]) == (fault["id"], 2, True)


async def test_a_report_may_name_the_fault_that_it_is(office: Office) -> None:
    fault = (await office.post("/faults", {"room": "H-1", "text": "Cieknie"})).json()["id"]
    answer = await office.post("/faults", {"fault": fault, "text": "kapie"}, "alice")
    assert (answer.status_code, answer.json()["id"], answer.json()["reports"]) == (200, fault, 2)
    assert (await office.post("/faults", {"fault": fault, "text": "kapie"}, "bob")).status_code == 404
    assert (await office.post("/faults", {"fault": fault, "room": "M-1", "text": "x"})).status_code == 422
    assert (await Fault.get()).reports == 2


async def test_many_go_together_only_as_they_were_read(office: Office) -> None:
    one, two = [await make_asset() for _ in range(2)]
    await office.post(f"/assets/{one.id}/transitions/move", {"room": "M-2"}, "admin")
    body = {"ids": [one.id, two.id], "room": "M-1", "revisions": {str(one.id): 1, str(two.id): 1}}
    refused = (await office.post("/transitions/move", body, "facilities")).json()
    assert (refused["code"], [row["code"] for row in refused["refused"]]) == ("asset.refused", ["request.stale"])
    assert (await Asset.get(id=two.id)).room_id is None
    body["revisions"] = {str(one.id): 2, str(two.id): 1}
    assert (await office.post("/transitions/move", body, "facilities")).json()["done"] == [one.id, two.id]


async def test_programs_cannot_sort_by_what_they_may_not_see(office: Office) -> None:
    await make_asset(account="011")
    for who, status in (("alice", 403), ("duty", 403), ("accountant", 200)):
        for query in ("sort=-price", "sort=price", "grant=PL/1"):
            assert (await office.get(f"/assets?{query}", who)).status_code == status, (who, query)
        accounts = {item["account"] for item in (await office.get("/assets", who)).json()["items"]}
        assert (accounts == {None}) is (status == 403)


async def test_a_repeated_request_reports_once(office: Office) -> None:
    key = {"idempotency-key": "tap-1"}
    answers = [await office.post("/faults", {"room": "M-1", "text": "Cieknie"}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert (await Fault.get()).reports == 1


async def test_a_thing_and_its_tag_are_reported_alike(office: Office) -> None:
    asset = await make_asset(room=office.rooms["M-1"])
    await Tag.create(code=CODE, asset_id=asset.id, created_at=NOW)
    first = await office.post("/faults", {"asset": asset.id, "text": "nie włącza się"})
    second = await office.post("/faults", {"tag": CODE.lower(), "text": "iskrzy"}, "bob")
    third = await office.post(f"/assets/{asset.id}/transitions/report_fault", {"reason": "dymi"}, "duty")
    assert (first.status_code, second.status_code, third.status_code) == (201, 200, 200)
    assert (await Asset.get(id=asset.id)).condition == "faulty"
    (item,) = (await office.get(f"/faults?asset={asset.id}")).json()["items"]
    assert (item["id"], item["reports"], item["asset_name"]) == (first.json()["id"], 3, asset.name)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "request.missing_field"),
        ({"room": "M-1"}, 422, "fault.nothing_said"),
        ({"room": "M-1", "text": " \n "}, 422, "fault.nothing_said"),
        ({"room": "M-1", "asset": 1, "text": "x"}, 422, "request.bad_field"),
        ({"room": "M-1", "kind": "weather"}, 422, "fault.bad_kind"),
        ({"room": "NOWHERE", "kind": "light"}, 404, "room.unknown"),
        ({"asset": 2**31 - 1, "text": "x"}, 404, "asset.unknown"),
        ({"tag": CODE, "text": "x"}, 404, "tag.unknown"),
        ({"room": "M-1", "text": "x" * 2001}, 422, "request.bad_field"),
        ({"room": "M-1", "text": "x", "colour": "red"}, 422, "request.unknown_field"),
    ],
)
async def test_a_report_that_says_nothing_certain_is_refused(
    office: Office, body: dict[str, object], status: int, code: str
) -> None:
    answer = await office.post("/faults", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await Fault.all().count() == 0


async def test_who_sees_to_faults_takes_mends_and_reopens(office: Office) -> None:
    asset = await make_asset(room=office.rooms["M-1"])
    fault = (await office.post("/faults", {"asset": asset.id, "text": "dymi"})).json()["id"]
    by_clerk = (await office.post(f"/faults/{fault}/take", {"text": "jutro"}, "facilities")).json()
    assert (by_clerk["state"], by_clerk["owner"]) == ("taken", "facilities")
    (item,) = (await office.get("/faults?state=taken&owner=facilities")).json()["items"]
    assert item["id"] == fault
    assert (await office.post(f"/faults/{fault}/take", who="admin")).json()["code"] == "fault.state"
    stale = await office.post(f"/faults/{fault}/resolve", who="admin", headers={"if-match": '"1"'})
    assert stale.status_code == 412
    mended = (await office.post(f"/faults/{fault}/resolve", {"text": "nowy zasilacz"}, "facilities")).json()
    assert (mended["state"], mended["lines"][-1]["text"]) == ("resolved", "nowy zasilacz")
    assert mended["resolved_at"]
    assert (await Asset.get(id=asset.id)).condition == "ok"
    reopened = (await office.post(f"/faults/{fault}/reopen", {"text": "dymi dalej"}, "alice")).json()
    assert (reopened["state"], reopened["owner"], reopened["resolved_at"]) == ("open", None, None)
    assert (await Asset.get(id=asset.id)).condition == "faulty"
    assert (await office.get("/faults?state=resolved")).json()["total"] == 0


@pytest.mark.parametrize("act", ["take", "resolve", "reopen"])
async def test_the_acts_are_of_their_roles(office: Office, act: str) -> None:
    fault = (await office.post("/faults", {"room": "M-1", "text": "x"}, "alice")).json()["id"]
    for who in (*WORKING, "auditor", "bob"):
        answer = await office.post(f"/faults/{fault}/{act}", who=who)
        is_allowed = who in ("facilities", "admin") or (who == "alice" and act == "reopen")
        assert (answer.status_code == 403) is not is_allowed, (who, answer.text)
    assert (await office.post("/faults", {"room": "M-1", "text": "x"}, "auditor")).status_code == 403
    assert (await office.post("/faults/99/take", who="admin")).status_code == 404


@pytest.mark.parametrize("room", ["C-1", "H-1"])
async def test_out_of_a_shy_room_a_fault_is_known_to_who_sees_to_it_and_to_its_reporter(
    office: Office, room: str
) -> None:
    asset = await make_asset(room=office.rooms[room])
    fault = (await office.post("/faults", {"room": room, "kind": "light", "text": "KANAREK-1"}, "alice")).json()["id"]
    await office.post("/faults", {"room": room, "kind": "light", "text": "KANAREK-2"}, "bob")
    of_asset = (await office.post("/faults", {"asset": asset.id, "text": "KANAREK-3"}, "alice")).json()["id"]
    await report(NewReport(office.rooms[room].id, kind="cleaning"), Actor("door", "panel"), NOW)
    for who in (*office.people,):
        listed = (await office.get("/faults", who)).text
        pages = [listed, *[(await office.get(f"/faults/{one}", who)).text for one in (fault, of_asset)]]
        pages += [(await office.get(f"/history?object={thing}", who)).text for thing in (
            f"room:{room}", f"fault:{fault}", f"fault:{of_asset}", f"asset:{asset.id}",
        )]  # fmt: skip
        birds = {f"KANAREK-{number}" for number in (1, 2, 3) if any(f"KANAREK-{number}" in page for page in pages)}
        expected = {"KANAREK-1", "KANAREK-2", "KANAREK-3"} if who in SEES_ALL else set()
        expected |= {"alice": {"KANAREK-1", "KANAREK-3"}, "bob": {"KANAREK-2"}}.get(who, set())
        assert birds == expected, who
        assert ("Alice" in pages[1]) == (who in SEES_ALL | {"alice"}), who
    assert (await office.get(f"/faults/{fault}", "charlie")).status_code == 404
    assert (await office.get("/faults", "charlie")).json()["total"] == 0


async def test_a_reporter_in_a_shy_room_learns_no_time_of_anybody_else(office: Office) -> None:
    room, person = office.rooms["C-1"], office.people["alice"]
    times = [datetime(2026, 11, 26, 9, minute, 17, tzinfo=UTC) for minute in (1, 2, 3, 4)]
    actors = [Actor("door", "panel"), Actor(person.name, "web", person.id), Actor("door", "panel")]
    for at, actor in zip(times, actors, strict=False):
        fault = (await report(NewReport(room.id, kind="light"), actor, at)).fault
    clerk = office.people["facilities"]
    await act_on(FaultAct.TAKE, fault.id, "", Actor(clerk.name, "web", clerk.id), times[3])
    for path in ("/faults", f"/faults/{fault.id}"):
        text = (await office.get(path, "alice")).text
        assert ["09:01:17" in text, "09:03:17" in text] == [False, False], path
        assert "09:02:17" in text
        assert "09:01:17" in (await office.get(path, "facilities")).text
    assert (await office.get(f"/faults/{fault.id}", "alice")).json()["changed_at"] == "2026-11-26T09:04:17+00:00"


async def test_a_rooms_history_is_found_by_its_code(office: Office) -> None:
    await office.post("/faults", {"room": "M-1", "text": "Cieknie kaloryfer"})
    (entry,) = (await office.get("/history?object=room:M-1", "facilities")).json()["items"]
    assert (entry["action"], entry["reason"]) == ("fault_reported", "Cieknie kaloryfer")


async def test_a_fault_goes_with_its_thing_into_another_room(office: Office) -> None:
    asset = await make_asset(room=office.rooms["M-1"])
    await office.post("/faults", {"asset": asset.id, "text": "dymi"})
    await office.post(f"/assets/{asset.id}/transitions/move", {"room": "M-2"}, "facilities")
    assert (await office.get("/faults?room=M-1")).json()["total"] == 0
    (item,) = (await office.get("/faults?room=M-2")).json()["items"]
    assert item["room"] == "M-2"
